"""Declared alternatives of an index: what may be declared, what an option means, and every fault of a declaration.

    {"weights": {"band": 0.25}, "normalise": ["published", "zscore"], "error": {"estimated": 0.02}, "draws": 2000}

A list holds choices of the specification, the first of them the published method; `KINDS` are all other names. Shares are
of the scale of an indicator (`ends`), so nothing here depends on the unit in which scores are told.
"""

import tomllib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from fire import files
from fire.analysis import describe
from fire.analysis.montecarlo import families
from fire.errors import refuse, suggest
from fire.index import aggregate, normalise
from fire.index.panel import STATUSES
from fire.index.spec_faults import HELD_ONLY, METHODS, SCALELESS

STANDARD = files.DATA / "uncertainty.toml"
# all other alternatives are lists of choices of the specification
KINDS = ("weights", "drop", "error", "floor", "draws", "seed")
PUBLISHED = "published"  # the option that leaves the specification as it is
DEVIATIONS = 6  # standard deviations that a scale spans: three on each side of its middle
# rules whose scores run from end to end of a scale
SCALED = {*normalise.NORMALISATIONS} - {*HELD_ONLY, *SCALELESS}
SHAPE = "name at least one in a dictionary, such as {'weights': {'band': 0.25}}"
NUMBERS = {  # what is declared as a number: which fit, and what to type instead
    "drop": (
        lambda share: 0 < share <= 1,
        "it is the probability that a draw leaves one indicator out: 0 < drop <= 1",
    ),
    "floor": (
        lambda share: 0 < share < 1,
        "it is the least score that geometric and harmonic means count with, as a share of the upper end of the scale: "
        "0 < floor < 1, such as 0.01",
    ),
    "seed": (lambda seed: seed >= 0, "give a whole number of zero or more, such as 2022"),
}


class Alternatives(dict):
    """Declared alternatives that have been fitted to an index; `left_out`: which were not, and why, one sentence each."""

    left_out: tuple[str, ...] = ()


def declared() -> dict:
    """The alternatives of the standard run as they stand in data/uncertainty.toml."""
    return tomllib.loads(STANDARD.read_text(encoding="utf-8"))


def lists(alternatives: dict) -> dict[str, list]:
    """The lists of choices of the specification, the aggregation aside."""
    return {name: options for name, options in alternatives.items() if name not in (*KINDS, "aggregation")}


# What an option means -------------------------------------------------------------------------------------------------


def chosen(name: str, option) -> dict:
    """An option as choices of `Spec.vary`: "published" is none, a table several at once, any other value one of
    `name`.
    """
    if isinstance(option, dict):
        return {key: value for key, value in option.items() if key != "name"}
    return {} if isinstance(option, str) and option == PUBLISHED else {name: option}


def name_of(option) -> str:
    """An option as text; a table may carry a `name`."""
    if isinstance(option, dict):
        return option.get("name") or ", ".join(f"{key} {value}" for key, value in option.items())
    return str(option)


def varied(index, options: dict, **more):
    """The Index under one option of each list (name → option) and `more` choices; inner nodes keep their scales
    (`Spec.vary`)."""
    choices = _merged([chosen(name, option) for name, option in options.items()], index) | more
    return index.alternative(**choices) if choices else index


def _merged(parts: list[dict], index) -> dict:
    """Choices of several lists together. A normalisation has the scale that stands beside it, else one like that of the
    index: for z-scores its middle, and a part of its range as the standard deviation (`DEVIATIONS`)."""
    choices = {key: value for one in parts for key, value in one.items()}
    beside = [one["scale"] for one in parts if {"normalise", "scale"} <= one.keys()]
    if beside or "normalise" not in choices:
        return choices | ({"scale": beside[0]} if beside else {})
    way, now = choices["normalise"], {index.spec.rules[name]["normalise"] for name in index.spec.indicators}
    if way == "zscore" and now != {way}:
        low, high = scale if _is_pair(scale := choices.get("scale", range_of(index))) else range_of(index)
        return choices | {"scale": [(low + high) / 2, (high - low) / DEVIATIONS]}
    if way in SCALED and not now <= SCALED and "scale" not in choices:
        return choices | {"scale": range_of(index)}
    return choices


def _is_pair(scale) -> bool:
    return isinstance(scale, list | tuple) and len(scale) == 2


# Scales ---------------------------------------------------------------------------------------------------------------


