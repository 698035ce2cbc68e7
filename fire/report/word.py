"""The reference document by which pandoc styles the Word report: pandoc's own, changed by code.

A4, page numbers, heading colours, captions upright, tables with rules, and a font for Chinese text (`eastAsia`).
"""

import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

from fire import files

FONTS = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Microsoft YaHei"/>'
SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FOOTER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    f'<w:ftr {SPACE}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>'
    '<w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:ftr>'
)
SECTION = (
    f'<w:sectPr><w:footerReference xmlns:r="{RELATION}" w:type="default" r:id="rIdFooter"/>'
    '<w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1440" w:right="1417" w:bottom="1304" w:left="1417" '
    'w:header="709" w:footer="567" w:gutter="0"/></w:sectPr>'
)
ADDED = {
    "[Content_Types].xml": (
        "</Types>",
        '<Override PartName="/word/footer9.xml" ContentType="application/vnd.'
        'openxmlformats-officedocument.wordprocessingml.footer+xml"/></Types>',
    ),
    "word/_rels/document.xml.rels": (
        "</Relationships>",
        f'<Relationship Id="rIdFooter" Type="{RELATION}/footer" Target="footer9.xml"/></Relationships>',
    ),
}
INK, ACCENT, MUTED = "1D2733", "A62B2B", "66717D"
# style id: run properties (colour, half points, bold), after which nothing of the default look is left
RUNS = {
    "Title": (INK, 56, True),
    "Subtitle": (MUTED, 26, False),
    "Heading1": (ACCENT, 36, True),
    "Heading2": (INK, 26, True),
    "Heading3": (INK, 22, True),
    "TableCaption": (INK, 19, True),
    "ImageCaption": (INK, 19, True),
    "TOCHeading": (ACCENT, 30, True),
    "Source": (MUTED, 15, False),
    "Compact": (INK, 16, False),
    "Box": (INK, 21, False),
    "TOC1": (INK, 20, True),
    "TOC2": (INK, 19, False),
}
SHADE = (
    '<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="A62B2B"/></w:pBdr>'
    '<w:shd w:val="clear" w:color="auto" w:fill="FAF3EE"/>'
)
TIGHT = '<w:spacing w:before="20" w:after="20"/>'
NEW = {
    "Source": ("Source", '<w:spacing w:before="40" w:after="240"/>'),
    "Box": ("Box", SHADE),
    "TOC1": ("toc 1", '<w:spacing w:before="100" w:after="20"/>'),
    "TOC2": ("toc 2", TIGHT + '<w:ind w:left="240"/>'),
}


def reference(path: Path, lang: str) -> Path:
    """Write the reference document for one language."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    with zipfile.ZipFile(BytesIO(subprocess.run(command, capture_output=True, check=True).stdout)) as old:
        parts = {name: changed(name, old.read(name), lang) for name in old.namelist()} | {
            "word/footer9.xml": FOOTER
        }
    with files.atomic_path(path) as part, zipfile.ZipFile(part, "w") as new:
        for name, content in parts.items():
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def changed(name: str, content: bytes, lang: str) -> bytes:
    """A part of the package, changed where the house style asks for it."""
    if name == "word/styles.xml":
        return _styles(content.decode(), lang).encode()
    if name in ADDED:
        return content.decode().replace(*ADDED[name]).encode()
    if name == "word/document.xml":
        return re.sub(
            r"<w:sectPr\b.*?</w:sectPr>|<w:sectPr\s*/>", SECTION, content.decode(), flags=re.DOTALL
        ).encode()
    return content


def _styles(xml: str, lang: str) -> str:
    """`styles.xml` with the fonts, colours and sizes of the house."""
    east = "zh-CN" if lang == "zh" else "en-GB"
    xml = re.sub(r"<w:rFonts [^>]*/>", FONTS, xml)
    xml = re.sub(r"<w:lang [^>]*/>", f'<w:lang w:val="en-GB" w:eastAsia="{east}" w:bidi="ar-SA"/>', xml)
    xml = xml.replace('w:w="108"', 'w:w="40"')  # cell margins, so that numbers of wide tables stay whole
    for style, (name, paragraph) in NEW.items():
        added = (
            f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
            f"<w:qFormat/><w:pPr>{paragraph}</w:pPr></w:style></w:styles>"
        )
        xml = xml if f'w:styleId="{style}"' in xml else xml.replace("</w:styles>", added)
    for style, (colour, size, bold) in RUNS.items():
        look = (
            f'<w:rPr>{FONTS}{"<w:b/>" * bold}<w:i w:val="0"/><w:color w:val="{colour}"/><w:sz w:val="{size}"/>'
            f'<w:szCs w:val="{size}"/></w:rPr>'
        )
        for found in re.findall(rf'<w:style [^>]*w:styleId="{style}".*?</w:style>', xml, re.DOTALL)[:1]:
            bare = re.sub(r"<w:rPr>.*?</w:rPr>|</w:style>", "", found, flags=re.DOTALL)
            xml = xml.replace(found, f"{bare}{look}</w:style>")
    return xml
