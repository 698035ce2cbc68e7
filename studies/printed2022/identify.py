"""What the printed digits reveal about pillar F: its form, its posts and the statistics behind it.

Form and posts are fitted to the printed scores, and base-year statistics are solved from printed growth: that these come
out as printed again is no independent test. Weights and regional means are in `digits`, the roster in `roster`.
"""

from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from fire import files
from fire.index import transforms
from fire.sources import statistics
from studies.printed2022 import published
from studies.printed2022.digits import extent, ratio_extent
from studies.printed2022.published import BASE, YEAR

INDICATORS = ["gdp", "tertiary_share", "pop_size", "pop_structure"]
SCALE = (1.0, 10.0)
FORM = {"gdp": "log", "tertiary_share": "identity", "pop_size": "log", "pop_structure": "log"}
GAIN = (SCALE[1] - SCALE[0]) / len(INDICATORS)  # points of the pillar between the posts of one indicator
TOLERANCE = 0.00145  # rounding of a score, and of the statistics behind it
GROWTH = ["growth_pct", "growth_rank"]
EVERY = "全部"  # in basis.csv: every city without a row of its own
SERIES = {
    "pop_size": ["population", "registered_population"],
    "pop_structure": ["urban_population", "registered_population"],
}  # measures that could be behind an indicator, the usual one first
ANCHORS = {"gdp": ("拉萨", "上海"), "pop_size": (None, "重庆"), "pop_structure": (None, "重庆")}


# Pillar F of the index year


def indicator_table(panel: pd.DataFrame, year: int) -> pd.DataFrame:
    """Units by indicators of pillar F for one index year."""
    rows = panel[panel["year"].eq(year)]
    return rows.pivot(index="unit", columns="indicator", values="value").reindex(columns=INDICATORS)


def _terms(table: pd.DataFrame, form: dict = FORM) -> pd.DataFrame:
    """The indicators as they enter the score."""
    return pd.DataFrame(
        {name: transforms.forward(table[name].astype(float), kind) for name, kind in form.items()},
        table.index,
    )


def _slopes(x: pd.DataFrame, printed: pd.Series) -> np.ndarray:
    """Least squares of the printed scores on the terms of their cities."""
    fitted = printed[printed.index.isin(x.index)]
    return np.linalg.lstsq(x.loc[fitted.index].to_numpy(), fitted.to_numpy(), rcond=None)[0]


def pillar_f(panel: pd.DataFrame, year: int = YEAR, form: dict = FORM) -> pd.DataFrame:
    """Least-squares fit of pillar F to its printed city scores, and its value for every city.

    Returns unit, printed, computed, error (missing where nothing is printed); `.attrs["coefficients"]` holds
    constant and slopes.
    """
    x = _terms(indicator_table(panel, year), form).assign(constant=1.0).dropna()
    printed = published.scores("F", "city").set_index("unit")["score"].dropna()
    slopes = _slopes(x, printed)
    result = (
        pd.DataFrame({"printed": printed, "computed": x @ slopes})
        .reindex(x.index)
        .rename_axis("unit")
        .reset_index()
    )
    result["error"] = result["computed"] - result["printed"]
    result.attrs["coefficients"] = pd.Series(slopes, x.columns)
    return result


def alternatives(panel: pd.DataFrame, year: int = YEAR) -> pd.DataFrame:
    """Root mean square and largest error of other forms of pillar F, each with freely fitted slopes."""
    earlier = panel[panel["year"].eq(year - 1)].assign(year=year)
    people = panel.pivot(index=["unit", "year"], columns="indicator", values="value")
    urban = (
        people.assign(pop_structure=100 * people["pop_structure"] / people["pop_size"])
        .stack()
        .rename("value")
        .reset_index()
    )
    level = dict.fromkeys(INDICATORS, "identity")
    cases = {
        "identified form": (panel, FORM),
        "urban share": (urban, {**FORM, "pop_structure": "identity"}),
        "logarithm of the share": (panel, {**FORM, "tertiary_share": "log"}),
        "GDP in levels": (panel, {**FORM, "gdp": "identity"}),
        "populations in levels": (panel, {**FORM, "pop_size": "identity", "pop_structure": "identity"}),
        "all in levels": (panel, level),
        "statistics a year earlier": (earlier, FORM),
        "without urban population": (panel, {name: FORM[name] for name in INDICATORS[:3]}),
    }
    errors = {name: pillar_f(data, year, form)["error"].dropna() for name, (data, form) in cases.items()}
    return pd.DataFrame(
        [
            {"form": name, "rmse": float(np.sqrt((error**2).mean())), "largest": float(error.abs().max())}
            for name, error in errors.items()
        ]
    )