def ends(spec, matrix: np.ndarray) -> np.ndarray:
    """Lowest and highest end of the scale of each indicator (2 × indicators): the scale of a rule that runs from end to
    end of one, three standard deviations on each side of the middle of z-scores, else the lowest and highest score there
    is. `matrix`: scores, rows × indicators."""
    found = np.zeros((2, len(spec.indicators)))
    for place, name in enumerate(spec.indicators):
        rule, there = spec.rules[name], matrix[~np.isnan(matrix[:, place]), place]
        if rule["normalise"] == "zscore":
            middle, half = rule["scale"][0], DEVIATIONS * rule["scale"][1] / 2
            found[:, place] = middle - half, middle + half
        elif rule["normalise"] in SCALED or (
            rule["range"] == "truncated" and rule["normalise"] not in normalise.RANKS
        ):
            found[:, place] = sorted(rule["scale"])
        elif len(there):
            found[:, place] = there.min(), there.max()
    return found


def range_of(index) -> list[float]:
    """Lowest and highest end of the scales of the indicators of an Index."""
    low, high = ends(index.spec, index.steps().normalised[index.spec.indicators].to_numpy(float))
    return [float(low.min()), float(high.max())]


def floors(spec, matrix: np.ndarray, share: float | None) -> np.ndarray | None:
    """The least score of each indicator that counts in means of logarithms and reciprocals: `share` of the upper end of its
    scale (None without one)."""
    return None if share is None else share * ends(spec, matrix)[1]


def deviations(error: dict, index) -> np.ndarray:
    """Standard deviation of the data error of every cell (rows × indicators) as a share of its scale, from the status of
    the cell; none where a cell has draws, which carry it.

    Raises InputError where no cell has an error above zero.
    """
    steps = index.steps()
    columns = [steps.raw.columns.get_loc(name) for name in index.spec.indicators]
    # the last is a cell that is missing
    by_code = np.array([*(error.get(name, 0.0) for name in STATUSES), 0.0])
    if index.draws is not None:
        by_code[STATUSES.index("simulated")] = 0.0
    found = by_code[steps.status[:, columns]]
    fault = (
        "error: no cell of the panel has a status with an error above zero, so it changes nothing: remove it"
    )
    refuse("alternatives", [] if found.any() else [fault])
    return found


# Faults ---------------------------------------------------------------------------------------------------------------


def check(alternatives, index, tree: tuple | None = None) -> None:
    """Refuse what is no Index and no declaration, and every fault of its form at once. `tree`: node, levels of the weights
    below it (`montecarlo.tree`) and number of its indicators; with it, also weights and an indicator left out that do not
    fit them."""
    refuse("index", describe.no_index(index))
    if not isinstance(alternatives, Mapping):
        refuse("alternatives", [f"{alternatives!r} is no declaration: {SHAPE}"])
    faults = [] if alternatives else [f"no alternative is declared: {SHAPE}"]
    for name, options in alternatives.items():
        faults += [] if name in KINDS else _list_faults(name, options)
    for name, (fits, advice) in NUMBERS.items():
        if name in alternatives:
            value = alternatives[name]
            faults += describe.no_number(f"'{name}'", value, fits, advice, whole=name == "seed")
    faults += _error_faults(alternatives["error"]) if "error" in alternatives else []
    if tree is not None:
        node, levels, indicators = tree
        if "weights" in alternatives:
            faults += _weight_faults(alternatives["weights"], levels, index.spec, node)
        if "drop" in alternatives and indicators < 2:
            faults.append("'drop' would leave no indicator: the node has only one")
    refuse("alternatives", list(dict.fromkeys(faults)))


def whole(draws) -> int:
    """A number of draws as a whole number (64.0 is one); InputError for anything else."""
    advice = "give a whole number of at least 1, such as 2000"
    refuse("draws", describe.no_number("draws", draws, lambda one: one >= 1 and one % 1 == 0, advice))
    return int(draws)


def _list_faults(name: str, options) -> list[str]:
    """Faults of a list of choices."""
    several = isinstance(options, list | tuple)
    tables = several and all(isinstance(one, dict) or name_of(one) == PUBLISHED for one in options)
    if name not in METHODS and not tables:
        return [f"no choice '{name}'{suggest(str(name), [*KINDS, *METHODS])}"]
    if not several or len(options) < 2:
        return [
            f"'{name}' needs a list of two or more options, the published one first, as in "
            f"{{'{name}': ['published', …]}}; it is {options!r}"
        ]
    known = [PUBLISHED, *aggregate.AGGREGATIONS]
    return [
        f"aggregation '{way}' is not known: type one of {', '.join(known)}"
        for way in (options if name == "aggregation" else [])
        if way not in known
    ]


