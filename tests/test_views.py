"""Views of results: league table, strengths, peers, scenarios, groups; values of sentences; descriptions of data."""

import numpy as np
import pandas as pd
import pytest
import small
from engine_data import coinr, columns, flat, panel, random_panel
from numpy.testing import assert_allclose
from scipy import stats

from fire import edition
from fire.analysis import describe, headlines, known, regions, views
from fire.errors import InputError
from fire.index import score, treat
from fire.index.coinr import from_coinr
from fire.index.index import Index
from fire.sources import printed

SPEC = flat("x", "y", "z", reference="base", base_year=2020)
CELLS = random_panel(SPEC)
INDEX = Index(SPEC, CELLS)
SCORES = INDEX.scores()
STORED = known.results(
    SCORES, [SCORES], INDEX
)  # as stored results have them; of u03 the x of 2021 is simulated
SOFT = STORED["unit"].eq("u03") & STORED["year"].eq(2021) & STORED["node"].isin(["x", "total"])
STORED.loc[SOFT, "score_status"] = "simulated"
STORED.loc[SOFT, "score_low"] -= 1
STORED.loc[SOFT, "known_share"] = STORED.loc[SOFT, "node"].map({"x": 0, "total": 2 / 3}).astype(float)


def test_league_table():
    table = views.league(INDEX)
    assert table["rank"].tolist() == sorted(table["rank"]) and len(table) == 12
    assert table.loc[0, "score"] == SCORES.query("node == 'total' and year == 2021")["score"].max()
    assert list(table)[:8] == ["rank", "unit", "score", "growth_pct", "rank_change", "x", "y", "z"]
    assert len(list(table)) == 8
    assert_allclose(table[["x", "y", "z"]].mean(axis=1), table["score"])
    assert len(views.league(INDEX, top=3, year=2020)) == 3
    assert list(views.league(INDEX, "x"))[:3] == ["rank", "unit", "score"]
    assert table.attrs["status"] == ["observed"]


def test_a_league_of_stored_scores_keeps_status_and_range_of_every_value():
    table = views.league(INDEX, scores=STORED)
    names = [name for name in table if not name.endswith(("_status", "_low", "_high"))]
    assert names == ["rank", "unit", "score", "growth_pct", "rank_change", "x", "y", "z", "known_pct"]
    assert list(table)[:6] == [
        "rank",
        "rank_status",
        "rank_low",
        "rank_high",
        "interval_low",
        "interval_high",
    ]
    first, soft = table.iloc[0], table[table["unit"].eq("u03")].iloc[0]
    assert first["x_status"] == "observed" and first["known_pct"] == 100
    assert soft["x_status"] == "simulated" and soft["known_pct"] == pytest.approx(200 / 3)
    assert (soft["interval_low"], soft["interval_high"]) == (soft["rank_low"], soft["rank_high"])
    open_ = STORED.assign(rank_status=STORED["rank_status"].mask(STORED["unit"].eq("u03"), "simulated"))
    row = views.league(INDEX, scores=open_).set_index("unit").loc["u03"]
    assert (
        pd.isna(row["interval_low"]) and row["rank_low"] == soft["rank_low"]
    )  # the rank is this range already
    alone = views.known_rows(table[["unit", "x", "x_status"]])
    assert "u03" not in set(alone["unit"]) and alone.attrs["left_out"] == 1
    shares = views.status_shares(STORED, INDEX).set_index(["node", "status"])["share_pct"]
    assert shares["x", "simulated"] == pytest.approx(100 / 12) and shares[
        "total", "simulated"
    ] == pytest.approx(100 / 36)
    said = headlines.status(views.status_shares(STORED, INDEX), INDEX)
    assert said["known"] == pytest.approx(100 - 100 / 36) and said["draws"] == 1


