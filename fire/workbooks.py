# LEAD (00:42): please stop: no hand-written XML parser. Read the AMENDMENT at the end of /tmp/w/brief.md, then delete this file.
"""Workbooks as people save them: the cells of one sheet of an .xlsx, .xls or .ods file, in bounded time and memory.

Read from the file itself, since no library tells all of it: error cells, formulas that were never calculated, per cent
formats, merged ranges, what is hidden, and the place of each cell.
"""

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from xml.parsers import expat

from fire.cells import Percent
from fire.errors import Finding, InputError

CELLS = 10_000_000  # cells of a text or a sheet, empty ones between others included
FILLED = 3_000_000  # cells of a sheet that hold something
COLUMNS = 16_384  # as Excel has
MERGED = 100_000  # merged ranges of a sheet
UNPACKED = 1_000_000_000  # bytes of a workbook once unzipped
CHUNK = 1 << 22
EMPTY = re.compile(rb'<(?:\w+:)?(?:c|row) r="[^<>]*/>')  # formatted cells and rows without a value
BARE = re.compile(rb'<(\w+:)?row r="[^<>]*>\s*</(?:\w+:)?row>')
REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
CHINESE_DATES = {
    *range(27, 37),
    *range(50, 59),
}  # built-in formats such as 2023年5月 that only Chinese Excel has


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
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)
        if len(self.values) > FILLED:
            raise _TooLarge("cells", FILLED)

    def merge(self, *place: int) -> None:
        self.merged.append(place)
        if len(self.merged) > MERGED:
            raise _TooLarge("merged", MERGED)


class _TooLarge(Exception):
    """A bound was passed: (rule, limit)."""


def address(row: int, column: int) -> str:
    """The name of a cell from its zero-based place.

    >>> address(4, 2), address(0, 702)
    ('C5', 'AAA1')
    """
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _place(reference: str) -> tuple[int, int]:
    found = REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(reference)
    letters, row = found.groups()
    return int(row) - 1, _column(letters)


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
            return work()
        except _TooLarge as error:
            rule, limit = error.args
            fault = Finding(f"grids.{rule}", self.path, limit=f"{limit:,}")
        except InputError:
            raise
        except Exception as error:  # every way in which a workbook can be damaged
            rule = "encrypted" if "encrypted" in str(error).lower() else "damaged"
            fault = Finding(f"grids.{rule}", self.path, what=type(error).__name__)
        raise InputError(f"{self.path}", [fault]) from None


# --- XML in a zip file -----------------------------------------------------------------------------------------------


class _Zip:
    """The parts of a zip file by name, whatever slashes and letters its writer took; refused when a part is encrypted
    or all of them are too large."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path)
        self.parts = {part.filename.replace("\\", "/").lower(): part for part in self.zip.infolist()}
        if sum(part.file_size for part in self.parts.values()) > UNPACKED:
            raise _TooLarge("unpacked", UNPACKED)

    def walk(self, name: str, handler, optional: bool = False) -> None:
        """Give every element of a part to `handler`: start(name, attributes), end(name), chars(text)."""
        if optional and name.lower() not in self.parts:
            return
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_entities
        parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
        parser.CharacterDataHandler = handler.chars
        with self.zip.open(self.parts[name.lower()]) as stream:
            rest = b""
            while chunk := stream.read(CHUNK):
                chunk = rest + chunk
                end = chunk.rfind(b">") + 1 or len(chunk)
                rest = chunk[end:]
                parser.Parse(BARE.sub(b"", EMPTY.sub(b"", chunk[:end])))
            parser.Parse(rest, True)


def _no_entities(*_):
    raise ValueError("a workbook declares no entities")


class _Handler:
    """Elements by local name go to methods `in_<name>(attributes)` and `out_<name>()`; `text` collects characters."""

    def __init__(self):
        self.text: list[str] = []
        self.chars = self.text.append
        ins, outs = (
            {
                name[len(way) :].replace("_", "-"): getattr(self, name)
                for name in dir(self)
                if name.startswith(way)
            }
            for way in ("in_", "out_")
        )

        def start(name, attributes):
            if name not in ins:
                ins[name] = ins.get(name.rpartition(":")[2])
            if one := ins[name]:
                one(attributes)

        def end(name):
            if name not in outs:
                outs[name] = outs.get(name.rpartition(":")[2])
            if one := outs[name]:
                one()

        self.start, self.end = start, end

    def taken(self) -> str:
        """The characters since the last time."""
        text = "".join(self.text)
        self.text.clear()
        return text


# --- .xlsx -----------------------------------------------------------------------------------------------------------


class _Parts(_Handler):
    """Relations of a part: id → (kind, target)."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def in_Relationship(self, at):
        self.found[at["Id"]] = (at["Type"].rpartition("/")[2], at["Target"])


