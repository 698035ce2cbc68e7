"""Figures of the index: what it rests on, league, regions, pillars, chosen cities.

Frames are those of `views.both_years`: unit, node, score, rank, growth_pct, a column for each year, with status and range
where they are known; cities with their region (`views.placed`).
"""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.figures import kit, style
from fire.figures.style import NAVY

LONG, SHORT = 35, 12  # rows beyond which a league, and a list of moves, stand in two columns


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
    fig, axes = style.subplots(1, count, height=0.152 * size + 0.6, squeeze=False)
    low, high = kit.bounds(frame, "score")
    span = max(high.max() - low.min(), 1e-9)
    for place, ax in enumerate(axes[0]):
        part = frame[place * size : (place + 1) * size].reset_index(drop=True)
        sure = part.assign(
            score_low=low[part.index + place * size].array, score_high=high[part.index + place * size].array
        )
        kit.interval(sure, lang, y="unit", x="score", numbers=True, digits=3, size=15, ax=ax)
        labels = zip(kit.names(part, "unit", lang), _ranks(part), strict=True)
        ax.set_yticks(range(len(part)), [f"{name}  {rank}" for name, rank in labels], fontsize=6.8)
        for text in ax.texts:
            text.set_fontsize(6.5)
        ax.set(xlim=(low.min() - 0.04 * span, high.max() + 0.16 * span), ylim=(size - 0.4, -0.6))
    kit.one_legend(fig)
    return fig


def _ranks(part: pd.DataFrame) -> list[str]:
    """The ranks as text; of those that are known as a range only its ends, in parentheses."""
    low, high = kit.bounds(part, "rank")
    ranges = "(" + low.map("{:.0f}".format) + "–" + high.map("{:.0f}".format) + ")"
    return list(ranges.where(kit.soft(part, "rank"), part["rank"].astype(str)))


def moves(frame: pd.DataFrame, lang: str):
    """Places gained and lost since the year before, the largest rise on top; of a long list rises and falls side by side.
    Columns: unit, rank_change."""
    frame = frame.assign(rank_change=frame["rank_change"].astype(float))
    rises = frame["rank_change"].gt(0)
    parts = [frame] if len(frame) <= SHORT else [frame[rises], frame[~rises][::-1]]
    parts = [part for part in parts if len(part)]
    size = max(map(len, parts))
    fig, axes = style.subplots(1, len(parts), height=0.2 * size + 0.5, squeeze=False)
    low, high = min(frame["rank_change"].min(), 0), max(frame["rank_change"].max(), 0)
    low, high = (low, high) if len(parts) == 1 else (min(low, -high), max(high, -low))
    room = 0.1 * (high - low) / len(parts)
    for ax, part in zip(axes[0], parts, strict=True):
        up = part["rank_change"].gt(0)
        colours = list(np.where(up, style.RISE, style.FALL))
        kit.bars(part, lang, y="unit", x="rank_change", colours=colours, digits=0, signed=True, ax=ax)
        left, right = 0 if up.all() else low - room, high + room if up.any() else 0
        ax.set(xlim=(left, right), ylim=(size - 0.4, -0.6))
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return fig


def regions(frame: pd.DataFrame, lang: str):
    """Means of the regions, a panel for the index and each pillar, on one scale; regions in the order of the frame.

    `frame`: unit, node, score with what says how well it is known.
    """
    nodes, units = list(dict.fromkeys(frame["node"])), list(dict.fromkeys(frame["unit"]))
    fig, axes = kit.panels(nodes, lang, height=0.19 * len(units) + 0.8)
    low, high = (
        end.min() if low else end.max() for low, end in zip((True, False), kit.bounds(frame, "score"))
    )
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").reindex(units).reset_index()
        part = part.assign(
            **{f"score_{end}": bound for end, bound in zip(("low", "high"), kit.bounds(part, "score"))}
        )
        kit.interval(part, lang, y="unit", x="score", numbers=True, digits=3, size=18, ax=ax)
        ax.set(xlim=(low - 0.08 * (high - low), high + 0.5 * (high - low)), ylim=(len(units) - 0.4, -0.6))
        for text in ax.texts:
            text.set_fontsize(6.5)
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


def compare(frame: pd.DataFrame, lang: str):
    """A set of cities side by side, one panel a node, both years; cities and nodes in the order of the frame."""
    nodes, units = list(dict.fromkeys(frame["node"])), list(dict.fromkeys(frame["unit"]))
    fig, axes = kit.panels(nodes, lang, height=0.22 * len(units) + 0.75)
    scores = frame[kit.years(frame)]
    low, high = scores.min(axis=None), scores.max(axis=None)
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").reindex(units).reset_index()
        kit.dumbbell(part, lang, y="unit", digits=3, colour=NAVY, ax=ax)
        ax.set(xlim=(low - 0.1 * (high - low), high + 0.55 * (high - low)), ylim=(len(units) - 0.4, -0.6))
    kit.one_legend(fig)
    return fig
