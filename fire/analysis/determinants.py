"""What goes with growth: regressions of growth on initial conditions, with diagnostics. Associations, not causes."""

import numpy as np
import pandas as pd

from fire.analysis.regions import wide, with_region
from fire.errors import refuse

CAUTION = "ordinary least squares; the coefficients are associations across cities and claim no cause"


def growth_frame(
    scores: pd.DataFrame, places: pd.DataFrame, pillars: list[str], node: str = "total"
) -> pd.DataFrame:
    """One row a city: `growth` (per cent a year, of `node`), first-year scores of the pillars, `region`.

    Growth is 100 ln(y_T/y_0)/T between the first and the last year. Raises InputError for fewer than two years, a city
    without a score in some year, or a score at or below zero.
    """
    growth = log_growth(scores, node)
    frame = pd.DataFrame({pillar: wide(scores, pillar).iloc[:, 0] for pillar in pillars}).reindex(
        growth.index
    )
    frame.insert(0, "growth", 100 * growth["growth"])
    return with_region(frame.rename_axis("unit").reset_index(), places)


def log_growth(scores: pd.DataFrame, node: str) -> pd.DataFrame:
    """Index unit; `initial` = ln y_0, `growth` = ln(y_T/y_0)/T, `years` T, over the first and the last year."""
    table = wide(scores, node, least_years=2, logs=True)
    years = int(table.columns[-1] - table.columns[0])
    first, last = np.log(table.iloc[:, 0]), np.log(table.iloc[:, -1])
    return pd.DataFrame({"initial": first, "growth": (last - first) / years, "years": years})


def fit(formula: str, data: pd.DataFrame, covariance: str = "HC1", clusters: str | None = None):
    """Fit `formula` by statsmodels OLS; `clusters` names the column to cluster the errors by, else `covariance` rules.

    Tests use Student's t. Raises InputError for missing cells and for no more rows than coefficients.
    """
    import statsmodels.formula.api as smf

    model = smf.ols(formula, data, missing="raise" if data.notna().all(axis=None) else "drop")
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


def coefficients(fits: dict) -> pd.DataFrame:
    """Tidy table of several fits (name -> fit): `model, term, estimate, std_error, t, p_value, low, high, n, r2`.

    `low` and `high` bound the 95 % interval.
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
                    "low": bounds[0].to_numpy(),
                    "high": bounds[1].to_numpy(),
                    "n": int(result.nobs),
                    "r2": result.rsquared,
                }
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    errors = "; ".join(f"{name}: {result.cov_type} errors" for name, result in fits.items())
    frame.attrs["convention"] = f"{CAUTION}; {errors}; 95 % intervals from Student's t"
    return frame


def diagnostics(result) -> pd.DataFrame:
    """Checks of a fit: `check, statistic, p_value, passes` (5 % level; VIF below 10; condition number below 30).

    Breusch-Pagan (constant variance), Ramsey RESET (functional form, squares and cubes of the fit), Jarque-Bera
    (normal residuals), largest variance inflation factor, condition number of the standardised regressors.
    """
    from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
    from statsmodels.stats.stattools import jarque_bera

    plain = result.model.fit()
    exog = plain.model.exog
    slopes = exog[:, exog.std(axis=0) > 0]
    vif = np.linalg.inv(np.atleast_2d(np.corrcoef(slopes.T))).diagonal().max()
    reset = linear_reset(plain, power=3, use_f=True)
    pagan, jarque = het_breuschpagan(plain.resid, exog), jarque_bera(plain.resid)
    rows = [
        ("breusch_pagan", pagan[0], pagan[1]),
        ("reset", float(reset.fvalue), float(reset.pvalue)),
        ("jarque_bera", jarque[0], jarque[1]),
        ("largest_vif", vif, np.nan),
        ("condition_number", np.linalg.cond((slopes - slopes.mean(axis=0)) / slopes.std(axis=0)), np.nan),
    ]
    frame = pd.DataFrame(rows, columns=["check", "statistic", "p_value"])
    limit = {"largest_vif": 10, "condition_number": 30}
    frame["passes"] = [p > 0.05 if p == p else value < limit[check] for check, value, p in rows]
    frame.attrs["convention"] = (
        "passes = p above 0.05; VIF below 10; condition number of the standardised regressors below 30"
    )
    return frame
