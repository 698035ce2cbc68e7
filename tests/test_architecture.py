"""The shape of the module: imports point one way, and no module knows a path or an address of one machine."""

import ast
import re

import pytest

from fire.files import ROOT

MODULES = {
    path.relative_to(ROOT / "fire").with_suffix("").as_posix().replace("/", "."): path
    for path in (ROOT / "fire").rglob("*.py")
    if path.name != "__init__.py"
}


def imports(path) -> set[str]:
    """Modules of fire that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fire":
            inside = node.module.removeprefix("fire").lstrip(".")
            found |= (
                {inside}
                if inside in MODULES
                else {f"{inside}.{alias.name}".lstrip(".") for alias in node.names}
            )
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("fire.") for alias in node.names if alias.name.startswith("fire.")
            }
    return found & set(MODULES)


def test_imports_point_one_way():
    graph = {name: imports(path) for name, path in MODULES.items()}
    while graph:
        free = [name for name, needs in graph.items() if not needs & set(graph)]
        assert free, f"a circle of imports among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in free}


def test_computation_does_not_import_the_report():
    report = {"exhibit", "report", "word", "site", "profile", "explorer", "workbook", "release", "notebook"}
    assert {
        name: imports(path) & report
        for name, path in MODULES.items()
        if name not in {*report, "narrative"} and imports(path) & report
    } == {}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_module_holds_no_machine_path_and_no_global_random_state(name):
    text = MODULES[name].read_text(encoding="utf-8")
    assert not re.search(r"[\"']/(home|root|Users|tmp)/|np\.random\.(seed|rand|randn|normal|choice)\(", text)
