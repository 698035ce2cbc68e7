"""Figures of the index: what it rests on, league, regions, pillars, chosen cities.

Frames are those of `views.both_years`: unit, node, score, rank, growth_pct, a column for each year, with status and range
where they are known; cities with their region (`views.placed`).
"""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.figures import kit, style

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
    """League table as a chart, best first: the rank (or its range) beside the name, the score as a mark."""
    frame = frame.sort_values(["rank", "unit"], ignore_index=True)
    count = 2 if len(frame) > LONG else 1
    size = -(-len(frame) // count)
    fig, axes = style.subplots(1, count, height=0.143 * size + 0.6, squeeze=False)
    low, high = kit.bounds(frame, "score")
    span = max(high.max() - low.min(), 1e-9)
    for place, ax in enumerate(axes[0]):
        part = frame[place * size : (place + 1) * size].reset_index(drop=True)
        sure = part.assign(
            score_low=low[part.index + place * size].array, score_high=high[part.index + place * size].array
        )
        kit.interval(sure, lang, y="unit", x="score", numbers=True, digits=3, size=15, ax=ax)
        labels = [
            f"{name}  {kit.cell(part, 'rank', row, lang)}"
            for row, name in enumerate(kit.names(part, "unit", lang))
        ]
        ax.set_yticks(range(len(part)), labels, fontsize=6.8)
        for text in ax.texts:
            text.set_fontsize(6.5)
        ax.set(xlim=(low.min() - 0.04 * span, high.max() + 0.16 * span), ylim=(size - 0.4, -0.6))
    kit.one_legend(fig)
    return fig


def moves(frame: pd.DataFrame, lang: str):
    """Places gained and lost since the year before, the largest rise on top, and beside them by how much the score grew.
    Columns: unit, rank_change, growth_pct with what says how well it is known."""
    frame = frame.assign(rank_change=frame["rank_change"].astype(float))
    fig, (left, right) = style.subplots(1, 2, height=0.2 * len(frame) + 0.6, sharey=True, width_ratios=[3, 2])
    colours = np.where(frame["rank_change"].gt(0), style.RISE, style.FALL)
    kit.bars(frame, lang, y="unit", x="rank_change", colours=list(colours), digits=0, signed=True, ax=left)
    low, high = (
        end.where(kit.soft(frame, "growth_pct"), frame["growth_pct"])
        for end in kit.bounds(frame, "growth_pct")
    )
    grown = frame.assign(growth_pct_low=low, growth_pct_high=high)
    kit.dots(grown, lang, y="unit", x="growth_pct", digits=1, ax=right)
    left.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ends = [0.0, *low.dropna(), *high.dropna()]
    right.set_xlim(1.2 * min(ends), 1.2 * max(ends) or 1.0)
    return fig


def compare(frame: pd.DataFrame, lang: str):
    """Cities or regions side by side, a panel a node, on one scale; units and nodes in the order of the frame.

    `frame`: unit, node, score with what says how well it is known.
    """
    nodes, units = list(dict.fromkeys(frame["node"])), list(dict.fromkeys(frame["unit"]))
    fig, axes = kit.panels(nodes, lang, height=0.19 * len(units) + 0.85)
    low, high = kit.bounds(frame, "score")
    frame = frame.assign(score_low=low, score_high=high)
    low, high = low.min(), high.max()
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").reindex(units).reset_index()
        kit.interval(part, lang, y="unit", x="score", numbers=True, digits=3, size=18, ax=ax)
        ax.set(xlim=(low - 0.12 * (high - low), high + 0.5 * (high - low)), ylim=(len(units) - 0.4, -0.6))
        ax.set_xlabel("")
        for text in ax.texts:
            text.set_fontsize(6.5)
    fig.supxlabel(kit.heading("score", lang), fontsize=7.5, color=style.MUTED)
    kit.one_legend(fig)
    return fig


def by_region(frames: dict, lang: str):
    """Each city as a mark in the row of its region, regions by their mean.

    `frames`: cities (unit, region, score) and areas (unit, score) of one node, areas best first.
    """
    areas = frames["areas"]
    return kit.strip(
        frames["cities"], lang, y="region", x="score", order=list(areas["unit"]), means=areas, ends=1
    )
