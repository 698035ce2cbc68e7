"""What rank intervals say: the values of the sentences on how sure a rank is.

Frames come from the stored results (`fire.analysis.results`); functions give frames and values, never sentences.
"""

from itertools import combinations, permutations

import numpy as np
import pandas as pd

from fire.analysis import sensitivity
from fire.index.panel import STATUSES

NARROW = 5  # places that a narrow interval spans at most
SURE = 0.95  # probability from which an order is called certain
PERCENTILES = {"from": 5, "to": 95}  # ends of the intervals of `robustness`


def declared(alternatives: dict) -> dict:
    """Values of the sentence on the declared alternatives (`robustness.standard()`): draws, schemes (combinations of
    methods), and in per cent: band of the weights by level, drop, errors (status → standard deviation of a cell as a
    share of the scale)."""
    ways = [options for options in alternatives.values() if isinstance(options, list)]
    error = alternatives.get("error", {})
    schemes = 1
    for options in ways:
        schemes *= len(options)
    return {
        "draws": alternatives["draws"],
        "schemes": schemes,
        "bands": [100 * band for band in alternatives.get("weights", {}).get("band", [])],
        "drop": 100 * alternatives.get("drop", 0),
        "errors": {name: 100 * error[name] for name in STATUSES if name in error},
    }


def status_shares(index) -> dict:
    """Share of the cells of the year ranked by data status, in per cent."""
    cells = index.panel[index.panel["year"].eq(index.year)].dropna(subset="value")
    shares = 100 * cells["status"].value_counts(normalize=True)
    return {name: float(shares.get(name, 0.0)) for name in STATUSES}


def of_year(frame: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    """Rows of one node and year, with `width` (places from rank_low to rank_high), best rank first."""
    kept = frame[frame["node"].eq(node) & frame["year"].eq(year)]
    kept = kept.assign(width=kept["rank_high"] - kept["rank_low"])
    return kept.sort_values(["rank", "unit"], ignore_index=True)


def spread(intervals: pd.DataFrame, narrow: int = NARROW) -> dict:
    """How wide the intervals of one node and year are: n, median, share (per cent at most `narrow` places wide),
    narrow, thirds (median width in the first, middle and last third), fixed (units whose interval is one place), widest, low, high (its interval), groups, sure, from, to (percentiles)."""
    width = intervals["width"]
    widest = intervals.loc[width.idxmax()]
    return {
        "n": len(intervals),
        "median": float(width.median()),
        "share": 100 * float((width <= narrow).mean()),
        "narrow": narrow,
        "thirds": [float(np.median(part)) for part in np.array_split(width.to_numpy(), min(3, len(width)))],
        "fixed": intervals.loc[width.eq(0), "unit"].tolist(),
        "widest": widest["unit"],
        "low": int(widest["rank_low"]),
        "high": int(widest["rank_high"]),
        "groups": int(intervals["group"].max()),
        "sure": 100 * SURE,
        **PERCENTILES,
    }


def among_first(intervals: pd.DataFrame, k: int = 10) -> dict:
    """Which units are surely, and which perhaps, among the first k: k, high, low (per cent), inside, perhaps (no
    unit where there are not more than k)."""
    intervals = intervals if len(intervals) > k else intervals.iloc[:0]
    chance = intervals[f"p_top{k}"]
    return {
        "k": k,
        "high": 100 * SURE,
        "low": round(100 * (1 - SURE)),
        "inside": intervals.loc[chance >= SURE, "unit"].tolist(),
        "perhaps": intervals.loc[(chance >= 1 - SURE) & (chance < SURE), "unit"].tolist(),
    }


def ahead(pairs: pd.DataFrame, order: list, year: int) -> pd.DataFrame:
    """P(unit ahead of other) of one year among the units of `order`, in that order: unit, other, p_ahead. `.attrs` holds
    `sure`, the probability from which an order is called certain."""
    kept = pairs[pairs["year"].eq(year)].set_index(["unit", "other"])["p_ahead"]
    cells = pd.MultiIndex.from_tuples(permutations(order, 2), names=["unit", "other"])
    frame = kept.reindex(cells).reset_index()
    frame.attrs["sure"] = SURE
    return frame


def neighbours(pairs: pd.DataFrame, order: list) -> dict:
    """Between which neighbours the order is not certain: n, unsure (the upper one of each pair), certain (per cent
    of all pairs), farthest (places between two units without certain order), sure, rest (per cent). `pairs` as of `ahead`."""
    chance = pairs.set_index(["unit", "other"])["p_ahead"]
    apart = {pair: order.index(pair[1]) - order.index(pair[0]) for pair in combinations(order, 2)}
    unsure = [pair for pair in apart if not chance[pair] >= SURE]
    return {
        "n": len(order),
        "unsure": [one for one, other in unsure if apart[one, other] == 1],
        "certain": 100 * (1 - len(unsure) / len(apart)),
        "farthest": max((apart[pair] for pair in unsure), default=0),
        "sure": 100 * SURE,
        "rest": 100 * (1 - SURE),
    }


def growth_of(growth: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    """Growth and its interval of one node and year, the fastest first."""
    kept = growth[growth["node"].eq(node) & growth["year"].eq(year)]
    return kept.sort_values(["growth_pct", "unit"], ascending=[False, True], ignore_index=True)


def directions(growth: pd.DataFrame) -> dict:
    """Of how many units the direction of growth is certain (the interval leaves out zero): n, certain, rising,
    falling; fastest and its interval low, high. `growth`: rows of one node and year, the fastest first."""
    rising, falling = growth["growth_low"] > 0, growth["growth_high"] < 0
    first = growth.iloc[0]
    return {
        "n": len(growth),
        "certain": int((rising | falling).sum()),
        "rising": int(rising.sum()),
        "falling": int(falling.sum()),
        "fastest": first["unit"],
        "low": float(first["growth_low"]),
        "high": float(first["growth_high"]),
    }


def effects(sobol: pd.DataFrame, output: str = "shift") -> pd.DataFrame:
    """First-order and total effects on one output of `sensitivity.run`, the largest total first: factor, effect
    (total-effect, first-order), variance_share, variance_low, variance_high (from zero up)."""
    kept = sobol[sobol["output"].eq(output)].sort_values("total", ascending=False, ignore_index=True)
    names = {"": "variance_share", "_low": "variance_low", "_high": "variance_high"}
    parts = []
    for effect, order in (("total-effect", "total"), ("first-order", "first")):
        columns = {f"{order}{end}": name for end, name in names.items()}
        part = kept[["factor", *columns]].rename(columns=columns)
        part.insert(1, "effect", effect)
        parts.append(part)
    frame = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return frame.assign(**{name: frame[name].clip(lower=0) for name in names.values()})


def largest(effects: pd.DataFrame) -> dict:
    """Which choice moves ranks most: first, total (per cent of the variance), order (all choices)."""
    total = effects[effects["effect"].eq("total-effect")]
    return {
        "first": total["factor"].iloc[0],
        "total": 100 * float(total["variance_share"].iloc[0]),
        "order": total["factor"].tolist(),
        "confidence": 100 * sensitivity.CONFIDENCE,
    }
