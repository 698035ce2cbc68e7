"""Ranks and rounding, by declared rules."""

import numpy as np

TOLERANCE = 1e-12  # scores closer than this share of the largest are tied: rounding error breaks no tie
HALF_DIGITS = 9  # of the last digit kept, to which a half is told from what is only near it


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

    half_even (银行家舍入) and half_up (四舍五入) round the decimal that the number stands for: rounding error of binary
    numbers, less than a billionth of a last digit, decides no half. r: R 4.0 and later (the nearer of the two
    neighbouring decimals to the binary number, on equality the one with an even last digit).

    >>> [float(rounded(0.15, {"decimals": 1, "rule": rule})) for rule in ("half_even", "half_up", "r")]
    [0.2, 0.2, 0.1]
    >>> [float(rounded(2.675, {"decimals": 2, "rule": rule})) for rule in ("half_even", "half_up", "r")]
    [2.68, 2.68, 2.67]
    """
    x, unit = np.asarray(values, dtype=float), 10.0 ** rule["decimals"]
    if rule["rule"] == "r":
        low, high = np.floor(x * unit) / unit, np.ceil(x * unit) / unit
        even = np.floor(x * unit) % 2 == 0
        return np.where((x - low < high - x) | ((x - low == high - x) & even), low, high)
    scaled = _halves(x * unit)
    return (np.rint(scaled) if rule["rule"] == "half_even" else _half_up(scaled)) / unit


def _halves(scaled: np.ndarray) -> np.ndarray:
    """Numbers that are a half but for rounding error as that half."""
    half = np.floor(scaled) + 0.5
    error = np.clip(2.0**-50 * np.abs(scaled), 0.5 * 10.0**-HALF_DIGITS, 0.25)
    return np.where(np.abs(scaled - half) <= error, half, scaled)


def _half_up(scaled: np.ndarray) -> np.ndarray:
    return np.copysign(np.floor(np.abs(scaled) + 0.5), scaled)


def declared(spec, node: str) -> dict | None:
    """The rounding of a node before it is ranked and goes up: its own `decimals`, or those of the method where it rounds
    at every node (indicators too: every value); None where there is none. Decimals of the method may be a list by level,
    root first, whose last holds for all below."""
    method, rule = spec.method["rounding"], spec.rules[node]
    own = rule["decimals"]
    if own is None:
        at = method.get("at", "display")
        if at == "display" or (at == "every_node" and rule["leaf"]):
            return None
        own = method["decimals"]
    by_level = own if isinstance(own, (list, tuple)) else [own]
    return {"decimals": int(by_level[min(int(rule["level"]), len(by_level) - 1)]), "rule": method["rule"]}
