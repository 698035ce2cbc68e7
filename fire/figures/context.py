"""Figures of the context chapters: policies and events, institutions and industries.

A value that is not exact is never drawn as a point: `marks` gives bounds an arrow, near values an open circle,
forecasts a dashed open circle and targets a diamond.
"""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd

from fire.analysis import institutions, policy
from fire.figures import style

DIMENSIONS = {
    "positioning": ("发展定位", "Positioning"),
    "base_tech": ("底层技术", "Base technology"),
    "applications": ("场景应用", "Applications"),
    "spatial": ("空间布局", "Spatial layout"),
    "regulation": ("监管创新", "Regulation"),
    "ecosystem": ("生态环境", "Ecosystem"),
    "all": ("整体", "All six"),
}
TECHNOLOGIES = {
    "ai": ("人工智能", "AI"),
    "big_data": ("大数据", "Big data"),
    "cloud": ("云计算", "Cloud"),
    "blockchain": ("区块链", "Blockchain"),
    "5g": ("5G", "5G"),
    "mobile_comm": ("移动通信", "Mobile networks"),
    "digital_currency": ("数字货币", "Digital currency"),
    "distributed": ("分布式", "Distributed systems"),
    "interconnection": ("互联技术", "Interconnection"),
    "security": ("安全技术", "Security"),
    "internet": ("互联网", "Internet"),
    "regtech": ("监管科技", "Regtech"),
    "iot": ("物联网", "Internet of things"),
    "trusted_computing": ("可信计算", "Trusted computing"),
}
CAMPS = {
    "bank": ("银行系", "Bank-born"),
    "internet": ("互联网系", "Internet-born"),
    "ai": ("人工智能", "AI firms"),
    "vertical": ("垂直服务商", "Vertical"),
    "insurer": ("保险系", "Insurer-born"),
}
SERIES = {
    "ai_core": ("人工智能核心", "Core AI"),
    "ai_driven": ("人工智能带动", "AI-driven"),
    "blockchain": ("区块链", "Blockchain"),
    "cloud": ("云计算", "Cloud"),
    "big_data": ("大数据", "Big data"),
}
ISSUER_COLOURS = dict(
    zip(
        ["pboc", "cbirc", "csrc", "legislature", "other"],
        [style.NAVY, style.TEAL, style.ORANGE, style.RED, style.MUTED],
    )
)


def name(table: dict, key: str, lang: str) -> str:
    """Label of a key in one of the tables above (or of the coding of policies)."""
    label = table[key]
    return label[lang] if isinstance(label, dict) else label[lang == "en"]


def marks(
    ax,
    x,
    y,
    qualifier: str = "exact",
    kind: str = "actual",
    colour=style.NAVY,
    up: bool = False,
    size: float = 6,
):
    """Draw one value as what it is: exact point, open circle (near, assumed), arrow (bound), dashed ring, diamond."""
    face = colour if (qualifier, kind) == ("exact", "actual") else style.PAPER
    shape = "D" if kind == "target" else "o"
    (line,) = ax.plot([x], [y], shape, ms=size, mfc=face, mec=colour, mew=1.2, zorder=3)
    line.set_gid(f"{kind}-{qualifier}")
    if kind == "forecast":
        ax.plot([x], [y], "o", ms=size + 4, mfc="none", mec=colour, mew=0.8, zorder=3, ls="none", alpha=0.5)
    if qualifier in ("gt", "ge", "lt", "le", "approx_below"):
        sign = 1 if qualifier in ("gt", "ge") else -1
        shift = (0, 15 * sign) if up else (15 * sign, 0)
        ax.annotate(
            "",
            (x, y),
            shift,
            textcoords="offset points",
            arrowprops={"arrowstyle": "<|-", "color": colour, "lw": 1.1},
        )


