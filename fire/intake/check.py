"""The front of the intake: the files of an edition → its panel, and everything found on the way.

    >>> import fire
    >>> fire.load(2022).check().count("error")
    0

An edition names either one `panel:` in the project's own form, or `sources:`, a file that says how the institute's own
tables are read (see docs/how-to/sources.md). Nothing is raised here: errors, warnings, repairs and what is late come as
findings, all at once, each with its place. An edition with an error has no index.
"""

import os
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files, grids
from fire.errors import LEVELS, Finding, InputError, refuse
from fire.index import draws
from fire.index import panel as panels
from fire.intake import corrections, late, layout, mapping, plausibility, proposal
from fire.sources import names, statistics

KEY = panels.KEY
READ = {end for ends in grids.SUFFIXES.values() for end in ends if end} | {
    ".xlsb"
}  # the last is told to be saved anew
NOT_FILLED = "check.not_filled"
UNMET = {
    f"corrections.{rule}" for rule in ("no_cell", "no_cell_statistic", "no_warning")
}  # of tables not read
ENOUGH = 0.5  # of the indicators of a year: a year with fewer is no year to compare with


@dataclass(frozen=True)
class Checked:
    """What an edition's files hold. `panel`: unit, year, indicator, value, status, source. `findings`: see
    fire.errors.Finding. `cells`: the panel's cells with the place where each stands. `tables`: a row for each table
    read. `late`: what is missing, with the scores that it touches. `draws` of late cells, or None. `proposals`: text of
    a mapping for each file that no source names."""

    panel: pd.DataFrame
    findings: tuple
    cells: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=layout.COLUMNS))
    tables: pd.DataFrame = field(default_factory=pd.DataFrame)
    late: pd.DataFrame = field(default_factory=pd.DataFrame)
    draws: pd.DataFrame | None = None
    proposals: Mapping = field(default_factory=dict)

    def of(self, level: str) -> list[str]:
        """The findings of one level: error, warning, late, repair or note."""
        return [found for found in self.findings if level_of(found) == level]

    def count(self, level: str) -> int:
        return len(self.of(level))

    def frame(self) -> pd.DataFrame:
        """The findings as a table: level, rule, file, sheet, row, column, cell, value, zh, zh_fix, en, en_fix."""
        return frame(self.findings)


def level_of(found: str) -> str:
    """The level of a finding; a plain sentence is an error."""
    return getattr(found, "level", "error")


