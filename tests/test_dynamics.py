"""Convergence, transitions, mobility, density, Moran's I, regressions: exact cases, the libraries, bad input."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.stats import gaussian_kde, kendalltau
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.outliers_influence import variance_inflation_factor

from fire import files
from fire.analysis import determinants, dynamics
from fire.analysis.known import Draws, measured, ranged
from fire.analysis.regions import balanced, wide, with_region
from fire.errors import InputError
from fire.figures import dynamics as figures

YEARS = list(range(2012, 2022))


def tidy(table: pd.DataFrame, node: str = "total") -> pd.DataFrame:
    long = table.rename_axis(index="unit", columns="year").stack().rename("score").reset_index()
    return long.assign(node=node)


def panel(seed: int = 3, units: int = 40, years=YEARS) -> pd.DataFrame:
    """Synthetic scores of ten years that converge slowly."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(index=[f"u{unit:02d}" for unit in range(units)], columns=years, dtype=float)
    table[years[0]] = rng.uniform(2, 9, units)
    for before, after in zip(years, years[1:]):
        table[after] = table[before] ** 0.97 * np.exp(rng.normal(0.06, 0.03, units))
    return table


@pytest.fixture
def made():
    """What the analyses read of an index: forty cities of four regions, three years, two pillars."""
    table, rng = panel(years=[2019, 2020, 2021]), np.random.default_rng(8)
    pillars = {"F": table**0.5, "G": table * rng.uniform(0.5, 1.5, (40, 1))}
    scores = pd.concat([tidy(part, node) for node, part in ({"total": table} | pillars).items()])
    places = pd.DataFrame({"city": table.index, "region": [f"r{unit[1]}" for unit in table.index]})
    spec = SimpleNamespace(root="total", pillars=["F", "G"], nodes=pd.DataFrame(index=["total", "F", "G"]))
    return SimpleNamespace(
        scores=lambda: scores,
        places=places,
        year=2021,
        years=[2019, 2020, 2021],
        spec=spec,
        weight_in_index=pd.Series({"total": 1.0, "F": 0.4, "G": 0.6}),
    )


@pytest.fixture(scope="module")
def places():
    frame = files.read_csv(files.DATA / "places.csv").astype({"lon": float, "lat": float})
    return frame


@pytest.fixture(scope="module")
def on_map(places):
    rng = np.random.default_rng(5)
    table = panel(units=len(places))
    table.index = places["city"]
    return tidy(
        table.mul(1 + 0.2 * (places.set_index("city")["lon"] > 115), axis=0) + rng.normal(0, 0.1, table.shape)
    )


# Convergence


@pytest.mark.parametrize("years", [YEARS, [2020, 2021]])
def test_sigma_is_the_population_standard_deviation(years):
    table = panel(years=years)
    frame = dynamics.sigma(tidy(table), "total")
    assert frame["year"].tolist() == years
    assert frame["sd"].tolist() == pytest.approx(table.std(ddof=0).tolist(), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 0.99), st.integers(1, 9), st.floats(-20, 20), st.floats(0.1, 10))
def test_beta_recovers_an_exact_law_whatever_floor_and_unit(slope, years, floor, unit):
    first = np.array([1.5, 2.0, 3.0, 5.0, 8.0])
    table = pd.DataFrame({2010: first, 2010 + years: 2 + first * slope}, index=list("abcde"))
    row = dynamics.beta(tidy(floor + unit * table), "total").iloc[0]
    assert row["b"] == pytest.approx((slope - 1) / years, abs=1e-9)


@pytest.mark.parametrize("covariance", ["nonrobust", "HC0", "HC1", "HC3"])
def test_beta_errors_equal_statsmodels(covariance):
    table = panel()
    row = dynamics.beta(tidy(table), "total", covariance=covariance).iloc[0]
    x, y = table[2012], (table[2021] - table[2012]) / 9
    result = sm.OLS(y, sm.add_constant(x)).fit(cov_type=covariance, use_t=True)
    assert row[["b", "std_error", "p_value"]].tolist() == pytest.approx(
        [result.params[2012], result.bse[2012], result.pvalues[2012]], abs=1e-10
    )
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx(
        result.conf_int().loc[2012].tolist(), abs=1e-10
    )


def test_conditional_and_clustered_beta():
    table = panel()
    groups = pd.Series([unit[1] for unit in table.index], table.index)
    controls = pd.DataFrame({"要素": np.random.default_rng(1).normal(size=len(table))}, table.index)
    row = dynamics.beta(tidy(table), "total", controls[::-1], groups[::-1]).iloc[0]
    exog = sm.add_constant(pd.DataFrame({"x": table[2012], "c": controls["要素"]}))
    result = sm.OLS((table[2021] - table[2012]) / 9, exog).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(groups)[0]}, use_t=True
    )
    assert row[["b", "std_error"]].tolist() == pytest.approx([result.params["x"], result.bse["x"]], abs=1e-10)


