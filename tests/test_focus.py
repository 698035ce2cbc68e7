"""A region and its cities as far as they are known: printed numbers, ranges, nothing else."""

import numpy as np
import pandas as pd
import pytest
from whole import few

from fire import edition
from fire.analysis import focus, views
from fire.analysis.known import Draws, lasting
from fire.figures import focus as draw
from fire.figures import style
from fire.report import narrative

SCORES = pd.DataFrame(
    {
        "unit": ["北京", "上海", "北京", "上海"] * 2,
        "year": [2020] * 4 + [2021] * 4,
        "node": ["total", "total", "F", "F"] * 2,
        "score": [8.0, 7.0, 6.0, 5.0, 9.958, 9.5, 6.5, 5.5],
        "score_status": ["simulated"] * 2
        + ["observed"] * 2
        + ["printed", "simulated", "observed", "observed"],
        "score_low": [7.5, 6.5, 6.0, 5.0, 9.958, 9.1, 6.5, 5.5],
        "score_high": [8.5, 7.5, 6.0, 5.0, 9.958, 9.9, 6.5, 5.5],
        "rank": [1, 2] * 4,
        "rank_status": ["simulated", "simulated", "observed", "observed", "printed", "simulated"]
        + ["observed"] * 2,
        "rank_low": [1, 2] * 4,
        "rank_high": [1, 3] * 4,
        "growth_pct": [np.nan] * 4 + [3.6, 35.7, 8.3, 10.0],
        "growth_pct_status": [None] * 4 + ["printed", "simulated", "observed", "observed"],
        "growth_pct_low": [np.nan] * 4 + [3.6, 30.0, 8.3, 10.0],
        "growth_pct_high": [np.nan] * 4 + [3.6, 40.0, 8.3, 10.0],
    }
)
BOTH = views.both_years(SCORES, 2021, 2020)


def test_a_printed_standing_has_its_mark_and_an_unknown_one_its_range():
    one, other = (focus.standing(BOTH, unit, "total") for unit in ("北京", "上海"))
    assert (one["score"], one["rank"], one["growth"], one["all"]) == (9.958, 1, 3.6, 2)
    assert (one["score_status"], one["rank_status"]) == ("printed", "printed")
    assert other["score"] == {"centre": 9.5, "low": 9.1, "high": 9.9} and other["score_status"] == ""
    assert other["rank"] == {"centre": 2, "low": 2, "high": 3}
    alone = focus.standing(views.both_years(SCORES, 2020), "北京", "F")
    assert alone["growth"] is None and alone["score"] == 6


def test_who_leads_is_told_by_node_and_only_where_it_lasts():
    assert focus.heads(BOTH) == [["total", ["北京"]], ["F", ["北京"]]]
    there = BOTH["node"].ne("total")
    other = BOTH.assign(
        score=BOTH["score"].where(there, 10 - BOTH["score"]), rank=BOTH["rank"].where(there, 3 - BOTH["rank"])
    )
    assert lasting(focus.heads, Draws(BOTH, [BOTH, other])) == [["F", ["北京"]]]


AREAS = pd.DataFrame(
    {
        "unit": ["京津冀"] * 2 + ["长三角"] * 2,
        "node": ["total", "F"] * 2,
        "score": [9.0, 7.0, 9.5, 5.5],
        "score_status": ["printed", "observed"] * 2,
        "cities": [2, 2, 1, 1],
    }
)


def against(unit, region="京津冀"):
    frame = BOTH.assign(known_share=np.where(BOTH["node"].eq("F"), 1.0, 0.3))
    return focus.against(frame, AREAS, unit, region, edition.load(2022).spec)


def test_a_city_is_set_against_the_mean_of_its_region_as_far_as_both_are_known():
    table = against("北京")
    assert table["node"].tolist() == ["total", "F"] and table["mean"].tolist() == [9.0, 7.0]
    assert table["known_pct"].tolist() == [30, 100] and table["rank"].tolist() == [1, 1]
    assert focus.compared(table) == {
        "ahead": ["total"],
        "behind": ["F"],
        "known": 0,
        "unknown": 19,
        "among": 19,
    }
    assert focus.compared(against("上海"))["behind"] == ["F"]  # its total is a range
    assert against("上海", "长三角")["mean"].isna().all()  # of itself alone
    table = focus.table(BOTH, "北京", ["F", "total"])
    assert table["node"].tolist() == ["F", "total"] and "rank_status" in table and "rank_change" not in table


def test_a_node_of_which_all_children_are_shown_and_an_only_child_of_a_pillar_are_left_out():
    spec = edition.load(2022).spec
    leaves = ["gdp", "tertiary_share", "pop_size", "pop_structure", "inclusive_finance", "incubators"]
    nodes = [spec.root, *spec.pillars, "economy", "population", "finance", "policy", *leaves]
    frame = pd.DataFrame({"unit": "北京", "node": nodes, "score": np.arange(len(nodes)) + 1.0})
    frame = frame.assign(rank=1, known_share=1.0)
    shown = focus.against(frame, AREAS, "北京", "京津冀", spec)["node"].tolist()
    assert shown[:2] == ["total", "F"] and set(shown) == {spec.root, *spec.pillars, "policy", *leaves}


