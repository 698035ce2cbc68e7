"""The web edition: chapters as pages that know each other, figures that follow the colours of the page, tables, search."""

import base64
import json
import re
import shutil
from io import BytesIO

import pytest
import small
import web
from browser import needs_browser, opened
from fontTools.ttLib import TTFont
from lxml import html

from fire import edition as editions
from fire.errors import InputError
from fire.files import REPORTS
from fire.report import assembly, pages, site, svg
from fire.report.assembly import Volume

REAL = editions.load(2022)
PLACES = REAL.places().query("region in ['长三角', '成渝']")
TITLES = {
    "demo": ("北京<居首>", "Beijing & leads"),
    "league": ("十四个城市", "Fourteen cities"),
    "other": ("别处", "Elsewhere"),
}
DRAWING = """<?xml version="1.0"?><!DOCTYPE svg>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="453pt" height="300pt" viewBox="0 0 453 300" xmlns="http://www.w3.org/2000/svg" version="1.1">
<metadata><a xmlns="urn:x">editor</a></metadata><defs><style>*{stroke-linejoin: round}</style>
<clipPath id="box"><rect x="1" y="1" width="9" height="9"/></clipPath><path id="dot" d="M 0 0 L 1 1"/></defs>
<g id="figure_1"><!-- note --><path id="patch" d="M 30.123456 2
L 10 -0.000001" style="fill: #ffffff" clip-path="url(#box)"/>
<use xlink:href="#dot" x="3.14159" style="fill: #12304f"/><text style="font-size: 8px; font-family: 'Noto Sans SC', 'DejaVu Sans'; fill: #1d2733" transform="rotate(-0 1 2)">北京 A</text></g></svg>"""
ROWS = [
    ("北京", "9.958 [刊]", "1,234"),
    ("上海", "9.563 [刊]", "–"),
    ("合肥", "(6.6–7.1)", "99"),
    ("重庆", "6.697 [推]", "100.5"),
    ("成都", "−0.5", "(5.2–7.4)"),
    *((f"城{n}", f"{n}.000", str(n)) for n in range(20, 29)),
]


def table(name, rows, title):
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"::: {{.exhibit}}\n| 城市 | 得分 | 家数 |\n|:---|---:|---:|\n{lines}\n\n: {title} {{#tbl:{name}}}\n\n::: {{.source}}\n来源。\n:::\n:::\n"


def chapters(lang):
    at = ("zh", "en").index(lang)
    title = {name: texts[at].replace("<", "\\<") for name, texts in TITLES.items()}
    figure = f'![{title["demo"]}](figures/demo.{lang}.svg){{#fig:demo alt="条形 &quot;甲&quot; &lt;乙&gt;" pixels="90x60"}}'
    words = {
        "zh": ("核心观点", "目录", "如何阅读", "指数结果", "总指数", "卷首", "方法与核对"),
        "en": ("Summary", "Contents", "How to read", "Results", "The index", "Opening", "Methods"),
    }[lang]
    report = {
        "05-summary": f"# {words[0]} {{#summary .unnumbered}}\n\n- 一 @fig:demo\n\n## 甲 {{#first .unnumbered}}\n\n乙。",
        "00-front": f"# {words[1]} {{#front .unnumbered}}\n\n::: {{#contents}}\n:::\n\n## {words[2]} {{#how .unnumbered}}\n\n丙。",
        "10-index": f"# {words[3]} {{#index}}\n\n见 @fig:demo、@tbl:other。[^1]\n\n[^1]: 脚注一\n\n## {words[4]} {{#index-total}}\n\n"
        f"收敛得很慢。[成都](places/chengdu.{lang}.html)与[方法](#methods)\n\n::: {{.exhibit .figure}}\n{figure}\n\n::: {{.source}}\n来源。\n:::\n:::\n\n"
        + table("league", ROWS, title["league"]),
    }
    technical = {
        "01-technical": f"# {words[5]} {{#technical .unnumbered}}\n\n::: {{#contents}}\n:::\n",
        "90-methods": f"# {words[6]} {{#methods}}\n\n注。[^1] 见 @fig:demo、@tbl:other。\n\n[^1]: 脚注二\n\n## 甲 {{#first}}\n\n$x^2$ [回](#first)\n\n"
        + table("other", ROWS[:3], title["other"]),
    }
    if lang == "en":
        technical["99-back"] = "# Back {#back}\n\nOnly here.\n"
    mark = {"zh": "图", "en": "Figure"}[lang]
    return [
        Volume("report", "报告", "", report, {"tbl:other": {"zh": "表 T1", "en": "Table T1"}[lang]}),
        Volume("technical", "技术卷", "T", technical, {"fig:demo": f"{mark} 1"}),
    ]


