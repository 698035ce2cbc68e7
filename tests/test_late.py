"""Late data: what is late, its draws, the ranges of the scores, and growth over the same basket."""

import numpy as np
import pandas as pd
import pytest
import small
import statsmodels.api as sm
from engine_data import flat, index, only, panel, random_panel, word
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import few

from fire import files
from fire.analysis import known
from fire.figures import kit
from fire.index import draws as completions
from fire.index import score
from fire.index import spec as specs
from fire.index.index import Index
from fire.intake import late
from fire.report import marks

UNITS = [f"u{number:02}" for number in range(16)]
LATE = "inclusive_finance"
BOUNDS = (0.80, 0.97)  # of the share of known values that the 90 % range of their draws must hold


# The same basket ------------------------------------------------------------------------------------------------------


def growth(spec, cells, measure="growth_pct"):
    found = score.compute(spec, cells)
    return found[found["year"].eq(2021)].set_index(["unit", "node"])[measure]


def two_levels(**choices):
    nodes = [word("p", parent="total"), word("q", parent="total")]
    nodes += [word(f"{above}{number}", parent=above) for above in "pq" for number in (1, 2, 3)]
    return index(*nodes, **{"reference": "base", "base_year": 2020, "scale": [1, 10]} | choices)


def test_growth_compares_the_indicators_that_both_years_have():
    spec = flat("x", "y", normalise="none", missing="none")
    cells = panel({("a", 2020, "x"): 2, ("a", 2020, "y"): 10, ("a", 2021, "x"): 3, ("b", 2020, "x"): 1})
    cells = pd.concat([cells, panel({("b", 2020, "y"): 7, ("b", 2021, "x"): 2, ("b", 2021, "y"): 14})])
    found = score.compute(spec, cells).query("node == 'total'").set_index(["unit", "year"])
    assert found.at[("a", 2020), "score"] == 6 and found.at[("a", 2021), "score"] == 3  # as the rule says
    assert found.at[("a", 2021), "growth_pct"] == 50  # of x alone
    assert found.at[("b", 2021), "growth_pct"] == 100
    assert found.loc[("b", 2021), "rank_change"] == 0  # over the same basket: 2 < 4 in 2020, 3 < 8 in 2021


@pytest.mark.whole
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    year=st.sampled_from([2020, 2021]),
    unit=st.integers(0, 11),
    name=st.sampled_from(["p1", "p2", "q3"]),
    way=st.sampled_from(["arithmetic", "geometric", "median", "copeland", "mpi"]),
)
def test_a_late_value_of_one_year_leaves_growth_as_it_was(seed, year, unit, name, way):
    """With the value of one year growth and rank changes are what they are with neither."""
    spec = two_levels(aggregation=way, range="truncated")
    cells = random_panel(spec, seed=seed)
    own = cells["unit"].eq(f"u{unit:02}") & cells["indicator"].eq(name)
    done = score.steps(spec, cells)
    neither, one = cells[~own], cells[~(own & cells["year"].eq(year))]
    for measure in ("growth_pct", "rank_change"):
        without = (
            score.compute(spec, neither, done.posts)
            .query("node != @name")
            .set_index(score.panels.KEY[:2] + ["node"])
        )
        late_one = (
            score.compute(spec, one, done.posts)
            .query("node != @name")
            .set_index(score.panels.KEY[:2] + ["node"])
        )
        np.testing.assert_allclose(
            late_one[measure].astype(float),
            without.reindex(late_one.index)[measure].astype(float),
            rtol=1e-12,
        )


def test_where_baskets_are_the_same_no_bit_changes():
    spec, cells = two_levels(), random_panel(two_levels())
    posts = score.steps(spec, cells).posts
    whole = growth(spec, cells)
    gone = cells["unit"].eq("u03") & cells["indicator"].eq("p1") & cells["year"].eq(2021)
    some = score.compute(spec, cells[~gone], posts)
    some = some[some["year"].eq(2021)].set_index(["unit", "node"])["growth_pct"]
    changed = some.index[~(some.eq(whole) | (some.isna() & whole.isna()))]
    assert set(changed) == {("u03", "p1"), ("u03", "p"), ("u03", "total")}
    assert not score.same_basket(spec, score.steps(spec, cells))


