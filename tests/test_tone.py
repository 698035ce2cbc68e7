"""The tone of the report: sentences as an editor passes them, from the facts as they are; no bad habit comes back."""

import re

import pytest
import tone

import fire
from fire import codebook, files
from fire.report import narrative

FACTS = {"year": 2021, "compared": 2020, "root": "total", "cities": 59, "regions": 13}
PRINTED = {"status": "printed"}


def one(unit, value=None, **more):
    return {"unit": unit, "value": value, "status": "printed" if value is not None else "", **more}


FIRST = [one("北京", 9.958), one("上海", 9.563), one("深圳", 9.199), one("杭州", 8.557), one("广州")]
NO_MOVE = {
    "told": 19,
    "all": 59,
    "printed": True,
    "falls": [],
    "up": None,
    "down": None,
    "same": None,
    "k": 10,
}
CLIMBS = [{"places": 6, "names": ["金华"]}, {"places": 5, "names": ["徐州", "绍兴"]}]
GROWN = {
    "told": 15,
    "all": 59,
    "printed": True,
    "slowest": one("南京", 3.38),
    "up": None,
    "down": None,
    "k": 3,
}
CITY = {"unit": "济南", "points": 0.41, "places": 1, "before": 17, "after": 16, "own": 23.0, "theirs": -22.0}
WHAT = {"unit": "深圳", "places": 1, "points": 0.365, "indicator": "firms", "score": 1.4, "mix": []}
PAIR = {"units": [], "values": [], "share": None, "best": None, "best_value": None}
NUMBER = {
    "units": ["深圳", "北京", "上海"],
    "values": [None] * 3,
    "share": 35.6,
    "best": None,
    "best_value": None,
}
STRONG = ["gdp", "firms", "deals", "patents_period"]

