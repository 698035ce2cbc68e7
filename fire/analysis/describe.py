"""Look at the data before and after scoring: availability, statistics, correlations, trends, corrected p-values.

Tables are wide: rows units (or unit-years), columns indicators or nodes. `screening` and `correlation_tests` take an
Index and know which of its cells are data.
"""

import itertools
import numbers

import numpy as np
import pandas as pd
from scipy import stats

from fire.analysis import known
from fire.errors import InputError, refuse
from fire.index import arguments, treat
from fire.index import panel as panels

TESTS = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
FEWEST = 3  # pairs of values of which a correlation is taken


# What is given


def no_index(index) -> list[str]:
    """Why this is no Index."""
    if hasattr(index, "scores") and hasattr(index, "spec"):
        return []
    kind = "a table" if isinstance(index, pd.DataFrame) else f"a {type(index).__name__}"
    return [f"{kind} is given where an Index is meant: give the Index itself, as fire.Index(spec, panel)"]


def no_table(table, columns=(), advice: str = "index.wide()") -> list[str]:
    """Why this is no DataFrame with these columns; `advice`: where one comes from."""
    if not isinstance(table, pd.DataFrame):
        kind = "an Index" if hasattr(table, "spec") else f"a {type(table).__name__}"
        return [f"{kind} is given where a DataFrame is meant: give one as of {advice}"]
    return [
        f"column '{name}' is missing: give a table as of {advice}" for name in columns if name not in table
    ]


def no_numbers(table: pd.DataFrame) -> list[str]:
    """A sentence for every column that does not hold numbers."""
    return [
        f"column '{name}' is no number: make it one, or leave it out"
        for name in table
        if not pd.api.types.is_numeric_dtype(table[name].infer_objects())
    ]


def no_number(name: str, value, fits, advice: str, whole: bool = False) -> list[str]:
    """A sentence unless the value is a (whole) number that fits; `advice`: what to type instead."""
    kind = numbers.Integral if whole else numbers.Real
    good = isinstance(value, kind) and not isinstance(value, bool | np.bool_) and fits(value)
    return [] if good else [f"{name} = {value!r}: {advice}"]


def listed(value) -> list:
    """One value or several as a list, none of None; a text is one."""
    return arguments.several(value) or []


def no_generator(rng) -> list[str]:
    """Why this is no generator of random numbers."""
    good = isinstance(rng, np.random.Generator)
    return [] if good else [f"rng = {rng!r}: give a generator, as numpy.random.default_rng(2022)"]


def unchosen(key: str, choice, options) -> list[str]:
    """A sentence where a choice is none of the options."""
    return (
        []
        if choice in list(options)
        else [f"{key} '{choice}' is not known: type one of {', '.join(options)}"]
    )


def unknown(index, nodes: list, year: int | None) -> list[str]:
    """A sentence for every node and the year that an index does not have, or for what is no index."""
    if faults := no_index(index):
        return faults
    for node in nodes:
        try:
            index.spec.known(node)
        except InputError as error:
            faults += error.faults
    return faults + arguments.of_year(year, index.years)[1]


def year_of(index, year=None) -> int:
    """The year as a number, default the one ranked. Raises InputError for a year that the index does not have."""
    refuse("year", unknown(index, [], year))
    found, _ = arguments.of_year(year)
    return index.year if found is None else found


# Data and scores


def availability(table: pd.DataFrame) -> pd.DataFrame:
    """For each row: missing and zero cells, the share that is present, and the share of those that is not zero."""
    refuse("availability", no_table(table, advice="index.steps().raw"))
    missing, zero = table.isna().sum(axis=1), table.eq(0).sum(axis=1)
    present = table.shape[1] - missing
    return pd.DataFrame(
        {
            "missing": missing,
            "zero": zero,
            "available": present / table.shape[1],
            "not_zero": 1 - zero / present.where(present > 0),
        }
    )


