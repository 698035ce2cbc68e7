"""A mapping detected from a table: where its cities, years and indicators stand. A proposal is never applied: somebody
checks it, answers what is open, and confirms it."""

import re
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import yaml

from fire import cells
from fire.errors import Finding, rules
from fire.grids import Grid
from fire.intake import measures
from fire.intake.layout import cut, filled
from fire.intake.mapping import axis, is_text, letters_of, statuses, without_year, year_in, years_in
from fire.sources import names

WORDS = {  # headings that say what a column holds
    "unit": "城市 城市名称 城市名 地区 地区名称 地市 市 市州 市名 省份 省市 省 国家 名称 city unit region province country name area",
    "year": "年份 年度 年 时间 统计年份 数据年份 year time",
    "indicator": "指标 指标名称 指标代码 项目 变量 indicator variable series item",
    "value": "数值 值 数据 指标值 取值 value figure",
    "measure": "单位 计量单位 measure unitofmeasure uom",
    "status": "状态 数据性质 性质 status",
    "source": "来源 数据来源 资料来源 出处 source",
    "aside": "序号 编号 代码 行政区划代码 区划代码 城市代码 地区代码 排名 位次 备注 注 说明 no. no id code adcode rank note notes remark",
}
HEADS = {word: kind for kind, words in WORDS.items() for word in words.split()}
TABLE_NUMBER = re.compile(r"^\s*(?:(?:续?表|table)\s*)?\d+(?:[-–—.]\d+)*[\s、.:：]*", re.IGNORECASE)
BEFORE = re.compile(r"^\s*(?:指标|项目|indicator)\s*[:：]\s*", re.IGNORECASE)
LOOK = 300  # rows and columns looked at to tell where the cities stand
SAMPLE = 60  # cells looked at to tell what a column holds
MANY = 12  # unknown headings: more are left out when others are known
LONG = 200  # characters of a heading that is no name
FEW = 5  # unknown cities like no known one: more are left out together


class Proposal(dict):
    """A mapping with what is said beside its keys: `hints` by key, for `names` by text."""

    def __init__(self, *args, **items):
        super().__init__(*args, **items)
        self.hints: dict = {}


class View:
    """A grid seen so that the cities stand one below the other."""

    def __init__(self, grid: Grid, down: bool):
        raw, full = grid.cells.to_numpy(dtype=object), filled(grid)
        self.raw, self.full, self.down = (raw, full, True) if down else (raw.T, full.T, False)

    def column(self, *places: int) -> str:
        """How a mapping names key columns, one for each block."""
        return _axis("column" if self.down else "row", [(place,) for place in places])

    def row(self, *groups: tuple) -> str:
        """How a mapping names heading rows."""
        return _axis("row" if self.down else "column", groups)


def propose(
    grid: Grid, units: names.Roster, indicators: names.Roster, statistics: names.Roster | None = None
) -> tuple[Proposal | None, list[Finding]]:
    """The mapping that a table seems to have; or None and the finding that says why: no cities, or no numbers beside them.
    With `statistics` (the city statistics) its headings may be those, `into: statistics`."""
    place = {"file": grid.file, "sheet": grid.sheet or ""}
    raw = grid.cells.to_numpy(dtype=object)
    if raw.size == 0:
        return None, [Finding("layout.no_units", **place)]
    known = _known(raw[:LOOK, :LOOK], units)
    columns = [len({one for one in known[:, at] if one}) for at in range(known.shape[1])]
    rows = [len({one for one in known[at] if one}) for at in range(known.shape[0])]
    heading = np.argwhere(_heads(raw[:LOOK, :LOOK]) == "unit").tolist()[:1]
    if not max(columns) and not heading:
        return None, [Finding("layout.no_units", **place)]
    down = (
        max(columns) > max(rows)
        or max(columns) == max(rows)
        and _beside(raw, known) >= _beside(raw.T, known.T)
    )
    view = View(grid, down)
    known = known if down else known.T
    keys = _key_columns(view, known) or [heading[0][1]]
    known = _known(view.raw[:, keys], units)
    first, last = _data_rows(view, known, keys, below=heading[0][0] if heading else -1)
    if first is None:
        return None, [Finding("layout.no_values", **place)]
    return _Guess(grid, view, keys, first, last, units, indicators, statistics).mapping()


