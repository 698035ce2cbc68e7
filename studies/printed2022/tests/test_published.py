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


def test_all_tables_load_with_ids_that_are_whole_and_typed():
    tables = {name: published.load(name) for name in published.names()}
    for name, letter in (("index_scores", "S"), ("index_claims", "C"), ("errata", "E"), ("other_facts", "O")):
        assert tables[name]["id"].is_unique and tables[name]["id"].str.fullmatch(rf"{letter}\d+").all(), name
    assert (
        tables["index_scores"]["value"].dtype == float
        and tables["index_scores"]["printed_text"].iloc[149] == "2.30"
    )


def test_what_is_said_to_hold_throughout_has_a_row_for_both_years():
    table = published.load("index_scores")
    throughout = table[table["locator"].str.contains("始终")].query("measure == 'score'")
    years = throughout.groupby("node")["year"].agg(set)
    assert len(years) == 6 and years.map({published.BASE, published.YEAR}.__eq__).all()
    claims = published.load("index_claims")
    assert set(claims.loc[claims["locator"].str.contains("始终"), "year"]) == {published.BASE, published.YEAR}


def test_a_difference_of_precision_or_universe_is_no_erratum():
    """8.87 is 8.871 to two decimals, 8万 firms of the database are not the 42,186 holders of a patent, 4.87 is about 4.8."""
    known = set(published.load("errata")["id"])
    assert not known & {"E15", "E36", "E41"} and known == set(published.load("errata_zh")["id"]) - {
        one for one in published.load("errata_zh")["id"] if one.startswith("OE")
    }


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
