"""The firm figures draw in both languages, with every label, the status note and the numbers of the frame."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from fire.analysis import technology
from fire.figures import firms as figures

REGIONS = pd.DataFrame(
    {
        "region": ["京津冀", "长三角", "其他"],
        "firms": [10, 30, 5],
        "hightech_share_pct": [31.6, 18.8, float("nan")],
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
STATUSES = ["simulated", "assumed"]
DRAW = {
    "bars": lambda lang: figures.quantity_quality(
        REGIONS, lang, by="region", amount="firms", quality="hightech_share_pct", statuses=STATUSES
    ),
    "slope": lambda lang: figures.slope(
        REGIONS.fillna(20), lang, by="region", left="firms", right="hightech_share_pct", statuses=STATUSES
    ),
    "shares": lambda lang: figures.shares_heatmap(technology.shares(WIDE), lang, statuses=STATUSES),
    "quotients": lambda lang: figures.quotient_heatmap(technology.shares(WIDE), lang, statuses=STATUSES),
    "map": lambda lang: figures.specialisation_map(CITIES, lang, statuses=STATUSES),
}


def texts(fig) -> list[str]:
    fig.canvas.draw()
    return [text.get_text() for text in fig.findobj(plt.Text) if text.get_text()]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", DRAW)
def test_figures_name_everything_and_carry_the_status(kind, lang):
    fig = DRAW[kind](lang)
    shown = texts(fig)
    plt.close(fig)
    assert any(("模拟" if lang == "zh" else "simulated") in text for text in shown)
    where = {
        "zh": "北京" if kind == "map" else "长三角",
        "en": "Beijing" if kind == "map" else "Yangtze River Delta",
    }[lang]
    assert any(where in text for text in shown)
    if lang == "en":
        assert not any("\u4e00" <= letter <= "\u9fff" for text in shown for letter in text)


def test_bars_write_the_amount_and_a_dash_for_a_missing_ratio():
    fig = DRAW["bars"]("en")
    shown = texts(fig)
    plt.close(fig)
    assert {"30", "18.8", "–"} <= set(shown)


def test_a_city_beside_a_larger_one_is_not_labelled():
    assert list(figures.apart(CITIES)["unit"]) == ["北京", "上海"]
