"""Decompositions add up exactly; passings explain ranks; what it would take, taken, gains the places."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_robustness import small_panel, small_spec

from fire import edition
from fire.analysis import attribution, targets
from fire.analysis.attribution import FACTORS, State
from fire.errors import InputError
from fire.index import score


def toy(seed=0, units=9):
    rng = np.random.default_rng(seed)
    first = rng.lognormal(1, 0.5, (units, 6))
    return small_panel(np.stack([first, first * rng.lognormal(0.03, 0.1, first.shape)]), years=(2020, 2021))


def change(spec_before, panel_before, year_before, spec_after, panel_after, year_after, column="score"):
    """Difference of the engine's index score (or rank, positive = up) over the units of both states."""
    frames = [
        score.compute(spec, panel)
        .query("node == 'index' and year == @year")
        .set_index("unit")[column]
        .astype(float)
        for spec, panel, year in (
            (spec_before, panel_before, year_before),
            (spec_after, panel_after, year_after),
        )
    ]
    both = frames[0].index.intersection(frames[1].index)
    return (frames[1] - frames[0])[both] if column == "score" else (frames[0] - frames[1])[both]


def check(before, after, tolerance=1e-12):
    """All parts of scores and ranks add up to the engine's changes."""
    args = (before.spec, before.panel, before.year, after.spec, after.panel, after.year)
    parts = attribution.decompose(before, after)
    points, places = change(*args), change(*args, column="rank")
    assert (parts.groupby("unit")["points"].sum() - points).abs().max() < tolerance
    assert (attribution.rank_factors(before, after).sum(axis=1) - places).abs().max() < tolerance * 10
    assert (attribution.rank_indicators(before, after).sum(axis=1) - places).abs().max() < tolerance * 1000
    rivals = attribution.rivals(before, after)
    assert (rivals.groupby("unit")["places"].sum().reindex(places.index).fillna(0) == places).all()
    assert (rivals["own"] + rivals["theirs"] - rivals["places"]).abs().max() < 1e-9 or rivals.empty
    return parts


def test_shapley_of_a_known_game():
    """Glove game: two left gloves and one right; the right-hand owner gets 2/3."""

    def worth(on):
        return float("right" in on and len(on) > 1)

    assert attribution.shapley(worth, ["left", "other", "right"]) == pytest.approx(
        {"left": 1 / 6, "other": 1 / 6, "right": 2 / 3}
    )


@pytest.mark.parametrize("way", ["arithmetic", "geometric", "harmonic"])
def test_two_years_add_up(way):
    panel = toy().assign(value=lambda frame: frame["value"] + 3)
    spec = small_spec(aggregation=way, scale=[10.0, 100.0])
    parts = check(State(spec, panel, 2020), State(spec, panel, 2021), 1e-11)
    assert parts.loc[parts["factor"].ne("performance"), "points"].eq(0).all()


def test_arithmetic_parts_are_weight_times_change():
    panel, spec = toy(), small_spec()
    parts = attribution.decompose(State(spec, panel, 2020), State(spec, panel, 2021)).query(
        "factor == 'performance'"
    )
    scores = score.compute(spec, panel).pivot(index=["unit", "node"], columns="year", values="score")
    step = (scores[2021] - scores[2020]).unstack()
    for leaf, weight in {"a": 0.35, "f": 0.15}.items():
        points = parts[parts["indicator"].eq(leaf)].set_index("unit")["points"]
        assert points.to_numpy() == pytest.approx((weight * step[leaf]).to_numpy())


def revised(panel, factor=1.1):
    return panel.assign(value=panel["value"] * np.where(panel["indicator"].eq("b"), factor, 1.0))


def with_new_city(panel):
    return pd.concat(
        [
            panel[panel["unit"].ne("u02")],
            panel[panel["unit"].eq("u05")].assign(unit="new", value=lambda frame: frame["value"] * 1.2),
        ]
    )


def test_two_editions_add_up_with_all_six_factors():
    panel, spec = toy(3), small_spec()
    after = State(spec.vary(weights={"P": 0.3}).drop("e"), with_new_city(revised(panel)), 2021)
    before = State(spec, panel.query("year == 2020"), 2020)
    assert attribution.compare(before, after).live == FACTORS
    parts = check(before, after)
    by_factor = parts.groupby("factor")["points"].apply(lambda points: points.abs().sum())
    assert (by_factor[["performance", "revision", "weights", "posts", "framework"]] > 0).all()
    # posts are frozen: a new city moves no score
    assert by_factor["cities"] == 0
    assert attribution.rank_factors(before, after)["cities"].abs().sum() > 0  # but it moves ranks


@pytest.mark.parametrize("factor", ["performance", "revision", "weights", "framework"])
def test_a_single_change_gets_the_whole_change(factor):
    panel, spec = toy(1), small_spec()
    posts = score.base_posts(spec, panel)
    start = State(spec, panel, 2020, posts)
    end = {
        "performance": State(spec, panel, 2021, posts),
        "revision": State(spec, revised(panel), 2020, posts),
        "weights": State(spec.vary(weights={"P": 0.1}), panel, 2020, posts),
        "framework": State(spec.drop("e"), panel, 2020, posts),
    }[factor]
    table = (
        attribution.decompose(start, end).groupby("factor")["points"].apply(lambda points: points.abs().sum())
    )
    assert attribution.compare(start, end).live == [factor]
    assert table[factor] > 0 and table.drop(factor).eq(0).all()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_ranks_add_up_whatever_the_data(seed, units):
    panel, spec = toy(seed, units), small_spec()
    before, after = State(spec, panel, 2020), State(spec, panel, 2021)
    places = change(spec, panel, 2020, spec, panel, 2021, "rank")
    assert (attribution.rank_indicators(before, after).sum(axis=1) - places).abs().max() < 1e-8
    assert (
        attribution.rivals(before, after).groupby("unit")["places"].sum().reindex(places.index).fillna(0)
        == places
    ).all()