# Transitions and mobility


def test_transitions_published_case():
    chains = pd.DataFrame([list(chain) for chain in ["bac", "cca", "cbc", "aab", "abc"]])
    frame = dynamics.transitions(chains)
    expected = [1 / 4, 1 / 2, 1 / 4, 1 / 3, 0, 2 / 3, 1 / 3, 1 / 3, 1 / 3]
    assert frame["probability"].tolist() == pytest.approx(expected, abs=1e-12)


def test_a_class_that_no_unit_leaves_has_no_probability():
    frame = dynamics.transitions(pd.DataFrame([[1, 2], [2, 3]]), labels=[1, 2, 3])
    assert frame.loc[frame["from"] == 3, "probability"].isna().all() and frame["count"].sum() == 2


def chain(rows: list[list[float]]) -> pd.DataFrame:
    """A transition table of a hundred units in each class, from its probabilities."""
    n = len(rows)
    cells = [(i + 1, j + 1, round(100 * rows[i][j]), rows[i][j]) for i in range(n) for j in range(n)]
    return pd.DataFrame(cells, columns=["from", "to", "count", "probability"])


@pytest.mark.parametrize(
    "rows, shares",
    [
        ([[0.5, 0.25, 0.25], [0.5, 0, 0.5], [0.25, 0.25, 0.5]], [0.4, 0.2, 0.4]),  # Kemeny and Snell: Oz
        ([[0.5, 0.5, 0], [0.2, 0.8, 0], [0.1, 0.1, 0.8]], [2 / 7, 5 / 7, 0]),  # class 3 is left for good
        ([[0.9, 0.1], [0, 1]], [0, 1]),  # and here class 1
        ([[0, 1], [1, 0]], [0.5, 0.5]),  # half the time in each
    ],
)
def test_the_long_run_is_unique_where_one_set_of_classes_is_never_left(rows, shares):
    found = dynamics.long_run(chain(rows))
    assert found["class"].tolist() == list(range(1, len(rows) + 1))
    assert found["share"].tolist() == pytest.approx(shares, abs=1e-12)
    assert found["share"] @ np.array(rows) == pytest.approx(shares, abs=1e-12)


