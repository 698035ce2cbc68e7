"""Findings about values: quiet on the shipped panels, loud on seeded errors, one finding a cause, with its cells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import few

from fire import files
from fire.index import spec as specs
from fire.intake import plausibility
from fire.sources import samples, statistics

FIRE, INFRA = specs.load("fire-2022"), specs.load("infrastructure")
NAMES = [
    "internet_users",
    "mobile_subscriptions",
    "secure_servers",
    "accounts",
    "rd_share",
    "articles_per_million",
]


def fire():
    panel = files.read_csv(files.DATA / "panel-2022.csv").astype({"year": int, "value": float})
    return panel, FIRE, 2021


def cities():
    table = statistics.read()[["city", "year", "measure", "value", "status"]]
    return table.set_axis(["unit", "year", "indicator", "value", "status"], axis=1), FIRE, 2020


def annex(names=None):
    panel = samples.panel("infrastructure", 2021)
    return panel[panel["indicator"].isin(names or INFRA.indicators)], INFRA, 2021


def said(panel, spec, year, **more):
    return plausibility.findings(panel.assign(file="panel.csv"), spec, year, **more)


def named(found, rule):
    return [one for one in found if one.rule == f"plausibility.{rule}"]


@pytest.mark.parametrize(("panel", "most"), [(fire, 2), (cities, 0), (annex, 4)])
def test_quiet_on_what_is_shipped(panel, most):
    """At most five findings on 2,600 cells, none an error: two cities whose urban population of 2020 is below the
    printed one, a column that its source did not renew, two small numbers that doubled."""
    found = said(*panel())
    assert len(found) <= most, "\n".join(found)
    assert not [one for one in found if one.level == "error"]


@pytest.mark.parametrize("index", ["banks", "firm-competitiveness"])
def test_quiet_on_samples(index):
    assert len(said(samples.panel(index, 2021), specs.load(index), 2021)) <= 1


# ---- seeded errors: what is done to a column of the ranked year, and how often it must be found


def cell(factor):
    def seed(now, last, rng):
        place = rng.choice(np.flatnonzero(now > 0))
        return np.r_[now[:place], now[place] * factor, now[place + 1 :]]

    return seed


def exchanged(now, last, rng):
    pairs = [
        (a, b)
        for a in range(len(now))
        for b in range(a)
        if max(now[a], now[b]) > 2 * max(min(now[a], now[b]), 0)
    ]
    if not pairs:
        return None
    a, b = pairs[rng.integers(len(pairs))]
    changed = now.copy()
    changed[[a, b]] = now[[b, a]]
    return changed


SEEDS = {  # name: change, least share found, on FIRE and city statistics and the annex
    "times ten": (cell(10), 0.9),
    "times a hundred": (cell(100), 1.0),
    "times 10,000": (cell(1e4), 1.0),
    "a tenth": (cell(0.1), 0.9),
    "a hundredth": (cell(0.01), 0.9),
    "a 10,000th": (cell(1e-4), 0.95),
    "sign": (cell(-1), 1.0),
    "two cities exchanged": (exchanged, 0.9),
    "column times ten": (lambda now, last, rng: now * 10, 0.9),
    "column times 10,000": (lambda now, last, rng: now * 1e4, 0.9),
    "column as a share": (lambda now, last, rng: now / 100, 0.9),
    "rows shifted": (lambda now, last, rng: np.r_[now[:1], now[:-1]], 0.9),
    "lower half shifted": (
        lambda now, last, rng: np.r_[now[: len(now) // 2], now[len(now) // 2 - 1 : -1]],
        0.85,
    ),
    "last year's pasted": (lambda now, last, rng: np.where(np.isnan(last), now, last), 0.85),
}


@pytest.fixture(scope="module")
def clean():
    """Each panel with the findings it has before anything is seeded."""
    cases = [fire(), cities(), annex(NAMES)]
    return [
        (panel, spec, year, {one.values["covers"] for one in said(panel, spec, year)})
        for panel, spec, year in cases
    ]


def columns(panel, year):
    """Columns of a year with at least eight values, each with last year's values of its rows."""
    last = panel[panel["year"] < year].sort_values("year").drop_duplicates(["unit", "indicator"], keep="last")
    last = last.set_index(["unit", "indicator"])["value"]
    for leaf, group in panel[panel["year"] == year].groupby("indicator", sort=False):
        before = last.reindex(pd.MultiIndex.from_frame(group[["unit", "indicator"]])).to_numpy()
        if len(group) >= 8 and np.isfinite(before).any():
            yield leaf, group.index, group["value"].to_numpy(), before


