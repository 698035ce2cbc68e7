"""The weight explorer of JupyterLab: sliders, presets and ranks follow each other."""

import pytest
import small

from fire.files import DATA, read_csv
from fire.report import explorer, sliders


@pytest.fixture(scope="module")
def edition():
    places, regions = (read_csv(DATA / f"{name}.csv") for name in ("places", "regions"))
    return small.edition(places["city"], places=places, regions=regions)


def test_a_preset_moves_every_slider(edition):
    box = sliders.explorer(edition)
    assert box.sliders.keys() == explorer.presets(edition.index)["published"].keys()
    box.preset.value = "equal"
    equal = explorer.presets(edition.index)["equal"]
    assert {node: slider.value for node, slider in box.sliders.items()} == pytest.approx(equal)


def test_ranks_are_the_engines(edition):
    weights = explorer.presets(edition.index)["equal"]
    table = sliders.ranks(edition.index, weights)
    wanted = edition.index.vary(weights=weights).of().set_index("unit")["rank"]
    assert table["reader"].is_monotonic_increasing and table["reader"].eq(wanted.reindex(table.index)).all()


def test_what_is_drawn_says_how_much_is_known(edition):
    made = small.edition(edition.index.units, places=edition.index.places, drawn={"firms"})
    drawn = made.index
    weights = explorer.presets(drawn)["published"]
    firms = 100 * float(drawn.weight_in_index["firms"])
    assert sliders.ranks(drawn, weights)["known_pct"].round(9).eq(round(100 - firms, 9)).all()
    assert "known_pct" not in sliders.ranks(edition.index, weights)
    box = sliders.explorer(made)
    box.preset.value = "equal"
    assert sliders.ranks(drawn, weights | {"E": 0.0})["known_pct"].eq(100).all()


def test_a_family_without_weight_says_so_in_both_languages_and_breaks_nothing(edition, capsys):
    spec, weights = edition.spec, explorer.presets(edition.index)["published"]
    assert sliders.fault(spec, weights) == ""
    said = sliders.fault(spec, weights | {"economy": 0.0, "population": 0.0})
    assert "要素基础" in said and spec.label("F", "en") in said
    box = sliders.explorer(edition)
    for slider in box.sliders.values():
        slider.value = 0
    said = capsys.readouterr().out
    assert "权重全为零" in said and "All weights are zero" in said
    box.preset.value = "equal"
    assert box.sliders["F"].value == pytest.approx(0.25)
