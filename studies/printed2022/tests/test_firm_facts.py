"""What chapter 4 printed about firms, against the calibrated record sample; and how that sample is made."""

import numpy as np
import pandas as pd
import pytest

from fire import edition as editions
from fire import errors, files
from fire.sources import firms as sources
from fire.sources import records
from studies.printed2022 import firm_facts, published
from studies.printed2022.sample import record_sample

PLACES = files.read_csv(files.DATA / "places.csv")


@pytest.fixture(scope="module")
def sample(once):
    """The calibrated sample, checked and counted: the cube and the data-quality table."""
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    return once("firm-sample", lambda: sources.load(2021, PLACES))


@pytest.fixture(scope="module")
def cells(sample):
    return firm_facts.cells_of(sample[0])


PRINTED = [  # chapter 4, figures 8 to 11
    ("长三角", "firms", 15412, 0),
    ("粤港澳大湾区", "firms", 9452, 0),
    ("京津冀", "firms", 6586, 0),
    ("长三角", "patents", 277700, 0),
    ("粤港澳大湾区", "patents", 270862, 0),
    ("京津冀", "patents", 238254, 0),
    ("长三角", "rd_staff", 169517, 0),
    ("京津冀", "deals_top_vc", 769, 0),
    ("长江中游", "hightech_share_pct", 37.9, 1),
    ("京津冀", "invention_share_pct", 77.0, 1),
    ("山东半岛", "rd_staff_per_firm", 22.7, 1),
]


@pytest.mark.parametrize("region, measure, printed, digits", PRINTED)
def test_region_table_gives_the_printed_numbers(sample, region, measure, printed, digits):
    regions = sources.table(sample[0], "region").set_index("region")
    assert round(float(regions.at[region, measure]), digits) == printed
    assert len(regions) == 14 and regions["firms"].sum() == 42186


@pytest.fixture(scope="module")
def ledger(cells):
    return firm_facts.ledger(cells, "simulated")


def test_every_printed_fact_has_one_verdict_and_no_misfit(ledger):
    assert ledger["id"].is_unique and len(ledger) == len(firm_facts.facts()) + len(
        files.read_csv(published.FOLDER / "firm_claims.csv")
    )
    assert set(ledger["verdict"]) == {"independent", "calibrated", "erratum", "not computable"}
    slips = ledger[ledger["verdict"].eq("erratum")]
    assert slips["errata"].str.match(r"E\d+").all() and slips["reason"].str.len().gt(10).all()
    assert ledger.loc[ledger["verdict"].eq("not computable"), "reason"].str.len().gt(10).all()


def test_only_arithmetic_of_printed_digits_is_independent_of_a_sample(ledger):
    """FR084: 155,522 staff over 6,586 firms; FR096 divides rounded averages, which is a slip."""
    own = ledger[ledger["verdict"].eq("independent")]
    assert len(own) and own["evidence"].eq("digits").all()
    at = ledger.set_index("id")
    assert at.at["FR084", "computed"] == pytest.approx(155522 / 6586) and at.at["FR084", "printed"] == "23.6"
    assert at.at["FR096", "verdict"] == "erratum" and at.at["FR096", "errata"] == "E30"
    assert ledger.loc[ledger["evidence"].eq("records"), "verdict"].ne("independent").all()


def test_records_that_were_collected_would_be_independent(cells):
    real = firm_facts.ledger(cells, "observed")
    assert "calibrated" not in set(real["verdict"]) and real["verdict"].eq("independent").sum() > 200


def test_a_sample_shows_no_number_in_the_place_of_a_bound(ledger):
    bound = ledger["printed"].str.match("[≥>≤<≈]") & ledger["evidence"].eq("records")
    assert bound.any() and ledger.loc[bound, "computed"].isna().all()


def test_numbers_of_another_universe_are_not_compared(ledger):
    at = ledger.set_index("id").loc[["FR117", "FR118", "FR119"]]
    assert at["verdict"].eq("not computable").all() and at["errata"].eq("E10").all()


