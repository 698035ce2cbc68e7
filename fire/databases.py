"""The five databases in one DuckDB file, and the Excel workbooks by which a team puts in its own collection.

    python -m fire.databases                           # builds data/fire.duckdb
    python -m fire.databases template banks new.xlsx   # writes an empty workbook for a database

A database uses data/raw/<database>.xlsx when it is there, else the simulated sample (cities: the panel of the edition).
"""

import json
import re
import sys
import unicodedata

import duckdb
import ibis
import openpyxl
import pandas as pd
import pycountry
import xlsxwriter
from frictionless import Resource, Schema, validate

from fire import edition as editions
from fire import files, policy, published, rankings, score, spec
from fire.errors import InputError, refuse

PATH = files.DATA / "fire.duckdb"
RAW = files.DATA / "raw"
RECORDS = files.DATA / "records"
TEMPLATE = "2022.1"          # raise it whenever a sheet or a column changes
DATABASES = {"cities": ["fire-2022"], "firms": ["firm-competitiveness"], "countries": ["infrastructure"],
             "institutions": ["digital-service-bank", "digital-service-securities", "digital-service-insurance"],
             "banks": ["banks"]}
FIRST_ROW = 4                # of the values: ids, names and units stand above
EMPTY_WORDS = re.compile(r"股份有限公司|有限责任公司|有限公司|集团|控股|company|limited|corporation|\bco\b|\bltd\b|\bplc\b|\binc\b|\bthe\b")


# ---- workbooks

def template(database: str, path, units: pd.DataFrame | None = None) -> None:
    """Write the workbook of a database: a sheet of units and one sheet of values for each of its indices.

    `units` are filled in (countries: the proposed roster). Raises InputError for an unknown database.
    """
    known(database)
    units = pd.DataFrame(columns=rankings.UNITS) if units is None else units
    with files.atomic_path(path) as part, xlsxwriter.Workbook(part, {"strings_to_formulas": False}) as book:
        bold, soft = book.add_format({"bold": True, "bg_color": "#d5dade"}), book.add_format({"font_color": "#66717d"})
        about = book.add_worksheet("about")
        about.write_column(0, 0, ["database", "template", "说明", "Note"], bold)
        about.write_column(0, 1, [database, TEMPLATE, "在 units 表填对象，在其余各表填数值；没有的渠道和缺失值留空，不要填 0。",
                                  "Fill in the units, then the values; leave missing values and absent channels empty, not zero."])
        about.set_column(0, 1, 24)
        sheet = book.add_worksheet("units")
        sheet.write_row(0, 0, rankings.UNITS, bold)
        for row, unit in enumerate(units[rankings.UNITS].astype(object).where(units[rankings.UNITS].notna(), "").to_numpy(), start=1):
            sheet.write_row(row, 0, unit)
        sheet.freeze_panes(1, 1)
        for index in DATABASES[database]:
            tree = spec.load(index)
            sheet = book.add_worksheet(index)
            sheet.write_row(0, 0, ["unit", "year", "status", "source", *tree.indicators], bold)
            sheet.write_row(1, 0, ["对象", "年份", "状态", "来源", *(tree.label(leaf) for leaf in tree.indicators)], bold)
            sheet.write_row(2, 0, ["", "", "observed", "", *tree.nodes.loc[tree.indicators, "unit"]], soft)
            sheet.freeze_panes(FIRST_ROW - 1, 2)
            sheet.set_column(0, 3 + len(tree.indicators), 14)


def known(database: str) -> None:
    if database not in DATABASES:
        raise InputError(f"database {database}", [f"no such database: use one of {', '.join(DATABASES)}"])