def screening(
    index, year: int | None = None, available: float = 2 / 3, not_zero: float = 0.05
) -> pd.DataFrame:
    """Units and indicators that have too few data, or too many zeros, in one year (default: the year ranked).

    A row a unit, then a row an indicator: `of` (unit, indicator), `name`, `missing`, `zero` (counts of cells),
    `available` (share of the cells that are data), `not_zero` (share of these that are not zero; missing without any),
    `low_data` (`available` below its threshold), `low_not_zero` (likewise), `screened` (either). Thresholds are shares;
    their defaults, the shares and the rule are those of COINr (Screen, byNAandzeros), which screens units only. Values
    are those of the panel, before any denominator. Drawn, simulated and assumed cells are no data.
    Raises InputError for an unknown year and for thresholds outside 0 to 1.
    """
    thresholds = {"available": available, "not_zero": not_zero}
    faults = unknown(index, [], year)
    for name, value in thresholds.items():
        faults += no_number(
            name, value, lambda x: 0 <= x <= 1, "a threshold is a share: type a number from 0 to 1"
        )
    refuse("screening", faults)
    cells = index.complete()
    cells = cells[cells["year"].eq(year_of(index, year))]
    if "status" in cells:
        cells = cells[~cells["status"].isin(known.SOFT)]
    table = cells.astype({"unit": object, "indicator": object}).pivot(
        index="unit", columns="indicator", values="value"
    )
    table = table.reindex(index=index.units, columns=index.spec.indicators)
    found = pd.concat({"unit": availability(table), "indicator": availability(table.T)}, names=["of", "name"])
    found = found.assign(**{f"low_{name}": found[name] < least - 1e-12 for name, least in thresholds.items()})
    found = found.rename(columns={"low_available": "low_data"}).reset_index()
    return found.assign(screened=found["low_data"] | found["low_not_zero"])


def statistics(table: pd.DataFrame) -> pd.DataFrame:
    """For each column: least, most, mean, median, sd (n - 1), skewness, kurtosis, counts, and whether it is skewed.

    What a column has too few values for is missing. Raises InputError for a column of text.
    """
    refuse("statistics", no_table(table) or no_numbers(table))

    def line(column):
        x = column.dropna().to_numpy(dtype=float)
        held = {
            "min": column.min(),
            "max": column.max(),
            "mean": column.mean(),
            "median": column.median(),
            "sd": column.std(ddof=1),
        }
        return held | {
            "skew": treat.skewness(x) if len(x) else np.nan,
            "kurtosis": treat.kurtosis(x) if len(x) else np.nan,
            "count": len(x),
            "available": len(x) / len(column) if len(column) else np.nan,
            "not_zero": (x != 0).mean() if len(x) else np.nan,
            "unique": len(np.unique(x)),
            "outliers": bool(len(x)) and treat.skewed(x, 2.0, 3.5),
        }

    return pd.DataFrame({name: line(table[name]) for name in table}).T.infer_objects()


def correlations(
    left: pd.DataFrame, right: pd.DataFrame | None = None, method: str = "pearson", level: float | None = None
) -> pd.DataFrame:
    """Correlations between the columns of two tables (default: of one with itself), over the rows that both have.

    `method`: pearson, spearman or kendall; with `level` (0.05, say) correlations with a larger p value are left out.
    Raises InputError for another method, and for columns of text.
    """
    right = left if right is None else right
    faults = unchosen("method", method, TESTS)
    for table in [left] if right is left else [left, right]:
        faults += no_table(table) or no_numbers(table)
    if level is not None:
        faults += no_number("level", level, lambda x: 0 < x <= 1, "type a p value, as 0.05")
    refuse("correlations", faults)
    test = TESTS[method]

    def cell(a, b):
        r, p, _ = _correlation(left[a], right[b], test)
        return r if level is None or p <= level else np.nan

    return pd.DataFrame({b: {a: cell(a, b) for a in left} for b in right})


def _correlation(a: pd.Series, b: pd.Series, test) -> tuple[float, float, int]:
    """Correlation, two-sided p-value and number of rows that both columns have; both numbers missing with fewer than
    FEWEST such rows, and where one column is the same in all of them."""
    both = pd.concat([a, b], axis=1, keys=["a", "b"]).dropna()
    if len(both) < FEWEST or both["a"].nunique() < 2 or both["b"].nunique() < 2:
        return np.nan, np.nan, len(both)
    result = test(both["a"], both["b"])
    return float(result.statistic), float(result.pvalue), len(both)


