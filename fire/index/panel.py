"""The panel: raw values in tidy form, one row a cell, each with its status.

Long outside, wide inside: `wide` gives the engine a table of indicators by (year, unit), matched by key. The order of
rows never matters.
"""

import difflib
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.errors import Finding, InputError, nearest, refuse
from fire.index import arguments

# From hardest to softest. "implied": printed digits leave less than half a last digit; "drawn": late, and imputed several
# times over (multiple imputation).
STATUSES = ["printed", "observed", "implied", "estimated", "imputed", "drawn", "assumed", "simulated"]
SOFT = ("drawn", "assumed", "simulated")  # nobody observed, printed or inferred these: shown as ranges only
TYPED = [name for name in STATUSES if name != "drawn"]  # late cells are drawn by the program
KEY = arguments.KEY
COLUMNS = [*KEY, "value", "status", "source"]
NONE = -1  # status code of a missing cell
SHOWN = 200  # faults listed before "… more"
ENDS = r"^(\d{4})-(?:01-01|12-31)(?: 00:00:00)?$"  # a year as a date, as Stata keeps it


def read(path: Path | str, spec=None, sheet: str | None = None, whole: bool = True) -> pd.DataFrame:
    """Read a panel from any table file (`files.read_table`) or a sheet of a workbook: the columns `unit, year, indicator,
    value, status, source`; or, with `spec`, `unit, year` and one column for each of its indicators. A panel that draws
    are to complete is not `whole`: it may lack indicators.

    Raises InputError that names file, sheet, row and column of every fault: cells that are no numbers, empty keys,
    doubled keys, unknown statuses.
    """
    cells, faults = read_cells(path, spec, sheet)
    refuse(f"{path}", faults)
    return cells[COLUMNS] if spec is None or not whole else validate(cells[COLUMNS], spec, f"{path}")


def read_cells(path: Path | str, spec=None, sheet: str | None = None) -> tuple[pd.DataFrame, list[Finding]]:
    """The sound rows of a panel, not yet held against the indicators of `spec`, with the place of every value (file,
    sheet, row, column); and the faults of the others.

    Raises InputError for a file that is no table and for missing columns.
    """
    no_path = "the first argument is no path: a table that is read goes through from_wide(table, spec)"
    wrong_kinds = [] if spec is None else arguments.of_spec(spec)
    refuse("panel", wrong_kinds + [no_path] * (not isinstance(path, str | Path)))
    table, what = files.read_table(path, sheet)
    spot = partial(files.spot, table)
    broad = spec is not None and "indicator" not in table
    numbers = ["year", *spec.series] if broad else ["year", "value"]
    need = ["unit", *numbers] if broad else COLUMNS
    refuse(what, files.lacking(table, need))
    table["year"] = table["year"].str.replace(ENDS, r"\1", regex=True)
    faults: list[Finding] = []
    wrong: list[Finding] = []
    for name in numbers:
        table[name], found = files.to_number(table[name])
        wrong += found
    unread = {(one.place["row"], one.place["column"]) for one in wrong}
    keys = [name for name in KEY if name in need]
    for name in keys:
        places = (spot(row, name) for row in _bad_rows(table[name].isna()))
        faults += [Finding("tables.empty", **at) for at in places if (at["row"], name) not in unread]
    faults += [
        Finding("tables.year", **spot(row, "year"), value=f"{table['year'][row]:g}")
        for row in _bad_rows(table["year"].notna() & table["year"].mod(1).ne(0))
    ]
    for row in _bad_rows(table.duplicated(keys) & table[keys].notna().all(axis=1)):
        cells = table.loc[row, keys].items()
        named = ", ".join(f"{part:g}" if name == "year" else part for name, part in cells)
        faults.append(Finding("tables.twice", **spot(row), value=named))
    if "status" in table:
        unknown = table[numbers[1:]].notna().any(axis=1) & ~table["status"].isin(STATUSES)
        for row, said in zip(_bad_rows(unknown), table["status"][unknown]):
            place = spot(row, "status")
            faults.append(
                Finding("tables.empty", **place)
                if pd.isna(said)
                else Finding("tables.unknown", **place, value=said, **nearest(said, TYPED))
            )
    faults = wrong + faults
    at, place = files.rows(table), {name: table.attrs[name] for name in ("file", "sheet")}
    sound = ~np.isin(at, [one.place["row"] for one in faults])
    table = table[sound].reset_index(drop=True)
    panel = from_wide(table, spec, source=Path(path).name) if broad else table[COLUMNS].astype({"year": int})
    rows = np.resize(at[sound], len(panel))  # a wide table comes column by column
    return panel.assign(**place, row=rows, column=panel["indicator"] if broad else "value"), faults


