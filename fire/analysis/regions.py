"""Regions: means of their cities, inner structure, disparity between and within them, concentration.

means = regions.means(index)                       # a scores frame of the regions
regions.distribution(index)                        # mean, median and standard deviation of the cities of each
same = regions.balanced(index)                     # the cities that have every year, with their region
regions.differences(same, ["total"], orders)       # how far cities are apart, and how much of it lies between regions
regions.by_year(same, "total", regions.dagum)      # a measure of every year
"""

from collections.abc import Mapping, Sequence, Set, Sized

import numpy as np
import pandas as pd

from fire.analysis import describe
from fire.analysis.known import HIGH, KEYS, LOW, SOFT, Draws, by, ranged
from fire.analysis.views import named, with_ends
from fire.errors import InputError, refuse, suggest
from fire.index import arguments
from fire.index.rounding import ranks

MEANS = (
    "score = simple mean of the region's cities that have a score; growth_pct = growth of the regional mean; "
    "mean_city_growth_pct = mean of the cities' growth; neither is given when the cities differ between the years"
)
NULL = ["expected_pct", "chance_low_pct", "chance_high_pct", "p_value"]
SCORES = "index.scores()"  # where frames come from, in words to those who give others
BALANCED = "regions.balanced(index)"
ROWS = 2**19  # of scores that are averaged at once
INTENSIVE = ("%", "points", "index")  # units of values that cannot be added up over cities


# Cities and their regions


def with_region(scores: pd.DataFrame, places: pd.DataFrame | None, by: str = "region") -> pd.DataFrame:
    """`scores` with a column `region` looked up in `places` (column `city`, column `by`).

    Raises InputError naming every city that is not in `places`, has no region there, or appears there twice.
    """
    if places is None:
        raise InputError(
            "regions of cities", ["the index has no places: give it a frame with city and region"]
        )
    faults = describe.no_table(scores, ["unit"], SCORES)
    refuse("regions of cities", faults + describe.no_table(places, ["city", by], "index.places"))
    there = set(scores["unit"].unique())
    places = places[places["city"].isin(list(there))]
    region = places.drop_duplicates("city").set_index("city")[by]
    faults = [
        f"places: city '{city}' appears twice: keep one row"
        for city in places["city"][places["city"].duplicated()].unique()
    ]
    faults += [
        f"places: city '{city}' has no row: add it with its region"
        for city in sorted(there - set(region.index))
    ]
    faults += [
        f"places: city '{city}' has no region: fill column '{by}'" for city in region.index[region.isna()]
    ]
    refuse("regions of cities", faults)
    return scores.assign(region=scores["unit"].map(region))


