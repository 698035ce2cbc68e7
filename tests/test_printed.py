"""Pages: what the measure of them finds; columns that keep a table short."""

import printed
import pytest
import typst
from fontTools.ttLib import TTFont

from fire.figures import fonts
from fire.report import markdown

COVER = '#set page(paper: "a4", margin: (x: 25mm, top: 26mm, bottom: 22mm))\n#set text(size: 10pt)\nCover\n#pagebreak()\n'
FULL = "#v(220mm)\nthe foot of the page\n"


@pytest.fixture
def faults(tmp_path):
    """The faults of a page written in Typst after a cover."""
    font = set(TTFont(fonts.FONT_DIR / "NotoSansSC-Regular.ttf").getBestCmap())

    def of(page: str) -> str:
        source = tmp_path / "page.typ"
        source.write_text(COVER + page, encoding="utf-8")
        target = tmp_path / "page.pdf"
        typst.compile(str(source), output=str(target), font_paths=[str(fonts.FONT_DIR)])
        return "\n".join(printed.faults(target, font))

    return of


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (FULL, ""),
        ("#v(60mm)\nhalf a page\n#pagebreak()\n" + FULL, "page 1: ends at"),
        (FULL + "#text(size: 4pt)[small print]", "4.0 pt is too small: smallprint"),
        (FULL + "#place(top, dx: 150mm)[over the margin]", "runs over the margin"),
        (FULL + "#place(top)[one text]\n#place(top)[on another]", "characters on others"),
        (FULL + "#place(top, dy: 50mm, rotate(45deg)[Beijing-Tianjin-Hebei])", ""),
    ],
)
def test_the_measure_finds_what_is_wrong_with_a_page(faults, page, fault):
    found = faults(page)
    assert fault in found if fault else not found


def test_columns_fit_the_page_and_the_longest_texts_get_the_room():
    reason = "The four printed scores span 4.026 to 4.862: about 4.5 holds only loosely for them"
    rows = [
        ["City", "Printed", "Reason"],
        ["Beijing-Tianjin-Hebei", "4.499", reason],
        ["Harbin", "4.125", reason],
    ]
    place, number, text = markdown.fitted([21, 7, 60], rows, 60)
    assert place + number + text <= 60 and (place, number) == (21, 7)


def test_names_break_only_where_nothing_else_gives_way():
    rows = [["Region", "Share"] * 3, ["Beijing-Tianjin-Hebei", "12.3"] * 3]
    widths = markdown.fitted([21, 5] * 3, rows, 60)
    assert sum(widths) <= 60 and widths[1::2] == [5, 5, 5] and min(widths[::2]) >= markdown.NARROW
