"""Everything printed about the index, and what any count must obey, as linear rows on scores of two years.

Unknown are the scores of cells (city, year, indicator) without a value; a node above them is a weighted sum, a region the
mean of its cities, and growth between bounds is linear once the bound is a number. Rows read `low <= a x <= high`.
"""

from copy import copy
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

from fire.errors import refuse
from fire.index import weights
from fire.index.rounding import half_digit
from studies.printed2022.claims import named_nodes

ORDER = 0.002  # points by which a draw keeps a strict order of scores
GROWTH = 2e-4  # points by which a draw keeps a strict order of growth rates
INSIDE = 0.2  # share of a rounding window that a draw keeps clear of at either end
ROUGH = 2e-5  # points that rounding a raw value to six digits may cost
VINTAGE = 0.0025  # points by which observed data of another vintage may miss a printed score
SPAN = {
    "base": (1.0, 10.0),
    "now": (0.0, 14.0),
}  # scores of an unknown cell: the scale, and an open range afterwards
ROUNDED = "05(四)"  # where growth rates of indicators were taken from scores with two decimals
UNRANKED = 60.20  # business environment: the stored list of the 100 cities ends here, at rank 38
OWN_YEAR = "regulation_business_env"  # scaled within each year, not on the base year
FIRST_UNRANKED = "乌鲁木齐"  # its rank 39
PARTS = [  # a part and the whole that it cannot exceed
    ("rd_staff_licensing", "rd_staff"),
    ("patents_period", "patents_cumulative"),
    ("invention_patents", "patents_cumulative"),
    ("hightech_firms", "firms"),
    ("deals_series_c", "deals"),
    ("deals_top_vc", "deals"),
]


@dataclass(frozen=True)
class Row:
    """`low <= sum of terms <= high`; a draw keeps `margin` clear of either end. `terms`: coefficient by column. A row with a
    `choice` is one that a draw chose itself and may have to choose anew."""

    id: str
    terms: dict
    low: float
    high: float
    margin: float = 0.0
    choice: tuple = ()


