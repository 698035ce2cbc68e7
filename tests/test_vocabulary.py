"""The vocabulary of a specification: a worked value of every word, every fault with its line, and what holds for any data."""

import json
import math
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engine_data import columns, only, random_panel, word
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from whole import few

from fire.errors import InputError
from fire.index import aggregate, impute, normalise, rounding, score, transforms, treat, weights
from fire.index import spec as specs
from fire.index.index import Index
from fire.index.spec_faults import METHODS, NEUTRAL, OF_NODE

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = json.loads((specs.INDICES / "schema.json").read_text(encoding="utf-8"))
PLAIN = {"normalise": "none", "reference": "year", "scale": [0, 10], "missing": "none"}
seeds = st.integers(0, 10_000)
quick = settings(max_examples=20, deadline=None)


def made(*nodes: dict, tables: dict | None = None, **method) -> specs.Spec:
    """An index `total` whose indicators are scored as they are, with tables beside the nodes."""
    label = {"zh": "小", "en": "small"}
    table = {"id": "small", "label": label, "method": PLAIN | method, "node": [word("total"), *nodes]}
    return specs.build(table | (tables or {}), "small")


def below(parent: str, *ids: str, **more) -> list[dict]:
    return [word(node, parent=parent, **more) for node in ids]


def tree(
    total: dict | None = None, p: dict | None = None, tables: dict | None = None, **method
) -> specs.Spec:
    """total = p (x, y), q (z, v)."""
    nodes = [
        word("p", parent="total", **(p or {})),
        word("q", parent="total"),
        *below("p", "x", "y"),
        *below("q", "z", "v"),
    ]
    label = {"zh": "小", "en": "small"}
    table = {
        "id": "small",
        "label": label,
        "method": PLAIN | method,
        "node": [word("total", **(total or {})), *nodes],
    }
    return specs.build(table | (tables or {}), "small")


# ---- the words themselves


def enumerations(part, key: str = "") -> dict[str, set]:
    """Words of every enumeration of the schema, by key."""
    found: dict[str, set] = {}
    if isinstance(part, dict):
        words = {one for one in part.get("enum", []) if isinstance(one, str)}
        found[key] = words
        for name, inner in part.items():
            own = (
                key
                if name in ("anyOf", "items", "prefixItems", "additionalProperties", "properties")
                else name
            )
            for other, more in enumerations(inner, own).items():
                found[other] = found.get(other, set()) | more
    if isinstance(part, list):
        for inner in part:
            for other, more in enumerations(inner, key).items():
                found[other] = found.get(other, set()) | more
    return {name: words for name, words in found.items() if words}


REGISTRIES = {
    "transform": set(transforms.TRANSFORMS),
    "normalise": set(normalise.NORMALISATIONS),
    "aggregation": set(aggregate.AGGREGATIONS),
    "weighting": {"given", *weights.RULES},
    "missing": {"none", "refuse", *impute.FILLERS},
    "treat": {"none", *treat.TREATMENTS},
}


@pytest.mark.parametrize("key", REGISTRIES)
def test_the_schema_knows_what_the_engine_knows(key):
    assert set(SCHEMA["$defs"][key]["enum"]) == REGISTRIES[key]


def test_the_schema_knows_every_choice_of_the_engine():
    method, node = (set(SCHEMA["properties"][key]) for key in ("method", "node"))
    method = set(SCHEMA["properties"]["method"]["properties"]) - {"basis"}
    node = set(SCHEMA["properties"]["node"]["items"]["properties"])
    assert method == set(METHODS)
    assert set(OF_NODE) <= node and set(NEUTRAL) <= node
    assert {name for name, rule in aggregate.AGGREGATIONS.items() if rule.between} == {
        "copeland",
        "topsis",
        "bod",
    }


def said(page: str) -> set[str]:
    """What a page says in code."""
    code = re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8"))
    return set(code) | {one for text in code for one in re.findall(r"\w+", text)}


@pytest.mark.parametrize("page", ["methodology.md", "methodology.zh.md"])
def test_both_pages_of_the_method_say_every_word(page):
    words = set().union(*enumerations(SCHEMA).values(), *REGISTRIES.values())
    keys = set(METHODS) | set(OF_NODE) | set(SCHEMA["properties"]["node"]["items"]["properties"])
    keys |= {
        "posts",
        "group_weights",
        "band",
        "from",
        "upto",
        "at",
        "rule",
        "best",
        "shares",
        "annex",
        "note",
    }
    assert {"half_up", "least", "every_value", "relative", "public method"} <= words
    assert sorted((words | keys) - said(page)) == []


def test_both_pages_of_the_method_have_the_same_rows():
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("methodology.md", "methodology.zh.md")]
    first = [
        [set(re.findall(r"`([^`]+)`", cell)) for cell in re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)]
        for page in pages
    ]
    first = [[cell for cell in page if cell != {"[[node]]"}] for page in first]
    assert len(first[0]) > 60 and first[0] == first[1]


# ---- indicators: worked values


IN_HALF = {"ideal": 0.5, "transform": "distance"}
WORKED = {
    # income above 75,000 counts as 75,000 (UNDP, Human Development Report 2023/24, technical note 1)
    "limits above": ({"limits": ["none", 75000]}, [500, 75000, 120000], [500, 75000, 75000]),
    "limits before the transform": ({"limits": [1, "none"], "transform": "log"}, [-3, 1, math.e], [0, 0, 1]),
    "sqrt": ({"transform": "sqrt"}, [0, 9, 2.25], [0, 3, 1.5]),
    "reciprocal": ({"transform": "reciprocal"}, [4, 10, 0.5], [0.25, 0.1, 2]),
    # Mauritius in the Index of Economic Freedom 2013: rates of 15 and a burden of 18.5 per cent, printed 93.3 and 89.7
    "power and linear": (
        {"transform": "power", "power": 2, "normalise": "linear", "coefficients": [100, -0.03]}
        | {"range": "truncated", "scale": [0, 100]},
        [15, 18.5, 58],
        [93.25, 89.7325, 0],
    ),
    # schooling in the Human Capital Index (Kraay 2018): exp(0.08 (years - 14)); exp(-0.32), exp(-0.8) by hand
    "exponential": (
        {"transform": "exponential", "rate": 0.08, "centre": 14},
        [14, 10, 4],
        [1, 0.726149037073691, 0.449328964117222],
    ),
    "exponential by default": ({"transform": "exponential"}, [0, 1], [1, math.e]),
    "distance": (IN_HALF, [0.5, 0.3, 0.9], [0, 0.2, 0.4]),
    "distance to a corridor": ({"transform": "distance", "ideal": [10, 20]}, [4, 10, 15, 23], [6, 0, 0, 3]),
    "distance to the mean": ({"transform": "distance", "ideal": "mean"}, [1, 2, 6], [2, 1, 3]),
    "distance to the median": ({"transform": "distance", "ideal": "median"}, [1, 2, 6], [1, 0, 4]),
    # women among managers (Blavatnik Index 2024): 1 - (d - min d)/(max d - min d), d = |x - 0.5|
    "distance and min-max": (
        IN_HALF | {"normalise": "minmax", "direction": -1, "scale": [0, 1]},
        [0.5, 0.3, 0.1],
        [1, 0.5, 0],
    ),
    "ideal with posts of the data": ({"normalise": "ideal", "ideal": 4}, [0, 3, 4, 5, 6], [0, 7.5, 10, 5, 0]),
    "ideal with own posts": (
        {"normalise": "ideal", "ideal": [4, 6], "posts": [0, 10]},
        [1, 4, 5, 9, 12],
        [2.5, 10, 10, 2.5, -5],
    ),
    "ideal held inside": (
        {"normalise": "ideal", "ideal": [4, 6], "posts": [0, 10], "range": "truncated"},
        [1, 5, 12],
        [2.5, 10, 0],
    ),
    "ideal of the mean": ({"normalise": "ideal", "ideal": "mean"}, [0, 3, 9], [0, 7.5, 0]),
    "ideal of the median": (  # 2.5
        {"normalise": "ideal", "ideal": "median"},
        [0, 2, 3, 9],
        [0, 8, 10 * 6 / 6.5, 0],
    ),
    "linear": ({"normalise": "linear", "coefficients": [1, -0.5]}, [0, 2, 6], [1, 0, -2]),
    "linear held inside": (
        {"normalise": "linear", "coefficients": [1, -0.5], "range": "truncated"},
        [0, 2, 6],
        [1, 0, 0],
    ),
    "knots": (
        {"normalise": "knots", "knots": [[0, 0], [50, 8], [100, 10]]},
        [-5, 25, 75, 200],
        [0, 4, 9, 10],
    ),
    "knots of the data": (
        {"normalise": "knots", "knots": [["low", 1], ["mean", 4], ["high", 5]]},
        [2, 3, 4, 7, 9],
        [1, 2, 3, 4.5, 5],
    ),
    "knots after the transform": (
        {"normalise": "knots", "transform": "sqrt", "knots": [[0, 0], [10, 5]]},
        [4, 100],
        [1, 5],
    ),
    "steps": (
        {"normalise": "steps", "steps": [[0, 1], [10, 2], [20, 4]]},
        [-1, 0, 9.9, 10, 30],
        [1, 1, 1, 2, 4],
    ),
    "categories": (
        {"normalise": "categories", "categories": [[0, 10], [1, 2.5], [9, 0]]},
        [9, 1, 0],
        [0, 2.5, 10],
    ),
    "target of the mean": ({"normalise": "target", "target": "mean"}, [0, 3, 9], [0, 7.5, 22.5]),
    "target of the median": ({"normalise": "target", "target": "median"}, [0, 3, 9], [0, 10, 30]),
    # total tax rate (Doing Business 2020, Paying Taxes): best 26.1, worst 84, share to the power 0.8; 0.5^0.8 by hand
    "curve": (
        {"normalise": "goalposts", "posts": [26.1, 84], "direction": -1, "scale": [0, 100]}
        | {"curve": 0.8, "range": "truncated"},
        [20, 26.1, 55.05, 84, 90],
        [100, 100, 57.434917749851755, 0, 0],
    ),
}


