"""Institutions and industries: technology spending, targets, market sizes, the digital yuan, who may lead.

Every value keeps its qualifier (exact, near, above ...) and its kind (actual, forecast, target); `exact` is the one
gate to points on a figure, and it refuses all else.
"""

import re

import numpy as np
import pandas as pd
import statsmodels.api as sm

from fire import files
from fire.errors import refuse

PUBLISHED = files.FACTS
SIGNS = {
    "exact": "",
    "gt": ">",
    "ge": "≥",
    "lt": "<",
    "le": "≤",
    "approx": "≈",
    "approx_below": "≲",
    "assumed": "≈",
    "range": "",
    "from_printed_order": "",
    "list": "",
}
KINDS = ["actual", "forecast", "target"]
# Year of each source: a value of a later year cannot be an actual one.
SOURCE_YEAR = {"000": 2019, "001": 2022, "003": 2020, "004": 2025}
SIZES = {
    "ai_core": ("ai", "core_industry_size", "core_industry_cagr_pct"),
    "ai_driven": ("ai", "driven_industry_size", None),
    "blockchain": ("blockchain", "industry_size", "industry_cagr_pct"),
    "cloud": ("cloud", "market_size", None),
    "big_data": ("big_data", "industry_size", "industry_growth_pct"),
}


def labels() -> dict:
    """`{measure or unit: {"zh": …, "en": …}}` of the names that tables and figures show (data/measures.csv)."""
    frame = files.read_csv(files.DATA / "measures.csv")
    return {row.id: {"zh": row.zh, "en": row.en} for row in frame.itertuples()}


# ---- reading


def read_spending(path=PUBLISHED / "institution_spending.csv") -> pd.DataFrame:
    """Spending and staff of institutions (own rows in the same columns): one row a value, number in `value`.

    Raises InputError for a value without unit, an unknown qualifier, a value that is no number, a doubled key.
    """
    return read(path, ["institution_zh", "year", "measure", "source_file"])


def read_industry(path=PUBLISHED / "industry_indicators.csv") -> pd.DataFrame:
    """Industry indicators; as `read_spending`, and refuses a kind that is unknown or contradicts the year of its source."""
    return read(path, ["domain", "geography", "year", "measure", "source_file"])


def read(path, key: list[str]) -> pd.DataFrame:
    frame = files.read_csv(path)
    kind = frame["kind"] if "kind" in frame else pd.Series("actual", frame.index)
    written = frame["source_file"].str[:3].map(SOURCE_YEAR)
    values, faults = files.to_number(frame["value"], path, "value")
    years, wrong = files.to_number(frame["year"], path, "year")
    tests = {
        "'unit': empty: a value needs its unit, such as CNY_100m or pct": frame["unit"].isna(),
        "'qualifier': unknown: use one of " + ", ".join(SIGNS): ~frame["qualifier"].isin(SIGNS),
        "'kind': unknown: use actual, forecast or target": ~kind.isin(KINDS),
        "'kind': the year lies after the source was written, so it cannot be actual: write forecast or target": kind.eq(
            "actual"
        )
        & (years > written),
        f"the key ({', '.join(key)}) stands above already: remove one row": frame.duplicated(key),
    }
    faults += wrong + [
        f"row {row + 2}, column {text}" if text[0] == "'" else f"row {row + 2}: {text}"
        for text, bad in tests.items()
        for row in frame.index[bad.to_numpy()]
    ]
    refuse(f"{path}", faults)
    return frame.assign(value=values, year=years.astype("Int64"), kind=kind)


def printed(value: float, qualifier: str) -> str:
    """A number with the sign of its qualifier, as tables show it.

    >>> printed(620, "approx_below"), printed(1.5, "gt")
    ('≲620', '>1.5')
    """
    return f"{SIGNS[qualifier]}{value:,.10g}"


