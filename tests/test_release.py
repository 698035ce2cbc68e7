"""The data release opens in Excel, checks out against its sums, validates as a data package and says what it is."""

import hashlib
import json

import frictionless
import pandas as pd
import pytest
from test_workbook import small_edition

from fire.analysis import results, robustness
from fire.report import release

UNITS = small_edition().index.units
PLACES = pd.DataFrame(
    {
        "city": UNITS,
        "city_en": UNITS,
        "province": "省",
        "region": ["甲区", "乙区"] * 6,
        "lon": 1.0,
        "lat": 1.0,
    }
)


@pytest.fixture
def folder(tmp_path):
    edition = small_edition()
    release.write(tmp_path, edition, {"scores": edition.index.scores(), "panel": edition.index.panel})
    return tmp_path


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A reconstruction with simulated data, one source of which keeps its values back, and its release."""
    edition = small_edition(drawn={"firms", "deals"}, places=PLACES)
    cells, folder = edition.index.panel, tmp_path_factory.mktemp("drawn")
    cells = cells.assign(source=cells["source"].mask(cells["indicator"].eq("inclusive_finance"), "K1"))
    edition.index, edition.places = edition.index.revise(cells), lambda: PLACES
    known = results.Results(edition.index, folder / "results")
    # Ranges are those over the draws: the alternatives of method take long.
    known.__dict__ |= dict.fromkeys(["intervals", "growth", "region_intervals", "region_growth"])
    assert len(known.scores) and len(known.means)
    known.__dict__["intervals"] = robustness.intervals(edition.index, {"weights": {"band": 0.2}}, draws=50)
    release.write(folder / "data", edition, release.frames(edition, known))
    return edition, folder / "data"


def test_package_is_valid(folder, drawn):
    for one in (folder, drawn[1]):
        report = frictionless.validate(str(one / "datapackage.json"))
        assert report.valid, report.flatten(["message"])[:5]


def test_every_value_has_its_status_and_range(drawn):
    scores = pd.read_csv(drawn[1] / "scores.csv")
    for measure in ("score", "rank", "growth_pct", "rank_change"):
        assert {measure, *(f"{measure}_{end}" for end in ("status", "low", "high"))} <= set(scores)
        assert (scores[f"{measure}_status"].notna() == scores[measure].notna()).all()
    now = scores[scores["year"].eq(2021)].set_index(["unit", "node"])
    assert set(now.xs("firms", level="node")["score_status"]) == {"simulated"}
    assert set(now.xs("gdp", level="node")["score_status"]) == {"observed"}
    assert now.xs("total", level="node")["known_share"].between(0.5, 0.95).all()
    assert (
        now["score_low"].le(now["score"] + 1e-6).all()
        and now.loc[(slice(None), "F"), "p_top10"].notna().all()
    )


def test_draws_and_values_that_are_kept_back_are_not_in_it(drawn):
    panel, package = pd.read_csv(drawn[1] / "panel.csv"), (drawn[1] / "datapackage.json").read_text("utf-8")
    assert not {"firms", "deals"} & set(panel["indicator"]) and set(panel["status"]) == {"observed"}
    back = panel["source"].eq("K1")
    assert back.any() and panel.loc[back, "value"].isna().all() and panel.loc[~back, "value"].notna().all()
    raw = drawn[0].index.draws.filter(like="d0").to_numpy().ravel()[:50]
    text = "".join(path.read_text("utf-8-sig") for path in drawn[1].glob("*.csv"))
    assert not any(f"{value:.6f}".rstrip("0") in text for value in raw)
    sources = pd.read_csv(drawn[1] / "sources.csv")
    assert sources["source"].tolist() == ["K1"] and sources["released"].tolist() == ["no"]
    licences = {one["name"]: one.get("licenses") for one in json.loads(package)["resources"]}
    assert licences["panel"][0]["name"] == "other" and licences["scores"] is None


def test_a_reconstruction_says_so_and_an_edition_of_own_data_does_not(folder, drawn):
    for name in ("datapackage.json", "CITATION.cff"):
        said = (drawn[1] / name).read_text("utf-8")
        assert "Reconstruction with simulated data, not the official report" in said and "不是原报告" in said
        assert "econstruction" not in (folder / name).read_text("utf-8")
    assert "复算演示版" in json.loads((drawn[1] / "datapackage.json").read_text("utf-8"))["title"]


def test_sums_cover_every_other_file(folder):
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert all(
        hashlib.sha256((folder / name).read_bytes()).hexdigest() == value for name, value in sums.items()
    )


def test_csv_and_parquet_agree_and_excel_sees_utf8(folder):
    text = (folder / "scores.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    csv, parquet = pd.read_csv(folder / "scores.csv"), pd.read_parquet(folder / "scores.parquet")
    pd.testing.assert_series_equal(csv["score"], parquet["score"].round(6))


def test_formula_like_names_are_inert(folder):
    assert "\n'=cmd" in (folder / "scores.csv").read_text(encoding="utf-8-sig")


def test_same_edition_same_bytes(folder, tmp_path):
    before = (folder / "SHA256SUMS").read_bytes()
    edition = small_edition()
    release.write(tmp_path, edition, {"scores": edition.index.scores(), "panel": edition.index.panel})
    assert (tmp_path / "SHA256SUMS").read_bytes() == before
