"""What can be said of an edition in a few lines: who leads, what moved, what public statistics give, what is a range.

Functions take a frame of `known.results` (cities or regions) and give the values of sentences.
"""

import pandas as pd

from fire.analysis import headlines, intervals, views
from fire.analysis.known import SOFT


def page(results, index, top: int) -> dict:
    """The values of all sentences of the summary by their entries, `results` as of `fire.results.of`: what leads, what moved,
    how sure; `summary-confirmed` is told for each node by `confirmed`."""
    scores, means, spec, year = results.scores, results.means, index.spec, index.year
    total = views.at(views.both_years(scores, year, index.before), spec.root)
    cities, areas = order(scores, spec.root, year, top), order(means, spec.root, year, 3)
    region = areas["first"][0]["unit"] if areas["first"] else None
    firsts = [order(scores, node, year, 1) for node in spec.pillars]
    now = intervals.of_year(results.intervals, spec.root, year, scores)
    spread = intervals.spread(now)
    growth = intervals.growth_of(results.growth, spec.root, year, scores)
    return {
        "summary-title": {"first": cities["first"], "region": region},
        "summary-status": headlines.status(views.status_shares(scores, index), index),
        "summary-cities": cities,
        "summary-regions": across(means, region, spec.pillars, year) | areas,
        "summary-pillars": {"leads": shared(firsts)},
        "summary-moves": headlines.moves(total, top),
        "summary-growth": headlines.growth(total),
        "summary-ranges": ranges(scores, spec.root, year),
        "summary-width": spread,
        "summary-swaps": intervals.displaced(
            intervals.of_year(results.region_intervals, spec.root, year, means)
        ),
        "summary-top": {"open": spread["open"], **intervals.among_first(now, top)},
        "summary-directions": intervals.directions(growth),
    }


def _at(scores: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    return scores[scores["node"].eq(node) & scores["year"].eq(year)]


def order(scores: pd.DataFrame, node: str, year: int, top: int) -> dict:
    """Who leads at a node, as far as ranks are more than ranges: node, first (unit, value: score, status, from the first
    place on without a gap, at most `top`), printed (whether a report printed these ranks)."""
    rows = views.at(scores[scores["year"].eq(year)], node)
    ranked = headlines.told(rows, "rank")
    ranks = ranked["rank"].astype(int).tolist()
    whole = [rank == sum(other < rank for other in ranks) + 1 for rank in ranks]
    count = min(whole.index(False) if False in whole else len(whole), top)
    first = ranked.head(count)
    return {
        "node": node,
        "first": headlines.values(first, "score"),
        "printed": headlines.printed(first, "rank"),
    }


def shared(firsts: list[dict]) -> list[dict]:
    """Who is first at which nodes: city, nodes, from what `order` tells of each node."""
    found: dict = {}
    for one in firsts:
        for first in one["first"][:1]:
            found.setdefault(first["unit"], []).append(one["node"])
    return [{"city": unit, "nodes": nodes} for unit, nodes in found.items()]


def across(means: pd.DataFrame, unit: str | None, nodes: list, year: int) -> dict:
    """How a region stands over the pillars, where all its ranks are more than ranges: unit, all (pillars), worst (its
    lowest rank; None where one is a range), fastest (unit: the pillar that grew most, value, status; None where one is a range)."""
    own = means[means["unit"].eq(unit) & means["year"].eq(year) & means["node"].isin(nodes)]
    ranked, grown = headlines.told(own, "rank"), headlines.told(own, "growth_pct")
    best = grown.nlargest(1, "growth_pct") if len(grown) == len(nodes) else grown.head(0)
    fastest = headlines.values(best.assign(unit=best["node"]), "growth_pct")
    return {
        "unit": unit,
        "all": len(nodes),
        "worst": int(ranked["rank"].max()) if len(ranked) == len(nodes) else None,
        "fastest": fastest[0] if fastest else None,
    }


def confirmed(scores: pd.DataFrame, spec, year: int, least: float = 0.5, top: int = 3) -> list[dict]:
    """What public statistics give: the highest nodes that are known of every unit, and indicators known of at least `least`
    of them: node, n (units known), all, first (the `top` best of these: unit, value, status), up (how many gained points on
    the year before; None unless it is known of all), loose (for how many that rests on estimates)."""
    found, todo, seen = [], [spec.root], set()
    while todo:
        if (node := todo.pop(0)) in seen:  # by another way: it stands in two places
            continue
        seen.add(node)
        rows = _at(scores, node, year).dropna(subset="score")
        known, below = headlines.told(rows, "score"), spec.children(node)
        whole = len(known) == len(rows) > 0
        if len(below) == 1 or below and not whole:
            todo = [*below, *todo]
        elif len(rows) and (whole or len(known) >= least * len(rows)):
            ascending = not views.highest_is_best(rows)
            best = known.sort_values("score", ascending=ascending, kind="stable").head(top)
            growth, soft = rows["growth_pct"], rows["growth_pct_status"].isin(SOFT)
            up = int(growth.gt(0).sum()) if growth.notna().all() and not soft.any() else None
            loose = int(rows["growth_pct_status"].isin(["implied", "estimated", "imputed"]).sum())
            counts = {"n": len(known), "all": len(rows), "up": up, "loose": loose}
            found.append({"node": node, **counts, "first": headlines.values(best, "score")})
    return found


def ranges(scores: pd.DataFrame, node: str, year: int) -> dict:
    """Units known as ranges only: node, of how many the score (scores) and the rank (ranks), all, and the median width of
    these ranges (points, places; None without any)."""
    rows, said = _at(scores, node, year), {}
    for measure, names in {"score": ("scores", "points"), "rank": ("ranks", "places")}.items():
        open_ = rows[rows[f"{measure}_status"].isin(SOFT)]
        width = (open_[f"{measure}_high"] - open_[f"{measure}_low"]).astype(float)
        said |= {names[0]: len(open_), names[1]: float(width.median()) if len(open_) else None}
    return {"node": node, "all": len(rows), **said}
