"""What a reader of the printed pages sees, measured: how full pages are, how small type is, what runs over or overprints.

.venv/bin/python -m tests.printed reports/2022/fire-2022.zh.pdf
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pypdfium2 as pdfium
import pypdfium2.raw as raw

MM = 72 / 25.4
TOP, BOTTOM, SIDE = 26 * MM, 22 * MM, 25 * MM  # margins of reports/template/report.typ
FULL = 2 / 3  # a page that ends above this share of its height looks unfinished
SMALLEST = 6.0  # points
SCALE = 0.5  # pixels a point, to see where ink is


def pages(path: Path) -> pd.DataFrame:
    """One row a page: `fill` (share of the height of the text area down to its last ink), `ends` (a chapter ends here),
    `smallest` (points), `small` (the characters that are smaller than 6 pt), `over` (those beyond the margins at the
    sides), `overprinted` (characters that lie on others)."""
    found = []
    with pdfium.PdfDocument(path) as book:
        starts = {
            item.get_dest().get_index() for item in book.get_toc() if not item.level and item.get_dest()
        } | {len(book)}
        for number, page in enumerate(book):
            chars = characters(page)
            small = chars[chars["size"].lt(SMALLEST - 0.05)]
            width = page.get_width()
            over = chars[chars["left"].lt(SIDE - 3) | chars["right"].gt(width - SIDE + 3)]
            found.append(
                {
                    "page": number,
                    "fill": fill(page),
                    "ends": number + 1 in starts,
                    "smallest": chars["size"].min(),
                    "small": "".join(small["char"])[:60],
                    "over": "".join(over["char"])[:60],
                    "overprinted": "".join(overprinted(chars))[:60],
                    "text": "".join(chars["char"]),
                }
            )
    return pd.DataFrame(found)


def characters(page) -> pd.DataFrame:
    """The characters of a page that leave ink: `char, size, left, right, bottom, top` in points, `slanted` (the box of one
    that stands neither level nor upright is larger than its ink)."""
    text, rows = page.get_textpage(), []
    matrix = raw.FS_MATRIX()
    for at in range(text.count_chars()):
        char = chr(raw.FPDFText_GetUnicode(text.raw, at))
        if char.isspace() or not char.isprintable() or raw.FPDFText_IsGenerated(text.raw, at):
            continue
        raw.FPDFText_GetMatrix(text.raw, at, matrix)
        size = raw.FPDFText_GetFontSize(text.raw, at) * np.hypot(matrix.b, matrix.d)
        left, bottom, right, top = text.get_charbox(at)
        slanted = min(abs(matrix.a), abs(matrix.b)) > 0.1 * max(abs(matrix.a), abs(matrix.b))
        rows.append((char, size, left, right, bottom, top, slanted))
    return pd.DataFrame(rows, columns=["char", "size", "left", "right", "bottom", "top", "slanted"])


def fill(page) -> float:
    """Share of the height of the text area down to its last ink; 0 for an empty page."""
    image = page.render(scale=SCALE, grayscale=True).to_numpy().squeeze()
    body = image[int(TOP * SCALE) : int((page.get_height() - BOTTOM) * SCALE)]
    inked = np.flatnonzero((body < 200).any(axis=1))
    return float((inked[-1] + 1) / len(body)) if len(inked) else 0.0


def overprinted(chars: pd.DataFrame) -> list[str]:
    """Characters of which more than a third lies under another one; those of one ligature share their box."""
    chars = chars[~chars["slanted"].astype(bool)].drop_duplicates(["left", "right", "bottom", "top"])
    box = chars[["left", "right", "bottom", "top"]].to_numpy()
    order = np.argsort(box[:, 2])
    box, names, hit = box[order], chars["char"].to_numpy()[order], []
    for at, (left, right, low, high) in enumerate(box):
        near = slice(at + 1, np.searchsorted(box[:, 2], high))
        wide = np.minimum(right, box[near, 1]) - np.maximum(left, box[near, 0])
        tall = np.minimum(high, box[near, 3]) - np.maximum(low, box[near, 2])
        shared = wide.clip(min=0) * tall.clip(min=0)
        if (shared > 0.34 * max((right - left) * (high - low), 0.5)).any():
            hit.append(names[at])
    return hit


def faults(path: Path, font: set[int]) -> list[str]:
    """What is wrong with the pages of a volume, in order; `font`: the code points that the font of the report has."""
    found = pages(path)
    said = []
    for one in found.iloc[1:].itertuples():  # the cover is set by hand
        where = f"{Path(path).name} page {one.page}"
        if one.fill < FULL and not one.ends:
            said.append(f"{where}: ends at {one.fill:.0%} of its height and no chapter ends")
        if one.small:
            said.append(f"{where}: {one.smallest:.1f} pt is too small: {one.small}")
        if one.over:
            said.append(f"{where}: runs over the margin: {one.over}")
        if len(one.overprinted) > 2:
            said.append(f"{where}: characters on others: {one.overprinted}")
        lost = {char for char in one.text if ord(char) not in font} | ({"\ufffd"} & set(one.text))
        if lost:
            said.append(f"{where}: no glyph for {''.join(sorted(lost))}")
    return said


if __name__ == "__main__":
    from fontTools.ttLib import TTFont

    from fire.figures import fonts

    known = set(TTFont(fonts.FONT_DIR / "NotoSansSC-Regular.ttf").getBestCmap())
    for path in sys.argv[1:]:
        table = pages(Path(path))
        print(f"{path}: {len(table)} pages, {table['fill'].lt(FULL).sum()} below two thirds")
        print(*faults(Path(path), known), sep="\n")
