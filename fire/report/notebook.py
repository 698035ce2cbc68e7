"""Strict execution of notebooks: papermill and nbclient, without the mistakes that they let pass.

python -m fire.report.notebook run notebooks/20-regions.ipynb build/2022/20-regions -p edition=2022
python -m fire.report.notebook refresh notebooks/20-regions.ipynb     # the one writer of stored outputs
python -m fire.report.notebook check notebooks/*.ipynb
"""

import argparse
import ast
import json
import logging
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat
import papermill
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from fire.errors import InputError, refuse
from fire.files import ROOT, atomic_path, write_text
from fire.report import kernels

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PATHS = re.compile(r"(/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\Users)\S*")
CLOCK = re.compile(r"\btime\.time\(|datetime\.now\(|date\.today\(|Timestamp\.now\(|%time\b|%%time\b")


def read(path: Path | str) -> nbformat.NotebookNode:
    """Read a notebook; raises InputError when it is missing or no notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise InputError(f"{path}", ["the notebook does not exist"]) from None
    except Exception as fault:
        raise InputError(
            f"{path}", [f"not a Jupyter notebook ({type(fault).__name__}): save it again from JupyterLab"]
        ) from None


def parameters(notebook: nbformat.NotebookNode, path: Path | str) -> dict:
    """Names and default values of the cell tagged `parameters`.

    Raises InputError when the tag is missing, stands twice, is not on the first code cell, or when the cell holds
    anything but plain assignments of literals.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [number for number, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise InputError(
            f"{path}",
            [
                f"{len(tagged)} cells are tagged 'parameters': tag exactly one, the first code "
                f"cell (JupyterLab: property inspector, Add Tag)"
            ],
        )
    refuse(
        f"{path}", ["the cell tagged 'parameters' must be the first code cell: move it up"] * (tagged != [0])
    )
    names = {}
    for line in ast.parse(code[0].source).body:
        try:
            names[line.targets[0].id] = ast.literal_eval(line.value)
        except (AttributeError, ValueError):
            raise InputError(
                f"{path}",
                [
                    f"parameters cell, line {line.lineno}: only plain values such as "
                    f"`edition = 2022` belong here"
                ],
            ) from None
    return names


def faults(path: Path | str) -> list[str]:
    """Static faults of a committed notebook: never-run or disordered cells, errors, paths, clocks, wrong kernel."""
    notebook, found = read(path), []
    try:
        parameters(notebook, path)
    except InputError as error:
        found += error.faults
    if notebook.metadata.get("kernelspec", {}).get("name") != KERNEL["name"]:
        found.append("kernel is not 'python3': choose Kernel > Change Kernel > Python 3")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("cells were not run in order from a fresh kernel: run `make notebooks`")
    for number, cell in enumerate(code, 1):
        found += [f"code cell {number}: {fault}" for fault in _cell_faults(cell)]
    return found


def _cell_faults(cell: nbformat.NotebookNode) -> list[str]:
    """Static faults of one code cell and its stored outputs."""
    texts = [
        str(output.get("text", ""))
        + str(output.get("data", {}).get("text/plain", ""))
        + str(output.get("data", {}).get("text/html", ""))
        for output in cell.outputs
    ]
    rules = {
        "ends with ';', which the checker cannot honour: write `_ = ...`": cell.source.rstrip().endswith(";"),
        "reads the clock: pass the date in": bool(CLOCK.search(cell.source)),
        "wrote to stderr: mend the warning": any(output.get("name") == "stderr" for output in cell.outputs),
        "stored an error": any(output.output_type == "error" for output in cell.outputs),
        "shows a path of one machine: print a path below the project instead": any(map(PATHS.search, texts)),
    }
    return [fault for fault, broken in rules.items() if broken]


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between two equal runs: papermill's and kernel's times, versions and random cell ids."""
    notebook.metadata = nbformat.NotebookNode(kernelspec=KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("jupyter", None)
    return notebook


@contextmanager
def _quiet_kernel():
    """Options of a kernel that logs errors only and talks through files, since ports collide when kernels start at once."""
    prefix = f"fire-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        short = os.name != "nt" and len(os.fsencode(folder)) < 80  # a socket has a path of 107 bytes at most
        sockets = {"transport": "ipc", "ip": str(Path(folder, "kernel"))} if short else {}
        sockets["connection_file"] = str(Path(folder, "kernel.json"))
        yield {"extra_arguments": ["--IPKernelApp.log_level=40"], "config": Config(KernelManager=sockets)}


def run(path: Path | str, folder: Path | str, values: dict | None = None) -> Path:
    """Execute a notebook with `values` into `folder`, which holds its exhibits and `notebook.ipynb`.

    The folder appears whole or not at all; an earlier one stays until the new one is complete. Raises InputError
    for parameters the notebook does not have, and for a cell that fails (naming the cell and its error).
    """
    path, folder, values = Path(path).resolve(), Path(folder).resolve(), dict(values or {})
    defaults = parameters(read(path), path.name)
    refuse(
        f"{path.name}",
        [
            f"unknown parameter '{name}': it has {', '.join(defaults)}"
            for name in values
            if name not in defaults
        ],
    )
    work = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    old = work.with_suffix(".old")
    work.mkdir(parents=True, exist_ok=True)
    if "out" in defaults:
        values["out"] = os.path.relpath(work, ROOT)
    try:
        with _quiet_kernel() as options:
            papermill.execute_notebook(
                str(path),
                str(work / "notebook.ipynb"),
                values,
                resources={
                    "metadata": {"path": str(path.parent)}
                },  # and not `cwd`, which would move this whole process
                kernel_name="python3",
                language="python",
                progress_bar=False,
                log_output=False,
                **options,
            )
        result = clean(read(work / "notebook.ipynb"))
        text = nbformat.writes(result).replace(os.path.relpath(work, ROOT), os.path.relpath(folder, ROOT))
        (work / "notebook.ipynb").write_text(text, encoding="utf-8")
        if folder.exists():
            os.replace(folder, old)
        os.replace(work, folder)
    except PapermillExecutionError as error:
        raise InputError(
            f"{path.name}",
            [f"code cell {error.exec_count} failed: {error.ename}: {error.evalue}; see {log(folder, error)}"],
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def log(folder: Path, error: PapermillExecutionError) -> str:
    """Keep source and traceback of a failed cell in build/log; returns the name of the file."""
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    path = write_text(ROOT / "build" / "log" / f"{folder.name}.log", f"{error.source}\n\n{trace}\n")
    return path.relative_to(ROOT).as_posix()


def refresh(path: Path | str) -> bool:
    """Execute a notebook with its default parameters and store its outputs in place; true when they changed."""
    path = Path(path)
    notebook = read(path)
    parameters(notebook, path)
    before = nbformat.writes(clean(read(path)))
    try:
        with _quiet_kernel() as options:
            NotebookClient(
                notebook,
                kernel_name="python3",
                timeout=1200,
                record_timing=False,
                resources={"metadata": {"path": str(path.parent)}},
                **options,
            ).execute()
    except CellExecutionError as error:
        count = sum(cell.get("execution_count") is not None for cell in notebook.cells)
        raise InputError(
            f"{path.name}", [f"code cell {count} failed: {error.ename}: {error.evalue}"]
        ) from None
    after = nbformat.writes(clean(notebook))
    if after != before:
        with atomic_path(path) as part:
            part.write_text(after + "\n", encoding="utf-8")
    return after != before


def typed(pairs: list[str], defaults: dict) -> dict:
    """Values of NAME=VALUE pairs in the type of the notebook's own default, so that a code such as 007 stays text."""
    split = [pair.partition("=")[::2] for pair in pairs]
    return {
        name: value if isinstance(defaults.get(name), str) else yaml.safe_load(value) for name, value in split
    }


def main(words: list[str] | None = None) -> int:
    """Command line; returns the exit status, prints one clear message on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m fire.report.notebook", description=__doc__.splitlines()[0]
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    runner = verbs.add_parser("run", help="execute with parameters into a folder")
    runner.add_argument("notebook")
    runner.add_argument("folder")
    runner.add_argument(
        "-p", action="append", default=[], metavar="NAME=VALUE", help="a parameter; repeat for more"
    )
    runner.add_argument("--values", type=json.loads, default={}, help="parameters as JSON")
    for verb, text in {"refresh": "store outputs in place", "check": "list static faults"}.items():
        verbs.add_parser(verb, help=text).add_argument("notebooks", nargs="+")
    choice = parser.parse_args(words)
    os.environ.update(kernels.ENVIRONMENT)
    logging.getLogger("papermill").setLevel(
        logging.ERROR
    )  # it warns of parameters that `parameters` has read itself
    try:
        if choice.verb == "run":
            values = choice.values | typed(choice.p, parameters(read(choice.notebook), choice.notebook))
            print(
                f"notebook {Path(choice.notebook).stem} -> {run(choice.notebook, choice.folder, values).name}/"
            )
        elif choice.verb == "refresh":
            for path in choice.notebooks:
                print(f"{path}: {'stored new outputs' if refresh(path) else 'unchanged'}", flush=True)
        else:
            refuse("notebooks", [f"{path}: {fault}" for path in choice.notebooks for fault in faults(path)])
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
