"""The Word edition: cover, running head, captions, rows, figures, contents with page numbers."""

import re
import shutil
import struct
import zipfile
import zlib
from types import SimpleNamespace

import pytest
from lxml import etree

from fire import files
from fire.report import typesetting, word

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
WORDS = {
    "zh": {
        "title": "书名 <一>",
        "lang": "zh-Hans",
        "kicker": "版次",
        "imprint": "说明 & 出处",
        "publisher": "出版者",
        "sign": "非官方 & 复算",
        "figure-word": "图",
        "table-word": "表",
        "caption-gap": "",
    },
    "en": {
        "title": "Book <1>",
        "lang": "en",
        "kicker": "Edition",
        "imprint": "Imprint & source",
        "publisher": "Publisher",
        "sign": "Unofficial & rebuilt",
        "figure-word": "Figure",
        "table-word": "Table",
        "caption-gap": ".",
    },
}
TEXT = """# Contents {{#front .unnumbered}}

::: {{#contents}}
:::

# First *chapter* {{#first}}

See @fig:one and @tbl:two.

::: {{.exhibit .figure}}
![A figure](figures/wide.png){{#fig:one alt="wide" pixels="800x200"}}

::: {{.source}}
Source.
:::
:::

## A section {{#section}}

![A tall figure](figures/tall.png){{#fig:tall alt="tall" pixels="100x400"}}

# Second chapter {{#second}}

::: {{.exhibit}}
| City | Score |
|:-----|------:|
{rows}

: A table {{#tbl:two}}
:::
"""


def png(wide: int, high: int) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * wide) * high)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def made(folder, lang="en", rows=3, more=""):
    """A finished document in `folder`."""
    (folder / "figures").mkdir(parents=True)
    for name, size in (("wide", (800, 200)), ("tall", (100, 400))):
        (folder / "figures" / f"{name}.png").write_bytes(png(*size))
    text = TEXT.format(rows="\n".join(f"| City {number} | {number} |" for number in range(rows))) + more
    words = WORDS[lang]
    volume = SimpleNamespace(name="report", text=text, title=words["title"], prefix="", elsewhere={})
    common = typesetting.source(folder, lang, words, volume, files.REPORTS / "template")
    path = folder / f"book.{lang}.docx"
    word.reference(folder / "reference.docx", lang)
    asked = [f"--resource-path={folder}", "--to=docx", f"--reference-doc={folder / 'reference.docx'}"]
    typesetting.pandoc([*common, *asked, "-o", str(path)], "1700000000")
    return word.finish(path, words)


def part(path, name: str):
    with zipfile.ZipFile(path) as opened:
        return etree.fromstring(opened.read(f"word/{name}.xml"))


def found(element, query: str) -> list:
    return element.xpath(query, namespaces=word.NAMES)


def said(element) -> str:
    return "".join(found(element, ".//w:t/text()"))


def style(paragraph) -> str:
    return "".join(found(paragraph, "./w:pPr/w:pStyle/@w:val"))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made(tmp_path_factory.mktemp("word"))


@pytest.fixture(scope="module")
def body(path):
    return part(path, "document")[0]


def test_the_cover_is_a_page_of_its_own_without_running_head(body):
    sections = found(body, ".//w:sectPr")
    assert [len(found(one, "./w:headerReference|./w:footerReference")) for one in sections] == [0, 2]
    assert found(sections[1], "./w:pgNumType/@w:start") == ["1"]
    cover = []
    for paragraph in body:
        cover.append(said(paragraph))
        if found(paragraph, ".//w:sectPr"):
            break
    assert cover[:2] == ["Book <1>", "Edition"] and cover[-3:] == ["Imprint & source", "Publisher", ""]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_running_head_has_title_and_chapter(lang, tmp_path):
    path = made(tmp_path / lang, lang)
    head = part(path, "header9")
    assert said(head) == WORDS[lang]["title"]
    assert [one.strip() for one in found(head, ".//w:fldSimple/@w:instr")] == ["STYLEREF 1"]
    with zipfile.ZipFile(path) as opened:
        related = opened.read("word/_rels/document.xml.rels").decode()
        assert all(f"{kind}9.xml" in related for kind in ("header", "footer"))
    east = found(part(path, "styles"), "//w:docDefaults//w:lang/@w:eastAsia")
    assert east == ["zh-CN" if lang == "zh" else "en-GB"]


def test_the_properties_have_the_sign_of_the_edition_and_no_words_of_the_template(path):
    with zipfile.ZipFile(path) as opened:
        core, custom = (etree.fromstring(opened.read(f"docProps/{one}.xml")) for one in ("core", "custom"))
    told = {etree.QName(one).localname: one.text for one in core}
    assert told["title"] == "Book <1> · Unofficial & rebuilt" and told["creator"] == "Publisher"
    assert len(custom) == 0