def _error_faults(error) -> list[str]:
    if not isinstance(error, Mapping):
        return [
            f"error = {error!r}: give one for each status, such as {{'estimated': 0.02}} (share of the scale)"
        ]
    names = [*STATUSES, "year_correlation"]
    faults = [f"error: no status '{name}'{suggest(name, names)}" for name in error if name not in names]
    for name, value in error.items():
        if name == "year_correlation":
            faults += describe.no_number(f"error: {name}", value, lambda one: 0 <= one <= 1, "give 0 to 1")
        else:
            faults += describe.no_number(
                f"error: {name}",
                value,
                lambda one: 0 <= one < np.inf,
                "give a share of the scale, zero or more",
            )
    return faults


def _weight_faults(weights, levels: list, spec, node: str) -> list[str]:
    """Faults of a declaration of weights."""
    shape = "weights: give band (share of the weight), dirichlet (concentration) or sets (a frame)"
    if not isinstance(weights, Mapping):
        return [f"{shape}, such as {{'band': 0.25}}; it is {weights!r}"]
    kinds = [kind for kind in ("band", "dirichlet", "sets") if kind in weights]
    if len(kinds) != 1:
        return [shape + (f", only one of them: there are {' and '.join(kinds)}" if kinds else "")]
    if kinds == ["sets"]:
        return _set_faults(weights["sets"], spec, node)
    kind = kinds[0]
    value, bands = weights[kind], per_level(weights, levels)[kind]
    bad = [band for band in bands if describe.no_number(kind, band, np.isfinite, "")]
    if bad:
        return [f"weights: {kind} = {band!r} is no finite number: write 0.25" for band in bad]
    faults = []
    if len(bands) != len(levels):
        faults.append(f"weights: '{kind}' has {len(bands)} values for {len(levels)} levels")
    moves = [len(level[2]) < len(level[0]) for level in levels]
    if kind == "band":
        faults += [
            f"weights: a band of {band} allows negative weights: keep it below 1"
            for band in bands
            if band >= 1
        ]
        faults += [f"weights: a band of {band} is negative" for band in bands if band < 0]
        moves = [band > 0 and move for band, move in zip(bands, moves)]
    else:
        faults += [f"weights: a concentration must be positive; it is {band}" for band in bands if band <= 0]
    return faults + (
        [] if any(moves) else [f"weights: {kind} = {value} changes nothing: remove it or widen it"]
    )


def _set_faults(sets, spec, node: str) -> list[str]:
    """Faults of sets of weights: every node below `node` needs a finite weight of zero or more in every set, and every
    family a sum above zero."""
    if not isinstance(sets, pd.DataFrame):
        return [
            f"weights: 'sets' is a {type(sets).__name__}: give a frame with a row for every node and a column for every "
            "set: pd.DataFrame({'equal': {'F': 1, 'I': 1}, 'factors': {'F': 2, 'I': 1}})"
        ]
    if sets.shape[1] == 0:
        return ["weights: 'sets' holds no set: give one column of weights for each"]
    faults = [
        f"weights: 'sets' has {what} '{name}' twice: keep one"
        for what, labels in (("the node", sets.index), ("the set", sets.columns))
        for name in labels[labels.duplicated()].unique()
    ]
    faults += [
        f"weights: no node '{name}' in the index{suggest(name, spec.nodes.index)}"
        for name in sets.index.unique()
        if name not in spec.nodes.index
    ]
    below = [name for rows in families(spec, node) for _, name, first in rows if first]
    faults += [
        f"weights: 'sets' has no row for {name}: every node below '{node}' needs a weight"
        for name in below
        if name not in sets.index
    ]
    if sets.index.has_duplicates or sets.columns.has_duplicates:
        return faults
    here = [name for name in below if name in sets.index]
    for name, column in sets.loc[here].apply(pd.to_numeric, errors="coerce").items():
        wrong = ~np.isfinite(column) | (column < 0)
        faults += [
            f"weights: set '{name}' gives {child} the weight {sets.at[child, name]}: "
            "weights are finite numbers of zero or more"
            for child in column.index[wrong]
        ]
        faults += [
            f"weights: set '{name}' gives every child of {parent} ({', '.join(children)}) the weight zero: give one of "
            "them more"
            for parent, children in spec.families.items()
            if set(children) <= set(here) and not wrong[children].any() and column[children].sum() == 0
        ]
    return faults


def per_level(weights: Mapping | None, levels: list) -> dict:
    """Bands and concentrations as one value for each level; a list runs from the root of the index down, a branch
    takes its end.
    """
    return {
        kind: value[-len(levels) :] if isinstance(value, list) else [value] * len(levels)
        for kind, value in (weights or {}).items()
    }