def read_workbook(path, database: str) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Units and one panel for each index of a filled workbook.

    Raises InputError with every fault (sheet, row, column, fix): another template version or database, unknown columns, units or
    country codes, a unit listed twice under two names, a value that is no number or outside what is plausible, a
    value on a channel that the unit does not have.
    """
    known(database)
    if not path.exists():
        raise InputError(f"{path}", ["the file does not exist: write one with `python -m fire.databases template`"])
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    need = {"about", "units", *DATABASES[database]}
    refuse(f"{path}", [f"sheet '{name}' is missing: copy it from the template" for name in sorted(need - set(book.sheetnames))])
    about = dict(row[:2] for row in book["about"].iter_rows(min_row=1, max_row=2, values_only=True))
    faults = [f"sheet 'about': {name} is '{about.get(name)}', this version of FIRE reads '{wanted}': {fix}" for name, wanted, fix in
              (("database", database, "choose the other workbook"),
               ("template", TEMPLATE, "write a new template and copy your values into it")) if str(about.get(name)) != wanted]
    refuse(f"{path}", faults)
    units, faults = read_units(book["units"])
    parts = {index: read_values(book[index], index, units) for index in DATABASES[database]}
    refuse(f"{path}", faults + [fault for _, found in parts.values() for fault in found])
    return units, {index: panel for index, (panel, _) in parts.items()}


def read_units(sheet) -> tuple[pd.DataFrame, list[str]]:
    """The sheet of units and its faults: schema, country codes, one unit under two names."""
    rows = [[None if cell is None else str(cell).strip() for cell in row[:len(rankings.UNITS)]]
            for row in sheet.iter_rows(values_only=True)]
    rows = rows[:1] + [row for row in rows[1:] if any(row)]
    units = pd.DataFrame(rows[1:], columns=rows[0], dtype=object)
    report = validate(Resource(data=rows, schema=schema("annex-units")))
    faults = [f"sheet 'units', row {getattr(error, 'row_number', None) or 1}: {error.message}" for task in report.tasks for error in task.errors]
    if list(units.columns) != rankings.UNITS:
        return units.reindex(columns=rankings.UNITS), faults or ["sheet 'units': the columns differ from the template's: copy its header"]
    for row, unit in enumerate(units.itertuples(), start=2):
        if unit.kind == "country" and pycountry.countries.get(alpha_3=str(unit.code)) is None:
            faults.append(f"sheet 'units', row {row}, column 'code': '{unit.code}' is no ISO 3166 code of a country: "
                          f"type three letters such as CHN{hint(unit.unit_en)}")
    return units, faults + same_units(units)


def hint(name) -> str:
    """The code that ISO 3166 gives to a name, as the end of a message."""
    try:
        return f"; '{name}' is {pycountry.countries.search_fuzzy(str(name))[0].alpha_3}"
    except LookupError:
        return ""


def same_units(units: pd.DataFrame) -> list[str]:
    """Faults: units that share a name, an alias or an English name once company words, case and width are taken away."""
    seen, faults = {}, []
    for row, unit in enumerate(units.itertuples(), start=2):
        names = [unit.unit, unit.unit_en, *str(unit.aliases or "").split(";")]
        keys = {plain(name) for name in names if name} - {""}
        clash = sorted({seen[key] for key in keys if key in seen})
        faults += [f"sheet 'units', row {row}, column 'unit': '{unit.unit}' is the unit of row {first} ('{units['unit'][first - 2]}') "
                   "under another name: keep one row and list the other name in aliases" for first in clash]
        seen.update({key: row for key in keys if key not in seen})
    return faults


def plain(name: str) -> str:
    """A name without company words, spaces, case, width and a leading 中国.

    >>> plain("中国工商银行股份有限公司") == plain("工商银行")
    True
    """
    text = EMPTY_WORDS.sub("", unicodedata.normalize("NFKC", str(name)).lower())
    text = re.sub(r"[^\w]", "", text)
    return text[2:] if text.startswith("中国") and len(text) > 4 else text


def read_values(sheet, index: str, units: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The panel of one sheet and its faults."""
    tree = spec.load(index)
    written = rankings.nodes(tree)
    rows = [row for row in sheet.iter_rows(values_only=True)]
    head = [str(cell) for cell in rows[0] if cell is not None]
    faults = [f"sheet '{index}', row 1: column '{name}' is unknown: use the template's" for name in head[4:] if name not in tree.indicators]
    faults += [f"sheet '{index}', row 1: column '{name}' is missing: copy it from the template" for name in tree.indicators if name not in head]
    channels = dict(zip(units["unit"], units["channels"].fillna("")))
    cells = []
    for number, row in enumerate(rows[FIRST_ROW - 1:], start=FIRST_ROW):
        if not any(cell is not None for cell in row):
            continue
        unit, year, status, source = row[:4]
        if unit not in channels:
            faults.append(f"sheet '{index}', row {number}, column 'unit': '{unit}' is not in the sheet of units: add it there, or correct it")
        if not str(year).isdigit():
            faults.append(f"sheet '{index}', row {number}, column 'year': '{year}' is not a year")
            continue
        for name, cell in zip(head[4:], row[4:]):
            if cell is None or str(cell).strip() == "" or name not in written:
                continue
            place = f"sheet '{index}', row {number}, column '{name}'"
            value, wrong = files.to_number(pd.Series([str(cell)]), index, name, number)
            channel, (low, high) = written[name].get("channel"), written[name].get("plausible", (-float("inf"), float("inf")))
            if wrong:
                faults.append(f"{place}: '{cell}' is not a number: type it with digits and one decimal point")
            elif not low <= value[0] <= high:
                faults.append(f"{place}: {cell} lies outside {low:g} to {high:g}: check the unit ({tree.nodes.at[name, 'unit']})")
            if channel and unit in channels and channel not in channels[unit].split(";"):
                faults.append(f"{place}: '{unit}' has no channel '{channel}', so it has no value there (missing is not zero): "
                              "empty the cell, or add the channel to the sheet of units")
            cells.append((unit, int(year), name, value[0], status or "observed", source))
    return pd.DataFrame(cells, columns=["unit", "year", "indicator", "value", "status", "source"]), faults


