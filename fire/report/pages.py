"""The web edition: the chapters of all volumes as pages that know each other, with contents, search and downloads.

One call of pandoc a volume gives the HTML of its chapters; here it is split into pages, links are led to the page that
has their target, figures stand in the page as SVG, tables scroll, and every exhibit gets its files and an address.
"""

import json
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as markup
from pypinyin import lazy_pinyin

from fire import codebook, files
from fire.index.panel import STATUSES
from fire.report import places, site, svg, typesetting
from fire.report.markdown import width

START = re.compile(r"^chapter:(.+)$")
KINDS = {"section": 0, "exhibit": 1, "place": 2}  # of an entry of the search
INDEX = "index"
IN_EXPLORER = "ancestor::section[contains(@class, 'explorer')]"  # whose markup is its own
ROWS = 12  # rows from which a table gets a box to filter it
SHORT, HEAD = 24, 12  # characters of a text that is not broken, of such a heading


@dataclass
class Page:
    """A chapter as a page: its `root` holds what pandoc made of it; `sections`: id and title of its second headings."""

    name: str
    volume: str
    root: markup.HtmlElement
    title: str = ""
    number: str = ""
    sections: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Site:
    """What all pages of one language share."""

    ed: Any
    lang: str
    env: Any
    volumes: list
    shown: dict
    folder: Path
    pages: list[Page]
    where: dict[str, str]  # the file that has an id
    marks: re.Pattern
    profiles: dict[str, str]  # address of the page of a place, by its name in that language


def write(
    ed,
    lang,
    volumes,
    shown,
    words,
    folder: Path,
    template: Path,
    preview: bool = False,
    others: dict | None = None,
) -> list[dict]:
    """`chapters/<chapter>.<lang>.html` for every chapter of some volumes (`assembly.Volume`), `chapters/index.<lang>.html`
    with what stands before the first numbered chapter of the first, and `assets/search.<lang>.js`.

    `shown`: the exhibits by name (`assembly.gather`); `words`: the words of the frame in that language; `others`: names of
    the chapters that other languages have, by language (all of them when not given). Figures are taken from their own
    folders. Returns the links for the index page (`lang`, `kind`, `href`, `volume`, `title`).
    """
    with ThreadPoolExecutor() as pool:
        split = pool.map(lambda volume: _split(volume, lang, words, template, preview), volumes)
        made = list(chain.from_iterable(split))
    front = [page for page in made if page.volume == volumes[0].name]
    front = front[: next((at for at, page in enumerate(front) if page.number), len(front))]
    pages = [_front(front, volumes[0])] + [page for page in made if page not in front]
    where = {at: f"{page.name}.{lang}.html" for page in pages for at in page.root.xpath(".//@id")}
    named = [mark for status in STATUSES if (mark := codebook.mark(status, ed.book.lang(lang)))]
    marks = re.compile(rf"\s*({'|'.join(map(re.escape, named))})$")
    profiles = {title: f"../{href}" for _, title, _, href in _place_list(ed, lang)}
    every = _Site(ed, lang, site.environment(ed, lang), volumes, shown, folder, pages, where, marks, profiles)
    entries = list(chain.from_iterable(_entries(every, page) for page in pages))
    for page in pages:
        _write(every, page, words, others)
    entries += _places(every)
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    files.write_text(folder / "assets" / f"search.{lang}.js", f"var FIRE_SEARCH={text};\n")
    first = {page.volume: page.name for page in reversed(pages)}
    return [
        {
            "lang": lang,
            "kind": "html",
            "href": f"chapters/{first[one.name]}.{lang}.html",
            "volume": one.name,
            "title": {lang: one.title},
        }
        for one in volumes
        if one.name in first
    ]


def _split(volume, lang: str, words: dict, template: Path, preview: bool) -> list[Page]:
    """The chapters of a volume, by one call of pandoc."""
    marked = {
        name: f"```{{=html}}\n<!--chapter:{name}-->\n```\n\n{text.replace('{#contents}', '{.listed}')}"
        for name, text in volume.chapters.items()
    }
    with tempfile.TemporaryDirectory() as work:
        common = typesetting.source(
            Path(work), lang, words, replace(volume, chapters=marked), template, preview
        )
        target = Path(work, "report.html")
        typesetting.pandoc([*common, "--to=html5", "--mathml", "-o", str(target)], "0")
        text = target.read_text(encoding="utf-8")
    whole, pages, root = markup.fragment_fromstring(text, create_parent="div"), [], None
    for element in list(whole):
        start = element.tag is etree.Comment and START.match(element.text)
        if start:
            root = markup.Element("div")
            pages.append(Page(start[1], volume.name, root))
        elif root is not None:
            root.append(element)
    _notes(pages)
    for page in pages:
        _headings(page)
    return pages


