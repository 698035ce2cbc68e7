"""Figures of the context chapters: policies and events, institutions and industries.

Frames are those of `fire.analysis.policy` and `fire.analysis.institutions`. A value that is not exact is never drawn as
a full point: `_marks` gives bounds an arrow, near values an open circle, forecasts a ring and targets a diamond.
"""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns

from fire import codebook
from fire.figures import kit, style

ISSUERS = dict(
    zip(
        ["pboc", "cbirc", "csrc", "legislature", "other"],
        [style.NAVY, style.TEAL, style.ORANGE, style.RED, style.MUTED],
    )
)
SIDES = {"supply": style.NAVY, "demand": style.TEAL, "environment": style.SAND, "uncoded": style.FAINT}
BOUNDS = {"gt": 1, "ge": 1, "lt": -1, "le": -1, "approx_below": -1}  # which way the arrow points
MARKS = {
    ("exact", "actual"): ("准确值", "Exact"),
    ("gt", "actual"): ("下限（高于）", "Bound (above)"),
    ("ge", "actual"): ("下限（不低于）", "Bound (at least)"),
    ("approx", "actual"): ("约数", "Near"),
    ("gt", "forecast"): ("预测（下限）", "Forecast (bound)"),
}


def _said(pair: tuple[str, str], lang: str) -> str:
    """One of a pair (Chinese, English): a word that belongs to the figure alone."""
    return pair[lang == "en"]


def _marks(ax, x, y, qualifier="exact", kind="actual", colour=style.NAVY, up=False, size=6) -> None:
    """Draw one value as what it is: exact point, open circle (near, assumed), arrow (bound), ring (forecast), diamond
    (target). `up`: the axis of values runs up."""
    face = colour if (qualifier, kind) == ("exact", "actual") else style.PAPER
    look = {"mfc": face, "mec": colour, "mew": 1.2, "zorder": 3, "gid": f"{kind}-{qualifier}"}
    ax.plot([x], [y], "D" if kind == "target" else "o", ms=size, **look)
    if kind == "forecast":
        ax.plot([x], [y], "o", ms=size + 4, mfc="none", mec=colour, mew=0.8, zorder=3, alpha=0.5)
    if qualifier in BOUNDS:
        shift = (0, 15 * BOUNDS[qualifier]) if up else (15 * BOUNDS[qualifier], 0)
        arrow = {"arrowstyle": "<|-", "color": colour, "lw": 1.1}
        ax.annotate("", (x, y), shift, textcoords="offset points", arrowprops=arrow)


def note(ax, x, y, text: str, shift=(0, 7), **look) -> None:
    """A small text beside a mark."""
    look = {"fontsize": 7.5, "ha": "center", "color": style.MUTED} | look
    ax.annotate(text, (x, y), shift, textcoords="offset points", **look)


def _legend_of_marks(fig, ax, lang: str, kinds) -> None:
    """Legend for the marks that a figure uses: pairs (qualifier, kind)."""
    handles = []
    for pair in kinds:
        line = "--" if pair[1] == "forecast" else "none"
        face = style.NAVY if pair == ("exact", "actual") else style.PAPER
        look = {"ms": 6, "mec": style.NAVY, "mew": 1.2, "ls": line, "color": style.NAVY, "mfc": face}
        handles += ax.plot([], [], "o", label=_said(MARKS[pair], lang), **look)
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles))


# Policies -------------------------------------------------------------------------------------------------------------


