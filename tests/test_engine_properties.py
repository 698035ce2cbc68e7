"""What must hold for any data: order, units of measurement, names, direction, scales of weights, ends of the scale."""

import numpy as np
import pandas as pd
import pytest
import whole
from engine_data import columns, flat, index, only, panel, random_panel, word
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from fire.index import outranking, rounding, score, weights
from fire.index.aggregate import AGGREGATIONS

METHODS = [name for name in AGGREGATIONS if name != "ratio"]  # a ratio has two children
MEANS = [
    "arithmetic",
    "geometric",
    "harmonic",
    "generalised",
    "median",
    "mean_min",
    "worst",
    "minimum",
    "maximum",
]
RISING = [*MEANS, "sum", "product", "copeland"]  # a higher child never lowers the score of its unit
NORMALISATIONS = ["minmax", "zscore", "rank", "percentile", "borda", "leader"]
seeds = st.integers(0, 10_000)
quick = settings(max_examples=15, deadline=None)
few = settings(max_examples=4, deadline=None)


def two_levels(**method):
    nodes = [
        word("p", parent="total", weight=0.4),
        word("q", parent="total", weight=0.6),
        word("x", parent="p"),
        word("y", parent="p"),
        word("z", parent="q"),
        word("v", parent="q"),
        word("w", parent="q"),
    ]
    return index(
        *nodes,
        **{"reference": "base", "base_year": 2020, "scale": [1, 10], "exponent": 0.5, "alpha": 0.5, "beta": 2}
        | method,
    )