def hit(panel, spec, year, rows, before):
    """Whether a finding names one of the changed rows, and how many findings there are that were not there before."""
    new = [one for one in said(panel, spec, year) if one.values["covers"] not in before]
    cells = set(panel.loc[rows, ["unit", "year", "indicator"]].itertuples(index=False, name=None))
    return any(cells & set(one.values["covers"]) for one in new), len(new)


@pytest.mark.parametrize("name", few(SEEDS, "times ten", "times a hundred", "sign", "two cities exchanged"))
def test_seeded_errors_are_found(name, clean):
    change, least = SEEDS[name]
    rng, hits, counts = np.random.default_rng(2022), [], []
    for panel, spec, year, before in clean:
        for _, rows, now, last in columns(panel, year):
            value = change(now, last, rng)
            if value is None or np.array_equal(value, now):
                continue
            seeded = panel.copy()
            seeded.loc[rows, "value"] = value
            found, count = hit(seeded, spec, year, rows[value != now], before)
            hits.append(found)
            counts.append(count)
    assert np.mean(hits) >= least, (np.mean(hits), len(hits))
    assert np.mean(counts) <= 2.5  # one cause, about one finding: an impossible sum may come with it


def test_rows_and_columns_exchanged(clean):
    """Two cities' rows exchanged, last year's row of a city pasted, and two columns exchanged."""
    rng, rows, old, twins = np.random.default_rng(2022), [], [], []
    for panel, spec, year, before in clean:
        this, units = panel["year"].eq(year), panel["unit"].unique()
        for _ in range(4):
            one, two = rng.choice(units, 2, replace=False)
            seeded = panel.copy()
            seeded.loc[this, "unit"] = panel.loc[this, "unit"].replace({one: two, two: one})
            rows.append(hit(seeded, spec, year, this & panel["unit"].isin([one, two]), before)[0])
            values = {
                (unit, leaf): value
                for leaf, _, _, last in columns(panel, year)
                for unit, value in zip(panel.loc[this & panel["indicator"].eq(leaf), "unit"], last)
            }
            seeded, mine = panel.copy(), this & panel["unit"].eq(one)
            seeded.loc[mine, "value"] = [
                values.get((one, leaf), value)
                for leaf, value in zip(panel.loc[mine, "indicator"], panel.loc[mine, "value"])
            ]
            old.append(hit(seeded, spec, year, mine, before)[0])
        wide = list(columns(panel, year))
        for place, (leaf, where, _, _) in enumerate(wide):
            other, there, _, _ = wide[place - 1]
            seeded = panel.copy()
            seeded.loc[where, "indicator"], seeded.loc[there, "indicator"] = other, leaf
            twins.append(hit(seeded, spec, year, where.union(there), before)[0])
    assert np.mean(rows) >= 0.8
    assert np.mean(old) >= 0.9
    assert np.mean(twins) >= 0.95


# ---- single rules


def written(value, leaf="gdp", year=2021, column="地区生产总值"):
    """Cells of a sheet as a layout gives them: units below each other in column C from row 5."""
    units = statistics.places()["city"].tolist()[: len(value)]
    frame = pd.DataFrame(
        {"unit": units, "year": year, "indicator": leaf, "value": np.asarray(value, dtype=float)}
    )
    rows = np.arange(5, 5 + len(value))
    place = {
        "file": "年鉴.xlsx",
        "sheet": "表2",
        "row": rows,
        "column": column,
        "cell": [f"C{row}" for row in rows],
    }
    return frame.assign(status="observed", **place)


