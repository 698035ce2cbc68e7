"""What rank intervals say: the values of the sentences on how sure a rank is.

An interval is the 5th to the 95th percentile of all runs together: the draws of what is not known, and within each the
declared alternatives of method. With means q_m and variances u_m of the M draws, W = mean of u_m is the variance within
draws, B = variance of the q_m that between them, T = W + (1 + 1/M) B the total (Rubin 1987, Multiple Imputation for
Nonresponse in Surveys, ch. 3); ranks are not normal, so the interval is taken from the mixture itself. Where a rank is
known (printed, say) its interval tells what another method would give and casts no doubt on the rank.

Frames come from the stored results (`fire.analysis.results`); functions give frames and values, never sentences.
"""

from itertools import combinations, permutations

import pandas as pd

from fire.analysis import montecarlo, sensitivity
from fire.analysis.alternatives import per_level
from fire.analysis.known import SOFT
from fire.index.panel import STATUSES

NARROW = 5  # places that a narrow interval spans at most
SURE = 0.95  # probability from which an order is called certain
PERCENTILES = {"from": 5, "to": 95}  # ends of the intervals of `robustness`


def declared(alternatives: dict, index) -> dict:
    """Values of the sentence on the declared alternatives (`robustness.standard()`): draws (all runs), unknown (draws of
    what is not known, 0 where all is known), schemes (combinations of methods), and in per cent: band of the weights by
    level, drop, errors (status of a known cell → its standard deviation as a share of the scale)."""
    ways = [options for options in alternatives.values() if isinstance(options, list)]
    error = alternatives.get("error", {})
    schemes = 1
    for options in ways:
        schemes *= len(options)
    levels, _ = montecarlo.tree(index.spec, index.spec.root)
    bands = per_level(alternatives.get("weights"), levels).get("band", [])
    held = set(index.panel.loc[index.panel["year"].eq(index.year), "status"])
    return {
        "draws": alternatives["draws"],
        "unknown": 0 if index.draws is None else len(index.completions),
        "schemes": schemes,
        "bands": [100 * band for band in bands],
        "drop": 100 * alternatives.get("drop", 0),
        "errors": {name: 100 * error[name] for name in STATUSES if name in error and name in held},
    }


def of_year(frame: pd.DataFrame, node: str, year: int, scores: pd.DataFrame) -> pd.DataFrame:
    """Intervals of one node and year, best first: unit, rank (missing where it is not known), rank_status, rank_median,
    rank_low, rank_high, width (places from low to high), p_top<k>, group. `scores`: as of `known.results`;
    `attrs["status"]`: the soft statuses of the data under these scores, of which the intervals take many draws."""
    kept = frame[frame["node"].eq(node) & frame["year"].eq(year)]
    status = scores[scores["node"].eq(node) & scores["year"].eq(year)].set_index("unit")
    told = kept["unit"].map(status["rank_status"])
    kept = kept.assign(
        rank=kept["unit"].map(status["rank"]).astype("Int64").where(~told.isin(SOFT)),
        rank_status=told,
        width=kept["rank_high"] - kept["rank_low"],
    )
    order = kept["rank"].fillna(kept["rank_median"])
    kept = kept.assign(_order=order).sort_values(["_order", "unit"], ignore_index=True).drop(columns="_order")
    kept.attrs["status"] = [one for one in SOFT if status.get(f"share_{one}", pd.Series(0.0)).gt(1e-9).any()]
    return kept


def table(intervals: pd.DataFrame) -> pd.DataFrame:
    """The intervals of `of_year` as a table: unit, rank with its status, rank_median, band_low, band_high (the interval),
    p_top<k>, group."""
    ends = {"rank_low": "band_low", "rank_high": "band_high"}
    return intervals.drop(columns=["year", "node", "width"]).rename(columns=ends)


def spread(intervals: pd.DataFrame, narrow: int = NARROW) -> dict:
    """How wide the intervals of one node and year are (frame of `of_year`): n, median, share (per cent at most `narrow`
    places wide), narrow, fixed (units whose interval is one place), widest (all units with the widest interval), width (how
    wide that is), low, high (the interval of the first of them), groups, sure, from, to (percentiles); known (units whose
    rank is known), printed (those whose rank is printed), open (the others), and the median widths of both (known_median,
    open_median; None without any)."""
    width, open_ = intervals["width"], intervals["rank"].isna()
    widest = intervals[width.eq(width.max())]
    medians = {
        f"{name}_median": float(width[rows].median()) if rows.any() else None
        for name, rows in (("known", ~open_), ("open", open_))
    }
    return {
        "n": len(intervals),
        "median": float(width.median()),
        "share": 100 * float((width <= narrow).mean()),
        "narrow": narrow,
        "fixed": intervals.loc[width.eq(0), "unit"].tolist(),
        "widest": widest["unit"].tolist(),
        "width": int(width.max()),
        "low": int(widest["rank_low"].iloc[0]),
        "high": int(widest["rank_high"].iloc[0]),
        "groups": int(intervals["group"].max()),
        "sure": 100 * SURE,
        "known": int((~open_).sum()),
        "printed": int(intervals["rank_status"].eq("printed").sum()),
        "open": int(open_.sum()),
        **medians,
        **PERCENTILES,
    }