def cities(scores: pd.DataFrame, places: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    """Scores of the cities at one node in one year, best first, with their `region`.

    Raises InputError for a node and a year that the scores do not have, and for a city without a region.
    """
    year = _held("cities", scores, [node], year, [*KEYS, "score", "rank"])
    now = scores[scores["node"].eq(node) & scores["year"].eq(year)].dropna(subset="score")
    order = by(now, "rank", "score")
    now = now.sort_values(order, ascending=[name != "score" for name in order], kind="stable")
    return with_region(now, places)


def _held(what: str, frame: pd.DataFrame, nodes: list, year, columns: list) -> int:
    """The year as a number; InputError unless a frame of scores has these columns, nodes and the year."""
    refuse(what, describe.no_table(frame, columns, SCORES))
    found, faults = arguments.of_year(year, sorted(map(int, frame["year"].unique())))
    faults += [] if faults or found is not None else ["year = None: type a whole number such as 2021"]
    held = frame["node"]
    known = list(held.cat.categories if isinstance(held.dtype, pd.CategoricalDtype) else held.unique())
    faults += [f"no node '{node}'" + suggest(node, known) for node in nodes if node not in known]
    faults += [] if nodes else ["no node given: name one"]
    if faults or found is None:
        raise InputError(what, faults)
    return found


def balanced(index) -> pd.DataFrame:
    """The balanced panel of an Index: see `steady`."""
    refuse("balanced panel", describe.no_index(index))
    return steady(index.scores(), index)


def steady(scores: pd.DataFrame, index) -> pd.DataFrame:
    """The balanced panel: `scores` (of an Index, or stored ones) of the cities that have every node in every year, with
    their `region`.

    Years: those up to the year ranked that follow on each other without a gap. `attrs["left_out"]` lists the cities of
    the year ranked that lack one (a new city), which no comparison over years holds.
    """
    refuse("balanced panel", describe.no_table(scores, [*KEYS, "score"], SCORES) + describe.no_index(index))
    years = [index.year]
    while years[0] - 1 in index.years:
        years.insert(0, years[0] - 1)
    scores = scores[scores["year"].isin(years)].dropna(subset="score")
    count = scores.groupby(by(scores, "unit"), observed=True)["score"].transform("size")
    whole = count.eq(len(years) * len(index.spec.nodes))
    left_out = sorted(scores.loc[scores["year"].eq(index.year) & ~whole, "unit"].unique())
    scores = with_region(scores[whole], index.places).reset_index(drop=True)
    scores.attrs["left_out"] = left_out
    return scores


def means(index) -> pd.DataFrame:
    """Scores frame of the regions: the simple mean of their cities at every node and year.

    Columns `unit` (the region), `year, node, score, rank, growth_pct, mean_city_growth_pct` (per cent), `rank_change,
    cities` (how many have a score), `share_<status>` (mean of the cities' shares). Growth of the regional mean and mean
    growth of the cities differ. A missing score is left out of the mean and of `cities`; growth is then given only when
    the region has the same cities in both years. `attrs["convention"]` states this.
    Raises InputError for a city without a region.
    """
    refuse("means of regions", describe.no_index(index))
    return means_of([index])[0]


def means_of(indices: Sequence) -> list[pd.DataFrame]:
    """`means` of each of some indices of the same units (the completions of one), ROWS of scores at a time."""
    step = max(1, ROWS // max(1, len(indices[0].scores())))
    blocks = (indices[start : start + step] for start in range(0, len(indices), step))
    return [frame for block in blocks for frame in _means(block)]


def _means(indices: Sequence) -> list[pd.DataFrame]:
    tables = [one.scores().dropna(subset="score") for one in indices]
    scores = pd.concat(tables, keys=range(len(tables)), names=["run"]).reset_index("run")
    scores = with_region(scores, indices[0].places)
    shares = [column for column in scores if column.startswith("share_")]
    keys = ["run", *KEYS]
    ago = pd.MultiIndex.from_frame(scores[keys].assign(year=scores["year"] - 1))
    scores = scores.assign(stayed=ago.isin(pd.MultiIndex.from_frame(scores[keys])))
    within = ["run", "region", "year", "node"]
    groups = scores.sort_values("unit", kind="stable").groupby(within, sort=False, observed=True)
    found = groups[["score", *shares]].mean().assign(cities=groups.size(), stayed=groups["stayed"].sum())
    grown = groups["growth_pct"].count().eq(found["cities"])
    found["mean_city_growth_pct"] = groups["growth_pct"].mean().where(grown)
    found = found.reset_index().rename(columns={"region": "unit"})
    row = found.groupby("unit").ngroup()
    column = found.groupby(["run", "year", "node"], observed=True).ngroup()
    wide = np.full((row.max() + 1, column.max() + 1), np.nan)
    wide[row, column] = found["score"]
    found["rank"] = pd.array(ranks(wide)[row, column], dtype="Int64")
    found = _with_change(found)
    order = [
        "unit",
        "year",
        "node",
        "score",
        "rank",
        "growth_pct",
        "mean_city_growth_pct",
        "rank_change",
        "cities",
    ]
    found = found.sort_values(["run", "year", "node", "rank", "unit"])
    parts = [part[order + shares].reset_index(drop=True) for _, part in found.groupby("run")]
    for part in parts:
        part.attrs["convention"] = MEANS
    return parts


def distribution(index) -> pd.DataFrame:
    """How the scores of the cities of every region lie, at every node and year: `unit` (the region), `year, node, cities`
    (how many have a score), `mean, median, sd` (points; population standard deviation, 0 where one city stands alone).

    Rows in the order of year, node (of the specification) and region. Where cells are drawn, these are of the mean of
    the draws: `known.ranged` of this frame and that of every completion gives the ranges.
    Raises InputError for a city without a region.
    """
    refuse("distribution in regions", describe.no_index(index))
    scores = with_region(index.scores().dropna(subset="score"), index.places)
    groups = scores.astype({"node": object}).groupby(["region", "year", "node"], observed=True)["score"]
    found = groups.agg(["size", "mean", "median"]).assign(sd=groups.std(ddof=0)).reset_index()
    found = found.rename(columns={"region": "unit", "size": "cities"})
    place = {node: position for position, node in enumerate(index.spec.nodes.index)}
    order = found.assign(node=found["node"].map(place)).sort_values(["year", "node", "unit"]).index
    return found.loc[order, ["unit", "year", "node", "cities", "mean", "median", "sd"]].reset_index(drop=True)


def _with_change(means: pd.DataFrame) -> pd.DataFrame:
    """Add growth (per cent) and rank change against the year before; the same cities in both and a base above zero needed."""
    keys = ["run", "unit", "year", "node"]
    before = means.assign(year=means["year"] + 1)[[*keys, "score", "rank", "cities"]]
    both = means.merge(before, on=keys, how="left", suffixes=("", "_before"))
    same = both["stayed"].eq(both["cities"]) & both["cities"].eq(both["cities_before"])
    base = both["score_before"].where(same & (both["score_before"] > 0))
    means = means.assign(
        growth_pct=(100 * (both["score"] / base - 1)).to_numpy(),
        rank_change=(both["rank_before"] - both["rank"]).where(same).to_numpy(),
    )
    means["mean_city_growth_pct"] = means["mean_city_growth_pct"].where(same.to_numpy())
    return means


def league(means: pd.DataFrame, year: int, nodes: list) -> pd.DataFrame:
    """League table of the regions in one year; `nodes`: the root, then its pillars.

    Columns `unit, rank, cities, score, growth_pct, mean_city_growth_pct, rank_change` and the score of every pillar, each
    with its status and range where `means` has them; without those of change when no region has any, and without
    mean_city_growth_pct where some growth is known as a range only.
    Raises InputError for a node or year that `means` does not have, and where no region has a score of the root.
    """
    nodes = describe.listed(nodes)
    columns = [*KEYS, "score", "rank", "cities", "growth_pct", "mean_city_growth_pct", "rank_change"]
    year = _held("league of the regions", means, nodes, year, columns)
    root, *pillars = nodes
    now = means[means["year"].eq(year)]
    table = now[now["node"].eq(root)].reset_index(drop=True)
    refuse("league of the regions", [] if len(table) else [f"no region has a score of '{root}' in {year}"])
    change = ["growth_pct", "mean_city_growth_pct", "rank_change"]
    if table["growth_pct"].isna().all():
        change = []
    elif "growth_pct_status" in table and table["growth_pct_status"].isin(SOFT).any():
        change.remove("mean_city_growth_pct")
    keys = by(table, "unit")
    table = table[[*keys, *with_ends(table, ["rank", "cities", "score", *change])]]
    for node in pillars:
        own = now[now["node"].eq(node)].set_index(keys)
        table = table.join(named(own, "score", node), on=keys)
    return table


def above(table: pd.DataFrame, cities: pd.DataFrame) -> dict:
    """How many regions lie above the mean of all cities. `table` as of `league`, `cities` as of `cities`."""
    mean = cities["score"].mean()
    return {"mean": mean, "count": len(table), "above": int(table["score"].gt(mean).sum())}


def fastest(table: pd.DataFrame) -> dict:
    """The region whose mean grew fastest, and by how much; `grown`: how many regions have a growth rate, `changed`: how
    many have not because their cities changed. `table` as of `league`."""
    if "growth_pct" not in table:
        return {"grown": 0, "changed": 0}
    grown = table.dropna(subset="growth_pct").set_index("unit")["growth_pct"].astype(float)
    found = {"grown": len(grown), "changed": len(table) - len(grown)}
    return found | ({"fastest": grown.idxmax(), "rate": grown.max()} if len(grown) else {})


def two_rates(table: pd.DataFrame) -> dict:
    """Where growth of the regional mean and mean growth of its cities differ most: `apart, of_mean, mean_of`; empty where
    `table` (as of `league`) does not have both of any region."""
    rates = ["growth_pct", "mean_city_growth_pct"]
    if not set(rates) <= set(table) or table.dropna(subset=rates).empty:
        return {}
    grown = table.dropna(subset=rates).set_index("unit")[rates]
    apart = (grown["growth_pct"] - grown["mean_city_growth_pct"]).abs().idxmax()
    of_mean, mean_of = grown.loc[apart].astype(float)
    return {"apart": apart, "of_mean": of_mean, "mean_of": mean_of}


def structure(cities: pd.DataFrame) -> pd.DataFrame:
    """Inner structure of every region, by descending mean: `region, cities, top_city, bottom_city, sd` (population
    standard deviation), `range` (of the first over the last city), `lead` (of the first over the second), in points.

    `cities`: `unit, region, score` of one node and year.
    """
    refuse(
        "structure of regions", describe.no_table(cities, ["unit", "region", "score"], "regions.cities(…)")
    )
    ordered, keys = cities.sort_values("score", ascending=False, kind="stable"), by(cities, "region")
    groups = ordered.groupby(keys, sort=False, observed=True)
    table = groups.agg(cities=("unit", "size"), top_city=("unit", "first"), bottom_city=("unit", "last"))
    score = groups["score"]
    second = ordered[groups.cumcount().eq(1)].set_index(keys)["score"]
    table["sd"] = score.std(ddof=0)
    table["range"] = score.first() - score.last()
    table["lead"] = (score.first() - second).fillna(0.0)
    table = table.assign(mean=-score.mean()).reset_index()
    return table.sort_values(by(table, "mean"), kind="stable", ignore_index=True).drop(columns="mean")


def spread(table: pd.DataFrame) -> dict:
    """The region that is widest apart inside, between which cities; empty without regions. `table` as of `structure`."""
    if table.empty:
        return {}
    widest = table.loc[table["range"].idxmax()]
    return {"widest": widest["region"], **widest[["top_city", "bottom_city", "range"]]}


def wide(scores: pd.DataFrame, node: str, least_years: int = 1) -> pd.DataFrame:
    """Scores of one node as a table, rows = units, columns = years ascending.

    Raises InputError for what is no scores frame, an unknown node, fewer than `least_years` years, a unit twice in a year
    and every unit that lacks a year.
    """
    what = f"scores of node '{node}'"
    if isinstance(node, pd.DataFrame):
        refuse("scores of a node", ["the scores come first, then the node: swap the two arguments"])
    refuse(what, describe.no_table(scores, [*KEYS, "score"], SCORES))
    own = scores["node"].eq(node).to_numpy()
    if not own.any():
        nodes = ", ".join(map(str, scores["node"].unique()))
        raise InputError(what, [f"the node does not occur: choose one of {nodes}"])
    (row, units), (column, years) = (
        pd.factorize(scores[name].to_numpy()[own], sort=True) for name in ("unit", "year")
    )
    double = pd.MultiIndex.from_arrays([row, column]).duplicated()
    twice = zip(units[row[double]], years[column[double]], strict=True)
    refuse(what, [f"{unit} {year} appears twice: keep one row" for unit, year in twice])
    values = np.full((len(units), len(years)), np.nan)
    values[row, column] = scores["score"].to_numpy(float)[own]
    table = pd.DataFrame(values, pd.Index(units, name="unit"), pd.Index(years, name="year"))
    faults = [
        f"{table.index[row]} has no score in {table.columns[column]}: impute it by a declared rule or leave the unit out in "
        "every year"
        for row, column in np.argwhere(table.isna())
    ]
    if table.shape[1] < least_years:
        faults.append(
            f"{table.shape[1]} year(s) given, at least {least_years} needed: add years to the panel"
        )
    refuse(what, faults)
    return table


# Disparity

DAGUM = (
    "Dagum (1997): G = within + between + transvariation, all non-negative; p = share of the units, s = share of "
    "the total; D = (d - q)/(d + q); a group of one city has no inequality within ({single})"
)
THEIL = {
    "T": "Theil T = sum s ln(s/p), groups weighted by their share s of the total",
    "L": "Theil L (mean log deviation) = sum p ln(p/s), groups weighted by their share p of the units",
}
CROSSED = (
    "crossed: total = between A + between B + interaction + within cells; interaction = what the cells A x B "
    "differ by beyond both margins, and may be negative"
)


def _checked(what: str, values, groups=(), weights=None, floor: str = "above zero"):
    """Values, groups and population shares as aligned Series; InputError lists every value that cannot be used."""
    one = not isinstance(values, pd.DataFrame | Set | str) and isinstance(values, Sized)
    refuse(what, [] if one else [f"values are a {type(values).__name__}: give a list or a column of numbers"])
    values = pd.to_numeric(pd.Series(values).astype(object), errors="coerce").astype(float)
    groups = [aligned(what, group, values) for group in groups]
    weights = pd.Series(1.0, values.index) if weights is None else aligned(what, weights, values)
    weights = pd.to_numeric(weights, errors="coerce").astype(float)
    faults = [] if len(values) else ["there are no values"]
    faults += [
        f"{unit}: missing or not a number: impute it by a declared rule or leave it out"
        for unit in values.index[~np.isfinite(values)]
    ]
    low = values < 0 if floor == "at or above zero" else values <= 0
    faults += [
        f"{unit}: {value:g} is not {floor}, so the measure has no meaning: use a scale with a floor above zero "
        f"or leave it out"
        for unit, value in values[low].items()
    ]
    faults += [f"{unit}: no group: fill it" for group in groups for unit in group.index[group.isna()]]
    faults += [f"{unit}: the weight must be above zero" for unit in weights.index[~(weights > 0)]]
    refuse(what, faults)
    return values, groups, weights / weights.sum()


def aligned(what: str, labels, values: pd.Series) -> pd.Series:
    """Labels on the index of the values: by key when they are a dictionary or a Series with unique keys, else by order."""
    if isinstance(labels, pd.DataFrame | Set) or not isinstance(labels, Sized):
        told = "give a list, a Series or a dictionary with one for each unit"
        refuse(what, [f"groups or weights are a {type(labels).__name__}: {told}"])
    if isinstance(labels, Mapping):
        refuse(what, [f"{unit}: no group or weight given" for unit in values.index if unit not in labels])
        return pd.Series([labels[unit] for unit in values.index], index=values.index, dtype=object)
    if isinstance(labels, pd.Series) and values.index.is_unique and labels.index.is_unique:
        refuse(what, [f"{unit}: no group or weight given" for unit in values.index.difference(labels.index)])
        return labels.reindex(values.index).astype(object)
    refuse(
        what,
        [f"{len(values)} values but {len(labels)} groups or weights"] if len(labels) != len(values) else [],
    )
    return pd.Series(list(labels), index=values.index, dtype=object)


def dagum_tables(values, groups) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Group table and pair table of Dagum's decomposition of the Gini coefficient; the richest group comes first.

    Groups: `group, cities, mean, gini, p, s, within`. Pairs (the richer first): `group, other, gini, d, q, D,
    between, transvariation`. The columns within, between and transvariation add up to the Gini coefficient.
    Source: Dagum, Empirical Economics 22 (1997), 515-531.
    """
    values, (groups,), _ = _checked("Dagum Gini", values, [groups])
    codes, names = pd.factorize(groups)
    means = values.groupby(codes).mean()
    order = sorted(means.index, key=lambda code: (-means[code], str(names[code])))
    names = [names[code] for code in order]
    member = np.equal.outer(codes, order).astype(float)
    n, mean, above, gini = _gaps(values.to_numpy(), member)
    p, s = n / n.sum(), n * mean / (n * mean).sum()
    table = pd.DataFrame(
        {
            "group": names,
            "cities": n.astype(int),
            "mean": mean,
            "gini": np.diag(gini),
            "p": p,
            "s": s,
            "within": np.diag(gini) * p * s,
        }
    )
    j, h = np.triu_indices(len(names), 1)
    d, q = above[j, h], above[h, j]
    apart = np.divide(d - q, d + q, out=np.zeros_like(d), where=d + q > 0).clip(0)
    weight = gini[j, h] * (p[j] * s[h] + p[h] * s[j])
    pairs = pd.DataFrame(
        {
            "group": [names[i] for i in j],
            "other": [names[i] for i in h],
            "gini": gini[j, h],
            "d": d,
            "q": q,
            "D": apart,
            "between": weight * apart,
            "transvariation": weight * (1 - apart),
        }
    )
    single = ", ".join(map(str, table.loc[table["cities"] == 1, "group"])) or "none here"
    for frame in (table, pairs):
        frame.attrs["convention"] = DAGUM.format(single=single)
    return table, pairs


def _gaps(values: np.ndarray, member: np.ndarray) -> tuple:
    """Of groups (columns of `member`, units × groups): sizes, means, mean positive gap of each over each, Gini of each
    pair."""
    n = member.sum(axis=0)
    mean = values @ member / n
    above = member.T @ np.maximum(np.subtract.outer(values, values), 0) @ member / np.outer(n, n)
    return n, mean, above, (above + above.T) / np.add.outer(mean, mean)


def dagum(values, groups) -> pd.DataFrame:
    """Dagum's decomposition: `part` (within, between, transvariation, total), `value`, `share`.

    `values`: scores above zero; `groups`: a label for each. Raises InputError naming every value that is missing or
    not above zero.

    >>> dagum([6, 8, 10, 3, 5, 9, 1, 2, 6, 7], list("EEECCCWWWW")).round(4)
                 part   value   share
    0          within  0.0737  0.2609
    1         between  0.1561  0.5528
    2  transvariation  0.0526  0.1863
    3           total  0.2825  1.0000
    """
    table, pairs = dagum_tables(values, groups)
    parts = {
        "within": table["within"].sum(),
        "between": pairs["between"].sum(),
        "transvariation": pairs["transvariation"].sum(),
        "total": gini(values),
    }
    frame = pd.DataFrame({"part": list(parts), "value": list(parts.values())})
    frame["share"] = frame["value"] / (parts["total"] or np.nan)
    frame.attrs = table.attrs
    return frame


def gini(values) -> float:
    """Gini coefficient, sum of |y_i - y_j| over all pairs / (2 n^2 mu): half the mean difference over the mean."""
    y, _, _ = _checked("Gini", values)
    return float(mean_difference(y.to_numpy()) / (2 * y.mean())) if y.nunique() > 1 else 0.0


def theil(values, groups=None, index: str = "T", weights=None) -> pd.DataFrame:
    """Theil index, T or L, with its one-level decomposition: rows `total`, `between` and a `within` for each group.

    Columns: `part, group, p` (share of the population), `s` (share of the total), `theil` (the index inside the
    group), `value` (what it contributes to the total), `share` (value over total). `weights` are populations, for
    values that are averages. Raises InputError naming every value that is missing or not above zero.
    Source: Theil, Economics and Information Theory (1967); group k contributes s_k T_k, or p_k L_k.
    """
    return theil_nested(values, [] if groups is None else [groups], index, weights)


def theil_nested(values, levels: list, index: str = "T", weights=None) -> pd.DataFrame:
    """Theil index over nested groups, the outermost first: `levels` = [region, province], say.

    total = `between` (outer groups) + `between_2` (next groups inside each outer group) + ... + `within` (units inside
    each innermost group). An inner label is read inside its outer group: a province in two regions makes two groups.
    Columns as in `theil`.
    """
    values, levels, p = _checked(f"Theil {index}", values, levels, weights)
    paths = [
        pd.Series(list(zip(*levels[:depth])) if depth else "", p.index) for depth in range(len(levels) + 1)
    ]
    ratios = [_log_ratio(values, p, path, index) for path in [*paths, pd.Series(range(len(p)), p.index)]]
    names = (
        ["between", *(f"between_{depth}" for depth in range(2, len(levels) + 1)), "within"] if levels else []
    )
    parts = [(name, paths[depth], ratios[depth + 1] - ratios[depth]) for depth, name in enumerate(names)]
    return _theil_frame([("total", paths[0], ratios[-1]), *parts], values, p, index, THEIL[index])


def theil_crossed(values, a, b, index: str = "T", weights=None) -> pd.DataFrame:
    """Theil index over two crossed classifications of the same units (region and type, say).

    total = `between_a` + `between_b` + `interaction` + `within` (units inside each cell a x b). Columns as in `theil`.
    """
    values, levels, p = _checked(f"Theil {index}", values, [a, b], weights)
    whole, cell = pd.Series("", p.index), pd.Series(list(zip(*levels)), p.index)
    in_a, in_b, in_cell, unit = (
        _log_ratio(values, p, key, index) for key in (*levels, cell, pd.Series(range(len(p)), p.index))
    )
    parts = [
        ("total", whole, unit),
        ("between_a", whole, in_a),
        ("between_b", whole, in_b),
        ("interaction", whole, in_cell - in_a - in_b),
        ("within", cell, unit - in_cell),
    ]
    return _theil_frame(parts, values, p, index, f"{THEIL[index]}; {CROSSED}")


def _log_ratio(values: pd.Series, p: pd.Series, key: pd.Series, index: str) -> np.ndarray:
    """ln(s/p) of every unit's group, or ln(p/s) for Theil L."""
    refuse("Theil index", [] if index in THEIL else [f"'{index}' is no Theil index: use T or L"])
    codes = pd.factorize(key)[0]
    ratio = np.log(np.bincount(codes, p * values) / np.bincount(codes, p) / (p @ values))[codes]
    return ratio if index == "T" else -ratio


def _theil_frame(parts: list, values: pd.Series, p: pd.Series, index: str, convention: str) -> pd.DataFrame:
    """Sum the terms of every part by group into the result frame of the Theil functions."""
    s = p * values / (p @ values)
    weight = s if index == "T" else p
    rows = []
    for part, key, gain in parts:
        codes, groups = pd.factorize(key)
        names = [
            " / ".join(map(str, group))
            if isinstance(group, tuple) and len(group) > 1
            else group[0]
            if isinstance(group, tuple)
            else group
            for group in groups
        ]
        rows.append(
            pd.DataFrame(
                {
                    "part": part,
                    "group": names,
                    "p": np.bincount(codes, p),
                    "s": np.bincount(codes, s),
                    "value": np.bincount(codes, weight * gain),
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    frame.insert(4, "theil", frame["value"] / frame["s" if index == "T" else "p"])
    frame["share"] = frame["value"] / (frame["value"].iloc[0] or np.nan)
    frame.attrs["convention"] = convention
    return frame


def by_year(scores: pd.DataFrame, node: str, measure, by: str = "region") -> pd.DataFrame:
    """`measure(values, groups)` for every year of one node, stacked with a first column `year`.

    `scores`: a balanced panel with the column `by`, which groups the units. Faults of all years are refused together.
    """
    table, frames, faults = wide(scores, node), [], describe.no_table(scores, [by], BALANCED)
    refuse(f"disparity of node '{node}'", faults)
    groups = scores.drop_duplicates("unit").set_index("unit")[by]
    for year in table:
        try:
            frames.append(measure(table[year], groups[table.index]))
            frames[-1].insert(0, "year", year)
        except InputError as error:
            faults += [f"{year}: {fault}" for fault in error.faults]
    refuse(f"disparity of node '{node}'", faults)
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs = frames[-1].attrs
    return frame


def by_node(measure, scores: pd.DataFrame, nodes: list, *args, **options) -> pd.DataFrame:
    """`measure(scores, node, …)` for several nodes, stacked with a first column `node`; attrs are those of the first.

    >>> frame = pd.DataFrame({"unit": list("ab"), "year": 2021, "node": "total", "score": [1.0, 3.0], "region": "X"})
    >>> by_node(by_year, frame, ["total"], dagum)[["node", "part", "value"]].head(1).values.tolist()
    [['total', 'within', 0.25]]
    """
    nodes = describe.listed(nodes)
    refuse("several nodes", [] if nodes else ["no node given: name one"])
    frames = [measure(scores, node, *args, **options) for node in nodes]
    found = pd.concat([frame.assign(node=node) for node, frame in zip(nodes, frames)], ignore_index=True)
    found.insert(0, "node", found.pop("node"))
    found.attrs = frames[0].attrs
    return found


def between_regions(values: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Share of the mean difference that is the net gap between groups (Dagum's between part; the last axis of `values` are the
    units, `member`: units × groups).

    With d the mean of |y_i - y_k| over all pairs, the share is sum p_j p_h |mean_j - mean_h| / d: it is the same for any
    zero and any unit of the scale, which the Gini coefficient d / (2 mean) is not. Missing where all values are equal.
    """
    n = member.sum(axis=0)
    mean, p = values @ member / n, n / n.sum()
    net = np.abs(mean[..., :, None] - mean[..., None, :]) @ p @ p
    whole = np.asarray(mean_difference(values), dtype=float)
    return np.divide(net, whole, out=np.full_like(whole, np.nan), where=whole > 0)


def mean_difference(values: np.ndarray) -> np.ndarray:
    """Mean of |y_i - y_k| over all pairs of units, i = k counted in, along the last axis (Gini 1912)."""
    ordered, n = np.sort(values, axis=-1), values.shape[-1]
    return ordered @ (2 * np.arange(1, n + 1) - n - 1) * 2 / n**2


def shuffled(units: int, rng: np.random.Generator, times: int = 999) -> np.ndarray:
    """Random orders of some units, one a row: who takes whose place when region labels are permuted."""
    faults = describe.no_number("units", units, lambda x: x > 0, "give how many units there are", whole=True)
    faults += describe.no_number("times", times, lambda x: x > 0, "give 1 or more, as 999", whole=True)
    refuse("random orders", faults + describe.no_generator(rng))
    return rng.permuted(np.tile(np.arange(units), (times, 1)), axis=1)


def differences(
    scores: pd.DataFrame, nodes: list, orders: np.ndarray, tested: list | None = None
) -> pd.DataFrame:
    """How far the cities are apart, and whether regions have to do with it: a row a node.

    `node, sd_<year> …` (population standard deviation, points), `mean_difference` (points) of the last year of `scores` (a
    balanced panel), `between_pct`: per cent of it that is the net gap between regions, and what labels permuted over the
    cities give (`orders` of `shuffled`; sizes are kept): `expected_pct` the mean, `chance_low_pct, chance_high_pct` 5 and 95
    per cent, and of the nodes in `tested` (default all) `p_value`: one-sided, the observed share counted in, corrected
    for the number of these nodes (Holm 1979). Where all cities have one score there is no share, and no p-value.
    Raises InputError for scores without `region` and for `orders` of another number of cities.
    """
    rows, nodes = [], describe.listed(nodes)
    tested = nodes if tested is None else describe.listed(tested)
    faults = describe.no_table(scores, ["unit", "region"], BALANCED)
    refuse("differences", faults or ([] if nodes else ["no node given: name one"]))
    units = scores["unit"].nunique()
    if np.ndim(orders) != 2 or np.shape(orders)[1] != units:
        refuse(
            "differences", [f"orders are not those of {units} cities: take regions.shuffled({units}, rng)"]
        )
    region = scores.drop_duplicates("unit").set_index("unit")["region"]
    for node in nodes:
        table = wide(scores, node)
        groups = region.loc[table.index]
        y, member = table.iloc[:, -1].to_numpy(), pd.get_dummies(groups).to_numpy(float)
        share, drawn = float(between_regions(y, member)), between_regions(y[orders], member)
        rows.append(
            {
                "node": node,
                **{f"sd_{year}": table[year].std(ddof=0) for year in table},
                "mean_difference": mean_difference(y),
                "between_pct": 100 * share,
                "expected_pct": 100 * drawn.mean(),
                **dict(zip(("chance_low_pct", "chance_high_pct"), 100 * np.quantile(drawn, [LOW, HIGH]))),
                "p_value": _one_sided(drawn, share),
            }
        )
    found = pd.DataFrame(rows)
    return found.assign(p_value=describe.holm(found["p_value"].where(found["node"].isin(tested))))


def _one_sided(drawn: np.ndarray, share: float) -> float:
    """How often chance reaches the share, the observed one counted in; missing without a share."""
    return np.nan if np.isnan(share) else (1 + (drawn >= share - 1e-12).sum()) / (1 + len(drawn))


def _row(found: pd.DataFrame, node: str) -> pd.Series:
    """The row of a node in `differences`."""
    refuse("differences", describe.no_table(found, ["node"], "regions.differences(…)"))
    known = list(found["node"])
    refuse("differences", [] if node in known else [f"no node '{node}'" + suggest(node, known)])
    return found.set_index("node").loc[node]


def judged(found: Draws) -> pd.DataFrame:
    """`differences` with the range of every number over the draws; where some node has no p-value, also `beyond_pct`: per
    cent of the draws in which its share between regions lies beyond what chance gives in 95 of 100."""
    table, main = ranged(found, ["node"]), found.frame
    table = table.drop(columns=[name for name in with_ends(table, NULL) if name not in NULL])
    if main["p_value"].notna().all():
        return table
    beyond = sum(_beyond(one).to_numpy() for one in found.each) / len(found.each)
    return table.assign(beyond_pct=np.where(main["p_value"].isna(), 100 * beyond, np.nan))


def _beyond(found: pd.DataFrame) -> pd.Series:
    return found["between_pct"] > found["chance_high_pct"]


def between(found: pd.DataFrame, node: str) -> dict:
    """What `differences` say of one node: `share` between regions, `expected` by chance, `p_value` (None: not tested), and
    whether regions explain `more` than chance: by the test, else beyond what chance gives in 95 of 100."""
    row = _row(found, node)
    p = row["p_value"]
    return {
        "node": node,
        "share": float(row["between_pct"]),
        "expected": float(row["expected_pct"]),
        "p_value": None if pd.isna(p) else float(p),
        "more": bool(_beyond(found)[found["node"].eq(node)].item() if pd.isna(p) else p < 0.05),
    }


def widening(found: pd.DataFrame, node: str, year: int, before: int | None) -> dict:
    """The standard deviation of a node in both years (sd0 None without a year before), and the `trend`: wider, narrower, or
    same at two decimals."""
    row = _row(found, node)
    now, then = (float(row[f"sd_{one}"]) if f"sd_{one}" in row else None for one in (year, before))
    change = 0.0 if then is None or now is None else now - then
    trend = "same" if abs(change) < 0.005 else "wider" if change > 0 else "narrower"
    return {"node": node, "sd1": now, "sd0": then, "trend": trend}


def concentration(values, reference=None, top=(1, 3, 5)) -> pd.DataFrame:
    """Concentration of an activity over places: `measure, value` with CR_k, HHI, normalised HHI and location Gini.

    `values`: the activity (firms, patents), zero allowed, not all zero; `reference`: the activity it is held against
    (default: equal shares). Raises InputError for missing or negative values.
    """
    refuse(
        "concentration",
        [
            fault
            for k in describe.listed(top)
            for fault in describe.no_number(
                "top", k, lambda x: x > 0, "give whole numbers above zero", whole=True
            )
        ],
    )
    values, reference = _amounts("concentration", values, reference)
    share = np.sort((values / values.sum()).to_numpy())[::-1]
    hhi, n = float(share @ share), len(share)
    rows = {
        **{f"CR{k}": float(share[:k].sum()) for k in describe.listed(top)},
        "HHI": hhi,
        "HHI_normalised": (hhi - 1 / n) / (1 - 1 / n) if n > 1 else np.nan,
        "location_gini": location_gini(values, reference),
    }
    frame = pd.DataFrame({"measure": list(rows), "value": list(rows.values())})
    frame.attrs["convention"] = (
        "CR_k: share of the k largest; HHI: sum of squared shares, also normalised to 0-1; "
        "location Gini: of the location quotients, weighted by the reference shares"
    )
    return frame


def _amounts(what: str, values, reference) -> tuple[pd.Series, pd.Series]:
    """Amounts, not all zero, and the shares that they are held against."""
    values, _, reference = _checked(what, values, weights=reference, floor="at or above zero")
    refuse(what, [] if values.sum() > 0 else ["all values are zero: there is nothing to concentrate"])
    return values, reference


def location_gini(values, reference=None) -> float:
    """Locational Gini: sum of r_i r_j |LQ_i - LQ_j| / 2, LQ_i = share of the activity / share r of the reference.

    0 when the activity is spread like the reference (default: equally). Source: Krugman, Geography and Trade (1991).
    """
    values, r = _amounts("location Gini", values, reference)
    quotient = (values / values.sum() / r).to_numpy()
    return float(r @ np.abs(np.subtract.outer(quotient, quotient)) @ r / 2)


def concentrations(index, reference: str = "pop_size", year: int | None = None) -> pd.DataFrame:
    """Concentration of every quantity of the index over the cities in one year: `node` and the measures of
    `concentration`, most concentrated (CR3) first.

    Quantities are the indicators whose unit can be added up (no shares, points, index numbers) and of which every value
    is known. `reference`: the indicator that they are held against; equal shares where the index does not have it or does
    not know it (`attrs["reference"]` is ""). Raises InputError for a year that the index does not have.
    """
    year = describe.year_of(index, year)
    raw, unit = index.steps().raw.loc[year], index.spec.nodes.loc[index.spec.indicators, "unit_en"]
    if index.draws is not None:
        unit = unit.drop(index.draws.loc[index.draws["year"].eq(year), "indicator"].unique(), errors="ignore")
    known = reference if reference in unit.index else ""
    against, rows = (raw[known].dropna() if known else None), {}
    for name in unit.index[~unit.isin(INTENSIVE) & unit.index.to_series().ne(known)]:
        values = raw[name].dropna()
        held = None if against is None else against.reindex(values.index).dropna()
        values = values if held is None else values[held.index]
        if len(values) and (values >= 0).all() and values.sum() > 0:
            rows[name] = concentration(values, held).set_index("measure")["value"]
    frame = pd.DataFrame(rows).T.rename_axis("node").reset_index()
    frame = frame.sort_values("CR3", ascending=False, ignore_index=True) if len(frame) else frame
    frame.attrs["reference"] = known
    return frame


def concentrated(table: pd.DataFrame) -> dict:
    """The most and the least concentrated quantity of `concentrations`: shares of the first three cities in per cent,
    location Gini; empty without any."""
    if table.empty:
        return {}
    most, least = table.iloc[0], table.iloc[-1]
    return {
        "k": 3,
        "most": most["node"],
        "share": 100 * most["CR3"],
        "gini": most["location_gini"],
        "least": least["node"],
        "least_share": 100 * least["CR3"],
        "least_gini": least["location_gini"],
        "reference": table.attrs["reference"],
    }
