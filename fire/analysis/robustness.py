"""How sure is a rank: Monte-Carlo over the declared alternatives of an index, on the whole panel.

Every draw is a complete index: weights at all levels, one set of methods (normalisation, treatment, imputation,
scale, posts, as declared), an aggregation, perhaps one indicator left out, perhaps errors in the data, and, where
cells are not known, one of their draws (`Index.completions`). What does not
depend on the weights is computed once for each combination of methods. Where one linked mean holds at all levels
(`drawn.linked_mean`) a draw is then a row of a matrix product (`montecarlo`), else it goes through the engine (`drawn`).
Probabilities are published to three decimals. A unit without
any data in a year (a city that joined) is not ranked in it and has no growth over it.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fire.analysis import drawn
from fire.analysis.alternatives import (
    NUMBERS,
    PUBLISHED,
    Alternatives,
    check,
    declared,
    deviations,
    ends,
    per_level,
    whole,
)
from fire.analysis.describe import no_index, no_number
from fire.analysis.montecarlo import (
    GROWTH_BINS,
    GROWTH_LOW,
    GROWTH_STEP,
    SCORE_BITS,
    WEIGHT_BITS,
    Design,
    Linked,
    families,
    on_grid,
    patterns,
    simulate,
    tree,
)
from fire.analysis.variants import aggregated, fit, fit_node, gaps_of, shape, variants
from fire.errors import refuse

DRAWS, SEED = 10_000, 2022  # where nothing is declared


@dataclass(frozen=True)
class _Result:
    """Frames of a run: `intervals`, `growth`, `pairs` (P that unit is ahead of other); `ranks` counts (year × unit ×
    rank); `left_out`: alternatives of the standard run that the index does not allow or that change nothing, and why.
    """

    intervals: pd.DataFrame
    growth: pd.DataFrame
    pairs: pd.DataFrame
    ranks: np.ndarray
    draws: int
    left_out: tuple[str, ...] = ()


def standard(index=None) -> dict:
    """The declared alternatives of the standard run, with its draws and seed (data/uncertainty.toml); for an Index those
    that it allows and that change it, the others in `.left_out` with the reason."""
    return declared() if index is None else fit(index, declared())


def settled(index, alternatives: dict | None, node: str | None = None) -> dict:
    """The alternatives of a run for one node: those given, as they are (not yet checked), or (default) the standard ones
    that fit."""
    refuse("index", no_index(index))
    found = standard(index) if alternatives is None else alternatives
    return fit_node(found, index, node or index.spec.root) if isinstance(found, Alternatives) else found


def run(
    index,
    alternatives: dict | None = None,
    draws: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    node: str | None = None,
    groups: pd.Series | None = None,
    top: int = 10,
    progress: bool | None = None,
    found: dict | None = None,
) -> _Result:
    """Monte-Carlo over `alternatives` (default: those of the standard run that the index allows) for `node` (default: the
    root) and every year of the panel of an Index.

    `draws` and `seed`: default those declared with the alternatives. `groups` (unit → group) ranks the means of
    groups, such as regions, instead. Memory does not grow with `draws`. `found` are the `variants` of the same index
    and alternatives, to save time over several nodes.
    Raises InputError for an empty set, a choice that changes nothing, weights that can be negative, fewer than one
    draw, or a geometric mean of scores that are not positive.
    """
    draws = None if draws is None else whole(draws)
    alternatives = settled(index, alternatives, node)
    node = index.spec.root if node is None else node
    design, names = prepare(index, alternatives, seed, node, groups, found)
    draws = whole(alternatives.get("draws", DRAWS)) if draws is None else draws
    tally, told = simulate(design, draws, workers, progress), getattr(alternatives, "left_out", ())
    return _summarise(tally, published(index, node, groups), names, index.years, node, draws, top, told)


def by_node(
    index, alternatives: dict | None = None, nodes: list | None = None, found: dict | None = None, **options
) -> dict[str, _Result]:
    """`run` for the root and the pillars of two indicators or more (or `nodes`), by node; `found` and `options` as those
    of `run`."""
    if options.get("draws") is not None:
        whole(options["draws"])
    alternatives = standard(index) if alternatives is None else alternatives
    found = found or variants(index, alternatives)
    pillars = [node for node in index.spec.pillars if len(index.spec.leaves(node)) > 1]
    return {
        node: run(index, alternatives, node=node, found=found, **options)
        for node in nodes or [index.spec.root, *pillars]
    }


def intervals(index, alternatives: dict | None = None, nodes: list | None = None, **options) -> pd.DataFrame:
    """Rank intervals of the root and the pillars (or `nodes`): unit, year, node, rank, rank_median, rank_low,
    rank_high (5 and 95 per cent), p_top10, group (units of one group cannot be told apart). `attrs["left_out"]`:
    alternatives of the standard run that were left out, and why."""
    runs = by_node(index, alternatives, nodes, **options)
    frame = pd.concat([one.intervals for one in runs.values()], ignore_index=True)
    frame.attrs["left_out"] = list(dict.fromkeys(text for one in runs.values() for text in one.left_out))
    return frame


# Design ---------------------------------------------------------------------------------------------------------------


def prepare(index, alternatives: dict, seed: int | None, node: str, groups=None, found=None) -> tuple:
    """Check the alternatives against the index and turn them into a Design and the names of what is ranked."""
    spec = index.spec
    refuse(
        "node",
        [] if spec.children(node) else [f"'{node}' is an indicator: name the index or a node above it"],
    )
    levels, leaves = tree(spec, node, index.weights)
    places = np.array([place for place, leaf in enumerate(leaves) if leaf in set(spec.indicators)])
    check(alternatives, index, (node, levels, len(places)))
    seed = alternatives.get("seed", SEED) if seed is None else seed
    refuse("seed", no_number("seed", seed, *NUMBERS["seed"], whole=True))
    found = found or variants(index, alternatives)
    bits = min(SCORE_BITS, 62 - WEIGHT_BITS - (len(index.units) - 1).bit_length())
    schemes = _schemes(index, alternatives, found, node, levels, leaves, bits)
    first = next(iter(found.values())).matrix[:, [spec.indicators.index(leaves[place]) for place in places]]
    absent = np.isnan(first).all(axis=1).reshape(len(index.years), -1)
    names, membership = list(index.units), None
    if groups is not None:
        names, membership = _members(pd.Series(groups).reindex(index.units), ~absent)
    chunk = max(64, min(2048, 2**20 // (len(index.units) * len(index.years) + len(leaves)) // 64 * 64))
    return Design(
        levels,
        schemes,
        absent,
        patterns(first),
        _given_weights(alternatives.get("weights"), spec, node, levels),
        alternatives.get("drop", 0.0),
        alternatives.get("error", {}).get("year_correlation", 0.0),
        membership,
        seed,
        chunk,
        -1.5 * 2.0 ** (bits + WEIGHT_BITS),
        len(index.completions),
        places,
        spec.method["best"] == "low",
    ), names


def _schemes(
    index, alternatives: dict, found: dict, node: str, levels: list, leaves: list, bits: int
) -> list:
    """Each variant under each aggregation: in the kernel where that can give it, else through the engine."""
    share, error = alternatives.get("floor"), alternatives.get("error")
    shares = None if error is None else deviations(error, index)
    pattern, shapes = np.isnan(next(iter(found.values())).matrix), {}
    gaps, ways = gaps_of(pattern), alternatives.get("aggregation", [PUBLISHED])
    schemes: list = []
    faults: list[str] = []
    for (choice, variant), way in itertools.product(found.items(), ways):
        key = (*choice[1:], way)
        if key not in shapes:  # the same in every draw of what is not known
            shapes[key] = shape(variant.spec, way, node, gaps)
        one = aggregated(index, variant, shapes[key], leaves, pattern, share)
        faults += [f"{'/'.join(choice[1:]) or 'published method'}: {fault}" for fault in one.faults]
        if faults:
            continue
        spread = None
        if shares is not None:  # in points of the scale of this variant
            low, high = ends(variant.spec, variant.matrix)
            spread = shares * (high - low)
        if one.mean:
            columns = [one.spec.indicators.index(leaf) for leaf in leaves]
            variance = None if spread is None else spread[:, columns] ** 2
            schemes.append(on_grid(one.matrix[:, columns], variance, one.mean, bits))
        else:
            schemes.append((one.spec, one.matrix, one.weights, one.floor, spread, variant))
    refuse("alternatives", list(dict.fromkeys(faults)))
    return _through_engine(schemes, index, alternatives, node, levels, leaves)


def _through_engine(schemes: list, index, alternatives: dict, node: str, levels: list, leaves: list) -> list:
    """The schemes, those that are not in the kernel as `drawn.Scheme`."""
    if all(isinstance(scheme, Linked) for scheme in schemes):
        return schemes
    own = [leaf for leaf in leaves if leaf in set(index.spec.indicators)]
    kept = drawn.without(index.spec, own) if "drop" in alternatives else {}
    given, rows = "sets" in alternatives.get("weights", {}), index.steps().raw.index
    found = families(index.spec, node)
    return [
        scheme
        if isinstance(scheme, Linked)
        else drawn.scheme(
            *scheme, node=node, index=rows, levels=levels, families=found, kept=kept, given=given
        )
        for scheme in schemes
    ]


def _members(groups: pd.Series, present: np.ndarray) -> tuple[list, np.ndarray]:
    """Names of the groups, and the share of every unit in the mean of its group (years × units × groups)."""
    table = pd.get_dummies(groups).astype(float)
    share = present[:, :, None] * table.to_numpy()[None]
    total = share.sum(axis=1, keepdims=True)
    return list(table.columns), np.divide(share, total, out=np.zeros_like(share), where=total > 0)


def _given_weights(weights: dict | None, spec, node: str, levels: list) -> dict:
    """Weights as declared, for each level; sets become arrays (node × set)."""
    if not weights or "sets" not in weights:
        return per_level(weights, levels)
    sets = weights["sets"]
    ones = np.ones(sets.shape[1])
    return {
        "sets": [
            np.array([sets.loc[name] if first else ones for _, name, first in rows], dtype=float)
            for rows in families(spec, node)
        ]
    }


# Results --------------------------------------------------------------------------------------------------------------


def published(index, node: str, groups=None) -> pd.DataFrame:
    """Rank and growth of the published method: columns unit, year, rank, growth_pct."""
    scores = index.scores()
    scores = scores[scores["node"].eq(node)]
    if groups is None:
        return scores[["unit", "year", "rank", "growth_pct"]]
    means = scores.groupby([scores["unit"].map(groups).rename("unit"), "year"])["score"].mean().unstack()
    growth = pd.DataFrame(
        {year: 100 * (means[year] / means[year - 1] - 1) if year - 1 in means else np.nan for year in means},
        index=means.index,
    )
    rank = means.rank(ascending=index.spec.method["best"] == "low", method="min").astype("Int64")
    frame = pd.DataFrame({"rank": rank.stack(), "growth_pct": growth.stack(future_stack=True)})
    return frame.rename_axis(["unit", "year"]).reset_index()


def _summarise(
    tally: dict,
    point: pd.DataFrame,
    names: list,
    years: list,
    node: str,
    draws: int,
    top: int,
    left_out: tuple,
) -> _Result:
    """Turn counts into the published frames; probabilities have three decimals."""
    keys = pd.MultiIndex.from_product([years, names], names=["year", "unit"])
    point = point.set_index(["year", "unit"])
    present = keys.isin(point.dropna(subset="rank").index)
    point = point.reindex(keys)
    ranks = tally["ranks"].reshape(len(keys), -1)
    frame = pd.DataFrame(
        {
            name: _quantile(ranks, q) + 1
            for name, q in [("rank_median", 0.5), ("rank_low", 0.05), ("rank_high", 0.95)]
        },
        index=keys,
    )
    frame.insert(0, "node", node)
    frame.insert(1, "rank", point["rank"])
    frame[f"p_top{top}"] = (ranks[:, :top].sum(axis=1) / draws).round(3)
    used = min(draws, tally["pairs_draws"])
    ahead = (tally["pairs"] / max(used, 1)).round(3)
    frame["group"] = np.concatenate(
        [
            indistinct(ahead[place], frame.loc[year, "rank_median"].to_numpy())
            if used
            else np.zeros(len(names))
            for place, year in enumerate(years)
        ]
    ).astype(int)
    counts = tally["growth"].reshape(-1, GROWTH_BINS + 1)
    growth = pd.DataFrame(
        {
            name: GROWTH_LOW + GROWTH_STEP * (_quantile(counts[:, :-1], q) + 0.5)
            for name, q in [("growth_median", 0.5), ("growth_low", 0.05), ("growth_high", 0.95)]
        },
        index=keys[len(names) :],
    )
    growth = growth.round(2)
    growth.loc[counts[:, -1] == draws] = np.nan
    after = keys[len(names) :].get_level_values("year")
    follows = (
        present[len(names) :]
        & present[: -len(names)]
        & after.isin([year for year in years if year - 1 in years])
    )
    growth.insert(0, "node", node)
    growth.insert(1, "growth_pct", point["growth_pct"].iloc[len(names) :].to_numpy())
    growth["defined"] = (1 - counts[:, -1] / draws).round(3)
    pairs = pd.DataFrame(ahead.reshape(-1, len(names)), index=keys, columns=pd.Index(names, name="other"))
    pairs = pairs[present].stack().rename("p_ahead").reset_index()
    pairs = pairs[pairs["unit"] != pairs["other"]][["unit", "other", "year", "p_ahead"]].assign(node=node)
    first = ["unit", "year", "node"]
    return _Result(
        frame[present].reset_index()[first + [*frame.columns[1:]]],
        growth[follows].reset_index()[first + [*growth.columns[1:]]],
        pairs.reset_index(drop=True) if used else pairs.iloc[:0],
        tally["ranks"],
        draws,
        left_out,
    )


def _quantile(counts: np.ndarray, share: float) -> np.ndarray:
    """The first place of each row of counts at which the cumulated share reaches `share`."""
    cumulated = counts.cumsum(axis=1)
    return (cumulated < share * cumulated[:, -1:]).sum(axis=1).clip(max=counts.shape[1] - 1)


def indistinct(ahead: np.ndarray, order: np.ndarray, sure: float = 0.95) -> np.ndarray:
    """Groups (from 1) that cannot be told apart: a new one starts at the first unit, in the order of the median
    ranks, that the first unit of the running group beats with probability `sure` or more.
    """
    group, leader, number = np.zeros(len(order), int), None, 0
    mean_rank = order + (ahead.sum(axis=0) - ahead.sum(axis=1)) / (2 * len(order))
    for unit in np.argsort(mean_rank, kind="stable"):
        if leader is None or ahead[leader, unit] >= sure:
            leader, number = unit, number + 1
        group[unit] = number
    return group
