"""Concentration, location quotients, specialisation and relatedness against worked cases."""

import economic_complexity
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fire.analysis import technology

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


def test_quotients_on_few_expected_counts_are_missing():
    wide = pd.DataFrame({"x": [30, 6], "y": [30, 3], "z": [2, 1]}, index=["a", "b"])
    found = technology.shares(wide).set_index(["unit", "technology"])
    assert found.at[("b", "y"), "expected"] == pytest.approx(10 * 33 / 72)
    kept = technology.reliable(found.reset_index()).set_index(["unit", "technology"])["location_quotient"]
    assert set(kept.index[kept.isna()]) == {("a", "z"), ("b", "y"), ("b", "z")}
    assert kept["b", "x"] == pytest.approx(6 / (10 * 36 / 72))
    assert technology.specialisation(wide)["main"].tolist() == ["y", "z"]
    assert technology.specialisation(wide, 5)["main"].tolist() == ["y", "x"]
    assert technology.specialisation(wide, 99)["main"].isna().all()


def test_a_specialisation_is_named_only_where_it_is_clear():
    wide = pd.DataFrame({"x": [600, 400], "y": [580, 420], "z": [3, 9]}, index=["a", "b"])
    shares, special = technology.shares(wide), technology.specialisation(wide)
    assert technology.strongest(shares, special)["technology"] == "z"  # 9 where 4.9 are expected: by chance?
    clear = technology.strongest(technology.reliable(shares), special)
    assert clear["least"] == 5 and clear["technology"] != "z"


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
    assert technology.extent(tracks) == {"tracks": 27, "categories": 6, "status": ["published", "assumed"]}
    own = tracks.assign(track_basis="assumed", category_basis="assumed")
    assert technology.extent(own)["status"] == ["assumed"]