def test_coverage_lists_the_units_of_which_equally_much_is_known():
    places = pd.DataFrame({"city": [f"u{row:02d}" for row in range(12)], "region": "r"})
    places["city_en"] = places["city"].str.upper()
    index = Index(SPEC, CELLS, places=places)
    table = views.coverage(STORED, index)
    assert table["known_pct"].tolist() == pytest.approx([100, 200 / 3]) and table["cities"].tolist() == [
        11,
        1,
    ]
    assert table["known_pct_x"].tolist() == [100, 0] and table["members_en"].tolist()[1] == "U03"


def test_league_table_with_regions():
    places = pd.DataFrame({"city": list("abc"), "region": ["south", "north", "south"]})
    index = Index(flat("x", normalise="none"), columns(x=[3.0, 1, 2]), places=places)
    table = views.league(index)
    assert list(table) == ["rank", "unit", "region", "score", "growth_pct", "rank_change", "x"]
    assert table["region"].tolist() == ["south", "south", "north"]
    ordered = views.by_region(table, ["north", "south"])
    assert ordered["unit"].tolist() == ["b", "a", "c"] and list(ordered)[0] == "region"
    assert views.members(index, "south") == ["a", "c"]
    with pytest.raises(InputError, match="did you mean 'north'"):
        views.known_region(index, "nort")


def test_both_years_beside_each_other():
    table = views.both_years(SCORES, 2021, 2020)
    wide = SCORES.pivot(index=["unit", "node"], columns="year", values="score")
    found = table.set_index(["unit", "node"])
    assert_allclose(found[2020], wide.loc[found.index, 2020])
    assert_allclose(found[2021], found["score"])
    alone = views.both_years(SCORES, 2020)
    assert 2020 in alone and 2021 not in alone and len(alone) == len(table)
    stored = views.both_years(STORED, 2021, 2020).set_index(["unit", "node"])
    assert stored.loc[("u03", "x"), ["2020_status", "2021_status"]].tolist() == ["observed", "simulated"]
    assert stored.loc[("u03", "x"), "2021_low"] == stored.loc[("u03", "x"), 2021] - 1
    side = views.side_by_side(views.chosen(stored.reset_index(), ["u03", "u01"], ["total", "x"]))
    assert side["unit"].tolist() == ["u03", "u01"] and side["x_status"].tolist() == ["simulated", "observed"]
    assert {"rank_x", "rank_x_low", "growth_pct", "growth_pct_status"} <= set(side)


def test_strengths_and_weaknesses():
    table = views.strengths(INDEX, "u01", count=1)
    own = SCORES.query("unit == 'u01' and year == 2021 and node != 'total'")
    assert table["side"].tolist() == ["strength", "weakness"]
    assert table["rank"].tolist() == [own["rank"].min(), own["rank"].max()]
    medians = SCORES.query("year == 2021").groupby("node", observed=True)["score"].median()
    assert_allclose(table["gap"], table["score"] - medians[table["node"]].to_numpy())


def test_peers_are_the_nearest_in_indicator_space():
    table = views.peers(INDEX, "u01", count=3)
    wide = INDEX.wide(2021)[["x", "y", "z"]]
    gap = ((wide - wide.loc["u01"]) ** 2).mean(axis=1) ** 0.5
    assert table["unit"].tolist() == gap.drop("u01").nsmallest(3).index.tolist()
    assert_allclose(table["distance"], gap.drop("u01").nsmallest(3))


def test_scenarios_side_by_side():
    runs = {
        "as published": INDEX,
        "ranks": INDEX.vary(normalise="rank", reference="year"),
        "x alone": INDEX.vary(weights={"x": 1, "y": 0, "z": 0}),
    }
    table = views.scenarios(runs, "total")
    assert list(table) == [*runs, "spread"] and table["as published"].tolist() == sorted(
        table["as published"]
    )
    agreement = views.agreement(runs, "total")
    assert agreement.loc["as published", "as published"] == 1 and agreement.loc["as published", "x alone"] < 1
    moves = views.moves(INDEX, runs["x alone"])
    gaps = (table["as published"] - table["x alone"]).abs()
    assert (moves["rank_before"] - moves["rank_after"]).abs().tolist() == sorted(gaps[gaps > 0], reverse=True)
    said = headlines.moved(moves)
    assert said["n"] == (gaps > 0).sum() and said["most"] == gaps.max()
    assert set(said["names"]) == set(gaps.index[gaps == gaps.max()])


