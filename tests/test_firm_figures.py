"""The firm figures draw in both languages, with every name and the numbers of the frame."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fire.analysis import technology
from fire.figures import firms as figures

REGIONS = pd.DataFrame(
    {
        "unit": ["长三角", "京津冀", "其他"],
        "firms": [30, 10, 5],
        "hightech_share_pct": [18.8, 31.6, float("nan")],
    }
)
WIDE = pd.DataFrame({"区块链": [10, 30, 5], "云计算": [4, 0, 9]}, index=["京津冀", "长三角", "其他"])
CITIES = pd.DataFrame(
    {
        "unit": ["北京", "天津", "上海"],
        "lon": [116.4, 117.2, 121.5],
        "lat": [39.9, 39.1, 31.2],
        "value": [9, 3, 7],
        "main": ["区块链", "云计算", "大数据"],
    }
)
DRAW = {
    "bars": lambda lang: figures.quantity_quality(REGIONS, lang),
    "slope": lambda lang: figures.slope(REGIONS.assign(firms=[1, 2, 3], hightech_share_pct=[3, 1, 2]), lang),
    "shares": lambda lang: figures.shares(technology.shares(WIDE), lang),
    "quotients": lambda lang: figures.quotients(technology.clear(technology.shares(WIDE * 40)), lang),
    "map": lambda lang: figures.specialities(CITIES, lang),
}


def texts(fig) -> list[str]:
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(plt.Text) if text.get_text()]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", DRAW)
def test_figures_name_everything(kind, lang):
    fig = DRAW[kind](lang)
    shown = texts(fig)
    plt.close(fig)
    where = {
        "zh": "北京" if kind == "map" else "长三角",
        "en": "Beijing" if kind == "map" else "Yangtze River Delta",
    }[lang]
    assert any(where in text for text in shown)
    if kind != "map":
        assert any({"zh": "其他", "en": "Other"}[lang] in text for text in shown)
    if lang == "en":
        assert not any("\u4e00" <= letter <= "\u9fff" for text in shown for letter in text)


def test_bars_write_the_amount_and_a_dash_for_a_missing_ratio():
    fig = DRAW["bars"]("en")
    shown = texts(fig)
    plt.close(fig)
    assert {"30", "18.8", "–"} <= set(shown)


def test_an_amount_that_is_not_printed_is_a_dash():
    frame = REGIONS.assign(firms=[30.0, float("nan"), 5.0], hightech_share_pct=[18.8, 31.6, 20.0])
    frame = frame.assign(firms_status=["printed", None, "printed"], hightech_share_pct_status="printed")
    fig = figures.quantity_quality(frame, "zh")
    shown = texts(fig)
    plt.close(fig)
    assert shown.count("–") == 1 and "30" in shown


def test_shares_frame_the_leader_and_add_up_the_largest():
    fig = DRAW["shares"]("en")
    frames = [(box.get_x(), box.get_y()) for box in fig.axes[0].patches]
    shown = texts(fig)
    plt.close(fig)
    assert frames == [(0, 1), (1, 2)] and "Top three" in shown and shown.count("100.0") == 2


def test_quotients_that_are_missing_or_zero_stay_empty():
    wide = (WIDE * 40).assign(物联网=[1, 3, 1])
    shown = technology.clear(technology.shares(wide))
    fig = figures.quotients(shown, "en")
    values, names = fig.axes[0].collections[0].get_array(), texts(fig)
    plt.close(fig)
    assert np.ma.count(np.ma.masked_invalid(values)) == (shown["location_quotient"] > 0).sum() < 6
    assert not any("Internet of things" in text for text in names), "no quotient of it is clear"


def test_more_technologies_than_colours_can_be_told_apart():
    kinds = list("abcdefghij")
    many = pd.concat([CITIES] * 4, ignore_index=True).head(10)
    many = many.assign(main=kinds, unit=[f"c{n}" for n in range(10)])
    fig = figures.specialities(many, "zh")
    looks = {(box.get_facecolor(), box.get_hatch()) for box in fig.axes[0].patches}
    plt.close(fig)
    assert len(looks) == 10
