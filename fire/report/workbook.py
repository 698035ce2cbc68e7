"""The Excel workbook of an edition: every table, the codebook, and the index itself as live formulas.

Change a weight on the sheet 权重 in Excel or LibreOffice: scores and ranks of all units are recomputed there, by
the same steps as `fire.index.score` (transform, posts, weights rescaled among the children that have a value).

Where the index uses a rule for which a sheet has no formula (`live`), these sheets hold its scores and ranks as values, and
say why.

Raw values stand there only where they are known. In place of an indicator that is drawn (`fire.index.draws`) the
calculation sheets hold the mean of its scores over the draws. Every value has a fill by its status; where not all is
observed, a column beside it says the status, and the range of what is simulated.
"""

from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from fire import codebook
from fire.analysis import drawn, views
from fire.analysis.known import SOFT
from fire.errors import refuse
from fire.files import atomic_path
from fire.index.panel import KEY, STATUSES
from fire.report import exhibits, marks, release

FORMATS: dict[str, dict] = {
    "head": {"bold": True, "bg_color": "#E8EDF2", "bottom": 1, "text_wrap": True, "valign": "top"},
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#555555", "text_wrap": True, "valign": "top"},
    "edit": {"bg_color": "#FFF6D6", "border": 1, "num_format": "0.0000"},
    "score": {"num_format": "0.000"},
    "share": {"num_format": "0.0000"},
    "one": {"num_format": "0.0"},
    "two": {"num_format": "0.00"},
    "raw": {"num_format": "#,##0.##"},
    "whole": {"num_format": "0"},
    "signed": {"num_format": "+0;-0;0"},
    "wrap": {"text_wrap": True, "valign": "top"},
    "sign": {"bold": True, "font_color": "#A62B2B", "font_size": 12},
    "beside": {"font_color": "#66717D"},
    "link": {"font_color": "#12304F", "underline": 1},
}
CHANGE = ("growth_pct", "rank_change")  # against the year before
PLACES = {0: "whole", 1: "one", 2: "two", 3: "score", 4: "share"}  # format of a number by its decimals
FILLS = {  # of a cell, by the status of its value; an observed one has none
    "printed": "#DCE8F4",
    "implied": "#E3EEDC",
    "estimated": "#FBEFD0",
    "imputed": "#FBEFD0",
    "drawn": "#E4E4E4",
    "assumed": "#F3DEDE",
    "simulated": "#E4E4E4",
}
LOGARITHMS = {"identity": "{}", "log": "LN({})", "log1p": "LN(1+{})"}  # Excel formula of each transform
SHEETS = {
    "about": "说明 About",
    "ranking": "排名 Ranking",
    "weights": "权重 Weights",
    "codebook": "编码本 Codebook",
    "status": "数据状态 Status",
}
BACK = (  # of raw values that their source does not give away: zh, en
    "来源未写明可否转发的原始值不列出，其得分写作数值。",
    "Raw values whose source does not say that they may be passed on are left out; their scores stand as numbers.",
)
MARKED = {
    "zh": "底色与记号的含义见“数据状态”表。",
    "en": "Fills and marks are explained on the sheet of statuses.",
}
STILL = (  # of an index that formulas cannot compute: zh, en
    "本指数采用公式无法重算的方法：得分与位次写作数值，改动权重不会重算。原因：",
    "The index uses methods that formulas cannot compute: scores and ranks stand as values, and no weight can be changed here. "
    "Why: ",
)
# What the first sheet says of an edition with draws: zh, en.
DRAWN = (
    "公式需要数值：灰底单元格是各次抽取的中心得分（在标尺上，不是原始值），不是观测结果；其范围写在右侧一列，按本版权重算出。改动权重后，含灰底数值的得分与位次只是示意。",
    "Formulas need numbers. A grey cell holds the central score of the draws (on the scale, no raw value); it is not observed. "
    "Its range stands beside it and holds for the weights of this edition. With other weights, scores and ranks that rest on grey cells are illustrations.",
)


