"""Kernels that need not wait for imports: each is forked from one warm process that holds the libraries.

A notebook of the report uses pandas, matplotlib and statsmodels, which take seconds to import. On Linux one process imports
them once (`multiprocessing.forkserver` of the standard library) and every kernel is a fork of it, with a namespace, a
working folder, an environment and random numbers of its own. Modules of this project are not held, and an edited one is read
anew; only while one report is built, or the notebooks are tested, analyses, the edition and its stored results are held too
(`warm`, `holding`).
`Kernel` is a kernel provisioner of Jupyter (jupyter_client, "Customizing the kernel's runtime environment"), declared in
pyproject.toml: whatever starts kernels in a process that has called `use` (papermill, nbclient, nbval) starts these.
Elsewhere, and in a process that has not, kernels start as they always do.
"""

import gc
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import types
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import psutil
import traitlets.log
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from fire.errors import ROOT

NAME = "fire"
EDITION = "FIRE_EDITION"  # variable that names the edition to hold
HOLDS = f"{__package__}.warm"  # the module that holds it; no notebook rests on it
ENVIRONMENT = {  # of every kernel
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # read when matplotlib is imported
    "MPLCONFIGDIR": f"{ROOT / 'build' / 'matplotlib'}",  # not the user's own, whose settings could change a run
    "IPYTHONDIR": f"{ROOT / 'build' / 'ipython'}",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONHASHSEED": "0",
}
LIBRARIES = [
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "matplotlib_inline.config",
    "pandas",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.stats",
    "statsmodels.api",
    "statsmodels.formula.api",
    "matplotlib.pyplot",
    "seaborn",
    "ibis",
    "duckdb",
    "jinja2",
    "lxml.etree",
    "openpyxl",
    "rapidfuzz.process",
    "tqdm",
    "yaml",
]
LINUX = sys.platform == "linux"
FORKS: Any = multiprocessing.get_context("forkserver" if LINUX else "spawn")
SERVER: Any = forkserver._forkserver  # the one of this process
STARTING = threading.Lock()
STOPPED = threading.Event()
STARTED: set = set()  # processes of the kernels that run now


class Forked:
    """A process forked from the warm one, with what `subprocess.Popen` offers of its own."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        self.process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self.process.join(timeout)
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Kernel(LocalProvisioner):
    """Starts a kernel as a fork of the warm process where there is one, and is known to `stop` while it runs."""

    async def launch_kernel(self, cmd: list[str], **options):
        options["env"] = {**(options.get("env") or os.environ), **ENVIRONMENT}
        if not _warm():
            found = await super().launch_kernel(cmd, **options)
            STARTED.add(self.process)
            return found
        forked: Any = Forked(fork(_serve, cmd, options.get("cwd"), options["env"]))
        self.process, self.pid, self.pgid = forked, forked.pid, forked.pid
        STARTED.add(forked)
        if STOPPED.is_set():  # while the libraries were loading
            forked.kill()
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        STARTED.difference_update({one for one in STARTED if one.poll() is not None})
        await super().cleanup(restart)


def use(edition: str | None = None) -> None:
    """Let this process start its kernels through `Kernel`, on Linux as forks of a warm process that starts now and may hold
    an edition (`warm`); a fork of that process goes on with it."""
    STOPPED.clear()
    KernelProvisionerFactory.instance().default_provisioner_name = NAME
    traitlets.log.get_logger().setLevel(
        logging.CRITICAL
    )  # what Jupyter logs of a failure is told by the error
    if _warm() and not SERVER._forkserver_pid:
        SERVER.ensure_running = lambda: None  # it runs, and is not ours to start again
    elif LINUX and not _warm():
        _begin(edition)


@contextmanager
def holding(edition: str):
    """`use` an edition while its report is built: the warm process that holds it ends then, so that nothing edited afterwards
    is met as it was. Where a warm process runs already, that one serves and goes on."""
    anew = not _warm()
    use(edition)
    try:
        yield
    finally:
        if anew and LINUX:
            SERVER._stop()


def _begin(edition: str | None = None) -> None:
    """Start the warm process, in the environment of kernels."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT | ({EDITION: edition} if edition else {}))
    try:
        forkserver.set_forkserver_preload([*LIBRARIES, *([HOLDS] if edition else [])])
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def fork(work, *values) -> multiprocessing.process.BaseProcess:
    """Start `work(*values)`, a function of a module, in a process that holds the libraries already (where there is no warm
    one, in a new process). It ends with this process."""
    if SERVER._forkserver_pid and psutil.Process(SERVER._forkserver_pid).status() == psutil.STATUS_ZOMBIE:
        _begin()  # the warm one was ended, as for want of memory
    process = FORKS.Process(target=_worker, args=(work, *values), daemon=True)
    with STARTING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType(
            "__main__"
        )  # else it would run again: a script has no guard
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main
    return process


def _worker(work, *values) -> None:
    """`work(*values)` in a process that may have children of its own though it ends with its parent."""
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    work(*values)


def stop() -> None:
    """End all kernels that this process has started."""
    STOPPED.set()
    for process in list(STARTED):
        process.kill()


def _warm() -> bool:
    """Whether this process has a warm one, or may use that of the process it was forked for."""
    key = getattr(SERVER, "_forkserver_authkey", b"")  # of Python 3.14, which hands it to nobody
    return SERVER._forkserver_address is not None and key is not None


def _serve(cmd: list[str], folder: str | None, environment: dict) -> None:
    """Be a kernel, as `python -m ipykernel_launcher` is, in a fork of the warm process."""
    os.setsid()
    os.close(SERVER._forkserver_alive_fd)  # the warm process must not wait for us
    os.environ.clear()
    os.environ.update(environment)
    if folder:
        os.chdir(folder)
    at = cmd.index("ipykernel_launcher")
    sys.argv = cmd[at:]
    given = environment.get("PYTHONPATH", "").split(os.pathsep)
    while sys.path and sys.path[0] not in given and Path(sys.path[0]).is_relative_to(ROOT):
        del sys.path[0]  # what `python -m` or a test has put there
    random.seed()
    sys.modules["numpy"].random.seed()
    sys.modules["pandas"].set_option(
        "display.max_columns", 20
    )  # as where it is imported in a kernel, and not at a terminal
    gc.freeze()  # what the warm process holds stays: no collection walks over it

    from ipykernel.kernelapp import IPKernelApp
    from matplotlib_inline import backend_inline

    kernel = IPKernelApp.instance(parent_handle=os.getppid())
    kernel.initialize(sys.argv[1:])
    backend_inline._enable_matplotlib_integration()  # as at its import: pyplot has met no shell to show figures in so far
    kernel.start()
