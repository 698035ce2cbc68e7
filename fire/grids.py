"""Any table file as a grid of cells with their addresses, from whatever program saved it, in bounded time and memory.

    grid = read("统计年鉴.xlsx", sheet="表2-1")
    grid.cells.iat[4, 2]      # what stands in C5
    table("FIRE_DATABASE", "public.panel")   # the database whose URL is in that environment variable

Nothing is taken as a heading here. What had to be found out (encoding, hidden sheets) stands in `notes`. A file that is
no table, or too large, is refused with one Finding that says what it is and what to do (data/rules/grids.csv).
"""

import csv
import io
import math
import os
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from fire.cells import COLUMNS, address
from fire.errors import Finding, InputError, shown

__all__ = ["Grid", "address", "decode", "read", "separated", "sheets", "table"]

TEXT = 200_000_000  # bytes of a text file
CELLS = 10_000_000  # cells of a text or a sheet, empty ones between others included
LONG = 131_072  # characters of one cell of a text file
BINARY = {"xlsx": 200_000_000, "ods": 200_000_000, "xls": 50_000_000, "dta": 1_000_000_000}  # bytes of a file
STORED = 20_000_000  # cells of a Parquet, Feather or Stata file, or of a table in a database
SECONDS = 60  # that a database has to answer
SUFFIXES = {  # kind of a file → how its name may end
    "text": (".csv", ".tsv", ".tab", ".txt", ""),
    "xlsx": (".xlsx", ".xlsm", ".xltx", ".xls", ".et"),
    "xls": (".xls", ".xlt", ".et", ".xlsx"),
    "ods": (".ods", ".ots"),
    "dta": (".dta",),
    "parquet": (".parquet", ".pq"),
    "feather": (".feather", ".arrow", ".ipc"),
}
NUMBER_COMMA = re.compile(r"(?<=\d),(?=\d)")
BOOKS = ("xlsx", "xls", "ods")


@dataclass(frozen=True)
class Grid:
    """The cells of one table: None (empty), str, int, float, bool, datetime or Percent. Row 0, column 0 is A1.

    `merged`: (top, left, bottom, right), zero-based, inclusive; the value stands in the first cell. Error cells are text
    such as `#DIV/0!`, formulas that were never calculated text such as `=B4*2`.
    """

    file: str
    sheet: str | None
    cells: pd.DataFrame
    merged: tuple = ()
    notes: tuple[Finding, ...] = ()


def read(path: Path | str, sheet: str | None = None, hidden: bool = False) -> Grid:
    """The grid of a file: .csv .tsv .txt, .xlsx .xlsm .xls .ods, .dta, .parquet, .feather.

    `sheet` may be left out when one sheet is visible (`hidden`: when there is one at all). InputError: there is no such
    file or sheet, it is no table, garbled, damaged or too large.
    """
    kind = _kind(path)
    if kind in BOOKS:
        return _sheet(path, kind, sheet, hidden)
    if kind == "text":
        text, notes = decode(path)
        return _grid(path, None, _rows(separated(text, path), path), notes=notes)
    return _grid(path, None, _stored(path, kind))


def sheets(path: Path | str) -> dict[str, bool]:
    """The sheets of a workbook in order, and whether each is visible; none where the file is no workbook."""
    kind = _kind(path)
    return dict(_opened(path, kind).sheets) if kind in BOOKS else {}


def _refused(rule: str, path, **values) -> InputError:
    return InputError(f"{path}", [Finding(f"grids.{rule}", path, **values)])


def _grid(path, sheet, cells: np.ndarray, merged=(), notes=()) -> Grid:
    if not cells.size:
        raise _refused("empty", path, sheet=sheet or "")
    return Grid(
        shown(path), sheet, pd.DataFrame(cells, dtype=object, copy=False), tuple(merged), tuple(notes)
    )


# --- what a file is --------------------------------------------------------------------------------------------------

