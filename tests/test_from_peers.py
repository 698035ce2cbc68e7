"""Coming from R and from Stata: every line of docs/how-to/from-r.md and from-stata.md runs, FIRE gives the numbers that
COINr prints, and Stata's files go in and out.

Numbers of COINr: its vignettes, version 1.1.14 (https://bluefoxr.github.io/COINr/articles/, MIT licence; the page is named
at each number), on the ASEM example whose data are in tests/golden/coinr. They are compared with the digits printed.
"""

import re
import struct
from functools import cache

import numpy as np
import pandas as pd
import pytest

from fire import Index
from fire.analysis import audit, describe, views
from fire.errors import InputError
from fire.files import ROOT
from fire.index import coinr, outranking, panel, spec, treat, weights
from tests import engine_data

PAGES = {"R": ROOT / "docs/how-to/from-r.md", "Stata": ROOT / "docs/how-to/from-stata.md"}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"^\| (COINr|Stata) \|.*\n\| --- .*\n((?:\|.*\n)+)", re.MULTILINE)


def lines(page: str) -> list[str]:
    """The lines of Python in the table of a page: every piece of code in its second column."""
    table = HEAD.findall(PAGES[page].read_text(encoding="utf-8"))
    return [
        code
        for row in table[0][1].splitlines()
        for code in re.findall(r"`([^`]+)`", row.strip("| ").split(" | ")[1])
    ]


@cache
def names(page: str) -> dict:
    """What the block above the table defines."""
    made: dict = {}
    exec(compile(BLOCK.findall(PAGES[page].read_text(encoding="utf-8"))[-1], page, "exec"), made)
    return made


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder in which the lines may write, with what they read of the project."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / "build").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page, line", [(page, line) for page in PAGES for line in lines(page)])
def test_every_line_of_the_tables_runs(page, line, here):
    eval(compile(line, page, "eval"), dict(names(page)))


def test_the_tables_are_not_empty():
    assert {page: len(lines(page)) > 40 for page in PAGES} == {"R": True, "Stata": True}


# COINr ----------------------------------------------------------------------------------------------------------------


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(engine_data.COINR / f"{name}.csv")


UNITS = table("asem_units").set_index("uCode")
DATA = table("asem_raw").merge(table("asem_units"), on="uCode")


@cache
def example() -> Index:
    """build_example_coin()."""
    found, cells = coinr.from_coinr(table("asem_meta"), DATA)
    return Index(
        found.vary(missing="group_mean", treat="skew_kurtosis"), cells, groups=UNITS["EurAsia_group"]
    )


@cache
def plain() -> Index:
    """build_example_coin(up_to = "new_coin"): nothing divided, filled or treated."""
    return Index(*coinr.from_coinr(table("asem_meta").drop(columns="Denominator"), DATA))


def raw() -> pd.DataFrame:
    return DATA.set_index("uCode")[example().spec.indicators]


def test_results():  # articles/results
    head = views.league(example(), top=6).set_index("unit")[["score", "Conn", "Sust"]].round(2)
    assert head.T.to_dict("list") == {
        "CHE": [68.38, 62.79, 73.98],
        "NLD": [64.82, 61.94, 67.70],
        "DNK": [64.80, 57.10, 72.51],
        "NOR": [64.47, 57.44, 71.50],
        "BEL": [63.54, 63.99, 63.09],
        "SWE": [63.00, 53.87, 72.12],
    }
    ranks = views.group_ranks(example(), groups=UNITS["GDPpc_group"])
    first = {group: rows["unit"].tolist()[:6] for group, rows in ranks.groupby("group")}
    assert first["XL"] == ["CHE", "NLD", "DNK", "NOR", "SWE", "AUT"]
    assert first["L"] == ["BEL", "MLT", "SVN", "GBR", "CZE", "ESP"]
    india = example().scores().query("unit == 'IND'").set_index("node")
    printed = {"Index": (39.79, 45), "Conn": (28.60, 44), "Sust": (50.99, 43), "Physical": (18.78, 48)}
    printed |= {"ConEcFin": (6.38, 49), "Political": (51.90, 33), "Instit": (59.84, 37), "P2P": (6.07, 47)}
    printed |= {"Environ": (75.34, 6), "Social": (22.74, 51), "SusEcFin": (54.88, 36)}
    assert {node: (round(india.at[node, "score"], 2), india.at[node, "rank"]) for node in printed} == printed
    spain = views.strengths(plain(), "ESP", count=5).query("side == 'strength'")
    assert dict(zip(spain["node"], spain["rank"])) == {
        "CostImpEx": 1,
        "TIRcon": 1,
        "Tourist": 2,
        "Flights": 3,
        "UNVote": 3,
    }
    weak = views.strengths(plain(), "ESP", count=5).query("side == 'weakness'")
    assert sorted(weak["rank"]) == [33, 38, 40, 40, 43]


