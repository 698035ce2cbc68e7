"""What the printed digits reveal: the form and posts of pillar F, the statistics behind it, weights, means, roster.

A printed number is an interval, half a unit of its last digit wide on either side. Whatever linear programming over these
intervals leaves a single value (or a narrow range) is identified; what it leaves open is bounded.
"""

from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from fire import files, published, statistics

INDICATORS = ["gdp", "tertiary_share", "pop_size", "pop_structure"]
SCALE = (1.0, 10.0)
FORM = {"gdp": np.log, "tertiary_share": np.asarray, "pop_size": np.log, "pop_structure": np.log}
GAIN = (SCALE[1] - SCALE[0]) / len(INDICATORS)            # pillar points an indicator moves from its lower to its upper post
TOLERANCE = 0.00145                                       # rounding of a score, and of the statistics behind it
ANCHORS = {"gdp": ("拉萨", "上海"), "pop_size": (None, "重庆"), "pop_structure": (None, "重庆")}


# ---- pillar F of the index year

def indicator_table(panel: pd.DataFrame, year: int) -> pd.DataFrame:
    """Units by indicators of pillar F for one index year."""
    rows = panel[panel["year"].eq(year)]
    return rows.pivot(index="unit", columns="indicator", values="value").reindex(columns=INDICATORS)


def terms(table: pd.DataFrame, form: dict = FORM) -> pd.DataFrame:
    """The indicators as they enter the score."""
    return pd.DataFrame({name: form[name](table[name].astype(float)) for name in form}, index=table.index)


def pillar_f(panel: pd.DataFrame, year: int = 2021, form: dict = FORM, leave_out: tuple = ()) -> pd.DataFrame:
    """Least-squares fit of pillar F to its printed city scores, and its value for every city.

    Returns unit, printed, computed, error (missing where nothing is printed); `.attrs["coefficients"]` holds constant and slopes.
    """
    x = terms(indicator_table(panel, year), form).assign(constant=1.0).dropna()
    printed = published.scores("F", "city").set_index("unit")["score"].dropna()
    fitted = [unit for unit in printed.index if unit in x.index and unit not in leave_out]
    slopes = np.linalg.lstsq(x.loc[fitted].to_numpy(), printed[fitted].to_numpy(), rcond=None)[0]
    result = pd.DataFrame({"printed": printed, "computed": x @ slopes}).reindex(x.index).rename_axis("unit").reset_index()
    result["error"] = result["computed"] - result["printed"]
    result.attrs["coefficients"] = pd.Series(slopes, x.columns)
    return result


def alternatives(panel: pd.DataFrame, year: int = 2021) -> pd.DataFrame:
    """Root mean square and largest error of other forms of pillar F, each with freely fitted slopes."""
    earlier = panel[panel["year"].eq(year - 1)].assign(year=year)
    people = panel.pivot(index=["unit", "year"], columns="indicator", values="value")
    urban = people.assign(pop_structure=100 * people["pop_structure"] / people["pop_size"]).stack().rename("value").reset_index()
    level = dict.fromkeys(INDICATORS, np.asarray)
    cases = {"identified": (panel, FORM), "urban share": (urban, {**FORM, "pop_structure": np.asarray}),
             "log share": (panel, {**FORM, "tertiary_share": np.log}), "level gdp": (panel, {**FORM, "gdp": np.asarray}),
             "level populations": (panel, {**FORM, "pop_size": np.asarray, "pop_structure": np.asarray}),
             "all levels": (panel, level), "year before": (earlier, FORM),
             "without urban": (panel, {name: FORM[name] for name in INDICATORS[:3]})}
    errors = {name: pillar_f(data, year, form)["error"].dropna() for name, (data, form) in cases.items()}
    return pd.DataFrame([{"form": name, "rmse": float(np.sqrt((error ** 2).mean())), "largest": float(error.abs().max())}
                         for name, error in errors.items()])


