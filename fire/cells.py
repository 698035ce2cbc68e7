"""What one cell of a table says: a number, nothing, or a fault with its fix; and days and years.

    read("1,234.5①")                                Reading(1234.5, "cells.mark", {"marks": "①", …})
    values, findings = numbers(frame["C"], place)    # a column, with every fault and repair at its place

Separators of thousands and full-width digits are typography and are read without a word. What takes a decision (a sign
for missing, 万 and 亿, a unit behind the number, a footnote mark) is read and listed; what could be read in two ways is
refused. The sentences of the rules stand in data/rules/cells.csv, the units of measurement in data/measures.csv.
"""

import csv
import datetime
import decimal
import math
import numbers as kinds
import re
import unicodedata
from collections.abc import Callable
from functools import cache, reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from fire.errors import Finding

COLUMNS = 16_384  # of a sheet, as Excel has


class Percent(float):
    """A number whose cell is formatted in per cent: 0.123, shown as 12.3%."""


def letters_of(position: int) -> str:
    """The letters of a column: 0 is A, 26 is AA.

    >>> letters_of(0), letters_of(26), letters_of(702)
    ('A', 'AA', 'AAA')
    """
    before, last = divmod(position, 26)
    return (letters_of(before - 1) if before else "") + chr(ord("A") + last)


def number_of(letters: str) -> int:
    """The position of a column: A is 0, AA is 26.

    >>> number_of("A"), number_of("aa"), number_of("AAA")
    (0, 26, 702)
    """
    return reduce(lambda before, one: 26 * before + ord(one) - ord("A") + 1, letters.upper(), 0) - 1


def address(row: int, column: int) -> str:
    """The name of a cell from its zero-based place.

    >>> address(4, 2), address(0, 702)
    ('C5', 'AAA1')
    """
    return f"{letters_of(column)}{row + 1}"


class Reading(NamedTuple):
    """`value`: the number, None where there is none. `rule`: None when the cell is a plain number or empty; else how it
    was read (missing, blanks, measure, scale, percent, mark, mark_measure) or why it is refused. `values`: of a number
    with anything beside it `written` (before its scale), `scale` (万), `suffix` (the unit of measurement that stands
    there: 元), `marks` and `number` (`value` as shown); of a missing one `sign`."""

    value: float | None
    rule: str | None
    values: dict


EMPTY = Reading(None, None, {})
MEASURES = Path(__file__).resolve().parents[1] / "data" / "measures.csv"
LONGEST = 200  # characters of a cell that may be a number

# Characters that are only another form of one on the keyboard. Circled and superscript digits are not: they are marks.
_FORMS = [*range(0xFE50, 0xFE70), *range(0xFF01, 0xFFEF)]
_LOOKS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in _FORMS
    if unicodedata.decomposition(chr(code)).split(" ")[0] in ("<wide>", "<narrow>", "<small>")
}
_LOOKS |= dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x2800], " ")
_LOOKS |= dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2212], "-") | dict.fromkeys(map(ord, "’‘ʼ"), "'")
_LOOKS |= dict.fromkeys(
    [
        0xAD,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202E),  # not 202E, which turns digits around
        *range(0x2060, 0x206A),
        0xFEFF,
        0x180E,
        0x3164,
        0xFFA0,
    ],
    "",
)

_SCALES = {
    "百": 2,
    "千": 3,
    "万": 4,
    "十万": 5,
    "百万": 6,
    "千万": 7,
    "亿": 8,
    "十亿": 9,
    "百亿": 10,
    "千亿": 11,
    "万亿": 12,
}
_SCALE = rf"(?!千[克米瓦]|[百千]分)(?:{'|'.join(sorted(_SCALES, key=len, reverse=True))})"
_CURRENCIES = {"¥": "元", "$": "美元", "€": "欧元"}
_MONEY = f"[{''.join(_CURRENCIES)}]"
_COUNTED = "[家个人户件项次元吨名位篇台辆%]"

