"""Small indices and panels for the tests of the engine, and COINr's example."""

from pathlib import Path

import numpy as np
import pandas as pd

from fire.index import spec as specs
from fire.index.coinr import from_coinr

GOLDEN = Path(__file__).parent / "golden"
COINR = GOLDEN / "coinr"


def word(node: str, **more) -> dict:
    return {"id": node, "label": {"zh": node, "en": node}} | more


def index(*nodes: dict, **method) -> specs.Spec:
    """An index `total` with these nodes; min-max 0-10 within each year unless said otherwise."""
    method = {"normalise": "minmax", "reference": "year", "scale": [0, 10], "missing": "none"} | method
    table = {
        "id": "small",
        "label": {"zh": "小", "en": "small"},
        "method": method,
        "node": [word("total"), *nodes],
    }
    return specs.build(table, "small")


def flat(*ids: str, **method) -> specs.Spec:
    return index(*(word(node, parent="total") for node in ids), **method)


def panel(cells: dict[tuple, float], status: str = "observed") -> pd.DataFrame:
    """A panel from {(unit, year, indicator): value}."""
    keys = pd.DataFrame(list(cells), columns=["unit", "year", "indicator"])
    return keys.assign(
        value=[float(value) for value in cells.values()], status=status, source="made for a test"
    )


def columns(year: int = 2020, **values) -> pd.DataFrame:
    """A panel of one year from a list for each indicator; units are a, b, c, …"""
    return panel(
        {
            (chr(97 + row), year, name): value
            for name, column in values.items()
            for row, value in enumerate(column)
            if value is not None
        }
    )


def random_panel(spec, units: int = 12, years=(2020, 2021), seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return panel(
        {
            (f"u{unit:02d}", year, name): rng.lognormal()
            for unit in range(units)
            for year in years
            for name in spec.indicators
        }
    )


def only(scores: pd.DataFrame, node: str = "total", year: int | None = None, column: str = "score") -> list:
    """One column of the scores of a node, by unit."""
    kept = scores[scores["node"].eq(node) & (scores["year"].eq(year) if year else True)]
    return kept.sort_values(["year", "unit"])[column].tolist()


def coinr(name: str) -> pd.DataFrame:
    return pd.read_csv(COINR / f"{name}.csv", skipinitialspace=True)


def coinr_example(**choices):
    """COINr's example as specification and panel, and the group of each country."""
    data = coinr("asem_raw").merge(coinr("asem_units"), on="uCode")
    spec, cells = from_coinr(coinr("asem_meta"), data)
    return spec.vary(**choices) if choices else spec, cells, data.set_index("uCode")["EurAsia_group"]


def unequal_weights(spec) -> dict:
    given = coinr("asem_weights_unequal").set_index("iCode")["Weight"]
    return {node: float(given.get(node, 1)) for node in spec.nodes.index[1:]}
