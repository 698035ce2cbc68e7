"""What would it take: the smallest change of one indicator, or the cheapest mix, that gains a city k places.

The others stand still, posts and weights are those in force. Only weighted arithmetic means can be solved. Points are
points of the score; where the lowest is best they are taken away.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from fire.errors import InputError, refuse
from fire.index import aggregate, normalise, rounding, score, transforms

MARGIN = 0.001  # points by which the rival is passed


def needed(index, unit: str, places: int = 1, year: int | None = None, margin: float = MARGIN) -> float:
    """Points of the index that `unit` lacks in `year` (default: the year ranked) to gain `places` ranks by `margin`: what
    its score has to rise, or to fall where the lowest is best.

    Raises InputError for an unknown unit, a rank that is not there to be gained, and an index that is not a weighted
    mean.
    """
    year = index.year if year is None else year
    now = _sign(index) * index.wide(year)[index.spec.root].dropna()
    faults = (
        [] if unit in now.index else [f"no unit '{unit}' in {year}: use one of {', '.join(now.index[:5])}, …"]
    )
    others = now.drop(unit, errors="ignore").sort_values(ascending=False)
    rank = 1 if faults else int((others > now[unit]).sum()) + 1
    if not faults and not 1 <= places < rank:
        faults.append(
            f"{unit} is {rank}. in {year}: it can gain 1 to {rank - 1} places"
            if rank > 1
            else f"{unit} leads already"
        )
    refuse("what would it take", faults + _unsolvable(index.spec))
    return float(others.iloc[rank - places - 1] + margin - now[unit])


def _sign(index) -> int:
    return -1 if index.spec.method["best"] == "low" else 1


def _unsolvable(spec) -> list[str]:
    """The nodes on the way to the root that are no weighted mean, or more than that, one sentence each."""
    faults = []
    for node in spec.reach(spec.root):
        rule, why = spec.rules[node], []
        if not rule["leaf"]:
            why = [f'aggregation = "{rule["aggregation"]}"'] * (rule["aggregation"] != "arithmetic")
            why += ["a transform or normalisation of its own"] * aggregate.shaped(rule)
            why += [f'missing = "{rule["missing"]}"'] * (rule["missing"] != "none")
        why += ["rounding before it goes up"] * (rounding.declared(spec, node) is not None)
        faults += [f"{node}: {one}: only weighted means can be solved" for one in why]
    return faults


def _weights(index, unit: str, year: int) -> pd.Series:
    """What a point of each indicator adds to the index of one unit, whose missing indicators leave their weight to others:
    those that add something."""
    spec = index.spec
    row = index.steps().normalised.loc[[(year, unit)]]
    each = np.where(row.isna().to_numpy(), np.nan, np.eye(len(spec.indicators)))
    used = index.weights.to_numpy(float)
    used = aggregate.by_row(used, spec, row.index, index.groups)[0] if spec.group_weights else used
    scores = aggregate.scores(each, spec, used, row.index, index.posts, index.groups)
    weight = pd.Series(scores[:, spec.place[spec.root]], spec.indicators)
    return weight[weight > 0]


def single(
    index, unit: str, places: int = 1, year: int | None = None, margin: float = MARGIN
) -> pd.DataFrame:
    """The smallest change of each indicator alone that gains `places` ranks, smallest first.

    Columns: indicator, points (up, or down where the lowest is best), score_from, score_to, raw_from, raw_to (missing
    where no value gives the score), beyond_best (better than the best unit of the year). Raises InputError as `needed`
    does.
    """
    year = index.year if year is None else year
    points = needed(index, unit, places, year, margin)
    change = points / _weights(index, unit, year)
    return _changed(index, unit, year, change).sort_values("points", kind="stable", ignore_index=True)


def cheapest(
    index,
    unit: str,
    places: int = 1,
    year: int | None = None,
    margin: float = MARGIN,
    effort: pd.Series | None = None,
    beyond: float = 0.0,
) -> pd.DataFrame:
    """The mix of changes with the least total effort that gains `places` ranks; columns as `single`.

    Effort is quadratic: sum of (points / effort unit)², an effort unit being the spread of the indicator's yearly
    change over units (of its scores when the panel has one year). No score may pass the best unit of the year by more
    than `beyond` points. Raises InputError as `needed` does, and when the frontier is too near.
    """
    year = index.year if year is None else year
    points, now = needed(index, unit, places, year, margin), _sign(index) * index.wide(year)
    weight = _weights(index, unit, year)
    effort = typical_change(index, year) if effort is None else effort
    room = (now[weight.index].max() - now.loc[unit, weight.index] + beyond).clip(lower=0.0)
    refuse(
        "what would it take",
        []
        if weight @ room >= points
        else [
            f"{unit} cannot gain {places} places by catching up with the best of {year} alone: it would gain "
            f"{weight @ room:.3f} of {points:.3f} points; allow more with beyond=…"
        ],
    )
    table = _changed(index, unit, year, _least_effort(weight, effort[weight.index], room, points))
    return table[table["points"] > 1e-6].sort_values(
        "points", ascending=False, kind="stable", ignore_index=True
    )


def _least_effort(weight: pd.Series, effort: pd.Series, room: pd.Series, points: float) -> pd.Series:
    """The changes x from 0 to `room` with weight @ x = points and the least sum of (x / effort)².

    Where the price of a point is p, an indicator changes by p weight effort² / 2 as long as there is room: the price is
    what makes the points add up (Helgason, Kennington and Lall 1980, Mathematical Programming 18, 338-343).
    """
    pull = weight * effort**2
    highest = (room / pull).max()  # here no indicator has room left
    price = brentq(lambda at: weight @ np.minimum(room, at * pull) - points, 0, highest, xtol=1e-15 * highest)
    return np.minimum(room, price * pull)


def steps_up(index, units: list, beyond: float = 20.0, most: int = 3) -> pd.DataFrame:
    """What one more place would take for each of `units`, the leader apart: columns unit, places, points (that it
    lacks), indicator, score, raw_from, raw_to, beyond (the smallest change by one indicator alone), mix (the `most`
    indicators of the cheapest mix, which may pass the best of the year by `beyond` points; none where even that is
    not enough), measure_unit_zh, measure_unit_en (of raw_from and raw_to)."""
    rank, rules, rows = index.of().set_index("unit")["rank"], index.spec.rules, []
    for unit in units:
        if not rank.get(unit, 1) > 1:
            continue
        best = single(index, unit).iloc[0]
        rows.append(
            {
                "unit": unit,
                "places": 1,
                "points": needed(index, unit),
                "indicator": best["indicator"],
                "score": best["points"],
                "raw_from": best["raw_from"],
                "raw_to": best["raw_to"],
                "beyond": best["beyond_best"],
                "mix": _mix(index, unit, beyond)[:most],
                **{
                    f"measure_{name}": rules[best["indicator"]][name] or "" for name in ("unit_zh", "unit_en")
                },
            }
        )
    return pd.DataFrame(rows)


def _mix(index, unit: str, beyond: float) -> list[str]:
    try:
        return list(cheapest(index, unit, beyond=beyond)["indicator"])
    except InputError:
        return []


def typical_change(index, year: int) -> pd.Series:
    """Spread over units of each indicator's change of score to `year` (of its scores when there is no year before)."""
    table = index.wide(year)[index.spec.indicators]
    before = index.wide(year - 1)[index.spec.indicators] if year - 1 in index.years else 0.0
    spread = (table - before).std()
    return spread.where(spread > 0, spread[spread > 0].min()).fillna(1.0)


