"""A figure inside a web page: an SVG file as an element of the page that follows its colours, light and dark."""

import math
import re

from lxml import etree

SPACE = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
COLOUR = re.compile(r"#[0-9a-f]{6}\b", re.IGNORECASE)
COORDINATES = {"d", "x", "y", "cx", "cy", "r", "points", "width", "height"}
LONG = re.compile(r"-?\d+\.\d{3,}")
USED = re.compile(r"""(?:url\(#|href="#)([^)"]+)""")
# Colours of the page that figures share with it, by the name of their CSS variable.
SHARED = {"#1d2733": "ink", "#66717d": "muted", "#d5dade": "faint", "#ffffff": "paper"}
DARKEST, LIGHTEST = 0.22, 0.95  # lightness in dark mode of what was white, of what was black
BEND = 0.6  # below one: what was pale stays visible


def inline(text: str, name: str, alt: str) -> str:
    """The `<svg>` element of a figure, for a page: what only editors need is gone, ids begin with `name`, coordinates have
    two digits, the font is that of the page, every colour is a CSS variable (`palette` defines them), and `alt` says to
    screen readers what it shows."""
    root = etree.fromstring(text.encode(), etree.XMLParser(remove_comments=True, remove_blank_text=True))
    for found in [*root.iter(f"{SPACE}metadata"), *root.iter(f"{SPACE}style")]:
        found.getparent().remove(found)
    used = set(USED.findall(text))
    for element in root.iter(etree.Element):
        if HREF in element.attrib:
            element.set("href", element.attrib.pop(HREF))
        at = element.attrib.pop("id", None)
        if at in used:
            element.set("id", f"{name}-{at}")
        for key in COORDINATES & {*element.attrib}:
            element.set(key, LONG.sub(_short, " ".join(element.get(key).split())))
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    etree.cleanup_namespaces(root)
    made = etree.tostring(root, encoding="unicode")
    made = re.sub(
        r"""\sxmlns(?::\w+)?="[^"]*"| transform="rotate\(-?0 [^"]*"|font-family: [^;"]*Noto[^;"]*; """,
        "",
        made,
    )
    made = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", made)
    return COLOUR.sub(lambda found: f"var(--{_variable(found[0].lower())})", made)


def _short(found: re.Match) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _variable(colour: str) -> str:
    """Name of the CSS variable of a colour."""
    return SHARED.get(colour, f"c{colour[1:]}")


def palette(svgs) -> str:
    """CSS that defines the variables of the colours of some figures, for light and for dark pages."""
    colours = sorted({f"#{one}" for text in svgs for one in re.findall(r"var\(--c([0-9a-f]{6})\)", text)})
    if not colours:
        return ""
    light = ";".join(f"--c{one[1:]}:{one}" for one in colours)
    night = ";".join(f"--c{one[1:]}:{dark(one)}" for one in colours)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{night}}}}}"


def dark(colour: str) -> str:
    """The colour that takes the place of another on a dark page: of the same hue, as light as that was dark (in OKLab, of
    B. Ottosson, 2020), and less vivid where the screen cannot show it.

    >>> dark("#ffffff"), dark("#12304f")
    ('#1b1b1b', '#a1c4eb')
    """
    lightness, a, b = _oklab(colour)
    lightness = DARKEST + (1 - lightness) ** BEND * (LIGHTEST - DARKEST)
    for share in (1, 0.8, 0.6, 0.4, 0.2, 0):
        channels = _linear(lightness, share * a, share * b)
        if all(-1e-4 <= one <= 1 + 1e-4 for one in channels):
            break
    return "#" + "".join(f"{round(255 * _encoded(min(max(one, 0), 1))):02x}" for one in channels)


def _oklab(colour: str) -> tuple[float, float, float]:
    """Lightness, a and b of a colour such as "#a62b2b"."""
    r, g, b = (_decoded(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """Linear red, green and blue of a colour in OKLab."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _decoded(channel: float) -> float:
    """Linear light of a channel of sRGB."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(channel: float) -> float:
    """Channel of sRGB of linear light."""
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
