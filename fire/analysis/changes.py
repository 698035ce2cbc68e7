"""Why scores and ranks moved: from year to year, from edition to edition.

    >>> import fire
    >>> index = fire.load(2022).index
    >>> parts = attribution(index, 2020, 2021)            # unit, factor, indicator, points
    >>> moved = compare(State(index, 2020), State(index, 2021))
    >>> bool(abs(parts.groupby("unit")["points"].sum() - moved["score_change"]).max() < 1e-12)
    True

A change between two states is shared among six factors by the Shapley value (Shapley 1953): all coalitions are
computed, so the parts add up exactly. Inside a factor the parts are additive over the indicators. A change of rank is
the sum of the competitors that were passed; each passing is shared along the straight line between the two states
(Aumann and Shapley 1974), where an indicator counts by its part in closing the gap.
"""

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from fire.analysis import drawn, montecarlo
from fire.errors import refuse
from fire.index import aggregate, arguments, normalise, rounding, score, transforms, treat
from fire.index import panel as panels
from fire.index.index import Index, same
from fire.index.spec import Spec
from fire.index.spec_faults import METHODS, OF_NODE

FACTORS = ["performance", "revision", "weights", "posts", "cities", "framework"]
NOT_METHOD = ["weight", "posts", "level", "label_zh", "label_en", "unit", "unit_zh", "unit_en"]
ON_SCALE = [  # a post means nothing under another of these
    "transform",
    "power",
    "rate",
    "centre",
    "ideal",
    "normalise",
    "treat",
    "denominator",
    "factor",
]
ROSTER = "roster"  # the column of `rank_indicators` that is no indicator
EXACT = 1e-12  # what parts and change may differ by
TOLD = 1e-6  # points: what is less is no difference (locks hold as many decimals)
SHOWN = 5e-4  # points below which an indicator is not named


@dataclass(frozen=True)
class State:
    """An Index, and the year of it that is ranked. Its posts, settled weights and groups are those in force."""

    index: Index
    year: int


def attribution(index: Index, before: int, after: int) -> pd.DataFrame:
    """What moved the scores of one index from year to year: as `decompose`."""
    return decompose(State(index, before), State(index, after))


def decompose(before: State, after: State) -> pd.DataFrame:
    """Every unit's change of score by factor and indicator: columns unit, factor, indicator, points.

    Over factors and indicators the points of a unit that is in both states add up to its change of score (to 1e-12).
    Means of logarithms or reciprocals are shared on that scale and brought to points by the logarithmic (or matching)
    mean. Where a state is no tree of one such mean (`drawn.linked_mean`), as with mixed aggregations, ranks or rounding
    on the way up or a node in two places, `indicator` is the root: only factors are told apart. Raises InputError for a
    year that an index does not have, and as `_pair` does.
    """
    pair = _pair(before, after)
    first, last, parts = _shapley_frames(pair, _contributions)
    link = montecarlo.LINKS[pair.way or "arithmetic"][1]
    old, new = first.sum(axis=1), last.sum(axis=1)
    scale = ((link(new) - link(old)) / (new - old)).where((new - old).abs() > 1e-12, 1.0)
    table = pd.concat(
        {name: part.mul(scale, axis=0).stack() for name, part in parts.items()},
        names=["factor", "unit", "indicator"],
    )
    return table.rename("points").reset_index()[["unit", "factor", "indicator", "points"]]


def explain(before: State, after: State, node: str | None = None) -> pd.DataFrame:
    """Why scores and ranks of `node` (default: the root) differ: columns unit, factor, score_effect, rank_effect
    (positive = moved up).

    Effects are exact Shapley values: those of a unit that is in both states add up to its change of score and of rank.
    Factors that do not differ are left out.
    """
    pair = _pair(_branch(before, node), _branch(after, node))

    def outcome(pair, on):
        scores, ranks, spec = _coalition(pair, on)
        return pd.DataFrame({"score_effect": scores[spec.root], "rank_effect": -ranks.astype(float)})

    parts = _shapley_frames(pair, outcome)[2]
    table = (
        pd.concat({name: parts[name] for name in pair.live}, names=["factor", "unit"]) if pair.live else None
    )
    columns = ["unit", "factor", "score_effect", "rank_effect"]
    return pd.DataFrame(columns=columns) if table is None else table.reset_index()[columns]


