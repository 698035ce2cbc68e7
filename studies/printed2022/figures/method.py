"""Figures of the chapter on method: form and residuals of pillar F, base-year statistics, weights, roster, benchmarks."""

import numpy as np
import pandas as pd
from scipy.spatial import ConvexHull

from fire import codebook
from fire.figures import kit, style


def forms(errors: pd.DataFrame, lang: str):
    """Error of each form of pillar F, the smallest in colour (columns form, rmse)."""
    table = errors.sort_values("rmse")
    fig = kit.bars(table, lang, y="form", x="rmse", marked=table["form"].head(1))
    fig.axes[0].set(xscale="log", xlim=(1e-4, 2))
    return fig


def residuals(table: pd.DataFrame, lang: str):
    """Computed less printed score of each city: dots with the city left out, ticks with the posts fitted to all, over the band of the tolerance (columns unit, error, left_out, tolerance)."""
    table = table.sort_values("error", ascending=False)
    fig = kit.dumbbell(table, lang, y="unit", start="error", end="left_out", colour=style.NAVY)
    ax, tolerance = fig.axes[0], table["tolerance"].iloc[0]
    ax.axvspan(-tolerance, tolerance, color=style.FAINT, alpha=0.5, linewidth=0, zorder=0)
    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1)
    return fig


def base_statistics(solved: pd.DataFrame, lang: str):
    """Base-year populations solved from printed digits against the nearest public ones, on log axes; those that do not
    agree are ringed (frame of `method.solved`)."""
    x, y = "official_people", "solved_people"
    table = solved.dropna(subset="official").rename(columns={"official": x, "solved": y})
    fig = kit.scatter_fit(table, lang, x=x, y=y, hue="nearest", fit=False, height=4.2)
    ax, values = fig.axes[0], table[[x, y]]
    ends = [0.75 * values.min(axis=None), 1.5 * values.max(axis=None)]
    ax.plot(ends, ends, color=style.MUTED, linewidth=0.8, zorder=0)
    off = table[~table["agrees"]]
    ring = {"s": 110, "facecolor": "none", "edgecolor": style.HIGHLIGHT, "linewidth": 1}
    ax.scatter(off[x], off[y], **ring)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.0f}")
        axis.set_minor_formatter("")
    kit.name_points(ax, table, lang, x=x, y=y)
    return fig


def polytope(weights: dict, lang: str):
    """Pillar weights that the digits allow, projected on two planes: the hull of `weights["corners"]` and the points of
    `weights["grid"]` inside (columns: the pillars)."""
    corners, grid = weights["corners"], weights["grid"]
    fig, panels = style.subplots(1, 2, height=2.9)
    pairs = zip(panels, ((0, 3), (1, 2)), strict=True)
    for ax, names in [(ax, list(corners.columns[list(pair)])) for ax, pair in pairs]:
        flat = corners[names].to_numpy()
        hull = flat[ConvexHull(flat).vertices]
        ax.fill(*hull.T, color=style.BASE, alpha=0.45, label=codebook.word("feasible set, projected", lang))
        look = {"color": style.HIGHLIGHT, "s": 30, "zorder": 3, "label": codebook.word("on the grid", lang)}
        ax.scatter(grid[names[0]], grid[names[1]], **look)
        ax.set_xlabel(f"{codebook.node(names[0], lang)} {names[0]}")
        ax.set_ylabel(f"{codebook.node(names[1], lang)} {names[1]}")
        ax.grid(True, axis="both")
        ax.margins(0.25)
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return fig


def weight_bounds(bounds: pd.DataFrame, lang: str):
    """Interval of each weight that the digits allow, those pinned in colour, and a tick at equal weights (columns node,
    low, high, equal, pinned)."""
    fig, ax = kit.rows(kit.names(bounds, "node", lang), lang, each=0.23, size=7)
    row = np.arange(len(bounds))
    colours = np.where(bounds["pinned"], style.HIGHLIGHT, style.BASE)
    ax.hlines(row, bounds["low"], bounds["high"], color=colours, linewidth=5)
    pinned = bounds["pinned"].to_numpy()
    ax.scatter(bounds.loc[pinned, "equal"], row[pinned], s=22, color=style.HIGHLIGHT, zorder=2)
    look = {"marker": "|", "s": 70, "color": style.INK, "zorder": 3}
    ax.scatter(bounds["equal"], row, label=kit.heading("equal", lang), **look)
    ax.set(xlim=(-0.02, 1.02), xlabel=kit.heading("weight", lang))
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    return fig


def roster(candidates: pd.DataFrame, lang: str):
    """Share of fitting rosters that hold each candidate, the cities chosen in dark (frame of `method.candidates`)."""
    cities = [codebook.word(codebook.unit(city, lang), lang) for city in candidates["city"]]
    regions = kit.names(candidates, "region", lang)
    form = "{}（{}）" if lang == "zh" else "{} ({})"
    table = candidates.assign(
        name=[form.format(*pair) for pair in zip(cities, regions)], roster_share=candidates["share_pct"]
    )
    colours = np.where(table["chosen"], style.NAVY, style.BASE)
    return kit.bars(table, lang, y="name", x="roster_share", colours=list(colours))


def benchmarks(compared: pd.DataFrame, lang: str):
    """Correlation of the index with each other ranking: the interval that the number of cities leaves (pale), the range over
    the draws (dark), a tick for gross product alone, the number of cities at the right (frame of `benchmarks.compared`)."""
    fig, ax = kit.rows(kit.names(compared, "index_name", lang), lang, each=0.33)
    row = np.arange(len(compared))
    ax.hlines(row, compared["ci_low"], compared["ci_high"], color=style.FAINT, linewidth=7)
    ax.hlines(row, compared["spearman_low"], compared["spearman_high"], color=style.NAVY, linewidth=3)
    ax.scatter(
        compared["spearman"], row, s=28, color=style.NAVY, zorder=3, label=kit.heading("spearman", lang)
    )
    look = {"marker": "|", "s": 90, "color": style.ORANGE, "linewidth": 1.8, "zorder": 4}
    ax.scatter(compared["gdp_spearman"], row, label=kit.heading("gdp_spearman", lang), **look)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    for place, n in zip(row, compared["n"], strict=True):
        ax.text(1.06, place, f"{n}", va="center", fontsize=8, color=style.MUTED)
    ax.text(1.06, -0.75, kit.heading("cities_shared", lang), fontsize=8, color=style.MUTED)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return fig
