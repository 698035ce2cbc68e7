"""House style: colours that survive greyscale and colour blindness, Chinese text, labels that do not collide."""

import itertools
import logging
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from fire import edition, files
from fire.figures import index, style

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB
DEFICITS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB (D65)."""
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ rgb
        / [0.9505, 1, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_cycle_is_told_apart_in_greyscale():
    light = sorted(lab(linear(colour))[0] for colour in style.CYCLE)
    assert np.diff(light).min() > 6 and light[-1] < 85


@pytest.mark.parametrize("deficit", DEFICITS)
def test_the_cycle_is_told_apart_by_the_colour_blind(deficit):
    seen = [lab(np.clip(np.array(DEFICITS[deficit]) @ linear(colour), 0, 1)) for colour in style.CYCLE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 10


def test_text_has_contrast_on_paper():
    for colour in (style.INK, style.MUTED, style.RED):
        luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour


def test_every_region_has_a_colour_and_a_marker_of_its_own():
    regions = files.read_csv(files.DATA / "regions.csv")["region"]
    assert len({(style.region_colour(name), style.region_marker(name)) for name in regions}) == len(regions)


def test_the_status_note_is_written_for_soft_values_only():
    for statuses, notes in ((["observed", "published"], 0), (["observed", "simulated"], 1), (["assumed"], 1)):
        fig, _ = style.subplots()
        style.status_note(fig, statuses, "en")
        assert len(fig.texts) == notes
    assert fig.texts[0].get_text() == "Contains assumed values, not observations"


@pytest.fixture(scope="module")
def frames():
    ed, rng = edition.load(2022), np.random.default_rng(1)
    places = ed.places()
    cities = pd.DataFrame(
        {
            "unit": places["city"],
            "region": places["region"],
            "lon": places["lon"],
            "lat": places["lat"],
            "before": rng.uniform(1, 9, len(places)),
            "growth_pct": rng.normal(5, 9, len(places)),
        }
    )
    cities["score"] = cities["before"] * (1 + cities["growth_pct"] / 100)
    cities["rank"] = cities["score"].rank(ascending=False).astype(int)
    cities["printed"] = cities["score"].where(cities["rank"] < 10)
    cities["rank_low"], cities["rank_high"] = (
        (cities["rank"] - 2).clip(1),
        (cities["rank"] + 3).clip(upper=len(cities)),
    )
    means = (
        cities.groupby("region", as_index=False)[["score", "before", "growth_pct", "printed"]]
        .mean()
        .rename(columns={"region": "unit"})
    )
    leaves = pd.DataFrame(
        {
            "node": ed.spec.indicators[:9],
            "before": 4.0,
            "score": np.linspace(9, 2, 9),
            "low": 1.0,
            "median": 4.5,
            "high": 10.0,
            "growth_pct": np.linspace(60, -8, 9),
        }
    )
    return {
        "cities": cities,
        "means": means,
        "leaves": leaves,
        "pillars": pd.concat([means.assign(node=node) for node in ed.spec.pillars]),
        "compare": pd.concat(
            [cities.head(4).assign(node=node) for node in ("firm_rd", "rd_staff", "rd_staff_licensing")]
        ),
        "status": pd.DataFrame(
            {"node": ["F", "F", "I"], "status": ["observed", "assumed", "simulated"], "share": [0.9, 0.1, 1]}
        ),
    }


CHARTS = {
    "league": lambda f, lang: index.league(f["cities"], lang),
    "league without intervals": lambda f, lang: index.league(
        f["cities"].drop(columns=["rank_low", "rank_high", "printed"]), lang
    ),
    "region_strip": lambda f, lang: index.region_strip(f["cities"], f["means"], lang),
    "regional_pillars": lambda f, lang: index.regional_pillars(f["pillars"], lang),
    "dumbbell": lambda f, lang: index.dumbbell(f["means"], lang, kind="region"),
    "city_map": lambda f, lang: index.city_map(f["cities"], lang),
    "profile": lambda f, lang: index.profile(f["leaves"], lang),
    "growths": lambda f, lang: index.growths(f["leaves"].drop(columns=["low", "high"]), lang),
    "compare": lambda f, lang: index.compare(f["compare"], lang),
    "status_bars": lambda f, lang: index.status_bars(f["status"], lang),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chart", CHARTS)
def test_charts_draw_without_tofu_warnings_or_empty_axes(frames, chart, lang, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="matplotlib"):
        warnings.simplefilter("error")
        fig = CHARTS[chart](frames, lang)
        fig.canvas.draw()
    assert not caplog.records
    assert all(ax.has_data() for ax in fig.axes)
    style.plt.close(fig)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chart", ["region_strip", "dumbbell", "profile", "growths", "compare"])
def test_labels_of_rows_do_not_overlap(frames, chart, lang):
    fig = CHARTS[chart](frames, lang)
    fig.canvas.draw()
    boxes = [label.get_window_extent() for label in fig.axes[0].get_yticklabels() if label.get_text()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations([box.shrunk(1, 0.8) for box in boxes], 2))
    assert all(box.x0 >= -1 for box in boxes)
    style.plt.close(fig)


def test_the_map_is_drawn_alike_every_time(frames):
    first, second = (
        [text.get_position() for text in index.city_map(frames["cities"], "en").axes[0].texts]
        for _ in range(2)
    )
    assert first == second