def frame(findings) -> pd.DataFrame:
    """Findings as a table: the gravest first, then by file, sheet and row."""
    columns = [
        "level",
        "rule",
        "file",
        "sheet",
        "row",
        "column",
        "cell",
        "value",
        "zh",
        "zh_fix",
        "en",
        "en_fix",
    ]
    rows = [
        {"level": one.level, "rule": one.rule, **one.place, "value": one.value}
        | {name: getattr(one, name) for name in columns[8:]}
        if isinstance(one, Finding)
        else {"level": "error", "en": str(one)}
        for one in findings
    ]
    table = pd.DataFrame(rows, columns=columns)
    order = table.assign(level=table["level"].map(LEVELS.index), row=pd.to_numeric(table["row"]).fillna(0))
    order = order.fillna("").sort_values(["level", "file", "sheet", "row"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def check(ed) -> Checked:
    """Read and check everything that an edition's index rests on. Raises nothing for bad input."""
    found = [fault for work in (ed.absent, lambda: ed.spec, ed.places) for fault in _faults(work)]
    if found:
        return Checked(pd.DataFrame(columns=panels.COLUMNS), tuple(dict.fromkeys(found)))
    try:
        return _of_sources(ed) if "sources" in ed.settings else _of_panel(ed)
    except InputError as error:
        return Checked(pd.DataFrame(columns=panels.COLUMNS), tuple(named(error)))


def _faults(work) -> list[str]:
    """What a step refuses."""
    try:
        work()
    except InputError as error:
        return named(error)
    return []


def named(error: InputError) -> list[str]:
    """The faults of an error; plain sentences with what they are about."""
    return [fault if isinstance(fault, Finding) else f"{error.what}: {fault}" for fault in error.faults]


def _of_panel(ed) -> Checked:
    """An edition with one panel in the project's own form; cells that it lacks may stand in a file of draws."""
    file = ed.path("draws")
    drawn = None if file is None else draws.read(file)
    cells, wrong = panels.read_cells(ed.path("panel"), ed.spec, ed.settings.get("sheet"))
    cells = cells.assign(raw=cells["value"], measure="", cell="", into=mapping.INTO[0])
    units = names.Roster.of_places(ed.places())
    cells, unknown = _identified(cells, {"unit": units, "indicator": _kinds(ed.spec)[0]})
    cells, seen = _once(cells, ed)
    cells, found = _settled(
        cells, seen, ed, units, lambda cells: (cells, _doubtful(cells, ed, ed.year, ed.history()))
    )
    panel, whole = cells[panels.COLUMNS], cells[panels.COLUMNS]
    if drawn is not None:
        whole = pd.concat([panel, drawn[KEY].assign(value=0.0)], ignore_index=True)
    found += wrong + unknown + _years_of(cells, whole, ed)
    if "error" in map(level_of, found):
        return Checked(panel, tuple(found), cells, draws=drawn)
    how = "lacks" if drawn is not None else ed.settings.get("late", "draws")
    years = sorted((_needed(ed) | {ed.year - 1}) & set(whole["year"]))
    gaps, said = late.found(
        whole, ed.spec, ed.places()["city"], ed.year, years, how, ed.history(), _english(ed)
    )
    found += said
    if gaps["rule"].eq("draws").any() and "error" not in map(level_of, found):
        drawn = late.draws(panel, ed.spec, ed.year, history=ed.history())
        found += late.models(drawn, ed.spec, _english(ed))
    return Checked(panel, tuple(found), cells, late=gaps, draws=drawn)


@lru_cache(maxsize=2)
def _kinds(spec) -> tuple[names.Roster, names.Roster]:
    """The indicators of a specification and the city statistics, by all their names."""
    return names.Roster.of_indicators(spec), names.Roster.of_measures()


def _identified(cells: pd.DataFrame, rosters: Mapping) -> tuple[pd.DataFrame, list[Finding]]:
    """Cells with cities and indicators by their ids; those that nobody knows are found, and left out."""
    found, known = [], pd.Series(True, index=cells.index)
    lines = cells[["file", "sheet", "row"]].to_dict("records")
    for key, roster in rosters.items():

        def place(position: int, key=key) -> dict:
            return lines[position] | {"column": key}

        ids, seen = roster.match(cells[key], place)
        cells, known = cells.assign(**{key: ids.where(ids.notna(), cells[key])}), known & ids.notna()
        found += seen
    return cells[known].reset_index(drop=True), found


def _needed(ed) -> set[int]:
    """The years without which there is no index: the one ranked, and that of the posts until they are kept."""
    return {ed.year} | (set() if ed.frozen else {ed.base_year})


def _years_of(cells: pd.DataFrame, whole: pd.DataFrame, ed) -> list[Finding]:
    """Years that a panel lacks, and years of so few of its indicators that they may be typed wrong."""
    counts, of = whole.groupby("year")["indicator"].nunique(), len(ed.spec.indicators)
    path = ed.path("panel")
    found = [Finding("check.no_year", path, year=year) for year in sorted(_needed(ed) - set(counts.index))]
    for year in counts.index[counts < ENOUGH * of]:
        lines = cells[cells["year"].eq(year)]
        if len(lines) and year != ed.year:
            first = lines.iloc[0]
            place = {name: first[name] for name in ("file", "sheet", "row")} | {"column": "year"}
            found.append(Finding("check.odd_year", **place, value=str(year), count=len(lines), of=of))
    return found


def _settled(cells: pd.DataFrame, found: list, ed, units: names.Roster, judged) -> tuple[pd.DataFrame, list]:
    """Cells with their corrections and what is derived from them (`judged` gives it with what is found then), less what
    somebody has accepted."""
    if "corrections" not in ed.settings:
        cells, seen = judged(cells)
        return cells, found + seen
    path = ed.path("corrections")
    rows, wrong = corrections.read(path, units, _kinds(ed.spec))
    cells, found = corrections.replaced(cells, found, rows, path)
    cells, seen = judged(cells)
    return cells, wrong + corrections.accepted(found + seen, rows, path)


# ---- an edition with sources


def _of_sources(ed) -> Checked:
    path = ed.path("sources")
    units = names.Roster.of_places(ed.places())
    blocks, found = read_sources(path)
    if not blocks and found:  # nothing is known of the tables: what is missing in them is not said
        return Checked(pd.DataFrame(columns=panels.COLUMNS), tuple(found))
    read = [_read(block, path.parent, ed, units) for block in blocks]
    tables = pd.DataFrame([about for _, _, about in read])
    found += [one for _, seen, _ in read for one in seen]
    lost = any(map(_is_lost, found))  # a table, a row or a column could not be read
    parts = [cells for cells, _, _ in read if len(cells)]
    cells = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*layout.COLUMNS, "into"])
    refused = _refused(cells)
    cells, found = _settled(cells, found, ed, units, lambda cells: _judged(cells, ed))
    found = [one for one in found if not (lost and getattr(one, "rule", "") in UNMET)]
    wrong = "error" in map(level_of, found)
    panel, seen = _years(cells[panels.COLUMNS].dropna(subset="value"), ed, path.name, wrong)
    found += [] if lost else seen
    how, history = ed.settings.get("late", "draws"), ed.history()
    english, cities = _english(ed), ed.places()["city"]
    computed = set(late.RESTS) if any(one.get("into") == "statistics" for one in blocks) else set()
    gaps, said = late.found(
        panel, ed.spec, cities, ed.year, how=how, history=history, english=english, computed=computed
    )
    if NOT_FILLED in [getattr(one, "rule", "") for one in seen]:
        gaps, said = gaps[:0], []
    elif wrong:  # what is wrong is missing too: only whole indicators are late, of the tables that were read
        known = gaps["indicator"].isin(cells["indicator"]) | (not lost)
        bad = [one in refused for one in zip(gaps["indicator"], gaps["year"])]
        gaps = gaps[gaps["whole"] & known & ~np.array(bad, dtype=bool)]
        left = set(zip(gaps["indicator"], gaps["year"]))
        said = [one for one in said if (one.values.get("indicator"), one.values["year"]) in left]
    found += said
    wrong = "error" in map(level_of, found)
    drawn = None
    if how == "draws" and gaps["rule"].eq("draws").any() and not wrong:
        drawn = late.draws(panel, ed.spec, ed.year, history=history)
        found += late.models(drawn, ed.spec, english, computed)
    proposals, seen = _unread(path, blocks, ed, units)
    return Checked(panel, tuple(dict.fromkeys(found + seen)), cells, tables, gaps, drawn, proposals)


