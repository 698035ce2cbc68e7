"""From a panel to scores. `compute(spec, panel)` strings the steps together; `steps` keeps what lies between."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fire.errors import InputError, refuse
from fire.index import aggregate, arguments, impute, normalise, rounding, transforms, treat
from fire.index import panel as panels
from fire.index.draws import SEVERAL

MEASURES = ("score", "rank", "growth_pct", "rank_change")
IMPUTED = panels.STATUSES.index("imputed")


@dataclass(frozen=True)
class Steps:
    """What each step of a computation gave: wide tables (rows (year, unit), columns indicators; `scores`: nodes)."""

    raw: pd.DataFrame
    status: np.ndarray  # codes of panel.STATUSES, after imputation, in the shape of `raw`
    denominated: pd.DataFrame
    screened: list  # (year, unit) with too little data to be scored
    imputed: pd.DataFrame
    transformed: pd.DataFrame
    treated: pd.DataFrame
    treatment: pd.DataFrame  # what the outlier treatment did
    posts: pd.DataFrame
    normalised: pd.DataFrame
    scores: pd.DataFrame
    weights: pd.Series  # in the parent, as used
    groups: pd.Series | None  # of each unit, as used


def steps(
    spec, panel: pd.DataFrame, posts: pd.DataFrame | None = None, groups: pd.Series | None = None
) -> Steps:
    """Run every step of `spec` on `panel` and keep what each gave.

    `posts`: frozen posts (as `Steps.posts`) instead of those of the data; `groups`: region or group of each unit, for
    group means. Raises InputError that lists every fault of a step.
    """
    posts, groups, *_ = arguments.understood(spec, panel, posts, groups, what="scores")
    raw, status = panels.wide(panel, spec.series)
    return steps_of(spec, raw, status, None if posts is None else frozen(posts, spec), groups)


def steps_of(spec, raw: pd.DataFrame, status: np.ndarray, posts=None, groups=None) -> Steps:
    """`steps` on a wide table and its status codes (`panel.wide`). `posts` may lack indicators: those take their
    posts from the data, in the first year that has them where the base year is not there."""
    denominated, status, thin, imputed, transformed, treated, treatment, known = _indicators(
        spec, raw, status, posts, groups
    )
    normalised = normalise.normalise(treated, spec, known)
    scores, weights, found = aggregate.aggregate(normalised, spec, posts=posts, groups=groups)
    known = known if found is None else normalise.joined(known, found)
    return Steps(
        raw,
        status,
        denominated,
        list(denominated.index[thin]),
        imputed,
        transformed,
        treated,
        treatment,
        known,
        normalised,
        scores,
        weights,
        groups,
    )


def posts_of(spec, raw: pd.DataFrame, status: np.ndarray, posts=None, groups=None) -> pd.DataFrame:
    """The posts of `steps_of`; without what follows, unless those of inner nodes rest on it."""
    rules = [spec.rules[node] for node in spec.families]
    if any(aggregate.shaped(rule) and normalise.of_data(rule) for rule in rules):
        return steps_of(spec, raw, status, posts, groups).posts
    return _indicators(spec, raw, status, posts, groups)[-1]


def _indicators(spec, raw: pd.DataFrame, status: np.ndarray, posts, groups) -> tuple:
    """Every step before the normalisation."""
    denominated, status, thin, imputed = completed(spec, raw, status, groups)
    transformed = normalise.transform(imputed, spec, posts)
    treated, treatment = treat.treat(transformed, spec)
    known = normalise.posts(treated, spec) if posts is None else _completed(posts, treated, spec)
    known = normalise.with_ideals(known, imputed, spec, posts)
    return denominated, status, thin, imputed, transformed, treated, treatment, known


def completed(spec, raw: pd.DataFrame, status: np.ndarray, groups: pd.Series | None = None) -> tuple:
    """What comes before the transform: indicators over their denominators, their status codes, the rows with too little
    data (a mask), and the indicators with missing cells filled."""
    denominated, status = impute.denominate(raw, status, spec)
    exempt = impute.inapplicable(spec, denominated.index, groups)
    thin = impute.screened(denominated, spec, exempt)
    if thin.any() or exempt is not None:
        gone = np.broadcast_to(thin[:, None], denominated.shape)
        gone = gone if exempt is None else gone | exempt
        denominated, status = denominated.mask(gone), np.where(gone, np.int8(panels.NONE), status)
    imputed, filled = impute.fill(denominated, spec, groups, exempt)
    status = np.where(filled, np.int8(IMPUTED), status) if filled.any() else status
    return denominated, status, thin, imputed


def _completed(posts: pd.DataFrame, treated: pd.DataFrame, spec) -> pd.DataFrame:
    """Frozen posts, and for indicators that they lack those of the data."""
    own = [name for name in spec.indicators if name not in posts.index.get_level_values(-1)]
    if not own:
        return posts.loc[[name in spec.indicators for name in posts.index.get_level_values(-1)]]
    tables, base = {}, spec.method["base_year"]
    for name in own:
        years = set(treated[name].dropna().index.get_level_values("year"))
        tables.setdefault(base if base in years else min(years, default=base), []).append(name)
    parts = [normalise.posts(treated[names], spec, year) for year, names in tables.items()]
    return pd.concat([posts, *parts]).reindex(spec.indicators)


def frozen(posts: pd.DataFrame, spec) -> pd.DataFrame:
    """Check posts handed over: one usable line for every indicator."""
    faults = [
        f"column '{name}' is missing: hand over posts as score.base_posts gives them"
        for name in ("low", "high")
        if name not in posts
    ]
    refuse("posts", faults)
    names = posts.index.get_level_values(-1)
    faults = [
        f"{name}: no posts: add a line, or leave posts out" for name in spec.indicators if name not in names
    ]
    faults += rangeless(posts, spec)
    refuse("posts", faults)
    return normalise.whole(posts)


def rangeless(posts: pd.DataFrame, spec) -> list[str]:
    """Posts that the rule of their node reads and that are missing or have no range, one sentence each."""
    faults = []
    posts = posts[posts.index.get_level_values(-1).isin(spec.nodes.index)]
    for key, line in zip(posts.index, posts.to_dict("records"), strict=True):
        rule = spec.rules[key[-1] if isinstance(key, tuple) else key]
        read = normalise.NORMALISATIONS[rule["normalise"]].reads(rule)
        lost = [name for name in read if pd.isna(line.get(name))]
        if lost:
            faults.append(f'{key}: normalise = "{rule["normalise"]}" reads {", ".join(lost)}: give them too')
        elif {"low", "high"} <= set(read) and not line["low"] < line["high"]:
            faults.append(f"{key}: posts {line['low']} and {line['high']} have no range")
        elif "sd" in read and not line["sd"] > 0:
            faults.append(f"{key}: the standard deviation is {line['sd']}: it must be above zero")
    return faults


def compute(
    spec, panel: pd.DataFrame, posts: pd.DataFrame | None = None, groups: pd.Series | None = None
) -> pd.DataFrame:
    """Scores of every node for every unit and year: the `scores` frame of docs/architecture.md.

    Score and rank (1 = best, ties share the best rank), growth over the year before in per cent (missing where that
    score is not above zero), rank change (positive = moved up), the grade band where the specification has bands, and the
    share of the score by status of its data.
    Growth and rank change compare the same basket (`same_basket`).
    """
    return tidy(spec, steps(spec, panel, posts, groups), panel["unit"].dtype, panel["indicator"].dtype)


def tidy(spec, done: Steps, unit_type="str", node_type="str") -> pd.DataFrame:
    """The results of `steps` as the scores frame: years, then units, then nodes in the order of the specification;
    units and nodes are categories where their types are."""
    years, cube = panels.years_of(done.scores), panels.cube(done.scores)
    there = present(done)
    rows = slice(None) if there.all() else np.repeat(there, cube.shape[2])

    def column(array):
        return array.reshape(-1)[rows]

    rank, missing, growth, change, unchanged = _compared(spec, done)
    frame = {
        "unit": names(done.scores.index.levels[1], 1, cube.shape, unit_type)[rows],
        "year": np.repeat(years, cube[0].size)[rows],
        "node": names(spec.nodes.index, 2, cube.shape, node_type)[rows],
        "score": column(cube),
        "rank": pd.arrays.IntegerArray(column(rank), column(missing)),
        "growth_pct": column(growth),
        "rank_change": pd.arrays.IntegerArray(column(change), column(unchanged)),
    }
    if spec.bands:
        frame["band"] = column(banded(spec, cube))
    frame |= {f"share_{name}": column(share) for name, share in shares(spec, done).items()}
    return pd.DataFrame(frame, copy=False)


def present(done: Steps) -> np.ndarray:
    """Rows (unit-years) with any data: those of the scores frame."""
    return done.raw.notna().to_numpy().any(axis=1)


def measures(spec, done: Steps, nodes: list[str]) -> dict[str, np.ndarray]:
    """The MEASURES of some nodes, in the order of `nodes` within years and units, as flat arrays; missing is NaN."""
    columns = [spec.place[node] for node in nodes]
    rank, missing, growth, change, unchanged = _compared(spec, done, columns)
    cubes = (
        panels.cube(done.scores)[:, :, columns],
        np.where(missing, np.nan, rank),
        growth,
        np.where(unchanged, np.nan, change),
    )
    return {name: cube.reshape(-1) for name, cube in zip(MEASURES, cubes)}


def _compared(spec, done: Steps, columns: list[int] | slice = slice(None)) -> tuple:
    """Rank and where there is none, growth, rank change and where there is none (years × units × nodes)."""
    years, cube = panels.years_of(done.scores), panels.cube(done.scores)[:, :, columns]
    missing, rank = np.isnan(cube), np.empty(cube.shape, dtype=np.int32)
    sign = -1 if spec.method["best"] == "low" else 1
    for place, block in enumerate(cube):
        rank[place] = np.nan_to_num(rounding.ranks(sign * block), nan=1)
    baskets = {
        year: tuple(one[:, columns] for one in parts) for year, parts in same_basket(spec, done).items()
    }
    return rank, missing, *_against_last_year(years, cube, rank, missing, baskets, sign)


def banded(spec, cube: np.ndarray) -> np.ndarray:
    """The grade band of every score (years × units × nodes), in the language of the specification; None for nodes
    without bands and for missing scores."""
    out = np.full(cube.shape, None, dtype=object)
    for node in dict.fromkeys(band["node"] for band in spec.bands):
        own = [band for band in spec.bands if band["node"] == node]
        begins = "from" in own[0]
        said = [band["from"] if begins else band["upto"] for band in own]
        ends = np.array([{"least": -np.inf, "most": np.inf}.get(end, end) for end in said], dtype=float)
        order = np.argsort(ends)
        labels = np.array([None, *(own[at]["label"][spec.lang] for at in order), None], dtype=object)
        x = cube[:, :, spec.place[node]]
        at = np.searchsorted(ends[order], x, side="right") if begins else 1 + np.searchsorted(ends[order], x)
        found = labels[at]
        found[np.isnan(x)] = None
        out[:, :, spec.place[node]] = found
    return out


def same_basket(spec, done: Steps) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What growth compares where an indicator of a unit is there (after the rule for missing cells) in one of two
    years only: by year, the scores (units × nodes) of that year and of the year before over the indicators that are
    there in both, under the same posts and weights, and where they stand for the scores: at the nodes above such an
    indicator. Years whose baskets are all the same are not in it."""
    values, found = done.normalised.to_numpy(), {}
    if not np.isnan(values).any():
        return found
    years, cube = panels.years_of(done.normalised), panels.cube(done.normalised)
    scores, index = panels.cube(done.scores), done.normalised.index
    there = ~np.isnan(cube)
    for place, year in enumerate(years):
        before = np.flatnonzero(years == year - 1)
        if not before.size:
            continue
        pair = [before[0], place]
        apart = _above(spec, there[pair[0]] != there[pair[1]]) & ~np.isnan(scores[pair]).any(axis=0)
        if apart.any():
            both = np.where(there[pair].all(axis=0), cube[pair], np.nan).reshape(-1, cube.shape[2])
            rows = index[np.isin(index.get_level_values("year"), years[pair])]
            table = pd.DataFrame(both, index=rows, columns=done.normalised.columns, copy=False)
            matched = panels.cube(aggregate.aggregate(table, spec, done.weights, done.posts, done.groups)[0])
            ago, now = np.where(apart, matched, scores[pair])
            found[int(year)] = now, ago, apart
    return found


