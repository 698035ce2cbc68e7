"""Workbooks as people save them: the cells of one sheet of an .xlsx, .xls or .ods file, in bounded time and memory.

openpyxl, xlrd and odfdo read them. Of openpyxl its reader of the workbook and its parser of one sheet, so that other
sheets, charts and pivot tables neither cost time nor keep a table from being read.
"""

import re
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from io import StringIO
from pathlib import Path

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles import numbers
from openpyxl.utils import datetime as days
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from fire.cells import COLUMNS, Percent
from fire.errors import Finding, InputError

FILLED, MERGED = 2_000_000, 100_000  # cells that hold something and merged ranges of a sheet
ROWS = 1_048_576  # as Excel has
PART, STRINGS, SHEET, OPEN = 10_000_000, 100_000_000, 200_000_000, 60_000_000  # bytes unpacked: of styles and
# the like, of the texts, of a sheet; of a whole .ods
MARKS = 12_000_000  # "<" in a sheet, which blank cells with a format have too
LOOSE = 1_000_000  # "<" in a sheet without the end of a row: all of these elements stand in memory
CHINESE_DATES = {*range(27, 37), *range(50, 59)}  # formats such as 2023年5月 that only Chinese Excel has
YES = ("1", "true", "TRUE", "on")


@dataclass
class Sheet:
    """The cells of a sheet by place (zero-based), its merged ranges (top, left, bottom, right) and what is hidden."""

    rows: list = field(default_factory=list)
    columns: list = field(default_factory=list)
    values: list = field(default_factory=list)
    merged: list = field(default_factory=list)
    hidden_rows: set = field(default_factory=set)
    hidden_columns: set = field(default_factory=set)

    def put(self, row: int, column: int, value) -> None:
        if value is None or isinstance(value, str) and not value.strip():
            return
        if not (0 <= row < ROWS and 0 <= column < COLUMNS):
            raise ValueError("a cell outside the sheet")
        if type(value) is date:
            value = datetime(value.year, value.month, value.day)
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(str(value) if isinstance(value, (time, timedelta)) else value)
        if len(self.values) > FILLED:
            raise _TooLarge("cells", FILLED)

    def merge(self, *place: int) -> None:
        self.merged.append(place)
        if len(self.merged) > MERGED:
            raise _TooLarge("merged", MERGED)


class _TooLarge(Exception):
    """A bound was passed: (rule, limit)."""


class Book:
    """An open workbook: `sheets` (name: visible?) and `read(name) -> Sheet`. InputError when it is damaged."""

    def __init__(self, path: Path | str, kind: str):
        self.path = path
        self.inner = self._safe(lambda: {"xlsx": _Xlsx, "xls": _Xls, "ods": _Ods}[kind](path))
        self.sheets: dict[str, bool] = self.inner.sheets

    def read(self, name: str) -> Sheet:
        return self._safe(lambda: self.inner.read(name))

    def _safe(self, work):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what openpyxl leaves out: validations, extensions
                return work()
        except _TooLarge as error:
            rule, limit = error.args
            fault = Finding(f"grids.{rule}", self.path, limit=f"{limit:,}")
        except Exception as error:  # every way in which a workbook can be damaged
            rule = "encrypted" if "encrypted" in str(error).lower() else "damaged"
            fault = Finding(f"grids.{rule}", self.path, what=type(error).__name__)
        raise InputError(f"{self.path}", [fault]) from None


def opened(path: Path | str, kind: str) -> Book:
    """The workbook of a file; the last one stays open for its other sheets until the file changes."""
    now = Path(path).stat()
    return _opened(path, kind, now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=1)
def _opened(path, kind, *state) -> Book:
    return Book(path, kind)


@cache
def _kind(number: int, form: str | None) -> str:
    """What a number format makes of a number: "", "date", "duration" or "percent"."""
    form = numbers.BUILTIN_FORMATS.get(number, "General") if form is None else form
    bare = re.sub(r'"[^"]*"|\\.|_.', "", form.split(";")[0])
    if "%" in bare:
        return "percent"
    if numbers.is_timedelta_format(form):
        return "duration"
    return "date" if number in CHINESE_DATES or numbers.is_date_format(bare) else ""


def _shown(value: float, kind: str, epoch: datetime = days.CALENDAR_WINDOWS_1900):
    """A stored number as what its format shows."""
    if kind == "percent":
        return Percent(value)
    if kind in ("date", "duration"):
        try:
            return days.from_excel(value, epoch, kind == "duration")
        except (ValueError, OverflowError):
            return value
    whole = float(value)
    return int(whole) if whole.is_integer() and abs(whole) < 1e15 else whole


