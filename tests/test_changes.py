"""What changed and why: decompositions add up exactly, passings explain ranks, data and method are compared."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from engine_data import flat, panel, random_panel
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from numpy.testing import assert_allclose
from test_robustness import small_panel, small_spec

import fire
from fire.analysis import changes
from fire.analysis.changes import FACTORS, State
from fire.figures import changes as draw
from fire.index import spec as specs
from fire.index.index import Index


def toy(seed=0, units=9):
    rng = np.random.default_rng(seed)
    first = rng.lognormal(1, 0.5, (units, 6))
    return small_panel(np.stack([first, first * rng.lognormal(0.03, 0.1, first.shape)]), years=(2020, 2021))


def state(spec, cells, year=2020, posts=None) -> State:
    return State(Index(spec, cells, posts), year)


def change(before, after, column="score"):
    """Difference of the engine's index score (or rank, positive = up) over the units of both states."""
    old, new = (
        side.index.scores()
        .query("node == 'index' and year == @side.year")
        .dropna(subset="score")
        .set_index("unit")[column]
        .astype(float)
        for side in (before, after)
    )
    both = old.index.intersection(new.index)
    return (new - old)[both] if column == "score" else (old - new)[both]


def check(before, after, tolerance=1e-12):
    """All parts of scores and ranks add up to the engine's changes."""
    parts, why = changes.decompose(before, after), changes.explain(before, after)
    points, places = change(before, after), change(before, after, "rank")
    assert (parts.groupby("unit")["points"].sum() - points).abs().max() < tolerance
    effect = why.groupby("unit")[["score_effect", "rank_effect"]].sum().reindex(points.index).fillna(0)
    assert (effect["score_effect"] - points).abs().max() < tolerance
    assert (effect["rank_effect"] - places).abs().max() < tolerance * 10
    assert (changes.rank_indicators(before, after).sum(axis=1) - places).abs().max() < tolerance * 1000
    rivals = changes.rivals(before, after)
    assert (rivals.groupby("unit")["places"].sum().reindex(places.index).fillna(0) == places).all()
    assert (rivals["own"] + rivals["theirs"] - rivals["places"]).abs().max() < 1e-9 or rivals.empty
    return parts


def live(before, after) -> list:
    """The factors that have a part in a change."""
    table = changes.by_factor(changes.decompose(before, after)).abs().sum()
    return list(table.index[table > 0])


def test_shapley_of_a_known_game():
    """Glove game: two left gloves and one right; the right-hand owner gets 2/3."""

    def worth(on):
        return float("right" in on and len(on) > 1)

    assert changes.shapley(worth, ["left", "other", "right"]) == pytest.approx(
        {"left": 1 / 6, "other": 1 / 6, "right": 2 / 3}
    )


@pytest.mark.parametrize("way", ["arithmetic", "geometric", "harmonic"])
def test_two_years_add_up(way):
    cells = toy().assign(value=lambda frame: frame["value"] + 3)
    index = Index(small_spec(aggregation=way, scale=[10.0, 100.0]), cells)
    parts = check(State(index, 2020), State(index, 2021), 1e-11)
    assert parts.loc[parts["factor"].ne("performance"), "points"].eq(0).all()
    pd.testing.assert_frame_equal(parts, changes.attribution(index, 2020, 2021))


def test_arithmetic_parts_are_weight_times_change():
    index = Index(small_spec(), toy())
    parts = changes.attribution(index, 2020, 2021).query("factor == 'performance'")
    step = index.wide(2021) - index.wide(2020)
    for leaf, weight in {"a": 0.35, "f": 0.15}.items():
        points = parts[parts["indicator"].eq(leaf)].set_index("unit")["points"]
        assert points.to_numpy() == pytest.approx((weight * step[leaf]).to_numpy())


def revised(cells, factor=1.1):
    return cells.assign(value=cells["value"] * np.where(cells["indicator"].eq("b"), factor, 1.0))


def with_new_city(cells):
    return pd.concat(
        [
            cells[cells["unit"].ne("u02")],
            cells[cells["unit"].eq("u05")].assign(unit="new", value=lambda frame: frame["value"] * 1.2),
        ]
    )