@pytest.fixture(scope="module")
def edition():
    ed = small.edition(PLACES["city"], places=PLACES, regions=REAL.regions(), drawn=["firms"])
    ed.places, ed.compared = lambda: PLACES, True
    return ed


@pytest.fixture(scope="module")
def built(edition, tmp_path_factory):
    """The pages of a small report in both languages, with stubs of what other parts write."""
    folder, source = tmp_path_factory.mktemp("web"), tmp_path_factory.mktemp("build")
    for name in ("figures", "tables"):
        (source / name).mkdir()
    for lang in ("zh", "en"):
        (source / "figures" / f"demo.{lang}.svg").write_text(DRAWING, encoding="utf-8")
        (source / "figures" / f"demo.{lang}.png").write_bytes(b"")
    (source / "tables" / "league.csv").write_text("a\n1\n", encoding="utf-8")
    shown = {
        name: {"title": dict(zip(("zh", "en"), texts, strict=True)), "folder": source}
        for name, texts in TITLES.items()
    }
    volumes = {lang: chapters(lang) for lang in ("zh", "en")}
    others = {lang: {name for one in held for name in one.chapters} for lang, held in volumes.items()}
    links = []
    for lang in ("zh", "en"):
        words = {
            "title": "指数报告",
            "kicker": "2022",
            "subtitle": "副题",
            "imprint": "说明",
            "lang": {"zh": "zh-Hans", "en": "en"}[lang],
            "figure-word": {"zh": "图", "en": "Figure"}[lang],
            "table-word": {"zh": "表", "en": "Table"}[lang],
            "caption-gap": {"zh": "", "en": "."}[lang],
        }
        links += pages.write(
            edition, lang, volumes[lang], shown, words, folder, REPORTS / "template", False, others
        )
        for path in [f"places/index.{lang}.html", f"explorer.{lang}.html", *_cities(edition, lang)]:
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text("<h1>x</h1>", encoding="utf-8")
    for name in ("figures", "tables"):
        shutil.copytree(source / name, folder / name)
    (folder / "index.html").write_text('<h1 id="files-zh">x</h1><p id="files-en"></p>', encoding="utf-8")
    site.assets(edition, folder)
    return folder, links


def _cities(ed, lang):
    return site.addresses(ed, lang).values()


@pytest.fixture(scope="module")
def folder(built):
    return built[0]


def opened_page(folder, name):
    return html.parse(str(folder / "chapters" / name), html.HTMLParser(encoding="utf-8")).getroot()


def test_every_chapter_is_a_page_and_nothing_leads_nowhere(built):
    folder, links = built
    names = {path.name for path in folder.glob("chapters/*.html")}
    assert names == {
        *(
            f"{one}.{lang}.html"
            for one in ("index", "10-index", "01-technical", "90-methods")
            for lang in ("zh", "en")
        ),
        "99-back.en.html",
    }
    assert web.faults(folder) == []
    assert [(one["lang"], one["volume"], one["href"]) for one in links][:2] == [
        ("zh", "report", "chapters/index.zh.html"),
        ("zh", "technical", "chapters/01-technical.zh.html"),
    ]
    broken = folder / "chapters" / "90-methods.zh.html"
    whole = broken.read_text(encoding="utf-8")
    broken.write_text(
        whole.replace("chengdu", "atlantis").replace('href="#first"', 'href="#last"'), encoding="utf-8"
    )
    assert any("#last" in one for one in web.faults(folder))
    broken.write_text(whole, encoding="utf-8")


def test_the_first_page_has_cover_summary_and_the_contents_of_both_volumes(folder):
    page = opened_page(folder, "index.zh.html")
    assert [one.text_content().strip() for one in page.xpath("//main//h1 | //main//h2")] == [
        "指数报告",
        "核心观点",
        "目录",
    ]
    assert page.xpath("//main//h3[@id='how']")
    assert page.xpath("//main//*[@id='volume-report']//a/@href")[:2] == [
        "10-index.zh.html",
        "10-index.zh.html#index-total",
    ]
    assert "90-methods.zh.html" in page.xpath("//main//*[@id='volume-technical']//a/@href")