class _Guess:
    """What the parts of a table seem to be, given where its cities stand."""

    def __init__(self, grid, view, keys, first, last, units, indicators, statistics):
        self.grid, self.view, self.keys, self.first, self.last = grid, view, keys, first, last
        self.units, self.rosters = units, [one for one in (indicators, statistics) if one is not None]
        self.breaks = self._breaks()
        self.data = [row for row in range(first, last + 1) if row not in self.breaks]
        self.there = [at for at in range(view.raw.shape[1]) if at not in keys and self._cells(at)]
        self.heads = self._heading_rows()
        self.kinds = {at: self._kind(at) for at in self.there}
        self.values = [at for at in self.there if self.kinds[at] == "value"]
        named = [at for at in self.values if self._word(at) == "value"]
        if self._of("indicator") and named:
            self.values = named

    def _cells(self, at: int) -> list:
        return list(islice((one for one in self.view.raw[self.data, at] if is_text(one)), SAMPLE))

    def _breaks(self) -> list[int]:
        """Rows within the data that repeat the heading (续表)."""
        texts = self.view.raw[self.first : self.last + 1, self.keys[0]]
        return [
            self.first + place
            for place, text in enumerate(texts)
            if isinstance(text, str) and self.units.find(text) is None and HEADS.get(_word(text)) == "unit"
        ]

    def _heading_rows(self) -> list[int]:
        """The rows above the data that say something about the columns, the lowest first; titles end them."""
        found: list[int] = []
        for row in range(self.first - 1, -1, -1):
            line = {
                at: text
                for at, text in enumerate(self.view.raw[row])
                if is_text(text) and not measures.of_line(text)
            }
            beside = [at for at in line if at in self.there]
            if not line and not any(is_text(text) for text in self.view.full[row, self.there]):
                if found:
                    break
                continue
            if len(line) == 1 and beside and found:
                text = next(iter(line.values()))
                if not any(self._finds(text, roster) for roster in self.rosters):
                    break
            if not beside and not found:  # 东部地区, between the headings and the first city
                continue
            if not beside and not self._spans(row):
                break
            found.append(row)
        return found

    def _spans(self, row: int) -> bool:
        """Whether merged ranges bring several texts into a row."""
        return len({text for text in self.view.full[row, self.there] if is_text(text)}) > 1

    def _word(self, at: int) -> str | None:
        """What the headings of a column say that it holds."""
        words = [HEADS.get(_word(self.view.full[row, at])) for row in self.heads]
        return next((word for word in words if word), None)

    def _kind(self, at: int) -> str:
        """What a column holds: value, year, indicator, measure, status, source or aside."""
        texts, word = self._cells(at), self._word(at)
        if word and word != "unit":
            return word
        numeric = [one for one in texts if _number(one) is not None]
        if all(_whole_year(one) for one in texts) and not any(
            is_text(self.view.full[row, at]) for row in self.heads
        ):
            return "year"
        if numeric and len(numeric) * 2 >= sum(not _missing(one) for one in texts):
            return "value"
        if all(_missing(one) for one in texts):
            return "value"
        if all(str(one).casefold().strip() in statuses() for one in texts):
            return "status"
        if all(measures.several(one) for one in texts):
            return "measure"
        if any(sum(self._finds(one, roster) for one in texts) * 2 >= len(texts) for roster in self.rosters):
            return "indicator"
        return "aside"

    def _of(self, kind: str) -> list[int]:
        """Columns of a kind: one for each block of cities, or the first."""
        found = [at for at in self.there if self.kinds[at] == kind]
        return found if len(found) == len(self.keys) else found[:1]

    def _finds(self, text, roster) -> bool:
        return is_text(text) and roster.find(cut(text, roster, {})[0]) is not None

    # ---- the mapping

    def mapping(self) -> tuple[Proposal | None, list[Finding]]:
        place = {"file": self.grid.file, "sheet": self.grid.sheet or ""}
        if not self.values:
            return None, [Finding("layout.no_values", **place)]
        guess = Proposal(file=Path(self.grid.file).name)
        if self.grid.sheet:
            guess["sheet"] = self.grid.sheet
        guess |= {
            "rows": "",
            "columns": "",
            "unit": self.view.column(*self.keys),
            "indicator": None,
            "year": None,
        }
        lines = self._lines()
        title = self._title()
        for kind in ("indicator", "year", "measure", "status", "source"):
            if self._of(kind):
                guess[kind] = self.view.column(*self._of(kind))
        self._years(guess, lines, title)
        texts, rows = self._headings(guess, lines)
        roster = self._roster(texts, title)
        if len(self.rosters) > 1 and roster is self.rosters[1]:
            guess["into"] = "statistics"
        if guess["indicator"] is None:
            self._from_title(guess, title, roster)
        if guess["year"] is None:
            guess.hints["year"] = _say("which_year")
        self._measure(guess, lines, title)
        self._measures_apart(guess, texts, rows, roster)
        self._names(guess, texts, rows, roster, title)
        self._ranges(guess)
        guess["confirmed"] = False
        order = [
            "file",
            "sheet",
            "rows",
            "columns",
            "unit",
            "indicator",
            "year",
            "measure",
            "status",
            "source",
        ]
        order += ["names", "others", "into", "totals", "confirmed"]
        tidy = Proposal({key: guess[key] for key in order if key in guess})
        tidy.hints = guess.hints
        return tidy, []

    def _lines(self) -> dict[int, str]:
        """What each heading row says: year, measure or text."""
        found = {}
        for row in self.heads:
            texts = [text for text in self.view.full[row, self.values] if is_text(text)]
            if not texts:
                continue
            if sum(_whole_year(text) for text in texts) * 5 >= len(texts) * 4:
                found[row] = "year"
            elif all(measures.several(text) for text in texts):
                found[row] = "measure"
            else:
                found[row] = "text"
        return found

    def _around(self) -> list[int]:
        """Rows above and below the data."""
        below = range(self.last + 1, min(len(self.view.raw), self.last + LOOK))
        return [*range(self.first), *self.breaks, *below]

    def _title(self) -> list[str]:
        """Texts around the table, with the names of sheet and file."""
        around = [row for row in self._around() if row not in self.heads]
        texts = [text for row in around for text in self.view.raw[row] if isinstance(text, str)]
        aside = [at for at in range(self.view.raw.shape[1]) if at not in self.there and at not in self.keys]
        texts += [text for at in aside for text in self.view.raw[:LOOK, at] if isinstance(text, str)]
        return [*dict.fromkeys(texts), self.grid.sheet or "", Path(self.grid.file).stem]

    def _years(self, guess, lines, title) -> None:
        """Where the years stand: a heading row, the headings of the indicators, the title."""
        if guess["year"] is not None:
            return
        rows = [row for row, kind in lines.items() if kind == "year"]
        if rows:
            guess["year"] = self._row(rows[0])
            return
        texts = [
            text for row, kind in lines.items() if kind == "text" for text in self.view.full[row, self.values]
        ]
        with_year = sum(isinstance(text, str) and len(years_in(text)) == 1 for text in texts)
        if texts and not self._of("indicator") and with_year * 2 >= len(texts):
            guess["year"] = "in indicator"
            return
        said = [years_in(text) for text in title if not names.is_note(text)]
        said = [years for years in said if len(years) == 1]
        if said and len(set.union(*said)) == 1:
            guess["year"] = said[0].pop()
            guess.hints["year"] = _say("year_title")

    def _row(self, *rows: int) -> str:
        """A heading row, with those that take its place further down."""
        groups = [tuple(sorted(rows))]
        if len(self.heads) == 1:
            groups += [(row,) for row in self.breaks if not self._same_heads(row)]
        return self.view.row(*groups)

    def _same_heads(self, row: int) -> bool:
        return all(self.view.full[row, at] == self.view.full[self.heads[0], at] for at in self.values)

    def _headings(self, guess, lines) -> tuple[dict[int, str], list[int]]:
        """The text that names the indicator of each value column (or of each key), and the heading rows they come from."""
        if self._of("indicator"):
            at = self._of("indicator")[0]
            texts = [text for text in self.view.full[self.data, at] if is_text(text)]
            return dict(enumerate(dict.fromkeys(map(str, texts)))), []
        rows = sorted(row for row, kind in lines.items() if kind == "text")
        if not rows:
            return {}, []
        years = [row for row, kind in lines.items() if kind == "year"]
        fill = {row: self._spread(row, outer=len(rows) > 1 or bool(years)) for row in rows}
        options = [[row] for row in rows] + ([rows] if len(rows) > 1 else [])
        best = max(options, key=lambda option: self._rank(option, fill, years))
        guess["indicator"] = self._row(*best)
        return {at: text for at in self.values if (text := self._joined(best, fill, at))}, best

    def _rank(self, option, fill, years) -> tuple:
        """Heading rows are the better the more values they tell apart, and the more of them are known."""
        texts = [self._joined(option, fill, at) for at in self.values]
        keys = {
            (text, *(str(self.view.full[row, at]) for row in years)) for text, at in zip(texts, self.values)
        }
        blocks = len(self.keys)
        known = max(sum(self._finds(text, roster) for text in texts if text) for roster in self.rosters)
        return len(keys) * blocks >= len(self.values), known, len(keys), -len(option)

    def _spread(self, row: int, outer: bool) -> dict:
        texts, last, found = self.view.full[row], None, {}
        for at in range(self.view.raw.shape[1]):
            if at in self.keys:
                last = None
            elif is_text(texts[at]):
                last = texts[at]
            found[at] = last if outer else texts[at]
        return found

    def _joined(self, rows, fill, at: int) -> str:
        return "/".join(dict.fromkeys(str(fill[row][at]) for row in rows if is_text(fill[row][at])))

    def _roster(self, texts, title) -> names.Roster:
        """Indicators or city statistics, whichever more of the headings are. Both know 地区生产总值: it is the statistic,
        unless the table calls it by the indicator's own id or label."""
        said = list(texts.values())
        found = [sum(self._finds(text, roster) for text in said) for roster in self.rosters]
        if not any(found):
            said = title
            found = [sum(bool(_within(text, roster)) for text in said) for roster in self.rosters]
        plain, *others = self.rosters
        own = {word for one, name in plain.names.items() for word in (one, *name.split())}
        if not others or found[0] > found[1] or not found[1] or found[0] == found[1] and own & set(said):
            return plain
        return others[0]

    def _from_title(self, guess, title, roster) -> None:
        """The indicator of a whole table, from its title."""
        found = [ids for text in title if len(ids := _within(text, roster)) == 1]
        if found:
            guess["indicator"] = next(iter(found[0]))
            guess.hints["indicator"] = _say("indicator_title")
        else:
            near = dict.fromkeys(
                one for text in title for one in [*_within(text, roster), *roster.near(_topic(text))]
            )
            guess.hints["indicator"] = _say("which_indicator") + _near(roster, near)

    def _measure(self, guess, lines, title) -> None:
        """The unit of measurement of the whole table, or the heading row that gives it."""
        if guess.get("measure") is not None:
            return
        rows = [row for row, kind in lines.items() if kind == "measure"]
        if rows:
            guess["measure"] = self._row(rows[0])
            return
        around = [text for row in self._around() for text in self.view.raw[row]] + title
        lines_read = [found for text in around if isinstance(text, str) and (found := measures.of_line(text))]
        if not lines_read and "indicator" in guess.hints:
            lines_read = [found for text in title if (found := measures.of_heading(text)[1])]
        said = {"、".join(one.name for one in found) for found in lines_read}
        if len(said) == 1:
            guess["measure"] = said.pop()

    def _measures_apart(self, guess, texts, rows, roster) -> None:
        """A unit of measurement for each indicator, where headings above it say other ones than the whole table."""
        whole, found, apart = guess.get("measure"), {}, False
        at_rows = isinstance(whole, str) and (found_at := axis(whole, "measure")) and found_at.kind != "fixed"
        if not rows or at_rows:
            return
        for at, text in texts.items():
            above = [
                measures.of_heading(str(self.view.full[row, at]))[1] for row in self.heads if row not in rows
            ]
            name, own = cut(text, roster, {})
            said = own or next((one for one in above if one), [])
            apart |= bool(said) and (not own or bool(whole)) and said[0].name != whole
            measure, one = said[0].name if said else whole, roster.find(name)
            if one and measure and found.setdefault(one, measure) != measure:
                return
        if apart and found:
            several = len(set(found.values())) > 1 or len(found) < len(set(texts.values()))
            named = {roster.label(one)[0]: measure for one, measure in found.items()}
            guess["measure"] = named if several else next(iter(found.values()))

    def _names(self, guess, texts, rows, roster, title) -> None:
        """Texts that nobody knows, each to be answered, with likely answers beside."""
        asked: dict[str, list[str]] = {}
        unknown = {at: text for at, text in texts.items() if not self._finds(text, roster)}
        many = len(set(unknown.values())) > MANY and len(unknown) < len(texts)
        left = {at for at, text in unknown.items() if many or len(text) > LONG}
        if rows and len(left) < len(texts):
            self.values = [at for at in self.values if at not in left]
            unknown = {at: text for at, text in unknown.items() if at not in left}
        topic = [one for text in title for one in _within(text, roster)]
        answers = {}
        for text in dict.fromkeys(unknown.values()):
            name = cut(text, roster, {})[0]
            chinese = re.sub(r"\s*[\x00-\x7f]+$", "", name)  # 地区生产总值 Gross Regional Product
            if chinese and (answer := roster.find(chinese)) is not None:
                answers[str(name)] = answer
                continue
            asked[str(name)] = list(dict.fromkeys([*roster.near(name), *topic]))[:3]
        hints = {text: _say("which_indicator") + _near(roster, near) for text, near in asked.items()}
        texts = {}
        for at in self.keys:
            for row, text in zip(self.data, self.view.full[self.data, at]):
                if isinstance(text, str) and text not in texts and self._has_numbers(row, at):
                    texts[text] = None
        totals = [text for text in texts if self.units.find(text) is None and names.is_total(text)]
        if totals:
            guess["totals"] = totals
        strange = [
            text
            for text in texts
            if text not in totals and self.units.find(text) is None and self.units.read(text).rule is None
        ]
        strange = [
            text
            for text in strange
            if not names.is_note(text) and len(text) <= 80 and names.plain(text) not in self.units.apart
        ]
        near_of = {text: self.units.near(text) for text in strange}
        far = [text for text in strange if not near_of[text]]
        if len(far) > FEW:
            guess["others"] = "skip"
            guess.hints["others"] = _say("others")
        for text in strange:
            if near_of[text] or len(far) <= FEW:
                asked[text] = near_of[text]
                hints[text] = _say("which_unit") + _near(self.units, near_of[text])
        if asked or answers:
            guess["names"] = answers | dict.fromkeys(asked)
            guess.hints["names"] = hints

    def _has_numbers(self, row: int, key: int) -> bool:
        after = [at for at in self.keys if at > key]
        mine = [
            at for at in self.values if key < at < (after[0] if after else self.view.raw.shape[1])
        ] or self.values
        return any(_number(one) is not None for one in self.view.raw[row, mine])

    def _ranges(self, guess) -> None:
        """Rows and columns of the values; a plain table with its heading in the first row is open at its end."""
        rows, columns = _spans(self.data), _spans(sorted(self.values))
        down = self.view.down
        named = {"row": rows if down else columns, "column": columns if down else rows}
        guess["rows"] = ", ".join(_range(str(first + 1), str(last + 1)) for first, last in named["row"])
        guess["columns"] = ", ".join(
            _range(letters_of(first), letters_of(last)) for first, last in named["column"]
        )
        if down and self.heads == [0] and len(rows) == 1 and self.last == len(self.view.raw) - 1:
            guess["rows"] = f"{self.first + 1}-"