def timeline(frame: pd.DataFrame, lang: str):
    """Policies (circles) and events (triangles) by day, one row each, coloured by issuer; open: the day in force.
    Columns as `policy.timeline`."""
    table = frame.assign(
        row=range(len(frame)),
        issuer=frame[f"issuer_{lang}"],
        kind=[codebook.word(one, lang) for one in frame["kind"]],
    )
    colours = [ISSUERS.get(one, style.MUTED) for one in frame["issuer_group"]]
    fig, ax = style.subplots(height=0.27 * len(table) + 0.9)
    for row, start, end, colour in zip(table["row"], table["date"], table["effective"], colours, strict=True):
        if pd.notna(end):
            ax.plot([start, end], [row, row], color=colour, lw=1, ls=":")
            ax.plot(end, row, "o", mfc=style.PAPER, mec=colour, ms=6, mew=1.2)
    shapes = {codebook.word("policy", lang): "o", codebook.word("event", lang): "^"}
    palette = dict(zip(table["issuer"], colours, strict=True))
    points = {"s": 60, "zorder": 3, "linewidth": 0, "legend": False}
    sns.scatterplot(
        table, x="date", y="row", hue="issuer", style="kind", markers=shapes, palette=palette, ax=ax, **points
    )
    for issuer, colour in palette.items():
        ax.plot([], [], "s", color=colour, label=issuer)
    for label, shape in shapes.items():
        ax.plot([], [], shape, color=style.INK, ms=6, ls="none", label=label)
    in_force = _said(("生效日", "In force"), lang)
    ax.plot([], [], "o", mfc=style.PAPER, mec=style.INK, ms=6, ls="none", label=in_force)
    ax.set_yticks(table["row"], frame[f"label_{lang}"], fontsize=7.5)
    ax.set(xlabel="", ylabel="", ylim=(len(table) - 0.4, -0.6))
    ax.xaxis.set_major_locator(mdates.AutoDateLocator(maxticks=6))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m"))
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def technologies(frame: pd.DataFrame, lang: str):
    """Technology × city: how many dimensions name the technology. Frame as `policy.technologies`."""
    long = frame.rename_axis(index="technology", columns="city").stack().rename("named_in").reset_index()
    return _counts(long, lang, y="technology", x="city", value="named_in")


def _counts(frame: pd.DataFrame, lang: str, *, y: str, x: str, value: str, each: float = 0.26):
    """Heat map of counts; nothing is drawn where nothing is counted. Columns `y`, `x`, `value`."""
    frame = frame.assign(**{value: frame[value].mask(frame[value].eq(0)).astype(float)})
    height, top = each * frame[y].nunique() + 0.8, 1.3 * frame[value].max()
    look = {"digits": 0, "height": height, "size": 7.5, "bar": False, "high": top}
    fig = kit.heat(frame, lang, y=y, x=x, value=value, **look)
    ax = fig.axes[0]
    ax.grid(False)
    ax.set_xticklabels([kit.wrap(text.get_text(), lang, 14) for text in ax.get_xticklabels()])
    return fig


def similarity(frame: pd.DataFrame, lang: str):
    """Similarity of each pair of cities by dimension, with the baseline of unlike cells as a line. Columns as
    `policy.similarity`."""
    base = frame.loc[frame["dimension_id"].eq("baseline"), "similarity"].item()
    pairs = frame[frame["dimension_id"].ne("baseline")]
    keys = list(dict.fromkeys(pairs["dimension_id"]))
    pairs = pairs.assign(
        row=pairs["dimension_id"].map(keys.index),
        pair=[f"{codebook.unit(a, lang)}–{codebook.unit(b, lang)}" for a, b in zip(pairs["a"], pairs["b"])],
    )
    fig, ax = kit.rows([codebook.word(key, lang) for key in keys], lang, each=0.3)
    shapes = dict(zip(pairs["pair"].unique(), style.MARKERS))
    look = {"s": 48, "zorder": 3, "linewidth": 0}
    sns.scatterplot(pairs, x="similarity", y="row", hue="pair", style="pair", markers=shapes, ax=ax, **look)
    ax.axvline(base, color=style.MUTED, ls="--", lw=1)
    note(ax, base, len(keys) - 0.55, codebook.word("unlike cells", lang), (4, 0), ha="left", va="center")
    ax.set(xlabel=kit.heading("similarity", lang), ylabel="", ylim=(len(keys) - 0.2, -0.6))
    ax.set_xlim(left=0)
    ax.legend(loc="lower right")
    return fig