def test_both_years_with_the_same_gap_and_a_basket_too_thin():
    spec = flat("x", "y", normalise="none", missing="none", coverage=0.6)
    cells = panel({("a", 2020, "x"): 2, ("a", 2021, "x"): 3, ("b", 2020, "x"): 1, ("b", 2021, "x"): 1})
    cells = pd.concat([cells, panel({("a", 2020, "y"): 2, ("b", 2021, "y"): 4, ("b", 2020, "y"): 4})])
    found = score.compute(spec, cells)
    assert np.isnan(only(found, year=2021, column="growth_pct")[0])  # no score in 2021: half of the children
    same = flat("x", "y", normalise="none", missing="none")
    gap = panel({("a", 2020, "x"): 2, ("a", 2021, "x"): 3, ("b", 2020, "y"): 1, ("b", 2021, "y"): 4})
    assert only(score.compute(same, gap), year=2021, column="growth_pct") == [50, 300]


# What is late ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edition():
    return small.edition(UNITS)


def without(cells, *names, units=UNITS, year=2021):
    return cells[~(cells["indicator"].isin(names) & cells["unit"].isin(units) & cells["year"].eq(year))]


def test_one_sentence_says_what_is_late_and_what_it_touches(edition):
    spec = edition.spec
    table, said = late.found(without(edition.index.panel, LATE), spec, UNITS, 2021)
    line = table.iloc[0]
    assert len(table) == 1 and (line["count"], line["whole"], line["rule"]) == (16, True, "draws")
    assert line["nodes"] == [LATE, *spec.ancestors(LATE)] and line["scores"] == 16 * len(line["nodes"])
    assert line["weight"] == pytest.approx(edition.index.weight_in_index[LATE])
    assert [one.level for one in said] == ["late"]
    assert (
        said[0].zh.startswith(f"{spec.label(LATE)} 2021 年全部未到（16 城）") and "以区间给出" in said[0].zh
    )
    assert all(spec.label(node) in said[0].zh for node in spec.ancestors(LATE))
    some, said = late.found(without(edition.index.panel, "gdp", units=["u03"]), spec, UNITS, 2021)
    assert some["units"].tolist() == [["u03"]] and "缺 1 城（共 16 城）：u03" in said[0].zh
    assert late.found(edition.index.panel, spec, UNITS, 2021)[1] == []


@pytest.mark.parametrize("how, level", [("draws", "late"), ("refuse", "error")])
def test_a_unit_that_lacks_many_indicators_has_one_line(edition, how, level):
    spec, names = edition.spec, edition.spec.indicators
    cells = without(edition.index.panel, *names[:6], units=["u03"])
    cells = without(cells, names[0], units=["u04"])
    table, said = late.found(cells, spec, UNITS, 2021, how=how, english={"u03": "Third"})
    assert len(table) == 6 and {(one.rule, one.level) for one in said} == {
        (f"late.unit_{how}", level),
        (f"late.{how}_some", level),
    }
    lines = {one.rule: one for one in said}
    assert (
        "u03 2021 年缺 6 个指标" in lines[f"late.unit_{how}"].zh and "Third" in lines[f"late.unit_{how}"].en
    )
    assert lines[f"late.{how}_some"].values["units_zh"] == "u04"
    _, said = late.found(
        without(edition.index.panel, *names[:6], units=UNITS[:9]), spec, UNITS, 2021, how=how
    )
    assert [one.rule for one in said] == [f"late.{how}_some"] * 6  # what gives the fewer lines


def test_the_declared_rule_decides_what_is_said(edition):
    cells = without(edition.index.panel, LATE)
    _, said = late.found(cells, edition.spec, UNITS, 2021, how="refuse")
    assert [(one.rule, one.level) for one in said] == [("late.refuse", "error")]
    _, said = late.found(cells, edition.spec.vary(missing="none"), UNITS, 2021)
    assert said[0].rule == "late.none" and "none" in said[0].zh
    assert late.draws(cells, edition.spec.vary(missing="none"), 2021) is None
    _, said = late.found(cells, edition.spec.vary(missing="last"), UNITS, 2021)
    assert said[0].rule == "late.filled" and "last" in said[0].zh
    table, said = late.found(without(cells, LATE, year=2020), edition.spec, UNITS, 2021)
    assert {one.rule for one in said} == {"late.never"} and said[0].level == "error"
    assert set(table["year"]) == {2020, 2021}
    assert late.draws(without(cells, LATE, year=2020), edition.spec, 2021) is None  # no scale to draw on


