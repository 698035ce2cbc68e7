"""Figures of the chapter on dynamics: density, ranks, transitions, convergence, space, regressions."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from matplotlib.ticker import MaxNLocator

from fire.figures import style
from fire.figures.regions import heat, name_points, words

CLUSTERS = {
    "HH": (style.RED, "o", ("高—高", "High–high")),
    "LL": (style.NAVY, "s", ("低—低", "Low–low")),
    "HL": (style.ORANGE, "^", ("高—低", "High–low")),
    "LH": (style.SKY, "v", ("低—高", "Low–high")),
    "": (style.FAINT, "o", ("不显著", "Not significant")),
}


def ridge(table: pd.DataFrame, lang: str = "zh"):
    """Kernel density ridges: one panel a node, one ridge a year, the latest on top; `node, year, score, density`."""
    nodes, years = list(dict.fromkeys(table["node"])), sorted(table["year"].unique())
    fig, axes = style.subplots(
        1, len(nodes), height=0.55 * len(years) + 1.3, sharex=True, sharey=True, squeeze=False
    )
    step = 0.62 * table["density"].max()
    colours = [style.plt.get_cmap(style.SEQUENTIAL)(x) for x in np.linspace(0.15, 0.75, len(years))]
    for ax, node in zip(axes.flat, nodes):
        inside = table[table["node"] == node]
        for level, (year, colour) in enumerate(zip(years, colours)):
            curve = inside[inside["year"] == year]
            base = level * step
            top = base + curve["density"]
            ax.fill_between(curve["score"], base, top, color=colour, alpha=0.75, lw=0, zorder=-level)
            ax.plot(curve["score"], top, color=style.PAPER, lw=0.8, zorder=-level)
            peak = curve.loc[curve["density"].idxmax()]
            ax.plot(
                [peak["score"]] * 2, [base, base + peak["density"]], color=style.INK, lw=0.7, ls=":", zorder=2
            )
        ax.set_title(style.node(node, lang), fontsize=8.5)
        ax.spines["left"].set_visible(False)
        ax.grid(visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_ylim(0, step * (len(years) - 1) + 1.05 * table["density"].max())
    axes.flat[0].set_yticks([level * step for level in range(len(years))], years)
    fig.supxlabel(words(("得分", "Score"), lang), fontsize=8.5, color=style.MUTED)
    return fig


def slope(ranks: pd.DataFrame, lang: str = "zh", marked: int = 5):
    """Ranks of all units from year to year, the largest movers coloured; `ranks`: rows units, columns years."""
    change = ranks.iloc[:, 0] - ranks.iloc[:, -1]
    edge = change.abs().nlargest(2 * marked, keep="all").min() if (change != 0).any() else np.inf
    fig, ax = style.subplots(height=0.118 * len(ranks) + 0.5)
    for unit, row in ranks.iterrows():
        moved = abs(change[unit]) >= max(edge, 1)
        colour = (style.RISE if change[unit] > 0 else style.FALL) if moved else style.BASE
        ax.plot(
            range(len(row)),
            row,
            color=colour,
            lw=1.5 if moved else 0.7,
            zorder=1 + 2 * moved,
            marker="o",
            ms=2.4,
        )
        options = {
            "fontsize": 6.3,
            "va": "center",
            "color": colour if moved else style.INK,
            "weight": "bold" if moved else "normal",
        }
        label = style.unit(unit, lang)
        ax.text(-0.03, row.iloc[0], f"{label}  {row.iloc[0]:.0f}", ha="right", **options)
        step = f" ({change[unit]:+.0f})".replace("-", "−") if change[unit] else ""
        ax.text(len(row) - 0.97, row.iloc[-1], f"{row.iloc[-1]:.0f}  {label}{step}", ha="left", **options)
    ax.set(xlim=(-0.35, len(ranks.columns) - 0.6), ylim=(len(ranks) + 0.7, 0.3), yticks=[])
    ax.set_xticks(range(len(ranks.columns)), ranks.columns)
    ax.xaxis.tick_top()
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return fig


def transitions(table: pd.DataFrame, lang: str = "zh"):
    """Transition probabilities as a heat map, rows = class before, columns = class after, with counts of each row."""
    order = list(pd.unique(table["from"]))
    matrix = table.pivot(index="from", columns="to", values="probability").loc[order, order]
    leaving = table.groupby("from")["count"].sum()
    rows = [f"{name}  (n={leaving[name]})" for name in order]
    fig = heat(
        matrix.to_numpy(),
        rows,
        order,
        3,
        words(("转移概率", "Transition probability"), lang),
        height=2.9,
        fontsize=8.5,
        top=1,
    )
    ax = fig.axes[0]
    ax.set(
        xlabel=words(("次年等级（1=最低）", "Class one year later (1 = lowest)"), lang),
        ylabel=words(("当年等级", "Class in the year"), lang),
    )
    ax.tick_params(labelsize=8, axis="both")
    for tick in ax.get_xticklabels():
        tick.set(rotation=0, ha="center")
    return fig


def beta(data: pd.DataFrame, lang: str = "zh", marked=()):
    """Growth against the log of the first score, fitted line and its 95 % band; `unit, initial, growth`."""
    result = sm.OLS(data["growth"], sm.add_constant(data["initial"])).fit(cov_type="HC1", use_t=True)
    grid = np.linspace(data["initial"].min(), data["initial"].max(), 60)
    band = result.get_prediction(sm.add_constant(grid)).summary_frame()
    fig, ax = style.subplots(height=3.7)
    ax.fill_between(
        grid, 100 * band["mean_ci_lower"], 100 * band["mean_ci_upper"], color=style.SKY, alpha=0.35, lw=0
    )
    ax.plot(grid, 100 * band["mean"], color=style.NAVY)
    ax.axhline(0, color=style.MUTED, lw=0.6)
    ax.scatter(
        data["initial"], 100 * data["growth"], s=16, color=style.BASE, edgecolor=style.MUTED, lw=0.4, zorder=3
    )
    points = data[data["unit"].isin(marked)].assign(
        x=data["initial"], y=100 * data["growth"], up=result.resid > 0
    )
    ax.scatter(points["x"], points["y"], s=20, color=style.HIGHLIGHT, zorder=4)
    name_points(ax, points, lang)
    ax.set(
        xlabel=words(("基期得分的对数", "Logarithm of the first score"), lang),
        ylabel=words(("年均增长（对数，%）", "Growth a year (log, %)"), lang),
    )
    return fig


def moran_scatter(table: pd.DataFrame, lang: str = "zh"):
    """Moran scatter plot of one year: a city's standardised score against the mean of its neighbours; slope = I."""
    fig, ax = style.subplots(height=4)
    draw_clusters(ax, table.rename(columns={"z": "x", "lag": "y"}).assign(up=table["lag"] > 0), lang)
    slope = np.polyfit(table["z"], table["lag"], 1)[0]
    grid = np.array([table["z"].min(), table["z"].max()])
    ax.plot(grid, slope * (grid - table["z"].mean()) + table["lag"].mean(), color=style.INK, lw=1.1)
    ax.axhline(0, color=style.MUTED, lw=0.6, ls="--")
    ax.axvline(0, color=style.MUTED, lw=0.6, ls="--")
    ax.set(
        xlabel=words(("标准化得分 z", "Standardised score z"), lang),
        ylabel=words(("邻近城市的 z 均值", "Mean z of the neighbours"), lang),
    )
    ax.grid(visible=False)
    fig.legend(loc="outside upper center", ncols=5)
    return fig


