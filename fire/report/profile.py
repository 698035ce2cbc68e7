"""One place at a glance: all that its page shows, gathered from the index and the stored results of an edition.

A place of which too little is known (`known.ENOUGH` of the weight below the root) has its scores with their status
and range, and nothing that judges it: no strengths, obstacles, peers, rivals or targets.
"""

import numpy as np
import pandas as pd

from fire.analysis import coordination, targets, views
from fire.analysis import known as knowledge
from fire.errors import InputError
from fire.index import rounding
from fire.index.panel import STATUSES

SHOWN = 5  # lines of a list on a page
SURE = 0.95  # probability from which one unit is called ahead of another


def profiles(ed, known) -> dict[str, dict]:
    """Profiles of the regions, then of the cities, each in the order of their ranks: name → facts for its page.

    `known`: the stored results of the edition (`fire.results.of`); nothing costly is computed here.
    """
    cities = _cities(ed, known)
    regions = _regions(ed, known, cities)
    return dict(sorted(regions.items(), key=_by_rank)) | dict(sorted(cities.items(), key=_by_rank))


def city(ed, known, name: str) -> dict:
    """The profile of one city; InputError names what to type instead when it is not ranked."""
    views.known_unit(ed.index, name)
    return _cities(ed, known, [name])[name]


def _by_rank(item: tuple[str, dict]) -> tuple:
    return item[1]["rank"], item[0]


def _of(frame: pd.DataFrame, index, node: str | None = None) -> dict[str, pd.DataFrame]:
    """Rows of the year ranked (where years are told apart) and of one node by unit."""
    kept = frame[frame["year"].eq(index.year)] if "year" in frame else frame
    kept = kept if node is None else kept[kept["node"].eq(node)]
    return dict(list(kept.groupby("unit", observed=True)))


def _head(index, name: str, lines: pd.DataFrame) -> dict:
    """What cities and regions have in common: the line of the root, the lines of all nodes, how much is known."""
    lines = lines.set_index("node").reindex(index.spec.walk())
    total = lines.loc[index.spec.root]
    return {
        "name": name,
        "rank": int(total["rank"]),
        "score": total["score"],
        "total": {"node": index.spec.root, **total.to_dict()},
        "nodes": lines.rename_axis("node").reset_index().to_dict("records"),
        "shares": _shares(index, lines),
        "known_share": float(total["known_share"]),
        "told": bool(total["known_share"] >= knowledge.ENOUGH - 1e-9),
    }


def _shares(index, lines: pd.DataFrame) -> list[tuple]:
    """Share of the weight of the index by the status of its indicators' scores, from hard to soft."""
    weight = index.weight_in_index[index.spec.indicators].astype(float)
    shares = weight.groupby(lines["score_status"].reindex(weight.index)).sum()
    return [(status, float(shares[status])) for status in STATUSES if status in shares]


def _regions(ed, known, cities: dict) -> dict[str, dict]:
    """Facts of every region, with its members in order."""
    index, made = ed.index, {}
    growth = _member_growth(known, index)
    for name, lines in _of(known.means, index).items():
        members = [facts for facts in cities.values() if facts["region"] == name]
        root = lines.set_index("node").loc[index.spec.root]
        if members and pd.notna(root["rank"]):
            made[name] = _head(index, name, lines) | {
                "kind": "region",
                "region": name,
                "members": sorted(members, key=lambda facts: facts["rank"]),
                "member_growth": growth.loc[name].to_dict(),
            }
    return made


def _member_growth(known, index) -> pd.DataFrame:
    """Mean growth of the cities of every region: index region, columns growth, growth_status, growth_low, growth_high."""
    root = index.spec.root

    def means(frame: pd.DataFrame) -> pd.Series:
        now = frame[frame["year"].eq(index.year) & frame["node"].eq(root)]
        return now.groupby(now["unit"].map(index.groups))["growth_pct"].mean().astype(float)

    main = known.cities.frame
    now = main[main["year"].eq(index.year) & main["node"].eq(root)]
    soft = now["growth_pct_status"].isin(knowledge.SOFT).groupby(now["unit"].map(index.groups)).any()
    table = pd.DataFrame({"growth": means(main), "growth_status": np.where(soft, index.softness, "observed")})
    return table.join(_ends(known.cities.each, means, "growth"))


def _ends(each: list[pd.DataFrame], step, name: str, whole: bool = False) -> pd.DataFrame:
    """`<name>_low` and `<name>_high`: the 5th and the 95th percentile over the draws of what `step` finds."""
    found = pd.concat([step(one) for one in each], axis=1)
    ways = ("lower", "higher") if whole else ("linear", "linear")
    ends = [
        found.quantile(at, axis=1, interpolation=way)
        for at, way in zip((knowledge.LOW, knowledge.HIGH), ways, strict=True)
    ]
    return pd.concat(ends, axis=1, keys=[f"{name}_low", f"{name}_high"])


