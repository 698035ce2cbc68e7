"""Values of the sentences on an index: who leads, who grew, what the scores rest on. Dictionaries, no words.

Frames are those of `views.both_years` for one node (`views.at`), best first; names are ids. Where no year is compared,
growth is missing and the names of growth are empty, so that their sentences are not printed.
"""

import pandas as pd

from fire.analysis import views
from fire.analysis.views import HARD, leaders

SURE = 0.9995  # a share of hard data that is shown as "wholly"


def _of_units(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column by unit."""
    return frame.set_index("unit")[column]


def first(frame: pd.DataFrame, top: int) -> list:
    """Units within the first `top` ranks."""
    return list(frame.loc[frame["rank"].le(top), "unit"])


def status(shares: pd.DataFrame, index) -> dict:
    """What the index rests on (`views.status_shares`): per cent hard and simulated, the pillars mainly on hard data, and
    whether these rest on nothing else."""
    wide = shares.pivot(index="node", columns="status", values="share_pct").fillna(0)
    hard = wide.reindex(columns=HARD, fill_value=0).sum(axis=1)
    firm = [node for node in index.spec.pillars if hard[node] > 50]
    root = index.spec.root
    return {
        "hard": hard[root],
        "published": wide["published"][root] if "published" in wide else 0,
        "simulated": wide["simulated"][root] if "simulated" in wide else 0,
        "observed": firm,
        "shares_full": bool(firm) and bool(hard[firm].min() > 100 * SURE),
        "nodes": [{"node": node, "hard": hard[node]} for node in [root, *index.spec.pillars]],
    }


def counts(system: pd.DataFrame) -> dict:
    """How many pillars, dimensions and indicators an index system (`views.system`) has."""
    return {f"{name}s": system[name].nunique() for name in ("pillar", "dimension", "indicator")}


def lead(frame: pd.DataFrame, top: int) -> dict:
    """Who leads and who is last, with their scores; how many of the first `top` stay there over their whole rank
    interval, whose interval is widest and how many ranks it spans."""
    scores, inside = _of_units(frame, "score"), frame["rank"].le(top)
    width = _of_units(frame, "rank_high") - _of_units(frame, "rank_low") + 1
    return {
        "names": leaders(scores),
        "score": scores.max(),
        "last": leaders(scores, highest=False),
        "low": scores.min(),
        "k": top,
        "sure": int((inside & frame["rank_high"].le(top)).sum()),
        "widest": leaders(width, 0)[:3],
        "width": width.max(),
    }


def moved(moves: pd.DataFrame) -> dict:
    """How many units change rank (`views.moves`), who moves most and by how many places."""
    far = (_of_units(moves, "rank_before") - _of_units(moves, "rank_after")).abs()
    return {"n": len(moves), "names": leaders(far, 0), "most": far.max()}


def bands(frame: pd.DataFrame, lows) -> list[dict]:
    """Units by band of scores: low, high (None: no upper bound), names. `lows`: the bounds from the highest down."""
    found, high = [], None
    for low in lows:
        inside = frame["score"].ge(low) & (True if high is None else frame["score"].lt(high))
        found.append({"low": low, "high": high, "names": list(frame.loc[inside, "unit"])})
        high = low
    return found


def growth(frame: pd.DataFrame, digits: int = 2) -> dict:
    """Who grew fastest (`names`, `growth`), how many rose and how many fell."""
    rates = _of_units(frame, "growth_pct").astype(float)
    return {
        "names": leaders(rates, digits),
        "growth": rates.max(),
        "up": int(rates.gt(0).sum()),
        "falls": int(rates.lt(0).sum()),
    }


def risers(frame: pd.DataFrame, least: int = 3) -> dict:
    """Units that moved up by at least `least` places, and who moved most."""
    rise = _of_units(frame, "rank_change").astype(float)
    up = rise[rise.ge(least)].sort_values(ascending=False, kind="stable")
    return {"names": list(up.index), "least": least, "most": up.max(), "best": leaders(up, 0)}


def printed(frame: pd.DataFrame, tolerance: float) -> dict:
    """Printed scores against computed ones: how many, how many within the tolerance, the largest difference."""
    misses = (frame["printed"] - frame["score"]).abs().dropna()
    ok = int(misses.le(tolerance + 1e-9).sum())
    return {"n": len(misses), "tolerance": tolerance, "ok": ok, "worst": misses.max()}


def regions(area: pd.DataFrame) -> dict:
    """Leading region, how many rose, who grew fastest; the order of the first three, the last and its score."""
    scores, grown = _of_units(area, "score"), growth(area, 1)
    return {
        "leader": leaders(scores),
        "up": grown["up"],
        "n": len(area),
        "fastest": grown["names"],
        "growth": grown["growth"],
        "first": list(area["unit"][:3]),
        "last": leaders(scores, highest=False),
        "low": scores.min(),
    }


def best_cities(total: pd.DataFrame, area: pd.DataFrame, region: pd.Series) -> list[dict]:
    """The best city of every region, regions in the order of `area`: region, city. `region`: of each city."""
    table = total.assign(region=total["unit"].map(region)).drop_duplicates("region").set_index("region")
    return [{"region": name, "city": table.at[name, "unit"]} for name in area["unit"]]


def pillar(index, cities: pd.DataFrame, areas: pd.DataFrame, node: str, top: int) -> dict:
    """One pillar: the leading region and its mean, the region of the widest gap inside, the first cities, who grew
    fastest, and the dimensions in which the leading region leads too."""
    own, area = views.at(cities, node), views.at(areas, node)
    means = _of_units(area, "score")
    spread = own.groupby(own["unit"].map(index.groups))["score"].agg(
        lambda scores: scores.max() - scores.min()
    )
    heads, grown, children = leaders(means), growth(own), index.spec.children(node)
    lead = [
        child for child in children if set(heads) <= set(leaders(_of_units(views.at(areas, child), "score")))
    ]
    return {
        "node": node,
        "heads": heads,
        "score": means.max(),
        "wide": leaders(spread, 1),
        "gap": spread.max(),
        "names": first(own, top),
        "fastest": grown["names"],
        "growth": grown["growth"],
        "lead": lead,
        "all": len(children),
    }


def comparison(frame: pd.DataFrame, node: str) -> dict:
    """Chosen cities on a node (frame of the node and its children): who is best, who grew, and what moved each most.

    `drivers`: city, node (the child whose score changed most), change (points); empty without a year before.
    """
    own, years = frame[frame["node"].eq(node)], [name for name in frame if isinstance(name, int)]
    rates, scores = _of_units(own, "growth_pct").astype(float), _of_units(own, "score")
    said = {
        "cities": list(own["unit"]),
        "node": node,
        "best": leaders(scores),
        "score": scores.max(),
        "rising": leaders(rates, 1),
        "growth": rates.max(),
    }
    change = frame[frame["node"].ne(node)]
    if len(years) < 2:
        return said | {"drivers": []}
    change = change.assign(change=change[years[1]] - change[years[0]]).dropna(subset="change")
    main = change.loc[change["change"].abs().groupby(change["unit"]).idxmax()].set_index("unit")
    drivers = [
        {"city": city, "node": main.at[city, "node"], "change": main.at[city, "change"]}
        for city in said["cities"]
        if city in main.index
    ]
    return said | {"drivers": drivers}


def west_of(frame: pd.DataFrame, line: float, top: int) -> dict:
    """Which of the first `top` units lie west of a meridian (degrees east)."""
    ahead = frame[frame["rank"].le(top)]
    return {"k": len(ahead), "line": line, "west": list(ahead.loc[ahead["lon"].lt(line), "unit"])}


# A region and its cities ----------------------------------------------------------------------------------------------


def standing(areas: pd.DataFrame, region: str, root: str, members: list) -> dict:
    """Where a region stands: its mean, rank among all regions, growth; its cities."""
    own = areas[areas["unit"].eq(region)].set_index("node").loc[root]
    return {
        "region": region,
        "members": members,
        "all": areas["unit"].nunique(),
        "score": own["score"],
        "rank": int(own["rank"]),
        "growth": own["growth_pct"],
    }


def standing_in(areas: pd.DataFrame, region: str, nodes: list) -> dict:
    """The rank of a region among all regions in each of some nodes, the lowest of these, and where it grew fastest."""
    own = areas[areas["unit"].eq(region)].set_index("node").loc[nodes]
    pillars = [
        {"node": row.Index, "rank": int(row.rank), "growth": row.growth_pct} for row in own.itertuples()
    ]
    return {"region": region, "pillars": pillars, "fastest": leaders(own["growth_pct"], 2)}


def leads(frame: pd.DataFrame) -> list[dict]:
    """Which unit is first in which nodes, of those in the frame: city, nodes."""
    best = {
        node: leaders(_of_units(part, "score"))
        for node, part in frame.groupby("node", sort=False, observed=True)
    }
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
        "up": int(rates.gt(0.005).sum()),
        "falls": list(fell.index),
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
