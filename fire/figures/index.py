"""Figures of the index and of the cities of a region: league, regions, map, profiles, comparisons."""

import textwrap

import numpy as np
import pandas as pd

from fire import codebook as labels
from fire.figures import style
from fire.figures.style import BASE, FAINT, HIGHLIGHT, INK, MUTED, NAVY

WORDS = {
    "zh": {
        "score": "得分",
        "rank": "名次（区间：5%–95%）",
        "printed": "报告刊载值",
        "computed": "本报告计算值",
        "mean": "区域均值",
        "growth": "增长（%）",
        "cities": "全部城市的范围与中位数",
        "city": "城市",
        "share": "占比",
    },
    "en": {
        "score": "Score",
        "rank": "Rank (interval: 5–95 %)",
        "printed": "as printed",
        "computed": "computed here",
        "mean": "regional mean",
        "growth": "Growth (%)",
        "cities": "range and median of all cities",
        "city": "city",
        "share": "Share",
    },
}


def league(table: pd.DataFrame, lang: str = "zh", years=(2020, 2021)):
    """League table as a chart: score of both years and the printed one, rank with its interval.

    `table`: unit, score, before, rank, and if known printed, rank_low, rank_high; one row a city.
    """
    table = table.sort_values(["rank", "unit"], ascending=False, ignore_index=True)
    words, row = WORDS[lang], np.arange(len(table))
    sure = "rank_low" in table
    fig, axes = style.subplots(
        1,
        2 if sure else 1,
        height=0.138 * len(table) + 0.7,
        sharey=True,
        squeeze=False,
        gridspec_kw={"width_ratios": [5, 3] if sure else [1]},
    )
    left = axes[0, 0]
    left.hlines(row, table["before"], table["score"], color=BASE, linewidth=1.2)
    left.scatter(
        table["before"],
        row,
        s=12,
        facecolor="white",
        edgecolor=BASE,
        linewidth=1,
        label=str(years[0]),
        zorder=3,
    )
    left.scatter(table["score"], row, s=16, color=NAVY, label=str(years[1]), zorder=3)
    if "printed" in table and table["printed"].notna().any():
        left.scatter(
            table["printed"],
            row,
            s=34,
            marker="|",
            color=HIGHLIGHT,
            linewidth=1.4,
            zorder=4,
            label=words["printed"],
        )
    for position, city in enumerate(table.itertuples()):
        style.end_label(left, max(city.before, city.score), position, f"{city.score:.3f}", 5, fontsize=6)
    left.set_yticks(
        row, [f"{style.city(city.unit, lang)}  {city.rank}" for city in table.itertuples()], fontsize=6.5
    )
    left.set(ylim=(-0.8, len(table) - 0.2), xlabel=words["score"])
    left.margins(x=0.09)
    left.legend(loc="lower right", handletextpad=0.2)
    if sure:
        right = axes[0, 1]
        right.hlines(row, table["rank_low"], table["rank_high"], color=BASE, linewidth=3)
        right.scatter(table["rank"], row, s=14, color=NAVY, zorder=3)
        right.set(xlabel=words["rank"], xlim=(len(table) + 1, 0))
        right.set_xticks([1, *range(10, len(table) + 1, 10)])
    return fig


def region_strip(cities: pd.DataFrame, means: pd.DataFrame, lang: str = "zh", label: int = 1):
    """Each city as a dot in the row of its region, regions by their mean; printed regional means as diamonds.

    `cities`: unit, region, score. `means`: unit (region), score, and if known printed. The `label` highest and lowest
    cities of each region are named.
    """
    means = means.sort_values("score", ignore_index=True)
    place = {region: row for row, region in enumerate(means["unit"])}
    fig, ax = style.subplots(height=0.27 * len(means) + 0.6)
    row = cities["region"].map(place)
    words, rows = WORDS[lang], range(len(means))
    ax.scatter(
        cities["score"],
        row,
        s=26,
        color=BASE,
        edgecolor="white",
        linewidth=0.5,
        zorder=3,
        label=words["city"],
    )
    ax.scatter(
        means["score"], rows, s=120, marker="|", color=NAVY, linewidth=2.4, zorder=4, label=words["mean"]
    )
    if "printed" in means and means["printed"].notna().any():
        ax.scatter(
            means["printed"],
            rows,
            s=26,
            marker="D",
            facecolor="none",
            edgecolor=HIGHLIGHT,
            linewidth=1.2,
            zorder=5,
            label=words["printed"],
        )
    for _, group in cities.groupby("region"):
        name_ends(ax, group.sort_values("score"), place, label, lang)
    ax.set_yticks(range(len(means)), [style.region(region, lang) for region in means["unit"]])
    ax.set(xlabel=words["score"], ylim=(-0.6, len(means) - 0.4))
    ax.margins(x=0.16)
    style.top_legend(ax)
    return fig


