"""Which cities the index covers: rosters that fit the printed order and ranges of the regions in pillar F."""

from itertools import combinations, product

import numpy as np
import pandas as pd

from fire.sources import statistics
from studies.printed2022 import published
from studies.printed2022.identify import indicator_table, pillar, posts
from studies.printed2022.published import BASE, YEAR

CANDIDATES = {
    "山东半岛": "济南 青岛",
    "长三角": "宁波 无锡 常州 南通 扬州 镇江 盐城 嘉兴 温州 湖州 芜湖",
    "黄淮": "郑州",
    "长江中游": "南昌 宜昌",
    "北部湾": "南宁",
    "海峡西岸": "福州 厦门 温州",
    "华北地区": "呼和浩特 包头",
    "西北地区": "兰州 乌鲁木齐",
}  # cities the text does not name, by the regions they could be in
# 普惠金融 of 2018 (source K1) of two earlier candidates, below the lower post: with one of them in the index it would be
# the post, and the four printed growth rates would not come out (`resources.lower_post`).
EXCLUDED = {"遵义": 221.66, "湛江": 225.65}
CENTRAL = [
    "济南",
    "青岛",
    "宁波",
    "郑州",
    "南昌",
    "南宁",
    "福州",
    "厦门",
    "呼和浩特",
    "兰州",
    "乌鲁木齐",
]  # provincial capitals and cities under the state plan


def _candidate_scores() -> pd.Series:
    """Pillar F of 2021 of every city with statistics, in the index or not."""
    table = statistics.read()
    panel = statistics.panel_of(table, (BASE, YEAR), list(dict.fromkeys(table["city"])))
    own = panel["unit"].isin(statistics.places()["city"])
    return pillar(indicator_table(panel, YEAR), posts(panel[own]))["F"]


def rosters() -> pd.DataFrame:
    """Rosters of the ten regions ranked 4 to 13 whose mean F falls in the printed order and ranges, with the
    printed number of cities.

    One row a roster, one column a region, each cell the cities beyond the named ones. Named cities of unstated region
    count in the region they lie in.
    """
    scores, places = _candidate_scores(), statistics.places()
    fixed = places[places["in_index_basis"].eq("printed")].groupby("region")["city"].agg(list)
    order, room = _printed_order(), len(places) - sum(len(cities) for cities in fixed)
    sets = {region: _choices(region, fixed.get(region, []), scores) for region in order}
    large = sets.pop("长三角")
    sizes, means = np.array([len(extra) for extra, _ in large]), np.array([mean for _, mean in large])
    place, found = order.index("长三角"), []
    for chosen in product(*sets.values()):
        levels = [mean for _, mean in chosen]
        if any(first <= second for first, second in zip(levels, levels[1:], strict=False)):
            continue
        taken = [city for extra, _ in chosen for city in extra]
        fits = (sizes == room - len(taken)) & (means < levels[place - 1]) & (means > levels[place])
        found += [
            dict(zip(sets, (extra for extra, _ in chosen), strict=True)) | {"长三角": large[one][0]}
            for one in fits.nonzero()[0]
            if not set(large[one][0]) & set(taken)
        ]
    return pd.DataFrame(found, columns=order)


def with_central(fits: pd.DataFrame) -> pd.DataFrame:
    """The fitting rosters that hold every provincial capital and city under the state plan."""
    return fits[[set(CENTRAL).issubset(city for extra in row for city in extra) for row in fits.to_numpy()]]


def possible(places: pd.DataFrame) -> int:
    """Number of rosters of the printed size that can be made of the named cities and the candidates."""
    homes = pd.Series(" ".join(CANDIDATES.values()).split()).value_counts()
    free = int(places["in_index_basis"].eq("inferred").sum())
    ways = np.array([1])
    for count in homes:
        ways = np.convolve(ways, [1, count])  # out, or in one of its regions
    return int(ways[free])


def memberships(fits: pd.DataFrame) -> pd.DataFrame:
    """Share of fitting rosters that hold each candidate: region, city, share."""
    rows = [
        (region, city, fits[region].map(lambda extra, city=city: city in extra).mean())
        for region, cities in CANDIDATES.items()
        for city in cities.split()
    ]
    return pd.DataFrame(rows, columns=["region", "city", "share"])


def _printed_order() -> list[str]:
    """Regions ranked 4 and below in pillar F, in printed order."""
    table = published.load("index_scores")
    table = table[
        table["node"].eq("F")
        & table["measure"].eq("rank")
        & table["unit_type"].eq("region")
        & table["value"].gt(3)
    ]
    return table.drop_duplicates("unit").sort_values("value")["unit"].tolist()


def _choices(region: str, fixed: list[str], scores: pd.Series) -> list[tuple]:
    """Subsets of a region's candidates with the mean F they give, inside the printed range of the region."""
    free, known = sorted(CANDIDATES.get(region, "").split()), scores.to_dict()
    low, high = _printed_range(region)
    subsets = [list(extra) for size in range(len(free) + 1) for extra in combinations(free, size)]
    with_mean = [
        (extra, np.mean([known[city] for city in fixed + extra])) for extra in subsets if fixed or extra
    ]
    return [(extra, mean) for extra, mean in with_mean if low <= mean <= high]


def _printed_range(region: str) -> tuple[float, float]:
    """Printed bounds of a region's pillar F; the whole line where none is printed."""
    table = published.load("index_scores")
    table = table[table["node"].eq("F") & table["measure"].eq("score") & table["unit"].eq(region)]
    return (
        table.loc[table["approx"].isin(["ge", "gt"]), "value"].max()
        if table["approx"].isin(["ge", "gt"]).any()
        else -np.inf,
        table.loc[table["approx"].isin(["le", "lt"]), "value"].min()
        if table["approx"].isin(["le", "lt"]).any()
        else np.inf,
    )
