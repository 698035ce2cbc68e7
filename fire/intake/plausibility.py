"""Findings about values: what cannot be (errors) and what may well be wrong (warnings), each cause once, with its cells.

Values are compared with last year's, with the other units of their year, and with the other indicators. Thresholds with
their reasons, and which indicators are part of which, stand in data/plausibility.toml. Every finding says in `values`
which `unit`, `year` and `indicator` it is about (empty: all of them), and in `covers` each single cell, so that
corrections.csv can accept it. Sentences name the year that stands in the file: that of the statistic where one is behind.
"""

import re
import tomllib
from collections import defaultdict

import numpy as np
import pandas as pd

from fire import files
from fire.errors import LEVELS, Finding, sentence
from fire.index.panel import KEY
from fire.intake.mapping import SPOT
from fire.sources import names, samples, statistics

PATH = files.DATA / "plausibility.toml"
HARD = ("printed", "observed")  # statuses of values that somebody counted: whole when the unit is a count
PREFIXES = {"亿": 8, "千万": 7, "百万": 6, "万": 4, "千": 3, "": 0}
SAMPLE = 100  # units on which columns are compared with each other
USUAL = 0.9  # rank correlation with last year where too few other columns tell
WINDOW = 300  # rows on which shifted rows are looked for
MAD = 1.4826  # a median deviation as a standard deviation


def findings(
    cells: pd.DataFrame,
    spec,
    year: int,
    history: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
    thresholds: dict | None = None,
) -> list[Finding]:
    """What cannot be or may be wrong in tidy `cells` (unit, year, indicator, value; status, file, sheet, row, column, cell
    where known), in the order of their cells, errors first.

    `year` is the year ranked; `history` the panel of earlier editions (unit, year, indicator, value); `places` has
    city, city_en and adcode; `thresholds` replaces values of data/plausibility.toml by name. City statistics (`into` is
    statistics) and indicators are two calls: their years differ. `stat_year` is the year of the statistic that a derived
    value rests on; `fresh` keeps what the statistics do not explain.
    """
    cells = cells.dropna(subset=KEY)
    cells = cells[~cells.duplicated(KEY)].reset_index(drop=True)
    if cells["value"].notna().sum() == 0:
        return []
    board = Board(cells, spec, year, history, places, limits(thresholds))
    for at in board.own_years:
        for check in CHECKS:
            check(board, at)
    board.flush()
    order = sorted(
        range(len(board.found)), key=lambda one: (board.found[one].level != "error", board.order[one])
    )
    return [board.found[one] for one in order]


def fresh(found: list[Finding], told: list[Finding]) -> list[Finding]:
    """The findings of derived indicators less those that findings of their statistics (`told`) explain: at least as grave
    ones, on more than half of the cells."""
    rests = {name: {measure} for measure, name in statistics.INDICATORS.items()}
    rests |= {rule["share"]: {rule["part"], rule["whole"]} for rule in limits()["part"] if "share" in rule}
    gravest: dict[tuple, int] = {}
    for one in told:
        for cell in getattr(one, "values", {}).get("covers", ()):
            gravest[cell] = min(LEVELS.index(one.level), gravest.get(cell, len(LEVELS)))

    def explained(one: Finding) -> bool:
        rank, cells = LEVELS.index(one.level), one.values["covers"]
        hits = [
            any(gravest.get((unit, year - 1, name), len(LEVELS)) <= rank for name in rests.get(leaf, ()))
            for unit, year, leaf in cells
        ]
        return sum(hits) > 0.5 * len(cells)

    return [one for one in found if not explained(one)]


def limits(changed: dict | None = None) -> dict:
    """The thresholds by name, with `changed` put in; the lists `part`, `cumulative` and `kinds` as they stand."""
    table = tomllib.loads(files.decode(PATH))
    return {
        name: entry["value"] if isinstance(entry, dict) and "value" in entry else entry
        for name, entry in table.items()
    } | (changed or {})