class _Workbook(_Handler):
    """Names, states and relation ids of the sheets; the calendar; whether formulas are still to be calculated."""

    def __init__(self):
        super().__init__()
        self.sheets, self.mac, self.pending = [], False, False

    def in_sheet(self, at):
        key = next(value for name, value in at.items() if name.rpartition(":")[2] == "id")
        self.sheets.append((at["name"], at.get("state", "visible") == "visible", key))

    def in_workbookPr(self, at):
        self.mac = _yes(at.get("date1904"))

    def in_calcPr(self, at):
        self.pending = _yes(at.get("fullCalcOnLoad"))


class _Strings(_Handler):
    """The shared strings, without the marks for pronunciation."""

    def __init__(self):
        super().__init__()
        self.found, self.parts, self.spoken = [], [], False

    def in_si(self, at):
        self.parts = []

    def in_rPh(self, at):
        self.spoken = True

    def out_rPh(self):
        self.spoken = False

    def in_t(self, at):
        self.text.clear()

    def out_t(self):
        if not self.spoken:
            self.parts.append(self.taken())

    def out_si(self):
        self.found.append(_unescaped("".join(self.parts)))


class _Styles(_Handler):
    """What the number formats make of a number, by style: "", "date", "duration" or "percent"."""

    def __init__(self):
        super().__init__()
        self.formats, self.kinds, self.inside = {}, [], ""

    def in_numFmts(self, at):
        self.inside = "formats"

    def in_cellXfs(self, at):
        self.inside = "cells"

    def out_numFmts(self):
        self.inside = ""

    out_cellXfs = out_numFmts

    def in_numFmt(self, at):
        if self.inside == "formats":
            self.formats[int(at["numFmtId"])] = at.get("formatCode", "")

    def in_xf(self, at):
        if self.inside == "cells":
            number = int(at.get("numFmtId", 0))
            self.kinds.append(_kind(number, self.formats.get(number)))


class _Cells(_Handler):
    """The cells of a sheet."""

    def __init__(self, strings: list, kinds: list, mac: bool, pending: bool):
        super().__init__()
        self.strings, self.kinds, self.mac, self.pending = strings, kinds, mac, pending
        self.sheet, self.row, self.column, self.shared = Sheet(), -1, -1, {}
        self.inside = self.spoken = False

    def in_row(self, at):
        self.row, self.column = int(at["r"]) - 1 if "r" in at else self.row + 1, -1
        if _yes(at.get("hidden")):
            self.sheet.hidden_rows.add(self.row)

    def in_col(self, at):
        if _yes(at.get("hidden")):
            self.sheet.hidden_columns.update(range(int(at["min"]) - 1, min(int(at["max"]), COLUMNS)))

    def in_mergeCell(self, at):
        first, _, last = at["ref"].partition(":")
        self.sheet.merge(*_place(first), *_place(last or first))

    def in_c(self, at):
        if "r" in at:
            self.row, self.column = _place(at["r"])
        else:
            self.column += 1
        self.type, self.style = at.get("t", "n"), int(at.get("s", 0))
        self.value = self.formula = self.key = None
        self.inside, self.parts = True, []

    def in_v(self, at):
        self.text.clear()

    in_t = in_v

    def in_f(self, at):
        self.text.clear()
        self.key = at.get("si")

    def in_rPh(self, at):
        self.spoken = True

    def out_rPh(self):
        self.spoken = False

    def out_v(self):
        self.value = self.taken()

    def out_t(self):
        if self.inside and not self.spoken:
            self.parts.append(self.taken())

    def out_f(self):
        if self.inside:
            self.formula = self.taken()
            if self.key is not None:
                self.formula = self.shared.setdefault(self.key, self.formula)

    def out_c(self):
        self.inside = False
        self.sheet.put(self.row, self.column, self.read())

    def read(self):
        """The value of the cell; the formula where it was never calculated."""
        text = self.value
        never = text is None or (text == "" and self.type != "str") or (text == "0" and self.pending)
        if self.formula is not None and never and self.type != "inlineStr":
            return f"={self.formula}"
        if self.type == "inlineStr":
            return _unescaped("".join(self.parts))
        if not text:
            return None
        if self.type == "s":
            return self.strings[int(text)]
        if self.type in ("str", "e"):
            return _unescaped(text)
        if self.type == "b":
            return _yes(text)
        if self.type == "d":
            return datetime.fromisoformat(text.rstrip("Z"))
        return _number(text, self.kinds[self.style] if self.style < len(self.kinds) else "", self.mac)


