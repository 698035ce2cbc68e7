"""What a cell says: every usual way to write a number gives that number, and nothing else ever becomes one in silence."""

import datetime
import decimal
import re
import unicodedata

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fire import cells, errors, files
from fire.cells import Percent, read
from fire.intake import measures

PLAIN = {
    "5497": 5497,
    "５４９７": 5497,
    "1,234,567.89": 1234567.89,
    "１，２３４．５": 1234.5,
    "1，234": 1234,
    "1'234": 1234,
    "1’234": 1234,
    " 5\u3000": 5,
    "\ufeff5\u200b": 5,
    "5\u00a0\n": 5,
    "-5": -5,
    "−5": -5,
    "–5": -5,
    "－５": -5,
    "+5": 5,
    "1.2E+05": 120000,
    "1e-3": 0.001,
    ".5": 0.5,
    "5.": 5,
    "0": 0,
    "0.0": 0,
    "-0": 0,
}
BESIDE = {  # text: value, rule, what must stand in the values
    "1 234 567": (1234567, "blanks", {}),
    "12\u2009345": (12345, "blanks", {}),
    "1.2亿": (1.2e8, "scale", {"scale": "亿", "suffix": "", "written": 1.2}),
    "1.2 亿元": (1.2e8, "scale", {"scale": "亿", "suffix": "元", "written": 1.2}),
    "１．２万亿元": (1.2e12, "scale", {"scale": "万亿", "suffix": "元"}),
    "3万": (30000, "scale", {"scale": "万"}),
    "5千": (5000, "scale", {"scale": "千"}),
    "2百万": (2e6, "scale", {"scale": "百万"}),
    "0.07亿": (7e6, "scale", {}),
    "5亿千瓦时": (5e8, "scale", {"suffix": "千瓦时"}),
    "345家": (345, "measure", {"suffix": "家"}),
    "5千克": (5, "measure", {"suffix": "千克", "scale": ""}),
    "0.3个百分点": (0.3, "measure", {"suffix": "个百分点"}),
    "5元/人": (5, "measure", {"suffix": "元/人"}),
    "$1.2亿": (1.2e8, "scale", {"scale": "亿", "suffix": "美元"}),
    "5㎡": (5, "measure", {"suffix": "m2"}),
    "¥1,234": (1234, "measure", {"suffix": "元"}),
    "￥-5": (-5, "measure", {"suffix": "元"}),
    "12.3%": (12.3, "measure", {"suffix": "%"}),
    "12.3％": (12.3, "measure", {"suffix": "%"}),
    "5‰": (5, "measure", {"suffix": "‰"}),
    "5年": (5, "measure", {"suffix": "年"}),
    "5497①": (5497, "mark", {"marks": "①"}),
    "①5497": (5497, "mark", {"marks": "①"}),
    "5497 [1]": (5497, "mark", {"marks": "[1]"}),
    "5497[1][12]": (5497, "mark", {"marks": "[1][12]"}),
    "5497［1］": (5497, "mark", {"marks": "[1]"}),
    "5497（1）": (5497, "mark", {"marks": "(1)"}),
    "5497【注2】": (5497, "mark", {"marks": "【注2】"}),
    "5497*": (5497, "mark", {"marks": "*"}),
    "5497#": (5497, "mark", {"marks": "#"}),
    "5497注1": (5497, "mark", {"marks": "注1"}),
    "5497ⓐ": (5497, "mark", {"marks": "ⓐ"}),
    "1,234.5⑳": (1234.5, "mark", {"marks": "⑳"}),
    "12.3%①": (12.3, "mark_measure", {"suffix": "%", "marks": "①"}),
    "1.2亿元[1]": (1.2e8, "mark_measure", {"scale": "亿", "suffix": "元", "marks": "[1]"}),
}
MISSING = """- — —— – － ― … ... …… . .. / ／ \\ \\N N/A NA n.a. nan NaN NULL None <NA> 缺 缺失 （缺） 无 暂无 未公布 不详 空 空值 * ** # —① …[1]""".split()  # noqa: SIM905
FAULTS = {
    "text": ["abc", "多", "三亚", "①", "元/人", "?", "×", "9" * 300, "\u202e"],
    "words": ["5497a", "1.2 million", "3k", "GDP 5", "5497 .", "1亿亿", "345标准箱", "#5497", "$5元", "£5", "5万%", "12件/万人", "-¥-5", "\u202e123"],
    "two": ["12 34", "5497 (12.5)", "1亿2千万", "1.2×10^5", "5\n6", "100  200", "3家5人", "5497 1", "5497*2", "5[3,7]", "5 [3-7]", "5(3~7)"],
    "numeral": ["一百二十", "三万亿", "十亿", "二〇", "壹仟", "一百二十家", "百分之十二", "零"],
    "script": ["٣٤", "३", "𝟏𝟐", "Ⅷ", "5٣"],
    "superscript": ["10³", "5497¹", "5497 ²", "5₁"],
    "about": ["约100", "大约 100", ">100", "≥5", "＜5", "近百", "百余", "100多家", "100左右", "100以上", "100+", "~5", "±5"],
    "range": ["100-200", "100~200", "100～200", "100—200", "100至200", "3.5%-4.5%", "2019-2021"],
    "accounting": ["(1,234)", "（1,234）", "(12.3%)", "-(5)", "—（5）", "5-", "▲5"],
    "dash": ["—5", "- 5", "--5", "——1,234"],
    "comma": ["1,23,4", "1,2", "1,2345", "1.234,5", "0,123", "12,34,567", "1,234 567", "3。5", "1、234", "1_000", "1,2%", "5,"],
    "points": ["1.2.3", "1..2", "1.2.3%"],
    "fraction": ["1/2", "½", "1½"],
    "hex": ["0x1F", "0X10"],
    "date": ["2021-05-18", "2021/5/18", "2021.5.18", "2021年5月18日", "5月18日", "2021年", "2021-05", "18-May", "Jan-21", "5/18/21",
             "2021-05-18 00:00:00", datetime.date(2021, 5, 18), datetime.datetime(2021, 5, 18), np.datetime64("2021-05-18")],
    "time": ["8:30", "08:30:00", "3：1", datetime.time(8, 30), datetime.timedelta(1)],
    "logical": [True, np.True_, "TRUE", "是"],
    "excel_error": ["#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA", "#div/0!", "Err:502"],
    "narrow": ["##", "#####"],
    "formula": ["=B4*2", "=5", "＝B4"],
    "size": ["1e999", "1e-999", "1e308亿", "inf", "-∞", np.inf, Percent("inf"), Percent(1e308), 10**400, "1e9999999", decimal.Decimal("sNaN")],
}  # fmt: skip


