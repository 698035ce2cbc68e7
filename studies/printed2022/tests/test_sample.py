"""The calibrated sample: its panel, its solver, and what it says about facts that contradict each other."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import edition as editions
from fire import files
from fire.errors import InputError
from studies.printed2022 import errata, identify, published
from studies.printed2022.sample import calibrate, constraints, grain, sample


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


@pytest.fixture(scope="module")
def panel(ed):
    return ed.index.panel


@pytest.fixture(scope="module")
def facts():
    return sample.treated(published.load("index_scores"), errata.rules())


@pytest.fixture(scope="module")
def observed(ed):
    cells = identify.panel_f()
    scales = {
        leaf: grain.Scale(ed.spec, leaf, *ed.spec.nodes.at[leaf, "posts"])
        for leaf in cells["indicator"].unique()
    }
    return cells.rename(columns={"indicator": "node"}).assign(
        score=[float(scales[row.indicator].score(row.value)) for row in cells.itertuples()]
    )


def system_of(ed, observed, facts):
    system = constraints.System(ed.spec, ed.places(), observed, (ed.base_year, ed.year))
    constraints.add_facts(system, facts)
    return system


def changed(facts, id, value):
    facts = facts.copy()
    facts.loc[facts["id"].eq(id), ["value", "printed_text"]] = [value, str(value)]
    return facts


def test_panel_is_complete_and_says_what_is_simulated(ed, panel):
    assert len(panel) == 59 * 19 * 2 and not panel.duplicated(["unit", "year", "indicator"]).any()
    assert panel["value"].notna().all() and panel["source"].notna().all()
    factors = panel["indicator"].isin(ed.spec.leaves("F"))
    assert not panel.loc[factors, "status"].eq("simulated").any()
    assert set(panel.loc[~factors, "status"]) == {"simulated", "published"}


def test_counts_are_whole_positive_numbers(panel):
    sizes = files.read_csv(sample.SIZES)
    counts = panel[panel["indicator"].isin(sizes.loc[sizes["decimals"].eq("0"), "indicator"])]
    assert counts["value"].mod(1).eq(0).all() and counts["value"].gt(0).all()


def test_base_year_best_and_worst_are_the_ends_of_the_scale(ed):
    """By construction: the sample is solved with these cells held there."""
    scores = ed.index.scores()
    base = scores[
        scores["year"].eq(ed.base_year)
        & ~scores["node"].isin(ed.spec.leaves("F"))
        & scores["node"].isin(ed.spec.indicators)
    ]
    ends = base.groupby("node")["score"].agg(["min", "max"])
    np.testing.assert_allclose(ends["min"], 1, atol=1e-9)
    np.testing.assert_allclose(ends["max"], 10, atol=1e-9)


def test_part_deals_never_exceed_deals_of_the_leader(panel):
    now = panel[panel["year"].eq(2021)].pivot(index="unit", columns="indicator", values="value")
    assert (now.loc["北京", ["deals_series_c", "deals_top_vc"]] < now.at["北京", "deals"]).all()


def test_sample_follows_pillar_f_and_is_smooth_in_time_as_its_prior_does(ed):
    scores = ed.index.scores().pivot(index=["unit", "year"], columns="node", values="score").astype(float)
    now, before = scores.xs(ed.year, level="year"), scores.xs(ed.base_year, level="year")
    for pillar in ("I", "R", "E"):
        assert now["F"].corr(now[pillar]) > 0.6
        assert now[pillar].corr(before[pillar]) > 0.9


def test_rebuilding_gives_the_committed_file_to_the_byte(ed, tmp_path):
    sample.make(ed, tmp_path / "panel.csv")
    assert (tmp_path / "panel.csv").read_bytes() == sample.PATH.read_bytes()


def test_a_file_that_is_no_sample_is_never_written_over(ed, tmp_path):
    own = files.write_text(tmp_path / "panel.csv", "unit,year,indicator,value\n")
    with pytest.raises(InputError, match="this is no sample"):
        sample.make(ed, own)
    assert own.read_text() == "unit,year,indicator,value\n"


def test_a_contradiction_is_named_by_a_smallest_set_of_rows(ed, observed, facts):
    system = system_of(ed, observed, changed(facts, "S0096", 9.663))
    with pytest.raises(InputError) as refused:
        calibrate.solve(system, pd.Series(5.0, system.keys))
    named = (
        refused.value.faults[0]
        .split(": ")[0]
        .removeprefix("these contradict each other: ")
        .replace(":", "")
        .split(", ")
    )
    named = [id for id in named if id.startswith("S")]
    assert "S0096" in " ".join(refused.value.faults) and len(named) <= 8
    culprits = facts[facts["id"].isin(calibrate.conflict(system, {}))]
    assert set(culprits["unit"]) == {"上海"}
    for left_out in culprits["id"]:
        rest = changed(culprits, "S0096", 9.663)
        smaller = system_of(ed, observed, rest[rest["id"].ne(left_out)])
        matrix, low, high, _ = smaller.table()
        assert calibrate.feasible(matrix, low, high, *calibrate.bounds(smaller, {}))


def test_facts_that_observed_data_refute_are_named(ed, observed, facts):
    with pytest.raises(InputError, match="S0190 contradicts the observed indicators"):
        system_of(ed, observed, changed(facts, "S0190", 9.482 + 0.5))


def test_unknown_cities_and_nodes_are_all_named(ed, observed, facts):
    wrong = facts.copy()
    wrong.loc[wrong["id"].eq("S0096"), "unit"] = "上海滩"
    wrong.loc[wrong["id"].eq("S0098"), "node"] = "X"
    with pytest.raises(InputError) as refused:
        system_of(ed, observed, wrong)
    assert refused.value.faults == [
        "S0096, column 'unit': '上海滩' is unknown: correct it",
        "S0098, column 'node': 'X' is unknown: correct it",
    ]


def test_an_unknown_treatment_and_reversed_sizes_are_refused(ed, tmp_path):
    rules = files.write_text(
        tmp_path / "rules.csv", "errata,rows,treatment,tolerance,reason_zh,reason_en\nE01,S0001,ignore,,,\n"
    )
    with pytest.raises(InputError, match="'ignore' is unknown"):
        errata.rules(rules)
    sizes = files.write_text(tmp_path / "sizes.csv", "indicator,low,high,decimals\nfirms,100,10,0\n")
    with pytest.raises(InputError, match="row 2, column 'high'"):
        sample.read_sizes(ed.spec, sizes)


def test_too_small_a_range_for_the_printed_digits_is_refused(ed, observed, facts):
    system = system_of(ed, observed, facts)
    scores = pd.Series(7.0, system.keys)
    with pytest.raises(InputError, match="no whole numbers give the printed digits of"):
        grain.settle(system, scores, "incubators", grain.Scale(ed.spec, "incubators", 1, 50), {}, ["深圳"])


@given(st.permutations(list(range(12))), st.integers(0, 3), st.integers(-2, 2))
@settings(max_examples=50, deadline=None)
def test_the_order_before_gives_the_printed_rank_changes(order, up, down):
    units = [f"c{number}" for number in order]
    change = {units[2]: up, units[7]: down}
    order = sample.without_clash(units, change)
    before = sample.order_before(order, change)
    assert sorted(before) == sorted(units)
    assert all(before.index(unit) - order.index(unit) == moved for unit, moved in change.items())


def test_a_rank_beyond_the_last_is_refused():
    with pytest.raises(InputError, match="b would have been ranked 4 of 3"):
        sample.order_before(["a", "b", "c"], {"b": 2})


@given(st.floats(1, 12), st.sampled_from(["firms", "incubators", "inclusive_finance"]))
@settings(max_examples=60, deadline=None)
def test_raw_values_invert_the_score(score, leaf):
    scale = sample.read_sizes(editions.load(2022).spec)[leaf]
    assert scale.score(scale.exact(score)) == pytest.approx(score, abs=1e-9)


@given(st.floats(2, 9), st.floats(-0.2, 0.4), st.floats(1e-4, 1e-2))
@settings(max_examples=60, deadline=None)
def test_pairs_near_a_score_satisfy_their_rows(score, growth, width):
    scale = sample.read_sizes(editions.load(2022).spec)["patents_period"]
    rows = [((-(1 + growth - width), 1.0), 0.0, np.inf), ((1 + growth + width, -1.0), 0.0, np.inf)]
    pairs = grain.nearby(scale, (score, score * (1 + growth)), rows, False, 30)
    found = pairs[:, 3] / pairs[:, 2] - 1
    assert len(pairs) and np.all(np.abs(found - growth) <= width + 1e-9)
    np.testing.assert_allclose(pairs[:, 2:], scale.score(pairs[:, :2]))