def test_a_unit_that_is_new_and_one_that_lacks_everything(edition):
    cells = edition.index.panel
    cells = cells[~(cells["unit"].eq("u01") & cells["year"].eq(2020))]
    cells = cells[~(cells["unit"].eq("u02") & cells["year"].eq(2021))]
    cells = without(cells, LATE, "gdp", units=["u01"])
    table, said = late.found(cells, edition.spec, UNITS, 2021)
    assert {(one.rule, one.level, one.value) for one in said if one.rule in ("late.new", "late.unit")} == {
        ("late.new", "note", "u01"),
        ("late.unit", "late", "u02"),
    }
    assert set(table["year"]) == {2021} and table["units"].tolist() == [["u01"], ["u01"]]
    drawn = late.draws(cells, edition.spec, 2021)
    assert set(drawn["unit"]) == {"u01"} and set(drawn["source"]) <= {"draws: regression", "draws: donors"}
    done = Index(edition.spec, cells, edition.index.posts, draws=drawn)
    scores = done.scores().query("year == 2021 and node == 'total'").set_index("unit")
    assert scores["score"].notna()["u01"] and np.isnan(scores.at["u01", "growth_pct"])
    assert "u02" not in scores.dropna(subset="score").index
    said = late.models(drawn, edition.spec)
    assert len(said) == 2 and {one.level for one in said} == {"note"}


# Draws ----------------------------------------------------------------------------------------------------------------


def test_draws_depend_on_the_seed_alone_and_keep_to_their_bounds(edition):
    cells = edition.index.panel.copy()
    cells.loc[cells["indicator"].eq("firms"), "value"] = cells["value"].round()
    cells.loc[cells["indicator"].eq("tertiary_share"), "value"] = np.where(
        cells["year"].eq(2020), 97.0, 99.5
    )[cells["indicator"].eq("tertiary_share")]
    cells.loc[cells["indicator"].eq("tertiary_share"), "value"] -= np.resize([0, 3.25, 8], 32)
    cells = without(cells, "firms", "tertiary_share")
    one = late.draws(cells, edition.spec, 2021, rng=np.random.default_rng(5))
    again = late.draws(cells.sample(frac=1, random_state=1), edition.spec, 2021, rng=np.random.default_rng(5))
    pd.testing.assert_frame_equal(one, again)
    numbers = one.set_index("indicator")[completions.columns(one)]
    assert len(completions.columns(one)) == 100 and len(one) == 32
    assert numbers.loc["tertiary_share"].le(100).all(axis=None) and numbers.loc["tertiary_share"].gt(0).all(
        axis=None
    )
    firms = numbers.loc["firms"].to_numpy()
    assert (firms == firms.round()).all() and (firms >= 0).all()


def test_an_index_with_late_data_is_complete_and_says_so(edition, tmp_path):
    gone = [*UNITS[:4]]
    cells = without(edition.index.panel, LATE, units=gone)
    drawn = late.draws(cells, edition.spec, 2021)
    drawn.to_parquet(tmp_path / "late.parquet")
    drawn = completions.read(tmp_path / "late.parquet")
    done = Index(edition.spec, cells, edition.index.posts, draws=drawn)
    told = known.results(done.scores(), [one.scores() for one in done.completions], done)
    now = told[told["year"].eq(2021)].set_index(["unit", "node"])
    touched = [LATE, *edition.spec.ancestors(LATE)]
    whole = edition.index.scores().query("year == 2021").set_index(["unit", "node"])
    for (unit, node), line in now.iterrows():
        late_one = unit in gone and node in touched
        assert line["score_status"] == ("drawn" if late_one else "observed")
        assert (line["score_low"] < line["score_high"]) == late_one
        assert late_one or line["score"] == whole.at[(unit, node), "score"]  # the others stay exact
        if late_one:
            assert line["growth_pct_status"] == "drawn" and line["growth_pct_low"] < line["growth_pct_high"]
    assert now.loc[("u09", "total"), "rank_status"] == "drawn"  # it is ranked among units that are not known
    assert now.loc[("u00", "total"), "known_share"] == pytest.approx(1 - done.weight_in_index[LATE])
    shares = [name for name in told if name.startswith("share_")]
    assert "share_drawn" in shares and told[shares].sum(axis=1).round(9).eq(1).all()
    assert "share_drawn" not in edition.index.scores()