@pytest.mark.parametrize("choices, values, expected", WORKED.values(), ids=WORKED)
def test_an_indicator_by_hand(choices, values, expected):
    spec = made(*below("total", "x", **choices), reference="pooled")
    assert_allclose(only(score.compute(spec, columns(x=values)), "x"), expected, rtol=1e-13, atol=1e-13)


def test_a_printed_tax_burden():
    """Mauritius, Index of Economic Freedom 2013: 92.1 is the mean of 93.25, 93.25 and 89.7325, to one decimal."""
    choices = WORKED["power and linear"][0]
    decimals = {"decimals": 1, "rule": "half_up", "at": "every_node"}
    spec = made(*below("total", "x", "y", "z", **choices), rounding=decimals)
    assert only(score.compute(spec, columns(x=[15], y=[15], z=[18.5]))) == [92.1]


@pytest.mark.parametrize(
    "choices, words",
    [
        ({"transform": "sqrt"}, "a, 2020, x = -1: no square root"),
        ({"transform": "reciprocal", "limits": [0, "none"]}, "a, 2020, x = -1: no reciprocal of zero"),
        ({"transform": "power", "power": 0.5}, "a, 2020, x = -1: no such power"),
        (
            {"normalise": "categories", "categories": [[0, 1], [2, 5]]},
            "x (x): value -1 has no score: its categories are 0, 2",
        ),
        ({"normalise": "target", "target": "mean", "missing": "refuse"}, "b, 2020, x: no value"),
    ],
)
def test_values_without_a_score_are_named(choices, words):
    cells = columns(x=[-1, None, 2] if choices.get("missing") else [-1, 0, 2], y=[1, 2, 3])
    with pytest.raises(InputError, match=re.escape(words)):
        score.compute(made(*below("total", "x", **choices), *below("total", "y")), cells)


def test_a_statistic_is_that_of_the_reference_data():
    cells = pd.concat([columns(2020, x=[1, 3]), columns(2021, x=[5, 11])])
    means = {"base": 2.0, "pooled": 5.0}
    for reference, mean in means.items():
        choices = {"transform": "distance", "ideal": "mean"}
        spec = made(*below("total", "x", **choices), reference=reference, base_year=2020)
        assert only(score.compute(spec, cells), "x") == [abs(x - mean) for x in (1, 3, 5, 11)]


def test_treatment_may_look_at_other_data_than_the_posts():
    cells = pd.concat([columns(2020, x=range(1, 13)), columns(2021, x=[*range(1, 12), 1000])])
    spec = made(*below("total", "x", normalise="minmax", treat="winsorise"), reference="base", base_year=2020)
    own = spec.vary("x", treat_by="year")
    assert score.steps(spec, cells).treated["x"].max() == 1000  # nothing is skewed in 2020
    assert (
        score.steps(own, cells).treated["x"].max() == 12
        and score.steps(own, cells).treated["x"][2021].max() == 11
    )


def test_posts_of_many_indicators_in_one_table():
    nodes = below("total", "x", "y", normalise="goalposts")
    apart = made(
        *below("total", "x", normalise="goalposts", posts=[0, 4]), *below("total", "y", normalise="minmax")
    )
    assert apart.rules["x"]["posts"] == [0, 4]
    spec = made(*nodes, tables={"posts": {"x": [0, 4], "y": [1, 3]}})
    scores = score.compute(spec, columns(x=[1, 2], y=[1, 2]))
    assert only(scores, "x") == [2.5, 5] and only(scores, "y") == [0, 5]


# ---- inner nodes: worked values


EQUAL, UNEQUAL = [1, 1, 1], [0.2, 0.3, 0.5]
NODES = {  # children 2, 5, 8 and, for the second unit, 2, none, 8
    "sum": ({"aggregation": "sum"}, UNEQUAL, [15, 10]),
    "product": ({"aggregation": "product"}, UNEQUAL, [80, 16]),
    "minimum": ({"aggregation": "minimum"}, UNEQUAL, [2, 2]),
    "maximum": ({"aggregation": "maximum"}, UNEQUAL, [8, 8]),
    "worst": ({"aggregation": "worst", "worst": 2}, UNEQUAL, [3.5, 5]),
    "worst of one": ({"aggregation": "worst"}, UNEQUAL, [2, 2]),
    # Casadio Tarabusi and Guarini (2013): M = 5, M - min = 3, beta = 4: 5 - (5 - 4)/2
    "mean_min": ({"aggregation": "mean_min", "alpha": 0.5, "beta": 4}, EQUAL, [4.5, 4.5]),
    "mean_min with its whole penalty": ({"aggregation": "mean_min"}, UNEQUAL, [2, 2]),
    "mean_min without penalty": ({"aggregation": "mean_min", "alpha": 0}, UNEQUAL, [5.9, 4.4 / 0.7]),
    "generalised": (
        {"aggregation": "generalised", "exponent": -1},
        EQUAL,
        [3 / (1 / 2 + 1 / 5 + 1 / 8), 3.2],
    ),
    "link": ({"aggregation": "arithmetic", "link": [10, -0.9]}, UNEQUAL, [5.9, 4.4 / 0.7]),
    "least": ({"least": 3}, EQUAL, [5, np.nan]),
    "coverage": ({"coverage": 0.6}, EQUAL, [5, 5]),
    "coverage not met": ({"coverage": 0.7}, EQUAL, [5, np.nan]),
    "limits": ({"limits": ["none", 4.9], "aggregation": "worst", "worst": 2}, EQUAL, [3.5, 4.9]),
    "transform": ({"transform": "log", "aggregation": "product"}, EQUAL, [math.log(80), math.log(16)]),
    "linear": ({"normalise": "linear", "coefficients": [1, -0.1]}, EQUAL, [0.5, 0.5]),
    "direction": ({"direction": -1}, EQUAL, [-5, -5]),
    "minmax": ({"normalise": "minmax", "aggregation": "sum"}, EQUAL, [10, 0]),
    "goalposts": ({"normalise": "goalposts", "posts": [0, 20], "aggregation": "sum"}, EQUAL, [7.5, 5]),
    "zscore": (
        {"normalise": "zscore", "scale": [50, 10], "aggregation": "sum"},
        EQUAL,
        [50 + 10 / 2**0.5, 50 - 10 / 2**0.5],
    ),
    "decimals": ({"decimals": 0}, [1, 1, 4], [6, 7]),  # 6.5, half to even; 34/5 = 6.8
    "mean of the year": ({"least": 3, "missing": "mean"}, EQUAL, [5, 5]),
}