# ---- where the cities stand


def _known(raw: np.ndarray, units: names.Roster) -> np.ndarray:
    """The id of each cell that names a city; numbers are none."""
    texts = {one for one in raw.ravel() if isinstance(one, str) and not one.isdigit() and len(one) <= 40}
    texts = {one for one in texts if _number(one) is None}
    ids = {text: found for text in texts if (found := units.find(text)) is not None}
    flat = [ids.get(one) if isinstance(one, str) else None for one in raw.ravel()]
    return np.array(flat, dtype=object).reshape(raw.shape)


def _heads(raw: np.ndarray) -> np.ndarray:
    flat = [HEADS.get(_word(one)) if isinstance(one, str) else None for one in raw.ravel()]
    return np.array(flat, dtype=object).reshape(raw.shape)


def _beside(raw: np.ndarray, known: np.ndarray) -> int:
    """How many numbers stand at the right of cities."""
    spots = np.argwhere(known != None)  # noqa: E711
    return sum(
        _number(one) is not None
        for row, column in spots[:LOOK]
        for one in raw[row, column + 1 : column + LOOK]
    )


def _key_columns(view: View, known: np.ndarray) -> list[int]:
    """The column with most cities, and those that hold other cities with numbers between (blocks side by side)."""
    ids = [{one for one in known[:, at] if one} for at in range(known.shape[1])]
    best = max(range(len(ids)), key=lambda at: (len(ids[at]), -at))
    if not ids[best]:
        return []
    keys, taken = [best], set(ids[best])
    for at in sorted(range(len(ids)), key=lambda at: -len(ids[at])):
        texts = [one for one in view.raw[:LOOK, at] if isinstance(one, str) and _number(one) is None]
        if (
            at in keys
            or len(ids[at]) < 2
            or len(ids[at] & taken) * 5 > len(ids[at])
            or len(ids[at]) * 2 < len(texts) - 4
        ):
            continue
        low, high = sorted((at, min(keys, key=lambda key: abs(key - at))))
        rows = [row for row in range(len(known)) if known[row, at]]
        if any(_number(one) is not None for one in view.raw[rows, low + 1 : high].ravel()):
            keys, taken = [*keys, at], taken | ids[at]
    return sorted(keys)


