"""Small tables that a person types: read by their Frictionless schema, refused with every fault at once.

    tables.read("data/policies.csv", "policies", allowed={"city": cities})

A schema (data/schemas/<name>.json) gives the columns with type (string, integer, number, date) and constraints
(required, unique, enum, minimum, maximum) and the primary key. Read as Excel saves them: UTF-8 or GB18030, thousands
separators, full-width digits, days as 2023-05-18, 2023/5/18 or 2023年5月18日.
"""

from functools import cache
from pathlib import Path

import pandas as pd

from fire import files
from fire.cells import day
from fire.errors import refuse
from fire.index.spec_faults import suggest

SCHEMAS = files.DATA / "schemas"


@cache
def schema(name: str) -> dict:
    """A Frictionless Table Schema of data/schemas."""
    return files.read_json(SCHEMAS / f"{name}.json")


def columns(name: str) -> list[str]:
    """The columns of a schema, in order."""
    return [field["name"] for field in schema(name)["fields"]]


def read(path: Path | str, name: str, allowed: dict | None = None, also=(), sheet: str | None = None):
    """A CSV, or a sheet of a workbook, by the schema `name`: numbers as float, integers as Int64, days as timestamps.

    `allowed`: further allowed values by column, known only at run time (cities, topics, indicators). `also`: functions
    of the typed frame that give further faults, "row 3, column 'x': …". Other columns stay as they are.
    Raises InputError with every fault: file, row (the header is row 1), column and what to type instead.
    """
    table, what = files.read_table(path, sheet)
    table, faults = check(table, name, allowed)
    if not any(fault.startswith("row 1:") for fault in faults):
        faults += [fault for rule in also for fault in rule(table)]
    refuse(what, faults)
    return table


def check(table: pd.DataFrame, name: str, allowed: dict | None = None) -> tuple[pd.DataFrame, list[str]]:
    """A table of texts in the types of the schema `name`, and its faults, each beginning with row and column."""
    fields = {field["name"]: field for field in schema(name)["fields"]}
    missing = [f"row 1: column '{column}' is missing: add it" for column in fields if column not in table]
    if missing:
        return table, missing
    texts, faults = (
        table.map(_stripped).set_axis(files.rows(table)),
        [],
    )  # rows by the number that a person sees
    typed = texts.copy()
    for column, field in fields.items():
        limits = field.get("constraints", {})
        typed[column], found = _typed(texts[column], field)
        faults += found
        known = (allowed or {}).get(column, limits.get("enum"))
        faults += [] if known is None else _unlisted(texts[column], list(known))
        if limits.get("required"):
            such = f", such as {field['example']}" if "example" in field else ""
            faults += [_at(row, column, f"empty: fill it in{such}") for row in _rows(texts[column].isna())]
        for side, beyond in (("minimum", typed[column].lt), ("maximum", typed[column].gt)):
            if side in limits:
                word = "below" if side == "minimum" else "above"
                bad = beyond(limits[side]).fillna(False)
                faults += [
                    _at(row, column, f"{texts[column][row]} is {word} {limits[side]}: correct it")
                    for row in _rows(bad)
                ]
        if limits.get("unique"):
            faults += _doubled(texts, [column])
    key = schema(name).get("primaryKey", [])
    if key and not (len(key) == 1 and fields[key[0]].get("constraints", {}).get("unique")):
        faults += _doubled(texts, key)
    return typed.set_axis(table.index), faults


def _stripped(cell):
    return (cell.strip() or None) if isinstance(cell, str) else None if pd.isna(cell) else str(cell)


def _at(row: int, column: str, fault: str) -> str:
    return f"row {row}, column '{column}': {fault}"


def _rows(bad: pd.Series) -> list[int]:
    return list(bad.index[bad.to_numpy(dtype=bool)])


def _typed(texts: pd.Series, field: dict) -> tuple[pd.Series, list[str]]:
    """A column in its type, and the cells that do not fit."""
    name, kind = field["name"], field["type"]
    if kind in ("number", "integer"):
        numbers, faults = files.to_number(texts, "", name)
        faults = [fault.removeprefix(": ") for fault in faults]
        if kind == "number":
            return numbers, faults
        broken = numbers.mod(1).gt(0)
        faults += [_at(row, name, f"'{texts[row]}' is no whole number: correct it") for row in _rows(broken)]
        return numbers.mask(broken).astype("Int64"), faults
    if kind == "date":
        days = texts.map(day, na_action="ignore")
        wrong = texts.notna() & days.isna()
        return pd.to_datetime(days), [
            _at(row, name, f"'{texts[row]}' is not a date: type it as 2023-05-18") for row in _rows(wrong)
        ]
    return texts, []


def _unlisted(texts: pd.Series, known: list) -> list[str]:
    """Cells that are none of the known values."""
    return [
        _at(row, texts.name, f"'{texts[row]}' is unknown" + suggest(texts[row], known))
        for row in _rows(texts.notna() & ~texts.isin(known))
    ]


def _doubled(texts: pd.DataFrame, key: list[str]) -> list[str]:
    """Rows whose key stands above already."""
    if len(key) == 1:
        doubles = texts[key[0]].duplicated() & texts[key[0]].notna()
        return [
            _at(row, key[0], f"'{texts[key[0]][row]}' stands above already: remove one row")
            for row in _rows(doubles)
        ]
    return [
        f"row {row}: the key ({', '.join(key)}) stands above already: remove one row"
        for row in _rows(texts.duplicated(key))
    ]
