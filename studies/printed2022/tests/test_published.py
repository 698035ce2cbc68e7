"""Published facts: typed, checked, refused with the cell named."""

import shutil

import pytest

from fire.errors import InputError
from studies.printed2022 import published


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(published.FOLDER, tmp_path / "published")


def change(folder, name, old, new):
    path = folder / f"{name}.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_tables_load_with_the_printed_counts():
    tables = {name: published.load(name) for name in published.names()}
    assert len(tables["index_scores"]) == 845 and len(tables["index_claims"]) == 214
    assert len(tables["errata"]) == 41 and len(tables["errata_other"]) == 47 and len(tables["typology"]) == 23
    assert (
        tables["index_scores"]["value"].dtype == float
        and tables["index_scores"]["printed_text"].iloc[149] == "2.30"
    )


def test_scores_leave_out_unusable_errata():
    table = published.scores()
    raw = published.load("index_scores")
    assert set(raw.loc[raw["errata"].isin(["E02", "E03"]), "id"])
    assert table.set_index(["unit", "node"]).loc[("北京", "total"), "score"] == 9.958
    assert not table.duplicated(["unit_type", "unit", "year", "node"]).any()


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("index_scores", "8.412,3,exact", "8.41,3,exact", "8.41 has 2 decimals, not 3"),
        ("index_scores", "city,北京,F,score", "city,北平,F,score", "'北平' is no city or region"),
        ("index_scores", "北京,F,score", "北京,X,score", "'X' is not in nodes.csv"),
        ("index_scores", "8.412,3,exact", "eight,3,exact", "'eight' is not a number"),
        ("index_scores", ",E01,", ",E99,", "'E99' is not in errata.csv"),
    ],
)
def test_a_wrong_cell_is_refused_by_name(folder, name, old, new, words):
    change(folder, name, old, new)
    with pytest.raises(InputError, match="row ") as caught:
        published.load(name, folder)
    assert words in str(caught.value) and "column '" in str(caught.value)


def test_unknown_table():
    with pytest.raises(InputError, match="no such table: use one of"):
        published.load("scores")


def test_gb18030_is_read(folder):
    path = folder / "nodes.csv"
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))
    assert published.load("nodes", folder).loc[1, "name_zh"] == "要素基础"
