"""Sheets of a workbook: cell formats, and lists with headings, filters, frozen panes and a page set-up.

A value has the fill of its status. Colour alone tells nothing: beside it stands the status in words (`companions`), or
the number carries the mark of its status (`Styles.of`).
"""

from dataclasses import dataclass, field

import pandas as pd

from fire import codebook
from fire.analysis.known import SOFT, SOFT_DIGITS
from fire.report import exhibits
from fire.report.markdown import heading_width
from fire.report.markdown import width as letters

FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
HEAD = {"bold": True, "bg_color": "#E8EDF2", "bottom": 1, "text_wrap": True, "valign": "top"}
FORMATS: dict[str, dict] = {
    "plain": {"indent": 1},
    "head": HEAD | {"align": "left", "indent": 1},
    "number head": HEAD | {"align": "right"},
    "band": {"bold": True, "font_color": "#12304F", "align": "left"},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#555555", "text_wrap": True, "valign": "top"},
    "edit": {"bg_color": "#FFF6D6", "border": 1, "num_format": "0.0000", "align": "right"},
    "whole": {"num_format": "#,##0", "align": "right"},
    "one": {"num_format": "#,##0.0", "align": "right"},
    "two": {"num_format": "#,##0.00", "align": "right"},
    "score": {"num_format": "#,##0.000", "align": "right"},
    "share": {"num_format": "#,##0.0000", "align": "right"},
    "plus 0": {"num_format": "+0;-0;0", "align": "right"},
    "plus 1": {"num_format": "+0.0;-0.0;0.0", "align": "right"},
    "plus 2": {"num_format": "+0.00;-0.00;0.00", "align": "right"},
    "percent": {"num_format": "0.0%", "align": "right", "valign": "top"},
    "year": {"num_format": "0"},
    "wrap": {"text_wrap": True, "align": "left", "valign": "top", "indent": 1},
    "paragraph": {"text_wrap": True, "align": "left", "valign": "top"},
    "sign": {"bold": True, "font_color": "#A62B2B", "font_size": 12},
    "warning": {"font_color": "#A62B2B"},
    "link": {"font_color": "#12304F", "underline": 1, "align": "left", "indent": 1, "valign": "top"},
}
PLACES = {0: "whole", 1: "one", 2: "two", 3: "score", 4: "share"}  # format of a number by its decimals
FILLS = {  # of a cell, by the status of its value; an observed one has none
    "printed": "#DCE8F4",
    "implied": "#E3EEDC",
    "estimated": "#FBEFD0",
    "imputed": "#FBEFD0",
    "drawn": "#E4E4E4",
    "assumed": "#F3DEDE",
    "simulated": "#E4E4E4",
}
GREY = "#6B6B6B"  # of a number that is the centre of what is simulated
LINE = 16.5  # height of a line, in points
MARK = 5  # width of a mark
LINK = 12  # least width of the first column, which holds the way back
NARROW, WIDE = 7, 46  # least and greatest width of a column, in characters
NOTE = 120  # characters of a line of the note above a list
PORTRAIT, ACROSS = 95, 260  # characters to which a sheet is printed upright, and on one page across


class Styles:
    """The cell formats of a workbook by name, each also with the fill and the mark of a status."""

    def __init__(self, book, lang: str = "zh"):
        self.book, self.lang, self.made = book, lang, {}

    def __getitem__(self, name: str):
        return self.of(name)

    def of(self, name: str, status: str | None = None, marked: bool = False, indent: int = 0):
        """The format `name` with the fill of a status. `marked`: the number carries the mark of that status, or stands in
        parentheses, grey, with one decimal at most, where it is simulated."""
        key = name, status if status in FILLS else None, marked, indent
        if key not in self.made:
            style = {"font_name": FONTS[self.lang], **FORMATS.get(name, {})}
            style |= {"bg_color": FILLS[key[1]]} if key[1] else {}
            style |= {"indent": indent} if indent else {}
            if marked and key[1] in SOFT:
                style |= soft(style.get("num_format", "0"))
            elif marked and key[1]:
                style["num_format"] = (
                    f'{style.get("num_format", "General")}" {codebook.mark(key[1], self.lang)}"'
                )
            self.made[key] = self.book.add_format(style)
        return self.made[key]


