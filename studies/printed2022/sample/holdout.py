"""How well the draws find printed scores that they were not told: a ten-fold hold-out over the exactly printed city scores.

A score held out takes with it every fact that would give it away: bounds on it, the printed scores above and below it in the
tree of the same city and, where the rest still pins it, the regional mean. The prior is estimated anew in each fold.

    python -m studies.printed2022.sample.holdout        # writes data/sample/holdout-2022.csv and nothing else
"""

from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fire import files
from fire.index.rounding import half_digit
from studies.printed2022.sample import feasible, sample
from studies.printed2022.sample.choices import value
from studies.printed2022.sample.draws import draw

PATH = files.DATA / "sample" / "holdout-2022.csv"
FOLDS, DRAWS, FIRST = 10, 20, 2000
SHARE = 0.90
NARROW = 0.05  # points: a range this narrow is no forecast, the other facts imply the score
COLUMNS = ["unit", "node", "printed", "centre", "low", "high", "hit", "fold"]


def items(facts: pd.DataFrame, spec) -> pd.DataFrame:
    """The exactly printed city scores outside pillar F, each with a fold: unit, node, printed, fold."""
    exact = facts["approx"].eq("exact") & facts["measure"].eq("score") & facts["unit_type"].eq("city")
    exact &= ~facts["node"].isin(spec.walk(spec.pillars[0]))
    table = (
        facts[exact].sort_values("decimals", ascending=False, kind="stable").drop_duplicates(["unit", "node"])
    )
    order = np.random.default_rng(sample.SEED).permutation(len(table)) % FOLDS
    return (
        table[["unit", "node"]]
        .assign(printed=table["value"].astype(float), fold=order)
        .reset_index(drop=True)
    )


def without(facts: pd.DataFrame, held: pd.DataFrame, spec) -> pd.DataFrame:
    """The facts that remain when the scores of `held` and what gives them away are taken out."""
    score, out = facts["measure"].eq("score"), pd.Series(False, facts.index)
    for row in held.itertuples():
        line = [node for node in spec.nodes.index if row.node in spec.walk(node)]
        out |= score & facts["unit"].eq(row.unit) & facts["node"].isin([*line, *spec.walk(row.node)])
        if getattr(row, "region", None):
            out |= score & facts["unit"].eq(row.region) & facts["node"].isin(line)
    return facts[~out]


def fold(number: int) -> pd.DataFrame:
    """The forecasts of one fold: the columns of the file. `hit`: 1, 0, or missing where the other facts imply the score."""
    use = sample.material()
    spec, places = use["spec"], use["places"].set_index("city")["region"]
    held = items(use["facts"], spec).query("fold == @number").assign(region=None)
    for _ in range(2):
        facts = without(use["facts"], held, spec)
        ranges = feasible.Ranges(sample.system(facts))
        ends = [ranges.score(row.unit, ranges.system.now, row.node) for row in held.itertuples()]
        narrow = np.array([high - low < NARROW for low, high in ends])
        held["region"] = held["region"].where(~narrow, held["unit"].map(places))
    problem = sample.problem_of(facts, sample.fitted(facts))
    drawn = [draw(problem, FIRST + 100 * number + one) for one in range(1, DRAWS + 1)]
    rows = []
    for row, pinned in zip(held.itertuples(), narrow, strict=True):
        scores = np.array([value(problem.system, x, row.unit, problem.system.now, row.node) for x in drawn])
        reach = stats.t.ppf((1 + SHARE) / 2, DRAWS - 1) * scores.std(ddof=1) * np.sqrt(1 + 1 / DRAWS)
        centre = scores.mean()
        hit = np.nan if pinned else float(abs(centre - row.printed) <= reach)
        rows.append((row.unit, row.node, row.printed, centre, centre - reach, centre + reach, hit, number))
    return pd.DataFrame(rows, columns=COLUMNS)


def forecasts() -> pd.DataFrame:
    """All folds."""
    with get_context("fork").Pool(sample.PROCESSES) as pool:
        return pd.concat(pool.map(fold, range(FOLDS), chunksize=1), ignore_index=True)


def summary(table: pd.DataFrame, spec) -> pd.DataFrame:
    """By pillar and for all: number of forecasts, hit rate of the 90 % interval and its standard error, root mean square
    error of the centre, mean half-width, share of centres within half a last digit."""
    pillar = {node: one for one in spec.pillars for node in spec.walk(one)} | {spec.root: spec.root}
    table = table.assign(pillar=table["node"].map(pillar), error=table["centre"] - table["printed"])
    rows = []
    for name, part in [*table.groupby("pillar", sort=False), ("all", table)]:
        rate = part["hit"].mean()
        rows.append(
            {
                "node": name,
                "forecasts": len(part),
                "hit_rate": rate,
                "hit_error": np.sqrt(rate * (1 - rate) / len(part)),
                "rmse": np.sqrt((part["error"] ** 2).mean()),
                "reach": ((part["high"] - part["low"]) / 2).mean(),
                "exact": part["error"].abs().le(half_digit(3)).mean(),
            }
        )
    return pd.DataFrame(rows)


def make(_ed=None, path: Path = PATH) -> None:
    """Write the forecasts to `path`, without those that the other facts imply."""
    table = forecasts().dropna(subset="hit")
    files.write_csv(table.round(6).astype({"hit": int}), path, excel=True)


if __name__ == "__main__":
    make()
