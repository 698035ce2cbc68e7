"""Coupling coordination between the pillars, and the obstacles that hold each unit back."""

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index import aggregate, normalise

RULES = {
    "posts": "U = (score - {low:g})/({high:g} - {low:g}); a score outside {low:g}-{high:g} is refused",
    "clip": "U = (score - {low:g})/({high:g} - {low:g}), set to 0 or 1 beyond; {clipped} of {cells} cells were",
    "frontier": "U = (score - {low:g})/(best score of the node in the year - {low:g}): the year's frontier is 1, "
    "so levels of different years do not compare; a score below {low:g} is refused",
}
# Normalisations whose scores have no ends: `scale` is a mean and a spread to them, or nothing.
ENDLESS = ("zscore", "linear", "none", "rank", "borda")
# Aggregations whose score lies among those of the children, and those in which a child counts by its weight.
AMONG = (*aggregate.LINKED, "generalised", "median", "minimum", "maximum", "worst")
WEIGHED = (*aggregate.LINKED, "generalised")
FORMS = {
    "standard": "C = n (prod U)^(1/n) / sum U",
    "modified": "C = sqrt([1 - mean |U_i - U_j|] [prod U_i/max U]^(1/(n-1))), Wang et al. (2021)",
}


def scale_of(spec, node: str) -> tuple[float, float] | None:
    """The ends of the scale on which a node is scored, worst first; None where it has none: ranks and z-scores, plain
    sums, copeland scores, or children on different scales."""
    rule = spec.rules[node]
    shown = rule["leaf"] or rule["normalise"] != "none"
    if shown and rule["normalise"] in ("knots", "steps", "categories"):
        scores = [score for _, score in rule[rule["normalise"]]]
        return float(min(scores)), float(max(scores))
    if shown:
        held = rule["range"] == "truncated" and rule["normalise"] not in normalise.RANKS
        worst, best = map(float, rule["scale"])
        return (worst, best) if held or rule["normalise"] not in ENDLESS else None
    if aggregate.shaped(rule) or rule["aggregation"] not in AMONG:
        return None
    below = {scale_of(spec, child) for child in spec.children(node)}
    return below.pop() if len(below) == 1 else None


def _readable(spec, nodes: list, what: str) -> tuple[float, float]:
    """The scale that all of some nodes are scored on; InputError where there is none, or its low end is the best."""
    scales = {node: scale_of(spec, node) for node in nodes}
    faults = [
        f"{node}: its scores have no fixed scale: normalise it between posts, or leave it out"
        for node, scale in scales.items()
        if scale is None
    ]
    told = {scale for scale in scales.values() if scale}
    if not faults and len(told) > 1:
        shown = ", ".join(f"{node} {scale[0]:g}-{scale[1]:g}" for node, scale in scales.items() if scale)
        faults = [f"scores on different scales ({shown}): give all nodes one scale"]
    if spec.method["best"] == "low":
        faults.append('the lowest score is the best, and it takes the highest for it: set best = "high"')
    faults += ["the index has no node below it: give an index of several"] * (not nodes)
    refuse(what, faults)
    return told.pop()


def rescale(table: pd.DataFrame, low: float, high: float, rule: str = "posts") -> pd.DataFrame:
    """Bring scores (rows units, columns nodes, one year) into [0, 1], as coordination and obstacle degree need.

    `low` and `high` are the fixed posts; `rule` says what happens to a score beyond them: "posts" refuses it, "clip"
    sets it to the post, "frontier" measures each node against its best unit of the year. `attrs["rule"]` states it.
    """
    what = f"rescaling by rule '{rule}'"
    refuse(what, [] if rule in RULES else [f"unknown rule: use one of {', '.join(RULES)}"])
    top = table.max() if rule == "frontier" else pd.Series(float(high), table.columns)
    refuse(
        what,
        [
            f"{node}: the upper post {top[node]:g} is not above the lower post {low:g}"
            for node in top.index[~(top > low)]
        ],
    )
    scaled = (table - low) / (top - low)
    outside = (scaled < 0) | (scaled > 1)
    if rule != "clip":
        fix = "choose posts that hold every year's scores, or another rule (clip, frontier)"
        refuse(
            what,
            [
                f"{unit}, {node}: {table.at[unit, node]:g} lies outside {low:g}-{top[node]:g}: {fix}"
                for unit, node in _cells(outside)
            ],
        )
    scaled = scaled.clip(0, 1)
    scaled.attrs["rule"] = RULES[rule].format(
        low=low, high=high, clipped=int(outside.sum().sum()), cells=outside.size
    )
    return scaled


