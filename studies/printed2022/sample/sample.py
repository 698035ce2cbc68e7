"""The calibrated sample: a panel of raw values under which the engine gives every printed number of the index chapters.

Pillar F is observed. The other indicators are not public, so their scores are solved: printed scores, growth rates,
ranks, orders, ranges and regional means become linear rows (`constraints`); among the scores that satisfy all of them
those nearest to a plausible prior are taken (`calibrate`) and turned into raw values, whole numbers where the indicator
is a count (`grain`). What the sample then reproduces it was solved from: that is a check of the solver and of the
formulas, no evidence for the values.

    python -m studies.printed2022.sample.sample        # writes data/sample/panel-2022.csv and nothing else
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.errors import InputError, refuse
from fire.index import spec as specs
from fire.index.rounding import half_digit
from fire.sources import statistics
from studies.printed2022 import errata, identify, published
from studies.printed2022.sample.calibrate import anchors, solve
from studies.printed2022.sample.constraints import System, add_claims, add_facts, own_rows
from studies.printed2022.sample.grain import Scale, raw_values, settle_all

SEED = 2022
DRAWS = 20  # of the prior, until one agrees with the printed rank changes and the sizes of data/sizes.csv
SIZES = published.FOLDER / "sizes.csv"
PATH = files.DATA / "sample" / "panel-2022.csv"


def prior(system: System, facts: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Plausible scores before any row holds, indexed like the variables.

    A pillar follows pillar F by the line through the printed scores; each city has one factor of its own, each
    indicator of a city a deviation with heavy tails; growth is the median printed for regions, with noise.
    """
    exact = facts[facts["approx"].eq("exact")].drop_duplicates(["unit", "node", "measure"])
    exact = exact.assign(value=exact["value"].astype(float))
    printed = exact[exact["unit_type"].eq("city")].pivot(
        index="unit", columns=["node", "measure"], values="value"
    )
    growths = (
        exact[exact["unit_type"].eq("region") & exact["measure"].eq("growth_pct")]
        .groupby("node")["value"]
        .median()
    )
    pillars = system.spec.children(system.spec.root)
    factor = pd.Series(
        {
            city: np.mean(
                [
                    system.known[city, system.now, leaf]
                    for leaf in system.spec.indicators
                    if leaf not in system.leaves
                ]
            )
            for city in system.cities
        }
    )
    own = pd.Series(rng.normal(0, 0.35, len(factor)), factor.index)
    columns = {}
    for leaf in system.leaves:
        pillar = next(pillar for pillar in pillars if leaf in system.weights[pillar])
        known = pd.concat([factor, printed[pillar, "score"]], axis=1, keys=["x", "y"]).dropna()
        slope, level = np.polyfit(known["x"], known["y"], 1)
        center = level + slope * factor + own + 0.35 * rng.standard_t(4, len(factor))
        growth = growths[pillar] / 100 * (1 + 0.3 * rng.normal(size=len(factor)))
        columns[leaf, system.now] = center.clip(1.2, 11)
        columns[leaf, system.before] = (columns[leaf, system.now] / (1 + growth)).clip(1.05, 9.9)
    table = pd.DataFrame(columns)
    return pd.Series([table.at[unit, (leaf, year)] for unit, year, leaf in system.keys], system.keys)


def order_before(order: list[str], change: dict[str, int]) -> list[str]:
    """An order of the year before from which the listed units changed by the given numbers of ranks.

    >>> order_before(["a", "b", "c", "d"], {"a": 0, "b": 2})
    ['a', 'c', 'd', 'b']
    """
    place = {order.index(unit) + moved: unit for unit, moved in change.items()}
    clash = ["two units would have had one rank"] * (len(place) < len(change))
    refuse(
        "rank changes",
        clash
        + [
            f"{unit} would have been ranked {rank + 1} of {len(order)}"
            for rank, unit in place.items()
            if not 0 <= rank < len(order)
        ],
    )
    rest = iter(unit for unit in order if unit not in change)
    return [place[rank] if rank in place else next(rest) for rank in range(len(order))]


def without_clash(order: list[str], change: dict[str, int]) -> list[str]:
    """The order with a listed unit one rank lower wherever two of them would need one rank in the year before.

    >>> without_clash(["a", "b", "c", "d", "e"], {"a": 2, "b": 1})
    ['a', 'c', 'b', 'd', 'e']
    """
    order, taken = list(order), set()
    for unit in [unit for unit in order if unit in change]:
        while order.index(unit) + change[unit] in taken:
            place = order.index(unit)
            order[place : place + 2] = order[place + 1], unit
        taken.add(order.index(unit) + change[unit])
    return order


def _totals(system: System, scores: pd.Series, node: str, year: int) -> pd.Series:
    """Scores of a node of all cities."""
    value = scores.to_dict() | system.known
    return pd.Series(
        {
            city: sum(weight * value[city, year, leaf] for leaf, weight in system.weights[node].items())
            for city in system.cities
        }
    )


def _add_ranks(system: System, scores: pd.Series, facts: pd.DataFrame):
    """Add both years' order of the total: that of `scores` now, and one before that gives the printed rank changes."""
    root = system.spec.root
    order = list(_totals(system, scores, root, system.now).sort_values(ascending=False).index)
    moved = facts[facts["measure"].eq("rank_change") & facts["approx"].eq("exact")]
    change = {unit: int(float(value)) for unit, value in zip(moved["unit"], moved["value"], strict=True)}
    order = without_clash(order, change)
    system.add_order("rank changes, year", order, root, system.now)
    system.add_order("rank changes, year before", order_before(order, change), root, system.before)


