"""Records: every fault is counted once, set aside by its rule, and input = used + set aside."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pandas as pd
import pyarrow.parquet as pq
import pytest
from frictionless import Schema
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from stdnum.cn import uscc
from whole import few

from fire import files
from fire.errors import InputError
from fire.report import build
from fire.report import exhibits as exhibit
from fire.sources import engines, records
from studies.printed2022.published import FOLDER
from studies.printed2022.sample import record_sample

AS_OF = "2021-12-31"
PLACES = files.read_csv(files.DATA / "places.csv")


def small() -> dict[str, pd.DataFrame]:
    """Three sound firms with their patents and deals; every column as text, as Excel gives it."""
    return {
        "firms": pd.DataFrame(
            {
                "firm": ["a", "b", "c"],
                "name": ["甲公司", "乙公司", "丙公司"],
                "uscc": [record_sample.credit_code(n) for n in (1, 2, 3)],
                "city": ["北京市", "上海", "广东省深圳市南山区"],
                "founded": ["2015-1-2", "2016/03/04", "2017年5月6日"],
                "hightech": ["是", "否", "true"],
                "rd_staff": ["10", "1,200", "5"],
                "tracks": ["区块链;大数据", "机器学习", "SaaS"],
            }
        ),
        "patents": pd.DataFrame(
            {
                "patent": ["1", "2", "3", "4"],
                "firm": ["a", "a", "b", "c"],
                "applied": ["2018-01-01", "2019-01-01", "2020-01-01", "2021-01-01"],
                "kind": ["发明", "实用新型", "发明", "外观设计"],
                "track": ["区块链", "大数据", "机器学习", "SaaS"],
                "transfer": ["转让", None, None, None],
            }
        ),
        "deals": pd.DataFrame(
            {
                "deal": ["x", "y"],
                "firm": ["a", "b"],
                "date": ["2019-05-05", "2020-06-06"],
                "round": ["A轮", "C轮"],
                "amount": ["100", None],
                "lead": [None, "I1"],
                "top_vc": ["是", "否"],
            }
        ),
        "institutions": pd.DataFrame(
            {"institution": ["I1"], "name": ["投资甲"], "kind": ["创投"], "city": ["京"]}
        ),
    }


def save(tables: dict, folder, kind="parquet"):
    for name, table in tables.items():
        if kind == "parquet":
            table.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            (folder / f"{name}.csv").write_bytes(table.to_csv(index=False).encode("gb18030"))
    return folder


def checked(tables: dict, folder, kind="parquet") -> records.Records:
    con = engines.connect("duckdb://")
    return records.check(records.read(save(tables, folder, kind), con), con, AS_OF, PLACES)


def rows_of(result, table: str, rule: str) -> int:
    found = result.quality.query("table == @table and rule == @rule")["rows"]
    return int(found.sum())


def assert_reconciles(result):
    totals = result.quality.pivot_table(
        index="table", columns="action", values="rows", aggfunc="sum", fill_value=0
    )
    aside = totals.get("set aside", 0)
    assert (totals["input"] == totals["used"] + aside).all()
    for name, table in result.tables.items():
        assert table.count().execute() == rows_of(result, name, "used")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_sound_records_are_all_used(tmp_path, kind):
    result = checked(small(), tmp_path, kind)
    assert set(result.quality["action"]) == {"input", "used"}
    firms = records.to_pandas(result.tables["firms"]).sort_values("firm")
    assert list(firms["city"]) == ["北京", "上海", "深圳"] and list(firms["region"]) == [
        "京津冀",
        "长三角",
        "粤港澳大湾区",
    ]
    assert list(firms["category"]) == ["区块链", "人工智能", "云计算"]
    assert list(firms["founded"]) == [dt.date(2015, 1, 2), dt.date(2016, 3, 4), dt.date(2017, 5, 6)]
    assert list(firms["rd_staff"]) == [10, 1200, 5] and list(firms["hightech"]) == [True, False, True]


def test_last_day_of_each_table_is_that_of_the_records_used(tmp_path):
    tables = small()
    tables["patents"].loc[3, "applied"] = "2022-01-01"
    result = checked(tables, tmp_path)
    used = result.quality.query("action == 'used'").set_index("table")["latest"]
    assert used[["firms", "patents", "deals"]].tolist() == ["2017-05-06", "2020-01-01", "2020-06-06"]
    assert pd.isna(used["institutions"]) and result.quality["latest"].notna().sum() == 3


def test_a_folder_of_parts_is_one_table(tmp_path):
    save(small(), tmp_path)
    whole = small()["patents"]
    (tmp_path / "patents.parquet").unlink()
    for year, part in whole.groupby(whole["applied"].str[:4]):
        (tmp_path / "patents.parquet" / f"year={year}").mkdir(parents=True)
        part.to_parquet(tmp_path / "patents.parquet" / f"year={year}" / "part.parquet", index=False)
    con = engines.connect("duckdb://")
    assert rows_of(records.check(records.read(tmp_path, con), con, AS_OF, PLACES), "patents", "used") == 4


FAULTS = {  # what is broken: (table, {column: value of the first row}, rule)
    "unknown firm": ("patents", {"firm": "nobody"}, "unknown_firm"),
    "future date": ("patents", {"applied": "2022-01-01"}, "future"),
    "malformed date": ("patents", {"applied": "2021-02-30"}, "malformed"),
    "date in words": ("deals", {"date": "last May"}, "malformed"),
    "missing key": ("patents", {"firm": "  "}, "missing"),
    "unlisted kind": ("patents", {"kind": "商标"}, "unlisted"),
    "negative staff": ("firms", {"rd_staff": "-3"}, "unlisted"),
    "staff in words": ("firms", {"rd_staff": "many"}, "malformed"),
    "unmatched place": ("firms", {"city": "亚特兰蒂斯"}, "unmatched_place"),
    "ambiguous place": ("firms", {"city": "Taizhou"}, "unmatched_place"),
    "unknown track of a firm": ("firms", {"tracks": "炼金术"}, "unknown_track"),
    "unknown track of a patent": ("patents", {"track": "炼金术"}, "unknown_track"),
    "yes or no unclear": ("deals", {"top_vc": "maybe"}, "malformed"),
    "place of an institution": ("institutions", {"city": "Nowhere"}, "unmatched_place"),
}


@pytest.mark.parametrize(
    "name", few(FAULTS, "unknown firm", "malformed date", "ambiguous place", "unlisted kind")
)
def test_each_fault_is_counted_and_set_aside(tmp_path, name):
    table, change, rule = FAULTS[name]
    tables = small()
    extra = (
        tables[table]
        .iloc[[0]]
        .assign(
            **{tables[table].columns[0]: "new"},
            **{"name": "丁公司", "uscc": None} if table == "firms" else {},
        )
    )
    tables[table] = pd.concat([tables[table], extra.assign(**change)], ignore_index=True)
    result = checked(tables, tmp_path)
    assert rows_of(result, table, rule) == 1
    assert rows_of(result, table, "used") == len(tables[table]) - 1
    assert list(records.to_pandas(result.set_aside[table])["rule"]) == [rule]
    assert_reconciles(result)


def test_duplicated_identifiers_keep_one_row(tmp_path):
    tables = small()
    tables["patents"] = pd.concat([tables["patents"]] * 2, ignore_index=True)
    result = checked(tables, tmp_path)
    assert rows_of(result, "patents", "duplicate_id") == 4 and rows_of(result, "patents", "used") == 4
    assert_reconciles(result)


def test_the_same_firm_twice_is_merged_and_keeps_its_records(tmp_path):
    tables = small()
    twice = (
        tables["firms"]
        .iloc[[0, 1]]
        .assign(firm=["d", "e"], name=["另一个名字", "乙 公 司"], uscc=[tables["firms"]["uscc"][0], None])
    )
    tables["firms"] = pd.concat([tables["firms"], twice], ignore_index=True)
    tables["patents"].loc[3, "firm"] = "d"
    result = checked(tables, tmp_path)
    assert rows_of(result, "firms", "duplicate_firm") == 2
    patents = records.to_pandas(result.tables["patents"]).set_index("patent")["firm"]
    assert patents["4"] == "a" and rows_of(result, "patents", "used") == 4
    assert_reconciles(result)


def test_records_of_a_firm_set_aside_are_named_as_such(tmp_path):
    tables = small()
    tables["firms"].loc[0, "city"] = "亚特兰蒂斯"
    result = checked(tables, tmp_path)
    assert (
        rows_of(result, "patents", "firm_set_aside") == 2 and rows_of(result, "deals", "firm_set_aside") == 1
    )
    assert_reconciles(result)


def test_wrong_check_digit_is_flagged_and_the_firm_kept(tmp_path):
    tables = small()
    code = tables["firms"].loc[0, "uscc"]
    tables["firms"].loc[0, "uscc"] = code[:-1] + ("0" if code[-1] != "0" else "1")
    result = checked(tables, tmp_path)
    assert rows_of(result, "firms", "check_digit") == 1 and rows_of(result, "firms", "used") == 3


def test_formula_like_name_is_flagged_and_reaches_excel_inert(tmp_path):
    tables = small()
    tables["firms"].loc[0, "name"] = "=cmd|'/c calc'!A1"
    result = checked(tables, tmp_path)
    assert rows_of(result, "firms", "formula_like") == 1
    firms = records.to_pandas(result.tables["firms"])
    assert firms["name"].str.startswith("=").sum() == 1
    assert not exhibit.inert(firms)["name"].str.startswith("=").any()


def test_whole_table_faults_are_refused_together(tmp_path):
    tables = small()
    tables["deals"] = tables["deals"].iloc[:0]
    tables["firms"] = tables["firms"].drop(columns="city").assign(founded=[1.5, 2.5, 3.5])
    save(tables, tmp_path)
    (tmp_path / "patents.parquet").write_bytes(b"PAR1 cut off")
    (tmp_path / "institutions.parquet").unlink()
    with pytest.raises(InputError) as caught:
        records.read(tmp_path, engines.connect("duckdb://"))
    message = "\n".join(caught.value.faults)
    for words in (
        "deals: the table has no rows",
        "column 'city' is missing",
        "column 'founded' has type float64",
        "patents.parquet: cannot be read as Parquet",
        "neither institutions.parquet nor institutions.csv is there",
    ):
        assert words in message


def test_a_table_without_one_usable_row_is_refused(tmp_path):
    tables = small()
    tables["deals"]["date"] = "soon"
    with pytest.raises(InputError, match="deals: no usable row: see the rules .*malformed"):
        checked(tables, tmp_path)


@pytest.mark.parametrize(
    "text, city",
    [
        ("北京市", "北京"),
        ("北京", "北京"),
        ("京", "北京"),
        ("Beijing", "北京"),
        ("BEIJING city", "北京"),
        ("110000", "北京"),
        (" 上 海 ", "上海"),
        ("沪", "上海"),
        ("Ｓｈａｎｇｈａｉ", "上海"),
        ("浙江杭州", "杭州"),
        ("浙江省杭州市西湖区", "杭州"),
        ("Xi'an", "西安"),
        ("Xi’an", "西安"),
        ("内蒙古自治区呼和浩特市", "呼和浩特"),
        ("广东省", None),
        ("Taizhou", None),
        ("火星", None),
        ("其他", "其他"),
        ("", None),
    ],
)
def test_places_in_every_usual_writing(text, city):
    found = records.match_places(pd.Series([text]), PLACES)[0]
    assert (None if pd.isna(found) else found) == city


@given(st.integers(1, 10**9 - 1))
@settings(max_examples=30, deadline=None)
def test_sample_codes_have_their_check_digit(number):
    assert uscc.is_valid(record_sample.credit_code(number))


def test_schemas_are_frictionless_and_name_every_column():
    for name, table in small().items():
        schema = Schema.from_descriptor(records.schema(name))
        assert schema.field_names == list(table.columns)


def test_27_tracks_in_6_categories_with_their_basis():
    tracks = records.technology()
    printed = files.read_csv(FOLDER / "tech_tracks.csv").query("kind == 'track'")
    assert len(tracks) == 27 == tracks["track"].nunique() and tracks["category"].nunique() == 6
    assert set(tracks.loc[tracks["track_basis"] == "printed", "track"]) == set(printed["name"])
    implied = printed[printed["basis"] == "implied"].set_index("name")["category"]
    assert (
        tracks[tracks["category_basis"] == "implied"].set_index("track")["category"].to_dict()
        == implied.to_dict()
    )


def test_sample_is_marked_simulated_in_every_file(tmp_path):
    tables = {name: pd.DataFrame({"x": [1]}) for name in records.TABLES}
    save(tables, tmp_path)
    assert records.status(tmp_path) == "observed" and records.source(tmp_path) == records.SOURCE
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    assert records.status(records.FOLDER) == "simulated"
    assert records.source(records.FOLDER)["en"].startswith("Simulated")
    for name in records.TABLES:
        assert pq.read_schema(records.FOLDER / f"{name}.parquet").metadata[b"status"] == b"simulated"
    assert pd.read_parquet(records.FOLDER / "firms.parquet")["name"].str.contains("模拟").all()


@pytest.mark.parametrize("widgets", ["", "import sys; sys.modules['ipywidgets'] = None; "])
def test_a_notebook_reaches_duckdb_with_and_without_widgets(widgets):
    """DuckDB draws progress bars by widgets in a notebook, and refuses to hear of bars where there are none."""
    asked = "con.raw_sql(\"SELECT current_setting('enable_progress_bar')\").fetchone()[0]"
    code = f"{widgets}from fire.sources import engines; con = engines.connect('duckdb://'); print({asked})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(files.ROOT)}}
    ).execute()
    assert notebook.cells[0].outputs[0]["text"] == "False\n"


def test_identifiers_are_compared_in_parts(monkeypatch, tmp_path):
    """As all at once: none is missed, and only equal ones are found."""
    con = engines.connect("duckdb://")
    names = pd.DataFrame({"key": [f"P{number:04d}" for number in range(1000)] + [None, None]})
    monkeypatch.setattr(records, "AT_ONCE", 90)
    assert records._all_differ(engines.local_table(con, names), "key", con)
    for number in (0, 1, 500, 999):
        twice = pd.concat([names, names.iloc[[number]]])
        assert not records._all_differ(engines.local_table(con, twice), "key", con)


SPILLS = (
    "SELECT min(a), max(a), sum(a) FROM (SELECT range AS a, hash(range) AS b FROM range(6000000) ORDER BY b)"
)


def test_two_counts_that_do_not_fit_into_memory_do_not_meet():
    """What one connection writes to the disk is no other's: DuckDB gives its files the same names in every process."""
    both = [engines.connect("duckdb://?memory_limit=60MB&threads=1") for _ in range(2)]
    places = {con.raw_sql("SELECT current_setting('temp_directory')").fetchone()[0] for con in both}
    assert len(places) == 2 and all(
        build.PART.match(Path(place).name) for place in places
    )  # the next build sweeps
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda con: con.raw_sql(SPILLS).fetchone(), both))
    assert found == [(0, 5999999, 17999997000000)] * 2


@pytest.mark.parametrize("settings", ["memory_limt=2GiB", "memory_limit=lots", "threads=0", "memory_limit"])
def test_settings_that_the_engine_does_not_take_are_told(settings):
    with pytest.raises(InputError, match="引擎不接受这样的设置") as refused:
        engines.connect(f"duckdb://?{settings}")
    assert len(refused.value.faults) == 1 and "\n" not in refused.value.faults[0]
