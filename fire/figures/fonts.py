"""Chinese font of the figures and the report: Noto Sans SC, Regular and Bold.

The variable font of the wheel ``justmytype-intl-cjk`` (SIL Open Font License) is cut to the characters of
GB 2312 plus Latin, Greek, punctuation, arrows and mathematics, and fixed at two weights, because matplotlib
draws a variable font in its thinnest weight only.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import files
from pathlib import Path

from fire.files import ROOT, atomic_path

FONT_DIR = ROOT / "build" / "fonts"
FAMILY = "Noto Sans SC"
WEIGHTS = {"Regular": 400, "Bold": 700}
# Characters outside GB 2312 that names and the data use (traditional ones from one source); a test holds the font against the data.
EXTRA = (
    "堃喆镕珺〇"
    "來個倫億儲內兩別創勢區報場塊專導態據數東業構機測為爭產約綠網總臺與萬螞蟻術計訊識議財貸資趨農過遠郵銀鏈長門隨項預頭額風騰體點"
)


def _characters() -> set[int]:
    """Code points the report may need: GB 2312 and the usual Western, mathematical and box characters."""
    gb2312 = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                gb2312.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    blocks = [
        (0x20, 0x17F),
        (0x2B0, 0x36F),
        (0x370, 0x3FF),
        (0x2000, 0x206F),
        (0x2070, 0x209F),
        (0x20A0, 0x20CF),
        (0x2100, 0x214F),
        (0x2150, 0x218F),
        (0x2190, 0x21FF),
        (0x2200, 0x22FF),
        (0x2460, 0x24FF),
        (0x25A0, 0x25FF),
        (0x2600, 0x26FF),
        (0x2700, 0x27BF),
        (0x3000, 0x303F),
        (0xFF00, 0xFFEF),
    ]
    return gb2312.union(*(range(low, high + 1) for low, high in blocks), map(ord, EXTRA))


def _variable_font() -> Path:
    """Path of the variable Noto Sans SC inside the installed wheel."""
    for file in files("justmytype-intl-cjk") or []:
        if file.name.startswith("NotoSansSC") and file.suffix == ".ttf":
            return Path(file.locate())
    raise FileNotFoundError("Noto Sans SC is not in the package justmytype-intl-cjk; run `make setup` again")


def build(folder: Path = FONT_DIR) -> list[Path]:
    """Write the two static fonts into `folder`, side by side; returns their paths."""
    with ProcessPoolExecutor(len(WEIGHTS)) as workers:
        return list(workers.map(partial(_fixed, folder), WEIGHTS, WEIGHTS.values()))


def _fixed(folder: Path, name: str, weight: int) -> Path:
    """Write the font of one weight."""
    from fontTools import subset, ttLib
    from fontTools.varLib import instancer

    options = subset.Options(layout_features=["*"], name_IDs=["*"], notdef_outline=True, drop_tables=["DSIG"])
    font = ttLib.TTFont(_variable_font(), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_characters())
    cutter.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": weight}, updateFontNames=False)
    _rename(font, name, weight)
    with atomic_path(folder / f"NotoSansSC-{name}.ttf") as path:
        font.save(path)
    return folder / f"NotoSansSC-{name}.ttf"


def _rename(font, style: str, weight: int) -> None:
    """Give an instance the family and style names by which matplotlib and Typst look it up."""
    names = {1: FAMILY, 2: style, 4: f"{FAMILY} {style}", 6: f"NotoSansSC-{style}", 16: FAMILY, 17: style}
    font["name"].names = [record for record in font["name"].names if record.nameID not in (25, *names)]
    for name_id, text in names.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    font["OS/2"].fsSelection = 0x20 if style == "Bold" else 0x40
    font["head"].macStyle = 1 if style == "Bold" else 0


def register(folder: Path = FONT_DIR) -> None:
    """Make the fonts known to matplotlib.

    Fonts that have gone since matplotlib listed them are dropped: a search that meets one reads the system's fonts
    anew and forgets ours. Raises FileNotFoundError with the command to run when the fonts have not been built.
    """
    from matplotlib import font_manager

    known = font_manager.fontManager
    known.ttflist = [font for font in known.ttflist if Path(font.fname).is_file()]
    for name in WEIGHTS:
        path = folder / f"NotoSansSC-{name}.ttf"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: run `make setup`, which builds the Chinese font")
        known.addfont(path)


def web(text: str) -> str:
    """CSS `@font-face` rules with both weights, cut to the characters of `text`, as woff2 data addresses."""
    import base64

    characters = "".join(sorted({*text, *map(chr, range(0x20, 0x7F))}))
    rules = []
    for name, weight in WEIGHTS.items():
        data = base64.b64encode(_cut(FONT_DIR / f"NotoSansSC-{name}.ttf", characters)).decode()
        rules.append(
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-display: block; '
            f"src: url(data:font/woff2;base64,{data}) format('woff2') }}\n"
        )
    return "".join(rules)


def _cut(path: Path, characters: str) -> bytes:
    """A font cut to some characters, as woff2; kept beside the font, since packing takes seconds."""
    from hashlib import sha256

    from fontTools import subset, ttLib

    made_from = f"{path.stat().st_mtime_ns} {characters}".encode()
    kept = path.parent / "cut" / f"{path.stem}-{sha256(made_from).hexdigest()[:20]}.woff2"
    if not kept.exists():
        font = ttLib.TTFont(path, recalcTimestamp=False)
        cutter = subset.Subsetter(subset.Options(layout_features=["kern", "liga", "tnum"], hinting=False))
        cutter.populate(text=characters)
        cutter.subset(font)
        font.flavor = "woff2"
        with atomic_path(kept) as part:
            font.save(part)
    return kept.read_bytes()


if __name__ == "__main__":
    for path in build(Path(sys.argv[1]) if len(sys.argv) > 1 else FONT_DIR):
        print(f"font {path.name}: {path.stat().st_size / 1e6:.1f} MB")
