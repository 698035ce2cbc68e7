"""Pages of cities and regions, in two languages: on the web, and as one PDF of a page each.

    places.pages(ed, profiles, folder, environment)      # places/<slug>.<lang>.html, places/<slug>.csv, places/index.<lang>.html
    places.pdf(ed, profiles, "zh", folder, epoch)        # fire-<edition>-profiles.zh.pdf

Facts come from `profile.profiles`, sentences from reports/exhibits/places.toml.
"""

import json
import math
import re
from functools import cache
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from pypinyin import lazy_pinyin

from fire import codebook, files
from fire.analysis import known as knowledge
from fire.analysis.known import MEASURES, SOFT
from fire.errors import refuse
from fire.figures import fonts
from fire.report import exhibits, marks, narrative, profile
from fire.report.exhibits import inert

TEMPLATE = files.REPORTS / "template"
FRONT = 1  # pages of the PDF before the first place
MOST = 3  # names of a list in a sentence
NAMED = 12  # names of a list on a line
DIGITS = {"score": 3, "rank": 0, "growth_pct": 2, "rank_change": 0}
HEADING = {
    "score": "score",
    "rank": "rank",
    "growth_pct": "growth",
    "rank_change": "change",
}  # words of the measures
EDGE = 2.0  # per cent of the chart left free at both ends


# Names and addresses --------------------------------------------------------------------------------------------------


def slug(name: str, lang: str = "zh") -> str:
    """File name of a place: its English name in plain letters, else pinyin; `lang` carries the names of an edition.

    >>> slug("西安")
    'xian'
    """
    text = codebook.unit(name, codebook.book(lang).en)
    text = text if text.isascii() else "".join(lazy_pinyin(name))
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


def addresses(ed, lang: str) -> dict[str, str]:
    """Address of the page of every city, as seen from the report."""
    return {unit: f"places/{slug(unit, ed.book.en)}.{lang}.html" for unit in ed.index.units}


def search_text(name: str, lang: str = "zh") -> str:
    """What a reader may type to find a place: Chinese, English, pinyin and its initials; `lang` as of `slug`.

    >>> search_text("杭州")
    '杭州 hangzhou hangzhou hz'
    """
    syllables, english = lazy_pinyin(name), codebook.unit(name, codebook.book(lang).en)
    return f"{name} {english} {''.join(syllables)} {''.join(one[0] for one in syllables)}".lower()


def order(profiles: dict) -> list[str]:
    """Places in the order of the PDF: every region, then its cities, each by rank."""
    found: dict[str, None] = {}
    for name, facts in profiles.items():
        if facts["kind"] == "region":
            found |= dict.fromkeys([name, *(one["name"] for one in facts["members"])])
    return [*found, *(name for name in profiles if name not in found)]


# On the web -----------------------------------------------------------------------------------------------------------


def pages(ed, profiles: dict, folder: Path, environment) -> list[str]:
    """`places/<slug>.<lang>.html` and `places/<slug>.csv` for every city and region, and `places/index.<lang>.html`,
    searchable in both languages and pinyin. `environment(lang)`: the templates of the site, of which `page.html` is the
    frame. Returns the texts written.

    Raises InputError for two places of one address.
    """
    address = {name: slug(name, ed.book.en) for name in profiles}
    twice = sorted({one for one in address.values() if list(address.values()).count(one) > 1})
    refuse(
        "place pages",
        [
            f"two places would be written to '{one}': give them different English names in the places of the edition"
            for one in twice
        ],
    )
    used, sheet = [], {name: FRONT + 1 + at for at, name in enumerate(order(profiles))}
    for lang in ed.languages:
        env, frame = _environment(ed, lang, profiles), environment(lang).get_template("page.html")

        def write(title: str, body: str, at: str, frame=frame, lang=lang) -> None:
            text = frame.render(title=title, body=body, root="../", at=at)
            files.write_text(folder / "places" / f"{at}.{lang}.html", text)
            used.append(text)

        for name, facts in profiles.items():
            body = env.get_template("place.html").render(
                place=facts, slug=address[name], sheet=sheet[name], pdf=pdf_name(ed, lang)
            )
            write(codebook.unit(name, ed.book.lang(lang)), body, address[name])
        entries = [facts | {"find": search_text(name, ed.book.en)} for name, facts in profiles.items()]
        body = env.get_template("index.html").render(entries=entries, pdf=pdf_name(ed, lang))
        write(env.globals["w"]["places"], body, "index")
    labels = {lang: ed.spec.labels(lang) for lang in codebook.LANGUAGES}
    for name, facts in profiles.items():
        files.write_csv(table(ed, facts, labels), folder / "places" / f"{address[name]}.csv", excel=True)
    return used


