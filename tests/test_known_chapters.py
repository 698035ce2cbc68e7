"""The chapters on dynamics, changes, the focus region and the summary: nothing on single cities, and no test, from what is
drawn; everything where all is known."""

import pandas as pd
import pytest
import test_regional_chapters as chapters
from test_regional_chapters import all_known, alone, drawn, made, run
from whole import few

from fire import edition as editions


class Filed(chapters.Known):
    """Stored results of few draws, in a folder of their own."""

    def __init__(self, index, folder):
        super().__init__(index)
        self.folder = folder


@pytest.fixture
def shown(tmp_path, monkeypatch):
    def show(chapter, kind):
        monkeypatch.setattr(chapters, "Known", lambda index: Filed(index, tmp_path / "results"))
        return run(chapter, made(kind(editions.load(2022).index), tmp_path), monkeypatch)

    return show


@pytest.mark.parametrize("kind", few([drawn, all_known], drawn))
def test_dynamics_are_tested_on_what_is_known_only(shown, kind):
    found, soft = shown("21-dynamics", kind), kind is drawn
    node = "F" if soft else "total"
    assert found["dynamics-scope"]["values"]["nodes"] == (["F"] if soft else ["total", "F", "I", "R", "E"])
    assert found["dynamics-beta-said"]["values"]["node"] == node
    assert "p_holm" in found["dynamics-beta-table"]["columns"]
    assert ("sd_2020_status" in found["dynamics-sigma-table"]["columns"]) == soft
    assert ("dynamics-total-said" in found) == soft and ("dynamics-determinants-said" in found) != soft
    tests = ["dynamics-beta", "dynamics-chance", "dynamics-ranks", "dynamics-density", "dynamics-transitions"]
    assert not any("simulated" in found[name]["status"] for name in tests)
    if soft:
        said = found["dynamics-total-said"]["text"]["zh"]
        assert "p " not in said and "–" in said
        assert found["dynamics-beta-said"]["values"]["soft"]  # the strongest city is not wholly observed


@pytest.mark.whole
@pytest.mark.parametrize("kind", [drawn, all_known])
def test_changes_are_explained_where_all_is_known(shown, kind):
    found, node = shown("13-changes", kind), "F" if kind is drawn else "total"
    told = ["changes-pillars", "changes-waterfalls", "changes-passings", "changes-stories", "changes-what"]
    for name in told:
        assert found[name]["values"]["node"] == node and "simulated" not in found[name]["status"]
    assert found["changes-exercise-said"]["values"]["node"] == node
    if kind is drawn:
        assert found["changes-scope"]["values"]["soft"]
        ups = [
            ups for cell in found["changes-stories"]["sentences"]["story"] for ups in cell["values"]["ups"]
        ]
        assert set(ups) <= {"gdp", "tertiary_share", "pop_size", "pop_structure"}


@pytest.mark.whole
@pytest.mark.parametrize("kind", [drawn, all_known])
def test_the_focus_region_shows_what_is_known_of_its_cities(shown, kind):
    found, soft = shown("40-focus-region", kind), kind is drawn
    names = {name.rsplit("-0", 1)[0] for name in found}
    assert ("focus-known" in names) == soft
    assert ({"focus-strengths", "focus-moves", "focus-high", "focus-growth"} <= names) != soft
    assert ("simulated" in found["focus-table"]["status"]) == soft
    if soft:
        beside = found["focus-known-01-shenzhen"]["values"]
        assert (
            set(beside["ahead"] + beside["behind"]) >= {"F", "gdp"} and 0 < beside["known"] < beside["among"]
        )
        said = found["focus-city-01-shenzhen"]  # nothing is printed here: a range in parentheses
        assert said["values"]["score"]["low"] and "(9.199 分)" in said["text"]["zh"]
        told = found["focus-told-01-shenzhen"]["text"][
            "zh"
        ]  # what is observed is told, no strength and no weakness
        assert "经济规模" in told and "短板" not in told


@pytest.mark.whole
def test_the_summary_tells_known_from_ranges(shown):
    found = shown("05-summary", drawn)
    nodes = {one["values"]["node"] for name, one in found.items() if name.startswith("summary-confirmed")}
    assert nodes == {"F", "inclusive_finance"}
    assert found["summary-ranges"]["values"]["scores"] == 59
    assert found["summary-cities"]["text"] == found["summary-moves"]["text"] == {"zh": "", "en": ""}
    known = shown("05-summary", all_known)
    assert known["summary-ranges"]["text"]["zh"] == "" and "summary-confirmed-total" in known
    assert "原报告" not in "".join(one["text"]["zh"] for one in known.values())
    assert known["summary-cities"]["text"]["zh"] and known["summary-growth"]["text"]["zh"]


def test_without_a_year_before_changes_tell_what_a_place_would_take_only(shown):
    found = shown("13-changes", lambda index: alone(all_known(index)))
    assert "changes-stories" not in found and "changes-what" in found and "changes-passings" not in found
    assert pd.notna(found["changes-exercise-said"]["values"]["points"])