def schema(name: str) -> Schema:
    """A Frictionless Table Schema of data/schemas."""
    return Schema.from_descriptor(json.loads((files.DATA / "schemas" / f"{name}.json").read_text(encoding="utf-8")))


# ---- what a database holds

def collect(database: str, edition: int = 2022, raw=RAW) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Units and panels of a database: the team's workbook in data/raw, else the sample (cities: the edition's panel)."""
    if (raw / f"{database}.xlsx").exists():
        return read_workbook(raw / f"{database}.xlsx", database)
    if database == "cities":
        book = editions.load(edition)
        places = book.places()[lambda frame: frame["in_index_basis"].notna()]
        units = pd.DataFrame({"unit": places["city"], "unit_en": places["city_en"], "kind": "city", "code": places["adcode"],
                              "group": places["region"], "channels": None, "aliases": None})
        return units, {book.settings["specification"]: book.panel()}
    found = pd.concat([rankings.units_of(index) for index in DATABASES[database]])
    return found.drop_duplicates("unit", ignore_index=True), {index: rankings.sample(index) for index in DATABASES[database]}


def of_index(index: str, edition: int = 2022, raw=RAW) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units and panel of one index."""
    if index == "fire-2021":
        units, panel = of_index("fire-2022", edition, raw)
        return units, rankings.with_growth(panel)
    database = next((name for name, indices in DATABASES.items() if index in indices), None)
    if database is None:
        raise InputError(f"index {index}", [f"in no database: use one of {', '.join(sum(DATABASES.values(), []))}"])
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
        words = {f"{key}_{lang}": row.get(key, {}).get(lang) for key in ("label", "definition", "unit", "source") for lang in ("zh", "en")}
        pillar = [*reversed(tree.ancestors(leaf)), leaf][1]
        rows.append({"index": index, "indicator": leaf, "pillar": pillar, **words, "direction": tree.nodes.at[leaf, "direction"],
                     "transform": tree.nodes.at[leaf, "transform"], "channel": row.get("channel"), "basis": row.get("basis", {}).get("indicator"),
                     "criterion": row.get("criterion")})
    return pd.DataFrame(rows)


# ---- the DuckDB file

KEYS = {"units": "PRIMARY KEY (unit)", "indicators": "PRIMARY KEY (index, indicator)",
        "values": "PRIMARY KEY (index, unit, year, indicator), FOREIGN KEY (unit) REFERENCES {schema}.units (unit), "
                  "FOREIGN KEY (index, indicator) REFERENCES {schema}.indicators (index, indicator)",
        "scores": "PRIMARY KEY (index, unit, year, node), FOREIGN KEY (unit) REFERENCES {schema}.units (unit)"}
ABOUT = {"units": "对象 / units", "indicators": "指标代码本 / codebook of the indicators", "values": "原始值，一行一格 / raw values, one row a cell",
         "scores": "各节点得分与位次 / scores and ranks of every node"}


