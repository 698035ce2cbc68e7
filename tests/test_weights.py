"""Weights against published cases (the river data of the mathmodels handbook, AHP) and their properties."""

import numpy as np
import pandas as pd
import pytest
from engine_data import GOLDEN, columns, flat, index, only, random_panel, word
from numpy.testing import assert_allclose

from fire.errors import InputError
from fire.files import DATA
from fire.index import score, weights
from fire.index import spec as specs
from fire.index.index import Index

RIVER = pd.read_csv(GOLDEN / "river.csv")
Z = RIVER[["z_O2", "z_PH", "z_germ", "z_nutrient"]]
JUDGEMENTS = [
    [1, "1/2", 4, 3, 3],
    [2, 1, 7, 5, 5],
    ["1/4", "1/7", 1, "1/2", "1/3"],
    ["1/3", "1/5", 2, 1, 1],
    ["1/3", "1/5", 3, 1, 1],
]


def test_entropy_of_the_river_data():
    found = weights.entropy(Z, ready=True)
    assert_allclose(found, [0.3161601429, 0.1804658010, 0.3510469869, 0.1523270692], atol=5e-11)
    assert_allclose(
        list(found.attrs["entropy"].values()),
        [0.9116123153, 0.9495478646, 0.9018591334, 0.9574145025],
        atol=5e-11,
    )
    assert_allclose(100 * Z @ found.to_numpy(), RIVER["score_entropy_0ln0"], atol=1e-8)


@pytest.mark.parametrize(
    "shift, expected",
    [
        (0.0001, [0.3161449576, 0.1804594450, 0.3510609580, 0.1523346394]),
        (0.01, [0.3144360444, 0.1806503768, 0.3510468731, 0.1538667058]),
        (1, [0.3024411186, 0.1907051182, 0.3033487778, 0.2035049854]),
    ],
)
def test_the_shift_moves_entropy_weights_and_is_stated(shift, expected):
    found = weights.entropy(Z, shift=shift, ready=True)
    assert_allclose(found, expected, atol=5e-11)
    assert found.attrs["shift"] == shift


def test_entropy_with_the_shrinking_of_the_handbook():
    shrunk = 0.002 + 0.996 * Z[["z_O2", "z_germ"]]
    shrunk = Z.assign(**shrunk).replace({"z_PH": {0: 0.002, 1: 0.998}, "z_nutrient": {0: 0.002, 1: 0.998}})
    found = weights.entropy(shrunk, ready=True)
    assert_allclose(found, [0.3153202, 0.1813149, 0.3506929, 0.1526721], atol=5e-8)
    assert_allclose(
        (100 * shrunk @ found.to_numpy())[:4], [42.05869, 43.14229, 59.75555, 58.55797], atol=5e-6
    )


def test_critic_of_the_river_data():
    full = weights.unit_range(Z)
    found = weights.critic(Z, ready=True)
    assert_allclose(found, [0.2561818, 0.2257389, 0.2539392, 0.2641401], atol=5e-8)
    assert_allclose(weights.critic(0.002 + 0.996 * full), weights.critic(full))  # a change of scale: nothing
    assert_allclose((100 * Z @ found.to_numpy())[:3], [53.57760, 45.72631, 64.85384], atol=5e-6)


def test_critic_with_entropy_of_the_river_data():
    found = weights.critic(Z, spread="entropy", ready=True, ends=0.002)
    assert_allclose(found, [0.3013685, 0.1866990, 0.3438015, 0.1681310], atol=5e-8)


def test_critic_variants_differ():
    variants = [
        weights.critic(Z),
        weights.critic(Z, correlation="spearman"),
        weights.critic(Z, absolute=True),
        weights.critic(Z, spread="entropy"),
    ]
    assert all(one.sum() == pytest.approx(1) for one in variants)
    assert len({tuple(one.round(6)) for one in variants}) == 4


def test_ahp_case():
    found = weights.ahp(JUDGEMENTS)
    assert_allclose(found, [0.26360349, 0.47583538, 0.05381460, 0.09806829, 0.10867824], atol=5e-9)
    assert found.attrs["lambda_max"] == pytest.approx(5.072084, abs=5e-7)
    assert found.attrs["consistency_index"] == pytest.approx(0.0180211, abs=5e-8)
    assert found.attrs["consistency_ratio"] == pytest.approx(0.01609027, abs=5e-9)
    assert not np.allclose(weights.ahp(JUDGEMENTS, method="geometric_mean"), found, atol=1e-4)
    with pytest.raises(InputError, match="row 2, column 1: 3 is not the inverse of 2"):
        weights.ahp([[1, 2], [3, 1]])


def test_constant_columns_and_all_constant():
    data = pd.DataFrame({"x": [0.1, 0.5, 0.9], "flat": [0.5, 0.5, 0.5]})
    for method in (weights.entropy, weights.critic, weights.variation):
        assert method(data)["flat"] == 0
        with pytest.raises(InputError, match="all weights are zero"):
            method(data[["flat"]])
    with pytest.raises(InputError, match="flat: constant"):
        weights.components(data)


