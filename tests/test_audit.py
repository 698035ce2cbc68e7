"""The audit: statistics against published or analytic values, verdicts that can fail, sentences in both languages."""

import json

import numpy as np
import pandas as pd
import pytest
from test_robustness import small_panel, small_spec

import fire
from fire import codebook, files
from fire.analysis import audit, results, stored
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.coinr import from_coinr
from fire.index.index import Index
from fire.report import audit as report
from fire.report import narrative

COINR = files.ROOT / "tests" / "golden" / "coinr"
ALTERNATIVES = {"weights": {"band": [0.2, 0.2]}, "aggregation": ["arithmetic", "geometric"], "floor": 0.01}


def test_alpha_of_the_peers_example():
    """Cronbach's alpha as COINr gives it for the normalised data of its example, pillar by pillar and as a whole."""
    meta = pd.read_csv(COINR / "asem_meta.csv").assign(Denominator=None, Target=None)
    spec = from_coinr(meta[meta["Type"].isin(["Indicator", "Aggregate"])])
    table = pd.read_csv(COINR / "norm_minmax_1_100.csv")
    published = (
        pd.read_csv(COINR / "cronbach.csv")
        .query("dset == 'Normalised' and level == 1")
        .set_index("group")["alpha"]
    )
    assert len(published) == 11
    for group, expected in published.items():
        assert audit.alpha(table[spec.leaves(group)]) == pytest.approx(expected, abs=1e-12), group


def test_adequacy_and_components_of_known_matrices():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(20_000, 3))
    assert audit.adequacy(pd.DataFrame(base[:, :2] @ [[1, 0.5], [0, 1]])) == pytest.approx(0.5)
    common = pd.DataFrame(base[:, [0]] + base, columns=list("abc"))  # one factor
    components, loadings = audit.correlations(common.assign(d=-common["a"]))
    values = components["eigenvalue"].to_numpy()
    assert values.sum() == pytest.approx(4) and (values[:-1] >= values[1:] - 1e-9).all()
    assert (loadings**2).sum().to_numpy() == pytest.approx(np.sort(values)[::-1], abs=1e-9)
    assert loadings.loc["d"].iloc[0] == pytest.approx(-loadings.loc["a"].iloc[0])
    z = (common - common.mean()) / common.std()
    first = z @ audit.weights.components(common)[1]["PC1"]
    assert audit.correlations(common)[1]["PC1"].to_numpy() == pytest.approx(common.corrwith(first).to_numpy())


def test_correlation_ratio_of_independent_parts():
    """y = 3a + b with independent a, b of equal variance: Var(E(y|a)) / Var(y) = 0.9."""
    rng = np.random.default_rng(1)
    a, b = pd.Series(rng.normal(size=3000)), pd.Series(rng.normal(size=3000))
    assert audit.correlation_ratio(a, 3 * a + b) == pytest.approx(0.9, abs=0.02)
    assert audit.correlation_ratio(b, 3 * a + b) == pytest.approx(0.1, abs=0.03)
    assert audit.correlation_ratio(a, a**2) > 0.5  # a curve, where r² is near zero
    assert np.corrcoef(a, a**2)[0, 1] ** 2 < 0.05


@pytest.mark.parametrize(
    "value, expected",
    [(0.5, "pass"), (0.2, "flag"), (-0.1, "fail"), (np.nan, "fail"), (2.0, "flag"), (9.0, "fail")],
)
def test_verdicts(value, expected):
    assert (
        audit.verdict(value, {"flag_below": 0.3, "fail_below": 0.0, "flag_above": 1.0, "fail_above": 5.0})
        == expected
    )


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(4)
    size = rng.normal(size=30)
    values = np.exp(1 + 0.5 * (size[:, None] + 0.6 * rng.normal(size=(30, 6))))
    return small_panel(np.stack([values, values * 1.02]), years=(2020, 2021))


def lines_of(panel, spec=None):
    return audit.run(Index(spec or small_spec(), panel), alternatives=ALTERNATIVES, draws=300)


