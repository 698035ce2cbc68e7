"""From records to tables, indicators and the values of sentences, against counting by hand."""

import numpy as np
import pandas as pd
import pytest

from fire import edition as editions
from fire import errors, files
from fire.analysis import firms, stored
from fire.sources import firms as sources
from fire.sources import records
from studies.printed2022.sample import record_sample

PLACES = files.read_csv(files.DATA / "places.csv")


@pytest.fixture(scope="module")
def sample(once):
    """The calibrated sample, checked and counted: the cube and the data-quality table."""
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    return once("firm-sample", lambda: sources.load(2021, PLACES))


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
    late = raw["deals"]["round"].isin(sources.SERIES_C)
    assert counted["deals"].sum() == len(raw["deals"]) and counted["deals_series_c"].sum() == late.sum()


def test_indicators_are_stocks_and_one_flow(sample, raw):
    counted = sample[0]
    panel = sources.indicators(counted, [2020, 2021], "simulated", "sample")
    assert set(panel["indicator"]) == set(sources.INDICATORS) and panel["unit"].nunique() == 59
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
    panel = sources.indicators(counted[counted["city"] != "拉萨"], [2021], "simulated", "sample")
    assert "拉萨" not in set(panel["unit"]) and panel["unit"].nunique() == 58


def test_a_year_that_the_records_do_not_reach_is_absent_not_zero(sample):
    panel = sources.indicators(sample[0], [2021, 2022], "simulated", "sample")
    assert set(panel["year"]) == {2021}
    none = sources.indicators(sample[0], [2030], "simulated", "sample")
    assert none.empty and list(none.columns) == list(panel.columns)


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
        records.to_pandas(sources.cube(firm, patent, deal, only)).sum(numeric_only=True)
        for only in (True, False)
    )
    assert (holders["firms"], everyone["firms"]) == (1, 2) and (holders["deals"], everyone["deals"]) == (0, 1)
    assert (
        holders["rd_staff_licensing"] == everyone["rd_staff_licensing"] == 3
        and holders["patents"] == everyone["patents"] == 1
    )


@pytest.fixture(scope="module")
def counted(sample):
    """The sample as if its records had been collected."""
    return firms.Counted(*sample, ["observed"], records.source())


@pytest.fixture(scope="module")
def made(sample):
    """The sample as it is: simulated, beside what the report printed."""
    return firms.Counted(*sample, ["simulated"], records.source(), sources.printed(editions.load(2022).facts))


def test_leaders_by_region_and_by_city(counted):
    found = firms.leaders(counted, "region", "firms", "hightech_share_pct")
    assert found["units"] == ["长三角", "粤港澳大湾区", "京津冀"] and found["values"] == [15412, 9452, 6586]
    assert round(found["share"], 1) == 74.6 and found["best"] == "长江中游" and found["last"] == "北部湾"
    cities = firms.leaders(counted, "city", "rd_staff", "rd_staff_per_firm", least=300)
    assert cities["units"] == ["北京", "深圳", "上海"] and round(cities["share"], 1) == 42.1
    assert (cities["best"], round(cities["best_value"], 1), cities["least"]) == ("济南", 36.7, 300)


def test_where_too_few_reach_the_least_number_the_largest_are_compared(counted):
    found = firms.leaders(counted, "city", "firms", "hightech_share_pct", least=10**9)
    third = firms.stocks(counted, "city")["firms"].iloc[2]
    assert found["least"] == third and found["best"] == "北京"


def test_ranks_by_number_and_quality(counted):
    regions = firms.stocks(counted, "region")
    pair = "firms", "hightech_share_pct"
    assert firms.apart(regions, *pair) == {
        "up": ["北部湾"],
        "rise": 9,
        "down": ["长三角", "粤港澳大湾区"],
        "fall": 12,
    }
    ranks = firms.ranks(regions, *pair).set_index("unit")
    assert ranks.loc["长江中游"].tolist() == [5, 1] and sorted(ranks["firms"]) == list(range(1, 15))


def test_quality_in_one_row_a_table_and_its_sentence(counted):
    rows = firms.reading(counted.quality).set_index("table")
    assert rows.loc["patents"].tolist() == [1_000_000, 1_000_000, 0, 0, "2021-12-31"]
    assert (rows["input"] == rows["used"] + rows["set_aside"]).all() and firms.broken(counted.quality).empty
    totals = counted.totals
    assert (totals["input"], totals["aside"]) == (1_053_586, 0)
    assert [row["table"] for row in totals["dates"]] == ["firms", "patents", "deals"]


