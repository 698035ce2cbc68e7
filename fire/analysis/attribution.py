"""Why did my rank move.

A change between two states (years, or editions with their panel, specification and posts) is shared among six factors
by the Shapley value (Shapley 1953): all coalitions are computed, so the parts add up exactly. Inside a factor the
parts are additive over the indicators. A change of rank is the sum of the competitors that were passed; each passing
is shared along the straight line between the two states (Aumann and Shapley 1974), where an indicator counts by its
part in closing the gap.
"""

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from fire import codebook as labels
from fire.analysis import montecarlo
from fire.index import normalise, rounding, score
from fire.report import narrative

FACTORS = ["performance", "revision", "weights", "posts", "cities", "framework"]
TRANSFORMS = {"identity": lambda x: x, "log": np.log, "log1p": np.log1p}
NOT_METHOD = ["weight", "posts", "level", "label_zh", "label_en", "unit", "unit_zh", "unit_en"]


@dataclass(frozen=True)
class State:
    """An index as it stood: specification, panel, year and the posts in force (default: those its own panel gives)."""

    spec: object
    panel: pd.DataFrame
    year: int
    posts: pd.DataFrame | None = None


@dataclass(frozen=True)
class Comparison:
    """Two states side by side; in every pair of places 0 is before and 1 is after."""

    live: list  # factors that differ
    specs: dict  # (framework, weights) → specification
    posts: tuple
    values: dict  # (performance, revision, framework) → values, unit × indicator
    rosters: tuple
    year: int
    way: str | None  # the aggregation of all nodes, or None when they differ


def compare(before: State, after: State) -> Comparison:
    """Prepare two states for `decompose`, `rank_factors`, `rivals` and `rank_indicators`."""
    old, new, revised = (
        wide(before.panel, before.year),
        wide(after.panel, after.year),
        wide(after.panel, before.year),
    )
    specs = {
        (tree, weights): with_weights((before, after)[tree].spec, (before, after)[weights].spec)
        for tree in (0, 1)
        for weights in (0, 1)
    }
    ways = {
        way
        for spec in (before.spec, after.spec)
        for way in spec.nodes.loc[~spec.nodes["leaf"], "aggregation"]
    }
    way = ways.pop() if len(ways) == 1 and ways <= set(montecarlo.LINKS) else None
    posts = posts_of(before), posts_of(after)
    live = differing(before, after, specs, posts, old, new, revised)
    return Comparison(
        live,
        specs,
        (posts[0].combine_first(posts[1]), posts[1].combine_first(posts[0])),
        values(specs, old, new, revised),
        (old.index, new.index),
        after.year,
        way,
    )


def decompose(before: State, after: State) -> pd.DataFrame:
    """Every unit's change of score by factor and indicator: columns unit, factor, indicator, points.

    Over factors and indicators the points of a unit that is in both states add up to its change of score (to 1e-12).
    Means of logarithms or reciprocals are shared on that scale and brought to points by the logarithmic (or matching)
    mean. When a state mixes aggregations, `indicator` is the root: only factors are told apart.
    """
    pair = compare(before, after)
    first, last, parts = shapley_frames(pair, contributions)
    link = montecarlo.LINKS[pair.way or "arithmetic"][1]
    old, new = first.sum(axis=1), last.sum(axis=1)
    scale = ((link(new) - link(old)) / (new - old)).where((new - old).abs() > 1e-12, 1.0)
    table = pd.concat(
        {name: part.mul(scale, axis=0).stack() for name, part in parts.items()},
        names=["factor", "unit", "indicator"],
    )
    return table.rename("points").reset_index()[["unit", "factor", "indicator", "points"]]


def rank_factors(before: State, after: State) -> pd.DataFrame:
    """Every unit's change of rank (positive = moved up) by factor: unit × factor, exact Shapley values of the rank."""

    def ranks(pair, on):
        return -coalition(pair, on)[1].to_frame("rank").astype(float)

    _, _, parts = shapley_frames(compare(before, after), ranks)
    return pd.DataFrame({name: part["rank"] for name, part in parts.items()})