def test_ranks_inside_groups():
    groups = pd.Series({f"u{row:02d}": "odd" if row % 2 else "even" for row in range(12)})
    table = views.group_ranks(INDEX, groups=groups)
    assert table.groupby("group")["group_rank"].apply(list).tolist() == [[1, 2, 3, 4, 5, 6]] * 2
    assert set(table["of"]) == {6}
    tied = Index(
        flat("x", normalise="none"),
        columns(x=[0.3, 0.1 + 0.2, 1]),
        groups=pd.Series({"a": "g", "b": "g", "c": "h"}),
    )
    assert views.group_ranks(tied)["group_rank"].tolist() == [1, 1, 1]


def test_unknown_names_say_what_to_type():
    for call, words in [
        (lambda: views.league(INDEX, "totl"), "did you mean 'total'"),
        (lambda: views.strengths(INDEX, "u1"), "did you mean"),
        (lambda: views.league(INDEX, year=2030), "no year 2030: type one of 2020, 2021"),
        (lambda: views.scenarios({"a": INDEX}, "xx"), "'xx'"),
    ]:
        with pytest.raises(InputError, match=words):
            call()


# Values of sentences --------------------------------------------------------------------------------------------------


def frame(**columns):
    return pd.DataFrame({"unit": list("abcd"), "node": "total"} | columns)


def test_who_leads_and_how_sure_it_is():
    table = frame(score=[9.0, 9.0, 5, 1], rank=[1, 1, 3, 4], rank_low=[1, 1, 2, 4], rank_high=[1, 3, 4, 4])
    said = headlines.lead(table, 2)
    assert said["names"] == ["a", "b"] and said["sure"] == 1 and said["last"] == ["d"]
    assert said["widest"] == ["b", "c"] and said["width"] == 3


def test_growth_and_moves_are_told_as_far_as_they_are_known():
    table = frame(score=[9.0, 8, 2, 1], growth_pct=[1.0, -2, 7.5, np.nan], rank_change=[0, 4, 3, np.nan])
    said = headlines.growth(table, 2)
    assert (said["fastest"]["unit"], said["slowest"]["unit"], said["told"]) == ("c", "b", 3)
    assert (said["up"], said["down"], said["all"]) == (2, 1, 3)  # d was not there before
    assert said["behind"] and not said["last"] and said["head"]["unit"] == "a"
    assert headlines.growth(table.assign(score=[9.0, 8, 1, 2]))["last"]
    wide = table.assign(
        score=[9.0, 8, 1, 2], score_status=["observed"] * 3 + ["simulated"], score_low=[9.0, 8, 1, 0.5]
    )
    assert not headlines.growth(wide)["last"]  # d may lie below it
    assert headlines.growth(wide)["fastest_score_status"] == "observed"
    soft = table.assign(growth_pct_status=["printed", "simulated", "printed", None])
    said = headlines.growth(soft, 2)
    assert said["printed"] and said["head"] is None and said["up"] is None and said["all"] == 3
    moved = headlines.moves(table, 1)
    assert moved["climbs"] == [{"places": 4, "names": ["b"]}, {"places": 3, "names": ["c"]}]
    assert (moved["up"], moved["all"], moved["falls"], moved["kept"]) == (2, 3, [], 1)
    part = headlines.moves(table.assign(rank_change_status=["printed", "printed", "simulated", None]), 1)
    assert part["up"] is None and part["climbs"] == [{"places": 4, "names": ["b"]}] and part["printed"]
    moved = headlines.moves(table.assign(rank_change=[1, 1, -2, 0]), 2)
    assert (moved["up"], moved["down"], moved["same"], moved["kept"]) == (2, 1, 1, 0)
    assert moved["climbs"] == [{"places": 1, "names": ["a", "b"]}] and moved["falls"][0]["names"] == ["c"]


