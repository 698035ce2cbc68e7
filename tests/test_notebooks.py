"""Committed notebooks: run in order, quiet, and no function written twice. nbval then holds their outputs."""

import ast
from collections import Counter

import pytest

from fire.files import ROOT
from fire.report import notebook

NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("studies/*/notebooks/*.ipynb")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_fit_to_be_checked(path):
    assert notebook.faults(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_takes_an_edition_and_a_folder(path):
    defaults = notebook.parameters(notebook.read(path), path)
    assert defaults["edition"] == 2022 and defaults["out"] == ""


def test_no_function_is_defined_in_two_notebooks():
    names = Counter(
        node.name
        for path in NOTEBOOKS
        for cell in notebook.read(path).cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.FunctionDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
