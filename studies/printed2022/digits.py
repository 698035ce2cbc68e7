"""Intervals of printed digits: what linear programming over their rounding leaves of weights and means.

A printed number is an interval, half a unit of its last digit wide on either side. What all these intervals leave a
single value is identified; what they leave open is bounded.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.spatial import HalfspaceIntersection

from fire.sources import statistics
from studies.printed2022 import published

PILLARS = ["F", "I", "R", "E"]
FLOOR, TOP = 1.0, 12.5  # an unprinted score lies between the scale's floor and this


def extent(matrix, low, high, direction, bounds=(None, None), equal=None) -> tuple[float, float]:
    """Least and greatest `direction @ x` over all x with `low <= matrix @ x <= high` (and `equal = (A, b)`).

    NaN when no x is possible.

    >>> extent([[1.0, 1.0]], [1], [2], [1.0, 1.0], bounds=(0, None))
    (1.0, 2.0)
    """
    matrix, direction = np.asarray(matrix, float), np.asarray(direction, float)
    rows, limits = np.vstack([matrix, -matrix]), np.concatenate([high, -np.asarray(low)])
    ends = [
        linprog(
            sign * direction,
            A_ub=rows,
            b_ub=limits,
            bounds=bounds,
            **({"A_eq": equal[0], "b_eq": equal[1]} if equal else {}),
        )
        for sign in (1, -1)
    ]
    low, high = (sign * end.fun if end.status == 0 else np.nan for sign, end in zip((1, -1), ends))
    return low, high


def ratio_extent(matrix, low, high, above: int, below: int) -> tuple[float, float]:
    """Least and greatest x[above] / x[below] over the same set, by homogenising it (x[below] > 0)."""
    matrix = np.asarray(matrix, float)
    cone = np.vstack(
        [np.column_stack([matrix, -np.asarray(high)]), np.column_stack([-matrix, np.asarray(low)])]
    )
    unit = np.eye(matrix.shape[1] + 1)
    return extent(
        cone,
        np.full(len(cone), -1e12),
        np.zeros(len(cone)),
        unit[above],
        [(None, None)] * matrix.shape[1] + [(0, None)],
        equal=(unit[[below]], [1.0]),
    )


def _equations(
    parent: str, children: list[str], top: float = TOP, slack: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Printed scores as linear inequalities in the weights of `children`: `A @ weights <= b`.

    An unprinted child may lie anywhere between the scale's floor and `top`; every printed score is an interval,
    `slack` times half a unit of its last digit on either side. Base-year scores (score and growth both printed)
    give rows of their own.
    """
    table = published.scores()
    table = pd.concat([_intervals(table, slack), _base_intervals(table, slack)])
    wide = table.pivot(index=["unit_type", "unit", "year"], columns="node", values=["low", "high"])
    low, high = (wide[end].reindex(columns=[parent, *children]) for end in ("low", "high"))
    both = low[parent].notna() & low[children].notna().any(axis=1)
    low, high = low[both].fillna(FLOOR), high[both].fillna(top)
    rows = np.stack([low[children], -high[children]], axis=1).reshape(-1, len(children))
    return rows, np.stack([high[parent], -low[parent]], axis=1).ravel()


def _intervals(table: pd.DataFrame, slack: float) -> pd.DataFrame:
    """Printed scores with the ends of their rounding intervals."""
    return table.assign(
        low=table["score"] - slack * table["score_half"], high=table["score"] + slack * table["score_half"]
    ).dropna(subset="low")


def _base_intervals(table: pd.DataFrame, slack: float) -> pd.DataFrame:
    """Base-year scores as intervals: printed score over one plus printed growth."""
    table = _intervals(table, slack).dropna(subset="growth_pct")
    growth, half = table["growth_pct"], slack * table["growth_pct_half"]
    return table.assign(
        year=table["year"] - 1,
        low=table["low"] / (1 + (growth + half) / 100),
        high=table["high"] / (1 + (growth - half) / 100),
    )


def weight_bounds(parent: str, slack: float = 1.0) -> pd.DataFrame:
    """Least and greatest weight of each child of a node that every printed score allows: parent, node, low, high,
    equal, cases.

    `slack` scales the rounding intervals (1 = half a unit of the last digit).
    """
    nodes = published.load("nodes")
    children = nodes.loc[nodes["parent"].eq(parent), "id"].tolist()
    matrix, limits = _equations(parent, children, slack=slack)
    total = (np.ones((1, len(children))), [1.0])
    empty = np.full(len(limits), -1e9)
    ends = [
        extent(matrix, empty, limits, side, (0, 1), total) if len(limits) else (0.0, 1.0)
        for side in np.eye(len(children))
    ]
    return pd.DataFrame(
        {
            "parent": parent,
            "node": children,
            "low": [end[0] for end in ends],
            "high": [end[1] for end in ends],
            "equal": 1 / len(children),
            "cases": len(limits) // 2,
        }
    )


def weight_grid(step: float = 0.01, slack: float = 1.0) -> pd.DataFrame:
    """All sets of the pillar weights on a grid that every printed score allows; columns PILLARS."""
    matrix, limits = _equations("total", PILLARS, slack=slack)
    count = round(1 / step)
    grid = np.indices([count + 1] * 3).reshape(3, -1)
    grid = np.vstack([grid, count - grid.sum(axis=0)]).T
    grid = grid[grid[:, -1] >= 0]
    fits = (matrix @ (grid * step).T <= limits[:, None] + 1e-9).all(axis=0)
    return pd.DataFrame(grid[fits] * step, columns=PILLARS)


def weight_polytope(slack: float = 1.0) -> pd.DataFrame:
    """Corners of the set of pillar weights that every printed score allows, one row a corner; columns PILLARS."""
    matrix, limits = _equations("total", PILLARS, slack=slack)
    reduced = np.vstack([matrix[:, :3] - matrix[:, [3]], -np.eye(3), np.ones((1, 3))])
    bound = np.concatenate([limits - matrix[:, 3], np.zeros(3), [1.0]])
    norm = np.linalg.norm(reduced, axis=1)
    inner = linprog(
        [0, 0, 0, -1],
        A_ub=np.column_stack([reduced, norm]),
        b_ub=bound,
        bounds=[(None, None)] * 3 + [(0, None)],
    ).x[:3]
    corners = HalfspaceIntersection(np.column_stack([reduced, -bound]), inner).intersections
    return pd.DataFrame(np.column_stack([corners, 1 - corners.sum(axis=1)]), columns=PILLARS)


def region_means() -> pd.DataFrame:
    """Printed regional scores and growths whose cities are all printed: region, node, measure, printed, mean of the
    cities, cities.
    """
    table, cities = published.scores(), statistics.places().groupby("region")["city"].agg(list)
    city = table[table["unit_type"].eq("city")].set_index(["unit", "node"])["score"].dropna()
    rows = []
    for row in table[table["unit_type"].eq("region") & table["score"].notna()].itertuples():
        keys = [(unit, row.node) for unit in cities[row.unit]]
        if all(key in city.index for key in keys):
            rows.append((row.unit, row.node, row.score, city[keys].mean(), len(keys)))
    return pd.DataFrame(rows, columns=["unit", "node", "printed", "computed", "cities"])
