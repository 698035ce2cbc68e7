"""The strict wrapper: what papermill, nbclient and nbval let pass is refused, and nothing half-made is left."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_core.utils import run_sync

from fire.errors import InputError
from fire.files import ROOT
from fire.report import execution, notebook, parameters, strict

CASES = ROOT / "tests" / "cases"
FIRST = 'edition = 2022\nout = ""'


def book_of(*cells, tags=(("parameters",),), kernel="python3"):
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})
    for number, source in enumerate(cells):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = list(tags[number]) if number < len(tags) else []
        book.cells.append(cell)
    return book


def write(path, *cells, **options):
    nbformat.write(book_of(*cells, **options), path)
    return path


def rules(faults) -> set[str]:
    return {fault.rule.removeprefix("notebook.") for fault in faults}


@pytest.fixture
def book(tmp_path):
    return write(tmp_path / "small.ipynb", FIRST, "print(edition + 1)")


def test_runs_with_parameters_and_keeps_the_folder_whole(book, tmp_path):
    folder = notebook.run(book, tmp_path / "built" / "small", {"edition": 2023})
    result = notebook.read(folder / "notebook.ipynb")
    assert result.cells[-1].outputs[0].text == "2024\n"
    assert "papermill" not in nbformat.writes(result)
    assert ".part" not in nbformat.writes(result)
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_two_runs_give_the_same_bytes(book, tmp_path):
    runs = [notebook.run(book, tmp_path / "built" / "small") / "notebook.ipynb" for _ in range(2)]
    first = runs[0].read_bytes()
    assert first == runs[1].read_bytes()


def test_a_printed_text_is_stored_whole_however_it_was_sent(tmp_path):
    slow = "import sys, time\nfor part in '一二三':\n    print(part, flush=True)\n    time.sleep(0.3)\nprint('!', file=sys.stderr)"
    path = write(tmp_path / "slow.ipynb", FIRST, slow)
    outputs = notebook.read(notebook.run(path, tmp_path / "built") / "notebook.ipynb").cells[-1].outputs
    assert [(one.name, one.text) for one in outputs] == [("stdout", "一\n二\n三\n"), ("stderr", "!\n")]


# ---- what the notebook says of itself


@pytest.mark.parametrize(
    "tags, message",
    [
        ((), "0 cells are tagged 'parameters'"),
        ((("parameters",), ("parameters",)), "2 cells are tagged 'parameters'"),
        (((), ("parameters",)), "must be the first code cell"),
    ],
)
def test_missing_double_or_late_tag_is_refused(tmp_path, tags, message):
    path = write(tmp_path / "bad.ipynb", "a = 1", "b = 2", tags=tags)
    with pytest.raises(InputError, match=message):
        notebook.run(path, tmp_path / "built")


@pytest.mark.parametrize("source", ["import os", "a = 1 +", "a = (1, 2)", "a = b = c"])
def test_computed_parameter_is_refused(tmp_path, source):
    path = write(tmp_path / "bad.ipynb", f"edition = 2022\n{source}")
    with pytest.raises(InputError, match=r"cell \[1\]: line 2 `.*`: parameters cell: only plain values"):
        notebook.run(path, tmp_path / "built")


HIDDEN = [
    ("tag", "1", ("nbval-skip",)),
    ("tag", "1", ("nbval-ignore-output",)),
    ("tag", "1", ("nbval-raises-exception",)),
    ("tag", "1", ("nbval-check-output",)),
    ("tag", "1", ("raises-exception",)),
    ("tag", "1", ("skip-execution",)),
    ("tag", "1", ("injected-parameters",)),
    ("tag", "1", ("papermill-error-cell-tag",)),
    ("tag", "1", ("pytest-validate-ignore-output",)),
    ("marker", "# NBVAL_IGNORE_OUTPUT\n1", ()),
    ("marker", "x = 1\n   ## NBVAL_SKIP", ()),
    ("marker", "#NBVAL_RAISES_EXCEPTION\n1", ()),
    ("marker", "# PYTEST_VALIDATE_IGNORE_OUTPUT", ()),
    ("marker", 'text = """\n# NBVAL_SKIP\n"""', ()),
    ("swallow", "try:\n    f()\nexcept:\n    pass", ()),
    ("swallow", "try:\n    f()\nexcept Exception as error:\n    print(error)", ()),
    ("swallow", "try:\n    f()\nexcept (KeyError, BaseException):\n    x = 1", ()),
    ("swallow", "try:\n    f()\nexcept* Exception:\n    pass", ()),
    ("swallow", "from contextlib import suppress\nwith suppress(Exception):\n    f()", ()),
    ("leave", "import sys\nsys.exit(0)", ()),
    ("leave", "raise SystemExit", ()),
    ("leave", "exit", ()),
    ("leave", "quit()", ()),
    ("leave", "import os\nos._exit(0)", ()),
    ("unchecked", "import os\nos.system('false')", ()),
    ("unchecked", "import subprocess\nsubprocess.run(['false'])", ()),
    ("magic", "%%capture\n1 / 0", ()),
    ("magic", "%tb", ()),
    ("magic", "%load_ext skipper", ()),
    ("magic", "edition?", ()),
    ("option", "%%script --no-raise-error bash\nfalse", ()),
    ("option", "%%bash --bg\nfalse", ()),
    ("option", "%run -e script.py", ()),
    ("shell", "get_ipython().set_custom_exc((Exception,), print)", ()),
    ("syntax", "1 +", ()),
]


