"""The annex: specifications really listed, a marked sample, league tables, comparison with other rankings."""

import numpy as np
import pandas as pd
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import edition, files
from fire.analysis import rankings
from fire.errors import InputError
from fire.index import spec
from fire.sources import samples

ED = edition.load(2022)
PANELS = {
    index: samples.panel(index, ED.year, ED.facts)
    for index in ("infrastructure", "banks", "digital-service-insurance", "firm-competitiveness")
}


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


@pytest.mark.parametrize(
    "index, units",
    [
        ("infrastructure", 27),
        ("banks", 100),
        ("firm-competitiveness", 100),
        ("digital-service-bank", 138),
        ("digital-service-securities", 90),
        ("digital-service-insurance", 72),
    ],
)
def test_samples_have_the_size_of_the_databases(index, units):
    assert len(samples.units(index, ED.year, ED.facts)) == units


def test_every_drawn_cell_is_marked_and_named_units_are_those_with_printed_values():
    for _index, panel in PANELS.items():
        assert set(panel["status"]) <= {"simulated", "published"}
        named = set(panel.loc[~panel["unit"].str.startswith("样本"), "unit"])
        assert named == set(panel.loc[panel["status"] == "published", "unit"])
    assert len(named := set(PANELS["banks"].loc[PANELS["banks"]["status"] == "published", "unit"])) == 14, (
        named
    )


def test_printed_spending_enters_as_printed_and_a_doubted_share_stays_missing():
    panel = PANELS["banks"].set_index(["unit", "year", "indicator"])["value"]
    assert (
        panel["工商银行", 2021, "tech_spend"] == 259.87
        and panel["渤海银行", 2021, "tech_spend_share"] == 3.24
    )
    assert panel["工商银行", 2020, "tech_spend"] == pytest.approx(238.19)
    assert ("交通银行", 2021, "tech_spend_share") not in panel and (
        "招商银行",
        2020,
        "tech_spend_share",
    ) not in panel


def test_sample_is_the_same_for_the_same_seed_and_lies_in_the_plausible_range():
    assert samples.panel("infrastructure", ED.year).equals(PANELS["infrastructure"])
    for index, panel in PANELS.items():
        tree = spec.load(index)
        bounds = pd.DataFrame(
            {leaf: samples.written(tree)[leaf]["plausible"] for leaf in tree.indicators},
            index=["low", "high"],
        ).T
        at = bounds.loc[panel["indicator"]].to_numpy()
        assert (panel["value"] >= at[:, 0] - 1e-9).all() and (panel["value"] <= at[:, 1] + 1e-9).all()


def test_factor_structure_shows_in_the_scores():
    index = rankings.load(ED, "infrastructure")
    pillars = index.wide()[index.spec.pillars]
    assert pillars.corr().to_numpy()[np.triu_indices(5, 1)].min() > 0.2


def test_a_missing_channel_is_missing_and_not_zero():
    units, panel = samples.units("digital-service-insurance", ED.year), PANELS["digital-service-insurance"]
    without = units.loc[~units["channels"].str.contains("douyin"), "unit"]
    tree = spec.load("digital-service-insurance")
    on_douyin = [leaf for leaf in tree.indicators if samples.written(tree)[leaf].get("channel") == "douyin"]
    assert len(without) and panel[panel["unit"].isin(without) & panel["indicator"].isin(on_douyin)].empty
    scores = (
        rankings.load(ED, "digital-service-insurance")
        .scores()
        .query("year == 2021")
        .set_index(["unit", "node"])["score"]
    )
    one = without.iloc[0]
    held = scores[one].dropna()
    assert "content_douyin" not in held.index
    channels = [node for node in tree.children("content") if node in held.index]
    assert held["content"] == pytest.approx(held[channels].mean())


def test_league_groups_and_profile_agree_with_the_scores():
    index = rankings.load(ED, "banks")
    table = rankings.league(index, top=30)
    assert len(table) == 30 and table["score"].is_monotonic_decreasing and table["rank"].iloc[0] == 1
    assert table["share_hard"].between(0, 1).all() and (table["share_hard"] > 0).any()
    groups = rankings.groups(rankings.members(index), 30)
    assert groups["units"].sum() == 100 and groups["in_top"].sum() == 30
    profile = rankings.profile(index, 30)
    assert len(profile) == 30 * 7 and list(profile["unit_zh"].unique()) == list(table["unit_zh"])


def test_unknown_index_is_refused():
    with pytest.raises(InputError, match="not a ranked index: use one of infrastructure"):
        rankings.load(ED, "happiness")


def test_a_sample_of_another_year_without_printed_facts_names_no_bank():
    later = edition.Edition("made-up", ED.settings | {"year": 2023, "facts": None})
    index = rankings.load(later, "banks")
    assert index.years == [2022, 2023] and index.spec.method["base_year"] == 2022
    assert set(index.panel["status"]) == {"simulated"} and not index.panel["unit"].eq("工商银行").any()
    assert index.places["city"].is_unique and len(index.units) == 100


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


@pytest.mark.parametrize("name", [*rankings.INDICES, "fire-2022", rankings.EARLIER])
def test_all_eight_indices_run_through_engine_intervals_and_audit(name):
    ranked = rankings.results(ED, name, draws=40)
    table = rankings.league(ranked.index, ranked.intervals, 30)
    assert len(table) == min(30, len(ranked.index.units)) and table["rank"].iloc[0] == 1
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert len(rankings.listed(ranked.index.spec)) == len(ranked.index.spec.indicators)
    assert rankings.verdicts(ranked.audit)["lines"] == len(ranked.audit) > 50


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
    table = rankings.compare_all(others, base)
    assert rankings.widest(table) == ("GFCI 31（内地次序）", 2021)
    assert table["n"].is_monotonic_decreasing and table.loc[table["n"] < 4, "spearman"].isna().all()