def write(
    path: Path | str, edition, tables: dict[str, dict] | None = None, scores: pd.DataFrame | None = None
) -> Path:
    """Write the workbook of an edition to `path`.

    `tables` maps a sheet name to `{"title", "frame", "note"}`, and `known` by column: status, low and high of its
    values; each becomes a sheet of its own behind the live ones. `scores`: the scores with status and range (as of
    `known.results`), those of the index itself when not given. Raises InputError for what is no edition.
    """
    refuse("workbook", [] if hasattr(getattr(edition, "index", None), "spec") else [_no_edition(edition)])
    index = edition.index
    scores = marks.scores(index) if scores is None else scores
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
        book.set_properties({"title": marks.titled(edition, "zh"), "created": datetime(index.year + 1, 6, 1)})
        book.set_calc_mode("auto")
        styles = Styles(book)
        for sheet in SHEETS.values():
            book.add_worksheet(sheet)
        known = Known(index, scores)
        _weights_sheet(book.get_worksheet_by_name(SHEETS["weights"]), known, styles)
        years = [year for year in (index.before, index.year) if year is not None]
        for year in years:
            _calculation_sheets(book, known, year, styles)
        _ranking_sheet(book.get_worksheet_by_name(SHEETS["ranking"]), edition, known, years, styles)
        _codebook_sheet(book.get_worksheet_by_name(SHEETS["codebook"]), index.spec, styles)
        _status_sheet(book.get_worksheet_by_name(SHEETS["status"]), styles)
        listed = {sheet.get_name(): "" for sheet in book.worksheets()[1:]}
        for number, (name, table) in enumerate((tables or {}).items(), start=1):  # Excel takes 31 characters
            sheet = book.add_worksheet(name if len(name) <= 31 else f"{name[:26]}~{number}")
            table_sheet(sheet, table, styles)
            listed[sheet.get_name()] = table["title"]
        _about_sheet(book.get_worksheet_by_name(SHEETS["about"]), edition, known, listed, styles)
        book.close()
    return Path(path)


def _no_edition(value) -> str:
    """What is given instead of an edition, and what to type."""
    name = type(value).__name__
    told = f"{'an' if name[:1] in 'AEIOU' else 'a'} {name} is given where an edition is meant: give one, as fire.load(2022)"
    return told + '; for the scores of an Index alone: index.scores().to_excel("scores.xlsx", index=False)'


class Styles:
    """The cell formats of a workbook by name, each also with the fill of a status."""

    def __init__(self, book):
        self.book, self.made = book, {}

    def __getitem__(self, name: str):
        return self.of(name)

    def of(self, name: str, status: str | None = None, mark: str = ""):
        """The format `name` with the fill of a status; its numbers carry a `mark`."""
        key = name, status if status in FILLS else None, mark
        if key not in self.made:
            style = {"font_name": "Microsoft YaHei", **FORMATS.get(name, {})}
            style |= {"bg_color": FILLS[key[1]]} if key[1] else {}
            style |= {"num_format": f'{style.get("num_format", "General")}" {mark}"'} if mark else {}
            self.made[key] = self.book.add_format(style)
        return self.made[key]


class Known:
    """The scores of an index with their status and range, by unit, year and node; `gone`: cells whose raw value is not
    shown, as it is drawn or its source keeps it back; `beside`: whether a column beside each value says its status;
    `still`: why scores stand as values."""

    def __init__(self, index, scores: pd.DataFrame):
        self.index, self.still = index, still(index)
        self.computed = index.scores().set_index(["unit", "year", "node"])
        self.lines = {(line["unit"], line["year"], line["node"]): line for line in scores.to_dict("records")}
        found = {line["score_status"] for line in self.lines.values()}
        self.beside = any(isinstance(status, str) and status != "observed" for status in found)
        self.kept_back = index.panel.loc[index.panel["source"].isin(release.kept_back()), KEY]
        gone = [self.kept_back] if index.draws is None else [self.kept_back, index.draws[KEY]]
        self.gone = {cell for frame in gone for cell in frame.itertuples(index=False, name=None)}

    def status(self, unit: str, year: int, node: str, measure: str = "score") -> str | None:
        """The status of a value, None where there is none."""
        status = self.lines.get((unit, year, node), {}).get(f"{measure}_status")
        return status if isinstance(status, str) else None

    def told(self, unit: str, year: int, node: str, measure: str = "score", digits: int = 3) -> str:
        """The status of a value in both languages, with the printed digits or the range of what is simulated."""
        line, status = self.lines.get((unit, year, node), {}), self.status(unit, year, node, measure)
        if status is None:
            return ""
        name = f"{codebook.status(status, 'zh')} {codebook.status(status, 'en')}"
        own = status == "printed" or status in SOFT
        return f"{name} {marks.cell(line, measure, digits, 'zh')['text']}" if own else name