def pdf_name(ed, lang: str) -> str:
    """File name of the PDF of all places."""
    return f"fire-{ed.name}-profiles.{lang}.pdf"


def table(ed, facts: dict, labels: dict | None = None) -> pd.DataFrame:
    """All that the page of a place shows as rows: year, node, label_zh, label_en, measure (score, rank, growth_pct,
    rank_change, raw_value), value, low, high, status, unit, source. Of a value that is drawn, simulated or assumed there
    are the ends alone. `labels`: of the nodes, by language."""
    labels = labels or {lang: ed.spec.labels(lang) for lang in codebook.LANGUAGES}
    units, rows = ed.spec.nodes["unit_en"].fillna("").to_dict(), []
    for line in facts["nodes"]:
        for measure in MEASURES:
            if pd.isna(line[measure]):
                continue
            low, high = (line.get(f"{measure}{end}") for end in ("_low", "_high"))
            status = line[f"{measure}_status"]
            value = None if status in SOFT else line[measure]
            rows.append((line["year"], line["node"], measure, value, low, high, status, "", ""))
    for line in facts["raw"]:
        value, unit, source = line["value"], units[line["node"]], line["source_title"]
        rows.append(
            (line["year"], line["node"], "raw_value", value, None, None, line["status"], unit, source)
        )
    columns = ["year", "node", "measure", "value", "low", "high", "status", "unit", "source"]
    made = pd.DataFrame(rows, columns=columns)
    made[["value", "low", "high"]] = made[["value", "low", "high"]].astype(float).round(6)
    for lang in reversed(codebook.LANGUAGES):
        made.insert(2, f"label_{lang}", made["node"].map(labels[lang]))
    texts = [name for name in made if name not in ("year", "value", "low", "high")]
    made[texts] = inert(made[texts])
    return made.astype({"year": int})


def _environment(ed, lang: str, profiles: dict) -> jinja2.Environment:
    """Templates of the pages of places in one language of an edition; every value is escaped."""
    named = ed.book.lang(lang)
    words, labels = files.read_json(TEMPLATE / "site" / "words.json"), ed.spec.labels(lang)
    units = ed.spec.nodes[f"unit_{lang}"].fillna("").to_dict()
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATE / "site"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "num": number,
        "raw": raw_number,
        "signed": signed,
        "cell": lambda line, measure, plus=False: marks.cell(line, measure, DIGITS[measure], named, plus),
        "legend": lambda lines, measures=MEASURES: marks.legend(_statuses(lines, measures), named),
        "unit": lambda name: codebook.unit(name, named),
        "node": labels.__getitem__,
        "slug": lambda name: slug(name, named),
        "status": lambda name: codebook.status(name, named),
        "mark": lambda name: codebook.mark(name, named),
        "measured": units.__getitem__,
    }
    env.globals |= {
        "lang": lang,
        "compared": ed.compared,
        "levels": ed.spec.nodes["level"].to_dict(),
        "sign": marks.sign(ed, named),
        "isna": pd.isna,
        "w": {key: text[lang] for key, text in words.items()},
        "named": NAMED,
        "has": lambda name: name in profiles,
        "at": at,
        "ticks": ticks,
        "say": lambda what, place: sentence(ed, what, place, named),
        "column": lambda name: named.book.column(name)[lang],
        "apart": apart,
        "against": compared,
        "recomputed": recomputed,
        "heading": HEADING,
    }
    return env


