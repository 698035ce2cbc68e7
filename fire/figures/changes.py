"""Figures of the chapter on changes: what moved the scores, and who passed whom."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.figures import kit, style

SIDE = 35  # rows beyond which a list stands in two columns
REST = "其余"  # the word of the glossary for all smaller steps together


def waterfall(frame: pd.DataFrame, lang: str, ax=None):
    """From one score to another: a bar for each step. Columns: `indicator` (missing: the others together), `points`,
    `start` (score before); `attrs["years"]`: the two years."""
    labels = [
        codebook.word(REST, lang) if pd.isna(one) else codebook.node(one, lang) for one in frame["indicator"]
    ]
    steps = frame[["points"]].assign(**{f"step_{lang}": labels})
    return kit.waterfall(
        steps,
        lang,
        y="step",
        x="points",
        start=frame["start"].iloc[0],
        ends=frame.attrs["years"],
        digits=2,
        ax=ax,
    )


def waterfalls(frame: pd.DataFrame, lang: str):
    """`waterfall` of several cities, two in a row, in the order of the frame. Columns: as there, and `unit`."""
    units = list(dict.fromkeys(frame["unit"]))
    down = -(-len(units) // 2)
    steps = frame.groupby("unit").size().max()
    fig, axes = kit.panels(
        units, lang, height=(0.2 * (steps + 2) + 0.5) * down, column="unit", columns=2, sharey=False
    )
    for ax, unit in zip(axes, units, strict=True):
        part = frame[frame["unit"].eq(unit)]
        part.attrs = frame.attrs
        waterfall(part, lang, ax)
        ax.xaxis.set_major_locator(MaxNLocator(2))
    return fig


def pillars(frame: pd.DataFrame, lang: str):
    """Change of every city's score by pillar: bars left and right of zero, a mark at the sum, the largest on top; a long list
    in two columns.

    `frame`: units × pillars, in points.
    """
    order = frame.loc[frame.sum(axis=1).sort_values(ascending=False).index]
    shades = dict(zip(order, style.CYCLE * len(order), strict=False)) | style.pillar_palette(lang)
    count = 2 if len(order) > SIDE else 1
    size = -(-len(order) // count)
    fig, axes = style.subplots(1, count, height=0.14 * size + 0.75, sharex=True, squeeze=False)
    for place, ax in enumerate(axes[0]):
        part = order.iloc[place * size : (place + 1) * size]
        long = part.rename_axis("unit").reset_index().melt("unit", var_name="pillar", value_name="points")
        kit.stacked(long, lang, y="unit", x="points", part="pillar", colours=shades, least=9, ax=ax)
        ax.plot(part.sum(axis=1), np.arange(len(part)), "|", color=style.INK, ms=5, mew=1.4)
        ax.tick_params(axis="y", labelsize=6.5)
        ax.set_ylim(size - 0.4, -0.6)
    kit.one_legend(fig)
    return fig


def passings(frame: pd.DataFrame, lang: str):
    """Whom a city passed (right) and who passed it (left): a row a city, a named mark for each rival: a dot when the
    city's own change weighs more than the rival's, else a square. Columns: unit, rival, places (+1, −1), own, theirs."""
    units = list(dict.fromkeys(frame["unit"]))
    fig, ax = kit.rows([codebook.unit(unit, lang) for unit in units], lang, each=0.34)
    place = frame.groupby(["unit", "places"]).cumcount() + 1
    for mark, x in zip(frame.itertuples(), frame["places"] * place, strict=True):
        row, colour = units.index(mark.unit), style.RISE if mark.places > 0 else style.FALL
        ax.plot(x, row, "o" if abs(mark.own) >= abs(mark.theirs) else "s", ms=6, color=colour)
        ax.annotate(
            codebook.unit(mark.rival, lang),
            (x, row),
            (0, 5 if x % 2 else -5),
            textcoords="offset points",
            ha="center",
            va="bottom" if x % 2 else "top",
            fontsize=style.SMALL,
        )
    ax.axvline(0, color=style.MUTED, lw=0.8)
    reach = max(2, int(place.max()))
    ax.set_xlim(-reach - 0.8, reach + 0.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    ax.set_xlabel(f"← {kit.heading('passed_by', lang)}　　{kit.heading('passed', lang)} →")
    return fig
