"""Results as people want them: league table, strengths and weaknesses, peers, scenarios side by side, group ranks.

Every view takes an Index; the year is the one ranked unless given. What a frame rests on stands in its columns
`share_<status>`, or, where these are left out, in `attrs["status"]`.
"""

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index import rounding
from fire.index.panel import STATUSES
from fire.index.spec_faults import suggest

HARD = ("printed", "observed", "implied")


def _of_year(index, node: str | None = None, year: int | None = None) -> pd.DataFrame:
    """Scores of one node in one year, best first (as `Index.of`); InputError names what to type instead."""
    faults = [f"no year {year}: type one of {', '.join(map(str, index.years))}"]
    refuse("scores", faults if year is not None and year not in index.years else [])
    return index.of(node, year)


def known_unit(index, unit: str) -> str:
    """The unit itself; InputError with the nearest name when the index has no such unit."""
    if unit not in index.units:
        raise InputError("scores", [f"no unit '{unit}'" + suggest(unit, sorted(index.units))])
    return unit


def known_region(index, region: str) -> str:
    """The region itself; InputError with the nearest name when the index has no such region."""
    regions = list(dict.fromkeys(index.groups.loc[index.units]))
    if region not in regions:
        raise InputError("regions", [f"no region '{region}'" + suggest(region, regions)])
    return region


def members(index, region: str) -> list:
    """The units of a region, by their rank."""
    ranked = _of_year(index)["unit"]
    return list(ranked[ranked.map(index.groups).eq(region)])


def leaders(values: pd.Series, digits: int = 3, highest: bool = True) -> list:
    """Names (index) at the top of `values`; more than one when they tie at the digits shown, none without values."""
    shown = values.dropna().astype(float).round(digits)
    return list(shown.index[shown == (shown.max() if highest else shown.min())])


# Tables -------------------------------------------------------------------------------------------------------------