def _cells(mask: pd.DataFrame) -> list[tuple]:
    """Row and column names of the true cells."""
    stacked = mask.stack()
    return list(stacked.index[stacked])


def _unit_interval(what: str, table: pd.DataFrame, weights) -> tuple[pd.DataFrame, pd.Series]:
    """The table as floats and the weights on its columns; InputError when they cannot be used."""
    table = table.astype(float)
    weights = pd.Series(1 / table.shape[1], table.columns) if weights is None else weights
    if not isinstance(weights, (dict, pd.Series)):
        weights = dict(zip(table.columns, weights, strict=True))
    weights = pd.Series(weights, dtype=float).reindex(table.columns)
    faults = [
        f"{unit}, {node}: missing: impute it by a declared rule or leave the unit out"
        for unit, node in _cells(table.isna())
    ]
    faults += [
        f"{unit}, {node}: {table.at[unit, node]:g} lies outside 0-1: rescale the scores first (rescale)"
        for unit, node in _cells((table < 0) | (table > 1))
    ]
    faults += [f"weight of {node} is missing or negative" for node in weights.index[~(weights >= 0)]]
    if not faults and abs(weights.sum() - 1) > 1e-9:
        faults.append(f"the weights sum to {weights.sum():g}: make them sum to 1")
    refuse(what, faults)
    return table, weights


def coupling(table: pd.DataFrame, weights=None, form: str = "standard") -> pd.DataFrame:
    """Coupling coordination of n systems: index unit; `C` (coupling), `T` (level), `D` = sqrt(C T), `grade` 1-10.

    `table`: rows units, columns systems, values in [0, 1]; `weights` sum to one (default equal). Grades are tenths of
    D. A unit with all systems at zero has no C, and D = 0. Raises InputError for values outside [0, 1],
    missing values and weights that do not sum to one.
    Source of the modified form: Wang et al., Journal of Natural Resources 36 (2021), 793-810.
    """
    table, weights = _unit_interval("coupling coordination", table, weights)
    refuse(
        "coupling coordination", [] if form in FORMS else [f"unknown form '{form}': use {' or '.join(FORMS)}"]
    )
    refuse(
        "coupling coordination",
        [] if table.shape[1] > 1 else ["one system given: coupling needs two or more"],
    )
    u, n = np.sort(table.to_numpy(), axis=1), table.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        if form == "standard":
            v = u / u[:, -1:]  # C has no scale, and the smallest numbers have no mean
            C = np.exp(np.log(v).mean(axis=1)) / v.mean(axis=1)
        else:
            apart = u @ (2 * np.arange(1, n + 1) - n - 1) / (n * (n - 1) / 2)
            C = np.sqrt((1 - apart) * np.prod(u[:, :-1] / u[:, -1:], axis=1) ** (1 / (n - 1)))
    T = table.to_numpy() @ weights.to_numpy()
    D = np.where(u[:, -1] > 0, np.sqrt(C * T), 0.0)
    grade = np.minimum(np.floor(np.round(10 * D, 9)), 9).astype(int) + 1
    frame = pd.DataFrame({"C": C, "T": T, "D": D, "grade": grade}, index=table.index)
    shown = ", ".join(f"{node} {weight:.4g}" for node, weight in weights.items())
    frame.attrs["convention"] = (
        f"{form}: {FORMS[form]}; T = weighted mean with {shown}; D = sqrt(C T); grades: tenths of D"
    )
    return frame