@pytest.mark.parametrize("choices, given_weights, expected", NODES.values(), ids=NODES)
def test_a_node_by_hand(choices, given_weights, expected):
    children = [word(node, parent="p", weight=share) for node, share in zip("xyz", given_weights)]
    spec = made(word("p", parent="total", **choices), *children, shares="relative")
    scores = score.compute(spec, columns(x=[2, 2], y=[5, None], z=[8, 8]))
    assert_allclose(only(scores, "p"), expected, rtol=1e-14)
    assert only(scores) == only(scores, "p") or np.isnan(expected).any()


def test_a_scaled_geometric_mean():
    """INFORM's geometric mean of "ten minus": children 10 and 0 are taken as 1 and 10, whose mean is the root of 10."""
    spec = made(*below("total", "x", "y"), aggregation="geometric")
    scores = score.compute(spec.vary("total", link=[10, -0.9]), columns(x=[10], y=[0]))
    assert only(scores) == pytest.approx([(10 - 10**0.5) / 0.9])
    with pytest.raises(InputError, match="total: a, 2020, x = 12: a geometric mean needs scores above zero"):
        score.compute(spec.vary("total", link=[10, -0.9]), columns(x=[12], y=[0]))


def test_a_ratio_takes_the_first_child_over_the_second():
    spec = made(*below("total", "f", "m"), aggregation="ratio")
    cells = columns(f=[0.6, None, 0.5], m=[0.8, 0.7, None])
    assert_allclose(only(score.compute(spec, cells)), [0.75, np.nan, np.nan])
    with pytest.raises(InputError, match="b, 2020, m = 0: a ratio needs scores other than zero below"):
        score.compute(spec, columns(f=[0, 1], m=[1, 0]))


def test_closeness_to_the_ideal():
    """Hwang and Yoon (1981), by hand: columns of length 5; (0.3, 0.4) is 0.1 from the best (0.4, 0.4) and 0.5 from (0, 0)."""
    spec = made(*below("total", "x", "y"), aggregation="topsis")
    scores = only(score.compute(spec, columns(x=[3, 4, 0, None], y=[4, 3, 0, 1])))
    assert_allclose(scores, [5 / 6, 5 / 6, 0, np.nan])


def test_weights_from_loadings_weigh_columns_as_they_are():
    """Two columns load alike on their first component, so the weights go as one over the standard deviations: 1 and 2."""
    spec = made(*below("total", "x", "y"))
    spec = spec.vary("total", weighting="loadings")
    found = score.steps(spec, columns(x=[1, 2, 3], y=[3, 1, 5])).weights
    assert_allclose(found[["x", "y"]], [2 / 3, 1 / 3])


def test_percentile_ranks_of_sums_of_percentile_ranks():
    """The scheme of the Social Vulnerability Index 2022. Ranks of y: 0, 1, 2/3, 1/3; sums of p: 0, 4/3, 5/3, 1."""
    theme = {"aggregation": "sum", "normalise": "percentile"}
    spec = tree(theme, p=theme, normalise="percentile", scale=[0, 1])
    scores = score.compute(spec, columns(x=[1, 2, 4, 3], y=[1, 9, 5, 3], z=[1, 2, 3, 4], v=[1, 2, 3, 4]))
    assert_allclose(only(scores, "x"), [0, 1 / 3, 1, 2 / 3])
    assert_allclose(only(scores, "p"), [0, 2 / 3, 1, 1 / 3])
    assert_allclose(only(scores, "q"), [0, 1 / 3, 2 / 3, 1])  # a plain mean
    assert_allclose(only(scores), [0, 1 / 3, 1, 2 / 3])  # sums 0, 1, 5/3, 4/3


def test_a_node_without_data_gets_the_mean_of_its_group():
    spec = tree(p={"missing": "group_mean"})
    groups = pd.Series({"a": "e", "b": "e", "c": "w", "d": "w"})
    cells = columns(x=[1, None, 5, 9], y=[3, None, 7, 9], z=[1, 1, 1, 1], v=[1, 1, 1, 1])
    scores = score.compute(spec, cells, groups=groups)
    assert only(scores, "p") == [2, 2, 6, 9] and only(scores) == [1.5, 1.5, 3.5, 5]
    with pytest.raises(InputError, match="needs the region of every unit"):
        score.compute(spec, cells)


def test_a_node_may_refuse_to_be_missing():
    spec = tree(p={"missing": "refuse"})
    with pytest.raises(InputError, match="b, 2020, p: no value"):
        score.compute(spec, columns(x=[1, None], y=[3, None], z=[1, 1], v=[1, 1]))


def test_a_node_takes_its_last_score_and_the_line_between_two():
    for rule, expected in (("last", [2, 2, 6]), ("linear", [2, 4, 6])):
        cells = [columns(2020, x=[2], z=[1]), columns(2021, z=[1]), columns(2022, x=[6], z=[1])]
        spec = made(word("p", parent="total", missing=rule), *below("p", "x"), *below("total", "z"))
        assert only(score.compute(spec, pd.concat(cells)), "p") == expected


def test_what_does_not_exist_is_neither_filled_nor_refused():
    groups = pd.Series({"a": "west", "b": "east", "c": "east"})
    spec = tree(p={"not_applicable": ["west"], "missing": "mean"}, missing="mean")
    cells = columns(x=[None, 2, 4], y=[None, 6, None], z=[3, 3, 3], v=[5, 5, 5])
    scores = score.compute(spec, cells, groups=groups)
    assert_allclose(only(scores, "p"), [np.nan, 4, 5])
    assert only(scores) == [4, 4, 4.5]
    strict = tree(p={"not_applicable": ["west"]}, missing="refuse")
    assert (
        only(score.compute(strict, columns(x=[None, 2], y=[None, 6], z=[3, 3], v=[5, 5]), groups=groups))[0]
        == 4
    )
    with pytest.raises(InputError, match="p: does not exist for west: give the region of every unit"):
        score.compute(spec, cells)


# ---- the tree


def twice(**method) -> specs.Spec:
    """total = a (x, y), b (x again, z); beside it the ratio of a and b."""
    return made(
        *below("total", "a", "b"),
        *below("a", "x", "y"),
        word("x again", parent="b", same_as="x"),
        *below("b", "z"),
        word("parity", beside=True, aggregation="ratio"),
        word("a again", parent="parity", same_as="a"),
        word("b again", parent="parity", same_as="b"),
        **method,
    )


TWICE = {"x": [1, 4], "y": [3, 8], "z": [7, 4]}