def _data_rows(view: View, known: np.ndarray, keys: list[int], below: int) -> tuple:
    """The first and the last row of data: those of cities with numbers, and of other names beside numbers next to them."""
    raw = view.raw
    beside = np.delete(raw[:, : LOOK + max(keys)], keys, axis=1)
    numbers = np.array([any(_number(one) is not None for one in line) for line in beside], dtype=bool)
    named = np.array([any(is_text(line[at]) for at in keys) for line in view.full], dtype=bool)
    cities = np.array([any(line) for line in known], dtype=bool)
    rows = np.flatnonzero(cities & numbers)
    if not len(rows):
        rows = np.array([row for row in np.flatnonzero(named & numbers) if row > below])
    if not len(rows):
        return None, None
    first, last = int(rows[0]), int(rows[-1])
    while first > 0 and (
        cities[first - 1] or named[first - 1] and numbers[first - 1] and not _is_heading(raw[first - 1], keys)
    ):
        first -= 1
    while last + 1 < len(raw) and (
        cities[last + 1] or numbers[last + 1] and not any(names.is_note(one) for one in raw[last + 1][keys])
    ):
        last += 1
    return first, last


def _is_heading(line: np.ndarray, keys: list[int]) -> bool:
    """Whether a row with numbers is one of headings: a word for cities, or nothing but years."""
    if any(isinstance(line[at], str) and HEADS.get(_word(line[at])) == "unit" for at in keys):
        return True
    numbers = [one for one in np.delete(line, keys) if _number(one) is not None]
    blank = not any(is_text(line[at]) for at in keys)
    return (blank or len(numbers) > 1) and all(_whole_year(one) for one in numbers)


