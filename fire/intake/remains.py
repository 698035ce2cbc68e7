"""What there is to say once a table has been read: totals that do not add up, doubles, remarks, what was left out."""

from itertools import islice

import numpy as np
import pandas as pd

from fire import cells
from fire.grids import address
from fire.index.panel import KEY
from fire.intake import measures
from fire.intake.mapping import SKIP, is_text, letters_of, number_of, some
from fire.sources import names

OFF = 0.005  # of a total: rounding of its parts is less
DOUBLES = 50  # doubled values named before the rest is counted
LOOKED = 2000  # rows outside the ranges that are looked at


def totals(table, year, years: np.ndarray, total: np.ndarray, parts: np.ndarray) -> None:
    """Totals of a table against the sum of its rows, where every one of them has a value."""

    unit = table.along["unit"]

    def sums(mask):
        value, _ = table.numbers(mask, [])
        spots = np.argwhere(mask)
        return pd.DataFrame(
            {
                "unit": unit.of(np.array([str(text) for text in unit.texts], dtype=object), mask),
                "indicator": table.along["indicator"].of(table.ids, mask),
                "year": year.of(years, mask),
                "value": value,
                "row": spots[:, 0],
                "column": spots[:, 1],
            }
        ).dropna(subset="value")

    part, whole = sums(parts), sums(total)
    added = part.groupby(["indicator", "year"])["value"].agg(["sum", "size"])
    count = part["unit"].nunique()
    top = whole.sort_values("value", ascending=False).drop_duplicates(["indicator", "year"])
    for line in top.itertuples():
        want = measures.find(table.units_of.get(line.indicator) or "")
        key = (line.indicator, line.year)
        if (
            want is None
            or want.kind not in measures.SUMMED
            or key not in added.index
            or added.at[key, "size"] != count
        ):
            continue
        if any(word in line.unit.casefold() for word in ("均", "average", "mean")):
            continue
        more = added.at[key, "sum"] - line.value
        beyond = names.plain(line.unit).startswith(("全", "national"))  # may hold more than the rows listed
        if (more if beyond else abs(more)) > OFF * abs(line.value):
            spot = table.rows[line.row], table.columns[line.column]
            table.say(
                "total",
                spot,
                column=f"{table.indicators.label(line.indicator)[0]} {line.year}",
                value=table.whole[spot],
                unit=line.unit,
                total=f"{line.value:.10g}",
                sum=f"{added.at[key, 'sum']:.10g}",
            )


def once(table, frame: pd.DataFrame) -> pd.DataFrame:
    """Each unit, year and indicator once; what stands twice and differs is an error."""
    double = frame[frame.duplicated(KEY, keep=False)]
    if double.empty:
        return frame
    groups = double.groupby(KEY, sort=False)
    differ = groups["value"].transform("nunique") > 1
    equal = [
        f"{unit} {year} {table.indicators.label(indicator)[0]}（{'、'.join(group['cell'])}）"
        for (unit, year, indicator), group in double[~differ].head(DOUBLES).groupby(KEY, sort=False)
    ]
    if equal:
        count = int((~double[~differ].duplicated(KEY)).sum())
        table.say("same", cells="；".join(some(equal)), count=count)
    unlike = double[differ].groupby(KEY, sort=False)
    for (unit, year, indicator), group in islice(unlike, DOUBLES):
        first = group.iloc[0]
        table.say(
            "twice",
            (first["row"] - 1, number_of(first["cell"].rstrip("0123456789"))),
            column=first["column"],
            value=first["raw"],
            unit=unit,
            year=year,
            indicator=table.indicators.label(indicator)[0],
            indicator_en=table.indicators.label(indicator)[1],
            cells="、".join(some(group["cell"])),
            values="、".join(some(f"{one:.10g}" for one in group["value"])),
        )
    if len(unlike) > DOUBLES:
        table.say("twice_more", count=len(unlike) - DOUBLES)
    return frame.drop_duplicates(KEY, ignore_index=True)