def run(panel, spec=None):
    lines = lines_of(panel, spec)
    pair = lines["node"].where(lines["other"].isna(), lines["node"] + " × " + lines["other"].fillna(""))
    return lines.assign(node=pair).set_index(["check", "node"])


def test_every_check_has_lines_and_sentences(panel):
    lines = lines_of(panel)
    assert list(lines.columns) == audit.COLUMNS
    assert set(lines["check"]) == set(audit.thresholds()) and set(lines["check"]) <= set(codebook.words())
    assert set(lines["verdict"]) <= {"pass", "flag", "fail"}, "all is known, so all is judged"
    assert audit.summary(lines)[list(audit.VERDICTS)].to_numpy().sum() == len(lines)
    table = audit.table(lines)
    grave = table["verdict"].map(audit.VERDICTS.index)
    assert grave.is_monotonic_decreasing and len(table) == len(lines)
    entries = narrative.catalogue(narrative.FOLDER)
    for cell in table["sentence"]:
        assert cell["entry"] in entries.entries and json.loads(json.dumps(cell["values"]))
    assert audit.overall(lines)["passed"] == (lines["verdict"] == "pass").sum()


def test_lines_survive_being_stored(panel, tmp_path):
    lines = lines_of(panel)
    stored.write(tmp_path / "audit.parquet", lines, "of today")
    assert stored.key_of(tmp_path / "audit.parquet") == "of today"
    again = stored.read(tmp_path / "audit.parquet")
    assert again["facts"].tolist() == lines["facts"].tolist()
    assert audit.table(again)["sentence"].tolist() == audit.table(lines)["sentence"].tolist()


def test_intervals_that_are_given_are_taken(panel):
    index = Index(small_spec(), panel)
    wide = pd.DataFrame({"node": "index", "year": 2021, "rank_low": 1, "rank_high": [2, 30, 20, 5]})
    wide = pd.concat([wide, wide.assign(node="P", rank_high=2), wide.assign(year=2020, rank_high=2)])
    line = audit.run(index, alternatives=ALTERNATIVES, intervals=wide).set_index("check").loc["interval"]
    assert line["value"] == 0.5 and line["facts"]["median"] == 11.5 and line["verdict"] == "flag"


def test_an_indicator_without_differences_breaks_nothing(panel):
    flat = panel.assign(value=panel["value"].where(panel["indicator"].ne("e"), 3.0))
    spec = small_spec(normalise="none")
    lines, found = run(flat, spec), lines_of(flat, spec)
    assert lines.at[("parent", "e"), "verdict"] == "fail" and lines.at[("importance", "e"), "value"] == 0
    assert {"entry": "audit-not-computable"}.items() <= audit.table(found)["sentence"][0].items()


def test_a_reversed_indicator_fails(panel):
    wrong = panel.copy()
    one = wrong["indicator"].eq("e")
    wrong.loc[one, "value"] = 20 - wrong.loc[one, "value"]
    assert run(panel).at[("parent", "e"), "verdict"] == "pass"
    lines = run(wrong)
    assert lines.at[("loading", "R"), "verdict"] == "fail" and lines.at[("alpha", "R"), "verdict"] != "pass"
    assert lines.at[("loading", "R"), "facts"] == {"weakest": "e"}


def test_a_doubled_indicator_is_redundant_and_an_outlier_is_flagged(panel):
    odd = panel.copy()
    odd.loc[odd["indicator"].eq("b"), "value"] = odd.loc[odd["indicator"].eq("a"), "value"].to_numpy() * 2
    odd.loc[odd["indicator"].eq("d") & odd["unit"].eq("u00"), "value"] = 500.0
    lines = run(odd)
    assert lines.at[("redundancy", "a × b"), "verdict"] == "flag"
    assert (
        lines.at[("skewness", "d"), "verdict"] == "flag" and lines.at[("skewness", "c"), "verdict"] == "pass"
    )


