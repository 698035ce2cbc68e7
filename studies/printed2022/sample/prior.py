"""The prior of the unknown scores: a linear mixed model, its variances estimated from what is printed and observed.

    score now    = level of the indicator + slope * pillar F + region + city + city in its pillar + own deviation
    score before = score now - change of the indicator - change of region, city and cell; of what a region, city or cell lies
                   above or below its line, `KEPT` was there the year before

`COMPONENTS` lists the parts. Their standard deviations are those of greatest marginal likelihood (Patterson and Thompson
1971, Biometrika 58: 545-554; coefficients have wide normal priors) under a weak log-normal prior, given the exactly printed
scores and growth rates, the regional means and the cells that public indices give. Growth rates that were printed because
they are the fastest are left out: they would overstate the rest.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse.linalg import splu

from fire.index.rounding import half_digit
from studies.printed2022.sample.constraints import System

CENTRE = {"level": 5.0, "change": 0.4}  # where levels and changes are centred, with a wide spread
TYPICAL, FACTOR = 0.5, 2.2  # weak prior of a standard deviation: this many points, give or take this factor
KNOWN = ("inclusive_finance", "regulation_business_env")
STEP = 1e-3  # of the numerical second derivative


@dataclass(frozen=True)
class Component:
    """One part of the model: cells in the same group of `by` share an effect with standard deviation `sd` (None: to be
    estimated) and standard error `error` of its logarithm. It is multiplied by pillar F (about its mean) where `on_f`, acts
    on the change from the year before where `change`, and only on the indicators or pillars of `only`."""

    name: str
    by: tuple
    sd: float | None = None
    on_f: bool = False
    change: bool = False
    only: tuple = ()
    error: float = 0.0


COMPONENTS = (
    Component("level", ("pillar",), 3.0),
    Component("slope", ("pillar",), 1.0, on_f=True),
    Component("change", ("pillar",), 1.5, change=True),
    Component("change_slope", ("pillar",), 0.3, on_f=True, change=True),
    Component("level_indicator_IE", ("indicator",), only=("I", "E")),
    Component("level_indicator_R", ("indicator",), only=("R",)),
    Component("slope_indicator", ("indicator",), on_f=True),
    Component("region", ("region",)),
    Component("region_pillar", ("region", "pillar")),
    Component("city", ("unit",)),
    Component("city_pillar", ("unit", "pillar")),
    Component("own_I", ("unit", "indicator"), only=("I",)),
    Component("own_R", ("unit", "indicator"), only=("incubators", "online_attention")),
    Component("own_E", ("unit", "indicator"), only=("E",)),
    *(Component(f"own_{leaf}", ("unit", "indicator"), only=(leaf,)) for leaf in KNOWN),
    Component("change_indicator_IE", ("indicator",), change=True, only=("I", "E")),
    Component("change_indicator_R", ("indicator",), change=True, only=("R",)),
    Component("change_region", ("region", "pillar"), change=True),
    Component("change_city", ("unit", "pillar"), change=True),
    Component("change_own_I", ("unit", "indicator"), change=True, only=("I",)),
    Component("change_own_R", ("unit", "indicator"), change=True, only=("incubators", "online_attention")),
    Component("change_own_E", ("unit", "indicator"), change=True, only=("E",)),
    *(Component(f"change_own_{leaf}", ("unit", "indicator"), change=True, only=(leaf,)) for leaf in KNOWN),
)
LEADS = ("region", "region_pillar", "city", "city_pillar", "own")  # parts of which the share kept applies
KEPT = (0.80, 0.85, 0.90, 0.95, 1.00)  # shares tried


def cells(system: System) -> pd.DataFrame:
    """Every cell outside pillar F, known or not: unit, year, indicator, pillar, region, f (pillar F about its mean), past."""
    pillars = system.spec.children(system.spec.root)
    pillar = {leaf: one for one in pillars for leaf in system.spec.leaves(one)}
    region = {city: name for name, cities in system.members.items() for city in cities}
    f = pd.Series({city: system.parts[city, system.now, pillars[0]][1] for city in system.cities})
    leaves = [leaf for leaf in system.spec.indicators if pillar[leaf] != pillars[0]]
    keys = pd.MultiIndex.from_product([system.cities, [system.before, system.now], leaves])
    frame = keys.to_frame(index=False, name=["unit", "year", "indicator"])
    return frame.assign(
        pillar=frame["indicator"].map(pillar),
        region=frame["unit"].map(region),
        f=frame["unit"].map(f - f.mean()),
        past=frame["year"].eq(system.before),
    )


def mean(frame: pd.DataFrame) -> np.ndarray:
    """Centre of each cell before any component."""
    return np.where(frame["past"], CENTRE["level"] - CENTRE["change"], CENTRE["level"])


def effects(frame: pd.DataFrame, part: Component, kept: float = 1.0) -> sparse.csr_matrix:
    """How the effects of one component, with standard deviation 1, enter the cells."""
    past = frame["past"].to_numpy()
    weight = frame["f"].to_numpy(float) if part.on_f else np.ones(len(frame))
    if part.change:
        weight = np.where(past, -weight, 0.0)
    elif part.name.startswith(LEADS):
        weight = np.where(past, kept * weight, weight)
    if part.only:
        weight = weight * (frame["indicator"].isin(part.only) | frame["pillar"].isin(part.only)).to_numpy()
    code = frame.groupby(list(part.by), sort=False).ngroup().to_numpy()
    matrix = sparse.csr_matrix((weight, (np.arange(len(frame)), code)), (len(frame), code.max() + 1))
    matrix.eliminate_zeros()
    return matrix[:, np.flatnonzero(np.diff(matrix.tocsc().indptr))]


def selected(facts: pd.DataFrame, spec) -> set:
    """(unit, node) whose growth was printed for being among the fastest, and the nodes below: lists of fast growers, growth
    ranks, cities that moved up."""
    listed = facts["measure"].eq("growth_rank") | (
        facts["measure"].eq("growth_pct") & facts["approx"].eq("ge")
    )
    risen = facts["measure"].eq("rank_change") & facts["value"].astype(float).gt(0)
    return {(row.unit, node) for row in facts[listed].itertuples() for node in spec.walk(row.node)} | {
        (unit, spec.root) for unit in facts.loc[risen, "unit"]
    }


def evidence(open_: System, frame: pd.DataFrame, facts: pd.DataFrame, observed: pd.DataFrame):
    """Exact facts and known cells as linear observations on the cells of `frame`: matrix, values, variance of the rounding.

    `open_`: a system in which pillar F alone is known.
    """
    exact = facts[facts["approx"].eq("exact") & facts["measure"].isin(["score", "growth_pct"])]
    exact, fast = exact.drop_duplicates(["unit", "year", "node", "measure"]), selected(facts, open_.spec)
    rows, values, noise = [], [], []
    for fact in exact.itertuples():
        number, growth = float(fact.value), fact.measure == "growth_pct"
        if growth and (fact.unit, fact.node) in fast:
            continue
        parts = [(1.0, fact.unit, fact.year, fact.node)]
        if growth:
            parts.append((-1 - number / 100, fact.unit, open_.before, fact.node))
        terms, constant = open_.expression(parts)
        if terms:
            rows.append(terms)
            values.append((0.0 if growth else number) - constant)
            noise.append((0.05 * fact.tolerance if growth else fact.tolerance) / np.sqrt(3))
    leaves = observed[observed["indicator"].isin(frame["indicator"])]
    for cell in leaves.itertuples():
        rows.append({open_.column[cell.unit, cell.year, cell.indicator]: 1.0})
        values.append(cell.score)
        noise.append(half_digit(3))
    matrix, (tree, right), count = open_.matrix(rows), open_.tree(), len(open_.cells)
    above = splu(tree[:, count:].tocsc())
    values = np.array(values) - matrix[:, count:] @ above.solve(right)
    matrix = matrix[:, :count] - sparse.csr_matrix(matrix[:, count:] @ above.solve(tree[:, :count].toarray()))
    place = [open_.column[key] for key in zip(frame["unit"], frame["year"], frame["indicator"], strict=True)]
    return matrix.tocsc()[:, place], values, np.array(noise) ** 2


def estimate(frame: pd.DataFrame, matrix, values, noise) -> tuple[tuple[Component, ...], float, pd.DataFrame]:
    """Components with their estimated standard deviations, the share kept, and both as a frame: component, estimate, low,
    high (one standard error either way, on the scale of the logarithm), n (groups that the evidence touches)."""
    fits = {kept: _fit(frame, matrix, values, noise, kept) for kept in KEPT}
    kept = min(KEPT, key=lambda share: fits[share][0])
    logs, errors = _errors(fits[kept])
    bend = np.polyfit(KEPT, [fits[share][0] for share in KEPT], 2)[0]
    found, place = [], 0
    for part in COMPONENTS:
        if part.sd is None:
            part = replace(
                part, sd=round(float(np.exp(logs[place])), 2), error=round(float(errors[place]), 2)
            )
            place += 1
        found.append(part)
    table = []
    for part, old in zip(found, COMPONENTS, strict=True):
        if old.sd is None:
            ends = part.sd * np.exp([-part.error, part.error])
            table.append(
                (part.name, part.sd, *ends, int((abs(matrix @ effects(frame, old)).sum(axis=0) > 0).sum()))
            )
    wide = 1 / np.sqrt(2 * bend)
    table.append(("kept", kept, kept - wide, kept + wide, len(values)))
    return (
        tuple(found),
        float(kept),
        pd.DataFrame(table, columns=["component", "estimate", "low", "high", "n"]),
    )


def _fit(frame, matrix, values, noise, kept: float):
    """Smallest negative log-posterior for a share kept, the logarithms of the deviations there, and the function."""
    loads = [(part, (matrix @ effects(frame, part, kept)).toarray()) for part in COMPONENTS]
    wide = sum(part.sd**2 * load @ load.T for part, load in loads if part.sd is not None)
    kernels = [load @ load.T for part, load in loads if part.sd is None]
    gap, ground = values - matrix @ mean(frame), wide + np.diag(noise)

    def cost(logs):
        variance = ground + sum(np.exp(2 * log) * kernel for log, kernel in zip(logs, kernels, strict=True))
        inverse = np.linalg.inv(variance)
        weight = inverse @ gap
        slope = [np.sum(inverse * kernel) - weight @ kernel @ weight for kernel in kernels]
        far = (logs - np.log(TYPICAL)) / np.log(FACTOR)
        size = np.linalg.slogdet(variance)[1] / 2 + gap @ weight / 2 + far @ far / 2
        return size, np.exp(2 * logs) * slope + far / np.log(FACTOR)

    start = np.full(len(kernels), np.log(TYPICAL))
    best = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(-5, 1.5)] * len(start))
    return best.fun, best.x, cost


def _errors(fit) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the deviations and their standard errors, from the curvature of the function."""
    _, logs, cost = fit
    turns = np.eye(len(logs)) * STEP
    bend = np.array([(cost(logs + turn)[1] - cost(logs - turn)[1]) / (2 * STEP) for turn in turns])
    return logs, np.sqrt(np.diag(np.linalg.inv((bend + bend.T) / 2)))
