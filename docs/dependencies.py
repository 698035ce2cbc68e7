"""The weights in docs/dependencies.md: `make docs` measures what is installed and writes the numbers into its tables.

`weights()` gives MB by group and package; a test holds that the tables name what pyproject.toml asks for, group by group,
and that the numbers on the page are those measured.
"""

import os
import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\| *([\d<.]*) *\| *([\d<.]*) *\|([^|]*)\|$", re.M)


def asked() -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by group: report, notebooks, tests."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {"report": told["project"]["dependencies"]} | told["dependency-groups"]
    return {
        group: [Requirement(line) for line in lines if isinstance(line, str)]
        for group, lines in groups.items()
    }


def size(name: str) -> float:
    """MB of the files of an installed distribution, bytecode apart: what its wheel unpacks to."""
    files = metadata.distribution(name).files or []
    kept = (file.locate() for file in files if file.suffix != ".pyc")
    return sum(os.path.getsize(path) for path in kept if os.path.exists(path)) / 1e6


def closure(wanted) -> set[str]:
    """Names of the distributions that some requirements bring in here, their own included."""
    found, open_ = set(), [(canonicalize_name(one.name), frozenset(one.extras)) for one in wanted]
    while open_:
        name, extras = now = open_.pop()
        if now in found:
            continue
        found.add(now)
        for line in metadata.requires(name) or []:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": one}) for one in ("", *extras)):
                open_.append((canonicalize_name(need.name), frozenset(need.extras)))
    return {name for name, _ in found}


def weights() -> dict[str, dict[str, tuple[float, float]]]:
    """By group and package: MB of the package itself, and MB that go if it leaves: it with what only it needs, of what the
    groups up to its own bring. The key "" is the group: how many distributions it adds, and their MB."""
    found, before, held = {}, [], set()
    for group, wanted in asked().items():
        whole, rows = closure(before + wanted), {}
        for one in wanted:
            others = closure(before + [other for other in wanted if other is not one])
            rows[one.name] = size(one.name), sum(map(size, whole - others))
        rows[""] = len(whole - held), sum(map(size, whole - held))
        found[group], before, held = rows, before + wanted, whole
    return found


def page(text: str) -> str:
    """The page with the numbers measured."""
    known = weights()
    flat = {name: row for rows in known.values() for name, row in rows.items() if name}

    def row(found: re.Match) -> str:
        itself, whole = ("<1" if 0 < number < 1 else f"{number:.0f}" for number in flat[found[1]])
        return f"| `{found[1]}` |{found[2]}| {itself} | {whole} |{found[5]}|"

    for group, rows in known.items():
        count, weight = rows[""]
        told = f"{count} 个软件包，{weight:.0f} MB · {count} packages, {weight:.0f} MB"
        text = re.sub(rf"^(## {group}\n\n).*$", lambda head, told=told: head[1] + told, text, flags=re.M)
    return ROW.sub(row, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
