"""From raw values to scores: normalise, aggregate, rank, grow. `compute(spec, panel)` strings the steps together."""

import numpy as np
import pandas as pd

from fire import panel as panels


def compute(spec, panel: pd.DataFrame, posts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Scores of every node for every unit and year (the `scores` frame of docs/architecture.md)."""
    panels.validate(panel, spec)
    used = panel[panel["indicator"].isin(spec.indicators)]
    raw = used.pivot(index=["unit", "year"], columns="indicator", values="value")[spec.indicators]
    status = used.pivot(index=["unit", "year"], columns="indicator", values="status")[spec.indicators]
    posts = base_posts(spec, panel) if posts is None else posts
    low, high = spec.method["scale"]
    wide = low + (high - low) * (transform(spec, raw) - posts["low"]) / (posts["high"] - posts["low"])
    wide = wide.where(spec.nodes.loc[wide.columns, "direction"].eq(1), low + high - wide, axis=1)
    shares = {name: status.eq(name).astype(float).where(wide.notna()) for name in panels.STATUSES}
    for node in reversed(spec.nodes.index[~spec.nodes["leaf"]]):
        children = spec.children(node)
        weight = spec.nodes.loc[children, "weight"]
        live = wide[children].notna() * weight
        live = live.div(live.sum(axis=1), axis=0)
        wide[node] = (wide[children] * live).sum(axis=1, min_count=1)
        for name in panels.STATUSES:
            shares[name][node] = (shares[name][children] * live).sum(axis=1, min_count=1)
    tidy = wide[spec.nodes.index].rename_axis(columns="node").stack().rename("score").reset_index()
    tidy = tidy.sort_values(["year", "unit"], kind="stable")
    tidy["rank"] = tidy.groupby(["year", "node"])["score"].rank(ascending=False, method="min").astype("Int64")
    before = tidy[["unit", "year", "node", "score", "rank"]].assign(year=lambda frame: frame["year"] + 1)
    tidy = tidy.merge(before, on=["unit", "year", "node"], how="left", suffixes=("", "_before"))
    tidy["growth_pct"] = 100 * (tidy["score"] / tidy["score_before"].where(tidy["score_before"] > 0) - 1)
    tidy["rank_change"] = tidy["rank_before"] - tidy["rank"]
    for name in panels.STATUSES:
        share = shares[name].rename_axis(columns="node").stack().rename(f"share_{name}").reset_index()
        tidy = tidy.merge(share, on=["unit", "year", "node"], how="left")
    return tidy.drop(columns=["score_before", "rank_before"])


def transform(spec, raw: pd.DataFrame) -> pd.DataFrame:
    """Apply each indicator's transform to raw values (columns are indicators)."""
    return raw.apply(lambda column: np.log(column) if spec.nodes.at[column.name, "transform"] == "log" else column)


def base_posts(spec, panel: pd.DataFrame) -> pd.DataFrame:
    """Posts (index indicator; columns low, high, on the transformed scale): those of the specification, else base-year extremes."""
    base = panel[panel["year"].eq(spec.method["base_year"])].pivot(index="unit", columns="indicator", values="value")
    base = transform(spec, base.reindex(columns=spec.indicators))
    return pd.DataFrame({"low": base.min(), "high": base.max()})


def invert(spec, scores: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Raw values that give these indicator scores (columns are indicators) under min-max with `posts`."""
    low, high = spec.method["scale"]
    forward = spec.nodes.loc[scores.columns, "direction"].eq(1)
    share = (scores.where(forward, low + high - scores, axis=1) - low) / (high - low)
    at = posts.loc[scores.columns]
    raw = at["low"] + share * (at["high"] - at["low"])
    return raw.apply(lambda column: np.exp(column) if spec.nodes.at[column.name, "transform"] == "log" else column)
