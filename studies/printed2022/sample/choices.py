"""What one draw has to choose, because the sets that it may lie in are not convex: each choice becomes a few rows.

Ranks: a printed rank change, or a rank of the first edition, ties a city to a place in the order of all cities; which others
lie above it is not printed, so a draw takes the order nearest to its own scores (an assignment) in which the places hold.
Ends: some city is the best and some the worst of each indicator in the base year. Pairs: growth that was taken from two
scores rounded to two decimals.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from fire.index.rounding import half_digit
from studies.printed2022.sample.constraints import ORDER, OWN_YEAR, Row, System, from_rounded

FAR = 1e3  # cost of a place that clashes
TRIED = 6  # pairs of rounded scores, before a draw does without
CLEAR = 2e-4  # points that a rounded score keeps clear of the ends of its window
DRIFT = (
    0.1,
    0.8,
    0.1,
)  # a rank of the first edition in this one's base year: of ten to be compared, two moved by one


def changes(facts: pd.DataFrame) -> dict[str, int]:
    """Printed rank changes of the total by city (positive = moved up)."""
    moved = facts[facts["measure"].eq("rank_change") & facts["approx"].eq("exact")]
    return dict(zip(moved["unit"], moved["value"].astype(float).astype(int), strict=True))


def leaders(facts: pd.DataFrame) -> list[str]:
    """The cities of printed rank in the total that kept it: first, second, … in both years."""
    rank = facts[facts["measure"].eq("rank") & facts["node"].eq("total") & facts["unit_type"].eq("city")]
    return list(rank.astype({"value": float}).drop_duplicates("unit").sort_values("value")["unit"])


def first_edition(previous: pd.DataFrame, skip: list[str], rng: np.random.Generator) -> dict[str, int]:
    """Ranks of the base year by city: those of the first edition, now and then one place off."""
    table = previous[~previous["unit"].isin(skip)]
    while True:
        rank = table["value"].astype(int) + rng.choice([-1, 0, 1], size=len(table), p=DRIFT)
        if rank.is_unique:
            return dict(zip(table["unit"], rank.tolist(), strict=True))


def orders(now: pd.Series, before: pd.Series, change: dict[str, int], given: dict[str, int], barred=()):
    """Orders of both years near the scores in which rank changes and the `given` ranks of the year before hold; `barred`:
    (city, place) that cannot be.

    >>> now, before = (pd.Series(x, list("abcd")) for x in ([4.0, 3, 2, 1], [4.0, 3, 2, 1]))
    >>> orders(now, before, {"b": 2}, {})
    (['a', 'b', 'c', 'd'], ['a', 'c', 'd', 'b'])
    """
    units, count = list(now.index), len(now)
    high, ago = np.sort(now.to_numpy())[::-1], np.sort(before.to_numpy())[::-1]
    cost = np.abs(now.to_numpy()[:, None] - high)
    for unit, up in change.items():
        row, places = units.index(unit), np.arange(count) + up
        inside = (places >= 0) & (places < count)
        cost[row] += np.where(inside, np.abs(before[unit] - ago[np.clip(places, 0, count - 1)]), FAR)
        cost[row, [place for place in range(count) if place + up + 1 in given.values()]] += FAR
    for unit, where in barred:
        cost[units.index(unit), where] += FAR
    for _ in range(count):
        place = dict(zip(*linear_sum_assignment(cost), strict=True))
        taken = {unit: int(place[units.index(unit)]) + up for unit, up in change.items()}
        doubled = [unit for unit, where in taken.items() if list(taken.values()).count(where) > 1]
        if not doubled:
            break
        cost[units.index(doubled[0]), taken[doubled[0]] - change[doubled[0]]] += FAR
    taken |= {unit: rank - 1 for unit, rank in given.items()}
    rest = iter([unit for unit in before.sort_values(ascending=False).index if unit not in taken])
    who = {where: unit for unit, where in taken.items()}
    first = sorted(units, key=lambda unit: place[units.index(unit)])
    return first, [who[where] if where in who else next(rest) for where in range(count)]


def value(system: System, x: np.ndarray, unit: str, year: int, node: str) -> float:
    """Score of a node of a city or region."""
    terms, constant = system.expression([(1, unit, year, node)])
    return constant + sum(weight * x[column] for column, weight in terms.items())


def ranked(
    system: System, x: np.ndarray, facts: pd.DataFrame, given: dict[str, int], barred: set
) -> list[Row]:
    """Rows for the cities with a printed rank change or a rank of the first edition (`given`), at the places nearest to `x`
    that are not barred."""
    root, first = system.spec.root, leaders(facts)
    others = [city for city in system.cities if city not in first]
    now, before = (
        pd.Series([value(system, x, city, year, root) for city in others], others)
        for year in (system.now, system.before)
    )
    change = {unit: up for unit, up in changes(facts).items() if unit in others}
    behind = {unit: rank - len(first) for unit, rank in given.items()}
    shut = [choice[1:] for choice in barred if choice[0] == "rank"]
    order, ago = orders(now, before, change, behind, shut)
    return _placed(system, order, {unit: order.index(unit) for unit in change}, system.now) + _placed(
        system, ago, {unit: order.index(unit) for unit in [*change, *behind]}, system.before
    )


def _placed(system: System, order: list[str], choice: dict[str, int], year: int) -> list[Row]:
    """Rows that put cities at their places of the order; `choice`: what is barred if they cannot be."""
    root, found = system.spec.root, []
    for unit, chosen in choice.items():
        place = order.index(unit)
        for position, other in enumerate(order):
            if other != unit:
                above, below = (other, unit) if position < place else (unit, other)
                terms, constant = system.expression([(1, above, year, root), (-1, below, year, root)])
                found.append(Row("rank", terms, -constant, np.inf, ORDER, ("rank", unit, chosen)))
    return found


def ends(system: System, x: np.ndarray, barred: set) -> list[Row]:
    """Rows that hold the best and the worst city of each indicator at the ends of the scale: those nearest to them in `x`
    and not barred. In the base year both; of an indicator scaled within each year the worst of the other year too, as its
    best is known there."""
    found = []
    frame = system.cells.to_frame(index=False).assign(score=x[: len(system.cells)])
    for (year, leaf), cells in frame.groupby(["year", "indicator"], sort=False):
        for end, top in zip(system.spec.method["scale"], (False, True), strict=True):
            if year == system.before or (leaf == OWN_YEAR and not top):
                near = cells.sort_values("score", ascending=not top, kind="stable")["unit"]
                unit = next(unit for unit in near if (leaf, year, end, unit) not in barred)
                low, high = (end, np.inf) if top else (-np.inf, end)
                terms = {system.column[unit, year, leaf]: 1.0}
                found.append(Row("end of the scale", terms, low, high, choice=(leaf, year, end, unit)))
    return found


def pairs(system: System, x: np.ndarray, facts: pd.DataFrame, barred: set) -> list[Row]:
    """Rows that keep two scores in the windows of two-decimal scores whose growth is the printed one: the pair nearest to
    `x` that is not barred; none after some tries, as the rows of `add_facts` leave that growth no more than a rounding."""
    found = []
    for fact in facts[from_rounded(facts, system.spec)].itertuples():
        keys = [(fact.unit, year, fact.node) for year in (system.now, system.before)]
        tried = sum(choice[0] == fact.id for choice in barred)
        if tried < TRIED and all(key in system.column for key in keys):
            pair = _nearest(
                float(fact.value), fact.tolerance, [x[system.column[key]] for key in keys], fact.id, barred
            )
            for key, score in zip(keys, pair, strict=True):
                terms, half = {system.column[key]: 1.0}, half_digit(2)
                found.append(Row(fact.id, terms, score - half, score + half, CLEAR, (fact.id, *pair)))
    return found


def _nearest(growth: float, half: float, scores: list[float], id: str, barred: set) -> tuple[float, float]:
    """Scores with two decimals, now and before, whose growth in per cent is the printed one, nearest to `scores`.

    >>> _nearest(43.70, 0.005, [11.974, 8.329], "", set())
    (11.97, 8.33)
    """
    before = np.arange(100, 1001)
    now = np.round(before * (1 + growth / 100))
    fits = np.abs(100 * (now / before - 1) - growth) <= half + 1e-9
    far = np.hypot(now / 100 - scores[0], before / 100 - scores[1])
    for place in np.argsort(np.where(fits, far, np.inf), kind="stable"):
        pair = (float(now[place] / 100), float(before[place] / 100))
        if (id, *pair) not in barred:
            return pair
    raise ValueError(id)
