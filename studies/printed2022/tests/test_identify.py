"""Identification: golden numbers of the printed digits, and what the methods refuse to claim."""

import numpy as np
import pandas as pd
import pytest

from fire.index import spec
from fire.sources import statistics
from studies.printed2022 import digits, identify, method, published, roster


@pytest.fixture(scope="module")
def panel():
    return statistics.panel()


@pytest.fixture(scope="module")
def post(panel):
    return identify.posts(panel)


@pytest.fixture(scope="module")
def whole(panel):
    return identify.panel_f(panel)


def test_form_fits_better_than_every_alternative(panel):
    """Every form is fitted to the same printed scores: this compares fits."""
    errors = identify.alternatives(panel).set_index("form")["rmse"]
    assert errors["identified form"] < 0.0005 and errors.idxmin() == "identified form"
    assert errors.drop("identified form").min() > 5 * errors["identified form"]


def test_of_all_forms_only_one_fits_and_its_twin(panel):
    """The logarithms of urban persons and of the urban share are one regression; posts and growth tell them apart."""
    table = identify.forms(panel)
    best = table[table["largest"] < 0.0015]
    assert set(best["pop_structure"]) == {"pop_structure log", "urban_share log"} and len(best) == 2
    assert best["earlier"].eq(False).all() and table["largest"].iloc[2] > 5 * best["largest"].max()


def test_cities_left_out_are_predicted(panel):
    assert identify.leave_one_out(panel)["error"].abs().max() < 0.002


def test_posts_fitted_to_the_printed_scores_give_them_within_0_0015(panel, post):
    """Circular for the cities and means of them: the posts were chosen to hold these scores."""
    scores = identify.pillar(identify.indicator_table(panel, 2021), post)["F"]
    printed = published.scores("F", "city").set_index("unit")["score"]
    assert len(printed) == 15 and (scores[printed.index] - printed).abs().max() < 0.0015
    regions = scores.groupby(statistics.places().set_index("city")["region"]).mean()
    for region, value in published.scores("F", "region").set_index("unit")["score"].items():
        assert abs(regions[region] - value) < 0.0015


def test_posts_lie_in_their_intervals_and_the_share_in_whole_per_cents(panel, post):
    given = post.dropna()
    assert given["value"].between(given["low"], given["high"]).all()
    share = post[post["indicator"].eq("tertiary_share")].set_index("side")["value"]
    assert share.to_dict() == {"lower": 36.0, "upper": 82.0}
    upper = identify.spans(panel).set_index(["indicator", "kind"]).loc[("tertiary_share", "upper")]
    assert 81.9 < upper["low"] < 82 < upper["high"] < 82.1


def test_specification_holds_the_identified_posts(post):
    nodes = spec.load("fire-2022").nodes
    for name, group in post.groupby("indicator"):
        assert list(nodes.at[name, "posts"]) == pytest.approx(
            group.sort_values("value")["value"].tolist(), abs=0.01
        )


def test_base_year_growths_hold_as_solved_and_solved_statistics_agree_with_official_ones(whole, post):
    """The growths hold by construction; the agreement with official statistics is the test."""
    now, before = (identify.pillar(identify.indicator_table(whole, year), post)["F"] for year in (2021, 2020))
    growth = 100 * (now / before - 1)
    printed = identify.printed_growth("F")
    assert len(printed) == 12 and (growth[printed.index] - printed).abs().max() < 1e-6
    assert growth.nlargest(6).index.tolist() == ["拉萨", "深圳", "银川", "昆明", "海口", "西宁"]
    solved = whole.query("year == 2020 and indicator == 'pop_structure'").set_index("unit")["value"]
    official = {
        "北京": 1865.0,
        "天津": 1303.82,
        "重庆": 2086.99,
        "成都": 1233.79,
        "上海": 1450.43,
        "广州": 953.72,
        "深圳": 494.78,
    }
    for city, value in official.items():
        assert solved[city] == pytest.approx(value, rel=0.005), city