def test_a_mixed_tree_tells_factors_apart_only():
    panel = toy()
    spec = (
        small_spec(scale=[1.0, 10.0])
        .vary("index", aggregation="geometric")
        .vary("P", aggregation="arithmetic")
    )
    positive = panel.assign(value=panel["value"])
    parts = attribution.decompose(
        State(spec, positive, 2020), State(spec, positive.assign(value=positive["value"]), 2020)
    )
    assert parts["points"].eq(0).all()
    posts = score.base_posts(spec, positive)
    after = State(spec.vary(weights={"P": 0.4}), positive, 2020, posts)
    parts = attribution.decompose(State(spec, positive, 2020, posts), after)
    expected = change(spec, positive, 2020, after.spec, positive, 2020)
    assert (
        set(parts["indicator"]) == {"index"}
        and (parts.groupby("unit")["points"].sum() - expected).abs().max() < 1e-12
    )


def test_every_city_of_the_edition_adds_up_and_has_its_sentence():
    ed = edition.load(2022)
    panel = ed.panel()
    before, after = State(ed.spec, panel, ed.base_year), State(ed.spec, panel, ed.year)
    total = (
        score.compute(ed.spec, panel)
        .query("node == @ed.spec.root")
        .pivot(index="unit", columns="year", values="score")
    )
    parts = attribution.decompose(before, after).groupby("unit")["points"].sum()
    assert len(parts) == 59 and (parts - (total[ed.year] - total[ed.base_year])).abs().max() < 1e-12
    stories = attribution.stories(before, after)
    assert len(stories) == 59 and stories[["zh", "en"]].map(len).min().min() > 20
    moved = stories[stories["places"] > 0].iloc[0]
    assert f"上升{moved['places']}位" in moved["zh"] and f"improved by {moved['places']}" in moved["en"]


def applied(panel, unit, year, changes):
    """The panel with the raw values of `changes` for one unit and year."""
    changed = panel.copy()
    for row in changes.itertuples():
        here = changed["unit"].eq(unit) & changed["year"].eq(year) & changed["indicator"].eq(row.indicator)
        changed.loc[here, "value"] = row.raw_to
    return changed


def rank_of(spec, panel, unit, year, posts):
    return int(
        score.compute(spec, panel, posts)
        .query("unit == @unit and year == @year and node == 'index'")["rank"]
        .iloc[0]
    )


@pytest.mark.parametrize("places", [1, 3])
def test_the_smallest_change_gains_the_places_and_a_smaller_one_does_not(places):
    panel, spec = toy(2), small_spec()
    posts = score.base_posts(spec, panel)
    unit = (
        score.compute(spec, panel)
        .query("node == 'index' and year == 2021")
        .sort_values("rank")["unit"]
        .iloc[5]
    )
    rank = rank_of(spec, panel, unit, 2021, posts)
    table = targets.single(spec, panel, unit, places, 2021)
    assert table["points"].is_monotonic_increasing and len(table) == 6
    for name in table["indicator"]:
        step = table[table["indicator"].eq(name)]
        assert rank_of(spec, applied(panel, unit, 2021, step), unit, 2021, posts) == rank - places
        short = step.assign(raw_to=step["raw_from"] + 0.9 * (step["raw_to"] - step["raw_from"]))
        assert rank_of(spec, applied(panel, unit, 2021, short), unit, 2021, posts) > rank - places


def test_the_cheapest_mix_gains_the_place_with_less_effort_than_one_indicator():
    panel, spec = toy(2), small_spec()
    posts, unit = score.base_posts(spec, panel), "u03"
    rank = rank_of(spec, panel, unit, 2021, posts)
    mix = targets.cheapest(spec, panel, unit, 1, 2021, beyond=50.0)
    assert rank_of(spec, applied(panel, unit, 2021, mix), unit, 2021, posts) == rank - 1
    effort = targets.typical_change(spec, panel, 2021)

    def cost(table):
        return ((table["points"] / effort[table["indicator"]].to_numpy()) ** 2).sum()

    singles = targets.single(spec, panel, unit, 1, 2021)
    assert cost(mix) < min(cost(singles.iloc[[row]]) for row in range(6))
    weight = targets.path_weights(spec)  # free optimum: points ∝ weight × effort²
    share = mix.set_index("indicator")["points"] / (weight * effort**2)
    assert share.to_numpy() == pytest.approx(share.mean(), rel=1e-3)


@pytest.mark.parametrize(
    "unit, places, message",
    [("nowhere", 1, "no unit 'nowhere'"), ("top", 1, "leads already"), ("last", 20, "it can gain 1 to")],
)
def test_what_cannot_be_gained_is_refused(unit, places, message):
    panel, spec = toy(2), small_spec()
    order = (
        score.compute(spec, panel)
        .query("node == 'index' and year == 2021")
        .sort_values("rank")["unit"]
        .tolist()
    )
    unit = {"top": order[0], "last": order[-1]}.get(unit, unit)
    with pytest.raises(InputError, match="what would it take") as caught:
        targets.single(spec, panel, unit, places, 2021)
    assert message in str(caught.value)


def test_a_frontier_that_is_too_near_is_refused():
    panel, spec = toy(2), small_spec()
    order = (
        score.compute(spec, panel)
        .query("node == 'index' and year == 2021")
        .sort_values("rank")["unit"]
        .tolist()
    )
    with pytest.raises(InputError, match="allow more with beyond"):
        for unit in order[1:3]:
            targets.cheapest(spec, panel, unit, 1, 2021, margin=50.0)
