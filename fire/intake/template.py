"""What next year's edition begins with: its file, its specification, and forms to fill in (`make new`).

    begin(fire.load(2022), "2023")      # reports/editions/2023.yaml, data/indices/fire-2023.toml, data/raw/2023/…

The forms are one workbook (or CSV files): indicators and statistics with last year's values beside, single values whose
status differs from that of their column, notes. `sources.yaml` beside them says how they are read. Words stand in
data/templates; last year's values are the known ones only.
"""

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
import xlsxwriter
import yaml
from xlsxwriter.utility import xl_col_to_name, xl_range_abs

from fire import codebook, files
from fire.errors import Finding, refuse
from fire.index import spec as specs
from fire.index.panel import COLUMNS, KEY, SOFT
from fire.intake.mapping import OFFERED
from fire.sources import records, statistics, tables
from fire.sources.names import MEASURE_NAMES

WORDS = files.DATA / "templates"
FORMS = ("xlsx", "csv")
HEADS = ["indicator", "year", "measure", "status", "source"]  # heading rows of a wide form, from row 2
FIRST = 2 + len(HEADS)  # first row of cities, as Excel counts
SPARE = 10  # empty rows for cities that join
CELL = ["city", "indicator", "year", "value", "status", "source"]  # columns of single values
ROWS = (4, 103)  # of single values and of notes, as Excel counts
COUNTS = {"人", "件", "家", "次", "户", "个", "项", "笔", "所", "台"}  # units of whole numbers
CHOICES = OFFERED[:-1]  # statuses to choose from: nobody types a simulated value
CARRIED = ("programme", "records", "engine")  # settings that come along besides places and languages
FAR = 3  # a value is marked that differs from last year's by more than this factor


@dataclass(frozen=True)
class Column:
    """One column of a form: an indicator in one year; `values` by city; `last`: it is last year's."""

    id: str
    zh: str
    en: str
    unit: str
    year: int
    last: bool
    status: str
    source: str
    values: dict
    definition: str

    @property
    def kind(self) -> str:
        """What may be typed: percent (0 to 100), count (whole) or number."""
        return "percent" if self.unit == "%" else "count" if self.unit in COUNTS else "number"


@dataclass(frozen=True)
class Forms:
    """The forms of an edition: cities with their regions, columns and single values of each wide form."""

    name: str
    year: int
    label: str
    places: pd.DataFrame
    wide: dict[str, list[Column]]  # "indicators", "statistics"
    single: dict[str, list[tuple]]  # rows of CELL by form
    nodes: list[tuple] = field(default_factory=list)  # rows of the list of indicators

    @property
    def rows(self) -> tuple[int, int]:
        """First and last row of cities, as Excel counts; the last ones are empty."""
        return FIRST, FIRST + len(self.places) + SPARE - 1

    @property
    def facts(self) -> dict:
        """What the words are filled with."""
        years = {"year": self.year, "last": self.year - 1, "before": self.year - 1, "next": self.year}
        return {"edition": self.name, "raw": f"data/raw/{self.name}", "label": self.label} | years


def begin(old, name: str, root: Path = files.ROOT, form: str = "xlsx") -> list[Path]:
    """Write what edition `name` needs, after edition `old`, below `root`; returns the files, its YAML file last.

    All or nothing. Raises InputError with every file in the way, a name or form that cannot be, a disk that refuses.
    """
    name, root = str(name), Path(root)
    year, faults = _year(old, name)
    if form not in FORMS:
        faults.append(Finding("template.form", value=form))
    refuse(f"make new {name}", faults)
    wanted = {root / place: content for place, content in _contents(old, name, year, form).items()}
    refuse(
        f"make new {name}",
        [
            Finding("template.exists", file=path.relative_to(root).as_posix())
            for path in wanted
            if path.exists() or path.is_symlink()
        ],
    )
    return _written(wanted, root)


def _year(old, name: str) -> tuple[int, list[str]]:
    """The year that edition `name` ranks: as many after that of `old` as their names say, else one."""
    if not re.fullmatch(r"\w[\w.-]*", name) or name.endswith(".lock"):
        return old.year + 1, [Finding("template.name", value=name)]
    was, new = (re.match(r"(\d{4})(?!\d)", one) for one in (old.name, name))
    step = int(new[1]) - int(was[1]) if was and new else 1
    return old.year + step, [Finding("template.order", value=name, old=old.name)] * (step < 1)


