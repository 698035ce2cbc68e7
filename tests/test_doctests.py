"""The examples in docstrings give what they say."""

import doctest
import importlib

import pytest

from fire.files import ROOT

MODULES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for package in ("fire", "studies")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, capsys):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried, "examples that no docstring holds"
    assert failed == 0, capsys.readouterr().out
