"""Several draws of what is not known: multiple imputation instead of one invented value.

A frame of draws holds `unit, year, indicator` and one column a draw (raw values); it may hold the `status` of its cells
("simulated" unless said otherwise; SEVERAL for late cells, `fire.intake.late`) and their `source`. Each draw completes the
panel; the spread of a result over the completed panels is the part of its uncertainty that comes from not knowing these
cells (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 3). A value in the panel goes before its draws.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from pathlib import Path

import numpy as np
import pandas as pd

from fire.errors import Finding, InputError, refuse
from fire.index import transforms
from fire.index.panel import KEY, STATUSES, positions

STATUS, SEVERAL = "simulated", "drawn"
ABOUT = ("status", "source")  # of the cells, beside the draws
LEAST = 2  # draws
KEPT = 2**24  # cells × draws up to which completed indices are kept once computed: about a gigabyte
LOW, HIGH = 0.05, 0.95  # ends of a range over the draws
WHOLE = ("rank", "rank_change")  # measures whose ranges end at whole numbers, the outer ones
BLOCK = 2**16  # cells whose ends are taken at a time


def read(path: Path | str) -> pd.DataFrame:
    """Read draws from a Parquet file: the columns unit, year, indicator and one for each draw.

    Raises InputError that names missing columns, too few draws, doubled cells and cells without a number.
    """
    try:  # a block for each column: nothing is copied, and a draw can be taken by itself
        table = pd.read_parquet(path, to_pandas_kwargs={"split_blocks": True, "self_destruct": True})
    except (OSError, ValueError) as error:  # of Arrow: not there, cut short, no Parquet
        raise InputError(f"{path}", [Finding("grids.damaged", path, what=type(error).__name__)]) from None
    refuse(Path(path).name, _faults(table))
    return table.assign(year=table["year"].astype(int))


def _faults(table: pd.DataFrame) -> list[str]:
    gaps = [f"column '{name}' is missing: add it" for name in KEY if name not in table]
    numbers = columns(table)
    if len(numbers) < LEAST:
        gaps.append(f"{len(numbers)} draws: give {LEAST} or more, a column each")
    if gaps:
        return gaps
    doubled = table[table.duplicated(KEY)]
    faults = [
        f"{unit}, {year}, {name}: twice: keep one of the rows" for unit, year, name in doubled[KEY].to_numpy()
    ]
    if "status" in table:
        faults += [
            f"status '{name}' is unknown: type one of {', '.join(STATUSES)}"
            for name in table["status"].dropna().unique()
            if name not in STATUSES
        ]
    bad = np.zeros(len(table), dtype=bool)
    for name in numbers:
        column = table[name] if table[name].dtype.kind == "f" else pd.to_numeric(table[name], errors="coerce")
        bad |= ~np.isfinite(column.to_numpy(float))
    return faults + [
        f"{unit}, {year}, {name}: a draw is no number"
        for unit, year, name in table.loc[bad, KEY].to_numpy()[:20]
    ]


def columns(draws: pd.DataFrame) -> list[str]:
    """The names of the draws."""
    return [name for name in draws if name not in (*KEY, *ABOUT)]


def still_open(draws: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame | None:
    """The draws of cells that the panel has no value for, of its units and years; None when there are none."""
    names = [pd.Index(frame[name].unique()) for frame, name in zip((panel, panel, draws), KEY)]
    shape, known = [len(one) for one in names], panel["value"].notna().to_numpy()
    there = np.zeros(shape, dtype=bool)
    where = [positions(panel[name], own)[known] for name, own in zip(KEY, names)]
    held = where[2] >= 0
    there[tuple(one[held] for one in where)] = True
    where = [positions(draws[name], own) for name, own in zip(KEY, names)]
    kept = (where[0] >= 0) & (where[1] >= 0) & ~there[tuple(where)]
    if kept.all():
        return draws.reset_index(drop=True) if len(draws) else None
    return draws[kept].reset_index(drop=True) if kept.any() else None


def completed(panel: pd.DataFrame, draws: pd.DataFrame, spec) -> pd.DataFrame:
    """The panel with the mean of the draws in every open cell, with the status and source of its draws: the mean on the
    scale of the indicator's transform, so that its score is the mean of the scores."""
    centre, numbers = np.empty(len(draws)), [draws[name].to_numpy() for name in columns(draws)]
    for name, rows in draws.groupby("indicator", observed=True).indices.items():
        values = np.array([column[rows] for column in numbers], dtype=float).T
        kind = transforms.kind_of(spec.rules[name]) if name in spec.indicators else "identity"
        if transforms.invertible(kind):
            scaled = transforms.forward(np.ascontiguousarray(values), kind)
            centre[rows] = transforms.back(scaled.mean(axis=1), kind)
        else:
            centre[rows] = values.mean(axis=1)
    cells = draws[KEY].assign(value=centre, **{name: _about(draws, name) for name in ABOUT})
    return stacked(panel if panel["value"].notna().all() else panel.dropna(subset="value"), cells)