class System:
    """Linear rows on the scores of all cities in two years.

    Columns are the unknown cells (`cells`), then the nodes above them (`nodes`), which the rows of `definitions` tie to
    their children. Known cells enter as constants. `observed`: unit, year, indicator, score of the known cells.
    """

    def __init__(self, spec, places: pd.DataFrame, observed: pd.DataFrame, years: tuple[int, int]):
        self.spec, self.before, self.now = spec, *years
        self.cities = list(places["city"])
        self.members = places.groupby("region", sort=False)["city"].agg(list).to_dict()
        self.known = observed.set_index(["unit", "year", "indicator"])["score"].to_dict()
        every = pd.MultiIndex.from_product(
            [self.cities, years, spec.indicators], names=["unit", "year", "indicator"]
        )
        self.cells = every[~every.isin(self.known)]
        self.leaves = [
            leaf for leaf in spec.indicators if leaf in set(self.cells.get_level_values("indicator"))
        ]
        self.column = {key: position for position, key in enumerate(self.cells)}
        self.definitions: list[dict] = []
        self.offsets: list[float] = []
        self.parts = {}
        self.share = weights.effective(spec)
        for node in reversed(spec.nodes.index):
            for unit in self.cities:
                for year in years:
                    self.parts[unit, year, node] = self._define(unit, year, node)
        self.nodes = pd.MultiIndex.from_tuples(list(self.column)[len(self.cells) :], names=self.cells.names)
        self.rows: list[Row] = []
        self.undecided: list[tuple] = []  # orders of growth that no printed rate settles
        self.refuted: list[str] = []

    def branch(self) -> "System":
        """A copy that takes further rows without changing this one."""
        other = copy(self)
        other.rows = list(self.rows)
        return other

    def _define(self, unit: str, year: int, node: str) -> tuple[dict, float]:
        """A node of a city as (terms, constant): a column of its own where it mixes several unknown children."""
        key = (unit, year, node)
        if key in self.known:
            return {}, self.known[key]
        if key in self.column:
            return {self.column[key]: 1.0}, 0.0
        terms, constant = {}, 0.0
        for child in self.spec.children(node):
            below, fixed = self.parts[unit, year, child]
            share = self.share[child] / self.share[node]
            constant += share * fixed
            terms |= {column: share * weight for column, weight in below.items()}
        if len(self.spec.children(node)) == 1 or not terms:
            return terms, constant
        place = self.column[key] = len(self.column)
        self.definitions.append({place: -1.0} | terms)
        self.offsets.append(-constant)
        return {place: 1.0}, 0.0

    def expression(self, parts: list[tuple]) -> tuple[dict, float]:
        """Sum of (coefficient, unit, year, node) as (terms, constant); a unit may be a region."""
        terms, constant = {}, 0.0
        for coefficient, unit, year, node in parts:
            cities = self.members.get(unit, [unit])
            for city in cities:
                below, fixed = self.parts[city, year, node]
                constant += coefficient * fixed / len(cities)
                for column, weight in below.items():
                    terms[column] = terms.get(column, 0.0) + coefficient * weight / len(cities)
        return terms, constant

    def add(self, id: str, parts: list[tuple], low=-np.inf, high=np.inf, margin=0.0, slack=VINTAGE):
        """Add `low <= sum of coefficient * score <= high`; a row on known cells alone is checked within `slack`."""
        terms, constant = self.expression(parts)
        if terms:
            self.rows.append(Row(id, terms, low - constant, high - constant, margin))
        elif not low - slack <= constant <= high + slack:
            self.refuted.append(id)

    def add_growth(self, id: str, unit: str, node: str, low=-np.inf, high=np.inf, margin=0.0, loss=0.0):
        """Add bounds on the growth of a node (per cent); `loss`: what rounding may have taken from each of the two scores."""
        for sign, bound in ((1, low), (-1, high)):
            if np.isfinite(bound):
                parts = [(sign, unit, self.now, node), (-sign * (1 + bound / 100), unit, self.before, node)]
                self.add(id, parts, low=-loss * (2 + bound / 100), margin=margin)

    def add_order(self, id: str, units: list[str], node: str, year: int, others=()):
        """Add a descending order of scores; `others` lie below the last."""
        pairs = list(zip(units, units[1:], strict=False)) + [(units[-1], other) for other in others]
        for better, worse in pairs:
            self.add(id, [(1, better, year, node), (-1, worse, year, node)], low=0.0, margin=ORDER)

    @property
    def size(self) -> int:
        return len(self.column)

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value of each column; nodes are free."""
        low, high = np.full(self.size, -np.inf), np.full(self.size, np.inf)
        base = self.cells.get_level_values("year") == self.before
        for name, inside in (("base", base), ("now", ~base)):
            places = np.flatnonzero(inside)
            low[places], high[places] = SPAN[name]
        return low, high

    def filled(self, scores: np.ndarray) -> np.ndarray:
        """All columns from the scores of the cells (a column for each set of scores)."""
        tree, right = self.tree()
        count = len(self.cells)
        above = tree[:, count:].tocsc()
        rest = right if scores.ndim == 1 else right[:, None]
        return np.concatenate([scores, splu(above).solve(rest - tree[:, :count] @ scores)])

    def matrix(self, rows: list[dict]) -> sparse.csr_matrix:
        """Rows given by their terms, over all columns."""
        number = np.repeat(np.arange(len(rows)), [len(terms) for terms in rows])
        column = np.fromiter((one for terms in rows for one in terms), int)
        weight = np.fromiter((one for terms in rows for one in terms.values()), float)
        return sparse.csr_matrix((weight, (number, column)), (len(rows), self.size))

    def table(self, rows: list[Row] | None = None):
        """Matrix, lower bounds, upper bounds and margins of the rows."""
        rows = self.rows if rows is None else rows
        matrix = self.matrix([row.terms for row in rows])
        return matrix, *(np.array([getattr(row, part) for row in rows]) for part in ("low", "high", "margin"))

    def tree(self) -> tuple[sparse.csr_matrix, np.ndarray]:
        """The definitions of the nodes: `matrix x = right`."""
        return self.matrix(self.definitions), np.array(self.offsets)


def add_facts(system: System, facts: pd.DataFrame):
    """Add printed scores and growth rates: `facts` with a column `tolerance`.

    The growth rates of indicators in chapter 5 were taken from scores rounded to two decimals: the four of 普惠金融 agree
    only so, and those of 深圳 contradict each other otherwise.
    Raises InputError for an unknown city, region or node, and for facts that the known cells refute.
    """
    known = {"unit": {*system.cities, *system.members}, "node": set(system.spec.nodes.index)}
    refuse(
        "printed facts",
        [
            f"{fact.id}, column '{column}': '{getattr(fact, column)}' is unknown: correct it"
            for fact in facts.itertuples()
            for column in known
            if getattr(fact, column) not in known[column]
        ],
    )
    rounded = from_rounded(facts, system.spec)
    levels = (
        facts[facts["measure"].eq("score") & facts["approx"].eq("exact")]
        .groupby(["unit", "node"])["value"]
        .first()
    )
    for fact in facts.drop_duplicates(["unit", "year", "node", "measure", "approx", "value"]).itertuples():
        value, half = float(fact.value), fact.tolerance
        low, high = {
            "exact": (value - half, value + half),
            "approx": (value - half, value + half),
            "ge": (value, np.inf),
            "gt": (value, np.inf),
            "le": (-np.inf, value),
            "lt": (-np.inf, value),
        }[fact.approx]
        tight = fact.approx == "exact"
        if fact.measure == "score":
            margin = INSIDE * half if tight else 1e-3
            system.add(fact.id, [(1, fact.unit, fact.year, fact.node)], low, high, margin)
        if fact.measure == "growth_pct":
            loss, base = (
                half_digit(2) if rounded[fact.Index] else 0.0,
                float(levels.get((fact.unit, fact.node), 1)) / (1 + value / 100),
            )
            margin = max(INSIDE * (half / 100 * base + loss), ROUGH) if tight else 1e-4
            system.add_growth(fact.id, fact.unit, fact.node, low, high, margin, loss)
    refuse(
        "printed facts",
        [
            f"{id} contradicts the known cells: correct it, or give it a rule in data/errata-rules.csv"
            for id in dict.fromkeys(system.refuted)
        ],
    )


def from_rounded(facts: pd.DataFrame, spec) -> pd.Series:
    """Which facts are growth rates that the report took from scores rounded to two decimals."""
    exact = facts["measure"].eq("growth_pct") & facts["approx"].eq("exact")
    return exact & facts["locator"].str.startswith(ROUNDED) & facts["node"].isin(spec.indicators)


def add_rules(system: System, scales: dict, sized: bool = True):
    """Add what any count obeys: patents to date never fall and, where the invented sizes of the raw values count (`sized`),
    a part never exceeds its whole; and what the source of the business environment says of the cities it does not list."""
    for city in system.cities:
        pair = [(1, city, system.now, "patents_cumulative"), (-1, city, system.before, "patents_cumulative")]
        system.add(f"patents to date, {city}", pair, low=0.0, margin=1e-3)
        for part, whole in PARTS if sized else []:
            one, other = scales[part], scales[whole]
            for year in (system.before, system.now):
                room = other.low - one.low + one.slope - other.slope
                terms = [(one.slope, city, year, part), (-other.slope, city, year, whole)]
                system.add(f"{part} of {whole}, {city}", terms, high=room, margin=1e-3)
    leaf = OWN_YEAR
    unlisted = [city for city in system.cities if (city, system.now, leaf) not in system.known]
    least, most = scales[leaf].ends[0], scales[leaf].score(UNRANKED)
    for city in unlisted:
        system.add(f"{leaf}, {city}", [(1, city, system.now, leaf)], low=least)
        system.add(f"{leaf}, {city}", [(1, city, system.now, leaf)], high=most, margin=1e-4)
        if city != FIRST_UNRANKED:
            system.add_order(f"{leaf}, rank 39", [FIRST_UNRANKED, city], leaf, system.now)


def add_claims(system: System, claims: pd.DataFrame, facts: pd.DataFrame):
    """Add orders of scores, orders of growth and statements on groups of indicators."""
    for (kind, scope, node, measure, year), places in _positions(claims, facts).items():
        units = _rivals(system, kind, scope)
        others = [unit for unit in units if unit not in places.values()] if 1 in places else []
        last = max(places)
        listed = [places[rank] for rank in sorted(places)]
        if measure == "score" and sorted(places) == list(range(min(places), last + 1)):
            system.add_order(f"order {scope} {node}", listed, node, year, others)
        elif measure == "growth_pct":
            _add_growth_order(system, node, listed, others, facts)
    for claim in claims[claims["node"].fillna("").str.startswith("all ")].itertuples():
        _add_general(system, claim, named_nodes(claim, system.spec, claims))
    for claim in claims[claims["claim_type"].eq("node_order")].itertuples():
        _add_node_order(system, claim, facts)
    for claim in claims[
        claims["note"].fillna("").str.contains("fastest growing of all third-level")
    ].itertuples():
        (_, now), (_, before) = (
            system.expression([(1, claim.units, year, claim.node)]) for year in (system.now, system.before)
        )
        for leaf in system.spec.indicators:
            if leaf != claim.node:
                system.add_growth(claim.id, claim.units, leaf, high=100 * (now / before - 1), margin=GROWTH)


def add_leaders(system: System, leaders: list[str]):
    """Add the order of the year before for cities that lead both years in the same order."""
    others = [city for city in system.cities if city not in leaders]
    system.add_order("ranks of the year before", leaders, system.spec.root, system.before, others)


def _add_general(system: System, claim, nodes: list[str]):
    """Add a statement on all indicators but those named, unless known cells refute it: then it is a manner of speaking."""
    low = claim.low if pd.notna(claim.low) else -np.inf
    high = claim.high if pd.notna(claim.high) else np.inf
    certain = [system.known.get((claim.units, claim.year, leaf), np.nan) for leaf in nodes]
    if np.nanmin(certain) >= low - VINTAGE and np.nanmax(certain) <= high + VINTAGE:
        for leaf in nodes:
            system.add(claim.id, [(1, claim.units, claim.year, leaf)], low, high, margin=0.01)


def _positions(claims: pd.DataFrame, facts: pd.DataFrame) -> dict:
    """Ranked units by (unit type, scope, node, measure, year): `{rank: unit}`, from claims of type topk and order."""
    found = {}
    for claim in claims[
        claims["claim_type"].isin(["topk", "order"]) & ~claims["scope"].str.contains("children|ranked")
    ].itertuples():
        for node in claim.node.split(";"):
            key = (claim.unit_type, claim.scope, node, claim.measure, claim.year)
            found.setdefault(key, {}).update(enumerate(claim.units.split(";"), start=int(claim.low)))
    for fact in facts[facts["measure"].eq("growth_rank")].itertuples():
        key = (fact.unit_type, "national", fact.node, "growth_pct", fact.year)
        found.setdefault(key, {})[int(float(fact.value))] = fact.unit
    return found


def _rivals(system: System, kind: str, scope: str) -> list[str]:
    """The units among which a claim ranks."""
    if scope == "national":
        return list(system.members) if kind == "region" else system.cities
    return system.members.get(scope, scope.split(";")) if kind == "city" else []


def printed_growth(facts: pd.DataFrame, node: str) -> pd.Series:
    """Exactly printed growth rates of a node by unit."""
    mine = facts[facts["node"].eq(node) & facts["measure"].eq("growth_pct") & facts["approx"].eq("exact")]
    return mine.groupby("unit")["value"].first().astype(float)


def _add_growth_order(system: System, node: str, listed: list[str], others: list[str], facts: pd.DataFrame):
    """Add that units grew in the order listed, and the others more slowly: each against the printed rates around it.

    Units next to each other without a printed rate are kept in `undecided`.
    """
    exact, mine = (
        printed_growth(facts, node),
        facts[facts["node"].eq(node) & facts["measure"].eq("growth_pct")],
    )
    floor = mine[mine["approx"].isin(["ge", "gt"])].astype({"value": float}).groupby("unit")["value"].max()
    roof, name = np.inf, f"growth order {node}"
    for printed, units in groupby(listed, key=exact.__contains__):
        run = list(units)
        if printed:
            roof = exact[run[-1]] + half_digit(2)
            continue
        after = listed[listed.index(run[-1]) + 1 :][:1]
        low = max(
            [exact[unit] - half_digit(2) for unit in after] + [floor.get(unit, -np.inf) for unit in run]
        )
        for unit in run:
            system.add_growth(name, unit, node, low, roof, margin=GROWTH)
        slower = [] if after else others
        if len(run) > 1 or slower:
            system.undecided.append((node, run, slower, low, roof))
        if slower:
            return
    for other in others:
        system.add_growth(name, other, node, high=roof, margin=GROWTH)


def add_steps(system: System, rng: np.random.Generator):
    """Decide, for one draw, the orders of growth that no printed rate settles: by rates drawn between the printed ones."""
    for node, run, slower, low, high in system.undecided:
        count = len(run) - 1 + bool(slower)
        room = high - low if np.isfinite(high) else 0.0
        steps = low + room * -np.sort(-rng.uniform(0.05, 0.95, count))
        for faster, other, step in zip(run, [*run[1:], slower], steps, strict=False):
            system.add_growth(f"growth order {node}", faster, node, low=step, margin=GROWTH)
            for unit in [other] if isinstance(other, str) else other:
                system.add_growth(f"growth order {node}", unit, node, high=step, margin=GROWTH)


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
            least = growth.reindex(listed).min() + 0.005
            system.add_growth(claim.id, claim.units, other, high=least, margin=GROWTH)
        for node in listed if claim.measure == "score" else []:
            pair = [(1, claim.units, claim.year, node), (-1, claim.units, claim.year, other)]
            system.add(claim.id, pair, low=0.0, margin=ORDER)
