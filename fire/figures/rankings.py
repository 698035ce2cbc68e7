"""Figures of the rankings: league table with intervals, profile of dimensions, groups, two rankings compared."""

import numpy as np
import pandas as pd
from adjustText import adjust_text

from fire.analysis.rankings import group_names
from fire.figures import context, style


def unit_names(table: pd.DataFrame, lang: str) -> pd.Series:
    return table["unit"] if lang == "zh" else table["unit_en"]


def group_name(name: str, lang: str) -> str:
    return name if lang == "zh" else group_names().get(name) or style.unit(name, lang)


def group_colours(groups) -> dict:
    """Colour of each group; regions keep their own."""
    regions = style.labels.english("region")
    return {
        group: style.region_colour(group) if group in regions else style.CYCLE[place % len(style.CYCLE)]
        for place, group in enumerate(dict.fromkeys(groups))
    }


def league(table: pd.DataFrame, lang: str = "zh", statuses=()):
    """Scores of the top units (left) and their ranks with 5–95 % intervals (right); colours are groups."""
    fig, (left, right) = style.subplots(
        1, 2, height=0.17 * len(table) + 1.2, sharey=True, width_ratios=[1, 1.2]
    )
    of_group = group_colours(table["group"])
    colours = table["group"].map(of_group)
    y = np.arange(len(table))
    left.barh(y, table["score"], color=colours, height=0.65)
    style.value_labels(left, y, table["score"], 1)
    right.hlines(y, table["rank_low"], table["rank_high"], color=colours, lw=3, alpha=0.45)
    right.scatter(table["rank"].astype(float), y, c=colours, s=16, zorder=3)
    left.set_yticks(y, unit_names(table, lang), fontsize=7)
    left.set_ylim(len(table) - 0.4, -0.6)
    left.set_xlim(0, table["score"].max() * 1.15)
    left.set_title(("得分", "Score")[lang == "en"], fontsize=8.5)
    right.set_title(("位次与5%—95%区间", "Rank and 5–95 % interval")[lang == "en"], fontsize=8.5)
    right.set_xlim(0, table["rank_high"].max() + 1)
    for group, colour in of_group.items():
        right.plot([], [], "s", color=colour, label=group_name(group, lang))
    right.legend(loc="upper right", fontsize=7.5)
    return style.status_note(fig, statuses, lang)


def profile(table: pd.DataFrame, names: pd.Series, labels: dict, lang: str = "zh", statuses=()):
    """Heat map of the pillars' scores of the top units; an empty cell is missing, not zero."""
    columns = [
        labels[pillar] if lang == "zh" else labels[pillar].replace(" ", "\n", 1) for pillar in table.columns
    ]
    digits = int(np.nanmax(table.to_numpy()) < 20)
    fig = context.grid(table, list(names.reindex(table.index)), columns, digits, style.SEQUENTIAL)
    ax = fig.axes[0]
    fig.set_figheight(0.17 * len(table) + 0.9)
    ax.tick_params(labelsize=7)
    for text in ax.texts:
        _row, value = (
            int(text.get_position()[1]),
            table.iat[int(text.get_position()[1]), int(text.get_position()[0])],
        )
        text.set(fontsize=6.5, color=style.INK if value > 0.65 * np.nanmax(table.to_numpy()) else style.PAPER)
    return style.status_note(fig, statuses, lang)


def groups(table: pd.DataFrame, lang: str = "zh", statuses=()):
    """Scores of all units by group (points), with the mean of each group (bar); `unit, group, score`."""
    order = table.groupby("group")["score"].mean().sort_values(ascending=False).index
    fig, ax = style.subplots(height=0.42 * len(order) + 0.7)
    for row, group in enumerate(order):
        scores = np.sort(table.loc[table["group"].eq(group), "score"])
        shift = 0.16 * np.sin(np.arange(len(scores)) * 2.4)
        ax.plot(scores, row + shift, "o", ms=4, color=style.SKY, alpha=0.8)
        ax.plot([scores.mean()] * 2, [row - 0.32, row + 0.32], color=style.NAVY, lw=2.5)
        ax.annotate(
            f"{scores.mean():.1f}",
            (scores.mean(), row - 0.36),
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=style.NAVY,
        )
    sizes, shape = table["group"].value_counts(), ("{}（{}）", "{} ({})")[lang == "en"]
    ax.set_yticks(range(len(order)), [shape.format(group_name(group, lang), sizes[group]) for group in order])
    ax.set_ylim(len(order) - 0.4, -0.75)
    ax.set_xlabel(("得分", "Score")[lang == "en"])
    return style.status_note(fig, statuses, lang)


def comparison(cities: pd.DataFrame, names: tuple[str, str], lang: str = "zh"):
    """Places of common cities in two rankings, with the line of equal places; outliers in the highlight colour."""
    fig, ax = style.subplots(height=3.8, width=4.6)
    top = max(cities[["a", "b"]].max()) + 1
    ax.plot([0, top], [0, top], color=style.FAINT, lw=1)
    ax.scatter(
        cities["a"],
        cities["b"],
        s=26,
        color=np.where(cities["outlier"], style.HIGHLIGHT, style.BASE),
        zorder=3,
    )
    texts = [
        ax.text(
            row.a,
            row.b,
            style.city(row.city, lang),
            fontsize=7.5,
            color=style.HIGHLIGHT if row.outlier else style.INK,
        )
        for row in cities.itertuples()
    ]
    adjust_text(texts, ax=ax)
    ax.set(xlim=(0, top), ylim=(0, top), xlabel=names[0], ylabel=names[1])
    ax.grid(True, axis="both")
    return fig
