"""Rank intervals: against brute force, analytic cases and simulation; deterministic; bad input refused."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import few

from fire import files
from fire.analysis import audit, drawn, gallery, intervals, montecarlo, robustness, sensitivity, variants
from fire.errors import InputError
from fire.index import score
from fire.index import spec as specs
from fire.index.coinr import from_coinr
from fire.index.index import Index

TREE = {"P": ["a", "b"], "Q": ["c"], "R": ["d", "e", "f"]}
WEIGHT = {"P": 0.5, "Q": 0.2, "R": 0.3, "a": 0.7, "b": 0.3, "c": 1.0, "d": 0.2, "e": 0.3, "f": 0.5}


def small_spec(tree=TREE, weight=WEIGHT, **method):
    """A two-level index on a 1-10 scale."""
    rows = [{"id": "index", "label": {"zh": "指数", "en": "index"}}]
    for pillar, leaves in tree.items():
        rows.append(
            {"id": pillar, "parent": "index", "weight": weight[pillar], "label": {"zh": pillar, "en": pillar}}
        )
        rows += [
            {
                "id": leaf,
                "parent": pillar,
                "weight": weight[leaf],
                "label": {"zh": leaf, "en": leaf},
                "unit": {"zh": "分", "en": "points"},
            }
            for leaf in leaves
        ]
    table = {
        "id": "small",
        "label": {"zh": "小", "en": "small"},
        "node": rows,
        "method": {"base_year": 2020, "scale": [1.0, 10.0], "missing": "none"} | method,
    }
    return specs.build(table, "small")


def small_panel(values: np.ndarray, leaves="abcdef", years=(2020,), status="observed"):
    """A panel from an array years × units × indicators."""
    rows = [
        (f"u{unit:02d}", year, leaf, values[t, unit, j], status, "test")
        for t, year in enumerate(years)
        for unit in range(values.shape[1])
        for j, leaf in enumerate(leaves)
    ]
    return pd.DataFrame(rows, columns=["unit", "year", "indicator", "value", "status", "source"])


@pytest.fixture(scope="module")
def panel():
    values = np.random.default_rng(5).lognormal(1, 0.5, (2, 12, 6))
    values[1] = values[0] * 1.05 + np.random.default_rng(6).normal(0, 0.02, values[0].shape)
    return small_panel(values, years=(2020, 2021))


def brute(spec, panel, sets):
    """Ranks (set × unit, last year) one set of weights at a time through the engine."""
    last = panel["year"].max()
    found = [score.compute(spec.vary(weights=sets[name].to_dict()), panel) for name in sets]
    return np.array(
        [one[one["node"].eq("index") & one["year"].eq(last)].sort_values("unit")["rank"] for one in found],
        int,
    )


def random_sets(count, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            f"w{k}": {node: weight * rng.uniform(0.6, 1.4) for node, weight in WEIGHT.items()}
            for k in range(count)
        }
    )


@pytest.mark.parametrize("way", ["arithmetic", "geometric", "harmonic"])
def test_given_weights_rank_as_the_engine_does(panel, way):
    spec, sets = small_spec(aggregation=way), random_sets(7)
    positive = panel.assign(value=panel["value"] + 5)
    expected = brute(spec, positive, sets)
    result = robustness.run(
        Index(spec, positive), {"weights": {"sets": sets}, "floor": 0.01}, draws=len(sets.columns)
    )
    counts = np.array([np.bincount(expected[:, unit] - 1, minlength=12) for unit in range(12)])
    assert (result.ranks[-1] == counts).all()
    now = result.intervals.query("year == 2021")
    assert list(now["rank_median"]) == list(np.quantile(expected, 0.5, axis=0, method="inverted_cdf"))
    assert list(now["rank_high"]) == list(np.quantile(expected, 0.95, axis=0, method="inverted_cdf"))


def test_missing_cells_share_weights_as_in_the_engine(panel):
    spec, sets = small_spec(), random_sets(5)
    holes = panel[~((panel["unit"] == "u03") & panel["indicator"].isin(["a", "c"]))]
    expected = brute(spec, holes, sets)
    result = robustness.run(Index(spec, holes), {"weights": {"sets": sets}}, draws=5)
    assert (
        result.ranks[-1].argmax(axis=1)
        == np.array([np.bincount(column).argmax() - 1 for column in expected.T])
    ).all()


def test_dropped_indicators_rank_as_the_index_without_them(panel):
    spec = small_spec()
    draws = robustness.run(Index(spec, panel), {"drop": 1.0}, draws=20_000)
    expected = np.zeros((12, 12))
    for leaf in spec.indicators:
        one = score.compute(spec.drop(leaf), panel)
        ranks = one[one["node"].eq("index") & one["year"].eq(2021)].sort_values("unit")["rank"].to_numpy(int)
        expected[np.arange(12), ranks - 1] += 1 / 6
    assert np.abs(draws.ranks[-1] / 20_000 - expected).max() < 0.015


def test_probability_of_being_ahead_in_an_analytic_case():
    """w ~ U(0, 1): A = (10, 1) is ahead of B = (4, 4) when 9 w > 3, that is with probability 2/3."""
    spec = small_spec({"P": ["a"], "Q": ["b"]}, {"P": 0.5, "Q": 0.5, "a": 1, "b": 1})
    values = np.array([[[10.0, 1.0], [4.0, 4.0], [1.0, 10.0]]])
    result = robustness.run(
        Index(spec, small_panel(values, "ab")), {"weights": {"dirichlet": 2.0}}, draws=60_000
    )
    ahead = result.pairs.set_index(["unit", "other"])["p_ahead"]
    assert ahead["u00", "u01"] == pytest.approx(2 / 3, abs=0.006)
    assert ahead["u00", "u01"] + ahead["u01", "u00"] == pytest.approx(1, abs=0.0011)


def test_growth_interval_of_a_known_distribution():
    """w ~ U(0, 1) on growth 0 and 100 per cent of equal scores: growth is uniform on 0 to 100."""
    spec = small_spec({"P": ["a"], "Q": ["b"]}, {"P": 0.5, "Q": 0.5, "a": 1, "b": 1}, scale=[0.0, 10.0])
    values = np.array([[[5.0, 5.0], [0.0, 0.0], [10.0, 10.0]], [[5.0, 10.0], [0.0, 0.0], [10.0, 10.0]]])
    result = robustness.run(
        Index(spec, small_panel(values, "ab", (2020, 2021))), {"weights": {"dirichlet": 2.0}}, draws=60_000
    )
    growth = result.growth.set_index("unit")
    found = growth.loc["u00", ["growth_low", "growth_median", "growth_high"]].astype(float).tolist()
    assert found == pytest.approx([5, 50, 95], abs=0.8)
    assert growth.at["u01", "defined"] == 0 and np.isnan(
        growth.at["u01", "growth_median"]
    )  # from zero: undefined


def test_equal_units_share_their_rank_in_every_draw(panel):
    twin = pd.concat([panel, panel[panel["unit"].eq("u04")].assign(unit="u04b")])
    result = robustness.run(Index(small_spec(), twin), {"weights": {"band": 0.5}, "drop": 0.5}, draws=3000)
    names = sorted(twin["unit"].unique())
    one, other = names.index("u04"), names.index("u04b")
    assert (result.ranks[:, one] == result.ranks[:, other]).all()
    assert (result.pairs.query("unit == 'u04' and other == 'u04b'")["p_ahead"] == 0).all()
    assert result.ranks[0].sum() == 13 * 3000


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60))
def test_ranks_on_the_grid_share_the_best_rank(seed, units):
    rng = np.random.default_rng(seed)
    grid = rng.integers(-5, 5, (20, units)).astype(float) * 2.0**40
    order, rank = montecarlo.ranked(grid)
    found = np.empty(grid.shape, int)
    np.put_along_axis(found, order, np.broadcast_to(rank, grid.shape), axis=1)
    assert (found == (grid[:, None, :] > grid[:, :, None]).sum(axis=2)).all()


@pytest.mark.parametrize("draws", [1, 6, 7, 300])
def test_pairs_are_counted_alike_in_few_draws_and_in_many(draws):
    scores = np.random.default_rng(draws).integers(0, 4, (draws, 7)).astype(float)
    table = np.ones((7, 7), np.int32)
    montecarlo._add_pairs(table, scores)
    assert (table == 1 + (scores[:, :, None] > scores[:, None]).sum(axis=0)).all()


def test_results_do_not_depend_on_workers(panel):
    alternatives = {
        "weights": {"band": 0.3},
        "aggregation": ["arithmetic", "geometric"],
        "drop": 0.5,
        "floor": 0.01,
        "error": {"observed": 0.02, "year_correlation": 0.5},
    }
    design, _ = robustness.prepare(Index(small_spec(), panel), alternatives, 3, "index")
    one, two = (montecarlo.simulate(design, 9000, workers=workers) for workers in (1, 2))
    assert all((one[name] == two[name]).all() for name in one)
    other = montecarlo.simulate(replace(design, seed=4), 9000)
    assert (other["ranks"] != one["ranks"]).any()


def test_exact_sums_make_the_order_of_addition_irrelevant(panel):
    """Products of whole numbers below 2**53: every order of summation gives the same bits."""
    design, _ = robustness.prepare(Index(small_spec(), panel), {"weights": {"band": 0.3}}, 3, "index")
    rng = np.random.default_rng(0)
    raw = montecarlo.draw_weights(design, rng, np.arange(500))
    weight = montecarlo.on_weight_grid(
        montecarlo.leaf_weights(design.levels, raw, np.ones(6, bool), montecarlo.WEIGHT_GRID)
    ).T
    matrix = design.schemes[0][0]
    sums = [sum(weight[:, [j]] * matrix[j] for j in order) for order in (range(6), reversed(range(6)))]
    assert (sums[0] == sums[1]).all() and (sums[0] == weight @ matrix).all()
    assert np.abs(sums[0]).max() < 2**53


def test_memory_does_not_grow_with_draws(panel):
    design, _ = robustness.prepare(Index(small_spec(), panel), {"weights": {"band": 0.3}}, 3, "index")
    peaks = []
    for draws in (5_000, 100_000):
        tracemalloc.start()
        montecarlo.simulate(design, draws)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_intervals_cover_the_true_rank():
    """Observed = true score + error of known size: the true rank lies in 90 per cent of the 5-95 intervals, or a
    little more.
    """
    rng, inside, spec = (
        np.random.default_rng(8),
        [],
        # values are scores of 1 to 10
        small_spec({"P": ["a"], "Q": ["b"]}, {"P": 0.5, "Q": 0.5, "a": 1, "b": 1}).vary(
            normalise="goalposts", posts={"a": [1, 10], "b": [1, 10]}
        ),
    )
    for seed in range(30):
        truth = rng.uniform(2, 9, (20, 2))
        seen = truth + rng.normal(0, 0.45, truth.shape)
        found = robustness.run(
            Index(spec, small_panel(seen[None], "ab")),
            {"error": {"observed": 0.45 / 9}},
            draws=1000,
            seed=seed,
        ).intervals
        rank = (-truth.mean(axis=1)).argsort().argsort() + 1
        inside.append((found["rank_low"] <= rank) & (rank <= found["rank_high"]))
    assert 0.87 < np.mean(inside) < 0.97


def test_softer_cells_get_wider_intervals(panel):
    soft = panel.assign(status=np.where(panel["unit"].eq("u05"), "simulated", "observed"))
    error = {"error": {"observed": 0.002, "simulated": 0.2}}
    found = (
        robustness.run(Index(small_spec(), soft), error, draws=2000)
        .intervals.query("year == 2021")
        .set_index("unit")
    )
    width = found["rank_high"] - found["rank_low"]
    assert width["u05"] > 2 and width["u05"] == width.max() and width.median() <= 1


def test_structural_choices_take_part(panel):
    alternatives = {
        "normalise": ["published", {"name": "z", "normalise": "zscore", "scale": [5.5, 1.5]}],
        "scale": ["published", [1.0, 100.0]],
        "aggregation": ["arithmetic", "geometric"],
        "floor": 0.01,
    }
    result = robustness.run(Index(small_spec(), panel), alternatives, draws=4000)
    shares = result.ranks[-1] / 4000
    ranks = {}
    for way in ("arithmetic", "geometric"):
        positive = score.compute(small_spec(aggregation=way), panel)
        ranks[way] = (
            positive.query("node == 'index' and year == 2021").sort_values("unit")["rank"].to_numpy(int)
        )
    for way in ranks:
        assert (shares[np.arange(12), ranks[way] - 1] > 0.1).all()  # each of the 8 combinations has 0.125


def test_regions_rank_by_the_mean_of_their_cities(panel):
    groups = pd.Series({f"u{k:02d}": "ABC"[k % 3] for k in range(12)})
    result = robustness.run(
        Index(small_spec(), panel), {"weights": {"band": 0.2}}, draws=500, groups=groups, top=1
    )
    scores = (
        score.compute(small_spec(), panel)
        .query("node == 'index' and year == 2021")
        .set_index("unit")["score"]
    )
    expected = scores.groupby(groups).mean().rank(ascending=False)
    found = result.intervals.query("year == 2021").set_index("unit")["rank"].astype(float)
    assert found.to_dict() == expected.to_dict()
    assert "p_top1" in result.intervals and result.ranks.shape == (2, 3, 3)


def test_intervals_frame_follows_the_contract(panel):
    found = robustness.intervals(
        Index(small_spec(), panel),
        draws=300,
        alternatives={"weights": {"band": [0.2, 0.2]}},
        nodes=["index", "P", "R"],
    )
    assert list(found.columns[:8]) == [
        "unit",
        "year",
        "node",
        "rank",
        "rank_median",
        "rank_low",
        "rank_high",
        "p_top10",
    ]
    assert set(found["node"]) == {"index", "P", "R"} and len(found) == 3 * 12 * 2
    assert (found["rank_low"] <= found["rank_median"]).all() and (
        found["rank_median"] <= found["rank_high"]
    ).all()
    assert found["p_top10"].between(0, 1).all() and (found["p_top10"].round(3) == found["p_top10"]).all()


def test_groups_that_cannot_be_told_apart():
    ahead = np.array([[0, 0.6, 0.97], [0.4, 0, 0.9], [0.03, 0.1, 0]])
    assert robustness.indistinct(ahead, np.array([1, 2, 3])).tolist() == [1, 1, 2]


BAD = [
    ({}, "no alternative is declared"),
    ({"normalise": []}, "needs a list of two or more options"),
    ({"normalise": ["published", "minmax"]}, "normalise = minmax changes nothing against published"),
    ({"weights": {"band": 1.2}}, "allows negative weights: keep it below 1"),
    ({"weights": {"band": 0.0}}, "changes nothing: remove it or widen it"),
    ({"weights": {"band": [0.1]}}, "1 values for 2 levels"),
    ({"weights": {"dirichlet": 0}}, "a concentration must be positive"),
    ({"weights": {}}, "give band"),
    ({"drop": 0.0}, "0 < drop <= 1"),
    ({"error": {"simulated": 0.1}}, "changes nothing: remove it"),
    ({"missing": ["published", "mean"]}, "missing = mean changes nothing"),
    (
        {"aggregation": ["arithmetic", "geometrical"]},
        "'geometrical' is not known: type one of published, arithmetic",
    ),
    ({"weights": {"band": 0.1, "dirichlet": 9}}, "only one of them: there are band and dirichlet"),
    ({"weights": {"band": float("nan")}}, "band = nan is no finite number"),
    ({"weights": {"sets": {"P": 1.0}}}, "'sets' is a dict: give a frame"),
    ({"weights": {"sets": pd.Series({"P": 1.0})}}, "'sets' is a Series: give a frame"),
]


@pytest.mark.parametrize("alternatives, message", BAD)
def test_bad_alternatives_are_refused(panel, alternatives, message):
    with pytest.raises(InputError, match="alternatives") as caught:
        robustness.run(Index(small_spec(), panel), alternatives, draws=10)
    assert message in str(caught.value)


@pytest.mark.parametrize("draws", [0, -5, 1.5])
def test_draws_must_be_a_positive_whole_number(panel, draws):
    with pytest.raises(InputError, match="at least 1"):
        robustness.run(Index(small_spec(), panel), {"drop": 0.5}, draws=draws)


@pytest.mark.parametrize("way", ["arithmetic", "geometric"])
def test_a_unit_that_joins_is_ranked_from_then_on_and_moves_nobody_before(panel, way):
    spec, options = small_spec(aggregation=way), {"weights": {"band": 0.4}, "floor": 0.01}
    posts = Index(spec, panel).posts  # the same for all three, so that only the roster differs
    joins = panel[~(panel["unit"].eq("u07") & panel["year"].eq(2020))]
    without = panel[panel["unit"].ne("u07")]
    full, late, none = (
        robustness.run(Index(spec, one, posts), options, draws=2000) for one in (panel, joins, without)
    )

    def ranges(result, year):
        rows = result.intervals[result.intervals["year"].eq(year)].set_index("unit")
        return rows[["rank", "rank_median", "rank_low", "rank_high"]]

    pd.testing.assert_frame_equal(ranges(late, 2021), ranges(full, 2021))
    pd.testing.assert_frame_equal(ranges(late, 2020), ranges(none, 2020))
    assert "u07" not in set(late.growth["unit"]) and "u07" in set(full.growth["unit"])
    groups = pd.Series(["a", "b"] * 6, index=sorted(panel["unit"].unique()))
    groups["u07"] = "c"  # a group that begins in 2021
    means = robustness.run(Index(spec, joins, posts), options, draws=500, groups=groups, top=1).intervals
    assert set(means.loc[means["year"].eq(2020), "unit"]) == {"a", "b"}
    assert set(means.loc[means["year"].eq(2021), "unit"]) == {"a", "b", "c"}


def test_geometric_means_of_scores_at_or_below_zero_need_a_floor(panel):
    zero = small_spec(scale=[0.0, 10.0])
    with pytest.raises(InputError, match="declare a floor"):
        robustness.run(Index(zero, panel), {"aggregation": ["arithmetic", "geometric"]}, draws=10)
    assert (
        robustness.run(
            Index(zero, panel), {"aggregation": ["arithmetic", "geometric"], "floor": 0.01}, draws=10
        ).draws
        == 10
    )


def test_all_faults_are_listed_at_once(panel):
    with pytest.raises(InputError) as caught:
        robustness.run(Index(small_spec(), panel), {"weights": {"band": 2}, "drop": 3, "treat": []}, draws=10)
    assert len(caught.value.faults) == 3


def test_weights_of_the_peers_example_give_its_ranks_exactly():
    """COINr's ASEM example: its two weight sets on its normalised data give the ranks of its aggregated scores."""
    folder = files.ROOT / "tests" / "golden" / "coinr"
    meta = pd.read_csv(folder / "asem_meta.csv")
    meta = meta[meta["Type"].isin(["Indicator", "Aggregate"])].assign(
        Direction=1.0, Denominator=None, Target=None
    )
    spec, panel = from_coinr(
        meta, pd.read_csv(folder / "norm_minmax_1_100.csv").assign(Time=2018), normalise="none"
    )
    unequal = pd.read_csv(folder / "asem_weights_unequal.csv").set_index("iCode")["Weight"]
    equal = pd.Series(1.0, index=unequal.index)
    for way in ("amean", "gmean"):
        peer = pd.read_csv(folder / f"agg_{way}_unequal.csv").sort_values("uCode")["Index"]
        peer = peer.rank(ascending=False, method="min").to_numpy(int)
        method = spec.vary(aggregation={"amean": "arithmetic", "gmean": "geometric"}[way])
        result = robustness.run(
            Index(method, panel),
            {"weights": {"sets": pd.DataFrame({"equal": equal, "unequal": unequal})}},
            draws=2,
        )
        expected = (
            score.compute(method, panel)
            .query("node == @method.root")
            .sort_values("unit")["rank"]
            .to_numpy(int)
        )
        counts = np.zeros((51, 51), int)
        np.add.at(counts, (np.arange(51), peer - 1), 1)
        np.add.at(counts, (np.arange(51), expected - 1), 1)
        assert (result.ranks[0] == counts).all() and (peer != expected).any()


