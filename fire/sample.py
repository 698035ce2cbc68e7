"""The calibrated sample: a panel of raw values under which the engine gives every printed number of the index chapters.

Pillar F is observed. The other indicators are not public, so their scores are solved: every printed score, growth,
rank, order, range and regional mean is a linear row `low <= a x <= high` on the indicator scores `x` of two years, and
among the scores that satisfy all rows those nearest to a plausible prior are taken (least squares, solver Clarabel).
The scores are then turned into raw values, whole numbers where the indicator is a count. Run `python -m fire.sample`.
"""

import sys

import cvxpy as cp
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from scipy.spatial import cKDTree

from fire import edition as editions
from fire import files, identify, published
from fire.errors import InputError, refuse

SEED = 2022
RULES = files.DATA / "errata-rules.csv"
SIZES = files.DATA / "sample" / "sizes.csv"
MARGIN = 0.003          # points by which a strict order of scores holds
GROWTH_MARGIN = 0.05    # percentage points by which a strict order of growth rates holds
CLOSE = 1e-5            # how closely whole numbers should add up to a node's score (points)
INSIDE = 0.6            # share of a rounding window the solution should keep to, so that whole numbers fit in


# ---- rows -----------------------------------------------------------------------------------------------------------

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
        keys = pd.MultiIndex.from_product([self.cities, years, spec.indicators], names=["unit", "year", "indicator"])
        self.keys = keys[~keys.isin(self.known)]
        self.column = {key: position for position, key in enumerate(self.keys)}
        self.weights = leaf_weights(spec)
        self.rows = []

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

    def add_growth(self, id: str, unit: str, node: str, low=-np.inf, high=np.inf, soft=5e-4):
        """Add bounds on the growth of a node (per cent): linear, as the bound times the score before is linear."""
        for sign, bound in ((1, low), (-1, high)):
            if np.isfinite(bound):
                self.add(id, [(sign, unit, self.now, node), (-sign * (1 + bound / 100), unit, self.before, node)],
                         low=0.0, soft=soft)

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


def leaf_weights(spec) -> dict:
    """Weight of each indicator in each node: `{node: {indicator: weight}}`."""
    weights = {}
    for node in reversed(list(spec.nodes.index)):
        children = spec.children(node)
        weights[node] = {node: 1.0} if not children else {
            leaf: spec.nodes.at[child, "weight"] * weight for child in children for leaf, weight in weights[child].items()}
    return weights


def half_unit(facts: pd.DataFrame) -> pd.Series:
    """Half a unit of the last printed digit."""
    return 0.5 * 10.0 ** -facts["decimals"].astype(int)


def add_facts(system: System, facts: pd.DataFrame):
    """Add printed scores and growth rates: `facts` with a column `tolerance`."""
    for fact in facts.drop_duplicates(["unit", "node", "measure", "approx", "value"]).itertuples():
        value, half = float(fact.value), fact.tolerance
        low, high = {"exact": (value - half, value + half), "approx": (value - half, value + half),
                     "ge": (value, np.inf), "gt": (value + 1e-3, np.inf),
                     "le": (-np.inf, value), "lt": (-np.inf, value - 1e-3)}[fact.approx]
        soft = (1 - INSIDE) * half if fact.approx == "exact" else 1e-3
        if fact.measure == "score":
            system.add(fact.id, [(1, fact.unit, system.now, fact.node)], low, high, soft)
        if fact.measure == "growth_pct":
            system.add_growth(fact.id, fact.unit, fact.node, low, high, soft / 100 if fact.approx == "exact" else 1e-3)


