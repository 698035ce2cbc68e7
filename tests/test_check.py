"""The check of a scratch edition: its CSV forms filled in, and the slips that people make in it."""

import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import fire
from fire import edition as editions
from fire import files
from fire.errors import Finding
from fire.intake import check, template
from fire.report import check as page
from fire.sources.statistics import INDICATORS

RAW = "data/raw/2023"
TITLES = {"indicators": "指标", "statistics": "统计"}


@pytest.fixture(scope="module")
def history():
    """The panel of edition 2022 without a gap, a value a unit and indicator of 2021."""
    panel = fire.load(2022).index.complete()
    return panel[panel["year"].eq(2021)].pivot(index="unit", columns="indicator", values="value")


@pytest.fixture(scope="module")
def forms(tmp_path_factory, history):
    """The folder of edition 2023 as `make new` writes it, and one with both years filled in."""
    empty, filled = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("filled")
    template.begin(fire.load(2022), "2023", empty, "csv")
    text = (empty / "reports/editions/2023.yaml").read_text(encoding="utf-8")
    text = text.replace("specification: fire-2023", "specification: fire-2022")
    shutil.rmtree(empty / "reports")
    files.write_text(empty / "2023.yaml", text)
    for path in editions.EDITIONS.glob("2022.*"):  # its posts are kept
        shutil.copy2(path, empty)
    shutil.copytree(empty, filled, dirs_exist_ok=True)
    growth = pd.Series(np.random.default_rng(2023).uniform(1.02, 1.12, len(history)), history.index)
    for sheet in TITLES:
        path = filled / RAW / f"{sheet}.csv"
        table = pd.read_csv(path, header=None, dtype=object, encoding="utf-8-sig", skiprows=1)
        named = blocks(filled)[f"{sheet}.csv"]["names"]
        for column in range(2, table.shape[1], 2):
            values = value_of(history, named[table.iat[0, column]]).reindex(table.iloc[5:, 0])
            digits = 0 if (values % 1 == 0).all() else 2
            last = values.round(digits)
            now = (values * growth.reindex(values.index)).round(digits)
            table.iloc[5:, column], table.iloc[5:, column + 1] = last.to_numpy(), now.to_numpy()
        title = pd.DataFrame([[f"{TITLES[sheet]}"]])
        files.write_text(
            path, title.to_csv(header=False, index=False) + table.to_csv(header=False, index=False)
        )
    single = filled / RAW / "single-statistics.csv"
    lines = single.read_text(encoding="utf-8-sig").splitlines()[:3]
    files.write_text(single, "\n".join(lines) + "\n")
    return SimpleNamespace(empty=empty, filled=filled)


def value_of(history: pd.DataFrame, name: str) -> pd.Series:
    """Values of an indicator, or of the statistic that it is computed from."""
    if name == "tertiary":
        return history["gdp"] * history["tertiary_share"] / 100
    return history[INDICATORS.get(name, name)]


def blocks(folder) -> dict:
    return {one["file"]: one for one in files.read_yaml(folder / RAW / "sources.yaml")["sources"]}


@pytest.fixture
def checked(forms, tmp_path):
    """Check the filled edition (or the empty one) with texts of its files replaced: file, old, new."""

    def done(*changes, corrections=(), empty=False):
        shutil.copytree(forms.empty if empty else forms.filled, tmp_path, dirs_exist_ok=True)
        for file, old, new in changes:
            path = tmp_path / RAW / file
            text = path.read_text(encoding="utf-8-sig")
            assert re.search(old, text, re.MULTILINE), (file, old)
            files.write_text(path, re.sub(old, new, text, flags=re.MULTILINE))
        if corrections:
            head = "unit,year,indicator,rule,old,new,expect,who,when,why"
            files.write_text(tmp_path / RAW / "corrections.csv", "\n".join([head, *corrections]) + "\n")
        path = tmp_path / "2023.yaml"
        text = path.read_text(encoding="utf-8").replace(" data/raw", f" {tmp_path.as_posix()}/data/raw")
        files.write_text(path, text)
        return check.check(editions.load("2023", tmp_path))

    return done