# What the facts give: entry, values, the Chinese and the English sentence. Each stands for one that was printed badly once.
BETTER = {
    # a verdict and who says it, not "the first cities are, in order"
    "index-top": (
        {"first": FIRST, "printed": True, "ahead": 3, "step": 0.642},
        "原报告的 2021 年燃指数，北京以 9.958 分[刊]居首，上海（9.563 分[刊]）和深圳（9.199 分[刊]）紧随其后；此后依次为杭州和广州。"
        "第 3 位之后有一个 0.64 分的断层：北京、上海和深圳自成一档。",
        "A step of 0.64 points sets Beijing, Shanghai and Shenzhen apart from the rest.",
    ),
    # where the leaders lie, told by region and not by longitude
    "index-seats": (
        {
            "k": 10,
            "many": [{"region": "长三角", "cities": ["上海", "杭州"]}],
            "single": 4,
            "west": ["成都", "西安"],
        },
        "前 10 位中，长三角占 2 席（上海和杭州）。西部进入前 10 位的只有成都和西安。",
        "From the west of the country only Chengdu and Xi'an are among them.",
    ),
    # who climbed, not who grew from nothing
    "index-climb": (
        NO_MOVE | {"climbs": CLIMBS, "kept": 10},
        "原报告刊载的升位中，金华升幅最大（6 位），徐州和绍兴各升 5 位。前 10 位的座次与 2020 年完全相同。",
        "Of the moves that were printed the largest climb is that of Jinhua (6 places); Xuzhou and Shaoxing rose by 5 each.",
    ),
    # growth of what is known only
    "index-growth": (
        GROWN | {"fastest": one("临沂", 21.4), "head": one("深圳", 8.82)},
        "居前 3 位的城市中，深圳增长最快（8.82%[刊]）。",
        "Of the first 3 cities Shenzhen grew fastest (8.82 per cent [p]).",
    ),
    # a subject, and one clause of digits
    "focus-pillars": (
        {
            "region": "粤港澳大湾区",
            "pillars": [
                {
                    "node": node,
                    "rank": rank,
                    "growth": growth,
                    "rank_status": "printed",
                    "growth_status": "printed",
                }
                for node, rank, growth in (
                    ("F", 2.0, 5.54),
                    ("I", 2.0, 5.79),
                    ("R", 1.0, 6.19),
                    ("E", 1.0, 8.58),
                )
            ],
        },
        "4 项一级指标均居前 2 位[刊]，企业实力增长最快（8.58%[刊]）。",
        "It is among the first 2 [p] regions on all 4 pillars, and grew fastest in Enterprises (8.58 per cent [p]).",
    ),
    # many strengths are counted, not listed; the weak point is named
    "focus-strengths": (
        {
            "strong": [*STRONG, *STRONG],
            "all": 9,
            "k": 10,
            "weak": ["tertiary_share"],
            "worst": 20.0,
            "turn": 1,
        },
        "9 项指标有 8 项进入全国前 10 位，位次最低的第三产业占比也在第 20 位。",
        "In 8 of 9 indicators it is among the first 10 of all cities; the lowest, Share of the tertiary sector, still ranks 20th.",
    ),
    "focus-moves": (
        {
            "falls": ["online_attention", "hightech_firms", "rd_staff_licensing"],
            "ahead": None,
            "known": 19,
            "turn": 1,
        },
        "3 项得分回落：网络关注度、",
        "3 indicators lost points: ",
    ),
    # what happened, not how it was computed: rivals moved too
    "changes-city": (
        CITY | {"ups": [], "downs": [], "passed": [], "passed_by": []},
        "济南得分升 0.41 分，但对手也在进步，位次只进 1 位",
        "Jinan gained 0.41 points but, as rivals gained too, rose by only 1 place",
    ),
    "changes-what-city": (
        WHAT | {"beyond": True},
        "深圳距前一位 0.36 分，单项补不上",
        "No indicator alone is enough",
    ),
    # firms are counted whole
    "changes-what-city ": (
        WHAT
        | {
            "beyond": False,
            "raw_from": 41956.0,
            "raw_to": 332972.6,
            "measure_unit_zh": "件",
            "measure_unit_en": "items",
        },
        "由 41,956 件增至 332,973 件。",
        "from 41,956 to 332,973 (items)",
    ),
    # banks: a verdict, and no index of concentration
    "institutions-concentration": (
        {
            "compiled": 2022,
            "n": 14,
            "of": 2021,
            "total": 1554.17,
            "total_bn": 155.417,
            "largest": 4,
            "cr4": 57.08,
        },
        "14 家银行 2021 年的科技投入合计 1,554 亿元，最大的 4 家占 57%。",
        "the 4 largest account for 57 per cent of it.",
    ),
    # a share that chance gives as well explains nothing
    "regions-drivers-said": (
        {"node": "F", "share": 52.6, "expected": 43.7, "more": False, "p_value": 0.134},
        "看不出区域划分能解释要素基础的差距",
        "Regions do not detectably explain the differences between cities in Factors",
    ),
    # which places are sure, which are open
    "robustness-top-said": (
        {"inside": ["北京", "上海"], "perhaps": ["苏州", "合肥"], "k": 10, "high": 95.0, "low": 5},
        "可以确信在前 10 位之内的是北京和上海，至少 95% 的结果如此。时进时出、去留取决于算法的是苏州和合肥。",
        "Suzhou and Hefei are in or out depending on the method.",
    ),
    # cities of the records, in one sentence and not in four of one frame
    "robustness-areas-said": (
        {
            "swaps": [{"above": "粤港澳大湾区", "below": "成渝", "high": 1, "low": 2}],
            "others": [],
            "drawn": True,
            "printed": True,
        },
        "粤港澳大湾区（刊载的第 1 位）与成渝（第 2 位）多半互换位次：前者位次的中位数是第 2 位，后者是第 1 位。",
        "the Greater Bay Area (rank 1 as printed) and Chengdu-Chongqing (rank 2) change places",
    ),
    # uncertain data, not weights, move ranks most
    "robustness-between": (
        {"first": "unknown", "alone": 59.6, "total": 73.8, "order": ["unknown"], "between": 59.6},
        "未知数据的抽取单独就解释位次变动方差的 60%（一阶效应），连同它与方法选择的交互为 74%（总效应）。",
        "60 per cent of the variance of rank shifts (first-order effect), and 74 per cent with their interactions",
    ),
    "audit-ranked-said": (
        {"below": 59, "units": 59, "floor_pct": 65, "percent": 26.3},
        "有数据的指标不到 65% 的城市不参加排名。本版 59 个城市全都如此，最少的只有 26%（按指标个数）",
        "All 59 cities of this edition are such cities; the least covered has 26 per cent, counting indicators",
    ),
    "firms-cities": (
        {
            "number": NUMBER,
            "patents": NUMBER | {"units": ["北京", "深圳", "上海"], "share": 49.6},
            "staff": PAIR,
            "deals": NUMBER | {"units": ["北京"], "share": None},
        },
        "深圳、北京和上海是企业最多的城市，合占 35.6%。专利更向这几座城市集中（49.6%），其中北京最多。融资次数同样由北京领先。",
        "Patents are even more concentrated in these cities (49.6 per cent), with Beijing first. Beijing also has the most deals.",
    ),
    # the summary: every sentence with year, index and source
    "summary-cities": (
        {"first": FIRST, "printed": True},
        "原报告的 2021 年燃指数中，北京以 9.958 分居首，上海、深圳分列其后，前 5 位的其余城市是杭州和广州。",
        "In the 2021 FIRE index of the printed report Beijing leads with 9.958 points",
    ),
    "summary-moves": (
        NO_MOVE | {"climbs": CLIMBS, "kept": 10},
        "原报告中，2021 年燃指数位次比 2020 年上升最多的是金华（6 位），徐州和绍兴各升 5 位；前 10 位没有变动。",
        "In the printed report Jinhua climbed most in the 2021 FIRE index, by 6 places since 2020",
    ),
    "summary-ranges": (
        {"all": 59, "ranks": 49, "scores": 47, "places": 12.0, "points": 1.0},
        "引用这些城市应引范围，不宜只引一个位次。",
        "quote the range, not a single rank.",
    ),
}


