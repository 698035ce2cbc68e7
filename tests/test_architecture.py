"""The shape of the house: rooms whose imports run down only, a small door, and nothing that knows one machine."""

import ast
import re

import pytest

from fire.files import ROOT

# From the bottom up. A module imports from its own floor and from those below it, inside functions too.
FLOORS = [
    {"files", "errors", "cells", "grids", "workbooks"},
    {"index"},
    {"edition", "codebook", "sources", "intake"},
    {"analysis"},
    {"figures"},
    {"report"},
    {"__main__"},
]
ROOMS = ("index", "sources", "intake", "analysis", "figures", "report")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for folder in ("fire", "studies")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "__init__.py"
}


def floor(module: str) -> int:
    """Floor of a module of fire; a study stands above all."""
    parts = module.split(".")
    return (
        next((level for level, rooms in enumerate(FLOORS) if parts[1] in rooms), 99)
        if parts[0] == "fire"
        else 99
    )


def imports(path) -> set[str]:
    """Modules of the project that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in ("fire", "studies")
        ):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & set(MODULES) or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] in ("fire", "studies")}
    return found & set(MODULES)


GRAPH = {name: imports(path) for name, path in MODULES.items()}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_run_down_only(name):
    assert [other for other in GRAPH[name] if floor(other) > floor(name)] == []


def test_fire_never_imports_a_study():
    texts = {
        name: path.read_text(encoding="utf-8") for name, path in MODULES.items() if name.startswith("fire.")
    }
    assert [
        name for name, text in texts.items() if re.search(r"^\s*(from|import) studies", text, re.MULTILINE)
    ] == []
    assert [name for name, text in texts.items() if "printed2022" in text] == []


def test_no_circle_of_imports():
    graph = dict(GRAPH)
    while graph:
        free = [name for name, needs in graph.items() if not needs & set(graph)]
        assert free, f"a circle of imports among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in free}


def test_every_module_stands_in_a_room():
    top = {path.stem for path in (ROOT / "fire").glob("*.py")} - {"__init__"}
    assert top == {"files", "errors", "cells", "grids", "workbooks", "edition", "codebook", "__main__"}
    assert {path.name for path in (ROOT / "fire").iterdir() if path.is_dir()} - {"__pycache__"} == set(ROOMS)


def test_the_door_is_small_and_opens():
    import fire

    assert len(fire.__all__) <= 20
    for name in fire.__all__:
        assert getattr(fire, name) is not None
    with pytest.raises(AttributeError, match="the door has load, Edition"):
        _ = fire.nothing


@pytest.mark.parametrize("name", sorted(MODULES))
def test_module_holds_no_machine_path_and_no_global_random_state(name):
    text = MODULES[name].read_text(encoding="utf-8")
    assert not re.search(r"[\"']/(home|root|Users|tmp)/|np\.random\.(seed|rand|randn|normal|choice)\(", text)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if ".analysis." in name))
def test_analysis_returns_frames_not_sentences(name):
    """No Chinese sentence is made in an analysis: words belong to the catalogue and the codebook."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]
    assert [text for text in texts if re.search(r"[\u4e00-\u9fff].*[，。；：]", text)] == []