# Through the engine -----------------------------------------------------------------------------------------------------


PERCENTILE = {"normalise": "percentile", "reference": "pooled"}


def forced(monkeypatch):
    """From here on every draw goes through the engine."""
    monkeypatch.setattr(drawn, "linked_mean", lambda *_: None)


@pytest.mark.parametrize(
    "alternatives",
    [
        {
            "weights": {"band": [0.5, 0.4]},
            "aggregation": ["arithmetic", "geometric", "harmonic"],
            "drop": 0.5,
        },
        {"weights": {"dirichlet": 20}, "normalise": ["published", PERCENTILE], "drop": 1.0},
        {"weights": {"sets": random_sets(40)}},
    ],
)
def test_the_engine_gives_the_ranks_of_the_kernel(panel, alternatives, monkeypatch):
    """The same draws, so the same counts of ranks, pairs and growth. The growth of a draw may fall into the next bin."""
    holes = panel[~((panel["unit"] == "u03") & panel["indicator"].isin(["a", "c"]))]
    for data in (panel, holes):
        index = Index(small_spec(), data)
        kernel, _ = robustness.prepare(index, alternatives, 3, "index")
        with monkeypatch.context() as patch:
            forced(patch)
            engine, _ = robustness.prepare(index, alternatives, 3, "index")
        assert isinstance(kernel.schemes[0], montecarlo.Linked)
        assert isinstance(engine.schemes[0], drawn.Scheme)
        one, two = (montecarlo.simulate(design, 3000) for design in (kernel, engine))
        assert (one["ranks"] == two["ranks"]).all() and (one["pairs"] == two["pairs"]).all()
        assert np.abs(one["growth"] - two["growth"]).sum() <= 4


