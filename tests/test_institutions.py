"""Institutions and industries: qualifiers kept, forecasts never drawn as actual."""

import pandas as pd
import pytest

from fire import codebook, edition, files
from fire.analysis import institutions
from fire.errors import InputError
from fire.figures import context
from fire.index import spec
from fire.sources import printed

FACTS = edition.load(2022).facts
SPENDING, INDUSTRY = printed.spending(FACTS), printed.industry(FACTS)
BANKS, WRITTEN = institutions.banks(SPENDING), printed.source_years(FACTS)


def rewrite(tmp_path, name, change):
    """A copy of a published table with `change(frame)` applied."""
    frame = files.read_csv(FACTS / f"{name}.csv")
    files.write_csv(change(frame), tmp_path / f"{name}.csv", excel=True)
    (tmp_path / "sources.csv").write_bytes((FACTS / "sources.csv").read_bytes())
    return tmp_path


def setting(row, column, value):
    def change(frame):
        frame.loc[row, column] = value
        return frame

    return change


@pytest.mark.parametrize(
    "name, reader, change, fault",
    [
        (
            "institution_spending",
            printed.spending,
            setting(3, "unit", None),
            "row 5, column 'unit': empty: fill it in, such as CNY_100m or pct",
        ),
        (
            "institution_spending",
            printed.spending,
            setting(4, "value", "十亿"),
            "row 6, column 'value': '十亿' is not a number",
        ),
        (
            "institution_spending",
            printed.spending,
            setting(4, "qualifier", "maybe"),
            "row 6, column 'qualifier': 'maybe' is unknown: type one of exact",
        ),
        (
            "institution_spending",
            printed.spending,
            lambda frame: pd.concat([frame, frame.iloc[[0]]]),
            "row 135: '14家银行合计, 2021, tech_spend, 001_dbf8deccee35",
        ),
        (
            "industry_indicators",
            printed.industry,
            lambda frame: frame.assign(kind=frame["kind"].replace("forecast", "actual")),
            "column 'kind': the year lies after the source was written, so it cannot be actual: write forecast or target",
        ),
        (
            "industry_indicators",
            printed.industry,
            setting(0, "kind", "guess"),
            "row 2, column 'kind': 'guess' is unknown: type one of actual, forecast, target",
        ),
    ],
)
def test_bad_input_is_refused_with_file_row_and_fix(tmp_path, name, reader, change, fault):
    path = rewrite(tmp_path, name, change)
    with pytest.raises(InputError) as error:
        reader(path)
    assert f"{name}.csv" in str(error.value) and any(fault in one for one in error.value.faults)


def test_a_forecast_cannot_be_plotted_as_actual():
    with pytest.raises(
        InputError,
        match="core_industry_size 2025: forecast, gt: draw it with marks\\(\\), not as an actual point",
    ):
        printed.exact(institutions.sizes(INDUSTRY))
    with pytest.raises(InputError, match="staff 2024: actual, assumed"):
        printed.exact(SPENDING[SPENDING["measure"].eq("staff") & SPENDING["qualifier"].eq("assumed")])


def test_fourteen_banks_add_up_to_the_printed_total():
    assert len(BANKS) == 14 and BANKS["tech_spend"].sum() == pytest.approx(1554.17)
    assert BANKS["contribution_pp"].sum() == pytest.approx(
        100 * (BANKS["tech_spend"].sum() / BANKS["prior"].sum() - 1)
    )
    assert BANKS["prior"].sum() == pytest.approx(1379.95, abs=0.05)


def test_outliers_are_marked_and_kept():
    assert set(BANKS.loc[BANKS["extreme"], "institution_zh"]) == {"恒丰银行", "渤海银行"}
    assert BANKS.loc[BANKS["doubted"], "institution_zh"].tolist() == ["交通银行"]
    _, growth, share = context.banks(BANKS, "zh").axes
    edge = {line.get_xdata()[0] for line in growth.lines if line.get_gid() == "beyond"}
    assert len(edge) == 1 and BANKS.loc[~BANKS["extreme"], "tech_spend_growth_pct"].max() < edge.pop()
    texts = {text.get_text(): text for ax in (growth, share) for text in ax.texts}
    assert texts["233.5"].get_weight() == texts["4.03"].get_weight() == "bold"
    assert [line.get_gid() for line in share.lines].count("doubted") == 1


def test_concentration_on_known_cases():
    assert institutions.concentration(pd.Series([1.0] * 5)) == pytest.approx(
        {"cr1": 20, "cr4": 80, "hhi": 2000, "n": 5, "largest": 4}
    )
    assert institutions.concentration(BANKS["tech_spend"])["cr4"] == pytest.approx(57.1, abs=0.05)


def test_what_a_later_source_says_is_told_apart():
    totals = institutions.state_totals(SPENDING, WRITTEN)
    assert list(totals["year"]) == [2021, 2024] and list(totals["written"]) == [2022, 2025]
    said = institutions.path(totals, 2022)
    assert said["known"]["year"] == "2021" and said["known"]["before"] == pytest.approx(970.4, abs=0.05)
    assert said["later"]["year"] == "2024" and said["later"]["written"] == "2025"
    assert institutions.path(totals, 2025)["later"] is None
    assert institutions.path(totals, 2021)["known"] is None


