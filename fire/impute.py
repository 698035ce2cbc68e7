"""Before scoring: divide by denominators, screen units by coverage, fill missing cells by the declared rule."""

import warnings

import numpy as np
import pandas as pd

from fire import panel as panels
from fire.errors import refuse


def denominate(table: pd.DataFrame, codes: np.ndarray, spec) -> tuple[pd.DataFrame, np.ndarray]:
    """Divide indicators by their denominators (columns of the same wide table) and multiply by their factors.

    Returns the indicators alone and their status codes; a ratio is as soft as the softer of its two parts.
    Raises InputError for denominators at or below zero.
    """
    place = {name: position for position, name in enumerate(table.columns)}
    width = len(spec.indicators)
    if not spec.denominators:
        return table, codes
    divided = spec.nodes.loc[spec.indicators, "denominator"].dropna()
    below = table[spec.denominators].le(0).to_numpy()
    refuse("denominators", [f"{cell}: a denominator must be above zero"
                            for cell in panels.cells(table[spec.denominators], below)])
    values, codes = table.to_numpy().copy(), codes.copy()
    for name, by in divided.items():
        over, under = place[name], place[by]
        values[:, over] /= values[:, under] / spec.nodes.at[name, "factor"]
        missing = np.isnan(values[:, over])
        codes[:, over] = np.where(missing, panels.NONE, np.maximum(codes[:, over], codes[:, under]))
    return pd.DataFrame(values[:, :width], index=table.index, columns=spec.indicators), codes[:, :width]


def screened(table: pd.DataFrame, least: float) -> np.ndarray:
    """Rows (unit-years) with some data, but in less than the share `least` of the indicators."""
    share = table.notna().to_numpy().mean(axis=1)
    return (share > 0) & (share < least - 1e-12)


def fill(table: pd.DataFrame, spec, groups: pd.Series | None = None) -> tuple[pd.DataFrame, np.ndarray]:
    """Fill missing cells by the rule of each indicator; returns the table and where it was filled.

    Unit-years without any data stay empty. `groups` (index unit) is needed for group_mean and group_median.
    Raises InputError that names every missing cell when the rule is "refuse".
    """
    missing = table.isna().to_numpy()
    rows = ~missing.all(axis=1)
    holes = missing & rows[:, None]
    if not holes.any():
        return table, holes
    rules = spec.nodes.loc[table.columns, "missing"]
    strict = holes & rules.eq("refuse").to_numpy()
    refuse("panel", [f"{cell.removesuffix(' = nan')}: no value: fill it in, or declare a rule as in "
                     "spec.vary(missing=\"none\")" for cell in panels.cells(table, strict)])
    used = set(rules[holes.any(axis=0)]) - {"none", "refuse"}
    if used & {"group_mean", "group_median"} and groups is None:
        refuse("missing data", [f"rule '{rule}' needs the {spec.method['group']} of every unit: give "
                                "compute(…, groups=places.set_index('city')['region'])" for rule in sorted(used)])
    if used & {"group_mean", "group_median"}:
        lost = table.index.get_level_values("unit")[holes.any(axis=1)].difference(groups.dropna().index)
        refuse("missing data", [f"'{unit}' has missing cells and no {spec.method['group']}: add it to groups"
                                for unit in lost])
    filled = table.to_numpy().copy()
    for rule in sorted(used):
        columns = rules.eq(rule).to_numpy().nonzero()[0]
        part = table.iloc[:, columns]
        guess = FILLERS[rule](part, groups)
        filled[:, columns] = np.where(holes[:, columns], guess, part.to_numpy())
    return pd.DataFrame(filled, index=table.index, columns=table.columns, copy=False), holes & ~np.isnan(filled)


def over_units(statistic):
    """A filler that takes `statistic` over the units of each year."""
    def filler(table, groups):
        values = panels.cube(table)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)          # a year without any value stays missing
            guess = statistic(values, axis=1, keepdims=True)
        return np.broadcast_to(guess, values.shape).reshape(table.shape)
    return filler


def over_groups(statistic):
    """A filler that takes `statistic` over the units of the same group and year; units without group stay missing."""
    def filler(table, groups):
        group = table.index.get_level_values("unit").map(groups)
        return table.groupby([table.index.get_level_values("year"), group]).transform(statistic).to_numpy()
    return filler


def last(table, groups=None):
    """The latest earlier value of the unit."""
    values = panels.cube(table).copy()
    for year in range(1, len(values)):
        values[year] = np.where(np.isnan(values[year]), values[year - 1], values[year])
    return values.reshape(table.shape)


def linear(table, groups=None):
    """On the straight line in time between the values before and after; nothing beyond the first and last."""
    values, years = panels.cube(table), panels.years_of(table).astype(float)
    times = np.where(np.isnan(values), np.nan, years[:, None, None])

    def carried(array):
        return last(pd.DataFrame(array.reshape(table.shape), index=table.index)).reshape(values.shape)

    before, after = carried(values), carried(values[::-1])[::-1]
    start, end = carried(times), carried(times[::-1])[::-1]
    gap = np.where(end > start, end - start, np.nan)
    return (before + (after - before) * (years[:, None, None] - start) / gap).reshape(table.shape)


FILLERS = {"mean": over_units(np.nanmean), "median": over_units(np.nanmedian), "group_mean": over_groups("mean"),
           "group_median": over_groups("median"), "last": last, "linear": linear}