def _is_lost(one: str) -> bool:
    """Whether a finding may mean that a table, a row or a column was not read; a cell that is wrong is known of."""
    return level_of(one) == "error" and not (isinstance(one, Finding) and mapping.of_cell(one))


def _refused(cells: pd.DataFrame) -> set:
    """Indicators and years of cells that hold no number: they are wrong, not late."""
    bad = cells.loc[cells["value"].isna(), ["indicator", "year"]].dropna().drop_duplicates()
    own = {(name, int(year)) for name, year in bad.itertuples(index=False)}
    return own | {(name, year + 1) for name, rests in late.RESTS.items() for one, year in own if one == rests}


def read_sources(path: Path) -> tuple[list[dict], list[Finding]]:
    """The blocks of a file of sources: one mapping a table, under `sources:`."""
    try:
        said = files.read_yaml(path)
    except InputError as error:
        return [], [_quoted("check.yaml", fault, path.name) for fault in error.faults]
    blocks = (said["sources"] or []) if "sources" in said else None
    found = [Finding("check.key", path.name, value=key) for key in said if key != "sources"]
    if not isinstance(blocks, list) or not all(isinstance(one, dict) for one in blocks):
        return [], [*found, Finding("check.list", path.name)]
    return blocks, found


def _quoted(rule: str, fault: str, file: str) -> Finding:
    """A fault of a file as a whole under a rule of the check, in both languages without its long path."""
    words = ("zh", "zh_fix", "en", "en_fix")
    said = {f"said_{word}": getattr(fault, word, fault if word in ("zh", "en") else "") for word in words}
    return Finding(rule, file, value=getattr(fault, "value", ""), **said)


def files_of(path: Path) -> list[Path]:
    """The files that a file of sources names."""
    blocks = read_sources(path)[0] if path.exists() else []
    return list(dict.fromkeys(place(one["file"], path.parent) for one in blocks if _named(one)))


def _named(block: dict) -> bool:
    return isinstance(block.get("file"), str) and block["file"] != ""


def place(file: str, folder: Path) -> Path:
    """Where a file of a source lies: beside the file of sources, or from the root of the project."""
    return next((at / file for at in (folder, files.ROOT) if os.path.exists(at / file)), folder / file)


def _grid(block: dict, folder: Path) -> grids.Grid:
    """The table of a block. Raises InputError."""
    if database := block.get("database"):
        file = place(database, folder)
        return grids.table(file if file.exists() else database, block["table"])
    path = place(block["file"], folder)
    refuse(
        path.name,
        [] if os.path.exists(path) else [Finding("check.file", path.name, value=str(block["file"]))],
    )
    return grids.read(path, block.get("sheet"))