def _statuses(lines, measures) -> set:
    """The statuses of what some lines show, but that of a value without a mark."""
    return {line.get(f"{measure}_status") for line in lines for measure in measures} - {"observed"}


def number(value, digits: int = 3) -> str:
    """A number; a dash when missing."""
    return "–" if pd.isna(value) else exhibits.number(float(value), digits)


def raw_number(value) -> str:
    """A raw value to four digits that tell, whole numbers whole.

    >>> raw_number(10045.72), raw_number(61.059735), raw_number(2.0), raw_number(0.03), raw_number(None)
    ('10,046', '61.06', '2', '0.03', '–')
    """
    if pd.isna(value):
        return "–"
    whole = float(value) == round(float(value))
    digits = 0 if whole else min(max(3 - math.floor(math.log10(abs(value))), 0), 6)
    text = exhibits.number(float(value), digits)
    return text.rstrip("0") if digits and abs(value) < 1 else text


def signed(value, digits: int = 0) -> str:
    """A change with its sign; none when it rounds to zero, a dash when missing.

    >>> signed(2.0), signed(-0.314, 2), signed(0.0), signed(None)
    ('+2', '−0.31', '0', '–')
    """
    if pd.isna(value):
        return "–"
    text = f"{float(value):+.{digits}f}"
    return text.replace("-", "−") if float(text) else text[1:]


def at(axis: tuple, value: float) -> str:
    """Where a value stands on the chart, per cent of its width: `axis` names the worst and the best end.

    >>> at((1, 11), 6), at((11, 1), 1), at((2, 2), 2)
    ('50.00%', '98.00%', '50.00%')
    """
    worst, best = axis
    share = 0.5 if best == worst else (value - worst) / (best - worst)
    return f"{EDGE + (100 - 2 * EDGE) * min(max(share, 0), 1):.2f}%"


def ticks(axis: tuple) -> list[tuple[str, str]]:
    """Round numbers within an axis: where they stand, and as text."""
    low, high = sorted(axis)
    values = [one for one in MaxNLocator(6).tick_values(low, high) if low <= one <= high]
    digits = 0 if all(one == round(one) for one in values) else 2
    return [(at(axis, one), number(one, digits)) for one in values]


def apart(line: dict) -> str:
    """By how much a recomputed number is off the printed one, at the digits printed; empty where it is not, or not known."""
    if line["agrees"] or not line["independent"]:
        return ""
    return signed(round(line["low"], line["decimals"]) - line["printed"], line["decimals"])


def recomputed(line: dict) -> str:
    """What is computed in place of a printed number, at the digits printed; in parentheses where draws enter it."""
    ends = dict.fromkeys(number(line[end], line["decimals"]) for end in ("low", "high"))
    text = ("…" if any("−" in one for one in ends) else "–").join(ends)
    return text if line["independent"] else f"({text})"


# Sentences ------------------------------------------------------------------------------------------------------------


@cache
def _template(env, text: str):
    return env.from_string(text)


def sentence(ed, what: str, facts: dict, lang) -> str:
    """A sentence of the page of a place, in a language of an edition: `head`, `thin`, `sides`, `moved`, `printed`, `raw` or
    `chart` of the catalogue, for the `values` of that name."""
    entry = narrative.catalogue(narrative.FOLDER)[f"places-{what}"]
    template = _template(narrative.environment(lang), entry[str(lang)])
    return " ".join(template.render(narrative.spans(values(ed, what, facts))).split())


def values(ed, what: str, facts: dict) -> dict:
    """The values of a sentence."""
    said = {"head": _head, "moved": _moved, "printed": _printed, "raw": _raw, "chart": _chart}
    given = {"name": facts["name"], "kind": facts["kind"], "year": ed.year, "compared": ed.compared}
    if what in said:
        return given | said[what](ed, facts)
    if what == "sides":
        return given | facts["sides"] | {"part": 100 * profile.PART}
    return given | {"known": 100 * facts["known_share"], "need": 100 * knowledge.ENOUGH}