# ---- small words


def _word(text) -> str:
    return names.plain(text).strip("*:：()")


def _number(one) -> float | None:
    if isinstance(one, str):
        return _read_in(one)[0]
    return float(one) if isinstance(one, int | float) and not isinstance(one, bool) and one == one else None


@lru_cache(maxsize=65536)
def _read_in(text: str) -> tuple:
    return cells.read(text)[:2] if len(text) < 40 else (None, None)


def _missing(one) -> bool:
    return isinstance(one, str) and _read_in(one)[1] == "cells.missing"


def _whole_year(one) -> bool:
    """Whether a cell is a year and nothing else."""
    return year_in(one) is not None and not (isinstance(one, str) and without_year(one))


def _topic(text: str) -> str:
    """A title without number, years and unit of measurement."""
    bare = BEFORE.sub("", TABLE_NUMBER.sub("", without_year(measures.of_heading(text)[0])))
    return bare.strip("() ")


def _within(text: str, roster: names.Roster) -> list[str]:
    """The ids that a title names: as a whole, or the longest names in it."""
    topic = _topic(text) if isinstance(text, str) else ""
    if not topic or names.is_note(topic):
        return []
    if (whole := roster.find(topic)) is not None:
        return [whole]
    inside = names.plain(topic)
    hits = [
        name
        for table in (roster.given, roster.sure)
        for name in table
        if len(name) > 2 and not name.isascii() and name in inside
    ]
    hits = [name for name in hits if not any(name != other and name in other for other in hits)]
    return sorted({one for name in hits for one in {**roster.sure, **roster.given}[name]})


