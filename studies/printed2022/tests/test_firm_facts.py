"""What chapter 4 printed about firms, against the calibrated record sample; and how that sample is made."""

import numpy as np
import pandas as pd
import pytest

from fire import edition as editions
from fire import errors, files
from fire.sources import firms as sources
from fire.sources import records
from studies.printed2022 import firm_facts
from studies.printed2022.sample import record_sample

PLACES = files.read_csv(files.DATA / "places.csv")


@pytest.fixture(scope="module")
def sample():
    """The calibrated sample, checked and counted: the cube and the data-quality table."""
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    return sources.load(2021, PLACES)


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


def test_every_printed_fact_is_reproduced_or_explained(cells):
    ledger = firm_facts.ledger(cells, "simulated")
    assert len(ledger) == 133 + 57 + 87 + 21 and ledger["id"].is_unique
    assert set(ledger["verdict"]) == {"reproduced", "explained", "not computable"}
    explained = ledger[ledger["verdict"] == "explained"]
    assert explained["errata"].str.match(r"E\d+").all() and explained["reason"].str.len().gt(10).all()
    assert set(explained["id"]) == {
        "FR096",
        "FR117",
        "FR118",
        "FR119",
        "FX084",
        "FX085",
        "FX086",
        "G17",
        "G19",
        "G20",
        "G21",
    }
    assert set(ledger.loc[ledger["verdict"] == "not computable", "id"]) == {
        "FR120",
        "G03",
        "G10",
        "G12",
        "G15",
        "G18",
    }


def test_what_is_not_reproduced_is_told_in_both_languages(cells):
    ledger = firm_facts.ledger(cells, "simulated")
    technical = firm_facts.by_technology(ledger)
    regional = firm_facts.verdicts(ledger[~technical])
    assert (regional["total"], regional["reproduced"], regional["explained"]) == (186, 175, 8)
    assert (regional["missing"], regional["mismatch"], regional["calibrated"]) == (3, 0, True)
    assert firm_facts.verdicts(ledger[technical])["reproduced"] == 106
    rows = firm_facts.not_reproduced(ledger, editions.load(2022).book).set_index("id")
    assert len(rows) == 11 + 6 and rows.at["FR117", "printed_zh"] == "≈ 20000"
    assert rows.at["G19", "computed"] == "−27.0%" and rows.at["G17", "computed"] == "1/6"
    assert rows.at["G19", "printed_zh"] == "云计算领域的研发人员数略少于长三角"
    assert not rows["reason_zh"].str.contains("[a-z]").any() and rows["reason_en"].str.len().gt(10).all()
    assert rows.at["FX084", "metric_en"] == "Patent applications, Blockchain: Rank"


def test_a_wrong_count_becomes_a_mismatch(cells):
    ledger = firm_facts.ledger(
        cells.assign(firms=cells["firms"] + cells["city"].eq("杭州")), "simulated"
    ).set_index("id")
    assert ledger.at["FR015", "verdict"] == "mismatch" and ledger.at["FR015", "difference"] == 6
    assert ledger.at["FR017", "verdict"] == "reproduced"


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
