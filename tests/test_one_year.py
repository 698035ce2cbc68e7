"""The analyses on small panels: one year, two units, one unit, a region without cities. Every public function of regions,
dynamics, determinants, describe and audit gives a result or one InputError, and neither a bare error nor a warning."""

import inspect
import warnings
from functools import cache, cached_property

import numpy as np
import pandas as pd
import pytest
from test_any_index import PLACES, UNITS, cells, rows, table
from whole import few

from fire.analysis import audit, describe, determinants, dynamics, regions
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index

SPACED = PLACES.assign(lon=100 + 1.3 * np.arange(8), lat=30 + 0.1 * np.arange(8) ** 2)
ALTERNATIVES = {"weights": {"band": [0.2, 0.2]}, "aggregation": ["arithmetic", "geometric"], "floor": 0.01}
NOBODY = pd.DataFrame({"city": ["空"], "city_en": ["Empty"], "region": ["北"], "lon": [120.0], "lat": [40.0]})


def small(years=(2020, 2021), units=UNITS, places=SPACED, gone=()) -> Index:
    """Made-up values of eight cities in two regions; the cities `gone` have none in the last year."""
    spec = specs.build(table(rows(), base_year=years[0]), "made")
    panel = cells(spec.indicators, years)
    lost = panel["unit"].isin(gone) & panel["year"].eq(years[-1])
    return Index(spec, panel[panel["unit"].isin(units) & ~lost], places=places)


class Given:
    """What the functions are given, of one index."""

    def __init__(self, index):
        self.index, self.scores, self.places = index, index.scores(), index.places
        self.mine = self.places[self.places["city"].isin(index.units)]
        self.same, self.means = regions.balanced(index), regions.means(index)

    @property
    def rng(self):
        return np.random.default_rng(1)

    @property
    def values(self):
        return regions.wide(self.same, "total").iloc[:, -1]

    @property
    def groups(self):
        return self.same.drop_duplicates("unit").set_index("unit")["region"]

    @property
    def league(self):
        return regions.league(self.means, self.index.year, ["total", "P", "Q"])

    @property
    def cities(self):
        return regions.cities(self.scores, self.places, "total", self.index.year)

    @property
    def orders(self):
        return regions.shuffled(self.same["unit"].nunique(), self.rng, 99)

    @property
    def differences(self):
        return regions.differences(self.same, ["total", "P"], self.orders)

    @property
    def classes(self):
        return dynamics.classes(self.same, "total", k=2)

    @property
    def chain(self):
        return dynamics.transitions(self.classes)

    @property
    def fits(self):
        return determinants.models(self.index)

    @property
    def w(self):
        return dynamics.nearest(self.mine, 1)

    @property
    def spatial(self):
        return dynamics.autocorrelation(
            self.same, ["total"], dynamics.neighbourhoods(self.mine, [1]), self.rng, 19
        )

    @property
    def local(self):
        return dynamics.local_moran(self.same, "total", self.w, self.rng, 19)

    @cached_property
    def lines(self):
        return audit.run(self.index, None, ALTERNATIVES, 20, 1)