def test_a_node_at_two_places_has_one_score():
    spec = twice()
    scores = score.compute(spec, columns(**TWICE))
    assert only(scores, "x again") == only(scores, "x") == [1, 4]
    assert only(scores, "b") == [4, 4] and only(scores, "a") == [2, 6] and only(scores) == [3, 5]
    assert only(scores, "parity") == [0.5, 1.5]
    assert (
        spec.indicators == ["x", "y", "z"]
        and spec.leaves("b") == ["z", "x"]
        or set(spec.leaves("b")) == {"x", "z"}
    )
    total = weights.effective(spec)
    assert total[["x", "y", "z", "parity"]].tolist() == [0.5, 0.25, 0.25, 0]


@pytest.mark.parametrize("node", ["a", "b", "parity", "x again", "z"])
def test_a_branch_with_a_node_at_two_places_scores_as_before(node):
    spec, cells = twice(), columns(**TWICE)
    part = spec.branch(node)
    own = cells[cells["indicator"].isin(part.indicators)]
    assert part.root == node and only(score.compute(part, own), node) == only(
        score.compute(spec, cells), node
    )


@pytest.mark.parametrize(
    "gone, expected, left",
    [
        (["x"], [5, 6], {"y", "z"}),  # of y and z: x is gone from both places
        (["y"], [2.5, 4], {"x", "x again", "z"}),  # of x and (x + z)/2
        (["z"], [1.5, 5], {"x", "x again", "y"}),
        (["x again"], [4.5, 5], {"x", "y", "z"}),
        (["parity"], [3, 5], {"x", "x again", "y", "z"}),
        (["a", "parity"], [7, 4], {"z"}),
    ],
)
def test_what_is_dropped_goes_from_all_its_places(gone, expected, left):
    less = twice().drop(*gone)
    assert set(less.nodes.index) & {"x", "x again", "y", "z"} == left
    cells = columns(**TWICE)
    assert only(score.compute(less, cells[cells["indicator"].isin(less.indicators)])) == expected


def test_weights_as_shares_of_the_parent_of_the_index_or_of_each_other():
    def nodes(*shares):
        given_weights = dict(zip(["p", "q", "x", "y", "z", "v"], shares))
        rows = [*below("total", "p", "q"), *below("p", "x", "y"), *below("q", "z", "v")]
        return [row | {"weight": given_weights[row["id"]]} for row in rows]

    parent = made(*nodes(0.6, 0.4, "1/3", "2/3", 0.75, 0.25))
    of_index = made(*nodes(0.6, 0.4, 0.2, 0.4, 0.3, 0.1), shares="index")
    relative = made(*nodes(3, 2, 1, 2, 9, 3), shares="relative")
    for other in (of_index, relative):
        assert_allclose(other.nodes["weight"], parent.nodes["weight"], rtol=1e-15)
    assert_allclose(weights.effective(of_index)[["x", "y", "z", "v"]], [0.2, 0.4, 0.3, 0.1])


def test_the_units_of_a_group_have_their_own_weights():
    own = {"group_weights": [{"group": "west", "weights": {"x": 0.9, "y": "1/10"}}]}
    spec, groups = tree(tables=own), pd.Series({"a": "west", "b": "east"})
    cells = columns(x=[1, 1], y=[2, 2], z=[3, 3], v=[4, 4])
    assert only(score.compute(spec, cells, groups=groups), "p") == [1.1, 1.5]
    assert spec.group_weights == {"west": {"x": 0.9, "y": 0.1}}
    with pytest.raises(InputError, match="'b' has no group, which decides its weights"):
        score.compute(spec, cells, groups=groups[:1])
    with pytest.raises(InputError, match="weights differ by group: give the group of every unit"):
        score.compute(spec, cells)


# ---- bands, ranks, rounding


def bands(*rows: tuple, node: str | None = None) -> dict:
    """Bands from (key, end, label)."""
    more = {} if node is None else {"node": node}
    return {
        "band": [more | {key: end, "label": {"zh": f"{label}级", "en": label}} for key, end, label in rows]
    }


def test_bands_begin_at_a_score():
    """Human development (HDR 2023/24): very high 0.800 and above, high from 0.700, medium from 0.550, low below."""
    tiers = bands(
        ("from", 0.7, "high"), ("from", "least", "low"), ("from", 0.55, "medium"), ("from", 0.8, "top")
    )
    spec = made(*below("total", "x"), tables=tiers)
    cells = columns(x=[0.967, 0.8, 0.799, 0.7, 0.55, 0.549, None], y=[1] * 7)
    spec = made(*below("total", "x", "y"), tables=tiers | {}, aggregation="minimum", coverage=1)
    scores = score.compute(spec, cells)
    assert only(scores, column="band")[:6] == ["top级", "top级", "high级", "high级", "medium级", "low级"]
    assert only(scores, column="band")[6] is None or pd.isna(only(scores, column="band")[6])
    assert pd.isna(only(scores, "x", column="band")).all()
    assert only(score.compute(spec.vary(lang="en"), cells), column="band")[0] == "top"
    assert "band" not in score.compute(made(*below("total", "x", "y")), cells)


def test_bands_end_at_a_score_and_may_leave_a_gap():
    """Groups of the Gender Development Index: a deviation up to 0.025 is group 1, up to 0.05 group 2."""
    spec = made(*below("total", "x"), tables=bands(("upto", 0.05, "2"), ("upto", 0.025, "1"), node="x"))
    found = only(
        score.compute(spec.vary(lang="en"), columns(x=[0.0, 0.025, 0.0251, 0.05, 0.06])), "x", column="band"
    )
    assert found[:4] == ["1", "1", "2", "2"] and pd.isna(found[4])
    most = made(*below("total", "x"), tables=bands(("upto", 0.05, "2"), ("upto", "most", "3"), node="x"))
    assert only(score.compute(most, columns(x=[0.0, 9])), "x", column="band") == ["2级", "3级"]


def test_the_lowest_score_may_be_the_best():
    spec = made(*below("total", "x"), best="low")
    cells = pd.concat([columns(2020, x=[3, 1, 2]), columns(2021, x=[1, 2, 2])])
    scores = score.compute(spec, cells)
    assert only(scores, column="rank", year=2020) == [3, 1, 2] and only(scores, column="rank", year=2021) == [
        1,
        2,
        2,
    ]
    assert only(scores, column="rank_change", year=2021) == [2, -1, 0]


def test_ties_are_nearer_than_a_share_of_the_largest_score():
    near = [1.0, 1.0 - 0.9e-12, 0.5, 0.5 + 0.9e-12, 0.25, 0.25 - 1.2e-12]
    assert rounding.ranks(np.array([near]).T)[:, 0].tolist() == [1, 1, 3, 3, 5, 6]


ROUNDED = columns(x=[0.36, 1.04], y=[0.34, 1.14], z=[0.45, 1.0], v=[0.59, 1.0])


