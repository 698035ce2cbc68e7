"""Speed of the engine against a plain-numpy lower bound in the same run."""

import resource
import time

import numpy as np
import pandas as pd

from fire.index import outranking, score
from fire.index import spec as specs


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


def benches(large: bool = True) -> list[dict]:
    rows = [measured("compute 59 x 19 x 10 years", 19, 1, 59, 0.020, 20)]
    if large:
        rows.append(measured("compute 10,000 x 200 x 10 years", 20, 10, 10_000, 5.0, 1))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        cells = 10_000 * 200 * 10 * 8
        rows.append(
            {
                "name": "peak memory of that run",
                "value": peak / 2**30,
                "unit": "GiB",
                "reference": cells / 2**30,
                "ratio": peak / cells,
                "goal": None,
                "ok": None,
            }
        )
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(500, 49)), np.full(49, 1 / 49)
    value, peer = seconds(lambda: outranking.copeland(x, weights), 5), 78.0
    plain = seconds(lambda: np.sign(x[:, None] - x[None]).mean(axis=2).sum(axis=1), 3)
    rows.append(
        {
            "name": "Copeland, 500 units x 49 (peer: 78 s)",
            "value": value,
            "unit": "s",
            "reference": plain,
            "ratio": value / plain,
            "goal": peer / 100,
            "ok": value < peer / 100,
        }
    )
    return rows


def measured(name: str, pillars: int, each: int, units: int, goal: float, repeat: int) -> dict:
    spec = index(pillars, each)
    data = panel(spec, units, 10)
    cube = data["value"].to_numpy().reshape(10, units, -1)
    value = seconds(lambda: score.compute(spec, data), repeat)
    reference = seconds(lambda: bound(cube, pillars), repeat)
    return {
        "name": name,
        "value": value,
        "unit": "s",
        "reference": reference,
        "ratio": value / reference,
        "goal": goal,
        "ok": value < goal,
    }


if __name__ == "__main__":
    print(pd.DataFrame(benches()).to_string(index=False))
