"""What the chapter on method shows of the identification: frames and the values of sentences.

`stats` is the panel of public statistics (`statistics.panel`), `posts` the identified posts (`identify.posts`).
"""

import numpy as np
import pandas as pd

from fire.sources import statistics
from studies.printed2022 import digits, identify, known, published, resources, roster, tried
from studies.printed2022.published import BASE, YEAR

HALF = 0.0005  # half a last digit of a score
WITHIN = 1.1  # per cent within which a solved statistic agrees with a public one
NEAR = 0.004  # points within which a base-year score of statistics alone agrees with the digits
NARROW = 0.05  # width below which the digits pin a weight
STEP = 0.01  # of the grid of pillar weights
FITS = {"pop_size": ["population"], "pop_structure": ["urban_population", "registered_population"]}
# Elements of the method and how each is known; their names and evidence are [method-name-…], [method-row-…].
ELEMENTS = {
    "tree": "printed",
    "pillars": "identified",
    "pairs": "identified",
    "dimensions": "bounded",
    "others": "assumed",
    "regions": "identified",
    "scale": "bounded",
    "open": "printed",
    "form": "identified",
    "equal": "assumed",
    "posts": "identified",
    "vintage": "identified",
    "base": "bounded",
    "finance": "identified",
    "business": "identified",
    "otherposts": "assumed",
    "roster": "bounded",
}
TWIN = "logarithm of the urban share"  # the same regression as the identified form


# Form and posts of pillar F


