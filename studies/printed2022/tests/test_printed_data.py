"""The printed facts in the repository: package valid, keys whole, inferred places marked, no text stored."""

import json

from frictionless import validate

from fire.sources import statistics
from studies.printed2022 import published

RULES = {
    "errata-rules.csv",
    "sizes.csv",
    "record_priors.csv",
    "facts-read.csv",
    "benchmarks.csv",
}  # choices of the study, nothing printed


def test_package_is_valid():
    report = validate(str(published.FOLDER / "datapackage.json"))
    assert report.valid, [error.message for task in report.tasks for error in task.errors]


def test_every_file_is_described_typed_and_opens_in_excel_as_utf8():
    described = json.loads((published.FOLDER / "datapackage.json").read_text(encoding="utf-8"))
    tables = {path.name: path for path in published.FOLDER.glob("*.csv")}
    assert set(tables) - {resource["path"] for resource in described["resources"]} == RULES
    assert described["licenses"] and described["sources"]
    assert all(field["type"] for resource in described["resources"] for field in resource["schema"]["fields"])
    assert [name for name, path in tables.items() if path.read_bytes()[:3] != b"\xef\xbb\xbf"] == []


def test_frictionless_sees_a_broken_key(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    for path in published.FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    scores = (
        (folder / "index_scores.csv").read_text(encoding="utf-8-sig").replace("total,rank", "totel,rank", 1)
    )
    (folder / "index_scores.csv").write_text(scores, encoding="utf-8")
    errors = [error for task in validate(str(folder / "datapackage.json")).tasks for error in task.errors]
    assert any("totel" in error.message for error in errors)


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
