"""A region and its cities as far as they are known: where they stand, who leads, which of their values are more than ranges.

Frames are those of `views.both_years`; `known.lasting` tries who leads on every draw.
"""

import pandas as pd

from fire.analysis import views
from fire.analysis.known import ENDS, SOFT

SHOWN = {"score": "score", "rank": "rank", "growth_pct": "growth"}  # measures, as sentences name them


def standing(frame: pd.DataFrame, unit: str, node: str) -> dict:
    """Where a unit (a city or a region) stands at a node: unit, node, all (how many are ranked), score, rank, growth (a
    range where no more is known, None without one) and their status (`score_status` …, "" of a range)."""
    now = frame[frame["node"].eq(node)]
    own, said = now[now["unit"].eq(unit)].iloc[0], {}
    for measure, name in SHOWN.items():
        said |= {name: _value(own, measure), f"{name}_status": _status(own, measure)}
    return {"unit": unit, "node": node, "all": now["unit"].nunique(), **said}


def _status(row: pd.Series, measure: str) -> str:
    status = row.get(f"{measure}_status")
    return "" if status in SOFT or pd.isna(status) else status


def _value(row: pd.Series, measure: str):
    """A value of a row; its range where that is all that is known."""
    if pd.isna(row[measure]):
        return None
    if row.get(f"{measure}_status") not in SOFT:
        return float(row[measure])
    low, high = (float(row.get(f"{measure}_{end}", row[measure])) for end in ("low", "high"))
    return {"centre": float(row[measure]), "low": low, "high": high}


def table(frame: pd.DataFrame, unit: str, nodes: list) -> pd.DataFrame:
    """Score, rank and growth of one unit, a row a node, with what says how well they are known."""
    rows = frame[frame["unit"].eq(unit)].set_index("node").loc[nodes].reset_index()
    return rows[["node", *views.with_ends(rows, SHOWN)]]


def heads(frame: pd.DataFrame) -> list:
    """Which of the units leads at each node: [node, units that share the lead], nodes in the order of the frame."""
    return [[node, views.foremost(rows)] for node, rows in frame.groupby("node", sort=False, observed=True)]


def known_of(frame: pd.DataFrame, unit: str, nodes: list) -> pd.DataFrame:
    """The scores of one unit that are more than a range: node and the columns of the years with what says how well they are
    known, a row for each that is known in the year ranked, in the order of `nodes`."""
    rows = frame[frame["unit"].eq(unit) & frame["node"].isin(nodes)].dropna(subset="score")
    years = [name for name in frame if isinstance(name, int)]
    rows = rows[["node", *years, *views.with_ends(rows, map(str, years))]]
    for year in years:
        if f"{year}_status" in rows:
            loose = rows[f"{year}_status"].isin(SOFT)
            for cell in (year, *(f"{year}{end}" for end in ENDS)):
                rows[cell] = rows[cell].mask(loose)
    rows = rows.dropna(subset=years[-1])
    return rows.sort_values("node", key=lambda cells: cells.map(nodes.index), ignore_index=True)
