"""Results as people want them: league table, strengths and weaknesses, peers, scenarios side by side, group ranks.

All take the scores frame; the year is the last one unless given. `lang` ("zh", "en") turns ids into labels.
"""

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index import rounding
from fire.index.spec_faults import suggest

WORDS = {
    "zh": {
        "rank": "排名",
        "unit": "城市",
        "score": "得分",
        "growth_pct": "增长率（%）",
        "rank_change": "位次变化",
        "group": "分组",
        "group_rank": "组内排名",
        "node": "指标",
        "distance": "距离",
        "gap": "与中位数之差",
        "side": "类别",
        "strength": "优势",
        "weakness": "短板",
        "spread": "最大位次差",
    },
    "en": {
        "rank": "Rank",
        "unit": "City",
        "score": "Score",
        "growth_pct": "Growth (%)",
        "rank_change": "Rank change",
        "group": "Group",
        "group_rank": "Rank in group",
        "node": "Indicator",
        "distance": "Distance",
        "gap": "Gap to median",
        "side": "Side",
        "strength": "strength",
        "weakness": "weakness",
        "spread": "Largest rank gap",
    },
}


def of_year(scores: pd.DataFrame, year: int | None) -> pd.DataFrame:
    """The scores of one year (None: the last)."""
    year = scores["year"].max() if year is None else year
    refuse(
        "scores",
        []
        if (scores["year"] == year).any()
        else [f"no year {year}: type one of {', '.join(map(str, sorted(scores['year'].unique())))}"],
    )
    return scores[scores["year"].eq(year)]


def known_unit(scores: pd.DataFrame, unit: str) -> str:
    if unit not in set(scores["unit"]):
        raise InputError("scores", [f"no unit '{unit}'" + suggest(unit, sorted(scores["unit"].unique()))])
    return unit


def wide(scores: pd.DataFrame, nodes: list[str], column: str = "score") -> pd.DataFrame:
    """Units × nodes."""
    return scores[scores["node"].isin(nodes)].pivot(index="unit", columns="node", values=column)[nodes]


def labelled(table: pd.DataFrame, spec, lang: str | None) -> pd.DataFrame:
    """Column names, and cells of `node` and `side`, in words."""
    if lang is None:
        return table
    words, labels = WORDS[lang], spec.labels(lang)
    for name, by in (("node", labels), ("side", words)):
        if name in table:
            table = table.assign(**{name: table[name].map(by)})
    return table.rename(columns=words | labels)


def league(
    scores: pd.DataFrame,
    spec,
    node: str | None = None,
    year: int | None = None,
    top: int | None = None,
    lang: str | None = None,
) -> pd.DataFrame:
    """League table of a node: rank, unit, score, growth, rank change and the scores of its children."""
    node = spec.known(node or spec.root)
    now = of_year(scores, year)
    table = now[now["node"].eq(node)][["rank", "unit", "score", "growth_pct", "rank_change"]]
    table = (
        table.merge(wide(now, spec.children(node)).reset_index(), on="unit") if spec.children(node) else table
    )
    table = table.sort_values(["rank", "unit"], ignore_index=True)
    return labelled(table.head(top) if top else table, spec, lang)


def displayed(table: pd.DataFrame, spec) -> pd.DataFrame:
    """Numbers with decimals rounded by the declared rule of the specification: the last step before print."""
    numbers = table.select_dtypes("float").columns
    return table.assign(**{name: rounding.rounded(table[name], spec.method["rounding"]) for name in numbers})


