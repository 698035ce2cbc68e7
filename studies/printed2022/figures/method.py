"""Figures of the chapter on method: form and residuals of pillar F, weights, roster, benchmarks."""

import numpy as np
import pandas as pd
from scipy.spatial import ConvexHull

from fire import codebook
from fire.figures import kit, style


def forms(errors: pd.DataFrame, lang: str):
    """Error of each form of pillar F as a dot on a log axis, the smallest (and what equals it) in colour (columns form,
    rmse)."""
    table = errors.sort_values("rmse")
    labels = [text[:1].upper() + text[1:] for text in kit.names(table, "form", lang)]
    fig, ax = kit.rows(labels, lang, each=0.22, extra=0.6)
    row, least = np.arange(len(table)), np.isclose(table["rmse"], table["rmse"].iloc[0], rtol=0.05)
    colours = np.where(least, style.HIGHLIGHT, style.NAVY)
    ax.scatter(table["rmse"], row, s=28, color=colours, zorder=3)
    style.value_labels(ax, row, table["rmse"], 4, pad=7)
    ax.set(xscale="log", xlim=(0.7 * table["rmse"].min(), 2.5 * table["rmse"].max()))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")
    ax.set_xlabel(kit.heading("rmse", lang))
    return fig


def residuals(table: pd.DataFrame, lang: str):
    """Computed less printed score of each city: dots with the city left out, ticks with the posts fitted to all, over the band of the tolerance (columns unit, error, left_out, tolerance)."""
    table = table.sort_values("error", ascending=False)
    fig = kit.dumbbell(table, lang, y="unit", start="error", end="left_out", colour=style.NAVY)
    ax, tolerance = fig.axes[0], table["tolerance"].iloc[0]
    ax.axvspan(-tolerance, tolerance, color=style.FAINT, alpha=0.5, linewidth=0, zorder=0)
    ax.axvline(0, color=style.MUTED, linewidth=0.8, zorder=1)
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
        ax.set_xlabel(codebook.node(names[0], lang))
        ax.set_ylabel(codebook.node(names[1], lang))
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
    """Share of fitting rosters that hold each candidate which some hold and others do not, the cities chosen in dark (frame
    of `method.candidates`)."""
    table = candidates[candidates["open"]].sort_values("share_pct", ascending=False)
    form = "{}（{}）" if lang == "zh" else "{} ({})"
    cities = [codebook.word(codebook.unit(city, lang), lang) for city in table["city"]]
    pairs = zip(cities, kit.names(table, "region", lang), strict=True)
    table = table.assign(name=[form.format(*pair) for pair in pairs], roster_share=table["share_pct"])
    colours = np.where(table["chosen"], style.NAVY, style.BASE)
    fig = kit.bars(table, lang, y="name", x="roster_share", colours=list(colours), digits=0)
    for chosen, colour in ((True, style.NAVY), (False, style.BASE)):
        word = codebook.word("in the roster" if chosen else "not in the roster", lang)
        fig.axes[0].scatter([], [], marker="s", color=colour, label=word)
    fig.legend(loc="outside upper right", ncols=2)
    return fig


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
    beside = {"transform": ax.get_yaxis_transform(), "fontsize": 7.5, "color": style.MUTED}
    for place, n in zip(row, compared["n"], strict=True):
        ax.text(1.02, place, f"{n}", va="center", **beside)
    ax.text(1, -0.75, kit.heading("cities_shared", lang), ha="right", **beside)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    return fig
