"""Which choice moves the result: Sobol' indices of scores, ranks and the mean absolute rank shift.

Each choice of the index is a factor. A factor is uniform on [0, 1) and picks one of its equally likely options (for
weights and data errors one of a table of draws), as in Saisana, Saltelli and Tarantola (2005, J. R. Statist. Soc. A
168, 307-323). A table makes one factor of many numbers (all weights of a level, the errors of all cells), so that the
quasi-random design has few dimensions.

Design, estimators and intervals are SALib's. Against `scipy.stats.sobol_indices`, on the Ishigami function at 1,024 draws
and 40 seeds, both have root mean square errors of 0.004 to 0.009; SALib takes a seed for its intervals, which in scipy
needs a private attribute, and needs half the memory and a third of the time for the scores and ranks of 59 cities. It
brings two small packages (multiprocess and dill) and is imported when it is used (0.05 s).
"""

import numpy as np
import pandas as pd

from fire.analysis import alternatives as declared
from fire.analysis import drawn, montecarlo, robustness
from fire.analysis.describe import no_number
from fire.errors import refuse
from fire.index import arguments

LEAST = 0.05
CONFIDENCE = 0.9  # of the bootstrapped intervals
TABLE = 1024  # draws of weights and data errors that a factor picks from


def sobol(
    model,
    factors: list[str],
    draws: int = 1024,
    seed: int = 2022,
    outputs: list | None = None,
    confidence: float = CONFIDENCE,
    resamples: int = 200,
) -> pd.DataFrame:
    """First and total order Sobol' indices of `model`, which maps (factors × draws in [0, 1)) to (outputs × draws).

    Design, estimators (Saltelli et al. 2010, Comput. Phys. Commun. 181, 259-270) and bootstrapped intervals (estimate ±
    normal quantile × standard deviation over the resamples) are those of SALib: `draws` × (factors + 2) runs of the
    model. Columns: output, factor, first, first_low, first_high, total, total_low, total_high; missing for an output that
    hardly varies (it differs from its median in fewer than 5 per cent of the runs). Raises InputError unless `draws` is
    a power of two.
    """
    from SALib.analyze import sobol as analyse
    from SALib.sample import sobol as sample

    draws = _power_of_two(draws)
    problem = {"num_vars": len(factors), "names": factors, "bounds": [[0.0, 1.0]] * len(factors)}
    found = np.atleast_2d(model(sample.sample(problem, draws, calc_second_order=False, seed=seed).T))
    varies = (found != np.median(found, axis=1, keepdims=True)).mean(axis=1) >= LEAST
    varies &= np.isfinite(found).all(axis=1)
    names = range(len(found)) if outputs is None else outputs
    table = np.full((len(found), len(factors), 6), np.nan)
    for place in np.flatnonzero(varies):
        one = analyse.analyze(
            problem,
            found[place],
            calc_second_order=False,
            num_resamples=resamples,
            conf_level=confidence,
            seed=seed + 1,  # SALib takes the seed 0 for none
        )
        ends = [
            (one[key], one[key] - one[f"{key}_conf"], one[key] + one[f"{key}_conf"]) for key in ("S1", "ST")
        ]
        table[place] = np.vstack([*ends[0], *ends[1]]).T
    columns = [f"{order}{end}" for order in ("first", "total") for end in ("", "_low", "_high")]
    index = pd.MultiIndex.from_product([names, factors], names=["output", "factor"])
    return pd.DataFrame(table.reshape(-1, 6), index=index, columns=columns).reset_index()


def _power_of_two(draws) -> int:
    advice = "it is not a power of two: a Sobol' sequence needs 256, 512, 1024, ..."
    refuse("draws", no_number("draws", draws, lambda one: one > 1 and np.log2(one) % 1 == 0, advice))
    return int(draws)


def run(
    index,
    alternatives: dict | None = None,
    year: int | None = None,
    draws: int = 1024,
    seed: int | None = None,
    node: str | None = None,
    units: bool = True,
) -> pd.DataFrame:
    """Sobol' indices of an Index for one year (default: the year ranked); outputs are `shift` and, with `units`,
    `score <unit>` and `rank <unit>`.

    The shift is the mean over units of the absolute difference between a draw's rank and the published one. Factors
    are the weights of each level, the dropped indicator, the data errors, the aggregation, every other declared choice
    and, where cells are not known, the draw of these (`unknown`). `alternatives`: default those of the standard run that
    the index allows; `attrs["left_out"]` says which were left out, and why.
    """
    draws = _power_of_two(draws)
    alternatives = robustness.settled(index, alternatives, node)
    node, year = node or index.spec.root, index.year if year is None else year
    year, faults = arguments.of_year(year, index.years)
    refuse("year", faults)
    design, names = robustness.prepare(index, alternatives, seed, node)
    seed = design.seed
    point = robustness.published(index, node)
    point = point[point["year"].eq(year)].set_index("unit")["rank"].reindex(names).to_numpy(float)
    model, factors = index_model(design, alternatives, index.years.index(year), point, seed)
    refuse("alternatives", [] if factors else ["nothing moves: declare a choice with two options or more"])
    outputs = ["shift", *(f"{what} {name}" for what in ("score", "rank") for name in names)]
    if units:
        found = sobol(model, factors, draws, seed, outputs)
    else:
        found = sobol(lambda points: model(points)[:1], factors, draws, seed, outputs[:1])
    found.attrs["left_out"] = list(getattr(alternatives, "left_out", ()))
    return found