def add_claims(system: System, claims: pd.DataFrame, facts: pd.DataFrame):
    """Add orders of scores, orders of growth and statements on groups of indicators."""
    for (kind, scope, node, measure), places in positions(claims, facts).items():
        units = rivals(system, kind, scope)
        others = [unit for unit in units if unit not in places.values()] if 1 in places else []
        last = max(places)
        listed = [places[rank] for rank in sorted(places)]
        if measure == "score" and sorted(places) == list(range(min(places), last + 1)):
            system.add_order(f"order {scope} {node}", listed, node, system.now, others)
        elif measure == "growth_pct":
            low = growth_ladder(system, node, listed, facts)
            for other in others:
                system.add_growth(f"growth {scope} {node}", other, node, high=low - GROWTH_MARGIN)
    for claim in claims[claims["node"].fillna("").str.startswith("all ")].itertuples():
        for leaf in named_nodes(claim, system.spec, claims):
            low = claim.low if pd.notna(claim.low) else -np.inf
            high = claim.high if pd.notna(claim.high) else np.inf
            system.add(claim.id, [(1, claim.units, system.now, leaf)], low, high, soft=0.01)
    for claim in claims[claims["claim_type"].eq("node_order")].itertuples():
        add_node_order(system, claim, facts)
    for claim in claims[claims["note"].fillna("").str.contains("fastest growing of all third-level")].itertuples():
        for leaf in system.leaves:
            if leaf != claim.node:
                system.add_growth(claim.id, claim.units, leaf, high=45.0)


def positions(claims: pd.DataFrame, facts: pd.DataFrame) -> dict:
    """Ranked units by (unit type, scope, node, measure): `{rank: unit}`, from claims of type topk and order."""
    found = {}
    for claim in claims[claims["claim_type"].isin(["topk", "order"]) & ~claims["scope"].str.contains("children|ranked")].itertuples():
        for node in claim.node.split(";"):
            key = (claim.unit_type, claim.scope, node, claim.measure)
            found.setdefault(key, {}).update(enumerate(claim.units.split(";"), start=int(claim.low)))
    for fact in facts[facts["measure"].eq("growth_rank")].itertuples():
        found.setdefault((fact.unit_type, "national", fact.node, "growth_pct"), {})[int(float(fact.value))] = fact.unit
    return found


def rivals(system: System, kind: str, scope: str) -> list[str]:
    """The units among which a claim ranks."""
    if scope == "national":
        return list(system.members) if kind == "region" else system.cities
    return system.members.get(scope, scope.split(";")) if kind == "city" else []


def growth_ladder(system: System, node: str, listed: list[str], facts: pd.DataFrame) -> float:
    """Bounds for the growth of units listed from fast to slow; returns the lowest bound of the last one."""
    mine = facts[facts["node"].eq(node) & facts["measure"].eq("growth_pct")]
    exact = mine[mine["approx"].eq("exact")].groupby("unit")["value"].first().astype(float)
    floor = mine[mine["approx"].isin(["ge", "gt"])].assign(value=lambda f: f["value"].astype(float)).groupby("unit")["value"].max()
    roof = mine[mine["approx"].isin(["le"])].assign(value=lambda f: f["value"].astype(float)).groupby("unit")["value"].min()
    low = np.inf
    for position, unit in enumerate(listed):
        if unit in exact:
            low = exact[unit] - 0.006
            continue
        run = [other for other in listed[position:]]
        length = next((steps for steps, other in enumerate(run) if other in exact), len(run))
        bottom = max(floor.get(unit, 0.0), exact[run[length]] if length < len(run) else 0.0) + GROWTH_MARGIN
        top = min(low, roof.get(unit, np.inf)) - GROWTH_MARGIN
        rung = bottom + (top - bottom) * (length - 1) / length if np.isfinite(top) else bottom
        system.add_growth(f"ladder {node}", unit, node, low=rung, high=top)
        low = rung
    return low


def add_node_order(system: System, claim, facts: pd.DataFrame):
    """Add that the listed pillars are the highest, or fastest, of one unit."""
    listed = claim.node.split(";")
    others = [node for node in system.spec.children(system.spec.nodes.at[listed[0], "parent"]) if node not in listed]
    growth = facts[facts["unit"].eq(claim.units) & facts["measure"].eq("growth_pct") & facts["approx"].eq("exact")]
    growth = growth.groupby("node")["value"].first().astype(float)
    for other in others:
        if claim.measure == "growth_pct":
            system.add_growth(claim.id, claim.units, other, high=growth.reindex(listed).min() - GROWTH_MARGIN)
        for node in listed if claim.measure == "score" else []:
            system.add(claim.id, [(1, claim.units, system.now, node), (-1, claim.units, system.now, other)], low=MARGIN)


