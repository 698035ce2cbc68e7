"""A sample of the mishaps of tests/processes.py; all of them: python -m tests.processes (make test-robust)."""

import random
import re

import pytest

from fire.files import ROOT
from tests import processes

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A scratch copy with a small edition in Chinese; two runs at once have built its report."""
    root = processes.project(tmp_path_factory.mktemp("robust") / "fire", "zh")
    done = [processes.ended(one) for one in [processes.start(root, *processes.REPORT) for _ in range(2)]]
    assert not [fault for status, said in done for fault in processes.told(status, said, None)]
    assert any(status == 0 for status, _ in done), done
    return root


def again(root) -> set[str]:
    """Let the report be assembled again; returns the hash that it has to keep."""
    processes.touch(root, notebook=False)
    return {processes.report(root)}


def test_the_last_report_stays_whole_when_the_disk_is_full(root):
    if not processes.mounts():
        pytest.skip("mounts are not allowed here")
    assert not processes.mounted(root, again(root), "full reports 0 KB")


def test_too_little_memory_is_said_before_anything_is_loaded(root):
    assert not processes.OTHER["limit: memory 400 MB"](root, again(root))


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