def clusters(table: pd.DataFrame, places: pd.DataFrame, lang: str = "zh"):
    """Local clusters of one year on longitude and latitude (cities as points, no borders)."""
    table = table.merge(places, left_on="unit", right_on="city").rename(columns={"lon": "x", "lat": "y"})
    fig, ax = style.subplots(height=4.6)
    draw_clusters(ax, table, lang)
    ax.set(
        xlabel=words(("东经（°）", "Longitude (° E)"), lang),
        ylabel=words(("北纬（°）", "Latitude (° N)"), lang),
    )
    ax.set_aspect(1 / np.cos(np.radians(table["y"].mean())))
    ax.grid(visible=True, axis="both")
    fig.legend(loc="outside upper center", ncols=5)
    return fig


def draw_clusters(ax, table: pd.DataFrame, lang: str) -> None:
    """Points coloured by cluster, members named; a ring marks those that stand the false discovery rate."""
    for key, (colour, marker, label) in CLUSTERS.items():
        inside = table[table["cluster"] == key]
        ax.scatter(
            inside["x"],
            inside["y"],
            s=26 if key else 14,
            color=colour,
            marker=marker,
            label=words(label, lang),
            zorder=3 if key else 2,
            edgecolor=style.MUTED,
            lw=0.4,
        )
    robust = table[table["robust"]]
    ax.scatter(
        robust["x"],
        robust["y"],
        s=70,
        facecolor="none",
        edgecolor=style.INK,
        lw=0.8,
        zorder=4,
        label=words(("控制错误发现率后仍显著", "Stands the false discovery rate"), lang)
        if len(robust)
        else None,
    )
    name_points(ax, table[table["cluster"] != ""], lang)


def coefficients(table: pd.DataFrame, names: dict, lang: str = "zh"):
    """Coefficient plot: point and 95 % interval of each term, one colour a model; `names`: term or model -> words."""
    terms, models = list(dict.fromkeys(table["term"])), list(dict.fromkeys(table["model"]))
    fig, ax = style.subplots(height=0.26 * len(terms) * max(len(models), 2) / 2 + 1)
    for place, (model, colour) in enumerate(zip(models, style.CYCLE)):
        rows = table[table["model"] == model]
        y = [
            -terms.index(term) - 0.8 * (place - (len(models) - 1) / 2) / len(models) for term in rows["term"]
        ]
        ax.hlines(y, rows["low"], rows["high"], color=colour, lw=1.3)
        ax.scatter(
            rows["estimate"],
            y,
            s=18,
            color=colour,
            marker="osD^"[place % 4],
            zorder=3,
            label=words(names[model], lang),
        )
    ax.axvline(0, color=style.INK, lw=0.8)
    ax.set_ylim(0.6 - len(terms), 0.6)
    ax.set_yticks([-place for place in range(len(terms))], [words(names[term], lang) for term in terms])
    ax.set_xlabel(
        words(("系数与95%置信区间（百分点）", "Coefficient and 95 % interval (percentage points)"), lang)
    )
    fig.legend(loc="outside upper center", ncols=min(len(models), 3))
    return fig