def random_classes(seed: int) -> pd.DataFrame:
    """Classes of forty units in six years, the last of four classes rare."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.choice([1, 2, 3, 4], (40, 6), p=[0.4, 0.3, 0.25, 0.05]))


@pytest.mark.whole
@pytest.mark.parametrize("seed", range(5))
def test_transitions_and_long_run_equal_giddys(seed):
    import giddy

    found = random_classes(seed)
    theirs = giddy.markov.Markov(found.to_numpy(), summary=False)
    frame = dynamics.transitions(found)
    assert frame["count"].tolist() == theirs.transitions.ravel().tolist()
    assert frame["probability"].to_numpy() == pytest.approx(np.asarray(theirs.p).ravel(), abs=1e-12)
    assert dynamics.long_run(frame)["share"].to_numpy() == pytest.approx(theirs.steady_state, abs=1e-12)


@pytest.mark.whole
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_long_run_of_any_chain_is_giddys_or_refused_where_there_are_several(counts):
    import giddy

    rows = np.array(counts, dtype=float) + np.diag([float(not any(row)) for row in counts])
    rows /= rows.sum(axis=1, keepdims=True)
    theirs = np.atleast_2d(giddy.ergodic.steady_state(rows))
    if len(theirs) > 1:
        with pytest.raises(InputError, match="the long run depends on the start"):
            dynamics.long_run(chain(rows))
    else:
        assert dynamics.long_run(chain(rows))["share"].to_numpy() == pytest.approx(theirs[0], abs=1e-12)


def test_the_long_run_of_two_closed_sets_or_of_unknown_moves_is_refused():
    with pytest.raises(
        InputError, match="no unit leaves for others: 1, 2 and 4: the long run depends on the start"
    ):
        dynamics.long_run(chain([[0.5, 0.5, 0, 0], [0.2, 0.8, 0, 0], [0.2, 0.2, 0.2, 0.4], [0, 0, 0, 1]]))
    moves = pd.DataFrame([[1, 2], [2, 3]])
    with pytest.raises(InputError, match="class 3: units enter it, but no year after that is known"):
        dynamics.long_run(dynamics.transitions(moves, labels=[1, 2, 3]))
    never = dynamics.long_run(dynamics.transitions(pd.DataFrame([[1, 2], [2, 1]]), labels=[1, 2, 3]))
    assert never["share"].tolist() == [0.5, 0.5, 0]


def test_classes_are_pooled_quantiles_with_the_upper_bound_included():
    table = pd.DataFrame({2020: [1.0, 2, 3, 4], 2021: [1.0, 2, 3, 4]}, index=list("abcd"))
    found = dynamics.classes(tidy(table), "total", bounds=[1, 2.5, 3], relative=False)
    assert found[2020].tolist() == [1, 2, 3, 4]
    quartiles = dynamics.classes(tidy(panel()), "total")
    assert quartiles.stack().value_counts().tolist() == [100] * 4
    assert (
        "less the mean of its year" in quartiles.attrs["convention"] and len(quartiles.attrs["bounds"]) == 3
    )


def test_moves_list_each_change_of_class():
    found = pd.DataFrame({2020: [1, 2, 2], 2021: [1, 3, 1]}, index=list("abc"))
    assert dynamics.moves(found).to_dict("list") == {
        "unit": ["b", "c"],
        "year": [2021, 2021],
        "class_before": [2, 2],
        "class_after": [3, 1],
        "step": [1, -1],
    }


def test_rank_mobility_by_kendall_and_by_hand():
    table = pd.DataFrame(
        {2019: [3, 2, 1.0, 0.5], 2020: [3, 1, 2.0, 0.5], 2021: [3, 1, 2.0, 4]}, index=list("abcd")
    )
    frame = dynamics.rank_mobility(tidy(table), "total")
    assert frame[["from_year", "to_year"]].values.tolist() == [[2019, 2020], [2020, 2021], [2019, 2021]]
    assert frame["tau"][0] == pytest.approx(kendalltau(table[2019], table[2020])[0], abs=1e-12)
    assert frame["mean_change"].tolist() == [0.5, 1.5, 1.5] and frame["moved"].tolist() == [2, 4, 3]


@pytest.mark.whole
def test_tau_with_ties_is_giddys():
    import giddy

    table = panel(units=30, years=[2019, 2020, 2021]).round(0)
    spans = [(2019, 2020), (2020, 2021), (2019, 2021)]
    theirs = [giddy.rank.Tau(table[first].to_numpy(), table[last].to_numpy()).tau for first, last in spans]
    assert dynamics.rank_mobility(tidy(table), "total")["tau"].tolist() == pytest.approx(theirs, abs=1e-12)


def test_density_is_scipys_and_names_kernel_and_bandwidth():
    table = panel(years=[2020, 2021])
    frame = dynamics.density(tidy(table), "total", points=64)
    grid = frame.query("year == 2021")
    assert grid["density"].to_numpy() == pytest.approx(gaussian_kde(table[2021])(grid["score"]), abs=1e-10)
    assert np.trapezoid(grid["density"], grid["score"]) == pytest.approx(1, abs=5e-3)
    assert "Gaussian kernel; bandwidth by scott (2020: 0." in frame.attrs["convention"]


# Space


def great_circle(points: pd.DataFrame) -> np.ndarray:
    lon, lat = np.radians(points["lon"].to_numpy(float)), np.radians(points["lat"].to_numpy(float))
    chord = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    return 2 * dynamics.EARTH_KM * np.arcsin(np.sqrt(chord))


def as_libpysal(w: pd.DataFrame):
    """Our weights as those of libpysal, row-standardised."""
    import libpysal

    rows = {city: row[row > 0] for city, row in w.iterrows()}
    neighbours = {city: list(row.index) for city, row in rows.items()}
    numbers = {city: list(row) for city, row in rows.items()}
    theirs = libpysal.weights.W(neighbours, numbers, id_order=list(w.index), silence_warnings=True)
    theirs.transform = "r"
    return theirs


def as_table(w) -> pd.DataFrame:
    """Weights of libpysal as ours."""
    return pd.DataFrame(w.full()[0], w.id_order, w.id_order)


def test_weights_are_those_of_libpysal(places):
    import libpysal

    points = places.set_index("city")[["lon", "lat"]].astype(float)
    known = {"ids": list(points.index), "radius": dynamics.EARTH_KM, "silence_warnings": True}
    for k in (1, 4, 8):
        theirs = libpysal.weights.KNN(points.to_numpy(), k=k, **known)
        assert (dynamics.nearest(places, k).to_numpy() == theirs.full()[0] / k).all()
    for cutoff, power in [(None, 1), (None, 2), (2500, 1)]:
        reach = cutoff or 3.14 * dynamics.EARTH_KM
        with np.errstate(divide="ignore"):
            theirs = libpysal.weights.DistanceBand(
                points.to_numpy(), reach, alpha=-power, binary=False, **known
            )
        theirs.transform = "r"
        ours = dynamics.inverse_distance(places, cutoff, power)
        assert ours.to_numpy() == pytest.approx(theirs.full()[0], abs=1e-11)
        assert list(ours.index) == theirs.id_order


def test_weights_follow_great_circle_distances(places):
    distance = great_circle(places)
    np.fill_diagonal(distance, np.inf)
    near, far = dynamics.nearest(places, 5), dynamics.inverse_distance(places, power=2)
    for row, city in enumerate(places["city"]):
        assert set(near.columns[near.loc[city] > 0]) == set(
            places["city"].iloc[np.argsort(distance[row])[:5]]
        )
    inverse = distance**-2.0
    assert dynamics.reach(places, 5) == pytest.approx(np.median(np.sort(distance)[:, 4]))
    assert list(dynamics.neighbourhoods(places[:4], [8, 2])) == [3, 2, None]
    assert far.to_numpy() == pytest.approx(inverse / inverse.sum(axis=1, keepdims=True), abs=1e-15)
    assert near.attrs["convention"].startswith("weights: 5 nearest")
    assert near.sum(axis=1).tolist() == pytest.approx([1.0] * len(places), abs=1e-12)


@pytest.mark.parametrize("make", [dynamics.nearest, dynamics.inverse_distance])
def test_moran_equals_esda_and_its_permutations_come_from_the_generator(on_map, places, make):
    import esda

    w = make(places)
    table, peer = wide(on_map, "total").loc[w.index], as_libpysal(w)
    frame = dynamics.moran(on_map, "total", w, np.random.default_rng(7), 199)
    again = dynamics.moran(on_map.sample(frac=1, random_state=1), "total", w, np.random.default_rng(7), 199)
    pd.testing.assert_frame_equal(frame, again)
    local = dynamics.local_moran(on_map, "total", w, np.random.default_rng(7), 199)
    for year in (2012, 2021):
        theirs = esda.Moran(table[year].to_numpy(), peer, permutations=0)
        row = frame.set_index("year").loc[year, ["I", "expected", "variance_norm", "z_norm", "p_norm"]]
        known = [theirs.I, theirs.EI, theirs.VI_norm, theirs.z_norm, theirs.p_norm]
        assert row.tolist() == pytest.approx(known, abs=1e-12)
        ours = local[local["year"] == year].set_index("unit").loc[w.index]
        theirs_local = esda.Moran_Local(table[year].to_numpy(), peer, permutations=0)
        assert ours["I"].to_numpy() == pytest.approx(theirs_local.Is, abs=1e-12)
        assert ours["z"].to_numpy() == pytest.approx(theirs_local.z, abs=1e-12)
        assert ours["quadrant"].map({"HH": 1, "LH": 2, "LL": 3, "HL": 4}).tolist() == theirs_local.q.tolist()
        assert ours["I"].sum() / len(ours) * len(ours) / (len(ours) - 1) == pytest.approx(theirs.I, abs=1e-10)
    assert (
        w.attrs["convention"] in frame.attrs["convention"] and "199 permutations" in frame.attrs["convention"]
    )


def moran_of(weights, name: str, column: str) -> pd.Series:
    """`dynamics.moran` of a column of the example data of libpysal."""
    import libpysal

    values = np.array(libpysal.io.open(libpysal.examples.get_path(name)).by_col[column], dtype=float)
    scores = tidy(pd.DataFrame({2020: values}, index=pd.Index(weights.id_order, name="unit")))
    return dynamics.moran(scores, "total", as_table(weights), np.random.default_rng(1), 199).iloc[0]


@pytest.mark.parametrize(
    "data, name, column, p",
    [
        ("stl.gal", "stl_hom.txt", "HR8893", 0.00027147862770937614),
        ("sids2.gal", "sids2.dbf", "SIDR74", 0.0001158330781489969),
    ],
)
def test_moran_under_normality_as_esda_documents_it(data, name, column, p):
    import libpysal

    found = moran_of(libpysal.io.open(libpysal.examples.get_path(data)).read(), name, column)
    assert found["p_norm"] == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    "column, moran, z, p",
    [("CRIME", 0.485770914, 5.3818, 7.374e-08), ("INC", 0.416837942, 4.6495, 3.327e-06)],
)
def test_moran_under_normality_as_spdep_prints_it(column, moran, z, p):
    """moran.test(columbus$CRIME, nb2listw(col.gal.nb), randomisation = FALSE, alternative = "two.sided"): variance
    0.008860962. The neighbours of R's example (230) lack three pairs of those of libpysal (236)."""
    import libpysal

    neighbours = dict(libpysal.io.open(libpysal.examples.get_path("columbus.gal")).read().neighbors)
    for one, other in [("5", "16"), ("25", "30"), ("31", "39")]:
        neighbours[one] = [city for city in neighbours[one] if city != other]
        neighbours[other] = [city for city in neighbours[other] if city != one]
    w = libpysal.weights.W(neighbours, id_order=list(neighbours), silence_warnings=True)
    found = moran_of(w, "columbus.dbf", column)
    assert w.nonzero == 230 and found["I"] == pytest.approx(moran, abs=5e-10)
    assert found["variance_norm"] == pytest.approx(0.008860962, abs=5e-10)
    assert found["z_norm"] == pytest.approx(z, abs=5e-5) and found["p_norm"] == pytest.approx(p, rel=2e-4)


