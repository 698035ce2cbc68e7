"""The chapters on the index, regions and dynamics on other editions: all known or drawn, no year before, three years, new
cities, other regions."""

import tempfile

import nbformat
import numpy as np
import pandas as pd
import pytest

import fire
from fire import edition as editions
from fire.analysis import known, regions, results, typology
from fire.codebook import LANGUAGES
from fire.files import ROOT
from fire.index import draws as completions
from fire.index.index import Index
from fire.report import exhibits, narrative

WITHHELD = {"regions-coordination", "regions-obstacles"}


class Known(results.Results):
    """Stored results without intervals, and with few draws."""

    def __init__(self, index):
        super().__init__(index, tempfile.mkdtemp())
        each = index.completions
        self.__dict__ |= {
            "scores": known.results(index.scores(), [one.scores() for one in each], index),
            "means": known.results(regions.means(index), [regions.means(one) for one in each], index),
        }
        self.__dict__["types"] = typology.judged(typology.stability(index, draws=3), self.means, index.year)


def drawn(index):
    """The index with three draws of what is not known."""
    few = index.draws[[*completions.KEY, *completions.columns(index.draws)[:3]]]
    return Index(index.spec, index.panel, places=index.places, draws=few)


def all_known(index):
    """The index as if everything had been observed."""
    return Index(index.spec, index.complete().assign(status="observed"), places=index.places)


def made(index, tmp_path, **settings):
    """An edition on a made-up index, whose regions are those of its places."""
    table = pd.DataFrame({"region": pd.unique(index.places["region"])})
    table.assign(region_en=table["region"]).to_csv(tmp_path / "regions.csv", index=False)
    ed = editions.load(2022)
    own = {"regions": str(tmp_path / "regions.csv"), "studies": [], "facts": None}
    ed = editions.Edition("made-up", ed.settings | own | settings)
    ed.__dict__.update({"index": index, "spec": index.spec, "_places": index.places})
    return ed


def alone(index):
    """The year ranked and nothing before it."""
    return index.freeze().only(years=[index.year])


def longer(index):
    """Three years; a new city, a region of one city, other names of regions; without one pillar and one indicator."""
    index = index.freeze().drop("I", "incubators")
    panel, places = index.panel, index.places.copy()
    rng = np.random.default_rng(3)
    older = panel[panel["year"].eq(2020)].assign(year=2019)
    older["value"] *= rng.uniform(0.9, 1.0, len(older))
    panel = pd.concat([older, panel[~(panel["unit"].eq("苏州") & panel["year"].lt(2021))]])
    places["region"] = places["region"].replace({"成渝": "西部", "长三角": "东部"})
    places.loc[places["city"].eq("重庆"), "region"] = "山城"
    places = places.drop(columns=["province", "adcode"])
    return Index(index.spec, panel, index.frozen, places=places)


def run(chapter: str, ed, monkeypatch):
    """Run the cells of a notebook in this process; returns what it showed, with its texts."""
    shown = {}
    monkeypatch.setattr(
        exhibits.Writer, "_write", lambda self, record: shown.update({record["name"]: record})
    )
    monkeypatch.setattr(fire, "load", lambda edition: ed, raising=False)
    monkeypatch.setattr(fire.results, "of", lambda ed: Known(ed.index))
    space: dict = {}
    for cell in nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", 4).cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
    catalogue = narrative.catalogue(*narrative.folders(ed))
    return {name: exhibits._rendered(record, ed, catalogue) for name, record in shown.items()}


@pytest.mark.whole
@pytest.mark.parametrize("kind", [drawn, all_known])
@pytest.mark.parametrize("chapter", ["10-index", "20-regions"])
def test_what_is_drawn_is_a_range_and_judges_nobody(chapter, kind, tmp_path, monkeypatch):
    shown = run(chapter, made(kind(editions.load(2022).index), tmp_path), monkeypatch)
    soft = kind is drawn
    assert {name for name, one in shown.items() if one["kind"] == "withheld"} == (
        WITHHELD if soft and chapter == "20-regions" else set()
    )
    if chapter == "10-index":
        assert ("index-coverage" in shown) == soft
        columns = shown["index-league-table"]["columns"]
        assert {
            "score_status",
            "rank_low",
            "growth_pct_high",
            "F_status",
            "interval_low",
            "known_pct",
        } <= set(columns)
        assert ("simulated" in shown["index-league"]["status"]) == soft
        driver = shown["index-compare-driver-rd"]["text"]["zh"]
        assert (driver == "") == soft  # what moved a city is told where both years are known
        return
    assert ("regions-obstacles-table" in shown) == ("regions-coordination-said" in shown) == (not soft)
    columns = shown["regions-disparity"]["columns"]
    assert ("beyond_pct" in columns) == ("between_pct_status" in columns) == soft
    assert (shown["regions-drivers-said"]["values"]["node"] == "F") == soft
    assert ("regions-drivers-said-total" in shown) == soft
    if soft:
        assert "p =" not in shown["regions-drivers-said-total"]["text"]["zh"]
        concentrated = shown["regions-concentration-said"]["values"]
        assert {concentrated["most"], concentrated["least"]} <= {"gdp", "pop_structure"}


@pytest.mark.whole
@pytest.mark.parametrize("chapter", ["10-index", "20-regions", "21-dynamics"])
def test_without_a_year_before_the_chapter_says_nothing_on_change(chapter, tmp_path, monkeypatch):
    index = alone(all_known(editions.load(2022).index))
    shown = run(chapter, made(index, tmp_path), monkeypatch)
    change = {"dynamics-beta", "dynamics-transitions", "dynamics-determinants-said", "dynamics-sigma-table"}
    assert not change & set(shown)
    if chapter == "10-index":
        told = ["index-growth", "index-climb", "index-pillar-growth-f"]
        assert not any(shown[name]["text"]["zh"] for name in told)
    if chapter == "20-regions":
        assert "growth_pct" not in shown["regions-means"]["columns"]
        assert (
            not shown["regions-spread-said"]["text"]["zh"] and not shown["regions-growth-said"]["text"]["zh"]
        )
        assert {"regions-structure", "regions-between"} <= set(shown)


@pytest.mark.whole
@pytest.mark.parametrize("chapter", ["20-regions", "21-dynamics"])
def test_three_years_new_cities_and_other_regions(chapter, tmp_path, monkeypatch):
    ed = made(longer(all_known(editions.load(2022).index)), tmp_path, focus_region="东部")
    shown = run(chapter, ed, monkeypatch)
    if chapter == "20-regions":
        assert shown["regions-spread-said"]["values"]["left_out"] == ["苏州"]
        assert shown["regions-growth-said"]["values"]["changed"] == 1
        assert {"sd_2019", "sd_2021"} <= set(shown["regions-disparity"]["columns"])
        return
    years = shown["dynamics-years-said"]["values"]
    assert years["years"] == [2019, 2020, 2021] and years["left_out"] == ["苏州"] and years["n"] == 58
    assert all("2019" in shown["dynamics-years-said"]["text"][lang] for lang in LANGUAGES)
