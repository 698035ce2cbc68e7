"""One draw of all unknown scores: a draw of the prior, moved onto what is printed.

The prior is drawn and then conditioned by least squares in its own metric (Matheron's rule: Journel and Huijbregts 1978,
Mining Geostatistics; Wilson and others 2021, Journal of Machine Learning Research 22, 105), here under inequalities
(randomise, then optimise: Bardsley, Solonen, Haario and Laine 2014, SIAM Journal on Scientific Computing 36; for
constraints Everink, Dong and Andersen 2023, SIAM/ASA Journal on Uncertainty Quantification 11). Least squares put what the
prior would have beyond an inequality exactly on it; `settled` gives it the distance that the cut-off density has there.
"""

from dataclasses import dataclass

import clarabel
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from fire.errors import InputError
from studies.printed2022.sample import calibrate, choices
from studies.printed2022.sample import prior as priors
from studies.printed2022.sample.constraints import Row, System, add_steps

PRICE = 1e3  # of a point by which a row that a draw chose itself is missed
ROUNDS = 2
TRIES = 20
DONE = 1e-6


class Solver:
    """The least-squares programme of one system: columns of the system, effects of the prior, slack of soft rows."""

    def __init__(self, system: System, components: tuple, kept: float):
        frame = priors.cells(system)
        blocks = [priors.effects(frame, part, kept) for part in components]
        self.count = [block.shape[1] for block in blocks]
        self.sd = np.array([part.sd for part in components])
        self.error = np.array([part.error for part in components])
        matrix = sparse.hstack(blocks)
        keys = list(zip(frame["unit"], frame["year"], frame["indicator"], strict=True))
        place = np.array([system.column.get(key, -1) for key in keys])
        number = np.flatnonzero(place >= 0)
        pick = sparse.csr_matrix((np.ones(len(number)), (number, place[number])), (len(keys), system.size))
        certain = np.array([system.known.get(key, 0.0) for key in keys])
        tree, offset = system.tree()
        empty = sparse.csr_matrix((tree.shape[0], matrix.shape[1]))
        self.system, self.scores = system, sparse.vstack([pick, tree])
        self.effects = sparse.vstack([-matrix, empty]).tocsr()
        self.right = np.append(priors.mean(frame) - certain, offset)
        count = len(system.cells)
        self.above = sparse.csr_matrix(-splu(tree[:, count:].tocsc()).solve(tree[:, :count].toarray()))
        near = np.repeat([part.sd * ("unit" in part.by) for part in components], self.count)
        self.own = (pick.T @ matrix @ sparse.diags(near)).tocsr()[:count]

    def prior(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A draw of the standard normal effects, and of their standard deviations within their errors."""
        sd = self.sd * np.exp(self.error * rng.normal(size=len(self.sd)).clip(-2, 2))
        return rng.normal(size=sum(self.count)), np.repeat(sd, self.count)

    def solve(self, prior: tuple[np.ndarray, np.ndarray], rows: list[Row], push: np.ndarray | None = None):
        """Scores nearest to a draw of the prior under `rows`, soft ones where they can be, and the price of every side of a
        row or bound (`sides`). `push`: how far inside each side to stay, where that can be. ArithmeticError without any."""
        effects, sd = prior
        matrix, limit, soft = self.sides(rows)
        push = np.zeros(len(limit)) if push is None else np.append(push, np.zeros(len(limit) - len(push)))
        given, moved = np.flatnonzero(soft), np.flatnonzero(push > 0)
        rank = np.concatenate([given, moved])
        slack = sparse.csr_matrix((-np.ones(len(rank)), (rank, range(len(rank)))), (len(limit), len(rank)))
        inside = sparse.hstack([matrix, sparse.csr_matrix((len(limit), len(sd))), slack])
        ends = sparse.eye(len(rank), inside.shape[1], k=matrix.shape[1] + len(sd), format="csr")
        equal = sparse.hstack(
            [self.scores, self.effects @ sparse.diags(sd), sparse.csr_matrix((len(self.right), len(rank)))]
        )
        a = sparse.vstack([equal, inside, -ends, ends[len(given) :]]).tocsc()
        b = np.concatenate([self.right, limit - push, np.zeros(len(rank)), push[moved]])
        p = np.concatenate([np.zeros(matrix.shape[1]), np.ones(len(sd)), np.zeros(len(rank))])
        price = np.append(np.full(len(given), PRICE), np.full(len(moved), PRICE / 10))
        q = np.concatenate([np.zeros(matrix.shape[1]), -effects, price])
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.max_threads = False, 1
        cones = [clarabel.ZeroConeT(len(self.right)), clarabel.NonnegativeConeT(len(b) - len(self.right))]
        outcome = clarabel.DefaultSolver(sparse.diags(p).tocsc(), q, a, b, cones, settings).solve()
        if str(outcome.status) not in ("Solved", "AlmostSolved"):
            raise ArithmeticError(f"least squares: {outcome.status}")
        mine = slice(len(self.right), len(self.right) + len(limit))
        paid, room = np.array(outcome.z)[mine], np.array(outcome.s)[mine]
        return np.array(outcome.x)[: matrix.shape[1]], np.where(paid > room, paid, 0.0)

    def reach(self, rows: list[Row]) -> np.ndarray:
        """Standard deviation of each side's expression from what is a city's own; 0 where a row holds an end of the scale."""
        matrix, _, soft = self.sides(rows)
        cells = matrix[:, : len(self.system.cells)] + matrix[:, len(self.system.cells) :] @ self.above
        spread = np.sqrt(np.asarray((cells @ self.own).power(2).sum(axis=1)).ravel())
        lone = np.diff(matrix.indptr) == 1
        return np.where(soft & lone, 0.0, spread)

    def sides(self, rows: list[Row]) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Bounds, then rows in their order, as `matrix x <= limit`, margins kept; and which of them are soft."""
        matrix, floor, roof, margin = self.system.table(rows)
        low, high = self.system.bounds()
        below, above, least, most = (np.isfinite(ends) for ends in (floor, roof, low, high))
        eye = sparse.eye(self.system.size, format="csr")
        soft = np.array([bool(row.choice) for row in rows])
        order = np.argsort(np.append(np.flatnonzero(below), np.flatnonzero(above)), kind="stable")
        return (
            sparse.vstack(
                [-eye[least], eye[most], sparse.vstack([-matrix[below], matrix[above]]).tocsr()[order]]
            ).tocsr(),
            np.concatenate(
                [-low[least], high[most], np.append(-(floor + margin)[below], (roof - margin)[above])[order]]
            ),
            np.append(np.zeros(least.sum() + most.sum(), bool), np.append(soft[below], soft[above])[order]),
        )


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
    system, solver, facts = problem.system.branch(), problem.solver, problem.facts
    add_steps(system, rng)
    prior = solver.prior(rng)
    given = choices.first_edition(problem.previous, choices.leaders(facts), rng)
    try:
        x, price = solver.solve(prior, system.rows)
    except ArithmeticError:
        calibrate.check(system)
        raise
    x, push = settled(solver, prior, system.rows, x, price, np.zeros(0), ROUNDS, rng)
    y, barred = x, set()
    for _ in range(TRIES):
        chosen = choices.ranked(system, x, facts, given, barred)
        chosen += choices.ends(system, x, barred) + choices.pairs(system, y, facts, barred)
        y, price = solver.solve(prior, system.rows + chosen, push)
        missed = unmet(system, chosen, y)
        if not missed:
            z, _ = settled(solver, prior, system.rows + chosen, y, price, push, 1, rng)
            return y if unmet(system, chosen, z) else z
        barred.add(missed[0])
    raise InputError("draw", [f"{choice} cannot hold beside the rest" for choice in missed])


def settled(solver: Solver, prior, rows: list[Row], x, price, push, rounds: int, rng: np.random.Generator):
    """The draw moved off the sides that it is pressed against, and how far from each side it stays.

    Beside a side with price p the density of a normal distribution cut off there falls as exp(-p s) with the distance s:
    each pressed side is given such a distance, for some rounds, as new sides may be pressed against.
    """
    reach = solver.reach(rows)
    far, push = rng.exponential(size=len(price)), np.append(push, np.zeros(len(price) - len(push)))
    for _ in range(rounds):
        new = (price > 0) & (push == 0) & (reach > 0)
        push[new] = far[new] / (price[new] + 1 / reach[new])
        x, price = solver.solve(prior, rows, push)
    return x, push


def unmet(system: System, rows: list[Row], x: np.ndarray) -> list:
    """Choices that had to be given up."""
    matrix, low, high, margin = system.table(rows)
    got = matrix @ x
    places = np.flatnonzero((got < low + margin - DONE) | (got > high - margin + DONE))
    return list(dict.fromkeys(rows[place].choice for place in places))