def _notes(pages: list[Page]) -> None:
    """Lead the footnotes, which stand together at the end of a volume, to the pages that have them."""
    for section in pages[-1].root.xpath("./section[contains(@class, 'footnotes')]"):
        section.drop_tree()
        notes = {note.get("id"): note for note in section.iter("li")}
        for page in pages:
            here = [one.get("href")[1:] for one in page.root.xpath(".//a[contains(@class, 'footnote-ref')]")]
            if here:
                first = re.sub(r"\D", "", here[0])
                own = markup.fromstring(
                    f'<section class="footnotes" role="doc-endnotes"><hr><ol start="{first}"></ol></section>'
                )
                own.find("ol").extend(notes[one] for one in here)
                for back in own.xpath(".//a[contains(@class, 'footnote-back')]"):
                    back.text = "↑"
                page.root.append(own)


def _headings(page: Page) -> None:
    """Title, number and sections of a page."""
    for head in page.root.xpath(f".//h1[not({IN_EXPLORER})] | .//h2[not({IN_EXPLORER})]"):
        numbers = head.xpath(".//span[contains(@class, 'header-section-number')]")
        title = _text(head)
        if head.tag == "h1" and not page.title:
            page.number = _text(numbers[0]) if numbers else ""
            page.title = title.removeprefix(page.number).strip()
        elif head.tag == "h2" and head.get("id"):
            page.sections.append((head.get("id"), title))
    page.title = page.title or page.name


def _front(front: list[Page], volume) -> Page:
    """The first page, from what stands before the first chapter: its headings one level lower, under the title."""
    root = markup.Element("div")
    for page in front:
        root.extend(list(page.root))
    for head in list(root.iter("h1", "h2", "h3", "h4")):
        head.tag = f"h{int(head.tag[1]) + 1}"
    if not root.xpath(".//div[@class='listed']"):
        root.append(markup.Element("div", {"class": "listed"}))
    sections = [(head.get("id"), _text(head)) for head in root.iter("h2") if head.get("id")]
    return Page(INDEX, volume.name, root, volume.title, "", sections)


def _text(element) -> str:
    """Text of an element, without breaks."""
    return " ".join(element.text_content().split())


def _write(every: _Site, page: Page, words: dict, others: dict | None) -> None:
    """Write a page."""
    root, drawings = page.root, {}
    _links(every, page)
    for head in root.xpath(f"(.//h2 | .//h3 | .//h4)[not({IN_EXPLORER})]"):
        _permalink(head)
    for table in root.xpath(f".//table[not({IN_EXPLORER})]"):
        _table(every, table)
    for exhibit in root.xpath(".//figure[starts-with(@id, 'fig:') or starts-with(@id, 'tbl:')]"):
        drawings |= _exhibit(every, exhibit)
    for box in root.xpath(".//div[@class='listed']"):
        listed = (
            every.volumes if page.name == INDEX else [one for one in every.volumes if one.name == page.volume]
        )
        box.extend(list(_element(_contents(every, None, listed, words))))
    body = "".join(etree.tostring(one, encoding="unicode", method="html") for one in root)
    body = re.sub(r"<!--svg:([^>]+)-->", lambda found: drawings[found[1]], body)
    at = every.pages.index(page)
    before, after = every.pages[max(at - 1, 0) : at], every.pages[at + 1 : at + 2]
    gone = {lang for lang, names in (others or {}).items() if page.name != INDEX and page.name not in names}
    parts = {
        "title": page.title,
        "root": "../",
        "at": page.name,
        "contents": _contents(every, page, every.volumes, words),
        "style": svg.palette(drawings.values()),
        "gone": gone,
    }
    env = every.env
    inner = env.get_template("chapter.html").render(
        page=page, body=body, words=words, before=before, after=after, volumes=every.volumes
    )
    text = env.get_template("page.html").render(body=inner, **parts)
    files.write_text(every.folder / "chapters" / f"{page.name}.{every.lang}.html", text)