def stacked(panel: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Cells below a panel; columns that are categories in it stay so."""
    panel, cells = panel.copy(deep=False), cells.copy(deep=False)
    for name in cells.columns.intersection(panel.columns):
        if isinstance(panel[name].dtype, pd.CategoricalDtype):
            own = cells[name].astype("category")
            names = panel[name].cat.categories
            names = names.append(own.cat.categories.difference(names))
            panel[name] = panel[name].cat.set_categories(names)
            cells[name] = own.cat.set_categories(names)
    return pd.concat([panel, cells], ignore_index=True)


def _about(draws: pd.DataFrame, name: str) -> pd.Series | str:
    """Status or source of drawn cells; what is usual where it is not said."""
    usual = {"status": STATUS, "source": "draws"}[name]
    return draws[name].fillna(usual) if name in draws else usual


def softest(draws: pd.DataFrame | None) -> str:
    """The status of what moves between the draws."""
    return STATUS if draws is None else max(np.unique(_about(draws, "status")), key=STATUSES.index)


class Completions(Sequence):
    """The index under each draw, made when it is asked for and not kept: memory does not grow with the draws.

    `make`: from a completed wide table to an Index; `raw`: the wide table whose open cells the draws fill.
    """

    def __init__(self, make: Callable, raw: pd.DataFrame, draws: pd.DataFrame):
        self.make, self.raw, self.draws, self.names = make, raw, draws, columns(draws)
        where = [positions(draws[name], own) for name, own in zip(("year", "unit"), raw.index.levels)]
        self.column = positions(draws["indicator"], raw.columns)
        self.used = slice(None) if (self.column >= 0).all() else self.column >= 0
        self.row = where[0][self.used].astype(np.int32) * len(raw.index.levels[1]) + where[1][self.used]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, which):
        if isinstance(which, slice):
            some = copy(self)
            some.names = self.names[which]
            return some
        table = self.raw.to_numpy().copy()
        table[self.row, self.column[self.used]] = self.draws[self.names[which]].to_numpy()[self.used]
        return self.make(pd.DataFrame(table, index=self.raw.index, columns=self.raw.columns, copy=False))


def mean_posts(posts: list[pd.DataFrame]) -> pd.DataFrame:
    """The mean of the posts under each draw (columns low, high, mean, sd, on the transformed scale)."""
    return pd.DataFrame(
        np.mean([one.to_numpy(float) for one in posts], axis=0),
        index=posts[0].index,
        columns=posts[0].columns,
    )


def ranges(each: Iterable[dict[str, np.ndarray]], count: int) -> dict[str, np.ndarray]:
    """`<measure>_low` and `<measure>_high` of every cell: the ends of its range over the draws, missing where it is in all of
    them. `each`: the measures under each of `count` draws, by name, as flat arrays; each is let go before the next."""
    values: dict[str, np.ndarray] = {}
    for number, measures in enumerate(each):
        for name, cells in measures.items():
            if name not in values:  # ranks are whole numbers, which short numbers hold exactly
                values[name] = np.empty((count, len(cells)), np.float32 if name in WHOLE else float)
            values[name][number] = cells
    return {
        f"{name}_{end}": found
        for name in list(values)
        for end, found in zip(("low", "high"), ends(values.pop(name), name in WHOLE))
    }


def ends(values: np.ndarray, whole: bool) -> list[np.ndarray]:
    """The LOW and HIGH quantile of each column (draws × cells), missing where nothing is there; of whole numbers the outer
    ones."""
    ways = zip((LOW, HIGH), ("lower", "higher") if whole else ("linear", "linear"))
    blocks = [values[:, start : start + BLOCK] for start in range(0, values.shape[1], BLOCK)]
    return [np.concatenate([_quantile(block.T, *way) for block in blocks]) for way in ways]


def _quantile(rows: np.ndarray, share: float, method) -> np.ndarray:
    """A quantile of what is there in each row; missing where nothing is."""
    gone, out = np.isnan(rows), np.full(len(rows), np.nan)
    full, some = ~gone.any(axis=1), gone.any(axis=1) & ~gone.all(axis=1)
    out[full] = np.quantile(rows[full], share, axis=1, method=method)
    if some.any():  # by far the slower
        out[some] = np.nanquantile(rows[some], share, axis=1, method=method)
    return out
