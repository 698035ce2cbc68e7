"""City and region pages: complete, escaped, searchable, and free of errors in a browser."""

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


def test_profile_adds_up(edition, profiles):
    scores = (
        edition.index.scores().query("node == 'total'").pivot(index="unit", columns="year", values="score")
    )
    for name, facts in profiles.items():
        if facts["kind"] == "city":
            assert facts["total_points"] == pytest.approx(
                scores.at[name, 2021] - scores.at[name, 2020], abs=1e-12
            )
            assert sum(line["places"] for line in facts["rivals"]) == facts["moved"]
            assert facts["low"] <= facts["high"]
        assert sum(share for _, share in facts["statuses"]) == pytest.approx(1)


def test_simulated_values_are_marked_on_every_page(folder):
    warning = {"zh": "不是观测结果", "en": "not observations"}
    assert all(
        text in path.read_text(encoding="utf-8")
        for lang, text in warning.items()
        for path in folder.glob(f"*.{lang}.html")
        if not path.name.startswith("index")
    )


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


def observed(index):
    return index.revise(index.panel.assign(status="observed"))


def geometric(index):
    return index.vary(aggregation="geometric")


def gap(index):
    cells = index.panel
    here = cells["unit"].eq("苏州") & cells["indicator"].eq("gdp")
    return index.vary(missing="none").revise(cells.assign(value=cells["value"].mask(here)))


@pytest.mark.parametrize("other", [single_year, late_city, observed, geometric, gap])
def test_pages_of_other_editions(edition, other, tmp_path):
    ed = made(other(edition.index))
    ed.languages = ["zh"]
    if other is observed:
        ed.index.places = ed.index.places.drop(columns="province")
    profiles = profile.profiles(ed, known(ed, tmp_path))
    cities = [facts for facts in profiles.values() if facts["kind"] == "city"]
    assert len(cities) == len(PLACES)
    site.place_pages(ed, profiles, tmp_path)
    text = (tmp_path / "places" / "suzhou.zh.html").read_text(encoding="utf-8")
    assert "English" not in text and not (tmp_path / "places" / "suzhou.en.html").exists()
    assert ("变化及其来源" in text) == (other is not single_year)
    assert ("上一年没有数据" in text) == (other is late_city)
    assert ("不是观测结果" in text) == (other is not observed)
    assert any(facts["needed"] for facts in cities) == (other is not geometric)


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