@pytest.mark.parametrize(
    "rule, more, expected",
    [  # p: 0.35, 1.09; q: 0.52, 1; total: 0.435, 1.045
        ("half_up", {}, {"p": [0.35, 1.09], "total": [0.435, 1.045]}),
        ("half_up", {"at": "every_node", "decimals": 2}, {"p": [0.35, 1.09], "total": [0.44, 1.05]}),
        ("half_even", {"at": "every_node", "decimals": 2}, {"total": [0.44, 1.04]}),
        (
            "half_up",
            {"at": "every_node", "decimals": 1},
            {"p": [0.4, 1.1], "q": [0.5, 1], "total": [0.5, 1.1]},
        ),
        (
            "half_even",
            {"at": "every_node", "decimals": 1},
            {"p": [0.4, 1.1], "q": [0.5, 1], "total": [0.4, 1]},
        ),
        ("half_up", {"at": "every_value", "decimals": 1}, {"x": [0.4, 1.0], "v": [0.6, 1], "p": [0.4, 1.1]}),
        ("half_up", {"at": "every_node", "decimals": [2, 1]}, {"p": [0.4, 1.1], "total": [0.45, 1.05]}),
    ],
)
def test_means_are_rounded_on_decimals(rule, more, expected):
    """By hand. 0.36, 0.34, 0.45, 0.59 have the mean 0.435: half_up 0.44; with one decimal below: (0.4 + 0.5)/2 = 0.45."""
    spec = tree(rounding={"decimals": 2, "rule": rule, "at": "display"} | more)
    scores = score.compute(spec, ROUNDED)
    for node, values in expected.items():
        assert only(scores, node) == (
            values if spec.method["rounding"]["at"] != "display" else pytest.approx(values)
        )


def test_a_node_may_round_by_itself():
    spec = tree(p={"decimals": 1}, rounding={"decimals": 3, "rule": "half_up", "at": "display"})
    scores = score.compute(spec, ROUNDED)
    assert only(scores, "p") == [0.4, 1.1] and only(scores, "q") == [0.52, 1] and only(scores) == [0.46, 1.05]


RULES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}
digits = st.integers(0, 4)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(RULES)), digits, st.integers(-2 * 10**6, 2 * 10**6), st.integers(0, 2))
def test_decimals_round_as_decimals_do(rule, places, whole, further):
    """Numbers of up to two digits more than are kept, halves among them, against the decimal module of Python."""
    if further == 2:
        number = Decimal(whole * 10 + 5).scaleb(-places - 1)  # a half
    else:
        number = Decimal(whole).scaleb(-places - further)
    expected = number.quantize(Decimal(1).scaleb(-places), RULES[rule])
    assert rounding.rounded(float(number), {"decimals": places, "rule": rule}) == float(expected)


@settings(max_examples=300, deadline=None)
@given(digits, st.floats(-1e6, 1e6))
def test_the_rule_of_r_keeps_a_nearest_decimal(places, number):
    found = float(rounding.rounded(number, {"decimals": places, "rule": "r"}))
    unit = Decimal(1).scaleb(-places)
    assert found == float(Decimal(found).quantize(unit))
    assert abs(Decimal(found) - Decimal(number)) <= unit / 2 + Decimal(abs(number)).scaleb(-15)


# ---- what holds for any data


ALONE = [name for name, rule in aggregate.AGGREGATIONS.items() if not rule.between]
RULE = {
    "exponent": 0.37,
    "penalty": "down",
    "alpha": 0.3,
    "beta": 0.7,
    "worst": 2,
    "link": None,
    "same_as": None,
    "coverage": 0.0,
    "least": 0,
}


@pytest.mark.parametrize("name", ALONE)
@quick
@given(seeds, st.sampled_from(["equal", "unequal", "by row"]), st.sampled_from([0.0, 0.3]), st.booleans())
def test_a_score_does_not_depend_on_who_else_is_there(name, seed, kind, gaps, whole_panel):
    """Bit for bit, for every rule that does not compare units: whatever rows, in any order, in either memory layout, more
    of them than are summed at a time."""
    rng = np.random.default_rng(seed)
    rows, size = (
        (aggregate.ROWS + 9 if whole_panel else 12),
        2 if name == "ratio" else int(rng.integers(1, 7)),
    )
    x = np.round(rng.lognormal(size=(rows, size)), int(rng.integers(1, 17)) % 17) + 0.1
    x[rng.random(x.shape) < gaps] = np.nan
    shares = {"equal": np.full(size, 1 / 3), "unequal": rng.random(size)}.get(kind, rng.random((rows, size)))
    every = aggregate.one(x, shares, RULE | {"aggregation": name}, 1)
    kept = rng.permutation(rows)[: int(rng.integers(1, 12))]
    own = shares[kept] if shares.ndim == 2 else shares
    for layout in (np.ascontiguousarray, np.asfortranarray):
        few = aggregate.one(layout(x[kept]), own, RULE | {"aggregation": name}, 1)
        assert few.tobytes() == every[kept].tobytes()


@pytest.mark.parametrize("name", few(ALONE, "arithmetic", "geometric", "median", "mean_min"))
@settings(max_examples=5, deadline=None)
@given(seeds)
def test_an_index_gives_a_unit_the_same_score_in_any_company(name, seed):
    nodes = [word("p", parent="total", weight=0.3), word("q", parent="total", weight=0.7)]
    nodes += [word(node, parent="p", weight=share) for node, share in (("x", 0.15), ("y", 0.85))]
    nodes += [word(node, parent="q", weight=share) for node, share in (("z", "1/3"), ("v", "2/3"))]
    more = {key: RULE[key] for key in ("exponent", "alpha", "beta")}
    spec = made(*nodes, aggregation=name, **more)
    cells = random_panel(spec, seed=seed).assign(value=lambda frame: 2 + frame["value"].clip(upper=3))
    rng = np.random.default_rng(seed)
    gone = cells["indicator"].isin(["x", "v"]) & (rng.random(len(cells)) < 0.3) & cells["unit"].ne("u03")
    cells = cells[~gone]
    everyone = score.compute(spec, cells).set_index(["unit", "year", "node"])["score"]
    some = cells[cells["unit"].isin(["u03", "u07", "u11"]) & cells["year"].eq(2021)].sample(
        frac=1, random_state=seed
    )
    few = score.compute(spec, some).set_index(["unit", "year", "node"])["score"]
    assert few.notna().any() and few.to_numpy().tobytes() == everyone[few.index].to_numpy().tobytes()


sizes = st.floats(1e-9, 100)
scores_of = st.lists(st.one_of(sizes, sizes.map(lambda x: -x), st.just(0.0)), min_size=1, max_size=9)


@settings(max_examples=200, deadline=None)
@given(scores_of, st.data())
def test_a_mean_lies_between_the_least_and_the_most(values, data):
    shares = st.one_of(st.just(0.0), st.floats(1e-6, 1))
    given_weights = data.draw(st.lists(shares, min_size=len(values), max_size=len(values)))
    assume(sum(given_weights) > 1e-3)
    x = np.array([values])
    found = aggregate.mean(x, np.array(given_weights), np.ones(x.shape, bool))[0]
    kept = [one for one, weight in zip(values, given_weights) if weight > 0]
    assert min(kept) <= found <= max(kept)


@pytest.mark.parametrize(
    "name", ["arithmetic", "geometric", "harmonic", "generalised", "median", "worst", "mean_min"]
)
@quick
@given(seeds)
def test_every_mean_lies_between_the_least_and_the_most(name, seed):
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=(40, 5))
    x[rng.random(x.shape) < 0.3] = np.nan
    x = x[~np.isnan(x).all(axis=1)]
    found = aggregate.one(x, rng.random(5) + 0.01, RULE | {"aggregation": name}, 1)
    slack = 1e-13 * np.nanmax(x, axis=1)
    assert (found >= np.nanmin(x, axis=1) - slack).all() and (found <= np.nanmax(x, axis=1) + slack).all()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.decimals("0", "1000", places=2).map(float), st.floats(0.01, 1000), st.none()),
            st.one_of(st.sampled_from([0.25, 1 / 3, 0.1, 1.0]), st.floats(0.01, 1)),
        ),
        min_size=1,
        max_size=9,
    )
)
@example(
    [(None, 0.25), (801.5, 1 / 3), (801.5, 1 / 3), (129.88381779026082, 1 / 3)]
)  # half-way between two numbers
def test_a_mean_is_the_exact_fraction_rounded_once(pairs):
    there = [(Fraction(value), Fraction(weight)) for value, weight in pairs if value is not None]
    assume(there)
    x = np.array([[np.nan if value is None else value for value, _ in pairs]])
    found = aggregate.mean(x, np.array([weight for _, weight in pairs]), ~np.isnan(x))[0]
    assert found == float(sum(value * weight for value, weight in there) / sum(weight for _, weight in there))
    assert aggregate.exact_sum(np.nan_to_num(x))[0] == float(sum(value for value, _ in there))


