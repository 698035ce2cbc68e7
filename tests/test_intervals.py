"""Values of the sentences on rank intervals, by hand."""

import numpy as np
import pandas as pd
import pytest
from test_robustness import small_panel, small_spec

from fire import codebook
from fire.analysis import intervals, robustness, sensitivity
from fire.index.index import Index
from fire.report import narrative

RANKS = pd.DataFrame(
    {
        "unit": list("acbd") + list("ab"),
        "year": [2021] * 4 + [2020, 2021],
        "node": ["total"] * 5 + ["F"],
        "rank": [1, 3, 2, 4, 1, 2],
        "rank_median": [1, 3, 2, 4, 1, 2],
        "rank_low": [1, 2, 1, 3, 1, 1],
        "rank_high": [1, 4, 3, 4, 4, 4],
        "p_top2": [1.0, 0.06, 0.94, 0.0, 1.0, 1.0],
        "group": [1, 2, 2, 2, 1, 1],
    }
)


SCORES = RANKS[["unit", "year", "node", "rank"]].assign(
    rank_status=["printed", "simulated", "observed", "simulated", "observed", "observed"]
)


def test_the_spread_of_intervals_by_hand():
    now = intervals.of_year(RANKS, "total", 2021, SCORES)
    assert now["unit"].tolist() == list("abcd") and now["width"].tolist() == [0, 2, 2, 1]
    found = intervals.spread(now, narrow=1)
    assert (found["n"], found["median"], found["share"], found["fixed"]) == (4, 1.5, 50, ["a"])
    assert (found["widest"], found["width"], found["groups"]) == (["b", "c"], 2, 2)  # both, not one of them
    alone = intervals.spread(now[now["unit"].ne("c")])
    assert (alone["widest"], alone["low"], alone["high"]) == (["b"], 1, 3)


def test_a_rank_that_is_not_known_is_not_shown_as_one():
    now = intervals.of_year(RANKS, "total", 2021, SCORES)
    assert now["rank"].isna().tolist() == [False, False, True, True]  # c and d: their interval only
    found = intervals.spread(now)
    assert (found["known"], found["printed"], found["open"]) == (2, 1, 2)
    assert (found["known_median"], found["open_median"]) == (1, 1.5)
    table = intervals.table(now)
    assert table["band_low"].tolist() == [1, 1, 2, 3] and "rank_low" not in table
    known = intervals.spread(intervals.of_year(RANKS, "total", 2021, SCORES.assign(rank_status="observed")))
    assert known["open"] == 0 and known["open_median"] is None


def test_who_takes_whose_rank_under_other_methods():
    now = pd.DataFrame(
        {
            "unit": list("abcde"),
            "rank": pd.array([1, 2, 3, 4, None], dtype="Int64"),
            "rank_median": [2, 1, 3, 5, 4],
            "rank_status": ["printed"] * 4 + ["simulated"],
        }
    )
    found = intervals.displaced(now)
    assert found["swaps"] == [{"above": "a", "below": "b", "high": 1, "low": 2}]
    assert found["others"] == [{"unit": "d", "rank": 4, "median": 5}] and found["printed"]
    still = intervals.displaced(now.assign(rank_median=[1, 2, 3, 4, 5], rank_status="observed"))
    assert (still["swaps"], still["others"], still["printed"]) == ([], [], False)
    assert (still["known"], still["n"]) == (4, 5)
    none = intervals.displaced(now.assign(rank=pd.array([pd.NA] * 5, dtype="Int64")))
    assert (none["known"], none["swaps"]) == (0, [])
    said = narrative.catalogue(narrative.FOLDER).say(
        "robustness-areas-said", {"drawn": True} | none, codebook.default()
    )
    assert said == {"zh": "", "en": ""}  # of ranks that nobody knows nothing is said


