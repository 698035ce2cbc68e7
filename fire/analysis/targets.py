"""What would it take: the smallest change of one indicator, or the cheapest mix, that gains a city k places."""

import cvxpy as cp
import numpy as np
import pandas as pd

from fire.analysis import montecarlo
from fire.errors import refuse
from fire.index import score


def needed(
    spec, panel, unit: str, places: int, year: int, margin: float = 0.001, scores: pd.DataFrame | None = None
) -> tuple[float, pd.DataFrame]:
    """Points that `unit` needs in `year` to gain `places` ranks by `margin` when the others stand still, and all
    scores of the year. `scores`: those of the panel, when they are at hand.

    Raises InputError for an unknown unit, a rank that is not there to be gained, and an index that is not a weighted
    mean.
    """
    scores = score.compute(spec, panel) if scores is None else scores
    now = scores[scores["year"].eq(year)].pivot(index="unit", columns="node", values="score")
    faults = (
        [] if unit in now.index else [f"no unit '{unit}' in {year}: use one of {', '.join(now.index[:5])}, …"]
    )
    others = now[spec.root].drop(unit, errors="ignore").sort_values(ascending=False)
    rank = 1 if faults else int((others > now.at[unit, spec.root]).sum()) + 1
    if not faults and not 1 <= places < rank:
        faults.append(
            f"{unit} is {rank}. in {year}: it can gain 1 to {rank - 1} places"
            if rank > 1
            else f"{unit} leads already"
        )
    ways = set(spec.nodes.loc[~spec.nodes["leaf"], "aggregation"])
    if ways != {"arithmetic"}:
        faults.append(f"the aggregation is {', '.join(sorted(ways))}: only weighted means can be solved")
    refuse("what would it take", faults)
    return float(others.iloc[rank - places - 1] + margin - now.at[unit, spec.root]), now


def path_weights(spec) -> pd.Series:
    """Weight of every indicator in the index."""
    return pd.Series(
        montecarlo.weighted(spec, spec.root, np.ones((1, len(spec.indicators))))[0], index=spec.indicators
    )


def single(
    spec,
    panel,
    unit: str,
    places: int = 1,
    year: int | None = None,
    margin: float = 0.001,
    scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The smallest change of each indicator alone that gains `places` ranks, smallest first.

    Columns: indicator, points, score_from, score_to, raw_from, raw_to, beyond_best (above the best unit of the year).
    """
    year = panel["year"].max() if year is None else year
    points, now = needed(spec, panel, unit, places, year, margin, scores)
    change = points / path_weights(spec)
    return changed(spec, panel, now, unit, change).sort_values("points", kind="stable").reset_index(drop=True)


def cheapest(
    spec,
    panel,
    unit: str,
    places: int = 1,
    year: int | None = None,
    margin: float = 0.001,
    effort: pd.Series | None = None,
    beyond: float = 0.0,
) -> pd.DataFrame:
    """The mix of changes with the least total effort that gains `places` ranks.

    Effort is quadratic: sum of (points / effort unit)², an effort unit being the spread of the indicator's yearly
    change over units (of its scores when the panel has one year). No score may pass the best unit of the year by more
    than `beyond` points. Raises InputError when the frontier is too near.
    """
    year = panel["year"].max() if year is None else year
    points, now = needed(spec, panel, unit, places, year, margin)
    weight = path_weights(spec)
    effort = typical_change(spec, panel, year) if effort is None else effort
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
    change = cp.Variable(len(weight), nonneg=True)
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(cp.multiply(1 / effort[weight.index].to_numpy(), change))),
        [weight.to_numpy() @ change >= points, change <= room.to_numpy()],
    )
    problem.solve(solver=cp.CLARABEL)
    table = changed(spec, panel, now, unit, pd.Series(change.value, index=weight.index).clip(lower=0.0))
    return (
        table[table["points"] > 1e-6]
        .sort_values("points", ascending=False, kind="stable")
        .reset_index(drop=True)
    )


def typical_change(spec, panel, year: int) -> pd.Series:
    """Spread over units of each indicator's change of score to `year` (of its scores when there is no year before)."""
    scores = score.compute(spec, panel)
    table = scores[scores["node"].isin(spec.indicators)].pivot(
        index="unit", columns=["year", "node"], values="score"
    )
    spread = (table[year] - table[year - 1] if year - 1 in table else table[year]).std()
    return spread.where(spread > 0, spread[spread > 0].min())


def changed(spec, panel, now: pd.DataFrame, unit: str, change: pd.Series) -> pd.DataFrame:
    """A change of scores in points and in the units of the indicators."""
    before = now.loc[[unit], change.index]
    after = before + change
    posts = score.base_posts(spec, panel)
    raw = [score.invert(spec, scores, posts).loc[unit] for scores in (before, after)]
    return pd.DataFrame(
        {
            "indicator": change.index,
            "points": change.to_numpy(),
            "score_from": before.loc[unit].to_numpy(),
            "score_to": after.loc[unit].to_numpy(),
            "raw_from": raw[0].to_numpy(),
            "raw_to": raw[1].to_numpy(),
            "beyond_best": (after.loc[unit] > now[change.index].max() + 1e-9).to_numpy(),
        }
    )
