"""Corrections: each with who, when and why, applied while the source says what is expected, and no longer."""

import math

import pandas as pd
import pytest

from fire import cells as reading
from fire.errors import Finding
from fire.index import spec as specs
from fire.intake import corrections
from fire.sources.names import Roster

COLUMNS = ["unit", "year", "indicator", "rule", "old", "new", "expect", "who", "when", "why"]
SIGNED = {"who": "王", "when": "2023-05-18", "why": "统计公报"}


def written(folder, *rows: dict, encoding="utf-8-sig"):
    table = pd.DataFrame([SIGNED | row for row in rows], columns=COLUMNS)
    table.to_csv(folder / "corrections.csv", index=False, encoding=encoding)
    return folder / "corrections.csv"


def sound(path):
    """The rows of a file without a fault."""
    rows, found = corrections.read(path)
    assert not found
    return rows


def cells(*raws, unit_of_measure="亿元", factor=1.0) -> pd.DataFrame:
    """GDP of 2021 of some cities, as they stand in column B."""
    value = [reading.read(raw).value for raw in raws]
    return pd.DataFrame(
        {
            "unit": ["北京", "上海", "深圳"][: len(raws)],
            "year": 2021,
            "indicator": "gdp",
            "value": [math.nan if one is None else one * factor for one in value],
            "status": "observed",
            "source": "x",
            "raw": pd.Series(raws, dtype=object),
            "measure": unit_of_measure,
            "file": "a.xlsx",
            "sheet": "表1",
            "row": range(2, 2 + len(raws)),
            "column": "GDP",
            "cell": [f"B{row}" for row in range(2, 2 + len(raws))],
        }
    )


def warning(unit="北京", year=2021, indicator="gdp", value="100", **values) -> Finding:
    keys = {"unit": unit, "year": year, "indicator": indicator, "name": "上海", "candidates": "x"}
    return Finding("names.homonym", "a.xlsx", cell="B2", value=value, **keys | values)


NEW = {"unit": "北京", "year": 2021, "indicator": "gdp", "new": "120", "expect": "100"}
ACCEPT = {"unit": "北京", "year": 2021, "indicator": "gdp", "rule": "names.homonym", "expect": "100"}


def rules(found) -> list[str]:
    return [one.rule for one in found]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_value_is_replaced_and_listed(tmp_path, encoding):
    path = written(tmp_path, NEW, encoding=encoding)
    table, found = corrections.replaced(cells(100.0, 200.0), [], sound(path), path.name)
    assert table["value"].tolist() == [120, 200] and table["corrected"].tolist() == [True, False]
    assert table["raw"].tolist() == [100, 200]
    assert rules(found) == ["corrections.replaced"] and found[0].level == "repair"
    assert (
        found[0].place["cell"] == "B2"
        and "“100”已改为 120" in found[0]
        and "统计公报；王，2023-05-18" in found[0]
    )


@pytest.mark.parametrize(
    "raw, expect, same",
    [
        ("1,234.5", "1234.5", True),
        ("１００①", "100①", True),
        (100.0, "100", True),
        (0.1 + 0.2, "0.3", True),
        ("1.2亿", "1.2亿", True),
        (reading.Percent(0.123), "12.3%", True),
        ("54x97", "54x97", True),
        ("100", "101", False),
        ("54x97", "5497", False),
        (100.0, "100.1", False),
    ],
)
def test_expect_is_the_same_text_or_number(tmp_path, raw, expect, same):
    path = written(tmp_path, NEW | {"expect": expect})
    table, found = corrections.replaced(cells(raw, 5.0), [], sound(path), path.name)
    assert table["corrected"].tolist() == [same, False]
    assert rules(found) == ["corrections.replaced" if same else "corrections.expired"]


def test_an_expired_row_is_not_applied_and_says_what_the_source_says(tmp_path):
    path = written(tmp_path, NEW)
    table, (found,) = corrections.replaced(cells(120.0, 200.0), [], sound(path), path.name)
    assert table["value"].tolist() == [120, 200] and not table["corrected"].any()
    assert found.level == "error" and found.place["row"] == 2 and "来源现在是“120”" in found