def build(path=PATH, edition: int = 2022, raw=RAW) -> pd.DataFrame:
    """Build the DuckDB file from validated files; returns the rows of codebook.tables.

    Five schemas with units, indicators, values and scores under keys; `firms` also holds the records, `countries` the
    proposed roster; `facts` and `policies` the published facts; `codebook` describes every table, column and indicator.
    """
    found = {database: collect(database, edition, raw) for database in DATABASES}
    with files.atomic_path(path) as part:
        con = duckdb.connect(part)
        for database, (units, panels) in found.items():
            write_database(con, database, units, panels)
        write(con, "countries", "roster", files.read_csv(rankings.ANNEX / "countries.csv"), "建议收录的国家 / countries proposed for collection")
        for name in ("firms", "patents", "deals", "institutions"):
            if (RECORDS / f"{name}.parquet").exists():
                records = con.sql(f"SELECT * FROM read_parquet('{RECORDS / f'{name}.parquet'}') ORDER BY ALL")
                write(con, "firms", name, records, "企业记录（模拟或自备） / firm records, simulated or your own")
        for name in published.names():
            write(con, "facts", name, published.load(name), "刊载的事实 / published facts")
        write(con, "facts", "external_rankings", files.read_csv(files.DATA / "external-rankings.csv"), "其他排名 / other rankings")
        write(con, "policies", "calendar", policy.load(), "政策与事件 / policies and events")
        write(con, "policies", "documents", policy.documents(), "各地文件 / documents by place")
        write(con, "policies", "comparison", policy.comparison(), "三城政策比较 / three cities compared")
        tables = codebook(con)
        con.close()
    return tables


def write_database(con, database: str, units: pd.DataFrame, found: dict[str, pd.DataFrame]) -> None:
    """The four tables of one database, under their keys."""
    cells = pd.concat([panel.assign(index=index) for index, panel in found.items()])
    scores = pd.concat([score.compute(spec.load(index), panel).assign(index=index) for index, panel in found.items()])
    book = pd.concat([indicators(index) for index in found])
    tables = {"units": units[rankings.UNITS], "indicators": book,
              "values": cells[cells["indicator"].isin(book["indicator"]) & cells["value"].notna()][["index", "unit", "year", "indicator", "value", "status", "source"]],
              "scores": scores.dropna(subset="score")[["index", "unit", "year", "node", "score", "rank", "growth_pct", "rank_change",
                                                       *(name for name in scores if name.startswith("share_"))]]}
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
    return frame.astype({column: "string" for column in frame if frame[column].dtype == object or str(frame[column].dtype) == "str"})


def codebook(con) -> pd.DataFrame:
    """Tables and columns of the file with their descriptions, and all indicators, as the schema `codebook`."""
    described = {(item["name"], field["name"]): field.get("description", "") for item in
                 json.loads((published.FOLDER / "datapackage.json").read_text(encoding="utf-8"))["resources"] for field in item["schema"]["fields"]}
    for name in ("units", "values"):
        described |= {(name, field.name): field.description for field in schema(f"annex-{name}").fields}
    tables = con.sql("SELECT schema_name AS schema, table_name AS \"table\", comment AS about FROM duckdb_tables() ORDER BY ALL").df()
    tables.insert(2, "rows", [con.sql(f'SELECT count(*) FROM {row.schema}."{row.table}"').fetchone()[0] for row in tables.itertuples()])
    columns = con.sql("SELECT schema_name AS schema, table_name AS \"table\", column_name AS \"column\", data_type AS type, column_index AS place "
                      "FROM duckdb_columns() WHERE NOT internal ORDER BY 1, 2, 5").df()
    columns["about"] = [described.get((row.table, row.column), "") for row in columns.itertuples()]
    book = pd.concat([indicators(index).assign(database=database) for database, indices in DATABASES.items() for index in indices])
    write(con, "codebook", "tables", tables, "所有表 / all tables")
    write(con, "codebook", "columns", columns, "所有列 / all columns")
    write(con, "codebook", "indicators", book, "所有指标 / all indicators")
    return tables


def fingerprint(path=PATH) -> pd.DataFrame:
    """Rows and content hash of every table, the same for the same content in any order: `schema, table, rows, hash`."""
    with duckdb.connect(path, read_only=True) as con:
        names = con.sql("SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        rows = [(one, name, *con.sql(f'SELECT count(*), coalesce(sum(hash(t)), 0)::VARCHAR FROM {one}."{name}" t').fetchone()) for one, name in names]
    return pd.DataFrame(rows, columns=["schema", "table", "rows", "hash"])


def connect(path=PATH):
    """Ibis on the databases, read-only: `connect().table("scores", database="banks")`, `connect().sql("…")`."""
    if not path.exists():
        raise InputError(f"{path.name}", ["the databases are not built: type `make data`"])
    return ibis.duckdb.connect(path, read_only=True)


def main(words: list[str]) -> int:
    try:
        if words[:1] == ["template"] and len(words) == 3:
            units = files.read_csv(rankings.ANNEX / "countries.csv") if words[1] == "countries" else None
            template(words[1], words[2], units)
            print(f"template {words[2]}: version {TEMPLATE}")
        else:
            tables = build()
            print(f"databases {PATH.name}: {len(tables)} tables, {tables['rows'].sum():,} rows")
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
