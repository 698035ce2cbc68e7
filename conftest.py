"""The checks of notebooks by nbval, as strict as a run: static faults first, a guarded kernel, no mark that skips anything.

Kernels talk through files, not ports: ports collide when several kernels start at once.
"""

import base64
import io
import os
import pickle
import tempfile
from collections import defaultdict
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.manager import KernelManager
from nbval import kernel, plugin

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as every command: sums of products keep their last bit
collect_ignore_glob = ["tests/cases/*"]  # notebooks that are to be refused
# Files that take longest, in the order in which workers take them, so that none is left alone with a long one at the end.
FIRST = [
    "test_next_edition",
    "test_whole_report",
    "test_docs",
    "test_processes",
    "test_regional_chapters",
    "test_known_chapters",
    "test_robustness",
    "11-replication",
    "10-index",
    "90-explorer",
    "50-rankings",
    "14-method",
    "test_profiles",
    "test_any_index",
]
SAME = 0.1  # mean difference of two pictures, of 255, below which they show the same


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`once(name, make)`: what `make` gives, made by the first file of tests that asks and read by the others, on any worker."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def read(name, make):
        from fire import files

        path = folder / f"{name}.pickle"
        if not path.exists():
            with files.atomic_path(path) as part:
                part.write_bytes(pickle.dumps(make()))
        return pickle.loads(path.read_bytes())

    return read


class FileKernelManager(KernelManager):
    """A kernel manager whose every kernel has a folder of its own for its sockets, and the environment of a run."""

    def __init__(self, *args, **options):
        self._folder = tempfile.TemporaryDirectory(prefix="fire-", ignore_cleanup_errors=True)
        sockets = (
            {"transport": "ipc", "ip": str(Path(self._folder.name, "kernel"))} if os.name != "nt" else {}
        )
        super().__init__(*args, **sockets, **options)

    def start_kernel(self, **options):
        from fire.report import kernels

        kernels.use("2022")
        return super().start_kernel(env={**os.environ, **kernels.ENVIRONMENT}, **options)


class GuardedKernel(kernel.RunningKernel):
    """A kernel with the guard of a run, whose death is noticed at once."""

    def __init__(self, *args, **options):
        from fire.report.execution import GUARD

        super().__init__(*args, **options)
        request = self.kc.execute(GUARD, silent=True, store_history=False)
        reply: dict = {"parent_header": {}}
        while reply["parent_header"].get("msg_id") != request:
            reply = self.get_message("shell", timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]

    def get_message(self, stream, timeout=None):
        waited = 0
        while True:
            try:
                return super().get_message(stream, timeout=min(1, timeout or 1))
            except Empty:
                waited += 1
                if not self.is_alive():
                    raise RuntimeError("内核在这一格中断 · the kernel died in this cell") from None
                if timeout is not None and waited >= timeout:
                    raise


class Sound(pytest.Item):
    """What can be seen of a notebook without running it."""

    def runtest(self):
        from fire.report import notebook

        if faults := notebook.faults(self.path):
            pytest.fail("\n".join(faults), pytrace=False)


class StrictFile(plugin.IPyNbFile):
    def collect(self):
        self.compare_outputs = True  # --nbval-lax compares nothing
        yield Sound.from_parent(self, name="sound")
        for cell in super().collect():
            yield StrictCell.from_parent(self, name="", cell_num=cell.cell_num, cell=cell.cell, options=None)


class StrictCell(plugin.IPyNbCell):
    """A cell under its number in JupyterLab, [1] the first; no tag and no comment exempts it."""

    def __init__(self, name, parent, cell_num, cell, options):
        super().__init__(f"[{cell_num + 1}]", parent, cell_num + 1, cell, defaultdict(bool, check=True))

    def runtest(self):
        super().runtest()
        if not self.parent.kernel.is_alive():
            self.raise_cell_error("内核在这一格中断 · the kernel died in this cell")

    def compare_outputs(self, test, ref, skip_compare=None):
        from fire.report.notebook import WIDGET

        # what is shown inside a widget belongs to it and is not stored; nbval takes it for output of the cell
        test = [output for output in test if WIDGET in output.get("data", {})] or test
        if not super().compare_outputs(test, ref, skip_compare):
            return False
        now, then = pictures(test), pictures(ref)
        if len(now) == len(then) and all(map(alike, now, then)):
            return True
        self.comparison_traceback.append("一幅图与存着的不同 · a picture is not the stored one")
        return False


def pictures(outputs) -> list[str]:
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def alike(one: str, other: str) -> bool:
    """Whether two pictures, as base64 PNG, show the same but for the rendering of another machine."""
    from PIL import Image, ImageChops, ImageStat

    a, b = (Image.open(io.BytesIO(base64.b64decode(text))).convert("L") for text in (one, other))
    return a.size == b.size and ImageStat.Stat(ImageChops.difference(a, b)).mean[0] < SAME


def pytest_configure(config):
    from fire.report.execution import LIMIT

    config.option.nbval_cell_timeout = min(config.option.nbval_cell_timeout, LIMIT)


def pytest_collection_modifyitems(items):
    order = {name: at for at, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    return [
        StrictFile.from_parent(parent, path=file_path) if type(found) is plugin.IPyNbFile else found
        for found in (yield)
    ]


kernel.KernelManager, plugin.RunningKernel = FileKernelManager, GuardedKernel