def _contents(every: _Site, page: Page | None, volumes: list, words: dict) -> str:
    """HTML of the contents; `page`: the one that is open, whose sections are listed (of none: those of all)."""
    groups = [(one, [two for two in every.pages if two.volume == one.name]) for one in volumes]
    return every.env.get_template("contents.html").render(groups=groups, here=page, words=words)


def _element(text: str) -> markup.HtmlElement:
    return markup.fragment_fromstring(text, create_parent="div")


def _links(every: _Site, page: Page) -> None:
    """Lead every link to the page that has its target, and to files beside the chapters."""
    own = set(page.root.xpath(".//@id"))
    for link in page.root.iter("a"):
        to = link.get("href", "")
        if to.startswith("#"):
            link.set("href", to if to[1:] in own else every.where.get(to[1:], "") + to)
        elif to and not re.match(r"[a-z][a-z0-9+.-]*:", to):
            link.set("href", f"../{to}")


def _permalink(head) -> None:
    """Make a heading a link to itself."""
    if head.get("id") and head.find(".//a") is None:
        link = markup.Element("a", {"class": "self", "href": f"#{head.get('id')}"})
        link.text, head.text = head.text, None
        link.extend(list(head))
        head.append(link)


def _table(every: _Site, table) -> None:
    """Let a table scroll by itself, with plain cells: numbers to the right, marks and ranges in grey, and the first column
    of names as headings of the rows. A table of the report becomes a figure with its caption."""
    for column in table.findall("colgroup"):
        table.remove(column)
    right: set[int] = set()
    for at, cell in enumerate(table.xpath("./thead/tr[1]/*")):
        cell.set("scope", "col")
        right |= {at} if "right" in cell.get("style", "") else set()
    lines = [line.findall("td") for line in table.xpath("./tbody/tr")]
    named = min(set(range(len(lines[0]))) - right, default=0) if lines else 0
    sizes = [
        "s" if max(width(_text(cell)) for cell in column) <= SHORT else "t"
        for column in zip(*lines, strict=False)
    ]
    for cell in table.iter("th", "td"):
        at = cell.getparent().index(cell)
        cell.attrib.pop("style", None)
        size = width(_text(cell))
        if cell.tag == "th":
            kind = ("n h" if size > HEAD / 2 else "n") if at in right else "s" if size <= HEAD else "t"
        else:
            kind = "n" if at in right else sizes[at]
        cell.set("class", kind)
        if cell.tag == "td":
            _cell(every, cell)
            if at == named:
                cell.tag = "th"
                cell.set("scope", "row")
    scroll = markup.Element("div", {"class": "scroll"})
    parent = table.getparent()
    parent.replace(table, scroll)
    scroll.tail, table.tail = table.tail, None
    scroll.append(table)
    label, caption = table.attrib.pop("id", ""), table.find("caption")
    if not label.startswith("tbl:"):
        return
    figure = markup.Element("figure", {"id": label})
    parent.replace(scroll, figure)
    figure.tail, scroll.tail = scroll.tail, None
    if caption is not None:
        table.remove(caption)
        caption.tag = "figcaption"
        caption.set("id", f"{label}-title")
        table.set("aria-labelledby", f"{label}-title")
        figure.append(caption)
    figure.append(scroll)


def _cell(every: _Site, cell) -> None:
    """Grey a range of values that are not known, and a mark; lead the name of a place to its page."""
    if len(cell) or not cell.text:
        return
    text = cell.text.strip()
    if re.match(r"\([−\d]", text):
        cell.set("class", f"{cell.get('class', '')} soft".strip())
    elif text in every.profiles:
        link = markup.Element("a", {"href": every.profiles[text]})
        link.text, cell.text = text, None
        cell.append(link)
    elif found := every.marks.search(text):
        cell.text = text[: found.start()] + " "
        mark = markup.Element("span", {"class": "mark"})
        mark.text = found[1]
        cell.append(mark)


