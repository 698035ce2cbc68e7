"""Views of results: league table, strengths, peers, scenarios, groups; descriptions of data."""

import numpy as np
import pandas as pd
import pytest
from engine_data import coinr, columns, flat, index, panel, random_panel, word
from numpy.testing import assert_allclose
from scipy import stats

from fire.analysis import describe, views
from fire.errors import InputError
from fire.index import score, treat
from fire.index import spec as specs

SPEC = flat("x", "y", "z", reference="base", base_year=2020)
CELLS = random_panel(SPEC)
SCORES = score.compute(SPEC, CELLS)


def test_league_table():
    table = views.league(SCORES, SPEC)
    assert table["rank"].tolist() == sorted(table["rank"]) and len(table) == 12
    assert table.loc[0, "score"] == SCORES.query("node == 'total' and year == 2021")["score"].max()
    assert list(table) == ["rank", "unit", "score", "growth_pct", "rank_change", "x", "y", "z"]
    assert_allclose(table[["x", "y", "z"]].mean(axis=1), table["score"])
    assert len(views.league(SCORES, SPEC, top=3, year=2020)) == 3
    assert list(views.league(SCORES, SPEC, "x", lang="zh"))[:3] == ["排名", "城市", "得分"]
    shown = views.displayed(table, SPEC)
    assert (shown["score"] == table["score"].round(3)).all()


def test_strengths_and_weaknesses():
    table = views.strengths(SCORES, SPEC, "u01", count=1)
    own = SCORES.query("unit == 'u01' and year == 2021 and node != 'total'")
    assert table["side"].tolist() == ["strength", "weakness"]
    assert table["rank"].tolist() == [own["rank"].min(), own["rank"].max()]
    assert views.strengths(SCORES, SPEC, "u01", count=1, lang="zh")["类别"].tolist() == ["优势", "短板"]


def test_peers_are_the_nearest_in_indicator_space():
    table = views.peers(SCORES, SPEC, "u01", count=3)
    wide = views.wide(SCORES[SCORES["year"].eq(2021)], ["x", "y", "z"])
    gap = ((wide - wide.loc["u01"]) ** 2).mean(axis=1) ** 0.5
    assert table["unit"].tolist() == gap.drop("u01").nsmallest(3).index.tolist()
    assert_allclose(table["distance"], gap.drop("u01").nsmallest(3))


def test_scenarios_side_by_side():
    runs = {
        "as published": SCORES,
        "ranks": score.compute(SPEC.vary(normalise="rank", reference="year"), CELLS),
        "x alone": score.compute(SPEC.vary(weights={"x": 1, "y": 0, "z": 0}), CELLS),
    }
    table = views.scenarios(runs, "total")
    assert list(table) == [*runs, "spread"] and table["as published"].tolist() == sorted(
        table["as published"]
    )
    agreement = views.agreement(runs, "total")
    assert agreement.loc["as published", "as published"] == 1 and agreement.loc["as published", "x alone"] < 1
    moves = views.movers(runs, "total", count=2)
    gaps = table[["ranks", "x alone"]].sub(table["as published"], axis=0).abs()
    assert moves["change"].abs().tolist() == sorted(gaps.to_numpy().ravel(), reverse=True)[:2]
    assert (moves["change"] == moves["rank_before"] - moves["rank_after"]).all()


def test_ranks_inside_groups():
    groups = pd.Series({f"u{row:02d}": "odd" if row % 2 else "even" for row in range(12)})
    table = views.group_ranks(SCORES, groups, "total")
    assert table.groupby("group")["group_rank"].apply(list).tolist() == [[1, 2, 3, 4, 5, 6]] * 2
    assert set(table["of"]) == {6}
    tied = views.group_ranks(
        score.compute(flat("x", normalise="none"), columns(x=[0.3, 0.1 + 0.2, 1])),
        pd.Series({"a": "g", "b": "g", "c": "h"}),
        "total",
    )
    assert tied["group_rank"].tolist() == [1, 1, 1]


