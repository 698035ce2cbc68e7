"""The Excel workbook of an edition: every table, the codebook, and the index itself as live formulas.

Change a weight on the sheet 权重 in Excel or LibreOffice: scores and ranks of all units are recomputed there, by
the same steps as `fire.index.score` (transform, posts, weights rescaled among the children that have a value).
"""

from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from fire import codebook
from fire.errors import refuse
from fire.files import atomic_path

FORMATS: dict[str, dict] = {
    "head": {"bold": True, "bg_color": "#E8EDF2", "bottom": 1, "text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#555555", "text_wrap": True, "valign": "top"},
    "edit": {"bg_color": "#FFF6D6", "border": 1, "num_format": "0.0000"},
    "score": {"num_format": "0.000"},
    "share": {"num_format": "0.0000"},
    "raw": {"num_format": "#,##0.##"},
    "whole": {"num_format": "0"},
    "signed": {"num_format": "+0;-0;0"},
}
LOGARITHMS = {"identity": "{}", "log": "LN({})", "log1p": "LN(1+{})"}  # Excel formula of each transform
SHEETS = {
    "about": "说明 About",
    "ranking": "排名 Ranking",
    "weights": "权重 Weights",
    "codebook": "编码本 Codebook",
}


def write(path: Path | str, edition, tables: dict[str, dict] | None = None) -> Path:
    """Write the workbook of an edition to `path`.

    `tables` maps a sheet name to `{"title", "frame", "note"}`; each becomes a sheet of its own behind the live ones.
    Raises InputError when the specification holds a method that a sheet cannot recompute.
    """
    index = edition.index
    refuse(f"workbook of {index.spec.id}", _unsupported(index.spec))
    with atomic_path(path) as part:
        book = xlsxwriter.Workbook(
            part,
            {
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
            },
        )
        book.set_properties({"title": index.spec.titles["zh"], "created": datetime(index.year + 1, 6, 1)})
        book.set_calc_mode("auto")
        styles = {
            name: book.add_format({"font_name": "Microsoft YaHei", **style})
            for name, style in FORMATS.items()
        }
        styles["plain"] = book.add_format({"font_name": "Microsoft YaHei"})
        for sheet in SHEETS.values():
            book.add_worksheet(sheet)
        _weights_sheet(book.get_worksheet_by_name(SHEETS["weights"]), index.spec, styles)
        years = [year for year in (index.before, index.year) if year is not None]
        for year in years:
            _calculation_sheets(book, index, year, styles)
        _ranking_sheet(book.get_worksheet_by_name(SHEETS["ranking"]), index, years, styles)
        _codebook_sheet(book.get_worksheet_by_name(SHEETS["codebook"]), index.spec, styles)
        _about_sheet(book.get_worksheet_by_name(SHEETS["about"]), index, styles)
        for number, (name, table) in enumerate((tables or {}).items(), start=1):  # Excel takes 31 characters
            table_sheet(
                book.add_worksheet(name if len(name) <= 31 else f"{name[:26]}~{number}"), table, styles
            )
        book.close()
    return Path(path)


def _unsupported(spec) -> list[str]:
    """Choices of a specification for which the calculation sheets have no formula."""
    inner, leaves = spec.nodes[~spec.nodes["leaf"]], spec.nodes[spec.nodes["leaf"]]
    rules: list[tuple[pd.DataFrame, str, set]] = [
        (inner, "aggregation", {"arithmetic"}),
        (leaves, "normalise", {"minmax", "goalposts"}),
        (leaves, "range", {"open"}),
        (leaves, "reference", {"base", "pooled"}),
        (leaves, "transform", set(LOGARITHMS)),
        (leaves, "treat", {"none"}),
        (leaves, "missing", {"none", "refuse"}),
        (leaves, "denominator", {None}),
    ]
    return [
        f"node '{node}': {column} = '{value}' has no live formula: leave the calculation sheets out"
        for frame, column, known in rules
        for node, value in frame[column].items()
        if (None if pd.api.types.is_scalar(value) and pd.isna(value) else value) not in known
    ]


def _weights_sheet(sheet, spec, styles) -> None:
    """Editable weights (yellow) and, beside each, its share among its siblings."""
    heads = [
        "指标 Node",
        "名称",
        "Name",
        "上级 Parent",
        "权重（可改）Weight (edit)",
        "同级占比 Share of parent",
        "依据 Basis",
    ]
    _header(sheet, 2, heads, styles)
    sheet.write_string(
        0,
        0,
        "改动黄色单元格，全部得分与排名随之重算。Change a yellow cell: all scores and ranks follow.",
        styles["note"],
    )
    rows = [node for node in spec.nodes.index if node != spec.root]
    last = 3 + len(rows)
    for row, node in enumerate(rows, 3):
        line = spec.nodes.loc[node]
        for column, text in enumerate([node, line["label_zh"], line["label_en"], line["parent"]]):
            sheet.write_string(row, column, text, styles["plain"])
        sheet.write_number(row, 4, line["weight"], styles["edit"])
        sheet.write_formula(
            row,
            5,
            f"=E{row + 1}/SUMIF($D$4:$D${last},D{row + 1},$E$4:$E${last})",
            styles["share"],
            line["weight"] / spec.nodes.loc[spec.children(line["parent"]), "weight"].sum(),
        )
        sheet.write_string(row, 6, str(line.get("weight_basis") or ""), styles["plain"])
    _layout(sheet, 3, 1, [24, 24, 30, 16, 16, 16, 14])


