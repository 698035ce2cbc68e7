"""Weights: how much each child counts in its parent.

Functions of data take a frame (rows: units; columns: indicators, normalised so that more is better) and give a Series
that sums to one. `docs/methodology.md` states the conventions with their sources.
"""

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index.arguments import number

RANDOM_INDEX = [0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49]  # Saaty (1980), by size of the matrix


def _to_one(raw: pd.Series, what: str) -> pd.Series:
    """Scale to sum one; InputError for weights below zero or all zero."""
    bad = [f"{name}: {value:.6g} is below zero" for name, value in raw.items() if not value >= 0]
    refuse(
        what,
        bad
        or (
            []
            if raw.sum() > 0
            else ["all weights are zero: every column is constant, or says the same as the others"]
        ),
    )
    return (raw / raw.sum()).rename("weight")


def equal(data: pd.DataFrame) -> pd.Series:
    return pd.Series(1 / data.shape[1], index=data.columns, name="weight")


def effective(spec, used: pd.Series | None = None) -> pd.Series:
    """Weight of every node in the whole index: the product of the weights on the way up to the root, summed over the ways
    where a node stands at several places; 0 for what stands beside the index.

    `used`: weight of every node in its parent where data gave some (`Index.weights`); default those of the
    specification.
    """
    own = (spec.nodes["weight"] if used is None else used).astype(float).to_dict()
    found = dict.fromkeys(own, 0.0) | {spec.root: 1.0}
    for node, children in spec.families.items():
        total = sum(own[child] for child in children)
        for child in children:
            found[child] += found[node] * (own[child] / total if len(children) > 1 else 1.0)
    return pd.Series(found, name="effective_weight").rename_axis("id")


def ahp(judgements, names=None, method: str = "eigenvector") -> pd.Series:
    """Weights from pairwise comparisons (Saaty 1980): the principal eigenvector, or the `geometric_mean` of the rows.

    `.attrs` of the result holds lambda_max, consistency_index and consistency_ratio (below 0.1 is usual).

    >>> round(ahp([[1, 2], ["1/2", 1]]).attrs["consistency_index"], 9)
    0.0
    """
    matrix = np.array([[number(cell) for cell in row] for row in judgements])
    n = len(matrix)
    bad = [
        f"row {i + 1}, column {j + 1}: {matrix[i, j]:g} is not the inverse of {matrix[j, i]:g}"
        for i in range(n)
        for j in range(i + 1)
        if matrix.shape == (n, n) and not abs(matrix[i, j] * matrix[j, i] - 1) < 1e-3
    ]
    refuse("judgements", bad if matrix.shape == (n, n) else [f"{matrix.shape} is not a square matrix"])
    values, vectors = np.linalg.eig(matrix)
    top = np.argmax(values.real)
    raw = np.abs(vectors[:, top].real) if method == "eigenvector" else np.exp(np.log(matrix).mean(axis=1))
    weights = pd.Series(raw / raw.sum(), index=names if names is not None else range(n), name="weight")
    index = (values[top].real - n) / (n - 1) if n > 2 else 0.0
    expected = RANDOM_INDEX[min(n, len(RANDOM_INDEX)) - 1]
    weights.attrs = {
        "lambda_max": float(values[top].real),
        "consistency_index": float(index),
        "consistency_ratio": float(index / expected) if expected else 0.0,
    }
    return weights


def entropy(data: pd.DataFrame, shift: float = 0.0, ready: bool = False, ends: float = 0.0) -> pd.Series:
    """Entropy weights: 1 - e_j, e_j = -(1/ln n) sum p ln p, with 0 ln 0 = 0, on columns scaled to 0-1 (`ready`: taken
    as they are). A constant column gets 0.

    `shift` is added to the scaled values; `ends` stands in for exact zeros, and 1 - `ends` for exact ones. Both move
    the weights, so state them. `.attrs` holds entropy and shift.
    """
    z = data if ready else unit_range(data)
    z = (z.replace({0.0: ends, 1.0: 1 - ends}) if ends else z) + shift
    refuse(
        "entropy weights",
        [f"{name}: values below zero have no entropy: normalise first" for name in z if (z[name] < 0).any()],
    )
    share = z / z.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        e = -(share * np.log(share)).fillna(0).sum() / np.log(len(z))
    e[z.nunique() <= 1] = 1.0  # a constant or empty column tells nothing
    weights = _to_one((1 - e).clip(lower=0), "entropy weights")
    weights.attrs = {"entropy": e.to_dict(), "shift": shift}
    return weights