def test_regions_rank_in_the_engine_as_in_the_kernel(panel, monkeypatch):
    groups = {f"u{k:02d}": "ABC"[k % 3] for k in range(12)}
    found = []
    for _ in range(2):
        found.append(
            robustness.run(Index(small_spec(), panel), {"weights": {"band": 0.5}}, 500, groups=groups, top=1)
        )
        forced(monkeypatch)
    assert (found[0].ranks == found[1].ranks).all()


def test_data_errors_spread_ranks_in_the_engine_as_in_the_kernel(panel, monkeypatch):
    alternatives = {"error": {"observed": 0.05, "year_correlation": 0.5}}
    shares = []
    for _ in range(2):
        shares.append(robustness.run(Index(small_spec(), panel), alternatives, 6000).ranks / 6000)
        forced(monkeypatch)
    assert np.abs(shares[0] - shares[1]).max() < 0.03 and shares[0].max(axis=2).min() < 0.9


MIXED = {
    "HDI": ({"index": {"aggregation": "geometric"}}, {}),
    "median below": ({"R": {"aggregation": "median"}}, {}),
    "minimum": ({"index": {"aggregation": "minimum"}}, {}),
    "Copeland": ({"index": {"aggregation": "copeland"}}, {}),
    "rounded": ({}, {"rounding": {"decimals": 1, "rule": "half_up", "at": "every_node"}}),
    "own decimals": ({"P": {"decimals": 0}}, {}),
    "normalised above": ({"R": {"normalise": "minmax", "reference": "pooled"}}, {}),
    "linked": ({"R": {"aggregation": "geometric", "link": [11.0, -1.0]}}, {}),
    "low is best": ({"index": {"aggregation": "geometric"}}, {"best": "low"}),
}


