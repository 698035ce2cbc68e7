"""The weight explorer's numbers are the engine's, in every preset and for a reader's own weights."""

import numpy as np
import pytest
import small
from browser import needs_browser, opened

from fire.files import DATA, read_csv
from fire.report import explorer


@pytest.fixture(scope="module")
def edition():
    """Made-up indicator values for the real cities."""
    places, regions = (read_csv(DATA / f"{name}.csv") for name in ("places", "regions"))
    return small.edition(places["city"], places=places, regions=regions)


@pytest.fixture(scope="module")
def page_file(edition, tmp_path_factory):
    return written(edition, tmp_path_factory.mktemp("explorer") / "explorer.html")


@pytest.fixture(scope="module")
def drawn():
    """The same with pillar E not known but for draws."""
    places, regions = (read_csv(DATA / f"{name}.csv") for name in ("places", "regions"))
    leaves = small.edition(["甲", "乙"]).index.pillar.loc[lambda pillar: pillar.eq("E")].index
    return small.edition(places["city"], places=places, regions=regions, drawn=set(leaves))


def written(edition, path, **options):
    path.write_text(
        f"<!doctype html><html lang='zh'><meta charset='utf-8'><link rel='icon' href='data:,'>"
        f"<body>{explorer.fragment(edition, 'zh', **options)}",
        encoding="utf-8",
    )
    return path


def expected(edition, weights, year=2021):
    return edition.index.vary(weights=weights).of("total", year).set_index("unit")


def assert_equal(page, wanted):
    shown = {row["id"]: row for row in page.evaluate("document.querySelector('.explorer').result()")}
    assert set(shown) == set(wanted.index)
    np.testing.assert_allclose(
        [shown[city]["score"] for city in wanted.index], wanted["score"].astype(float), rtol=1e-9
    )
    assert [shown[city]["rank"] for city in wanted.index] == wanted["rank"].tolist()


def test_page_is_small_and_fetches_nothing(page_file):
    text = page_file.read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000
    assert "http://" not in text and "https://" not in text


def test_presets_hold_every_slider_and_sum_to_one(edition):
    for preset, weights in explorer.presets(edition.index).items():
        for parent in [edition.spec.root, *edition.spec.pillars]:
            assert sum(weights[child] for child in edition.spec.children(parent)) == pytest.approx(1), preset


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("preset", ["published", "equal", "entropy"])
def test_preset_gives_the_engines_scores(edition, page_file, preset):
    with opened(page_file) as (page, wrong):
        page.click(f"[data-preset={preset}]")
        assert_equal(page, expected(edition, explorer.presets(edition.index)[preset]))
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_slider_by_keyboard_recomputes_and_the_link_restores_it(edition, page_file):
    with opened(page_file) as (page, wrong):
        page.focus("input[data-node=F]")
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        weights = {"F": 0.35, "I": 0.25, "R": 0.25, "E": 0.35}
        wanted = expected(edition, {node: weight / sum(weights.values()) for node, weight in weights.items()})
        assert_equal(page, wanted)
        assert page.get_attribute("[data-preset=reader]", "aria-pressed") == "true"
        assert wanted.sort_values("rank").index[0] in page.inner_text("[data-say]")
        link = page.evaluate("location.href")
        page.goto("about:blank")
        page.goto(link)
        assert_equal(page, wanted)
        page.select_option("[data-year]", "2020")
        assert_equal(
            page,
            expected(
                edition, {node: weight / sum(weights.values()) for node, weight in weights.items()}, 2020
            ),
        )
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_search_and_region_narrow_the_table_without_changing_ranks(edition, page_file):
    with opened(page_file) as (page, wrong):
        page.fill("[data-search]", "shenz")
        assert page.locator("[data-rows] tr").count() == 1
        wanted = expected(edition, {}).loc["深圳", "rank"]
        assert page.inner_text("[data-rows] tr td") == str(wanted)
        page.fill("[data-search]", "")
        page.select_option("[data-region]", "成渝")
        assert page.locator("[data-rows] tr").count() == 2
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_zero_weights_rank_nothing_and_say_so(page_file):
    with opened(page_file) as (page, wrong):
        for node in "FIRE":
            page.fill(f"input[data-node={node}]", "0")
        assert "权重全为零" in page.inner_text("[data-say]")
        assert set(page.locator("[data-rows] tr td:first-child").all_inner_texts()) == {"–"}
        page.click("[data-preset=published]")
        for node in ("economy", "population"):
            page.fill(f"input[data-node={node}]", "0")
        assert page.inner_text("[data-say]").endswith("要素基础")
        page.fill("input[data-node=F]", "0")
        assert "–" not in page.locator("[data-rows] tr td:first-child").all_inner_texts()
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_what_is_drawn_is_a_range_as_published_and_an_illustration_otherwise(drawn, tmp_path):
    path = written(drawn, tmp_path / "explorer.html", links={"深圳": "places/shenzhen.zh.html"})
    with opened(path) as (page, wrong):
        assert "只给范围" in page.inner_text(".explorer .note")
        ranks, score = page.locator("[data-rows] tr td:first-child"), "[data-rows] tr td:nth-child(3)"
        assert all(text.startswith("(") for text in ranks.all_inner_texts())
        assert page.inner_text(score).startswith("(") and "65%" in page.inner_text("[data-rows] tr")
        assert page.locator("[data-rows] a").get_attribute("href") == "places/shenzhen.zh.html"
        page.click("[data-preset=equal]")
        assert "示意" in page.inner_text("[data-say]") and "75%" in page.inner_text("[data-rows] tr")
        assert_equal(page, expected(drawn, explorer.presets(drawn.index)["equal"]))
        page.fill("input[data-node=E]", "0")
        assert "示意" not in page.inner_text("[data-say]") and "100%" in page.inner_text("[data-rows] tr")
        assert wrong == []
