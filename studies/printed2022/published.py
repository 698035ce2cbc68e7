"""What the report and four smaller sources printed: the tables of data/, typed and checked against their data package.

>>> load("nodes").loc[1, "name_zh"]
'要素基础'
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.errors import InputError, refuse
from fire.index.rounding import half_digit

FOLDER = Path(__file__).parent / "data"
BASE, YEAR = 2020, 2021  # the index years that the report speaks of: growth is counted from the first
FOCUS = "粤港澳大湾区"  # the region whose cities it gives a tier and a profile
DIGITS = ("value", "decimals")


@cache
def schemas(folder: Path = FOLDER) -> dict[str, dict]:
    """Schema of each table by name, as datapackage.json states it."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["name"]: resource["schema"] for resource in package["resources"]}


def names() -> list[str]:
    """Names of the tables."""
    return list(schemas())


def load(name: str, folder: Path = FOLDER) -> pd.DataFrame:
    """One table with integers, numbers and text by its schema; row order is that of the file.

    Where the table prints digits, the column `printed_text` keeps them as printed. Raises InputError for an unknown
    table, a cell of the wrong type, a value whose decimals do not match its digits, an unknown unit or node, or an
    undefined erratum.
    """
    if name not in schemas(folder):
        raise InputError(
            f"published facts '{name}'", [f"no such table: use one of {', '.join(schemas(folder))}"]
        )
    path = folder / f"{name}.csv"
    return _table(name, folder, path.stat().st_mtime_ns if path.exists() else 0).copy()


@cache
def _table(name: str, folder: Path, changed: int) -> pd.DataFrame:
    """One table, read once until its file changes."""
    path = folder / f"{name}.csv"
    text = files.read_csv(path)
    fields = {field["name"]: field for field in schemas(folder)[name]["fields"]}
    refuse(f"{path}", files.lacking(text, fields))
    table, faults = text.copy(), list[str]()
    for column, field in fields.items():
        if field["type"] in ("integer", "number"):
            table[column], wrong = files.to_number(text[column])
            faults += wrong
            if field["type"] == "integer":
                table[column] = table[column].astype("Int64" if table[column].isna().any() else int)
    faults += [
        f"{path}: {fault}"
        for fault in [*_digit_faults(text), *_name_faults(text, folder), *_errata_faults(text, folder)]
    ]
    refuse(f"{path}", faults)
    if set(DIGITS) <= set(text):
        table["printed_text"] = text["value"]
    return table


def _digit_faults(text: pd.DataFrame) -> list[str]:
    """Printed values whose digits do not have the number of decimals stated beside them.

    >>> _digit_faults(pd.DataFrame({"value": ["8.412", "8.41"], "decimals": ["3", "3"]}))
    ["row 3, column 'decimals': 8.41 has 2 decimals, not 3: correct one of them"]
    """
    if not set(DIGITS) <= set(text):
        return []
    given = text[text["decimals"].notna() & text["value"].notna()]
    has = given["value"].str.partition(".")[2].str.len()
    wrong = given[has.astype(str) != given["decimals"]]
    return [
        f"row {row + 2}, column 'decimals': {cell.value} has {has[row]} decimals, not {cell.decimals}: "
        "correct one of them"
        for row, cell in zip(wrong.index, wrong.itertuples(), strict=True)
    ]


def _name_faults(text: pd.DataFrame, folder: Path) -> list[str]:
    """Units that are no city or region of the index and nodes that are not in the tree (tables of an edition only)."""
    if not {"edition", "unit", "node"} <= set(text):
        return []
    units = {
        *files.read_csv(files.DATA / "places.csv")["city"],
        *files.read_csv(files.DATA / "regions.csv")["region"],
        "全国",
    }
    nodes = set(files.read_csv(folder / "nodes.csv")["id"])
    faults = []
    for row, unit, node in zip(text.index, text["unit"].fillna(""), text["node"].fillna(""), strict=True):
        faults += [
            f"row {row + 2}, column 'unit': '{one}' is no city or region of the index: "
            "correct it, or add it to data/places.csv"
            for one in unit.split("+")
            if one not in units
        ]
        faults += [
            f"row {row + 2}, column 'node': '{one}' is not in nodes.csv: correct it"
            for one in node.split(";")
            if one not in nodes
        ]
    return faults


def _errata_faults(text: pd.DataFrame, folder: Path) -> list[str]:
    """Marks of errata that errata.csv does not define."""
    if "errata" not in text or not (folder / "errata.csv").exists():
        return []
    known = set(files.read_csv(folder / "errata.csv")["id"])
    return [
        f"row {row + 2}, column 'errata': '{mark}' is not in errata.csv: correct it"
        for row, marks in text["errata"].dropna().items()
        for mark in marks.split(";")
        if mark not in known
    ]


def matches(table: pd.DataFrame, **where) -> np.ndarray:
    """In which rows of a table every named column equals the given value (or is one of a list)."""
    kept = np.ones(len(table), dtype=bool)
    for column, wanted in where.items():
        kept &= table[column].isin(wanted if isinstance(wanted, list) else [wanted]).to_numpy()
    return kept


def scores(node: str | None = None, unit_type: str | None = None) -> pd.DataFrame:
    """Exact printed scores and growths of the index, first printing, one row a unit, node and year.

    Columns unit_type, unit, year, node, score, growth_pct, errata, and half a unit of the last printed digit
    (`score_half`, `growth_pct_half`). Rows that an erratum makes unusable (E02, E03) are left out.
    """
    table = _scores((FOLDER / "index_scores.csv").stat().st_mtime_ns)
    if node:
        table = table[table["node"].eq(node)]
    if unit_type:
        table = table[table["unit_type"].eq(unit_type)]
    return table.reset_index(drop=True)


@cache
def _scores(changed: int) -> pd.DataFrame:
    """All rows of `scores`, made once until the file changes."""
    table = load("index_scores")
    table = table[
        table["approx"].eq("exact")
        & table["nth"].eq(1)
        & table["measure"].isin(["score", "growth_pct"])
        & ~table["errata"].isin(["E02", "E03"])
    ]
    table = table.assign(half=half_digit(table["decimals"].astype(float)))
    keys = ["unit_type", "unit", "year", "node"]
    wide = table.pivot(index=keys, columns="measure", values=["value", "half"])
    wide.columns = [name if kind == "value" else f"{name}_half" for kind, name in wide.columns]
    marks = (
        table.dropna(subset="errata").groupby(keys)["errata"].agg(lambda marks: ";".join(sorted(set(marks))))
    )
    return (
        wide.join(marks.rename("errata"))
        .reindex(columns=["score", "growth_pct", "score_half", "growth_pct_half", "errata"])
        .reset_index()
    )
