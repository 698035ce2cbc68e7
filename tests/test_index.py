"""The Index: the same scores as the engine, and variations that forget nothing."""

import numpy as np
import pandas as pd
import pytest
import small

import fire
from fire.errors import InputError
from fire.index import score
from fire.index.index import Index


@pytest.fixture(scope="module")
def index():
    return fire.load(2022).index


def test_scores_are_those_of_the_engine(index):
    plain = score.compute(index.spec, index.complete(), index.posts, index.groups)
    pd.testing.assert_frame_equal(index.scores(), plain)
    assert index.weight_in_index[index.spec.indicators].sum() == pytest.approx(1)
    assert index.pillar["gdp"] == "F" and index.before == 2020


def test_frozen_posts_weights_and_places_come_along(index):
    cells = index.complete()
    revised = cells.assign(
        value=cells["value"].where(~(cells["year"].eq(2020) & cells["unit"].eq("上海")), cells["value"] * 1.5)
    )
    varied = index.revise(revised).vary(weights={"F": 0.2}).branch("F").drop("pop_size")
    pd.testing.assert_frame_equal(varied.posts, index.posts.loc[varied.spec.indicators])
    assert varied.places is index.places and varied.groups is index.groups and varied.year == index.year
    thawed = index.revise(revised).thaw()
    assert (thawed.posts["high"] > index.posts["high"]).any()
    assert thawed.freeze().frozen.equals(thawed.posts)


@pytest.mark.parametrize(
    "choice",
    [
        {"transform": "identity"},
        pytest.param({"reference": "pooled"}, marks=pytest.mark.whole),
        {"base_year": 2021},
        pytest.param({"treat": "winsorise"}, marks=pytest.mark.whole),
        pytest.param({"normalise": "fraction"}, marks=pytest.mark.whole),
    ],
)
def test_a_choice_that_contradicts_frozen_posts_is_refused_and_made_on_purpose(index, choice):
    with pytest.raises(InputError, match=r"contradicts the frozen posts.*index\.thaw\(\)\.vary"):
        index.vary(**choice)
    index.thaw().vary(**choice).scores()
    index.alternative(**choice).scores()


@pytest.mark.parametrize(
    "choice",
    [
        {"normalise": "zscore", "scale": [5, 1]},
        {"aggregation": "geometric"},
        {"weights": {"F": 0.3}},
        {"range": "truncated"},
    ],
)
def test_a_choice_that_leaves_the_posts_alone_is_free(index, choice):
    assert index.vary(**choice).posts.equals(index.posts)


@pytest.mark.whole
def test_an_alternative_thaws_only_what_it_must(index):
    pooled = index.alternative(reference="pooled")
    assert pooled.posts.equals(index.thaw().vary(reference="pooled").posts)
    assert index.alternative(aggregation="geometric").frozen is index.frozen


def test_a_new_indicator_takes_its_posts_from_the_first_year_that_has_it(index):
    names = index.spec.indicators
    kept = index.posts.drop("incubators")
    late = Index(index.spec, index.complete()[index.complete()["year"].eq(2021)], kept)
    assert late.own == ["incubators"] and late.before is None
    values = index.complete().query("year == 2021 and indicator == 'incubators'")["value"]
    given = index.spec.nodes.at["incubators", "posts"]
    assert late.posts.at["incubators", "low"] == (values.min() if not isinstance(given, list) else given[0])
    pd.testing.assert_frame_equal(
        late.posts.drop("incubators"), kept.loc[[n for n in names if n != "incubators"]]
    )
    assert "incubators: not among the frozen posts" in late.notes()[0]


def test_every_fault_at_once(index):
    posts = index.posts.copy()
    posts.loc["gdp", ["low", "high", "sd"]] = 1.0, 1.0, 0.0
    panel = pd.concat(
        [index.complete(), index.complete()[index.complete()["unit"].eq("北京")].assign(unit="北京市")]
    )
    with pytest.raises(InputError) as caught:
        Index(index.spec, panel, posts, places=index.places, year=2030)
    words = [
        "no year 2030",
        "gdp: posts 1.0 and 1.0 have no range",
        "北京市: no row in the places of this index",
    ]
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_shows_itself_with_tree_posts_and_status(index):
    page = index._repr_html_()
    for word in ("要素基础", "617.88", "38,155.3", "模拟", "3.75%", "中国金融科技燃指数"):
        assert word in page, word
    assert "<script" not in page and "59 units" in repr(index)


def test_hostile_labels_are_inert():
    made = small.edition(["甲", "乙", "丙"]).index
    table = made.spec.table
    table["label"]["zh"] = "<script>alert(1)</script>"
    assert "<script" not in made._repr_html_()


def test_scores_cannot_be_changed_from_outside(index):
    taken = index.scores()
    taken["score"] = 0.0
    assert index.scores()["score"].gt(0).any()
    assert np.isfinite(index.wide().to_numpy()).all()