def treated(facts: pd.DataFrame, treatment: pd.DataFrame) -> pd.DataFrame:
    """Facts that may constrain, with `tolerance`: half a unit of the last printed digit unless a rule widens it."""
    out = treatment.loc[treatment["treatment"].isin(["drop", "hold out"]), "id"]
    wide = treatment[treatment["treatment"].eq("widen")].set_index("id")["tolerance"]
    return facts[~facts["id"].isin(out)].assign(
        tolerance=lambda kept: kept["id"].map(wide).fillna(half_digit(kept["decimals"].astype(int)))
    )


def read_sizes(spec, path=SIZES) -> dict:
    """Scale of each simulated indicator from its base-year extremes and decimals in data/sizes.csv."""
    table, faults = files.read_csv(path), []
    for name in ("low", "high", "decimals"):
        table[name], wrong = files.to_number(table[name], path, name)
        faults += wrong
    refuse(
        f"{path}",
        faults
        + [
            f"row {row + 2}, column 'high': it must be above 'low'"
            for row in table.index[table["high"] <= table["low"]]
        ],
    )
    return {
        row.indicator: Scale(spec, row.indicator, row.low, row.high, int(row.decimals))
        for row in table.itertuples()
    }


def build(
    spec,
    places: pd.DataFrame,
    factors: pd.DataFrame,
    facts: pd.DataFrame,
    claims: pd.DataFrame,
    treatment: pd.DataFrame,
    scales: dict,
    years: tuple[int, int],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The panel of all indicators: the observed `factors` and the simulated rest.

    Raises InputError when facts contradict each other, or when no draw of the prior and no whole numbers keep them all.
    """
    own = {leaf: Scale(spec, leaf, *spec.nodes.at[leaf, "posts"]) for leaf in factors["indicator"].unique()}
    observed = factors.rename(columns={"indicator": "node"}).assign(
        score=[float(own[row.indicator].score(row.value)) for row in factors.itertuples()]
    )
    facts, claims = (
        treated(facts, treatment),
        claims[~claims["id"].isin(treatment.loc[treatment["treatment"].eq("drop"), "id"])],
    )
    system = System(spec, places, observed, years)
    add_facts(system, facts)
    add_claims(system, claims, facts)
    target, rows = prior(system, facts, rng), len(system.rows)
    scores = solve(system, target)
    for left in reversed(range(DRAWS)):
        try:
            return _assemble(system, _fit(system, target, scores, facts, scales), factors)
        except InputError:
            if not left:
                raise
        del system.rows[rows:]
        target = prior(system, facts, rng)
        scores = solve(system, target)


def _fit(
    system: System, target: pd.Series, scores: pd.Series, facts: pd.DataFrame, scales: dict
) -> pd.Series:
    """Raw values for one draw of the prior; InputError when its order of cities or its whole numbers miss a printed fact."""
    _add_ranks(system, scores, facts)
    fixed = anchors(system, solve(system, target))
    scores, fixed = settle_all(system, target, solve(system, target, fixed), scales, fixed)
    raw = raw_values(system, scores, scales, fixed)
    back = pd.Series({key: scales[key[2]].score(value) for key, value in raw.items()})
    refuse(
        "calibrated sample",
        [
            f"the rounded panel does not give {id}: use larger sizes in data/sizes.csv"
            for id in dict.fromkeys(_unmet(system, back))
        ],
    )
    return raw


def _unmet(system: System, scores: pd.Series) -> list[str]:
    """Ids of the rows that the scores do not satisfy."""
    matrix, low, high, _ = system.table()
    value = matrix @ scores.reindex(system.keys).to_numpy()
    return [system.rows[number][0] for number in np.flatnonzero((value < low - 1e-9) | (value > high + 1e-9))]


def _assemble(system: System, raw: pd.Series, factors: pd.DataFrame) -> pd.DataFrame:
    """The panel frame in the order of cities and indicators; a cell whose own score is printed is `published`."""
    printed = {(city, *leaves): rows for (city, leaves), rows in own_rows(system).items() if len(leaves) == 1}

    def status(unit, year, leaf):
        rows = printed.get((unit, leaf), [])
        score = any(high - low < 0.1 for _, low, high in rows)
        growth = sum(past != 0 for (past, _), _, _ in rows) > 1
        return "published" if score and (growth or year == system.now) else "simulated"

    rows = [(unit, year, leaf, value, status(unit, year, leaf)) for (unit, year, leaf), value in raw.items()]
    panel = pd.DataFrame(rows, columns=["unit", "year", "indicator", "value", "status"])
    source = {"published": "solved from printed digits", "simulated": f"calibrated sample, seed {SEED}"}
    panel = pd.concat([factors, panel.assign(source=panel["status"].map(source))])
    place = {name: position for position, name in enumerate([*system.cities, *system.spec.indicators])}
    return panel.sort_values(
        ["year", "unit", "indicator"],
        key=lambda column: column.map(place) if column.name != "year" else column,
        ignore_index=True,
    )[["unit", "year", "indicator", "value", "status", "source"]]


def make(_ed=None, path: Path = PATH) -> None:
    """Write the sample panel to `path`, whatever the edition. Raises InputError for a file that is not the sample's: a
    panel of your own is never written over."""
    refuse(
        f"{path}",
        ["this is no sample: the sample is written to data/sample/panel-2022.csv only"]
        * (Path(path).exists() and Path(path).resolve() != PATH),
    )
    spec = specs.load("fire-2022")
    panel = build(
        spec,
        statistics.places(),
        identify.panel_f(),
        published.load("index_scores"),
        published.load("index_claims"),
        errata.rules(),
        read_sizes(spec),
        (published.BASE, published.YEAR),
        np.random.default_rng(SEED),
    )
    files.write_csv(panel.assign(value=panel["value"].round(6)), path, excel=True)


if __name__ == "__main__":
    make()
