"""A figure or table of the report as Markdown, in one language: caption, note and source included."""

import re
import struct
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np

from fire import codebook
from fire.errors import refuse
from fire.report import exhibits, narrative
from fire.report.exhibits import plain

WIDE, CROWDED = 8, 150  # columns, and characters of a line, from which a table is set smaller
FLOATS = 20  # lines up to which a table stands whole, at the top or the foot of a page
FLOATS_SLIM = 50  # the same, of one in two columns
LONG = 24  # rows beyond which a slim table stands in two columns of a page
LINE, SLIM, GAP = 101, 53, 2  # characters of a line, of half a page, between two columns
NARROW, WIDEST = 12, 60  # of a column that is not made narrower, of one that takes no more


def figure(record: dict, lang: str, words: dict, here: bool = False) -> str:
    """Markdown of a figure: takeaway title as caption, then note and source; `here`: in the PDF it stands where it is
    named, and does not float to the top or the foot of a page."""
    alt = re.sub(r"[\s\"\\]+", " ", record["alt"][lang]).replace("&", "&amp;").replace("<", "&lt;")
    name = record["name"]
    wide, high = _pixels(record["folder"] / "figures" / f"{name}.{lang}.png")
    attributes = f'#fig:{name} alt="{alt}" pixels="{wide}x{high}"'
    image = f"![{plain(record['title'][lang])}](figures/{name}.{lang}.svg){{{attributes}}}"
    floats = "" if here else " .floats"
    return f"::: {{.exhibit .figure{floats}}}\n{image}\n\n{_source_line(record, lang, words)}\n:::\n"


def _pixels(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, which the page needs to keep its place while figures load."""
    return struct.unpack(">II", path.read_bytes()[16:24])


def table(
    record: dict,
    lang: codebook.Lang,
    words: dict,
    rows: int | None = None,
    without=(),
    places_only: bool = False,
    here: bool = False,
) -> str:
    """Markdown of a table (pipe table), cut to the first `rows` and `without` some columns, with title and source.

    In English, Chinese names in cells are put into English (`places_only`: cities and regions). `here`: as of `figure`.
    """
    labels = record["labels"]
    refuse(
        f"table '{record['name']}'",
        [f"it has no column '{name}': take it out of `without`" for name in without if name not in labels],
    )
    frame = exhibits.load_table(record["folder"], record["name"], labels).drop(columns=list(without))
    columns = exhibits.shown_columns(frame.columns, lang)
    shown = exhibits.display_frame(frame.head(rows) if rows else frame, labels, lang)
    frame, labels = frame[columns], {name: labels[name] for name in columns}
    if lang == "en":
        shown = shown.map(lambda cell: lang.book.translated(cell, places_only))
    grid = [
        [plain(cell) or " " for cell in row] for row in [list(shown.columns), *shown.itertuples(index=False)]
    ]
    spans = [
        min(max(heading_width(head), *map(width, cells), 3), WIDEST)
        for head, *cells in zip(*grid, strict=True)
    ]
    right = [labels[name]["kind"] in ("number", "p") and frame[name].dtype.kind in "ifb" for name in columns]
    small = len(spans) >= WIDE or sum(spans) > CROWDED
    columns_wide = fitted(spans, grid, (LINE * 17 / 14 if small else LINE) - GAP * len(spans))
    rule = [
        ":" * (not end) + "-" * (span + GAP) + ":" * end
        for span, end in zip(columns_wide, right, strict=True)
    ]
    lines_high = sum(
        max(-(-width(cell) // span) for cell, span in zip(row, columns_wide, strict=True)) for row in grid
    )
    lines = [f"| {' | '.join(row)} |" for row in [grid[0], rule, *grid[1:]]]
    cut = None
    if rows and len(frame) > rows:
        cut = narrative.compiled(narrative.environment(lang), words["rows-word"]).render(
            shown=rows, total=len(frame)
        )
    slim = len(shown) > LONG and sum(spans) + GAP * len(spans) <= SLIM
    size = " .wide" if small else " .slim" if slim else ""
    size += " .floats" * (lines_high <= (FLOATS_SLIM if slim else FLOATS) and not here)
    caption = f": {plain(record['title'][lang])} {{#tbl:{record['name']}}}"
    text = "\n".join(lines)
    return f"::: {{.exhibit{size}}}\n{text}\n\n{caption}\n\n{_source_line(record, lang, words, cut)}\n:::\n"


def _source_line(record: dict, lang: str, words: dict, cut: str | None = None) -> str:
    """Note and source of an exhibit, in a Div of class `source`."""
    notes = [record.get("note", {}).get(lang), cut]
    parts = [words["note-word"] + note for note in notes if note] + [
        words["source-word"] + record["source"][lang]
    ]
    space = "" if lang == "zh" else " "
    text = space.join(part if part.endswith((".", "。")) else part + words["stop"] for part in parts)
    return f"::: {{.source}}\n{plain(text)}\n:::\n"


@lru_cache(4096)
def width(text: str) -> int:
    """Width of a text on a page in Latin characters; a Chinese one counts twice."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text.replace("\\", ""))


def heading_width(head: str) -> int:
    """Width that a column heading needs when it may break: its longest word; a long Chinese one breaks in two."""
    return max(
        width(word) if word.isascii() or width(word) <= 8 else -(-width(word) // 2)
        for word in head.split() or [""]
    )


def fitted(spans: list[int], grid: list[list[str]], room: float) -> list[int]:
    """Column widths that fit a page and keep the table short: wide columns, whose text breaks, give way, first between
    words; dates, names and numbers stay whole. `spans`: what the columns would like, `grid`: the cells, row by row, `room`: what
    all columns may take together."""
    cells = np.array([[width(cell) for cell in row] for row in grid])
    words = [max(NARROW, _longest_word(column)) for column in zip(*grid, strict=True)]
    wide = np.array(spans)
    for least in (words, [NARROW] * len(spans)):
        while wide.sum() > room and (wider := np.flatnonzero(wide > least)).size:
            lines = -(-cells // wide)
            high = [
                np.maximum(-(-cells[:, at] // (wide[at] - 1)), np.delete(lines, at, axis=1).max(axis=1)).sum()
                for at in wider
            ]
            wide[min(zip(high, -wide[wider], wider, strict=True))[2]] -= 1
    return wide.tolist()


def _longest_word(texts) -> int:
    """Width of the longest word of some texts; a Chinese one breaks anywhere."""
    words = (word for text in texts for word in text.split() if word.isascii())
    return max(map(width, words), default=1)