def name_ends(ax, group: pd.DataFrame, place: dict, label: int, lang: str) -> None:
    """Name the lowest cities of a region to the left of their dots and the highest to the right."""
    count = min(label, len(group) // 2)
    for part, pad in ((group.tail(max(count, 1)), 5), (group.head(count), -5)):
        for city in part.itertuples():
            style.end_label(ax, city.score, place[city.region], style.city(city.unit, lang), pad, fontsize=7)


def regional_pillars(table: pd.DataFrame, lang: str = "zh"):
    """Regional means of every pillar, computed (dot) and printed (diamond). `table`: unit, node, score, printed."""
    nodes = [node for node in style.PILLARS if node in set(table["node"])]
    words, wide = WORDS[lang], table.pivot(index="unit", columns="node", values="score")
    order = wide.mean(axis=1).sort_values().index
    rows = range(len(order))
    fig, axes = style.subplots(1, len(nodes), height=0.25 * len(order) + 0.8, sharey=True)
    for ax, node in zip(axes, nodes, strict=True):
        one = table[table["node"].eq(node)].set_index("unit").loc[order]
        ax.hlines(rows, 0, one["score"], color=FAINT, linewidth=1.2)
        dots = ax.scatter(one["score"], rows, s=22, color=style.PILLARS[node], zorder=3)
        marks = ax.scatter(
            one["printed"], rows, s=60, marker="D", facecolor="none", edgecolor=INK, linewidth=0.9, zorder=4
        )
        ax.set_title(style.node(node, lang))
        ax.set_xlim(0, table[["score", "printed"]].max().max() * 1.1)
    axes[0].set_yticks(rows, [style.region(region, lang) for region in order])
    fig.legend([dots, marks], [words["computed"], words["printed"]], loc="outside upper right", ncols=2)
    return fig


def dumbbell(table: pd.DataFrame, lang: str = "zh", years=(2020, 2021), kind: str = "unit"):
    """Two years of one score by unit, the growth written at the end. `table`: unit, before, score, growth_pct."""
    table = table.sort_values("score", ignore_index=True)
    row, up = np.arange(len(table)), table["score"].ge(table["before"])
    fig, ax = style.subplots(height=0.25 * len(table) + 0.7)
    colours = np.where(up, style.RISE, style.FALL)
    ax.hlines(row, table["before"], table["score"], color=colours, linewidth=2)
    ax.scatter(table["before"], row, s=26, facecolor="white", edgecolor=colours, linewidth=1.3, zorder=3)
    ax.scatter(table["score"], row, s=30, color=colours, zorder=3)
    for position, one in enumerate(table.itertuples()):
        if one.growth_pct == one.growth_pct:
            style.end_label(ax, max(one.before, one.score), position, f"{one.growth_pct:+.1f}%", 7)
    ax.set_yticks(row, [getattr(style, kind)(unit, lang) for unit in table["unit"]])
    ax.set(xlabel=WORDS[lang]["score"], ylim=(-0.6, len(table) - 0.4))
    ax.margins(x=0.1)
    top = table.iloc[-1]
    flip = 1 if top["score"] >= top["before"] else -1
    for year, value, side in ((years[0], top["before"], -flip), (years[1], top["score"], flip)):
        ax.annotate(
            str(year),
            (value, len(table) - 1),
            (5 * side, 9),
            textcoords="offset points",
            fontsize=7.5,
            color=INK,
            ha="left" if side > 0 else "right",
        )
    return fig


def city_map(table: pd.DataFrame, lang: str = "zh", name: int = 20):
    """Cities at longitude and latitude, area and colour by score, the `name` best named. `table`: unit, lon, lat,
    score."""
    from adjustText import adjust_text
    from matplotlib.patheffects import withStroke

    table = table.sort_values("score", ascending=False, ignore_index=True)
    fig, ax = style.subplots(height=4.9)
    size = 10 + 130 * ((table["score"] - table["score"].min()) / np.ptp(table["score"])) ** 2
    dots = ax.scatter(
        table["lon"],
        table["lat"],
        s=size,
        c=table["score"],
        cmap=style.SEQUENTIAL + "_r",
        zorder=3,
        edgecolor="white",
        linewidth=0.5,
    )
    halo = [withStroke(linewidth=2, foreground="white")]
    texts = [
        ax.text(city.lon, city.lat, style.city(city.unit, lang), fontsize=7, path_effects=halo, zorder=5)
        for city in table.head(name).itertuples()
    ]
    ax.set(
        aspect=1 / np.cos(np.deg2rad(34)),
        xlabel={"zh": "东经（度）", "en": "Longitude (°E)"}[lang],
        ylabel={"zh": "北纬（度）", "en": "Latitude (°N)"}[lang],
    )
    ax.grid(True, axis="both")
    fig.colorbar(dots, ax=ax, shrink=0.5, label=WORDS[lang]["score"], drawedges=False).outline.set_visible(
        False
    )
    fig.draw_without_rendering()
    adjust_text(
        texts,
        x=table["lon"].to_numpy(),
        y=table["lat"].to_numpy(),
        ax=ax,
        iter_lim=150,
        expand=(1.15, 1.6),
        objects=dots,
        arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.5, "zorder": 4},
    )
    return fig


