"""Regions: means of their cities, disparity between and within them, concentration."""

import numpy as np
import pandas as pd

from fire.errors import refuse

MEANS = ("score = simple mean of the region's cities that have a score; growth_pct = growth of the regional mean; "
         "mean_city_growth_pct = mean of the cities' growth; neither is given when the cities differ between the years")


def with_region(scores: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """`scores` with a column `region` looked up in `places` (city, region).

    Raises InputError naming every city that is not in `places`, has no region there, or appears there twice.
    """
    places = places[places["city"].isin(scores["unit"])]
    region = places.drop_duplicates("city").set_index("city")["region"]
    faults = [f"places: city '{city}' appears twice: keep one row" for city in
              places["city"][places["city"].duplicated()].unique()]
    faults += [f"places: city '{city}' has no row: add it with its region" for city in
               sorted(set(scores["unit"]) - set(region.index))]
    faults += [f"places: city '{city}' has no region: fill column 'region'" for city in region.index[region.isna()]]
    refuse("regions of cities", faults)
    return scores.assign(region=scores["unit"].map(region))


def regional_means(scores: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Scores frame of the regions: the simple mean of their cities at every node and year.

    Beside the columns of a scores frame it holds `cities` (how many have a score) and `mean_city_growth_pct`
    (per cent), which differs from `growth_pct`, the growth of the regional mean. The shares by status are the
    means of the cities' shares. A missing score is left out of the mean and of `cities`; growth is then given only
    when the region has the same cities in both years. `attrs["convention"]` states this.
    Raises InputError for a city without a region.
    """
    cities = with_region(scores.dropna(subset="score"), places)
    shares = [column for column in scores if column.startswith("share_")]
    keys = ["region", "year", "node"]
    groups = cities.sort_values("unit").groupby(keys, sort=False)
    means = groups[["score", *shares]].mean()
    means["cities"] = groups.size()
    means["roster"] = groups["unit"].agg(tuple)
    means["mean_city_growth_pct"] = groups["growth_pct"].agg(lambda growth: growth.mean(skipna=False))
    means = means.reset_index().rename(columns={"region": "unit"})
    means["rank"] = means.groupby(["year", "node"])["score"].transform(
        lambda score: score.round(12).rank(ascending=False, method="min")).astype("Int64")
    means = add_change(means).drop(columns="roster")
    order = ["unit", "year", "node", "score", "rank", "growth_pct", "mean_city_growth_pct", "rank_change", "cities"]
    means = means[order + shares].sort_values(["year", "node", "rank", "unit"], ignore_index=True)
    means.attrs["convention"] = MEANS
    return means


def add_change(means: pd.DataFrame) -> pd.DataFrame:
    """Add growth (per cent) and rank change against the year before; same roster and a base above zero needed."""
    before = means.assign(year=means["year"] + 1)[["unit", "year", "node", "score", "rank", "roster"]]
    both = means.merge(before, on=["unit", "year", "node"], how="left", suffixes=("", "_before"))
    same = both["roster"] == both["roster_before"]
    base = both["score_before"].where(same & (both["score_before"] > 0))
    means = means.assign(growth_pct=(100 * (both["score"] / base - 1)).to_numpy(),
                         rank_change=(both["rank_before"] - both["rank"]).where(same).to_numpy())
    means["mean_city_growth_pct"] = means["mean_city_growth_pct"].where(same.to_numpy())
    return means