def leave_one_out(panel: pd.DataFrame, year: int = 2021) -> pd.DataFrame:
    """Each printed city predicted by the fit to the others: unit, printed, predicted, error."""
    printed = pillar_f(panel, year).dropna()["unit"]
    rows = [pillar_f(panel, year, leave_out=(unit,)).set_index("unit").loc[unit].rename(unit) for unit in printed]
    return pd.DataFrame(rows).rename_axis("unit").reset_index().rename(columns={"computed": "predicted"})


# ---- intervals by linear programming

def extent(matrix, low, high, direction, bounds=(None, None), equal=None) -> tuple[float, float]:
    """Least and greatest `direction @ x` over all x with `low <= matrix @ x <= high` (and `equal = (A, b)`).

    NaN when no x is possible.

    >>> extent([[1.0, 1.0]], [1], [2], [1.0, 1.0], bounds=(0, None))
    (1.0, 2.0)
    """
    matrix, direction = np.asarray(matrix, float), np.asarray(direction, float)
    rows, limits = np.vstack([matrix, -matrix]), np.concatenate([high, -np.asarray(low)])
    ends = [linprog(sign * direction, A_ub=rows, b_ub=limits, bounds=bounds,
                    **({"A_eq": equal[0], "b_eq": equal[1]} if equal else {})) for sign in (1, -1)]
    return tuple(sign * end.fun if end.status == 0 else np.nan for sign, end in zip((1, -1), ends, strict=True))


def ratio_extent(matrix, low, high, above: int, below: int) -> tuple[float, float]:
    """Least and greatest x[above] / x[below] over the same set, by homogenising it (x[below] > 0)."""
    matrix = np.asarray(matrix, float)
    cone = np.vstack([np.column_stack([matrix, -np.asarray(high)]), np.column_stack([-matrix, np.asarray(low)])])
    unit = np.eye(matrix.shape[1] + 1)
    return extent(cone, np.full(len(cone), -1e12), np.zeros(len(cone)), unit[above], [(None, None)] * matrix.shape[1] + [(0, None)],
                  equal=(unit[[below]], [1.0]))


def anchor_values(panel: pd.DataFrame) -> dict[str, tuple]:
    """Observed base-year values of the cities that hold a post: (lower, upper), None where no city is known to."""
    base = indicator_table(panel, 2020)
    return {name: tuple(base[name].get(city) for city in cities) for name, cities in ANCHORS.items()}