@pytest.mark.whole
def test_two_editions_add_up_with_all_six_factors():
    cells, spec = toy(3), small_spec()
    after = state(spec.vary(weights={"P": 0.3}).drop("e"), with_new_city(revised(cells)), 2021)
    before = state(spec, cells.query("year == 2020"))
    parts, why = check(before, after), changes.explain(before, after)
    assert set(why["factor"]) == set(FACTORS)
    table = changes.by_factor(parts).abs().sum()
    assert (table[["performance", "revision", "weights", "posts", "framework"]] > 0).all()
    # posts are frozen: a new city moves no score
    assert table["cities"] == 0
    assert why.query("factor == 'cities'")["rank_effect"].abs().sum() > 0  # but it moves ranks


@pytest.mark.parametrize("factor", ["performance", "revision", "weights", "framework"])
def test_a_single_change_gets_the_whole_change(factor):
    cells, spec = toy(1), small_spec()
    posts = Index(spec, cells).posts
    start = state(spec, cells, 2020, posts)
    end = {
        "performance": state(spec, cells, 2021, posts),
        "revision": state(spec, revised(cells), 2020, posts),
        "weights": state(spec.vary(weights={"P": 0.1}), cells, 2020, posts),
        "framework": state(spec.drop("e"), cells, 2020, posts),
    }[factor]
    assert live(start, end) == [factor] == list(changes.explain(start, end)["factor"].unique())


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_ranks_add_up_whatever_the_data(seed, units):
    index = Index(small_spec(), toy(seed, units))
    before, after = State(index, 2020), State(index, 2021)
    places = change(before, after, "rank")
    assert (changes.rank_indicators(before, after).sum(axis=1) - places).abs().max() < 1e-8
    rivals = changes.rivals(before, after)
    assert (rivals.groupby("unit")["places"].sum().reindex(places.index).fillna(0) == places).all()


@pytest.mark.whole
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0.5, 2), st.booleans())
def test_parts_add_up_under_frozen_posts_of_another_state_of_the_data(seed, other, factor, gaps):
    """As in an edition that keeps the posts of the one before, whose data have been revised since."""
    spec, cells = small_spec(), toy(seed)
    posts = Index(spec, toy(other)).posts
    if gaps:
        cells.loc[cells.sample(8, random_state=seed).index, "value"] = np.nan
    index = Index(spec, cells, posts)
    check(State(index, 2020), State(index, 2021))
    revision = Index(spec.vary(weights={"P": 0.2}), revised(cells, factor), posts)
    check(State(index, 2020), State(revision, 2021))


def test_missing_cells_are_imputed_as_the_index_imputes_them():
    cells = toy(4)
    cells.loc[cells["indicator"].eq("c") & cells["unit"].isin(["u01", "u04"]), "value"] = np.nan
    groups = pd.Series({f"u{n:02d}": n % 3 for n in range(9)})
    index = Index(small_spec(missing="group_mean"), cells, groups=groups)
    check(State(index, 2020), State(index, 2021))


@pytest.mark.whole
def test_weights_that_the_data_give_are_settled():
    index = Index(small_spec(weighting="entropy"), toy(5))
    check(State(index, 2020), State(index, 2021))
    cells = toy(5)
    cells.loc[cells["indicator"].eq("b") & cells["unit"].eq("u03"), "value"] *= 3
    other = State(Index(small_spec(weighting="entropy"), cells), 2021)
    check(State(index, 2020), other)
    assert live(State(index, 2020), other) == ["performance", "revision", "weights", "posts"]


def test_posts_of_each_year_are_a_factor():
    index = Index(small_spec(reference="year"), toy(6))
    assert check(State(index, 2020), State(index, 2021)) is not None
    assert live(State(index, 2020), State(index, 2021)) == ["performance", "posts"]


def test_another_transform_brings_its_own_posts():
    cells, spec = toy(7), small_spec()
    before, after = state(spec, cells), state(spec.vary("b", transform="log"), cells)
    check(before, after)
    assert live(before, after) == ["framework"]