def unit_range(data: pd.DataFrame) -> pd.DataFrame:
    """Columns scaled to 0-1; a constant column becomes 0."""
    width = (data.max() - data.min()).replace(0, 1)
    return (data - data.min()) / width


def critic(
    data: pd.DataFrame,
    correlation: str = "pearson",
    absolute: bool = False,
    spread: str = "sd",
    ready: bool = False,
    ends: float = 0.0,
) -> pd.Series:
    """CRITIC weights: spread of a column times its conflict, sum over the others of 1 - r (Diakoulaki, Mavrotas and
    Papayannakis 1995), on columns scaled to 0-1. Variants: rank correlations, |r|, spread = "entropy" (1 - e_j, with
    `ends` as in `entropy`)."""
    z = data if ready else unit_range(data)
    r = z.corr(method=correlation).fillna(0)
    conflict = (1 - (r.abs() if absolute else r)).sum() - (1 - np.diag(r))
    size = z.std() if spread == "sd" else 1 - pd.Series(entropy(z, ready=True, ends=ends).attrs["entropy"])
    return _to_one((size * conflict).clip(lower=0), "CRITIC weights")


def variation(data: pd.DataFrame) -> pd.Series:
    """Coefficient-of-variation weights: sd / mean of each column (n - 1 in the sd)."""
    mean = data.mean()
    refuse(
        "weights by variation",
        [
            f"{name}: mean {mean[name]:.6g} is not above zero: use a scale above zero"
            for name in data
            if not mean[name] > 0
        ],
    )
    return _to_one(data.std() / mean, "weights by variation")


LEAST_ROWS = 3  # without a gap, that principal components need


