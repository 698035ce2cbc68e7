"""What users of COINr, the COIN Tool and Stata look for: outranking, TOPSIS, p-values of correlations, screening by zeros."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from small import draws_of
from test_robustness import small_panel, small_spec

from fire import files
from fire.analysis import audit, describe
from fire.errors import InputError
from fire.index import outranking
from fire.index.coinr import from_coinr
from fire.index.index import Index

COINR = files.ROOT / "tests" / "golden" / "coinr"
EQUAL = np.ones(3)
NESTED = np.array([[1, 3, 2], [2, 2, 3], [3, 1, 1], [4, 5, 4]], dtype=float)  # COINr, tests of aggregation
# R, ?cor.test: Hollander and Wolfe (1973), p. 187: Hunter L values and consumer panel scores of canned tuna
TUNA = {
    "hunter": [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1],
    "panel": [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8],
}


@pytest.fixture(scope="module")
def asem():
    """The COINr example, nothing imputed."""
    meta = pd.read_csv(COINR / "asem_meta.csv")
    data = pd.read_csv(COINR / "asem_raw.csv").merge(pd.read_csv(COINR / "asem_units.csv"), on="uCode")
    meta = meta.assign(Denominator=None)
    spec, panel = from_coinr(meta, data)
    return Index(spec.vary(missing="none"), panel)


def index_of(columns: dict, status="observed", draws=None):
    """An index of some columns, two pillars that share them."""
    names = list(columns)
    half = -(-len(names) // 2)
    tree = {"P": names[:half], "Q": names[half:]} if len(names) > 1 else {"P": names}
    weight = {node: 1 / len(leaves) for leaves in [list(tree), *tree.values()] for node in leaves}
    panel = small_panel(np.array(list(columns.values()), dtype=float).T[None], names, status=status)
    return Index(small_spec(tree, weight), panel.dropna(subset="value"), draws=draws)


# Outranking


def test_outranking_of_coinrs_test_table():
    """COINr's own test (tests/testthat/test-aggregate.R, "outranking")."""
    matrix = outranking.outranking_matrix(NESTED, EQUAL)
    assert np.diag(matrix).tolist() == [0, 0, 0, 0]
    assert matrix[1:, 0] == pytest.approx([2 / 3, 1 / 3, 1])
    assert outranking.dominance(matrix) == {"units": 4, "pairs": 6, "dominant": 3, "dominant_pct": 50.0}


def test_dominant_pairs_of_coinrs_documented_example():
    """COINr, ?outrankMatrix: ASEM_iData[12:16] (LPI to Elec), equal weights: fracDominant 0.2533333."""
    table = pd.read_csv(COINR / "asem_raw.csv")[["LPI", "Flights", "Ship", "Bord", "Elec"]]
    found = outranking.dominance(outranking.outranking_matrix(table.to_numpy(float), np.ones(5)))
    assert found["dominant_pct"] == pytest.approx(25.33333, abs=5e-6) and found["pairs"] == 1275


def by_definition(x, weights):
    """The outranking matrix pair by pair, in fractions; None without a common child."""
    matrix = []
    for one in x:
        row = []
        for other in x:
            both = [(a, b, Fraction(w)) for a, b, w in zip(one, other, weights) if a == a and b == b]
            better = sum(w * (Fraction(int(a > b)) + Fraction(int(a == b), 2)) for a, b, w in both)
            row.append(better / sum(w for *_, w in both) if both else None)
        matrix.append(row)
    return matrix


@pytest.mark.parametrize("seed", range(5))
def test_outranking_and_copeland_equal_their_definition_with_ties_and_missing_values(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (outranking.BLOCK + 9, 4)).astype(float)  # more units than one block
    x[rng.random(x.shape) < 0.3] = np.nan
    weights = rng.integers(1, 9, 4)
    exact = by_definition(x, weights.tolist())
    told = np.array([[np.nan if share is None else float(share) for share in row] for row in exact])
    matrix = outranking.outranking_matrix(x, weights.astype(float))
    off = ~np.eye(len(x), dtype=bool)
    assert np.isnan(told).any() and (np.isnan(told) == np.isnan(matrix))[off].all()
    assert matrix[off] == pytest.approx(told[off], abs=1e-12, nan_ok=True)
    there = ~np.isnan(matrix) & off
    assert (matrix + matrix.T)[there] == pytest.approx(1, abs=1e-12)
    wins = [
        sum((share > Fraction(1, 2)) - (share < Fraction(1, 2)) for share in row if share is not None)
        for row in exact
    ]
    assert outranking.copeland(x, weights.astype(float)).tolist() == wins
    found = outranking.dominance(matrix)
    assert found["dominant"] == sum(
        share == 1 for n, row in enumerate(exact) for m, share in enumerate(row) if m != n
    )
    assert found["pairs"] == there.sum() / 2