def test_a_city_stands_among_those_of_its_region_as_far_as_scores_are_known():
    now = BOTH.assign(rank_change=[1, -1] * 2, rank_change_status=["printed", "simulated"] * 2)
    members = ["北京", "上海"]
    first, other = (focus.within(now, unit, members, "F") for unit in members)
    assert first == {"place": 1, "members": 2, "places": 1, "places_status": "printed"}
    assert other == {"place": 2, "members": 2, "places": None, "places_status": ""}
    assert focus.within(now, "北京", members, "total")["place"] is None  # the total of 上海 is a range
    assert focus.within(now, "北京", ["上海"], "F")["place"] is None  # not of this region


def test_ranks_and_growth_of_a_city_are_told_where_they_are_known():
    ends = focus.extremes(BOTH, "上海", ["total", "F"])
    assert ends["ranked"] == 1 and ends["best"] is None and ends["fall"] is None
    assert (ends["rise"]["node"], ends["rise"]["value"]) == ("F", 10.0)  # that of the total is a range
    other = focus.extremes(BOTH, "北京", ["total", "F"])
    assert other["best"] == {"node": "total", "rank": 1, "status": "printed"}
    assert other["worst"] == {"node": "F", "rank": 1, "status": "observed"}
    assert (other["rise"]["node"], other["fall"]) == ("F", None)
    mixed = BOTH.assign(growth_pct=BOTH["growth_pct"].where(BOTH["node"].eq("F"), -BOTH["growth_pct"]))
    ends = focus.extremes(mixed, "北京", ["total", "F"])
    assert (ends["rise"]["value"], ends["fall"]["value"]) == (8.3, -3.6)
    assert (ends["rise"]["status"], ends["fall"]["status"]) == ("observed", "printed")


def told(turn=1, lang="zh", place=2, **ends):
    """The sentence on what is known of a city."""
    one = {"node": "gdp", "unit": "北京", "value": 44.62, "status": "printed"}
    none = {
        "ranked": 0,
        "best": None,
        "worst": None,
        "heads": None,
        "rise": None,
        "fall": None,
        "place": place,
    }
    given = {name: one | value for name, value in ends.items()}
    ed = edition.load(2022)
    catalogue = narrative.catalogue(*narrative.folders(ed))
    return catalogue.say("focus-told", narrative.facts(ed) | none | {"turn": turn} | given, ed.book)[lang]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("place", few([1, 2], 1))
@pytest.mark.parametrize("loss", few([-25.45, -8.07], -25.45))
def test_both_the_best_and_the_worst_growth_of_a_city_are_told_with_their_marks(lang, turn, place, loss):
    both = told(turn, lang, place, rise={}, fall={"value": loss})
    sign = "[刊]" if lang == "zh" else "[p]"
    assert "44.62" in both and f"{-loss:.2f}" in both and both.count(sign) == 2
    assert sign not in told(turn, lang, place, rise={"status": "observed"})


def test_a_value_whose_label_is_in_doubt_is_not_told(tmp_path):
    cells = [[2021, "北京", "F", "growth_pct", "E1"], [2021, "北京", "total", "growth_pct", "E2"]]
    columns = ["year", "unit", "node", "measure", "errata"]
    pd.DataFrame(cells, columns=columns).to_csv(tmp_path / "index_scores.csv", index=False)
    assert focus.labelled(BOTH, tmp_path) is BOTH and focus.labelled(BOTH, None) is BOTH  # no errata
    pd.DataFrame({"id": ["E1", "E2"], "kind": ["label", "number"]}).to_csv(
        tmp_path / "errata.csv", index=False
    )
    kept = focus.labelled(BOTH, tmp_path)
    gone = kept["growth_pct"].isna()
    assert BOTH.loc[gone, ["unit", "node"]].to_numpy().tolist() == [["北京", "F"]]
    assert kept["score"].equals(BOTH["score"])
    assert focus.extremes(kept, "北京", ["total", "F"])["rise"]["node"] == "total"
    ed = edition.load(2022)
    printed = pd.DataFrame({"unit": "广州", "year": 2021, "node": ["invention_patents", "inclusive_finance"]})
    left = focus.labelled(printed.assign(growth_pct=[-5.9, 44.62]), ed.facts)
    assert left["growth_pct"].isna().tolist() == [True, False]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_figure_shows_the_printed_digits(lang):
    fig = draw.against(against("北京"), edition.load(2022).book.lang(lang))
    shown = {text.get_text() for text in fig.axes[0].texts}
    assert {"9.958", "6.500", "30", "100"} <= shown
    fig.canvas.draw()
    assert fig.get_tightbbox().width <= style.WIDTH + 0.04
    other = draw.against(against("上海"), edition.load(2022).book.lang(lang))
    assert {"(9.1–9.9)", "(2–3)"} <= {text.get_text() for text in other.axes[0].texts}
    style.plt.close("all")
