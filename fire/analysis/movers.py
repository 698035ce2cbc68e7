"""How many ranks are known, in which regions the first cities lie, and who rose or fell since the year before, where that is
known."""

import pandas as pd

from fire.analysis.known import SOFT
from fire.analysis.views import leaders, with_ends


def standing(frame: pd.DataFrame) -> dict:
    """Of how many units of one node (`views.at`) the rank is known, of how many only its range (open); the second unit, and how
    many points it lies behind the first (gap)."""
    soft = frame["rank_status"].isin(SOFT) if "rank_status" in frame else pd.Series(False, frame.index)
    second = frame.iloc[1:2]
    return {
        "known": int((~soft).sum()),
        "open": int(soft.sum()),
        "second": list(second["unit"]),
        "gap": abs(frame["score"].iloc[0] - second["score"].iloc[0]) if len(second) else None,
    }


def direction(frame: pd.DataFrame) -> pd.Series:
    """1 for a rise, -1 for a fall, 0 for none, missing where the sign of `rank_change` is not known: over the draws it
    is not the same (columns rank_change, and where there are any rank_change_status, _low, _high)."""
    change = frame["rank_change"].astype(float)
    low, high = (frame.get(f"rank_change_{end}", change).astype(float) for end in ("low", "high"))
    soft = frame["rank_change_status"].isin(SOFT) if "rank_change_status" in frame else change.ne(change)
    low, high = low.where(soft, change), high.where(soft, change)
    sign = (low > 0).astype(float) - (high < 0)
    return sign.where(sign.ne(0) | (low.eq(0) & high.eq(0)))


def moved(frame: pd.DataFrame, most: int = 10) -> pd.DataFrame:
    """Who rose or fell (rows of `views.placed` of one node), the largest rise first and the largest fall last, at most `most` of
    either: unit, region, the scores of both years (score_<year>), growth_pct, rank, rank_change, with what says
    how well each is known."""
    sign = direction(frame)
    rows = frame[sign.abs().eq(1)].sort_values(["rank_change", "rank"], ascending=[False, True])
    up, down = (rows[sign[rows.index].eq(one)] for one in (1, -1))
    years = with_ends(frame, [name for name in frame if isinstance(name, int)])
    shown = ["unit", "region", *years, *with_ends(frame, ["growth_pct", "rank", "rank_change"])]
    named = {column: f"score_{column}" for column in years}
    return pd.concat([up.head(most), down.tail(most)], ignore_index=True)[shown].rename(columns=named)


def said(frame: pd.DataFrame) -> dict:
    """Of how many units it is known that they rose (up), fell (down) or stood (stood), of how many not (open); who rose and
    fell most (risers, fallers) by how many places (rise, fall), None where nobody did."""
    sign, change = direction(frame), frame.set_index("unit")["rank_change"].astype(float)
    counts = {name: int(sign.eq(one).sum()) for name, one in (("up", 1), ("down", -1), ("stood", 0))}
    rose, fell = (change[sign.eq(one).to_numpy()] for one in (1, -1))
    return counts | {
        "open": int((sign.isna() & change.notna().to_numpy()).sum()),
        "risers": leaders(rose, 0),
        "rise": None if rose.empty else rose.max(),
        "fallers": leaders(-fell, 0),
        "fall": None if fell.empty else -fell.min(),
    }


def where_first(frame: pd.DataFrame, top: int) -> dict:
    """In which regions the first `top` units of one node lie (column region): count of them (k), the regions with most of them
    (regions, most), how many regions there are (of) and have none (without)."""
    inside = frame.loc[frame["rank"].le(top), "region"].value_counts()
    regions = frame["region"].nunique()
    return {
        "k": int(inside.sum()),
        "regions": leaders(inside, 0),
        "most": inside.max(),
        "of": regions,
        "without": regions - len(inside),
    }
