"""The replication ledger: every printed row reproduced or explained, and the ledger able to fail."""

import pandas as pd
import pytest

from fire import edition as editions
from fire.errors import InputError
from studies.printed2022 import claims as logic
from studies.printed2022 import identify, ledger, published, replication


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


@pytest.fixture(scope="module")
def rows(ed):
    return ledger.build(ed.index)


def test_one_row_for_each_fact_claim_and_type(rows):
    facts, claims, types = (published.load(name) for name in ("index_scores", "index_claims", "typology"))
    assert len(rows) == len(facts) + len(claims) + len(types) == 845 + 214 + 23
    assert rows["id"].is_unique
    assert list(rows.columns) == ledger.COLUMNS


def test_the_calibrated_sample_gives_no_unexplained_mismatch(rows):
    """Circular: the sample was solved under these rows. It holds solver, formulas and rules, not the numbers."""
    ledger.check(rows)
    assert not rows["verdict"].eq("mismatch").any()
    assert rows.loc[rows["verdict"].eq("explained"), ["errata", "reason"]].notna().all(axis=None)


def test_all_claims_are_evaluated(rows):
    claims = rows[rows["kind"].eq("claim")]
    assert claims["verdict"].eq("not computable").sum() <= 3
    assert claims.loc[claims["verdict"].eq("not computable"), "reason"].notna().all()


def test_all_printed_types_follow_from_the_rules_that_were_made_for_them(rows):
    """Circular: thresholds were set so that these types come out, on a sample solved under the printed scores."""
    assert rows.loc[rows["kind"].eq("typology"), "verdict"].eq("reproduced").all()


def test_exact_numbers_called_reproduced_lie_within_half_a_unit_of_the_last_digit(rows):
    exact = rows[
        rows["kind"].isin(["score", "growth_pct"])
        & rows["printed"].str.match(r"-?\d")
        & rows["verdict"].eq("reproduced")
    ]
    assert len(exact) > 250
    assert (exact["difference"].abs() <= exact["tolerance"] + ledger.EPSILON).all()
    assert set(exact["tolerance"].astype(float).round(6)) <= {0.5, 0.05, 0.005, 0.0005}


def test_evidence_tells_observed_from_calibrated_and_no_row_held_out_is_reproduced(rows):
    observed = rows[rows["evidence"].eq("recomputed from observed data") & rows["kind"].ne("claim")]
    assert set(observed["node"]) <= {"F", "gdp", "tertiary_share", "pop_size", "pop_structure"}
    assert rows.loc[rows["node"].eq("total") & rows["kind"].eq("score"), "evidence"].eq("calibrated").all()
    assert rows.loc[rows["id"].isin(["S0748", "S0749", "S0750", "S0752"]), "evidence"].eq("held out").all()
    assert rows.loc[rows["evidence"].eq("held out"), "verdict"].eq("explained").all()


@pytest.mark.parametrize(
    ("node", "weight", "least"), [("firm_rd", 0.8, 150), ("policy", 0.6, 150), ("E", 0.3, 60)]
)
def test_a_changed_weight_fails_visibly(ed, node, weight, least):
    varied = ledger.build(ed.index.vary(weights={node: weight}))
    assert varied["verdict"].eq("mismatch").sum() >= least
    with pytest.raises(InputError) as refused:
        ledger.check(varied)
    assert len(refused.value.faults) >= least
    assert "printed" in refused.value.faults[0] and "computed" in refused.value.faults[0]


def test_an_accepted_mismatch_passes_and_a_new_one_does_not(rows):
    wrong = rows.copy()
    wrong.loc[wrong["id"].isin(["S0047", "S0048"]), "verdict"] = "mismatch"
    ledger.check(wrong, accepted=["S0047", "S0048"])
    with pytest.raises(InputError, match="S0048"):
        ledger.check(wrong, accepted=["S0047"])


