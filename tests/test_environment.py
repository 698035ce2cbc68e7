"""One environment: pyproject.toml is the hand-written list, the lock and environment.yml follow it."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fire
from fire.files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


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
