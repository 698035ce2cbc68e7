"""The Monte-Carlo runs: draws of complete indices, counted. The kernel makes them on an exact grid.

In the kernel scores are whole multiples of a grid (about 1e-8 of the scale) that 64-bit numbers hold exactly, so neither the
processor nor the order of summation can change a rank, and equal scores are equal. Where a tree is not of one linked mean
(`drawn.linked_mean`) draws go through the engine instead, whose ranks stand on the grid. Each chunk of draws has its own
seed (`SeedSequence.spawn`): results do not depend on the number of workers, and memory does not grow with the draws.
"""

import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fire.analysis import drawn
from fire.index import rounding

LINKS: dict[str, tuple[Callable, Callable]] = {
    "arithmetic": (lambda x: x, lambda x: x),
    "geometric": (np.log, np.exp),
    "harmonic": (lambda x: -1 / x, lambda x: -1 / x),
}
WEIGHT_BITS, SCORE_BITS = 25, 27
WEIGHT_GRID = 2.0**WEIGHT_BITS
# pairs are counted on the first draws of panels up to this size
PAIR_DRAWS, PAIR_UNITS = 16_384, 500
ENGINE = 500  # about how many draws of the kernel take as long as one through the engine
# per cent: -100 to 200; one more bin counts the undefined
GROWTH_LOW, GROWTH_STEP, GROWTH_BINS = -100.0, 0.1, 3_000


class Linked(NamedTuple):
    """One set of methods in the kernel: the linked scores on the integer grid."""

    matrix: np.ndarray  # indicators × rows; rows = years × units
    step: float  # of the grid
    way: str  # the aggregation, of LINKS
    variance: np.ndarray | None  # of the data errors


@dataclass(frozen=True)
class Design:
    """What a worker needs: the tree, the data of each set of methods, and how to draw."""

    levels: list  # from the root down: (nominal weights, index of the parent, first child of each parent)
    schemes: list  # Linked, or drawn.Scheme
    absent: np.ndarray  # years × units: true where a unit has no data in a year
    live: list  # (which indicators are present, which rows) for each pattern of missing cells
    weights: dict
    drop: float
    correlation: float  # of the errors of a unit's data between years
    membership: np.ndarray | None  # years × units × groups: share of a unit in the mean of its group
    seed: int
    chunk: int
    lowest: float  # below every score on the grid: what an absent unit gets, so that it is ranked last
    completions: int = 1  # draws of what is not known; the schemes of each follow on those of the one before
    droppable: np.ndarray | None = None  # places of the last level that a draw may leave out; default all
    low: bool = False  # is the lowest score the best?

    @property
    def years(self) -> int:
        return self.absent.shape[0]

    @property
    def units(self) -> int:
        return self.absent.shape[1]

    @property
    def columns(self) -> int:
        return self.units if self.membership is None else self.membership.shape[2]


def families(spec, node: str) -> list[list[tuple]]:
    """The levels under a node from the top down, each a list of (place of the parent in the level above, child, whether
    it stands there first). A branch that ends early goes on as an only child; a node that stands in two places is
    followed from the first, and None from the others."""
    levels: list[list[tuple]] = []
    current: list[str | None] = [node]
    seen = {node}
    while any(name is not None and spec.children(name) for name in current):
        rows = []
        for place, name in enumerate(current):
            children = [] if name is None else spec.children(name)
            for child in children:
                rows.append((place, None if child in seen else child, child not in seen))
                seen.add(child)
            if not children:
                rows.append((place, name, False))
        levels.append(rows)
        current = [name for _, name, _ in rows]
    return levels


def tree(spec, node: str, weights=None) -> tuple[list, list]:
    """The levels under a node (`families`) as arrays, and its indicators. `weights`: of every node in its parent, default
    those of the specification."""
    weights, levels = spec.nodes["weight"] if weights is None else weights, []
    found = families(spec, node)
    for rows in found:
        weight = np.array([float(weights[name]) if first else 1.0 for _, name, first in rows])
        parent = np.array([place for place, _, _ in rows])
        levels.append((weight, parent, np.searchsorted(parent, np.arange(parent[-1] + 1))))
    return levels, [name for _, name, _ in found[-1]] if found else [node]


def patterns(matrix: np.ndarray) -> list:
    """The distinct sets of indicators that rows have, each with its rows; rows without any are left out."""
    sets, group = np.unique(~np.isnan(matrix), axis=0, return_inverse=True)
    return [(live, np.nonzero(group == place)[0]) for place, live in enumerate(sets) if live.any()]


