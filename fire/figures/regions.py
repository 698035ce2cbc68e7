"""Figures of the chapter on regions: means and ranges, inner structure, disparity, coordination, obstacles."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from fire import codebook as labels
from fire.figures import style

PARTS = {
    "within": ("区域内", "Within regions"),
    "between": ("区域间", "Between regions"),
    "transvariation": ("超变密度", "Transvariation"),
}
PART_COLOURS = {"within": style.SKY, "between": style.NAVY, "transvariation": style.SAND}


def words(pair: tuple, lang: str) -> str:
    """The Chinese or the English one of two words."""
    return pair[lang == "en"]


def regions_of(cities: pd.DataFrame) -> list[str]:
    """Regions in descending order of the mean of `score`."""
    return list(cities.groupby("region")["score"].mean().sort_values(ascending=False).index)


def structure(cities: pd.DataFrame, lang: str = "zh"):
    """Inner structure of every region: one panel a region, its cities from leader to last, range and mean.

    `cities`: `unit, region, score` of one node and year. Panels in descending order of the regional mean, on one scale.
    """
    order = regions_of(cities)
    columns = 4
    rows = -(-len(order) // columns)
    fig, axes = style.subplots(rows, columns, height=1.75 * rows, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, order):
        inside = cities[cities["region"] == name].sort_values("score", ascending=False).reset_index(drop=True)
        mean, colour = inside["score"].mean(), style.region_colour(name)
        x = np.linspace(0, 1, len(inside)) if len(inside) > 1 else np.array([0.5])
        ax.axhspan(inside["score"].min(), inside["score"].max(), color=style.FAINT, alpha=0.55, lw=0)
        ax.axhline(mean, color=style.MUTED, lw=0.9, ls=(0, (4, 2)))
        ax.vlines(x, mean, inside["score"], color=colour, lw=0.9, alpha=0.7)
        ax.scatter(x, inside["score"], s=20, color=colour, zorder=3)
        for row in {0, len(inside) - 1}:
            label = f"{style.unit(inside.at[row, 'unit'], lang)} {inside.at[row, 'score']:.2f}"
            first = row == 0
            ax.annotate(
                label,
                (x[row], inside.at[row, "score"]),
                (0, 5 if first else -5),
                textcoords="offset points",
                ha="center" if len(x) == 1 else "left" if first else "right",
                va="bottom" if first else "top",
                fontsize=6.8,
                weight="bold" if first else "normal",
                color=style.INK,
            )
        ax.set_title(style.region(name, lang), fontsize=8)
        ax.set(xlim=(-0.15, 1.15), xticks=[])
        ax.set_xlabel(
            f"n = {len(inside)}    {words(('均值', 'mean'), lang)} {mean:.2f}", fontsize=7, loc="left"
        )
        ax.grid(axis="x", visible=False)
    low, high = cities["score"].min(), cities["score"].max()
    axes.flat[0].set_ylim(low - 0.22 * (high - low), high + 0.2 * (high - low))
    axes.flat[0].yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for ax in axes.flat[len(order) :]:
        ax.axis("off")
    if len(order) < axes.size:
        key = axes.flat[len(order)]
        key.scatter(
            [], [], s=20, color=style.MUTED, label=words(("城市（左首右末）", "City, leader to last"), lang)
        )
        key.plot(
            [],
            [],
            color=style.MUTED,
            lw=0.9,
            ls=(0, (4, 2)),
            label=words(("区域均值", "Regional mean"), lang),
        )
        key.fill_between([], [], color=style.FAINT, alpha=0.55, label=words(("极差", "Range"), lang))
        key.legend(loc="center")
    fig.supylabel(words(("得分", "Score"), lang), fontsize=8.5, color=style.MUTED)
    return fig


def decomposition(table: pd.DataFrame, lang: str = "zh"):
    """Dagum Gini, stacked from its three parts: one bar for each node and year, `node, year, part, value`."""
    wide = table[table["part"].isin(PARTS)].pivot(index=["node", "year"], columns="part", values="value")
    nodes, years = list(dict.fromkeys(table["node"])), sorted(table["year"].unique())
    keys = [(node, year) for node in nodes for year in years]
    y = [-(place + 0.6 * nodes.index(node)) for place, (node, _) in enumerate(keys)]
    fig, ax = style.subplots(height=0.27 * len(keys) + 0.22 * len(nodes) + 0.6)
    left = np.zeros(len(keys))
    for part in ("between", "within", "transvariation"):
        values = wide.loc[keys, part].to_numpy()
        ax.barh(y, values, left=left, color=PART_COLOURS[part], height=0.82, label=words(PARTS[part], lang))
        for row, value in enumerate(values):
            share = value / wide.loc[keys[row]].sum()
            if share > 0.06:
                ax.text(
                    left[row] + value / 2,
                    y[row],
                    f"{100 * share:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=style.PAPER if part == "between" else style.INK,
                )
        left += values
    style.value_labels(ax, y, left, digits=4)
    ax.set_yticks(y, [f"{style.node(node, lang)}  {year}" for node, year in keys])
    ax.set(xlabel=words(("基尼系数", "Gini coefficient"), lang), xlim=(0, 1.1 * left.max()))
    fig.legend(loc="outside upper center", ncols=3)
    return fig


def contributions(table: pd.DataFrame, lang: str = "zh"):
    """Contribution of every region's inner inequality and of the gaps between regions to the Theil index.

    `table`: rows of `regions.theil` for one or two years (`year, part, group, share`); two years are joined by a line.
    """
    rows = table[table["part"] != "total"].assign(
        key=lambda frame: frame["group"].where(frame["part"] == "within", "")
    )
    wide = 100 * rows.pivot(index="key", columns="year", values="share")
    wide = wide.sort_values(wide.columns[-1])
    y = np.arange(len(wide))
    fig, ax = style.subplots(height=0.24 * len(wide) + 0.8)
    ax.hlines(y, wide.min(axis=1), wide.max(axis=1), color=style.FAINT, lw=2)
    for year, colour in zip(wide.columns, np.array([style.BASE, style.NAVY])[-wide.shape[1] :]):
        ax.scatter(wide[year], y, s=30, color=colour, zorder=3, label=str(year))
    for place, (top, value) in enumerate(zip(wide.max(axis=1), wide.iloc[:, -1])):
        ax.annotate(
            f"{value:.1f}", (top, place), (7, 0), textcoords="offset points", va="center", fontsize=7.5
        )
    ax.set_yticks(
        y, [style.region(key, lang) if key else words(PARTS["between"], lang) for key in wide.index]
    )
    for tick, key in zip(ax.get_yticklabels(), wide.index):
        tick.set_weight("normal" if key else "bold")
    ax.set(
        xlabel=words(("对泰尔指数的贡献（%）", "Contribution to the Theil index (%)"), lang),
        xlim=(None, 1.08 * wide.max(axis=None)),
    )
    fig.legend(loc="outside upper right", ncols=wide.shape[1])
    return fig


def pairs(groups: pd.DataFrame, between: pd.DataFrame, lang: str = "zh"):
    """Gini inside each region (diagonal) and between each pair (below it), from `regions.dagum_tables`."""
    names = list(groups["group"])
    values = between.pivot(index="other", columns="group", values="gini").reindex(index=names, columns=names)
    values = values.to_numpy(copy=True)
    values[np.diag_indices(len(names))] = groups["gini"]
    named = [style.region(name, lang) for name in names]
    return heat(
        values, named, named, 3, words(("基尼系数", "Gini coefficient"), lang), height=4.9, fontsize=6
    )


def heat(
    values: np.ndarray,
    rows: list,
    columns: list,
    digits: int,
    label: str,
    height: float,
    fontsize: float = 6.5,
    top: float | None = None,
):
    """Annotated heat map; missing cells stay empty."""
    fig, ax = style.subplots(height=height)
    image = ax.imshow(values, cmap="Blues", aspect="auto", vmin=0, vmax=top)
    for (row, column), value in np.ndenumerate(values):
        if value == value:
            ax.text(
                column,
                row,
                f"{value:.{digits}f}",
                ha="center",
                va="center",
                fontsize=fontsize,
                color=style.PAPER if value > 0.6 * image.norm.vmax else style.INK,
            )
    ax.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor", fontsize=7)
    ax.set_yticks(range(len(rows)), rows, fontsize=min(7, fontsize + 0.6))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    over = "max" if np.nanmax(values) > image.norm.vmax else "neither"
    bar = fig.colorbar(image, ax=ax, shrink=0.6, pad=0.02, label=label, extend=over)
    bar.outline.set_visible(False)
    return fig


def coordination(table: pd.DataFrame, lang: str = "zh", marked=()):
    """Coupling C against level T of every city, with lines of equal coordination D; `unit, region, C, T`."""
    fig, ax = style.subplots(height=4.2)
    left, right, bottom = table["T"].min() - 0.04, table["T"].max() + 0.07, table["C"].min() - 0.03
    level = np.linspace(0.01, right, 300)
    for degree in np.arange(0.1, 1, 0.1):
        ax.plot(level, degree**2 / level, color=style.FAINT, lw=0.9, zorder=0)
        foot = degree**2 / bottom
        inside = foot < right - 0.05
        place = (foot, bottom) if inside else (right, degree**2 / right)
        if foot > left and place[1] < 1:
            ax.annotate(
                f"D={degree:.1f}",
                place,
                (3, 3) if inside else (-3, 3),
                textcoords="offset points",
                fontsize=6.5,
                color=style.MUTED,
                ha="left" if inside else "right",
            )
    for name, inside in table.groupby("region", sort=False):
        ax.scatter(
            inside["T"],
            inside["C"],
            s=22,
            color=style.region_colour(name),
            marker=style.region_marker(name),
            label=style.region(name, lang),
            zorder=3,
        )
    name_points(ax, table[table["unit"].isin(marked)].rename(columns={"T": "x", "C": "y"}), lang)
    ax.set(
        xlabel=words(("综合水平 T", "Level T"), lang),
        ylabel=words(("耦合度 C", "Coupling C"), lang),
        xlim=(left, right),
        ylim=(bottom, 1.015),
    )
    ax.grid(visible=False)
    fig.legend(loc="outside upper center", ncols=5 if lang == "zh" else 4, fontsize=7)
    return fig


def name_points(ax, table: pd.DataFrame, lang: str) -> None:
    """Name the units at `x, y`: above or below as `up` says, in turn to the left and right; without `up`, in turn."""
    for place, row in enumerate(table.sort_values("x").itertuples()):
        above, side = (
            getattr(row, "up", place % 2),
            ("right", "left")[place % 2] if "up" in table else "center",
        )
        ax.annotate(
            style.unit(row.unit, lang),
            (row.x, row.y),
            (0, 5 if above else -5),
            textcoords="offset points",
            fontsize=6.8,
            ha=side,
            va="bottom" if above else "top",
            zorder=5,
        )


def obstacles(table: pd.DataFrame, lang: str = "zh"):
    """Obstacle degree in per cent, units by nodes, both in order of appearance; `unit, node, share`."""
    units, nodes = list(dict.fromkeys(table["unit"])), list(dict.fromkeys(table["node"]))
    values = 100 * table.pivot(index="unit", columns="node", values="share").loc[units, nodes].to_numpy()
    return heat(
        values,
        [style.unit(unit, lang) for unit in units],
        [labels.node(node, lang) for node in nodes],
        0,
        words(("障碍度（%）", "Obstacle degree (%)"), lang),
        height=0.108 * len(units) + 1.6,
        fontsize=5.5 if len(units) > 20 else 7,
        top=np.nanquantile(values, 0.995),
    )