def test_a_step_sets_the_first_apart_only_where_it_is_large():
    ranked = frame(score=[9.0, 8.9, 7.0, 6.9], rank=[1, 2, 3, 4])
    said = headlines.podium(known.Draws(ranked, [ranked]), 4)
    assert said["ahead"] == 2 and said["step"] == pytest.approx(1.9) and not said["printed"]
    even = ranked.assign(score=[9.0, 8, 7, 6])
    assert headlines.podium(known.Draws(even, [even]), 4)["ahead"] == 0
    soft = ranked.assign(
        score_status=["observed", "simulated", "observed", "observed"], rank_status="printed"
    )
    said = headlines.podium(known.Draws(soft, [soft]), 4)
    assert (
        said["first"][1] == {"unit": "b", "value": None, "status": ""}
        and said["printed"]
        and not said["ahead"]
    )


def test_seats_of_regions_and_of_the_west():
    places = pd.DataFrame(
        {"city": list("abcd"), "region": ["n", "n", "s", "w"], "province": ["广东省"] * 3 + ["四川省"]}
    )
    said = headlines.seats(list("abcd"), places)
    assert said["many"] == [{"region": "n", "cities": ["a", "b"]}] and said["single"] == 2
    assert (
        said["west"] == ["d"] and headlines.seats(["d"], places)["west"] == []
    )  # all of them: nothing to tell


def test_a_pillar_is_told_by_what_sets_it_apart():
    total = frame(score=[9.0, 8, 7, 6], rank=[1, 2, 3, 4])
    other = frame(unit=list("dbca"), score=[5.0, 4, 3, 2], rank=[1, 2, 3, 4])
    both = [known.Draws(one, [one]) for one in (other, total)]
    said = headlines.character(*both, 3)
    assert (said["leader"], said["place"], said["head"]) == ("a", None, 0)
    assert said["entered"][0]["unit"] == "d" and said["entered"][0]["place"] == 1 and said["left"] == ["a"]
    assert said["shift"] is None and headlines.character(*both, 4)["shift"] == {
        "unit": "a",
        "here": 4,
        "there": 1,
    }
    same = headlines.character(both[1], both[1], 3)
    assert same["head"] == 3 and same["place"] == 1 and same["entered"] == same["left"] == []


def test_a_region_led_by_one_city_and_one_that_moves_abreast():
    table = pd.DataFrame(
        {
            "region": ["n", "s", "w"],
            "cities": [3, 4, 1],
            "top_city": list("abc"),
            "lead": [2.0, 0.1, 0],
            "range": [3.0, 0.5, 0],
        }
    )
    assert headlines.inside(table) == {"steep": "n", "city": "a", "lead": 2.0, "even": "s", "range": 0.5}
    assert headlines.inside(table.iloc[2:])["even"] is None


def test_the_order_is_told_as_far_as_the_draws_agree():
    frames = [
        frame(rank=[1, 2, 3, 4]),
        *[frame(unit=list(order), rank=[1, 2, 3, 4]) for order in ("abcd", "abdc")],
    ]
    assert headlines.order(known.Draws(frames[0], frames), 3) == ["a", "b"]
    assert headlines.order(known.Draws(frames[0], frames[:1]), 3) == ["a", "b", "c"]
    assert (
        headlines.order(known.Draws(frames[0], [frames[0], frame(unit=list("bacd"), rank=[1, 2, 3, 4])]), 3)
        == []
    )


def test_without_a_year_before_growth_has_no_names():
    table = frame(score=1.0, growth_pct=[np.nan] * 4, rank_change=pd.array([pd.NA] * 4, dtype="Int64"))
    grown, moved = headlines.growth(table), headlines.moves(table, 2)
    assert grown["fastest"] is grown["up"] is grown["head"] is None
    assert moved["climbs"] == [] and moved["up"] is moved["kept"] is None


