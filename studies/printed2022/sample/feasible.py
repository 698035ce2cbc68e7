"""The range that printed facts leave: smallest and largest score, growth and rank of every city and region.

Linear programmes over all rows on unknown scores (solver HiGHS), so that no prior and no invented raw value takes part:
scores of the base year lie on the scale, those of the index year between the ends of `constraints.SPAN`. Growth, a ratio
of two scores, is found by Dinkelbach's method (1967, Management Science 13: 492-498). Ranks are outer bounds: a unit is
above another for certain when the difference of their scores cannot be negative.

    python -m studies.printed2022.sample.feasible        # writes data/sample/feasible-2022.csv and nothing else
"""

from itertools import product
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
from scipy import sparse

from fire import files
from studies.printed2022.sample import choices, sample
from studies.printed2022.sample.constraints import System

PATH = files.DATA / "sample" / "feasible-2022.csv"
DECIMALS = 6
HALF = {"score": 0.0005, "growth_pct": 0.005, "rank": 0.5}  # half a last digit: a range within it is implied
TIE = 1e-7


class Ranges:
    """Extremes of linear and linear-fractional expressions over the rows of a system; one model, started warm."""

    def __init__(self, system: System):
        self.system, self.model = system, highspy.Highs()
        matrix, low, high, _ = system.table()
        tree, right = system.tree()
        columns = sparse.vstack([matrix, tree]).tocsc()
        least, most = system.bounds()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = columns.shape[1], columns.shape[0]
        lp.col_cost_ = np.zeros(lp.num_col_)
        lp.col_lower_, lp.col_upper_ = least, most
        lp.row_lower_, lp.row_upper_ = np.append(low, right), np.append(high, right)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = (
            columns.indptr,
            columns.indices,
            columns.data,
        )
        for option, choice in (
            ("output_flag", False),
            ("presolve", "off"),
            ("threads", 1),
            ("simplex_strategy", 4),
        ):
            self.model.setOptionValue(option, choice)
        self.model.passModel(lp)
        self.size, self.used = lp.num_col_, np.zeros(0, np.int32)

    def least(self, terms: dict) -> np.ndarray:
        """Values of all columns where the sum of terms is smallest."""
        cost = {int(column): 0.0 for column in self.used} | terms
        self.used = np.array(list(terms), np.int32)
        self.model.changeColsCost(len(cost), np.array(list(cost), np.int32), np.array(list(cost.values())))
        self.model.run()
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"linear programme: {self.model.getModelStatus()}")
        return np.array(self.model.getSolution().col_value)

    def smallest(self, terms: dict) -> float:
        """The smallest value of a sum of terms."""
        x = self.least(terms)
        return sum(weight * x[column] for column, weight in terms.items())

    def score(self, unit: str, year: int, node: str) -> tuple[float, float]:
        """Smallest and largest score."""
        terms, constant = self.system.expression([(1, unit, year, node)])
        down = {column: -weight for column, weight in terms.items()}
        return constant + self.smallest(terms), constant - self.smallest(down)

    def growth(self, unit: str, node: str) -> tuple[float, float]:
        """Smallest and largest growth in per cent."""
        return self._ratio(unit, node, 1), self._ratio(unit, node, -1)

    def _ratio(self, unit: str, node: str, sign: int) -> float:
        now, before = (
            self.system.expression([(1, unit, year, node)]) for year in (self.system.now, self.system.before)
        )
        ratio = 1.0
        for _ in range(50):
            terms = {column: sign * weight for column, weight in now[0].items()}
            for column, weight in before[0].items():
                terms[column] = terms.get(column, 0.0) - sign * ratio * weight
            x = self.least(terms)
            one, other = (
                fixed + sum(weight * x[column] for column, weight in part.items())
                for part, fixed in (now, before)
            )
            if abs(one / other - ratio) < 1e-10:
                break
            ratio = one / other
        return 100 * (ratio - 1)


def scores(found: Ranges) -> pd.DataFrame:
    """Ranges of scores and growth of every node with an unknown part: the columns of the file."""
    system, rows = found.system, []
    kinds = [("city", system.cities), ("region", list(system.members))]
    inner = [node for node in system.spec.nodes.index if system.spec.children(node)]
    for node, (kind, units) in product(inner, kinds):
        for unit in units:
            open_years = [
                year for year in (system.before, system.now) if system.expression([(1, unit, year, node)])[0]
            ]
            for year in open_years:
                rows.append((kind, unit, year, node, "score", *found.score(unit, year, node)))
            if open_years:
                rows.append((kind, unit, system.now, node, "growth_pct", *found.growth(unit, node)))
    return pd.DataFrame(rows, columns=["unit_type", "unit", "year", "node", "measure", "low", "high"])


def places(found: Ranges, table: pd.DataFrame, change: dict[str, int]) -> pd.DataFrame:
    """Outer bounds of ranks in the root and the pillars, given the ranges of scores (of `scores`) and the printed rank
    changes of the root."""
    system, rows = found.system, []
    nodes = [system.spec.root, *system.spec.children(system.spec.root)]
    score = table[table["measure"].eq("score") & table["node"].isin(nodes)]
    for (kind, year, node), group in score.groupby(["unit_type", "year", "node"], sort=False):
        units, low, high = list(group["unit"]), group["low"].to_numpy(), group["high"].to_numpy()
        above = low[:, None] >= high[None, :] + TIE
        for one, other in product(range(len(units)), repeat=2):
            if one != other and high[one] > low[other] and not above[one, other] and not above[other, one]:
                terms, constant = system.expression(
                    [(1, units[one], year, node), (-1, units[other], year, node)]
                )
                above[one, other] = constant + found.smallest(terms) >= -TIE
        best, worst = 1 + above.sum(axis=0), len(units) - above.sum(axis=1)
        rows += [
            (kind, unit, year, node, "rank", *ends) for unit, *ends in zip(units, best, worst, strict=True)
        ]
    table = pd.DataFrame(rows, columns=table.columns)
    return moved(table, system, change)


def moved(table: pd.DataFrame, system: System, change: dict[str, int]) -> pd.DataFrame:
    """Ranks of the root narrowed by printed rank changes: a rank of one year gives that of the other."""
    table = table.set_index(["unit_type", "unit", "year", "node"])
    for unit, up in change.items():
        now, before = (("city", unit, year, system.spec.root) for year in (system.now, system.before))
        low = max(table.at[now, "low"], table.at[before, "low"] - up)
        high = min(table.at[now, "high"], table.at[before, "high"] - up)
        table.loc[now, ["low", "high"]] = [low, high]
        table.loc[before, ["low", "high"]] = [low + up, high + up]
    return table.reset_index()


def ranges() -> pd.DataFrame:
    """Everything that the printed facts leave: unit_type, unit, year, node, measure, low, high."""
    found = Ranges(sample.system(sized=False))
    table = scores(found)
    change = choices.changes(sample.material()["facts"])
    return pd.concat([table, places(found, table, change)], ignore_index=True)


def implied(table: pd.DataFrame) -> pd.Series:
    """Which ranges are no wider than a last digit."""
    return (table["high"] - table["low"]) / 2 < table["measure"].map(HALF)


def make(_ed=None, path: Path = PATH) -> None:
    """Write the ranges to `path`."""
    table = ranges()
    files.write_csv(
        table.assign(low=table["low"].round(DECIMALS), high=table["high"].round(DECIMALS)), path, excel=True
    )


if __name__ == "__main__":
    make()