def test_links_follow_their_target_into_another_page_but_not_a_twin_of_it(folder):
    zh, technical = opened_page(folder, "10-index.zh.html"), opened_page(folder, "90-methods.zh.html")
    assert zh.xpath("//main//a[.='表 T1']/@href") == ["90-methods.zh.html#tbl:other"]
    assert zh.xpath("//main//a[.='图 1']/@href") == ["#fig:demo"]
    assert zh.xpath("//main//p/a[.='成都']/@href") == ["../places/chengdu.zh.html"]
    assert technical.xpath("//main//a[.='图 1']/@href") == ["10-index.zh.html#fig:demo"]
    assert technical.xpath("//main//a[.='回']/@href") == ["#first"]
    assert technical.xpath("//main//a[@rel='prev']/@href") == ["01-technical.zh.html"]
    assert zh.xpath("//main//a[@rel='next']/@href") == ["01-technical.zh.html"]


def test_other_language_is_the_same_page_or_the_first(folder):
    assert opened_page(folder, "10-index.en.html").xpath("//a[@class='switch']/@href") == ["10-index.zh.html"]
    assert opened_page(folder, "99-back.en.html").xpath("//a[@class='switch']/@href") == ["index.zh.html"]


def test_footnotes_stand_on_their_own_page(folder):
    for name, text in (("10-index.zh.html", "脚注一"), ("90-methods.zh.html", "脚注二")):
        notes = opened_page(folder, name).xpath("//section[contains(@class, 'footnotes')]//li")
        assert len(notes) == 1 and text in notes[0].text_content()
    assert not opened_page(folder, "index.zh.html").xpath("//section[contains(@class, 'footnotes')]")


def test_figures_stand_in_the_page_without_colours_of_their_own(folder):
    text = (folder / "chapters" / "10-index.zh.html").read_text(encoding="utf-8")
    drawing = re.search(r"<svg.*?</svg>", text, re.DOTALL)[0]
    assert "<img" not in text and "metadata" not in drawing and "#ffffff" not in drawing
    assert 'role="img"' in drawing and 'aria-label="条形 &quot;甲&quot; &lt;乙&gt;"' in drawing
    assert 'clip-path="url(#demo-box)"' in drawing and 'href="#demo-dot"' in drawing
    assert "M 30.12 2 L 10 -0" in drawing and 'x="3.14"' in drawing and "rotate" not in drawing
    assert "fill: var(--c12304f)" in drawing and "fill: var(--paper)" in drawing
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "--c12304f:#12304f" in style and f"--c12304f:{svg.dark('#12304f')}" in style
    assert "北京<居首>" not in text and "北京&lt;居首&gt;" in text


def test_dark_colours_keep_their_order_and_hue():
    pale, middle, deep = map(svg.dark, ("#ffffff", "#7fb2d6", "#12304f"))
    assert int(pale[1:], 16) < int(middle[1:], 16) < int(deep[1:], 16)
    red = svg.dark("#a62b2b")
    assert int(red[1:3], 16) > 1.5 * int(red[5:7], 16)
    assert svg.palette([]) == ""


def test_every_exhibit_has_its_address_and_the_files_that_there_are(folder):
    page = opened_page(folder, "10-index.zh.html")
    rows = [one.xpath(".//a/@href") for one in page.xpath("//p[@class='downloads']")]
    assert rows == [
        ["#fig:demo", "../figures/demo.zh.svg", "../figures/demo.zh.png"],
        ["#tbl:league", "../tables/league.csv"],
    ]
    names = [" ".join(one.text_content().split()) for one in page.xpath("//p[@class='downloads']//a")]
    assert len(set(names)) == len(names) == 5


def test_tables_have_plain_cells_heads_of_rows_and_marks(folder):
    page = opened_page(folder, "10-index.zh.html")
    (figure,) = page.xpath("//figure[@id='tbl:league']")
    assert figure.xpath("./figcaption")[0].text_content().endswith("十四个城市")
    assert figure.xpath(".//table/@aria-labelledby") == figure.xpath("./figcaption/@id")
    first, third = figure.xpath(".//tbody/tr[1]/*"), figure.xpath(".//tbody/tr[3]/*")
    assert first[0].tag == "th" and first[0].get("scope") == "row" and first[1].get("class") == "n"
    assert first[1].xpath("./span[@class='mark']")[0].text == "[刊]"
    assert third[1].get("class") == "n soft"
    assert third[0].xpath("./a/@href") == ["../places/hefei.zh.html"] and not first[0].xpath("./a")
    assert not figure.xpath(".//*[@style]") and not figure.xpath(".//colgroup")
    assert figure.get("data-filter") is not None
    short = opened_page(folder, "90-methods.zh.html").xpath("//figure[@id='tbl:other']")[0]
    assert short.get("data-filter") is None


