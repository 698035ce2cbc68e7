"""Scores against published and hand-made cases: COINr's example, base-year min-max, bad input."""

import numpy as np
import pandas as pd
import pytest
from engine_data import (
    coinr,
    coinr_example,
    columns,
    flat,
    index,
    only,
    panel,
    random_panel,
    unequal_weights,
    word,
)
from numpy.testing import assert_allclose

from fire.errors import InputError
from fire.index import rounding, score
from fire.index import spec as specs
from fire.index.coinr import from_coinr

EXAMPLE = {"missing": "group_mean", "treat": "skew_kurtosis"}
BASE = [10, 20, 40, 80, 160]
NEXT = [5, 25, 60, 100, 400]


def close(table: pd.DataFrame, name: str) -> None:
    """A wide table equals a table of COINr, by key, to a billionth."""
    expected = coinr(name).set_index([key for key in ("Time", "uCode") if key in coinr(name)])
    got = (table if expected.index.nlevels == 2 else table.droplevel("year")).reindex(expected.index)[
        expected.columns
    ]
    assert_allclose(got.to_numpy(), expected.to_numpy(float), rtol=1e-9, atol=1e-12)


def test_coinr_paper():
    data = coinr("asem_raw").merge(coinr("asem_units"), on="uCode")
    spec, cells = from_coinr(coinr("asem_meta").drop(columns="Denominator"), data)
    table = score.steps(spec, cells).scores
    close(table, "joss_aggregated")
    printed = {"DEU": 75.23, "GBR": 68.94, "FRA": 65.92, "CHE": 62.61, "NLD": 61.24, "SWE": 60.59}
    assert table["Index"].droplevel("year").nlargest(6).round(2).to_dict() == printed


def test_coinr_treated():
    spec, cells, groups = coinr_example(**EXAMPLE)
    close(score.steps(spec, cells, groups=groups).treated, "treated")


@pytest.mark.parametrize(
    "name, choices",
    [
        ("norm_minmax_1_100", {"scale": (1, 100)}),
        ("norm_zscore", {"normalise": "zscore", "scale": (0, 1)}),
        ("norm_zscore_100_10", {"normalise": "zscore", "scale": (100, 10)}),
    ],
)
def test_coinr_normalised(name, choices):
    spec, cells, groups = coinr_example(**EXAMPLE, **choices)
    close(score.steps(spec, cells, groups=groups).normalised, name)


@pytest.mark.parametrize(
    "name, aggregation", [("agg_amean_unequal", "arithmetic"), ("agg_gmean_unequal", "geometric")]
)
def test_coinr_aggregated_with_unequal_weights(name, aggregation):
    spec, cells, groups = coinr_example(**EXAMPLE, scale=(1, 100), aggregation=aggregation)
    spec = spec.vary(weights=unequal_weights(spec))
    close(score.steps(spec, cells, groups=groups).scores, name)


def test_coinr_base_year_panel():
    spec, cells = from_coinr(coinr("asem_meta").drop(columns="Denominator"), coinr("panel_raw"))
    spec = spec.vary(reference="base", base_year=2018, scale=(0, 10), weights=unequal_weights(spec))
    done = score.steps(spec, cells)
    posts = coinr("panel_base2018_posts").set_index("iCode")
    assert_allclose(done.posts.loc[posts.index, ["low", "high"]], posts[["base_min", "base_max"]], rtol=1e-12)
    close(done.normalised, "panel_normalised_base2018_0_10")
    close(done.scores, "panel_aggregated_base2018_unequal")
    assert (done.normalised > 10).to_numpy().sum() == 536 and (done.normalised < 0).to_numpy().sum() == 77


def two_years(name: str = "x") -> pd.DataFrame:
    return pd.concat([columns(2020, **{name: BASE}), columns(2021, **{name: NEXT})])


