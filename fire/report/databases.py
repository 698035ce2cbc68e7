"""The five databases in one DuckDB file, and the Excel workbooks by which a team puts in its own collection.

    python -m fire data                           # builds build/fire.duckdb
    python -m fire new-template banks new.xlsx    # writes an empty workbook for a database

A database uses data/raw/<database>.xlsx when it is there, else the simulated sample (cities: the panel of the edition).
"""

from pathlib import Path

import duckdb
import ibis
import pandas as pd
from tqdm import tqdm

from fire import edition as editions
from fire import files
from fire.analysis import policy, rankings
from fire.errors import InputError
from fire.index import score, spec
from fire.report import programme
from fire.sources import records as recorded
from fire.sources.collection import DATABASES, read_workbook, schema

PATH = files.ROOT / "build" / "fire.duckdb"
RAW = files.DATA / "raw"


# ---- what a database holds


def collect(database: str, edition: int = 2022, raw=RAW) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Units and panels of a database: the team's workbook in data/raw, else the sample (cities: the edition's panel)."""
    if (raw / f"{database}.xlsx").exists():
        return read_workbook(raw / f"{database}.xlsx", database)
    if database == "cities":
        book = editions.load(edition)
        places = book.places()[lambda frame: frame["in_index_basis"].notna()]
        names = {"city": "unit", "city_en": "unit_en", "adcode": "code", "region": "group"}
        units = places.rename(columns=names).assign(kind="city").reindex(columns=rankings.UNITS)
        return units, {book.settings["specification"]: book.index.panel}
    units = pd.concat([rankings.units_of(index) for index in DATABASES[database]]).drop_duplicates(
        "unit", ignore_index=True
    )
    return units, {index: rankings.sample(index) for index in DATABASES[database]}


def of_index(index: str, edition: int = 2022, raw=RAW) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and panel of one index."""
    if index == "fire-2021":
        units, panel = of_index("fire-2022", edition, raw)
        return units, rankings.with_growth(panel)
    database = next((name for name, indices in DATABASES.items() if index in indices), None)
    if database is None:
        raise InputError(
            f"index {index}", [f"in no database: use one of {', '.join(sum(DATABASES.values(), []))}"]
        )
    if database != "cities" and not (raw / f"{database}.xlsx").exists():
        return rankings.units_of(index), rankings.sample(index)
    units, found = collect(database, edition, raw)
    return units[units["unit"].isin(found[index]["unit"])].reset_index(drop=True), found[index]


def indicators(index: str) -> pd.DataFrame:
    """Codebook of an index: one row an indicator, with labels, definition, unit, direction, source, basis, channel."""
    tree = rankings.load(index)
    rows = []
    for leaf in tree.indicators:
        row = rankings.nodes(tree)[leaf]
        words = {
            f"{key}_{lang}": row.get(key, {}).get(lang)
            for key in ("label", "definition", "unit", "source")
            for lang in ("zh", "en")
        }
        method = {key: tree.nodes.at[leaf, key] for key in ("direction", "transform")}
        pillar = [*reversed(tree.ancestors(leaf)), leaf][1]
        rows.append(
            {
                "index": index,
                "indicator": leaf,
                "pillar": pillar,
                **words,
                **method,
                "channel": row.get("channel"),
                "basis": row.get("basis", {}).get("indicator"),
                "criterion": row.get("criterion"),
            }
        )
    return pd.DataFrame(rows)


# ---- the DuckDB file

KEYS = {
    "units": "PRIMARY KEY (unit)",
    "indicators": "PRIMARY KEY (index, indicator)",
    "values": "PRIMARY KEY (index, unit, year, indicator), FOREIGN KEY (unit) REFERENCES {schema}.units (unit), "
    "FOREIGN KEY (index, indicator) REFERENCES {schema}.indicators (index, indicator)",
    "scores": "PRIMARY KEY (index, unit, year, node), FOREIGN KEY (unit) REFERENCES {schema}.units (unit)",
}
ABOUT = {
    "units": "对象 / units",
    "indicators": "指标代码本 / codebook of the indicators",
    "values": "原始值，一行一格 / raw values, one row a cell",
    "scores": "各节点得分与位次 / scores and ranks of every node",
}


