"""Results as people want them: league table, strengths and weaknesses, peers, scenarios side by side, group ranks.

Views take an Index, or its scores; the year is the one ranked unless given. Of stored scores (`fire.results`) every value
keeps its status and range: the columns `<column>_status`, `<column>_low`, `<column>_high` come along.
"""

import numpy as np
import pandas as pd

from fire.analysis.known import ENDS, MEASURES, SOFT, by
from fire.errors import InputError, refuse, suggest
from fire.index import rounding, weights
from fire.index.panel import STATUSES


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
    regions = list(dict.fromkeys(_groups(index).reindex(index.units).dropna()))
    if region not in regions:
        raise InputError("regions", [f"no region '{region}'" + suggest(region, regions)])
    return region


def _groups(index) -> pd.Series:
    """The group of each unit; InputError where the index has none."""
    missing = "the index has no groups: give it places with a region, or groups, as in Index(…, groups={'unit': 'group'})"
    refuse("groups", [missing] * (index.groups is None))
    return index.groups


def members(index, region: str) -> list:
    """The units of a region, by their rank."""
    groups = _groups(index)
    ranked = _of_year(index)["unit"]
    return list(ranked[ranked.map(groups).eq(region)])


def leaders(values: pd.Series, digits: int = 3, highest: bool = True) -> list:
    """Names (index) at the top of `values`; more than one when they tie at the digits shown, none without values."""
    numbers = np.round(values.to_numpy(float, na_value=np.nan), digits)
    if np.isnan(numbers).all():
        return []
    return list(values.index[numbers == (np.nanmax(numbers) if highest else np.nanmin(numbers))])


def highest_is_best(frame: pd.DataFrame) -> bool:
    """Does rank 1 go to the highest score of a frame of one node? (An index may rank the lowest first; a frame without
    ranks does not say.)"""
    if "rank" not in frame:
        return True
    score, rank = (frame[name].to_numpy(float, na_value=np.nan) for name in ("score", "rank"))
    both = ~(np.isnan(score) | np.isnan(rank))
    score, rank = score[both], rank[both]
    return not both.any() or not ((score - score.mean()) * (rank - rank.mean())).sum() > 0


def foremost(frame: pd.DataFrame, last: bool = False) -> list:
    """The units of a frame of one node with the best score, or with the worst (`last`); more than one when they tie."""
    scores = pd.Series(frame["score"].to_numpy(), frame["unit"].to_numpy())
    return leaders(scores, highest=highest_is_best(frame) != last)


