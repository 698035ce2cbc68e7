"""Dynamics of the index: convergence, transitions, mobility, density, and its pattern in space.

    same = regions.balanced(index)        # tidy scores of the cities that have every year, with their region
    dynamics.beta(same, "F")              # all functions take such scores and one node

A comparison needs two years at least: with one, those functions refuse (`density`, Moran's I and the moves, of which
there are none, do not). Everything is measured in points: the floor of a scale is a convention, and a ratio to it
(coefficient of variation, growth in per cent, logarithm) would move with it. Tests are for scores that rest on nothing
simulated (`known.measured`).
"""

import numpy as np
import pandas as pd

from fire.analysis import describe, determinants, regions
from fire.analysis.known import HIGH, KEYS, LOW, Draws
from fire.analysis.regions import BALANCED, SCORES, aligned, wide
from fire.errors import refuse
from fire.index import score

EARTH_KM = 6371.0
LEVEL = 0.05  # of the tests
CLASSES = "classes(scores, node)"  # where tables come from, in words to those who give others
TRANSITIONS = f"transitions({CLASSES})"
BANDWIDTHS = ["scott", "silverman"]  # of scipy


def comparable(index) -> Draws:
    """The balanced panel (`regions.balanced`), and that under each draw of what is not known."""
    refuse("balanced panel", describe.no_index(index))
    frame, scores = regions.balanced(index), index.scores()
    kept = pd.MultiIndex.from_frame(scores[KEYS]).isin(pd.MultiIndex.from_frame(frame[KEYS]))
    there = np.repeat(score.present(index.steps()), len(index.spec.nodes))  # the draws fill the same cells
    each = []
    for one in index.completions:
        found = score.measures(index.spec, one.steps(), list(index.spec.nodes.index))
        cells = {name: pd.array(found[name][there][kept], frame[name].dtype) for name in found}
        each.append(frame.assign(**cells))
    return Draws(frame, each, index.softness)


# Convergence


