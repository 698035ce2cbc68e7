"""Reading a table by its mapping: a grid of cells in any layout → one row for each value.

A table has heading rows above and key columns at the left; each says something about the values: whose they are, what,
of which year, in which unit of measurement. fire.intake.mapping says how a mapping names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fire import cells
from fire.errors import Finding
from fire.grids import Grid, address
from fire.index import panel as panels
from fire.intake import measures, remains
from fire.intake.mapping import (
    SHOWN,
    SKIP,
    SPOT,
    Axis,
    axes,
    faults,
    is_text,
    letters_of,
    number_of,
    of_cell,
    offered,
    positions,
    some,
    statuses,
    without_year,
    year_in,
    years_in,
)
from fire.sources import names

COLUMNS = [*panels.COLUMNS, "raw", "measure", *SPOT]


@dataclass
class Along:
    """What one axis says of each value: `texts[codes]`; `spots` are the cells where the texts stand."""

    codes: np.ndarray
    texts: list
    spots: list

    def used(self, mask: np.ndarray) -> np.ndarray:
        """Whether each text stands over any of the cells."""
        return np.bincount(np.broadcast_to(self.codes, mask.shape)[mask], minlength=len(self.texts)) > 0

    def of(self, values, mask: np.ndarray) -> np.ndarray:
        """One of `values` (by text) for each of the cells."""
        return np.asarray(values)[np.broadcast_to(self.codes, mask.shape)[mask]]


def read(
    grid: Grid, mapping: dict, units: names.Roster, indicators: names.Roster, units_of: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Finding]]:
    """The values of a table as its mapping says, and what was found.

    `units_of`: unit of measurement by indicator (as in the specification, such as 亿元), into which values are converted.
    Gives unit, year, indicator, value, status, source, raw (as it stood), measure, file, sheet, row (as Excel counts),
    column (heading), cell; cells without a value are left out, those that cannot be read have none. A mapping with an error is not read.
    """
    found = faults(mapping, grid)
    said = mapping.get("names")
    said = said if isinstance(said, dict) else {}
    given = {text: target for text, target in said.items() if target not in (None, "", *SKIP)}
    found += names.unknown_targets(given, [units, indicators], file=grid.file, sheet=grid.sheet or "")
    if any(one.level == "error" for one in found):
        return pd.DataFrame(columns=COLUMNS), found
    if not all(
        positions(mapping[f"{kind}s"], kind, size) for kind, size in zip(("row", "column"), grid.cells.shape)
    ):
        nothing = Finding("layout.blank", grid.file, sheet=grid.sheet or "")
        return pd.DataFrame(columns=COLUMNS), [*found, nothing]
    table = Table(grid, mapping, units, indicators, units_of)
    tidy = table.tidy()
    return tidy, [*found, *sorted(table.found, key=_in_order)]


class Table:
    """One table being read: its cells, its axes, and the findings so far."""

    def __init__(
        self, grid: Grid, mapping: dict, units: names.Roster, indicators: names.Roster, units_of: Mapping
    ):
        self.units, self.indicators, self.units_of = units, indicators, units_of
        self.grid, self.mapping, self.axes, self.found = grid, mapping, axes(mapping), []
        height, width = grid.cells.shape
        self.rows = positions(mapping["rows"], "row", height)
        self.columns = positions(mapping["columns"], "column", width)
        whole = grid.cells.to_numpy(dtype=object)
        self.whole, self.full = whole, filled(grid)
        self.values = whole[np.ix_(self.rows, self.columns)]
        self.somewhere = pd.notna(whole) & (whole != "")
        self.there = self.somewhere[np.ix_(self.rows, self.columns)]
        self.along = {key: self._along(key, one) for key, one in self.axes.items() if one.kind != "inside"}
        self.names = {names.plain(text): target for text, target in (mapping.get("names") or {}).items()}

    def say(self, rule, spot=None, **values) -> None:
        self.found.append(self.finding(rule, spot, **values))

    def finding(self, rule, spot=None, **values) -> Finding:
        """A finding at a cell, or about the whole table."""
        return Finding(f"layout.{rule}", **self.place(spot), **values)

    def place(self, spot=None) -> dict:
        cell = {"row": int(spot[0]) + 1, "cell": address(*spot)} if spot is not None else {}
        return {"file": self.grid.file, "sheet": self.grid.sheet or ""} | cell

    # ---- what the axes say

    def _along(self, key: str, one: Axis) -> Along:
        """The texts of an axis and which of them each value stands under."""
        if one.kind == "fixed":
            return Along(np.zeros((1, 1), int), [one.value], [None])
        down = one.kind == "column"
        places, heads = (self.rows, self.columns) if down else (self.columns, self.rows)
        groups = sorted(one.at)
        lines = [self._line(key, group, places, down) for group in groups]
        which = np.searchsorted([min(group) for group in groups], heads, side="right") - 1
        which = np.maximum(which, 0) * len(places)
        step = np.arange(len(places))
        codes = step[:, None] + which[None, :] if down else which[:, None] + step[None, :]
        spots = [(place, group[-1]) if down else (group[-1], place) for group in groups for place in places]
        return Along(codes, [text for line in lines for text in line], spots)

    def _line(self, key: str, group: tuple, places: list[int], down: bool) -> list:
        """Texts of a key column (or heading row); where an outer one stands only once for several, it holds for all."""
        others = {
            spot
            for other in ("unit", "indicator", "year")
            if other in self.axes and self.axes[other].kind == ("column" if down else "row")
            for spot in self.axes[other].positions
        } - set(group)
        stops = {
            spot
            for one in self.axes.values()
            if one.kind == ("row" if down else "column")
            for spot in one.positions
        }
        parts = []
        for spot in group:
            texts = self.full[:, spot] if down else self.full[spot, :]
            outer = key in ("unit", "indicator", "year") and (others or spot != group[-1])
            merged = any(
                (left <= spot <= right and bottom > top) if down else (top <= spot <= bottom and right > left)
                for top, left, bottom, right in self.grid.merged
            )
            parts.append(
                self._spread(texts, places, stops, spot, down) if outer and not merged else texts[places]
            )
        if len(parts) == 1:
            return list(parts[0])
        return [
            "/".join(dict.fromkeys(str(one) for one in line if is_text(one))) or None for line in zip(*parts)
        ]

    def _spread(self, texts: np.ndarray, places: list[int], stops: set, spot: int, down: bool) -> list:
        """Blanks filled from before, if each text stands once for several (甲市, blank, blank, 乙市, blank, blank)."""
        last, spread, blanks, written, repeated = None, {}, 0, 0, False
        for place in range(places[0], places[-1] + 1):
            text = texts[place]
            if place in stops:
                last = None
            elif is_text(text):
                repeated |= text == last
                last, written = text, written + 1
            else:
                blanks += last is not None
            spread[place] = last if place not in stops else None
        if repeated or blanks * 2 < written or not blanks:
            return list(texts[places])
        name = letters_of(spot) if down else spot + 1
        self.say("spread_down" if down else "spread_right", line=name, count=blanks)
        return [spread[place] for place in places]

    def _meaning(
        self, along: Along, roster: names.Roster, texts: list, key: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids of the texts of an axis, and what each is: id, blank, skip, total, unknown or unused."""
        used, total = along.used(self.there), _totals(self.mapping)
        ids, kinds = np.full(len(texts), None, dtype=object), np.full(len(texts), "unused", dtype=object)
        ask = []
        for place, text in enumerate(texts):
            mapped = self.names.get(names.plain(text)) if is_text(text) else None
            if not used[place]:
                continue
            if not is_text(text) or not str(text).strip("-—–―－_/.… \u3000"):
                kinds[place] = "blank"
            elif mapped in SKIP:
                kinds[place] = "skip"
            elif mapped is not None:
                ids[place] = roster.find(mapped)
                kinds[place] = "unknown" if ids[place] is None else "id"
                if ids[place] is None:
                    near = "、".join(roster.label(one)[0] for one in roster.near(mapped))
                    self.say(f"not_{key}", along.spots[place], value=text, target=mapped, near=near or "—")
            elif key == "unit" and (names.plain(text) in total or names.is_total(text)):
                kinds[place] = "total"
            else:
                ask.append(place)
        if ask:
            strange = [place for place in ask if self._is_left(texts[place], roster, key)]
            if strange:
                kinds[strange] = "skip"
                left = list(dict.fromkeys(str(texts[place]) for place in strange))
                self.say("left", texts="、".join(some(left)), count=len(left))
            ask = [place for place in ask if kinds[place] != "skip"]
        if ask:
            said, found = roster.match(
                pd.Series([texts[place] for place in ask], dtype=object),
                lambda position: self.place(along.spots[ask[position]]),
            )
            self.found += found
            ids[ask] = said.to_numpy(dtype=object)
            kinds[ask] = ["unknown" if one is None else "id" for one in ids[ask]]
        blanks = [place for place in np.flatnonzero(kinds == "blank") if along.spots[place]]
        if key == "unit":
            blanks = self._without_subtotals(blanks, along)
        if blanks:
            self.say(f"no_{key}", along.spots[blanks[0]], count=len(blanks))
        skipped = [
            str(text)
            for text in dict.fromkeys(texts)
            if is_text(text) and self.names.get(names.plain(text)) in SKIP
        ]
        if skipped:
            self.say("skipped", texts="、".join(some(skipped)), count=len(skipped))
        return ids, kinds

    def _without_subtotals(self, blanks: list, along: Along) -> list:
        """Rows without a city, apart from those of a province or a total (广东省 in the column before)."""
        if not blanks or self.axes["unit"].kind != "column":
            return blanks
        beside = [place for place in range(self.whole.shape[1]) if place not in set(self.columns)]
        kept, left = [], []
        for place in blanks:
            row = along.spots[place][0]
            texts = [text for text in self.whole[row, beside] if isinstance(text, str)]
            total = [one for one in texts if names.is_total(one) or names.plain(one) in self.units.apart]
            (left if total else kept).append(f"{row + 1}：{total[0]}" if total else place)
        if left:
            self.say("subtotals", lines="；".join(some(left)), count=len(left))
        return kept

    def _is_left(self, text, roster: names.Roster, key: str) -> bool:
        """Whether a text is a city that the mapping leaves out because it is not on the list (`others: skip`)."""
        if key != "unit" or self.mapping.get("others") not in SKIP or names.is_note(text):
            return False
        return roster.read(text)[:2] == (None, None) and not roster.near(text, 1)

    def _regions(self, unit: Along, ids: np.ndarray, kinds: np.ndarray) -> None:
        """Cities beside another region than theirs: the cities of a sheet were sorted without the values beside them."""
        if "region" not in self.along:
            return
        region = self.along["region"]
        shape = self.there.shape
        pairs = np.stack([np.broadcast_to(one.codes, shape)[self.there] for one in (unit, region)])
        off = []
        for place, code in np.unique(pairs, axis=1).T if pairs.size else ():
            own, said = self.units.regions.get(ids[place]), region.texts[code]
            if kinds[place] == "id" and own and is_text(said) and names.plain(said) != names.plain(own):
                off.append((place, f"{ids[place]}：{said}"))
        if off:
            self.say(
                "region",
                unit.spots[off[0][0]],
                value=unit.texts[off[0][0]],
                **_said_at("axis", self.axes["unit"]),
                **_said_at("other", self.axes["region"]),
                count=len(off),
                lines="、".join(some(line for _, line in off)),
            )

    def _years(self, along: Along, mask: np.ndarray) -> np.ndarray:
        """The year of each text, 0 where there is none."""
        read = [year_in(text) if is_text(text) else None for text in along.texts]
        for text, places in _without(along, read, mask).items():
            rule = "two_years" if len(years_in(text)) > 1 else "no_year"
            self.say(rule, along.spots[places[0]], value=text, count=len(places))
        return np.array([year or 0 for year in read])

    # ---- the values

    def tidy(self) -> pd.DataFrame:
        """The table as one row for each value."""
        unit, heading = self.along["unit"], self.along["indicator"]
        unit_ids, unit_kinds = self._meaning(unit, self.units, unit.texts, "unit")
        bare = [cut(text, self.indicators, self.names) for text in heading.texts]
        ids, kinds = self._meaning(heading, self.indicators, [name for name, _ in bare], "indicator")
        self.ids, self.measured = ids, [measure for _, measure in bare]
        year = self.along.get("year", heading)
        named = self.there & (kinds == "id")[heading.codes]
        beside = named if year is heading else self.there & np.isin(kinds, ["id", "unknown"])[heading.codes]
        years = self._years(year, beside & (unit_kinds == "id")[unit.codes])
        known = named & (years > 0)[year.codes]
        mask = known & (unit_kinds == "id")[unit.codes]
        self._other_years(heading, year, years, mask)
        self._regions(unit, unit_ids, unit_kinds)
        remains.merged(self)
        if not mask.any() and not any(one.level == "error" for one in self.found):
            self.say("nothing" if self.there.any() else "blank")
        spots = np.nonzero(mask)
        self.headings = self._headings()
        value, measure = self.numbers(mask, self.found)
        row, column = np.asarray(self.rows)[spots[0]], np.asarray(self.columns)[spots[1]]
        letters = np.array([letters_of(place) for place in range(self.whole.shape[1])], dtype=object)
        said_of = {
            "unit": unit.of(unit_ids, mask),
            "year": year.of(years, mask),
            "indicator": heading.of(ids, mask),
            "value": value,
            "status": self._status(mask),
            "source": self._source(mask),
            "raw": self.values[mask],
            "measure": measure,
            "file": np.full(len(row), self.grid.file, dtype=object),
            "sheet": np.full(len(row), self.grid.sheet or "", dtype=object),
            "row": row + 1,
            "column": self.headings[spots],
            "cell": letters[column] + (row + 1).astype(str).astype(object),
        }
        frame = pd.DataFrame({name: pd.Series(one, dtype=one.dtype) for name, one in said_of.items()})
        totals = known & (unit_kinds == "total")[unit.codes]
        if totals.any():
            parts = known & np.isin(unit_kinds, ["id", "skip"])[unit.codes]
            remains.totals(self, year, years, totals, parts)
        remains.rest(self)
        read = remains.once(self, frame[frame["value"].notna()].reset_index(drop=True))
        refused = {one.place["cell"] for one in self.found if one.level == "error" and of_cell(one)}
        lost = frame[frame["value"].isna() & frame["cell"].isin(refused)]  # a correction may stand for them
        return pd.concat([read, lost], ignore_index=True) if len(lost) else read

    def _headings(self) -> np.ndarray:
        """The heading of each cell as it stood: the texts of the heading rows, or what stands above the first value."""
        heads = [
            along
            for key, along in self.along.items()
            if self.axes[key].kind == "row" and key not in ("status", "source", "region")
        ]
        shape = self.values.shape
        if not heads:
            above = (
                self.full[self.rows[0] - 1, self.columns] if self.rows and self.rows[0] else [None] * shape[1]
            )
            return np.broadcast_to(
                np.array([str(one) if is_text(one) else "" for one in above], dtype=object), shape
            )
        texts = [
            np.array([str(one) if is_text(one) else "" for one in along.texts], dtype=object)
            for along in heads
        ]
        joined: dict[tuple, str] = {}
        codes = np.stack([np.broadcast_to(along.codes, shape) for along in heads])
        flat = codes.reshape(len(heads), -1).T
        if len(heads) == 1:
            return texts[0][codes[0]]
        unique, back = np.unique(flat, axis=0, return_inverse=True)
        for line in map(tuple, unique):
            joined[line] = " ".join(
                dict.fromkeys(text[code] for text, code in zip(texts, line) if text[code])
            )
        return np.array([joined[tuple(line)] for line in unique], dtype=object)[back.ravel()].reshape(shape)

    def _other_years(self, heading: Along, year: Along, years: np.ndarray, mask: np.ndarray) -> None:
        """Headings that name another year than the one that their values are read for."""
        if year is heading or heading.spots == [None]:
            return
        own = [years_in(text) if isinstance(text, str) else set() for text in heading.texts]
        named = np.array([min(one) if len(one) == 1 else 0 for one in own])
        off = mask & (named > 0)[heading.codes] & (named[heading.codes] != years[year.codes])
        for place in np.unique(np.broadcast_to(heading.codes, mask.shape)[off])[:SHOWN]:
            spot = tuple(np.argwhere(off & (heading.codes == place))[0])
            code = np.broadcast_to(year.codes, mask.shape)[spot]
            self.say("other_year", heading.spots[place], value=heading.texts[place], year=years[code])

    def _measures(self, mask: np.ndarray, found: list) -> tuple[np.ndarray, list]:
        """For each cell the position, in the list beside it, of the units of measurement that hold for it: those of the
        indicator's heading, else of the mapping, else of a line such as `单位：亿元`."""

        def say(rule, spot=None, **values):
            found.append(self.finding(rule, spot, **values))

        heading, indicators = self.along["indicator"], self.indicators
        lists: list[tuple] = [()]
        own = heading.of([_place_in(lists, tuple(one)) for one in self.measured], mask)
        axis = self.axes.get("measure")
        if axis is None or axis.kind == "inside":
            lines = {tuple(measures.of_line(text)) for text in self._outside()} - {()}
            if len(lines) > 1 and not own.all():
                said_twice = "、".join(sorted(one.name for line in lines for one in line))
                say("measure_lines", measures=said_twice)
            other = np.full(len(own), _place_in(lists, lines.pop()) if len(lines) == 1 else 0)
        elif isinstance(axis.value, dict):
            of = {indicators.find(key): tuple(measures.several(text)) for key, text in axis.value.items()}
            for key in [key for key in axis.value if indicators.find(key) is None]:
                near = "、".join(indicators.label(one)[0] for one in indicators.near(key))
                say("measure_of", value=key, near=near or "—")
            other = heading.of([_place_in(lists, of.get(one, ())) for one in self.ids], mask)
        else:
            along = self.along["measure"]
            used, places = along.used(mask), []
            for place, text in enumerate(along.texts):
                read = (measures.of_line(text) or measures.several(text)) if is_text(text) else []
                places.append(_place_in(lists, tuple(read)))
                if used[place] and is_text(text) and not read:
                    say("measure_text", along.spots[place], value=text)
            other = along.of(places, mask)
        for one, two in np.unique(np.stack([own, other]), axis=1).T:
            if one and two and not set(lists[one]) <= set(lists[two]):
                names_of = ["、".join(measure.name for measure in lists[place]) for place in (one, two)]
                say("measure_twice", value=names_of[0], other=names_of[1])
        return np.where(own > 0, own, other), lists

    def numbers(self, mask: np.ndarray, found: list) -> tuple[np.ndarray, np.ndarray]:
        """Values in the unit of measurement of the specification, and the one in which each stood."""
        raw, indicator = self.values[mask], self.along["indicator"].of(self.ids, mask)
        which, lists = self._measures(mask, found)
        rows, columns = np.nonzero(mask)

        def place(position):
            spot = self.rows[rows[position]], self.columns[columns[position]]
            return self.place(spot) | {"column": self.headings[rows[position], columns[position]]}

        value = np.full(len(raw), np.nan)
        plain = np.array([type(one) in (int, float) for one in raw], dtype=bool)
        value[plain] = raw[plain].astype(float)
        plain &= np.isfinite(value)
        rest, listed = np.flatnonzero(~plain), []
        own_measure: dict[int, str] = {}  # cells with a unit of measurement of their own, as they read

        def spot_of(position):
            listed.append(rest[position])
            return place(rest[position])

        read, said_of_cells = cells.numbers(pd.Series(raw[rest], dtype=object), spot_of)
        value[rest] = np.asarray(read, dtype=float)
        found += said_of_cells
        for position, one in zip(
            listed, said_of_cells
        ):  # 1.2亿元, 12.3%: the unit of measurement stands with the number
            own = measures.find(one.values.get("scale", "") + one.values.get("suffix", ""))
            if own and "written" in one.values:
                value[position], which[position] = one.values["written"], _place_in(lists, (own,))
                own_measure[position] = f"{one.values['written']:.10g}{own.name}"
        measure = np.full(len(raw), "", dtype=object)
        assumed = []
        pairs = pd.DataFrame({"indicator": indicator, "which": which}).groupby(
            ["indicator", "which"], sort=False
        )
        for (one, place_of), group in pairs.indices.items():
            want = measures.find(self.units_of.get(one) or "")
            name = self.units_of.get(one) or ""
            if place_of == 0 or not name:
                measure[group] = name if place_of == 0 else lists[place_of][0].name
                assumed += [(self.indicators.label(one), name)] if place_of == 0 and name else []
                continue
            options = lists[place_of]
            fits = (
                [(option, measures.convert(value[group], option, want)) for option in options] if want else []
            )
            fits = [(option, new) for option, new in fits if new is not None]
            fits += [(option, value[group]) for option in options if not want and option.name == name]
            zh, en = self.indicators.label(one)
            told = {
                "indicator": zh,
                "indicator_en": en,
                "of": "、".join(option.name for option in options),
                "to": name,
                "count": len(group),
                "columns": "、".join(
                    some(letters_of(self.columns[at]) for at in dict.fromkeys(columns[group]))
                ),
            }
            if not fits:
                value[group] = np.nan
                alone = [at for at in group if at in own_measure]
                if len(alone) == len(group) and 2 * len(group) <= max((indicator == one).sum(), 3):
                    rule = "percent" if options[0].kind == "share" else "other_measure"
                    found += [
                        Finding(f"layout.{rule}", **place(at), **told, value=own_measure[at]) for at in group
                    ]
                    continue
                found.append(Finding("layout.unlike", **place(group[0]), value=raw[group[0]], **told))
                continue
            option, value[group] = fits[0]
            measure[group] = option.name
            if want and (option.kind == "scale" or option.factor != want.factor):
                told["of"] = option.name
                found.append(Finding("layout.converted", **place(group[0]), value=raw[group[0]], **told))
        if assumed:
            named = {
                key: mark.join(f"{label[at]} {name}" for label, name in dict.fromkeys(assumed))
                for at, (key, mark) in enumerate((("measures", "、"), ("measures_en", ", ")))
            }
            found.append(self.finding("assumed", **named))
        return value, measure

    def _status(self, mask: np.ndarray) -> np.ndarray:
        if "status" not in self.along:
            return np.full(mask.sum(), "observed", dtype=object)
        along, known = self.along["status"], statuses()
        read = [known.get(str(text).strip().casefold()) if is_text(text) else None for text in along.texts]
        for text, places in _without(along, read, mask).items():
            rule = "status_text" if text else "status_empty"
            self.say(rule, along.spots[places[0]], value=text, count=len(places), **offered())
        return along.of(np.array(read, dtype=object), mask)

    def _source(self, mask: np.ndarray) -> np.ndarray:
        if "source" not in self.along:
            return np.full(mask.sum(), self.grid.file, dtype=object)
        along = self.along["source"]
        return along.of(
            np.array([str(text) if is_text(text) else self.grid.file for text in along.texts], dtype=object),
            mask,
        )

    # ---- what is checked afterwards

    def _outside(self) -> list[str]:
        """Texts above, below and beside the values."""
        outside = self.somewhere.copy()
        outside[np.ix_(self.rows, self.columns)] = False
        return [text for text in self.whole[outside] if isinstance(text, str)]


