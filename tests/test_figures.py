"""House style: colours that survive greyscale and colour blindness, Chinese text, labels that do not collide."""

import itertools
import json
import logging
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from whole import few

from fire import codebook, edition, files
from fire.errors import InputError
from fire.figures import cartogram, focus, fonts, index, kit, maps, regions, robustness, style

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


def test_pillars_have_the_colours_of_their_edition():
    lang = codebook.Book(edition.load(2022).spec).lang("en")
    assert list(style.pillar_palette(lang)) == ["total", "F", "I", "R", "E"]


def test_the_status_note_is_written_for_soft_values_only():
    for statuses, notes in ((["observed", "printed"], 0), (["observed", "simulated"], 1), (["assumed"], 1)):
        fig, _ = style.subplots()
        style.status_note(fig, statuses, "en")
        assert len(fig.texts) == notes
    assert fig.texts[0].get_text() == "Contains assumed values"


def test_the_status_note_is_not_repeated_where_the_key_says_it():
    frame = marked(WIDE.rename(columns={"score": "value"}).assign(score=[2.0, 1.0]), "score")
    fig = kit.dots(frame, "en", y="unit", x="score")
    assert not style.status_note(fig, ["simulated"], "en").texts
    fig = maps.tiles(frame, "en", value="score")
    assert not style.status_note(fig, ["simulated"], "en").texts


# Files ----------------------------------------------------------------------------------------------------------------


def test_figures_are_svg_with_real_text_in_the_font_of_the_report(tmp_path):
    fig, ax = style.subplots(height=1.5)
    ax.set_title("深圳 x²")
    ax.text(0, 0, "9.958", weight="bold", fontsize=6.5)
    fig.savefig(tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert ">深圳 x²</text>" in text and ">9.958</text>" in text
    assert "font-weight: 700" in text and f"'{fonts.FAMILY}'" in text


def built():
    """The figures of all editions that have been built."""
    return sorted(
        path for path in files.ROOT.glob("build/*/[!.]*/figures/*.svg") if path.parts[-3] != "preview"
    )


@pytest.mark.skipif(not built(), reason="no edition has been built")
def test_no_text_of_a_built_figure_is_smaller_than_six_points_and_none_is_wider_than_the_page():
    small, wide = [], []
    for path in built():
        text = path.read_text(encoding="utf-8")
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )*([\d.]+)px", text)]
        small += [f"{path.name}: {min(sizes)}"] if sizes and min(sizes) < 6 else []
        width = float(re.search(r'width="([\d.]+)pt"', text)[1]) / 72
        wide += [f"{path.name}: {width:.2f}"] if width > style.WIDTH + 0.04 else []
    assert not small and not wide


def marked(frame, *columns):
    """The frame with companions of some columns: printed, observed, simulated in turn."""
    kinds = np.resize(["printed", "simulated", "observed"], len(frame))
    for column in columns:
        value = frame[int(column) if column.isdigit() else column]
        apart = np.where(kinds == "simulated", 0.4, 0.0)
        ends = {f"{column}_low": value - apart, f"{column}_high": value + apart}
        frame = frame.assign(**{f"{column}_status": kinds} | ends)
    return frame


