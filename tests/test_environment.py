"""One environment in groups: pyproject.toml is the hand-written list, the lock, environment.yml and the page of weights
follow it; what the report imports is in its group."""

import ast
import doctest
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fire
from fire.files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SCRIPT = ROOT / ".ci" / "environment.py"


def script(path):
    """A script outside the packages, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment = script(SCRIPT)
page = script(ROOT / "docs" / "dependencies.py")
ASKED = page.asked()
GROUPS = list(environment.GROUPS)


def locked(text: str) -> dict[str, list[tuple[str, str, int]]]:
    """Name -> [(version, marker, number of hashes)] of a hashed lock."""
    pins, text = {}, re.sub("^#.*\n", "", text, flags=re.M)
    for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()):
        head, *hashes = entry.split("--hash=sha256:")
        pin, _, marker = head.partition(";")
        name, version = pin.strip().split("==")
        pins.setdefault(canonicalize_name(name.split("[")[0]), []).append(
            (version.strip(), marker.strip(), len(hashes))
        )
    return pins


PINS = locked(LOCK)


@pytest.mark.parametrize("group", GROUPS)
def test_every_requirement_is_locked_in_its_group_at_a_version_it_allows(group):
    pins = locked(environment.part(LOCK, group))
    for wanted in ASKED[group]:
        versions = [version for version, _, _ in pins[canonicalize_name(wanted.name)]]
        assert versions and all(wanted.specifier.contains(version) for version in versions), wanted


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_the_lock_holds_all_that_its_packages_need_and_nothing_else(group):
    wanted = [one for name in GROUPS[: GROUPS.index(group) + 1] for one in ASKED[name]]
    pins = environment.pins(environment.part(LOCK, group))
    here = {canonicalize_name(name) for name, _, marker in pins if environment.applies(marker)}
    assert here == page.closure(wanted)


def test_groups_are_a_chain_and_name_each_package_once():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert ["report", *groups] == GROUPS
    assert groups["tests"][0] == {"include-group": "notebooks"}
    names = [canonicalize_name(one.name) for wanted in ASKED.values() for one in wanted]
    assert len(names) == len(set(names))
    assert len([entry for pins in PINS.values() for entry in pins]) == len(environment.pins(LOCK))


# ---- what is imported stands in the group that needs it

ON_REQUEST = {
    "fire/report/sliders.py",
    "fire/report/watch.py",
}  # need the group notebooks: 90-explorer, make watch
OPTIONAL = {"pyspark"}  # an engine of the user's own: make spark
MODULES = metadata.packages_distributions()


def imported(text: str) -> set[str]:
    """Top-level names that a source imports, wherever in it, the standard library and the project's own apart."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"fire", "studies"}