def base(count=20, seed=1):
    return np.round(np.random.default_rng(seed).lognormal(8, 0.6, count), 1)


def test_a_finding_says_where_what_was_expected_and_the_fix():
    value = base()
    history = written(value, year=2020)[["unit", "year", "indicator", "value"]]
    cells = written(value * 1.08)
    cells.loc[3, "value"] *= 1e4
    (found,) = plausibility.findings(cells, FIRE, 2021, history, statistics.places())
    assert found.rule == "plausibility.unit" and found.level == "warning"
    assert (
        found.place["cell"] == "C8"
        and found.place["sheet"] == "表2"
        and found.place["column"] == "地区生产总值"
    )
    unit = cells["unit"][3]
    assert (found.values["unit"], found.values["year"], found.values["indicator"]) == (unit, 2021, "gdp")
    assert found.values["covers"] == ((unit, 2021, "gdp"),)
    assert "单位可能是万元" in found.zh and f"{value[3]:,.1f}" in found.zh and "2020" in found.zh
    assert "折算成亿元" in found.zh_fix and "10,000" in found.en and unit not in found.en


def test_a_column_in_another_unit_is_one_finding():
    history = written(base(), year=2020)
    (found,) = plausibility.findings(written(base() * 1.05e4), FIRE, 2021, history)
    assert (
        found.rule == "plausibility.unit_column"
        and "万元" in found.zh
        and found.place["column"] == "地区生产总值"
    )
    assert found.values["unit"] == "" and len(found.values["covers"]) == 20


def test_many_cells_of_one_rule_are_one_finding_with_three_addresses():
    value = -np.r_[base(8), -base(12)]
    (found,) = named(plausibility.findings(written(value), FIRE, 2021), "negative")
    assert (
        found.level == "error"
        and "C5" in found.zh
        and "C7" in found.zh
        and "C8" not in found.zh
        and "8 处" in found.zh
    )


@pytest.mark.parametrize(
    ("leaf", "value", "rule"),
    [
        ("tertiary_share", 101.0, "range"),
        ("firms", -1.0, "negative"),
        ("firms", 43.5, "whole"),
        ("firms", np.inf, "infinite"),
        ("regulation_business_env", -70.0, "negative"),
    ],
)
def test_what_cannot_be_is_an_error(leaf, value, rule):
    values = np.arange(40.0, 60)
    values[4] = value
    (found,) = plausibility.findings(written(values, leaf), FIRE, 2021)
    assert found.rule == f"plausibility.{rule}" and found.level == "error" and found.place["cell"] == "C9"


def test_many_fractional_counts_are_one_warning():
    (found,) = plausibility.findings(written(np.arange(20, 30) + 0.25, "firms"), FIRE, 2021)
    assert found.rule == "plausibility.fractional" and found.level == "warning"


def test_estimates_need_not_be_whole():
    cells = written(np.r_[12.5, np.arange(20.0, 30)], "firms").assign(status="estimated")
    assert not plausibility.findings(cells, FIRE, 2021)


def test_shares_as_fractions_are_one_error():
    (found,) = plausibility.findings(written(np.linspace(0.4, 0.8, 12), "tertiary_share"), FIRE, 2021)
    assert found.rule == "plausibility.share_column" and found.level == "error"


