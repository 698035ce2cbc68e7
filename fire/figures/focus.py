"""Figures of one city: against its region; its highest indicators and its fastest ones, against all cities."""

import numpy as np
import pandas as pd

from fire import codebook
from fire.figures import kit, style
from fire.figures.style import FAINT, INK, MUTED, NAVY


def against(frame: pd.DataFrame, lang: str):
    """One city against the mean of its region (a tick): a row a node, joined with the mean where both are known; beside it
    score, rank and how much is known. Root and pillars in bold, a line above each; a range is hollow and in parentheses.
    Columns as `fire.analysis.focus.against`."""
    spec, nodes, row = codebook.book(lang).spec, list(frame["node"]), np.arange(len(frame))
    fig, ax = kit.rows(kit.names(frame, "node", lang), lang, each=0.21, size=7.5)
    gap = (frame["score"] - frame["mean"]).mask(kit.soft(frame, "score"))
    colours = np.where(gap.gt(0), style.RISE, np.where(gap.lt(0), style.FALL, NAVY))
    ax.hlines(row, frame["score"] - gap, frame["score"], color=colours, linewidth=1.6)
    if frame["mean"].notna().any():
        region, mean = codebook.region(frame.attrs["region"], lang), kit.heading("mean", lang)
        label = f"{region}{mean}" if lang == "zh" else f"{region}, {mean.lower()}"
        tick = {"s": 60, "marker": "|", "color": INK, "linewidth": 1.6, "zorder": 2.8}
        ax.scatter(frame["mean"], row, label=label, **tick)
    kit.marks(ax, frame, lang, "score", row, colours)
    for column, at in {"score": 32, "rank": 68, "known_pct": 112}.items():
        there = row[frame[column].notna()]
        texts = [kit.cell(frame, column, one, lang) for one in there]
        kit.beside(ax, at, kit.heading(column, lang), there, texts)
    for place, (node, label) in enumerate(zip(nodes, ax.get_yticklabels(), strict=True)):
        if node in (spec.root, *spec.pillars):
            label.set_fontweight("bold")
            ax.axhline(place - 0.5, color=FAINT, linewidth=0.6, zorder=0)
    ax.set_xlabel(kit.heading("score", lang))
    kit.one_legend(fig)
    return fig


def high(frame: pd.DataFrame, lang: str):
    """Scores of some indicators of one city in both years, over the range and the median of all cities.

    `frame`: node, a column for each year, and of all cities low, median, high; best row first.
    """
    fig = kit.dumbbell(frame, lang, y="node", x="score", digits=2, colour=NAVY)
    ax, row = fig.axes[0], np.arange(len(frame))
    label = codebook.word("range of all cities", lang)
    ax.hlines(row, frame["low"], frame["high"], color=FAINT, linewidth=7, zorder=0.5, label=label)
    _ticks(ax, frame["median"], lang, color=MUTED)
    kit.one_legend(fig)
    return fig


def growth(frame: pd.DataFrame, lang: str):
    """Growth of some indicators of one city (bars) against the median of all cities (ticks).

    `frame`: node, growth_pct, median (per cent a year); fastest row first.
    """
    colours = np.where(frame["growth_pct"].ge(0), style.RISE, style.FALL)
    frame = frame.assign(_end=frame[["growth_pct", "median"]].max(axis=1))
    fig = kit.bars(frame, lang, y="node", x="growth_pct", colours=colours, digits=1, signed=True, at="_end")
    _ticks(fig.axes[0], frame["median"], lang, color=INK)
    kit.one_legend(fig)
    return fig


def _ticks(ax, values: pd.Series, lang: str, color: str) -> None:
    label = codebook.word("median of all cities", lang)
    ax.scatter(
        values, range(len(values)), s=90, marker="|", color=color, linewidth=1.6, zorder=2.5, label=label
    )
