"""The Word edition of a volume: the reference document by which pandoc styles it, and what pandoc cannot do (`finish`).

The reference document is pandoc's own, changed by code: A4, running heads, page numbers, colours, captions upright, tables
with rules, and a font for Chinese text (`eastAsia`). `finish` sets a cover, captions above figures, rows that stay whole,
figures as wide as the text, and a table of contents. Word fills in its page numbers when it opens the file, and asks its
user whether it may; `numbered`, on request, takes them from a layout by LibreOffice.
"""

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree

from fire import files
from fire.figures import fonts

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
PLACED = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = {"w": W, "a": DRAWING, "wp": PLACED}
SPACE = f'xmlns:w="{W}"'
FONTS = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Microsoft YaHei"/>'
TWIP = 635  # English metric units, in which figures are measured
TEXT, TALLEST = (
    9072,
    11600,
)  # twips: width of the text, height of the tallest figure that leaves room for its caption
MANY, KEPT = 9, 3  # columns from which a table is set smaller; rows at its ends that stay together
WHOLE = 16  # rows up to which a table stays on one page
PAGE = (
    '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1417" w:bottom="1304" w:left="1417" '
    'w:header="709" w:footer="567" w:gutter="0"/>'
)
SECTION = (
    f'<w:sectPr xmlns:r="{RELATION}"><w:headerReference w:type="default" r:id="rIdHeader"/>'
    f'<w:footerReference w:type="default" r:id="rIdFooter"/>{PAGE}<w:pgNumType w:start="1"/></w:sectPr>'
)
START = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
FOOTER = (
    f'{START}<w:ftr {SPACE}><w:p><w:pPr><w:pStyle w:val="Footer"/><w:jc w:val="center"/></w:pPr>'
    '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:ftr>'
)
# Title left, chapter right. "STYLEREF 1" is the first level of headings in every language of Word.
HEADER = (
    f'{START}<w:hdr {SPACE}><w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:t>{{title}}</w:t></w:r><w:r><w:tab/></w:r>'
    '<w:fldSimple w:instr=" STYLEREF 1 "><w:r><w:t></w:t></w:r></w:fldSimple></w:p></w:hdr>'
)
LISTED, HIDDEN = r'TOC \o "1-2" \h \z \u', r"\h"  # the field of the contents; that of a page is a link
UPDATE = '<w:updateFields w:val="true"/>'
AFTER_UPDATE = (
    r"<w:(hdrShapeDefaults|footnotePr|endnotePr|compat|docVars|rsids|themeFontLang)\b"  # by the schema
)
CORE = "docProps/core.xml"  # title and author, as a list of files shows them
DUBLIN = "http://purl.org/dc/elements/1.1/"
FONTCONFIG = (  # the font of the figures where those of Microsoft, or one of the same measures, are not installed
    "<fontconfig><include ignore_missing='yes'>/etc/fonts/fonts.conf</include><dir>{folder}</dir><cachedir>{cache}</cachedir>"
    "<alias binding='same'><family>Calibri</family><prefer><family>Carlito</family><family>{family}</family></prefer></alias>"
    "<alias binding='same'><family>Microsoft YaHei</family><prefer><family>{family}</family></prefer></alias></fontconfig>"
)
NO_PROPERTIES = (
    f'{START}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>'
)
KINDS = {"footer9": ("footer", FOOTER), "header9": ("header", HEADER)}
INK, ACCENT, MUTED = "1D2733", "A62B2B", "66717D"
# style id: run properties (colour, half points, bold), after which nothing of the default look is left
RUNS = {
    "Title": (INK, 54, True),
    "Subtitle": (MUTED, 26, False),
    "Date": (ACCENT, 28, True),
    "Imprint": (MUTED, 19, False),
    "Heading1": (ACCENT, 36, True),
    "Heading2": (INK, 26, True),
    "Heading3": (INK, 22, True),
    "TableCaption": (INK, 19, True),
    "ImageCaption": (INK, 19, True),
    "TOCHeading": (ACCENT, 36, True),
    "Source": (MUTED, 15, False),
    "Compact": (INK, 16, False),
    "Fine": (INK, 13, False),
    "Box": (INK, 21, False),
    "TOC1": (INK, 20, True),
    "TOC2": (INK, 19, False),
    "Header": (MUTED, 16, False),
    "Footer": (MUTED, 16, False),
}
SHADE = (
    '<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="A62B2B"/></w:pBdr>'
    '<w:shd w:val="clear" w:color="auto" w:fill="FAF3EE"/>'
)
LEADER = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{TEXT}"/></w:tabs>'
PARAGRAPHS = {  # style id: name, and the paragraph properties in place of its own
    "Title": ("Title", '<w:spacing w:before="3600" w:after="240"/><w:jc w:val="left"/>'),
    "Subtitle": ("Subtitle", '<w:spacing w:before="0" w:after="240"/><w:jc w:val="left"/>'),
    "Date": ("Date", '<w:spacing w:before="240" w:after="2400"/><w:jc w:val="left"/>'),
    "Imprint": ("Imprint", '<w:spacing w:before="120" w:after="120" w:line="300" w:lineRule="auto"/>'),
    "Heading1": (
        "heading 1",
        '<w:keepNext/><w:keepLines/><w:pageBreakBefore/><w:spacing w:before="0" w:after="240"/><w:outlineLvl w:val="0"/>',
    ),
    "TOCHeading": ("TOC Heading", '<w:keepNext/><w:pageBreakBefore/><w:spacing w:before="0" w:after="240"/>'),
    "TableCaption": ("Table Caption", '<w:keepNext/><w:keepLines/><w:spacing w:before="240" w:after="80"/>'),
    "ImageCaption": ("Image Caption", '<w:keepNext/><w:keepLines/><w:spacing w:before="240" w:after="80"/>'),
    "CaptionedFigure": ("Captioned Figure", '<w:keepNext/><w:spacing w:before="0" w:after="0"/>'),
    "Fine": ("Fine", '<w:spacing w:before="36" w:after="36"/>'),
    "Source": ("Source", '<w:spacing w:before="40" w:after="240"/>'),
    "Box": ("Box", SHADE),
    "TOC1": ("toc 1", f'{LEADER}<w:spacing w:before="100" w:after="20"/>'),
    "TOC2": ("toc 2", f'{LEADER}<w:spacing w:before="20" w:after="20"/><w:ind w:left="240"/>'),
    "Header": (
        "header",
        f'<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="4" w:color="D5DAE0"/></w:pBdr><w:tabs>'
        f'<w:tab w:val="right" w:pos="{TEXT}"/></w:tabs>',
    ),
    "Footer": ("footer", ""),
}
RULES = "".join(
    f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="{colour}"/>'
    for side, size, colour in (("top", 8, INK), ("bottom", 8, INK), ("insideH", 4, "D5DAE0"))
)
TABLE = (
    f'<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblBorders>{RULES}</w:tblBorders><w:tblCellMar>'
    '<w:left w:w="40" w:type="dxa"/><w:right w:w="40" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblStylePr '
    'w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="E8EDF2"/></w:tcPr>'
    "</w:tblStylePr>"
)