def test_broken_rules_are_named_in_both_languages():
    rows = [("firms", "input", "input", 3, 100.0, None), ("firms", "future", "set aside", 1, 33.3, None)]
    quality = pd.DataFrame(rows, columns=["table", "rule", "action", "rows", "share_pct", "latest"])
    assert firms.broken(quality)["rule_en"].tolist() == ["dated after the closing date"]
    assert firms.reading(quality)["set_aside"].tolist() == [1]


def test_indicators_stand_beside_those_of_the_index(counted):
    index = editions.load(2022).index
    panel = firms.panel(counted, index)
    assert set(panel["year"]) == {2020, 2021} and set(panel["status"]) == {"observed"}
    found = firms.indicators(panel, index)
    assert (found["count"], found["unit"], found["first"], found["at"]) == (10, "北京", 9, 2021)
    assert found["shared"] == 0, "the panel of 2022 knows no count of firms"
    assert firms.last_year(panel)["unit"][:3].tolist() == ["深圳", "北京", "上海"]
    fewer = firms.panel(counted, index.drop("deals_top_vc"))
    assert firms.indicators(fewer, index)["count"] == 9


def test_an_index_is_held_against_the_records_that_feed_it(counted):
    index = editions.load(2022).index
    panel = firms.panel(counted, index)
    fed = index.revise(pd.concat([index.panel, panel], ignore_index=True))
    found = firms.indicators(panel, fed)
    assert (found["shared"], found["differ"]) == (59, 0)


# Simulated records: only what is printed, and what follows from it


def test_no_count_of_simulated_records_is_shown(made, sample):
    """Whatever a chapter may take is printed or follows from printed numbers."""
    told = set(made.printed["value"])
    for by in ("region", "city", "category"):
        table = firms.stocks(made, by)
        for name in [*sources.COUNTS, *sources.RATIOS]:
            status = table[f"{name}_status"]
            assert (
                set(status.dropna()) <= {"printed", "implied"}
                and status.notna().eq(table[name].notna()).all()
            )
            assert set(table.loc[status.eq("printed"), name]) <= told
            assert set(table.loc[status.eq("implied"), name]) == set() or name in sources.RATIOS
    cities = set(firms.stocks(made, "city")["unit"])
    assert cities == set(made.printed.query("by == 'city' and measure == 'value'")["unit"])
    assert not made.known and "simulated" not in str(made.given)


def test_what_follows_from_printed_numbers_is_implied(made):
    regions = firms.stocks(made, "region").set_index("unit")
    assert regions.at["成渝", "rd_staff_per_firm"] == pytest.approx(25450 / 2242)
    assert regions.at["成渝", "rd_staff_per_firm_status"] == "implied"
    assert regions.at["长三角", "rd_staff_per_firm"] == 11.0, "printed digits stand"
    assert pd.isna(regions.at["西北地区", "firms"]) and "西南地区" not in regions.index


def test_leaders_go_by_printed_ranks(made):
    found = firms.leaders(made, "region", *firms.PAIRS["number"])
    assert found["units"] == ["长三角", "粤港澳大湾区", "京津冀"] and found["share"] == 74.6
    assert (found["best"], found["best_value"]) == ("长江中游", 37.9)
    staff = firms.leaders(made, "category", *firms.PAIRS["staff"])
    assert staff["units"] == ["互联网", "人工智能"] and staff["best"] == "互联网"
    assert np.isnan(staff["values"][0]) and np.isnan(staff["best_value"]), (
        "the rank is printed, the number is not"
    )
    assert firms.pair(made, "category", *firms.PAIRS["staff"]).empty
    cities = firms.leaders(made, "city", *firms.CITY_PAIRS["staff"])
    assert (
        cities["units"] == []
        and cities["best"] is None
        and cities["told"][0] == {"unit": "济南", "value": 36.7}
    )


