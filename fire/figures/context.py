"""Figures of the context chapters: policies and events, banks.

Frames are those of `fire.analysis.policy` and `fire.analysis.institutions`.
"""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd

from fire import codebook
from fire.figures import kit, style

KINDS = {"policy": (style.NAVY, "o"), "event": (style.TEAL, "^")}
SIDES = {"supply": style.NAVY, "demand": style.TEAL, "environment": style.SAND, "uncoded": style.FAINT}
BANKS = {"state_bank": style.NAVY, "joint_stock_bank": style.SKY}


def note(ax, x, y, text: str, shift=(6, 0), **look) -> None:
    """A small text beside a mark."""
    look = {"fontsize": 7.5, "ha": "left", "va": "center", "color": style.MUTED} | look
    ax.annotate(text, (x, y), shift, textcoords="offset points", **look)


# Policies -------------------------------------------------------------------------------------------------------------


def timeline(frame: pd.DataFrame, lang: str):
    """Policies (circles) and events (triangles) by day, one row each, named beside their mark, with the day at the left;
    a dotted line leads to the day in force. Columns as `policy.timeline`."""
    fig, ax = style.subplots(height=0.21 * len(frame) + 0.7)
    first, last = frame["date"].min(), frame[["date", "effective"]].max(axis=None)
    middle = first + 0.45 * (last - first)
    for row, one in enumerate(frame.itertuples()):
        colour, shape = KINDS[one.kind]
        if pd.notna(one.effective):
            ax.plot([one.date, one.effective], [row, row], color=colour, lw=1, ls=":")
            ax.plot(one.effective, row, shape, mfc=style.PAPER, mec=colour, ms=5, mew=1)
        ax.plot(one.date, row, shape, color=colour, ms=5.5, ls="none")
        after = one.date < middle
        look = {"ha": "left" if after else "right", "color": style.INK, "fontsize": 7}
        note(ax, one.date, row, getattr(one, f"label_{lang}"), (7 if after else -7, 0), **look)
    for kind, (colour, shape) in KINDS.items():
        if frame["kind"].eq(kind).any():
            ax.plot([], [], shape, color=colour, ms=5.5, label=codebook.word(kind, lang).capitalize())
    if frame["effective"].notna().any():
        look = {"mfc": style.PAPER, "mec": style.INK, "ms": 5, "ls": "none"}
        ax.plot([], [], "o", label=codebook.word("in force", lang), **look)
    form = "{0.month}月{0.day}日" if lang == "zh" else "{0.day} {0:%b}"
    ax.set_yticks(range(len(frame)), [form.format(day) for day in frame["date"]], fontsize=7)
    ax.set(xlabel="", ylabel="", ylim=(len(frame) - 0.4, -0.6))
    ax.xaxis.set_major_locator(mdates.AutoDateLocator(maxticks=6))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m"))
    fig.legend(loc="outside upper right", ncols=3)
    return fig


def similarity(frame: pd.DataFrame, lang: str):
    """Similarity of each pair of cities by dimension, with the baseline of unlike cells as a line. Columns as
    `policy.similarity`."""
    base = frame.loc[frame["dimension_id"].eq("baseline"), "similarity"].item()
    pairs = frame[frame["dimension_id"].ne("baseline")]
    keys = list(dict.fromkeys(pairs["dimension_id"]))
    fig, ax = kit.rows([codebook.word(key, lang) for key in keys], lang, each=0.24, extra=0.85)
    for place, ((one, other), part) in enumerate(pairs.groupby(["a", "b"], sort=False)):
        look = {"s": 34, "color": style.CYCLE[place % 6], "marker": style.MARKERS[place % 6], "zorder": 3}
        name = f"{codebook.unit(one, lang)}–{codebook.unit(other, lang)}"
        ax.scatter(part["similarity"], part["dimension_id"].map(keys.index), label=name, **look)
    ax.axvline(base, color=style.MUTED, ls="--", lw=1, label=codebook.word("unlike cells", lang))
    ax.set(xlabel=kit.heading("similarity", lang), ylabel="")
    ax.set_xlim(left=0)
    fig.legend(loc="outside upper right", ncols=4 if lang == "zh" else 2)
    return fig


