"""City statistics: what is read, what is refused and in which words, what is estimated."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fire import files
from fire.errors import InputError
from fire.sources import statistics

TEXT = statistics.PATH.read_text(encoding="utf-8-sig")
LINE = next(line for line in TEXT.splitlines() if line.startswith("北京,2020,gdp,"))
ROW = TEXT.splitlines().index(LINE) + 1


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "cities.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refused(path):
    before = path.read_bytes()
    with pytest.raises(InputError) as caught:
        statistics.read(path)
    assert path.read_bytes() == before
    return caught.value


def test_panel_has_every_city_and_marks_estimates():
    panel = statistics.panel()
    year = panel[panel["year"].eq(2021)].pivot(index="unit", columns="indicator", values="status")
    assert year.shape == (59, 4) and (year[["gdp", "tertiary_share", "pop_size"]] == "observed").all(
        axis=None
    )
    assert set(year.index[year["pop_structure"].eq("estimated")]) == {"深圳", "乌鲁木齐"}
    share = panel.query("year == 2020 and indicator == 'pop_structure'").set_index("unit")["source"]
    assert set(share.index[share.eq("C1")]) == {"长春", "乌鲁木齐", "西宁", "拉萨"}  # interpolated
    base = panel.query("year == 2020 and unit == '西宁' and indicator == 'pop_size'")
    assert base["status"].tolist() == ["estimated"] and 220.9 < base["value"].iloc[0] < 246.8


def test_hefei_and_wuhu_have_whole_gdp():
    table = statistics.read().set_index(statistics.KEY)
    for city in ("合肥", "芜湖"):
        share = table.loc[(city, 2020, "tertiary"), "value"] / table.loc[(city, 2020, "gdp"), "value"]
        assert table.loc[(city, 2020, "gdp"), "source"] == "S7" and 0.45 < share < 0.65


def test_gdp_is_the_first_published_where_the_compilation_differs():
    gdp = statistics.read().query("year == 2020 and measure == 'gdp'").set_index("city")
    assert gdp.loc[["郑州", "洛阳"], "value"].tolist() == [12003.04, 5128.36]
    assert set(gdp.index[gdp["source"].eq("G2")]) == {"郑州", "洛阳", "厦门", "福州", "西安"}


def test_every_source_is_described_and_used():
    known = files.read_csv(statistics.PATH.with_name("sources.csv"))["source"]
    used = {*statistics.read()["source"].dropna(), *statistics.indices()["source"]}
    assert used <= set(known) and set(known) - used == {"G1"}  # G1: codes in places.csv


def test_public_indices_are_those_of_cities_of_the_index():
    table, cities = statistics.indices(), set(statistics.places()["city"])
    assert set(table["city"]) == cities
    assert table.groupby(["measure", "year"]).size().to_dict() == {
        ("business_environment", 2020): 34,
        ("inclusive_finance", 2018): 59,
        ("inclusive_finance", 2020): 59,
    }


def test_public_indices_refuse_an_unknown_measure(tmp_path):
    text = statistics.INDICES.read_text(encoding="utf-8-sig").replace("inclusive_finance", "finance", 1)
    path = tmp_path / "public-indices.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="'finance' is unknown"):
        statistics.indices(path)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-36102.55", "gross regional product of 北京 is -36102.6, it must be above 0"),
        ("0", "it must be above 0"),
        ("三万亿", "'三万亿' is not a number"),
        ("30000", "value added of the tertiary industry of 北京 in 2020 is above its gross regional product"),
    ],
)
def test_bad_value_names_row_and_column(tmp_path, cell, words):
    error = refused(written(tmp_path, TEXT.replace(LINE, LINE.replace("36102.55", cell))))
    assert words in str(error) and "column 'value'" in str(error) and "cities.csv" in str(error)
    assert f"row {ROW}" in str(error) or "tertiary" in words


def test_missing_city(tmp_path):
    error = refused(written(tmp_path, TEXT.replace(LINE + "\n", "")))
    assert len(error.faults) == 1 and "cities.csv，“city”列：2020 年地区生产总值缺少：北京" in error.faults[0]
    assert "no row for 北京 in 2020, gross regional product: add the row" in error.faults[0]


def test_duplicated_key(tmp_path):
    error = refused(written(tmp_path, TEXT + LINE + "\n"))
    words = f"row {len(TEXT.splitlines()) + 1}: '北京, 2020, gdp' is there already: keep one of the rows"
    assert len(error.faults) == 1 and words in error.faults[0]


def test_all_faults_at_once(tmp_path):
    text = TEXT.replace(LINE, LINE.replace("36102.55", "-1")).replace(
        "上海,2020,population,", "上海,2020,people,"
    )
    error = refused(written(tmp_path, text))
    assert len(error.faults) == 3 and "'people' is unknown" in str(error) and "no row for 上海" in str(error)


def test_missing_column(tmp_path):
    assert "column 'status' is missing" in str(refused(written(tmp_path, TEXT.replace("status", "state", 1))))


def test_gb18030_thousands_and_full_width_are_read(tmp_path):
    plain = statistics.read()
    for old, new in (("36102.55", '"36,102.55"'), ("36102.55", "３６１０２．５５")):
        path = written(tmp_path, TEXT.replace(LINE, LINE.replace(old, new)), "gb18030")
        assert statistics.read(path)["value"].equals(plain["value"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(statistics.STATUSES), min_size=1, max_size=4))
def test_a_value_is_as_soft_as_its_softest_input(statuses):
    assert statistics.STATUSES.index(statistics.softest(statuses)) == max(
        map(statistics.STATUSES.index, statuses)
    )


def test_without_censuses_nothing_is_estimated(tmp_path):
    rows = [line for line in TEXT.splitlines() if ",2010," not in line]
    panel = statistics.panel(written(tmp_path, "\n".join(rows) + "\n"), years=(2021,))
    assert "estimated" not in set(panel.query("unit == '乌鲁木齐'")["status"]) and len(panel) == 59 * 4 - 1