def test_missing_data_fail_the_coverage(panel):
    holes = panel[~(panel["indicator"].eq("c") & panel["unit"].isin([f"u{k:02d}" for k in range(15)]))]
    lines = run(holes)
    assert (
        lines.at[("coverage-indicator", "c"), "value"] == 0.5
        and lines.at[("coverage-indicator", "c"), "verdict"] == "fail"
    )
    assert lines.loc["coverage-unit", "value"].iloc[0] == pytest.approx(5 / 6)


def soft_but(known: str, panel):
    """The panel with the indicators other than `known` simulated."""
    return panel.assign(status=np.where(panel["indicator"].isin(list(known)), "observed", "simulated"))


def test_simulated_cells_are_no_coverage_and_get_no_verdict(panel):
    lines = run(soft_but("abdef", panel))
    assert (
        lines.at[("coverage-indicator", "c"), "value"] == 0 and lines.at[("skewness", "c"), "simulated"] == 1
    )
    assert lines.at[("coverage-indicator", "c"), "verdict"] == "fail"
    assert lines.at[("skewness", "c"), "verdict"] == "unjudged" != lines.at[("skewness", "a"), "verdict"]
    assert lines.at[("alpha", "index"), "simulated"] == pytest.approx(1 / 6)
    assert lines.at[("alpha", "index"), "verdict"] != "unjudged", "a sixth is little"
    assert lines.at[("pillar-pairs", "P × Q"), "verdict"] == "unjudged", "one side is unknown"
    assert np.isnan(lines.at[("pillar-pairs", "P × Q"), "value"])


def test_where_little_is_known_of_the_whole_the_known_pillars_are_judged(panel):
    index = Index(small_spec(), soft_but("ab", panel))
    assert [part.spec.root for part in audit.known_parts(index)] == ["P"]
    assert set(audit.loadings(index)["pillar"]) == {"P"}
    lines = lines_of(soft_but("ab", panel))
    judged = lines[lines["verdict"].ne("unjudged")]
    assert {facts["of"] for facts in judged["facts"] if "of" in facts} == {"P"}
    assert judged.set_index(["check", "node"]).at[("alpha", "P"), "verdict"] == "pass"
    alone = audit.effective(index.branch("P")).set_index("node")["ratio"]
    told = judged[judged["check"].eq("importance")].set_index("node")["value"]
    assert told.to_dict() == alone.to_dict()
    assert audit.overall(lines)["parts"] == ["P"] and audit.known_parts(index.vary())[0].spec.root == "P"


def test_lines_on_draws_are_ranges_or_nothing(panel):
    rng = np.random.default_rng(2)
    there, gone = (panel[panel["indicator"].isin(list(names))] for names in ("ab", "cdef"))
    drawn = gone[["unit", "year", "indicator"]].reset_index(drop=True)
    for number in range(12):
        drawn[f"d{number:03d}"] = gone["value"].to_numpy() * np.exp(0.3 * rng.normal(size=len(gone)))
    index = Index(small_spec(), there, draws=drawn)
    lines = audit.run(index, alternatives=ALTERNATIVES, draws=300)
    one = lines.set_index(["check", "node", "other"]).loc[("pillar-pairs", "P", "R")]
    pairs = [part.wide()["P"].corr(part.wide()["R"]) for part in index.completions]
    assert np.isnan(one["value"]) and one["low"] == pytest.approx(np.quantile(pairs, 0.05))
    both = lines[lines["check"].eq("pillar-pairs") & lines["node"].eq("Q")]
    assert both["low"].isna().all(), "neither side is known"
    sentence = audit.table(lines).set_index(["check", "node", "other"])["sentence"][
        ("pillar-pairs", "P", "R")
    ]
    assert sentence["entry"] == "audit-unjudged"
    assert sentence["values"]["range"]["low"] == one["low"] and np.isnan(sentence["values"]["value"])


