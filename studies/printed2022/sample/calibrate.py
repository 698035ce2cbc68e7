"""Whether rows can hold together, and if not, which of them contradict each other (linear programmes, solver HiGHS)."""

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from fire.errors import InputError
from studies.printed2022.sample.constraints import Row, System


def check(system: System) -> None:
    """Raise InputError naming a smallest set of rows that contradict each other."""
    if not feasible(system, system.rows):
        raise InputError(
            "no scores satisfy all printed facts",
            [
                f"these contradict each other: {', '.join(conflict(system))}: "
                "correct one of them, or give it a rule in data/errata-rules.csv"
            ],
        )


def feasible(system: System, rows: list[Row]) -> bool:
    """Whether any scores satisfy these rows."""
    return _misfit(system, rows)[0] < 1e-7


def conflict(system: System) -> list[str]:
    """Ids of a smallest set of rows that no scores satisfy together (an irreducible infeasible subset).

    Slack on all rows is made as small as possible (an L1 relaxation); only rows with a price there can be part of the
    conflict; each of these is then left out for good when the others still contradict each other (deletion filter).
    """
    live = _misfit(system, system.rows)[1]
    kept: dict[str, None] = {row.id: None for row, priced in zip(system.rows, live, strict=True) if priced}
    for name in list(kept):
        rest = [row for row in system.rows if row.id in kept and row.id != name]
        if rest and not feasible(system, rest):
            del kept[name]
    return list(kept)


def _misfit(system: System, rows: list[Row]) -> tuple[float, np.ndarray]:
    """Smallest sum of slacks that makes rows feasible, and which rows have a price."""
    matrix, floor, roof, _ = system.table(rows)
    tree, right = system.tree()
    below, above = np.isfinite(floor), np.isfinite(roof)
    sides = sparse.vstack([-matrix[below], matrix[above]])
    count = sides.shape[0]
    low, high = system.bounds()
    outcome = linprog(
        np.concatenate([np.zeros(system.size), np.ones(count)]),
        A_ub=sparse.hstack([sides, -sparse.eye(count)]).tocsr(),
        b_ub=np.concatenate([-floor[below], roof[above]]),
        A_eq=sparse.hstack([tree, sparse.csr_matrix((tree.shape[0], count))]).tocsr(),
        b_eq=right,
        bounds=np.column_stack([np.append(low, np.zeros(count)), np.append(high, np.full(count, np.inf))]),
        method="highs",
    )
    price = np.zeros(len(rows), bool)
    side = np.concatenate([np.flatnonzero(below), np.flatnonzero(above)])
    price[side[np.abs(outcome.ineqlin.marginals) > 1e-9]] = True
    return outcome.fun, price