def soft(number: str) -> dict:
    """What makes a cell of a number format show a centre of draws: grey, in parentheses, with one decimal at most."""
    sign = "+" if number.startswith("+") else ""
    shown = "#,##0.0" if "." in number else "#,##0"
    return {"font_color": GREY, "num_format": f"({sign}{shown});(-{shown});({shown})"}


@dataclass
class Column:
    """A column of a list: heading, cells (None or missing: empty), the format of its numbers, the status of every cell.

    `style`: of all cells, or one for each. `marked`: its numbers carry the mark of their status."""

    head: str
    cells: list
    style: str | list = "plain"
    statuses: list = field(default_factory=list)
    marked: bool = False

    def width(self) -> int:
        """Characters that show every cell, and the heading on two or three lines."""
        longest = max((_shown_width(cell, self.style) for cell in self.cells if cell is not None), default=0)
        return min(max(NARROW, longest + 2 + MARK * self.marked, heading_width(self.head) + 2), WIDE)


def numbers(head: str, cells, digits: int | None = None, statuses=(), plus: bool = False) -> Column:
    """A column of numbers with so many decimals (default: none for whole numbers, else 2)."""
    cells = pd.Series(list(cells), dtype="Float64")
    digits = exhibits.decimals(cells.astype(float)) if digits is None else digits
    style = f"plus {digits}" if plus else PLACES[min(digits, max(PLACES))]
    return Column(head, [None if pd.isna(cell) else float(cell) for cell in cells], style, list(statuses))


def texts(head: str, cells, style: str = "plain") -> Column:
    """A column of texts."""
    return Column(head, [None if cell is None or pd.isna(cell) else str(cell) for cell in cells], style)


def companions(
    frame: pd.DataFrame, measure: str, book, lang: str, digits: int, plus: bool = False
) -> list[Column]:
    """The columns of a measure of `known.results`: its value (none where it is simulated), and beside it, where they
    say anything, its status and the ends of its range."""
    status = [one if isinstance(one, str) else None for one in frame[f"{measure}_status"]]
    values = [None if known in SOFT else value for value, known in zip(frame[measure], status)]
    found = [numbers(book.column(measure)[lang], values, digits, status, plus)]
    if set(status) - {None, "observed"}:
        words = [codebook.status(one, lang) if one else None for one in status]
        found.append(texts(book.column(f"{measure}_status")[lang], words))
    low, high = (frame[f"{measure}_{end}"].astype("Float64") for end in ("low", "high"))
    told = low.notna() & (
        (high - low).gt(0).fillna(False).to_numpy() | pd.Series(status).isin(SOFT).to_numpy()
    )
    if told.any():
        digits = min(digits, SOFT_DIGITS) if set(status) & set(SOFT) else digits
        for end, cells in (("low", low), ("high", high)):
            cells = cells.where(told.to_numpy())
            found.append(numbers(book.column(f"{measure}_{end}")[lang], cells, digits, plus=plus))
    return found


def opened(
    sheet, styles, title: str, note: str = "", home: str = "", columns: list[int] | None = None
) -> None:
    """The first two rows of a sheet: a link to the sheet `home` and the title, then the note across the `columns` (their
    widths) that fit a screen."""
    if home:
        sheet.write_url(0, 0, f"internal:'{home}'!A1", styles["link"], string=f"← {home}")
    sheet.write_string(0, 1 if home else 0, title, styles["title"])
    sheet.set_row(0, 22)
    reach, last = 0, -1
    for width in columns or [NOTE]:
        if reach >= NOTE:
            break
        reach, last = reach + width, last + 1
    if last > 0:
        sheet.merge_range(1, 0, 1, last, "", styles["note"])
    sheet.write_string(1, 0, note, styles["note"])
    sheet.set_row(1, LINE * lines(note, 0.9 * min(reach, 1.3 * NOTE)))


