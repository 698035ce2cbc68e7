"""The replication ledger: one verdict a row, nothing independent that was fitted, and a ledger that can fail."""

import numpy as np
import pandas as pd
import pytest

from fire import edition as editions
from fire.errors import InputError
from fire.index.draws import KEY
from fire.index.index import Index
from studies.printed2022 import claims as logic
from studies.printed2022 import fits, ledger, published, replication

FEW = 6  # draws, so that the tests are quick; the notebook takes all


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


@pytest.fixture(scope="module")
def index(ed):
    whole = ed.index
    some = whole.draws[[*KEY, *[name for name in whole.draws if name not in KEY][:FEW]]]
    return Index(whole.spec, whole.panel, whole.frozen, places=whole.places, year=whole.year, draws=some)


@pytest.fixture(scope="module")
def rows(index):
    return ledger.build(index)


@pytest.fixture(scope="module")
def used(index):
    facts, claims = published.load("index_scores"), published.load("index_claims")
    types = [f"T{number:03d}" for number in range(1, len(published.load("typology")) + 1)]
    members = index.places.groupby("region")["city"].agg(list).to_dict()
    return fits.used(facts, claims, types, index.spec, members)


def test_every_fact_claim_and_type_has_one_row_and_one_verdict(rows):
    ids = [*published.load("index_scores")["id"], *published.load("index_claims")["id"]]
    assert rows["id"].is_unique and set(ids) < set(rows["id"])
    assert len(rows) == len(ids) + len(published.load("typology"))
    assert list(rows.columns) == ledger.COLUMNS
    assert set(rows["verdict"]) <= set(ledger.VERDICTS) and set(rows["evidence"]) <= set(ledger.EVIDENCE)
    split = replication.split(rows)
    assert sum(split[name] for name in replication.NAMES.values()) == split["rows"] == len(rows)


def test_no_misfit_is_without_a_reason(rows):
    ledger.check(rows)
    assert ledger.unexplained(rows).empty
    apart = rows[rows["verdict"].isin(["misfit", "erratum"])]
    assert apart[["errata", "reason"]].notna().all(axis=None)


def test_independent_rows_use_no_fitted_value(rows, used, index):
    own = rows[rows["verdict"].eq("independent")]
    assert set(own["evidence"]) == {"observed", "left out"}
    assert not set(own.loc[own["evidence"].eq("observed"), "id"]) & set(used.index)
    left = own[own["evidence"].eq("left out")]
    assert set(left["node"]) <= set(fits.POSTED) and left["measure"].isin(["score", "rank"]).all()
    known = {
        "gdp",
        "tertiary_share",
        "pop_size",
        "pop_structure",
        "inclusive_finance",
        "regulation_business_env",
    }
    nodes = {node for cell in own["node"] for node in cell.split(";")}
    assert nodes <= {"F", *known}
    share = index.scores().set_index(["unit", "year", "node"])
    for row in own[own["kind"].eq("score") & own["unit"].isin(index.units)].itertuples():
        assert share.at[(row.unit, index.year, row.node), "share_implied"] == 0


def test_a_city_left_out_is_computed_without_its_printed_score(index):
    facts = published.load("index_scores")
    before = fits.left_out(index, facts, "F")
    at = (
        facts["unit"].eq("天津")
        & facts["node"].eq("F")
        & facts["measure"].eq("score")
        & facts["approx"].eq("exact")
    )
    facts.loc[at, "value"] += 0.3
    after = fits.left_out(index, facts, "F")
    assert after.at["天津", "score"] == pytest.approx(before.at["天津", "score"], abs=1e-9)
    assert abs(after.at["重庆", "score"] - before.at["重庆", "score"]) > 1e-3


def test_what_was_fitted_is_never_called_independent_whatever_it_says(rows, used):
    assert set(used) == set(fits.FITS)
    fitted = rows[rows["id"].isin(used.index) & ~rows["evidence"].eq("left out")]
    assert set(fitted["verdict"]) <= {"fitted", "misfit", "erratum"}


