"""The annex: specifications really listed, the observed index of economies, numbered samples, other rankings."""

from functools import cache

import frictionless
import numpy as np
import pandas as pd
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import few

from fire import edition, files
from fire.analysis import rankings
from fire.errors import InputError
from fire.index import spec
from fire.sources import samples

ED = edition.load(2022)
SAMPLED = ("infrastructure", "banks", "digital-service-insurance", "firm-competitiveness")


@cache
def panel_of(index):
    return samples.panel(index, ED.year)


@cache
def ranked():
    return rankings.results(ED, "infrastructure", draws=200)


@pytest.mark.parametrize(
    "index, count",
    [
        ("infrastructure", 25),
        ("banks", 24),
        ("digital-service-bank", 63),
        ("digital-service-securities", 63),
        ("digital-service-insurance", 63),
        ("firm-competitiveness", 24),
    ],
)
def test_every_indicator_is_really_listed(index, count):
    tree = spec.load(index)
    rows = [samples.written(tree)[leaf] for leaf in tree.indicators]
    assert len(rows) == count
    for row in rows:
        assert {"label", "definition", "unit", "direction", "source", "plausible"} <= set(row), row["id"]
        assert row["basis"]["indicator"] in ("printed", "public method", "proposed")
        assert row["plausible"][0] < row["plausible"][1]
    definitions = [(row["definition"]["zh"], row["label"]["zh"]) for row in rows]
    assert len(set(definitions)) == count


def test_digital_services_have_four_layers_on_eight_channels():
    for kind in ("bank", "securities", "insurance"):
        tree = spec.load(f"digital-service-{kind}")
        assert tree.pillars == ["content", "function", "interaction", "environment"]
        rows = [samples.written(tree)[leaf] for leaf in tree.indicators]
        assert {row["channel"] for row in rows} == set(samples.structure()["channels"])
        assert all(
            samples.written(tree)[tree.nodes.at[row["id"], "parent"]]["channel"] == row["channel"]
            for row in rows
        )


def test_proposed_countries_are_27_with_codes_of_iso_3166():
    roster = files.read_csv(samples.ANNEX / "countries.csv")
    assert len(roster) == 27 and all(pycountry.countries.get(alpha_3=code) for code in roster["code"])


def test_the_country_index_is_observed_whole():
    panel = panel_of("infrastructure")
    assert len(panel) == 27 * 25 * 2 and set(panel["status"]) == {"observed", "imputed"}
    assert panel["unit"].nunique() == 27 and panel["value"].notna().all()
    held = files.read_csv(samples.holding("infrastructure")).astype({"year": int, "figure_year": int})
    carried = held[held["status"].eq("imputed")]
    assert carried["year"].value_counts().to_dict() == {2021: 11, 2020: 3}
    usual = held[held["status"].eq("observed")].groupby(["indicator", "year"])["figure_year"].min()
    assert (
        carried["figure_year"].to_numpy() < usual.loc[list(zip(carried["indicator"], carried["year"]))]
    ).all()
    assert (held["figure_year"] <= held["year"])[held["note"].isna()].all(), "nothing is later than the index"


@pytest.mark.parametrize(
    "unit, year, indicator, value",
    [
        ("韩国", 2021, "rd_share", 4.81),
        ("以色列", 2021, "rd_share", 5.44),
        ("新加坡", 2021, "accounts", 98),
        ("中国", 2021, "legal_rights", 3),
        ("美国", 2021, "startup_time", 4.2),
        ("中国", 2021, "startup_time", 8.55),
    ],
)
def test_observed_values_are_those_published(unit, year, indicator, value):
    cells = panel_of("infrastructure").set_index(["unit", "year", "indicator"])["value"]
    assert cells[unit, year, indicator] == pytest.approx(value, abs=0.05 if value > 5 else 0.01)


def test_the_country_index_by_hand():
    tree, panel = spec.load("infrastructure"), panel_of("infrastructure")
    rules = tree.nodes.loc[tree.indicators]
    wide = panel.pivot(index=["year", "unit"], columns="indicator", values="value")
    logs = rules.index[rules["transform"].eq("log")]
    wide[logs] = np.log(wide[logs])
    low, high = wide.loc[2020].min(), wide.loc[2020].max()
    scores = 100 * (wide - low) / (high - low)
    down = rules.index[rules["direction"].eq(-1)]
    scores[down] = 100 - scores[down]
    total = scores.loc[2021].mean(axis=1)  # five pillars of five, all equal
    found = rankings.load(ED, "infrastructure").of().set_index("unit")["score"]
    assert found.to_dict() == pytest.approx(total.to_dict())


