"""What docs/ says is so: links lead somewhere, generated pages are up to date, every step of a how-to runs.

A how-to is run in a scratch copy of the project, block by block:

    ```bash            runs; ```python runs too, unless its first line names a file
    ```toml …          `# 写入 Write <file>` writes the block, `# 加到末尾 Append to <file>` adds it at the end,
                       `# 第 5 格 Cell 5 of <notebook>` is that cell from now on, or one more at the end
    ```diff            `# 修改 Edit <file>`: lines with - stand in the file once, and become those with +
    ```text            what the block before prints: these lines, in this order (… stands for others)
    ```bash skip       is not run
"""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import nbformat
import pytest

from fire import files
from fire.files import ROOT
from tests import made_up

DOCS = ROOT / "docs"
PAGES = {path.stem: path for path in sorted((DOCS / "how-to").glob("*.md")) if path.stem != "README"}
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"^(?:#|<!--) (写入 Write|加到末尾 Append to|第 \d+ 格 Cell \d+ of|修改 Edit) (\S+)")
FOLLOWS = re.compile(r"^承接 Follows: \[.*\]\((.+)\.md\)", re.MULTILINE)
MOST = 95  # lines of a how-to
# What a page takes for granted that is long to make: the data release of `make report`.
BEFORE = {
    "read-results": """
import fire
from fire.report import marks, release, workbook
ed = fire.load(2022)
scores = marks.scores(ed.index)
release.write("reports/2022/data", ed, {"scores": scores, "panel": ed.index.panel})
for lang in ed.languages:
    workbook.write(f"reports/2022/fire-2022.{lang}.xlsx", ed, lang)
"""
}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, mark and content of every fenced block."""
    return [(kind, mark.strip(), body) for kind, mark, body in FENCE.findall(text(page))]


# ---- the pages


def tracked(under: str) -> list[str]:
    done = subprocess.run(
        ["git", "-c", "core.quotepath=off", "ls-files", "-co", "--exclude-standard", under],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [name for name in done.stdout.decode().splitlines() if (ROOT / name).exists()]


MARKDOWN = [ROOT / name for name in ("README.md", "README.zh.md", "CHANGELOG.md", "data/README.md")] + sorted(
    DOCS.rglob("*.md")
)


# Pages in which every name of code and every file is one of now.
SAID = [page for page in MARKDOWN if page.parent.name != "api" and page.name != "CHANGELOG.md"]
MADE = re.compile(
    r"data/(raw|records|sample/records)|reports/(bench|\d|editions/(2023|own))|.*(35-credit|36-closeup|credit)"
)


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", FENCE.sub("", text(page)))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_page_of_docs_is_in_its_index():
    linked = set(re.findall(r"\]\(([^)#]+)", text(DOCS / "README.md")))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"README.md"}
    assert sorted(pages - linked) == []


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_is_short_and_links_to_docs(name):
    assert len(text(ROOT / name).splitlines()) <= 110
    assert "(docs/README.md)" in text(ROOT / name)


def test_the_data_guide_names_every_file():
    guide = text(ROOT / "data" / "README.md")
    names = [name.removeprefix("data/") for name in tracked("data")]
    told = set(re.findall(r"`([\w./*-]+)`", guide))
    unnamed = [name for name in names if not any(fnmatch(name, one) for one in told)]
    assert [name for name in unnamed if name != "README.md" and not name.startswith("schemas/")] == []
    assert {f"schemas/{one}" for one in told} >= {name for name in names if name.startswith("schemas/")}
    files_told = [one for one in told if re.fullmatch(r"[\w/-]+\.(csv|toml|json)", one)]
    assert [one for one in files_told if not any(f"/{name}".endswith(f"/{one}") for name in names)] == []


@pytest.mark.parametrize("page", SAID, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_and_files_that_a_page_tells_of_exist(page):
    code = re.findall(r"`([^`\n]+)`", FENCE.sub("", text(page)))
    assert [one for one in code if not names_something(one) or not is_a_file(one)] == []


def names_something(code: str) -> bool:
    """Whether `views.league(…)` names a function: of a module of fire or a study, or of an index, a specification, an edition."""
    found = re.fullmatch(r"(?:fire\.(?:\w+\.)?)?(\w+)\.(\w+)(?:\(.*)?", code)
    named = found and found[2] not in ("csv", "json", "md", "py", "toml", "yaml", "xlsx", "lock", "parquet")
    homes = homes_of(found[1]) if named else []
    return not homes or any(hasattr(home, found[2]) for home in homes)


@cache
def homes_of(name: str) -> list:
    """The modules of this name, and the class of a value that the pages call so."""
    import fire

    values = {
        "index": fire.Index,
        "idx": fire.Index,
        "spec": type(fire.specification("fire-2022")),
        "ed": fire.Edition,
    }
    paths = [path for room in ("fire", "studies") for path in (ROOT / room).rglob(f"{name}.py")]
    modules = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths]
    return [importlib.import_module(one) for one in modules] + [values[key] for key in values if key == name]


def is_a_file(code: str) -> bool:
    """Whether `data/places.csv` is there; what a reader makes, or fills in (<…>, *), need not be."""
    if not re.fullmatch(r"(fire|studies|data|docs|notebooks|reports|tests)/[\w./-]+", code):
        return True
    return bool(MADE.match(code)) or (ROOT / code).exists()


def test_generated_pages_are_up_to_date():
    made = _make().pages()
    stale = [path.name for path, said in made.items() if not path.exists() or text(path) != said]
    assert stale == [], "run `make docs`"
    assert set((DOCS / "api").glob("*.md")) == {path for path in made if path.suffix == ".md"}


def test_arrows_between_rooms_run_down():
    make = _make()
    names = list(make.ROOMS)
    arrows = make.imports(make.Modules())
    assert arrows and [pair for pair in arrows if names.index(pair[0]) >= names.index(pair[1])] == []


@cache
def _make():
    found = importlib.util.spec_from_file_location("docs_make", DOCS / "make.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.whole
@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "docs/regional-methods.md"])
def test_the_code_of_a_page_runs(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    for kind, mark, body in blocks(ROOT / name):
        if kind == "python" and not mark:
            exec(compile(body, name, "exec"), names)


# ---- the steps


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """The project after the steps of a page, by the page's name; "" is the project as it is."""
    root = tmp_path_factory.mktemp("docs")
    made = {"": made_up.scratch(root / "project")}
    python = root / "project" / ".venv" / "bin" / "python"  # what `make` and the pages call
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for group in ("report", "notebooks", "tests"):
        (root / "project" / ".venv" / f".{group}").touch()
    for page in PAGES.values():
        clear(page, root / "project")

    def after(name: str) -> Path:
        if name not in made:
            follows = FOLLOWS.search(text(PAGES[name]))
            made[name] = ValueError(f"the steps of {name}.md failed")
            before = after(follows.group(1) if follows else "")
            shutil.copytree(before, root / name, symlinks=True)
            if name in BEFORE:
                shell([sys.executable, "-c", BEFORE[name]], root / name)
            walk(PAGES[name], root / name)
            made[name] = root / name
        if isinstance(made[name], ValueError):
            raise made[name]
        return made[name]

    return after


