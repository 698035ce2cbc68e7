"""Figures of the chapter on replication: verdicts by section, computed against printed, how firm the types are."""

import pandas as pd
import seaborn as sns

from fire import codebook
from fire.figures import kit, style
from studies.printed2022.replication import FIRM

VERDICTS = {
    "reproduced": style.BASE,
    "explained": style.ORANGE,
    "mismatch": style.RED,
    "not computable": style.INK,
}
EVIDENCE = {"calibrated": style.BASE, "recomputed from observed data": style.NAVY, "held out": style.RED}
MARKS = {"calibrated": "o", "recomputed from observed data": "s", "held out": "^"}
REACH = 8.0  # halves of a last digit beyond which an error is drawn at the edge


def verdicts(summary: pd.DataFrame, lang: str):
    """Stacked bars of the verdicts of each section (frame of `ledger.summary`)."""
    table = summary.loc[:, summary.columns != "rows"]
    table = table.melt("section", var_name="verdict", value_name="rows").query("rows > 0")
    if lang == "en":
        table = table.assign(section=table["section"].map(codebook.book(lang).translated))
    return kit.stacked(
        table,
        lang,
        y="section",
        x="rows",
        part="verdict",
        colours=VERDICTS,
        least=0.05,
        totals=True,
        digits=0,
    )


def scatter(exact: pd.DataFrame, lang: str):
    """Computed against printed scores and growth rates with the line of identity; below, errors in halves of the last
    digit, beyond `REACH` at the edge (frame of `replication.exact`)."""
    labels = {kind: codebook.word(kind, lang) for kind in EVIDENCE}
    exact = exact.assign(kind=exact["evidence"].map(labels), error=exact["error"].clip(-REACH, REACH))
    look = {
        "hue": "kind",
        "style": "kind",
        "palette": {labels[kind]: colour for kind, colour in EVIDENCE.items()},
        "markers": {labels[kind]: mark for kind, mark in MARKS.items()},
        "hue_order": list(labels.values()),
        "style_order": list(labels.values()),
        "s": 20,
        "linewidth": 0.3,
    }
    fig, axes = style.subplots(2, 2, height=4.6, height_ratios=[2.2, 1], sharex="col", sharey=False)
    for (top, low), measure in zip(axes.T, ("score", "growth_pct"), strict=True):
        some = exact[exact["measure"].eq(measure)]
        ends = [some["printed"].min(), some["printed"].max()]
        top.plot(ends, ends, color=style.MUTED, linewidth=0.8, zorder=0)
        low.axhspan(-1, 1, color=style.FAINT, alpha=0.6, linewidth=0, zorder=0)
        for ax, value in ((top, "computed"), (low, "error")):
            sns.scatterplot(some, x="printed", y=value, ax=ax, legend=ax is axes[0, 0], **look)
            ax.set(xlabel=kit.heading("exact_printed", lang), ylabel="")
            ax.grid(True, axis="both")
        low.set_ylim(-REACH - 1, REACH + 1)
        top.set_title(kit.heading(measure, lang))
    axes[0, 0].set_ylabel(kit.heading("exact_computed", lang))
    axes[1, 0].set_ylabel(kit.wrap(kit.heading("errors_in_halves", lang), lang, 16))
    handles, names = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].get_legend().remove()
    fig.legend(handles, names, loc="outside upper right", ncols=3)
    return fig


def types(types: pd.DataFrame, lang: str):
    """Share of draws that keep each printed type, written in its bar; types that are not firm in the colour of warning
    (frame of `replication.types`)."""
    table = types.sort_values("share_kept", ascending=False, ignore_index=True)
    places = zip(kit.names(table, "unit", lang), kit.names(table, "node", lang), strict=True)
    table["name"] = [" · ".join(place) for place in places]
    colours = [style.BASE if share >= FIRM else style.ORANGE for share in table["share_kept"]]
    fig = kit.bars(table, lang, y="name", x="share_kept", colours=colours)
    for row, kind in table[f"printed_type_{lang}"].items():
        fig.axes[0].text(1, row, kind, va="center", fontsize=7.5, color=style.INK)
    return fig
