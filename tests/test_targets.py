"""What would it take: taken, it gains the places; a smaller change does not."""

import clarabel
import numpy as np
import pytest
from scipy import sparse
from test_changes import state, toy
from test_robustness import small_spec

from fire.analysis import targets
from fire.errors import InputError
from fire.index.index import Index


@pytest.fixture(scope="module")
def index():
    return Index(small_spec(), toy(2))


def applied(index, unit, changed):
    """The index with the raw values of `changed` for one unit in 2021, on its posts of now."""
    cells = index.panel.copy()
    for row in changed.itertuples():
        here = cells["unit"].eq(unit) & cells["year"].eq(2021) & cells["indicator"].eq(row.indicator)
        cells.loc[here, "value"] = row.raw_to
    return index.freeze().revise(cells)


def rank_of(index, unit):
    return int(index.of().set_index("unit").at[unit, "rank"])


def at_frozen_posts(index):
    """The same index on the posts of other data."""
    return Index(index.spec, index.panel, Index(index.spec, toy(11)).posts)


@pytest.mark.parametrize("places", [1, 3])
@pytest.mark.parametrize("frozen", [False, True])
def test_the_smallest_change_gains_the_places_and_a_smaller_one_does_not(index, places, frozen):
    index = at_frozen_posts(index) if frozen else index
    unit = index.of()["unit"].iloc[5]
    rank = rank_of(index, unit)
    table = targets.single(index, unit, places)
    assert table["points"].is_monotonic_increasing and len(table) == 6
    for name in table["indicator"]:
        step = table[table["indicator"].eq(name)]
        assert rank_of(applied(index, unit, step), unit) == rank - places
        short = step.assign(raw_to=step["raw_from"] + 0.9 * (step["raw_to"] - step["raw_from"]))
        assert rank_of(applied(index, unit, short), unit) > rank - places


def test_the_cheapest_mix_gains_the_place_with_less_effort_than_one_indicator(index):
    unit = "u03"
    rank = rank_of(index, unit)
    mix = targets.cheapest(index, unit, beyond=50.0)
    assert rank_of(applied(index, unit, mix), unit) == rank - 1
    effort = targets.typical_change(index, 2021)

    def cost(table):
        return ((table["points"] / effort[table["indicator"]].to_numpy()) ** 2).sum()

    singles = targets.single(index, unit)
    assert cost(mix) < min(cost(singles.iloc[[row]]) for row in range(6))
    weight = index.weight_in_index[index.spec.indicators]  # free optimum: points ∝ weight × effort²
    share = mix.set_index("indicator")["points"] / (weight * effort**2)
    assert share.to_numpy() == pytest.approx(share.mean(), rel=1e-3)


@pytest.mark.parametrize("beyond", [0.5, 2.0, 10.0])
@pytest.mark.parametrize("place", range(2, 7))
def test_the_cheapest_mix_is_that_of_a_quadratic_programme(index, place, beyond):
    unit, spec = index.of()["unit"].iloc[place], index.spec
    try:
        mix = targets.cheapest(index, unit, beyond=beyond).set_index("indicator")["points"]
    except InputError:
        pytest.skip("the frontier is too near")
    effort, weight = targets.typical_change(index, 2021), index.weight_in_index[spec.indicators]
    now = index.wide(2021)[spec.indicators]
    room = (now.max() - now.loc[unit] + beyond).clip(lower=0)
    n, settings = len(weight), clarabel.DefaultSettings()
    settings.verbose = False
    rows = sparse.vstack([-weight.to_numpy()[None, :], sparse.eye(n), -sparse.eye(n)]).tocsc()
    right = np.concatenate([[-targets.needed(index, unit)], room, np.zeros(n)])
    cost = sparse.diags(2 / effort.to_numpy() ** 2).tocsc()
    programme = clarabel.DefaultSolver(
        cost, np.zeros(n), rows, right, [clarabel.NonnegativeConeT(2 * n + 1)], settings
    )
    assert mix.reindex(spec.indicators, fill_value=0).to_numpy() == pytest.approx(
        programme.solve().x, abs=1e-6
    )


@pytest.mark.parametrize(
    "unit, places, message",
    [("nowhere", 1, "no unit 'nowhere'"), ("top", 1, "leads already"), ("last", 20, "it can gain 1 to")],
)
def test_what_cannot_be_gained_is_refused(index, unit, places, message):
    order = index.of()["unit"].tolist()
    unit = {"top": order[0], "last": order[-1]}.get(unit, unit)
    with pytest.raises(InputError, match="what would it take") as caught:
        targets.single(index, unit, places)
    assert message in str(caught.value)


def test_a_frontier_that_is_too_near_is_refused(index):
    order = index.of()["unit"].tolist()
    with pytest.raises(InputError, match="allow more with beyond"):
        for unit in order[1:3]:
            targets.cheapest(index, unit, margin=50.0)


def test_steps_up_of_some_units_leave_the_leader_out(index):
    order = index.of()["unit"].tolist()
    table = targets.steps_up(index, order[:4], beyond=50.0).set_index("unit")
    assert list(table.index) == order[1:4]
    for unit, line in table.iterrows():
        best = targets.single(index, unit).iloc[0]
        assert (line["indicator"], line["score"]) == (best["indicator"], best["points"])
        assert line["points"] == pytest.approx(best["points"] * index.weight_in_index[best["indicator"]])
        assert 1 <= len(line["mix"]) <= 3 and line["measure_unit_en"] == "points"
    assert targets.steps_up(index, order[3:4], beyond=0.0)["mix"].map(type).eq(list).all()


def test_ranks_that_cannot_be_turned_back_have_no_raw_values():
    index = state(small_spec(normalise="rank", reference="pooled"), toy(2), 2021).index
    table = targets.single(index, index.of()["unit"].iloc[4])
    assert table["points"].gt(0).all() and table["raw_to"].isna().all()
