"""Panels: reading what Excel saves, and refusing what is wrong with every fault named."""

import numpy as np
import pandas as pd
import pytest

from engine_data import coinr, columns, flat, panel
from fire import panel as panels
from fire import spec as specs
from fire.errors import InputError

HEAD = "unit,year,indicator,value,status,source\n"


def write(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "panel.csv"
    path.write_bytes((HEAD + text).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_reads_what_excel_saves(tmp_path, encoding):
    table = panels.read(write(tmp_path, '北京,2020,x,"36,102.6",observed,年鉴\n上海,２０２０,x,３８７０１,observed,年鉴\n'
                                        "拉萨,2020,x,,observed,\n", encoding))
    assert table["value"].tolist()[:2] == [36102.6, 38701] and np.isnan(table["value"][2])
    assert table["year"].tolist() == [2020] * 3 and table["unit"][1] == "上海"


def test_every_fault_of_a_file_at_once(tmp_path):
    path = write(tmp_path, "a,2020,x,1,observed,s\na,2020,x,2,observed,s\n,2020,x,3,observed,s\n"
                           "b,2020,x,n/a,observed,s\n"
                           "c,2020.5,x,4,observed,s\nd,2020,x,5,obsrved,s\n")
    with pytest.raises(InputError) as caught:
        panels.read(path)
    for words in ["row 3: a, 2020, x is there already", "row 4, column 'unit': empty",
                  "row 5, column 'value': 'n/a' is not a number", "row 6, column 'year': 2020.5 is not a whole year",
                  "row 7, column 'status': 'obsrved' is unknown: did you mean 'observed'"]:
        assert words in str(caught.value), str(caught.value)


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
    assert (codes == np.where(table.isna(), -1, 0)).all()


def test_many_faults_are_counted():
    cells = panel({(f"u{row}", 2020, "x"): np.inf for row in range(300)})
    with pytest.raises(InputError, match="and 100 more"):
        panels.validate(cells)


def test_from_wide():
    spec = specs.from_coinr(coinr("asem_meta").drop(columns="Denominator"))
    cells = panels.from_wide(coinr("asem_raw"), spec, unit="uCode", year="Time")
    assert len(cells) == 51 * 49 and set(cells["year"]) == {1} and cells["value"].isna().sum() > 0
    with pytest.raises(InputError, match="column 'Flights' is missing"):
        panels.from_wide(coinr("asem_raw").drop(columns="Flights"), spec, unit="uCode")