def test_sources_are_a_valid_package_with_licence_and_attribution():
    report = frictionless.validate(str(samples.ANNEX / "datapackage.json"))
    assert report.valid, [error.message for task in report.tasks for error in task.errors]
    cited = rankings.sources(ranked().index)
    assert cited["indicators"].sum() == 25 and set(cited["licence"]) == {"CC BY 4.0"}
    relied = cited.loc[cited["licence_basis"].eq("default"), "dataset_en"]
    assert set(relied) == {
        "Global Findex Database",
        "Worldwide Governance Indicators",
        "Statistical Performance Indicators",
    }
    said = rankings.cautions(ranked().index)["cautions"]
    assert "停止发布" in said["zh"] and "discontinued" in said["en"]


def test_indicators_are_listed_with_the_years_of_their_figures():
    table = rankings.listed(ranked().index).set_index("name_en")
    assert len(table) == 25 and table.at["Account ownership", "vintage"] == "2017 / 2021"
    assert table["carried"].sum() == 14 and table.at["R&D intensity", "carried"] == 11
    assert "vintage" not in rankings.listed(rankings.load(ED, "banks"))


def test_standing_and_datasets_left_out():
    said = rankings.standing(ranked().index, ranked().intervals, "中国")
    assert said["low"] <= said["rank"] <= said["high"] and said["best_rank"] <= said["worst_rank"]
    ties = rankings._ends(pd.Series({"a": 2, "b": 1, "c": 1}))
    assert dict(ties) == {"best": ["b", "c"], "worst": ["a"]}  # all of them, not the first
    table = rankings.without(ranked().index, "中国")
    assert table["indicators"].sum() == 25 and table["spearman"].between(0.9, 1).all()
    business = table.set_index("dataset_en").loc["Doing Business"]
    left = [
        row["id"]
        for row in ranked().index.spec.table["node"]
        if row.get("source", {}).get("en") == "Doing Business"
    ]
    assert business["indicators"] == len(left) == 6
    again = ranked().index.drop(*left).of().set_index("unit")["rank"]
    assert business["rank"] == again["中国"]
    weakest = rankings.weakest(table)
    assert weakest["spearman"] == table["spearman"].min() and 0 <= weakest["kept"] <= weakest["leading"]


def test_the_printed_numbers_of_the_database_are_told():
    assert rankings.as_printed(ED, ranked().index) == {"countries": 27, "indicators": 25, "same": True}
    assert (
        rankings.as_printed(edition.Edition("made-up", ED.settings | {"facts": None}), ranked().index) == {}
    )


SIMULATED = [index for index in rankings.INDICES if index != "infrastructure"]


def test_simulated_units_bear_numbers_and_no_names():
    seen = []
    for index in SIMULATED:
        units, panel = samples.units(index), samples.panel(index, ED.year)
        assert len(units) >= 30 and units["unit"].str.fullmatch(r"样本 \d{2,3}").all(), index
        assert units["unit_en"].str.fullmatch(r"sample \d{2,3}").all() and set(units["group"]) == {"样本"}
        assert set(panel["status"]) == {"simulated"} and set(panel["unit"]) == set(units["unit"])
        seen += units["unit"].tolist()
    assert len(seen) == len(set(seen))


def test_sample_is_the_same_for_the_same_seed_and_lies_in_the_plausible_range():
    assert samples.panel("banks", ED.year).equals(panel_of("banks"))
    for index, panel in ((index, panel_of(index)) for index in SAMPLED):
        tree = spec.load(index)
        bounds = pd.DataFrame(
            {leaf: samples.written(tree)[leaf]["plausible"] for leaf in tree.indicators},
            index=["low", "high"],
        ).T
        at = bounds.loc[panel["indicator"]].to_numpy()
        assert (panel["value"] >= at[:, 0] - 1e-9).all() and (panel["value"] <= at[:, 1] + 1e-9).all()


@pytest.mark.whole
def test_the_methods_find_the_factor_of_the_samples():
    table = rankings.demonstration(ED, draws=200)
    assert len(table) == len(SIMULATED) and table["spearman"].gt(0.85).all()
    assert table["missing_pct"].gt(0).sum() == 3, "only digital services have channels"
    index = rankings.load(ED, "banks")
    factor = samples.factor("banks").reindex(index.of()["unit"])
    expected = index.of().set_index("unit")["score"].corr(factor, method="spearman")
    assert table["spearman"].iloc[0] == pytest.approx(expected, abs=1e-9)
    said = rankings.recovered(table)
    assert said["low"] == table["spearman"].min() and said["inside_high"] == table["inside_pct"].max()


