"""What is known at every value: status, range, disclosure, and findings that hold in nearly all draws."""

import numpy as np
import pandas as pd
import pytest
from test_draws import UNITS, opened, whole  # noqa: F401

import fire
from fire.analysis import known, regions, views
from fire.analysis.known import Draws
from fire.errors import InputError
from fire.index.panel import STATUSES

NODE = "incubators"


@pytest.fixture(scope="module")
def index(whole):  # noqa: F811
    return opened(whole, spread=0.3)[0]


def results(index, **told):
    each = [one.scores() for one in index.completions]
    return known.results(index.scores(), each, index, **told)


def line(frame, unit, node, year=2021):
    return frame[frame["unit"].eq(unit) & frame["node"].eq(node) & frame["year"].eq(year)].iloc[0]


def test_a_value_is_as_soft_as_the_softest_datum_under_it(index):
    frame = results(index)
    assert line(frame, "a", NODE)["score_status"] == "simulated"
    assert line(frame, "h", NODE)["score_status"] == "observed"
    assert (
        line(frame, "h", NODE)["rank_status"] == "simulated"
    )  # it is ranked among cities that are not known
    assert (
        line(frame, "a", "F")["score_status"] == "observed"
        and line(frame, "a", "F")["rank_status"] == "observed"
    )
    assert line(frame, "a", "total")["growth_pct_status"] == "simulated"
    assert line(frame, "a", "total", 2020)["growth_pct_status"] is None


def test_ranges_are_those_of_the_draws_and_points_where_all_is_known(index):
    frame = results(index)
    soft, firm = line(frame, "a", NODE), line(frame, "h", NODE)
    drawn = [one.wide().at["a", NODE] for one in index.completions]
    assert (soft["score_low"], soft["score_high"]) == pytest.approx(tuple(np.quantile(drawn, [0.05, 0.95])))
    assert soft["score_low"] < soft["score"] < soft["score_high"]
    assert firm["score_low"] == firm["score"] == firm["score_high"]
    plain = results(index.completions[0])
    for measure in known.MEASURES:
        rows = plain[plain[measure].notna()]
        assert (rows[f"{measure}_low"] == rows[measure]).all() and (
            rows[f"{measure}_high"] == rows[measure]
        ).all()


def test_printed_digits_stand_where_the_report_printed_them(index):
    told = pd.DataFrame(
        [
            ("a", 2021, "total", "score", 6.543),
            ("a", 2021, "total", "growth_pct", 1.25),
            ("b", 2021, "total", "rank", 3),
        ],
        columns=["unit", "year", "node", "measure", "value"],
    )
    frame = results(index, printed=told)
    one = line(frame, "a", "total")
    assert (one["score"], one["score_status"], one["score_low"], one["score_high"]) == (
        6.543,
        "printed",
        6.543,
        6.543,
    )
    assert (one["growth_pct"], one["growth_pct_status"]) == (1.25, "printed")
    assert (line(frame, "b", "total")["rank"], line(frame, "b", "total")["rank_status"]) == (3, "printed")
    draw = known.under(index.completions[3].scores(), frame)
    assert line(draw, "a", "total")["score"] == 6.543
    assert line(draw, "c", "total")["score"] == index.completions[3].wide().at["c", "total"]


def test_what_printed_facts_pin_is_implied(index):
    left = pd.DataFrame(
        [
            ("a", 2021, "total", "score", 6.1001, 6.1009),
            ("b", 2021, "total", "score", 6.10, 6.11),
            ("c", 2021, "total", "rank", 4, 4),
        ],
        columns=["unit", "year", "node", "measure", "low", "high"],
    )
    bands = pd.DataFrame({"unit": ["c"], "year": 2021, "node": "total", "rank_low": 2, "rank_high": 7})
    frame = results(index, feasible=left, intervals=bands)
    assert line(frame, "a", "total")["score_status"] == "implied"
    assert line(frame, "b", "total")["score_status"] == "simulated"
    rank = line(frame, "c", "total")
    assert rank["rank_status"] == "implied" and (rank["rank_low"], rank["rank_high"]) == (
        2,
        7,
    )  # other methods


def test_known_share_counts_the_weight_of_known_indicators(index):
    frame = results(index)
    weight = index.weight_in_index[NODE]
    assert line(frame, "a", "total")["known_share"] == pytest.approx(1 - weight)
    assert line(frame, "h", "total")["known_share"] == pytest.approx(1)
    assert line(frame, "a", "policy")["known_share"] == pytest.approx(1 / 2)


def test_known_share_goes_by_the_weights_as_used(index):
    varied = index.vary("policy", weighting="entropy")
    used = varied.weights[NODE] / varied.weights[varied.spec.children("policy")].sum()
    assert line(results(varied), "a", "policy")["known_share"] == pytest.approx(1 - used)


