"""What goes with growth: regressions of growth on initial conditions, with diagnostics. Associations, not causes."""

import numpy as np
import pandas as pd

from fire.analysis import describe, regions
from fire.errors import InputError, refuse

CAUTION = "ordinary least squares; the coefficients are associations across cities and claim no cause"
COVARIANCES = ["nonrobust", "HC0", "HC1", "HC2", "HC3"]  # of statsmodels
COLUMNS = ["model", "term", "estimate", "std_error", "t", "p_value", "ci_low", "ci_high", "n", "r2"]
CHECKS = {"largest_vif": 10, "condition_number": 30}  # checks with a limit instead of a p-value


def growth_frame(scores: pd.DataFrame, pillars: list[str], node: str = "total") -> pd.DataFrame:
    """One row a city: `unit, growth` (points a year, of `node`), first-year scores of the pillars, `region`.

    `scores`: a balanced panel with `region` (regions.balanced). Growth is (y_T - y_0)/T between the first and the last
    year. Raises InputError for fewer than two years, for a city without a score in some year and without `region`.
    """
    pillars = describe.listed(pillars)
    refuse("growth", describe.no_table(scores, ["region"], regions.BALANCED))
    growth = yearly_change(scores, node)
    frame = pd.DataFrame({pillar: regions.wide(scores, pillar).iloc[:, 0] for pillar in pillars}).reindex(
        growth.index
    )
    frame.insert(0, "growth", growth["growth"])
    frame["region"] = scores.drop_duplicates("unit").set_index("unit")["region"]
    return frame.rename_axis("unit").reset_index()


