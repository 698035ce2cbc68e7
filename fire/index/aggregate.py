"""Aggregate scores up the tree: weighted means and outranking, weights rescaled among the children that are present.

Each method takes the children's scores (rows × children, NaN where missing) and their weights, and gives one score a
row. Rows are unit-years; Copeland and the benefit of the doubt compare the units of one year.
"""

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import panel as panels
from fire.index import rounding
from fire.index import weights as weighting

POSITIVE = {
    "geometric": "a geometric mean",
    "harmonic": "a harmonic mean",
    "generalised": "a generalised mean",
    "mpi": "the Mazziotta-Pareto index",
    "ampi": "the adjusted Mazziotta-Pareto index",
    "bod": "the benefit of the doubt",
}
BLOCK = 128  # units compared with all others at a time
HALF = 1e-12  # a difference of weights that is only rounding error: the pair is a draw


def aggregate(table: pd.DataFrame, spec, used: pd.Series | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """Scores of all nodes (columns in the order of the specification) and the weights used, by node.

    `used`: weights of an earlier aggregation, for some of its cells: nothing is derived and nothing checked again.
    Raises InputError for scores at or below zero where a method takes their logarithm or inverse.
    """
    nodes = spec.nodes
    place = {node: position for position, node in enumerate(nodes.index)}
    scores = np.empty((len(table), len(nodes)))
    scores[:, _span([place[leaf] for leaf in table.columns])] = table.to_numpy()
    weights, faults = (nodes["weight"] if used is None else used).to_numpy(dtype=float, copy=True), []
    reference = _reference_rows(table, spec) if used is None else None
    for node, children in reversed(spec.families.items()):
        rule, columns = spec.rules[node], _span([place[child] for child in children])
        x = scores[:, columns]
        if used is None:
            faults += [f"{node}: {fault}" for fault in _not_positive(x, rule, table.index, children)]
        if faults:  # nothing is computed from here on, the rest is only checked
            scores[:, place[node]] = np.nan
            continue
        if rule["weighting"] != "given" and used is None:
            weights[columns] = derived(x[reference], children, weights[columns], rule)
        scores[:, place[node]] = one(x, weights[columns], rule, len(panels.years_of(table)))
        if spec.method["rounding"].get("at") == "every_node":
            scores[:, place[node]] = rounding.rounded(scores[:, place[node]], spec.method["rounding"])
    refuse("aggregation", faults)
    frame = pd.DataFrame(scores, index=table.index, columns=nodes.index, copy=False)
    return frame, pd.Series(weights, index=nodes.index, name="weight")


def _span(columns: list[int]) -> slice | list[int]:
    """Neighbouring columns as a slice: numpy need not copy them."""
    return slice(columns[0], columns[-1] + 1) if columns == [*range(columns[0], columns[-1] + 1)] else columns


def _reference_rows(table: pd.DataFrame, spec) -> np.ndarray:
    """Rows from which derived weights are computed: the base year, or all years when there is none."""
    years = table.index.get_level_values("year")
    if any(spec.rules[leaf]["reference"] != "base" for leaf in spec.indicators):
        return np.ones(len(table), dtype=bool)
    base = np.asarray(years == spec.method["base_year"])
    derived = [node for node in spec.families if spec.rules[node]["weighting"] not in ("given", "ahp")]
    refuse(
        "weights",
        [
            f"{node}: the panel has no data of the base year {spec.method['base_year']}, which give the "
            "weights: add them, or give the weights of a locked edition"
            for node in derived
            if not base.any()
        ],
    )
    return base


def derived(x: np.ndarray, names, given: np.ndarray, rule: dict) -> np.ndarray:
    """Weights of the children of a node by its weighting rule, from their scores on the reference rows."""
    data = pd.DataFrame(x, columns=names).dropna()
    if rule["weighting"] == "ahp":
        return weighting.ahp(rule["judgements"], names).to_numpy()
    if rule["weighting"] == "entropy":
        return weighting.entropy(data, shift=rule["shift"]).to_numpy()
    if rule["weighting"] == "importance":
        return weighting.importance(data, pd.Series(given, index=names)).to_numpy()
    return getattr(weighting, rule["weighting"])(data).to_numpy()


def one(x: np.ndarray, weights: np.ndarray, rule: dict, years: int) -> np.ndarray:
    """Scores of one node; missing where too few children are present."""
    present = ~np.isnan(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        if rule["aggregation"] in ("copeland", "bod"):
            method = copeland if rule["aggregation"] == "copeland" else _benefit_of_the_doubt
            y = np.concatenate([method(block, weights) for block in np.split(x, years)])
        else:
            y = MEANS[rule["aggregation"]](x, weights, present, rule)
    y[present.mean(axis=1) < max(rule["coverage"] - 1e-12, 1e-12)] = np.nan
    return y


def mean(x, weights, present):
    """Weighted mean over the present children.

    >>> mean(np.array([[1.0, np.nan, 4.0]]), np.array([0.25, 0.5, 0.25]), np.array([[True, False, True]]))
    array([2.5])
    """
    if present.all():
        return x @ (weights / weights.sum())
    total = present @ weights
    return np.divide(np.where(present, x, 0) @ weights, total, out=np.full(len(x), np.nan), where=total > 0)


def _power_mean(x, weights, present, exponent):
    """Generalised mean; exponent 0 is the geometric, -1 the harmonic mean."""
    if exponent == 0:
        return np.exp(mean(np.log(x), weights, present))
    return mean(x**exponent, weights, present) ** (1 / exponent)


def _mazziotta_pareto(x, weights, present, rule):
    """Mean minus (penalty up: plus) variance / mean over the children: Mazziotta and Pareto (2016), Social Indicators
    Research 127, 983-1003; the variance divides by the number of children."""
    centre = mean(x, weights, present)
    variance = mean((x - centre[:, None]) ** 2, weights, present)
    return centre + (1 if rule["penalty"] == "up" else -1) * variance / centre


def median(x, weights, present):
    """Weighted median; halfway between two values when the weights below and above are equal."""
    order = np.argsort(x, axis=1)
    ranked = np.take_along_axis(x, order, axis=1)
    below = np.cumsum(np.where(present, weights, 0)[np.arange(len(x))[:, None], order], axis=1)
    below /= below[:, -1:]
    lower = np.take_along_axis(ranked, np.argmax(below >= 0.5 - 1e-12, axis=1)[:, None], axis=1)[:, 0]
    upper = np.take_along_axis(ranked, np.argmax(below > 0.5 + 1e-12, axis=1)[:, None], axis=1)[:, 0]
    return (lower + upper) / 2


MEANS = {
    "arithmetic": lambda x, weights, present, rule: mean(x, weights, present),
    "geometric": lambda x, weights, present, rule: _power_mean(x, weights, present, 0),
    "harmonic": lambda x, weights, present, rule: _power_mean(x, weights, present, -1),
    "generalised": lambda x, weights, present, rule: _power_mean(x, weights, present, rule["exponent"]),
    "median": lambda x, weights, present, rule: median(x, weights, present),
    "mpi": _mazziotta_pareto,
    "ampi": _mazziotta_pareto,
}


def copeland(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Copeland scores: rivals beaten minus rivals that win, over all pairs of units. A unit beats another when it is
    better on more than half of the weight of the children that both have (ties count half); an exact half is a draw
    (Saisana and others 2010; COINr, a_copeland).

    >>> copeland(np.array([[3.0, 1.0, 1.0], [2.0, 2.0, 0.0]]), np.array([0.25, 0.5, 0.25]))
    array([0., 0.])
    """
    place, score, share = (
        rounding.ranks(-x),
        np.empty(len(x)),
        weights / weights.sum(),
    )  # the worst has place 1
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        margin = np.zeros((len(place[rows]), len(x)))
        for column, weight in zip(place.T, share):
            own = column[rows, None]
            margin += weight * ((own > column).view(np.int8) - (own < column).view(np.int8))
        score[rows] = (margin > HALF).sum(axis=1) - (margin < -HALF).sum(axis=1)
    return score


def _benefit_of_the_doubt(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each unit under the weights that suit it best, as a share of the best unit under them."""
    rows = ~np.isnan(x).any(axis=1)
    y = np.full(len(x), np.nan)
    y[rows] = weighting.benefit_of_the_doubt(pd.DataFrame(x[rows])).attrs["scores"]
    return y


def _not_positive(x, rule, index, names) -> list[str]:
    """Scores for which the method of the node is not defined."""
    method, power = rule["aggregation"], rule["exponent"]
    if method not in POSITIVE or (method == "generalised" and power == 1):
        return []
    zero = method == "bod" or (method == "generalised" and power > 0)
    with np.errstate(invalid="ignore"):
        bad = x < 0 if zero else x <= 0
    if method in ("mpi", "ampi"):  # the mean stands in the denominator, not the children
        bad &= (np.nansum(x, axis=1) <= 0)[:, None]
    if not bad.any():
        return []
    fix = (
        'set normalise = "centred" with scale = [70, 130], or "zscore" with [100, 10]'
        if "mpi" in method
        else "start the scale above zero (scale = [1, 10]), or use arithmetic"
    )
    return [
        f"{cell}: {POSITIVE[method]} needs scores {'of zero or more' if zero else 'above zero'}: {fix}"
        for cell in panels.cells(pd.DataFrame(x, index=index, columns=names), bad)
    ]
