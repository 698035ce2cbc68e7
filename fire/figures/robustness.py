"""Figures on the robustness of ranks and on the audit: rank intervals, pairs, Sobol' indices, importance."""

import matplotlib as mpl
import numpy as np
import pandas as pd

from fire import codebook
from fire.figures import kit, style

SIDE = 30  # rows that one column of axes holds


def ranks(frame, lang):
    """Rank of every unit with its interval. Columns: unit, rank (dot; none where it is not known), rank_median (tick),
    rank_low, rank_high (bar), group (shades alternate); the best first. Both columns of a long list have one scale."""
    rows = len(frame) if len(frame) <= SIDE else -(-len(frame) // 2)
    parts = [frame.iloc[start : start + rows] for start in range(0, len(frame), rows)]
    fig, axes = style.subplots(1, len(parts), height=0.137 * rows + 0.62, squeeze=False)
    span = max(part["rank_high"].max() - part["rank_low"].min() for part in parts) + 2
    for ax, part in zip(axes[0], parts, strict=True):
        kit.rows(kit.names(part, "unit", lang), lang, size=7, ax=ax)
        place, shades = np.arange(len(part)), np.where(part["group"] % 2, style.BASE, style.FAINT)
        left, wide = part["rank_low"] - 0.25, part["rank_high"] - part["rank_low"] + 0.5
        bar = ax.barh(place, wide, left=left, height=0.66, color=shades)
        tick = {"marker": "|", "color": style.NAVY, "linewidth": 1.3, "zorder": 3}
        middle = ax.scatter(part["rank_median"], place, s=52, **tick)
        dot = ax.scatter(part["rank"].astype(float), place, s=13, color=style.HIGHLIGHT, zorder=4)
        start = max(part["rank_high"].max() + 1 - span, 0.4)
        ax.set(xlabel=kit.heading("rank", lang), xlim=(start, start + span), ylim=(rows - 0.4, -0.6))
    keys = {"rank": dot, "rank_median": middle, "rank_interval": bar[0]}
    texts = [kit.heading(key, lang) for key in keys]
    fig.legend(list(keys.values()), texts, loc="outside upper right", ncols=3, handlelength=1.2)
    return fig


def pairs(frame, lang):
    """Share of the indices in which the unit of the row is ahead of the unit of the column, each pair once: the darker, the
    more open. Columns: unit, other, p_ahead, in the order of the rows; `attrs["sure"]`: the share from which an order is
    certain and its cell empty."""
    order, sure = list(dict.fromkeys(frame["unit"])), frame.attrs["sure"]
    wide = frame.pivot(index="unit", columns="other", values="p_ahead").reindex(index=order, columns=order)
    fig, ax = style.subplots(height=0.165 * len(order) + 0.5)
    shade = mpl.colormaps[style.SEQUENTIAL]
    certain = []
    for row, column in zip(*np.triu_indices(len(order), 1)):
        chance = wide.iat[row, column]
        if pd.isna(chance):
            continue
        if not 1 - sure < chance < sure:
            certain.append((column, row))
            continue
        colour = shade(0.8 * (1 - 2 * abs(chance - 0.5)))
        box = mpl.patches.Rectangle((column - 0.47, row - 0.46), 0.94, 0.92, facecolor=colour, linewidth=0)
        ax.add_patch(box)
        look = {"ha": "center", "va": "center", "fontsize": 6.5, "color": kit.ink(colour[:3])}
        ax.text(column, row, f"{100 * chance:.0f}", **look)
    ax.plot(*np.array(certain).reshape(-1, 2).T, ".", color=style.BASE, ms=2.5)
    said = [codebook.word(one, lang) for one in ("pairs_open", "pairs_certain")]
    ax.text(
        0.6, len(order) - 1.8, "\n".join(said), va="bottom", fontsize=7, color=style.MUTED, linespacing=1.5
    )
    labels = [kit.name(unit, "unit", lang) for unit in order]
    texts, upright = kit.heads(labels, style.WIDTH * 72 * 0.85 / len(order), lang)
    ax.set_xticks(range(1, len(order)), texts[1:], fontsize=7, rotation=90 * upright, color=style.INK)
    ax.set_yticks(range(len(order) - 1), labels[:-1], fontsize=7)
    ax.set(xlim=(0.4, len(order) - 0.5), ylim=(len(order) - 1.5, -0.6))
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return fig


def sobol(frame, lang):
    """First-order and total effect of every choice with its interval, and their numbers beside them. Columns: factor, effect,
    variance_share, variance_low, variance_high (shares of 1); the largest first."""
    factors, effects = list(dict.fromkeys(frame["factor"])), list(dict.fromkeys(frame["effect"]))
    fig, ax = kit.rows([kit.name(one, "factor", lang) for one in factors], lang, each=0.27)
    for place, effect in enumerate(effects):
        part = frame[frame["effect"].eq(effect)]
        row = part["factor"].map(factors.index) + 0.3 * (place - (len(effects) - 1) / 2)
        colour, marker = style.CYCLE[place % 6], style.MARKERS[place % 6]
        ax.hlines(row, part["variance_low"], part["variance_high"], color=colour, linewidth=2, alpha=0.45)
        text = kit.name(effect, "effect", lang)
        ax.scatter(part["variance_share"], row, s=20, color=colour, marker=marker, zorder=3, label=text)
        texts = map(kit.per_cent, part["variance_share"])
        kit.beside(
            ax, 42 + 48 * place, kit.wrap(text, lang, 12), part["factor"].map(factors.index), list(texts)
        )
    for line in range(1, len(factors)):
        ax.axhline(line - 0.5, color=style.FAINT, linewidth=0.6, zorder=0)
    ax.set(xlabel=kit.heading("variance_share", lang), xlim=(0, None))
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
    kit.one_legend(fig)
    return fig


def importance(frame, lang):
    """Nominal weight (hollow) and effective importance (full) of every node. Columns: node, nominal_pct,
    effective_pct."""
    frame = frame.sort_values("effective_pct", ascending=False)
    frame = frame.assign(difference_pp=frame["effective_pct"] - frame["nominal_pct"])
    fig = kit.dumbbell(frame, lang, y="node", start="nominal_pct", end="effective_pct", label="difference_pp")
    fig.axes[0].set_xlim(left=0)
    return fig
