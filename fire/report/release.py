"""The data release of an edition: scores, ranks, intervals, status and codebook as CSV and Parquet, with checksums."""

import hashlib
import json
from pathlib import Path

import pandas as pd

from fire import codebook as labels
from fire import files

FIELDS = {
    "unit": ("string", "城市或地区", "City or region (short Chinese name)"),
    "unit_en": ("string", "英文名", "English name"),
    "year": ("integer", "指数年份", "Index year"),
    "node": ("string", "指标编码", "Node of the specification"),
    "indicator": ("string", "三级指标编码", "Indicator of the specification"),
    "value": ("number", "原始值", "Raw value, in the unit of the codebook"),
    "status": ("string", "数据状态", "Status of the value"),
    "source": ("string", "来源", "Source"),
    "score": ("number", "得分", "Score; the base year spans the scale, later years may leave it"),
    "rank": ("integer", "名次", "Rank, 1 = best; ties share the best rank"),
    "growth_pct": ("number", "增长率（%）", "Growth on the year before, per cent"),
    "rank_change": ("integer", "位次变化", "Rank of the year before minus rank; positive = moved up"),
    "rank_median": ("number", "名次中位数", "Median rank over the declared alternatives"),
    "rank_low": ("number", "名次下限（5%）", "5 per cent quantile of the rank"),
    "rank_high": ("number", "名次上限（95%）", "95 per cent quantile of the rank"),
    "p_top10": ("number", "前十概率", "Probability of a rank among the first ten"),
    **{
        f"share_{name}": ("number", f"{text['zh']}数据占比", f"Share of the score that is {text['en']}")
        for name, text in labels.STATUS.items()
    },
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
        written.append(files.write_csv(rounded(frame), folder / f"{name}.csv", excel=True))
        with files.atomic_path(folder / f"{name}.parquet") as part:
            frame.to_parquet(part, index=False)
        written.append(folder / f"{name}.parquet")
    package = json.dumps(datapackage(edition, tables), ensure_ascii=False, indent=2) + "\n"
    written.append(files.write_text(folder / "datapackage.json", package))
    written.append(files.write_text(folder / "CITATION.cff", citation(edition)))
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(written)
    )
    return [*written, files.write_text(folder / "SHA256SUMS", sums)]


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers to 6 decimals, lists as text, formula-like text made inert."""
    from fire.report.exhibits import inert

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


def datapackage(edition, tables: dict[str, pd.DataFrame]) -> dict:
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
                    "fields": [field(column, frame[column]) for column in frame],
                    "missingValues": [""],
                },
            }
            for name, frame in tables.items()
        ],
    }


def field(name: str, cells: pd.Series) -> dict:
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
    known, zh, en = FIELDS.get(name, (kind, "", ""))
    return {
        "name": name,
        "type": known if cells.notna().any() else "any",
        **({"title": zh, "description": en} if zh else {}),
    }


def citation(edition) -> str:
    """How to cite the edition (Citation File Format)."""
    return (
        f"cff-version: 1.2.0\nmessage: 引用本数据请注明版本。Please cite the edition.\ntype: dataset\n"
        f'title: {json.dumps(edition.spec.titles["en"], ensure_ascii=False)}\nversion: "{edition.name}"\n'
        f"license: {LICENCE['name']}\nauthors:\n  - name: FIRE index team\n"
    )