def _bad_rows(bad: pd.Series) -> np.ndarray:
    return bad.to_numpy().nonzero()[0]


def validate(panel: pd.DataFrame, spec=None, what: str = "panel") -> pd.DataFrame:
    """Return the panel, or refuse it with all its faults: missing columns, doubled keys, unknown statuses, infinite
    values, indicators of `spec` without any row or written in two ways."""
    refuse(what, (arguments.of_spec(spec, panel) if spec is not None else []) or arguments.of_panel(panel))
    ids = list(pd.unique(panel["indicator"])) if spec is None else spec.series
    wide(panel, ids, what)
    return panel


def wide(panel: pd.DataFrame, ids: list[str], what: str = "panel") -> tuple[pd.DataFrame, np.ndarray]:
    """Values (rows: every year with every unit, sorted; columns: `ids`; missing is NaN) and their status codes (int8,
    positions in STATUSES, -1 for a missing cell).

    The panel may hold other indicators too; one that differs from one of `ids` in case, width or blanks only is refused.
    Raises InputError as `validate` does.
    """
    refuse(what, arguments.of_panel(panel, ids))
    (year, years), (unit, units) = (_coded(panel[name], sort=True) for name in ("year", "unit"))
    codes, found = _coded(panel["indicator"])
    places, shape = (year, unit, _placed(codes, found, ids)), (len(years), len(units), len(ids))
    others = [name for name in found if name not in set(ids)]
    values = _numbers(panel, what)
    status = (
        _placed(*_coded(panel["status"]), STATUSES)
        if "status" in panel
        else np.zeros(len(panel), dtype=np.int8)
    )
    faults, rows, flat = _key_faults(panel) + _absent(places[2], values, ids, others), None, None
    if not _in_order(places, shape):
        rows = np.flatnonzero((places[0] >= 0) & (places[1] >= 0) & (places[2] >= 0))
        flat = np.ravel_multi_index([place[rows] for place in places], shape)
        values, status = values[rows], status[rows]
    faults += _cell_faults(panel, flat, values, status, rows, np.prod(shape))
    refuse(what, _shortened(faults))
    if flat is None:
        cells, codes = values.copy(), status.copy()
    else:
        cells, codes = np.full(np.prod(shape), np.nan), np.full(np.prod(shape), NONE, dtype=np.int8)
        cells[flat], codes[flat] = values, status
    codes[np.isnan(cells)] = NONE
    index = pd.MultiIndex.from_product([years, units], names=["year", "unit"])
    codes = codes.reshape(-1, len(ids))
    return pd.DataFrame(cells.reshape(codes.shape), index=index, columns=ids, copy=False), codes


def _numbers(panel: pd.DataFrame, what: str) -> np.ndarray:
    """The values; refused when some are dates or text that is no number."""
    if isinstance(kind := panel["value"].dtype, np.dtype) and kind.kind in "mMc":
        refuse(what, [f"'value' holds {kind}: give numbers"])
    try:
        return panel["value"].to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        bad = panel["value"].notna() & pd.to_numeric(panel["value"], errors="coerce").isna()
        refuse(
            what,
            [
                f"{', '.join(map(str, panel[KEY].iloc[row]))}: '{panel['value'].iloc[row]}' is not a number: "
                "correct it, or leave the cell empty"
                for row in _bad_rows(bad)[:SHOWN]
            ],
        )
        return pd.to_numeric(panel["value"], errors="coerce").to_numpy(dtype=float)


