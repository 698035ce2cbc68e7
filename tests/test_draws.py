"""Several draws of what is not known: completions, centre, posts, faults; nothing changes where all is known."""

import numpy as np
import pandas as pd
import pytest
import small
from numpy.testing import assert_allclose

from fire.analysis import known, montecarlo, robustness
from fire.errors import InputError
from fire.index import draws
from fire.index.index import Index

UNITS = list("abcdefgh")


@pytest.fixture(scope="module")
def whole():
    made = small.edition(UNITS).index
    return made.revise(made.panel.assign(status="observed")).freeze()


def opened(index, count=40, spread=0.1, cells=6, seed=1):
    """The index with some cells of one indicator taken out of its panel and drawn around their values."""
    rng, name = np.random.default_rng(seed), "incubators"
    gone = index.panel["indicator"].eq(name) & index.panel["unit"].isin(UNITS[:cells])
    table = index.panel.loc[gone, ["unit", "year", "indicator"]].reset_index(drop=True)
    value = index.panel.loc[gone, "value"].to_numpy()
    for number in range(count):
        table[f"d{number + 1:03d}"] = value * (1 + spread * rng.uniform(-1, 1, len(value)))
    return Index(index.spec, index.panel[~gone], index.posts, places=index.places, draws=table), name


def test_each_completion_is_a_whole_index_and_the_centre_their_mean(whole):
    index, name = opened(whole)
    assert len(index.completions) == 40 and all(one.draws is None for one in index.completions)
    means = np.mean([one.wide().to_numpy() for one in index.completions], axis=0)
    assert_allclose(index.wide().to_numpy(), means, atol=1e-9)
    assert index.scores()["share_simulated"].gt(0).any() and not whole.scores()["share_simulated"].gt(0).any()
    assert set(index.panel["status"]) == {"observed"} and "simulated" in set(index.complete()["status"])


def test_an_index_without_draws_completes_itself(whole):
    assert whole.completions == (whole,) and whole.complete() is whole.panel


def test_a_value_in_the_panel_goes_before_its_draws(whole):
    index, name = opened(whole)
    told = index.revise(whole.panel)
    assert told.draws is None and told.scores().equals(whole.scores())
    half = whole.panel[~(whole.panel["unit"].isin(UNITS[:2]) & whole.panel["indicator"].eq(name))]
    assert set(index.revise(half).draws["unit"]) == set(UNITS[:2])


def test_variations_keep_the_draws(whole):
    index, _ = opened(whole)
    for other in (
        index.vary(aggregation="geometric"),
        index.thaw(),
        index.alternative(reference="pooled"),
        index.only(units=UNITS[2:]),
    ):
        assert other.draws is not None and len(other.completions) == 40
        assert other.completions[0].spec is other.spec


def test_posts_of_the_data_are_the_mean_of_the_posts_under_each_draw(whole):
    index, name = opened(whole, spread=0.5, cells=8)
    free = index.thaw()
    each = [one.posts.at[name, "high"] for one in free.completions]
    assert free.posts.at[name, "high"] == pytest.approx(np.mean(each)) and np.ptp(each) > 0


METHODS = {"weights": {"band": 0.3}, "aggregation": ["arithmetic", "geometric"], "drop": 0.5, "floor": 0.01}


def test_every_panel_of_draws_is_ranked_as_it_is_by_itself(whole):
    """Counts of ranks, growth and pairs over panels × draws are the sum of those of each panel under the same draws."""
    index, _ = opened(whole, count=5, spread=0.5, cells=8)
    root, panels, draws = index.spec.root, len(index.completions), 2 * 5 * 2048
    design, _ = robustness.prepare(index, METHODS, 3, root)
    both = montecarlo.simulate(design, draws)
    each = []
    for number, one in enumerate(index.completions):
        own, _ = robustness.prepare(one, METHODS, 3, root)
        each.append(montecarlo._batch_tally(own, draws, range(number, draws // own.chunk, panels)))
    assert own.chunk == 2048 and len({part["ranks"].tobytes() for part in each}) == panels
    summed = montecarlo.add(each)
    assert all((both[name] == summed[name]).all() for name in both)
    assert (both["ranks"].sum(axis=2) == draws).all()


def test_intervals_over_panels_and_draws_do_not_depend_on_workers(whole):
    index, _ = opened(whole, count=5, spread=0.5, cells=8)
    one, two = (robustness.by_node(index, METHODS, draws=9_999, workers=workers) for workers in (1, 2))
    for node in one:
        assert (one[node].ranks == two[node].ranks).all()
        assert one[node].intervals.equals(two[node].intervals) and one[node].growth.equals(two[node].growth)


@pytest.mark.parametrize("joins", [False, True])
def test_ranges_are_those_over_all_completions(whole, joins):
    """As `known.results` has them, which keeps the scores of all draws at once; with a unit that joins later too."""
    index, _ = opened(whole, spread=0.5, cells=8)
    parts = [index.panel, index.draws]
    if joins:
        parts = [part[part["unit"].ne("a") | part["year"].ne(index.years[0])] for part in parts]
    index = Index(index.spec, parts[0], index.posts, places=index.places, draws=parts[1])
    found = index.ranges()
    each = [one.scores() for one in index.completions]
    expected = known.results(index.scores(), each, index)
    expected = expected[expected["node"].isin(list(index.spec.families))].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected[found.columns], check_exact=True)
    assert (found["rank_high"] > found["rank_low"]).any() and set(index.ranges("F")["node"]) == {"F"}


@pytest.mark.whole
def test_large_panels_are_completed_one_draw_at_a_time(whole, monkeypatch):
    index, _ = opened(whole, spread=0.5, cells=8)
    index = index.thaw()
    monkeypatch.setattr(draws, "KEPT", 0)
    other = index.thaw()
    assert other.scores().equals(index.scores()) and other.ranges().equals(index.ranges())
    assert other.completions[3] is not other.completions[3] and len(other.completions[:7]) == 7
    assert other.completions[-1].scores().equals(index.completions[39].scores())
    one, two = (robustness.intervals(each, METHODS, draws=2_000) for each in (index, other))
    assert one.equals(two)


def test_keys_of_a_large_panel_stay_categories(whole):
    index, _ = opened(whole)
    keys = ["unit", "indicator", "status", "source"]
    coded = Index(
        index.spec, index.panel.astype(dict.fromkeys(keys, "category")), index.posts, draws=index.draws
    )
    assert coded.complete()[keys].dtypes.eq("category").all()
    assert (
        coded.complete()
        .astype(dict.fromkeys(keys, "str"))
        .equals(index.complete().astype(dict.fromkeys(keys, "str")))
    )
    assert coded.scores()["score"].equals(index.scores()["score"])


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda table: table.drop(columns="year"), "column 'year' is missing"),
        (lambda table: table[["unit", "year", "indicator", "d001"]], "1 draws: give 2 or more"),
        (lambda table: pd.concat([table, table.head(1)]), "a, 2020, .*: twice: keep one of the rows"),
        (lambda table: table.assign(d001=np.nan), "a draw is no number"),
    ],
)
def test_faults_of_a_file_of_draws(whole, tmp_path, change, words):
    index, _ = opened(whole)
    change(index.draws).to_parquet(tmp_path / "draws.parquet")
    with pytest.raises(InputError, match=words):
        draws.read(tmp_path / "draws.parquet")
