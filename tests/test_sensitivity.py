"""Sobol' indices against analytic cases and against the index itself."""

import numpy as np
import pandas as pd
import pytest
from test_robustness import WEIGHT, small_panel, small_spec

from fire.analysis import drawn, montecarlo, robustness, sensitivity
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index


def test_ishigami():
    """Ishigami and Homma (1990), a = 7, b = 0.1: variances by hand."""

    def model(points):
        x = np.pi * (2 * points - 1)
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    pi4, pi8 = np.pi**4, np.pi**8
    v1, v2, v13 = 0.5 * (1 + 0.1 * pi4 / 5) ** 2, 49 / 8, 0.01 * pi8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    found = sensitivity.sobol(model, ["a", "b", "c"], 4096, resamples=50).set_index("factor")
    assert found["first"].tolist() == pytest.approx([v1 / total, v2 / total, 0], abs=0.02)
    assert found["total"].tolist() == pytest.approx([(v1 + v13) / total, v2 / total, v13 / total], abs=0.02)
    for order, exact in [
        ("first", [v1 / total, v2 / total, 0]),
        ("total", [(v1 + v13) / total, v2 / total, v13 / total]),
    ]:
        slack = 0.02
        assert ((found[f"{order}_low"] - slack <= exact) & (exact <= found[f"{order}_high"] + slack)).all()


def test_linear_model_and_an_output_that_does_not_vary():
    found = sensitivity.sobol(
        lambda x: np.vstack([1 * x[0] + 2 * x[1] + 3 * x[2], 0 * x[0] + 5]),
        ["a", "b", "c"],
        1024,
        outputs=["linear", "constant"],
    ).set_index(["output", "factor"])
    for order in ("first", "total"):
        assert found.loc["linear", order].tolist() == pytest.approx([1 / 14, 4 / 14, 9 / 14], abs=0.01)
    assert found.loc["constant"].isna().all().all()


def test_the_same_seed_gives_the_same_indices_and_intervals():
    runs = [sensitivity.sobol(lambda x: x[:1] + x[1:2] * x[2:], ["a", "b", "c"], 64, 3) for _ in range(2)]
    assert runs[0].equals(runs[1]) and runs[0]["first_low"].notna().all()


def test_index_run_names_what_moves_it():
    values = np.random.default_rng(2).lognormal(1, 0.5, (1, 10, 6))
    alternatives = {
        "weights": {"band": [0.9, 0.01]},
        "aggregation": ["arithmetic", "geometric"],
        "drop": 0.2,
        "floor": 0.01,
        "error": {"observed": 0.001},
    }
    found = sensitivity.run(Index(small_spec(), small_panel(values)), alternatives, draws=256)
    assert set(found["factor"]) == {"weights, level 1", "weights, level 2", "drop", "error", "aggregation"}
    scores = found[found["output"].str.startswith("score")]
    mean = scores.groupby("factor")["total"].mean()
    assert mean["weights, level 2"] < 0.05 < mean["weights, level 1"] and mean["error"] < 0.05
    assert {"shift", "score u00", "rank u09"} <= set(found["output"])


def test_model_evaluates_complete_draws_as_the_kernel_does():
    """At a fixed corner of the design the scores are those of the tables' first weights."""
    values = np.random.default_rng(2).lognormal(1, 0.5, (1, 5, 6))
    alternatives = {"weights": {"band": 0.3}}
    design, units = robustness.prepare(Index(small_spec(), small_panel(values)), alternatives, 7, "index")
    model, factors = sensitivity.index_model(design, alternatives, 0, np.arange(1, 6.0), 7)
    tables = montecarlo.draw_weights(design, np.random.default_rng(7), np.arange(sensitivity.TABLE))
    weight = montecarlo.leaf_weights(design.levels, [table[:, :1] for table in tables], np.ones(6, bool))
    matrix, step, _, _ = design.schemes[0]
    assert model(np.zeros((len(factors), 1)))[1:6, 0] == pytest.approx(
        (weight.T @ (matrix * step))[0], abs=1e-6
    )


@pytest.mark.parametrize("draws", [0, 1, 100])
def test_draws_must_be_a_power_of_two(draws):
    with pytest.raises(InputError, match="power of two"):
        sensitivity.sobol(lambda x: x[0], ["a"], draws)


def test_the_engine_gives_the_outputs_of_the_kernel(monkeypatch):
    """The same points of the design: scores to the grid of the kernel, ranks exactly."""
    values = np.random.default_rng(2).lognormal(1, 0.5, (2, 8, 6))
    index = Index(small_spec(), small_panel(values, years=(2020, 2021)))
    alternatives = {
        "weights": {"band": [0.5, 0.3]},
        "aggregation": ["arithmetic", "geometric"],
        "drop": 0.5,
        "floor": 0.01,
    }
    points = np.random.default_rng(0).random((4, 300))
    found = []
    for _ in range(2):
        design, _ = robustness.prepare(index, alternatives, 7, "index")
        model, factors = sensitivity.index_model(design, alternatives, 1, np.arange(1, 9.0), 7)
        found.append(model(points))
        monkeypatch.setattr(drawn, "linked_mean", lambda *_: None)
    assert len(factors) == 4 and found[0].shape == (17, 300)
    assert (found[0][0] == found[1][0]).all() and (found[0][9:] == found[1][9:]).all()
    assert np.abs(found[0][1:9] - found[1][1:9]).max() < 1e-6


def test_a_tree_of_several_means():
    """Errors of cells have a factor of their own, and the same seed gives the same indices."""
    values = np.random.default_rng(2).lognormal(1, 0.5, (1, 10, 6))
    table = small_spec().table
    table["node"][0]["aggregation"] = "geometric"
    index = Index(specs.build(table, "mixed"), small_panel(values))
    alternatives = {"weights": {"band": [0.9, 0.01]}, "error": {"observed": 0.02}, "floor": 0.01}
    one, two = (sensitivity.run(index, alternatives, draws=64) for _ in range(2))
    assert one.equals(two) and set(one["factor"]) == {"weights, level 1", "weights, level 2", "error"}
    mean = one[one["output"].str.startswith("score")].groupby("factor")["total"].mean()
    assert mean["weights, level 2"] < 0.05 < mean["weights, level 1"] and mean["error"] > 0.05


def test_a_seed_of_zero_is_a_seed():
    runs = [sensitivity.sobol(lambda x: x[:1] + x[1:2] * x[2:], ["a", "b", "c"], 64, 0) for _ in range(2)]
    assert runs[0].equals(runs[1])


def test_years_and_factors_there_are_not_are_refused():
    index = Index(small_spec(), small_panel(np.random.default_rng(2).lognormal(1, 0.5, (1, 10, 6))))
    with pytest.raises(InputError, match="the panel has no year 2030"):
        sensitivity.run(index, {"drop": 0.5}, year=2030, draws=16)
    with pytest.raises(InputError, match="nothing moves"):
        sets = pd.DataFrame({"one": pd.Series(WEIGHT)})
        sensitivity.run(index, {"weights": {"sets": sets}}, draws=16)
