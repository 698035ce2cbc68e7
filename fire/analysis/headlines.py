"""Values of the sentences on an index: who leads, who grew, what the scores rest on. Dictionaries, no words.

Frames are those of `views.both_years` for one node (`views.at`), best first; names are ids. Where no year is compared,
growth is missing and the names of growth are empty, so that their sentences are not printed. `known.agreed` and
`known.lasting` try a finding on every draw of what is not known.
"""

import pandas as pd

from fire.analysis import views
from fire.analysis.known import SOFT, Draws, lasting
from fire.analysis.views import foremost, leaders


def _of_units(frame: pd.DataFrame, column: str) -> pd.Series:
    """A column by unit."""
    return frame.set_index("unit")[column]


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    """The best and the worst score of a frame of one node."""
    ends = frame["score"].max(), frame["score"].min()
    return ends if views.highest_is_best(frame) else ends[::-1]


def first(frame: pd.DataFrame, top: int) -> list:
    """Units within the first `top` ranks."""
    return list(frame.loc[frame["rank"].le(top), "unit"])


def order(ranked: Draws, top: int) -> list:
    """The first units, at most `top`, in the order that stands in nearly all draws; `ranked`: Draws of a frame."""
    return (lasting(lambda frame: [first(frame, place) for place in range(1, top + 1)], ranked) or [[]])[-1]


def status(shares: pd.DataFrame, index) -> dict:
    """What the index rests on (`views.status_shares`): per cent of the weight that is known in the root (`known`), and in
    each pillar (`nodes`: node, known), and by how many draws the rest is shown."""
    firm = shares[~shares["status"].isin(SOFT)].groupby("node")["share_pct"].sum()
    return {
        "known": float(firm.get(index.spec.root, 0.0)),
        "nodes": [{"node": node, "known": float(firm.get(node, 0.0))} for node in index.spec.pillars],
        "draws": len(index.completions),
    }


def counts(system: pd.DataFrame) -> dict:
    """How many pillars, dimensions and indicators an index system (`views.system`) has."""
    return {f"{name}s": system[name].nunique() for name in ("pillar", "dimension", "indicator")}


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


def bands(frame: pd.DataFrame, lows) -> list[dict]:
    """Units by band of scores: low, high (None: no upper bound), names. `lows`: the bounds from the highest down."""
    found, high = [], None
    for low in lows:
        inside = frame["score"].ge(low) & (True if high is None else frame["score"].lt(high))
        found.append({"low": low, "high": high, "names": list(frame.loc[inside, "unit"])})
        high = low
    return found


def growth(frame: pd.DataFrame, digits: int = 2) -> dict:
    """Who grew fastest (`names`, `growth`)."""
    rates = _of_units(frame, "growth_pct").astype(float)
    return {"names": leaders(rates, digits), "growth": rates.max()}


def signs(frame: pd.DataFrame) -> dict:
    """How many units rose and how many fell."""
    rates = frame["growth_pct"].astype(float)
    return {"up": int(rates.gt(0).sum()), "falls": int(rates.lt(0).sum()), "n": int(rates.notna().sum())}


def risers(frame: pd.DataFrame, least: int = 3) -> list:
    """Units that moved up by at least `least` places, the largest climb first."""
    rise = _of_units(frame, "rank_change").astype(float)
    return list(rise[rise.ge(least)].sort_values(ascending=False, kind="stable").index)


def climb(frame: pd.DataFrame) -> dict:
    """Who moved up most places, and how many; nobody where none rose."""
    rise = _of_units(frame, "rank_change").astype(float)
    return {
        "names": leaders(rise, 0) if rise.max() > 0 else [],
        "most": None if rise.isna().all() else int(rise.max()),
    }


def regions(area: pd.DataFrame) -> dict:
    """The order of the first three regions; the last and its score."""
    return {"first": list(area["unit"][:3]), "last": foremost(area, last=True), "low": _ends(area)[1]}


def leader(area: pd.DataFrame) -> dict:
    """The leading region and its mean."""
    return {"leader": foremost(area), "score": _ends(area)[0]}


def best_cities(total: pd.DataFrame, area: pd.DataFrame, region: pd.Series) -> list[dict]:
    """The best city of every region, regions in the order of `area`: region, city. `region`: of each city."""
    table = total.assign(region=total["unit"].map(region)).drop_duplicates("region").set_index("region")
    return [{"region": name, "city": table.at[name, "unit"]} for name in area["unit"]]


def leading(areas: pd.DataFrame, node: str, children: list) -> dict:
    """The region that leads in a node, and the children of the node in which it leads too."""
    heads = foremost(views.at(areas, node))
    lead = [child for child in children if set(heads) <= set(foremost(views.at(areas, child)))]
    return {"heads": heads, "lead": lead, "all": len(children)}


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