def test_permutation_p_values_are_calibrated_and_agree_with_esda(on_map, places):
    import esda

    w, rng = dynamics.nearest(places), np.random.default_rng(11)
    noise = tidy(pd.DataFrame(rng.normal(5, 1, (len(places), 60)), places["city"], range(60)))
    share = (dynamics.moran(noise, "total", w, rng, 199)["p_value"] <= 0.1).mean()
    assert 0.01 <= share <= 0.25
    table, peer = wide(on_map, "total").loc[w.index], as_libpysal(w)
    theirs = esda.Moran(table[2021].to_numpy(), peer, permutations=0)
    ours = dynamics.moran(on_map[on_map["year"] == 2021], "total", w, rng, 4999)
    assert ours["z"][0] == pytest.approx(
        theirs.z_rand, abs=0.15
    )  # permutation z tends to the randomisation z
    local = (
        dynamics.local_moran(on_map[on_map["year"] == 2021], "total", w, rng, 999)
        .set_index("unit")
        .loc[w.index]
    )
    exact = esda.Moran_Local(table[2021].to_numpy(), peer, permutations=0)
    draws = dynamics.local_draws(exact.z, w.to_numpy(), rng, 999)
    assert draws.mean(axis=0) == pytest.approx(exact.EIc, abs=0.15)
    assert np.corrcoef(draws.std(axis=0), np.sqrt(exact.VIc))[0, 1] > 0.99
    assert set(local["quadrant"]) <= {"HH", "LL", "HL", "LH"}
    assert (local.loc[local["cluster"] != "", "p_value"] <= 0.05).all() and (
        ~local["robust"] | (local["p_value"] <= 0.05)
    ).all()


