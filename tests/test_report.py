"""Assembly: whole or not at all, nothing fetched, names escaped, every fault with template and line."""

import re
import shutil
import zipfile

import pandas as pd
import pytest

from fire import edition as editions
from fire import files
from fire.errors import InputError
from fire.figures import style
from fire.report import assembly as report
from fire.report import exhibits, narrative

CHAPTER = """# 指数 Index {#index}

见 @fig:demo-bar 与 @tbl:demo-list。{{ text("demo-words") }}{{ text("demo-silent") }}甲乙
换行。公式 $s = 1 + 9 x$。

{{ figure("demo-bar") }}

{{ table("demo-list", rows=2) }}

{{ table("demo-cities") }}
"""
EVIL = "<script>alert(1)</script> **bold** [x](http://evil.example) $a$ @fig:none"
FORMATS = ("pages", "pdf", "docx")


CATALOGUE = """
[demo-bar]
title.zh = "甲 {{ evil }}"
title.en = "A {{ evil }}"
alt.zh = '图 "{{ evil }}" <b>'
alt.en = "b"
source.zh = "{{ evil }}"
source.en = "{{ evil }}"
status = ["observed", "simulated"]
[demo-list]
title.zh = "乙 {{ evil }}"
title.en = "B {{ evil }}"
note.zh = "注意"
note.en = "note"
status = ["printed"]
[demo-cities]
title.zh = "丙"
title.en = "C"
columns.unit = "city"
status = ["printed"]
[demo-words]
zh = "甲 {{ evil }}"
en = "A {{ evil }}"
[demo-silent]
zh = "{% if evil == 'no' %}甲{% endif %}"
en = "{% if evil == 'no' %}a{% endif %}"
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """Entries of the demonstration beside those of the report."""
    folder = tmp_path_factory.mktemp("exhibits")
    (folder / "demo.toml").write_text(CATALOGUE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrative, "folders", lambda ed: [narrative.FOLDER, folder])
        patch.setattr(
            narrative, "catalogue", narrative.Catalogue
        )  # read anew each time, as a new process does
        yield folder


@pytest.fixture(scope="module")
def source(tmp_path_factory, catalogue):
    folder = tmp_path_factory.mktemp("build")
    show = exhibits.Writer(editions.load(2022), str(folder / "10-index"), chapter="10-index")

    def bars(frame, lang):
        fig, ax = style.subplots(height=1.5)
        ax.barh(frame["name"], frame["score"])
        return fig

    rows = pd.DataFrame({"name": [EVIL, "b|c", "d"], "score": [1.234567, 2, 3]})
    show.figure("demo-bar", bars, pd.DataFrame({"name": ["甲"], "score": [1.0]}), evil=EVIL)
    show.table("demo-list", rows, evil=EVIL)
    show.table("demo-cities", pd.DataFrame({"unit": ["西安"]}))
    show.text("demo-words", evil=EVIL)
    show.text("demo-silent", evil=EVIL)
    return folder


def small(folder):
    """A copy of the report's template with one small chapter."""
    shutil.copytree(report.TEMPLATE, folder, ignore=shutil.ignore_patterns("*.md"))
    for lang in ("zh", "en"):
        (folder / lang).mkdir(exist_ok=True)
        (folder / lang / "00-front.md").write_text("::: {#contents}\n:::\n", encoding="utf-8")
        (folder / lang / "10-index.md").write_text(CHAPTER, encoding="utf-8")
    chapters = '[[chapter]]\nname = "00-front"\n[[chapter]]\nname = "10-index"\n'
    (folder.parent / "programme.toml").write_text(chapters, encoding="utf-8")
    return folder


def edition():
    """The edition without its study, whose chapters the small programme has no place for."""
    ed = editions.load(2022)
    return editions.Edition(ed.name, {key: one for key, one in ed.settings.items() if key != "studies"})


@pytest.fixture
def template(tmp_path):
    return small(tmp_path / "template")


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    small(folder / "template")
    for name in ("first", "second"):
        report.build(edition(), source, folder / name, folder / "template", FORMATS)
    return folder


def page(built, lang="zh"):
    return (built / "first" / "chapters" / f"10-index.{lang}.html").read_text(encoding="utf-8")


@pytest.mark.whole
def test_both_languages_come_in_all_formats_and_one_page_opens_them(built):
    index = (built / "first" / "index.html").read_text(encoding="utf-8")
    for lang in ("zh", "en"):
        for name in (f"fire-2022.{lang}.pdf", f"fire-2022.{lang}.docx", f"chapters/index.{lang}.html"):
            assert (built / "first" / name).stat().st_size > 2_000 and f'href="{name}"' in index


SIGN = {"zh": "复算演示版 · 非官方报告", "en": "Reconstruction with simulated data, not the official report"}


