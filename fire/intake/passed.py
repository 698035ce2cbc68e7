"""What has passed the check, remembered: an edition whose every input is as it was then need not be checked again for its index.

Panel and draws of an edition without an error lie in `build/<edition>/passed/` as Parquet, under a key of all that the
check follows from, by content: settings, the files that they name, the editions before, the words and thresholds in data/,
the code that reads and checks, the locked packages. Nothing else is remembered: `ed.check()` looks at everything each time,
and so does an index when one byte has changed.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fire import files
from fire.errors import RULES, InputError, refuse
from fire.index import spec as specs

FILES = ("panel", "draws", "corrections", "places", "regions", "feasible", "facts", "sources")
ROOMS = ("", "index", "intake", "sources")  # of the code
FRAMES = ("panel", "draws")
UNKEPT = (AssertionError, OSError, TypeError, ValueError)  # there is no room, or it would come back otherwise


class Passed(NamedTuple):
    """`key`: of the inputs as they are, None where they cannot be known; `panel`, `draws`: of the check that these very
    inputs have passed, `panel` None where they have not."""

    key: str | None = None
    panel: pd.DataFrame | None = None
    draws: pd.DataFrame | None = None


def _common() -> str:
    """Digest of what the checks of all editions rest on: words and thresholds, the code that reads and checks, the lock."""
    folders = (files.DATA, RULES, *(files.DATA / name for name in ("annex", "indices", "schemas")))
    paths = [path for folder in folders for end in ("*.csv", "*.json", "*.toml") for path in folder.glob(end)]
    paths += [path for room in ROOMS for path in (Path(__file__).parents[1] / room).glob("*.py")]
    return _of([files.ROOT / "requirements.lock", *paths])


def _of(paths: Iterable[Path]) -> str:
    """Digest of some files by path and content; of a folder that it is there, of what is missing that it is not."""
    held = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else path.exists()
        for path in paths
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


AT_START = _common()  # what a process checks by is what it found then, whatever is edited while it runs


def key(ed) -> str | None:
    """SHA-256 of all that the check of an edition follows from; None where a table comes out of a database, or where an
    edition before or the file of sources is not sound."""
    try:
        return _key(ed)
    except InputError:
        return None


def _key(ed) -> str:
    before = ed.previous
    told = [AT_START, ed.name, ed.settings, _of(_paths(ed)), before and _key(before)]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _paths(ed) -> list[Path]:
    """The files of an edition that its check reads or looks for. Raises InputError where it reads a database."""
    paths = [path for path in map(ed.path, FILES) if path is not None]
    paths += [specs.file_of(ed.settings["specification"]), ed.folder / f"{ed.name}.lock.json"]
    paths += [ed.folder / f"{ed.settings['posts']}.lock.json"] if "posts" in ed.settings else []
    if "sources" in ed.settings:
        from fire.intake import check

        blocks, found = check.read_sources(ed.path("sources"))
        refuse(f"edition {ed.name}", found or [one["database"] for one in blocks if one.get("database")])
        paths += check.files_of(ed.path("sources")) + check.unnamed(ed.path("sources"), blocks)
    return paths


def _place(ed, name: str) -> Path:
    return ed.stored / "passed" / f"{name}.parquet"


def read(ed) -> Passed:
    """What an edition's inputs are, and what they gave when they passed the check."""
    if (now := key(ed)) is None:
        return Passed()
    try:
        panel, draws = (_read(_place(ed, name), now) for name in FRAMES)
    except LookupError:
        return Passed(now)
    return Passed(now, panel, draws if len(draws.columns) else None)


def _read(path: Path, key: str) -> pd.DataFrame:
    """A frame as it was stored. Raises LookupError where it is not stored under this key."""
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            told = json.loads(file.schema_arrow.metadata[b"PANDAS_ATTRS"])
            frame = file.read().to_pandas(split_blocks=True) if told["key"] == key else None
    except (KeyError, OSError, TypeError, ValueError):  # not there, damaged, or none of these
        frame = None
    if frame is None:
        raise LookupError(path)
    frame.attrs = {}
    return frame.astype(dict.fromkeys(told["object"], object))


def keep(ed, before: Passed, found) -> None:
    """Remember what a check `found` (a Checked): without an error, and nothing that it follows from changed while it ran."""
    if before.key is None or before.panel is not None or found.count("error"):
        return
    if key(ed) == before.key and _common() == AT_START:
        draws = pd.DataFrame() if found.draws is None else found.draws
        for name, frame in zip(FRAMES, (found.panel, draws)):
            with suppress(*UNKEPT):
                _write(_place(ed, name), frame, before.key)


def _write(path: Path, frame: pd.DataFrame, key: str) -> None:
    """Store a frame under a key. Raises AssertionError where it does not come back as it was."""
    kept, objects = frame.copy(deep=False), frame.dtypes.map(pd.api.types.is_object_dtype)
    kept.attrs = {"key": key, "object": list(frame.columns[objects])}
    with files.atomic_path(path) as part:
        kept.to_parquet(part)
        pd.testing.assert_frame_equal(_read(part, key), frame, check_exact=True)