def test_random_placement_gives_the_range_of_the_null(on_map, places):
    import esda

    weights, rng = dynamics.neighbourhoods(places, [4, 2]), np.random.default_rng(3)
    table = dynamics.autocorrelation(on_map, ["total"], weights, rng, 499)
    assert table["neighbours"].fillna(0).tolist() == [4, 2, 0]
    assert (table["null_low"] < 0).all() and (table["null_high"] > 0).all()
    assert table["p_holm"].tolist() == multipletests(table["p_value"], method="holm")[1].tolist()
    found = dynamics.clustering(table)
    last = wide(on_map, "total").loc[weights[4].index, 2021].to_numpy()
    assert found["i"] == pytest.approx(esda.Moran(last, as_libpysal(weights[4]), permutations=0).I)
    assert (found["neighbours"], found["tests"]) == (4, 3) and found["least"] <= found["i"] <= found["most"]
    assert dynamics.in_short(on_map, "total", weights[4])["i"] == pytest.approx(found["i"])


def test_a_planted_cluster_is_found(places):
    south = places.set_index("city")["lat"] < 26
    table = pd.DataFrame({2021: 2.0 + 6 * south}) + np.random.default_rng(2).normal(0, 0.2, (len(places), 1))
    frame = dynamics.local_moran(
        tidy(table), "total", dynamics.nearest(places), np.random.default_rng(1), 499
    )
    assert {"深圳", "广州", "东莞", "佛山"} <= set(frame.query("cluster == 'HH'")["unit"])
    found = dynamics.clusters(frame)
    assert set(found["any"]) == set(frame.loc[frame["robust"], "unit"]) and found["leads"] >= len(
        found["any"]
    )


# Determinants


def test_coefficients_and_diagnostics_equal_statsmodels(on_map, places):
    scores = pd.concat([on_map, on_map.assign(node="F", score=on_map["score"] ** 0.5)])
    data = determinants.growth_frame(with_region(scores, places), ["F"])
    assert data.columns.tolist() == ["unit", "growth", "F", "region"]
    plain = determinants.fit("growth ~ F", data)
    frame = determinants.coefficients(
        {"m": plain, "c": determinants.fit("growth ~ F + I(F**2)", data, clusters="region")}
    )
    exog = sm.add_constant(data[["F"]])
    reference = sm.OLS(data["growth"], exog).fit(cov_type="HC1", use_t=True)
    row = frame.query("model == 'm' and term == 'F'").iloc[0]
    assert row[["estimate", "std_error", "p_value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [reference.params["F"], reference.bse["F"], reference.pvalues["F"], *reference.conf_int().loc["F"]],
        abs=1e-10,
    )
    assert "claim no cause" in frame.attrs["convention"] and "c: cluster errors" in frame.attrs["convention"]
    checks = determinants.diagnostics({"m": plain}).set_index("check")
    assert checks.at["breusch_pagan", "statistic"] == pytest.approx(
        sm.stats.diagnostic.het_breuschpagan(reference.resid, exog)[0], abs=1e-10
    )
    assert checks.at["largest_vif", "statistic"] == pytest.approx(1) and checks.at["largest_vif", "passes"]
    two = determinants.fit("growth ~ F + twin", data.assign(twin=data["F"] + np.arange(len(data)) % 5))
    theirs = variance_inflation_factor(two.model.exog, 1)
    assert determinants.diagnostics({"m": two}).set_index("check").at[
        "largest_vif", "statistic"
    ] == pytest.approx(theirs)


def test_diagnostics_see_collinearity_and_a_wrong_form():
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 3, 80)
    data = pd.DataFrame(
        {"growth": np.exp(x) + rng.normal(0, 0.1, 80), "x": x, "twin": x + rng.normal(0, 1e-4, 80)}
    )
    checks = determinants.diagnostics({"m": determinants.fit("growth ~ x + twin", data)}).set_index("check")[
        "passes"
    ]
    assert not checks["largest_vif"] and not checks["condition_number"] and not checks["reset"]


