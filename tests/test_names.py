"""Names: what is certain is found, what is near is suggested, and nothing becomes a new unit in silence."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import files
from fire.index import spec as specs
from fire.sources import names
from fire.sources.names import Roster

PLACES = files.read_csv(files.DATA / "places.csv")
CITIES = Roster.of_places(PLACES)
MISREAD = {  # as scans of the yearbooks gave them, and what was meant
    "准安": "淮安",
    "洒泉": "酒泉",
    "鹰谭": "鹰潭",
    "荷泽": "菏泽",
    "黄岗": "黄冈",
    "克垃玛依": "克拉玛依",
    "钢陵": "铜陵",
    "夏门": "厦门",
    "攀枝化": "攀枝花",
    "株州": "株洲",
    "长冶": "长治",
    "秦阜岛": "秦皇岛",
}
NEIGHBOURS = [
    "西安",
    "六安",
    "吉安",
    "延安",
    "雅安",
    "泰安",
    "阳泉",
    "泉州",
    "张掖",
    "长春",
    "长沙",
    "荆门",
    "江门",
    "金门",
    "柳州",
    "荆州",
    "湖州",
    "黄山",
    "黄石",
    "铜仁",
    "青岛",
    "淮南",
    "淮北",
]


def place(position: int) -> dict:
    return {
        "file": "年鉴.xlsx",
        "sheet": "表1",
        "row": position + 5,
        "column": "城市",
        "cell": f"A{position + 5}",
    }


@pytest.mark.parametrize(
    "text, city",
    [
        ("北京", "北京"),
        ("北京市", "北京"),
        ("上海 市", "上海"),
        ("上　海", "上海"),
        ("\u200b北京\ufeff", "北京"),
        ("广东省深圳市", "深圳"),
        ("Beijing", "北京"),
        ("BEIJING Municipality", "北京"),
        ("Ｂｅｉｊｉｎｇ", "北京"),
        ("Xi'an", "西安"),
        ("Xi’an", "西安"),
        ("Xian", "西安"),
        ("bei jing", "北京"),
        ("huhehaote", "呼和浩特"),
        ("Taizhou (Jiangsu)", "泰州"),
        ("110000", "北京"),
        (110000, "北京"),
        (110000.0, "北京"),
        ("110000.0", "北京"),
        ("1100", "北京"),
        ("110100", "北京"),
        ("440300 深圳市", "深圳"),
        ("京", "北京"),
    ],
)
def test_certain_writings_are_found_without_a_word(text, city):
    assert CITIES.read(text) == (city, None, ())


@pytest.mark.parametrize(
    "text, city, rule, level",
    [
        ("深圳①", "深圳", "names.mark", "repair"),
        ("深圳*", "深圳", "names.mark", "repair"),
        ("深圳¹", "深圳", "names.mark", "repair"),
        ("深圳[1]", "深圳", "names.mark", "repair"),
        ("1 北京", "北京", "names.mark", "repair"),
        ("1.北京", "北京", "names.mark", "repair"),
        ("（二）北京", "北京", "names.mark", "repair"),
        ("深圳（含深汕）", "深圳", "names.note", "repair"),
        ("宁波市(计划单列市)", "宁波", "names.note", "repair"),
        ("济南（不含莱芜）", "济南", "names.scope", "warning"),
        ("廣州", "广州", "names.traditional", "repair"),
        ("烏魯木齊", "乌鲁木齐", "names.traditional", "repair"),
        ("Suzhou", "苏州", "names.homonym", "warning"),
        ("Taizhou", None, "names.ambiguous", "error"),
        ("440300 北京", None, "names.contradicts", "error"),
        ("准安", None, "names.unknown_city", "error"),
        ("洛扬", None, "names.near_city", "error"),
        ("深圳市南山区", None, "names.near_city", "error"),
        ("北京1", None, "names.near_city", "error"),
        ("2021", None, "names.unknown_city", "error"),
        ("=cmd|'/c calc'!A1", None, "names.unknown_city", "error"),
        ("x" * 5000, None, "names.unknown_city", "error"),
        ("{0.__class__}", None, "names.unknown_city", "error"),
        ("合 计", None, "names.total", "note"),
        ("资料来源：国家统计局", None, "names.remark", "note"),
        ("广东省", None, "names.province", "note"),
    ],
)
def test_what_is_not_certain_is_said(text, city, rule, level):
    ids, (found,) = CITIES.match(pd.Series([text]), place)
    assert ids[0] == city and (found.rule, found.level, found.place) == (rule, level, place(0))


def test_every_text_is_named_once_with_its_count_and_the_candidates():
    texts = pd.Series(["北京", "洛扬", "洛扬", None, "Taizhou", "北京市", "  "], index=list("abcdefg"))
    ids, found = CITIES.match(texts, place)
    assert ids.index.tolist() == list("abcdefg") and ids["f"] == "北京" and ids[list("bcdeg")].isna().all()
    assert [one.rule for one in found] == ["names.near_city", "names.ambiguous", "names.doubled"]
    assert "2 处" in found[0] and "洛扬: 洛阳" in found[0] and found[0].place["cell"] == "A6"
    assert "台州、泰州" in found[1] and "“北京市”与“北京”都读作“北京”" in found[2]


@pytest.mark.parametrize("others", [[], PLACES["city"].tolist(), NEIGHBOURS])
def test_misread_cities_are_suggested_first(others):
    roster = Roster.of(dict.fromkeys([*others, *MISREAD.values()], ()))
    assert {text: roster.near(text)[0] for text in MISREAD} == MISREAD
    assert all(roster.find(text) is None for text in MISREAD)


def test_a_name_given_by_a_person_goes_first():
    more = {
        "准安": "南京市",
        "Taizhou": "泰州",
        "Suzhou": "Suzhou",
        12: "北京",
        "蓉城": "成都",
        "甲": "亚特兰蒂斯",
    }
    roster = Roster.of_places(PLACES.assign(aliases=PLACES["city"].map({"西安": "长安; 镐京"})), more)
    texts = ["准安", "Taizhou", "Suzhou", 12.0, "蓉城", "镐京", "甲"]
    assert [roster.read(text) for text in texts][:6] == [
        (one, None, ()) for one in ("南京", "泰州", "苏州", "北京", "成都", "西安")
    ]
    assert roster.find("甲") is None
    found = names.unknown_targets(more | {"北京": "上海"}, [roster], file="sources.yaml")
    assert [(one.rule, one.value) for one in found] == [("names.target", "甲"), ("names.overrides", "北京")]


def test_prefectures_of_every_kind():
    places = pd.DataFrame(
        {
            "city": ["恩施土家族苗族自治州", "延边州", "兴安盟", "大兴安岭地区", "吉林", "广州"],
            "province": ["湖北省", "吉林省", "内蒙古自治区", "黑龙江省", "吉林省", "广东省"],
        }
    )
    roster = Roster.of_places(places)
    for text in ("恩施", "恩施州", "湖北省恩施州", "恩施土家族苗族自治州"):
        assert roster.find(text) == "恩施土家族苗族自治州"
    for text, city in {
        "延边朝鲜族自治州": "延边州",
        "兴安盟": "兴安盟",
        "大兴安岭": "大兴安岭地区",
        "吉林市": "吉林",
    }.items():
        assert roster.find(text) == city
    assert roster.find("恩施市") is None and roster.find("吉林省") is None and roster.find("广") is None


def test_provinces_and_countries():
    roster = Roster.of({"内蒙古自治区": (), "陕西": ("Shaanxi",), "山西": (), "China": ("中国", "CHN")})
    for text, one in {"内蒙古": "内蒙古自治区", "陕西省": "陕西", "Shaanxi": "陕西", "chn": "China"}.items():
        assert roster.find(text) == one
    assert roster.read("Shanxi") == (None, "ambiguous", ("陕西", "山西"))


def test_indicators_by_id_label_and_unit_and_nodes_above_them():
    roster = Roster.of_indicators(specs.load("fire-2022"))
    for text in (
        "gdp",
        "GDP",
        "经济规模",
        "经济规模（亿元）",
        "Economic size",
        "經濟規模",
        "1.1 经济规模",
        "地区生产总值",
    ):
        assert roster.find(text) == "gdp"
    _, found = roster.match(pd.Series(["经济基础", "经济规莫", "Incubator"]), place)
    assert [one.rule for one in found] == ["names.inner", "names.near_indicator", "names.near_indicator"]
    assert "经济规模 gdp" in found[0] and "经济规莫: gdp" in found[1] and "Incubator: incubators" in found[2]


@pytest.mark.parametrize(
    "text, measure",
    [
        ("地区生产总值（亿元）", "gdp"),
        ("GDP/亿元", "gdp"),
        ("第三产业增加值", "tertiary"),
        ("年末常住人口(万人)", "population"),
        ("城镇常住人口", "urban_population"),
        ("年末户籍人口", "registered_population"),
        ("总人口", None),
    ],
)
def test_city_statistics_as_yearbooks_call_them(text, measure):
    assert Roster.of_measures().find(text) == measure


def test_total_is_not_ambiguous_between_units():
    assert Roster.of_measures().read("年末总人口（万人）").rule == "ambiguous"


@pytest.mark.parametrize(
    "text", ["合计", "总 计", "全国", "全省平均", "平均值", "59个城市平均", "Total", "Average", "合计*"]
)
def test_totals(text):
    assert names.is_total(text)


@pytest.mark.parametrize("text", ["总部", "全州", "Totalenergies", "平凉", "", None, 5])
def test_no_totals(text):
    assert not names.is_total(text)


@pytest.mark.parametrize(
    "text",
    [
        "注：本表不含港澳台",
        "注1: x",
        "资料来源：统计年鉴",
        "数据来源: x",
        "Source: NBS",
        "Notes: x",
        "① 含深汕特别合作区",
    ],
)
def test_notes(text):
    assert names.is_note(text)


@pytest.mark.parametrize("text", ["注册资本", "北京①", "①北京市", "Notebook", "来源", "说明书", None])
def test_no_notes(text):
    assert not names.is_note(text)


@given(st.text(max_size=30) | st.floats() | st.integers() | st.none() | st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_cell_is_found_or_named(cell):
    ids, found = CITIES.match(pd.Series([cell], dtype=object), place)
    blank = not names.plain("" if cell is None else cell).strip("'’‘`´·•._-–—−,、/\"“”《》") or cell != cell
    assert ids[0] in set(PLACES["city"]) or found or blank
    assert not (ids[0] and any(one.level == "error" for one in found))
    assert set(CITIES.near(cell)) <= set(PLACES["city"])
    assert isinstance(names.is_total(cell), bool) and isinstance(names.is_note(cell), bool)


@given(
    st.sampled_from(PLACES["city"].tolist()),
    st.sampled_from(["", "市"]),
    st.sampled_from(["", " ", "\u3000", "\u200b", "\ufeff", "\t"]),
    st.booleans(),
)
def test_blanks_and_width_do_not_matter(city, suffix, blank, decomposed):
    text = blank + blank.join(city + suffix) + blank
    assert CITIES.find(unicodedata.normalize("NFD", text) if decomposed else text) == city


def test_a_wrong_column_gives_few_findings():
    ids, found = CITIES.match(pd.Series([f"洛扬{number}" for number in range(30_000)]), place)
    assert ids.isna().all() and len(found) == names.SHOWN + 1 and found[-1].rule == "names.more"
