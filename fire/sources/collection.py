"""Units and values of every database: the workbook that a team filled in, else observed values or the sample.

    collection.template("banks", "data/raw/banks.xlsx")     # an empty workbook: a sheet of units, one for each index
    collection.of_index(ed, "banks")                        # units and panel of one index

A filled workbook stands in data/raw/<database>.xlsx. Every fault of it is listed at once with sheet, row, column and
fix; nothing is read until all is sound.
"""

import math
import re
import unicodedata
from pathlib import Path

import openpyxl
import pandas as pd
import pycountry
import xlsxwriter

from fire import files
from fire.errors import InputError, refuse
from fire.index import spec
from fire.sources import samples, tables
from fire.sources.samples import UNITS

RAW = files.DATA / "raw"
TEMPLATE = "2022.1"  # raise it whenever a sheet or a column changes
DATABASES = {
    "cities": ["fire-2022"],
    "countries": ["infrastructure"],
    "banks": ["banks"],
    "institutions": ["digital-service-bank", "digital-service-securities", "digital-service-insurance"],
    "firms": ["firm-competitiveness"],
}
FIRST_ROW = 4  # of the values: ids, names and units stand above
EMPTY_WORDS = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团|控股|\b(company|limited|corporation|co|ltd|plc|inc|the)\b"
)
ABOUT_SHEET = {
    "说明": "在 units 表填对象，在其余各表填数值；没有的渠道和缺失值留空，不要填 0。",
    "Note": "Fill in the units, then the values; leave missing values and absent channels empty, not zero.",
}


def of_database(ed, database: str, raw: Path = RAW) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Units (UNITS) and the panel of each index of a database: the team's workbook in `raw`, else the observed
    values of data/annex or the sample of the edition's year. The cities are those of the edition and its panel."""
    known(database)
    if (raw / f"{database}.xlsx").exists():
        return read_workbook(raw / f"{database}.xlsx", database)
    if database == "cities":
        names = {"city": "unit", "city_en": "unit_en", "adcode": "code", "region": "group"}
        places = ed.places().rename(columns=names)
        units = places[places["unit"].isin(ed.index.units)].assign(kind="city").reindex(columns=UNITS)
        return units.reset_index(drop=True), {ed.spec.id: ed.index.panel}
    indices = DATABASES[database]
    units = pd.concat([samples.units(index) for index in indices])
    panels = {index: samples.panel(index, ed.year) for index in indices}
    return units.drop_duplicates("unit", ignore_index=True), panels


def of_index(ed, index: str, raw: Path = RAW) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and panel of one index of the annex; units without a value are left out."""
    database = next((name for name, indices in DATABASES.items() if index in indices), None)
    if database is None:
        raise InputError(
            f"index {index}", [f"in no database: use one of {', '.join(sum(DATABASES.values(), []))}"]
        )
    units, panels = of_database(ed, database, raw)
    panel = panels.get(index, next(iter(panels.values())))
    return units[units["unit"].isin(panel["unit"])].reset_index(drop=True), panel


def template(database: str, path, units: pd.DataFrame | None = None) -> None:
    """Write the workbook of a database: a sheet of units and one sheet of values for each of its indices.

    `units` are filled in (countries: the proposed roster). Raises InputError for an unknown database.
    """
    known(database)
    units = pd.DataFrame(columns=UNITS) if units is None else units[UNITS].astype(object)
    with files.atomic_path(path) as part, xlsxwriter.Workbook(part, {"strings_to_formulas": False}) as book:
        bold, soft = (
            book.add_format({"bold": True, "bg_color": "#d5dade"}),
            book.add_format({"font_color": "#66717d"}),
        )
        about = book.add_worksheet("about")
        about.write_column(0, 0, ["database", "template", *ABOUT_SHEET], bold)
        about.write_column(0, 1, [database, TEMPLATE, *ABOUT_SHEET.values()])
        about.set_column(0, 1, 24)
        sheet = book.add_worksheet("units")
        sheet.write_row(0, 0, UNITS, bold)
        for row, unit in enumerate(units.where(units.notna(), "").to_numpy(), start=1):
            sheet.write_row(row, 0, unit)
        sheet.freeze_panes(1, 1)
        for index in DATABASES[database]:
            tree = spec.load(index)
            sheet = book.add_worksheet(index)
            sheet.write_row(0, 0, ["unit", "year", "status", "source", *tree.indicators], bold)
            sheet.write_row(
                1, 0, ["对象", "年份", "状态", "来源", *(tree.label(leaf) for leaf in tree.indicators)], bold
            )
            sheet.write_row(2, 0, ["", "", "observed", "", *tree.nodes.loc[tree.indicators, "unit"]], soft)
            sheet.freeze_panes(FIRST_ROW - 1, 2)
            sheet.set_column(0, 3 + len(tree.indicators), 14)


def known(database: str) -> None:
    if database not in DATABASES:
        raise InputError(f"database {database}", [f"no such database: use one of {', '.join(DATABASES)}"])


def read_workbook(path, database: str) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Units and one panel for each index of a filled workbook.

    Raises InputError with every fault (sheet, row, column, fix): another template version or database, unknown
    columns, units or country codes, a unit listed twice under two names, a value that is no number or outside what is
    plausible, a value on a channel that the unit does not have.
    """
    known(database)
    if not path.exists():
        raise InputError(f"{path}", ["the file does not exist: write one with `python -m fire new-template`"])
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    need = {"about", "units", *DATABASES[database]}
    lost = sorted(need - set(book.sheetnames))
    refuse(f"{path}", [f"sheet '{name}' is missing: copy it from the template" for name in lost])
    about = dict(row[:2] for row in book["about"].iter_rows(min_row=1, max_row=2, values_only=True))
    wanted = {
        "database": (database, "choose the other workbook"),
        "template": (TEMPLATE, "write a new template and copy your values into it"),
    }
    refuse(
        f"{path}",
        [
            f"sheet 'about': {name} is '{about.get(name)}', this version of FIRE reads '{value}': {fix}"
            for name, (value, fix) in wanted.items()
            if str(about.get(name)) != value
        ],
    )
    units, faults = _read_units(book["units"])
    parts = {index: _read_values(book[index], index, units) for index in DATABASES[database]}
    refuse(f"{path}", faults + [fault for _, found in parts.values() for fault in found])
    return units, {index: panel for index, (panel, _) in parts.items()}