def test_a_missing_channel_is_missing_and_not_zero():
    units, panel = samples.units("digital-service-insurance"), panel_of("digital-service-insurance")
    without = units.loc[~units["channels"].str.contains("douyin"), "unit"]
    tree = spec.load("digital-service-insurance")
    on_douyin = [leaf for leaf in tree.indicators if samples.written(tree)[leaf].get("channel") == "douyin"]
    assert len(without) and panel[panel["unit"].isin(without) & panel["indicator"].isin(on_douyin)].empty
    scores = rankings.load(ED, "digital-service-insurance").scores()
    scores = scores.query("year == 2021").set_index(["unit", "node"])["score"]
    held = scores[without.iloc[0]].dropna()
    assert "content_douyin" not in held.index
    channels = [node for node in tree.children("content") if node in held.index]
    assert held["content"] == pytest.approx(held[channels].mean())


def test_league_and_profile_agree_with_the_scores():
    table = rankings.league(ranked().index, ranked().intervals, top=20)
    assert len(table) == 20 and table["score"].is_monotonic_decreasing and table["rank"].iloc[0] == 1
    assert set(table["score_status"]) == {"observed", "imputed"}
    profile = rankings.profile(ranked().index, 20)
    assert len(profile) == 20 * 5 and list(profile["unit_zh"].unique()) == list(table["unit_zh"])
    heads = rankings.heads(profile)["heads"]
    wide = ranked().index.wide()
    assert [one["unit"]["zh"] for one in heads] == [
        wide[pillar].idxmax() for pillar in ranked().index.spec.pillars
    ]


def test_unknown_index_is_refused():
    with pytest.raises(InputError, match="not a ranked index: use one of infrastructure"):
        rankings.load(ED, "happiness")


def test_a_sample_is_of_the_year_of_the_edition():
    later = edition.Edition("made-up", ED.settings | {"year": 2023, "facts": None})
    index = rankings.load(later, "banks")
    assert index.years == [2022, 2023] and index.spec.method["base_year"] == 2022
    assert index.places["city"].is_unique and len(index.units) == 30
    assert rankings.load(later, "infrastructure").years == [2020, 2021], "observed values keep their years"


def rank_frame(**places):
    return pd.DataFrame(
        [(name, 2021, city, place) for name, row in places.items() for city, place in row.items()],
        columns=["index_name", "year", "city", "place"],
    )


def test_comparison_of_two_rankings():
    a = {city: rank for rank, city in enumerate("甲乙丙丁戊己", 1)}
    reverse = {city: 7 - rank for city, rank in a.items()}
    frame = rank_frame(a=a, b=reverse, c={"甲": 1, "乙": 2})
    assert rankings.compare(frame, ("a", 2021), ("b", 2021))[0]["spearman"] == pytest.approx(-1)
    summary, cities = rankings.compare(frame, ("a", 2021), ("c", 2021))
    assert summary["n"] == 2 and np.isnan(summary["spearman"]) and not cities["outlier"].any()
    moved = rank_frame(a=a, b={"己": 1} | {city: rank + 1 for city, rank in a.items() if city != "己"})
    cities = rankings.compare(moved, ("a", 2021), ("b", 2021))[1]
    assert list(cities.loc[cities["outlier"], "city"]) == ["己"] and cities["gap"].iloc[-1] == 5
    with pytest.raises(InputError, match="no ranking \\('d', 2021\\): use one of a 2021, b 2021, c 2021"):
        rankings.compare(frame, ("a", 2021), ("d", 2021))


@settings(max_examples=30, deadline=None)
@given(st.permutations(list("甲乙丙丁戊")), st.permutations(list("甲乙丙丁戊")))
def test_comparison_is_symmetric(first, second):
    frame = rank_frame(
        a={city: rank for rank, city in enumerate(first)}, b={city: rank for rank, city in enumerate(second)}
    )
    one, other = (rankings.compare(frame, (x, 2021), (y, 2021)) for x, y in (("a", "b"), ("b", "a")))
    assert one[0]["spearman"] == pytest.approx(other[0]["spearman"])
    assert sorted(one[1]["gap"]) == sorted(-other[1]["gap"])


