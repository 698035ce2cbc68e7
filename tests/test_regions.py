"""Regional means, Dagum, Theil, concentration: exact cases, invariants, bad input."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inequality.gini import Gini
from inequality.theil import Theil, TheilD
from small import edition

from fire.analysis import known, regions
from fire.errors import InputError
from fire.index.index import Index

EXACT = {"abs": 1e-12, "rel": 0}
DAGUM_Y, DAGUM_G = [6, 8, 10, 3, 5, 9, 1, 2, 6, 7], ["East"] * 3 + ["Central"] * 3 + ["West"] * 4
THEIL_Y, THEIL_G = [10, 10, 4, 4, 4, 4, 2, 2] + [8] * 4 + [6] * 6, ["A"] * 8 + ["B"] * 10
PLACES = pd.DataFrame({"city": list("abcde"), "region": list("XXYYZ"), "type": list("uuvvv")})


def scores(values: dict, node: str = "total") -> pd.DataFrame:
    """Scores frame from {year: [scores of a, b, ...]}, with growth as the engine gives it."""
    frame = pd.DataFrame(values, index=list("abcde")[: len(next(iter(values.values())))]).astype(float)
    growth = 100 * (frame / frame.shift(axis=1) - 1)
    tidy = (
        frame.rename_axis(index="unit", columns="year").stack(future_stack=True).rename("score").reset_index()
    )
    return tidy.assign(
        node=node,
        growth_pct=[growth.at[unit, year] for unit, year in zip(tidy.unit, tidy.year)],
        share_observed=0.25,
        share_simulated=0.75,
    )


def index(values: dict, places: pd.DataFrame | None = PLACES, node: str = "total"):
    """What the analyses read of an index, with these scores."""
    frame = scores(values, node)
    return SimpleNamespace(
        scores=lambda: frame.dropna(subset="score"),
        places=places,
        year=max(values),
        years=sorted(values),
        spec=SimpleNamespace(root=node, nodes=pd.DataFrame(index=[node]), pillars=[]),
    )


@st.composite
def grouped(draw, labels="abcd", least=1):
    size = draw(st.integers(least, 30))
    values = draw(st.lists(st.floats(0.01, 1000), min_size=size, max_size=size))
    return np.array(values), np.array(draw(st.lists(st.sampled_from(labels), min_size=size, max_size=size)))


# Regional means


def test_means_and_both_growth_rates():
    means = regions.means(index({2020: [1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]}))
    x = means.set_index(["unit", "year"]).loc[("X", 2021)]
    assert x["score"] == 2.5 and x["cities"] == 2 and x["rank"] == 3
    assert x["growth_pct"] == pytest.approx(25) and x["mean_city_growth_pct"] == pytest.approx(50)
    assert means["share_simulated"].eq(0.75).all()
    assert "mean of the cities' growth" in means.attrs["convention"]


def test_regions_with_equal_means_share_the_best_rank_despite_rounding_noise():
    means = regions.means(index({2021: [0.1, 0.2, 0.3, 0.0, 0.15]}))
    assert means["rank"].tolist() == [1, 1, 1]


def test_rank_change_is_positive_when_a_region_moves_up():
    means = regions.means(index({2020: [1, 1, 2, 2, 3], 2021: [9, 9, 2, 2, 3]}))
    assert means.query("year == 2021").set_index("unit")["rank_change"].to_dict() == {
        "X": 2,
        "Z": -1,
        "Y": -1,
    }


def test_growth_is_not_given_when_the_cities_differ_or_the_base_is_not_positive():
    made = index({2020: [np.nan, 3, -2, 2, 5], 2021: [2, 3, 2, 4, 5]})
    means = regions.means(made).query("year == 2021").set_index("unit")
    assert means.loc["X", ["growth_pct", "mean_city_growth_pct", "rank_change"]].isna().all()
    assert np.isnan(means.at["Y", "growth_pct"]) and means.at["X", "cities"] == 2


def test_categorical_keys_of_the_engine_are_read():
    made = index({2020: [1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]})
    plain, frame = regions.means(made), made.scores()
    made.scores = lambda: frame.astype({"unit": "category", "node": "category"})
    packed = regions.means(made)
    pd.testing.assert_frame_equal(plain, packed, check_dtype=False, check_categorical=False)


def test_distribution_by_hand():
    """X holds a and b, Y holds c and d, Z holds e; the population standard deviation of 1 and 4 is 1.5."""
    found = regions.distribution(index({2020: [1, 4, 2, np.nan, 5], 2021: [2, 3, 7, 4, 5]}))
    assert list(found) == ["unit", "year", "node", "cities", "mean", "median", "sd"]
    assert found.drop(columns="node").values.tolist() == [
        ["X", 2020, 2, 2.5, 2.5, 1.5],
        ["Y", 2020, 1, 2, 2, 0],
        ["Z", 2020, 1, 5, 5, 0],
        ["X", 2021, 2, 2.5, 2.5, 0.5],
        ["Y", 2021, 2, 5.5, 5.5, 1.5],
        ["Z", 2021, 1, 5, 5, 0],
    ]


def test_distribution_of_an_edition_is_that_of_each_group_in_pandas():
    cities = [f"c{n:02}" for n in range(30)]
    places = pd.DataFrame({"city": cities, "city_en": cities, "region": ["X", "Y", "Z"] * 10})
    made = edition(cities, places=places).index
    found = regions.distribution(made)
    assert found["node"].drop_duplicates().tolist() == list(made.spec.nodes.index)
    assert len(found) == 3 * len(made.years) * len(made.spec.nodes)
    region = places.set_index("city")["region"]
    for (unit, year, node), line in found.set_index(["unit", "year", "node"]).iterrows():
        scores = made.wide(year)[node]
        own = scores[region[scores.index] == unit]
        assert line["cities"] == len(own) == 10
        assert line[["mean", "median", "sd"]].tolist() == pytest.approx(
            [own.mean(), own.median(), own.std(ddof=0)], abs=1e-12
        )
    means = regions.means(made).set_index(["unit", "year", "node"])["score"]
    same = found.set_index(["unit", "year", "node"])["mean"]
    assert same.to_numpy() == pytest.approx(means[same.index].to_numpy(), abs=1e-12)
    with pytest.raises(InputError, match="city 'c00' has no region"):
        regions.distribution(
            SimpleNamespace(
                scores=made.scores, spec=made.spec, places=places.replace({"region": {"X": None}})
            )
        )


def test_every_city_without_a_region_is_named():
    places = PLACES.assign(region=["X", None, "Y", "Y", "Z"])[:4]
    with pytest.raises(InputError) as error:
        regions.means(index({2021: [1, 2, 3, 4, 5]}, places))
    assert (
        len(error.value.faults) == 2
        and "'e' has no row" in str(error.value)
        and "'b' has no region" in str(error.value)
    )


# Dagum


def test_dagum_exact_case():
    parts = regions.dagum(DAGUM_Y, DAGUM_G).set_index("part")["value"]
    for part, value in {
        "within": "7/95",
        "between": "89/570",
        "transvariation": "1/19",
        "total": "161/570",
    }.items():
        assert parts[part] == pytest.approx(float(Fraction(value)), **EXACT)
    groups, pairs = regions.dagum_tables(DAGUM_Y, DAGUM_G)
    groups, pairs = groups.set_index("group"), pairs.set_index(["group", "other"])
    for name, values in {
        "East": ["1/9", "3/10", "8/19"],
        "Central": ["4/17", "3/10", "17/57"],
        "West": ["11/32", "2/5", "16/57"],
    }.items():
        assert groups.loc[name, ["gini", "p", "s"]].tolist() == pytest.approx(
            [float(Fraction(x)) for x in values], **EXACT
        )
    for pair, values in {
        ("East", "Central"): ["29/123", "25/9", "4/9", "21/29"],
        ("East", "West"): ["25/72", "49/12", "1/12", "24/25"],
        ("Central", "West"): ["10/29", "5/2", "5/6", "1/2"],
    }.items():
        assert pairs.loc[pair, ["gini", "d", "q", "D"]].tolist() == pytest.approx(
            [float(Fraction(x)) for x in values], **EXACT
        )


def dagum_by_definition(values, groups):
    """Dagum's parts by loops over fractions, straight from the definition."""
    inside = {g: [Fraction(v) for v, h in zip(values, groups) if h == g] for g in set(groups)}
    mean, n, total = {g: sum(v) / len(v) for g, v in inside.items()}, len(values), sum(map(Fraction, values))
    p, s = {g: Fraction(len(v), n) for g, v in inside.items()}, {g: sum(v) / total for g, v in inside.items()}
    parts = dict.fromkeys(["within", "between", "transvariation"], Fraction(0))
    for j in inside:
        for h in inside:
            gaps = [a - b for a in inside[j] for b in inside[h]]
            gini = sum(map(abs, gaps)) / len(gaps) / (mean[j] + mean[h])
            if j == h:
                parts["within"] += gini * p[j] * s[j]
            elif (mean[j], str(j)) > (mean[h], str(h)):
                d, q = sum(max(gap, 0) for gap in gaps), sum(max(-gap, 0) for gap in gaps)
                apart = (d - q) / (d + q) if d + q else Fraction(0)
                parts["between"] += gini * (p[j] * s[h] + p[h] * s[j]) * apart
                parts["transvariation"] += gini * (p[j] * s[h] + p[h] * s[j]) * (1 - apart)
    return {part: float(value) for part, value in parts.items()}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from("abcd")), min_size=1, max_size=14))
