"""What is printed, what is known, what is a range: the values of the core findings, by hand."""

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
    "total", [9.958, 8.0, 7.0, 6.0], MIXED, ranks=["printed", "simulated", "printed", "simulated"], wide=0.5
)


def test_printed_ranks_and_growth_are_listed_with_what_is_known_beside_them():
    order = summary.printed_order(TOTAL, "total", 2021)
    assert order["ranks"] == [1, 3] and not order["whole"]
    assert order["first"][0] == {"unit": "a", "value": 9.958, "status": "printed"}
    assert order["first"][1] == {
        "unit": "c",
        "value": None,
        "status": "",
    }  # its rank is printed, its score a range
    growth = summary.printed_growth(TOTAL, "total", 2021)
    assert (growth["n"], growth["fastest"]["unit"], growth["slowest"]["unit"]) == (2, "a", "b")
    known = TOTAL.assign(rank_status="observed", growth_pct_status="observed")
    assert summary.printed_order(known, "total", 2021)["first"] == []
    assert summary.printed_growth(known, "total", 2021)["fastest"] is None


def test_ranges_are_counted_and_measured():
    found = summary.ranges(TOTAL, "total", 2021)
    assert (found["scores"], found["ranks"], found["all"]) == (2, 2, 4)
    assert (found["points"], found["places"]) == (1.0, 3.0)
    assert (
        summary.ranges(TOTAL.assign(score_status="observed", rank_status="observed"), "total", 2021)["points"]
        is None
    )


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
    whole = pd.concat([part.assign(score_status="observed") for part in parts])
    assert [one["node"] for one in summary.confirmed(whole, spec, 2021)] == ["total"]