@pytest.mark.parametrize("rule, source, tags", HIDDEN, ids=lambda value: f"{value}"[:40])
def test_what_hides_a_failure_is_refused_before_anything_runs(rule, source, tags):
    assert rules(strict.hidden(book_of(FIRST, source, tags=(("parameters",), tags)))) == {rule}


SOUND = [
    "try:\n    f()\nexcept KeyError:\n    pass",
    "try:\n    f()\nexcept Exception:\n    print('no')\n    raise",
    "import subprocess\nsubprocess.run(['true'], check=True)",
    "%matplotlib inline\n!echo ok\nout = !echo {edition}",
    "%%bash\necho ok",
    "text = 'NBVAL_SKIP'",
    "await f()",
]


@pytest.mark.parametrize("source", SOUND)
def test_what_is_honest_passes(source):
    assert strict.hidden(book_of(FIRST, source)) == []


@pytest.mark.parametrize("key", ["allow_errors", "nbval", "papermill", "raises-exception", "skip"])
def test_metadata_that_skip_errors_are_refused(key):
    book = book_of(FIRST, "1")
    book.metadata["runner"] = {key: True}
    book.cells[1].metadata[key] = True
    assert [f"{fault.en}" for fault in strict.hidden(book)] == [
        f"metadata 'runner.{key}' can skip errors or checks",
        f"metadata '{key}' can skip errors or checks",
    ]


def test_all_faults_come_at_once_with_cell_line_and_text(tmp_path):
    path = write(
        tmp_path / "bad.ipynb", FIRST, "# NBVAL_SKIP\nx = 1", "try:\n    f()\nexcept:\n    pass\nexit()"
    )
    with pytest.raises(InputError) as refused:
        notebook.run(path, tmp_path / "built", {"edition": "x", "kode": 1})
    assert [fault.split(" · ")[1] for fault in refused.value.faults] == [
        "cell [2]: line 1 `# NBVAL_SKIP`: a marker that skips the check: remove it",
        "cell [3]: line 3 `except:`: swallows every error: name the error that you expect, or raise again",
        "cell [3]: line 5 `exit()`: ends the notebook early: remove it; to refuse an input, raise ValueError",
        "edition = 'x': the default is a whole number (2022): type a whole number",
        "unknown parameter 'kode': it has edition, out: type one of edition, out",
    ]
    assert refused.value.faults[0].startswith("单元格 [2]：第 1 行")
    assert not (tmp_path / "built").exists()


# ---- what a kernel lets pass


CHEATS = {
    "!no_such_command_of_fire --go": "CalledProcessError",
    "!false | true": "CalledProcessError",
    "!false; echo on": "CalledProcessError",
    "out = !false": "CalledProcessError",
    "%sx false": "CalledProcessError",
    "%%sx\nfalse\necho on": "CalledProcessError",
    "%%bash\nfalse\necho on": "CalledProcessError",
    "%%bash\nfalse | true": "CalledProcessError",
    "%%sh\nfalse\ntrue": "CalledProcessError",
    "!sleep 1 &": "OSError",
    "%%bash --bg\nfalse": "OSError",
    "%%script no_such_program\nx": "FileNotFoundError",
    "import sys\nsys.exit(0)": "SystemExit",
    "raise SystemExit": "SystemExit",
    "quit()": "SystemExit",
    "%run {folder}/script.py": "ZeroDivisionError",
    "%%capture\n1 / 0": "Swallowed",
    "%%capture\n%no_such_magic": "Swallowed",
    "%no_such_magic": "UsageError",
    "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()": "Swallowed",
    "import ipywidgets\nwith ipywidgets.Output():\n    1 / 0": "ZeroDivisionError",
    "class A:\n    def _repr_html_(self):\n        1 / 0\nA()": "NoneType",
    "from IPython.display import clear_output\nprint(1)\nclear_output()": "",
    "from IPython.display import display\nh = display(1, display_id=True)\nh.update(2)": "",
    "input()": "StdinNotImplementedError",
    # what is honest: None
    "!echo on": None,
    "!seq 100000 | head -1": None,
    "n = 3\nout = !echo {n}\nassert out == ['3']": None,
    "%%bash\necho on": None,
    "try:\n    1 / 0\nexcept ZeroDivisionError:\n    print('expected')": None,
}