def forms(panel: pd.DataFrame, year: int = YEAR) -> pd.DataFrame:
    """Every form tried for pillar F, with freely fitted slopes: each indicator in levels or logarithms, urban population as
    persons, as share or left out, statistics of the index's own year or a year earlier.

    Columns gdp, tertiary_share, pop_size, pop_structure, earlier, rmse, largest; the best first. The logarithms of urban
    persons and of the urban share fit alike, since the two and population are one identity. The share would put the posts
    of population a factor of 7 apart, where the cities of the base year span 56.
    """
    wide = panel.pivot(index=["unit", "year"], columns="indicator", values="value")
    wide["urban_share"] = 100 * wide["pop_structure"] / wide["pop_size"]
    printed, fits = published.scores("F", "city").set_index("unit")["score"], []
    kinds = ["identity", "log"]
    urban = [("pop_structure", kind) for kind in kinds] + [("urban_share", kind) for kind in kinds] + [None]
    terms = {
        earlier: pd.concat(
            {kind: _terms(now.loc[printed.index], dict.fromkeys(now, kind)) for kind in kinds}, axis=1
        )
        for earlier in (False, True)
        for now in [wide.xs(year - earlier, level="year")]
    }
    for earlier, *others, people in product((False, True), kinds, kinds, kinds, urban):
        form = [*zip(others, INDICATORS), *([people[::-1]] if people else [])]
        x = terms[earlier][form].assign(constant=1.0).dropna()
        error = x @ _slopes(x, printed) - printed[x.index]
        fits.append(
            (*others, " ".join(people or ("none",)), earlier, (error**2).mean() ** 0.5, error.abs().max())
        )
    return pd.DataFrame(fits, columns=[*INDICATORS, "earlier", "rmse", "largest"]).sort_values(
        "rmse", ignore_index=True
    )


def leave_one_out(panel: pd.DataFrame, year: int = YEAR) -> pd.DataFrame:
    """Each printed city predicted by the fit to the others: unit, printed, predicted, error."""
    x = _terms(indicator_table(panel, year)).assign(constant=1.0).dropna()
    printed = published.scores("F", "city").set_index("unit")["score"].dropna()
    units = x.index.intersection(printed.index)
    predicted = [x.loc[unit] @ _slopes(x, printed.drop(unit)) for unit in units]
    table = pd.DataFrame({"unit": units, "printed": printed[units].to_numpy(), "predicted": predicted})
    return table.assign(error=table["predicted"] - table["printed"])


def anchor_values(panel: pd.DataFrame) -> dict[str, tuple]:
    """Observed base-year values of the cities that hold a post: (lower, upper), None where no city is known to."""
    base = indicator_table(panel, BASE)
    return {name: tuple(base[name].get(city) for city in cities) for name, cities in ANCHORS.items()}