def shaped(rows: dict, method: dict):
    """The small index with further keys of some of its nodes and of its method."""
    table = small_spec(**method).table
    for row in table["node"]:
        row |= rows.get(row["id"], {})
    return specs.build(table, "shaped")


@pytest.mark.parametrize("name", few(MIXED, "HDI", "median below", "Copeland", "low is best"))
def test_any_tree_ranks_as_the_engine_does(panel, name):
    """Weights one set at a time through `score.compute`, and one indicator after the other left out."""
    spec, sets = shaped(*MIXED[name]), random_sets(9)
    expected = brute(spec, panel, sets)
    result = robustness.run(Index(spec, panel), {"weights": {"sets": sets}}, draws=9)
    counts = np.array([np.bincount(expected[:, unit] - 1, minlength=12) for unit in range(12)])
    assert (result.ranks[-1] == counts).all()
    draws = 600 if name == "normalised above" else 3000  # those of the first take longest
    dropped = robustness.run(Index(spec, panel), {"drop": 1.0}, draws=draws)
    shares = np.zeros((12, 12))
    for leaf in spec.indicators:
        one = score.compute(spec.drop(leaf), panel)
        ranks = one[one["node"].eq("index") & one["year"].eq(2021)].sort_values("unit")["rank"].to_numpy(int)
        shares[np.arange(12), ranks - 1] += 1 / 6
    assert np.abs(dropped.ranks[-1] / draws - shares).max() < 2.2 * draws**-0.5