def test_a_guarded_kernel_refuses_what_hides_a_failure(tmp_path):
    (tmp_path / "script.py").write_text("1 / 0\n", encoding="utf-8")
    sources = [source.replace("{folder}", f"{tmp_path}") for source in CHEATS]
    book, told = book_of(*sources), {}

    async def all_of_them(options):
        running = execution.client(book, tmp_path / "x.ipynb", options, limit=60)
        async with running.async_setup_kernel():
            execute = running.kc.execute  # a run stops at the first failure; this one goes on
            running.kc.execute = lambda *words, **given: execute(*words, **given | {"stop_on_error": False})
            for at, source in enumerate(CHEATS):
                try:
                    await running.async_execute_cell(book.cells[at], at)
                    told[source] = None
                except execution.Failed as failed:
                    told[source] = failed.args[1]

    with notebook._quiet_kernel() as options:
        run_sync(all_of_them)(options)
    assert told == CHEATS


@pytest.mark.parametrize(
    "source, limit, said",
    [
        pytest.param(
            "pid = os.getpid()\nos._exit(0)", 60, "the kernel died in this cell", marks=pytest.mark.whole
        ),
        ("os.kill(os.getpid(), 9)", 60, "the kernel died in this cell"),
        ("while True: pass", 1, "did not end within 1 s and was stopped"),
    ],
)
def test_a_kernel_that_dies_or_does_not_answer_is_one_sentence(tmp_path, source, limit, said):
    book = book_of(FIRST, f"import os\n{source}", "print('the rest')")
    with pytest.raises(InputError) as refused, notebook._quiet_kernel() as options:
        execution.execute(book, tmp_path / "x.ipynb", "x", options, limit)
    (fault,) = refused.value.faults
    assert refused.value.what == "x.ipynb" and "\n" not in fault and f"cell [2]: {said}" in fault


@pytest.mark.parametrize(
    "guard, said",
    [
        ("import no_such_guard", "no_such_guard"),
        pytest.param("while True: pass", "TimeoutError (2 s)", marks=pytest.mark.whole),
    ],
)
def test_a_kernel_that_does_not_start_is_one_sentence(tmp_path, monkeypatch, guard, said):
    monkeypatch.setattr(execution, "GUARD", guard)
    monkeypatch.setattr(execution, "START", 2 if "while" in guard else 60)
    with pytest.raises(InputError) as refused, notebook._quiet_kernel() as options:
        execution.execute(book_of(FIRST), tmp_path / "x.ipynb", "x", options)
    assert "the kernel did not start: " in refused.value.faults[0]
    assert said in refused.value.faults[0] and "\n" not in refused.value.faults[0]


@pytest.mark.parametrize("name", ["early_exit", "dead_shell"])
def test_a_chapter_that_stops_early_replaces_nothing(book, tmp_path, name):
    folder = notebook.run(book, tmp_path / "built" / "small")
    good = (folder / "notebook.ipynb").read_bytes()
    with pytest.raises(
        InputError, match=r"cell \[2\]: line \d `(sys.exit\(0\)|!no_such_command_of_fire --go)`"
    ):
        notebook.run(CASES / "notebook-early-exit" / f"{name}.ipynb", folder)
    assert (folder / "notebook.ipynb").read_bytes() == good
    assert [path.name for path in folder.parent.iterdir()] == ["small"]