def _in_order(places: tuple, shape: tuple) -> bool:
    """Is the panel the whole grid already, sorted by year, unit and indicator?"""
    return len(places[0]) == np.prod(shape) and all(
        (place.reshape(shape) == np.arange(size).reshape(grid)).all()
        for place, size, grid in zip(places, shape, ((-1, 1, 1), (-1, 1), (-1,)))
    )


def _coded(column: pd.Series, sort: bool = False) -> tuple[np.ndarray, pd.Index]:
    """Codes and labels of a key; those of a category are taken as they are when all its labels occur (in order)."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, labels = column.array.codes, column.array.categories
        used = np.zeros(len(labels) + 1, dtype=bool)
        used[codes] = True  # a missing key (-1) marks the place after the last label
        if used[:-1].all() and (labels.is_monotonic_increasing or not sort):
            return codes, labels
    try:
        return pd.factorize(column, sort=sort)
    except TypeError:  # lists, dictionaries, or kinds that have no order
        raise InputError("panel", [f"'{column.name}' holds what is no name: give texts or numbers"]) from None


def positions(column: pd.Series, names) -> np.ndarray:
    """Position in `names` of each cell of a key, -1 where it is none of them."""
    return _placed(*_coded(column), names)


def _placed(codes: np.ndarray, found: pd.Index, names: list[str]) -> np.ndarray:
    """Position in `names` of each cell (coded by its place in `found`), -1 where it is none of them."""
    small = np.int8 if len(names) < 127 else np.int32
    return np.append(pd.Index(names).get_indexer(pd.Index(found)), -1).astype(small)[codes]


def _key_faults(panel: pd.DataFrame) -> list[str]:
    faults = [
        f"row {row + 1}: '{name}' is empty: fill it in"
        for name in KEY
        for row in _bad_rows(panel[name].isna())
    ]
    if pd.api.types.is_datetime64_any_dtype(panel["year"]):
        faults.append("'year' holds dates: take their years, as in panel.assign(year=panel['year'].dt.year)")
    elif not pd.api.types.is_integer_dtype(panel["year"]):
        faults.append("'year' holds no whole numbers: convert it, as in panel.astype({'year': int})")
    return faults


def _absent(column: np.ndarray, values: np.ndarray, ids: list[str], others: list) -> list[str]:
    """Indicators without any value, and those among the `others` that are written like one of `ids`."""
    there = np.zeros(len(ids) + 1, dtype=bool)
    there[column[~np.isnan(values)]] = True
    faults = []
    for name, found in zip(ids, there[:-1]):
        if not found:
            faults.append(
                f"indicator '{name}' has no value in any row: {_meant(name, others)}add its data, or take it out "
                f"with spec.drop('{name}')"
            )
    present = {name for name, found in zip(ids, there[:-1]) if found}
    twice = [(other, arguments.lookalike(other, present)) for other in others]
    return faults + [
        f"indicator '{other}' differs from '{name}' in case, width or blanks only: rename it, or take its rows out"
        for other, name in twice
        if name is not None
    ]


def _meant(name, others: list) -> str:
    """The beginning of an advice: which one of the `others` may be meant by a name that is not there."""
    alike = arguments.lookalike(name, others)
    near = difflib.get_close_matches(f"{name}", map(str, others), 1, 0.75) if alike is None else [alike]
    return "".join(f"rename '{one}' if that is it, or " for one in near)


def _cell_faults(panel, flat, values, status, rows, size) -> list[str]:
    """Doubled keys, infinite values, unknown statuses; `rows` are positions of the cells in the panel (None: all, in
    order), `flat` their places among the `size` places of the grid."""

    def key(cell):
        unit, year, indicator = panel[KEY].iloc[cell if rows is None else rows[cell]]
        return f"{unit}, {year}, {indicator}"

    doubled = np.array([], dtype=int)
    if flat is not None:
        seen = np.zeros(size, dtype=bool)
        seen[flat] = True
        if np.count_nonzero(seen) < len(flat):
            doubled = np.flatnonzero(pd.Series(flat).duplicated())
    faults = [f"{key(cell)}: more than one row: keep one" for cell in doubled]
    faults += [
        f"{key(cell)}: infinite value: correct it, or leave the cell empty"
        for cell in np.isinf(values).nonzero()[0]
    ]
    unknown = (status < 0) & ~np.isnan(values)
    return faults + [
        f"{key(cell)}: status '{panel['status'].iloc[cell if rows is None else rows[cell]]}' is unknown: "
        f"type one of {', '.join(STATUSES)}"
        for cell in unknown.nonzero()[0]
    ]


def from_wide(
    table: pd.DataFrame,
    spec,
    unit: str = "unit",
    year: str | None = "year",
    status: str = "observed",
    source: str = "",
) -> pd.DataFrame:
    """A panel from a wide table: a row a unit (and year, when the table has that column; else the year is 1), a column
    an indicator or denominator of `spec`; columns `status` and `source`, when there, hold for their row.

    Units become text. `unit` and `year` may be levels of the index instead; other row labels do not matter. A year may be a date at the end
    or the beginning of it (as `pd.read_stata` gives them), a unit a category; missing values of Stata are missing.
    Raises InputError with every fault: missing, doubled and misspelt columns; cells that are no numbers; years that are no
    whole numbers; empty keys; a unit with two rows in a year.
    """
    refuse("table", _no_table(table, spec))
    inside = [name for name in (unit, year) if name in table.index.names and name not in (None, *table)]
    table = (table.reset_index(inside) if inside else table).reset_index(drop=True)
    ids = spec.series
    refuse("table", _column_faults(table, ids, unit, year))
    values, faults = to_numbers(table[ids])
    dated = year is not None and year in table
    years, wrong = _years(table[year]) if dated else (pd.Series(1, table.index), [])
    units = arguments.text(table[unit].astype(object).where(table[unit].notna() & table[unit].ne("")))
    faults += wrong + [f"row {row + 1}: '{unit}' is empty: fill it in" for row in _bad_rows(units.isna())]
    twice = pd.DataFrame({"unit": units, "year": years}).duplicated() & units.notna() & years.notna()
    for row in _bad_rows(twice & (not faults)):
        where = (
            f", {years[row]:g}: keep one" if dated else f", and there is no column '{year or 'year'}': add it"
        )
        faults.append(f"row {row + 1}: there is a row before it for {units[row]}{where}")
    refuse("table", _shortened(faults))
    about = {"status": status, "source": source}
    keyed = pd.DataFrame({"unit": units.infer_objects(), "year": years.astype(int)}).assign(
        **{name: table[name] if name in table and name not in ids else usual for name, usual in about.items()}
    )
    long = keyed.iloc[np.tile(np.arange(len(table)), len(ids))].reset_index(drop=True)
    long["indicator"] = pd.Index(ids).repeat(len(table))
    long["value"] = values.to_numpy(float).ravel(order="F")
    return long[COLUMNS]


def _no_table(table, spec) -> list[str]:
    """Why this is no wide table, or no specification."""
    if arguments.is_spec(table):
        return ["the table comes first, then the specification: swap the two arguments"]
    faults = arguments.of_spec(spec)
    if isinstance(table, str | Path):
        return [*faults, f"'{table}' names a file: read it first, as in pd.read_stata({f'{table}'!r})"]
    if not isinstance(table, pd.DataFrame):
        return [*faults, f"the table is a {type(table).__name__}: give a DataFrame: pd.DataFrame(table)"]
    if table.columns.nlevels > 1:
        return [*faults, "the columns have several levels: give one name to each"]
    if not faults and {"indicator", "value"} <= {*table} - {*spec.series}:
        faults.append("the table has the columns indicator and value: it is a panel already, use it as it is")
    return faults


def _column_faults(table: pd.DataFrame, ids: list[str], unit: str, year: str | None) -> list[str]:
    """Columns that are missing, with the one that may be meant, and doubled ones."""
    names, others = list(table), [name for name in table if name not in (*ids, unit, year)]
    faults = [
        f"column '{name}' is missing: {_meant(name, others)}add it" for name in ids if name not in names
    ]
    if unit not in names:
        faults.append(
            f"column '{unit}' is missing: {_meant(unit, others)}name the one that holds the units: unit='…'"
        )
    alike = arguments.lookalike(year, others) if year is not None and year not in names else None
    if alike is not None:
        faults.append(f"column '{year}' is missing: name the one that holds the years: year='{alike}'")
    twice = [name for name in dict.fromkeys([unit, year, *ids]) if names.count(name) > 1]
    return faults + [f"column '{name}' is there more than once: keep one" for name in twice]


def _years(column: pd.Series) -> tuple[pd.Series, list[str]]:
    """The years of a column as numbers, and what is wrong with them."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(column):
        ends = column.dt.strftime("%m%d").isin(["0101", "1231"])
        years, wrong, words = column.dt.year, column.notna() & ~ends, "is a date within a year: give the year"
        faults = []
    else:
        numbers, faults = to_numbers(column.to_frame())
        years = numbers.iloc[:, 0].astype(float)
        wrong, words = years.notna() & years.mod(1).ne(0), "is not a whole year: correct it"
    name = column.name
    faults += [f"row {row + 1}, column '{name}': '{column[row]}' {words}" for row in _bad_rows(wrong)]
    return years, faults + [
        f"row {row + 1}: '{name}' is empty: fill it in" for row in _bad_rows(column.isna())
    ]


