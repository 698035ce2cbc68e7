"""The weight explorer's numbers are the engine's, in every preset and for a reader's own weights, and its link keeps them."""

import copy
import csv
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
import small
from browser import needs_browser, opened
from odd import odd

from fire.analysis import known
from fire.errors import InputError
from fire.files import DATA, read_csv
from fire.index.weights import entropy
from fire.report import explorer

OWN = {"F": 0.35, "I": 0.25, "R": 0.25, "E": 0.35}


def of_cities(**options):
    """Made-up indicator values for the real cities."""
    places, regions = (read_csv(DATA / f"{name}.csv") for name in ("places", "regions"))
    return small.edition(places["city"], places=places, regions=regions, **options)


@pytest.fixture(scope="module")
def edition():
    return of_cities()


@pytest.fixture(scope="module")
def page_file(edition, tmp_path_factory):
    return written(edition, tmp_path_factory.mktemp("explorer") / "explorer.html")


@pytest.fixture(scope="module")
def drawn():
    """The same with pillar E not known but for draws."""
    leaves = small.edition(["甲", "乙"]).index.pillar.loc[lambda pillar: pillar.eq("E")].index
    return of_cities(drawn=set(leaves))


def written(edition, path, lang="zh", times=1, **options):
    path.write_text(
        f"<!doctype html><html lang='{lang}'><meta charset='utf-8'><link rel='icon' href='data:,'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<body>{explorer.fragment(edition, lang, **options) * times}",
        encoding="utf-8",
    )
    return path


def expected(edition, weights, year=2021):
    return edition.index.vary(weights=weights).of("total", year).set_index("unit")


def shares(weights):
    return {node: weight / sum(weights.values()) for node, weight in weights.items()}


def shown(page, place=0):
    rows = page.evaluate(f"document.querySelectorAll('.explorer')[{place}].result()")
    return {row["id"]: row for row in rows}


def assert_equal(page, wanted, place=0):
    found = shown(page, place)
    assert set(found) == set(wanted.index)
    np.testing.assert_allclose(
        [found[city]["score"] for city in wanted.index], wanted["score"].astype(float), rtol=1e-9
    )
    assert [found[city]["rank"] for city in wanted.index] == wanted["rank"].tolist()


def column(page, number):
    return page.locator(f"[data-rows] tr > :nth-child({number})").all_inner_texts()


def again(page):
    """The page opened anew by its present address."""
    link = page.evaluate("location.href")
    page.goto("about:blank")
    page.goto(link)
    return link


def test_page_is_small_fetches_nothing_and_reads_without_its_script(edition, page_file):
    text = page_file.read_text(encoding="utf-8")
    assert len(text.encode()) < 300_000 and not re.search(r"https?://|\bid=", text)
    assert not re.search(r"\\u[4-9]", text)  # as they are: the font is cut to the characters of the page
    names = re.findall(r'<th scope="row">(.+?)</th>', text)
    order = edition.index.of().set_index("unit")["rank"]
    assert len(names) == len(order) and order[names].is_monotonic_increasing


def test_presets_hold_every_slider_and_sum_to_one(edition):
    for preset, weights in explorer.presets(edition.index).items():
        for parent in [edition.spec.root, *edition.spec.pillars]:
            assert sum(weights[child] for child in edition.spec.children(parent)) == pytest.approx(1), preset


def with_scores(made, change):
    """An edition whose index has other scores: `change` takes those of a year (wide) and the year."""
    index = copy.copy(made.index)
    index.wide = lambda year=None: change(made.index.wide(year), year or index.year)
    return SimpleNamespace(**vars(made) | {"index": index})


def test_entropy_takes_the_first_year_in_which_every_slider_has_scores(edition):
    late = with_scores(edition, lambda wide, year: wide.assign(economy=np.nan) if year == 2020 else wide)
    children = edition.spec.children("R")
    wanted = entropy(edition.index.wide(2021)[children])
    found = explorer.presets(late.index)["entropy"]
    assert [found[node] for node in children] == wanted.tolist()
    assert found != explorer.presets(edition.index)["entropy"]


