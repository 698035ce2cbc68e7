"""Who leads, what is known, what is a range: the values of the core findings, by hand."""

import pandas as pd

import fire
from fire.analysis import summary

UNITS = list("abcd")


def rows(
    node, score, status, rank=(1, 2, 3, 4), ranks=None, growth=(5.0, 1.0, 2.0, -1.0), grown=None, wide=0.0
):
    frame = pd.DataFrame({"unit": UNITS, "year": 2021, "node": node, "score": score, "score_status": status})
    frame = frame.assign(
        rank=rank, rank_status=ranks or status, growth_pct=growth, growth_pct_status=grown or status
    )
    frame["score_low"], frame["score_high"] = frame["score"] - wide, frame["score"] + wide
    return frame.assign(rank_low=frame["rank"] - 1, rank_high=frame["rank"] + 2)


MIXED = ["printed", "printed", "simulated", "simulated"]
TOTAL = rows(
    "total", [9.958, 8.0, 7.0, 6.0], MIXED, ranks=["printed", "printed", "printed", "simulated"], wide=0.5
)


def test_the_order_is_told_from_the_first_place_on_without_a_gap():
    told = summary.order(TOTAL, "total", 2021, 10)
    assert [one["unit"] for one in told["first"]] == ["a", "b", "c"] and told["printed"]
    assert told["first"][0] == {"unit": "a", "value": 9.958, "status": "printed"}
    assert told["first"][2] == {
        "unit": "c",
        "value": None,
        "status": "",
    }  # its rank is printed, its score a range
    assert [one["unit"] for one in summary.order(TOTAL, "total", 2021, 2)["first"]] == ["a", "b"]
    gap = TOTAL.assign(rank_status=["printed", "simulated", "printed", "simulated"])
    assert [one["unit"] for one in summary.order(gap, "total", 2021, 10)["first"]] == ["a"]
    headless = TOTAL.assign(rank_status=["simulated", "printed", "printed", "printed"])
    assert summary.order(headless, "total", 2021, 10) == {"node": "total", "first": [], "printed": False}
    tied = TOTAL.assign(rank=[1, 1, 3, 4], rank_status="observed")
    found = summary.order(tied, "total", 2021, 10)
    assert len(found["first"]) == 4 and not found["printed"]


def test_who_is_first_in_several_nodes_is_named_once():
    firsts = [summary.order(TOTAL.assign(node=node), node, 2021, 1) for node in ("x", "y")]
    other = summary.order(TOTAL.assign(node="z", unit=list("dcba")), "z", 2021, 1)
    none = {"node": "w", "first": []}
    assert summary.shared([*firsts, other, none]) == [
        {"city": "a", "nodes": ["x", "y"]},
        {"city": "d", "nodes": ["z"]},
    ]


def test_a_region_is_told_over_its_pillars_only_where_all_are_known():
    means = pd.concat(
        [rows("x", [4.0, 3, 2, 1], "printed"), rows("y", [4.0, 3, 2, 1], "printed", growth=[1.0, 9, 2, 3])]
    )
    said = summary.across(means, "b", ["x", "y"], 2021)
    assert (said["worst"], said["fastest"]["unit"], said["fastest"]["value"]) == (2, "y", 9.0)
    soft = means.assign(growth_pct_status=["simulated"] * 4 + ["printed"] * 4)
    assert summary.across(soft, "b", ["x", "y"], 2021)["fastest"] is None
    assert summary.across(means.assign(rank_status="simulated"), "b", ["x", "y"], 2021)["worst"] is None


def test_ranges_are_counted_and_measured():
    found = summary.ranges(TOTAL, "total", 2021)
    assert (found["scores"], found["ranks"], found["all"]) == (2, 1, 4)
    assert (found["points"], found["places"]) == (1.0, 3.0)
    known = TOTAL.assign(score_status="observed", rank_status="observed")
    assert summary.ranges(known, "total", 2021)["points"] is None


def test_what_is_known_is_the_highest_node_known_of_all_and_indicators_known_of_half():
    spec = fire.load(2022).spec
    parts = [TOTAL]
    for node in spec.walk()[1:]:
        if node in ("F", *spec.walk("F")):
            status, grown = ["observed"] * 4, ["estimated"] * 4
        elif node == "inclusive_finance":
            status, grown = ["observed", "observed", "simulated", "observed"], None
        else:
            status, grown = ["simulated"] * 4, None
        parts.append(rows(node, [4.0, 3.0, 2.0, 1.0], status, grown=grown))
    found = {one["node"]: one for one in summary.confirmed(pd.concat(parts), spec, 2021, top=2)}
    assert list(found) == ["F", "inclusive_finance"]
    assert (found["F"]["up"], found["F"]["loose"], found["F"]["n"]) == (3, 4, 4)
    assert found["inclusive_finance"]["n"] == 3 and found["inclusive_finance"]["up"] is None
    assert [one["unit"] for one in found["F"]["first"]] == ["a", "b"]
    assert [one["node"] for one in summary.confirmed(pd.concat(parts), spec, 2021, least=1)] == ["F"]
    whole = pd.concat([part.assign(score_status="observed") for part in parts])
    assert [one["node"] for one in summary.confirmed(whole, spec, 2021)] == ["total"]
