"""The Excel workbook of an edition, one file a language: ranking with weights that may be changed, results, and an index.

Change a weight on the second sheet in Excel or LibreOffice: scores, ranks and the order of the ranking follow
(`fire.report.formulas`). All other sheets are results. They are long, one row a value, as a value has four companions
(status, both ends of its range, rank) that a wide table could not hold side by side; the wide view is the sheet of
calculation.

Raw values stand there only where they are known. Every value has the fill of its status, which stands in words beside it.
"""

from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from fire import codebook, files
from fire.analysis import known as knowledge
from fire.analysis import views
from fire.analysis.known import SOFT
from fire.errors import refuse
from fire.files import atomic_path
from fire.index.panel import STATUSES
from fire.report import exhibits, formulas, marks, narrative, release, sheets, vintage
from fire.report.formulas import still
from fire.report.sheets import Column, companions, numbers, texts

__all__ = ["still", "write"]
SHEETS = (
    "contents",
    "ranking",
    "weights",
    "scores",
    "changes",
    "intervals",
    "regions",
    "system",
    "calculation",
    "observed",
    "tables",
    "status",
)
PARTS = {  # sentences and headings of the catalogue, workbook-<part>-<name>
    "line": ("what", "live", "still", "drawn", "back", "licence", "citation"),
    "said": ("own", "changed", "none", "zero", "rescaled", "negative"),
    "head": (
        *(
            "sheet",
            "holds",
            "place",
            "index",
            "vintage",
            "live",
            "edition",
            "gain",
            "level",
            "parent",
            "edit",
            "own",
            "share",
            "sum",
        ),
        *("note", "key", "weight", "example", "meaning", "lower", "upper", "where"),
    ),
    "word": ("up", "down"),
}


def write(
    path: Path | str, edition, lang: str = "zh", tables: dict[str, dict] | None = None, known=None
) -> Path:
    """Write the workbook of an edition in one language to `path`.

    `tables`: the exhibits of kind table by name (`exhibits.load`), listed with their files. `known`: the stored results of
    the edition (`fire.results.of`): `scores` as of `known.results`, `means` of the regions, `intervals`; without them the
    scores are those of the index itself, and there are no regions.
    Raises InputError for what is no edition and for a language that there is not.
    """
    faults = [] if hasattr(getattr(edition, "index", None), "spec") else [_no_edition(edition)]
    if lang not in codebook.LANGUAGES:
        faults.append(f"there is no language '{lang}': use one of {', '.join(codebook.LANGUAGES)}")
    refuse("workbook", faults)
    data = Data(edition, lang, known)
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
        book.set_properties({"title": data.title, "created": datetime(data.index.year + 1, 6, 1)})
        book.set_calc_mode("auto")
        styles = sheets.Styles(book, str(lang))
        made: dict = {"contents": book.add_worksheet(data.words["contents"]["title"])}
        lists = _lists(data, tables or {})
        for name in SHEETS[1:]:
            if (
                name in ("ranking", "weights", "status")
                or name in lists
                or name == "calculation"
                and not data.live.still
            ):
                made[name] = book.add_worksheet(data.words[name]["title"])
        home = data.words["contents"]["title"]
        for name in ("calculation", "weights", "ranking"):  # the first says where the last finds its cells
            if name in made and name not in lists:
                make = getattr(formulas, f"{name}_sheet")
                make(made[name], data.live, styles, data.named(name), home)
        for name, columns in lists.items():
            note, keep = data.words[name]["note"], 2 if data.live.grouped and name != "system" else 1
            sheets.opened(made[name], styles, data.named(name), note, home, [one.width() for one in columns])
            sheets.listed(made[name], styles, 2, columns, keep)
        if "tables" in lists:
            for row, name in enumerate(tables or {}, 3):
                link = f"tables/{name}.csv"
                made["tables"].write_formula(row, 1, f'=HYPERLINK("{link}")', styles["link"], link)
        _status_sheet(made["status"], data, styles, home)
        _contents_sheet(made["contents"], data, made, styles)
        book.close()
    return Path(path)


def _no_edition(value) -> str:
    """What is given instead of an edition, and what to type."""
    name = type(value).__name__
    told = f"{'an' if name[:1] in 'AEIOU' else 'a'} {name} is given where an edition is meant: give one, as fire.load(2022)"
    return told + '; for the scores of an Index alone: index.scores().to_excel("scores.xlsx", index=False)'