def forms(stats: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """`identify.alternatives` with the twin of the identified form, of all forms tried (`identify.forms`): form, rmse,
    largest."""
    same = every[every["pop_structure"].eq("urban_share log") & ~every["earlier"]]
    same = same[same[["gdp", "tertiary_share", "pop_size"]].eq(["log", "identity", "log"]).all(axis=1)]
    return pd.concat(
        [identify.alternatives(stats), same[["rmse", "largest"]].assign(form=TWIN)], ignore_index=True
    )


def fit(forms: pd.DataFrame) -> dict:
    """How well the identified form fits (`forms`) and how much worse the next that is no twin of it: rmse, second, times."""
    best, second = forms.loc[forms["form"].ne(TWIN), "rmse"].nsmallest(2)
    return {"rmse": best, "second": second, "times": second / best}


def choices(forms: pd.DataFrame, bases: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """How many candidates were tried and how many fit (`tried.counts`), with the choice made: element, tried, fit, picked;
    element and picked are sentences of the catalogue."""
    table, years = tried.counts(forms, bases, fits), tried.trials().iloc[0][["first", "second"]].to_dict()
    for name, kind, values in (("element", "choice", {}), ("picked", "picked", years)):
        table[name] = [{"entry": f"method-{kind}-{one}", "values": values} for one in table["choice"]]
    return table[["element", "tried", "fit", "picked"]]


def series(stats: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """The population series tried for each city in the base year (`identify.bases`): unit, pop_size, pop_structure (the
    measures), error, chosen (a word)."""
    table = identify.bases(stats, posts)
    named = {True: "chosen", False: "tried"}
    heads = {"pop_size": "people_series", "pop_structure": "urban_series"}
    return table.assign(chosen=table["chosen"].map(named)).rename(columns=heads)


def family(whole: pd.DataFrame) -> pd.DataFrame:
    """Weights of the three dimensions of pillar R that the digits of one city leave (`resources.weights`); `whole`:
    `identify.panel_f`."""
    return resources.weights(known.scores(known.panel(whole)))


def spread(family: pd.DataFrame) -> dict:
    """First and last set of weights of pillar R that the digits of a city (unit) leave: policy, network and finance, each
    `_first` and `_last`; low is the city whose online attention comes out lowest."""
    ends = family[["policy", "network", "finance"]].iloc[[0, -1]]
    found = {
        f"{name}_{end}": ends[name].iloc[row] for row, end in enumerate(("first", "last")) for name in ends
    }
    return found | {"unit": resources.PAIR, "low": resources.LOW}


def scores(stats: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Pillar F of the index year of every city, best first: rank, unit, its indicators, F, printed_score, status (of the
    softest input)."""
    table = identify.pillar(identify.indicator_table(stats, YEAR), posts)
    table = table.sort_values("F", ascending=False).reset_index()
    printed = published.scores("F", "city").set_index("unit")["score"]
    status = stats[stats["year"].eq(YEAR)].groupby("unit")["status"].agg(statistics.softest)
    table.insert(0, "rank", range(1, len(table) + 1))
    return table.assign(printed_score=table["unit"].map(printed), status=table["unit"].map(status))


def residuals(stats: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Computed less printed F of the printed cities: unit, error (posts fitted to all of them), left_out (error of the
    fit to the others), tolerance (half a last digit)."""
    table = scores(stats, posts).dropna(subset="printed_score")
    left_out = identify.leave_one_out(stats, YEAR).set_index("unit")["error"]
    table = table.assign(error=table["F"] - table["printed_score"], left_out=table["unit"].map(left_out))
    return table[["unit", "error", "left_out"]].assign(tolerance=HALF).reset_index(drop=True)


def errors(residuals: pd.DataFrame) -> dict:
    """Errors of the fit: n, largest, exact (cities within half a last digit); and with the city left out: left (largest),
    worst (city), hits (within half a last digit)."""
    size = residuals["error"].abs()
    return {
        "n": len(size),
        "largest": size.max(),
        "worst": residuals.loc[residuals["left_out"].abs().idxmax(), "unit"],
        "left": residuals["left_out"].abs().max(),
        "exact": int(size.le(HALF + 1e-9).sum()),
        "hits": int(residuals["left_out"].abs().le(HALF + 1e-9).sum()),
    }


def ends(spans: pd.DataFrame, posts: pd.DataFrame) -> dict:
    """What the digits leave of the posts (`identify.spans`, `identify.posts`): low, high, share (upper post of the
    tertiary share), top, bottom, ratio, ratio_low, ratio_high (GDP), people (city at the upper post of population)."""
    wide, at = spans.set_index(["indicator", "kind"]), posts.set_index(["indicator", "side"])["value"]
    share, ratio = wide.loc[("tertiary_share", "upper")], wide.loc[("gdp", "ratio")]
    bottom, top = identify.ANCHORS["gdp"]
    return {
        "low": share["low"],
        "high": share["high"],
        "share": at["tertiary_share", "upper"],
        "top": top,
        "bottom": bottom,
        "ratio": at["gdp", "upper"] / at["gdp", "lower"],
        "ratio_low": ratio["low"],
        "ratio_high": ratio["high"],
        "people": identify.ANCHORS["pop_size"][1],
    }


# The base year


def listed_posts(posts: pd.DataFrame) -> pd.DataFrame:
    """The posts as a table: node, side, and value, low, high as texts of five digits (missing where nothing bounds them)."""
    table = posts.rename(columns={"indicator": "node"})[["node", "side", "value", "low", "high"]]
    ends = ["value", "low", "high"]
    return table.assign(**table[ends].map(lambda post: f"{post:,.5g}" if pd.notna(post) else None))


def solved(whole: pd.DataFrame) -> pd.DataFrame:
    """Base-year statistics solved from printed digits (`identify.panel_f`) beside the public statistic that comes
    nearest: unit, node, solved, nearest, official, gap_pct, agrees. Populations first, by size; 拉萨 as a post left out.
    """
    found = whole.query("year == @BASE and status == 'implied'")
    found = found[~(found["unit"].eq("拉萨") & found["indicator"].isin(FITS))]
    found = found.rename(columns={"indicator": "node", "value": "solved"})[["unit", "node", "solved"]]
    official = statistics.read().query("year == @BASE - 1")[["city", "measure", "value"]]
    official = official.set_axis(["unit", "nearest", "official"], axis=1).dropna()
    pairs = found.merge(official, on="unit")
    pairs = pairs[[measure in FITS.get(node, ()) for node, measure in zip(pairs["node"], pairs["nearest"])]]
    pairs = pairs.assign(gap_pct=100 * (pairs["solved"] / pairs["official"] - 1))
    best = pairs.groupby(["unit", "node"])["gap_pct"].apply(lambda gap: gap.abs().idxmin())
    table = found.merge(pairs.loc[best].drop(columns="solved"), how="left", on=["unit", "node"])
    return table.assign(agrees=table["gap_pct"].abs().lt(WITHIN))


def populations(solved: pd.DataFrame) -> dict:
    """Solved populations against public ones: n, agree, within; cities by basis (registered, resident), open (no
    statistic agrees), odd (their share differs)."""
    people, agrees = solved["node"].isin(FITS), solved["agrees"]
    urban = solved["node"].eq("pop_structure")
    cities = {
        name: solved.loc[urban & agrees & solved["nearest"].eq(measure)]
        .sort_values("official")["unit"]
        .tolist()
        for name, measure in (("registered", "registered_population"), ("resident", "urban_population"))
    }
    return cities | {
        "n": int(people.sum()),
        "agree": int((people & agrees).sum()),
        "within": WITHIN,
        "open": solved.loc[urban & ~agrees, "unit"].tolist(),
        "odd": solved.loc[solved["node"].eq("tertiary_share") & solved["unit"].ne("拉萨"), "unit"].tolist(),
    }


def base_scores(stats: pd.DataFrame, posts: pd.DataFrame) -> pd.DataFrame:
    """Base-year F of the cities with all statistics observed, from these alone and from the printed digits: unit,
    from_statistics, from_digits, difference; the nearest first."""
    used = identify.as_used(stats)
    observed = used[used["year"].eq(BASE) & used["status"].eq("observed")].groupby("unit").size()
    hard = observed.index[observed.eq(len(identify.INDICATORS))]
    before = identify.pillar(identify.indicator_table(used, BASE).loc[hard], posts)["F"]
    now = identify.pillar(identify.indicator_table(stats, YEAR), posts)["F"]
    printed = now / (1 + identify.printed_growth("F") / 100)
    table = pd.DataFrame({"from_statistics": before, "from_digits": printed}).dropna()
    table = table.assign(difference=table["from_statistics"] - table["from_digits"])
    return table.rename_axis("unit").reset_index().sort_values("difference", key=np.abs, ignore_index=True)


def agreement(base_scores: pd.DataFrame, series: pd.DataFrame | None = None) -> dict:
    """Which base-year scores of statistics alone agree with the digits: n, within, near, far; and how many would with the
    usual series of population throughout (usual; `series` as the function of that name)."""
    table = base_scores.sort_values("unit")
    near = table["difference"].abs() < NEAR
    units = {"near": table.loc[near, "unit"].tolist(), "far": table.loc[~near, "unit"].tolist()}
    found = {"n": len(table), "within": NEAR} | units
    if series is None:
        return found
    common = series["people_series"].eq("population") & series["urban_series"].eq("urban_population")
    return found | {"usual": int((common & series["error"].abs().lt(NEAR)).sum())}


# Weights, regional means, roster


def weights() -> pd.DataFrame:
    """Bounds of the weights inside every node with several children, the root first: the columns of
    `digits.weight_bounds` and `pinned` (the digits leave less than NARROW)."""
    nodes = published.load("nodes")
    size = nodes["parent"].value_counts()
    parents = [node for node in nodes["id"] if size.get(node, 0) > 1]
    table = pd.concat([digits.weight_bounds(parent) for parent in parents], ignore_index=True)
    return table.assign(pinned=table["high"] - table["low"] < NARROW)


def grid(weights: pd.DataFrame, grid: pd.DataFrame) -> dict:
    """The pillar weights that the grid leaves: step, cases (sets of digits), and f, i, r, e of the first of them."""
    only = {pillar.lower(): weight for pillar, weight in grid.iloc[0].items()}
    return {
        "step": STEP,
        "cases": int(weights.loc[weights["node"].isin(digits.PILLARS), "cases"].max()),
    } | only


def candidates(fits: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """`roster.memberships` with the choice made: region, city, share_pct, chosen (in `places`, in this region), open (in some
    fitting rosters and not in others)."""
    table, region = roster.memberships(fits), places.set_index("city")["region"]
    chosen = [region.get(city) == home for city, home in zip(table["city"], table["region"])]
    table = table.assign(share_pct=100 * table["share"], chosen=chosen).drop(columns="share")
    return table.assign(open=table["share_pct"].between(0, 100, inclusive="neither"))


def named(candidates: pd.DataFrame, places: pd.DataFrame) -> dict:
    """How the cities of the index are known: cities, printed, inferred, always (in every fitting roster), candidates."""
    basis = places["in_index_basis"]
    return {
        "places": len(places),
        "printed": int(basis.eq("printed").sum()),
        "inferred": int(basis.eq("inferred").sum()),
        "always": candidates.loc[candidates["share_pct"].eq(100), "city"].tolist(),
        "candidates": statistics.read()["city"].nunique(),
        "open": int(candidates["open"].sum()),
        "regions": candidates.loc[candidates["open"], "region"].unique().tolist(),
    }


def regional(stats: pd.DataFrame, posts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Mean F of the regions under the inferred roster: unit, score, rank, printed_rank."""
    cities, region = scores(stats, posts), places.set_index("city")["region"]
    means = cities.groupby(cities["unit"].map(region))["F"].mean().sort_values(ascending=False)
    ranks = published.load("index_scores").query(
        "node == 'F' and measure == 'rank' and unit_type == 'region'"
    )
    table = means.rename("score").rename_axis("unit").reset_index()
    printed = table["unit"].map(ranks.drop_duplicates("unit").set_index("unit")["value"])
    return table.assign(rank=range(1, len(table) + 1), printed_rank=printed)


# The method at a glance, and the first edition


def elements(values: dict) -> pd.DataFrame:
    """The elements of the method: element, basis (printed, identified, bounded, assumed), evidence; name and evidence are
    sentences of the catalogue for these `values`."""
    return pd.DataFrame(
        [
            {
                "element": {"entry": f"method-name-{key}", "values": {}},
                "basis": basis,
                "evidence": {"entry": f"method-row-{key}", "values": values},
            }
            for key, basis in ELEMENTS.items()
        ]
    )


def evidence(stats, posts, forms, spans, residuals, solved, lower, means, fits) -> dict:
    """The values that the evidence of the elements names, from the frames of the chapter."""
    share = stats.query("year == @BASE and indicator == 'tertiary_share'")["value"]
    business = published.scores("regulation_business_env", "city")
    finance = tried.trials()
    nodes, at = published.load("nodes"), posts.set_index(["indicator", "side"])["value"]
    ratio, pinned = ends(spans, posts), lower["pinned"]
    gdp = [0.25 * np.log(ratio["ratio"]) / np.log(ratio[side]) for side in ("ratio_high", "ratio_low")]
    people, pairs = populations(solved), lower[lower["parent"].isin(["policy", "firm_rd"])]
    return {
        "indicators": int((~nodes["id"].isin(nodes["parent"])).sum()),
        "step": STEP,
        "pairs": int(pairs.drop_duplicates("parent")["cases"].sum()),
        "narrow": int(pinned.sum()),
        "open": int((~pinned).sum()),
        "widest": float((lower["high"] - lower["low"]).max()),
        "means": len(means),
        "share_low": at["tertiary_share", "lower"],
        "share_high": at["tertiary_share", "upper"],
        "top": published.load("index_scores").query("measure == 'score'")["value"].max(),
        "printed": len(residuals),
        "rmse": fit(forms)["rmse"],
        "gdp_low": gdp[0],
        "gdp_high": gdp[1],
        "largest": residuals["error"].abs().max(),
        "solved": people["n"],
        "agree": people["agree"],
        "rosters": len(fits),
        "share_least": share.min(),
        "share_most": share.max(),
        "business": len(business),
        "series": len(finance),
        "pairs_tried": int(finance["pairs"].sum()),
        "finance_error": finance["largest"].iloc[0],
        "finance_second": finance["largest"].iloc[1],
    }


def first_edition() -> pd.DataFrame:
    """Public ranks of the first edition: unit, first_rank, stated_rank (rank of the base year as this report states it)."""
    first = published.load("previous_edition").sort_values("value", ignore_index=True)
    stated = first["unit"].map({unit: place for place, unit in enumerate(_stated(), start=1)})
    return pd.DataFrame({"unit": first["unit"], "first_rank": first["value"], "stated_rank": stated})


def _stated() -> list[str]:
    """The first cities of the base year, in the order that the report states."""
    return published.load("index_claims").set_index("id").at["C023", "units"].split(";")


def first(ranks: pd.DataFrame) -> dict:
    """How the first edition differs: n, ranked (its year), top (ranks compared), extra (indicators that it had besides),
    differ (cities)."""
    top = len(_stated())
    dropped = published.load("other_facts").query("quantity == 'growth indicators dropped since edition 1'")
    both = ranks[ranks["first_rank"].le(top)]
    return {
        "n": len(ranks),
        "ranked": int(published.load("previous_edition")["year"].iloc[0]),
        "top": top,
        "extra": int(dropped["value"].iloc[0]),
        "differ": both.loc[both["first_rank"].ne(both["stated_rank"]), "unit"].tolist(),
    }
