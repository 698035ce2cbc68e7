"""Figures of the chapter on uncertainty and of the audit: rank intervals, pairs, Sobol' indices, importance."""

import numpy as np
import pandas as pd

from fire.figures import style

FACTORS = {
    "drop": "剔除指标",
    "error": "数据误差",
    "aggregation": "合成方式",
    "normalise": "标准化方法",
    "reference": "定标数据",
    "treat": "离群值处理",
    "missing": "缺失值处理",
    "scale": "标尺",
}


def factor_label(name: str, lang: str) -> str:
    """A factor of the sensitivity analysis in words."""
    if name.startswith("weights, level "):
        level = name.removeprefix("weights, level ")
        return f"第{level}级权重" if lang == "zh" else f"weights of level {level}"
    return FACTORS.get(name, name) if lang == "zh" else name


def ranks(intervals: pd.DataFrame, lang: str = "zh", statuses=()):
    """Rank of every unit with its interval: bar 5-95 per cent, tick the median, dot the published rank.

    `intervals` of one node and year. Shades alternate by the group of units that cannot be told apart.
    """
    frame = intervals.sort_values(["rank", "unit"]).reset_index(drop=True)
    half = -(-len(frame) // 2) if len(frame) > 30 else len(frame)
    fig, axes = style.subplots(1, -(-len(frame) // half), height=0.155 * half + 0.7, squeeze=False)
    for ax, (_, part) in zip(axes[0], frame.groupby(frame.index // half)):
        place = np.arange(len(part))
        colours = np.where(part["group"] % 2, style.BASE, style.SKY)
        ax.barh(
            place, part["rank_high"] - part["rank_low"], left=part["rank_low"], height=0.62, color=colours
        )
        ax.vlines(part["rank_median"], place - 0.31, place + 0.31, color=style.NAVY, lw=1.3)
        ax.plot(part["rank"], place, "o", ms=3.2, color=style.HIGHLIGHT)
        ax.set_yticks(place, [style.unit(name, lang) for name in part["unit"]], fontsize=7)
        ax.set(
            ylim=(len(part) - 0.4, -0.6),
            xlim=(max(0, part["rank_low"].min() - 1.5), part["rank_high"].max() + 1.5),
        )
        ax.set_xlabel("位次" if lang == "zh" else "rank")
    words = (
        ["5–95%区间", "中位数", "公布位次"]
        if lang == "zh"
        else ["5–95% interval", "median", "published rank"]
    )
    handles = [
        axes[0][0].barh([0], [0], color=style.BASE),
        axes[0][0].plot([], [], "|", color=style.NAVY, ms=9, mew=1.3)[0],
        axes[0][0].plot([], [], "o", ms=4, color=style.HIGHLIGHT)[0],
    ]
    fig.legend(handles, words, loc="outside upper center", ncols=3)
    return style.status_note(fig, statuses, lang)


def pairs(table: pd.DataFrame, order: list, lang: str = "zh", statuses=()):
    """Probability that the city of the row is ahead of the city of the column; `table`: unit, other, p_ahead."""
    wide = table.pivot(index="unit", columns="other", values="p_ahead").reindex(index=order, columns=order)
    fig, ax = style.subplots(height=0.23 * len(order) + 1.5)
    shown = ax.imshow(wide, cmap=style.DIVERGING, vmin=0, vmax=1, aspect="auto")
    names = [style.unit(name, lang) for name in order]
    ax.set_xticks(range(len(order)), names, rotation=90, fontsize=7)
    ax.set_yticks(range(len(order)), names, fontsize=7)
    ax.grid(False)
    for row, column in zip(*np.nonzero((wide > 0.05) & (wide < 0.95))):
        dark = abs(wide.iat[row, column] - 0.5) > 0.3
        ax.text(
            column,
            row,
            f"{wide.iat[row, column]:.2f}",
            ha="center",
            va="center",
            fontsize=5.6,
            color=style.PAPER if dark else style.INK,
        )
    fig.colorbar(
        shown,
        ax=ax,
        shrink=0.8,
        label="行在列之前的概率" if lang == "zh" else "probability that row is ahead of column",
    )
    return style.status_note(fig, statuses, lang)


def sobol(indices: pd.DataFrame, lang: str = "zh", statuses=()):
    """First and total order indices of one output with their intervals, the largest total first."""
    frame = indices.sort_values("total").reset_index(drop=True)
    fig, ax = style.subplots(height=0.42 * len(frame) + 0.9)
    for order, offset, colour, word in [
        ("total", -0.18, style.SKY, ("总效应", "total order")),
        ("first", 0.18, style.NAVY, ("一阶效应", "first order")),
    ]:
        value, place = frame[order].clip(lower=0), frame.index + offset
        error = np.clip(
            [value - frame[f"{order}_low"].clip(lower=0), frame[f"{order}_high"] - value], 0, None
        )
        ax.barh(
            place,
            value,
            height=0.34,
            color=colour,
            label=word[lang == "en"],
            xerr=error,
            error_kw={"lw": 0.9, "ecolor": style.INK, "capsize": 2},
        )
    ax.set_yticks(frame.index, [factor_label(name, lang) for name in frame["factor"]])
    ax.set_xlim(left=0)
    ax.set_xlabel("占方差的份额" if lang == "zh" else "share of the variance")
    ax.legend(loc="lower right")
    return style.status_note(fig, statuses, lang)


def importance(table: pd.DataFrame, labels: dict, lang: str = "zh", statuses=()):
    """Nominal weight (ring) against effective importance (dot) of each node; `table`: nominal, effective (shares),
    indexed by node.
    """
    frame = table.sort_values("effective")
    place = np.arange(len(frame))
    fig, ax = style.subplots(height=0.23 * len(frame) + 0.9)
    ax.hlines(place, 100 * frame["nominal"], 100 * frame["effective"], color=style.BASE, lw=2)
    ax.plot(
        100 * frame["nominal"],
        place,
        "o",
        mfc=style.PAPER,
        mec=style.NAVY,
        ms=5,
        label="名义权重" if lang == "zh" else "nominal weight",
    )
    ax.plot(
        100 * frame["effective"],
        place,
        "o",
        color=style.HIGHLIGHT,
        ms=5,
        label="实际重要性" if lang == "zh" else "effective importance",
    )
    ax.set_yticks(place, [labels[node] for node in frame.index])
    ax.set_xlim(left=0)
    ax.set_xlabel("%")
    ax.legend(loc="lower right")
    return style.status_note(fig, statuses, lang)
