"""Figures of the chapter on changes: waterfalls of score changes, what moved all cities, who passed whom."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from fire.figures import style

FACTORS = {
    "performance": ("表现", "performance"),
    "revision": ("数据修订", "data revision"),
    "weights": ("权重", "weights"),
    "posts": ("标尺", "posts"),
    "cities": ("城市增减", "cities"),
    "framework": ("指标框架", "framework"),
}
REST = ("其余", "others")


def waterfall(
    steps: pd.Series,
    before: float,
    after: float,
    names: dict,
    lang: str = "zh",
    ends=("", ""),
    statuses=(),
    most: int = 8,
    ax=None,
):
    """From one score to another: a bar for each of the `most` largest parts, the others together.

    `steps`: points by id; `names`: label of each id in the language; `ends`: labels of the first and last bar.
    """
    largest = steps[steps.abs().sort_values(ascending=False).index][:most]
    parts = list(largest.items()) + (
        [(REST[lang == "en"], steps.drop(largest.index).sum())] if len(steps) > most else []
    )
    level = before + np.concatenate([[0.0], np.cumsum([points for _, points in parts])])
    fig, ax = style.subplots(height=0.27 * len(parts) + 1.1) if ax is None else (ax.figure, ax)
    place = np.arange(len(parts)) + 1
    points = np.array([points for _, points in parts])
    ax.barh([0, len(parts) + 1], [before, after], color=style.NAVY, height=0.66)
    ax.barh(place, points, left=level[:-1], color=np.where(points >= 0, style.RISE, style.FALL), height=0.66)
    ax.vlines(level, np.arange(len(level)) - 0.33, np.arange(len(level)) + 1.33, color=style.MUTED, lw=0.6)
    low, high = min(level.min(), after), max(level.max(), after)
    span = max(high - low, 1e-3)
    ax.set(xlim=(low - 0.45 * span, high + 0.36 * span), ylim=(len(parts) + 1.6, -0.6))
    style.value_labels(ax, [0, len(parts) + 1], [before, after], color=style.INK)
    for row, value, left in zip(place, points, level[:-1]):
        ax.annotate(
            f"{value:+.3f}".replace("-", "−"),
            (max(left, left + value), row),
            (3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=style.MUTED,
        )
    ax.set_yticks(
        range(len(parts) + 2), [ends[0], *(names.get(name, name) for name, _ in parts), ends[1]], fontsize=7.5
    )
    return style.status_note(fig, statuses, lang)


def waterfalls(
    decomposition: pd.DataFrame,
    scores: pd.DataFrame,
    units: list,
    names: dict,
    ends: tuple,
    lang: str = "zh",
    statuses=(),
):
    """Waterfalls of several cities side by side; `decomposition`: unit, indicator, points; `scores`: unit × (before,
    after).
    """
    rows = -(-len(units) // 2)
    fig, axes = style.subplots(rows, 2, height=2.55 * rows, squeeze=False)
    for ax, unit in zip(axes.flat, units):
        steps = decomposition[decomposition["unit"].eq(unit)].groupby("indicator")["points"].sum()
        waterfall(steps, *scores.loc[unit], names, lang, ends, most=5, ax=ax)
        ax.set_title(style.unit(unit, lang))
    for ax in axes.flat[len(units) :]:
        ax.axis("off")
    return style.status_note(fig, statuses, lang)


def pillars(table: pd.DataFrame, names: dict, lang: str = "zh", statuses=()):
    """Change of every city's score by pillar: stacked bars left and right of zero, the largest change first.

    `table`: unit × pillar, in points; `names`: label of each pillar.
    """
    order = table.loc[table.sum(axis=1).sort_values().index]
    place = np.arange(len(order))
    fig, ax = style.subplots(height=0.125 * len(order) + 0.9)
    for sign in (1, -1):
        left = np.zeros(len(order))
        for pillar in order:
            part = order[pillar].where(np.sign(order[pillar]) == sign, 0.0).to_numpy()
            ax.barh(
                place,
                part,
                left=left,
                height=0.78,
                color=style.PILLARS.get(pillar, style.BASE),
                label=names[pillar] if sign == 1 else None,
            )
            left = left + part
    ax.plot(
        order.sum(axis=1),
        place,
        "|",
        color=style.INK,
        ms=5,
        mew=1.4,
        label="合计" if lang == "zh" else "total",
    )
    ax.axvline(0, color=style.MUTED, lw=0.7)
    ax.set_yticks(place, [style.unit(name, lang) for name in order.index], fontsize=6.2)
    ax.set_ylim(-0.8, len(order) - 0.2)
    ax.set_xlabel("分" if lang == "zh" else "points")
    ax.legend(loc="lower right")
    return style.status_note(fig, statuses, lang)


def passings(rivals: pd.DataFrame, units: list, lang: str = "zh", statuses=()):
    """Whom a city passed and who passed it: one row a city, each rival a mark labelled by name; `rivals`: unit,
    rival, places, own, theirs.

    The mark shows whose move decided: filled when the city's own change weighs more, open when the rival's does.
    """
    fig, ax = style.subplots(height=0.4 * len(units) + 0.8)
    for row, unit in enumerate(units):
        here = rivals[rivals["unit"].eq(unit)]
        for sign, colour in [(1, style.RISE), (-1, style.FALL)]:
            side = here[here["places"].eq(sign)]
            for place, rival in enumerate(side.itertuples(), start=1):
                own = abs(rival.own) >= abs(rival.theirs)
                ax.plot(sign * place, row, "o", ms=6, mec=colour, mfc=colour if own else style.PAPER)
                ax.annotate(
                    style.unit(rival.rival, lang),
                    (sign * place, row),
                    (0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=5.8,
                )
    ax.axvline(0, color=style.MUTED, lw=0.8)
    ax.set_yticks(range(len(units)), [style.unit(name, lang) for name in units])
    ax.set_ylim(len(units) - 0.4, -0.8)
    reach = max(2, *(rivals[rivals["unit"].isin(units)].groupby(["unit", "places"]).size()))
    ax.set_xlim(-reach - 0.8, reach + 0.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    ax.set_xlabel(
        "被超越（左）与超越（右）的城市数；实心：主要因自身变动"
        if lang == "zh"
        else "passed by (left) and passed (right); filled: mainly by its own change"
    )
    return style.status_note(fig, statuses, lang)