def merged(table) -> None:
    """Merged cells among the values: their number holds for the first only."""
    rows, columns = set(table.rows), set(table.columns)
    for top, left, bottom, right in table.grid.merged:
        inside = sum(row in rows for row in range(top, bottom + 1)) * sum(
            column in columns for column in range(left, right + 1)
        )
        if inside > 1 and _is_number(table.whole[top, left]):
            table.say("merged", (top, left), value=table.whole[top, left], last=address(bottom, right))


def rest(table) -> None:
    """What was not read: remarks below and between, rows or columns that look like data, columns left out."""
    axis = table.axes["unit"]
    if axis.kind == "fixed":
        return
    down = axis.kind == "column"
    whole, there = (table.whole, table.somewhere) if down else (table.whole.T, table.somewhere.T)
    rows, columns = (table.rows, table.columns) if down else (table.columns, table.rows)
    heads = {
        spot
        for one in table.axes.values()
        if one.kind == ("row" if down else "column")
        for spot in one.positions
    }
    valued = there[:, columns].any(axis=1)
    inside = np.isin(np.arange(len(whole)), rows)
    look = there.any(axis=1) & ~(inside & valued) & ~((np.arange(len(whole)) < rows[0]) & ~valued)
    beyond, remarks = [], []
    for row in [row for row in np.flatnonzero(look)[:LOOKED] if row not in heads]:
        texts = [whole[row, group[-1]] for group in axis.at if is_text(whole[row, group[-1]])]
        if inside[row]:
            if texts:
                remarks.append(f"{_named(row, down)}：{texts[0]}")
        elif any(
            table.units.find(text) and table.names.get(names.plain(text)) not in SKIP for text in texts
        ) and any(_is_number(one) for one in whole[row, columns]):
            beyond.append(row)
        elif row > rows[0] and (down or texts):
            first = next(one for one in whole[row] if is_text(one))
            remarks.append(f"{_named(row, down)}：{first}")
    first = axis.at[0][-1]
    close = _next_to(np.flatnonzero(inside & valued), beyond)
    for rule, places in (("cities", close), ("beyond", [row for row in beyond if row not in close])):
        if places:
            spot = (places[0], first) if down else (first, places[0])
            cities = "、".join(some(f"{_named(row, down)} {whole[row, first]}" for row in places))
            table.say(rule, spot, value=table.whole[spot], count=len(places), lines=cities)
    if remarks:
        table.say("remarks", lines="；".join(some(remarks)), count=len(remarks))
    keys = {spot for one in table.axes.values() if one.kind == axis.kind for spot in one.positions}
    left = [place for place in np.flatnonzero(there[rows].any(axis=0)) if place not in {*columns, *keys}]
    if left:
        above = sorted(heads, reverse=True) or range(rows[0] - 1, -1, -1)
        heading = [
            next((whole[row, place] for row in above if is_text(whole[row, place])), "") for place in left
        ]
        named = [f"{_named(place, not down)} {text}".strip() for place, text in zip(left, heading)]
        bare = [not text and any(map(_is_number, whole[rows, place])) for place, text in zip(left, heading)]
        for rule, kind in (("headless", True), ("unread", False)):
            said = [line for line, one in zip(named, bare) if one == kind]
            if said:
                table.say(rule, lines="、".join(some(said)), count=len(said))


def _next_to(read, others: list) -> list:
    """Those of `others` that lie next to what was read, with nothing but their like between: of the same table."""
    near, left = {int(row) for row in read}, [int(row) for row in others]
    for row in [*left, *reversed(left)]:
        if {row - 1, row + 1} & near:
            near.add(row)
    return [row for row in left if row in near]


def _named(place, row: bool) -> str:
    return str(place + 1) if row else letters_of(place)


def _is_number(one) -> bool:
    return cells.read(one).value is not None