def league(
    index,
    node: str | None = None,
    year: int | None = None,
    top: int | None = None,
    intervals: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """League table of a node: rank, unit, region, score, growth_pct, rank_change, its children, share_<status>.

    `region` where the index has groups (under their name); rank_low, rank_high joined from `intervals` (unit, node,
    year) when given; `growth_pct` (per cent) and `rank_change` against the year before. `attrs["status"]`: statuses
    that the scores rest on.
    """
    now = _of_year(index, node, year)
    shares = [name for name in now if name.startswith("share_")]
    table = now[["rank", "unit", "score", "growth_pct", "rank_change", *shares]].copy()
    if index.groups is not None:
        table.insert(2, index.groups.name or "group", table["unit"].map(index.groups))
    if intervals is not None:
        table = _with_intervals(table.assign(node=now["node"], year=now["year"]), intervals)
        table = table.drop(columns=["node", "year"])
    children = index.spec.children(node or index.spec.root)
    if children:
        table = table.join(index.wide(year)[children], on="unit")
    table = table[[name for name in table if name not in shares] + shares]
    table.attrs["status"] = statuses(table)
    return table.head(top) if top else table


def _with_intervals(table: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    """The table (unit, year and, where the intervals have it, node) with rank_low and rank_high."""
    keys = [name for name in ("unit", "year", "node") if name in intervals]
    bounds = intervals[[*keys, "rank_low", "rank_high"]]
    table = table.drop(columns=["rank_low", "rank_high"], errors="ignore")
    return table.merge(bounds.astype({"unit": table["unit"].dtype}), on=keys, how="left")


def statuses(frame: pd.DataFrame) -> list[str]:
    """Statuses whose column `share_<status>` is above zero anywhere, from hard to soft."""
    return [name for name in STATUSES if f"share_{name}" in frame and frame[f"share_{name}"].gt(0).any()]


def condensed(table: pd.DataFrame) -> pd.DataFrame:
    """The columns `share_<status>` of a table in one: hard_pct, the per cent from public statistics and printed data."""
    shares = [name for name in table if name.startswith("share_")]
    hard = table[[f"share_{name}" for name in HARD if f"share_{name}" in table]].sum(axis=1)
    return table.drop(columns=shares).assign(hard_pct=100 * hard)


def both_years(
    scores: pd.DataFrame,
    year: int,
    before: int | None = None,
    intervals: pd.DataFrame | None = None,
    printed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Tidy scores of one year, the scores of both years beside each other in columns named by the years.

    `scores`: of units or regions. `before`: the year compared, None without one. rank_low, rank_high are joined from
    `intervals`, `printed` from a frame of printed scores (unit, year, node, printed).
    """
    kept = [one for one in (before, year) if one is not None]
    wide = scores[scores["year"].isin(kept)].pivot(index=["unit", "node"], columns="year", values="score")
    wide = wide.reindex(columns=kept).set_axis(kept, axis=1)
    now = scores[scores["year"].eq(year)].join(wide, on=["unit", "node"])
    if intervals is not None:
        now = _with_intervals(now, intervals)
    if printed is not None:
        now = now.join(printed.set_index(["unit", "year", "node"])["printed"], on=["unit", "year", "node"])
    return now


def placed(frame: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """The frame (unit) with region, lon and lat of each city, from the places of an edition."""
    return frame.join(places.set_index("city")[["region", "lon", "lat"]], on="unit")


def at(frame: pd.DataFrame, node: str) -> pd.DataFrame:
    """Rows of one node, best first."""
    return frame[frame["node"].eq(node)].sort_values(["rank", "unit"], ignore_index=True)


def by_region(table: pd.DataFrame, order) -> pd.DataFrame:
    """A league table by region: regions in the given order, the cities of each by rank, without the columns
    `rank_change` and `share_<status>`."""
    place = {region: row for row, region in enumerate(order)}
    table = table.assign(_place=table["region"].map(place)).sort_values(["_place", "rank", "unit"])
    left_out = {"region", "_place", "rank_change"} | {name for name in table if name.startswith("share_")}
    return table[["region", *(name for name in table if name not in left_out)]].reset_index(drop=True)


def status_shares(index, year: int | None = None) -> pd.DataFrame:
    """What the scores of the root and the pillars rest on: node, status, share_pct (mean over the units, per cent)."""
    nodes = [index.spec.root, *index.spec.pillars]
    rows = []
    for node in nodes:
        now = _of_year(index, node, year)
        rows += [
            {"node": node, "status": name, "share_pct": 100 * now[f"share_{name}"].mean()}
            for name in statuses(now)
        ]
    return pd.DataFrame(rows, columns=["node", "status", "share_pct"])


def to_compare(frame: pd.DataFrame, node: str, printed: pd.DataFrame, count: int = 4) -> list:
    """The cities to set side by side on a node: those whose score of it the report printed (`printed`: unit, node, …),
    when it printed several; else the `count` best among the first city of every region (column `region`)."""
    best = at(frame, node)
    told = printed.loc[printed["node"].eq(node) & printed["unit"].isin(best["unit"]), "unit"].unique()
    return list(told) if len(told) > 1 else list(best.drop_duplicates("region")["unit"][:count])


def chosen(frame: pd.DataFrame, units: list, nodes: list) -> pd.DataFrame:
    """Rows of some units and nodes, nodes and units in the order given."""
    table = frame[frame["unit"].isin(units) & frame["node"].isin(nodes)]
    keys = {"node": nodes, "unit": units}
    return table.sort_values(
        ["node", "unit"], key=lambda cells: cells.map(keys[cells.name].index), ignore_index=True
    )


def indicators_of(frame: pd.DataFrame, unit: str, nodes: list) -> pd.DataFrame:
    """Indicators of one unit beside all units: the unit's rows of the frame, with low, median, high (scores of all units)
    and median_growth (per cent)."""
    leaves = frame[frame["node"].isin(nodes)]
    groups = leaves.groupby("node", observed=True)
    field = groups["score"].agg(low="min", median="median", high="max")
    field["median_growth"] = groups["growth_pct"].median()
    return leaves[leaves["unit"].eq(unit)].join(field, on="node")


def fastest(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """The `count` indicators of a unit (`indicators_of`) that grew fastest, `median` being the growth of the median unit;
    none where growth is not known."""
    grown = table.assign(median=table["median_growth"]).dropna(subset="growth_pct")
    return grown.sort_values("growth_pct", ascending=False, kind="stable").head(count)


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Units × nodes of some rows of `both_years`, in their order: unit, each node with rank_<node>, of the first node
    rank_low, rank_high and growth_pct."""
    nodes, units = list(dict.fromkeys(table["node"])), list(dict.fromkeys(table["unit"]))
    wide = table.pivot(index="unit", columns="node", values=["score", "rank"]).loc[units]
    parts = [wide["score"][[node]].join(wide["rank"][node].rename(f"rank_{node}")) for node in nodes]
    first = table[table["node"].eq(nodes[0])].set_index("unit")
    ends = first[[name for name in ("rank_low", "rank_high", "growth_pct") if name in first]]
    found = pd.concat([*parts, ends], axis=1).rename_axis(columns=None).reset_index()
    found.attrs["status"] = statuses(table)
    return found


def system(index) -> pd.DataFrame:
    """The index system, one row an indicator: pillar, dimension (its parent), indicator, weight_in_index (per cent),
    measure_unit_zh, measure_unit_en, transform."""
    nodes = index.spec.nodes.loc[index.spec.indicators]
    return pd.DataFrame(
        {
            "pillar": index.pillar.loc[nodes.index],
            "dimension": nodes["parent"],
            "indicator": nodes.index,
            "weight_in_index": 100 * index.weight_in_index.loc[nodes.index],
            "measure_unit_zh": nodes["unit_zh"],
            "measure_unit_en": nodes["unit_en"],
            "transform": nodes["transform"],
        }
    ).reset_index(drop=True)


def roster(index, printed: bool = False) -> pd.DataFrame:
    """Cities of every region: region, cities, members_zh, members_en; with `printed` also cities_printed, how many of
    them the report lists in that region (column `region_basis` of the places)."""
    places = index.places[index.places["city"].isin(index.units)]
    groups = places.groupby("region", sort=False)
    table = groups.agg(
        cities=("city", "size"), members_zh=("city", "、".join), members_en=("city_en", ", ".join)
    )
    if printed:
        table.insert(1, "cities_printed", groups["region_basis"].agg(lambda basis: basis.eq("printed").sum()))
    table = table.reset_index()
    table.attrs["status"] = ["printed", "estimated"] if printed else ["assumed"]
    return table


# One unit -------------------------------------------------------------------------------------------------------------


def strengths(index, unit: str, year: int | None = None, count: int = 5) -> pd.DataFrame:
    """The indicators where a unit ranks best and worst: side (strength, weakness), node, rank, score, gap to the median."""
    year, spec = index.year if year is None else year, index.spec
    known_unit(index, unit)
    leaves = index.wide(year)[spec.indicators]
    own = pd.DataFrame(
        {"rank": index.wide(year, "rank").loc[unit, spec.indicators], "score": leaves.loc[unit]}
    )
    own = own.assign(gap=own["score"] - leaves.median()).dropna().rename_axis("node").reset_index()
    own = own.sort_values(["rank", "gap"], ascending=[True, False], ignore_index=True)
    count = min(count, len(own) // 2)
    table = pd.concat(
        [own.head(count).assign(side="strength"), own.tail(count)[::-1].assign(side="weakness")]
    )
    return table[["side", "node", "rank", "score", "gap"]].reset_index(drop=True)


def peers(index, unit: str, year: int | None = None, count: int = 5) -> pd.DataFrame:
    """The units nearest to `unit` in indicator space: unit, distance, rank, score.

    `distance`: root mean square difference of the indicator scores, over the indicators that both have.
    """
    table = index.wide(year)[index.spec.indicators]
    away = np.sqrt(((table - table.loc[known_unit(index, unit)]) ** 2).mean(axis=1)).drop(unit)
    near = away.sort_values(kind="stable").head(count).rename("distance").rename_axis("unit").reset_index()
    return near.merge(_of_year(index, year=year)[["unit", "rank", "score"]], on="unit")


# Several runs, groups -------------------------------------------------------------------------------------------------


def scenarios(runs: dict, node: str | None = None, year: int | None = None) -> pd.DataFrame:
    """Ranks of a node under several indices (`runs`: Index by name) side by side: index unit, a column a run, spread."""
    ranks = pd.DataFrame({name: _of_units(index, node, year)["rank"] for name, index in runs.items()})
    ranks["spread"] = ranks.max(axis=1) - ranks.min(axis=1)
    return ranks.sort_values(next(iter(runs)))


def moves(index, other, node: str | None = None, year: int | None = None) -> pd.DataFrame:
    """Units whose rank differs between two indices, the largest difference first: unit, rank_before, rank_after."""
    ranks = _of_units(index, node, year)[["rank"]].rename(columns={"rank": "rank_before"})
    ranks = ranks.join(_of_units(other, node, year)["rank"].rename("rank_after")).dropna().reset_index()
    ranks["far"] = (ranks["rank_before"] - ranks["rank_after"]).abs()
    ranks = ranks[ranks["far"].gt(0)].sort_values(["far", "rank_before"], ascending=[False, True])
    return ranks.drop(columns="far").reset_index(drop=True)


def agreement(
    runs: dict, node: str | None = None, year: int | None = None, method: str = "spearman"
) -> pd.DataFrame:
    """Correlations of the scores of a node between several indices (`runs`: Index by name)."""
    scores = {name: _of_units(index, node, year)["score"] for name, index in runs.items()}
    return pd.DataFrame(scores).corr(method=method)


def _of_units(index, node: str | None, year: int | None) -> pd.DataFrame:
    return _of_year(index, node, year).set_index("unit")


def group_ranks(
    index, node: str | None = None, year: int | None = None, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Ranks inside each group (`groups`: group by unit; default those of the index, such as regions).

    Columns group, unit, score, rank, group_rank, of (units in the group).
    """
    groups = index.groups if groups is None else groups
    table = (
        _of_units(index, node, year)[["score", "rank"]].join(groups.rename("group")).dropna(subset="group")
    )
    parts = [
        part.assign(group_rank=rounding.ranks(part[["score"]].to_numpy())[:, 0], of=len(part))
        for _, part in table.groupby("group", observed=True)
    ]
    table = pd.concat(parts).reset_index().astype({"group_rank": "Int64"})
    return table.sort_values(["group", "group_rank"], ignore_index=True)[
        ["group", "unit", "score", "rank", "group_rank", "of"]
    ]
