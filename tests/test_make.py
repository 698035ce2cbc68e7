"""The build engine on a small made-up project: again only what has changed, by content; and the command line."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from fire import edition as editions
from fire import errors, files
from fire.errors import InputError
from fire.report import build, imports, kernels, programme

SOURCES = {
    "fire/__init__.py": '_DOOR = {"load": "fire.edition", "show": "fire.report.exhibits"}\n',
    "fire/edition.py": "x = 1\n",
    "fire/files.py": "x = 1\n",
    "fire/figures/__init__.py": "",
    "fire/figures/index.py": "def draw():\n    from fire.figures import kit\n",
    "fire/figures/kit.py": "x = 1\n",
    "fire/analysis/__init__.py": "",
    "fire/analysis/regions.py": "import fire.files\n",
    "fire/report/__init__.py": "",
    "fire/report/exhibits.py": "x = 1\n",
    "fire/report/notebook.py": "x = 1\n",
    "fire/report/assembly.py": "from fire.report import word\n",
    "fire/report/word.py": "x = 1\n",
    "fire/report/unused.py": "x = 1\n",
    "studies/__init__.py": "",
    "studies/ledger/__init__.py": "",
    "studies/ledger/claims.py": "x = 1\n",
    "studies/ledger/programme.toml": '[[chapter]]\nname = "11-ledger"\nafter = "10-index"\n',
    "studies/ledger/chapters/zh/11-ledger.md": "# 账本\n",
    "studies/ledger/chapters/en/11-ledger.md": "# Ledger\n",
    "reports/programme.toml": (
        '[[chapter]]\nname = "00-front"\n[[chapter]]\nname = "10-index"\n[[chapter]]\nname = "20-regions"\n'
        'each = { region = "regions" }\n[[chapter]]\nname = "41-city"\nrequest = true\neach = { city = "cities" }\n'
    ),
    "reports/exhibits/index.toml": '[index-said]\nzh = "甲"\nen = "A"\n',
    "reports/template/frame.toml": "",
    "reports/template/zh/00-front.md": "# 卷首 {#front}\n",
    "reports/template/en/00-front.md": "# Front {#front}\n",
    "reports/template/zh/10-index.md": "# 指数\n",
    "reports/template/en/10-index.md": "# Index\n",
    "reports/template/zh/20-regions.md": "# 区域\n",
    "reports/template/en/20-regions.md": "# Regions\n",
    "reports/editions/2022.yaml": "edition: 2022\npanel: data/raw/mine.csv\n",
    "data/places.csv": "city\n北京\n",
    "data/raw/mine.csv": "unit,value\n北京,1\n",
    "data/raw/other.csv": "unit,value\n北京,1\n",
    "requirements.lock": "pandas\n",
}
BOOKS = {
    "notebooks/10-index.ipynb": [
        "edition = 2022",
        "import fire\nfire.load(edition)",
        "%matplotlib inline\nfrom fire.figures import index",
    ],
    "notebooks/20-regions.ipynb": ["edition = 2022\nregion = ''", "from fire.analysis import regions"],
    "notebooks/41-city.ipynb": ["edition = 2022\ncity = ''", "from fire.analysis import regions"],
    "studies/ledger/notebooks/11-ledger.ipynb": ["edition = 2022", "from studies.ledger import claims"],
}


def book(path, sources, outputs=()):
    cells = [
        {
            "cell_type": "code",
            "source": source.splitlines(keepends=True),
            "metadata": {"tags": ["parameters"]} if not number else {},
            "outputs": list(outputs),
        }
        for number, source in enumerate(sources)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}), encoding="utf-8")


class Project:
    """A small project whose notebooks and assembly are stubs; `report()` returns what was run."""

    def __init__(self, root):
        self.root, self.ran, self.broken = root, [], {}
        for name, text in SOURCES.items():
            self.write(name, text)
        for name, sources in BOOKS.items():
            book(root / name, sources)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def load(self, name):
        folder = self.root / "reports" / "editions"
        settings = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
        return SimpleNamespace(
            name=name,
            settings=settings,
            folder=folder,
            inputs=lambda: [self.root / settings["panel"]],
            places=lambda: pd.DataFrame({"city": ["北京", "合肥"]}),
            regions=lambda: pd.DataFrame({"region": ["京津冀", "长三角"]}),
        )

    def run(self, edition, run):
        self.ran.append(run.name)
        if run.name not in self.broken:
            run.folder.mkdir(parents=True, exist_ok=True)
            (run.folder / "notebook.ipynb").write_text("{}", encoding="utf-8")
        return self.broken.get(run.name, [])

    def assemble(self, plan):
        self.ran.append("assembly")
        page = self.root / "reports" / plan.ed.name / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text("page", encoding="utf-8")
        return page

    def report(self, **options):
        self.ran.clear()
        build.build("2022", say=lambda line: None, **options)
        return sorted(self.ran)

    def touch(self):
        for path in self.root.rglob("*.*"):
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**9))


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = Project(tmp_path)
    for module in (build, imports, files, errors):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for module in (build, files):
        monkeypatch.setattr(module, "DATA", tmp_path / "data")
        monkeypatch.setattr(module, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    monkeypatch.setattr(build, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(programme, "STUDIES", tmp_path / "studies")
    monkeypatch.setattr(programme, "NOTEBOOKS", tmp_path / "notebooks")
    template = tmp_path / "reports" / "template"
    for name in ("load", "read", "data", "sources", "runs"):
        whole = getattr(programme, name)
        monkeypatch.setattr(programme, name, lambda ed, place=template, whole=whole: whole(ed, place))
    monkeypatch.setattr(editions, "load", made.load)
    monkeypatch.setattr(build, "run_notebook", made.run)
    monkeypatch.setattr(build, "assemble", made.assemble)
    monkeypatch.setattr(build, "preview", lambda plan, chapters: made.ran.append("preview"))
    monkeypatch.setattr(kernels, "use", lambda: None)
    monkeypatch.setattr(kernels, "holding", lambda edition: nullcontext())
    monkeypatch.setattr(build, "store_results", lambda ed, say: None)
    monkeypatch.setattr(build, "check_data", lambda ed, say: None)
    return made


REGIONS = ["20-regions-京津冀", "20-regions-长三角"]
ALL = ["10-index", *REGIONS, "assembly"]


def test_first_build_runs_each_value_and_nothing_on_request(project):
    assert project.report() == ALL
    assert project.report() == []


def test_touched_but_unchanged_files_run_nothing(project):
    project.report()
    project.touch()
    assert project.report() == []


def test_new_outputs_in_a_notebook_run_nothing(project):
    project.report()
    name = "notebooks/10-index.ipynb"
    book(project.root / name, BOOKS[name], outputs=[{"output_type": "stream", "text": "1"}])
    assert project.report() == []


@pytest.mark.parametrize(
    "name, ran",
    [
        ("fire/figures/kit.py", ["10-index", "assembly"]),  # imported inside a function of a figure module
        ("fire/edition.py", ["10-index", "assembly"]),  # through the door: fire.load
        ("fire/files.py", [*REGIONS, "assembly"]),
        ("fire/report/word.py", ["assembly"]),
        ("fire/report/exhibits.py", []),  # the door alone opens nothing
        ("fire/report/unused.py", []),
        ("reports/exhibits/index.toml", ["assembly"]),  # a sentence
        ("reports/template/zh/10-index.md", ["assembly"]),
        ("reports/editions/2022-advice.zh.md", ["assembly"]),
        ("data/raw/mine.csv", ALL),  # named by the edition
        ("data/raw/other.csv", []),
        ("data/records/firms.csv", []),
        ("data/places.csv", ALL),
        ("requirements.lock", ALL),
        ("reports/editions/2022.yaml", ALL),
    ],
)
def test_a_changed_file_runs_what_rests_on_it(project, name, ran):
    project.report()
    path = project.root / name
    project.write(name, (path.read_text(encoding="utf-8") if path.exists() else "") + "\n# 1\n")
    assert project.report() == ran
    assert project.report() == []


def test_an_edited_cell_runs_its_notebook(project):
    project.report()
    book(project.root / "notebooks/20-regions.ipynb", ["edition = 2022\nregion = ''", "1 + 1"])
    assert project.report() == [*REGIONS, "assembly"]


def test_a_chapter_joins_and_leaves_without_a_trace(project):
    project.report()
    first = (project.root / "reports/programme.toml").read_text(encoding="utf-8")
    book(project.root / "notebooks/30-firms.ipynb", ["edition = 2022"])
    project.write("reports/programme.toml", first + '[[chapter]]\nname = "30-firms"\n')
    assert project.report() == ["30-firms", "assembly"]
    project.write("reports/programme.toml", first)
    assert project.report() == ["assembly"]
    assert not (project.root / "build/2022/30-firms").exists()
    assert (project.root / "build/2022/10-index").exists()


def test_a_study_joins_only_the_edition_that_names_it(project):
    project.report()
    text = SOURCES["reports/editions/2022.yaml"]
    project.write("reports/editions/2022.yaml", text + "studies: [ledger]\n")
    assert project.report() == ["10-index", "11-ledger", *REGIONS, "assembly"]
    names = [chapter.name for chapter in programme.load(project.load("2022"))]
    assert names == ["00-front", "10-index", "11-ledger", "20-regions", "41-city"]
    project.write("studies/ledger/claims.py", "x = 2\n")
    assert project.report() == ["11-ledger", "assembly"]


def test_a_chapter_needs_what_its_edition_lacks(project):
    text = SOURCES["reports/programme.toml"].replace('"10-index"', '"10-index"\nneeds = ["facts"]')
    project.write("reports/programme.toml", text)
    assert project.report() == [*REGIONS, "assembly"]


def test_an_edition_adds_replaces_and_drops_chapters(project):
    project.write(
        "reports/editions/2022.yaml",
        SOURCES["reports/editions/2022.yaml"] + "programme: reports/editions/own.toml\n",
    )
    project.write(
        "reports/editions/own.toml",
        'drop = ["00-front"]\n[[chapter]]\nname = "20-regions"\nparameters = { region = "京津冀" }\n'
        '[[chapter]]\nname = "30-firms"\nafter = "10-index"\n',
    )
    book(project.root / "notebooks/30-firms.ipynb", ["edition = 2022"])
    assert project.report() == ["10-index", "20-regions", "30-firms", "assembly"]
    chapters = programme.load(project.load("2022"))
    assert [chapter.name for chapter in chapters] == ["10-index", "30-firms", "20-regions", "41-city"]
    assert chapters[2].runs[0].parameters == {"region": "京津冀"} and chapters[2].title() == "区域"


def test_all_faults_of_the_programme_are_told_at_once(project):
    project.write(
        "reports/programme.toml",
        SOURCES["reports/programme.toml"]
        + '[[chapter]]\nname = "10-index"\n[[chapter]]\nname = "30-firms"\neech = { a = 1 }\n'
        + '[[chapter]]\nname = "20-regins"\nafter = "99-none"\n[[chapters]]\nname = "x"\n'
        + '[[chapter]]\nname = "50-rank"\nnotebook = "10-index"\neach = { index = ["a"] }\nneeds = ["fact"]\n'
        + '[[chapter]]\nname = "51-rank"\nnotebook = "20-regions"\neach = { region = ["a", 3] }\n'
        + 'parameters = { edition = "next" }\n',
    )
    project.write("reports/template/zh/77-extra.md", "# 甲\n")
    (project.root / "reports/template/en/00-front.md").unlink()
    with pytest.raises(InputError) as refused:
        project.report()
    told = "\n".join(refused.value.faults)
    for fault in (
        "unknown key 'chapters': did you mean 'chapter'?",
        "'10-index' is listed twice",
        "('30-firms'): unknown key 'eech': did you mean 'each'?",
        "after = '99-none': there is no such chapter",
        "'20-regins': there is no notebook notebooks/20-regins.ipynb, and no text",
        "its notebook has no parameter 'index': it has edition",
        "region = 3: the default is text",
        "edition = 'next': the default is a whole number (2022)",
        "needs 'fact'",
        "its text in 'en' is missing",
        "77-extra.md is in no programme",
    ):
        assert fault in told, f"{fault}\n---\n{told}"
    assert project.ran == []


def test_a_failing_notebook_is_named_and_keeps_the_last_report(project):
    project.report()
    project.write("fire/files.py", "x = 2\n")
    project.broken = {REGIONS[0]: ["code cell 3 failed: KeyError: 'x'"]}
    with pytest.raises(InputError, match=f"{REGIONS[0]}: code cell 3 failed: KeyError"):
        project.report()
    assert "assembly" not in project.ran and (project.root / "reports/2022/index.html").exists()
    project.broken = {}
    assert REGIONS[0] in (ran := project.report()) and "10-index" not in ran and "assembly" in ran


def test_what_a_killed_run_left_is_cleaned(project):
    project.report()
    gone, here = 2**22 + 1, os.getpid()
    left = [
        f"build/2022/.10-index.{gone}.part",
        f"reports/.2022.{gone}.part",
        f"build/.hashes.json.{gone}.part",
    ]
    for name in (left[0], left[1], f"reports/.2022.{here}.part"):
        project.write(f"{name}/file.txt", "half")
    project.write(left[2], "half")
    project.write("build/2022/building", f"{gone}")
    (project.root / "reports/2022").rename(project.root / f"reports/.2022.{gone}.old")
    assert project.report() == []
    assert not any((project.root / name).exists() for name in left)
    assert (project.root / f"reports/.2022.{here}.part").exists()  # its process runs
    assert (project.root / "reports/2022/index.html").exists()


def test_two_builds_of_one_edition_do_not_meet(project):
    with build.alone("2022"), pytest.raises(InputError, match="正在生成这一版.*another run builds it"):
        project.report()
    assert project.report() == ALL


def test_a_preview_runs_its_chapter_only(project):
    assert project.report(chapters=["10-index"]) == ["10-index", "preview"]
    with pytest.raises(InputError, match="no chapter '10-indx'"):
        project.report(chapters=["10-indx"])
    assert project.report() == [*REGIONS, "assembly"]


def test_derived_data_are_built_when_needed_and_stale(project, monkeypatch):
    project.write(
        "reports/programme.toml",
        SOURCES["reports/programme.toml"].replace('"10-index"', '"10-index"\nneeds = ["base"]')
        + '[[data]]\nname = "base"\npath = "build/base.db"\nmake = "fire.analysis.regions:make"\n',
    )
    made = []

    def make(ed, path):
        made.append(ed.name)
        path.write_text("base", encoding="utf-8")

    monkeypatch.setattr("fire.analysis.regions.make", make, raising=False)
    assert project.report() == ALL and made == ["2022"]
    project.write("fire/figures/kit.py", "x = 2\n")
    assert project.report() == ["10-index", "assembly"] and made == ["2022"]
    project.write("data/raw/other.csv", "unit,value\n北京,2\n")  # a workbook of the team's own
    assert project.report() == ["10-index", "assembly"] and made == ["2022"] * 2


def test_nothing_to_do_needs_no_pandas():
    code = "import sys; from fire.report import build; build._current('2022', build.Hashes()); sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=files.ROOT).returncode == 0


def test_no_module_of_fire_imports_a_study():
    modules = imports.Modules()
    names = [name for name in modules.paths if name.split(".")[0] == "fire"]
    assert [name for name in modules.closure(names) if name.startswith("studies")] == []


# ---- the command line


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A copy of the project that may be broken."""
    root = tmp_path_factory.mktemp("scratch")
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "records", "*.duckdb", "[0-9]*-audit")
    for name in ("fire", "studies", "data", "notebooks"):
        shutil.copytree(files.ROOT / name, root / name, ignore=skip)
    for name in ("template", "editions", "exhibits"):
        shutil.copytree(files.REPORTS / name, root / "reports" / name, ignore=skip)
    for name in ("reports/programme.toml", "requirements.lock"):
        shutil.copyfile(files.ROOT / name, root / name)
    return root