def test_an_indicator_without_data_has_no_entropy_weight():
    data = pd.DataFrame({"x": [0.1, 0.5, 0.9], "y": [1, 0.3, 0.2], "none": [np.nan] * 3})
    found = weights.entropy(data)
    assert found["none"] == 0
    assert_allclose(found[["x", "y"]], weights.entropy(data[["x", "y"]]))


def test_variation_by_hand():
    data = pd.DataFrame({"x": [1.0, 2, 3], "y": [2.0, 6, 10]})
    assert_allclose(weights.variation(data), [0.5 / (0.5 + 4 / 6), (4 / 6) / (0.5 + 4 / 6)])
    with pytest.raises(InputError, match="mean -2 is not above zero"):
        weights.variation(-data)


def test_principal_components():
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 4)), columns=list("abcd"))
    data["b"] += 2 * data["a"]
    table, loadings = weights.components(data)
    values, vectors = np.linalg.eigh(data.corr())
    assert_allclose(table["eigenvalue"], values[::-1])
    assert_allclose(np.abs(loadings), np.abs(vectors[:, ::-1]), atol=1e-9)
    assert (loadings.sum() > 0).all() and table["cumulative"].iloc[-1] == pytest.approx(1)
    assert_allclose(weights.pca(data), loadings["PC1"] ** 2)
    assert_allclose(weights.pca(data, rule="loadings"), loadings["PC1"])
    assert weights.pca(data, rule="retained").sum() == pytest.approx(1)


# The Technology Achievement Index of the OECD/JRC Handbook on Constructing Composite Indicators (2008), p. 89-91: four
# components kept. Its inputs are in the gallery, telephones and electricity as logarithms with two decimals.
TAI = pd.read_csv(DATA / "indices/gallery/tai-2001/raw.csv", index_col="unit").drop(columns="year")
SHARES = [41.9, 21.8, 12.3, 11.1, 6.0, 3.7, 2.2, 0.9]  # table 16, per cent
ROTATED = pd.DataFrame(  # table 17, without signs
    {
        "patents": [0.07, 0.97, 0.06, 0.06],
        "royalties": [0.13, 0.07, 0.07, 0.93],
        "internet": [0.79, 0.21, 0.21, 0.42],
        "exports": [0.64, 0.56, 0.04, 0.36],
        "telephones": [0.37, 0.17, 0.38, 0.68],
        "electricity": [0.82, 0.04, 0.25, 0.35],
        "schooling": [0.88, 0.23, 0.09, 0.09],
        "university": [0.08, 0.04, 0.96, 0.04],
    }
).T
EXPLAINED = [0.38, 0.20, 0.17, 0.25]  # table 17
PRINTED = [0.17, 0.15, 0.11, 0.06, 0.08, 0.12, 0.14, 0.16]  # table 18, principal components


def test_rotated_components_of_the_handbook():
    table, vectors = weights.components(TAI)
    assert_allclose(100 * table["share"], SHARES, atol=0.15)
    found = weights.varimax((vectors * np.sqrt(table["eigenvalue"])).iloc[:, :4])
    assert_allclose(found.abs(), ROTATED, atol=0.014)  # without Kaiser's normalisation 0.02 away


def test_rotated_weights_of_the_handbook():
    found = weights.pca(TAI, rule="rotated", kept=4)
    assert_allclose(found, PRINTED, atol=0.0065)
    groups = [["internet", "electricity", "schooling"], ["patents", "exports"], ["university"]]
    groups += [["royalties", "telephones"]]
    factor = pd.Series(found.attrs["factor"])
    assert sorted(sorted(factor.index[factor == one]) for one in factor.unique()) == sorted(
        map(sorted, groups)
    )
    assert_allclose(list(found.attrs["variance"].values()), EXPLAINED, atol=0.006)
    assert abs(weights.pca(TAI, rule="retained", kept=4) - PRINTED).max() > 0.02


def test_rotated_weights_are_shares_of_factors_times_shares_in_them():
    one = weights.pca(TAI, rule="rotated", kept=1)  # nothing to rotate
    assert_allclose(one, weights.pca(TAI), atol=1e-12)
    four = weights.pca(TAI, rule="rotated", kept=4)
    table, vectors = weights.components(TAI)
    squared = weights.varimax((vectors * np.sqrt(table["eigenvalue"])).iloc[:, :4]) ** 2
    scaled, share = squared / squared.sum(), squared.sum() / squared.to_numpy().sum()
    product = scaled.max(axis=1) * scaled.idxmax(axis=1).map(share)
    assert_allclose(four, product / product.sum())


