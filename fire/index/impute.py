"""Before scoring: divide by denominators, screen units by coverage, fill missing cells by the declared rule."""

from difflib import get_close_matches

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import panel as panels


def denominate(table: pd.DataFrame, codes: np.ndarray, spec) -> tuple[pd.DataFrame, np.ndarray]:
    """Divide indicators by their denominators (columns of the same wide table) and multiply by their factors.

    Returns the indicators alone and their status codes; a ratio is as soft as the softer of its two parts.
    Raises InputError for denominators at or below zero.
    """
    place = {name: position for position, name in enumerate(table.columns)}
    rules, width = {name: spec.rules[name] for name in spec.indicators}, len(spec.indicators)
    changed = [name for name, rule in rules.items() if rule["denominator"] or rule["factor"] != 1]
    if not changed and len(table.columns) == width:
        return table, codes
    below = table[spec.denominators].le(0).to_numpy()
    refuse(
        "denominators",
        [
            f"{cell}: a denominator must be above zero"
            for cell in panels.cells(table[spec.denominators], below)
        ],
    )
    whole = table.to_numpy()
    values, codes = whole.copy(), codes.copy()
    for name in changed:
        over, by, factor = place[name], rules[name]["denominator"], rules[name]["factor"]
        if by is None:
            values[:, over] *= factor
            continue
        values[:, over] = whole[:, over] / (whole[:, place[by]] / factor)
        missing = np.isnan(values[:, over])
        codes[:, over] = np.where(missing, panels.NONE, np.maximum(codes[:, over], codes[:, place[by]]))
    return pd.DataFrame(values[:, :width], index=table.index, columns=spec.indicators), codes[:, :width]


def screened(table: pd.DataFrame, spec, exempt: np.ndarray | None = None) -> np.ndarray:
    """Rows (unit-years) with some data, but in less than the share `screen` of the indicators that exist for them, or
    with so many zeros that less than the share `screen_zeros` of what is there is another number (COINr, Screen)."""
    values = table.to_numpy()
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    all_of = values.shape[1] if exempt is None else np.maximum((~exempt).sum(axis=1), 1)
    other = (there & (values != 0)).sum(axis=1) / np.maximum(count, 1)
    few = (count / all_of < spec.method["screen"] - 1e-12) | (other < spec.method["screen_zeros"] - 1e-12)
    return (count > 0) & few


