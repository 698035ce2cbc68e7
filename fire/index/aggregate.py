"""Aggregate scores up the tree: means, penalties, extremes and outranking, with weights rescaled among the children that
are present.

`AGGREGATIONS` holds every rule. Each takes the children's scores (rows × children, NaN where missing), their weights (by
child, or by row and child) and which are present, and gives one score a row. Rows are unit-years; rules that compare
units take those of one year. Sums are exact and rounded once, so that no score depends on which other units are there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import impute, normalise, outranking, rounding, transforms
from fire.index import panel as panels
from fire.index import weights as weighting

ROWS = 4096  # summed at a time: they fit the cache
SPLIT = 2.0**27 + 1  # halves the digits of a number (Dekker 1971, Numerische Mathematik 18, 224-242)


@dataclass(frozen=True)
class Aggregation:
    """One rule: `take` gives the scores; `undefined` marks children for which there are none, `what` needs scores that
    are `needs`, and `fix` says what to do. `between`: units of one year are compared."""

    take: Callable
    undefined: Callable | None = None
    what: str = ""
    needs: str = ""
    fix: str = "start the scale above zero (scale = [1, 10]), or use arithmetic"
    between: bool = False


# Exact sums -------------------------------------------------------------------------------------------------------------


def exact_sum(x: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Sum of each row (of its products with `weights`, by column or by row and column), exact but for one rounding.

    >>> float(exact_sum(np.array([[0.1] * 10]))[0]), sum([0.1] * 10)
    (1.0, 0.9999999999999999)
    """
    total, lost = _sums(x, weights)
    return total + lost