def firsts(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the units with the best score of each node (`foremost`, of many nodes and draws at once)."""
    keys, score = by(frame, "node"), frame["score"].astype(float)
    signs = pd.Series(1, frame.index)
    if "rank" in frame:  # which falls where the score rises
        rank = frame["rank"].astype(float)
        both = frame[keys].assign(score=score.where(rank.notna()), rank=rank.where(score.notna()))
        apart = both[["score", "rank"]] - both.groupby(keys, observed=True)[["score", "rank"]].transform(
            "mean"
        )
        along = both.assign(along=apart.prod(axis=1, min_count=2)).groupby(keys, observed=True)["along"]
        signs = along.transform("sum").gt(0).map({True: -1, False: 1})
    seen = frame[keys].assign(score=signs * score.round(3))
    return frame[seen["score"].eq(seen.groupby(keys, observed=True)["score"].transform("max"))]


def distinct(nodes: list, taken: list) -> None:
    """InputError where the ids of some nodes, as headings of columns, cannot be told from other columns (`taken`) or from
    what stands beside a value (its status and range)."""
    ends = {f"{name}{end}": name for name in [*nodes, *taken] for end in ENDS}
    faults = [
        f"node '{node}' has the name of another column: rename the node" for node in nodes if node in taken
    ]
    faults += [
        f"node '{node}' has the name of what stands beside '{ends[node]}', its status or range: rename the node"
        for node in nodes
        if node in ends and node not in taken
    ]
    refuse("table", faults)


def weight_by_unit(index, node: str | None = None) -> pd.DataFrame:
    """Weight of every indicator below a node (default: the root) in that node, of each unit: units × indicators. Units differ
    where groups have weights of their own, or nodes do not exist for a group: these weigh nothing, and their siblings the
    more."""
    spec = index.spec if node is None else index.spec.branch(node)
    gone = {one: rule["not_applicable"] for one, rule in spec.rules.items() if rule["not_applicable"]}
    found = {}
    for group in dict.fromkeys(
        [None, *spec.group_weights, *(name for names in gone.values() for name in names)]
    ):
        used = index.weights[spec.nodes.index].copy()
        used.update(pd.Series(spec.group_weights.get(group, {}), dtype=float))
        away = [one for one, groups in gone.items() if group in groups]
        for one in away:
            family = (
                spec.children(spec.rules[one]["parent"]) if isinstance(spec.rules[one]["parent"], str) else []
            )
            used[one] = 0.0 if set(family) - set(away) else used[one]
        weight = weights.effective(spec, used)[spec.indicators]
        weight[[leaf for one in away for leaf in spec.leaves(one)]] = 0.0
        found[group] = weight
    groups = [None if index.groups is None else index.groups.get(unit) for unit in index.units]
    rows = [found.get(group, found[None]) for group in groups]
    return pd.DataFrame(rows, index=pd.Index(index.units, name="unit"))


def _places(index) -> pd.DataFrame:
    """The places of an index; InputError where it has none."""
    missing = (
        "the index has no places: give it a table with city, city_en and region, as in Index(…, places=…)"
    )
    refuse("places", [missing] * (index.places is None))
    return index.places


# Tables -------------------------------------------------------------------------------------------------------------


def league(
    index,
    node: str | None = None,
    year: int | None = None,
    top: int | None = None,
    scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """League table of a node: rank, unit, region, score, growth_pct, rank_change, its children.

    `scores`: stored ones (`fire.results`), default those of the index; their status and range come along, and
    interval_low, interval_high: over draws and method alternatives, of ranks that are known (that of the others is the
    range of the rank); known_pct: the per cent of the weight
    below the node whose indicators are known. `region` where the index has groups (under
    their name); growth_pct (per cent) and rank_change against the year before. `attrs["status"]`: statuses that the
    scores rest on.
    """
    now, year = _of_year(index, node, year), index.year if year is None else year
    node, attrs = node or index.spec.root, {"status": statuses(now)}
    children = index.spec.children(node)
    distinct(
        children, [*MEASURES, "unit", "known_pct", index.groups.name if index.groups is not None else "unit"]
    )
    if scores is not None:
        now = at(scores[scores["year"].eq(year)], node)
    table = now[["unit", *with_ends(now, MEASURES)]]
    if index.groups is not None:
        table.insert(1, index.groups.name or "group", table["unit"].map(index.groups))
    table = table[
        [*with_ends(table, ["rank"]), *table.columns.difference(with_ends(table, ["rank"]), sort=False)]
    ]
    below = index.scores() if scores is None else scores
    below = below[below["year"].eq(year)]
    for child in children:
        own = below[below["node"].eq(child)].set_index("unit")
        table = table.join(named(own, "score", child), on="unit")
    if scores is not None:
        table["known_pct"] = 100 * now["known_share"]
        for end in ("low", "high"):
            shown = now[f"rank_{end}"].mask(now["rank_status"].isin(SOFT))
            table.insert(table.columns.get_loc("unit"), f"interval_{end}", shown)
    table.attrs = attrs
    return table.head(top) if top else table


def with_ends(frame: pd.DataFrame, columns) -> list[str]:
    """Columns of a frame, each followed by those that say how well it is known, where the frame has them."""
    found = [(name, *(f"{name}{end}" for end in ENDS)) for name in columns]
    return [column for group in found for column in group if column in frame]


def named(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """A column under another name, with those that say how well it is known."""
    own = frame[with_ends(frame, [column])]
    return own.rename(columns={one: name + one.removeprefix(column) for one in own})


def statuses(frame: pd.DataFrame) -> list[str]:
    """Statuses whose column `share_<status>` is above zero anywhere, from hard to soft."""
    return [name for name in STATUSES if f"share_{name}" in frame and frame[f"share_{name}"].gt(0).any()]


def both_years(scores: pd.DataFrame, year: int, before: int | None = None) -> pd.DataFrame:
    """Tidy scores of one year, the scores of both years beside each other in columns named by the years; with their status
    and range where `scores` (of units or regions) have them. `before`: the year compared, None without one."""
    table, keys = scores[scores["year"].eq(year)], by(scores, "unit", "node")
    for one in (before, year):
        if one is not None:
            own = named(scores[scores["year"].eq(one)].set_index(keys), "score", str(one))
            table = table.join(own.rename(columns={str(one): one}), on=keys)
    return table


def placed(frame: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """The frame (unit) with region, lon and lat of each city, from the places of an edition."""
    return frame.join(places.set_index("city")[["region", "lon", "lat"]], on="unit")


def at(frame: pd.DataFrame, node: str) -> pd.DataFrame:
    """Rows of one node, best first."""
    own = frame[frame["node"].eq(node)]
    return own.sort_values(by(own, "rank", "unit"), ignore_index=True)


def best(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """The first rows of a frame in order of rank (`at`)."""
    return frame.head(count)


def by_region(table: pd.DataFrame, order) -> pd.DataFrame:
    """A league table by region: regions in the given order, the cities of each by rank, without rank_change and
    known_pct."""
    place = {region: row for row, region in enumerate(order)}
    table = table.assign(_place=table["region"].map(place)).sort_values(["_place", "rank", "unit"])
    left_out = {"region", "_place", "known_pct", *with_ends(table, ["rank_change"])}
    return table[["region", *(name for name in table if name not in left_out)]].reset_index(drop=True)


def known_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table in which some value is more than a range; `attrs["left_out"]`: how many are not."""
    marks = table[[name for name in table if str(name).endswith("_status")]]
    kept = table if marks.empty else table[(marks.notna() & ~marks.isin(SOFT)).any(axis=1)]
    kept = kept.reset_index(drop=True)
    kept.attrs = table.attrs | {"left_out": len(table) - len(kept)}
    return kept


def status_shares(scores: pd.DataFrame, index, year: int | None = None) -> pd.DataFrame:
    """What the root and the pillars rest on: node, status, share_pct: per cent of the weight of their indicators by the
    status of the indicator's score, mean over the units. `scores`: stored ones (`fire.results`)."""
    year, root = index.year if year is None else year, index.spec.root
    leaves = scores[scores["year"].eq(year) & scores["node"].isin(index.spec.indicators)]
    keys, rows = pd.MultiIndex.from_frame(leaves[["unit", "node"]].astype(str)), []
    for node in [root, *index.spec.pillars]:
        weight = weight_by_unit(index, None if node == root else node)
        own = leaves.assign(weight=weight.stack().reindex(keys).to_numpy())
        own = own[own["weight"].gt(0)]
        by_status = own.groupby("score_status")["weight"].sum() / own["weight"].sum()
        rows += [
            {"node": node, "status": name, "share_pct": 100 * by_status[name]}
            for name in STATUSES
            if name in by_status
        ]
    return pd.DataFrame(rows, columns=["node", "status", "share_pct"])


def coverage(scores: pd.DataFrame, index, year: int | None = None) -> pd.DataFrame:
    """Per cent of the weight that is known, in the root (known_pct) and each pillar (known_pct_<node>), and the units of
    which so much is known, the best known first: members_zh, members_en (of the places), cities (how many)."""
    nodes, year = [index.spec.root, *index.spec.pillars], index.year if year is None else year
    now = scores[scores["year"].eq(year) & scores["node"].isin(nodes)]
    wide = (100 * now.pivot(index="unit", columns="node", values="known_share")[nodes]).round(6)
    wide.columns = ["known_pct", *(f"known_pct_{node}" for node in index.spec.pillars)]
    english = _places(index).set_index("city")["city_en"]
    ranked = now[now["node"].eq(nodes[0])].sort_values("rank", kind="stable")["unit"]
    wide = wide.loc[ranked].assign(members_zh=list(ranked), members_en=english.reindex(ranked).to_numpy())
    groups = wide.groupby(list(wide.columns[: len(nodes)]), sort=False)
    table = groups.agg(
        cities=("members_zh", "size"),
        members_zh=("members_zh", "、".join),
        members_en=("members_en", ", ".join),
    )
    return table.reset_index().sort_values("known_pct", ascending=False, kind="stable", ignore_index=True)


def to_compare(frame: pd.DataFrame, node: str, count: int = 4) -> list:
    """The cities to set side by side on a node: those whose score of it was printed, when there are several; else the
    `count` best among the first city of every region (column `region`)."""
    best = at(frame, node)
    told = list(best.loc[best["score_status"].eq("printed"), "unit"]) if "score_status" in best else []
    return told if len(told) > 1 else list(best.drop_duplicates("region")["unit"][:count])


def chosen(frame: pd.DataFrame, units: list, nodes: list) -> pd.DataFrame:
    """Rows of some units and nodes, nodes and units in the order given."""
    table = frame[frame["unit"].isin(units) & frame["node"].isin(nodes)]
    order = {"node": nodes, "unit": units}
    return table.sort_values(
        by(table, "node", "unit"),
        key=lambda cells: cells.map(order[cells.name].index) if cells.name in order else cells,
        ignore_index=True,
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
    growth_pct; each with its status and range where the rows have them."""
    nodes = list(dict.fromkeys(table["node"]))
    distinct(nodes, ["unit", "growth_pct", *(f"rank_{node}" for node in nodes)])
    found = table[["unit"]].drop_duplicates(ignore_index=True)
    for node in nodes:
        own = table[table["node"].eq(node)].set_index("unit")
        heads = {"score": node, "rank": f"rank_{node}", "growth_pct": "growth_pct"}
        for column, head in heads.items():
            if column != "growth_pct" or node == nodes[0]:
                found = found.join(named(own, column, head), on="unit")
    found.attrs["status"] = statuses(table)
    return found


def system(index) -> pd.DataFrame:
    """The index system, one row an indicator: pillar (none for what stands beside the index), dimension (its parent),
    indicator, weight_in_index (per cent), measure_unit_zh, measure_unit_en, transform."""
    nodes = index.spec.nodes.loc[index.spec.indicators]
    return pd.DataFrame(
        {
            "pillar": index.pillar.reindex(nodes.index),
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
    places = _places(index)
    places = places[places["city"].isin(index.units)]
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
    own = own.sort_values(["rank", "gap"], ascending=[True, _low(index)], ignore_index=True)
    count = min(count, len(own) // 2)
    table = pd.concat(
        [own.head(count).assign(side="strength"), own.tail(count)[::-1].assign(side="weakness")]
    )
    return table[["side", "node", "rank", "score", "gap"]].reset_index(drop=True)


def _low(index) -> bool:
    """Is the lowest score the best?"""
    return index.spec.method["best"] == "low"


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
    groups, sign = _groups(index) if groups is None else groups, -1 if _low(index) else 1
    table = (
        _of_units(index, node, year)[["score", "rank"]].join(groups.rename("group")).dropna(subset="group")
    )
    parts = [
        part.assign(group_rank=rounding.ranks(sign * part[["score"]].to_numpy())[:, 0], of=len(part))
        for _, part in table.groupby("group", observed=True)
    ]
    table = pd.concat(parts).reset_index().astype({"group_rank": "Int64"})
    return table.sort_values(["group", "group_rank"], ignore_index=True)[
        ["group", "unit", "score", "rank", "group_rank", "of"]
    ]