def test_cities_to_compare_are_those_printed_or_the_leaders_of_regions():
    table = frame(score=[4.0, 3, 2, 1], rank=[1, 2, 3, 4], region=["n", "n", "s", "s"])
    assert views.to_compare(table, "total", 2) == ["a", "c"]
    told = table.assign(score_status=["simulated", "printed", "observed", "printed"])
    assert views.to_compare(told, "total") == ["b", "d"]


def test_a_comparison_names_what_moved_each_city():
    table = pd.DataFrame(
        {
            "unit": ["a", "b"] * 3,
            "node": ["p", "p", "x", "x", "y", "y"],
            2020: [1.0, 1, 1, 1, 1, 1],
            2021: [2.0, 1.5, 1.2, 1.6, 1.8, 0.9],
            "growth_pct": [100.0, 50, 20, 60, 80, -10],
        }
    )
    assert headlines.comparison(table.assign(score=table[2021]), "p")["best"] == ["a"]
    assert [one["node"] for one in headlines.drivers(table, "p")] == ["y", "x"]
    assert headlines.drivers(table.drop(columns=2020), "p") == []
    soft = table.assign(**{"2020_status": ["observed"] * 5 + ["simulated"], "2021_status": "printed"})
    assert [one["city"] for one in headlines.drivers(soft, "p")] == ["a"]  # of b one child is not known


def test_an_edition_of_one_observed_year_has_all_views():
    """No printed facts, no year before, other places: no sentence on growth, no crash."""
    units = ["甲市", "乙市", "丙市", "丁市", "戊市", "己市"]
    places = pd.DataFrame(
        {
            "city": units,
            "city_en": [f"City {one}" for one in "ABCDEF"],
            "region": ["北"] * 3 + ["南"] * 3,
            "lon": range(100, 106),
            "lat": range(30, 36),
        }
    )
    made = small.edition(units, places=places).index
    cells = made.panel[made.panel["year"].eq(2020)].assign(status="observed")
    index = Index(made.spec, cells, places=places)
    assert index.before is None
    scores, root = known.results(index.scores(), [index.scores()], index), index.spec.root
    cities = views.placed(views.both_years(scores, 2020), places)
    areas = views.both_years(regions.means(index), 2020)
    total = views.at(cities, root)
    assert headlines.growth(total)["fastest"] is None
    said = headlines.status(views.status_shares(scores, index), index)
    assert said["known"] == pytest.approx(100) and all(
        one["known"] == pytest.approx(100) for one in said["nodes"]
    )
    assert len(headlines.regions(views.at(areas, root))["first"]) == 2
    told = headlines.method(index)
    assert sum(one["weight_pct"] for one in told["pillars"]) == pytest.approx(100) and told["linear"]
    for node in index.spec.pillars:
        own, whole = views.at(areas, node), views.at(areas, root)
        head = headlines.leading(own, whole)
        assert head["heads"] == headlines.leader(own)["leader"] and head["base"] == views.foremost(whole)
        marked = headlines.leading(own.assign(score_status="printed"), whole)
        assert (head["score_status"], marked["score_status"]) == ("", "printed")
        children = index.spec.children(node)
        lead = headlines.also(views.firsts(areas), node, children)
        assert lead == [
            one for one in children if set(head["heads"]) <= set(views.foremost(views.at(areas, one)))
        ]
    roster = views.roster(index)
    assert "cities_printed" not in roster and roster["cities"].tolist() == [3, 3]
    mine = views.indicators_of(cities, "甲市", index.spec.indicators)
    one = headlines.city(cities, mine, "甲市", root, 3)
    assert one["known"] == 0 and one["rises"] == [] and len(views.fastest(mine, 5)) == 0
    assert views.system(index)["weight_in_index"].sum() == pytest.approx(100)


def test_printed_scores_of_the_edition():
    table = printed.values(edition.load(2022)).query("measure == 'score'")
    assert len(table) == 105 and table["unit_type"].value_counts().to_dict() == {"city": 87, "region": 18}
    assert table.set_index(["unit", "node"]).at[("北京", "total"), "value"] == 9.958