def test_comparison_of_two_coins():  # articles/adjustments
    moved = views.moves(example(), example().vary(normalise="percentile")).set_index("unit")
    assert moved.loc[["PRT", "LAO", "MLT", "EST", "IDN"]].to_numpy().tolist() == [
        [27, 17],
        [48, 39],
        [10, 19],
        [22, 16],
        [43, 49],
    ]
    runs = {
        "Nominal": example(),
        "Prank": example().vary(normalise="percentile"),
        "NoLPIFor": example().drop("LPI", "Forest"),
        "Screen90": example().vary(screen=0.9, missing="none"),
    }
    side = views.scenarios(runs)[list(runs)]
    assert side.loc["MLT"].tolist() == [10, 19, 9, 13] and side.loc["SGP"].tolist() == [14, 15, 14, 11]
    assert side.loc["ESP"].tolist() == [19, 24, 20, 24] and side.loc["PRT"].tolist() == [27, 17, 18, 26]
    assert set(side.index[side["Screen90"].isna()]) == {"BGD", "BRN", "KHM", "LAO", "MMR"}


def test_removing_elements():  # articles/sensitivity
    printed = {"Physical": 1.529412, "ConEcFin": 2.627451, "Political": 2.901961, "Instit": 1.176471}
    printed |= {"P2P": 1.686275, "Environ": 3.098039, "Social": 3.960784, "SusEcFin": 2.627451}
    found = audit.leave_one_out(example(), list(printed))
    assert dict(zip(found["node"], found["shift"].round(6))) == printed
    moved = views.moves(example(), example().drop("Social")).set_index("unit")
    far = (moved["rank_after"] - moved["rank_before"]).abs()
    most = found.set_index("node").loc["Social"]
    assert far[most["units"]].eq(most["most"]).all() and most["most"] == far.max()


def test_nodes_of_every_level_are_removed_and_faults_are_named():
    small = plain().vary(missing="none").branch("Physical")
    found = audit.leave_one_out(small)
    assert found["node"].tolist() == small.spec.children("Physical") and found["shift"].gt(0).all()
    with pytest.raises(InputError) as caught:
        audit.leave_one_out(example(), ["Index", "Sosial"], year=1999)
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "no node 'Sosial'",
        "the panel has no year 1999",
        "'Index' is the index itself",
    ]


def test_a_node_without_which_there_is_no_index_has_no_shift():
    """A ratio needs both of its children: without one there is no number, without the ratio there is."""
    nodes = [
        engine_data.word("of", parent="total", aggregation="ratio"),
        engine_data.word("c", parent="total"),
    ]
    nodes += [engine_data.word(name, parent="of") for name in "ab"]
    cells = engine_data.columns(a=[5, 7, 3, 4], b=[1, 2, 3, 5], c=[9, 2, 3, 1])
    index = Index(engine_data.index(*nodes, normalise="none"), cells)
    found = audit.leave_one_out(index).set_index("node")
    assert found.loc[["a", "b"]].isna().all(axis=None)
    # ratios 5, 3.5, 1, 0.8 and c 9, 2, 3, 1: ranks 1, 2, 3, 4 of both, 1, 3, 2, 4 without the ratio
    assert found.loc["of", "shift"] == 0.5 and found.loc["c", "shift"] == 0