def still(index) -> list[str]:
    """Why the calculation sheets cannot compute an index by formulas, one sentence each; empty where they can: weighted
    arithmetic means of indicators between two posts, with nothing else on the way."""
    spec, done = index.spec, index.steps()
    leaves = spec.nodes[spec.nodes["leaf"]]
    gaps = bool(done.normalised.isna().any(axis=None))
    tops = spec.nodes.index[spec.nodes["parent"].isna()]
    why = [
        f"{top}: its scores are no weighted arithmetic means at all levels, or are changed or rounded on the way"
        for top in tops
        if spec.children(top) and drawn.linked_mean(spec, top, gaps) != "arithmetic"
    ]
    why += ["weights differ by group of units"] * bool(spec.group_weights)
    why += ["units with too little data are left out"] * bool(done.screened)
    why += [
        f"{node}: does not exist for some units"
        for node, rule in spec.rules.items()
        if rule["not_applicable"]
    ]
    rules: dict[str, tuple] = {
        "normalise": ("minmax", "goalposts"),
        "range": ("open",),
        "reference": ("base", "pooled"),
        "transform": tuple(LOGARITHMS),
        "treat": ("none",),
        "missing": ("none", "refuse"),
        "denominator": (None,),
        "limits": (None,),
        "curve": (1.0,),
    }
    return why + [
        f"{node}: {column} = {value!r}"
        for column, known in rules.items()
        for node, value in leaves[column].items()
        if (None if pd.api.types.is_scalar(value) and pd.isna(value) else value) not in known
    ]


def _weights_sheet(sheet, known: Known, styles) -> None:
    """Editable weights (yellow) and, beside each, its share among its siblings; values alone where formulas cannot compute
    the index."""
    spec, used, live = known.index.spec, known.index.weights, not known.still
    heads = [
        "指标 Node",
        "名称",
        "Name",
        "上级 Parent",
        "权重（可改）Weight (edit)" if live else "权重 Weight",
        "同级占比 Share of parent",
        "依据 Basis",
    ]
    _header(sheet, 2, heads, styles)
    said = "改动黄色单元格，全部得分与排名随之重算。Change a yellow cell: all scores and ranks follow."
    sheet.write_string(0, 0, said if live else f"{STILL[0]}{'；'.join(known.still)}", styles["note"])
    rows = {node: row for row, node in enumerate((node for node in spec.nodes.index if node != spec.root), 3)}
    for node, row in rows.items():
        line = spec.nodes.loc[node]
        parent = line["parent"] if isinstance(line["parent"], str) else ""
        for column, text in enumerate([node, line["label_zh"], line["label_en"], parent]):
            sheet.write_string(row, column, text, styles["plain"])
        sheet.write_number(row, 4, used[node], styles["edit" if live else "share"])
        family = list(spec.nodes.index[spec.nodes["parent"].eq(parent)]) if parent else [node]
        share = used[node] / used[family].sum()
        if live:
            whole = "+".join(f"$E${rows[one] + 1}" for one in family)
            sheet.write_formula(row, 5, f"=E{row + 1}/({whole})", styles["share"], share)
        else:
            sheet.write_number(row, 5, share, styles["share"])
        sheet.write_string(row, 6, str(line.get("weight_basis") or ""), styles["plain"])
    _layout(sheet, 3, 1, [24, 24, 30, 16, 16, 16, 14])


def _computed(sheet, row: int, column: int, formula: str | None, style, value) -> None:
    """A value with the formula that gives it, where there is one; nothing where neither is there."""
    if formula is not None:
        sheet.write_formula(row, column, formula, style, "" if pd.isna(value) else value)
    elif pd.notna(value):
        sheet.write_number(row, column, value, style)