def _read(block: dict, folder: Path, ed, units: names.Roster) -> tuple[pd.DataFrame, list, dict]:
    """The cells of one table, what was found in it, and a line about it."""
    about = {key: block.get(key, "") for key in ("file", "sheet", "unit", "indicator", "year")} | {"cells": 0}
    about["file"] = about["file"] or block.get("table", "")
    nothing = pd.DataFrame(columns=[*layout.COLUMNS, "into"])
    wrong = mapping.faults(block)
    if wrong:
        return nothing, wrong, about
    try:
        grid = _grid(block, folder)
    except InputError as error:
        return nothing, named(error), about
    indicators, measures = _kinds(ed.spec)
    kinds, of = (
        (measures, pd.Series(statistics.UNITS))
        if block.get("into") == "statistics"
        else (indicators, ed.spec.nodes["unit_zh"].dropna())
    )
    cells, seen = layout.read(grid, block, units, kinds, of)
    about |= {"sheet": grid.sheet or "", "cells": int(cells["value"].notna().sum())}
    return cells.assign(into=block.get("into", "indicators")), [*grid.notes, *seen], about


def _judged(cells: pd.DataFrame, ed) -> tuple[pd.DataFrame, list[Finding]]:
    """Each cell once, with the indicators that follow from statistics, and what cannot be or is doubtful."""
    cells, found = _once(cells, ed)
    plain, stats = (cells[cells["into"].eq(one)] for one in mapping.INTO)
    found += _lagged(plain, ed)
    found += _doubtful(
        stats, ed, ed.year - 1
    )  # of the year before: nothing to compare them with in older panels
    cells, seen = _once(pd.concat([plain, _derived(stats, ed)], ignore_index=True), ed)
    found += seen
    return cells, found + plausibility.fresh(_doubtful(cells, ed, ed.year, ed.history()), found)


def _doubtful(cells: pd.DataFrame, ed, year: int, history: pd.DataFrame | None = None) -> list[Finding]:
    if cells.empty:
        return []
    return plausibility.findings(cells, ed.spec, year, history=history, places=ed.places())


def _lagged(cells: pd.DataFrame, ed) -> list[Finding]:
    """Indicators that rest on a statistic of the year before and are given themselves: one question for each table."""
    there, kind = cells.dropna(subset="value"), _kinds(ed.spec)[0]
    found = []
    for line in (
        there[there["indicator"].isin(late.RESTS)]
        .drop_duplicates(["file", "sheet", "indicator"])
        .to_dict("records")
    ):
        zh, en = kind.label(line["indicator"])
        said = {"label_zh": zh, "label_en": en, "when": line["year"], "before": line["year"] - 1}
        keys = {"unit": "", "year": "", "indicator": line["indicator"]}
        found.append(Finding("check.lag", **_place(line), value=line["year"], **keys, **said))
    return found


def _once(cells: pd.DataFrame, ed) -> tuple[pd.DataFrame, list[Finding]]:
    """Each cell once: the same value in two tables is taken once, two values are an error that names both places."""
    key, found = [*KEY, "into"], []
    kinds = dict(zip(mapping.INTO, _kinds(ed.spec)))
    english = _english(ed)
    there = cells.dropna(subset="value")
    doubled = there[there.duplicated(key, keep=False)]
    for _, same in doubled.groupby(key, sort=False):
        first, *others = same.to_dict("records")
        where = " ".join(filter(None, (first[name] for name in ("file", "sheet", "cell"))))
        found += [
            _conflict(one, kinds[one["into"]], english, first=f"{first['value']:.15g}", where=where)
            for one in others
            if not np.isclose(one["value"], first["value"], rtol=1e-12)
        ]
    kept = cells.sort_values("value", na_position="last", kind="stable").drop_duplicates(key)
    return kept.sort_index(), found


def _conflict(line: dict, kind: names.Roster, english: dict, **first) -> Finding:
    """A cell with a value that another place contradicts."""
    zh, en = kind.label(line["indicator"])
    said = {"label_zh": zh, "label_en": en, "unit_en": english.get(line["unit"], line["unit"])}
    rule = "check.conflict_statistic" if line["into"] == "statistics" else "check.conflict"
    return Finding(rule, **_place(line), value=f"{line['value']:.15g}", **_key(line), **said, **first)


def _english(ed) -> dict:
    """Names of the cities in English."""
    return dict(zip(ed.places()["city"], ed.places()["city_en"]))


def _place(line: dict) -> dict:
    return {name: line[name] for name in mapping.SPOT}


def _key(line: dict) -> dict:
    return {name: line[name] for name in KEY}