# The reference document -----------------------------------------------------------------------------------------------


def reference(path: Path, lang: str) -> Path:
    """Write the reference document for one language."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    with zipfile.ZipFile(BytesIO(subprocess.run(command, capture_output=True, check=True).stdout)) as old:
        parts = {name: _changed(name, old.read(name), lang) for name in old.namelist()}
    _pack(path, parts | {f"word/{name}.xml": content.encode() for name, (_, content) in KINDS.items()})
    return path


def _pack(path: Path, parts: dict[str, bytes]) -> None:
    """Write the parts of a document; the same parts give the same bytes."""
    with files.atomic_path(path) as part, zipfile.ZipFile(part, "w") as new:
        for name, content in parts.items():
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _changed(name: str, content: bytes, lang: str) -> bytes:
    """A part of the package, changed where the house style asks for it."""
    text = content.decode() if name.endswith((".xml", ".rels")) else ""
    if name == "word/styles.xml":
        text = _styles(text, lang)
    elif name == "[Content_Types].xml":
        office = "application/vnd.openxmlformats-officedocument.wordprocessingml"
        added = "".join(
            f'<Override PartName="/word/{part}.xml" ContentType="{office}.{kind}+xml"/>'
            for part, (kind, _) in KINDS.items()
        )
        text = text.replace("</Types>", f"{added}</Types>")
    elif name == "word/_rels/document.xml.rels":
        added = "".join(
            f'<Relationship Id="rId{kind.title()}" Type="{RELATION}/{kind}" Target="{part}.xml"/>'
            for part, (kind, _) in KINDS.items()
        )
        text = text.replace("</Relationships>", f"{added}</Relationships>")
    elif name == "word/document.xml":
        text = re.sub(r"<w:sectPr\b.*?</w:sectPr>|<w:sectPr\s*/>", SECTION, text, flags=re.DOTALL)
    return text.encode() or content


def _styles(xml: str, lang: str) -> str:
    """`styles.xml` with the fonts, colours and sizes of the house."""
    east = "zh-CN" if lang == "zh" else "en-GB"
    xml = re.sub(r"<w:rFonts [^>]*/>", FONTS, xml)
    xml = re.sub(r"<w:lang [^>]*/>", f'<w:lang w:val="en-GB" w:eastAsia="{east}" w:bidi="ar-SA"/>', xml)
    found = re.search(r'<w:style w:type="table"[^>]*w:styleId="Table".*?</w:style>', xml, re.DOTALL)
    if found:
        bare = re.sub(r"<w:(tblPr|tblStylePr)\b.*</w:\1>", "", found[0], flags=re.DOTALL)
        xml = xml.replace(found[0], bare.replace("</w:style>", f"{TABLE}</w:style>"))
    for style in dict.fromkeys([*PARAGRAPHS, *RUNS]):
        if f'w:styleId="{style}"' not in xml:
            based = "" if style == "Normal" else '<w:basedOn w:val="Normal"/>'
            added = f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{PARAGRAPHS[style][0]}"/>{based}<w:qFormat/></w:style>'
            xml = xml.replace("</w:styles>", f"{added}</w:styles>")
        found = re.search(rf'<w:style [^>]*w:styleId="{style}".*?</w:style>', xml, re.DOTALL)
        xml = xml.replace(found[0], _style(found[0], style)) if found else xml
    return xml


def _style(xml: str, style: str) -> str:
    """One style with the paragraph and run properties of the house in place of its own."""
    if style in PARAGRAPHS:
        xml = re.sub(r"<w:pPr>.*?</w:pPr>|<w:pPr\s*/>", "", xml, flags=re.DOTALL)
        xml = re.sub(r"(?=<w:rPr>|</w:style>)", f"<w:pPr>{PARAGRAPHS[style][1]}</w:pPr>", xml, count=1)
    if style in RUNS:
        colour, size, bold = RUNS[style]
        look = (
            f'<w:rPr>{FONTS}{"<w:b/>" * bold}<w:i w:val="0"/><w:color w:val="{colour}"/><w:sz w:val="{size}"/>'
            f'<w:szCs w:val="{size}"/></w:rPr>'
        )
        xml = re.sub(r"<w:rPr>.*?</w:rPr>", "", xml, flags=re.DOTALL).replace(
            "</w:style>", f"{look}</w:style>"
        )
    return xml


# The finished document ------------------------------------------------------------------------------------------------


def finish(path: Path, words: dict) -> Path:
    """Finish a document that pandoc wrote by the reference: cover, running head, captions, rows, figures, contents.

    `words`: those of the frame (`title` of the volume, `sign`, `imprint`, `publisher`). The contents stand where pandoc put
    paragraphs of the styles TOC 1 and TOC 2, and list the headings of two levels; their page numbers are empty until
    `numbered` or Word fills them in.
    """
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    document = etree.fromstring(parts["word/document.xml"])
    body = document.find("w:body", NAMES)
    _cover(body, words)
    _captions_above(body)
    _rows_whole(body)
    _as_wide_as_the_text(body)
    _contents(body)
    parts["word/document.xml"] = _text(document)
    parts[CORE] = _properties(parts[CORE], words)
    parts.update(dict.fromkeys({"docProps/custom.xml"} & set(parts), NO_PROPERTIES.encode()))
    parts["word/header9.xml"] = HEADER.format(title=escape(words["title"])).encode()
    parts["word/styles.xml"] = parts["word/styles.xml"].replace(b'"zh-Hans"', b'"zh-CN"')  # as Word names it
    settings = parts["word/settings.xml"].decode()
    if "<w:updateFields" not in settings:
        settings = re.sub(AFTER_UPDATE, lambda follows: UPDATE + follows[0], settings, count=1)
    parts["word/settings.xml"] = settings.encode()
    _pack(path, parts)
    return path


def _properties(core: bytes, words: dict) -> bytes:
    """Title, with the sign of an edition that has one, and author."""
    tree = etree.fromstring(core)
    said = {
        "title": " · ".join(filter(None, (words["title"], words.get("sign")))),
        "creator": words.get("publisher"),
    }
    for name, text in said.items():
        for one in tree.iter(f"{{{DUBLIN}}}{name}"):
            one.text = text
    return _text(tree)


def _text(document) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", standalone=True)


def _made(xml: str):
    """An element from its text."""
    return etree.fromstring(f"<w:made {SPACE}>{xml}</w:made>")[0]


def _styled(paragraph) -> str | None:
    """The style of a paragraph."""
    found = paragraph.find("w:pPr/w:pStyle", NAMES)
    return None if found is None else found.get(f"{{{W}}}val")


def _cover(body, words: dict) -> None:
    """Title, subtitle and edition on a page of their own, with imprint and publisher, in a section without running head."""
    last = None
    for paragraph in body.findall("w:p", NAMES):
        if _styled(paragraph) not in ("Title", "Subtitle", "Author", "Date", "Abstract"):
            break
        last = paragraph
    if last is None:
        return
    for text in filter(None, (words.get("imprint"), words.get("publisher"))):
        said = _made(
            f'<w:p><w:pPr><w:pStyle w:val="Imprint"/></w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>'
        )
        last.addnext(said)
        last = said
    last.addnext(_made(f"<w:p><w:pPr><w:sectPr>{PAGE}</w:sectPr></w:pPr></w:p>"))


def _captions_above(body) -> None:
    """Captions of figures before their figures, as those of tables."""
    for figure in body.iter(f"{{{W}}}p"):
        caption = figure.getnext()
        if (
            _styled(figure) == "CaptionedFigure"
            and caption is not None
            and _styled(caption) == "ImageCaption"
        ):
            figure.addprevious(caption)


def _rows_whole(body) -> None:
    """Rows that do not split across pages, short tables that do not either, of long ones no row alone at the foot of a page
    or at its head, nor a source line; tables of many columns in smaller letters."""
    for table in body.iter(f"{{{W}}}tbl"):
        rows = table.findall("w:tr", NAMES)
        for row in rows:
            properties = row.find("w:trPr", NAMES)
            if properties is None:
                properties = _made("<w:trPr/>")
                row.insert(0, properties)
            properties.insert(0, _made("<w:cantSplit/>"))
        kept = rows if len(rows) <= WHOLE else rows[:KEPT] + rows[-KEPT:]
        for paragraph in [one for row in kept for one in row.iter(f"{{{W}}}p")]:
            paragraph.find("w:pPr/w:pStyle", NAMES).addnext(_made("<w:keepNext/>"))
        if len(table.findall("w:tblGrid/w:gridCol", NAMES)) >= MANY:
            for name in table.iterfind(".//w:pStyle[@w:val='Compact']", NAMES):
                name.set(f"{{{W}}}val", "Fine")


def _as_wide_as_the_text(body) -> None:
    """Figures at the width of the text, less where they would be taller than a page."""
    for inline in body.iter(f"{{{PLACED}}}inline"):
        extent = inline.find("wp:extent", NAMES)
        wide, high = (int(extent.get(side)) for side in ("cx", "cy"))
        scale = min(TEXT * TWIP / wide, TALLEST * TWIP / high)
        for one in (extent, *inline.iter(f"{{{DRAWING}}}ext")):
            if one.get("cx"):
                one.set("cx", str(round(wide * scale)))
                one.set("cy", str(round(high * scale)))


def _contents(body) -> None:
    """The table of contents: a field of Word with the headings of two levels, each with a field for its page."""
    old = [one for one in body.findall("w:p", NAMES) if _styled(one) in ("TOC1", "TOC2")]
    if not old:
        return
    above = old[0].getprevious()
    while above is not None and etree.QName(above).localname.startswith("bookmark"):
        above = above.getprevious()
    if above is not None and _styled(above) == "Heading1":  # its heading is not listed in it
        above.find("w:pPr/w:pStyle", NAMES).set(f"{{{W}}}val", "TOCHeading")
    entries = []
    for number, heading in enumerate(body.iter(f"{{{W}}}p"), 1):
        level = {"Heading1": 1, "Heading2": 2}.get(_styled(heading) or "")
        if level:
            mark = f"_Toc{number:08}"
            text = escape("".join(heading.itertext(f"{{{W}}}t")))
            start = _made(f'<w:bookmarkStart w:id="{30000 + number}" w:name="{mark}"/>')
            heading.find("w:pPr", NAMES).addnext(start)
            heading.append(_made(f'<w:bookmarkEnd w:id="{30000 + number}"/>'))
            page = _field(f"PAGEREF {mark} {HIDDEN}")
            entries.append(
                f'<w:p><w:pPr><w:pStyle w:val="TOC{level}"/></w:pPr>{{}}<w:hyperlink w:anchor="{mark}"><w:r>'
                f'<w:t xml:space="preserve">{text}</w:t></w:r><w:r><w:tab/></w:r>{page}</w:hyperlink>{{}}</w:p>'
            )
    opened = f"{_edge('begin')}{_code(LISTED)}{_edge('separate')}"
    place = old[0]
    for number, entry in enumerate(entries):
        ends = (opened if number == 0 else "", _edge("end") if number == len(entries) - 1 else "")
        place.addprevious(_made(entry.format(*ends)))
    for paragraph in old:
        body.remove(paragraph)


def _edge(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def _code(text: str) -> str:
    return f'<w:r><w:instrText xml:space="preserve"> {text} </w:instrText></w:r>'


def _field(code: str) -> str:
    """A field without a result."""
    return f"{_edge('begin')}{_code(code)}{_edge('separate')}<w:r><w:t></w:t></w:r>{_edge('end')}"


# Page numbers ---------------------------------------------------------------------------------------------------------


def numbered(paths: list[Path]) -> bool:
    """Fill the page numbers into the contents of finished documents, from a layout by LibreOffice, and ask Word for no
    update. False, and nothing changed, where there is no LibreOffice.

    All documents are laid out in one run (some seconds each). Microsoft's fonts are stood in for by the font of the
    figures, so that Word may come to another page here and there; its command to update fields sets that right.
    """
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "fonts.conf")
        files.write_text(
            settings, FONTCONFIG.format(folder=fonts.FONT_DIR, family=fonts.FAMILY, cache=folder)
        )
        command = [
            office,
            f"-env:UserInstallation={Path(folder, 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
        ]
        subprocess.run(
            [*command, "--outdir", folder, *map(str, paths)],
            check=True,
            capture_output=True,
            env=os.environ | {"FONTCONFIG_FILE": str(settings)},
        )
        for path in paths:
            _number(path, _outline(Path(folder, f"{path.stem}.pdf").read_bytes()))
    return True


def _outline(pdf: bytes) -> list[tuple[str, int]]:
    """Headings of a PDF that LibreOffice wrote, and the page of each (the first is 1)."""
    kids = max(re.findall(rb"/Kids\s*\[([^\]]*)\]", pdf), key=len, default=b"")
    page = {int(name): place for place, name in enumerate(re.findall(rb"(\d+) 0 R", kids), 1)}
    found = re.findall(rb"/Title<FEFF([0-9A-F]*)>\s*/Dest\[(\d+) 0 R", pdf)
    return [(bytes.fromhex(title.decode()).decode("utf-16-be"), page[int(name)]) for title, name in found]


def _number(path: Path, outline: list[tuple[str, int]]) -> None:
    """Write the pages of the headings into the contents; the cover, which is no page, comes off."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    document = etree.fromstring(parts["word/document.xml"])
    rest = iter(outline)
    for entry in document.iterfind(".//w:hyperlink", NAMES):
        *words, number = entry.findall(".//w:t", NAMES)
        if "PAGEREF" in "".join(entry.itertext(f"{{{W}}}instrText")):
            heading = "".join(word.text for word in words)
            number.text = next((str(page - 1) for title, page in rest if title == heading), None)
    parts["word/document.xml"] = _text(document)
    parts["word/settings.xml"] = parts["word/settings.xml"].replace(UPDATE.encode(), b"")
    _pack(path, parts)
