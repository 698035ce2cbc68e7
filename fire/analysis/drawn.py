"""Draws of complete indices through the engine: for every tree that the exact kernel of `montecarlo` does not know.

The kernel rests on one mean with one link at all levels. Here each draw goes through `fire.index.aggregate` as the index
itself does: any aggregation and mix of them, nodes that are rounded, normalised or weighted by group, nodes that stand
in two places. Draws are stacked as further panels under one another, some at a time; what is drawn (weights of all levels,
the indicator left out, data errors) is what the kernel would draw, so both give the same ranks where both can.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index import aggregate, rounding
from fire.index.spec import Spec

CELLS = 2**21  # rows × nodes computed at a time


@dataclass(frozen=True)
class Scheme:
    """One set of methods: the specification below a node, its indicator scores, and the weights in force."""

    spec: Spec  # from `part`
    node: str
    matrix: np.ndarray  # rows × indicators
    index: pd.MultiIndex  # (year, unit) of the rows
    weights: np.ndarray  # in the parent: nodes, or rows × nodes where they differ by group
    levels: list  # of the draws: (places in the level, columns of their nodes, their nominal weights)
    leaves: list  # the indicators of the last level, in its order; None for what is no indicator of its own
    kept: dict  # by indicator that a draw may leave out: the nodes that remain
    given: bool  # drawn weights stand for those in force; else these move as the drawn ones do
    floor: np.ndarray | None  # least score of each indicator that counts
    spread: np.ndarray | None  # standard deviation of the data error of every cell
    posts: pd.DataFrame | None
    groups: pd.Series | None
    _parts: dict[int, tuple] = field(default_factory=dict, compare=False)

    def part(self, dropped: int) -> tuple:
        """The specification without the indicator at this place of the last level (-1: whole), and the columns of its
        indicators and nodes."""
        if dropped not in self._parts:
            spec = self.spec if dropped < 0 else part(self.spec, self.kept[self.leaves[dropped]])
            leaves = [self.spec.indicators.index(leaf) for leaf in spec.indicators]
            self._parts[dropped] = spec, leaves, [self.spec.place[node] for node in spec.nodes.index]
        return self._parts[dropped]


def linked_mean(spec, node: str, gaps: bool) -> str | None:
    """The mean that the kernel takes at all levels below `node`; None where draws go through the engine.

    The kernel serves a tree whose inner nodes all take the same mean of `aggregate.LINKED`, with nothing done to it before
    it goes up: no link, limits, transform, normalisation, rule for missing scores or rounding of their own, no node in
    two places, no weights by group, and (`gaps`: cells are missing) no least coverage.
    """
    rules = [spec.rules[name] for name in inner(spec, node)]
    ways = {rule["aggregation"] for rule in rules}
    plain = (
        len(ways) == 1
        and ways <= set(aggregate.LINKED)
        and not any(aggregate.shaped(rule) or rule["link"] or rule["same_as"] for rule in rules)
        and all(rule["missing"] == "none" for rule in rules)
        and not (gaps and any(rule["coverage"] or rule["least"] for rule in rules))
        and not any(rounding.declared(spec, name) for name in spec.reach(node))
        and not spec.group_weights
    )
    return ways.pop() if plain else None


def inner(spec, node: str) -> list[str]:
    """The nodes of `spec.reach` that have children."""
    return [name for name in spec.reach(node) if spec.children(name)]


def needs_floor(spec, nodes: list[str]) -> bool:
    """Does the aggregation of one of these nodes need scores above zero?"""
    hows = [aggregate.AGGREGATIONS[spec.rules[name]["aggregation"]] for name in nodes]
    return any(how.needs in (aggregate.ABOVE, aggregate.FROM) for how in hows)


def part(spec: Spec, kept: list[str]) -> Spec:
    """The specification with these nodes only; every choice and weight stays as it is."""
    nodes = spec.nodes.loc[kept].copy()
    nodes.loc[~nodes["parent"].isin(kept), "parent"] = None
    return replace(spec, nodes=nodes)


def without(spec, leaves: list[str]) -> dict[str, set]:
    """The nodes that remain without each of these indicators; InputError where there is no index without one."""
    kept, faults = {}, []
    for leaf in leaves:
        try:
            kept[leaf] = set(spec.drop(leaf).nodes.index)
        except InputError as error:
            faults += [f"'drop' cannot leave out {leaf}: {fault}" for fault in error.faults]
    refuse("alternatives", faults)
    return kept


def in_force(spec, matrix: np.ndarray, index: pd.MultiIndex, posts, groups) -> tuple[pd.Series, list[str]]:
    """Weights of all nodes in their parent, as used with these indicator scores; and why there are no scores."""
    table = pd.DataFrame(matrix, index=index, columns=spec.indicators)
    try:
        return aggregate.aggregate(table, spec, posts=posts, groups=groups)[1], []
    except InputError as error:
        return spec.nodes["weight"], [
            f"{fault}; or declare a floor, such as floor = 0.01" for fault in error.faults
        ]


def scheme(
    spec, matrix, weights, floor, spread, variant, *, node, index, levels, families, kept, given
) -> Scheme:
    """A Scheme of the part of `spec` below `node`. `levels` and `families`: as `montecarlo.tree` and
    `montecarlo.families` give them; `kept`: nodes that remain by indicator left out."""
    names = spec.reach(node)
    below, columns = part(spec, names), [spec.place[name] for name in names]
    base = weights.to_numpy(float)
    if spec.group_weights:
        base = aggregate.by_row(base, spec, index, variant.groups)
    leaves = [spec.indicators.index(leaf) for leaf in below.indicators]
    matrix = matrix[:, leaves]
    if spread is not None and floor is None and needs_floor(spec, inner(spec, node)):
        # an error takes no score below the lowest there is
        floor = np.full(len(spec.indicators), np.nanmin(matrix))
    drawn = []
    for rows, (nominal, _, _) in zip(families, levels):
        first = [place for place, (_, _, here) in enumerate(rows) if here]
        drawn.append((first, [below.place[rows[place][1]] for place in first], nominal[first]))
    return Scheme(
        below,
        node,
        matrix,
        index,
        base[..., columns],
        drawn,
        [name for _, name, _ in families[-1]],
        {leaf: [name for name in names if name in rest] for leaf, rest in kept.items()},
        given,
        None if floor is None else floor[leaves],
        None if spread is None else spread[:, leaves],
        variant.posts,
        variant.groups,
    )


def points(scheme: Scheme, raw: list, dropped: np.ndarray, noise: Callable | None, years: int) -> np.ndarray:
    """Scores of the node in each draw (draws × years × units; missing where it has none).

    `raw`: drawn weights of each level (node × draw), `dropped`: place of the indicator left out (-1: none), `noise`: draws
    → standard normal errors (draws × rows × indicators).
    """
    rows, out = len(scheme.index), np.empty((len(dropped), len(scheme.index)))
    many = max(1, CELLS // (rows * len(scheme.spec.nodes)))
    for place in np.unique(dropped):
        spec, leaves, nodes = scheme.part(int(place))
        draws = np.flatnonzero(dropped == place)
        for some in np.split(draws, range(many, len(draws), many)):
            x = np.broadcast_to(scheme.matrix[:, leaves], (len(some), rows, len(leaves)))
            if noise is not None:
                x = x + (noise(some) * scheme.spread)[:, :, leaves]
            if scheme.floor is not None:
                x = x.clip(min=scheme.floor[leaves])
            own = _in_families(_weights(scheme, [level[:, some] for level in raw])[..., nodes], spec)
            own = np.broadcast_to(own, (len(some), rows, len(nodes))).reshape(-1, len(nodes))
            scores = aggregate.scores(
                x.reshape(-1, len(leaves)), spec, own, scheme.index, scheme.posts, scheme.groups
            )
            out[some] = scores[:, spec.place[scheme.node]].reshape(len(some), rows)
    return out.reshape(len(dropped), years, -1)


def _weights(scheme: Scheme, raw: list) -> np.ndarray:
    """Weights of each draw before they are rescaled in each family (draws × 1 or rows × nodes)."""
    base = np.atleast_2d(scheme.weights)[None]
    out = np.repeat(base, raw[0].shape[1], axis=0)
    for (places, columns, nominal), level in zip(scheme.levels, raw):
        drawn = level[places].T
        if scheme.given:
            out[:, :, columns] = drawn[:, None]
        else:
            moved = np.divide(drawn, nominal, out=np.zeros_like(drawn), where=nominal > 0)
            out[:, :, columns] *= moved[:, None]
    return out


def _in_families(weights: np.ndarray, spec) -> np.ndarray:
    """Weights that sum to one in every family."""
    out = np.ones_like(weights)
    for children in spec.families.values():
        columns = [spec.place[child] for child in children]
        if len(columns) > 1:
            family = weights[..., columns]
            total = family.sum(axis=-1, keepdims=True)
            out[..., columns] = np.divide(family, total, out=np.zeros_like(family), where=total > 0)
    return out
