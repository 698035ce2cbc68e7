"""The index as live formulas: weights that may be changed, the scores that follow, and a ranking that sorts itself.

The sheet of calculation goes from the scores of the indicators, as numbers, up to the root, by the steps of
`fire.index.aggregate`: weights rescaled among the children that have a score. The ranking takes its rows from there in
the order of the scores (INDEX and MATCH, which every spreadsheet has). Where the index uses a rule for which a sheet has
no formula (`still`), there is no sheet of calculation and the ranking holds values.
"""

import math

import numpy as np
import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from fire import codebook
from fire.analysis import drawn, known
from fire.index.panel import STATUSES
from fire.report import marks, sheets
from fire.report.markdown import width as letters
from fire.report.sheets import Column, numbers, texts


def still(index) -> list[tuple[str, str]]:
    """Why formulas cannot compute an index: the reason (`workbook-why-<reason>` in the catalogue) and the node that it is
    about; empty where they can: weighted arithmetic means at all levels, with nothing else on the way."""
    spec, done = index.spec, index.steps()
    gaps = bool(done.normalised.isna().any(axis=None))
    tops = spec.nodes.index[spec.nodes["parent"].isna()]
    why = [
        ("means", top)
        for top in tops
        if spec.children(top) and drawn.linked_mean(spec, top, gaps) != "arithmetic"
    ]
    why += [("groups", "")] * bool(spec.group_weights)
    why += [("screened", "")] * bool(done.screened)
    return why + [("absent", node) for node, rule in spec.rules.items() if rule["not_applicable"]]


class Live:
    """What the three live sheets share: the index and its words in one language, and where everything stands.

    `words`: the sentences and headings of `workbook.words`; `scores`: as of `known.results`; `units`: in the order of the
    edition.
    """

    def __init__(self, index, scores: pd.DataFrame, words: dict, book, lang: str, units: list):
        self.index, self.words, self.book, self.lang = index, words, book, book.lang(lang)
        self.spec, self.units, self.still = index.spec, units, still(index)
        self.lines = {
            (line["unit"], line["node"]): line
            for line in scores[scores["year"].eq(index.year)].to_dict("records")
        }
        self.nodes = list(self.spec.nodes.index)
        self.shown = [self.spec.root, *self.spec.pillars]
        self.weighed = [node for node in self.nodes if isinstance(self.spec.nodes.at[node, "parent"], str)]
        self.grouped = index.groups is not None
        now = index.scores()
        now = now[now["year"].eq(index.year)]
        self.values = now.set_index(["unit", "node"])["score"].to_dict()
        self.ranks = now[now["node"].eq(self.spec.root)].set_index("unit")["rank"].to_dict()
        softness = known.softest(now)
        names = np.array([*STATUSES, None], dtype=object)[softness]
        self.softness = dict(
            zip(now[["unit", "node"]].itertuples(index=False, name=None), names, strict=True)
        )
        of_root = softness[now["node"].eq(self.spec.root).to_numpy()]
        self.of_ranks = STATUSES[of_root.max()] if of_root.size and of_root.max() >= 0 else None
        self.beside = set(names) - {None, "observed"} != set()
        self.top = 3  # header row of calculation and ranking; rows begin below
        self.first, self.last = self.top + 2, self.top + 1 + len(units)  # as numbered in a spreadsheet
        self.columns: dict[str, int] = {}  # of the sheet of calculation, by what stands there

    def label(self, node: str) -> str:
        return self.spec.label(node, self.lang)

    def status(self, unit: str, node: str) -> str | None:
        """The status of a computed score; of an indicator, which weights do not change, that of its result."""
        if self.spec.nodes.at[node, "leaf"]:
            told = self.lines.get((unit, node), {}).get("score_status")
            return told if isinstance(told, str) else None
        return self.softness.get((unit, node))

    def places(self) -> list[Column]:
        """The columns that name a unit."""
        found = [
            texts(self.book.column("unit")[self.lang], [codebook.unit(one, self.lang) for one in self.units])
        ]
        if self.grouped:
            groups = [self.index.groups.get(unit) for unit in self.units]
            named = [codebook.unit(one, self.lang) if isinstance(one, str) else None for one in groups]
            found.append(texts(self.book.column("region")[self.lang], named))
        return found

    def cells(self) -> dict[str, Column]:
        """What the edition gives in every column of calculation and ranking, by what stands there: `score <node>`, the
        status of what is computed (`status <node>`), and rank and score of the edition itself (`own rank`, …)."""
        head, lang, root = self.words["head"], self.lang, self.spec.root
        ranks = [self.ranks.get(unit) for unit in self.units]
        scores = {node: [self.values.get((unit, node)) for unit in self.units] for node in self.nodes}
        lines = [self.lines.get((unit, root), {}) for unit in self.units]
        found = dict(zip(("unit", "region"), self.places())) | {
            f"score {node}": numbers(
                self.label(node), cells, 3, [self.status(unit, node) for unit in self.units]
            )
            for node, cells in scores.items()
        }
        for column in found.values():
            column.marked = self.beside and bool(column.statuses)
        found["key"] = numbers(head["key"], scores[root], 3)
        found["rank"] = numbers(self.book.column("rank")[lang], ranks, 0)
        found["place"] = numbers(head["place"], range(1, 1 + len(self.units)), 0)
        found["gain"] = numbers(head["gain"], [0 if pd.notna(one) else None for one in ranks], 0, plus=True)

        def state(name: str, statuses: list) -> None:
            if self.beside:
                named = [codebook.status(one, lang) if isinstance(one, str) else None for one in statuses]
                found[f"status {name}"] = texts(self.book.column("status")[lang], named)

        for node in self.shown:
            state(node, [self.softness.get((unit, node)) for unit in self.units])
        for measure, digits in (("rank", 0), ("score", 3)):
            told = [_told(one, measure, digits, lang) for one in lines]
            found[f"own {measure}"] = Column(self.book.column(measure)[lang], told, sheets.PLACES[digits])
            state(f"own {measure}", [line.get(f"{measure}_status") for line in lines])
        return found

    def span(self, key: str) -> str:
        """All cells of a column of the sheet of calculation, as seen from another sheet."""
        name = xl_col_to_name(self.columns[key])
        return f"'{self.words['calculation']['title']}'!${name}${self.first}:${name}${self.last}"