@pytest.mark.whole
@pytest.mark.parametrize("name", PAGES)
def test_every_step_of_a_how_to_runs(name, copies):
    copies(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_how_to_is_short_and_bilingual(name):
    said = text(PAGES[name])
    assert len(said.splitlines()) <= MOST
    assert re.match(r"# [^\n]*[\u4e00-\u9fff][^\n]* · [A-Z]", said)
    assert sum(not mark for kind, mark, _ in blocks(PAGES[name]) if kind != "text"), "no step that runs"


def clear(page: Path, root: Path) -> None:
    """Take away what a page makes, should the project have it by now: editions, specifications, chapters."""
    said = "\n".join(body for _, mark, body in blocks(page) if not mark)
    made = re.findall(r"^(?:#|<!--) 写入 Write (\S+)|^cp \S+ (\S+)", said, re.MULTILINE)
    chapters = re.findall(r"^make chapter NAME=(\S+)", said, re.MULTILINE)
    gone = [first or second for first, second in made] + [
        f"{room}/**/{name}.*" for name in chapters for room in ("notebooks", "reports")
    ]
    gone += [one.replace(".yaml", ".*") for one in gone if one.startswith("reports/editions/")]
    for path in {path for one in gone for path in root.glob(one)}:
        path.unlink()
    programme = root / "reports" / "programme.toml"
    for name in chapters:
        entry = rf'\[\[chapter\]\]\nname = "{name}"\n(?:(?!\[\[).*\n?)*'
        programme.write_text(re.sub(entry, "", text(programme)), encoding="utf-8")


def walk(page: Path, root: Path) -> None:
    """Do what the blocks of a page say, in order, in a copy of the project."""
    printed = ""
    for kind, mark, body in blocks(page):
        if mark == "skip" or kind not in (
            "bash",
            "python",
            "text",
            "diff",
            "toml",
            "yaml",
            "csv",
            "markdown",
        ):
            continue
        place = PLACE.match(body)
        if place:
            put(root / place[2], place[1], body.split("\n", 1)[1], page)
        elif kind == "text":
            said = iter([line.rstrip() for line in printed.splitlines()])
            for line in filter(lambda line: line.strip() not in ("", "…"), body.splitlines()):
                assert line.rstrip() in said, f"{page.name}: not printed: {line}\n---\n{printed}"
        elif kind == "bash":
            printed = shell(["bash", "-euo", "pipefail", "-c", body], root)
        elif kind == "python":
            printed = shell([sys.executable, "-c", body], root)
        else:
            raise AssertionError(f"{page.name}: a block that names no file:\n{body}")


def put(path: Path, how: str, body: str, page: Path) -> None:
    """Write, append, edit, or add a cell, as the first line of a block says."""
    if how.startswith("写入"):
        assert not path.exists(), f"{page.name}: {path.name} is there already"
        files.write_text(path, body)
    elif how.startswith("加到末尾"):
        old = files.decode(path)
        path.write_text(old.rstrip("\n") + "\n" + body, encoding="utf-8")
    elif how.startswith("第"):
        book, number = nbformat.read(path, 4), int(how.split()[1]) - 1
        if number == len(book.cells):
            book.cells.append(nbformat.v4.new_code_cell())
        book.cells[number].source = body.rstrip("\n")
        nbformat.write(book, path)
    else:
        old = files.decode(path)
        lines = body.splitlines()
        assert all(line[:1] in "-+ " for line in lines), (
            f"{page.name}: a line of a diff begins with -, + or a space"
        )
        before = "\n".join(line[1:] for line in lines if line[:1] != "+")
        after = "\n".join(line[1:] for line in lines if line[:1] != "-")
        assert f"\n{old}".count(f"\n{before}\n") == 1, f"{page.name}: not once in {path.name}:\n{before}"
        path.write_text(f"\n{old}".replace(f"\n{before}\n", f"\n{after}\n", 1)[1:], encoding="utf-8")


def shell(command: list[str], root: Path) -> str:
    """Run a command in the copy; returns what it prints."""
    away = ("MAKE", "MFLAGS", "PYTEST", "VIRTUAL_ENV", "CONDA")
    names = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    names |= {
        "PYTHONPATH": str(root),
        "OPENBLAS_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(root / "build/matplotlib"),
    }
    names |= {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=root, env=names, capture_output=True, text=True, encoding="utf-8", timeout=1200
    )
    assert done.returncode == 0, f"{command[-1]}\n---\n{done.stdout}\n{done.stderr}"
    return done.stdout