def test_without_entropy_weights_the_page_does_not_offer_them(edition):
    same = with_scores(edition, lambda wide, year: wide.assign(economy=5.0, population=5.0))
    with pytest.raises(InputError, match="all weights are zero"):
        explorer.presets(same.index)
    assert list(explorer.data(same, "zh")["presets"]) == ["published", "equal"]
    page = explorer.fragment(same, "zh")
    assert re.findall(r'<button[^>]*data-preset="(\w+)"', page) == ["published", "equal", "reader"]


@needs_browser
@pytest.mark.browser
def test_scores_of_zero_or_below_have_no_geometric_mean(edition, page_file, tmp_path):
    zero = with_scores(edition, lambda wide, year: wide - wide["economy"].min())
    for path, means in [
        (page_file, ["arithmetic", "geometric"]),
        (written(zero, tmp_path / "zero.html"), ["arithmetic"]),
    ]:
        with opened(path) as (page, wrong):
            page.goto("about:blank")
            page.goto(f"file://{path}#explorer?mean=geometric")
            options = page.locator("[data-aggregation] option")
            assert options.evaluate_all("all => all.map(one => one.value)") == means
            assert page.input_value("[data-aggregation]") == means[-1]
            assert all(row["score"] is not None for row in shown(page).values()) and wrong == []


@pytest.mark.whole
def test_scores_of_zero_in_a_draw_have_no_geometric_mean(drawn, monkeypatch):
    assert 'value="geometric"' in explorer.fragment(drawn)
    packed = explorer._draws
    monkeypatch.setattr(
        explorer, "_draws", lambda *given: (found := packed(*given)) | {"low": [0.0, *found["low"][1:]]}
    )
    assert 'value="geometric"' not in explorer.fragment(drawn)


