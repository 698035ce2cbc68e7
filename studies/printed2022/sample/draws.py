"""One draw of all unknown scores: a draw of the prior, moved onto what is printed.

The prior is drawn and then conditioned by least squares in its own metric (Matheron's rule: Journel and Huijbregts 1978,
Mining Geostatistics; Wilson and others 2021, Journal of Machine Learning Research 22, 105), here under inequalities
(randomise, then optimise: Bardsley, Solonen, Haario and Laine 2014, SIAM Journal on Scientific Computing 36; for
constraints Everink, Dong and Andersen 2023, SIAM/ASA Journal on Uncertainty Quantification 11).
"""

from dataclasses import dataclass

import clarabel
import numpy as np
import pandas as pd
from scipy import sparse

from fire.errors import InputError
from studies.printed2022.sample import calibrate, ranks
from studies.printed2022.sample import prior as priors
from studies.printed2022.sample.constraints import Row, System, add_steps

PRICE = 1e3  # of a point by which a row that a draw chose itself is missed
TRIES = 12
DONE = 1e-6


class Solver:
    """The least-squares programme of one system: columns of the system, effects of the prior, shares of margins."""

    def __init__(self, system: System, components=priors.COMPONENTS):
        frame = priors.cells(system)
        mean, matrix = priors.design(frame, system.before, components)
        keys = list(zip(frame["unit"], frame["year"], frame["indicator"], strict=True))
        place = np.array([system.column.get(key, -1) for key in keys])
        number = np.flatnonzero(place >= 0)
        pick = sparse.csr_matrix((np.ones(len(number)), (number, place[number])), (len(keys), system.size))
        certain = np.array([system.known.get(key, 0.0) for key in keys])
        tree, offset = system.tree()
        empty = sparse.csr_matrix((tree.shape[0], matrix.shape[1]))
        self.system, self.scores, self.effects = system, sparse.vstack([pick, tree]), sparse.vstack([-matrix, empty])
        self.right = np.append(mean - certain, offset)

    def solve(self, effects: np.ndarray, rows: list[Row]) -> np.ndarray | None:
        """Scores nearest to a draw of the effects under `rows`, soft ones where they can be; None when there are none."""
        size = self.system.size
        matrix, floor, roof, margin = self.system.table(rows)
        low, high = self.system.bounds()
        soft = np.flatnonzero([row.soft for row in rows])
        slack = sparse.csr_matrix((np.ones(len(soft)), (soft, range(len(soft)))), (len(rows), len(soft)))
        below, above, least, most = (np.isfinite(ends) for ends in (floor, roof, low, high))
        eye = sparse.eye(size, format="csr")
        inside = [
            ([-matrix[below], None, -slack[below]], -(floor + margin)[below]),
            ([matrix[above], None, -slack[above]], (roof - margin)[above]),
            ([-eye[least], None, None], -low[least]),
            ([eye[most], None, None], high[most]),
        ]
        if len(soft):
            inside.append(([None, None, -sparse.eye(len(soft))], np.zeros(len(soft))))
        blocks = [[self.scores, self.effects, None], *(parts for parts, _ in inside)]
        a = sparse.bmat([row[: 2 + bool(len(soft))] for row in blocks]).tocsc()
        b = np.concatenate([self.right, *(right for _, right in inside)])
        count = self.effects.shape[1]
        p = sparse.diags(np.concatenate([np.zeros(size), np.ones(count), np.zeros(len(soft))])).tocsc()
        q = np.concatenate([np.zeros(size), -effects, np.full(len(soft), PRICE)])
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.max_threads = False, 1
        cones = [clarabel.ZeroConeT(len(self.right)), clarabel.NonnegativeConeT(len(b) - len(self.right))]
        outcome = clarabel.DefaultSolver(p, q, a, b, cones, settings).solve()
        return np.array(outcome.x)[:size] if str(outcome.status) in ("Solved", "AlmostSolved") else None