_CIRCLED = "①-⑳⓪⑴-⒇⒜-ⓩ㉑-㉟㊱-㊿❶-➓⓫-⓴㊀-㊉㈠-㈩"
_LISTED = "[0-9]{1,2}|[A-Za-z]|注[0-9]{0,2}"
_MARK = rf"(?:[{_CIRCLED}]|\[(?:{_LISTED})\]|【(?:{_LISTED})】|〔(?:{_LISTED})〕|[*†‡§※★☆])"
_BEHIND = rf"(?:{_MARK}|\((?:[1-9]|1[0-9]|20|[A-Za-z]|注[0-9]{{0,2}})\)|#|注(?:[0-9]{{1,2}}|[{_CIRCLED}])?)"
_MARKS_BEFORE = re.compile(rf"(?:{_MARK}\s*)+")
_MARKS_BEHIND = re.compile(rf"(?:\s*{_BEHIND})+$")
_NUMBER = re.compile(
    rf"(?P<sign>[+-])?(?:(?P<money>{_MONEY})\s*)?(?(sign)|(?P<later>[+-]?))"
    r"(?P<body>[1-9][0-9]{0,2}(?P<mark>[,' ])[0-9]{3}(?:(?P=mark)[0-9]{3})*(?![0-9])(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE](?P<power>[+-]?[0-9]{1,9}))?"
)
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?").fullmatch  # what needs no second look
_GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,15})?").fullmatch

_MISSING = re.compile(
    r"n/?a|n\.a\.?|nan|nat|null|none|nil|missing|<na>|\\n|缺|缺失|缺测|缺数|暂缺|空缺|数据缺失|无|暂无|(?:暂)?无数据|空值?"
    r"|未(?:公布|公开|披露|发布|统计|知)|不[详明]|不适用"
)
_SIGNS = re.compile(r"[-—―─_]{1,6}|\.{1,6}|…{1,3}|⋯{1,3}|/{1,2}|\\|\*{1,3}|#")

_NUMERALS = "零〇一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟"
_LOOSE = r"[0-9][0-9,.']*"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_FAULTS = {  # why a text is no number: the first that fits
    "excel_error": r"#(?:div/0!?|n/a.*|(?:ref|value|num|null|spill|calc|field|blocked|unknown|connect|busy|python|external)!"
    r"|name\?|getting_data)|err:[0-9]+",
    "narrow": r"#{2,}",
    "formula": r"=.*",
    "logical": "true|false|是|否|真|假",
    "superscript": r".*[0-9.,)%]\s*[⁰¹²³⁴-⁹⁺-ⁿ₀-₉ᵃ-ᵛ].*",
    "date": r"[0-9]{4}\s*年度?|[0-9]{4}[-/.年]\s*(?:0?[1-9]|1[0-2])(?:[-/.月]\s*[0-9]{1,2}日?(?:[ t][0-9:.]+)?|月)?"
    r"|[0-9]{1,2}月(?:[0-9]{1,2}日)?|[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{2,4}"
    rf"|[0-9]{{1,4}}[- /](?:{_MONTHS})[a-z]*(?:[- /][0-9]{{2,4}})?|(?:{_MONTHS})[a-z]*[- /][0-9]{{1,4}}",
    "time": r"[0-9]+[:：][0-9]{1,2}(?:[:：][0-9.]+)?|[0-9]{1,2}[点时](?:[0-9]{1,2}分)?",
    "fraction": r"[+-]?[0-9]+\s*/\s*[0-9]+|.*[¼-¾⅐-⅟↉].*",
    "hex": r"[+-]?0x[0-9a-f]+",
    "accounting": rf"[+-]?{_MONEY}?\s*\(\s*{_MONEY}?\s*-?[0-9.][^()]*\)%?|[▲△▼▽]\s*{_LOOSE}.*|{_LOOSE}\s*-",
    "range": rf"[+-]?{_LOOSE}\s*(?:%|{_SCALE})?\s*[^0-9]{{0,4}}?(?:[-~—―─〜]{{1,2}}|至|到|to)\s*[+-]?{_LOOSE}.*",
    "about": rf"(?=.*[0-9{_NUMERALS}])(?:(?:大?约|近|将近|接近|超过?|逾|不足|不到|不超过|至少|至多|最多|大于|小于|高于|低于|少于|多于"
    r"|[<>≥≤≧≦≈~±]|about|approx|ca\b|over|under)"
    rf".*|.*(?:左右|以上|以下|以内|上下|[多余许来+](?:{_SCALE})?{_COUNTED}{{0,2}}))",
    "dash": rf"[+-]?[-—―─]+\s*{_MONEY}?\s*[0-9.].*",
    "numeral": rf"[负正]?[{_NUMERALS}]+(?:[点分之][{_NUMERALS}分之]+)?{_COUNTED}{{0,2}}",
    "size": r"[+-]?(?:inf(?:inity)?|∞|无穷大?)",
    "points": r"[+-]?[0-9]*(?:\.[0-9]*){2,}[^0-9]*",
    "comma": rf"[+-]?{_MONEY}?\s*[0-9.][0-9,.'、。·_ ]*[,'、。·_][0-9,.'、。·_ ]*[^0-9]*",
    "words": rf"[^0-9]*[+-]?{_LOOSE}[^0-9]*",
    "two": r".*[0-9].*",
}
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?", re.ASCII
)
_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_YEAR = re.compile(r"(\d{4})(?:\.0+)?\s*(?:年度?)?", re.ASCII)