@pytest.mark.parametrize(
    "raw, sibling, new, value",
    [
        ("3000000", "5000000", "4000000", 400),  # a table in 万元, an index in 亿元
        ("30x0000", "5000000", "4000000", 400),
    ],
)
def test_a_new_value_is_written_as_in_the_source(tmp_path, raw, sibling, new, value):
    path = written(tmp_path, NEW | {"expect": raw, "new": new})
    table = cells(raw, sibling, unit_of_measure="万元", factor=1e-4)
    table, _ = corrections.replaced(table, [], sound(path), path.name)
    assert table["value"].tolist() == [value, 500]


@pytest.mark.parametrize("new", ["13000万元", "1.3亿元", "1.3亿", "13000"])
def test_a_new_value_may_carry_its_unit_of_measurement(tmp_path, new):
    path = written(tmp_path, NEW | {"expect": "12000", "new": new})
    table = cells("12000", "20000", unit_of_measure="万元", factor=1e-4)
    table, _ = corrections.replaced(table, [], sound(path), path)
    assert table["value"].tolist() == [1.3, 2]


def test_a_percentage_that_was_refused_is_mended(tmp_path):
    fault = Finding("layout.percent", "a.xlsx", sheet="表1", cell="B2", value="12%", to="亿元")
    path = written(tmp_path, NEW | {"expect": "12%", "new": "120"})
    table, found = corrections.replaced(cells("12%", 200.0), [fault], sound(path), path)
    assert table["value"].tolist() == [120, 200] and rules(found) == ["corrections.replaced"]


@pytest.mark.parametrize("new", ["1.5亿", "1.5"])
def test_a_scale_may_be_left_out_where_the_cell_has_one(tmp_path, new):
    path = written(tmp_path, NEW | {"expect": "1.2亿", "new": new})
    table, _ = corrections.replaced(cells("1.2亿", factor=1e-8), [], sound(path), path.name)
    assert table["value"].tolist() == [1.5]


def test_a_cell_that_could_not_be_read_is_mended(tmp_path):
    table = cells("54x97", "200x")
    _, faults = reading.numbers(
        table["raw"], lambda at: table.loc[at, ["file", "sheet", "row", "column", "cell"]].to_dict()
    )
    path = written(tmp_path, NEW | {"expect": "54x97", "new": "5497"})
    table, found = corrections.replaced(table, faults, sound(path), path.name)
    assert table["value"].tolist()[0] == 5497 and math.isnan(table["value"][1])
    assert [one.place["cell"] for one in found if one.level == "error"] == ["B3"]


def test_an_accepted_warning_is_a_note_that_cites_it(tmp_path):
    path = written(tmp_path, ACCEPT)
    (found,) = corrections.accepted([warning()], sound(path), path.name)
    assert (found.rule, found.level, found.place["cell"]) == ("corrections.accepted", "note", "B2")
    assert warning().zh in found.zh and "names.homonym" in found and "统计公报" in found
    assert found.values["unit"] == "北京"


@pytest.mark.parametrize(
    "row", [{"unit": "*"}, {"unit": None, "year": None}, {"indicator": "*", "year": "*", "unit": "*"}]
)
def test_a_row_may_accept_a_warning_for_all(tmp_path, row):
    path = written(tmp_path, ACCEPT | {"expect": None} | row)
    found = corrections.accepted([warning(), warning("上海")], sound(path), path.name)
    assert rules(found)[0] == "corrections.accepted"
    assert (rules(found)[1] == "corrections.accepted") == (row.get("unit", "") in (None, "*"))


def test_a_finding_about_several_cells_needs_all_of_them_accepted(tmp_path):
    both = warning(unit="", value="", covers=(("北京", 2021, "gdp"), ("上海", 2021, "gdp")))
    path = written(tmp_path, ACCEPT)
    assert rules(corrections.accepted([both], sound(path), path.name)) == ["names.homonym"]
    path = written(tmp_path, ACCEPT, ACCEPT | {"unit": "上海", "expect": "7"})
    assert rules(corrections.accepted([both], sound(path), path.name)) == ["corrections.accepted"]


def test_acceptance_expires_with_the_source(tmp_path):
    path = written(tmp_path, ACCEPT)
    rows = sound(path)
    table, found = corrections.replaced(cells(150.0), [warning(value="150")], rows, path.name)
    assert rules(corrections.accepted(found, rows, path.name)) == ["names.homonym", "corrections.outdated"]


