"""Dynamics of the index: convergence, transitions, mobility, density, and its pattern in space.

    same = regions.balanced(index)        # tidy scores of the cities that have every year, with their region
    dynamics.beta(same, "total")          # all functions take such scores and one node

A comparison needs two years at least: with one, those functions refuse (`density` and Moran's I do not).
"""

import numpy as np
import pandas as pd

from fire.analysis import determinants, regions
from fire.analysis.regions import aligned, wide
from fire.errors import refuse

EARTH_KM = 6371.0


# Convergence


def sigma(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Sigma convergence: `year, cv, sd, sd_log` (population standard deviations; sd in points). Falling = converging.

    On a scale whose zero is arbitrary cv and sd may disagree: cv falls when all gain, though no gap narrows."""
    table = wide(scores, node, least_years=2, logs=True)
    frame = pd.DataFrame(
        {
            "year": table.columns,
            "cv": (table.std(ddof=0) / table.mean()).to_numpy(),
            "sd": table.std(ddof=0).to_numpy(),
            "sd_log": np.log(table).std(ddof=0).to_numpy(),
        }
    )
    frame.attrs["convention"] = (
        "cv = population standard deviation / mean; sd_log = population sd of the logarithms"
    )
    return frame


def spread(sigma: pd.DataFrame) -> pd.DataFrame:
    """Coefficients of variation by node and year as a table: `node, cv_<year> …, change_pct` from the first to the last
    year (per cent). `sigma`: `node, year, cv` (`by_node(sigma, …)`)."""
    table = sigma.pivot(index="node", columns="year", values="cv").loc[pd.unique(sigma["node"])]
    change = 100 * (table.iloc[:, -1] / table.iloc[:, 0] - 1)
    table.columns = [f"cv_{year}" for year in table]
    return table.assign(change_pct=change).reset_index()


def closing(sigma: pd.DataFrame) -> dict:
    """Variation and standard deviation of the root (the first node of `sigma`) in the first and the last year, and the
    pillars where the coefficient of variation falls (`closing`) or does not (`opening`)."""
    table, root = spread(sigma), sigma[sigma["node"].eq(sigma["node"].iloc[0])]
    falls, pillars = table["change_pct"].iloc[1:].lt(0), table["node"].iloc[1:]
    return {
        "cv0": root["cv"].iloc[0],
        "cv1": root["cv"].iloc[-1],
        "change": table["change_pct"].iloc[0],
        "sd0": root["sd"].iloc[0],
        "sd1": root["sd"].iloc[-1],
        "closing": list(pillars[falls]),
        "opening": list(pillars[~falls]),
    }


def beta(
    scores: pd.DataFrame,
    node: str,
    controls: pd.DataFrame | None = None,
    clusters: pd.Series | None = None,
    covariance: str = "HC1",
) -> pd.DataFrame:
    """Beta convergence: one row with `b`, its error and interval, `speed` a year and `half_life` in years.

    ln(y_T/y_0)/T = a + b ln(y_0) [+ controls], by OLS over the first and the last year. speed = -ln(1 + bT)/T,
    half-life = ln 2/speed, given only for a positive speed. `controls` (index unit, numeric columns) make it
    conditional; `clusters` (unit -> label) cluster the errors, else they are of type `covariance` (statsmodels).
    Source: Barro and Sala-i-Martin, Journal of Political Economy 100 (1992), 223-251.
    """
    data = determinants.log_growth(scores, node)
    years = int(data["years"].iloc[0])
    what, formula = f"beta convergence of node '{node}'", "growth ~ initial"
    if controls is not None:
        names = [f"x{place}" for place in range(controls.shape[1])]
        data[names] = controls.reindex(data.index).to_numpy(dtype=float)
        formula = " + ".join([formula, *names])
    if clusters is not None:
        data["clusters"] = aligned(what, clusters, data["growth"])
    result = determinants.fit(formula, data, covariance, None if clusters is None else "clusters")
    b, (low, high) = result.params["initial"], result.conf_int().loc["initial"]
    speeds = [
        -np.log(1 + slope * years) / years if 1 + slope * years > 0 else np.nan for slope in (b, high, low)
    ]
    frame = pd.DataFrame(
        {
            "n": [int(result.nobs)],
            "years": years,
            "b": b,
            "std_error": result.bse["initial"],
            "p_value": result.pvalues["initial"],
            "low": low,
            "high": high,
            "intercept": result.params["Intercept"],
            "r2": result.rsquared,
            "speed": speeds[0],
            "speed_low": speeds[1],
            "speed_high": speeds[2],
            "half_life": np.log(2) / speeds[0] if speeds[0] > 0 else np.nan,
        }
    )
    regressors = "ln y_0" if controls is None else "ln y_0 and controls"
    frame.attrs["convention"] = (
        f"ln(y_T/y_0)/T on {regressors}, T = {years}; errors: {result.cov_type}; "
        f"half-life = ln 2/speed, only for a positive speed"
    )
    return frame


def club_beta(scores: pd.DataFrame, node: str, by: str = "region", least: int = 4) -> pd.DataFrame:
    """Beta convergence inside each region (`club`); a region with fewer than `least` cities has `n` and no estimate.

    `scores`: with the column `by`, which tells the clubs."""
    rows = []
    for club, inside in scores.groupby(by, observed=True):
        count = inside["unit"].nunique()
        row = beta(inside, node, covariance="nonrobust") if count >= least else pd.DataFrame({"n": [count]})
        rows.append(row.assign(club=club))
    frame = pd.concat(rows, ignore_index=True)
    frame.insert(0, "club", frame.pop("club"))
    frame.attrs["convention"] = (
        f"absolute beta inside each region; classical errors (few cities); no estimate below {least} cities"
    )
    return frame.reindex(columns=["club", *beta(scores, node).columns])


def convergence(scores: pd.DataFrame, node: str, conditions: list) -> pd.DataFrame:
    """Beta convergence by model: `model, region, n, b, std_error, p_value, speed, half_life, r2` and the rest of `beta`.

    Models: absolute; clustered (errors by region); conditional on the first scores of the nodes in `conditions` and on
    regions (cities alone in their region are left out); club (one row a region, `region` named). Models that the data do
    not allow (one region, too few cities) are left out.
    """
    region = scores.drop_duplicates("unit").set_index("unit")["region"]
    rows = {"absolute": beta(scores, node)}
    if region.nunique() > 1:
        rows["clustered"] = beta(scores, node, clusters=region)
    together = determinants.accompanied(region.reset_index())["unit"]
    inside, mine = scores[scores["unit"].isin(together)], region[together]
    if mine.nunique() > 1 and len(mine) > 1 + mine.nunique() + len(conditions):
        start = pd.DataFrame({one: wide(inside, one).iloc[:, 0] for one in conditions if one != node})
        effects = pd.get_dummies(mine, drop_first=True, dtype=float)
        rows["conditional"] = beta(inside, node, controls=start.join(effects, how="right"), clusters=mine)
    clubs = club_beta(scores, node).rename(columns={"club": "region"}).assign(model="club")
    frame = pd.concat([*(row.assign(model=name) for name, row in rows.items()), clubs], ignore_index=True)
    frame.attrs["convention"] = "; ".join(
        [rows["absolute"].attrs["convention"], clubs.attrs.get("convention", "")]
    )
    first = ["model", "region", "n", "b", "std_error", "p_value", "speed", "half_life", "r2"]
    return frame[first + [column for column in frame if column not in first]]


def _influential(scores: pd.DataFrame, node: str) -> str:
    """The city with the largest Cook's distance in the regression of growth on the first score."""
    growth = determinants.log_growth(scores, node)
    distance = determinants.fit("growth ~ initial", growth, "nonrobust").get_influence().cooks_distance[0]
    return growth.index[np.argmax(distance)]


def catching_up(scores: pd.DataFrame, node: str, table: pd.DataFrame) -> dict:
    """What `convergence` (its `table`) shows: the absolute coefficient, also without the most influential city, the
    conditional one (None where it could not be estimated), and how many regions converge by themselves."""
    absolute, clubs = table[table["model"].eq("absolute")].iloc[0], table[table["model"].eq("club")]
    strong = _influential(scores, node)
    without = beta(scores[scores["unit"].ne(strong)], node).iloc[0]
    held = table[table["model"].eq("conditional")]
    return {
        "b": absolute["b"],
        "se": absolute["std_error"],
        "p": absolute["p_value"],
        "speed": 100 * absolute["speed"],
        "half": absolute["half_life"],
        "strong": strong,
        "b3": without["b"],
        "p3": without["p_value"],
        "b2": held["b"].iloc[0] if len(held) else None,
        "se2": held["std_error"].iloc[0] if len(held) else None,
        "estimated": int(clubs["b"].notna().sum()),
        "converging": int((clubs["b"].lt(0) & clubs["p_value"].lt(0.05)).sum()),
    }


def paths(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """What the convergence figure shows: `unit, log_initial` (ln of the first score), `log_growth_pct` (a year) and
    `marked` (the largest residuals either way and the highest starts)."""
    growth = determinants.log_growth(scores, node)
    residual = determinants.fit("growth ~ initial", growth, "nonrobust").resid
    marked = {*residual.nlargest(4).index, *residual.nsmallest(3).index, *growth["initial"].nlargest(3).index}
    frame = pd.DataFrame({"log_initial": growth["initial"], "log_growth_pct": 100 * growth["growth"]})
    return frame.assign(marked=frame.index.isin(marked)).rename_axis("unit").reset_index()


# Transitions and mobility


def classes(scores: pd.DataFrame, node: str, k: int = 4, bounds=None, relative: bool = True) -> pd.DataFrame:
    """Class (1 = lowest) of every unit (rows) in every year (columns).

    Classes are bounded by the quantiles of all years together, or by `bounds`; a value on a bound belongs to the lower
    class. `relative` divides scores by the mean of their year first. `attrs` hold the bounds and the convention.
    """
    table = wide(scores, node, least_years=2)
    table = table / table.mean() if relative else table
    bounds = np.quantile(table, np.arange(1, k) / k) if bounds is None else np.asarray(bounds, dtype=float)
    refuse(
        "classes", [] if (np.diff(bounds) > 0).all() else ["the bounds do not increase: use fewer classes"]
    )
    found = pd.DataFrame(np.searchsorted(bounds, table.to_numpy()) + 1, table.index, table.columns)
    found.attrs = {
        "bounds": list(map(float, bounds)),
        "convention": f"{len(bounds) + 1} classes of the score{' over the mean of its year' if relative else ''}, bounds "
        f"{', '.join(f'{bound:.4g}' for bound in bounds)} for all years, upper bound included",
    }
    return found


def transitions(found: pd.DataFrame, labels=None) -> pd.DataFrame:
    """Transition table of classes (rows units, columns years): `from, to, count, probability`, by giddy's `Markov`.

    `labels`: the classes in order (default: sorted); a class that no unit leaves has no probabilities (missing).

    >>> chains = pd.DataFrame([list(chain) for chain in "bac cca cbc aab abc".split()])
    >>> transitions(chains)["probability"].round(3).tolist()
    [0.25, 0.5, 0.25, 0.333, 0.0, 0.667, 0.333, 0.333, 0.333]
    """
    from giddy.markov import Markov

    labels = sorted(pd.unique(found.stack())) if labels is None else list(labels)
    faults = [f"{found.shape[1]} year given, at least 2 needed: add years"] if found.shape[1] < 2 else []
    faults += [
        f"{unit}, {year}: class '{found.at[unit, year]}' is missing or not among {labels}"
        for unit, year in (~found.isin(labels)).stack().loc[lambda hole: hole].index
    ]
    refuse("transitions", faults)
    codes = found.apply(lambda year: pd.Categorical(year, labels).codes)
    markov = Markov(codes.to_numpy(), classes=np.arange(len(labels)), summary=False)
    frame = _transition_frame(markov.transitions, labels)
    frame.attrs["convention"] = "; ".join(
        [
            *filter(None, [found.attrs.get("convention")]),
            "maximum-likelihood probabilities over all pairs of consecutive years",
        ]
    )
    return frame


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


def steady_state(frame: pd.DataFrame) -> pd.Series:
    """Long-run shares of the classes of a transition table, by giddy; refused when the chain has no unique one."""
    from giddy.ergodic import steady_state as ergodic

    order = pd.unique(frame["from"])
    matrix = frame.pivot(index="from", columns="to", values="probability").loc[order, order]
    empty = [
        f"no unit leaves class {name}: join it with a neighbour" for name in order[matrix.isna().any(axis=1)]
    ]
    refuse("steady state", empty)
    shares = np.asarray(ergodic(matrix.to_numpy()), dtype=float)
    refuse(
        "steady state",
        []
        if shares.ndim == 1
        else [
            "the classes do not all communicate, so there is no single "
            "steady state: use fewer classes or more years"
        ],
    )
    return pd.Series(shares, order, name="share")


def spatial_transitions(scores: pd.DataFrame, node: str, w, k: int = 3) -> pd.DataFrame:
    """Transitions by the class of the neighbours: `lag_class, from, to, count, probability`, by giddy's `Spatial_Markov`.

    Own classes and classes of the spatial lag are k quantiles of all years, of scores over the mean of their year.
    `attrs` hold the test that the lag makes no difference (`Q`, `p_value`, `dof`).
    """
    from giddy.markov import Spatial_Markov
    from libpysal.weights import lag_spatial

    table = _on_weights(wide(scores, node, least_years=2), w)
    table = table / table.mean()
    cuts = [np.quantile(values, np.arange(1, k) / k) for values in (table, lag_spatial(w, table.to_numpy()))]
    markov = Spatial_Markov(table.to_numpy(), w, cutoffs=cuts[0], lag_cutoffs=cuts[1])
    labels = list(range(1, k + 1))
    frame = pd.concat(
        [_transition_frame(counts, labels).assign(lag_class=lag) for lag, counts in zip(labels, markov.T)]
    )
    frame = frame[["lag_class", "from", "to", "count", "probability"]].reset_index(drop=True)
    frame.attrs = {
        "Q": float(markov.Q),
        "p_value": float(markov.Q_p_value),
        "dof": int(markov.dof_hom),
        "convention": f"{k} pooled quantile classes of the score over the mean of its year, and of its lag; {w.name}",
    }
    return frame


def crossed(lagged: pd.DataFrame) -> pd.DataFrame:
    """`spatial_transitions` as a table of counts: `lag_class, class_before, to_<class> …`."""
    table = lagged.pivot(index=["lag_class", "from"], columns="to", values="count").add_prefix("to_")
    return table.rename_axis(columns=None).reset_index().rename(columns={"from": "class_before"})


def moves(found: pd.DataFrame) -> pd.DataFrame:
    """Units that changed class from one year to the next: `unit, year, class_before, class_after, step`."""
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
    rank = scores[scores["node"].eq(node)].set_index(["unit", "year"])["rank"]
    frame = moves(found)
    frame.insert(1, "region", frame["unit"].map(scores.drop_duplicates("unit").set_index("unit")["region"]))
    for column, ago in (("rank_before", 1), ("rank_after", 0)):
        keys = pd.MultiIndex.from_arrays([frame["unit"], frame["year"] - ago])
        frame[column] = rank.reindex(keys).to_numpy()
    frame = frame.drop(columns="year" if found.shape[1] == 2 else [])
    return frame.sort_values(["step", "rank_after"], ascending=[False, True], ignore_index=True)


def staying(chain: pd.DataFrame) -> dict:
    """Share of units that kept their class (per cent), the firmest and the loosest class; `chain` as of `transitions`."""
    kept = chain[chain["from"].eq(chain["to"])].set_index("from")
    return {
        "stay": 100 * kept["count"].sum() / chain["count"].sum(),
        "firm": int(kept["probability"].idxmax()),
        "firm_p": kept["probability"].max(),
        "loose": int(kept["probability"].idxmin()),
        "loose_p": kept["probability"].min(),
    }


def rank_mobility(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Rank mobility between consecutive years and over the whole period.

    `from_year, to_year, tau, tau_p` (Kendall, giddy), `spearman, mean_change` (mean absolute rank change), `moved`
    (units whose rank changed). Ties share the best rank.
    """
    from giddy.rank import Tau
    from scipy.stats import spearmanr

    table = wide(scores, node, least_years=2)
    ranks = table.rank(ascending=False, method="min")
    spans = list(zip(table.columns, table.columns[1:]))
    spans += [(table.columns[0], table.columns[-1])] if len(spans) > 1 else []
    rows = []
    for first, last in spans:
        tau, change = Tau(table[first].to_numpy(), table[last].to_numpy()), (ranks[first] - ranks[last]).abs()
        rows.append(
            (
                first,
                last,
                float(tau.tau),
                float(tau.tau_p),
                float(spearmanr(table[first], table[last])[0]),
                change.mean(),
                int((change > 0).sum()),
            )
        )
    frame = pd.DataFrame(
        rows, columns=["from_year", "to_year", "tau", "tau_p", "spearman", "mean_change", "moved"]
    )
    frame.attrs["convention"] = (
        "Kendall's tau-b; rank change = earlier rank - later rank; ties share the best rank"
    )
    return frame


def rank_moves(scores: pd.DataFrame, node: str, largest: int = 12) -> pd.DataFrame:
    """The `largest` rises and falls in rank from the first to the last year: `unit, rank_before, rank_after,
    rank_change` (positive = moved up), rises first. Units that kept their rank are not in it."""
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
        "tau": whole["tau"],
        "mean": whole["mean_change"],
        "rise_by": int(max(change.max(), 0)) if len(change) else 0,
        "rise": list(change.index[(change == change.max()) & (change > 0)]),
        "fall_by": int(max(-change.min(), 0)) if len(change) else 0,
        "fall": list(change.index[(change == change.min()) & (change < 0)]),
    }


def shift(scores: pd.DataFrame, node: str) -> dict:
    """Modes of the density in the first and the last year, their difference, and the unit at the top of the last."""
    mode = density(scores, node).pivot(index="score", columns="year", values="density").idxmax()
    last = scores[scores["node"].eq(node) & scores["year"].eq(mode.index[-1])]
    top = last.loc[last["score"].idxmax()]
    return {
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


def nearest(places: pd.DataFrame, k: int = 4):
    """Row-standardised weights of the k nearest cities on the great circle (libpysal `W`, ids = city)."""
    from libpysal.weights import KNN

    points = _coordinates(places)
    refuse("weights", [] if 0 < k < len(points) else [f"k = {k}: choose 1 to {len(points) - 1}"])
    w = KNN(points.to_numpy(), k=k, ids=list(points.index), radius=EARTH_KM)
    return _named(w, f"weights: {k} nearest cities on the great circle, row-standardised")


def inverse_distance(places: pd.DataFrame, cutoff_km: float | None = None, power: float = 1):
    """Row-standardised weights 1/distance^power on the great circle, up to `cutoff_km` (libpysal `W`, ids = city)."""
    from libpysal.weights import DistanceBand

    points = _coordinates(places)
    with np.errstate(divide="ignore"):
        w = DistanceBand(
            points.to_numpy(),
            cutoff_km or 3.14 * EARTH_KM,
            alpha=-power,
            binary=False,
            ids=list(points.index),
            radius=EARTH_KM,
            silence_warnings=True,
        )
    reach = f"up to {cutoff_km:g} km" if cutoff_km else "without cut-off"
    return _named(w, f"weights: 1/distance^{power:g} on the great circle {reach}, row-standardised")


def _coordinates(places: pd.DataFrame) -> pd.DataFrame:
    """Longitude and latitude by city; InputError for missing, impossible or coincident points."""
    points = places.set_index("city")[["lon", "lat"]].astype(float)
    good = points["lon"].between(-180, 180) & points["lat"].between(-90, 90)
    faults = [
        f"{city}: longitude or latitude is missing or impossible: correct it" for city in points.index[~good]
    ]
    faults += [
        f"{city}: same coordinates as another city: correct one" for city in points.index[points.duplicated()]
    ]
    refuse("coordinates in places", faults)
    return points


def _named(w, name: str):
    """The weights, row-standardised, with their name; cities without a neighbour are refused."""
    refuse(
        "weights",
        [
            f"{city} has no neighbour (an island): raise the cut-off or use nearest neighbours"
            for city in w.islands
        ],
    )
    w.transform = "r"
    w.name = name
    return w


def _on_weights(table: pd.DataFrame, w) -> pd.DataFrame:
    """Rows of the table in the order of the weights; InputError for cities in one and not in the other."""
    faults = [
        f"{city} is in the scores but not in the weights" for city in table.index.difference(w.id_order)
    ]
    faults += [
        f"{city} is in the weights but has no score" for city in pd.Index(w.id_order).difference(table.index)
    ]
    faults += [f"{city} has no neighbour (an island): give it one or leave it out" for city in w.islands]
    faults += [f"{column}: all scores are equal" for column in table if table[column].nunique() < 2]
    refuse("spatial weights", faults)
    w.transform, w.name = "r", getattr(w, "name", "weights as given, row-standardised")
    return table.loc[w.id_order]


def moran(
    scores: pd.DataFrame, node: str, w, rng: np.random.Generator, permutations: int = 999
) -> pd.DataFrame:
    """Global Moran's I of every year, by esda: `year, I, expected, z, p_value` (permutations drawn from `rng`)."""
    from esda.moran import Moran

    table, rows = _on_weights(wide(scores, node), w), []
    matrix = w.sparse.toarray()
    for year in table:
        observed = Moran(table[year].to_numpy(), w, permutations=0)
        z = rng.permuted(np.tile(observed.z, (permutations, 1)), axis=1)
        draws = len(z.T) / w.s0 * (z * (z @ matrix.T)).sum(axis=1) / (z**2).sum(axis=1)
        rows.append(
            (
                year,
                float(observed.I),
                float(observed.EI),
                (observed.I - draws.mean()) / draws.std(),
                _pseudo_p(draws[:, None], np.array([observed.I]))[0],
            )
        )
    frame = pd.DataFrame(rows, columns=["year", "I", "expected", "z", "p_value"])
    frame.attrs["convention"] = f"{w.name}; {permutations} permutations, two-sided pseudo p-value"
    return frame


def local_moran(
    scores: pd.DataFrame, node: str, w, rng: np.random.Generator, permutations: int = 999, level: float = 0.05
) -> pd.DataFrame:
    """Local Moran's I of every city and year, by esda, with conditional permutations drawn from `rng`.

    `unit, year, z` (standardised score), `lag` (mean of the neighbours' z), `I, quadrant` (HH, LH, LL, HL), `p_value`,
    `cluster` (the quadrant where p <= level, else ""), `robust` (still so at a false discovery rate of `level`).
    """
    from esda.moran import Moran_Local

    table, frames = _on_weights(wide(scores, node), w), []
    matrix = w.sparse.toarray()
    for year in table:
        local = Moran_Local(table[year].to_numpy(), w, permutations=0)
        p = _pseudo_p(local_draws(local.z, matrix, rng, permutations), local.Is)
        quadrant = np.array(["", "HH", "LH", "LL", "HL"], dtype=object)[local.q]
        frames.append(
            pd.DataFrame(
                {
                    "unit": table.index,
                    "year": year,
                    "z": local.z,
                    "lag": matrix @ local.z,
                    "I": local.Is,
                    "quadrant": quadrant,
                    "p_value": p,
                    "cluster": np.where(p <= level, quadrant, ""),
                    "robust": _discovered(p, level),
                }
            )
        )
    frame = pd.concat(frames, ignore_index=True)
    frame.attrs["convention"] = (
        f"{w.name}; {permutations} conditional permutations, two-sided pseudo p-values; "
        f"cluster: p <= {level:g}; robust: Benjamini-Hochberg rate {level:g}"
    )
    return frame


def autocorrelation(scores: pd.DataFrame, nodes: list, near, far, rng: np.random.Generator) -> pd.DataFrame:
    """Moran's I of several nodes as a table: `node, moran_<year> …` (weights `near`), and of the last year `z, p_value`
    and, with the weights `far`, `moran_far, z_far, p_value_far`."""
    close, apart = (regions.by_node(moran, scores, nodes, w, rng) for w in (near, far))
    table = close.pivot(index="node", columns="year", values="I").loc[nodes]
    year = table.columns[-1]
    table.columns = [f"moran_{one}" for one in table]
    for frame, suffix in ((close, ""), (apart, "_far")):
        last = frame[frame["year"].eq(year)].rename(columns={"I": "moran"}).set_index("node")
        kept = last[["z", "p_value"] if not suffix else ["moran", "z", "p_value"]]
        table = table.join(kept.add_suffix(suffix))
    table.attrs["convention"] = f"{close.attrs['convention']}; {far.name}"
    return table.reset_index()


def clustering(table: pd.DataFrame) -> dict:
    """What `autocorrelation` shows of the root (its first row) and the pillar with the strongest clustering (None when
    that is not significant at 5 %)."""
    last = _latest(table)
    root, pillars = table.iloc[0], table.iloc[1:].set_index("node")
    strongest = pillars[last].idxmax()
    clear = pillars.at[strongest, "p_value"] < 0.05
    return {
        "i": root[last],
        "p": root["p_value"],
        "i2": root["moran_far"],
        "p2": root["p_value_far"],
        "strongest": strongest if clear else None,
        "si": pillars.at[strongest, last] if clear else None,
    }


def _latest(table: pd.DataFrame) -> str:
    """The column of Moran's I in the last year."""
    return table.columns[table.columns.get_loc("z") - 1]


def of_node(scores: pd.DataFrame, node: str, moran: pd.DataFrame) -> dict:
    """One pillar in short: its variation, beta (also without the most influential city) and clustering (of
    `autocorrelation`)."""
    cv, strong = sigma(scores, node)["cv"], _influential(scores, node)
    whole, without = (beta(part, node).iloc[0] for part in (scores, scores[scores["unit"].ne(strong)]))
    row = moran.set_index("node").loc[node]
    return {
        "node": node,
        "cv0": cv.iloc[0],
        "cv1": cv.iloc[-1],
        "b": whole["b"],
        "p": whole["p_value"],
        "strong": strong,
        "without": without["b"],
        "p_without": without["p_value"],
        "i": row[_latest(moran)],
        "pi": row["p_value"],
    }


def clusters(local: pd.DataFrame) -> dict:
    """Cities by kind of local cluster (`hh, ll, hl, lh`), those that stand the false discovery rate (`robust`), the
    regions of the high clusters, the number of tests and of cities in no cluster (`quiet`); `local`: as of `local_moran`, one year, with `region`."""
    found = {
        kind.lower(): list(local.loc[local["cluster"].eq(kind), "unit"]) for kind in ("HH", "LL", "HL", "LH")
    }
    return found | {
        "robust": list(local.loc[local["robust"], "unit"]),
        "tests": len(local),
        "any": sum(found.values(), []),
        "quiet": int(local["cluster"].eq("").sum()),
        "high_regions": list(dict.fromkeys(local.loc[local["cluster"].eq("HH"), "region"])),
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
