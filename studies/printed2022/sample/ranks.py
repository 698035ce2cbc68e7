"""What is printed about ranks of cities whose scores are not: for one draw, which cities lie above and below them.

A printed rank change, or a rank of the first edition, ties a city to a place in the order of all cities. Which others lie
above it is not printed; a draw takes the order nearest to its own scores (an assignment) in which the printed places hold.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from studies.printed2022.sample.constraints import ORDER, Row, System

FAR = 1e3  # cost of a place that clashes
DRIFT = (0.1, 0.8, 0.1)  # a rank of the first edition in this one's base year: of ten to be compared, two moved by one


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


def rows(system: System, order: list[str], units: list[str], year: int) -> list[Row]:
    """Rows that put each of `units` at its place of the order, called rank:city."""
    root, found = system.spec.root, []
    for unit in units:
        place = order.index(unit)
        for position, other in enumerate(order):
            if other != unit:
                above, below = (other, unit) if position < place else (unit, other)
                terms, constant = system.expression([(1, above, year, root), (-1, below, year, root)])
                found.append(Row(f"rank:{unit}", terms, -constant, np.inf, ORDER, soft=True))
    return found
