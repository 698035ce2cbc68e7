"""The data release of an edition: scores, ranks, intervals, status and codebook as CSV and Parquet, with checksums."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from fire import files
from fire.errors import InputError
from fire.report.exhibits import inert

# What a heading alone does not say.
NOTES = {
    "unit": "short Chinese name, the key of a place",
    "value": "raw value, in the unit of the codebook",
    "score": "the base year spans the scale, later years may leave it",
    "rank": "1 = best; ties share the best rank",
    "growth_pct": "over the year before, per cent",
    "rank_change": "positive = moved up",
    "rank_low": "5 per cent quantile over the declared alternatives",
    "rank_high": "95 per cent quantile over the declared alternatives",
    "p_top10": "probability of a rank among the first ten",
}
LICENCE = {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0"}


def write(folder: Path | str, edition, tables: dict[str, pd.DataFrame]) -> list[Path]:
    """Write `tables` (name → tidy frame) into `folder` as CSV and Parquet.

    Beside them: `codebook.csv`, `datapackage.json` (Frictionless), `CITATION.cff` and `SHA256SUMS`, which names every
    other file. Returns the paths. CSV numbers carry 6 decimals, Parquet the full values.
    """
    folder = Path(folder)
    tables = {**tables, "codebook": codebook(edition.spec)}
    written = []
    for name, frame in tables.items():
        written.append(files.write_csv(_rounded(frame), folder / f"{name}.csv", excel=True))
        with files.atomic_path(folder / f"{name}.parquet") as part:
            frame.to_parquet(part, index=False)
        written.append(folder / f"{name}.parquet")
    package = json.dumps(_datapackage(edition, tables), ensure_ascii=False, indent=2) + "\n"
    written.append(files.write_text(folder / "datapackage.json", package))
    written.append(files.write_text(folder / "CITATION.cff", _citation(edition)))
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written)
    )
    return [*written, files.write_text(folder / "SHA256SUMS", sums)]


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers to 6 decimals, lists as text, formula-like text made inert."""
    return inert(
        frame.map(lambda cell: ";".join(map(str, cell)) if isinstance(cell, (list, tuple)) else cell)
    ).round(6)


def codebook(spec) -> pd.DataFrame:
    """One row a node: labels, place in the tree, unit, direction, transform, weight, and what each choice rests on."""
    frame = spec.nodes.reset_index()
    keep = [
        "id",
        "parent",
        "level",
        "label_zh",
        "label_en",
        "unit_zh",
        "unit_en",
        "direction",
        "transform",
        "weight",
        "aggregation",
        *(name for name in frame if name.endswith("_basis")),
    ]
    return frame[[name for name in keep if name in frame]]


def _datapackage(edition, tables: dict[str, pd.DataFrame]) -> dict:
    """Frictionless description of the release."""
    return {
        "name": edition.spec.id,
        "title": edition.spec.titles["zh"],
        "description": edition.spec.titles["en"],
        "version": str(edition.name),
        "licenses": [LICENCE],
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "fields": [field(column, frame[column], edition.book) for column in frame],
                    "missingValues": [""],
                },
            }
            for name, frame in tables.items()
        ],
    }


def field(name: str, cells: pd.Series, book) -> dict:
    """Type and bilingual description of a column."""
    kind = (
        "integer"
        if pd.api.types.is_integer_dtype(cells)
        else "number"
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells)
        else "boolean"
        if pd.api.types.is_bool_dtype(cells)
        else "string"
    )
    try:
        heading = book.column(name)
    except InputError:
        heading = {"zh": "", "en": NOTES.get(name, "")}
    note = f": {NOTES[name]}" if name in NOTES else ""
    return {
        "name": name,
        "type": kind if cells.notna().any() else "any",
        **({"title": heading["zh"], "description": heading["en"] + note} if heading["zh"] else {}),
    }


def _citation(edition) -> str:
    """How to cite the edition (Citation File Format)."""
    return (
        f"cff-version: 1.2.0\nmessage: 引用本数据请注明版本。Please cite the edition.\ntype: dataset\n"
        f'title: {json.dumps(edition.spec.titles["en"], ensure_ascii=False)}\nversion: "{edition.name}"\n'
        f"license: {LICENCE['name']}\nauthors:\n  - name: FIRE index team\n"
    )
