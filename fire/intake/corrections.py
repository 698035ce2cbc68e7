"""Corrections: what a person changed or accepted in an edition's data, each with who, when and why, until the source is mended.

A row of corrections.csv with `new` replaces the value of one cell, as long as the source still says `expect`; a row without
`new` accepts a warning (`rule`) about a cell, or about all where `*` stands or nothing. Columns: data/schemas/corrections.json.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from fire import cells as reading
from fire import files
from fire.errors import Finding, InputError, rules, shown
from fire.index.panel import KEY
from fire.intake import measures
from fire.intake.late import RESTS
from fire.intake.mapping import SPOT, of_cell
from fire.sources import names, tables
from fire.sources.names import Roster, plain

ALL = "*"
# Errors that a person may accept: a column is off by a power of ten because the source has changed its base.
REBASED = ("plausibility.unit_column", "plausibility.decimal_column")
ALIKE = ["file", "sheet", "indicator", "measure"]  # cells that are measured alike


def read(
    path: Path | str, units: Roster | None = None, kinds: Iterable[Roster] = ()
) -> tuple[pd.DataFrame, list[Finding]]:
    """The sound rows of a file of corrections, and a finding for every fault of the others.

    Columns of the schema and `label` (of the indicator, Chinese and English), the index is the row of the file (the
    header is row 1); `*` where a key is empty in a row that accepts. Cities and indicators may be written as in the sources: `units` and `kinds` (the first that knows a text) say
    what they mean. A file that cannot be read has no rows.
    """
    columns = tables.columns("corrections")
    nothing = pd.DataFrame(columns=[*columns, "label"])
    try:
        table, _ = files.read_table(path)
    except InputError as error:
        return nothing, [one for one in error.faults if isinstance(one, Finding)]
    typed, found = tables.check(table, "corrections")
    if files.lacking(table, columns):
        return nothing, found
    keyed = _keyed(typed[columns].set_axis(files.rows(table)))
    rosters = {"unit": [] if units is None else [units], "indicator": list(kinds)}
    found += _unknown(keyed, rosters, path)
    for key, known in rosters.items():
        keyed[key] = keyed[key].map(lambda text, known=known: _meant(text, known) or text)
    found += _faults(keyed, path)
    keyed["label"] = keyed["indicator"].map(lambda one: _label(one, rosters["indicator"]))
    return keyed.drop(index=list({one.place["row"] for one in found})), found


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """An empty key of a row that accepts is *, and a year such as 2021.0 or 2021年 is 2021."""
    table = table.astype(object).where(table.notna(), None)
    table["year"] = table["year"].map(lambda year: str(reading.year(year) or plain(year)), na_action="ignore")
    accepts = table["new"].isna()
    for key in KEY:
        table[key] = table[key].mask(accepts & table[key].isna(), ALL)
    return table


def _meant(text, rosters: list[Roster]) -> str | None:
    """The id of a text in the first roster that knows it."""
    if pd.isna(text) or text == ALL:
        return None
    return next((one for roster in rosters if (one := roster.find(text)) is not None), None)


def _label(one, rosters: list[Roster]) -> tuple[str, str]:
    """What an indicator is called, in Chinese and English."""
    return next((roster.label(one) for roster in rosters if one in roster.labels), (_text(one), _text(one)))


def _unknown(table: pd.DataFrame, rosters: dict, file: Path | str) -> list[Finding]:
    """Names in none of the rosters, with those that they are near to."""
    found = []
    for key, known in rosters.items():
        for row, text in table[key].items() if known else ():
            if pd.isna(text) or text == ALL or _meant(text, known) is not None:
                continue
            near = [
                roster.names[one] for roster in known for one in roster.read(text).candidates or roster.near(text)
                if one in roster.names
            ]  # fmt: skip
            rule = "near" if near else "unknown"
            place = {"row": row, "column": key, "value": text}
            found.append(Finding(f"corrections.{rule}", file, **place, near="、".join(dict.fromkeys(near))))
    return found


def _faults(table: pd.DataFrame, file: Path | str) -> list[Finding]:
    """What is wrong with rows, apart from names that nobody knows."""
    found, seen = [], {}
    for row, line in zip(table.index, table.to_dict("records")):
        replaces = pd.notna(line["new"])

        def say(rule: str, column: str, row=row, line=line, **values) -> None:
            place = {"row": row, "column": column, "value": _text(line[column])}
            found.append(Finding(f"corrections.{rule}", file, **place, **values))

        for key in KEY if replaces else ():
            if pd.isna(line[key]) or line[key] == ALL:
                say("one_cell", key)
        if replaces and pd.isna(line["expect"]):
            say("no_expect", "expect")
        if replaces and reading.read(line["new"]).value is None:
            say("new", "new")
        if line["year"] != ALL and pd.notna(line["year"]) and reading.year(line["year"]) is None:
            say("year", "year")
        if not replaces and pd.isna(line["rule"]):
            say("nothing", "rule")
        elif not replaces and line["rule"] not in rules():
            say("rule", "rule")
        elif not replaces and not (rules()[line["rule"]]["level"] == "warning" or line["rule"] in REBASED):
            say("level", "rule")
        cell = (*(line[name] for name in KEY), "" if replaces else line["rule"])
        if cell in seen:
            say("twice", "unit", first=seen[cell])
        seen.setdefault(cell, row)
    return found


def replaced(
    cells: pd.DataFrame, findings: Iterable[Finding], rows: pd.DataFrame, path: Path | str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Cells with the values of the rows that have `new`, and the findings with what was replaced.

    `cells` as layout.read gives them (unit, year, indicator, value, raw, file, sheet, row, column, cell), those that could
    not be read with a missing value; they come back with a column `corrected`. What was wrong with a replaced cell
    (`mapping.of_cell`) goes. A row with `new` whose cell says something else by now, or that has no cell, is an error; a row that
    accepts has then expired, which is a warning.
    """
    cells, said, done = cells.assign(corrected=False), [], set()
    keys = (
        cells["unit"].astype(str),
        cells["year"].astype(str).str.removesuffix(".0"),
        cells["indicator"].astype(str),
    )
    positions = cells.reset_index(drop=True).groupby([key.to_numpy() for key in keys]).indices
    value, corrected = cells["value"].to_numpy(dtype=float, copy=True), np.zeros(len(cells), dtype=bool)
    for row, line in zip(rows.index, rows.to_dict("records")):
        replaces, about = pd.notna(line["new"]), _about(line)
        spots = positions.get(tuple(line[key] for key in KEY), [])
        at = {"file": f"{path}", "row": row, "column": "expect", "value": _text(line["expect"])}
        if not len(spots):
            said += [_no_cell(line, positions, at)] if replaces else []
            continue
        there = [cells.iloc[spot] for spot in spots]
        same = [_same(line["expect"], cell["raw"], cell["value"]) for cell in there]
        if pd.notna(line["expect"]) and not any(same):
            now = "、".join(dict.fromkeys(_shown(cell["raw"]) for cell in there))
            said.append(
                Finding(f"corrections.{'expired' if replaces else 'outdated'}", **at, **about, now=now)
            )
            continue
        for spot, cell, here in zip(spots, there, same):
            if replaces and here:
                value[spot], corrected[spot] = _new(line["new"], cell, cells), True
                done.add((cell["file"], cell["sheet"], cell["cell"]))
                place = {name: cell[name] for name in SPOT}
                said.append(
                    Finding(
                        "corrections.replaced",
                        **place,
                        value=_shown(cell["raw"]),
                        **about,
                        new=line["new"],
                        number=f"{value[spot]:.15g}",
                    )
                )
    kept = [one for one in findings if not (_rule(one) and of_cell(one) and _spot(one) in done)]
    return cells.assign(value=value, corrected=corrected), kept + said


