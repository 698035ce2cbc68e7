"""The corpus of malformed and odd inputs, and a sample of random tables: read right, or refused naming the place."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from whole import few

from fire.files import ROOT
from tests.fuzz import __main__ as fuzz
from tests.intake import corpus

CASES = corpus.cases()
EVERY = 10  # of ten cases `make test` reads one, `make test-whole` the others
QUICK = ["a hundred thousand columns", "billion laughs", "deeply nested XML"]  # of the huge ones


def of(kind):
    return [
        case for case in CASES if case.kind == kind and (kind != "huge" or case.id.split("/")[1] in QUICK)
    ]


def test_every_case_has_an_id_of_its_own():
    ids = [case.id for case in CASES]
    assert len(ids) == len(set(ids)) > 300


@pytest.mark.filterwarnings("ignore::UnicodeWarning")
@pytest.mark.parametrize("part", few(["some", "others"], "some"))
@pytest.mark.parametrize("kind", corpus.KIND)
def test_the_corpus_is_read_right_or_refused(kind, part, tmp_path):
    faults, cases = [], of(kind)
    chosen = [case for at, case in enumerate(cases) if (at % EVERY == 0) == (part == "some")]
    for number, case in enumerate(chosen):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        faults += corpus.judge(case, folder)
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(fuzz.broken())
def test_random_tables_with_faults_are_read_right_or_refused_by_cell(table):
    assert not fuzz.faults(table), (table.said, table.rows, table.mapping)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(fuzz.sound())
def test_a_proposed_mapping_never_reads_a_wrong_number(table):
    assert not fuzz.proposed(table), (table.said, table.rows, table.mapping)


def test_the_published_counts_are_those_of_the_corpus():
    """docs/robustness.md gives, for each kind, how many cases there are."""
    text = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    told = {
        kind: int(count) for kind, count in re.findall(r"^\| `(\w+)` \|.*?\| (\d+) \|", text, re.MULTILINE)
    }
    assert {kind: told.get(kind) for kind in corpus.KIND} == corpus.counts(CASES)