def entries(folder, lang):
    text = (folder / "assets" / f"search.{lang}.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("var FIRE_SEARCH=").rstrip(";\n"))


def test_search_knows_sections_exhibits_and_places_in_chinese_pinyin_and_english(folder):
    found = {(kind, title): (href, keys, text) for kind, title, _, href, keys, text in entries(folder, "zh")}
    href, keys, text = found[0, "1.1 总指数"]
    assert href == "chapters/10-index.zh.html#index-total" and "zongzhishu" in keys and "index total" in keys
    assert "收敛得很慢" in text and "9.958" not in text
    assert "Beijing & leads" in next(keys for (kind, _), (_, keys, _) in found.items() if kind == 1)
    assert found[2, "成都"][0] == "places/chengdu.zh.html" and "chengdu cd" in found[2, "成都"][1]
    assert (2, "长三角") in found and (2, "Chengdu") in {tuple(one[:2]) for one in entries(folder, "en")}


def glyphs(css):
    """The characters that each font of a style sheet has."""
    fonts = re.findall(r"base64,([^)]+)\)", css.read_text(encoding="utf-8"))
    return [set(map(chr, TTFont(BytesIO(base64.b64decode(one))).getBestCmap())) for one in fonts]


def test_every_character_of_the_pages_has_a_glyph_in_the_font_of_their_language(folder):
    for lang in ("zh", "en"):
        made = glyphs(folder / "assets" / f"font.{lang}.css")
        for path in folder.glob(f"chapters/*.{lang}.html"):
            assert f"assets/font.{lang}.css" in path.read_text(encoding="utf-8")
            text = "".join(opened_page(folder, path.name).xpath("//body//text() | //@placeholder"))
            for font in made:
                assert len(made) == 2 and {one for one in text if one.isprintable()} - font == set()


def test_the_landing_page_has_every_door_once_in_each_language(edition, built):
    words = {
        "title": "指数",
        "kicker": "2022 · 演示",
        "subtitle": "副题",
        "imprint": "说明",
        "lang": "zh-Hans",
    }
    both = {lang: words | {"lang": lang} for lang in ("zh", "en")}
    more = [
        {"lang": "zh", "kind": "pdf", "href": "a.pdf", "volume": "report"},
        {"lang": "zh", "kind": "pdf", "href": "p.pdf", "volume": "profiles"},
        {"lang": "zh", "kind": "places", "href": "places/index.zh.html"},
        {"lang": "en", "kind": "explorer", "href": "explorer.en.html"},
        {"lang": "", "kind": "data", "href": "data/datapackage.json"},
    ]
    page = html.fromstring(assembly.index_page(edition, both, [*more, *built[1]], REPORTS / "template"))
    doors = {
        lang: [
            (one.find("h3").text, one.xpath("./a/@href"))
            for one in page.xpath(f"//section[@id='files-{lang}']//li")
        ]
        for lang in ("zh", "en")
    }
    assert doors["zh"] == [
        ("年度报告", ["chapters/index.zh.html", "a.pdf"]),
        ("技术卷", ["chapters/01-technical.zh.html"]),
        ("城市与区域档案", ["places/index.zh.html", "p.pdf"]),
        ("数据发布", ["data/datapackage.json"]),
    ]
    assert [name for name, _ in doors["en"]] == [
        "The report",
        "Technical volume",
        "Weight explorer",
        "Data release",
    ]
    assert page.text_content().count("2022 · 演示") == 4  # twice in its title


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_pages_fit_and_have_no_barrier(folder, width, dark):
    from axe_playwright_python.sync_playwright import Axe

    for name in ("index.zh", "10-index.zh", "90-methods.en"):
        with opened(folder / "chapters" / f"{name}.html", width=width, dark=dark) as (page, wrong):
            assert page.evaluate("document.documentElement.scrollWidth") == width and wrong == []
            found = Axe().run(page).response["violations"]  # asks for the styles itself
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@needs_browser
@pytest.mark.browser
def test_a_reader_searches_by_keyboard(folder):
    with opened(folder / "chapters" / "10-index.zh.html") as (page, wrong):
        page.keyboard.press("/")
        page.keyboard.type("fangfa")
        page.wait_for_selector(".results a")
        assert "方法与核对" in page.inner_text(".results a >> nth=0")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/90-methods.zh.html*")
        page.fill(".seek input", "没有的东西")
        page.wait_for_selector(".results:not([hidden])")
        assert page.inner_text(".results p") == "没有找到。"
        page.keyboard.press("Escape")
        assert page.locator(".results").is_hidden()
        page.fill(".seek input", "Chengdu")
        page.keyboard.press("Enter")
        page.wait_for_url("**/places/chengdu.zh.html")
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_a_table_sorts_by_value_and_filters(folder):
    with opened(folder / "chapters" / "10-index.zh.html") as (page, wrong):
        table = page.locator("[id='tbl:league']")
        names = table.locator("tbody th")

        def order(column, clicks=1):
            for _ in range(clicks):
                table.locator("thead button").nth(column).press("Enter")
            return names.all_inner_texts()

        falling = order(1, 2)
        assert table.locator("thead th").nth(1).get_attribute("aria-sort") in ("ascending", "descending")
        up = falling if falling[0] == "成都" else falling[::-1]
        assert up[:4] == ["成都", "重庆", "合肥", "上海"] and up[-1] == "城28"  # −0.5, 6.697, 6.85, 9.563
        numbers = order(2)
        assert numbers[-1] == "上海" and {numbers[0], numbers[-2]} == {
            "成都",
            "北京",
        }  # 6.3 and 1,234; none last
        assert order(0)[0] == "北京"  # by pinyin
        table.locator("input").fill("合肥")
        assert table.locator("tbody tr:visible").count() == 1
        assert table.locator("output").inner_text() == "1 / 14行" and wrong == []


@needs_browser
@pytest.mark.browser
def test_a_phone_opens_and_leaves_the_contents_by_keyboard(folder):
    with opened(folder / "chapters" / "10-index.zh.html", width=390, height=800) as (page, wrong):
        assert not page.locator("nav.contents").is_visible()
        page.evaluate("scrollTo(0, 600)")
        menu = page.locator("button.menu")
        assert menu.bounding_box()["y"] < 60  # stays in reach
        menu.press("Enter")
        assert menu.get_attribute("aria-expanded") == "true" and page.locator("nav.contents").is_visible()
        assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "page"
        page.keyboard.press("Escape")
        assert not page.locator("nav.contents").is_visible()
        assert page.evaluate("document.activeElement.className") == "menu"
        menu.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.url.endswith("#index-total") and not page.locator("nav.contents").is_visible()
        assert wrong == []


@needs_browser
@pytest.mark.browser
def test_what_scrolls_sideways_says_so_and_where_there_is_more(folder):
    with opened(folder / "chapters" / "10-index.zh.html", width=390, height=800) as (page, wrong):
        area = page.locator(".scroll.after").first
        assert area.get_attribute("role") == "region" and area.get_attribute("tabindex") == "0"
        assert area.get_attribute("aria-label").endswith("可左右滚动")
        hint = area.locator("xpath=preceding-sibling::*[1]")
        assert "可左右滚动" in hint.text_content() and hint.is_visible()
        area.evaluate("one => { one.scrollLeft = 1e6; }")
        page.wait_for_function("document.querySelector('.scroll.before:not(.after)')")
        page.set_viewport_size({"width": 1200, "height": 800})
        page.wait_for_function("document.querySelectorAll('.drawing.after, .drawing.before').length === 0")
        assert page.locator(".drawing[tabindex]").count() == 0 and wrong == []
        assert not any(one.is_visible() for one in page.locator(".sideways:has(+ .drawing)").all())


@needs_browser
@pytest.mark.browser
def test_figures_change_colour_with_the_page(folder):
    seen = {}
    for dark in (False, True):
        with opened(folder / "chapters" / "10-index.zh.html", dark=dark) as (page, _):
            seen[dark] = page.evaluate("getComputedStyle(document.querySelector('.drawing use')).fill")
            paper = page.evaluate("getComputedStyle(document.querySelector('.drawing path[style]')).fill")
            assert paper == page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert seen[False] == "rgb(18, 48, 79)" and seen[True] != seen[False]


def test_a_preview_of_one_chapter_leaves_references_open(edition, tmp_path):
    words = {"title": "指数", "kicker": "2022", "subtitle": "", "imprint": "", "lang": "zh-Hans"}
    volumes = [Volume("technical", "技术卷", "T", {"90-methods": "# 方法 {#methods}\n\n见 @fig:gone。"})]
    with pytest.raises(InputError, match="fig:gone"):
        pages.write(edition, "zh", volumes, {}, words, tmp_path, REPORTS / "template")
    pages.write(edition, "zh", volumes, {}, words, tmp_path, REPORTS / "template", preview=True)
    assert "[fig:gone]" in opened_page(tmp_path, "90-methods.zh.html").text_content()
    assert opened_page(tmp_path, "index.zh.html").xpath("//main//a[contains(., '方法')]/@href")