@pytest.fixture(scope="module")
def frames():
    ed, rng = edition.load(2022), np.random.default_rng(1)
    places = ed.places()
    cities = places[["region", "lon", "lat"]].assign(unit=places["city"], node="total")
    cities[2020] = rng.uniform(1, 9, len(places))
    cities["growth_pct"] = rng.normal(5, 9, len(places))
    cities["score"] = cities[2021] = cities[2020] * (1 + cities["growth_pct"] / 100)
    cities["rank"] = cities["score"].rank(ascending=False).astype(int)
    cities["rank_low"] = (cities["rank"] - 2).clip(1)
    cities["rank_high"] = (cities["rank"] + 3).clip(upper=len(cities))
    numbers = ["score", 2020, 2021, "growth_pct"]
    means = cities.groupby("region", as_index=False)[numbers].mean().rename(columns={"region": "unit"})
    means = means.sort_values("score", ascending=False)
    leaves = pd.DataFrame(
        {
            "node": ed.spec.indicators[:9],
            2020: 4.0,
            2021: np.linspace(9, 2, 9),
            "low": 1.0,
            "median": 4.5,
            "high": 10.0,
            "growth_pct": np.linspace(60, -8, 9),
        }
    )
    profile = pd.concat([means.assign(node=node) for node in ("total", "F", "I")])
    parts = {"node": ["F", "F", "I"], "status": ["observed", "assumed", "simulated"]}
    compare = pd.concat(
        [cities.head(4).assign(node=node) for node in ("firm_rd", "rd_staff", "rd_staff_licensing")]
    )
    table = pd.DataFrame(
        {
            "node": ["total", "F", "I"],
            "between_pct": [40.0, 50, 30],
            "expected_pct": 42.0,
            "chance_low_pct": 31.0,
            "chance_high_pct": 56.0,
        }
    )
    return {
        "league": cities,
        "marked league": marked(cities, "score", "rank", "growth_pct"),
        "alone": cities.drop(columns=["rank_low", "rank_high", 2020]).head(20),
        "regions": profile,
        "marked regions": marked(profile, "score"),
        "moves": cities.head(9).assign(rank_change=[6, 5, 3, 3, 2, 1, -1, -2, -4]),
        "pillar": {"cities": cities, "areas": means},
        "marked pillar": {"cities": marked(cities, "score"), "areas": marked(means, "score")},
        "between": table,
        "marked between": marked(table, "between_pct"),
        "leaves": leaves,
        "compare": compare,
        "marked compare": marked(compare, "score"),
        "status": pd.DataFrame(parts | {"share_pct": [90.0, 10, 100]}),
    }


CHARTS = {
    "league": (index.league, "league"),
    "league of one year without intervals": (index.league, "alone"),
    "marked league": (index.league, "marked league"),
    "by region": (index.by_region, "pillar"),
    "marked by region": (index.by_region, "marked pillar"),
    "moves": (index.moves, "moves"),
    "map": (maps.tiles, "league"),
    "marked map": (maps.tiles, "marked league"),
    "regions": (index.compare, "regions"),
    "marked regions": (index.compare, "marked regions"),
    "between": (regions.between, "between"),
    "marked between": (regions.between, "marked between"),
    "marked compare": (index.compare, "marked compare"),
    "high": (focus.high, "leaves"),
    "growth": (focus.growth, "leaves"),
    "compare": (index.compare, "compare"),
    "status": (index.status, "status"),
}


def drawn(frames, chart, code):
    draw, frame = CHARTS[chart]
    more = {"value": "score"} if draw is maps.tiles else {}
    return draw(frames[frame], edition.load(2022).book.lang(code), **more)


@pytest.mark.parametrize("lang", few(["zh", "en"], "en"))
@pytest.mark.parametrize("chart", CHARTS)
def test_charts_draw_without_tofu_warnings_or_empty_axes(frames, chart, lang, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="matplotlib"):
        warnings.simplefilter("error")
        fig = drawn(frames, chart, lang)
        fig.canvas.draw()
    assert not caplog.records
    assert all(ax.has_data() for ax in fig.axes)
    assert fig.get_tightbbox().width <= style.WIDTH + 0.04
    style.plt.close(fig)


@pytest.mark.parametrize("lang", few(["zh", "en"], "en"))
@pytest.mark.parametrize(
    "chart", ["league", "marked league", "moves", "by region", "regions", "high", "growth", "compare"]
)
def test_labels_of_rows_do_not_overlap(frames, chart, lang):
    fig = drawn(frames, chart, lang)
    fig.canvas.draw()
    boxes = [label.get_window_extent() for label in fig.axes[0].get_yticklabels() if label.get_text()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations([box.shrunk(1, 0.8) for box in boxes], 2))
    assert all(box.x0 >= -1 for box in boxes)
    style.plt.close(fig)


def test_the_range_of_a_mean_has_a_box_and_an_entry_of_the_legend(frames):
    ax = drawn(frames, "marked by region", "en").axes[0]
    shown = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"Mean", "Mean, simulated (5 to 95 % range)"} <= shown
    sure = drawn(frames, "by region", "en").axes[0]
    assert [text.get_text() for text in sure.get_legend().get_texts()] == ["Mean"]


