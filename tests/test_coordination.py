"""Coupling coordination and obstacle degree: published cases, rules for scores outside the range, bad input."""

import engine_data
import numpy as np
import pandas as pd
import pytest
from engine_data import panel, word
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import edition as editions
from fire.analysis import coordination, regions
from fire.errors import InputError
from fire.index.index import Index

SYSTEMS = pd.DataFrame(
    [
        [0.0162, 0.2720, 0.2655],
        [0.1782, 0.6824, 0.3721],
        [0.5490, 0.0593, 0.5729],
        [0.6730, 0.4812, 0.9082],
        [0.0207, 0.8891, 0.2017],
        [0.9875, 0.5573, 0.8984],
    ],
    list("ABCDEF"),
    ["s1", "s2", "s3"],
)
WEIGHTS = {"s1": 0.4, "s2": 0.3, "s3": 0.3}


def index(low: float, high: float) -> Index:
    """The systems on a scale of ten in 2020, of eleven in 2021, as scores of an index with this scale."""
    leaves = [
        word(node, parent="total", weight=weight, posts=[low, high]) for node, weight in WEIGHTS.items()
    ]
    spec = engine_data.index(*leaves, normalise="goalposts", scale=[low, high])
    cells = {
        (unit, year, node): SYSTEMS.at[unit, node] * (10 + year - 2020)
        for unit in SYSTEMS.index
        for year in (2020, 2021)
        for node in SYSTEMS
    }
    return Index(spec, panel(cells))


def test_standard_form_published_case():
    frame = coordination.coupling(SYSTEMS)
    expected = [
        [0.5709037283, 0.1845666667, 0.3246071443],
        [0.8672267286, 0.4109, 0.5969451087],
        [0.6735447207, 0.3937333333, 0.5149728226],
        [0.9673621295, 0.6874666667, 0.8154932364],
        [0.4179144672, 0.3705, 0.3934937231],
        [0.9709440362, 0.8144, 0.8892338405],
    ]
    assert frame[["C", "T", "D"]].to_numpy() == pytest.approx(np.array(expected), abs=1e-10)
    assert frame["grade"].tolist() == [4, 6, 6, 9, 4, 9]


def test_modified_form_published_case():
    frame = coordination.coupling(SYSTEMS, WEIGHTS, "modified")
    expected = [
        [0.4472083481, 0.16773, 0.2738800033],
        [0.5005100067, 0.38763, 0.4404687207],
        [0.4550910039, 0.40926, 0.4315675431],
        [0.6694970279, 0.68602, 0.6777081607],
        [0.1749319700, 0.33552, 0.2422667426],
        [0.7148695715, 0.83171, 0.7710798735],
    ]
    assert frame[["C", "T", "D"]].to_numpy() == pytest.approx(np.array(expected), abs=1e-10)
    assert "Wang et al. (2021)" in frame.attrs["convention"]


def test_two_systems_by_the_closed_forms():
    u, v = 0.3, 0.8
    table = pd.DataFrame([[u, v]], columns=["a", "b"])
    assert coordination.coupling(table)["C"][0] == pytest.approx(2 * np.sqrt(u * v) / (u + v), abs=1e-12)
    modified = coordination.coupling(table, form="modified")["C"][0]
    assert modified == pytest.approx(np.sqrt((1 - (v - u)) * u / v), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6), st.sampled_from(["standard", "modified"]), st.randoms()
)
def test_coupling_lies_in_the_unit_interval_and_ignores_order(values, form, random):
    table = pd.DataFrame([values])
    shuffled = pd.DataFrame([random.sample(values, len(values))])
    frame, other = coordination.coupling(table, form=form), coordination.coupling(shuffled, form=form)
    assert 0 <= frame["D"][0] <= 1 + 1e-12 and other["D"][0] == pytest.approx(frame["D"][0], abs=1e-12)
    equal = coordination.coupling(pd.DataFrame([[0.4] * len(values)]), form=form)
    assert equal["C"][0] == pytest.approx(1, abs=1e-12)


def test_all_systems_at_zero_have_no_coupling_and_grade_one():
    frame = coordination.coupling(pd.DataFrame([[0, 0], [1, 1]]))
    assert np.isnan(frame["C"][0]) and frame["D"].tolist() == [0, 1] and frame["grade"].tolist() == [1, 10]


def test_obstacle_published_case():
    frame = coordination.obstacle(SYSTEMS, WEIGHTS).pivot(index="unit", columns="node")
    unscaled = [[0.39352, 0.2184, 0.22035], [0.32872, 0.09528, 0.18837], [0.005, 0.13281, 0.03048]]
    assert frame["obstacle"].loc[["A", "B", "F"]].to_numpy() == pytest.approx(np.array(unscaled), abs=1e-10)
    scaled = [
        [0.4728273277, 0.2624148413, 0.2647578310],
        [0.5367996473, 0.1555922073, 0.3076081454],
        [0.3053796933, 0.4777228561, 0.2168974507],
        [0.4165870438, 0.4957003631, 0.0877125932],
        [0.5895136046, 0.0500692271, 0.3604171683],
        [0.0297106186, 0.7891734506, 0.1811159308],
    ]
    assert frame["share"].to_numpy() == pytest.approx(np.array(scaled), abs=1e-10)


