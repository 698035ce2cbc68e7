"""Speed of the rank intervals: draws a second, memory, distance from a bare matrix product and row sort, the peer's
example.
"""

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from fire import edition, files
from fire.analysis import montecarlo, robustness, sensitivity
from fire.index.coinr import from_coinr
from fire.index.index import Index

COINR = files.ROOT / "tests" / "golden" / "coinr"
FULL = {
    "weights": {"band": 0.25},
    "aggregation": ["arithmetic", "geometric"],
    "drop": 1.0,
    "floor": 0.01,
    "normalise": [
        "published",
        {"name": "z-score", "normalise": "zscore", "scale": [5.5, 1.5]},
        {"name": "percentile", "normalise": "percentile", "reference": "pooled"},
    ],
}
PEER = 0.11  # seconds a draw that COINr needs at best on its example; docs/benchmarks.md


def timed(work) -> tuple[float, float]:
    """Wall and CPU seconds (this process and its children) of the faster of two runs, after one to warm up."""
    work()
    runs = []
    for _ in range(2):
        wall, cpu = time.perf_counter(), sum(cpu_seconds())
        work()
        runs.append((time.perf_counter() - wall, sum(cpu_seconds()) - cpu))
    return min(runs)


def cpu_seconds() -> list[float]:
    """CPU seconds so far of this process and of its finished children."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return [one.ru_utime + one.ru_stime for one in usage]


def bare(units: int, indicators: int, draws: int) -> float:
    """CPU seconds of a bare single-precision matrix product and row sort of the same size, on one thread."""
    rng = np.random.default_rng(0)
    matrix, weights = (
        rng.random((indicators, units), dtype=np.float32),
        rng.random((2048, indicators), dtype=np.float32),
    )

    def work():
        for _ in range(max(1, draws // 2048)):
            np.argsort(weights @ matrix, axis=1)

    with threadpool_limits(1):
        return timed(work)[1] * draws / (max(1, draws // 2048) * 2048)


def rate(name: str, design, draws: int, goal: float, bound: float | None = None) -> list[dict]:
    """Draws a second with two workers; and CPU seconds against the bare bound."""
    wall, cpu = timed(lambda: montecarlo.simulate(design, draws, workers=2))
    rows = [
        {
            "name": name,
            "value": draws / wall,
            "unit": "draws/s",
            "reference": goal,
            "ratio": draws / wall / goal,
            "goal": f">= {goal:g}",
            "ok": draws / wall >= goal,
        }
    ]
    if bound:
        rows.append(
            {
                "name": f"{name}: CPU against a bare product and sort",
                "value": cpu,
                "unit": "CPU s",
                "reference": bound,
                "ratio": cpu / bound,
                "goal": "<= 4",
                "ok": cpu / bound <= 4,
            }
        )
    return rows


def design_of(panel: pd.DataFrame, spec) -> montecarlo.Design:
    """The full design: weights of three levels, three normalisations, two aggregations, one indicator dropped."""
    return robustness.prepare(Index(spec, panel), FULL, 2022, spec.root)[0]


def memory() -> dict:
    """Memory that two million draws add to a fresh process."""
    code = (
        "import resource; from fire.analysis import montecarlo; from tests.bench import bench_robustness as b; "
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024; "
        "design = b.design_of(*b.panels()[0]); before = peak(); "
        "montecarlo.simulate(design, 2_000_000, progress=False); print(peak() - before)"
    )
    used = float(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=files.ROOT
        ).stdout
    )
    return {
        "name": "59 x 19, one year: memory that 2,000,000 draws add",
        "value": used,
        "unit": "MB",
        "reference": 50.0,
        "ratio": used / 50,
        "goal": "< 50",
        "ok": used < 50,
    }


def sensitivity_run() -> dict:
    """CPU seconds of the Sobol' indices of all scores and ranks of the edition, with what is drawn."""
    ed = edition.load(2022)
    used = timed(lambda: sensitivity.run(ed.index))[1]
    return {
        "name": "Sobol' indices of 59 scores and ranks, 9 factors, 1,024 draws",
        "value": used,
        "unit": "CPU s",
        "reference": 20.0,
        "ratio": used / 20,
        "goal": "<= 20",
        "ok": used <= 20,
    }


def panels() -> tuple:
    """(panel of the last year, specification with its own posts) and (panel of both years, specification)."""
    ed = edition.load(2022)
    panel, spec = ed.index.complete(), ed.index.spec
    return (panel[panel["year"].eq(spec.method["base_year"])], spec), (panel, spec)


