"""One style: code and notebooks pass ruff, and the types that functions name are true."""

import subprocess
import sys

import pytest

from fire.files import ROOT

STYLED = ["fire", "studies", "tests", "notebooks", ".ci", "conftest.py"]


@pytest.mark.parametrize(
    "words",
    [
        ["ruff", "check", "--output-format", "concise", *STYLED],
        ["ruff", "format", "--check", "--output-format", "concise", *STYLED],
        ["mypy"],
    ],
    ids=["ruff-check", "ruff-format", "mypy"],
)
def test_style(words):
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, f"make format, then make lint\n{done.stdout[-5000:]}{done.stderr[-2000:]}"
