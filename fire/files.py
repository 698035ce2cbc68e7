"""Reading tables as economists save them, and writing files so that a killed run leaves no half file."""

import os
import unicodedata
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from fire.errors import InputError, refuse

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
REPORTS = ROOT / "reports"
FACTS = ROOT / "studies" / "printed2022" / "data"  # printed facts; leaves with the edition that owns them


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
    from io import StringIO

    if not Path(path).exists():
        raise InputError(f"{path}", ["the file does not exist"])
    text = decode(path)
    if not text.strip():
        raise InputError(f"{path}", ["the file is empty: it needs a header row and data"])
    return headed(
        pd.read_csv(
            StringIO(text),
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            header=None,
            **options,
        ),
        f"{path}",
    )


def headed(frame: pd.DataFrame, what: str) -> pd.DataFrame:
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
    return headed(frame, what), what


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