def place(position):
    return {
        "file": "年鉴.xlsx",
        "sheet": "表1",
        "row": position + 4,
        "column": "gdp",
        "cell": f"C{position + 4}",
    }


def column(values):
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_numbers_are_read_without_a_word(text):
    assert read(text) == (PLAIN[text], None, {}) and str(read(text).value) == str(float(PLAIN[text]))


@pytest.mark.parametrize("text", BESIDE)
def test_what_stands_beside_a_number_is_read_and_listed(text):
    value, rule, values = BESIDE[text]
    found = read(text)
    assert found.value == value and found.rule == f"cells.{rule}" and values.items() <= found.values.items()


@pytest.mark.parametrize("text", MISSING)
def test_signs_for_missing_are_no_zeros_and_are_listed(text):
    assert read(text) == (None, "cells.missing", {"sign": text})
    assert errors.Finding("cells.missing", value=text, sign=text).level == "note"


@pytest.mark.parametrize(
    "cell", [None, np.nan, pd.NA, pd.NaT, "", "  \u3000\u200b\n", decimal.Decimal("NaN"), Percent("nan")]
)
def test_empty_cells_are_missing_without_a_note(cell):
    assert read(cell) == (None, None, {})


@pytest.mark.parametrize("rule, cell", [(rule, cell) for rule, some in FAULTS.items() for cell in some])
def test_what_is_no_number_is_refused_by_its_own_rule(rule, cell):
    assert read(cell)[:2] == (None, f"cells.{rule}")


@pytest.mark.parametrize("cell", [5, np.int64(5), 5.0, np.float32(5), decimal.Decimal(5), "5"])
def test_numbers_of_every_type(cell):
    assert read(cell) == (5.0, None, {}) and type(read(cell).value) is float


@pytest.mark.parametrize(
    "cell, value", [(0.123, 12.3), (0.07, 7), (1, 100), (-0.0055, -0.55), (1e-7, 1e-5), (0, 0)]
)
def test_a_cell_in_per_cent_is_what_it_shows(cell, value):
    found = read(Percent(cell))
    assert found.value == value and found.rule == "cells.percent" and found.values["suffix"] == "%"


@pytest.mark.parametrize("scale", ["", "百", "千", "万", "十亿", "万亿"])
def test_what_stands_behind_a_number_is_a_known_unit_of_measurement(scale):
    names = pd.read_csv(cells.MEASURES)[["zh", "en"]].stack()
    texts = [
        one.values["scale"] + one.values["suffix"]
        for one in map(read, f"5{scale}" + names)
        if one.values.get("written")
    ]
    assert len(texts) > 50 and [text for text in texts if not measures.find(text)] == []