class Board:
    """Values by (year, unit, indicator), where each stands, and the findings so far.

    `value` holds what the cells say and else what the history says; `own` the row of the cell, -1 for none; `taken`
    the cells that a finding explains already, so that one cause is named once.
    """

    def __init__(self, cells, spec, year, history, places, limit):
        self.spec, self.year, self.limit = spec, int(year), limit
        history = cells.iloc[:0] if history is None else history.dropna(subset=KEY)
        both = [pd.concat([cells[name], history[name]], ignore_index=True) for name in KEY]
        unit, self.units = pd.factorize(both[0])
        leaf, self.names = pd.factorize(both[2])
        when, self.years = pd.factorize(both[1].astype(int), sort=True)
        count, shape = len(cells), (len(self.years), len(self.units), len(self.names))
        here, there = (when[:count], unit[:count], leaf[:count]), (when[count:], unit[count:], leaf[count:])
        self.before = np.full(shape, np.nan)
        self.before[there] = history["value"].astype(float)
        self.own = np.full(shape, -1)
        self.own[here] = np.arange(count)
        mine = np.full(shape, np.nan)
        mine[here] = cells["value"].astype(float)
        self.own[np.isnan(mine)] = -1
        self.value = np.where(self.own >= 0, mine, self.before)
        self.own_years = sorted({int(one) for one in np.unique(here[0])})
        self.taken = np.zeros(shape, dtype=bool)
        status = cells["status"].isin(HARD) if "status" in cells else pd.Series(True, index=cells.index)
        self.hard = np.zeros(shape, dtype=bool)
        self.hard[here] = status
        self.address = {name: cells[name].to_numpy() for name in SPOT if name in cells}
        self.place = _order(cells)
        into = cells["into"].eq("statistics") if "into" in cells else pd.Series(False, index=cells.index)
        self.statistic = np.isin(np.arange(len(self.names)), leaf[:count][into])
        self.statistic |= np.isin(self.names, list(statistics.UNITS)) & ~np.isin(self.names, spec.indicators)
        self.lag = np.zeros(
            len(self.names), dtype=int
        )  # from the year of an indicator to that of its statistic
        if "stat_year" in cells:
            known = cells["stat_year"].notna().to_numpy()
            self.lag[leaf[:count][known]] = (cells["stat_year"] - cells["year"])[known].astype(int)
        have = places is not None and "city_en" in places
        english = places.set_index("city")["city_en"].dropna().to_dict() if have else {}
        self.english = [str(english.get(one, one)) for one in self.units]
        self.codes = (
            pd.to_numeric(places["adcode"], errors="coerce").dropna().to_numpy()
            if places is not None and "adcode" in places
            else []
        )
        self.found, self.order, self.queue, self.cache = [], [], defaultdict(list), {}
        self._describe()

    def _describe(self) -> None:
        """By indicator: label, unit, bounds, and whether it is a count, a share, or never negative."""
        kinds, nodes = self.limit["kinds"], samples.written(self.spec)
        rules_ = [self.spec.rules.get(name, {}) for name in self.names]
        self.label, self.label_en = (
            [
                names.MEASURE_NAMES[name][lang == "en"] if of else str(rule.get(f"label_{lang}") or name)
                for name, rule, of in zip(self.names, rules_, self.statistic)
            ]
            for lang in ("zh", "en")
        )
        english = {rule.get("unit_zh"): rule.get("unit_en") for rule in self.spec.rules.values()}
        self.measure = [
            rule.get("unit_zh") if isinstance(rule.get("unit_zh"), str) else statistics.UNITS.get(name, "")
            for name, rule in zip(self.names, rules_)
        ]
        self.measure_en = [str(english.get(one, one)) for one in self.measure]
        plausible = [nodes.get(name, {}).get("plausible", (np.nan, np.nan)) for name in self.names]
        self.low, self.high = np.array(plausible, dtype=float).reshape(-1, 2).T
        signed = np.array(
            [bool(re.search(kinds["signed"], f"{a}|{b}")) for a, b in zip(self.label, self.label_en)]
        )
        self.count = np.isin(self.measure, kinds["counts"])
        self.share = np.isin(self.measure, ["%", "％"])
        scale = np.array([bool(re.search(r"\d\s*[—–-]\s*\d", one)) for one in self.measure])
        amount = np.array([bool(re.search(kinds["amounts"], one)) for one in self.measure])
        self.never = (self.count | amount | self.share | (self.low >= 0)) & ~signed & ~(self.low < 0)
        self.floor = np.where(self.share & ~signed, np.fmin(self.low, 0), np.where(scale, self.low, np.nan))
        self.ceiling = np.where(
            self.share & ~signed, np.fmax(self.high, 100), np.where(scale, self.high, np.nan)
        )

    def now(self, at: int) -> np.ndarray:
        """Values of the cells of a year (not of the history)."""
        return np.where(self.own[at] >= 0, self.value[at], np.nan)

    def change(self, at: int) -> "Change":
        if at not in self.cache:
            self.cache[at] = Change(self, at)
        return self.cache[at]

    def free(self, at: int, mask=True) -> np.ndarray:
        """The mask without cells that are explained already or do not come from the cells."""
        return np.asarray(mask) & ~self.taken[at] & (self.own[at] >= 0)

    # sentences

    def behind(self, leaves: list[int]) -> int | None:
        """How far the year of the statistics is from that of the indicators; None where a column does not rest on them."""
        of = all(self.statistic[leaf] or self.lag[leaf] for leaf in leaves)
        return int(self.lag[leaves[0]]) if of else None

    def when(self, at: int, leaves: list[int]) -> dict:
        """The year that stands in the file, as sentences name it."""
        lag = self.behind(leaves)
        rule, year = "item_year" if lag is None else "item_statistic", int(self.years[at]) + (lag or 0)
        return {f"when_{lang}": _text(rule, lang, year=year) for lang in ("zh", "en")}

    def item(self, kind: str, at: int, unit: int, leaf: int, address: bool, detail: dict) -> tuple[str, str]:
        """One cell in a list, in both languages: the sentence `item_<kind>`."""
        where = self._where(at, unit, leaf).get("cell") if address else ""
        told = (
            {
                "unit": self.units[unit],
                "unit_en": self.english[unit],
                "label": self.label[leaf],
                "label_en": self.label_en[leaf],
                "number": _number(self.value[at, unit, leaf]),
                "at_zh": _text("item_at", "zh", where=where) if where else "",
                "at_en": _text("item_at", "en", where=where) if where else "",
            }
            | self.when(at, [leaf])
            | detail
        )
        return _text(f"item_{kind}", "zh", **told), _text(f"item_{kind}", "en", **told)

    def _where(self, at: int, unit: int, leaf: int) -> dict:
        row = self.own[at, unit, leaf]
        place = {name: column[row] for name, column in self.address.items()}
        place = {name: value for name, value in place.items() if not pd.isna(value)}
        return place | ({"row": int(place["row"])} if "row" in place else {})

    def say(
        self, rule: str, at: int, spots: list, kind: str = "plain", detail=None, over: str = "", **values
    ):
        """One finding about `spots`, (unit, leaf) pairs; `detail(unit, leaf)` fills their items. `over` says which key is
        left empty, because the finding is about all of a "unit", a "column" or the "panel"."""
        detail = detail or (lambda unit, leaf: {})
        single, listed = len(spots) == 1, spots[:3]
        leaves = list(dict.fromkeys(leaf for _, leaf in spots))
        texts = [self.item(kind, at, unit, leaf, not single, detail(unit, leaf)) for unit, leaf in listed]
        items = {}
        for lang, sign, parts in (("zh", "、", [a for a, _ in texts]), ("en", "; ", [b for _, b in texts])):
            line = sign.join(parts)
            more = len(spots) > len(listed)
            items[f"items_{lang}"] = _text("item_many", lang, items=line, count=len(spots)) if more else line
        places = [self._where(at, *spot) for spot in (spots if len(spots) <= 50 else [spots[0], spots[-1]])]
        place = {
            name: places[0][name]
            for name in (SPOT if single else SPOT[:2])
            if len({one.get(name) for one in places}) == 1 and name in places[0]
        }
        if len(leaves) == 1 and "column" in places[0]:
            place["column"] = places[0]["column"]
        first = spots[0]
        told = {
            "unit": self.units[first[0]] if over == "unit" or single and not over else "",
            "unit_en": self.english[first[0]],
            "year": int(self.years[at]),
            "indicator": self.names[leaves[0]] if len(leaves) == 1 and over in ("", "column") else "",
            "what_zh": self._columns(leaves, "zh"),
            "what_en": self._columns(leaves, "en"),
            "measure": _each(self.measure, leaves, "、") or _text("item_measure", "zh"),
            "measure_en": _each(self.measure_en, leaves, ", ") or _text("item_measure", "en"),
            "count": len(spots),
            "covers": tuple(
                (self.units[unit], int(self.years[at]), self.names[leaf]) for unit, leaf in spots
            ),
        }
        told |= self.when(at, leaves)
        if "before_year" in values:
            values["before_year"] += self.behind(leaves) or 0
        self.order.append(min(self.place[self.own[(at, *spot)]] for spot in spots))
        raw = self.value[(at, *first)]
        self.found.append(
            Finding(
                f"plausibility.{rule}", **place, value=_number(raw) if single else "", **told | items | values
            )
        )

    def _columns(self, leaves: list[int], lang: str) -> str:
        labels = self.label if lang == "zh" else self.label_en
        quoted = [f"“{labels[leaf]}”" if lang == "zh" else f"'{labels[leaf]}'" for leaf in leaves[:3]]
        line = ("" if lang == "zh" else ", ").join(quoted)
        return line if len(leaves) <= 3 else _text("item_columns", lang, items=line, count=len(leaves))

    def cells(self, rule: str, at: int, mask, kind: str = "plain", detail=None, values=None, take=True):
        """Cells where the mask holds: one finding each, or one a column when there are many."""
        mask = self.free(at, mask)
        for leaf in _at(mask.any(axis=0)):
            units = self.ordered(at, leaf, mask[:, leaf])
            given = values(leaf) if values else {}
            spots = [(unit, leaf) for unit in units]
            groups = [spots] if len(spots) > self.limit["listed"] else [[spot] for spot in spots]
            for group in groups:
                self.say(rule, at, group, kind, detail, **given)
        if take:
            self.taken[at] |= mask

    def column(
        self, rule: str, at: int, leaf: int, mask, kind="plain", detail=None, group=None, take=True, **values
    ):
        """A finding about a column; more than a few with the same rule (and `group`) become one at the end."""
        spots = [(unit, leaf) for unit in self.ordered(at, leaf, mask & (self.own[at][:, leaf] >= 0))]
        if spots:
            self.queue[rule, at, group].append((spots, kind, detail, values))
            if take:
                self.taken[at][:, leaf] = True

    def flush(self) -> None:
        for (rule, at, _), entries in self.queue.items():
            if len(entries) > self.limit["columns"]:
                spots, kind, detail, values = entries[0]
                entries = [
                    (spots[:1] + [spot for one in entries[1:] for spot in one[0][:1]], kind, detail, values)
                ]
            for spots, kind, detail, values in entries:
                self.say(rule, at, spots, kind, detail, over="column", **values)

    def ordered(self, at: int, leaf: int, mask) -> np.ndarray:
        """Units where the mask holds, in the order of the file."""
        units = np.flatnonzero(mask)
        return units[np.argsort(self.own[at][units, leaf], kind="stable")]