def _calculation_sheets(book, known: Known, year: int, styles) -> None:
    """Two sheets of a year: raw values that are known with the posts in force, and the scores of every node as formulas
    on them; scores of indicators that are drawn as numbers."""
    index, live = known.index, not known.still
    spec, posts = index.spec, index.posts
    raw = index.steps().raw.xs(year, level="year")[spec.indicators].dropna(how="all")
    cells = index.panel[index.panel["year"].eq(year)].set_index(["unit", "indicator"])["status"].to_dict()
    raw_name, sheet_name = f"原始值 Raw {year}", f"计算 Scores {year}"
    data = book.add_worksheet(raw_name)
    _header(data, 3, ["城市 Unit", *(spec.label(one, "zh") for one in spec.indicators)], styles)
    for row, name in enumerate(["下限 Lower post", "上限 Upper post", "变换 Transform"] if live else []):
        data.write_string(row, 0, name, styles["plain"])
    for column, one in enumerate(spec.indicators, 1):
        values = {
            unit: value
            for unit, value in raw[one].items()
            if pd.notna(value) and (unit, year, one) not in known.gone
        }
        for row, end in enumerate(["low", "high"] if values and live else []):
            data.write_number(row, column, posts.at[one, end], styles["share"])
        if live:
            written = LOGARITHMS[spec.nodes.at[one, "transform"]].format("x")
            data.write_string(2, column, written, styles["plain"])
        for row, unit in enumerate(raw.index, 4):
            if unit in values:
                status = cells.get((unit, one))
                data.write_number(row, column, values[unit], styles.of("raw", status))
                if status in FILLS:
                    data.write_comment(
                        row, column, f"{codebook.status(status, 'zh')} {codebook.status(status, 'en')}"
                    )
    for row, name in enumerate(raw.index, 4):
        data.write_string(row, 0, name, styles["plain"])
    _layout(data, 4, 1, [14, *[14] * len(spec.indicators)])

    sheet, nodes, step = book.add_worksheet(sheet_name), list(spec.nodes.index), 1 + known.beside
    heads = [
        [f"{spec.label(node, 'zh')} {node}", f"{spec.label(node, 'zh')}：状态 status"][:step]
        for node in nodes
    ]
    _header(sheet, 0, ["城市 Unit", *(head for pair in heads for head in pair), "位次 Rank"], styles)
    places = {node: 1 + step * at for at, node in enumerate(nodes)}
    for row, unit in enumerate(raw.index, 1):
        sheet.write_string(row, 0, unit, styles["plain"])
        for node, column in places.items():
            value = known.computed["score"].get((unit, year, node))
            style = styles.of("score", known.status(unit, year, node))
            formula = None
            if live and (unit, year, node) not in known.gone:
                formula = (
                    _indicator_formula(spec, node, raw_name, row + 3)
                    if spec.nodes.at[node, "leaf"]
                    else _node_formula(spec, node, places, row)
                )
            _computed(sheet, row, column, formula, style, value)
            if known.beside:
                sheet.write_string(row, column + 1, known.told(unit, year, node), styles["beside"])
        top, last = xl_col_to_name(places[spec.root]), 1 + step * len(nodes)
        rank = known.computed["rank"].get((unit, year, spec.root))
        upward = ",1" if spec.method["best"] == "low" else ""
        formula = f"=RANK({top}{row + 1},{top}$2:{top}${len(raw) + 1}{upward})"
        formula = formula if live and pd.notna(rank) else None
        style = styles.of("whole", known.status(unit, year, spec.root, "rank"))
        _computed(sheet, row, last, formula, style, rank if pd.isna(rank) else int(rank))
        if known.beside:
            told = known.told(unit, year, spec.root, "rank", 0)
            sheet.write_string(row, last + 1, told, styles["beside"])
    if known.beside:
        sheet.write_string(0, 2 + step * len(nodes), "位次：状态 Rank: status", styles["head"])
    _layout(sheet, 1, 1, [14, *[12, 22][:step] * (len(nodes) + 1)])


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


def _node_formula(spec, node: str, places: dict[str, int], row: int) -> str:
    """Excel formula of a node: weighted mean of its children that have a value; `places`: column of every node."""
    weights = [one for one in spec.nodes.index if one != spec.root]
    parts = []
    for child in spec.children(node):
        cell = xl_rowcol_to_cell(row, places[child])
        parts.append((cell, f"'{SHEETS['weights']}'!$F${4 + weights.index(child)}"))
    above = "+".join(f"N({cell})*{weight}" for cell, weight in parts)
    below = "+".join(f"ISNUMBER({cell})*{weight}" for cell, weight in parts)
    return f'=IF({below}=0,"",({above})/({below}))'