def legend_of_marks(fig, ax, lang: str, kinds, **options):
    """Legend for the marks that a figure uses: pairs (qualifier, kind)."""
    words = {
        ("exact", "actual"): ("准确值", "Exact"),
        ("gt", "actual"): ("下限（高于）", "Bound (above)"),
        ("ge", "actual"): ("下限（不低于）", "Bound (at least)"),
        ("approx", "actual"): ("约数", "Near"),
        ("gt", "forecast"): ("预测（下限）", "Forecast (bound)"),
    }
    handles = [
        ax.plot(
            [],
            [],
            "o",
            ms=6,
            mec=style.NAVY,
            mew=1.2,
            ls="--" if kind == "forecast" else "none",
            color=style.NAVY,
            mfc=style.NAVY if (qualifier, kind) == ("exact", "actual") else style.PAPER,
            label=words[qualifier, kind][lang == "en"],
        )[0]
        for qualifier, kind in kinds
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=len(handles), **options)


# ---- policies


def timeline(calendar: pd.DataFrame, lang: str = "zh"):
    """Policies (circles) and events (triangles) by day, one row each, coloured by issuer; effective day where later."""
    rules = policy.coding()
    fig, ax = style.subplots(height=0.27 * len(calendar) + 0.9)
    order = calendar.reset_index(drop=True)
    for row in order.itertuples():
        colour = ISSUER_COLOURS.get(row.issuer_group, style.MUTED)
        if pd.notna(row.effective):
            ax.plot([row.date, row.effective], [row.Index] * 2, color=colour, lw=1, ls=":")
            ax.plot(row.effective, row.Index, "o", mfc=style.PAPER, mec=colour, ms=6, mew=1.2)
        ax.plot(row.date, row.Index, "o" if row.kind == "policy" else "^", color=colour, ms=7, zorder=3)
    heads = order[f"headline_{lang}"].str[0].str.upper() + order[f"headline_{lang}"].str[1:]
    topics = [name(rules["topics"], topic, lang) for topic in order["topic"]]
    space = "｜" if lang == "zh" else " | "
    ax.set_yticks(
        range(len(order)), [f"{head}{space}{topic}" for head, topic in zip(heads, topics)], fontsize=7.5
    )
    ax.invert_yaxis()
    ax.xaxis.set_major_locator(mdates.MonthLocator(interval=3))
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m"))
    for group in [id for id in rules["issuers"] if id in set(order["issuer_group"])]:
        ax.plot(
            [],
            [],
            "s",
            color=ISSUER_COLOURS.get(group, style.MUTED),
            label=name(rules["issuers"], group, lang),
        )
    for shape, label in (("o", ("政策", "Policy")), ("^", ("事件", "Event"))):
        ax.plot([], [], shape, color=style.INK, ms=6, label=label[lang == "en"])
    ax.plot([], [], "o", mfc=style.PAPER, mec=style.INK, ms=6, label=("生效日", "In force")[lang == "en"])
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def grid(
    table: pd.DataFrame, rows: list[str], columns: list[str], digits: int = 0, cmap=None, empty: str = ""
):
    """A heat map with its numbers written in; missing cells stay blank."""
    fig, ax = style.subplots(height=0.3 * len(table) + 0.7)
    values = table.to_numpy(float)
    top = np.nanmax(values)
    ax.imshow(values, cmap=cmap or "Blues", vmin=0, vmax=top * 1.15, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        shown = empty if np.isnan(value) or value == 0 and digits == 0 else f"{value:.{digits}f}"
        ax.text(
            j,
            i,
            shown,
            ha="center",
            va="center",
            fontsize=8,
            color=style.PAPER if value > 0.6 * top else style.INK,
        )
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return fig


def technologies(table: pd.DataFrame, lang: str = "zh"):
    """Technology × city: how many of the six dimensions name the technology."""
    return grid(
        table,
        [name(TECHNOLOGIES, key, lang) for key in table.index],
        [style.city(city, lang) for city in table.columns],
        empty="–",
    )


def similarity(frame: pd.DataFrame, lang: str = "zh"):
    """Similarity of each pair of cities by dimension, with the baseline of unlike cells as a line."""
    fig, ax = style.subplots(height=3.0)
    base = frame.loc[frame["dimension_id"].eq("baseline"), "similarity"].item()
    pairs = frame[frame["dimension_id"].ne("baseline")]
    keys = [key for key in DIMENSIONS if key in set(pairs["dimension_id"])]
    for index, ((a, b), group) in enumerate(pairs.groupby(["a", "b"], sort=False)):
        x = group.set_index("dimension_id")["similarity"].reindex(keys)
        ax.plot(
            x,
            range(len(keys)),
            "osD"[index],
            color=style.CYCLE[index],
            ms=7,
            label=f"{style.city(a, lang)}–{style.city(b, lang)}",
        )
    ax.axvline(base, color=style.MUTED, ls="--", lw=1)
    ax.annotate(
        ("不同城市、不同维度的平均", "Mean of unlike cells")[lang == "en"],
        (base, len(keys) - 0.45),
        (4, 0),
        textcoords="offset points",
        fontsize=7.5,
        color=style.MUTED,
        va="center",
    )
    ax.set_yticks(range(len(keys)), [name(DIMENSIONS, key, lang) for key in keys])
    ax.set_ylim(len(keys) - 0.2, -0.6)
    ax.set_xlim(left=0)
    ax.set_xlabel(("余弦相似度", "Cosine similarity")[lang == "en"])
    ax.legend(loc="lower right")
    return fig


def intensity(frame: pd.DataFrame, lang: str = "zh"):
    """Force of policies by place and year; the last column holds documents whose year is not printed."""
    table = frame.assign(year=frame["year"].fillna(9999)).pivot(index="place", columns="year", values="force")
    table = table.loc[table.sum(axis=1).sort_values(ascending=False).index]
    years = [
        ("年份未载", "No year")[lang == "en"] if year == 9999 else f"{year:.0f}" for year in table.columns
    ]
    return grid(table, [style.unit(place, lang) for place in table.index], years)


def sides(table: pd.DataFrame, lang: str = "zh"):
    """Shares of supply, demand and environment side (and uncoded) in each group of policies; index = labels of groups."""
    rules = policy.coding()
    share = 100 * table.div(table.sum(axis=1), axis=0)
    fig, ax = style.subplots(height=0.42 * len(table) + 0.9)
    left = np.zeros(len(share))
    for side, colour in zip(share.columns, [style.NAVY, style.TEAL, style.SAND, style.FAINT]):
        label = (
            name(rules["sides"], side, lang)
            if side in rules["sides"]
            else ("未归类", "Uncoded")[lang == "en"]
        )
        ax.barh(range(len(share)), share[side], left=left, color=colour, label=label, height=0.62)
        for row, value in enumerate(share[side]):
            if value >= 6:
                ax.text(
                    left[row] + value / 2,
                    row,
                    f"{value:.0f}%",
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color=style.INK if colour in (style.SAND, style.FAINT) else style.PAPER,
                )
        left += share[side].to_numpy()
    ax.set_yticks(range(len(share)), share.index)
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.xaxis.set_visible(False)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


# ---- institutions


def banks(frame: pd.DataFrame, doubted: dict | None = None, lang: str = "zh"):
    """Spending, growth and share of revenue of the banks; outliers are named, a doubted share is drawn open."""
    doubted = doubted or {}
    fig, axes = style.subplots(1, 3, height=4.0, sharey=True, width_ratios=[1.2, 1, 1])
    y = np.arange(len(frame))
    state = frame["type"].eq("state_bank")
    colours = np.where(state, style.NAVY, style.TEAL)
    axes[0].barh(y, frame["tech_spend"], color=colours, height=0.62)
    style.value_labels(axes[0], y, frame["tech_spend"], 1)
    for ax, column, digits in ((axes[1], "tech_spend_growth_pct", 1), (axes[2], "share_of_revenue_pct", 2)):
        odd = institutions.outliers(frame[column])
        for row, value in enumerate(frame[column]):
            doubt = column == "share_of_revenue_pct" and frame["institution_zh"][row] in doubted
            marks(ax, value, row, "approx" if doubt else "exact", colour=colours[row], size=5)
            note = f"{value:.{digits}f}" + (f" [{doubted[frame['institution_zh'][row]]}]" if doubt else "")
            ax.annotate(
                note,
                (value, row),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
                color=style.RED if odd[row] or doubt else style.MUTED,
                weight="bold" if odd[row] else "normal",
            )
    axes[1].set_xscale("symlog", linthresh=40)
    axes[1].set_xticks([0, 20, 40, 200], ["0", "20", "40", "200"])
    axes[1].set_xlim(0, 900)
    axes[0].set_xlim(0, frame["tech_spend"].max() * 1.22)
    axes[2].set_xlim(2, frame["share_of_revenue_pct"].max() * 1.18)
    axes[0].set_yticks(y, frame[f"institution_{lang}"], fontsize=8 if lang == "zh" else 6.5)
    axes[0].set_ylim(len(frame) - 0.4, -0.6)
    titles = (
        ("投入（亿元）", "Spending (100m yuan)"),
        ("增速（%）", "Growth (%)"),
        ("占营收（%）", "Of revenue (%)"),
    )
    for ax, title in zip(axes, titles):
        ax.set_title(title[lang == "en"], fontsize=8.5)
    for colour, label in (
        (style.NAVY, ("国有大行", "State banks")),
        (style.TEAL, ("股份行", "Joint-stock banks")),
    ):
        axes[0].plot([], [], "s", color=colour, label=label[lang == "en"])
    axes[0].plot([], [], "o", mfc=style.PAPER, mec=style.INK, label=("存疑", "Doubted")[lang == "en"])
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def state_totals(frame: pd.DataFrame, lang: str = "zh"):
    """Six state banks: printed totals full, computed ones open; the line breaks where a year is missing."""
    fig, ax = style.subplots(height=2.8)
    full = frame.set_index("year")["value"].reindex(range(frame["year"].min(), frame["year"].max() + 1))
    ax.plot(full.index, full, color=style.NAVY, lw=1.2, zorder=1)
    for row in frame.itertuples():
        marks(ax, row.year, row.value, "exact" if row.basis == "printed" else "approx", up=True)
        ax.annotate(
            f"{row.value:,.0f}",
            (row.year, row.value),
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    ax.plot([], [], "o", color=style.NAVY, label=("刊载", "Printed")[lang == "en"])
    ax.plot(
        [],
        [],
        "o",
        mfc=style.PAPER,
        mec=style.NAVY,
        label=("由刊载增速推算", "Computed from printed growth")[lang == "en"],
    )
    gap = full.index[full.isna()]
    for year in gap:
        ax.annotate(
            ("未载", "not printed")[lang == "en"],
            (year, full.min()),
            ha="center",
            fontsize=7.5,
            color=style.MUTED,
        )
    ax.set_xticks(full.index)
    ax.set_ylim(full.min() * 0.92, full.max() * 1.08)
    ax.set_ylabel(("亿元", "100m yuan")[lang == "en"])
    ax.grid(axis="y")
    ax.legend(loc="upper left")
    return fig


def securities(frame: pd.DataFrame, lang: str = "zh"):
    """Securities firms: spending and share of revenue, bounds as arrows."""
    fig, axes = style.subplots(1, 2, height=2.9, sharey=True)
    names = frame.drop_duplicates("institution_zh")
    place = {key: row for row, key in enumerate(names["institution_zh"])}
    titles = {
        "tech_spend": ("投入（亿元）", "Spending (100m yuan)"),
        "share_of_revenue_pct": ("占营收（%）", "Share of revenue (%)"),
    }
    for ax, measure in zip(axes, titles):
        for row in frame[frame["measure"].eq(measure)].itertuples():
            marks(ax, row.value, place[row.institution_zh], row.qualifier, row.kind)
            ax.annotate(
                institutions.printed(row.value, row.qualifier),
                (row.value, place[row.institution_zh]),
                (0, 7),
                textcoords="offset points",
                fontsize=7.5,
                ha="center",
                color=style.MUTED,
            )
        ax.set_title(titles[measure][lang == "en"], fontsize=8.5)
        ax.set_xlim(0, 30)
    axes[0].set_yticks(range(len(names)), names[f"institution_{lang}"], fontsize=8 if lang == "zh" else 7)
    axes[0].set_ylim(len(names) - 0.4, -0.8)
    legend_of_marks(fig, axes[1], lang, [("exact", "actual"), ("ge", "actual"), ("approx", "actual")])
    return fig


def sizes(frame: pd.DataFrame, growth: pd.DataFrame, lang: str = "zh"):
    """Industry sizes, one panel each; the way to a forecast is dashed, bounds carry arrows, implied growth is the title."""
    rates = growth.set_index("series")
    fig, axes = style.subplots(1, len(rates), height=2.6)
    for ax, (series, group), colour in zip(axes, frame.groupby("series", sort=False), style.CYCLE):
        ax.plot(
            group["year"],
            group["value"],
            color=colour,
            lw=1.3,
            gid=f"line-{series}",
            ls="--" if group["kind"].ne("actual").any() else "-",
        )
        for row in group.itertuples():
            marks(ax, row.year, row.value, row.qualifier, row.kind, colour, up=True, size=5)
            ax.annotate(
                institutions.printed(row.value, row.qualifier),
                (row.year, row.value),
                (0, -13),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color=style.MUTED,
            )
        rate = rates.loc[series]
        stated = f"{rate['printed']}%" if pd.notna(rate["printed_pct"]) else ("未载", "none")[lang == "en"]
        words = (
            f"隐含 {rate['implied_pct']:.1f}%\n刊载 {stated}",
            f"implied {rate['implied_pct']:.1f}%\nprinted {stated}",
        )
        unit = ("（亿美元）", ", US$")[lang == "en"] if group["unit"].iloc[0] == "USD_100m" else ""
        ax.set_title(f"{name(SERIES, series, lang)}{unit}\n{words[lang == 'en']}", fontsize=7.5, color=colour)
        ax.set_ylim(0, group["value"].max() * 1.35)
        ax.set_xlim(
            group["year"].min() - 0.45 * np.ptp(group["year"]),
            group["year"].max() + 0.45 * np.ptp(group["year"]),
        )
        ax.set_xticks(group["year"])
        ax.set_yticks([])
        ax.grid(False)
        ax.spines["left"].set_visible(False)
    legend_of_marks(fig, axes[0], lang, [("exact", "actual"), ("gt", "actual"), ("gt", "forecast")])
    return fig


def targets(frame: pd.DataFrame, names: dict, lang: str = "zh"):
    """Scorecard of five-year targets in per cent: a diamond and an arrow each; no actual value is printed."""
    shown = frame[frame["unit"].eq("pct")].reset_index(drop=True)
    fig, ax = style.subplots(height=0.3 * len(shown) + 0.7)
    for row in shown.itertuples():
        ax.plot([0, 100], [row.Index] * 2, color=style.FAINT, lw=5, zorder=0, solid_capstyle="butt")
        marks(ax, row.value, row.Index, row.qualifier, row.kind, style.ORANGE)
        ax.annotate(
            f"{row.printed}%",
            (row.value, row.Index),
            (0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    ax.set_yticks(range(len(shown)), [names[measure][lang] for measure in shown["measure"]])
    ax.set_ylim(len(shown) - 0.5, -0.8)
    ax.set_xlim(0, 100)
    ax.grid(False)
    return fig


def camps(table: pd.DataFrame, lang: str = "zh"):
    """Camp × technology: firms that a source ties to the technology; behind each camp the firms named in all."""
    rows = [
        f"{name(CAMPS, key, lang)}{(f'（{count}家）', f' ({count})')[lang == 'en']}"
        for key, count in table["firms"].items()
    ]
    columns = [name(TECHNOLOGIES, key, lang) for key in table.columns[1:]]
    if lang == "en":
        columns = [column.replace(" ", "\n", 1) for column in columns]
    return grid(table.drop(columns="firms"), rows, columns, empty="–")