def test_among_the_first_surely_or_perhaps():
    now = intervals.of_year(RANKS, "total", 2021, SCORES)
    found = intervals.among_first(now, k=2)
    assert (found["inside"], found["perhaps"]) == (["a"], ["b", "c"])
    few = intervals.among_first(now.head(2), k=2)
    assert (few["inside"], few["perhaps"]) == ([], [])  # of two units both are among the first two


def test_pairs_without_certain_order():
    chance = {("a", "b"): 0.96, ("a", "c"): 1.0, ("b", "c"): 0.6}
    rows = [(one, other, 2021, p) for (one, other), p in chance.items()]
    rows += [(other, one, 2021, 1 - p) for (one, other), p in chance.items()] + [("a", "b", 2020, 0.1)]
    now = pd.DataFrame({"unit": list("dcba"), "year": 2021, "rank_median": [4, 3, 2, 1]})
    pairs = intervals.ahead(pd.DataFrame(rows, columns=["unit", "other", "year", "p_ahead"]), now, 3)
    assert len(pairs) == 6 and pairs["unit"].tolist() == list("aabbcc") and pairs.attrs["sure"] == 0.95
    found = intervals.neighbours(pairs)
    assert found["unsure"] == ["b"] and found["farthest"] == 1
    assert found["certain"] == pytest.approx(200 / 3)


def test_directions_of_growth():
    growth = pd.DataFrame(
        {
            "unit": list("abcd"),
            "year": 2021,
            "node": "total",
            "growth_median": [1.0, 9.0, -4.0, 0.2],
            "growth_low": [-1.0, 5.0, -6.0, 0.1],
            "growth_high": [2.0, 12.0, -1.0, 0.4],
        }
    )
    scores = growth[["unit", "year", "node"]].assign(
        growth_pct=[1.1, 9.1, -4.1, 0.3], growth_pct_status=["printed", "simulated", "simulated", "observed"]
    )
    table = intervals.growth_of(growth, "total", 2021, scores)
    assert table["unit"].tolist() == list("badc") and table["growth_pct"].isna().tolist() == [
        True,
        False,
        False,
        True,
    ]
    found = intervals.directions(table)
    assert (found["certain"], found["rising"], found["falling"], found["n"]) == (3, 2, 1, 4)
    assert (found["fastest"], found["low"], found["high"]) == ("b", 5, 12)
    assert (found["known"], found["settled"]) == (2, 2)  # of b and c, whose growth is a range
    close = intervals.directions(table.assign(growth_high=[12.0, 5.0, 0.4, -1.0]))
    assert close["fastest"] is None  # a may have grown as fast


def test_declared_alternatives_are_those_of_the_standard_run():
    standard = robustness.standard()
    index = Index(small_spec(), small_panel(np.ones((1, 3, 6)).cumsum(axis=1), status="estimated"))
    found = intervals.declared(standard, index)
    lists = [len(options) for options in standard.values() if isinstance(options, list)]
    assert found["schemes"] == np.prod(lists) and found["draws"] == standard["draws"]
    assert found["errors"] == {"estimated": 100 * standard["error"]["estimated"]} and found["unknown"] == 0


def test_effects_of_a_run_are_ordered_by_the_total():
    values = np.random.default_rng(2).lognormal(1, 0.5, (1, 10, 6))
    alternatives = {"weights": {"band": [0.9, 0.3]}, "drop": 0.2}
    index = Index(small_spec(), small_panel(values, status="simulated"))
    sobol = sensitivity.run(index, alternatives, draws=64)
    found = intervals.effects(sobol)
    total = found[found["effect"].eq("total_effect")]
    assert len(found) == 6 and total["variance_share"].is_monotonic_decreasing
    assert found["factor"].tolist() == [name for name in total["factor"] for _ in range(2)]
    shift = sobol[sobol["output"].eq("shift")].set_index("factor")
    assert total.set_index("factor")["variance_share"].to_dict() == shift["total"].clip(lower=0).to_dict()
    assert intervals.largest(found)["first"] == total["factor"].iloc[0]
    assert intervals.largest(found)["between"] is None  # nothing is drawn