def _ranking_sheet(sheet, edition, known: Known, years: list[int], styles) -> None:
    """League table in the published order, every score and rank linked to the calculation sheets; beside each, where not
    all is observed, what this edition says: status, printed digits, range."""
    index = known.index
    spec, last, step = index.spec, index.year, 1 + known.beside
    shown, nodes = [spec.root, *spec.pillars], list(spec.nodes.index)
    places = {node: 1 + step * at for at, node in enumerate(nodes)}
    heads = [
        "城市 Unit",
        "位次 Rank",
        "位次变化 Change",
        "增速（%）Growth",
        *(spec.label(node, "zh") for node in shown),
    ]
    pairs = [heads[:1], *([head, f"{head}：状态 status"][:step] for head in heads[1:])]
    _header(sheet, 1, [head for pair in pairs for head in pair], styles)
    title = f"{marks.titled(edition, 'zh')}：{last} 年{'' if known.still else '（随权重实时计算 live）'}"
    sheet.write_string(0, 0, title, styles["title"])
    rank_column = 1 + step * len(nodes)
    order = {year: list(index.steps().raw.xs(year, level="year").dropna(how="all").index) for year in years}

    def cell(year: int, unit: str, column: int) -> str:
        return f"'计算 Scores {year}'!{xl_rowcol_to_cell(1 + order[year].index(unit), column)}"

    final = index.of()
    compared = known.computed.xs(spec.root, level="node")
    there = index.steps().normalised.notna()

    def apart(unit: str) -> bool:
        """Does growth compare other indicators than the two scores rest on (`score.same_basket`), or is the old score not
        above zero?"""
        then, now = (there.loc[(year, unit)] for year in (index.before, last))
        return not then.equals(now) or not compared["score"].get((unit, index.before), 0) > 0

    for row, line in enumerate(final.itertuples(), 2):
        unit, at = line.unit, {}
        sheet.write_string(row, 0, unit, styles["plain"])
        at["rank"] = (f"={cell(last, unit, rank_column)}", "whole", line.rank, spec.root, "rank", 0)
        if index.before is not None and unit in order[index.before]:
            then, now = cell(index.before, unit, rank_column), cell(last, unit, rank_column)
            at["change"] = (f"={then}-{now}", "signed", line.rank_change, spec.root, "rank_change", 0)
            then, now = (cell(year, unit, places[spec.root]) for year in (index.before, last))
            at["growth"] = (f"=100*({now}/{then}-1)", "score", line.growth_pct, spec.root, "growth_pct", 2)
        for node in shown:
            value = known.computed["score"].get((unit, last, node))
            at[node] = (f"={cell(last, unit, places[node])}", "score", value, node, "score", 3)
        for place, name in enumerate(["rank", "change", "growth", *shown]):
            if name in at:
                formula, style, value, node, measure, digits = at[name]
                column, status = 1 + step * place, known.status(unit, last, node, measure)
                live = not known.still and pd.notna(value) and not (measure in CHANGE and apart(unit))
                _computed(sheet, row, column, formula if live else None, styles.of(style, status), value)
                if known.beside:
                    told = known.told(unit, last, node, measure, digits)
                    sheet.write_string(row, column + 1, told, styles["beside"])
    sheet.autofilter(1, 0, 1 + len(final), step * (len(heads) - 1))
    _layout(sheet, 2, 1, [14, *[12, 22][:step] * (len(heads) - 1)])


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


def _status_sheet(sheet, styles) -> None:
    """What the statuses of values mean, in Chinese and English, each with its mark and fill."""
    _header(sheet, 0, ["状态", "Status", "例 Example", "含义", "Meaning"], styles)
    both = zip(marks.legend(STATUSES, "zh"), marks.legend(STATUSES, "en"), strict=True)
    for row, (zh, en) in enumerate(both, 1):
        cells = [zh["name"], en["name"], zh["example"], zh["meaning"], en["meaning"]]
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text, styles.of("plain", zh["status"]))
    _layout(sheet, 1, 0, [14, 14, 14, 64, 90])


