"""Look at the data before and after scoring: availability, statistics, correlations, trends, corrected p-values.

Tables are wide: rows units (or unit-years), columns indicators or nodes.
"""

import numpy as np
import pandas as pd
from scipy import stats

from fire.index import panel as panels
from fire.index import treat


def availability(table: pd.DataFrame) -> pd.DataFrame:
    """For each row: missing and zero cells, the share that is present, and the share of those that is not zero."""
    missing, zero = table.isna().sum(axis=1), table.eq(0).sum(axis=1)
    present = table.shape[1] - missing
    return pd.DataFrame(
        {
            "missing": missing,
            "zero": zero,
            "available": present / table.shape[1],
            "not_zero": 1 - zero / present.where(present > 0),
        }
    )


def statistics(table: pd.DataFrame) -> pd.DataFrame:
    """For each column: least, most, mean, median, sd (n - 1), skewness, kurtosis, counts, and whether it is skewed."""

    def line(column):
        x = column.dropna().to_numpy(dtype=float)
        return {
            "min": x.min(),
            "max": x.max(),
            "mean": x.mean(),
            "median": np.median(x),
            "sd": x.std(ddof=1),
            "skew": treat.skewness(x),
            "kurtosis": treat.kurtosis(x),
            "count": len(x),
            "available": len(x) / len(column),
            "not_zero": (x != 0).mean(),
            "unique": len(np.unique(x)),
            "outliers": treat.skewed(x, 2.0, 3.5),
        }

    return pd.DataFrame({name: line(table[name]) for name in table}).T.infer_objects()


def correlations(
    left: pd.DataFrame, right: pd.DataFrame | None = None, method: str = "pearson", level: float | None = None
) -> pd.DataFrame:
    """Correlations between the columns of two tables (default: of one with itself), over the rows that both have.

    `method`: pearson, spearman or kendall; with `level` (0.05, say) correlations with a larger p value are left out.
    """
    right = left if right is None else right
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[method]

    def cell(a, b):
        both = pd.concat([left[a], right[b]], axis=1, keys=["a", "b"]).dropna()
        if len(both) < 3 or both["a"].nunique() < 2 or both["b"].nunique() < 2:
            return np.nan
        result = test(both["a"], both["b"])
        return result.statistic if level is None or result.pvalue <= level else np.nan

    return pd.DataFrame({b: {a: cell(a, b) for a in left} for b in right})


def _growth_rate(years: np.ndarray, values: np.ndarray) -> float:
    """Compound annual growth rate between the first and the last value present; missing with fewer than two.

    >>> round(float(_growth_rate(np.array([2018, 2020]), np.array([100.0, 121.0]))), 10)
    0.1
    """
    there = ~np.isnan(values)
    if there.sum() < 2:
        return np.nan
    (first, *_, last), (start, *_, end) = np.sort(years[there]), values[there][np.argsort(years[there])]
    with np.errstate(invalid="ignore", divide="ignore"):
        return 0.0 if start == end else np.power(end / start, 1 / (last - first)) - 1


def slope_pct(years: np.ndarray, values: np.ndarray) -> float:
    """Change a year in per cent of the starting level, both of the least-squares line through the values."""
    there = ~np.isnan(values)
    x, y = years[there].astype(float), values[there]
    if len(y) < 2:
        return np.nan
    if np.ptp(y) == 0:
        return 0.0
    time = x - x.mean()
    slope = time @ (y - y.mean()) / (time @ time)
    return 100 * slope / (y.mean() + slope * time.min())


def trends(
    table: pd.DataFrame, spec=None, measure: str = "growth_rate", last: int | None = None
) -> pd.DataFrame:
    """Trend of every unit and column of a (year, unit) table: columns unit, node, trend, available, first, latest.

    `measure`: growth_rate (a year) or slope_pct (per cent a year); `last`: over that many last years with data only.
    With `spec`, falls of negative indicators count as rises (COINr's get_trends).
    """
    trend = {"growth_rate": _growth_rate, "slope_pct": slope_pct}[measure]
    years, cube = panels.years_of(table), panels.cube(table)
    units, lines = table.index.get_level_values("unit")[: cube.shape[1]], []
    for row, unit in enumerate(units):
        for column, node in enumerate(table.columns):
            y = cube[:, row, column]
            there = np.flatnonzero(~np.isnan(y))
            window = slice(0, None)
            if last is not None and len(there):
                window = slice(max(there[-1] - last + 1, 0), there[-1] + 1)
            short = last is not None and (not len(there) or there[-1] + 1 < last)
            sign = spec.rules[node]["direction"] if spec is not None and node in spec.rules else 1
            value = np.nan if short else sign * trend(years[window], y[window])
            lines.append(
                {
                    "unit": unit,
                    "node": node,
                    "trend": value,
                    "available": len(there) / len(years),
                    "first": years[there[0]] if len(there) else None,
                    "latest": years[there[-1]] if len(there) else None,
                }
            )
    return pd.DataFrame(lines)


def holm(p) -> np.ndarray:
    """p-values corrected for their number (Holm 1979, Scand. J. Statist. 6, 65-70, by statsmodels); missing ones stay."""
    from statsmodels.stats.multitest import multipletests

    found = np.array(p, dtype=float)
    there = ~np.isnan(found)
    if there.any():
        found[there] = multipletests(found[there], method="holm")[1]
    return found
