"""Figures of the chapter on dynamics: density, ranks, transitions, convergence, space, regressions."""

import pandas as pd
import seaborn as sns
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.figures import kit, style

CLUSTERS = {
    "HH": (style.RED, "o"),
    "LL": (style.NAVY, "s"),
    "HL": (style.ORANGE, "^"),
    "LH": (style.TEAL, "v"),
    "not significant": (style.BASE, "o"),
}


def density(frame: pd.DataFrame, lang: str):
    """Gaussian kernel densities (Scott's rule) of the scores, a panel a node, a curve a year, the latest darkest.

    `frame`: `node, year, score`, nodes in order of appearance.
    """
    nodes, years = list(pd.unique(frame["node"])), sorted(frame["year"].unique())
    palette = dict(zip(years, sns.blend_palette([style.BASE, style.NAVY], len(years))))
    palette[years[-1]] = style.NAVY
    across = min(len(nodes), 5)
    fig, axes = kit.panels(nodes, lang, height=1.9 * -(-len(nodes) // across), columns=across)
    for ax, node in zip(axes, nodes):
        inside = frame[frame["node"].eq(node)]
        look = {"bw_method": "scott", "common_norm": False, "linewidth": 1.6, "legend": False}
        sns.kdeplot(inside, x="score", hue="year", palette=palette, ax=ax, **look)
        ax.set(xlabel="", ylabel="", yticks=[])
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    lines = [axes[0].plot([], [], color=palette[year], lw=3, label=str(year))[0] for year in years]
    fig.legend(handles=lines, loc="outside upper center", ncols=min(len(years), 6))
    fig.supxlabel(kit.heading("score", lang), fontsize=8.5, color=style.MUTED)
    return fig


def ranks(frame: pd.DataFrame, lang: str):
    """The largest moves in rank: hollow before, full after, with the places gained; `unit, rank_before, rank_after,
    rank_change`."""
    return kit.dumbbell(
        frame, lang, y="unit", start="rank_before", end="rank_after", label="rank_change", x="rank", digits=0
    )


def transitions(frame: pd.DataFrame, lang: str):
    """Transition probabilities, rows = class before (with its number of units), columns = class after; what did not occur is
    empty.

    `frame`: `from, to, count, probability`.
    """
    leaving = frame.groupby("from")["count"].transform("sum")
    cells = frame.assign(
        class_before=[f"{one}  (n={count})" for one, count in zip(frame["from"], leaving)],
        class_after=frame["to"].astype(str),
        probability=frame["probability"].mask(frame["probability"].eq(0)),
    )
    look = {"high": 1.3, "size": 8, "digits": 2, "height": 0.3 * frame["from"].nunique() + 0.8, "bar": False}
    fig = kit.heat(cells, lang, y="class_before", x="class_after", value="probability", **look)
    fig.axes[0].set(xlabel=kit.heading("class_after", lang), ylabel=kit.heading("class_before", lang))
    return fig


def beta(frame: pd.DataFrame, lang: str):
    """Yearly change against the first score, with the fitted line; `unit, initial, yearly_change, marked`."""
    marked = frame.loc[frame["marked"], "unit"]
    return kit.scatter_fit(frame, lang, x="initial", y="yearly_change", marked=marked, height=3.7)


def moran_scatter(frame: pd.DataFrame, lang: str):
    """Moran scatter plot of one year: a city's standardised score against the mean of its neighbours; slope = I.

    `frame`: `unit, z, lag, cluster, robust` of `dynamics.local_moran`; only robust clusters are told apart.
    """
    fig, ax = style.subplots(height=3.7)
    ax.axhline(0, color=style.MUTED, lw=0.6, ls="--")
    ax.axvline(0, color=style.MUTED, lw=0.6, ls="--")
    shown = frame.assign(cluster=frame["cluster"].where(frame["robust"], ""))
    told = _told(shown).rename(columns={"z": "standard_score", "lag": "neighbours_score"})
    return kit.scatter_fit(told, lang, x="standard_score", y="neighbours_score", ax=ax, **_look(shown))


def chance(frame: pd.DataFrame, lang: str):
    """Moran's I (dot) over the range that random placement gives (bar), a row for each number of neighbours, a panel a
    node. `frame`: `node, neighbours, moran, null_low, null_high`."""
    nodes, across = list(pd.unique(frame["node"])), 3
    rows = frame["neighbours"].nunique(dropna=False)
    down = -(-len(nodes) // across)
    fig, axes = kit.panels(nodes, lang, height=(0.26 * rows + 0.7) * down, columns=min(across, len(nodes)))
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].sort_values("neighbours", ignore_index=True)
        labels = [
            codebook.word("inverse distance", lang).capitalize()
            if pd.isna(k)
            else codebook.word("nearest cities", lang).format(k)
            for k in part["neighbours"]
        ]
        kit.rows(labels, lang, ax=ax)
        ax.set_yticks(range(len(labels)), labels)
        chance = {"color": style.BASE, "alpha": 0.5, "linewidth": 7}
        by_chance = codebook.word("random placement", lang).capitalize()
        ax.hlines(part.index, part["null_low"], part["null_high"], label=by_chance, **chance)
        ax.scatter(
            part["moran"], part.index, s=28, color=style.NAVY, zorder=3, label=kit.heading("moran", lang)
        )
        ax.axvline(0, color=style.MUTED, lw=0.6)
        ax.set_xlabel(kit.heading("moran", lang))
    kit.one_legend(fig)
    return fig


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """Clusters in the order of the legend, those without one named."""
    known = frame.assign(cluster=frame["cluster"].replace("", "not significant"))
    return known.sort_values("cluster", key=lambda kinds: kinds.map(list(CLUSTERS).index), kind="stable")


def _look(frame: pd.DataFrame) -> dict:
    return {
        "hue": "cluster",
        "colours": {kind: colour for kind, (colour, _) in CLUSTERS.items()},
        "markers": {kind: marker for kind, (_, marker) in CLUSTERS.items()},
        "marked": list(frame.loc[frame["cluster"].ne(""), "unit"]),
    }


def coefficients(frame: pd.DataFrame, lang: str):
    """Point and 95 % interval of each term, one colour a model; `model, term, estimate, ci_low, ci_high`."""
    frame = frame.rename(columns={"term": "node"})
    return kit.interval(
        frame, lang, y="node", x="estimate", low="ci_low", high="ci_high", hue="model", zero=True
    )