def test_nothing_to_compare_dominates_nothing():
    matrix = outranking.outranking_matrix(np.array([[1.0, np.nan], [np.nan, 1.0]]), np.ones(2))
    found = outranking.dominance(matrix)
    assert found["pairs"] == 0 and found["dominant"] == 0 and np.isnan(found["dominant_pct"])


def test_outranking_of_an_index_takes_directions_and_weights_in_the_index():
    columns = {"a": [1, 2, 3, 4], "b": [1, 3, 2, 4], "c": [2, 3, 4, 1]}
    index = index_of(columns).vary("c", direction=-1).vary(weights={"P": 0.75})
    assert index.weight_in_index[["a", "b", "c"]].tolist() == [0.375, 0.375, 0.25]
    matrix, whole = audit.outranking(index)
    assert list(matrix.index) == list(matrix.columns) == list(index.of()["unit"])
    assert matrix.at["u01", "u00"] == 0.75 and matrix.at["u02", "u01"] == 0.375
    assert matrix.loc["u03", ["u00", "u01", "u02"]].eq(1).all()
    assert whole == {"units": 4, "pairs": 6, "dominant": 3, "dominant_pct": 50.0}
    assert matrix.attrs["status"] == ["observed"]
    branch, _ = audit.outranking(index, node="P")
    assert branch.at["u02", "u01"] == 0.5
    with pytest.raises(InputError) as error:
        audit.outranking(index, 1999, "Z")
    assert len(error.value.faults) == 2 and "no year 1999: it has 2020" in str(error.value)


def test_units_without_a_score_at_the_node_are_not_compared():
    index = index_of({"a": [1, 2, np.nan], "b": [1, 3, np.nan], "c": [5, 6, 7]})
    matrix, whole = audit.outranking(index, node="P")
    assert list(matrix.index) == ["u01", "u00"] and whole["dominant_pct"] == 100
    matrix, _ = audit.outranking(index)
    assert matrix.at["u02", "u01"] == 1 and len(matrix) == 3  # on what both have


# TOPSIS


def test_topsis_of_the_fighter_aircraft():
    """Hwang and Yoon (1981), pp. 133-134: four aircraft, six attributes, cost (the fourth) counts down; the book prints
    0.643, 0.268, 0.613, 0.312. A cost is an attribute with the other sign: the length of its column is the same."""
    x = np.array(
        [
            [2.0, 1500, 20000, -5.5, 5, 9],
            [2.5, 2700, 18000, -6.5, 3, 5],
            [1.8, 2000, 21000, -4.5, 7, 7],
            [2.2, 1800, 20000, -5.0, 5, 5],
        ]
    )
    weights = np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3])
    closeness = outranking.topsis(x, weights)
    # the book goes on with distances of four decimals (0.0920 / (0.0580 + 0.0920) = 0.6133; unrounded 0.6135)
    assert closeness == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=6e-4)
    assert outranking.topsis(x * [1, 9, 1e-6, 3, 1, 1], 7 * weights) == pytest.approx(closeness)
    holes = np.vstack([x, np.full(6, np.nan), [9, np.nan, 1, 1, 1, 1]])
    found = outranking.topsis(holes, weights)
    assert found[:4] == pytest.approx(closeness) and np.isnan(found[4:]).all()


def test_topsis_at_its_ends():
    ends = outranking.topsis(np.array([[0.0, 0.0], [2.0, 5.0], [1.0, 2.5]]), np.array([0.3, 0.7]))
    assert ends == pytest.approx([0, 1, 0.5])
    assert np.isnan(outranking.topsis(np.ones((3, 2)), np.ones(2))).all()
    assert np.isnan(outranking.topsis(np.full((2, 2), np.nan), np.ones(2))).all()
    flat = np.array([[1.0, 0.0], [3.0, 0.0]])  # a child of zeros tells no unit from another
    assert outranking.topsis(flat, np.ones(2)).tolist() == [0, 1]


# Correlations and their p-values


@pytest.mark.parametrize(
    "method, r, p",
    # R, example(cor.test): t = 1.8411, df = 7, p-value = 0.1082, cor 0.5711816; T = 26, p-value = 0.1194, tau 0.4444444;
    # rho 0.6, whose t = 1.984 with 7 degrees of freedom gives 0.0876 (exact = FALSE)
    [("pearson", 0.5711816, 0.1082), ("kendall", 0.4444444, 0.1194), ("spearman", 0.6, 0.0876)],
)
def test_p_values_of_the_textbook(method, r, p):
    found = describe.correlation_tests(index_of(TUNA), method=method)
    assert found[["node", "other", "n"]].values.tolist() == [["hunter", "panel", 9]]
    assert found["r"].item() == pytest.approx(r, abs=5e-8)
    assert found["p_value"].item() == pytest.approx(p, abs=5e-5)
    assert found["reason"].tolist() == [None]