def sheet(years=(2019, 2020), **changes):
    """The city statistics as a workbook gives them, a column a statistic and year; `changes`: factors or new columns of
    the last year."""
    cells = cities()[0]
    cells = cells[cells["year"].isin(years) & cells["indicator"].ne("registered_population")]
    cells = cells.dropna(subset="value").reset_index(drop=True)
    wide = cells[cells["year"].eq(2020)].pivot(index="unit", columns="indicator", values="value")
    for name, change in changes.items():
        mine = cells["indicator"].eq(name) & cells["year"].eq(2020)
        cells.loc[mine, "value"] = change(wide).reindex(cells.loc[mine, "unit"]).to_numpy()
    spot = {name: place for place, name in enumerate(["gdp", "tertiary", "population", "urban_population"])}
    letter = [chr(67 + 2 * spot[name] + year - 2019) for name, year in zip(cells["indicator"], cells["year"])]
    row = pd.factorize(cells["unit"])[0] + 6
    cell = [f"{one}{number}" for one, number in zip(letter, row)]
    return cells.assign(
        file="工作簿.xlsx", sheet="统计", row=row, column=cells["indicator"], cell=cell, into="statistics"
    )


def percent(part, whole, of=100):
    return lambda wide: (of * wide[part] / wide[whole]).round(3)


@pytest.mark.parametrize("years", [(2019, 2020), (2020,)])
@pytest.mark.parametrize(
    ("part", "whole", "of", "label", "measure"),
    [
        ("tertiary", "gdp", 100, "第三产业增加值", "亿元"),
        ("tertiary", "gdp", 1, "第三产业增加值", "亿元"),
        ("urban_population", "population", 100, "城镇常住人口", "万人"),
    ],
)
def test_a_share_in_the_place_of_a_statistic(part, whole, of, label, measure, years):
    """It is the one error, with the label of the statistic, its year, and what belongs there; last year or not."""
    (found,) = plausibility.findings(sheet(years, **{part: percent(part, whole, of)}), FIRE, 2020)
    assert found.rule == "plausibility.as_share" and found.level == "error" and found.place["column"] == part
    assert f"“{label}”像是填了占比（%）" in found.zh and f"应填{measure}" in found.zh_fix
    assert "统计 2020 年" in found.zh and whole not in found.zh and part not in found.zh


@pytest.mark.parametrize(
    ("name", "factor", "unit"), [("gdp", 1e4, "万元"), ("population", 1e4, "人"), ("tertiary", 1e6, "")]
)
def test_a_statistic_in_another_unit_is_one_error_at_its_column(name, factor, unit):
    (found,) = plausibility.findings(sheet(**{name: lambda wide: factor * wide[name]}), FIRE, 2020)
    assert found.level == "error" and found.place["column"] == name and found.values["indicator"] == name
    assert found.rule == f"plausibility.{'unit' if unit else 'decimal'}_column"
    assert f"就把表头单位改为{unit}" in found.zh_fix or not unit


def test_two_statistics_in_different_units_without_last_year():
    cells = sheet((2020,), gdp=lambda wide: 1e4 * wide["gdp"])
    (found,) = plausibility.findings(cells, FIRE, 2020)
    assert found.rule == "plausibility.slight" and "“地区生产总值”的 5%" in found.zh


def test_a_column_ten_times_last_years_may_be_true():
    (found,) = plausibility.findings(written(base() * 10), FIRE, 2021, written(base(), year=2020))
    assert found.rule == "plausibility.jump_column" and found.level == "warning"


def derived(cells):
    """The indicators of index year 2021 at the places of their statistics."""
    table = cells.rename(columns={"unit": "city", "indicator": "measure"}).assign(source="x")
    panel = statistics.panel_of(table, [2021], cells["unit"].unique().tolist())
    rests = {"pop_size": "population", "pop_structure": "urban_population", "tertiary_share": "tertiary"}
    spots = cells.assign(year=cells["year"] + 1).drop(columns=["value", "status", "into"])
    panel = panel.assign(of=panel["indicator"].replace(rests))
    panel = panel.merge(spots.rename(columns={"indicator": "of"}), on=["unit", "year", "of"])
    return panel.assign(stat_year=panel["year"] - 1)