def test_a_tree_of_one_linked_mean_and_nothing_else_is_for_the_kernel():
    assert drawn.linked_mean(small_spec(aggregation="harmonic"), "index", True) == "harmonic"
    assert drawn.linked_mean(shaped(*MIXED["HDI"]), "R", True) == "arithmetic"  # below the geometric root
    assert [drawn.linked_mean(shaped(*MIXED[name]), "index", False) for name in MIXED] == [None] * len(MIXED)
    few = small_spec(coverage=0.5)
    assert drawn.linked_mean(few, "index", gaps=False) and not drawn.linked_mean(few, "index", gaps=True)


def test_a_node_in_two_places_has_one_draw_of_its_weights(panel):
    """R and its copy make up the second index: its ranks are those of R under every set of weights."""
    table = small_spec().table
    label = {"zh": "又", "en": "again"}
    table["node"] += [{"id": "S", "parent": "index", "weight": 0.5, "label": label, "same_as": "R"}]
    for row in table["node"]:
        row |= {"P": {"weight": 0.1}, "Q": {"weight": 0.1}, "R": {"weight": 0.3}}.get(row["id"], {})
    spec = specs.build(table, "twice")
    sets = random_sets(6)
    sets.loc[["P", "Q"]] = 0.0
    sets.loc["S"] = 0.7
    ranks = [
        robustness.run(Index(spec, panel), {"weights": {"sets": sets}}, 6, node=node).ranks
        for node in ("index", "R")
    ]
    assert (ranks[0] == ranks[1]).all()
    robustness.run(Index(spec, panel), {"weights": {"band": 0.2}, "drop": 0.5}, 50)


def test_groups_with_weights_of_their_own(panel):
    """A band so narrow that it moves no rank leaves every unit its published rank, by the weights of its group."""
    table = small_spec().table | {
        "group_weights": [{"group": "west", "weights": {"P": 0.0, "Q": 0.0, "R": 1.0}}]
    }
    spec = specs.build(table, "grouped")
    groups = pd.Series({f"u{k:02d}": ("west" if k % 2 else "east") for k in range(12)})
    index = Index(spec, panel, groups=groups)
    published = index.of("index").set_index("unit")["rank"]
    assert published.to_dict() != Index(small_spec(), panel).of("index").set_index("unit")["rank"].to_dict()
    found = robustness.run(index, {"weights": {"band": 1e-6}}, 50).intervals.query("year == 2021")
    assert found.set_index("unit")["rank_low"].to_dict() == published.to_dict()
    assert found.set_index("unit")["rank_high"].to_dict() == published.to_dict()