@pytest.mark.parametrize(
    "direction, base, later",
    [
        (1, [0, 2 / 3, 2, 14 / 3, 10], [-1 / 3, 1, 10 / 3, 6, 26]),
        (-1, [10, 28 / 3, 8, 16 / 3, 0], [31 / 3, 9, 20 / 3, 4, -16]),
    ],
)
def test_base_year_minmax_case(direction, base, later):
    spec = flat("x", reference="base", base_year=2020).vary("x", direction=direction)
    scores = score.compute(spec, two_years())
    assert_allclose(only(scores, "x", 2020), base, atol=1e-14)
    assert_allclose(only(scores, "x", 2021), later, atol=1e-14)
    truncated = score.compute(spec.vary(range="truncated"), two_years())
    assert_allclose(only(truncated, "x", 2021), np.clip(later, 0, 10), atol=1e-14)


def test_log_efficacy_case():
    choices = {"normalise": "efficacy", "reference": "base", "base_year": 2020, "scale": [0, 100]}
    ends = score.compute(flat("x", **choices, quantiles=[0, 1]), two_years())
    assert_allclose(only(ends, "x", 2020), [0, 25, 50, 75, 100], atol=1e-12)
    assert_allclose(
        only(ends, "x", 2021), [-25, 33.0482023722, 64.6240625180, 83.0482023722, 133.0482023722], rtol=1e-11
    )
    inner = only(score.compute(flat("x", **choices), two_years()), "x", 2020)
    assert inner[0] == 0 and inner[-1] == 100  # held inside in the base year
    low, high = np.quantile(BASE, [0.05, 0.95])
    assert_allclose(inner[2], 100 * np.log(40 / low) / np.log(high / low))
    negative = flat("x", **choices).vary("x", direction=-1)
    assert_allclose(only(score.compute(negative, two_years()), "x", 2020), 100 - np.array(inner), atol=1e-12)


@pytest.mark.parametrize(
    "method, scale, expected",
    [
        ("rank", (0, 1), [1, 2, 2, 4]),
        ("borda", (0, 1), [0, 1, 1, 3]),
        ("percentile", (0, 1), [0, 1 / 3, 1 / 3, 1]),
        ("leader", (0, 1), [0, 0.25, 0.25, 1]),
        ("fraction", (0, 1), [0.2, 0.4, 0.4, 1]),
        (
            "zscore",
            (100, 10),
            [
                100 - 10 * 12.5 / np.sqrt(475 / 3),
                100 - 10 * 2.5 / np.sqrt(475 / 3),
                100 - 10 * 2.5 / np.sqrt(475 / 3),
                100 + 10 * 17.5 / np.sqrt(475 / 3),
            ],
        ),
    ],
)
def test_normalisation_by_hand(method, scale, expected):
    data = columns(x=[5, 10, 10, 25]) if method != "zscore" else columns(x=[10, 20, 20, 40])
    assert_allclose(only(score.compute(flat("x", normalise=method, scale=list(scale)), data), "x"), expected)


def test_targets_goalposts_and_centred_posts():
    data = columns(x=[10, 20, 30, 50])

    def run(**more):
        return only(score.compute(flat("x", scale=[0, 1]).vary("x", **more), data), "x")

    assert_allclose(run(normalise="target", target=30), [0, 0.5, 1, 2])
    assert_allclose(run(normalise="target", target=30, range="truncated"), [0, 0.5, 1, 1])
    assert_allclose(run(normalise="target", target=20, direction=-1), [4 / 3, 1, 2 / 3, 0])
    assert_allclose(run(normalise="unit", target_unit="b"), [0, 1, 2, 4])
    assert_allclose(run(normalise="goalposts", posts=[0, 100]), [0.1, 0.2, 0.3, 0.5])
    assert_allclose(run(normalise="goalposts", posts=[20, 30], range="truncated"), [0, 0, 1, 1])
    assert_allclose(
        run(normalise="centred", scale=[70, 130]), [70 + 60 * (x - 7.5) / 40 for x in (10, 20, 30, 50)]
    )