def build(path=PATH, edition: int | str = 2022, raw=RAW, records=None) -> pd.DataFrame:
    """Build the DuckDB file from validated files; returns the rows of codebook.tables.

    Five schemas with units, indicators, values and scores under keys; `firms` also holds the records (those of the
    edition, or the folder `records`), `countries` the proposed roster; `facts` and `policies` the published facts;
    `codebook` describes every table, column and indicator.
    """
    ed = editions.load(edition)
    folder = records or recorded.locate(ed.settings.get("records") or "data/records")
    studies = programme.hooks(ed)
    found = {database: collect(database, edition, raw) for database in DATABASES}
    with files.atomic_path(path) as part:
        con = duckdb.connect(part)
        for database, (units, panels) in tqdm(found.items(), desc="databases", disable=None):
            write_database(con, database, units, panels)
        write(
            con,
            "countries",
            "roster",
            files.read_csv(rankings.ANNEX / "countries.csv"),
            "建议收录的国家 / countries proposed for collection",
        )
        for name in ("firms", "patents", "deals", "institutions"):
            file = f"{folder}/{name}.parquet"
            if Path(file).exists():
                write(
                    con,
                    "firms",
                    name,
                    con.sql(f"SELECT * FROM read_parquet('{file}') ORDER BY ALL"),
                    "企业记录（模拟或自备） / firm records, simulated or your own",
                )
        for name, facts in [pair for study in studies for pair in study.tables().items()]:
            write(con, "facts", name, facts, "刊载的事实 / published facts")
        write(
            con,
            "facts",
            "external_rankings",
            files.read_csv(files.DATA / "external-rankings.csv"),
            "其他排名 / other rankings",
        )
        write(con, "policies", "calendar", policy.load(), "政策与事件 / policies and events")
        write(con, "policies", "documents", policy.documents(), "各地文件 / documents by place")
        write(con, "policies", "comparison", policy.comparison(), "三城政策比较 / three cities compared")
        tables = codebook(con, {key: text for study in studies for key, text in study.descriptions().items()})
        con.close()
    return tables


def write_database(con, database: str, units: pd.DataFrame, found: dict[str, pd.DataFrame]) -> None:
    """The four tables of one database, under their keys."""
    cells = pd.concat([panel.assign(index=index) for index, panel in found.items()])
    scores = pd.concat(
        [score.compute(spec.load(index), panel).assign(index=index) for index, panel in found.items()]
    )
    book = pd.concat([indicators(index) for index in found])
    cells = cells[cells["indicator"].isin(book["indicator"])].dropna(subset="value")
    shares = [name for name in scores if name.startswith("share_")]
    tables = {
        "units": units[rankings.UNITS],
        "indicators": book,
        "values": cells[["index", "unit", "year", "indicator", "value", "status", "source"]],
        "scores": scores.dropna(subset="score")[
            ["index", "unit", "year", "node", "score", "rank", "growth_pct", "rank_change", *shares]
        ],
    }
    for name, frame in tables.items():
        write(con, database, name, frame, ABOUT[name], KEYS[name].format(schema=database))


def write(con, schema: str, name: str, data, about: str, keys: str = "") -> None:
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


def codebook(con, described: dict) -> pd.DataFrame:
    """Tables and columns of the file with their descriptions, and all indicators, as the schema `codebook`."""
    described = dict(described)
    for name in ("units", "values"):
        described |= {(name, field.name): field.description for field in schema(f"annex-{name}").fields}
    tables = con.sql(
        'SELECT schema_name AS schema, table_name AS "table", comment AS about FROM duckdb_tables() '
        "ORDER BY ALL"
    ).df()
    tables.insert(
        2,
        "rows",
        [
            con.sql(f'SELECT count(*) FROM {row.schema}."{row.table}"').fetchone()[0]
            for row in tables.itertuples()
        ],
    )
    columns = con.sql(
        'SELECT schema_name AS schema, table_name AS "table", column_name AS "column", data_type AS type, '
        "column_index AS place FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2, 5"
    ).df()
    columns["about"] = [described.get((row.table, row.column), "") for row in columns.itertuples()]
    book = pd.concat(
        [
            indicators(index).assign(database=database)
            for database, indices in DATABASES.items()
            for index in indices
        ]
    )
    write(con, "codebook", "tables", tables, "所有表 / all tables")
    write(con, "codebook", "columns", columns, "所有列 / all columns")
    write(con, "codebook", "indicators", book, "所有指标 / all indicators")
    return tables


def fingerprint(path=PATH) -> pd.DataFrame:
    """Rows and content hash of every table, the same for the same content in any order: `schema, table, rows, hash`."""
    with duckdb.connect(path, read_only=True) as con:
        names = con.sql("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        query = 'SELECT count(*), coalesce(sum(hash(t)), 0)::VARCHAR FROM {}."{}" t'
        rows = [(*name, *con.sql(query.format(*name)).fetchone()) for name in names]
    return pd.DataFrame(rows, columns=["schema", "table", "rows", "hash"])


def connect(path=PATH):
    """Ibis on the databases, read-only: `connect().table("scores", database="banks")`, `connect().sql("…")`."""
    if not path.exists():
        raise InputError(f"{path.name}", ["the databases are not built: type `make data`"])
    return ibis.duckdb.connect(path, read_only=True)


def make(ed, path: Path) -> None:
    """Build the databases of an edition at `path`."""
    build(path, ed.name)