def test_pillars_against_each_other_and_against_the_total(panel):
    index, lines = Index(small_spec(), panel), run(panel)
    wide = index.wide()
    assert lines.at[("pillar-pairs", "P × R"), "value"] == pytest.approx(wide["P"].corr(wide["R"]))
    nearest = max(wide["a"].corr(wide["Q"]), wide["a"].corr(wide["R"]))
    assert lines.at[("own-pillar", "a"), "value"] == pytest.approx(wide["a"].corr(wide["P"]) - nearest)
    away = (wide["P"].rank(ascending=False) - wide["index"].rank(ascending=False)).abs().ge(10).mean()
    assert lines.at[("added-value", "P × index"), "value"] == pytest.approx(away)
    assert lines.at[("ties", "P"), "value"] == 0
    tied = panel.assign(value=panel["value"].where(panel["unit"].ne("u01"), panel["value"].iloc[0]))
    same = tied["unit"].isin(["u02", "u03", "u04", "u05"])
    tied.loc[same, "value"] = tied[same].groupby(["year", "indicator"])["value"].transform("first")
    assert run(tied).at[("ties", "index"), "value"] == pytest.approx(4 / 30)
    assert run(tied).at[("ties", "index"), "verdict"] == "flag"


def test_parts_that_repeat_each_other_are_flagged(panel):
    copies = panel.copy()
    for name in "df":
        copies.loc[copies["indicator"].eq(name), "value"] = copies.loc[
            copies["indicator"].eq("e"), "value"
        ].to_numpy()
    line = run(copies).loc[("alpha", "R")]
    assert (
        line["value"] == pytest.approx(1) and line["verdict"] == "flag" and line["facts"] == {"limit": 0.95}
    )


def test_leave_one_out_and_choices_are_those_of_the_engine(panel):
    index, lines = Index(small_spec(), panel), run(panel)

    def ranks(one):
        return one.wide(2021, "rank")["index"].astype(float)

    expected = (ranks(index) - ranks(index.drop("a"))).abs().mean()
    assert lines.at[("leave-one-out", "a"), "value"] == pytest.approx(expected)
    expected = (ranks(index) - ranks(index.vary(aggregation="geometric"))).abs().mean()
    assert lines.at[("choice", "aggregation × geometric"), "value"] == pytest.approx(expected)


def test_the_audit_keeps_frozen_posts(panel):
    """A later panel with another base year moves no post: the lines are those of the frozen index."""
    index = Index(small_spec(), panel).freeze()
    moved = index.revise(panel.assign(value=panel["value"].where(panel["year"].eq(2021), panel["value"] * 2)))
    old, new = (
        audit.run(one, alternatives=ALTERNATIVES, draws=50).query("check != 'interval'")["value"]
        for one in (index, moved)
    )
    assert np.allclose(old, new)


def test_nominal_shares_are_path_weights(panel):
    table = audit.effective(Index(small_spec(), panel)).set_index("node")
    assert table.at["a", "nominal_pct"] == pytest.approx(35) and table.at[
        "c", "nominal_pct"
    ] == pytest.approx(20)
    for _, level in table.groupby("level"):
        assert level["nominal_pct"].sum() == pytest.approx(100)
        assert level["effective_pct"].sum() == pytest.approx(100)
    most = audit.extremes(table.reset_index().query("level == 'indicator'"))
    assert table["ratio"].drop(["P", "Q", "R"]).max() == most["ratio"] == table.at[most["most"], "ratio"]


def test_loadings_of_a_pillar_with_one_indicator(panel):
    found = audit.loadings(Index(small_spec(), panel)).set_index("indicator")
    assert found.at["c", "first"] == pytest.approx(1) and np.isnan(found.at["c", "second"])
    assert found.index.tolist() == list("abcdef") and found["pillar"].tolist() == list("PPQRRR")


@pytest.fixture(scope="module")
def printed():
    """The audit of edition 2022 as it is stored, of which little but pillar F is known."""
    return fire.results.of(fire.load(2022)).audit


