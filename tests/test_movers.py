"""Who rose and fell in rank: only those of whom it is known."""

import pandas as pd

from fire.analysis import movers

KNOWN = pd.DataFrame(
    {
        "unit": ["甲", "乙", "丙", "丁"],
        "region": ["东", "东", "东", "西"],
        "score": [9.0, 8.0, 7.5, 3.0],
        "rank": [1, 2, 3, 4],
        "rank_change": [0, 2, -1, -1],
        "growth_pct": [1.0, 2, 3, 4],
    }
)
DRAWN = KNOWN.assign(
    rank_status=["printed", "simulated", "simulated", "simulated"],
    rank_low=[1, 2, 2, 4],
    rank_high=[1, 3, 3, 4],
    rank_change_status=["printed", "simulated", "simulated", "printed"],
    rank_change_low=[0, 1, -2, -1],
    rank_change_high=[0, 3, 1, -1],
)


def test_the_largest_rise_comes_first_and_the_largest_fall_last():
    assert list(movers.moved(KNOWN)["unit"]) == ["乙", "丙", "丁"]
    assert list(movers.moved(KNOWN, most=1)["unit"]) == ["乙", "丁"]
    said = movers.said(KNOWN)
    assert (said["up"], said["down"], said["stood"], said["open"]) == (1, 2, 1, 0)
    assert (said["risers"], said["rise"], said["fallers"], said["fall"]) == (["乙"], 2, ["丙", "丁"], 1)


def test_a_move_counts_only_where_all_draws_have_its_sign():
    assert list(movers.moved(DRAWN)["unit"]) == ["乙", "丁"]
    assert movers.said(DRAWN)["open"] == 1
    assert "rank_change_low" in movers.moved(DRAWN)
    both = movers.moved(DRAWN.assign(**{"2020": 1.0}).rename(columns={"2020": 2020}))
    assert both["score_2020"].eq(1).all() and "score" not in both


def test_an_edition_of_one_year_has_no_movers():
    alone = KNOWN.assign(rank_change=pd.array([pd.NA] * 4, dtype="Int64"))
    said = movers.said(alone)
    assert movers.moved(alone).empty and said["rise"] is None and said["open"] == 0


def test_a_rank_is_known_unless_it_is_a_range():
    assert movers.standing(KNOWN) == {"known": 4, "open": 0, "second": ["乙"], "gap": 1.0}
    assert movers.standing(DRAWN)["open"] == 3
    assert movers.standing(KNOWN.head(1))["gap"] is None


def test_where_the_first_units_lie():
    found = movers.where_first(KNOWN, 3)
    assert found == {"k": 3, "regions": ["东"], "most": 3, "of": 2, "without": 1}
    assert movers.where_first(KNOWN, 4)["without"] == 0
