"""Small tables that a person types: read by their Frictionless schema, refused with every fault at once.

    tables.read("data/policies.csv", "policies", allowed={"city": cities})

A schema (data/schemas/<name>.json) gives the columns with type (string, integer, number, date) and constraints
(required, unique, enum, minimum, maximum) and the primary key. Read as Excel saves them: UTF-8 or GB18030, thousands
separators, full-width digits, days as 2023-05-18, 2023/5/18 or 2023年5月18日.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.cells import day
from fire.errors import Finding, nearest, refuse

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
    of the typed frame that give further faults. Other columns stay as they are.
    Raises InputError with every fault: file, row (the header is row 1), column and what to type instead.
    """
    table, what = files.read_table(path, sheet)
    refuse(what, files.lacking(table, columns(name)))
    table, faults = check(table, name, allowed)
    refuse(what, faults + [fault for rule in also for fault in rule(table)])
    return table


def check(table: pd.DataFrame, name: str, allowed: dict | None = None) -> tuple[pd.DataFrame, list[Finding]]:
    """A table of texts in the types of the schema `name`, and its faults, each with row and column."""
    fields = {field["name"]: field for field in schema(name)["fields"]}
    missing = files.lacking(table, fields)
    if missing:
        return table, missing
    texts, faults = table.map(_stripped), []
    typed = texts.copy()
    for column, field in fields.items():
        limits, cells = field.get("constraints", {}), texts[column]
        typed[column], found = _typed(cells, field)
        faults += found
        known = (allowed or {}).get(column, limits.get("enum"))
        faults += [] if known is None else _unlisted(cells, list(known))
        if limits.get("required"):
            faults += [_empty(cells, row, field.get("example", "")) for row in _rows(cells.isna())]
        for side, rule in (("minimum", "below"), ("maximum", "above")):
            if side in limits:
                beyond = getattr(typed[column], "lt" if side == "minimum" else "gt")(limits[side])
                faults += [_at(rule, cells, row, limit=limits[side]) for row in _rows(beyond.fillna(False))]
        if limits.get("unique"):
            faults += _doubled(texts, [column])
    key = schema(name).get("primaryKey", [])
    if key and not (len(key) == 1 and fields[key[0]].get("constraints", {}).get("unique")):
        faults += _doubled(texts, key)
    return typed, faults


def _stripped(cell):
    return (cell.strip() or None) if isinstance(cell, str) else None if pd.isna(cell) else str(cell)


def _at(rule: str, cells: pd.Series, row: int, **values) -> Finding:
    """A fault of a cell, by its position in the column."""
    return Finding(f"tables.{rule}", **files.spot(cells, row, cells.name), value=cells.iloc[row], **values)


def _empty(cells: pd.Series, row: int, example: str = "") -> Finding:
    return _at("empty_such", cells, row, such=example) if example else _at("empty", cells, row)


def _rows(bad: pd.Series) -> list[int]:
    return np.flatnonzero(bad.to_numpy(dtype=bool)).tolist()


def _typed(cells: pd.Series, field: dict) -> tuple[pd.Series, list[Finding]]:
    """A column in its type, and the cells that do not fit."""
    kind = field["type"]
    if kind in ("number", "integer"):
        numbers, faults = files.to_number(cells)
        if kind == "number":
            return numbers, faults
        broken = numbers.mod(1).gt(0)
        faults += [_at("whole", cells, row) for row in _rows(broken)]
        return numbers.mask(broken).astype("Int64"), faults
    if kind == "date":
        days = cells.map(day, na_action="ignore")
        return pd.to_datetime(days), [_at("date", cells, row) for row in _rows(cells.notna() & days.isna())]
    return cells, []


def _unlisted(cells: pd.Series, known: list) -> list[Finding]:
    """Cells that are none of the known values."""
    wrong = _rows(cells.notna() & ~cells.isin(known))
    return [_at("unknown", cells, row, **nearest(cells.iloc[row], known)) for row in wrong]


def _doubled(texts: pd.DataFrame, key: list[str]) -> list[Finding]:
    """Rows whose key stands above already."""
    again = _rows(texts.duplicated(key) & texts[key].notna().any(axis=1))
    column, named = key[0] if len(key) == 1 else "", texts[key].fillna("")
    return [
        Finding("tables.twice", **files.spot(texts, row, column), value=", ".join(named.iloc[row]))
        for row in again
    ]
