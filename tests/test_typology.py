"""Types of regions: the rules, the printed labels, their stability."""

import numpy as np
import pandas as pd
import pytest
import small

from fire import edition as editions
from fire.analysis import results, typology
from fire.index import draws as completions
from fire.index.index import Index
from studies.printed2022 import published


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


@pytest.fixture(scope="module")
def one(ed):
    """The index under one draw."""
    return ed.index.completions[0]


def test_all_printed_labels_are_reproduced(ed):
    names = typology.names([ed.index], ed.focus_region)[0]
    printed = published.load("typology")
    assert len(printed) == 23
    assert [row.unit for row in printed.itertuples() if row.type_zh not in names[row.unit, row.node]] == []


def table(**columns):
    base = {
        "level": 5.0,
        "least": 4.0,
        "best": 6.0,
        "cities": 4,
        "fastest": 30.0,
        "cores": 1,
        "dispersion": 2.0,
        "growth_pct": 5.0,
        "growth_rank": 5.0,
    }
    return pd.DataFrame([base | columns])


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"growth_rank": 1.0}, "fast"),
        ({"least": 8.0}, "strong"),
        ({"dispersion": 4.2}, "led"),
        ({"dispersion": 5.0, "cores": 2}, "radiating"),
        ({"fastest": 5.0}, "potential"),
        ({"level": 7.0, "cores": 2}, "abreast"),
        ({"dispersion": 1.0}, "balanced"),
        ({}, "none"),
    ],
)
def test_each_rule_names_its_type(columns, kind):
    assert typology.classify(table(**columns), typology.load()).tolist() == [kind]


def test_features_of_two_small_regions():
    now = pd.DataFrame({"total": [9.0, 8.0, 3.0, 2.0]}, index=list("abcd"))
    before = pd.DataFrame({"total": [9.0, 8.0, 2.0, 2.0]}, index=list("abcd"))
    found = typology.features(
        now, before, pd.Series({"a": "X", "b": "X", "c": "Y", "d": "Y"}), typology.load()
    )
    assert found.loc[("total", "X"), ["level", "dispersion", "cores"]].tolist() == [8.5, 1.0, 2]
    assert found.loc[("total", "Y"), "growth_pct"] == pytest.approx(25.0)
    assert found["growth_rank"].tolist() == [2.0, 1.0]
    assert found.loc[("total", "Y"), "fastest"] == 1.0


def test_without_a_change_of_weights_every_type_is_kept(one):
    kept = typology.stability(one, np.random.default_rng(1), draws=3, spread=0.0)
    assert kept["share_kept"].eq(1.0).all() and kept["rival"].isna().all() and kept["share_draws"].eq(1).all()


def test_a_type_is_the_most_frequent_over_the_draws_and_told_where_nearly_all_agree(ed):
    index = ed.index
    names = completions.columns(index.draws)[:4]
    few = Index(index.spec, index.panel, places=index.places, draws=index.draws[[*completions.KEY, *names]])
    types = typology.stability(few, np.random.default_rng(1), draws=4, spread=0.0)
    each = pd.concat([typology.regional(one)["type"] for one in few.completions], axis=1)
    keys = pd.MultiIndex.from_frame(types[["node", "unit"]])
    shares = each.loc[keys].eq(types["type"].to_numpy(), axis=0).mean(axis=1).to_numpy()
    assert types["share_draws"].to_numpy() == pytest.approx(shares)
    assert types["share_kept"].to_numpy() == pytest.approx(shares)
    assert types.loc[types["node"].eq("F"), "share_draws"].eq(1).all() and types["share_draws"].lt(1).any()
    order, nodes = list(pd.unique(index.places["region"])), [ed.spec.root, *ed.spec.pillars]
    types = types.assign(known_share=1.0)
    table, said = typology.named(types, order, nodes), typology.said(types, order, "F")
    open_ones = types[types["share_draws"].lt(0.95)]
    assert table.filter(like="_zh").isna().sum().sum() == len(open_ones)
    assert said["sure"] == said["count"] == 13 == said["typed"] + said["untyped"]
    assert typology.said(types.assign(share_draws=0.5), order, "F")["firm"] is None