def test_rows_that_meet_nothing_are_warned_of(tmp_path):
    path = written(tmp_path, NEW | {"unit": "火星"}, ACCEPT | {"unit": "深圳"})
    rows = sound(path)
    table, found = corrections.replaced(cells(100.0), [warning()], rows, path.name)
    found = corrections.accepted(found, rows, path.name)
    assert rules(found) == ["names.homonym", "corrections.no_cell", "corrections.no_warning"]
    assert [(one.place["row"], one.level) for one in found[1:]] == [(2, "error"), (3, "warning")]


def test_a_row_of_an_indicator_computed_from_a_statistic_is_told_where_to_correct(tmp_path):
    path = written(
        tmp_path, NEW | {"year": 2022}, NEW | {"unit": "上海", "year": 2022, "indicator": "pop_size"}
    )
    table = cells(100.0, 200.0)
    table.loc[1, "indicator"] = "population"
    _, found = corrections.replaced(table, [], sound(path), path.name)
    assert rules(found) == ["corrections.no_cell_statistic"] * 2
    assert "统计按统计年份写：2021，指标写“常住人口”" in found[1]


def test_names_are_read_as_in_the_sources(tmp_path):
    spec = specs.load("fire-2022")
    places = pd.DataFrame({"city": ["北京", "上海"], "city_en": ["Beijing", "Shanghai"]})
    kinds = Roster.of_indicators(spec), Roster.of_measures()
    path = written(
        tmp_path,
        NEW | {"unit": "北京市", "year": "2021年", "indicator": "金融科技企业数"},
        NEW | {"unit": "Shanghai", "indicator": "城镇常住人口"},
        NEW | {"unit": "北亰"},
        ACCEPT | {"indicator": "没有的指标"},
    )
    rows, found = corrections.read(path, Roster.of_places(places), kinds)
    assert rows[["unit", "year", "indicator"]].to_numpy().tolist() == [
        ["北京", "2021", "firms"],
        ["上海", "2021", "urban_population"],
    ]
    assert [one.place["row"] for one in found] == [4, 5] and {one.level for one in found} == {"error"}
    assert rules(found)[0] == "corrections.near" and "北京" in found[0].zh_fix


def test_errors_cannot_be_accepted_and_every_fault_comes_at_once(tmp_path):
    path = written(
        tmp_path,
        NEW,
        NEW | {"new": "130"},
        NEW | {"year": 2020, "new": "abc"},
        NEW | {"unit": "*", "expect": None},
        ACCEPT | {"rule": "cells.text"},
        ACCEPT | {"rule": "plausibility.nonsense"},
        {"unit": "北京", "year": "去年", "indicator": "gdp"},
        NEW | {"unit": "上海", "who": None, "when": "昨天", "why": " "},
    )
    rows, faults = corrections.read(path)
    assert {one.rule.split(".")[1] for one in faults} == {
        "twice", "new", "one_cell", "no_expect", "level", "rule", "nothing", "year", "empty", "date",
    }  # fmt: skip
    assert list(rows.index) == [2]  # the sound row stays, and is applied


@pytest.mark.parametrize(
    "content, rule", [(b"unit,year\n", "column"), (b"", ""), (bytes.fromhex("80ff00fe81"), "")]
)
def test_a_file_that_cannot_be_read_has_no_rows(tmp_path, content, rule):
    (tmp_path / "corrections.csv").write_bytes(content)
    rows, found = corrections.read(tmp_path / "corrections.csv")
    assert rows.empty and found and {one.level for one in found} == {"error"}
    assert not rule or {one.rule for one in found} == {f"tables.{rule}"}
    table, said = corrections.replaced(cells(100.0), [], rows, "corrections.csv")
    assert table["value"].tolist() == [100] and said == []


def test_an_empty_file_changes_nothing(tmp_path):
    path = written(tmp_path)
    rows = sound(path)
    table, found = corrections.replaced(cells(100.0), [warning(), "a plain sentence"], rows, path.name)
    assert found == [warning(), "a plain sentence"] == corrections.accepted(found, rows, path.name)
    empty, _ = corrections.replaced(cells(), [], rows, path.name)
    assert empty["corrected"].dtype == bool