@dataclass(frozen=True)
class Problem:
    """What draws rest on: the system of all rows, its solver, the printed facts on ranks, and the seed."""

    system: System
    solver: Solver
    facts: pd.DataFrame
    previous: pd.DataFrame
    seed: int


def draw(problem: Problem, number: int) -> np.ndarray:
    """Scores of all columns in one draw; the same number always gives the same scores.

    Raises InputError naming the facts that contradict each other, or what a draw could not be made to satisfy.
    """
    rng = np.random.default_rng(np.random.SeedSequence(problem.seed, spawn_key=(number,)))
    system = problem.system.branch()
    add_steps(system, rng)
    effects = rng.normal(size=problem.solver.effects.shape[1])
    given = ranks.first_edition(problem.previous, ranks.leaders(problem.facts), rng)
    x = problem.solver.solve(effects, system.rows)
    if x is None:
        calibrate.check(system)
    barred: set = set()
    for _ in range(TRIES):
        order, chosen = ranked(system, x, problem.facts, given, barred)
        chosen += ends(system, x, barred)
        y = problem.solver.solve(effects, system.rows + chosen)
        missed = [] if y is None else list(dict.fromkeys(row.id for row in unmet(system, chosen, y)))
        if y is not None and not missed:
            return y
        late = [id.removeprefix("rank:") for id in missed if id.startswith("rank:")]
        barred |= {id for id in missed if not id.startswith("rank:")}
        barred |= {(unit, order.index(unit)) for unit in late[:1]}
    raise InputError("draw", [f"{id} cannot hold beside the rest" for id in missed])


def ranked(system: System, x: np.ndarray, facts: pd.DataFrame, given: dict[str, int], barred: set):
    """The order now of the cities behind the leaders, and rows for those with a printed rank change or a rank of the first
    edition, at the places nearest to `x` that are not barred."""
    root, leaders = system.spec.root, ranks.leaders(facts)
    others = [city for city in system.cities if city not in leaders]
    now, before = (
        pd.Series([value(system, x, city, year, root) for city in others], others)
        for year in (system.now, system.before)
    )
    change = {unit: up for unit, up in ranks.changes(facts).items() if unit in others}
    given = {unit: rank - len(leaders) for unit, rank in given.items()}
    places = [key for key in barred if isinstance(key, tuple) and key[0] in change]
    first, ago = ranks.orders(now, before, change, given, places)
    rows = ranks.rows(system, first, list(change), system.now)
    return first, rows + ranks.rows(system, ago, [*change, *given], system.before)


def value(system: System, x: np.ndarray, unit: str, year: int, node: str) -> float:
    """Score of a node of a city or region."""
    terms, constant = system.expression([(1, unit, year, node)])
    return constant + sum(weight * x[column] for column, weight in terms.items())


def ends(system: System, x: np.ndarray, barred: set) -> list[Row]:
    """Rows that hold the best and the worst city of each indicator at the ends of the scale: those nearest to them in `x`
    and not barred. In the base year both; of the business environment the worst of the other year too, whose best is
    known."""
    found = []
    frame = system.cells.to_frame(index=False).assign(score=x[: len(system.cells)])
    for (year, leaf), cells in frame.groupby(["year", "indicator"], sort=False):
        for end, best in zip(system.spec.method["scale"], (False, True), strict=True):
            own = (leaf == "regulation_business_env") and not best
            if year == system.before or own:
                ranked = cells.sort_values("score", ascending=not best, kind="stable")
                unit = next(unit for unit in ranked["unit"] if f"{leaf} {year} {end}: {unit}" not in barred)
                terms, held = {system.column[unit, year, leaf]: 1.0}, f"{leaf} {year} {end}: {unit}"
                low, high = (end, np.inf) if best else (-np.inf, end)
                found.append(Row(held, terms, low, high, soft=True))
    return found


def unmet(system: System, rows: list[Row], x: np.ndarray) -> list[Row]:
    """Chosen rows that had to be given up."""
    matrix, low, high, margin = system.table(rows)
    got = matrix @ x
    return [rows[place] for place in np.flatnonzero((got < low + margin - DONE) | (got > high - margin + DONE))]
