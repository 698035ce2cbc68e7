"""Concentration, location quotients, specialisation and relatedness against worked cases."""

import economic_complexity
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fire.analysis import technology
from fire.analysis.known import SURE

WIDE = pd.DataFrame({"x": [60, 20, 20], "y": [0, 30, 70]}, index=["a", "b", "c"])
COUNTS = arrays(np.int64, (4, 5), elements=st.integers(1, 500))


def test_shares_and_location_quotients_by_hand():
    found = technology.shares(WIDE).set_index(["unit", "technology"])
    assert (
        found.at[("a", "x"), "share_of_technology_pct"] == 60
        and found.at[("b", "y"), "share_of_unit_pct"] == 60
    )
    assert found.at[("a", "x"), "location_quotient"] == pytest.approx((60 / 60) / (100 / 200))
    assert found.at[("b", "y"), "location_quotient"] == pytest.approx((30 / 50) / (100 / 200))
    assert found.at[("a", "y"), "location_quotient"] == 0 and len(found) == 6


def test_exact_intervals_of_quotients():
    """Clopper and Pearson by the definition: the tail of the binomial at each end has half of what is left out."""
    low, high = technology.interval(69, 69, 224, 0.5, 4)
    tail = (1 - SURE) / 4 / 2
    assert stats.binom.sf(68, 224, 0.5 * low) == pytest.approx(tail)
    assert stats.binom.cdf(69, 224, 0.5 * high) == pytest.approx(tail)
    known = stats.binomtest(69, 224).proportion_ci(0.95, method="exact")
    assert technology.interval(69, 69, 224, 1)[0] == pytest.approx(known.low)
    assert [float(end) for end in technology.interval(0, 0, 5, 0.5)][0] == 0
    assert float(technology.interval(5, 5, 5, 0.5)[1]) == 2
    assert technology.interval(60, 75, 224, 0.5)[0] < technology.interval(69, 69, 224, 0.5)[0], (
        "rounding widens"
    )
    assert np.isnan(technology.interval(np.nan, np.nan, np.nan, 0.5)).all()


