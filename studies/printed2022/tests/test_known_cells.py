"""The known cells: what they hold, and that none of them misses a printed digit."""

import pytest

from fire.errors import InputError
from fire.index import panel as panels
from fire.index import spec
from studies.printed2022 import identify, known


@pytest.fixture(scope="module")
def cells():
    return known.panel()


def test_known_cells_are_pillar_f_and_two_public_indices(cells):
    count = cells.groupby(["indicator", "year"]).size()
    assert (count[identify.INDICATORS] == 59).all() and (count["inclusive_finance"] == 59).all()
    assert count["regulation_business_env"].to_dict() == {2021: 34} and len(cells) == 624
    assert set(cells["status"]) == {"observed", "implied", "estimated"}
    assert cells.loc[cells["status"].eq("implied"), "source"].eq("printed digits").all()


def test_file_is_what_the_module_makes(cells):
    held = panels.read(known.PATH)
    assert held[panels.KEY].equals(cells[panels.KEY].astype(held[panels.KEY].dtypes.to_dict()))
    assert (held["value"] - cells["value"]).abs().max() < 1e-6
    assert held["status"].tolist() == cells["status"].tolist()


def test_every_printed_digit_of_the_known_cells_holds(cells):
    facts = known.against_print(cells)
    assert (facts["error"].abs() <= facts["slack"] + 1e-9).all()
    assert facts.groupby(["node", "measure"]).size().to_dict() == {
        ("F", "growth_pct"): 12,
        ("F", "score"): 15,
        ("inclusive_finance", "growth_pct"): 4,
        ("pop_structure", "growth_pct"): 2,
        ("regulation_business_env", "score"): 3,
        ("tertiary_share", "growth_pct"): 1,
    }


def test_posts_of_inclusive_finance_come_out_of_the_data(cells):
    base = cells.query("year == 2020 and indicator == 'inclusive_finance'").set_index("unit")["value"]
    assert (base.idxmin(), base.min(), base.idxmax(), base.max()) == ("唐山", 228.8743, "杭州", 302.9827)
    rule = spec.load("fire-2022").rules["inclusive_finance"]
    assert (rule["normalise"], rule["reference"], rule["posts"]) == ("minmax", "base", None)


def test_a_cell_that_misses_a_digit_is_not_written(cells, tmp_path, monkeypatch):
    wrong = cells.copy()
    cell = wrong["unit"].eq("长沙") & wrong["indicator"].eq("regulation_business_env")
    wrong.loc[cell, "value"] += 0.01
    monkeypatch.setattr(known, "panel", lambda: wrong)
    with pytest.raises(InputError, match="长沙, regulation_business_env, score: 7.9955, printed 7.994"):
        known.make(path=tmp_path / "panel.csv")
    assert not (tmp_path / "panel.csv").exists()
