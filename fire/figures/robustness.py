"""Figures on the robustness of ranks and on the audit: rank intervals, pairs, Sobol' indices, importance."""

import numpy as np
import seaborn as sns

from fire.figures import kit, style

SIDE = 30  # rows that one column of axes holds


def ranks(frame, lang):
    """Rank of every unit with its interval. Columns: unit, rank (dot; none where it is not known), rank_median (tick),
    rank_low, rank_high (bar), group (shades alternate); the best first."""
    rows = len(frame) if len(frame) <= SIDE else -(-len(frame) // 2)
    parts = [frame.iloc[start : start + rows] for start in range(0, len(frame), rows)]
    fig, axes = style.subplots(1, len(parts), height=0.17 * rows + 0.7, squeeze=False)
    for ax, part in zip(axes[0], parts, strict=True):
        kit.rows(kit.names(part, "unit", lang), lang, size=7, ax=ax)
        place, shades = np.arange(len(part)), np.where(part["group"] % 2, style.BASE, style.FAINT)
        ax.barh(
            place,
            part["rank_high"] - part["rank_low"] + 0.5,
            left=part["rank_low"] - 0.25,
            height=0.66,
            color=shades,
        )
        ax.scatter(part["rank_median"], place, s=52, marker="|", color=style.NAVY, linewidth=1.3, zorder=3)
        ax.scatter(part["rank"].astype(float), place, s=16, color=style.HIGHLIGHT, zorder=4)
        ends = part["rank_low"].min() - 1, part["rank_high"].max() + 1
        ax.set(xlabel=kit.heading("rank", lang), ylabel="", xlim=ends)
    return fig


def pairs(frame, lang):
    """Share of the indices in which the unit of the row is ahead of the unit of the column, each pair once. Columns: unit,
    other, p_ahead, in the order of the rows; `attrs["sure"]`: the share from which a cell is not written."""
    order, sure = list(dict.fromkeys(frame["unit"])), frame.attrs["sure"]
    wide = frame.pivot(index="unit", columns="other", values="p_ahead").reindex(index=order, columns=order)
    fig, ax = style.subplots(height=0.19 * len(order) + 1.2)
    sns.heatmap(
        wide,
        mask=np.tril(np.ones(wide.shape, bool)),
        annot=wide.map(lambda chance: f"{chance:.2f}" if 1 - sure < chance < sure else ""),
        fmt="",
        annot_kws={"fontsize": 5.6},
        cmap=style.DIVERGING,
        vmin=0,
        vmax=1,
        linewidths=0.3,
        linecolor=style.PAPER,
        cbar_kws={"label": kit.heading("p_ahead", lang), "shrink": 0.6, "pad": 0.02},
        xticklabels=[kit.name(unit, "unit", lang) for unit in order],
        yticklabels=[kit.name(unit, "unit", lang) for unit in order],
        ax=ax,
    )
    ax.tick_params(labelsize=7)
    ax.tick_params(axis="x", labelrotation=90)
    ax.tick_params(axis="y", labelrotation=0)
    ax.set(xlabel="", ylabel="")
    ax.grid(False)
    return fig


def sobol(frame, lang):
    """First-order and total effect of every choice with its interval. Columns: factor, effect, variance_share,
    variance_low, variance_high; the largest first."""
    fig = kit.interval(
        frame, lang, y="factor", x="variance_share", low="variance_low", high="variance_high", hue="effect"
    )
    fig.axes[0].set_xlim(left=0)
    return fig


def importance(frame, lang):
    """Nominal weight (hollow) and effective importance (full) of every node. Columns: node, nominal_pct,
    effective_pct."""
    frame = frame.sort_values("effective_pct", ascending=False)
    frame = frame.assign(difference_pp=frame["effective_pct"] - frame["nominal_pct"])
    fig = kit.dumbbell(frame, lang, y="node", start="nominal_pct", end="effective_pct", label="difference_pp")
    fig.axes[0].set_xlim(left=0)
    return fig