def fire(root, *words):
    done = subprocess.run(
        [sys.executable, "-m", "fire", *words],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"},
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


YAML = files.decode(files.REPORTS / "editions" / "2022.yaml")


@pytest.mark.parametrize(
    "raw, told",
    [
        (YAML.replace("year: 2021", "year:\t2021\n\tbase: 1").encode(), "2031.yaml"),
        pytest.param(
            YAML.replace("year: 2021", "year: 2021\nyear: 2020").encode(), "year", marks=pytest.mark.whole
        ),
        pytest.param(b"- edition: 2031\n- year: 2021\n", "2031.yaml", marks=pytest.mark.whole),
        (b"edition 2031", "2031.yaml"),
        pytest.param(b"", "2031.yaml", marks=pytest.mark.whole),
        pytest.param(
            YAML.replace("edition: 2022", "edition: 2031\nnote: 中文").encode("gb18030"),
            "no chapter 'none'",
            marks=pytest.mark.whole,
        ),
    ],
    ids=["tab", "doubled", "list", "text", "empty", "gb18030"],
)
def test_a_damaged_edition_is_told_without_a_traceback(scratch, raw, told):
    path = scratch / "reports" / "editions" / "2031.yaml"
    path.write_bytes(raw)
    try:
        status, said = fire(scratch, "report", "2031", "--chapter", "none")
    finally:
        path.unlink()
    assert status == 1 and "处错误，请改正后再运行" in said and told in said
    assert not (scratch / "build" / "error.log").exists()


@pytest.mark.parametrize(
    "words, status, told",
    [
        (["reprot"], 2, "invalid choice: 'reprot'"),
        ([], 2, "命令有误 · wrong command"),
        (["report", "1999"], 1, "没有 1999 年版"),
        (["run", "20-region"], 1, "did you mean '20-regions'?"),
        (["city", "合匪"], 1, "did you mean '合肥'?"),
        (["new-chapter", "Credit"], 1, "two digits"),
        (["new-chapter", "10-index"], 1, "is there already"),
        (["--help"], 0, "生成一版报告"),
    ],
    ids=lambda value: "-".join(value) or "none" if isinstance(value, list) else None,
)
def test_a_wrong_word_is_answered(scratch, words, status, told):
    found, said = fire(scratch, *words)
    assert (found, told in said) == (status, True), said


@pytest.mark.whole
def test_a_new_chapter_is_four_files_and_a_line(scratch):
    status, said = fire(scratch, "new-chapter", "39-unheard")
    assert status == 0 and 'name = "39-unheard"' in said
    for name in (
        "notebooks/39-unheard.ipynb",
        "reports/exhibits/39-unheard.toml",
        "reports/template/zh/39-unheard.md",
    ):
        assert name in said and (scratch / name).exists()
    status, said = fire(scratch, "check", "39-unheard")
    assert "chapter text 39-unheard.md is in no programme" in said


def test_a_fault_of_the_program_is_one_line_and_a_log(scratch):
    module = scratch / "fire" / "report" / "build.py"
    kept = module.read_text(encoding="utf-8")
    try:
        module.write_text(kept + "\n1 / 0\n", encoding="utf-8")
        status, said = fire(scratch, "report", "2022")
    finally:
        module.write_text(kept, encoding="utf-8")
    assert status == 1 and "程序出错" in said and len(said.splitlines()) == 1
    assert "ZeroDivisionError" in (scratch / "build" / "error.log").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_names_its_targets_and_cleans_only_what_it_built(tmp_path):
    shutil.copyfile(files.ROOT / "Makefile", tmp_path / "Makefile")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}

    def make(*words):
        return subprocess.run(
            ["make", *words], cwd=tmp_path, env=clean, capture_output=True, text=True
        ).stdout

    said = make("help")
    for target in (
        "report",
        "data",
        "test",
        "test-whole",
        "notebooks",
        "city",
        "audit",
        "publish",
        "unlock",
        "verify",
        "diff",
        "clean",
    ):
        assert f"\n{target} " in f"\n{said}", target
    keep = [
        "data/raw/mine.csv",
        "data/records/firms.csv",
        "reports/editions/2022.yaml",
        "reports/2019/mine.docx",
        "build/unlocked/2022.lock.json",
    ]
    gone = ["build/2022/key", "reports/2022/index.html", "data/sample/records/firms.parquet"]
    for name in keep + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    said = make("clean")
    assert all((tmp_path / name).exists() for name in keep) and not any(
        (tmp_path / name).exists() for name in gone
    )
    assert "data/records" in said