def spans(panel: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """How far apart the posts of each indicator lie, from the printed scores of 2021 alone, and where the share's upper post is.

    Columns indicator, kind (ratio of upper to lower, points, or upper post), low, high.
    """
    matrix, low, high = system(panel, tolerance)
    found = []
    for place, name in enumerate(INDICATORS):
        ends = [GAIN / end for end in extent(matrix, low, high, np.eye(5)[place])[::-1]]
        found.append((name, "points", *ends) if name == "tertiary_share" else (name, "ratio", *np.exp(ends)))
    found.append(("tertiary_share", "upper", *ratio_extent(matrix, low, high, 4, 1)))
    return pd.DataFrame(found, columns=["indicator", "kind", "low", "high"])


def system(panel: pd.DataFrame, tolerance: float) -> tuple:
    """Printed scores as `10 - sum of slope * (upper post - x)`: unknown slopes of the four, and slope * post of the share."""
    upper = {name: np.log(pair[1]) for name, pair in anchor_values(panel).items()}
    printed = published.scores("F", "city").set_index("unit")["score"].dropna()
    x = terms(indicator_table(panel, 2021)).loc[printed.index]
    matrix = np.column_stack([x[name] - upper.get(name, 0) for name in INDICATORS] + [-np.ones(len(x))])
    target = printed.to_numpy() - SCALE[1]
    return matrix, target - tolerance, target + tolerance


def posts(panel: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Posts of the four indicators: the choice with the least sum of errors inside the tolerance, and the range that the digits leave.

    Columns indicator, side, value, low, high, status. GDP takes the observed extremes of the base year, the share the whole per cents
    inside its interval, the populations the observed upper post; then two unknown slopes are left, and with them the lower posts.
    """
    anchors, wide = anchor_values(panel), spans(panel, tolerance).set_index(["indicator", "kind"])
    share = {"upper": float(np.round(wide.loc[("tertiary_share", "upper")].mean()))}
    share["lower"] = share["upper"] - float(np.round(wide.loc[("tertiary_share", "points")].mean()))
    fixed = {"gdp": GAIN / np.log(anchors["gdp"][1] / anchors["gdp"][0]), "tertiary_share": GAIN / (share["upper"] - share["lower"])}
    matrix, low, high = system(panel, tolerance)
    known = matrix[:, :2] @ [fixed["gdp"], fixed["tertiary_share"]] - fixed["tertiary_share"] * share["upper"]
    free = matrix[:, 2:4]
    target, size = (low + high) / 2 - known, np.eye(len(free))
    best = linprog(np.r_[0, 0, np.ones(len(free))], A_ub=np.vstack([np.column_stack([free, -size]), np.column_stack([-free, -size])]),
                   b_ub=np.concatenate([target, -target]), bounds=[(None, None)] * 2 + [(0, tolerance)] * len(free)).x
    rows = [("gdp", "lower", anchors["gdp"][0], *[anchors["gdp"][1] / end for end in wide.loc[("gdp", "ratio")][::-1]]),
            ("gdp", "upper", anchors["gdp"][1], *[anchors["gdp"][0] * end for end in wide.loc[("gdp", "ratio")]]),
            ("tertiary_share", "lower", share["lower"], *(share["upper"] - wide.loc[("tertiary_share", "points")][::-1])),
            ("tertiary_share", "upper", share["upper"], *wide.loc[("tertiary_share", "upper")])]
    for place, name in enumerate(INDICATORS[2:]):
        top = anchors[name][1]
        ends = extent(free, low - known, high - known, np.eye(2)[place])
        rows += [(name, "lower", round(top / np.exp(GAIN / best[place]), 2), *[top / np.exp(GAIN / end) for end in ends]),
                 (name, "upper", top, np.nan, np.nan)]
    return pd.DataFrame(rows, columns=["indicator", "side", "value", "low", "high"]).assign(status="identified")


# ---- pillar F of the base year

def whole_per_cent(share: pd.Series) -> pd.Series:
    """Shares as whole per cents, rounded half up from one decimal, as the base-year data of the index have them.

    >>> whole_per_cent(pd.Series([63.455, 53.197])).tolist()
    [64.0, 53.0]
    """
    return np.floor((share + 1e-9).round(1) + 0.5 + 1e-9)


def pillar(table: pd.DataFrame, post: pd.DataFrame) -> pd.DataFrame:
    """Scores of the four indicators under `post` (of `posts`), and their mean F."""
    at = post.pivot(index="indicator", columns="side", values="value")
    x, ends = terms(table), {side: terms(at[[side]].T).iloc[0] for side in ("lower", "upper")}
    scores = SCALE[0] + (SCALE[1] - SCALE[0]) * (x - ends["lower"]) / (ends["upper"] - ends["lower"])
    return scores.assign(F=scores.mean(axis=1))


def raw(score: float, name: str, post: pd.DataFrame) -> float:
    """Value of an indicator that gives this score."""
    at = post[post["indicator"].eq(name)].set_index("side")["value"]
    low, high = FORM[name](at["lower"]), FORM[name](at["upper"])
    value = low + (score - SCALE[0]) / (SCALE[1] - SCALE[0]) * (high - low)
    return float(np.exp(value) if FORM[name] is np.log else value)


def as_used(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with the base-year statistics as the index used them: shares in whole per cents, registered instead of
    resident population where data/statistics/basis.csv says that the digits show it."""
    panel = panel.set_index(["unit", "year", "indicator"])
    chosen = files.read_csv(statistics.PATH.with_name("basis.csv"))
    people = statistics.read().set_index(statistics.KEY)
    for row in chosen.itertuples():
        cell = people.loc[(row.city, int(row.year), row.measure)]
        panel.loc[(row.city, int(row.year) + 1, row.indicator), ["value", "status", "source"]] = [cell["value"], cell["status"], cell["source"]]
    panel = panel.reset_index()
    share = panel["year"].eq(2020) & panel["indicator"].eq("tertiary_share")
    panel.loc[share, "value"] = whole_per_cent(panel.loc[share, "value"])
    return panel


def panel_f(panel: pd.DataFrame | None = None) -> pd.DataFrame:
    """The panel of pillar F for index years 2020 and 2021: observed statistics, base-year cells solved from printed digits
    (`published`), and the rest (`estimated`).

    A city with a printed growth of F keeps three base-year statistics; the fourth is solved so that the growth holds: urban population, except
    the share of 北京 (its best, the upper post), 东莞 and 拉萨. 深圳 and 广州 print the growth of their urban population, so population is solved.
    石家庄 with 唐山 and 东莞 with 佛山 are scaled together to the growth of their region's mean.
    """
    panel = as_used(statistics.panel() if panel is None else panel)
    post = posts(panel)
    cells = panel.set_index(["unit", "year", "indicator"])
    now = pillar(indicator_table(panel, 2021), post)
    floor = post[post["side"].eq("lower")].set_index("indicator")["value"]
    top = float(post.loc[post["indicator"].eq("tertiary_share") & post["side"].eq("upper"), "value"].iloc[0])

    def put(unit: str, name: str, value: float, status: str = "published") -> None:
        cells.loc[(unit, 2020, name), ["value", "status", "source"]] = [value, status, "printed digits"]

    def base(unit: str) -> pd.DataFrame:
        rows = cells.xs(2020, level="year")["value"].astype(float).unstack()
        return pillar(rows.loc[[unit], INDICATORS], post).iloc[0]

    put("北京", "tertiary_share", top)
    for name in ("pop_size", "pop_structure"):
        put("拉萨", name, floor[name])
    for name in ("pop_structure", "tertiary_share"):
        for unit, growth in printed_growth(name).items():
            put(unit, name, raw(now.at[unit, name] / (1 + growth / 100), name, post))
    own = printed_growth("pop_structure").index
    for unit, growth in printed_growth("F").items():
        name = "pop_size" if unit in own else "tertiary_share" if unit == "拉萨" else "pop_structure"
        others = base(unit)[[other for other in INDICATORS if other != name]].sum() if unit != "拉萨" else SCALE[0] * 3
        put(unit, name, raw(len(INDICATORS) * now.at[unit, "F"] / (1 + growth / 100) - others, name, post))
    for region, pair in (("京津冀", ["石家庄", "唐山"]), ("粤港澳大湾区", ["东莞", "佛山"])):
        shift_pair(cells, now, base, region, pair, post, put)
    return cells.reset_index().sort_values(["year", "indicator"], kind="stable", ignore_index=True)[list(panel.columns)]


def shift_pair(cells, now, base, region, pair, post, put) -> None:
    """Scale the urban populations of two cities together so that their region's mean F grew as printed."""
    cities = statistics.places().query("region == @region")["city"]
    growth = printed_growth("F", "region")[region]
    target = now.loc[cities, "F"].sum() / (1 + growth / 100)
    gap = target - sum(base(unit)["F"] for unit in cities)
    for unit in pair:
        score = base(unit)["pop_structure"] + len(INDICATORS) * gap / len(pair)
        put(unit, "pop_structure", raw(score, "pop_structure", post), "estimated")


def printed_growth(node: str, unit_type: str = "city") -> pd.Series:
    """Printed growth in per cent; where two printings differ (E01), the middle of the two."""
    table = published.load("index_scores")
    table = table[table["node"].eq(node) & table["unit_type"].eq(unit_type) & table["measure"].eq("growth_pct") & table["approx"].eq("exact")]
    return table.drop_duplicates(["unit", "value"]).groupby("unit", sort=False)["value"].mean()


# ---- weights, means, roster

def equations(parent: str, children: list[str], top: float = 12.5, slack: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Printed scores as linear inequalities in the weights of `children`: `A @ weights <= b`.

    An unprinted child may lie anywhere between the scale's floor and `top`; every printed score is an interval, `slack` times half a unit
    of its last digit on either side. Base-year scores (score and growth both printed) give rows of their own.
    """
    table = published.scores()
    table = pd.concat([intervals(table, slack), base_intervals(table, slack)])
    rows, limits = [], []
    for _, unit in table.groupby(["unit_type", "unit", "year"]):
        unit = unit.set_index("node")
        if parent not in unit.index or not set(children) & set(unit.index):
            continue
        low = unit["low"].reindex(children).fillna(SCALE[0]).to_numpy()
        high = unit["high"].reindex(children).fillna(top).to_numpy()
        rows += [low, -high]
        limits += [unit.at[parent, "high"], -unit.at[parent, "low"]]
    return np.array(rows).reshape(-1, len(children)), np.array(limits)


def intervals(table: pd.DataFrame, slack: float) -> pd.DataFrame:
    """Printed scores with the ends of their rounding intervals."""
    return table.assign(low=table["score"] - slack * table["score_half"], high=table["score"] + slack * table["score_half"]).dropna(subset="low")


def base_intervals(table: pd.DataFrame, slack: float) -> pd.DataFrame:
    """Base-year scores as intervals: printed score over one plus printed growth."""
    table = intervals(table, slack).dropna(subset="growth_pct")
    growth, half = table["growth_pct"], slack * table["growth_pct_half"]
    return table.assign(year=table["year"] - 1, low=table["low"] / (1 + (growth + half) / 100), high=table["high"] / (1 + (growth - half) / 100))


def weight_bounds(parent: str, slack: float = 1.1) -> pd.DataFrame:
    """Least and greatest weight of each child of a node that every printed score allows: parent, node, low, high, equal, cases.

    `slack` 1.1 widens the rounding by a tenth, which the printed growth of 北京's total needs (E38).
    """
    nodes = published.load("nodes")
    children = nodes.loc[nodes["parent"].eq(parent), "id"].tolist()
    matrix, limits = equations(parent, children, slack=slack)
    total = (np.ones((1, len(children))), [1.0])
    empty = np.full(len(limits), -1e9)
    ends = [extent(matrix, empty, limits, side, (0, 1), total) if len(limits) else (0.0, 1.0) for side in np.eye(len(children))]
    return pd.DataFrame({"parent": parent, "node": children, "low": [end[0] for end in ends], "high": [end[1] for end in ends],
                         "equal": 1 / len(children), "cases": len(limits) // 2})


def weight_grid(step: float = 0.01, slack: float = 1.1) -> pd.DataFrame:
    """All sets of the four pillar weights on a grid that every printed score allows."""
    children = ["F", "I", "R", "E"]
    matrix, limits = equations("total", children, slack=slack)
    count = round(1 / step)
    grid = np.array([(f, i, r, count - f - i - r) for f, i in product(range(count + 1), repeat=2) for r in range(count - f - i + 1)])
    fits = (matrix @ (grid * step).T <= limits[:, None] + 1e-9).all(axis=0)
    return pd.DataFrame(grid[fits] * step, columns=children)


def weight_polytope(slack: float = 1.1) -> np.ndarray:
    """Corners of the set of pillar weights (F, I, R, E) that every printed score allows."""
    from scipy.spatial import HalfspaceIntersection

    matrix, limits = equations("total", ["F", "I", "R", "E"], slack=slack)
    reduced = np.vstack([matrix[:, :3] - matrix[:, [3]], -np.eye(3), np.ones((1, 3))])
    bound = np.concatenate([limits - matrix[:, 3], np.zeros(3), [1.0]])
    norm = np.linalg.norm(reduced, axis=1)
    inner = linprog([0, 0, 0, -1], A_ub=np.column_stack([reduced, norm]), b_ub=bound, bounds=[(None, None)] * 3 + [(0, None)]).x[:3]
    corners = HalfspaceIntersection(np.column_stack([reduced, -bound]), inner).intersections
    return np.column_stack([corners, 1 - corners.sum(axis=1)])


def region_means() -> pd.DataFrame:
    """Printed regional scores and growths whose cities are all printed: region, node, measure, printed, mean of the cities, cities."""
    table, cities = published.scores(), statistics.places().groupby("region")["city"].agg(list)
    city = table[table["unit_type"].eq("city")].set_index(["unit", "node"])["score"].dropna()
    rows = []
    for row in table[table["unit_type"].eq("region") & table["score"].notna()].itertuples():
        keys = [(unit, row.node) for unit in cities[row.unit]]
        if all(key in city.index for key in keys):
            rows.append((row.unit, row.node, row.score, city[keys].mean(), len(keys)))
    return pd.DataFrame(rows, columns=["unit", "node", "printed", "computed", "cities"])


CANDIDATES = {"山东半岛": "济南 青岛", "长三角": "宁波 无锡 常州 南通 扬州 镇江 盐城 嘉兴 温州 湖州 芜湖", "黄淮": "郑州",
              "长江中游": "南昌 宜昌", "北部湾": "南宁 湛江", "海峡西岸": "福州 厦门 温州", "华北地区": "呼和浩特 包头",
              "西北地区": "兰州 乌鲁木齐", "西南地区": "遵义"}     # cities the text does not name, by the regions they could be in
CENTRAL = "济南 青岛 宁波 郑州 南昌 南宁 福州 厦门 呼和浩特 兰州 乌鲁木齐".split()   # provincial capitals and cities under the state plan


def candidate_scores() -> pd.Series:
    """Pillar F of 2021 of every city with statistics, in the index or not."""
    cities = list(dict.fromkeys(statistics.read()["city"]))
    panel = statistics.panel(years=(2021,), cities=cities)
    return pillar(indicator_table(panel, 2021), posts(statistics.panel()))["F"]


def rosters(central: bool = False) -> pd.DataFrame:
    """Rosters of the ten regions ranked 4 to 13 whose mean F falls in the printed order and ranges, with the printed number of cities.

    One row a roster, one column a region, each cell the cities beyond the named ones. `central` keeps only rosters with every provincial
    capital and city under the state plan. Named cities of unstated region count in the region they lie in.
    """
    scores, places = candidate_scores(), statistics.places()
    fixed = places[places["in_index_basis"].eq("printed")].groupby("region")["city"].agg(list)
    order, room = printed_order(), len(places) - sum(len(cities) for cities in fixed)
    sets = {region: choices(region, fixed.get(region, []), scores, set(CENTRAL) if central else set()) for region in order}
    large = sets.pop("长三角")
    sizes, means = np.array([len(extra) for extra, _ in large]), np.array([mean for _, mean in large])
    place, found = order.index("长三角"), []
    for chosen in product(*sets.values()):
        levels = [mean for _, mean in chosen]
        if any(first <= second for first, second in zip(levels, levels[1:], strict=False)):
            continue
        taken = [city for extra, _ in chosen for city in extra]
        fits = (sizes == room - len(taken)) & (means < levels[place - 1]) & (means > levels[place])
        found += [dict(zip(sets, (extra for extra, _ in chosen), strict=True)) | {"长三角": large[one][0]}
                  for one in fits.nonzero()[0] if not set(large[one][0]) & set(taken)]
    return pd.DataFrame(found, columns=order)


def memberships(fits: pd.DataFrame) -> pd.DataFrame:
    """Share of fitting rosters that hold each candidate: region, city, share."""
    rows = [(region, city, fits[region].map(lambda extra, city=city: city in extra).mean())
            for region, cities in CANDIDATES.items() for city in cities.split()]
    return pd.DataFrame(rows, columns=["region", "city", "share"])


def printed_order() -> list[str]:
    """Regions ranked 4 and below in pillar F, in printed order."""
    table = published.load("index_scores")
    table = table[table["node"].eq("F") & table["measure"].eq("rank") & table["unit_type"].eq("region") & table["value"].gt(3)]
    return table.drop_duplicates("unit").sort_values("value")["unit"].tolist()


def choices(region: str, fixed: list[str], scores: pd.Series, needed: set[str]) -> list[tuple]:
    """Subsets of a region's candidates with the mean F they give, inside the printed range of the region and with `needed` cities."""
    free = CANDIDATES.get(region, "").split()
    low, high = printed_range(region)
    subsets = [set(extra) for size in range(len(free) + 1) for extra in combinations(free, size)]
    with_mean = [(extra, scores[[*fixed, *extra]].mean()) for extra in subsets if needed & set(free) <= extra]
    return [(sorted(extra), mean) for extra, mean in with_mean if low <= mean <= high]


def printed_range(region: str) -> tuple[float, float]:
    """Printed bounds of a region's pillar F; the whole line where none is printed."""
    table = published.load("index_scores")
    table = table[table["node"].eq("F") & table["measure"].eq("score") & table["unit"].eq(region)]
    return (table.loc[table["approx"].isin(["ge", "gt"]), "value"].max() if table["approx"].isin(["ge", "gt"]).any() else -np.inf,
            table.loc[table["approx"].isin(["le", "lt"]), "value"].min() if table["approx"].isin(["le", "lt"]).any() else np.inf)


# ---- pillar F against everything printed about it

def results_f(panel: pd.DataFrame) -> pd.DataFrame:
    """Score, growth and their ranks of pillar F and its indicators, for cities and regions, from a whole panel (`panel_f`)."""
    post, regions = posts(statistics.panel()), statistics.places().set_index("city")["region"]
    frames = []
    for unit_type in ("city", "region"):
        now, before = (pillar(indicator_table(panel, year), post) for year in (2021, 2020))
        if unit_type == "region":
            now, before = (table.groupby(regions).mean() for table in (now, before))
        growth = 100 * (now / before - 1)
        frames.append(pd.concat({"score": now, "rank": now.rank(ascending=False, method="min"), "growth_pct": growth,
                                 "growth_rank": growth.rank(ascending=False, method="min")}, axis=1).stack(level=[0, 1])
                      .rename("computed").rename_axis(["unit", "measure", "node"]).reset_index().assign(unit_type=unit_type))
    return pd.concat(frames, ignore_index=True)


def check_f(panel: pd.DataFrame, tolerance: float = 0.0015) -> pd.DataFrame:
    """Every printed number about pillar F and its indicators against its recomputation: id, unit, node, measure, approx, printed, computed,
    difference, holds. Scores must agree within `tolerance`, growth within 0.0101 where E01 prints two values and else within half a unit of
    the last digit, bounds and ranks exactly."""
    table = published.load("index_scores")
    table = table[table["node"].isin(["F", *INDICATORS]) & table["measure"].isin(["score", "rank", "growth_pct", "growth_rank"])]
    table = table.merge(results_f(panel), on=["unit_type", "unit", "node", "measure"])
    half = 0.5 * 10.0 ** -table["decimals"].astype(float)
    slack = half.where(table["errata"].ne("E01"), 0.0101).where(table["measure"].ne("score"), np.maximum(half, tolerance)) + 1e-6
    slack = slack.where(~table["measure"].isin(["rank", "growth_rank"]), 0.0)
    table["difference"] = table["computed"] - table["value"]
    gap = table["difference"]
    table["holds"] = np.select([table["approx"].isin(["ge", "gt"]), table["approx"].isin(["le", "lt"])],
                               [gap >= 0, gap <= 0], gap.abs() <= slack).astype(bool)
    return table.rename(columns={"value": "printed"})[["id", "unit", "node", "measure", "approx", "printed", "computed", "difference", "holds"]]