def test_statements_on_a_unit_need_two_thirds_of_known_weight(index):
    frame = results(index)
    rows = pd.DataFrame({"unit": UNITS, "obstacle": "x"})
    assert len(known.disclosed(rows, frame, "total", 2021)) == 8
    shown = known.disclosed(rows, frame, "policy", 2021)
    assert list(shown["unit"]) == ["g", "h"]
    told = shown.attrs["withheld"]
    assert (told["withheld"], told["of"], told["node"]) == (6, 8, "policy")
    assert told["known_pct"] == pytest.approx(50) and told["need_pct"] == pytest.approx(200 / 3)
    assert len(known.disclosed(rows, frame, "F", 2021)) == 8 and len(shown) < 8


def test_a_finding_is_tried_on_every_draw():
    frames = [pd.DataFrame({"unit": ["a", "b"], "score": [2.0, 1.0 + number / 100]}) for number in range(110)]
    both = known.Draws(frames[0], frames)

    def lead(frame):
        best = frame.loc[frame["score"].idxmax()]
        return {"name": best["unit"], "score": float(frame["score"].sum()), "n": len(frame)}

    said = known.agreed(lead, both)
    assert said["name"] == "a" and said["n"] == 2
    assert said["score"]["low"] < said["score"]["centre"] + 1 < said["score"]["high"] + 1
    assert [count for count, _ in said["_draws"]] == [101, 9]
    assert known.agreed(lead, known.Draws(frames[0], frames[:1])) == {"name": "a", "score": 3.0, "n": 2}
    assert known.agreed(lead, both.then(pd.DataFrame.head, 1))["name"] == "a"


def test_steps_over_all_draws_at_once_are_those_of_every_draw():
    ed = fire.load(2022)
    stored = fire.results.of(ed)
    here, areas = (Draws(one.frame, one.each[:7], one.status) for one in (stored.cities, stored.regions))
    root, years, index = ed.spec.root, (ed.year, ed.index.before), ed.index
    steps = [
        (here, views.both_years, *years),
        (here, views.at, root),
        (here, views.chosen, list(index.units[:5][::-1]), ed.spec.pillars),
        (here, regions.cities, index.places, root, ed.year),
        (here, regions.steady, index),
        (here.over(regions.cities, index.places, root, ed.year), regions.structure),
        (areas, views.firsts),
        (areas, regions.league, ed.year, [root, *ed.spec.pillars]),
    ]
    for both, step, *args in steps:
        once, one_by_one = both.over(step, *args), both.then(step, *args)
        assert len(once.each) == len(one_by_one.each) == 7
        pd.testing.assert_frame_equal(once.frame, one_by_one.frame)
        for got, wanted in zip(once.each, one_by_one.each, strict=True):
            pd.testing.assert_frame_equal(got, wanted.reset_index(drop=True), check_categorical=False)
    for both, node in ((areas, root), (here.over(views.both_years, *years), ed.spec.pillars[0])):
        of_one = both.over(views.at, node)
        for rows, first in zip(of_one.each, of_one.over(views.firsts).each, strict=True):
            assert list(first["unit"]) == views.foremost(rows)


def test_a_draw_without_rows_stays_a_draw():
    frames = [pd.DataFrame({"unit": ["a", "b"], "node": ["x", node]}) for node in ("x", "y", "x", "y")]
    both = Draws(frames[0], frames).over(lambda frame: frame[frame["node"].eq("y")])
    assert [len(one) for one in both.each] == [0, 1, 0, 1]


def test_a_step_that_mixes_the_draws_is_refused():
    frames = [
        pd.DataFrame({"unit": list("abcd"), "score": scores})
        for scores in ([4, 3, 2, 1], [1, 2, 3, 4], [2, 4, 1, 3])
    ]
    both = Draws(frames[0], frames)
    for step in (
        lambda frame: frame.head(2),
        lambda frame: frame.sort_values("score"),
        lambda frame: frame[["unit"]],
    ):
        assert len(both.then(step).each) == 3
        with pytest.raises(InputError, match="mixes the draws"):
            both.over(step)
    with pytest.raises(InputError, match="tell the rows apart"):
        known.ranged(Draws(frames[0], [one.assign(unit="a") for one in frames]), ["unit"])


def test_items_and_numbers_of_a_frame_over_the_draws():
    frames = [
        pd.DataFrame(
            {"region": ["x", "y"], "best": ["a", "c" if number < 90 else "d"], "gap": [1.0, number], "n": 2}
        )
        for number in range(101)
    ]
    both = known.Draws(frames[50], frames)
    assert known.lasting(lambda frame: list(frame["best"]), both) == ["a"]
    assert known.lasting(lambda frame: list(frame["best"]), known.Draws(frames[0], frames[:1])) == ["a", "c"]
    table = known.ranged(both, ["region"])
    assert table["best"].fillna("").tolist() == ["a", ""] and list(table)[:3] == ["region", "best", "gap"]
    assert table["gap_status"].fillna("").tolist() == ["", "simulated"] and "n_status" not in table
    assert table.loc[1, ["gap", "gap_low", "gap_high"]].tolist() == [50, 5, 95]
    assert known.ranged(known.Draws(frames[0], frames[:1]), ["region"]).equals(frames[0])


def test_statuses_run_from_hard_to_soft():
    order = ["printed", "observed", "implied", "estimated", "imputed", "drawn", "assumed", "simulated"]
    assert order == STATUSES
