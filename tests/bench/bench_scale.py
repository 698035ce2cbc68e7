"""An index of a country's counties: scores and ranges over draws of what is not known, against bare numpy; time and memory.

`python -m tests.bench.bench_scale 20 50` measures one size: years, draws. Each run is a process of its own, so its peak
memory is its own; both read the same files.
"""

import resource
import sys
import tempfile
import time

import numpy as np
import pandas as pd

from fire.index import draws as completions
from fire.index.index import Index
from tests.bench import bench_engine
from tests.bench.bench_engine import alone
from tests.bench.rows import growth, row

UNITS, PILLARS, EACH = 3_000, 20, 10
OPEN = 0.9  # share of the cells that nobody knows
YEARS, DRAWS = (5, 10, 20), (10, 25, 50)
LIMIT = 8.0  # GiB


def generate(folder: str, years: int, draws: int) -> None:
    """panel.parquet (known cells) and draws.parquet (the others, `draws` short numbers each)."""
    spec, rng = bench_engine.index(PILLARS, EACH), np.random.default_rng(years)
    panel = bench_engine.panel(spec, UNITS, years)
    panel["source"] = panel["source"].astype("category")
    unknown = rng.random(len(panel)) < OPEN
    panel[~unknown].to_parquet(f"{folder}/panel.parquet", compression="none")
    cells, value = panel.loc[unknown, completions.KEY], panel.loc[unknown, "value"].to_numpy(np.float32)
    numbers = {}
    for number in range(draws):
        numbers[f"d{number:03d}"] = value * np.exp(
            np.float32(0.1) * rng.standard_normal(len(value), np.float32)
        )
    cells.assign(**numbers).to_parquet(f"{folder}/draws.parquet", compression="none")


def ours(folder: str, years: int) -> np.ndarray:
    """Scores of all nodes and the ranges of the inner ones, as a user asks for them."""
    spec = bench_engine.index(PILLARS, EACH)
    panel, drawn = pd.read_parquet(f"{folder}/panel.parquet"), completions.read(f"{folder}/draws.parquet")
    index = Index(spec, panel, draws=drawn)
    index.scores()
    found = index.ranges()
    return found[["rank_low", "rank_high"]].to_numpy(float)


def bare(folder: str, years: int) -> np.ndarray:
    """The same ranges in numpy: no check, no status, no names, and no scores of the mean of the draws."""
    names = [f"{folder}/{name}.parquet" for name in ("panel", "draws")]
    panel, drawn = (pd.read_parquet(name) for name in names)
    nodes, cells = 1 + PILLARS, (years, UNITS, PILLARS * EACH)

    def places(frame):
        year = frame["year"].to_numpy() - 2020
        return (year * UNITS + frame["unit"].cat.codes.to_numpy(np.int32)) * PILLARS * EACH + frame[
            "indicator"
        ].cat.codes.to_numpy(np.int32)

    order = pd.Index(bench_engine.index(PILLARS, EACH).indicators)
    panel["indicator"], drawn["indicator"] = (
        frame["indicator"].cat.set_categories(order) for frame in (panel, drawn)
    )
    own, other, columns = places(panel), places(drawn), [name for name in drawn if name[0] == "d"]
    cube = np.empty(np.prod(cells))
    cube[own] = panel["value"].to_numpy()
    kept = np.empty((len(columns), 3, years, UNITS, nodes), np.float32)
    for number, name in enumerate(columns):
        cube[other] = drawn[name].to_numpy()
        kept[number] = measures(cube.reshape(cells))
    rank = kept[:, 1].reshape(len(columns), -1).T
    for measure in (0, 2):
        np.quantile(kept[:, measure].reshape(len(columns), -1).T, [0.05, 0.95], axis=1)
    ends = [np.quantile(rank, q, axis=1, method=way) for q, way in ((0.05, "lower"), (0.95, "higher"))]
    return np.stack(ends, axis=1)


def measures(cube: np.ndarray) -> np.ndarray:
    """Score, rank and growth of the inner nodes of one whole cube (years × units × indicators)."""
    low, high = cube[0].min(axis=0), cube[0].max(axis=0)
    leaves = 1 + 9 * (cube - low) / (high - low)
    inner = leaves.reshape(*leaves.shape[:2], PILLARS, EACH).mean(axis=3)
    scores = np.concatenate([inner.mean(axis=2, keepdims=True), inner], axis=2)
    rank = 1 + np.argsort(np.argsort(-scores, axis=1), axis=1)
    growth = np.concatenate([np.zeros_like(scores[:1]), scores[1:] / scores[:-1] - 1])
    return np.stack([scores, rank, growth])


def measured(run, folder: str, years: int) -> dict:
    """Processor seconds, peak memory in GiB and ends of ranks of one run; called in a process of its own."""
    start = time.process_time()
    ends = run(folder, years)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": time.process_time() - start, "gib": peak, "ends": ends}


def compared(years: int, draws: int) -> tuple[dict, dict]:
    """Ours and the bare one on the same files; their ends of the ranks agree but for ties."""
    with tempfile.TemporaryDirectory() as folder:
        alone(generate, folder, years, draws)
        runs = [alone(measured, run, folder, years) for run in (ours, bare)]
    same = (runs[0]["ends"] == runs[1]["ends"]).mean()
    assert same > 0.999, f"the ranks differ: {same:.4f} agree"
    return runs[0], runs[1]


def benches() -> list[dict]:
    """Time and peak memory by years and by draws, each against bare numpy on the same files."""
    sizes = dict.fromkeys([(years, DRAWS[0]) for years in YEARS] + [(YEARS[-1], draws) for draws in DRAWS])
    found = {size: rows(*size, *compared(*size)) for size in sizes}
    grown = [
        growth(f"counties, by {name}: {what}", [found[size][at] | {"size": size[of]} for size in some])
        for of, name, some in (
            (0, "years", list(sizes)[: len(YEARS)]),
            (1, "draws", list(sizes)[len(YEARS) - 1 :]),
        )
        for at, what in enumerate(("time", "memory"))
    ]
    return [*(one for both in found.values() for one in both), *grown]


def rows(years: int, draws: int, own: dict, peer: dict) -> list[dict]:
    """Processor seconds over those of bare numpy, and peak memory against the limit."""
    name = f"counties, {UNITS:,} x {PILLARS * EACH} x {years} years x {draws} draws"
    return [
        row(f"{name}: time", own["seconds"], "CPU s", "bare numpy", peer["seconds"], most=3),
        row(f"{name}: memory", own["gib"], "GiB", f"{LIMIT:g} GiB", LIMIT, most=1),
    ]


if __name__ == "__main__":
    given = tuple(map(int, sys.argv[1:3]))
    for one in rows(*given, *compared(*given)) if given else benches():
        print(one)