def compare(before: State, after: State, node: str | None = None) -> pd.DataFrame:
    """Scores and ranks of a node in both: score_old, score_new, score_change, rank_old, rank_new, rank_change
    (positive = moved up), and note (entered, left). Index unit, best of the new first; `attrs["years"]`: both years."""
    old, new = (
        state.index.of(node or state.index.spec.root, state.year)
        .set_index("unit")[["score", "rank"]]
        .dropna()
        for state in (before, after)
    )
    table = old.add_suffix("_old").join(new.add_suffix("_new"), how="outer")
    table["score_change"] = table["score_new"] - table["score_old"]
    table["rank_change"] = table["rank_old"] - table["rank_new"]
    table["note"] = np.select([table["score_old"].isna(), table["score_new"].isna()], ["entered", "left"], "")
    order = ["score_old", "score_new", "score_change", "rank_old", "rank_new", "rank_change", "note"]
    table = table[order].sort_values(["rank_new", "rank_old"])
    table.attrs["years"] = before.year, after.year
    return table


# Ranks ----------------------------------------------------------------------------------------------------------------


def rivals(before: State, after: State) -> pd.DataFrame:
    """The competitors behind every change of rank: unit, rival, places, own, theirs.

    `places` is +1 for a rival that the unit passed and -1 for one that passed it; a rival that left or joined counts
    too. `own` and `theirs` share the place between the unit's own change and the rival's; places add up to the rank
    change.
    """
    flips, moved, _ = _passings(_pair(before, after))
    total = moved.sum(axis=1)
    passed = [(*key, places) for key, places in flips.stack().items() if places]
    rows = [
        (unit, rival, places, *_shared(places, total[unit], total[rival]))
        for unit, rival, places in passed
        if rival in moved.index
    ]
    rows += [
        (unit, rival, places, 0.0, float(places))
        for unit, rival, places in passed
        if rival not in moved.index
    ]
    return pd.DataFrame(rows, columns=["unit", "rival", "places", "own", "theirs"])


def rank_indicators(before: State, after: State) -> pd.DataFrame:
    """Every unit's change of rank by indicator: unit × indicator, and `roster` for cities that joined or left; adds
    up exactly.
    """
    pair = _pair(before, after)
    named = [f"an indicator has the id '{ROSTER}', the name of another column: rename it"]
    refuse("ranks by indicator", named * any(ROSTER in spec.indicators for spec in pair.own))
    flips, moved, units = _passings(pair)
    within = flips.reindex(columns=units).to_numpy(float)
    total = moved.sum(axis=1).to_numpy()
    gap = total[:, None] - total[None, :]
    ratio = np.divide(within, gap, out=np.zeros_like(within), where=gap != 0)
    parts = moved.to_numpy() * ratio.sum(axis=1)[:, None] - ratio @ moved.to_numpy()
    table = pd.DataFrame(parts, index=units, columns=moved.columns)
    left_over = np.where(gap == 0, within, 0).sum(axis=1)
    return table.assign(**{ROSTER: flips.drop(columns=units).sum(axis=1).to_numpy() + left_over})


def _shared(places: int, own: float, theirs: float) -> tuple[float, float]:
    """A place shared between two changes that closed (or opened) the gap; in halves when rounding alone made it."""
    gap = own - theirs
    return (places * own / gap, -places * theirs / gap) if gap else (places / 2, places / 2)


def _passings(pair: "_Pair") -> tuple[pd.DataFrame, pd.DataFrame, list]:
    """Who passed whom (unit × rival: +1 = the unit got ahead or level), changes by indicator on the linked scale, the
    units.
    """
    states = frozenset(), frozenset(pair.live)
    ranks = [_coalition(pair, on)[1].astype(int) for on in states]
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
    parts = [_contributions(pair, on) for on in states]
    columns = sorted(set(parts[0]) | set(parts[1]))
    old, new = (part.reindex(index=units, columns=columns).fillna(0.0) for part in parts)
    return ahead[0].astype(int) - ahead[1].astype(int), new - old, units


# For sentences and figures --------------------------------------------------------------------------------------------


