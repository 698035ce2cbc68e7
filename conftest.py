"""Kernels of the notebook checks talk through files, not ports: ports collide when several kernels start at once."""

import os
import tempfile
from pathlib import Path

from jupyter_client.manager import KernelManager
from nbval import kernel


class FileKernelManager(KernelManager):
    """A kernel manager whose every kernel has a folder of its own for its sockets."""

    def __init__(self, *args, **options):
        self._folder = tempfile.TemporaryDirectory(prefix="fire-", ignore_cleanup_errors=True)
        super().__init__(*args, transport="ipc", ip=str(Path(self._folder.name, "kernel")), **options)


if os.name != "nt":
    kernel.KernelManager = FileKernelManager
