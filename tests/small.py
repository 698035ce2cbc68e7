"""A small edition with made-up values on the real specification, for tests that need no real panel."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from fire import codebook
from fire.index import spec
from fire.index.index import Index


def panel_of(units, chosen, years=(2020, 2021), seed=7, status="simulated"):
    """Made-up values for every cell, those with posts of their own between these."""
    rng = np.random.default_rng(seed)
    posts = {
        name: post if isinstance(post := chosen.nodes.at[name, "posts"], (list, tuple)) else (1, 1000)
        for name in chosen.indicators
    }
    cells = [
        (unit, year, name, float(np.exp(rng.uniform(*np.log(posts[name])))), status, "test")
        for unit in units
        for year in years
        for name in chosen.indicators
    ]
    return pd.DataFrame(cells, columns=["unit", "year", "indicator", "value", "status", "source"])


def draws_of(cells, count=20, seed=8):
    """Made-up draws around the values of some cells, as `fire.index.draws` has them."""
    rng = np.random.default_rng(seed)
    values = cells["value"].to_numpy()[:, None] * np.exp(rng.normal(0, 0.2, (len(cells), count)))
    names = [f"d{number:03}" for number in range(1, count + 1)]
    return pd.concat(
        [cells[["unit", "year", "indicator"]].reset_index(drop=True), pd.DataFrame(values, columns=names)],
        axis=1,
    )


def edition(
    units, weights=None, seed=7, places=None, regions=None, posts=None, status="observed", drawn=(), **choices
):
    """An edition of `units` with made-up values of one status; `posts` are frozen posts; the cells of the indicators
    `drawn` are not known."""
    chosen = spec.load("fire-2022")
    chosen = chosen.vary(weights=weights, **choices) if weights or choices else chosen
    panel = panel_of(units, chosen, seed=seed, status=status)
    gone = panel["indicator"].isin(drawn)
    draws = draws_of(panel[gone]) if gone.any() else None
    index = Index(chosen, panel[~gone], posts, places=places, draws=draws)
    return SimpleNamespace(
        name="2022",
        index=index,
        spec=chosen,
        year=2021,
        base_year=2020,
        languages=["zh", "en"],
        settings={},
        book=codebook.Book(chosen, places, regions),
    )