def test_a_reader_sees_a_range_and_why(edition):
    line = {"score": 6.7, "score_status": "drawn", "score_low": 6.1, "score_high": 7.4}
    assert marks.cell(line, "score", 3, "zh") == {"text": "(6.1–7.4)", "mark": "", "soft": True}
    assert kit.soft(pd.DataFrame([line]), "score").all()
    assert [one["name"] for one in marks.legend(["drawn"], "zh")] == ["多重插补"]
    done = Index(edition.spec, without(edition.index.panel, LATE), edition.index.posts, draws=None)
    assert done.softness == "simulated"
    drawn = late.draws(done.panel, edition.spec, 2021)
    soft = Index(edition.spec, done.panel, edition.index.posts, draws=drawn)
    assert soft.softness == "drawn"
    assert marks.sign(type("Edition", (), {"index": soft}), "zh") == ""  # late data make no reconstruction
    mixed = pd.concat([drawn, drawn.assign(indicator="gdp").drop(columns=["status", "source"])])
    assert completions.softest(mixed) == "simulated"


# Held out: known values that the draws must hold in their 90 % range -----------------------------------------------------


def covered(drawn, cells) -> pd.DataFrame:
    """Held-out cells with `ok`: the value lies within the 5 and 95 per cent quantiles of its draws."""
    numbers = drawn[completions.columns(drawn)].to_numpy(float)
    low, high = np.quantile(numbers, [0.05, 0.95], axis=1)
    found = (
        drawn[[*late.KEY, "source"]]
        .assign(low=low, high=high)
        .merge(cells[[*late.KEY, "value"]], on=late.KEY)
    )
    return found.assign(ok=found["value"].between(found["low"] - 1e-9, found["high"] + 1e-9))


def each_whole(cells, spec, year, history=None) -> pd.DataFrame:
    """Every indicator held out by itself, for all units."""
    parts = []
    for place, name in enumerate(spec.indicators):
        gone = cells["indicator"].eq(name) & cells["year"].eq(year)
        drawn = late.draws(cells[~gone], spec, year, history, rng=np.random.default_rng([year, place]))
        parts.append(covered(drawn, cells[gone]))
    return pd.concat(parts)


def some(cells, spec, year, share=0.3) -> pd.DataFrame:
    """A share of the cells held out at random."""
    rng = np.random.default_rng(year)
    gone = cells["year"].eq(year) & (rng.random(len(cells)) < share)
    return covered(late.draws(cells[~gone], spec, year, rng=rng), cells[gone])


