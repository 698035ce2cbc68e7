"""One block of an edition's `sources:` file: how a table is read. What its keys mean, and everything wrong with them."""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from fire import files
from fire.cells import letters_of, number_of
from fire.errors import Finding, nearest
from fire.index.panel import STATUSES
from fire.intake import measures

AXES = ("unit", "indicator", "year", "measure", "status", "source", "region")  # region is only compared
KEY = AXES[:3]
KEYS = (
    "file", "database", "table", "sheet", "rows", "columns", *AXES, "names", "others", "into", "totals", "note", "confirmed"
)  # fmt: skip
INTO = ("indicators", "statistics")
SPOT = ["file", "sheet", "row", "column", "cell"]  # where a value stands
OFFERED = (
    "observed",
    "estimated",
    "imputed",
    "assumed",
    "implied",
    "printed",
    "simulated",
)  # statuses of a source
SHOWN = 12  # rows, columns or doubled values named before "…"
SKIP = ("不用", "skip", False)  # `no` in `names`: a text that stands for nothing wanted
INSIDE = ("in indicator", "indicator", "在指标里")
YES = (True, "yes", "是", "y", "true")
YEARS = range(1900, 2100)
YEAR = re.compile(r"(?<![\d.])((?:19|20)\d\d)(?!\d|\.0*[1-9])")
LAST = {"row": 1_048_576, "column": 16_384}


@dataclass(frozen=True)
class Axis:
    """Where something stands: `kind` fixed (then `value`), row, column, or inside (the indicator's heading). `at`:
    positions, zero-based; those of one group are read together (`row 3 + 4`), each group serves the cells from it
    onwards (`column A, D`: two blocks side by side)."""

    kind: str
    at: tuple[tuple[int, ...], ...] = ()
    value: object = None

    @property
    def positions(self) -> list[int]:
        return [position for group in self.at for position in group]


def of_cell(one: Finding) -> bool:
    """Whether a finding is about what one cell says, so that a correction of the cell settles it."""
    return one.rule.startswith("cells.") or one.rule in ("layout.percent", "layout.other_measure")


def is_text(text) -> bool:
    """Whether a cell holds anything."""
    return not (text is None or text == "" or text != text or isinstance(text, str) and not text.strip())


def some(texts) -> list[str]:
    """The first of some texts, and how many there are."""
    texts = list(texts)
    return texts if len(texts) <= SHOWN else [*texts[:SHOWN], f"…（{len(texts)}）"]


def _position(text: str, kind: str) -> int | None:
    if not re.fullmatch(r"\d{1,7}" if kind == "row" else "[A-Za-z]{1,3}", text):
        return None
    place = int(text) - 1 if kind == "row" else number_of(text)
    return place if 0 <= place < LAST[kind] else None


def spans(value, kind: str) -> list[tuple[int, int | None]] | None:
    """Ranges as Excel counts, zero-based; None when they cannot be read. An open range has no end.

    >>> spans("5-30, 33-", "row"), spans("B-E", "column"), spans("E-B", "column")
    ([(4, 29), (32, None)], [(1, 4)], None)
    """
    parts = value if isinstance(value, list) else re.split(r"[,，、;；]", str(value))
    found: list[tuple[int, int | None]] = []
    for part in parts:
        ends = re.split(r"[-–—−~～至:]", unicodedata.normalize("NFKC", str(part)).replace(" ", ""))
        first, last = _position(ends[0], kind), _position(ends[-1], kind)
        if len(ends) == 2 and ends[1] == "" and first is not None:
            found.append((first, None))
        elif len(ends) > 2 or first is None or last is None or last < first:
            return None
        else:
            found.append((first, last))
    return found


def positions(value, kind: str, length: int) -> list[int]:
    """The ranges of `rows` or `columns` as positions within a sheet of this length."""
    ends = [(first, length - 1 if last is None else last) for first, last in spans(value, kind) or []]
    return sorted({place for first, last in ends for place in range(first, min(last, length - 1) + 1)})


