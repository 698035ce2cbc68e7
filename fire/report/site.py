"""What surrounds the report: a page for every city and region, the explorer, the workbook and the data release."""

import json
import re
import shutil
from pathlib import Path

import jinja2
import pandas as pd
from pypinyin import lazy_pinyin

from fire import codebook as labels
from fire import files
from fire.analysis import robustness
from fire.errors import refuse
from fire.figures import fonts
from fire.report import exhibits as exhibit
from fire.report import explorer, profile, release, workbook

TEMPLATES = files.REPORTS / "template" / "site"
LANGUAGES = labels.LANGUAGES


def write(edition, source: Path, folder: Path) -> list[dict]:
    """Write everything that goes with the report of `edition` into `folder`; `source` holds the notebooks' exhibits.

    Returns the links for the index page (`lang`, `kind`, `href`, `title`); `lang` is empty where a file serves both.
    """
    intervals = robustness.intervals(edition.spec, edition.panel())
    profiles = profile.profiles(edition, intervals)
    records = tables(source)
    files.write_text(folder / "assets" / "site.css", page_style(edition, profiles))
    place_pages(edition, profiles, folder / "places")
    for lang in LANGUAGES:
        page = (
            environment(lang)
            .get_template("page.html")
            .render(
                title=explorer.TEXTS[lang]["title"],
                body=explorer.fragment(edition, lang),
                root="",
                home=f"fire-{edition.name}.{lang}.html",
                other=f"explorer.{other(lang)}.html",
            )
        )
        files.write_text(folder / f"explorer.{lang}.html", page)
    for name, record in records.items():
        (folder / "tables").mkdir(exist_ok=True)
        shutil.copyfile(record["folder"] / "tables" / f"{name}.csv", folder / "tables" / f"{name}.csv")
    workbook.write(folder / f"fire-{edition.name}.xlsx", edition, sheets(records))
    release.write(
        folder / "data",
        edition,
        {
            "scores": edition.scores(),
            "intervals": intervals,
            "panel": edition.panel(),
            "places": edition.places(),
        },
    )
    return links(edition)


def links(edition) -> list[dict]:
    """Links of the index page to what `write` makes."""
    both = [
        (
            "xlsx",
            f"fire-{edition.name}.xlsx",
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
        for lang in LANGUAGES
        for kind, href, zh, en in named
    ] + [
        {"lang": "", "kind": kind, "href": href, "title": {"zh": zh, "en": en}} for kind, href, zh, en in both
    ]


def other(lang: str) -> str:
    return "en" if lang == "zh" else "zh"


def environment(lang: str) -> jinja2.Environment:
    """Templates of the pages; every value is escaped."""
    words = json.loads((TEMPLATES / "words.json").read_text(encoding="utf-8"))
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "num": lambda value, digits=3: "–" if pd.isna(value) else exhibit.number(float(value), digits),
        "signed": lambda value, digits=0: "–" if pd.isna(value) else signed(float(value), digits),
        "unit": lambda name: labels.unit(name, lang),
        "slug": slug,
        "status": lambda name: labels.status(name, lang),
    }
    env.globals |= {
        "lang": lang,
        "other_lang": other(lang),
        "isna": pd.isna,
        "w": {key: text[lang] for key, text in words.items()},
    }
    return env


def signed(value: float, digits: int = 0) -> str:
    """A change with its sign; none when it rounds to zero.

    >>> signed(2.0), signed(-0.314, 2), signed(0.0)
    ('+2', '−0.31', '0')
    """
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def slug(name: str) -> str:
    """File name of a place: its English name in plain letters, else pinyin.

    >>> slug("西安")
    'xian'
    """
    text = labels.unit(name, "en")
    text = text if text.isascii() else "".join(lazy_pinyin(name))
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


def place_pages(edition, profiles: dict, folder: Path) -> None:
    """`<slug>.<lang>.html` for every city and region, and `index.<lang>.html`, searchable in both languages and pinyin."""
    names = [slug(name) for name in profiles]
    refuse(
        "place pages",
        [
            f"two places would be written to '{one}': give them different English names in data/places.csv"
            for one in sorted({name for name in names if names.count(name) > 1})
        ],
    )
    for lang in LANGUAGES:
        env = environment(lang)
        common = {
            "root": "../",
            "home": f"fire-{edition.name}.{lang}.html",
            "edition": edition,
            "spec": edition.spec,
        }
        for name, facts in profiles.items():
            body = env.get_template(f"{facts['kind']}.html").render(place=facts, **common)
            page = env.get_template("page.html").render(
                title=labels.unit(name, lang), body=body, other=f"{slug(name)}.{other(lang)}.html", **common
            )
            files.write_text(folder / f"{slug(name)}.{lang}.html", page)
        entries = [
            {
                "name": labels.unit(name, lang),
                "href": f"{slug(name)}.{lang}.html",
                "kind": facts["kind"],
                "rank": facts["rank"],
                "score": facts["score"],
                "region": facts["region"],
                "find": search_text(name),
            }
            for name, facts in profiles.items()
        ]
        body = env.get_template("index.html").render(entries=entries, **common)
        files.write_text(
            folder / f"index.{lang}.html",
            env.get_template("page.html").render(
                title=env.globals["w"]["places"], body=body, other=f"index.{other(lang)}.html", **common
            ),
        )


def search_text(name: str) -> str:
    """What a reader may type to find a place: Chinese, English, pinyin and its initials.

    >>> search_text("杭州")
    '杭州 hangzhou hangzhou hz'
    """
    syllables = lazy_pinyin(name)
    return f"{name} {labels.unit(name, 'en')} {''.join(syllables)} {''.join(one[0] for one in syllables)}".lower()


def page_style(edition, profiles: dict) -> str:
    """House style and the font, cut to the characters that the pages use."""
    used = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.iterdir())
    used += (
        "".join(profiles)
        + "".join(edition.spec.nodes["label_zh"])
        + "".join(text["zh"] for text in labels.STATUS.values())
    )
    used += json.dumps(list(profiles.values()), ensure_ascii=False, default=str)
    css = (files.REPORTS / "template" / "report.css").read_text(encoding="utf-8")
    return fonts.web(used) + css + (TEMPLATES / "site.css").read_text(encoding="utf-8")


def tables(source: Path) -> dict:
    """Table exhibits of all notebooks under `source`, by name, each with its folder."""
    return {
        name: record | {"folder": folder}
        for folder in sorted(path.parent for path in source.glob("*/exhibits"))
        for name, record in exhibit.load(folder).items()
        if record["kind"] == "table"
    }


def sheets(records: dict) -> dict:
    """Sheets of the workbook, one for each table of the report, with Chinese headings."""
    made = {}
    for name, record in records.items():
        frame = exhibit.load_table(record["folder"], name, record["labels"])
        note = (
            f"资料来源：{record['source']['zh']}　数据状态：{'、'.join(map(labels.status, record['status']))}"
        )
        heads = {column: f"{label['zh']} {label['en']}" for column, label in record["labels"].items()}
        made[name] = {"title": record["title"]["zh"], "note": note, "frame": frame.rename(columns=heads)}
    return made
