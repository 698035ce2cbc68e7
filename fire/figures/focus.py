"""Figures of one city: what is known of it; its highest indicators and its fastest ones, against all cities."""

import numpy as np
import pandas as pd

from fire import codebook
from fire.figures import kit, style
from fire.figures.style import FAINT, INK, MUTED, NAVY


def known(frame: pd.DataFrame, lang: str):
    """Scores of one city that are known, in both years where both are; index and pillars in bold, a line above each pillar.
    `frame`: node, a column for each year with what says how well it is known, in the order of the specification."""
    spec, nodes = codebook.book(lang).spec, list(frame["node"])
    fig = kit.dumbbell(frame, lang, y="node", x="score", digits=3, colour=NAVY, size=7.5)
    ax = fig.axes[0]
    for row, (node, label) in enumerate(zip(nodes, ax.get_yticklabels(), strict=True)):
        if node in (spec.root, *spec.pillars):
            label.set_fontweight("bold")
            ax.axhline(row - 0.5, color=FAINT, linewidth=0.6, zorder=0) if row else None
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
