"""The five databases in one DuckDB file, and the Excel workbooks by which a team puts in its own collection.

    python -m fire data                           # builds build/fire.duckdb
    python -m fire new-template banks new.xlsx    # writes an empty workbook for a database

A database uses data/raw/<database>.xlsx when it is there, else what the project holds: the panel of the edition (cities),
observed values (countries), a simulated sample (the others).
"""

from pathlib import Path

import duckdb
import ibis
import pandas as pd
from tqdm import tqdm

from fire import files
from fire.analysis import policy, rankings, results
from fire.analysis.known import ENDS, MEASURES
from fire.errors import InputError
from fire.index import spec
from fire.report import marks, programme
from fire.sources import collection, samples, tables
from fire.sources import records as recorded

PATH = files.ROOT / "build" / "fire.duckdb"

# The DuckDB file ------------------------------------------------------------------------------------------------------

KEYS = {
    "units": "PRIMARY KEY (unit)",
    "indicators": "PRIMARY KEY (index, indicator)",
    "values": "PRIMARY KEY (index, unit, year, indicator), FOREIGN KEY (unit) REFERENCES {schema}.units (unit), "
    "FOREIGN KEY (index, indicator) REFERENCES {schema}.indicators (index, indicator)",
    "scores": "PRIMARY KEY (index, unit, year, node), FOREIGN KEY (unit) REFERENCES {schema}.units (unit)",
}
SCORES = {  # columns of the scores
    "score": "得分；状态为 simulated 时是各次抽取的中心值 / score; the centre of the draws where simulated",
    "rank": "位次 / rank, 1 = best",
    "growth_pct": "增速，% / growth over the year before, per cent",
    "rank_change": "位次变化，正为上升 / change of rank, positive = up",
    **{f"{name}_status": "该值的状态 / status of that value" for name in MEASURES},
    **{f"{name}_low": "该值范围的下端（5%） / its range: 5 per cent" for name in MEASURES},
    **{f"{name}_high": "该值范围的上端（95%） / its range: 95 per cent" for name in MEASURES},
    "known_share": "该节点以下有已知数据的权重 / share of the weight below the node that is known",
}
ABOUT = {
    "units": "对象 / units",
    "indicators": "指标代码本 / codebook of the indicators",
    "values": "原始值，一行一格 / raw values, one row a cell",
    "scores": "各节点得分与位次，附状态与范围 / scores and ranks of every node, with status and range",
}


def build(ed, path=PATH, raw=collection.RAW, records=None) -> pd.DataFrame:
    """Build the DuckDB file of an edition from validated files; returns the rows of codebook.tables.

    Five schemas with units, indicators, values and scores under keys; `firms` also holds the records (those of the
    edition, or the folder `records`), `countries` the proposed roster; `facts` and `policies` the printed facts of
    the edition, when it has any; `codebook` describes every table, column and indicator.
    """
    found = {name: collection.of_database(ed, name, raw) for name in collection.DATABASES}
    with files.atomic_path(path) as part:
        con = duckdb.connect(part)
        for database, (units, panels) in tqdm(found.items(), desc="databases", disable=None):
            _write_database(con, ed, database, units, panels, raw)
        roster = files.read_csv(samples.ANNEX / "countries.csv")
        _write(con, "countries", "roster", roster, "建议收录的国家 / countries proposed for collection")
        _write_records(con, records or recorded.locate(ed.settings.get("records") or "data/records"))
        described = _write_facts(con, ed)
        _write_policies(con, ed)
        listed = codebook(con, {name: list(panels) for name, (_, panels) in found.items()}, described)
        con.close()
    return listed


def _write_records(con, folder) -> None:
    """The tables of firm records of a folder, those that are there."""
    made = recorded.status(folder) == "simulated"
    about = "企业记录" + "（模拟，不是观测）" * made + " / firm records" + ", simulated, not observed" * made
    for name in recorded.TABLES:
        path = f"{folder}/{name}.parquet"
        if Path(path).exists():
            rows = con.sql(f"SELECT * FROM read_parquet('{path}') ORDER BY ALL")
            _write(con, "firms", name, rows, about)


def _write_facts(con, ed) -> dict:
    """Other rankings and the printed facts of an edition (typed by its studies, else as text): description by table
    and column."""
    others = files.read_csv(files.DATA / "external-rankings.csv")
    _write(con, "facts", "external_rankings", others, "其他排名 / other rankings")
    studies = programme.hooks(ed)
    facts = {name: table for study in studies for name, table in study.tables().items()}
    if ed.facts and not studies:
        facts = {path.stem: files.read_csv(path) for path in sorted(ed.facts.glob("*.csv"))}
    for name, table in facts.items():
        _write(con, "facts", name, table, "刊载的事实 / published facts")
    return {key: text for study in studies for key, text in study.descriptions().items()}