def displaced(intervals: pd.DataFrame) -> dict:
    """Units whose known rank is not their median rank under other methods (frame of `of_year`): swaps (above, below: pairs
    that take each other's rank, in the order of their known ranks; high, low: these ranks), others (unit, rank, median: those
    in no pair), known (how many ranks are known, of n), printed (whether all known ranks are printed)."""
    known = intervals[intervals["rank"].notna()]
    off = known[known["rank"].ne(known["rank_median"])].sort_values("rank")
    ends = {row.unit: (int(row.rank), float(row.rank_median)) for row in off.itertuples()}
    pairs = [
        (one, other) for one, other in combinations(ends, 2) if ends[one] == ends[other][::-1] != ends[other]
    ]
    paired = {unit for pair in pairs for unit in pair}
    return {
        "swaps": [
            {"above": one, "below": other, "high": ends[one][0], "low": ends[other][0]}
            for one, other in pairs
        ],
        "others": [
            {"unit": unit, "rank": rank, "median": median}
            for unit, (rank, median) in ends.items()
            if unit not in paired
        ],
        "known": len(known),
        "n": len(intervals),
        "printed": len(known) > 0 and bool(known["rank_status"].eq("printed").all()),
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


def ahead(pairs: pd.DataFrame, intervals: pd.DataFrame, first: int) -> pd.DataFrame:
    """P(unit ahead of other) in the year of `intervals` (frame of `of_year`) among the `first` units by median rank, in that
    order: unit, other, p_ahead. `.attrs` holds `sure`, the probability from which an order is called certain."""
    kept = pairs[pairs["year"].isin(intervals["year"])].set_index(["unit", "other"])["p_ahead"]
    order = intervals.sort_values(["rank_median", "unit"])["unit"].head(first)
    cells = pd.MultiIndex.from_tuples(permutations(order, 2), names=["unit", "other"])
    frame = kept.reindex(cells).reset_index()
    frame.attrs["sure"] = SURE
    return frame


def neighbours(pairs: pd.DataFrame) -> dict:
    """Between which neighbours the order is not certain: n, unsure (the upper one of each pair), certain (per cent
    of all pairs), farthest (places between two units without certain order), sure, rest (per cent). `pairs` as of `ahead`."""
    chance, order = pairs.set_index(["unit", "other"])["p_ahead"], list(pairs["unit"].unique())
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


def growth_of(growth: pd.DataFrame, node: str, year: int, scores: pd.DataFrame) -> pd.DataFrame:
    """Growth of one node and year, the fastest first by the median of the runs: unit, growth_pct (missing where it is not
    known) with growth_pct_status, growth_median, growth_low, growth_high. `scores`: as of `known.results`."""
    kept = growth[growth["node"].eq(node) & growth["year"].eq(year)]
    now = scores[scores["node"].eq(node) & scores["year"].eq(year)].set_index("unit")
    status = kept["unit"].map(now["growth_pct_status"])
    kept = kept.assign(
        growth_pct=kept["unit"].map(now["growth_pct"]).where(~status.isin(SOFT)), growth_pct_status=status
    )
    kept = kept.sort_values(["growth_median", "unit"], ascending=[False, True], ignore_index=True)
    return kept[["unit", "growth_pct", "growth_pct_status", "growth_median", "growth_low", "growth_high"]]


def directions(growth: pd.DataFrame) -> dict:
    """Of how many units the direction of growth is certain (the interval leaves out zero): n, certain, rising, falling; known
    (of how many the growth itself is), open (the others), settled (of how many of these the direction is certain);
    fastest, the unit that grew faster than all others over its whole interval (None without one), and its low, high.
    `growth`: as of `growth_of`; of a panel of one year it is empty, and low and high are missing."""
    rising, falling = growth["growth_low"] > 0, growth["growth_high"] < 0
    open_ = growth["growth_pct"].isna()
    first, others = (growth if len(growth) else growth.reindex([0])).iloc[0], growth["growth_high"].iloc[1:]
    clear = len(growth) > 0 and not (first["growth_low"] <= others).any()
    return {
        "n": len(growth),
        "certain": int((rising | falling).sum()),
        "rising": int(rising.sum()),
        "falling": int(falling.sum()),
        "known": int((~open_).sum()),
        "open": int(open_.sum()),
        "settled": int((open_ & (rising | falling)).sum()),
        "fastest": first["unit"] if clear else None,
        "low": float(first["growth_low"]),
        "high": float(first["growth_high"]),
    }


def effects(sobol: pd.DataFrame, output: str = "shift") -> pd.DataFrame:
    """First-order and total effects on one output of `sensitivity.run`, the largest total first: factor, effect
    (total_effect, first_order), variance_share, variance_low, variance_high (from zero up)."""
    kept = sobol[sobol["output"].eq(output)].sort_values("total", ascending=False, ignore_index=True)
    names = {"": "variance_share", "_low": "variance_low", "_high": "variance_high"}
    parts = []
    for effect, order in (("total_effect", "total"), ("first_order", "first")):
        columns = {f"{order}{end}": name for end, name in names.items()}
        part = kept[["factor", *columns]].rename(columns=columns)
        part.insert(1, "effect", effect)
        parts.append(part)
    frame = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return frame.assign(**{name: frame[name].clip(lower=0) for name in names.values()})


def largest(effects: pd.DataFrame) -> dict:
    """Which choice moves ranks most: first; alone and total, its first-order and its total effect in per cent of the variance;
    order (all choices); between: the first-order effect of the draws of what is not known, which is the share B/T of Rubin's
    rules (None without them)."""
    total = effects[effects["effect"].eq("total_effect")]
    alone = effects[effects["effect"].eq("first_order")].set_index("factor")["variance_share"]
    return {
        "first": total["factor"].iloc[0],
        "alone": 100 * float(alone[total["factor"].iloc[0]]),
        "total": 100 * float(total["variance_share"].iloc[0]),
        "order": total["factor"].tolist(),
        "between": 100 * float(alone["unknown"]) if "unknown" in alone else None,
        "confidence": 100 * sensitivity.CONFIDENCE,
    }