def lead(index: Index, moved: pd.DataFrame, parts: pd.DataFrame) -> dict:
    """Values of the sentences on a change (frames of `compare` and `decompose`).

    live, still (factors with a part, factors that did not change), roster (units that joined or left), up, down (units whose
    score rose, fell), pillar and share (of all gains, in per cent), first, points (largest change of score), last,
    least (smallest), climbers (all units with the largest change of rank), places (that change of the first of them).
    """
    nobody = ["no unit has a score in both: compare two years or editions that share units"]
    refuse("changes", nobody * (not moved["note"].eq("").any()))
    by, pillars = by_factor(parts).abs().sum(), by_pillar(index, parts)
    gains, change = pillars.clip(lower=0).sum(), moved["score_change"].dropna().sort_index()
    places = moved["rank_change"].dropna().sort_index().astype(int)
    first, climbers = change.abs().idxmax(), list(places.index[places.abs().eq(places.abs().max())])
    roster = sorted(moved.index[moved["note"].ne("")])
    return {
        "live": list(by.index[by > 0]),
        "still": [name for name in by.index[by == 0] if name != "cities" or not roster],
        "roster": roster,
        "up": int((change > 0).sum()),
        "down": int((change < 0).sum()),
        "pillar": gains.idxmax(),
        "share": float(100 * gains.max() / (gains.sum() or 1)),
        "first": first,
        "points": float(change[first]),
        "last": change.idxmin(),
        "least": float(change.min()),
        "climbers": climbers,
        "places": int(places[climbers[0]]),
    }