def _near(roster: names.Roster, near) -> str:
    shown = [roster.names.get(one, one) for one in near][:3]
    return (" " + _say("near") + "、".join(dict.fromkeys(shown))) if shown else ""


def _say(rule: str) -> str:
    """What stands beside a key of a proposal, in Chinese."""
    return rules()[f"layout.beside_{rule}"]["zh"]


def _spans(places: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"


def _axis(kind: str, groups) -> str:
    name = letters_of if kind == "column" else lambda place: str(place + 1)
    return f"{kind} " + ", ".join(" + ".join(name(place) for place in group) for group in groups)


def as_yaml(mapping: dict) -> str:
    """A block of a file of sources, with comments in Chinese; what nobody has answered stays empty."""
    hints = getattr(mapping, "hints", {})
    lines = []
    for key, value in mapping.items():
        if key == "confirmed":
            lines.append(("confirmed: " + ("yes" if value is True else "no"), _say("confirmed")))
        elif key == "names":
            lines.append(("names:", _say("names")))
            said = hints.get("names", {})
            lines += [
                (f"  {_scalar(text)}: {_scalar(meaning)}".rstrip(), said.get(text, ""))
                for text, meaning in value.items()
            ]
        else:
            about = f"layout.beside_{key}"
            hint = hints.get(key) or (rules()[about]["zh"] if about in rules() else "")
            lines.append((f"{key}: {_scalar(value)}".rstrip(), hint))
    written = [f"{text}  # {hint}" if hint else text for text, hint in lines]
    return "\n".join(("- " if place == 0 else "  ") + text for place, text in enumerate(written)) + "\n"


def _scalar(value) -> str:
    if value is None:
        return ""
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    text = yaml.safe_dump(
        value, allow_unicode=True, default_flow_style=True, default_style=style, width=10**6
    )
    return text.removesuffix("...\n").strip()