def read(cell) -> Reading:
    """What a cell says, as a number of its own unit, without scale: 1.2亿元 is 1.2e8 元, 12.3% is 12.3 %.

    >>> read("1.2亿元").value, read("1,234①").value, read("—").rule, read("10³").rule
    (120000000.0, 1234.0, 'cells.missing', 'cells.superscript')
    """
    if isinstance(cell, str):
        return _text(cell)
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return EMPTY
    if isinstance(cell, (bool, np.bool_)):
        return _refused("logical")
    if isinstance(cell, (kinds.Real, decimal.Decimal)):
        return _number(cell)
    if isinstance(cell, (datetime.date, np.datetime64, pd.Period)):
        return EMPTY if pd.isna(cell) else _refused("date")
    if isinstance(cell, (datetime.time, datetime.timedelta, np.timedelta64)):
        return EMPTY if pd.isna(cell) else _refused("time")
    return _refused("text")


def numbers(cells: pd.Series, place: Callable[[int], dict]) -> tuple[pd.Series, list[Finding]]:
    """A column as floats (missing and refused cells as NaN, index and name kept), and what was found, in order.

    `place(position)`: where a cell stands, as Finding takes it (file, sheet, row, column, cell).
    """
    if pd.api.types.is_float_dtype(cells.dtype) or pd.api.types.is_integer_dtype(cells.dtype):
        values = cells.to_numpy(dtype=float, na_value=np.nan, copy=True) + 0.0
        endless = np.isinf(values).nonzero()[0].tolist()
        texts = cells.tolist() if endless else []
        values[endless], found = np.nan, [(position, _refused("size")) for position in endless]
    else:
        texts = cells.tolist()
        values, found = _each(texts)
    findings = [
        Finding(reading.rule, **place(position), value=_shown(texts[position]), **reading.values)
        for position, reading in found
    ]
    return pd.Series(values, index=cells.index, name=cells.name), findings


def day(cell):
    """A day of the calendar as people and Excel write it; missing when it is none. The serial numbers of Excel are not guessed.

    >>> day("2023/5/18"), day("２０２３年５月１８日"), day(20230518), day("2023-13-40"), day(45064)
    (Timestamp('2023-05-18 00:00:00'), Timestamp('2023-05-18 00:00:00'), Timestamp('2023-05-18 00:00:00'), NaT, NaT)
    """
    if isinstance(cell, (datetime.date, np.datetime64)) and not pd.isna(cell):
        stamp = pd.to_datetime(cell, errors="coerce")
        return stamp if pd.isna(stamp) else stamp.tz_localize(None).normalize()
    text = _whole(cell)
    found = _DAY.fullmatch(text) or _DIGITS.fullmatch(text)
    return pd.to_datetime("-".join(found.groups()), errors="coerce", format="%Y-%m-%d") if found else pd.NaT