def _exhibit(every: _Site, figure) -> dict[str, str]:
    """Put the drawing of a figure in place, and under an exhibit its address and files. Returns the SVG by name, for which
    a comment stands in the page."""
    name, drawings = figure.get("id").partition(":")[2], {}
    record, lang = every.shown.get(name), every.lang
    if record is None:  # of the authors' own text
        return drawings
    caption = figure.find("figcaption")
    number = caption.find("span") if caption is not None else None
    image = figure.find(".//img")
    if image is not None:
        drawing = record["folder"] / "figures" / f"{name}.{lang}.svg"
        drawings[name] = svg.inline(drawing.read_text(encoding="utf-8"), name, image.get("alt", ""))
        frame = markup.Element("div", {"class": "scroll drawing"})
        frame.append(etree.Comment(f"svg:{name}"))
        image.getparent().replace(image, frame)
        if caption is not None:
            figure.insert(0, caption)
    said = _text(number) if number is not None else ""
    rows = len(figure.findall(".//tbody/tr"))
    if rows > ROWS:
        figure.set("data-filter", "")
    kinds = {"SVG": f"figures/{name}.{lang}.svg", "PNG": f"figures/{name}.{lang}.png"} if drawings else {}
    if (record["folder"] / "tables" / f"{name}.csv").exists():
        kinds["CSV"] = f"tables/{name}.csv"
    row = every.env.get_template("downloads.html").render(label=figure.get("id"), said=said, kinds=kinds)
    under = figure.getparent()
    (under if "exhibit" in under.get("class", "") else figure).append(markup.fromstring(row))
    return drawings


def _entries(every: _Site, page: Page) -> list[list]:
    """Entries of the search for the sections and the exhibits of a page: kind, title, chapter, address, other words by
    which it is found, text."""
    lang, file = every.lang, f"chapters/{page.name}.{every.lang}.html"
    found: list[list] = []
    for element in page.root.iter("h1", "h2", "h3", "h4", "p", "li", "figure", "table"):
        at = element.get("id", "")
        if element.tag in ("h1", "h2", "h3", "h4"):
            title = _text(element)
            keys = f"{_pinyin(title)} {at.replace('-', ' ') if at.isascii() else ''}".strip()
            found.append([KINDS["section"], title, page.title, f"{file}#{at}" if at else file, keys, []])
        elif element.tag in ("p", "li") and found and not _inside(element):
            found[-1][5].append(_text(element))
        elif at.partition(":")[0] in ("fig", "tbl") and (record := every.shown.get(at.partition(":")[2])):
            caption = element.find("figcaption") if element.tag == "figure" else element.find("caption")
            title = _text(caption) if caption is not None else record["title"][lang]
            keys = " ".join(
                [_pinyin(title), *(record["title"].get(one, "") for one in every.ed.languages if one != lang)]
            )
            found.append([KINDS["exhibit"], title, page.title, f"{file}#{at}", keys.strip(), []])
    texts: dict[str, list] = {}
    for entry in found:  # what is said after an exhibit belongs to the section
        if entry[0] == KINDS["section"]:
            texts = {"now": entry[5]}
        elif texts:
            texts["now"] += entry[5]
            entry[5] = []
    return [[*entry[:5], " ".join(entry[5])] for entry in found]


def _inside(element) -> bool:
    """Whether a text stands in an exhibit, or in a list whose line is told as a whole."""
    return any(
        one.tag in ("li", "section") or "exhibit" in one.get("class", "") for one in element.iterancestors()
    )


def _pinyin(text: str) -> str:
    """What a reader may type for a Chinese text: its pinyin and the initials; nothing for another."""
    signs = "".join(re.findall(r"[\u4e00-\u9fff]", text))
    syllables = lazy_pinyin(signs)
    return f"{''.join(syllables)} {''.join(one[0] for one in syllables)}" if signs else ""


def _places(every: _Site) -> list[list]:
    """Entries of the search for the places and the explorer."""
    words = every.env.globals["w"]
    explored = [words["explorer"]] if every.env.globals["explorable"] else []
    return [
        *([KINDS["section"], one, "", f"explorer.{every.lang}.html", _pinyin(one), ""] for one in explored),
        *(
            [KINDS["place"], title, words[kind], href, places.search_text(name, every.ed.book.en), ""]
            for name, title, kind, href in _place_list(every.ed, every.lang)
        ),
    ]


def _place_list(ed, lang: str) -> list[tuple[str, str, str, str]]:
    """Cities and regions: id, name in the language, "city" or "region", address of the page."""
    groups, cities = ed.index.groups, list(places.addresses(ed, lang))
    regions = [] if groups is None else list(dict.fromkeys(groups.reindex(cities).dropna()))
    return [
        (
            name,
            codebook.unit(name, ed.book.lang(lang)),
            kind,
            f"places/{places.slug(name, ed.book.en)}.{lang}.html",
        )
        for kind, names in (("city", cities), ("region", regions))
        for name in names
    ]