def _value(line: dict, measure: str):
    """A value of a line; its range where that is all that is known, None without one."""
    if pd.isna(line[measure]):
        return None
    value = float(line[measure])
    if line[f"{measure}_status"] not in SOFT:
        return value
    low, high = (float(line.get(f"{measure}{end}", value)) for end in ("_low", "_high"))
    return {"centre": value, "low": low, "high": high}


def _firm(line: dict, measure: str):
    """A value of a line that is more than a range, else None."""
    value = _value(line, measure)
    return None if isinstance(value, dict) else value


def _status(line: dict, measure: str) -> str:
    status = line.get(f"{measure}_status")
    return status if isinstance(status, str) and status not in SOFT else ""


def _head(ed, facts: dict) -> dict:
    total, lines = facts["total"], {line["node"]: line for line in facts["nodes"]}
    pillars = [
        {"node": node, "rank": _firm(lines[node], "rank"), "status": _status(lines[node], "rank")}
        for node in ed.spec.pillars
    ]
    known = sorted((one for one in pillars if one["rank"] is not None), key=lambda one: one["rank"])
    return {
        "of": facts["of"],
        "all": len(pillars),
        "open": total["rank_status"] in SOFT,
        "softness": total["rank_status"],
        "rank": _value(total, "rank"),
        "rank_status": _status(total, "rank"),
        "score": _value(total, "score"),
        "score_status": _status(total, "score"),
        "growth": _firm(total, "growth_pct"),
        "growth_status": _status(total, "growth_pct"),
        "change": _firm(total, "rank_change"),
        "change_status": _status(total, "rank_change"),
        "pillars": known,
    }


def _moved(ed, facts: dict) -> dict:
    moved = facts["moved"]
    return {
        "total": moved["total"],
        "known": moved["known"],
        "all": moved["all"],
        "passed": facts.get("passed", []),
        "passed_by": facts.get("passed_by", []),
        "most": MOST,
    }


def _printed(ed, facts: dict) -> dict:
    own = [line for line in facts["printed"] if line["independent"]]
    met = sum(line["agrees"] for line in own)
    return {"n": len(facts["printed"]), "own": len(own), "met": met}


def _raw(ed, facts: dict) -> dict:
    back = sum(line["kept_back"] for line in facts["raw"])
    return {"n": len(facts["raw"]), "all": len(ed.spec.indicators), "back": back}


def _chart(ed, facts: dict) -> dict:
    def plain(spot):
        if spot is None:
            return None
        ends = {"centre": spot["value"], "low": spot["low"], "high": spot["high"]}
        return ends if spot["soft"] else spot["value"]

    rows = [
        {"node": row["node"], "soft": row["own"]["soft"]}
        | {name: plain(row[name]) for name in ("own", "region", "median")}
        for row in facts["chart"]
    ]
    return {"rows": rows}


# As a PDF -------------------------------------------------------------------------------------------------------------


def pdf(ed, profiles: dict, lang: str, folder: Path, epoch: str) -> Path:
    """`fire-<edition>-profiles.<lang>.pdf` in `folder`: a page with contents by region, then an A4 page for each place in
    the order of `order`. `epoch`: seconds that stand for the time of writing, so that the same facts give the same file."""
    env = _environment(ed, lang, profiles)
    drawing = env.get_template("chart.svg")
    sheets = [
        _sheet(ed, profiles[name], page, env, drawing) for page, name in enumerate(order(profiles), FRONT + 1)
    ]
    words = env.globals["w"]
    data = {
        "lang": lang,
        "region": "cn" if lang == "zh" else None,
        "font": fonts.FAMILY,
        "title": words["profiles"],
        "index": marks.titled(ed, ed.book.lang(lang)),
        "sign": env.globals["sign"],
        "words": words,
        "legend": marks.legend(
            _statuses((line for facts in profiles.values() for line in facts["nodes"]), MEASURES),
            ed.book.lang(lang),
        ),
        "sheets": sheets,
        "small": False,
    }
    path = Path(folder) / pdf_name(ed, lang)
    document = _document(data)
    starts = [int(page) for page in json.loads(document.query("<sheet>", field="value"))]
    last = int(document.query("<end>", field="value", one=True))
    long = [now - before > 1 for before, now in zip(starts, [*starts[1:], last + 1])]
    print(long.count(True), [one["name"] for one, small in zip(sheets, long) if small], starts[0])
    if any(long) or starts[0] > FRONT + 1:
        for sheet, small in zip(sheets, long):
            sheet["small"] = small
        document = _document(data | {"small": starts[0] > FRONT + 1})
    with files.atomic_path(path) as part:
        document.compile(output=str(part), format="pdf", timestamp=int(epoch))
    return path