CALLS = {
    "regions.with_region": lambda m: regions.with_region(m.scores, m.places),
    "regions.cities": lambda m: m.cities,
    "regions.balanced": lambda m: regions.balanced(m.index),
    "regions.steady": lambda m: regions.steady(m.scores, m.index),
    "regions.means": lambda m: regions.means(m.index),
    "regions.means_of": lambda m: regions.means_of([m.index])[0],
    "regions.distribution": lambda m: regions.distribution(m.index),
    "regions.league": lambda m: m.league,
    "regions.above": lambda m: regions.above(m.league, m.cities),
    "regions.fastest": lambda m: regions.fastest(m.league),
    "regions.two_rates": lambda m: regions.two_rates(m.league),
    "regions.structure": lambda m: regions.structure(m.cities),
    "regions.spread": lambda m: regions.spread(regions.structure(m.cities)),
    "regions.wide": lambda m: regions.wide(m.same, "total"),
    "regions.aligned": lambda m: regions.aligned("groups", m.groups, m.values),
    "regions.dagum_tables": lambda m: regions.dagum_tables(m.values, m.groups),
    "regions.dagum": lambda m: regions.dagum(m.values, m.groups),
    "regions.gini": lambda m: regions.gini(m.values),
    "regions.theil": lambda m: regions.theil(m.values, m.groups),
    "regions.theil_nested": lambda m: regions.theil_nested(m.values, [m.groups], "L"),
    "regions.theil_crossed": lambda m: regions.theil_crossed(m.values, m.groups, m.groups),
    "regions.by_year": lambda m: regions.by_year(m.same, "total", regions.dagum),
    "regions.by_node": lambda m: regions.by_node(regions.by_year, m.same, "total", regions.theil),
    "regions.between_regions": lambda m: regions.between_regions(
        m.values.to_numpy(), pd.get_dummies(m.groups).to_numpy(float)
    ),
    "regions.mean_difference": lambda m: regions.mean_difference(m.values.to_numpy()),
    "regions.shuffled": lambda m: m.orders,
    "regions.differences": lambda m: m.differences,
    "regions.judged": lambda m: regions.judged(
        dynamics.comparable(m.index).then(regions.differences, ["total"], m.orders)
    ),
    "regions.between": lambda m: regions.between(m.differences, "total"),
    "regions.widening": lambda m: regions.widening(m.differences, "total", m.index.year, m.index.before),
    "regions.concentration": lambda m: regions.concentration(m.values),
    "regions.location_gini": lambda m: regions.location_gini(m.values),
    "regions.concentrations": lambda m: regions.concentrations(m.index, "a"),
    "regions.concentrated": lambda m: regions.concentrated(regions.concentrations(m.index, "a")),
    "describe.availability": lambda m: describe.availability(m.index.steps().raw),
    "describe.screening": lambda m: describe.screening(m.index),
    "describe.statistics": lambda m: describe.statistics(m.index.wide()),
    "describe.correlations": lambda m: describe.correlations(m.index.wide()),
    "describe.correlation_tests": lambda m: describe.correlation_tests(m.index, siblings=True),
    "describe.slope_pct": lambda m: describe.slope_pct(np.array(m.index.years), np.ones(len(m.index.years))),
    "describe.trends": lambda m: describe.trends(m.index.steps().raw, m.index.spec, last=2),
    "describe.holm": lambda m: describe.holm(describe.correlation_tests(m.index)["p_value"]),
    "determinants.growth_frame": lambda m: determinants.growth_frame(m.same, ["P", "Q"]),
    "determinants.yearly_change": lambda m: determinants.yearly_change(m.same, "total"),
    "determinants.fit": lambda m: determinants.fit(
        "growth ~ P", determinants.growth_frame(m.same, ["P"]), clusters="region"
    ),
    "determinants.accompanied": lambda m: determinants.accompanied(m.same),
    "determinants.models": lambda m: m.fits,
    "determinants.coefficients": lambda m: determinants.coefficients(m.fits),
    "determinants.slopes": lambda m: determinants.slopes(determinants.coefficients(m.fits), ["P"]),
    "determinants.diagnostics": lambda m: determinants.diagnostics(m.fits),
    "determinants.verdicts": lambda m: determinants.verdicts(determinants.diagnostics(m.fits)),
    "determinants.findings": lambda m: determinants.findings(m.fits, ["P"]),
    "audit.opinions": lambda m: audit.opinions(m.lines),
    "audit.covered": lambda m: audit.covered(m.lines),
    "audit.thresholds": lambda m: audit.thresholds(),
    "audit.run": lambda m: m.lines,
    "audit.known_parts": lambda m: audit.known_parts(m.index),
    "audit.verdict": lambda m: audit.verdict(np.nan, {}),
    "audit.alpha": lambda m: audit.alpha(m.index.wide()[["a", "b"]]),
    "audit.adequacy": lambda m: audit.adequacy(m.index.wide()[["a", "b"]]),
    "audit.correlations": lambda m: audit.correlations(m.index.wide()[["a", "b"]]),
    "audit.loadings": lambda m: audit.loadings(m.index),
    "audit.effective": lambda m: audit.effective(m.index),
    "audit.extremes": lambda m: audit.extremes(audit.effective(m.index)),
    "audit.outranking": lambda m: audit.outranking(m.index),
    "audit.correlation_ratio": lambda m: audit.correlation_ratio(
        *(m.index.wide()[n] for n in ("P", "total"))
    ),
    "audit.leave_one_out": lambda m: audit.leave_one_out(m.index),
    "audit.table": lambda m: audit.table(m.lines),
    "audit.summary": lambda m: audit.summary(m.lines),
    "audit.overall": lambda m: audit.overall(m.lines),
    "dynamics.comparable": lambda m: dynamics.comparable(m.index),
    **{
        f"dynamics.{name}": lambda m, name=name: getattr(dynamics, name)(m.same, "total")
        for name in ("sigma", "basis", "gaps", "beta", "influential", "paths")
        + ("rank_mobility", "rank_moves", "mobility", "shift", "density")
    },
    "dynamics.spread": lambda m: dynamics.spread(m.same, ["total", "P"]),
    "dynamics.convergence": lambda m: dynamics.convergence(m.same, ["total"]),
    "dynamics.catching_up": lambda m: dynamics.catching_up(
        m.same, dynamics.convergence(m.same, ["total"]), m.index.panel
    ),
    "dynamics.classes": lambda m: m.classes,
    "dynamics.transitions": lambda m: m.chain,
    "dynamics.long_run": lambda m: dynamics.long_run(m.chain),
    "dynamics.moves": lambda m: dynamics.moves(m.classes),
    "dynamics.movers": lambda m: dynamics.movers(m.same, "total", m.classes),
    "dynamics.staying": lambda m: dynamics.staying(m.chain, "total"),
    "dynamics.nearest": lambda m: m.w,
    "dynamics.inverse_distance": lambda m: dynamics.inverse_distance(m.mine),
    "dynamics.neighbourhoods": lambda m: dynamics.neighbourhoods(m.mine, [4, 2]),
    "dynamics.reach": lambda m: dynamics.reach(m.mine, 1),
    "dynamics.moran": lambda m: dynamics.moran(m.same, "total", m.w, m.rng, 19),
    "dynamics.local_moran": lambda m: m.local,
    "dynamics.local_draws": lambda m: dynamics.local_draws(np.array([-1.0, 1]), np.eye(2)[::-1], m.rng, 3),
    "dynamics.autocorrelation": lambda m: m.spatial,
    "dynamics.clustering": lambda m: dynamics.clustering(m.spatial),
    "dynamics.in_short": lambda m: dynamics.in_short(m.same, "total", m.w),
    "dynamics.clusters": lambda m: dynamics.clusters(m.local),
}
ASKING = {"no_index", "no_table", "no_numbers", "no_number", "no_generator", "unchosen", "unknown", "listed"}
ASKING |= {"year_of"}
SPATIAL = {"moran", "local_moran", "autocorrelation", "clustering", "clusters", "in_short"}
WEIGHTS = {"nearest", "inverse_distance", "neighbourhoods", "reach"}
LINE = {"gaps", "beta", "influential", "paths", "convergence", "catching_up"}  # needs three cities
COMPARED = LINE | {"sigma", "spread", "classes", "transitions", "long_run", "moves", "movers", "staying"}
COMPARED |= {"rank_mobility", "mobility", "shift", "in_short"}
GROWTH = {"determinants.growth_frame", "determinants.yearly_change", "determinants.fit"}