def on_grid(matrix: np.ndarray, variance: np.ndarray | None, way: str, bits: int) -> Linked:
    """The linked scores as multiples of a power of two; errors follow to first order (exactly when arithmetic)."""
    linked = LINKS[way][0](matrix)
    step = 2.0 ** (math.ceil(math.log2(np.nanmax(np.abs(linked)))) - bits)
    # the slope of the link is score ** -steepness
    steepness = {"arithmetic": 0, "geometric": 1, "harmonic": 2}[way]
    spread = None if variance is None else np.nan_to_num(variance / matrix ** (2 * steepness)).T / step**2
    return Linked(np.rint(np.nan_to_num(linked).T / step), step, way, spread)


def simulate(design: Design, draws: int, workers: int = 1, progress: bool | None = None) -> dict:
    """Counts of ranks, growth and pairs over all draws; the same for any number of workers.

    Every chunk takes one draw of what is not known, in turn, so that each has the same number of draws.
    """
    if design.completions > 1:
        each = -(-draws // design.completions)
        design = replace(design, chunk=-(-each // -(-each // design.chunk)))
    chunks = range(-(-draws // design.chunk))
    pieces = min(len(chunks), 8 * workers)
    work = partial(_batch_tally, design, draws), [chunks[start::pieces] for start in range(pieces)]
    cost = 1 if all(isinstance(scheme, Linked) for scheme in design.schemes) else ENGINE
    quiet = draws * design.units * design.years * cost < 3e8 if progress is None else not progress
    bar = partial(tqdm, total=pieces, desc="draws", disable=quiet, leave=False)
    if workers == 1:
        return add(bar(map(*work)))
    with ProcessPoolExecutor(workers) as pool:
        return add(bar(pool.map(*work)))


def add(tallies) -> dict:
    """The sum of tallies."""
    return reduce(
        lambda total, tally: {name: np.add(total[name], tally[name], out=total[name]) for name in total},
        tallies,
    )


def _batch_tally(design: Design, draws: int, chunks) -> dict:
    """The tally of some chunks, on one thread of linear algebra."""
    tally = {
        "ranks": np.zeros((design.years, design.columns, design.columns), np.int32),
        "growth": np.zeros((design.years - 1, design.columns, GROWTH_BINS + 1), np.int32),
        "pairs": np.zeros((design.years, design.columns, design.columns), np.int32),
        "pairs_draws": np.zeros((), int),
    }
    with threadpool_limits(1):
        for chunk in chunks:
            pairs = -(-draws // PAIR_DRAWS) if design.columns <= PAIR_UNITS else 0
            for grid, ratio in _draw_chunk(design, chunk, min(design.chunk, draws - chunk * design.chunk)):
                count(tally, grid, ratio, pairs)
    return tally


def _draw_chunk(design: Design, chunk: int, size: int):
    """Draw one chunk; yield for each scheme the scores on its grid (draws × years × units) and the ratios to the year
    before.
    """
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(design.seed, spawn_key=(chunk,))))
    raw, dropped = draw_weights(design, rng, chunk * design.chunk + np.arange(size)), np.full(size, -1)
    if design.drop:
        places = np.arange(len(raw[-1])) if design.droppable is None else design.droppable
        left = rng.random(size) < design.drop
        dropped = np.where(left, places[rng.integers(len(places), size=size)], -1)
        leave_out(raw[-1], dropped)
    weights = kernel_weights(design, raw)
    number = len(design.schemes) // design.completions
    first = chunk % design.completions * number
    parts = np.cumsum(rng.multinomial(size, np.full(number, 1 / number)))
    for scheme, start, stop in zip(design.schemes[first : first + number], [0, *parts], parts):
        if stop == start:
            continue
        if isinstance(scheme, Linked):
            noise = None if scheme.variance is None else errors(design, stop - start, rng)
            yield draw_scores(
                design, scheme, [(rows, weight[:, start:stop].T) for rows, weight in weights], noise
            )
        else:
            own, size = [level[:, start:stop] for level in raw], scheme.matrix.shape[1]
            noisy = scheme.spread is not None
            cells = partial(cell_errors, design, rng=rng, indicators=size) if noisy else None
            yield placed(design, drawn.points(scheme, own, dropped[start:stop], cells, design.years))


def kernel_weights(design: Design, raw: list) -> list:
    """For each pattern of missing cells its rows and the weights of the indicators (indicator × draw) on the grid; none
    where all draws go through the engine."""
    if not any(isinstance(scheme, Linked) for scheme in design.schemes):
        return []
    return [
        (rows, on_weight_grid(leaf_weights(design.levels, raw, live, WEIGHT_GRID)))
        for live, rows in design.live
    ]


def draw_weights(design: Design, rng, draws: np.ndarray) -> list[np.ndarray]:
    """Weights (node × draw) of every level before they are rescaled inside each parent."""
    if "sets" in design.weights:
        return [sets[:, draws % sets.shape[1]] for sets in design.weights["sets"]]
    shapes = [(weight[:, None], (len(weight), len(draws))) for weight, _, _ in design.levels]
    if "dirichlet" in design.weights:
        return [
            rng.standard_gamma(c * weight, shape)
            for c, (weight, shape) in zip(design.weights["dirichlet"], shapes)
        ]
    bands = design.weights.get("band", [0.0] * len(shapes))
    return [
        _uniform(rng, weight * (1 - band), weight * (1 + band), shape)
        if band
        else np.repeat(weight, shape[1], axis=1)
        for band, (weight, shape) in zip(bands, shapes)
    ]


def _uniform(rng, low: np.ndarray, high: np.ndarray, shape: tuple) -> np.ndarray:
    """Uniform numbers between columns of bounds."""
    drawn = rng.random(shape)
    drawn *= high - low
    drawn += low
    return drawn


def leave_out(weights: np.ndarray, dropped: np.ndarray) -> None:
    """Set to zero, in place, the weight of the indicator that each draw leaves out (-1: none)."""
    draw = np.nonzero(dropped >= 0)[0]
    weights[dropped[draw], draw] = 0


def leaf_weights(levels: list, raw: list, live: np.ndarray, total: float = 1.0) -> np.ndarray:
    """Weight of every indicator in the node (indicator × draw), summing to `total`; what is absent leaves its share
    to siblings.
    """
    mass, totals = [raw[-1] if live.all() else raw[-1] * live[:, None]], []
    for (_, _, first), above in zip(levels[::-1], [*raw[-2::-1], None]):
        totals.append(_family_sums(mass[-1], first))
        mass.append(None if above is None else above * (totals[-1] > 0))
    share = total / totals.pop()
    for (_, parent, _), node in zip(levels[:-1], mass[-2:0:-1]):
        below = totals.pop()
        share = node * share[parent] / np.where(below > 0, below, 1)
    return mass[0] * share[levels[-1][1]]


def _family_sums(mass: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Sums of the rows of each family, whose rows are neighbours; `first` is where each family starts."""
    sums = np.empty((len(first), mass.shape[1]))
    for family, (start, stop) in enumerate(zip(first, [*first[1:], len(mass)])):
        np.add.reduce(mass[start:stop], axis=0, out=sums[family])
    return sums


def on_weight_grid(weight: np.ndarray) -> np.ndarray:
    """Rounded in place to whole numbers."""
    return np.rint(weight, out=weight)


def weighted(spec, node: str, linked: np.ndarray) -> np.ndarray:
    """Each row's linked indicator scores times their published weights in `node`; rows sum to the linked score of the
    node. Columns of `linked` and of the result: the indicators of `spec` below `node` in the order of the specification.
    """
    levels, leaves = tree(spec, node)
    below: list = [leaf for leaf in spec.indicators if leaf in set(leaves)]
    order = [below.index(leaf) for leaf in leaves]
    parts = np.nan_to_num(linked)
    for live, rows in patterns(linked):
        weights = leaf_weights(levels, [level[0][:, None] for level in levels], live[order]).T
        parts[np.ix_(rows, order)] *= weights
    return parts


def draw_scores(
    design: Design, scheme: Linked, weights: list, noise: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the draws of one scheme (draws × years × units) on its grid, and their ratios to the year before.

    `weights` are (rows, draws × indicators) for each pattern of missing cells, `noise` standard normal (draws × rows).
    """
    matrix, step, way, variance = scheme
    size = len(weights[0][1])
    grid = weights[0][1] @ matrix if len(weights) == 1 else np.zeros((size, matrix.shape[1]))
    for rows, weight in weights:
        if len(weights) > 1:
            grid[:, rows] = weight @ matrix[:, rows]
        if noise is not None and variance is not None:
            grid[:, rows] += np.rint(noise[:, rows] * np.sqrt(weight**2 @ variance[:, rows]))
    grid, step = grid.reshape(size, design.years, design.units), step / WEIGHT_GRID
    gone, missing = design.absent, design.absent.any()
    if design.membership is None and way != "harmonic":
        ratio = np.exp(step * np.diff(grid, axis=1)) if way == "geometric" else _ratios(grid)
    else:
        points = LINKS[way][1](
            np.where(gone, LINKS[way][0](1.0) / step, grid) * step if missing else grid * step
        )
        if design.membership is not None:
            points = np.matmul(points.swapaxes(0, 1), design.membership).swapaxes(0, 1)
            gone = np.asarray(~design.membership.any(axis=1))
            missing = gone.any()
        grid, ratio = np.rint(points / step), _ratios(points)
    if design.low:
        grid = -grid
    if missing:
        grid[:, gone] = design.lowest
        ratio[:, gone[1:] | gone[:-1]] = np.nan
    return grid, ratio


def placed(design: Design, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of draws through the engine (draws × years × units, missing where there are none) as `draw_scores` gives
    its own: the ranks that the engine gives, on a grid, and the ratios to the year before."""
    if design.membership is not None:
        there = ~np.isnan(points).swapaxes(0, 1)
        sums = np.matmul(np.nan_to_num(points).swapaxes(0, 1), design.membership > 0)
        number = np.matmul(there.astype(float), design.membership > 0)
        means = np.divide(sums, number, out=np.full(sums.shape, np.nan), where=number > 0)
        points = means.swapaxes(0, 1)
    columns = points.reshape(-1, points.shape[2]).T
    ranks = rounding.ranks(-columns if design.low else columns).T.reshape(points.shape)
    return np.where(np.isnan(ranks), design.lowest, -ranks), _ratios(points)


def errors(design: Design, size: int, rng) -> np.ndarray:
    """Standard normal errors (draws × rows), correlated between the years of a unit."""
    rho, shape = design.correlation, (size, design.years, design.units)
    lasting = math.sqrt(rho) * rng.standard_normal((size, 1, design.units))
    return (lasting + math.sqrt(1 - rho) * rng.standard_normal(shape)).reshape(size, -1)


def cell_errors(design: Design, draws: np.ndarray, rng, indicators: int) -> np.ndarray:
    """Standard normal errors of every cell (draws × rows × indicators), correlated between the years of a unit."""
    rho, shape = design.correlation, (len(draws), design.years, design.units, indicators)
    lasting = math.sqrt(rho) * rng.standard_normal((len(draws), 1, design.units, indicators))
    return (lasting + math.sqrt(1 - rho) * rng.standard_normal(shape)).reshape(len(draws), -1, indicators)


def _ratios(points: np.ndarray) -> np.ndarray:
    """Each year's scores over those of the year before; undefined from a score at or below zero."""
    before = points[:, :-1]
    return np.divide(points[:, 1:], before, out=np.full(before.shape, np.nan), where=before > 0)


def count(tally: dict, grid: np.ndarray, ratio: np.ndarray, pairs: int) -> None:
    """Add the ranks, growth and (of one draw in `pairs`, of none where that is zero) pairs of some draws to the tally."""
    units = grid.shape[2]
    for year in range(grid.shape[1]):
        _add_counts(tally["ranks"][year], *ranked(grid[:, year]))
        if pairs:
            _add_pairs(tally["pairs"][year], grid[::pairs, year])
    tally["pairs_draws"] += len(grid[::pairs]) if pairs else 0
    for year in range(ratio.shape[1]):
        place = ratio[:, year] * (100 / GROWTH_STEP) - (100 + GROWTH_LOW) / GROWTH_STEP
        place = np.where(np.isnan(place), GROWTH_BINS, place.clip(0, GROWTH_BINS - 1)).astype(np.int64)
        _add_counts(tally["growth"][year], np.arange(units), place)


def _add_pairs(table: np.ndarray, scores: np.ndarray) -> None:
    """Count into a table (unit × unit) how often each is ahead of each other in some draws (draw × unit)."""
    if len(scores) < scores.shape[1]:
        for own in scores:
            table += own[:, None] > own
        return
    scores = np.ascontiguousarray(scores.T)
    for unit, own in enumerate(scores):
        ahead = np.packbits(own > scores, axis=1)
        table[unit] += np.bitwise_count(ahead).sum(axis=1, dtype=np.int32)


def ranked(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units in the order of each row and their ranks from 0; equal scores share the best rank and the sort is exact."""
    units = grid.shape[1]
    bits = (units - 1).bit_length()
    keys = grid.astype(np.int64)
    keys *= -(1 << bits)
    keys += np.arange(units)
    keys.sort(axis=1)
    order = keys & ((1 << bits) - 1)
    keys >>= bits
    rank, flat = np.arange(units), keys.ravel()
    if (flat[1:] == flat[:-1]).any():
        new = np.pad(keys[:, 1:] != keys[:, :-1], ((0, 0), (1, 0)), constant_values=True)
        rank = np.maximum.accumulate(np.where(new, rank, 0), axis=1)
    return order, rank


def _add_counts(table: np.ndarray, row: np.ndarray, column: np.ndarray) -> None:
    """Count (row, column) pairs into a table."""
    np.add.at(table.reshape(-1), (row * table.shape[1] + column).ravel(), table.dtype.type(1))
