"""Execution of a notebook that lets no failure pass: nbclient, with a guard inside the kernel and an eye on every message."""

import asyncio
import logging
import re
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from fire.errors import InputError, shown
from fire.files import ROOT, write_text
from fire.report import guard
from fire.report.strict import finding, numbered

GUARD = f"%load_ext {guard.__name__}"
LIMIT = 1200  # seconds that a cell may take
START = 60  # seconds that a kernel may take to start
MOST = 10  # lines of a traceback that are shown
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
CELL = re.compile(r"^ *Cell In\[(\d+)\], line (\d+)", re.MULTILINE)
FRAME = re.compile(r"^File (\S+?):(\d+)(.*)")
ARROW = re.compile(r"^-+> .*", re.MULTILINE)
OWN = ("fire/", "studies/")
SILENT = logging.getLogger("fire.notebook")  # faults are told once, by what is raised
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class Failed(Exception):
    """A cell failed: rule, name of the error, its text, its traceback."""


class Client(NotebookClient):
    """A client of a guarded kernel; a cell fails with whatever error it shows, and with whatever it takes back."""

    at: int | None = None  # place of the cell that runs

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        try:
            request = client.execute(GUARD, silent=True, store_history=False)
            reply = await asyncio.wait_for(self.async_wait_for_reply(request), START)
            if reply["content"]["status"] != "ok":
                raise RuntimeError(reply["content"].get("evalue", GUARD))
        except Exception:
            await self._async_cleanup_kernel()
            raise
        return client

    async def _async_cleanup_kernel(self):
        if self.km is not None:  # else it is gone already: it did not start, or the run was interrupted
            await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    async def async_execute_cell(self, cell, cell_index, *words, **options):
        self.at, self.errors, self.rewritten = cell_index, [], False
        try:
            done = await super().async_execute_cell(cell, cell_index, *words, **options)
        except CellExecutionError as error:
            said = self.errors[-1] if self.errors else {}
            raise Failed("failed", error.ename, error.evalue, said.get("traceback", [])) from None
        if self.errors:
            said = self.errors[-1]
            raise Failed("hidden", said["ename"], said["evalue"], said["traceback"])
        if self.rewritten:
            raise Failed("rewrote", "", "", [])
        return done

    def process_message(self, msg, cell, cell_index):
        widget = self.output_hook_stack[msg["parent_header"].get("msg_id")]
        if msg["msg_type"] == "error":
            self.errors.append(msg["content"])
        elif msg["msg_type"] in ("update_display_data", "clear_output") and not widget:
            self.rewritten = True
        return super().process_message(msg, cell, cell_index)


def client(notebook: NotebookNode, path: Path, options: dict, limit: int = LIMIT) -> Client:
    """A strict client of a kernel that will run the notebook at `path`; a cell may take `limit` seconds."""
    return Client(
        notebook,
        kernel_name="python3",
        timeout=limit,
        startup_timeout=START,
        force_raise_errors=True,
        skip_cells_with_tag="",
        record_timing=False,
        log=SILENT,
        resources={"metadata": {"path": str(path.parent)}},
        **options,
    )


def execute(notebook: NotebookNode, path: Path, log: str, options: dict, limit: int = LIMIT) -> None:
    """Run all cells of the notebook at `path` beside it and keep their outputs in `notebook`; `options` are the kernel's.

    Raises InputError that names the cell, its line and the reason; the whole traceback goes to build/log/<log>.log.
    """
    running = client(notebook, path, options, limit)
    try:
        running.execute()
    except Failed as failed:
        fault = _told(notebook, running.at or 0, log, *failed.args)
    except (DeadKernelError, CellTimeoutError, TimeoutError, RuntimeError, NoSuchKernel, OSError) as error:
        if hasattr(running, "_async_cleanup_kernel_future"):  # nbclient has ended the kernel upon a signal
            raise KeyboardInterrupt from None
        if running.at is None:
            said = (f"{error}" or f"{type(error).__name__} ({START} s)").splitlines()[0]
            fault = finding("started", said=said)
        else:
            rule = "slow" if isinstance(error, TimeoutError) else "dead"
            fault = finding(rule, _numbers(notebook)[running.at], limit=limit)
    else:
        return
    raise InputError(path.name, [fault])


def _numbers(notebook: NotebookNode) -> dict[int, int]:
    """The author's number of the code cell at each place."""
    places = [place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return dict(zip(places, (number for number, _ in numbered(notebook))))


def _told(
    notebook: NotebookNode, at: int, log: str, rule: str, name: str, said: str, trace: list[str]
) -> str:
    """The fault of a failed cell: where, the error, at most ten lines of its traceback, and where all of that is."""
    cell, numbers = notebook.cells[at], _numbers(notebook)
    counts = {notebook.cells[place].execution_count: number for place, number in numbers.items()}
    plain = COLOUR.sub("", "\n".join(trace))
    lines = [int(line) for count, line in CELL.findall(plain) if int(count) == cell.execution_count]
    where = finding(rule, numbers[at], cell.source, lines[-1] if lines else None)
    if not name:
        return where
    if name == "NoneType":  # an error while something is shown: only its traceback names it
        name, _, said = plain.strip().splitlines()[-1].partition(": ")
    whole = CELL.sub(lambda found: f"Cell In[{counts.get(int(found[1]), found[1])}], line {found[2]}", plain)
    path = write_text(
        ROOT / "build" / "log" / f"{log}.log", f"{cell.source}\n\n{whole or f'{name}: {said}'}\n"
    )
    more = f"{name}: {COLOUR.sub('', said)}".splitlines()
    if name != "InputError":  # an input that is refused says itself, in full, what is wrong
        more = [*more[:2], *short(whole, cell.source)][: MOST - 1]
    more.append(finding("log", log=shown(path)))
    return "\n".join([where, *(f"      {line}" for line in more)])


def short(trace: str, source: str) -> list[str]:
    """The frames of a traceback that a user can act on, two lines each: of the cell, and the last inside the project."""
    cells: list[list[str]] = []
    own: list[list[str]] = []
    others: list[list[str]] = []
    for block in re.split(r"\n(?= *Cell In\[|File )", trace):
        head, arrow = block.split("\n", 1)[0].strip(), ARROW.search(block)
        line = f"  {arrow[0].lstrip('-> ').lstrip('0123456789').strip()}" if arrow else ""
        if inside := CELL.match(head):
            said = source.splitlines()[int(inside[2]) - 1 : int(inside[2])]
            cells.append([head, *(f"  {one.strip()}" for one in said)])
        elif found := FRAME.match(head):
            place = f"{Path(found[1]).expanduser()}".replace(f"{ROOT}/", "")
            if not place.endswith("report/guard.py"):
                (own if place.startswith(OWN) else others).append(
                    [f"{place}:{found[2]}{found[3].split('(')[0]}", line]
                )
    last = own[-(MOST // 2 - 2) :] or (others[-1:] if not cells else [])
    return [line for frame in [*cells[-1:], *last] for line in frame if line] if last else []