def test_weights_that_follow_from_the_data_are_where_draws_start(panel):
    index = Index(small_spec(weighting="entropy"), panel)
    assert abs(index.weights["P"] - WEIGHT["P"]) > 0.05
    found = robustness.run(index, {"weights": {"band": 1e-6}}, 50).intervals
    assert (found["rank_median"] == found["rank"]).all()
    result = robustness.run(index, {"weighting": ["published", "equal"]}, 4000)
    for way in ("entropy", "equal"):
        ranks = Index(small_spec(weighting=way), panel).of("index").sort_values("unit")["rank"].to_numpy(int)
        assert (result.ranks[-1][np.arange(12), ranks - 1] > 1700).all()


def test_a_choice_of_what_to_do_with_missing_cells(panel):
    """Each of the two options has half of the draws, and gives the ranks of the engine."""
    holes = panel[~((panel["unit"] == "u03") & panel["indicator"].isin(["a", "d", "f"]))]
    counts = np.zeros((12, 12))
    for missing in ("none", "mean"):
        ranks = (
            Index(small_spec(missing=missing), holes).of("index").sort_values("unit")["rank"].to_numpy(int)
        )
        counts[np.arange(12), ranks - 1] += 0.5
    assert counts.max(axis=1).min() < 1
    for options in (["published", "mean"], ["published", "none"]):
        spec = small_spec(missing="none" if "mean" in options else "mean")
        found = robustness.run(Index(spec, holes), {"missing": options}, 8000).ranks[-1] / 8000
        assert np.abs(found - counts).max() < 0.03


def test_a_floor_serves_a_mixed_tree_under_every_normalisation(panel):
    spec = shaped({"index": {"aggregation": "geometric"}}, {})
    options = {"normalise": ["published", {"name": "z", "normalise": "zscore", "scale": [0.0, 1.0]}]}
    with pytest.raises(InputError, match="geometric mean"):
        robustness.run(Index(spec, panel), options, draws=10)
    assert robustness.run(Index(spec, panel), options | {"floor": 0.01}, draws=10).draws == 10
    error = {"error": {"observed": 0.9}}  # large enough to take scores below zero
    assert robustness.run(Index(spec, panel), error, draws=100).ranks[-1].sum() == 1200


def test_z_scores_without_a_scale_get_one_like_the_index(panel):
    """Middle and a sixth of the range: on 1 to 10 those of the declared standard run."""
    declared = {"name": "zscore", "normalise": "zscore", "scale": [5.5, 1.5]}
    runs = [
        robustness.run(
            Index(small_spec(), panel), {"normalise": ["published", option], "error": {"observed": 0.02}}, 500
        )
        for option in ("zscore", declared)
    ]
    assert (runs[0].ranks == runs[1].ranks).all()


def test_faults_of_weight_sets_are_listed_at_once(panel):
    sets = random_sets(3).astype(object)
    sets.at["a", "w0"], sets.at["b", "w0"], sets.at["P", "w1"] = np.nan, -0.1, np.inf
    sets.loc[["d", "e", "f"], "w1"] = 0
    sets.at["Q", "w2"] = "much"
    sets = sets.drop(index="c")
    sets.loc["gdpp"] = 1.0
    with pytest.raises(InputError) as caught:
        robustness.run(Index(small_spec(), panel), {"weights": {"sets": sets}}, draws=3)
    faults = "\n".join(caught.value.faults)
    for text in (
        "set 'w0' gives a the weight nan",
        "set 'w0' gives b the weight -0.1",
        "set 'w1' gives P the weight inf",
        "set 'w1' gives every child of R (d, e, f) the weight zero",
        "set 'w2' gives Q the weight much",
        "'sets' has no row for c",
        "no node 'gdpp' in the index",
    ):
        assert text in faults
    assert len(caught.value.faults) == 7
    twice = pd.concat([random_sets(1)] * 2, axis=1)
    with pytest.raises(InputError, match="the set 'w0' twice"):
        robustness.run(Index(small_spec(), panel), {"weights": {"sets": twice}}, draws=3)


def test_means_of_groups_fill_cells_in_every_draw(panel):
    """The groups come from the Index, whatever is varied."""
    holes = panel[~((panel["unit"] == "u03") & panel["indicator"].eq("d"))]
    groups = pd.Series({f"u{k:02d}": "AB"[k % 2] for k in range(12)})
    alternatives = {"weights": {"band": 0.3}, "drop": 0.5, "normalise": ["published", PERCENTILE]}
    for rows in ({}, {"R": {"aggregation": "median"}}):
        index = Index(shaped(rows, {"missing": "group_mean"}), holes, groups=groups)
        found = robustness.intervals(index, alternatives, draws=200)
        assert set(found["node"]) == {"index", "P", "R"}  # Q has one indicator
        assert found.groupby(["node", "year"]).size().eq(12).all()
        assert set(sensitivity.run(index, alternatives, draws=16)["factor"]) >= {"drop", "normalise"}