def sigma(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Sigma convergence: `year, sd` (population standard deviation in points, which the floor of the scale does not
    move). Falling = converging."""
    table = wide(scores, node, least_years=2)
    return pd.DataFrame({"year": table.columns, "sd": table.std(ddof=0).to_numpy()})


def spread(scores: pd.DataFrame, nodes: list) -> pd.DataFrame:
    """Standard deviations of several nodes as a table: `node, sd_<year> …, sd_change` from the first to the last year
    (points)."""
    nodes = describe.listed(nodes)
    refuse("several nodes", [] if nodes else ["no node given: name one"])
    table = pd.DataFrame({node: wide(scores, node, least_years=2).std(ddof=0) for node in nodes}).T
    table = table.set_axis([f"sd_{year}" for year in table], axis=1)
    change = table.iloc[:, -1] - table.iloc[:, 0]
    return table.assign(sd_change=change).rename_axis("node").reset_index()


def basis(scores: pd.DataFrame, node: str) -> float:
    """How much of a node rests on public statistics and printed data, in per cent of weight, over units and years."""
    wide(scores, node)
    refuse(
        "data basis", describe.no_table(scores, [*KEYS, "score", "share_printed", "share_observed"], SCORES)
    )
    part = scores[scores["node"].eq(node)]
    return 100 * float(part[["share_printed", "share_observed"]].sum(axis=1).mean())


def gaps(scores: pd.DataFrame, node: str) -> dict:
    """Standard deviation of a node in the first and the last year (`sd0, sd1`), also without `strong`, the city that pulls
    the regression of growth most (`out0, out1`)."""
    strong = influential(scores, node)
    ends = (sigma(part, node)["sd"] for part in (scores, scores[scores["unit"].ne(strong)]))
    (sd0, sd1), (out0, out1) = ((float(sd.iloc[0]), float(sd.iloc[-1])) for sd in ends)
    return {"node": node, "sd0": sd0, "sd1": sd1, "strong": strong, "out0": out0, "out1": out1}


def beta(
    scores: pd.DataFrame,
    node: str,
    controls: pd.DataFrame | None = None,
    clusters: pd.Series | None = None,
    covariance: str = "HC1",
) -> pd.DataFrame:
    """Beta convergence: one row with `n, years, b, std_error, p_value, ci_low, ci_high` (95 per cent), `intercept, r2`.

    (y_T - y_0)/T = a + b y_0 [+ controls], in points, by OLS over the first and the last year: b does not depend on floor
    and unit of the scale. `controls` (index unit, numeric columns) make it conditional; `clusters` (unit -> label) cluster
    the errors, else they are of type `covariance` (statsmodels). Barro and Sala-i-Martin (Journal of Political Economy
    100, 1992, 223-251) regress logarithms, which need a true zero.
    """
    data = determinants.yearly_change(scores, node)
    years = int(data["years"].iloc[0])
    what, formula = f"beta convergence of node '{node}'", "growth ~ initial"
    faults = describe.unchosen("covariance", covariance, determinants.COVARIANCES)
    if controls is not None:
        faults += describe.no_table(controls, advice="places.set_index('city')[['gdp']]")
    if controls is not None and isinstance(controls, pd.DataFrame):
        texts = [name for name in controls if not pd.api.types.is_numeric_dtype(controls[name])]
        faults += [f"control '{name}' is no number: make it one, as by pd.get_dummies" for name in texts]
    refuse(what, faults)
    if controls is not None:
        names = [f"x{place}" for place in range(controls.shape[1])]
        data[names] = controls.reindex(data.index).to_numpy(dtype=float)
        formula = " + ".join([formula, *names])
    if clusters is not None:
        clusters = pd.Series(clusters) if isinstance(clusters, dict) else clusters
        data["clusters"] = aligned(what, clusters, data["growth"])
    result = determinants.fit(formula, data, covariance, None if clusters is None else "clusters")
    low, high = result.conf_int().loc["initial"]
    frame = pd.DataFrame(
        {
            "n": [int(result.nobs)],
            "years": years,
            "b": result.params["initial"],
            "std_error": result.bse["initial"],
            "p_value": result.pvalues["initial"],
            "ci_low": low,
            "ci_high": high,
            "intercept": result.params["Intercept"],
            "r2": result.rsquared,
        }
    )
    regressors = "y_0" if controls is None else "y_0 and controls"
    frame.attrs["convention"] = (
        f"(y_T - y_0)/T on {regressors}, in points, T = {years}; errors: {result.cov_type}"
    )
    return frame


def convergence(scores: pd.DataFrame, nodes: list) -> pd.DataFrame:
    """Beta convergence by node and model: `node, model, n, b, std_error, ci_low, ci_high, p_value, p_holm` (corrected for the
    number of rows), `r2`.

    Models: absolute; without the most influential city (`influential`); clustered (errors by region); regional (with
    region effects, errors by region; cities alone in their region are left out). Models that the data do not allow
    (one region, too few cities) are left out.
    """
    lost = describe.no_table(scores, ["region"], BALANCED)
    nodes = describe.listed(nodes)
    refuse("convergence", lost or ([] if nodes else ["no node given: name one"]))
    region = scores.drop_duplicates("unit").set_index("unit")["region"]
    inside = determinants.accompanied(region.reset_index()).set_index("unit")["region"]
    rows = []
    for node in nodes:
        models = {"absolute": beta(scores, node)}
        if len(region) > 3:
            models["without"] = beta(scores[scores["unit"].ne(influential(scores, node))], node)
        if region.nunique() > 1:
            models["clustered"] = beta(scores, node, clusters=region)
        if inside.nunique() > 1 and len(inside) > 1 + inside.nunique():
            effects = pd.get_dummies(inside, drop_first=True, dtype=float)
            part = scores[scores["unit"].isin(inside.index)]
            models["regional"] = beta(part, node, controls=effects, clusters=inside)
        rows += [row.assign(node=node, model=name) for name, row in models.items()]
    frame = pd.concat(rows, ignore_index=True)
    frame["p_holm"] = describe.holm(frame["p_value"])
    frame.attrs["convention"] = rows[0].attrs.get("convention", "")
    order = ["node", "model", "n", "b", "std_error", "ci_low", "ci_high", "p_value", "p_holm", "r2"]
    return frame[order]


def influential(scores: pd.DataFrame, node: str) -> str:
    """The city with the largest Cook's distance in the regression of growth on the first score."""
    growth = determinants.yearly_change(scores, node)
    distance = determinants.fit("growth ~ initial", growth, "nonrobust").get_influence().cooks_distance[0]
    return growth.index[np.argmax(distance)]


def catching_up(scores: pd.DataFrame, table: pd.DataFrame, panel: pd.DataFrame) -> dict:
    """What `convergence` (its `table`) says of its first node: `b, ci_low, ci_high, p`; `strong`, the most influential city,
    with `b3, p3` without it and `soft`, its indicators of the first year that `panel` does not hold as observed; `b2, p2`
    with region effects (None where not estimated). p-values are corrected for the number of models (Holm)."""
    node, year = table["node"].iloc[0], scores["year"].min()
    rows = table[table["node"].eq(node)].set_index("model")
    strong = influential(scores, node)
    cells = panel[panel["unit"].eq(strong) & panel["year"].eq(year)]
    cells = cells.loc[~cells["status"].isin(["observed", "printed"]), "indicator"]

    def of(model: str, column: str):
        return rows.at[model, column] if model in rows.index else None

    return {
        "node": node,
        "models": len(table),
        "confidence": 95,
        **{name: of("absolute", name) for name in ("b", "ci_low", "ci_high")},
        "p": of("absolute", "p_holm"),
        "strong": strong,
        "soft": list(cells),
        "b3": of("without", "b"),
        "p3": of("without", "p_holm"),
        "b2": of("regional", "b"),
        "p2": of("regional", "p_holm"),
    }


def paths(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """What the convergence figure shows: `unit, initial` (first score), `yearly_change` (points a year) and `marked` (the
    largest residuals either way and the highest starts)."""
    growth = determinants.yearly_change(scores, node)
    residual = determinants.fit("growth ~ initial", growth, "nonrobust").resid
    marked = {*residual.nlargest(4).index, *residual.nsmallest(3).index, *growth["initial"].nlargest(3).index}
    frame = pd.DataFrame({"initial": growth["initial"], "yearly_change": growth["growth"]})
    return frame.assign(marked=frame.index.isin(marked)).rename_axis("unit").reset_index()


# Transitions and mobility


def classes(scores: pd.DataFrame, node: str, k: int = 4, bounds=None, relative: bool = True) -> pd.DataFrame:
    """Class (1 = lowest) of every unit (rows) in every year (columns).

    Classes are bounded by the quantiles of all years together, or by `bounds`; a value on a bound belongs to the lower
    class. `relative` takes the mean of their year from the scores first. `attrs` hold the bounds and the convention.
    Raises InputError for fewer than two classes, bounds that are no rising numbers, and as `regions.wide`.
    """
    table = wide(scores, node, least_years=2)
    table = table - table.mean() if relative else table
    if bounds is None:
        told = "choose two classes or more, as a whole number"
        refuse("classes", describe.no_number("k", k, lambda x: x > 1, told, whole=True))
        bounds = np.quantile(table, np.arange(1, k) / k)
    else:
        told, faults = "give bounds as numbers, as [-1, 0, 1]", []
        for bound in describe.listed(bounds):
            faults += describe.no_number("bounds", bound, np.isfinite, told)
        refuse("classes", faults or ([] if np.size(bounds) else [f"no bounds: {told}"]))
        bounds = np.asarray(describe.listed(bounds), dtype=float)
    refuse(
        "classes", [] if (np.diff(bounds) > 0).all() else ["the bounds do not increase: use fewer classes"]
    )
    found = pd.DataFrame(np.searchsorted(bounds, table.to_numpy()) + 1, table.index, table.columns)
    found.attrs = {
        "bounds": list(map(float, bounds)),
        "convention": f"{len(bounds) + 1} classes of the score{' less the mean of its year' if relative else ''}, bounds "
        f"{', '.join(f'{bound:.4g}' for bound in bounds)} for all years, upper bound included",
    }
    return found


def transitions(found: pd.DataFrame, labels=None) -> pd.DataFrame:
    """Transition table of classes (rows units, columns years): `from, to, count, probability`, the moves of all pairs of
    consecutive years counted together (Anderson and Goodman 1957, Annals of Mathematical Statistics 28, 89-110, section 2).

    `labels`: the classes in order (default: sorted); a class that no unit leaves has no probabilities (missing).
    Raises InputError for what is no such table, fewer than two years and classes that are missing or not among the labels.

    >>> chains = pd.DataFrame([list(chain) for chain in "bac cca cbc aab abc".split()])
    >>> transitions(chains)["probability"].round(3).tolist()
    [0.25, 0.5, 0.25, 0.333, 0.0, 0.667, 0.333, 0.333, 0.333]
    """
    refuse("transitions", describe.no_table(found, advice=CLASSES))
    if labels is None:
        labels = list(pd.unique(found.stack()))
        texts = {isinstance(label, str) for label in labels}
        refuse("transitions", ["classes are texts and numbers: give one kind"] if len(texts) > 1 else [])
        labels = sorted(labels)
    labels = list(labels) if isinstance(labels, str) else describe.listed(labels)
    faults = [f"{found.shape[1]} year given, at least 2 needed: add years"] if found.shape[1] < 2 else []
    faults += [
        f"{unit}, {year}: class '{found.at[unit, year]}' is missing or not among {labels}"
        for unit, year in (~found.isin(labels)).stack().loc[lambda hole: hole].index
    ]
    refuse("transitions", faults or ([] if len(found) else ["there are no units"]))
    codes = found.apply(lambda year: pd.Categorical(year, labels).codes).to_numpy()
    counts = np.zeros((len(labels), len(labels)))
    np.add.at(counts, (codes[:, :-1], codes[:, 1:]), 1)
    frame = _transition_frame(counts, labels)
    frame.attrs["convention"] = "; ".join(
        [
            *filter(None, [found.attrs.get("convention")]),
            "maximum-likelihood probabilities over all pairs of consecutive years",
        ]
    )
    return frame


def long_run(chain: pd.DataFrame) -> pd.DataFrame:
    """Where the transitions lead: `class, share` of the units, the distribution that the probabilities leave as it is
    (ergodic or stationary distribution); `chain` as of `transitions`.

    It is unique where all classes lead to one set of classes that is never left, also when others are left for good:
    those keep nobody (share 0), as does a class that no unit ever was in. Kemeny and Snell (1976, Finite Markov Chains,
    chapters 4 and 5). It says where the same moves would lead, not where the units will be.
    Raises InputError for two or more such sets (the long run then depends on the start), and for a class that is entered
    but from which no move is seen.

    >>> oz = pd.DataFrame({"from": [*"rrrnnnsss"], "to": [*"rnsrnsrns"], "count": [2, 1, 1, 2, 0, 2, 1, 1, 2]})
    >>> oz["probability"] = oz["count"] / 4
    >>> long_run(oz)["share"].round(3).tolist()
    [0.4, 0.2, 0.4]
    """
    refuse("long run", describe.no_table(chain, ["from", "to", "count", "probability"], TRANSITIONS))
    order = list(dict.fromkeys(chain["from"]))
    table = chain.pivot(index="from", columns="to", values="probability").loc[order, order]
    entered = (
        chain[chain["from"].ne(chain["to"])].groupby("to")["count"].sum().reindex(order, fill_value=0) > 0
    )
    open_end = table.isna().any(axis=1)
    advice = "use fewer classes or more years"
    faults = [
        f"class {name}: units enter it, but no year after that is known: {advice}"
        for name in table.index[open_end & entered]
    ]
    used = table.index[~open_end]
    refuse("long run", faults or ([] if len(used) else [f"no move is known: {advice}"]))
    table = table.loc[used, used]
    closed = [table.index[inside] for inside in _never_left(table.to_numpy())]
    if len(closed) > 1:
        named = " and ".join(", ".join(map(str, names)) for names in closed)
        faults.append(
            f"classes that no unit leaves for others: {named}: the long run depends on the start: {advice}"
        )
    refuse("long run", faults)
    left = table.loc[closed[0], closed[0]].to_numpy().T - np.eye(len(closed[0]))
    left[-1] = 1  # one equation follows from the others; the shares add up to one instead
    share = pd.Series(np.linalg.solve(left, np.eye(len(left))[-1]), closed[0]).reindex(order, fill_value=0.0)
    frame = pd.DataFrame({"class": order, "share": share.to_numpy()})
    frame.attrs["convention"] = "stationary distribution of the transition probabilities; no forecast"
    return frame


def _never_left(probability: np.ndarray) -> list[np.ndarray]:
    """Sets of classes that lead to each other and to no other, as places, by their first class."""
    from scipy.sparse.csgraph import connected_components

    moved = probability > 0
    count, label = connected_components(moved, connection="strong")
    sets = [np.flatnonzero(label == one) for one in range(count)]
    shut = [places for places in sets if not np.delete(moved[places], places, axis=1).any()]
    return sorted(shut, key=min)


def _transition_frame(counts: np.ndarray, labels: list) -> pd.DataFrame:
    """Count matrix as a tidy frame with probabilities by row."""
    leaving = counts.sum(axis=1, keepdims=True)
    probability = np.divide(counts, leaving, out=np.full_like(counts, np.nan, dtype=float), where=leaving > 0)
    return pd.DataFrame(
        {
            "from": np.repeat(np.array(labels, dtype=object), len(labels)),
            "to": labels * len(labels),
            "count": counts.ravel().astype(int),
            "probability": probability.ravel(),
        }
    ).infer_objects()


def moves(found: pd.DataFrame) -> pd.DataFrame:
    """Units that changed class from one year to the next: `unit, year, class_before, class_after, step`; none with one
    year."""
    refuse("moves", describe.no_table(found, advice=CLASSES))
    rows = [
        (unit, after, found.at[unit, before], found.at[unit, after])
        for before, after in zip(found.columns, found.columns[1:])
        for unit in found.index[found[before] != found[after]]
    ]
    frame = pd.DataFrame(rows, columns=["unit", "year", "class_before", "class_after"])
    return frame.assign(step=frame["class_after"] - frame["class_before"])


def movers(scores: pd.DataFrame, node: str, found: pd.DataFrame) -> pd.DataFrame:
    """`moves` of the classes `found` with region and ranks: `unit, region, year, class_before, class_after, step,
    rank_before, rank_after`, risers first. The year is left out when there is one step."""
    refuse("movers", describe.no_table(scores, [*KEYS, "rank", "region"], BALANCED))
    rank = scores[scores["node"].eq(node)].set_index(["unit", "year"])["rank"]
    frame, ago = moves(found), dict(zip(found.columns[1:], found.columns))
    frame.insert(1, "region", frame["unit"].map(scores.drop_duplicates("unit").set_index("unit")["region"]))
    for column, year in (("rank_before", frame["year"].map(ago)), ("rank_after", frame["year"])):
        frame[column] = rank.reindex(pd.MultiIndex.from_arrays([frame["unit"], year])).to_numpy()
    frame = frame.drop(columns="year" if found.shape[1] == 2 else [])
    return frame.sort_values(["step", "rank_after"], ascending=[False, True], ignore_index=True)


def staying(chain: pd.DataFrame, node: str) -> dict:
    """Share of units that kept their class of a node (per cent), the firmest and the loosest classes; `chain` as of
    `transitions`; empty where no move is known."""
    refuse("staying", describe.no_table(chain, ["from", "to", "count", "probability"], TRANSITIONS))
    if not chain["count"].sum():
        return {}
    kept = chain[chain["from"].eq(chain["to"])].set_index("from")
    stay = kept["probability"]
    return {
        "node": node,
        "stay": 100 * kept["count"].sum() / chain["count"].sum(),
        "firm": [_class(one) for one in stay.index[stay.eq(stay.max())]],
        "firm_p": stay.max(),
        "loose": [_class(one) for one in stay.index[stay.eq(stay.min())]],
        "loose_p": stay.min(),
    }


def _class(label):
    """The label of a class, a number as a plain one."""
    return label if isinstance(label, str) else int(label)


def rank_mobility(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Rank mobility between consecutive years and over the whole period.

    `from_year, to_year, tau` (Kendall's tau-b), `spearman, mean_change` (mean absolute rank change), `moved` (units whose
    rank changed). Ties share the best rank. Where all units have one score in a year, and of one unit, there is no
    correlation.
    """
    from scipy.stats import kendalltau, spearmanr

    table = wide(scores, node, least_years=2)
    ranks = table.rank(ascending=False, method="min")
    spans = list(zip(table.columns, table.columns[1:]))
    spans += [(table.columns[0], table.columns[-1])] if len(spans) > 1 else []
    rows = []
    for first, last in spans:
        change = (ranks[first] - ranks[last]).abs()
        apart = min(table[first].nunique(), table[last].nunique()) > 1
        rows.append(
            (
                first,
                last,
                float(kendalltau(table[first], table[last])[0]) if apart else np.nan,
                float(spearmanr(table[first], table[last])[0]) if apart else np.nan,
                change.mean(),
                int((change > 0).sum()),
            )
        )
    frame = pd.DataFrame(rows, columns=["from_year", "to_year", "tau", "spearman", "mean_change", "moved"])
    frame.attrs["convention"] = (
        "Kendall's tau-b; rank change = earlier rank - later rank; ties share the best rank"
    )
    return frame


def rank_moves(scores: pd.DataFrame, node: str, largest: int = 12) -> pd.DataFrame:
    """The `largest` rises and falls in rank from the first to the last year: `unit, rank_before, rank_after,
    rank_change` (positive = moved up), rises first. Units that kept their rank are not in it."""
    wide(scores, node)
    faults = describe.no_table(scores, [*KEYS, "rank"], SCORES)
    told = "give a whole number, as 12"
    refuse("rank moves", faults + describe.no_number("largest", largest, lambda x: x >= 0, told, whole=True))
    ranks = scores[scores["node"].eq(node)].pivot(index="unit", columns="year", values="rank").astype(int)
    frame = pd.DataFrame({"rank_before": ranks.iloc[:, 0], "rank_after": ranks.iloc[:, -1]})
    frame["rank_change"] = frame["rank_before"] - frame["rank_after"]
    frame = frame.sort_values(["rank_change", "rank_after"], ascending=[False, True]).reset_index()
    rises, falls = frame[frame["rank_change"] > 0], frame[frame["rank_change"] < 0]
    return pd.concat([rises.head(largest), falls.tail(largest)], ignore_index=True)


def mobility(scores: pd.DataFrame, node: str) -> dict:
    """Rank mobility from the first to the last year: Kendall's `tau`, `mean` change, and who rose and fell most."""
    whole, frame = rank_mobility(scores, node).iloc[-1], rank_moves(scores, node, largest=len(scores))
    change = frame.set_index("unit")["rank_change"]
    return {
        "node": node,
        "tau": whole["tau"],
        "mean": whole["mean_change"],
        "rise_by": int(max(change.max(), 0)) if len(change) else 0,
        "rise": list(change.index[(change == change.max()) & (change > 0)]),
        "fall_by": int(max(-change.min(), 0)) if len(change) else 0,
        "fall": list(change.index[(change == change.min()) & (change < 0)]),
    }


def shift(scores: pd.DataFrame, node: str) -> dict:
    """Modes of the density in the first and the last year, their difference, and the unit at the top of the last."""
    wide(scores, node, least_years=2)
    mode = density(scores, node).pivot(index="score", columns="year", values="density").idxmax()
    last = scores[scores["node"].eq(node) & scores["year"].eq(mode.index[-1])]
    top = last.loc[last["score"].idxmax()]
    return {
        "node": node,
        "mode0": mode.iloc[0],
        "mode1": mode.iloc[-1],
        "shift": mode.iloc[-1] - mode.iloc[0],
        "top": top["unit"],
        "score": top["score"],
    }


def density(scores: pd.DataFrame, node: str, bandwidth="scott", points: int = 256) -> pd.DataFrame:
    """Kernel density of every year on one grid: `year, score, density`; Gaussian kernel, `bandwidth` as in scipy."""
    from scipy.stats import gaussian_kde

    table = wide(scores, node)
    flat = [
        f"{year}: all scores are equal, so there is no density" for year in table if table[year].nunique() < 2
    ]
    if isinstance(bandwidth, str):
        flat += describe.unchosen("bandwidth", bandwidth, BANDWIDTHS)
    elif not callable(bandwidth):
        told = f"give a number above zero, or one of {', '.join(BANDWIDTHS)}"
        flat += describe.no_number("bandwidth", bandwidth, lambda x: x > 0, told)
    flat += describe.no_number("points", points, lambda x: x > 1, "give two or more, as 256", whole=True)
    refuse(f"density of node '{node}'", flat)
    kernels = {year: gaussian_kde(table[year], bandwidth) for year in table}
    width = {year: float(np.sqrt(kernel.covariance[0, 0])) for year, kernel in kernels.items()}
    reach = 3 * max(width.values())
    grid = np.linspace(table.min(axis=None) - reach, table.max(axis=None) + reach, points)
    frame = pd.concat(
        [
            pd.DataFrame({"year": year, "score": grid, "density": kernel(grid)})
            for year, kernel in kernels.items()
        ],
        ignore_index=True,
    )
    widths = ", ".join(f"{year}: {value:.3f}" for year, value in width.items())
    frame.attrs["convention"] = f"Gaussian kernel; bandwidth by {bandwidth} ({widths} points of score)"
    return frame


# Space


def nearest(places: pd.DataFrame, k: int = 4) -> pd.DataFrame:
    """Row-standardised weights of the k nearest cities on the great circle: a square table, a row and a column a city; of
    equally near cities the first in `places`. Other weights may be given as such a table too, in any order."""
    points = _coordinates(places)
    _within("weights", k, points)
    near = _distances(points).argsort(axis=1, kind="stable")[:, :k]
    weights = np.zeros((len(points), len(points)))
    np.put_along_axis(weights, near, 1.0, axis=1)
    return _named(weights, points, f"weights: {k} nearest cities on the great circle, row-standardised")


def inverse_distance(places: pd.DataFrame, cutoff_km: float | None = None, power: float = 1) -> pd.DataFrame:
    """Row-standardised weights 1/distance^power on the great circle, up to `cutoff_km`: a table as of `nearest`."""
    points = _coordinates(places)
    faults = describe.no_number("power", power, lambda x: x > 0, "give a number above zero, as 1 or 2")
    if cutoff_km is not None:
        told = "give kilometres above zero, or None"
        faults += describe.no_number("cutoff_km", cutoff_km, lambda x: x > 0, told)
    refuse("weights", faults)
    distance = _distances(points)
    weights = np.where(distance <= (cutoff_km or np.inf), distance**-power, 0.0)
    reach = f"up to {cutoff_km:g} km" if cutoff_km else "without cut-off"
    return _named(
        weights, points, f"weights: 1/distance^{power:g} on the great circle {reach}, row-standardised"
    )


def neighbourhoods(places: pd.DataFrame, numbers: list) -> dict:
    """Weights by number of nearest cities (at most all others), and under None those of inverse distance."""
    points, numbers = _coordinates(places), describe.listed(numbers)
    for k in numbers:
        told = "give a whole number above zero"
        refuse("weights", describe.no_number("k", k, lambda x: x > 0, told, whole=True))
    near = {k: nearest(places, k) for k in (min(k, len(points) - 1) for k in numbers)}
    return near | {None: inverse_distance(places)}


def _within(what: str, k, points: pd.DataFrame) -> None:
    """InputError unless k is a number of neighbours that the cities have."""
    refuse(what, [] if len(points) > 1 else ["one city has no neighbours: give two or more"])
    told = f"choose 1 to {len(points) - 1}"
    refuse(what, describe.no_number("k", k, lambda x: 0 < x < len(points), told, whole=True))


def _coordinates(places: pd.DataFrame) -> pd.DataFrame:
    """Longitude and latitude by city; InputError for missing, impossible or coincident points."""
    refuse("coordinates in places", describe.no_table(places, ["city", "lon", "lat"], "index.places"))
    points = places.set_index("city")[["lon", "lat"]].apply(pd.to_numeric, errors="coerce").astype(float)
    good = points["lon"].between(-180, 180) & points["lat"].between(-90, 90)
    faults = [
        f"{city}: longitude or latitude is missing or impossible: correct it" for city in points.index[~good]
    ]
    faults += [
        f"{city}: same coordinates as another city: correct one" for city in points.index[points.duplicated()]
    ]
    refuse("coordinates in places", faults)
    return points


def reach(places: pd.DataFrame, k: int) -> float:
    """Median distance of the k-th nearest city (km on the great circle)."""
    points = _coordinates(places)
    _within("reach", k, points)
    return float(np.median(np.sort(_distances(points), axis=1)[:, k - 1]))


def _distances(points: pd.DataFrame) -> np.ndarray:
    """Great-circle distances (km) between all points, by the haversine formula; a city is at no distance from itself:
    infinite."""
    lon, lat = np.deg2rad(points.to_numpy()).T
    chord = np.sin((lat[:, None] - lat) / 2) ** 2
    chord += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    distance = 2 * EARTH_KM * np.arcsin(np.sqrt(chord))
    np.fill_diagonal(distance, np.inf)
    return distance


def _named(weights: np.ndarray, points: pd.DataFrame, name: str) -> pd.DataFrame:
    """The weights as a table of the cities, row-standardised, with their name; cities without a neighbour are refused."""
    total = weights.sum(axis=1, keepdims=True)
    alone = points.index[total[:, 0] == 0]
    advice = "raise the cut-off or use nearest neighbours"
    refuse("weights", [f"{city} has no neighbour (an island): {advice}" for city in alone])
    frame = pd.DataFrame(weights / total, points.index, points.index)
    frame.attrs["convention"] = name
    return frame


def _on_weights(table: pd.DataFrame, w) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the table in the order of the weights, and the weights, row-standardised; InputError for cities in one and
    not in the other."""
    refuse("spatial weights", _no_weights(w))
    faults = [f"{city} is in the scores but not in the weights" for city in table.index.difference(w.index)]
    faults += [f"{city} is in the weights but has no score" for city in w.index.difference(table.index)]
    matrix = w[w.index].to_numpy(float)
    total = matrix.sum(axis=1, keepdims=True)
    faults += [
        f"{city} has no neighbour (an island): give it one or leave it out"
        for city in w.index[total[:, 0] == 0]
    ]
    faults += [f"{column}: all scores are equal" for column in table if table[column].nunique() < 2]
    refuse("spatial weights", faults)
    return table.loc[w.index], matrix / total


def _no_weights(w) -> list[str]:
    """Why these are no spatial weights."""
    given = f"weights are a {type(w).__name__}"
    if not isinstance(w, pd.DataFrame) or set(w.index) != set(w.columns):
        return [f"{given}: give a square table of cities, as of nearest(places)"]
    if w.index.has_duplicates or w.columns.has_duplicates:
        return ["weights: a city stands twice: leave one out"]
    numbers = pd.to_numeric(w.to_numpy().ravel(), errors="coerce").reshape(w.shape)
    return [
        f"weights: {w.index[row]}, {w.columns[column]}: {w.iat[row, column]} is no number of zero or more: correct it"
        for row, column in np.argwhere(~(numbers >= 0) | np.isinf(numbers))
    ]


def _name_of(w: pd.DataFrame) -> str:
    """What weights are called in a convention."""
    return w.attrs.get("convention", "weights as given, row-standardised")


def _enough(w, rng, permutations: int) -> None:
    """InputError unless there are weights, a generator and some permutations."""
    told = "give 1 or more, as 999"
    faults = describe.no_number("permutations", permutations, lambda x: x > 0, told, whole=True)
    refuse("random placements", [*_no_weights(w), *describe.no_generator(rng), *faults])


def moran(
    scores: pd.DataFrame, node: str, w: pd.DataFrame, rng: np.random.Generator, permutations: int = 999
) -> pd.DataFrame:
    """Global Moran's I of every year: `year, I, expected, null_low, null_high` (5 and 95 per cent of random placements,
    drawn from `rng`), `z, p_value` (two-sided) from these placements, and under the assumption that the scores are
    independent draws from one normal distribution `variance_norm, z_norm, p_norm` (two-sided).

    I = (n / S0) z'Wz / z'z with W row-standardised, so that S0 = n; E = -1 / (n - 1), variance under normality
    (n² S1 - n S2 + 3 S0²) / ((n² - 1) S0²) - E²: Cliff and Ord (1981, Spatial Processes, pp. 17 and 21); esda and
    moran.test of spdep with randomisation=FALSE give the same. `w`: as of `nearest`. Where all placements give one value,
    as of two or three cities, there is no z.
    """
    from scipy.stats import norm

    _enough(w, rng, permutations)
    table, matrix = _on_weights(wide(scores, node), w)
    n, rows = len(table), []
    expected, variance = -1 / (n - 1), _variance(matrix)
    for year in table:
        observed = _moran_i(table[year].to_numpy(), matrix)
        z = _centred(table[year].to_numpy())
        placed = rng.permuted(np.tile(z, (permutations, 1)), axis=1)
        draws = (placed * (placed @ matrix.T)).sum(axis=1) / (placed**2).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # of two cities nothing moves by chance
            z_norm = (observed - expected) / np.sqrt(variance)
        rows.append(
            (
                year,
                observed,
                expected,
                *np.quantile(draws, [LOW, HIGH]),
                (observed - draws.mean()) / draws.std() if np.ptp(draws) > 1e-12 else np.nan,
                _pseudo_p(draws[:, None], np.array([observed]))[0],
                variance,
                float(z_norm),
                float(2 * norm.sf(abs(z_norm))),
            )
        )
    tested = ["z", "p_value", "variance_norm", "z_norm", "p_norm"]
    frame = pd.DataFrame(rows, columns=["year", "I", "expected", "null_low", "null_high", *tested])
    frame.attrs["convention"] = (
        f"{_name_of(w)}; {permutations} permutations, two-sided pseudo p-value; p_norm: two-sided, under normality"
    )
    return frame


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean()


def _moran_i(values: np.ndarray, matrix: np.ndarray) -> float:
    """Moran's I on row-standardised weights."""
    z = _centred(values)
    return float(z @ matrix @ z / (z @ z))


def _variance(matrix: np.ndarray) -> float:
    """Variance of I under normality on row-standardised weights."""
    n = len(matrix)
    s1 = ((matrix + matrix.T) ** 2).sum() / 2
    s2 = ((1 + matrix.sum(axis=0)) ** 2).sum()
    return float((s1 - s2 / n + 3) / (n * n - 1) - 1 / (n - 1) ** 2)


def local_moran(
    scores: pd.DataFrame,
    node: str,
    w: pd.DataFrame,
    rng: np.random.Generator,
    permutations: int = 999,
    level: float = 0.05,
) -> pd.DataFrame:
    """Local Moran's I of every city and year, with conditional permutations drawn from `rng` (Anselin 1995, Geographical
    Analysis 27, 93-115; scaled by n - 1, as esda does).

    `unit, year, z` (standardised score), `lag` (mean of the neighbours' z), `I, quadrant` (HH, LH, LL, HL), `p_value`,
    `cluster` (the quadrant where p <= level, else ""), `robust` (still so at a false discovery rate of `level`).
    Raises InputError for fewer than three cities.
    """
    _enough(w, rng, permutations)
    refuse("level", describe.no_number("level", level, lambda x: 0 < x < 1, "give a share, as 0.05"))
    (table, matrix), frames = _on_weights(wide(scores, node), w), []
    few = f"{len(table)} cities: around a city no order of the others differs: give three or more"
    refuse("local Moran's I", [few] if len(table) < 3 else [])
    n = len(table)
    for year in table:
        z = _centred(table[year].to_numpy())
        z = z / z.std()
        lag = matrix @ z
        local = (n - 1) / (z @ z) * z * lag
        p = _pseudo_p(local_draws(z, matrix, rng, permutations), local)
        quadrant = np.where(z > 0, np.where(lag > 0, "HH", "HL"), np.where(lag > 0, "LH", "LL")).astype(
            object
        )
        frames.append(
            pd.DataFrame(
                {
                    "unit": table.index,
                    "year": year,
                    "z": z,
                    "lag": lag,
                    "I": local,
                    "quadrant": quadrant,
                    "p_value": p,
                    "cluster": np.where(p <= level, quadrant, ""),
                    "robust": _discovered(p, level),
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs["convention"] = (
        f"{_name_of(w)}; {permutations} conditional permutations, two-sided pseudo p-values; "
        f"cluster: p <= {level:g}; robust: Benjamini-Hochberg rate {level:g}"
    )
    return frame


def autocorrelation(
    scores: pd.DataFrame, nodes: list, weights: dict, rng: np.random.Generator, permutations: int = 999
) -> pd.DataFrame:
    """Moran's I of the last year by node and weights (neighbours → table as of `nearest`; None: another kind of
    weights): `node,
    neighbours, moran, null_low, null_high` (5 and 95 per cent of random placements), `p_value`, `p_holm` (corrected for
    the number of rows)."""
    nodes = describe.listed(nodes)
    faults = describe.no_table(scores, ["year"], SCORES) + ([] if nodes else ["no node given: name one"])
    if not isinstance(weights, dict) or not weights:
        faults.append(
            "weights are no dictionary by number of neighbours: give one as of neighbourhoods(places, [4])"
        )
    refuse("autocorrelation", faults)
    last = scores[scores["year"].eq(scores["year"].max())]
    frames = [
        moran(last, node, w, rng, permutations).assign(node=node, neighbours=k)
        for node in nodes
        for k, w in weights.items()
    ]
    frame = pd.concat(frames, ignore_index=True).rename(columns={"I": "moran"})
    frame = frame.astype({"neighbours": "Int64"}).assign(p_holm=describe.holm(frame["p_value"]))
    frame.attrs["convention"] = "; ".join(map(_name_of, weights.values())) + f"; {permutations} permutations"
    return frame[["node", "neighbours", "moran", "null_low", "null_high", "p_value", "p_holm"]]


def clustering(table: pd.DataFrame) -> dict:
    """What `autocorrelation` shows of its first node: `i`, `p` (Holm) with the first weights (`neighbours`), over all
    weights the range of I (`least`, `most`), and how many of all `tests` stand after correction (`clear`)."""
    mine = table[table["node"].eq(table["node"].iloc[0])]
    return {
        "node": mine["node"].iloc[0],
        "neighbours": int(mine["neighbours"].iloc[0]),
        "i": mine["moran"].iloc[0],
        "p": mine["p_holm"].iloc[0],
        "least": mine["moran"].min(),
        "most": mine["moran"].max(),
        "tests": len(table),
        "clear": int(table["p_holm"].lt(LEVEL).sum()),
        "from": round(100 * LOW),
        "to": round(100 * HIGH),
    }


def in_short(scores: pd.DataFrame, node: str, w: pd.DataFrame) -> dict:
    """One node in numbers that need no test, for a node that is known as a range only: `sd0, sd1`, `tau` and `mean` of
    its ranks from the first to the last year, Moran's I of the last (`i`)."""
    ends, whole = sigma(scores, node)["sd"], rank_mobility(scores, node).iloc[-1]
    table, matrix = _on_weights(wide(scores, node), w)
    return {
        "node": node,
        "sd0": float(ends.iloc[0]),
        "sd1": float(ends.iloc[-1]),
        "tau": float(whole["tau"]),
        "mean": float(whole["mean_change"]),
        "i": _moran_i(table.iloc[:, -1].to_numpy(), matrix),
    }


def clusters(local: pd.DataFrame) -> dict:
    """Cities in a local cluster that stands the false discovery rate, by kind (`hh, ll, hl, lh`, `any`), the number of
    tests, and how many reached the level before that correction (`leads`); `local`: as of `local_moran`, one year."""
    firm = local[local["robust"]]
    found = {
        kind.lower(): list(firm.loc[firm["cluster"].eq(kind), "unit"]) for kind in ("HH", "LL", "HL", "LH")
    }
    return found | {
        "any": sum(found.values(), []),
        "tests": len(local),
        "leads": int(local["cluster"].ne("").sum()),
    }


def local_draws(z: np.ndarray, matrix: np.ndarray, rng: np.random.Generator, permutations: int) -> np.ndarray:
    """Local I under conditional permutation (rows draws, columns cities): the others' values shuffled around a city."""
    n, draws = len(z), np.empty((permutations, len(z)))
    for city in range(n):
        others = rng.permuted(np.tile(np.delete(z, city), (permutations, 1)), axis=1)
        draws[:, city] = (n - 1) / (z @ z) * z[city] * (others @ np.delete(matrix[city], city))
    return draws


def _pseudo_p(draws: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Two-sided pseudo p-value by column: twice the smaller tail, the observed value counted in."""
    tail = np.minimum((draws >= observed).sum(axis=0), (draws <= observed).sum(axis=0))
    return np.minimum(1, 2 * (tail + 1) / (len(draws) + 1))


def _discovered(p: np.ndarray, level: float) -> np.ndarray:
    """Which p-values stand at a false discovery rate of `level` (Benjamini and Hochberg 1995, by statsmodels)."""
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, alpha=level, method="fdr_bh")[0]