def test_every_rule_has_its_sentences_and_is_used():
    cases = [*BESIDE, *MISSING, *(cell for some in FAULTS.values() for cell in some), Percent(0.5)]
    _, found = cells.numbers(column(cases), place)
    assert len(found) == len(cases)
    assert {one.rule for one in found} == {rule for rule in errors.rules() if rule.startswith("cells.")}
    for one in found:
        assert one.zh and one.en and (one.level != "error" or one.zh_fix and one.en_fix), one.rule
        assert not {"{", "}"} & set(one.zh + one.en + one.zh_fix + one.en_fix)


def test_a_column_gives_its_numbers_and_every_finding_at_its_place():
    given_ = pd.Series(["1,234", "—", "约5", None, 7, Percent(0.5), True], index=list("abcdefg"), name="gdp")
    values, found = cells.numbers(given_, place)
    assert values.equals(
        pd.Series([1234, np.nan, np.nan, np.nan, 7, 50, np.nan], list("abcdefg"), name="gdp")
    )
    assert [(one.rule, one.level, one.place["cell"]) for one in found] == [
        ("cells.missing", "note", "C5"),
        ("cells.about", "error", "C6"),
        ("cells.percent", "repair", "C9"),
        ("cells.logical", "error", "C10"),
    ]
    assert found[1].startswith("年鉴.xlsx，工作表“表1”，单元格 C6，“gdp”列：“约5”只是约数或界限：请填确数")
    assert "cell C6, column 'gdp': '约5' is an approximation or a bound: type the exact number" in found[1]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.5, np.nan, np.inf]),
        pd.Series([1.5, None, np.inf], dtype=object),
        pd.Series([1.5, pd.NA, np.inf], dtype="Float64"),
        pd.Series(["1.5", None, "inf"], dtype="str"),
        pd.Series(["1.5", None, "inf"], dtype="category"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_columns_of_every_type(series):
    values, found = cells.numbers(series, place)
    assert values.dtype == float and values.equals(pd.Series([1.5, np.nan, np.nan]))
    assert [(one.rule, one.place["row"]) for one in found] == [("cells.size", 6)]


def test_odd_columns_are_refused_cell_by_cell():
    for odd in (
        pd.Series([True, False]),
        pd.Series(pd.to_datetime(["2021-05-18", "2021-05-19"])),
        column([[1], {2: 3}]),
    ):
        values, found = cells.numbers(odd, place)
        assert values.isna().all() and [one.level for one in found] == ["error", "error"]
    assert cells.numbers(pd.Series([1, 2], dtype=complex), place)[0].isna().all()
    values, found = cells.numbers(pd.Series([], dtype=object), place)
    assert values.dtype == float and not len(values) and found == []


def test_cells_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["上海", "1,234①"],
        ["北京", "=1/0"],
        ["深圳", datetime.date(2021, 5, 18)],
        ["天津", 12],
        ["重庆", None],
    ):
        book.active.append(row)
    book.save(tmp_path / "年鉴.xlsx")
    table = pd.DataFrame(openpyxl.load_workbook(tmp_path / "年鉴.xlsx").active.values)
    values, found = cells.numbers(table[1], place)
    assert values.dropna().tolist() == [1234, 12]
    assert [one.rule for one in found] == ["cells.mark", "cells.formula", "cells.date"]


NUMBERS = st.decimals(-(10**12), 10**12, places=4, allow_nan=False) | st.integers(-(10**12), 10**12).map(
    decimal.Decimal
)
WIDE = str.maketrans("0123456789.,-+%", "０１２３４５６７８９．，－＋％")
NARROW = str.maketrans("０１２３４５６７８９［］", "0123456789[]")
GAPS = st.text(" \u3000\u00a0\u2009\u200b\ufeff\n\t", max_size=3)


def grouped(number, separator):
    return f"{number:,f}".replace(",", separator)


@given(
    NUMBERS, st.sampled_from(["", ",", "，", "'", "’", " ", "\u00a0", "\u2009"]), st.sampled_from("-−–－"), st.booleans(), GAPS, GAPS
)  # fmt: skip
def test_any_number_in_any_hand_is_that_number(number, separator, minus, wide, before, behind):
    text = grouped(number, separator).replace("-", minus)
    assert read(before + (text.translate(WIDE) if wide else text) + behind).value == float(number)


@given(
    NUMBERS, st.sampled_from(["", *cells._SCALES]), st.sampled_from(["", "元", "家", "%", "人次", "km2"]),
    st.sampled_from(["", "①", " [1]", "（2）", "*", "注1", "⑴②"]), st.sampled_from(["", " "]),
)  # fmt: skip
def test_scale_unit_and_mark_in_any_combination(number, scale, unit, mark, gap):
    scale = "" if unit in ("%", "km2") else scale
    found = read(f"{grouped(number, ',')}{gap}{scale}{unit}{mark}")
    assert found.value == float(number.scaleb(cells._SCALES.get(scale, 0)))
    if scale or unit or mark:
        assert (found.values["scale"], found.values["suffix"]) == (scale, unit)
        assert found.rule and errors.rules()[found.rule]["level"] == "repair"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_as_programs_print_them(number):
    assert read(number).value == number and read(repr(number)).value == number
    assert cells.numbers(column([repr(number)]), place)[0][0] == number