def correlation_tests(
    index,
    nodes: list | None = None,
    others: list | None = None,
    year: int | None = None,
    method: str = "pearson",
    simulated: bool = False,
    siblings: bool = False,
    above: float | None = None,
    below: float | None = None,
) -> pd.DataFrame:
    """Correlations of the scores of pairs of nodes in one year, with their p-values: a row a pair.

    `nodes`: default all indicators; with `others` every node of the one is paired with every one of the other list, else
    the nodes are paired among themselves; with `siblings` only nodes that have the same parent. `year`: default the year
    ranked. `method`: pearson, spearman or kendall. `above`, `below`: only the pairs whose `r` is above the one or below
    the other (COINr, get_corr_flags: what says the same twice, and what pulls apart), in [-1, 1].

    `node, other, r, p_value, p_holm, n, reason`. `n`: the units that have both scores; `p_value`: two-sided, of no
    association, by scipy: Student's t for Pearson and Spearman (as Stata's pwcorr and spearman, COINr's get_pvals), for
    Kendall's tau-b exact without ties in small samples, else normal; `p_holm`: corrected for the number of pairs that
    have one (Holm 1979), also of those that `above` and `below` leave out. Where cells are drawn, `r` is the mean over the draws, its range beside it (`r_status, r_low,
    r_high`): the correlation of the mean draws would be too strong.

    What nobody observed has no p-value: it would speak of how the values were made. Where a drawn, simulated or assumed
    cell of any unit enters one of the two scores, `p_value` is missing and `reason` is that status; `simulated=True`
    tests such pairs all the same, to try a method out (of draws: the median p-value). `reason` is "few" with fewer than
    three units or where a score is the same for all, and None where there is a p-value. A node is correlated with its
    parts by construction.

    Raises InputError for unknown nodes, another year, another method and a bound outside [-1, 1], all at once.
    """
    refuse("correlations", no_index(index))
    nodes = index.spec.indicators if nodes is None else listed(nodes)
    others = arguments.several(others)
    faults = unknown(index, list(dict.fromkeys([*nodes, *(others or [])])), year)
    faults += unchosen("method", method, TESTS)
    for name, bound in (("above", above), ("below", below)):
        told = "a correlation lies from -1 to 1: type a number in between"
        faults += [] if bound is None else no_number(name, bound, lambda x: -1 <= x <= 1, told)
    refuse("correlations", faults)
    year = year_of(index, year)
    pairs = (
        list(itertools.combinations(nodes, 2))
        if others is None
        else [(a, b) for a, b in itertools.product(nodes, others) if a != b]
    )
    if siblings:
        parent = index.spec.nodes["parent"]
        pairs = [(a, b) for a, b in pairs if parent[a] == parent[b]]
    soft = {} if simulated else _soft(index, year)
    tests = _paired(index.wide(year), pairs, TESTS[method]).assign(
        reason=pd.Series([soft.get(a) or soft.get(b) for a, b in pairs], dtype=object)
    )
    main, each = tests[["node", "other", "r"]], []
    if index.draws is not None:
        each = [_drawn(one.wide(year), pairs, method) for one in index.completions]
        main = main.assign(r=pd.concat([one["r"] for one in each], axis=1).mean(axis=1, skipna=False))
        if simulated:
            p = [_paired(one.wide(year), pairs, TESTS[method])["p_value"] for one in index.completions]
            tests["p_value"] = pd.concat(p, axis=1).median(axis=1, skipna=False)
    tests["p_value"] = tests["p_value"].where(tests["reason"].isna())
    tests["reason"] = tests["reason"].where(tests["reason"].notna() | tests["p_value"].notna(), "few")
    found = known.ranged(known.Draws(main, each, index.softness if each else ""), ["node", "other"])
    found = found.assign(
        p_value=tests["p_value"], p_holm=holm(tests["p_value"]), n=tests["n"], reason=tests["reason"]
    )
    if above is None and below is None:
        return found
    wanted = found["r"].gt(1.0 if above is None else above) | found["r"].lt(-1.0 if below is None else below)
    return found[wanted].reset_index(drop=True)


def _paired(wide: pd.DataFrame, pairs: list, test) -> pd.DataFrame:
    """The correlations of some pairs of columns and their tests: node, other, r, p_value, n."""
    rows = [(a, b, *_correlation(wide[a], wide[b], test)) for a, b in pairs]
    return pd.DataFrame(rows, columns=["node", "other", "r", "p_value", "n"])


def _drawn(wide: pd.DataFrame, pairs: list, method: str) -> pd.DataFrame:
    """The correlations alone, faster."""
    table = wide[list(dict.fromkeys(itertools.chain.from_iterable(pairs)))]
    table = table.corr(method=method, min_periods=FEWEST)
    return pd.DataFrame([(a, b, table.at[a, b]) for a, b in pairs], columns=["node", "other", "r"])


def _soft(index, year: int) -> dict[str, str]:
    """The nodes whose score rests, for some unit in the year, on what nobody observed, each with its softest status."""
    scores = index.scores()
    scores = scores[scores["year"].eq(year)]
    worst = pd.Series(known.softest(scores)).groupby(scores["node"].astype(str).to_numpy()).max()
    return {
        node: panels.STATUSES[code]
        for node, code in worst.items()
        if code >= 0 and panels.STATUSES[code] in known.SOFT
    }