def to_numbers(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table as numbers (missing where a cell is none), and one sentence for each cell that is no number."""
    from pandas.io.stata import StataMissingValue

    plain = table.apply(
        lambda column: (
            column.mask(column.map(lambda cell: isinstance(cell, StataMissingValue)))
            if column.dtype == object
            else column.astype(object)
            if column.dtype.kind in "mM" or isinstance(column.dtype, pd.CategoricalDtype)
            else column
        )
    )
    values = plain.apply(pd.to_numeric, errors="coerce")
    bad = values.isna() & plain.notna()
    labels = [isinstance(kind, pd.CategoricalDtype) for kind in table.dtypes]
    advice = "correct it, or leave the cell empty"
    codes = "if it is a value label, read the numbers: pd.read_stata(file, convert_categoricals=False)"
    return values, [
        f"row {row + 1}, column '{table.columns[column]}': '{table.iat[row, column]}' is not a number: "
        f"{codes if labels[column] else advice}"
        for row, column in np.argwhere(bad.to_numpy())
    ]


def _shortened(faults: list[str]) -> list[str]:
    """The first of many faults, and how many more there are."""
    return faults[:SHOWN] + ([f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else [])


def years_of(table: pd.DataFrame) -> np.ndarray:
    """The years of a wide table, ascending."""
    return table.index.get_level_values("year").unique().to_numpy()


def cube(table: pd.DataFrame) -> np.ndarray:
    """The values of a wide table as an array of years × units × columns (a view)."""
    values = table.to_numpy()
    return values.reshape(len(years_of(table)), -1, values.shape[1])


def cells(table: pd.DataFrame, bad: np.ndarray) -> list[str]:
    """Names of the cells of a wide table where `bad` (same shape) is true: "北京, 2021, gdp = -1"."""
    values = table.to_numpy()
    named = [
        f"{table.index[row][1]}, {table.index[row][0]}, {table.columns[column]} = {values[row, column]:g}"
        for row, column in np.argwhere(bad)[:SHOWN]
    ]
    return named + ([f"and {bad.sum() - SHOWN} more"] if bad.sum() > SHOWN else [])
