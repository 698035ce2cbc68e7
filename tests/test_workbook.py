"""The workbook: its cached results are the engine's, and Excel's own recalculation gives them again."""

import shutil
import subprocess

import numpy as np
import openpyxl
import pandas as pd
import pytest
import small

from fire.errors import InputError
from fire.report import workbook

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def small_edition(weights=None):
    """Twelve units, one of them with a name that Excel would run."""
    return small.edition(["=cmd|' /C calc'!A0", *(f"市{unit:02d}" for unit in range(1, 12))], weights)


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


@pytest.mark.slow
@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed: recalculation cannot be checked")
def test_a_changed_weight_recomputes_to_the_engines_scores(written, tmp_path):
    edition, path = written
    book = openpyxl.load_workbook(path)
    sheet = book["权重 Weights"]
    row = next(row for row in range(4, 40) if sheet.cell(row, 1).value == "F")
    sheet.cell(row, 5).value = 0.40
    (tmp_path / "changed").mkdir()
    book.save(tmp_path / "changed.xlsx")
    fresh = recalculate(tmp_path / "changed.xlsx", tmp_path / "changed")
    scale = 0.40 + 0.25 + 0.25 + 0.35
    changed = small_edition({"F": 0.40 / scale, "I": 0.25 / scale, "R": 0.25 / scale, "E": 0.35 / scale})
    table = table_of(fresh, "计算 Scores 2021")
    assert_scores(table, changed)
    final = changed.index.scores().query("year == 2021 and node == 'total'").set_index("unit")["rank"]
    assert (table.loc[final.index, "位次 Rank"].astype(int) == final).all()
    assert not np.allclose(expected(changed)["total"], expected(edition)["total"])


def test_a_method_without_formula_is_refused(tmp_path):
    edition = small.edition(["甲", "乙", "丙"], aggregation="geometric")
    with pytest.raises(InputError, match="aggregation = 'geometric' has no live formula"):
        workbook.write(tmp_path / "fire.xlsx", edition)
    assert list(tmp_path.iterdir()) == []
