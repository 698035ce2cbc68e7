"""Figures of the firm chapters: quantity with quality, ranks against each other, technologies by region."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import patheffects

from fire.figures import style
from fire.sources import records

WORDS = {
    "firms": ("企业数（家）", "Firms"),
    "patents": ("专利申请数（件）", "Patent applications"),
    "rd_staff": ("研发人员（人）", "R&D staff"),
    "deals_top_vc": ("头部资本领投次数", "Deals led by top VC"),
    "hightech_share_pct": ("高新技术企业占比（%）", "High-tech share (%)"),
    "invention_share_pct": ("发明专利占比（%）", "Invention share (%)"),
    "rd_staff_per_firm": ("每家企业研发人员（人）", "R&D staff per firm"),
    "deals_top_vc_per_firm": ("每家企业头部资本领投次数", "Top-VC deals per firm"),
    "cr3": ("前三合计", "Top three"),
    "location_quotient": ("区位熵", "Location quotient"),
    "share": ("占该技术的比重（%）", "Share of the technology (%)"),
    "rank": ("名次", "Rank"),
    "specialised": ("最具专长的技术", "Technology of largest advantage"),
    "lon": ("经度", "Longitude"),
    "lat": ("纬度", "Latitude"),
    "patents_size": ("点的大小：专利数", "Dot size: patents"),
}


def word(key: str, lang: str) -> str:
    """Label of a measure."""
    return WORDS[key][lang == "en"]


def name(key: str, lang: str) -> str:
    """Name of a technology, region or city."""
    listed = records.technology()
    english = {zh: en for kind in ("track", "category") for zh, en in zip(listed[kind], listed[f"{kind}_en"])}
    return (
        key
        if lang == "zh"
        else "Other"
        if key == records.OTHER
        else english.get(key) or style.unit(key, lang)
    )


def quantity_quality(
    frame: pd.DataFrame, lang: str = "zh", *, by: str, amount: str, quality: str, statuses=(), digits: int = 1
):
    """Bars of an amount with the quality ratio overlaid as diamonds on the upper axis; both as figures at the right.

    `frame` has one row a unit with columns `by`, `amount` and `quality`, drawn in the order given by the amount.
    """
    rows = frame.sort_values(amount, kind="stable").reset_index(drop=True)
    fig, axis = style.subplots(height=1.0 + 0.23 * len(rows))
    axis.barh(rows.index, rows[amount], color=style.BASE, height=0.68)
    axis.set_yticks(rows.index, [name(unit, lang) for unit in rows[by]])
    axis.set_xlabel(word(amount, lang))
    axis.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    upper = axis.twiny()
    upper.plot(
        rows[quality], rows.index, ls="", marker="D", ms=5, color=style.HIGHLIGHT, mec="white", mew=0.6
    )
    upper.set_xlim(0, rows[quality].max() * 1.08)
    upper.set_xlabel(word(quality, lang), color=style.HIGHLIGHT)
    upper.tick_params(axis="x", colors=style.HIGHLIGHT)
    upper.grid(False)
    for place, row in rows.iterrows():
        at_right(axis, 1.13, place, f"{row[amount]:,.0f}", style.MUTED)
        at_right(axis, 1.22, place, figure(row[quality], digits), style.HIGHLIGHT)
    return style.status_note(fig, statuses, lang)


def at_right(axis, right: float, place: float, text: str, colour: str) -> None:
    """A figure in a column beside the axes."""
    axis.annotate(
        text,
        (right, place),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=7.5,
        color=colour,
    )


def figure(value: float, digits: int) -> str:
    """A ratio as shown; a dash when missing."""
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def slope(frame: pd.DataFrame, lang: str = "zh", *, by: str, left: str, right: str, statuses=()):
    """Ranks by two measures joined by lines: who climbs (teal) and who falls (red) by three places or more."""
    ranks = frame[[left, right]].rank(ascending=False, method="first").set_index(frame[by])
    fig, axis = style.subplots(height=0.8 + 0.26 * len(ranks))
    for unit, (start, end) in ranks.iterrows():
        colour = style.RISE if start - end >= 3 else style.FALL if end - start >= 3 else style.BASE
        axis.plot(
            [0, 1], [start, end], color=colour, lw=1.8 if colour != style.BASE else 1.0, marker="o", ms=4
        )
        for x, y, text in (
            (0, start, f"{name(unit, lang)}  {start:.0f}"),
            (1, end, f"{end:.0f}  {name(unit, lang)}"),
        ):
            axis.annotate(
                text,
                (x, y),
                (16 * x - 8, 0),
                textcoords="offset points",
                ha="left" if x else "right",
                va="center",
                fontsize=8,
            )
    axis.set(xlim=(-0.6, 1.6), ylim=(len(ranks) + 0.6, 0.4), yticks=[])
    axis.set_xticks([0, 1], [word(left, lang), word(right, lang)])
    axis.xaxis.tick_top()
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return style.status_note(fig, statuses, lang)


def shares_heatmap(shares: pd.DataFrame, lang: str = "zh", *, statuses=(), top: int = 3):
    """Shares (%) of regions in each technology, the leader framed, with the sum of the `top` largest in a last row."""
    wide = matrix_of(shares, "share_of_technology_pct")
    fig, axis = style.subplots(height=1.0 + 0.25 * (len(wide) + 1))
    image = axis.imshow(wide, cmap=style.SEQUENTIAL, aspect="auto", vmin=0, vmax=np.nanmax(wide))
    write_cells(axis, wide, image, 1)
    for column in range(wide.shape[1]):
        leader = int(np.nanargmax(wide.iloc[:, column]))
        frame = mpl.patches.Rectangle(
            (column - 0.5, leader - 0.5), 1, 1, fill=False, ec=style.HIGHLIGHT, lw=1.8
        )
        axis.add_patch(frame)
        sum_of_top = wide.iloc[:, column].nlargest(top).sum()
        axis.text(
            column, len(wide) + 0.05, f"{sum_of_top:.1f}", ha="center", va="center", fontsize=8, weight="bold"
        )
    axis.text(-0.6, len(wide) + 0.05, word("cr3", lang), ha="right", va="center", fontsize=8.5, weight="bold")
    axis.set_ylim(len(wide) + 0.5, -0.5)
    finish_matrix(fig, axis, wide, image, word("share", lang), lang)
    return style.status_note(fig, statuses, lang)


def quotient_heatmap(shares: pd.DataFrame, lang: str = "zh", *, statuses=()):
    """Location quotients of regions by technology around 1 (equal share), on a logarithmic scale."""
    wide = matrix_of(shares, "location_quotient")
    fig, axis = style.subplots(height=1.0 + 0.25 * len(wide))
    scale = mpl.colors.LogNorm(0.25, 4)
    image = axis.imshow(wide.where(wide > 0), cmap=style.DIVERGING + "_r", aspect="auto", norm=scale)
    write_cells(axis, wide, image, 2)
    finish_matrix(fig, axis, wide, image, word("location_quotient", lang), lang)
    return style.status_note(fig, statuses, lang)


def matrix_of(shares: pd.DataFrame, value: str) -> pd.DataFrame:
    """Tidy shares as a matrix in the order of their rows."""
    return shares.pivot(index="unit", columns="technology", values=value).reindex(
        index=shares["unit"].drop_duplicates(), columns=shares["technology"].drop_duplicates()
    )


def write_cells(axis, wide: pd.DataFrame, image, digits: int) -> None:
    """The number of each cell, dark on light and light on dark."""
    for row, column in np.ndindex(wide.shape):
        value = wide.iat[row, column]
        red, green, blue, _ = image.cmap(image.norm(value)) if value == value and value > 0 else (1, 1, 1, 1)
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        axis.text(
            column,
            row,
            figure(value, digits),
            ha="center",
            va="center",
            fontsize=7.5,
            color="white" if dark else style.INK,
        )


def finish_matrix(fig, axis, wide: pd.DataFrame, image, title: str, lang: str) -> None:
    """Names on both sides and the colour bar."""
    axis.set_xticks(range(wide.shape[1]), [name(key, lang).replace(" ", "\n") for key in wide.columns])
    axis.set_yticks(range(len(wide)), [name(key, lang) for key in wide.index])
    axis.xaxis.tick_top()
    axis.grid(False)
    axis.spines[:].set_visible(False)
    bar = fig.colorbar(image, ax=axis, fraction=0.03, pad=0.02)
    bar.set_label(title)
    bar.outline.set_visible(False)
    if isinstance(image.norm, mpl.colors.LogNorm):
        bar.set_ticks([0.25, 0.5, 1, 2, 4], labels=["1/4", "1/2", "1", "2", "4"])
        bar.ax.minorticks_off()


def specialisation_map(cities: pd.DataFrame, lang: str = "zh", *, statuses=(), labelled: int = 14):
    """Cities at their coordinates, coloured by the technology of largest location quotient, sized by patents.

    `cities` has `unit, lon, lat, value, main`; the largest are named, those beside a larger one are not.
    """
    technologies = list(dict.fromkeys(records.technology()["category"]))
    colours = dict(zip(technologies, style.CYCLE, strict=True))
    fig, axis = style.subplots(height=4.6)
    for technology in technologies:
        group = cities[cities["main"] == technology]
        size = 12 + 380 * group["value"] / cities["value"].max()
        axis.scatter(
            group["lon"],
            group["lat"],
            s=size,
            color=colours[technology],
            alpha=0.8,
            ec="white",
            lw=0.5,
            label=name(technology, lang),
        )
    halo = [patheffects.withStroke(linewidth=2, foreground="white")]
    for row in apart(cities.nlargest(2 * labelled, "value")).head(labelled).itertuples():
        axis.annotate(
            name(row.unit, lang),
            (row.lon, row.lat),
            (5, 4),
            textcoords="offset points",
            fontsize=7.5,
            path_effects=halo,
        )
    axis.set(xlabel=word("lon", lang), ylabel=word("lat", lang), aspect=1.2)
    axis.grid(True, axis="both")
    heading = f"{word('specialised', lang)}\n({word('patents_size', lang)})"
    legend = axis.legend(title=heading, loc="lower left", fontsize=7.5, title_fontsize=7.5)
    for handle in legend.legend_handles:
        handle.set_sizes([35])
    return style.status_note(fig, statuses, lang)


def apart(cities: pd.DataFrame, width: float = 4.5, height: float = 1.1) -> pd.DataFrame:
    """Cities, largest first, without those within a label's width and height (degrees) of a larger one."""
    kept = []
    for row in cities.itertuples():
        if all(abs(row.lon - other.lon) > width or abs(row.lat - other.lat) > height for other in kept):
            kept.append(row)
    return pd.DataFrame(kept)
