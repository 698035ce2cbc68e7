"""The audit: statistics against published or analytic values, verdicts that can fail, sentences in both languages."""

import numpy as np
import pandas as pd
import pytest
from test_robustness import small_panel, small_spec

from fire import edition, files
from fire.analysis import audit
from fire.index import score
from fire.index import spec as specs

COINR = files.ROOT / "tests" / "golden" / "coinr"
ALTERNATIVES = {"weights": {"band": [0.2, 0.2]}, "aggregation": ["arithmetic", "geometric"], "floor": 0.1}


def test_alpha_of_the_peers_example():
    """Cronbach's alpha as COINr gives it for the normalised data of its example, pillar by pillar and as a whole."""
    meta = pd.read_csv(COINR / "asem_meta.csv").assign(Denominator=None, Target=None)
    spec = specs.from_coinr(meta[meta["Type"].isin(["Indicator", "Aggregate"])])
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
    values, loadings = audit.components(common.assign(d=-common["a"]))
    assert values.sum() == pytest.approx(4) and (values[:-1] >= values[1:] - 1e-9).all()
    assert (loadings**2).sum().to_numpy() == pytest.approx(np.sort(values)[::-1], abs=1e-9)
    assert loadings.loc["d"].iloc[0] == pytest.approx(-loadings.loc["a"].iloc[0])


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


def run(panel, spec=None):
    return audit.run(spec or small_spec(), panel, alternatives=ALTERNATIVES, draws=300).set_index(
        ["check", "node"]
    )


def test_every_check_has_lines_and_sentences(panel):
    lines = audit.run(small_spec(), panel, alternatives=ALTERNATIVES, draws=300)
    assert list(lines.columns) == audit.COLUMNS
    assert set(lines["check"]) == set(audit.thresholds())
    assert set(lines["verdict"]) <= set(audit.VERDICTS)
    assert lines[["zh", "en"]].map(lambda text: len(text) > 10).all().all()
    assert lines["en"].map(str.isascii).all()
    assert audit.summary(lines)[["pass", "flag", "fail"]].to_numpy().sum() == len(lines)
    assert list(audit.table(lines, "en").columns) == [
        "check",
        "subject",
        "value",
        "simulated",
        "verdict",
        "sentence",
    ]


def test_a_reversed_indicator_fails(panel):
    wrong = panel.copy()
    one = wrong["indicator"].eq("e")
    wrong.loc[one, "value"] = 20 - wrong.loc[one, "value"]
    assert run(panel).at[("parent", "e"), "verdict"] == "pass"
    lines = run(wrong)
    assert lines.at[("loading", "R"), "verdict"] == "fail" and lines.at[("alpha", "R"), "verdict"] != "pass"
    assert "e" in lines.at[("loading", "R"), "en"]


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


def test_lines_say_how_much_of_their_data_is_simulated(panel):
    soft = panel.assign(status=np.where(panel["indicator"].eq("c"), "simulated", "observed"))
    lines = run(soft)
    assert lines.at[("skewness", "c"), "simulated"] == 1 and lines.at[("skewness", "a"), "simulated"] == 0
    assert lines.at[("alpha", "index"), "simulated"] == pytest.approx(1 / 6)


def test_leave_one_out_and_choices_are_those_of_the_engine(panel):
    spec, lines = small_spec(), run(panel)

    def ranks(one):
        return (
            score.compute(one, panel)
            .query("node == 'index' and year == 2021")
            .set_index("unit")["rank"]
            .astype(float)
        )

    expected = (ranks(spec) - ranks(spec.drop("a"))).abs().mean()
    assert lines.at[("leave-one-out", "a"), "value"] == pytest.approx(expected)
    expected = (ranks(spec) - ranks(spec.vary(aggregation="geometric"))).abs().mean()
    assert lines.at[("choice", "aggregation: geometric"), "value"] == pytest.approx(expected)


def test_nominal_shares_are_path_weights(panel):
    wide = (
        score.compute(small_spec(), panel)
        .query("year == 2021")
        .pivot(index="unit", columns="node", values="score")
    )
    table = audit.effective(small_spec(), wide)
    assert table.at["a", "nominal"] == pytest.approx(0.35) and table.at["c", "nominal"] == pytest.approx(0.2)
    for _, level in table.groupby("level"):
        assert level["nominal"].sum() == pytest.approx(1) and level["effective"].sum() == pytest.approx(1)


def test_the_command_writes_the_audit_of_the_edition(tmp_path, monkeypatch):
    indicators = edition.load(2022).spec.indicators
    monkeypatch.setattr(files, "REPORTS", tmp_path)
    found = audit.main("2022")
    assert set(found.loc[found["check"].eq("coverage-indicator"), "node"]) == set(indicators)
    text = (tmp_path / "2022-audit" / "audit.md").read_text(encoding="utf-8")
    assert "审计意见" in text and "Statistical audit" in text and found.iloc[0]["zh"] in text
    assert (tmp_path / "2022-audit" / "audit.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert len(pd.read_csv(tmp_path / "2022-audit" / "audit.csv")) == len(found)