def year(cell) -> int | None:
    """A whole year of four digits, of the number, the text (2021年, 2021年度) or the day in a cell; None when it is none.

    >>> year("2021年度"), year(2021.0), year("2021/12/31"), year(21), year(2021.5)
    (2021, 2021, 2021, None, None)
    """
    found = _YEAR.fullmatch(_whole(cell))
    whole = int(found[1]) if found else day(cell).year
    return int(whole) if 1800 <= whole < 2200 else None


def _whole(cell) -> str:
    """A text in plain characters, or a whole number written out; else nothing."""
    if isinstance(cell, kinds.Real) and not isinstance(cell, (bool, np.bool_, Percent)):
        number = _number(cell).value
        return f"{int(number)}" if number is not None and number.is_integer() and abs(number) < 1e9 else ""
    return _plain(cell) if isinstance(cell, str) else ""


def _refused(rule: str, **values) -> Reading:
    return Reading(None, f"cells.{rule}", values)


def _plain(text: str) -> str:
    """A text in the characters of the keyboard, without invisible ones and blanks around it."""
    return text.strip() if text.isascii() else text.translate(_LOOKS).strip()


def _shown(cell) -> str:
    return " ".join(str(cell)[: 2 * LONGEST].split())


def _each(cells: list) -> tuple[np.ndarray, list[tuple[int, Reading]]]:
    """The number in each cell, and the readings that have a rule, by position. The same text is read once."""
    values, found, known = np.full(len(cells), np.nan), [], {}
    for position, cell in enumerate(cells):
        kind = type(cell)
        if kind is float and math.isfinite(cell) or kind is str and _PLAIN(cell):
            values[position] = float(cell) + 0.0
            continue
        if kind is str and _GROUPED(cell):
            values[position] = float(cell.replace(",", ""))
            continue
        reading = known.get(cell) if kind is str else read(cell)
        if reading is None:
            reading = known[cell] = read(cell)
        if reading.value is not None:
            values[position] = reading.value
        if reading.rule is not None:
            found.append((position, reading))
    return values, found


def _number(cell) -> Reading:
    """A cell that holds a number."""
    try:
        value = float(cell)
    except (OverflowError, ValueError):  # more than a float holds, a signalling NaN
        return _refused("size")
    if math.isnan(value):
        return EMPTY
    if math.isinf(value):
        return _refused("size")
    if not isinstance(cell, Percent):
        return Reading(value + 0.0, None, {})
    hundredfold = _float(repr(value), 2)  # 0.07 is 7, not 7.000000000000001
    return (
        _refused("size") if hundredfold is None else _listed("percent", hundredfold, hundredfold, "", "%", "")
    )


def _text(cell: str) -> Reading:
    """A cell that holds a text."""
    text = _plain(cell)
    if not text:
        return EMPTY
    if len(text) > LONGEST:
        return _refused("text")
    if reading := _valued(text, ""):
        return reading
    if not _missing(text):
        text, marks = _unmarked(text)
        if marks and (reading := _valued(text, marks)):
            return reading
        if _SIGNS.fullmatch(text) and "(" in marks:  # -(5) is a negative number
            return _refused("accounting")
    if _missing(text):
        return Reading(None, "cells.missing", {"sign": " ".join(cell.split())})
    return _fault(_plain(cell))