def test_correlations_that_coinr_calls_insignificant_have_p_values_above_its_level(asem):
    """COINr, vignette "Analysis", get_corr(ASEM, Raw, Environ): correlations with p > 0.05 are NA. Scores of indicators
    that count down have the other sign."""
    published = {
        ("CO2", "Forest"): None,
        ("CO2", "MatCon"): 0.7222051,
        ("CO2", "PrimEner"): 0.3268484,
        ("CO2", "Renew"): -0.5986338,
        ("Forest", "MatCon"): None,
        ("Forest", "PrimEner"): None,
        ("Forest", "Renew"): 0.35,
        ("MatCon", "PrimEner"): 0.38,
        ("MatCon", "Renew"): -0.42,
        ("PrimEner", "Renew"): None,
    }
    found = describe.correlation_tests(asem, sorted(asem.spec.leaves("Environ")))
    assert list(zip(found["node"], found["other"])) == list(published)
    sign = asem.spec.nodes["direction"]
    r = found["r"] * found["node"].map(sign) * found["other"].map(sign)
    for (pair, told), value, p in zip(published.items(), r, found["p_value"]):
        assert (p > 0.05) == (told is None), pair
        if told is not None:
            digits = len(str(abs(told))) - 2
            assert round(value, digits) == told, pair
    assert found["n"].tolist() == [51, 51, 50, 51, 51, 50, 51, 50, 51, 50]
    assert found["p_holm"].tolist() == describe.holm(found["p_value"]).tolist()
    across = describe.correlation_tests(asem, ["Environ"], ["Index", "Environ", "Social"])
    assert across["other"].tolist() == ["Index", "Social"]


def test_what_nobody_observed_has_no_p_value_unless_asked_for():
    index = index_of(TUNA | {"made": [3, 1, 4, 1, 5, 9, 2, 6, 5], "flat": [1.0] * 9})
    panel = index.panel.copy()
    panel.loc[panel["indicator"].eq("made") & panel["unit"].eq("u03"), "status"] = "simulated"
    index = Index(index.spec.vary("flat", normalise="goalposts", posts=[0, 2]), panel)
    found = describe.correlation_tests(index).set_index(["node", "other"])
    assert found["reason"].to_dict() == {
        ("hunter", "panel"): None,
        ("hunter", "made"): "simulated",
        ("hunter", "flat"): "few",
        ("panel", "made"): "simulated",
        ("panel", "flat"): "few",
        ("made", "flat"): "simulated",
    }
    assert found["p_value"].notna().tolist() == found["reason"].isna().tolist()
    assert found.loc[("hunter", "panel"), "p_holm"] == found.loc[("hunter", "panel"), "p_value"]
    assert found.loc[("hunter", "made"), "r"] == pytest.approx(
        np.corrcoef(TUNA["hunter"], [3, 1, 4, 1, 5, 9, 2, 6, 5])[0, 1]
    )
    told = describe.correlation_tests(index, simulated=True).set_index(["node", "other"])
    assert told.loc[("hunter", "made"), ["p_value", "p_holm"]].notna().all()
    assert describe.correlation_tests(index, ["P"], ["Q"])["reason"].tolist() == ["simulated"]


def test_correlations_over_draws_are_a_mean_with_its_range():
    index = index_of(TUNA | {"gone": TUNA["panel"]})
    open_cells = index.panel[index.panel["indicator"].eq("gone")]
    index = Index(index.spec, index.panel.drop(open_cells.index), draws=draws_of(open_cells))
    found = describe.correlation_tests(index).set_index(["node", "other"])
    each = [one.wide()[["hunter", "gone"]].corr().iloc[0, 1] for one in index.completions]
    line = found.loc[("hunter", "gone")]
    assert len(each) == 20 and line["r"] == pytest.approx(np.mean(each)) and np.ptp(each) > 0.01
    assert [line["r_low"], line["r_high"]] == pytest.approx(np.quantile(each, [0.05, 0.95]))
    assert line["reason"] == line["r_status"] == index.softness and np.isnan(line["p_value"])
    whole = found.loc[("hunter", "panel")]
    assert whole[["r", "r_low", "r_high"]].tolist() == pytest.approx([0.5711816] * 3, abs=5e-8)
    assert whole["reason"] is None and pd.isna(whole["r_status"])
    told = describe.correlation_tests(index, ["hunter"], ["gone"], simulated=True).iloc[0]
    assert 0 < told["p_value"] < 1 and told["reason"] is None