def test_no_type_is_told_of_a_region_whose_data_are_not_known(ed):
    types = results.of(ed).types
    order, nodes = list(pd.unique(ed.index.places["region"])), [ed.spec.root, *ed.spec.pillars]
    thin = types["known_share"].lt(2 / 3)
    assert set(types.loc[~thin, "node"]) == {"F"}
    assert set(typology.named(types, order, nodes)) == {"unit", "F_zh", "F_en", "share_kept"}
    said = typology.said(types, order, "E")
    assert (said["known"], said["sure"], said["kinds"]) == (0, 0, [])
    half = types.assign(known_share=types["known_share"].mask(types["unit"].eq("京津冀"), 0.5))
    table = typology.named(half, order, nodes).set_index("unit")
    assert pd.isna(table.at["京津冀", "F_zh"]) and pd.isna(table.at["京津冀", "share_kept"])


def test_of_equally_frail_types_all_are_named(ed):
    types = results.of(ed).types.query("node == 'F'")
    order = list(types["unit"])
    said = typology.said(types.assign(share_kept=types["unit"].isin(order[2:]).astype(float)), order, "F")
    assert said["frail"] == order[:2]


def test_stability_repeats_for_a_seed_and_moves_with_the_spread(one):
    runs = [typology.stability(one, np.random.default_rng(7), draws=40) for _ in range(2)]
    pd.testing.assert_frame_equal(*runs)
    assert runs[0]["share_kept"].between(0, 1).all() and runs[0]["share_kept"].lt(1).any()


def test_stability_of_tiers_is_certain_without_spread_and_less_with_much(ed):
    sure, loose = (
        typology.profile_stability(
            ed.index, ed.focus_region, np.random.default_rng(1), draws=20, spread=spread
        )
        for spread in (0.0, 0.99)
    )
    assert sure[["tier_kept", "profile_kept"]].to_numpy() == pytest.approx(1.0)
    assert loose["profile_kept"].min() < 1 and loose["tier_kept"].between(0, 1).all()
    assert list(sure["unit"]) == list(loose["unit"]) and len(sure) == 4


def test_drawn_weights_aggregate_by_the_method_of_each_node():
    plain = small.edition(list("abcde"), normalise="rank", reference="year").index
    geometric = plain.vary(aggregation="geometric")
    for index in (plain, geometric):
        again = typology._rescored(index, [np.ones(len(index.spec.nodes))])[0]
        for table, year in zip(again, (index.year, index.before), strict=True):
            assert table.to_numpy() == pytest.approx(index.wide(year).to_numpy(), abs=1e-9)


def test_many_draws_of_weights_give_what_each_gives_alone(monkeypatch):
    index = small.edition(list("abcde")).index
    factors = list(np.random.default_rng(5).uniform(0.5, 1.5, (5, len(index.spec.nodes))))
    alone = [typology._rescored(index, [one])[0] for one in factors]
    monkeypatch.setattr(typology, "ROWS", 2 * len(index.steps().normalised))  # two draws at a time
    for pair, wanted in zip(typology._rescored(index, factors), alone, strict=True):
        for table, other in zip(pair, wanted, strict=True):
            pd.testing.assert_frame_equal(table, other, check_exact=True)
    assert not alone[0][0].equals(alone[1][0])


def test_without_a_year_before_no_type_rests_on_growth(ed):
    alone = ed.index.freeze().only(years=[ed.year])
    types = typology.regional(alone)
    assert types["growth_pct"].isna().all() and not set(types["type"]) & {"fast", "potential"}
    assert set(typology.profiles(alone, ed.focus_region)["profile"]) <= {"all_round", "leader", "none"}


def test_a_new_city_counts_for_level_and_not_for_growth():
    now = pd.DataFrame({"total": [9.0, 8.0, 3.0, 2.0]}, index=list("abcd"))
    before = pd.DataFrame({"total": [9.0, 2.0, 2.0]}, index=list("acd"))
    found = typology.features(
        now, before, pd.Series({"a": "X", "b": "X", "c": "Y", "d": "Y"}), typology.load()
    ).loc["total"]
    assert found.loc["X", ["level", "cities", "growth_pct"]].tolist() == [8.5, 2, 0.0]


def test_a_profile_that_rests_on_missing_nodes_is_given_to_no_city(ed):
    other = ed.index.drop("regulation_business_env", "E")
    assert not set(typology.profiles(other, ed.focus_region)["profile"]) & {"leader", "driven"}
    assert set(typology.regional(other).index.get_level_values("node")) == {"total", "F", "I", "R"}
