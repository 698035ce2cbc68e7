"""The data release of an edition: scores with status and range, known values and codebook as CSV and Parquet.

Draws of what is not known are not in it, nor raw values whose source does not say that they may be passed on
(`released` in data/statistics/sources.csv). Results are under CC BY 4.0, data of others under the terms of their source.
"""

import hashlib
import json
from pathlib import Path

import pandas as pd

from fire import files
from fire.analysis.known import MEASURES, SOFT
from fire.errors import InputError
from fire.report import marks, vintage
from fire.report.exhibits import inert
from fire.sources import statistics

SOURCES = statistics.PATH.with_name("sources.csv")
# What a heading alone does not say.
NOTES = {
    "unit": "short Chinese name, the key of a place",
    "value": "raw value, in the unit of the codebook; empty where its source does not say that it may be passed on",
    "vintage": "year of the data behind the value, where it is on record; the year of the index is another",
    "score": "the base year spans the scale, later years may leave it",
    "rank": "1 = best; ties share the best rank",
    "growth_pct": "over the year before, per cent",
    "rank_change": "positive = moved up",
    "known_share": "share of the weight below the node whose indicators are known, 0 to 1",
    "p_top10": "probability of a rank among the first ten, over draws and declared alternatives",
}
SIMULATED = "; where the status is drawn, assumed or simulated this is the centre of the draws and no result: use low and high"
ENDS = {
    "_status": "printed, observed, implied, estimated, imputed, drawn, assumed or simulated",
    "_low": "5 per cent quantile over the draws, of ranks and growth of index and pillars also over declared alternatives",
    "_high": "95 per cent quantile, likewise",
}
LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
OTHERS = {"name": "other", "title": "Each value under the terms of its source: see sources.csv"}
WHAT = {  # in an edition that is a reconstruction
    "zh": "用公开统计与原报告印出的数字重建；状态为 simulated 的数值来自校准样本，不是观测结果。不是原报告，也不代表其作者。",
    "en": "Rebuilt from public statistics and the digits that the report printed. Values of status simulated come from a "
    "calibrated sample and are not observations. This is not the report, nor does it speak for its authors.",
}


def kept_back() -> set:
    """Sources whose terms do not say that their values may be passed on."""
    sources = files.read_table_with(SOURCES, ["source", "released"])
    return set(sources.loc[sources["released"].eq("no"), "source"])


def frames(edition, known) -> dict[str, pd.DataFrame]:
    """The tables of a release: scores of cities and regions with status and range, the known cells, their sources, places.

    `known`: the stored results of the edition (`fire.results.of`). Cells that are simulated or assumed are not in `panel`;
    one of a source that keeps its values back (`kept_back`) has none.
    """
    keys = ["unit", "year", "node"]
    columns = [f"{name}{end}" for name in MEASURES for end in ("", *ENDS)]
    chances = known.intervals[[*keys, "p_top10"]].astype({"unit": str, "node": str})
    scores = known.scores[[*keys, *columns, "known_share"]].astype({"unit": str, "node": str})
    cells = edition.index.panel.dropna(subset="value")
    cells = cells[~cells["status"].isin(SOFT)].astype({"unit": str, "indicator": str})
    dated = vintage.years(edition).astype("Int64").reset_index()
    cells = cells.merge(dated, on=vintage.CELL, how="left")
    sources = files.read_table_with(SOURCES, ["source", "title", "where", "licence", "released"])
    return {
        "scores": scores.merge(chances, on=keys, how="left"),
        "regions": known.means[[*keys, "cities", *columns, "known_share"]],
        "panel": cells.assign(value=cells["value"].mask(cells["source"].isin(kept_back()))),
        "sources": sources[sources["source"].isin(cells["source"])].reset_index(drop=True),
        "places": edition.places(),
    }


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
    said = f": {WHAT['en']} {WHAT['zh']}" if marks.sign(edition, "en") else ""
    return {
        "name": edition.spec.id,
        "title": marks.titled(edition, "zh"),
        "description": marks.titled(edition, "en") + said,
        "version": str(edition.name),
        "licenses": [LICENCE],
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                **({"licenses": [OTHERS]} if name in ("panel", "sources", "places") else {}),
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
    end = next((end for end in ENDS if name.endswith(end) and name.removesuffix(end) in MEASURES), None)
    note = (ENDS[end] if end else NOTES.get(name, "")) + SIMULATED * (name in MEASURES)
    try:
        heading = book.column(name)
    except InputError:
        heading = {"zh": "", "en": ""}
    return {
        "name": name,
        "type": kind if cells.notna().any() else "any",
        **({"title": heading["zh"]} if heading["zh"] else {}),
        **({"description": ": ".join(filter(None, [heading["en"], note]))} if heading["en"] or note else {}),
    }


def _citation(edition) -> str:
    """How to cite the edition (Citation File Format)."""

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    said = f"abstract: {quoted(WHAT['en'] + ' ' + WHAT['zh'])}\n" if marks.sign(edition, "en") else ""
    return (
        "cff-version: 1.2.0\n"
        "message: 引用本数据请注明版次、指数年与数据状态。Please cite edition, index year and the status of the data.\n"
        f"type: dataset\ntitle: {quoted(marks.titled(edition, 'en'))}\n{said}"
        f'version: "{edition.name}"\nlicense: {LICENCE["name"]}\nauthors:\n  - name: FIRE index team\n'
    )