def _write_policies(con, ed) -> None:
    """Policies and events; with printed facts also documents by place and the comparison of cities."""
    cities = ed.places()["city"]
    _write(con, "policies", "calendar", policy.calendar(ed.facts, cities), "政策与事件 / policies and events")
    if ed.facts:
        _write(con, "policies", "documents", policy.documents(ed.facts), "各地文件 / documents by place")
        _write(con, "policies", "comparison", policy.comparison(ed.facts), "政策比较 / cities compared")


def _write_database(con, ed, database: str, units: pd.DataFrame, found: dict, raw) -> None:
    """The four tables of one database, under their keys."""
    cells = pd.concat([panel.assign(index=index) for index, panel in found.items()])
    scores = pd.concat([_scores(ed, index, raw).assign(index=index) for index in found])
    book = pd.concat([rankings.indicators(spec.load(index)) for index in found])
    cells = cells[cells["indicator"].isin(book["indicator"])].dropna(subset="value")
    known = [f"{name}{end}" for name in MEASURES for end in ("", *ENDS)]
    contents = {
        "units": units[samples.UNITS],
        "indicators": book,
        "values": cells[["index", "unit", "year", "indicator", "value", "status", "source"]],
        "scores": scores.dropna(subset="score")[["index", "unit", "year", "node", *known, "known_share"]],
    }
    for name, frame in contents.items():
        _write(con, database, name, frame, ABOUT[name], KEYS[name].format(schema=database))


def _scores(ed, index: str, raw) -> pd.DataFrame:
    """Scores with status and range: those stored of the edition, else those of an index of the annex."""
    return results.of(ed).scores if index == ed.spec.id else marks.scores(rankings.load(ed, index, raw))


def _write(con, schema: str, name: str, data, about: str, keys: str = "") -> None:
    """One table from a frame or relation, with its comment and keys."""
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    frame = data if not isinstance(data, pd.DataFrame) else con.from_df(typed(data))
    columns = ", ".join(f'"{column}" {kind}' for column, kind in zip(frame.columns, frame.types))
    con.execute(f'CREATE TABLE {schema}."{name}" ({columns}{", " + keys if keys else ""})')
    frame.insert_into(f"{schema}.{name}")
    con.execute(f"COMMENT ON TABLE {schema}.\"{name}\" IS '{about}'")


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with plain text and number columns, so that an empty column is text."""
    return frame.astype(
        {column: "string" for column in frame if str(frame[column].dtype) in ("object", "str")}
    )


def codebook(con, indices: dict[str, list], described: dict) -> pd.DataFrame:
    """Tables and columns of the file with their descriptions, and all indicators, as the schema `codebook`."""
    described = described | {("scores", name): text for name, text in SCORES.items()}
    for name in ("units", "values"):
        fields = tables.schema(f"annex-{name}")["fields"]
        described |= {(name, field["name"]): field["description"] for field in fields}
    listed = con.sql(
        'SELECT schema_name AS schema, table_name AS "table", comment AS about FROM duckdb_tables() '
        "ORDER BY ALL"
    ).df()
    listed.insert(
        2,
        "rows",
        [
            con.sql(f'SELECT count(*) FROM {row.schema}."{row.table}"').fetchone()[0]
            for row in listed.itertuples()
        ],
    )
    columns = con.sql(
        'SELECT schema_name AS schema, table_name AS "table", column_name AS "column", data_type AS type, '
        "column_index AS place FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2, 5"
    ).df()
    columns["about"] = [described.get((row.table, row.column), "") for row in columns.itertuples()]
    book = pd.concat(
        [
            rankings.indicators(spec.load(index)).assign(database=database)
            for database, found in indices.items()
            for index in found
        ]
    )
    _write(con, "codebook", "tables", listed, "所有表 / all tables")
    _write(con, "codebook", "columns", columns, "所有列 / all columns")
    _write(con, "codebook", "indicators", book, "所有指标 / all indicators")
    return listed


def fingerprint(path=PATH) -> pd.DataFrame:
    """Rows and content hash of every table, the same for the same content in any order: `schema, table, rows, hash`."""
    with duckdb.connect(path, read_only=True) as con:
        names = con.sql("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        query = 'SELECT count(*), coalesce(sum(hash(t)), 0)::VARCHAR FROM {}."{}" t'
        rows = [(*name, *con.sql(query.format(*name)).fetchall()[0]) for name in names]
    return pd.DataFrame(rows, columns=["schema", "table", "rows", "hash"])


def connect(path=PATH):
    """Ibis on the databases, read-only: `connect().table("scores", database="banks")`, `connect().sql("…")`."""
    if not path.exists():
        raise InputError(f"{path.name}", ["the databases are not built: type `make data`"])
    return ibis.duckdb.connect(path, read_only=True)


def make(ed, path: Path) -> None:
    """Build the databases of an edition at `path`."""
    build(ed, path)
