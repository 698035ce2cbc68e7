"""`make report` as a user runs it: whole, once, and again only for what has changed."""

import os
import subprocess

import pytest

from fire.files import ROOT

pytestmark = pytest.mark.slow
CLEAN = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST"))
}


def make(*words, folder=ROOT):
    done = subprocess.run(
        ["make", *words], cwd=folder, env=CLEAN, capture_output=True, text=True, timeout=1800
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def report():
    status, said = make("report")
    assert status == 0, said[-3000:]
    return ROOT / "reports" / "2022"


def test_report_opens_in_both_languages(report):
    assert (report / "index.html").stat().st_size > 1000
    for lang in ("zh", "en"):
        for kind in ("html", "pdf", "docx"):
            assert (report / f"fire-2022.{lang}.{kind}").stat().st_size > 50_000, (lang, kind)
    assert not list(report.parent.glob(".*part*"))


def test_second_report_does_nothing(report):
    assert make("report")[1].split() == ["Open", "reports/2022/index.html"]
    assert make("-q", "reports/2022/index.html")[0] == 0


def test_touched_notebook_renders_itself_and_the_report_only(report):
    notebook = ROOT / "notebooks" / "20-regions.ipynb"
    times = notebook.stat()
    try:
        os.utime(notebook)
        planned = make("-n", "report")[1]
    finally:
        os.utime(notebook, ns=(times.st_atime_ns, times.st_mtime_ns))
    runs = [line for line in planned.splitlines() if "fire.notebook run" in line]
    assert len(runs) == 1 and "notebooks/20-regions.ipynb" in runs[0]
    assert "fire.report" in planned


def test_failing_notebook_leaves_the_last_report_whole(report):
    before = (report / "index.html").read_bytes()
    good = ROOT / "build" / "2022" / "20-regions" / "notebook.ipynb"
    kept = good.read_bytes()
    status, said = make("report", "EDITION=1999")
    assert status != 0 and "1999" in said
    assert (report / "index.html").read_bytes() == before and good.read_bytes() == kept


def test_help_names_every_target():
    said = make("help")[1]
    assert all(
        target in said
        for target in ("report", "test", "data", "notebooks", "lab", "audit", "bench", "setup", "clean")
    )