def intensity(frame: pd.DataFrame, lang: str):
    """Force of policies by place and year, strongest place first, every year from the first; the last column holds
    documents without a printed year; nothing is drawn where nothing is counted. Columns as `policy.intensity`."""
    order = frame.groupby("place")["force"].sum().sort_values(ascending=False).index
    dated = frame["year"].dropna().astype(int)
    when = [str(year) for year in range(dated.min(), dated.max() + 1)]
    when += ["no year"] if frame["year"].isna().any() else []
    period = ["no year" if pd.isna(year) else f"{year:.0f}" for year in frame["year"]]
    grid = frame.assign(period=period).pivot(index="place", columns="period", values="force")
    long = grid.reindex(index=order, columns=when).stack(future_stack=True).rename("force").reset_index()
    look: dict = {"digits": 0, "height": 0.2 * len(order) + 0.6, "size": 7.5, "bar": False}
    fig = kit.heat(long, lang, y="place", x="period", value="force", high=1.4 * long["force"].max(), **look)
    fig.axes[0].xaxis.tick_top()
    return fig


def sides(frame: pd.DataFrame, lang: str):
    """Shares of supply, demand and environment side (and uncoded) in each group of texts. Columns as
    `policy.by_side`."""
    shape = "{}（{}）" if lang == "zh" else "{} ({})"
    labels = [
        shape.format(codebook.word(group, lang), texts)
        for group, texts in zip(frame["group"], frame["texts"], strict=True)
    ]
    table = frame.assign(group=labels, policy_side=frame[f"policy_side_{lang}"])
    colours = dict(zip(table["policy_side"], frame["side"].map(SIDES).fillna(style.SKY), strict=True))
    fig = kit.stacked(
        table, lang, y="group", x="share_pct", part="policy_side", colours=colours, digits=0, least=0.06
    )
    fig.axes[0].set(xlim=(0, 100))
    return fig


# Institutions ---------------------------------------------------------------------------------------------------------


def banks(frame: pd.DataFrame, lang: str):
    """Spending, growth and share of revenue of the banks. Growth far beyond the others' stands at the edge with an arrow
    and its number in bold; a doubted share is drawn open. Columns as `institutions.banks`."""
    fig, (left, middle, right) = style.subplots(
        1, 3, height=0.215 * len(frame) + 0.75, sharey=True, width_ratios=[1.2, 1, 1]
    )
    colours, frame = frame["type"].map(BANKS), frame.assign(institution=frame[f"institution_{lang}"])
    kit.bars(frame, lang, y="institution", x="tech_spend", colours=colours, digits=1, ax=left)
    growth, share = frame["tech_spend_growth_pct"], frame["share_of_revenue_pct"]
    edge = 1.3 * growth[~frame["extreme"]].max()
    for ax, values, far, open_ in (
        (middle, growth, frame["extreme"], pd.Series(False, frame.index)),
        (right, share, pd.Series(False, frame.index), frame["doubted"]),
    ):
        for row, (value, beyond, hollow) in enumerate(zip(values, far, open_, strict=True)):
            place, colour = min(value, edge) if beyond else value, colours.iloc[row]
            gid = "beyond" if beyond else "doubted" if hollow else "value"
            face = style.PAPER if hollow else colour
            ax.plot(place, row, ">" if beyond else "o", ms=5, mfc=face, mec=colour, gid=gid)
            weight = "bold" if beyond or hollow else "normal"
            note(ax, place, row, f"{value:.{1 if ax is middle else 2}f}", fontsize=7, weight=weight)
    for ax, column in ((left, "tech_spend"), (middle, growth.name), (right, share.name)):
        ax.set_xlabel(kit.wrap(kit.heading(column, lang), lang, 24))
    left.set_xlim(0, frame["tech_spend"].max() * 1.25)
    middle.set_xlim(min(0, growth.min()), 1.35 * edge)
    right.set_xlim(0, 1.3 * share.max())
    left.set_yticks(np.arange(len(frame)), frame["institution"], fontsize=8 if lang == "zh" else 6.5)
    for kind, colour in BANKS.items():
        left.plot([], [], "s", color=colour, label=codebook.word(kind, lang))
    if frame["extreme"].any():
        left.plot([], [], ">", color=style.INK, ls="none", label=codebook.word("beyond the axis", lang))
    if frame["doubted"].any():
        look = {"mfc": style.PAPER, "mec": style.INK, "ls": "none"}
        left.plot([], [], "o", label=codebook.word("doubted", lang), **look)
    fig.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return fig