def test_dagum_equals_its_definition_in_fractions(cells):
    values, groups = zip(*cells)
    parts = regions.dagum(values, groups).set_index("part")["value"]
    for part, value in dagum_by_definition(values, groups).items():
        assert parts[part] == pytest.approx(value, **EXACT)


@settings(max_examples=60, deadline=None)
@given(grouped())
def test_dagum_adds_up_and_equals_the_library(data):
    values, groups = data
    frame = regions.dagum(values, groups).set_index("part")
    assert frame["value"][:3].sum() == pytest.approx(frame.at["total", "value"], **EXACT)
    assert (frame["value"][:3] >= 0).all()
    assert frame.at["total", "value"] == pytest.approx(Gini(values).g, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(grouped(), st.floats(1e-6, 1e6), st.randoms())
def test_measures_ignore_scale_and_order(data, factor, random):
    values, groups = data
    order = random.sample(range(len(values)), len(values))
    for measure in (regions.dagum, regions.theil, lambda y, g: regions.theil(y, g, "L")):
        first, other = measure(values, groups), measure(factor * values[order], groups[order])
        keys = [column for column in ("part", "group") if column in first]
        first, other = (frame.set_index(keys)["value"] for frame in (first, other))
        assert other.loc[first.index].to_numpy() == pytest.approx(first.to_numpy(), **EXACT)


def test_dagum_special_cases():
    one = regions.dagum([1, 2, 3], ["a", "a", "a"]).set_index("part")["value"]
    assert one["between"] == one["transvariation"] == 0 and one["within"] == one["total"]
    apart = regions.dagum([1, 2, 8, 9], list("aabb")).set_index("part")["value"]
    assert apart["transvariation"] == pytest.approx(0, **EXACT)
    equal = regions.dagum([5, 5, 5], list("abb"))
    assert equal["value"].eq(0).all() and equal["share"].isna().all()
    ties = regions.dagum([1, 3, 2, 2], list("aabb")).set_index("part")["value"]
    assert ties["between"] == pytest.approx(0, **EXACT) and ties["transvariation"] > 0


def test_group_labels_of_any_kind_and_keys_before_positions():
    expected = regions.dagum(DAGUM_Y, DAGUM_G)["value"].tolist()
    for labels in (
        {"East": 1, "Central": "1", "West": (1, 2)},
        {"East": 0.5, "Central": True, "West": pd.Timestamp(0)},
    ):
        assert regions.dagum(DAGUM_Y, [labels[g] for g in DAGUM_G])["value"].tolist() == pytest.approx(
            expected, **EXACT
        )
    categories = pd.Categorical(DAGUM_G, ["unused", "West", "Central", "East"])
    assert regions.dagum(DAGUM_Y, categories)["value"].tolist() == pytest.approx(expected, **EXACT)
    y, g = pd.Series(DAGUM_Y, list("abcdefghij")), pd.Series(DAGUM_G, list("abcdefghij"))
    assert regions.dagum(y, g[::-1])["value"].tolist() == pytest.approx(expected, **EXACT)


def test_a_group_of_one_city_follows_the_declared_rule():
    frame = regions.dagum([1, 2, 7], list("aab"))
    groups, _ = regions.dagum_tables([1, 2, 7], list("aab"))
    assert groups.set_index("group").at["b", "within"] == 0
    assert "a group of one city has no inequality within (b)" in frame.attrs["convention"]


# Theil


def test_theil_published_case():
    frame = regions.theil(THEIL_Y, THEIL_G).set_index(["part", "group"])
    assert frame.loc[("total", ""), "value"] == pytest.approx(0.07907822, abs=5e-9)
    assert frame.loc[("between", ""), ["value", "share"]].tolist() == pytest.approx(
        [0.01127992, 0.14264257], abs=5e-9
    )
    assert frame.loc[("within", "A"), ["theil", "share"]].tolist() == pytest.approx(
        [0.16568710, 0.77601127], abs=5e-9
    )
    assert frame.loc[("within", "B"), ["theil", "share"]].tolist() == pytest.approx(
        [0.01021666, 0.08134615], abs=5e-9
    )


def test_theil_l_by_hand():
    frame = regions.theil([1, 3, 2, 2], list("aabb"), "L").set_index(["part", "group"])["value"]
    assert frame[("total", "")] == pytest.approx(np.log(2**4 / 12) / 4, **EXACT)
    assert frame[("within", "a")] == pytest.approx(0.5 * np.log(4 / 3) / 2, **EXACT)
    assert frame[("between", "")] == pytest.approx(0, **EXACT)


def test_theil_weights_are_repeated_units():
    weighted = regions.theil([10, 4, 2, 8, 6], list("AAABB"), weights=[2, 4, 2, 4, 6])
    assert weighted["value"].tolist() == pytest.approx(
        regions.theil(THEIL_Y, THEIL_G)["value"].tolist(), **EXACT
    )


@settings(max_examples=60, deadline=None)
@given(grouped())
def test_theil_equals_the_library_and_adds_up(data):
    values, groups = data
    frame = regions.theil(values, groups)
    part = frame.groupby("part")["value"].sum()
    assert part["between"] + part["within"] == pytest.approx(part["total"], **EXACT)
    assert part["total"] == pytest.approx(float(Theil(values).T), abs=1e-10)
    assert part["between"] == pytest.approx(float(np.squeeze(TheilD(values, groups).bg)), abs=1e-10)


@pytest.mark.whole
@settings(max_examples=60, deadline=None)
@given(grouped("abcd"), st.randoms(), st.sampled_from("TL"))
def test_nested_and_crossed_theil_add_up(data, random, index):
    values, first = data
    second = np.array([random.choice("xyz") for _ in values])
    weights = [random.uniform(0.1, 9) for _ in values]
    for frame in (
        regions.theil_nested(values, [first, second], index, weights),
        regions.theil_crossed(values, first, second, index, weights),
    ):
        parts = frame.groupby("part")["value"].sum()
        assert parts.drop("total").sum() == pytest.approx(parts["total"], **EXACT)
    nested = regions.theil_nested(values, [first, second], index, weights).groupby("part")["value"].sum()
    level_one = regions.theil(values, first, index, weights).groupby("part")["value"].sum()
    assert nested["between"] == pytest.approx(level_one["between"], **EXACT)


def test_nested_theil_terms_by_the_one_level_theil():
    inner = ["p"] * 4 + ["q"] * 4 + ["p"] * 6 + ["r"] * 4
    frame = regions.theil_nested(THEIL_Y, [THEIL_G, inner]).set_index(["part", "group"])
    inside_a = regions.theil(THEIL_Y[:8], inner[:8]).set_index(["part", "group"])
    share = sum(THEIL_Y[:8]) / sum(THEIL_Y)
    assert frame.at[("between_2", "A"), "theil"] == pytest.approx(
        inside_a.at[("between", ""), "value"], **EXACT
    )
    assert frame.at[("between_2", "A"), "value"] == pytest.approx(
        share * inside_a.at[("between", ""), "value"], **EXACT
    )
    assert frame.at[("within", "A / q"), "theil"] == pytest.approx(
        inside_a.at[("within", "q"), "theil"], **EXACT
    )


def test_crossed_theil_has_no_interaction_when_the_cells_are_the_product_of_the_margins():
    values = [1 * 2, 1 * 5, 3 * 2, 3 * 5]
    frame = regions.theil_crossed(values, list("aabb"), list("xyxy")).set_index("part")
    assert frame.at["interaction", "value"] == pytest.approx(0, **EXACT)
    assert frame.loc["within", "value"].eq(0).all()
    assert "may be negative" in frame.attrs["convention"]


# Concentration, location Gini


def test_concentration_by_hand():
    frame = regions.concentration([5, 3, 2, 0], top=(1, 2)).set_index("measure")["value"]
    assert frame.to_dict() == pytest.approx(
        {"CR1": 0.5, "CR2": 0.8, "HHI": 0.38, "HHI_normalised": (0.38 - 0.25) / 0.75, "location_gini": 0.4},
        **EXACT,
    )


def test_location_gini():
    assert regions.location_gini([2, 4, 6], [1, 2, 3]) == pytest.approx(0, **EXACT)
    assert regions.location_gini([3, 1]) == pytest.approx(regions.gini([3, 1]), **EXACT)
    assert regions.location_gini([1, 0], [1, 3]) == pytest.approx(
        0.75, **EXACT
    )  # all of it where a quarter is


# By year, and bad input


def test_scores_at_or_below_zero_are_refused_with_city_and_year():
    frame = regions.with_region(scores({2020: [-1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 0]}), PLACES)
    with pytest.raises(InputError) as error:
        regions.by_year(frame, "total", regions.dagum)
    assert len(error.value.faults) == 2
    assert "2020: a: -1 is not above zero" in str(error.value)
    assert "2021: e: 0 is not above zero" in str(error.value)


def test_a_missing_year_of_a_city_is_refused():
    frame = regions.with_region(scores({2020: [1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]}).drop(index=0), PLACES)
    with pytest.raises(InputError, match="a has no score in 2020: impute it"):
        regions.by_year(frame, "total", regions.dagum)
    with pytest.raises(InputError, match="node does not occur: choose one of total"):
        regions.by_year(frame, "F", regions.dagum)


def test_a_new_city_is_left_out_of_every_comparison_and_named():
    made = index({2020: [np.nan, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]})
    same = regions.balanced(made)
    assert same.attrs["left_out"] == ["a"]
    assert sorted(same["unit"].unique()) == list("bcde") and same["region"].tolist()[:2] == ["X", "X"]
    found = regions.differences(same, ["total"], regions.shuffled(4, np.random.default_rng(1), 19))
    assert found["mean_difference"].item() == pytest.approx(2 * 3.5 * regions.gini([3, 2, 4, 5]), **EXACT)


def test_a_gap_between_the_years_ends_the_balanced_panel():
    made = index({2018: [1, 3, 2, 2, 5], 2020: [1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]})
    assert regions.balanced(made)["year"].unique().tolist() == [2020, 2021]


@settings(max_examples=40, deadline=None)
@given(grouped(least=2), st.floats(-100, 100))
def test_the_share_between_regions_is_that_of_dagum_and_knows_no_zero(data, zero):
    values, groups = data
    member, spread = pd.get_dummies(groups).to_numpy(float), regions.mean_difference(values)
    assert spread == pytest.approx(np.abs(np.subtract.outer(values, values)).mean(), abs=1e-9)
    if spread < 1e-3:
        return
    share = regions.between_regions(values, member)
    dagum = regions.dagum(values, groups).set_index("part")["share"]
    assert share == pytest.approx(dagum["between"], abs=1e-9)
    assert regions.between_regions(values + zero, member) == pytest.approx(share, abs=1e-9)


def apart_by(gap: float) -> pd.DataFrame:
    """Forty cities in four regions over two years, one region ahead of the others."""
    rng = np.random.default_rng(2)
    places = pd.DataFrame({"city": [f"u{n:02d}" for n in range(40)], "region": np.repeat(list("pqrs"), 10)})
    noise = rng.uniform(4, 6, 40)
    rows = [
        pd.DataFrame(
            {
                "unit": places["city"],
                "year": year,
                "node": node,
                "score": noise + (gap if node == "B" else 0) * first,
            }
        )
        for year, first in ((2020, 0.0), (2021, places["region"].eq("p").astype(float)))
        for node in "AB"
    ]
    return regions.with_region(pd.concat(rows), places)


def test_differences_find_a_planted_gap_and_no_other():
    orders = regions.shuffled(40, np.random.default_rng(1), 199)
    found = regions.differences(apart_by(3), ["A", "B"], orders).set_index("node")
    assert found["chance_low_pct"].lt(found["expected_pct"]).all()
    assert found["expected_pct"].lt(found["chance_high_pct"]).all()
    assert found.at["A", "p_value"] > 0.05 and found.at["B", "p_value"] == pytest.approx(
        2 / 200
    )  # Holm: times two
    assert found.at["B", "sd_2021"] > found.at["B", "sd_2020"] == found.at["A", "sd_2021"]
    said = regions.between(found.reset_index(), "B")
    assert said["more"] and said["p_value"] == pytest.approx(0.01)
    assert not regions.between(found.reset_index(), "A")["more"]
    assert regions.widening(found.reset_index(), "B", 2021, 2020)["trend"] == "wider"
    assert regions.widening(found.reset_index(), "A", 2021, 2020)["trend"] == "same"
    assert regions.widening(found.reset_index(), "A", 2021, None)["sd0"] is None


def test_what_is_not_known_has_no_p_value_but_a_share_of_draws():
    orders = regions.shuffled(40, np.random.default_rng(1), 99)
    frames = [regions.differences(apart_by(gap), ["A", "B"], orders, ["A"]) for gap in (3, 3, 0, 3)]
    table = regions.judged(known.Draws(frames[0], frames)).set_index("node")
    assert table["p_value"].notna().tolist() == [True, False]
    assert table.at["B", "beyond_pct"] == 75 and np.isnan(table.at["A", "beyond_pct"])
    assert table.at["B", "between_pct_status"] == "simulated" and pd.isna(table.at["A", "between_pct_status"])
    assert "expected_pct_status" not in table
    said = known.agreed(regions.between, known.Draws(frames[0], frames), "B")
    assert said["p_value"] is None and said["_draws"][0][0] == 3
    alone = regions.judged(known.Draws(frames[0], frames[:1]))
    assert "between_pct_status" not in alone


def test_concentration_counts_only_what_is_known_of_every_city():
    made = edition(["a", "b", "c"], places=PLACES.assign(city_en="X")).index
    whole = regions.concentrations(made, "pop_size")
    assert "pop_size" not in set(whole["node"]) and {"gdp", "firms"} <= set(whole["node"])
    cell = (
        made.panel["unit"].eq("a")
        & made.panel["indicator"].isin(["firms", "pop_size"])
        & made.panel["year"].eq(2021)
    )
    draws = made.panel.loc[cell, ["unit", "year", "indicator"]].assign(d1=5.0, d2=9.0)
    some = regions.concentrations(Index(made.spec, made.panel[~cell], places=PLACES, draws=draws), "pop_size")
    assert set(whole["node"]) - set(some["node"]) == {"firms"} and some.attrs["reference"] == ""


def test_what_the_chapter_says_follows_from_its_tables():
    made = index({2020: [1, 3, 2, 2, 5], 2021: [2, 3, 2, 4, 5]})
    now = regions.cities(made.scores().assign(rank=1), PLACES, "total", 2021)
    inside = regions.structure(now).set_index("region")
    assert inside.loc["Y", ["top_city", "bottom_city", "range", "lead"]].tolist() == ["d", "c", 2, 2]
    assert inside.loc["Z", ["range", "lead", "sd"]].tolist() == [0, 0, 0]
    assert inside.at["Y", "sd"] == 1 and list(inside.index) == ["Z", "Y", "X"]
    assert regions.spread(inside.reset_index())["widest"] == "Y"
    league = regions.league(regions.means(made), 2021, ["total"])
    assert regions.above(league, now)["above"] == 1
    fast = regions.fastest(league)
    assert (fast["fastest"], fast["grown"], fast["changed"]) == ("Y", 3, 0) and fast["rate"] == pytest.approx(
        50
    )
    assert regions.two_rates(league)["apart"] == "X"
    first = regions.league(regions.means(index({2021: [2, 3, 2, 4, 5]})), 2021, ["total"])
    assert regions.fastest(first) == {"grown": 0, "changed": 0} and regions.two_rates(first) == {}
    soft = regions.means(made).assign(growth_pct_status="simulated", score_status="printed")
    league = regions.league(soft, 2021, ["total"])
    assert "mean_city_growth_pct" not in league and list(league)[-1] == "rank_change"
    assert list(league)[2:6] == ["cities", "score", "score_status", "growth_pct"]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: regions.dagum([1, None, "x"], list("aab")), "1: missing or not a number"),
        (lambda: regions.dagum([1, 2], ["a"]), "2 values but 1 groups"),
        (lambda: regions.dagum([1, 2], ["a", None]), "1: no group"),
        (lambda: regions.dagum([], []), "there are no values"),
        (
            lambda: regions.dagum(pd.Series([1, 2], ["p", "q"]), pd.Series(["a"], ["p"])),
            "q: no group or weight given",
        ),
        (lambda: regions.theil([1, 2], list("ab"), "X"), "T or L"),
        (lambda: regions.theil([1, 2], weights=[1, 0]), "1: the weight must be above zero"),
        (lambda: regions.theil([np.inf, 2]), "0: missing or not a number"),
        (lambda: regions.concentration([0, 0]), "all values are zero"),
        (lambda: regions.concentration([3, -1]), "1: -1 is not at or above zero"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