def yearly_change(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Index unit; `initial` = y_0, `growth` = (y_T - y_0)/T, `years` T, over the first and the last year, in points."""
    table = regions.wide(scores, node, least_years=2)
    years = int(table.columns[-1] - table.columns[0])
    first, last = table.iloc[:, 0], table.iloc[:, -1]
    return pd.DataFrame({"initial": first, "growth": (last - first) / years, "years": years})


def fit(formula: str, data: pd.DataFrame, covariance: str = "HC1", clusters: str | None = None):
    """Fit `formula` by statsmodels OLS; `clusters` names the column to cluster the errors by, else `covariance` rules.

    Tests use Student's t. Raises InputError for missing cells, for no more rows than coefficients, for a formula that does
    not fit the table and another covariance.
    """
    import statsmodels.formula.api as smf
    from patsy import PatsyError

    faults = describe.no_table(data, [] if clusters is None else [clusters], "growth_frame(scores, pillars)")
    faults += describe.unchosen("covariance", covariance, COVARIANCES)
    if not faults and clusters is not None and data[clusters].nunique() == 1:
        faults.append(f"all rows are of one '{clusters}': clustered errors need two or more: leave them out")
    refuse(f"regression {formula}", faults)
    try:
        model = smf.ols(formula, data, missing="raise" if data.notna().all(axis=None) else "drop")
    except PatsyError as error:
        raise InputError(
            f"regression {formula}", [f"{error}".splitlines()[0] + ": name columns of the table"]
        ) from error
    faults = [
        f"row {row}, column '{column}': missing: fill it or leave the row out"
        for row, column in data.isna().stack().loc[lambda hole: hole].index
    ]
    if not faults and model.nobs <= model.exog.shape[1]:
        faults.append(f"{int(model.nobs)} rows for {model.exog.shape[1]} coefficients: use fewer terms")
    if not faults and np.linalg.matrix_rank(model.exog) < model.exog.shape[1]:
        faults.append("the terms are exactly collinear: drop one")
    refuse(f"regression {formula}", faults)
    if clusters is None:
        return model.fit(cov_type=covariance, use_t=True)
    return model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(data[clusters])[0]}, use_t=True)


def accompanied(data: pd.DataFrame, by: str = "region") -> pd.DataFrame:
    """The rows that share their group with another: a group effect absorbs a city that is alone in its region, which
    then says nothing about slopes and makes tests of the effects singular (Correia 2015, Singletons)."""
    refuse("groups", describe.no_table(data, [by], "growth_frame(scores, pillars)"))
    return data[data.groupby(by)[by].transform("size") > 1]


def models(index) -> dict:
    """Growth of the index on first scores of its pillars (centred): fits by name, those that the data allow.

    `pillars`; `region effects` (cities alone in their region are left out); HC1 errors. A model is left out when there are
    no more cities than coefficients or fewer than two regions; all are when the year before is missing.
    """
    scores = regions.balanced(index)
    if scores["year"].nunique() < 2:
        return {}
    pillars, data = index.spec.pillars, growth_frame(scores, index.spec.pillars, index.spec.root)
    data[pillars] -= data[pillars].mean()
    together, linear = accompanied(data), "growth ~ " + " + ".join(pillars)
    count, effects, fits = len(pillars) + 1, together["region"].nunique(), {}
    if len(data) > count:
        fits["pillars"] = fit(linear, data)
    if effects > 1 and len(together) > count + effects - 1:
        fits["region effects"] = fit(f"{linear} + region", together)
    return fits


def coefficients(fits: dict) -> pd.DataFrame:
    """Tidy table of several fits (name -> fit): `model, term, estimate, std_error, t, p_value, ci_low, ci_high, n, r2`;
    without rows where there are no fits (one year).

    `ci_low` and `ci_high` bound the 95 % interval.
    """
    rows = []
    for name, result in fits.items():
        bounds = result.conf_int()
        rows.append(
            pd.DataFrame(
                {
                    "model": name,
                    "term": result.params.index,
                    "estimate": result.params.to_numpy(),
                    "std_error": result.bse.to_numpy(),
                    "t": result.tvalues.to_numpy(),
                    "p_value": result.pvalues.to_numpy(),
                    "ci_low": bounds[0].to_numpy(),
                    "ci_high": bounds[1].to_numpy(),
                    "n": int(result.nobs),
                    "r2": result.rsquared,
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)
    errors = "; ".join(f"{name}: {result.cov_type} errors" for name, result in fits.items())
    frame.attrs["convention"] = "; ".join(
        [CAUTION, *[errors] * bool(errors), "95 % intervals from Student's t"]
    )
    return frame


def slopes(table: pd.DataFrame, nodes: list) -> pd.DataFrame:
    """The rows of `coefficients` that belong to nodes, with `p_holm`: p-values corrected for the number of rows (Holm
    1979, by statsmodels)."""
    found = table[table["term"].isin(describe.listed(nodes))].reset_index(drop=True)
    found.insert(list(found).index("p_value") + 1, "p_holm", describe.holm(found["p_value"]))
    found.attrs = table.attrs
    return found


def diagnostics(fits: dict) -> pd.DataFrame:
    """Checks of several fits (name -> fit): `model, check, statistic, p_value, passes` (5 % level; VIF below 10;
    condition number below 30).

    Breusch-Pagan (constant variance), Ramsey RESET (functional form, squares and cubes of the fit), Jarque-Bera
    (normal residuals), largest variance inflation factor, condition number of the standardised regressors. Checks that
    the data do not allow are left out, as RESET with too few rows for its two terms.
    """
    frames = [_checks(result).assign(model=name) for name, result in fits.items()]
    columns = ["model", "check", "statistic", "p_value", "passes"]
    frame = pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    frame.attrs["convention"] = (
        "passes = p above 0.05; VIF below 10; condition number of the standardised regressors below 30"
    )
    return frame


def _checks(result) -> pd.DataFrame:
    from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
    from statsmodels.stats.stattools import jarque_bera

    plain = result.model.fit()
    exog = plain.model.exog
    slopes = exog[:, exog.std(axis=0) > 0]
    vif = np.linalg.inv(np.atleast_2d(np.corrcoef(slopes.T))).diagonal().max()
    pagan, jarque = het_breuschpagan(plain.resid, exog), jarque_bera(plain.resid)
    wider = np.column_stack([exog, plain.fittedvalues**2, plain.fittedvalues**3])
    able = len(wider) > wider.shape[1] and np.linalg.matrix_rank(wider) == wider.shape[1]
    reset = linear_reset(plain, power=3, use_f=True) if able else None
    rows = [
        ("breusch_pagan", pagan[0], pagan[1]),
        *([("reset", float(reset.fvalue), float(reset.pvalue))] if reset else []),
        ("jarque_bera", jarque[0], jarque[1]),
        ("largest_vif", vif, np.nan),
        ("condition_number", np.linalg.cond((slopes - slopes.mean(axis=0)) / slopes.std(axis=0)), np.nan),
    ]
    frame = pd.DataFrame(rows, columns=["check", "statistic", "p_value"])
    frame = frame[frame["p_value"].notna() | frame["check"].isin(list(CHECKS))].reset_index(drop=True)
    told = frame.itertuples(index=False)
    frame["passes"] = [p > 0.05 if p == p else value < CHECKS[check] for check, value, p in told]
    return frame


def verdicts(checks: pd.DataFrame) -> pd.DataFrame:
    """`diagnostics` as a table: `verdict` ("pass" or "fail") instead of `passes`."""
    return checks.drop(columns="passes").assign(
        verdict=np.where(checks["passes"].astype(bool), "pass", "fail")
    )


def findings(fits: dict, nodes: list) -> dict:
    """What `models` show: `nodes` whose coefficient differs from zero at 5 % after correction (`positive`, `negative`) in
    the first model, of how many `tests`, its `n` and `r2`, and the checks that it fails (`failed`); empty without it."""
    if "pillars" not in fits:
        return {}
    nodes = describe.listed(nodes)
    table, checks = slopes(coefficients(fits), nodes), diagnostics({"pillars": fits["pillars"]})
    clear = table[table["p_holm"].lt(0.05) & table["model"].eq("pillars")]
    return {
        "n": int(fits["pillars"].nobs),
        "tests": len(table),
        "positive": list(clear.loc[clear["estimate"] > 0, "term"]),
        "negative": list(clear.loc[clear["estimate"] < 0, "term"]),
        "r2": fits["pillars"].rsquared,
        "failed": list(checks.loc[~checks["passes"].astype(bool), "check"]),
    }