def test_a_name_that_a_range_would_cross_stands_above_its_mark():
    frame = pd.DataFrame({"unit": ["北京", "天津", "唐山"], "region": "京津冀", "score": [5.0, 4.9, 1.0]})
    frame = frame.assign(score_status=["printed", "simulated", "printed"])
    frame = frame.assign(score_low=[5.0, 3.0, 1.0], score_high=[5.0, 8.0, 1.0])
    at = {
        text.get_text(): text.xyann
        for text in kit.strip(frame, "en", y="region", x="score", ends=1).axes[0].texts
    }
    assert at["Beijing"][1] > 0 and at["Tangshan"][1] == 0


def test_shares_too_small_for_a_number_are_named_at_the_end_of_the_bar():
    frame = pd.DataFrame({"node": ["F"] * 3, "status": ["printed", "observed", "estimated"]})
    fig = index.status(frame.assign(share_pct=[1.2, 98.5, 0.3]), "en")
    assert {"98%", "printed 1%\nestimated <1%"} <= {text.get_text() for text in fig.axes[0].texts}


def test_a_rank_that_is_only_a_range_is_written_as_one():
    frame = pd.DataFrame({"unit": ["北京", "上海"], "score": [2.0, 1.0], "rank": [1, 2], "rank_low": [1, 2]})
    frame = frame.assign(rank_high=[1, 5], rank_status=["printed", "simulated"])
    fig = index.league(frame, "zh")
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["北京  1", "上海  (2–5)"]


def test_both_columns_of_the_league_have_one_scale(frames):
    fig = drawn(frames, "league", "zh")
    assert fig.axes[0].get_xlim() == fig.axes[1].get_xlim()
    names = [label.get_text() for ax in fig.axes for label in ax.get_yticklabels()]
    assert len(names) == len(frames["league"])


def test_the_best_city_stands_on_top_of_the_league(frames):
    fig = drawn(frames, "league", "zh")
    best = frames["league"].sort_values("rank")["unit"].iloc[0]
    assert fig.axes[0].get_yticklabels()[0].get_text() == f"{best}  1"
    assert fig.axes[0].get_ylim()[0] > fig.axes[0].get_ylim()[1]


# The kit --------------------------------------------------------------------------------------------------------------

LONG = pd.DataFrame(
    {
        "unit": ["北京", "上海"] * 3,
        "node": ["F", "F", "I", "I", "R", "R"],
        "value": [1.0, 2, 3, -1, 2, 2],
        "score": [2.0, 1, 3, 4, 5, 2],
        "lon": [116.4, 121.5] * 3,
        "lat": [39.9, 31.2] * 3,
        "rank_low": [1, 2, 1, 2, 1, 2],
        "rank": [2, 3, 2, 3, 2, 3],
        "rank_high": [3, 4, 3, 4, 3, 4],
    }
)
WIDE = LONG.head(2).assign(**{"rank_before": [2, 1], "rank_after": [1, 2]}).rename(columns={"value": 2020})
ENDS = {"low": "rank_low", "high": "rank_high"}
KINDS = {
    "bars": lambda lang: kit.bars(WIDE, lang, y="unit", x="score", marked=["北京"]),
    "bars by hue": lambda lang: kit.bars(LONG, lang, y="unit", x="value", hue="node"),
    "stacked": lambda lang: kit.stacked(LONG, lang, y="unit", x="value", part="node", totals=True),
    "dots": lambda lang: kit.dots(WIDE, lang, y="unit", x="score"),
    "dumbbell": lambda lang: kit.dumbbell(WIDE.assign(**{"x": 1}), lang, y="unit", start=2020, end="score"),
    "interval": lambda lang: kit.interval(LONG, lang, y="unit", x="rank", hue="node", zero=True, **ENDS),
    "strip": lambda lang: kit.strip(LONG, lang, y="node", x="score", ends=1),
    "waterfall": lambda lang: kit.waterfall(
        LONG[::2], lang, y="node", x="value", start=5.0, ends=("2020", "2021")
    ),
    "slopes": lambda lang: kit.slopes(WIDE, lang, y="unit", left="rank_before", right="rank_after", least=1),
    "heat": lambda lang: kit.heat(LONG, lang, y="unit", x="node", value="value"),
    "scatter_fit": lambda lang: kit.scatter_fit(LONG, lang, x="score", y="value", hue="node"),
    "tiles by kind": lambda lang: maps.tiles(WIDE, lang, hue="unit", label="rank"),
    "tiles": lambda lang: maps.tiles(WIDE.assign(region=["京津冀", "长三角"]), lang, value="score"),
}


