"""A region and its cities as far as they are known: where they stand, who leads, which of their values are more than ranges.

Frames are those of `views.both_years`; `known.lasting` tries who leads on every draw.
"""

from pathlib import Path

import pandas as pd

from fire import files
from fire.analysis import headlines, views
from fire.analysis.known import KEYS, SOFT

SHOWN = {"score": "score", "rank": "rank", "growth_pct": "growth"}  # measures, as sentences name them


def standing(frame: pd.DataFrame, unit: str, node: str) -> dict:
    """Where a unit (a city or a region) stands at a node: unit, node, all (how many are ranked), score, rank, growth (a
    range where no more is known, None without one) and their status (`score_status` …, "" of a range)."""
    now = frame[frame["node"].eq(node)]
    own, said = now[now["unit"].eq(unit)].iloc[0], {}
    for measure, name in SHOWN.items():
        said |= {name: _value(own, measure), f"{name}_status": _status(own, measure)}
    return {"unit": unit, "node": node, "all": now["unit"].nunique(), **said}


def _status(row: pd.Series, measure: str) -> str:
    status = row.get(f"{measure}_status")
    return "" if status in SOFT or pd.isna(status) else status


def _value(row: pd.Series, measure: str):
    """A value of a row; its range where that is all that is known."""
    if pd.isna(row[measure]):
        return None
    if row.get(f"{measure}_status") not in SOFT:
        return float(row[measure])
    low, high = (float(row.get(f"{measure}_{end}", row[measure])) for end in ("low", "high"))
    return {"centre": float(row[measure]), "low": low, "high": high}


def within(frame: pd.DataFrame, unit: str, members: list, root: str) -> dict:
    """Where a city stands among those of its region (`members`): place (None unless all their scores are known), members (how
    many), places (ranks that it gained since the year before; None where unknown), places_status."""
    now = views.at(frame, root)
    rows = headlines.told(now[now["unit"].isin(members)], "score")
    change = headlines.told(now[now["unit"].eq(unit)], "rank_change")
    order = rows["score"].rank(ascending=not views.highest_is_best(now), method="min")
    there = order[rows["unit"].eq(unit)] if len(rows) == len(members) else order.head(0)
    return {
        "place": int(there.iloc[0]) if len(there) else None,
        "members": len(members),
        "places": int(change["rank_change"].iloc[0]) if len(change) else None,
        "places_status": _status(change.iloc[0], "rank_change") if len(change) else "",
    }


def labelled(frame: pd.DataFrame, facts: Path | None) -> pd.DataFrame:
    """The frame without the values of which a report does not say clearly what they are of: those that `index_scores.csv` of
    its printed facts (column errata) ties to an entry of the kind `label` in `errata.csv`. All of it without such files."""
    paths = [] if facts is None else [facts / name for name in ("index_scores.csv", "errata.csv")]
    if not paths or not all(path.exists() for path in paths):
        return frame
    told, errata = (files.read_csv(path) for path in paths)
    if "errata" not in told:
        return frame
    doubted = told[told["errata"].isin(errata.loc[errata["kind"].eq("label"), "id"])]
    cells, keys = pd.MultiIndex.from_frame(frame[KEYS]), doubted.astype({"year": int})
    gone = {
        measure: frame[measure].mask(cells.isin(pd.MultiIndex.from_frame(rows[KEYS])))
        for measure, rows in keys.groupby("measure")
        if measure in frame
    }
    return frame.assign(**gone)


