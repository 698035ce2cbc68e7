"""Every slip is listed with what shows it, and a corrected fact is noticed."""

import pytest

from fire.errors import InputError
from studies.printed2022 import errata, published


@pytest.mark.whole
def test_all_slips_with_their_proof():
    slips = errata.slips()
    listed = {"report": len(published.load("errata")), "other": len(published.load("errata_other"))}
    assert slips["id"].is_unique and slips.groupby("source").size().to_dict() == listed
    counts = errata.counts(slips)
    assert counts["total"] == sum(listed.values())
    assert {source: counts[source]["total"] for source in listed} == listed
    assert counts["computed"] == counts["report"]["computed"] + counts["other"]["computed"]
    assert not slips[["slip_zh", "slip_en", "shown_zh", "shown_en"]].isna().any(axis=None)
    assert set(slips["evidence"]) == set(errata.KINDS)


def test_figures_of_single_proofs():
    proof = errata.proof()
    assert (
        proof["E30"] == (True, "54.2 ≠ 54.34")
        and proof["E27"][1].endswith("−27.0 %")
        and proof["E38"][1] == "3.585 ≠ 3.60"
    )


def test_a_fact_that_no_longer_shows_its_slip_is_refused(monkeypatch):
    load = published.load

    def corrected(name):
        table = load(name)
        if name == "index_scores":
            table.loc[table["unit"].eq("深圳") & table["value"].eq(12.41), "value"] = 12.42
        return table

    monkeypatch.setattr(errata.published, "load", corrected)
    with pytest.raises(InputError, match="E01: the facts no longer show this slip"):
        errata.slips()
