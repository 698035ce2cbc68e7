"""The Chinese font: two static weights, and no character of the data or the report without a glyph."""

import unicodedata

import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from fire.figures import fonts
from fire.files import ROOT, decode

TEXTS = [
    *(ROOT / "data").rglob("*.csv"),
    *(ROOT / "data").rglob("*.toml"),
    *(path for end in ("csv", "toml", "md") for path in (ROOT / "studies").rglob(f"*.{end}")),
    *(path for end in ("md", "toml") for path in (ROOT / "reports" / "template").rglob(f"*.{end}")),
    *(ROOT / "reports" / "exhibits").rglob("*.toml"),
]


@pytest.mark.parametrize("style, weight", fonts.WEIGHTS.items())
def test_font_is_static_and_named(style, weight):
    path = fonts.FONT_DIR / f"NotoSansSC-{style}.ttf"
    font = TTFont(path)
    assert "fvar" not in font and font["OS/2"].usWeightClass == weight
    fonts.register()
    found = font_manager.findfont(
        font_manager.FontProperties(family=fonts.FAMILY, weight=weight), fallback_to_default=False
    )
    assert found == str(path)


def test_every_character_of_data_and_report_has_a_glyph():
    known = set(TTFont(fonts.FONT_DIR / "NotoSansSC-Regular.ttf").getBestCmap())
    missing = {
        character: path.name
        for path in TEXTS
        for character in decode(path)
        if ord(character) not in known and not unicodedata.category(character).startswith(("C", "Z"))
    }
    assert missing == {}, "add these to EXTRA in fire/figures/fonts.py"


def test_missing_font_says_what_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `make setup`"):
        fonts.register(tmp_path)