def large(units: int, indicators: int) -> montecarlo.Design:
    """A design of another size with random scores: dimensions of ten indicators, one scheme for each aggregation."""
    scores = np.random.default_rng(1).uniform(1, 10, (units, indicators))
    dims = indicators // 10
    levels = [
        (np.full(dims, 1 / dims), np.zeros(dims, int), np.array([0])),
        (np.full(indicators, 0.1), np.arange(indicators) // 10, np.arange(0, indicators, 10)),
    ]
    bits = min(montecarlo.SCORE_BITS, 62 - montecarlo.WEIGHT_BITS - (units - 1).bit_length())
    schemes = [montecarlo.on_grid(scores, None, way, bits) for way in ("arithmetic", "geometric")]
    chunk = max(64, min(2048, 2**20 // (units + indicators) // 64 * 64))
    return montecarlo.Design(
        levels,
        schemes,
        np.zeros((1, units), bool),
        montecarlo.patterns(scores),
        {"band": [0.25, 0.25]},
        1.0,
        0.0,
        None,
        2022,
        chunk,
        -1.5 * 2.0 ** (bits + montecarlo.WEIGHT_BITS),
    )


def linear() -> list[dict]:
    """Cost of a 3,000 x 200 panel: CPU a draw against a quarter of the draws, and against the bare bound."""
    design, seconds = large(3000, 200), {}
    for draws in (5_000, 20_000):
        seconds[draws] = timed(lambda draws=draws: montecarlo.simulate(design, draws))[1]
    growth, bound = seconds[20_000] / seconds[5_000] / 4, bare(3000, 200, 20_000)
    return [
        {
            "name": "3,000 x 200: CPU a draw, 20,000 draws over 5,000",
            "value": seconds[20_000],
            "unit": "CPU s",
            "reference": 4 * seconds[5_000],
            "ratio": growth,
            "goal": "<= 1.2 (linear)",
            "ok": growth <= 1.2,
        },
        {
            "name": "3,000 x 200: CPU against a bare product and sort",
            "value": seconds[20_000],
            "unit": "CPU s",
            "reference": bound,
            "ratio": seconds[20_000] / bound,
            "goal": "<= 4",
            "ok": seconds[20_000] / bound <= 4,
        },
    ]


def peer() -> dict:
    """Draws a second on COINr's example (51 x 49, normalised data, weights of all levels within 25 per cent)."""
    meta = pd.read_csv(COINR / "asem_meta.csv")
    meta = meta[meta["Type"].isin(["Indicator", "Aggregate"])].assign(
        Direction=1.0, Denominator=None, Target=None
    )
    data = pd.read_csv(COINR / "norm_minmax_1_100.csv").assign(Time=2018)
    spec, panel = from_coinr(meta, data, normalise="none")
    design, _ = robustness.prepare(
        Index(spec, panel),
        {"weights": {"band": 0.25}, "aggregation": ["arithmetic", "geometric"]},
        1,
        spec.root,
    )
    draws = 1_000_000
    wall, _ = timed(lambda: montecarlo.simulate(design, draws, workers=2))
    return {
        "name": "COINr's example, 51 x 49: draws a second",
        "value": draws / wall,
        "unit": "draws/s",
        "reference": 1 / PEER,
        "ratio": draws / wall * PEER,
        "goal": ">= 100,000 times the peer's 0.11 s a draw",
        "ok": draws / wall * PEER >= 1e5,
    }


def through_engine() -> dict:
    """Draws a second of a tree that is not of one linked mean: the edition with arithmetic pillars below a geometric
    root."""
    panel, spec = panels()[1]
    mixed = spec.vary(spec.root, aggregation="geometric")
    options = {"weights": {"band": 0.25}, "drop": 0.5, "floor": 0.01}
    design, _ = robustness.prepare(Index(mixed, panel), options, 2022, spec.root)
    draws = 10_000
    wall, _ = timed(lambda: montecarlo.simulate(design, draws, workers=2))
    return {
        "name": "59 x 19, two years, a tree of two means: draws a second through the engine, two workers",
        "value": draws / wall,
        "unit": "draws/s",
        "reference": 1000.0,
        "ratio": draws / wall / 1000,
        "goal": ">= 1000",
        "ok": draws / wall >= 1000,
    }


def benches() -> list[dict]:
    """All rows."""
    one, both = panels()
    draws, units, indicators = 1_000_000, 59, 19
    first, second = design_of(*one), design_of(*both)
    rows = rate(
        "59 x 19, one year: full draws a second, two workers",
        first,
        draws,
        1e6,
        bare(units, indicators, draws),
    )
    rows += rate("59 x 19, two years with growth: full draws a second, two workers", second, draws // 2, 3e5)
    return [*rows, through_engine(), sensitivity_run(), memory(), *linear(), peer()]