def strengths(
    scores: pd.DataFrame, spec, unit: str, year: int | None = None, count: int = 5, lang: str | None = None
) -> pd.DataFrame:
    """The indicators where a unit ranks best and worst, with its score and its gap to the median."""
    now = of_year(scores, year)
    leaves = now[now["node"].isin(spec.indicators)]
    own = leaves[leaves["unit"].eq(known_unit(now, unit))][["node", "rank", "score"]].dropna()
    own = own.assign(gap=own["score"] - own["node"].map(leaves.groupby("node")["score"].median()))
    own = own.sort_values(["rank", "gap"], ascending=[True, False], ignore_index=True)
    count = min(count, len(own) // 2)
    table = pd.concat(
        [own.head(count).assign(side="strength"), own.tail(count)[::-1].assign(side="weakness")]
    )
    return labelled(table[["side", "node", "rank", "score", "gap"]].reset_index(drop=True), spec, lang)


def peers(
    scores: pd.DataFrame, spec, unit: str, year: int | None = None, count: int = 5, lang: str | None = None
) -> pd.DataFrame:
    """The units nearest to `unit` in indicator space: the root mean square difference of their indicator scores, over
    the indicators that both have."""
    now = of_year(scores, year)
    table = wide(now, spec.indicators)
    away = np.sqrt(((table - table.loc[known_unit(now, unit)]) ** 2).mean(axis=1)).drop(unit)
    near = away.sort_values(kind="stable").head(count).rename("distance").rename_axis("unit").reset_index()
    total = now[now["node"].eq(spec.root)][["unit", "rank", "score"]]
    return labelled(near.merge(total, on="unit"), spec, lang)


def scenarios(runs: dict[str, pd.DataFrame], node: str, year: int | None = None) -> pd.DataFrame:
    """Ranks of a node under several runs side by side (index unit), and the largest gap between them."""
    ranks = pd.DataFrame({name: one_node(scores, node, year)["rank"] for name, scores in runs.items()})
    ranks["spread"] = ranks.max(axis=1) - ranks.min(axis=1)
    return ranks.sort_values(next(iter(runs)))


def one_node(scores: pd.DataFrame, node: str, year: int | None) -> pd.DataFrame:
    now = of_year(scores, year)
    refuse(
        "scores",
        [] if (now["node"] == node).any() else [f"no node '{node}'" + suggest(node, now["node"].unique())],
    )
    return now[now["node"].eq(node)].set_index("unit")


def agreement(
    runs: dict[str, pd.DataFrame], node: str, year: int | None = None, method: str = "spearman"
) -> pd.DataFrame:
    """Correlations of the scores of a node between runs."""
    scores = {name: one_node(scores, node, year)["score"] for name, scores in runs.items()}
    return pd.DataFrame(scores).corr(method=method)


def movers(runs: dict[str, pd.DataFrame], node: str, year: int | None = None, count: int = 5) -> pd.DataFrame:
    """Units whose rank differs most between the first run and any other: unit, run, rank before, rank after, change."""
    ranks = scenarios(runs, node, year).drop(columns="spread")
    first = ranks.columns[0]
    long = ranks.melt(first, ignore_index=False, var_name="run", value_name="rank_after").reset_index()
    long = long.rename(columns={first: "rank_before"})
    long["change"] = long["rank_before"] - long["rank_after"]
    order = long["change"].abs().sort_values(ascending=False, kind="stable").index
    return (
        long.loc[order, ["unit", "run", "rank_before", "rank_after", "change"]]
        .head(count)
        .reset_index(drop=True)
    )


def group_ranks(scores: pd.DataFrame, groups: pd.Series, node: str, year: int | None = None) -> pd.DataFrame:
    """Ranks inside each group (`groups`: group by unit, such as region): group, unit, score, rank, group_rank, of."""
    table = (
        one_node(scores, node, year)[["score", "rank"]].join(groups.rename("group")).dropna(subset="group")
    )
    parts = [
        part.assign(group_rank=rounding.ranks(part[["score"]].to_numpy())[:, 0], of=len(part))
        for _, part in table.groupby("group")
    ]
    table = pd.concat(parts).reset_index().astype({"group_rank": "Int64"})
    return table.sort_values(["group", "group_rank"], ignore_index=True)[
        ["group", "unit", "score", "rank", "group_rank", "of"]
    ]


def leaders(values: pd.Series, digits: int = 3, highest: bool = True) -> list:
    """Names (index) at the top of `values`; more than one when they tie at the digits shown."""
    shown = values.dropna().round(digits)
    return list(shown.index[shown == (shown.max() if highest else shown.min())])
