"""How sure is a rank: Monte-Carlo over the declared alternatives of an index, on the whole panel.

Every draw is a complete index: weights at all levels, one set of methods (normalisation, treatment, imputation, scale, posts,
as declared), an aggregation, perhaps one indicator left out, perhaps errors in the data. What does not depend on the weights
is computed once for each combination of methods by `fire.score`; a draw is then a row of a matrix product.

Scores are whole multiples of a grid (about 1e-8 of the scale) that 64-bit numbers hold exactly, so neither the processor nor
the order of summation can change a rank, and equal scores are equal. Each chunk of draws has its own seed
(`SeedSequence.spawn`): results do not depend on the number of workers. Probabilities are published to three decimals.
"""

import itertools
import math
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fire import files, score
from fire.errors import refuse

STANDARD = files.DATA / "uncertainty.toml"
LINKS = {"arithmetic": (lambda x: x, lambda x: x), "geometric": (np.log, np.exp), "harmonic": (lambda x: -1 / x, lambda x: -1 / x)}
WEIGHT_BITS, SCORE_BITS = 25, 27
WEIGHT_GRID = 2.0 ** WEIGHT_BITS
PAIR_DRAWS, PAIR_UNITS = 16_384, 500                           # pairs are counted on the first draws of panels up to this size
GROWTH_LOW, GROWTH_STEP, GROWTH_BINS = -100.0, 0.1, 3_000      # per cent: -100 to 200; one more bin counts the undefined
KINDS = ("weights", "drop", "error", "floor")                           # all other alternatives are lists of choices of the specification


@dataclass(frozen=True)
class Design:
    """What a worker needs: the tree, the data of each scheme on the integer grid, and how to draw."""

    levels: list          # from the root down: (nominal weights, index of the parent, first child of each parent)
    schemes: list         # (matrix indicators × rows, grid step, aggregation, error variance or None); rows = years × units
    years: int
    units: int
    live: list            # (which indicators are present, which rows) for each pattern of missing cells
    weights: dict
    drop: float
    correlation: float    # of the errors of a unit's data between years
    membership: np.ndarray | None
    seed: int
    chunk: int

    @property
    def columns(self) -> int:
        return self.units if self.membership is None else self.membership.shape[1]


@dataclass(frozen=True)
class Result:
    """Frames of a run: `intervals`, `growth`, `pairs` (P that unit is ahead of other); `ranks` counts (year × unit × rank)."""

    intervals: pd.DataFrame
    growth: pd.DataFrame
    pairs: pd.DataFrame
    ranks: np.ndarray
    draws: int


def standard() -> dict:
    """The declared alternatives of the standard run (data/uncertainty.toml)."""
    return tomllib.loads(STANDARD.read_text(encoding="utf-8"))


def intervals(spec, panel: pd.DataFrame, draws: int = 10_000, seed: int = 2022, nodes: list | None = None,
              alternatives: dict | None = None) -> pd.DataFrame:
    """The intervals frame of the league tables for the root and the pillars (or `nodes`) under the standard alternatives."""
    nodes, alternatives = nodes or [spec.root, *spec.pillars], standard() if alternatives is None else alternatives
    found = variants(spec, panel, alternatives)
    runs = [run(spec, panel, alternatives, draws, seed, node=node, found=found) for node in nodes]
    return pd.concat([one.intervals for one in runs], ignore_index=True)


def run(spec, panel: pd.DataFrame, alternatives: dict | None = None, draws: int = 10_000, seed: int = 2022, workers: int = 1,
        node: str | None = None, groups: pd.Series | None = None, top: int = 10, progress: bool | None = None,
        found: tuple | None = None) -> Result:
    """Monte-Carlo over `alternatives` (default: the standard run) for `node` (default: the root) and every year of the panel.

    `groups` (unit → group) ranks the means of groups, such as regions, instead. Memory does not grow with `draws`.
    `found` are the `variants` of the same panel and alternatives, to save time over several nodes.
    Raises InputError for an empty set, a choice that changes nothing, weights that can be negative, fewer than one draw,
    a unit that is missing in a year, or a geometric mean of scores that are not positive.
    """
    alternatives = standard() if alternatives is None else alternatives
    node = spec.root if node is None else node
    refuse("draws", [f"{draws}: give a whole number of at least 1"] if draws < 1 or draws != int(draws) else [])
    design, names, years = prepare(spec, panel, alternatives, seed, node, groups, found)
    tally = simulate(design, int(draws), workers, progress)
    return summarise(tally, published(spec, panel, node, groups), names, years, node, int(draws), top)