@pytest.mark.parametrize("lang", few(["zh", "en"], "en"))
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_draw_and_name_by_the_codebook(kind, lang):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = KINDS[kind](lang)
        fig.canvas.draw()
    assert all(ax.has_data() for ax in fig.axes)
    style.plt.close(fig)


def test_names_and_headings_come_from_the_codebook():
    fig = kit.bars(WIDE, "en", y="unit", x="score")
    ax = fig.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Beijing", "Shanghai"]
    assert ax.get_xlabel() == "Score"
    assert [text.get_text() for text in ax.texts] == ["2.000", "1.000"]
    pair = pd.DataFrame({"criterion_zh": ["甲"], "criterion_en": ["A"]})
    assert kit.names(pair, "criterion", "en") == ["A"]


@pytest.mark.parametrize("kind", ["dots", "interval", "dumbbell", "strip", "bars", "scatter_fit"])
def test_every_kind_draws_simulated_values_hollow_and_without_number(kind):
    frame = pd.DataFrame(
        {
            "unit": ["北京", "上海", "广州"],
            "region": ["京津冀", "长三角", "粤港澳大湾区"],
            "score": [3.0, 2.0, 1.0],
            "score_status": ["printed", "observed", "simulated"],
            "score_low": [3.0, 2.0, 0.5],
            "score_high": [3.0, 2.0, 1.5],
            "value": [1.0, 2.0, 3.0],
            2020: [2.0, 1.5, 1.0],
        }
    )
    draw = {
        "dots": lambda: kit.dots(frame, "en", y="unit", x="score"),
        "interval": lambda: kit.interval(frame, "en", y="unit", x="score", numbers=True),
        "dumbbell": lambda: kit.dumbbell(frame, "en", y="unit", start=2020, end="score", colour=style.NAVY),
        "strip": lambda: kit.strip(frame, "en", y="region", x="score", ends=1),
        "bars": lambda: kit.bars(frame, "en", y="unit", x="score"),
        "scatter_fit": lambda: kit.scatter_fit(frame, "en", x="score", y="value", fit=False),
    }[kind]
    ax = draw().axes[0]
    faces = [
        tuple(face) for held in [*ax.collections, *ax.patches] for face in np.atleast_2d(held.get_facecolor())
    ]
    assert (1.0, 1.0, 1.0, 1.0) in faces  # the paper shows through
    shown = {text.get_text() for text in ax.texts}
    assert "1.000" not in shown and (kind in ("strip", "scatter_fit") or {"3.000", "2.000"} <= shown)
    assert kind != "strip" or shown == {"Beijing", "Shanghai"}
    if kind in ("dots", "interval", "dumbbell", "strip"):
        key = [text.get_text() for text in ax.get_legend().get_texts()]
        assert key[:3] == ["printed", "observed", "simulated (5 to 95 % range)"] or key[1:] == [
            "printed",
            "observed",
            "simulated (5 to 95 % range)",
        ]
    style.plt.close("all")


@pytest.mark.parametrize("lang", few(["zh", "en"], "en"))
@pytest.mark.parametrize("count", [2, 6, 13])
def test_no_heading_of_a_heat_map_is_slanted_or_stands_in_another_column(lang, count):
    regions_ = edition.load(2022).regions()["region"].head(count)
    frame = pd.DataFrame({"region": regions_, "node": "F", "value": 1.0})
    fig = kit.heat(frame, edition.load(2022).book.lang(lang), y="node", x="region", value="value", height=3)
    fig.canvas.draw()
    labels = fig.axes[0].get_xticklabels()
    assert {label.get_rotation() for label in labels} <= {0, 90}
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.x1 > other.x0 for one, other in itertools.pairwise(boxes))


def test_heat_maps_leave_simulated_cells_empty():
    frame = LONG.assign(value_status=["printed", "simulated"] * 3)
    ax = kit.heat(frame, "zh", y="unit", x="node", value="value").axes[0]
    assert sorted(text.get_text() for text in ax.texts if text.get_text()) == ["1.00", "2.00", "3.00"]


