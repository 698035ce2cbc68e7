"""Maps of an edition's places: a cartogram of equal tiles, or points on the boundaries that the edition names.

    show.figure("index-map", maps.of(ed, value="score"), frame)       # unit, lon, lat, region, score
    maps.tiles(frame, lang, value="score")                            # a shade for every number
    maps.tiles(frame, lang, hue="main", label="value")                # a colour for every kind, and a number

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
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from fire import codebook
from fire.errors import refuse
from fire.figures import cartogram, kit, style
from fire.figures.style import BASE, FAINT, INK, MUTED, PAPER, SMALL

TALL = 0.43  # inches, of a cell
HEAD, GAP, STRIP = (
    0.25,
    0.035,
    0.1,
)  # of a cell: room for the name of a region, between tiles, for the ends of a range
KEYS, LEVEL, SWATCH = 0.75, -1.02, 0.45  # in cells: room for the keys, their middle, width of a class
CLASSES = 8  # of a number, at most
WIDEST = 11  # columns across a page, at least: few tiles are no larger than many
NAMED = 12  # places named on a map of points
LAND = "#f1f3f5"


def of(ed, **look):
    """What draws the map of an edition, `draw(frame, lang)`: points on its own boundaries where its file names any, else
    tiles. `look`: as of `tiles`."""
    if ed.boundary is None:
        return lambda frame, lang: tiles(frame, lang, **look)
    return lambda frame, lang: points(frame, lang, ed.boundary, **look)


# Shades and colours ---------------------------------------------------------------------------------------------------


class Shades:
    """Classes of a number and their shades, from little (light) to much (dark)."""

    def __init__(self, frame: pd.DataFrame, value: str):
        self.frame, self.column = frame, value
        self.low, self.high = kit.bounds(frame, value)
        steps = MaxNLocator(CLASSES, steps=[1, 2, 2.5, 5, 10])
        self.bounds = steps.tick_values(self.low.min(), self.high.max())
        shades = colormaps[style.SEQUENTIAL](np.linspace(0, 1, len(self.bounds) - 1))
        self.colours = [to_hex(one) for one in shades]

    def __call__(self, number: float) -> tuple[str, str]:
        """Colour and hatch of a number; FAINT where it is missing."""
        if pd.isna(number):
            return FAINT, ""
        place = np.searchsorted(self.bounds, float(number), side="right") - 1
        return self.colours[int(np.clip(place, 0, len(self.colours) - 1))], ""

    def ends(self, row: int) -> list[str]:
        """The colours of both ends of the range of a row."""
        return [self(end.iloc[row])[0] for end in (self.low, self.high)]

    @property
    def sample(self) -> list[str]:
        """Two shades for the key of a range."""
        return [self.colours[len(self.colours) // 3], self.colours[2 * len(self.colours) // 3]]

    def entries(self, lang: str) -> list[tuple[str, str, str]]:
        """Colour, hatch and text of every class."""
        spans = itertools.pairwise(self.bounds)
        return [
            (colour, "", f"{low:g}–{high:g}") for colour, (low, high) in zip(self.colours, spans, strict=True)
        ]

    def key(self, ax, lang: str) -> float:
        """Draw the classes in a row with their bounds; where the next key may start."""
        start, text = -0.5 + GAP, {"fontsize": SMALL, "color": MUTED, "va": "center"}
        for place, colour in enumerate(self.colours):
            _box(ax, start + SWATCH * place, LEVEL - 0.14, SWATCH, 0.24, colour)
        for place, bound in enumerate(self.bounds):
            side = "center" if place else "left"
            ax.text(start + SWATCH * place, LEVEL + 0.26, f"{bound:g}", ha=side, **text)
        end, heading = start + SWATCH * len(self.colours) + 0.15, kit.heading(self.column, lang)
        ax.text(end, LEVEL - 0.02, heading, **text)
        return end + 0.35 + _wide(heading)


class Kinds:
    """Kinds in the order of their colours (`colours`: by kind; else the house's, in order of appearance), from the fourth on
    hatched, so that they stay apart in greyscale and where a colour comes again."""

    PLAIN, HATCHES = 3, ("", "//", "..", "\\\\", "xx")
    sample: tuple = ()  # a kind has no ends

    def __init__(self, frame: pd.DataFrame, hue: str, colours: dict | None = None):
        self.frame, self.column = frame, hue
        house = itertools.cycle([*style.CYCLE, MUTED, BASE])
        colours = colours or dict(zip(dict.fromkeys(frame[hue].dropna()), house))
        shades = list(colours.values())
        rounds = [shades[:place].count(shade) + (place >= self.PLAIN) for place, shade in enumerate(shades)]
        self.looks = {
            kind: (shade, self.HATCHES[one % len(self.HATCHES)])
            for (kind, shade), one in zip(colours.items(), rounds, strict=True)
        }

    def __call__(self, kind) -> tuple[str, str]:
        """Colour and hatch of a kind; FAINT where it is missing."""
        return (FAINT, "") if pd.isna(kind) else self.looks[kind]

    def ends(self, row: int) -> list[str]:
        """None: a kind has no ends."""
        return []

    def entries(self, lang: str) -> list[tuple[str, str, str]]:
        """Colour, hatch and name of every kind that there is."""
        there = set(self.frame[self.column])
        return [
            (*look, kit.name(kind, self.column, lang)) for kind, look in self.looks.items() if kind in there
        ]

    def key(self, ax, lang: str) -> float:
        """Draw a swatch and a name for every kind; where the next key may start."""
        at = -0.5 + GAP
        for colour, hatch, text in self.entries(lang):
            _box(ax, at, LEVEL - 0.14, 0.3, 0.28, colour, hatch=hatch)
            ax.text(at + 0.36, LEVEL, text, fontsize=7, color=INK, va="center")
            at += 0.55 + _wide(text, 7)
        return at


def _look(frame: pd.DataFrame, value: str | None, hue: str | None, colours) -> Shades | Kinds:
    return Shades(frame, str(value)) if hue is None else Kinds(frame, hue, colours)


# Tiles ----------------------------------------------------------------------------------------------------------------


def tiles(
    frame: pd.DataFrame,
    lang: str,
    *,
    value: str | None = None,
    hue: str | None = None,
    label: str | None = None,
    colours: dict | None = None,
):
    """Equal tiles near the true places of the units, the tiles of a region inside one outline with its name.

    Columns: unit, lon, lat (degrees), region (where there are any); `value`: a number that shades the tile and is
    written in it, with its status and range where it has them; or `hue`: a kind that colours it (`colours`: by kind). `label`:
    another number to write.
    """
    frame = frame.reset_index(drop=True).join(
        cartogram.layout(frame.reset_index(drop=True))[["column", "row"]]
    )
    rows, columns = cartogram.grid(len(frame))
    columns = max(columns, WIDEST)
    look = _look(frame, value, hue, colours)
    fig, ax = style.subplots(height=TALL * (rows + KEYS))
    ax.set(xlim=(-0.5 - GAP, columns - 0.5 + GAP), ylim=(rows - 0.5 + GAP, -0.5 - KEYS))
    ax.axis("off")
    loose, texts, shown = kit.soft(frame, look.column), kit.names(frame, "unit", lang), label or value
    for row, cell in enumerate(zip(frame["column"], frame["row"], strict=True)):
        ground, hatch = (PAPER, "") if loose[row] else look(frame[look.column][row])
        _tile(ax, cell, ground, hatch, look.ends(row) if loose[row] else [])
        _write(ax, cell, texts[row], kit.cell(frame, shown, row, lang) if shown else "", ground, hatch)
    if "region" in frame:
        _outlines(ax, frame)
        head = {"va": "center", "fontsize": SMALL, "color": MUTED, "weight": "bold", "in_layout": False}
        for text, x, y, side in _heads(frame, lang, columns):
            ax.text(x, y, text, ha=side, **head)
    free = look.key(ax, lang)
    if loose.any():
        _box(ax, free, LEVEL - 0.2, 0.5, 0.4, PAPER, edge=MUTED)
        for place, colour in enumerate(look.sample):
            _box(ax, free + 0.25 * place, LEVEL + 0.1, 0.25, 0.1, colour)
        text = codebook.word("range_simulated", lang)
        ax.text(free + 0.58, LEVEL - 0.02, text, fontsize=SMALL, color=MUTED, va="center", gid="status")
    return fig


def _box(ax, left: float, top: float, wide: float, tall: float, colour, edge="none", hatch: str = "") -> None:
    edge = PAPER if hatch else edge
    look = {"facecolor": colour, "edgecolor": edge, "linewidth": 0.5 if edge != "none" else 0, "hatch": hatch}
    ax.add_patch(Rectangle((left, top), wide, tall, clip_on=False, **look))


def _tile(ax, cell: tuple, ground: str, hatch: str, ends: list) -> None:
    """One tile, with the shades of both ends of a range at its foot."""
    left, top, side = cell[0] - 0.5 + GAP, cell[1] - 0.5 + HEAD, 1 - 2 * GAP
    tall = 1 - HEAD - GAP
    _box(ax, left, top, side, tall, ground, BASE if ground == PAPER else "none", hatch)
    parts = list(dict.fromkeys(ends))
    for place, colour in enumerate(parts):
        wide = side / len(parts)
        _box(ax, left + place * wide, top + tall - STRIP, wide, STRIP, colour)


def _write(ax, cell: tuple, name: str, number: str, ground: str, hatch: str) -> None:
    """Name and number of a tile, over its hatching."""
    plain = to_rgb(ground) == to_rgb(PAPER)
    ink = kit.ink(ground)
    name = kit.broken(name, 13)
    size = 7 if len(name) < 9 else SMALL if len(name) < 12 else 6
    middle, line = cell[1] - 0.5 + HEAD + (1 - HEAD - GAP - STRIP) / 2, 1.06 * SMALL / (72 * TALL)
    lines = name.count("\n") + 1
    levels = [middle - line / 2 - 0.01, middle + lines * line / 2 + 0.01] if number else [middle]
    for level, text, points_, colour in zip(
        levels, [name, number], [size, SMALL], [ink, MUTED if plain else ink]
    ):
        look = {"ha": "center", "va": "center", "fontsize": points_, "color": colour, "linespacing": 0.95}
        box = {"facecolor": ground, "pad": 0.6, "linewidth": 0} if hatch else None
        ax.text(cell[0], level, text, in_layout=False, bbox=box, **look)


def _outlines(ax, frame: pd.DataFrame) -> None:
    """Lines where the tiles of one region end."""
    at = {
        (column, row): region for column, row, region in zip(frame["column"], frame["row"], frame["region"])
    }
    lines: dict = {}
    for (column, row), region in at.items():
        for x, y in cartogram.BESIDE:
            if at.get((column + x, row + y)) != region:
                middle, along = np.array([column + x / 2, row + y / 2]), np.abs(np.array([y, x])) / 2
                lines[tuple(middle)] = [middle - along, middle + along]
    drawn = PolyCollection(
        list(lines.values()), edgecolors=INK, facecolors="none", linewidths=0.9, clip_on=False
    )
    drawn.set_capstyle("projecting")
    ax.add_collection(drawn, autolim=False)


def _heads(frame: pd.DataFrame, lang: str, columns: int) -> list[tuple]:
    """Names of the regions, once over each connected part: text, x, y, alignment. A name stands over a row of tiles that it
    does not exceed, the northern one of several, and over no other name; where there is none, in an empty cell beside the part."""
    cells = set(zip(frame["column"], frame["row"]))
    parts = [
        (kit.name(region, "region", lang), patch)
        for region, part in frame.groupby("region", sort=False)
        for patch in _patches(set(zip(part["column"], part["row"])))
    ]
    wide = {text: _wide(text, bold=True) for text, _ in parts}
    spare = [max(run[2] for run in _runs(patch)) - wide[text] for text, patch in parts]
    found, taken, aside = [], [], []  # aside: the spans of names that stand in empty cells
    for (text, patch), room in sorted(zip(parts, spare, strict=True), key=lambda one: one[1]):
        lines = kit.broken(text, 11)
        span = max(_wide(line, bold=True) for line in lines.split("\n"))
        sides = sorted(
            (row, column, side, left)
            for column, row in patch
            for side in (-1, 1)
            for left in [column + side * 0.58 - span * (side < 0)]
            if (column + side, row) not in cells
            and 0 <= column + side < columns
            and not any(row == r and left < end and start < left + span for r, start, end in aside)
        )
        if room < 0 and sides:
            row, column, side, left = sides[0]
            cells = cells | {(column + side, row)}
            aside.append((row, left, left + span))
            at = column + side * 0.58, row - 0.5 + HEAD + (1 - HEAD) / 2
            found.append((lines, *at, "right" if side < 0 else "left"))
            continue
        places = [
            (any(row == r and left < x + w and x < left + wide[text] for x, r, w in taken), row, left)
            for column, row, length in _runs(patch)
            for left in (column - 0.5, column - 0.5 + length - wide[text])
            if length >= wide[text] + min(0, room)  # long enough, or the longest
        ]
        _, row, left = min(places)
        taken.append((left, row, wide[text]))
        found.append((text, left + 0.03, row - 0.5 + HEAD / 2, "left"))
    return found


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


def _wide(text: str, size: float = SMALL, bold: bool = False) -> float:
    """About how many tiles a text is wide."""
    count = sum(1 if ord(letter) > 0x2E80 else 0.56 for letter in text)
    return count * size * (1.08 if bold else 1) / (72 * style.WIDTH / WIDEST)


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
):
    """Units as points on the boundaries of a file (GeoJSON, degrees), shaded or coloured as tiles are; a hollow point is
    known as a range only. The first NAMED rows are named; `label` is not written. Columns as for `tiles`."""
    look = _look(frame, value, hue, colours)
    fig, ax = style.subplots(height=4.2)
    land = PolyCollection(outlines(boundary), facecolors=LAND, edgecolors=BASE, linewidths=0.5)
    ax.add_collection(land)
    loose = kit.soft(frame, look.column)
    faces = [PAPER if hollow else look(one)[0] for hollow, one in zip(loose, frame[look.column], strict=True)]
    mark = {"s": 26, "edgecolors": MUTED, "linewidth": 0.7, "zorder": 3}
    ax.scatter(frame["lon"], frame["lat"], facecolors=faces, **mark)
    ax.autoscale_view()
    ax.set(aspect=1 / np.cos(np.deg2rad(frame["lat"].mean())))
    ax.axis("off")
    entries = look.entries(lang) + [(PAPER, "", codebook.word("range_simulated", lang))] * int(loose.any())
    for colour, _, text in entries:
        ax.scatter([], [], facecolors=colour, label=text, **mark)
    kit.one_legend(fig)
    kit.name_points(ax, frame.head(NAMED), lang, x="lon", y="lat", around=frame)
    return fig


def outlines(path: Path) -> list[np.ndarray]:
    """The rings (lon, lat) of all polygons of a GeoJSON file. Raises InputError where there are none."""
    held = json.loads(Path(path).read_text(encoding="utf-8"))
    rings: list[np.ndarray] = []
    for one in held.get("features", [{"geometry": held}]):
        shape = one.get("geometry") or {}
        polygons = {"Polygon": [shape.get("coordinates")], "MultiPolygon": shape.get("coordinates")}
        for polygon in polygons.get(shape.get("type", "")) or []:
            rings += [np.asarray(ring, dtype=float)[:, :2] for ring in polygon or []]
    refuse(path.name, [] if rings else ["no polygons: name a GeoJSON file of boundaries in degrees"])
    return rings
