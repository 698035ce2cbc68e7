"""The draws and the feasible ranges: that they hold what is printed, that they can be rebuilt, and how contradictions are
named."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import files
from fire.errors import InputError
from fire.index import draws as completions
from fire.index import panel as panels
from fire.index import rounding, score
from studies.printed2022 import errata, known
from studies.printed2022.sample import calibrate, choices, constraints, feasible, holdout, sample, scales

MARKS = {
    "C012": "order 粤港澳大湾区 regulation_business_env"
}  # 广州 is said to lead; 深圳 is printed above it


@pytest.fixture(scope="module")
def use():
    return sample.material()


@pytest.fixture(scope="module")
def system():
    return sample.system()


@pytest.fixture(scope="module")
def drawn():
    return completions.read(sample.PATH)


@pytest.fixture(scope="module")
def scored(system, drawn, use):
    """Scores of all columns of the system, a column a draw."""
    raw, leaf = drawn[completions.columns(drawn)].to_numpy(float), drawn["indicator"].to_numpy()
    cells = np.empty(raw.shape)
    for name in system.leaves:
        cells[leaf == name] = use["scales"][name].score(raw[leaf == name])
    return system.filled(cells)


@pytest.fixture(scope="module")
def ranges():
    table = files.read_csv(feasible.PATH)
    return table.astype({"year": int, "low": float, "high": float})


def of(system, scored, units, year, node):
    """Scores of a node: a row a unit, a column a draw."""
    rows = []
    for unit in units:
        terms, constant = system.expression([(1, unit, year, node)])
        rows.append(
            constant
            + sum((weight * scored[column] for column, weight in terms.items()), np.zeros(scored.shape[1]))
        )
    return np.array(rows)


def changed(facts, id, value):
    facts = facts.copy()
    facts.loc[facts["id"].eq(id), ["value", "printed_text"]] = [value, str(value)]
    return facts


# The draws


def test_draws_fill_the_cells_that_the_panel_lacks_and_no_others(drawn, use, system):
    keys = pd.MultiIndex.from_frame(drawn[panels.KEY])
    assert list(keys) == [(unit, int(year), leaf) for unit, year, leaf in system.cells]
    assert len(drawn) + len(use["observed"]) == 59 * 19 * 2
    assert completions.columns(drawn) == [sample.name(number) for number in range(1, sample.DRAWS + 1)]
    assert (drawn[completions.columns(drawn)].to_numpy() >= 0).all()


def test_every_draw_holds_every_printed_fact_and_every_rule_of_counts(system, scored):
    assert sample.broken(system, scored[: len(system.cells)]) == []


def test_every_draw_holds_the_printed_ranks_and_rank_changes(system, scored, use):
    root, facts = system.spec.root, use["facts"]
    now, before = (
        rounding.ranks(of(system, scored, system.cities, year, root)) for year in (system.now, system.before)
    )
    for place, city in enumerate(choices.leaders(facts)):
        assert (now[system.cities.index(city)] == place + 1).all()
    for city, up in choices.changes(facts).items():
        row = system.cities.index(city)
        assert (before[row] - now[row] == up).all(), city
    first = use["previous"].set_index("unit")["value"].astype(int).drop(choices.leaders(facts))
    assert all((abs(before[system.cities.index(city)] - rank) <= 1).all() for city, rank in first.items())


def test_growth_of_chapter_5_follows_from_scores_with_two_decimals(system, scored, use):
    facts = use["facts"]
    for fact in facts[choices.from_rounded(facts, system.spec)].itertuples():
        keys = [(fact.unit, year, fact.node) for year in (system.now, system.before)]
        if all(key in system.column for key in keys):
            now, before = (scored[system.column[key]].round(2) for key in keys)
            assert (abs(100 * (now / before - 1) - float(fact.value)) <= 0.005 + 1e-9).all(), fact.id


def test_base_year_best_and_worst_are_the_ends_of_the_scale(system, scored, use):
    year, leaf = (system.cells.get_level_values(name) for name in ("year", "indicator"))
    cells = scored[: len(system.cells)]
    for name in system.leaves:
        base = cells[(leaf == name) & (year == system.before)]
        np.testing.assert_allclose(
            [base.min(axis=0), base.max(axis=0)], [np.full(100, 1), np.full(100, 10)], atol=1e-9
        )
    now = cells[(leaf == constraints.OWN_YEAR) & (year == system.now)]
    np.testing.assert_allclose(now.min(axis=0), 1, atol=1e-9)
    assert (use["scales"][constraints.OWN_YEAR].raw(now) <= constraints.UNRANKED + 1e-4).all()


def test_the_engine_gives_the_printed_numbers_under_a_draw(drawn, use, system, scored):
    cells = panels.read(known.PATH, whole=False)
    facts = use["facts"]
    exact = facts[
        facts["approx"].eq("exact")
        & facts["measure"].isin(["score", "growth_pct"])
        & facts["unit_type"].eq("city")
    ]
    exact = exact[~choices.from_rounded(exact, use["spec"])]
    for name in ("d001", "d100"):
        panel = completions.completed(cells, drawn[[*panels.KEY, name]], use["spec"])
        found = score.compute(use["spec"], panel).set_index(["unit", "year", "node"])
        for fact in exact.itertuples():
            assert found.at[(fact.unit, fact.year, fact.node), fact.measure] == pytest.approx(
                float(fact.value), abs=fact.tolerance + 1e-6
            )
        root = found["score"].xs(system.spec.root, level="node").xs(system.now, level="year")
        own = of(system, scored, system.cities, system.now, system.spec.root)[:, int(name[1:]) - 1]
        np.testing.assert_allclose(root.reindex(system.cities), own, atol=1e-9)


@pytest.mark.whole
def test_draws_are_rebuilt_alone_and_exactly(drawn):
    again = sample.build([3, 58])
    pd.testing.assert_frame_equal(again[["d003", "d058"]], drawn[["d003", "d058"]], check_exact=True)


def test_draws_cover_other_draws(system, scored):
    """Five in six of the draws against the rest: their 5-95 % range should hold nine in ten."""
    told, other = scored[:, :80], scored[:, 80:]
    inside = {"score": [], "rank": []}
    for node in [system.spec.root, *system.spec.pillars[1:]]:
        for year in (system.before, system.now):
            one, two = (of(system, part, system.cities, year, node) for part in (told, other))
            for name, (few, rest) in {
                "score": (one, two),
                "rank": (rounding.ranks(one), rounding.ranks(two)),
            }.items():
                low, high = np.quantile(few, [0.05, 0.95], axis=1)
                free = high - low > 0.01
                inside[name].append(((rest >= low[:, None]) & (rest <= high[:, None]))[free].mean())
    assert all(0.85 <= np.mean(shares) <= 0.95 for shares in inside.values()), inside


def test_a_file_that_is_no_sample_is_never_written_over(tmp_path):
    own = files.write_text(tmp_path / "draws.parquet", "own")
    with pytest.raises(InputError, match="this is no sample"):
        sample.make(None, own)
    assert own.read_text() == "own"


# The prior and the hold-out


@pytest.mark.whole
def test_prior_estimates_come_with_their_errors():
    table = sample.prior_estimates()
    assert list(table.columns) == ["component", "estimate", "low", "high", "n"]
    assert table["estimate"].between(table["low"], table["high"]).all() and table["n"].gt(0).all()
    assert 0.8 < table.set_index("component").at["kept", "estimate"] < 1


def test_scores_held_out_lie_in_the_ranges_of_the_draws(use):
    table = files.read_csv(holdout.PATH).astype(
        dict.fromkeys(("printed", "centre", "low", "high", "hit"), float)
    )
    every = holdout.summary(table, use["spec"]).set_index("node").loc["all"]
    assert abs(every["hit_rate"] - holdout.SHARE) < 2 * every["hit_error"]
    told = holdout.items(use["facts"], use["spec"]).set_index(["unit", "node"])["printed"]
    held = table.set_index(["unit", "node"])["printed"]
    pd.testing.assert_series_equal(held, told.reindex(held.index))


def test_a_score_held_out_takes_what_gives_it_away(use):
    held = pd.DataFrame({"unit": ["合肥"], "node": ["firm_rd"], "region": [None]})
    left = holdout.without(use["facts"], held, use["spec"])
    rest = left[left["unit"].eq("合肥") & left["measure"].eq("score")]["node"]
    assert set(rest) == {"E"}
    assert len(left[left["measure"].eq("growth_pct")]) == len(
        use["facts"][use["facts"]["measure"].eq("growth_pct")]
    )


# The feasible range


def test_the_ranges_hold_what_is_printed_and_every_draw(ranges, system, scored, use):
    key = ["unit", "year", "node", "measure"]
    ends = ranges.set_index(key)[["low", "high"]]
    exact = use["facts"][
        use["facts"]["approx"].eq("exact") & use["facts"]["measure"].isin(["score", "growth_pct", "rank"])
    ]
    printed = exact.drop_duplicates(key).join(ends, on=key, how="inner")
    value = printed["value"].astype(float)
    assert (value >= printed["low"] - printed["tolerance"] - 1e-6).all()
    assert (value <= printed["high"] + printed["tolerance"] + 1e-6).all()
    for (kind, year, node), group in ranges[ranges["measure"].eq("score")].groupby(
        ["unit_type", "year", "node"]
    ):
        got = of(system, scored, group["unit"], year, node)
        assert (got >= group["low"].to_numpy()[:, None] - 2e-6).all(), (kind, year, node)
        assert (got <= group["high"].to_numpy()[:, None] + 2e-6).all(), (kind, year, node)


def test_ranges_are_computed_anew(ranges):
    found = feasible.Ranges(sample.system(sized=False))
    for row in ranges[ranges["measure"].eq("score")].iloc[::60].itertuples():
        assert found.score(row.unit, row.year, row.node) == pytest.approx((row.low, row.high), abs=2e-6)
    for row in ranges[ranges["measure"].eq("growth_pct")].iloc[::60].itertuples():
        assert found.growth(row.unit, row.node) == pytest.approx((row.low, row.high), abs=2e-6)


def test_no_width_is_negative_and_printed_ranks_are_pinned(ranges, use):
    assert ranges["low"].le(ranges["high"]).all()
    rank = ranges[ranges["measure"].eq("rank")].set_index(["unit", "year", "node"])
    for place, city in enumerate(choices.leaders(use["facts"])):
        for year in (2020, 2021):
            assert rank.loc[(city, year, "total"), ["low", "high"]].tolist() == [place + 1, place + 1]


# Rows and contradictions


def test_one_printed_order_contradicts_the_known_cells(system):
    assert set(system.refuted) == set(MARKS.values())


def test_a_contradiction_is_named_by_a_smallest_set_of_rows(use):
    with pytest.raises(InputError) as refused:
        sample.system(changed(use["facts"], "S0096", 9.663))
    named = refused.value.faults[0].split(": ")[1].split(", ")
    assert "S0096" in named and len(named) <= 8


def test_facts_that_known_cells_refute_are_named(use):
    with pytest.raises(InputError, match="S0190 contradicts the known cells"):
        sample.system(changed(use["facts"], "S0190", 9.982))


def test_unknown_cities_and_nodes_are_all_named(use):
    wrong = use["facts"].copy()
    wrong.loc[wrong["id"].eq("S0096"), "unit"] = "上海滩"
    wrong.loc[wrong["id"].eq("S0098"), "node"] = "X"
    with pytest.raises(InputError) as refused:
        sample.system(wrong)
    assert refused.value.faults == [
        "S0096, column 'unit': '上海滩' is unknown: correct it",
        "S0098, column 'node': 'X' is unknown: correct it",
    ]


def test_an_unknown_treatment_and_reversed_sizes_are_refused(tmp_path, use):
    rules = files.write_text(
        tmp_path / "rules.csv", "errata,rows,treatment,tolerance,reason_zh,reason_en\nE01,S0001,ignore,,,\n"
    )
    with pytest.raises(InputError, match="'ignore' is unknown"):
        errata.rules(rules)
    sizes = files.write_text(tmp_path / "sizes.csv", "indicator,low,high\nfirms,100,10\n")
    with pytest.raises(InputError, match="row 2, column 'high'"):
        scales.read(use["spec"], panels.read(known.PATH, whole=False), sizes)


def test_rows_that_hold_together_are_feasible_and_a_false_one_is_not(system):
    other = system.branch()
    other.add("false", [(1, "北京", system.now, "total")], high=9.9)
    assert calibrate.feasible(system, system.rows) and not calibrate.feasible(other, other.rows)
    assert len(system.rows) == len(other.rows) - 1


# What a draw chooses


@given(
    st.permutations(list(range(12))), st.permutations(list(range(12))), st.integers(-2, 3), st.integers(1, 12)
)
@settings(max_examples=60, deadline=None)
def test_orders_hold_rank_changes_and_given_ranks(one, other, up, rank):
    names = [f"c{number}" for number in range(12)]
    now, before = (pd.Series(order, names, dtype=float) for order in (one, other))
    first, ago = choices.orders(now, before, {"c2": up}, {"c7": rank})
    assert sorted(first) == sorted(ago) == sorted(names)
    assert ago.index("c2") - first.index("c2") == up and ago.index("c7") == rank - 1


@given(
    st.floats(1, 12), st.sampled_from(["firms", "incubators", "inclusive_finance", "regulation_business_env"])
)
@settings(max_examples=60, deadline=None)
def test_raw_values_invert_the_score(score, leaf):
    scale = sample.material()["scales"][leaf]
    assert scale.score(scale.raw(score)) == pytest.approx(score, abs=1e-9)
    rounded = float(scale.rounded(score))  # six significant digits: half of the last is 5e-6 of the value
    assert rounded == pytest.approx(float(scale.raw(score)), rel=5.1e-6)
    assert scale.score(rounded) == pytest.approx(score, abs=7.3e-5)  # 0.0005 where a point is 6.96