@needs_browser
@pytest.mark.browser
def test_the_download_of_what_is_not_known_is_ends_also_without_draws(tmp_path):
    with opened(written(of_cities(status="simulated"), tmp_path / "explorer.html", "en")) as (page, wrong):
        for preset in ("published", "equal"):
            page.click(f"[data-preset={preset}]")
            text = page.evaluate("document.querySelector('.explorer').sheet()")
            heads, *rows = csv.reader(io.StringIO(text))
            assert {"Rank: low", "Rank: high", "Score: low", "Score: high"} < set(heads)
            assert "Rank" not in heads and {len(row) for row in rows} == {len(heads)}
        assert wrong == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_index_that_the_script_cannot_compute_has_a_sentence_and_no_promise(lang):
    made = of_cities(aggregation="geometric")
    why = explorer.still(made.index, lang)
    page = explorer.fragment(made, lang)
    assert why and all(one in page for one in why) and "<script" not in page
    assert not [one for text in why for one in odd(text, lang)]
    assert explorer.still(of_cities().index) == []


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
        wanted = expected(edition, shares(OWN))
        assert_equal(page, wanted)
        assert page.get_attribute("[data-preset=reader]", "aria-pressed") == "true"
        said = page.inner_text("[data-say]")
        before = expected(edition, {})["rank"]
        up, down = (int((sign * (before - wanted["rank"])).gt(0).sum()) for sign in (1, -1))
        assert f"第一位：{wanted['rank'].idxmin()}。" in said and f"{up}个城市上升，{down}个下降" in said
        stay = int((before.le(10) & wanted["rank"].le(10)).sum())
        assert (f"有{stay}个留在前10名" if stay < 10 else "全部留在前10名") in said
        page.wait_for_function("document.querySelector('[data-live]').textContent")
        assert page.text_content("[data-live]") == said
        assert again(page).endswith("#explorer?weights=F:35")
        assert_equal(page, wanted)
        page.select_option("[data-year]", "2020")
        assert_equal(page, expected(edition, shares(OWN), 2020))
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_a_typed_number_is_a_weight(edition, page_file):
    with opened(page_file) as (page, wrong):
        page.fill("input[data-percent=F]", "35")
        assert_equal(page, expected(edition, shares(OWN)))
        assert page.input_value("input[data-node=F]") == "0.35"
        assert page.locator(".slider.pillar output").first.inner_text() == "29.2%"
        page.fill("input[data-percent=F]", "1000")
        page.focus("input[data-node=F]")
        assert page.input_value("input[data-percent=F]") == "100"
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_the_link_keeps_region_search_sort_year_and_mean(edition, page_file):
    with opened(page_file) as (page, wrong):
        page.fill("[data-search]", "shenz")
        assert column(page, 2) == ["深圳"] and column(page, 1) == [
            str(expected(edition, {}).loc["深圳", "rank"])
        ]
        page.fill("[data-search]", "庆")
        page.select_option("[data-region]", label="成渝")
        page.select_option("[data-year]", "2020")
        page.select_option("[data-aggregation]", "geometric")
        page.click("[data-preset=equal]")
        page.click("th[data-sort=name] button")
        link = again(page)
        assert link.partition("?")[2] == (
            "weights=equal&mean=geometric&year=2020&region=chengdu-chongqing&find=%E5%BA%86&sort=name"
        )
        assert column(page, 2) == ["重庆"] and page.input_value("[data-search]") == "庆"
        page.fill("[data-search]", "")
        assert column(page, 2) == ["成都", "重庆"]
        assert "列出2个城市，共59个" in page.inner_text("[data-say]")
        page.select_option("[data-region]", "")
        page.click("th[data-sort=rank] button")
        page.click("th[data-sort=rank] button")
        assert page.get_attribute("th[data-sort=rank]", "aria-sort") == "descending"
        assert [int(rank) for rank in column(page, 1)] == sorted(map(int, column(page, 1)), reverse=True)
        page.goto("about:blank")
        page.goto(f"file://{page_file}#explorer?weights=F:-3,X:9,I:abc&region=x&sort=constructor&year=1")
        assert_equal(page, expected(edition, {}))
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_zero_weights_rank_nothing_say_why_and_a_button_restores(edition, page_file):
    with opened(page_file) as (page, wrong):
        for node in "FIRE":
            page.fill(f"input[data-node={node}]", "0")
        assert "权重全为零" in page.inner_text("[data-say]")
        assert not page.is_visible("[data-table]") and page.is_disabled("[data-download]")
        again(page)
        assert not page.is_visible("[data-table]")
        page.click("[data-restore]")
        assert page.is_visible("[data-table]") and not page.is_visible("[data-restore]")
        assert_equal(page, expected(edition, {}))
        page.fill("input[data-node=I]", "0.5")
        for node in ("economy", "population"):
            page.fill(f"input[data-node={node}]", "0")
        assert "“要素基础”的下级权重全为零" in page.inner_text("[data-say]")
        assert not page.is_visible("[data-table]") and "要素基础" in page.inner_text("[data-restore]")
        page.fill("input[data-node=F]", "0")
        assert page.is_visible("[data-table]") and "–" not in column(page, 1)
        page.fill("input[data-node=F]", "0.15")
        page.click("[data-restore]")
        assert_equal(page, expected(edition, shares({"F": 0.15, "I": 0.5, "R": 0.25, "E": 0.35})))
        assert wrong == []


def ends(edition, weights):
    """Rank and score of the root by draw, as published and under weights: 5th and 95th percentile, and the moves."""
    tables = [
        [one.vary(weights=given).of().set_index("unit") for one in edition.index.completions]
        for given in ({}, weights)
    ]
    before, now = (np.array([table["rank"].loc[edition.index.units] for table in each]) for each in tables)
    scores = np.array([table["score"].loc[edition.index.units] for table in tables[1]])
    low, high = (
        np.quantile(now, end, axis=0, method=method) for end, method in ((0.05, "lower"), (0.95, "higher"))
    )
    return low, high, np.quantile(scores, [0.05, 0.95], axis=0), before - now


