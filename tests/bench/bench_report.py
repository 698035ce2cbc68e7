"""Speed and size of the assembled report; needs the exhibits of a finished `make report`."""

import tempfile
import time
from pathlib import Path

from fire import edition as editions
from fire import files
from fire.report import assembly
from tests.bench.rows import row

EDITION = 2022


def benches() -> list[dict]:
    """Seconds of the assembly of everything after the notebooks, in both languages; size of the largest page of a chapter and
    of the whole folder, in MB. Each against its limit."""
    ed = editions.load(EDITION)
    ed.check()  # as `make report` has done before
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        index = assembly.build(ed, target=Path(folder) / "report")
        seconds = time.perf_counter() - started
        pages = [path.stat().st_size for path in (index.parent / "chapters").glob("*.html")]
        site = [path.stat().st_size for path in index.parent.rglob("*") if path.is_file()]
    return [
        _against("report: assembly of everything, two languages", seconds, "s", 20),
        _against("report: largest page of a chapter", max(pages) / 1e6, "MB", 1),
        _against("report: the whole folder", sum(site) / 1e6, "MB", 40),
    ]


def _against(name: str, value: float, unit: str, limit: float) -> dict:
    return row(name, value, unit, f"{limit} {unit}", limit, most=1)


if __name__ == "__main__":
    print(benches() if (files.ROOT / "build" / str(EDITION)).exists() else "type `make report` first")