def intensity(frame: pd.DataFrame, lang: str):
    """Force of policies by place and year, strongest place first; the last column holds documents without a printed
    year. Columns as `policy.intensity`."""
    order = frame.groupby("place")["force"].sum().sort_values(ascending=False).index
    when = ["no year" if pd.isna(year) else f"{year:.0f}" for year in frame["year"]]
    table = frame.assign(period=when).sort_values("year")
    grid = table.pivot(index="place", columns="period", values="force")
    grid = grid.reindex(index=order, columns=table["period"].unique())
    long = grid.stack(future_stack=True).rename("force").reset_index()
    return _counts(long, lang, y="place", x="period", value="force")


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
    """Spending, growth and share of revenue of the banks; extreme growth is bold, a doubted share is drawn open.
    Columns as `institutions.banks`."""
    fig, (left, middle, right) = style.subplots(
        1, 3, height=0.24 * len(frame) + 0.8, sharey=True, width_ratios=[1.2, 1, 1]
    )
    y, types = np.arange(len(frame)), ["state_bank", "joint_stock_bank"]
    of_type = dict(zip(types, (style.NAVY, style.TEAL)))
    colours, frame = frame["type"].map(of_type), frame.assign(institution=frame[f"institution_{lang}"])
    kit.bars(frame, lang, y="institution", x="tech_spend", colours=colours, digits=1, ax=left)
    for ax, column, digits, odd, doubted in (
        (middle, "tech_spend_growth_pct", 1, frame["extreme"], False & frame["doubted"]),
        (right, "share_of_revenue_pct", 2, False & frame["doubted"], frame["doubted"]),
    ):
        for row, value in enumerate(frame[column]):
            _marks(ax, value, row, "approx" if doubted[row] else "exact", colour=colours[row], size=5)
            loud = {"color": style.RED, "weight": "bold" if odd[row] else "normal"}
            look = loud if odd[row] or doubted[row] else {}
            note(ax, value, row, f"{value:.{digits}f}", (6, 0), va="center", ha="left", fontsize=7, **look)
        ax.set_xlabel(kit.wrap(kit.heading(column, lang), lang, 18))
    left.set_xlabel(kit.wrap(kit.heading("tech_spend", lang), lang, 24))
    middle.set_xscale("symlog", linthresh=40)
    ticks = [tick for tick in (0, 20, 40, 200, 1000) if tick <= 1.2 * frame["tech_spend_growth_pct"].max()]
    middle.set_xticks(ticks, map(str, ticks))
    middle.set_xlim(-4, 3.5 * frame["tech_spend_growth_pct"].max())
    left.set_xlim(0, frame["tech_spend"].max() * 1.22)
    spread = frame["share_of_revenue_pct"]
    right.set_xlim(spread.min() - 0.15 * np.ptp(spread), spread.max() + 0.35 * np.ptp(spread))
    left.set_yticks(y, frame["institution"], fontsize=8 if lang == "zh" else 6.5)
    for kind, colour in of_type.items():
        left.plot([], [], "s", color=colour, label=codebook.word(kind, lang))
    left.plot([], [], "o", mfc=style.PAPER, mec=style.INK, ls="none", label=_said(("存疑", "Doubted"), lang))
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def state_totals(frame: pd.DataFrame, lang: str):
    """Spending of the state banks by year: printed totals full, computed ones open; the line breaks where a year is
    missing. Columns as `institutions.state_totals`."""
    fig, ax = style.subplots(height=2.8)
    years = range(frame["year"].min(), frame["year"].max() + 1)
    full = frame.set_index("year")["value"].reindex(years)
    ax.plot(full.index, full, color=style.NAVY, lw=1.2, zorder=1)
    for row in frame.itertuples():
        _marks(ax, row.year, row.value, "exact" if row.basis == "printed" else "approx", up=True)
        note(ax, row.year, row.value, f"{row.value:,.0f}", (0, 8), fontsize=8, color=style.INK)
    for face, label in ((style.NAVY, ("刊载", "Printed")), (style.PAPER, ("由刊载增速推算", "Computed"))):
        ax.plot([], [], "o", mfc=face, mec=style.NAVY, ls="none", label=_said(label, lang))
    for year in full.index[full.isna()]:
        note(ax, year, full.min(), _said(("未载", "not printed"), lang), (0, 0))
    ax.set_xticks(full.index)
    ax.set(ylim=(full.min() * 0.92, full.max() * 1.08), ylabel=kit.heading("tech_spend", lang))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y")
    ax.legend(loc="upper left")
    return fig


