"""What surrounds the report: addresses of places, the frame of all pages, their assets, the page of the explorer."""

import pandas as pd
import pytest
import small
from browser import needs_browser, opened
from lxml import html

from fire import edition as editions
from fire.analysis import results
from fire.report import marks, site

REAL = editions.load(2022)
PLACES = REAL.places().query("region in ['成渝', '长三角']")


def made(**changes):
    ed = small.edition(PLACES["city"], places=PLACES, regions=REAL.regions(), **changes)
    ed.places, ed.compared = lambda: ed.index.places, ed.index.before
    return ed


@pytest.fixture(scope="module")
def edition():
    return made()


@pytest.fixture(scope="module")
def reconstructed():
    """An edition in which most pillars are drawn."""
    pillar = made().index.pillar
    return made(drawn={node for node in pillar.index if pillar[node] in {"E", "R"}})


def frame(ed, lang="zh", **parts):
    text = (
        site.environment(ed, lang)
        .get_template("page.html")
        .render({"title": "甲", "body": "<h1>甲</h1>", "root": "../", "at": "hefei"} | parts)
    )
    return html.document_fromstring(text)


@pytest.mark.parametrize("typed", ["杭州", "hangzhou", "hz", "Hangzhou".lower()])
def test_search_text_takes_chinese_english_pinyin_and_initials(typed):
    assert typed in site.search_text("杭州")


def test_addresses_of_all_places_differ_and_follow_the_names_of_the_edition():
    names = [*REAL.places()["city"], *REAL.regions()["region"]]
    assert len({site.slug(name) for name in names}) == len(names)
    ed = made()
    ed.book.places["city"]["甲城"] = "Jia City"
    assert site.slug("甲城", ed.book.zh) == "jia-city" and site.slug("甲城") == "jiacheng"


def test_every_page_has_the_same_ways_on(edition):
    page = frame(edition, title="<b>甲</b>")
    ways = page.xpath("//nav[@class='top']/a/@href")
    assert ways == [
        "../chapters/index.zh.html",
        "../chapters/index.zh.html#volume-technical",
        "../places/index.zh.html",
        "../explorer.zh.html",
    ]
    assert page.xpath("//a[@class='switch']/@href") == ["hefei.en.html"]
    assert page.xpath("//a[@class='skip']/@href") == ["#main"] and page.xpath("//main[@id='main']")
    assert page.xpath("//title")[0].text == "<b>甲</b> · FIRE 2022"
    assert not page.xpath("//button[@class='menu']")
    assert frame(edition, contents="<ul></ul>").xpath("//button/@aria-controls") == ["contents"]
    edition.languages = ["zh"]
    alone = frame(edition)
    edition.languages = ["zh", "en"]
    assert not alone.xpath("//a[@class='switch']")


def test_a_reconstruction_says_what_it_is_on_every_page_and_nothing_else_does(edition, reconstructed):
    for lang in ("zh", "en"):
        sign = marks.sign(reconstructed, lang)
        assert sign and frame(reconstructed, lang).xpath("//aside[@class='sign']")[0].text == sign
        assert sign in frame(reconstructed, lang).xpath("//title")[0].text
        assert not frame(edition, lang).xpath("//aside[@class='sign']")


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_the_explorer_stands_by_itself(reconstructed, tmp_path, lang):
    site.explorer_page(reconstructed, lang, marks.scores(reconstructed.index), tmp_path)
    site.assets(reconstructed, tmp_path)
    with opened(tmp_path / f"explorer.{lang}.html", width=390, height=800) as (page, wrong):
        assert page.locator("h1").count() == 1 and page.locator("tbody tr").count() == len(PLACES)
        assert page.locator("tbody a").first.get_attribute("href").startswith("places/")
        assert page.evaluate("document.documentElement.scrollWidth") == 390 and wrong == []
        bar = page.locator("header.bar").bounding_box()
        assert bar["y"] == 0 and bar["width"] == 390


@pytest.mark.whole
def test_all_that_goes_with_the_report_is_written_and_linked(edition, tmp_path, monkeypatch):
    found = results.Results(edition.index, tmp_path / "results")
    found.__dict__ |= dict.fromkeys(["intervals", "growth", "region_intervals", "region_growth"])
    found.__dict__["pairs"] = pd.DataFrame(columns=["year", "node", "unit", "other", "p_ahead"])
    monkeypatch.setattr(results, "of", lambda ed: found)
    monkeypatch.setattr(site.release, "frames", lambda ed, known: {"places": PLACES})  # intervals take long
    links = site.write(edition, {}, tmp_path / "site")
    assert all((tmp_path / "site" / link["href"]).exists() for link in links)
    kinds = [link["kind"] for link in links if link["lang"] in ("zh", "")]
    assert sorted(kinds) == ["data", "explorer", "pdf", "places", "xlsx"]
