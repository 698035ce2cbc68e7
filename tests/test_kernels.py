"""Kernels forked from a warm process: the same bytes as plain papermill gives, and nothing that outlives its run."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from fire.files import ROOT
from fire.report import execution, kernels, notebook, strict

pytestmark = pytest.mark.skipif(not kernels.LINUX, reason="kernels are forked on Linux only")
# What a notebook can see of the process it runs in.
CELLS = [
    'edition = 2022\nout = ""',
    "import os, sys\nprint(__name__, sys.argv[0].rsplit('/')[-1].removesuffix('.py'), os.path.basename(os.getcwd()))\n"
    "print(sorted(set(os.environ) & {'PYTHONHASHSEED', 'MPLBACKEND', 'MPLCONFIGDIR'}), 'tests' in sys.path)",
    "import pandas as pd\nnames = [f'column_{n:02d}' for n in range(40)]\nprint(pd.DataFrame([range(40)] * 3, columns=names))",
    "pd.DataFrame({'城市': ['深圳', '合肥'], 'score': [9.5, 7.25]})",
    "import matplotlib as mpl\nimport matplotlib.pyplot as plt\nprint(mpl.get_backend(), len(mpl.rcParams))\n"
    "fig, ax = plt.subplots(figsize=(3, 2))\n_ = ax.plot([1, 3, 2])",
    "print(sorted((name, str(value)) for name, value in mpl.rcParams.items() if 'color' in name)[:9])",
    "import fire\ned = fire.load(edition)\nprint(ed.index.of().head(3)[['unit', 'rank', 'score']])",
    "print(fire.results.of(ed).scores.head(3), [one.shape for one in fire.results.of(ed).cities.each[:2]])",
    "from fire.figures import index as draw, style\n_ = style.subplots(height=1)[1].set_title('城市')",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": strict.KERNEL})
    path = tmp_path_factory.mktemp("books") / "seen.ipynb"
    nbformat.write(made, path)
    return path


def plainly(book, folder, out: str):
    """Outputs as papermill's own command line stores them, in a process that knows of no warm one."""
    target = folder / "plain.ipynb"
    told = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [
        sys.executable,
        "-m",
        "papermill",
        "-k",
        "python3",
        "--cwd",
        f"{book.parent}",
        "--no-progress-bar",
    ]
    done = subprocess.run(
        [*words, "-p", "edition", "2022", "-p", "out", out, f"{book}", f"{target}"],
        env=told | kernels.ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return target


# A script that has no guard of its main part.
WARM = """
from pathlib import Path
Path({folder!r}).with_name("runs").open("a").write("once ")
from contextlib import nullcontext
from fire.report import build, kernels, notebook
with kernels.holding({held!r}) if {held!r} else nullcontext(), build._together() as pool:
    assert kernels._warm()
    pool.submit(notebook.run, Path({book!r}), Path({folder!r}), {{"edition": 2022}}).result()
assert kernels._warm() != bool({held!r})  # what is edited from now on is read anew
"""


@pytest.mark.whole
@pytest.mark.parametrize("held", [None, "2022", "none such"])
def test_a_forked_kernel_stores_the_bytes_of_plain_papermill(book, tmp_path, held):
    script = tmp_path / "script.py"
    script.write_text(WARM.format(held=held, book=f"{book}", folder=f"{tmp_path / 'warm'}"))
    done = subprocess.run([sys.executable, f"{script}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs").read_text() == "once "
    warm = tmp_path / "warm" / "notebook.ipynb"
    plain = notebook.clean(notebook.read(plainly(book, tmp_path, os.path.relpath(warm.parent, ROOT))))
    assert [cell.get("outputs") for cell in notebook.read(warm).cells] == [
        cell.get("outputs") for cell in plain.cells
    ]
    assert nbformat.writes(plain) == warm.read_text(encoding="utf-8")


def test_random_numbers_differ_from_kernel_to_kernel(tmp_path):
    kernels.use()
    source = "import random\nimport numpy as np\nprint(random.random(), np.random.random())"
    found = []
    for name in ("one", "two"):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        with notebook._quiet_kernel() as options:
            execution.execute(made, tmp_path / f"{name}.ipynb", name, options)
        found += made.cells[0].outputs[0].text.split()
    assert len(set(found)) == 4


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def waited(condition, seconds: float = 30) -> bool:
    """Whether a condition comes true before a long time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.whole
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_kernel_outlives_the_process_that_asked_for_it(tmp_path, number):
    cells = [
        nbformat.v4.new_code_cell(source) for source in ("edition = 2022", "import time\ntime.sleep(300)")
    ]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "long.ipynb")
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\nfrom types import SimpleNamespace as N\nfrom fire.report import build\n"
        f"run = N(name='long', notebook=Path('{tmp_path}/long.ipynb'), folder=Path('{tmp_path}/out'), parameters={{}})\n"
        "with build._together() as pool:\n    pool.submit(build.run_notebook, '2022', run).result()\n"
    )
    asked = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    assert waited(lambda: any("forkserver" in " ".join(one.cmdline()) for one in children(asked.pid)))
    assert waited(lambda: len(children(asked.pid)) > 2)  # the warm process, its tracker, a kernel
    started = children(asked.pid)
    asked.send_signal(number)
    asked.wait(30)
    assert waited(
        lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in started)
    )