HEADS = {  # how files begin that are no tables, or not of the kind that their name says
    b"%PDF": "pdf",
    b"{\\rtf": "word",
    b"\x1f\x8b": "archive",
    b"Rar!": "archive",
    b"7z\xbc\xaf": "archive",
    b"BZh": "archive",
    b"\xfd7zXZ": "archive",
    b"\x28\xb5\x2f\xfd": "archive",
    b"\x89PNG": "image",
    b"\xff\xd8\xff": "image",
    b"GIF8": "image",
    b"BM": "",
    b"SQLite format 3": "database",
    b"$FL2": "statistics",
    b"$FL3": "statistics",
    b"PAR1": "parquet",
    b"ARROW1": "feather",
    b"FEA1": "feather",
    b"<stata_dta>": "dta",
}
INSIDE = {  # a part of a zip file that tells its kind
    "xl/workbook.bin": "xlsb",
    "word/document.xml": "word",
    "ppt/presentation.xml": "word",
}


def _kind(path: Path | str) -> str:
    """What a file is, by its content; refused when it is no table, does not fit its name, or is too large."""
    path = Path(path)
    if not path.exists():
        raise _refused("absent", path)
    if not path.is_file():
        raise _refused("folder", path)
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        raise _refused("unreadable", path) from None
    suffix, size = path.suffix.lower(), path.stat().st_size
    if not size:
        raise _refused("empty", path)
    kind = _by_content(path, head, suffix)
    if kind not in SUFFIXES:
        raise _refused(kind, path)
    if kind == "text" and any(suffix in ends for one, ends in SUFFIXES.items() if one != "text"):
        raise _refused("text", path, suffix=suffix)
    if kind != "text" and suffix not in SUFFIXES[kind]:
        raise _refused("named", path, really=SUFFIXES[kind][0], suffix=suffix or "''")
    limit = TEXT if kind == "text" else BINARY.get(kind, math.inf)
    if size > limit:
        raise _refused("bytes", path, limit=f"{limit / 1e6:,.0f}", size=f"{size / 1e6:,.0f}")
    return kind