def extremes(frame: pd.DataFrame, unit: str, nodes: list) -> dict:
    """Ranks and growth of one city at `nodes` (its indicators) as far as they are known: ranked (how many), best, worst (node,
    rank: among all units, status; None with fewer than two), rise (node, value, status: what grew most; None where nothing is
    known to have grown), fall (what lost most; None without one)."""
    own = frame[frame["node"].isin(nodes) & frame["unit"].eq(unit)]
    ranked = headlines.told(own, "rank").sort_values("rank", kind="stable")
    grown = headlines.told(own, "growth_pct").sort_values("growth_pct", ascending=False, kind="stable")
    ends = [
        {"node": node, "rank": int(one["value"]), "status": one["status"]}
        for node, one in zip(ranked["node"], headlines.values(ranked, "rank"), strict=True)
    ]
    return {
        "ranked": len(ranked),
        "best": ends[0] if len(ends) > 1 else None,
        "worst": ends[-1] if len(ends) > 1 else None,
        "rise": _grown(grown[grown["growth_pct"].gt(0)].head(1)),
        "fall": _grown(grown[grown["growth_pct"].lt(0)].tail(1)),
    }


def _grown(rows: pd.DataFrame) -> dict | None:
    found = headlines.values(rows, "growth_pct")
    return {"node": rows["node"].iloc[0], **found[0]} if found else None


def table(frame: pd.DataFrame, unit: str, nodes: list) -> pd.DataFrame:
    """Score, rank and growth of one unit, a row a node, with what says how well they are known."""
    rows = frame[frame["unit"].eq(unit)].set_index("node").loc[nodes].reset_index()
    return rows[["node", *views.with_ends(rows, SHOWN)]]


def heads(frame: pd.DataFrame) -> list:
    """Which of the units leads at each node: [node, units that share the lead], nodes in the order of the frame."""
    return [[node, views.foremost(rows)] for node, rows in frame.groupby("node", sort=False, observed=True)]


def against(frame: pd.DataFrame, areas: pd.DataFrame, unit: str, region: str, spec) -> pd.DataFrame:
    """One unit against the mean of its region: the root, every pillar, and below each pillar what is known of the unit, the
    furthest ahead of the mean first. A node of which all children are shown is left out, and the only child of a pillar.

    Columns: node, score, rank (among all units), with what says how well they are known; mean: of the region (`areas`:
    its `both_years`), missing where it is not known or of one unit alone; known_pct: of the weight below the root and
    each pillar. `attrs`: region; known, unknown, among (indicators known of the unit, not known, all).
    """
    own = frame[frame["unit"].eq(unit)].dropna(subset="score").set_index("node")
    means = areas[areas["unit"].eq(region) & areas["cities"].gt(1)]
    mean = headlines.told(means, "score").set_index("node")["score"]
    firm = set(headlines.told(own, "score").index)
    gap, order = own["score"] - mean.reindex(own.index), [spec.root]
    for pillar in spec.pillars:
        below = [node for node in spec.branch(pillar).walk() if node != pillar and node in firm]
        below = [node for node in below if not spec.children(node) or set(spec.children(node)) - firm]
        below = [node for node in below if [node] != spec.children(pillar)]
        order += [pillar, *gap[below].sort_values(ascending=False, kind="stable").index]
    rows = own.reindex([node for node in order if node in own.index])
    share = (100 * rows["known_share"]).where(rows.index.isin([spec.root, *spec.pillars]))
    table = rows[views.with_ends(rows, ["score", "rank"])].assign(
        mean=mean.reindex(rows.index), known_pct=share
    )
    table = table.rename_axis("node").reset_index()
    known = len(firm & set(spec.indicators))
    among = len(spec.indicators)
    table.attrs = {"region": region, "known": known, "unknown": among - known, "among": among}
    return table


def compared(table: pd.DataFrame) -> dict:
    """Nodes of `against` in which the unit is ahead of the mean of its region and behind it, as far as both are known; known,
    unknown, among (indicators)."""
    firm = headlines.told(table, "score").set_index("node")
    gap = firm["score"] - firm["mean"]
    counts = {name: table.attrs[name] for name in ("known", "unknown", "among")}
    return {"ahead": list(gap.index[gap.gt(0)]), "behind": list(gap.index[gap.lt(0)])} | counts