def test_models_of_growth_and_what_they_find(made):
    fits = determinants.models(made)
    assert list(fits) == ["pillars", "region effects"]
    table = determinants.slopes(determinants.coefficients(fits), ["F", "G"])
    assert table["term"].tolist() == ["F", "G"] * 2
    assert table["p_holm"].tolist() == multipletests(table["p_value"], method="holm")[1].tolist()
    said = determinants.findings(fits, ["F", "G"])
    assert said["r2"] == fits["pillars"].rsquared and said["tests"] == 4
    assert set(determinants.diagnostics(fits)["model"]) == set(fits)
    assert determinants.findings({}, ["F"]) == {} and determinants.diagnostics({}).empty


def test_a_city_alone_in_its_region_says_nothing_about_region_effects(made):
    made.places = made.places.assign(
        region=made.places["region"].where(made.places["city"] != "u07", "alone")
    )
    fits = determinants.models(made)
    assert fits["pillars"].nobs == 40 and fits["region effects"].nobs == 39
    models = dynamics.convergence(balanced(made), ["total"]).set_index("model")
    assert models.at["regional", "n"] == 39 and models.at["absolute", "n"] == 40


def test_models_that_the_data_do_not_allow_are_left_out(made):
    one = SimpleNamespace(**vars(made) | {"places": made.places.assign(region="all")})
    assert list(determinants.models(one)) == ["pillars"]
    assert set(dynamics.convergence(balanced(one), ["total"])["model"]) == {"absolute", "without"}
    one.years, one.year = [2021], 2021
    assert determinants.models(one) == {}


def test_convergence_says_what_becomes_of_it_without_the_strongest_city(made):
    same = balanced(made)
    table = dynamics.convergence(same, ["total", "F"])
    assert table["model"].tolist() == ["absolute", "without", "clustered", "regional"] * 2
    assert table["p_holm"].tolist() == multipletests(table["p_value"], method="holm")[1].tolist()
    strong = dynamics.influential(same, "total")
    cells = pd.DataFrame(
        {"unit": strong, "year": [2019, 2019, 2021], "status": ["observed", "implied", "implied"]}
    )
    said = dynamics.catching_up(same, table, cells.assign(indicator=list("abc")))
    without = dynamics.beta(same[same["unit"] != strong], "total").iloc[0]
    assert said["b3"] == without["b"] and said["b"] == table["b"][0] and said["soft"] == ["b"]
    ends = wide(same, "total").drop(strong).std(ddof=0)
    assert dynamics.gaps(same, "total")["out1"] == pytest.approx(ends.iloc[-1])
    assert dynamics.paths(same, "total")["marked"].sum() >= 7


def test_a_node_with_draws_is_a_range_and_is_not_tested(made):
    same, sizes = balanced(made), (1.0, 2.0)
    root = same["node"].eq("total")
    drawn = [same.assign(score=same["score"].where(~root, same["score"] * size)) for size in sizes]
    table = ranged(Draws(same, drawn).then(dynamics.spread, ["total", "F"]), ["node"]).set_index("node")
    sd = wide(same, "total").std(ddof=0).iloc[0]
    assert table.loc["total", ["sd_2019_low", "sd_2019_high"]].tolist() == pytest.approx(
        [1.05 * sd, 1.95 * sd]
    )
    assert table.at["total", "sd_2019_status"] == "simulated" and pd.isna(table.at["F", "sd_2019_status"])
    told = {"known_share": 1.0, "share_simulated": 0.5 * root, "share_observed": 0.5, "share_printed": 0.0}
    scores = same.assign(**told)
    assert measured(scores, ["total", "F"]) == ["F"] and dynamics.basis(scores, "F") == 50


def test_moves_over_three_years_keep_their_year_and_ranks(made):
    same = balanced(made)
    rank = same.groupby(["year", "node"])["score"].rank(ascending=False, method="min").astype(int)
    same = same.assign(rank=rank)
    found = dynamics.classes(same, "total")
    moved = dynamics.movers(same, "total", found)
    assert len(moved) == len(dynamics.moves(found)) and "year" in moved and moved["rank_before"].notna().all()
    lookup = same[same["node"] == "total"].set_index(["unit", "year"])["rank"]
    for row in moved.itertuples():
        assert (lookup[row.unit, row.year - 1], lookup[row.unit, row.year]) == (
            row.rank_before,
            row.rank_after,
        )
    changes = dynamics.rank_moves(same, "total", largest=3)
    assert len(changes) == 6 and changes["rank_change"].is_monotonic_decreasing
    assert dynamics.mobility(same, "total")["rise_by"] == changes["rank_change"].max()


