"""Outlier treatment: the registry and the schema, quantiles by hand, and which data decide."""

import json

import numpy as np
import pytest
from engine_data import columns, flat, panel
from numpy.testing import assert_allclose

from fire.errors import InputError
from fire.index import score, spec_faults, treat

TEN = list(range(1, 11))


def treated(x, **choices) -> tuple[list, list]:
    """The treated values of one indicator, and the lines of the report."""
    done = score.steps(flat("x", normalise="none", **choices), columns(x=x))
    return done.treated["x"].tolist(), done.treatment.drop(columns=["skew", "kurtosis"]).to_dict("records")


def test_the_schema_names_every_treatment():
    schema = json.loads(spec_faults.SCHEMA.read_text(encoding="utf-8"))
    assert schema["$defs"]["treat"]["enum"] == ["none", *treat.TREATMENTS]


def test_values_are_held_inside_the_quantiles():
    """R, quantile(1:10, c(0.05, 0.95)): 1.45 and 9.55 (type 7)."""
    values, report = treated(TEN, treat="quantiles")
    assert_allclose(values, [1.45, *range(2, 10), 9.55])
    assert report == [
        {
            "year": 2020,
            "indicator": "x",
            "action": "quantiles",
            "points": 2,
            "low": pytest.approx(1.45),
            "high": pytest.approx(9.55),
        }
    ]
    values, report = treated(TEN, treat="quantiles", quantiles=[0, 0.75])
    assert_allclose(values, [1, 2, 3, 4, 5, 6, 7, 7.75, 7.75, 7.75])
    assert report[0]["points"] == 3


def test_missing_values_stay_missing_and_count_for_nothing():
    spec = flat("x", "y", normalise="none", treat="quantiles")
    done = score.steps(spec, columns(x=[None, *TEN], y=[1, *TEN])).treated["x"]
    assert_allclose(done, [np.nan, 1.45, *range(2, 10), 9.55])


def test_quantiles_are_those_of_the_transformed_values():
    values, _ = treated(TEN, treat="quantiles", transform="log")
    low, high = np.quantile(np.log(TEN), [0.05, 0.95])
    assert_allclose(values, np.clip(np.log(TEN), low, high))
    assert values[0] != pytest.approx(np.log(1.45), abs=1e-3)


@pytest.mark.parametrize(
    "choices, first, second",
    [
        ({"reference": "base", "base_year": 2020}, (1.45, 9.55), (9.55, 9.55)),
        ({"reference": "year"}, (1.45, 9.55), (101.45, 109.55)),
        ({"reference": "year", "treat_by": "base", "base_year": 2020}, (1.45, 9.55), (9.55, 9.55)),
        ({"reference": "pooled"}, (1.95, 10), (101, 109.05)),
    ],
)
def test_which_years_decide(choices, first, second):
    """Units u0 … u9 have 1 … 10 in 2020 and 101 … 110 in 2021; the pooled quantiles are at 1 + 0.95 and 110 - 0.95."""
    cells = panel(
        {(f"u{row}", year, "x"): 1 + row + 100 * (year - 2020) for row in range(10) for year in (2020, 2021)}
    )
    done = score.steps(flat("x", normalise="none", treat="quantiles", **choices), cells).treated["x"]
    for year, ends in ((2020, first), (2021, second)):
        assert (done.loc[year].min(), done.loc[year].max()) == pytest.approx(ends)


def test_an_indicator_has_its_own_treatment_and_quantiles():
    spec = flat("x", "y", normalise="none", treat="winsorise").vary("x", treat="quantiles")
    done = score.steps(spec, columns(x=TEN, y=TEN))
    assert done.treated["x"].max() == pytest.approx(9.55) and done.treated["y"].tolist() == TEN


def test_each_treatment_on_skewed_data():
    """Ten ordinary values and one outlier of a hundred (skewness 3.3, kurtosis 10.8): winsorised to the next value."""
    x = [*TEN, 100]
    assert treat.skewed(np.array(x, dtype=float), 2.0, 3.5)
    assert treated(x, treat="winsorise")[0] == treated(x, treat="skew_kurtosis")[0] == [*TEN, 10]
    assert_allclose(treated(x, treat="log")[0], np.log(np.array(x) - 1 + 0.99))
    for name in ("winsorise", "skew_kurtosis"):
        assert treated(TEN, treat=name) == (TEN, [])  # not skewed


def test_quantiles_in_the_wrong_order_are_refused():
    with pytest.raises(InputError) as caught:
        treated(TEN, treat="quantiles", quantiles=[0.9, 0.1])
    assert caught.value.faults == ["x: quantiles [0.9, 0.1] have no range: type the lower one first"]
