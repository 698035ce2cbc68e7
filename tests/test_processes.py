"""A sample of the mishaps of tests/processes.py; all of them: python -m tests.processes (make test-robust)."""

import random
import re

import pytest

from fire.files import ROOT
from tests import processes

pytestmark = pytest.mark.slow
SAMPLE = ["two reports", "full reports 0 KB"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A scratch copy with a small edition; its report is built once."""
    root = processes.project(tmp_path_factory.mktemp("robust") / "fire")
    status, said = processes.run(root, "report", processes.NAME)
    assert status == 0, said
    return root


def again(root) -> set[str]:
    """Let the report be made again, notebook and assembly; returns the hash that it has to keep."""
    processes.touch(root)
    return {processes.report(root)}


@pytest.mark.parametrize("name", SAMPLE)
def test_the_last_report_stays_whole(root, name):
    if name in processes.MOUNTED and not processes.mounts():
        pytest.skip("mounts are not allowed here")
    whole = again(root)
    found = (
        processes.mounted(root, whole, name)
        if name in processes.MOUNTED
        else processes.OTHER[name](root, whole)
    )
    assert not found


def test_a_killed_run_leaves_the_report_whole_and_the_next_one_no_litter(root):
    whole, rng = again(root), random.Random(1)
    held = processes.Held(root, whole)
    process = processes.start(root, *processes.REPORT)
    processes.end(process, rng.choice(list(processes.SIGNALS)), rng.uniform(0.5, 4), alone=False)
    status, said = processes.ended(process)
    assert not processes.told(status, said, None) + held.after()
    assert not processes.recovered(root, whole)


def test_the_published_counts_are_those_of_the_mishaps():
    text = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    told = {
        kind: int(count) for kind, count in re.findall(r"^\| `(\w+)` \|.*?\| (\d+) \|", text, re.MULTILINE)
    }
    wanted = processes.kinds(processes.ALL) | {"kill": processes.KILLS}
    assert {kind: told.get(kind) for kind in wanted} == wanted