def test_rows_on_draws_show_a_range_and_the_share_that_agrees(rows):
    drawn = rows[rows["evidence"].eq("draws") & rows["kind"].ne("claim") & rows["kind"].ne("typology")]
    assert drawn[["low", "high", "met_pct"]].notna().all(axis=None)
    wide = (drawn["high"] - drawn["low"]) > 2 * drawn["tolerance"] + 1e-6
    assert drawn.loc[wide, "computed"].isna().all()
    assert rows.loc[rows["verdict"].eq("calibrated"), "met_pct"].ge(ledger.AGREE).all()
    claims = rows[rows["evidence"].eq("draws") & rows["kind"].eq("claim")]
    assert claims["computed"].isna().all()


def test_rows_that_were_left_out_of_the_draws_are_called_so(rows):
    out = rows.set_index("id").loc[["S0748", "S0749", "S0750", "S0752"]]
    assert out["verdict"].eq("held out").all() and out["errata"].eq("E06").all()
    assert rows.loc[rows["verdict"].eq("held out"), "evidence"].eq("draws").all()


@pytest.mark.whole
def test_a_dropped_erratum_is_one_whatever_is_computed(rows, index):
    """No tolerance without end: the verdict rests on the text, not on what the model gives."""
    ids = ["S0329", "S0389", "C016", "C055"]
    assert rows.set_index("id").loc[ids, "verdict"].eq("erratum").all()
    varied = ledger.build(index.vary(weights={"E": 0.3}), draws=2).set_index("id")
    assert varied.loc[ids, "verdict"].eq("erratum").all()


def test_a_precision_and_a_loose_word_are_no_errata(rows):
    at = rows.set_index("id")["verdict"]
    assert at["S0697"] == "independent" and at["S0564"] == at["C124"] == at["C180"] == "calibrated"


@pytest.mark.parametrize(
    ("node", "weight", "least"),
    [
        ("firm_rd", 0.8, 150),
        pytest.param("policy", 0.6, 80, marks=pytest.mark.whole),
        pytest.param("E", 0.3, 60, marks=pytest.mark.whole),
    ],
)
def test_a_changed_weight_fails_visibly(index, node, weight, least):
    varied = ledger.build(index.vary(weights={node: weight}), draws=2)
    assert len(ledger.unexplained(varied)) >= least
    with pytest.raises(InputError) as refused:
        ledger.check(varied)
    assert len(refused.value.faults) >= least
    assert "printed" in refused.value.faults[0] and "computed" in refused.value.faults[0]


def test_an_accepted_misfit_passes_and_a_new_one_does_not(rows):
    wrong, old = rows.copy(), [*ledger.unexplained(rows)["id"]]
    wrong.loc[wrong["id"].isin(["S0047", "S0048"]), "verdict"] = "misfit"
    ledger.check(wrong, accepted=[*old, "S0047", "S0048"])
    with pytest.raises(InputError, match="S0048"):
        ledger.check(wrong, accepted=[*old, "S0047"])


@pytest.mark.whole
def test_a_corrupted_fact_is_a_misfit(index, rows):
    facts = published.load("index_scores")
    at = facts.index[facts["id"].eq("S0096")][0]
    facts.loc[at, ["value", "printed_text"]] = [9.565, "9.565"]
    found = ledger.unexplained(ledger.build(index, facts=facts))
    assert set(found["id"]) - set(ledger.unexplained(rows)["id"]) == {"S0096"}


def test_an_index_of_another_year_is_refused(index):
    with pytest.raises(InputError, match="the index ranks 2020, the printed report 2021"):
        ledger.build(index.only(years=[2020]))