@pytest.mark.whole
def test_incubators_are_held_against_the_index_that_has_them(cells):
    index = editions.load(2022).index
    alone = firm_facts.ledger(cells, "simulated").set_index("id").at["FR120", "verdict"]
    with_index = firm_facts.ledger(cells, "simulated", index).set_index("id").loc["FR120"]
    assert alone == "not computable" and with_index["evidence"] == "draws" and pd.isna(with_index["computed"])
    assert with_index["verdict"] == "calibrated" and with_index["met_pct"] == 100


def test_what_is_apart_is_told_in_both_languages(ledger):
    technical = firm_facts.by_technology(ledger)
    for part in (ledger[technical], ledger[~technical]):
        said = firm_facts.verdicts(part)
        assert said["total"] == sum(
            said[name] for name in ("independent", "calibrated", "erratum", "silent", "misfit")
        )
        assert said["misfit"] == 0 and said["sample"]
    rows = firm_facts.apart(ledger, editions.load(2022).book).set_index("id")
    assert set(rows["verdict"]) == {"erratum", "not computable"}
    assert rows.at["FR117", "printed_zh"] == "≈ 20000"
    assert rows.at["G19", "printed_zh"] == "云计算领域的研发人员数略少于长三角"
    assert not rows["reason_zh"].str.contains("[a-z]").any() and rows["reason_en"].str.len().gt(10).all()
    assert rows.at["FX084", "metric_en"] == "Patent applications, Blockchain: Rank"


def test_a_wrong_count_becomes_a_misfit(cells):
    wrong = cells.assign(firms=cells["firms"] + cells["city"].eq("杭州"))
    ledger = firm_facts.ledger(wrong, "simulated").set_index("id")
    assert ledger.at["FR015", "verdict"] == "misfit" and ledger.at["FR015", "difference"] == 6
    assert ledger.at["FR017", "verdict"] == "calibrated"


@pytest.mark.whole
def test_the_sample_is_the_same_every_time():
    gdp = pd.Series(np.linspace(30000, 500, len(PLACES)), index=PLACES["city"])
    grids = [
        record_sample.fill(
            record_sample.cells(PLACES, gdp), record_sample.targets(), np.random.default_rng(0)
        )
        for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*grids)


def test_fitting_meets_counts_shares_and_keeps_zero_cells():
    ones = lambda *cells: np.isin(range(4), cells).astype(float)  # noqa: E731
    wanted = [
        record_sample.Constraint(ones(0, 1), None, 30, 30, "count"),
        record_sample.Constraint(ones(0, 2), ones(0, 1, 2, 3), 0.5, 0.52, "share"),
    ]
    lower, upper = np.zeros(4), np.array([1e9, 1e9, 1e9, 0])
    fitted = record_sample.fit(np.array([1.0, 2.0, 3.0, 4.0]), wanted, lower, upper)
    whole = record_sample.to_integers(fitted, wanted, lower, upper)
    assert (
        whole[:2].sum() == 30
        and 0.5 <= whole[[0, 2]].sum() / whole.sum() <= 0.52
        and whole[3] == 0
        and np.abs(whole - fitted).max() < 1
    )


def test_facts_that_cannot_all_hold_are_named():
    part = np.array([1.0, 0.0])
    wanted = [
        record_sample.Constraint(part, None, 10, 10, "FR001"),
        record_sample.Constraint(part, None, 20, 20, "FR002"),
    ]
    with pytest.raises(errors.InputError, match="FR00.* cannot be met together"):
        record_sample.fit(np.ones(2), wanted, np.zeros(2), np.full(2, 1e9), sweeps=50)


def test_dealing_out_keeps_every_total():
    rng = np.random.default_rng(1)
    cell = np.repeat(np.arange(5), [3, 1, 4, 2, 6])
    totals = np.array([7, 0, 100, 1, 6])
    dealt = record_sample.dealt(totals, cell, rng.random(16))
    assert (np.bincount(cell, dealt) == totals).all() and (dealt >= 0).all()
