"""Panels: reading what Excel saves, and refusing what is wrong with every fault named."""

import numpy as np
import pandas as pd
import pytest
from engine_data import coinr, columns, flat, panel

from fire.errors import InputError
from fire.index import panel as panels
from fire.index.coinr import from_coinr

COLUMNS = panels.COLUMNS
HEAD = ",".join(COLUMNS) + "\n"


def write(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "panel.csv"
    path.write_bytes((HEAD + text).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_what_excel_saves(tmp_path, encoding):
    table = panels.read(
        write(
            tmp_path,
            '北京,2020,x,"36,102.6",observed,年鉴\n上海,２０２０,x,３８７０１,observed,年鉴\n'
            "拉萨,2020,x,,observed,\n",
            encoding,
        )
    )
    assert table["value"].tolist()[:2] == [36102.6, 38701] and np.isnan(table["value"][2])
    assert table["year"].tolist() == [2020] * 3 and table["unit"][1] == "上海"


def test_every_fault_of_a_file_at_once(tmp_path):
    path = write(
        tmp_path,
        "a,2020,x,1,observed,s\na,2020,x,2,observed,s\n,2020,x,3,observed,s\n"
        "b,2020,x,n/a,observed,s\n"
        "c,2020.5,x,4,observed,s\nd,2020,x,5,obsrved,s\n",
    )
    with pytest.raises(InputError) as caught:
        panels.read(path)
    for words in [
        "row 3: 'a, 2020, x' is there already",
        "row 4, column 'unit': empty",
        "row 5, column 'value': 'n/a' is not a number",
        "row 6, column 'year': '2020.5' is not a whole year",
        "row 7, column 'status': 'obsrved' is unknown: did you mean 'observed'",
    ]:
        assert words in str(caught.value), str(caught.value)


def workbook(tmp_path, **sheets):
    path = tmp_path / "mine.xlsx"
    with pd.ExcelWriter(path) as book:
        for name, rows in sheets.items():
            pd.DataFrame(rows[1:], columns=rows[0]).to_excel(book, sheet_name=name, index=False)
    return path


def test_reads_a_sheet_of_a_workbook(tmp_path):
    rows = [
        COLUMNS,
        ["北京", 2020, "x", 36102.6, "observed", "年鉴"],
        ["上海", "２０２０", "x", "38,701", "printed", ""],
    ]
    table = panels.read(workbook(tmp_path, 数据=rows))
    assert table["value"].tolist() == [36102.6, 38701] and table["year"].tolist() == [2020, 2020]
    path = workbook(tmp_path, 数据=rows, notes=[["a"], ["b"]])
    assert panels.read(path, sheet="数据").equals(table)
    for sheet, words in [
        (None, "which sheet.: add sheet= one of 数据, notes"),
        ("daten", "no sheet 'daten': add"),
    ]:
        with pytest.raises(InputError, match=words):
            panels.read(path, sheet=sheet)
    path = workbook(tmp_path, 数据=[*rows, ["天津", 2020, "x", "n/a", "observed", ""]])
    with pytest.raises(
        InputError, match="mine.xlsx, sheet '数据': row 4, column 'value': 'n/a' is not a number"
    ):
        panels.read(path)
    (tmp_path / "old.xls").write_bytes(b"no workbook")
    with pytest.raises(InputError, match="save it from Excel as .xlsx"):
        panels.read(tmp_path / "old.xls")


def test_reads_a_wide_table_with_a_column_for_each_indicator(tmp_path):
    spec = flat("x", "y")
    rows = [["unit", "year", "region", "x", "y"], ["a", 2020, "e", 1, "2,000"], ["b", 2020, "e", 3, None]]
    table = panels.read(workbook(tmp_path, data=rows), spec)
    cells = table[["unit", "indicator", "value"]].dropna().to_numpy().tolist()
    assert cells == [["a", "x", 1], ["b", "x", 3], ["a", "y", 2000]]
    assert set(table["status"]) == {"observed"} and set(table["source"]) == {"mine.xlsx"}
    bad = [*rows, ["b", 2020, "e", "?", 1], [None, 2020.5, "e", 1, 1]]
    with pytest.raises(InputError) as caught:
        panels.read(workbook(tmp_path, data=bad), spec)
    for words in [
        "row 4, column 'x': '?' is not",
        "row 4: 'b, 2020' is there already",
        "row 5, column 'unit': empty",
        "'2020.5' is not a whole year",
    ]:
        assert words in str(caught.value), str(caught.value)
    softer = workbook(tmp_path, data=[["unit", "year", "x", "y", "status"], ["a", 1, 2, 3, "estimated"]])
    assert set(panels.read(softer, spec)["status"]) == {"estimated"}


def test_text_among_the_values_is_named():
    with pytest.raises(InputError, match="b, 2020, x: 'many' is not a number"):
        panels.validate(columns(x=[1, 2]).assign(value=["1", "many"]))
    assert panels.wide(columns(x=[1, 2]).assign(value=["1", "2"]), ["x"])[0]["x"].tolist() == [1, 2]


def test_missing_column(tmp_path):
    (tmp_path / "panel.csv").write_text("unit,year,value\na,2020,1\n")
    with pytest.raises(InputError, match="column 'indicator' is missing"):
        panels.read(tmp_path / "panel.csv")


def test_validate_names_absent_indicators_and_empty_keys():
    with pytest.raises(InputError) as caught:
        panels.validate(columns(x=[1, 2]).assign(unit=["a", None]), flat("x", "y"))
    assert "row 2: 'unit' is empty" in str(caught.value) and "indicator 'y' has no value" in str(caught.value)
    with pytest.raises(InputError, match="'year' holds no whole numbers"):
        panels.validate(columns(x=[1, 2]).astype({"year": float}))


def test_wide_matches_by_key_and_fills_the_grid():
    cells = panel({("b", 2021, "y"): 4, ("a", 2020, "x"): 1, ("b", 2020, "x"): 2, ("a", 2021, "y"): 3})
    table, codes = panels.wide(cells, ["x", "y"])
    assert table.index.tolist() == [(2020, "a"), (2020, "b"), (2021, "a"), (2021, "b")]
    assert table["x"].tolist()[:2] == [1, 2] and table["y"].tolist()[2:] == [3, 4]
    assert (codes == np.where(table.isna(), -1, panels.STATUSES.index("observed"))).all()


def test_many_faults_are_counted():
    cells = panel({(f"u{row}", 2020, "x"): np.inf for row in range(300)})
    with pytest.raises(InputError, match="and 100 more"):
        panels.validate(cells)


def test_from_wide():
    spec = from_coinr(coinr("asem_meta").drop(columns="Denominator"))
    cells = panels.from_wide(coinr("asem_raw"), spec, unit="uCode", year="Time")
    assert len(cells) == 51 * 49 and set(cells["year"]) == {1} and cells["value"].isna().sum() > 0
    with pytest.raises(InputError, match="row 3, column 'LPI': 'good' is not a number"):
        panels.from_wide(coinr("asem_raw").assign(LPI=[1, 2, "good", *range(48)]), spec, unit="uCode")
    with pytest.raises(InputError, match="column 'Flights' is missing"):
        panels.from_wide(coinr("asem_raw").drop(columns="Flights"), spec, unit="uCode")


# Wide tables


WIDE = pd.DataFrame(
    {"unit": ["a", "b", "a", "b"], "year": [2020, 2020, 2021, 2021], "x": [1.0, 2, 3, 4], "y": [5.0, 6, 7, 8]}
)
LONG = panels.from_wide(WIDE, flat("x", "y"))


@pytest.mark.parametrize(
    "table",
    [
        pd.concat([WIDE[:2], WIDE[2:].reset_index(drop=True)]),  # two yearly tables: row labels 0, 1, 0, 1
        WIDE.set_index(["unit", "year"]),
        WIDE.set_index("unit"),
        WIDE.set_axis(["same"] * 4),
        WIDE.assign(year=WIDE["year"].astype(str)),
        WIDE.assign(year=WIDE["year"].astype(float)),
        WIDE.assign(year=pd.to_datetime(WIDE["year"].astype(str))),
        WIDE.assign(year=pd.to_datetime(WIDE["year"].astype(str) + "-12-31")),
        WIDE.assign(year=pd.PeriodIndex(WIDE["year"].astype(str), freq="Y")),
        WIDE.assign(unit=pd.Categorical(WIDE["unit"], ["z", "b", "a"], ordered=True)),
        WIDE.assign(x=WIDE["x"].astype("Int8"), y=WIDE["y"].astype("float32")),
        WIDE.assign(x=WIDE["x"].astype("category"), y=WIDE["y"].astype(str)),
        WIDE.assign(gdp=["-", "n/a", "?", ""]),  # a column that the specification does not have
    ],
)
def test_a_wide_table_with_any_row_labels_and_types(table):
    assert panels.from_wide(table, flat("x", "y")).equals(LONG)


def test_the_rows_of_a_panel_come_column_by_column():
    assert LONG[["unit", "year", "indicator", "value"]].to_numpy().tolist() == [
        ["a", 2020, "x", 1],
        ["b", 2020, "x", 2],
        ["a", 2021, "x", 3],
        ["b", 2021, "x", 4],
        ["a", 2020, "y", 5],
        ["b", 2020, "y", 6],
        ["a", 2021, "y", 7],
        ["b", 2021, "y", 8],
    ]
    one = panels.from_wide(WIDE[:2].drop(columns="year"), flat("x"), status="estimated", source="book")
    assert set(one["year"]) == {1} and set(one["status"]) == {"estimated"} and set(one["source"]) == {"book"}
    taken = panels.from_wide(WIDE.rename(columns={"x": "value", "y": "status"}), flat("value", "status"))
    assert taken["value"].tolist() == LONG["value"].tolist() and set(taken["status"]) == {"observed"}


@pytest.mark.parametrize(
    "table, words",
    [
        (WIDE.assign(year=2018.5), "row 1, column 'year': '2018.5' is not a whole year"),
        (WIDE.assign(year="2018年"), "row 1, column 'year': '2018年' is not a number"),
        (WIDE.assign(year=pd.Timestamp(2018, 5, 1)), "'2018-05-01 00:00:00' is a date within a year"),
        (WIDE.assign(year=[2020, None, 2021, 2021]), "row 2: 'year' is empty"),
        (WIDE.assign(unit=["a", None, "a", ""]), "row 2: 'unit' is empty.*\n.*row 4: 'unit' is empty"),
        (WIDE.assign(x=pd.Timestamp(2018, 5, 1)), "row 1, column 'x': '2018-05-01 00:00:00' is not a number"),
        (pd.concat([WIDE, WIDE[:1]]), "row 5: there is a row before it for a, 2020: keep one"),
        (
            WIDE.drop(columns="year"),
            "row 3: there is a row before it for a, and there is no column 'year': add",
        ),
        (WIDE.rename(columns={"year": "Year"}), "'year' is missing: name the one that .* years: year='Year'"),
        (
            WIDE.rename(columns={"unit": "city"}),
            "'unit' is missing: rename 'city' if that is it, or name the one that holds the units: unit=",
        ),
        (WIDE.rename(columns={"x": "X"}), "column 'x' is missing: rename 'X' if that is it, or add it"),
        (WIDE.rename(columns={"x": "ｘ"}), "column 'x' is missing: rename 'ｘ' if that is it, or add it"),
        (pd.concat([WIDE, WIDE["x"]], axis=1), "column 'x' is there more than once"),
        (WIDE.set_axis(pd.MultiIndex.from_product([["a"], WIDE]), axis=1), "columns have several levels"),
        (LONG, "it is a panel already"),
        (WIDE["x"], "the table is a Series: give a DataFrame"),
        ({"x": [1]}, "the table is a dict: give a DataFrame"),
        ("my.dta", r"'my.dta' names a file: read it first, as in pd.read_stata\('my.dta'\)"),
    ],
)
def test_a_table_that_is_no_wide_one(table, words):
    with pytest.raises(InputError, match=words):
        panels.from_wide(table, flat("x", "y"))


def test_a_wide_table_and_its_specification_swapped_or_missing():
    with pytest.raises(InputError, match="the table comes first, then the specification: swap"):
        panels.from_wide(flat("x", "y"), WIDE)
    with pytest.raises(InputError, match="is a dict: build it first.*\n.*the table is a Series"):
        panels.from_wide(WIDE["x"], {})


def test_every_fault_of_a_wide_table_at_once():
    with pytest.raises(InputError) as caught:
        panels.from_wide(WIDE.assign(x="a", year=[2020, 2020.5, 2021, None]), flat("x", "y"))
    assert len(caught.value.faults) == 6


# Stata


def stata(tmp_path, table: pd.DataFrame, **options):
    path = tmp_path / "mine.dta"
    table.to_stata(path, write_index=False, version=118, **options)
    return path


CODED = WIDE.assign(
    unit=np.array([1, 2, 1, 2], dtype="int8"),
    year=pd.to_datetime(WIDE["year"].astype(str)),
    x=WIDE["x"].astype("int8"),
    y=np.array([5, 6.5, np.nan, 8], dtype="float32"),
)
NAMES = {"unit": {1: "北京", 2: "上海"}}
VALUES = [1, 2, 3, 4, 5, 6.5, np.nan, 8]


@pytest.mark.parametrize("read", ["frame", "file"])
def test_a_stata_file_with_value_labels_and_yearly_dates(tmp_path, read):
    path = stata(tmp_path, CODED, value_labels=NAMES, convert_dates={"year": "ty"})
    frame = pd.read_stata(path)
    assert isinstance(frame["unit"].dtype, pd.CategoricalDtype) and frame["year"].dtype.kind == "M"
    spec = flat("x", "y")
    found = panels.read(path, spec) if read == "file" else panels.from_wide(frame, spec)
    np.testing.assert_array_equal(found["value"], VALUES)
    assert found["unit"].tolist() == ["北京", "上海"] * 4
    assert found["year"].tolist() == [2020, 2020, 2021, 2021] * 2
    table, _ = panels.wide(found, ["x", "y"])
    assert table.loc[(2021, "上海"), "y"] == 8


def test_missing_values_of_stata_are_missing(tmp_path):
    path = stata(tmp_path, CODED.assign(year=WIDE["year"]), value_labels=NAMES)
    frame = pd.read_stata(path, convert_missing=True)
    assert type(frame["y"][2]).__name__ == "StataMissingValue"
    np.testing.assert_array_equal(panels.from_wide(frame, flat("x", "y"))["value"], VALUES)


def test_a_value_label_is_no_value(tmp_path):
    """A code 3 labelled "no answer" is no 3: whoever means the codes reads them."""
    path = stata(tmp_path, CODED.assign(year=WIDE["year"]), value_labels={"x": {3: "no answer"}})
    with pytest.raises(InputError, match=r"row 3, column 'x': 'no answer' .*convert_categoricals=False\)"):
        panels.from_wide(pd.read_stata(path), flat("x", "y"))
    with pytest.raises(InputError, match="row 4, column 'x': 'no answer' is not a number"):
        panels.read(path, flat("x", "y"))
    codes = panels.from_wide(pd.read_stata(path, convert_categoricals=False), flat("x", "y"))
    np.testing.assert_array_equal(codes["value"], VALUES)


def test_a_panel_in_long_form_from_stata(tmp_path):
    path = stata(tmp_path, LONG.astype({"status": "category"}))
    assert panels.read(path)[["unit", "year", "indicator", "value"]].equals(LONG.iloc[:, :4])