def test_another_word_for_a_method_is_answered_with_those_known(asem):
    with pytest.raises(InputError) as error:
        describe.correlation_tests(asem, ["CO2", "Forst"], year=1999, method="Pearson")
    assert error.value.faults[0].startswith("no node 'Forst'") and "Forest" in error.value.faults[0]
    assert error.value.faults[1:] == [
        "the panel has no year 1999: it has 2018",
        "method 'Pearson' is not known: type one of pearson, spearman, kendall",
    ]
    with pytest.raises(InputError, match="method 'Pearson' is not known"):
        describe.correlations(asem.wide(), method="Pearson")
    with pytest.raises(InputError, match="measure 'cagr' is not known: type one of growth_rate, slope_pct"):
        describe.trends(asem.steps().raw, measure="cagr")


# Screening


def test_screening_counts_as_coinr_does(asem):
    """COINr, vignette "Analysis": get_data_avail (units) and get_stats (indicators) of the raw ASEM data."""
    found = describe.screening(asem).set_index(["of", "name"])
    units = pd.DataFrame(
        {
            "AUS": [0, 3, 1, 0.9387755],
            "AUT": [0, 2, 1, 0.9591837],
            "BEL": [0, 2, 1, 0.9591837],
            "BGD": [6, 1, 0.877551, 0.9767442],
            "BGR": [0, 0, 1, 1],
        },
        index=["missing", "zero", "available", "not_zero"],
    ).T
    assert found.loc["unit"].loc[units.index, units.columns].to_numpy(float) == pytest.approx(
        units.to_numpy(), abs=5e-8
    )
    shares = {"LPI": 1, "Flights": 1, "Ship": 0.824, "Bord": 0.882, "Elec": 0.922}
    assert found.loc["indicator"].loc[list(shares), "not_zero"].round(3).to_dict() == shares
    assert not found["screened"].any() and len(found) == 51 + 49
    strict = describe.screening(asem, available=0.9, not_zero=0.9).set_index(["of", "name"])
    assert strict.loc[("unit", "BGD"), ["low_data", "low_not_zero", "screened"]].tolist() == [
        True,
        False,
        True,
    ]
    assert strict.loc[("indicator", "Ship"), ["low_data", "low_not_zero", "screened"]].tolist() == [
        False,
        True,
        True,
    ]


def test_screening_takes_out_the_units_that_coinr_takes_out():
    """COINr, ?Screen: four indicators, units KOR to NZL, 75 per cent of the data needed: LAO and MMR go."""
    raw = pd.read_csv(COINR / "asem_raw.csv").set_index("uCode")
    names, units = ["Research", "Pat", "CultServ", "CultGood"], ["KOR", "LAO", "MYS", "MNG", "MMR", "NZL"]
    index = index_of(raw.loc[units, names].to_dict("list"))
    found = describe.screening(index, available=0.75).query("of == 'unit'").set_index("name")
    assert found["available"].tolist() == [0.75, 0.25, 1, 1, 0.5, 1]
    assert found["missing"].tolist() == [1, 3, 0, 0, 2, 0] and found["zero"].eq(0).all()
    assert found["screened"].tolist() == [False, True, False, False, True, False]


def test_zeros_at_the_threshold_stay_and_below_it_go():
    """COINr's own test (tests/testthat/test-Screen.R): of ten cells five zeros go and one stays at 75 per cent."""
    columns = {f"x{number}": [1.0, 2, 3, 4] for number in range(10)}
    for number in range(5):
        columns[f"x{number}"][2] = 0.0
    columns["x0"][3] = 0.0
    index = index_of(columns)
    found = describe.screening(index, not_zero=0.75).query("of == 'unit'")
    assert found["low_not_zero"].tolist() == [False, False, True, False]
    assert not describe.screening(index, not_zero=0.5)[
        "low_not_zero"
    ].any()  # five in ten, two in four: at the threshold
    with pytest.raises(InputError, match="available = 75: a threshold is a share") as error:
        describe.screening(index, 1999, available=75)
    assert len(error.value.faults) == 2


@pytest.mark.parametrize("status", ["drawn", "assumed", "simulated"])
def test_what_nobody_observed_is_no_data(status):
    index = index_of({"a": [0, 2, 3], "b": [0, 2, 3], "c": [1, 2, 3]})
    panel = index.panel.assign(status=index.panel["status"].mask(index.panel["unit"].eq("u01"), status))
    found = describe.screening(Index(index.spec, panel)).set_index("name")
    assert found.loc["u01", ["missing", "available"]].tolist() == [3, 0] and np.isnan(
        found.at["u01", "not_zero"]
    )
    assert found["screened"].to_dict() == {
        name: name == "u01" for name in ["u00", "u01", "u02", "a", "b", "c"]
    }
    assert found.at["u00", "not_zero"] == pytest.approx(1 / 3) and found.at[
        "a", "available"
    ] == pytest.approx(2 / 3)