def test_components_kept_are_those_above_one_unless_said():
    assert (weights.components(TAI)[0]["eigenvalue"] > 1).sum() == 2
    for rule in ("retained", "rotated"):
        assert_allclose(weights.pca(TAI, rule), weights.pca(TAI, rule, kept=2))
    with pytest.raises(InputError, match="9 components cannot be kept: type a number from 1 to 8"):
        weights.pca(TAI, "rotated", kept=9)
    with pytest.raises(
        InputError, match="rule 'varimax' is not known: type one of squared, retained, rotated"
    ):
        weights.pca(TAI, "varimax")


def test_benefit_of_the_doubt_keeps_its_bounds():
    data = pd.DataFrame({"x": [1, 0.5, 0.4], "y": [0.5, 1, 0.4]}, index=list("abc"))
    free, bounded = (
        weights.benefit_of_the_doubt(data),
        weights.benefit_of_the_doubt(data, least=0.3, most=0.7),
    )
    shares = bounded * data
    assert_allclose(free.attrs["scores"], [1, 1, 8 / 15])
    assert (shares.div(shares.sum(axis=1), axis=0) > 0.3 - 1e-9).all(axis=None)
    with pytest.raises(InputError, match="a: no weights meet the bounds"):
        weights.benefit_of_the_doubt(data, least=0.6)


def test_importance_weights_are_never_negative_and_meet_their_target():
    rng = np.random.default_rng(4)
    common = rng.normal(size=80)
    own = {name: rng.normal(size=80) for name in "abc"}
    data = pd.DataFrame({"a": common + own["a"], "b": common + own["b"], "c": own["c"]})
    found = weights.importance(data)
    assert (found >= 0).all() and found.sum() == pytest.approx(1)
    assert found.attrs["largest_miss"] < 1e-4 and found["c"] > found["a"]
    target = pd.Series({"a": 2, "b": 1, "c": 1})
    assert_allclose(weights.importances(data, weights.importance(data, target)), [0.5, 0.25, 0.25], atol=1e-3)
    hard = data.assign(d=-data["a"] + 0.1 * data["c"])
    assert (weights.importance(hard) >= 0).all() and weights.importance(hard).attrs["largest_miss"] > 0.05


def test_effective_weights():
    spec = specs.load("fire-2022")
    found = weights.effective(spec)
    assert found[spec.indicators].sum() == pytest.approx(1) and found["gdp"] == pytest.approx(0.15 / 4)
    assert found["F"] == pytest.approx(found[spec.leaves("F")].sum())


def test_effective_weights_are_those_that_data_gave():
    spec = index(
        word("P", parent="total"),
        word("Q", parent="total"),
        *(word(leaf, parent=leaf.upper()[0]) for leaf in ("p1", "p2", "q1", "q2")),
        weighting="entropy",
    )
    made = Index(spec, random_panel(spec))
    found = made.weight_in_index
    assert found[spec.indicators].sum() == pytest.approx(1)
    assert found["p1"] == pytest.approx(made.weights["P"] * made.weights["p1"])
    assert abs(found["p1"] - weights.effective(spec)["p1"]) > 0.01


def test_reader_set_weights():
    spec = specs.load("fire-2022")
    found = weights.reader(spec, {"F": 2, "I": 4, "R": 0, "E": 2})
    assert found.to_dict() == {"F": 0.25, "I": 0.5, "R": 0, "E": 0.25}
    assert spec.vary(weights=found.to_dict()).rules["I"]["weight"] == 0.5
    for given, words in [
        ({"F": 1}, "'I' has no weight"),
        ({"F": 1, "I": -1, "R": 1, "E": 1}, "weight of 'I' is -1"),
        (dict.fromkeys("FIRE", 0), "all zero"),
        ({"FF": 1}, "no node 'FF'"),
    ]:
        with pytest.raises(InputError, match=words):
            weights.reader(spec, given)


@pytest.mark.parametrize("method", ["equal", "entropy", "critic", "variation", "pca", "importance"])
def test_weights_derived_inside_the_index(method):
    spec = flat("x", "y", "z", weighting=method, scale=[1, 10], reference="base", base_year=2020)
    cells = random_panel(spec, units=30)
    done = score.steps(spec, cells)
    base = done.normalised.loc[[2020]]
    expected = weights.importance(base) if method == "importance" else getattr(weights, method)(base)
    assert_allclose(done.weights[["x", "y", "z"]], expected, rtol=1e-6)
    assert_allclose(done.scores["total"], done.normalised @ done.weights[["x", "y", "z"]])
    more = pd.concat(
        [cells, cells[cells["year"].eq(2021)].assign(year=2022, value=lambda table: table["value"] * 9)]
    )
    assert_allclose(score.steps(spec, more).weights, done.weights)  # later years do not move them


def test_ahp_inside_the_index():
    spec = index(word("x", parent="total"), word("y", parent="total"), normalise="none").vary(
        "total", weighting="ahp", judgements=[[1, 3], ["1/3", 1]]
    )
    assert_allclose(only(score.compute(spec, columns(x=[1], y=[5]))), [0.75 + 1.25])