def _in_region(known, index, groups: pd.Series) -> pd.DataFrame:
    """Rank of every city among those of its region: index unit, columns rank, rank_status, rank_low, rank_high."""

    def ranks(frame: pd.DataFrame) -> pd.Series:
        now = frame[frame["year"].eq(index.year) & frame["node"].eq(index.spec.root)].dropna(subset="rank")
        parts = [
            pd.Series(rounding.ranks(part[["score"]].to_numpy(float))[:, 0], part["unit"].astype(str))
            for _, part in now.groupby(now["unit"].map(groups), observed=True)
        ]
        return pd.concat(parts).astype(float)

    now = known.cities.frame
    now = now[now["year"].eq(index.year) & now["node"].eq(index.spec.root)].set_index("unit")
    soft = now["score_status"].isin(knowledge.SOFT).groupby(now.index.map(groups)).any()
    table = ranks(known.cities.frame).to_frame("rank")
    kind = soft.reindex(groups.reindex(table.index)).to_numpy(bool)
    return table.assign(rank_status=np.where(kind, index.softness, "observed")).join(
        _ends(known.cities.each, ranks, "rank", whole=True)
    )


def _cities(ed, known, names: list | None = None) -> dict[str, dict]:
    """Facts of every city that is ranked (or of `names`)."""
    index, places = ed.index, ed.places().set_index("city")
    final = index.of().dropna(subset="rank").set_index("unit")
    lines = _of(known.scores, index)
    beside = _in_region(known, index, places["region"])
    made = {}
    for name in names or final.index:
        made[name] = _head(index, name, lines[name]) | {
            "kind": "city",
            "region": places.at[name, "region"],
            "province": places["province"].get(name) if "province" in places else None,
            "in_region": beside.loc[name].to_dict(),
        }
    told = {name: facts for name, facts in made.items() if facts["told"]}
    for name, facts in _judged(index, known, told, final).items():
        made[name] |= facts
    return made


def _judged(index, known, told: dict, final: pd.DataFrame) -> dict[str, dict]:
    """What is said of cities of which enough is known: their hard indicators at both ends, peers, obstacles, what moved
    them and past whom, what one more place would take."""
    if not told:
        return {}
    parts, passed = _of(known.attribution, index), _of(known.rivals, index)
    pairs, hindered = _of(known.pairs, index, index.spec.root), _of(_obstacles(index), index)
    made = {}
    for name, facts in told.items():
        hard = {line["node"] for line in facts["nodes"] if line["score_status"] not in knowledge.SOFT}
        sides = views.strengths(index, name, count=len(index.spec.indicators))
        sides = dict(list(sides[sides["node"].isin(hard)].groupby("side")))
        points = parts[name].groupby("indicator")["points"].sum() if name in parts else pd.Series(dtype=float)
        points = points.sort_values(key=abs, ascending=False)
        made[name] = {
            "peers": views.peers(index, name, count=SHOWN).to_dict("records"),
            **{side: _records(sides.get(side), SHOWN) for side in ("strength", "weakness")},
            "obstacles": _records(hindered.get(name), SHOWN, "share", hard),
            "points": points[points.abs() > 5e-7].head(SHOWN).to_dict(),
            "total_points": points.sum() if name in parts else None,
            "rivals": _records(passed[name][["rival", "places"]] if name in passed else None),
            "unsure": _unsure(pairs.get(name), final),
            "needed": _needed(index, name),
        }
    return made


def _records(
    frame: pd.DataFrame | None, count: int | None = None, largest: str = "", nodes=None
) -> list[dict]:
    """Rows of a frame: those of some `nodes`, the `count` first or largest; none without a frame."""
    if frame is None:
        return []
    frame = frame if nodes is None else frame[frame["node"].isin(nodes)]
    frame = frame.sort_values(largest, ascending=False, kind="stable") if largest else frame
    return frame.head(len(frame) if count is None else count).to_dict("records")


def _obstacles(index) -> pd.DataFrame:
    """Obstacles (`coordination.obstacle`) of the units whose indicators are all there; a score beyond the scale counts
    as its end."""
    table = index.wide()[index.spec.indicators].dropna()
    low, high = index.spec.method["scale"]
    scaled = coordination.rescale(table, low, high, rule="clip")
    return coordination.obstacle(scaled, index.weight_in_index[index.spec.indicators], index.pillar)


def _unsure(pairs: pd.DataFrame | None, final: pd.DataFrame) -> list[str]:
    """The others that a unit is neither surely ahead of nor surely behind, best first."""
    if pairs is None:
        return []
    others = set(pairs.loc[pairs["p_ahead"].between(1 - SURE, SURE, inclusive="neither"), "other"])
    return [other for other in final.sort_values("rank", kind="stable").index if other in others]


def _needed(index, name: str) -> list[dict] | None:
    """The smallest changes of one indicator that gain a place without passing the best of the year; None for the first,
    and where the index is no weighted mean."""
    try:
        changes = targets.single(index, name)
    except InputError:
        return None
    return _records(changes[~changes["beyond_best"]], SHOWN)