# Figures


def test_figures_of_ten_years_show_every_year_and_the_slope(on_map, places):
    import esda

    curves = figures.density(on_map, "en")
    assert [text.get_text() for text in curves.legends[0].get_texts()] == [str(year) for year in YEARS]
    local = dynamics.local_moran(
        on_map[on_map["year"] == 2021], "total", dynamics.nearest(places), np.random.default_rng(1), 99
    )
    scatter = figures.moran_scatter(local, "zh")
    line = max((line.get_xydata() for line in scatter.axes[0].lines), key=len)
    slope_of_line = (line[-1, 1] - line[0, 1]) / (line[-1, 0] - line[0, 0])
    table = wide(on_map, "total").loc[dynamics.nearest(places).index, 2021]
    assert slope_of_line == pytest.approx(
        esda.Moran(table.to_numpy(), as_libpysal(dynamics.nearest(places)), permutations=0).I
    )
    for figure in (curves, scatter):
        figures.style.plt.close(figure)


def test_rises_in_rank_have_the_colour_of_rises():
    frame = pd.DataFrame(
        {"unit": ["北京", "上海"], "rank_before": [9, 3], "rank_after": [5, 6], "rank_change": [4, -3]}
    )
    figure = figures.ranks(frame, "en")
    dots = next(dots for dots in figure.axes[0].collections if len(dots.get_facecolors()) == 2)
    assert [to_hex(colour) for colour in dots.get_facecolors()] == [figures.style.RISE, figures.style.FALL]
    assert [text.get_text() for text in figure.axes[0].texts] == ["+4", "−3"]
    figures.style.plt.close(figure)


# Bad input

ONE_YEAR, TWO_YEARS = tidy(panel(years=[2021], units=5)), panel(years=[2020, 2021], units=5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: dynamics.sigma(ONE_YEAR, "total"), r"1 year\(s\) given, at least 2 needed"),
        (lambda: dynamics.beta(ONE_YEAR, "total"), r"at least 2 needed"),
        (lambda: dynamics.classes(ONE_YEAR, "total"), r"at least 2 needed"),
        (lambda: dynamics.rank_mobility(ONE_YEAR, "total"), r"at least 2 needed"),
        (lambda: dynamics.beta(tidy(TWO_YEARS).iloc[1:], "total"), "u00 has no score in 2020: impute it"),
        (lambda: dynamics.beta(tidy(TWO_YEARS[:2]), "total"), "2 rows for 2 coefficients"),
        (
            lambda: dynamics.beta(tidy(TWO_YEARS), "total", pd.DataFrame({"x": [1]}, ["u00"])),
            "column 'x0': missing",
        ),
        (
            lambda: determinants.fit(
                "y ~ x + z", pd.DataFrame({"y": [1.0, 2, 4, 3], "x": [1.0, 2, 3, 5], "z": [2.0, 4, 6, 10]})
            ),
            "exactly collinear: drop one",
        ),
        (lambda: dynamics.density(tidy(TWO_YEARS * 0 + 1), "total"), "2020: all scores are equal"),
        (lambda: dynamics.classes(tidy(TWO_YEARS), "total", bounds=[1, 1]), "bounds do not increase"),
        (lambda: dynamics.transitions(pd.DataFrame([[1, 9]]), [1, 2]), "class '9' is missing or not among"),
        (lambda: dynamics.transitions(pd.DataFrame([[1]])), "1 year given"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_islands_coincident_points_and_strangers_are_refused(places, on_map):
    with pytest.raises(InputError) as error:
        dynamics.inverse_distance(places, cutoff_km=300)
    assert "拉萨 has no neighbour (an island)" in str(error.value) and len(error.value.faults) > 5
    with pytest.raises(InputError, match="same coordinates as another city"):
        dynamics.nearest(pd.concat([places, places[:1].assign(city="双城")]))
    with pytest.raises(InputError, match="北京: longitude or latitude is missing"):
        dynamics.nearest(places.assign(lat=places["lat"].where(places["city"] != "北京")))
    with pytest.raises(InputError, match="北京 is in the scores but not in the weights"):
        dynamics.moran(
            on_map, "total", dynamics.nearest(places[places["city"] != "北京"]), np.random.default_rng(1)
        )
    island = pd.DataFrame([[0, 1, 0], [1, 0, 0], [0, 0, 0]], list("abc"), list("abc"))
    three = tidy(pd.DataFrame({2021: [1.0, 2, 3]}, index=list("abc")))
    with pytest.raises(InputError, match=r"c has no neighbour \(an island\)"):
        dynamics.moran(three, "total", island, np.random.default_rng(1))


def test_weights_of_ones_own_are_a_table_in_any_order_and_are_standardised(places, on_map):
    own = 3 * dynamics.nearest(places).sample(frac=1, random_state=2)
    own.attrs.clear()
    found, ours = (
        dynamics.moran(on_map, "total", w, np.random.default_rng(1), 19)
        for w in (own, dynamics.nearest(places))
    )
    assert found["I"].tolist() == pytest.approx(ours["I"].tolist(), abs=1e-12)
    assert found.attrs["convention"].startswith("weights as given, row-standardised; 19 permutations")


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda w: w.iloc[:, 1:], "weights are a DataFrame: give a square table of cities, as of nearest"),
        (
            lambda w: w.rename(index={"北京": "上海"}, columns={"北京": "上海"}),
            "weights: a city stands twice",
        ),
        (lambda w: -w, "is no number of zero or more: correct it"),
        (lambda w: w.where(w > 0), "北京, 北京: nan is no number of zero or more: correct it"),
    ],
)
def test_what_are_no_weights_is_said(change, words, places, on_map):
    with pytest.raises(InputError, match=words):
        dynamics.moran(on_map, "total", change(dynamics.nearest(places)), np.random.default_rng(1))