def test_statistics_and_correlations():  # articles/analysis, articles/imputation
    found = describe.statistics(raw()).loc["Flights"]
    assert [round(found[name], 2) for name in ("min", "mean", "median", "sd", "skew", "kurtosis")] == [
        0.99,
        38.62,
        25.65,
        46.72,
        2.10,
        4.51,
    ]
    assert describe.availability(raw())["available"].min() == pytest.approx(0.7959184, abs=5e-8)
    environ = describe.correlations(raw()[example().spec.children("Environ")], level=0.05)
    assert environ.at["CO2", "MatCon"] == pytest.approx(0.7222051, abs=5e-8)
    assert environ.at["CO2", "Renew"] == pytest.approx(-0.5986338, abs=5e-8)
    assert np.isnan(environ.at["CO2", "Forest"])
    size = describe.correlations(raw(), UNITS[example().spec.denominators]).stack()
    assert size[size.abs() > 0.7].round(2).to_dict() == {
        ("CultGood", "Energy"): 0.71,
        ("CultGood", "GDP"): 0.85,
        ("FDI", "Energy"): 0.74,
        ("FDI", "GDP"): 0.85,
        ("Goods", "GDP"): 0.80,
        ("PRemit", "GDP"): 0.71,
        ("Research", "GDP"): 0.78,
        ("Services", "GDP"): 0.77,
        ("StMob", "Energy"): 0.73,
        ("StMob", "GDP"): 0.84,
    }
    people = raw()[example().spec.children("P2P")]
    assert audit.alpha(people, pairwise=True) == pytest.approx(0.05126659, abs=5e-9)
    assert audit.alpha(people) != pytest.approx(0.05126659, abs=1e-3)  # complete rows


def flags(**bounds) -> dict:
    found = describe.correlation_tests(example(), siblings=True, **bounds)
    return {frozenset(pair): r for *pair, r in found[["node", "other", "r"]].round(3).itertuples(index=False)}