def test_an_edition_that_is_a_reconstruction_says_so_on_every_cover(built):
    assert all(sign in (built / "first" / "index.html").read_text(encoding="utf-8") for sign in SIGN.values())
    for lang, sign in SIGN.items():
        html = page(built, lang)
        assert (
            html.index(sign) < html.index("<body")
            and sign in html.partition("<main")[0].partition("<body")[2]
        )
        with zipfile.ZipFile(built / "first" / f"fire-2022.{lang}.docx") as book:
            text = re.sub("<[^>]+>", " ", book.read("word/document.xml").decode())
        assert sign in " ".join(text.split())[:300]


def test_an_edition_on_its_own_data_carries_no_sign():
    whole, own = edition(), edition()
    own.__dict__["index"] = whole.index.revise(whole.index.complete().assign(status="observed"))
    assert own.index.draws is None and whole.index.draws is not None
    for lang, sign in SIGN.items():
        assert sign in report.frame(whole, report.TEMPLATE)[lang]["kicker"]
        assert sign not in " ".join(report.frame(own, report.TEMPLATE)[lang].values())


def test_the_report_is_reproduced_byte_for_byte(built):
    for path in sorted((built / "first").rglob("*.*")):
        assert (
            path.is_dir()
            or path.read_bytes() == (built / "second" / path.relative_to(built / "first")).read_bytes()
        ), path.name


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_fetches_nothing_and_carries_its_font(built, lang):
    html = page(built, lang)
    fetched = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert fetched and not [
        one for one in fetched if re.match(r"\w+:|//", one) and not one.startswith("data:")
    ]
    assert "@import" not in html and f'href="../assets/font.{lang}.css"' in html
    font = (built / "first" / "assets" / f"font.{lang}.css").read_text(encoding="utf-8")
    assert font.count("@font-face") == 2 and set(re.findall(r"url\((.{10})", font)) == {"data:font/"}


def test_markup_in_names_titles_and_alternative_texts_is_inert(built):
    html = page(built)
    assert (
        "<script>alert" not in html
        and "&lt;script&gt;alert(1)&lt;/script&gt; **bold** [x](http://evil.example)" in html
    )
    assert "<strong>bold</strong>" not in html and 'href="http://evil' not in html
    assert 'role="img" aria-label="图 &lt;script&gt;' in html


def test_figures_and_tables_are_numbered_linked_and_sourced(built):
    html = page(built)
    assert re.search(r'<a href="#fig:demo-bar"[^>]*>图 1</a>', html) and re.search(
        r'<a href="#tbl:demo-list"[^>]*>表 1</a>', html
    )
    assert "仅列前 2 行，共 3 行" in html and "资料来源：" in html
    assert '<a href="#fig:demo-bar"' in page(built, "en") and "Figure 1" in page(built, "en")
    assert "<math" in html


def test_cities_link_to_their_pages_in_the_page_only(built):
    assert re.search('<a href="../places/xian.en.html">Xi(\'|&#39;)an</a>', page(built, "en"))
    with zipfile.ZipFile(built / "first" / "fire-2022.en.docx") as book:
        assert "places/xian" not in book.read("word/_rels/document.xml.rels").decode()


def test_chinese_lines_join_without_a_space(built):
    assert "甲乙换行。" in page(built)


def test_the_pdf_has_bookmarks_language_and_the_chinese_font(built):
    pdf = (built / "first" / "fire-2022.zh.pdf").read_bytes()
    for mark in (b"/Outlines", b"/Lang", b"/StructTreeRoot", b"NotoSansSC-Bold"):
        assert mark in pdf


def test_word_has_fields_captions_and_a_chinese_font(built):
    with zipfile.ZipFile(built / "first" / "fire-2022.zh.docx") as book:
        body, styles = book.read("word/document.xml").decode(), book.read("word/styles.xml").decode()
    for field in (" SEQ 图 ", " SEQ 表 ", " REF _Reffig1 ", " REF _Reftbl1 ", "TOC \\o"):
        assert field in body, field
    assert (
        'w:eastAsia="Microsoft YaHei"' in styles
        and 'w:val="ImageCaption"' in body
        and 'w:val="Source"' in body
    )
    assert "footerReference" in body


def refused(source, tmp_path, template, lang, text):
    (template / lang / "10-index.md").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        report.build(edition(), source, tmp_path / "out", template, ("pages",))
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))
    return str(error.value)


def test_a_missing_exhibit_names_template_line_and_exhibit(source, tmp_path, template):
    told = refused(
        source, tmp_path, template, "zh", "# 甲\n\n乙\n\n{{ figure('no-such') }}\n\n{{ table('demo-bar') }}\n"
    )
    assert "zh/10-index.md: line 5: no figure 'no-such' was written" in told
    assert "zh/10-index.md: line 7: no table 'demo-bar' was written" in told


def test_an_unknown_value_names_template_and_line(source, tmp_path, template):
    told = refused(source, tmp_path, template, "en", "# A\n\n{{ nothing }}\n")
    assert "en/10-index.md: line 3: 'nothing' is undefined" in told