@pytest.mark.parametrize("rows", [{}, {"R": {"aggregation": "median"}}])
def test_a_panel_of_one_year(panel, rows):
    found = robustness.run(Index(shaped(rows, {}), panel[panel["year"].eq(2020)]), {"drop": 0.5}, 100)
    assert len(found.growth) == 0 and len(found.intervals) == 12
    scores = Index(shaped(rows, {}), panel).scores().assign(growth_pct_status="observed")
    none = intervals.directions(intervals.growth_of(found.growth, "index", 2020, scores))
    assert (none["n"], none["certain"], none["fastest"]) == (0, 0, None) and np.isnan(none["low"])


def test_an_indicator_is_no_index(panel):
    table = small_spec().table
    table["node"] = [row for row in table["node"] if row["id"] in ("index", "P", "Q")]
    flat = specs.build(
        table | {"node": [row | {"weight": 0.5} if "parent" in row else row for row in table["node"]]}, "flat"
    )
    two = panel[panel["indicator"].isin(["a", "b"])].replace({"indicator": {"a": "P", "b": "Q"}})
    assert set(robustness.intervals(Index(flat, two), {"drop": 0.5}, draws=10)["node"]) == {"index"}
    with pytest.raises(InputError, match="'a' is an indicator"):
        robustness.run(Index(small_spec(), panel), {"drop": 0.5}, 10, node="a")


# Any index -------------------------------------------------------------------------------------------------------------


RANKS = ["rank_median", "rank_low", "rank_high"]
METHODS = {
    "weights": {"band": 0.25},
    "drop": 0.5,
    "normalise": ["published", "zscore", PERCENTILE],
    "reference": ["published", "pooled"],
    "error": {"observed": 0.05, "year_correlation": 0.8},
}


@pytest.mark.parametrize("rows", few([{}, {"R": {"aggregation": "median"}}], {}), ids=["kernel", "engine"])
@settings(max_examples=6, deadline=None)
@given(low=st.floats(-200, 200), width=st.floats(0.5, 300))
def test_no_interval_depends_on_the_scale(rows, low, width):
    """Draws, errors and z-scores are shares of the scale: on any other the units rank as on 1 to 10."""
    values = np.random.default_rng(5).lognormal(1, 0.5, (2, 12, 6))
    found = []
    for scale in ([1.0, 10.0], [low, low + width]):
        index = Index(shaped(rows, {"scale": scale}), small_panel(values, years=(2020, 2021)))
        found.append(robustness.run(index, METHODS, 300))
    assert (found[0].ranks == found[1].ranks).mean() > 0.999  # but for a draw on the edge of the grid
    assert (found[0].intervals[RANKS] - found[1].intervals[RANKS]).abs().to_numpy().max() <= 1
    assert (found[0].intervals["rank_high"] - found[0].intervals["rank_low"]).mean() > 1


@pytest.mark.parametrize("unit", few([0.1, 10.0, 16.0], 0.1))
def test_the_standard_run_depends_on_no_unit_of_the_scale(panel, unit):
    """With its geometric means, whose floor is a share of the upper end; only the zero of the scale counts for them."""
    runs = [robustness.run(Index(small_spec(scale=[one, 10 * one]), panel), draws=600) for one in (1.0, unit)]
    assert (runs[0].ranks == runs[1].ranks).mean() > 0.999 and not runs[0].left_out


def test_an_error_is_a_share_of_the_scale_of_each_variant(panel):
    """z-scores with a standard deviation of 0.1 span 0.6, whatever the published scale."""
    options = {
        "normalise": ["published", {"normalise": "zscore", "scale": [5.0, 0.1]}],
        "error": {"observed": 0.1},
    }
    design, _ = robustness.prepare(Index(small_spec(scale=[0.0, 100.0]), panel), options, 1, "index")
    one, two = (np.sqrt(scheme.variance).max() * scheme.step for scheme in design.schemes)
    assert (one, two) == pytest.approx((10.0, 0.06))


def test_the_standard_z_scores_and_floor_are_those_of_1_to_10(panel):
    """5.5 and 1.5, and 0.1: the values of the edition of 2022, to the last bit."""
    poor = panel["unit"].eq("u00") & panel["year"].eq(2021)
    index = Index(
        small_spec(), panel.assign(value=panel["value"].where(~poor, -9.0))
    )  # below the posts of 2020
    found = variants.variants(index, {"normalise": robustness.standard()["normalise"]} | {"floor": 0.01})
    assert found[0, "z-score"].spec.rules["a"]["scale"] == [5.5, 1.5]
    design, _ = robustness.prepare(index, robustness.standard(), 1, "index")
    least = min((one.matrix * one.step).min() for one in design.schemes if one.way == "geometric")
    assert least == pytest.approx(np.log(0.1), abs=1e-7)


def made(name: str, panel: pd.DataFrame) -> Index:
    """Indices of many kinds on a panel of two years."""
    inner = {
        "R": {"normalise": "percentile", "reference": "pooled", "scale": [0.0, 10.0]},
        "P": {"normalise": "zscore", "scale": [50.0, 10.0]},
    }
    posts = dict.fromkeys("abcdef", (0.0, 20.0))
    return {
        "one year": lambda: Index(small_spec(), panel[panel["year"].eq(2020)]),
        "of the year": lambda: Index(small_spec(reference="year"), panel),
        "pooled": lambda: Index(small_spec(reference="pooled"), panel),
        "own posts": lambda: Index(small_spec().vary(normalise="goalposts", posts=posts), panel),
        "frozen": lambda: Index(small_spec(), panel).freeze(),
        "z-scores": lambda: Index(small_spec(normalise="zscore", scale=[100.0, 10.0]), panel),
        "MPI": lambda: Index(small_spec(normalise="zscore", scale=[100.0, 10.0], aggregation="mpi"), panel),
        "inner nodes": lambda: Index(shaped(inner, {}), panel),
        "as they are": lambda: Index(small_spec(normalise="none"), panel),
        "below zero": lambda: Index(small_spec(scale=[-10.0, 0.0]), panel),
        "ratio": lambda: Index(shaped({"P": {"aggregation": "ratio"}}, {}), panel),
        "flat": lambda: Index(specs.build(_flat(), "flat"), panel[panel["indicator"].isin(["a", "b"])]),
    }[name]()