def sources(folder: str) -> dict[str, str]:
    """Modules and notebooks of a folder, with their code."""
    found = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))}
    for path in sorted((ROOT / folder).rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        lines = "".join("".join(cell["source"]) + "\n" for cell in cells if cell["cell_type"] == "code")
        found[path] = re.sub(r"^\s*[%!].*$", "", lines, flags=re.M)
    return {path.relative_to(ROOT).as_posix(): text for path, text in found.items()}


def strangers(text: str, group: str) -> list[str]:
    """Imports whose distribution the groups up to one do not name."""
    wanted = [one for name in GROUPS[: GROUPS.index(group) + 1] for one in ASKED[name]]
    named = {canonicalize_name(one.name) for one in wanted}
    return sorted(
        name
        for name in imported(text) - OPTIONAL
        if not named & {canonicalize_name(one) for one in MODULES.get(name, [])}
    )


@pytest.mark.parametrize("folder", ["fire", "studies", "notebooks"])
def test_what_the_report_imports_is_in_its_group(folder):
    found = {
        name: strangers(text, "notebooks" if name in ON_REQUEST else "report")
        for name, text in sources(folder).items()
        if "/tests/" not in name
    }
    assert found and {name: missing for name, missing in found.items() if missing} == {}
    assert strangers("import numpy, libpysal\nfrom esda.moran import Moran", "report") == ["esda", "libpysal"]


def test_every_package_of_the_report_is_used():
    """By an import, or as the page says: held for another package, or taken by it unasked."""
    unasked = {
        "sqlglot",
        "defusedxml",
        "tabulate",
        "brotli",
        "justmytype-intl-cjk",
        "ipykernel",
        "setuptools",
    }
    used = set.union(*(imported(text) for folder in ("fire", "studies") for text in sources(folder).values()))
    distributions = {canonicalize_name(one) for name in used for one in MODULES.get(name, [])}
    names = {canonicalize_name(one.name) for one in ASKED["report"]}
    assert sorted(names - distributions - unasked) == [] and sorted(unasked - names) == []


# ---- the page of weights


def test_every_package_has_its_row_in_the_table_of_its_group():
    rows, group = {}, ""
    for line in page.PAGE.read_text(encoding="utf-8").splitlines():
        group = line.removeprefix("## ") if line.startswith("## ") else group
        if found := page.ROW.match(line):
            rows.setdefault(group, []).append(found[1])
            assert found[2].strip() and found[5].strip(), line
    assert rows == {group: [one.name for one in wanted] for group, wanted in ASKED.items()}


@pytest.mark.whole
@pytest.mark.skipif(
    (sys.platform, sys.version_info[:2]) != ("linux", (3, 11)) or os.uname().machine != "x86_64",
    reason="weighed on Linux x86-64 and Python 3.11",
)
def test_the_weights_on_the_page_are_those_measured():
    told = page.PAGE.read_text(encoding="utf-8")
    assert page.page(told) == told
    count, weight = page.weights()["report"][""]
    assert weight < 1200, f"the report weighs {weight:.0f} MB in {count} packages"


def test_every_pin_has_hashes_and_the_lock_names_no_address():
    assert [name for name, pins in PINS.items() if any(count == 0 for _, _, count in pins)] == []
    assert "://" not in LOCK and "--index" not in LOCK


def test_conda_environment_installs_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["--require-hashes", "-r requirements.lock"]}
    python = next(line for line in conda if line.startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(
        python.removeprefix("python=") + ".0"
    )


def test_installed_versions_are_the_locked_ones():
    from importlib.metadata import version

    for name in (one.name for wanted in ASKED.values() for one in wanted):
        assert version(name) in [pin for pin, _, _ in PINS[canonicalize_name(name)]], name


def test_fire_is_this_project_and_not_its_namesake():
    assert fire.__file__ == str(ROOT / "fire" / "__init__.py")
    assert "fire" not in PINS


def lock_of(folder, *lines):
    """A small lock file."""
    path = folder / "requirements.lock"
    path.write_text("".join(f"{line} \\\n    --hash=sha256:00\n" for line in lines), encoding="utf-8")
    return str(path)


def test_script_in_its_own_words():
    assert doctest.testmod(environment).attempted > 3


def test_an_environment_serves_the_groups_that_it_holds(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# group: report\npandas==3.1.1\n# group: tests\nno-such-package==1.0\n", encoding="utf-8"
    )
    held = {group: environment.check(str(lock), group) for group in GROUPS}
    assert [held[group][0] for group in GROUPS] == [True, True, False]
    assert all(f"({group})" in line and f"（{group}）" in line for group, (_, line) in held.items())


def test_script_gives_the_lines_of_a_group_and_refuses_another():
    def part(group):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), "part", group], capture_output=True, encoding="utf-8"
        )
        return done.returncode, done.stdout, done.stderr

    assert part("tests") == (0, LOCK, "")
    assert LOCK.startswith(part("report")[1]) and LOCK.startswith(part("notebooks")[1])
    assert (
        part("reports")[0] == 2
        and "no group 'reports': use one of report, notebooks, tests" in part("reports")[2]
    )


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(
    "goals, group",
    [
        (["report"], "report"),
        (["check", "report"], "report"),
        (["lab"], "notebooks"),
        (["notebooks"], "notebooks"),
        (["test"], "tests"),
        (["test-whole"], "tests"),
        (["report", "lint"], "tests"),
        (["setup", "GROUP=tests"], "tests"),
    ],
)
def test_a_command_asks_for_the_group_that_it_needs(goals, group):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    clean = {name: value for name, value in clean.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    done = subprocess.run(
        ["make", "-n", "-W", "requirements.lock", *goals],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0 and f"environment.py part {group} " in done.stdout, done.stderr


def test_script_reads_every_pin_of_the_lock():
    found = {}
    for name, version, marker in environment.pins(LOCK):
        found.setdefault(canonicalize_name(name), []).append((version, marker))
    assert found == {name: [(version, marker) for version, marker, _ in pins] for name, pins in PINS.items()}


@pytest.mark.parametrize(
    "marker", sorted({marker for pins in PINS.values() for _, marker, _ in pins if marker})
)
@pytest.mark.parametrize(
    "known",
    [
        {},
        {"python_full_version": "3.11.4", "python_version": "3.11"},
        {"python_full_version": "3.12.9", "python_version": "3.12"},
        {"python_full_version": "3.13.0", "python_version": "3.13"},
        {"sys_platform": "darwin", "platform_system": "Darwin"},
        {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
        {"platform_python_implementation": "PyPy", "implementation_name": "pypy"},
    ],
    ids=lambda known: "-".join(known.values()) or "here",
)
def test_script_reads_markers_as_packaging_does(marker, known):
    assert environment.applies(marker, {**environment.facts(), **known}) == Marker(marker).evaluate(known)


def test_script_finds_an_environment_that_holds_the_lock(tmp_path):
    lock = lock_of(
        tmp_path, "pandas==3.1.1 ; python_version >= '3.11'", "absent==1.0 ; sys_platform == 'nowhere'"
    )
    held, line = environment.check(lock, "report")
    assert held and sys.prefix in line and "1 个软件包" in line and "its 1 packages" in line


def test_script_names_a_package_that_is_missing(tmp_path):
    held, line = environment.check(lock_of(tmp_path, "pandas==3.1.1", "no-such-package==1.0"), "report")
    assert not held and "pandas" not in line
    assert "缺 1 个：no-such-package 1.0" in line and "1 missing: no-such-package 1.0" in line


def test_script_names_a_package_at_another_version(tmp_path):
    held, line = environment.check(lock_of(tmp_path, "pandas==3.0.9"), "report")
    assert not held and line.count("pandas 3.1.1 (3.0.9)") == 2
    assert "版本不同 1 个" in line and "1 at another version" in line


def test_script_names_some_of_many_in_one_line(tmp_path):
    held, line = environment.check(
        lock_of(tmp_path, *(f"no-such-package-{i}==1.0" for i in range(40))), "report"
    )
    assert not held and "缺 40 个" in line and "\n" not in line and len(line) < 500


def active_at(folder):
    """A folder that looks like an active environment and holds what this one holds."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return folder


def test_active_environment_is_chosen_only_if_it_holds_the_lock(tmp_path, monkeypatch, capfd):
    active = active_at(tmp_path / "active")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("CONDA_PREFIX", str(active))
    assert environment.choose(lock_of(tmp_path, "pandas==3.1.1"), "report", str(ROOT / ".venv")) == str(
        active
    )
    assert environment.choose(lock_of(tmp_path, "no-such-package==1.0"), "report", str(ROOT / ".venv")) == ""
    assert "no-such-package" in capfd.readouterr().err
    assert (
        environment.choose(lock_of(tmp_path, "pandas==3.1.1"), "report", str(active)) == ""
    )  # the one that make builds


def test_path_with_a_space_is_refused_in_words(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VIRTUAL_ENV", str(active_at(tmp_path / "my environment")))
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    assert environment.choose(lock_of(tmp_path, "pandas==3.1.1"), "report", str(ROOT / ".venv")) == ""
    assert "空格" in (said := capsys.readouterr().err) and "a space" in said


def test_missing_venv_module_says_what_to_install(monkeypatch):
    assert environment.able() == ""
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    line = environment.able()
    assert line.count("sudo apt install python3-venv") == 2 and "缺少" in line and "\n" not in line


def test_old_python_is_refused_in_both_languages(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "OLDEST", (4, 0))
    assert (
        "4.0" in environment.able() and "更新版本" in environment.able() and "or newer" in environment.able()
    )
    assert environment.check(lock_of(tmp_path), "report")[0] is False


def test_script_needs_no_package_and_no_new_syntax():
    """It runs on a Python that holds nothing (-S: no installed packages) and that is old."""
    bare = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(SCRIPT), "check"], env=bare, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1 and done.stdout == "" and "requirements.lock" in done.stderr
    assert "Traceback" not in done.stderr
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