def _derived(cells: pd.DataFrame, ed) -> pd.DataFrame:
    """The indicators that follow from city statistics, each at the place of the statistic that it rests on."""
    stats = cells.dropna(subset="value")
    if stats.empty:
        return stats
    named = stats.drop(columns="measure").rename(columns={"unit": "city", "indicator": "measure"})
    table = named.assign(unit=named["measure"].map(statistics.UNITS))
    years = sorted(table["year"].unique() + 1)
    panel = statistics.panel_of(table, years, ed.places()["city"].tolist())
    panel = panel[panel["indicator"].isin(ed.spec.indicators)].assign(of=panel["indicator"].map(late.RESTS))
    spots = stats.assign(year=stats["year"] + 1).rename(columns={"indicator": "of"})
    spots = spots[["unit", "year", "of", "raw", "measure", *mapping.SPOT]]
    joined = panel.merge(spots, on=["unit", "year", "of"], how="left").drop(columns="of")
    return joined.assign(into=mapping.INTO[0], stat_year=joined["year"] - 1)


def _years(panel: pd.DataFrame, ed, file: str, wrong: bool = False) -> tuple[pd.DataFrame, list[Finding]]:
    """The cells of the years that the edition ranks and compares; other years are history. A year with too few of the
    indicators is not compared with. `wrong`: there are errors, for which a year may be missing."""
    need = _needed(ed) | {ed.year - 1}
    counts = panel.groupby("year")["indicator"].nunique().reindex(sorted(need), fill_value=0)
    kept, found = [], []
    for year, count in counts.items():
        few = count < ENOUGH * len(ed.spec.indicators)
        if few and year == ed.year - 1:
            found.append(
                Finding("check.last_year", file, year=year, count=int(count), of=len(ed.spec.indicators))
            )
        elif count == 0:
            found.append(Finding("check.no_year", file, year=year))
        if count and not (few and year == ed.year - 1):
            kept.append(year)
    if not wrong and counts[ed.year] == 0 and (panel.empty or counts[ed.year - 1]):
        found = [Finding(NOT_FILLED, file, year=ed.year)]
    return panel[panel["year"].isin(kept)].astype({"year": int}).reset_index(drop=True), found


# ---- files that no source names


def unnamed(path: Path, blocks: list[dict]) -> list[Path]:
    """Data files beside a file of sources that it does not name."""
    taken = {place(one["file"], path.parent).resolve() for one in blocks if _named(one)}
    own = {"corrections.csv", "places.csv", "regions.csv"}
    return [
        one
        for one in sorted(path.parent.glob("*.*"))
        if one.suffix.lower() in READ
        and one.name not in own
        and not one.name.startswith((".", "~$"))
        and one.resolve() not in taken
    ]


def _unread(path: Path, blocks: list[dict], ed, units) -> tuple[dict, list[Finding]]:
    """For each file that no source names: how it might be read, as text, and a finding."""
    proposals, found = {}, []
    for one in unnamed(path, blocks):
        text, seen = _proposed(one, ed, units)
        found += [Finding("check.unnamed", one.name), *seen]
        if text:
            proposals[one.name] = text
    return proposals, found


def _proposed(path: Path, ed, units) -> tuple[str, list[Finding]]:
    """The blocks that a file's tables might be read by; faults of the file itself are only warned of here."""
    texts, found = [], []
    kinds = _kinds(ed.spec)
    try:
        seen: list[str | None] = [name for name, visible in grids.sheets(path).items() if visible]
        for sheet in seen or [None]:
            block, why = proposal.propose(grids.read(path, sheet), units, *kinds)
            texts += [] if block is None else [proposal.as_yaml(block).strip("\n")]
            found += why
    except InputError as error:
        return "", [_quoted("check.unreadable", fault, path.name) for fault in error.faults]
    return "\n\n".join(texts), found


def propose(ed) -> tuple[list[str], list[Finding]]:
    """Add, at the end of the edition's file of sources, a block for every table that it does not name, to be confirmed;
    returns the names of their files, and why others have none. What stands there stays as it is.

    Raises InputError for an edition without sources.
    """
    path = ed.path("sources")
    refuse(f"edition {ed.name}", [Finding("check.no_sources", f"{ed.name}.yaml")] if path is None else [])
    blocks, found = read_sources(path)
    refuse(path.name, [one for one in found if one.level == "error"])
    proposals, seen = _unread(path, blocks, ed, names.Roster.of_places(ed.places()))
    if proposals:
        text = files.decode(path).rstrip("\n")
        before = re.search(r"(?m)^( *)- ", text)  # a list may be indented
        added = [textwrap.indent(one, before[1] if before else "") for one in proposals.values()]
        files.write_text(path, "\n\n".join([text, *added]).rstrip("\n") + "\n")
    return list(proposals), [one for one in seen if one.rule != "check.unnamed"]
