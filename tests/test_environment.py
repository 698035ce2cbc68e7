"""One environment: pyproject.toml is the hand-written list, the lock and environment.yml follow it."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib

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


def script():
    """The environment script as a module: it stands outside the packages, because it runs before they are installed."""
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment = script()


def locked(text: str) -> dict[str, list[tuple[str, str, int]]]:
    """Name -> [(version, marker, number of hashes)] of a hashed lock."""
    pins = {}
    for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()):
        head, *hashes = entry.split("--hash=sha256:")
        pin, _, marker = head.partition(";")
        name, version = pin.strip().split("==")
        pins.setdefault(canonicalize_name(name.split("[")[0]), []).append(
            (version.strip(), marker.strip(), len(hashes))
        )
    return pins


PINS = locked(LOCK)


@pytest.mark.parametrize("line", PROJECT["dependencies"])
def test_every_requirement_is_locked_at_a_version_it_allows(line):
    wanted = Requirement(line)
    versions = [version for version, _, _ in PINS[canonicalize_name(wanted.name)]]
    assert versions and all(wanted.specifier.contains(version) for version in versions)


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

    for line in PROJECT["dependencies"]:
        name = Requirement(line).name
        assert version(name) in [pin for pin, _, _ in PINS[canonicalize_name(name)]], name


def test_fire_is_this_project_and_not_its_namesake():
    assert fire.__file__ == str(ROOT / "fire" / "__init__.py")
    assert "fire" not in PINS


def lock_of(folder, *lines):
    """A small lock file."""
    path = folder / "requirements.lock"
    path.write_text("".join(f"{line} \\\n    --hash=sha256:00\n" for line in lines), encoding="utf-8")
    return str(path)


def test_script_reads_every_pin_of_the_lock():
    found = {}
    for name, version, marker in environment.pins(ROOT / "requirements.lock"):
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
    held, line = environment.check(lock)
    assert held and sys.prefix in line and "1 个软件包" in line and "its 1 packages" in line


def test_script_names_a_package_that_is_missing(tmp_path):
    held, line = environment.check(lock_of(tmp_path, "pandas==3.1.1", "no-such-package==1.0"))
    assert not held and "pandas" not in line
    assert "缺 1 个：no-such-package 1.0" in line and "1 missing: no-such-package 1.0" in line


def test_script_names_a_package_at_another_version(tmp_path):
    held, line = environment.check(lock_of(tmp_path, "pandas==3.0.9"))
    assert not held and line.count("pandas 3.1.1 (3.0.9)") == 2
    assert "版本不同 1 个" in line and "1 at another version" in line


def test_script_names_some_of_many_in_one_line(tmp_path):
    held, line = environment.check(lock_of(tmp_path, *(f"no-such-package-{i}==1.0" for i in range(40))))
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
    assert environment.choose(lock_of(tmp_path, "pandas==3.1.1"), str(ROOT / ".venv")) == str(active)
    assert environment.choose(lock_of(tmp_path, "no-such-package==1.0"), str(ROOT / ".venv")) == ""
    assert "no-such-package" in capfd.readouterr().err
    assert (
        environment.choose(lock_of(tmp_path, "pandas==3.1.1"), str(active)) == ""
    )  # the one that make builds


def test_path_with_a_space_is_refused_in_words(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VIRTUAL_ENV", str(active_at(tmp_path / "my environment")))
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    assert environment.choose(lock_of(tmp_path, "pandas==3.1.1"), str(ROOT / ".venv")) == ""
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
    assert environment.check(lock_of(tmp_path))[0] is False


def test_script_needs_no_package_and_no_new_syntax():
    """It runs on a Python that holds nothing (-S: no installed packages) and that is old."""
    bare = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(SCRIPT), "check"], env=bare, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 1 and done.stdout == "" and "requirements.lock" in done.stderr
    assert "Traceback" not in done.stderr
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