def _about_sheet(sheet, edition, known: Known, listed: dict[str, str], styles) -> None:
    """What the workbook holds, what it is not, how much of the index rests on which kind of data, and all sheets
    (`listed`: name → title) with a link each."""
    index, drawn = known.index, known.index.draws is not None
    titles = index.spec.titles
    lines = [(f"{titles['zh']}　{titles['en']}", "title")]
    lines += [(marks.sign(edition, lang), "sign") for lang in codebook.LANGUAGES if drawn]
    lines += [
        ("", "plain"),
        *((f"{text}{MARKED[lang]}", "wrap") for text, lang in zip(_changing(known), codebook.LANGUAGES)),
        *((text, "wrap") for text in (DRAWN if drawn else ())),
        *((text, "wrap") for text in (BACK if len(known.kept_back) else ())),
        ("", "plain"),
        (
            "总指数的权重按指标得分的状态（城市平均） Weight of the index by the status of its indicators (mean of units):",
            "wrap",
        ),
    ]
    for row, (text, style) in enumerate(lines):
        sheet.write_string(row, 0, text, styles[style])
    shares = _shares(known)
    for row, name in enumerate(shares, len(lines)):
        text = f"{codebook.status(name, 'zh')} {codebook.status(name, 'en')}"
        sheet.write_string(row, 0, text, styles.of("plain", name))
        sheet.write_number(row, 1, shares[name], styles["share"])
    first = len(lines) + len(shares) + 2
    sheet.write_string(first - 1, 0, "目录 Contents", styles["head"])
    for row, (name, title) in enumerate(listed.items(), first):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", styles["link"], string=name)
        sheet.write_string(row, 1, title, styles["plain"])
    sheet.set_column(0, 0, 100)
    sheet.set_column(1, 1, 60)


def _changing(known: Known) -> tuple[str, str]:
    """Whether weights may be changed in the workbook, and if not why: zh, en."""
    if known.still:
        zh, en = STILL
        return f"{zh}{'；'.join(known.still)}。", f"{en}{'; '.join(known.still)}. "
    return (
        "权重表的黄色单元格可改，排名随之重算；其余各表为结果。",
        "Yellow cells of the weights sheet may be changed: the ranking follows. All other sheets are results. ",
    )


def _shares(known: Known) -> dict[str, float]:
    """Share of the weight of the index by the status of the indicators' scores of the year ranked, from hard to soft."""
    index, found = known.index, dict.fromkeys(STATUSES, 0.0)
    weight = views.weight_by_unit(index)
    for unit in index.units:
        for node in index.spec.indicators:
            status = known.status(unit, index.year, node)
            if status:
                found[status] += float(weight.at[unit, node]) / len(index.units)
    return {name: share for name, share in found.items() if share > 0}


def table_sheet(sheet, table: dict, styles) -> None:
    """One result table with its title and source."""
    sheet.write_string(0, 0, table["title"], styles["title"])
    sheet.write_string(1, 0, table.get("note", ""), styles["plain"])
    _fill(sheet, table["frame"], 3, styles, table.get("known", {}), table.get("digits", {}))


def _fill(
    sheet, frame: pd.DataFrame, top: int, styles, known: dict | None = None, digits: dict | None = None
) -> None:
    """Write a frame below a header row; text is written as text, whatever it begins with. `known`: by column the frame of
    status, low and high of its values: a number carries its mark, a simulated one is written as its range."""
    known, digits = known or {}, digits or {}
    _header(sheet, top, [str(name) for name in frame.columns], styles)
    for column, name in enumerate(frame.columns):
        cells = frame.iloc[:, column]  # two columns may have one heading
        lines = known[name].to_dict("records") if name in known else [{}] * len(frame)
        places = digits.get(name)
        places = exhibits.decimals(cells) if places is None else places
        for row, (value, line) in enumerate(zip(cells, lines, strict=True), top + 1):
            status = line.get("status")
            if isinstance(value, (list, tuple)):
                sheet.write_string(row, column, ", ".join(map(str, value)), styles["plain"])
            elif pd.isna(value):
                continue
            elif isinstance(value, str | bool):
                sheet.write_string(row, column, str(value), styles["plain"])
            elif status in SOFT:
                ends = line.get("low", value), line.get("high", value)
                text = exhibits.marked("", status, ends, places, "zh")
                sheet.write_string(row, column, text, styles.of("plain", status))
            else:
                whole, mark = (
                    float(value).is_integer(),
                    codebook.mark(status, "zh") if isinstance(status, str) else "",
                )
                style = (
                    PLACES.get(places, "share") if isinstance(status, str) else "whole" if whole else "share"
                )
                sheet.write_number(row, column, float(value), styles.of(style, status, mark))
    widths = [
        max([len(str(name)) * 2, *(min(len(str(value)), 40) for value in frame.iloc[:, column])])
        for column, name in enumerate(frame.columns)
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
