"""Figures of the index: what it rests on, league, regions, pillars, chosen cities.

Frames are those of `views.both_years`: unit, node, score, rank, growth_pct, a column for each year, with status and range
where they are known; cities with their region (`views.placed`).
"""

import pandas as pd

from fire import codebook
from fire.figures import kit, style
from fire.figures.style import NAVY

LONG = 35  # rows beyond which a league stands in two columns


def status(frame: pd.DataFrame, lang: str):
    """Share of the weight by data status, from hard to soft. `frame`: node, status, share_pct (per cent)."""
    kept = [name for name in codebook.STATUS if name in set(frame["status"])]
    return kit.stacked(
        frame.assign(share_pct=frame["share_pct"] / 100),
        lang,
        y="node",
        x="share_pct",
        part="status",
        order=kept,
        colours=style.STATUS,
        hatches=style.HATCH,
        percent=True,
    )


def league(frame: pd.DataFrame, lang: str):
    """League table as a chart, best first: the score, and the rank with its interval."""
    frame = frame.sort_values(["rank", "unit"], ignore_index=True)
    count = 2 if len(frame) > LONG else 1
    size = -(-len(frame) // count)
    sure = "rank_low" in frame and frame["rank_low"].notna().any()
    fig, axes = style.subplots(
        1,
        count * (2 if sure else 1),
        height=0.172 * size + 0.85,
        squeeze=False,
        width_ratios=([5, 3] if sure else [1]) * count,
    )
    for place in range(count):
        part = frame[place * size : (place + 1) * size]
        ax = axes[0, place * (2 if sure else 1)]
        _scores(ax, part, lang)
        ax.set_ylim(size - 0.4, -0.6)
        if sure:
            _ranks(axes[0, 2 * place + 1], part, lang)
            axes[0, 2 * place + 1].set_ylim(size - 0.4, -0.6)
    kit.one_legend(fig)
    return fig


def _scores(ax, part: pd.DataFrame, lang: str) -> None:
    """Scores of one column of the league; the rank, where it is more than a range, behind the name."""
    part = part.assign(
        score_low=part.get("score_low", part["score"]), score_high=part.get("score_high", part["score"])
    )
    kit.interval(part, lang, y="unit", x="score", numbers=True, digits=3, size=16, ax=ax)
    ranks = part["rank"].astype(str).where(~kit.soft(part, "rank"), "")
    labels = zip(kit.names(part, "unit", lang), ranks, strict=True)
    ax.set_yticks(range(len(part)), [f"{name}  {rank}".strip() for name, rank in labels], fontsize=6.8)
    for text in ax.texts:
        text.set_fontsize(6.3)
    low, high = part["score_low"].min(), part["score_high"].max()
    ax.set_xlim(low - 0.06 * (high - low), high + 0.34 * (high - low))


def _ranks(ax, part: pd.DataFrame, lang: str) -> None:
    """Ranks of one column of the league with their intervals."""
    kit.interval(part, lang, y="unit", x="rank", size=12, ax=ax)
    ax.tick_params(labelleft=False)
    first, last = int(part["rank_low"].min()), int(part["rank_high"].max())
    ax.set(xlim=(last + 1, first - 2), xticks=[*({1} if first == 1 else ()), *range(10, last + 1, 10)][-4:])


def regions(frame: pd.DataFrame, lang: str):
    """Regional means, best first, and their growth beside them where there is any."""
    grown = frame["growth_pct"].notna().any()
    size = 0.25 * len(frame) + 0.9
    fig, axes = style.subplots(1, 1 + grown, height=size, squeeze=False, width_ratios=[3, 2][: 1 + grown])
    kit.dots(frame, lang, y="unit", x="score", digits=3, ax=axes[0, 0])
    axes[0, 0].set_xlim(left=0, right=1.12 * frame["score"].max())
    if grown:
        kit.dots(frame, lang, y="unit", x="growth_pct", digits=2, ax=axes[0, 1])
        axes[0, 1].margins(x=0.2)
        axes[0, 1].tick_params(labelleft=False)
    kit.one_legend(fig)
    return fig


def by_region(frames: dict, lang: str):
    """Each city as a mark in the row of its region, regions by their mean.

    `frames`: cities (unit, region, score) and areas (unit, score) of one node, areas best first.
    """
    order = list(frames["areas"]["unit"])
    return kit.strip(
        frames["cities"], lang, y="region", x="score", order=order, means=frames["areas"], ends=1
    )


def compare(frame: pd.DataFrame, lang: str):
    """A set of cities side by side, one panel a node, both years; cities and nodes in the order of the frame."""
    nodes, units = list(dict.fromkeys(frame["node"])), list(dict.fromkeys(frame["unit"]))
    fig, axes = kit.panels(nodes, lang, height=0.3 * len(units) + 1)
    scores = frame[kit.years(frame)]
    low, high = scores.min(axis=None), scores.max(axis=None)
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").reindex(units).reset_index()
        kit.dumbbell(part, lang, y="unit", digits=3, colour=NAVY, ax=ax)
        ax.set(xlim=(low - 0.1 * (high - low), high + 0.55 * (high - low)), ylim=(len(units) - 0.4, -0.6))
    kit.one_legend(fig)
    return fig
