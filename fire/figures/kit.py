"""Shared kinds of figure, on seaborn: bars, stacked bars, dots, dumbbells, intervals, strips, heat maps, scatters.

    kit.bars(frame, lang, y="unit", x="score")          # a row of the frame, first on top; returns the figure
    kit.dumbbell(frame, lang, y="region", start=2020, end=2021, ax=axes[0])

A kind is told by column names only. Labels come from the codebook: the heading of a column names an axis, its digits
round the numbers, its kind (city, region, node, status, word) names the cells; of a pair `name_zh`, `name_en` the
reader's is shown as `name`. Rows stand in the order of the frame. Every kind takes `ax=` to draw into given axes.

A column with companions (`<column>_status`, `<column>_low`, `<column>_high`, of `fire.analysis.known`) shows how well it
is known, in every kind: a diamond is printed, a dot known otherwise, a hollow mark in its range simulated and without
number. A key above the figure says so where there is more than one of these.
"""

import textwrap

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb

from fire import codebook
from fire.analysis.known import SOFT, apart
from fire.figures import style
from fire.figures.style import BASE, FAINT, HIGHLIGHT, INK, MUTED, NAVY, PAPER

VEIL = {"facecolor": PAPER, "alpha": 0.75, "pad": 0.4, "linewidth": 0}  # behind a name that lines may cross


# Names and numbers


def heading(column, lang: str) -> str:
    """Heading of a column, by the codebook of the edition."""
    return codebook.book(lang).column(column)[str(lang)]


def names(frame: pd.DataFrame, column, lang: str) -> list[str]:
    """The cells of a column as a reader knows them, by the kind that the codebook states."""
    if column not in frame:
        return frame[f"{column}_{lang}"].astype(str).tolist()
    return [name(cell, column, lang) for cell in frame[column]]


def name(cell, column, lang: str) -> str:
    """One cell of a column as a reader knows it."""
    kind = codebook.book(lang).column(column)["kind"]
    return (
        codebook.word(str(cell), lang) if kind in ("number", "text") else getattr(codebook, kind)(cell, lang)
    )


def digits_of(column, lang: str, digits: int | None = None) -> int:
    """Decimals of a column: those given, else the codebook's, else 2."""
    stated = codebook.book(lang).column(column)["digits"] if digits is None else digits
    return 2 if stated is None else stated


def number(value: float, digits: int = 2, signed: bool = False) -> str:
    """A number with a true minus sign and thousands separators; a dash when missing.

    >>> number(-1234.5, 1), number(0.5, 0, signed=True), number(float("nan"))
    ('−1,234.5', '+0', '–')
    """
    return "–" if pd.isna(value) else f"{value:{'+' if signed else ''},.{digits}f}".replace("-", "−")


def per_cent(share: float) -> str:
    """A share of 1 in whole per cent; what is more than none does not become none, nor less than all
    all.

    >>> per_cent(0.596), per_cent(0.005), per_cent(0.0), per_cent(0.997)
    ('60%', '<1%', '0%', '>99%')
    """
    if 0 < share <= 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 - 1e-9 else f"{100 * share:.0f}%"