def shapley_frames(pair: Comparison, value) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """`value(pair, factors switched on)` with none and all on, and the Shapley value of each of the six factors.

    Factors that do not differ between the states get zero without being computed.
    """
    live = pair.live
    worth = {
        frozenset(on): value(pair, frozenset(on))
        for size in range(len(live) + 1)
        for on in combinations(live, size)
    }
    units, columns = sorted(set(pair.rosters[0]) & set(pair.rosters[1])), sorted(set().union(*worth.values()))
    worth = {on: frame.reindex(index=units, columns=columns).fillna(0.0) for on, frame in worth.items()}
    parts = shapley(worth.__getitem__, live)
    zero = pd.DataFrame(0.0, index=units, columns=columns)
    return worth[frozenset()], worth[frozenset(live)], {name: parts.get(name, zero) for name in FACTORS}


def shapley(worth, players: list) -> dict:
    """Shapley values by enumeration of all coalitions; `worth` takes a frozenset and gives a number, an array or a
    frame.

    >>> shapley(lambda on: len(on) ** 2, ["a", "b"])
    {'a': 2.0, 'b': 2.0}
    """
    n, values = len(players), {}
    for player in players:
        others = [other for other in players if other != player]
        values[player] = sum(
            factorial(size)
            * factorial(n - size - 1)
            / factorial(n)
            * (worth(frozenset(on) | {player}) - worth(frozenset(on)))
            for size in range(n)
            for on in combinations(others, size)
        )
    return values


def differing(before: State, after: State, specs: dict, posts: tuple, old, new, revised) -> list[str]:
    """The factors in which two states differ; weights differ when they do under the new framework."""
    both = old.index.intersection(revised.index), old.columns.intersection(revised.columns)
    changed = {
        "performance": before.year != after.year,
        "revision": not old.loc[both].equals(revised.loc[both]),
        "weights": not np.allclose(*(specs[1, kind].nodes["weight"] for kind in (0, 1)), rtol=0, atol=1e-14),
        "posts": not posts[0].round(12).equals(posts[1].round(12)),
        "cities": set(old.index) != set(new.index),
        "framework": framework(before.spec) != framework(after.spec),
    }
    return [name for name in FACTORS if changed[name]]


def framework(spec) -> tuple:
    """What is neither weight nor post: the tree and every method, as comparable text."""
    columns = [name for name in spec.nodes if name not in NOT_METHOD and not name.endswith("_basis")]
    method = {name: value for name, value in spec.method.items() if name != "base_year"}
    return str(spec.nodes[columns].to_dict("index")), str(method)


def posts_of(state: State) -> pd.DataFrame:
    """Posts in force in a state."""
    return score.base_posts(state.spec, state.panel) if state.posts is None else state.posts


def wide(panel: pd.DataFrame, year: int) -> pd.DataFrame:
    """Values of one year: unit × indicator."""
    return panel[panel["year"].eq(year)].pivot(index="unit", columns="indicator", values="value").sort_index()


# One coalition --------------------------------------------------------------------------------------------------------


def coalition(pair: Comparison, on: frozenset) -> tuple[pd.DataFrame, pd.Series, object]:
    """Scores (unit × node), ranks and specification with the factors in `on` as after the change, the others as
    before.
    """
    spec = pair.specs["framework" in on, "weights" in on]
    table = pair.values["performance" in on, "revision" in on, "framework" in on].loc[
        pair.rosters["cities" in on]
    ]
    panel = table[[name for name in table if name in {*spec.indicators, *spec.denominators}]]
    panel = panel.stack().rename("value").rename_axis(["unit", "indicator"]).reset_index()
    done = score.steps(
        spec,
        panel.assign(year=pair.year, status="published", source=""),
        posts=pair.posts["posts" in on].loc[spec.indicators],
    )
    scores = done.scores.xs(pair.year, level="year")
    return scores, pd.Series(rounding.ranks(scores[[spec.root]].to_numpy())[:, 0], index=scores.index), spec