def fill(
    table: pd.DataFrame,
    spec,
    groups: pd.Series | None = None,
    exempt: np.ndarray | None = None,
    empty: bool = False,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Fill missing cells by the rule of each column; returns the table and where it was filled.

    Unit-years without any data stay empty (unless `empty`), and so do cells that are `exempt`. `groups` (index unit) is
    needed for group_mean and group_median.
    Raises InputError that names every missing cell when the rule is "refuse".
    """
    missing = table.isna().to_numpy()
    rows = np.ones(len(table), dtype=bool) if empty else ~missing.all(axis=1)
    holes = missing & rows[:, None]
    holes = holes if exempt is None else holes & ~exempt
    if not holes.any():
        return table, holes
    rules = spec.nodes.loc[table.columns, "missing"]
    strict = holes & rules.eq("refuse").to_numpy()
    refuse(
        "panel",
        [
            f"{cell.removesuffix(' = nan')}: no value: fill it in, or declare a rule as in "
            'spec.vary(missing="none")'
            for cell in panels.cells(table, strict)
        ],
    )
    used = set(rules[holes.any(axis=0)]) - {"none", "refuse"}
    if used & {"group_mean", "group_median"} and groups is None:
        refuse(
            "missing data",
            [
                f"rule '{rule}' needs the {spec.method['group']} of every unit: give "
                "compute(…, groups=places.set_index('city')['region'])"
                for rule in sorted(used)
            ],
        )
    if groups is not None and used & {"group_mean", "group_median"}:
        lost = table.index.get_level_values("unit")[holes.any(axis=1)].difference(groups.dropna().index)
        refuse(
            "missing data",
            [f"'{unit}' has missing cells and no {spec.method['group']}: add it to groups" for unit in lost],
        )
    filled = table.to_numpy().copy()
    for rule in sorted(used):
        columns = rules.eq(rule).to_numpy().nonzero()[0]
        part = table.iloc[:, columns]
        guess = FILLERS[rule](part, groups)
        filled[:, columns] = np.where(holes[:, columns], guess, part.to_numpy())
    return pd.DataFrame(filled, index=table.index, columns=table.columns, copy=False), holes & ~np.isnan(
        filled
    )


def nonexistent(spec, index: pd.MultiIndex, groups: pd.Series | None) -> np.ndarray | None:
    """Where a node (rows × nodes) does not exist for the group of a unit: by its own choice, as part of one that does
    not, or as all of its children do not; None where every node is for all.

    Raises InputError where the groups of the units are not known, or none of them has the name.
    """
    rules = {node: rule["not_applicable"] for node, rule in spec.rules.items() if rule["not_applicable"]}
    if not rules:
        return None
    fix = f"give the {spec.method['group']} of every unit, as groups"
    faults = [
        f"{node}: does not exist for {', '.join(map(str, gone))}: {fix}" for node, gone in rules.items()
    ]
    refuse("groups", faults * (groups is None))
    known_groups([name for gone in rules.values() for name in gone], groups)
    own = pd.Series(index.get_level_values("unit")).map(groups)
    out = np.zeros((len(index), len(spec.place)), dtype=bool)
    for node, gone in rules.items():
        out[np.ix_(own.isin(gone).to_numpy(), [spec.place[below] for below in spec.walk(node)])] = True
    for node, children in reversed(spec.families.items()):
        out[:, spec.place[node]] |= out[:, [spec.place[child] for child in children]].all(axis=1)
    return out


def inapplicable(spec, index: pd.MultiIndex, groups: pd.Series | None) -> np.ndarray | None:
    """Cells (rows × indicators) of indicators that do not exist for the group of a unit (`nonexistent`)."""
    none = nonexistent(spec, index, groups)
    return None if none is None else none[:, [spec.place[leaf] for leaf in spec.indicators]]


def known_groups(names, groups: pd.Series | None) -> None:
    """InputError for names of groups that no unit has and that look like one that is not named: a slip. Others may be
    without units."""
    have = set() if groups is None else set(groups.dropna())
    near = {name: get_close_matches(name, sorted(have - set(names)), n=1) for name in set(names) - have}
    lost = {name: found[0] for name, found in sorted(near.items()) if found}
    refuse("groups", [f"no unit is of '{name}': did you mean '{other}'?" for name, other in lost.items()])


def fill_node(y: np.ndarray, node: str, spec, index: pd.MultiIndex, groups, live: np.ndarray) -> np.ndarray:
    """Scores of an inner node, missing ones filled by the rule of the node in the rows with data (`live`), but not those
    of groups for which the node does not exist."""
    gone, exempt = spec.rules[node]["not_applicable"] or [], ~live
    if gone:
        exempt = exempt | pd.Series(index.get_level_values("unit")).map(groups).isin(gone).to_numpy()
    filled, _ = fill(pd.DataFrame({node: y}, index=index), spec, groups, exempt[:, None], empty=True)
    return filled[node].to_numpy()


def _typical(statistic: str, inside: bool = False):
    """A filler that takes `statistic` over the units of the same year, `inside`: of the same group and year."""

    def filler(table, groups):
        year, unit = (table.index.get_level_values(name) for name in ("year", "unit"))
        return table.groupby([year, unit.map(groups)] if inside else year).transform(statistic).to_numpy()

    return filler


def last(table, groups):
    """The latest earlier value of the unit."""
    return table.groupby(level="unit").ffill().to_numpy()


def linear(table, groups):
    """On the straight line in time between the values before and after; nothing beyond the first and last."""
    lines = table.unstack("unit").interpolate(method="index", limit_area="inside")
    return lines.stack("unit", future_stack=True).reindex(table.index)[table.columns].to_numpy()


FILLERS = {
    "mean": _typical("mean"),
    "median": _typical("median"),
    "group_mean": _typical("mean", inside=True),
    "group_median": _typical("median", inside=True),
    "last": last,
    "linear": linear,
}