def test_the_sample_agrees_with_the_printed_totals(made):
    found = firms.agreement(made)
    assert found["nation"] == 42186 == made.cube["firms"].sum()
    assert found["agree"] == found["numbers"] > 60
    wrong = made._replace(cube=made.cube.assign(firms=made.cube["firms"] + made.cube["city"].eq("杭州")))
    assert firms.agreement(wrong)["agree"] < found["numbers"]


def test_a_sample_without_printed_facts_shows_nothing(sample):
    bare = firms.Counted(*sample, ["simulated"], records.source(), sources.printed(None))
    for by in ("region", "city", "category"):
        assert firms.overview(bare, by).empty and firms.pair(bare, by, *firms.PAIRS["number"]).empty
        assert firms.leaders(bare, by, *firms.PAIRS["number"])["units"] == []
    assert firms.agreement(bare) == {"numbers": 0, "agree": 0, "nation": None}


def test_printed_facts_are_read_once_each():
    table = sources.printed(editions.load(2022).facts)
    assert not table.duplicated(["by", "unit", "technology", "metric", "measure"]).any()
    ranks = table[table["measure"].eq("rank")]
    assert not ranks.duplicated(["by", "technology", "metric", "value"]).any()
    assert set(table["by"]) == {"region", "city", "group", "nation", "category"}


def test_an_edition_without_records_is_told_so():
    ed = editions.load(2022)
    bare = editions.Edition(ed.name, {key: text for key, text in ed.settings.items() if key != "records"})
    with pytest.raises(errors.InputError, match="names no records"):
        firms.of(bare)


def test_records_are_counted_again_when_a_record_or_a_rule_changes(tmp_path, monkeypatch):
    folder, times = tmp_path / "records", []
    files.write_text(folder / "firms.csv", "firm\na\n")
    files.write_text(tmp_path / "far" / "patents.csv", "patent\na\n")
    monkeypatch.setattr(records, "locate", lambda named: folder)

    def load(*given):
        times.append(given)
        return pd.DataFrame({"firms": [len(times)]}), pd.DataFrame({"latest": [None, "2021-12-31"]})

    monkeypatch.setattr(sources, "load", load)
    ed = editions.load(2022)
    monkeypatch.setattr(editions.Edition, "stored", tmp_path / "stored")
    for change, counted in (
        (lambda: None, 1),
        (lambda: (folder / "firms.csv").touch(), 1),
        (lambda: files.write_text(folder / "firms.csv", "firm\nb\n"), 2),
        (lambda: files.write_text(folder / "part" / "more.csv", "firm\nc\n"), 3),
        (lambda: (tmp_path / "stored" / "results" / "cube.parquet").write_bytes(b"damaged"), 4),
        (lambda: (folder / "part").rename(folder / "other"), 5),
        (lambda: (folder / "linked").symlink_to(tmp_path / "far"), 6),
        (lambda: files.write_text(tmp_path / "far" / "more.csv", "firm\nd\n"), 7),
        (lambda: files.write_text(folder / "~$firms.xlsx", "open"), 7),
        (lambda: monkeypatch.setattr(files, "DATA", tmp_path), 8),
    ):
        change()
        found = firms.of(ed)
        assert found.cube["firms"].tolist() == [counted] and len(times) == counted
        assert found.latest == "2021-12-31"


def test_frames_that_another_process_stored_in_between_are_not_taken(tmp_path, monkeypatch):
    """Its cube with our quality table would be counts that no records give."""
    ours = [pd.DataFrame({"of": ["ours"]})] * 2

    def theirs(path):
        stored.write(tmp_path / "cube.parquet", pd.DataFrame({"of": ["theirs"]}), "another key")
        return "key"

    stored.made(tmp_path, ["cube", "quality"], "key", lambda: ours)
    monkeypatch.setattr(stored, "key_of", theirs)
    found = stored.made(tmp_path, ["cube", "quality"], "key", lambda: ours)
    assert [frame["of"].tolist() for frame in found] == [["ours"], ["ours"]]


def test_records_in_object_storage_are_counted_every_time(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "locate", lambda named: "s3://bucket/records")
    monkeypatch.setattr(records, "_described", lambda folder: {})
    monkeypatch.setattr(sources, "load", lambda *given: (pd.DataFrame({"firms": [1]}), pd.DataFrame()))
    monkeypatch.setattr(editions.Edition, "stored", tmp_path)
    firms.of(editions.load(2022))
    assert not list(tmp_path.rglob("*.parquet"))
