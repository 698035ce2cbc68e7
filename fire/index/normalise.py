"""Normalise: from values on their transformed scale to scores, for indicators and for inner nodes.

A post is the value that gets an end of the scale. Posts come from the reference data (each year by itself, all years
pooled, or the base year), from the specification, or frozen from a locked edition. `NORMALISATIONS` holds every rule:
how its posts follow from the data, what they must be, and the score. docs/methodology.md states the formulas.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import panel as panels
from fire.index import rounding, transforms
from fire.index.transforms import STATISTICS, kind_of

POSTS = ["low", "high", "mean", "sd"]
IDEAL = "ideal"  # one more column of the posts, where an ideal value is a statistic of the data
SLACK = 1e-9  # share of the range of the data by which posts may lie outside them


@dataclass(frozen=True)
class Sample:
    """What posts of one node follow from: its reference data (years × units), all years pooled, and their moments."""

    name: str
    rule: dict
    values: np.ndarray
    pooled: np.ndarray
    units: list
    least: float
    most: float
    mean: float
    sd: float

    def statistic(self, name: str) -> float:
        """A statistic of the reference data by name."""
        return self.mean if name == "mean" else float(np.nanmedian(self.values))


@dataclass(frozen=True)
class Normalisation:
    """One rule: `ends` gives the posts (low, high) of a Sample, `score` the scores of one year (units × nodes) from
    the posts (a row each of low, high, mean, sd, ideal) and the rules of the nodes, `check` the faults of the posts."""

    score: Callable
    ends: Callable
    check: Callable
    reads: Callable = lambda rule: ("low", "high")  # columns of the posts that the score of a node depends on


def transform(table: pd.DataFrame, spec, frozen: pd.DataFrame | None = None) -> pd.DataFrame:
    """Values held inside their limits and transformed, where the specification says so.

    `frozen`: posts of a locked edition, which hold the ideal values that are statistics of its data.
    Raises InputError that names every value without a transform.
    """
    rules = [spec.rules[name] for name in table.columns]
    if all(rule["limits"] is None and kind_of(rule) == "identity" for rule in rules):
        return table
    values, faults = table.to_numpy().copy(), []
    for column, (name, rule) in enumerate(zip(table.columns, rules)):
        kind = settled(name, rule, table, spec, frozen)
        values[:, column] = limited(values[:, column], rule)
        bad = transforms.undefined(values[:, column], kind)
        if bad.any():
            faults += [
                f"{cell}: {transforms.why(kind)}" for cell in panels.cells(table[[name]], bad[:, None])
            ]
        else:
            values[:, column] = transforms.forward(values[:, column], kind)
    refuse("transform", faults)
    return pd.DataFrame(values, index=table.index, columns=table.columns, copy=False)


def limited(values, rule: dict):
    """Values held inside the limits of a node; "none" is no limit."""
    if rule["limits"] is None:
        return values
    low, high = (None if one == "none" else one for one in rule["limits"])
    return np.clip(values, low, high)


def settled(name: str, rule: dict, table: pd.DataFrame, spec, frozen: pd.DataFrame | None) -> str | tuple:
    """The transform of a node; an ideal value that is a statistic is taken from the reference data, or as frozen."""
    kind = kind_of(rule)
    if not (isinstance(kind, tuple) and kind[-1] in STATISTICS):
        return kind
    if frozen is not None and IDEAL in frozen and name in frozen.index.get_level_values(-1):
        return (kind[0], float(frozen[IDEAL][frozen.index.get_level_values(-1) == name].iloc[0]))
    year = table.index.get_level_values("year")
    rows = year == spec.method["base_year"] if rule["reference"] == "base" else np.ones(len(table), bool)
    return (kind[0], float(getattr(table[name][rows], kind[-1])()))


# Posts ------------------------------------------------------------------------------------------------------------------


def extremes(sample: Sample) -> tuple[float, float]:
    return sample.least, sample.most


def _to_target(sample: Sample) -> tuple[float, float]:
    """From the worst value to the target: a number, or a statistic of the reference data."""
    target = sample.rule["target"]
    if target in STATISTICS:
        return _worst_to(sample, sample.statistic(target))
    return _worst_to(sample, float(transforms.on_scale([target], kind_of(sample.rule))[0]))


def _to_unit(sample: Sample) -> tuple[float, float]:
    """From the worst value to that of one unit."""
    name, unit = sample.name, sample.rule["target_unit"]
    fault = f"{name}: no unit '{unit}' in the panel: correct target_unit"
    refuse("posts", [] if unit in sample.units else [fault])
    return _worst_to(sample, sample.values[:, sample.units.index(unit)].mean())


def _worst_to(sample: Sample, mark: float) -> tuple[float, float]:
    return (sample.least, mark) if sample.rule["direction"] == 1 else (mark, sample.most)


def _from_zero(sample: Sample) -> tuple[float, float]:
    return 0.0, sample.most


def _around_mean(sample: Sample) -> tuple[float, float]:
    """Half the range of all years on each side of the mean of the reference (Mazziotta and Pareto 2016)."""
    half = (np.nanmax(sample.pooled) - np.nanmin(sample.pooled)) / 2
    return sample.mean - half, sample.mean + half


def _quantiles(sample: Sample) -> tuple[float, float]:
    values = sample.values[~np.isnan(sample.values)]
    low, high = np.log(np.quantile(np.exp(values), sample.rule["quantiles"]))
    return float(low), float(high)


# What posts must be -----------------------------------------------------------------------------------------------------


def _words(line: dict, rule: dict) -> list[str]:
    """Posts and extremes of the data as the reader knows them: in the unit of the indicator where there is a way back."""
    ends = (
        transforms.in_unit([line[one], line[other]], kind_of(rule))
        for one, other in (("low", "high"), ("least", "most"))
    )
    return [f"{one:.6g}" for pair in ends for one in pair]


def _anything(name, year, line, rule) -> list[str]:
    return []


def _some_data(name, year, line, rule) -> list[str]:
    missing = f"{name}: no data{year or ' in the reference year'}: add them, or take it out with spec.drop('{name}')"
    return [missing] if np.isnan(line["least"]) else []


def _a_spread(name, year, line, rule) -> list[str]:
    if gaps := _some_data(name, year, line, rule):
        return gaps
    _, _, least, most = _words(line, rule)
    drop = f"take it out with spec.drop('{name}')"
    return [] if line["sd"] > 0 else [f"{name}: the data{year} ({least} to {most}) have no spread: {drop}"]


def _no_constant(name, year, line, rule) -> list[str]:
    if gaps := _some_data(name, year, line, rule):
        return gaps
    flat = line["least"] == line["most"] and not _given(rule)
    drop = f"take it out with spec.drop('{name}'), or give posts"
    return [f"{name}: all values{year} are {_words(line, rule)[2]}, so there is no range: {drop}"] * flat


def _a_range(name, year, line, rule) -> list[str]:
    """Posts with data between them, and a target on the right side of the data."""
    if flat := _no_constant(name, year, line, rule):
        return flat
    low, high, least, most = _words(line, rule)
    ends, data = f"posts {low} and {high}", f"the data{year} ({least} to {most})"
    if _given(rule) and (line["high"] < line["least"] or line["low"] > line["most"]):
        return [f"{name}: {ends}: all of {data} lie outside: check the units"]
    if not line["high"] > line["low"]:
        return [
            f"{name}: {ends} have no range: the target lies on the wrong side of {data}, or both quantiles are "
            "the same"
        ]
    return []


def _inside(name, year, line, rule) -> list[str]:
    """Given posts that some unit reaches."""
    if flat := _no_constant(name, year, line, rule):
        return flat
    slack = SLACK * (line["most"] - line["least"])
    if _given(rule) and (line["low"] < line["least"] - slack or line["high"] > line["most"] + slack):
        low, high, least, most = _words(line, rule)
        return [
            f"{name}: posts {low} and {high}: one lies outside the data{year} ({least} to {most}): correct it, or "
            'set normalise = "goalposts" for posts that no unit needs to reach'
        ]
    return _a_range(name, year, line, rule)


def _goals(name, year, line, rule) -> list[str]:
    """Given posts, which no unit needs to reach."""
    if np.isnan(line["least"]) and line["high"] > line["low"]:
        return []
    return _a_range(name, year, line, rule)


def _a_fraction(name, year, line, rule) -> list[str]:
    if rule["direction"] == -1 or line["least"] < 0:
        return [
            f"{name}: a fraction of the highest value needs direction 1 and no value below zero: use minmax"
        ]
    return _a_range(name, year, line, rule)


def _around_ideal(name, year, line, rule) -> list[str]:
    """Some data, or a post, beyond the ideal corridor."""
    if flat := _a_range(name, year, line, rule):
        return flat
    inside = bool(max(_corridor(line, rule)[2:]) <= 0)
    return [f"{name}: all values{year} lie inside the ideal {rule['ideal']}: give posts outside it"] * inside


def _rising(name, year, line, rule) -> list[str]:
    """Knots at statistics of the data that rise like the others."""
    places = [line[at] if isinstance(at, str) else at for at, _ in rule["knots"]]
    said = ", ".join(f"{at:.6g}" for at in places)
    falls = (np.diff(places) <= 0).any()
    return [
        f"{name}: the values of knots are {said} on the data{year}: they must rise from one to the next"
    ] * bool(falls)


def _given(rule: dict) -> bool:
    return isinstance(rule["posts"], (list, tuple))


# Scores -----------------------------------------------------------------------------------------------------------------


def _line(x, posts, rules, clip):
    """On the line between the posts; the posts themselves get the ends of the scale exactly."""
    low, high = posts[0], posts[1]
    sign, scale = np.array([rule["direction"] for rule in rules]), _scales(rules)
    worst, best = np.where(sign == 1, low, high), np.where(sign == 1, high, low)
    share = (x - worst) / (best - worst)
    if clip.any():
        share[:, clip] = np.clip(share[:, clip], 0, 1)
    for column, rule in enumerate(rules):
        if rule["curve"] != 1:
            share[:, column] **= rule["curve"]
    return scale[0] * (1 - share) + scale[1] * share


def _scales(rules) -> np.ndarray:
    return np.array([rule["scale"] for rule in rules], dtype=float).T


def _standard(x, posts, rules, clip):
    """Mean and standard deviation of the reference become those of the scale."""
    sign, scale = np.array([rule["direction"] for rule in rules]), _scales(rules)
    return scale[0] + sign * scale[1] * (x - posts[2]) / posts[3]


def _as_is(x, posts, rules, clip):
    return _held(x * np.array([rule["direction"] for rule in rules]), rules, clip)


def _linear(x, posts, rules, clip):
    """a + b x."""
    a, b = np.array([rule["coefficients"] for rule in rules], dtype=float).T
    return _held(a + b * x, rules, clip)


def _held(score, rules, clip):
    if clip.any():
        low, high = np.sort(_scales(rules), axis=0)
        score[:, clip] = np.clip(score[:, clip], low[clip], high[clip])
    return score


def _by_column(one: Callable):
    """A rule for all columns from the rule of one: one(values, posts by name, rule)."""

    def score(x, posts, rules, clip):
        names = [*POSTS, IDEAL]
        columns = [one(x[:, at], dict(zip(names, posts[:, at])), rule) for at, rule in enumerate(rules)]
        return _held(np.column_stack(columns), rules, clip)

    return score


def _knots(x, post, rule):
    """Piecewise linear through the knots; beyond the ends the score of the end."""
    places = [post[at] if isinstance(at, str) else at for at, _ in rule["knots"]]
    return np.interp(x, places, [score for _, score in rule["knots"]])


def _steps(x, post, rule):
    """The score of the last step that the value reaches."""
    starts, scores = np.array(rule["steps"], dtype=float).T
    reached = np.clip(np.searchsorted(starts, x, side="right") - 1, 0, None)
    return np.where(np.isnan(x), np.nan, scores[np.minimum(reached, len(scores) - 1)])


def _categories(x, post, rule):
    """The score of the category; InputError for a value that is none."""
    score = dict(map(tuple, rule["categories"]))
    found = np.array([score.get(one, np.nan) for one in x.tolist()])
    lost = sorted(set(x[np.isnan(found) & ~np.isnan(x)].tolist()))
    refuse(
        "categories",
        [
            f"{rule['label_zh']} ({rule['label_en']}): value {one:g} has no score: its categories are "
            + ", ".join(f"{known:g}" for known in score)
            for one in lost
        ],
    )
    return found


def _two_sided(x, post, rule):
    """Best inside the ideal corridor, falling on each side to worst at its own post; a side without a post beyond the
    corridor falls as steeply as the other."""
    low, high, below, above = _corridor(post, rule)
    share = 1 - np.where(x < low, (low - x) / below, np.where(x > high, (x - high) / above, x * 0))
    worst, best = rule["scale"]
    return worst * (1 - share) + best * share


def _corridor(post, rule) -> tuple[float, float, float, float]:
    """The ends of the ideal corridor, and how far the posts lie below and above it."""
    ideal = post[IDEAL] if rule["ideal"] in STATISTICS else rule["ideal"]
    ends = ideal if isinstance(ideal, (list, tuple)) else (ideal, ideal)
    low, high = ends if rule["ideal"] in STATISTICS else transforms.on_scale(ends, kind_of(rule))
    below, above = low - post["low"], post["high"] - high
    return low, high, below if below > 0 else above, above if above > 0 else below


def ranked(values: np.ndarray, rule: dict) -> np.ndarray:
    """Rank scores (the best value gets the highest; ties the lowest of theirs) inside each year or over all years.
    `values`: years × units."""
    shape = values.shape
    block = values.reshape(1, -1) if rule["reference"] == "pooled" else values
    ranks = rounding.ranks(-rule["direction"] * block.T).T
    if rule["normalise"] == "borda":
        ranks = ranks - 1
    if rule["normalise"] == "percentile":
        count = (~np.isnan(block)).sum(axis=1, keepdims=True)
        share = (ranks - 1) / np.where(count > 1, count - 1, np.nan)
        ranks = rule["scale"][0] * (1 - share) + rule["scale"][1] * share
    return ranks.reshape(shape)


def _nothing(rule) -> tuple:
    return ()


def _at_knots(rule) -> tuple:
    return tuple(at for at, _ in rule["knots"] if isinstance(at, str))


def _at_ideal(rule) -> tuple:
    return ("low", "high", *[IDEAL] * (rule["ideal"] in STATISTICS))


_BETWEEN = partial(Normalisation, _line)
_OF_VALUE = partial(Normalisation, ends=extremes, check=_anything, reads=_nothing)
NORMALISATIONS = {
    "minmax": _BETWEEN(extremes, _inside),
    "leader": _BETWEEN(extremes, _a_range),
    "goalposts": _BETWEEN(extremes, _goals),
    "target": _BETWEEN(_to_target, _a_range),
    "unit": _BETWEEN(_to_unit, _a_range),
    "fraction": _BETWEEN(_from_zero, _a_fraction),
    "centred": _BETWEEN(_around_mean, _a_range),
    "efficacy": _BETWEEN(_quantiles, _a_range),
    "zscore": Normalisation(_standard, extremes, _a_spread, lambda rule: ("mean", "sd")),
    "ideal": Normalisation(_by_column(_two_sided), extremes, _around_ideal, _at_ideal),
    "knots": Normalisation(_by_column(_knots), extremes, _rising, _at_knots),
    "linear": _OF_VALUE(_linear),
    "steps": _OF_VALUE(_by_column(_steps)),
    "categories": _OF_VALUE(_by_column(_categories)),
    "none": _OF_VALUE(_as_is),
}
LINES = [name for name, rule in NORMALISATIONS.items() if rule.score is _line]
INVERTIBLE = [name for name, rule in NORMALISATIONS.items() if rule.score in (_line, _standard)]
RANKS = ["rank", "percentile", "borda"]  # inside a year or over all of them: `ranked`
NORMALISATIONS |= {name: Normalisation(ranked, extremes, _no_constant, _nothing) for name in RANKS}


# Tables -----------------------------------------------------------------------------------------------------------------


def posts(table: pd.DataFrame, spec, base_year: int | None = None) -> pd.DataFrame:
    """Posts of a transformed (and treated) wide table: columns low, high, mean, sd, on the transformed scale (and ideal,
    where one is a statistic of the data).

    `base_year`: another than the specification's. Indexed by indicator; by (year, indicator) when an indicator is
    normalised within each year.
    Raises InputError for a base year without data, a zero range, posts outside the data, a target the wrong way.
    """
    rules, years, base = (
        [spec.rules[name] for name in table.columns],
        panels.years_of(table),
        spec.method["base_year"] if base_year is None else base_year,
    )
    kinds = {rule["reference"] for rule in rules}
    if "base" in kinds and base not in years:
        refuse(
            "posts",
            [
                f"the panel has no data of the base year {base} (it has {', '.join(map(str, years))}): add "
                "them, give the posts of a locked edition, or set base_year"
            ],
        )
    values = panels.cube(table)
    spans = {"base": values[years == base], "pooled": values}
    if "year" not in kinds:
        lines = dict(_lines(spans, rules, table))
        said = {name: (name, "") for name in lines}
        index = pd.Index(lines, name="indicator")
    else:
        lines = {
            (year, name): line
            for place, year in enumerate(years)
            for name, line in _lines({**spans, "year": values[[place]]}, rules, table)
        }
        said = {key: (key[1], f" of {key[0]}") for key in lines}
        index = pd.MultiIndex.from_tuples(lines, names=["year", "indicator"])
    faults = []
    for key, (name, year) in said.items():
        rule = spec.rules[name]
        faults += NORMALISATIONS[rule["normalise"]].check(name, year, lines[key], rule)
    refuse("posts", faults)
    frame = pd.DataFrame(list(lines.values()), index=index)
    return frame[[*POSTS, *([IDEAL] if IDEAL in frame else [])]]


def _lines(references: dict, rules: list[dict], table: pd.DataFrame):
    """Yield each node with its posts from its reference data, and the extremes (least, most) of those data."""
    columns = {rule["reference"]: [] for rule in rules}
    for place, rule in enumerate(rules):
        columns[rule["reference"]].append(place)
    facts = {}
    for kind, places in columns.items():
        block = references[kind][:, :, places].reshape(-1, len(places))
        gaps = np.isnan(block).any()
        block = pd.DataFrame(block) if gaps else block
        moments = [np.asarray(getattr(block, name)(axis=0)) for name in ("min", "max", "mean")]
        spread = np.full(len(places), np.nan) if len(block) < 2 else np.asarray(block.std(axis=0, ddof=1))
        facts |= dict(zip(places, zip(*moments, spread)))
    units = list(table.index.get_level_values("unit")[: references["pooled"].shape[1]])
    for place, (name, rule) in enumerate(zip(table.columns, rules)):
        values, pooled = references[rule["reference"]][:, :, place], references["pooled"][:, :, place]
        sample = Sample(name, rule, values, pooled, units, *map(float, facts[place]))
        yield name, _post(sample)


def _post(sample: Sample) -> dict:
    """The posts of one node: those of the specification, or those that its rule takes from the data."""
    rule = sample.rule
    ends = NORMALISATIONS[rule["normalise"]].ends
    low, high = transforms.on_scale(rule["posts"], kind_of(rule)) if _given(rule) else ends(sample)
    line = {name: getattr(sample, name) for name in ("least", "most", "mean", "sd")}
    line |= {"low": float(low), "high": float(high)}
    if rule["normalise"] == "ideal" and rule["ideal"] in STATISTICS:
        line[IDEAL] = sample.statistic(rule["ideal"])
    return line


def normalise(table: pd.DataFrame, spec, frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of a transformed wide table on the scale of each indicator; `frame` holds the posts."""
    rules, years, values = (
        [spec.rules[name] for name in table.columns],
        panels.years_of(table),
        panels.cube(table),
    )
    scores = np.empty(values.shape)
    yearly, same = frame.index.nlevels == 2, None
    groups = _by_score(rules)
    for place, year in enumerate(years):
        if yearly or same is None:
            same = _of(frame.loc[year] if yearly else frame, table.columns)
        clip = np.array([_clipped(rule, year, spec.method["base_year"]) for rule in rules])
        for score, columns, own in groups:
            scores[place][:, columns] = score(values[place][:, columns], same[:, columns], own, clip[columns])
    for column, rule in enumerate(rules):
        if rule["normalise"] in RANKS:
            scores[:, :, column] = ranked(values[:, :, column], rule)
    return pd.DataFrame(scores.reshape(table.shape), index=table.index, columns=table.columns, copy=False)