@pytest.mark.parametrize("name", ["gdp", "tertiary"])
def test_what_follows_from_a_wrong_statistic_is_not_said_again(name):
    """No 'multiply by 100' of a share that is small because GDP is in another unit."""
    cells = sheet(**{name: lambda wide: wide[name] * (1e4 if name == "gdp" else 1e-2)})
    told = plausibility.findings(cells, FIRE, 2020)
    again = plausibility.findings(derived(cells), FIRE, 2021, fire()[0].query("year == 2020"))
    assert any("tertiary_share" in one.values["indicator"] for one in again)
    assert not [one for one in plausibility.fresh(again, told) if one.values["indicator"] != "pop_structure"]
    assert plausibility.fresh(again, []) == again


def test_a_derived_indicator_is_told_by_the_year_of_its_statistic():
    """… and accepted by the year of the indicator."""
    history = fire()[0].query("year == 2020")
    found = plausibility.findings(derived(sheet()), FIRE, 2021, history)
    (one,) = [one for one in found if one.values["unit"] == "深圳"]
    assert one.rule == "plausibility.jump" and one.values["covers"] == (("深圳", 2021, "pop_structure"),)
    assert "深圳 统计 2020 年 1,747" in one.zh and "（2019 年" in one.zh and "2021" not in one.zh


def test_findings_stand_in_the_order_of_the_cells():
    cells = pd.concat(
        [
            written(np.r_[30.5, np.arange(20.0, 31)], "firms", column="B").iloc[::-1],
            written(np.r_[np.arange(20.0, 30), -3, -4], "deals", column="A").assign(
                cell=[f"B{row}" for row in range(5, 17)]
            ),
        ]
    )
    found = plausibility.findings(cells, FIRE, 2021)
    assert [one.place["cell"] for one in found if one.level == "error"] == ["C5", "B15", "B16"]


def test_parts_above_wholes():
    cells = pd.concat(
        [written(np.arange(10.0, 22), "firms"), written(np.r_[30, np.arange(1.0, 12)], "hightech_firms")]
    )
    (found,) = plausibility.findings(cells, FIRE, 2021)
    assert found.rule == "plausibility.part" and "金融科技企业数" in found.zh and "30" in found.zh


def test_a_cumulative_number_that_falls():
    value = np.arange(100.0, 120)
    this = value + 5
    this[2] = value[2] - 1
    both = pd.concat([written(value, "patents_cumulative", 2020), written(this, "patents_cumulative")])
    (found,) = plausibility.findings(both, FIRE, 2021)
    assert found.rule == "plausibility.fell" and found.level == "error"
    edition = written(value, "patents_cumulative", 2020)[["unit", "year", "indicator", "value"]]
    (found,) = plausibility.findings(written(this, "patents_cumulative"), FIRE, 2021, edition)
    assert found.rule == "plausibility.fell_edition" and found.level == "warning"


def test_a_panel_whose_years_are_identical_is_one_finding():
    panel, spec, _ = fire()
    again = panel[panel["year"] == 2020]
    (found,) = said(pd.concat([again, again.assign(year=2021)]), spec, 2021)
    assert found.rule == "plausibility.same_panel" and len(found.values["covers"]) == len(again)


def test_a_city_whose_years_are_identical_is_one_finding():
    panel, spec, _ = fire()
    last = panel[panel["year"].eq(2020) & panel["unit"].eq("苏州")].assign(year=2021)
    kept = panel[~(panel["year"].eq(2021) & panel["unit"].eq("苏州"))]
    (found,) = named(said(pd.concat([kept, last]), spec, 2021), "same_unit")
    assert found.values["unit"] == "苏州" and found.values["indicator"] == "" and "苏州" in found.zh


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (np.full(12, 7.5), "constant"),
        (np.r_[base(6), [4321.5] * 6, base(6, 2)], "run"),
        (np.arange(1.0, 21), "is_rank"),
        (np.r_[[2021.0] * 12, base(3)], "is_year"),
        (np.r_[base(19), base(20)[-1] * 1e5], "outlier"),
    ],
)
def test_columns_that_look_wrong_by_themselves(value, rule):
    (found,) = plausibility.findings(written(value), FIRE, 2021)
    assert (
        found.rule == f"plausibility.{rule}"
        and found.level == "warning"
        and found.values["indicator"] == "gdp"
    )


