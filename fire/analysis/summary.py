"""What can be said of an edition in a few lines: what its report printed, what public statistics give, what is a range.

Functions take a frame of `known.results` (cities or regions) and give the values of sentences.
"""

import pandas as pd

from fire.analysis import views
from fire.analysis.known import SOFT


def _at(scores: pd.DataFrame, node: str, year: int) -> pd.DataFrame:
    return scores[scores["node"].eq(node) & scores["year"].eq(year)]


def _told(rows: pd.DataFrame, measure: str) -> list[dict]:
    """Units with a value that is more than a range, and its status; None for the value of the others."""
    soft, status = rows[f"{measure}_status"].isin(SOFT), rows[f"{measure}_status"]
    return [
        {
            "unit": unit,
            "value": None if hidden or pd.isna(value) else float(value),
            "status": "" if hidden else mark,
        }
        for unit, value, mark, hidden in zip(rows["unit"], rows[measure], status, soft, strict=True)
    ]


def printed_order(scores: pd.DataFrame, node: str, year: int) -> dict:
    """The units whose rank was printed, best first: node, first (unit, value: score, status), ranks, and `whole`: their
    ranks are the first ones without a gap."""
    rows = _at(scores, node, year)
    rows = rows[rows["rank_status"].eq("printed")].sort_values(["rank", "unit"])
    ranks = [int(rank) for rank in rows["rank"]]
    whole = ranks == list(range(1, len(ranks) + 1))
    return {"node": node, "first": _told(rows, "score"), "ranks": ranks, "whole": whole}


def printed_growth(scores: pd.DataFrame, node: str, year: int) -> dict:
    """The units whose growth was printed: node, n, the fastest and the slowest (unit, value, status); None without two."""
    rows = _at(scores, node, year)
    rows = rows[rows["growth_pct_status"].eq("printed")].sort_values("growth_pct", ascending=False)
    told = _told(rows, "growth_pct")
    ends = (told[0], told[-1]) if len(told) > 1 else (None, None)
    return {"node": node, "n": len(told), "fastest": ends[0], "slowest": ends[1]}


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
        known, below = rows[~rows["score_status"].isin(SOFT)], spec.children(node)
        whole = len(known) == len(rows) > 0
        if len(below) == 1 or below and not whole:
            todo = [*below, *todo]
        elif whole or len(known) >= least * len(rows):
            best = known.sort_values("score", ascending=not views.highest_is_best(rows), kind="stable").head(
                top
            )
            growth, soft = rows["growth_pct"], rows["growth_pct_status"].isin(SOFT)
            up = int(growth.gt(0).sum()) if growth.notna().all() and not soft.any() else None
            loose = int(rows["growth_pct_status"].isin(["implied", "estimated", "imputed"]).sum())
            counts = {"n": len(known), "all": len(rows), "up": up, "loose": loose}
            found.append({"node": node, **counts, "first": _told(best, "score")})
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
