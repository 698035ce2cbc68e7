"""Committed notebooks: run in order, quiet, and no function written twice. nbval then holds their outputs."""

import ast
import re

import pytest

from fire import codebook
from fire.files import ROOT
from fire.report import narrative, notebook

MOST_CELLS, MOST_COLUMNS, MOST_LINES = 25, 100, 900
NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("studies/*/notebooks/*.ipynb")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_fit_to_be_checked(path):
    assert notebook.faults(path) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_takes_an_edition_and_a_folder(path):
    defaults = notebook.parameters(notebook.read(path), path)
    assert defaults["edition"] == 2022 and defaults["out"] == ""


def cells(path) -> list[str]:
    """Code cells of a notebook, the parameters first."""
    return [cell.source for cell in notebook.read(path).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_an_essay(path):
    """It calls `fire`: no definitions, no labels, no loops over languages, short lines and cells."""
    code = cells(path)
    faults = (
        [f"{len(notebook.read(path).cells)} cells"] if len(notebook.read(path).cells) > MOST_CELLS else []
    )
    for number, source in enumerate(code, 1):
        faults += [
            f"cell {number}: a line of {len(line)}"
            for line in source.splitlines()
            if len(line) > MOST_COLUMNS
        ]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
                faults.append(f"cell {number}: a definition: it belongs in fire")
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                faults += [f"cell {number}: a dictionary of languages"] * ({"zh", "en"} <= keys)
            if (
                isinstance(node, ast.For)
                and isinstance(node.target, ast.Name)
                and node.target.id.startswith("lang")
            ):
                faults.append(f"cell {number}: a loop over languages")
    assert faults == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_opens_the_same_way(path):
    first, second = cells(path)[:2]
    assert re.match(r"edition = 2022 +# reports/editions/2022.yaml\nout = \"\" +#", first)
    assert re.search(r"^import fire$", second, re.MULTILINE)
    assert "ed = fire.load(edition)" in "\n".join(cells(path)[:3])
    heading = notebook.read(path).cells[0].source
    assert (
        heading.startswith("# ")
        and re.search("[\u4e00-\u9fff]", heading)
        and re.search("[A-Za-z]{4}", heading)
    )


def test_the_notebooks_are_short():
    lines = sum(len(source.splitlines()) for path in NOTEBOOKS for source in cells(path))
    assert lines <= MOST_LINES, lines


def named_by_a_pattern(entry: str) -> list[str]:
    """How code names an entry with a part that it fills in: "audit-{check}" for "audit-parent"."""
    parts = entry.split("-")
    return ["-".join(parts[:length]) + "-{" for length in range(1, len(parts))]


def test_every_heading_and_every_entry_is_used_somewhere():
    """A row of the codebook or glossary, or an entry of the catalogue, that nothing names is to be taken out."""
    paths = [
        path
        for folder in ("fire", "studies", "notebooks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".ipynb", ".toml", ".md")
    ]
    paths += [
        *(ROOT / "reports").rglob("*.toml"),
        *(ROOT / "reports" / "template").rglob("*.*"),
        *(ROOT / "data").rglob("*.toml"),
        *(ROOT / "data").rglob("*.csv"),
        *(ROOT / "studies").rglob("*.csv"),
    ]
    kept = [
        path
        for path in dict.fromkeys(paths)
        if path not in (codebook.COLUMNS, codebook.WORDS) and path.is_file() and "sample" not in path.parts
    ]
    text = "\n".join(path.read_text(encoding="utf-8", errors="ignore") for path in kept)
    words = set(re.findall(r"[\w-]+", text))
    loose = [
        name
        for name in codebook.columns()
        if not {name, f"{name}_zh", re.sub(r"\d+$", "", name)} & words
        and not set(re.split(r"[^\w]+", name)) <= words
    ]
    assert loose == [], f"columns that nothing uses: {loose}"
    python = "\n".join(
        path.read_text(encoding="utf-8") for path in kept if path.suffix in (".py", ".ipynb", ".md")
    )
    unused = [
        entry
        for folder in [narrative.FOLDER, *(ROOT / "studies").glob("*/exhibits")]
        for entry in narrative.Catalogue(folder).entries
        if not any(name in python for name in (entry, *named_by_a_pattern(entry)))
    ]
    assert unused == [], f"entries that nothing shows: {unused}"
