"""Published indices, one for each thing a method may ask of the engine, against the digits their publishers give.

Numbers only; each test names its source. Blavatnik Index of Public Administration 2024: blavatnik-index/bipa2024_index,
data_out, CC BY 4.0 (raw values: ILOSTAT). Cases without a folder in tests/cases are entries of the gallery.
"""

import pandas as pd
import pytest
from engine_data import index, word
from numpy.testing import assert_allclose

from fire.files import DATA, ROOT
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index.index import Index

CASES, GALLERY = ROOT / "tests" / "cases", DATA / "indices" / "gallery"
BLAVATNIK = ["strled", "pubpol", "natdel", "pplprc"]


def table(folder, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype={"unit": str})


def computed(spec, folder, cells: str = "panel", groups=None, value: str = "score") -> pd.DataFrame:
    """Scores (or ranks) of the index on the panel of the folder: units down, nodes across."""
    scores = Index(spec, panels.from_wide(table(folder, cells), spec), groups=groups).scores()
    return scores.pivot(index="unit", columns="node", values=value).astype(float)


def published(folder) -> pd.DataFrame:
    return table(folder, "expected").set_index("unit")


def off(got: pd.Series, said: pd.Series, allowed=1e-9) -> int:
    """How many published values the computed ones miss."""
    said = said.dropna()
    return int(((got.reindex(said.index) - said).abs().fillna(9) > allowed).sum())


def entry(name: str):
    """An entry of the gallery: specification, folder, published values."""
    return specs.load(GALLERY / name / "spec.toml"), GALLERY / name, published(GALLERY / name)


def blavatnik(rule: str):
    rounding = {"decimals": 2, "rule": rule, "at": "every_node"}
    nodes = [word(node, parent="total") for node in BLAVATNIK]
    return index(*nodes, normalise="none", scale=[0, 1], rounding=rounding)


@pytest.mark.parametrize("rule", ["r", "half_up", "half_even"])
def test_a_mean_is_rounded_once(rule):
    """Means of four numbers with two decimals end in 25, 5 or 75 thousandths: a stray last bit shows as another digit.
    Column r is published; the others are the same means in decimal arithmetic."""
    folder = CASES / "blavatnik-2024-rounding"
    assert off(computed(blavatnik(rule), folder)["total"], published(folder)[rule]) == 0


def test_ranks_go_by_the_rounded_score():
    folder = CASES / "blavatnik-2024-rounding"
    assert off(computed(blavatnik("r"), folder, value="rank")["total"], published(folder)["rank"]) == 0


def test_a_mean_is_the_same_in_every_company():
    """One country by itself gets what it gets among all."""
    folder = CASES / "blavatnik-2024-rounding"
    spec, cells = blavatnik("r"), table(folder, "panel")
    together = computed(spec, folder)["total"]
    for start in range(0, len(cells), 7):
        few = panels.from_wide(cells.iloc[start : start + 7], spec)
        alone = Index(spec, few).scores().query("node == 'total'").set_index("unit")["score"]
        assert alone.equals(together[alone.index])


def test_the_best_value_lies_inside():
    """Women among managers: best at a half, scaled by the largest distance. Pay of women over that of men: best at one,
    each side scaled by its own largest distance. Both of Blavatnik 2024, rounded to two decimals."""
    folder = CASES / "blavatnik-2024-ideal-value"
    spec = index(
        word("gender_managers", parent="total", transform="distance", ideal=0.5, direction=-1),
        word("gender_payratio", parent="total", normalise="ideal", ideal=1),
        scale=[0, 1],
        rounding={"decimals": 2, "rule": "r", "at": "every_value"},
    )
    got, said = computed(spec, folder), published(folder)
    assert said.count().to_dict() == {"gender_managers": 71, "gender_payratio": 49}
    assert off(got["gender_managers"], said["gender_managers"]) == 0
    assert off(got["gender_payratio"], said["gender_payratio"]) == 0


def test_ranks_of_sums_of_ranks():
    """CDC/ATSDR Social Vulnerability Index 2022, counties of Pennsylvania: every rank to four decimals. The sums are of
    rounded ranks: unrounded ones give other ranks to some counties in every theme of more than one indicator."""
    spec, folder, said = entry("cdc-svi-2022-pa")
    got = computed(spec, folder, "raw")
    assert [node for node in said.columns.drop("year") if off(got[node], said[node])] == []
    loose = spec.vary(rounding={"decimals": 4, "rule": "half_up", "at": "display"})
    got = computed(loose, folder, "raw").round(4)
    assert [
        node for node in ("theme1", "theme2", "theme3", "theme4", "svi") if off(got[node], said[node])
    ] == ["theme1", "theme2", "theme4", "svi"]


def test_unequal_weights_at_two_levels():
    """Government AI Readiness Index 2025: within the rounding of values with two decimals; equal weights are not."""
    spec, folder, said = entry("gairi-2025")
    got = computed(spec, folder, "raw")
    assert max((got[node] - said[node]).abs().max() for node in said.columns.drop("year")) < 0.0101
    equal = computed(spec.vary(weights=dict.fromkeys(spec.pillars, 1)), folder, "raw")
    assert (equal["total"] - said["total"]).abs().max() > 1


def test_goalposts_hold_a_score_at_its_cap():
    """Technology Achievement Index 2001: telephones and electricity above the average of the OECD count as one; scores
    with two decimals, inputs rounded as well (0.0063 in all). Without the cap the first countries come out higher."""
    spec, folder, said = entry("tai-2001")
    got = computed(spec, folder, "raw")
    assert off(got["tai"], said["tai"], 0.0063) == 0
    assert got[["telephones", "electricity"]].max().tolist() == [1, 1]
    assert_allclose(got["tai"], got[spec.pillars].mean(axis=1), rtol=1e-12)
    assert off(computed(spec.vary(range="open"), folder, "raw")["tai"], said["tai"], 0.0063) == 5