OWN = {
    "transform": "sqrt",
    "normalise": "linear",
    "coefficients": [1, 2],
    "missing": "median",
    "range": "truncated",
    "limits": [1, "none"],
    "decimals": 2,
    "scale": [0, 50],
    "reference": "pooled",
}


@pytest.mark.parametrize(
    "choice, there",
    [("transform", "log1p"), ("normalise", "percentile"), ("missing", "mean"), ("range", "truncated")]
    + [("treat", "winsorise"), ("scale", [0, 1]), ("reference", "pooled")],
)
def test_vary_leaves_inner_nodes_their_own_choices(choice, there):
    spec = tree(p=OWN, normalise="minmax", scale=[1, 10])
    cells = random_panel(spec)
    away = spec.vary(**{choice: there})
    back = away.vary(**{choice: spec.method[choice]})
    for other in (away, back):
        assert {key: other.rules["p"][key] for key in OWN} == OWN
        assert {key: other.rules["q"][key] for key in NEUTRAL} == NEUTRAL
    assert [away.rules[leaf][choice] for leaf in spec.indicators] == [there] * 4
    pd.testing.assert_frame_equal(score.compute(back, cells), score.compute(spec, cells))


def test_frozen_posts_hold_those_of_inner_nodes():
    spec = tree(
        total={"normalise": "minmax"},
        p={"normalise": "zscore"},
        normalise="minmax",
        reference="base",
        base_year=2020,
    )
    cells = random_panel(spec)
    posts = score.base_posts(spec, cells)
    assert {"x", "p", "total"} <= set(posts.index) and "q" not in posts.index
    pd.testing.assert_frame_equal(score.compute(spec, cells, posts), score.compute(spec, cells))
    late = score.compute(spec, cells[cells["year"].eq(2021)], posts)
    full = score.compute(spec, cells)
    assert late["score"].tolist() == full.loc[full["year"].eq(2021), "score"].tolist()


@pytest.mark.parametrize(
    "choices, words",
    [
        ({"transform": "log", "aggregation": "sum"}, "b, 2020, p = 0: no logarithm"),
        ({"transform": "sqrt", "aggregation": "copeland"}, "b, 2020, p = -1: no square root"),
    ],
)
def test_a_node_without_a_transform_is_refused(choices, words):
    cells = columns(x=[1, 0], y=[1, 0], z=[1, 1], v=[1, 1])
    with pytest.raises(InputError, match=words):
        score.compute(tree(p=choices), cells)


@pytest.mark.filterwarnings("error")
def test_posts_of_inner_nodes_by_year_and_pooled():
    """p is scaled within each year, the total over both."""
    spec = tree(
        total={"normalise": "minmax", "reference": "pooled"}, p={"normalise": "minmax", "scale": [0, 1]}
    )
    cells = random_panel(spec)
    posts = score.base_posts(spec, cells)
    scores = score.compute(spec, cells)
    assert posts.index.names == ["year", "indicator"] and {(2020, "p"), (2021, "total")} <= set(posts.index)
    for year in (2020, 2021):
        assert (min(only(scores, "p", year)), max(only(scores, "p", year))) == (0, 1)
    assert (min(only(scores)), max(only(scores))) == (0, 10)
    pd.testing.assert_frame_equal(score.compute(spec, cells, posts), scores)


# ---- faults


