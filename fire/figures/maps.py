"""Maps of an edition's places: a cartogram of equal tiles, or points on the boundaries that the edition names.

    show.figure("index-map", maps.of(ed, value="score"), frame)       # unit, lon, lat, region, score
    maps.tiles(frame, lang, value="score")                            # a shade for every number
    maps.tiles(frame, lang, hue="main", label="value")                # a colour for every kind

A tile whose value is known as a range only is hollow: a strip at its foot has the shades of both ends. No boundary is
drawn unless the edition names a file of them and the number under which that map was approved.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.errors import refuse
from fire.figures import cartogram, kit, style
from fire.figures.style import BASE, FAINT, INK, MUTED, PAPER

TALL = 0.43  # inches, of a cell
HEAD, GAP, STRIP = (
    0.25,
    0.035,
    0.1,
)  # of a cell: room for the name of a region, between tiles, for the ends of a range
CLASSES = 6
NAMED = 12  # places named on a map of points


def of(ed, **look):
    """What draws the map of an edition, `draw(frame, lang)`: points on its own boundaries where its file names any, else
    tiles. `look`: as of `tiles`."""
    if ed.boundary is None:
        return lambda frame, lang: tiles(frame, lang, **look)
    return lambda frame, lang: points(frame, lang, ed.boundary, **look)


# Shades ---------------------------------------------------------------------------------------------------------------


class Shades:
    """Classes of a number and their shades, from little (light) to much (dark); `turned`: the other way round."""

    def __init__(self, frame: pd.DataFrame, value: str, turned: bool = False):
        low, high = kit.bounds(frame, value)
        self.bounds = MaxNLocator(CLASSES, steps=[1, 2, 2.5, 5, 10]).tick_values(low.min(), high.max())
        count = len(self.bounds) - 1
        self.colours = list(colormaps[style.SEQUENTIAL](np.linspace(0, 1, count)))[:: -1 if turned else 1]

    def __call__(self, number: float):
        """The shade of a number; FAINT where it is missing."""
        if pd.isna(number):
            return FAINT
        place = int(BoundaryNorm(self.bounds, len(self.colours), clip=True)(float(number)))
        return self.colours[place]


class Kinds:
    """Kinds in the order given and their colours."""

    def __init__(self, frame: pd.DataFrame, hue: str, colours: dict | None):
        kinds = [one for one in dict.fromkeys(frame[hue]) if not pd.isna(one)]
        self.colours = colours or dict(zip(kinds, itertools.cycle([*style.CYCLE, MUTED, BASE])))

    def __call__(self, kind):
        return FAINT if pd.isna(kind) else self.colours[kind]


# Tiles ----------------------------------------------------------------------------------------------------------------


def tiles(
    frame: pd.DataFrame,
    lang: str,
    *,
    value: str | None = None,
    hue: str | None = None,
    label: str | None = None,
    colours: dict | None = None,
    turned: bool = False,
    unit: str = "unit",
):
    """Equal tiles near the true places of the units, the tiles of a region inside one outline with its name.

    Columns: `unit`, lon, lat (degrees), region (where there are any); `value`: a number that shades the tile and is
    written in it, with its status and range where it has them; or `hue`: a kind that colours it (`colours`: by kind). `label`:
    another number to write. `turned`: little is dark (ranks).
    """
    frame = frame.join(cartogram.layout(frame.rename(columns={unit: "unit"}))[["column", "row"]])
    rows, columns = cartogram.grid(len(frame))
    told = value if hue is None else hue
    look = Shades(frame, value, turned) if hue is None else Kinds(frame, hue, colours)
    fig, ax = style.subplots(height=TALL * (rows + 0.75))
    ax.set(xlim=(-0.5 - GAP, columns - 0.5 + GAP), ylim=(rows - 0.5 + GAP, -1.25))
    ax.axis("off")
    low, high = kit.bounds(frame, told) if hue is None else (frame[told], frame[told])
    loose, texts = kit.soft(frame, told), kit.names(frame, unit, lang)
    shown = label or value
    for row, cell in enumerate(frame[["column", "row"]].itertuples(index=False)):
        hollow = loose.iloc[row]
        ground = PAPER if hollow else look(frame[told].iloc[row])
        _tile(ax, cell, ground, [look(low.iloc[row]), look(high.iloc[row])] if hollow else [])
        _write(ax, cell, texts[row], _number(frame, shown, row, lang) if shown else "", ground)
    if "region" in frame:
        _outlines(ax, frame)
        for text, left, row in _heads(frame, lang, columns):
            at = (left + 0.03, row - 0.5 + HEAD / 2)
            ax.text(*at, text, va="center", fontsize=style.SMALL, color=MUTED, weight="bold", in_layout=False)
    keys = _scale(ax, look, value, lang) if hue is None else _kinds(ax, look, frame, hue, lang)
    if loose.any():
        _hollow(ax, keys, look, lang)
    return fig


def _tile(ax, cell, ground, ends: list) -> None:
    """One tile, with the shades of both ends of a range at its foot."""
    left, top, side = cell.column - 0.5 + GAP, cell.row - 0.5 + HEAD, 1 - 2 * GAP
    tall = 1 - HEAD - GAP
    edge = BASE if ends else "none"
    ax.add_patch(Rectangle((left, top), side, tall, facecolor=ground, edgecolor=edge, linewidth=0.5))
    for half, colour in enumerate(ends):
        foot = (left + half * side / 2, top + tall - STRIP)
        ax.add_patch(Rectangle(foot, side / 2, STRIP, facecolor=colour, linewidth=0))


def _write(ax, cell, name: str, number: str, ground) -> None:
    """Name and number of a tile."""
    plain = to_rgb(ground) == to_rgb(PAPER)
    ink = style.ON_DARK if kit.dark(ground) else INK if plain else style.ON_LIGHT
    name = kit.broken(name, 13)
    size = 7 if len(name) < 9 else style.SMALL
    middle, line = cell.row - 0.5 + HEAD + (1 - HEAD - GAP - STRIP) / 2, 1.06 * style.SMALL / (72 * TALL)
    lines = name.count("\n") + 1
    levels = [middle - line / 2 - 0.01, middle + lines * line / 2 + 0.01] if number else [middle]
    for level, text, points, colour in zip(
        levels, [name, number], [size, style.SMALL], [ink, MUTED if plain else ink]
    ):
        look = {"ha": "center", "va": "center", "fontsize": points, "color": colour, "linespacing": 0.95}
        ax.text(cell.column, level, text, in_layout=False, **look)


def _number(frame: pd.DataFrame, column: str, row: int, lang: str) -> str:
    """The number of a row; of one that is known as a range only its ends, in parentheses."""
    digits = kit.digits_of(column, lang)
    if not kit.soft(frame, column).iloc[row]:
        return kit.number(frame[column].iloc[row], digits)
    low, high = (kit.number(end.iloc[row], min(digits, 1)) for end in kit.bounds(frame, column))
    return f"({low})" if low == high else f"({low}–{high})"


def _heads(frame: pd.DataFrame, lang: str, columns: int) -> list[tuple]:
    """Names of the regions, once over each connected part: text, where it starts and its row. A name stands over a row of tiles
    that it does not exceed, the northern one of several, and over no other name."""
    found: list = []
    parts = [
        (kit.name(region, "region", lang), patch)
        for region, part in frame.groupby("region", sort=False)
        for patch in _patches(set(zip(part["column"], part["row"])))
    ]
    longest = {id(patch): max(length for *_, length in _runs(patch)) for _, patch in parts}
    for text, patch in sorted(parts, key=lambda one: longest[id(one[1])] - _wide(one[0], 6.7)):
        wide, best = _wide(text, 6.7), None
        for column, row, length in _runs(patch):
            for left in (column - 0.5, column - 0.5 + length - wide):
                over = max(0.0, wide - length) + (left < -0.5 or left + wide > columns - 0.5)
                met = any(row == r and left < x + w and x < left + wide for _, x, r, w in found)
                key = (met, over, row, column, left)
                best = key if best is None or key < best else best
        found.append((text, best[4], best[2], wide))
    return [(text, left, row) for text, left, row, _ in found]


def _patches(cells: set) -> list[set]:
    """The connected parts of a set of cells (column, row)."""
    left, found = set(cells), []
    while left:
        patch, fresh = set(), {min(left)}
        while fresh:
            patch |= fresh
            fresh = {(c + x, r + y) for c, r in fresh for x, y in cartogram.BESIDE} & left - patch
        found.append(patch)
        left -= patch
    return found


def _runs(patch: set) -> list[tuple]:
    """The rows of cells side by side in a part: column of the first, row, length."""
    starts = sorted((column, row) for column, row in patch if (column - 1, row) not in patch)
    return [
        (column, row, next(step for step in itertools.count(1) if (column + step, row) not in patch))
        for column, row in starts
    ]


def _outlines(ax, frame: pd.DataFrame) -> None:
    """Lines where the tiles of one region end."""
    at = {
        (column, row): region for column, row, region in zip(frame["column"], frame["row"], frame["region"])
    }
    lines = []
    for (column, row), region in at.items():
        for x, y in cartogram.BESIDE:
            if at.get((column + x, row + y)) != region:
                middle = np.array([column + x / 2, row + y / 2])
                along = np.array([y, x]) / 2
                lines.append([middle - along, middle + along])
    drawn = PolyCollection(lines, edgecolors=INK, facecolors="none", linewidths=0.9, capstyle="projecting")
    ax.add_collection(drawn, autolim=False)


# Keys -----------------------------------------------------------------------------------------------------------------

STEP, LEVEL = 0.62, -1.02  # width of a swatch, and where the keys stand


def _scale(ax, look: Shades, value: str, lang: str) -> float:
    """The classes of the number as a row of swatches with their bounds; where the next key may start."""
    start = -0.5 + GAP
    text = {"fontsize": style.SMALL, "color": MUTED, "va": "center"}
    for place, colour in enumerate(look.colours):
        ax.add_patch(
            Rectangle((start + STEP * place, LEVEL - 0.14), STEP, 0.24, facecolor=colour, linewidth=0)
        )
    for place, bound in enumerate(look.bounds):
        ax.text(
            start + STEP * place, LEVEL + 0.26, f"{bound:g}", ha="left" if place == 0 else "center", **text
        )
    end = start + STEP * len(look.colours) + 0.15
    ax.text(end, LEVEL - 0.02, kit.heading(value, lang), ha="left", **text)
    return end + 0.35 + _wide(kit.heading(value, lang))


def _kinds(ax, look: Kinds, frame: pd.DataFrame, hue: str, lang: str) -> float:
    """A swatch and a name for every kind that there is; where the next key may start."""
    at = -0.5 + GAP
    for kind, colour in look.colours.items():
        if kind in set(frame[hue]):
            text = kit.name(kind, hue, lang)
            ax.add_patch(Rectangle((at, LEVEL - 0.14), 0.3, 0.28, facecolor=colour, linewidth=0))
            ax.text(at + 0.36, LEVEL, text, fontsize=7, color=INK, va="center")
            at += 0.6 + _wide(text, 7)
    return at


def _wide(text: str, size: float = style.SMALL) -> float:
    """About how many tiles a text is wide."""
    count = sum(1 if ord(letter) > 0x2E80 else 0.56 for letter in text)
    return count * size / (72 * style.WIDTH / 11)


def _hollow(ax, at: float, look, lang: str) -> None:
    """The key of a hollow tile."""
    ends = [look.colours[1], look.colours[-2]] if isinstance(look, Shades) else []
    ax.add_patch(Rectangle((at, LEVEL - 0.2), 0.5, 0.4, facecolor=PAPER, edgecolor=MUTED, linewidth=0.6))
    for half, colour in enumerate(ends):
        ax.add_patch(Rectangle((at + 0.25 * half, LEVEL + 0.1), 0.25, 0.1, facecolor=colour, linewidth=0))
    text = codebook.word("range_simulated", lang)
    ax.text(at + 0.58, LEVEL - 0.02, text, fontsize=style.SMALL, color=MUTED, va="center", gid="status")


# Points on boundaries -------------------------------------------------------------------------------------------------


def points(
    frame: pd.DataFrame,
    lang: str,
    boundary: Path,
    *,
    value: str | None = None,
    hue: str | None = None,
    label: str | None = None,
    colours: dict | None = None,
    turned: bool = False,
    unit: str = "unit",
):
    """Units as points on the boundaries of a file (GeoJSON, degrees), shaded or coloured as `tiles` are; a hollow point is
    known as a range only. The NAMED first rows are named. Columns as for `tiles`."""
    told = value if hue is None else hue
    look = Shades(frame, value, turned) if hue is None else Kinds(frame, hue, colours)
    fig, ax = style.subplots(height=4.2)
    land = PolyCollection(outlines(boundary), facecolors="#f1f3f5", edgecolors=BASE, linewidths=0.5)
    ax.add_collection(land)
    loose = kit.soft(frame, told)
    shades = [look(one) for one in frame[told]]
    faces = [PAPER if hollow else shade for hollow, shade in zip(loose, shades, strict=True)]
    ax.scatter(frame["lon"], frame["lat"], s=26, facecolors=faces, edgecolors=MUTED, linewidth=0.7, zorder=3)
    ax.autoscale_view()
    ax.set(aspect=1 / np.cos(np.deg2rad(frame["lat"].mean())))
    ax.axis("off")
    names = list(dict.fromkeys(frame[hue])) if hue else look.bounds
    for one in look.colours if hue else range(len(look.colours)):
        text = kit.name(one, hue, lang) if hue else f"{names[one]:g}–{names[one + 1]:g}"
        ax.scatter([], [], s=26, color=look(one) if hue else look.colours[one], label=text)
    if loose.any():
        text = codebook.word("range_simulated", lang)
        ax.scatter([], [], s=26, facecolors=PAPER, edgecolors=MUTED, linewidth=0.7, label=text)
    kit.one_legend(fig)
    kit.name_points(ax, frame.head(NAMED), lang, x="lon", y="lat", unit=unit, around=frame)
    return fig


def outlines(path: Path) -> list[np.ndarray]:
    """The rings (lon, lat) of all polygons of a GeoJSON file. Raises InputError when there are none."""
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    shapes = [one.get("geometry") or {} for one in held.get("features", [{"geometry": held}])]
    rings = []
    for shape in shapes:
        parts = {"Polygon": [shape.get("coordinates")], "MultiPolygon": shape.get("coordinates")}
        for polygon in parts.get(shape.get("type", ""), []):
            rings += [np.asarray(ring, dtype=float)[:, :2] for ring in polygon]
    refuse(f"{path.name}", [] if rings else ["no polygons: name a GeoJSON file of boundaries in degrees"])
    return rings