def axis(value, key: str = "") -> Axis | None:
    """What `column A`, `row 3 + 4`, `in indicator` or a fixed value says; None when its rows or columns cannot be read.

    >>> axis("row 3 + 4").at, axis("column A, D").at, axis(2021).value, axis("column ??")
    (((2, 3),), ((0,), (3,)), 2021, None)
    """
    if isinstance(value, list | dict) and not (key == "measure" and isinstance(value, dict)):
        return None
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else ""
    if key in ("year", "measure") and text.lower() in INSIDE:
        return Axis("inside")
    said = re.fullmatch(r"(?i)(rows?|columns?)\s+(.+)|()第\s*([\d+, ]+)\s*行|()([A-Z+, ]+)\s*列", text)
    if said is None:
        return Axis("fixed", value=value)
    kind = "row" if (said[1] or "").lower().startswith("row") or said[4] else "column"
    written = [group.split("+") for group in (said[2] or said[4] or said[6]).split(",")]
    read = [[_position(one.strip(), kind) for one in group] for group in written]
    groups = tuple(tuple(one for one in group if one is not None) for group in read)
    return Axis(kind, groups) if all(None not in group for group in read) else None


def axes(mapping: dict) -> dict[str, Axis]:
    """Every axis that a mapping gives."""
    read = {key: axis(mapping[key], key) for key in AXES if mapping.get(key) not in (None, "")}
    return {key: found for key, found in read.items() if found is not None}


def years_in(text: str) -> set[int]:
    """Years that a text names.

    >>> years_in("pop2005"), years_in("2021年GDP（亿元）"), years_in("10000tons")
    ({2005}, {2021}, set())
    """
    return {int(year) for year in YEAR.findall(unicodedata.normalize("NFKC", text))}


def year_in(cell) -> int | None:
    """The one year that a cell names; None when it names none or several."""
    if isinstance(cell, str):
        found = years_in(cell)
        return found.pop() if len(found) == 1 else None
    if isinstance(cell, datetime.date):
        return cell.year
    whole = isinstance(cell, int | float) and not isinstance(cell, bool) and cell in YEARS
    return int(cell) if whole else None


def without_year(text: str) -> str:
    """A heading without the year in it.

    >>> without_year("pop2005"), without_year("2021年GDP"), without_year("总人口（2021年末）")
    ('pop', 'GDP', '总人口')
    """
    bare = re.sub(YEAR.pattern + r"\s*(?:年(?:度|末|底)?)?", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"\(\s*\)|\[\s*\]", "", bare).strip(" _-,、/:")


@cache
def statuses() -> dict[str, str]:
    """Statuses by id, Chinese and English name."""
    words = files.read_csv(files.DATA / "glossary.csv").set_index("term")
    return {
        str(name).casefold(): status
        for status in reversed(STATUSES)
        for name in (status, words.at[status, "zh"], words.at[status, "en"])
    }


def offered() -> dict[str, str]:
    """The statuses that a source may have, as people know them: `known` in Chinese, `known_en` in English."""
    words = files.read_csv(files.DATA / "glossary.csv").set_index("term").loc[list(OFFERED)]
    return {"known": "、".join(words["zh"]), "known_en": ", ".join(words["en"])}