def _flat() -> dict:
    """An index of two indicators and no pillars."""
    table = small_spec().table
    table["node"] = [row for row in table["node"] if row["id"] in ("index", "a", "b")]
    for row in table["node"][1:]:
        row |= {"parent": "index", "weight": 0.5}
    return table


LEFT = {
    "one year": ["reference = pooled changes nothing against published"],
    "of the year": [],
    "pooled": ["reference = pooled changes nothing against published"],
    "own posts": ["reference = pooled changes nothing against published"],
    "frozen": [],
    "z-scores": ["normalise = z-score changes nothing against published"],
    "MPI": ["normalise = z-score changes nothing against published"],
    "inner nodes": ["aggregation = geometric is not possible"],
    "as they are": ["reference = pooled changes nothing against published"],
    "below zero": ["aggregation = geometric is not possible"],
    "ratio": [
        "aggregation = arithmetic is not possible: 'ratio' is no mean",
        "aggregation = geometric is not",
    ],
    "flat": [],
}


@pytest.mark.parametrize("name", few(LEFT, "own posts", "one year"))
def test_the_standard_run_fits_any_index_and_says_what_it_leaves_out(panel, name):
    index = made(name, panel)
    found = robustness.intervals(index, draws=60)
    assert found["rank_low"].notna().all() and set(found["node"]) >= {"index"}
    told = found.attrs["left_out"]
    assert [text for text in LEFT[name] if not any(one.startswith(text) for one in told)] == []
    assert bool(told) == bool(LEFT[name])
    sobol = sensitivity.run(index, draws=4, units=False)
    assert sobol.attrs["left_out"] == list(robustness.run(index, draws=1).left_out)
    assert ("reference" in set(sobol["factor"])) == (not any("reference" in text for text in told))
    assert audit.run(index, draws=30)["verdict"].notna().all()


GALLERY = ["hdi-2022", "women-business-law-2024", "cdc-svi-2022-pa", "gdi-2022", "oecd-pmr-2018", "tai-2001"]


@pytest.mark.parametrize("name", few(GALLERY, "tai-2001"))
def test_the_standard_run_fits_published_indices(name):
    index = gallery.load(name).index
    found = robustness.intervals(index, draws=10)
    assert set(index.units) == set(found["unit"]) and found.attrs["left_out"]
    assert not sensitivity.run(index, draws=4, units=False).empty
    assert not audit.run(index, draws=10).empty


def test_what_the_user_declares_is_not_left_out(panel):
    index = Index(small_spec(), panel[panel["year"].eq(2020)])
    with pytest.raises(InputError, match="reference = pooled changes nothing"):
        robustness.intervals(index, robustness.standard(), draws=10)
    fitted = robustness.standard(index)
    assert "reference" not in fitted and "reference" in robustness.standard()
    assert robustness.run(index, fitted, 10).left_out == fitted.left_out


def test_a_declared_aggregation_that_is_the_own_one_goes_first(panel):
    for way, first in {"geometric": "geometric", "arithmetic": "arithmetic", "median": "published"}.items():
        assert robustness.standard(Index(small_spec(aggregation=way), panel))["aggregation"][0] == first


MISTAKES = [
    (["weights"], "name at least one in a dictionary"),
    ("weights", "name at least one in a dictionary"),
    ({"weights": 0.25}, "such as {'band': 0.25}; it is 0.25"),
    ({"weight": 0.25}, "did you mean 'weights'?"),
    ({"normalise": "zscore"}, "it is 'zscore'"),
    ({"error": 0.05}, "such as {'estimated': 0.02}"),
    ({"error": {"observd": 0.1}}, "did you mean 'observed'?"),
    ({"error": {"observed": -0.1}}, "zero or more"),
    ({"drop": "half"}, "0 < drop <= 1"),
    ({"floor": 1.5, "drop": 0.5}, "0 < floor < 1"),
    ({"drop": 0.5, "seed": "a"}, "'seed' = 'a'"),
]


@pytest.mark.parametrize("work", [robustness.intervals, sensitivity.run])
@pytest.mark.parametrize("alternatives, message", MISTAKES)
def test_mistakes_get_a_sentence(panel, work, alternatives, message):
    with pytest.raises(InputError) as caught:
        work(Index(small_spec(), panel), alternatives, draws=4)
    assert message in str(caught.value)


@pytest.mark.parametrize("work", [robustness.intervals, robustness.run, sensitivity.run])
def test_an_index_and_a_number_of_draws_are_looked_for(panel, work):
    index, one = Index(small_spec(), panel), {"weights": {"band": 0.25}}
    for spec in (index.spec, index.panel, None):
        with pytest.raises(InputError, match="an Index is meant"):
            work(spec, one, draws=4)
    for draws in ("64", 0, True, 2.5, [64]):
        with pytest.raises(InputError, match="draws"):
            work(index, one, draws=draws)
    whole, told = work(index, one, draws=64), work(index, one, draws=64.0)
    assert str(whole) == str(told)
