"""The weight explorer: an offline page on which a reader sets the weights and sees every rank follow.

The page carries the scores of the second level, at full precision, and one small script; it fetches nothing. Without the
script it is the ranking as published. Of an index that rests on draws it carries the draws too: whatever the weights, a
rank or score that rests on what is not known is shown as its range over the draws, and a move counts only where the
draws agree on it (`known.SURE`).

The script takes weighted means twice, of the second level and of the pillars. Of an index that does anything else there
(`still`) there is no explorer: a sentence stands in its place, and nothing should link to it.
"""

import base64
import html
import json

import jinja2
import numpy as np
import pandas as pd

from fire import codebook, files
from fire.analysis import known, views
from fire.errors import InputError, refuse
from fire.index import aggregate, rounding, weights
from fire.report import marks

TEMPLATES = files.REPORTS / "template" / "site"
STEPS = 2**16 - 1  # a score of a draw is stored in two bytes, between the least and the greatest of its cell


def texts(lang: str) -> dict:
    """The words of the page in a language."""
    return files.read_json(TEMPLATES / "explorer.json")[str(lang)]


def still(index, lang: str = "en") -> list[str]:
    """Why the page cannot compute the root from the second level, one sentence each; empty where it can."""
    spec, why, words = index.spec, [], texts(lang)["why"]
    scores = index.steps().scores
    for node in [spec.root, *(pillar for pillar in spec.pillars if spec.children(pillar))]:
        rule, gaps = spec.rules[node], scores[spec.children(node)].isna().any(axis=None)
        found = {
            "aggregation": rule["aggregation"] != "arithmetic",
            "shaped": aggregate.shaped(rule),
            "missing": rule["missing"] != "none",
            "rounding": rounding.declared(spec, node) is not None,
            "same_as": rule["same_as"] is not None,
            "coverage": gaps and bool(rule["coverage"] or rule["least"]),
        }
        why += [words[key].format(node=spec.label(node, str(lang))) for key, holds in found.items() if holds]
    why += [words["groups"]] * bool(spec.group_weights)
    return why + [words["low"]] * (spec.method["best"] == "low")


def presets(index) -> dict[str, dict[str, float]]:
    """Weight of every pillar and second-level node (1 = an equal share of its parent) under each preset.

    `entropy` takes the entropy weights of the scores inside each parent (`fire.index.weights`), of the first year in which
    every slider has scores. Raises InputError where these have none, as where every score of a parent is the same.
    """
    families = _families(index)
    sliders = [child for children in families for child in children]
    scored = (year for year in index.years if index.wide(year)[sliders].notna().any().all())
    wide = index.wide(next(scored, index.years[0]))
    entropy = {}
    for children in families:
        share = weights.entropy(wide[children]) if len(children) > 1 else pd.Series(1.0, index=children)
        entropy |= share.astype(float).to_dict()
    return _without_data(index) | {"entropy": entropy}


def _families(index) -> list[list[str]]:
    """The sliders, by parent."""
    spec = index.spec
    inner = (node for node in [spec.root, *spec.pillars] if spec.rules[node]["same_as"] is None)
    return [children for parent in inner if (children := spec.children(parent))]


def _without_data(index) -> dict[str, dict[str, float]]:
    """Those of `presets` that no score has a say in."""
    families = _families(index)
    return {
        "published": {node: float(index.weights[node]) for children in families for node in children},
        "equal": {node: 1 / len(children) for children in families for node in children},
    }


def _offered(index) -> dict[str, dict[str, float]]:
    """The `presets` of the page: without `entropy` where the scores have no entropy weights."""
    try:
        return presets(index)
    except InputError:
        return _without_data(index)


def compared(index) -> pd.DataFrame:
    """Ranks of the root under each of `presets`, in the order as published: unit, rank_published, rank_equal, rank_entropy,
    rank_spread (largest gap). Raises InputError where weights differ by group, which no preset says."""
    refuse(
        "presets",
        ["weights differ by group of units: leave group_weights out"] * bool(index.spec.group_weights),
    )
    derived = [node for node, rule in index.spec.rules.items() if rule["weighting"] != "given"]
    given = index.vary(*derived, weighting="given") if derived else index
    others = {name: chosen for name, chosen in presets(index).items() if name != "published"}
    runs = {"rank_published": index}
    runs |= {f"rank_{name}": given.vary(weights=chosen) for name, chosen in others.items()}
    return views.scenarios(runs).rename(columns={"spread": "rank_spread"}).rename_axis("unit").reset_index()


def data(edition, lang: str, scores: pd.DataFrame | None = None, links: dict | None = None) -> dict:
    """What the page's script works on: the tree, the presets, and by year and city the second-level scores, how much of
    each is known, its draws, and what the edition says of rank and score of the root.

    `scores`: with status and range (as of `known.results`), those of the index itself when not given. `links`: address
    of the page of a city, where it has one.
    """
    index, lang = edition.index, edition.book.lang(lang)
    spec, tree = (
        index.spec,
        {pillar: index.spec.children(pillar) or [pillar] for pillar in index.spec.pillars},
    )
    leaves = [node for nodes in tree.values() for node in nodes]
    scores = marks.scores(index) if scores is None else scores
    shares = scores.pivot(index=["year", "unit"], columns="node", values="known_share")
    groups = {} if index.groups is None else index.groups
    return {
        "tree": tree,
        "nodes": leaves,
        "years": index.years,
        "year": index.year,
        "labels": {node: spec.label(node, str(lang)) for node in [*tree, *leaves]},
        "presets": _offered(index),
        "units": [
            {
                "id": unit,
                "name": codebook.unit(unit, lang),
                "zh": unit,
                "en": codebook.unit(unit, edition.book.en),
                "region": codebook.unit(groups.get(unit, ""), lang),
                "area": codebook.unit(groups.get(unit, ""), edition.book.en).lower().replace(" ", "-"),
                "href": (links or {}).get(unit, ""),
            }
            for unit in index.units
        ],
        "scores": {year: _rows(index.wide(year)[leaves], index.units) for year in index.years},
        "known": {year: _rows(shares.loc[year][leaves].round(3), index.units) for year in index.years},
        "draws": {year: _draws(index, year, leaves) for year in index.years}
        if index.draws is not None
        else {},
        "said": {year: _said(scores, year, index, lang) for year in index.years},
        "ends": [known.LOW, known.HIGH],
        "sure": known.SURE,
    }


