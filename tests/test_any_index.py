"""Whatever the engine can score, the analyses can take: each gives a well-formed and right frame, or one InputError that
says why. The indices are made up; together they use every rule of a specification."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from engine_data import word

from fire import codebook
from fire.analysis import changes, coordination, headlines, known, rankings, summary, targets, typology, views
from fire.analysis.changes import State
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index
from fire.report import explorer, workbook

UNITS = [f"市{number}" for number in range(8)]
GROUPS = ["东", "西", "东", "西", "东", "西", "东", "西"]
PLACES = pd.DataFrame(
    {"city": UNITS, "city_en": [f"City {number}" for number in range(8)], "region": GROUPS}
).assign(lon=110.0, lat=30.0)
POST = {"normalise": "goalposts", "posts": [0.0, 10.0]}
TWO = {"P": ("a", "b", "c"), "Q": ("d", "e")}  # leaves by pillar


def rows(tree=None, leaf=POST, root=None, **more) -> list[dict]:
    """Nodes of an index `total` with pillars and leaves (`tree`); `more`: choices of a node by id."""
    found = [word("total", **(root or {}))]
    for pillar, leaves in (tree or TWO).items():
        found.append(word(pillar, parent="total", **more.get(pillar, {})))
        found += [word(one, parent=pillar, **(leaf | more.get(one, {}))) for one in leaves]
    return found


def table(nodes: list[dict], **method) -> dict:
    given = {"reference": "base", "base_year": 2020, "scale": [1, 10], "missing": "none"} | method
    tables = {name: given.pop(name) for name in ("band", "group_weights") if name in given}
    return {"id": "made", "label": {"zh": "造", "en": "made"}, "method": given, "node": nodes} | tables


def cells(ids, years=(2020, 2021), seed=3, gaps=(), values=None) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product([UNITS, years, ids], names=["unit", "year", "indicator"])
    frame = pd.Series(rng.uniform(1, 9, len(keys)), keys).rename("value").reset_index()
    for name, kept in (values or {}).items():
        own = frame["indicator"].eq(name)
        frame.loc[own, "value"] = rng.choice(kept, own.sum())
    for unit, name in gaps:
        frame = frame[~(frame["unit"].eq(unit) & frame["indicator"].eq(name))]
    return frame.assign(status="observed", source="made up")


def made(nodes, years=(2020, 2021), gaps=(), values=None, seed=3, **method) -> Index:
    spec = specs.build(table(nodes, **method), "made")
    return Index(spec, cells(spec.indicators, years, seed, gaps, values), places=PLACES)


MANY = {"P": ("a", "b", "c"), "Q": ("d", "e"), "R": ("f", "g", "h"), "S": ("i", "j")}
BANDS = [
    {"from": low, "label": {"zh": zh, "en": zh}} for low, zh in ((8.0, "高"), (5.0, "中"), ("least", "低"))
]
WEST = [{"group": "西", "weights": {"P": 0.8, "Q": 0.2}}]
KINDS = {
    "a": {"normalise": "linear", "coefficients": [1, 0.9], "range": "truncated"},
    "b": {"normalise": "knots", "knots": [["low", 1], ["mean", 6], ["high", 10]]},
    "c": {"normalise": "steps", "steps": [[0, 1], [3, 4], [6, 10]]},
    "d": {"normalise": "categories", "categories": [[1, 2], [2, 5], [3, 9]]},
    "e": {"normalise": "ideal", "ideal": [4, 5], "posts": [0, 10]},
    "f": {"transform": "distance", "ideal": "median", "direction": -1},
    "g": {"normalise": "target", "target": "mean", "range": "truncated", "curve": 2.0},
    "h": {"transform": "reciprocal", "limits": [2, "none"], "direction": -1},
}
INDICES = {
    "plain": lambda: made(rows()),
    "gaps": lambda: made(rows(), gaps=[("市1", "a"), ("市2", "d"), ("市2", "e")]),
    "coverage": lambda: made(rows(), gaps=[("市1", "a"), ("市2", "d")], coverage=0.6, least=2),
    "mixed": lambda: made(rows(root={"aggregation": "geometric"}, Q={"aggregation": "harmonic"})),
    "geometric": lambda: made(rows(), aggregation="geometric"),
    "extremes": lambda: made(
        rows(
            MANY,
            root={"aggregation": "minimum"},
            P={"aggregation": "median"},
            Q={"aggregation": "maximum"},
            R={"aggregation": "worst", "worst": 2},
            S={"aggregation": "mean_min", "alpha": 0.5, "beta": 1.0},
        )
    ),
    "outranked": lambda: made(
        rows(root={"aggregation": "copeland"}, P={"aggregation": "topsis"}, leaf={"normalise": "minmax"})
    ),
    "percentiles": lambda: made(
        rows(
            root={"normalise": "percentile", "reference": "year", "scale": [0, 100]},
            P={"normalise": "linear", "coefficients": [5, 2]},
            Q={"normalise": "minmax", "transform": "log1p"},
        )
    ),
    "pooled": lambda: made(rows(root={"normalise": "rank"}), reference="pooled"),
    "linked": lambda: made(rows(root={"aggregation": "geometric", "link": [11, -0.9]})),
    "doubled": lambda: made(
        [*rows(), word("a2", parent="Q", same_as="a"), word("P2", parent="Q", same_as="P")]
    ),
    "beside": lambda: made(
        [
            *rows(),
            word("B", beside=True),
            word("z", parent="B", **POST),
            word("a3", parent="B", same_as="a"),
        ]
    ),
    "rounded": lambda: made(
        rows(), rounding={"decimals": [1, 2], "rule": "half_up", "at": "every_node"}, band=BANDS
    ),
    "low": lambda: made(rows(), best="low", band=BANDS),
    "group weights": lambda: made(rows(), group_weights=WEST),
    "not for all": lambda: made(rows(MANY, S={"not_applicable": ["西"]})),
    "node filled": lambda: made(
        rows(Q={"missing": "group_mean"}), gaps=[("市2", "d"), ("市2", "e"), ("市3", "a")]
    ),
    "shares": lambda: made(
        [
            word("total"),
            *(word(node, parent="total", weight=weight) for node, weight in (("P", 0.6), ("Q", 0.4))),
            *(word(node, parent="P", weight=weight, **POST) for node, weight in (("a", 0.4), ("b", 0.2))),
            *(word(node, parent="Q", weight=weight, **POST) for node, weight in (("c", 0.1), ("d", 0.3))),
        ],
        shares="index",
    ),
    "relative": lambda: made(
        [
            word("total"),
            *(word(node, parent="total", weight=weight, **POST) for node, weight in (("a", 3), ("b", 1))),
        ],
        shares="relative",
    ),
    "derived": lambda: made(rows(P={"weighting": "entropy"}, root={"weighting": "equal"})),
    "kinds": lambda: made(rows({"P": tuple("abcd"), "Q": tuple("efgh")}, {}, **KINDS), values={"d": [1, 2, 3]}),
    "one year": lambda: made(rows(), years=(2020,)),
    "ids": lambda: made(rows({"GDP: 亿元": ("3.1.2.a", "3.1.2.A", "*"), ">5": ("人口 (万人)", "a'b")})),
    "shallow": lambda: made([word("total"), word("a", parent="total", **POST), word("b", parent="total", **POST)]),
    "yearly": lambda: made(rows(leaf={"normalise": "zscore", "scale": [0, 1]}), reference="year"),
    "ranks": lambda: made(rows(leaf={"normalise": "rank"}), reference="year"),
}


@cache
def index_of(name: str) -> Index:
    return INDICES[name]()


@cache
def results_of(name: str) -> pd.DataFrame:
    index = index_of(name)
    return known.results(index.scores(), [index.scores()], index)


def edition(index: Index) -> SimpleNamespace:
    book = codebook.Book(index.spec, PLACES, pd.DataFrame({"region": ["东", "西"], "region_en": ["E", "W"]}))
    names = {"name": "2021", "year": index.year, "base_year": 2020, "languages": ["zh", "en"]}
    return SimpleNamespace(index=index, spec=index.spec, book=book, **names)


def said(error) -> bool:
    """One error with sentences that say what to do."""
    return isinstance(error, InputError) and all(len(one) > 20 for one in error.faults)


def attempt(call, *args, **options):
    """A result, or the InputError of a call; any other error is a fault."""
    try:
        return call(*args, **options)
    except InputError as error:
        assert said(error), error
        return error


def test_probe(name="x"):
    pass
