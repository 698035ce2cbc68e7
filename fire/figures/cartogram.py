"""Where the tiles of a cartogram stand: one cell of a grid for each place, near its true place, regions together.

A tile map shows places of any edition without boundaries: equal tiles, none over another. Cells come from an optimal
assignment (scipy, Hungarian method) of places to the grid, on coordinates spread half by their ranks so that dense areas get
room; exchanges of cells then bring the places of a region together, as long as no place moves far.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

ROOM = 1.5  # cells a place
SHAPE = 0.95  # rows a column
SPREAD = 0.5  # weight of the ranks of coordinates against the coordinates
TOGETHER = 1.6  # squared steps that a place may move for one neighbour of its region
BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def layout(places: pd.DataFrame) -> pd.DataFrame:
    """The cell of every place: unit, column, row (0 is west, 0 is north), the same every time.

    `places`: unit, lon, lat (degrees) and, where there is one, region; one row a place.
    """
    region = places["region"] if "region" in places else places["unit"]
    told = zip(places["unit"], places["lon"], places["lat"], region, strict=True)
    cells = _cells(tuple(sorted(told)))
    at = places["unit"].map(dict(cells))
    return pd.DataFrame({"unit": places["unit"], "column": at.str[1], "row": at.str[0]}, places.index)


def grid(count: int) -> tuple[int, int]:
    """Rows and columns of the grid for so many places.

    >>> grid(59), grid(1)
    ((9, 10), (1, 1))
    """
    columns = max(1, round(float(np.sqrt(ROOM * count / SHAPE))))
    return -(-int(np.ceil(ROOM * count if count > 1 else 1)) // columns), columns


@cache
def _cells(told: tuple) -> tuple:
    """(unit, (row, column)) of every place of (unit, lon, lat, region)."""
    units, lon, lat, region = zip(*told, strict=True)
    rows, columns = grid(len(units))
    wanted = np.column_stack([(rows - 1) * (1 - _spread(lat)), (columns - 1) * _spread(lon)])
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    cost = ((wanted[:, None] - np.array(cells)[None]) ** 2).sum(axis=2)
    held = dict(zip(units, linear_sum_assignment(cost)[1], strict=True))
    at = _together(held, cost, dict(zip(units, region, strict=True)), cells)
    return tuple((unit, cells[cell]) for unit, cell in at.items())


def _spread(degrees) -> np.ndarray:
    """Coordinates between 0 and 1, half by their ranks."""
    values = np.asarray(degrees, dtype=float)
    even = (rankdata(values) - 1) / max(len(values) - 1, 1)
    plain = (values - values.min()) / (np.ptp(values) or 1)
    return SPREAD * even + (1 - SPREAD) * plain


def _together(held: dict, cost: np.ndarray, region: dict, cells: list) -> dict:
    """Exchange cells while the sum of squared steps less TOGETHER for each pair of neighbours of one region falls."""
    at, place = dict(held), {unit: row for row, unit in enumerate(held)}
    inside: dict = {cell: unit for unit, cell in at.items()}
    number = {cell: place for place, cell in enumerate(cells)}
    around = [[number[row + y, column + x] for y, x in BESIDE if (row + y, column + x) in number] for row, column in cells]

    def worth(units: list) -> float:
        near = sum(
            region.get(inside.get(cell)) == region[unit] for unit in units for cell in around[at[unit]]
        )
        return sum(cost[place[unit], at[unit]] for unit in units) - TOGETHER * near

    def swap(unit: str, cell: int) -> None:
        other, old = inside.get(cell), at[unit]
        at[unit], inside[cell] = cell, unit
        inside.pop(old) if other is None else (at.update({other: old}), inside.update({old: other}))

    better = True
    while better:
        better = False
        for unit in place:
            for cell in np.argsort(cost[place[unit]], kind="stable")[:25]:
                moved = [one for one in (unit, inside.get(int(cell))) if one is not None]
                old, before = at[unit], worth(moved)
                if int(cell) == old:
                    continue
                swap(unit, int(cell))
                if worth(moved) < before - 1e-9:
                    better = True
                else:
                    swap(unit, old)
    return at
