"""Tables in every layout: the mapping is proposed, confirmed, and the values are read back."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fire import grids
from fire.index import spec as specs
from fire.intake import layout, mapping, measures, proposal
from fire.sources import names

CASES = Path(__file__).parent / "intake" / "cases"
SPEC = specs.load("fire-2022")
CITIES = names.Roster.of_places(pd.read_csv(mapping.files.DATA / "places.csv", dtype=str))
INDICATORS, STATISTICS = names.Roster.of_indicators(SPEC), names.Roster.of_measures()
UNITS_OF = SPEC.nodes["unit_zh"].dropna()
STATISTICS_IN = {"gdp": "亿元", "tertiary": "亿元", "population": "万人", "urban_population": "万人"}


def book(folder, rows, merged=(), name="表.xlsx", sheet="表1"):
    """A workbook of these rows, read as a grid."""
    made = openpyxl.Workbook()
    page = made.active
    page.title = sheet
    for row in rows:
        page.append(row)
    for one in merged:
        page.merge_cells(one)
    made.save(folder / name)
    return grids.read(folder / name)


def proposed(grid, units=CITIES, indicators=INDICATORS, statistics=STATISTICS, **answers):
    """A grid read by the mapping proposed for it, with answers: values by unit, year, indicator; mapping; findings."""
    guess, _ = proposal.propose(grid, units, indicators, statistics)
    text = proposal.as_yaml(guess)
    (back,) = yaml.safe_load(text)
    assert back == dict(guess)
    confirmed = back | answers | {"confirmed": True}
    if "names" in answers:
        confirmed["names"] = (back.get("names") or {}) | answers["names"]
    statistical = back.get("into") == "statistics"
    tidy, found = layout.read(
        grid,
        confirmed,
        units,
        statistics if statistical else indicators,
        STATISTICS_IN if statistical else UNITS_OF,
    )
    return values(tidy), back, tidy, found


def values(tidy):
    return {
        tuple(key): value
        for *key, value in tidy[["unit", "year", "indicator", "value"]].itertuples(index=False)
    }


def expected(path, unit="unit"):
    frame = pd.read_csv(path)
    if "indicator" not in frame:
        frame = frame.melt(["unit", "year"], var_name="indicator").dropna()
    return values(frame)


def rules(found):
    return [one.rule.partition(".")[2] for one in found if one.rule.startswith("layout.")]


def errors(found):
    return [one for one in found if one.level == "error"]


# ---- public tables


def test_a_download_of_the_national_bureau():
    grid, right = (
        grids.read(CASES / "nbs-province-gdp.csv"),
        expected(CASES / "nbs-province-gdp.expected.csv"),
    )
    provinces = names.Roster.of(sorted({unit for unit, _, _ in right}))
    read, said, tidy, found = proposed(grid, provinces)
    assert read == right
    assert (said["indicator"], said["measure"], said["into"]) == ("gdp", "亿元", "statistics")
    assert tidy.loc[0, ["row", "column", "cell"]].tolist() == [5, "2024年", "B5"]
    assert "36：注：" in next(one for one in found if one.rule == "layout.remarks")


def test_indicator_and_year_in_one_heading():
    grid = grids.read(CASES / "yearbook-layouts.xlsx", "years in names")
    right = {key[1:]: value for key, value in _sheet("years in names").items()}
    units = names.Roster.of(sorted({unit for unit, _, _ in right}))
    answers = {"cleanPower10000tonsofstand": "clean_power"}
    read, said, _, _ = proposed(grid, units, names.Roster.of(["clean_power", "pop"]), None, names=answers)
    assert read == pytest.approx(right)
    assert said["year"] == "in indicator" and said["names"] == {"cleanPower10000tonsofstand": None}


def test_two_heading_rows():
    grid = grids.read(CASES / "yearbook-layouts.xlsx", "two header rows")
    right = {key[1:]: value for key, value in _sheet("two header rows").items()}
    units, kinds = (names.Roster.of(sorted({key[place] for key in right})) for place in (0, 2))
    read, said, _, _ = proposed(grid, units, kinds, None)
    assert read == right
    assert (said["indicator"], said["year"]) == ("row 1", "row 2")


def test_title_unit_merged_headings_and_notes():
    grid = grids.read(CASES / "yearbook-layouts.xlsx", "title, units, notes")
    right = {key[1:]: value for key, value in _sheet("title, units, notes").items()}
    read, said, _, _ = proposed(
        grid, names.Roster.of(["甲市", "乙市"]), names.Roster.of(["全市", "市辖区"]), None
    )
    assert read == right and said["measure"] == "亿元"
    text = proposal.as_yaml(
        proposal.propose(grid, names.Roster.of(["甲市", "乙市"]), INDICATORS, STATISTICS)[0]
    )
    assert "全市:  # 这是哪个指标？" in text and "地区生产总值 gdp" in text


def test_units_across():
    grid, right = grids.read(CASES / "tai-2001-matrix.xlsx"), expected(CASES / "tai-2001-matrix.expected.csv")
    units = names.Roster.of(sorted({unit for unit, _, _ in right}))
    ids = [
        "patents",
        "royalties",
        "internet",
        "exports",
        "telephones",
        "electricity",
        "schooling",
        "university",
    ]
    kinds = names.Roster.of(
        {
            one: [text]
            for one, text in zip(ids, ["专利", "版税", "互联网", "出口", "电话", "电", "学校教育", "大学"])
        }
    )
    read, said, _, _ = proposed(grid, units, kinds, None)
    assert read == right
    assert (said["unit"], said["indicator"], said["year"]) == (
        "row 1",
        "column B",
        2001,
    )  # from the file's name


def test_errors_of_excel_are_refused_by_cell():
    grid = grids.read(CASES / "excel-error-cells.xlsx")
    units, kinds = names.Roster.of(["甲市", "乙市", "丙市", "丁市"]), names.Roster.of(["gdp", "innov"])
    _, _, tidy, found = proposed(grid, units, kinds, None)
    right = pd.read_csv(CASES / "excel-error-cells.expected.csv")
    assert [(one.place["row"], one.place["column"], one.value) for one in errors(found)] == list(
        right[["row", "column", "cell"]].itertuples(index=False, name=None)
    )
    assert tidy["value"].notna().sum() == 6 and len(tidy) == 8  # a correction may stand for the two


def _sheet(name):
    frame = pd.read_csv(CASES / "yearbook-layouts.expected.csv")
    return frame[frame["sheet"] == name].set_index(["sheet", "unit", "year", "indicator"])["value"].to_dict()


# ---- layouts

GDP = {("深圳", 2020, "gdp"): 27670.2, ("深圳", 2021, "gdp"): 30664.9, ("广州", 2020, "gdp"): 25019.1}


def test_the_tools_own_tidy_table(tmp_path):
    rows = [["unit", "year", "indicator", "value", "status", "source"]]
    rows += [[unit, year, one, value, "estimated", "局"] for (unit, year, one), value in GDP.items()]
    read, said, tidy, found = proposed(book(tmp_path, rows))
    assert read == GDP and set(tidy["status"]) == {"estimated"} and set(tidy["source"]) == {"局"}
    assert said == {
        "file": "表.xlsx", "sheet": "表1", "rows": "2-", "columns": "D", "unit": "column A", "indicator": "column C",
        "year": "column B", "status": "column E", "source": "column F", "confirmed": False,
    }  # fmt: skip


def test_the_tools_own_wide_table(tmp_path):
    ids = SPEC.indicators
    rows = [
        ["unit", "year", *ids],
        *([city, year, *range(10, 10 + len(ids))] for city in ("北京", "上海") for year in (2020, 2021)),
    ]
    read, said, _, found = proposed(book(tmp_path, rows))
    assert len(read) == 4 * len(ids) and read["上海", 2021, ids[3]] == 13
    assert (said["indicator"], said["year"], said["rows"]) == (
        "row 1",
        "column B",
        "2-",
    ) and "names" not in said
    assert not errors(found)


def test_wide_by_indicator_with_measures_in_brackets_and_aliases(tmp_path):
    rows = [
        ["2022年各市主要指标"],
        ["序号", "城市", "年份", "经济规模（万元）", "第三产业占比（%）", "孵化器数量(家)"],
        [1, "北京市", "2021年", "402,700,000", "81.7%", 12],
        [2, "上海市", "2021年", "432,100,000", "73.3", 9],
    ]
    read, said, tidy, found = proposed(book(tmp_path, rows))
    assert read["北京", 2021, "gdp"] == 40270 and read["北京", 2021, "tertiary_share"] == 81.7
    assert read["上海", 2021, "incubators"] == 9
    assert said["unit"] == "column B" and said["columns"] == "D-F"
    assert rules(found).count("converted") == 1 and not errors(found)
    assert set(tidy.loc[tidy["indicator"] == "gdp", "measure"]) == {"万元"}


def test_wide_by_year_indicator_in_the_title(tmp_path):
    rows = [
        ["表2-1 各市地区生产总值"],
        ["单位：亿元"],
        ["城市", 2020, 2021],
        ["深圳", 27670.2, 30664.9],
        ["广州", 25019.1, None],
    ]
    read, said, _, found = proposed(book(tmp_path, rows))
    assert read == GDP and said["indicator"] == "gdp" and not errors(found)


@pytest.mark.parametrize(
    "heading", ["2021年GDP", "GDP（亿元）2021", "gdp2021", "GDP_2021", "2021年末GDP（亿元）"]
)
def test_year_in_the_heading(tmp_path, heading):
    rows = [
        ["城市", heading, heading.replace("2021", "2020")],
        ["深圳", 30664.9, 27670.2],
        ["广州", None, 25019.1],
    ]
    read, said, _, found = proposed(book(tmp_path, rows), indicators=STATISTICS, statistics=None)
    assert read == GDP and said["year"] == "in indicator"


@pytest.mark.parametrize("style", ["merged", "repeated", "first"])
def test_indicator_over_year(tmp_path, style):
    top = ["城市", "GDP", "GDP", "常住人口", "常住人口"]
    if style != "repeated":
        top[2] = top[4] = None
    rows = [
        top,
        [None, 2020, 2021, 2020, 2021],
        ["深圳", 27670.2, 30664.9, 1763.4, 1768.2],
        ["广州", 25019.1, None, 1874, 1881],
    ]
    read, _, _, found = proposed(
        book(tmp_path, rows, ["B1:C1", "D1:E1", "A1:A2"] if style == "merged" else [])
    )
    people = {("深圳", 2020): 1763.4, ("深圳", 2021): 1768.2, ("广州", 2020): 1874, ("广州", 2021): 1881}
    assert read == GDP | {(*key, "population"): value for key, value in people.items()}
    assert ("spread_right" in rules(found)) == (style == "first") and not errors(found)


def test_year_over_indicator_and_a_row_of_measures(tmp_path):
    rows = [
        ["城市", "2020年", None, "2021年", None],
        [None, "GDP", "常住人口", "GDP", "常住人口"],
        [None, "亿元", "人", "亿元", "人"],
        ["深圳", 27670.2, 17634000, 30664.9, 17682000],
        ["广州", 25019.1, 18740000, None, 18810000],
    ]
    read, said, _, found = proposed(book(tmp_path, rows, ["B1:C1", "D1:E1"]))
    assert read["深圳", 2021, "population"] == 1768.2 and read["广州", 2020, "gdp"] == 25019.1
    assert said["measure"] == "row 3" and rules(found).count("converted") == 1


def test_two_rows_that_name_an_indicator_together(tmp_path):
    rows = [
        ["城市", "GDP", None, "常住人口", None],
        [None, "全市", "市辖区", "全市", "市辖区"],
        ["深圳", 1, 2, 3, 4],
        ["广州", 5, 6, 7, 8],
    ]
    answers = {
        "GDP/全市": "gdp",
        "GDP/市辖区": "不用",
        "常住人口/全市": "population",
        "常住人口/市辖区": "不用",
    }
    grid = book(tmp_path, rows, ["B1:C1", "D1:E1"])
    read, said, _, found = proposed(grid, indicators=STATISTICS, statistics=None, year=2021, names=answers)
    assert said["indicator"] == "row 1 + 2" and read["广州", 2021, "population"] == 7 and len(read) == 4
    assert "skipped" in rules(found)


def test_merged_cities_and_indicators_down(tmp_path):
    rows = [
        ["城市", "指标", 2020, 2021],
        ["深圳", "GDP", 1, 2],
        [None, "常住人口", 3, 4],
        ["广州", "GDP", 5, 6],
        [None, "常住人口", 7, 8],
    ]
    for merged in (["A2:A3", "A4:A5"], []):
        read, said, _, found = proposed(book(tmp_path, rows, merged))
        assert (
            read["深圳", 2021, "population"] == 4 and read["广州", 2020, "population"] == 7 and len(read) == 8
        )
        assert (said["indicator"], said["year"]) == ("column B", "row 1") and not errors(found)
        assert ("spread_down" in rules(found)) == (not merged)


def test_a_missing_city_is_not_filled_from_above(tmp_path):
    rows = [["城市", "年份", "GDP"], ["深圳", 2020, 1], ["深圳", 2021, 2], [None, 2020, 3], ["广州", 2021, 4]]
    _, _, _, found = proposed(book(tmp_path, rows))
    (fault,) = errors(found)
    assert fault.rule == "layout.no_unit" and fault.place["cell"] == "A4"


def test_cities_across_with_years_and_title(tmp_path):
    rows = [
        ["各市情况"],
        ["指标", "年份", "深圳市", "广州市"],
        ["GDP", 2020, 27670.2, 25019.1],
        ["GDP", 2021, 30664.9, "…"],
        ["注：初步核算"],
    ]
    read, said, _, found = proposed(book(tmp_path, rows, ["A1:D1"]))
    assert read == GDP and said["unit"] == "row 2" and said["columns"] == "C-D" and said["rows"] == "3-4"


def test_blocks_side_by_side(tmp_path):
    rows = [
        ["2021年各市GDP（亿元）"],
        ["城市", "GDP", "常住人口", None, "城市", "GDP", "常住人口"],
        ["深圳", 1, 2, None, "北京", 5, 6],
        ["广州", 3, 4, None, "上海", 7, 8],
    ]
    read, said, tidy, _ = proposed(book(tmp_path, rows))
    assert said["unit"] == "column A, E" and said["columns"] == "B-C, F-G"
    assert read["上海", 2021, "gdp"] == 7 and read["广州", 2021, "population"] == 4 and len(read) == 8


def test_blocks_one_below_the_other(tmp_path):
    rows = [
        ["城市", "2018年", "2019年"], ["深圳", 1, 2], ["广州", 3, 4],
        ["续表"], ["城市", "2020年", "2021年"], ["深圳", 5, 6], ["广州", 7, 8],
    ]  # fmt: skip
    read, said, _, found = proposed(book(tmp_path, rows, sheet="GDP"))
    assert said["year"] == "row 1, 5" and said["rows"] == "2-4, 6-7"
    assert (
        read["深圳", 2018, "gdp"] == 1
        and read["广州", 2021, "gdp"] == 8
        and len(read) == 8
        and not errors(found)
    )


def test_several_files_for_one_indicator(tmp_path):
    one = book(
        tmp_path, [["城市", "2020年"], ["深圳", 27670.2], ["广州", 25019.1]], name="GDP2020.xlsx", sheet="GDP"
    )
    other = book(tmp_path, [["城市", "2021年"], ["深圳", 30664.9]], name="GDP2021.xlsx", sheet="GDP")
    assert proposed(one)[0] | proposed(other)[0] == GDP


def test_one_city_and_its_indicators(tmp_path):
    rows = [
        ["深圳统计年鉴"],
        ["指标", "计量单位", "2020年", "2021年"],
        ["GDP", "亿元", 27670.2, 30664.9],
        ["常住人口", "人", 17634000, 17682000],
    ]
    grid = book(tmp_path, rows)
    said = {
        "file": "表.xlsx",
        "rows": "3-4",
        "columns": "C-D",
        "unit": "深圳",
        "indicator": "column A",
        "year": "row 2",
    }
    tidy, found = layout.read(
        grid, said | {"measure": "column B", "confirmed": "yes"}, CITIES, STATISTICS, STATISTICS_IN
    )
    assert values(tidy)["深圳", 2021, "population"] == 1768.2 and not errors(found)


# ---- units of measurement


def test_measures_behind_the_number_and_formats(tmp_path):
    rows = [
        ["城市", "年份", "经济规模", "第三产业占比"],
        ["深圳", 2021, "3.1万亿元", 0.623],
        ["广州", 2021, "28231亿", "71.6%"],
        ["北京", 2021, "402700000万元", 81.7],
    ]
    grid = book(tmp_path, rows)
    made = openpyxl.load_workbook(tmp_path / "表.xlsx")
    made.active["D2"].number_format = "0.0%"
    made.save(tmp_path / "表.xlsx")
    grid = grids.read(tmp_path / "表.xlsx")
    read, _, tidy, found = proposed(grid)
    assert [read[city, 2021, "gdp"] for city in ("深圳", "广州", "北京")] == [31000, 28231, 40270]
    assert [read[city, 2021, "tertiary_share"] for city in ("深圳", "广州", "北京")] == [62.3, 71.6, 81.7]
    assert not errors(found)


def test_a_measure_of_another_kind_is_an_error(tmp_path):
    rows = [["城市", "年份", "经济规模（万人）"], ["深圳", 2021, 3]]
    _, _, tidy, found = proposed(book(tmp_path, rows))
    (fault,) = errors(found)
    assert fault.rule == "layout.unlike" and fault.place["cell"] == "C2" and tidy.empty


def test_without_a_measure_that_of_the_specification_is_said(tmp_path):
    _, _, _, found = proposed(book(tmp_path, [["城市", "年份", "经济规模"], ["深圳", 2021, 3]]))
    assert "按指标体系的单位读取：经济规模 亿元" in next(one for one in found if one.rule == "layout.assumed")


def test_a_proposal_takes_units_of_measurement_from_the_upper_headings(tmp_path):
    rows = [
        ["单位：万元"],
        ["城市", "经济", None, "人口（万人）", None],
        [None, "GDP", "第三产业增加值", "常住人口", "城镇常住人口"],
        ["深圳", 306649000, 190000000, 1768.2, 1768.2],
        ["广州", 282319700, 201000000, 1881.1, 1628.0],
    ]
    read, said, tidy, found = proposed(book(tmp_path, rows, merged=["B2:C2", "D2:E2"]), year=2021)
    people = {"常住人口": "万人", "城镇常住人口": "万人"}
    assert said["measure"] == {"地区生产总值": "万元", "第三产业增加值": "万元"} | people
    assert read["深圳", 2021, "gdp"] == 30664.9 and read["广州", 2021, "population"] == 1881.1
    assert "measure_twice" not in rules(found) and not errors(found)


def test_measures_by_indicator_and_several_in_a_line(tmp_path):
    rows = [["单位：万元、人"], ["城市", "年份", "GDP", "常住人口"], ["深圳", 2021, 306649000, 17682000]]
    read, said, _, _ = proposed(book(tmp_path, rows))
    assert read == {("深圳", 2021, "gdp"): 30664.9, ("深圳", 2021, "population"): 1768.2}
    read, *_ = proposed(book(tmp_path, rows[1:]), measure={"gdp": "万元", "population": "人"})
    assert read["深圳", 2021, "gdp"] == 30664.9


def test_measures_that_contradict_one_another_are_said(tmp_path):
    rows = [["单位：亿元"], ["城市", "年份", "GDP（万元）"], ["深圳", 2021, 306649000], ["单位：万元"]]
    grid = book(tmp_path, rows)
    said = {
        "file": "x",
        "rows": "3",
        "columns": "C",
        "unit": "column A",
        "indicator": "row 2",
        "year": "column B",
    }
    said |= {"confirmed": "yes"}
    tidy, found = layout.read(grid, said | {"measure": "亿元"}, CITIES, STATISTICS, STATISTICS_IN)
    assert "measure_twice" in rules(found) and tidy["value"].tolist() == [30664.9]
    bare = book(tmp_path, [*rows[:1], ["城市", "年份", "GDP"], *rows[2:]])
    _, found = layout.read(bare, said, CITIES, STATISTICS, STATISTICS_IN)
    assert "measure_lines" in rules(found)
    _, found = layout.read(grid, said | {"measure": {"gpd": "亿元"}}, CITIES, STATISTICS, STATISTICS_IN)
    assert rules(errors(found)) == ["measure_of"]


@pytest.mark.parametrize(
    "text",
    [
        "元",
        "万元",
        "亿元",
        "百万元",
        "千元",
        "人",
        "万人",
        "%",
        "‰",
        "比重",
        "家",
        "个",
        "件",
        "户",
        "项",
        "次",
        "笔",
        "万件",
        "亿千瓦时",
    ],
)
def test_measures_are_known(text):
    assert measures.find(text) and measures.several(f"（{text}）")


# ---- what is found on the way


def test_totals_are_checked_and_not_read(tmp_path):
    rows = [["城市", "2020年", "2021年"], ["合计", 10, 30], ["深圳", 4, 12], ["广州", 6, 12]]
    read, said, _, found = proposed(book(tmp_path, rows, sheet="GDP"))
    (fault,) = [one for one in found if one.rule == "layout.total"]
    assert said["totals"] == ["合计"] and fault.place["cell"] == "C2" and len(read) == 4
    rows[1][2] = 24
    assert "total" not in rules(proposed(book(tmp_path, rows, sheet="GDP"))[3])


def test_the_same_cell_twice(tmp_path):
    rows = [
        ["城市", "年份", "GDP"],
        ["深圳", 2020, 1],
        ["深圳市", 2020, 2],
        ["广州", 2020, 3],
        ["广州", 2020, 3],
    ]
    read, _, _, found = proposed(book(tmp_path, rows))
    (fault,) = errors(found)
    assert fault.rule == "layout.twice" and "C2、C3" in fault and "1、2" in fault
    assert "C4、C5" in next(one for one in found if one.rule == "layout.same")


def test_unknown_names_are_asked_and_refused(tmp_path):
    grid = book(tmp_path, [["城市", "年份", "GDP", "研发费用"], ["准安", 2020, 1, 3], ["深圳", 2020, 2, 4]])
    cities = names.Roster.of(["淮安", "深圳"])
    guess, found = proposal.propose(grid, cities, STATISTICS)
    assert guess["names"] == {"准安": None, "研发费用": None}
    assert "准安:  # 这是哪个城市？ 最接近的：淮安" in proposal.as_yaml(guess)
    tidy, found = layout.read(grid, guess | {"confirmed": "yes"}, cities, STATISTICS, STATISTICS_IN)
    assert rules(errors(found)) == ["open", "open"] and tidy.empty
    tidy, found = layout.read(
        grid, guess | {"names": {}, "confirmed": "yes"}, cities, STATISTICS, STATISTICS_IN
    )
    assert sorted(one.place["cell"] for one in errors(found)) == ["A2", "D1"]
    answered = guess | {"names": {"准安": "淮安", "研发费用": "不用"}, "confirmed": "yes"}
    tidy, found = layout.read(grid, answered, cities, STATISTICS, STATISTICS_IN)
    assert values(tidy) == {("淮安", 2020, "gdp"): 1, ("深圳", 2020, "gdp"): 2}


def test_cities_that_are_not_on_the_list_are_left_out_together(tmp_path):
    others = ["呼伦贝尔", "攀枝花", "克拉玛依", "齐齐哈尔", "日喀则", "秦皇岛", "葫芦岛"]
    rows = [["城市", "2020年"], ["深圳", 27670.2], *([city, 1] for city in others), ["广州", 25019.1]]
    read, said, _, found = proposed(book(tmp_path, rows, sheet="GDP"), names.Roster.of(["深圳", "广州"]))
    assert (
        said["others"] == "skip"
        and len(read) == 2
        and "葫芦岛" in next(one for one in found if one.rule == "layout.left")
    )


def test_a_merged_number_and_a_name_of_the_wrong_kind(tmp_path):
    grid = book(tmp_path, [["城市", "年份", "GDP"], ["深圳", 2020, 1], ["广州", 2020, None]], ["C2:C3"])
    read, said, _, found = proposed(grid)
    assert "merged" in rules(found) and read == {("深圳", 2020, "gdp"): 1}
    _, _, _, found = proposed(grid, names={"GDP": "深圳"})
    assert "not_indicator" in rules(errors(found))


def test_a_yearbook_in_two_languages_with_rows_of_provinces(tmp_path):
    rows = [
        ["2-1 主要城市经济情况（2021年）", None, None, "单位：万元"],
        ["省份", "城  市", "地区生产总值\nGross Regional Product", "第三产业"],
        ["广东省", None, 1243696700, 690000000],
        [None, "广 州", 282319700, 202030000],
        [None, "深圳①", 306648500, 192996700],
        ["浙江省", None, 735160000, 401180000],
        [None, "杭  州", 181090000, 122890000],
    ]
    read, said, _, found = proposed(book(tmp_path, rows))
    assert read["杭州", 2021, "gdp"] == 18109 and len(read) == 6 and said["into"] == "statistics"
    assert said["names"] == {"地区生产总值Gross Regional Product": "gdp"}
    assert "6：浙江省" in next(one for one in found if one.rule == "layout.subtotals") and not errors(found)


def test_cities_next_to_the_range_are_refused_others_beyond_it_warned_of(tmp_path):
    rows = [["城市", "年份", "GDP"], ["深圳", 2020, 1], ["广州", 2020, 2], ["来源：局"], ["北京", 2020, 2]]
    grid = book(tmp_path, rows)
    said = {
        "file": "x",
        "rows": "2",
        "columns": "C",
        "unit": "column A",
        "indicator": "row 1",
        "year": "column B",
    }
    _, found = layout.read(grid, said | {"confirmed": "是"}, CITIES, STATISTICS, STATISTICS_IN)
    assert [
        (one.rule, one.level, one.place["cell"])
        for one in found
        if one.rule in ("layout.cities", "layout.beyond")
    ] == [("layout.cities", "error", "A3"), ("layout.beyond", "warning", "A5")]
    _, found = layout.read(
        grid, said | {"confirmed": True, "names": {"广州": "不用"}}, CITIES, STATISTICS, STATISTICS_IN
    )
    assert not errors(found)
    assert "4：来源：局" in next(one for one in found if one.rule == "layout.remarks")


def test_cities_sorted_without_the_rows_beside_them_are_refused(tmp_path):
    own = [
        ("深圳", "粤港澳大湾区"),
        ("成都", "成渝"),
        ("北京", "京津冀"),
        ("广州", "粤港澳大湾区"),
        ("重庆", None),
    ]
    said = {
        "file": "x",
        "rows": "2-6",
        "columns": "C",
        "unit": "column A",
        "indicator": "row 1",
        "year": 2020,
    }
    said |= {"region": "column B", "confirmed": True}

    def read(cities):
        rows = [[city, region, 1] for city, (_, region) in zip(cities, own)]
        grid = book(tmp_path, [["城市", "区域", "GDP"], *rows])
        return layout.read(grid, said, CITIES, STATISTICS, STATISTICS_IN)[1]

    there = [city for city, _ in own]
    found = read(there)
    assert not errors(found) and "layout.unread" not in rules(found)
    (one,) = errors(read(sorted(there)))
    assert one.rule == "layout.region" and one.place["cell"] == "A2"
    assert "A 列的城市与 B 列的区域不符（3 处：" in one and "行序可能已乱" in one
    grid = book(tmp_path, [["城市", "区域", "GDP"], ["深圳", "成渝", 1]])
    wrong = said | {"rows": "2", "region": "粤港澳大湾区"}
    assert rules(errors(layout.read(grid, wrong, CITIES, STATISTICS, STATISTICS_IN)[1])) == ["region_key"]


def test_one_percentage_in_a_column_of_counts_is_named_by_its_cell(tmp_path):
    rows = [["城市", "常住人口"], ["深圳", 1768], ["广州", "12.3%"], ["北京", 2189], ["成都", "3亿元"]]
    grid = book(tmp_path, rows)
    said = {
        "file": "x",
        "rows": "2-5",
        "columns": "B",
        "unit": "column A",
        "indicator": "row 1",
        "year": 2020,
    }
    tidy, found = layout.read(grid, said | {"confirmed": True}, CITIES, STATISTICS, STATISTICS_IN)
    assert [(one.rule, one.place["cell"]) for one in errors(found)] == [
        ("layout.percent", "B3"),
        ("layout.other_measure", "B5"),
    ]
    assert "“12.3%”是百分数，这一列应填万人：改为以“万人”计的数" in errors(found)[0]
    assert set(tidy[tidy["value"].isna()]["cell"]) == {"B3", "B5"}


def test_a_heading_of_another_year_is_warned_of(tmp_path):
    grid = book(tmp_path, [["城市", "2020年GDP"], ["深圳", 1]])
    said = {"file": "x", "rows": "2", "columns": "B", "unit": "column A", "indicator": "row 1", "year": 2021}
    _, found = layout.read(grid, said | {"confirmed": "yes"}, CITIES, STATISTICS, STATISTICS_IN)
    assert "other_year" in rules(found)


def test_a_column_of_statuses(tmp_path):
    rows = [
        ["城市", "年份", "GDP", "状态"],
        ["深圳", 2020, 1, "公开统计"],
        ["广州", 2020, 2, "据说"],
        ["北京", 2020, 2, None],
    ]
    _, said, tidy, found = proposed(book(tmp_path, rows))
    assert said["status"] == "column D" and tidy["status"][0] == "observed"
    assert rules(errors(found)) == ["status_text", "status_empty"]


def test_a_table_without_cities_is_not_proposed(tmp_path):
    for rows in ([["a", "b"], ["x", 1]], [["深圳"], ["广州"]]):
        guess, found = proposal.propose(book(tmp_path, rows), CITIES, INDICATORS, STATISTICS)
        assert guess is None and len(found) == 1


# ---- mappings

GOOD = {
    "file": "x.csv",
    "rows": "2-3",
    "columns": "B-C",
    "unit": "column A",
    "indicator": "gdp",
    "year": "row 1",
    "confirmed": True,
}


def test_a_good_mapping_has_no_faults():
    assert mapping.faults(GOOD) == []
    assert (
        mapping.faults(GOOD | {"unit": "A 列", "year": "第 1 行", "rows": [2, 3], "columns": "Ｂ－Ｃ"}) == []
    )


@pytest.mark.parametrize(
    "change, rule",
    [
        ({"rowz": 3}, "key"),
        ({"unit": None}, "missing"),
        ({"file": ""}, "missing"),
        ({"rows": "9-3"}, "range"),
        ({"rows": "A-B"}, "range"),
        ({"columns": "1-2"}, "range"),
        ({"unit": "column ??"}, "axis"),
        ({"year": "next"}, "year"),
        ({"year": "in indicator"}, "heading"),
        ({"unit": "column B"}, "inside"),
        ({"year": "row 2"}, "inside"),
        ({"indicator": "row 1"}, "clash"),
        ({"year": 2021}, "loose"),
        ({"status": "seen"}, "status"),
        ({"into": "statistic"}, "into"),
        ({"measure": "斗"}, "measure"),
        ({"names": ["a"]}, "names"),
        ({"names": {"a": None}}, "open"),
        ({"totals": 3}, "totals"),
        ({"others": "keep"}, "others"),
        ({"confirmed": False}, "unconfirmed"),
        ({"confirmed": None}, "unconfirmed"),
    ],
)
def test_faults_of_a_mapping(change, rule):
    assert rule in rules(mapping.faults(GOOD | change))


def test_all_faults_of_a_mapping_at_once(tmp_path):
    bad = {
        "file": "x",
        "rowz": 1,
        "rows": "9-3",
        "unit": "column ?",
        "year": "soon",
        "status": "no",
        "into": "x",
    }
    assert set(rules(mapping.faults(bad))) == {
        "key",
        "range",
        "missing",
        "axis",
        "year",
        "status",
        "into",
        "unconfirmed",
    }
    grid = book(tmp_path, [["城市", 2020], ["深圳", 1]])
    assert rules(mapping.faults(GOOD | {"columns": "B-D"}, grid)) == ["outside", "outside"]


@given(
    st.dictionaries(
        st.sampled_from(mapping.KEYS),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=9),
            st.lists(st.text(max_size=4), max_size=3),
            st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
            st.sampled_from(["column A", "row 1", "2-5", "B-C", "in indicator", True]),
        ),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_mapping_has_faults_and_no_traceback(said):
    assert all(one.zh and one.en for one in mapping.faults(said))


# ---- any table in any layout


@st.composite
def tables(draw):
    """A tidy table and how it is written."""
    units = draw(st.lists(st.sampled_from(list(CITIES.names)), min_size=2, max_size=6, unique=True))
    kinds = draw(
        st.lists(st.sampled_from(["gdp", "tertiary", "population"]), min_size=1, max_size=3, unique=True)
    )
    years = draw(st.lists(st.integers(2005, 2024), min_size=1, max_size=4, unique=True))
    keys = [(unit, year, kind) for unit in units for kind in kinds for year in years]
    numbers = draw(st.lists(st.integers(3000, 10**7), min_size=len(keys), max_size=len(keys)))
    gaps = draw(st.sets(st.integers(0, len(keys) - 1), max_size=len(keys) // 4))
    right = {key: number / 100 for place, (key, number) in enumerate(zip(keys, numbers)) if place not in gaps}
    how = draw(
        st.fixed_dictionaries(
            {
                "form": st.sampled_from(["tidy", "indicators", "years", "one", "two"]),
                "across": st.booleans(),
                "heads": st.sampled_from(["merged", "repeated", "first"]),
                "title": st.sampled_from([None, "表2-1 各市主要指标", "统计表"]),
                "line": st.booleans(),
                "note": st.booleans(),
                "city": st.sampled_from(["{}", "{}市", " {} "]),
                "gap": st.sampled_from([None, "—", "…"]),
                "text": st.booleans(),
            }
        )
    )
    return units, kinds, years, right, how


def written(units, kinds, years, right, how):
    """Rows and merged ranges of a table written that way."""
    name = dict(zip(STATISTICS_IN, ["地区生产总值", "第三产业增加值", "常住人口"]))
    get = lambda unit, year, kind: right.get((unit, year, kind), how["gap"])  # noqa: E731
    city, merged = how["city"].format, []
    form = how["form"]
    if form == "tidy":
        rows = [
            ["城市", "年份", "指标", "数值"],
            *([city(u), y, name[k], get(u, y, k)] for u in units for k in kinds for y in years),
        ]
    elif form == "indicators":
        rows = [
            ["城市", "年份", *map(name.get, kinds)],
            *([city(u), y, *(get(u, y, k) for k in kinds)] for u in units for y in years),
        ]
    elif form == "years":
        rows = [
            ["城市", "指标", *(f"{y}年" for y in years)],
            *([city(u), name[k], *(get(u, y, k) for y in years)] for u in units for k in kinds),
        ]
    elif form == "one":
        rows = [
            ["城市", *(f"{name[k]}{y}" for k in kinds for y in years)],
            *([city(u), *(get(u, y, k) for k in kinds for y in years)] for u in units),
        ]
    else:
        top = [
            name[k] if how["heads"] == "repeated" or not place else None
            for k in kinds
            for place, _ in enumerate(years)
        ]
        rows = [
            ["城市", *top],
            [None, *(y for _ in kinds for y in years)],
            *([city(u), *(get(u, y, k) for k in kinds for y in years)] for u in units),
        ]
        if how["heads"] == "merged":
            merged = [(0, 1 + place * len(years), 0, (place + 1) * len(years)) for place in range(len(kinds))]
            merged = [one for one in merged if one[1] < one[3]]
    if how["across"] and form != "tidy":
        rows = [list(line) for line in zip(*rows)]
        merged = [(left, top, right_, bottom) for top, left, bottom, right_ in merged]
    above = [[one] for one in (how["title"], "单位：亿元、万人" if how["line"] else None) if one]
    merged = [(top + len(above), left, bottom + len(above), right_) for top, left, bottom, right_ in merged]
    below = [["注：本表按当年价格计算。"], ["资料来源：各市统计局"]] if how["note"] else []
    return above + rows + below, merged


@given(tables())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_table_in_any_layout_is_proposed_and_read_back(table):
    *_, right, how = table
    rows, merged = written(*table)
    width = max(map(len, rows))
    if how["text"]:  # as from a CSV
        rows = [[one if one is None else str(one) for one in row] for row in rows]
    cells = pd.DataFrame([row + [None] * (width - len(row)) for row in rows], dtype=object)
    grid = grids.Grid("表.xlsx", "表1", cells, tuple(merged))
    read, said, tidy, found = proposed(grid, indicators=STATISTICS, statistics=None)
    assert read == pytest.approx(right), (how, said)
    assert not errors(found)
    assert all(
        cells.iat[row - 1, mapping.number_of(cell.rstrip("0123456789"))] == raw
        for row, cell, raw in tidy[["row", "cell", "raw"]].itertuples(index=False)
    )


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            "深圳",
            "广州市",
            "Beijing",
            "城市",
            "年份",
            "指标",
            "单位：亿元",
            "GDP",
            "常住人口（万人）",
            "合计",
            "注：略",
            "…",
        ]
    ),
    st.sampled_from(
        [
            2020,
            "2021年",
            "GDP2021",
            "2020-2021",
            "亿元",
            "万人",
            "12.3%",
            "1.2亿元",
            "#DIV/0!",
            "=A1",
            "10³",
            "observed",
        ]
    ),
    st.integers(-5, 10**6),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.text(max_size=6),
)


@given(
    st.integers(1, 6).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.lists(st.tuples(*[st.integers(0, 5)] * 4), max_size=2),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_grid_is_proposed_and_read_without_a_traceback(rows, ranges):
    cells = pd.DataFrame(rows, dtype=object)
    cells = cells.astype(object).where(cells.notna(), None)
    merged = tuple(
        (min(a, b), min(c, d), max(a, b), max(c, d))
        for a, b, c, d in ranges
        if max(a, b) < len(rows) and max(c, d) < len(rows[0])
    )
    grid = grids.Grid("表.xlsx", None, cells, merged)
    guess, _ = proposal.propose(grid, CITIES, INDICATORS, STATISTICS)
    if guess is None:
        return
    (back,) = yaml.safe_load(proposal.as_yaml(guess))
    assert back == dict(guess)
    back |= {"confirmed": True, "year": back["year"] or 2021, "indicator": back["indicator"] or "gdp"}
    back["names"] = dict.fromkeys(back.get("names") or {}, "不用")
    tidy, found = layout.read(grid, back, CITIES, INDICATORS, UNITS_OF)
    assert list(tidy.columns) == layout.COLUMNS
    refused = {one.place["cell"] for one in found if one.rule.startswith("cells.")}
    assert (tidy["value"].notna() | tidy["cell"].isin(refused)).all()
    assert len(tidy) or found
