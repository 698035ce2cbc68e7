"""Reading tables as economists save them, and writing files so that a killed run leaves no half file."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from fire import grids
from fire.cells import Percent, numbers
from fire.errors import ROOT, Finding, InputError, refuse

DATA = ROOT / "data"
REPORTS = ROOT / "reports"
SYSTEM = {
    **dict.fromkeys([errno.ENOSPC, errno.EDQUOT, errno.EFBIG], "space"),
    **dict.fromkeys([errno.EACCES, errno.EPERM, errno.EROFS], "right"),
    **dict.fromkeys([errno.EMFILE, errno.ENFILE], "open"),
    **dict.fromkeys([errno.ENOMEM, errno.EAGAIN], "memory"),
    **dict.fromkeys([errno.ENOENT, errno.ESTALE, errno.ENOTDIR, errno.EISDIR, errno.EIO], "gone"),
    errno.ENAMETOOLONG: "long",
}
ROOM = 2**20  # bytes free below which a disk counts as full


@contextmanager
def atomic_path(path: Path | str):
    """Yield a temporary path beside `path`; it becomes `path` only when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """Write `text` as UTF-8 with LF, atomically."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def write_csv(
    frame: pd.DataFrame, path: Path | str, index: bool = False, excel: bool = False, **options
) -> Path:
    """Write a CSV atomically; `excel` adds the byte-order mark by which Excel recognises UTF-8."""
    with atomic_path(path) as part:
        frame.to_csv(
            part, index=index, encoding="utf-8-sig" if excel else "utf-8", lineterminator="\n", **options
        )
    return Path(path)


def decode(path: Path | str) -> str:
    """Text of a file in whatever encoding it is (`grids.decode`), with LF."""
    return grids.decode(path)[0]


def read_csv(path: Path | str) -> pd.DataFrame:
    """`read_table` of a file with one table."""
    return read_table(path)[0]


def read_table_with(path: Path | str, columns: list[str]) -> pd.DataFrame:
    """`read_csv`, refused with every one of `columns` that is missing."""
    table = read_csv(path)
    refuse(f"{path}", lacking(table, columns))
    return table


def lacking(table: pd.DataFrame, columns) -> list[Finding]:
    """A finding for each of `columns` that a table just read has not."""
    place = spot(table) | {"row": int(_lines(table)[0])}
    return [Finding("tables.column", **place, value=name) for name in columns if name not in table]


class _Strict(yaml.SafeLoader):
    """YAML that refuses a key twice; `name` is the file."""

    def __init__(self, text: str, name: str):
        super().__init__(text)
        self.name = name


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for (key, _), name in reversed(list(zip(node.value, keys))):
        if isinstance(name, list | dict):
            refuse(loader.name, [Finding("files.key", loader.name, line=key.start_mark.line + 1)])
        if keys.count(name) > 1:
            refuse(
                loader.name, [Finding("files.twice", loader.name, value=name, line=key.start_mark.line + 1)]
            )
    return {name: loader.construct_object(value, deep=True) for name, (_, value) in zip(keys, node.value)}


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path | str) -> dict:
    """The mapping in a YAML file (UTF-8 or GB18030). InputError names the line of tabs, of colons, doubled keys and bad syntax."""
    what = f"{path}"
    refuse(what, [] if Path(path).is_file() else [Finding("files.no_file", what)])
    text = decode(path)
    lines = text.splitlines()
    refuse(
        what,
        [
            Finding("files.tab", what, line=row)
            for row, line in enumerate(lines, 1)
            if "\t" in line.partition("#")[0]
        ],
    )
    try:
        table = _Strict(text, what).get_single_data()
    except InputError:
        raise
    except yaml.MarkedYAMLError as error:
        raise InputError(what, [_slip(what, lines, error)]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(what, [Finding("files.value", what, what=" ".join(str(error).split()))]) from None
    if not isinstance(table, dict):
        slips = (_colon(what, lines, at) for at in range(len(lines)))
        first = next((one for one in slips if one), None) if isinstance(table, str) else None
        raise InputError(what, [first or Finding("files.lines", what)])
    return table


def _slip(what: str, lines: list[str], error: yaml.MarkedYAMLError) -> Finding:
    """What is wrong with a YAML file, at the line where the bad text stands: PyYAML marks where it gave up."""
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    marked = max(marks, default=0)
    before = [at for at in range(marked) if lines[at : at + 1] and lines[at].partition("#")[0].strip()]
    for at in dict.fromkeys([*marks, marked, *before[-1:]]):
        if found := _colon(what, lines, at):
            return found
    simple = error.context == "while scanning a simple key"
    at = marks[0] if simple or marked >= len(lines) else marked
    seen = "".join(lines[at : at + 1]).strip()
    return Finding("files.syntax", what, value=seen, line=at + 1, what=error.problem)


def _colon(what: str, lines: list[str], at: int) -> Finding | None:
    """The slip of a line whose colon is no colon of YAML: full-width, or without a blank behind it."""
    line = "".join(lines[at : at + 1]).partition("#")[0].rstrip()
    slip = re.match(r"\s*(?:- +)?[^\s:：\"'\[{]+(：|:(?=[^\s/]))", line)
    if slip is None or re.search(":(?: |$)", line):
        return None
    return Finding(f"files.{'colon' if slip[1] == '：' else 'blank'}", what, value=line.strip(), line=at + 1)


def read_json(path: Path | str) -> dict:
    """A JSON file; InputError that names the line when it is damaged."""
    return parsed_json(decode(path), path)


def parsed_json(text: str | bytes, path: Path | str) -> dict:
    """What a JSON text says; InputError that names its file and the line when it is damaged."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}", [Finding("tables.damaged", path, line=error.lineno, what=error.msg)]
        ) from None