def test_audit_of_edition_2022(printed):
    """Most cells have no public source: coverage fails for most indicators and for every city, and what rests on the
    draws is not judged; pillar F is judged in full."""
    spec, keyed = fire.load(2022).spec, printed.set_index(["check", "node"])
    coverage = keyed.loc["coverage-indicator"]
    assert set(coverage.index) == set(spec.indicators)
    known = [*spec.leaves("F"), "inclusive_finance"]
    assert coverage["value"].reindex(known).eq(1).all()
    assert coverage["verdict"].drop(known).eq("fail").all()
    ranked = audit.covered(printed)
    assert (ranked["below"], ranked["units"]) == (59, 59) and ranked["percent"] == pytest.approx(100 * 5 / 19)
    assert keyed.loc["alpha", "verdict"].to_dict() == dict.fromkeys(["total", "I", "R", "E"], "unjudged") | {
        "F": "pass"
    }
    judged = printed[printed["verdict"].ne("unjudged")]
    assert judged.loc[~judged["check"].str.startswith(("coverage", "interval")), "simulated"].max() < 1 / 3
    assert {facts["of"] for facts in judged["facts"] if "of" in facts} == {"F"}
    said = audit.overall(printed)
    assert said["failed"] >= 15 and said["unjudged"] > said["passed"] and said["parts"] == ["F"]
    assert printed.loc[printed["verdict"].eq("unjudged"), "value"].isna().all()


def test_the_report_writes_the_audit_of_the_edition(tmp_path, monkeypatch, printed):
    lines = audit.table(printed)
    monkeypatch.setattr(files, "REPORTS", tmp_path)
    monkeypatch.setattr(results, "of", lambda ed: type("Known", (), {"audit": printed}))
    folder = report.write(2022)
    assert folder == tmp_path / "2022-audit"
    text, raw = (folder / "audit.md").read_text(encoding="utf-8"), (folder / "audit.csv").read_bytes()
    assert "审计意见" in text and "Statistical audit" in text and raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(folder / "audit.csv")
    assert len(table) == len(lines) and table["sentence_zh"].str.len().min() > 10
    assert (
        not table["sentence_en"].str.contains(f"[{codebook.HAN}]").any() and table["sentence_zh"][0] in text
    )


# Whichever way is up, and whoever weighs what ------------------------------------------------------------------------


def plain_index(a, b, groups=None, tables=None, nodes=(), **method):
    """An index of one year over the units x, y, z, … with the indicators a and b as they are."""
    rows = [
        {"id": "T"},
        *nodes,
        {"id": "a", "parent": nodes[0]["id"] if nodes else "T"},
        {"id": "b", "parent": "T"},
    ]
    rows = [row | {"label": {"zh": "甲", "en": row["id"]}} for row in rows]
    chosen = {"reference": "year", "normalise": "none"} | method
    table = {"id": "t", "label": {"zh": "甲", "en": "t"}, "method": chosen, "node": rows} | (tables or {})
    wide = pd.DataFrame({"unit": list("xyzuvw")[: len(a)], "year": 1, "a": a, "b": b})
    spec = specs.build(table, "t")
    return Index(spec, panels.from_wide(wide, spec), groups=groups)


def test_the_best_may_be_the_lowest():
    """By hand: means 1, 2, 3 have ranks 1, 2, 3; without b the scores 2, 1, 1 have ranks 3, 1, 1, so that x falls by two,
    z rises by two and y by one. Of the two indicators y beats z on b and ties on a."""
    index = plain_index([2, 1, 1.0], [0, 3, 5.0], best="low")
    moved = audit.leave_one_out(index, ["b"]).iloc[0]
    assert (moved["shift"], moved["units"], moved["most"]) == (pytest.approx(5 / 3), ["x", "z"], 2)
    matrix, whole = audit.outranking(index)
    assert matrix.index.tolist() == ["x", "y", "z"] == matrix.columns.tolist()
    assert matrix.to_numpy().tolist() == [[0, 0.5, 0.5], [0.5, 0, 0.75], [0.5, 0.25, 0]]
    assert whole["dominant"] == 0
    better, whole = audit.outranking(plain_index([2, 1, 3.0], [2, 1, 3.0], best="low"))
    assert (
        better.index.tolist() == ["y", "x", "z"] and (np.triu(better, 1) == np.triu(np.ones((3, 3)), 1)).all()
    )
    assert whole["dominant"] == 3