def exact(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame itself when every value is exact and actual; else InputError naming each that may not be a point."""
    soft = frame[frame["qualifier"].ne("exact") | frame["kind"].ne("actual")]
    refuse(
        "points of a figure",
        [
            f"{row.measure} {row.year}: {row.kind}, {row.qualifier}: draw it with marks(), "
            "not as an actual point"
            for row in soft.itertuples()
        ],
    )
    return frame


# ---- banks


def banks(spending: pd.DataFrame, year: int = 2021) -> pd.DataFrame:
    """Banks with printed spending: `institution_zh, institution_en, type, tech_spend, tech_spend_growth_pct,
    share_of_revenue_pct, share_change_pp, prior, revenue, contribution_pp` (money in 100 million yuan).

    `prior`, `revenue` (spending / share) and `contribution_pp` (to the growth of all) are computed, not printed.
    """
    named = spending[spending["type"].isin(["state_bank", "joint_stock_bank"]) & spending["year"].eq(year)]
    measures = ["tech_spend", "tech_spend_growth_pct", "share_of_revenue_pct", "share_change_pp"]
    exact(named[named["measure"].isin(measures)])
    key = ["institution_zh", "institution_en", "type"]
    wide = named.pivot(index=key, columns="measure", values="value").reindex(columns=measures).reset_index()
    wide = wide.dropna(subset="tech_spend").sort_values("tech_spend", ascending=False, ignore_index=True)
    wide["prior"] = wide["tech_spend"] / (1 + wide["tech_spend_growth_pct"] / 100)
    wide["revenue"] = wide["tech_spend"] / wide["share_of_revenue_pct"] * 100
    wide["contribution_pp"] = 100 * (wide["tech_spend"] - wide["prior"]) / wide["prior"].sum()
    return wide


def outliers(values: pd.Series, limit: float = 5.0) -> pd.Series:
    """True where a value lies more than `limit` median absolute deviations from the median."""
    off = (values - values.median()).abs()
    return off > limit * off.median()


def concentration(values: pd.Series) -> dict:
    """Shares of the largest one and four in per cent, and the Herfindahl index (0-10,000)."""
    share = 100 * values / values.sum()
    top = share.sort_values(ascending=False)
    return {"cr1": top.iloc[0], "cr4": top.iloc[:4].sum(), "hhi": (share**2).sum(), "n": len(share)}


def elasticity(banks: pd.DataFrame, without=()) -> dict:
    """Cross-section elasticity of spending to revenue, log on log, with HC3 standard errors: a description, not a cause.

    `without` names banks to leave out. Returns elasticity, its 95 % interval, R2 and n.
    """
    used = banks[~banks["institution_zh"].isin(without)]
    fit = sm.OLS(np.log(used["tech_spend"]), sm.add_constant(np.log(used["revenue"]))).fit(
        cov_type="HC3", use_t=True
    )
    low, high = fit.conf_int().loc["revenue"]
    return {
        "elasticity": fit.params["revenue"],
        "low": low,
        "high": high,
        "r2": fit.rsquared,
        "n": int(fit.nobs),
    }


def state_totals(spending: pd.DataFrame) -> pd.DataFrame:
    """Spending of the six state banks by year: printed totals, and the year before each from its printed growth.

    Columns `year, value, basis` (printed, computed). 2022 is neither printed nor computable and stays a gap.
    """
    group = spending[spending["type"].eq("state_bank_group")]
    wide = group.pivot(index="year", columns="measure", values="value")[
        ["tech_spend", "tech_spend_growth_pct"]
    ].dropna()
    rows = [(year, row["tech_spend"], "printed") for year, row in wide.iterrows()]
    rows += [
        (year - 1, row["tech_spend"] / (1 + row["tech_spend_growth_pct"] / 100), "computed")
        for year, row in wide.iterrows()
    ]
    return pd.DataFrame(rows, columns=["year", "value", "basis"]).sort_values("year", ignore_index=True)


# ---- securities firms, insurers, industries


def securities(spending: pd.DataFrame, year: int = 2021) -> pd.DataFrame:
    """Spending and share of revenue of securities firms; thresholds only where no value is printed."""
    rows = spending[spending["type"].eq("securities") & spending["year"].eq(year)]
    rows = rows[rows["measure"].isin(["tech_spend", "tech_spend_threshold", "share_of_revenue_pct"])]
    valued = rows.loc[rows["measure"].eq("tech_spend"), "institution_zh"]
    rows = rows[~(rows["measure"].eq("tech_spend_threshold") & rows["institution_zh"].isin(valued))]
    return rows.assign(measure=rows["measure"].str.replace("_threshold", "")).reset_index(drop=True)


def targets(industry: pd.DataFrame) -> pd.DataFrame:
    """The insurers' nine targets; `printed` shows the bound, `actual` stays missing: none is printed."""
    rows = industry[industry["domain"].eq("insurance_tech") & industry["kind"].eq("target")]
    shown = [printed(*pair) for pair in zip(rows["value"], rows["qualifier"])]
    return rows.assign(printed=shown, actual=np.nan).reset_index(drop=True)


def sizes(industry: pd.DataFrame) -> pd.DataFrame:
    """Industry sizes, actual and forecast: `series, year, value, unit, kind, qualifier`."""
    parts = [
        industry[industry["domain"].eq(domain) & industry["measure"].eq(measure)].assign(series=series)
        for series, (domain, measure, _) in SIZES.items()
    ]
    columns = ["series", "year", "value", "unit", "kind", "qualifier", "measure"]
    return pd.concat(parts)[columns].sort_values(["series", "year"], ignore_index=True)


def implied_growth(industry: pd.DataFrame) -> pd.DataFrame:
    """Growth a year that the printed ends of each series imply, beside the printed rate: both in per cent.

    Columns `series, first, last, years, implied_pct, printed_pct, printed` (with its sign)`, open_ends` (ends that are bounds).
    """
    rows = []
    for series, group in sizes(industry).groupby("series", sort=False):
        first, last = group.iloc[0], group.iloc[-1]
        years = int(last["year"] - first["year"])
        domain, _, rate = SIZES[series]
        stated = industry[
            industry["domain"].eq(domain) & industry["measure"].eq(rate) & industry["kind"].eq("forecast")
        ]
        value, sign = stated[["value", "qualifier"]].iloc[0] if len(stated) else (np.nan, "exact")
        rows.append(
            (
                series,
                first["value"],
                last["value"],
                years,
                100 * ((last["value"] / first["value"]) ** (1 / years) - 1),
                value,
                printed(value, sign) if len(stated) else None,
                int(group["qualifier"].iloc[[0, -1]].ne("exact").sum()),
            )
        )
    return pd.DataFrame(
        rows,
        columns=["series", "first", "last", "years", "implied_pct", "printed_pct", "printed", "open_ends"],
    )


def snapshot(industry: pd.DataFrame) -> pd.DataFrame:
    """The digital yuan and the sandboxes in numbers: `domain, geography, measure, as_of, printed, unit`."""
    rows = industry[
        industry["domain"].isin(["ecny", "regtech"])
        & industry["geography"].isin(["中国", "深圳"])
        & industry["value"].notna()
    ]
    shown = [printed(*pair) for pair in zip(rows["value"], rows["qualifier"])]
    return rows.assign(printed=shown)[
        ["domain", "geography", "measure", "as_of", "printed", "unit"]
    ].reset_index(drop=True)


# ---- leaders


def camps(firms: pd.DataFrame | None = None) -> pd.DataFrame:
    """Firms of each camp that the sources tie to a technology: `camp` × technology counts, `firms` named in all.

    A camp's own row and a firm named in passing are left out; an empty cell means "not named", not "not used".
    """
    firms = files.read_csv(PUBLISHED / "leader_firms.csv") if firms is None else firms
    named = firms[firms["row_level"].eq("firm")]
    pairs = named.assign(technology=named["core_technologies"].str.split(";")).explode("technology")
    table = pd.crosstab(pairs["camp"], pairs["technology"]).reindex(named["camp"].unique(), fill_value=0)
    table.insert(0, "firms", named.groupby("camp")["name_zh"].nunique())
    return table


def read_leaders(path, spec) -> pd.DataFrame:
    """A filled scoring template (data/templates/leader-scores.csv) as a panel for the firm-competitiveness index.

    Raises InputError for an unknown indicator, a unit other than the specification's, a year or value that is no
    number, an empty source. Empty values are missing, not zero.
    """
    frame = files.read_csv(path)
    value, faults = files.to_number(frame["value"], path, "value")
    known = spec.nodes.loc[spec.indicators, "unit"]
    faults += [
        f"{path}: row {row + 2}, column 'indicator': '{cell}' is unknown: use an id of {spec.id}"
        for row, cell in frame["indicator"].items()
        if cell not in known.index
    ]
    faults += [
        f"{path}: row {row + 2}, column 'unit': '{cell.unit}' is not '{known[cell.indicator]}': convert the value"
        for row, cell in frame.iterrows()
        if cell.indicator in known.index and cell.unit != known[cell.indicator]
    ]
    faults += [
        f"{path}: row {row + 2}, column 'year': '{cell}' is not a year"
        for row, cell in frame["year"].items()
        if not re.fullmatch(r"\d{4}", str(cell))
    ]
    faults += [
        f"{path}: row {row + 2}, column '{name}': empty: fill it in"
        for name in ("firm", "source", "status")
        for row in frame.index[frame[name].isna() & value.notna()]
    ]
    refuse(f"{path}", faults)
    panel = frame.assign(value=value, year=frame["year"].astype(int)).rename(
        columns={"firm": "unit", "unit": "measured_in"}
    )
    return panel.loc[value.notna(), ["unit", "year", "indicator", "value", "status", "source"]].reset_index(
        drop=True
    )