def test_securities_keep_their_bounds():
    table = institutions.securities(SPENDING, 2021).set_index("institution_zh")
    assert len(table) == 8 and table.index[0] == "华泰证券"
    assert table.loc["招商证券", "tech_spend_printed"] == "≥10"
    assert table.loc["华林证券", "revenue_share_printed"] == "≈25"
    assert table["tech_spend_printed"].str.match(r"\d").sum() == table.attrs["most"]["exact"] == 2


def test_implied_growth_against_the_printed_rate():
    growth = institutions.implied_growth(INDUSTRY).set_index("series")
    assert growth["implied_pct"].round(1).to_dict() == {
        "ai_core": 25.7,
        "ai_driven": 21.3,
        "big_data": 15.4,
        "blockchain": 71.0,
        "cloud": 43.5,
    }
    assert growth.loc["big_data", "printed_rate"] == "≥15" and growth.loc["blockchain", "printed_pct"] == 54.6
    assert growth.loc["ai_core", ["size_from", "size_to"]].tolist() == [">1,800", ">4,500"]


def test_targets_are_bounds():
    goals = institutions.scorecard(institutions.targets(INDUSTRY))
    assert len(goals) == 9 and goals["target"].str.startswith(">").all()
    assert set(goals["target_year"]) == {2025}


def test_every_term_shown_is_in_the_glossary():
    goals, numbers = (institutions.scorecard(institutions.targets(INDUSTRY)), institutions.snapshot(INDUSTRY))
    terms = {*goals["goal"], *goals["measure_unit"], *numbers["measure"], *numbers["measure_unit"]}
    firms, growth = institutions.firms(FACTS, 2022), institutions.implied_growth(INDUSTRY)
    terms |= {*numbers["field"], *institutions.SIZES, *growth["measure_unit"]}
    terms |= {*firms["camp"], *firms["focus"], *firms["firm_name"]}
    terms |= {term for one in institutions.criteria(FACTS) for term in (one["publisher"], *one["criteria"])}
    assert terms <= set(codebook.words())
    assert numbers["as_of"].str.fullmatch(r"[\d-]+").all()


def test_a_digital_yuan_transaction_is_some_four_hundred_yuan():
    assert institutions.yuan(INDUSTRY)["each_yuan"] == pytest.approx(413.3, abs=0.05)


def test_only_firms_that_were_named_by_then_are_listed():
    firms = institutions.firms(FACTS, 2022)
    assert len(institutions.firms(FACTS, 2025)) > len(firms) == institutions.named_most(firms)["total"]
    assert institutions.named_most(firms)["technologies"] == ["ai"]
    table = institutions.profiles(firms).set_index("firm_name")
    assert table.loc["北银科技", "technologies_en"] == "Big data, Cloud, AI, Blockchain"
    assert table["technologies_zh"].isna().sum() == 3


def filled(tmp_path, *changes):
    """The scoring template with all values given as 1, then changed: (row, column, cell)."""
    frame = files.read_csv(files.DATA / "templates" / "leader-scores.csv")
    frame = frame.assign(firm="甲公司", value="1", source="年报")
    for row, column, cell in changes:
        frame.loc[row, column] = cell
    path = tmp_path / "leaders.csv"
    files.write_csv(frame, path, excel=True)
    return path


def test_scoring_template_feeds_the_firm_index(tmp_path):
    tree = spec.load("firm-competitiveness")
    panel = institutions.read_leaders(filled(tmp_path, (3, "value", None)), tree)
    assert list(panel.columns) == ["unit", "year", "indicator", "value", "status", "source"]
    assert len(panel) == len(tree.indicators) - 1 and panel["value"].notna().all()
    criteria = files.read_csv(FACTS / "leader_criteria.csv").query(
        "kind in ['dimension', 'selection_criterion']"
    )
    assert sum(len(one["criteria"]) for one in institutions.criteria(FACTS)) == len(criteria)
    assert {row["criterion"] for row in tree.table["node"] if "criterion" in row} == set(
        criteria["criterion_id"]
    )


@pytest.mark.parametrize(
    "change, fault",
    [
        ((0, "indicator", "charm"), "row 2, column 'indicator': 'charm' is unknown: "),
        ((1, "unit", "万人"), "row 3, column 'unit': '万人' is not the unit of"),
        ((2, "value", "很多"), "row 4, column 'value': '很多' is not a number"),
        ((2, "year", "去年"), "row 4, column 'year': '去年' is not a number"),
        ((2, "source", None), "row 4, column 'source': empty: fill it in"),
    ],
)
def test_bad_scores_of_leaders_are_refused(tmp_path, change, fault):
    with pytest.raises(InputError) as error:
        institutions.read_leaders(filled(tmp_path, change), spec.load("firm-competitiveness"))
    assert any(fault in one for one in error.value.faults)