def of(names) -> set:
    return {f"dynamics.{name}" for name in names}


CASES = {
    "one year": (lambda: small((2021,)), of(COMPARED) | GROWTH),
    "a year of a gap": (lambda: small((2018, 2021)), of(COMPARED) | GROWTH),
    "two units": (
        lambda: small(units=UNITS[:2]),
        of(LINE | {"local_moran", "clusters", "long_run"}) | {"determinants.fit", "audit.correlations"},
    ),
    "one unit": (
        lambda: small(units=UNITS[:1]),
        of(LINE | SPATIAL | WEIGHTS | {"shift", "density"}) | {"determinants.fit", "audit.correlations"},
    ),
    "a region without cities": (lambda: small(places=pd.concat([SPACED, NOBODY])), set()),
    "a region that left": (lambda: small(gone=UNITS[::2]), of(SPATIAL) | {"determinants.fit"}),
}


@cache
def given(case: str) -> Given:
    return Given(CASES[case][0]())


def test_every_public_function_is_called():
    public = {
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in (regions, describe, determinants, audit, dynamics)
        for name, found in vars(module).items()
        if inspect.isfunction(found) and found.__module__ == module.__name__ and name[0] != "_"
    }
    assert public - {f"describe.{name}" for name in ASKING} == set(CALLS)