ODD = st.text(
    st.sampled_from("0123456789.,，'-—+%‰eE①¹[]()（）*#注万亿千百元家年月日/:约~ \u00a0\u200b＝=０٣½Ⅷx▲¥N/A"),
    max_size=14,
)


@example("1e5").via("a letter that is part of a number")
@given(st.text(max_size=12) | ODD)
def test_any_text_is_a_number_nothing_or_one_fault(text):
    found = read(text)
    level = errors.rules()[found.rule]["level"] if found.rule else None
    assert level in (None, "note", "repair", "error")
    assert (found.value is None) == (level in ("note", "error") or not cells._plain(text))
    assert found.value is None or np.isfinite(found.value)
    letters = [
        sign for sign in text if unicodedata.category(sign)[0] == "L" and sign not in "eEｅＥ\u3164\uffa0"
    ]
    assert found.rule is not None or not letters
    if found.rule == "cells.missing":
        assert not re.search(
            "[0-9]", re.sub(r"注[0-9]+|[【〔(（\[].*?[)】〕）\]]", "", text.translate(NARROW))
        )
    values, findings = cells.numbers(column([text]), place)
    assert values.equals(pd.Series([np.nan if found.value is None else found.value]))
    assert [one.rule for one in findings] == [found.rule] * bool(found.rule)


@given(st.none() | st.booleans() | st.binary() | st.dates() | st.datetimes() | st.timedeltas() | st.complex_numbers() | st.fractions()
       | st.decimals() | st.lists(st.integers()) | st.integers())  # fmt: skip
def test_any_object_is_read_or_refused(cell):
    values, found = cells.numbers(column([cell]), place)
    assert len(values) == 1 and len(found) <= 1
    cells.day(cell), cells.year(cell)


@pytest.mark.parametrize(
    "cell",
    ["2023-05-18", "2023/5/18", "2023.5.18", "2023年5月18日", "2023 年 5 月 18 日", "２０２３年５月１８日", "20230518", 20230518, 20230518.0,
     "2023/5/18 0:00", "2023-05-18T00:00:00", datetime.date(2023, 5, 18), datetime.datetime(2023, 5, 18, 9), np.datetime64("2023-05-18"),
     pd.Timestamp("2023-05-18", tz="Asia/Shanghai")],
)  # fmt: skip
def test_days_in_every_usual_form(cell):
    assert cells.day(cell) == pd.Timestamp("2023-05-18")


@pytest.mark.parametrize(
    "cell",
    [45064, "45064", 2023, "2023-13-40", "18.5.2023", "20231340", "去年", "", None, True, pd.NaT, 1e300, [1]],
)
def test_no_day(cell):
    assert pd.isna(cells.day(cell))


@pytest.mark.parametrize(
    "cell", [2021, 2021.0, "2021", "２０２１", " 2021年 ", "2021年度", "2021 年", "2021.0", "2021/12/31", datetime.date(2021, 12, 31), np.int64(2021)]
)  # fmt: skip
def test_a_year(cell):
    assert cells.year(cell) == 2021 and type(cells.year(cell)) is int


@pytest.mark.parametrize(
    "cell",
    [
        21,
        "21",
        "21年",
        2021.5,
        "2021.5",
        44334,
        "2021-2022",
        "二〇二一",
        True,
        None,
        np.nan,
        "",
        0,
        Percent(20.21),
    ],
)
def test_no_year(cell):
    assert cells.year(cell) is None


def test_a_table_that_a_person_keeps_holds_plain_numbers():
    texts = pd.Series(["1,234", "１２", None, "12 345", "—", "1.2亿", "5①", "约5", "多"], name="value")
    values, faults = files.to_number(texts)
    assert values.dropna().tolist() == [1234, 12, 12345] and len(faults) == 5
    assert faults[0].startswith("第 6 行，“value”列：“—”不是数字")
    assert "row 6, column 'value': '—' is not a number: type it with digits and one decimal" in faults[0]
    assert "row 9, column 'value': '约5' is an approximation or a bound: " in faults[3]


def test_letters_of_columns_are_those_of_excel():
    places = range(cells.COLUMNS)
    letters = [cells.letters_of(place) for place in places]
    assert letters == [openpyxl.utils.get_column_letter(place + 1) for place in places]
    assert [cells.number_of(one.lower()) for one in letters] == list(places)