def coordination(index, rule: str = "posts", form: str = "standard") -> pd.DataFrame:
    """Coupling coordination of the pillars of an Index, every year: `unit, year, C, T, D, grade`.

    Weights are those of the pillars in the index, posts the ends of its scale; `rule` as in `rescale`, `form` as in
    `coupling`; `attrs["convention"]` states both. Raises InputError for an index of one pillar, for pillars without a
    common scale, for weights that differ by group, and as those do.
    """
    pillars = index.spec.pillars
    _same_weights(index.spec, "coupling coordination")
    weight = index.weights[pillars] / index.weights[pillars].sum()
    return _every_year(lambda table: coupling(table, weight, form), index, pillars, rule)


def _same_weights(spec, what: str) -> None:
    refuse(what, ["weights differ by group of units: leave group_weights out"] * bool(spec.group_weights))


def obstacle(table: pd.DataFrame, weights, parents=None) -> pd.DataFrame:
    """Obstacle degree: `unit, node, pillar, deviation` 1 - z, `obstacle` F_j (1 - z) and `share` of the unit's sum.

    `table`: rows units, columns indicators, values z in [0, 1]; `weights` F_j: the weight of each indicator in the
    whole index; `parents`: indicator -> pillar. A unit without any deviation has no obstacle (share missing). Sum
    `share` by pillar for the obstacle of a pillar. Raises InputError as `coupling` does.
    """
    table, weights = _unit_interval("obstacle degree", table, weights)
    deviation = (1 - table).rename_axis(index="unit", columns="node")
    frame = deviation.stack().rename("deviation").reset_index()
    frame.insert(2, "pillar", frame["node"].map(parents) if parents is not None else frame["node"])
    frame["obstacle"] = frame["node"].map(weights).astype(float) * frame["deviation"]
    total = frame.groupby("unit")["obstacle"].transform("sum")
    frame["share"] = frame["obstacle"] / total.where(total > 0)
    frame.attrs["convention"] = (
        "obstacle = F_j (1 - z), F_j = weight in the index; share = obstacle / the unit's sum"
    )
    return frame


def obstacles(index, rule: str = "posts") -> pd.DataFrame:
    """Obstacle degree of every indicator of an Index, every year: `unit, year, node, pillar, deviation, obstacle,
    share`, as `obstacle`; `rule` as in `rescale`. Raises InputError for an index in which an indicator does not count
    by its weight, for indicators without a common scale, for weights that differ by group, and as those do."""
    spec = index.spec
    below = set(spec.leaves(spec.root))
    nodes = [leaf for leaf in spec.indicators if leaf in below]
    refuse(
        "obstacle degree",
        [
            f'{node}: aggregation = "{rule["aggregation"]}": its children do not count by their weights, which the '
            "obstacle degree multiplies: use a mean"
            for node, rule in spec.rules.items()
            if not rule["leaf"] and rule["aggregation"] not in WEIGHED and index.weight_in_index[node] > 0
        ],
    )
    _same_weights(spec, "obstacle degree")
    return _every_year(
        lambda table: obstacle(table, index.weight_in_index[nodes], index.pillar), index, nodes, rule
    )


def _every_year(measure, index, nodes: list, rule: str) -> pd.DataFrame:
    """`measure(table)` of every year's rescaled scores (units by nodes), stacked, with `year` and the rule in the
    convention. Units that a year lacks are not in it; one that lacks some node of a year is refused."""
    (low, high), frames = _readable(index.spec, nodes, f"scores of {', '.join(nodes)}"), []
    rules: dict[str, list] = {}
    faults: list[str] = []
    for year in index.years:
        try:
            table = rescale(index.wide(year)[nodes].dropna(how="all"), low, high, rule)
            frame = measure(table)
            convention = frame.attrs["convention"]
            frames.append(frame if "unit" in frame else frame.rename_axis("unit").reset_index())
            frames[-1].insert(1, "year", year)
            rules.setdefault(table.attrs["rule"], []).append(str(year))
        except InputError as error:
            faults += [f"{year}: {fault}" for fault in error.faults]
    refuse(f"scores of {', '.join(nodes)}", faults)
    found = pd.concat(frames, ignore_index=True)
    stated = "; ".join(f"{', '.join(years)}: {text}" for text, years in rules.items())
    found.attrs["convention"] = f"{convention}; {stated}"
    return found