def keyed(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.set_index(["unit", "year", "node"]).sort_index()


@pytest.mark.parametrize("method", whole.few(METHODS, "arithmetic", "geometric", "median", "copeland", "bod"))
@few
@given(seeds)
def test_the_order_of_rows_does_not_matter(method, seed):
    spec = two_levels(aggregation=method, range="truncated")
    cells = random_panel(spec, seed=seed)
    pd.testing.assert_frame_equal(
        keyed(score.compute(spec, cells)), keyed(score.compute(spec, cells.sample(frac=1, random_state=seed)))
    )


@quick
@given(seeds, st.floats(1e-3, 1e6), st.sampled_from(NORMALISATIONS))
def test_the_unit_of_measurement_does_not_matter(seed, factor, method):
    spec = two_levels(normalise=method, reference="pooled" if method in NORMALISATIONS[2:5] else "base")
    cells = random_panel(spec, seed=seed)
    scaled = cells.assign(value=cells["value"].where(cells["indicator"].ne("x"), cells["value"] * factor))
    assert_allclose(
        score.compute(spec, scaled)["score"], score.compute(spec, cells)["score"], rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("method", whole.few(METHODS, "arithmetic", "geometric", "median", "copeland", "bod"))
@few
@given(seeds)
def test_the_names_of_units_do_not_matter(method, seed):
    spec = two_levels(aggregation=method, range="truncated")
    cells = random_panel(spec, seed=seed)
    units = sorted(cells["unit"].unique())
    new = dict(zip(units, np.random.default_rng(seed).permutation(units)))
    plain, named = (
        keyed(score.compute(spec, cells)),
        score.compute(spec, cells.assign(unit=cells["unit"].map(new))),
    )
    back = keyed(named.assign(unit=named["unit"].map({after: before for before, after in new.items()})))
    assert_allclose(back["score"], plain["score"], rtol=1e-12)
    assert (back["rank"] == plain["rank"]).all()


@pytest.mark.parametrize("method", whole.few(RISING, "arithmetic", "geometric", "median", "copeland"))
@few
@given(seeds, st.sampled_from([1, -1]), st.floats(0.01, 5))
def test_a_better_value_never_lowers_the_score(method, seed, direction, step):
    spec = two_levels(aggregation=method, range="truncated").vary("x", direction=direction)
    cells = random_panel(spec, seed=seed)
    mine = cells["unit"].eq("u03") & cells["indicator"].eq("x") & cells["year"].eq(2021)
    better = cells.assign(value=cells["value"].where(~mine, cells["value"] + direction * step))
    before, after = (only(score.compute(spec, data), year=2021)[3] for data in (cells, better))
    assert after >= before - 1e-12


@quick
@given(seeds, st.floats(0.01, 100))
def test_weights_have_no_scale(seed, factor):
    spec = two_levels()
    cells, given_weights = random_panel(spec, seed=seed), {"z": 1.0, "v": 2.0, "w": 5.0}
    runs = [
        score.compute(spec.vary(weights={name: value * by for name, value in given_weights.items()}), cells)
        for by in (1, factor)
    ]
    assert_allclose(runs[0]["score"], runs[1]["score"])
    assert weights.effective(spec)[spec.indicators].sum() == pytest.approx(1)


@quick
@given(seeds, st.floats(-50, 50), st.floats(0.1, 100), st.sampled_from([1, -1]))
def test_base_year_scores_fill_the_scale_exactly(seed, low, width, direction):
    spec = two_levels(scale=[low, low + width]).vary("x", "z", direction=direction)
    done = score.steps(spec, random_panel(spec, seed=seed))
    base = done.normalised.loc[2020]
    assert (base.min() == low).all() and (base.max() == low + width).all()


@pytest.mark.parametrize("method", MEANS)
@few
@given(seeds)
def test_a_mean_lies_between_its_children(method, seed):
    spec = two_levels(aggregation=method, range="truncated")
    table = score.steps(spec, random_panel(spec, seed=seed)).scores
    children = table[["z", "v", "w"]]
    assert (table["q"] >= children.min(axis=1) - 1e-9).all() and (
        table["q"] <= children.max(axis=1) + 1e-9
    ).all()


@quick
@given(seeds)
def test_means_are_ordered_and_the_penalty_counts(seed):
    cells = random_panel(two_levels(), seed=seed)
    run = {
        method: np.array(only(score.compute(two_levels(aggregation=method, range="truncated"), cells)))
        for method in ("arithmetic", "geometric", "harmonic", "mpi")
    }
    assert (run["arithmetic"] >= run["geometric"] - 1e-9).all() and (
        run["geometric"] >= run["harmonic"] - 1e-9
    ).all()
    up = np.array(only(score.compute(two_levels(aggregation="mpi", penalty="up", range="truncated"), cells)))
    assert (up > run["mpi"]).all()


@quick
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_ranks_agree_with_pandas(values):
    x = np.round(np.array(values), 6)
    for ties in ("min", "average"):
        expected = pd.Series(-x).rank(method=ties)
        assert_allclose(rounding.ranks(x[:, None], ties=ties)[:, 0], expected)


@quick
@given(seeds)
def test_copeland_of_any_weights_sums_to_nothing(seed):
    rng = np.random.default_rng(seed)
    x, share = rng.integers(0, 5, (9, 4)).astype(float), rng.random(4) + 0.01
    assert outranking.copeland(x, share).sum() == 0
    holes = np.where(rng.random(x.shape) < 0.2, np.nan, x)
    holes[:, 0] = x[:, 0]
    assert outranking.copeland(holes, share).sum() == 0


@quick
@given(seeds)
def test_missing_values_are_not_zeros(seed):
    spec = two_levels(missing="none")
    cells = random_panel(spec, seed=seed)
    hole = cells["unit"].eq("u02") & cells["indicator"].eq("z") & cells["year"].eq(2021)
    done = score.steps(spec, cells[~hole])
    row = done.scores.loc[(2021, "u02")]
    assert np.isnan(row["z"]) and row["q"] == pytest.approx((row["v"] + row["w"]) / 2)


@quick
@given(seeds)
def test_a_later_year_moves_no_earlier_score(seed):
    spec = two_levels()
    cells = random_panel(spec, years=(2020, 2021, 2022), seed=seed)
    early = score.compute(spec, cells[cells["year"].lt(2022)])
    full = score.compute(spec, cells)
    pd.testing.assert_frame_equal(full[full["year"].lt(2022)].reset_index(drop=True), early)


def test_a_unit_that_appears_late_has_no_earlier_rows():
    cells = pd.concat(
        [columns(2020, x=[1, 2]), panel({("a", 2021, "x"): 2, ("b", 2021, "x"): 1, ("c", 2021, "x"): 5})]
    )
    scores = score.compute(flat("x", reference="base", base_year=2020), cells)
    assert (
        set(scores.query("unit == 'c'")["year"]) == {2021}
        and scores.query("unit == 'c'")["growth_pct"].isna().all()
    )


def test_a_categorical_panel_gives_the_same_scores():
    spec = two_levels()
    cells = random_panel(spec)
    compact = cells.astype({"unit": "category", "indicator": "category", "status": "category"})
    plain, small = score.compute(spec, cells), score.compute(spec, compact)
    assert str(small["unit"].dtype) == "category"
    pd.testing.assert_frame_equal(small.astype({"unit": "str", "node": "str"}), plain)