def profile(table: pd.DataFrame, lang: str = "zh", years=(2020, 2021)):
    """Scores of some indicators of one city in both years, over the range and median of all cities.

    `table`: node, before, score, low, median, high (the last three of all cities in the later year), best row first.
    """
    table = table.iloc[::-1].reset_index(drop=True)
    row, words = np.arange(len(table)), WORDS[lang]
    fig, ax = style.subplots(height=0.25 * len(table) + 0.75)
    ax.hlines(row, table["low"], table["high"], color=FAINT, linewidth=7, label=words["cities"])
    ax.scatter(table["median"], row, s=60, marker="|", color=MUTED, linewidth=1.6, zorder=2.5)
    ax.hlines(row, table["before"], table["score"], color=NAVY, linewidth=1.2)
    ax.scatter(
        table["before"],
        row,
        s=26,
        facecolor="white",
        edgecolor=NAVY,
        linewidth=1.2,
        zorder=3,
        label=str(years[0]),
    )
    ax.scatter(table["score"], row, s=32, color=NAVY, zorder=4, label=str(years[1]))
    for position, one in enumerate(table.itertuples()):
        style.end_label(
            ax, max(one.before, one.score), position, f"{one.score:.2f}", color=NAVY, weight="bold"
        )
    ax.set_yticks(row, [wrap(style.node(node, lang), lang) for node in table["node"]], fontsize=7.5)
    ax.set(xlabel=words["score"], ylim=(-0.6, len(table) - 0.4))
    ax.margins(x=0.08)
    style.top_legend(ax)
    return fig


