"""Outranking: units compared pair by pair on the weight on which each is better, and distance to the best (TOPSIS).

All functions take the scores of the units of one year (rows × children, NaN where missing; higher is better) and the
weights of the children.
"""

from collections.abc import Iterator

import numpy as np

from fire.index import rounding

BLOCK = 128  # units compared with all others at a time
HALF = 1e-12  # a difference of weights that is only rounding error: the pair is a draw


def _margins(x: np.ndarray, weights: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Some rows at a time, and by how much more weight each is better than each of all rows than worse, on the
    children that both have."""
    place, share = rounding.ranks(-x), weights / weights.sum()  # the worst has place 1
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        margin = np.zeros((len(place[rows]), len(x)))
        for column, weight in zip(place.T, share):
            own = column[rows, None]
            margin += weight * ((own > column).view(np.int8) - (own < column).view(np.int8))
        yield rows, margin


def outranking_matrix(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of the weight on which the unit of the row is better than that of the column, ties counted half: a matrix
    units × units, zero on the diagonal (COINr, outrankMatrix; OECD and JRC 2008, Handbook on Constructing Composite
    Indicators, step 6, non-compensatory multi-criteria approach).

    The weight is that of the children that both units have: missing ones count for neither, and two units without a
    common child have no share (NaN). COINr gives missing children to the unit that stands later in the table.

    >>> outranking_matrix(np.array([[3.0, 1.0, 1.0], [2.0, 2.0, 1.0]]), np.array([0.25, 0.5, 0.25]))
    array([[0.   , 0.375],
           [0.625, 0.   ]])
    """
    there = ~np.isnan(x)
    common = (there * (weights / weights.sum())) @ there.T
    matrix = np.empty((len(x), len(x)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for rows, margin in _margins(x, weights):
            matrix[rows] = (1 + margin / common[rows]) / 2
    np.fill_diagonal(matrix, 0.0)
    return matrix


def dominance(matrix: np.ndarray) -> dict:
    """What an outranking matrix says of the ranking as a whole: `units`, `pairs` that can be compared, `dominant`: how
    many of these have one unit better on all the weight, so that no weights and no mean turn them round (COINr's
    nDominant, also called robust pairs), `dominant_pct`: their per cent (100 × COINr's fracDominant; NaN without pairs).

    >>> dominance(np.array([[0.0, 1.0, np.nan], [0.0, 0.0, 0.2], [np.nan, 0.8, 0.0]]))
    {'units': 3, 'pairs': 2, 'dominant': 1, 'dominant_pct': 50.0}
    """
    upper = matrix[np.triu_indices(len(matrix), 1)]
    pairs = int((~np.isnan(upper)).sum())
    dominant = int((matrix > 1 - HALF).sum())
    return {
        "units": len(matrix),
        "pairs": pairs,
        "dominant": dominant,
        "dominant_pct": 100 * dominant / pairs if pairs else np.nan,
    }


def copeland(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Copeland scores: rivals beaten minus rivals that win, over all pairs of units. A unit beats another when it is
    better on more than half of the weight of the children that both have (ties count half); an exact half is a draw
    (Saisana and others 2010; COINr, a_copeland).

    >>> copeland(np.array([[3.0, 1.0, 1.0], [2.0, 2.0, 0.0]]), np.array([0.25, 0.5, 0.25]))
    array([0., 0.])
    """
    score = np.empty(len(x))
    for rows, margin in _margins(x, weights):
        score[rows] = (margin > HALF).sum(axis=1) - (margin < -HALF).sum(axis=1)
    return score


def topsis(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Closeness of every unit to the ideal, in [0, 1]: distance to the anti-ideal over the sum of the distances to both
    (Hwang and Yoon 1981, Multiple Attribute Decision Making, 128-134).

    Each child is divided by the length of its column (the root of its sum of squares) and weighted; the ideal has the
    best and the anti-ideal the worst of every child, among the units that have all children. The score thus depends on
    the units compared. A unit that lacks a child has no score (NaN), and none has one where all are the same.

    >>> topsis(np.array([[3.0, 4.0], [4.0, 3.0], [0.0, 0.0], [np.nan, 1.0]]), np.array([0.5, 0.5])).round(3)
    array([0.833, 0.833, 0.   ,   nan])
    """
    whole = ~np.isnan(x).any(axis=1)
    closeness = np.full(len(x), np.nan)
    if not whole.any():
        return closeness
    length = np.sqrt((x[whole] ** 2).sum(axis=0))
    weighted = x[whole] / np.where(length > 0, length, 1) * (weights / weights.sum())
    to_best = np.linalg.norm(weighted - weighted.max(axis=0), axis=1)
    to_worst = np.linalg.norm(weighted - weighted.min(axis=0), axis=1)
    total = to_best + to_worst
    closeness[whole] = np.divide(to_worst, total, out=np.full(len(total), np.nan), where=total > 0)
    return closeness