def errors(found) -> list[str]:
    return [one.rule if isinstance(one, Finding) else f"{one}" for one in found.of("error")]


def late(found) -> list[str]:
    return [one.rule for one in found.of("late")]


def cell(forms, city: str, column: int) -> str:
    """What stands in a column (A = 0) of the indicators, for a city."""
    lines = (forms.filled / RAW / "indicators.csv").read_text(encoding="utf-8-sig").splitlines()
    return next(line for line in lines if line.startswith(f"{city},")).split(",")[column]


def test_a_filled_form_has_no_error(checked):
    found = checked()
    assert errors(found) == [] and late(found) == []
    assert found.panel["year"].value_counts().to_dict() == {2021: 59 * 19, 2022: 59 * 19}


def test_an_empty_form_says_so_once(checked):
    found = checked(empty=True)
    assert errors(found) == ["check.not_filled"] and late(found) == [] and found.late.empty
    assert "工作簿还没有填 2022 年的数" in found.of("error")[0]


@pytest.mark.parametrize(
    "change",
    [
        ("sources.yaml", "file: indicators.csv", "file: indicator.csv"),
        ("sources.yaml", "  columns: C-AF", "  colums: C-AF"),
        ("sources.yaml", "  rows: 7-$", "  rows: 700-"),
        ("indicators.csv", "年份", "年度份"),
    ],
)
def test_one_slip_does_not_say_that_everything_is_missing(checked, change):
    found = checked(change)
    rules = {one.rule for one in found.findings}
    assert not rules & {"late.never", "check.no_year", "check.not_filled", "check.last_year", "late.unit"}
    assert late(found) == [] and found.late.empty
    assert len(errors(found)) <= 4


@pytest.mark.parametrize(
    "sheet, column", [("indicators", 3), ("statistics", 7)]
)  # R&D staff of 2022, residents of 2021
def test_a_column_of_texts_is_wrong_and_not_late(checked, sheet, column):
    old = rf"^((?!,|城市,)[^,\n]+(?:,[^,\n]*){{{column - 1}}}),[^,\n]*"
    found = checked((f"{sheet}.csv", old, r"\1,abc"))
    assert set(errors(found)) == {"cells.text"} and late(found) == [] and found.late.empty


def test_after_a_slip_of_yaml_nothing_else_is_said(checked):
    found = checked(("sources.yaml", "  columns: C-AF", "\tcolumns: C-AF"))
    assert "sources.yaml 写法有误：第 11 行" in found.of("error")[0].zh
    assert set(errors(found)) == {"check.yaml"} and len(found.findings) == found.count("error")


def test_a_city_that_lacks_much_has_one_line(checked):
    found = checked(
        ("indicators.csv", "^苏州,([^,\n]*),.*$", r"苏州,\1" + 30 * ","),
        ("statistics.csv", "^(广州,.*),[^,]*$", r"\1,"),
    )
    lines = {one.rule: one for one in found.of("late") if one.values["year"] == 2022}
    assert set(lines) == {"late.unit_draws", "late.draws_some"} and errors(found) == []
    assert "苏州 2022 年缺 15 个指标：" in lines["late.unit_draws"].zh
    assert "Suzhou 2022: 15 indicators" in lines["late.unit_draws"].en
    assert "人口结构（城镇常住人口，统计 2021 年）" in lines["late.draws_some"].zh
    assert lines["late.draws_some"].values["units_en"] == "Guangzhou"


def test_two_values_of_a_statistic_are_named_by_its_label_and_year(checked):
    found = checked(("single-statistics.csv", r"\Z", "成都,常住人口,2021,1,公开统计,x\n"))
    said = [one for one in found.of("error") if one.rule == "check.conflict_statistic"]
    assert len(said) == 1 and "成都常住人口（统计 2021 年）有两个不同的值" in said[0].zh
    assert "resident population of Chengdu (statistic of 2021)" in said[0].en


