"""The 34 arithmetic checks and the 47 slips."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.printed2022 import checks

FACTS = checks.load()
ROWS = checks.arithmetic(FACTS)
BY_ID = ROWS.set_index("id")


@cache
def slips():
    return checks.slips(FACTS, ROWS).set_index("id")


def change(table, value, **where):
    """The facts with one cell changed."""
    frame = FACTS[table].copy()
    hit = np.logical_and.reduce([frame[column].eq(str(wanted)) for column, wanted in where.items()])
    assert hit.sum() == 1
    frame.loc[hit, "value"] = value
    return FACTS | {table: frame}


def test_every_check_and_every_slip_has_one_row():
    assert ROWS["id"].is_unique and list(ROWS.columns) == checks.COLUMNS
    assert list(slips().index) == list(FACTS["errata_other"]["id"])


def test_the_ledger_has_the_checks_of_printed_numbers_only():
    """Neither numbers of our own nor slips are printed facts: they have no row."""
    rows = checks.rows(FACTS)
    assert rows["printed"].ne("").all() and set(rows["verdict"]) == {"independent", "erratum"}
    assert len(rows) == len(ROWS) - ROWS["verdict"].eq("not computable").sum()
    assert not set(rows["id"]) & set(slips().index)


@pytest.mark.parametrize(
    "id, value",
    [
        ("C01", 1074.93),
        ("C02", 479.24),
        ("C03", 1554.17),
        ("C05", 10.77),
        ("C06", 17.02),
        ("C08", 1228.18),
        ("C09", 5.29),
        ("C11", 103907),
        ("C12", 25.74),
        ("C13", 21.26),
        ("C17", 2.2222e6),
        ("C18", 71.0),
        ("C19", 2091),
        ("C20", 56.62),
        ("C21", 1273),
        ("C23", 100),
        ("C24", 100),
        ("C25", 9934.6),
        ("C28", 31412),
        ("C30", 413.3),
        ("C31", 380.8),
    ],
)
def test_recomputed_values(id, value):
    assert BY_ID.at[id, "computed"] == pytest.approx(value, rel=1e-3)


def test_verdicts():
    assert not ROWS["verdict"].eq("misfit").any()
    explained = BY_ID.query("verdict == 'erratum'")["errata"].to_dict()
    assert explained == {
        "C07": "OE01",
        "C12": "OE04",
        "C14": "OE02;OE03",
        "C18": "OE05",
        "C21": "OE06",
        "C25": "OE07",
        "C29": "OE08",
    }
    assert BY_ID.at["C07", "unit"] == "交通银行"
    said = checks.verdicts(ROWS, slips().reset_index())
    assert said["independent"] + said["erratum"] + said["derived"] + said["misfit"] == said["checks"]
    assert said["proved"] + said["marked"] + said["text"] == said["slips"]


def test_a_mark_of_the_transcriber_is_no_proof():
    text = slips().index[slips()["evidence"].eq("text")]
    assert list(text) == ["OE28", "OE47"] and slips().loc[text, "shown"].isna().all()
    assert slips().at["OE09", "evidence"] == "marked" and slips().at["OE16", "evidence"] == "computed"
    assert slips().loc[slips()["evidence"].ne("text"), "shown"].astype(bool).all()


def test_a_wrong_total_becomes_a_misfit():
    wrong = checks.arithmetic(
        change(
            "institution_spending",
            "1074.99",
            institution_zh="6家国有大行合计",
            year=2021,
            measure="tech_spend",
        )
    )
    assert set(wrong.query("verdict == 'misfit'")["id"]) == {"C01", "C03"}


def test_a_wrong_member_and_a_wrong_rate_become_misfits():
    wrong = checks.arithmetic(
        change(
            "institution_spending",
            "11.50",
            institution_zh="招商银行",
            year=2021,
            measure="tech_spend_growth_pct",
        )
    )
    assert set(wrong.query("verdict == 'misfit'")["id"]) == {"C06"}


def test_a_corrected_share_clears_the_erratum():
    sound = change(
        "institution_spending", "0.45", institution_zh="交通银行", year=2021, measure="share_change_pp"
    )
    assert checks.arithmetic(sound).set_index("id").at["C07", "verdict"] == "independent"
    assert not checks.slips(sound).set_index("id").at["OE01", "shown"]


def test_a_garbled_word_in_the_tables_is_found():
    frame = FACTS["policy_comparison"].copy()
    frame.loc[0, "keywords"] = "落地软协议"
    assert not checks.slips(FACTS | {"policy_comparison": frame}).set_index("id").at["OE30", "shown"]


def test_missing_fact_is_named():
    with pytest.raises(KeyError, match="institution_spending: no row with"):
        checks.arithmetic(FACTS | {"institution_spending": FACTS["institution_spending"].iloc[1:]})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1, 500), min_size=2, max_size=8))
def test_slack_of_a_sum_is_the_sum_of_half_units(values):
    printed = [f"{value:.2f}" for value in values]
    value, slack = checks.propagate(np.sum, printed)
    assert value == pytest.approx(sum(map(float, printed))) and slack == pytest.approx(0.005 * len(printed))


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 500), st.floats(1, 500), st.floats(-50, 200), st.floats(-50, 200))
def test_growth_of_a_group_lies_between_its_members(a, b, g, h):
    assert min(g, h) - 1e-6 <= checks.group_growth(np.array([a, b, g, h])) <= max(g, h) + 1e-6