def _valued(text: str, marks: str) -> Reading | None:
    """A text that is a number, with 万 or 亿 and a unit of measurement or without; None when it is something else."""
    found = _NUMBER.match(text)
    if not found:
        return None
    scale, unit, money = "", "", _CURRENCIES.get(found["money"], "")
    if rest := text[found.end() :]:
        behind = _behind().fullmatch(unicodedata.normalize("NFKC", rest))
        scale, unit = (behind["scale"] or "", behind["unit"] or "") if behind else ("", "")
        if not behind or unit and money or unit == "年" and len(found["body"]) == 4:
            return None
    minus = "-" if "-" in (found["sign"], found["later"]) else ""
    digits, power = minus + re.sub("[,' ]", "", found["body"]), int(found["power"] or 0)
    value, written = _float(digits, power + _SCALES.get(scale, 0)), _float(digits, power)
    if value is None or written is None:
        return _refused("size")
    unit = unit or money
    rule = (
        ("mark_measure" if scale or unit else "mark")
        if marks
        else "scale"
        if scale
        else "measure"
        if unit
        else ""
    )
    if rule or found["mark"] == " ":
        return _listed(rule or "blanks", value, written, scale, unit, marks)
    return Reading(value, None, {})


def _listed(rule: str, value: float, written: float, scale: str, suffix: str, marks: str) -> Reading:
    beside = {"written": written, "scale": scale, "suffix": suffix, "marks": marks}
    return Reading(value, f"cells.{rule}", beside | {"number": f"{value:,.15g}"})


def _missing(text: str) -> bool:
    word = "".join(text.lower().split())
    return bool(_SIGNS.fullmatch(word) or _MISSING.fullmatch(word.strip("()[]【】“”\"'")))


def _unmarked(text: str) -> tuple[str, str]:
    """A text without its footnote marks, and these."""
    before, behind = _MARKS_BEFORE.match(text), _MARKS_BEHIND.search(text)
    bare = text[before.end() if before else 0 : behind.start() if behind else None]
    marks = (before[0] if before else "") + (behind[0] if behind else "")
    return bare.strip(), "".join(marks.split())


@cache
def _behind() -> re.Pattern:
    """What may stand behind a number: 万 or 亿, and a unit of measurement of data/measures.csv; a share has no scale."""
    words: dict[bool, set[str]] = {True: set(), False: set()}
    with MEASURES.open(encoding="utf-8-sig", newline="") as lines:
        for line in csv.DictReader(lines):
            for name in (unicodedata.normalize("NFKC", line[key]) for key in ("zh", "en")):
                if line["kind"] != "scale" and not re.search(f"[ 日]|^{_SCALE}.", name):
                    words[line["kind"] in ("share", "index")].add(name)
    shares, units = (
        "|".join(map(re.escape, sorted(words[kind], key=len, reverse=True))) for kind in (True, False)
    )
    return re.compile(
        rf"\s*(?P<scale>{_SCALE}(?!\s*(?:{shares})))?\s*(?P<unit>{shares}|{units})?", re.IGNORECASE
    )


def _float(digits: str, power: int) -> float | None:
    """A decimal number times a power of ten, rounded once; None when a float does not hold it."""
    mantissa, _, own = digits.partition("e")
    value = float(f"{mantissa}e{int(own or 0) + power}")
    lost = math.isinf(value) or (value == 0 and mantissa.strip("-0."))
    return None if lost else value + 0.0


@cache
def _faults() -> dict[str, re.Pattern]:
    return {rule: re.compile(text, re.IGNORECASE | re.DOTALL) for rule, text in _FAULTS.items()}


def _fault(text: str) -> Reading:
    """Why a text is no number."""
    odd = next((sign for sign in text if not sign.isascii() and unicodedata.category(sign) == "Nd"), None)
    if odd or re.search("[Ⅰ-ↈ]", text):
        return _refused("script")
    rule = next((name for name, pattern in _faults().items() if pattern.fullmatch(text)), "text")
    if rule != "words":
        return _refused(rule)
    return _refused(rule, suffix=" ".join(re.sub(rf"[+-]?{_LOOSE}", " ", text).split()))
