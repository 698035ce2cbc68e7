"""House style of the figures: one palette, the Chinese font, labels, the status note.

Importing this module sets seaborn and matplotlib up. Figures draw no title and no source: the report sets both as caption.
"""

import itertools
import re
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap

from fire import codebook
from fire.errors import refuse
from fire.figures import fonts

# Neighbours are far apart in lightness, so that they stay apart in greyscale; hues stay apart for the colour-blind.
NAVY, RED, TEAL, ORANGE, SKY, SAND = "#12304f", "#a62b2b", "#1f7a8c", "#d9822b", "#7fb2d6", "#d9c88f"
CYCLE = [NAVY, ORANGE, TEAL, SKY, RED, SAND]
INK, MUTED, FAINT, PAPER = "#1d2733", "#66717d", "#d5dade", "#ffffff"
HIGHLIGHT, BASE = RED, "#9fb0bf"  # the one thing to see, and everything else
RISE, FALL = TEAL, RED
SHADES = ["#eef2f6", "#c4d3e2", "#86a5c4", "#43698f", NAVY]  # of an amount, from little to much
SEQUENTIAL, DIVERGING = "fire", "RdBu"
STATUS = {
    "printed": NAVY,
    "observed": TEAL,
    "implied": SKY,
    "estimated": SAND,
    "imputed": "#a98fc4",
    "drawn": "#8a6fae",
    "assumed": ORANGE,
    "simulated": "#e4e8eb",
}
HATCH = {"drawn": "..", "assumed": "\\\\", "simulated": "//"}
MARKERS = "osD^vPX<>p*hd"
WIDTH = 6.3  # inches, the text width of the page
SMALL = 6.2  # points, the least size of a text
DPI = {"screen": 100, "print": 200}


def _use() -> None:
    """Set the theme of seaborn and matplotlib; called once on import."""
    fonts.register()
    mpl.colormaps.register(LinearSegmentedColormap.from_list(SEQUENTIAL, SHADES), force=True)
    rc = {
        "font.family": [fonts.FAMILY, "DejaVu Sans"],
        "font.size": 8,
        "axes.unicode_minus": True,
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": MUTED,
        "xtick.color": MUTED,
        "ytick.color": INK,
        "axes.labelsize": 7.5,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 8,
        "axes.titlesize": 8.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "axes.axisbelow": True,
        "axes.grid.axis": "x",
        "grid.color": FAINT,
        "grid.linewidth": 0.6,
        **{f"{axis}tick.{which}.size": 0 for axis in "xy" for which in ("major", "minor")},
        "lines.linewidth": 1.4,
        "patch.linewidth": 0,
        "hatch.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "legend.title_fontsize": 7.5,
        "figure.figsize": (WIDTH, 3.6),
        "figure.constrained_layout.use": True,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "savefig.bbox": "tight",
        "savefig.pad_inches": 0.04,
        "svg.hashsalt": "fire",
        "svg.fonttype": "none",  # real text, in the font that page and browser have
        "mathtext.fontset": "custom",
        **{f"mathtext.{face}": fonts.FAMILY for face in ("rm", "it", "bf")},
    }
    sns.set_theme(style="whitegrid", palette=CYCLE, rc=rc)


def subplots(rows: int = 1, columns: int = 1, height: float = 3.6, width: float = WIDTH, **options):
    """`plt.subplots` at the width of the page, `height` in inches."""
    return plt.subplots(rows, columns, figsize=(width, height), **options)


def status_note(fig, statuses, lang: str = "zh"):
    """Write below the figure, once and small, that it shows drawn, simulated or assumed values; nothing when it shows none
    or its key says so."""
    soft = [name for name in ("simulated", "drawn", "assumed") if name in set(statuses)]
    keyed = {text.get_text() for held in _legends(fig) for text in held.get_texts()}
    told = {codebook.status(name, lang) for name in soft} | {codebook.word("range_simulated", lang)}
    said = any(text.get_gid() == "status" for held in (fig, *fig.axes) for text in held.texts)
    if soft and not said and not keyed & told:
        names = ("、" if lang == "zh" else " and ").join(codebook.status(name, lang) for name in soft)
        text = f"含{names}值" if lang == "zh" else f"Contains {names} values"
        fig.text(0.995, 0, text, ha="right", va="top", fontsize=SMALL, color=MUTED, gid="status")
    return fig


def _legends(fig) -> list:
    """All legends of a figure and its axes."""
    return [*fig.legends, *(held for ax in fig.axes if (held := ax.get_legend()) is not None)]


def with_glyphs(draw):
    """`draw()`, never with boxes in place of characters.

    matplotlib forgets registered fonts when it rebuilds its list of fonts; then the fonts are registered and the
    figure is drawn once more. Raises InputError for a character that the font lacks.
    """
    for again in (True, False):
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message=r"Glyph \d+ .*missing from font")
                return draw()
        except UserWarning as missing:
            plt.close("all")
            refuse(
                "figure", [] if again else [f"{missing}: add the character to EXTRA in fire/figures/fonts.py"]
            )
            fonts.register()


def pillar_palette(lang: str = "zh") -> dict[str, str]:
    """Colour of the index and of every pillar of the edition."""
    spec = codebook.book(lang).spec
    return {spec.root: INK} | dict(zip(spec.pillars, itertools.cycle(CYCLE)))


def value_labels(
    ax, rows, values, digits: int = 3, pad: float = 3, *, at=None, signed=False, suffix="", **options
):
    """Write each value at the end of its horizontal bar or dot, or at `at`; nothing where it is missing."""
    form = f"{'+' if signed else ''},.{digits}f"
    for row, value, place in zip(rows, values, values if at is None else at, strict=True):
        if value == value:
            end_label(ax, place, row, format(value, form) + suffix, pad, **options)


def end_label(ax, x, y, text: str, pad: float = 6, **options):
    """Write a text to the right of a point (to the left when `pad` is negative), with a true minus sign."""
    ax.annotate(
        re.sub(r"-(?=[\d.])", "−", text),  # hyphens of names stay
        (x, y),
        textcoords="offset points",
        **{
            "xytext": (pad, 0),
            "va": "center",
            "ha": "left" if pad > 0 else "right",
            "fontsize": 7.5,
            "color": MUTED,
            **options,
        },
    )


_use()