def growths(table: pd.DataFrame, lang: str = "zh"):
    """Growth of some indicators of one city (bars) against the median city (tick). `table`: node, growth_pct,
    median."""
    table = table.iloc[::-1].reset_index(drop=True)
    row, colours = np.arange(len(table)), np.where(table["growth_pct"].ge(0), style.RISE, style.FALL)
    fig, ax = style.subplots(height=0.25 * len(table) + 0.6)
    ax.barh(row, table["growth_pct"], height=0.62, color=colours)
    ticks = ax.scatter(table["median"], row, s=110, marker="|", color=INK, linewidth=1.6, zorder=3)
    for position, one in enumerate(table.itertuples()):
        style.end_label(ax, max(one.growth_pct, one.median, 0), position, f"{one.growth_pct:+.1f}")
    ax.axvline(0, color=MUTED, linewidth=0.7)
    ax.set_yticks(row, [wrap(style.node(node, lang), lang) for node in table["node"]], fontsize=7.5)
    ax.set(xlabel=WORDS[lang]["growth"], ylim=(-0.6, len(table) - 0.4))
    ax.margins(x=0.1)
    style.top_legend(ax, [ticks], [{"zh": "全部城市的中位数", "en": "median of all cities"}[lang]])
    return fig


def compare(table: pd.DataFrame, lang: str = "zh", years=(2020, 2021)):
    """A set of cities side by side, one panel a node, both years. `table`: unit, node, before,
    score; order as given."""
    nodes, units = list(dict.fromkeys(table["node"])), list(dict.fromkeys(table["unit"]))[::-1]
    fig, axes = style.subplots(1, len(nodes), height=0.3 * len(units) + 0.9, sharey=True, squeeze=False)
    top = table[["before", "score"]].max().max()
    for ax, node in zip(axes[0], nodes, strict=True):
        one = table[table["node"].eq(node)].set_index("unit").reindex(units)
        row = np.arange(len(units))
        ax.hlines(row, one["before"], one["score"], color=NAVY, linewidth=1.2)
        first = ax.scatter(
            one["before"], row, s=26, facecolor="white", edgecolor=NAVY, linewidth=1.2, zorder=3
        )
        last = ax.scatter(one["score"], row, s=32, color=NAVY, zorder=4)
        for position, city in enumerate(one.itertuples()):
            style.end_label(ax, max(city.before, city.score), position, f"{city.score:.2f}")
        ax.set_title(wrap(style.node(node, lang), lang, 12 if len(nodes) > 3 else 16), fontsize=8)
        ax.set(xlim=(0, top * 1.22), ylim=(-0.6, len(units) - 0.4))
    axes[0, 0].set_yticks(range(len(units)), [style.unit(unit, lang) for unit in units])
    fig.legend(
        [first, last], [str(year) for year in years], loc="outside upper right", ncols=2, handletextpad=0.2
    )
    return fig


def status_bars(table: pd.DataFrame, lang: str = "zh"):
    """Share of every score by data status, from hard to soft. `table`: node, status, share (0 to 1)."""
    nodes = list(dict.fromkeys(table["node"]))[::-1]
    wide = table.pivot(index="node", columns="status", values="share").reindex(nodes)
    wide = wide[[status for status in labels.STATUS if status in wide and wide[status].gt(0.0005).any()]]
    fig, ax = style.subplots(height=0.36 * len(nodes) + 0.8)
    left = np.zeros(len(nodes))
    for status in wide:
        colour = style.STATUS[status]
        ax.barh(
            range(len(nodes)),
            wide[status],
            left=left,
            height=0.66,
            color=colour,
            hatch=style.HATCH.get(status),
            edgecolor="white",
            label=style.status(status, lang),
        )
        for position, (start, share) in enumerate(zip(left, wide[status], strict=True)):
            if share >= 0.07:
                ax.text(
                    start + share / 2,
                    position,
                    f"{100 * share:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    weight="bold",
                    color=INK if status in ("estimated", "imputed") else "white",
                    bbox={"facecolor": colour, "pad": 1.2, "linewidth": 0},
                )
        left += wide[status].to_numpy()
    ax.set_yticks(range(len(nodes)), [style.node(node, lang) for node in nodes])
    ax.set(xlim=(0, 1), ylim=(-0.6, len(nodes) - 0.4))
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    style.top_legend(ax)
    return fig


def wrap(text: str, lang: str, size: int = 30) -> str:
    """Break a long label into lines; Chinese counts half of `size` characters."""
    return "\n".join(textwrap.wrap(text, size // 2 if lang == "zh" else size))