@pytest.mark.parametrize("name", BETTER)
def test_the_facts_give_the_better_sentence(name):
    values, zh, en = BETTER[name]
    said = narrative.catalogue(narrative.FOLDER).say(name.strip(), FACTS | values, codebook.default())
    assert zh in said["zh"] and en in said["en"], said
    known = {lang: tone.names(fire.load(2022), lang) for lang in ("zh", "en")}
    wrong = [fault for lang in said for fault in tone.faults({name: [said[lang]]}, lang, known[lang])]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "bad, lang",
    [
        ("拉萨的名次升得最快。", "zh"),  # one term for one thing
        ("报告刊载得分与增速，却没有刊载权重。", "zh"),  # whose report
        ("得分下降的指标有有专利转让许可的企业。", "zh"),  # an empty list
        ("由41,956.0 件增至332,972.6 件。", "zh"),  # halves of a patent
        ("误差不超过 1e-12 分。", "zh"),  # powers of ten
        ("要素基础最高。居各区域第 2 位。", "zh"),  # no subject
        ("赫芬达尔指数为 1,062。", "zh"),
        ("金华、绍兴、徐州、贵阳和海口的位次上升。", "zh"),  # a list before a verdict
        ("得分为 1.1、2.2、3.3、4.4、5.5、6.6、7.7 和 8.8。", "zh"),  # digit soup
        ("Of 88 slips, 39 are computed.", "en"),
        ("9 of 9 lie above the median.", "en"),  # chosen as the best
        ("In Factors are , Beijing first.", "en"),
        ("北京 leads.", "en"),
    ],
)
def test_a_bad_sentence_is_found(bad, lang):
    assert tone.faults({"x": [bad]}, lang, tone.names(fire.load(2022), lang))


def test_a_frame_that_comes_more_than_twice_is_found():
    known = ["北京", "上海", "深圳", "杭州"]
    same = [f"{city}的金融科技得分升 {n} 分，位次未变。" for n, city in enumerate(known)]
    assert not tone.faults({"x": same[:2]}, "zh", known) and tone.faults({"x": same[:3]}, "zh", known)


def test_prose_leaves_out_tables_figures_headings_and_formulas():
    text = "# 一章 {#x}\n\n北京居首\\.（@fig:index-league，@tbl:x）\n\n![图](a.svg)\n\n| 甲 | 乙 |\n|--|--|\n\n$$x$$\n\n- 一条[刊]。\n"
    assert tone.prose(text) == ["北京居首.（Fig，Fig）", "一条。"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_template_holds_a_word_that_an_editor_strikes_out(lang):
    """In the chapter texts and the catalogue, whatever an edition makes of them."""
    words = {"zh": r"名次|支柱|疑误|刊误|本报告", "en": r"\bslips?\b|Herfindahl"}[lang]
    report = [row.name for row in fire.report.programme.load(fire.load(2022)) if row.volume == "report"]
    texts = {
        path: files.decode(path)
        for path in (files.REPORTS / "template" / lang).glob("*.md")
        if path.stem in report
    }
    for name, entry in narrative.catalogue(narrative.FOLDER).entries.items():
        texts[name] = " ".join(
            [entry.get(lang, ""), *(entry[key][lang] for key in narrative.TEXTS if key in entry)]
        )
    wrong = [f"{name}: {found.group()}" for name, text in texts.items() for found in re.finditer(words, text)]
    assert not wrong, "\n".join(wrong)
