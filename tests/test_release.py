"""The data release opens in Excel, checks out against its sums, and validates as a data package."""

import hashlib

import frictionless
import pandas as pd
import pytest
from test_workbook import small_edition

from fire.report import release


@pytest.fixture
def folder(tmp_path):
    edition = small_edition()
    release.write(tmp_path, edition, {"scores": edition.index.scores(), "panel": edition.index.panel})
    return tmp_path


def test_package_is_valid(folder):
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["message"])[:5]


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
