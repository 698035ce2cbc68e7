"""What stands at the doors of the engine: understood where nothing is guessed, else one error that says what to type."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engine_data import columns, flat, only, panel

import fire
from fire.errors import InputError
from fire.index import panel as panels
from fire.index import score
from fire.index.index import Index

SPEC = flat("x", "y")
CELLS = panel(
    {
        (unit, year, name): 1 + place + (year - 2020) * (name == "x") + 2 * (name == "y") * place**2
        for place, unit in enumerate("abc")
        for year in (2020, 2021)
        for name in "xy"
    }
)
WIDE = CELLS.pivot(index=["unit", "year"], columns="indicator", values="value").reset_index()
PLACES = pd.DataFrame({"city": list("abc"), "region": list("eew")})
POSTS = {"x": (0, 10), "y": (0, 30)}


def refused(given, words):
    with pytest.raises(InputError, match=words):
        given()


@pytest.mark.parametrize("door", [Index, score.compute, score.steps, score.base_posts])
@pytest.mark.parametrize(
    "spec, cells, words",
    [
        (CELLS, SPEC, "the specification comes first, then the table: swap"),
        ({"id": "x"}, CELLS, r"is a dict: build it first: spec = fire.index.spec.build\(table"),
        ("fire-2022", CELLS, r"load it first: spec = fire.specification\('fire-2022'\)"),
        (Path("mine.toml"), CELLS, r"load it first: spec = fire.specification\('mine.toml'\)"),
        (None, CELLS, r"is missing \(None\): give a Spec"),
        (SPEC, None, r"the panel is missing \(None\): give a DataFrame with the columns unit, year"),
        (SPEC, {"x": [1]}, "the panel is a dict: give a DataFrame"),
        (SPEC, CELLS.set_index(panels.KEY)["value"], "the panel is a Series: give a DataFrame"),
        (SPEC, CELLS.set_index(panels.KEY), r"stand in the index of the panel: .* panel.reset_index\(\)"),
        (SPEC, "panel.csv", r"read it first: panel = fire.read_panel\('panel.csv', spec\)"),
        (SPEC, WIDE, r"make it a panel: fire.index.panel.from_wide\(table, spec\)"),
        (SPEC, WIDE.set_index(["unit", "year"]), "fire.index.panel.from_wide"),
        (SPEC, WIDE.set_index("unit")[["x", "y"]].T, "fire.index.panel.from_wide"),
        (SPEC, CELLS.rename(columns=str.title), "column 'unit' is missing: rename 'Unit'"),
        (SPEC, CELLS.drop(columns="value"), "column 'value' is missing: add it"),
        (SPEC, pd.concat([CELLS, CELLS["value"]], axis=1), "column 'value' is there more than once"),
        (SPEC, CELLS.assign(unit=[["a"]] * len(CELLS)), "'unit' holds what is no name"),
        (SPEC, CELLS.assign(value=pd.Timestamp(2020, 1, 1)), "'value' holds datetime64.*: give numbers"),
        (SPEC, CELLS.astype({"year": str}), r"panel.astype\({'year': int}\)"),
        (SPEC, CELLS.assign(year=pd.Timestamp(2020, 1, 1)), r"panel.assign\(year=panel\['year'\].dt.year\)"),
        (SPEC, CELLS.replace({"y": "Y "}), "indicator 'y' has no value in any row: rename 'Y ' if that"),
        (SPEC, CELLS[1:].replace({"y": "yy"}), "indicator 'y' has no value in any row: add its data"),
        (
            SPEC,
            CELLS.assign(indicator=CELLS["indicator"].mask(CELLS["year"].eq(2021), "Ｘ")),
            "indicator 'Ｘ' differs from 'x' in case, width or blanks only",
        ),
    ],
)
def test_a_specification_or_a_panel_that_is_none(door, spec, cells, words):
    refused(lambda: door(spec, cells), words)


def test_a_panel_may_hold_other_indicators():
    more = pd.concat([CELLS, CELLS[CELLS["indicator"].eq("x")].assign(indicator="gdp", value=7.0)])
    assert score.compute(SPEC, more).equals(score.compute(SPEC, CELLS))


def test_an_index_and_an_edition_are_told_from_their_parts():
    index = Index(SPEC, CELLS)
    refused(lambda: Index(index, CELLS), "is an Index: give its specification: index.spec")
    refused(lambda: Index(SPEC, index), "is an Index: give its panel: index.panel")


@pytest.mark.parametrize(
    "posts",
    [
        POSTS,
        {name: {"low": low, "high": high} for name, (low, high) in POSTS.items()},
        pd.DataFrame({"indicator": ["x", "y"], "low": [0, 0], "high": [10, 30]}),
        pd.DataFrame({"low": ["0", "0"], "high": ["10", "30"]}, index=["x", "y"]),
    ],
)
def test_posts_in_every_shape_that_says_what_it_means(posts):
    held = Index(SPEC, CELLS, posts)
    assert only(held.scores(), "x", 2020) == pytest.approx([1, 2, 3])  # 10 x / (10 - 0)
    assert held.scores().equals(score.compute(SPEC, CELLS, posts))


def test_groups_as_a_dictionary_and_the_year_as_text():
    spec = flat("x", "y", missing="group_mean")
    there, groups = CELLS[1:], {"a": "e", "b": "e", "c": "w"}
    index = Index(spec, there, groups=groups, year="2020")
    assert index.year == 2020 and Index(spec, there, groups=groups, year=2020.0).year == 2020
    assert index.scores().equals(Index(spec, there, places=PLACES).scores())
    assert index.scores().equals(score.compute(spec, there, groups=groups))
    assert index.steps().imputed["x"][2020, "a"] == 2  # the value of b, the other one of the group


@pytest.mark.parametrize(
    "given, words",
    [
        (
            {"groups": ["e", "e", "w"]},
            "groups are a list, which does not say whose group it is: give a Series",
        ),
        ({"groups": "region"}, "groups are a text"),
        ({"groups": PLACES}, "groups are a DataFrame"),
        ({"groups": PLACES["region"]}, "none of the units of the panel"),
        ({"groups": pd.Series(list("eew"), list("aab"))}, "groups: 'a' is there more than once"),
        (
            {"places": PLACES.rename(columns={"city": "City"})},
            "places: column 'city' is missing: rename 'City'",
        ),
        ({"places": PLACES[["city"]]}, "places: column 'region' is missing: add it"),
        ({"places": {"a": "e"}}, "places are a dict: give a DataFrame with the columns city and region"),
        ({"places": PLACES[:1]}, "b: no row in the places of this index"),
        ({"places": pd.concat([PLACES, PLACES])}, "places: city 'a' appears twice"),
        ({"posts": {"x": (1, 2, 3)}}, r"posts of 'x': write \(low, high\)"),
        ({"posts": {"x": ("low", 3)}}, "posts of 'x', column 'low': 'low' is not a number"),
        ({"posts": {"x": (None, 3)}}, 'x: normalise = "minmax" reads low: give them too'),
        ({"posts": {}}, "posts of no indicator"),
        ({"posts": [0, 10]}, "posts are a list: give a frame"),
        ({"posts": pd.Series([1, 2], ["x", "y"])}, "posts are a Series: give a frame"),
        (
            {"posts": pd.DataFrame({"low": [0, 0], "high": [1, 1]}, ["x", "x"])},
            "posts of 'x' stand there more",
        ),
        ({"year": "last"}, "year = 'last' is not a year: type a whole number such as 2021"),
        ({"year": 2020.5}, "year = 2020.5 is not a year"),
        ({"year": True}, "year = True is not a year"),
        ({"year": np.nan}, "year = nan is not a year"),
        ({"year": 1999}, "no year 1999: it has 2020, 2021"),
        ({"draws": "draws.parquet"}, "draws are a text: give a frame with unit, year, indicator"),
        ({"draws": WIDE}, "draws: column 'indicator' is missing"),
    ],
)
def test_the_other_arguments_of_an_index(given, words):
    refused(lambda: Index(SPEC, CELLS, **given), words)


def test_all_faults_of_the_arguments_at_once():
    with pytest.raises(InputError) as caught:
        Index(SPEC, CELLS, posts=[1], groups=["e"], places=PLACES[["region"]], year="now", draws=1)
    assert len(caught.value.faults) == 5


def test_asking_an_index_for_what_it_has_not():
    index = Index(SPEC, CELLS)
    refused(lambda: index.wide(1999), "no year 1999: it has 2020, 2021")
    refused(lambda: index.wide(column="Score"), "no column 'Score' of the scores: did you mean 'score'")
    refused(lambda: index.of(year="1999"), "no year 1999")
    refused(lambda: index.only("q", 1999), "no unit 'q'.*\n.*no year 1999")
    refused(lambda: index.only([]), "no unit left")
    refused(lambda: index.revise(WIDE), "fire.index.panel.from_wide")
    assert index.wide("2020").equals(index.wide(2020))


def test_one_unit_or_year_is_as_good_as_a_list():
    index = Index(SPEC, CELLS, POSTS)
    one, listed = index.only("a", 2020), index.only(["a"], [2020])
    assert one.units == ["a"] and one.years == [2020] and one.scores().equals(listed.scores())
    named = Index(SPEC, CELLS.replace({"a": "北京", "b": "北", "c": "京"}), POSTS)
    assert named.only("北京").units == ["北京"]  # one name, not its letters


@pytest.mark.parametrize("edition", [1999, None, [2022], "reports/editions/2022.yaml", ""])
def test_an_edition_that_is_not_there(edition):
    refused(lambda: fire.load(edition), "type one of 2022|did you mean '2022'")


@pytest.mark.parametrize(
    "given, words",
    [
        (lambda: panels.read(CELLS), r"a table that is read goes through from_wide\(table, spec\)"),
        (lambda: panels.read("nothing.csv"), "the file does not exist"),
        (lambda: panels.read("nothing.csv", {}), "is a dict: build it first"),
        (lambda: panels.validate(None), r"the panel is missing \(None\)"),
        (lambda: panels.validate(CELLS, "fire-2022"), "load it first"),
        (lambda: panels.wide(columns(x=[1, 2]).drop(columns="unit"), ["x"]), "column 'unit' is missing"),
    ],
)
def test_the_doors_of_a_panel(given, words):
    refused(given, words)
