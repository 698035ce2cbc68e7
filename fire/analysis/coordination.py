"""Coupling coordination between the pillars, and the obstacles that hold each unit back."""

import numpy as np
import pandas as pd

from fire.analysis.regions import wide
from fire.errors import InputError, refuse

RULES = {
    "posts": "U = (score - {low:g})/({high:g} - {low:g}); a score outside {low:g}-{high:g} is refused",
    "clip": "U = (score - {low:g})/({high:g} - {low:g}), set to 0 or 1 beyond; {clipped} of {cells} cells were",
    "frontier": "U = (score - {low:g})/(best score of the node in the year - {low:g}): the year's frontier is 1, "
    "so levels of different years do not compare; a score below {low:g} is refused",
}
FORMS = {
    "standard": "C = n (prod U)^(1/n) / sum U",
    "modified": "C = sqrt([1 - mean |U_i - U_j|] [prod U_i/max U]^(1/(n-1))), Wang et al. (2021)",
}
GRADES = {
    "zh": [
        "极度失调",
        "严重失调",
        "中度失调",
        "轻度失调",
        "濒临失调",
        "勉强协调",
        "初级协调",
        "中级协调",
        "良好协调",
        "优质协调",
    ],
    "en": [
        "extreme imbalance",
        "severe imbalance",
        "moderate imbalance",
        "mild imbalance",
        "near imbalance",
        "bare coordination",
        "primary coordination",
        "intermediate coordination",
        "good coordination",
        "quality coordination",
    ],
}


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
                for unit, node in cells(outside)
            ],
        )
    scaled = scaled.clip(0, 1)
    scaled.attrs["rule"] = RULES[rule].format(
        low=low, high=high, clipped=int(outside.sum().sum()), cells=outside.size
    )
    return scaled


def cells(mask: pd.DataFrame) -> list[tuple]:
    """Row and column names of the true cells."""
    stacked = mask.stack()
    return list(stacked.index[stacked])


def unit_interval(what: str, table: pd.DataFrame, weights) -> tuple[pd.DataFrame, pd.Series]:
    """The table as floats and the weights on its columns; InputError when they cannot be used."""
    table = table.astype(float)
    weights = pd.Series(1 / table.shape[1], table.columns) if weights is None else weights
    if not isinstance(weights, (dict, pd.Series)):
        weights = dict(zip(table.columns, weights, strict=True))
    weights = pd.Series(weights, dtype=float).reindex(table.columns)
    faults = [
        f"{unit}, {node}: missing: impute it by a declared rule or leave the unit out"
        for unit, node in cells(table.isna())
    ]
    faults += [
        f"{unit}, {node}: {table.at[unit, node]:g} lies outside 0-1: rescale the scores first (rescale)"
        for unit, node in cells((table < 0) | (table > 1))
    ]
    faults += [f"weight of {node} is missing or negative" for node in weights.index[~(weights >= 0)]]
    if not faults and abs(weights.sum() - 1) > 1e-9:
        faults.append(f"the weights sum to {weights.sum():g}: make them sum to 1")
    refuse(what, faults)
    return table, weights


def coupling(table: pd.DataFrame, weights=None, form: str = "standard") -> pd.DataFrame:
    """Coupling coordination of n systems: index unit; `C` (coupling), `T` (level), `D` = sqrt(C T), `grade` 1-10.

    `table`: rows units, columns systems, values in [0, 1]; `weights` sum to one (default equal). Grades are tenths of
    D (`GRADES`). A unit with all systems at zero has no C, and D = 0. Raises InputError for values outside [0, 1],
    missing values and weights that do not sum to one.
    Source of the modified form: Wang et al., Journal of Natural Resources 36 (2021), 793-810.
    """
    table, weights = unit_interval("coupling coordination", table, weights)
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
            C = np.exp(np.log(u).mean(axis=1)) / u.mean(axis=1)
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


def coordination(
    scores: pd.DataFrame, weights: dict, low: float, high: float, rule: str = "posts", form: str = "standard"
) -> pd.DataFrame:
    """Coupling coordination of the nodes of `weights` (node -> weight), every year: `unit, year, C, T, D, grade`.

    `low`, `high` and `rule` as in `rescale`; `attrs` state the rule and the form.
    """

    def measure(table):
        frame = coupling(table, weights, form)
        attrs, frame = frame.attrs, frame.rename_axis("unit").reset_index()
        frame.attrs = attrs
        return frame

    return every_year(measure, scores, list(weights), low, high, rule)


def obstacle(table: pd.DataFrame, weights, parents=None) -> pd.DataFrame:
    """Obstacle degree: `unit, node, pillar, deviation` 1 - z, `obstacle` F_j (1 - z) and `share` of the unit's sum.

    `table`: rows units, columns indicators, values z in [0, 1]; `weights` F_j: the weight of each indicator in the
    whole index; `parents`: indicator -> pillar. A unit without any deviation has no obstacle (share missing). Sum
    `share` by pillar for the obstacle of a pillar. Raises InputError as `coupling` does.
    """
    table, weights = unit_interval("obstacle degree", table, weights)
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


def obstacles(
    scores: pd.DataFrame,
    weights: dict,
    low: float,
    high: float,
    rule: str = "posts",
    parents: dict | None = None,
) -> pd.DataFrame:
    """Obstacle degree of the nodes of `weights` (node -> weight in the index): as `obstacle`, for every `year`."""
    return every_year(lambda table: obstacle(table, weights, parents), scores, list(weights), low, high, rule)


def every_year(
    measure, scores: pd.DataFrame, nodes: list, low: float, high: float, rule: str
) -> pd.DataFrame:
    """`measure(table)` of every year's rescaled scores, stacked, with `year` and the rule in the convention."""
    tables, frames, rules, faults = {node: wide(scores, node) for node in nodes}, [], {}, []
    for year in sorted(set().union(*tables.values())):
        try:
            table = rescale(pd.DataFrame({node: tables[node].get(year) for node in nodes}), low, high, rule)
            frames.append(measure(table))
            frames[-1].insert(1, "year", year)
            rules.setdefault(table.attrs["rule"], []).append(str(year))
        except InputError as error:
            faults += [f"{year}: {fault}" for fault in error.faults]
    refuse(f"scores of {', '.join(nodes)}", faults)
    frame = pd.concat(frames, ignore_index=True)
    stated = "; ".join(f"{', '.join(years)}: {text}" for text, years in rules.items())
    frame.attrs["convention"] = f"{frames[0].attrs['convention']}; {stated}"
    return frame


def weights_in_index(spec) -> pd.DataFrame:
    """For each indicator its `weight` in the whole index and its `pillar`."""
    rows = {}
    for indicator in spec.indicators:
        node, weight = indicator, 1.0
        while node != spec.root:
            weight, pillar, node = weight * spec.nodes.at[node, "weight"], node, spec.nodes.at[node, "parent"]
        rows[indicator] = {"weight": weight, "pillar": pillar}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("node")
