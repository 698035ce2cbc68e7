"""Speed of the engine against a plain-numpy lower bound in the same run."""

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd

from fire.index import outranking, score
from fire.index import spec as specs
from tests.bench.rows import growth, row

YEARS = 10


def index(pillars: int, each: int) -> specs.Spec:
    """An index of pillars with `each` indicators: min-max on the base year 2020, arithmetic means."""

    def word(node):
        return {"id": node, "label": {"zh": node, "en": node}}

    nodes = [word("total")] + [word(f"p{p}") | {"parent": "total"} for p in range(pillars)]
    nodes += [word(f"i{p}_{i}") | {"parent": f"p{p}"} for p in range(pillars) for i in range(each)]
    table = {
        "id": "bench",
        "label": {"zh": "基准", "en": "bench"},
        "node": nodes,
        "method": {"base_year": 2020, "reference": "base", "scale": [1, 10]},
    }
    return specs.build(table, "bench")


def panel(spec, units: int, years: int, seed: int = 1) -> pd.DataFrame:
    """A full panel with categorical keys, as a large one is kept."""
    rng, ids = np.random.default_rng(seed), spec.indicators
    size = (years, units, len(ids))
    codes = np.indices(size, dtype=np.int32).reshape(3, -1)
    names = pd.Index([f"u{number:05d}" for number in range(units)])
    return pd.DataFrame(
        {
            "unit": pd.Categorical.from_codes(codes[1], names),
            "year": 2020 + codes[0],
            "indicator": pd.Categorical.from_codes(codes[2], pd.Index(ids)),
            "value": rng.lognormal(size=size).reshape(-1),
            "status": pd.Categorical.from_codes(np.zeros(codes.shape[1], dtype=np.int8), ["observed"]),
            "source": "",
        },
        copy=False,
    )


def bound(cube: np.ndarray, pillars: int) -> np.ndarray:
    """The same scores, growth and ranks in bare numpy, from an array that is already sorted and checked."""
    low, high = cube[0].min(axis=0), cube[0].max(axis=0)
    leaves = 1 + 9 * (cube - low) / (high - low)
    inner = leaves.reshape(*leaves.shape[:2], pillars, -1).mean(axis=3)
    nodes = np.concatenate([inner.mean(axis=2, keepdims=True), inner, leaves], axis=2)
    growth = nodes[1:] / nodes[:-1] - 1
    rank = np.argsort(np.argsort(-nodes, axis=1), axis=1)
    return growth.sum() + rank.sum()


def seconds(task, repeat: int) -> float:
    """The best of several runs, in seconds of this process."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return min(times)


def benches() -> list[dict]:
    """Scores by size against numpy, their growth and memory, and Copeland scores against the plain formula."""
    sizes = ((59, 1, 19, 20), (2_500, 20, 10, 2), (10_000, 20, 10, 2))
    rows = [alone(measured, *size) for size in sizes]
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(500, 49)), np.full(49, 1 / 49)
    value = seconds(lambda: outranking.copeland(x, weights), 5)
    plain = seconds(lambda: np.sign(x[:, None] - x[None]).mean(axis=2).sum(axis=1), 3)
    return [
        *(one for one, _ in rows),
        growth("scores", [one for one, _ in rows[1:]]),
        rows[-1][1],
        row("Copeland scores, 500 x 49", value, "CPU s", "the formula in numpy", plain, most=1),
    ]


def alone(work, *args):
    """The result of `work` in a new process, whose peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def measured(units: int, pillars: int, each: int, repeat: int) -> tuple[dict, dict]:
    """Time and peak memory of the scores of ten years."""
    spec, size = index(pillars, each), units * pillars * each * YEARS
    data, name = panel(spec, units, YEARS), f"scores, {units:,} x {pillars * each} x {YEARS} years"
    value = seconds(lambda: score.compute(spec, data), repeat)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cube = data["value"].to_numpy().reshape(YEARS, units, -1)
    reference = seconds(lambda: bound(cube, pillars), repeat)
    return (
        row(name, value, "CPU s", "bare numpy", reference, most=None if units < 1_000 else 3, size=size),
        row(f"{name}: peak memory", peak, "GiB", "the values", size * 8 / 2**30, most=16),
    )


if __name__ == "__main__":
    print(pd.DataFrame(benches()).to_string(index=False))