# --- .xlsx -----------------------------------------------------------------------------------------------------------


class _Zip(zipfile.ZipFile):
    """A zip file whose parts are found whatever slashes and letters its writer took; refused above `limit` bytes."""

    def __init__(self, path, limit: int):
        super().__init__(path)
        self.limit = limit
        self.parts = {part.filename.replace("\\", "/").lower(): part for part in self.filelist}

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        part = self.parts[name.lower()]
        if part.file_size > self.limit:
            raise _TooLarge("unpacked", self.limit)
        return part


class _Counted:
    """The bytes of a sheet, refused when they hold too many elements."""

    def __init__(self, stream):
        self.stream, self.marks, self.loose = stream, 0, 0

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(size)
        end = chunk.rfind(b"row>") + 1
        self.marks += chunk.count(b"<")
        self.loose = (0 if end else self.loose) + chunk.count(b"<", end)
        if self.marks > MARKS or self.loose > LOOSE:
            raise _TooLarge("blank", FILLED)
        return chunk


class _Cells(WorkSheetParser):
    """The cells of a sheet with their stored results; the formula where it was never calculated."""

    def __init__(self, source, strings: list, pending: bool):
        super().__init__(source, strings, data_only=True)
        self.pending = pending

    def parse_cell(self, element):
        cell = super().parse_cell(element)
        if (formula := element.find(FORMULA_TAG)) is None or element.get("t") == "inlineStr":
            return cell
        stored = element.findtext(VALUE_TAG)
        never = not stored and (stored is None or element.get("t") != "str") or stored == "0" and self.pending
        if never or formula.text and formula.get("t") == "shared":  # the first says how the others go on
            written = self.parse_formula(element)
            if never:
                text = written if isinstance(written, str) else getattr(written, "text", None)
                cell |= {"value": text or "=TABLE()", "data_type": "f"}
        return cell


class _Xlsx(ExcelReader):
    """A workbook without its sheets; `read` reads one."""

    def __init__(self, path):
        with open(path, "rb") as stream:
            super().__init__(stream, keep_links=False)
        self.path, self.sheets, self.targets = path, {}, {}
        with _Zip(path, PART) as self.archive:
            super().read()
        if not self.sheets:
            raise ValueError("no sheets")
        formats = dict(enumerate(self.wb._number_formats, numbers.BUILTIN_FORMATS_MAX_SIZE))
        self.kinds = {
            style: _kind(one.numFmtId, formats.get(one.numFmtId))
            for style, one in enumerate(self.wb._cell_styles)
        }

    def _none(self) -> None:
        """What no table needs; texts are read with the first sheet."""

    read_strings = read_properties = read_custom = read_theme = _none

    def read_worksheets(self) -> None:
        book = self.archive.read(self.parser.workbook_part_name)  # openpyxl takes what is not said for true
        self.pending = re.search(rb'fullCalcOnLoad\s*=\s*["\'](1|true)', book) is not None
        for sheet, part in self.parser.find_sheets():
            if part.Type.endswith("/worksheet"):
                self.sheets[sheet.name], self.targets[sheet.name] = sheet.state == "visible", part.target

    def read(self, name: str) -> Sheet:
        if not self.shared_strings:
            with _Zip(self.path, STRINGS) as self.archive:
                super().read_strings()
        found = Sheet()
        with _Zip(self.path, SHEET) as archive, archive.open(self.targets[name]) as stream:
            parser = _Cells(_Counted(stream), self.shared_strings, self.pending)
            for row, cells in parser.parse():
                if parser.row_dimensions.pop(f"{row}", {}).get("hidden") in YES:
                    found.hidden_rows.add(row - 1)
                for cell in cells:
                    if cell["value"] is not None:
                        found.put(cell["row"] - 1, cell["column"] - 1, self._value(cell))
        for one in parser.merged_cells.mergeCell if parser.merged_cells else ():
            found.merge(one.min_row - 1, one.min_col - 1, one.max_row - 1, one.max_col - 1)
        for at in parser.column_dimensions.values():
            if at.get("hidden") in YES:
                found.hidden_columns.update(range(int(at["min"]) - 1, min(int(at["max"]), COLUMNS)))
        return found

    def _value(self, cell: dict):
        value = cell["value"]
        if cell["data_type"] == "n":
            return _shown(value, self.kinds.get(cell["style_id"], ""), self.wb.epoch)
        return unescape(value) if isinstance(value, str) and "_x" in value else value


# --- .xls ------------------------------------------------------------------------------------------------------------