def _by_content(path: Path, head: bytes, suffix: str) -> str:
    for start, kind in HEADS.items():
        if kind and head.startswith(start):
            return kind
    if head.startswith(b"PK"):
        return _zipped(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _compound(path)
    if head[8:12] == b"DUCK":
        return "database"
    if suffix == ".dta" and 0x68 <= head[0] <= 0x73 and head[1:2] in (b"\1", b"\2"):
        return "dta"
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith(b"mime-version:") or re.match(
        rb"<(!doctype html|html|head|meta|table|div|style)\b", start
    ):
        return "html"
    if start.startswith(b"<?xml"):
        return "html" if b"<html" in start else "xml"
    return "text"


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as found:
            names = {name.replace("\\", "/").lower() for name in found.namelist()}
            if "mimetype" in names and b"opendocument.spreadsheet" in found.read("mimetype")[:100]:
                manifest = found.read("META-INF/manifest.xml") if "meta-inf/manifest.xml" in names else b""
                return "encrypted" if b"encryption-data" in manifest else "ods"
    except Exception:  # every way in which a zip file can be broken
        return "truncated"
    if any(re.fullmatch(r"xl/workbook\d*\.xml", name) for name in names):
        return "xlsx"
    return next((kind for name, kind in INSIDE.items() if name in names), "archive")


def _compound(path: Path) -> str:
    """The kind of an OLE file by the names of its streams: an old workbook, an encrypted new one, an old document."""
    raw = path.read_bytes() if path.stat().st_size <= BINARY["xls"] else b"W\0o\0r\0k\0b\0o\0o\0k\0"
    streams = {
        name: name.encode("utf-16-le") in raw
        for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")
    }
    if streams["EncryptedPackage"]:
        return "encrypted"
    return "xls" if streams["Workbook"] or streams["Book"] else "word"


# --- text ------------------------------------------------------------------------------------------------------------

COMMON = set(  # the characters of Chinese tables, simplified and traditional
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成"
    "事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话"
    "儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先"
    "山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王"
    "果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流"
    "省县区亿值率比增长城州江河湖广深圳津渝沪苏浙鲁豫陕甘青宁新疆藏蒙吉辽黑龙云贵川琼香港澳门财政税收支银证券保险融技创投资企单位项"
    "指标排名得分人均地区生产总值第一二三产业固定资产消费零售额出口进居民收入支农村镇户籍常住数量价格年末占重据来源注说明表编号备观测估计"
    "這來個國們為時會對學裡後麼說發當無開見經頭動兩長樣現將與進實點種聲話兒問機幾業間東關內產萬體處總場師書員報馬難數車應認論義術結"
    "縣區億值率增長灣臺廣澳門財稅收銀證券險創資單項標產業額農鎮籍價據編號備觀測計戶陽慶連島濟寧蘇無錫溫廈鄭漢長沙貴陽蘭銀烏魯齊"
    "，。、；：（）《》“”·—％．０１２３４５６７８９"
)
WESTERN = re.compile("[À-ÖØ-öø-ÿŠšŽžŒœŸ‘’“”–—…€°²³µ·º«»§£©®]")
GARBLED = re.compile("锟斤拷|烫烫烫|锘縷|鏄痋|ï»¿|锘")
SPACES, ODD = "\t\r\n\f\v\x1a\x1c\x1f", ("Co", "Cn", "Cc", "Cs")
PROBE = 1_000_000  # characters looked at to judge a text


def decode(path: Path | str) -> tuple[str, list[Finding]]:
    """The text of a file, with LF, and what was noticed: its encoding, when it is not UTF-8.

    UTF-8, UTF-16, GB18030, Big5 and Western (cp1252), with or without byte-order mark. InputError when it is none of
    these, or no text at all.
    """
    raw = Path(path).read_bytes()
    encoding = _encoding(raw, path)
    text = _decoded(raw, encoding, path).removeprefix("\ufeff").removesuffix("\x1a")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    notes = [] if encoding == "utf-8" else [Finding("grids.encoding", path, encoding=NAMES[encoding])]
    return text, notes + _garbage(text, path)


NAMES = {"gb18030": "GB18030 (GBK)", "big5hkscs": "Big5", "cp950": "Big5", "cp1252": "Latin-1 (Western)"} | {
    f"utf-{size}{order}": f"UTF-{size}" for size in (16, 32) for order in ("", "-le", "-be")
}


def _encoding(raw: bytes, path) -> str:
    """The encoding of a text: by its mark, UTF-8 where it fits, else the one in which it looks most like a table."""
    marks = {
        b"\xef\xbb\xbf": "utf-8",
        b"\xff\xfe\0\0": "utf-32",
        b"\xff\xfe": "utf-16",
        b"\xfe\xff": "utf-16",
    }
    if marked := next((name for mark, name in marks.items() if raw.startswith(mark)), None):
        return marked
    if b"\0" in raw:  # every second byte, in UTF-16 without a mark
        return "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be"
    probe = raw[: raw.rfind(b"\n", 0, PROBE) + 1] if len(raw) > PROBE else raw
    if raw.isascii() or _mostly_utf8(probe or raw[:PROBE]):
        return "utf-8"
    likely = {
        name: _likely(probe or raw[:PROBE], name) for name in ("gb18030", "big5hkscs", "cp950", "cp1252")
    }
    best = max(likely, key=likely.__getitem__)
    if not likely[best]:
        binary = _control(Counter(raw[:PROBE].decode("latin-1"))) > 0.05
        raise _refused("binary" if binary else "garbled", path)
    return best


def _decoded(raw: bytes, encoding: str, path) -> str:
    """The text; refused with the line at which it is not in its encoding, or cut off."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding[:3] == "utf" and encoding != "utf-8":
            raise _refused("binary", path) from None
        line = raw.count(b"\n", 0, error.start) + 1
        rule = "cut" if error.start > len(raw) - 4 else "mixed"
        raise _refused(rule, path, line=line, encoding=NAMES.get(encoding, "UTF-8")) from None


def _mostly_utf8(raw: bytes) -> bool:
    """Are all, or nearly all, characters beyond ASCII whole in UTF-8 (so that a few lines came from elsewhere)?"""
    text = raw.decode("utf-8", errors="replace")
    return text.count("\ufffd") * 4 < sum(letter > "\x7f" for letter in text)


def _likely(raw: bytes, encoding: str) -> float:
    """How much like a table in this encoding the bytes look, 0 (not at all) to 1.

    Nearly all bytes can be read as GB18030, so characters count by how common they are; Western letters stand among
    plain ones.
    """
    text = raw.decode(encoding, errors="replace")
    beyond = Counter(letter for letter in text if letter > "\x7f")
    total = beyond.total()
    if beyond.pop("\ufffd", 0) > max(1, 0.02 * total):
        return 0.0
    if encoding == "cp1252":
        letters = sum(count for letter, count in beyond.items() if WESTERN.match(letter))
        runs = [*re.finditer(r"([A-Za-z]?)[^\x00-\x7f]+([A-Za-z]?)", text[:10_000])]
        among = sum(bool(run[1] or run[2]) for run in runs)
        return (0.35 if among * 2 >= len(runs) else 0.1) * (letters >= 0.9 * total)
    common = sum(count for letter, count in beyond.items() if letter in COMMON) / total
    level = sum(count * _in_use(letter, encoding) for letter, count in beyond.items()) / total
    return (0.5 * level + 0.5 * common) * (level >= 0.6)


def _in_use(letter: str, encoding: str) -> float:
    """Is it among the characters that the standard lists first, those in use, or a sign (1)? Among the rarer ones (0.6)?"""
    lead, *trail = letter.encode(encoding)
    if len(trail) != 1:
        return 0
    if encoding == "gb18030":
        return 0 if trail[0] < 0xA1 or 0xAA <= lead <= 0xAF or lead > 0xF7 else 1 if lead <= 0xD7 else 0.6
    return 0 if lead < 0xA1 else 1 if lead <= 0xC6 else 0.6


def _control(counts: Counter) -> float:
    """The share of characters that no text holds."""
    odd = sum(n for one, n in counts.items() if (one < " " or one == "\x7f") and one not in SPACES)
    return odd / max(counts.total(), 1)


def _garbage(text: str, path) -> list[Finding]:
    """Refuse a text that was garbled before it was saved; a note where a few characters are lost."""
    probe = text[:PROBE]
    counts = Counter(probe)
    if "\0" in counts or _control(counts) > 0.02:
        raise _refused("binary", path)
    if text.isascii():
        return []
    if found := _misread(probe):
        raise _refused("misread", path, line=found[0], seen=found[1], meant=found[2])
    beyond = sum(count for one, count in counts.items() if one > "\x7f")
    odd = sum(n for one, n in counts.items() if one > "\x7f" and unicodedata.category(one) in ODD)
    if odd + counts["\ufffd"] > max(2, 0.05 * beyond):
        raise _refused("garbled", path)
    if "\ufffd" in text:
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        return [Finding("grids.lost", path, row=line, count=text.count("\ufffd"))]
    return []


def _misread(text: str) -> tuple[int, str, str] | None:
    """Line, what it shows and what was meant, where UTF-8 was read in another encoding and saved so."""
    lines = [(row, line) for row, line in enumerate(text.split("\n")[:1000], 1) if not line.isascii()][:100]
    for encoding in ("cp1252", "latin-1", "gb18030"):
        meant = [(row, line, one) for row, line in lines if (one := _again(line, encoding))]
        if len(meant) * 2 >= len(lines) and sum(len(one) for *_, one in meant) > 3:
            row, line, one = meant[0]
            return row, line.strip()[:20], one.strip()[:20]
    if len(GARBLED.findall(text)) > 2:
        row, line = next((row, line) for row, line in enumerate(text.split("\n"), 1) if GARBLED.search(line))
        return row, line.strip()[:20], "?"
    return None


def _again(line: str, encoding: str) -> str:
    """A garbled line as it was, "" when it was not garbled in this way."""
    try:
        found = line.encode(encoding).decode("utf-8", errors="replace")
    except UnicodeError:
        return ""
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in found)
    return found if chinese > 2 * found.count("\ufffd") else ""


def separated(text: str, path) -> list[list[str]]:
    """The rows of a text, blank ones too, by the separator that the file names (`sep=;`) or that its lines agree on.

    InputError names the line of a quote that is never closed.
    """
    named = re.match(r'"?sep=(.)"?\n', text, re.IGNORECASE)
    mark = named[1] if named else _separator(text, Path(path).suffix.lower())
    if text.count(mark) + text.count("\n") > CELLS:
        raise _refused("cells", path, limit=f"{CELLS:,}")
    lines = csv.reader(io.StringIO(text), delimiter=mark, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    start = 1
    try:
        for row in lines:
            if len(max(row, key=len, default="")) > LONG:
                raise csv.Error("field limit")  # whatever another library has made of that of the reader
            rows.append(row)
            start = lines.line_num + 1
    except csv.Error as error:
        rule = "long" if "field limit" in str(error) else "quote"
        raise _refused(rule, path, row=len(rows) + 1, line=start) from None
    if named:
        rows[0] = []
    return rows


def _separator(text: str, suffix: str) -> str:
    """The separator by which most rows have one width, wide ones counting more.

    Titles and notes are narrow rows: with a tab they do not count, with ; and | only where the wide rows are fewer than
    three in ten. Where another mark splits as many rows, a comma inside a number (1,000 or 3,5) is none.
    """
    sample = text[:200_000].split("\n")[:500]
    sample = sample[:-1] if len(sample) > 1 and len(text) > 200_000 else sample
    sample = [line for line in sample if line.strip()]
    usual = "\t" if suffix in (".tsv", ".tab") else ","
    scores, most = {}, 0
    for mark in "\t;|,":
        widths = _widths(sample, mark)
        if mark == "," and most >= _mode(widths)[1] > 0:
            widths = _widths([NUMBER_COMMA.sub("", line) for line in sample], mark)
        (width, count), total = _mode(widths), widths.total()
        wide = sum(number for one, number in widths.items() if one > 1)
        few = wide if mark == "\t" else max(wide, 0.6 * total) if width > 2 else total
        if count and (mark == usual or count >= max(2, 0.5 * few) or count == total):
            scores[mark] = count / total * math.log2(width) * (1.2 if mark == usual else 1)
            most = max(most, count)
    return max(scores, key=scores.__getitem__) if scores else usual


def _widths(lines: list[str], mark: str) -> Counter:
    """How many rows have which number of cells; none where a quotation does not end."""
    try:
        return Counter(len(row) for row in csv.reader(lines, delimiter=mark, skipinitialspace=True))
    except csv.Error:
        return Counter()


def _mode(widths: Counter) -> tuple[int, int]:
    """The commonest width of two cells or more, and how many rows have it."""
    return max(
        ((one, number) for one, number in widths.items() if one > 1), key=lambda pair: pair[1], default=(0, 0)
    )


def _rows(rows: Sequence[Sequence], path) -> np.ndarray:
    """Rows of unequal length as an array, padded with None; blank cells are None; empty rows and columns at the end
    fall."""
    kept: list[list] = []
    for row in rows:
        one = [cell if cell and not cell.isspace() else None for cell in row]
        while one and one[-1] is None:
            one.pop()
        kept.append(one)
    while kept and not kept[-1]:
        kept.pop()
    height, width = len(kept), max(map(len, kept), default=0)
    _fits(height, width, path)
    cells = np.full((height, width), None, dtype=object)
    for place, one in enumerate(kept):
        cells[place, : len(one)] = one
    return cells


def _fits(height: int, width: int, path, limit: int = CELLS, sheet: str = "") -> None:
    if width > COLUMNS:
        raise _refused("columns", path, sheet=sheet, limit=f"{COLUMNS:,}", count=f"{width:,}")
    if height * width > limit:
        raise _refused("cells", path, sheet=sheet, limit=f"{limit:,}")


# --- workbooks -------------------------------------------------------------------------------------------------------


def _opened(path, kind: str):
    from fire.workbooks import opened  # openpyxl takes a tenth of a second, and a text file needs none of it

    return opened(path, kind)


def _sheet(path, kind: str, sheet: str | None, hidden: bool) -> Grid:
    book = _opened(path, kind)
    open_ones = [name for name, visible in book.sheets.items() if visible or hidden]
    names = ", ".join(book.sheets if sheet else open_ones or book.sheets)
    if sheet is None and len(open_ones) != 1:
        raise _refused("which", path, names=names)
    name = open_ones[0] if sheet is None else _called(sheet, list(book.sheets))
    if name is None:
        raise _refused("no_sheet", path, asked=sheet, names=names)
    found = book.read(name)
    unseen = [one for one, visible in book.sheets.items() if not visible and one != name]
    notes = [Finding("grids.hidden_sheets", path, names=", ".join(unseen))] if unseen else []
    return _grid(path, name, *_placed(found, path, name, notes))


def _called(sheet: str, names: list[str]) -> str | None:
    """The sheet of that name; blanks around it and the width of its letters apart."""
    if sheet in names:
        return sheet
    plain = {unicodedata.normalize("NFKC", name).strip(): name for name in names}
    return plain.get(unicodedata.normalize("NFKC", str(sheet)).strip())


def _placed(found, path, name: str, notes: list) -> tuple[np.ndarray, list, list]:
    """The cells of a `workbooks.Sheet` as an array, its merged ranges, and notes on what is hidden among them."""
    rows, columns = np.array(found.rows, dtype=int), np.array(found.columns, dtype=int)
    height, width = (place.max(initial=-1) + 1 for place in (rows, columns))
    if height * width > CELLS:  # few cells, far from each other
        wide = columns.max() > 4 * len(set(found.columns))
        last = (columns if wide else rows).argmax()
        raise _refused("far", path, sheet=name, cell=address(int(rows[last]), int(columns[last])))
    cells = np.full((height, width), None, dtype=object)
    values = np.empty(len(found.values), dtype=object)
    values[:] = found.values
    cells[rows, columns] = values
    for rule, hidden, used, said in (
        ("hidden_rows", found.hidden_rows, set(found.rows), lambda row: f"{row + 1}"),
        ("hidden_columns", found.hidden_columns, set(found.columns), lambda one: address(0, one)[:-1]),
    ):
        if there := sorted(hidden & used):
            names = ", ".join(map(said, there[:20])) + (" …" if len(there) > 20 else "")
            notes.append(Finding(f"grids.{rule}", path, sheet=name, names=names, count=len(there)))
    merged = [one for one in found.merged if one[0] < height and one[1] < width]
    return cells, merged, notes


# --- stored tables ---------------------------------------------------------------------------------------------------


def _stored(path, kind: str) -> np.ndarray:
    """A Stata, Parquet or Feather file; its column names are row 1."""
    from pyarrow import feather, parquet

    try:
        if kind == "dta":
            frame = _stata(path)
            _fits(len(frame) + 1, frame.shape[1], path, STORED)
            return _columns(list(frame), [column.astype(object).tolist() for _, column in frame.items()])
        if kind == "parquet":
            size = parquet.read_metadata(path)
            _fits(size.num_rows + 1, size.num_columns, path, STORED)
            return _arrow(parquet.read_table(path, partitioning=None), path)
        return _arrow(feather.read_table(path), path)
    except InputError:
        raise
    except Exception as error:  # every way in which such a file can be damaged
        raise _refused("damaged", path, what=type(error).__name__) from None


def _arrow(found, path) -> np.ndarray:
    _fits(found.num_rows + 1, found.num_columns, path, STORED)
    found.validate(full=True)  # a damaged file would end the whole process
    return _columns(found.column_names, [column.to_pylist() for column in found.columns])


def _columns(names: Sequence, columns: Sequence[list]) -> np.ndarray:
    cells = np.full((len(columns[0]) + 1 if columns else 0, len(names)), None, dtype=object)
    for place, (name, column) in enumerate(zip(names, columns)):
        cells[0, place] = str(name)
        cells[1:, place] = np.fromiter(map(_plain, column), dtype=object, count=len(column))
    return cells


def _plain(value):
    """A stored value as a cell: None, str, int, float, bool or datetime."""
    if value is None or value is pd.NaT or value is pd.NA or isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime(warn=False)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, Decimal):
        return float(value)
    return value.item() if isinstance(value, np.generic) else str(value)


def _stata(path) -> pd.DataFrame:
    """A Stata file with its value labels. Before version 14 its texts carry no encoding: found out as for a text."""
    try:
        frame = pd.read_stata(path)
    except ValueError:  # labels that are not unique: the numbers stand
        frame = pd.read_stata(path, convert_categoricals=False)
    if Path(path).read_bytes()[:1] == b"<" and b"<release>117" not in Path(path).read_bytes()[:60]:
        return frame
    texts = {name: frame[name].astype(object) for name in frame if frame[name].dtype.kind not in "biufM"}
    words = {
        *map(str, frame.columns),
        *(one for column in texts.values() for one in column if isinstance(one, str)),
    }
    try:
        raw = "\n".join(sorted(word for word in words if not word.isascii())).encode("latin-1")
    except UnicodeEncodeError:
        return frame
    encoding = _encoding(raw, path) if raw else "latin-1"

    def read_again(word):
        return word.encode("latin-1").decode(encoding) if isinstance(word, str) else word

    return frame.assign(**{name: column.map(read_again) for name, column in texts.items()}).rename(
        columns=read_again
    )


# --- databases -------------------------------------------------------------------------------------------------------


def table(database: Path | str, name: str) -> Grid:
    """A table `name` ("panel", "public.panel") of a database, column names as row 1, read only.

    `database`: the name of an environment variable that holds a PostgreSQL URL or a DuckDB path; or such a URL or path.
    No message shows the URL. InputError: no such variable, database or table, no right to read, too slow, too large.
    """
    where, said = str(database), str(database)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", where) and not Path(where).exists():
        if not (where := os.environ.get(where, "").strip()):
            raise _refused("variable", said, name=said)
    elif "://" in where or "=" in where:
        said = "PostgreSQL"
    parts = name.split(".")
    if not all(parts) or len(parts) > 3 or "\0" in name:
        raise _refused("no_table", said, name=name, tables="")
    reader = _postgres if re.match(r"postgres(ql)?://", where) or "=" in where else _duckdb
    names, columns = reader(where, said, parts)
    return _grid(said, name, _columns(names, columns))


def _postgres(url: str, said: str, parts: list[str]) -> tuple[list, list]:
    import psycopg
    from psycopg import sql

    ask = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*parts))
    limit = (
        f"-c default_transaction_read_only=on -c statement_timeout={SECONDS * 1000} -c client_encoding=UTF8"
    )
    try:
        link = psycopg.connect(url, options=limit, connect_timeout=10, application_name="fire")
    except (psycopg.Error, ValueError):
        raise _refused("connect", said) from None
    with link:
        try:
            with link.cursor("grid") as cursor:
                cursor.execute(ask)
                rows = cursor.fetchmany(1000)
                names, bound = [one.name for one in cursor.description or ()], STORED
                while rows and (more := cursor.fetchmany(10_000)):
                    rows += more
                    _fits(len(rows) + 1, len(names), said, bound)
                return names, [list(column) for column in zip(*rows)] or [[] for _ in names]
        except psycopg.errors.UndefinedTable:
            link.rollback()
            found = link.execute(
                "SELECT table_schema || '.' || table_name FROM information_schema.tables "
                "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 20"
            )
            tables = ", ".join(row[0] for row in found)
            raise _refused("no_table", said, name=".".join(parts), tables=tables) from None
        except psycopg.errors.InsufficientPrivilege:
            raise _refused("no_right", said, name=".".join(parts)) from None
        except psycopg.errors.QueryCanceled:
            raise _refused("slow", said, name=".".join(parts), seconds=SECONDS) from None
        except psycopg.errors.ReadOnlySqlTransaction:
            raise _refused("writes", said, name=".".join(parts)) from None
        except psycopg.Error as error:
            raise _refused("query", said, name=".".join(parts), what=type(error).__name__) from None


def _duckdb(path: str, said: str, parts: list[str]) -> tuple[list, list]:
    import duckdb

    if not Path(path).is_file():
        raise _refused("absent", said)
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    try:
        with duckdb.connect(path, read_only=True, config={"enable_external_access": "false"}) as link:
            try:
                count = link.execute(f"SELECT count(*) FROM {quoted}").fetchone()
                names = [one[0] for one in link.execute(f"SELECT * FROM {quoted} LIMIT 0").description]
            except duckdb.CatalogException:
                tables = ", ".join(row[0] for row in link.execute("SHOW TABLES").fetchall()[:20])
                raise _refused("no_table", said, name=".".join(parts), tables=tables) from None
            _fits((count or (0,))[0] + 1, len(names), said, STORED)
            rows: Iterable = link.execute(f"SELECT * FROM {quoted}").fetchall()
    except duckdb.Error:
        raise _refused("duckdb", said) from None
    return names, [list(column) for column in zip(*rows)] or [[] for _ in names]