def test_stacked_bars_add_up_on_both_sides_of_zero():
    ax = kit.stacked(LONG, "zh", y="unit", x="value", part="node").axes[0]
    bars = [(bar.get_y() > 0.5, bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    beijing, shanghai = ([(low, high) for row, low, high in bars if row == place] for place in (False, True))
    assert beijing == [(0, 1), (1, 4), (4, 6)]
    assert sorted(tuple(sorted(one)) for one in shanghai) == [(-1, 0), (0, 2), (2, 4)]


def test_a_waterfall_ends_where_its_parts_lead():
    ax = kit.waterfall(LONG[::2], "zh", y="node", x="value", start=5.0, ends=("a", "b")).axes[0]
    assert [point[0] for point in ax.collections[0].get_offsets()] == [5.0, 11.0]
    assert sum(bar.get_width() for bar in ax.patches) == 6.0


def test_marks_that_look_alike_share_one_entry_of_a_legend():
    fig, axes = style.subplots(1, 2)
    for ax, text in zip(axes, ("公开统计", "由刊载推得"), strict=True):
        ax.scatter([1], [1], s=20, color=style.MUTED, label=text)
    axes[1].scatter([1], [1], s=20, color=style.RED, label="报告刊载")
    kit.one_legend(fig)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["公开统计、由刊载推得", "报告刊载"]


# Maps -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def places():
    return edition.load(2022).places().rename(columns={"city": "unit"})


def test_every_place_has_a_tile_of_its_own_near_its_true_place(places):
    at = cartogram.layout(places)
    assert not at.duplicated(["column", "row"]).any() and list(at["unit"]) == list(places["unit"])
    rows, columns = cartogram.grid(len(places))
    assert at["row"].between(0, rows - 1).all() and at["column"].between(0, columns - 1).all()
    assert at["column"].corr(places["lon"], method="spearman") > 0.85
    assert at["row"].corr(-places["lat"], method="spearman") > 0.85


def test_the_layout_does_not_depend_on_the_order_of_the_places(places):
    cartogram._cells.cache_clear()
    mixed = places.sample(frac=1, random_state=3)
    first = cartogram.layout(places).set_index("unit")
    assert cartogram.layout(mixed).set_index("unit").loc[first.index].equals(first)


def test_tiles_of_a_region_stand_together(places):
    at = cartogram.layout(places)
    alone = cartogram.layout(places.drop(columns="region"))

    def parts(cells):
        groups = cells.assign(region=places["region"]).groupby("region")
        return sum(len(maps._patches(set(zip(part["column"], part["row"])))) for _, part in groups)

    assert parts(at) <= 14 < parts(alone)  # 13 regions


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_name_of_a_region_stands_over_its_own_tiles_or_beside_them(places, lang):
    frame = places.join(cartogram.layout(places)[["column", "row"]])
    own = {region: set(zip(part["column"], part["row"])) for region, part in frame.groupby("region")}
    filled, book = set().union(*own.values()), edition.load(2022).book.lang(lang)
    heads = maps._heads(frame, book, maps.WIDEST)
    names = {kit.name(region, "region", book): region for region in own}
    for text, x, y, side in heads:
        region = names[text.replace("-\n", "-").replace("\n", " ")]
        wide = max(maps._wide(line, bold=True) for line in text.split("\n"))
        left = x - wide if side == "right" else x
        under = {(int(np.floor(at + 0.5)), int(np.floor(y + 0.5))) for at in (left, left + wide - 0.05)}
        assert under <= own[region] or not under & filled, text


@pytest.mark.parametrize("seed", range(12))
def test_names_of_regions_stand_over_no_other_name_whichever_cities_there_are(places, seed):
    some = places.sample(50, random_state=seed).reset_index(drop=True)
    frame = some.join(cartogram.layout(some)[["column", "row"]])
    boxes = []
    for text, x, y, side in maps._heads(frame, edition.load(2022).book.lang("en"), maps.WIDEST):
        lines = text.split("\n")
        wide = max(maps._wide(line, bold=True) for line in lines)
        left = x - wide if side == "right" else x
        boxes.append((left, left + wide, round(y, 3)))
    over = [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if one[2] == other[2] and min(one[1], other[1]) - max(one[0], other[0]) > 0.1
    ]
    assert not over


def test_axes_of_moves_and_ranks_hold_all_that_is_drawn():
    frame = pd.DataFrame({"unit": ["北京", "上海"], "rank_change": [1, -1], "growth_pct": [-1.0, -9.0]})
    low, high = index.moves(frame, "zh").axes[1].get_xlim()
    assert low < -9 and high >= 0
    empty = index.moves(frame.assign(growth_pct=np.nan), "zh").axes[1].get_xlim()
    assert np.isfinite(empty).all()
    wide = pd.DataFrame({"unit": [f"c{n}" for n in range(40)], "group": 1, "rank": np.arange(1.0, 41)})
    wide = wide.assign(rank_median=wide["rank"], rank_low=wide["rank"], rank_high=wide["rank"])
    wide.loc[39, "rank_low"] = 1
    assert all(ax.get_xlim()[0] > 0 for ax in robustness.ranks(wide, "zh").axes)


def test_what_is_written_on_a_shade_can_be_read():
    for share in np.linspace(0, 1, 60):
        ground = style.mpl.colormaps[style.SEQUENTIAL](share)[:3]
        ground, ink = sorted(linear(one) @ [0.2126, 0.7152, 0.0722] for one in (ground, kit.ink(ground)))
        assert (ink + 0.05) / (ground + 0.05) >= 4.4, share
    assert (
        kit.ink(style.PAPER) != "#000000"
    )  # which an SVG leaves out, so that it cannot change on a dark page


@pytest.mark.parametrize("count", [1, 2, 7, 130])
def test_any_number_of_places_is_laid_out(count):
    rng = np.random.default_rng(count)
    some = pd.DataFrame({"unit": [f"c{n}" for n in range(count)]})
    some = some.assign(lon=rng.uniform(0, 9, count).round(), lat=rng.uniform(40, 50, count))
    assert not cartogram.layout(some).duplicated(["column", "row"]).any()


def test_a_range_is_a_hollow_tile_with_the_shades_of_its_ends(places):
    frame = pd.DataFrame({"unit": ["北京", "上海", "广州"], "score": [9.9, 6.0, 3.0]})
    frame = frame.merge(places[["unit", "lon", "lat", "region"]], on="unit").assign(
        score_status=["printed", "simulated", "observed"],
        score_low=[9.9, 3.5, 3.0],
        score_high=[9.9, 9.5, 3.0],
    )
    ax = maps.tiles(frame, edition.load(2022).book.zh, value="score").axes[0]
    shown = {text.get_text() for text in ax.texts}
    assert {"9.900", "(3.5–9.5)", "3.000", "京津冀", "长三角"} <= shown and "6.000" not in shown
    shades = maps.Shades(frame, "score")
    faces = [to_rgb(box.get_facecolor()) for box in ax.patches]
    assert faces.count(to_rgb(style.PAPER)) == 2  # the tile and its key
    assert to_rgb(shades(9.9)[0]) in faces and shades.ends(1) == [shades(3.5)[0], shades(9.5)[0]]


def test_kinds_beyond_the_colours_are_hatched(places):
    frame = places.head(20).assign(main=[f"k{n}" for n in range(20)])
    looks = maps.Kinds(frame, "main").looks
    assert len(set(looks.values())) == 20


BOX = {"type": "Polygon", "coordinates": [[[100, 20], [125, 20], [125, 42], [100, 20]]]}


def test_boundaries_are_drawn_only_from_the_file_of_the_edition(tmp_path, places):
    path, ed = tmp_path / "land.geojson", edition.load(2022)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"geometry": BOX}]}))
    frame = places.head(5).assign(score=[5.0, 4, 3, 2, 1])
    own = edition.Edition("2022", ed.settings | {"map": {"boundary": str(path), "approval": "GS(0)1"}})
    ax = maps.of(own, value="score")(frame, ed.book.en).axes[0]
    assert len(ax.collections[0].get_paths()) == 1 and own.approval == "GS(0)1"
    assert maps.of(ed, value="score")(frame, ed.book.en).axes[0].patches  # tiles
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    with pytest.raises(InputError, match="no polygons"):
        maps.outlines(path)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("boundary: data/places.csv", "'approval' is missing"),
        ("boundary: data/none.geojson\n  approval: x", "there is no file data/none.geojson"),
        ("boundary: data/places.csv\n  approval: x\n  colour: red", "unknown key 'colour'"),
        ("approval: x", "'boundary' is missing"),
    ],
)
def test_a_map_of_an_edition_needs_its_file_and_the_number_of_its_approval(tmp_path, given, fault):
    text = (edition.EDITIONS / "2022.yaml").read_text(encoding="utf-8")
    (tmp_path / "2022.yaml").write_text(f"{text}map:\n  {given}\n", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(fault)):
        edition.load(2022, tmp_path)