@pytest.mark.parametrize("case", few(CASES, "one year", "one unit"))
def test_small_panels(case):
    refused, bare = set(), {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, call in CALLS.items():
            try:
                call(given(case))
            except InputError:
                refused.add(name)
            except Exception as error:
                bare[name] = repr(error)
    assert bare == {} and refused == CASES[case][1]


# What the numbers are


def test_without_any_difference_there_is_no_p_value():
    """With equal scores no share between regions exists; with one city no order differs."""
    same = regions.balanced(small()).assign(score=5.0)
    found = regions.differences(same, ["total"], regions.shuffled(8, np.random.default_rng(1), 99))
    assert found[["between_pct", "expected_pct", "p_value"]].isna().all(axis=None)
    assert found["sd_2021"].eq(0).all() and not regions.between(found, "total")["more"]
    alone = regions.balanced(small(units=UNITS[:1]))
    found = regions.differences(alone, ["total"], regions.shuffled(1, np.random.default_rng(1), 99))
    assert found["p_value"].isna().all()


def test_one_year_has_no_fits_and_an_empty_table_of_them():
    one = small((2021,))
    empty, full = (determinants.coefficients(determinants.models(index)) for index in (one, small()))
    assert list(empty) == list(full) and empty.empty and len(full) > 3
    assert list(determinants.slopes(empty, ["P"])) == list(determinants.slopes(full, ["P"]))
    assert determinants.findings({}, ["P"]) == {} and ";;" not in empty.attrs["convention"].replace(" ", "")
    trends = describe.trends(one.steps().raw)
    assert trends["trend"].isna().all() and trends["available"].eq(1).all()
    assert (
        dynamics.staying(dynamics.transitions(pd.DataFrame({2020: ["a"], 2021: ["b"]}), "ab"), "x")["stay"]
        == 0
    )


def test_two_units_and_one():
    """Two units: Moran's I is -1 whoever stands where; one unit has no correlation with itself."""
    two, one = given("two units"), given("one unit")
    moran = dynamics.moran(two.same, "total", two.w, two.rng, 19)
    assert moran["I"].tolist() == pytest.approx([-1, -1]) and moran["z"].isna().all()
    assert moran["p_value"].eq(1).all()
    mobility = dynamics.rank_mobility(one.same, "total")
    assert mobility[["tau", "spearman"]].isna().all(axis=None) and mobility["moved"].eq(0).all()
    wide = one.index.wide()[["a", "b"]]
    assert np.isnan(audit.alpha(wide)) and np.isnan(audit.adequacy(wide))
    assert audit.extremes(audit.effective(one.index)) == {} and audit.extremes(audit.effective(two.index))
    assert describe.statistics(wide)["sd"].isna().all() and describe.statistics(wide)["count"].eq(1).all()
    gone = describe.statistics(pd.DataFrame({"x": [np.nan, np.nan]}))
    assert gone["count"].eq(0).all() and gone["min"].isna().all()


def test_groups_may_be_a_dictionary_in_any_order():
    m = Given(small())
    turned = dict(m.groups.sort_values().items())
    for measure in (regions.dagum, regions.theil):
        assert measure(m.values, turned).equals(measure(m.values, m.groups))
    assert not regions.dagum(m.values, list(turned.values())).equals(regions.dagum(m.values, m.groups))
    weights = {unit: float(place) for place, unit in enumerate(m.values.index, 1)}
    shares = regions.theil(m.values, m.groups, weights=dict(reversed(list(weights.items()))))
    assert shares.equals(regions.theil(m.values, m.groups, weights=pd.Series(weights)))


def test_ranks_before_are_those_of_the_column_before():
    """A step of three years: b was second in 2018."""
    scores = pd.DataFrame(
        {"unit": list("abab"), "year": [2018, 2018, 2021, 2021], "node": "total", "region": "r"}
    ).assign(rank=[1, 2, 2, 1], score=[2.0, 1, 1, 2])
    found = dynamics.movers(scores, "total", pd.DataFrame({2018: [2, 1], 2021: [1, 2]}, index=list("ab")))
    assert found.set_index("unit")[["rank_before", "rank_after"]].loc["b"].tolist() == [2, 1]


def test_the_year_may_be_written_as_text():
    m = Given(small())
    for call in (
        lambda year: regions.concentrations(m.index, "a", year),
        lambda year: regions.cities(m.scores, m.places, "total", year),
        lambda year: regions.league(m.means, year, "total"),
        lambda year: describe.correlation_tests(m.index, year=year),
        lambda year: describe.screening(m.index, year),
        lambda year: audit.loadings(m.index, year),
        lambda year: audit.leave_one_out(m.index, "a", year),
        lambda year: audit.effective(m.index, year),
    ):
        pd.testing.assert_frame_equal(call("2020"), call(2020))
        assert call(2020).attrs == call("2020").attrs and not call(2020).empty
    assert len(audit.known_parts(m.index, "2020")) == 1
    lines = audit.run(m.index, "2020", ALTERNATIVES, 20, 1)
    assert lines["check"].eq("coverage-unit").sum() == 1 and len(lines) == len(m.lines)


# What is refused, and in which words

UNKNOWN = "no year 1999: it has 2020, 2021"
FITS = pd.DataFrame({"growth": [1.0, 2, 4, 3], "P": [1.0, 2, 3, 5], "region": "r"})


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: regions.concentrations(m.index, "a", 1999), UNKNOWN),
        (lambda m: regions.cities(m.scores, m.places, "total", 1999), UNKNOWN),
        (lambda m: regions.cities(m.scores, m.places, "Total", None), "no node 'Total'.*'total'|year = None"),
        (lambda m: regions.cities(m.index, m.places, "total", 2021), "an Index is given .* index.scores()"),
        (lambda m: regions.cities(m.scores, m.scores, "total", 2021), "column 'city' is missing"),
        (lambda m: regions.league(m.means, 1999, ["total"]), UNKNOWN),
        (lambda m: regions.league(m.means, 2021, ["total", "R"]), "no node 'R'"),
        (lambda m: regions.league(m.means, 2021, []), "no node given"),
        (lambda m: regions.league(m.scores, 2021, "total"), "column 'cities' is missing"),
        (lambda m: regions.means(m.scores), "a table is given where an Index is meant"),
        (lambda m: regions.distribution(m.scores), "a table is given where an Index is meant"),
        (lambda m: regions.balanced(m.scores), "a table is given where an Index is meant"),
        (lambda m: regions.steady(m.index, m.scores), "an Index is given where a DataFrame is meant"),
        (lambda m: regions.wide("total", m.scores), "swap the two arguments"),
        (lambda m: regions.wide(m.index, "total"), "an Index is given where a DataFrame is meant"),
        (lambda m: regions.wide(m.index.wide(), "total"), "column 'node' is missing"),
        (lambda m: regions.dagum(m.values, None), "groups or weights are a NoneType"),
        (lambda m: regions.dagum(m.values, set(UNITS)), "groups or weights are a set"),
        (
            lambda m: regions.dagum(m.values, dict(list(m.groups.items())[1:])),
            "市0: no group or weight given",
        ),
        (lambda m: regions.dagum(m.index.wide(), m.groups), "values are a DataFrame"),
        (lambda m: regions.theil(m.values, m.groups, weights=["x"] * 8), "the weight must be above zero"),
        (lambda m: regions.location_gini([0, 0]), "all values are zero"),
        (lambda m: regions.concentration([1, 2], top="x"), "top = 'x': give whole numbers"),
        (lambda m: regions.by_year(m.scores, "total", regions.dagum), "column 'region' is missing"),
        (lambda m: regions.by_node(regions.theil, m.same, []), "no node given"),
        (lambda m: regions.differences(m.same, ["total"], m.orders[:, :5]), r"shuffled\(8, rng\)"),
        (lambda m: regions.differences(m.scores, ["total"], m.orders), "column 'region' is missing"),
        (lambda m: regions.shuffled(8, None), "rng = None: give a generator"),
        (lambda m: regions.between(m.differences, "Q"), "no node 'Q'"),
        (lambda m: regions.widening(m.differences, "Q", 2021, 2020), "no node 'Q'"),
        (lambda m: describe.screening(m.index, "last"), "year = 'last' is not a year"),
        (lambda m: describe.screening(m.index, available="x"), "available = 'x': a threshold is a share"),
        (lambda m: describe.screening(m.scores), "a table is given where an Index is meant"),
        (lambda m: describe.correlation_tests(m.scores), "a table is given where an Index is meant"),
        (lambda m: describe.correlation_tests(m.index, method=["pearson"]), "type one of pearson, spearman"),
        (lambda m: describe.correlation_tests(m.index, above="x"), "above = 'x': a correlation lies from -1"),
        (lambda m: describe.correlations(m.index), "an Index is given .* index.wide()"),
        (lambda m: describe.correlations(m.index.wide(), method="Pearson"), "type one of pearson"),
        (lambda m: describe.correlations(m.index.wide(), level="x"), "level = 'x': type a p value"),
        (lambda m: describe.correlations(m.places), "column 'city' is no number"),
        (lambda m: describe.statistics(m.places), "column 'city' is no number"),
        (lambda m: describe.statistics(m.index), "an Index is given"),
        (lambda m: describe.availability(m.index), "an Index is given"),
        (lambda m: describe.trends(m.index), "an Index is given .* index.steps"),
        (lambda m: describe.trends(m.index.wide()), "rows are not by year and unit"),
        (lambda m: describe.trends(m.index.steps().raw, m.scores), "the specification is a DataFrame"),
        (lambda m: describe.trends(m.index.steps().raw, last=0), "last = 0: type a whole number"),
        (lambda m: describe.trends(m.index.steps().raw, least=50), "least = 50: a share is meant"),
        (lambda m: determinants.growth_frame(m.scores, ["P"]), "column 'region' is missing"),
        (lambda m: determinants.fit("growth ~ zz", FITS), "zz.*: name columns of the table"),
        (lambda m: determinants.fit("growth ~ P", FITS, "HC9"), "covariance 'HC9' is not known"),
        (lambda m: determinants.fit("growth ~ P", FITS, clusters="city"), "column 'city' is missing"),
        (lambda m: determinants.fit("growth ~ P", FITS, clusters="region"), "all rows are of one 'region'"),
        (lambda m: determinants.models(m.scores), "a table is given where an Index is meant"),
        (lambda m: audit.run(m.index, 1999, ALTERNATIVES), UNKNOWN),
        (lambda m: audit.run(m.scores), "a table is given where an Index is meant"),
        (lambda m: audit.run(m.index, rules={"ties": {}}), "rules: no check 'alpha'"),
        (lambda m: audit.run(m.index, intervals=m.scores), "column 'rank_low' is missing"),
        (
            lambda m: audit.run(
                m.index, 2020, intervals=m.scores[m.scores["year"].eq(2021)].assign(rank_low=1, rank_high=1)
            ),
            "intervals have no row of 'total' in 2020",
        ),
        (lambda m: audit.known_parts(m.index, 1999), UNKNOWN),
        (lambda m: audit.loadings(m.index, 1999), UNKNOWN),
        (lambda m: audit.effective(m.index, 1999), UNKNOWN),
        (lambda m: audit.outranking(m.scores), "a table is given where an Index is meant"),
        (lambda m: audit.leave_one_out(m.index, "zz", 1999), UNKNOWN),
        (lambda m: audit.alpha(m.index.wide()[["a"]]), "one column: give two or more"),
        (lambda m: audit.adequacy(m.places), "column 'city' is no number"),
        (lambda m: dynamics.comparable(m.scores), "a table is given where an Index is meant"),
        (lambda m: dynamics.beta(m.same, "total", controls=m.values), "a Series is given"),
        (lambda m: dynamics.convergence(m.same, []), "no node given"),
        (lambda m: dynamics.classes(m.same, "total", bounds="q"), "bounds = 'q': give bounds as numbers"),
        (lambda m: dynamics.classes(m.same, "total", bounds=[]), "no bounds"),
        (lambda m: dynamics.classes(m.same, "total", k="4"), "k = '4': choose two classes or more"),
        (lambda m: dynamics.transitions([[1, 2]]), "a list is given .* classes"),
        (lambda m: dynamics.transitions(m.classes.iloc[:0]), "there are no units"),
        (lambda m: dynamics.transitions(pd.DataFrame([[1, "a"]])), "texts and numbers"),
        (lambda m: dynamics.long_run(m.classes), "column 'from' is missing"),
        (lambda m: dynamics.staying(m.classes, "total"), "column 'from' is missing"),
        (lambda m: dynamics.moves([1]), "a list is given"),
        (lambda m: dynamics.movers(m.scores, "total", m.classes), "column 'region' is missing"),
        (lambda m: dynamics.rank_moves(m.same, "total", "x"), "largest = 'x': give a whole number"),
        (lambda m: dynamics.density(m.same, "total", -1), "bandwidth = -1: give a number above zero"),
        (lambda m: dynamics.density(m.same, "total", points=1), "points = 1: give two or more"),
        (lambda m: dynamics.nearest(m.places, k="4"), "k = '4': choose 1 to 7"),
        (lambda m: dynamics.nearest(m.places, k=2.0), "k = 2.0: choose 1 to 7"),
        (lambda m: dynamics.nearest(m.index), "an Index is given .* index.places"),
        (
            lambda m: dynamics.nearest(m.places.assign(lon="x")),
            "市0: longitude or latitude is missing or imp",
        ),
        (lambda m: dynamics.nearest(m.places[:1], 1), "one city has no neighbours"),
        (lambda m: dynamics.reach(m.places, "4"), "k = '4': choose 1 to 7"),
        (lambda m: dynamics.inverse_distance(m.places, power="x"), "power = 'x': give a number above zero"),
        (lambda m: dynamics.inverse_distance(m.places, 0), "cutoff_km = 0: give kilometres above zero"),
        (lambda m: dynamics.neighbourhoods(m.places, ["4"]), "k = '4': give a whole number"),
        (lambda m: dynamics.moran(m.same, "total", m.w, None), "rng = None: give a generator"),
        (lambda m: dynamics.moran(m.same, "total", m.w, 1), "rng = 1: give a generator"),
        (lambda m: dynamics.local_moran(m.same, "total", m.w, None), "rng = None: give a generator"),
        (lambda m: dynamics.local_moran(m.same, "total", m.w, m.rng, 9, 5), "level = 5: give a share"),
        (lambda m: dynamics.autocorrelation(m.same, ["total"], m.w, m.rng), "weights are no dictionary"),
        (lambda m: dynamics.autocorrelation(m.same, [], {4: m.w}, m.rng), "no node given"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call(usual())


@cache
def usual() -> Given:
    return Given(small())
