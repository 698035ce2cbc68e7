"""Frames kept as Parquet under a key of all that they follow from; cells that are lists or dictionaries as JSON."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from fire import files


def code(*folders: Path) -> bytes:
    """Digest of the modules in some folders. Taken when a module is imported, it is of the code that computes in this process:
    what is edited later computes nothing here."""
    found = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.glob("*.py")):
        found.update(path.read_bytes())
    return found.digest()


def write(path: Path, frame: pd.DataFrame, key: str) -> None:
    """Store a frame, without its index, under a key."""
    frame, coded = frame.reset_index(drop=True), []
    for column in frame.columns[frame.dtypes.map(pd.api.types.is_object_dtype)]:
        if frame[column].map(lambda cell: isinstance(cell, (dict, list, tuple))).any():
            frame[column] = frame[column].map(lambda cell: json.dumps(cell, ensure_ascii=False, default=str))
            coded.append(column)
    frame.attrs = frame.attrs | {"key": key, "coded": coded}
    with files.atomic_path(path) as part:
        frame.to_parquet(part)


def key_of(path: Path) -> str | None:
    """The key under which a frame is stored; None where there is none, or where the file is damaged."""
    from pyarrow import ArrowException, parquet

    try:
        found = (parquet.read_schema(path).metadata or {}).get(b"PANDAS_ATTRS", b"{}")
        return json.loads(found).get("key")
    except (ArrowException, OSError, ValueError):
        return None


def read(path: Path) -> pd.DataFrame:
    """A frame as it was stored."""
    return _with_key(path)[1]


def _with_key(path: Path) -> tuple[str | None, pd.DataFrame]:
    """The key and the frame of one reading."""
    frame = pd.read_parquet(path)
    for column in frame.attrs.pop("coded", []):
        frame[column] = frame[column].map(json.loads)
    return frame.attrs.pop("key", None), frame


def made(folder: Path, names: list[str], key: str, make: Callable[[], tuple]) -> list[pd.DataFrame]:
    """Some frames (`<name>.parquet`) as `make()` gives them, which is called only where they are not stored under `key`."""
    paths = [folder / f"{name}.parquet" for name in names]
    if all(key_of(path) == key for path in paths):
        found = [_with_key(path) for path in paths]
        if all(one == key for one, _ in found):  # another process may have stored others in between
            return [frame for _, frame in found]
    frames = list(make())
    for path, frame in zip(paths, frames, strict=True):
        write(path, frame, key)
    return frames
