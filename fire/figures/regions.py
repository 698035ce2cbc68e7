"""Figures of the chapter on regions: inner structure, disparity, coordination, obstacles."""

import numpy as np
import pandas as pd

from fire.figures import kit, style

PARTS = {"within": style.SKY, "between": style.NAVY, "transvariation": style.SAND}


def structure(frame: pd.DataFrame, lang: str):
    """Inner structure of every region: a row a region, by its mean, with its cities; first and last are named.

    `frame`: `unit, region, score` of one node and year.
    """
    return kit.strip(frame, lang, y="region", x="score", ends=1)


def decomposition(frame: pd.DataFrame, lang: str):
    """Dagum Gini, stacked from its three parts: a bar for each node and year; `node, year, part, value`."""
    bars = frame[frame["part"].isin(PARTS)].sort_values("year", kind="stable")
    bars = bars.set_index("node").loc[pd.unique(frame["node"])].reset_index()
    bars["variable"] = [
        f"{kit.name(node, 'node', lang)}  {year}" for node, year in zip(bars["node"], bars["year"])
    ]
    return kit.stacked(
        bars.rename(columns={"value": "gini"}),
        lang,
        y="variable",
        x="gini",
        part="part",
        order=list(PARTS),
        colours=PARTS,
        totals=True,
    )


def contributions(frame: pd.DataFrame, lang: str):
    """Contributions to the Theil index in per cent: between regions, then each region, largest first.

    `frame`: `year, part, group, share` of `by_year(…, theil)`; first and last year are joined, one alone is a dot.
    """
    parts = frame[frame["part"].isin(["between", "within"])]
    table = 100 * parts.pivot(index=["part", "group"], columns="year", values="share")
    table = table.sort_values(["part", table.columns[-1]], ascending=[True, False]).reset_index()
    table["variable"] = [
        kit.name(group, "region", lang) if group else kit.name(part, "part", lang)
        for part, group in zip(table["part"], table["group"])
    ]
    ends = list(dict.fromkeys(frame["year"]))
    start = None if len(ends) == 1 else min(ends)
    fig = kit.dumbbell(
        table,
        lang,
        y="variable",
        start=start,
        end=max(ends),
        x="contribution_pct",
        colour=style.NAVY,
        digits=1,
    )
    fig.axes[0].set_xlim(left=-0.5)
    return fig


def pairs(frames: dict, lang: str):
    """Gini inside each region (diagonal) and between each pair (below it).

    `frames`: `groups` (group, gini) and `pairs` (group, other, gini) of `regions.dagum_tables`.
    """
    inside = frames["groups"].assign(other=frames["groups"]["group"])
    both = pd.concat([inside, frames["pairs"]])[["other", "group", "gini"]]
    both = both.rename(columns={"other": "region", "group": "other_region"})
    return kit.heat(both, lang, y="region", x="other_region", value="gini", size=6, height=4.9)


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
