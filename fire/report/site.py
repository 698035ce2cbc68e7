"""What surrounds the report: a page for every city and region, the explorer, the workbook and the data release."""

import re
import shutil
from pathlib import Path

import jinja2
import pandas as pd

from fire import codebook, files
from fire.analysis import known as knowledge
from fire.analysis import results
from fire.figures import fonts
from fire.report import exhibits, explorer, marks, places, profile, release, workbook
from fire.report.places import addresses, search_text, slug

__all__ = ["addresses", "environment", "place_pages", "search_text", "slug", "write"]

TEMPLATES = files.REPORTS / "template" / "site"


def write(ed, shown: dict, folder: Path) -> list[dict]:
    """Write everything that goes with the report of an edition into `folder`; `shown`: its exhibits by name, each with
    its `folder` (`assembly.gather`).

    Returns the links for the index page (`lang`, `kind`, `href`, `title`); `lang` is empty where a file serves both.
    """
    known = results.of(ed)
    tables = {name: record for name, record in shown.items() if record["kind"] == "table"}
    place_pages(ed, profile.profiles(ed, known), folder)
    for lang in ed.languages:
        text = files.read_json(TEMPLATES / "explorer.json")[lang]
        page = environment(ed, lang).get_template("page.html")
        body = explorer.fragment(ed, lang, known.scores, addresses(ed, lang))
        parts = {"title": text["title"], "body": body, "root": "", "at": "explorer"}
        files.write_text(folder / f"explorer.{lang}.html", page.render(**parts))
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, record in tables.items():
        shutil.copyfile(record["folder"] / "tables" / f"{name}.csv", folder / "tables" / f"{name}.csv")
    workbook.write(folder / f"fire-{ed.name}.xlsx", ed, _sheets(tables), known.scores)
    release.write(folder / "data", ed, release.frames(ed, known))
    return _links(ed)


def _links(ed) -> list[dict]:
    """Links of the index page to what `write` makes."""
    both = [
        (
            "xlsx",
            f"fire-{ed.name}.xlsx",
            "Excel 工作簿（含可改权重的实时公式）",
            "Excel workbook with live formulas",
        ),
        (
            "data",
            "data/datapackage.json",
            "数据发布（CSV、Parquet、编码本、校验和）",
            "Data release: CSV, Parquet, codebook, checksums",
        ),
    ]
    named = [
        (
            "places",
            "places/index.{lang}.html",
            "城市与区域页面（可检索）",
            "City and region pages, searchable",
        ),
        ("explorer", "explorer.{lang}.html", "权重探索器", "Weight explorer"),
    ]
    return [
        {"lang": lang, "kind": kind, "href": href.format(lang=lang), "title": {"zh": zh, "en": en}}
        for lang in ed.languages
        for kind, href, zh, en in named
    ] + [
        {"lang": "", "kind": kind, "href": href, "title": {"zh": zh, "en": en}} for kind, href, zh, en in both
    ]


def environment(ed, lang: str) -> jinja2.Environment:
    """Templates of the pages in one language of an edition; every value is escaped."""
    words, named = files.read_json(TEMPLATES / "words.json"), ed.book.lang(lang)
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "num": number,
        "signed": _signed,
        "cell": lambda line, measure, digits=3, plus=False: marks.cell(line, measure, digits, named, plus),
        "legend": lambda lines, measures=knowledge.MEASURES: marks.legend(_statuses(lines, measures), named),
        "unit": lambda name: codebook.unit(name, named),
        "node": lambda name: codebook.node(name, named),
        "slug": lambda name: slug(name, named),
        "status": lambda name: codebook.status(name, named),
    }
    high = ed.spec.method["scale"][1]
    env.globals |= {
        "lang": lang,
        "others": [one for one in ed.languages if one != lang],
        "edition": ed.name,
        "compared": ed.compared,
        "levels": ed.spec.nodes["level"].to_dict(),
        "sign": marks.sign(ed, named),
        "need": 100 * knowledge.ENOUGH,
        "along": lambda score: 0.0 if pd.isna(score) else min(max(100 * score / high, 0), 100),
        "isna": pd.isna,
        "w": {key: text[lang] for key, text in words.items()},
    }
    return env


def number(value, digits: int = 3) -> str:
    """A number; a dash when missing."""
    return "–" if pd.isna(value) else exhibits.number(float(value), digits)


def _signed(value, digits: int = 0) -> str:
    """A change with its sign; none when it rounds to zero, a dash when missing.

    >>> _signed(2.0), _signed(-0.314, 2), _signed(0.0), _signed(None)
    ('+2', '−0.31', '0', '–')
    """
    if pd.isna(value):
        return "–"
    text = f"{float(value):+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def _statuses(lines, measures) -> set:
    """The statuses of what some lines show, but that of a value without a mark."""
    return {line.get(f"{measure}_status") for line in lines for measure in measures} - {"observed"}


def place_pages(ed, profiles: dict, folder: Path) -> None:
    """The pages of all places (`places.pages`), and `assets/site.css` for all pages."""
    used = places.pages(ed, profiles, folder, lambda lang: environment(ed, lang))
    css = [TEMPLATES.parent / "report.css", TEMPLATES / "site.css", TEMPLATES / "places.css"]
    used += [path.read_text(encoding="utf-8") for path in TEMPLATES.iterdir()]
    style = fonts.web("".join(used)) + "".join(path.read_text(encoding="utf-8") for path in css)
    files.write_text(folder / "assets" / "site.css", style)


def _sheets(records: dict) -> dict:
    """Sheets of the workbook, one for each table of the report, with Chinese and English headings; `known` holds, by
    heading, the status and the ends of the values of a column."""
    made = {}
    for name, record in records.items():
        labels = record["labels"]
        frame = exhibits.load_table(record["folder"], name, labels)
        note = f"资料来源：{record['source']['zh']}　数据状态：{'、'.join(map(codebook.status, record['status']))}"
        shown = {lang: set(exhibits.shown_columns(frame.columns, lang)) for lang in codebook.LANGUAGES}
        heads = {
            column: " ".join(label[lang] for lang in shown if column in shown[lang])
            for column, label in labels.items()
            if any(column in columns for columns in shown.values())
        }
        known = {
            head: frame.filter(regex=f"^{re.escape(column)}_(status|low|high)$").rename(
                columns=lambda one: one.rpartition("_")[2]
            )
            for column, head in heads.items()
            if f"{column}_status" in frame
        }
        made[name] = {
            "title": record["title"]["zh"],
            "note": note,
            "frame": frame[list(heads)].rename(columns=heads),
            "known": known,
            "digits": {heads[column]: labels[column].get("digits") for column in heads},
        }
    return made
