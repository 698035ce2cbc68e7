"""Run the benchmarks of this folder, print the table, write reports/bench/bench.json; rows of areas not run stay in it.

python -m tests.bench                  # all, about half an hour
python -m tests.bench robustness       # bench_robustness.py only
python -m tests.bench --docs           # the rows of reports/bench/bench.json into docs/benchmarks.md, with their figure
"""

import importlib
import json
import sys
from pathlib import Path

from fire import files
from tests.bench import docs

RUN = files.REPORTS / "bench" / "bench.json"


def main(wanted: list[str]) -> int:
    """Number of benchmarks that miss their goal."""
    if wanted == ["--docs"]:
        docs.write(docs.merged(docs.read(docs.ROWS), docs.read(RUN)))
        return 0
    missed = 0
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        area = path.stem.removeprefix("bench_")
        if wanted and area not in wanted:
            continue
        print(f"… {area}", file=sys.stderr, flush=True)
        found = [
            {"area": area} | one for one in importlib.import_module(f"tests.bench.{path.stem}").benches()
        ]
        print(*("  ".join(docs.cells(one)) for one in found), sep="\n", flush=True)
        rows = docs.merged(docs.read(RUN), found)
        files.write_text(RUN, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        missed += sum(one["ok"] is False for one in found)
    return missed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