def wrap(text: str, lang: str, size: int = 30) -> str:
    """Break a long label into lines; Chinese counts half of `size` characters."""
    return "\n".join(textwrap.wrap(text, size // 2 if lang == "zh" else size))


def broken(text: str, most: int) -> str:
    """A name in two lines where it is longer than `most` characters and has a space or a bracket to break at."""
    if len(text) <= most:
        return text
    return "\n".join(textwrap.wrap(text.replace("（", " （"), most, break_long_words=False))


# How well values are known


def soft(frame: pd.DataFrame, *columns) -> pd.Series:
    """Rows in which a value is known as a range only: the status of one of these columns is simulated or assumed."""
    found = pd.Series(False, frame.index)
    for column in columns:
        found |= frame[f"{column}_status"].isin(SOFT) if f"{column}_status" in frame else False
    return found


def bounds(frame: pd.DataFrame, column) -> tuple[pd.Series, pd.Series]:
    """The range of every value of a column; the value itself where it has none."""
    low, high = (frame.get(f"{column}_{end}", frame[column]).astype(float) for end in ("low", "high"))
    return low, high


def cell(frame: pd.DataFrame, column, row: int, lang: str) -> str:
    """A value as text, whole numbers without decimals; of one that is known as a range only its ends, in parentheses, with
    few decimals (`known.apart`). `row`: its position."""
    digits = digits_of(column, lang) if pd.api.types.is_float_dtype(frame[column]) else 0
    if not soft(frame, column).iloc[row]:
        return number(frame[column].iloc[row], digits)
    ends = [end.iloc[row] for end in bounds(frame, column)]
    low, high = (number(end, apart(ends, digits)) for end in ends)
    return f"({low})" if low == high else f"({low}–{high})"


def marks(
    ax, frame: pd.DataFrame, lang: str, x, row, colours, size: float = 28, line: float | None = None
) -> bool:
    """Mark the values of `x` in some rows by how well they are known, with their ranges and, where some are printed or
    simulated, a key; whether there is one. `colours`: one, or one a row; `line`: width of the ranges, in points."""
    row, loose = np.asarray(row, dtype=float), soft(frame, x)
    colours = np.array([colours] * len(frame) if isinstance(colours, str) else list(colours), dtype=object)
    low, high = bounds(frame, x)
    value = frame[x].astype(float)
    value = value.where(~loose, value.clip(low, high))
    wide = low.lt(high).to_numpy()
    ax.hlines(row[wide], low[wide], high[wide], color=colours[wide], linewidth=line or size / 11, alpha=0.4)
    status = frame[f"{x}_status"] if f"{x}_status" in frame else pd.Series("observed", frame.index)
    told = status.eq("printed")
    keyed = bool(told.any() or loose.any())
    for there, marker, hollow in ((told, "D", False), (~told & ~loose, "o", False), (loose, "o", True)):
        keep = there.to_numpy() & value.notna().to_numpy()
        if not keep.any():
            continue
        look = {"marker": marker, "linewidth": 1.2 if hollow else 0.5, "s": size if hollow else 1.15 * size}
        own = list(colours[keep])
        face, edge = (PAPER, own) if hollow else (own, PAPER)
        ax.scatter(value[keep], row[keep], facecolors=face, edgecolors=edge, zorder=3, **look)
        if keyed:
            face, edge = (PAPER, MUTED) if hollow else (MUTED, PAPER)
            ax.scatter([], [], facecolors=face, edgecolors=edge, label=_key(status[keep], lang), **look)
    return keyed


def _key(statuses: pd.Series, lang: str) -> str:
    """What a mark means: the names of its statuses, from hard to soft."""
    if statuses.eq("simulated").any():
        return codebook.word("range_simulated", lang)
    there = [codebook.status(one, lang) for one in codebook.STATUS if one in set(statuses)]
    return ("、" if lang == "zh" else ", ").join(there)


# Frames of axes


def rows(labels: list[str], lang: str, *, each: float = 0.2, extra: float = 0.62, size: float = 8, ax=None):
    """Axes with one labelled row each, first on top: (figure, axes). `each`, `extra`: inches a row and beside them."""
    fig, ax = _axes(ax, each * len(labels) + extra)
    ax.set_yticks(range(len(labels)), [wrap(label, lang, 38) for label in labels], fontsize=size)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    return fig, ax


def panels(nodes: list, lang: str, *, height: float, column: str = "node", columns: int = 0, sharey=True):
    """Axes side by side, each titled with a cell of `column`: (figure, list of axes). `columns`: at most that many;
    `height`: inches, without the further lines of long titles."""
    across = columns or len(nodes)
    down = -(-len(nodes) // across)
    titles = [wrap(name(node, column, lang), lang, 64 // across) for node in nodes]
    height += 0.14 * down * max(title.count("\n") for title in titles)
    fig, axes = style.subplots(down, across, height=height, sharey=sharey, squeeze=False)
    for ax, title in zip(axes.flat, titles, strict=False):
        ax.set_title(title, fontsize=8.5)
    for ax in axes.flat[len(nodes) :]:
        ax.axis("off")
    return fig, list(axes.flat[: len(nodes)])


def one_legend(fig) -> None:
    """One legend above the figure, in place of those of its axes; marks that look alike share an entry."""
    found: dict = {}
    for ax in fig.axes:
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(_look(handle, text), (handle, []))[1].append(text)
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    if found:
        handles, texts = zip(*found.values(), strict=True)
        look = {"loc": "outside upper right", "ncols": min(len(found), 6), "handletextpad": 0.3}
        fig.legend(handles, [_shared(names) for names in texts], **look)


def _look(handle, text: str):
    """What tells a mark of a legend from others: shape and colours of points, else its text."""
    if not isinstance(handle, PathCollection):
        return text
    shape = np.asarray(handle.get_paths()[0].vertices)
    return shape.tobytes(), str(handle.get_facecolor()), handle.get_sizes()[0]


def _shared(texts: list[str]) -> str:
    """The parts of several texts, each once."""
    comma = "、" if any("、" in text or text >= "\u3000" for text in texts) else ", "
    return comma.join(dict.fromkeys(part for text in texts for part in text.split(comma)))


def beside(ax, at: float, head: str, rows_, texts, muted: str = "(") -> None:
    """A column of texts right of the axes, ending `at` points from them, under a heading; those that begin with `muted` in
    grey."""
    look = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points", "ha": "right", "fontsize": 7}
    top = ax.get_ylim()[1]
    ax.annotate(head, (1, top), (at, 1), va="bottom", color=MUTED, linespacing=1, **look)
    for row, text in zip(rows_, texts, strict=True):
        colour = MUTED if text.startswith(muted) else INK
        ax.annotate(text, (1, row), (at, 0), va="center", color=colour, **look)


def years(frame: pd.DataFrame) -> list[int]:
    """The columns of a frame that are years, as `views.both_years` gives them."""
    return [column for column in frame if isinstance(column, int)]


def _axes(ax, height: float):
    return style.subplots(height=height) if ax is None else (ax.figure, ax)


def _labelled(ax, lang: str, x=None, y=None) -> None:
    """Name the axes; None leaves an axis without name."""
    ax.set_xlabel("" if x is None else heading(x, lang))
    ax.set_ylabel("" if y is None else heading(y, lang))


def _legend(ax) -> None:
    """Legend above the axes, in one line where it fits; none where there is nothing to tell."""
    handles, texts = ax.get_legend_handles_labels()
    if not handles:
        return
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
        ncols=min(len(texts), 6),
        handletextpad=0.3,
        columnspacing=1.2,
    )


# Rows


def bars(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    hue: str | None = None,
    colours=None,
    marked=(),
    digits: int | None = None,
    signed: bool = False,
    at: str | None = None,
    ax=None,
):
    """Horizontal bars with their values. Columns: `y` (label), `x` (length), `hue` (bars side by side, a legend).

    `marked`: cells of `y` in the highlight colour; `colours`: one colour, a list by row, or a dictionary by `hue`;
    `at`: column of the places where the numbers stand (default the ends of the bars).
    """
    labels = frame if hue is None else frame.drop_duplicates(y)
    level = {cell: row for row, cell in enumerate(labels[y])}
    fig, ax = rows(names(labels, y, lang), lang, each=0.2 if hue is None else 0.3, ax=ax)
    wide, digits = frame.assign(_row=frame[y].map(level)), digits_of(x, lang, digits)
    if hue is None:
        wide["_row"] = range(len(wide))
        plain = [HIGHLIGHT if cell in set(marked) else BASE if len(marked) else NAVY for cell in frame[y]]
        colours = plain if colours is None else [colours] * len(wide) if isinstance(colours, str) else colours
        loose, (low, high) = soft(frame, x), bounds(frame, x)
        fill = [PAPER if hollow else colour for hollow, colour in zip(loose, colours, strict=True)]
        ax.barh(wide["_row"], wide[x], color=fill, edgecolor=list(colours), linewidth=0.8, height=0.66)
        ax.hlines(wide["_row"][loose], low[loose], high[loose], color=INK, linewidth=1)
        shown, below = wide[x].where(~loose), wide[x].lt(0)
        for side, pad in ((~below, 3), (below, -3)):
            numbers, places = shown[side], frame.loc[side.to_numpy(), at or x]
            style.value_labels(ax, wide["_row"][side], numbers, digits, pad, at=places, signed=signed)
    else:
        wide["_hue"] = names(frame, hue, lang)
        palette = {name(cell, hue, lang): colour for cell, colour in (colours or {}).items()} or None
        order = range(len(level))
        sns.barplot(
            wide,
            x=x,
            y="_row",
            hue="_hue",
            order=order,
            orient="h",
            palette=palette,
            errorbar=None,
            saturation=1,
            ax=ax,
        )
        ax.set_yticks(order, [wrap(label, lang) for label in names(labels, y, lang)])
        for held in ax.containers:
            texts = [number(value, digits, signed) for value in held.datavalues]
            ax.bar_label(held, texts, padding=3, fontsize=7, color=MUTED)
        _legend(ax)
    if frame[x].lt(0).any():
        ax.axvline(0, color=MUTED, linewidth=0.7)
    _labelled(ax, lang, x)
    ax.margins(x=0.12)
    return fig


def stacked(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    part: str,
    order: list | None = None,
    colours: dict | None = None,
    hatches: dict | None = None,
    percent: bool = False,
    least: float = 0.07,
    totals: bool = False,
    digits: int | None = None,
    ax=None,
):
    """Stacked horizontal bars. Columns of the long frame: `y` (label), `part` (segment), `x` (length; below zero to the
    left).

    `order`: of the parts; `colours`, `hatches`: by part. Parts of at least `least` of the longest bar are written in it. `percent`:
    `x` is a share of 1, and smaller parts are named at the end of the bar. `totals`: the sum there.
    """
    labels, parts = frame.drop_duplicates(y), order or list(dict.fromkeys(frame[part]))
    wide = frame.pivot(index=y, columns=part, values=x).reindex(index=labels[y], columns=parts).fillna(0)
    colours = colours or dict(zip(parts, sns.color_palette(style.CYCLE, len(parts)).as_hex(), strict=True))
    fig, ax = rows(names(labels, y, lang), lang, each=0.25, ax=ax)
    right, left = wide.clip(lower=0).cumsum(axis=1), wide.clip(upper=0).cumsum(axis=1)
    longest, digits = max(right.max(axis=None), -left.min(axis=None)), digits_of(x, lang, digits)
    for one in parts:
        values = wide[one].to_numpy()
        end = np.where(values >= 0, right[one], left[one])
        style_of = {"color": colours[one], "hatch": (hatches or {}).get(one), "edgecolor": PAPER}
        ax.barh(
            range(len(wide)), values, left=end - values, height=0.66, label=name(one, part, lang), **style_of
        )
        for row, (value, stop) in enumerate(zip(values, end, strict=True)):
            if abs(value) >= least * longest:
                text = per_cent(value) if percent else number(value, digits)
                _inside(ax, stop - value / 2, row, text, colours[one])
    if totals:
        style.value_labels(ax, range(len(wide)), right.iloc[:, -1], digits)
    if percent:
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}%")
        ax.set_xlim(0, 1)
        for row, shares in enumerate(wide.itertuples(index=False, name=None)):
            small = [
                f"{name(one, part, lang)} {per_cent(share)}"
                for one, share in zip(parts, shares)
                if 0 < share < least * longest
            ]
            style.end_label(ax, 1, row, "\n".join(small), 5, fontsize=6.5, linespacing=1.1)
    if frame[x].lt(0).any():
        ax.axvline(0, color=MUTED, linewidth=0.7)
    _labelled(ax, lang, None if percent else x)
    _legend(ax)
    return fig


def _inside(ax, x: float, y: float, text: str, colour: str) -> None:
    """A text on a coloured field, light on dark and dark on light, over its hatching."""
    box = {"facecolor": colour, "pad": 1, "linewidth": 0}
    ax.text(x, y, text, ha="center", va="center", fontsize=7.5, weight="bold", color=ink(colour), bbox=box)


def ink(colour) -> str:
    """The ink for a text on a coloured ground: white or black, whichever has more contrast (relative luminance of WCAG 2,
    gamma 2.2), so at least 4.5. Black is written "#010101": of "#000000" an SVG says nothing, and a dark page keeps it."""
    return PAPER if np.power(to_rgb(colour), 2.2) @ (0.2126, 0.7152, 0.0722) < 0.179 else "#010101"


def dots(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    median: str | None = None,
    low: str | None = None,
    high: str | None = None,
    band: str | None = None,
    colour: str = NAVY,
    marked=(),
    digits: int | None = None,
    ax=None,
):
    """Dot plot: one dot a row on a line from the left. Columns: `y` (label), `x` (place of the dot), and where given
    `low`, `high` (a pale range behind it, in the legend under the word `band`) and `median` (a tick).

    `marked`: cells of `y` in the highlight colour.
    """
    fig, ax = rows(names(frame, y, lang), lang, ax=ax)
    row = np.arange(len(frame))
    if low is not None:
        text = band and codebook.word(band, lang).capitalize()
        ax.hlines(row, frame[low], frame[high], color=FAINT, linewidth=7, zorder=1, label=text)
    if median is not None:
        look = {"s": 80, "marker": "|", "color": MUTED, "linewidth": 1.6, "zorder": 2}
        ax.scatter(frame[median], row, label=heading(median, lang), **look)
    firm = frame[x].where(~soft(frame, x))
    if low is None:
        ax.hlines(row, min(0, frame[x].min()), firm, color=FAINT, linewidth=1.2)
    marks(ax, frame, lang, x, row, [HIGHLIGHT if cell in set(marked) else colour for cell in frame[y]])
    style.value_labels(ax, row, firm, digits_of(x, lang, digits), pad=6, at=bounds(frame, x)[1])
    _labelled(ax, lang, x)
    ax.margins(x=0.1)
    _legend(ax)
    return fig


def dumbbell(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    start=None,
    end=None,
    label: str | None = None,
    digits: int | None = None,
    x: str | None = None,
    colour: str | None = None,
    size: float = 8,
    ax=None,
):
    """Two values of every row, joined: a tick at `start`, a mark at `end`. Columns: `y` (label), `start`, `end` (default:
    the year columns of the frame; one year alone is a mark), `label` (number written at the end with its sign, nothing
    where it is missing; default the value of `end`). A start that is simulated is left out.

    Rises and falls have their colours unless `colour` is given. `x`: column whose heading names the axis.
    """
    if end is None:
        start, end = [None, *years(frame)][-2:]
    fig, ax = rows(names(frame, y, lang), lang, ax=ax, size=size)
    row, both = np.arange(len(frame)), [end] if start is None else [start, end]
    one = NAVY if start is None else colour
    change = frame[both[-1]] - frame[both[0]]  # where a label is given it tells rises: a smaller rank is one
    change = change if label is None else frame[label].astype(float).fillna(change)
    colours = np.where(change.ge(0), style.RISE, style.FALL) if one is None else np.full(len(row), one)
    colours = np.where(soft(frame, *both), one or NAVY, colours)
    if start is not None and not soft(frame, start).all():
        told, tick = ~soft(frame, start).to_numpy(), {"s": 46, "marker": "|", "linewidth": 1.8}
        joined = told & ~soft(frame, end).to_numpy()
        ends = (column[joined] for column in (row, frame[start], frame[end]))
        ax.hlines(*ends, color=colours[joined], linewidth=1.6)
        ax.scatter(frame[start][told], row[told], color=colours[told], zorder=3, **tick)
        ax.scatter([], [], color=one or MUTED, label=heading(start, lang), **tick)
    keyed = marks(ax, frame, lang, end, row, colours)
    if start is not None and not keyed:
        ax.scatter([], [], s=28, color=one or MUTED, label=heading(end, lang))
    shown = end if label is None else label
    texts, places = frame[shown].where(~soft(frame, shown)), digits_of(shown, lang, digits)
    signs = {"signed": True, "suffix": "%" if "%" in heading(label, lang) else ""} if label else {}
    furthest = pd.concat([frame[both], bounds(frame, end)[1]], axis=1).max(axis=1)
    style.value_labels(ax, row, texts, places, pad=7, at=furthest, **signs)
    _labelled(ax, lang, x)
    ax.margins(x=0.1)
    _legend(ax)
    return fig


def interval(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    low: str | None = None,
    high: str | None = None,
    hue: str | None = None,
    colours: dict | None = None,
    zero: bool = False,
    numbers: bool = False,
    digits: int | None = None,
    size: float = 22,
    ax=None,
):
    """A point with its interval a row. Columns: `y` (label), `x`, `low`, `high` (default: the companions of `x`); `hue`:
    intervals of several series in one row, each with its marker (models of a coefficient plot). `zero`: a line at zero;
    `numbers`: the values of `x` beside their marks; `size`: of these.
    """
    ends = {f"{x}_low": frame[low or f"{x}_low"], f"{x}_high": frame[high or f"{x}_high"]}
    frame = frame.assign(**ends)
    labels = frame.drop_duplicates(y)
    level = {cell: row for row, cell in enumerate(labels[y])}
    series = [None] if hue is None else list(dict.fromkeys(frame[hue]))
    fig, ax = rows(
        names(labels, y, lang), lang, each=0.2 if hue is None else 0.08 * len(series) + 0.08, ax=ax
    )
    for place, one in enumerate(series):
        part = frame if hue is None else frame[frame[hue].eq(one)]
        row = part[y].map(level) + 0.7 * (place - (len(series) - 1) / 2) / len(series)
        colour = (colours or {}).get(one, style.CYCLE[place % len(style.CYCLE)])
        if hue is None:
            marks(ax, part, lang, x, row, colour, size)
            continue
        ax.hlines(row, part[f"{x}_low"], part[f"{x}_high"], color=colour, linewidth=2.4, alpha=0.45)
        look = {"s": 22, "color": colour, "marker": "osD^v"[place % 5], "zorder": 3}
        ax.scatter(part[x], row, label=name(one, hue, lang), **look)
    if numbers:
        firm, row = frame[x].where(~soft(frame, x)), frame[y].map(level)
        style.value_labels(ax, row, firm, digits_of(x, lang, digits), pad=6, at=frame[f"{x}_high"])
    if zero:
        ax.axvline(0, color=INK, linewidth=0.8)
    _labelled(ax, lang, x)
    _legend(ax)
    return fig


def strip(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    order: list | None = None,
    colours: dict | None = None,
    means: pd.DataFrame | None = None,
    ends: int = 0,
    unit: str = "unit",
    ax=None,
):
    """Every unit as a mark in the row of its group. Columns: `y` (group), `x`, `unit` (names of marks).

    Groups by their mean, highest first, unless `order` is given; `means` (`unit`: the group, `x`): what the tick of a group
    stands at, default the mean of its units; of a mean that is simulated the range. `ends`: that many units at both ends of
    each group named, unless they are simulated; `colours`: by group.
    """
    if means is None:
        means = frame.groupby(y, sort=False)[x].mean().rename_axis(unit).reset_index()
    ordered = means.sort_values(x, ascending=False)[unit] if order is None else order
    place = {one: row for row, one in enumerate(ordered)}
    fig, ax = rows([name(one, y, lang) for one in place], lang, each=0.22, ax=ax)
    data = frame[frame[y].isin(place)]
    row = data[y].map(place).astype(float)
    shades = np.where(soft(data, x), BASE, MUTED) if colours is None else data[y].map(colours)
    marks(ax, data, lang, x, row, shades, size=22, line=1.1)
    means = means[means[unit].isin(place)]
    firm, level = ~soft(means, x), means[unit].map(place)
    tick = {"s": 130, "marker": "|", "color": NAVY, "linewidth": 2, "zorder": 2.8}
    if firm.any():
        ax.scatter(means[x][firm], level[firm], **tick, label=heading("mean", lang))
    if not firm.all():
        (low, high), box = bounds(means[~firm], x), {"facecolor": "none", "edgecolor": NAVY, "linewidth": 0.9}
        said = (
            f"{heading('mean', lang)}{'：' if lang == 'zh' else ', '}{codebook.word('range_simulated', lang)}"
        )
        ax.barh(level[~firm], high - low, left=low, height=0.58, zorder=2.8, label=said, **box)
    _legend(ax)
    _labelled(ax, lang, x)
    ax.margins(x=0.16 if ends else 0.05)
    for _, group in data.groupby(y):
        group = group.sort_values(x)
        count = min(ends, len(group) // 2)
        for part, side in ((group.tail(max(count, min(ends, 1))), 1), (group.head(count), -1)):
            for one in part.index[~soft(part, x)]:
                others = [end.drop(one) for end in bounds(group, x)]
                _named(ax, group.at[one, x], row[one], name(group.at[one, unit], unit, lang), side, others)
    return fig


def _named(ax, x: float, y: float, text: str, side: int, others: list) -> None:
    """Name a mark at its right (`side` 1) or left (-1); above it where the ranges of others (low, high) would cross the
    name. The limits of the axes are set."""
    low, high = others
    letters = sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
    reach = (
        (5 + 4 * letters) * np.ptp(ax.get_xlim()) / (72 * 0.8 * style.WIDTH)
    )  # 4 points a letter of size 7
    left, right = sorted((x, x + side * reach))
    look = {"fontsize": 7, "bbox": VEIL, "zorder": 5}
    if (low.lt(right) & high.gt(left)).any():
        look |= {"xytext": (0, 3.2), "ha": "center", "va": "bottom"}
    style.end_label(ax, x, y, text, 5 * side, **look)


def waterfall(
    frame: pd.DataFrame, lang: str, *, y: str, x: str, start: float, ends: tuple, digits: int = 3, ax=None
):
    """From one level to another, each a mark: a bar for each part between. Columns: `y` (label), `x` (points, above or below zero).

    `start`: the level before; `ends`: labels of the first and the last bar (years, say).
    """
    labels = [str(ends[0]), *names(frame, y, lang), str(ends[1])]
    fig, ax = rows(labels, lang, each=0.2, ax=ax, size=7.5)
    points = frame[x].to_numpy(dtype=float)
    level = start + np.concatenate([[0.0], np.cumsum(points)])
    place = np.arange(len(points)) + 1
    ax.scatter(level[[0, -1]], [0, len(points) + 1], s=30, color=NAVY, zorder=3)
    ax.barh(place, points, left=level[:-1], color=np.where(points >= 0, style.RISE, style.FALL), height=0.66)
    ax.vlines(level, np.arange(len(level)), np.arange(len(level)) + 1, color=MUTED, linewidth=0.6)
    span = max(np.ptp(level), 1e-3)
    ax.set_xlim(level.min() - 0.45 * span, level.max() + 0.36 * span)
    style.value_labels(ax, [0, len(points) + 1], level[[0, -1]], digits, pad=6, color=INK)
    style.value_labels(
        ax, place, points, digits, at=np.maximum(level[:-1], level[1:]), signed=True, fontsize=7
    )
    return fig


def slopes(frame: pd.DataFrame, lang: str, *, y: str, left, right, least: int = 3, marked=None, ax=None):
    """Ranks of every row in two columns `left`, `right` (1 on top), joined; climbs and falls of `least` places or more
    in colour (or only the cells of `y` in `marked`). Columns: `y` (label), `left`, `right`.
    """
    fig, ax = _axes(ax, 0.6 + 0.17 * len(frame))
    rises = frame[left] - frame[right]
    told = rises.abs().ge(least) if marked is None else frame[y].isin(marked)
    for start, end, rise, shown, text in zip(
        frame[left], frame[right], rises, told, names(frame, y, lang), strict=True
    ):
        colour = BASE if not shown else style.RISE if rise > 0 else style.FALL if rise < 0 else INK
        ax.plot([0, 1], [start, end], color=colour, lw=1.8 if shown else 0.9, marker="o", ms=3.5)
        style.end_label(ax, 0, start, f"{text}  {start:.0f}", -7, color=INK)
        style.end_label(ax, 1, end, f"{end:.0f}  {text}", 7, color=INK)
    ax.set(xlim=(-0.6, 1.6), ylim=(frame[[left, right]].max(axis=None) + 0.7, 0.3), yticks=[])
    ax.set_xticks([0, 1], [heading(left, lang), heading(right, lang)])
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return fig


# Fields


def heat(
    frame: pd.DataFrame,
    lang: str,
    *,
    y: str,
    x: str,
    value: str,
    digits: int | None = None,
    cmap: str = style.SEQUENTIAL,
    low: float | None = 0,
    high: float | None = None,
    norm=None,
    height: float | None = None,
    size: float = 6.5,
    bar: bool = True,
    ax=None,
):
    """Annotated heat map (sns.heatmap) of a long frame; a missing cell stays empty, and so does one that is simulated.
    Columns: `y` (rows), `x` (columns), `value`, all in order of appearance.

    `low`, `high`, `norm`: of the colours; `size`: of the numbers in the cells.
    """
    down, across = frame.drop_duplicates(y), frame.drop_duplicates(x)
    told = frame.assign(**{value: frame[value].astype(float).where(~soft(frame, value))})
    wide = told.pivot(index=y, columns=x, values=value).reindex(index=down[y], columns=across[x])
    digits = digits_of(value, lang, digits)
    fig, ax = _axes(ax, (0.22 * len(wide) + 1.5) if height is None else height)
    scale = {"vmin": low, "vmax": high} if norm is None else {"norm": norm}
    over = "max" if high is not None and wide.max(axis=None) > high else "neither"
    colourbar = {"label": heading(value, lang), "shrink": 0.6, "pad": 0.02, "extend": over}
    sns.heatmap(
        wide,
        annot=wide.map(lambda cell: "" if pd.isna(cell) else number(cell, digits)),
        fmt="",
        annot_kws={"fontsize": size},
        cmap=cmap,
        cbar=bar,
        cbar_kws=colourbar if bar else None,
        linewidths=0.4,
        linecolor=PAPER,
        yticklabels=[wrap(text, lang, 36) for text in names(down, y, lang)],
        ax=ax,
        **scale,
    )
    ax.tick_params(axis="y", labelsize=min(8, size + 1), labelrotation=0)
    texts, upright = heads(names(across, x, lang), style.WIDTH * 72 * 0.68 / wide.shape[1], lang)
    turned = {"rotation": 90, "multialignment": "right"} if upright else {}
    ax.set_xticks(ax.get_xticks(), texts, fontsize=7.5, linespacing=1.1, **turned)
    grounds = ax.collections[0].get_facecolors().reshape(*wide.shape, 4)
    for text in ax.texts:
        column, row = map(int, text.get_position())
        text.set_color(ink(grounds[row, column, :3]))
    ax.set(xlabel="", ylabel="")
    ax.grid(False)
    return fig


def heads(texts: list[str], room: float, lang: str) -> tuple[list[str], bool]:
    """Names over narrow columns, in lines of `room` points; upright, in two lines at most, where a word is longer."""
    most = max(2, int(room / (8 if lang == "zh" else 4.1)))  # points a letter, at size 7.5
    upright = lang != "zh" and max(len(word) for text in texts for word in text.split()) > most
    if not upright:
        return ["\n".join(textwrap.wrap(text, most)) for text in texts], False
    sizes = [range(9, len(text) + 1) or [9] for text in texts]
    halves = [
        next(lines for size in tried if len(lines := textwrap.wrap(text, size)) < 3)
        for text, tried in zip(texts, sizes, strict=True)
    ]
    return ["\n".join(lines) for lines in halves], True


def scatter_fit(
    frame: pd.DataFrame,
    lang: str,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    colours: dict | None = None,
    markers: dict | None = None,
    marked=(),
    unit: str = "unit",
    fit: bool = True,
    seed: int = 1,
    height: float = 3.9,
    ax=None,
):
    """Scatter with the least-squares line and its 95 % bootstrap band (sns.regplot, `seed`). Columns: `x`, `y`, `hue`
    (colour and marker by group), `unit` (names).

    `marked`: units that are named; `fit=False`: points only.
    """
    fig, ax = _axes(ax, height)
    if fit:
        sns.regplot(frame, x=x, y=y, scatter=False, seed=seed, color=NAVY, line_kws={"linewidth": 1.4}, ax=ax)
    groups = [(None, frame)] if hue is None else frame.groupby(hue, sort=False)
    colours, markers = colours or {}, markers or {}
    for place, (one, part) in enumerate(groups):
        colour = colours.get(one, BASE if hue is None else style.CYCLE[place % len(style.CYCLE)])
        marker = markers.get(one, "o" if hue is None else style.MARKERS[place % len(style.MARKERS)])
        text = None if hue is None else name(one, hue, lang)
        look = {"linewidth": 0.8, "zorder": 3}
        face = [PAPER if loose else colour for loose in soft(part, x, y)]
        ax.scatter(part[x], part[y], s=24, facecolors=face, edgecolors=colour, marker=marker, **look)
        ax.scatter([], [], s=24, color=colour, marker=marker, label=text)
    loose = frame[soft(frame, x, y)]
    for lines, along, across in ((ax.hlines, x, y), (ax.vlines, y, x)):
        lines(loose[across], *bounds(loose, along), color=BASE, linewidth=0.8, alpha=0.6, zorder=2)
    ax.grid(True, axis="both")
    _labelled(ax, lang, x, y)
    if hue is not None:
        fig.legend(loc="outside upper center", ncols=5 if lang == "zh" else 4, fontsize=7)
    name_points(ax, frame[frame[unit].isin(marked)], lang, x=x, y=y, unit=unit, around=frame)
    return fig


def name_points(
    ax,
    frame: pd.DataFrame,
    lang: str,
    *,
    x: str,
    y: str,
    unit: str = "unit",
    around: pd.DataFrame | None = None,
) -> None:
    """Name points beside them, moved apart (adjustText). Columns: `unit`, `x`, `y`. Call it last, limits set.

    `around`: all points of the axes, which names keep clear of; default those that are named.
    """
    from adjustText import adjust_text

    if frame.empty:
        return
    look = {"fontsize": 7, "zorder": 5, "bbox": VEIL}
    texts = [
        ax.text(*point, text, **look)
        for *point, text in zip(frame[x], frame[y], names(frame, unit, lang), strict=True)
    ]
    around = frame if around is None else around
    ax.figure.draw_without_rendering()
    adjust_text(
        texts,
        x=around[x].to_numpy(),
        y=around[y].to_numpy(),
        ax=ax,
        objects=ax.collections[0] if len(ax.collections) == 1 else None,
        iter_lim=300,
        expand=(1.15, 1.6),
        arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.5, "zorder": 4},
    )