def test_a_bad_correction_leaves_the_others_and_the_check(checked, forms):
    was = cell(forms, "深圳", 3)
    found = checked(
        ("indicators.csv", "^(广州,[^,]*,[^,]*),[^,]*", r"\1,abc"),
        corrections=[
            f"深圳市,2022,企业研发人员数,,,{float(was) + 1:.15g},{was},王,2023-05-18,年报",
            "成都,2022,企业研发人员数,,,5,4,,2023-05-18,",
            "成都,2022,地区生产总值,,,5,4,王,2023-05-18,年报",
            "杭州,2022,孵化器数量,,,5,没有这个数,王,2023-05-18,年报",
        ],
    )
    wanted = [
        "tables.empty",
        "tables.empty",
        "cells.text",
        "corrections.no_cell_statistic",
        "corrections.expired",
    ]
    assert sorted(errors(found)) == sorted(wanted)
    done = found.panel.set_index(["unit", "year", "indicator"])["value"]
    assert done["深圳", 2022, "rd_staff"] == float(was) + 1


def test_only_warnings_about_data_are_offered_for_acceptance(checked, forms):
    was = cell(forms, "深圳", 3)
    found = checked(
        ("indicators.csv", "^(广州,[^,]*,[^,]*),[^,]*", r"\1,99999999"),
        corrections=[f"深圳,2022,企业研发人员数,plausibility.jump,,,{was},王,2023-05-18,年报"],
    )
    assert "corrections.no_warning" in [one.rule for one in found.of("warning")]
    offered = page.to_accept(found)
    assert len(offered) and offered["rule"].str.startswith(("plausibility.", "layout.")).all()


def test_the_row_that_accepts_a_warning_of_a_statistic_expects_what_its_cell_says(checked):
    found = checked(("statistics.csv", "^(合肥,[^,]*,[^,]*),([^,]*)", r"\1,1\g<2>"))
    offered = page.to_accept(found)
    line = offered[offered["unit"].eq("合肥") & offered["indicator"].eq("gdp")].iloc[0]
    cells = found.cells[
        found.cells["unit"].eq("合肥") & found.cells["raw"].astype(str).eq(str(line["expect"]))
    ]
    assert cells["file"].str.endswith("statistics.csv").any() and str(line["expect"]).startswith("1")


def test_an_indicator_that_is_given_and_computed_is_a_conflict_with_both_places(checked, tmp_path):
    rows = "城市,年份,经济规模\n深圳,2022,1\n广州,2022,2\n"
    checked(empty=False)
    files.write_text(tmp_path / RAW / "甲.csv", rows)
    path = tmp_path / RAW / "sources.yaml"
    block = "- file: 甲.csv\n  rows: 2-\n  columns: C\n  unit: column A\n  year: column B\n  indicator: row 1\n  measure: 亿元\n  confirmed: yes\n"
    files.write_text(path, path.read_text(encoding="utf-8").rstrip("\n") + "\n" + block)
    found = check.check(editions.load("2023", tmp_path))
    assert errors(found) == ["check.conflict"] * 2
    assert {"check.lag"} <= {one.rule for one in found.of("warning")}
    assert not found.panel.duplicated(["unit", "year", "indicator"]).any()


def test_a_list_that_is_indented_stays_one(checked, tmp_path):
    checked(empty=False)
    path = tmp_path / RAW / "sources.yaml"
    head, _, rest = path.read_text(encoding="utf-8").partition("sources:\n")
    files.write_text(path, head + "sources:\n" + "".join(f"  {line}\n" for line in rest.splitlines()))
    files.write_text(tmp_path / RAW / "乙.csv", "城市,孵化器数量\n深圳,1\n广州,2\n上海,3\n")
    files.write_text(tmp_path / RAW / "丙.csv", "a,b\nx,1\n")
    (tmp_path / RAW / "丁.xls").write_bytes(b"<html><table><tr><td>1</td></tr></table></html>")
    added, left = check.propose(editions.load("2023", tmp_path))
    assert added == ["乙.csv"] and [one.rule for one in left] == ["check.unreadable", "layout.no_units"]
    assert [one["file"] for one in files.read_yaml(path)["sources"]][-1] == "乙.csv"


