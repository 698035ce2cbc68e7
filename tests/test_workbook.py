"""The workbook: its cached results are the engine's, and Excel's own recalculation gives them again."""

import shutil
import subprocess

import numpy as np
import openpyxl
import pandas as pd
import pytest
import small

from fire import codebook
from fire.index.panel import STATUSES
from fire.report import workbook

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


DRAWN = {"firms", "deals", "univ_patents"}


def small_edition(weights=None, **options):
    """Twelve units, one of them with a name that Excel would run."""
    return small.edition(
        ["=cmd|' /C calc'!A0", *(f"市{unit:02d}" for unit in range(1, 12))], weights, **options
    )


def table_of(path, sheet, first=1):
    rows = list(openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True))
    return pd.DataFrame(rows[first:], columns=rows[first - 1]).set_index(rows[first - 1][0])


def recalculate(path, folder):
    """The workbook after LibreOffice has computed every formula anew."""
    subprocess.run(
        [
            SOFFICE,
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(folder),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return folder / path.name


def expected(edition, year=2021):
    scores = edition.index.scores()
    return scores[scores["year"].eq(year)].pivot(index="unit", columns="node", values="score")


def assert_scores(table, edition):
    wide = expected(edition)
    for node in edition.spec.nodes.index:
        column = f"{edition.spec.label(node, 'zh')} {node}"
        np.testing.assert_allclose(table.loc[wide.index, column].astype(float), wide[node], rtol=1e-9)


@pytest.fixture
def written(tmp_path):
    edition = small_edition()
    return edition, workbook.write(
        tmp_path / "fire.xlsx",
        edition,
        {
            "城市": {
                "title": "试",
                "note": "来源",
                "frame": pd.DataFrame({"名称": ["=1+1", "+x"], "数": [1.5, np.nan]}),
            }
        },
    )


def test_stored_results_are_the_engines(written):
    edition, path = written
    assert_scores(table_of(path, "计算 Scores 2021"), edition)
    ranking = table_of(path, "排名 Ranking", first=2)
    final = edition.index.scores().query("year == 2021 and node == 'total'").set_index("unit")
    assert list(ranking["位次 Rank"]) == sorted(ranking["位次 Rank"])
    assert (ranking["位次 Rank"].astype(int) == final.loc[ranking.index, "rank"]).all()


def test_formula_like_names_stay_text(written):
    _, path = written
    cells = [
        cell
        for sheet in openpyxl.load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith(("=cmd", "=1+1", "+x"))
    ]
    assert len(cells) >= 4
    assert {cell.data_type for cell in cells} == {"s"}


def test_two_workbooks_have_the_same_bytes(written, tmp_path):
    edition, path = written
    again = workbook.write(tmp_path / "again.xlsx", edition)
    assert again.read_bytes() == workbook.write(tmp_path / "third.xlsx", edition).read_bytes()


def texts(path) -> str:
    book = openpyxl.load_workbook(path)
    return " ".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell
    )


def test_a_workbook_of_own_data_has_no_sign_and_no_status_beside(written):
    _, path = written
    assert "非官方报告" not in texts(path)
    heads = [cell.value for cell in openpyxl.load_workbook(path)["计算 Scores 2021"][1]]
    assert not any("状态" in str(head) for head in heads)


def test_simulated_raw_values_are_nowhere_and_scores_say_what_they_are(tmp_path):
    edition = small_edition(drawn=DRAWN)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    raw = table_of(path, "原始值 Raw 2021", first=4)
    label = {node: edition.spec.label(node, "zh") for node in edition.spec.indicators}
    for node in edition.spec.indicators:
        assert raw[label[node]].isna().all() == (node in DRAWN)
    book = openpyxl.load_workbook(path)
    posts = [book["原始值 Raw 2021"].cell(1, 2 + at).value for at in range(len(label))]
    assert [post is None for post in posts] == [node in DRAWN for node in label]
    scores = table_of(path, "计算 Scores 2021")
    assert_scores(scores, edition)
    for node, said in (
        ("firms", "模拟 simulated ("),
        ("total", "模拟 simulated ("),
        ("gdp", "公开统计 observed"),
    ):
        column = f"{edition.spec.label(node, 'zh')}：状态 status"
        assert scores[column].str.startswith(said).all(), node
    fills = {cell.fill.fgColor.rgb[-6:] for cell in book["计算 Scores 2021"][2] if cell.data_type in "nf"}
    assert fills == {"000000", workbook.FILLS["simulated"][1:]}
    about = texts(path)
    assert "复算演示版 · 非官方报告" in about and "the official report" in about and "灰底" in about


def test_every_status_is_explained_in_both_languages(written):
    table = table_of(written[1], "数据状态 Status")
    assert list(table["Status"]) == [codebook.status(name, "en") for name in STATUSES] and table.notna().all(
        axis=None
    )


def test_raw_values_that_are_kept_back_stand_as_scores(tmp_path):
    edition = small_edition()
    cells = edition.index.panel
    source = cells["source"].mask(cells["indicator"].eq("inclusive_finance"), "K1")
    edition.index = edition.index.revise(cells.assign(source=source))
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    assert table_of(path, "原始值 Raw 2021", first=4)["普惠金融"].isna().all()
    assert_scores(table_of(path, "计算 Scores 2021"), edition)
    assert "可否转发" in texts(path)


def test_a_result_table_shows_ranges_and_marks(tmp_path):
    known = pd.DataFrame(
        {"status": ["printed", "simulated", "observed"], "low": [9.958, 6.1, 5], "high": [9.958, 7.4, 5]}
    )
    frame = pd.DataFrame({"得分": [9.958, 6.7123, 5.0]})
    tables = {"表": {"title": "试", "frame": frame, "known": {"得分": known}, "digits": {"得分": 3}}}
    sheet = openpyxl.load_workbook(workbook.write(tmp_path / "fire.xlsx", small_edition(), tables))["表"]
    cells = [sheet.cell(row, 1) for row in (5, 6, 7)]
    assert [cell.value for cell in cells] == [9.958, "(6.1–7.4)", 5]
    assert cells[0].number_format == '0.000" [刊]"' and cells[2].number_format == "0.000"


@pytest.mark.slow
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: recalculation cannot be checked")
@pytest.mark.parametrize("drawn", [set(), DRAWN])
def test_a_changed_weight_recomputes_to_the_engines_scores(drawn, tmp_path):
    edition = small_edition(drawn=drawn)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    book = openpyxl.load_workbook(path)
    sheet = book["权重 Weights"]
    row = next(row for row in range(4, 40) if sheet.cell(row, 1).value == "F")
    sheet.cell(row, 5).value = 0.40
    (tmp_path / "changed").mkdir()
    book.save(tmp_path / "changed.xlsx")
    fresh = recalculate(tmp_path / "changed.xlsx", tmp_path / "changed")
    scale = 0.40 + 0.25 + 0.25 + 0.35
    weights = {"F": 0.40 / scale, "I": 0.25 / scale, "R": 0.25 / scale, "E": 0.35 / scale}
    changed = small_edition(weights, drawn=drawn)
    table = table_of(fresh, "计算 Scores 2021")
    assert_scores(table, changed)
    final = changed.index.scores().query("year == 2021 and node == 'total'").set_index("unit")["rank"]
    assert (table.loc[final.index, "位次 Rank"].astype(int) == final).all()
    assert not np.allclose(expected(changed)["total"], expected(edition)["total"])


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"aggregation": "median"}, "no weighted arithmetic means"),
        ({"range": "truncated"}, "range = 'truncated'"),
        ({"rounding": {"decimals": 2, "rule": "half_up", "at": "every_node"}}, "rounded on the way"),
    ],
)
def test_what_no_formula_computes_stands_as_values_and_says_so(choices, why, tmp_path):
    edition = small_edition(**choices)
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    assert_scores(table_of(path, "计算 Scores 2021"), edition)
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert why in texts(path) and "可改" not in texts(path) and "live" not in texts(path)


def test_where_the_lowest_is_best_the_formulas_rank_it_first(tmp_path):
    edition = small_edition(best="low")
    path = workbook.write(tmp_path / "fire.xlsx", edition)
    ranks = table_of(path, "计算 Scores 2021")["位次 Rank"]
    scores = expected(edition)["total"]
    assert ranks[scores.idxmin()] == 1
    book = openpyxl.load_workbook(path)["计算 Scores 2021"]
    assert book.cell(2, book.max_column).value.endswith(",1)")
