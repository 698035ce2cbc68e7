"""Policies and events: reading, coding, likeness of texts."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from fire import edition, files
from fire.analysis import policy
from fire.errors import InputError
from fire.figures import context

ED = edition.load(2022)
FACTS, CITIES = ED.facts, list(ED.places()["city"])
ROW = {
    "kind": "policy",
    "no": "1",
    "date": "2023-05-18",
    "effective": "",
    "city": "全国",
    "issuer": "中国人民银行",
    "title_zh": "一项新政策",
    "headline_zh": "新政策",
    "headline_en": "new policy",
    "topic": "payment",
    "summary_zh": "规范支付",
}


def own(tmp_path, *rows, encoding="utf-8-sig"):
    path = tmp_path / "policies.csv"
    pd.DataFrame([ROW | row for row in rows]).to_csv(path, index=False, encoding=encoding)
    return path


def calendar(path=policy.OWN):
    return policy.calendar(FACTS, CITIES, path)


def test_printed_policies_and_events_are_ten_and_ten():
    table = calendar()
    year = table[table["year"] == 2021]
    assert year["kind"].value_counts().to_dict() == {"policy": 10, "event": 10}
    assert set(year["topic"]) <= set(policy.coding()["topics"])
    assert year["date"].is_monotonic_increasing
    said = policy.busiest(year)
    assert (said["policies"], said["issued"], said["late"]) == (10, 5, 60)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_adding_a_policy_of_2023_is_one_row(tmp_path, encoding):
    table = calendar(own(tmp_path, {}, encoding=encoding))
    new = table[table["year"] == 2023]
    assert len(table) == len(calendar()) + 1
    assert new[["title_zh", "issuer_group", "topic"]].values.tolist() == [["一项新政策", "pboc", "payment"]]
    for lang, head, day in (
        ("zh", "新政策（人民银行）", "5月18日"),
        ("en", "New policy (the People's Bank)", "18 May"),
    ):
        ax = context.timeline(policy.timeline(new), lang).axes[0]
        assert [text.get_text() for text in ax.texts] == [head]
        assert [tick.get_text() for tick in ax.get_yticklabels()] == [day]


def test_every_printed_policy_has_its_gist_in_both_languages():
    table = policy.listed(calendar().query("year == 2021"))
    assert table[["gist_zh", "gist_en"]].notna().all(axis=None)
    assert not table["gist_en"].str.contains(r"[\u4e00-\u9fff]").any()


def test_template_is_ready_to_use():
    own_rows = calendar(files.DATA / "templates" / "policies.csv")
    assert (own_rows["year"] == 2023).sum() == 2
    header = (files.DATA / "policies.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert (
        header == (files.DATA / "templates" / "policies.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    )


@pytest.mark.parametrize(
    "cells, fault",
    [
        ({"date": "2023-13-40"}, "row 2, column 'date': '2023-13-40' is not a date: type it as 2023-05-18"),
        ({"date": "去年"}, "row 2, column 'date': '去年' is not a date"),
        ({"date": "2023"}, "row 2, column 'date': '2023' is not a date"),
        ({"effective": "soon"}, "row 2, column 'effective': 'soon' is not a date"),
        ({"city": "亚特兰蒂斯"}, "row 2, column 'city': '亚特兰蒂斯' is unknown: type one of "),
        (
            {"topic": "weather"},
            "row 2, column 'topic': 'weather' is unknown: type one of deposits_loans, payment",
        ),
        ({"kind": "law"}, "row 2, column 'kind': 'law' is unknown: type one of policy, event"),
        ({"title_zh": ""}, "row 2, column 'title_zh': empty: fill it in"),
        ({"no": "第一"}, "row 2, column 'no': '第一' is not a number"),
    ],
)
def test_bad_rows_are_refused_with_place_and_fix(tmp_path, cells, fault):
    path = own(tmp_path, cells)
    with pytest.raises(InputError) as error:
        calendar(path)
    assert str(path) in str(error.value) and any(fault in one for one in error.value.faults)


@pytest.mark.parametrize(
    "day", ["2023/5/18", "2023-5-18", "2023年5月18日", "２０２３/５/１８", "2023/5/18 0:00"]
)
def test_days_as_excel_writes_them_are_read(tmp_path, day):
    table = calendar(own(tmp_path, {"date": day}))
    assert table.loc[table["year"] == 2023, "date"].tolist() == [pd.Timestamp("2023-05-18")]


def test_without_printed_facts_the_own_rows_make_the_calendar(tmp_path):
    table = policy.calendar(None, CITIES, own(tmp_path, {}))
    assert len(table) == 1 and len(policy.listed(table)) == 1 and policy.busiest(table)["events"] == 0
    assert policy.calendar(None, CITIES, tmp_path / "none.csv").empty


def test_all_faults_are_listed_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        calendar(own(tmp_path, {"date": "x", "city": "y"}, {"topic": "z"}))
    text = "\n".join(error.value.faults)
    assert all(
        part in text
        for part in (
            "row 2, column 'date'",
            "row 2, column 'city'",
            "row 3, column 'topic'",
            "row 3: 'policy, ",
        )
    )


def test_comparison_is_three_cities_by_six_dimensions():
    cells = policy.comparison(FACTS)
    assert len(cells) == 18 and cells.groupby("city")["dimension_id"].nunique().to_dict() == {
        "北京": 6,
        "深圳": 6,
        "上海": 6,
    }
    named = policy.technologies(cells)
    assert named["common"] == ["big_data"] and set(named["several"]) == {"ai", "blockchain"}
    assert len(named["single"]) == 7 and not {*named["single"]} & {*named["several"]}


def test_english_summaries_cover_the_comparison():
    english = files.read_csv(policy.ENGLISH)
    assert set(map(tuple, english[["city", "dimension_id"]].values)) == set(
        map(tuple, policy.comparison(FACTS)[["city", "dimension_id"]].values)
    )
    assert english["summary_en"].notna().all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("金融科技绿色 Abc，\t\n", min_size=1), min_size=2, max_size=8))
def test_likeness_of_texts_is_that_of_scikit_learn(texts):
    texts = [*texts, "金融科技", ""]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), sublinear_tf=True).fit_transform(texts)
    assert policy.cosines(texts) == pytest.approx(cosine_similarity(vectors), abs=1e-12)


def test_similarity_of_equal_texts_is_one_and_of_unlike_texts_is_low():
    cells = policy.comparison(FACTS).assign(keywords="甲乙丙;丁戊", summary_zh="同样的文字")
    alike = policy.similarity(cells)
    assert alike["similarity"].to_numpy() == pytest.approx(1)
    printed = policy.similarity(policy.comparison(FACTS))
    assert printed["similarity"].between(0, 1).all() and len(printed) == 18 + 3 + 1


def test_slips_of_dates_are_corrected_and_marked():
    documents = policy.documents(FACTS).set_index("title_zh")
    assert documents.loc["加快推进上海金融科技中心建设实施方案", ["year", "erratum"]].tolist() == [
        2020,
        "OE16",
    ]
    assert documents.loc["关于深入推进数字经济发展的意见", ["place", "erratum"]].tolist() == ["江苏", "OE17"]
    assert documents.index.is_unique
    assert documents["title_zh" if "title_zh" in documents else "text"].notna().all()


def test_one_title_printed_two_ways_counts_once():
    keys = policy.documents(FACTS)["title_zh"].map(policy.title_key)
    assert (
        keys.is_unique and keys.eq(policy.title_key("北京市促进金融科技发展规划（2018-2022年）")).sum() == 1
    )


def test_year_not_printed_stays_missing():
    force = policy.intensity(policy.documents(FACTS), ["深圳"])
    assert force["year"].isna().sum() == 1 and force["count"].sum() == 16


def test_intensity_shows_every_year_from_the_first():
    force = policy.intensity(policy.documents(FACTS), CITIES)
    ticks = [tick.get_text() for tick in context.intensity(force, "en").axes[0].get_xticklabels()]
    years = force["year"].dropna()
    assert ticks == [*map(str, range(int(years.min()), int(years.max()) + 1)), "No year"]


@pytest.mark.parametrize(
    "title, points",
    [
        ("中华人民共和国个人信息保护法", 5),
        ("征信业管理条例", 5),
        ("征信业务管理办法", 2),
        ("某市发展规划（2020-2022年）", 4),
        ("行动计划(2018年)", 3),
        ("通知", 1),
    ],
)
def test_force_follows_the_kind_of_document(title, points):
    assert policy.force(title, policy.coding()) == points


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="规划人才跨境标准研发监管无关字", max_size=12), min_size=1, max_size=6))
def test_instruments_of_a_text_share_it(texts):
    found = policy.instruments(pd.Series(texts))
    assert found.sum(axis=1).to_numpy() == pytest.approx(1)
    assert policy.sides(found).sum(axis=1).to_numpy() == pytest.approx(1)
    assert ((found["uncoded"] == 1) == found.drop(columns="uncoded").eq(0).all(axis=1)).all()


def test_coding_can_be_replaced(tmp_path):
    path = tmp_path / "coding.toml"
    path.write_text(
        '[sides]\nsupply={zh="供",en="S"}\n[instruments.all]\nside="supply"\nzh="一"\nen="A"\nwords=["支付"]\n',
        encoding="utf-8",
    )
    rules = policy.coding(path)
    sides = policy.sides(policy.instruments(pd.Series(["支付", "其他"]), rules), rules)
    assert sides.to_dict("list") == {"supply": [1, 0], "uncoded": [0, 1]}
