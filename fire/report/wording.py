"""What the page of a place says, in one language: its numbers, its chart, its sentences (reports/exhibits/places.toml)."""

import math
import re
from functools import cache

import jinja2
import pandas as pd
from matplotlib.ticker import MaxNLocator
from pypinyin import lazy_pinyin

from fire import codebook, files
from fire.analysis import known as knowledge
from fire.analysis.known import MEASURES, SOFT
from fire.report import exhibits, marks, narrative, profile

TEMPLATES = files.REPORTS / "template" / "site"
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


def slug(name: str, lang: str = "zh") -> str:
    """File name of a place: its English name in plain letters, else pinyin; `lang` carries the names of an edition.

    >>> slug("西安")
    'xian'
    """
    text = codebook.unit(name, codebook.book(lang).en)
    text = text if text.isascii() else "".join(lazy_pinyin(name))
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


@cache
def words(lang: str) -> dict[str, str]:
    """The words of all pages in a language."""
    return {key: text[str(lang)] for key, text in files.read_json(TEMPLATES / "words.json").items()}


@cache
def _sources() -> dict[str, dict]:
    return files.read_json(TEMPLATES / "sources.json")


def source(name: str, lang: str = "zh") -> str:
    """Name of the source of a raw value; one that has no name of its own (the file of an institute) stays as it is.

    >>> source("C1"), source("our table.xlsx")
    ('人口普查公报', 'our table.xlsx')
    """
    return _sources().get(name, {}).get(str(lang), name)


def templates(ed, lang: str) -> jinja2.Environment:
    """Templates of the site in one language of an edition with what all its pages share; every value is escaped."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        bytecode_cache=narrative.bytecode(),
        **narrative.COMPILED,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {"lang": lang, "sign": marks.sign(ed, ed.book.lang(lang)), "w": words(lang)}
    return env


def environment(ed, lang: str, profiles: dict) -> jinja2.Environment:
    """Templates of the pages of places in one language of an edition."""
    named = ed.book.lang(lang)
    labels = ed.spec.labels(lang)
    units = ed.spec.nodes[f"unit_{lang}"].fillna("").to_dict()
    env = templates(ed, lang)
    env.filters |= {
        "num": number,
        "raw": raw_number,
        "signed": signed,
        "cell": lambda line, measure, plus=False: cell(line, measure, named, plus),
        "legend": lambda lines, measures=MEASURES: marks.legend(statuses(lines, measures), named),
        "unit": lambda name: codebook.unit(name, named),
        "node": labels.__getitem__,
        "slug": lambda name: slug(name, named),
        "status": lambda name: codebook.status(name, named),
        "mark": lambda name: codebook.mark(name, named),
        "measured": units.__getitem__,
        "source": lambda name: source(name, lang),
    }
    env.globals |= {
        "compared": ed.compared,
        "levels": ed.spec.nodes["level"].to_dict(),
        "isna": pd.isna,
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


def cell(line: dict, measure: str, lang, plus: bool = False) -> dict:
    """A value of a line at the digits of its measure (as `marks.cell`)."""
    return marks.cell(line, measure, DIGITS[measure], lang, plus)


def statuses(lines, measures) -> set:
    """The statuses of what some lines show, but that of a value without a mark."""
    return {line.get(f"{measure}_status") for line in lines for measure in measures} - {"observed"}


def number(value, digits: int = 3) -> str:
    """A number; a dash when missing."""
    return "–" if pd.isna(value) else exhibits.number(float(value), digits)


def raw_number(value) -> str:
    """A raw value to four digits that tell, whole numbers whole.

    >>> raw_number(10045.72), raw_number(61.059735), raw_number(2.0), raw_number(0.03), raw_number(1e-9), raw_number(None)
    ('10,046', '61.06', '2', '0.03', '0', '–')
    """
    if pd.isna(value):
        return "–"
    whole = float(value) == round(float(value))
    digits = 0 if whole else min(max(3 - math.floor(math.log10(abs(value))), 0), 6)
    text = exhibits.number(float(value), digits)
    return text.rstrip("0").rstrip(".") if digits and abs(value) < 1 else text


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
    text = signed(round(line["low"], line["decimals"]) - line["printed"], line["decimals"])
    return text if text[0] in "+−" else ""


def recomputed(line: dict) -> str:
    """What is computed in place of a printed number, at the digits printed; in parentheses where draws enter it."""
    ends = dict.fromkeys(number(line[end], line["decimals"]) for end in ("low", "high"))
    text = ("…" if any("−" in one for one in ends) else "–").join(ends)
    return text if line["independent"] else f"({text})"


def compared(lines: list[dict]) -> tuple[list, list]:
    """What was printed of a place and computed instead, as a table: the measures there are, and for every node its lines by
    measure."""
    measures = [one for one in MEASURES if any(line["measure"] == one for line in lines)]
    rows: dict[str, dict] = {}
    for line in lines:
        rows.setdefault(line["node"], {})[line["measure"]] = line
    return measures, list(rows.items())


# Sentences ------------------------------------------------------------------------------------------------------------


def sentence(ed, what: str, facts: dict, lang) -> str:
    """A sentence of the page of a place, in a language of an edition: `head`, `thin`, `sides`, `moved`, `printed`, `raw` or
    `chart` of the catalogue, for the `values` of that name."""
    entry = narrative.catalogue(narrative.FOLDER)[f"places-{what}"]
    template = narrative.compiled(narrative.environment(lang), entry[str(lang)])
    return " ".join(template.render(narrative.spans(values(ed, what, facts))).split())


def values(ed, what: str, facts: dict) -> dict:
    """The values of a sentence."""
    said = {"head": _head, "moved": _moved, "printed": _printed, "raw": _raw, "chart": _chart}
    given = {"name": facts["name"], "kind": facts["kind"], "year": ed.year, "compared": ed.compared}
    if what in said:
        return given | said[what](ed, facts)
    if what == "sides":
        return given | facts["sides"] | {"part": 100 * profile.PART, "most": MOST}
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
    known = [one for one in pillars if one["rank"] is not None]
    tied: dict[tuple, list] = {}
    for one in sorted(known, key=lambda one: one["rank"]):
        tied.setdefault((one["rank"], one["status"]), []).append(one["node"])
    return {
        "of": facts["of"],
        "all": len(pillars),
        "told": facts["told"],
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
        "known": len(known),
        "pillars": [
            {"rank": rank, "status": status, "nodes": nodes} for (rank, status), nodes in tied.items()
        ],
    }


def _moved(ed, facts: dict) -> dict:
    moved = facts["moved"]
    return {
        "total": moved["total"],
        "apart": moved["apart"],
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
    dated = any(line["vintage"] not in (None, line["year"]) for line in facts["raw"])
    return {"n": len(facts["raw"]), "all": len(ed.spec.indicators), "back": back, "dated": dated}


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