class Change:
    """What changed since the year before: `now` and `last` (values), `size` (change of the transformed values less the
    median change of the indicator), and `bound` (what is allowed)."""

    def __init__(self, board: Board, at: int):
        limit, wide = board.limit, np.log(board.limit["wide"])
        self.board, self.at, self.now = board, at, board.now(at)
        self.last, self.when = _last(board.value, at)
        self.linear = _negatives(np.where(np.isfinite(self.last).any(axis=0), self.last, self.now)) | (
            board.low < 0
        )
        self.add = np.where(board.count, 1.0, 0.0)
        spread = _spread(np.where(np.isfinite(self.last), self.last, np.nan))
        self.unit = np.where(self.linear & (spread > 0), spread, 1.0)
        self.forward, self.backward = self._scaled(self.now), self._scaled(self.last)
        difference = self.forward - self.backward
        self.pairs = np.isfinite(difference).sum(axis=0)
        self.middle = _median(difference)
        self.size = difference - self.middle
        self.spread = _spread(difference)
        least = np.where(self.linear, limit["floor_level"], np.log(limit["floor"]))
        least = np.where(self.pairs < limit["few"], np.maximum(least, wide), least)
        with np.errstate(all="ignore"):
            noise = np.sqrt(1 / (self.now + 1) + 1 / (self.last + 1)) * limit["band"] * 0.8
        noise = np.where(board.count, np.nan_to_num(noise, posinf=0), 0)
        tail = 3 * _quantile(np.abs(self.size), 0.9)
        tail = np.minimum(tail, np.where(self.linear, 2 * least, np.log(limit["floor_restless"])))
        self.bound = np.fmax(np.fmax(np.fmax(limit["band"] * self.spread, least), tail), noise)
        self.off = np.abs(self.size) > self.bound
        distinct = _distinct(self.last)
        self.coarse = ~board.count & (distinct < limit["distinct"] * np.isfinite(self.last).sum(axis=0))
        low, high = np.fmin.reduce(self.last), np.fmax.reduce(self.last)
        whole = np.where(np.isfinite(board.ceiling), board.ceiling, _median(self.last))
        whole = np.where(np.isfinite(board.high) & np.isfinite(board.ceiling), board.high, whole)
        small = np.abs(self.now - self.last) < limit["least"] * whole
        self.off &= ~small | (np.abs(self.size) > np.log(limit["huge"])) | self.linear
        self.off &= ~(self.coarse & (self.now >= low) & (self.now <= high))  # points that others had as well
        self.quiet = np.maximum(self.spread, np.where(self.linear, 0.25, 0.07))

    def _scaled(self, value: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            logs = np.log(np.where(value + self.add > 0, value + self.add, np.nan))
            return np.where(np.isfinite(value), np.where(self.linear, value / self.unit, logs), np.nan)

    def detail(self, unit: int, leaf: int) -> dict:
        """Last year's value and what was to be expected, for the sentence of an item."""
        middle, bound = self.backward[unit, leaf] + self.middle[leaf], self.bound[unit, leaf]
        ends = [middle - bound, middle + bound]
        if self.linear[leaf]:
            ends = [end * self.unit[leaf] for end in ends]
        else:
            ends = [max(np.exp(end) - self.add[leaf], 0) for end in ends]
        if not np.isfinite(middle):
            ends = [self.last[unit, leaf]] * 2
        return {
            "before": _number(self.last[unit, leaf]),
            "before_year": int(self.board.years[self.when[leaf]] + self.board.lag[leaf]),
            "low": _number(ends[0]),
            "high": _number(ends[1]),
        }


def _last(value: np.ndarray, at: int) -> tuple[np.ndarray, np.ndarray]:
    """By indicator the values of the latest earlier year that has any, and which year that is."""
    last, when = np.full(value.shape[1:], np.nan), np.full(value.shape[2], max(at - 1, 0))
    for year in range(at):
        have = np.isfinite(value[year]).any(axis=0)
        last[:, have], when[have] = value[year][:, have], year
    return last, when


def _quantile(table: np.ndarray, share: float) -> np.ndarray:
    """A quantile of each column without missing cells, interpolated; missing for an empty column."""
    ordered = np.sort(np.where(np.isfinite(table), table, np.nan), axis=0)  # missing cells come last
    count = np.isfinite(ordered).sum(axis=0)
    place = np.maximum(count - 1, 0) * share
    low = np.floor(place).astype(int)
    one, two = (
        np.take_along_axis(ordered, at[None], axis=0)[0] for at in (low, np.minimum(low + 1, count - 1))
    )
    return np.where(count > 0, one + (place - low) * (two - one), np.nan)


def _at(mask) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _median(table: np.ndarray) -> np.ndarray:
    return _quantile(table, 0.5)


def _distinct(table: np.ndarray) -> np.ndarray:
    """How many different values each column has."""
    ordered = np.sort(np.where(np.isfinite(table), table, np.nan), axis=0)
    return (np.diff(ordered, axis=0) > 0).sum(axis=0) + np.isfinite(table).any(axis=0)


def _spread(table: np.ndarray) -> np.ndarray:
    """Robust standard deviation of each column."""
    return MAD * _median(np.abs(table - _median(table)))


def _negatives(table: np.ndarray) -> np.ndarray:
    """Indicators that are negative often enough to have no logarithm."""
    below = (table < 0).sum(axis=0)
    return (below > 1) & (below > 0.05 * np.isfinite(table).sum(axis=0)) & ((table > 0).any(axis=0))


def _each(measures: list[str], leaves: list[int], sign: str) -> str:
    return sign.join(dict.fromkeys(measures[leaf] for leaf in leaves if measures[leaf]))


def _order(cells: pd.DataFrame) -> np.ndarray:
    """The place of each cell in the order in which a reader meets it: file, sheet, row, column."""
    by = [pd.factorize(cells[name].astype(str))[0] for name in ("file", "sheet") if name in cells]
    if "row" in cells:
        by.append(pd.to_numeric(cells["row"], errors="coerce").fillna(0).to_numpy())
    if "cell" in cells:
        letters = cells["cell"].astype(str).str.extract(r"^([A-Z]*)", expand=False).fillna("")
        by += [letters.str.len().to_numpy(), pd.factorize(letters, sort=True)[0]]
    place = np.empty(len(cells), dtype=int)
    place[np.lexsort([np.arange(len(cells)), *by[::-1]])] = np.arange(len(cells))
    return place


def _text(rule: str, lang: str, **values) -> str:
    return sentence(f"plausibility.{rule}", lang, **values)


def _number(value: float) -> str:
    """A number as it is read: thousands separated, no more digits than say something."""
    if not np.isfinite(value):
        return str(value)
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


# ---- checks, in order: what one explains, the next ones leave alone


def _infinite(board: Board, at: int) -> None:
    board.cells("infinite", at, np.isinf(board.now(at)))


def _years(board: Board, at: int) -> None:
    if board.years[at] > board.year:
        for leaf in _at((board.own[at] >= 0).any(axis=0)):
            board.column("later_year", at, leaf, board.own[at][:, leaf] >= 0, ranked=board.year)


def _foreign(board: Board, at: int) -> None:
    """Columns that hold years, codes or running numbers."""
    now, few = board.now(at), board.limit["few"]
    total = np.isfinite(now).sum(axis=0)
    last = board.change(at).last
    years = np.isin(now, range(board.years[0] - 1, board.years[-1] + 2))
    for rule, mask in (("is_year", years), ("is_code", np.isin(now, board.codes))):
        hits = mask.sum(axis=0)
        for leaf in _at((hits >= 3) & (hits >= 0.2 * total)):
            if not (np.isfinite(last[:, leaf]) & (np.abs(last[:, leaf] - now[:, leaf]) < 10)).sum() >= 3:
                board.column(rule, at, leaf, mask[:, leaf])
    for leaf in _at((total >= few) & (np.nanmax(np.nan_to_num(now), axis=0) == total)):
        column, before = (table[:, leaf][np.isfinite(table[:, leaf])] for table in (now, last))
        order = np.arange(1, len(column) + 1)
        if np.array_equal(np.sort(column), order) and not np.array_equal(np.sort(before), order):
            board.column("is_rank", at, leaf, np.isfinite(now[:, leaf]), count=len(column))


def _copied(board: Board, at: int) -> None:
    """The whole panel, a column or a city equal to last year's; a column equal to another, a city to another."""
    limit, change = board.limit, board.change(at)
    now, last = change.now, change.last
    pair = np.isfinite(now) & np.isfinite(last)
    same, count = pair & (now == last), pair.sum(axis=0)
    equal = same.sum(axis=0)
    varied = _distinct(now)
    before = int(board.years[change.when[0]])
    enough = (count >= limit["copies"]) & (varied > 1)
    if enough.any() and (equal == count)[count > 0].all() and pair.sum() >= limit["copies"]:
        board.say(
            "same_panel", at, [tuple(spot) for spot in np.argwhere(pair)], over="panel", before_year=before
        )
        board.taken[at] = True
        return
    whole = enough & (equal == count)
    rich = varied >= limit["distinct"] * count
    for leaf in _at(enough & ((equal == count) | rich & (equal >= limit["pasted"] * count))):
        given = {"before_year": int(board.years[change.when[leaf]]), "same": int(equal[leaf])}
        rule = "same_column" if whole[leaf] else "pasted"
        whole_column = rule == "same_column"
        group = None if whole_column else (int(equal[leaf]), int(count[leaf]))
        board.column(
            rule, at, leaf, pair[:, leaf], group=group, take=whole_column, **given, count=int(count[leaf])
        )
    fresh = (count >= limit["copies"]) & (equal < 0.5 * count)  # columns in which equal cells say something
    told, agree = pair[:, fresh].sum(axis=1), same[:, fresh].sum(axis=1)
    for unit in _at((told >= 3) & (agree == told) & (np.abs(now[:, fresh]) > 0).any(axis=1)):
        spots = [(unit, leaf) for leaf in _at(fresh & pair[unit])]
        board.say("same_unit", at, spots, over="unit", before_year=before)
        board.taken[at, unit] = True
    _twins(board, at, now, last, varied)


def _twins(board: Board, at: int, now: np.ndarray, last: np.ndarray, varied: np.ndarray) -> None:
    limit, seen = board.limit, {}
    finite = np.isfinite(now)
    for leaf in _at((varied >= limit["copies"]) & (finite.sum(axis=0) >= limit["copies"])):
        other = seen.setdefault(now[:, leaf].tobytes(), leaf)
        told = np.isfinite(last[:, leaf]).any()
        if other != leaf and not (told and np.array_equal(last[:, leaf], last[:, other], equal_nan=True)):
            names = {"other": board.label[other], "other_en": board.label_en[other]}
            board.column("twin", at, leaf, finite[:, leaf], group=other, take=False, **names)
    seen, rich = {}, varied >= np.maximum(limit["copies"], limit["distinct"] * finite.sum(axis=0))
    for unit in _at(finite[:, rich].sum(axis=1) >= 3):
        other = seen.setdefault(now[unit, rich].tobytes(), unit)
        if other != unit and (now[unit, rich] != 0).any():
            spots = [(unit, leaf) for leaf in _at(rich & finite[unit])]
            board.say(
                "twin_unit", at, spots, over="unit", other=board.units[other], other_en=board.english[other]
            )


def _impossible(board: Board, at: int) -> None:
    """Negative, out of range, shares as 0 to 1, fractions of things that are counted."""
    limit, change, now = board.limit, board.change(at), board.now(at)
    board.cells("negative", at, (now < 0) & board.never)
    top = np.fmax.reduce(np.where(np.isfinite(now), now, np.nan), axis=0, initial=np.nan)
    total = np.isfinite(now).sum(axis=0)
    unclear = (board.high <= limit["small_share"]) | (change.middle > -np.log(10)) & (change.pairs > 2)
    bare = board.share & (top <= 1) & (top > 0) & (total >= limit["copies"]) & (board.floor == 0) & ~unclear
    for leaf in _at(bare):
        board.column("share_column", at, leaf, now[:, leaf] > 0)

    def between(low, high):
        return lambda unit, leaf: {"low": _number(low[leaf]), "high": _number(high[leaf])}

    beyond = (now < board.floor) | (now > board.ceiling)
    board.cells("range", at, beyond, "range", between(board.floor, board.ceiling))
    known = np.abs(change.size) <= change.bound  # it stood there last year, too
    odd = ((now < board.low) | (now > board.high)) & ~known & ~change.off
    board.cells("unlikely", at, odd, "range", between(board.low, board.high))
    broken = (
        np.isfinite(now)
        & (np.mod(now, 1, where=np.isfinite(now), out=np.zeros_like(now)) != 0)
        & board.count
        & board.hard[at]
    )
    many = broken.sum(axis=0) > np.maximum(limit["fractional"] * total, 3)
    for leaf in _at(many):
        board.column("fractional", at, leaf, broken[:, leaf], take=False)
    board.cells("whole", at, broken & ~many, take=False)


def _parts(board: Board, at: int) -> None:
    """Parts above their whole; cumulative numbers that fall."""
    now, place = board.value[at], {name: leaf for leaf, name in enumerate(board.names)}
    for rule in board.limit["part"]:
        part, whole = place.get(rule["part"]), place.get(rule["whole"])
        if part is None or whole is None:
            continue
        mask = np.zeros(now.shape, dtype=bool)
        mask[:, part] = now[:, part] > now[:, whole] * (1 + 1e-9)
        other = {"other": board.label[whole], "other_en": board.label_en[whole]}
        if rule.get("large"):
            _slight(board, at, part, whole, other)
        if mask.sum() > 0.5 * np.isfinite(now[:, part]).sum() and _moved(board, at, part, whole):
            continue
        detail = _whole(board, at, whole)
        board.cells("part", at, mask, "part", detail, lambda leaf, other=other: other, take=False)
    change = board.change(at)
    for rule in board.limit["cumulative"]:
        leaf = place.get(rule["indicator"])
        if leaf is None:
            continue
        mask = np.zeros(now.shape, dtype=bool)
        mask[:, leaf] = (change.now[:, leaf] < change.last[:, leaf]) & ~board.taken[at][:, leaf]
        ours = board.own[change.when[leaf]][:, leaf] >= 0
        for name, which in (("fell", ours), ("fell_edition", ~ours)):
            board.cells(name, at, mask & which[:, None], "before", change.detail, take=name == "fell_edition")


def _slight(board: Board, at: int, part: int, whole: int, other: dict) -> None:
    """A large part (services, urban residents) that is next to nothing of its whole: a share in its place, or two units."""
    limit, change, now = board.limit, board.change(at), board.value[at]
    with np.errstate(all="ignore"):
        ratio, before = now[:, part] / now[:, whole], change.last[:, part] / change.last[:, whole]
        logs = np.log(np.where(now[:, [part, whole]] > 0, now[:, [part, whole]], np.nan))
    pair = np.isfinite(logs).all(axis=1)
    if pair.sum() < limit["copies"]:
        return
    lower = _median(before[:, None])[0] > limit["wide"] * np.median(ratio[pair])
    lower |= np.median(ratio[pair]) < limit["modest"]
    spread = _spread(logs)  # shares lie within 100 and do not spread as the whole does
    if lower and (now[pair, part] <= 100).all() and spread[0] < 0.5 * spread[1]:
        board.column("as_share", at, part, pair, "part", _whole(board, at, whole), **other)
    elif np.mean(ratio[pair] < limit["slight"]) >= limit["pasted"] and not _moved(board, at, part, whole):
        least = _number(100 * limit["slight"])
        board.column("slight", at, part, pair, "part", _whole(board, at, whole), least=least, **other)


def _moved(board: Board, at: int, *leaves: int) -> bool:
    """Whether one of the columns is far from last year's, as is said of it later."""
    return bool((np.abs(board.change(at).middle[list(leaves)]) > np.log(board.limit["wide"])).any())


def _whole(board: Board, at: int, whole: int):
    """What an item says of the whole beside the part."""
    other = {"other": board.label[whole], "other_en": board.label_en[whole]}
    return lambda unit, leaf: other | {"before": _number(board.value[at, unit, whole])}


def _columns(board: Board, at: int) -> None:
    """Whole columns off by a factor, and columns out of place: rows shifted, columns exchanged."""
    limit, change = board.limit, board.change(at)
    wide, now, last = np.log(limit["wide"]), change.now, change.last
    flipped = ((now < 0) & (last > 0)).sum(axis=0)
    for leaf in _at((flipped > 0.5 * np.isfinite(now).sum(axis=0)) & ~change.linear & (flipped >= 3)):
        board.column("sign_column", at, leaf, now[:, leaf] < 0, "before", change.detail)
    compared = (change.pairs >= limit["few"]) & ~board.taken[at].all(axis=0)
    ranks = {leaf: _rank(now[:, leaf], last[:, leaf]) for leaf in _at(change.pairs >= limit["few"])}
    other = _others(board, change) if compared.any() else {}
    for leaf in _at(compared):
        free = np.isfinite(change.size[:, leaf]) & ~board.taken[at][:, leaf]
        lag = _lag(board, change, leaf)
        others = [rho for name, rho in ranks.items() if name != leaf and np.isfinite(rho)]
        usual = float(np.median(others)) if len(others) > 2 else USUAL
        if lag:
            way = {"way_zh": "向下" if lag > 0 else "向上", "way_en": "down" if lag > 0 else "up"}
            board.column("shifted", at, leaf, free, "before", change.detail, lag, lag=abs(lag), **way)
        elif not change.spread[leaf] > limit["restless"]:
            continue
        elif leaf in other:
            twin, mutual = other[leaf]
            names = {"other": board.label[twin], "other_en": board.label_en[twin]}
            if not mutual:
                board.column("other_column", at, leaf, free, "before", change.detail, twin, **names)
            elif leaf < twin:
                board.column("swapped_columns", at, leaf, free, "before", change.detail, twin, **names)
                board.taken[at][:, twin] = True
        elif ranks[leaf] < min(usual - limit["unlike"], limit["ranked"]) and _tells(
            ranks[leaf], usual, change.pairs[leaf]
        ):
            board.column(
                "displaced",
                at,
                leaf,
                free,
                "before",
                change.detail,
                rho=f"{ranks[leaf]:.2f}",
                usual=f"{usual:.2f}",
            )
    with np.errstate(all="ignore"):  # where values may be negative, their spread tells the factor
        factor = np.where(change.linear, np.log(_spread(now) / _spread(last)), change.middle)
    enough = change.pairs >= np.where(change.linear, limit["few"], 3)
    for leaf in _at(enough & np.isfinite(factor) & (np.abs(factor) > wide)):
        free = np.isfinite(change.size[:, leaf]) & ~board.taken[at][:, leaf]
        if not free.any():
            continue
        power = round(
            factor[leaf] / np.log(10)
        )  # from a hundred on it is the unit, in columns that are not restless
        clear = abs(power) > 1 and not change.spread[leaf] > wide
        power = power if clear and abs(factor[leaf] - power * np.log(10)) <= wide else 0
        given, group = {"ratio": _number(float(f"{np.exp(factor[leaf]):.3g}"))}, (power or leaf, "")
        rule = "jump_column" if not power else "decimal_column"
        if power and (likely := likely_unit(board.measure[leaf], power)):
            rule, given, group = "unit_column", given | {"likely": likely}, (power, likely)
        off = change.off[:, leaf] & board.free(at)[:, leaf] & ~change.linear[leaf]
        board.column(rule, at, leaf, free & ~off, "before", change.detail, group, **given)
        board.taken[at][off, leaf] = False


def _power(board: Board, size: float, slack: float) -> int:
    """The power of ten that a log ratio stands for, within `slack`; 0 for none."""
    power = round(size / np.log(10))
    fits = abs(power) in board.limit["powers"] and abs(size - power * np.log(10)) <= slack
    return int(power) if fits else 0


def likely_unit(measure: str, power: int) -> str:
    """The unit in which a number is 10 to the `power` times as large as in `measure`: 亿元, 4 → 万元; "" when no such unit is
    in use."""
    for prefix, size in PREFIXES.items():
        base = measure.removeprefix(prefix)
        if (
            base in ("元", "美元", "人", "户", "吨", "家", "件", "次", "笔", "个")
            and measure == prefix + base
        ):
            found = [
                name
                for name, other in PREFIXES.items()
                if other == size - power and name in ("亿", "百万", "万", "千", "")
            ]
            return found[0] + base if found else ""
    return ""


def _rank(now: np.ndarray, last: np.ndarray) -> float:
    """Rank correlation with last year; missing for constant columns."""
    pair = np.isfinite(now) & np.isfinite(last)
    one, two = (pd.Series(year[pair]).rank() for year in (now, last))
    return float(np.corrcoef(one, two)[0, 1]) if one.std() > 0 and two.std() > 0 else np.nan


def _tells(rho: float, usual: float, count: int) -> bool:
    """Whether two rank correlations differ by more than chance (four standard errors of Fisher's z)."""
    return np.arctanh(min(usual, 0.99)) - np.arctanh(max(rho, -0.99)) > 4 / np.sqrt(max(count - 3, 1))


def _lag(board: Board, change: Change, leaf: int) -> int:
    """By how many rows a column stands lower (or, negative, higher) than it should, all of it or from some row on; 0: it
    stands right."""
    order = board.ordered(change.at, leaf, board.own[change.at][:, leaf] >= 0)
    now, last = change.forward[order, leaf], change.backward[order, leaf]
    for start in (0, len(order) // 2, 2 * len(order) // 3):
        end = min(start + WINDOW, len(order))
        one, two = now[start:end], last
        here = _spread((one - two[start:end])[:, None])[0]
        if np.isfinite(one).sum() < board.limit["few"] or not here > board.limit["restless"]:
            continue
        for lag in (1, -1, 2, -2):
            place = np.arange(start, end) - lag
            inside = (place >= 0) & (place < len(order))
            moved = one[inside] - two[place[inside]]
            if (
                np.isfinite(moved).sum() >= board.limit["few"] - 2
                and _spread(moved[:, None])[0] < board.limit["moved"] * here
            ):
                return lag
    return 0


def _others(board: Board, change: Change) -> dict[int, tuple[int, bool]]:
    """Columns nearer to another column of last year than to their own: which, and whether both are."""
    rows = np.flatnonzero(np.isfinite(change.size).any(axis=1))
    rows = rows[:: max(1, len(rows) // SAMPLE)]
    with np.errstate(all="ignore"):
        now, last = (np.log(np.where(table > 0, table, np.nan))[rows] for table in (change.now, change.last))
    suspect = _at((change.spread > board.limit["restless"]) & (change.pairs >= board.limit["few"]))
    enough = np.isfinite(last).sum(axis=0) >= board.limit["few"]
    apart = np.full((now.shape[1], now.shape[1]), np.inf)
    for leaf in suspect:
        distance = np.abs(now[:, [leaf]] - last)
        known = enough & (np.isfinite(distance).sum(axis=0) >= board.limit["few"])
        apart[leaf] = np.where(known, _median(distance), np.inf)
    own = np.diag(apart).copy()
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    near = {
        leaf: int(nearest[leaf])
        for leaf in suspect
        if apart[leaf, nearest[leaf]] < board.limit["other"] * own[leaf] and np.isfinite(own[leaf])
    }
    for leaf, twin in list(near.items()):  # a column only off by a factor still moves with its own last year
        pair = _spread(np.column_stack([now[:, leaf] - last[:, leaf], now[:, leaf] - last[:, twin]]))
        if not pair[1] < pair[0]:
            del near[leaf]
    found = {leaf: (twin, near.get(twin) == leaf) for leaf, twin in near.items()}
    return {
        leaf: pair for leaf, pair in found.items() if pair[1] or own[leaf] > np.log(board.limit["near"]) / 2
    }


def _rows(board: Board, at: int) -> None:
    """Cities whose row is nearer to last year's row of another."""
    change, limit = board.change(at), board.limit
    known = (
        (change.pairs >= limit["few"])
        & ~board.taken[at].all(axis=0)
        & (np.abs(change.middle) < np.log(limit["wide"]))
    )
    if known.sum() < 3:
        return
    quiet = change.quiet[known]

    def distance(units, others):
        gap = change.forward[units][:, known] - change.backward[others][:, known] - change.middle[known]
        size = np.minimum(np.abs(gap) / quiet, 10)
        return np.where(
            np.isfinite(size).sum(axis=1) >= 3,
            np.nansum(size, axis=1) / np.maximum(np.isfinite(size).sum(axis=1), 1),
            np.inf,
        )

    every = np.arange(len(board.units))
    own = distance(every, every)
    usual = np.median(own[np.isfinite(own)]) if np.isfinite(own).any() else np.inf
    bad = [
        unit
        for unit in np.argsort(-own, kind="stable")
        if np.isfinite(own[unit]) and own[unit] > max(2 * usual, 2)
    ]
    near = {}
    for unit in bad[:50]:
        gaps = distance(np.full(len(every), unit), every)
        gaps[unit] = np.inf
        if gaps.min() < limit["other"] * own[unit]:
            near[unit] = int(gaps.argmin())
    far = {unit for unit in near if own[unit] > max(3 * usual, 5)}
    for unit, other in near.items():
        mutual = near.get(other) == unit
        if mutual and unit > other or not mutual and unit not in far:
            continue
        leaves = _at(known & np.isfinite(change.size[unit]) & (board.own[at][unit] >= 0))
        spots = [(int(unit), leaf) for leaf in leaves]
        if mutual:
            spots += [(other, leaf) for leaf in _at(known & (board.own[at][other] >= 0))]
        names = {"other": board.units[other], "other_en": board.english[other]}
        board.say(
            "swapped_units" if mutual else "other_unit",
            at,
            spots,
            "of_unit",
            change.detail,
            over="unit",
            **names,
        )
        board.taken[at, [unit, other] if mutual else unit] = True


def _changes(board: Board, at: int) -> None:
    """Single cells against last year: sign, nought, powers of ten, exchanged values, jumps."""
    limit, change, now = board.limit, board.change(at), board.now(at)
    last = change.last
    board.cells("sign", at, (now < 0) & (last > 0) & ~change.linear, "before", change.detail)
    filled = np.where(last > 0, last, np.nan)
    noughts = (last == 0).sum(axis=0) > 0.3 * np.isfinite(last).sum(axis=0)
    low = _quantile(filled, 0.25)
    gone = (
        (now == 0) & (last >= low) & ~change.linear & ~noughts & ~change.coarse & (~board.count | change.off)
    )
    board.cells("zero", at, gone, "before", change.detail)
    off = board.free(at, change.off)
    with np.errstate(all="ignore"):
        ratio = np.log(now / last) - np.where(change.linear, np.nan, change.middle)
    powers = defaultdict(list)
    for unit, leaf in np.argwhere(off & np.isfinite(ratio)).tolist():
        slack = min(max(2 * change.spread[leaf], np.log(limit["near"])), np.log(limit["wide"]))
        power = _power(board, ratio[unit, leaf], slack)
        if power:
            off[unit, leaf] = False
            powers[leaf, power].append(unit)
    for (leaf, power), units in powers.items():
        likely, times = likely_unit(board.measure[leaf], power), _number(10.0 ** abs(power))
        rule = "share" if board.share[leaf] and power == -2 else "unit" if likely else "decimal"
        mask = np.zeros(now.shape, dtype=bool)
        mask[units, leaf] = True
        board.cells(
            rule,
            at,
            mask,
            "change",
            change.detail,
            lambda leaf, told=(likely, times): {"likely": told[0], "times": told[1]},
        )
    risen = (last == 0) & (now >= _median(filled)) & ~board.count & ~change.linear & ~noughts & ~change.coarse
    off |= board.free(at, risen)
    for leaf in _at(off.sum(axis=0) >= 2):
        units = _at(off[:, leaf])[:50]
        slack = max(2 * change.spread[leaf], 0.1)
        gap = np.abs(
            change.forward[units, leaf][:, None] - change.backward[units, leaf] - change.middle[leaf]
        )
        for one, two in np.argwhere((gap < slack) & (slack > gap.T)):
            pair = [units[one], units[two]]
            if one < two and off[pair, leaf].all():
                spots = [(unit, leaf) for unit in pair]
                board.say("swapped", at, spots, "before", change.detail)
                off[pair, leaf] = False
                board.taken[at][pair, leaf] = True
    compared = np.isfinite(change.size).sum(axis=1)
    for unit in _at((off.sum(axis=1) > limit["listed"]) & (off.sum(axis=1) >= 0.5 * compared)):
        board.say(
            "jump_unit", at, [(unit, leaf) for leaf in _at(off[unit])], "of_unit", change.detail, over="unit"
        )
        board.taken[at, unit] = True
    board.cells("jump", at, off, "change", change.detail)


def _revised(board: Board, at: int) -> None:
    """Values of a year that the last edition has otherwise, and years exchanged."""
    now, old = board.now(at), board.before[at]
    with np.errstate(all="ignore"):
        differs = np.abs(now - old) > board.limit["revised"] * np.abs(old)
    board.cells(
        "revised", at, differs, "revised", lambda unit, leaf: {"before": _number(old[unit, leaf])}, take=False
    )
    if at == 0:
        return
    earlier, ours = board.before[at - 1], board.now(at - 1)
    pair = np.isfinite(now) & np.isfinite(earlier) & np.isfinite(ours)
    count, hits = pair.sum(axis=0), (pair & (now == earlier) & (ours != earlier)).sum(axis=0)
    for leaf in _at((count >= board.limit["copies"]) & (hits >= board.limit["pasted"] * count)):
        board.column("years", at, leaf, pair[:, leaf], before_year=int(board.years[at - 1]))


def _alone(board: Board, at: int) -> None:
    """What stands out without a year to compare: outliers, constant columns, runs, cities of noughts."""
    limit, now, change = board.limit, board.now(at), board.change(at)
    finite, total = np.isfinite(now), np.isfinite(now).sum(axis=0)
    linear = change.linear | _negatives(now)
    with np.errstate(all="ignore"):
        inside = np.where((now > 0) & ~(now >= board.ceiling), now, np.nan)
        room = np.where(np.isfinite(board.ceiling), np.log1p(-inside / board.ceiling), 0)
        level = np.where(linear, now, np.log(inside + change.add) - room)
    spread, middle = _spread(level), _median(level)
    with np.errstate(all="ignore"):
        far = np.abs(level - middle) > limit["level"] * spread
    if at + 1 < len(board.years):
        later = board.change(at + 1)
        far &= ~(np.abs(later.size) <= later.bound) | (later.when != at)
    far &= ~np.isfinite(change.last) & (total >= limit["few"]) & (spread > 0)
    for leaf in _at(board.free(at, far).any(axis=0)):
        column = np.sort(level[:, leaf][np.isfinite(level[:, leaf])])
        step = np.log(limit["apart"]) if not linear[leaf] else limit["level"] / 2 * spread[leaf]
        gaps = np.flatnonzero(np.diff(column) > step)
        lower, upper = gaps[column[gaps] < middle[leaf]], gaps[column[gaps + 1] > middle[leaf]]
        body = column[lower[-1] + 1 if len(lower) else 0], column[upper[0] if len(upper) else -1]
        mask = np.zeros(now.shape, dtype=bool)
        mask[:, leaf] = far[:, leaf] & ((level[:, leaf] < body[0]) | (level[:, leaf] > body[1]))
        inner = now[:, leaf][(level[:, leaf] >= body[0]) & (level[:, leaf] <= body[1])]
        ends = (
            {"low": _number(inner.min()), "high": _number(inner.max())}
            if len(inner)
            else {"low": "", "high": ""}
        )
        board.cells("outlier", at, mask, "level", lambda unit, leaf, ends=ends: ends)
    for leaf in _at(total >= limit["copies"]):
        column = now[finite[:, leaf], leaf]
        last = change.last[np.isfinite(change.last[:, leaf]), leaf]
        if (column == column[0]).all():
            if not (len(last) and (last == last[0]).all()) and not board.taken[at][:, leaf].all():
                number = _number(column[0])
                board.column("constant", at, leaf, finite[:, leaf], group=number, number=number)
            continue
        _runs(board, at, leaf, change)
        _rounded(board, at, leaf, column, last)
    below = ((now < 0).sum(axis=0) <= 0.05 * total) & ~linear & ((now > 0).sum(axis=0) >= limit["few"])
    board.cells("sign_odd", at, (now < 0) & below & ~np.isfinite(change.last))
    nought = finite & (now == 0)
    told, usual = finite.sum(axis=1), nought.sum(axis=0) < 0.5 * total
    zero = (nought.sum(axis=1) == told) & (told >= 3) & ((nought & usual).sum(axis=1) >= 3)
    for unit in _at(zero):
        spots = [(unit, leaf) for leaf in _at(nought[unit])]
        board.say("zero_unit", at, spots, over="unit")


def _runs(board: Board, at: int, leaf: int, change: Change) -> None:
    """Neighbours in the file with one number, in a column where numbers seldom repeat."""
    order = board.ordered(at, leaf, board.own[at][:, leaf] >= 0)
    column, least = change.now[order, leaf], board.limit["copies"]
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    lengths = np.diff(np.r_[starts, len(column)])
    long = (lengths >= least) & ~np.isin(column[starts], [0, np.nanmin(column), np.nanmax(column)])
    rest = (
        np.delete(column, np.concatenate([np.arange(a, a + b) for a, b in zip(starts[long], lengths[long])]))
        if long.any()
        else column
    )
    if not long.any() or len(np.unique(rest)) < board.limit["distinct"] * len(rest) or len(rest) < least:
        return
    for start, length in zip(starts[long], lengths[long]):
        units = order[start : start + length]
        before = change.last[units, leaf]
        if board.free(at)[units, leaf].all() and not (before == before[0]).all():
            board.say("run", at, [(unit, leaf) for unit in units])


def _rounded(board: Board, at: int, leaf: int, column: np.ndarray, last: np.ndarray) -> None:
    """Nearly all whole now, hardly any last year."""
    if min(len(column), len(last)) >= board.limit["few"] and not board.count[leaf]:
        now, before = ((values % 1 == 0).mean() for values in (column[np.isfinite(column)], last))
        fresh = not board.taken[at][:, leaf].any()
        if fresh and now > 0.9 and before < 0.3 and np.abs(column).max() > 1:
            board.column("rounded", at, leaf, np.isfinite(board.now(at)[:, leaf]), take=False)


CHECKS = [
    _infinite,
    _years,
    _foreign,
    _impossible,
    _copied,
    _parts,
    _columns,
    _rows,
    _changes,
    _revised,
    _alone,
]