def values(specs: dict, old: pd.DataFrame, new: pd.DataFrame, revised: pd.DataFrame) -> dict:
    """Values of every coalition: (performance, revision, framework) → unit × indicator, over all units and indicators.

    A revision is what the new panel says differently about the old year. What a panel lacks (a new city's past, a new
    indicator) is taken from the other.
    """
    revised = revised.combine_first(old)
    base = old.reindex_like(revised).combine_first(revised)
    tables = {}
    for tree in (0, 1):
        undone = unrevised(specs[tree, 0], new, base, revised)
        for key, table in {(0, 0): old, (0, 1): revised, (1, 0): undone, (1, 1): new}.items():
            tables[*key, tree] = table.combine_first(new).combine_first(old)
    return tables


def unrevised(spec, new: pd.DataFrame, base: pd.DataFrame, revised: pd.DataFrame) -> pd.DataFrame:
    """Values of the new year less the revision of the old year, taken on the transformed scale (a ratio under
    logarithms).
    """
    kinds = [normalise.kind_of(spec[name]) if name in spec.nodes.index else "identity" for name in new]
    before, after = (table.reindex_like(new) for table in (base, revised))
    columns = {}
    for name, kind in zip(new, kinds):
        change = TRANSFORMS[kind](after[name]) - TRANSFORMS[kind](before[name])
        columns[name] = normalise.back(TRANSFORMS[kind](new[name]) - change.fillna(0.0), kind)
    return pd.DataFrame(columns, index=new.index)


def with_weights(spec, donor):
    """`spec` with the weights of `donor` wherever a node has the same parent in both; families are rescaled to one."""
    shared = [
        node
        for node in spec.nodes.index[1:]
        if node in donor.nodes.index and donor.nodes.at[node, "parent"] == spec.nodes.at[node, "parent"]
    ]
    new = spec.nodes["weight"].copy()
    new[shared] = donor.nodes.loc[shared, "weight"]
    return spec if new.equals(spec.nodes["weight"]) else spec.vary(weights=new.iloc[1:].to_dict())


def contributions(pair: Comparison, on: frozenset) -> pd.DataFrame:
    """Linked parts of the index (unit × indicator) whose sums are its linked score; one column when aggregations are
    mixed.
    """
    scores, _, spec = coalition(pair, on)
    if pair.way is None:
        return scores[[spec.root]]
    linked = montecarlo.LINKS[pair.way][0](scores[spec.indicators].to_numpy(float))
    return pd.DataFrame(montecarlo.weighted(spec, spec.root, linked), scores.index, spec.indicators)


# Ranks ----------------------------------------------------------------------------------------------------------------


def rivals(before: State, after: State) -> pd.DataFrame:
    """The competitors behind every change of rank: unit, rival, places, own, theirs.

    `places` is +1 for a rival that the unit passed and -1 for one that passed it; a rival that left or joined counts
    too. `own` and `theirs` share the place between the unit's own change and the rival's; places add up to the rank
    change.
    """
    flips, moved, _ = passings(compare(before, after))
    rows = [
        (unit, rival, places, *shared(places, moved.loc[unit].sum(), moved.loc[rival].sum()))
        for (unit, rival), places in flips.stack().items()
        if places and rival in moved.index
    ]
    rows += [
        (unit, rival, places, 0.0, float(places))
        for (unit, rival), places in flips.stack().items()
        if places and rival not in moved.index
    ]
    return pd.DataFrame(rows, columns=["unit", "rival", "places", "own", "theirs"])


def shared(places: int, own: float, theirs: float) -> tuple[float, float]:
    """A place shared between two changes that closed (or opened) the gap; in halves when rounding alone made it."""
    gap = own - theirs
    return (places * own / gap, -places * theirs / gap) if gap else (places / 2, places / 2)