def test_a_new_indicator_is_framework():
    cells, spec = toy(8), small_spec()
    before, after = state(spec.drop("d"), cells[cells["indicator"].ne("d")]), state(spec, cells, 2021)
    check(before, after)
    assert live(before, after) == ["performance", "framework"]


def test_indicators_need_not_stand_in_the_order_of_the_tree():
    """As when the next edition adds one at the end of its file."""
    rows = small_spec().table
    rows = rows | {"node": sorted(rows["node"], key=lambda row: row["id"] == "a")}
    spec = specs.build(rows, "small")
    assert spec.indicators != spec.walk()[2:] and spec.indicators[-1] == "a"
    index = Index(spec, toy())
    check(State(index, 2020), State(index, 2021))


def test_a_mixed_tree_tells_factors_apart_only():
    spec = (
        small_spec(scale=[1.0, 10.0])
        .vary("index", aggregation="geometric")
        .vary("P", aggregation="arithmetic")
    )
    before = state(spec, toy())
    assert changes.decompose(before, before)["points"].eq(0).all()
    after = state(spec.vary(weights={"P": 0.4}), toy())
    parts = changes.decompose(before, after)
    expected = change(before, after)
    assert set(parts["indicator"]) == {"index"}
    assert (parts.groupby("unit")["points"].sum() - expected).abs().max() < 1e-12
    assert list(changes.by_pillar(after.index, parts)) == ["index"]


def test_every_city_of_the_edition_adds_up_and_has_its_story():
    index = fire.load(2022).index
    before, after = State(index, index.before), State(index, index.year)
    parts, moved = changes.decompose(before, after), changes.compare(before, after)
    points = parts.groupby("unit")["points"].sum()
    assert len(points) == 59 and (points - moved["score_change"]).abs().max() < 1e-12
    by_pillar = changes.by_pillar(index, parts)
    assert list(by_pillar) == index.spec.pillars and (by_pillar.sum(axis=1) - points).abs().max() < 1e-12
    stories = changes.stories(moved, parts, changes.rivals(before, after))
    assert len(stories) == 59 and (stories["before"] - stories["after"] == stories["places"]).all()
    assert (stories["own"] + stories["theirs"] - stories["places"]).abs().max() < 1e-9
    assert stories["ups"].map(len).max() == 3 and set().union(*stories["ups"]) <= set(index.spec.indicators)
    assert (stories["passed"].map(len) - stories["passed_by"].map(len) == stories["places"]).all()


# Edition against edition ----------------------------------------------------------------------------------------------


def pair() -> tuple[State, State]:
    spec = flat("x", "y", "z", reference="base", base_year=2020, scale=[1, 10])
    cells = random_panel(spec)
    new = cells[cells["unit"].ne("u03")].copy()
    new.loc[new["unit"].eq("u05") & new["indicator"].eq("x"), "value"] *= 1.5
    newcomer = new[new["unit"].eq("u01")].assign(unit="u99", value=lambda table: table["value"] * 2)
    later = spec.vary(weights={"x": 0.5}).vary("y", transform="log1p")
    return state(spec, cells), state(later, pd.concat([new, newcomer]))


def test_data_diff():
    old = panel({("a", 2020, "x"): 1, ("b", 2020, "x"): 2, ("c", 2020, "x"): 3, ("d", 2020, "x"): np.nan})
    new = panel({("a", 2020, "x"): 1, ("b", 2020, "x"): 3, ("d", 2020, "x"): np.nan, ("e", 2020, "x"): 5})
    new.loc[0, "status"] = "estimated"
    found = changes.data(old, new).set_index("unit")
    assert found["edit"].to_dict() == {"a": "relabelled", "b": "revised", "c": "removed", "e": "added"}
    assert found.loc["b", ["value_old", "value_new", "change_pct"]].tolist() == [2, 3, 50]
    assert changes.data(old, old).empty