# Weights --------------------------------------------------------------------------------------------------------------


def weights_sheet(sheet, live: Live, styles, title: str, home: str) -> None:
    """Editable weights (yellow) beside those of the edition, their shares, and a check of every family; where formulas
    cannot compute the index, its weights alone."""
    head, spec, lang = live.words["head"], live.spec, live.lang
    used, effective, rows = live.index.weights, live.index.weight_in_index, live.weighed
    family = {node: spec.children(spec.nodes.at[node, "parent"]) for node in rows}
    columns = [
        texts(live.book.column("node")[lang], [live.label(node) for node in rows]),
        texts(head["parent"], [live.label(spec.nodes.at[node, "parent"]) for node in rows]),
        numbers(head["level"], [spec.nodes.at[node, "level"] for node in rows], 0),
        numbers(head["own"], used[rows], 4),
    ]
    tail = [
        numbers(head["share"], [100 * used[node] / used[family[node]].sum() for node in rows], 2),
        numbers(live.book.column("weight_in_index")[lang], 100 * effective[rows], 2),
    ]
    basis = spec.nodes["weight_basis"] if "weight_basis" in spec.nodes else pd.Series(index=spec.nodes.index)
    known_basis = [codebook.word(one, lang) if isinstance(one, str) else None for one in basis[rows]]
    last = [texts(live.book.column("basis")[lang], known_basis)] if any(known_basis) else []
    note = live.words["weights"]["note"]
    if live.still:
        columns += [*tail, *last]
        sheets.opened(sheet, styles, title, note, home, [column.width() for column in columns])
        sheets.listed(sheet, styles, 2, columns, filtered=False)
        return
    edit = numbers(head["edit"], used[rows], 4)
    edit.style = "edit"
    columns.insert(3, edit)
    columns += [*tail, numbers(head["sum"], [used[family[node]].sum() for node in rows], 4)]
    said = texts(head["note"], [_checked(live, used, family[node]) for node in rows], "warning")
    columns += [said, *last]
    sheets.opened(sheet, styles, title, note, home, [column.width() for column in columns])
    sheets.listed(sheet, styles, 2, columns, filtered=False)
    at = {node: row for row, node in enumerate(rows, 4)}  # as numbered in a spreadsheet
    for node, row in at.items():
        sheet.write_string(
            row - 1, 0, live.label(node), styles.of("plain", indent=int(spec.nodes.at[node, "level"]))
        )
        cells = [f"$D${at[one]}" for one in family[node]]
        parent = spec.nodes.at[node, "parent"]
        above = f"$G${at[parent]}/100" if parent in at else "1"
        whole = "+".join(cells)
        place = row - 1
        sheet.write_formula(
            place, 5, f"=IF(H{row}=0,0,100*D{row}/H{row})", styles["two"], columns[5].cells[row - 4]
        )
        sheet.write_formula(place, 6, f"=F{row}*{above}", styles["two"], columns[6].cells[row - 4])
        sheet.write_formula(place, 7, f"={whole}", styles["share"], columns[7].cells[row - 4])
        negative = f"OR(NOT(ISNUMBER(D{row})),N(D{row})<0)"
        check = (
            f'=IF({negative},"{live.words["said"]["negative"]}",IF(H{row}=0,"{live.words["said"]["zero"]}",'
            f'IF(ABS(H{row}-1)>0.00005,"{live.words["said"]["rescaled"]}","")))'
        )
        sheet.write_formula(place, 8, check, styles["warning"], columns[8].cells[row - 4] or "")
    sheet.set_column(8, 8, max(columns[8].width(), 4 + max(map(letters, live.words["said"].values())) // 2))
    rule = {
        "validate": "decimal",
        "criteria": ">=",
        "value": 0,
        "error_message": live.words["said"]["negative"],
    }
    sheet.data_validation(3, 3, 2 + len(rows), 3, rule)


def _checked(live: Live, used: pd.Series, family: list) -> str | None:
    """What the check says of a family at the weights of the edition."""
    return live.words["said"]["rescaled"] if abs(used[family].sum() - 1) > 0.00005 else None


# Calculation ----------------------------------------------------------------------------------------------------------


def calculation_sheet(sheet, live: Live, styles, title: str, home: str) -> None:
    """Scores of the year ranked, every unit and node: numbers for the indicators, formulas above; then the score that is
    ranked, its rank and order, the statuses of what is computed, and what the edition says. The marks of statuses stand
    at the numbers."""
    made = {name: column for name, column in live.cells().items() if name != "gain"}
    live.columns = {name: place for place, name in enumerate(made)}
    size = max((abs(cell) for cell in made["key"].cells if cell is not None), default=0.0)
    places = 10 - math.ceil(math.log10(size)) if size > 0 and math.isfinite(size) else 9
    note = live.words["calculation"]["note"]
    sheets.opened(sheet, styles, title, note, home, [column.width() for column in made.values()])
    sheet.write_string(2, live.columns["own rank"], live.words["head"]["edition"], styles["band"])
    for place, (name, column) in enumerate(made.items()):
        sheets.headed(sheet, styles, live.top, place, column)
        for number, cell in enumerate(column.cells):
            row = live.top + 1 + number
            style = styles.of(
                str(column.style), column.statuses[number] if column.statuses else None, column.marked
            )
            formula = _formula(live, name, row, places)
            if formula:
                sheet.write_formula(row, place, formula, style, "" if cell is None else cell)
            elif isinstance(cell, float):
                sheet.write_number(row, place, cell, style)
            else:
                sheet.write_string(row, place, cell or "", style)
    sheets.laid_out(sheet, live.top, len(live.places()), list(made.values()))


def _told(line: dict, measure: str, digits: int, lang) -> float | str:
    """What the edition says of a measure: a number, or the range of what is simulated."""
    if not line:
        return "–"
    told = marks.cell(line, measure, digits, lang)
    return told["text"] if told["soft"] or told["text"] == "–" else float(line[measure])


def _formula(live: Live, name: str, row: int, places: int) -> str | None:
    """The formula of a cell of the sheet of calculation; None for what is a number or a word."""
    own, column = row + 1, {key: xl_col_to_name(place) for key, place in live.columns.items()}
    if name.startswith("score "):
        node = name.removeprefix("score ")
        return None if live.spec.nodes.at[node, "leaf"] else _mean(live, node, row)
    key = f"{column['key']}{own}"
    span = f"{column['key']}${live.first}:{column['key']}${live.last}"
    if name == "key":
        total = f"{column[f'score {live.spec.root}']}{own}"
        return f'=IF(ISNUMBER({total}),ROUND({total},{places}),"")'
    upward = ",1" if live.spec.method["best"] == "low" else ""
    if name == "rank":
        return f'=IF(ISNUMBER({key}),RANK({key},{span}{upward}),"")'
    if name == "place":  # ties in the order of the edition, units without a score at the end
        above = f"{column['key']}${live.first}:{key}"
        tied = f"RANK({key},{span}{upward})+COUNTIF({above},{key})-1"
        return f"=IF(ISNUMBER({key}),{tied},COUNT({span})+ROWS({above})-COUNT({above}))"
    return None


def _mean(live: Live, node: str, row: int) -> str:
    """The formula of a node: the weighted mean of its children that have a score."""
    parts = [
        (
            xl_rowcol_to_cell(row, live.columns[f"score {child}"]),
            f"'{live.words['weights']['title']}'!$D${4 + live.weighed.index(child)}",
        )
        for child in live.spec.children(node)
    ]
    above = "+".join(f"N({cell})*{weight}" for cell, weight in parts)
    below = "+".join(f"ISNUMBER({cell})*{weight}" for cell, weight in parts)
    return f'=IF({below}=0,"",({above})/({below}))'


# Ranking --------------------------------------------------------------------------------------------------------------


def ranking_sheet(sheet, live: Live, styles, title: str, home: str) -> None:
    """The league table, row by row the unit that is next at the weights in force, with its scores; on the right what the
    edition says of it."""
    made, grouped = live.cells(), ["region"] * live.grouped
    order = ["place", "unit", *grouped, "rank", "gain"]
    fixed = order.index("rank")
    for node in live.shown:
        order += [f"score {node}", *[f"status {node}"] * live.beside]
    now = len(order)
    for measure in ("rank", "score"):
        order += [f"own {measure}", *[f"status own {measure}"] * live.beside]
    columns = [made[name] for name in order]
    sheets.opened(sheet, styles, title, _said(live, "own"), home, [column.width() for column in columns])
    _note(sheet, live, styles)
    sheet.write_string(2, fixed, live.words["head"]["live"], styles["band"])
    sheet.write_string(2, now, live.words["head"]["edition"], styles["band"])
    for place, (name, column) in enumerate(zip(order, columns)):
        sheets.headed(sheet, styles, live.top, place, column)
        for row, cell in enumerate(column.cells, live.top + 1):
            style = styles[str(column.style)]
            if name == "place":
                sheet.write_number(row, place, cell, style)
            else:
                formula = _looked_up(live, name, row, order)
                sheet.write_formula(row, place, formula, style, "" if cell is None else cell)
        status = f"status {name.removeprefix('score ')}"
        if status in order or name in ("rank", "gain") and live.of_ranks in known.SOFT:
            _greyed(sheet, live, styles, place, order.index(status) if status in order else None, column)
    sheet.autofilter(live.top, 0, live.top + len(live.units), len(order) - 1)
    sheets.laid_out(sheet, live.top, fixed, columns)


def _looked_up(live: Live, name: str, row: int, order: list) -> str:
    """The formula that takes a cell from the row of the unit whose order is that of this row."""
    if name == "gain":
        rank, own = (xl_rowcol_to_cell(row, order.index(one)) for one in ("rank", "place"))
        return f'=IF(ISNUMBER({rank}),MATCH($A{row + 1},{live.span("place")},0)-{own},"")'
    found = f"INDEX({live.span(name)},MATCH($A{row + 1},{live.span('place')},0))"
    if name in ("unit", "region") or name.startswith("status"):
        return f'={found}&""'
    return f'=IF({found}="","",{found})'


def _note(sheet, live: Live, styles) -> None:
    """The note of the ranking, which says whether the weights are those of the edition."""
    weights, (none, own, changed) = (
        live.words["weights"]["title"],
        (_said(live, one) for one in ("none", "own", "changed")),
    )
    last = 3 + len(live.weighed)
    moved = f"SUMPRODUCT(--(ABS('{weights}'!$D$4:$D${last}-'{weights}'!$E$4:$E${last})>0.000000001))"
    formula = f'=IF(COUNT({live.span("key")})=0,"{none}",IF({moved}=0,"{own}","{changed}"))'
    sheet.write_formula(1, 0, formula, styles["note"], own)


def _said(live: Live, state: str) -> str:
    """The note of the ranking with what it says of the weights in force."""
    said, note = live.words["said"][state], live.words["ranking"]["note"]
    return said if state == "none" else f"{said}{'' if live.lang == 'zh' else ' '}{note}"


def _greyed(sheet, live: Live, styles, place: int, status: int | None, column: Column) -> None:
    """Grey parentheses about the numbers that rest on simulated data, by the status beside them."""
    shown = sheets.soft(sheets.FORMATS[str(column.style)]["num_format"])
    style = styles.book.add_format(shown)
    soft = [codebook.status(one, live.lang) for one in known.SOFT]
    cells = (live.top + 1, place, live.top + len(live.units), place)
    if status is None:
        sheet.conditional_format(*cells, {"type": "no_blanks", "format": style})
        return
    cell = f"${xl_col_to_name(status)}{live.top + 2}"
    criteria = "=OR(" + ",".join(f'{cell}="{one}"' for one in soft) + ")"
    sheet.conditional_format(*cells, {"type": "formula", "criteria": criteria, "format": style})
