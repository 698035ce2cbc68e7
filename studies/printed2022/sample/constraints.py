"""Printed facts and claims as linear rows on the indicator scores of two years, for the calibrated sample.

A score of a city is a weighted sum of its indicator scores, that of a region the mean of its cities; growth between
bounds is linear once the bound is a number. Rows read `low <= a x <= high`.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from fire.errors import refuse
from fire.index import weights
from studies.printed2022.claims import named_nodes

MARGIN = 0.003  # points by which a strict order of scores holds
GROWTH_MARGIN = 0.05  # percentage points by which a strict order of growth rates holds
INSIDE = 0.6  # share of a rounding window the solution should keep to, so that whole numbers fit in
VINTAGE = 0.0025  # points by which observed data of another vintage may miss a printed score


class System:
    """Linear rows on the indicator scores of all cities in two years; the observed indicators enter as constants.

    `observed` is a scores frame of the observed indicators. `add` takes scores of any node of a city or region (the
    mean of its cities) with coefficients.
    """

    def __init__(self, spec, places: pd.DataFrame, observed: pd.DataFrame, years: tuple[int, int]):
        self.spec, self.before, self.now = spec, *years
        self.cities = list(places["city"])
        self.members = places.groupby("region", sort=False)["city"].agg(list).to_dict()
        self.known = observed.set_index(["unit", "year", "node"])["score"].to_dict()
        self.leaves = [leaf for leaf in spec.indicators if leaf not in set(observed["node"])]
        keys = pd.MultiIndex.from_product(
            [self.cities, years, spec.indicators], names=["unit", "year", "indicator"]
        )
        self.keys = keys[~keys.isin(self.known)]
        self.column = {key: position for position, key in enumerate(self.keys)}
        self.weights = _leaf_weights(spec)
        self.rows, self.refuted = [], []

    def add(self, id: str, parts: list[tuple], low=-np.inf, high=np.inf, soft=0.0):
        """Add `low <= sum of coefficient * score <= high` for parts (coefficient, unit, year, node).

        `soft` is how far inside the bounds the solution should keep when it can.
        """
        terms, constant = {}, 0.0
        for coefficient, unit, year, node in parts:
            cities = self.members.get(unit, [unit])
            for city in cities:
                for leaf, weight in self.weights[node].items():
                    share = coefficient * weight / len(cities)
                    if (city, year, leaf) in self.known:
                        constant += share * self.known[city, year, leaf]
                    else:
                        column = self.column[city, year, leaf]
                        terms[column] = terms.get(column, 0.0) + share
        if terms:
            self.rows.append((id, terms, low - constant, high - constant, soft))
        elif not low - VINTAGE <= constant <= high + VINTAGE:
            self.refuted.append(id)

    def add_growth(self, id: str, unit: str, node: str, low=-np.inf, high=np.inf, soft=5e-4):
        """Add bounds on the growth of a node (per cent): linear, as the bound times the score before is linear."""
        for sign, bound in ((1, low), (-1, high)):
            if np.isfinite(bound):
                self.add(
                    id,
                    [(sign, unit, self.now, node), (-sign * (1 + bound / 100), unit, self.before, node)],
                    low=0.0,
                    soft=soft,
                )

    def add_order(self, id: str, units: list[str], node: str, year: int, others=()):
        """Add a descending order of scores; `others` lie below the last."""
        pairs = list(zip(units, units[1:], strict=False)) + [(units[-1], other) for other in others]
        for better, worse in pairs:
            self.add(id, [(1, better, year, node), (-1, worse, year, node)], low=MARGIN, soft=2 * MARGIN)

    def table(self):
        """Matrix, lower bounds, upper bounds, soft distances of all rows."""
        number = np.repeat(np.arange(len(self.rows)), [len(row[1]) for row in self.rows])
        column = np.concatenate([list(row[1]) for row in self.rows])
        weight = np.concatenate([list(row[1].values()) for row in self.rows])
        matrix = sparse.csr_matrix((weight, (number, column)), (len(self.rows), len(self.keys)))
        return matrix, *(np.array([row[part] for row in self.rows]) for part in (2, 3, 4))


def _leaf_weights(spec) -> dict:
    """Weight of each indicator in each node: `{node: {indicator: weight}}`."""
    whole = weights.effective(spec)
    return {
        node: {leaf: whole[leaf] / whole[node] for leaf in spec.leaves(node)} for node in spec.nodes.index
    }


def add_facts(system: System, facts: pd.DataFrame):
    """Add printed scores and growth rates: `facts` with a column `tolerance`.

    Raises InputError for an unknown city, region or node, and for facts that the observed indicators refute.
    """
    known = {"unit": {*system.cities, *system.members}, "node": set(system.weights)}
    refuse(
        "printed facts",
        [
            f"{fact.id}, column '{column}': '{getattr(fact, column)}' is unknown: correct it"
            for fact in facts.itertuples()
            for column in known
            if getattr(fact, column) not in known[column]
        ],
    )
    for fact in facts.drop_duplicates(["unit", "node", "measure", "approx", "value"]).itertuples():
        value, half = float(fact.value), fact.tolerance
        low, high = {
            "exact": (value - half, value + half),
            "approx": (value - half, value + half),
            "ge": (value, np.inf),
            "gt": (value + 1e-3, np.inf),
            "le": (-np.inf, value),
            "lt": (-np.inf, value - 1e-3),
        }[fact.approx]
        soft = (1 - INSIDE) * half if fact.approx == "exact" else 1e-3
        if fact.measure == "score":
            system.add(fact.id, [(1, fact.unit, system.now, fact.node)], low, high, soft)
        if fact.measure == "growth_pct":
            system.add_growth(
                fact.id, fact.unit, fact.node, low, high, soft / 100 if fact.approx == "exact" else 1e-3
            )
    refuse(
        "printed facts",
        [
            f"{id} contradicts the observed indicators: correct it, or give it a rule in data/errata-rules.csv"
            for id in dict.fromkeys(system.refuted)
        ],
    )


def add_claims(system: System, claims: pd.DataFrame, facts: pd.DataFrame):
    """Add orders of scores, orders of growth and statements on groups of indicators."""
    for (kind, scope, node, measure), places in _positions(claims, facts).items():
        units = _rivals(system, kind, scope)
        others = [unit for unit in units if unit not in places.values()] if 1 in places else []
        last = max(places)
        listed = [places[rank] for rank in sorted(places)]
        if measure == "score" and sorted(places) == list(range(min(places), last + 1)):
            system.add_order(f"order {scope} {node}", listed, node, system.now, others)
        elif measure == "growth_pct":
            low = _growth_ladder(system, node, listed, facts)
            for other in others:
                system.add_growth(f"growth {scope} {node}", other, node, high=low - GROWTH_MARGIN)
    for claim in claims[claims["node"].fillna("").str.startswith("all ")].itertuples():
        for leaf in named_nodes(claim, system.spec, claims):
            low = claim.low if pd.notna(claim.low) else -np.inf
            high = claim.high if pd.notna(claim.high) else np.inf
            system.add(claim.id, [(1, claim.units, system.now, leaf)], low, high, soft=0.01)
    for claim in claims[claims["claim_type"].eq("node_order")].itertuples():
        _add_node_order(system, claim, facts)
    for claim in claims[
        claims["note"].fillna("").str.contains("fastest growing of all third-level")
    ].itertuples():
        for leaf in system.leaves:
            if leaf != claim.node:
                system.add_growth(claim.id, claim.units, leaf, high=45.0)


def _positions(claims: pd.DataFrame, facts: pd.DataFrame) -> dict:
    """Ranked units by (unit type, scope, node, measure): `{rank: unit}`, from claims of type topk and order."""
    found = {}
    for claim in claims[
        claims["claim_type"].isin(["topk", "order"]) & ~claims["scope"].str.contains("children|ranked")
    ].itertuples():
        for node in claim.node.split(";"):
            key = (claim.unit_type, claim.scope, node, claim.measure)
            found.setdefault(key, {}).update(enumerate(claim.units.split(";"), start=int(claim.low)))
    for fact in facts[facts["measure"].eq("growth_rank")].itertuples():
        found.setdefault((fact.unit_type, "national", fact.node, "growth_pct"), {})[
            int(float(fact.value))
        ] = fact.unit
    return found


def _rivals(system: System, kind: str, scope: str) -> list[str]:
    """The units among which a claim ranks."""
    if scope == "national":
        return list(system.members) if kind == "region" else system.cities
    return system.members.get(scope, scope.split(";")) if kind == "city" else []


def _growth_ladder(system: System, node: str, listed: list[str], facts: pd.DataFrame) -> float:
    """Bounds for the growth of units listed from fast to slow; returns the lowest bound of the last one."""
    mine = facts[facts["node"].eq(node) & facts["measure"].eq("growth_pct")]
    exact = mine[mine["approx"].eq("exact")].groupby("unit")["value"].first().astype(float)
    floor = (
        mine[mine["approx"].isin(["ge", "gt"])]
        .assign(value=lambda f: f["value"].astype(float))
        .groupby("unit")["value"]
        .max()
    )
    roof = (
        mine[mine["approx"].isin(["le"])]
        .assign(value=lambda f: f["value"].astype(float))
        .groupby("unit")["value"]
        .min()
    )
    low = np.inf
    for position, unit in enumerate(listed):
        if unit in exact:
            low = exact[unit] - 0.006
            continue
        run = list(listed[position:])
        length = next((steps for steps, other in enumerate(run) if other in exact), len(run))
        bottom = max(floor.get(unit, 0.0), exact[run[length]] if length < len(run) else 0.0) + GROWTH_MARGIN
        top = min(low, roof.get(unit, np.inf)) - GROWTH_MARGIN
        rung = bottom + (top - bottom) * (length - 1) / length if np.isfinite(top) else bottom
        system.add_growth(f"ladder {node}", unit, node, low=rung, high=top)
        low = rung
    return low


def _add_node_order(system: System, claim, facts: pd.DataFrame):
    """Add that the listed pillars are the highest, or fastest, of one unit."""
    listed = claim.node.split(";")
    others = [
        node for node in system.spec.children(system.spec.nodes.at[listed[0], "parent"]) if node not in listed
    ]
    growth = facts[
        facts["unit"].eq(claim.units) & facts["measure"].eq("growth_pct") & facts["approx"].eq("exact")
    ]
    growth = growth.groupby("node")["value"].first().astype(float)
    for other in others:
        if claim.measure == "growth_pct":
            system.add_growth(claim.id, claim.units, other, high=growth.reindex(listed).min() - GROWTH_MARGIN)
        for node in listed if claim.measure == "score" else []:
            system.add(
                claim.id,
                [(1, claim.units, system.now, node), (-1, claim.units, system.now, other)],
                low=MARGIN,
            )


def own_rows(system: System) -> dict:
    """Rows that speak of one city's cells of one node alone: `{(city, indicator): [(coefficients, low, high)]}`.

    Coefficients are for the score before and now; rows on several indicators are listed under their set of indicators.
    """
    found = {}
    for _, terms, low, high, _ in system.rows:
        keys = [system.keys[column] for column in terms]
        if len({unit for unit, _, _ in keys}) == 1:
            leaves = frozenset(leaf for _, _, leaf in keys)
            pair = [
                next(
                    (terms[column] for column, (_, year, _) in zip(terms, keys, strict=True) if year == one),
                    0.0,
                )
                for one in (system.before, system.now)
            ]
            found.setdefault((keys[0][0], leaves), []).append((pair, low, high))
    return found


def is_tight(rows: list) -> bool:
    """Whether rows of one cell pin it: a printed score, or a printed growth (bounded on both sides)."""
    return sum(past != 0 for (past, _), _, _ in rows) > 1 or any(high - low < 0.1 for _, low, high in rows)
