"""Scores that satisfy all rows and lie nearest to a target (least squares, solver Clarabel), or the rows in conflict."""

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from fire.errors import InputError
from studies.printed2022.sample.constraints import System, is_tight, own_rows


def bounds(system: System, fixed: dict) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each variable: the scale in the base year, wider afterwards, `fixed` as given."""
    leaf, year = system.keys.get_level_values("indicator"), system.keys.get_level_values("year")
    simulated = leaf.isin(system.leaves)
    low, high = np.where(simulated, 1.0, 0.0), np.where(simulated & (year == system.before), 10.0, 12.5)
    for key, value in fixed.items():
        low[system.column[key]] = high[system.column[key]] = value
    return low, high


def solve(system: System, target: pd.Series, fixed: dict | None = None) -> pd.Series:
    """The scores nearest to `target` (and to its change in time) that satisfy every row; `fixed` holds cells at a value.

    Raises InputError naming a smallest set of rows that contradict each other.
    """
    matrix, low, high, soft = system.table()
    floor, roof = bounds(system, fixed or {})
    scores, slack = cp.Variable(len(target)), cp.Variable(len(soft), nonneg=True)
    below, above = np.isfinite(low), np.isfinite(high)
    rows = [
        matrix[below] @ scores >= (low + soft)[below] - slack[below],
        matrix[above] @ scores <= (high - soft)[above] + slack[above],
        slack <= 0.8 * soft,
        scores >= floor,
        scores <= roof,
    ]
    change = _changes(system)
    distance = cp.sum_squares(scores - target.to_numpy()) + 2 * cp.sum_squares(
        change @ scores - change @ target.to_numpy()
    )
    problem = cp.Problem(cp.Minimize(distance + 100 * cp.sum(slack)), rows)
    problem.solve(solver=cp.CLARABEL, direct_solve_method="qdldl")
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise InputError(
            "no scores satisfy all printed facts",
            [
                f"these contradict each other: {', '.join(conflict(system, fixed or {}))}: "
                "correct one of them, or give it a rule in data/errata-rules.csv"
            ],
        )
    return pd.Series(scores.value, target.index)


def _changes(system: System) -> sparse.csr_matrix:
    """Matrix that turns scores into their change between the two years."""
    pairs = [
        (system.column[unit, system.now, leaf], column)
        for (unit, year, leaf), column in system.column.items()
        if year == system.before and (unit, system.now, leaf) in system.column
    ]
    now, before = np.array(pairs).T
    number = np.arange(len(pairs))
    values = np.repeat([1.0, -1.0], len(pairs))
    return sparse.csr_matrix(
        (values, (np.tile(number, 2), np.concatenate([now, before]))), (len(pairs), len(system.keys))
    )


def conflict(system: System, fixed: dict) -> list[str]:
    """Ids of a smallest set of rows that no scores satisfy together (an irreducible infeasible subset).

    Slack on all rows is made as small as possible (an L1 relaxation); only rows with a price there can be part of the
    conflict; each of these is then left out for good when the others still contradict each other (deletion filter).
    """
    low, high = bounds(system, {})
    matrix, floor, roof, _ = system.table()
    names = np.array(
        [row[0] for row in system.rows]
        + [f"{unit} {leaf} {year} = {value:g}" for (unit, year, leaf), value in fixed.items()]
    )
    if fixed:
        pins = sparse.csr_matrix(
            (np.ones(len(fixed)), (range(len(fixed)), [system.column[key] for key in fixed])),
            (len(fixed), len(low)),
        )
        matrix = sparse.vstack([matrix, pins]).tocsr()
        floor, roof = np.append(floor, list(fixed.values())), np.append(roof, list(fixed.values()))
    live = np.flatnonzero(_misfit(matrix, floor, roof, low, high)[1])
    kept = dict.fromkeys(names[live])
    for name in list(kept):
        rest = np.flatnonzero(np.isin(names, [other for other in kept if other != name]))
        if len(rest) and _misfit(matrix[rest], floor[rest], roof[rest], low, high)[0] > 1e-7:
            del kept[name]
    return list(kept)


def _misfit(matrix, floor, roof, low, high) -> tuple[float, np.ndarray]:
    """Smallest sum of slacks that makes rows feasible, and which rows have a price (linear programme, solver HiGHS)."""
    below, above = np.isfinite(floor), np.isfinite(roof)
    sides = sparse.vstack([-matrix[below], matrix[above]])
    limit = np.concatenate([-floor[below], roof[above]])
    count = sides.shape[0]
    outcome = linprog(
        np.concatenate([np.zeros(len(low)), np.ones(count)]),
        A_ub=sparse.hstack([sides, -sparse.eye(count)]).tocsr(),
        b_ub=limit,
        bounds=np.column_stack(
            [np.concatenate([low, np.zeros(count)]), np.concatenate([high, np.full(count, np.inf)])]
        ),
        method="highs",
    )
    price = np.zeros(len(floor), bool)
    side = np.concatenate([np.flatnonzero(below), np.flatnonzero(above)])
    price[side[np.abs(outcome.ineqlin.marginals) > 1e-9]] = True
    return outcome.fun, price


def feasible(matrix, floor, roof, low, high) -> bool:
    """Whether any scores between `low` and `high` satisfy all rows (linear programme, solver HiGHS)."""
    below, above = np.isfinite(floor), np.isfinite(roof)
    outcome = linprog(
        np.zeros(len(low)),
        A_ub=sparse.vstack([-matrix[below], matrix[above]]).tocsr(),
        b_ub=np.concatenate([-floor[below], roof[above]]),
        bounds=np.column_stack([low, high]),
        method="highs",
    )
    return outcome.status == 0


def anchors(system: System, scores: pd.Series) -> dict:
    """Base-year best and worst city of each simulated indicator, held at the ends of the scale.

    The city nearest to the end in `scores` is taken unless a fact on this very indicator is printed, it already is the
    worst of the dimension's other indicator, or another fact forbids it; then the next.
    """
    base = scores.xs(system.before, level="year").unstack("indicator")[system.leaves]
    printed = {
        (city, *leaves)
        for (city, leaves), rows in own_rows(system).items()
        if len(leaves) == 1 and is_tight(rows)
    }
    base = base.mask(
        pd.DataFrame({leaf: [(city, leaf) in printed for city in base.index] for leaf in base}, base.index)
    )
    matrix, floor, roof, _ = system.table()
    siblings = {leaf: system.spec.children(system.spec.nodes.at[leaf, "parent"]) for leaf in system.leaves}
    fixed = {}
    for end, ascending in zip(system.spec.method["scale"], (True, False), strict=True):
        for leaf in system.leaves:
            for city in base[leaf].dropna().sort_values(ascending=ascending).index:
                trial = fixed | {(city, system.before, leaf): float(end)}
                twin = not ascending or all((city, system.before, one) not in fixed for one in siblings[leaf])
                if twin and feasible(matrix, floor, roof, *bounds(system, trial)):
                    fixed = trial
                    break
    return fixed