def _document(data: dict):
    """The document of some sheets, not yet written."""
    import typst

    return typst.Compiler(
        str(TEMPLATE / "profiles.typ"),
        root=str(TEMPLATE),
        font_paths=[str(fonts.FONT_DIR)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=_plain)},
    )


def _plain(value):
    """NumPy and pandas values as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    return None if value is pd.NA else str(value)


def _sheet(ed, facts: dict, page: int, env, drawing) -> dict:
    """The texts of the page of a place in the PDF."""
    named, words = ed.book.lang(env.globals["lang"]), env.globals["w"]
    label, unit = env.filters["node"], env.filters["unit"]

    def said(line, measure: str, plus: bool = False) -> list:
        one = marks.cell(line, measure, DIGITS[measure], named, plus)
        return [one["text"], one["mark"], one["soft"]]

    def beside(names: list) -> str:
        return words["comma"].join(map(unit, names))

    raw = {line["node"]: line for line in facts["raw"]}
    dated = ed.compared is not None
    measures = ["score", "rank", *(["growth_pct", "rank_change"] if dated else [])]
    rows = []
    for line in facts["nodes"]:
        found = raw.get(line["node"])
        value = (
            "" if found is None else words["kept-back"] if found["kept_back"] else raw_number(found["value"])
        )
        measure = env.filters["measured"](line["node"]) if found is not None else ""
        rows.append(
            {
                "level": int(env.globals["levels"][line["node"]]),
                "name": label(line["node"]),
                "raw": [value, (measure or "") if value and not found["kept_back"] else ""],
                "cells": [said(line, one, one in ("growth_pct", "rank_change")) for one in measures],
            }
        )
    lists = []
    if facts["kind"] == "region":
        lists.append(
            [
                words["members"],
                words["comma"].join(
                    f"{unit(one['name'])} {''.join(_joined(said(one['total'], 'rank')))}"
                    for one in facts["members"]
                ),
            ]
        )
    by_rank = [*facts["above"], *facts["below"]]
    lists.append(
        [
            words["by-rank"],
            words["comma"].join(
                f"{unit(one['name'])} {_joined(said(one['total'], 'rank'))}" for one in by_rank
            ),
        ]
    )
    if facts["unsure"]:
        more = words["and-more"].format(count=len(facts["unsure"])) if len(facts["unsure"]) > NAMED else ""
        lists.append([words["not_sure"], f"{beside(facts['unsure'][:NAMED])} {more}".strip()])
    if facts["near"]:
        near = (f"{unit(one['name'])} {number(one['km'], 0)}" for one in facts["near"])
        lists.append([f"{words['by-distance']} ({words['kilometres']})", words["comma"].join(near)])
    if facts.get("peers"):
        lists.append([words["peers"], beside([one["unit"] for one in facts["peers"]])])
    sides = facts.get("sides") or {}
    printed, against = compared(facts["printed"])
    moved = facts["moved"]
    cards = [[words["rank"], said(facts["total"], "rank")], [words["score"], said(facts["total"], "score")]]
    if dated:
        cards.append([words["growth"], said(facts["total"], "growth_pct", True)])
        cards.append([words["change"], said(facts["total"], "rank_change", True)])
    if facts["kind"] == "city":
        cards.append([words["in_region"], said(facts["in_region"], "rank")])
    cards.append([words["known-weight"], [f"{100 * facts['known_share']:.0f}%", "", False]])
    return {
        "kind": facts["kind"],
        "name": unit(facts["name"]),
        "slug": slug(facts["name"], named.book.en),
        "page": page,
        "small": False,
        "key": words["space"].join(_key(facts, words, unit)),
        "other": facts["name"] if str(named) == "en" else codebook.unit(facts["name"], named.book.en),
        "region": unit(facts["region"]),
        "rank": said(facts["total"], "rank"),
        "score": said(facts["total"], "score"),
        "head": sentence(ed, "head", facts, named),
        "thin": "" if facts["told"] else sentence(ed, "thin", facts, named),
        "cards": cards,
        "chart": drawing.render(place=facts),
        "alt": sentence(ed, "chart", facts, named),
        "heads": [words[HEADING[one]] for one in measures],
        "rows": rows,
        "has_raw": bool(facts["raw"]),
        "sides": [
            [words[word], [[label(one["node"]), f"{one['rank']:.0f}"] for one in sides[side]]]
            for side, word in (("strength", "strengths"), ("weakness", "weaknesses"))
            if sides.get(side)
        ],
        "sides_said": sentence(ed, "sides", facts, named) if facts.get("sides") else "",
        "obstacles": [
            [label(one["node"]), f"{100 * one['share']:.1f}%", float(one["share"])]
            for one in facts.get("obstacles", [])
        ],
        "needed": [
            [label(one["indicator"]), number(one["score_from"]), number(one["score_to"])]
            for one in (facts.get("needed") or [])
        ],
        "moved_said": ""
        if moved is None
        else words["joined"]
        if moved["joined"]
        else sentence(ed, "moved", facts, named),
        "points": [[label(one["node"]), signed(one["points"], 3)] for one in (moved or {}).get("points", [])],
        "rest": "" if not moved or moved["joined"] or moved["rest"] is None else signed(moved["rest"], 3),
        "printed_said": sentence(ed, "printed", facts, named) if facts["printed"] else "",
        "printed_heads": [words[HEADING[one]] for one in printed],
        "printed": [
            [
                label(node),
                *(
                    [
                        number(lines[one]["printed"], lines[one]["decimals"]),
                        recomputed(lines[one]),
                        lines[one]["independent"],
                        bool(apart(lines[one])),
                    ]
                    if one in lines
                    else None
                    for one in printed
                ),
            ]
            for node, lines in against
        ],
        "lists": lists,
        "sources": list(dict.fromkeys(line["source_title"] for line in facts["raw"])),
    }


def compared(lines: list[dict]) -> tuple[list, list]:
    """What was printed of a place and computed instead, as a table: the measures there are, and for every node its lines by
    measure."""
    measures = [one for one in MEASURES if any(line["measure"] == one for line in lines)]
    rows: dict[str, dict] = {}
    for line in lines:
        rows.setdefault(line["node"], {})[line["measure"]] = line
    return measures, list(rows.items())


def _key(facts: dict, words: dict, unit) -> list[str]:
    """What the signs of the chart mean, as text."""
    soft = {
        name: {row[name]["soft"] for row in facts["chart"] if row[name]}
        for name in ("own", "region", "median")
    }
    said = {
        "own": ("●", "○", unit(facts["name"])),
        "region": ("▲", "▭", words["region-mean"]),
        "median": ("│", "■", words["median-city"]),
    }
    found = []
    for name, (hard, loose, text) in said.items():
        found += [f"{hard} {text}"] * (False in soft[name])
        found += [f"{loose} {text}{words['key-range']}"] * (True in soft[name])
    return found + [f"╵ {words['peer-cities']}"] * bool(facts.get("peers"))


def _joined(cell: list) -> str:
    """A value with its mark as one text."""
    text, mark, _ = cell
    return f"{text} {mark}".strip()
