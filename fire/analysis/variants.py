"""An index under every combination of declared choices, and which of the declared alternatives an index allows.

`variants` refuses a choice that changes nothing; `fit` leaves it out and says so, and with it whatever else an index does
not allow: this is how the standard run comes to fit any index.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd

from fire.analysis import alternatives as declared
from fire.analysis import drawn, montecarlo
from fire.analysis.alternatives import PUBLISHED, Alternatives, name_of
from fire.errors import InputError, refuse
from fire.index import aggregate
from fire.index.spec import Spec

NO_MEAN = ("ratio",)  # aggregations that a mean cannot stand for


class Variant(NamedTuple):
    """The index under one combination of choices: its specification, indicator scores (rows: years × units; columns:
    indicators), frozen posts and groups."""

    spec: Spec
    matrix: np.ndarray
    posts: pd.DataFrame | None
    groups: pd.Series | None


class Aggregated(NamedTuple):
    """A Variant under one aggregation: its specification, scores (none below the floor, where one counts), weights in
    force, the floor of each indicator, the mean that the kernel takes (None: draws go through the engine), and why there
    are no scores."""

    spec: Spec
    matrix: np.ndarray
    weights: pd.Series
    floor: np.ndarray | None
    mean: str | None
    faults: list[str]


def variants(index, alternatives: dict | None = None) -> dict:
    """Every draw of what is not known (the number first in the key) under every combination of choices, as `Variant`.

    Default: the alternatives of the standard run that the index allows. Raises InputError for a choice that gives the
    scores that another gives already.
    """
    alternatives = fit(index, declared.declared()) if alternatives is None else alternatives
    declared.check(alternatives, index)
    lists, share = declared.lists(alternatives), alternatives.get("floor")
    under = {}
    for choice in itertools.product(*lists.values()):
        under[tuple(map(name_of, choice))] = _under(index, dict(zip(lists, choice)), share)
    first = [name_of(options[0]) for options in lists.values()]
    for place, (name, options) in enumerate(lists.items()):
        seen: list[tuple] = []
        for option in options:
            key = (*first[:place], name_of(option), *first[place + 1 :])
            same = [other[place] for other in seen if _same(under[other], under[key])]
            refuse(
                "alternatives", [f"{_unchanged(name, key[place], other)}: remove it" for other in same[:1]]
            )
            seen.append(key)
    return {
        (number, *names): of_draws[number]
        for number in range(len(index.completions))
        for names, (of_draws, _) in under.items()
    }


def fit(index, alternatives: dict) -> Alternatives:
    """Of declared alternatives those that an index allows and that change it; `.left_out` says which do not, and why.

    An aggregation of its own goes first in the list of aggregations. Raises InputError for declarations that are none.
    """
    declared.check(alternatives, index)
    kept, left, share = dict(alternatives), [], alternatives.get("floor")
    lists = {name: list(options[:1]) for name, options in declared.lists(alternatives).items()}
    first = {name: options[0] for name, options in lists.items()}
    published = _under(index, first, share, 1)
    for name in lists:
        seen = {name_of(first[name]): published}
        for option in alternatives[name][1:]:
            text = name_of(option)
            try:
                found = _under(index, first | {name: option}, share, 1)
            except InputError as error:
                left.append(f"{name} = {text} is not possible: {error.faults[0]}")
                continue
            same = [other for other, one in seen.items() if _same(one, found)]
            if same:
                left.append(_unchanged(name, text, same[0]))
            else:
                lists[name].append(option)
                seen[text] = found
    held, more = _together(index, lists, share)
    kept |= lists
    if "aggregation" in alternatives:
        kept["aggregation"], others = _ways(index, held, alternatives["aggregation"], share)
        more += others
    for name in [name for name in kept if name not in declared.KINDS and len(kept[name]) < 2]:
        del kept[name]
    if "error" in kept:
        try:
            declared.deviations(kept["error"], index)
        except InputError as error:
            del kept["error"]
            more += error.faults
    return _fitted(kept, left + more)


def fit_node(alternatives: Alternatives, index, node: str) -> Alternatives:
    """Fitted alternatives without weights, or an indicator left out, that cannot move this node."""
    spec, kept, left = index.spec, dict(alternatives), list(alternatives.left_out)
    levels, leaves = montecarlo.tree(spec, node, index.weights)
    own = [leaf for leaf in leaves if leaf in set(spec.indicators)]
    for name in ("weights", "drop"):
        try:
            declared.check({name: kept[name]} if name in kept else kept, index, (node, levels, len(own)))
            if name == "drop" and name in kept and drawn.linked_mean(spec, node, gaps=True) is None:
                drawn.without(spec, own)
        except InputError as error:
            del kept[name]
            left += error.faults[:1]
    return _fitted(kept, left)


def _fitted(kept: dict, left: list[str]) -> Alternatives:
    """What is kept and what is left out, without the advice to remove it."""
    found = Alternatives(kept)
    found.left_out = tuple(
        text.removesuffix(": remove it").removesuffix(": remove it or widen it")
        for text in dict.fromkeys(left)
    )
    return found


def shape(spec, way: str, node: str, gaps: bool) -> tuple:
    """The specification under an aggregation, the mean of the kernel if it is one (`drawn.linked_mean`), the inner nodes."""
    spec = spec if way == PUBLISHED else spec.vary(aggregation=way)
    return spec, drawn.linked_mean(spec, node, gaps), drawn.inner(spec, node)


def aggregated(index, variant: Variant, shape: tuple, leaves: list, pattern: np.ndarray, share) -> Aggregated:
    """A variant under an aggregation (`shape`). `leaves`: as of `montecarlo.tree`, `pattern`: cells that the kernel takes
    as missing, `share`: the declared floor."""
    spec, mean, inner = shape
    above = share is not None and drawn.needs_floor(spec, inner)
    floor = declared.floors(variant.spec, variant.matrix, share) if above else None
    matrix = variant.matrix if floor is None else variant.matrix.clip(min=floor)
    rows, weights = index.steps().raw.index, index.weights
    kernel = mean if mean and np.array_equal(np.isnan(matrix), pattern) else None
    bad = _nonpositive(matrix, spec, leaves, rows) if kernel and kernel != "arithmetic" else []
    if not bad and not (kernel and all(spec.rules[name]["weighting"] == "given" for name in inner)):
        weights, bad = drawn.in_force(spec, matrix, rows, variant.posts, variant.groups)
    kernel = kernel if np.array_equal(weights, index.weights) else None
    return Aggregated(spec, matrix, weights, floor, kernel, bad)


def gaps_of(pattern: np.ndarray) -> bool:
    """Does a unit with data lack a cell? `pattern`: where cells are missing, rows × indicators."""
    return bool((pattern.any(axis=1) & ~pattern.all(axis=1)).any())


def _under(index, options: dict, share: float | None, most: int | None = None) -> tuple:
    """The index under one option of each list: a Variant for each draw of what is not known (the first `most`), and the
    scores of all nodes in the first."""
    varied = declared.varied(index, options)
    spec, lifted = varied.spec, varied
    if share is not None and drawn.needs_floor(spec, drawn.inner(spec, spec.root)):
        # the indicators are the same under an aggregation that takes any score
        lifted = declared.varied(index, options, aggregation="arithmetic")
    found, firsts = [], []
    for one in lifted.completions[:most]:  # of large panels the steps of one draw are let go before the next
        steps = one.steps()
        firsts = firsts or [steps]
        matrix = steps.normalised[spec.indicators].to_numpy(float)
        found.append(Variant(spec, matrix, varied.frozen, steps.groups))
    (first,) = firsts
    scores = first.scores
    if lifted is not varied:
        table = first.normalised[spec.indicators]
        table = table.clip(lower=declared.floors(spec, found[0].matrix, share), axis=1)
        scores, _, _ = aggregate.aggregate(table, spec, posts=varied.frozen, groups=first.groups)
    return found, scores.to_numpy(float)


def _same(one: tuple, other: tuple) -> bool:
    """Do two results of `_under` have the same scores of indicators and nodes in the first draw?"""
    pairs = ((one[0][0].matrix, other[0][0].matrix), (one[1], other[1]))
    return all(np.array_equal(first, second, equal_nan=True) for first, second in pairs)


def _unchanged(name: str, option: str, other: str) -> str:
    return f"{name} = {option} changes nothing against {other}"


def _together(index, lists: dict, share: float | None) -> tuple[list[Variant], list[str]]:
    """The variants of the first draw under all combinations of the lists; an option that does not go together with the
    others is taken out of its list (in place), and why."""
    left: list[str] = []
    while True:
        try:
            return [
                _under(index, dict(zip(lists, choice)), share, 1)[0][0]
                for choice in itertools.product(*lists.values())
            ], left
        except InputError as error:
            name = next(name for name in reversed(lists) if len(lists[name]) > 1)
            left.append(
                f"{name} = {name_of(lists[name].pop())} is not possible with others: {error.faults[0]}"
            )


def _ways(index, held: list[Variant], ways: list, share: float | None) -> tuple[list, list[str]]:
    """The aggregations that give scores of the root under all variants, that of the index first; and why not the others."""
    spec, root = index.spec, index.spec.root
    now = {spec.rules[name]["aggregation"] for name in spec.families if not spec.rules[name]["same_as"]}
    own = next(iter(now)) if len(now) == 1 else PUBLISHED
    kept, left = [own if own in ways else PUBLISHED], []
    pattern, (_, leaves) = np.isnan(held[0].matrix), montecarlo.tree(spec, root, index.weights)
    for way in [way for way in ways if way not in (*kept, PUBLISHED)]:
        faults = [f"'{one}' is no mean that another may stand for" for one in NO_MEAN if one in now]
        try:
            for variant in [] if faults else held:
                form = shape(variant.spec, way, root, gaps_of(pattern))
                faults += aggregated(index, variant, form, leaves, pattern, share).faults
        except InputError as error:
            faults += error.faults
        kept += [] if faults else [way]
        left += [f"aggregation = {way} is not possible: {fault}" for fault in faults[:1]]
    return kept, left


def _nonpositive(matrix: np.ndarray, spec, leaves: list, rows: pd.MultiIndex) -> list[str]:
    """Scores at or below zero, of which there are no logarithms or reciprocals."""
    columns = [spec.indicators.index(leaf) for leaf in leaves]
    faults = []
    for row, column in list(zip(*np.nonzero(matrix[:, columns] <= 0)))[:3]:
        year, unit = rows[row]
        faults.append(
            f"{unit}, {year}, {leaves[column]} scores {matrix[row, columns[column]]:.3f}: a geometric or harmonic mean "
            "needs scores above zero: declare a floor, such as floor = 0.01 (of the upper end of the scale)"
        )
    return faults