class Data:
    """What all sheets share: the index, its results and words in one language."""

    def __init__(self, edition, lang: str, known=None):
        self.edition, self.index, self.spec = edition, edition.index, edition.index.spec
        self.book, self.lang = edition.book, edition.book.lang(str(lang))
        self.title = marks.titled(edition, self.lang)
        self.scores = marks.scores(self.index) if known is None else known.scores
        self.means = None if known is None else known.means
        self.chances = None if known is None else known.intervals
        final = self.index.of()["unit"].tolist()
        with_data = self.index.steps().raw.xs(self.index.year, level="year").dropna(how="all").index
        self.units = [unit for unit in final if unit in set(with_data)]
        cells = self.index.panel.dropna(subset="value")
        back = cells["source"].isin(release.kept_back())
        self.back, self.cells = bool(back.any()), cells[~back & ~cells["status"].isin(SOFT)]
        self.vintages = vintage.years(edition)
        self.words = self._words()
        self.live = formulas.Live(self.index, self.scores, self.words, self.book, self.lang, self.units)

    def _words(self) -> dict:
        """Titles and notes of the sheets, and by part of the catalogue its sentences and headings."""
        catalogue, why = narrative.catalogue(narrative.FOLDER), still(self.index)
        values = {
            "year": self.index.year,
            "before": self.index.before,
            "edition": self.edition.name,
            "tail": round(100 * knowledge.LOW),
            "title": self.title,
            "licence": release.LICENCE["title"],
            "live": not why,
            "sign": bool(marks.sign(self.edition, self.lang)),
            "drawn": self.index.draws is not None,
            "back": self.back,
        }

        def say(name: str, what: str = "text", **more) -> str:
            return catalogue.say(name, values | more, self.book, what)[self.lang]

        words: dict = {
            name: {what: say(f"workbook-{name}", what) for what in ("title", "note")}
            for name in SHEETS
            if name != "changes" or self.index.before is not None
        }
        words |= {
            part: {name: say(f"workbook-{part}-{name}") for name in names} for part, names in PARTS.items()
        }
        words["dated"] = {
            year: say("workbook-head-dated", of=year) for year in self.vintages.index.unique("year")
        }
        words["why"] = [say(f"workbook-why-{reason}", node=node) for reason, node in why]
        return words

    def named(self, sheet: str) -> str:
        return f"{self.words[sheet]['title']} · {self.title}"

    def head(self, column: str) -> str:
        """Heading of a column of the codebook."""
        return self.book.column(column)[self.lang]

    def ordered(self, frame: pd.DataFrame, units: list) -> pd.DataFrame:
        """The rows of a frame (unit, year, node): the latest year first, nodes as in the tree, units in this order."""
        at = {unit: place for place, unit in enumerate(units)}
        return (
            frame.assign(
                _year=-frame["year"].astype(int),
                _node=frame["node"].astype(str).map(self.spec.place),
                _unit=frame["unit"].astype(str).map(at).fillna(len(at)),
            )
            .sort_values(["_year", "_node", "_unit"], kind="stable")
            .reset_index(drop=True)
        )


# Lists ----------------------------------------------------------------------------------------------------------------


def _lists(data: Data, tables: dict) -> dict[str, list[Column]]:
    """The columns of every sheet that is a list, by sheet."""
    lists = {"scores": _scores(data)}
    if data.live.still:
        lists["ranking"] = _ranking(data)
    if data.index.before is not None:
        lists["changes"] = _changes(data)
    lists["intervals"] = _intervals(data)
    if data.means is not None and len(data.means):
        lists["regions"] = _regions(data, data.means)
    lists["system"] = _system(data)
    if len(data.cells):
        lists["observed"] = _observed(data)
    if tables:
        lists["tables"] = _tables(data, tables)
    return lists


def _keys(data: Data, frame: pd.DataFrame, year: bool = True, node: bool = True) -> list[Column]:
    """The columns that say what a row is about: unit, its region, year, node."""
    found = [texts(data.head("unit"), [codebook.unit(one, data.lang) for one in frame["unit"]])]
    if data.live.grouped:
        groups = frame["unit"].astype(str).map(data.index.groups)
        found.append(
            texts(
                data.head("region"),
                [codebook.unit(one, data.lang) if isinstance(one, str) else None for one in groups],
            )
        )
    if year:
        found.append(Column(data.words["head"]["index"], [float(one) for one in frame["year"]], "year"))
    return found + (_nodes(data, frame["node"]) if node else [])