@pytest.mark.parametrize(
    "method, more, expected",
    [
        ("arithmetic", {}, 3.5),
        ("geometric", {}, 2**0.25 * 4**0.75),
        ("harmonic", {}, 1 / (0.25 / 2 + 0.75 / 4)),
        ("generalised", {"exponent": 2}, np.sqrt(0.25 * 4 + 0.75 * 16)),
        ("median", {}, 4.0),
        ("mpi", {}, 3.5 - 0.75 / 3.5),
        ("ampi", {"penalty": "up"}, 3.5 + 0.75 / 3.5),
    ],
)
def test_aggregation_by_hand(method, more, expected):
    spec = index(
        word("x", parent="total", weight=0.25),
        word("y", parent="total", weight="3/4"),
        normalise="none",
        aggregation=method,
        **more,
    )
    assert_allclose(only(score.compute(spec, columns(x=[2], y=[4])))[0], expected)


def test_copeland_against_all_pairs_and_exact_ties():
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, (30, 5)).astype(float)
    weights = np.array([0.1, 0.2, 0.3, 0.15, 0.25])
    spec = index(
        *(word(f"i{k}", parent="total", weight=float(w)) for k, w in enumerate(weights)),
        normalise="none",
        aggregation="copeland",
    )
    cells = panel({(f"u{row:02d}", 1, f"i{k}"): x[row, k] for row in range(30) for k in range(5)})
    better = (x[:, None] > x[None]) @ weights + (x[:, None] == x[None]) @ weights / 2
    wins = np.where(np.abs(better - 0.5) < 1e-9, 0, np.sign(better - 0.5))
    assert only(score.compute(spec, cells)) == wins.sum(axis=1).tolist()
    tied = flat("a", "b", "c", normalise="none", aggregation="copeland")
    cycle = score.compute(tied, columns(a=[1, 2, 3], b=[2, 3, 1], c=[3, 1, 2]))
    assert only(cycle) == [0, 0, 0] and only(cycle, column="rank") == [1, 1, 1]


def test_copeland_calls_an_exact_half_a_draw_in_spite_of_rounding_error():
    weights = dict(zip("xyzv", (0.1, 0.2, 0.3, 0.4)))  # 0.1 + 0.2 - 0.3 is not quite zero
    spec = index(
        *(word(name, parent="total", weight=weight) for name, weight in weights.items()),
        normalise="none",
        aggregation="copeland",
    )
    assert only(score.compute(spec, columns(x=[2, 1, 0], y=[2, 1, 0], z=[1, 2, 0], v=[5, 5, 0]))) == [
        1,
        1,
        -2,
    ]


def test_copeland_without_a_value_compares_on_what_both_have():
    spec = flat("x", "y", normalise="none", aggregation="copeland")
    assert only(score.compute(spec, columns(x=[1, 2, 3], y=[5, None, 4]))) == [0 - 1, 1 - 1, 0 + 1]


def test_a_generalised_mean_of_a_positive_power_takes_zeros():
    spec = flat("x", "y", normalise="none", aggregation="generalised", exponent=2)
    assert_allclose(only(score.compute(spec, columns(x=[0, 1], y=[0, 7]))), [0, 5])
    for power, value in ((2, -1), (-1, 0)):
        with pytest.raises(InputError, match=f"x = {value}: a generalised mean needs"):
            score.compute(spec.vary(exponent=power), columns(x=[value, 1], y=[1, 7]))


def test_benefit_of_the_doubt_lets_each_unit_shine():
    spec = flat("x", "y", normalise="none", aggregation="bod")
    assert_allclose(only(score.compute(spec, columns(x=[1, 0.5, 0.4], y=[0.5, 1, 0.4]))), [1, 1, 8 / 15])


def test_missing_children_share_their_weight_and_coverage_holds():
    spec = index(
        word("x", parent="total", weight=0.5),
        word("y", parent="total", weight=0.3),
        word("z", parent="total", weight=0.2),
        normalise="none",
    )
    data = columns(x=[1, None, None], y=[2, 2, None], z=[3, 3, 3])
    assert_allclose(only(score.compute(spec, data)), [1.7, 2.4, 3])
    assert_allclose(only(score.compute(spec.vary(coverage=0.5), data)), [1.7, 2.4, np.nan])
    assert_allclose(only(score.compute(spec.vary(screen=0.6), data)), [1.7, 2.4, np.nan])


