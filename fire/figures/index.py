"""Figures of the index: what it rests on, league, regions, pillars, chosen cities, map.

Frames are those of `views.both_years`: unit, node, score, rank, growth_pct, a column for each year, and where known
rank_low, rank_high, printed; cities with region, lon, lat (`views.placed`).
"""

import pandas as pd

from fire import codebook
from fire.figures import kit, style
from fire.figures.style import HIGHLIGHT, INK, NAVY

LONG = 35  # rows beyond which a league stands in two columns


def status(frame: pd.DataFrame, lang: str):
    """Share of the scores by data status, from hard to soft. `frame`: node, status, share_pct (per cent)."""
    kept = [name for name in codebook.STATUS if name in set(frame["status"])]
    return kit.stacked(
        frame.assign(share_pct=frame["share_pct"] / 100),
        lang,
        y="node",
        x="share_pct",
        part="status",
        order=kept,
        colours=style.STATUS,
        hatches=style.HATCH,
        percent=True,
    )


def league(frame: pd.DataFrame, lang: str):
    """League table as a chart, best first: score of both years with the printed one, rank with its interval."""
    frame = frame.sort_values(["rank", "unit"], ignore_index=True)
    count = 2 if len(frame) > LONG else 1
    size = -(-len(frame) // count)
    sure = "rank_low" in frame and frame["rank_low"].notna().any()
    fig, axes = style.subplots(
        1,
        count * (2 if sure else 1),
        height=0.172 * size + 0.75,
        squeeze=False,
        width_ratios=([5, 3] if sure else [1]) * count,
    )
    for place in range(count):
        part = frame[place * size : (place + 1) * size]
        ax = axes[0, place * (2 if sure else 1)]
        _scores(ax, part, lang)
        ax.set_ylim(size - 0.4, -0.6)
        if sure:
            _ranks(axes[0, 2 * place + 1], part, lang)
            axes[0, 2 * place + 1].set_ylim(size - 0.4, -0.6)
    kit.one_legend(fig)
    return fig


def _scores(ax, part: pd.DataFrame, lang: str) -> None:
    """Scores of one column of the league, printed ones as red ticks; the rank behind the name."""
    kit.dumbbell(part, lang, y="unit", x="score", digits=3, colour=NAVY, ax=ax)
    labels = zip(kit.names(part, "unit", lang), part["rank"], strict=True)
    ax.set_yticks(range(len(part)), [f"{name}  {rank}" for name, rank in labels], fontsize=6.8)
    _printed(ax, part, lang, s=36, marker="|", color=HIGHLIGHT, linewidth=1.4)
    for dots in ax.collections[1:-1]:
        dots.set_sizes([13])
    for text in ax.texts:
        text.set_fontsize(6.3)
    low, high = part[kit.years(part)].min(axis=None), part[kit.years(part)].max(axis=None)
    ax.set_xlim(low - 0.06 * (high - low), high + 0.32 * (high - low))


def _ranks(ax, part: pd.DataFrame, lang: str) -> None:
    """Ranks of one column of the league with their intervals."""
    kit.interval(part, lang, y="unit", x="rank", low="rank_low", high="rank_high", ax=ax)
    ax.tick_params(labelleft=False)
    ax.collections[-1].set_sizes([12])
    first, last = int(part["rank_low"].min()), int(part["rank_high"].max())
    ax.set(xlim=(last + 1, first - 1), xticks=[*({1} if first == 1 else ()), *range(10, last + 1, 10)][-4:])


def _printed(ax, part: pd.DataFrame, lang: str, **look) -> None:
    """Mark printed scores, where there are any, in the rows of the frame."""
    if "printed" in part and part["printed"].notna().any():
        ax.scatter(part["printed"], range(len(part)), zorder=5, label=kit.heading("printed", lang), **look)


def regions(frame: pd.DataFrame, lang: str):
    """Regional means of both years, best first, with their growth."""
    change = "growth_pct" if frame["growth_pct"].notna().any() else None
    return kit.dumbbell(frame, lang, y="unit", x="score", label=change, digits=1 if change else 3)


def regional_pillars(frame: pd.DataFrame, lang: str):
    """Regional means of every pillar, computed (dot) and printed (diamond), regions by the mean of their pillars."""
    nodes, colours = kit.in_order(frame["node"], lang), style.pillar_palette(lang)
    order = frame.groupby("unit", observed=True)["score"].mean().sort_values(ascending=False).index
    fig, axes = kit.panels(nodes, lang, height=0.25 * len(order) + 0.9)
    top = 1.25 * frame[["score", "printed"]].max(axis=None)
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").loc[order].reset_index()
        kit.dots(part, lang, y="unit", x="score", colour=colours[node], digits=2, ax=ax)
        _diamonds(ax, part, lang)
        ax.set_xlim(0, top)
    kit.one_legend(fig)
    return fig


def _diamonds(ax, part: pd.DataFrame, lang: str) -> None:
    _printed(ax, part, lang, s=52, marker="D", facecolor="none", edgecolor=INK, linewidth=0.9)


def pillar(frames: dict, lang: str):
    """Each city as a dot in the row of its region, regions by their mean; printed regional means as diamonds.

    `frames`: cities (unit, region, score) and areas (unit, score, printed) of one node, areas best first.
    """
    areas = frames["areas"]
    fig = kit.strip(frames["cities"], lang, y="region", x="score", order=list(areas["unit"]), ends=1)
    _diamonds(fig.axes[0], areas, lang)
    kit.one_legend(fig)
    return fig


def compare(frame: pd.DataFrame, lang: str):
    """A set of cities side by side, one panel a node, both years; cities and nodes in the order of the frame."""
    nodes, units = list(dict.fromkeys(frame["node"])), list(dict.fromkeys(frame["unit"]))
    fig, axes = kit.panels(nodes, lang, height=0.3 * len(units) + 1)
    scores = frame[kit.years(frame)]
    low, high = scores.min(axis=None), scores.max(axis=None)
    for ax, node in zip(axes, nodes, strict=True):
        part = frame[frame["node"].eq(node)].set_index("unit").reindex(units).reset_index()
        kit.dumbbell(part, lang, y="unit", digits=2, colour=NAVY, ax=ax)
        ax.set(xlim=(low - 0.1 * (high - low), high + 0.45 * (high - low)), ylim=(len(units) - 0.4, -0.6))
    kit.one_legend(fig)
    return fig


def city_map(frame: pd.DataFrame, lang: str, named: int = 20):
    """Cities at longitude and latitude, area and colour by score, the `named` best with their names."""
    frame = frame.sort_values("score", ascending=False, ignore_index=True)
    marked = list(frame["unit"][:named])
    return kit.place_map(frame, lang, value="score", size="score", marked=marked)
