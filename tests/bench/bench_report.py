"""Speed and size of the assembled report; needs the exhibits of a finished `make report`."""

import tempfile
import time
from pathlib import Path

from fire import files
from fire.report import assembly as report

EDITION = 2022


def benches() -> list[dict]:
    """Seconds of assembly after the notebooks, both languages and three formats; size of the larger page in MB."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        report.build(EDITION, target=Path(folder) / "report", formats=("html", "pdf", "docx"))
        seconds = time.perf_counter() - started
        size = max(path.stat().st_size for path in Path(folder, "report").glob("*.html")) / 1e6
    return [
        {
            "name": "report assembly, two languages",
            "value": seconds,
            "unit": "s",
            "reference": None,
            "ratio": None,
            "goal": "< 20 s",
            "ok": seconds < 20,
        },
        {
            "name": "report page, larger language",
            "value": size,
            "unit": "MB",
            "reference": None,
            "ratio": None,
            "goal": "< 15 MB",
            "ok": size < 15,
        },
    ]


if __name__ == "__main__":
    print(benches() if (files.ROOT / "build" / str(EDITION)).exists() else "type `make report` first")