def test_external_rankings_leave_out_inexact_values():
    others = rankings.external(ED)
    assert {"GFCI 31（内地次序）", "FIRE 2021", "金融科技中心指数 FHI"} <= set(others["index_name"])
    assert not others["index_name"].str.contains(
        "零壹"
    ).any() and "全球金融科技发展指数(GFI)与投融资报告" not in set(others["index_name"])
    summary, _ = rankings.compare(others, ("FIRE 2021", 2020), ("GFCI 31（内地次序）", 2021))
    assert summary["n"] == 9 and summary["spearman"] == pytest.approx(0.8167, abs=1e-4)


@pytest.mark.parametrize("name", few([*rankings.INDICES, "fire-2022", rankings.EARLIER], "banks"))
def test_all_eight_indices_run_through_engine_intervals_and_audit(name):
    found = rankings.results(ED, name, draws=40)
    table = rankings.league(found.index, found.intervals, 30)
    assert len(table) == min(30, len(found.index.units)) and table["rank"].iloc[0] == 1
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert len(rankings.listed(found.index)) == len(found.index.spec.indicators)
    assert rankings.verdicts(found.audit, found.index.spec)["lines"] == len(found.audit) > 50


def test_growth_of_the_earlier_edition_comes_from_the_panel():
    panel = pd.DataFrame(
        [
            ("甲", year, name, value, "observed", "")
            for year, name, value in (
                (2020, "gdp", 100.0),
                (2021, "gdp", 105.0),
                (2020, "pop_size", 50.0),
                (2021, "pop_size", 51.0),
            )
        ],
        columns=["unit", "year", "indicator", "value", "status", "source"],
    )
    grown = rankings.with_growth(panel).set_index("indicator")
    assert grown.loc["gdp_growth", "value"] == pytest.approx(5) and grown.loc[
        "pop_growth", "value"
    ] == pytest.approx(2)
    assert set(grown["year"]) == {2021} and grown.loc["gdp_growth", "status"] == "estimated"


def test_any_pair_with_fire_itself():
    others, base = rankings.external(ED), rankings.own(ED)
    summary, cities = rankings.compare(others, base, ("GFCI 31（内地次序）", 2021))
    assert (
        summary["n"] == 12
        and 0.4 < summary["spearman"] < 1
        and set(cities["city"]) >= {"北京", "上海", "武汉"}
    )
    table = rankings.compare_all([others], base)
    most = table[~table["index_name"].str.startswith("FIRE ")].iloc[0]
    assert rankings.widest(table) == (most["index_name"], most["year"])
    assert table["n"].is_monotonic_decreasing and table["n"].min() >= rankings.LEAST
    assert table["spearman_low"].equals(table["spearman_high"]) and table["spearman_status"].isna().all()


def test_rankings_that_came_later_stand_apart():
    pairs = pd.DataFrame({"index_name": ["a", "b", "c"], "year": [2021, 2023, 2022], "n": [9, 8, 7]})
    kept, later = rankings.by_then(pairs, 2022)
    assert kept["index_name"].tolist() == ["a", "c"] and later == ["b"]


def test_agreement_over_draws_is_a_range_and_names_what_holds_in_nearly_all():
    first = {city: rank for rank, city in enumerate("甲乙丙丁戊己", 1)}
    swapped = first | {"甲": 2, "乙": 1}
    other = {"己": 1} | {city: rank + 1 for city, rank in first.items() if city != "己"}
    each = [rank_frame(own=one, other=other) for one in (first, swapped, first, first)]
    said, cities = rankings.agreement(each, ("own", 2021), ("other", 2021))
    single = [rankings.compare(one, ("own", 2021), ("other", 2021))[0]["spearman"] for one in each[:2]]
    assert min(single) <= said["spearman_low"] < said["spearman_high"] <= max(single)
    assert said["outliers"] == ["己"] and said["n"] == 6
    row = cities.set_index("city").loc["甲"]
    assert row["a"] == 1 and row["a_low"] == 1 and 1 < row["a_high"] <= 2


def test_a_city_without_a_place_leaves_no_correlation():
    ours = pd.DataFrame(
        {"a": [1.0, 1.0], "b": [2.0, 2.0], "c": [3.0, np.nan], "d": [4.0, 3.0], "e": [5.0, 4.0]}
    )
    theirs = pd.Series({"a": 1.0, "b": 3.0, "c": 2.0, "d": 4.0, "x": 5.0})
    found = rankings.correlations(ours, theirs)
    assert found["n"].tolist() == [4, 4] and found["spearman"].iloc[0] == pytest.approx(0.8)
    assert (
        found["kendall"].iloc[0] == pytest.approx(2 / 3)
        and found.iloc[1][["spearman", "kendall"]].isna().all()
    )
    assert rankings.correlations(ours, theirs, least=5)["spearman"].isna().all()