def _above(spec, cells: np.ndarray) -> np.ndarray:
    """Units × nodes: is one of these cells (units × indicators) at or below the node? Where units are compared with each
    other, a cell of one is a cell of all."""
    place = spec.place
    out = np.zeros((len(cells), len(place)), dtype=bool)
    out[:, [place[leaf] for leaf in spec.indicators]] = cells
    for node, children in reversed(spec.families.items()):
        out[:, place[node]] = out[:, [place[child] for child in children]].any(axis=1)
        if aggregate.compares(spec.rules[node]):
            out[:, place[node]] |= out[:, place[node]].any()
    return out


def _against_last_year(
    years, cube, rank, missing, baskets, sign
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Growth in per cent, rank change, and where there is no rank change: missing where the year before is not in the
    data, has no score or (for growth) a score that is not above zero. `baskets`: as of `same_basket`."""
    growth, change, none = (
        np.empty(cube.shape),
        np.zeros(cube.shape, dtype=np.int32),
        np.ones(cube.shape, dtype=bool),
    )
    for place, year in enumerate(years):
        before = np.flatnonzero(years == year - 1)
        if not before.size:
            growth[place] = np.nan
            continue
        now, ago, ranks, gone = cube[place], cube[before[0]], [rank[before[0]], rank[place]], missing[place]
        if year in baskets:
            now, ago, apart = baskets[year]
            moved, ranks = apart.any(axis=0), [one.copy() for one in ranks]
            for own, scores in zip(ranks, (ago, now)):
                own[:, moved] = np.nan_to_num(rounding.ranks(sign * scores[:, moved]), nan=1)
            gone = gone | np.isnan(now) | np.isnan(ago)
        with np.errstate(invalid="ignore", divide="ignore"):
            np.divide(now, ago, out=growth[place])
        growth[place] -= 1
        growth[place] *= 100
        growth[place][ago <= 0] = np.nan
        np.subtract(ranks[0], ranks[1], out=change[place])
        np.logical_or(gone, missing[before[0]], out=none[place])
    return growth, change, none


def names(labels: pd.Index, axis: int, shape: tuple, dtype):
    """Labels along an axis of an array of this shape, flattened; as compact as the key of the panel is (category or
    text)."""
    size = [1, 1, 1]
    size[axis] = shape[axis]
    small = np.min_scalar_type(-len(labels))
    codes = np.broadcast_to(np.arange(len(labels), dtype=small).reshape(size), shape).reshape(-1)
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical.from_codes(codes, pd.Index(labels), validate=False)
    return pd.array(labels.to_numpy(), dtype="str").take(codes)


def shares(spec, done: Steps) -> dict[str, np.ndarray]:
    """Share of each node's score by status of its data: a child counts by its weight among the children present.
    The share of what is drawn several times over ("drawn") stands there only where there is such a cell."""
    scored = done.scores.notna().to_numpy()
    used = [code for code in range(len(panels.STATUSES)) if (done.status == code).any()]
    place, filled = spec.place, _filled(spec, scored, done)
    used += [IMPUTED] if filled and IMPUTED not in used else []
    leaves, out, weights = [place[leaf] for leaf in spec.indicators], {}, done.weights.to_numpy()
    if spec.group_weights:
        weights = aggregate.by_row(weights, spec, done.scores.index, done.groups)
    for code, name in enumerate(panels.STATUSES):
        if name == SEVERAL and code not in used:
            continue
        share = np.ones(scored.shape) if used == [code] else np.zeros(scored.shape)
        if code in used and len(used) > 1:
            share[:, leaves] = done.status == code
            for node, children in reversed(spec.families.items()):
                columns = [place[child] for child in children]
                if spec.rules[node]["same_as"]:
                    share[:, place[node]] = share[:, columns[0]]
                    continue
                share[:, place[node]] = aggregate.mean(
                    share[:, columns], weights[..., columns], scored[:, columns]
                )
                if node in filled:
                    share[filled[node], place[node]] = code == IMPUTED
        if not scored.all():
            share[~scored] = np.nan
        out[name] = share
    return out


def _filled(spec, scored: np.ndarray, done: Steps) -> dict[str, np.ndarray]:
    """By inner node with a rule for missing scores, the rows whose score that rule gave."""
    none, found = impute.nonexistent(spec, done.scores.index, done.groups), {}
    for node, children in spec.families.items():
        if spec.rules[node]["missing"] != "none":
            columns = [spec.place[child] for child in children]
            own = None if none is None else none[:, columns]
            there = aggregate.enough(scored[:, columns], spec.rules[node], own)
            found[node] = scored[:, spec.place[node]] & ~there
    return {node: rows for node, rows in found.items() if rows.any()}


def invert(spec, scores: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Raw values that give these indicator scores (columns: indicators) under `posts`: the inverse of transform and
    normalisation, for methods that are lines between posts (and z-scores), without treatment or denominators."""
    raw = {}
    for name in scores:
        rule, post = spec.rules[name], posts.loc[name]
        if rule["normalise"] not in normalise.INVERTIBLE or rule["curve"] != 1:
            raise InputError("invert", [f'{name}: normalise = "{rule["normalise"]}" cannot be turned back'])
        low, high = rule["scale"]
        if rule["normalise"] == "zscore":
            value = post["mean"] + rule["direction"] * (scores[name] - low) / high * post["sd"]
        else:
            share = (scores[name] - low) / (high - low)
            worst, best = (post["low"], post["high"])[:: rule["direction"]]
            value = worst * (1 - share) + best * share
        raw[name] = transforms.back(value, transforms.kind_of(rule))
    return pd.DataFrame(raw, index=scores.index)


def base_posts(spec, panel: pd.DataFrame, groups: pd.Series | None = None) -> pd.DataFrame:
    """Posts of a panel: index indicator; columns low, high, mean, sd on the transformed scale."""
    return steps(spec, panel, groups=groups).posts
