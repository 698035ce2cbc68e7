"""Figures of the chapter on replication: verdicts by section, scores that were left out, how firm the types are."""

import pandas as pd

from fire import codebook
from fire.figures import kit, style
from studies.printed2022.replication import FIRM

VERDICTS = {
    "independent": style.NAVY,
    "fitted": style.SKY,
    "calibrated": style.FAINT,
    "misfit": style.RED,
    "erratum": style.ORANGE,
    "not computable": style.MUTED,
    "held out": style.TEAL,
}
HATCHES = {"misfit": "xxx", "held out": "///"}  # told apart in grey


def verdicts(summary: pd.DataFrame, lang: str):
    """Stacked bars of the verdicts of each section (frame of `ledger.summary`)."""
    table = summary.loc[:, summary.columns != "rows"]
    place = {section: row for row, section in enumerate(table["section"])}
    table = table.melt("section", var_name="verdict", value_name="rows").query("rows > 0")
    table = table.sort_values("section", key=lambda names: names.map(place), kind="stable")
    if lang == "en":
        sections = table["section"].map(codebook.book(lang).translated)
        table = table.assign(section=sections.str.replace(r"([).])(?=\w)", r"\1 ", regex=True))
    order = [verdict for verdict in VERDICTS if verdict in set(table["verdict"])]
    look: dict = {"colours": VERDICTS, "hatches": HATCHES, "least": 0.05, "totals": True, "digits": 0}
    fig = kit.stacked(table, lang, y="section", x="rows", part="verdict", order=order, **look)
    ax = fig.axes[0]
    handles, texts = ax.get_legend_handles_labels()
    ax.get_legend().remove()
    fig.legend(handles, texts, loc="outside upper right", ncols=7 if lang == "zh" else 4)
    return fig


def holdout(held: pd.DataFrame, lang: str):
    """Printed scores that were left out against the range that the others leave for them, with the line of identity; those
    outside their range in the colour of warning (frame of `replication.holdout`)."""
    fig, ax = style.subplots(1, 1, height=3.6)
    ends = [held[["printed", "low"]].min(axis=None), held[["printed", "high"]].max(axis=None)]
    ax.plot(ends, ends, color=style.MUTED, linewidth=0.8, zorder=0)
    for hit, colour, word in (
        (True, style.NAVY, "inside the range"),
        (False, style.RED, "outside the range"),
    ):
        some = held[held["hit"].eq(hit)]
        ax.vlines(some["printed"], some["low"], some["high"], color=colour, linewidth=1.2, alpha=0.45)
        label = codebook.word(word, lang)
        ax.scatter(some["printed"], some["centre"], s=16, color=colour, zorder=3, label=label)
    ax.set(xlabel=kit.heading("printed_score", lang), ylabel=kit.heading("left_out_range", lang))
    ax.grid(True, axis="both")
    ax.legend(loc="upper left")
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
