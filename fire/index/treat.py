"""Outlier treatment: winsorising and the shifted logarithm, by the skewness and kurtosis rule.

An indicator is skewed when |skewness| is at or above 2 and kurtosis at or above 3.5 (Groeneveld and Meeden 1984, as
used in the JRC audits). Definitions of skewness and kurtosis are those of Excel (Joanes and Gill 1998, type 2).
"""

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import panel as panels

REPORT = ["year", "indicator", "action", "points", "low", "high", "skew", "kurtosis"]


def skewness(x: np.ndarray) -> float:
    """Sample skewness G1, NaN for a constant or fewer than 3 values.

    >>> float(round(skewness(np.array([1.0, 2, 3, 10])), 5))
    1.76363
    """
    n, d = len(x), x - x.mean()
    if n < 3 or not d.any():
        return np.nan
    return np.sqrt(n) * (d**3).sum() / (d**2).sum() ** 1.5 * np.sqrt(n * (n - 1)) / (n - 2)


def kurtosis(x: np.ndarray) -> float:
    """Sample excess kurtosis G2, NaN for a constant or fewer than 4 values.

    >>> float(round(kurtosis(np.array([1.0, 2, 3, 10])), 6))
    3.228
    """
    n, d = len(x), x - x.mean()
    if n < 4 or not d.any():
        return np.nan
    ratio = n * (d**4).sum() / (d**2).sum() ** 2
    return ((n + 1) * (ratio - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))


def skewed(x: np.ndarray, skew: float, kurt: float) -> bool:
    return bool(abs(skewness(x)) >= skew and kurtosis(x) >= kurt)


def _winsor_limits(x: np.ndarray, skew: float, kurt: float, most: int) -> tuple[float, float, int]:
    """Limits to which the outlying values of `x` are pulled, one after the other on the side of the skew, until the
    rule is met or `most` points have moved; and the number of points moved."""
    low, high, moved, x = x.min(), x.max(), 0, x.copy()
    upper, lower = 0, 0
    while skewed(x, skew, kurt) and moved < most:
        if skewness(x) >= 0:
            top = x == x.max()
            high = x[top] = x[~top].max()
            upper = top.sum()
        else:
            bottom = x == x.min()
            low = x[bottom] = x[~bottom].min()
            lower = bottom.sum()
        moved = int(upper + lower)
    return low, high, moved


def treat(table: pd.DataFrame, spec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Treat each indicator by its rule; returns the table and a report, one row for each treated indicator.

    What is done is decided on the reference data (the base year, all years, or each year by itself) and applied to all.
    """
    if all(spec.rules[name]["treat"] == "none" for name in table.columns):
        return table, pd.DataFrame(columns=REPORT)
    values, report = table.to_numpy().copy(), []
    year = table.index.get_level_values("year").to_numpy()
    late = [
        name
        for name in table.columns
        if spec.rules[name]["treat"] != "none"
        and reference(spec.rules[name]) == "base"
        and spec.method["base_year"] not in year
    ]
    refuse(
        "outlier treatment",
        [
            f"{name}: the panel has no data of the base year {spec.method['base_year']}, which "
            "decide the treatment: add them"
            for name in late
        ],
    )
    for column, name in enumerate(table.columns):
        rule = spec.rules[name]
        if rule["treat"] == "none":
            continue
        for base, rows in _blocks(reference(rule), year, spec.method["base_year"]):
            model = values[base, column]
            model = model[~np.isnan(model)]
            if model.size:
                line, treated = one(model, values[rows, column], rule)
                values[rows, column] = treated
                which = year[rows][0] if reference(rule) == "year" else reference(rule)
                report.append({"year": which, "indicator": name, **line})
    lost = np.isnan(values) & table.notna().to_numpy() | np.isinf(values)
    faults = [
        f"{cell}: lies too far below the reference data for the shifted logarithm: winsorise, or use another rule"
        for cell in panels.cells(table, lost)
    ]
    refuse("outlier treatment", faults)
    report = pd.DataFrame(report, columns=REPORT)
    return pd.DataFrame(values, index=table.index, columns=table.columns), report[report["action"].ne("none")]


def reference(rule: dict) -> str:
    """The data that decide the treatment of an indicator: its own choice, else those that give its posts."""
    return rule["treat_by"] or rule["reference"]


def _blocks(reference: str, year: np.ndarray, base_year) -> list[tuple]:
    """Pairs of row masks: the reference data, and the rows treated by what it says."""
    if reference == "year":
        return [(year == one, year == one) for one in np.unique(year)]
    everything = np.ones(len(year), dtype=bool)
    return [(year == base_year if reference == "base" else everything, everything)]


def one(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """Treat the values `x` of one indicator by what its reference values `model` say."""
    skew, kurt = rule["skew"], rule["kurtosis"]
    line = {
        "action": "none",
        "points": 0,
        "low": np.nan,
        "high": np.nan,
        "skew": skewness(model),
        "kurtosis": kurtosis(model),
    }
    if rule["treat"] != "log":
        if not skewed(model, skew, kurt):
            return line, x
        low, high, moved = _winsor_limits(model, skew, kurt, rule["winsor_points"])
        if rule["treat"] == "winsorise" or not skewed(np.clip(model, low, high), skew, kurt):
            return line | {"action": "winsorise", "points": moved, "low": low, "high": high}, np.clip(
                x, low, high
            )
    low, high = model.min(), model.max()
    with np.errstate(invalid="ignore", divide="ignore"):
        logged = np.log(x - low + 0.01 * (high - low))
    return line | {"action": "log", "points": len(model), "low": low, "high": high}, logged
