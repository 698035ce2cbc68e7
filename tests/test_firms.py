"""From records to tables and indicators, against counting by hand, the printed figures of chapter 4, and the ledger."""

import numpy as np
import pandas as pd
import pytest

from fire import errors, files
from fire.sources import firms, records
from studies.printed2022 import firm_facts
from studies.printed2022.sample import record_sample

PLACES = files.read_csv(files.DATA / "places.csv")


@pytest.fixture(scope="module")
def sample():
    """The calibrated sample, checked and counted."""
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    return firms.load(2021, PLACES)


@pytest.fixture(scope="module")
def cells(sample):
    return firm_facts.cells_of(sample[0])


@pytest.fixture(scope="module")
def raw():
    return {name: pd.read_parquet(records.FOLDER / f"{name}.parquet") for name in records.TABLES}


def test_cube_equals_counting_with_pandas(sample, raw):
    counted, firm = sample[0], raw["firms"].set_index("firm")
    year = lambda dates: pd.to_datetime(dates).dt.year  # noqa: E731
    patent = raw["patents"].assign(
        year=year(raw["patents"]["applied"]), city=raw["patents"]["firm"].map(firm["city"])
    )
    keys = ["city", "track", "year"]
    expected = patent.groupby(keys).size()
    got = counted.set_index(keys)["patents"]
    pd.testing.assert_series_equal(
        got[got > 0].sort_index(),
        expected.sort_index(),
        check_names=False,
        check_index_type=False,
        check_dtype=False,
    )
    first = patent[patent["transfer"].notna()].groupby("firm")["year"].min()
    staff = firm.loc[first.index].assign(year=np.maximum(first, year(firm["founded"]).loc[first.index]))
    licensed = staff.groupby(["city", "year"])["rd_staff"].sum()
    pd.testing.assert_series_equal(
        counted.groupby(["city", "year"])["rd_staff_licensing"].sum()[licensed.index],
        licensed,
        check_names=False,
        check_index_type=False,
    )
    late = raw["deals"]["round"].isin(firms.SERIES_C)
    assert counted["deals"].sum() == len(raw["deals"]) and counted["deals_series_c"].sum() == late.sum()


def test_indicators_are_stocks_and_one_flow(sample, raw):
    counted = sample[0]
    panel = firms.indicators(counted, [2020, 2021], "simulated", "sample")
    assert set(panel["indicator"]) == set(firms.INDICATORS) and panel["unit"].nunique() == 59
    wide = panel.pivot(index=["unit", "indicator"], columns="year", values="value")
    assert (wide.drop(index="patents_period", level="indicator").diff(axis=1)[2021] >= 0).all()
    cumulative, flow = (
        wide.xs("patents_cumulative", level="indicator"),
        wide.xs("patents_period", level="indicator"),
    )
    assert (cumulative[2021] - cumulative[2020] == flow[2021]).all()
    beijing = raw["firms"][raw["firms"]["city"] == "北京"]
    assert (
        wide.at[("北京", "firms"), 2021] == len(beijing)
        and wide.at[("北京", "rd_staff"), 2021] == beijing["rd_staff"].sum()
    )
    assert records.OTHER not in set(panel["unit"])


def test_a_city_without_records_is_absent_not_zero(sample):
    counted = sample[0]
    panel = firms.indicators(counted[counted["city"] != "拉萨"], [2021], "simulated", "sample")
    assert "拉萨" not in set(panel["unit"]) and panel["unit"].nunique() == 58


def test_firms_without_patents_count_only_when_asked():
    import ibis

    firm = ibis.memtable(
        pd.DataFrame(
            {
                "firm": ["a", "b"],
                "city": ["北京", "北京"],
                "track": ["大数据"] * 2,
                "hightech": [True, False],
                "founded": pd.to_datetime(["2015-01-01"] * 2).date,
                "rd_staff": [3, 4],
            }
        )
    )
    patent = ibis.memtable(
        pd.DataFrame(
            {
                "firm": ["a"],
                "track": ["区块链"],
                "kind": ["发明"],
                "applied": pd.to_datetime(["2016-01-01"]).date,
                "transfer": ["许可"],
            }
        )
    )
    deal = ibis.memtable(
        pd.DataFrame(
            {"firm": ["b"], "date": pd.to_datetime(["2017-01-01"]).date, "round": ["C轮"], "top_vc": [True]}
        )
    )
    holders, everyone = (
        records.to_pandas(firms.cube(firm, patent, deal, only)).sum(numeric_only=True)
        for only in (True, False)
    )
    assert (holders["firms"], everyone["firms"]) == (1, 2) and (holders["deals"], everyone["deals"]) == (0, 1)
    assert (
        holders["rd_staff_licensing"] == everyone["rd_staff_licensing"] == 3
        and holders["patents"] == everyone["patents"] == 1
    )


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
    regions = firms.table(sample[0], "region").set_index("region")
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
