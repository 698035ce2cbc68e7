"""Transform and normalise: from indicators in their own units to scores on a common scale.

A post is the value that gets an end of the scale. Posts come from the reference data (each year by itself, all years
pooled, or the base year), from the specification, or frozen from a locked edition.
"""

import numpy as np
import pandas as pd

from fire.errors import refuse
from fire.index import panel as panels

RANKS = ["rank", "percentile", "borda"]
POSTS = ["low", "high", "mean", "sd"]


def transform(table: pd.DataFrame, spec) -> pd.DataFrame:
    """Natural logarithm (log, and the efficacy function) or log(1 + x) where the specification says so.

    Raises InputError that names every value without a logarithm.
    """
    kinds = np.array([kind_of(spec.rules[name]) for name in table.columns])
    log, log1p = kinds == "log", kinds == "log1p"
    if not (log | log1p).any():
        return table
    values = table.to_numpy()
    with np.errstate(invalid="ignore"):
        bad, bad1 = log & (values <= 0), log1p & (values <= -1)
    refuse(
        "transform",
        [
            f'{cell}: no logarithm of a value at or below zero: correct it, or set transform = "log1p" '
            '(for efficacy: normalise = "minmax")'
            for cell in panels.cells(table, bad)
        ]
        + [
            f'{cell}: no log1p of a value at or below -1: correct it, or set transform = "identity"'
            for cell in panels.cells(table, bad1)
        ],
    )
    values = values.copy()
    for column in log.nonzero()[0]:
        np.log(values[:, column], out=values[:, column])
    for column in log1p.nonzero()[0]:
        np.log1p(values[:, column], out=values[:, column])
    return pd.DataFrame(values, index=table.index, columns=table.columns, copy=False)


def _transformed(values: list[float], rule: dict) -> list[float]:
    """Posts or a target of the specification on the transformed scale."""
    return list(forward(np.array(values, dtype=float), kind_of(rule)))


def kind_of(rule: dict) -> str:
    """The transform of an indicator; the efficacy function takes the logarithm by itself."""
    return "log" if rule["normalise"] == "efficacy" else rule["transform"]


def forward(values, kind: str):
    """Values on the transformed scale: identity, natural logarithm (log) or log(1 + x) (log1p)."""
    return np.asarray(values) if kind == "identity" else {"log": np.log, "log1p": np.log1p}[kind](values)


def back(values, kind: str):
    """The inverse of `forward`."""
    return np.asarray(values) if kind == "identity" else {"log": np.exp, "log1p": np.expm1}[kind](values)


