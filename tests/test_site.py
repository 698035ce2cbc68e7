"""City and region pages: complete, escaped, searchable, and free of errors in a browser."""

import re

import pandas as pd
import pytest
import small
from browser import needs_browser, opened

from fire import edition as editions
from fire.analysis import results
from fire.errors import InputError
from fire.report import profile, site

REAL = editions.load(2022)
PLACES = REAL.places().query("region in ['京津冀', '粤港澳大湾区', '成渝', '长三角']")


def made(index=None, **changes):
    """An edition with made-up values for the cities of four regions, or with another index of these."""
    ed = small.edition(PLACES["city"], places=PLACES, regions=REAL.regions(), **changes)
    ed.index = index or ed.index
    ed.places, ed.compared = lambda: ed.index.places, ed.index.before
    return ed


def known(ed, folder):
    return results.Results(ed.index, folder / "results")


@pytest.fixture(scope="module")
def edition():
    return made()


@pytest.fixture(scope="module")
def profiles(edition, tmp_path_factory):
    return profile.profiles(edition, known(edition, tmp_path_factory.mktemp("known")))


@pytest.fixture(scope="module")
def folder(edition, profiles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site.place_pages(edition, profiles, folder)
    return folder / "places"


def test_every_city_and_region_has_a_page_in_both_languages(profiles, folder):
    pages = {path.name for path in folder.glob("*.html")}
    assert {f"{site.slug(name)}.{lang}.html" for name in profiles for lang in ("zh", "en")} < pages
    assert len(pages) == 2 * (len(profiles) + 1)


SOFT = {"E", "R"}  # pillars of which nothing is known but draws


@pytest.fixture(scope="module")
def drawn():
    """An edition in which two pillars are drawn, so that less than two thirds of the weight is known."""
    pillar = small.edition(["甲", "乙"]).index.pillar
    return made(drawn={node for node in pillar.index if pillar[node] in SOFT})


@pytest.fixture(scope="module")
def reconstructed(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reconstructed")
    profiles = profile.profiles(drawn, known(drawn, tmp_path_factory.mktemp("drawn")))
    site.place_pages(drawn, profiles, folder)
    return profiles, folder / "places"


def test_profile_adds_up(edition, profiles):
    scores = (
        edition.index.scores().query("node == 'total'").pivot(index="unit", columns="year", values="score")
    )
    for name, facts in profiles.items():
        if facts["kind"] == "city":
            assert facts["total_points"] == pytest.approx(
                scores.at[name, 2021] - scores.at[name, 2020], abs=1e-12
            )
            assert sum(line["places"] for line in facts["rivals"]) == facts["total"]["rank_change"]
            assert facts["total"]["rank_low"] <= facts["total"]["rank_high"]
        assert sum(share for _, share in facts["shares"]) == pytest.approx(1)
        assert facts["told"] and facts["known_share"] == pytest.approx(1)


def test_what_is_known_carries_no_mark_and_no_sign(folder):
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.html"))
    assert "非官方报告" not in text and "not the official report" not in text
    assert 'class="soft"' not in text and 'class="legend"' not in text


def test_simulated_values_are_ranges_and_every_page_says_what_it_is(reconstructed):
    said = {
        "zh": ("复算演示版 · 非官方报告", "不是观测结果"),
        "en": ("not the official report", "not observations"),
    }
    for lang, texts in said.items():
        for path in reconstructed[1].glob(f"*.{lang}.html"):
            text = path.read_text(encoding="utf-8")
            assert all(one in text for one in texts) and ">nan" not in text, path.name
    page = (reconstructed[1] / "suzhou.zh.html").read_text(encoding="utf-8")
    facts = reconstructed[0]["苏州"]
    lines = {line["node"]: f">{line['score']:.3f}<" in page for line in facts["nodes"]}
    assert lines["F"] and lines["gdp"] and not lines["E"] and not lines["firms"]
    assert not lines["total"] and re.search(r'class="soft">\(\d+\.\d–\d+\.\d\)<', page)


def test_too_little_known_means_no_judgement_and_one_reason(reconstructed):
    profiles, folder = reconstructed
    words = (
        "长处</h2>",
        "短处</h2>",
        "主要障碍</h2>",
        "最相近的城市</h2>",
        "再升一位需要什么",
        "变化及其来源",
    )
    for name, facts in profiles.items():
        text = (folder / f"{site.slug(name)}.zh.html").read_text(encoding="utf-8")
        assert not facts["told"] and facts["known_share"] == pytest.approx(0.4)
        assert not any(word in text for word in words)
        assert text.count("有已知数据，不足 67%") == (facts["kind"] == "city")
        assert "peers" not in facts and "needed" not in facts


def test_rank_in_the_region_is_a_range_where_it_moves(reconstructed):
    beside = {name: facts["in_region"] for name, facts in reconstructed[0].items() if facts["kind"] == "city"}
    assert {one["rank_status"] for one in beside.values()} == {"simulated"}
    assert all(one["rank_low"] <= one["rank_high"] for one in beside.values())
    assert any(one["rank_low"] < one["rank_high"] for one in beside.values())


def test_tables_go_into_the_workbook_with_their_statuses(tmp_path):
    columns = ["unit", "score", "score_status", "score_low", "score_high", "rank"]
    frame = pd.DataFrame(
        [["北京", 9.958, "printed", 9.958, 9.958, 1], ["合肥", 6.71, "simulated", 6.1, 7.4, 12]],
        columns=columns,
    )
    (tmp_path / "tables").mkdir()
    frame.to_csv(tmp_path / "tables" / "one.csv", index=False, encoding="utf-8-sig")
    record = {
        "folder": tmp_path,
        "labels": {name: REAL.book.column(name) for name in columns},
        "title": {"zh": "题"},
        "source": {"zh": "源"},
        "status": ["printed", "simulated"],
    }
    made = site._sheets({"one": record})
    assert list(made) == ["one"] and list(made["one"]["frame"]) == ["城市 City", "得分 Score", "位次 Rank"]
    assert made["one"]["known"]["得分 Score"].loc[1].to_dict() == {
        "status": "simulated",
        "low": 6.1,
        "high": 7.4,
    }


def test_names_with_markup_are_escaped(profiles, edition, tmp_path):
    name = "<img src=x onerror=alert(1)>"
    facts = next(facts for facts in profiles.values() if facts["kind"] == "city") | {
        "name": name,
        "province": "<b>省</b>",
    }
    site.place_pages(edition, {name: facts}, tmp_path)
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html"))
    assert "<img" not in text and "<b>省" not in text and "&lt;img" in text


def test_two_places_with_one_name_are_refused(profiles, edition, tmp_path):
    city, other = [facts for facts in profiles.values() if facts["kind"] == "city"][:2]
    with pytest.raises(InputError, match="two places would be written to 'x'"):
        site.place_pages(edition, {"x": city, "X": other}, tmp_path)


@pytest.mark.parametrize("typed", ["杭州", "hangzhou", "hz", "Hangzhou".lower()])
def test_search_text_takes_chinese_english_pinyin_and_initials(typed):
    assert typed in site.search_text("杭州")


def test_addresses_of_all_places_differ_and_follow_the_names_of_the_edition():
    names = [*REAL.places()["city"], *REAL.regions()["region"]]
    assert len({site.slug(name) for name in names}) == len(names)
    ed = made()
    ed.book.places["city"]["甲城"] = "Jia City"
    assert site.slug("甲城", ed.book.zh) == "jia-city" and site.slug("甲城") == "jiacheng"


def single_year(index):
    return index.freeze().only(years=[2021])


def late_city(index):
    cells = index.panel
    return index.revise(cells[~(cells["unit"].eq("苏州") & cells["year"].eq(2020))])


def simulated(index):
    return index.revise(index.panel.assign(status="simulated"))


def geometric(index):
    return index.vary(aggregation="geometric")


def gap(index):
    cells = index.panel
    here = cells["unit"].eq("苏州") & cells["indicator"].eq("gdp")
    return index.vary(missing="none").revise(cells.assign(value=cells["value"].mask(here)))


@pytest.mark.parametrize("other", [single_year, late_city, simulated, geometric, gap])
def test_pages_of_other_editions(edition, other, tmp_path):
    ed = made(other(edition.index))
    ed.languages = ["zh"]
    if other is geometric:
        ed.index.places = ed.index.places.drop(columns="province")
    profiles = profile.profiles(ed, known(ed, tmp_path))
    cities = [facts for facts in profiles.values() if facts["kind"] == "city"]
    assert len(cities) == len(PLACES)
    site.place_pages(ed, profiles, tmp_path)
    text = (tmp_path / "places" / "suzhou.zh.html").read_text(encoding="utf-8")
    assert "English" not in text and not (tmp_path / "places" / "suzhou.en.html").exists()
    assert ("变化及其来源" in text) == (other not in (single_year, simulated))
    assert ("上一年没有数据" in text) == (other is late_city)
    assert ("不是观测结果" in text) == (other is simulated)
    assert any(facts.get("needed") for facts in cities) == (other not in (geometric, simulated))
    assert "非官方报告" not in text


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("name", ["suzhou", "yangtze-river-delta", "index"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_fit_a_phone(folder, reconstructed, name, lang):
    for pages in (folder, reconstructed[1]):
        with opened(pages / f"{name}.{lang}.html", width=390, height=800) as (page, wrong):
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            heads = page.locator("table.scores tbody th")
            lines = heads.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height / 20)")
            assert all(line < 4 for line in lines) and wrong == []


@needs_browser
@pytest.mark.browser
def test_reader_finds_a_city_and_walks_to_its_peers(folder):
    with opened(folder / "index.zh.html") as (page, wrong):
        page.fill("#find", "shenzhen")
        assert page.locator("[data-find]:visible").count() == 1
        page.press("#find", "Enter")
        page.wait_for_url("**/shenzhen.zh.html")
        assert page.inner_text("h1").startswith("深圳")
        page.click("a[hreflang], .switch")
        page.wait_for_url("**/shenzhen.en.html")
        assert page.inner_text("h1").startswith("Shenzhen")
        assert wrong == []
