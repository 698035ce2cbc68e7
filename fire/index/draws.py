"""Several draws of what is not known: multiple imputation instead of one invented value.

A frame of draws holds `unit, year, indicator` and one column a draw (raw values); it may hold the `status` of its cells
("simulated" unless said otherwise; SEVERAL for late cells, `fire.intake.late`) and their `source`. Each draw completes the
panel; the spread of a result over the completed panels is the part of its uncertainty that comes from not knowing these
cells (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 3). A value in the panel goes before its draws.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fire.errors import Finding, InputError, refuse
from fire.index import transforms
from fire.index.panel import KEY, STATUSES

STATUS, SEVERAL = "simulated", "drawn"
ABOUT = ("status", "source")  # of the cells, beside the draws
LEAST = 2  # draws


def read(path: Path | str) -> pd.DataFrame:
    """Read draws from a Parquet file: the columns unit, year, indicator and one for each draw.

    Raises InputError that names missing columns, too few draws, doubled cells and cells without a number.
    """
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # of Arrow: not there, cut short, no Parquet
        raise InputError(f"{path}", [Finding("grids.damaged", path, what=type(error).__name__)]) from None
    refuse(Path(path).name, _faults(table))
    return table.astype({"year": int})


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
    values = table[numbers].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = ~np.isfinite(values).all(axis=1)
    return faults + [
        f"{unit}, {year}, {name}: a draw is no number"
        for unit, year, name in table.loc[bad, KEY].to_numpy()[:20]
    ]


def columns(draws: pd.DataFrame) -> list[str]:
    """The names of the draws."""
    return [name for name in draws if name not in (*KEY, *ABOUT)]


def still_open(draws: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame | None:
    """The draws of cells that the panel has no value for, of its units and years; None when there are none."""
    known = pd.MultiIndex.from_frame(panel.loc[panel["value"].notna(), KEY])
    here = draws["unit"].isin(set(panel["unit"])) & draws["year"].isin(set(panel["year"]))
    kept = draws[here & ~pd.MultiIndex.from_frame(draws[KEY]).isin(known)].reset_index(drop=True)
    return kept if len(kept) else None


def completed(panel: pd.DataFrame, draws: pd.DataFrame, spec) -> pd.DataFrame:
    """The panel with the mean of the draws in every open cell, with the status and source of its draws: the mean on the
    scale of the indicator's transform, so that its score is the mean of the scores."""
    numbers = draws[columns(draws)].to_numpy(float)
    centre = numbers.mean(axis=1)
    for name, rows in draws.groupby("indicator", observed=True).indices.items():
        kind = transforms.kind_of(spec.rules[name]) if name in spec.indicators else "identity"
        if transforms.invertible(kind):
            centre[rows] = transforms.back(transforms.forward(numbers[rows], kind).mean(axis=1), kind)
    cells = draws[KEY].assign(value=centre, **{name: _about(draws, name) for name in ABOUT})
    return pd.concat([panel.dropna(subset="value"), cells], ignore_index=True)


def _about(draws: pd.DataFrame, name: str) -> pd.Series | str:
    """Status or source of drawn cells; what is usual where it is not said."""
    usual = {"status": STATUS, "source": "draws"}[name]
    return draws[name].fillna(usual) if name in draws else usual


def softest(draws: pd.DataFrame | None) -> str:
    """The status of what moves between the draws."""
    return STATUS if draws is None else max(np.unique(_about(draws, "status")), key=STATUSES.index)


def filled(raw: pd.DataFrame, draws: pd.DataFrame) -> list[pd.DataFrame]:
    """The wide table under each draw."""
    rows = raw.index.get_indexer(pd.MultiIndex.from_frame(draws[["year", "unit"]]))
    places = raw.columns.get_indexer(draws["indicator"])
    used = places >= 0
    tables, values = [], raw.to_numpy()
    for name in columns(draws):
        table = values.copy()
        table[rows[used], places[used]] = draws[name].to_numpy(float)[used]
        tables.append(pd.DataFrame(table, index=raw.index, columns=raw.columns, copy=False))
    return tables


def mean_posts(indices) -> pd.DataFrame:
    """The mean of the posts under each draw (columns low, high, mean, sd, on the transformed scale)."""
    posts = [one.posts for one in indices]
    return pd.DataFrame(
        np.mean([one.to_numpy(float) for one in posts], axis=0),
        index=posts[0].index,
        columns=posts[0].columns,
    )