def posts(table: pd.DataFrame, spec, base_year: int | None = None) -> pd.DataFrame:
    """Posts of a transformed (and treated) wide table: columns low, high, mean, sd, on the transformed scale.

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
        lines = dict(statistics(spans, rules, table))
        refuse(
            "posts",
            [fault for name in lines for fault in _faults_of(name, "", lines[name], spec.rules[name])],
        )
        return pd.DataFrame.from_dict(lines, orient="index").rename_axis("indicator")[POSTS]
    lines = {
        (year, name): line
        for place, year in enumerate(years)
        for name, line in statistics({**spans, "year": values[[place]]}, rules, table)
    }
    refuse(
        "posts",
        [
            fault
            for (year, name), line in lines.items()
            for fault in _faults_of(name, f" of {year}", line, spec.rules[name])
        ],
    )
    frame = pd.DataFrame(
        list(lines.values()), index=pd.MultiIndex.from_tuples(lines, names=["year", "indicator"])
    )
    return frame[POSTS]


def statistics(references: dict, rules: list[dict], table: pd.DataFrame):
    """Yield each indicator with its posts from its reference data, and the extremes (least, most) of those data."""
    columns = {rule["reference"]: [] for rule in rules}
    for place, rule in enumerate(rules):
        columns[rule["reference"]].append(place)
    facts = {}
    for kind, places in columns.items():
        block = references[kind][:, :, places].reshape(-1, len(places))
        gaps = np.isnan(block).any()
        block = pd.DataFrame(block) if gaps else block
        few = len(block) < 2
        facts |= dict(
            zip(
                places,
                zip(
                    *(np.asarray(getattr(block, name)(axis=0)) for name in ("min", "max", "mean")),
                    np.full(len(places), np.nan) if few else np.asarray(block.std(axis=0, ddof=1)),
                ),
            )
        )
    for place, (name, rule) in enumerate(zip(table.columns, rules)):
        data = dict(zip(("least", "most", "mean", "sd"), map(float, facts[place])))
        low, high = _pair(name, rule, data, references, place, table)
        yield name, {"low": float(low), "high": float(high), **data}


def _pair(
    name: str, rule: dict, data: dict, references: dict, place: int, table: pd.DataFrame
) -> tuple[float, float]:
    """Lowest and highest post of one indicator."""
    low, high, method, forward = data["least"], data["most"], rule["normalise"], rule["direction"] == 1
    if isinstance(rule["posts"], (list, tuple)):
        low, high = _transformed(list(rule["posts"]), rule)
        return low, high
    if method == "target":
        target = _transformed([rule["target"]], rule)[0]
        return (low, target) if forward else (target, high)
    if method == "unit":
        units = list(table.index.get_level_values("unit")[: references["pooled"].shape[1]])
        refuse(
            "posts",
            []
            if rule["target_unit"] in units
            else [f"{name}: no unit '{rule['target_unit']}' in the panel: correct target_unit"],
        )
        mark = references[rule["reference"]][:, units.index(rule["target_unit"]), place].mean()
        return (low, mark) if forward else (mark, high)
    if method == "fraction":
        return 0.0, high
    if method == "centred":
        pooled = references["pooled"][:, :, place]
        half = (np.nanmax(pooled) - np.nanmin(pooled)) / 2
        return data["mean"] - half, data["mean"] + half
    if method == "efficacy":
        block = references[rule["reference"]][:, :, place]
        return tuple(np.log(np.quantile(np.exp(block[~np.isnan(block)]), rule["quantiles"])))
    return low, high


def _faults_of(name: str, year: str, line: dict, rule: dict) -> list[str]:
    """Zero range, posts without data between them, a target the wrong way."""
    method, given = rule["normalise"], isinstance(rule["posts"], (list, tuple))
    if method == "none" and line["least"] == line["least"]:
        return []
    low, high, least, most = (
        f"{back(line[key], kind_of(rule)):.6g}" for key in ("low", "high", "least", "most")
    )
    ends, drop = f"posts {low} and {high}", f"take it out with spec.drop('{name}')"
    data = f"the data{year} ({least} to {most})"
    if np.isnan(line["least"]):
        if method == "goalposts" and line["high"] > line["low"]:
            return []  # no unit needs to reach its posts
        return [f"{name}: no data{year or ' in the reference year'}: add them, or {drop}"]
    if method == "fraction" and (rule["direction"] == -1 or line["least"] < 0):
        return [
            f"{name}: a fraction of the highest value needs direction 1 and no value below zero: use minmax"
        ]
    if method == "zscore":
        return [] if line["sd"] > 0 else [f"{name}: {data} have no spread: {drop}"]
    if line["least"] == line["most"] and not given:
        return [f"{name}: all values{year} are {least}, so there is no range: {drop}, or give posts"]
    if method in RANKS:
        return []
    slack = 1e-9 * (line["most"] - line["least"])
    if (
        given
        and method == "minmax"
        and (line["low"] < line["least"] - slack or line["high"] > line["most"] + slack)
    ):
        return [
            f'{name}: {ends}: one lies outside {data}: correct it, or set normalise = "goalposts" for posts '
            "that no unit needs to reach"
        ]
    if given and (line["high"] < line["least"] or line["low"] > line["most"]):
        return [f"{name}: {ends}: all of {data} lie outside: check the units"]
    if not line["high"] > line["low"]:
        return [
            f"{name}: {ends} have no range: the target lies on the wrong side of {data}, or both quantiles are "
            "the same"
        ]
    return []


def normalise(table: pd.DataFrame, spec, frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of a transformed wide table on the scale of each indicator; `frame` holds the posts."""
    rules, years, values = (
        [spec.rules[name] for name in table.columns],
        panels.years_of(table),
        panels.cube(table),
    )
    scores = np.empty(values.shape)
    method, sign = (
        np.array([rule["normalise"] for rule in rules]),
        np.array([rule["direction"] for rule in rules]),
    )
    scale = np.array([rule["scale"] for rule in rules], dtype=float).T
    z, ranks, raw = method == "zscore", np.isin(method, RANKS), method == "none"
    on = (~(z | ranks | raw)).nonzero()[0]
    yearly, same = frame.index.nlevels == 2, None
    for place, year in enumerate(years):
        if yearly or same is None:
            same = (frame.loc[year] if yearly else frame).reindex(table.columns)[POSTS].to_numpy().T
        low, high, mean, sd = same
        clip = np.array([_clipped(rule, year, spec.method["base_year"]) for rule in rules])
        scores[place][:, on] = _along(
            values[place][:, on], low[on], high[on], sign[on], scale[:, on], clip[on]
        )
        scores[place][:, z] = scale[0, z] + sign[z] * scale[1, z] * (values[place][:, z] - mean[z]) / sd[z]
        scores[place][:, raw] = values[place][:, raw] * sign[raw]
    for column in ranks.nonzero()[0]:
        scores[:, :, column] = ranked(values[:, :, column] * sign[column], rules[column])
    return pd.DataFrame(scores.reshape(table.shape), index=table.index, columns=table.columns, copy=False)


def _clipped(rule: dict, year: int, base_year) -> bool:
    """Are scores of this year held inside the scale? Those of the efficacy function are, in the reference data."""
    inside = rule["normalise"] == "efficacy" and (rule["reference"] != "base" or year == base_year)
    return rule["range"] == "truncated" or inside


def _along(x, low, high, sign, scale, clip):
    """Scores on the line between the posts; the posts themselves get the ends of the scale exactly."""
    worst, best = np.where(sign == 1, low, high), np.where(sign == 1, high, low)
    share = (x - worst) / (best - worst)
    if clip.any():
        share[:, clip] = np.clip(share[:, clip], 0, 1)
    return scale[0] * (1 - share) + scale[1] * share


def ranked(values: np.ndarray, rule: dict) -> np.ndarray:
    """Rank scores (the best value gets the highest; ties the lowest of theirs) inside each year or over all years."""
    shape = values.shape
    block = values.reshape(1, -1) if rule["reference"] == "pooled" else values
    ranks = pd.DataFrame(block).rank(axis=1, method="min").to_numpy()
    if rule["normalise"] == "borda":
        ranks = ranks - 1
    if rule["normalise"] == "percentile":
        count = (~np.isnan(block)).sum(axis=1, keepdims=True)
        share = (ranks - 1) / np.where(count > 1, count - 1, np.nan)
        ranks = rule["scale"][0] * (1 - share) + rule["scale"][1] * share
    return ranks.reshape(shape)