def test_flagged_correlations():  # articles/analysis, get_corr_flags
    high = {frozenset({"CPI", "FreePress"}): 0.761, frozenset({"CPI", "NGOs"}): 0.768}
    low = {frozenset({"CostImpEx", "TBTs"}): -0.697, frozenset({"RTAs", "TBTs"}): -0.752}
    low |= {frozenset({"TBTs", "TIRcon"}): -0.623}
    assert flags(above=0.75) == high and flags(below=-0.5) == low
    assert flags(above=0.75, below=-0.5) == high | low
    everything = describe.correlation_tests(example(), siblings=True)
    kept = describe.correlation_tests(example(), siblings=True, above=0.75)
    parent = example().spec.nodes["parent"]
    assert (everything["node"].map(parent) == everything["other"].map(parent)).all()
    families = [len(example().spec.children(one)) for one in parent[example().spec.indicators].unique()]
    assert len(everything) == sum(size * (size - 1) // 2 for size in families)
    # p-values are corrected for all pairs that were looked at, not for those that stand out
    same = everything.merge(kept, on=["node", "other"])
    assert len(same) == 2 and same["p_holm_x"].tolist() == same["p_holm_y"].tolist()
    with pytest.raises(InputError, match="above = 75: a correlation lies from -1 to 1"):
        describe.correlation_tests(example(), above=75)


def test_screening_and_treatment():  # articles/screening, articles/treat
    kept = plain().vary(screen=0.85).wide()["Index"].dropna()
    assert set(UNITS.index) - set(kept.index) == {"BRN", "LAO", "MMR"}
    x = np.array([*range(1, 11), 30, 100], dtype=float)
    assert (treat.skewness(x), treat.kurtosis(x)) == pytest.approx((3.063241, 9.741391), abs=5e-7)
    report = plain().vary(treat="skew_kurtosis").steps().treatment.set_index("indicator")
    points = report.loc[["Flights", "Goods", "Bord", "Elec", "Gas"], "points"]
    assert points.to_dict() == {"Flights": 1, "Goods": 2, "Bord": 1, "Elec": 1, "Gas": 1}
    assert "Services" not in report.index and report.at["Goods", "skew"] == pytest.approx(2.649973, abs=5e-7)


def test_dominant_pairs():  # reference/outrankMatrix: ASEM_iData[12:16]
    matrix = outranking.outranking_matrix(raw().iloc[:, :5].to_numpy(), np.ones(5))
    assert list(raw())[:5] == ["LPI", "Flights", "Ship", "Bord", "Elec"]
    assert outranking.dominance(matrix)["dominant_pct"] / 100 == pytest.approx(0.2533333, abs=5e-8)


def test_normalisation():  # articles/normalise, individual normalisation
    varied = plain().vary("Flights", normalise="zscore", scale=(10, 2)).vary("LPI", normalise="borda").wide()
    assert varied.loc[["AUS", "AUT", "BEL", "BGD"], "Flights"].round(6).tolist() == [
        9.889993,
        9.588735,
        9.711512,
        8.529810,
    ]
    assert varied.loc[["AUS", "AUT", "BEL", "BGD"], "LPI"].tolist() == [36, 44, 45, 4]
    assert varied.loc[["AUS", "AUT", "BEL"], "Ship"].round(5).tolist() == [66.14497, 0, 97.14314]


def test_weights():  # articles/weights, articles/analysis
    scores = example().wide()
    printed = {"Environ": 0.6513188, "Social": -0.7443677, "SusEcFin": 0.1473108}
    printed |= {"Physical": 0.5117970, "ConEcFin": 0.3049926, "Political": 0.3547671, "Instit": 0.5081540}
    printed |= {"P2P": 0.5108455}
    found = {
        child: weight
        for parent in ("Conn", "Sust")
        for child, weight in weights.pca(scores[example().spec.children(parent)], "loadings").items()
    }
    assert {name: round(value, 7) for name, value in found.items()} == printed
    components = weights.components(raw()[example().spec.children("Social")])[0]
    assert np.sqrt(components["eigenvalue"]).round(4).tolist()[:3] == [2.2042, 1.1256, 0.9788]
    assert example().weight_in_index[["Goods", "Renew"]].round(8).tolist() == [0.02, 0.03333333]
    matched = weights.importance(scores[["Conn", "Sust"]])  # COINr stops at its tolerance: 0.390, 0.610
    assert matched.to_numpy() == pytest.approx([0.3902439, 0.6097561], abs=0.01)
    assert matched.attrs["largest_miss"] < 1e-6


# Stata ----------------------------------------------------------------------------------------------------------------

FIRST_CODE = bytes.fromhex("000000000001e07f")  # .a of a double (dta format 118, section 5.2)


def small() -> spec.Spec:
    return engine_data.flat("credit", "carbon")


@pytest.fixture
def dta(tmp_path):
    """A file as Stata writes it after `label values`, `format year %ty`, `replace carbon = .a in 3`."""
    path = tmp_path / "x.dta"
    frame = pd.DataFrame(
        {
            "unit": [1, 2, 3],
            "year": pd.to_datetime(["2024-01-01"] * 3),
            "credit": [150.0, 300, 110],
            "carbon": [0.7, 1.3, -999.25],
        }
    )
    labels = {"unit": {1: "甲", 2: "乙", 3: "丙"}}
    frame.to_stata(path, version=118, write_index=False, value_labels=labels, convert_dates={"year": "ty"})
    cell = struct.pack("<d", -999.25)
    assert path.read_bytes().count(cell) == 1
    path.write_bytes(path.read_bytes().replace(cell, FIRST_CODE))
    return path


def test_labels_years_and_missing_codes_of_a_stata_file(dta):
    coded = pd.read_stata(dta, convert_missing=True)
    assert str(coded["carbon"][2]) == ".a" and str(coded["year"][0]).startswith("2024-01-01")
    expected = {("甲", "credit"): 150, ("乙", "credit"): 300, ("丙", "credit"): 110}
    expected |= {("甲", "carbon"): 0.7, ("乙", "carbon"): 1.3, ("丙", "carbon"): np.nan}
    for cells in (
        panel.from_wide(pd.read_stata(dta), small()),
        panel.from_wide(coded, small()),
        panel.from_wide(pd.read_stata(dta, convert_dates=False), small()),
        panel.read(dta, small()),
    ):
        found = cells.set_index(["unit", "indicator"])
        assert found["value"].to_dict() == pytest.approx(expected, nan_ok=True)
        assert set(found["year"]) == {2024}


def test_a_quarter_is_no_year(tmp_path):
    frame = pd.DataFrame(
        {"unit": ["a"], "year": pd.to_datetime(["2024-04-01"]), "credit": [1.0], "carbon": [2.0]}
    )
    frame.to_stata(tmp_path / "x.dta", version=118, write_index=False, convert_dates={"year": "tq"})
    with pytest.raises(InputError, match="2024-04-01"):
        panel.from_wide(pd.read_stata(tmp_path / "x.dta"), small())
    with pytest.raises(InputError, match="2024-04-01"):
        panel.read(tmp_path / "x.dta", small())


def test_a_labelled_number_among_the_values_is_refused(tmp_path):
    frame = pd.DataFrame({"unit": ["a", "b"], "year": 2024, "credit": [99, 3], "carbon": [1.0, 2.0]})
    frame.to_stata(tmp_path / "x.dta", version=118, write_index=False, value_labels={"credit": {99: "不详"}})
    with pytest.raises(InputError, match="row 1, column 'credit': '不详'"):
        panel.from_wide(pd.read_stata(tmp_path / "x.dta"), small())
    with pytest.raises(InputError, match="row 2, column 'credit'"):
        panel.read(tmp_path / "x.dta", small())


def test_scores_go_back_to_stata(tmp_path):
    values = {"credit": {"甲": 1.0, "乙": 2, "丙": 4}, "carbon": {"甲": 3.0, "乙": 2, "丙": 9}}
    cells = engine_data.panel(
        {
            (unit, year, name): value + year
            for name, column in values.items()
            for unit, value in column.items()
            for year in (2023, 2024)
        }
    )
    scores = Index(small(), cells).scores()
    scores = scores.assign(note=pd.Series([None, *["好"] * (len(scores) - 1)], dtype=object))
    scores.to_stata(tmp_path / "s.dta", version=118, write_index=False)
    back = pd.read_stata(tmp_path / "s.dta")
    assert back["unit"].tolist() == scores["unit"].tolist()
    assert back["score"].tolist() == scores["score"].tolist()
    assert back["rank"].dtype.kind == "i" and back["rank_change"].dtype == float  # a column with gaps
    assert back["rank_change"].isna().sum() == scores["rank_change"].isna().sum() > 0
    assert back["note"].tolist()[:2] == ["", "好"]
    with pytest.raises(ValueError, match="only null values"):
        scores.assign(note=None).to_stata(tmp_path / "s.dta", version=118, write_index=False)


def test_ranks_are_the_field_ranks_of_stata():
    """egen r = rank(x), field: the highest is 1, without correction for ties (Stata, Data-Management Manual, egen)."""
    cells = engine_data.columns(credit=[5, 7, 7, 1], carbon=[5, 7, 7, 1])
    found = Index(small(), cells).of().set_index("unit")["rank"]
    assert found.to_dict() == {"a": 3, "b": 1, "c": 1, "d": 4}


def test_quantile_groups_are_those_of_xtile():
    """xtile with nq(4) of 1 … 8: two each; pctile takes the mean of the 2nd and 3rd value where n p / 100 is whole
    (Stata, Data-Management Manual, pctile, methods and formulas)."""
    y = np.arange(1.0, 9)
    cuts = np.quantile(y, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    assert cuts.tolist() == [2.5, 4.5, 6.5]
    assert (1 + np.searchsorted(cuts, y)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    ties = np.array([1.0, 1, 2, 2, 2])
    cuts = np.quantile(ties, [0.5], method="averaged_inverted_cdf")
    assert cuts.tolist() == [2] and (1 + np.searchsorted(cuts, ties)).tolist() == [1, 1, 1, 1, 1]