def test_a_failing_cell_is_told_with_its_number_line_and_a_short_traceback(tmp_path):
    source = "import fire.files\n\nfire.files.read_csv('none.csv')"
    path = write(
        tmp_path / "small.ipynb", FIRST, "x = 1", source, "import fire.files\nfire.files.read_csv(3)"
    )
    said = []
    for _ in range(2):
        with pytest.raises(InputError) as refused:
            notebook.run(path, tmp_path / "built" / "small", {"edition": 2023})
        said.append(refused.value.faults[0])
        write(path, FIRST, "x = 1", "y = 2", "import fire.files\nfire.files.read_csv(3)")
    assert said[0].splitlines()[0].endswith("cell [3]: line 3 `fire.files.read_csv('none.csv')`: failed")
    assert "InputError: " in said[0] and "fire/files.py:" not in said[0]
    lines = said[1].splitlines()
    assert lines[0].endswith("cell [4]: line 2 `fire.files.read_csv(3)`: failed")
    assert len(lines) <= 11 and "\x1b" not in said[1] and f"{ROOT}" not in said[1]
    assert any(line.strip().startswith("fire/files.py:") for line in lines)
    log = (ROOT / "build" / "log" / "small.log").read_text(encoding="utf-8")
    assert "Cell In[4], line 2" in log and lines[-1].endswith("all of it in build/log/small.log")


# ---- parameters


def test_parameters_have_the_type_of_their_default(tmp_path, capsys):
    path = CASES / "notebook-parameter-types" / "types.ipynb"
    right = {"0.001, a number": 1e-3, "100000.0, a number": 1e5, "10, or refused; never 8": 10}
    with (CASES / "notebook-parameter-types" / "expected.csv").open(encoding="utf-8", newline="") as lines:
        asked = {line["argument of -p"]: line["right"] for line in csv.DictReader(lines)}
    have = notebook.parameters(notebook.read(path), path)
    bad = []
    for pair, answer in asked.items():
        values, faults = parameters.given([pair], have)
        if answer.startswith("refused"):
            assert len(faults) == 1 and values == {} and "\n" not in faults[0]
            bad.append(pair)
        else:
            name = pair.partition("=")[0]
            assert values[name] == right.get(answer, "2021-03-04") and not faults
    words = [
        word for number, pair in enumerate(bad) if "cities" in pair or number < 2 for word in ("-p", pair)
    ]
    values = json.dumps({"rate": "0,5", "day": 2021, "kode": 1})
    assert notebook.main(["run", f"{path}", f"{tmp_path / 'x'}", *words, "--values", values]) == 1
    said = capsys.readouterr().err
    assert "types.ipynb: 6 faults" in said and "-p NAME='[北京]'" in said and not (tmp_path / "x").exists()


VALUES = {"n": 1, "x": 0.5, "yes": True, "s": "a", "none": None, "list": ["a"], "map": {"k": 1.0}, "any": []}


@pytest.mark.parametrize(
    "pair, value",
    [
        ("x=3", 3.0),
        ("yes=否", False),
        ("s=007", "007"),
        ("none=010", "010"),
        ("none=1:30", "1:30"),
        ("none=3", 3),
        ("list=[007, 1:30]", ["007", "1:30"]),
        ("list=[]", []),
        ("map={k: 1e-3}", {"k": 0.001}),
        ('map={"j": 2}', {"j": 2.0}),
        ("any=[1, b, 2021-03-04]", [1, "b", "2021-03-04"]),
    ],
)
def test_values_of_the_command_line(pair, value):
    values, faults = parameters.given([pair], VALUES)
    assert (list(values.values()), faults) == ([value], [])
    assert type(next(iter(values.values()))) is type(value)


@pytest.mark.parametrize(
    "pair",
    ["n", "n=", "=1", "n=1.0", "n=1e3", "n=0x10", "n=1,000", "x=nan", "x=inf", "x=1_0", "x=.", "yes=2", "s="]
    + ["none=[1", "list={a: 1}", "list=a", "list=[a", "map=3", "map={k: b}", "kode=1"],
)
def test_values_that_are_refused(pair):
    values, faults = parameters.given([pair], VALUES)
    assert values == {} and len(faults) == 1


def test_values_of_a_programme_are_of_the_type_too():
    wrong = {"n": True, "x": float("nan"), "yes": 1, "s": 2, "list": "a", "map": {"k": "b"}, "none": object()}
    assert [fault.value.split(" = ")[0] for fault in parameters.checked(wrong, VALUES)[1]] == list(wrong)
    assert parameters.checked({"x": 1, "none": [1, None]}, VALUES) == ({"x": 1.0, "none": [1, None]}, [])
    assert parameters.given(["n=1", "n=2"], VALUES)[1][0].rule == "notebook.twice"
    assert parameters.checked({"edition": "2022.1"}, {"edition": 2022}) == ({"edition": "2022.1"}, [])