def filled(grid: Grid) -> np.ndarray:
    """The cells with the value of a merged range in each of its cells."""
    full = grid.cells.to_numpy(dtype=object).copy()
    for top, left, bottom, right in grid.merged:
        full[top : bottom + 1, left : right + 1] = full[top, left]
    return full


def _without(along: Along, read: list, mask: np.ndarray) -> dict[str, list[int]]:
    """Texts over any of the cells that were not read as anything, with their places."""
    found: dict[str, list[int]] = {}
    for place in np.flatnonzero(along.used(mask)):
        if read[place] is None:
            found.setdefault(str(along.texts[place]) if is_text(along.texts[place]) else "", []).append(
                int(place)
            )
    return found


def cut(text, indicators: names.Roster, given: Mapping) -> tuple:
    """The heading of an indicator without year and unit of measurement (unless they belong to its name), and the latter."""
    if not is_text(text):
        return None, []
    text = str(text)
    bare, measure = measures.of_heading(text)
    if names.plain(text) in given or indicators.find(text) is not None:
        return text, measure
    if names.plain(bare) in given or indicators.find(bare) is not None:
        return bare, measure
    return without_year(bare) or bare, measure


def _in_order(one: Finding) -> tuple[int, int]:
    """The place of a finding in its sheet, row by row; what is about the whole table goes first."""
    letters = one.place["cell"].rstrip("0123456789")
    return one.place["row"] or 0, number_of(letters) if letters else 0


def _said_at(key: str, axis: Axis) -> dict[str, str]:
    """Where an axis stands, as messages say it: A 列 and column A, 第 3 行 and row 3."""
    if axis.kind == "row":
        spots = ", ".join(str(at + 1) for at in axis.positions)
        return {key: f"第 {spots} 行", f"{key}_en": f"row {spots}"}
    spots = ", ".join(map(letters_of, axis.positions))
    return {key: f"{spots} 列", f"{key}_en": f"column {spots}"}


def _totals(mapping: dict) -> set[str]:
    given = mapping.get("totals") or []
    return {names.plain(text) for text in ([given] if isinstance(given, str) else given)}


def _place_in(lists: list, one) -> int:
    if one not in lists:
        lists.append(one)
    return lists.index(one)