def listed(sheet, styles, top: int, columns: list[Column], keep: int = 1, filtered: bool = True) -> None:
    """Write columns below a header row `top`: text as text whatever it begins with, filters, `keep` columns frozen."""
    length = max((len(column.cells) for column in columns), default=0)
    for place, column in enumerate(columns):
        headed(sheet, styles, top, place, column)
        names = column.style if isinstance(column.style, list) else [column.style] * length
        statuses = column.statuses or [None] * length
        for row, (cell, name, status) in enumerate(zip(column.cells, names, statuses), top + 1):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(row, place, cell, styles.of(name))
            else:
                sheet.write_number(row, place, cell, styles.of(name, status))
    for row, high in _heights(columns, length).items():
        sheet.set_row(top + 1 + row, LINE * high)
    if filtered and length:
        sheet.autofilter(top, 0, top + length, len(columns) - 1)
    laid_out(sheet, top, keep, columns)


def _heights(columns: list[Column], length: int) -> dict[int, int]:
    """Rows that need more than one line for texts that wrap, with their lines."""
    wrapped = [(column.cells, column.width() - 3) for column in columns if column.style == "wrap"]
    high = {
        row: max((lines(cells[row] or "", width) for cells, width in wrapped), default=1)
        for row in range(length)
    }
    return {row: count for row, count in high.items() if count > 1}


def headed(sheet, styles, row: int, place: int, column: Column) -> None:
    """The heading of a column, at the side where its cells stand."""
    name = column.style if isinstance(column.style, str) else column.style[0]
    right = FORMATS.get(name, {}).get("align") == "right"
    sheet.write_string(row, place, column.head, styles["number head" if right else "head"])


def laid_out(sheet, top: int, keep: int, columns: list[Column]) -> None:
    """Column widths that show the headings whole, the header row `top` and `keep` columns frozen, and how the sheet is printed: A4, as wide as the page,
    header rows on every page, page numbers."""
    widths = [max(column.width(), 0 if place else LINK) for place, column in enumerate(columns)]
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.set_row(top, LINE * max(lines(column.head, width - 1) for column, width in zip(columns, widths)))
    sheet.freeze_panes(top + 1, keep)
    sheet.repeat_rows(top)
    sheet.repeat_columns(0, keep - 1)
    printed(sheet, sum(widths))


def printed(sheet, width: int = 0) -> None:
    """A4, upright or (from PORTRAIT characters) across, one page wide up to ACROSS characters; at the foot the name of the
    sheet and the page number."""
    sheet.set_paper(9)
    if width > PORTRAIT:
        sheet.set_landscape()
    sheet.fit_to_pages(1 + width // ACROSS, 0)
    sheet.set_margins(0.5, 0.5, 0.6, 0.7)
    sheet.set_footer("&L&8&A&R&8&P / &N")


def table_sheet(sheet, table: dict, styles) -> None:
    """One table (`frame`) under its `title`; a number shows up to four decimals, a list is written as text."""
    frame = table["frame"]
    columns = []
    for place, name in enumerate(frame.columns):  # two columns may have one heading
        cells = [
            ", ".join(map(str, cell)) if isinstance(cell, (list, tuple)) else cell
            for cell in frame.iloc[:, place]
        ]
        cells = [
            None if pd.isna(cell) else str(cell) if isinstance(cell, str | bool) else float(cell)
            for cell in cells
        ]
        styled = ["share" if isinstance(cell, float) and not cell.is_integer() else "year" for cell in cells]
        columns.append(Column(str(name), cells, styled))
    sheet.write_string(0, 0, table["title"], styles["title"])
    listed(sheet, styles, 3, columns)


def lines(text: str, width: float) -> int:
    """Lines of a text that breaks at `width` characters: between words, between Chinese characters anywhere."""
    count, used = 1, 0.0
    for word in text.split():
        size = letters(word)
        if used and used + 1 + size > width and word.isascii():
            count, used = count + 1, 0.0
        used += size + (used > 0)
        count, used = count + int(max(0, used - 1e-9) // width), used % width or used and width
    return count


def _shown_width(cell, style: str | list) -> int:
    """Width of a cell as shown."""
    if isinstance(cell, str):
        return letters(cell)
    digits = next((places for places, name in PLACES.items() if name == style), 2 if "plus" in style else 4)
    return len(f"{cell:,.{digits}f}")
