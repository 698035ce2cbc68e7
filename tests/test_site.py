"""City and region pages: complete, escaped, searchable, and free of errors in a browser."""

import pytest
import small
from browser import needs_browser, opened

from fire import edition as editions
from fire.errors import InputError
from fire.files import DATA, read_csv
from fire.report import profile, site


@pytest.fixture(scope="module")
def edition():
    """Made-up values for the cities of four regions."""
    real = editions.load(2022)
    places = real.places().query("region in ['京津冀', '粤港澳大湾区', '成渝', '长三角']")
    made = small.edition(places["city"])
    made.places = lambda: places
    return made


@pytest.fixture(scope="module")
def profiles(edition):
    return profile.profiles(edition)


@pytest.fixture(scope="module")
def folder(edition, profiles, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site.files.write_text(folder / "assets" / "site.css", site.page_style(edition, profiles))
    site.place_pages(edition, profiles, folder / "places")
    return folder / "places"


def test_every_city_and_region_has_a_page_in_both_languages(profiles, folder):
    pages = {path.name for path in folder.glob("*.html")}
    assert {f"{site.slug(name)}.{lang}.html" for name in profiles for lang in ("zh", "en")} < pages
    assert len(pages) == 2 * (len(profiles) + 1)


def test_profile_adds_up(edition, profiles):
    scores = edition.scores().query("node == 'total'").pivot(index="unit", columns="year", values="score")
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
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.html"))
    assert "<img" not in text and "<b>省" not in text and "&lt;img" in text


def test_two_places_with_one_name_are_refused(profiles, edition, tmp_path):
    city, other = [facts for facts in profiles.values() if facts["kind"] == "city"][:2]
    with pytest.raises(InputError, match="two places would be written to 'x'"):
        site.place_pages(edition, {"x": city, "X": other}, tmp_path)


@pytest.mark.parametrize("typed", ["杭州", "hangzhou", "hz", "Hangzhou".lower()])
def test_search_text_takes_chinese_english_pinyin_and_initials(typed):
    assert typed in site.search_text("杭州")


def test_slugs_of_all_places_differ():
    names = [*read_csv(DATA / "places.csv")["city"], *read_csv(DATA / "regions.csv")["region"]]
    assert len({site.slug(name) for name in names}) == len(names)


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
