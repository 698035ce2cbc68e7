"""A region and its cities as far as they are known: printed numbers, ranges, nothing else."""

import numpy as np
import pandas as pd
import pytest

from fire.analysis import focus, views
from fire.analysis.known import Draws, lasting
from fire.figures import focus as draw
from fire.figures import style

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


def test_only_scores_that_are_known_are_listed():
    told = focus.known_of(BOTH, "北京", ["total", "F"])
    assert told["node"].tolist() == ["total", "F"] and told["2021_status"].tolist() == ["printed", "observed"]
    assert told[2020].isna().tolist() == [True, False]  # the total of 2020 is a range
    assert focus.known_of(BOTH, "上海", ["total", "F"])["node"].tolist() == ["F"]
    table = focus.table(BOTH, "北京", ["F", "total"])
    assert table["node"].tolist() == ["F", "total"] and "rank_status" in table and "rank_change" not in table


def test_a_city_stands_among_those_of_its_region_as_far_as_scores_are_known():
    now = BOTH.assign(rank_change=[1, -1] * 2, rank_change_status=["printed", "simulated"] * 2)
    members = ["北京", "上海"]
    assert focus.within(now, "北京", members, "F") == {"place": 1, "members": 2, "places": 1}
    assert focus.within(now, "上海", members, "F") == {"place": 2, "members": 2, "places": None}
    assert focus.within(now, "北京", members, "total")["place"] is None  # the total of 上海 is a range
    assert focus.within(now, "北京", ["上海"], "F")["place"] is None  # not of this region


def test_ranks_and_growth_of_a_city_are_told_where_they_are_known():
    ends = focus.extremes(BOTH, "上海", ["北京", "上海"], ["total", "F"])
    assert ends["ranked"] == 1 and ends["best"] is None and ends["fall"] is None
    assert (ends["rise"]["node"], ends["rise"]["value"]) == ("F", 10.0)  # that of the total is a range
    other = focus.extremes(BOTH, "北京", ["北京", "上海"], ["total", "F"])
    assert (other["best"]["rank"], other["worst"]["rank"]) == (1, 1)
    assert other["rise"] is None  # its fastest is F, in which 上海 grew more
    lost = BOTH.assign(growth_pct=-BOTH["growth_pct"])
    assert focus.extremes(lost, "北京", ["北京"], ["total", "F"])["fall"]["node"] == "F"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_figure_shows_the_printed_digits(lang):
    fig = draw.known(focus.known_of(BOTH, "北京", ["total", "F"]), lang)
    assert {"9.958", "6.500"} <= {text.get_text() for text in fig.axes[0].texts}
    style.plt.close(fig)
