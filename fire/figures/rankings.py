"""Figures of the annex rankings: league table with intervals, profile of pillars, two rankings compared.

Each takes a frame of `fire.analysis.rankings`, whose pairs `unit_zh`, `unit_en` name the units of any index.
"""

import numpy as np
import pandas as pd

from fire import codebook
from fire.figures import kit, style


def league(frame: pd.DataFrame, lang: str):
    """Scores of the top units (bars, coloured by group) and their ranks with 5–95 % intervals. Columns as
    `rankings.league` with intervals."""
    frame = _named(frame, lang)
    fig, (left, right) = style.subplots(
        1, 2, height=0.17 * len(frame) + 1.1, sharey=True, width_ratios=[1, 1.2]
    )
    shades = [style.NAVY, style.SKY, style.TEAL, style.SAND, style.BASE] * len(frame)
    of_group = dict(zip(frame["group"].unique(), shades))
    kit.bars(frame, lang, y="unit", x="score", colours=frame["group"].map(of_group), digits=1, ax=left)
    places = frame.astype({"rank": float})
    ink = {None: style.INK}
    kit.interval(places, lang, y="unit", x="rank", low="rank_low", high="rank_high", colours=ink, ax=right)
    left.set_yticks(range(len(frame)), frame["unit"], fontsize=7 if lang == "zh" else 6.5)
    left.set_xlim(0, frame["score"].max() * 1.15)
    right.set_xlim(0, frame["rank_high"].max() + 1)
    for group, colour in of_group.items():
        left.plot([], [], "s", color=colour, label=codebook.word(group, lang))
    fig.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=4 if lang == "zh" else 2)
    return fig


def profile(frame: pd.DataFrame, lang: str):
    """Heat map of the pillars' scores of the top units; an empty cell is missing, not zero. Columns as
    `rankings.profile`."""
    frame = _named(frame, lang).assign(name=frame[f"pillar_{lang}"])
    few = int(frame["score"].max() < 20)
    look: dict = {"digits": few, "height": 0.165 * frame["unit"].nunique() + 0.6, "size": 6.5, "bar": False}
    fig = kit.heat(frame, lang, y="unit", x="name", value="score", high=1.5 * frame["score"].max(), **look)
    fig.axes[0].xaxis.tick_top()
    return fig


def comparison(frame: pd.DataFrame, lang: str):
    """Ranks of common cities in two rankings (columns `a` with its range `a_low`, `a_high`, and `b`; names in
    `attrs["names"]`) about the line of equal ranks; hollow where the range is more than one rank. Cities in `outlier` are in
    the highlight colour; they and those whose rank is sure are named."""
    fig, ax = style.subplots(height=3.9, width=4.6)
    top = frame[["a_high", "b"]].max(axis=None) + 1
    ax.plot([0, top], [0, top], color=style.BASE, linewidth=0.8, linestyle="--")
    colours = np.where(frame["outlier"], style.HIGHLIGHT, style.NAVY)
    ax.hlines(frame["b"], frame["a_low"], frame["a_high"], color=colours, linewidth=1.6, alpha=0.35)
    sure = frame["a_low"].eq(frame["a_high"])
    faces = np.where(sure, colours, style.PAPER)
    ax.scatter(frame["a"], frame["b"], s=22, c=faces, edgecolors=colours, linewidth=0.9, zorder=3)
    (one, _), (other, _) = frame.attrs["names"]
    ax.set(xlim=(0, top), ylim=(0, top), xlabel=codebook.word(one, lang), ylabel=codebook.word(other, lang))
    ax.grid(True, axis="both")
    named = frame[frame["outlier"] | sure]
    kit.name_points(ax, named, lang, x="a", y="b", unit="city", around=frame)
    return fig


def _named(frame: pd.DataFrame, lang: str) -> pd.DataFrame:
    """The frame with `unit` in the language of the reader."""
    return frame.assign(unit=frame[f"unit_{lang}"])