# ---- an edition with a panel in the project's own form


def test_files_that_are_not_there_and_what_is_wrong_with_the_edition_come_together(tmp_path):
    path = tmp_path / "2022.yaml"
    text = (editions.EDITIONS / "2022.yaml").read_text(encoding="utf-8")
    text = text.replace("focus_region: 粤港澳大湾区", "focus_region: 粤港澳").replace(
        "draws-2022", "draws2022"
    )
    files.write_text(path, re.sub("(?m)^facts:.*", "facts: data/none", text))
    found = check.check(editions.load("2022", tmp_path))
    assert sorted(errors(found)) == ["edition.absent", "edition.absent", "edition.focus"]


def panel_edition(folder, change):
    """Edition 2022 on a panel that somebody has changed."""
    lines = (files.DATA / "panel-2022.csv").read_text(encoding="utf-8-sig").splitlines()
    files.write_text(folder / "panel.csv", "\n".join(change(lines)) + "\n")
    text = (editions.EDITIONS / "2022.yaml").read_text(encoding="utf-8")
    files.write_text(folder / "2022.yaml", text.replace("data/panel-2022.csv", f"{folder / 'panel.csv'}"))
    return check.check(editions.load("2022", folder))


def cut(lines, *starts):
    return [line for line in lines if not line.startswith(starts)]


def put(lines, row, old, new):
    assert old in lines[row - 1], lines[row - 1]
    return [line.replace(old, new) if place == row - 1 else line for place, line in enumerate(lines)]


@pytest.mark.parametrize(
    "change, rules, words",
    [
        (lambda lines: cut(lines, "拉萨,"), ["late.unit_lacks"] * 2, "拉萨 2021 年缺 5 个指标"),
        (lambda lines: cut(lines, "拉萨,2020,gdp"), ["late.lacks_some"], "经济规模 2020 年缺 1 城（共 59 城）：拉萨"),
        (lambda lines: put(lines, 3, "2020", "2002"), ["check.odd_year"], "第 3 行，“year”列：只有 1 个数是 2002"),
        (lambda lines: put(lines, 3, "深圳", "深证"), ["names.near_city"], "第 3 行，“unit”列：“深证”"),
        (lambda lines: put(lines, 3, "tertiary_share", "gross_profit"), ["names.unknown_indicator"], "第 3 行，“indicator”列"),
        (lambda lines: put(lines, 3, "observed", ""), ["tables.empty"], "第 3 行，“status”列：空着"),
        (lambda lines: put(lines, 3, "2020,", "2020.5,"), ["tables.year"], "第 3 行，“year”列"),
        (lambda lines: put(lines, 3, ",61.", ",-61."), ["plausibility.negative"], "第 3 行"),
    ],
)  # fmt: skip
def test_slips_in_a_panel_are_found_with_row_and_column(tmp_path, change, rules, words):
    found = panel_edition(tmp_path, change)
    assert errors(found) == rules and any(words in one for one in found.of("error")), found.of("error")


def test_names_in_a_panel_may_be_written_in_any_usual_way(tmp_path):
    found = panel_edition(tmp_path, lambda lines: put(lines, 3, "深圳", "深圳市"))
    assert errors(found) == [] and len(found.panel) == len(fire.load(2022).check().panel)


def test_all_slips_of_a_panel_come_together_and_the_sound_rows_are_seen(tmp_path):
    def change(lines):
        lines = put(put(lines, 3, "observed", "obsrved"), 5, "2020", "二零二零")
        return put(put(lines, 7, "广州", "广洲"), 10, "pop_structure", "gross_profit")

    found = panel_edition(tmp_path, change)
    assert sorted(errors(found)) == [
        "cells.numeral",
        "names.near_city",
        "names.unknown_indicator",
        "tables.unknown",
    ]
    assert len(found.panel) == len(fire.load(2022).check().panel) - 4
    assert {
        cell["state"]
        for row in page.coverage(editions.load("2022", tmp_path), found)
        for cell in row["cells"]
    } == {"there", "drawn"}
