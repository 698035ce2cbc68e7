"""Whatever the engine can score, the analyses can take: each gives a well-formed and right frame, or one InputError that
says why. The indices are made up; together they use every rule of a specification."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from engine_data import word
from test_workbook import SOFFICE, assert_scores, calculated, cells_of, listed_scores, recalculate, table_of
from whole import few

from fire import codebook
from fire.analysis import (
    changes,
    coordination,
    focus,
    headlines,
    known,
    rankings,
    summary,
    targets,
    typology,
    views,
)
from fire.analysis.changes import State
from fire.errors import InputError
from fire.index import spec as specs
from fire.index.index import Index
from fire.report import explorer, release, workbook

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
        [*rows(), word("B", beside=True), word("z", parent="B", **POST), word("a3", parent="B", same_as="a")]
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
    "kinds": lambda: made(
        rows({"P": tuple("abcd"), "Q": tuple("efgh")}, {}, **KINDS), values={"d": [1, 2, 3]}
    ),
    "one year": lambda: made(rows(), years=(2020,)),
    "ids": lambda: made(rows({"GDP: 亿元": ("3.1.2.a", "*", "rank"), ">5": ("人口 (万人)", "a'b")})),
    "shallow": lambda: made(
        [word("total"), word("a", parent="total", **POST), word("b", parent="total", **POST)]
    ),
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
    return SimpleNamespace(index=index, spec=index.spec, book=book, settings={}, **names)


LIVE = {"plain", "gaps", "low", "shares", "relative", "derived", "one year", "ids", "shallow"}
LIVE |= {"kinds", "yearly", "ranks"}  # scores of the indicators stand as numbers, whatever gave them
EVERY = pytest.mark.parametrize("name", INDICES)
SOME = pytest.mark.parametrize(
    "name", few(INDICES, "plain", "gaps", "one year", "ids", "low", "derived", "ranks", "group weights")
)


def states(index: Index) -> tuple[State, State]:
    return State(index, index.year if index.before is None else index.before), State(index, index.year)


def calls(name: str, tmp_path) -> dict:
    """Every analysis that takes an index (or states of one)."""
    index, found = index_of(name), results_of(name)
    both, unit, others = states(index), index.of()["unit"].iloc[3], index.of()["unit"].tolist()[:4]
    pillar = index.spec.pillars[0]
    other = index.vary(weights={pillar: 0.3})
    return {
        "explain": lambda: changes.explain(*both),
        "explain a pillar": lambda: changes.explain(*both, pillar),
        "difference": lambda: changes.difference(both[0], State(other, index.year)),
        "exercise": lambda: changes.exercise(index, "", "", ""),
        "unobserved": lambda: changes.unobserved(index),
        "method": lambda: changes.method(index.spec, other.spec),
        "league": lambda: views.league(index),
        "league of results": lambda: views.league(index, scores=found),
        "side by side": lambda: views.side_by_side(views.both_years(found, index.year)),
        "coverage": lambda: views.coverage(found, index),
        "system": lambda: views.system(index),
        "roster": lambda: views.roster(index),
        "members": lambda: views.members(index, "东"),
        "strengths": lambda: views.strengths(index, unit),
        "peers": lambda: views.peers(index, unit),
        "scenarios": lambda: views.scenarios({"a": index, "b": other}),
        "moves": lambda: views.moves(index, other),
        "agreement": lambda: views.agreement({"a": index, "b": other}),
        "single": lambda: targets.single(index, unit),
        "cheapest": lambda: targets.cheapest(index, unit, beyond=5),
        "steps up": lambda: targets.steps_up(index, others),
        "types": lambda: typology.regional(index),
        "profiles": lambda: typology.profiles(index, "东"),
        "names": lambda: typology.names([index], "东"),
        "stability": lambda: typology.stability(index, draws=3),
        "stability of profiles": lambda: typology.profile_stability(index, "东", draws=3),
        "coordination": lambda: coordination.coordination(index, "clip"),
        "obstacles": lambda: coordination.obstacles(index, "clip"),
        "indicators": lambda: rankings.listed(index),
        "ranking": lambda: rankings.league(index),
        "heads": lambda: rankings.heads(rankings.profile(index, 5)),
        "about": lambda: [rankings.about(index), rankings.coverage(index), rankings.alternatives(index)],
        "presets": lambda: explorer.presets(index),
        "compared": lambda: explorer.compared(index),
        "explorer": lambda: explorer.fragment(edition(index)),
        "workbook": lambda: workbook.write(tmp_path / "index.xlsx", edition(index)),
        "codebook": lambda: release.codebook(index.spec),
        "measured": lambda: known.measured(found, list(index.spec.nodes.index)),
    }


def attempt(call):
    """A result, or the InputError of a call, all of whose sentences say what to do or why; any other error is a fault."""
    try:
        return call()
    except InputError as error:
        assert all(len(fault) > 20 for fault in error.faults), error
        return error


@pytest.mark.parametrize("name", few(INDICES, "plain", "gaps"))
def test_every_analysis_gives_a_result_or_one_error_that_says_why(name, tmp_path):
    refused = {what for what, call in calls(name, tmp_path).items() if isinstance(attempt(call), InputError)}
    never = {"league", "coverage", "system", "explain", "explorer", "workbook", "presets", "ranking", "heads"}
    assert not refused & (never - {"league"} if name == "ids" else never)
    if name in ("plain", "one year", "shares", "derived"):
        assert not refused - {"cheapest"}


@SOME
def test_parts_add_up_to_the_change_of_scores_and_ranks(name):
    index = index_of(name)
    both = states(index)
    moved = changes.compare(*both)
    stay = moved[moved["note"].eq("")].sort_index()
    parts, why = changes.decompose(*both), changes.explain(*both)
    points = parts.groupby("unit")["points"].sum()
    np.testing.assert_allclose(points, stay["score_change"], atol=1e-11)
    if len(why):
        effect = why.groupby("unit")[["score_effect", "rank_effect"]].sum()
        np.testing.assert_allclose(effect["score_effect"], stay["score_change"], atol=1e-11)
        np.testing.assert_allclose(effect["rank_effect"], stay["rank_change"].astype(float), atol=1e-9)
    places = changes.rank_indicators(*both)
    np.testing.assert_allclose(places.sum(axis=1), stay["rank_change"].astype(float), atol=1e-8)
    passed = changes.rivals(*both)
    sums = passed.groupby("unit")["places"].sum().reindex(stay.index).fillna(0)
    np.testing.assert_array_equal(sums.astype(float), stay["rank_change"].astype(float))
    told = changes.lead(index, moved, parts) | {"stories": changes.stories(moved, parts, passed)}
    assert told["points"] == pytest.approx(float(stay["score_change"].abs().max()) * np.sign(told["points"]))


@pytest.mark.parametrize(
    "name", ["mixed", "extremes", "outranked", "percentiles", "linked", "doubled", "rounded"]
)
def test_parts_by_indicator_are_told_only_where_the_tree_is_one_mean(name):
    assert set(changes.attribution(index_of(name), 2020, 2021)["indicator"]) == {"total"}
    assert set(changes.attribution(index_of("plain"), 2020, 2021)["indicator"]) == set("abcde")


@pytest.mark.whole
def test_several_causes_add_up_where_nodes_have_posts_groups_and_rounding_of_their_own():
    """Coalitions of causes go through the same steps as the index: posts of inner nodes, groups, weights of groups."""
    for name in ("percentiles", "group weights", "node filled", "rounded", "doubled", "low", "kinds"):
        index = index_of(name)
        later = index.vary(weights={"P": 0.3}).revise(index.panel.assign(value=index.panel["value"] * 1.01))
        if name == "kinds":  # categories have no value between
            later = index.vary(weights={"P": 0.3})
        before, after = State(index, 2020), State(later, 2021)
        why, moved = changes.explain(before, after), changes.compare(before, after).sort_index()
        effect = why.groupby("unit")[["score_effect", "rank_effect"]].sum()
        np.testing.assert_allclose(effect["score_effect"], moved["score_change"], atol=1e-9)
        np.testing.assert_allclose(effect["rank_effect"], moved["rank_change"].astype(float), atol=1e-9)
        assert {"performance", "weights"} <= set(why["factor"])


def test_weights_of_groups_and_moves_between_groups_are_causes():
    index = index_of("group weights")
    heavier = specs.build(
        index.spec.table | {"group_weights": [{"group": "西", "weights": {"P": 0.5, "Q": 0.5}}]}, "made"
    )
    why = changes.explain(State(index, 2021), State(Index(heavier, index.panel, places=PLACES), 2021))
    assert set(why["factor"]) == {"framework"}
    moved = PLACES.assign(region=PLACES["region"].where(PLACES["city"].ne("市0"), "西"))
    before, after = State(index, 2021), State(Index(index.spec, index.panel, places=moved), 2021)
    why = changes.explain(before, after)
    change = changes.compare(before, after)["score_change"].sort_index()
    assert set(why["factor"]) == {"cities"} and change["市0"] != 0
    np.testing.assert_allclose(why.set_index("unit")["score_effect"].sort_index(), change, atol=1e-12)


def test_an_index_of_one_indicator_is_an_index():
    index = index_of("plain").branch("a")
    parts = changes.attribution(index, 2020, 2021)
    change = changes.compare(*states(index))["score_change"].sort_index()
    np.testing.assert_allclose(parts.groupby("unit")["points"].sum(), change, atol=1e-12)
    found = known.results(index.scores(), [index.scores()], index)
    assert views.status_shares(found, index)["share_pct"].tolist() == [100]
    assert len(targets.single(index, index.of()["unit"].iloc[3])) == 1 and workbook.still(index) == []
    for call in (coordination.coordination, lambda one: changes.exercise(one, "", "", "")):
        with pytest.raises(InputError, match="several"):
            call(index)


def test_a_year_that_an_index_lacks_is_refused():
    with pytest.raises(InputError, match="the panel has no year 2019"):
        changes.attribution(index_of("yearly"), 2019, 2021)


# Which end is the best ------------------------------------------------------------------------------------------------


def test_where_the_lowest_is_best_rank_one_is_the_lowest_everywhere():
    index = index_of("low")
    score = index.of().set_index("unit")["score"]
    lowest, highest = score.idxmin(), score.idxmax()
    assert views.group_ranks(index).query("group_rank == 1")["rank"].min() == 1
    frame = views.at(views.both_years(results_of("low"), 2021, 2020), "total")
    lead = headlines.lead(frame, 3)
    assert (lead["names"], lead["last"]) == ([lowest], [highest])
    assert (lead["score"], lead["low"]) == (score.min(), score.max())
    assert headlines.leader(frame)["leader"] == headlines.comparison(frame, "total")["best"] == [lowest]
    assert focus.heads(frame) == [["total", [lowest]]]
    best = rankings.heads(rankings.profile(index))["heads"][0]
    assert best["unit"]["zh"] == index.wide()["P"].idxmin()
    assert summary.confirmed(results_of("low"), index.spec, 2021)[0]["first"][0]["unit"] == lowest


@pytest.mark.parametrize(
    "name", ["plain", "low", "gaps", "doubled", "group weights", "derived", "not for all"]
)
def test_the_change_that_is_named_gains_the_place(name):
    """Raw values put into a panel of the same index (posts frozen, weights as used) give the rank that was asked for."""
    index = index_of(name)
    fixed = Index(changes.settled(index), index.panel, index.posts, places=PLACES)
    unit = index.of()["unit"].iloc[4]
    for line in targets.single(index, unit, 2).itertuples():
        cells = fixed.panel.copy()
        own = cells["unit"].eq(unit) & cells["indicator"].eq(line.indicator) & cells["year"].eq(index.year)
        cells.loc[own, "value"] = line.raw_to
        assert fixed.revise(cells).of().set_index("unit")["rank"][unit] == 3


def test_a_score_that_no_value_gives_has_no_raw_value():
    index = made(rows(leaf=POST | {"range": "truncated"}))
    table = targets.single(index, index.of()["unit"].iloc[-1], 7)
    beyond = table["score_to"].gt(10)
    assert beyond.any() and table.loc[beyond, "raw_to"].isna().all() and table["raw_from"].notna().all()


# Scores that are computed again ---------------------------------------------------------------------------------------


@EVERY
def test_types_under_the_weights_as_used_rest_on_the_scores_of_the_index(name):
    index = index_of(name)
    now, before = typology._rescored(index, [np.ones(len(index.spec.nodes))])[0]
    pd.testing.assert_frame_equal(
        now, index.wide().astype(float), check_names=False, check_exact=False, rtol=1e-9
    )
    if index.before is not None:
        pd.testing.assert_frame_equal(before, index.wide(2020).astype(float), check_names=False, rtol=1e-9)


@EVERY
def test_where_all_is_observed_all_is_known(name):
    index, found = index_of(name), results_of(name)
    root = found[found["node"].eq("total")]
    whole = name not in ("gaps", "coverage", "node filled")
    assert not whole or root["known_share"].to_numpy() == pytest.approx(1)
    assert root["known_share"].le(1 + 1e-12).all()
    told = views.status_shares(found, index)
    shares = told[told["node"].eq("total")].set_index("status")["share_pct"]
    assert list(shares.index) == ["observed"]  # what is missing has no status
    assert (shares.sum() == pytest.approx(100)) == whole


def test_weights_of_units_are_those_of_their_group():
    weight = views.weight_by_unit(index_of("group weights"))
    assert weight.loc["市1", ["a", "d"]].tolist() == pytest.approx([0.8 / 3, 0.1])
    assert weight.loc["市0", ["a", "d"]].tolist() == pytest.approx([0.5 / 3, 0.25])
    some = views.weight_by_unit(index_of("not for all"))
    assert some.loc["市1", ["a", "i"]].tolist() == pytest.approx([1 / 9, 0])
    assert some.loc["市0", ["a", "i"]].tolist() == pytest.approx([1 / 12, 1 / 8])
    doubled = index_of("doubled")  # Q: d, e, a once more, P once more
    assert views.weight_by_unit(doubled, "Q").loc["市0", ["a", "d"]].tolist() == pytest.approx(
        [1 / 4 + 1 / 12, 1 / 4]
    )


def weighted_mean(table: pd.DataFrame, weights: pd.Series) -> pd.Series:
    given = table.notna() * weights[table.columns]
    return (table * weights[table.columns]).sum(axis=1) / given.sum(axis=1).where(lambda total: total > 0)


@SOME
def test_the_workbook_has_formulas_exactly_where_they_give_the_scores(name, tmp_path):
    index = index_of(name)
    assert (not workbook.still(index)) == (name in LIVE)
    path = workbook.write(tmp_path / "index.xlsx", edition(index))
    assert any(cell.data_type == "f" for cell in cells_of(path)) == (name in LIVE)
    shown, wide = listed_scores(path, index), index.wide()
    for node in index.spec.nodes.index:
        np.testing.assert_allclose(
            shown[node].reindex(wide.index).astype(float), wide[node].astype(float), rtol=1e-9
        )
    if name not in LIVE:
        return
    assert_scores(path, index)
    spec, scores = index.spec, index.wide()[index.spec.indicators].astype(float)
    for node, children in reversed(spec.families.items()):
        scores[node] = weighted_mean(scores[children], index.weights)
        np.testing.assert_allclose(scores[node], index.wide()[node].astype(float), rtol=1e-9)


@EVERY
def test_there_is_an_explorer_exactly_where_its_script_gives_the_scores(name):
    """The script takes weighted means of the second level in the pillars, and of the pillars in the root."""
    index, ed = index_of(name), edition(index_of(name))
    page = explorer.fragment(ed, "en")
    if explorer.still(index):
        assert "no weight explorer" in page and "<script" not in page and name not in LIVE - {"low"}
        return
    found = explorer.data(ed, "en")
    weights = pd.Series(found["presets"]["published"])
    for year in index.years:
        rows = pd.DataFrame(found["scores"][year], index.units, found["nodes"], dtype=float)
        pillars = pd.DataFrame(
            {
                pillar: weighted_mean(rows[nodes], weights.reindex(nodes).fillna(1.0))
                for pillar, nodes in found["tree"].items()
            }
        )
        root = weighted_mean(pillars, weights)
        np.testing.assert_allclose(
            root, index.wide(year)["total"].reindex(index.units).astype(float), rtol=1e-9
        )


@pytest.mark.whole
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: recalculation cannot be checked")
@pytest.mark.parametrize("name", ["gaps", "ids", "shares", "low"])
def test_a_spreadsheet_computes_the_same_scores(name, tmp_path):
    index = index_of(name)
    path = workbook.write(tmp_path / "index.xlsx", edition(index))
    fresh = recalculate(path, tmp_path / "fresh")
    assert_scores(fresh, index)
    final = index.of().dropna(subset="score").set_index("unit")
    assert (calculated(fresh, index).loc[final.index, "live rank"].astype(int) == final["rank"]).all()
    assert table_of(fresh, "排名", first=4)["城市"].tolist() == index.of()["unit"].tolist()


# Ids that are headings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "why"), [(("rank", "b"), "another column"), (("x", "x_low"), "its status or range")]
)
def test_ids_that_read_as_other_columns_are_refused(ids, why):
    index = made([word("total"), *(word(node, parent="total", **POST) for node in ids)])
    with pytest.raises(InputError, match=why):
        views.league(index)


def test_an_indicator_with_the_id_of_another_column_is_refused():
    index = made([word("total"), *(word(node, parent="total", **POST) for node in ("roster", "b"))])
    with pytest.raises(InputError, match="rename it"):
        changes.rank_indicators(*states(index))


# What has no fixed scale ----------------------------------------------------------------------------------------------


def test_scores_without_a_common_scale_are_not_brought_into_one():
    scales = {name: coordination.scale_of(index_of(name).spec, "total") for name in INDICES}
    assert {name for name, scale in scales.items() if scale == (1.0, 10.0)} >= {
        "plain",
        "mixed",
        "geometric",
        "low",
    }
    assert [name for name in ("outranked", "pooled", "yearly", "ranks") if scales[name]] == []
    assert scales["percentiles"] == (0.0, 100.0)
    wide = made(rows({"P": ("a", "b"), "Q": ("c", "d")}, c={"scale": [0, 100]}, d={"scale": [0, 100]}))
    with pytest.raises(InputError, match="different scales"):
        coordination.coordination(wide, "clip")
    with pytest.raises(InputError, match="no fixed scale"):
        coordination.obstacles(index_of("yearly"), "clip")
    own = typology.load() | {"scale": [0, 100]}
    with pytest.raises(InputError, match="a scale 1-10"):
        typology.regional(index_of("plain"), own)


def test_a_change_of_framework_is_explained_where_cells_are_drawn():
    """The other framework is computed on the mean of the draws, as the index itself is."""
    index = index_of("plain")
    gone = index.panel["indicator"].eq("d")
    draws = index.panel.loc[gone, ["unit", "year", "indicator"]].reset_index(drop=True)
    values = index.panel.loc[gone, "value"].to_numpy()
    draws = draws.assign(d001=values - 0.5, d002=values + 0.5)
    spec = index.spec.vary(missing="refuse")
    drawn = Index(spec, index.panel[~gone], places=PLACES, draws=draws)
    before, after = State(drawn, 2020), State(drawn.drop("a"), 2021)
    why = changes.explain(before, after).groupby("unit")["score_effect"].sum()
    np.testing.assert_allclose(why, changes.compare(before, after)["score_change"].sort_index(), atol=1e-12)