def as_new(cells, spec, year) -> pd.DataFrame:
    """Each unit in turn without other years and without a third of its indicators."""
    parts = []
    for place, unit in enumerate(sorted(cells["unit"].unique())):
        rng, own = np.random.default_rng([year, place]), cells["unit"].eq(unit)
        names = cells.loc[own & cells["year"].eq(year), "indicator"]
        out = own & (
            cells["year"].ne(year)
            | cells["indicator"].isin(rng.choice(names, len(names) // 3, replace=False))
        )
        drawn = late.draws(cells[~out], spec, year, rng=rng)
        parts.append(covered(drawn, cells[out & cells["year"].eq(year)]))
    return pd.concat(parts)


def inside(what: str, found: pd.DataFrame, how: str):
    share = found["ok"].mean()
    print(f"{what}: {share:.3f} of {len(found)} held-out values in the 90 % range")
    assert set(found["source"]) == {f"draws: {how}"}
    assert BOUNDS[0] <= share <= BOUNDS[1]


@pytest.fixture(scope="module")
def economies():
    return files.read_csv(files.DATA / "annex" / "infrastructure.csv").astype({"year": int, "value": float})


@pytest.fixture(scope="module")
def cities():
    """The indicators of edition 2022 that are known for all cities in both years, and their specification."""
    cells = files.read_csv(files.DATA / "panel-2022.csv").astype({"year": int, "value": float})
    spec = specs.load("fire-2022")
    both = set(cells.loc[cells["year"].eq(2020), "indicator"])
    spec = spec.drop(*(name for name in spec.indicators if name not in both))
    return cells[cells["indicator"].isin(both)], spec


@pytest.mark.parametrize(
    "held, how",
    few([(each_whole, "siblings"), (some, "growth"), (as_new, "regression")], (each_whole, "siblings")),
)
def test_the_ranges_hold_known_values_of_27_economies(economies, held, how):
    """Models `siblings`, `growth` and `regression` on the 25 public statistics of two years."""
    inside(
        f"economies, {how}", held(economies, specs.load("infrastructure").vary(missing="refuse"), 2021), how
    )


@pytest.mark.parametrize("held, how", few([(some, "growth"), (as_new, "regression")], (some, "growth")))
def test_the_ranges_hold_known_values_of_the_cities(cities, held, how):
    """Models `growth` and `regression` on the known cells of edition 2022."""
    inside(f"cities, {how}", held(*cities, 2021), how)


def test_siblings_miss_an_indicator_that_moves_unlike_them(cities):
    """Model `siblings` on the known cells of edition 2022: four of five indicators are held; inclusive finance, which
    rose by more than a whole spread everywhere while the others hardly moved, is missed. History is what helps."""
    found = each_whole(*cities, 2021)
    share = found.groupby("indicator")["ok"].mean()
    print(f"cities, siblings: {share.round(3).to_dict()}")
    assert share[LATE] == 0
    inside("cities, siblings, without inclusive finance", found[found["indicator"].ne(LATE)], "siblings")


def test_the_ranges_hold_known_values_where_there_is_history():
    """Model `history` on Grunfeld's panel (11 firms, 3 series, each year of 1942–1954 held out with the years before)."""
    data = sm.datasets.grunfeld.load_pandas().data.rename(columns={"firm": "unit", "value": "worth"})
    cells = data.melt(["unit", "year"], ["invest", "worth", "capital"], "indicator").astype({"year": int})
    spec = flat("invest", "worth", "capital", transform="log", missing="refuse")
    parts = [
        each_whole(cells[cells["year"].isin([year - 1, year])], spec, year, cells[cells["year"].lt(year - 1)])
        for year in range(1942, 1955)
    ]
    inside("Grunfeld, history", pd.concat(parts), "history")


def test_other_ways_of_drawing(edition):
    cells = edition.index.panel
    two = flat("x", "y", transform="log", missing="refuse")
    lone = pd.DataFrame(
        [
            (unit, year, "x", 5.0 + place + year % 2, "observed", "")
            for place, unit in enumerate(UNITS)
            for year in (2020, 2021)
        ]
        + [(unit, 2020, "y", 3.0 + place % 5, "observed", "") for place, unit in enumerate(UNITS)],
        columns=cells.columns,
    )
    wide = late.draws(lone, two, 2021)
    assert set(wide["source"]) == {"draws: wide"} and set(wide["indicator"]) == {"y"}
    new = lone[~(lone["unit"].eq("u00") & lone["year"].eq(2020))]
    assert "draws: relation" in set(late.draws(new, two, 2021).query("unit == 'u00'")["source"])
    few = lone[lone["unit"].isin(UNITS[:3])]
    few = few[~(few["unit"].eq("u00") & few["year"].eq(2020))]
    assert "draws: donors" in set(late.draws(few, two, 2021).query("unit == 'u00'")["source"])


@pytest.mark.whole
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    units=st.integers(1, 20),
    kept=st.floats(0.05, 0.95),
    transform=st.sampled_from(["identity", "log", "log1p"]),
    scale=st.sampled_from([1.0, 1e6]),
)
def test_whatever_is_late_the_index_is_whole_or_nothing_is_known(seed, units, kept, transform, scale):
    """Draws of every open cell of units that are there, finite and possible; else the indicator is `never`."""
    rng = np.random.default_rng(seed)
    spec = two_levels(transform=transform, missing="refuse", reference="pooled")
    spec = spec.vary(*spec.indicators, normalise="goalposts", posts=[0.001, 9e9])
    cells = random_panel(spec, units=units, seed=seed)
    cells["value"] = np.ceil(cells["value"] * scale) + 1 if seed % 2 else cells["value"] * scale + 0.01
    cells = cells[rng.random(len(cells)) < kept]
    if cells.empty or 2021 not in set(cells["year"]):
        return
    table, _ = late.found(cells, spec, sorted(set(cells["unit"])), 2021)
    drawn = late.draws(cells, spec, 2021, count=5, rng=rng)
    open_cells = {
        (unit, line["year"], line["indicator"])
        for line in table.to_dict("records")
        for unit in line["units"]
        if line["rule"] == "draws"
    }
    assert open_cells == (set() if drawn is None else set(drawn[late.KEY].itertuples(index=False, name=None)))
    if drawn is not None:
        numbers = drawn[completions.columns(drawn)].to_numpy()
        assert np.isfinite(numbers).all() and (numbers >= 0).all()
        assert (numbers == np.rint(numbers)).all() or not seed % 2
    if "never" not in set(table["rule"]):
        scores = Index(spec, cells, draws=drawn).scores().set_index(["unit", "year", "node"])["score"]
        assert np.isfinite(scores).all()