def spans(panel: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """How far apart the posts of each indicator lie, from the printed scores of 2021 alone, and where the share's
    upper post is.

    Columns indicator, kind (ratio of upper to lower, points, or upper post), low, high.
    """
    matrix, low, high = _system(panel, tolerance)
    found = []
    for place, name in enumerate(INDICATORS):
        ends = [GAIN / end for end in extent(matrix, low, high, np.eye(5)[place])[::-1]]
        found.append((name, "points", *ends) if name == "tertiary_share" else (name, "ratio", *np.exp(ends)))
    found.append(("tertiary_share", "upper", *ratio_extent(matrix, low, high, 4, 1)))
    return pd.DataFrame(found, columns=["indicator", "kind", "low", "high"])


def _system(panel: pd.DataFrame, tolerance: float) -> tuple:
    """Printed scores as `10 - sum of slope * (upper post - x)`: unknown slopes of the four, and slope * post of the
    share.
    """
    upper = {name: np.log(pair[1]) for name, pair in anchor_values(panel).items()}
    printed = published.scores("F", "city").set_index("unit")["score"].dropna()
    x = _terms(indicator_table(panel, YEAR)).loc[printed.index]
    matrix = np.column_stack([x[name] - upper.get(name, 0) for name in INDICATORS] + [-np.ones(len(x))])
    target = printed.to_numpy() - SCALE[1]
    return matrix, target - tolerance, target + tolerance


def posts(panel: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Posts of the four indicators: the choice with the least sum of errors inside the tolerance, and the range
    that the digits leave.

    Columns indicator, side, value, low, high, status. GDP takes the observed extremes of the base year, the share
    the whole per cents inside its interval, the populations the observed upper post; then two unknown slopes are
    left, and with them the lower posts.
    """
    anchors, wide = anchor_values(panel), spans(panel, tolerance).set_index(["indicator", "kind"])
    share = {"upper": float(np.round(wide.loc[("tertiary_share", "upper")].mean()))}
    share["lower"] = share["upper"] - float(np.round(wide.loc[("tertiary_share", "points")].mean()))
    fixed = {
        "gdp": GAIN / np.log(anchors["gdp"][1] / anchors["gdp"][0]),
        "tertiary_share": GAIN / (share["upper"] - share["lower"]),
    }
    matrix, low, high = _system(panel, tolerance)
    known = matrix[:, :2] @ [fixed["gdp"], fixed["tertiary_share"]] - fixed["tertiary_share"] * share["upper"]
    free = matrix[:, 2:4]
    target, size = (low + high) / 2 - known, np.eye(len(free))
    best = linprog(
        np.r_[0, 0, np.ones(len(free))],
        A_ub=np.vstack([np.column_stack([free, -size]), np.column_stack([-free, -size])]),
        b_ub=np.concatenate([target, -target]),
        bounds=[(None, None)] * 2 + [(0, tolerance)] * len(free),
    ).x
    rows = [
        (
            "gdp",
            "lower",
            anchors["gdp"][0],
            *[anchors["gdp"][1] / end for end in wide.loc[("gdp", "ratio")][::-1]],
        ),
        ("gdp", "upper", anchors["gdp"][1], *[anchors["gdp"][0] * end for end in wide.loc[("gdp", "ratio")]]),
        (
            "tertiary_share",
            "lower",
            share["lower"],
            *(share["upper"] - wide.loc[("tertiary_share", "points")][::-1]),
        ),
        ("tertiary_share", "upper", share["upper"], *wide.loc[("tertiary_share", "upper")]),
    ]
    for place, name in enumerate(INDICATORS[2:]):
        top = anchors[name][1]
        ends = extent(free, low - known, high - known, np.eye(2)[place])
        rows += [
            (
                name,
                "lower",
                round(top / np.exp(GAIN / best[place]), 2),
                *[top / np.exp(GAIN / end) for end in ends],
            ),
            (name, "upper", top, np.nan, np.nan),
        ]
    return pd.DataFrame(rows, columns=["indicator", "side", "value", "low", "high"]).assign(
        status="identified"
    )


# Pillar F of the base year


def whole_per_cent(share: pd.Series) -> pd.Series:
    """Shares as whole per cents, rounded half up from one decimal, as the base-year data of the index have them.

    >>> whole_per_cent(pd.Series([63.455, 53.197])).tolist()
    [64.0, 53.0]
    """
    return np.floor((share + 1e-9).round(1) + 0.5 + 1e-9)


def pillar(table: pd.DataFrame, post: pd.DataFrame) -> pd.DataFrame:
    """Scores of the four indicators under `post` (of `posts`), and their mean F."""
    at = post.pivot(index="indicator", columns="side", values="value")
    x, ends = _terms(table), {side: _terms(at[[side]].T).iloc[0] for side in ("lower", "upper")}
    scores = SCALE[0] + (SCALE[1] - SCALE[0]) * (x - ends["lower"]) / (ends["upper"] - ends["lower"])
    return scores.assign(F=scores.mean(axis=1))


def _raw(score: float, name: str, post: pd.DataFrame) -> float:
    """Value of an indicator that gives this score."""
    at = post[post["indicator"].eq(name)].set_index("side")["value"]
    low, high = (transforms.forward(at[side], FORM[name]) for side in ("lower", "upper"))
    value = low + (score - SCALE[0]) / (SCALE[1] - SCALE[0]) * (high - low)
    return float(transforms.back(value, FORM[name]))


def as_used(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with the base-year statistics as the index used them: shares in whole per cents, registered instead of
    resident population where data/statistics/basis.csv says that the digits show it."""
    panel = panel.set_index(["unit", "year", "indicator"])
    chosen = files.read_csv(statistics.PATH.with_name("basis.csv")).query("city != @EVERY")
    people = statistics.read().set_index(statistics.KEY)
    for row in chosen.itertuples():
        cell = people.loc[(row.city, int(row.year), row.measure)]
        panel.loc[(row.city, int(row.year) + 1, row.indicator), ["value", "status", "source"]] = [
            cell["value"],
            cell["status"],
            cell["source"],
        ]
    panel = panel.reset_index()
    share = panel["year"].eq(BASE) & panel["indicator"].eq("tertiary_share")
    panel.loc[share, "value"] = whole_per_cent(panel.loc[share, "value"])
    return panel


def panel_f(panel: pd.DataFrame | None = None) -> pd.DataFrame:
    """The panel of pillar F for index years 2020 and 2021: observed statistics, base-year cells solved from printed
    digits (`implied`), and the rest (`estimated`).

    A city with a printed growth of F keeps three base-year statistics; the fourth is solved so that the
    growth holds: urban population, except the share of 北京 (its best, the upper post), 东莞 and 拉萨. 深圳 and 广州
    print the growth of their urban population, so population is solved. The printed growth of regions is not used: it
    tests the statistics of the cities without a printed growth.
    """
    panel = as_used(statistics.panel() if panel is None else panel)
    post = posts(panel)
    cells = panel.set_index(["unit", "year", "indicator"])
    now = pillar(indicator_table(panel, YEAR), post)
    floor = post[post["side"].eq("lower")].set_index("indicator")["value"]
    top = float(post.loc[post["indicator"].eq("tertiary_share") & post["side"].eq("upper"), "value"].iloc[0])

    def put(unit: str, name: str, value: float) -> None:
        cells.loc[(unit, BASE, name), ["value", "status", "source"]] = [value, "implied", "printed digits"]

    put("北京", "tertiary_share", top)
    for name in ("pop_size", "pop_structure"):
        put("拉萨", name, floor[name])
    for name in ("pop_structure", "tertiary_share"):
        for unit, growth in printed_growth(name).items():
            put(unit, name, _raw(now.at[unit, name] / (1 + growth / 100), name, post))
    own, base = (
        printed_growth("pop_structure").index,
        pillar(indicator_table(cells.reset_index(), BASE), post),
    )
    for unit, growth in printed_growth("F").items():
        name = "pop_size" if unit in own else "tertiary_share" if unit == "拉萨" else "pop_structure"
        others = (
            base.loc[unit, [other for other in INDICATORS if other != name]].sum()
            if unit != "拉萨"
            else SCALE[0] * 3
        )
        put(unit, name, _raw(len(INDICATORS) * now.at[unit, "F"] / (1 + growth / 100) - others, name, post))
    return cells.reset_index().sort_values(["year", "indicator"], kind="stable", ignore_index=True)[
        list(panel.columns)
    ]


def bases(panel: pd.DataFrame, post: pd.DataFrame) -> pd.DataFrame:
    """Base-year F of the cities with a printed growth under every population series at hand: unit, pop_size and
    pop_structure (the measures), error (points, against the digits), chosen (as data/statistics/basis.csv says).

    Only observed series count; a tertiary share is a whole per cent.
    """
    table = statistics.read().query("year == @BASE - 1 and status == 'observed'")
    people = table.pivot(index="city", columns="measure", values="value")
    basis = files.read_csv(statistics.PATH.with_name("basis.csv")).set_index(["city", "indicator"])["measure"]
    cells = indicator_table(as_used(panel), BASE)
    digits = pillar(indicator_table(panel, YEAR), post)["F"] / (1 + printed_growth("F") / 100)
    tried = pd.DataFrame(product(digits.dropna().index, *SERIES.values()), columns=["unit", *SERIES])
    rows = cells.loc[tried["unit"]].reset_index(drop=True)
    used = pd.Series(True, tried.index)
    for name, (usual, _) in SERIES.items():
        rows[name] = [people.at[key] for key in zip(tried["unit"], tried[name])]
        used &= tried[name].eq([basis.get((unit, name), usual) for unit in tried["unit"]])
    error = pillar(rows.dropna(), post)["F"] - tried["unit"].map(digits)
    return tried.assign(error=error, chosen=used).dropna(ignore_index=True)


def printed_growth(node: str, unit_type: str = "city") -> pd.Series:
    """Printed growth in per cent; where two printings differ (E01), the middle of the two."""
    table = published.load("index_scores")
    table = table[
        table["node"].eq(node)
        & table["unit_type"].eq(unit_type)
        & table["measure"].eq("growth_pct")
        & table["approx"].eq("exact")
    ]
    return table.drop_duplicates(["unit", "value"]).groupby("unit", sort=False)["value"].mean()


# Pillar F against everything printed about it