# What the chapter says


def in_step(degree: pd.DataFrame, bound: float = 0.5) -> dict:
    """Best and worst city, their grades, and how many reach `bound`; empty without cities.

    `degree`: rows of `coordination` of one year, best first, such as `known.disclosed` leaves.
    """
    if degree.empty:
        return {}
    best, worst, reached = degree.iloc[0], degree.iloc[-1], degree["D"].ge(bound)
    return {
        "best": best["unit"],
        "top": best["D"],
        "grade": f"grade {best['grade']}",
        "worst": worst["unit"],
        "bottom": worst["D"],
        "low_grade": f"grade {worst['grade']}",
        "bound": bound,
        "coordinated": int(reached.sum()),
        "share": 100 * reached.mean(),
    }


def first_obstacles(blocks: pd.DataFrame, pillars: list, order) -> pd.DataFrame:
    """One row a unit, units as in `order`: `unit, first_obstacle, obstacle_pct, lowest_indicator` (farthest from
    the best) and `obstacle_pct_<pillar>`; per cent of the unit's obstacles. Units without any obstacle are left out.

    `blocks`: rows of `obstacles` of one year.
    """
    held = blocks.dropna(subset="share")
    order = [unit for unit in order if unit in set(held["unit"])]
    first, lowest = (
        held.loc[held.groupby("unit")[by].idxmax()].set_index("unit").loc[order]
        for by in ("share", "deviation")
    )
    by_pillar = 100 * held.groupby(["unit", "pillar"])["share"].sum().unstack().reindex(columns=pillars)
    table = pd.DataFrame(
        {
            "first_obstacle": first["node"],
            "obstacle_pct": 100 * first["share"],
            "lowest_indicator": lowest["node"],
        }
    )
    return table.join(by_pillar.add_prefix("obstacle_pct_")).rename_axis("unit").reset_index()


def by_region(blocks: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """Mean obstacle degree of the cities of each region, per cent: `region, node, obstacle_pct`, regions by the mean
    score of `cities` (unit, region, score), nodes as in `blocks` (rows of `obstacles` of one year, whose attrs stay)."""
    order = cities.groupby("region")["score"].mean().sort_values(ascending=False).index
    region = blocks["unit"].map(cities.set_index("unit")["region"])
    table = 100 * blocks["share"].groupby([region, blocks["node"]], sort=False).mean().unstack()
    table = table.loc[order.intersection(table.index, sort=False)].rename_axis(index="region", columns="node")
    long = table.stack().rename("obstacle_pct").reset_index()
    long.attrs = blocks.attrs
    return long


def holding_back(table: pd.DataFrame, areas: pd.DataFrame, k: int = 5) -> dict:
    """The most frequent first obstacles, the pillar with the highest mean obstacle degree, first obstacles of the first
    `k` units; the indicator that holds the regions back most on average and the largest cell. Empty without units.

    `table` as of `first_obstacles`, `areas` as of `by_region`.
    """
    if table.empty:
        return {}
    often = table["first_obstacle"].value_counts()
    mean = table.filter(like="obstacle_pct_").mean()
    return {
        "main": often.index[0],
        "count": int(often.iloc[0]),
        "second": often.index[1] if len(often) > 1 else None,
        "second_count": int(often.iloc[1]) if len(often) > 1 else 0,
        "pillar": mean.idxmax().removeprefix("obstacle_pct_"),
        "pillar_pct": mean.max(),
        "k": k,
        "leaders": table.head(k)[["unit", "first_obstacle", "obstacle_pct"]].to_dict("records"),
        "darkest": areas.groupby("node")["obstacle_pct"].mean().idxmax(),
        "deepest": areas.loc[areas["obstacle_pct"].idxmax()].to_dict(),
    }