def _sums(x: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """`exact_sum` as a sum and what its rounding has lost: the error of every step is carried along (Neumaier 1974, ZAMM
    54, 39-51; Ogita, Rump and Oishi 2005, SIAM J. Sci. Comput. 26, 1955-1988)."""
    total, lost = np.empty(len(x)), np.empty(len(x))
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        own = weights[rows] if weights is not None and weights.ndim == 2 else weights
        total[rows], lost[rows] = _few_sums(np.asfortranarray(x[rows]), own)
    return total, lost


def _few_sums(x: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    total, error = np.zeros(len(x)), np.zeros(len(x))
    for column in range(x.shape[1]):
        part = x[:, column]
        if weights is not None:
            part, lost = _product(part, weights[..., column])
            error += lost
        new = total + part
        rest = new - total
        error += (total - (new - rest)) + (part - rest)
        total = new
    whole = total + error
    return whole, (total - whole) + error


def _product(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A product and its rounding error (Dekker 1971)."""
    high, above = SPLIT * x, SPLIT * y
    high, above = high - (high - x), above - (above - y)
    low, below, product = x - high, y - above, x * y
    return product, ((high * above - product) + high * below + low * above) + low * below


def mean(x, weights, present):
    """Weighted mean over the present children, exact but for one rounding.

    >>> mean(np.array([[1.0, np.nan, 4.0]]), np.array([0.25, 0.5, 0.25]), np.array([[True, False, True]]))
    array([2.5])
    """
    whole, equal = present.all(), weights.ndim == 1 and np.ptp(weights) == 0 and weights[0] > 0
    x = x if whole else np.where(present, x, 0.0)
    if equal:
        return _quotient(_sums(x), (present.sum(axis=1, dtype=float), 0.0))
    if whole and weights.ndim == 1:
        return _quotient(_sums(x, weights), _sums(weights[None]))
    given = np.where(present, weights, 0.0)
    least = np.where(present, weights, np.inf).min(axis=1)
    # one weight for all that is there has no say, nor has its rounding
    same = (least == given.max(axis=1)) & (least > 0)
    given[same] = present[same]
    return _quotient(_sums(x, given), _sums(given))


def _quotient(over: tuple, under: tuple) -> np.ndarray:
    """One exact sum over another, rounded once; missing where that is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        first = over[0] / under[0]
        part, lost = _product(first, under[0])
        rest = ((over[0] - part) - lost + over[1]) - first * under[1]
        return np.where(under[0] > 0, first + rest / under[0], np.nan)


# Rules ------------------------------------------------------------------------------------------------------------------


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


def _mean_min(x, weights, present, rule):
    """Mean less a penalty that grows with its distance to the worst child: M - alpha (sqrt((M - min)^2 + beta^2) - beta);
    alpha 1 and beta 0 is the minimum (Casadio Tarabusi and Guarini 2013, Social Indicators Research 112, 19-45)."""
    centre = mean(x, weights, present)
    gap = centre - _minimum(x, weights, present, rule)
    return centre - rule["alpha"] * (np.hypot(gap, rule["beta"]) - rule["beta"])


def median(x, weights, present):
    """Weighted median; halfway between two values when the weights below and above are equal."""
    order = np.argsort(x, axis=1)
    ranked = np.take_along_axis(x, order, axis=1)
    below = np.cumsum(np.take_along_axis(np.where(present, weights, 0), order, axis=1), axis=1)
    below /= below[:, -1:]
    lower = np.take_along_axis(ranked, np.argmax(below >= 0.5 - 1e-12, axis=1)[:, None], axis=1)[:, 0]
    upper = np.take_along_axis(ranked, np.argmax(below > 0.5 + 1e-12, axis=1)[:, None], axis=1)[:, 0]
    return (lower + upper) / 2


def _sum(x, weights, present, rule):
    """Plain sum of the children present."""
    return exact_sum(np.where(present, x, 0.0))


def _minimum(x, weights, present, rule):
    return np.where(present, x, np.inf).min(axis=1)


def _maximum(x, weights, present, rule):
    return np.where(present, x, -np.inf).max(axis=1)


def _product_of_all(x, weights, present, rule):
    return np.where(present, x, 1.0).prod(axis=1)


def _worst(x, weights, present, rule):
    """Mean of the k lowest children present."""
    lowest = np.sort(x, axis=1)[:, : rule["worst"]]
    there = ~np.isnan(lowest)
    return mean(lowest, np.ones(lowest.shape[1]), there)


def _ratio(x, weights, present, rule):
    """The first child over the second."""
    return x[:, 0] / x[:, 1]


def _benefit_of_the_doubt(x, weights, present, rule):
    """Each unit under the weights that suit it best, as a share of the best unit under them."""
    rows = present.all(axis=1)
    y = np.full(len(x), np.nan)
    y[rows] = weighting.benefit_of_the_doubt(pd.DataFrame(x[rows])).attrs["scores"]
    return y


def _generalised_undefined(x, rule, weights):
    return _positive(x, rule, weights) if rule["exponent"] <= 0 else (x < 0) & (rule["exponent"] != 1)


def _positive(x, rule, weights):
    return x <= 0


def _no_positive_mean(x, rule, weights):
    """The mean stands in the denominator, not the children."""
    return (x <= 0) & (mean(x, weights, ~np.isnan(x)) <= 0)[:, None]


def _zero_below(x, rule, weights):
    return (x == 0) & (np.arange(x.shape[1]) == 1)


ABOVE, FROM = "above zero", "of zero or more"
_MAZZIOTTA = partial(
    Aggregation,
    _mazziotta_pareto,
    undefined=_no_positive_mean,
    needs=ABOVE,
    fix='set normalise = "centred" with scale = [70, 130], or "zscore" with [100, 10]',
)
AGGREGATIONS = {
    "arithmetic": Aggregation(lambda x, weights, present, rule: mean(x, weights, present)),
    "geometric": Aggregation(
        lambda x, weights, present, rule: _power_mean(x, weights, present, 0),
        _positive,
        "a geometric mean",
        ABOVE,
    ),
    "harmonic": Aggregation(
        lambda x, weights, present, rule: _power_mean(x, weights, present, -1),
        _positive,
        "a harmonic mean",
        ABOVE,
    ),
    "generalised": Aggregation(
        lambda x, weights, present, rule: _power_mean(x, weights, present, rule["exponent"]),
        _generalised_undefined,
        "a generalised mean",
        ABOVE,
    ),
    "median": Aggregation(lambda x, weights, present, rule: median(x, weights, present)),
    "mpi": _MAZZIOTTA(what="the Mazziotta-Pareto index"),
    "ampi": _MAZZIOTTA(what="the adjusted Mazziotta-Pareto index"),
    "mean_min": Aggregation(_mean_min),
    "sum": Aggregation(_sum),
    "product": Aggregation(_product_of_all),
    "minimum": Aggregation(_minimum),
    "maximum": Aggregation(_maximum),
    "worst": Aggregation(_worst),
    "ratio": Aggregation(
        _ratio, _zero_below, "a ratio", "other than zero below", "give the second child a value"
    ),
    "copeland": Aggregation(lambda x, weights, present, rule: outranking.copeland(x, weights), between=True),
    "topsis": Aggregation(lambda x, weights, present, rule: outranking.topsis(x, weights), between=True),
    "bod": Aggregation(
        _benefit_of_the_doubt, lambda x, rule, weights: x < 0, "the benefit of the doubt", FROM, between=True
    ),
}
# Rules whose score is a mean of the children after one and the same link, which analyses of parts rest on.
LINKED = ("arithmetic", "geometric", "harmonic")


def one(
    x: np.ndarray, weights: np.ndarray, rule: dict, years: int, none: np.ndarray | None = None
) -> np.ndarray:
    """Scores of one node from those of its children; missing where too few children are present. `years`: blocks of
    rows whose units are compared with each other; `none`: children that do not exist for a unit."""
    if rule["same_as"]:
        return x[:, 0].copy()
    present, how = ~np.isnan(x), AGGREGATIONS[rule["aggregation"]]
    link = rule["link"]
    with np.errstate(invalid="ignore", divide="ignore"):
        x = x if link is None else link[0] + link[1] * x
        if how.between:
            own = [block[0] for block in np.split(weights, years)] if weights.ndim == 2 else [weights] * years
            parts = zip(np.split(x, years), own, np.split(present, years))
            y = np.concatenate([how.take(*part, rule) for part in parts])
        else:
            y = how.take(x, weights, present, rule)
        y = y if link is None else (y - link[0]) / link[1]
    y[~enough(present, rule, none)] = np.nan
    return y


def enough(present: np.ndarray, rule: dict, none: np.ndarray | None = None) -> np.ndarray:
    """Rows with as many children as the node needs, of those that exist for the unit (`none`: do not)."""
    size = present.shape[1] if none is None else np.maximum((~none).sum(axis=1), 1)
    count = present.sum(axis=1)
    return (count / size >= max(rule["coverage"] - 1e-12, 1e-12)) & (count >= np.minimum(rule["least"], size))


def undefined(
    x: np.ndarray, rule: dict, weights: np.ndarray, index: pd.MultiIndex, names: list[str]
) -> list[str]:
    """Scores of children for which the rule of a node is not defined, one sentence each."""
    how = AGGREGATIONS[rule["aggregation"]]
    if how.undefined is None:
        return []
    taken = x if rule["link"] is None else rule["link"][0] + rule["link"][1] * x
    with np.errstate(invalid="ignore"):
        bad = how.undefined(taken, rule, weights)
    if not bad.any():
        return []
    needs = FROM if rule["aggregation"] == "generalised" and rule["exponent"] > 0 else how.needs
    return [
        f"{cell}: {how.what} needs scores {needs}: {how.fix}"
        for cell in panels.cells(pd.DataFrame(x, index=index, columns=names), bad)
    ]


# Trees ------------------------------------------------------------------------------------------------------------------


def aggregate(
    table: pd.DataFrame,
    spec,
    used: pd.Series | None = None,
    posts: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame | None]:
    """Scores of all nodes (columns in the order of the specification), the weights used by node, and the posts of inner
    nodes that are normalised (None where there are none).

    `used`: weights of an earlier aggregation, for some of its cells: nothing is derived and nothing checked again.
    `posts`: where inner nodes have theirs; `groups`: of each unit. Raises InputError for scores for which a rule is not
    defined.
    """
    nodes = spec.nodes
    weights, faults = (nodes["weight"] if used is None else used).to_numpy(dtype=float, copy=True), []
    place, found = spec.place, []
    scores = np.empty((len(table), len(nodes)))
    leaves = [place[leaf] for leaf in table.columns]
    scores[:, _span(leaves)] = table.to_numpy()
    _round_columns(scores, leaves, spec)
    reference = _reference_rows(table, spec) if used is None else None
    years, live = len(panels.years_of(table)), table.notna().to_numpy().any(axis=1)
    own = by_row(weights, spec, table.index, groups) if spec.group_weights else weights
    none = impute.nonexistent(spec, table.index, groups)
    for node, children in reversed(spec.families.items()):
        rule, columns = spec.rules[node], _span([place[child] for child in children])
        x = scores[:, columns]
        if used is None and not faults and rule["weighting"] != "given":
            weights[columns] = derived(x[reference], children, weights[columns], rule)
            own = by_row(weights, spec, table.index, groups) if spec.group_weights else weights
        given = own[..., columns]
        if used is None:
            faults += [f"{node}: {fault}" for fault in undefined(x, rule, given, table.index, children)]
        if faults:  # nothing is computed from here on, the rest is only checked
            scores[:, place[node]] = np.nan
            continue
        y = one(x, given, rule, years, None if none is None else none[:, columns])
        if used is None and shaped(rule) and not normalise.of_data(rule):
            normalise.transform(pd.DataFrame({node: y}, index=table.index), spec, posts)  # or it says why not
        y, line = _finished(y, node, spec, table.index, posts, groups, live)
        scores[:, place[node]] = y
        found += [] if line is None else [line]
    refuse("aggregation", faults)
    frame = pd.DataFrame(scores, index=table.index, columns=nodes.index, copy=False)
    return (
        frame,
        pd.Series(weights, index=nodes.index, name="weight"),
        reduce(normalise.joined, found) if found else None,
    )


def scores(
    x: np.ndarray,
    spec,
    weights: np.ndarray,
    index: pd.MultiIndex,
    posts: pd.DataFrame | None = None,
    groups: pd.Series | None = None,
) -> np.ndarray:
    """Scores of all nodes (rows × nodes) of one panel or of many stacked ones, such as draws.

    `x`: indicator scores (rows × indicators in the order of the specification), the rows of `index` (year, unit) once
    for each panel. `weights`: of every node in its parent (nodes), or of every row (rows × nodes). Nothing is checked.
    """
    place, panels_stacked = spec.place, len(x) // len(index)
    out = np.empty((len(x), len(place)))
    leaves = [place[leaf] for leaf in spec.indicators]
    out[:, _span(leaves)] = x
    _round_columns(out, leaves, spec)
    years = index.get_level_values("year").nunique() * panels_stacked
    live, none = ~np.isnan(x).all(axis=1), impute.nonexistent(spec, index, groups)
    none = none if none is None else np.tile(none, (panels_stacked, 1))
    for node, children in reversed(spec.families.items()):
        columns = _span([place[child] for child in children])
        own = None if none is None else none[:, columns]
        y = one(out[:, columns], weights[..., columns], spec.rules[node], years, own)
        out[:, place[node]] = _finished(y, node, spec, index, posts, groups, live)[0]
    return out


def _finished(
    y, node: str, spec, index: pd.MultiIndex, posts, groups, live
) -> tuple[np.ndarray, pd.DataFrame | None]:
    """The aggregate of a node after its rule for missing scores, its limits, transform and normalisation, rounded; and
    the posts that followed from the data."""
    rule, line = spec.rules[node], None
    if rule["missing"] != "none":
        size = len(y) // len(index)
        parts = zip(np.split(y, size), np.split(live, size))
        y = np.concatenate([impute.fill_node(part, node, spec, index, groups, own) for part, own in parts])
    if shaped(rule):
        if normalise.of_data(rule):
            tables = (pd.DataFrame({node: part}, index=index) for part in np.split(y, len(y) // len(index)))
            done = [normalise.node(table, spec, posts) for table in tables]
            y, line = np.concatenate([score for score, _ in done]), done[0][1]
        else:
            y = normalise.alone(y, rule, index.get_level_values("unit").nunique())
    declared = rounding.declared(spec, node)
    return (y if declared is None else rounding.rounded(y, declared)), line


def shaped(rule: dict) -> bool:
    """Does a node change the aggregate of its children before it goes up?"""
    plain = rule["normalise"] == "none" and rule["direction"] == 1 and rule["range"] == "open"
    return not (plain and rule["limits"] is None and transforms.kind_of(rule) == "identity")


def compares(rule: dict) -> bool:
    """Does the score of a node depend on those of other units?"""
    return AGGREGATIONS[rule["aggregation"]].between or (
        shaped(rule) and (rule["normalise"] in normalise.RANKS or normalise.of_data(rule))
    )


def _round_columns(scores: np.ndarray, columns: list[int], spec) -> None:
    """Round the indicators whose rounding is declared, in place."""
    for column, leaf in zip(columns, spec.indicators):
        if rule := rounding.declared(spec, leaf):
            scores[:, column] = rounding.rounded(scores[:, column], rule)


def by_row(weights: np.ndarray, spec, index: pd.MultiIndex, groups: pd.Series | None) -> np.ndarray:
    """Weights of every row (rows × nodes): those of all, and for units of some groups their own.

    Raises InputError where a unit has no group.
    """
    units = index.get_level_values("unit")
    if groups is None:
        refuse("weights", ["weights differ by group: give the group of every unit, as groups"])
    own = pd.Series(units).map(groups)
    impute.known_groups(spec.group_weights, groups)
    lost = sorted(set(units[own.isna().to_numpy()]))
    refuse(
        "weights", [f"'{unit}' has no group, which decides its weights: add it to groups" for unit in lost]
    )
    rows = np.tile(weights, (len(index), 1))
    for group, changed in spec.group_weights.items():
        here = own.eq(group).to_numpy()
        for node, weight in changed.items():
            rows[here, spec.place[node]] = weight
    return rows


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
    return weighting.RULES[rule["weighting"]](data, pd.Series(given, index=names), rule).to_numpy()