def test_unknown_names_say_what_to_type():
    for call, words in [
        (lambda: views.league(SCORES, SPEC, "totl"), "did you mean 'total'"),
        (lambda: views.strengths(SCORES, SPEC, "u1"), "did you mean"),
        (lambda: views.league(SCORES, SPEC, year=2030), "no year 2030: type one of 2020, 2021"),
        (lambda: views.scenarios({"a": SCORES}, "xx"), "no node 'xx'"),
    ]:
        with pytest.raises(InputError, match=words):
            call()


def test_availability_and_statistics():
    table = pd.DataFrame({"x": [1, np.nan, 0, 4.0], "y": [0, 2, 3, 40.0]}, index=list("abcd"))
    found = describe.availability(table)
    assert found.loc["b", ["missing", "available"]].tolist() == [1, 0.5] and found.loc["a", "not_zero"] == 0.5
    line = describe.statistics(table).loc["y"]
    assert line["skew"] == pytest.approx(stats.skew(table["y"], bias=False))
    assert line["kurtosis"] == pytest.approx(stats.kurtosis(table["y"], bias=False))
    assert np.isnan(treat.skewness(np.ones(5)))


def test_availability_below_each_node():
    spec = index(
        word("p", parent="total"), word("x", parent="p"), word("y", parent="p"), word("z", parent="total")
    )
    table = pd.DataFrame({"x": [1.0], "y": [np.nan], "z": [2.0]})
    assert describe.by_group(table, spec).loc[0].to_dict() == {"total": pytest.approx(2 / 3), "p": 0.5}


def test_correlations_use_complete_pairs_and_a_level():
    data = coinr("asem_raw")[["Goods", "Services", "FDI", "Embs"]]
    found = describe.correlations(data)
    assert_allclose(found, data.corr())
    spearman = describe.correlations(data, method="spearman")
    assert_allclose(spearman, data.corr(method="spearman"))
    assert describe.correlations(data, level=1e-9).isna().to_numpy().any()
    assert found.loc["Goods", "FDI"] == pytest.approx(
        stats.pearsonr(*data[["Goods", "FDI"]].dropna().T.to_numpy())[0]
    )


def test_correlations_with_parents():
    wide = score.steps(SPEC, CELLS).scores
    table = describe.with_parents(wide, SPEC).set_index("node")
    assert table.loc["x", "with_index"] == pytest.approx(np.corrcoef(wide["x"], wide["total"])[0, 1])


def test_trends():
    cells = panel(
        {("a", year, "x"): value for year, value in [(2018, 100), (2019, 140), (2021, 133.1)]}
        | {("b", 2018, "x"): 1, ("b", 2021, "x"): 2, ("c", 2019, "x"): 5}
    )
    table = score.steps(flat("x", normalise="none"), cells).raw
    found = describe.trends(table).set_index("unit")["trend"]
    assert found["a"] == pytest.approx(0.1) == pytest.approx(1.331 ** (1 / 3) - 1, abs=1e-12)
    assert found["b"] == pytest.approx(2 ** (1 / 3) - 1) and np.isnan(found["c"])
    slope = describe.trends(table, measure="slope_pct").set_index("unit")["trend"]
    line = np.polyfit([0, 1, 3], [100, 140, 133.1], 1)
    assert slope["a"] == pytest.approx(100 * line[0] / line[1]) and slope["b"] == pytest.approx(100 / 3)
    down = describe.trends(table, flat("x").vary("x", direction=-1)).set_index("unit")["trend"]
    assert down["a"] == pytest.approx(-0.1)
    spec, cells = specs.from_coinr(coinr("asem_meta").drop(columns="Denominator"), coinr("panel_raw"))
    rates = describe.trends(score.steps(spec, cells).raw[["Goods"]]).set_index("unit")["trend"]
    goods = coinr("panel_raw").pivot(index="uCode", columns="Time", values="Goods")
    assert_allclose(rates, (goods[2022] / goods[2018]) ** 0.25 - 1)