def test_quotients_that_cannot_be_told_from_one_are_missing():
    wide = pd.DataFrame({"x": [600, 400], "y": [300, 700], "z": [3, 9]}, index=["a", "b"])
    found = technology.clear(technology.shares(wide)).set_index(["unit", "technology"])["location_quotient"]
    assert found["a", "x"] == pytest.approx(600 / (1000 * 903 / 2012)) and found["b", "y"] > 1
    assert np.isnan(found["b", "z"]), "9 where 6.6 are expected: by chance?"
    assert technology.specialisation(wide)["main"].tolist() == ["x", "y"]
    assert technology.specialisation(wide // 100)["main"].isna().all()


def test_a_specialisation_is_named_only_where_it_is_clear():
    wide = pd.DataFrame({"x": [600, 400], "y": [300, 700], "z": [3, 9]}, index=["a", "b"])
    special = technology.specialisation(wide)
    named = technology.strongest(technology.clear(technology.shares(wide)), special)
    assert (named["unit"], named["technology"]) == ("a", "x") and named["quotient"] > 1
    few = technology.strongest(technology.clear(technology.shares(wide // 100)), special)
    assert np.isnan(few["quotient"])


def test_quotients_of_printed_shares():
    columns = ["by", "unit", "technology", "metric", "measure", "value", "decimals"]
    rows = [
        ("nation", "全国", "", "firms", "value", 1000, 0),
        ("region", "甲", "", "firms", "value", 400, 0),
        ("region", "乙", "", "firms", "value", 200, 0),
        ("region", "丙", "", "firms", "value", 100, 0),
        ("category", "云计算", "", "firms", "value", 300, 0),
        ("region", "甲", "云计算", "firms", "share_of_tech_pct", 60.0, 1),
        ("region", "甲", "大数据", "firms", "share_of_tech_pct", 30.0, 1),
        ("region", "甲", "云计算", "patents", "share_of_tech_pct", 50.0, 1),
        ("group", "甲+乙+丙", "云计算", "firms", "share_of_tech_pct", 80.0, 1),
        ("group", "甲+乙", "云计算", "firms", "share_of_tech_pct", 75.0, 1),
    ]
    found = technology.as_printed(pd.DataFrame(rows, columns=columns))
    assert found["location_quotient"].notna().sum() == 2 and len(found) == 4, (
        "size of the technology printed or not"
    )
    one = found.set_index(["amount", "technology", "unit"]).loc[("firms", "云计算", "甲")]
    assert one["location_quotient"] == pytest.approx(1.5) and one["location_quotient_status"] == "implied"
    assert one["quotient_low"] == pytest.approx(technology.interval(180, 180, 300, 0.4, 2)[0])
    assert technology.marked(found)["unit"] == "甲" and technology.marked(found)["quotients"] == 2
    assert technology.as_printed(pd.DataFrame(columns=columns)).empty


def test_concentration_by_hand():
    found = technology.concentration(WIDE).set_index("technology")
    assert found.at["x", "leader"] == "a" and found.at["y", "leader_share_pct"] == 70
    assert found.at["x", "herfindahl"] == pytest.approx(0.36 + 0.04 + 0.04)
    shares = np.array([0.6, 0.2, 0.2])
    assert found.at["x", "theil"] == pytest.approx((shares * np.log(3 * shares)).sum())
    assert found.at["y", "theil"] == pytest.approx(0.3 * np.log(0.9) + 0.7 * np.log(2.1), abs=1e-9)


def test_krugman_index_by_hand():
    found = technology.specialisation(WIDE).set_index("unit")
    assert found.at["a", "krugman"] == pytest.approx(abs(1 - 40 / 140) + abs(0 - 100 / 140))
    assert found.at["a", "main"] == "x" and found.at["c", "main"] == "y"


@given(COUNTS)
@settings(max_examples=25, deadline=None)
def test_bounds_and_invariants(counts):
    wide = pd.DataFrame(counts, index=list("abcd"), columns=list("vwxyz"))
    found, spread = technology.shares(wide), technology.concentration(wide)
    assert np.allclose(found.groupby("technology")["share_of_technology_pct"].sum(), 100)
    weights = (wide.sum(axis=1) / wide.to_numpy().sum()).to_dict()
    means = (found["location_quotient"] * found["unit"].map(weights)).groupby(found["technology"]).sum()
    assert np.allclose(means, 1)
    assert (
        spread["herfindahl"].between(0.25 - 1e-9, 1).all() and spread["theil"].between(-1e-9, np.log(4)).all()
    )
    scaled = technology.concentration(wide * 7)
    assert np.allclose(spread[["cr3_pct", "herfindahl", "theil"]], scaled[["cr3_pct", "herfindahl", "theil"]])
    assert technology.relatedness(wide)["relatedness"].dropna().between(0, 1 + 1e-9).all()


@given(COUNTS)
@settings(max_examples=15, deadline=None)
def test_relatedness_by_definition(counts):
    wide = pd.DataFrame(counts, index=list("abcd"), columns=list("vwxyz"))
    special = (economic_complexity.rca(wide.astype(float)) >= 1).astype(float)
    near = technology.proximity(economic_complexity.rca(wide.astype(float)))
    assert np.allclose(near, near.T) and (np.diag(near) == 0).all()
    expected = (special @ near) / near.sum().where(near.sum() > 0)
    got = technology.relatedness(wide).pivot(index="unit", columns="technology", values="relatedness")
    assert np.allclose(got, expected.reindex_like(got), atol=1e-9, equal_nan=True)


def test_openings_are_near_and_not_yet_specialised():
    found = technology.openings(technology.relatedness(WIDE), 1)
    assert (found["rca"] < 1).all() and found["unit"].is_unique


CUBE = pd.DataFrame(
    {
        "city": ["北京", "北京", "上海", "上海", "其他"],
        "region": ["京津冀", "京津冀", "长三角", "长三角", "其他"],
        "track": ["SaaS", "区块链", "SaaS", "区块链", "SaaS"],
        "category": ["云计算", "区块链", "云计算", "区块链", "云计算"],
        "firms": [10, 30, 60, 20, 5],
        "patents": [400, 100, 50, 350, 9],
    }
)


def test_values_of_the_sentences():
    found = technology.concentrations(CUBE, ["firms", "patents"])
    said = technology.spread(found, "firms")
    assert (said["tight"], said["leader"], said["led"]) == ("云计算", "长三角", ["云计算"])
    assert technology.dispersed(found, "patents", "firms") == {"lower": 0, "higher": 2, "total": 2}


def test_cities_are_those_of_the_index_with_their_coordinates():
    places = pd.DataFrame({"city": ["上海", "北京"], "lon": [121.5, 116.4], "lat": [31.2, 39.9]})
    found = technology.cities(CUBE, places).set_index("unit")
    assert found["main"].to_dict() == {"北京": "云计算", "上海": "区块链"} and found.at["北京", "lat"] == 39.9
    assert technology.commonest(found.reset_index())["count"] == 2


def test_relatedness_of_regions_leaves_firms_outside_the_index_out():
    assert set(technology.related(CUBE)["unit"]) == {"京津冀", "长三角"}


def test_classification_says_what_it_rests_on():
    tracks = technology.tracks()
    assert technology.extent(tracks) == {"tracks": 27, "categories": 6, "status": ["printed", "assumed"]}
    table = technology.grouped(tracks)
    cells = table[["tracks_printed_zh", "tracks_assumed_zh"]].stack().dropna().str.split("、").explode()
    assert sorted(cells) == sorted(tracks["track_zh"]) and len(table) == 6
    own = tracks.assign(track_basis="assumed", category_basis="assumed")
    assert technology.extent(own)["status"] == ["assumed"]
