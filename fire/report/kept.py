"""Products of an assembly that are not made again while nothing that they follow from has changed.

A product (a PDF, the profiles, a workbook) lies in `build/<edition>/kept/` beside a file that holds its key: a hash over
everything it is made from and the modules that make it. `None` in place of a `Kept` makes everything anew.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from fire import files


class Kept:
    """The products kept in `folder`; `code`: what each module that makes one rests on, by name; `common`: what all follow
    from. Both as plain data."""

    def __init__(self, folder: Path, code: dict, common):
        self.folder, self.code, self.common = folder, code, common

    def made(self, target: Path, module: str, follows, make: Callable[[Path], object]) -> None:
        """Let `target`, a file or a folder, be what `make(target)` makes; `follows`: all that it follows from besides the
        `module` that makes it, as plain data (`content` of files)."""
        said = json.dumps(
            [self.common, self.code[module], follows], sort_keys=True, ensure_ascii=False, default=str
        )
        key, own = hashlib.sha256(said.encode()).hexdigest(), self.folder / target.name
        told = own.with_name(f"{own.name}.key")
        if not (own.exists() and told.exists() and told.read_text(encoding="utf-8") == key):
            make(target)
            told.unlink(missing_ok=True)
            _copy(target, own)
            files.write_text(told, key)
        else:
            _copy(own, target)


def made(kept: Kept | None, target: Path, module: str, follows, make: Callable[[Path], object]) -> None:
    """`kept.made`, or `make(target)` where nothing is kept."""
    if kept is None:
        make(target)
    else:
        kept.made(target, module, follows, make)


def content(paths: Iterable[Path]) -> dict[str, str]:
    """Hash of what some files hold, by folder and name."""
    return {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder in place of another."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    copied = shutil.copytree if source.is_dir() else shutil.copyfile
    copied(source, part)
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(part, target)