def test_imputation_rules_and_the_imputed_share():
    cells = {
        ("a", 2018, "x"): 10,
        ("a", 2019, "x"): 20,
        ("a", 2022, "x"): 50,
        ("b", 2018, "x"): 2,
        ("b", 2019, "x"): 4,
        ("b", 2020, "x"): 6,
        ("b", 2022, "x"): 8,
        ("c", 2020, "x"): 1,
    } | {(unit, year, "y"): year - 2000 for unit in "abc" for year in (2018, 2019, 2020, 2022)}
    data, groups = panel(cells), pd.Series({"a": "east", "b": "east", "c": "west"})

    def filled(rule):
        return score.steps(
            flat("x", "y", normalise="none").vary("x", missing=rule), data, groups=groups
        ).imputed["x"]

    assert filled("last")[2020, "a"] == 20 and np.isnan(filled("last")[2018, "c"])
    assert filled("linear")[2020, "a"] == 30 and np.isnan(filled("linear")[2022, "c"])
    assert filled("mean")[2020, "a"] == 3.5 and filled("median")[2018, "c"] == 6
    assert filled("group_mean")[2020, "a"] == 6 and np.isnan(filled("group_median")[2018, "c"])
    scores = score.compute(flat("x", "y", normalise="none").vary("x", missing="last"), data)
    row = scores.query("unit == 'a' and year == 2020 and node == 'total'").iloc[0]
    assert (row["share_imputed"], row["share_observed"]) == (0.5, 0.5)


def test_denominators_and_the_softer_status():
    spec = specs.build(
        {
            "id": "ratio",
            "label": {"zh": "比", "en": "ratio"},
            "denominator": [word("people")],
            "method": {"normalise": "none", "reference": "year"},
            "node": [word("total"), word("x", parent="total", denominator="people", factor=1000.0)],
        },
        "ratio",
    )
    data = pd.concat([columns(x=[6, 8]), columns(people=[2000, 4000]).assign(status="estimated")])
    scores = score.compute(spec, data)
    assert only(scores) == [3, 2] and only(scores, column="share_estimated") == [1, 1]
    with pytest.raises(InputError, match="b, 2020, people = 0: a denominator must be above zero"):
        score.compute(spec, pd.concat([columns(x=[6, 8]), columns(people=[2000, 0])]))


def test_uneven_branches_of_any_depth():
    spec = index(
        word("x", parent="total"),
        word("p", parent="total"),
        word("y", parent="p"),
        word("q", parent="p"),
        word("z", parent="q"),
        word("w", parent="q"),
        normalise="none",
    )
    assert only(score.compute(spec, columns(x=[1], y=[2], z=[3], w=[5]))) == [(1 + (2 + 4) / 2) / 2]


def test_growth_and_rank_change_look_at_the_year_before_only():
    data = panel(
        {
            ("a", 2018, "x"): 1,
            ("b", 2018, "x"): 2,
            ("a", 2020, "x"): 4,
            ("b", 2020, "x"): 2,
            ("a", 2021, "x"): 1,
            ("b", 2021, "x"): 3,
            ("c", 2021, "x"): 9,
        }
    )
    scores = (
        score.compute(flat("x", normalise="none"), data).query("node == 'total'").set_index(["unit", "year"])
    )
    assert (
        scores.loc[[("a", 2018), ("a", 2020), ("c", 2021)], "growth_pct"].isna().all()
    )  # 2018 is not last year
    assert scores.loc[("b", 2021), "growth_pct"] == 50 and scores.loc[("a", 2021), "growth_pct"] == -75
    assert scores.loc[("b", 2021), "rank_change"] == 0 and scores.loc[("a", 2021), "rank_change"] == -2
    assert len(scores) == 7  # no row for c in 2018


def test_ties_share_the_best_rank_in_spite_of_rounding_error():
    data = columns(x=[0.1 + 0.2, 0.3, 1, 0.2])
    assert only(score.compute(flat("x", normalise="none"), data), column="rank") == [2, 2, 1, 4]