# Descriptions of data -------------------------------------------------------------------------------------------------


def test_availability_and_statistics():
    table = pd.DataFrame({"x": [1, np.nan, 0, 4.0], "y": [0, 2, 3, 40.0]}, index=list("abcd"))
    found = describe.availability(table)
    assert found.loc["b", ["missing", "available"]].tolist() == [1, 0.5] and found.loc["a", "not_zero"] == 0.5
    line = describe.statistics(table).loc["y"]
    assert line["skew"] == pytest.approx(stats.skew(table["y"], bias=False))
    assert line["kurtosis"] == pytest.approx(stats.kurtosis(table["y"], bias=False))
    assert np.isnan(treat.skewness(np.ones(5)))


def test_correlations_use_complete_pairs_and_a_level():
    data = coinr("asem_raw")[["Goods", "Services", "FDI", "Embs"]]
    found = describe.correlations(data)
    assert_allclose(found, data.corr())
    spearman = describe.correlations(data, method="spearman")
    assert_allclose(spearman, data.corr(method="spearman"))
    assert describe.correlations(data, level=1e-9).isna().to_numpy().any()
    assert found.loc["Goods", "FDI"] == pytest.approx(
        stats.pearsonr(*data[["Goods", "FDI"]].dropna().T.to_numpy())[0]
    )


def test_trends():
    cells = panel(
        {("a", year, "x"): value for year, value in [(2018, 100), (2019, 140), (2021, 133.1)]}
        | {("b", 2018, "x"): 1, ("b", 2021, "x"): 2, ("c", 2019, "x"): 5}
    )
    table = score.steps(flat("x", normalise="none"), cells).raw
    found = describe.trends(table).set_index("unit")["trend"]
    assert found["a"] == pytest.approx(0.1) == pytest.approx(1.331 ** (1 / 3) - 1, abs=1e-12)
    assert found["b"] == pytest.approx(2 ** (1 / 3) - 1) and np.isnan(found["c"])
    slope = describe.trends(table, measure="slope_pct").set_index("unit")["trend"]
    line = np.polyfit([0, 1, 3], [100, 140, 133.1], 1)
    assert slope["a"] == pytest.approx(100 * line[0] / line[1]) and slope["b"] == pytest.approx(100 / 3)
    down = describe.trends(table, flat("x").vary("x", direction=-1)).set_index("unit")["trend"]
    assert down["a"] == pytest.approx(-0.1)
    spec, cells = from_coinr(coinr("asem_meta").drop(columns="Denominator"), coinr("panel_raw"))
    rates = describe.trends(score.steps(spec, cells).raw[["Goods"]]).set_index("unit")["trend"]
    goods = coinr("panel_raw").pivot(index="uCode", columns="Time", values="Goods")
    assert_allclose(rates, (goods[2022] / goods[2018]) ** 0.25 - 1)


def test_a_trend_needs_enough_of_its_window():
    """b has 2 of the last 4 years, c 1 of 4; by hand."""
    values = {("a", year): 100 * 1.1 ** (year - 2018) for year in range(2018, 2022)}
    values |= {("b", 2018): 1, ("b", 2021): 2, ("c", 2019): 5}
    cells = panel({(unit, year, "x"): value for (unit, year), value in values.items()})
    table = score.steps(flat("x", normalise="none"), cells).raw
    found = describe.trends(table, least=2 / 3).set_index("unit")
    assert found["in_window"].tolist() == [1, 0.5, 0.25]
    assert found["trend"]["a"] == pytest.approx(0.1) and found["trend"][["b", "c"]].isna().all()
    latest = describe.trends(table, last=2, least=1).set_index("unit")
    assert latest["in_window"].tolist() == [1, 0.5, 0.5]
    assert latest["trend"].notna().tolist() == [True, False, False]
    half = describe.trends(table, least=0.5).set_index("unit")["trend"]
    assert half["b"] == pytest.approx(2 ** (1 / 3) - 1)