def test_combine_refuses_doubled_ids_and_unknown_verdicts(rows):
    other = pd.DataFrame({"id": ["X1"], "kind": ["check"], "verdict": ["independent"]})
    assert len(ledger.combine(rows, other)) == len(rows) + 1
    with pytest.raises(InputError, match="S0001"):
        ledger.combine(rows, rows.head(1))
    with pytest.raises(InputError, match="fine"):
        ledger.combine(other.assign(verdict="fine"))


def test_summary_adds_up(rows):
    table = ledger.summary(rows)
    assert table["rows"].sum() == len(rows)
    assert (table[ledger.VERDICTS].sum(axis=1) == table["rows"]).all()


@pytest.mark.whole
def test_the_whole_ledger_holds_all_sources_and_no_slip_of_the_transcriber(ed, rows):
    whole = replication.whole(ed, rows)
    split = replication.split(whole)
    assert sum(split[name] for name in replication.NAMES.values()) == len(whole)
    assert ledger.unexplained(whole).empty and not whole["id"].str.startswith("OE").any()
    assert {"O088", "O089", "O103", "O121", "FR120", "D01"} <= set(whole["id"])
    assert set(published.load("other_facts")["id"]) <= set(whole["id"])
    silent = whole[whole["verdict"].eq("not computable")]
    assert silent["reason"].notna().all()
    assert replication.silent(whole)["rows"].sum() == silent["kind"].eq("number").sum()


def test_rows_apart_have_a_reason_in_both_languages(rows, index):
    table = replication.apart(rows, index.spec)
    told = table["verdict"].isin(["misfit", "erratum", "not computable"])
    assert len(table) and table.loc[told, ["reason_zh", "reason_en"]].notna().all(axis=None)


def test_scores_that_were_left_out_are_read_as_they_stand(tmp_path):
    path = tmp_path / "holdout.csv"
    path.write_text(
        "unit,node,printed,centre,low,high,hit,fold\n北京,total,9.958,9.9580,9.8,10.1,1,0\n杭州,I,9.108,8.108,7.9,8.3,0,1\n长春,R,4.026,4.026,4.026,4.026,,1\n",
        encoding="utf-8",
    )
    found = replication.prediction(replication.holdout(path))
    assert (found["n"], found["folds"], found["hits"], found["exact"], found["worst"]) == (2, 2, 1, 1, "杭州")
    assert found["rmse"] == pytest.approx(0.5**0.5)
    assert replication.holdout(tmp_path / "none.csv").empty


def test_the_room_is_half_the_feasible_range(ed, rows):
    found = replication.room(ed, rows)
    assert found["digits_width"] == pytest.approx(0.0005, abs=1e-4)
    assert found["digits_width"] < found["bound_width"] < found["open_width"]
    assert replication.room(ed, rows.iloc[:0]) | {"open_width": 0} == {
        "digits_width": None,
        "bound_width": None,
        "open_width": 0,
    }


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
    each = {
        "score": [9.0, 8.0, 7.0],
        "growth_pct": [1.0, 5.0, 3.0],
        "rank": [1, 2, 3],
        "rank_change": [0, 2, -2],
    }
    upside_down = {name: [values, values[::-1]] for name, values in each.items()}  # two runs
    values = {name: np.array(both, dtype=float)[:, :, None] for name, both in upside_down.items()}
    units, spec = list("abc"), editions.load(2022).spec
    return logic.Book(
        values, pd.Index(units), pd.Index(["total"]), {"R": units}, spec, [{}, {}], {}, pd.DataFrame()
    )


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
    found = logic.evaluate(claim(**given), book)[0]
    assert found[0] == holds and len(found) == 2


def test_a_claim_is_held_against_each_run(book):
    first = logic.evaluate(claim(claim_type="topk", units="a", low=1), book)
    assert first[0].tolist() == [True, False] and first[1] == "a"
    swapped = logic.evaluate(claim(claim_type="order", units="c;b;a", low=1), book)
    assert swapped[0].tolist() == [False, True] and swapped[1] == "a; b; c"