def _nodes(data: Data, nodes) -> list[Column]:
    """The columns that name nodes: level, name, the node above."""
    parents, levels = data.spec.nodes["parent"], data.spec.nodes["level"]
    labels = {node: data.spec.label(node, data.lang) for node in data.spec.nodes.index}
    return [
        numbers(data.words["head"]["level"], [levels[node] for node in nodes], 0),
        texts(data.head("node"), [labels[node] for node in nodes]),
        texts(data.words["head"]["parent"], [labels.get(parents[node]) for node in nodes]),
    ]


def _measured(data: Data, frame: pd.DataFrame, measures) -> list[Column]:
    """The columns of some measures with their companions."""
    return [
        column
        for measure in measures
        for column in companions(
            frame,
            measure,
            data.book,
            data.lang,
            knowledge.DECIMALS[measure],
            plus=measure in ("growth_pct", "rank_change"),
        )
    ]


def _scores(data: Data) -> list[Column]:
    """Score and rank of every unit, year and node."""
    frame = data.ordered(data.scores.dropna(subset="score"), data.units)
    return [*_keys(data, frame), *_measured(data, frame, ("score", "rank"))]


def _ranking(data: Data) -> list[Column]:
    """The league table as values, where no formula computes it."""
    now = data.scores[data.scores["year"].eq(data.index.year)].assign(
        node=lambda frame: frame["node"].astype(str)
    )
    by_node = {
        node: part.set_index("unit").reindex(data.units).reset_index() for node, part in now.groupby("node")
    }
    root = by_node[data.spec.root]
    columns = [*_keys(data, root, False, False), *_measured(data, root, ("rank", "score"))]
    for pillar in data.spec.pillars:
        found = companions(by_node[pillar], "score", data.book, data.lang, knowledge.DECIMALS["score"])
        label = data.spec.label(pillar, data.lang)
        for column in found:
            column.head = label + column.head.removeprefix(data.head("score"))
        columns += found
    return columns


def _changes(data: Data) -> list[Column]:
    """Growth and change of rank of every unit and node in the year ranked."""
    frame = data.scores[data.scores["year"].eq(data.index.year)]
    frame = data.ordered(frame.dropna(subset="growth_pct"), data.units)
    return [*_keys(data, frame, year=False), *_measured(data, frame, ("growth_pct", "rank_change"))]


def _intervals(data: Data) -> list[Column]:
    """Ranks of the index and its pillars with what is known of them."""
    shown = [data.spec.root, *data.spec.pillars]
    frame = data.scores[data.scores["year"].eq(data.index.year) & data.scores["node"].isin(shown)]
    frame = data.ordered(frame.dropna(subset="score"), data.units)
    columns = [*_keys(data, frame, year=False), *_measured(data, frame, ("rank",))]
    if data.chances is not None:
        keys = ["unit", "year", "node"]
        more = data.chances.astype({"unit": str, "node": str}).set_index(keys)
        more = more.reindex(pd.MultiIndex.from_frame(frame[keys].astype({"unit": str, "node": str})))
        columns.append(numbers(data.head("p_top10"), more["p_top10"], 2))
        columns.append(numbers(data.head("tie_group"), more["group"], 0))
    return columns


def _regions(data: Data, means: pd.DataFrame) -> list[Column]:
    """Means of the regions with score, rank and growth, best first."""
    now = means[means["year"].eq(data.index.year) & means["node"].eq(data.spec.root)]
    frame = data.ordered(means.dropna(subset="score"), now.sort_values("rank")["unit"].tolist())
    named = texts(data.head("region"), [codebook.unit(one, data.lang) for one in frame["unit"]])
    year = Column(data.words["head"]["index"], [float(one) for one in frame["year"]], "year")
    cities = numbers(data.head("cities"), frame["cities"], 0)
    measures = [one for one in knowledge.MEASURES if frame[one].notna().any()]
    return [named, cities, year, *_nodes(data, frame["node"]), *_measured(data, frame, measures)]