def digest(path: Path | str) -> str:
    """SHA-256 of a file, line endings apart, so that a clone on Windows gives the same."""
    return hashlib.sha256(Path(path).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def free(path: Path) -> Path:
    """The path itself, or one with a number behind it where a file is there already."""
    taken = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 10_000))
    return path if not path.exists() else next(one for one in taken if not one.exists())


def _headed(grid: grids.Grid, what: str) -> pd.DataFrame:
    """A grid with its first row as column names, stripped and width-normalised, every cell as text; blank rows and
    columns are skipped, and `rows` remembers them. Refused when two names are the same, or one is missing."""
    cells = grid.cells.to_numpy()
    there = grid.cells.notna().to_numpy()
    rows, columns = there.any(axis=1), there.any(axis=0)
    head, *body = rows.nonzero()[0]
    names = [unicodedata.normalize("NFKC", _text(name) or "").strip() for name in cells[head, columns]]
    place = {"file": grid.file, "sheet": grid.sheet or ""}
    faults: list[str] = [
        Finding("tables.column_twice", **place, row=head + 1, value=name)
        for name, count in sorted(Counter(names).items())
        if count > 1 and name
    ]
    for column, name in zip(columns.nonzero()[0], names):
        if not name:
            row = int(there[:, column].argmax())
            at = grids.address(row, int(column))
            faults.append(Finding("grids.heading", **place, cell=at, head=head + 1))
    refuse(what, faults)
    texts = cells[np.ix_(body, columns)]
    if any(not isinstance(cell, str) for cell in texts.flat):
        texts = np.array([[_text(cell) for cell in row] for row in texts], dtype=object).reshape(texts.shape)
    table = pd.DataFrame(texts, columns=names, dtype=object).astype("str")
    table.attrs |= place
    if len(body) + 1 < len(rows):
        blank = np.flatnonzero(~rows) + 1
        ends = np.flatnonzero(np.diff(blank, prepend=-1, append=len(rows) + 9) > 1)
        table.attrs["blank"] = tuple(
            (int(blank[start]), int(blank[end - 1])) for start, end in zip(ends, ends[1:])
        )
    return table


def _text(cell) -> str | None:
    """A cell as text: whole numbers without a decimal point, 0.123 formatted in per cent as 12.3%."""
    if isinstance(cell, Percent):
        return f"{100 * cell:.12g}%"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else float.__repr__(cell)
    return cell if cell is None or isinstance(cell, str) else str(cell)


def rows(table: pd.DataFrame | pd.Series) -> np.ndarray:
    """The row of the file in which each row of a table just read, or of a column of it, stands, as Excel counts."""
    return _lines(table)[1:]


def _lines(table: pd.DataFrame | pd.Series) -> np.ndarray:
    """`rows`, with the row of the headings before them."""
    return _lines_of(len(table), table.attrs.get("blank", ()))


@lru_cache(maxsize=4)
def _lines_of(count: int, ranges: tuple) -> np.ndarray:
    blank = [row for first, last in ranges for row in range(first, last + 1)]
    lines = np.setdiff1d(np.arange(1, count + len(blank) + 2), blank)
    lines.setflags(write=False)
    return lines


def spot(table: pd.DataFrame | pd.Series, position: int | None = None, column: str = "") -> dict:
    """The place of a row of a table just read, or of a column of it, as findings name it: file, sheet, row, column."""
    at = None if position is None else int(rows(table)[position])
    return {name: table.attrs.get(name, "") for name in ("file", "sheet")} | {"row": at, "column": column}


def read_table(path: Path | str, sheet: str | None = None) -> tuple[pd.DataFrame, str]:
    """A table file of any kind (`grids.read`), its first row as column names, every cell as text, empty cells as missing;
    and what to call it in messages.

    Raises InputError for a file that is missing, empty, garbled or no table, and for doubled or missing column names.
    """
    grid = grids.read(path, sheet)
    what = f"{path}, sheet '{grid.sheet}'" if grid.sheet else f"{path}"
    return _headed(grid, what), what


def disturbed(error: BaseException | None = None) -> Finding | None:
    """What the machine, not the data, did to a run: a full disk, a folder that may not be written, too little memory.

    None when the error is of another kind and every disk that is written to has room.
    """
    here, seen = error, set()
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        short = isinstance(here, MemoryError) or "failed to map segment" in f"{here}"  # of a library
        rule = "memory" if short else SYSTEM.get(getattr(here, "errno", None) or 0)
        if rule:
            return Finding(f"files.{rule}", getattr(here, "filename", None) or "")
        here = here.__cause__ or here.__context__
    for folder in (ROOT / "build", REPORTS, Path(tempfile.gettempdir())):
        if folder.exists() and shutil.disk_usage(folder).free < ROOM:
            return Finding("files.space", folder)
    return None


def to_number(cells: pd.Series) -> tuple[pd.Series, list[Finding]]:
    """Turn a column of a table just read into floats, as `fire.cells` reads them; full-width digits and thousands
    separators are read.

    Returns the numbers (missing stays missing) and a list of faults, one for each cell that is no number, named
    by file, row (as Excel counts, header = 1) and column. Nothing is listed here, so what takes a decision to read (a
    dash for missing, 1.2亿, 12.3%, a footnote mark) is a fault too.
    """
    at, place = rows(cells), spot(cells, column=cells.name)
    values, found = numbers(cells, lambda position: place | {"row": int(at[position])})
    faults = [
        one if one.level == "error" else Finding("cells.text", **one.place, value=one.value)
        for one in found
        if one.rule != "cells.blanks"
    ]
    return values.mask(np.isin(at, [one.place["row"] for one in faults])), faults
