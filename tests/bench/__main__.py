"""Run every benchmark of this folder, print the table, write reports/bench/bench.json.

python -m tests.bench               # all
python -m tests.bench robustness    # bench_robustness.py only
"""

import importlib
import json
import sys
from pathlib import Path

from fire import files

COLUMNS = ["name", "value", "unit", "reference", "ratio", "goal", "ok"]


def main(wanted: list[str]) -> int:
    """Number of benchmarks that miss their goal."""
    found = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if not wanted or path.stem.removeprefix("bench_") in wanted:
            print(f"… {path.stem.removeprefix('bench_')}", file=sys.stderr, flush=True)
            found += importlib.import_module(f"tests.bench.{path.stem}").benches()
    found = [{column: row.get(column) for column in COLUMNS} for row in found]
    for row in found:
        print("  ".join(f"{shown(row[column])}" for column in COLUMNS))
    files.write_text(
        files.REPORTS / "bench" / "bench.json", json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    )
    return sum(row["ok"] is False for row in found)


def shown(cell) -> str:
    """A cell of the printed table."""
    if isinstance(cell, bool):
        return "ok" if cell else "MISSED"
    return f"{cell:,.4g}" if isinstance(cell, (int, float)) else str("" if cell is None else cell)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