def _read_units(sheet) -> tuple[pd.DataFrame, list[str]]:
    """The sheet of units and its faults: schema, country codes, one unit under two names."""
    rows = [
        [None if cell is None else str(cell).strip() for cell in row[: len(UNITS)]]
        for row in sheet.iter_rows(values_only=True)
    ]
    units = pd.DataFrame([row for row in rows[1:] if any(row)], columns=rows[0], dtype=object)
    units, found = tables.check(units, "annex-units")
    faults = [f"sheet 'units', {fault}" for fault in found]
    if list(units.columns) != UNITS:
        header = ["sheet 'units', row 1: the columns differ from the template's: copy its header"]
        return units.reindex(columns=UNITS), faults or header
    for row, unit in enumerate(units.itertuples(), start=2):
        if unit.kind == "country" and pycountry.countries.get(alpha_3=str(unit.code)) is None:
            faults.append(
                f"sheet 'units', row {row}, column 'code': '{unit.code}' is no ISO 3166 code of a country: "
                f"type three letters such as CHN{_hint(unit.unit_en)}"
            )
    return units, faults + _same_units(units)


def _hint(name) -> str:
    """The code that ISO 3166 gives to a name, as the end of a message."""
    try:
        return f"; '{name}' is {pycountry.countries.search_fuzzy(str(name))[0].alpha_3}"
    except LookupError:
        return ""


def _same_units(units: pd.DataFrame) -> list[str]:
    """Faults: units that share a name, alias or English name once company words, case and width are taken away."""
    seen, faults = {}, []
    for row, unit in enumerate(units.itertuples(), start=2):
        names = [unit.unit, unit.unit_en, *str(unit.aliases or "").split(";")]
        keys = {_plain(name) for name in names if name} - {""}
        clash = sorted({seen[key] for key in keys if key in seen})
        faults += [
            f"sheet 'units', row {row}, column 'unit': '{unit.unit}' is the unit of row {first} "
            f"('{units['unit'][first - 2]}') under another name: keep one row and list the other name in aliases"
            for first in clash
        ]
        seen.update({key: row for key in keys if key not in seen})
    return faults


def _plain(name: str) -> str:
    """A name without company words, spaces, case, width and a leading 中国.

    >>> _plain("中国工商银行股份有限公司") == _plain("工商银行")
    True
    """
    text = EMPTY_WORDS.sub("", unicodedata.normalize("NFKC", str(name)).lower())
    text = re.sub(r"[^\w]", "", text)
    return text[2:] if text.startswith("中国") and len(text) > 4 else text


def _read_values(sheet, index: str, units: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The panel of one sheet and its faults."""
    tree = spec.load(index)
    rows = list(sheet.iter_rows(values_only=True))
    head = [str(cell) for cell in rows[0] if cell is not None]
    faults = [
        f"sheet '{index}', row 1: column '{name}' is unknown: use the template's"
        for name in head[4:]
        if name not in tree.indicators
    ]
    faults += [
        f"sheet '{index}', row 1: column '{name}' is missing: copy it from the template"
        for name in tree.indicators
        if name not in head
    ]
    channels, cells = dict(zip(units["unit"], units["channels"].fillna(""))), []
    for number, row in enumerate(rows[FIRST_ROW - 1 :], start=FIRST_ROW):
        if not any(cell is not None for cell in row):
            continue
        unit, year, status, source = row[:4]
        place = f"sheet '{index}', row {number}, column"
        if unit not in channels:
            faults.append(
                f"{place} 'unit': '{unit}' is not in the sheet of units: add it there, or correct it"
            )
        if not str(year).isdigit():
            faults.append(f"{place} 'year': '{year}' is not a year")
            continue
        for name, cell in zip(head[4:], row[4:]):
            if cell is not None and str(cell).strip() and name in tree.indicators:
                value, wrong = _read_cell(cell, tree, name, unit, channels.get(unit))
                faults += [f"{place} '{name}': {fault}" for fault in wrong]
                cells.append((unit, int(year), name, value, status or "observed", source))
    return pd.DataFrame(cells, columns=["unit", "year", "indicator", "value", "status", "source"]), faults


def _read_cell(cell, tree, name: str, unit: str, channels: str | None) -> tuple[float, list[str]]:
    """The number in a cell and its faults: no number, not plausible, on a channel that the unit does not have."""
    row, faults = samples.written(tree)[name], []
    number, wrong = files.to_number(pd.Series([str(cell)]))
    low, high = row.get("plausible", (-math.inf, math.inf))
    if wrong:
        faults.append(f"'{cell}' is not a number: type it with digits and one decimal point")
    elif not low <= number[0] <= high:
        faults.append(
            f"{cell} lies outside {low:g} to {high:g}: check the unit ({tree.nodes.at[name, 'unit']})"
        )
    channel = row.get("channel")
    if channel and channels is not None and channel not in channels.split(";"):
        faults.append(
            f"'{unit}' has no channel '{channel}', so it has no value there (missing is not zero): "
            "empty the cell, or add the channel to the sheet of units"
        )
    return number[0], faults