# Design ------------------------------------------------------------------------------------------------------------------


def prepare(spec, panel, alternatives: dict, seed: int, node: str, groups=None, found=None) -> tuple[Design, list, list]:
    """Check the alternatives against the panel and turn them into a Design; also the names of the rows and the years."""
    levels, leaves = tree(spec, node)
    check(alternatives, levels)
    matrices, units, years = found or variants(spec, panel, alternatives)
    columns = [spec.indicators.index(leaf) for leaf in leaves]
    matrices = {choice: matrix[:, columns] for choice, matrix in matrices.items()}
    variance = error_variance(panel, alternatives.get("error"), leaves, units, years, spec)
    ways = alternatives.get("aggregation", [spec.nodes.at[node, "aggregation"]])
    floor = alternatives.get("floor")
    refuse_nonpositive(matrices if floor is None else {}, ways, leaves, units, years)
    bits = min(SCORE_BITS, 62 - WEIGHT_BITS - (len(units) - 1).bit_length())
    schemes = [on_grid(matrix if way == "arithmetic" or floor is None else matrix.clip(min=floor), variance, way, bits) for matrix, way in itertools.product(matrices.values(), ways)]
    member = None if groups is None else pd.get_dummies(groups.reindex(units)).astype(float)
    chunk = max(64, min(2048, 2 ** 20 // (len(units) * len(years) + len(leaves)) // 64 * 64))
    design = Design(levels, schemes, len(years), len(units), patterns(next(iter(matrices.values()))),
                    given_weights(alternatives.get("weights"), spec, node, levels), alternatives.get("drop", 0.0),
                    alternatives.get("error", {}).get("year_correlation", 0.0),
                    None if member is None else (member / member.sum()).to_numpy(), seed, chunk)
    return design, units if member is None else list(member.columns), years


def check(alternatives: dict, levels: list) -> None:
    """Refuse alternatives that are empty, unknown in form, or could not change anything."""
    faults = [] if alternatives else ["no alternative is declared: name at least one, such as weights = {band = 0.25}"]
    for name, options in alternatives.items():
        if name not in KINDS and (not isinstance(options, list) or len(options) < 2):
            faults.append(f"'{name}' needs a list of two or more options, the published one first; it is {options}")
    faults += weight_faults(alternatives["weights"], levels) if "weights" in alternatives else []
    if "drop" in alternatives and not 0 < alternatives["drop"] <= 1:
        faults.append(f"'drop' is the probability that a draw leaves one indicator out: 0 < drop <= 1; it is {alternatives['drop']}")
    if alternatives.get("floor", 1) <= 0:
        faults.append(f"'floor' is the least score that geometric and harmonic means count with: above 0; it is {alternatives['floor']}")
    if "drop" in alternatives and len(levels[-1][0]) < 2:
        faults.append("'drop' would leave no indicator: the node has only one")
    refuse("alternatives", list(dict.fromkeys(faults)))


def weight_faults(weights: dict, levels: list) -> list[str]:
    """Faults of a declaration of weights."""
    if "sets" in weights:
        sets = weights["sets"]
        faults = ["weights: 'sets' holds no set: give one column of weights for each"] if sets.shape[1] == 0 else []
        return faults + [f"weights: set '{name}' gives {node} the weight {value}: weights must not be negative"
                         for (node, name), value in sets.stack().items() if value < 0]
    kind = next((key for key in ("band", "dirichlet") if key in weights), None)
    if kind is None:
        return ["weights: give band (share of the weight), dirichlet (concentration) or sets (a frame)"]
    value, bands = weights[kind], per_level(weights, levels)[kind]
    faults = [f"weights: '{kind}' has {len(bands)} values for {len(levels)} levels"] if len(bands) != len(levels) else []
    if kind == "band":
        faults += [f"weights: a band of {band} allows negative weights: keep it below 1" for band in bands if band >= 1]
        faults += [f"weights: a band of {band} is negative" for band in bands if band < 0]
        moves = [band > 0 and len(level[2]) < len(level[0]) for band, level in zip(bands, levels)]
    else:
        faults += [f"weights: a concentration must be positive; it is {band}" for band in bands if band <= 0]
        moves = [len(level[2]) < len(level[0]) for level in levels]
    return faults + ([] if any(moves) else [f"weights: {kind} = {value} changes nothing: remove it or widen it"])


def tree(spec, node: str) -> tuple[list, list]:
    """The levels under a node from the top down and its indicators; a branch that ends early goes on as an only child."""
    levels, current = [], [node]
    while any(spec.children(name) for name in current):
        families = [spec.children(name) or [name] for name in current]
        weight = np.concatenate([spec.nodes.loc[family, "weight"] if family != [name] else [1.0]
                                 for name, family in zip(current, families)]).astype(float)
        parent = np.repeat(np.arange(len(families)), [len(family) for family in families])
        levels.append((weight, parent, np.searchsorted(parent, np.arange(len(families)))))
        current = [child for family in families for child in family]
    return levels, current


def variants(spec, panel, alternatives: dict) -> tuple[dict, list, list]:
    """Normalised indicator scores (rows: years × units; columns: indicators) of every combination of choices; units; years.

    Refuses a choice that gives the scores that another gives already, and a unit that is missing in a year.
    """
    lists = {name: options for name, options in alternatives.items() if name not in (*KINDS, "aggregation")}
    years, units = sorted(panel["year"].unique()), sorted(panel["unit"].unique())
    have = set(map(tuple, panel.dropna(subset="value")[["unit", "year"]].drop_duplicates().itertuples(index=False)))
    refuse("panel", [f"{unit} has no data in {year}: add its rows or leave the city out of every year"
                     for year in years for unit in units if (unit, year) not in have])
    matrices = {}
    for choice in itertools.product(*lists.values()):
        choices = {key: value for name, option in zip(lists, choice) for key, value in chosen(name, option).items()}
        wide = score.steps(spec.vary(**choices) if choices else spec, panel).normalised[spec.indicators]
        matrices[tuple(map(name_of, choice))] = wide.reindex([(year, unit) for year in years for unit in units]).to_numpy(float)
    first = [name_of(options[0]) for options in lists.values()]
    for place, (name, options) in enumerate(lists.items()):
        seen = {}
        for option in options:
            key = (*first[:place], name_of(option), *first[place + 1:])
            same = [other for other, matrix in seen.items() if np.array_equal(matrix, matrices[key], equal_nan=True)]
            refuse("alternatives", [f"{name} = {key[place]} changes nothing against {other}: remove it" for other in same[:1]])
            seen[key[place]] = matrices[key]
    return matrices, units, years


def chosen(name: str, option) -> dict:
    """An option as choices of `Spec.vary`: "published" is none, a table several at once, any other value one of `name`."""
    if isinstance(option, dict):
        return {key: value for key, value in option.items() if key != "name"}
    return {} if option == "published" else {name: option}


def name_of(option) -> str:
    """An option as text; a table may carry a `name`."""
    if isinstance(option, dict):
        return option.get("name") or ", ".join(f"{key} {value}" for key, value in option.items())
    return str(option)


def error_variance(panel, error: dict | None, leaves, units, years, spec) -> np.ndarray | None:
    """Variance of the data error of every cell (rows × indicators) in squared scale points, from the status of the cell."""
    if error is None:
        return None
    low, high = spec.method["scale"]
    status = panel.pivot(index=["year", "unit"], columns="indicator", values="status")[spec.indicators]
    status = status.reindex([(year, unit) for year in years for unit in units])
    spread = status.apply(lambda column: column.map(error).fillna(0.0)).astype(float) * (high - low)
    faults = [f"error: {name} = {value} is negative" for name, value in error.items() if value < 0]
    if not spread.to_numpy().any():
        faults.append("error: no cell of the panel has a status with an error above zero, so it changes nothing: remove it")
    refuse("alternatives", faults)
    return spread[leaves].to_numpy() ** 2


def refuse_nonpositive(matrices: dict, ways: list, leaves, units, years) -> None:
    """Refuse aggregations that are unknown, and means of logarithms or reciprocals of scores at or below zero."""
    faults = [f"aggregation '{way}' is not one of {', '.join(LINKS)}" for way in ways if way not in LINKS]
    if any(way in ("geometric", "harmonic") for way in ways):
        rows = [(unit, year) for year in years for unit in units]
        for choice, matrix in matrices.items():
            for row, column in list(zip(*np.nonzero(matrix <= 0)))[:3]:
                faults.append(f"{'/'.join(choice) or 'published method'}: {rows[row][0]}, {rows[row][1]}, {leaves[column]} scores "
                              f"{matrix[row, column]:.3f}: a geometric or harmonic mean needs scores above zero: declare a floor, such as floor = 0.1")
    refuse("alternatives", faults)


def on_grid(matrix: np.ndarray, variance: np.ndarray | None, way: str, bits: int) -> tuple:
    """The linked scores as whole multiples of a power of two; errors follow to first order (exactly when arithmetic)."""
    linked = LINKS[way][0](matrix)
    step = 2.0 ** (math.ceil(math.log2(np.nanmax(np.abs(linked)))) - bits)
    steepness = {"arithmetic": 0, "geometric": 1, "harmonic": 2}[way]      # the slope of the link is score ** -steepness
    spread = None if variance is None else np.nan_to_num(variance / matrix ** (2 * steepness)).T / step ** 2
    return np.rint(np.nan_to_num(linked).T / step), step, way, spread


def patterns(matrix: np.ndarray) -> list:
    """The distinct sets of indicators that rows have, each with its rows."""
    sets, group = np.unique(~np.isnan(matrix), axis=0, return_inverse=True)
    return [(live, np.nonzero(group == place)[0]) for place, live in enumerate(sets)]


def weighted(spec, node: str, linked: np.ndarray) -> np.ndarray:
    """Each row's linked indicator scores times their published weights in `node`; rows sum to the linked score of the node."""
    levels, _ = tree(spec, node)
    parts = np.nan_to_num(linked)
    for live, rows in patterns(linked):
        parts[rows] *= leaf_weights(levels, [level[0][:, None] for level in levels], live).T
    return parts


def given_weights(weights: dict | None, spec, node: str, levels: list) -> dict:
    """Weights as declared, for each level; sets become arrays (node × set)."""
    if not weights or "sets" not in weights:
        return per_level(weights, levels)
    sets, arrays, current = weights["sets"], [], [node]
    while any(spec.children(name) for name in current):
        current = [(child, bool(spec.children(name))) for name in current for child in spec.children(name) or [name]]
        arrays.append(np.array([sets.loc[child] if real else np.ones(sets.shape[1]) for child, real in current], float))
        current = [child for child, _ in current]
    return {"sets": arrays}


def per_level(weights: dict | None, levels: list) -> dict:
    """Bands and concentrations as one value for each level; a list runs from the root of the index down, a branch takes its end."""
    return {kind: value[-len(levels):] if isinstance(value, list) else [value] * len(levels) for kind, value in (weights or {}).items()}


# Draws -------------------------------------------------------------------------------------------------------------------


def simulate(design: Design, draws: int, workers: int = 1, progress: bool | None = None) -> dict:
    """Counts of ranks, growth and pairs over all draws; the same for any number of workers."""
    chunks = range(-(-draws // design.chunk))
    pieces = min(len(chunks), 8 * workers)
    work = partial(batch_tally, design, draws), [chunks[start::pieces] for start in range(pieces)]
    quiet = draws * design.units * design.years < 3e8 if progress is None else not progress
    bar = partial(tqdm, total=pieces, desc="draws", disable=quiet, leave=False)
    if workers == 1:
        return add(bar(map(*work)))
    with ProcessPoolExecutor(workers) as pool:
        return add(bar(pool.map(*work)))


def add(tallies) -> dict:
    """The sum of tallies."""
    return reduce(lambda total, tally: {name: np.add(total[name], tally[name], out=total[name]) for name in total}, tallies)


def batch_tally(design: Design, draws: int, chunks) -> dict:
    """The tally of some chunks, on one thread of linear algebra."""
    tally = {"ranks": np.zeros((design.years, design.columns, design.columns), np.int32),
             "growth": np.zeros((design.years - 1, design.columns, GROWTH_BINS + 1), np.int32),
             "pairs": np.zeros((design.years, design.columns, design.columns), np.int32), "pairs_draws": np.zeros((), int)}
    with threadpool_limits(1):
        for chunk in chunks:
            pairs = design.columns <= PAIR_UNITS and chunk * design.chunk < PAIR_DRAWS
            for grid, ratio in draw_chunk(design, chunk, min(design.chunk, draws - chunk * design.chunk)):
                count(tally, grid, ratio, pairs)
    return tally


def draw_chunk(design: Design, chunk: int, size: int):
    """Draw one chunk; yield for each scheme the scores on its grid (draws × years × units) and the ratios to the year before."""
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(design.seed, spawn_key=(chunk,))))
    raw = draw_weights(design, rng, chunk * design.chunk + np.arange(size))
    if design.drop:
        leave_out(raw[-1], np.where(rng.random(size) < design.drop, rng.integers(len(raw[-1]), size=size), -1))
    weights = [(rows, on_weight_grid(leaf_weights(design.levels, raw, live, WEIGHT_GRID))) for live, rows in design.live]
    parts = np.cumsum(rng.multinomial(size, np.full(len(design.schemes), 1 / len(design.schemes))))
    for scheme, start, stop in zip(design.schemes, [0, *parts], parts):
        if stop > start:
            noise = None if scheme[3] is None else errors(design, stop - start, rng)
            yield draw_scores(design, scheme, [(rows, weight[:, start:stop].T) for rows, weight in weights], noise)


def draw_weights(design: Design, rng, draws: np.ndarray) -> list[np.ndarray]:
    """Weights (node × draw) of every level before they are rescaled inside each parent."""
    if "sets" in design.weights:
        return [sets[:, draws % sets.shape[1]] for sets in design.weights["sets"]]
    shapes = [(weight[:, None], (len(weight), len(draws))) for weight, _, _ in design.levels]
    if "dirichlet" in design.weights:
        return [rng.standard_gamma(c * weight, shape) for c, (weight, shape) in zip(design.weights["dirichlet"], shapes)]
    bands = design.weights.get("band", [0.0] * len(shapes))
    return [uniform(rng, weight * (1 - band), weight * (1 + band), shape) if band else np.repeat(weight, shape[1], axis=1)
            for band, (weight, shape) in zip(bands, shapes)]


def uniform(rng, low: np.ndarray, high: np.ndarray, shape: tuple) -> np.ndarray:
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
    """Weight of every indicator in the node (indicator × draw), summing to `total`; what is absent leaves its share to siblings."""
    mass, totals = [raw[-1] if live.all() else raw[-1] * live[:, None]], []
    for (_, _, first), above in zip(levels[::-1], [*raw[-2::-1], None]):
        totals.append(np.add.reduceat(mass[-1], first, axis=0))
        mass.append(None if above is None else above * (totals[-1] > 0))
    share = total / totals.pop()
    for (_, parent, _), node in zip(levels[:-1], mass[-2:0:-1]):
        below = totals.pop()
        share = node * share[parent] / np.where(below > 0, below, 1)
    return mass[0] * share[levels[-1][1]]


def on_weight_grid(weight: np.ndarray) -> np.ndarray:
    """Rounded in place to whole numbers."""
    return np.rint(weight, out=weight)


def draw_scores(design: Design, scheme: tuple, weights: list, noise: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the draws of one scheme (draws × years × units) on its grid, and their ratios to the year before.

    `weights` are (rows, draws × indicators) for each pattern of missing cells, `noise` standard normal (draws × rows).
    """
    matrix, step, way, variance = scheme
    size = len(weights[0][1])
    grid = weights[0][1] @ matrix if len(weights) == 1 else np.empty((size, matrix.shape[1]))
    for rows, weight in weights:
        if len(weights) > 1:
            grid[:, rows] = weight @ matrix[:, rows]
        if noise is not None:
            grid[:, rows] += np.rint(noise[:, rows] * np.sqrt(weight ** 2 @ variance[:, rows]))
    grid, step = grid.reshape(size, design.years, design.units), step / WEIGHT_GRID
    if design.membership is None and way == "geometric":
        return grid, np.exp(step * np.diff(grid, axis=1))
    if design.membership is not None or way == "harmonic":
        points = LINKS[way][1](grid * step) @ (np.eye(design.units) if design.membership is None else design.membership)
        return np.rint(points / step), ratios(points)
    return grid, ratios(grid)


def errors(design: Design, size: int, rng) -> np.ndarray:
    """Standard normal errors (draws × rows), correlated between the years of a unit."""
    rho, shape = design.correlation, (size, design.years, design.units)
    lasting = math.sqrt(rho) * rng.standard_normal((size, 1, design.units))
    return (lasting + math.sqrt(1 - rho) * rng.standard_normal(shape)).reshape(size, -1)


def ratios(points: np.ndarray) -> np.ndarray:
    """Each year's scores over those of the year before; undefined from a score at or below zero."""
    before = points[:, :-1]
    return np.divide(points[:, 1:], before, out=np.full(before.shape, np.nan), where=before > 0)


def count(tally: dict, grid: np.ndarray, ratio: np.ndarray, pairs: bool) -> None:
    """Add the ranks, growth and pairs of some draws to the tally."""
    units = grid.shape[2]
    for year in range(grid.shape[1]):
        add_counts(tally["ranks"][year], *ranked(grid[:, year]))
        scores = np.ascontiguousarray(grid[:, year].T) if pairs else []
        for unit, score_of_unit in enumerate(scores):
            tally["pairs"][year, unit] += np.bitwise_count(np.packbits(score_of_unit > scores, axis=1)).sum(axis=1, dtype=np.int32)
    tally["pairs_draws"] += len(grid) * pairs
    for year in range(ratio.shape[1]):
        place = ratio[:, year] * (100 / GROWTH_STEP) - (100 + GROWTH_LOW) / GROWTH_STEP
        place = np.where(np.isnan(place), GROWTH_BINS, place.clip(0, GROWTH_BINS - 1)).astype(np.int64)
        add_counts(tally["growth"][year], np.arange(units), place)


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
    rank, new = np.arange(units), keys[:, 1:] != keys[:, :-1]
    if not new.all():
        rank = np.maximum.accumulate(np.where(np.pad(new, ((0, 0), (1, 0)), constant_values=True), rank, 0), axis=1)
    return order, rank


def add_counts(table: np.ndarray, row: np.ndarray, column: np.ndarray) -> None:
    """Count (row, column) pairs into a table."""
    np.add.at(table.reshape(-1), (row * table.shape[1] + column).ravel(), table.dtype.type(1))


# Results -----------------------------------------------------------------------------------------------------------------


def published(spec, panel, node: str, groups=None) -> pd.DataFrame:
    """Rank and growth of the published method: columns unit, year, rank, growth_pct."""
    scores = score.compute(spec, panel)
    scores = scores[scores["node"].eq(node)]
    if groups is None:
        return scores[["unit", "year", "rank", "growth_pct"]]
    means = scores.groupby([scores["unit"].map(groups).rename("unit"), "year"])["score"].mean().unstack()
    growth = 100 * (means / means.shift(axis=1) - 1)
    rank = means.rank(ascending=False, method="min").astype("Int64")
    return pd.DataFrame({"rank": rank.stack(), "growth_pct": growth.stack()}).reset_index()


def summarise(tally: dict, point: pd.DataFrame, names: list, years: list, node: str, draws: int, top: int) -> Result:
    """Turn counts into the published frames; probabilities have three decimals."""
    keys = pd.MultiIndex.from_product([years, names], names=["year", "unit"])
    point = point.set_index(["year", "unit"]).reindex(keys)
    ranks = tally["ranks"].reshape(len(keys), -1)
    frame = pd.DataFrame({name: quantile(ranks, q) + 1 for name, q in
                          [("rank_median", 0.5), ("rank_low", 0.05), ("rank_high", 0.95)]}, index=keys)
    frame.insert(0, "node", node)
    frame.insert(1, "rank", point["rank"])
    frame[f"p_top{top}"] = (ranks[:, :top].sum(axis=1) / draws).round(3)
    used = min(draws, tally["pairs_draws"])
    ahead = (tally["pairs"] / max(used, 1)).round(3)
    frame["group"] = np.concatenate([indistinct(ahead[place], frame.loc[year, "rank_median"].to_numpy())
                                     if used else np.zeros(len(names)) for place, year in enumerate(years)]).astype(int)
    counts = tally["growth"].reshape(-1, GROWTH_BINS + 1)
    growth = pd.DataFrame({name: GROWTH_LOW + GROWTH_STEP * (quantile(counts[:, :-1], q) + 0.5) for name, q in
                           [("growth_median", 0.5), ("growth_low", 0.05), ("growth_high", 0.95)]}, index=keys[len(names):])
    growth = growth.round(2)
    growth.loc[counts[:, -1] == draws] = np.nan
    growth.insert(0, "node", node)
    growth.insert(1, "growth_pct", point["growth_pct"].iloc[len(names):].to_numpy())
    growth["defined"] = (1 - counts[:, -1] / draws).round(3)
    pairs = pd.DataFrame(ahead.reshape(-1, len(names)), index=keys, columns=pd.Index(names, name="other"))
    pairs = pairs.stack().rename("p_ahead").reset_index()
    pairs = pairs[pairs["unit"] != pairs["other"]][["unit", "other", "year", "p_ahead"]].assign(node=node)
    first = ["unit", "year", "node"]
    return Result(frame.reset_index()[first + [*frame.columns[1:]]], growth.reset_index()[first + [*growth.columns[1:]]],
                  pairs.reset_index(drop=True) if used else pairs.iloc[:0], tally["ranks"], draws)


def quantile(counts: np.ndarray, share: float) -> np.ndarray:
    """The first place of each row of counts at which the cumulated share reaches `share`."""
    cumulated = counts.cumsum(axis=1)
    return (cumulated < share * cumulated[:, -1:]).sum(axis=1).clip(max=counts.shape[1] - 1)


def indistinct(ahead: np.ndarray, order: np.ndarray, sure: float = 0.95) -> np.ndarray:
    """Groups (from 1) that cannot be told apart: a new one starts at the first unit, in the order of the median ranks, that
    the first unit of the running group beats with probability `sure` or more."""
    group, leader, number = np.zeros(len(order), int), None, 0
    mean_rank = order + (ahead.sum(axis=0) - ahead.sum(axis=1)) / (2 * len(order))
    for unit in np.argsort(mean_rank, kind="stable"):
        if leader is None or ahead[leader, unit] >= sure:
            leader, number = unit, number + 1
        group[unit] = number
    return group