def test_a_corrupted_fact_is_a_mismatch(ed):
    facts = published.load("index_scores")
    at = facts.index[facts["id"].eq("S0096")][0]
    facts.loc[at, ["value", "printed_text"]] = [9.565, "9.565"]
    found = ledger.build(ed.index, facts=facts)
    assert found.loc[found["verdict"].eq("mismatch"), "id"].tolist() == ["S0096"]


def test_an_index_of_another_year_is_refused(ed):
    with pytest.raises(InputError, match="the index ranks 2020, the printed report 2021"):
        ledger.build(ed.index.only(years=[2020]))


def test_combine_refuses_doubled_ids_and_unknown_verdicts(rows):
    other = pd.DataFrame({"id": ["X1"], "kind": ["check"], "verdict": ["reproduced"]})
    assert len(ledger.combine(rows, other)) == len(rows) + 1
    with pytest.raises(InputError, match="S0001"):
        ledger.combine(rows, rows.head(1))
    with pytest.raises(InputError, match="fine"):
        ledger.combine(other.assign(verdict="fine"))


def test_summary_adds_up(rows):
    table = ledger.summary(rows)
    assert table["rows"].sum() == len(rows)
    assert (table[ledger.VERDICTS].sum(axis=1) == table["rows"]).all()


def test_the_whole_ledger_has_the_rows_of_all_sources(ed, rows):
    whole = replication.verdicts(replication.whole(ed, rows))
    assert whole == {"rows": 1461, "reproduced": 1348, "explained": 93, "mismatch": 0, "silent": 20}


def test_printed_numbers_about_pillar_f_hold_and_the_solved_growths_are_counted_apart(rows):
    """20 growth rates are those that the base year was solved from: they hold by construction."""
    assert identify.held(rows) == {"held": 154, "failed": 0, "built": 20}


def test_rows_apart_have_a_reason_in_both_languages(ed, rows):
    table = replication.apart(rows, ed.spec)
    assert len(table) == 33 and table[["reason_zh", "reason_en"]].notna().all(axis=None)


# Claims as logic, on a hand-made book ----------------------------------------------------------------------------


def claim(**given):
    base = {
        "id": "X",
        "claim_type": "range",
        "unit_type": "city",
        "scope": "national",
        "measure": "score",
        "units": "a;b",
        "node": "total",
        "low": float("nan"),
        "high": float("nan"),
        "note": "",
    }
    return pd.Series(base | given)


@pytest.fixture
def book():
    table = pd.DataFrame(
        {
            "unit": list("abc"),
            "node": "total",
            "score": [9.0, 8.0, 7.0],
            "growth_pct": [1.0, 5.0, 3.0],
            "rank": [1, 2, 3],
            "rank_change": [0, 2, -2],
        }
    ).set_index(["unit", "node"])
    return logic.Book(table, {"R": ["a", "b", "c"]}, editions.load(2022).spec, {}, {}, pd.DataFrame())


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"claim_type": "topk", "units": "a;b", "low": 1}, True),
        ({"claim_type": "topk", "units": "b;a", "low": 1}, False),
        ({"claim_type": "order", "units": "b;c", "low": 2}, True),
        ({"claim_type": "topk", "units": "b", "low": 1, "measure": "growth_pct"}, True),
        ({"low": 8.0}, True),
        ({"low": 8.5}, False),
        ({"units": "c", "high": 7.0}, False),
        ({"units": "c", "low": 7.0, "high": 7.0}, True),
        ({"claim_type": "growth_ge", "low": 1.0, "measure": "growth_pct"}, True),
        ({"claim_type": "growth_gt", "low": 1.0, "measure": "growth_pct"}, False),
        ({"claim_type": "growth_gt", "low": 2.0, "measure": "growth_pct", "note": "mean of the two"}, True),
        ({"claim_type": "rank_change_eq", "units": "c", "low": -2}, True),
        ({"claim_type": "rank_change_ge", "units": "b", "low": 3}, False),
    ],
)
def test_claims_are_logic(book, given, holds):
    assert logic.evaluate(claim(**given), book)[0] is holds