def _rows(table: pd.DataFrame, units: list) -> list[list]:
    """A table of units as lists of numbers, None where there is none."""
    return [
        [None if pd.isna(cell) else float(cell) for cell in row]
        for row in table.reindex(units).to_numpy(float)
    ]


def _draws(index, year: int, leaves: list) -> dict:
    """The second-level scores that differ between the draws: `cells` (places of unit and node), `low` and `width` of each,
    and `steps`, a number (two bytes) for each cell of the first draw, the second, …: score = low + width × number / STEPS."""
    each = np.array([one.steps().scores.loc[year][leaves].reindex(index.units) for one in index.completions])
    low, width = each.min(axis=0), np.ptp(each, axis=0)
    rows, columns = np.nonzero(width > 0)
    low, width = low[rows, columns], width[rows, columns]
    steps = np.rint((each[:, rows, columns] - low) / width * STEPS).astype("<u2")
    return {
        "many": len(each),
        "cells": np.column_stack([rows, columns]).tolist(),
        "low": low.round(6).tolist(),
        "width": width.round(6).tolist(),
        "steps": base64.b64encode(steps.tobytes()).decode(),
    }


def _said(scores: pd.DataFrame, year: int, index, lang) -> list:
    """Rank and score of the root as the edition gives them, for each unit: text, whether it is soft, its ends."""
    now = scores[scores["year"].eq(year) & scores["node"].eq(index.spec.root)]
    lines = {line["unit"]: line for line in now.to_dict("records")}
    said = []
    for unit in index.units:
        cells = (
            [_cell(lines[unit], *one, lang) for one in (("rank", 0), ("score", 3))] if unit in lines else []
        )
        said.append(cells or None)
    return said


def _cell(line: dict, measure: str, digits: int, lang) -> list:
    """What stands in a cell: text with its mark, whether it is soft, and the ends of its range (None where there are none)."""
    told = marks.cell(line, measure, digits, lang)
    ends = (line[f"{measure}_{end}"] if told["soft"] else line[measure] for end in ("low", "high"))
    return [
        f"{told['text']} {told['mark']}".strip(),
        told["soft"],
        *(None if pd.isna(end) else float(end) for end in ends),
    ]


def _statuses(index, scores: pd.DataFrame) -> set:
    """The statuses of rank and score of the root."""
    root = scores[scores["node"].eq(index.spec.root)]
    return {status for measure in ("rank", "score") for status in root[f"{measure}_status"].dropna()}


def _ranking(found: dict, index) -> list[dict]:
    """The rows of the table as published, best first: `place` (in `found`), unit, rank and score as said."""
    root = index.wide()[index.spec.root].reindex(index.units).to_numpy(float)
    said = found["said"][index.year]
    order = sorted(range(len(root)), key=lambda place: (np.isnan(root[place]), -root[place]))
    return [{"place": place, **found["units"][place], "said": said[place]} for place in order]


def fragment(
    edition,
    lang: str = "zh",
    scores: pd.DataFrame | None = None,
    links: dict | None = None,
    heading: str = "h2",
) -> str:
    """The explorer as one `<section>` with its style and script, for a page of the report; arguments as of `data`. It
    holds no id, so that a page may hold several. Of an index that the script cannot compute (`still`) the section says so.
    """
    words = texts(lang)
    if why := still(edition.index, str(lang)):
        told = f"{words['none']}{'；'.join(why)}。" if lang == "zh" else f"{words['none']}{'; '.join(why)}."
        return f'<section class="explorer"><p>{html.escape(told)}</p></section>'
    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    scores = marks.scores(edition.index) if scores is None else scores
    found = data(edition, lang, scores, links)
    rows = _ranking(found, edition.index)
    kept = found | {
        "words": words,
        "units": [{k: v for k, v in one.items() if k != "href"} for one in found["units"]],
    }
    lows = [cell for year in found["scores"].values() for row in year for cell in row if cell is not None]
    lows += [low for year in found["draws"].values() for low in year["low"]]
    content = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    soft = any(
        share is not None and share < 1 for year in found["known"].values() for row in year for share in row
    )
    return loader.get_template("explorer.html").render(
        text=words,
        title=words["title"],
        heading=heading,
        lang=str(lang),
        steps=STEPS,
        name=f"fire-{edition.name}-explorer.{lang}.csv",
        rows=rows,
        presets=[*found["presets"], "reader"],
        positive=min(lows, default=0) > 0,  # others have no geometric mean
        data=content.replace("<", "\\u003c").replace("\u2028", "\\u2028"),
        soft=soft,
        legend=marks.legend(_statuses(edition.index, scores) - {"observed"}, edition.book.lang(lang))
        if soft
        else [],
    )
