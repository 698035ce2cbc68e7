"""One style: code and notebooks pass ruff, and the types that functions name are true."""

import re
import subprocess
import sys

import pytest
import yaml

from fire.files import ROOT

STYLED = ["fire", "studies", "tests", "notebooks", ".ci", "conftest.py"]


@pytest.mark.parametrize(
    "words",
    [
        ["ruff", "check", "--output-format", "concise", *STYLED],
        ["ruff", "format", "--check", "--output-format", "concise", *STYLED],
        pytest.param(["mypy"], marks=pytest.mark.whole),
    ],
    ids=["ruff-check", "ruff-format", "mypy"],
)
def test_style(words):
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, f"make format, then make lint\n{done.stdout[-5000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*-*.yml")), ids=lambda path: path.stem
)
def test_form_asks_in_chinese_and_english(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    labels = [
        part["attributes"].get("label") or part["attributes"]["value"].replace("\n", " · ", 1)
        for part in form["body"]
    ]
    options = [
        option if isinstance(option, str) else option["label"]
        for part in form["body"]
        for option in part["attributes"].get("options", [])
    ]
    for words in [form["name"], form["description"], *labels, *options]:
        zh, _, en = words.partition(" · ")
        assert re.search(r"[\u4e00-\u9fff]", zh) and re.search(r"[A-Za-z]{3}", en), words
    names = [part["id"] for part in form["body"] if "id" in part]
    assert len(names) == len(set(names))
