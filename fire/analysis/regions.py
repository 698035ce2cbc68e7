"""Regions: means of their cities, disparity between and within them, concentration."""

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index.panel import STATUSES
from fire.index.rounding import ranks

MEANS = (
    "score = simple mean of the region's cities that have a score; growth_pct = growth of the regional mean; "
    "mean_city_growth_pct = mean of the cities' growth; neither is given when the cities differ between the years"
)


def with_region(scores: pd.DataFrame, places: pd.DataFrame, by: str = "region") -> pd.DataFrame:
    """`scores` with a column `region` looked up in `places` (column `city`, column `by`).

    Raises InputError naming every city that is not in `places`, has no region there, or appears there twice.
    """
    places = places[places["city"].isin(scores["unit"])]
    region = places.drop_duplicates("city").set_index("city")[by]
    faults = [
        f"places: city '{city}' appears twice: keep one row"
        for city in places["city"][places["city"].duplicated()].unique()
    ]
    faults += [
        f"places: city '{city}' has no row: add it with its region"
        for city in sorted(set(scores["unit"]) - set(region.index))
    ]
    faults += [
        f"places: city '{city}' has no region: fill column '{by}'" for city in region.index[region.isna()]
    ]
    refuse("regions of cities", faults)
    return scores.assign(region=scores["unit"].map(region))