def named_nodes(claim, spec, claims: pd.DataFrame) -> list[str]:
    """Nodes that a claim speaks of; "all third-level except a;b" and "all other third-level indicators" are spelled out."""
    if not str(claim.node).startswith("all "):
        return str(claim.node).split(";")
    if " except " in claim.node:
        named = claim.node.split(" except ")[1].split(";")
    else:
        beside = claims[claims["units"].eq(claim.units) & claims["claim_type"].eq("range") & claims["measure"].eq(claim.measure)]
        named = [node for nodes in beside["node"] for node in str(nodes).split(";")]
    return [leaf for leaf in spec.indicators if leaf not in named]


# ---- prior ----------------------------------------------------------------------------------------------------------

def prior(system: System, facts: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Plausible scores before any row holds, indexed like the variables.

    A pillar follows pillar F by the line through the printed scores; each city has one factor of its own, each
    indicator of a city a deviation with heavy tails; growth is the median printed for regions, with noise.
    """
    exact = facts[facts["approx"].eq("exact")].drop_duplicates(["unit", "node", "measure"])
    exact = exact.assign(value=exact["value"].astype(float))
    printed = exact[exact["unit_type"].eq("city")].pivot(index="unit", columns=["node", "measure"], values="value")
    growths = exact[exact["unit_type"].eq("region") & exact["measure"].eq("growth_pct")].groupby("node")["value"].median()
    pillars = system.spec.children(system.spec.root)
    factor = pd.Series({city: np.mean([system.known[city, system.now, leaf] for leaf in system.spec.indicators if leaf not in system.leaves])
                        for city in system.cities})
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


# ---- ranks and posts ------------------------------------------------------------------------------------------------

def order_before(order: list[str], change: dict[str, int]) -> list[str]:
    """An order of the year before from which the listed units changed by the given numbers of ranks.

    >>> order_before(["a", "b", "c", "d"], {"a": 0, "b": 2})
    ['a', 'c', 'd', 'b']
    """
    place = {order.index(unit) + moved: unit for unit, moved in change.items()}
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
            order[place:place + 2] = order[place + 1], unit
        taken.add(order.index(unit) + change[unit])
    return order


def totals(system: System, scores: pd.Series, node: str, year: int) -> pd.Series:
    """Scores of a node of all cities."""
    value = scores.to_dict() | system.known
    return pd.Series({city: sum(weight * value[city, year, leaf] for leaf, weight in system.weights[node].items())
                      for city in system.cities})


def add_ranks(system: System, scores: pd.Series, facts: pd.DataFrame):
    """Add both years' order of the total: that of `scores` now, and one before that gives the printed rank changes."""
    root = system.spec.root
    order = list(totals(system, scores, root, system.now).sort_values(ascending=False).index)
    moved = facts[facts["measure"].eq("rank_change") & facts["approx"].eq("exact")]
    change = {unit: int(float(value)) for unit, value in zip(moved["unit"], moved["value"], strict=True)}
    order = without_clash(order, change)
    system.add_order("rank changes, year", order, root, system.now)
    system.add_order("rank changes, year before", order_before(order, change), root, system.before)


# ---- solution -------------------------------------------------------------------------------------------------------

def bounds(system: System, fixed: dict) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest value of each variable: the scale in the base year, wider afterwards, `fixed` cells as given."""
    leaf, year = system.keys.get_level_values("indicator"), system.keys.get_level_values("year")
    simulated = leaf.isin(system.leaves)
    low, high = np.where(simulated, 1.0, 0.0), np.where(simulated & (year == system.before), 10.0, 12.5)
    for key, value in fixed.items():
        low[system.column[key]] = high[system.column[key]] = value
    return low, high


def solve(system: System, target: pd.Series, fixed: dict | None = None) -> pd.Series:
    """The scores nearest to `target` (and to its change in time) that satisfy every row; `fixed` holds cells at a value.

    Raises InputError naming a smallest set of rows that contradict each other.
    """
    matrix, low, high, soft = system.table()
    floor, roof = bounds(system, fixed or {})
    scores, slack = cp.Variable(len(target)), cp.Variable(len(soft), nonneg=True)
    below, above = np.isfinite(low), np.isfinite(high)
    rows = [matrix[below] @ scores >= (low + soft)[below] - slack[below],
            matrix[above] @ scores <= (high - soft)[above] + slack[above],
            slack <= 0.8 * soft, scores >= floor, scores <= roof]
    change = changes(system)
    distance = cp.sum_squares(scores - target.to_numpy()) + 2 * cp.sum_squares(change @ scores - change @ target.to_numpy())
    problem = cp.Problem(cp.Minimize(distance + 100 * cp.sum(slack)), rows)
    problem.solve(solver=cp.CLARABEL, direct_solve_method="qdldl")
    if problem.status not in ("optimal", "optimal_inaccurate"):
        raise InputError("no scores satisfy all printed facts", [f"these contradict each other: {', '.join(conflict(system, fixed or {}))}: "
                         "correct one of them, or give it a rule in data/errata-rules.csv"])
    return pd.Series(scores.value, target.index)


def changes(system: System) -> sparse.csr_matrix:
    """Matrix that turns scores into their change between the two years."""
    pairs = [(system.column[unit, system.now, leaf], column) for (unit, year, leaf), column in system.column.items()
             if year == system.before and (unit, system.now, leaf) in system.column]
    now, before = np.array(pairs).T
    number = np.arange(len(pairs))
    values = np.repeat([1.0, -1.0], len(pairs))
    return sparse.csr_matrix((values, (np.tile(number, 2), np.concatenate([now, before]))), (len(pairs), len(system.keys)))


def conflict(system: System, fixed: dict) -> list[str]:
    """Ids of a smallest set of rows that no scores satisfy together (an irreducible infeasible subset).

    Slack on all rows is made as small as possible (an L1 relaxation); only rows with a price there can be part of the
    conflict; each of these is then left out for good when the others still contradict each other (deletion filter).
    """
    low, high = bounds(system, {})
    matrix, floor, roof, _ = system.table()
    names = np.array([row[0] for row in system.rows] + [f"{unit} {leaf} {year} = {value:g}" for (unit, year, leaf), value in fixed.items()])
    if fixed:
        pins = sparse.csr_matrix((np.ones(len(fixed)), (range(len(fixed)), [system.column[key] for key in fixed])), (len(fixed), len(low)))
        matrix = sparse.vstack([matrix, pins]).tocsr()
        floor, roof = np.append(floor, list(fixed.values())), np.append(roof, list(fixed.values()))
    live = np.flatnonzero(misfit(matrix, floor, roof, low, high)[1])
    kept = dict.fromkeys(names[live])
    for name in list(kept):
        rest = np.flatnonzero(np.isin(names, [other for other in kept if other != name]))
        if len(rest) and misfit(matrix[rest], floor[rest], roof[rest], low, high)[0] > 1e-7:
            del kept[name]
    return list(kept)


def misfit(matrix, floor, roof, low, high) -> tuple[float, np.ndarray]:
    """Smallest sum of slacks that makes rows feasible, and which rows have a price (linear programme, solver HiGHS)."""
    below, above = np.isfinite(floor), np.isfinite(roof)
    sides = sparse.vstack([-matrix[below], matrix[above]])
    limit = np.concatenate([-floor[below], roof[above]])
    count = sides.shape[0]
    outcome = linprog(np.concatenate([np.zeros(len(low)), np.ones(count)]),
                      A_ub=sparse.hstack([sides, -sparse.eye(count)]).tocsr(), b_ub=limit,
                      bounds=np.column_stack([np.concatenate([low, np.zeros(count)]), np.concatenate([high, np.full(count, np.inf)])]),
                      method="highs")
    price = np.zeros(len(floor), bool)
    side = np.concatenate([np.flatnonzero(below), np.flatnonzero(above)])
    price[side[np.abs(outcome.ineqlin.marginals) > 1e-9]] = True
    return outcome.fun, price


def anchors(system: System, scores: pd.Series) -> dict:
    """Base-year best and worst city of each simulated indicator, held at the ends of the scale.

    The city nearest to the end in `scores` is taken unless a fact on this very indicator is printed, it already is the
    worst of the dimension's other indicator, or another fact forbids it; then the next.
    """
    base = scores.xs(system.before, level="year").unstack("indicator")[system.leaves]
    printed = {(city, *leaves) for (city, leaves), rows in own_rows(system).items() if len(leaves) == 1 and is_tight(rows)}
    base = base.mask(pd.DataFrame({leaf: [(city, leaf) in printed for city in base.index] for leaf in base}, base.index))
    matrix, floor, roof, _ = system.table()
    siblings = {leaf: system.spec.children(system.spec.nodes.at[leaf, "parent"]) for leaf in system.leaves}
    fixed = {}
    for end, ascending in zip(system.spec.method["scale"], (True, False), strict=True):
        for leaf in system.leaves:
            for city in base[leaf].dropna().sort_values(ascending=ascending).index:
                trial = fixed | {(city, system.before, leaf): float(end)}
                twin = not ascending or all((city, system.before, one) not in fixed for one in siblings[leaf])
                if twin and feasible(matrix, floor, roof, *bounds(system, trial)):
                    fixed = trial
                    break
    return fixed


def feasible(matrix, floor, roof, low, high) -> bool:
    below, above = np.isfinite(floor), np.isfinite(roof)
    outcome = linprog(np.zeros(len(low)), A_ub=sparse.vstack([-matrix[below], matrix[above]]).tocsr(),
                      b_ub=np.concatenate([-floor[below], roof[above]]), bounds=np.column_stack([low, high]), method="highs")
    return outcome.status == 0


# ---- raw values -----------------------------------------------------------------------------------------------------

TRANSFORMS = {"log": (np.log, np.exp), "log1p": (np.log1p, np.expm1), "identity": (np.positive, np.positive)}


class Scale:
    """Raw values from scores and back for one indicator with its two posts, rounded to `decimals`."""

    def __init__(self, spec, leaf: str, low: float, high: float, decimals: int = 0):
        self.forward, self.backward = TRANSFORMS[spec.nodes.at[leaf, "transform"]]
        self.low, self.high, self.decimals = float(self.forward(low)), float(self.forward(high)), decimals
        self.ends = spec.method["scale"]

    def score(self, raw):
        return self.ends[0] + (self.ends[1] - self.ends[0]) * (self.forward(raw) - self.low) / (self.high - self.low)

    def exact(self, score):
        share = (np.asarray(score) - self.ends[0]) / (self.ends[1] - self.ends[0])
        return self.backward(self.low + share * (self.high - self.low))

    def raw(self, score):
        return np.round(self.exact(score), self.decimals)


def own_rows(system: System) -> dict:
    """Rows that speak of one city's cells of one node alone: `{(city, indicator): [(coefficients, low, high)]}`.

    Coefficients are for the score before and now; rows on several indicators are listed under their set of indicators.
    """
    found = {}
    for _, terms, low, high, _ in system.rows:
        keys = [system.keys[column] for column in terms]
        if len({unit for unit, _, _ in keys}) == 1:
            leaves = frozenset(leaf for _, _, leaf in keys)
            pair = [next((terms[column] for column, (_, year, _) in zip(terms, keys, strict=True) if year == one), 0.0)
                    for one in (system.before, system.now)]
            found.setdefault((keys[0][0], leaves), []).append((pair, low, high))
    return found


def is_tight(rows: list) -> bool:
    """Whether rows of one cell pin it: a printed score, or a printed growth (bounded on both sides)."""
    return sum(past != 0 for (past, _), _, _ in rows) > 1 or any(high - low < 0.1 for _, low, high in rows)


def nearby(scale: Scale, target: tuple, rows: list, held: bool, count: int) -> np.ndarray:
    """Raw values of both years near the target scores that satisfy the rows of this cell alone, nearest first.

    Columns: raw before, raw now, score before, score now. `held` keeps the value before. Of a pinned cell half of the `count`
    pairs are the nearest and half are spread over all, so that sums of several pinned indicators can meet a score.
    """
    step = 10.0 ** -scale.decimals
    centre = scale.raw(np.array(target))
    reach = np.sqrt(count) // 2 + 1
    pairs = within(scale, centre, reach * step, rows, held)
    while is_tight(rows) and reach * step <= centre.max() and len(pairs) < 50 * count:
        reach *= 4
        pairs = within(scale, centre, reach * step, rows, held)
    pairs = pairs[np.argsort(np.hypot(*(pairs[:, 2:] - target).T), kind="stable")]
    if len(pairs) <= count or not is_tight(rows):
        return pairs[:count]
    return pairs[np.unique(np.append(np.arange((count + 1) // 2), np.linspace(0, len(pairs) - 1, count // 2).astype(int)))]


def within(scale: Scale, centre: np.ndarray, reach: float, rows: list, held: bool) -> np.ndarray:
    """All pairs of raw values within `reach` of the centre that satisfy the rows (columns as in `nearby`)."""
    step = 10.0 ** -scale.decimals
    before = centre[:1] if held else centre[0] + np.arange(-reach, reach + step / 2, step)
    before = before[(scale.score(before.clip(step)) >= scale.ends[0] - 1e-9) & (scale.score(before.clip(step)) <= scale.ends[1] + 1e-9)]
    low = np.full(len(before), scale.score(max(centre[1] - reach, step)))
    high = np.full(len(before), scale.score(centre[1] + reach))
    for (past, present), floor, roof in rows:
        rest = past * scale.score(before)
        inside = np.where((rest >= floor) & (rest <= roof), [[-np.inf], [np.inf]], [[np.inf], [-np.inf]])
        ends = np.sort(np.stack([floor - rest, roof - rest]) / present, axis=0) if present else inside
        low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
    high = np.maximum(low - 1, high)
    first, last = np.ceil(scale.exact(low) / step - 1e-9), np.floor(scale.exact(high) / step + 1e-9)
    many = np.maximum(last - first + 1, 0).astype(int)
    now = np.repeat(first, many) + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    raw = np.round(np.column_stack([np.repeat(before, many), now * step]), scale.decimals)
    return np.column_stack([raw, scale.score(raw)])


def combine(lists: list[np.ndarray], weights: list[float], goal: np.ndarray) -> tuple[list[np.ndarray], float]:
    """One pair of raw values from each list such that the weighted scores add up to `goal` (before, now) most closely, and how closely."""
    half = (len(lists) + 1) // 2
    sums, picks = zip(*(cross(lists[part], weights[part]) for part in (slice(half), slice(half, None))), strict=True)
    growth = np.array([[0.1, -goal[1] / goal[0]], [0.0, 1.0]])      # a miss counts ten times less along equal growth
    far, other = cKDTree(sums[1] @ growth).query((goal - sums[0]) @ growth)
    best = int(np.argmin(far))
    chosen = [*picks[0][best], *picks[1][other[best]]]
    return [rows[place, :2] for rows, place in zip(lists, chosen, strict=True)], float(far[best])


def cross(lists: list[np.ndarray], weights: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """All weighted sums of scores over one pair from each list, with the place taken in each."""
    if not lists:
        return np.zeros((1, 2)), np.zeros((1, 0), int)
    places = np.stack(np.meshgrid(*(np.arange(len(rows)) for rows in lists), indexing="ij"), -1).reshape(-1, len(lists))
    total = sum(weight * rows[places[:, part], 2:] for part, (rows, weight) in enumerate(zip(lists, weights, strict=True)))
    return total, places


def groups(system: System, city: str, whole: set, rows: dict) -> list[str]:
    """Nodes whose whole-number indicators are fitted together: pillars, or dimensions where these are printed or large."""
    found = []
    for pillar in system.spec.children(system.spec.root):
        leaves = [leaf for leaf in system.spec.leaves(pillar) if leaf in whole]
        dimensions = [node for node in system.spec.children(pillar) if set(system.spec.leaves(node)) <= set(leaves)]
        printed = any((city, frozenset(system.spec.leaves(node))) in rows for node in dimensions if len(system.spec.leaves(node)) > 1)
        found += dimensions if printed or len(leaves) > 4 else [pillar] if dimensions else []
    return found


def raw_values(system: System, scores: pd.Series, scales: dict, fixed: dict) -> pd.Series:
    """Raw values of the simulated cells: rounded, whole numbers fitted so that every node keeps its score."""
    rows, value = own_rows(system), {}
    whole = {leaf for leaf in system.leaves if scales[leaf].decimals == 0}

    def choices(city, leaf, count):
        target = np.array([scores[city, year, leaf] for year in (system.before, system.now)])
        if (city, system.now, leaf) in fixed:
            return np.append(scales[leaf].raw(target), target)[None]
        found = nearby(scales[leaf], target, rows.get((city, frozenset([leaf])), []), (city, system.before, leaf) in fixed, count)
        if not len(found):
            raise InputError("data/sample/sizes.csv", [f"{leaf}: no whole numbers give the printed digits of {city}: use a larger range"])
        return found

    for city in system.cities:
        fitted = groups(system, city, whole, rows)
        for node in fitted:
            leaves = system.spec.leaves(node)
            weights = [system.weights[node][leaf] for leaf in leaves]
            goal = sum(weight * np.array([scores[city, year, leaf] for year in (system.before, system.now)])
                       for leaf, weight in zip(leaves, weights, strict=True))
            for many in [1] if len(leaves) == 1 else [60, 200, 600]:
                picked, far = combine([choices(city, leaf, many) for leaf in leaves], weights, goal)
                if far < CLOSE:
                    break
            value |= {(city, year, leaf): pair[place] for leaf, pair in zip(leaves, picked, strict=True)
                      for place, year in enumerate((system.before, system.now))}
        for leaf in [leaf for leaf in system.leaves if not any(leaf in system.spec.leaves(node) for node in fitted)]:
            pair = choices(city, leaf, 1)[0]
            value |= {(city, system.before, leaf): pair[0], (city, system.now, leaf): pair[1]}
    return pd.Series(value).reindex(system.keys)


def unmet(system: System, scores: pd.Series) -> list[str]:
    """Ids of the rows that the scores do not satisfy."""
    matrix, low, high, _ = system.table()
    value = matrix @ scores.reindex(system.keys).to_numpy()
    return [system.rows[number][0] for number in np.flatnonzero((value < low - 1e-9) | (value > high + 1e-9))]


def settle(system: System, scores: pd.Series, leaf: str, scale: Scale, fixed: dict, cities: list[str]) -> dict:
    """`fixed` with whole-number scores of one indicator for some cities, beside which the other facts can still hold."""
    rows, (matrix, floor, roof, _) = own_rows(system), system.table()
    years = (system.before, system.now)
    for city in sorted(cities, key=lambda city: (city, frozenset([leaf])) not in rows):
        mine = rows.get((city, frozenset([leaf])), [])
        target = [scores[city, year, leaf] for year in years]
        pairs = nearby(scale, target, mine, (city, system.before, leaf) in fixed, 60 if mine else 1)
        trials = (fixed | {(city, year, leaf): score for year, score in zip(years, pair[2:], strict=True)} for pair in pairs)
        found = next((trial for trial in trials if not mine or feasible(matrix, floor, roof, *bounds(system, trial))), None)
        if found is None:
            raise InputError("data/sample/sizes.csv", [f"{leaf}: no whole numbers give the printed digits of {city}: use a larger range"])
        fixed = found
    return fixed


def settle_all(system: System, target: pd.Series, scores: pd.Series, scales: dict, fixed: dict) -> tuple[pd.Series, dict]:
    """Settle the coarse counts, one indicator after the other, solving for the rest after each.

    Coarse is a count beside an indicator that is no count, and a pinned count with at least two others in its
    dimension that are free to make up for it.
    """
    rows = own_rows(system)
    pinned = {(city, *leaves) for (city, leaves), mine in rows.items() if len(leaves) == 1 and is_tight(mine)}
    for leaf in [leaf for leaf in system.leaves if scales[leaf].decimals == 0]:
        family = system.spec.children(system.spec.nodes.at[leaf, "parent"])
        if any(scales[one].decimals for one in family):
            cities = system.cities
        else:
            cities = [city for city in system.cities if (city, leaf) in pinned
                      and sum((city, one) not in pinned and (city, system.now, one) not in fixed for one in family) >= 2]
        if cities:
            fixed = settle(system, scores, leaf, scales[leaf], fixed, cities)
            scores = solve(system, target, fixed)
    return scores, fixed


# ---- the panel ------------------------------------------------------------------------------------------------------

def rules(path=RULES) -> pd.DataFrame:
    """How each erratum is treated: one row for each fact or claim (errata, id, treatment, tolerance, reasons)."""
    table = files.read_csv(path)
    table["tolerance"], faults = files.to_number(table["tolerance"], path, "tolerance")
    refuse(f"{path}", faults + [f"column 'treatment': '{one}' is unknown: use drop, hold out, widen, read as set or note"
                                for one in sorted(set(table["treatment"]) - {"drop", "hold out", "widen", "read as set", "note"})])
    return table.assign(id=table["rows"].str.split(";")).explode("id").drop(columns="rows").reset_index(drop=True)


def treated(facts: pd.DataFrame, treatment: pd.DataFrame) -> pd.DataFrame:
    """Facts that may constrain, with `tolerance`: half a unit of the last printed digit unless a rule widens it."""
    out = treatment.loc[treatment["treatment"].isin(["drop", "hold out"]), "id"]
    wide = treatment[treatment["treatment"].eq("widen")].set_index("id")["tolerance"]
    return facts[~facts["id"].isin(out)].assign(tolerance=lambda kept: kept["id"].map(wide).fillna(half_unit(kept)))


def read_sizes(spec, path=SIZES) -> dict:
    """Scale of each simulated indicator from its base-year extremes and decimals in data/sample/sizes.csv."""
    table, faults = files.read_csv(path), []
    for name in ("low", "high", "decimals"):
        table[name], wrong = files.to_number(table[name], path, name)
        faults += wrong
    refuse(f"{path}", faults + [f"row {row + 2}, column 'high': it must be above 'low'" for row in table.index[table["high"] <= table["low"]]])
    return {row.indicator: Scale(spec, row.indicator, row.low, row.high, int(row.decimals)) for row in table.itertuples()}


def build(spec, places: pd.DataFrame, factors: pd.DataFrame, facts: pd.DataFrame, claims: pd.DataFrame,
          treatment: pd.DataFrame, scales: dict, years: tuple[int, int], rng: np.random.Generator) -> pd.DataFrame:
    """The panel of all indicators: the observed `factors` and the simulated rest.

    Raises InputError when facts contradict each other, or when no whole numbers keep a printed digit.
    """
    own = {leaf: Scale(spec, leaf, *spec.nodes.at[leaf, "posts"]) for leaf in factors["indicator"].unique()}
    observed = factors.rename(columns={"indicator": "node"}).assign(
        score=[float(own[row.indicator].score(row.value)) for row in factors.itertuples()])
    facts, claims = treated(facts, treatment), claims[~claims["id"].isin(treatment.loc[treatment["treatment"].eq("drop"), "id"])]
    system = System(spec, places, observed, years)
    add_facts(system, facts)
    add_claims(system, claims, facts)
    target = prior(system, facts, rng)
    add_ranks(system, solve(system, target), facts)
    fixed = anchors(system, solve(system, target))
    scores = solve(system, target, fixed)
    scores, fixed = settle_all(system, target, scores, scales, fixed)
    raw = raw_values(system, scores, scales, fixed)
    back = pd.Series({key: scales[key[2]].score(value) for key, value in raw.items()})
    refuse("calibrated sample", [f"the rounded panel does not give {id}: use larger sizes in data/sample/sizes.csv"
                                 for id in dict.fromkeys(unmet(system, back))])
    return assemble(system, raw, factors)


def assemble(system: System, raw: pd.Series, factors: pd.DataFrame) -> pd.DataFrame:
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
    return panel.sort_values(["year", "unit", "indicator"], key=lambda column: column.map(place) if column.name != "year" else column,
                             ignore_index=True)[["unit", "year", "indicator", "value", "status", "source"]]


def main(edition: str = "2022") -> None:
    """Write the panel file of an edition."""
    ed = editions.load(edition)
    panel = build(ed.spec, ed.places(), identify.panel_f(), published.load("index_scores"), published.load("index_claims"),
                  rules(), read_sizes(ed.spec), (ed.base_year, ed.year), np.random.default_rng(SEED))
    files.write_csv(panel.assign(value=panel["value"].round(6)), files.ROOT / ed.settings["panel"], excel=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