def test_captions_stand_above_figures_and_tables_and_stay_with_them(path, body):
    order = [style(one) or etree.QName(one).localname for one in found(body, "./w:p|./w:tbl")]
    assert order.count("ImageCaption") == 2 and order.count("TableCaption") == 1
    for place, name in enumerate(order):
        follows = {"ImageCaption": "CaptionedFigure", "TableCaption": "tbl"}.get(name)
        assert follows is None or order[place + 1] == follows
    assert order[order.index("CaptionedFigure") + 1] == "Source"
    for name in ("ImageCaption", "TableCaption", "CaptionedFigure"):
        assert found(part(path, "styles"), f"//w:style[@w:styleId='{name}']/w:pPr/w:keepNext")
    assert re.match(
        r"Figure 1\. A figure", said(found(body, ".//w:p[w:pPr/w:pStyle/@w:val='ImageCaption']")[0])
    )


def test_rows_stay_whole_and_the_heading_row_is_repeated(body):
    rows = found(body, ".//w:tr")
    assert len(rows) == 4 and all(found(row, "./w:trPr/w:cantSplit") for row in rows)
    assert [bool(found(row, "./w:trPr/w:tblHeader")) for row in rows] == [True, False, False, False]


def test_no_row_stands_alone_and_many_columns_are_set_smaller(tmp_path):
    many = "\n".join(["|" + " x |" * word.MANY, "|" + "---|" * word.MANY, "|" + " 1 |" * word.MANY])
    body = part(made(tmp_path / "many", rows=word.WHOLE + 4, more=many), "document")[0]
    long, wide = found(body, ".//w:tbl")
    kept = [bool(found(row, ".//w:keepNext")) for row in found(long, "./w:tr")]
    assert kept == [True] * word.KEPT + [False] * (word.WHOLE + 5 - 2 * word.KEPT) + [True] * word.KEPT
    assert all(found(row, ".//w:keepNext") for row in found(wide, "./w:tr"))
    assert {style(one) for one in found(long, ".//w:p")} == {"Compact"}
    assert {style(one) for one in found(wide, ".//w:p")} == {"Fine"}


def test_figures_are_as_wide_as_the_text_and_no_taller_than_a_page(body):
    sizes = [
        tuple(int(one.get(side)) / word.TWIP for side in ("cx", "cy"))
        for one in found(body, ".//wp:inline/wp:extent")
    ]
    (wide, high), (narrow, tall) = sizes
    assert wide == pytest.approx(word.TEXT, abs=1) and high == pytest.approx(word.TEXT / 4, abs=1)
    assert tall == pytest.approx(word.TALLEST, abs=1) and narrow == pytest.approx(word.TALLEST / 4, abs=1)
    inner = [(one.get("cx"), one.get("cy")) for one in found(body, ".//a:xfrm/a:ext")]
    assert inner == [(one.get("cx"), one.get("cy")) for one in found(body, ".//wp:inline/wp:extent")]


def test_the_contents_are_a_field_with_the_page_of_every_heading(path, body):
    entries = [
        one for one in found(body, ".//w:p") if style(one).startswith("TOC") and style(one) != "TOCHeading"
    ]
    assert [(style(one), said(one)) for one in entries] == [
        ("TOC1", "1 First chapter"),
        ("TOC2", "1.1 A section"),
        ("TOC1", "2 Second chapter"),
    ]
    order = [style(one) for one in found(body, "./w:p")]
    assert order[order.index("TOC1") - 1] == "TOCHeading"
    marks = {one.get(f"{{{word.W}}}name"): one.getparent() for one in found(body, ".//w:bookmarkStart")}
    for entry in entries:
        (anchor,) = found(entry, ".//w:hyperlink/@w:anchor")
        codes = [code.strip() for code in found(entry, ".//w:instrText/text()")]
        assert codes[-1] == rf"PAGEREF {anchor} \h" and said(marks[anchor]) == said(entry)
    codes = found(body, ".//w:instrText/text()")
    assert codes[0].strip() == r'TOC \o "1-2" \h \z \u'
    edges = found(body, ".//w:fldChar/@w:fldCharType")
    assert edges.count("begin") == edges.count("separate") == edges.count("end") == 4
    ids = found(body, ".//w:bookmarkStart/@w:id")
    assert len(ids) == len(set(ids)) and all(len(name) <= 40 for name in marks if name.startswith("_Toc"))
    assert found(part(path, "settings"), "//w:updateFields/@w:val") == ["true"]


def test_the_same_text_gives_the_same_bytes(path, tmp_path):
    assert made(tmp_path / "again").read_bytes() == path.read_bytes()


def test_without_libreoffice_word_is_asked_to_fill_in_the_pages(path, tmp_path, monkeypatch):
    copy = shutil.copyfile(path, tmp_path / "book.docx")
    monkeypatch.setattr(word.shutil, "which", lambda name: None)
    assert word.numbered([copy]) is False and copy.read_bytes() == path.read_bytes()


@pytest.mark.whole
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: pages cannot be laid out")
def test_pages_are_filled_in_from_a_layout(tmp_path):
    path = made(tmp_path / "long", rows=120)  # the table takes several pages
    assert word.numbered([path]) is True
    body = part(path, "document")[0]
    entries = [
        one for one in found(body, ".//w:p") if style(one).startswith("TOC") and style(one) != "TOCHeading"
    ]
    assert [said(one) for one in entries] == ["1 First chapter2", "1.1 A section3", "2 Second chapter4"]
    assert found(part(path, "settings"), "//w:updateFields") == []
