"""All places as one PDF: contents by region, then an A4 page for each."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.analysis.known import MEASURES
from fire.figures import fonts
from fire.report import marks, wording
from fire.report.wording import HEADING, NAMED, number, sentence, signed

TEMPLATE = files.REPORTS / "template"
FRONT = 1  # pages before the first place


def order(profiles: dict) -> list[str]:
    """Places in the order of the PDF: every region, then its cities, each by rank."""
    found: dict[str, None] = {}
    for name, facts in profiles.items():
        if facts["kind"] == "region":
            found |= dict.fromkeys([name, *(one["name"] for one in facts["members"])])
    return [*found, *(name for name in profiles if name not in found)]


def pdf_name(ed, lang: str) -> str:
    """File name of the PDF of all places."""
    return f"fire-{ed.name}-profiles.{lang}.pdf"


def pdf(ed, profiles: dict, lang: str, folder: Path, epoch: str) -> Path:
    """`fire-<edition>-profiles.<lang>.pdf` in `folder`: a page with contents by region, then an A4 page for each place in
    the order of `order`. `epoch`: seconds that stand for the time of writing, so that the same facts give the same file."""
    env = wording.environment(ed, lang, profiles)
    sheets = [
        _Sheet(ed, profiles[name], env).texts(page) for page, name in enumerate(order(profiles), FRONT + 1)
    ]
    words = wording.words(lang)
    data = {
        "lang": lang,
        "region": "cn" if lang == "zh" else None,
        "font": fonts.FAMILY,
        "title": words["profiles"],
        "index": marks.titled(ed, ed.book.lang(lang)),
        "words": words,
        "legend": marks.legend(
            wording.statuses((line for facts in profiles.values() for line in facts["nodes"]), MEASURES),
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


class _Sheet:
    """The page of a place."""

    def __init__(self, ed, facts: dict, env):
        self.ed, self.facts, self.env = ed, facts, env
        self.lang = ed.book.lang(env.globals["lang"])
        self.words = wording.words(self.lang)
        self.label, self.unit = env.filters["node"], env.filters["unit"]
        dated = ["growth_pct", "rank_change"] if ed.compared is not None else []
        self.measures = ["score", "rank", *dated]

    def texts(self, page: int) -> dict:
        """All texts of the page, whose number is `page`, as the template takes them."""
        facts, words = self.facts, self.words
        other = facts["name"] if str(self.lang) == "en" else codebook.unit(facts["name"], self.lang.book.en)
        return {
            "page": page,
            "small": False,
            "kind": facts["kind"],
            "slug": wording.slug(facts["name"], self.lang.book.en),
            "name": self.unit(facts["name"]),
            "other": other,
            "region": self.unit(facts["region"]),
            "rank": self._cell(facts["total"], "rank"),
            "head": self._say("head"),
            "thin": "" if facts["told"] else self._say("thin"),
            "cards": self._cards(),
            "chart": self.env.get_template("chart.svg").render(place=facts),
            "alt": self._say("chart"),
            "key": words["space"].join(self._key()),
            "heads": [words[HEADING[one]] for one in self.measures],
            "rows": self._rows(),
            "raw_head": self._raw_head(),
            "lists": self._lists(),
            "sources": list(
                dict.fromkeys(wording.source(line["source"], self.lang) for line in facts["raw"])
            ),
            **self._judged(),
            **self._moved(),
            **self._printed(),
        }

    def _say(self, what: str) -> str:
        return sentence(self.ed, what, self.facts, self.lang)

    def _cell(self, line: dict, measure: str) -> list:
        """A value: text, mark, whether it is only a range."""
        one = wording.cell(line, measure, self.lang, plus=measure in ("growth_pct", "rank_change"))
        return [one["text"], one["mark"], one["soft"]]

    def _ranked(self, places: list[dict]) -> str:
        """Names with their ranks."""
        named = (
            f"{self.unit(one['name'])} {' '.join(self._cell(one['total'], 'rank')[:2])}" for one in places
        )
        return self.words["comma"].join(map(str.strip, named))

    def _cards(self) -> list:
        facts, words = self.facts, self.words
        cards = [
            [words[HEADING[one]], self._cell(facts["total"], one)]
            for one in ("rank", "score", *self.measures[2:])
        ]
        if facts["kind"] == "city":
            cards.append([words["in_region"], self._cell(facts["in_region"], "rank")])
        return [*cards, [words["known-weight"], [f"{number(100 * facts['known_share'], 0)}%", "", False]]]

    def _rows(self) -> list[dict]:
        """The table of all nodes: level, name, raw value with its unit, cells."""
        raw = {line["node"]: self._raw(line) for line in self.facts["raw"]}
        return [
            {
                "level": int(self.env.globals["levels"][line["node"]]),
                "name": self.label(line["node"]),
                "raw": raw.get(line["node"], ["", ""]),
                "cells": [self._cell(line, one) for one in self.measures],
            }
            for line in self.facts["nodes"]
        ]

    def _raw_head(self) -> str:
        """Heading of the raw values; empty without any."""
        raw = self.facts["raw"]
        return self.words["raw-of" if any(line["vintage"] for line in raw) else "raw"] if raw else ""

    def _raw(self, line: dict) -> list[str]:
        year = f" ({line['vintage']})" if line["vintage"] else ""
        if line["kept_back"]:
            return [self.words["kept-back"], year.strip()]
        return [wording.raw_number(line["value"]), self.env.filters["measured"](line["node"]) + year]

    def _lists(self) -> list[list[str]]:
        """Lines of neighbours: what they are, names."""
        facts, words = self.facts, self.words
        unsure = words["comma"].join(map(self.unit, facts["unsure"][:NAMED]))
        if len(facts["unsure"]) > NAMED:
            unsure += f" {words['and-more'].format(count=len(facts['unsure']))}"
        near = (f"{self.unit(one['name'])} {number(one['km'], 0)}" for one in facts["near"])
        lines = [
            [words["members"], self._ranked(facts.get("members", []))],
            [words["by-rank"], self._ranked([*facts["above"], *facts["below"]])],
            [words["not_sure"], unsure],
            [f"{words['by-distance']} ({words['kilometres']})", words["comma"].join(near)],
            [words["peers"], words["comma"].join(self.unit(one["unit"]) for one in facts.get("peers", []))],
        ]
        return [line for line in lines if line[1]]

    def _judged(self) -> dict:
        facts, words, sides = self.facts, self.words, self.facts["sides"] or {}
        return {
            "sides_said": self._say("sides") if sides else "",
            "sides": [
                [words[word], [[self.label(one["node"]), f"{number(one['rank'], 0)}"] for one in sides[side]]]
                for side, word in (("strength", "strengths"), ("weakness", "weaknesses"))
                if sides.get(side)
            ],
            "obstacles": [
                [self.label(one["node"]), f"{number(100 * one['share'], 1)}%", float(one["share"])]
                for one in facts.get("obstacles", [])
            ],
            "needed": [
                [self.label(one["indicator"]), number(one["score_from"]), number(one["score_to"])]
                for one in facts.get("needed") or []
            ],
        }

    def _moved(self) -> dict:
        moved = self.facts["moved"]
        if not moved or moved["joined"]:
            return {"moved_said": self.words["joined"] if moved else "", "points": [], "rest": ""}
        return {
            "moved_said": self._say("moved"),
            "points": [[self.label(one["node"]), signed(one["points"], 3)] for one in moved["points"]],
            "rest": "" if moved["rest"] is None else signed(moved["rest"], 3),
        }

    def _printed(self) -> dict:
        measures, rows = wording.compared(self.facts["printed"])
        return {
            "printed_said": self._say("printed") if rows else "",
            "printed_heads": [self.words[HEADING[one]] for one in measures],
            "printed": [
                [self.label(node), *(self._pair(lines[one]) if one in lines else None for one in measures)]
                for node, lines in rows
            ],
        }

    def _pair(self, line: dict) -> list:
        """A printed number, the recomputed one, whether these differ though no draw enters."""
        return [
            number(line["printed"], line["decimals"]),
            wording.recomputed(line),
            bool(wording.apart(line)),
        ]

    def _key(self) -> list[str]:
        """What the signs of the chart mean, as text."""
        facts, words = self.facts, self.words
        soft = {
            name: {row[name]["soft"] for row in facts["chart"] if row[name]}
            for name in ("own", "region", "median")
        }
        said = {
            "own": ("●", "○", self.unit(facts["name"])),
            "region": ("▲", "□", words["region-mean"]),
            "median": ("│", "■", words["median-city"]),
        }
        found = []
        for name, (hard, loose, text) in said.items():
            found += [f"{hard} {text}"] * (False in soft[name])
            found += [f"{loose} {text}{words['key-range']}"] * (True in soft[name])
        return found + [f"╵ {words['peer-cities']}"] * bool(facts.get("peers"))