def test_codes_in_a_column():
    codes = statistics.places()["adcode"].astype(float).to_numpy()[:15]
    (found,) = plausibility.findings(written(codes), FIRE, 2021, places=statistics.places())
    assert found.rule == "plausibility.is_code"


def test_a_column_equal_to_another():
    cells = pd.concat([written(base()), written(base(), "online_attention", column="网络关注度")])
    (found,) = plausibility.findings(cells, FIRE, 2021)
    assert found.rule == "plausibility.twin" and found.values["indicator"] == "online_attention"


def test_a_city_of_noughts():
    leaves = ["firms", "deals", "incubators"]
    cells = pd.concat(
        [written(np.r_[0, np.arange(5.0, 24) + 40 * place], leaf) for place, leaf in enumerate(leaves)]
    )
    (found,) = named(plausibility.findings(cells, FIRE, 2021), "zero_unit")
    assert found.values["unit"] == cells["unit"].iloc[0] and len(found.values["covers"]) == 3


def test_another_value_than_in_the_last_edition():
    cells = pd.concat([written(base(), year=2020), written(base() * 1.1)])
    history = written(base(), year=2020)[["unit", "year", "indicator", "value"]]
    history.loc[0, "value"] *= 1.2
    (found,) = plausibility.findings(cells, FIRE, 2021, history)
    assert found.rule == "plausibility.revised" and found.values["year"] == 2020


def test_years_exchanged():
    early, late = base(), base() * np.random.default_rng(3).uniform(1.05, 1.1, 20)
    history = pd.concat([written(early, year=2020), written(late, year=2021)])[
        ["unit", "year", "indicator", "value"]
    ]
    cells = pd.concat([written(late, year=2020), written(early, year=2021)])
    assert named(plausibility.findings(cells, FIRE, 2021, history), "years")


def test_thresholds_are_data_with_reasons():
    table = plausibility.tomllib.loads(files.decode(plausibility.PATH))
    assert all(len(one["why"]) > 20 for one in table.values() if isinstance(one, dict) and "value" in one)
    history, cells = written(base(), year=2020), written(base() * 1.05)
    cells.loc[2, "value"] *= 1.8
    assert plausibility.findings(cells, FIRE, 2021, history)
    wide = {"floor": 5.0}
    assert not plausibility.findings(cells, FIRE, 2021, history, thresholds=wide)


@pytest.mark.parametrize(
    ("measure", "power", "unit"),
    [
        ("亿元", 4, "万元"),
        ("亿元", 8, "元"),
        ("万元", 4, "元"),
        ("万人", 4, "人"),
        ("人", -4, "万人"),
        ("亿元", 1, ""),
        ("分", 4, ""),
    ],
)
def test_the_unit_that_a_power_of_ten_means(measure, power, unit):
    assert plausibility.likely_unit(measure, power) == unit


numbers = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-3, 3).map(float), st.just(2021.0)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.integers(2019, 2022),
            st.sampled_from(["gdp", "tertiary_share", "firms", "x"]),
            numbers,
        ),
        max_size=60,
    ),
    st.booleans(),
)
def test_no_panel_raises(rows, old):
    """Whatever the numbers: findings with both languages and their cells, and the panel as it was."""
    panel = pd.DataFrame(rows, columns=["unit", "year", "indicator", "value"]).astype({"value": float})
    panel["unit"] = panel["unit"].astype(str)
    kept = panel.copy()
    found = said(panel, FIRE, 2021, history=panel[panel["year"] < 2021] if old else None)
    pd.testing.assert_frame_equal(panel, kept)
    assert all(one.zh and one.en and one.zh_fix and one.en_fix and one.values["covers"] for one in found)
