"""The data in the repository: packages valid, keys whole, inferred places marked."""

import json

import pandas as pd
import pytest
from frictionless import validate

from fire import files
from fire.sources import statistics
from studies.printed2022 import published


@pytest.mark.parametrize("package", [".", "published", "statistics"])
def test_package_is_valid(package):
    report = validate(str(files.DATA / package / "datapackage.json"))
    assert report.valid, [error.message for task in report.tasks for error in task.errors]


@pytest.mark.parametrize("package", ["published", "statistics"])
def test_every_file_is_described_and_typed(package):
    folder = files.DATA / package
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {resource["path"] for resource in described["resources"]} == {
        path.name for path in folder.glob("*.csv")
    }
    assert described["licenses"] and described["sources"]
    assert all(field["type"] for resource in described["resources"] for field in resource["schema"]["fields"])


def test_frictionless_sees_a_broken_key(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    for path in (files.FACTS).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    scores = (
        (folder / "index_scores.csv").read_text(encoding="utf-8-sig").replace("total,rank", "totel,rank", 1)
    )
    (folder / "index_scores.csv").write_text(scores, encoding="utf-8")
    errors = [error for task in validate(str(folder / "datapackage.json")).tasks for error in task.errors]
    assert any("totel" in error.message for error in errors)


def test_files_open_in_excel_as_utf8():
    for folder in ("published", "statistics"):
        for path in (files.DATA / folder).glob("*.csv"):
            assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path.name


def test_places_are_59_cities_in_13_regions():
    places, regions = statistics.places(), files.read_csv(files.DATA / "regions.csv")
    assert (
        len(places) == 59
        and not places["city"].duplicated().any()
        and not places["city_en"].duplicated().any()
    )
    assert list(dict.fromkeys(places["region"])) == regions["region"].tolist()
    assert places["adcode"].str.fullmatch(r"\d{6}").all()
    assert places["lon"].between(73, 135).all() and places["lat"].between(18, 54).all()


def test_places_are_inferred_unless_the_text_names_them():
    places, named = (
        statistics.places().set_index("city"),
        published.load("regions").query("kind == 'city'").set_index("name"),
    )
    printed = set(named.index[named["in_index"].eq("yes")])
    assert set(places.index[places["in_index_basis"].eq("printed")]) == printed and len(printed) == 41
    for city in named.index[named["basis"].eq("stated") & named["in_index"].eq("yes")]:
        assert (
            places.at[city, "region"] == named.at[city, "region"]
            and places.at[city, "region_basis"] == "printed"
        )
    assert (places.drop(printed)["region_basis"] == "inferred").all()


def test_locators_are_short_snippets_and_no_sentence_is_stored():
    for name in published.names():
        table = published.load(name)
        for column in [column for column in table if column.startswith("locator")]:
            snippets = table[column].dropna().str.split("｜").str[-1]
            assert snippets.str.len().max() <= 20, name


def test_coordinates_agree_with_province_codes():
    places = statistics.places()
    provinces = pd.crosstab(places["adcode"].str[:2], places["province"])
    assert (provinces.gt(0).sum(axis=1) == 1).all()
