"""The chapters on regions and dynamics on other editions: no year before, three years, new cities, other regions."""

import nbformat
import numpy as np
import pandas as pd
import pytest

import fire
from fire import edition as editions
from fire.analysis import regions, robustness, typology
from fire.codebook import LANGUAGES
from fire.files import ROOT
from fire.index.index import Index
from fire.report import narrative
from fire.report.exhibits import Writer


class Known:
    """Stored results, with few draws."""

    def __init__(self, index):
        self.means = regions.means(index)
        self.types = typology.stability(index, draws=3)
        self.region_intervals = robustness.run(index, groups=index.groups, draws=50, progress=False).intervals


def made(index, tmp_path, **settings):
    """An edition on a made-up index, whose regions are those of its places."""
    known = pd.DataFrame({"region": pd.unique(index.places["region"])})
    known.assign(region_en=known["region"]).to_csv(tmp_path / "regions.csv", index=False)
    ed = editions.load(2022)
    ed = editions.Edition("made-up", ed.settings | {"regions": str(tmp_path / "regions.csv")} | settings)
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
    monkeypatch.setattr(Writer, "_write", lambda self, record: shown.update({record["name"]: record}))
    monkeypatch.setattr(fire, "load", lambda edition: ed, raising=False)
    monkeypatch.setattr(fire.results, "of", lambda ed: Known(ed.index))
    space: dict = {}
    for cell in nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", 4).cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ["20-regions", "21-dynamics"])
def test_without_a_year_before_the_chapter_says_nothing_on_change(chapter, tmp_path, monkeypatch):
    shown = run(chapter, made(alone(editions.load(2022).index), tmp_path), monkeypatch)
    change = {"dynamics-beta", "dynamics-moves-table", "dynamics-determinants-said", "dynamics-sigma-table"}
    assert not change & set(shown)
    assert {"regions-structure", "regions-theil"} <= set(shown) or {
        "dynamics-clusters",
        "dynamics-density",
    } <= set(shown)
    if chapter == "20-regions":
        assert "growth_pct" not in shown["regions-means"]["columns"]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ["20-regions", "21-dynamics"])
def test_three_years_new_cities_and_other_regions(chapter, tmp_path, monkeypatch):
    ed = made(longer(editions.load(2022).index), tmp_path, focus_region="东部")
    shown = run(chapter, ed, monkeypatch)
    if chapter == "20-regions":
        assert shown["regions-drivers-said"]["values"]["left_out"] == ["苏州"]
        assert shown["regions-growth-said"]["values"]["changed"] == 1
        assert {"disparity_2019", "disparity_2021"} <= set(shown["regions-disparity"]["columns"])
        return
    years = shown["dynamics-years-said"]["values"]
    assert years["years"] == [2019, 2020, 2021] and years["left_out"] == ["苏州"] and years["n"] == 58
    assert {"cv_2019", "cv_2020", "cv_2021"} <= set(shown["dynamics-sigma-table"]["columns"])
    assert "year" in shown["dynamics-moves-table"]["columns"]
    texts = narrative.catalogue(*narrative.folders(ed)).say(
        "dynamics-years-said", narrative.facts(ed) | years, ed.book
    )
    assert all("2019" in texts[lang] for lang in LANGUAGES)