# Bad input


@pytest.mark.parametrize(
    "call",
    [
        lambda scores: dynamics.sigma(scores, "total"),
        lambda scores: dynamics.spread(scores, ["total"]),
        lambda scores: dynamics.gaps(scores, "total"),
        lambda scores: dynamics.beta(scores, "total"),
        lambda scores: dynamics.convergence(scores.assign(region="r"), ["total"]),
        lambda scores: dynamics.influential(scores, "total"),
        lambda scores: dynamics.paths(scores, "total"),
        lambda scores: dynamics.classes(scores, "total"),
        lambda scores: dynamics.transitions(scores.pivot(index="unit", columns="year", values="node")),
        lambda scores: dynamics.rank_mobility(scores, "total"),
        lambda scores: dynamics.mobility(scores, "total"),
        lambda scores: dynamics.shift(scores, "total"),
        lambda scores: dynamics.in_short(scores, "total", None),
    ],
)
def test_one_year_is_no_comparison(call):
    with pytest.raises(InputError, match="1 year.* given, at least 2 needed: add years"):
        call(tidy(panel(years=[2021])))


def test_what_one_year_allows():
    scores = tidy(panel(years=[2021])).assign(region="r")
    scores["rank"] = scores["score"].rank(ascending=False)
    moves = dynamics.rank_moves(scores, "total")
    assert list(moves) == ["unit", "rank_before", "rank_after", "rank_change"] and moves.empty
    found = pd.DataFrame({2021: [1, 2]}, index=["u00", "u01"])
    assert dynamics.moves(found).empty and "step" in dynamics.movers(scores, "total", found)
    assert set(dynamics.density(scores, "total")["year"]) == {2021}


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda s, p: dynamics.beta(s, "total", covariance="HC9"),
            "'HC9' is not known: type one of nonrobust",
        ),
        (
            lambda s, p: dynamics.beta(s, "total", pd.DataFrame({"a": "x"}, s["unit"])),
            "control 'a' is no number",
        ),
        (
            lambda s, p: dynamics.convergence(s, ["total"]),
            "'region' is missing: give a table as of regions.bal",
        ),
        (
            lambda s, p: dynamics.density(s, "total", "Scott"),
            "'Scott' is not known: type one of scott, silver",
        ),
        (lambda s, p: dynamics.classes(s, "total", k=1), "k = 1: choose two classes or more"),
        (lambda s, p: dynamics.rank_moves(s, "zz"), "the node does not occur: choose one of total"),
        (lambda s, p: dynamics.basis(s, "zz"), "the node does not occur: choose one of total"),
        (
            lambda s, p: dynamics.moran(s, "total", None, None),
            "weights are a NoneType: give a square table of cit",
        ),
        (lambda s, p: dynamics.moran(s, "total", None, None, 0), "permutations = 0: give 1 or more"),
        (lambda s, p: dynamics.nearest(p[["city"]]), "column 'lon' is missing"),
        (lambda s, p: dynamics.inverse_distance(p, power=0), "power = 0: give a number above zero"),
        (lambda s, p: dynamics.reach(p, 99), "k = 99: choose 1 to"),
    ],
)
def test_arguments_that_cannot_be(call, words, places):
    with pytest.raises(InputError, match=words):
        call(tidy(panel()), places)


def test_clusters_may_be_a_dictionary():
    table = panel()
    groups = pd.Series([unit[1] for unit in table.index], table.index)
    both = [dynamics.beta(tidy(table), "total", clusters=one) for one in (groups, dict(groups))]
    assert both[0].equals(both[1])