class _Xls:
    def __init__(self, path):
        import xlrd
        from xlrd.compdoc import CompDoc

        raw = Path(path).read_bytes()
        _refuse_circles(CompDoc(raw, logfile=StringIO()))
        self.book = xlrd.open_workbook(file_contents=raw, formatting_info=True, logfile=StringIO())
        self.sheets = {sheet.name: sheet.visibility == 0 for sheet in self.book.sheets()}
        self.errors = xlrd.error_text_from_code
        self.epoch = days.CALENDAR_MAC_1904 if self.book.datemode == 1 else days.CALENDAR_WINDOWS_1900

    def read(self, name: str) -> Sheet:
        page, found = self.book.sheet_by_name(name), Sheet()
        for row in range(page.nrows):
            for column, cell in enumerate(page.row(row)):
                found.put(row, column, self._value(cell))
        for top, bottom, left, right in page.merged_cells:
            found.merge(top, left, bottom - 1, right - 1)
        found.hidden_rows = {row for row, info in page.rowinfo_map.items() if info.hidden}
        found.hidden_columns = {column for column, info in page.colinfo_map.items() if info.hidden}
        return found

    def _value(self, cell):
        if cell.ctype in (2, 3):  # a number, a date
            form = self.book.format_map.get(self.book.xf_list[cell.xf_index].format_key)
            kind = _kind(form.format_key, form.format_str) if form else ""
            return _shown(cell.value, kind or ("date" if cell.ctype == 3 else ""), self.epoch)
        if cell.ctype == 5:
            return self.errors.get(cell.value, "#N/A")
        return {1: cell.value, 4: bool(cell.value)}.get(cell.ctype)


def _refuse_circles(found) -> None:
    """In a damaged file a chain of short sectors can end in itself: xlrd would follow it for ever."""
    for stream in found.dirlist:
        short = stream.etype == 2 and stream.tot_size < found.min_size_std_stream
        sector, steps = stream.first_SID, 0
        while short and 0 <= sector < len(found.SSAT):
            sector, steps = found.SSAT[sector], steps + 1
            if steps > len(found.SSAT):
                raise ValueError("a circle of sectors")


# --- .ods ------------------------------------------------------------------------------------------------------------


class _Ods:
    def __init__(self, path):
        from odfdo import Document

        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.filelist if part.filename.endswith(".xml")) > OPEN:
                raise _TooLarge("unpacked", OPEN)
        book = Document(path)
        self.tables = {table.name: table for table in book.body.get_elements("table:table")}
        self.sheets = {}
        for name, table in self.tables.items():
            style = book.get_style("table", table.style) if table.style else None
            shown = {} if style is None else style.get_properties() or {}
            self.sheets[name] = shown.get("table:display") != "false"

    def read(self, name: str) -> Sheet:
        table, found, across, down = self.tables[name], Sheet(), 0, 0
        for one in table.get_elements(".//table:table-column"):
            times = one.repeated or 1
            if one.get_attribute("table:visibility") in ("collapse", "filter"):
                found.hidden_columns.update(range(across, min(across + times, COLUMNS)))
            across += times
        for one in table.get_elements(".//table:table-row"):
            times = one.repeated or 1
            unseen = one.get_attribute("table:visibility") in ("collapse", "filter")
            if _open_row(one, down, times, found) and unseen:
                found.hidden_rows.update(range(down, down + times))
            down += times
        return found


def _open_row(row, down: int, times: int, found: Sheet) -> bool:
    """Put the cells of a row, which stands `times` times, into the sheet; does it hold anything?"""
    across, before = 0, len(found.values)
    for cell in row.get_elements("table:table-cell|table:covered-table-cell"):
        wide = cell.repeated or 1
        if cell.tag == "table:table-cell":
            high, broad = (
                int(cell.get_attribute(f"table:number-{way}-spanned") or 1) for way in ("rows", "columns")
            )
            if high > 1 or broad > 1:
                found.merge(down, across, down + high - 1, across + broad - 1)
            if (value := _open_value(cell)) not in (None, ""):
                for place in range(times * wide):
                    found.put(down + place // wide, across + place % wide, value)
        across += wide
    return len(found.values) > before


def _open_value(cell):
    """The value of a cell; its text where it is an error, its formula where that was never calculated."""
    kind = cell.get_attribute("office:value-type")
    if cell.get_attribute("calcext:value-type") == "error" or kind is None:
        texts = cell.get_elements("text:p")
        if kind is None and not texts and cell.formula:
            return "=" + cell.formula.partition("=")[2]
        return "\n".join(one.inner_text for one in texts) or ("#VALUE!" if kind else None)
    if kind in ("float", "currency", "percentage"):
        return _shown(float(cell.get_attribute("office:value")), "percent" if kind == "percentage" else "")
    return cell.value