def _changed(index, unit: str, year: int, change: pd.Series) -> pd.DataFrame:
    """A change of scores to the better in points and, where the method can be turned back, in the units of the
    indicators."""
    sign = _sign(index)
    now = index.wide(year)[change.index]
    posts = index.posts.xs(year) if index.posts.index.nlevels == 2 else index.posts
    before = now.loc[[unit]]
    after = before + sign * change
    lines = [name for name in change.index if _can_be_turned_back(index.spec.rules[name])]
    scores = pd.concat([before, after], keys=["from", "to"])[lines].astype(float)
    for name in lines:
        rule = index.spec.rules[name]
        if rule["range"] == "truncated":  # no value gives a score beyond the ends of the scale
            scores[name] = scores[name].where(scores[name].between(*sorted(rule["scale"])))
    with np.errstate(invalid="ignore"):  # a root or logarithm may have no way back to the score
        raw = score.invert(index.spec, scores, posts)
    raw = raw.reindex(columns=change.index)
    return pd.DataFrame(
        {
            "indicator": change.index,
            "points": change.to_numpy(),
            "score_from": before.loc[unit].to_numpy(),
            "score_to": after.loc[unit].to_numpy(),
            "raw_from": raw.iloc[0].to_numpy(),
            "raw_to": raw.iloc[1].to_numpy(),
            "beyond_best": (sign * after.loc[unit] > (sign * now).max() + 1e-9).to_numpy(),
        }
    )


def _can_be_turned_back(rule: dict) -> bool:
    """Does a score of an indicator tell its value?"""
    kind = transforms.kind_of(rule)
    inverse = transforms.TRANSFORMS[kind if isinstance(kind, str) else kind[0]].back
    plain = rule["treat"] == "none" and rule["curve"] == 1 and rule["limits"] is None
    return plain and inverse is not None and rule["normalise"] in normalise.INVERTIBLE
