"""Figures of the firm chapters: quantity with quality, ranks against each other, technologies by region."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd

from fire.figures import kit, maps, style
from fire.sources import records

COLOURS = [*style.CYCLE, style.MUTED, style.BASE]  # of technologies
TOP = 3


def quantity_quality(frame: pd.DataFrame, lang: str):
    """Bars of an amount, and beside them dots of a ratio, its largest highlighted.

    Columns, in this order: `unit`, an amount, a ratio (a dash where one is missing); rows in the order drawn.
    """
    amount, ratio = frame.columns[1:3]
    fig, (left, right) = style.subplots(
        1, 2, height=0.62 + 0.2 * len(frame), sharey=True, gridspec_kw={"width_ratios": [3, 2]}
    )
    kit.bars(frame, lang, y="unit", x=amount, colours=style.BASE, ax=left)
    kit.dots(frame, lang, y="unit", x=ratio, marked=frame.nlargest(1, ratio)["unit"], ax=right)
    for axis, column in ((left, amount), (right, ratio)):
        for row in np.flatnonzero(frame[column].isna()):
            style.end_label(axis, 0, row, "–")
    left.margins(x=0.2)
    right.set_xlim(0, 1.3 * frame[ratio].max() or 1)
    left.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    left.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    return fig


def slope(frame: pd.DataFrame, lang: str):
    """Ranks by two measures joined by lines. Columns, in this order: `unit`, the two ranks."""
    left, right = frame.columns[1:3]
    return kit.slopes(frame, lang, y="unit", left=left, right=right)


def shares(frame: pd.DataFrame, lang: str):
    """Shares of the units in each technology, the leader framed, below them the sum of the three largest.

    Columns: `unit, technology, share_of_technology_pct`.
    """
    high = 0.19 * frame["unit"].nunique() + 1.1  # two of them stand on a page
    fig = kit.heat(
        frame, lang, y="unit", x="technology", value="share_of_technology_pct", size=7.5, height=high
    )
    axis, bottom = fig.axes[0], frame["unit"].nunique() + 0.55
    wide = frame.pivot(index="unit", columns="technology", values="share_of_technology_pct")
    wide = wide.reindex(index=frame["unit"].unique(), columns=frame["technology"].unique())
    for column, leader in enumerate(wide.to_numpy().argmax(axis=0)):
        axis.add_patch(
            mpl.patches.Rectangle((column, leader), 1, 1, fill=False, ec=style.HIGHLIGHT, lw=1.8, zorder=4)
        )
        total = kit.number(wide.iloc[:, column].nlargest(TOP).sum(), 1)
        axis.text(column + 0.5, bottom, total, ha="center", va="center", fontsize=7.5, weight="bold")
    axis.set_ylim(bottom + 0.5, 0)
    axis.set_yticks(
        [*axis.get_yticks(), bottom],
        [*(label.get_text() for label in axis.get_yticklabels()), kit.name("cr3", "unit", lang)],
    )
    return fig


def quotients(frame: pd.DataFrame, lang: str):
    """Location quotients around 1 (equal share) on a logarithmic scale of colours; missing ones stay empty, a unit or
    technology without any is left out.

    Columns: `unit, technology, location_quotient`.
    """
    values = frame.assign(location_quotient=frame["location_quotient"].where(frame["location_quotient"] > 0))
    there = [
        values.groupby(name)["location_quotient"].transform("count") > 0 for name in ("unit", "technology")
    ]
    values = values[there[0] & there[1]] if there[0].any() else values
    scale = mpl.colors.LogNorm(0.25, 4)
    colours = f"{style.DIVERGING}_r"
    fig = kit.heat(
        values, lang, y="unit", x="technology", value="location_quotient", norm=scale, cmap=colours, size=7.5
    )
    bar = fig.axes[-1]
    bar.set_yticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
    bar.minorticks_off()
    return fig


def specialities(frame: pd.DataFrame, lang: str):
    """Tiles of the cities: colour by the technology of largest location quotient, with the amount.

    Columns: `unit, lon, lat, value, main` and, where there is one, `region`.
    """
    order = list(dict.fromkeys([*records.technology()["category"], *frame["main"]]))
    colours = dict(zip(order, itertools.cycle(COLOURS)))
    return maps.tiles(frame, lang, hue="main", label="value", colours=colours)