def _written(wanted: dict[Path, bytes], root: Path) -> list[Path]:
    """Write all files; when one cannot be written, take back those that were and the folders made for them."""
    made: list[Path] = []
    folders = [
        folder
        for path in wanted
        for folder in path.parents
        if folder.is_relative_to(root) and not folder.exists()
    ]
    try:
        for path, content in wanted.items():
            with files.atomic_path(path) as part:
                part.write_bytes(content)
            made.append(path)
    except BaseException as error:
        for one in made:
            one.unlink(missing_ok=True)
        for folder in sorted(set(folders), key=lambda one: len(one.parts), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        if isinstance(error, OSError):
            refuse(f"{root}", [Finding("template.write", file=path, reason=error.strerror or error)])
        raise
    return made


# ---- contents


def _contents(old, name: str, year: int, form: str) -> dict[str, bytes]:
    """Every file of a new edition: bytes by its path below the root of the project."""
    raw, forms = f"data/raw/{name}", _forms(old, name, year)
    spec = _spec_id(old, name)
    if form == "xlsx":
        data = {f"{raw}/fire-{name}.xlsx": _workbook(forms)}
    else:
        data = {f"{raw}/{sheet}.csv": _csv(rows) for sheet, rows in _grids(forms).items()}
    texts = {
        f"{raw}/sources.yaml": _sources(forms, form),
        f"{raw}/notes.md": _template("notes.md", edition=name, sources=_old_sources(forms)),
        f"{raw}/records-templates/README.md": _records(name),
        **{
            f"reports/editions/{name}-{part}.{lang}.md": _template(f"{part}.md")
            for part in ("advice", "outlook")
            for lang in old.languages
        },
        f"data/indices/{spec}.toml": _spec(old, name, year, spec),
        f"reports/editions/{name}.yaml": _edition(old, name, year, spec, raw),
    }
    data |= {
        f"{raw}/{table}.csv": files.decode(old.path(table)).encode("utf-8-sig")
        for table in ("places", "regions")
    }
    data |= {
        f"{raw}/records-templates/{table}.csv": _csv([tables.columns(table)]) for table in records.TABLES
    }
    data[f"{raw}/corrections.csv"] = _csv([tables.columns("corrections")])
    return data | {path: text.encode() for path, text in texts.items()}


def _edition(old, name: str, year: int, spec: str, raw: str) -> str:
    """The edition's own file."""
    locked = old.name if old.lock else old.settings.get("posts")
    posts = _say("posts.no", old=old.name) if locked is None else _say("posts.yes", posts=_scalar(locked))
    kept = [
        f"{key}: {_scalar(old.settings[key])}   # {_say(f'kept.{key}')} {_say(f'kept.{key}', 'en')}"
        for key in CARRIED
        if key in old.settings and not _of_sample(old)
    ]
    return _template(
        "edition.yaml",
        edition=name,
        name=_scalar(name),
        old=old.name,
        year=year,
        base_year=old.base_year,
        spec=spec,
        raw=raw,
        posts=posts,
        focus_region=_scalar(old.focus_region),
        languages=_scalar(old.languages),
        kept="\n".join(kept),
    ).replace("\n\n", "\n")


def _of_sample(old) -> bool:
    """Are the records of this edition sample data?"""
    return str(old.settings.get("records", "")).startswith("data/sample")


def _spec_id(old, name: str) -> str:
    """Id of the new specification: that of the old one with its edition's name replaced, or added at the end."""
    spec = old.settings["specification"]
    return spec.replace(old.name, name) if old.name in spec else f"{spec}-{name}"


def _spec(old, name: str, year: int, spec: str) -> str:
    """The old specification under its new id and label; comments are kept."""
    text = files.decode(specs.INDICES / f"{old.settings['specification']}.toml")
    head, mark, tail = text.partition("\n[")
    stated = re.compile(rf"(index year |排名年 ?){old.year}(?!\d)|(?<!\d){re.escape(old.name)}(?!\d)")
    head = stated.sub(lambda found: f"{found[1]}{year}" if found[1] else name, head)
    return re.sub(r"(?m)^id\s*=.*$", f'id = "{spec}"', head, count=1) + mark + tail


def _records(name: str) -> str:
    """What the tables of records hold, from their schemas."""
    lines = [_template("records.md", edition=name)]
    for table in records.TABLES:
        schema = tables.schema(table)
        lines += [f"\n## {table}.csv\n", "| 列 column | 名称 | meaning | 必填 required | 取值 values |"]
        lines.append("| --- | --- | --- | --- | --- |")
        for entry in schema["fields"]:
            limits = entry.get("constraints", {})
            values = "、".join(limits.get("enum", [])) or entry["type"]
            must = "是 yes" if limits.get("required") else ""
            lines.append(
                f"| `{entry['name']}` | {entry['title']} | {entry['description']} | {must} | {values} |"
            )
    return "\n".join(lines) + "\n"


def _old_sources(forms: Forms) -> str:
    """The sources of last year's values, a line each."""
    named = {
        source
        for columns in forms.wide.values()
        for column in columns
        if column.last
        for source in column.source.split("; ")
        if source
    }
    path = statistics.PATH.with_name("sources.csv")
    titles = files.read_table_with(path, ["source", "title", "where"]).set_index("source")
    known = titles.fillna("").to_dict("index")
    lines = [
        f"- {source}（上年 last year）：{known[source]['title']} {known[source]['where']}"
        if source in known
        else f"- {source}（上年 last year）："
        for source in sorted(named)
    ]
    return "\n".join(lines or ["- "])


# ---- forms


def _forms(old, name: str, year: int) -> Forms:
    """The forms after an edition: its cities, its indicators, the known values of the year before."""
    spec, places = old.spec, old.places()
    known = old.index.panel.dropna(subset="value")
    computed = set(statistics.INDICATORS.values()) & set(spec.indicators)
    ids = [node for node in spec.series if node not in computed]
    said = _nodes(old)
    wide, single = {}, {}
    wide["indicators"], single["indicators"] = _columns(ids, (year - 1, year), _known(known), said, places)
    if computed:
        names = {
            measure: dict(zip(codebook.LANGUAGES, MEASURE_NAMES[measure])) | {"unit": unit}
            for measure, unit in statistics.UNITS.items()
            if measure not in statistics.OPTIONAL
        }
        for words in names.values():
            words["definition"] = _say("comment.statistics", **words, year=year - 1, next=year)
        wide["statistics"], single["statistics"] = _columns(
            list(names), (year - 2, year - 1), _statistics(_known(known)), names, places
        )
    listed = ("zh", "en", "unit", "parent", "weight", "direction", "id")
    nodes = [
        (
            *(said[node][key] for key in listed),
            _say("sheet.statistics" if node in computed else "sheet.indicators"),
        )
        for node in said
    ]
    label = spec.label(spec.root, "zh")
    return Forms(name, year, label, places, wide, single, nodes)


def _statistics(panel: pd.DataFrame) -> pd.DataFrame:
    """The statistics behind the known cells of a panel, and what is public besides; years are those of the statistics."""
    public = (
        statistics.read(cities=[])
        .drop(columns="unit")
        .rename(columns={"city": "unit", "measure": "indicator"})
    )
    of = {indicator: measure for measure, indicator in statistics.INDICATORS.items()}
    own = panel[panel["indicator"].isin(of)]
    own = own.assign(year=own["year"] - 1, indicator=own["indicator"].map(of)).set_index(KEY[:2])
    gdp = own.loc[own["indicator"].eq("gdp"), "value"]
    share = own["indicator"].eq("tertiary_share")
    own.loc[share, "value"] *= gdp.reindex(own.index[share]).to_numpy() / 100
    own["value"] = own["value"].round(6)
    own = own.replace({"indicator": {"tertiary_share": "tertiary"}}).dropna(subset="value").reset_index()
    both = own.merge(_known(public), on=KEY, how="outer", suffixes=("", "_public"))
    same = both["value"].isna() | np.isclose(both["value"], both["value_public"], rtol=1e-6)
    columns = ("value", "status", "source")
    return both.assign(**{name: both[name].mask(same, both[f"{name}_public"]) for name in columns})[COLUMNS]


def _known(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with a value that somebody observed, printed or inferred: nothing simulated or assumed."""
    cells = cells.dropna(subset=["value", "status"])
    return cells[~cells["status"].isin(SOFT)][COLUMNS]


def _nodes(old) -> dict[str, dict]:
    """What the forms say of each indicator: names, unit, place in the index, definition."""
    spec, weights, said = old.spec, old.index.weight_in_index, {}
    labels = spec.labels("zh")
    for node in spec.indicators:
        above = [labels[one] for one in spec.ancestors(node) if one != spec.root]
        doubled = list(labels.values()).count(labels[node]) > 1
        words = {
            "zh": f"{labels[node]}（{node}）" if doubled else labels[node],
            "en": spec.label(node, "en"),
            "unit": spec.nodes.at[node, "unit_zh"],
            "parent": "、".join(above),
            "weight": f"{100 * weights[node]:.3g}%",
            "direction": _say(f"direction.{int(spec.nodes.at[node, 'direction'])}"),
            "id": node,
        }
        words["unit"] = words["unit"] if isinstance(words["unit"], str) else ""
        said[node] = words | {"definition": _say("definition", **words)}
    for entry in spec.table.get("denominator", []):
        blank = dict.fromkeys(("parent", "weight", "direction"), "")
        words = blank | entry["label"] | {"unit": entry.get("unit", {}).get("zh", ""), "id": entry["id"]}
        said.setdefault(entry["id"], words | {"definition": _say("definition", **words)})
    return said


def _columns(ids: list, years: tuple, cells: pd.DataFrame, said: dict, places: pd.DataFrame):
    """The columns of a form, two an indicator, and the single cells whose status is not that of their column."""
    columns, single = [], []
    cells = cells[cells["unit"].isin(places["city"])]
    groups = dict(list(cells.groupby(["indicator", "year"])))
    for name in ids:
        for year in years:
            found = groups.get((name, year), cells.iloc[:0])
            status = found["status"].mode().iloc[0] if len(found) else "observed"
            same = found[found["status"].eq(status)]
            values = {city: _plain(value) for city, value in zip(same["unit"], same["value"])}
            source = "; ".join(dict.fromkeys(same["source"].dropna().astype(str)))
            words = {key: said[name][key] for key in ("zh", "en", "unit", "definition")}
            columns.append(
                Column(
                    name,
                    year=year,
                    last=year == years[0],
                    status=status,
                    source=source,
                    values=values,
                    **words,
                )
            )
            single += [
                (
                    cell.unit,
                    said[name]["zh"],
                    year,
                    _plain(cell.value),
                    codebook.word(cell.status),
                    cell.source,
                )
                for cell in found[found["status"].ne(status)].itertuples()
            ]
    return columns, single


def _plain(value: float) -> float | int:
    """A number as it is typed: 59 for 59.0."""
    return int(value) if float(value).is_integer() else float(value)


def _grids(forms: Forms) -> dict[str, list[list]]:
    """The cells of each form that is read, row by row: wide forms, then single values."""
    grids = {}
    for sheet, columns in forms.wide.items():
        heads: list[list] = [
            [column.zh for column in columns],
            [column.year for column in columns],
            [column.unit for column in columns],
            [codebook.word(column.status) for column in columns],
            [column.source for column in columns],
        ]
        grid: list[list] = [[_title(sheet, columns)]]
        grid += [
            [_say("head.city") if head == HEADS[0] else None, _say(f"head.{head}"), *line]
            for head, line in zip(HEADS, heads)
        ]
        grid += [
            [city, region, *(column.values.get(city) for column in columns)]
            for city, region in zip(forms.places["city"], forms.places["region"])
        ]
        grids[sheet] = grid
    for sheet, rows in forms.single.items():
        body = [list(row) for row in rows] or [[None] * len(CELL)]
        grids[f"single-{sheet}"] = [
            [_say(f"title.single-{sheet}")],
            [_say("cells.begin")],
            [_say(f"head.{name}") for name in CELL],
            *body,
        ]
    return grids


def _title(sheet: str, columns: list[Column]) -> str:
    years = sorted({column.year for column in columns})
    return _say(f"title.{sheet}", last=years[0], year=years[-1])


def _csv(rows: Iterable) -> bytes:
    """Rows as CSV with the mark by which Excel knows UTF-8."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


# ---- how the forms are read


def _sources(forms: Forms, form: str) -> str:
    """The mapping of the forms, a block a table."""
    parts = [_template("sources.yaml", edition=forms.name)]
    for sheet, columns in forms.wide.items():
        block = _where(forms, sheet, form) | {
            "rows": f"{FIRST}-",
            "columns": f"C-{xl_col_to_name(len(columns) + 1)}",
            "unit": "column A",
            "region": "column B",
            **{head: f"row {row}" for row, head in enumerate(HEADS, start=2)},
            "names": _read_as(columns),
            "into": sheet,
            "confirmed": True,
        }
        parts.append(_block(f"sources.{sheet}", block))
    at = dict(zip(CELL, "ABCDEF"))
    for sheet, columns in forms.wide.items():
        block = _where(forms, f"single-{sheet}", form) | {
            "rows": f"{ROWS[0]}-",
            "columns": at["value"],
            "unit": f"column {at['city']}",
            **{head: f"column {at[head]}" for head in ("indicator", "year", "status", "source")},
            "measure": {column.id: column.unit for column in columns if column.unit},
            "names": _read_as(columns),
            "into": sheet,
            "confirmed": True,
        }
        parts.append(_block(f"sources.single-{sheet}", block))
    return "\n".join(parts)


def _where(forms: Forms, sheet: str, form: str) -> dict:
    if form == "csv":
        return {"file": f"{sheet}.csv"}
    return {"file": f"fire-{forms.name}.xlsx", "sheet": _say(f"sheet.{sheet}")}


def _read_as(columns: list[Column]) -> dict[str, str]:
    """Id of every indicator by its heading."""
    return {column.zh: column.id for column in columns}


def _block(said: str, block: dict) -> str:
    text = yaml.safe_dump([block], allow_unicode=True, sort_keys=False, width=1000)
    return f"# {_say(said)} {_say(said, 'en')}\n" + text.replace("confirmed: true", "confirmed: yes")


# ---- the workbook

FONT = "Microsoft YaHei"
EDGE = {"border": 1, "border_color": "#C9D1D9"}
STYLES = {
    "title": {"bold": True, "font_size": 14, "font_color": "#12304F"},
    "head": {
        "bold": True,
        "bg_color": "#DDE6EE",
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
        **EDGE,
    },
    "side": {"bold": True, "bg_color": "#DDE6EE", "align": "right", "valign": "vcenter", **EDGE},
    "year": {"bg_color": "#EEF3F7", "align": "center", "bold": True, **EDGE},
    "unit": {"bg_color": "#EEF3F7", "align": "center", "font_color": "#55606B", **EDGE},
    "choice": {"align": "center", **EDGE},
    "source": {"text_wrap": True, "valign": "top", "font_size": 9, **EDGE},
    "city": {"bold": True, **EDGE},
    "region": {"font_color": "#55606B", **EDGE},
    "last": {"bg_color": "#ECEEF0", "font_color": "#55606B", **EDGE},
    "last_choice": {"bg_color": "#ECEEF0", "font_color": "#55606B", "align": "center", **EDGE},
    "last_source": {
        "bg_color": "#ECEEF0",
        "font_color": "#55606B",
        "text_wrap": True,
        "valign": "top",
        "font_size": 9,
        **EDGE,
    },
    "new": {**EDGE},
    "text": {"text_wrap": True, "valign": "top", **EDGE},
    "wrap": {"text_wrap": True, "valign": "top"},
    "english": {"text_wrap": True, "valign": "top", "font_color": "#66717D", "font_size": 9},
    "soft": {"font_color": "#66717D", "font_size": 9},
    "part": {"bold": True, "font_size": 12, "font_color": "#12304F", "bottom": 1, "bottom_color": "#C9D1D9"},
    "number": {"bold": True, "align": "center", "valign": "top", "font_color": "#12304F"},
    "empty": {"bg_color": "#FFF3C4", **EDGE},
    "unknown": {"bg_color": "#EFE9D8", **EDGE},
    "far": {"bg_color": "#F8D2B8", **EDGE},
}
MARKS = ("empty", "unknown", "far")  # styles that a condition lays over a cell
WIDE = 50  # Chinese characters on a line of the first sheet
A4, PER_PAGE, SCALE = 9, 14, 68  # paper; columns on one page; per cent of their size


def _workbook(forms: Forms) -> bytes:
    """The workbook to fill in."""
    held = BytesIO()
    with xlsxwriter.Workbook(
        held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties(
            {"title": f"{forms.label} {forms.name}", "created": datetime(forms.year + 1, 1, 1)}
        )
        book.set_size(2400, 1400)
        styles = {
            name: book.add_format(style | ({} if name in MARKS else {"font_name": FONT}))
            for name, style in STYLES.items()
        }
        keys = ["about", *forms.wide, *(f"single-{key}" for key in forms.wide), "notes", "list"]
        sheets = {key: book.add_worksheet(_say(f"sheet.{key}")) for key in keys}
        grids = _grids(forms)
        _names(book, forms, grids)
        _about(sheets["about"], forms, styles)
        for key, columns in forms.wide.items():
            _wide(sheets[key], columns, grids[key], forms, styles, key)
            _single(sheets[f"single-{key}"], columns, grids[f"single-{key}"], styles, key)
        _notes(sheets["notes"], styles)
        _list(sheets["list"], forms, styles)
        for key, sheet in sheets.items():
            if key != "about":
                sheet.set_landscape()
            sheet.set_paper(A4)
            sheet.set_margins(0.4, 0.4, 0.5, 0.6)
            sheet.set_footer("&L&A&R&P / &N")
    return held.getvalue()


def _names(book, forms: Forms, grids: dict) -> None:
    """Ranges with a name: what drop-downs list, and where single values stand."""
    first, last = forms.rows
    ranges = {"fire_cities": ("indicators", 0, first, last)}
    for place, (key, columns) in enumerate(forms.wide.items()):
        single, bottom = f"single-{key}", _bottom(grids[f"single-{key}"])
        ranges |= {f"fire_{key}_{name}": (single, at, ROWS[0], bottom) for at, name in enumerate(CELL[:3])}
        ids = len(_read_as(columns))
        ranges[f"fire_{key}_list"] = ("list", 9 + place, 3, 2 + ids)
    for name, (sheet, column, top, bottom) in ranges.items():
        area = xl_range_abs(top - 1, column, bottom - 1, column)
        book.define_name(name, f"='{_say(f'sheet.{sheet}')}'!{area}")


def _bottom(grid: list) -> int:
    """The last row of single values, with room for more."""
    return max(ROWS[1], len(grid) + SPARE)


def _wide(sheet, columns: list[Column], grid: list, forms: Forms, styles: dict, key: str) -> None:
    """A form with a row a city and two columns an indicator."""
    first, last = forms.rows
    sheet.write_string(0, 0, grid[0][0], styles["title"])
    sheet.merge_range(1, 0, FIRST - 2, 0, grid[1][0], styles["head"])
    looks = ["head", "year", "unit", "choice", "source"]
    for row, look in enumerate(looks, start=1):
        sheet.write_string(row, 1, grid[row][1], styles["side"])
        for place, column in enumerate(columns, start=2):
            style = f"last_{look}" if column.last and row > 3 else look
            if row > 1:
                sheet.write(row, place, grid[row][place], styles[style])
            elif column.last:
                sheet.merge_range(row, place, row, place + 1, column.zh, styles[look])
                sheet.write_comment(
                    row, place, column.definition, {"x_scale": 2, "y_scale": 1.6, "author": "FIRE"}
                )
    looks = ["city", "region", *("last" if column.last else "new" for column in columns)]
    for row in range(first - 1, last):
        line = grid[row] if row < len(grid) else [None] * len(looks)
        for place, look in enumerate(looks):
            sheet.write(row, place, line[place], styles[look])
    for place, column in enumerate(columns, start=2):
        area = (first - 1, place, last - 1, place)
        sheet.data_validation(*area, _rule(column))
        sheet.data_validation(
            4, place, 4, place, _choice([codebook.word(one) for one in CHOICES], "input.status")
        )
        sheet.data_validation(5, place, 5, place, {"validate": "any", "input_message": _say("input.source")})
        letter, left = xl_col_to_name(place), xl_col_to_name(place if column.last else place - 1)
        cell, before = f"{letter}{first}", f"{left}{first}"
        listed = (
            f"COUNTIFS(fire_{key}_city,$A{first},fire_{key}_indicator,{left}$2,fire_{key}_year,{letter}$3)"
        )
        lack = "unknown" if column.last else "empty"
        empty = f'=AND($A{first}<>"",ISBLANK({cell}),{listed}=0)'
        sheet.conditional_format(*area, {"type": "formula", "criteria": empty, "format": styles[lack]})
        if not column.last:
            far = (
                f"=AND(ISNUMBER({cell}),ISNUMBER({before}),{before}<>0,"
                f"OR(ABS({cell})>{FAR}*ABS({before}),ABS({cell})*{FAR}<ABS({before})))"
            )
            sheet.conditional_format(*area, {"type": "formula", "criteria": far, "format": styles["far"]})
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 1, 13)
    sheet.set_column(2, len(columns) + 1, 10.5)
    for row, height in ((0, 26), (1, 36), (5, 40)):
        sheet.set_row(row, height)
    sheet.freeze_panes(FIRST - 1, 2)
    sheet.repeat_rows(1, FIRST - 2)
    sheet.repeat_columns(0, 1)
    sheet.set_print_scale(SCALE)
    sheet.set_v_pagebreaks(range(2 + PER_PAGE, 2 + len(columns), PER_PAGE))


def _rule(column: Column) -> dict:
    """What may be typed into the cells of a column. Values that may be negative are doubted, others refused."""
    kind = column.kind
    limits = {
        "number": {"validate": "decimal", "criteria": ">=", "value": 0},
        "count": {"validate": "integer", "criteria": ">=", "value": 0},
        "percent": {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 100},
    }
    said = "input.last" if column.last else f"input.{kind}"
    return limits[kind] | {
        "input_title": _say("input.title", year=column.year),
        "input_message": _say(said, zh=column.zh, unit=column.unit),
        "error_title": _say("error.title"),
        "error_message": _say(f"error.{kind}"),
        "error_type": "stop" if kind == "count" else "warning",
    }


def _choice(source, said: str = "input.city") -> dict:
    """A drop-down."""
    return {
        "validate": "list",
        "source": source,
        "ignore_blank": False,
        "input_message": _say(said),
        "error_title": _say("error.title"),
        "error_message": _say("error.list"),
    }


def _single(sheet, columns: list[Column], grid: list, styles: dict, key: str) -> None:
    """A form with a row a value: those whose status or source is not that of their column."""
    top, bottom = ROWS[0], _bottom(grid)
    sheet.write_string(0, 0, grid[0][0], styles["title"])
    sheet.write_string(1, 0, grid[1][0], styles["soft"])
    sheet.write_row(top - 2, 0, grid[top - 2], styles["head"])
    for row in range(top - 1, bottom):
        line = grid[row] if row < len(grid) else []
        for at in range(len(CELL)):
            sheet.write(row, at, line[at] if line else None, styles["new"])
    years, statuses = sorted({column.year for column in columns}), [codebook.word(one) for one in CHOICES]
    drops = {0: "=fire_cities", 1: f"=fire_{key}_list", 2: years, 4: statuses}
    for at, source in drops.items():
        said = "input.status" if at == 4 else "error.list"
        sheet.data_validation(top - 1, at, bottom - 1, at, _choice(source, said))
    for at, width in enumerate((10, 32, 8, 14, 14, 40)):
        sheet.set_column(at, at, width)
    sheet.set_row(0, 26)
    sheet.freeze_panes(top - 1, 0)
    sheet.repeat_rows(top - 2)
    sheet.print_area(0, 0, 39, len(CELL) - 1)
    sheet.fit_to_pages(1, 0)


def _notes(sheet, styles: dict) -> None:
    """A table for remarks."""
    heads = [_say(f"head.{name}") for name in ("city", "indicator", "year", "note", "who")]
    sheet.write_string(0, 0, _say("title.notes"), styles["title"])
    sheet.write_row(2, 0, heads, styles["head"])
    top, bottom = ROWS
    for row in range(top - 1, bottom):
        for at in range(len(heads)):
            sheet.write_blank(row, at, None, styles["text"])
    sheet.data_validation(top - 1, 0, bottom - 1, 0, _choice("=fire_cities"))
    for at, width in enumerate((10, 26, 8, 70, 14)):
        sheet.set_column(at, at, width)
    sheet.set_row(0, 26)
    sheet.freeze_panes(3, 0)
    sheet.repeat_rows(2)
    sheet.print_area(0, 0, 39, len(heads) - 1)
    sheet.fit_to_pages(1, 0)


def _list(sheet, forms: Forms, styles: dict) -> None:
    """The indicators with unit, place in the index and where they are filled in; what the drop-downs list."""
    heads = ["indicator", "english", "measure", "parent", "weight", "direction", "id", "where"]
    sheet.write_string(0, 0, _say("title.list"), styles["title"])
    sheet.write_row(1, 0, [_say(f"head.{head}") for head in heads], styles["head"])
    for row, line in enumerate(forms.nodes, start=2):
        sheet.write_row(row, 0, line, styles["text"])
    for place, columns in enumerate(forms.wide.values()):
        sheet.write_column(2, 9 + place, list(_read_as(columns)))
    for at, width in enumerate((30, 44, 8, 28, 9, 10, 24, 10)):
        sheet.set_column(at, at, width)
    sheet.set_column(9, 8 + len(forms.wide), 10, None, {"hidden": True})
    sheet.set_row(0, 26)
    sheet.freeze_panes(2, 1)
    sheet.fit_to_pages(1, 0)


def _about(sheet, forms: Forms, styles: dict) -> None:
    """What to do, what colours and statuses mean, how to write numbers."""
    row = 0
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 2 * WIDE)

    def write(mark: str, style: str, chinese: str, english: str) -> None:
        nonlocal row
        sheet.write_string(row, 0, mark, styles[style])
        sheet.write_string(row, 1, chinese, styles["wrap"])
        sheet.set_row(row, 17 * math.ceil(len(chinese) / WIDE))
        sheet.write_string(row + 1, 1, english, styles["english"])
        sheet.set_row(row + 1, 14 * math.ceil(len(english) / (2.4 * WIDE)) + 4)
        row += 2

    def say(key: str, mark: str = "", style: str = "number") -> None:
        write(mark, style, _say(key, **forms.facts), _say(key, "en", **forms.facts))

    def part(key: str) -> None:
        nonlocal row
        sheet.write_string(row + 1, 0, _say(key), styles["part"])
        sheet.write_string(row + 1, 1, _say(key, "en"), styles["part"])
        sheet.set_row(row + 1, 22)
        row += 2

    sheet.write_string(0, 0, _say("about.title", **forms.facts), styles["title"])
    sheet.set_row(0, 28)
    row = 1
    say("about.intro")
    steps = [number for number in (1, 2, 3, 4, 5) if number != 2 or "statistics" in forms.wide]
    for place, number in enumerate(steps, start=1):
        say(f"about.step{number}", f"{place}")
    part("about.legend")
    for key, style in (
        ("last", "last"),
        ("unknown", "unknown"),
        ("new", "new"),
        ("empty", "empty"),
        ("far", "far"),
    ):
        say(f"about.{key}", " ", style)
    part("about.missing")
    say("about.missing1")
    say("about.missing2")
    part("about.numbers")
    say("about.numbers1")
    part("about.status")
    for status in CHOICES:
        means = [codebook.word(f"meaning-{status}", lang) for lang in codebook.LANGUAGES]
        write(codebook.word(status), "number", *means)
    sheet.fit_to_pages(1, 1)


# ---- words


@cache
def _words() -> dict[str, dict]:
    table = files.read_table_with(WORDS / "workbook.csv", ["key", "zh", "en"]).fillna("")
    return {row.key: {"zh": row.zh, "en": row.en} for row in table.itertuples()}


def _say(key: str, lang: str = "zh", **values) -> str:
    """A sentence of data/templates/workbook.csv."""
    return _words()[key][lang].format(**values)


def _template(file: str, **values) -> str:
    """A file of data/templates with its `$names` filled in."""
    return Template(files.decode(WORDS / file)).substitute(values)


def _scalar(value) -> str:
    """A value as it stands in YAML: 2023, '2023.1', [zh, en]."""
    value = int(value) if str(value).isdigit() else value
    return (
        yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=1000)
        .removesuffix("...\n")
        .strip()
    )
