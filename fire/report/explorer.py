"""The weight explorer: an offline page on which a reader sets the weights and sees every rank follow.

The page carries the scores of the second level, at full precision, and one small script; it fetches nothing.
"""

import json

import jinja2
import pandas as pd

from fire import codebook, files
from fire.index import weights

TEMPLATES = files.REPORTS / "template" / "site"


def presets(index) -> dict[str, dict[str, float]]:
    """Weight of every pillar and second-level node (1 = an equal share of its parent) under each preset.

    `entropy` takes the entropy weights of the scores of the first year inside each parent (`fire.index.weights`).
    """
    spec, wide = index.spec, index.wide(index.years[0])
    inner = [spec.root, *spec.pillars]
    sliders = [child for parent in inner for child in spec.children(parent)]
    entropy = {}
    for parent in inner:
        children = spec.children(parent)
        share = weights.entropy(wide[children]) if len(children) > 1 else pd.Series(1.0, index=children)
        entropy |= share.to_dict()
    return {
        "published": spec.nodes.loc[sliders, "weight"].astype(float).to_dict(),
        "equal": {node: 1 / len(spec.children(spec.nodes.at[node, "parent"])) for node in sliders},
        "entropy": {node: float(entropy[node]) for node in sliders},
    }


def data(edition, lang: str) -> dict:
    """What the page's script works on: the tree, the presets, and the second-level scores by year and city."""
    index, lang = edition.index, edition.book.lang(lang)
    spec, tree = (
        index.spec,
        {pillar: index.spec.children(pillar) or [pillar] for pillar in index.spec.pillars},
    )
    leaves = [node for nodes in tree.values() for node in nodes]
    scores = {
        year: [
            [None if pd.isna(score) else float(score) for score in row]
            for row in index.wide(year)[leaves].reindex(index.units).to_numpy()
        ]
        for year in index.years
    }
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
            }
            for unit in index.units
        ],
        "scores": scores,
    }


def fragment(edition, lang: str = "zh") -> str:
    """The explorer as one `<section>` with its style and script, for a page of the report."""
    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    content = json.dumps(data(edition, lang), ensure_ascii=False, separators=(",", ":"))
    final, texts = edition.index.of(), files.read_json(TEMPLATES / "explorer.json")
    soft = [name for name in ("simulated", "assumed") if final[f"share_{name}"].max() > 0]
    return loader.get_template("explorer.html").render(
        text=texts[str(lang)],
        title=texts[str(lang)]["title"],
        lang=str(lang),
        data=content.replace("<", "\\u003c").replace("\u2028", "\\u2028"),
        soft=[codebook.status(name, lang) for name in soft],
    )