def test_command_line_keeps_text_parameters_as_text(tmp_path, capsys):
    path = write(tmp_path / "small.ipynb", 'code = "0"', "print(code)")
    assert notebook.main(["run", str(path), str(tmp_path / "built"), "-p", "code=007"]) == 0
    assert notebook.read(tmp_path / "built" / "notebook.ipynb").cells[-1].outputs[0].text == "007\n"
    assert notebook.main(["run", str(path), str(tmp_path / "built"), "-p", "kode=1"]) == 1
    assert "unknown parameter 'kode'" in capsys.readouterr().err
    assert notebook.main(["run", str(path), str(tmp_path / "built"), "--values", "[1"]) == 1
    assert "--values is no JSON object" in capsys.readouterr().err


# ---- stored outputs


def test_refresh_stores_outputs_and_the_check_passes(book):
    assert rules(notebook.faults(book)) == {"order"}
    assert notebook.refresh(book)
    assert notebook.faults(book) == []
    stored = book.read_bytes()
    assert not notebook.refresh(book) and book.read_bytes() == stored
    for source in (
        "print(edition+1)",
        "print(edition + 1)",
    ):  # an output, or a source, that is changed by hand
        edited = notebook.read(book)
        edited.cells[1].source = source
        edited.cells[1].outputs[0].text = "2023\n" if source == "print(edition+1)" else "2024\n"
        nbformat.write(edited, book)
        assert rules(notebook.faults(book)) == {"stale"}


def test_static_check_names_the_fault_of_each_cell(tmp_path):
    sources = {
        "1 + 1;": "semicolon",
        "import time; print(time.time() > 0)": "clock",
        "import sys; print('careful', file=sys.stderr)": "stderr",
        "print('/tmp/secret/place')": "machine",
        "from IPython.display import Javascript\nJavascript('1')": "script",
        "from IPython.display import HTML\nHTML('<script>1</script>')": "script",
    }
    path = write(tmp_path / "bad.ipynb", "edition = 2022", *sources)
    notebook.refresh(path)
    found = [(fault.place["cell"], fault.rule) for fault in notebook.faults(path)]
    assert found == [(f"[{n}]", f"notebook.{rule}") for n, rule in enumerate(sources.values(), 2)]


def test_an_empty_cell_a_stored_error_and_a_wrong_kernel_are_faults(tmp_path):
    book = book_of("edition = 2022", "", "1 / 0", kernel="fire-env")
    book.cells[2].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
    nbformat.write(book, tmp_path / "bad.ipynb")
    assert rules(notebook.faults(tmp_path / "bad.ipynb")) == {"kernel", "order", "blank", "stored"}


def test_no_notebook_at_all(tmp_path):
    (tmp_path / "bad.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not a Jupyter notebook"):
        notebook.read(tmp_path / "bad.ipynb")
    with pytest.raises(InputError, match="does not exist"):
        notebook.read(tmp_path / "none.ipynb")


@pytest.mark.whole
def test_nbval_is_as_strict_as_a_run(tmp_path):
    """Marks exempt nothing, a failing command fails, a dead kernel is noticed at once, a sound notebook passes."""
    good = write(tmp_path / "good.ipynb", FIRST, "print(edition + 1)", "!echo on")
    notebook.refresh(good)
    bad = book_of(FIRST, "!false", "# NBVAL_SKIP\nprint(1)", "print(2)", "import os\nos._exit(0)")
    bad.cells[3].metadata["tags"] = ["nbval-ignore-output"]
    for count, cell in enumerate(bad.cells, 1):
        cell.execution_count = count
    nbformat.write(bad, tmp_path / "bad.ipynb")
    shutil.copy(CASES / "nbval-bypass" / "ignored.ipynb", tmp_path)
    words = [
        "--nbval-lax",
        "--nbval-current-env",
        "--color=no",
        "-p",
        "conftest",
        "-c",
        f"{ROOT / 'pyproject.toml'}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--rootdir", f"{tmp_path}", f"{tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    failed = {line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    names = {(Path(one).name.partition("::")[0], one.rpartition("::")[2]) for one in failed}
    assert names == {
        *(("bad.ipynb", name) for name in ("sound", "[2]", "[3]", "[4]", "[5]")),
        *(("ignored.ipynb", name) for name in ("sound", "[2]", "[3]")),
    }
    assert "a marker that skips the check" in done.stdout and "the kernel died in this cell" in done.stdout