def _no_cell(line: dict, positions: Mapping, at: dict) -> Finding:
    """A new value without a cell; an indicator that is computed from a statistic is corrected there, a year before."""
    before = str(int(line["year"]) - 1)
    statistic = RESTS.get(line["indicator"], line["indicator"])
    rule = "no_cell_statistic" if (line["unit"], before, statistic) in positions else "no_cell"
    zh, en = names.MEASURE_NAMES.get(statistic, (statistic, statistic))
    at |= {"column": "indicator", "value": line["indicator"]}
    return Finding(
        f"corrections.{rule}", **at, **_about(line), statistic_zh=zh, statistic_en=en, before=before
    )


def accepted(findings: Iterable[Finding], rows: pd.DataFrame, path: Path | str) -> list[Finding]:
    """The findings, where a warning that is accepted for every cell that it covers is a note that cites it.

    A row whose cell says something else by now has expired (see `replaced`); one without a warning is a warning itself.
    """
    findings = list(findings)
    gone = {
        one.place["row"]
        for one in findings
        if _rule(one) == "corrections.outdated" and one.place["file"] == shown(path)
    }
    lines = {row: line for row, line in zip(rows.index, rows.to_dict("records")) if pd.isna(line["new"])}
    given = {
        (line["rule"], *(line[key] for key in KEY)): row for row, line in lines.items() if row not in gone
    }
    used, kept = set(gone), []
    for one in findings:
        takers = (
            [_taker(given, one, cell) for cell in _covers(one)]
            if getattr(one, "level", "") == "warning" or _rule(one) in REBASED
            else []
        )
        for row in dict.fromkeys(row for row in takers if row):
            used.add(row)
        if takers and takers[0] and all(takers):
            values = {key: one.values.get(key, "") for key in (*KEY, "covers")} | _about(
                lines[takers[0]], KEY
            )
            quoted = {"accepts": one.rule} | {f"said_{lang}": getattr(one, lang) for lang in ("zh", "en")}
            one = Finding("corrections.accepted", **one.place, value=one.value, **values, **quoted)
        kept.append(one)
    unused = [
        Finding(
            "corrections.no_warning", f"{path}", row=row, column="rule", value=line["rule"], **_about(line)
        )
        for row, line in lines.items()
        if row not in used
    ]
    return kept + unused