def test_method_diff():
    old, new = (one.index.spec for one in pair())
    found = changes.method(old, new.drop("z")).set_index(["node", "choice"])
    assert found.loc[("y", "transform")].tolist() == ["identity", "log1p"]
    assert found.loc[("z", "node")].tolist() == ["present", "absent"] and ("x", "weight") in found.index
    assert changes.method(old, old).empty
    everywhere = changes.method(old, old.vary(aggregation="geometric"))
    assert everywhere.to_numpy().tolist() == [["", "aggregation", "arithmetic", "geometric"]]


def test_comparison_names_who_entered_and_left():
    old, new = pair()
    found = changes.compare(old, new)
    assert found.loc["u99", "note"] == "entered" and found.loc["u03", "note"] == "left"
    assert np.isnan(found.loc["u99", "score_change"]) and (found["note"] == "").sum() == 11
    assert (found["rank_change"].dropna() == (found["rank_old"] - found["rank_new"]).dropna()).all()


def test_causes_add_up_to_the_whole_change():
    old, new = pair()
    why, whole = changes.explain(old, new), changes.compare(old, new)
    stay = whole[whole["note"].eq("")]
    effect = why.groupby("unit")[["score_effect", "rank_effect"]].sum()
    assert_allclose(effect["score_effect"], stay["score_change"].sort_index(), atol=1e-9)
    assert_allclose(effect["rank_effect"], stay["rank_change"].sort_index().astype(float), atol=1e-9)
    assert set(FACTORS) >= set(why["factor"]) >= {"revision", "weights", "framework"}
    only_data = why[why["factor"].eq("revision")].set_index("unit")["score_effect"]
    assert set(only_data.index[only_data.abs() > 1e-12]) == {"u05"}  # frozen posts: nobody else moves


def test_a_node_is_explained_by_what_is_below_it():
    old, new = (
        state(small_spec(), toy(9)),
        state(small_spec().vary(weights={"P": 0.4, "a": 0.6}), revised(toy(9))),
    )
    why = changes.explain(old, new, "P").groupby("unit")["score_effect"].sum()
    assert_allclose(why, changes.compare(old, new, "P")["score_change"].sort_index(), atol=1e-12)


def test_an_edition_without_changes_has_no_causes():
    old, _ = pair()
    assert changes.explain(old, old).empty and not live(old, old)


def test_an_indicator_that_was_dropped_counts_as_framework():
    old, _ = pair()
    spec, cells = old.index.spec.drop("z"), old.index.panel
    new = state(spec, cells[cells["indicator"].ne("z")])
    assert set(changes.explain(old, new)["factor"]) == {"framework"}


# Figures --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["zh", "en"])
def test_figures_name_what_they_show(code):
    index = fire.load(2022).index
    lang, before, after = fire.load(2022).book.lang(code), State(index, 2020), State(index, 2021)
    parts, moved = changes.decompose(before, after), changes.compare(before, after)
    passed = changes.largest_passings(moved, changes.rivals(before, after), 4)
    steps = changes.steps(parts, moved, ["深圳", "合肥"], most=2)
    assert steps.groupby("unit").size().tolist() == [3, 3] and steps["indicator"].isna().sum() == 2
    ends = moved.loc[["深圳", "合肥"], "score_change"]
    assert_allclose(steps.groupby("unit", sort=False)["points"].sum(), ends, atol=1e-12)
    shown = {
        draw.waterfalls: (steps, {"zh": ["深圳", "2020", "其余"], "en": ["Shenzhen", "2021", "others"]}),
        draw.waterfall: (steps[:3], {"zh": ["普惠金融"], "en": ["Inclusive finance"]}),
        draw.pillars: (
            changes.by_pillar(index, parts),
            {"zh": ["拉萨", "智力支撑"], "en": ["Lhasa", "Intelligence"]},
        ),
        draw.passings: (passed, {"zh": ["金华", "南通"], "en": ["Jinhua", "Nantong"]}),
    }
    for kind, (frame, words) in shown.items():
        fig = kind(frame, lang)
        texts = {text.get_text() for text in fig.findobj(Text)}
        assert set(words[code]) <= texts, kind.__name__
        plt.close(fig)