def _system(data: Data) -> list[Column]:
    """Every node: its place, unit, direction, transform, posts, weight, and what the weight rests on."""
    nodes, head, lang = data.spec.nodes, data.words["head"], data.lang
    level, name, parent = _nodes(data, nodes.index)
    leaf = nodes["leaf"]
    drawn = set() if data.index.draws is None else set(data.index.draws["indicator"])
    posts = data.index.posts
    if posts.index.nlevels > 1:
        posts = posts.xs(data.index.year, level=0)
    own = posts.index.get_level_values(-1)

    def post(end: str) -> list:
        lines = pd.Series(posts[end].to_numpy(), own).groupby(level=0).first()
        return [lines.get(node) if leaf[node] and node not in drawn else None for node in nodes.index]

    turned = data.words["word"]
    above = nodes["parent"].map(lambda one: isinstance(one, str))
    weights = [data.index.weights[node] if above[node] else None for node in nodes.index]
    in_index = [100 * data.index.weight_in_index[node] for node in nodes.index]
    columns = [
        level,
        name,
        parent,
        texts(data.head("measure_unit"), nodes[f"unit_{lang}"]),
        texts(data.head("direction"), [turned["up" if one == 1 else "down"] for one in nodes["direction"]]),
        texts(
            data.head("transform"),
            [
                codebook.word(nodes.at[node, "transform"], lang) if leaf[node] else None
                for node in nodes.index
            ],
        ),
        numbers(head["lower"], post("low"), 3),
        numbers(head["upper"], post("high"), 3),
        *_dated_nodes(data),
        numbers(data.head("weight"), weights, 4),
        numbers(data.head("weight_in_index"), in_index, 2),
    ]
    if "weight_basis" in nodes:
        basis = [codebook.word(one, lang) if isinstance(one, str) else None for one in nodes["weight_basis"]]
        columns.append(texts(data.head("basis"), basis))
    return [column for column in columns if any(cell is not None for cell in column.cells)]


def _observed(data: Data) -> list[Column]:
    """The raw values that are known, with unit, status and source."""
    spec, cells = data.spec, data.cells
    cells = data.ordered(
        cells[cells["indicator"].isin(spec.nodes.index)].rename(columns={"indicator": "node"}), data.units
    )
    digits = {
        node: exhibits.decimals(part["value"]) for node, part in cells.groupby(cells["node"].astype(str))
    }
    nodes = [str(node) for node in cells["node"]]
    value = numbers(data.head("value"), cells["value"], 2, list(cells["status"]))
    value.style = [sheets.PLACES[digits[node]] for node in nodes]
    sources = files.read_table_with(release.SOURCES, ["source", "where"]).set_index("source")["where"]
    where = [sources.get(one) for one in cells["source"]]
    columns = [
        *_keys(data, cells, node=False),
        texts(data.head("indicator"), [spec.label(node, data.lang) for node in nodes]),
        value,
        texts(data.head("measure_unit"), [spec.nodes.at[node, f"unit_{data.lang}"] for node in nodes]),
        *_dated(data, cells),
        texts(data.head("status"), [codebook.status(one, data.lang) for one in cells["status"]]),
        texts(data.head("source"), [codebook.word(str(one), data.lang) for one in cells["source"]]),
    ]
    return columns + [texts(data.words["head"]["where"], where)] * any(isinstance(one, str) for one in where)


def _dated(data: Data, cells: pd.DataFrame) -> list[Column]:
    """The year of the data of every cell, where it is on record."""
    known = data.vintages.to_dict()
    keys = zip(cells["unit"].astype(str), cells["year"].astype(int), cells["node"].astype(str))
    years = [known.get(key) for key in keys]
    return [
        Column(data.words["head"]["vintage"], [None if one is None else float(one) for one in years], "year")
    ] * any(years)


def _dated_nodes(data: Data) -> list[Column]:
    """The years of the data of every indicator, one column an index year, the latest first."""
    found = []
    for year in sorted(data.vintages.index.unique("year"), reverse=True):
        years = data.vintages.xs(year, level="year").groupby(level="indicator").unique()
        told = [", ".join(map(str, sorted(years.get(node, [])))) for node in data.spec.nodes.index]
        found.append(texts(data.words["dated"][year], [one or None for one in told]))
    return found


