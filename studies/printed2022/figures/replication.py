"""Figures of the replication chapter: verdicts by section, computed against printed, stability of types."""

import numpy as np
import pandas as pd

from fire import glossary
from fire.figures import style

WORDS = {
    "reproduced": ("再现", "reproduced"),
    "explained": ("已解释", "explained"),
    "mismatch": ("不符", "mismatch"),
    "not computable": ("不可计算", "not computable"),
    "rows": ("条数", "rows"),
    "recomputed from observed data": ("由公开统计复算", "recomputed from observed data"),
    "calibrated": ("校准样本", "calibrated sample"),
    "held out": ("未参与校准", "held out"),
    "printed": ("刊载值", "printed"),
    "computed": ("计算值", "computed"),
    "score": ("得分", "Score"),
    "growth_pct": ("增速（%）", "Growth (%)"),
    "residual": ("误差 ÷ 半个末位单位", "error ÷ half a last digit"),
    "kept": ("保持类型的抽样比例（%）", "draws that keep the type (%)"),
}
COLOURS = {
    "reproduced": style.BASE,
    "explained": style.ORANGE,
    "mismatch": style.RED,
    "not computable": style.INK,
}
MARKS = {
    "recomputed from observed data": ("o", style.NAVY),
    "calibrated": (".", style.BASE),
    "held out": ("^", style.RED),
}


def word(key: str, lang: str) -> str:
    return WORDS[key][lang == "en"]


def verdicts(summary: pd.DataFrame, lang: str = "zh", statuses=("simulated",)):
    """Stacked bars of the verdicts of each section (frame of `ledger.summary`)."""
    table = summary.iloc[::-1]
    sections = table["section"] if lang == "zh" else table["section"].map(glossary.english)
    fig, ax = style.subplots(height=0.9 + 0.24 * len(table))
    left = np.zeros(len(table))
    for verdict, colour in COLOURS.items():
        if table[verdict].sum():
            ax.barh(
                sections,
                table[verdict],
                left=left,
                color=colour,
                label=f"{word(verdict, lang)} {table[verdict].sum()}",
            )
            left += table[verdict].to_numpy()
    style.value_labels(ax, range(len(table)), table["rows"], digits=0)
    ax.set_xlabel(word("rows", lang))
    ax.set_xlim(0, table["rows"].max() * 1.1)
    fig.legend(loc="outside upper right", ncols=4)
    return style.status_note(fig, statuses, lang)


def scatter(ledger: pd.DataFrame, lang: str = "zh", statuses=("simulated",)):
    """Computed against printed exact scores and growth rates with the identity line; below, errors in units of the tolerance."""
    rows = ledger[ledger["measure"].isin(["score", "growth_pct"]) & ledger["printed"].str.match(r"-?\d")]
    rows = rows.assign(
        printed=rows["printed"].astype(float),
        computed=rows["computed"].astype(float),
        residual=rows["difference"].astype(float) / rows["tolerance"].astype(float),
    )
    fig, axes = style.subplots(2, 2, height=4.6, height_ratios=[2.2, 1], sharex="col")
    for column, measure in enumerate(["score", "growth_pct"]):
        some, (top, low) = rows[rows["measure"].eq(measure)], axes[:, column]
        ends = [some["printed"].min(), some["printed"].max()]
        top.plot(ends, ends, color=style.MUTED, linewidth=0.8)
        low.axhspan(-1, 1, color=style.FAINT, alpha=0.6, linewidth=0)
        for evidence, (marker, colour) in MARKS.items():
            part = some[some["evidence"].eq(evidence)]
            top.scatter(
                part["printed"],
                part["computed"],
                s=16,
                marker=marker,
                color=colour,
                label=word(evidence, lang) if column == 0 else None,
            )
            low.scatter(part["printed"], part["residual"].clip(-8, 8), s=16, marker=marker, color=colour)
        top.set_title(word(measure, lang))
        low.set_xlabel(word("printed", lang))
        low.set_ylim(-9, 9)
        for ax in (top, low):
            ax.grid(axis="both")
    axes[0, 0].set_ylabel(word("computed", lang))
    axes[1, 0].set_ylabel(word("residual", lang))
    fig.legend(loc="outside upper right", ncols=3)
    return style.status_note(fig, statuses, lang)


def stability(table: pd.DataFrame, lang: str = "zh", statuses=("simulated",)):
    """Share of draws that keep each printed type (columns unit, node, name, share_kept)."""
    table = table.sort_values("share_kept")
    fig, ax = style.subplots(height=0.8 + 0.22 * len(table))
    names = [
        f"{style.region(row.unit, lang)} · {style.node(row.node, lang)} · {row.name_zh if lang == 'zh' else row.name_en}"
        for row in table.itertuples()
    ]
    share = 100 * table["share_kept"]
    ax.barh(names, share, color=[style.BASE if value >= 80 else style.ORANGE for value in share])
    style.value_labels(ax, range(len(table)), share, digits=0)
    ax.set_xlim(0, 108)
    ax.set_xlabel(word("kept", lang))
    return style.status_note(fig, statuses, lang)