GOOD = """
id = "good"
label = { zh = "好", en = "good" }

[method]
reference = "year"
aggregation = "arithmetic"

[posts]
x = [0, 10]

[[group_weights]]
group = "west"
weights = { a = 0.5, b = 0.25, c = 0.25 }

[[band]]
from = 2
label = { zh = "上", en = "top" }

[[node]]
id = "total"
label = { zh = "总", en = "total" }

[[node]]
id = "a"
label = { zh = "甲", en = "a" }
parent = "total"
weight = 0.5

[[node]]
id = "b"
label = { zh = "乙", en = "b" }
parent = "total"
weight = 0.3

[[node]]
id = "c"
label = { zh = "丙", en = "c" }
parent = "total"
weight = 0.2

[[node]]
id = "x"
label = { zh = "子", en = "x" }
parent = "a"
weight = 0.4

[[node]]
id = "y"
label = { zh = "丑", en = "y" }
parent = "a"
weight = 0.6

[[node]]
id = "again"
label = { zh = "寅", en = "again" }
parent = "b"
same_as = "x"
"""
X = 'parent = "a"\nweight = 0.4'
FAULTS = {
    "knots in no order": (
        X,
        X + '\nnormalise = "knots"\nknots = [[5, 0], [1, 10]]  #!',
        "node 'x': the values of knots do not rise from one to the next: sort them",
    ),
    "a step twice": (
        X,
        X + '\nnormalise = "steps"\nsteps = [[5, 0], [5, 10]]  #!',
        "node 'x': the values of steps do not rise",
    ),
    "knots without knots": (
        X,
        X + '\nnormalise = "knots"  #!',
        "node 'x': normalise = \"knots\" needs 'knots': add it",
    ),
    "linear without coefficients": (X, X + '\nnormalise = "linear"  #!', "needs 'coefficients': add it"),
    "categories without any": (X, X + '\nnormalise = "categories"  #!', "needs 'categories': add it"),
    "no power": (X, X + '\ntransform = "power"  #!', "node 'x': transform = \"power\" needs 'power': add it"),
    "no ideal": (X, X + '\ntransform = "distance"  #!', "needs 'ideal': add it"),
    "an empty corridor": (X, X + "\nideal = [3, 1]  #!", "node 'x': the corridor [3, 1] is empty"),
    "limits without room": (X, X + "\nlimits = [3, 3]  #!", "node 'x': limits [3, 3] leave no room"),
    "a curve of an open range": (
        X,
        X + "\ncurve = 2  #!",
        "node 'x': a curve needs shares between 0 and 1: set range = \"truncated\"",
    ),
    "a curve of ranks": (
        X,
        X + '\nnormalise = "percentile"\nrange = "truncated"\ncurve = 2  #!',
        "node 'x': a curve bends a line between posts",
    ),
    "a category twice": (
        X,
        X + '\nnormalise = "categories"\ncategories = [[1, 0], [1, 5]]  #!',
        "node 'x': the value 1 stands twice: keep one",
    ),
    "a mean of each year": (
        X,
        X + '\ntransform = "distance"\nideal = "mean"  #!',
        'node \'x\': the mean of what? set reference = "base" or "pooled", or give a number',
    ),
    "a ratio of three": (
        'en = "total" }',
        'en = "total" }\naggregation = "ratio"  #!',
        "node 'total': a ratio has two children, and this node has 3",
    ),
    "more of the worst than there are": (
        'en = "total" }',
        'en = "total" }\naggregation = "worst"\nworst = 4  #!',
        "node 'total': the mean of the 4 lowest of 3 children: lower it",
    ),
    "more children than there are": (
        'en = "total" }',
        'en = "total" }\nleast = 4  #!',
        "node 'total': at least 4 of 3 children: the node never has a score",
    ),
    "a link that joins all": (
        'en = "total" }',
        'en = "total" }\nlink = [1, 0]  #!',
        "node 'total': a link of slope 0",
    ),
    "a link of an indicator": (X, X + "\nlink = [1, 2]  #!", "node 'x': 'link' belongs to inner nodes"),
    "treatment of a node": (
        'en = "total" }',
        'en = "total" }\ntreat = "log"  #!',
        "'treat' belongs to indicators",
    ),
    "a circle": (
        'parent = "b"\nsame_as = "x"',
        'parent = "a"\nsame_as = "a"  #!',
        "node 'again': the node is part of itself (",
    ),
    "a double of nothing": (
        'same_as = "x"',
        'same_as = "xx"  #!',
        "node 'again': no node 'xx': did you mean 'x'?",
    ),
    "a double with children": (
        'parent = "b"\nsame_as = "x"',
        'parent = "b"\nsame_as = "x"  #!\n[[node]]\nid = "k"\nlabel = { zh = "卯", en = "k" }\nparent = "again"',
        "node 'again': a node that stands for another has no children of its own: remove them",
    ),
    "beside, and below": (X, X + "\nbeside = true  #!", "node 'x': a node beside the index has no parent"),
    "posts of nothing": ("x = [0, 10]", "x = [0, 10]\nxx = [0, 1]  #!", ": no node 'xx': did you mean 'x'?"),
    "posts twice": (X, X + "\nposts = [0, 5]", "'x' has posts in its own row too: keep one"),
    "posts without range": ("x = [0, 10]", "x = [10, 10]  #!", ": posts [10, 10] of 'x' have no range"),
    "shares of the index that do not add up": (
        'reference = "year"\n',
        'reference = "year"\nshares = "index"\n',
        "node 'x': the weights of the children of 'a' sum to 1, but its own share of the index is 0.5 (x 0.4, y 0.6)",
    ),
    "shares of the parent that do not add up": (
        "weight = 0.2",
        "weight = 0.25",
        "node 'a': the weights of the children of 'total' sum to 1.05, not to one (a 0.5, b 0.3, c 0.25): "
        'correct one of them, or set shares = "relative"',
    ),
    "an unknown share": (
        'reference = "year"\n',
        'reference = "year"\nshares = "parents"  #!\n',
        "did you mean 'parent'?",
    ),
    "a band from and upto": (
        "[[band]]\nfrom = 2",
        "[[band]]  #!\nfrom = 2\nupto = 3",
        ": the band has from and upto, but one says where the other is: give one of the two",
    ),
    "a band of nowhere": (
        "[[band]]\nfrom = 2",
        "[[band]]  #!",
        ": the band has neither from nor upto: give one of the two",
    ),
    "a band of nothing": (
        "[[band]]\nfrom = 2",
        '[[band]]  #!\nnode = "totl"\nfrom = 2',
        ": no node 'totl': did you mean 'total'?",
    ),
    "bands of both kinds": (
        "[[band]]\n",
        '[[band]]\nupto = 1\nlabel = { zh = "下", en = "low" }\n\n[[band]]\n',
        "bands of one node all begin (from) or all end (upto): choose one",
    ),
    "a sibling without a weight in the group": (
        '[[group_weights]]\ngroup = "west"\nweights = { a = 0.5, b = 0.25, c = 0.25 }',
        '[[group_weights]]  #!\ngroup = "west"\nweights = { a = 0.5, b = 0.5 }',
        ": 'c' has no weight in this group, but a sibling has: give it one",
    ),
    "a weight of nothing": (
        '[[group_weights]]\ngroup = "west"\nweights = { a = 0.5, b = 0.25, c = 0.25 }',
        '[[group_weights]]  #!\ngroup = "west"\nweights = { a = 0.5, b = 0.25, c = 0.25, totle = 1 }',
        ": no node 'totle': did you mean 'total'?",
    ),
    "no weight at all": (
        '[[group_weights]]\ngroup = "west"\nweights = { a = 0.5, b = 0.25, c = 0.25 }',
        '[[group_weights]]  #!\ngroup = "west"\nweights = { a = 0, b = 0, c = 0 }',
        ": the weights below 'total' are all zero: give one more",
    ),
    "two sets of weights where units are compared": (
        'en = "total" }',
        'en = "total" }\naggregation = "copeland"',
        "'total' compares units, which needs one set of weights for all: use another rule",
    ),
    "an unknown word": (
        'en = "total" }',
        'en = "total" }\naggregation = "mean_mni"  #!',
        "did you mean 'mean_min'?",
    ),
}


def test_the_specification_without_faults_loads(tmp_path):
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    spec = specs.load(path)
    assert spec.indicators == ["c", "x", "y"] and spec.rules["x"]["posts"] == [0, 10]