def _taker(given: dict, one: Finding, cell: tuple) -> int | None:
    """The row that accepts a warning for a cell."""
    keys = product(*((key, ALL) if key not in ("", None) else (ALL,) for key in cell))
    return next((given[one.rule, *key] for key in keys if (one.rule, *key) in given), None)


def _covers(one: Finding) -> list[tuple]:
    """The cells (unit, year, indicator) that a finding is about, as texts; empty ones stand for all."""
    cells = one.values.get("covers") or [tuple(one.values.get(key, "") for key in KEY)]
    return [tuple("" if key is None else str(key) for key in cell) for cell in cells]


def _about(line: dict, without: Iterable[str] = ()) -> dict:
    """What the sentences of a row may name."""
    keys = {key: line[key] for key in KEY if key not in without}
    zh, en = line["label"]
    return keys | {
        "label_zh": zh,
        "label_en": en,
        "who": line["who"],
        "when": f"{line['when']:%Y-%m-%d}",
        "why": line["why"],
    }


def _text(cell) -> str:
    return "" if pd.isna(cell) else str(cell)


def _rule(one: Finding) -> str:
    return getattr(one, "rule", "")


def _spot(one: Finding) -> tuple:
    return one.place["file"], one.place["sheet"], one.place["cell"]


def _shown(raw) -> str:
    return f"{raw:.15g}" if isinstance(raw, float) else str(raw)


def _same(expect, raw, value: float = np.nan) -> bool:
    """Whether a cell still says what is expected: the same text or number, or its value rounded to the digits typed."""
    if pd.isna(expect) or raw is None:
        return False
    if plain(expect) == plain(_shown(raw)):
        return True
    number = reading.read(expect).value
    if number is None:
        return False
    digits = len(str(expect).strip().rpartition(".")[2]) if "." in str(expect) else 0
    known = [one for one in (reading.read(raw).value, value) if one is not None and np.isfinite(one)]
    return any(np.isclose(number, one, rtol=1e-12, atol=0) for one in known) or any(
        isinstance(raw, float) and digits and round(one, digits) == number for one in known
    )


def _new(text: str, cell: pd.Series, cells: pd.DataFrame) -> float:
    """A new value in the unit of the specification; it is written as the cell, in the unit of measurement of its table."""
    new = reading.read(text)
    assert new.value is not None, text  # read() refuses the row otherwise
    own = measures.find(new.values.get("scale", "") + new.values.get("suffix", ""))
    of = measures.find(cell["measure"])
    same = measures.convert(new.values["written"], own, of) if own and of else None
    amount = new.value if same is None else same
    like = cells[cells[ALIKE].eq(cell[ALIKE]).all(axis=1)]
    for raw, value in [(cell["raw"], cell["value"]), *zip(like["raw"], like["value"])]:
        old = reading.read(raw)
        number = old.values.get("written", old.value)
        if number and np.isfinite(value):
            return float(f"{amount * (value / number):.15g}")
    return amount