def faults(mapping: dict, grid=None) -> list[Finding]:
    """Everything that is wrong with a block: keys, ranges, axes that are missing or contradict one another, what is not
    answered, and that nobody confirmed it; with its grid also rows and columns outside the sheet."""
    place = {
        "file": grid.file if grid is not None else mapping.get("file") or mapping.get("table") or "",
        "sheet": str(mapping.get("sheet") or ""),
    }
    found = []

    def say(rule, value="", **values):
        found.append(Finding(f"layout.{rule}", **place, value=value, **values))

    for key in mapping:
        if key not in KEYS:
            say("key", key, **nearest(key, KEYS))
    given = {key for key, value in mapping.items() if value not in (None, "")}
    for key in [key for key in ("rows", "columns", *KEY) if key not in given]:
        say("missing", key)
    if "file" not in given and not {"database", "table"} <= given:
        say("missing", "file")
    for key in ("file", "database", "table"):
        if key in given and not isinstance(mapping[key], str):
            say("no_text", mapping[key], key=key)
    read = axes(mapping)
    for key in [key for key in AXES if key in given and key not in read]:
        say("axis", mapping[key], key=key)
    for key in [key for key in ("rows", "columns") if key in given and not spans(mapping[key], key[:-1])]:
        say("range", mapping[key], key=key, example="5-63" if key == "rows" else "B-E")
    _said(mapping, read, say)
    if not found:
        _contradictions(mapping, read, grid, say)
    if mapping.get("confirmed") not in YES and str(mapping.get("confirmed")).lower() not in YES:
        say("unconfirmed", mapping.get("confirmed"))
    return found


def _said(mapping, read, say) -> None:
    """Fixed values that cannot be, and questions without an answer."""
    fixed = {key: one.value for key, one in read.items() if one.kind == "fixed"}
    if "year" in fixed and year_in(fixed["year"]) is None:
        say("year", fixed["year"])
    if "status" in fixed and str(fixed["status"]).casefold() not in statuses():
        say("status", fixed["status"], **offered())
    if "region" in fixed:
        say("region_key", fixed["region"])
    if mapping.get("into", INTO[0]) not in INTO:
        say("into", mapping["into"], **nearest(mapping["into"], INTO))
    if mapping.get("others") not in (None, "", *SKIP):
        say("others", mapping["others"])
    given = fixed.get("measure")
    for text in given.values() if isinstance(given, dict) else [given] if given is not None else []:
        if not measures.several(text):
            say("measure", text, **nearest(text, measures.table()))
    names = mapping.get("names")
    if names is not None and not isinstance(names, dict):
        say("names", names)
    for text, meaning in names.items() if isinstance(names, dict) else ():
        if meaning in (None, ""):
            say("open", text)
    totals = mapping.get("totals")
    if totals is not None and not isinstance(totals, list | str):
        say("totals", totals)


def _contradictions(mapping, read, grid, say) -> None:
    """Axes on one another, inside the values, or outside the sheet; cells that nothing tells apart."""
    places = [(one.kind, spot, key) for key, one in read.items() for spot in one.positions]
    for index, (kind, spot, key) in enumerate(places):
        for kind_too, spot_too, other in places[:index]:
            if (kind, spot) == (kind_too, spot_too) and key != other:
                say("clash", _name(kind, spot), one=other, other=key)
    inside = {kind: spans(mapping[f"{kind}s"], kind) or [] for kind in ("row", "column")}
    for kind, spot, key in places:
        if any(first <= spot and (last is None or spot <= last) for first, last in inside[kind]):
            say("inside", _name(kind, spot), key=key, range=mapping[f"{kind}s"])
    if read["indicator"].kind == "fixed" and read["year"].kind == "inside":
        say("heading", mapping["indicator"])
    along = {read[key].kind for key in KEY}
    along |= {read["indicator"].kind} if "inside" in along else set()
    for kind in ("row", "column"):
        across = "column" if kind == "row" else "row"
        several = any(last is None or last > first for first, last in inside[kind]) or len(inside[kind]) > 1
        if several and across not in along:
            say("loose", mapping[f"{kind}s"], kind=f"{kind}s", axis=across)
    if grid is not None:
        size = dict(zip(("row", "column"), grid.cells.shape))
        ends = [
            (kind, end)
            for kind, ranges in inside.items()
            for pair in ranges
            for end in pair
            if end is not None and pair != (size[kind], None)  # an open range below the headings: nothing yet
        ]
        for kind, spot in dict.fromkeys([*ends, *(place[:2] for place in places)]):
            if spot >= size[kind]:
                say("outside", _name(kind, spot), last=_name(kind, size[kind] - 1))


def _name(kind: str, spot: int) -> str:
    return f"row {spot + 1}" if kind == "row" else f"column {letters_of(spot)}"
