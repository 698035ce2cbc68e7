"""Figures of the chapter on regions: inner structure, disparity, coordination, obstacles."""

import numpy as np
import pandas as pd

from fire.figures import kit, style


def between(frame: pd.DataFrame, lang: str):
    """Share of the differences between cities that lies between regions, a row a node, over the band that random regions
    give (5 to 95 per cent, a tick at the mean).

    `frame`: `node, between_pct, expected_pct, chance_low_pct, chance_high_pct` of `regions.judged`.
    """
    band = {"low": "chance_low_pct", "high": "chance_high_pct", "median": "expected_pct"}
    band["band"] = "random regions"
    return kit.dots(frame, lang, y="node", x="between_pct", digits=1, **band)


def coordination(frame: pd.DataFrame, lang: str):
    """Coupling C against level T of every city, with lines of equal coordination D; first and last by D are named.

    `frame`: `unit, C, T, D`.
    """
    order = frame.sort_values("D", ascending=False)["unit"]
    fig, ax = style.subplots(height=4.2)
    left, right, bottom = frame["T"].min() - 0.04, frame["T"].max() + 0.07, frame["C"].min() - 0.03
    ax.set(xlim=(left, right), ylim=(bottom, 1.015))
    level = np.linspace(0.01, right, 300)
    for degree in np.arange(0.1, 1, 0.1):
        ax.plot(level, degree**2 / level, color=style.FAINT, lw=0.9, zorder=0)
        foot = degree**2 / bottom
        inside = foot < right - 0.05
        place = (foot, bottom) if inside else (right, degree**2 / right)
        if foot > left and place[1] < 1:
            look = {"fontsize": 6.5, "color": style.MUTED, "ha": "left" if inside else "right"}
            shift = (3, 3) if inside else (-3, 3)
            ax.annotate(f"D={degree:.1f}", place, shift, textcoords="offset points", **look)
    marked = [*order.head(6), *order.tail(2)]
    return kit.scatter_fit(frame, lang, x="T", y="C", fit=False, marked=marked, ax=ax)


def obstacles(frame: pd.DataFrame, lang: str):
    """Mean obstacle degree of the cities of each region, per cent, indicators by regions in order of appearance.

    `frame`: `region, node, obstacle_pct`.
    """
    high, height = frame["obstacle_pct"].quantile(0.995), 0.24 * frame["node"].nunique() + 1.3
    return kit.heat(
        frame, lang, y="node", x="region", value="obstacle_pct", digits=0, high=high, height=height
    )
