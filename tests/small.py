"""A small edition with made-up values on the real specification, for tests that need no real panel."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from fire.index import score, spec


def edition(units, weights=None, seed=7):
    """An edition of `units` with made-up values, those with posts of their own between these."""
    chosen = spec.load("fire-2022")
    chosen = chosen.vary(weights=weights) if weights else chosen
    rng = np.random.default_rng(seed)
    posts = {
        name: post if isinstance(post := chosen.nodes.at[name, "posts"], (list, tuple)) else (1, 1000)
        for name in chosen.indicators
    }
    cells = [
        (unit, year, name, float(np.exp(rng.uniform(*np.log(posts[name])))), "simulated", "test")
        for unit in units
        for year in (2020, 2021)
        for name in chosen.indicators
    ]
    panel = pd.DataFrame(cells, columns=["unit", "year", "indicator", "value", "status", "source"])
    return SimpleNamespace(
        spec=chosen,
        year=2021,
        base_year=2020,
        name="2022",
        panel=lambda: panel,
        scores=lambda: score.compute(chosen, panel),
    )
