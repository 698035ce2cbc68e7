"""The report of a check: what the terminal says, one page with every finding, and lists for Excel.

The page stands in build/<edition>/check/index.html; beside it findings.csv and, ready to be filled in,
corrections.csv with a row for every warning.
"""

from collections.abc import Sequence
from pathlib import Path

import jinja2
import pandas as pd

from fire import codebook, files
from fire.errors import Finding
from fire.intake import check as intake
from fire.intake.mapping import SPOT
from fire.sources import tables

TEMPLATES = files.REPORTS / "template"
LEVELS = {
    "error": ("错误", "errors"),
    "warning": ("提示", "warnings"),
    "late": ("尚缺", "late"),
    "repair": ("已识别", "read with care"),
    "note": ("说明", "notes"),
}
SHOWN = 12  # findings of a level that the terminal lists
GRAVEST = ("error", "warning", "late", "repair")


def folder(ed_name: str) -> Path:
    return files.ROOT / "build" / ed_name / "check"


def summary(checked: intake.Checked, name: str, others: Sequence[str] = ()) -> str:
    """What the terminal says: counts, the gravest findings, where the page is."""
    found = [*others, *checked.findings]
    lines = [counts(found, name), verdict(found)]
    for level in ("error", "warning", "late"):
        mine = [one for one in found if intake.level_of(one) == level]
        if mine:
            lines += ["", f"{LEVELS[level][0]} · {LEVELS[level][1]}"]
            lines += [f"  - {one}" for one in mine[:SHOWN]]
            if len(mine) > SHOWN:
                lines.append(
                    f"  … 另有 {len(mine) - SHOWN} 条，见检查页 · {len(mine) - SHOWN} more on the page"
                )
    return "\n".join(lines)


def verdict(found) -> str:
    """Whether a report can be built."""
    errors = sum(intake.level_of(one) == "error" for one in found)
    if errors:
        return f"有 {errors} 处错误，改正之前不生成报告 · {errors} to correct; no report is built before"
    return "没有错误，可以生成报告 · no errors: the report can be built"


def counts(found, name: str) -> str:
    """How much was found of each level, in one line."""
    many = {level: sum(intake.level_of(one) == level for one in found) for level in LEVELS}
    return f"{name} 年版数据检查 · check of edition {name}: " + "，".join(
        f"{zh} {en} {many[level]}" for level, (zh, en) in LEVELS.items()
    )


def write(ed, checked: intake.Checked, others: Sequence[str] = ()) -> Path:
    """Write the page and the lists beside it; returns the page. `others`: faults of chapters and notebooks."""
    place = folder(ed.name)
    table = intake.frame([*checked.findings, *others])
    files.write_csv(table, place / "findings.csv", excel=True)
    files.write_csv(to_accept(checked), place / "corrections.csv", excel=True)
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = env.get_template("check.html").render(
        ed=ed,
        css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        levels=[
            {"id": level, "zh": zh, "en": en, "rows": _rows(table, level)}
            for level, (zh, en) in LEVELS.items()
        ],
        tables=checked.tables.to_dict("records"),
        late=_late(ed, checked.late),
        proposals=dict(checked.proposals),
        map=coverage(ed, checked),
    )
    return files.write_text(place / "index.html", text)


def _late(ed, late: pd.DataFrame) -> list[dict]:
    """What is late, with the names of the nodes that it touches and of the cities that lack it."""
    return [
        line
        | {"units": "、".join(line["units"]) if not line["whole"] else ""}
        | {
            lang: [codebook.node(node, ed.book.lang(lang)) for node in line["nodes"]]
            for lang in codebook.LANGUAGES
        }
        for line in late.to_dict("records")
    ]


def _rows(table: pd.DataFrame, level: str) -> list[dict]:
    return table[table["level"].eq(level)].astype(object).where(table.notna(), "").to_dict("records")


def to_accept(checked: intake.Checked) -> pd.DataFrame:
    """A row of corrections.csv for every warning about data: who, when and why are left for a person to fill in."""
    cells = checked.cells
    named = dict(zip(zip(*(cells[key] for key in intake.KEY)), cells["raw"]))
    spots = dict(zip(zip(*(cells[name] for name in SPOT)), cells["raw"]))

    def says(one: Finding):
        """What stands in the cell of a finding: of two with one name, a statistic and an indicator, its own."""
        spot = tuple(one.place[name] for name in SPOT)
        return (
            spots.get(spot, "") if spot[-1] else named.get(tuple(one.values[key] for key in intake.KEY), "")
        )

    rows = [
        {"rule": one.rule, "expect": says(one)} | {key: one.values[key] or "*" for key in intake.KEY}
        for one in checked.of("warning")
        if isinstance(one, Finding)
        and set(intake.KEY) <= set(one.values)
        and not one.rule.startswith(("corrections.", "check."))
    ]
    return pd.DataFrame(rows, columns=tables.columns("corrections"))


def coverage(ed, checked: intake.Checked) -> list[dict]:
    """The picture of the check: a row an indicator, a cell a city, in the year ranked: there, read with care, doubtful,
    wrong, missing, or known by the edition's own draws only."""
    worst: dict[tuple, str] = {}
    for one in checked.findings:
        if isinstance(one, Finding) and one.level in GRAVEST:
            place, values = one.place, one.values
            keys = [(place["file"], place["sheet"], place["cell"])] if place["cell"] else []
            keys += values.get("covers") or [tuple(values.get(key) for key in intake.KEY)]
            for key in keys:
                worst[key] = min(worst.get(key, GRAVEST[-1]), one.level, key=GRAVEST.index)
    cells = checked.cells
    spots = dict(
        zip(zip(*(cells[key] for key in intake.KEY)), zip(cells["file"], cells["sheet"], cells["cell"]))
    )
    here = checked.panel[checked.panel["year"].eq(ed.year) & checked.panel["value"].notna()]
    there = set(zip(here["unit"], here["indicator"]))
    drawn = set()
    if "draws" in ed.settings and checked.draws is not None:
        now = checked.draws[checked.draws["year"].eq(ed.year)]
        drawn = set(zip(now["unit"], now["indicator"]))
    units = ed.places()["city"].tolist()
    rows = []
    for name in ed.spec.indicators:
        states = []
        for unit in units:
            key = (unit, ed.year, name)
            state = "there" if (unit, name) in there else "drawn" if (unit, name) in drawn else "late"
            states.append({"unit": unit, "state": worst.get(key) or worst.get(spots.get(key, ()), state)})
        rows.append({"zh": ed.spec.label(name, "zh"), "en": ed.spec.label(name, "en"), "cells": states})
    return rows
