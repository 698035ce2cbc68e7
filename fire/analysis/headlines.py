"""Values of the sentences on an index: who leads, who grew, what the scores rest on. Dictionaries, no words.

Frames are those of `views.both_years` for one node (`views.at`), best first; names are ids. Where no year is compared,
growth is missing and the names of growth are empty, so that their sentences are not printed. `known.agreed` and
`known.lasting` try a finding on every draw of what is not known.
"""

import numpy as np
import pandas as pd

from fire.analysis import views
from fire.analysis.known import SOFT, Draws, lasting
from fire.analysis.views import foremost, leaders

STEP = 1.5  # a step sets units apart when it is so many times the next largest
# Western provinces (National Bureau of Statistics, division into east, centre, west and north-east, 2011).
WEST = ("内蒙古", "广西", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆")


def _of_units(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column by unit."""
    return frame.set_index("unit")[column]


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    """The best and the worst score of a frame of one node."""
    ends = frame["score"].max(), frame["score"].min()
    return ends if views.highest_is_best(frame) else ends[::-1]


def first(frame: pd.DataFrame, top: int) -> list[list]:
    """Units within the first rank, the first two … the first `top`."""
    unit, rank = frame["unit"].to_numpy(), frame["rank"].to_numpy(float, na_value=np.nan)
    return [list(unit[rank <= place]) for place in range(1, top + 1)]


def order(ranked: Draws, top: int) -> list:
    """The first units, at most `top`, in the order that stands in nearly all draws; `ranked`: Draws of a frame."""
    return (lasting(first, ranked, top) or [[]])[-1]


def status(shares: pd.DataFrame, index) -> dict:
    """What the index rests on (`views.status_shares`): per cent of the weight that is known in the root (`known`), and in
    each pillar (`nodes`: node, known, and the part of it that is estimated or imputed: estimated), and by how many draws the
    rest is shown."""
    firm = shares[~shares["status"].isin(SOFT)].groupby("node")["share_pct"].sum()
    fitted = shares[shares["status"].isin(["estimated", "imputed"])].groupby("node")["share_pct"].sum()
    return {
        "known": float(firm.get(index.spec.root, 0.0)),
        "nodes": [
            {"node": node, "known": float(firm.get(node, 0.0)), "estimated": float(fitted.get(node, 0.0))}
            for node in index.spec.pillars
        ],
        "draws": len(index.completions),
    }


def counts(system: pd.DataFrame) -> dict:
    """How many pillars, dimensions and indicators an index system (`views.system`) has."""
    return {f"{name}s": system[name].nunique() for name in ("pillar", "dimension", "indicator")}


def method(index) -> dict:
    """How an index is made: pillars (node, weight_pct), even (all weigh the same), linear (scores are places between limits),
    reference (what sets the limits), base_year, open (scores may leave the scale), missing (the rule)."""
    spec, weight = index.spec, index.weights
    pillars = [{"node": node, "weight_pct": 100 * float(weight[node])} for node in spec.pillars]
    told = ("reference", "base_year", "missing")
    return {
        "pillars": pillars,
        "even": len({round(one["weight_pct"], 6) for one in pillars}) == 1,
        "linear": spec.method["normalise"] == "minmax",
        "open": spec.method["range"] == "open",
        **{name: spec.method[name] for name in told},
    }


def lead(frame: pd.DataFrame, top: int) -> dict:
    """Who leads and who is last, with their scores; how many of the first `top` stay there over their whole rank
    interval, whose interval is widest and how many ranks it spans."""
    inside = frame["rank"].le(top)
    width = _of_units(frame, "rank_high") - _of_units(frame, "rank_low") + 1
    best, worst = _ends(frame)
    return {
        "names": foremost(frame),
        "score": best,
        "last": foremost(frame, last=True),
        "low": worst,
        "k": top,
        "sure": int((inside & frame["rank_high"].le(top)).sum()),
        "widest": leaders(width, 0)[:3],
        "width": width.max(),
    }


def moved(moves: pd.DataFrame) -> dict:
    """How many units change rank (`views.moves`), who moves most and by how many places."""
    far = (_of_units(moves, "rank_before") - _of_units(moves, "rank_after")).abs()
    return {"n": len(moves), "names": leaders(far, 0), "most": far.max()}


# What is known of a frame ----------------------------------------------------------------------------------------------


def told(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The rows whose value of a measure (score, rank …) is there and more than a range."""
    there = frame[measure].notna()
    return (
        frame[there & ~frame[f"{measure}_status"].isin(SOFT)]
        if f"{measure}_status" in frame
        else frame[there]
    )


def printed(rows: pd.DataFrame, measure: str) -> bool:
    """Whether a report printed a measure of all these rows."""
    return (
        f"{measure}_status" in rows and len(rows) > 0 and bool(rows[f"{measure}_status"].eq("printed").all())
    )


def values(rows: pd.DataFrame, measure: str) -> list[dict]:
    """A measure of some rows as values of a sentence: unit, value (None where only a range is known), status."""
    known = set(told(rows, measure).index)
    marks = rows.get(f"{measure}_status", pd.Series("", rows.index))
    return [
        {
            "unit": unit,
            "value": float(value) if row in known else None,
            "status": mark if row in known else "",
        }
        for row, unit, value, mark in zip(rows.index, rows["unit"], rows[measure], marks, strict=True)
    ]


def podium(ranked: Draws, top: int) -> dict:
    """The first units, at most `top`, in the order that stands in nearly all draws: first (unit, value: score, status),
    printed (whether a report printed these ranks), and the step that sets the first ones apart, where one is STEP times as
    large as any other among them: ahead (how many stand above it, 0 without one), step (points)."""
    rows = ranked.frame.set_index("unit", drop=False).loc[order(ranked, top)]
    first = values(rows, "score")
    known = [one["value"] for one in first if one["value"] is not None]
    steps = [abs(one - other) for one, other in zip(known, known[1:])] if len(known) > 3 else []
    ahead, ordered = (steps.index(max(steps)) + 1 if steps else 0), sorted(steps, reverse=True)
    clear = (
        steps and ordered[0] >= STEP * ordered[1] and known == [one["value"] for one in first[: len(known)]]
    )
    return {
        "first": first,
        "printed": printed(rows, "rank"),
        "ahead": ahead if clear else 0,
        "step": ordered[0] if clear else None,
    }


def seats(names: list, places: pd.DataFrame) -> dict:
    """Where the first units lie: k (how many), many (region, cities: regions with several, most first), single (how many
    regions have one), west (those in a western province; empty where it is none or all of them)."""
    where = places.set_index("city").reindex(names)
    groups = [
        {"region": region, "cities": list(own.index)} for region, own in where.groupby("region", sort=False)
    ]
    west = [
        city
        for city, province in where.get("province", pd.Series(dtype=str)).items()
        if str(province).startswith(WEST)
    ]
    return {
        "k": len(names),
        "many": sorted(
            (one for one in groups if len(one["cities"]) > 1), key=lambda one: -len(one["cities"])
        ),
        "single": sum(len(one["cities"]) == 1 for one in groups),
        "west": west if len(west) < len(names) else [],
    }


def moves(frame: pd.DataFrame, top: int) -> dict:
    """Who moved up and down since the year before, as far as that is known: told (of how many), all (units that were there
    before), printed; climbs, falls (places, names: the two largest moves, largest first; falls only where all are told); up,
    down, same (how many, None unless all are told); k, kept (how many of the first `top` kept their rank, None unless told of
    all of them)."""
    known = told(frame, "rank_change")
    change, there = _of_units(known, "rank_change").astype(int), int(frame["rank_change"].notna().sum())
    whole, head = len(known) == there > 0, told(frame.head(top), "rank_change")["rank_change"]
    return {
        "told": len(known),
        "all": there,
        "printed": printed(known, "rank_change"),
        "climbs": _largest(change),
        "falls": _largest(-change) if whole else [],
        "up": int(change.gt(0).sum()) if whole else None,
        "down": int(change.lt(0).sum()) if whole else None,
        "same": int(change.eq(0).sum()) if whole else None,
        "k": top,
        "kept": int(head.eq(0).sum()) if len(head) == top < len(frame) else None,
    }


def _largest(places: pd.Series) -> list[dict]:
    """The units of the two largest positive numbers: places, names."""
    sizes = sorted(set(places[places.gt(0)]), reverse=True)[:2]
    return [{"places": int(size), "names": list(places.index[places.eq(size)])} for size in sizes]


def growth(frame: pd.DataFrame, top: int = 3) -> dict:
    """Growth of the score as far as it is known: told (of how many units), all (units that have a growth), printed, fastest,
    slowest (unit, value, status; None without two), fastest_score, fastest_score_status (of the fastest; None where it is a
    range) and whether that lies below the median of all (behind) or below all others and their ranges (last), up,
    down (how many gained and lost points; None unless told of all), k, head (the fastest of the first `top`; None unless told
    of all of these)."""
    known = told(frame, "growth_pct").sort_values("growth_pct", ascending=False, kind="stable")
    rates, several = known["growth_pct"].astype(float), len(known) > 1
    fast = known.head(1)
    own = values(fast, "score")[0] if several else {"value": None, "status": ""}
    score, low = own["value"], frame.get("score_low", frame["score"]).astype(float).drop(fast.index)
    there, head = int(frame["growth_pct"].notna().sum()), told(frame.head(top), "growth_pct")
    whole = several and len(known) == there
    return {
        "told": len(known),
        "all": there,
        "printed": printed(known, "growth_pct"),
        "fastest": values(fast, "growth_pct")[0] if several else None,
        "fastest_score": score,
        "fastest_score_status": own["status"],
        "behind": score is not None and bool(score < frame["score"].median()),
        "last": score is not None and bool(low.dropna().gt(score).all()),
        "slowest": values(known.tail(1), "growth_pct")[0] if several else None,
        "up": int(rates.gt(0).sum()) if whole else None,
        "down": int(rates.lt(0).sum()) if whole else None,
        "k": top,
        "head": values(head.nlargest(1, "growth_pct"), "growth_pct")[0]
        if len(head) == top < len(frame)
        else None,
    }


def character(own: Draws, total: Draws, top: int) -> dict:
    """What tells the order of a node (`own`) from that of the root (`total`): k, first (unit, value: score, status, the first
    units in the order of nearly all draws, at most `top`), leader (the first of the root; None without one) and its place
    here (None where it is not among the first), head (how many places from the first on are the same), entered (unit, value,
    place: among the first here, not there), left (among the first there, not here; both empty unless `top` places are sure in
    both: whole), shift (unit, here, there: who stands furthest behind its place in the root)."""
    here, there = order(own, top), order(total, top)
    first = values(own.frame.set_index("unit", drop=False).loc[here], "score")
    whole = len(here) == len(there) == top
    both = [
        {"unit": unit, "here": here.index(unit) + 1, "there": there.index(unit) + 1}
        for unit in there
        if unit in here
    ]
    behind = max(both, key=lambda one: one["here"] - one["there"], default=None)
    same = [one == other for one, other in zip(here, there)]
    return {
        "k": top,
        "first": first,
        "whole": whole,
        "leader": there[0] if there else None,
        "place": here.index(there[0]) + 1 if there and there[0] in here else None,
        "head": same.index(False) if False in same else len(same),
        "entered": [
            one | {"place": here.index(one["unit"]) + 1}
            for one in first
            if whole and one["unit"] not in there
        ],
        "left": [unit for unit in there if whole and unit not in here],
        "shift": behind if behind and behind["here"] - behind["there"] > 2 else None,
    }


def regions(area: pd.DataFrame) -> dict:
    """The order of the first three regions; the best and the lowest score, and whose that is; how many regions."""
    high, low = _ends(area)
    ends = {"score": high, "last": foremost(area, last=True), "low": low}
    return {"first": list(area["unit"][:3]), "count": len(area), **ends}


def leader(area: pd.DataFrame) -> dict:
    """The leading region and its mean."""
    return {"leader": foremost(area), "score": _ends(area)[0]}


def inside(table: pd.DataFrame) -> dict:
    """Where one city runs ahead, and where cities move abreast (frame of `regions.structure`): steep (the region whose first
    city is furthest ahead of the second), city, lead (points); even (the region of several cities with the smallest range; None
    without one), range (points)."""
    several = table[table["cities"].gt(2)]
    steep = table.loc[table["lead"].idxmax()] if len(table) else None
    even = several.loc[several["range"].idxmin()] if len(several) > 1 else None
    return {
        "steep": None if steep is None else steep["region"],
        "city": None if steep is None else steep["top_city"],
        "lead": None if steep is None else float(steep["lead"]),
        "even": None if even is None else even["region"],
        "range": None if even is None else float(even["range"]),
    }


def leading(own: pd.DataFrame, total: pd.DataFrame) -> dict:
    """The region that leads in a node (`own`), its score, score_status, whether data under the scores of the node are drawn or
    simulated (soft), and the region that leads in the root (`total`)."""
    soft = own[[f"share_{status}" for status in SOFT if f"share_{status}" in own]].to_numpy(float)
    first, *_ = values(own.head(1), "score") or [{"status": ""}]
    return {
        "heads": foremost(own),
        "score": _ends(own)[0],
        "score_status": first["status"],
        "soft": bool((soft > 1e-9).any()),
        "base": foremost(total),
    }


def also(firsts: pd.DataFrame, node: str, children: list) -> list:
    """The children of a node in which the region that leads in the node leads too (`views.firsts` of the regions)."""
    pairs = set(zip(firsts["node"], firsts["unit"], strict=True))
    heads = [unit for one, unit in pairs if one == node]
    return [child for child in children if all((child, unit) in pairs for unit in heads)]


def comparison(frame: pd.DataFrame, node: str) -> dict:
    """Chosen cities on a node (frame of the node and its children): who is best, and with how many points."""
    own = frame[frame["node"].eq(node)]
    return {"cities": list(own["unit"]), "node": node, "best": foremost(own), "score": _ends(own)[0]}


def drivers(frame: pd.DataFrame, node: str) -> list[dict]:
    """What moved each of the chosen cities: city, node (the child whose score changed most), change (points). Of cities only
    whose children are all known in both years."""
    years, change = [name for name in frame if isinstance(name, int)], frame[frame["node"].ne(node)]
    if len(years) < 2:
        return []
    told = [f"{year}_status" for year in years if f"{year}_status" in change]
    loose = change[told].isin(SOFT).any(axis=1) | change[years].isna().any(axis=1)
    change = change.assign(change=change[years[1]] - change[years[0]])
    change = change[~change["unit"].isin(change.loc[loose, "unit"])]
    main = change.loc[change["change"].abs().groupby(change["unit"], sort=False).idxmax()]
    return [{"city": row.unit, "node": row.node, "change": row.change} for row in main.itertuples()]


# A region and its cities ----------------------------------------------------------------------------------------------


def leads(frame: pd.DataFrame) -> list[dict]:
    """Which unit is first in which nodes, of those in the frame: city, nodes."""
    best = {node: foremost(part) for node, part in frame.groupby("node", sort=False, observed=True)}
    units = dict.fromkeys(frame["unit"])
    found = [{"city": unit, "nodes": [node for node in best if unit in best[node]]} for unit in units]
    return [one for one in found if one["nodes"]]


def city(cities: pd.DataFrame, leaves: pd.DataFrame, unit: str, root: str, top: int) -> dict:
    """One city: score, rank and growth; indicators among the first `top`, those with the lowest rank, what grew and
    what fell. `leaves`: rows of the city's indicators."""
    own = cities[cities["unit"].eq(unit) & cities["node"].eq(root)].iloc[0]
    mine = leaves.set_index("node")
    ranks, rates = mine["rank"].dropna().astype(float), mine["growth_pct"].dropna().astype(float)
    fell = rates[rates.lt(-0.005)].sort_values()
    return {
        "city": unit,
        "score": own["score"],
        "rank": int(own["rank"]),
        "growth": own["growth_pct"],
        "k": top,
        "strong": list(ranks[ranks.le(top)].sort_values(kind="stable").index),
        "all": len(ranks),
        "weak": leaders(ranks, 0),
        "worst": ranks.max(),
        "known": len(rates),
        "rises": leaders(rates, 2) if rates.max() > 0 else [],
        "most": rates.max(),
        **_ahead(mine),
        "up": int(rates.gt(0.005).sum()),
        "falls": list(fell.index),
    }


def _ahead(mine: pd.DataFrame) -> dict:
    """The indicator that outgrew the median city most: ahead (None without one), ahead_by (its growth), median."""
    gap = (mine["growth_pct"] - mine["median_growth"]).astype(float).dropna()
    best = gap.idxmax() if len(gap) and gap.max() > 0 else None
    rows = mine.loc[best] if best is not None else None
    return {
        "ahead": best,
        "ahead_by": None if rows is None else float(rows["growth_pct"]),
        "median": None if rows is None else float(rows["median_growth"]),
    }


def highest(frame: pd.DataFrame, unit: str) -> dict:
    """The highest indicators of a city (frame with the median of all cities): which, and between which ranks they lie."""
    scores = frame.set_index("node")["score"]
    return {
        "city": unit,
        "names": leaders(scores, 2),
        "score": scores.max(),
        "shown": len(frame),
        "best": int(frame["rank"].min()),
        "worst": int(frame["rank"].max()),
        "above": int(frame["score"].gt(frame["median"]).sum()),
    }


def fastest(frame: pd.DataFrame, said: dict) -> dict:
    """The fastest indicators of a city, `said` as of `city`: which, how fast, how many beyond the median city."""
    rates = frame.set_index("node")["growth_pct"]
    faster = int(frame["growth_pct"].gt(frame["median"]).sum())
    kept = {name: said[name] for name in ("city", "known", "up")}
    return kept | {"names": leaders(rates, 1), "growth": rates.max(), "faster": faster}
