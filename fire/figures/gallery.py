"""Figures of the gallery: how far recomputed indices are from what was published."""

import numpy as np
import pandas as pd

from fire.figures import kit, style
from fire.index.rounding import TOLERANCE

LEAST = TOLERANCE  # smaller differences are none, to the engine: they stand at the end of the axis
NONE = LEAST / 10
# The axis of `overview`.
DISTANCE = {
    "zh": "重算与公布得分的最大相差（各指数自己的单位，对数轴）\n各指数的标尺不同，如 0—1、0—10、0—100",
    "en": "Largest difference between recomputed and published score\n"
    "In the unit of each index, log scale; scales differ: 0–1, 0–10, 0–100",
}
LINEAR = 30  # half units beyond which an axis is logarithmic on either side of one


def overview(frame: pd.DataFrame, lang: str):
    """A row an index, the closest on top: a dot at the largest difference, joined with a stroke at half a unit of the last
    printed decimal (none in double precision); hollow where published inputs are rounded more than that. The axis is
    logarithmic, each index in its own unit; one without scores has no dot.

    Columns: title_zh, title_en, largest, half, rounded, as `fire.analysis.gallery.table` gives them.
    """
    frame, row = frame.sort_values("largest", kind="stable", ignore_index=True), np.arange(len(frame))
    fig, ax = kit.rows([""] * len(frame), lang, each=0.2, extra=0.7)
    ax.set_yticks(row, kit.names(frame, "title", lang), fontsize=7.5)
    away = frame["largest"].mask(frame["largest"] < LEAST, NONE)
    ax.hlines(row, away, frame["half"], color=style.FAINT, linewidth=1.2, zorder=1)
    looks = {
        "largest": (away[~frame["rounded"]], {"marker": "o", "s": 26, "facecolors": style.NAVY}),
        "rounded": (away[frame["rounded"]], {"marker": "o", "s": 26, "facecolors": style.PAPER}),
        "half": (frame["half"].dropna(), {"marker": "|", "s": 70}),
    }
    for column, (places, look) in looks.items():
        colour = style.ORANGE if column == "half" else style.NAVY
        look |= {"edgecolors" if "facecolors" in look else "color": colour, "linewidth": 1.4}
        ax.scatter(places, row[places.index], zorder=3, **look)
        ax.scatter([], [], label=kit.heading(column, lang), **look)
    ax.set_xscale("log")
    ax.minorticks_off()
    ticks = 10.0 ** np.arange(-9, 1, 3)
    ax.set_xticks([NONE, *ticks], [_power(LEAST, "<"), *map(_power, ticks)])
    ax.set_xlim(NONE / 3, max(3.0, 3 * frame[["largest", "half"]].max(axis=None)))
    ax.set_xlabel(DISTANCE[lang], fontsize=8)
    kit.one_legend(fig)
    return fig


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _power(value: float, sign: str = "") -> str:
    """A tick at a power of ten."""
    power = round(np.log10(value))
    return "1" if power == 0 else f"{sign}10" + str(power).translate(RAISED)


def differences(frame: pd.DataFrame, lang: str):
    """A row a node: every value's difference in half units of its last printed decimal; inside the band, printing hides it.

    Columns: node, name_zh, name_en, halves.
    """
    nodes = frame.drop_duplicates("node")
    place = {node: row for row, node in enumerate(nodes["node"])}
    fig, ax = kit.rows(kit.names(nodes, "name", lang), lang, size=7.5)
    ax.axvspan(-1, 1, color=style.FAINT, alpha=0.5, linewidth=0)
    inside = frame["halves"].abs() <= 1 + 1e-6
    colours = np.where(inside, style.NAVY, style.RED)
    ax.scatter(frame["halves"], frame["node"].map(place), s=9, c=list(colours), alpha=0.5, linewidth=0)
    reach = max(1.5, 1.1 * frame["halves"].abs().max())
    if reach > LINEAR:
        ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(-reach, reach)
    ax.set_xlabel(kit.heading("halves", lang))
    return fig