def test_status_shares_add_up_to_one():
    spec = flat("x", "y", "z", normalise="none")
    data = pd.concat(
        [
            columns(x=[1, 2]),
            columns(y=[1, 2]).assign(status="simulated"),
            columns(z=[3]).assign(status="printed"),
        ]
    )
    scores = score.compute(spec, data)
    shares = scores.filter(like="share_")
    assert list(shares) == [
        f"share_{name}"
        for name in ("printed", "observed", "implied", "estimated", "imputed", "assumed", "simulated")
    ]
    assert_allclose(shares.sum(axis=1)[scores["score"].notna()], 1)
    assert_allclose(only(scores, column="share_simulated"), [1 / 3, 1 / 2])


def test_invert_gives_back_the_raw_values():
    spec = (
        flat("x", "y", reference="base", base_year=2020)
        .vary("x", transform="log")
        .vary("y", transform="log1p", direction=-1)
    )
    done = score.steps(spec, random_panel(spec))
    assert_allclose(score.invert(spec, done.normalised, done.posts), done.raw)
    spec = spec.vary(normalise="zscore", scale=(0, 1))
    done = score.steps(spec, random_panel(spec))
    assert_allclose(score.invert(spec, done.normalised, done.posts), done.raw)


def test_treatment_falls_back_on_the_shifted_logarithm():
    x = [1, 1, 1, 1, 1, 1.1, 1.2, 1.3, 90, 95, 99, 100, 101, 1e3, 1e4, 1e5, 1e6, 1e7]
    done = score.steps(flat("x", normalise="none", treat="skew_kurtosis", winsor_points=1), columns(x=x))
    assert done.treatment["action"].tolist() == ["log"]
    assert_allclose(done.treated["x"], np.log(np.array(x) - 1 + 0.01 * (1e7 - 1)))


@pytest.mark.parametrize(
    "x, digits, expected",
    [
        (0.15, 1, 0.1),
        (0.25, 1, 0.2),
        (0.35, 1, 0.3),
        (0.65, 1, 0.7),
        (2.675, 2, 2.67),
        (-2.5, 0, -2),
        (36.15, 1, 36.1),
        (80.65, 1, 80.7),
        (12.915, 2, 12.91),
        (68.245, 2, 68.25),
        (6.2875, 3, 6.287),
        (6.3825, 3, 6.383),
    ],
)
def test_rounding_as_r_does(x, digits, expected):  # by R 4.2; numpy rounds the last six the other way
    assert rounding.rounded(x, {"decimals": digits, "rule": "r"}) == expected


def test_rounding_at_every_node_is_declared():
    spec = flat("x", "y", normalise="none", rounding={"decimals": 1, "rule": "r", "at": "every_node"})
    assert only(score.compute(spec, columns(x=[0.2], y=[0.3]))) == [0.2]
    assert_allclose(only(score.compute(spec.vary(rounding=None), columns(x=[0.1], y=[0.2]))), [0.15])