def regional_means(scores: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Scores frame of the regions: the simple mean of their cities at every node and year.

    Beside the columns of a scores frame it holds `cities` (how many have a score) and `mean_city_growth_pct`
    (per cent), which differs from `growth_pct`, the growth of the regional mean. The shares by status are the
    means of the cities' shares. A missing score is left out of the mean and of `cities`; growth is then given only
    when the region has the same cities in both years. `attrs["convention"]` states this.
    Raises InputError for a city without a region.
    """
    cities = with_region(scores.dropna(subset="score"), places)
    shares = [column for column in scores if column.startswith("share_")]
    keys = ["region", "year", "node"]
    groups = cities.sort_values("unit").groupby(keys, sort=False)
    means = groups[["score", *shares]].mean()
    means["cities"] = groups.size()
    means["roster"] = groups["unit"].agg(tuple)
    means["mean_city_growth_pct"] = groups["growth_pct"].agg(lambda growth: growth.mean(skipna=False))
    means = means.reset_index().rename(columns={"region": "unit"})
    means["rank"] = (
        means.groupby(["year", "node"])["score"]
        .transform(lambda score: ranks(score.to_numpy()[:, None])[:, 0])
        .astype("Int64")
    )
    means = add_change(means).drop(columns="roster")
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
    means = means[order + shares].sort_values(["year", "node", "rank", "unit"], ignore_index=True)
    means.attrs["convention"] = MEANS
    return means


def add_change(means: pd.DataFrame) -> pd.DataFrame:
    """Add growth (per cent) and rank change against the year before; same roster and a base above zero needed."""
    before = means.assign(year=means["year"] + 1)[["unit", "year", "node", "score", "rank", "roster"]]
    both = means.merge(before, on=["unit", "year", "node"], how="left", suffixes=("", "_before"))
    same = both["roster"] == both["roster_before"]
    base = both["score_before"].where(same & (both["score_before"] > 0))
    means = means.assign(
        growth_pct=(100 * (both["score"] / base - 1)).to_numpy(),
        rank_change=(both["rank_before"] - both["rank"]).where(same).to_numpy(),
    )
    means["mean_city_growth_pct"] = means["mean_city_growth_pct"].where(same.to_numpy())
    return means


def wide(scores: pd.DataFrame, node: str, least_years: int = 1, logs: bool = False) -> pd.DataFrame:
    """Scores of one node as a table, rows = units, columns = years ascending.

    Raises InputError for an unknown node, fewer than `least_years` years, a unit twice in a year, every unit that
    lacks a year and, when `logs` will be taken, every score at or below zero.
    """
    what, part = f"scores of node '{node}'", scores[scores["node"] == node]
    nodes = ", ".join(map(str, scores["node"].unique()))
    refuse(what, [] if len(part) else [f"the node does not occur: choose one of {nodes}"])
    double = part[part.duplicated(["unit", "year"])]
    refuse(
        what,
        [f"{unit} {year} appears twice: keep one row" for unit, year in zip(double["unit"], double["year"])],
    )
    table = part.pivot(index="unit", columns="year", values="score").sort_index(axis=1).astype(float)
    holes = table.isna().stack()
    faults = [
        f"{unit} has no score in {year}: impute it by a declared rule or leave the unit out in every year"
        for unit, year in holes.index[holes]
    ]
    low = (table <= 0).stack()
    faults += [
        f"{unit}, {year}: {table.at[unit, year]:g} has no logarithm: use a scale with a floor above zero"
        for unit, year in low.index[low & logs]
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


def checked(what: str, values, groups=(), weights=None, floor: str = "above zero"):
    """Values, groups and population shares as aligned Series; InputError lists every value that cannot be used."""
    values = pd.to_numeric(pd.Series(values).astype(object), errors="coerce").astype(float)
    groups = [aligned(what, group, values) for group in groups]
    weights = (
        pd.Series(1.0, values.index) if weights is None else aligned(what, weights, values).astype(float)
    )
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
    """Labels on the index of the values: by key when they are a Series with unique keys, else by order."""
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
    values, (groups,), _ = checked("Dagum Gini", values, [groups])
    codes, names = pd.factorize(groups)
    means = values.groupby(codes).mean()
    order = sorted(means.index, key=lambda code: (-means[code], str(names[code])))
    names = [names[code] for code in order]
    member = np.equal.outer(codes, order).astype(float)
    n, mean = member.sum(axis=0), means[order].to_numpy()
    above = np.maximum(np.subtract.outer(values.to_numpy(), values.to_numpy()), 0)
    above = member.T @ above @ member / np.outer(n, n)
    gini = (above + above.T) / np.add.outer(mean, mean)
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


def gini(values, weights=None) -> float:
    """Gini coefficient, sum of p_i p_j |y_i - y_j| / (2 mu); `weights` are populations (default: equal)."""
    y, _, p = checked("Gini", values, weights=weights)
    return float(p @ np.abs(np.subtract.outer(y.to_numpy(), y.to_numpy())) @ p / (2 * (p @ y)))


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
    values, levels, p = checked(f"Theil {index}", values, levels, weights)
    paths = [
        pd.Series(list(zip(*levels[:depth])) if depth else "", p.index) for depth in range(len(levels) + 1)
    ]
    ratios = [log_ratio(values, p, path, index) for path in [*paths, pd.Series(range(len(p)), p.index)]]
    names = (
        ["between", *(f"between_{depth}" for depth in range(2, len(levels) + 1)), "within"] if levels else []
    )
    parts = [(name, paths[depth], ratios[depth + 1] - ratios[depth]) for depth, name in enumerate(names)]
    return theil_frame([("total", paths[0], ratios[-1]), *parts], values, p, index, THEIL[index])


def theil_crossed(values, a, b, index: str = "T", weights=None) -> pd.DataFrame:
    """Theil index over two crossed classifications of the same units (region and type, say).

    total = `between_a` + `between_b` + `interaction` + `within` (units inside each cell a x b). Columns as in `theil`.
    """
    values, levels, p = checked(f"Theil {index}", values, [a, b], weights)
    whole, cell = pd.Series("", p.index), pd.Series(list(zip(*levels)), p.index)
    in_a, in_b, in_cell, unit = (
        log_ratio(values, p, key, index) for key in (*levels, cell, pd.Series(range(len(p)), p.index))
    )
    parts = [
        ("total", whole, unit),
        ("between_a", whole, in_a),
        ("between_b", whole, in_b),
        ("interaction", whole, in_cell - in_a - in_b),
        ("within", cell, unit - in_cell),
    ]
    return theil_frame(parts, values, p, index, f"{THEIL[index]}; {CROSSED}")


def log_ratio(values: pd.Series, p: pd.Series, key: pd.Series, index: str) -> np.ndarray:
    """ln(s/p) of every unit's group, or ln(p/s) for Theil L."""
    refuse("Theil index", [] if index in THEIL else [f"'{index}' is no Theil index: use T or L"])
    codes = pd.factorize(key)[0]
    ratio = np.log(np.bincount(codes, p * values) / np.bincount(codes, p) / (p @ values))[codes]
    return ratio if index == "T" else -ratio


def theil_frame(parts: list, values: pd.Series, p: pd.Series, index: str, convention: str) -> pd.DataFrame:
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


def variation(values) -> float:
    """Coefficient of variation: population standard deviation over the mean."""
    values, _, _ = checked("coefficient of variation", values)
    return float(values.std(ddof=0) / values.mean())


def disparity(scores: pd.DataFrame, places: pd.DataFrame, node: str, by: str = "region") -> pd.DataFrame:
    """All measures of disparity between the cities for every year: `year, measure, part, value, share`.

    Measures: cv, gini (Dagum parts), theil_t, theil_l (between and within the groups of the column `by` of places).
    Raises InputError for a missing year of a city and for scores at or below zero, each with its city and year.
    """

    def measures(values, groups):
        yield "cv", pd.DataFrame({"part": ["total"], "value": [variation(values)], "share": [1.0]})
        yield "gini", dagum(values, groups)
        for index in "TL":
            frame = (
                theil(values, groups, index)
                .groupby("part", sort=False)[["value", "share"]]
                .sum()
                .reset_index()
            )
            yield f"theil_{index.lower()}", frame

    frame = by_year(
        lambda values, groups: pd.concat(
            [table.assign(measure=name) for name, table in measures(values, groups)]
        ),
        scores,
        places,
        node,
        by,
    )
    frame.attrs["convention"] = "; ".join(
        [
            "cv: population standard deviation over the mean",
            *THEIL.values(),
            by_year(dagum, scores, places, node, by).attrs["convention"],
        ]
    )
    return frame[["year", "measure", "part", "value", "share"]]


def by_year(
    measure, scores: pd.DataFrame, places: pd.DataFrame, node: str, by: str = "region"
) -> pd.DataFrame:
    """`measure(values, groups)` for every year of one node, stacked with a first column `year`.

    The groups come from column `by` of places. Faults of all years are refused together.
    """
    table, frames, faults = wide(scores, node), [], []
    region = with_region(pd.DataFrame({"unit": table.index}), places, by).set_index("unit")["region"]
    for year in table:
        try:
            frames.append(measure(table[year], region))
            frames[-1].insert(0, "year", year)
        except InputError as error:
            faults += [f"{year}: {fault}" for fault in error.faults]
    refuse(f"disparity of node '{node}'", faults)
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs = frames[-1].attrs
    return frame


def concentration(values, reference=None, top=(1, 3, 5)) -> pd.DataFrame:
    """Concentration of an activity over places: `measure, value` with CR_k, HHI, normalised HHI and location Gini.

    `values`: the activity (firms, patents), zero allowed, not all zero; `reference`: the activity it is held against
    (default: equal shares). Raises InputError for missing or negative values.
    """
    values, _, reference = checked("concentration", values, weights=reference, floor="at or above zero")
    refuse(
        "concentration", [] if values.sum() > 0 else ["all values are zero: there is nothing to concentrate"]
    )
    share = np.sort((values / values.sum()).to_numpy())[::-1]
    hhi, n = float(share @ share), len(share)
    rows = {
        **{f"CR{k}": float(share[:k].sum()) for k in top},
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


def location_gini(values, reference=None) -> float:
    """Locational Gini: sum of r_i r_j |LQ_i - LQ_j| / 2, LQ_i = share of the activity / share r of the reference.

    0 when the activity is spread like the reference (default: equally). Source: Krugman, Geography and Trade (1991).
    """
    values, _, r = checked("location Gini", values, weights=reference, floor="at or above zero")
    quotient = (values / values.sum() / r).to_numpy()
    return float(r @ np.abs(np.subtract.outer(quotient, quotient)) @ r / 2)


def statuses(scores: pd.DataFrame) -> list[str]:
    """Statuses that carry any share of these scores, the hardest first."""
    return [name for name in STATUSES if f"share_{name}" in scores and scores[f"share_{name}"].max() > 0]
