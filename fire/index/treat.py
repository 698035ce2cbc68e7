"""Outlier treatment: winsorising and the shifted logarithm, by the skewness and kurtosis rule, and fixed quantiles.

An indicator is skewed when |skewness| is at or above 2 and kurtosis at or above 3.5 (Groeneveld and Meeden 1984, as
used in the JRC audits). Definitions of skewness and kurtosis are those of Excel (Joanes and Gill 1998, type 2).
"""

from collections.abc import Callable

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
    faults = [
        f"{name}: the panel has no data of the base year {spec.method['base_year']}, which "
        "decide the treatment: add them"
        for name in late
    ]
    faults += [
        f"{name}: quantiles {list(rule['quantiles'])} have no range: type the lower one first"
        for name, rule in ((name, spec.rules[name]) for name in table.columns)
        if rule["treat"] == "quantiles" and not rule["quantiles"][0] < rule["quantiles"][1]
    ]
    refuse("outlier treatment", faults)
    for column, name in enumerate(table.columns):
        rule = spec.rules[name]
        if rule["treat"] == "none":
            continue
        for base, rows in _blocks(reference(rule), year, spec.method["base_year"]):
            model = values[base, column]
            model = model[~np.isnan(model)]
            if model.size:
                line, treated = _one(model, values[rows, column], rule)
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


def _one(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """Treat the values `x` of one indicator by what its reference values `model` say: a line of the report, the values."""
    found, treated = TREATMENTS[rule["treat"]](model, x, rule)
    untouched = {"action": "none", "points": 0, "low": np.nan, "high": np.nan}
    return untouched | {"skew": skewness(model), "kurtosis": kurtosis(model)} | found, treated


# Treatments: from the reference values, the values and the rule of an indicator to what was done (columns of the report;
# nothing where the values stay as they are) and the treated values.


def _winsorised(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """Skewed data: outlying values become the nearest that is none (COINr, winsorise)."""
    if not skewed(model, rule["skew"], rule["kurtosis"]):
        return {}, x
    low, high, moved = _winsor_limits(model, rule["skew"], rule["kurtosis"], rule["winsor_points"])
    return {"action": "winsorise", "points": moved, "low": low, "high": high}, np.clip(x, low, high)


def _logged(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """The logarithm of the distance to the least value and one per cent of the range (COINr, log_CT)."""
    low, high = model.min(), model.max()
    with np.errstate(invalid="ignore", divide="ignore"):
        logged = np.log(x - low + 0.01 * (high - low))
    return {"action": "log", "points": len(model), "low": low, "high": high}, logged


def _winsorised_or_logged(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """Skewed data: winsorised, and where they are skewed still, logged instead (COINr, qTreat)."""
    found, treated = _winsorised(model, x, rule)
    if found and skewed(np.clip(model, found["low"], found["high"]), rule["skew"], rule["kurtosis"]):
        return _logged(model, x, rule)
    return found, treated


def _held(model: np.ndarray, x: np.ndarray, rule: dict) -> tuple[dict, np.ndarray]:
    """All data: what lies beyond the two `quantiles` (type 7, of Hyndman and Fan 1996) becomes the quantile. `points`:
    how many of the reference values do."""
    low, high = np.quantile(model, rule["quantiles"])
    beyond = int(((model < low) | (model > high)).sum())
    return {"action": "quantiles", "points": beyond, "low": low, "high": high}, np.clip(x, low, high)


TREATMENTS: dict[str, Callable[[np.ndarray, np.ndarray, dict], tuple[dict, np.ndarray]]] = {
    "winsorise": _winsorised,
    "log": _logged,
    "skew_kurtosis": _winsorised_or_logged,
    "quantiles": _held,
}