BAD = [
    ("zero range", {}, columns(x=[1, 1], y=[1, 2]), ["x: all values of 2020 are 1", "spec.drop('x')"]),
    (
        "constant for z",
        {"normalise": "zscore"},
        columns(x=[1, 1], y=[2, 2]),
        ["x: the data of 2020", "y: the data"],
    ),
    (
        "base year",
        {"reference": "base", "base_year": 2019},
        columns(x=[1, 2], y=[1, 2]),
        ["base year 2019", "2020"],
    ),
    (
        "log",
        {"transform": "log"},
        columns(x=[0, 2], y=[-1, 2]),
        ["a, 2020, x = 0", "a, 2020, y = -1", "log1p"],
    ),
    ("log1p", {"transform": "log1p"}, columns(x=[-1, 2], y=[1, 2]), ["a, 2020, x = -1", "identity"]),
    (
        "geometric",
        {"aggregation": "geometric"},
        columns(x=[1, 2], y=[1, 2]),
        ["total: a, 2020, x = 0", "total: a, 2020, y = 0", "geometric mean needs scores above zero"],
    ),
    ("harmonic", {"aggregation": "harmonic"}, columns(x=[1, 2], y=[1, 2]), ["harmonic mean"]),
    (
        "benefit of the doubt",
        {"aggregation": "bod", "normalise": "none"},
        columns(x=[-1, 2], y=[1, 0]),
        ["total: a, 2020, x = -1: the benefit of the doubt needs scores of zero or more"],
    ),
    (
        "constant for ranks",
        {"normalise": "rank"},
        columns(x=[1, 1], y=[1, 2]),
        ["x: all values of 2020 are 1"],
    ),
    ("text", {}, columns(x=[1, 2], y=[1, 2]).assign(value=["1", "two", "3", "4"]), ["'two' is not a number"]),
    (
        "missing cell",
        {"missing": "refuse"},
        columns(x=[1, None, 2], y=[1, 2, None]),
        ["b, 2020, x", "c, 2020, y"],
    ),
    ("missing indicator", {}, columns(x=[1, 2]), ["indicator 'y' has no value", "spec.drop('y')"]),
    (
        "doubled",
        {},
        pd.concat([columns(x=[1, 2], y=[1, 2])] * 2),
        ["a, 2020, x: more than one row", "b, 2020, y"],
    ),
    (
        "infinite",
        {},
        columns(x=[1, float("inf")], y=[float("-inf"), 2]),
        ["b, 2020, x: infinite", "a, 2020, y: infinite"],
    ),
    (
        "status",
        {},
        columns(x=[1, 2], y=[1, 2]).assign(status="guess"),
        ["status 'guess' is unknown", "simulated"],
    ),
    (
        "groups",
        {"missing": "group_mean"},
        columns(x=[1, None, 2], y=[1, 2, 3]),
        ["needs the region of every unit"],
    ),
    (
        "fraction",
        {"normalise": "fraction"},
        columns(x=[-1, 2], y=[1, 2]),
        ["x: a fraction of the highest value"],
    ),
]


@pytest.mark.parametrize("choices, data, words", [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_refused_with_all_offenders(choices, data, words):
    with pytest.raises(InputError) as caught:
        score.compute(flat("x", "y", **choices), data)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_posts_outside_the_data_are_refused_unless_they_are_goalposts():
    spec, data = flat("x").vary("x", posts=[0, 100]), columns(x=[10, 20])
    with pytest.raises(
        InputError, match=r"x: posts 0 and 100: one lies outside the data of 2020 \(10 to 20\)"
    ):
        score.compute(spec, data)
    assert_allclose(only(score.compute(spec.vary(normalise="goalposts"), data)), [1, 2])
    with pytest.raises(InputError, match="lie outside: check the units"):
        score.compute(spec.vary("x", normalise="goalposts", posts=[1000, 2000]), data)


def test_units_without_a_group_are_named_when_it_is_needed():
    spec, data = flat("x", "y", missing="group_mean"), columns(x=[1, None, 2], y=[1, 2, 3])
    with pytest.raises(InputError, match="'b' has missing cells and no region: add it to groups"):
        score.compute(spec, data, groups=pd.Series({"a": "east"}))


def test_frozen_posts_need_every_indicator_and_a_range():
    spec, data = flat("x", "y", reference="base", base_year=2020), columns(x=[1, 2], y=[3, 5])
    posts = score.base_posts(spec, data)
    assert_allclose(only(score.compute(spec, columns(2021, x=[1.5, 4], y=[4, 3]), posts)), [5, 15])
    with pytest.raises(InputError, match="column 'low' is missing"):
        score.compute(spec, data, posts.drop(columns="low"))
    with pytest.raises(InputError, match="y: no posts"):
        score.compute(spec, data, posts.drop("y"))
    with pytest.raises(InputError, match="have no range"):
        score.compute(spec, data, posts.assign(high=posts["low"], sd=0))


@pytest.mark.parametrize(
    "choices, words",
    [
        ({"treat": "winsorise"}, "x: the panel has no data of the base year 2020"),
        ({"weighting": "entropy"}, "total: the panel has no data of the base year"),
    ],
)
def test_nothing_is_skipped_in_silence_when_the_base_year_is_left_out(choices, words):
    spec = flat("x", "y", reference="base", base_year=2020, **choices)
    cells = random_panel(spec)
    posts = score.base_posts(spec, cells)
    with pytest.raises(InputError, match=words):
        score.compute(spec, cells[cells["year"].eq(2021)], posts)