def _growth_rate(years: np.ndarray, values: np.ndarray) -> float:
    """Compound annual growth rate between the first and the last value present; missing with fewer than two.

    >>> round(float(_growth_rate(np.array([2018, 2020]), np.array([100.0, 121.0]))), 10)
    0.1
    """
    there = ~np.isnan(values)
    if there.sum() < 2:
        return np.nan
    (first, *_, last), (start, *_, end) = np.sort(years[there]), values[there][np.argsort(years[there])]
    with np.errstate(invalid="ignore", divide="ignore"):
        return 0.0 if start == end else np.power(end / start, 1 / (last - first)) - 1


def slope_pct(years: np.ndarray, values: np.ndarray) -> float:
    """Change a year in per cent of the starting level, both of the least-squares line through the values."""
    there = ~np.isnan(values)
    x, y = years[there].astype(float), values[there]
    if len(y) < 2:
        return np.nan
    if np.ptp(y) == 0:
        return 0.0
    time = x - x.mean()
    slope = time @ (y - y.mean()) / (time @ time)
    return 100 * slope / (y.mean() + slope * time.min())


def trends(
    table: pd.DataFrame, spec=None, measure: str = "growth_rate", last: int | None = None, least: float = 0.0
) -> pd.DataFrame:
    """Trend of every unit and column of a (year, unit) table: columns unit, node, trend, available, in_window, first,
    latest.

    `measure`: growth_rate (a year) or slope_pct (per cent a year); `last`: over that many years up to the latest value.
    `available`: share of all years that have a value; `in_window`: of the years of the trend; no trend is given where it
    is below `least`.
    With `spec`, falls of negative indicators count as rises (COINr's get_trends). In a table of one year, and of one
    value, there is no trend. Raises InputError for another measure, a table that is not by year and unit, a `last` below
    one and a `least` that is no share.
    """
    measures = {"growth_rate": _growth_rate, "slope_pct": slope_pct}
    faults = no_table(table, advice="index.steps().raw") or no_numbers(table)
    if isinstance(table, pd.DataFrame) and list(table.index.names) != ["year", "unit"]:
        faults = ["the rows are not by year and unit: give a table as of index.steps().raw"]
    faults += unchosen("measure", measure, measures) + ([] if spec is None else arguments.of_spec(spec))
    if last is not None:
        faults += no_number("last", last, lambda x: x > 0, "type a whole number of years, as 5", whole=True)
    faults += no_number("least", least, lambda x: 0 <= x <= 1, "a share is meant: type a number from 0 to 1")
    refuse("trends", faults)
    trend = measures[measure]
    years, cube = panels.years_of(table), panels.cube(table)
    units, lines = table.index.get_level_values("unit")[: cube.shape[1]], []
    for row, unit in enumerate(units):
        for column, node in enumerate(table.columns):
            y = cube[:, row, column]
            there = np.flatnonzero(~np.isnan(y))
            window = slice(0, None)
            if last is not None and len(there):
                window = slice(max(there[-1] - last + 1, 0), there[-1] + 1)
            short = last is not None and (not len(there) or there[-1] + 1 < last)
            sign = spec.rules[node]["direction"] if spec is not None and node in spec.rules else 1
            share = np.count_nonzero(~np.isnan(y[window])) / (last or len(years))
            short = short or share < least - 1e-12
            value = np.nan if short else sign * trend(years[window], y[window])
            lines.append(
                {
                    "unit": unit,
                    "node": node,
                    "trend": value,
                    "available": len(there) / len(years),
                    "in_window": share,
                    "first": years[there[0]] if len(there) else None,
                    "latest": years[there[-1]] if len(there) else None,
                }
            )
    columns = ["unit", "node", "trend", "available", "in_window", "first", "latest"]
    return pd.DataFrame(lines, columns=columns)


def holm(p) -> np.ndarray:
    """p-values corrected for their number (Holm 1979, Scand. J. Statist. 6, 65-70); missing ones stay.

    The k-th smallest of m is multiplied by m - k + 1, and none becomes smaller than the one before it or larger than 1.
    (`statsmodels.stats.multitest.multipletests` gives the same, and collects the garbage of the whole process at every call.)
    """
    found = np.array(p, dtype=float)
    there = np.flatnonzero(~np.isnan(found))
    order = there[np.argsort(found[there], kind="stable")]
    found[order] = np.minimum(np.maximum.accumulate(found[order] * np.arange(len(order), 0, -1)), 1)
    return found
