"""Ranks and rounding, by declared rules."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np

TOLERANCE = 1e-12  # scores closer than this share of the largest are tied: rounding error breaks no tie


def ranks(scores: np.ndarray, ties: str = "min") -> np.ndarray:
    """Ranks down each column, 1 = highest; ties share the best rank (`ties="average"`: their mean); missing stays so.

    >>> ranks(np.array([[0.3], [0.1 + 0.2], [0.5], [np.nan]]))[:, 0]
    array([ 2.,  2.,  1., nan])
    """
    step = scores.shape[1] if len(scores) < 2000 else 16  # long columns a few at a time: they fit the cache
    out = np.empty(scores.shape)
    for start in range(0, scores.shape[1], step):
        out[:, start : start + step] = _few_ranks(scores[:, start : start + step], ties)
    return out


def _few_ranks(scores: np.ndarray, ties: str) -> np.ndarray:
    score = np.ascontiguousarray(-scores.T)
    order = np.argsort(score, axis=1)
    ranked = np.take_along_axis(score, order, axis=1)
    size = np.nanmax(np.abs(ranked), axis=1, keepdims=True, initial=0)
    tied = np.diff(ranked, axis=1) <= TOLERANCE * size
    place = np.arange(1, ranked.shape[1] + 1, dtype=float)
    rank = np.broadcast_to(place, ranked.shape)
    if tied.any():
        rank = shared(place, tied, ties)
    if np.isnan(ranked[:, -1]).any():
        rank = np.where(np.isnan(ranked), np.nan, rank)
    out = np.empty_like(ranked)
    np.put_along_axis(out, order, rank, axis=1)
    return out.T


def shared(place: np.ndarray, tied: np.ndarray, ties: str) -> np.ndarray:
    """Ranks of sorted scores, of which each is or is not tied with the one before."""
    edge = np.zeros((len(tied), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, tied]), 1, place), axis=1)
    if ties == "min":
        return first
    last = np.minimum.accumulate(np.where(np.hstack([tied, edge]), np.inf, place)[:, ::-1], axis=1)[:, ::-1]
    return (first + last) / 2


def half_digit(decimals):
    """Half a unit of the last digit of a number printed with so many decimals (a number, an array or a Series): what
    its rounding may have added or taken away.

    >>> float(half_digit(2)), half_digit(np.array([0.0, 3.0])).tolist()
    (0.005, [0.5, 0.0005])
    """
    return 0.5 * 10.0**-decimals


def rounded(values, rule: dict) -> np.ndarray:
    """Round as a specification declares, for example `{"decimals": 3, "rule": "half_even"}`.

    half_even: numpy and pandas; half_up: 四舍五入 on the shortest decimal that stands for the number; r: R 4.0 and
    later (the nearer of the two neighbouring decimals, on equality the one with an even last digit).

    >>> [float(rounded(0.15, {"decimals": 1, "rule": rule})) for rule in ("half_even", "half_up", "r")]
    [0.2, 0.2, 0.1]
    >>> [float(rounded(2.675, {"decimals": 2, "rule": rule})) for rule in ("half_even", "half_up", "r")]
    [2.68, 2.68, 2.67]
    """
    x, decimals = np.asarray(values, dtype=float), rule["decimals"]
    if rule["rule"] == "half_even":
        return np.round(x, decimals)
    if rule["rule"] == "half_up":
        step = Decimal(1).scaleb(-decimals)
        return np.vectorize(
            lambda one: (
                float(Decimal(repr(float(one))).quantize(step, ROUND_HALF_UP)) if np.isfinite(one) else one
            ),
            otypes=[float],
        )(x)
    scaled = x * 10.0**decimals
    low, high = np.floor(scaled), np.ceil(scaled)
    below, above = low / 10.0**decimals, high / 10.0**decimals
    to_low, to_high = x - below, above - x
    return np.where((to_low < to_high) | ((to_low == to_high) & (low % 2 == 0)), below, above)