def of_data(rule: dict) -> bool:
    """Does the score of a node depend on the scores of others than those of its own year?"""
    if kind_of(rule)[-1] in STATISTICS:
        return True
    if rule["normalise"] in RANKS:
        return rule["reference"] == "pooled"
    read = set(NORMALISATIONS[rule["normalise"]].reads(rule))
    return bool(read - {"low", "high"} if _given(rule) else read)


def alone(values: np.ndarray, rule: dict, units: int) -> np.ndarray:
    """Scores of a node whose rule needs no reference data; `values` hold the units of one year after the other."""
    kind = kind_of(rule)
    x = transforms.forward(limited(values, rule), kind)
    if rule["normalise"] in RANKS:
        return ranked(x.reshape(-1, units), rule).reshape(-1)
    ends = transforms.on_scale(rule["posts"], kind) if _given(rule) else [np.nan, np.nan]
    line = np.array([*ends, np.nan, np.nan, np.nan])[:, None]
    held = np.array([rule["range"] == "truncated"])
    return NORMALISATIONS[rule["normalise"]].score(x[:, None], line, [rule], held)[:, 0]


def node(table: pd.DataFrame, spec, frozen: pd.DataFrame | None) -> tuple[np.ndarray, pd.DataFrame]:
    """Scores of one inner node (the column of `table`, not yet transformed) and its posts: the frozen ones, else those of
    the data."""
    name = table.columns[0]
    values = transform(table, spec, frozen)
    kept = None if frozen is None else frozen[frozen.index.get_level_values(-1) == name]
    lines = posts(values, spec) if kept is None or kept.empty else kept
    lines = with_ideals(lines, table, spec, frozen)
    return normalise(values, spec, lines).to_numpy()[:, 0], lines