def test_a_choice_is_ranked_by_the_best_of_the_index():
    """By hand: arithmetic means 5, 5.5, 5.5 have ranks 1, 2, 2; geometric means 3, 5.48, 3.16 have ranks 1, 3, 2.
    Were the highest the best, z would move and not y."""
    index = plain_index([9, 5, 1.0], [1, 6, 10.0], best="low", scale=[1, 10])
    choice = audit._choices(index, 1, {"aggregation": ["arithmetic", "geometric"]})[0]
    assert choice["value"] == pytest.approx(1 / 3) and choice["facts"]["units"] == ["y"]


def test_nominal_weights_where_groups_have_their_own():
    """By hand: two units weigh P 0.9, four weigh it 0.6: 0.7 in the mean."""
    values = np.random.default_rng(3).normal(size=(2, 6))
    groups = dict(zip("xyzuvw", "gghhhh"))
    nodes = [{"id": "P", "parent": "T"}]
    own = {"group_weights": [{"group": "g", "weights": {"P": 0.9, "b": 0.1}}]}
    index = plain_index(*values, groups, own, nodes).vary(weights={"P": 0.6})
    nominal = audit.effective(index).groupby("node")["nominal_pct"].first()
    assert nominal.to_dict() == pytest.approx({"P": 70, "a": 70, "b": 30})
    everyone = {"group_weights": [{"group": "g", "weights": {"a": 0.9, "b": 0.1}}]}
    alone = plain_index(*values, dict.fromkeys("xyzuvw", "g"), everyone)
    nominal = audit.effective(alone).set_index("node")["nominal_pct"]
    assert nominal.to_dict() == pytest.approx({"a": 90, "b": 10})
    matrix, _ = audit.outranking(alone)
    assert set(np.round(matrix.to_numpy().ravel(), 9)) <= {0, 0.1, 0.9, 1}
    lines = audit.run(index, alternatives={"weights": {"band": 0.2}}, draws=50)
    told = lines[lines["check"].eq("importance")].groupby("node")["facts"].first()
    assert told["a"]["nominal"] == pytest.approx(70)


def test_nominal_weights_where_a_node_does_not_exist_for_a_group():
    """By hand: for half the units a does not exist and b weighs all: a weighs 0.25 in the mean, b 0.75."""
    a = [1.0, 2, 4, np.nan, np.nan, np.nan]
    groups = dict(zip("xyzuvw", "hhhggg"))
    nodes = [{"id": "P", "parent": "T", "not_applicable": ["g"]}]
    index = plain_index(a, [3.0, 1, 2, 5, 4, 6], groups, nodes=nodes)
    nominal = audit.effective(index).set_index("node")["nominal_pct"].groupby(level=0).first()
    assert nominal.to_dict() == pytest.approx({"P": 25, "a": 25, "b": 75})


def test_a_mixed_tree_is_ranked_by_the_aggregation_of_every_node(panel):
    """An arithmetic pillar below a geometric root: the ranks are those of the engine, not of one mean at all levels."""
    index = Index(small_spec(aggregation="geometric").vary("P", aggregation="arithmetic"), panel)
    assert index.spec.rules["P"]["aggregation"] == "arithmetic"

    def ranks(one):
        return one.wide(2021, "rank")["index"].astype(float)

    assert audit._ranks_under(index, 2021, {"floor": 0.1}).to_dict() == ranks(index).to_dict()
    assert (ranks(index) != ranks(index.vary(aggregation="geometric"))).any()
