"""Units of measurement: what 万元, 亿元, % or 万人 in a file is worth in the unit of the specification."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from fire import files

PATH = files.DATA / "measures.csv"
BRACKETS = re.compile(r"[(\[【〔{]([^()\[\]【】〔〕{}]*)[)\]】〕}]")
BEHIND = re.compile(r"[/,，、_:：;；\s-]+([^/,，、_:：;；\s-]+)$")
LINE = re.compile(r"(?:计量单位|单位|units?|measure)\s*[:：]\s*(.+?)\s*[)\]】〕]?\s*$", re.IGNORECASE)
SUMMED = ("amount", "people", "count", "quantity")  # kinds whose total is a sum
ANY = "个"  # counts whatever there is: 家, 件, 次 …


@dataclass(frozen=True)
class Measure:
    """`name` as in a file, `base` what it counts, `factor` how many of the base, `kind`: amount, people, count, share,
    index, quantity, or scale (万, 亿: a number alone, of whatever the table is in)."""

    name: str
    base: str
    factor: float
    kind: str


def plain(text) -> str:
    """A text as it is compared: width-normalised, without blanks around it or inside Chinese words.

    >>> plain(" 城　市 "), plain("GDP  per head（元）")
    ('城市', 'GDP per head(元)')
    """
    text = " ".join(unicodedata.normalize("NFKC", str(text)).split())
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


@cache
def table() -> dict[str, Measure]:
    """Every unit of measurement of data/measures.csv by its Chinese and its English name."""
    found = {}
    for line in files.read_csv(PATH).fillna("").to_dict("records"):
        one = Measure(line["zh"], line["base"], float(line["factor"]), line["kind"])
        found.setdefault(one.name, one)
        found.setdefault(line["en"].casefold(), one)
    return found


@cache
def find(text: str) -> Measure | None:
    """The unit of measurement that a text names, also with a number word before it; None when it names none.

    >>> find("百万元").factor, find("万件").base, find("％").kind, find("亿").kind, find("城市")
    (1000000.0, '件', 'share', 'scale', None)
    """
    text = plain(text).casefold().strip("()[]【】:： ")
    if text in table():
        return table()[text]
    for cut in (2, 1):
        scale, base = table().get(text[:cut]), table().get(text[cut:])
        if scale and base and scale.kind == "scale" and base.kind not in ("scale", "share", "index"):
            return Measure(text, base.base, scale.factor * base.factor, base.kind)
    return None


def several(text) -> list[Measure]:
    """The units of measurement in a text such as `亿元、万人`; empty when a part of it is none."""
    whole = find(str(text))
    parts = [whole] if whole else [find(part) for part in re.split(r"[、,，;；]|\s+", plain(text)) if part]
    return [part for part in parts if part] if all(parts) else []


def convert(values, of: Measure, to: Measure):
    """Numbers in `of` as numbers in `to`; None when one is not the other.

    >>> convert(12345.0, find("万元"), find("亿元")), convert(1.0, find("亿元"), find("人"))
    (1.2345, None)
    >>> convert(1.2, find("亿"), find("万元"))
    12000.0
    """
    counts = of.kind == to.kind == "count" and ANY in (of.base, to.base)
    if not (of.base == to.base or counts or of.kind == "scale"):  # 1.2亿 in a table of amounts: 亿元
        return None
    return values * (of.factor / to.factor) if of.factor >= to.factor else values / (to.factor / of.factor)


def of_heading(text: str) -> tuple[str, list[Measure]]:
    """A heading without its unit of measurement, and that unit.

    >>> name, measure = of_heading("GDP（亿元）")
    >>> name, measure[0].name
    ('GDP', '亿元')
    """
    text = plain(text)
    for inside in BRACKETS.finditer(text):
        found = several(LINE.sub(r"\1", inside[1]))
        if found:
            return plain(text[: inside.start()] + text[inside.end() :]), found
    behind = BEHIND.search(text)
    found = several(behind[1]) if behind and not re.fullmatch("[A-Za-z]+", behind[1]) else []
    return (text[: behind.start()], found) if behind and found and found[0].kind != "scale" else (text, [])


def of_line(text) -> list[Measure]:
    """The units of measurement of a line above or below a table, such as `单位：亿元`."""
    line = LINE.search(plain(text)) if isinstance(text, str) else None
    return several(line[1]) if line else []
