"""The weight explorer: an offline page on which a reader sets the weights and sees every rank follow.

The page carries the scores of the second level, at full precision, and one small script; it fetches nothing. Of an
index that rests on draws these are central scores: with the weights as published a simulated rank or score is shown
as its range, with any other weights it is an illustration, and every row says how much of its weight is known.

The script takes weighted means twice, of the second level and of the pillars. Of an index that does anything else there
(`still`) there is no explorer: a sentence stands in its place.
"""

import html
import json

import jinja2
import pandas as pd

from fire import codebook, files
from fire.analysis import views
from fire.errors import refuse
from fire.index import aggregate, rounding, weights
from fire.report import marks

TEMPLATES = files.REPORTS / "template" / "site"
NONE = {
    "zh": "本指数没有权重探索器：页面上的脚本只会算加权算术平均，而本指数不止于此。",
    "en": "There is no weight explorer of this index: the script on the page takes weighted arithmetic means, and the index does more.",
}


def still(index) -> list[str]:
    """Why the page cannot compute the root from the second level, one sentence each; empty where it can."""
    spec, why = index.spec, []
    scores = index.steps().scores
    for node in [spec.root, *(pillar for pillar in spec.pillars if spec.children(pillar))]:
        rule, gaps = spec.rules[node], scores[spec.children(node)].isna().any(axis=None)
        found = [f'aggregation = "{rule["aggregation"]}"'] * (rule["aggregation"] != "arithmetic")
        found += ["a transform or normalisation of its own"] * aggregate.shaped(rule)
        found += [f'missing = "{rule["missing"]}"'] * (rule["missing"] != "none")
        found += ["rounding before it is ranked or goes up"] * (rounding.declared(spec, node) is not None)
        found += ["another place of a node"] * (rule["same_as"] is not None)
        found += ["a least share of its children"] * bool(gaps and (rule["coverage"] or rule["least"]))
        why += [f"{node}: {one}" for one in found]
    why += ["weights differ by group of units"] * bool(spec.group_weights)
    return why + ["the lowest score is the best"] * (spec.method["best"] == "low")


def presets(index) -> dict[str, dict[str, float]]:
    """Weight of every pillar and second-level node (1 = an equal share of its parent) under each preset.

    `entropy` takes the entropy weights of the scores of the first year inside each parent (`fire.index.weights`).
    Raises InputError where these have none, as where every score is the same.
    """
    spec, wide = index.spec, index.wide(index.years[0])
    inner = [node for node in [spec.root, *spec.pillars] if spec.rules[node]["same_as"] is None]
    sliders = [child for parent in inner for child in spec.children(parent)]
    entropy = {}
    for parent in inner:
        children = spec.children(parent)
        share = weights.entropy(wide[children]) if len(children) > 1 else pd.Series(1.0, index=children)
        entropy |= share.to_dict()
    return {
        "published": index.weights[sliders].astype(float).to_dict(),
        "equal": {node: 1 / len(spec.children(spec.nodes.at[node, "parent"])) for node in sliders},
        "entropy": {node: float(entropy[node]) for node in sliders},
    }


def compared(index) -> pd.DataFrame:
    """Ranks of the root under each of `presets`, in the order as published: unit, rank_published, rank_equal, rank_entropy,
    rank_spread (largest gap). Raises InputError where weights differ by group, which no preset says."""
    refuse(
        "presets",
        ["weights differ by group of units: leave group_weights out"] * bool(index.spec.group_weights),
    )
    derived = [node for node, rule in index.spec.rules.items() if rule["weighting"] != "given"]
    given = index.vary(*derived, weighting="given") if derived else index
    runs = {f"rank_{name}": given.vary(weights=chosen) for name, chosen in presets(index).items()}
    return views.scenarios(runs).rename(columns={"spread": "rank_spread"}).rename_axis("unit").reset_index()


def data(edition, lang: str, scores: pd.DataFrame | None = None, links: dict | None = None) -> dict:
    """What the page's script works on: the tree, the presets, and by year and city the second-level scores, how much of
    each is known, and what the edition says of rank and score of the root.

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
    known = scores.pivot(index=["year", "unit"], columns="node", values="known_share")
    return {
        "tree": tree,
        "nodes": leaves,
        "years": index.years,
        "year": index.year,
        "labels": {node: spec.label(node, str(lang)) for node in [*tree, *leaves]},
        "presets": presets(index),
        "units": [
            {
                "id": unit,
                "name": codebook.unit(unit, lang),
                "zh": unit,
                "en": codebook.unit(unit, edition.book.en),
                "region": codebook.unit(index.groups.get(unit, ""), lang) if index.groups is not None else "",
                "href": (links or {}).get(unit, ""),
            }
            for unit in index.units
        ],
        "scores": {year: _rows(index.wide(year)[leaves], index.units) for year in index.years},
        "known": {year: _rows(known.loc[year][leaves].round(3), index.units) for year in index.years},
        "said": {year: _said(scores, year, index, lang) for year in index.years},
    }


def _rows(table: pd.DataFrame, units: list) -> list[list]:
    """A table of units as lists of numbers, None where there is none."""
    return [
        [None if pd.isna(cell) else float(cell) for cell in row]
        for row in table.reindex(units).to_numpy(float)
    ]


def _said(scores: pd.DataFrame, year: int, index, lang) -> list:
    """Rank and score of the root as the edition gives them, for each unit: text and whether it is soft."""
    now = scores[scores["year"].eq(year) & scores["node"].eq(index.spec.root)]
    lines = {line["unit"]: line for line in now.to_dict("records")}
    said = []
    for unit in index.units:
        cells = (
            [marks.cell(lines[unit], *one, lang) for one in (("rank", 0), ("score", 3))]
            if unit in lines
            else []
        )
        said.append([[f"{one['text']} {one['mark']}".strip(), one["soft"]] for one in cells] or None)
    return said


def _statuses(index, scores: pd.DataFrame) -> set:
    """The statuses of rank and score of the root."""
    root = scores[scores["node"].eq(index.spec.root)]
    return {status for measure in ("rank", "score") for status in root[f"{measure}_status"].dropna()}


def fragment(edition, lang: str = "zh", scores: pd.DataFrame | None = None, links: dict | None = None) -> str:
    """The explorer as one `<section>` with its style and script, for a page of the report; arguments as of `data`. Of an
    index that the script cannot compute (`still`) the section says so."""
    if why := still(edition.index):
        told = (
            f"{NONE[str(lang)]}（{'；'.join(why)}）"
            if lang == "zh"
            else f"{NONE[str(lang)]} ({'; '.join(why)})"
        )
        return f'<section id="weight-explorer"><p>{html.escape(told)}</p></section>'
    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    scores = marks.scores(edition.index) if scores is None else scores
    found = data(edition, lang, scores, links)
    content = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    texts = files.read_json(TEMPLATES / "explorer.json")
    soft = any(
        share is not None and share < 1 for year in found["known"].values() for row in year for share in row
    )
    return loader.get_template("explorer.html").render(
        text=texts[str(lang)],
        title=texts[str(lang)]["title"],
        lang=str(lang),
        data=content.replace("<", "\\u003c").replace("\u2028", "\\u2028"),
        soft=soft,
        legend=marks.legend(_statuses(edition.index, scores) - {"observed"}, edition.book.lang(lang))
        if soft
        else [],
    )
