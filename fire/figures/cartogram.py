"""Where the tiles of a cartogram stand: a cell of a grid for each place, near its true place, regions together.

Cells come from an optimal assignment (scipy, Hungarian method) of the places to the grid, on coordinates that are spread half by
their ranks, so that dense areas get room; exchanges of cells then bring the places of a region together, as long as no
place moves far. Nothing is drawn by chance.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

ROOM = 1.45  # cells for each place
SHAPE = 0.75  # rows for each column
SPREAD = 0.5  # weight of the ranks of the coordinates against the coordinates
TOGETHER = 4  # squared steps that a place may move for a neighbour of its own region
NEAREST = 25  # cells that a place may try
BESIDE = ((0, 1), (0, -1), (1, 0), (-1, 0))


def layout(places: pd.DataFrame) -> pd.DataFrame:
    """The cell of every place: unit, column, row (from the north-west, from 0), in the order of the frame.

    `places`: unit, lon, lat (degrees) and, where there is one, region; a row a place.
    """
    region = places["region"] if "region" in places else places["unit"]
    told = zip(places["unit"], places["lon"], places["lat"], region, strict=True)
    cell = dict(_cells(tuple(sorted(told))))
    at = pd.DataFrame([cell[unit] for unit in places["unit"]], places.index, ["row", "column"])
    return at.assign(unit=places["unit"])[["unit", "column", "row"]]


def grid(count: int) -> tuple[int, int]:
    """Rows and columns of the grid for so many places.

    >>> grid(59), grid(1)
    ((8, 11), (1, 1))
    """
    columns = max(1, round((ROOM * count / SHAPE) ** 0.5))
    return max(round(ROOM * count / columns), -(-count // columns)), columns


@cache
def _cells(told: tuple) -> tuple:
    """(unit, (row, column)) of every place, from (unit, lon, lat, region)."""
    units, lon, lat, region = zip(*told, strict=True)
    rows, columns = grid(len(units))
    wanted = np.column_stack([(rows - 1) * (1 - _spread(lat)), (columns - 1) * _spread(lon)])
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    cost = ((wanted[:, None] - np.array(cells)[None]) ** 2).sum(axis=2)
    first = [int(cell) for cell in linear_sum_assignment(cost)[1]]
    return tuple(
        (unit, cells[cell]) for unit, cell in zip(units, _together(first, cost, region, cells), strict=True)
    )


def _spread(degrees) -> np.ndarray:
    """Coordinates between 0 and 1, in part by their ranks."""
    values = np.asarray(degrees, dtype=float)
    even = (rankdata(values) - 1) / max(len(values) - 1, 1)
    return SPREAD * even + (1 - SPREAD) * (values - values.min()) / (np.ptp(values) or 1)


def _together(at: list[int], cost: np.ndarray, region, cells: list) -> list[int]:
    """Exchange the cells of places as long as the sum of their squared steps, less TOGETHER for every neighbour of the
    same region, falls. `at`: the cell of every place."""
    number = {cell: place for place, cell in enumerate(cells)}
    around = [
        [number[row + y, column + x] for y, x in BESIDE if (row + y, column + x) in number]
        for row, column in cells
    ]
    inside = {cell: place for place, cell in enumerate(at)}

    def worth(places) -> float:
        near = [
            region[inside[cell]] == region[one]
            for one in places
            for cell in around[at[one]]
            if cell in inside
        ]
        return sum(cost[one, at[one]] for one in places) - TOGETHER * sum(near)

    def swap(one: int, cell: int) -> None:
        old, other = at[one], inside.pop(cell, None)
        at[one], inside[cell] = cell, one
        del inside[old]
        if other is not None:
            at[other], inside[old] = old, other

    better = True
    while better:
        better = False
        for one in range(len(at)):
            for cell in map(int, np.argsort(cost[one], kind="stable")[:NEAREST]):
                old, moved = at[one], {one, inside.get(cell, one)}
                before = worth(moved)
                if cell == old:
                    continue
                swap(one, cell)
                if worth(moved) < before - 1e-9:
                    better = True
                else:
                    swap(one, old)
    return at