def _tables(data: Data, tables: dict) -> list[Column]:
    """The tables of the report: title, file, statuses, source and note."""
    lang = str(data.lang)
    records = list(tables.values())
    named = ("、" if lang == "zh" else ", ").join
    return [
        texts(data.head("table"), [record["title"][lang] for record in records], "wrap"),
        texts(data.head("file"), [f"tables/{name}.csv" for name in tables]),
        texts(
            data.head("status"),
            [named(codebook.status(one, lang) for one in record["status"]) for record in records],
            "wrap",
        ),
        texts(data.head("source"), [record["source"][lang] for record in records], "wrap"),
        texts(data.head("note"), [record.get("note", {}).get(lang) for record in records], "wrap"),
    ]


# The first sheet and the legend ---------------------------------------------------------------------------------------


def _status_sheet(sheet, data: Data, styles, home: str) -> None:
    """What the statuses of values mean, each with its mark and fill."""
    legend, head = marks.legend(STATUSES, data.lang), data.words["head"]
    columns = [
        texts(data.head("status"), [one["name"] for one in legend]),
        texts(head["example"], [one["example"] for one in legend]),
        texts(head["meaning"], [one["meaning"] for one in legend], "wrap"),
    ]
    sheets.opened(sheet, styles, data.named("status"), data.words["status"]["note"], home, [20, 20, 80])
    sheets.listed(sheet, styles, 2, columns, filtered=False)
    for row, one in enumerate(legend, 3):
        sheet.write_string(row, 0, one["name"], styles.of("plain", one["status"]))
        sheet.write_string(row, 1, one["example"], styles.of("plain", one["status"]))
    sheet.set_column(2, 2, 90)


def _contents_sheet(sheet, data: Data, made: dict, styles) -> None:
    """What the workbook is and is not, its sheets with a link each, its statuses with their weight in the index, licence
    and citation."""
    line, head = data.words["line"], data.words["head"]
    sheet.write_string(0, 0, data.spec.titles[str(data.lang)], styles["title"])
    sheet.set_row(0, 24)
    said = marks.sign(data.edition, data.lang)
    if said:
        sheet.write_string(1, 0, said, styles["sign"])
    paragraphs = [
        line["what"],
        line["live"],
        line["still"] + ("；" if data.lang == "zh" else "; ").join(data.words["why"])
        if data.live.still
        else "",
        line["drawn"],
        line["back"],
        line["licence"],
        line["citation"],
    ]
    row = 2
    for text in filter(None, paragraphs):
        sheet.merge_range(row, 0, row, 2, "", styles["paragraph"])
        sheet.write_string(row, 0, text, styles["paragraph"])
        sheet.set_row(row, sheets.LINE * sheets.lines(text, 108))
        row += 1
    sheet.write_row(row + 1, 0, [head["sheet"], head["holds"], ""], styles["head"])
    row += 2
    for name in [name for name in SHEETS[1:] if name in made]:
        title, note = data.words[name]["title"], data.words[name]["note"]
        sheet.write_url(row, 0, f"internal:'{title}'!A1", styles["link"], string=title)
        sheet.merge_range(row, 1, row, 2, "", styles["wrap"])
        sheet.write_string(row, 1, note, styles["wrap"])
        sheet.set_row(row, sheets.LINE * sheets.lines(note, 90))
        row += 1
    shares = _shares(data)
    sheet.write_row(row + 1, 0, [data.head("status"), head["weight"], head["meaning"]], styles["head"])
    for place, one in enumerate(marks.legend(shares, data.lang), row + 2):
        sheet.write_string(place, 0, one["name"], styles.of("wrap", one["status"]))
        sheet.write_number(place, 1, shares[one["status"]], styles["percent"])
        sheet.write_string(place, 2, one["meaning"], styles["wrap"])
        sheet.set_row(place, sheets.LINE * sheets.lines(one["meaning"], 72))
    for place, width in enumerate((20, 20, 78)):
        sheet.set_column(place, place, width)
    sheet.hide_gridlines(2)
    sheets.printed(sheet)


def _shares(data: Data) -> dict[str, float]:
    """Share of the weight of the index by the status of the indicators' scores of the year ranked (mean of units), from
    hard to soft."""
    shares = views.status_shares(data.scores, data.index)
    return {
        row.status: row.share_pct / 100
        for row in shares[shares["node"].eq(data.index.spec.root)].itertuples()
        if row.share_pct > 0
    }