def test_obstacle_of_a_pillar_and_of_a_unit_without_deviation():
    frame = coordination.obstacle(
        pd.DataFrame([[1, 1], [0, 0.5]], ["best", "rest"], ["x", "y"]), [0.5, 0.5], {"x": "P", "y": "P"}
    )
    assert frame.groupby(["unit", "pillar"])["share"].sum(min_count=1).to_dict()[
        ("rest", "P")
    ] == pytest.approx(1)
    assert frame.query("unit == 'best'")["share"].isna().all()


def test_rules_for_scores_outside_the_posts():
    with pytest.raises(InputError) as error:
        coordination.coordination(index(0, 10))
    assert "2021: F, s1: 10.8625 lies outside 0-10: choose posts" in str(error.value)
    clipped = coordination.coordination(index(0, 10), "clip")
    assert (
        "2021: U = (score - 0)/(10 - 0), set to 0 or 1 beyond; 1 of 18 cells were"
        in clipped.attrs["convention"]
    )
    frontier = coordination.coordination(index(0, 10), "frontier").pivot(
        index="unit", columns="year", values="D"
    )
    assert frontier[2020].tolist() == pytest.approx(
        frontier[2021].tolist()
    )  # the frontier moves with the year
    posts = coordination.coordination(index(0, 11)).query("year == 2021").set_index("unit")["D"]
    assert posts.tolist() == pytest.approx(coordination.coupling(SYSTEMS, WEIGHTS)["D"].tolist(), abs=1e-12)


def test_the_best_unit_has_no_obstacle_at_the_frontier():
    frame = coordination.obstacles(index(0, 10), "frontier")
    best = frame.loc[frame.groupby(["year", "node"])["deviation"].idxmin()]
    assert best["deviation"].eq(0).all() and (frame["deviation"] >= 0).all()
    assert "the year's frontier is 1" in frame.attrs["convention"]


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


def test_obstacles_of_an_index_weigh_by_its_tree(ed):
    frame = coordination.obstacles(ed.index, "clip")
    row = frame.query("node == 'gdp' and year == @ed.year and unit == '拉萨'").iloc[0]
    assert row["pillar"] == "F" and row["obstacle"] == pytest.approx(0.15 / 4 * row["deviation"], abs=1e-12)
    assert frame.groupby(["year", "unit"])["share"].sum().to_numpy() == pytest.approx(1)
    order = list(ed.index.of()["unit"])
    now = frame[frame["year"].eq(ed.year)]
    table = coordination.first_obstacles(now, ed.spec.pillars, order)
    assert list(table["unit"]) == order
    by_pillar = table.set_index("unit").filter(like="obstacle_pct_")
    assert by_pillar.sum(axis=1).to_numpy() == pytest.approx(100) and list(by_pillar)[0] == "obstacle_pct_F"
    cities = regions.cities(ed.index.scores(), ed.index.places, ed.spec.root, ed.year)
    areas = coordination.by_region(now, cities)
    assert areas.groupby("region")["obstacle_pct"].sum().to_numpy() == pytest.approx(100)
    said = coordination.holding_back(table, areas, k=3)
    assert said["count"] == table["first_obstacle"].eq(said["main"]).sum() and len(said["leaders"]) == 3
    nothing = now.iloc[:0]
    nothing.attrs["withheld"] = {"of": 59}
    table, areas = (
        coordination.first_obstacles(nothing, ed.spec.pillars, order),
        coordination.by_region(nothing, cities),
    )
    assert coordination.holding_back(table, areas) == {} and areas.attrs["withheld"] == {"of": 59}


def test_who_is_in_step(ed):
    degree = coordination.coordination(ed.index, "clip", "modified")
    now = degree[degree["year"].eq(ed.year)].sort_values("D", ascending=False)
    said = coordination.in_step(now, bound=0.8)
    assert (
        said["best"] == degree.loc[now["D"].idxmax(), "unit"]
        and said["coordinated"] == now["D"].ge(0.8).sum()
    )
    assert coordination.in_step(now.iloc[:0]) == {}


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: coordination.coupling(SYSTEMS * 2), "F, s1: 1.975 lies outside 0-1: rescale"),
        (lambda: coordination.coupling(SYSTEMS.where(SYSTEMS > 0.05)), "E, s1: missing"),
        (lambda: coordination.coupling(SYSTEMS, [0.5, 0.5, 0.5]), "weights sum to 1.5"),
        (lambda: coordination.coupling(SYSTEMS, {"s1": 0.5, "s2": 0.5}), "weight of s3 is missing"),
        (lambda: coordination.coupling(SYSTEMS, form="other"), "unknown form 'other'"),
        (lambda: coordination.coupling(SYSTEMS[["s1"]]), "two or more"),
        (lambda: coordination.rescale(SYSTEMS, 0, 1, "guess"), "unknown rule"),
        (lambda: coordination.rescale(SYSTEMS, 1, 1), "not above the lower post"),
        (lambda: coordination.rescale(SYSTEMS, 0.1, 1, "frontier"), "A, s1: 0.0162 lies outside 0.1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
