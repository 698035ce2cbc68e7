"""The weight explorer: an offline page on which a reader sets the weights and sees every rank follow.

The page carries the scores of the second level, at full precision, and one small script; it fetches nothing.
"""

import json

import jinja2
import pandas as pd

from fire import codebook as labels
from fire import files
from fire.index import weights

TEMPLATES = files.REPORTS / "template" / "site"
TEXTS = {
    "zh": {
        "title": "权重探索器",
        "published": "发布权重",
        "equal": "等权",
        "entropy": "熵权",
        "reader": "自定义",
        "year": "年份",
        "region": "地区",
        "all": "全部地区",
        "search": "查找城市",
        "rank": "名次",
        "unit": "城市",
        "score": "得分",
        "change": "较发布名次",
        "weight": "权重",
        "share": "占比",
        "presets": "预设",
        "aggregation": "合成方式",
        "arithmetic": "算术平均",
        "geometric": "几何平均",
        "copy": "复制链接",
        "copied": "已复制",
        "lead": "拖动滑块改变权重，全部城市的名次即时更新。",
        "moved": "个城市名次变化；前三名：",
        "status": "数据状态",
    },
    "en": {
        "title": "Weight explorer",
        "published": "Published",
        "equal": "Equal",
        "entropy": "Entropy",
        "reader": "Your own",
        "year": "Year",
        "region": "Region",
        "all": "All regions",
        "search": "Find a city",
        "rank": "Rank",
        "unit": "City",
        "score": "Score",
        "change": "Against published",
        "weight": "Weight",
        "share": "share",
        "presets": "Presets",
        "aggregation": "Aggregation",
        "arithmetic": "Arithmetic mean",
        "geometric": "Geometric mean",
        "copy": "Copy link",
        "copied": "Copied",
        "lead": "Move a slider: the ranks of all cities follow at once.",
        "moved": " cities change rank; top three: ",
        "status": "Data status",
    },
}


def presets(spec, scores: pd.DataFrame, year: int) -> dict[str, dict[str, float]]:
    """Weight of every pillar and second-level node (1 = an equal share of its parent) under each preset.

    `entropy` takes the entropy weights of the base panel's scores inside each parent (methods in fire.weights).
    """
    inner = [spec.root, *spec.pillars]
    sliders = [child for parent in inner for child in spec.children(parent)]
    wide = scores[scores["year"].eq(year)].pivot(index="unit", columns="node", values="score")
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
    spec, scores = edition.spec, edition.scores()
    places = edition.places().set_index("city")
    tree = {pillar: spec.children(pillar) or [pillar] for pillar in spec.pillars}
    leaves = [node for nodes in tree.values() for node in nodes]
    years = sorted(int(year) for year in scores["year"].unique())
    wide = scores.pivot(index=["year", "unit"], columns="node", values="score")
    units = sorted(scores["unit"].unique())
    return {
        "tree": tree,
        "nodes": leaves,
        "years": years,
        "year": edition.year,
        "labels": {node: spec.label(node, lang) for node in [*tree, *leaves]},
        "presets": presets(spec, scores, edition.base_year),
        "units": [
            {
                "id": unit,
                "name": labels.unit(unit, lang),
                "zh": unit,
                "en": labels.unit(unit, "en"),
                "region": labels.unit(places["region"].get(unit, ""), lang),
            }
            for unit in units
        ],
        "scores": {
            year: [
                [
                    None if pd.isna(wide.at[(year, unit), node]) else float(wide.at[(year, unit), node])
                    for node in leaves
                ]
                for unit in units
            ]
            for year in years
        },
    }


def fragment(edition, lang: str = "zh") -> str:
    """The explorer as one `<section>` with its style and script, for a page of the report."""
    loader = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    content = json.dumps(data(edition, lang), ensure_ascii=False, separators=(",", ":"))
    final = edition.scores().query("year == @edition.year and node == @edition.spec.root")
    soft = [name for name in ("simulated", "assumed") if final[f"share_{name}"].max() > 0]
    return loader.get_template("explorer.html").render(
        text=TEXTS[lang],
        lang=lang,
        data=content.replace("<", "\\u003c").replace("\u2028", "\\u2028"),
        soft=[labels.status(name, lang) for name in soft],
    )