def index_model(design, alternatives: dict, year: int, published: np.ndarray, seed: int):
    """The index as a function of its factors, and their names."""
    rng = np.random.default_rng(seed)
    tables = montecarlo.draw_weights(design, rng, np.arange(TABLE))
    noise = montecarlo.errors(design, TABLE, rng) if "error" in alternatives else None
    lists = {name: len(options) for name, options in declared.lists(alternatives).items()}
    lists |= {"aggregation": len(alternatives["aggregation"])} if "aggregation" in alternatives else {}
    draws = len(design.schemes) // int(np.prod(list(lists.values())))
    lists = ({"unknown": draws} if draws > 1 else {}) | lists
    moving = [place for place, table in enumerate(tables) if np.ptp(table, axis=1).any()]
    sizes = {f"weights, level {place + 1}": TABLE for place in moving}
    sizes |= {"drop": TABLE} if design.drop else {}
    sizes |= ({"error": TABLE} if noise is not None else {}) | lists

    def model(points: np.ndarray) -> np.ndarray:
        pick = {
            name: np.minimum((point * size).astype(int), size - 1)
            for (name, size), point in zip(sizes.items(), points)
        }
        still = np.zeros(points.shape[1], int)
        raw = [table[:, pick.get(f"weights, level {place + 1}", still)] for place, table in enumerate(tables)]
        scheme = (
            np.ravel_multi_index([pick[name] for name in lists], list(lists.values())) if lists else still
        )
        dropped = _dropped(design, pick["drop"]) if "drop" in pick else still - 1
        montecarlo.leave_out(raw[-1], dropped)
        return outputs(design, raw, scheme, dropped, pick.get("error"), noise, seed, year, published)

    return model, list(sizes)


def _dropped(design, pick: np.ndarray) -> np.ndarray:
    """The indicator that each draw leaves out (-1: none) from a number below TABLE."""
    places, few = design.droppable, design.drop * TABLE
    chosen = np.minimum((pick * len(places) / few).astype(int), len(places) - 1)
    return np.where(pick < few, places[chosen], -1)


def outputs(
    design, raw: list, scheme: np.ndarray, dropped, error, noise, seed: int, year: int, published: np.ndarray
) -> np.ndarray:
    """Mean absolute rank shift, scores and ranks (outputs × draws) of complete draws. `error`: which of the tabled errors
    each draw has, `noise`: the table for the kernel; those for the engine follow from `seed`."""
    weights = montecarlo.kernel_weights(design, raw)
    score, rank = np.empty((2, len(scheme), design.units))
    for place in np.unique(scheme):
        draws, one = np.flatnonzero(scheme == place), design.schemes[place]
        if isinstance(one, montecarlo.Linked):
            own = [(rows, weight[:, draws].T) for rows, weight in weights]
            grid, _ = montecarlo.draw_scores(design, one, own, None if noise is None else noise[error[draws]])
            sign = -1 if design.low else 1
            back = montecarlo.LINKS[one.way][1]
            score[draws] = back(sign * grid[:, year] * one.step / montecarlo.WEIGHT_GRID)
        else:
            tabled = None if one.spread is None else _tabled_errors(design, one, error[draws], seed)
            points = drawn.points(
                one, [level[:, draws] for level in raw], dropped[draws], tabled, design.years
            )
            grid, _ = montecarlo.placed(design, points)
            score[draws] = points[:, year]
        order, position = montecarlo.ranked(grid[:, year])
        ranks = np.empty(order.shape)
        np.put_along_axis(ranks, order, np.broadcast_to(position + 1.0, order.shape), axis=1)
        rank[draws] = ranks
    return np.vstack([np.nanmean(np.abs(rank - published), axis=1), score.T, rank.T])


def _tabled_errors(design, scheme, entries: np.ndarray, seed: int):
    """Errors of every cell in some draws, each entry of the table from a seed of its own: the whole table would be too
    large to keep."""

    def errors(draws: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [
                montecarlo.cell_errors(
                    design, draws[:1], np.random.default_rng([seed, entry]), scheme.matrix.shape[1]
                )
                for entry in entries[draws]
            ]
        )

    return errors