def rank_indicators(before: State, after: State) -> pd.DataFrame:
    """Every unit's change of rank by indicator: unit × indicator, and `roster` for cities that joined or left; adds
    up exactly.
    """
    flips, moved, units = passings(compare(before, after))
    within = flips.reindex(columns=units).to_numpy(float)
    total = moved.sum(axis=1).to_numpy()
    gap = total[:, None] - total[None, :]
    ratio = np.divide(within, gap, out=np.zeros_like(within), where=gap != 0)
    parts = moved.to_numpy() * ratio.sum(axis=1)[:, None] - ratio @ moved.to_numpy()
    table = pd.DataFrame(parts, index=units, columns=moved.columns)
    left_over = np.where(gap == 0, within, 0).sum(axis=1)
    return table.assign(roster=flips.drop(columns=units).sum(axis=1).to_numpy() + left_over)


def passings(pair: Comparison) -> tuple[pd.DataFrame, pd.DataFrame, list]:
    """Who passed whom (unit × rival: +1 = the unit got ahead or level), changes by indicator on the linked scale, the
    units.
    """
    states = frozenset(), frozenset(pair.live)
    ranks = [coalition(pair, on)[1].astype(int) for on in states]
    units, everyone = (
        sorted(set(ranks[0].index) & set(ranks[1].index)),
        sorted(set(ranks[0].index) | set(ranks[1].index)),
    )
    ahead = [
        pd.DataFrame(
            rank.reindex(everyone).to_numpy()[None, :] < rank[units].to_numpy()[:, None], units, everyone
        )
        for rank in ranks
    ]
    parts = [contributions(pair, on) for on in states]
    columns = sorted(set(parts[0]) | set(parts[1]))
    old, new = (part.reindex(index=units, columns=columns).fillna(0.0) for part in parts)
    return ahead[0].astype(int) - ahead[1].astype(int), new - old, units


def stories(before: State, after: State, most: int = 3) -> pd.DataFrame:
    """A sentence for every city: unit, points, places, zh, en; the parts come from `decompose` and `rivals`."""
    pair, table, moves = compare(before, after), decompose(before, after), rivals(before, after)
    ranks = [coalition(pair, on)[1] for on in (frozenset(), frozenset(pair.live))]
    parts = table.groupby(["unit", "indicator"])["points"].sum().unstack()
    return pd.DataFrame(
        [
            story(
                unit,
                parts.loc[unit],
                moves[moves["unit"].eq(unit)],
                [int(rank[unit]) for rank in ranks],
                after.spec,
                most,
            )
            for unit in parts.index
        ]
    )


def story(unit: str, parts: pd.Series, moves: pd.DataFrame, ranks: list, spec, most: int) -> dict:
    """The row of one city in `stories`."""

    def names(ids, label):
        return {lang: [label(name, lang) for name in ids] for lang in labels.LANGUAGES}

    def node(name, lang):
        return spec.label(name, lang) if name in spec.nodes.index else name

    order, points = parts.sort_values(), float(parts.sum())
    said = narrative.say(
        "changes-city",
        city={lang: labels.unit(unit, lang) for lang in labels.LANGUAGES},
        points=points,
        places=ranks[0] - ranks[1],
        before=ranks[0],
        after=ranks[1],
        ups=names(order.index[::-1][:most][order[::-1][:most] > 5e-4], node),
        downs=names(order.index[:most][order[:most] < -5e-4], node),
        passed=names(moves.loc[moves["places"].gt(0), "rival"], labels.unit),
        passed_by=names(moves.loc[moves["places"].lt(0), "rival"], labels.unit),
        own=float(moves["own"].sum()),
        theirs=float(moves["theirs"].sum()),
    )
    return {"unit": unit, "points": points, "places": ranks[0] - ranks[1], **said}