def test_a_dangling_reference_names_template_and_line(source, tmp_path, template):
    told = refused(source, tmp_path, template, "zh", CHAPTER + "\n见 @fig:demo-lost。\n")
    assert "zh/10-index.md: line 12: @fig:demo-lost refers to no figure or table" in told


def test_an_exhibit_shown_twice_is_refused(source, tmp_path, template):
    told = refused(source, tmp_path, template, "zh", CHAPTER + "\n{{ figure('demo-bar') }}\n")
    assert "@fig:demo-bar stands twice" in told


def test_a_chapter_needs_both_languages_and_a_place_in_the_order(source, tmp_path, template):
    (template / "zh" / "77-extra.md").write_text("# 甲\n", encoding="utf-8")
    (template / "en" / "00-front.md").unlink()
    told = refused(source, tmp_path, template, "zh", CHAPTER)
    assert "'00-front': its text in 'en' is missing" in told
    assert "77-extra.md is in no programme" in told


def test_nothing_built_yet_says_what_to_type(tmp_path):
    with pytest.raises(InputError, match="there are none: type `make report`"):
        report.build(2022, tmp_path, tmp_path / "out")


def test_two_notebooks_may_not_write_one_name(source, tmp_path):
    shutil.copytree(source, tmp_path / "build")
    shutil.copytree(source / "10-index", tmp_path / "build" / "11-copy")
    with pytest.raises(InputError, match="'demo-bar' is written by 10-index and 11-copy"):
        report.gather(tmp_path / "build", editions.load(2022))


@pytest.mark.whole
def test_a_run_that_dies_leaves_the_last_whole_report(source, tmp_path, template, monkeypatch):
    out = tmp_path / "out"
    report.build(edition(), source, out, template, ("pages",))
    before = (out / "index.html").read_bytes()
    monkeypatch.setattr(report, "index_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report.build(edition(), source, out, template, ("pages",))
    assert (out / "index.html").read_bytes() == before and not list(tmp_path.glob(".out*"))


def test_a_preview_shows_one_chapter_and_leaves_foreign_references_open(source, tmp_path, template):
    (template / "zh" / "10-index.md").write_text(CHAPTER + "\n见 @fig:elsewhere。\n", encoding="utf-8")
    report.build(edition(), source, tmp_path / "out", template, ("pages",), preview=["10-index"])
    assert "[fig:elsewhere]" in (tmp_path / "out" / "chapters" / "10-index.zh.html").read_text(
        encoding="utf-8"
    )


def test_the_authors_prose_is_read_without_its_comments(tmp_path, monkeypatch):
    monkeypatch.setattr(report.editions, "EDITIONS", tmp_path)
    assert report.authors("advice", "zh", "2022") == ""
    (tmp_path / "2022-advice.zh.md").write_text("<!-- 作者 -->\n\n", encoding="utf-8")
    assert report.authors("advice", "zh", "2022") == ""
    (tmp_path / "2022-advice.zh.md").write_text("<!-- 作者 -->\n建议。\n", encoding="utf-8")
    assert report.authors("advice", "zh", "2022") == "建议。"


PROSE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<!--.*?-->|\{[#.][^}]*\}|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|@(?:fig|tbl):[\w-]+|\]\([^)]*\)|^:::.*$|"
    r"^\|?[-:| ]+\|?$|GB ?\d+|[A-Za-z]+\d+|\d+D\b",
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.whole
def test_an_edited_sentence_shows_at_the_next_assembly(source, catalogue, tmp_path, template):
    report.build(edition(), source, tmp_path / "before", template, ("pages",))
    path = catalogue / "demo.toml"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(
            text.replace('zh = "甲 {{ evil }}"\nen', 'zh = "改过的句子"\nen').replace('"丙"', '"改过的题目"'),
            encoding="utf-8",
        )
        report.build(edition(), source, tmp_path / "after", template, ("pages",))
    finally:
        path.write_text(text, encoding="utf-8")
    before, after = (
        (tmp_path / name / "chapters" / "10-index.zh.html").read_text(encoding="utf-8")
        for name in ("before", "after")
    )
    assert "改过的句子" in after and "改过的题目" in after and "改过" not in before


CHAPTERS = sorted([*report.TEMPLATE.glob("??/*.md"), *(files.ROOT / "studies").glob("*/chapters/??/*.md")])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_chapter_types_a_number(path):
    bare = PROSE.sub("", path.read_text(encoding="utf-8"))
    bare = re.sub(r"^\s*\d+\. ", "", bare, flags=re.MULTILINE)
    typed = [
        (line, found)
        for line, row in enumerate(bare.splitlines(), 1)
        for found in re.findall(r"\d[\d.,]*", row)
    ]
    assert not typed, f"{path}: numbers belong to results, through text(): {typed}"


def test_every_chapter_parses():
    for path in CHAPTERS:
        narrative.environment(path.parent.name).parse(path.read_text(encoding="utf-8"))