def _calculation_sheets(book, index, year: int, styles) -> None:
    """Two sheets of a year: raw values with the posts in force, and the scores of every node as formulas on them."""
    spec, posts, scores = index.spec, index.posts, index.scores()
    raw = index.steps().raw.xs(year, level="year")[spec.indicators].dropna(how="all")
    raw_name, sheet_name = f"原始值 Raw {year}", f"计算 Scores {year}"
    data = book.add_worksheet(raw_name)
    _header(data, 3, ["城市 Unit", *(spec.label(one, "zh") for one in spec.indicators)], styles)
    for row, name in enumerate(["下限 Lower post", "上限 Upper post", "变换 Transform"]):
        data.write_string(row, 0, name, styles["plain"])
    for column, one in enumerate(spec.indicators, 1):
        for row, end in enumerate(["low", "high"]):
            data.write_number(row, column, posts.at[one, end], styles["share"])
        data.write_string(2, column, LOGARITHMS[spec.nodes.at[one, "transform"]].format("x"), styles["plain"])
        for row, value in enumerate(raw[one], 4):
            if pd.notna(value):
                data.write_number(row, column, value, styles["raw"])
    for row, name in enumerate(raw.index, 4):
        data.write_string(row, 0, name, styles["plain"])
    _layout(data, 4, 1, [14, *[14] * len(spec.indicators)])

    sheet = book.add_worksheet(sheet_name)
    nodes = list(spec.nodes.index)
    _header(
        sheet, 0, ["城市 Unit", *(f"{spec.label(node, 'zh')} {node}" for node in nodes), "位次 Rank"], styles
    )
    known = scores[scores["year"].eq(year)].set_index(["unit", "node"])
    for row, unit in enumerate(raw.index, 1):
        sheet.write_string(row, 0, unit, styles["plain"])
        for column, node in enumerate(nodes, 1):
            formula = (
                _indicator_formula(spec, node, raw_name, row + 3)
                if spec.nodes.at[node, "leaf"]
                else _node_formula(spec, node, nodes, row)
            )
            value = known["score"].get((unit, node))
            sheet.write_formula(row, column, formula, styles["score"], "" if pd.isna(value) else value)
        top = xl_col_to_name(1 + nodes.index(spec.root))
        rank = known["rank"].get((unit, spec.root))
        sheet.write_formula(
            row,
            len(nodes) + 1,
            f"=RANK({top}{row + 1},{top}$2:{top}${len(raw) + 1})",
            styles["whole"],
            "" if pd.isna(rank) else int(rank),
        )
    _layout(sheet, 1, 1, [14, *[12] * (len(nodes) + 1)])


def _indicator_formula(spec, node: str, raw_sheet: str, row: int) -> str:
    """Excel formula of an indicator score: posts in rows 1 and 2 of the raw sheet, the raw value in `row`."""
    column = xl_col_to_name(1 + spec.indicators.index(node))
    cell, below, above = (
        f"'{raw_sheet}'!{column}{row + 1}",
        f"'{raw_sheet}'!{column}$1",
        f"'{raw_sheet}'!{column}$2",
    )
    low, high = spec.nodes.at[node, "scale"]
    value = LOGARITHMS[spec.nodes.at[node, "transform"]].format(cell)
    share = f"({value}-{below})/({above}-{below})"
    formula = (
        f"{low}+{high - low}*{share}"
        if spec.nodes.at[node, "direction"] == 1
        else f"{high}-{high - low}*{share}"
    )
    return f'=IF({cell}="","",{formula})'


def _node_formula(spec, node: str, nodes: list[str], row: int) -> str:
    """Excel formula of a node: weighted mean of its children that have a value."""
    weights = [one for one in spec.nodes.index if one != spec.root]
    parts = []
    for child in spec.children(node):
        cell = xl_rowcol_to_cell(row, 1 + nodes.index(child))
        parts.append((cell, f"'{SHEETS['weights']}'!$F${4 + weights.index(child)}"))
    above = "+".join(f"N({cell})*{weight}" for cell, weight in parts)
    below = "+".join(f"ISNUMBER({cell})*{weight}" for cell, weight in parts)
    return f'=IF({below}=0,"",({above})/({below}))'


