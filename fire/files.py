"""Reading tables as economists save them, and writing files so that a killed run leaves no half file."""

import hashlib
import json
import os
import unicodedata
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pandas as pd
import yaml

from fire.errors import InputError, refuse

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
REPORTS = ROOT / "reports"


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
    """Text of a file in UTF-8 (with or without mark) or GB18030, the two encodings Excel gives in China."""
    raw = Path(path).read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}", ["neither UTF-8 nor GB18030: save it from Excel as 'CSV UTF-8'"])


def read_csv(path: Path | str, **options) -> pd.DataFrame:
    """Read a CSV in UTF-8 or GB18030, every cell as text, empty cells as missing.

    Header names are stripped and width-normalised (full-width letters become plain). Raises InputError for a
    missing or empty file and for duplicated column names.
    """
    if not Path(path).exists():
        raise InputError(f"{path}", ["the file does not exist"])
    text = decode(path)
    if not text.strip():
        raise InputError(f"{path}", ["the file is empty: it needs a header row and data"])
    try:
        cells = pd.read_csv(
            StringIO(text),
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            header=None,
            **options,
        )
    except pd.errors.ParserError as error:
        raise InputError(f"{path}", [f"{error}: every row needs as many commas as the header"]) from None
    return _headed(cells, f"{path}")


def read_table_with(path: Path | str, columns: list[str]) -> pd.DataFrame:
    """`read_csv`, refused with every one of `columns` that is missing."""
    table = read_csv(path)
    refuse(f"{path}", [f"row 1: column '{name}' is missing: add it" for name in columns if name not in table])
    return table


class _Strict(yaml.SafeLoader):
    """YAML that refuses a key twice."""


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for (key, _), name in reversed(list(zip(node.value, keys))):
        if keys.count(name) > 1:
            raise yaml.YAMLError(f"line {key.start_mark.line + 1}: '{name}' stands twice: keep one")
    return {name: loader.construct_object(value, deep=True) for name, (_, value) in zip(keys, node.value)}


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path | str) -> dict:
    """The mapping in a YAML file (UTF-8 or GB18030). InputError names the line of tabs, doubled keys and bad syntax."""
    text = decode(path)
    tabs = [
        f"line {row}: a tab: type blanks instead"
        for row, line in enumerate(text.splitlines(), 1)
        if "\t" in line.partition("#")[0]
    ]
    refuse(f"{path}", tabs)
    try:
        table = yaml.load(text, _Strict)
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}", [f"{where}{error.problem}: mend that line (key: value)"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path}", [" ".join(str(error).split())]) from None
    if not isinstance(table, dict):
        raise InputError(f"{path}", ["it holds no lines of the form `key: value`"])
    return table


def read_json(path: Path | str) -> dict:
    """A JSON file; InputError that names the line when it is damaged."""
    try:
        return json.loads(decode(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}", [f"line {error.lineno}: damaged ({error.msg}): put back the file as it was"]
        ) from None


def digest(path: Path | str) -> str:
    """SHA-256 of a file, line endings apart, so that a clone on Windows gives the same."""
    return hashlib.sha256(Path(path).read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def free(path: Path) -> Path:
    """The path itself, or one with a number behind it where a file is there already."""
    taken = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 10_000))
    return path if not path.exists() else next(one for one in taken if not one.exists())


def _headed(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """A table with its first row as column names, stripped and width-normalised; refused when two are the same."""
    header = [unicodedata.normalize("NFKC", str(name)).strip() for name in frame.iloc[0]]
    doubles = sorted({name for name in header if header.count(name) > 1})
    refuse(what, [f"row 1: column '{name}' appears twice: rename one" for name in doubles])
    return frame.iloc[1:].reset_index(drop=True).set_axis(header, axis=1)


def read_table(path: Path | str, sheet: str | None = None) -> tuple[pd.DataFrame, str]:
    """A CSV, or one sheet of an Excel workbook (which one may be left out when there is only one), read as `read_csv`
    does; and what to call it in messages."""
    if not Path(path).suffix.lower().startswith(".xls"):
        return read_csv(path), f"{path}"
    if not Path(path).exists():
        raise InputError(f"{path}", ["the file does not exist"])
    try:
        book = pd.ExcelFile(path, engine="openpyxl")
    except Exception as error:  # openpyxl has a kind of error for each way to be no workbook
        raise InputError(
            f"{path}", ["not a workbook that can be read: save it from Excel as .xlsx, or as 'CSV UTF-8'"]
        ) from error
    with book:
        names = book.sheet_names
        one = sheet if sheet is not None or len(names) > 1 else names[0]
        refuse(
            f"{path}",
            []
            if one in names
            else [
                (f"no sheet '{sheet}'" if sheet else "which sheet?")
                + f": add sheet= one of {', '.join(names)}"
            ],
        )
        frame = pd.read_excel(
            book, sheet_name=one, header=None, dtype=str, keep_default_na=False, na_values=[""]
        )
    what = f"{path}, sheet '{one}'"
    refuse(what, ["the sheet is empty: it needs a header row and data"] if frame.empty else [])
    return _headed(frame, what), what


def to_number(
    cells: pd.Series, path: Path | str, column: str, first_row: int = 2
) -> tuple[pd.Series, list[str]]:
    """Turn text cells into floats; full-width digits and thousands separators are read.

    Returns the numbers (missing stays missing) and a list of faults, one for each cell that is no number, named
    by file, row (as Excel counts, header = 1) and column.
    """
    clean = (
        cells.astype("string")
        .map(lambda cell: unicodedata.normalize("NFKC", cell).strip(), na_action="ignore")
        .astype("string")
        .str.replace(r"(?<=\d)[,\u00a0 ](?=\d{3}(?:\D|$))", "", regex=True)
        .replace({"": pd.NA})
    )
    numbers = pd.to_numeric(clean, errors="coerce").astype(float)
    bad = clean.notna() & (numbers.isna() | numbers.abs().eq(float("inf")))
    faults = [
        f"{path}: row {position + first_row}, column '{column}': '{cells.iloc[position]}' is not a number: "
        f"type it with digits and one decimal point"
        for position in bad.to_numpy().nonzero()[0]
    ]
    return numbers, faults