class _Xlsx:
    def __init__(self, path):
        self.zip = _Zip(path)
        main = next(target for kind, target in self._parts("_rels/.rels") if kind == "officeDocument")
        self.folder, name = posixpath.split(main.lstrip("/"))
        self.book = _Workbook()
        self.zip.walk(posixpath.join(self.folder, name), self.book)
        found = _Parts()
        self.zip.walk(posixpath.join(self.folder, "_rels", f"{name}.rels"), found)
        self.parts = found.found
        tables = [sheet for sheet in self.book.sheets if self.parts[sheet[2]][0] == "worksheet"]
        self.sheets = {name: visible for name, visible, _ in tables}
        self.targets = {name: self.parts[key][1] for name, _, key in tables}

    def _parts(self, name: str):
        found = _Parts()
        self.zip.walk(name, found)
        return found.found.values()

    def _inside(self, target: str) -> str:
        return target[1:] if target[0] == "/" else posixpath.normpath(posixpath.join(self.folder, target))

    def read(self, name: str) -> Sheet:
        strings, styles = _Strings(), _Styles()
        for kind, handler in (("sharedStrings", strings), ("styles", styles)):
            for one, target in self.parts.values():
                if one == kind:
                    self.zip.walk(self._inside(target), handler, optional=True)
        cells = _Cells(strings.found, styles.kinds, self.book.mac, self.book.pending)
        self.zip.walk(self._inside(self.targets[name]), cells)
        return cells.sheet


def _yes(text: str | None) -> bool:
    return text in ("1", "true", "TRUE", "on")


@cache
def _kind(number: int, form: str | None) -> str:
    """What a number format makes of a number: "", "date", "duration" or "percent"."""
    from openpyxl.styles import numbers

    form = numbers.BUILTIN_FORMATS.get(number, "General") if form is None else form
    bare = re.sub(r'"[^"]*"|\\.|_.', "", form.split(";")[0])
    if "%" in bare:
        return "percent"
    if numbers.is_timedelta_format(form):
        return "duration"
    return "date" if number in CHINESE_DATES or numbers.is_date_format(bare) else ""


def _number(text: str, kind: str, mac: bool):
    """A stored number as what its format shows; text that is no number stays text."""
    try:
        value = int(text) if text.lstrip("-").isdigit() and len(text) < 16 else float(text)
    except ValueError:
        return text
    return _shown(value, kind, mac)


def _shown(value: float, kind: str, mac: bool):
    if kind == "percent":
        return Percent(value)
    if kind in ("date", "duration"):
        from openpyxl.utils import datetime as days

        try:
            found = days.from_excel(
                value, days.CALENDAR_MAC_1904 if mac else days.CALENDAR_WINDOWS_1900, kind == "duration"
            )
        except (ValueError, OverflowError):
            return value
        return str(found) if isinstance(found, (time, timedelta)) else found
    return value


