"""The remaining numbers: each has a row in the ledger, and a place on a page or a reason for having none."""

import pytest

from fire import edition as editions
from fire import files
from fire.report import narrative
from studies.printed2022 import checks, others, published


@pytest.fixture(scope="module")
def ed():
    return editions.load(2022)


@pytest.fixture(scope="module")
def rows(ed):
    return others.ledger(ed.index)


def test_every_number_has_a_place_or_a_reason():
    assert others.unread() == []
    for table in others.TABLES:
        read = others.read(table)
        assert (read["placed"].notna() ^ read["why"].notna()).all(), table


def test_places_are_exhibits_of_the_catalogue(ed):
    known = narrative.catalogue(*narrative.folders(ed)).entries
    lines = files.read_csv(others.READ)
    assert set(lines["placed"].dropna()) <= set(known) | {f"{name}-table" for name in known}
    ours = lines[lines["label_zh"].notna()]
    assert ours["label_en"].notna().all() and ours["placed"].notna().all()


def test_every_remaining_number_has_one_row_with_a_verdict_or_a_reason(rows):
    facts = published.load("other_facts")
    assert rows["id"].is_unique and list(rows.columns) == checks.COLUMNS
    assert set(facts["id"]) <= set(rows["id"])
    assert len(rows) == len(facts) + len(published.load("databases"))
    silent = rows[rows["verdict"].eq("not computable")]
    assert silent["reason"].isin(list(others.words()["kind"])).all()
    assert not rows["verdict"].eq("misfit").any()


def test_what_is_computed_comes_from_other_printed_digits(rows):
    """163 awards = 1 + 12 + 59 + 91; six stakes make a whole; 19 indicators are nearly 20; the tree has the printed counts."""
    at = rows.set_index("id")
    assert (
        at.at["O045", "computed"] == 163
        and at.at["O036", "computed"] == 35
        and at.at["D02", "computed"] == 19
    )
    assert at.loc[["O045", "O036", "D02", "O062", "O113"], "verdict"].eq("independent").all()
    assert at.at["O063", "verdict"] == "fitted" and at.at["D01", "verdict"] == "fitted"
    assert at.at["O075", "verdict"] == "erratum"


@pytest.mark.parametrize(
    ("exhibit", "tables", "printed"),
    [
        ("policy-further", ["other_facts"], {"402", "707", "320", "189", "-12.41", "1; 12; 59; 91"}),
        (
            "policy-elsewhere",
            ["industry_indicators", "city_rankings", "leader_criteria"],
            {"1,238", "2026", "5–10"},
        ),
        ("institutions-further", ["institution_spending"], {"974.89", "54.62; ≥90", "7,008", "≈111,107"}),
        ("method-databases", ["other_facts", "databases"], {"59", ">300"}),
    ],
)
def test_tables_show_the_numbers_as_printed(exhibit, tables, printed):
    table = others.displayed(*tables, exhibit=exhibit)
    assert printed <= set(table["printed"]) and table["label_zh"].is_unique and table["label_en"].is_unique


def test_numbers_of_later_sources_are_shown_apart():
    tables = {"exhibit": "institutions-further"}
    before = others.displayed("institution_spending", until=2022, **tables)
    after = others.displayed("institution_spending", until=2022, later=True, **tables)
    whole = others.displayed("institution_spending", **tables)
    assert len(before) + len(after) == len(whole) and after["as_of"].str.contains("2024").all()
