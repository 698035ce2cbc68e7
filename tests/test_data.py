"""The data in the repository: packages valid, keys whole, inferred places marked."""

import json

import pandas as pd
import pytest
from frictionless import validate

from fire import files
from fire.sources import statistics


@pytest.mark.parametrize("package", [".", "statistics"])
def test_package_is_valid(package):
    report = validate(str(files.DATA / package / "datapackage.json"))
    assert report.valid, [error.message for task in report.tasks for error in task.errors]


def test_every_file_is_described_and_typed():
    folder = files.DATA / "statistics"
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert {resource["path"] for resource in described["resources"]} == {
        path.name for path in folder.glob("*.csv")
    }
    assert described["licenses"] and described["sources"]
    assert all(field["type"] for resource in described["resources"] for field in resource["schema"]["fields"])


def test_files_open_in_excel_as_utf8():
    for path in (files.DATA / "statistics").glob("*.csv"):
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


def test_coordinates_agree_with_province_codes():
    places = statistics.places()
    provinces = pd.crosstab(places["adcode"].str[:2], places["province"])
    assert (provinces.gt(0).sum(axis=1) == 1).all()