def _unescaped(text: str) -> str:
    """Excel writes characters that XML forbids as _x000D_."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


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
            value = int(cell.value) if cell.value.is_integer() and abs(cell.value) < 1e15 else cell.value
            return _shown(value, kind or ("date" if cell.ctype == 3 else ""), self.book.datemode == 1)
        if cell.ctype == 5:
            return self.errors.get(cell.value, "#N/A")
        return {1: cell.value, 4: bool(cell.value)}.get(cell.ctype)


def _refuse_circles(found) -> None:
    """In a damaged file a chain of short sectors can end in itself: xlrd would follow it for ever."""
    for stream in found.dirlist:
        sector, steps = stream.first_SID, 0
        while (
            stream.etype == 2
            and stream.tot_size < found.min_size_std_stream
            and 0 <= sector < len(found.SSAT)
        ):
            sector, steps = found.SSAT[sector], steps + 1
            if steps > len(found.SSAT):
                raise ValueError("a circle of sectors")


# --- .ods ------------------------------------------------------------------------------------------------------------


class _Tables(_Handler):
    """The tables of an OpenDocument file and whether they are visible; the cells of the one called `wanted`."""

    def __init__(self, wanted: str | None = None):
        super().__init__()
        self.wanted, self.sheets, self.unseen, self.style = wanted, {}, set(), ""
        self.sheet, self.taking, self.aside = Sheet(), False, 0

    def in_style(self, at):
        self.style = at.get("style:name", "")

    def in_table_properties(self, at):
        if at.get("table:display") == "false":
            self.unseen.add(self.style)

    def in_table(self, at):
        name = at.get("table:name", "")
        self.sheets[name] = at.get("table:style-name") not in self.unseen
        self.taking = name == self.wanted
        self.row = self.column = self.across = 0

    def in_table_column(self, at):
        times = int(at.get("table:number-columns-repeated", 1))
        if self.taking and at.get("table:visibility", "visible") != "visible":
            self.sheet.hidden_columns.update(range(self.across, min(self.across + times, COLUMNS)))
        self.across += times

    def in_table_row(self, at):
        self.times, self.column, self.cells = int(at.get("table:number-rows-repeated", 1)), 0, []
        self.unseen_row = at.get("table:visibility", "visible") != "visible"

    def out_table_row(self):
        if self.taking and self.cells:
            for row in range(self.row, self.row + self.times):
                for column, times, value in self.cells:
                    for one in range(column, column + times):
                        self.sheet.put(row, one, value)
                if self.unseen_row:
                    self.sheet.hidden_rows.add(row)
        self.row += self.times

    def in_table_cell(self, at):
        self.at, self.parts = at, []

    in_covered_table_cell = in_table_cell

    def in_p(self, at):
        if not self.aside:
            self.text.clear()

    def out_p(self):
        if not self.aside and self.taking:
            self.parts.append(self.taken())

    def in_s(self, at):
        self.text.append(" " * int(at.get("text:c", 1)))

    def in_line_break(self, at):
        self.text.append("\n")

    def in_annotation(self, at):
        self.aside += 1

    def out_annotation(self):
        self.aside -= 1

    in_frame = in_shapes = in_custom_shape = in_annotation
    out_frame = out_shapes = out_custom_shape = out_annotation

    def out_table_cell(self):
        at, times = self.at, int(self.at.get("table:number-columns-repeated", 1))
        down, right = (int(at.get(f"table:number-{way}-spanned", 1)) for way in ("rows", "columns"))
        if self.taking:
            if down > 1 or right > 1:
                self.sheet.merge(self.row, self.column, self.row + down - 1, self.column + right - 1)
            if (value := self.read()) not in (None, ""):
                self.cells.append((self.column, times, value))
        self.column += times

    def out_covered_table_cell(self):
        self.column += int(self.at.get("table:number-columns-repeated", 1))

    def read(self):
        """The value of the cell; the formula where it was never calculated."""
        at, text = self.at, "\n".join(self.parts)
        kind = at.get("office:value-type")
        if at.get("calcext:value-type") == "error":
            return text or "#VALUE!"
        if kind in ("float", "currency", "percentage"):
            return _number(at["office:value"], "percent" if kind == "percentage" else "", False)
        if kind == "date":
            return datetime.fromisoformat(at["office:date-value"].rstrip("Z"))
        if kind == "boolean":
            return at["office:boolean-value"] == "true"
        if kind is None and not self.parts and "table:formula" in at:
            return "=" + at["table:formula"].partition("=")[2]
        return text or at.get("office:string-value")


class _Ods:
    def __init__(self, path):
        self.zip, tables = _Zip(path), _Tables()
        self.zip.walk("content.xml", tables)
        self.sheets = tables.sheets

    def read(self, name: str) -> Sheet:
        tables = _Tables(name)
        self.zip.walk("content.xml", tables)
        return tables.sheet