# ---- the two targets of tests

TARGETS = re.compile(r"^(test|test-whole): .*\n\t@\$\(PYTEST\)( \$\(NBVAL\))? -m (.+)$", re.MULTILINE)


def chosen() -> dict[str, str]:
    """Target → the expression by which it chooses its tests; notebooks are in the first."""
    found = TARGETS.findall(files.decode(files.ROOT / "Makefile"))
    assert [bool(notebooks) for _, notebooks, _ in found] == [True, False]
    return {target: words.strip('"') for target, _, words in found}


def test_the_targets_of_tests_exclude_each_other_and_nothing_else_chooses():
    """An expression and its negation: each test is in exactly one of the two, and continuous integration runs both."""
    assert chosen() == {"test": "not (whole or browser)", "test-whole": "whole or browser"}
    options = tomllib.loads(files.decode(files.ROOT / "pyproject.toml"))["tool"]["pytest"]["ini_options"]
    pytest_words = re.search(r"^PYTEST = (.*)$", files.decode(files.ROOT / "Makefile"), re.MULTILINE)[1]
    assert not re.search(r"(^| )-[mk]|--(ignore|deselect)", f"{options['addopts']} {pytest_words}")
    assert re.findall(r"^make (\S+)", files.decode(files.ROOT / ".ci" / "run"), re.MULTILINE) == list(
        chosen()
    )


@pytest.mark.whole
def test_each_test_of_a_file_is_in_one_of_the_two_targets():
    def collected(*words):
        words = ["--collect-only", "-q", "-n", "0", "-o", "addopts=", "tests/test_kernels.py", *words]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=files.ROOT, capture_output=True, text=True
        )
        return {line for line in done.stdout.splitlines() if "::" in line}

    quick, whole = (collected("-m", words) for words in chosen().values())
    assert quick and whole and not quick & whole and quick | whole == collected()


def test_a_cell_of_ipython_is_read_as_python():
    source = "files = !ls data\n%matplotlib inline\nfrom fire.figures import kit\nkit.bars?"
    assert "fire.figures.kit" in imports.Modules().imported(build._plain_python(source))
    assert "fire.figures.kit" in imports.Modules().imported(
        build._plain_python("%%bash\nls -l | head -3") + "import fire.figures.kit"
    )
