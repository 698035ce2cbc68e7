"""Strict execution of notebooks: papermill and nbclient, without the mistakes that they let pass.

python -m fire.report.notebook run notebooks/20-regions.ipynb build/2022/20-regions -p edition=2022
python -m fire.report.notebook refresh notebooks/20-regions.ipynb     # the one writer of stored outputs
python -m fire.report.notebook check notebooks/*.ipynb

What is refused, and why: docs/strict-notebooks.md.
"""

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nbformat
import traitlets.log
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from fire.errors import Finding, InputError, refuse
from fire.files import ROOT, atomic_path
from fire.report import kernels, strict
from fire.report import parameters as plain
from fire.report.execution import execute

WIDGET = (
    "application/vnd.jupyter.widget-view+json"  # names a model of the kernel that ran, by a random number
)


def read(path: Path | str) -> nbformat.NotebookNode:
    """Read a notebook; raises InputError when it is missing or no notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise InputError(f"{path}", [Finding("notebook.absent")]) from None
    except Exception as fault:
        raise InputError(f"{path}", [Finding("notebook.unreadable", said=type(fault).__name__)]) from None


def parameters(notebook: nbformat.NotebookNode, path: Path | str) -> dict:
    """Names and default values of the cell tagged `parameters`.

    Raises InputError when the tag is missing, stands twice, is not on the first code cell, or when the cell holds
    anything but plain assignments of literals.
    """
    found, faults = _parameters(notebook)
    refuse(f"{path}", faults)
    return found


def _parameters(notebook: nbformat.NotebookNode) -> tuple[dict, list[Finding]]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = [number for number, cell in enumerate(code, 1) if plain.TAG in strict.tags(cell)]
    if len(tagged) != 1:
        return {}, [strict.finding("tagged", count=len(tagged))]
    if tagged != [1]:
        return {}, [strict.finding("late", tagged[0])]
    try:
        return plain.defaults(code[0].source), []
    except ValueError as error:
        return {}, [strict.finding("plain", 1, code[0].source, error.args[0])]


def faults(path: Path | str) -> list[str]:
    """Static faults of a committed notebook: all that a run refuses, and outputs that are not those of its cells."""
    try:
        notebook = read(path)
    except InputError as error:
        return error.faults
    return [*_parameters(notebook)[1], *strict.hidden(notebook), *strict.kept(notebook)]


def _sound(notebook: nbformat.NotebookNode, path: Path, values: dict) -> dict:
    """`values` in the types of the notebook's own; raises InputError with every fault of notebook and values at once."""
    have, faults = _parameters(notebook)
    good, wrong = plain.checked(values, have) if have or not faults else ({}, [])
    refuse(path.name, [*faults, *strict.hidden(notebook), *wrong])
    return good


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between two equal runs: papermill's and kernel's times, versions, random ids of cells and widgets, and
    where a printed text was cut when it was sent."""
    notebook.metadata = nbformat.NotebookNode(kernelspec=strict.KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("jupyter", None)
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def _joined(outputs: list) -> list:
    """Outputs with the pieces of one stream that follow on each other as one, as JupyterLab stores them."""
    found: list = []
    for output in outputs:
        if "name" in output and found and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


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
    for parameters that the notebook does not have or of another type, for what may hide a failure, and for a cell that fails.
    """
    path, folder = Path(path).resolve(), Path(folder).resolve()
    notebook = read(path)
    values = _sound(notebook, path, values or {})
    work = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    old = work.with_suffix(".old")
    work.mkdir(parents=True, exist_ok=True)
    if "out" in parameters(notebook, path):
        values["out"] = os.path.relpath(work, ROOT)
    if values:
        notebook.metadata.papermill = {}
        for cell in notebook.cells:
            cell.metadata.setdefault("tags", [])
        notebook = parameterize_notebook(notebook, values, kernel_name="python3", language="python")
    try:
        with _quiet_kernel() as options:
            execute(notebook, path, folder.name, options)
        text = nbformat.writes(clean(notebook)).replace(
            os.path.relpath(work, ROOT), os.path.relpath(folder, ROOT)
        )
        (work / "notebook.ipynb").write_text(text, encoding="utf-8")
        if folder.exists():
            os.replace(folder, old)
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def refresh(path: Path | str) -> bool:
    """Execute a notebook with its default parameters and store its outputs in place; true when they changed."""
    path = Path(path)
    notebook = read(path)
    _sound(notebook, path, {})
    with _quiet_kernel() as options:
        execute(notebook, path, path.stem, options)
    notebook = nbformat.reads(nbformat.writes(clean(notebook)), as_version=4)  # as it is read again
    notebook.metadata[strict.SEAL] = {"stored": strict.seal(notebook)}
    after = nbformat.writes(notebook) + "\n"
    changed = after != path.read_text(encoding="utf-8")
    if changed:
        with atomic_path(path) as part:
            part.write_text(after, encoding="utf-8")
    return changed


def typed(pairs: list[str], defaults: dict, what: str = "-p") -> dict:
    """Values of NAME=VALUE pairs in the types of the notebook's own; raises InputError with every pair that is wrong."""
    values, wrong = plain.given(pairs, defaults)
    refuse(what, wrong)
    return values


def _asked(path: Path, pairs: list[str], values: str) -> dict:
    """Parameters from the command line: --values, over which -p goes; raises InputError with all that is wrong."""
    have = parameters(read(path), path.name)
    try:
        table = json.loads(values)
        wrong = [] if isinstance(table, dict) else [Finding("notebook.mapping", value=values)]
    except ValueError:
        table, wrong = {}, [Finding("notebook.mapping", value=values)]
    first, more = plain.checked(table, have) if not wrong else ({}, wrong)
    second, faults = plain.given(pairs, have)
    refuse(path.name, [*more, *faults])
    return first | second


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
    runner.add_argument("--values", default="{}", help="parameters as JSON")
    for verb, text in {"refresh": "store outputs in place", "check": "list static faults"}.items():
        verbs.add_parser(verb, help=text).add_argument("notebooks", nargs="+")
    choice = parser.parse_args(words)
    os.environ.update(kernels.ENVIRONMENT)
    traitlets.log.get_logger().setLevel(
        logging.CRITICAL
    )  # what Jupyter logs of a failure is told by the error
    try:
        if choice.verb == "run":
            path = Path(choice.notebook)
            values = _asked(path, choice.p, choice.values)
            print(f"notebook {path.stem} -> {run(path, choice.folder, values).name}/")
        elif choice.verb == "refresh":
            for path in choice.notebooks:
                print(f"{path}: {'stored new outputs' if refresh(path) else 'unchanged'}", flush=True)
        else:
            refuse("notebooks", [f"{path}: {fault}" for path in choice.notebooks for fault in faults(path)])
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