def _ranking_sheet(sheet, index, years: list[int], styles) -> None:
    """League table in the published order, every score and rank linked to the calculation sheets."""
    spec, last, scores = index.spec, index.year, index.scores()
    shown, nodes = [spec.root, *spec.pillars], list(spec.nodes.index)
    heads = ["城市 Unit", "位次 Rank", "位次变化 Change", "增速（%）Growth"]
    _header(sheet, 1, [*heads, *(spec.label(node, "zh") for node in shown)], styles)
    sheet.write_string(0, 0, f"{spec.titles['zh']}：{last} 年（随权重实时计算 live）", styles["title"])
    rank_column, top = len(nodes) + 1, 1 + nodes.index(spec.root)
    order = {year: list(index.steps().raw.xs(year, level="year").dropna(how="all").index) for year in years}

    def cell(year: int, unit: str, column: int) -> str:
        return f"'计算 Scores {year}'!{xl_rowcol_to_cell(1 + order[year].index(unit), column)}"

    known = scores[scores["year"].eq(last)].set_index(["unit", "node"])["score"]
    final = index.of()
    for row, line in enumerate(final.itertuples(), 2):
        unit = line.unit
        sheet.write_string(row, 0, unit, styles["plain"])
        sheet.write_formula(row, 1, f"={cell(last, unit, rank_column)}", styles["whole"], _blank(line.rank))
        if index.before is not None and unit in order[index.before]:
            then, now = cell(index.before, unit, rank_column), cell(last, unit, rank_column)
            sheet.write_formula(row, 2, f"={then}-{now}", styles["signed"], _blank(line.rank_change))
            then, now = cell(index.before, unit, top), cell(last, unit, top)
            sheet.write_formula(row, 3, f"=100*({now}/{then}-1)", styles["score"], _blank(line.growth_pct))
        for column, node in enumerate(shown, 4):
            formula = f"={cell(last, unit, 1 + nodes.index(node))}"
            sheet.write_formula(row, column, formula, styles["score"], _blank(known[unit, node]))
    sheet.autofilter(1, 0, 1 + len(final), len(heads) + len(shown) - 1)
    _layout(sheet, 2, 1, [14, 10, 12, 14, *[12] * len(shown)])


def _blank(value):
    """A stored result of a formula: empty where there is none."""
    return "" if pd.isna(value) else value


def _codebook_sheet(sheet, spec, styles) -> None:
    """What every node is: labels, unit, direction, transform, weight and what each choice rests on."""
    columns = {
        "label_zh": "名称",
        "label_en": "Name",
        "parent": "上级 Parent",
        "level": "层级 Level",
        "unit_zh": "单位 Unit",
        "direction": "方向 Direction",
        "transform": "变换 Transform",
        "weight": "权重 Weight",
        "weight_basis": "权重依据 Basis",
    }
    frame = spec.nodes.reset_index()[["id", *(name for name in columns if name in spec.nodes)]]
    _fill(sheet, frame.rename(columns={"id": "编码 Id", **columns}), 0, styles)


def _about_sheet(sheet, index, styles) -> None:
    """What the workbook holds and how much of the index rests on which kind of data."""
    top, titles = index.of(), index.spec.titles
    lines = [
        f"{titles['zh']}　{titles['en']}",
        "权重表的黄色单元格可改，排名随之重算；其余各表为结果。",
        "Yellow cells of the weights sheet may be changed: the ranking follows. All other sheets are results.",
        "",
        "总指数的数据构成（城市平均） Data status of the index (mean of units):",
    ]
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, styles["title" if row == 0 else "plain"])
    for row, name in enumerate(codebook.STATUS, len(lines)):
        sheet.write_string(
            row, 0, f"{codebook.status(name, 'zh')} {codebook.status(name, 'en')}", styles["plain"]
        )
        sheet.write_number(row, 1, top[f"share_{name}"].mean(), styles["share"])
    sheet.set_column(0, 0, 60)


def table_sheet(sheet, table: dict, styles) -> None:
    """One result table with its title and source."""
    sheet.write_string(0, 0, table["title"], styles["title"])
    sheet.write_string(1, 0, table.get("note", ""), styles["plain"])
    _fill(sheet, table["frame"], 3, styles)


def _fill(sheet, frame: pd.DataFrame, top: int, styles) -> None:
    """Write a frame below a header row; text is written as text, whatever it begins with."""
    _header(sheet, top, [str(name) for name in frame.columns], styles)
    for column, name in enumerate(frame.columns):
        for row, value in enumerate(frame[name], top + 1):
            if isinstance(value, (list, tuple)):
                sheet.write_string(row, column, ", ".join(map(str, value)), styles["plain"])
            elif pd.isna(value):
                continue
            elif isinstance(value, str | bool):
                sheet.write_string(row, column, str(value), styles["plain"])
            else:
                whole = float(value).is_integer()
                sheet.write_number(row, column, float(value), styles["whole" if whole else "share"])
    widths = [
        max([len(str(name)) * 2, *(min(len(str(value)), 40) for value in frame[name])])
        for name in frame.columns
    ]
    _layout(sheet, top + 1, 1, [min(max(10, width + 2), 44) for width in widths])


def _header(sheet, row: int, names: list[str], styles) -> None:
    for column, name in enumerate(names):
        sheet.write_string(row, column, name, styles["head"])


def _layout(sheet, rows: int, columns: int, widths: list[int]) -> None:
    """Freeze the header and set column widths."""
    sheet.freeze_panes(rows, columns)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