@pytest.mark.parametrize("old, new, words", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_line(old, new, words, tmp_path):
    """The line that `#!` marks, where it does."""
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        specs.load(path)
    marked = [number for number, line in enumerate(text.splitlines(), start=1) if "#!" in line]
    hits = [line for line in str(caught.value).splitlines() if words in line]
    assert len(hits) == 1, str(caught.value)
    assert all(f"line {number}" in hits[0] for number in marked), hits[0]


# ---- choices together


def test_a_node_at_two_places_may_count_for_nothing_at_one():
    nodes = [*below("total", "a", "b"), word("x", parent="a", weight=0), word("y", parent="a", weight=1)]
    spec = made(*nodes, word("x again", parent="b", same_as="x"))
    assert only(score.compute(spec, columns(x=[1, 2], y=[3, 4])), "b") == [1, 2]


def test_a_node_at_two_places_needs_no_number_of_children():
    spec = twice(least=2)
    assert only(score.compute(spec, columns(**TWICE)), "x again") == [1, 4]


def test_frozen_posts_hold_the_ideal_of_a_transform():
    choices = {"transform": "distance", "ideal": "mean", "normalise": "minmax"}
    spec = made(*below("total", "x", **choices), *below("total", "y"), reference="base", base_year=2020)
    cells = random_panel(spec)
    posts = score.base_posts(spec, cells)
    pd.testing.assert_frame_equal(score.compute(spec, cells, posts), score.compute(spec, cells))
    late = score.compute(spec, cells[cells["year"].eq(2021)], posts)
    assert only(late, "x") == only(score.compute(spec, cells), "x", 2021)


@pytest.mark.parametrize(
    "choices",
    [
        {"transform": "reciprocal"},
        {"transform": "power", "power": -1},
        {"transform": "exponential", "rate": -1},
    ],
)
def test_posts_of_a_falling_transform_are_written_in_the_unit(choices):
    spec = made(*below("total", "x", normalise="goalposts", posts=[1, 4], direction=-1, **choices))
    found = only(score.compute(spec, columns(x=[1, 2, 4])), "x")
    assert found[0] == 0 and found[2] == 10 and 0 < found[1] < 10


@pytest.mark.parametrize(
    "more, expected",
    [
        ({"normalise": "goalposts", "posts": [0, 5]}, [6, 2, 8]),
        ({"normalise": "target", "target": 3}, [10, 0, 15]),
    ],
)
def test_posts_and_targets_of_a_distance_are_distances(more, expected):
    """The mean is 5, the distances 3, 1, 4."""
    spec = made(*below("total", "x", transform="distance", ideal="mean", **more), reference="pooled")
    assert_allclose(only(score.compute(spec, columns(x=[2, 4, 9])), "x"), expected)


def test_nothing_is_better_than_the_ideal():
    spec = made(*below("total", "x", normalise="ideal", ideal=[5, 15]), reference="base", base_year=2020)
    cells = pd.concat([columns(2020, x=[10, 15, 20]), columns(2021, x=[3, 15, 30])])
    assert max(only(score.compute(spec, cells), "x")) <= 10


@pytest.mark.parametrize(
    "rule, places, number",
    [
        ("half_up", 2, "636676.445"),
        ("half_even", 6, "64.6555595"),
        ("half_up", 6, "65.7430505"),
        ("half_up", 4, "6509.88175"),
    ],
)
def test_halves_of_long_numbers(rule, places, number):
    expected = Decimal(number).quantize(Decimal(1).scaleb(-places), RULES[rule])
    assert rounding.rounded(float(number), {"decimals": places, "rule": rule}) == float(expected)


@pytest.mark.parametrize("other", [lambda spec: spec.vary(weights={"x": 0.5}), lambda spec: spec.drop("x")])
def test_shares_of_the_index_can_be_varied(other):
    rows = zip("pqxyzv", ["total", "total", "p", "p", "q", "q"], [0.6, 0.4, 0.2, 0.4, 0.3, 0.1])
    spec = other(
        made(*(word(node, parent=parent, weight=share) for node, parent, share in rows), shares="index")
    )
    assert spec.nodes.loc[["p", "q"], "weight"].tolist() == pytest.approx([0.6, 0.4])
    assert spec.nodes.loc[["z", "v"], "weight"].tolist() == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("other", [lambda spec: spec.branch("q"), lambda spec: spec.drop("x")])
def test_weights_of_groups_survive_a_branch_and_a_drop(other):
    spec = tree(tables={"group_weights": [{"group": "west", "weights": {"x": 0.9, "y": 0.1}}]})
    assert "x" not in other(spec).nodes.index


@pytest.mark.parametrize(
    "how", [lambda spec: spec.vary("x", posts=[0, 8]), lambda spec: spec.vary(posts={"x": [0, 8]})]
)
def test_posts_of_the_table_can_be_varied(how):
    spec = made(*below("total", "x", normalise="goalposts"), tables={"posts": {"x": [0, 4]}})
    assert how(spec).rules["x"]["posts"] == [0, 8] and spec.rules["x"]["posts"] == [0, 4]


def test_coverage_counts_the_children_that_exist():
    nodes = [*below("total", "x", "y"), word("z", parent="total", not_applicable=["west"])]
    cells = columns(x=[1, 1], y=[3, 3], z=[None, 5])
    groups = pd.Series({"a": "west", "b": "east"})
    assert only(score.compute(made(*nodes, least=3), cells, groups=groups)) == [2, 3]
    spec = made(*nodes, coverage=1)
    assert only(score.compute(spec, cells, groups=groups)) == [2, 3]


def test_knots_at_own_posts_need_not_lie_in_the_data():
    knots = {"knots": [["low", 0], [50, 5], ["high", 10]], "posts": [0, 100]}
    spec = made(*below("total", "x", normalise="knots", **knots))
    assert_allclose(only(score.compute(spec, columns(x=[60, 90])), "x"), [6, 9])


def test_knots_of_the_data_in_no_order_are_refused():
    knots = [["low", 0], [50, 5], ["high", 10]]
    with pytest.raises(InputError, match="x: .*knots"):
        score.compute(made(*below("total", "x", normalise="knots", knots=knots)), columns(x=[10, 20, 40]))


def test_a_penalty_needs_a_weighted_mean_above_zero():
    def spec(first):
        return made(
            word("x", parent="total", weight=first),
            word("y", parent="total", weight=1 - first),
            aggregation="mpi",
        )

    assert only(score.compute(spec(0.1), columns(x=[-3], y=[2]))) == pytest.approx([1.5 - 2.25 / 1.5])
    with pytest.raises(InputError, match="x = -1: the Mazziotta-Pareto index needs"):
        score.compute(spec(0.9), columns(x=[-1], y=[2]))


def test_standardised_scores_are_not_held_between_their_mean_and_deviation():
    spec = made(*below("total", "x", normalise="zscore", scale=[100, 10], range="truncated"))
    assert only(score.compute(spec, columns(x=[1, 2, 3])), "x") == [90, 100, 110]


def test_z_scores_leave_inner_nodes_their_scale():
    spec = tree(p={"normalise": "minmax", "scale": [0, 100]}, normalise="minmax")
    assert spec.vary(normalise="zscore").rules["p"]["scale"] == [0, 100]


@pytest.mark.parametrize(
    "spec",
    [
        tree(p={"not_applicable": ["wst"]}),
        tree(tables={"group_weights": [{"group": "wst", "weights": {"x": 0.9, "y": 0.1}}]}),
    ],
)
def test_a_group_that_no_unit_has_is_refused(spec):
    cells = columns(x=[1, 1], y=[2, 2], z=[3, 3], v=[4, 4])
    with pytest.raises(InputError, match="'wst'.*did you mean 'west'"):
        score.compute(spec, cells, groups=pd.Series({"a": "west", "b": "east"}))


def test_the_share_by_status_goes_by_the_weights_of_the_group():
    spec = tree(tables={"group_weights": [{"group": "west", "weights": {"x": 0.9, "y": 0.1}}]})
    cells = pd.concat([columns(x=[1, 1]).assign(status="simulated"), columns(y=[2, 2], z=[3, 3], v=[4, 4])])
    scores = score.compute(spec, cells, groups=pd.Series({"a": "west", "b": "east"}))
    assert_allclose(only(scores, "p", column="share_simulated"), [0.9, 0.5])


def test_posts_that_no_score_needs_may_be_handed_back():
    spec, cells = made(*below("total", "x")), columns(x=[3, 3])
    assert only(score.compute(spec, cells, score.base_posts(spec, cells))) == [3, 3]


def test_a_list_over_several_lines_hides_no_line(tmp_path):
    text = GOOD.replace(
        X, 'parent = "a"\nnormalise = "knots"\nknots = [\n  [0, 1],\n  [1, 2],\n]\nweight = -0.4  #!'
    )
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    line = next(number for number, said in enumerate(text.splitlines(), start=1) if "#!" in said)
    with pytest.raises(InputError, match=f"line {line}, node 'x': weight -0.4 is negative"):
        specs.load(path)


@pytest.mark.parametrize("line", ['ideal = "meen"', 'target = "meen"'])
def test_a_word_that_is_nearly_known_is_suggested(line, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace(X, f"{X}\n{line}"), encoding="utf-8")
    with pytest.raises(InputError, match="'meen' is not a number: write a number, or one of mean, median"):
        specs.load(path)


@pytest.mark.parametrize(
    "choices, ends",
    [
        ({"transform": "reciprocal"}, [1, 4]),
        ({"transform": "power", "power": 2}, [1, 4]),
        ({"transform": "distance", "ideal": 1}, [0, 3]),
    ],
)
def test_an_index_shows_its_posts_in_the_unit_of_the_indicator(choices, ends):
    spec = made(*below("total", "x", normalise="minmax", **choices), reference="base", base_year=2020)
    idx = Index(spec, columns(x=[1, 2, 4]))
    shown = idx.nodes().loc["x", ["low_post", "high_post"]]
    assert_allclose(shown.to_numpy(float), ends)
    assert "<table" in idx._repr_html_()


def test_an_ideal_is_written_in_the_unit_of_the_indicator():
    spec = made(*below("total", "x", normalise="ideal", ideal=10, transform="log"))
    assert_allclose(only(score.compute(spec, columns(x=[1, 10, 100])), "x"), [0, 10, 0], atol=1e-14)


def test_an_ideal_that_all_values_meet_ranks_nobody():
    with pytest.raises(
        InputError, match=r"x: all values of 2020 lie inside the ideal \[0, 9\]: give posts outside it"
    ):
        score.compute(made(*below("total", "x", normalise="ideal", ideal=[0, 9])), columns(x=[1, 2]))


def test_a_number_without_decimals_is_as_it_was():
    """Halves are told to nine digits; a large whole number is far from any."""
    for rule in RULES:
        for number in (1e15, 123456789012345.0, -4503599627370495.0):
            assert rounding.rounded(number, {"decimals": 0, "rule": rule}) == number
