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
