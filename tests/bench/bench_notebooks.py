"""The notebooks of a report: ours against papermill's command line in series and against plain scripts two at a time.

All three run the same notebooks with the same parameters into folders of their own and read the stored results of the
edition, which are computed before. About ten minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from fire import edition as editions
from fire import files
from fire.analysis import results
from fire.report import build, kernels, programme
from tests.bench.rows import row

EDITION = 2022


def benches() -> list[dict]:
    """Seconds for all notebooks of the edition, and their ratio to those of each peer; seconds of a new interpreter."""
    ed = editions.load(EDITION)
    results.ensure(ed)
    plan = build.Plan(ed, build.Hashes())
    build.make_data(plan, plan.needed(plan.runs))
    with tempfile.TemporaryDirectory(dir=files.ROOT / "build") as folder:
        taken = {
            way.__name__.strip("_"): _clocked(way, plan.runs, Path(folder) / way.__name__)
            for way in (_ours, _papermill, _scripts)
        }
    name, ours = f"{len(plan.runs)} notebooks, two at a time", taken["ours"]
    peers = ("papermill", "papermill in series", 0.3), ("scripts", "scripts, two at a time", 0.6)
    rows = [row(name, ours, "s", said, taken[way], most=most) for way, said, most in peers]
    return [*rows, *_starts()]


def _clocked(way, runs: list, folder: Path) -> float:
    started = time.perf_counter()
    way([replace(run, folder=folder / run.name) for run in runs])
    return time.perf_counter() - started


def _ours(runs: list) -> None:
    with kernels.holding(f"{EDITION}"), build._together() as pool:
        faults = [
            fault
            for found in pool.map(lambda run: build.run_notebook(f"{EDITION}", run), runs)
            for fault in found
        ]
    assert not faults, faults


def _values(run) -> dict:
    return {"edition": EDITION, **run.parameters, "out": os.path.relpath(run.folder, files.ROOT)}


def _papermill(runs: list) -> None:
    for run in runs:
        run.folder.mkdir(parents=True)
        words = [word for name, value in _values(run).items() for word in ("-p", name, f"{value}")]
        _called(["-m", "papermill", "--no-progress-bar", "-k", "python3", "--cwd", f"{run.notebook.parent}", *words],
                [f"{run.notebook}", f"{run.folder / 'notebook.ipynb'}"], run.notebook.parent)  # fmt: skip


def _scripts(runs: list) -> None:
    with ThreadPoolExecutor(build.TOGETHER) as pool:
        list(pool.map(_script, runs))


def _script(run) -> None:
    """The code cells of a notebook, one after the other, as a Python file."""
    run.folder.mkdir(parents=True)
    code = [source for kind, source, _ in programme.cells(run.notebook) if kind == "code"]
    given = "\n".join(f"{name} = {value!r}" for name, value in _values(run).items())
    plain = "\n".join(
        line for line in "\n".join([code[0], given, *code[1:]]).split("\n") if not line.startswith(("%", "!"))
    )
    path = files.write_text(run.folder / "script.py", plain + "\n")
    _called([f"{path}"], [], run.notebook.parent)


def _called(words: list, more: list, folder: Path) -> None:
    told = os.environ | kernels.ENVIRONMENT | {"MPLBACKEND": "agg"}
    told.pop("JUPYTER_DEFAULT_PROVISIONER_NAME", None)
    subprocess.run([sys.executable, *words, *more], cwd=folder, env=told, check=True, capture_output=True)


def _starts() -> list[dict]:
    """Seconds of a new interpreter, the least of three, against a limit."""
    rows = []
    for name, code, limit in (
        ("import fire", "import fire", 0.3),
        ("scores of an edition", f"import fire; fire.load({EDITION}).index.scores()", 0.5),
        ("nothing to do", "from fire.__main__ import main; main(['report'])", 0.3),
    ):
        taken = []
        for _ in range(3):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=files.ROOT, check=True, capture_output=True)
            taken.append(time.perf_counter() - started)
        rows.append(row(f"start: {name}", min(taken), "s", f"{limit} s", limit, most=1))
    return rows


if __name__ == "__main__":
    print(benches())
