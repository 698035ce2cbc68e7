"""What differs between two editions: method, data, scores and ranks, and why they moved."""

from pathlib import Path

import pandas as pd

from fire import edition as editions
from fire import files
from fire.analysis import changes
from fire.errors import InputError


def tables(before, after) -> dict[str, pd.DataFrame]:
    """Four frames of two editions: `method` (`changes.method`), `data` (`changes.data`), `scores`
    (`changes.compare`, with unit) and `why` (`changes.explain`)."""
    old, new = (changes.State(ed.index, ed.year) for ed in (before, after))
    return {
        "method": changes.method(before.spec, after.spec),
        "data": changes.data(before.index.panel, after.index.panel),
        "scores": changes.compare(old, new).reset_index(),
        "why": changes.explain(old, new),
    }


def write(one: str, other: str, folder: Path | None = None) -> tuple[str, list[Path]]:
    """Write the four tables as CSV for Excel into build/diff-<one>-<other>/; returns a summary and their paths.

    Raises InputError when either edition has a fault.
    """
    faults, loaded = [], []
    for name in (one, other):
        try:
            ed = editions.load(name)
            loaded.append((ed, ed.index))
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
    if faults:
        raise InputError(f"editions {one} and {other}", faults)
    (before, _), (after, _) = loaded
    found = tables(before, after)
    folder = folder or files.ROOT / "build" / f"diff-{one}-{other}"
    paths = [files.write_csv(frame, folder / f"{name}.csv", excel=True) for name, frame in found.items()]
    return summary(found, one, other), paths


def summary(found: dict[str, pd.DataFrame], one: str, other: str) -> str:
    """A few lines in both languages: how much differs, and the units whose rank moved most."""
    scores = found["scores"]
    both = scores[scores["note"].eq("")]
    moved = both[both["score_change"].abs() > changes.SHOWN]
    lines = [
        f"{one} → {other}",
        f"方法 · choices of method that differ: {len(found['method'])}",
        f"数据 · cells that differ: {len(found['data'])}",
        f"得分 · units in both: {len(both)}, scores that moved: {len(moved)}, ranks that moved: {int(both['rank_change'].ne(0).sum())}",
        f"名单 · entered: {int(scores['note'].eq('entered').sum())}, left: {int(scores['note'].eq('left').sum())}",
    ]
    most = moved.reindex(moved["rank_change"].abs().sort_values(ascending=False, kind="stable").index).head(
        10
    )
    if len(most):
        columns = ["unit", "rank_old", "rank_new", "rank_change", "score_old", "score_new", "score_change"]
        lines += ["", most[columns].to_markdown(index=False, floatfmt=".3f", intfmt="d")]
    return "\n".join(lines)