def stories(moved: pd.DataFrame, parts: pd.DataFrame, passed: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """What there is to say of every unit that is in both states, the largest climb first.

    `moved`, `parts`, `passed`: frames of `compare`, `decompose` and `rivals`. Columns unit, points, places (positive =
    moved up), before, after (ranks), ups and downs (the `most` indicators that lifted and dragged), passed and
    passed_by (units), own and theirs (places due to the unit itself and to the others).
    """
    points = parts.groupby(["unit", "indicator"])["points"].sum().unstack()
    rows = []
    for line in moved[moved["note"].eq("")].sort_index().itertuples():
        order, rivals = points.loc[line.Index].dropna().sort_values(), passed[passed["unit"].eq(line.Index)]
        rows.append(
            {
                "unit": line.Index,
                "points": float(order.sum()),
                "places": int(line.rank_change),
                "before": int(line.rank_old),
                "after": int(line.rank_new),
                "ups": [name for name in order.index[::-1][:most] if order[name] > SHOWN],
                "downs": [name for name in order.index[:most] if order[name] < -SHOWN],
                "passed": list(rivals.loc[rivals["places"].gt(0), "rival"]),
                "passed_by": list(rivals.loc[rivals["places"].lt(0), "rival"]),
                "own": float(rivals["own"].sum()),
                "theirs": float(rivals["theirs"].sum()),
            }
        )
    return pd.DataFrame(rows).sort_values("places", ascending=False, kind="stable", ignore_index=True)


def unobserved(index: Index) -> list:
    """The indicators of an index some of whose cells are neither observed nor printed, in the order of the specification."""
    cells = index.panel[~index.panel["status"].isin(["observed", "printed"])]
    return [name for name in index.spec.indicators if name in set(cells["indicator"])]


def largest_passings(moved: pd.DataFrame, passed: pd.DataFrame, most: int = 10) -> pd.DataFrame:
    """The rivals (frame of `rivals`) of the units whose rank moved most, those units in order."""
    order = moved["rank_change"].dropna().sort_index().abs().sort_values(ascending=False, kind="stable")
    place = {unit: position for position, unit in enumerate(order.index[:most])}
    kept = passed[passed["unit"].isin(place)]
    return kept.sort_values("unit", key=lambda units: units.map(place), kind="stable", ignore_index=True)


def steps(parts: pd.DataFrame, moved: pd.DataFrame, units: list, most: int = 5) -> pd.DataFrame:
    """The way of some units from one score to the other: columns unit, indicator, points, start (score before).

    The `most` largest indicators of each in order, then the others together (indicator missing). `moved`, `parts`:
    frames of `compare` and `decompose`; `attrs["years"]` as in `moved`.
    """
    rows = []
    for unit in units:
        points = parts[parts["unit"].eq(unit)].groupby("indicator")["points"].sum()
        points = points[points.abs().sort_values(ascending=False, kind="stable").index]
        rest = {None: points.iloc[most:].sum()} if len(points) > most else {}
        rows += [
            (unit, *one, moved.at[unit, "score_old"]) for one in (points.head(most).to_dict() | rest).items()
        ]
    table = pd.DataFrame(rows, columns=["unit", "indicator", "points", "start"])
    table.attrs["years"] = moved.attrs["years"]
    return table


def by_pillar(index: Index, parts: pd.DataFrame) -> pd.DataFrame:
    """Parts of `decompose` by pillar: units × pillars, in points."""
    table = parts.assign(pillar=parts["indicator"].map(index.pillar).fillna(index.spec.root))
    table = table.pivot_table(index="unit", columns="pillar", values="points", aggfunc="sum")
    return table.reindex(columns=[one for one in [*index.spec.pillars, index.spec.root] if one in table])


def by_factor(parts: pd.DataFrame) -> pd.DataFrame:
    """Parts of `decompose` by factor: units × factors, in points."""
    return parts.pivot_table(index="unit", columns="factor", values="points", aggfunc="sum")[FACTORS]


# An exercise ----------------------------------------------------------------------------------------------------------


def exercise(
    index: Index, heavier: str, dropped: str, revised: str, more: float = 0.05, factor: float = 1.02
) -> dict:
    """What a made-up next edition would change for the unit that moved most, as values of a sentence.

    The weight of pillar `heavier` rises by `more`, indicator `dropped` goes, the data of `revised` are multiplied by
    `factor`; posts are set anew where the panel holds their year. For a name that the index lacks: its lightest pillar;
    its lightest and its heaviest indicator. Returns heavier, old, new (weights in per cent), dropped, revised, anew (new posts), unit, points and the parts by factor.
    """
    alone = ["the index is one indicator: an exercise needs several"]
    refuse("exercise", alone * (len(index.spec.indicators) < 2))
    weight, leaves = index.weight_in_index, index.spec.indicators
    heavier = heavier if heavier in index.spec.pillars else weight[index.spec.pillars].idxmin()
    dropped = dropped if dropped in leaves else weight[leaves].idxmin()
    revised = revised if revised in leaves else weight[leaves].idxmax()
    new, cells = float(weight[heavier]) + more, index.panel.copy()
    cells.loc[cells["indicator"].eq(revised), "value"] *= factor
    anew = index.spec.method["base_year"] in index.years
    later = index.thaw() if anew else index
    later = later.vary(weights={heavier: new}).drop(dropped).revise(cells)
    year = index.year if index.before is None else index.before
    before, after = State(index, year), State(later, index.year)
    unit = compare(State(index, year), State(index, index.year))["score_change"].abs().idxmax()
    parts = by_factor(decompose(before, after)).loc[unit]
    return {
        "heavier": heavier,
        "old": 100 * float(weight[heavier]),
        "new": 100 * new,
        "dropped": dropped,
        "revised": revised,
        "anew": anew,
        "unit": unit,
        "points": float(parts.sum()),
        **parts.to_dict(),
    }


# Differences of data and method ---------------------------------------------------------------------------------------


def data(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Cells that differ between two panels: columns unit, year, indicator, edit (added, removed, revised,
    relabelled: another status), value_old, value_new, change_pct, status_old, status_new."""
    both = old[[*panels.KEY, "value", "status"]].merge(
        new[[*panels.KEY, "value", "status"]],
        on=panels.KEY,
        how="outer",
        suffixes=("_old", "_new"),
        indicator=True,
    )
    before, after = both["value_old"], both["value_new"]
    alike = before.eq(after) | before.isna() & after.isna()
    kind = both["_merge"].astype(str).map({"left_only": "removed", "right_only": "added"})
    kind = kind.mask(both["_merge"].eq("both") & ~alike, "revised")
    kind = kind.mask(
        both["_merge"].eq("both") & alike & both["status_old"].ne(both["status_new"]), "relabelled"
    )
    table = both.assign(edit=kind, change_pct=100 * (after / before.where(before != 0) - 1)).drop(
        columns="_merge"
    )
    order = [*panels.KEY, "edit", "value_old", "value_new", "change_pct", "status_old", "status_new"]
    return table.dropna(subset="edit")[order].reset_index(drop=True)


def method(old, new) -> pd.DataFrame:
    """Choices that differ between two specifications: columns node, choice, old, new ("" is the whole index, with
    the nodes that follow it)."""
    lines = [
        ("", name, old.method.get(name), new.method.get(name))
        for name in METHODS
        if old.method.get(name) != new.method.get(name)
    ]
    for node in dict.fromkeys([*old.rules, *new.rules]):
        if node not in old.rules or node not in new.rules:
            lines.append(
                (node, "node", *("present" if node in spec.rules else "absent" for spec in (old, new)))
            )
            continue
        for name in ["parent", "weight", *METHODS, *OF_NODE]:
            pair, index = (
                [rules.get(name) for rules in both]
                for both in ((old.rules[node], new.rules[node]), (old.method, new.method))
            )
            if pair[0] != pair[1] and pair != index and not all(pd.isna(one) is True for one in pair):
                lines.append((node, name, *pair))
    return pd.DataFrame(lines, columns=["node", "choice", "old", "new"])


# Edition against edition ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """What is on record of a ranking whose index cannot be built again: its scores (unit, year, node, score, rank) and,
    where kept, the weight of every node in its parent and the posts (as `Index.posts`)."""

    scores: pd.DataFrame
    year: int
    weights: pd.Series | None = None
    posts: pd.DataFrame | None = None


def difference(old, new) -> dict[str, pd.DataFrame]:
    """What differs between two editions, or two states of one, as frames that hold only what differs.

    `old`, `new`: State or Edition (what has an `index` and a `year`); `old` may be a Record.

    scores    the year that each ranks: unit, node, score_old, score_new, score_change, rank_old, rank_new, rank_change, note
    history   the same for a year that both hold: unit, year, node, …
    weights   node, weight_old, weight_new (in the parent)
    posts     indicator, low_old, low_new, high_old, high_new (in the unit of the indicator)
    places    unit, note (entered, left, moved), region_old, region_new
    data      as the function, of the years that both hold
    method    as the function, weights apart
    factors   as `explain`, under the heading cause
    parts     as `decompose`, under the heading cause

    The last four need the data of both: a Record has none. A frame that cannot be had is not there.
    """
    order = new.index.spec.walk()
    frames = {
        "scores": _scores_apart(_scored(old), _scored(new), order, old.year, new.year),
        "history": _scores_apart(_scored(old), _scored(new), order),
        "places": _places_apart(old, new),
    }
    for name, key in (("weights", "node"), ("posts", "indicator")):
        if not isinstance(old, Record) or getattr(old, name) is not None:
            frames[name] = _apart(_kept(old, new, name), _kept(new, new, name), key)
    if not isinstance(old, Record):
        methods = method(old.index.spec, new.index.spec)
        both = set(old.index.years) & set(new.index.years)
        frames["data"] = data(*(one.index.panel[one.index.panel["year"].isin(both)] for one in (old, new)))
        frames["method"] = methods[methods["choice"].ne("weight")].reset_index(drop=True)
        frames["factors"] = explain(old, new).rename(columns={"factor": "cause"})
        parts = decompose(old, new).rename(columns={"factor": "cause"})
        frames["parts"] = parts[parts["points"].abs() > TOLD].reset_index(drop=True)
    return frames


def _kept(side, new, name: str) -> pd.DataFrame:
    """Weights or posts (low and high, in the unit of the indicator, or as transformed where there is no way back; those
    of each year by themselves: of the last) of a state or record; a record is read by the methods of `new`."""
    table = getattr(side, name) if isinstance(side, Record) else getattr(side.index, name)
    if name == "weights":
        return table.rename("weight").to_frame()
    rules = (new if isinstance(side, Record) else side).index.spec.rules
    table = table if table.index.nlevels == 1 else table.groupby(level="indicator", sort=False).last()
    table = table.loc[[one for one in table.index if one in rules], ["low", "high"]].astype(float)
    for one in table.index:
        kind = transforms.kind_of(rules[one])
        if transforms.TRANSFORMS[kind if isinstance(kind, str) else kind[0]].back is not None:
            table.loc[one] = transforms.back(table.loc[one].to_numpy(), kind)
    return table


def _scored(side: State | Record) -> pd.DataFrame:
    scores = side.scores if isinstance(side, Record) else side.index.scores()
    return scores.astype({"unit": str, "node": str}).dropna(subset="score")[
        ["unit", "year", "node", "score", "rank"]
    ]


def _scores_apart(old: pd.DataFrame, new: pd.DataFrame, nodes: list, *years: int) -> pd.DataFrame:
    """Scores and ranks that differ, of a year of each (`years`) or of all years that both have; in the order of `nodes`
    (others last), the best first."""
    keys = ["unit", "node"] if years else ["unit", "year", "node"]
    if years:
        old, new = (
            side[side["year"].eq(year)].drop(columns="year")
            for side, year in zip((old, new), years, strict=True)
        )
    else:
        both = set(old["year"]) & set(new["year"])
        old, new = (side[side["year"].isin(both)] for side in (old, new))
    table = old.merge(new, on=keys, how="outer", suffixes=("_old", "_new"))
    table["score_change"] = table["score_new"] - table["score_old"]
    table["rank_change"] = table["rank_old"] - table["rank_new"]
    table["note"] = np.select([table["score_old"].isna(), table["score_new"].isna()], ["entered", "left"], "")
    order = ["score_old", "score_new", "score_change", "rank_old", "rank_new", "rank_change", "note"]
    told = (
        table["score_change"].abs().gt(TOLD) | table["rank_change"].ne(0).fillna(True) | table["note"].ne("")
    )
    table = table.loc[told, [*keys, *order]]
    place = {node: row for row, node in enumerate(dict.fromkeys([*nodes, *table["node"]]))}
    table = table.assign(_place=table["node"].map(place))
    by = [*keys[1:-1], "_place", "rank_new", "rank_old"]
    return table.sort_values(by, ignore_index=True).drop(columns="_place")


def _apart(old: pd.DataFrame, new: pd.DataFrame, key: str) -> pd.DataFrame:
    """Rows of two numeric tables that differ, the columns of both beside each other."""
    old, new = old.astype(float), new.astype(float)
    index = [*new.index, *old.index.difference(new.index, sort=False)]
    old, new = old.reindex(index), new.reindex(index)
    told = ~np.isclose(old, new, rtol=1e-9, atol=1e-12, equal_nan=True).all(axis=1)
    pairs = {f"{name}_{end}": side[name] for name in old for end, side in (("old", old), ("new", new))}
    return pd.DataFrame(pairs)[told].rename_axis(key).reset_index()


def _places_apart(old: State | Record, new: State) -> pd.DataFrame:
    """Units that joined, left or moved to another region."""
    units = [
        set(side[side["year"].eq(year)]["unit"])
        for side, year in ((_scored(old), old.year), (_scored(new), new.year))
    ]
    groups = [
        pd.Series(dtype=object)
        if isinstance(side, Record) or side.index.groups is None
        else side.index.groups
        for side in (old, new)
    ]
    rows = [
        (unit, "left" if unit in units[0] else "entered", groups[0].get(unit), groups[1].get(unit))
        for unit in sorted(units[0] ^ units[1])
    ]
    rows += [
        (unit, "moved", groups[0].get(unit), groups[1].get(unit))
        for unit in sorted(units[0] & units[1])
        if len(groups[0]) and groups[0].get(unit) != groups[1].get(unit)
    ]
    return pd.DataFrame(rows, columns=["unit", "note", "region_old", "region_new"])


# Two states side by side ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """Two states side by side; in every pair of places 0 is before and 1 is after."""

    states: tuple
    own: tuple  # the specification of each state, weights settled
    live: list  # factors that differ
    specs: dict  # (framework, weights) → specification
    posts: dict  # (posts, framework) → posts in force
    values: dict  # (performance, revision, framework) → values as they enter normalisation, unit × indicator
    rosters: tuple
    groups: tuple  # of the units, in each state; those that it lacks as in the other
    way: str | None  # the mean that both take at all nodes (`drawn.linked_mean`), or None


def _pair(before: State, after: State) -> _Pair:
    """InputError for a year that an index does not have, and for ranks over all years where several factors change: with
    only some of them changed there is but one year to rank in."""
    states = before, after
    refuse("changes", [fault for one in states for fault in arguments.of_year(one.year, one.index.years)[1]])
    own = tuple(settled(state.index) for state in states)
    specs = {(tree, kind): _with_weights(own[tree], own[kind]) for tree in (0, 1) for kind in (0, 1)}
    posts, rosters = _posts(states, own), tuple(_roster(state) for state in states)
    framework = _framework(own[0]) != _framework(own[1])
    values, both = _values(states, own, framework), rosters[0].intersection(rosters[1])
    groups = _groups(states)
    changed = {
        "performance": before.year != after.year,
        "revision": any(
            not values[0, 0, tree].loc[both].equals(values[0, 1, tree].loc[both]) for tree in (0, 1)
        ),
        "weights": _others(specs[1, 0].nodes["weight"], specs[1, 1].nodes["weight"]),
        "posts": any(not posts[0, tree].round(12).equals(posts[1, tree].round(12)) for tree in (0, 1)),
        "cities": set(rosters[0]) != set(rosters[1]) or _regrouped(own, groups, both),
        "framework": framework,
    }
    ways = {
        drawn.linked_mean(spec, spec.root, _gaps(state, spec))
        for state, spec in zip(states, own, strict=True)
    }
    live = [name for name in FACTORS if changed[name]]
    ranked = [
        f'{node}: normalise = "{rule["normalise"]}" ranks inside all years at once, and {" and ".join(live)} cannot be '
        'told apart: set reference = "year"'
        for node, rule in (own[0].rules | own[1].rules).items()
        if rule["normalise"] in normalise.RANKS and rule["reference"] == "pooled"
    ]
    refuse("changes", ranked * (len(live) > 1))
    way = ways.pop() if len(ways) == 1 else None
    return _Pair(states, own, live, specs, posts, values, rosters, groups, way)


def _gaps(state: State, spec) -> bool:
    """Does a unit that is ranked lack an indicator of the index?"""
    table = state.index.steps().normalised.xs(state.year)[spec.leaves(spec.root)]
    return bool(table.loc[_roster(state)].isna().any(axis=None))


def _groups(states: tuple) -> tuple:
    """The group of every unit in each state; of a unit that a state lacks, that of the other."""
    old, new = (state.index.groups for state in states)
    if old is None or new is None:
        both = new if old is None else old
        return both, both
    return old.combine_first(new), new.combine_first(old)


def _regrouped(own: tuple, groups: tuple, units: pd.Index) -> bool:
    """Did a unit move to another group, where what lies above the indicators depends on groups?"""
    grouped = any(
        spec.group_weights or any(str(rule["missing"]).startswith("group_") for rule in spec.rules.values())
        for spec in own
    )
    return grouped and groups[0] is not None and not groups[0].reindex(units).equals(groups[1].reindex(units))


def _branch(state: State, node: str | None) -> State:
    return state if node is None else State(state.index.branch(node), state.year)


def settled(index: Index) -> Spec:
    """The specification with the weights in use: those that the data give are as if given."""
    spec = index.spec
    derived = [node for node in spec.families if spec.rules[node]["weighting"] != "given"]
    weights = {child: index.weights[child] for node in derived for child in spec.families[node]}
    return spec.vary(*derived, weighting="given").vary(weights=weights) if derived else spec


def _with_weights(spec, donor):
    """`spec` with the weights of `donor` among the children of a node that both have; what other children count, the
    framework says."""
    new = spec.nodes["weight"].copy()
    for node, family in spec.families.items():
        shared = [child for child in family if child in donor.families.get(node, [])]
        theirs = donor.nodes.loc[shared, "weight"]
        if theirs.sum() > 0:
            new[shared] = theirs / theirs.sum() * new[shared].sum()
    below = new[spec.nodes["parent"].notna()]
    return spec.vary(weights=below.to_dict()) if _others(new, spec.nodes["weight"]) else spec


def _others(new: pd.Series, old: pd.Series) -> bool:
    return not np.allclose(new, old, rtol=0, atol=1e-14)


def _framework(spec) -> tuple:
    """What is neither weight nor post: the tree and every method, as comparable text."""
    columns = [name for name in spec.nodes if name not in NOT_METHOD and not name.endswith("_basis")]
    methods = {name: value for name, value in spec.method.items() if name != "base_year"}
    return str(spec.nodes[columns].to_dict("index")), str(methods), str(spec.group_weights)


def _roster(state: State) -> pd.Index:
    """The units that are ranked."""
    return pd.Index(state.index.of(year=state.year).dropna(subset="score")["unit"].astype(str)).sort_values()


def _posts(states: tuple, own: tuple) -> dict:
    """Posts of every coalition: (posts, framework) → posts of the nodes of that framework that have some.

    Posts of a node that is new, or that is measured on another scale, come with the framework.
    """
    tables = [state.index.posts for state in states]
    tables = [
        table.xs(state.year) if table.index.nlevels == 2 else table
        for table, state in zip(tables, states, strict=True)
    ]
    columns = max((list(table) for table in tables), key=len)
    tables = [table.reindex(columns=columns) for table in tables]
    shared = [
        name
        for name in tables[0].index.intersection(tables[1].index, sort=False)
        if name in own[0].rules
        and name in own[1].rules
        and all(same(own[0].rules[name][key], own[1].rules[name][key]) for key in ON_SCALE)
    ]
    posts = {}
    for tree in (0, 1):
        for kind in (0, 1):
            posts[kind, tree] = (
                tables[tree].loc[[name in own[tree].rules for name in tables[tree].index]].copy()
            )
            posts[kind, tree].loc[shared] = tables[kind].loc[shared]
    return posts


def _values(states: tuple, own: tuple, framework: bool) -> dict:
    """Values of every coalition, as they enter normalisation: (performance, revision, framework) → unit × indicator.

    A revision is what the new panel says differently about the old year. What a panel lacks (a new city's past, a new
    indicator) is taken from the other.
    """
    (before, after), tables = states, {}
    for tree in (0, 1):
        old, new = (
            state.index.steps().treated if tree == side or not framework else _treated(own[tree], state.index)
            for side, state in enumerate(states)
        )
        old, revised, new = (
            table[table.index.get_level_values("year") == year].droplevel("year")
            for table, year in ((old, before.year), (new, before.year), (new, after.year))
        )
        old, revised = _filled(old, revised), _filled(revised, old)
        undone = new - (revised - old).reindex_like(new).fillna(0.0)
        for key, table in {(0, 0): old, (0, 1): revised, (1, 0): undone, (1, 1): new}.items():
            tables[*key, tree] = _filled(_filled(table, new), old)
    return tables


def _treated(spec, index: Index) -> pd.DataFrame:
    """The data of an index under another framework, up to normalisation, for the indicators that they hold."""
    cells = index.complete()
    held = set(cells.dropna(subset="value")["indicator"])
    lacking = [
        name for name in spec.indicators if not {name, spec.rules[name]["denominator"] or name} <= held
    ]
    spec = spec.drop(*lacking) if lacking else spec
    raw, status = panels.wide(cells, spec.series)
    table = score.completed(spec, raw, status, index.groups)[-1]
    return treat.treat(normalise.transform(table, spec), spec)[0]


def _filled(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """A table with the rows and columns that it lacks taken from another; its missing cells stay missing."""
    rows = table.index[table.notna().any(axis=1)]
    columns = table.columns[table.notna().any()]
    whole = other.reindex(
        index=table.index.union(other.index), columns=[*table, *other.columns.difference(table.columns)]
    )
    whole.loc[rows, columns] = table.loc[rows, columns]
    return whole


# One coalition --------------------------------------------------------------------------------------------------------


def _coalition(pair: _Pair, on: frozenset) -> tuple[pd.DataFrame, pd.Series, Spec]:
    """Scores (unit × node), ranks and specification with the factors in `on` as after the change, the others as
    before. With none and with all on they are those of the two states themselves.
    """
    ends = {frozenset(pair.live): 1, frozenset(): 0}
    if on in ends:
        state, spec = pair.states[ends[on]], pair.own[ends[on]]
        scores = state.index.steps().scores.xs(state.year).loc[pair.rosters[ends[on]]]
    else:
        tree, units = "framework" in on, pair.rosters["cities" in on]
        spec, year = pair.specs[tree, "weights" in on], pair.states["performance" in on].year
        table = pair.values["performance" in on, "revision" in on, tree].loc[units, spec.indicators]
        table.index = pd.MultiIndex.from_product([[year], units], names=["year", "unit"])
        posts, groups = pair.posts["posts" in on, tree], pair.groups["cities" in on]
        scores = normalise.normalise(table, spec, posts)
        scores = aggregate.aggregate(scores, spec, posts=posts, groups=groups)[0].droplevel("year")
    sign = -1 if spec.method["best"] == "low" else 1
    ranks = rounding.ranks(sign * scores[[spec.root]].to_numpy())[:, 0]
    return scores, pd.Series(ranks, index=scores.index), spec


def _contributions(pair: _Pair, on: frozenset) -> pd.DataFrame:
    """Linked parts of the index (unit × indicator) whose sums are its linked score; one column where the tree is not of
    one mean.
    """
    scores, _, spec = _coalition(pair, on)
    if pair.way is None:
        return scores[[spec.root]]
    below = set(spec.leaves(spec.root))
    leaves = [leaf for leaf in spec.indicators if leaf in below]
    linked = montecarlo.LINKS[pair.way][0](scores[leaves].to_numpy(float))
    return pd.DataFrame(montecarlo.weighted(spec, spec.root, linked), scores.index, leaves)


def _shapley_frames(pair: _Pair, value) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
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
