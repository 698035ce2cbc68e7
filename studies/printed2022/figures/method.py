"""Figures of the method chapter: form of pillar F, base-year statistics, weights, roster."""

import numpy as np
from scipy.spatial import ConvexHull

from fire.figures import style

WORDS = {
    "identified": ("本规格", "identified form"),
    "urban share": ("城镇人口占比", "urban share"),
    "log share": ("三产占比取对数", "log of the share"),
    "level gdp": ("GDP 不取对数", "GDP in levels"),
    "level populations": ("人口不取对数", "populations in levels"),
    "all levels": ("全部不取对数", "all in levels"),
    "year before": ("用再上一年统计", "statistics of the year before"),
    "without urban": ("不含城镇人口", "without urban population"),
    "rmse": ("均方根误差（分，对数轴）", "root mean square error (points, log axis)"),
    "error": ("计算值减刊载值（分）", "computed less printed (points)"),
    "fitted": ("按确定的上下限", "with the identified posts"),
    "left out": ("该市不参与拟合时的预测", "predicted with the city left out"),
    "official": ("公开统计（万人，2019年）", "official statistics of 2019 (10,000 persons)"),
    "solved": ("由刊载数字解出（万人）", "solved from printed digits (10,000 persons)"),
    "urban_population": ("城镇常住人口", "urban residents"),
    "registered_population": ("户籍人口", "registered population"),
    "population": ("常住人口", "residents"),
    "weight": ("权重", "weight"),
    "equal": ("等权", "equal weights"),
    "grid": ("格点解", "on the 0.01 grid"),
    "set": ("可行域的投影", "feasible set, projected"),
    "share": ("含该城市的可行名单占比", "share of fitting rosters with the city"),
}


def word(key: str, lang: str) -> str:
    """A label of this chapter in one language."""
    return WORDS[key][lang == "en"]


def forms(errors, lang: str = "zh"):
    """Error of each form of pillar F (columns form, rmse), the smallest highlighted."""
    table = errors.sort_values("rmse", ascending=False)
    fig, ax = style.subplots(height=2.6)
    colours = [style.HIGHLIGHT if value == table["rmse"].min() else style.BASE for value in table["rmse"]]
    ax.barh([word(form, lang) for form in table["form"]], table["rmse"], color=colours)
    ax.set_xscale("log")
    ax.set_xlim(1e-4, 2)
    style.value_labels(ax, range(len(table)), table["rmse"], digits=4)
    ax.set_xlabel(word("rmse", lang))
    return fig


def residuals(table, tolerance: float, lang: str = "zh"):
    """Computed less printed score of each city: unit, error (identified posts), left_out (prediction error)."""
    table = table.sort_values("error")
    fig, ax = style.subplots(height=3.4)
    places = range(len(table))
    ax.axvspan(-tolerance, tolerance, color=style.FAINT, alpha=0.5, linewidth=0)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    ax.scatter(
        table["left_out"],
        places,
        s=22,
        facecolors="none",
        edgecolors=style.MUTED,
        linewidths=1.1,
        label=word("left out", lang),
    )
    ax.scatter(table["error"], places, s=26, color=style.NAVY, label=word("fitted", lang))
    ax.set_yticks(places, [style.city(unit, lang) for unit in table["unit"]])
    ax.set_xlabel(word("error", lang))
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def base_statistics(table, lang: str = "zh"):
    """Base-year populations solved from printed digits against official ones: unit, measure, official, solved;
    `agrees` marks those that do.
    """
    fig, ax = style.subplots(height=4.2)
    ends = [
        0.75 * table[["official", "solved"]].min(axis=None),
        1.5 * table[["official", "solved"]].max(axis=None),
    ]
    ax.plot(ends, ends, color=style.MUTED, linewidth=0.8)
    for (measure, group), colour, marker in zip(
        table.groupby("measure", sort=False), style.CYCLE, style.MARKERS, strict=False
    ):
        agrees = group["agrees"]
        ax.scatter(
            group["official"],
            group["solved"],
            marker=marker,
            s=34,
            label=word(measure, lang),
            facecolors=[colour if one else "none" for one in agrees],
            edgecolors=colour,
            linewidths=1.2,
            zorder=3,
        )
    for place, row in enumerate(table.drop_duplicates("unit").sort_values("official").itertuples()):
        below = place % 2 == 0
        ax.annotate(
            style.city(row.unit, lang),
            (row.official, row.solved),
            (5, -9) if below else (-5, 5),
            textcoords="offset points",
            ha="left" if below else "right",
            fontsize=7.5,
            color=style.INK,
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlim=ends,
        ylim=ends,
        xlabel=word("official", lang),
        ylabel=word("solved", lang),
    )
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.0f}")
        axis.set_minor_formatter("")
    ax.legend(loc="upper left")
    return fig


def polytope(corners, grid, lang: str = "zh"):
    """Feasible pillar weights projected on two planes: corners (n by 4, order F I R E) and the grid points inside."""
    fig, panels = style.subplots(1, 2, height=2.9)
    names = ["F", "I", "R", "E"]
    for ax, (one, two) in zip(panels, ((0, 3), (1, 2)), strict=True):
        flat = corners[:, [one, two]]
        hull = flat[ConvexHull(flat).vertices]
        ax.fill(hull[:, 0], hull[:, 1], color=style.BASE, alpha=0.45, label=word("set", lang))
        ax.scatter(
            grid[names[one]],
            grid[names[two]],
            color=style.HIGHLIGHT,
            s=30,
            zorder=3,
            label=word("grid", lang),
        )
        ax.set(
            xlabel=f"{style.node(names[one], lang)} {names[one]}",
            ylabel=f"{style.node(names[two], lang)} {names[two]}",
        )
        ax.grid(True, axis="both")
        ax.margins(0.25)
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=7.5)
    return fig


def weight_bounds(table, lang: str = "zh"):
    """Interval of each weight that the printed digits allow: parent, node, low, high, equal."""
    table = table.iloc[::-1].reset_index(drop=True)
    fig, ax = style.subplots(height=0.19 * len(table) + 0.7)
    narrow = (table["high"] - table["low"]) < 0.05
    ax.hlines(
        table.index,
        table["low"],
        table["high"],
        color=np.where(narrow, style.HIGHLIGHT, style.BASE),
        linewidth=5,
    )
    ax.scatter(
        table["equal"], table.index, marker="|", s=70, color=style.INK, zorder=3, label=word("equal", lang)
    )
    ax.scatter(table.loc[narrow, "low"], table.index[narrow], s=14, color=style.HIGHLIGHT, zorder=2)
    ax.set_yticks(table.index, [f"{style.node(row.node, lang)}" for row in table.itertuples()], fontsize=7)
    ax.set_xlim(-0.02, 1.02)
    ax.set_xlabel(word("weight", lang))
    fig.legend(loc="outside upper right")
    return fig


def roster(table, lang: str = "zh"):
    """Share of fitting rosters that hold each candidate: region, city, share, chosen (in data/places.csv)."""
    table = table.iloc[::-1].reset_index(drop=True)
    fig, ax = style.subplots(height=0.175 * len(table) + 0.6)
    ax.barh(table.index, 100 * table["share"], color=np.where(table["chosen"], style.NAVY, style.BASE))
    ax.set_yticks(
        table.index,
        [
            f"{style.unit(row.city, lang)}（{style.region(row.region, lang)}）"
            if lang == "zh"
            else f"{row.name_en} ({style.region(row.region, lang)})"
            for row in table.itertuples()
        ],
        fontsize=7,
    )
    ax.set_xlabel(f"{word('share', lang)} (%)")
    return fig