def securities(frame: pd.DataFrame, lang: str):
    """Securities firms: spending and share of revenue, bounds as arrows. Columns as `institutions.securities`."""
    firms = frame.drop_duplicates("institution_zh")
    fig, axes = style.subplots(1, 2, height=0.36 * len(firms) + 1.1, sharey=True)
    place = {key: row for row, key in enumerate(firms["institution_zh"])}
    for ax, measure in zip(axes, ("tech_spend", "share_of_revenue_pct"), strict=True):
        part = frame[frame["measure"].eq(measure)]
        for row in part.itertuples():
            _marks(ax, row.value, place[row.institution_zh], row.qualifier, row.kind)
            note(ax, row.value, place[row.institution_zh], row.printed)
        ax.set_xlabel(kit.heading(measure, lang))
        ax.set_xlim(0, 1.35 * part["value"].max())
    axes[0].set_yticks(range(len(firms)), firms[f"institution_{lang}"], fontsize=8 if lang == "zh" else 7)
    axes[0].set_ylim(len(firms) - 0.4, -0.8)
    _legend_of_marks(fig, axes[1], lang, [("exact", "actual"), ("ge", "actual"), ("approx", "actual")])
    return fig


def sizes(frames: dict, lang: str):
    """Industry sizes, one panel each; the way to a forecast is dashed, bounds carry arrows, implied and printed growth
    head the panel. `frames`: "sizes" (as `institutions.sizes`) and "growth" (`institutions.implied_growth`)."""
    frame, rates = frames["sizes"], frames["growth"].set_index("series")
    fig, axes = style.subplots(1, len(rates), height=2.6)
    for ax, (series, group), colour in zip(axes, frame.groupby("series", sort=False), style.CYCLE):
        dashed = "--" if group["kind"].ne("actual").any() else "-"
        ax.plot(group["year"], group["value"], color=colour, lw=1.3, gid=f"line-{series}", ls=dashed)
        for row in group.itertuples():
            _marks(ax, row.year, row.value, row.qualifier, row.kind, colour, up=True, size=5)
            note(ax, row.year, row.value, row.printed, (0, -13), fontsize=7)
        rate = rates.loc[series]
        stated = f"{rate['printed']}%" if pd.notna(rate["printed_pct"]) else _said(("未载", "none"), lang)
        words = _said(("隐含 {}%\n刊载 {}", "implied {}%\nprinted {}"), lang).format(
            f"{rate['implied_pct']:.1f}", stated
        )
        unit = _said(("（亿美元）", ", US$"), lang) if group["unit"].iloc[0] == "USD_100m" else ""
        head = kit.wrap(codebook.word(series, lang) + unit, lang, 16)
        ax.set_title(f"{head}\n{words}", fontsize=7.5, color=colour, linespacing=1.35)
        years = group["year"].astype(int)
        spread = max(int(np.ptp(years)), 1)
        ax.set(ylim=(0, group["value"].max() * 1.35), yticks=[])
        ax.set(xlim=(years.min() - 0.45 * spread, years.max() + 0.45 * spread), xticks=years)
        ax.grid(False)
        ax.spines["left"].set_visible(False)
    _legend_of_marks(fig, axes[0], lang, [("exact", "actual"), ("gt", "actual"), ("gt", "forecast")])
    return fig


def targets(frame: pd.DataFrame, lang: str):
    """Targets in per cent: a diamond and an arrow each; no actual value is printed. Columns as
    `institutions.targets`."""
    shown = frame[frame["unit"].eq("pct")].reset_index(drop=True)
    fig, ax = kit.rows([codebook.word(one, lang) for one in shown["measure"]], lang, each=0.3)
    for row in shown.itertuples():
        ax.plot([0, 100], [row.Index] * 2, color=style.FAINT, lw=5, zorder=0, solid_capstyle="butt")
        _marks(ax, row.value, row.Index, row.qualifier, row.kind, style.ORANGE)
        note(ax, row.value, row.Index, f"{row.printed}%", color=style.INK)
    ax.set(ylim=(len(shown) - 0.5, -0.8), xlim=(0, 100), xlabel="%")
    ax.grid(False)
    return fig


def camps(frame: pd.DataFrame, lang: str):
    """Camp × technology: firms that a source ties to the technology; behind each camp the firms named in all. Frame as
    `institutions.camps`."""
    shape = _said(("{}（{}家）", "{} ({})"), lang)
    labels = [shape.format(codebook.word(camp, lang), count) for camp, count in frame["firms"].items()]
    table = frame.drop(columns="firms").set_axis(pd.Index(labels, name="camp"))
    table = table.rename_axis(columns="technology")
    long = table.stack().rename("firms_named").reset_index()
    return _counts(long, lang, y="camp", x="technology", value="firms_named", each=0.3)