def with_ideals(posts: pd.DataFrame, table: pd.DataFrame, spec, frozen: pd.DataFrame | None) -> pd.DataFrame:
    """The posts, with the ideal values that transforms took from the reference data (`table`: before the transform)."""
    found = {
        name: settled(name, spec.rules[name], table[[name]], spec, frozen)[-1]
        for name in table.columns
        if kind_of(spec.rules[name])[-1] in STATISTICS
    }
    if not found:
        return posts
    ideal = pd.Series(posts.index.get_level_values(-1), posts.index).map(found)
    return posts.assign(**{IDEAL: ideal.fillna(posts[IDEAL]) if IDEAL in posts else ideal})


def whole(posts: pd.DataFrame) -> pd.DataFrame:
    """Posts with all their columns, missing where they were not given."""
    if set(POSTS) <= set(posts):
        return posts
    return posts.reindex(columns=[*POSTS, *[name for name in posts if name not in POSTS]])


def joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Posts of indicators and of inner nodes in one frame, by (year, indicator) where one of them is."""
    if first.index.nlevels != second.index.nlevels:
        yearly = first if first.index.nlevels == 2 else second
        years = yearly.index.get_level_values("year").unique()
        first, second = (
            one
            if one.index.nlevels == 2
            else pd.concat(dict.fromkeys(years, one), names=["year", "indicator"])
            for one in (first, second)
        )
    both = pd.concat([first, second])
    return (
        both.sort_index(level="year", sort_remaining=False, kind="stable")
        if both.index.nlevels == 2
        else both
    )


def _of(posts: pd.DataFrame, names) -> np.ndarray:
    """Posts as an array: low, high, mean, sd, ideal × nodes."""
    return posts.reindex(index=names, columns=[*POSTS, IDEAL]).to_numpy(float).T


def _by_score(rules: list[dict]) -> list[tuple]:
    """Columns that are scored together: the function, the places, the rules."""
    places: dict[Callable, list[int]] = {}
    for place, rule in enumerate(rules):
        if rule["normalise"] not in RANKS:
            places.setdefault(NORMALISATIONS[rule["normalise"]].score, []).append(place)
    return [(score, columns, [rules[one] for one in columns]) for score, columns in places.items()]


def _clipped(rule: dict, year: int, base_year) -> bool:
    """Are scores of this year held inside the scale? Those of the efficacy function are, in the reference data."""
    inside = rule["normalise"] == "efficacy" and (rule["reference"] != "base" or year == base_year)
    return rule["range"] == "truncated" or inside