@needs_browser
@pytest.mark.browser
def test_what_is_not_known_is_a_range_over_the_draws_whatever_the_weights(drawn, tmp_path):
    path = written(drawn, tmp_path / "explorer.html", links={"深圳": "places/shenzhen.zh.html"})
    with opened(path) as (page, wrong):
        assert "不是结果" in page.inner_text(".explorer .note >> nth=0")
        assert all(text.startswith("(") for text in [*column(page, 1), *column(page, 3)])
        assert "65%" in page.inner_text("[data-rows] tr")
        assert page.locator("[data-rows] a").get_attribute("href") == "places/shenzhen.zh.html"
        equal = explorer.presets(drawn.index)["equal"]
        page.click("[data-preset=equal]")
        assert "75%" in page.inner_text("[data-rows] tr")
        assert_equal(page, expected(drawn, equal))
        found, (low, high, scores, moves) = shown(page), ends(drawn, equal)
        assert [found[unit]["ends"][0] for unit in drawn.index.units] == np.column_stack([low, high]).tolist()
        np.testing.assert_allclose(
            [found[unit]["ends"][1] for unit in drawn.index.units], scores.T, atol=0.0001
        )
        sure = {
            unit: sign
            for unit, own in zip(drawn.index.units, moves.T, strict=True)
            for sign in (1, -1)
            if (sign * own > 0).mean() >= known.SURE
        }
        assert sure == {unit: row["moved"][0] for unit, row in found.items() if row["moved"]}
        up, down = (list(sure.values()).count(sign) for sign in (1, -1))
        assert f"{up}个城市确定上升，{down}个确定下降" in page.inner_text("[data-say]")
        assert all(text.startswith("(") for text in [*column(page, 1), *column(page, 3)])
        page.fill("input[data-node=E]", "0")
        assert "确定" not in page.inner_text("[data-say]") and "100%" in page.inner_text("[data-rows] tr")
        assert not any(text.startswith("(") for text in column(page, 1))
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_the_table_is_downloaded_as_shown(edition, drawn, page_file, tmp_path):
    with opened(page_file) as (page, wrong):
        page.fill("input[data-percent=F]", "35")
        page.select_option("[data-region]", label="成渝")
        with page.expect_download() as got:
            page.click("[data-download]")
        text = got.value.path().read_text(encoding="utf-8-sig")
        assert got.value.suggested_filename == "fire-2022-explorer.zh.csv" and wrong == []
    heads, *rows = csv.reader(io.StringIO(text))
    wanted = expected(edition, shares(OWN)).loc[["成都", "重庆"]].sort_values("rank")
    assert [row[heads.index("城市")] for row in rows] == wanted.index.tolist()
    assert [int(row[heads.index("位次")]) for row in rows] == wanted["rank"].tolist()
    assert [float(row[heads.index("得分")]) for row in rows] == wanted["score"].astype(float).round(
        3
    ).tolist()
    assert {row[heads.index("链接")] for row in rows} == {"#explorer?weights=F:35&region=chengdu-chongqing"}
    with opened(written(drawn, tmp_path / "explorer.html", "en")) as (page, wrong):
        heads, *rows = csv.reader(io.StringIO(page.evaluate("document.querySelector('.explorer').sheet()")))
        assert {"Rank: low", "Rank: high", "Score: low", "Score: high"} < set(heads) and "Rank" not in heads
        assert len(rows) == len(drawn.index.units) and wrong == []


@needs_browser
@pytest.mark.browser
def test_two_on_a_page_keep_apart_and_each_has_its_link(edition, tmp_path):
    equal = expected(edition, explorer.presets(edition.index)["equal"])
    with opened(written(edition, tmp_path / "two.html", times=2)) as (page, wrong):
        page.locator("[data-preset=equal]").nth(1).click()
        assert_equal(page, expected(edition, {}), 0)
        assert_equal(page, equal, 1)
        assert again(page).endswith("#explorer-2?weights=equal")
        assert_equal(page, expected(edition, {}), 0)
        assert_equal(page, equal, 1)
        assert wrong == []


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_fits_a_phone_goes_dark_and_its_words_are_of_its_language(drawn, tmp_path, lang):
    with opened(written(drawn, tmp_path / "explorer.html", lang), width=390) as (page, wrong):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for text in page.inner_text(".explorer").splitlines():
            assert not odd(text, lang), text
        for text in page.eval_on_selector_all("[aria-label]", "all => all.map(one => one.ariaLabel)"):
            assert text and not odd(text, lang), text
        light = page.evaluate("getComputedStyle(document.querySelector('thead th')).backgroundColor")
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.querySelector('thead th')).backgroundColor") != light
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_tab_walks_through_every_control_and_shows_where_it_is(page_file):
    with opened(page_file) as (page, wrong):
        controls = page.locator(
            ".explorer :is(button:not([disabled]), select, input, summary, a, [tabindex]):visible"
        ).count()
        seen = set()
        for _ in range(controls):
            page.keyboard.press("Tab")
            seen.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert len(seen) == controls and wrong == []
