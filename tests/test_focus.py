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


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_figure_shows_the_printed_digits(lang):
    fig = draw.known(focus.known_of(BOTH, "北京", ["total", "F"]), lang)
    assert {"9.958", "6.500"} <= {text.get_text() for text in fig.axes[0].texts}
    style.plt.close(fig)