def components(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Principal components of the correlation matrix (rows with missing values left out).

    Returns a table (component: eigenvalue, share, cumulative) and the loadings (columns: components; unit length, signs
    so that each sums to a positive number). Raises InputError for constant columns and fewer than LEAST_ROWS rows without a gap.
    """
    flat = [name for name in data if data[name].nunique() < 2]
    complete = data.dropna()
    few = [f"{len(complete)} rows without a gap: at least {LEAST_ROWS} are needed: fill the gaps"]
    few *= len(complete) < LEAST_ROWS
    refuse("principal components", [f"{name}: constant: leave it out" for name in flat] + few)
    z = (complete - complete.mean()) / complete.std()
    _, size, rotation = np.linalg.svd(z.to_numpy(), full_matrices=False)
    eigen = size**2 / (len(z) - 1)
    rotation *= np.where(rotation.sum(axis=1, keepdims=True) < 0, -1, 1)
    names = [f"PC{number + 1}" for number in range(len(eigen))]
    share = eigen / eigen.sum()
    table = pd.DataFrame({"eigenvalue": eigen, "share": share, "cumulative": share.cumsum()}, index=names)
    return table, pd.DataFrame(rotation.T, index=data.columns, columns=names)


def pca(data: pd.DataFrame, rule: str = "squared", kept: int | None = None) -> pd.Series:
    """Weights from principal components of the correlation matrix, by one of PCA_RULES: `squared` loadings of the first
    component; `retained`: squared loadings of the components that are kept, weighted by the variance they explain;
    `rotated`: the same after a varimax rotation, each column by its own factor (`_of_own_factor`; OECD/JRC Handbook
    2008, p. 89-91); `loadings` of the first component as they are, which can be negative (as COINr's get_PCA).

    `kept`: how many components are kept; default those with an eigenvalue above 1, and at least one. Only `retained`
    and `rotated` read it. Raises InputError for another rule and a number of components that there is not.
    """
    table, vectors = components(data)
    count = max(int((table["eigenvalue"] > 1).sum()), 1) if kept is None else kept
    faults = [f"rule '{rule}' is not known: type one of {', '.join(PCA_RULES)}"] * (rule not in PCA_RULES)
    faults += [f"{count} components cannot be kept: type a number from 1 to {len(table)}"] * (
        not 1 <= count <= len(table)
    )
    refuse("PCA weights", faults)
    return PCA_RULES[rule](vectors * np.sqrt(table["eigenvalue"]), count).rename("weight")


def varimax(loadings: pd.DataFrame) -> pd.DataFrame:
    """Loadings (columns: components; correlations of the data with them) after a varimax rotation with Kaiser's
    normalisation: each row is rotated at unit length (Kaiser 1958, Psychometrika 23, 187-200; by statsmodels). This is the
    default of R's varimax and Stata's `rotate, varimax normalize`. The columns are named F1, F2, …; a sign says nothing.
    """
    from statsmodels.multivariate.factor_rotation import rotate_factors

    table = loadings.to_numpy(dtype=float)
    names = [f"F{number + 1}" for number in range(table.shape[1])]
    if table.shape[1] > 1:
        length = np.linalg.norm(table, axis=1, keepdims=True)
        length[length == 0] = 1.0
        table = rotate_factors(table / length, "varimax")[0] * length
    return pd.DataFrame(table, index=loadings.index, columns=names)


def _of_own_factor(correlations: pd.DataFrame, count: int) -> pd.Series:
    """Weights of the OECD/JRC Handbook (2008, p. 89-91; Nicoletti, Scarpetta and Boylaud 2000): the kept components are
    rotated, the squared loadings of each factor scaled to sum one, and each column belongs to the factor in which it has
    the largest of these. The factor counts by the variance it explains, the column by its scaled squared loading in it; the
    products are scaled to sum one.

    `.attrs`: factor of each column, and the share of the explained variance of each factor (`variance`).
    """
    squared = varimax(correlations.iloc[:, :count]) ** 2
    factor = (squared / squared.sum()).idxmax(axis=1)
    own = squared.to_numpy()[np.arange(len(squared)), squared.columns.get_indexer(factor)]
    weights = _to_one(pd.Series(own, index=squared.index), "PCA weights")
    weights.attrs = {
        "factor": factor.to_dict(),
        "variance": (squared.sum() / squared.to_numpy().sum()).to_dict(),
    }
    return weights


# Weights from the correlations of the columns with the components, and how many of these are kept.
PCA_RULES = {
    "squared": lambda found, count: _to_one(found["PC1"] ** 2, "PCA weights"),
    "retained": lambda found, count: _to_one((found.iloc[:, :count] ** 2).sum(axis=1), "PCA weights"),
    "rotated": _of_own_factor,
    "loadings": lambda found, count: found["PC1"] / np.linalg.norm(found["PC1"]),
}


def loadings(data: pd.DataFrame) -> pd.Series:
    """First principal component of the correlation matrix, brought back to the scale of the columns: loadings over the
    standard deviations, scaled to sum one, which weigh the columns as they are (World Bank, Logistics Performance Index
    2018, appendix 5)."""
    first = components(data)[1]["PC1"]
    return _to_one(first / data.dropna().std(), "weights by loadings")


def benefit_of_the_doubt(data: pd.DataFrame, least: float = 0.0, most: float = 1.0) -> pd.DataFrame:
    """Each unit's own best weights (Cherchye and others 2007): maximise its weighted sum while no unit exceeds one.

    `least` and `most` bound the share of an indicator in the unit's score. Returns weights (units × indicators);
    `.attrs["scores"]` holds the scores, an array in the order of the rows.
    """
    x = data.to_numpy(dtype=float)
    refuse(
        "benefit of the doubt",
        [
            f"{name}: values below zero or missing: normalise and fill them first"
            for place, name in enumerate(data)
            if not (x[:, place] >= 0).all()
        ],
    )
    found = [_best_weights(x, unit, least, most) for unit in range(len(x))]
    refuse(
        "benefit of the doubt",
        [
            f"{data.index[unit]}: no weights meet the bounds {least} and {most}: widen them, "
            "or raise values of zero"
            for unit, weights in enumerate(found)
            if weights is None
        ],
    )
    weights = pd.DataFrame(found, index=data.index, columns=data.columns)
    weights.attrs["scores"] = (weights.to_numpy() * x).sum(axis=1)
    return weights


def _best_weights(x: np.ndarray, unit: int, least: float, most: float):
    own = x[unit]
    size = len(own)
    bounded = [np.diag(own) - most * own] * (most < 1) + [least * own - np.diag(own)] * (least > 0)
    rows = np.vstack([x, *bounded])
    limits = np.r_[np.ones(len(x)), np.zeros(len(rows) - len(x))]
    from scipy.optimize import linprog  # takes a third of a second, and most indices need none of it

    result = linprog(-own, A_ub=rows, b_ub=limits, bounds=[(0, None)] * size, method="highs")
    return result.x if result.success and (result.fun < 0 or not own.any()) else None


def importances(data: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Correlation of each column with the weighted mean of all, as a share of their sum."""
    spread, z = np.cov(data.to_numpy(dtype=float), rowvar=False), weights[data.columns].to_numpy()
    r = spread @ z / np.sqrt(np.diag(spread) * max(z @ spread @ z, 1e-300))
    return pd.Series(r / r.sum(), index=data.columns, name="importance")


def importance(data: pd.DataFrame, target: pd.Series | None = None) -> pd.Series:
    """Weights, none below zero, whose importances come as near to `target` (default: equal) as they can (Becker and
    others 2017, Ecological Indicators 80, 12-22; correlations, as COINr's get_opt_weights).

    `.attrs` holds target and obtained importances and the largest miss: some targets cannot be met.
    """
    names = data.columns
    refuse(
        "importance weights",
        [
            f"{name}: constant: it has no importance at any weight"
            for name in data
            if data[name].nunique() < 2
        ],
    )
    wanted = _to_one(equal(data) if target is None else target[names], "importance targets")

    def miss(raw):
        return ((importances(data, pd.Series(raw, index=names)) - wanted) ** 2).sum()

    starts = [wanted.to_numpy(), np.full(len(names), 1 / len(names))]
    rules = {
        "method": "SLSQP",
        "bounds": [(0, 1)] * len(names),
        "options": {"ftol": 1e-14, "maxiter": 500},
        "constraints": {"type": "eq", "fun": lambda raw: raw.sum() - 1},
    }
    from scipy.optimize import minimize

    tries = [minimize(miss, start, **rules) for start in starts]
    best = min(tries, key=lambda result: result.fun)
    weights = _to_one(pd.Series(np.clip(best.x, 0, None), index=names), "importance weights")
    got = importances(data, weights)
    weights.attrs = {
        "target": wanted.to_dict(),
        "obtained": got.to_dict(),
        "largest_miss": float((got - wanted).abs().max()),
    }
    return weights


def reader(spec, given: dict[str, float]) -> pd.Series:
    """Weights a reader sets on any scale, for all children of one node or more: `reader(spec, {"F": 3, "I": 5, …})`.

    Returns them summing to one in each family; `spec.vary(weights=reader(spec, given).to_dict())` scores with them.
    """
    families = {spec.nodes.at[spec.known(node), "parent"] for node in given}
    left = [child for parent in families for child in spec.children(parent) if child not in given]
    refuse(
        "reader-set weights",
        [f"'{child}' has no weight, but a sibling has: set it too (0 leaves it out)" for child in left],
    )
    return pd.Series(spec.rescaled(given), name="weight")


# Rules for the children of a node: from their scores on the reference rows, the weights as written, and the node.
RULES = {
    "equal": lambda data, given, rule: equal(data),
    "ahp": lambda data, given, rule: ahp(rule["judgements"], list(data)),
    "entropy": lambda data, given, rule: entropy(data, shift=rule["shift"]),
    "critic": lambda data, given, rule: critic(data),
    "variation": lambda data, given, rule: variation(data),
    "pca": lambda data, given, rule: pca(data),
    "loadings": lambda data, given, rule: loadings(data),
    "importance": lambda data, given, rule: importance(data, given),
}
