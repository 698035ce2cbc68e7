"""Raw values from scores: whole numbers for counts, chosen together so that every printed score is kept."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from fire.errors import InputError
from fire.index import normalise
from studies.printed2022.sample.calibrate import bounds, feasible, solve
from studies.printed2022.sample.constraints import System, is_tight, own_rows

CLOSE = 1e-5  # how closely whole numbers should add up to a node's score (points)


class Scale:
    """Raw values from scores and back for one indicator with its two posts, rounded to `decimals`."""

    def __init__(self, spec, leaf: str, low: float, high: float, decimals: int = 0):
        self.kind, self.ends, self.decimals = (
            normalise.kind_of(spec.rules[leaf]),
            spec.method["scale"],
            decimals,
        )
        self.low, self.high = (float(normalise.forward(post, self.kind)) for post in (low, high))

    def score(self, raw):
        place = normalise.forward(raw, self.kind) - self.low
        return self.ends[0] + (self.ends[1] - self.ends[0]) * place / (self.high - self.low)

    def exact(self, score):
        """The raw value that gives a score, not rounded."""
        share = (np.asarray(score) - self.ends[0]) / (self.ends[1] - self.ends[0])
        return normalise.back(self.low + share * (self.high - self.low), self.kind)

    def raw(self, score):
        """The raw value that gives a score, rounded to the decimals of the indicator."""
        return np.round(self.exact(score), self.decimals)


def nearby(scale: Scale, target: tuple, rows: list, held: bool, count: int) -> np.ndarray:
    """Raw values of both years near the target scores that satisfy the rows of this cell alone, nearest first.

    Columns: raw before, raw now, score before, score now. `held` keeps the value before. Of a pinned cell half of the
    `count` pairs are the nearest and half are spread over all, so that sums of several pinned indicators can meet a
    score.
    """
    step = 10.0**-scale.decimals
    centre = scale.raw(np.array(target))
    reach = np.sqrt(count) // 2 + 1
    pairs = _within(scale, centre, reach * step, rows, held)
    while is_tight(rows) and reach * step <= centre.max() and len(pairs) < 50 * count:
        reach *= 4
        pairs = _within(scale, centre, reach * step, rows, held)
    pairs = pairs[np.argsort(np.hypot(*(pairs[:, 2:] - target).T), kind="stable")]
    if len(pairs) <= count or not is_tight(rows):
        return pairs[:count]
    return pairs[
        np.unique(
            np.append(np.arange((count + 1) // 2), np.linspace(0, len(pairs) - 1, count // 2).astype(int))
        )
    ]


def _within(scale: Scale, centre: np.ndarray, reach: float, rows: list, held: bool) -> np.ndarray:
    """All pairs of raw values within `reach` of the centre that satisfy the rows (columns as in `nearby`)."""
    step = 10.0**-scale.decimals
    before = centre[:1] if held else centre[0] + np.arange(-reach, reach + step / 2, step)
    before = before[
        (scale.score(before.clip(step)) >= scale.ends[0] - 1e-9)
        & (scale.score(before.clip(step)) <= scale.ends[1] + 1e-9)
    ]
    low = np.full(len(before), scale.score(max(centre[1] - reach, step)))
    high = np.full(len(before), scale.score(centre[1] + reach))
    for (past, present), floor, roof in rows:
        rest = past * scale.score(before)
        inside = np.where((rest >= floor) & (rest <= roof), [[-np.inf], [np.inf]], [[np.inf], [-np.inf]])
        ends = np.sort(np.stack([floor - rest, roof - rest]) / present, axis=0) if present else inside
        low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
    high = np.maximum(low - 1, high)
    first, last = np.ceil(scale.exact(low) / step - 1e-9), np.floor(scale.exact(high) / step + 1e-9)
    many = np.maximum(last - first + 1, 0).astype(int)
    now = np.repeat(first, many) + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    raw = np.round(np.column_stack([np.repeat(before, many), now * step]), scale.decimals)
    return np.column_stack([raw, scale.score(raw)])


def _combine(
    lists: list[np.ndarray], weights: list[float], goal: np.ndarray
) -> tuple[list[np.ndarray], float]:
    """One pair of raw values from each list such that the weighted scores add up to `goal` (before, now) most closely,
    and how closely."""
    half = (len(lists) + 1) // 2
    sums, picks = zip(
        *(_cross(lists[part], weights[part]) for part in (slice(half), slice(half, None))), strict=True
    )
    # Distance of (before, now) from the goal: a miss along equal growth counts a tenth of one across it.
    growth = np.array([[0.1, -goal[1] / goal[0]], [0.0, 1.0]])
    far, other = cKDTree(sums[1] @ growth).query((goal - sums[0]) @ growth)
    best = int(np.argmin(far))
    chosen = [*picks[0][best], *picks[1][other[best]]]
    return [rows[place, :2] for rows, place in zip(lists, chosen, strict=True)], float(far[best])


def _cross(lists: list[np.ndarray], weights: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """All weighted sums of scores over one pair from each list, with the place taken in each."""
    if not lists:
        return np.zeros((1, 2)), np.zeros((1, 0), int)
    places = np.stack(np.meshgrid(*(np.arange(len(rows)) for rows in lists), indexing="ij"), -1).reshape(
        -1, len(lists)
    )
    total = np.zeros((len(places), 2))
    for part, (rows, weight) in enumerate(zip(lists, weights, strict=True)):
        total += weight * rows[places[:, part], 2:]
    return total, places


def _groups(system: System, city: str, whole: set, rows: dict) -> list[str]:
    """Nodes whose whole-number indicators are fitted together: pillars, or dimensions where these are printed or large."""
    found = []
    for pillar in system.spec.children(system.spec.root):
        leaves = [leaf for leaf in system.spec.leaves(pillar) if leaf in whole]
        dimensions = [
            node for node in system.spec.children(pillar) if set(system.spec.leaves(node)) <= set(leaves)
        ]
        printed = any(
            (city, frozenset(system.spec.leaves(node))) in rows
            for node in dimensions
            if len(system.spec.leaves(node)) > 1
        )
        found += dimensions if printed or len(leaves) > 4 else [pillar] if dimensions else []
    return found


def raw_values(system: System, scores: pd.Series, scales: dict, fixed: dict) -> pd.Series:
    """Raw values of the simulated cells: rounded, whole numbers fitted so that every node keeps its score."""
    rows, value = own_rows(system), {}
    whole = {leaf for leaf in system.leaves if scales[leaf].decimals == 0}

    def choices(city, leaf, count):
        target = np.array([scores[city, year, leaf] for year in (system.before, system.now)])
        if (city, system.now, leaf) in fixed:
            return np.append(scales[leaf].raw(target), target)[None]
        found = nearby(
            scales[leaf],
            target,
            rows.get((city, frozenset([leaf])), []),
            (city, system.before, leaf) in fixed,
            count,
        )
        if not len(found):
            raise InputError(
                "data/sizes.csv of the study",
                [f"{leaf}: no whole numbers give the printed digits of {city}: use a larger range"],
            )
        return found

    for city in system.cities:
        fitted = _groups(system, city, whole, rows)
        for node in fitted:
            leaves = system.spec.leaves(node)
            weights = [system.weights[node][leaf] for leaf in leaves]
            goal = sum(
                weight * np.array([scores[city, year, leaf] for year in (system.before, system.now)])
                for leaf, weight in zip(leaves, weights, strict=True)
            )
            for many in [1] if len(leaves) == 1 else [60, 200, 600]:
                picked, far = _combine([choices(city, leaf, many) for leaf in leaves], weights, goal)
                if far < CLOSE:
                    break
            value |= {
                (city, year, leaf): pair[place]
                for leaf, pair in zip(leaves, picked, strict=True)
                for place, year in enumerate((system.before, system.now))
            }
        for leaf in [
            leaf for leaf in system.leaves if not any(leaf in system.spec.leaves(node) for node in fitted)
        ]:
            pair = choices(city, leaf, 1)[0]
            value |= {(city, system.before, leaf): pair[0], (city, system.now, leaf): pair[1]}
    return pd.Series(value).reindex(system.keys)


def settle(
    system: System, scores: pd.Series, leaf: str, scale: Scale, fixed: dict, cities: list[str]
) -> dict:
    """`fixed` with whole-number scores of one indicator for some cities, beside which the other facts can still hold."""
    rows, (matrix, floor, roof, _) = own_rows(system), system.table()
    years = (system.before, system.now)
    for city in sorted(cities, key=lambda city: (city, frozenset([leaf])) not in rows):
        mine = rows.get((city, frozenset([leaf])), [])
        target = tuple(scores[city, year, leaf] for year in years)
        pairs = nearby(scale, target, mine, (city, system.before, leaf) in fixed, 60 if mine else 1)
        trials = (
            fixed | {(city, year, leaf): score for year, score in zip(years, pair[2:], strict=True)}
            for pair in pairs
        )
        found = next(
            (trial for trial in trials if not mine or feasible(matrix, floor, roof, *bounds(system, trial))),
            None,
        )
        if found is None:
            raise InputError(
                "data/sizes.csv of the study",
                [f"{leaf}: no whole numbers give the printed digits of {city}: use a larger range"],
            )
        fixed = found
    return fixed


def settle_all(
    system: System, target: pd.Series, scores: pd.Series, scales: dict, fixed: dict
) -> tuple[pd.Series, dict]:
    """Settle the coarse counts, one indicator after the other, solving for the rest after each.

    Coarse is a count beside an indicator that is no count, and a pinned count with at least two others in its
    dimension that are free to make up for it.
    """
    rows = own_rows(system)
    pinned = {(city, *leaves) for (city, leaves), mine in rows.items() if len(leaves) == 1 and is_tight(mine)}
    for leaf in [leaf for leaf in system.leaves if scales[leaf].decimals == 0]:
        family = system.spec.children(system.spec.nodes.at[leaf, "parent"])
        if any(scales[one].decimals for one in family):
            cities = system.cities
        else:
            cities = [
                city
                for city in system.cities
                if (city, leaf) in pinned
                and sum((city, one) not in pinned and (city, system.now, one) not in fixed for one in family)
                >= 2
            ]
        if cities:
            fixed = settle(system, scores, leaf, scales[leaf], fixed, cities)
            scores = solve(system, target, fixed)
    return scores, fixed