def test_growth_of_regions_comes_out_though_nothing_was_solved_from_it(panel, whole, post):
    """Two of them rest on statistics of cities without a printed growth: 石家庄 and 唐山, 东莞 and 佛山."""

    def growth(cells):
        now, before = (
            identify.pillar(identify.indicator_table(cells, year), post)["F"] for year in (2021, 2020)
        )
        region = statistics.places().set_index("city")["region"]
        return 100 * (now.groupby(region).mean() / before.groupby(region).mean() - 1)

    printed = identify.printed_growth("F", "region")
    assert printed.to_dict() == {"成渝": 2.30, "粤港澳大湾区": 5.54, "京津冀": 0.47}
    assert (growth(whole)[printed.index] - printed).abs().max() <= 0.005
    interpolated = (
        whole.copy()
    )  # the urban share of 石家庄 and 唐山 halfway between the censuses, as without U1 and U2
    for city, people in (("石家庄", 1039.42 * 0.6841), ("唐山", 796.4 * 0.6303)):
        cell = whole["unit"].eq(city) & whole["year"].eq(2020) & whole["indicator"].eq("pop_structure")
        interpolated.loc[cell, "value"] = people
    assert abs(growth(interpolated)["京津冀"] - 0.47) > 0.05


def test_one_population_series_a_city_agrees_with_the_digits(panel, post):
    table = identify.bases(panel, post)
    near = table[table["error"].abs() < 0.004]
    assert near["chosen"].all() and near["unit"].is_unique and len(near) == 6
    rest = table[table["unit"].isin(near["unit"])].drop(near.index)
    assert rest["error"].abs().min() > 0.01


def test_whole_panel_is_complete_and_honest(whole):
    assert (
        whole.groupby("year").size().to_dict() == {2020: 236, 2021: 236} and not whole["value"].isna().any()
    )
    assert set(whole.query("year == 2021")["status"]) == {"observed", "estimated"}
    assert whole.query("year == 2020 and status == 'implied'")["source"].eq("printed digits").all()


def test_changed_digit_moves_the_posts(panel, monkeypatch):
    table = published.scores("F", "city")
    table.loc[table["unit"].eq("唐山"), "score"] += 0.01
    monkeypatch.setattr(identify.published, "scores", lambda *_: table)
    assert np.isnan(identify.spans(panel)["low"]).all()


def test_pillar_weights_are_the_only_ones_on_the_grid():
    grid = digits.weight_grid()
    assert grid.round(2).to_numpy().tolist() == [[0.15, 0.25, 0.25, 0.35]]
    corners = digits.weight_polytope()
    bounds = digits.weight_bounds("total").set_index("node")
    assert np.allclose(corners.sum(axis=1), 1)
    assert np.allclose(corners.min(axis=0), bounds["low"], atol=1e-4) and np.allclose(
        corners.max(axis=0), bounds["high"], atol=1e-4
    )


def test_equal_weights_where_children_are_printed_and_wide_bounds_elsewhere():
    for parent in ("firm_rd", "policy"):
        bounds = digits.weight_bounds(parent)
        assert (bounds["high"] - bounds["low"]).max() < 0.003 and bounds.eval("low <= equal <= high").all()
    assert (digits.weight_bounds("E").eval("high - low") > 0.5).all()
    assert digits.weight_bounds("F")["cases"].eq(0).all()


def test_regions_are_means_of_cities():
    means = digits.region_means()
    assert len(means) == 4 and (means["printed"] - means["computed"]).abs().max() <= 0.0005 + 1e-9


def test_the_roster_of_places_fits_the_order_it_was_picked_by_and_is_not_the_only_one():
    fits = roster.with_central(roster.rosters())
    places = statistics.places()
    extra = places[places["in_index_basis"].eq("inferred")].groupby("region")["city"].agg(set)
    mine = [
        all(set(row[region]) == extra.get(region, set()) for region in fits)
        for row in fits.to_dict("records")
    ]
    assert sum(mine) == 1 and len(fits) > 10
    share = roster.memberships(fits).set_index("city")["share"]
    assert share["郑州"].min() == 1 and share["包头"] == 0


def test_ratio_extent_on_a_box():
    low, high = digits.ratio_extent(np.eye(2), np.array([1.0, 2.0]), np.array([2.0, 4.0]), 0, 1)
    assert (low, high) == pytest.approx((0.25, 1.0))


def test_whole_per_cent_rounds_twice():
    assert identify.whole_per_cent(pd.Series([63.455, 53.197, 65.574])).tolist() == [64, 53, 66]


def test_what_the_chapter_says_of_the_base_year(panel, whole, post):
    found = method.populations(method.solved(whole))
    assert (found["n"], found["agree"], found["open"]) == (13, 10, ["西宁", "银川", "昆明"])
    near = method.agreement(method.base_scores(panel, post))
    assert near["n"] == 10 and near["far"] == ["北京", "昆明", "海口", "银川"]


def test_every_element_of_the_method_has_a_name_and_evidence():
    text = (published.FOLDER.parent / "exhibits" / "method.toml").read_text(encoding="utf-8")
    assert all(f"[method-{part}-{key}]" in text for key in method.ELEMENTS for part in ("name", "row"))
