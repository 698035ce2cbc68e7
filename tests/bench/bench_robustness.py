"""Speed of the rank intervals: draws a second, memory, distance from a bare matrix product and row sort."""

import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from fire import edition, files
from fire.analysis import montecarlo, robustness, sensitivity
from fire.index import draws as completions
from fire.index.coinr import from_coinr
from fire.index.index import Index
from tests.bench.rows import growth, row

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
BARE = "bare product and sort"
CORES = 2
PANELS, EACH = 50, 100_000  # draws of what is not known, and full draws of each


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
    """Draws a second of two workers on two free cores, by their CPU seconds; and these against the bare bound."""
    cpu = timed(lambda: montecarlo.simulate(design, draws, workers=2, progress=False))[1]
    peer, rows = f"{goal:,.0f} a second, on two cores", []
    if bound:
        rows.append(row(f"{name}: CPU", cpu, "CPU s", BARE, bound, most=4))
    return [row(name, CORES * draws / cpu, "draws/s", peer, goal, least=1), *rows]


def panels_of_draws(bound: float) -> list[dict]:
    """Full draws over PANELS panels of what is not known; the cost of ten times the panels; `bound`: of one draw."""
    ed = edition.load(2022)
    index, names = ed.index, completions.columns(ed.index.draws)
    last, rows = index.panel[index.panel["year"].eq(index.year)], []
    for panels in (PANELS // 10, PANELS):
        drawn = index.draws[[*completions.KEY, *names[:panels]]]
        some = Index(index.spec, last, index.frozen, places=index.places, draws=drawn)
        design, draws = robustness.prepare(some, FULL, 2022, index.spec.root)[0], panels * EACH
        name = f"{panels} panels x {EACH:,} draws, 59 x 19"
        found = rate(name, design, draws, 1e6, draws * bound)
        rows += [one | {"size": panels} for one in found]
    return [*rows, growth("panels of draws: CPU", rows[1::2])]


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
    return row("59 x 19: memory that 2,000,000 draws add", used, "MB", "50 MB", 50.0, most=1)


def sensitivity_run() -> dict:
    """CPU seconds of the Sobol' indices of all scores and ranks of the edition, with what is drawn."""
    ed = edition.load(2022)
    used = timed(lambda: sensitivity.run(ed.index))[1]
    return row(
        "Sobol' indices of 59 scores and ranks, 9 factors, 1,024 draws", used, "CPU s", "20 s", 20.0, most=1
    )


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
    design, rows = large(3000, 200), []
    for draws in (5_000, 20_000):
        seconds = timed(lambda draws=draws: montecarlo.simulate(design, draws))[1]
        name, bound = f"3,000 x 200, {draws:,} draws: CPU", bare(3000, 200, draws)
        rows.append(row(name, seconds, "CPU s", BARE, bound, most=4, size=draws))
    return [*rows, growth("3,000 x 200: CPU", rows)]


def example() -> dict:
    """The example of COINr (51 x 49, normalised data, weights of all levels within 25 per cent)."""
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
    _, cpu = timed(lambda: montecarlo.simulate(design, draws))
    return row(
        "51 x 49 (COINr's example), 1,000,000 draws: CPU", cpu, "CPU s", BARE, bare(51, 49, draws), most=4
    )


def through_engine() -> dict:
    """Draws a second of a tree that is not of one linked mean: the edition with arithmetic pillars below a geometric
    root."""
    panel, spec = panels()[1]
    mixed = spec.vary(spec.root, aggregation="geometric")
    options = {"weights": {"band": 0.25}, "drop": 0.5, "floor": 0.01}
    design, _ = robustness.prepare(Index(mixed, panel), options, 2022, spec.root)
    draws, index = 10_000, Index(mixed, panel)
    cpu = timed(lambda: montecarlo.simulate(design, draws))[1]
    loop = timed(lambda: [index.vary(weights={"F": 0.2 + 0.001 * one}).scores() for one in range(20)])[1] / 20
    name = "59 x 19, two years, a tree of two means, through the engine"
    return row(name, draws / cpu, "draws/CPU s", "one index after the other", 1 / loop, least=5)


def benches() -> list[dict]:
    """All rows."""
    one, both = panels()
    draws, bound = 1_000_000, bare(59, 19, 1_000_000) / 1_000_000
    rows = rate("59 x 19, one year", design_of(*one), draws, 1e6, draws * bound)
    rows += rate("59 x 19, two years with growth", design_of(*both), draws // 2, 3e5)
    rows += panels_of_draws(bound)
    return [*rows, *linear(), example(), through_engine(), sensitivity_run(), memory()]
