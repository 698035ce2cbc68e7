"""A chained edition keeps the posts of the last, whatever its data say of the base year: everything that is computed or
shown of it rests on the same posts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from whole import few

from fire import edition as editions
from fire import files
from fire.analysis import audit, changes, results, robustness, targets
from fire.index import score
from fire.report import explorer, profile, workbook

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module", params=few([0.5, 1.5], 0.5), ids=["halved", "half more"])
def chained(request, tmp_path_factory):
    """Edition 2023: the data of 2022 with the greatest base-year value of one indicator revised; posts of 2022."""
    folder = tmp_path_factory.mktemp("editions")
    text = (editions.EDITIONS / "2022.yaml").read_text(encoding="utf-8")
    cells = editions.load(2022).index.complete().assign(status="observed")  # as if all were known
    files.write_csv(cells, folder / "whole.csv")
    text = text.replace("data/panel-2022.csv", str(folder / "whole.csv"))
    text = "".join(
        line for line in text.splitlines(True) if not line.startswith(("draws:", "feasible:", "facts:"))
    )
    (folder / "2022.yaml").write_text(text, encoding="utf-8")
    editions.publish(2022, folder)
    first = editions.load(2022, folder)
    base = cells[cells["indicator"].eq("firms") & cells["year"].eq(first.base_year)]
    top = base["value"].idxmax()
    revised = cells.assign(value=cells["value"].where(cells.index != top, cells["value"] * request.param))
    files.write_csv(revised, folder / "revised.csv")
    text = text.replace("edition: 2022", "edition: 2023").replace("whole.csv", "revised.csv")
    (folder / "2023.yaml").write_text(text + "posts: 2022\n", encoding="utf-8")
    ed = editions.load(2023, folder)
    assert not np.isclose(ed.index.thaw().posts.at["firms", "high"], ed.index.posts.at["firms", "high"])
    return ed, first, folder


@pytest.fixture(scope="module")
def known(chained):
    return results.Results(chained[0].index, chained[2] / "results")


def test_scores_rest_on_the_posts_of_the_last_edition(chained):
    ed, first, _ = chained
    pd.testing.assert_frame_equal(ed.index.posts, first.index.posts)
    plain = score.compute(first.spec, ed.index.panel, first.index.posts, first.index.groups)
    assert_allclose(ed.index.scores()["score"], plain["score"], **CLOSE)


@pytest.mark.whole
def test_stored_intervals_hold_the_published_ranks(chained, known):
    ranks = ed_ranks(chained[0])
    shown = known.intervals[known.intervals["node"].eq("total")].set_index(["year", "unit"])["rank"]
    assert (shown.loc[ranks.index].astype(int) == ranks).all()
    sets = chained[0].spec.nodes["weight"].to_frame("as published")
    one = robustness.run(chained[0].index, {"weights": {"sets": sets}}, draws=1)
    assert (one.intervals.set_index(["year", "unit"])["rank_median"].loc[ranks.index] == ranks).all()


def ed_ranks(ed):
    return ed.index.scores().query("node == 'total'").set_index(["year", "unit"])["rank"].astype(int)


def test_attribution_adds_up_to_the_change_of_score(chained, known):
    index = chained[0].index
    wanted = index.wide()["total"] - index.wide(index.before)["total"]
    parts = known.attribution.groupby("unit")["points"].sum()
    assert_allclose(parts[wanted.index], wanted, **CLOSE)
    places = known.rivals.groupby("unit")["places"].sum().reindex(wanted.index).fillna(0)
    moved = index.of().set_index("unit")["rank_change"].astype(int)
    assert (places == moved[wanted.index]).all()


@pytest.mark.parametrize("unit", ["合肥", "成都", "上海"])
def test_what_it_would_take_is_what_it_takes(chained, unit):
    index = chained[0].index
    rank = index.of().set_index("unit").at[unit, "rank"]
    for line in targets.single(index, unit).head(4).itertuples():
        cells = index.panel
        cell = cells["unit"].eq(unit) & cells["year"].eq(index.year) & cells["indicator"].eq(line.indicator)
        assert_allclose(cells.loc[cell, "value"], line.raw_from, rtol=1e-9)
        changed = index.revise(cells.assign(value=cells["value"].mask(cell, line.raw_to)))
        assert changed.of().set_index("unit").at[unit, "rank"] == rank - 1


@pytest.mark.whole
def test_the_audit_reads_the_same_scores(chained, known):
    wide, lines = chained[0].index.wide(), known.audit
    for line in lines[lines["check"].eq("parent")].itertuples():
        parent = chained[0].spec.nodes.at[line.node, "parent"]
        assert_allclose(line.value, wide[line.node].corr(wide[parent]), **CLOSE)
    assert set(lines["verdict"]) <= {"pass", "flag", "fail"} and audit.thresholds()


@pytest.mark.whole
def test_the_workbook_computes_the_same(chained, tmp_path):
    from test_workbook import SOFFICE, assert_scores, recalculate

    ed = chained[0]
    path = workbook.write(tmp_path / "fire.xlsx", ed)
    assert_scores(path, ed.index)
    if SOFFICE:
        assert_scores(recalculate(path, tmp_path / "again"), ed.index)


def test_the_explorer_carries_the_same(chained):
    ed = chained[0]
    data = explorer.data(ed, "zh")
    weights = data["presets"]["published"]
    for year in data["years"]:
        leaves = dict(zip(data["nodes"], np.array(data["scores"][year]).T))
        total = sum(
            weights[pillar] * sum(weights[node] * leaves[node] for node in nodes)
            for pillar, nodes in data["tree"].items()
        )
        assert_allclose(
            total, ed.index.wide(year)["total"].loc[[unit["id"] for unit in data["units"]]], **CLOSE
        )


@pytest.mark.whole
def test_the_pages_show_the_same(chained, known):
    ed = chained[0]
    final, pages = ed.index.of().set_index("unit"), profile.profiles(ed, known)
    for name, facts in pages.items():
        if facts["kind"] == "city":
            assert (facts["rank"], facts["score"]) == (final.at[name, "rank"], final.at[name, "score"])
            assert facts["moved"]["total"] == pytest.approx(
                final.at[name, "score"] - ed.index.wide(ed.index.before).at[name, "total"], abs=1e-9
            )


def test_comparing_the_two_editions_names_the_revised_cell_and_adds_up(chained):
    ed, first, _ = chained
    found = changes.difference(first, ed)
    cells = found["data"]
    assert len(cells) == 1 and cells.iloc[0]["indicator"] == "firms" and cells.iloc[0]["edit"] == "revised"
