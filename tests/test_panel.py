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
