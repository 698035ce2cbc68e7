"""The five databases: built twice alike, keys, codebook, the queries of the guide, and workbooks with their faults."""

import re

import duckdb
import openpyxl
import pandas as pd
import pytest

from fire import edition, files
from fire.analysis.known import MEASURES
from fire.errors import InputError
from fire.index import spec
from fire.index.panel import STATUSES
from fire.report import databases
from fire.sources import collection, samples

ED = edition.load(2022)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The databases without the million records, built once."""
    folder = tmp_path_factory.mktemp("databases")
    databases.build(ED, folder / "fire.duckdb", raw=folder, records=folder)
    return folder / "fire.duckdb"


@pytest.mark.whole
def test_rebuilt_identically(built, tmp_path):
    databases.build(ED, tmp_path / "again.duckdb", raw=tmp_path, records=tmp_path)
    assert databases.fingerprint(tmp_path / "again.duckdb").equals(databases.fingerprint(built))
    assert not list(tmp_path.glob(".*part*"))


@pytest.mark.whole
def test_fingerprint_sees_one_changed_cell(built, tmp_path):
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(built.read_bytes())
    with duckdb.connect(copy) as con:
        con.execute(
            'UPDATE banks."values" SET value = value + 0.01 '
            "WHERE unit = (SELECT min(unit) FROM banks.units) AND indicator = 'tech_spend' AND year = 2021"
        )
    before, after = databases.fingerprint(built), databases.fingerprint(copy)
    assert before.loc[before["hash"] != after["hash"], ["schema", "table"]].values.tolist() == [
        ["banks", "values"]
    ]


@pytest.mark.whole
def test_five_schemas_with_keys_that_hold(built):
    with duckdb.connect(built, read_only=True) as con:
        tables = set(con.sql("SELECT schema_name || '.' || table_name FROM duckdb_tables()").df().iloc[:, 0])
        kinds = con.sql(
            "SELECT schema_name, constraint_type, count(*) AS n FROM duckdb_constraints() WHERE constraint_type IN "
            "('PRIMARY KEY', 'FOREIGN KEY') GROUP BY ALL"
        ).df()
    for database in collection.DATABASES:
        assert {f"{database}.{name}" for name in ("units", "indicators", "values", "scores")} <= tables
        assert set(kinds.loc[kinds["schema_name"] == database, "constraint_type"]) == {
            "PRIMARY KEY",
            "FOREIGN KEY",
        }
    assert {"facts.index_scores", "policies.calendar", "codebook.columns", "countries.roster"} <= tables


def test_keys_refuse_a_doubled_and_an_orphaned_row(built, tmp_path):
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(built.read_bytes())
    with duckdb.connect(copy) as con:
        with pytest.raises(duckdb.ConstraintException):
            con.execute('INSERT INTO banks."values" SELECT * FROM banks."values" LIMIT 1')
        with pytest.raises(duckdb.ConstraintException):
            con.execute(
                "INSERT INTO banks.\"values\" VALUES ('banks', '无名银行', 2021, 'tech_spend', 1.0, 'observed', '')"
            )


def test_codebook_covers_every_table_column_and_indicator(built):
    with duckdb.connect(built, read_only=True) as con:
        assert (
            con.sql("SELECT count(*) FROM codebook.tables WHERE about IS NULL OR about = ''").fetchone()[0]
            == 0
        )
        counted = con.sql("SELECT count(*) FROM codebook.indicators").fetchone()[0]
        columns = con.sql(
            "SELECT count(*) FROM codebook.columns WHERE schema = 'banks' AND \"table\" = 'values' AND about <> ''"
        ).fetchone()[0]
    assert (
        counted
        == sum(
            len(spec.load(index).indicators) for indices in collection.DATABASES.values() for index in indices
        )
        and columns == 7
    )


def test_every_value_carries_a_status(built):
    with duckdb.connect(built, read_only=True) as con:
        for database in collection.DATABASES:
            statuses = con.sql(f'SELECT DISTINCT status FROM {database}."values"').df()["status"].tolist()
            assert statuses and set(statuses) <= set(STATUSES)
        assert "simulated" not in con.sql('SELECT status FROM cities."values"').df()["status"].tolist()


def test_every_score_carries_status_range_and_what_is_known(built):
    with duckdb.connect(built, read_only=True) as con:
        for database in collection.DATABASES:
            table = con.sql(f"SELECT * FROM {database}.scores").df()
            for measure in MEASURES:
                there = table[measure].notna()
                assert (table[f"{measure}_status"].notna() == there).all(), (database, measure)
                assert table.loc[there, [f"{measure}_low", f"{measure}_high"]].notna().all(axis=None)
            assert table["known_share"].between(0, 1 + 1e-9).all()
        described = con.sql("SELECT about FROM codebook.columns WHERE \"table\" = 'scores'").df()["about"]
        leader = con.sql("SELECT * FROM cities.scores WHERE node = 'total' AND rank = 1 AND year = 2021").df()
    assert described.ne("").mean() > 0.8
    assert leader[["unit", "score_status", "rank_status"]].to_numpy().tolist() == [
        ["北京", "printed", "printed"]
    ]


QUERIES = re.findall(
    r"```sql\n(.*?)```", (files.ROOT / "docs" / "databases.md").read_text(encoding="utf-8"), re.S
)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split("FROM")[1].split()[0])
def test_queries_of_the_guide_answer(built, query):
    if "firms.patents" in query:
        if not databases.PATH.exists():
            pytest.skip("needs the records: type `make data`")
        built = databases.PATH
    with duckdb.connect(built, read_only=True) as con:
        assert len(con.sql(query).df()) > 0


def test_ibis_reads_the_databases_and_cannot_write(built):
    con = databases.connect(built)
    assert con.table("units", database="institutions").count().execute() > 100
    with pytest.raises(Exception, match="read-only"):
        con.raw_sql("DROP TABLE banks.scores")


def test_missing_file_says_what_to_type(tmp_path):
    with pytest.raises(InputError, match="type `make data`"):
        databases.connect(tmp_path / "none.duckdb")


# ---- workbooks


def workbook(tmp_path, database, units, values=(), about=None):
    """A filled workbook: rows of units, and (sheet, unit, {indicator: value}) for the values of 2021."""
    path = tmp_path / f"{database}.xlsx"
    collection.template(database, path)
    book = openpyxl.load_workbook(path)
    for row in units:
        book["units"].append(row)
    for index, unit, cells in values:
        head = [cell.value for cell in book[index][1]]
        book[index].append([unit, 2021, "observed", "年报", *(cells.get(name) for name in head[4:])])
    for key, value in (about or {}).items():
        book["about"].cell({"database": 1, "template": 2}[key], 2, value)
    book.save(path)
    return path


BANK = ["工商银行", "Industrial and Commercial Bank of China", "bank", "91100000", "国有大行", None, "ICBC"]


def faults(path, database):
    with pytest.raises(InputError) as error:
        collection.read_workbook(path, database)
    return error.value.faults


def test_a_filled_workbook_replaces_the_sample(tmp_path):
    other = ["建设银行", "China Construction Bank", "bank", "91100001", "国有大行", None, None]
    workbook(
        tmp_path,
        "banks",
        [BANK, other],
        [
            ("banks", "工商银行", {"tech_spend": 259.87, "npl_ratio": 1.42}),
            ("banks", "建设银行", {"tech_spend": 235.76}),
        ],
    )
    units, panel = collection.of_index(ED, "banks", tmp_path)
    assert list(units["unit"]) == ["工商银行", "建设银行"] and set(panel["status"]) == {"observed"}
    assert len(panel) == 3, "an empty cell is missing, not zero"


def test_templates_of_all_databases_can_be_written_and_read(tmp_path):
    for database in collection.DATABASES:
        path = tmp_path / f"{database}.xlsx"
        collection.template(database, path)
        units, panels = collection.read_workbook(path, database)
        assert units.empty and set(panels) == set(collection.DATABASES[database])


def test_template_for_countries_can_carry_the_proposed_roster(tmp_path):
    collection.template("countries", tmp_path / "c.xlsx", files.read_csv(samples.ANNEX / "countries.csv"))
    assert len(collection.read_workbook(tmp_path / "c.xlsx", "countries")[0]) == 27


def test_wrong_template_version_is_refused(tmp_path):
    found = faults(workbook(tmp_path, "banks", [BANK], about={"template": "2021.0"}), "banks")
    assert found == [
        f"sheet 'about': template is '2021.0', this version of FIRE reads '{collection.TEMPLATE}': "
        "write a new template and copy your values into it"
    ]


def test_workbook_of_another_database_is_refused(tmp_path):
    found = faults(workbook(tmp_path, "banks", [BANK], about={"database": "countries"}), "banks")
    assert found == [
        "sheet 'about': database is 'countries', this version of FIRE reads 'banks': choose the other workbook"
    ]


def test_unknown_country_code_is_refused_with_the_right_one(tmp_path):
    found = faults(
        workbook(
            tmp_path, "countries", [["英国", "United Kingdom", "country", "UKK", "发达经济体", None, None]]
        ),
        "countries",
    )
    assert found == [
        "sheet 'units', row 2, column 'code': 'UKK' is no ISO 3166 code of a country: type three letters such as CHN; 'United Kingdom' is GBR"
    ]


@pytest.mark.parametrize(
    "second",
    [
        ["中国工商银行股份有限公司", "Another name", "bank", "2", "国有大行", None, None],
        ["ICBC", "ICBC Ltd", "bank", "3", "国有大行", None, None],
        ["工行", "industrial and commercial bank of china co., ltd", "bank", "4", "国有大行", None, None],
    ],
)
def test_a_bank_under_two_names_is_refused(tmp_path, second):
    found = faults(workbook(tmp_path, "banks", [BANK, second]), "banks")
    assert found == [
        f"sheet 'units', row 3, column 'unit': '{second[0]}' is the unit of row 2 ('工商银行') under another name: "
        "keep one row and list the other name in aliases"
    ]


def test_a_doubled_code_is_refused(tmp_path):
    found = faults(
        workbook(
            tmp_path, "banks", [BANK, ["招商银行", "CMB", "bank", "91100000", "股份制银行", None, None]]
        ),
        "banks",
    )
    assert len(found) == 1 and "row 3" in found[0] and "code" in found[0]


def test_a_value_on_a_channel_that_the_institution_lacks_is_refused(tmp_path):
    insurer = ["甲保险", "A Insurance", "insurance", "1", "寿险公司", "app;wechat", None]
    path = workbook(
        tmp_path,
        "institutions",
        [insurer],
        [("digital-service-insurance", "甲保险", {"douyin_posts": 0, "wechat_posts": 30})],
    )
    assert faults(path, "institutions") == [
        "sheet 'digital-service-insurance', row 4, column 'douyin_posts': '甲保险' has no channel 'douyin', so it has no value there "
        "(missing is not zero): empty the cell, or add the channel to the sheet of units"
    ]


@pytest.mark.parametrize(
    "unit, cells, fault",
    [
        ("无名银行", {"tech_spend": 10}, "row 4, column 'unit': '无名银行' is not in the sheet of units"),
        ("工商银行", {"tech_spend": "十亿"}, "row 4, column 'tech_spend': '十亿' is not a number"),
        (
            "工商银行",
            {"app_rating": 50},
            "row 4, column 'app_rating': 50 lies outside 1.5 to 5: check the unit (分（1—5）)",
        ),
    ],
)
def test_bad_values_are_refused_with_sheet_row_column_and_fix(tmp_path, unit, cells, fault):
    found = faults(workbook(tmp_path, "banks", [BANK], [("banks", unit, cells)]), "banks")
    assert len(found) == 1 and found[0].startswith("sheet 'banks', ") and fault in found[0]


def test_an_unknown_column_is_refused(tmp_path):
    path = workbook(tmp_path, "banks", [BANK])
    book = openpyxl.load_workbook(path)
    book["banks"].cell(1, 5, "tech_spnd")
    book.save(path)
    found = faults(path, "banks")
    assert (
        "column 'tech_spnd' is unknown: use the template's" in found[0]
        and "column 'tech_spend' is missing" in found[1]
    )


def test_nothing_is_written_when_a_workbook_is_refused(tmp_path):
    workbook(tmp_path, "banks", [BANK, BANK])
    with pytest.raises(InputError):
        databases.build(ED, tmp_path / "fire.duckdb", raw=tmp_path, records=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"banks.xlsx"}


def test_formula_like_names_stay_text(tmp_path):
    path = tmp_path / "t.xlsx"
    collection.template(
        "banks", path, pd.DataFrame([["=cmd|x", "x", "bank", "1", "g", None, None]], columns=samples.UNITS)
    )
    assert openpyxl.load_workbook(path)["units"]["A2"].data_type == "s"


def test_unknown_database_and_index_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such database: use one of cities, countries"):
        collection.template("planets", tmp_path / "x.xlsx")
    with pytest.raises(InputError, match="in no database"):
        collection.of_index(ED, "happiness")
