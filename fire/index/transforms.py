"""Transforms: from a value in its own unit to the scale on which it is normalised.

A kind is a name of `TRANSFORMS`, or a tuple of the name and its parameters: `("power", 2.0)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fire.errors import InputError

STATISTICS = ("mean", "median")  # of the reference data, instead of a number


@dataclass(frozen=True)
class Transform:
    """One rule: `forward` and `back` take values and the parameters; `bad` marks values that have no transform."""

    forward: Callable
    back: Callable | None
    parameters: tuple = ()
    bad: Callable | None = None
    why: str = ""


def _distance(x, ideal):
    """How far from the ideal value, or from the ends of the corridor; inside it 0."""
    low, high = ideal if isinstance(ideal, (list, tuple)) else (ideal, ideal)
    return np.maximum(np.maximum(low - x, x - high), 0.0)


def _not_a_power(x, power):
    return ((x < 0) & (power != int(power))) | ((x == 0) & (power < 0))


TRANSFORMS = {
    "identity": Transform(np.asarray, np.asarray),
    "log": Transform(
        np.log,
        np.exp,
        bad=lambda x: x <= 0,
        why='no logarithm of a value at or below zero: correct it, or set transform = "log1p" '
        '(for efficacy: normalise = "minmax")',
    ),
    "log1p": Transform(
        np.log1p,
        np.expm1,
        bad=lambda x: x <= -1,
        why='no log1p of a value at or below -1: correct it, or set transform = "identity"',
    ),
    "sqrt": Transform(
        np.sqrt,
        np.square,
        bad=lambda x: x < 0,
        why='no square root of a value below zero: correct it, or set transform = "identity"',
    ),
    "reciprocal": Transform(
        np.reciprocal,
        np.reciprocal,
        bad=lambda x: x == 0,
        why="no reciprocal of zero: correct it, or set limits that keep it away from zero",
    ),
    "power": Transform(
        np.power,
        lambda y, power: np.power(y, 1 / power),
        ("power",),
        _not_a_power,
        "no such power of this value: correct it, or choose another power",
    ),
    "exponential": Transform(
        lambda x, rate, centre: np.exp(rate * (x - centre)),
        lambda y, rate, centre: centre + np.log(y) / rate,
        ("rate", "centre"),
    ),
    "distance": Transform(_distance, None, ("ideal",)),
}


def kind_of(rule: dict) -> str | tuple:
    """The transform of a node with its parameters; the efficacy function takes the logarithm by itself."""
    name = "log" if rule["normalise"] == "efficacy" else rule["transform"]
    values = [rule[one] for one in TRANSFORMS[name].parameters]
    return (name, *(tuple(one) if isinstance(one, list) else one for one in values)) if values else name


def forward(values, kind: str | tuple):
    """Values on the transformed scale."""
    name, *parameters = (kind,) if isinstance(kind, str) else kind
    return TRANSFORMS[name].forward(np.asarray(values, dtype=float), *parameters)


def on_scale(values, kind: str | tuple) -> np.ndarray:
    """Posts, targets or ideal values of a specification on the transformed scale, rising: given in the unit of the
    indicator, for distances as distances."""
    return np.asarray(values, dtype=float) if kind[0] == "distance" else np.sort(forward(values, kind))


def in_unit(posts, kind: str | tuple) -> np.ndarray:
    """Posts on the transformed scale in the unit of the indicator, rising: the inverse of `on_scale`."""
    if kind[0] == "distance":
        return np.asarray(posts, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sort(back(posts, kind))


def back(values, kind: str | tuple):
    """The inverse of `forward`; InputError for a transform that cannot be turned back."""
    name, *parameters = (kind,) if isinstance(kind, str) else kind
    inverse = TRANSFORMS[name].back
    if inverse is None:
        raise InputError("transform", [f'"{name}" cannot be turned back: two values have the same transform'])
    return inverse(np.asarray(values, dtype=float), *parameters)


def undefined(values, kind: str | tuple) -> np.ndarray:
    """Where values have no transform."""
    name, *parameters = (kind,) if isinstance(kind, str) else kind
    bad = TRANSFORMS[name].bad
    with np.errstate(invalid="ignore"):
        return np.zeros(np.shape(values), dtype=bool) if bad is None else bad(values, *parameters)


def why(kind: str | tuple) -> str:
    """What to do about a value that has no transform."""
    return TRANSFORMS[kind if isinstance(kind, str) else kind[0]].why


def invertible(kind: str | tuple) -> bool:
    """Is there a way back from the transformed scale?"""
    return TRANSFORMS[kind if isinstance(kind, str) else kind[0]].back is not None
