"""The prior of the unknown scores: a linear mixed model with components for indicators, regions, cities and their growth.

    score now    = level of the indicator + slope * pillar F + region + city + city in its pillar + own deviation
    score before = score now - change, which has the same parts

`components` lists the parts, `design` turns them into a sparse matrix on independent standard normal effects.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from studies.printed2022.sample.constraints import System


@dataclass(frozen=True)
class Component:
    """One part of the model: cells in the same group of `by` share an effect with standard deviation `sd`; it is
    multiplied by pillar F (about its mean) where `on_f`, and acts on the change from the year before where `change`."""

    name: str
    by: tuple
    sd: float
    on_f: bool = False
    change: bool = False


LEVEL, CHANGE = 5.0, 0.4  # where the level and the change of an indicator are centred, with a wide spread
COMPONENTS = (
    Component("level", ("indicator",), 1.5),
    Component("slope", ("pillar",), 1.0, on_f=True),
    Component("slope_indicator", ("indicator",), 0.15, on_f=True),
    Component("region", ("region",), 0.3),
    Component("region_pillar", ("region", "pillar"), 0.3),
    Component("city", ("unit",), 0.5),
    Component("city_pillar", ("unit", "pillar"), 0.5),
    Component("own", ("unit", "indicator"), 0.7),
    Component("change_level", ("indicator",), 1.0, change=True),
    Component("change_slope", ("pillar",), 0.15, on_f=True, change=True),
    Component("change_region", ("region", "pillar"), 0.1, change=True),
    Component("change_city", ("unit", "pillar"), 0.2, change=True),
    Component("change_own", ("unit", "indicator"), 0.4, change=True),
)


def cells(system: System) -> pd.DataFrame:
    """Every cell outside pillar F, known or not: unit, year, indicator, pillar, region, f (pillar F about its mean)."""
    pillars = system.spec.children(system.spec.root)
    pillar = {leaf: one for one in pillars for leaf in system.spec.leaves(one)}
    region = {city: name for name, cities in system.members.items() for city in cities}
    f = pd.Series({city: system.parts[city, system.now, pillars[0]][1] for city in system.cities})
    leaves = [leaf for leaf in system.spec.indicators if pillar[leaf] != pillars[0]]
    keys = pd.MultiIndex.from_product([system.cities, leaves, [system.before, system.now]])
    frame = keys.to_frame(index=False, name=["unit", "indicator", "year"])
    return frame.assign(
        pillar=frame["indicator"].map(pillar),
        region=frame["unit"].map(region),
        f=frame["unit"].map(f - f.mean()),
    )


def design(frame: pd.DataFrame, before: int, components=COMPONENTS) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Mean of each cell and the matrix that turns independent standard normal effects into deviations from it."""
    past = frame["year"].eq(before).to_numpy()
    blocks = []
    for part in components:
        code = frame.groupby(list(part.by), sort=False).ngroup().to_numpy()
        weight = part.sd * (frame["f"].to_numpy() if part.on_f else np.ones(len(frame)))
        weight = np.where(past, -weight, 0.0) if part.change else weight
        blocks.append(sparse.csr_matrix((weight, (np.arange(len(frame)), code)), (len(frame), code.max() + 1)))
    matrix = sparse.hstack(blocks).tocsr()
    matrix.eliminate_zeros()
    return np.where(past, LEVEL - CHANGE, LEVEL), matrix
