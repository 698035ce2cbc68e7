"""Institutions and industries: technology spending, targets, market sizes, the digital yuan, who may lead.

Everything rests on printed facts (`fire.sources.printed`; the folder `facts` of an edition). Every value keeps its
qualifier (exact, near, above …) and its kind (actual, forecast, target). A column of words holds terms of
data/glossary.csv.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.errors import Finding
from fire.index import spec as specs
from fire.sources import printed, tables

SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "approx": "≈", "approx_below": "≲", "assumed": "≈"}
SIZES = {
    "ai_core": ("ai", "core_industry_size", "core_industry_cagr_pct"),
    "ai_driven": ("ai", "driven_industry_size", None),
    "blockchain": ("blockchain", "industry_size", "industry_cagr_pct"),
    "cloud": ("cloud", "market_size", None),
    "big_data": ("big_data", "industry_size", "industry_growth_pct"),
}
LARGEST = 4  # of the concentration ratio
UNLIKE = 0.5  # points by which an implied rate differs from the printed one before it is named


def shown(value: float, qualifier: str) -> str:
    """A number with the sign of its qualifier, as tables show it.

    >>> shown(620, "approx_below"), shown(1.5, "gt")
    ('≲620', '>1.5')
    """
    return f"{SIGNS.get(qualifier, '')}{value:,.10g}"


def years(facts: Path) -> dict:
    """Years in which the sources were written: the one most of the spending is from (`compiled`), the last one of
    spending (`web`), all that name leading firms (`texts`). Values of every text."""
    written = printed.source_years(facts)
    spending = files.read_csv(facts / "institution_spending.csv")["source_file"].map(written)
    firms = files.read_csv(facts / "leader_firms.csv")["source_file"].map(written)
    return {
        "compiled": int(spending.mode().iloc[0]),
        "web": int(spending.max()),
        "texts": [str(year) for year in sorted(firms.unique())],
    }


def marked(banks: pd.DataFrame) -> dict:
    """Banks whose growth is extreme, and those whose share of revenue is doubted: values of every text about them."""
    return {"extreme": names(banks[banks["extreme"]]), "doubted": names(banks[banks["doubted"]])}


def names(frame: pd.DataFrame) -> dict:
    """Names of institutions in both languages, for sentences."""
    return {"zh": frame["institution_zh"].tolist(), "en": frame["institution_en"].tolist()}


# Banks ----------------------------------------------------------------------------------------------------------------


def banks(spending: pd.DataFrame, year: int | None = None) -> pd.DataFrame:
    """Banks with printed spending (as `printed.banks`), and what follows by computation (money in 100 million yuan):
    `prior` (the year before), `revenue` (spending / share), `contribution_pp` (to the growth of all), `extreme`
    (growth far from that of all others)."""
    wide = printed.banks(spending, year)
    wide["prior"] = wide["tech_spend"] / (1 + wide["tech_spend_growth_pct"] / 100)
    wide["revenue"] = wide["tech_spend"] / wide["share_of_revenue_pct"] * 100
    wide["contribution_pp"] = 100 * (wide["tech_spend"] - wide["prior"]) / wide["prior"].sum()
    wide["extreme"] = printed.far(wide["tech_spend_growth_pct"])
    return wide


def listed(banks: pd.DataFrame) -> pd.DataFrame:
    """Banks as a table: institution (zh, en), spending, growth, share of revenue, and what is computed."""
    printed_ones = ["institution_zh", "institution_en", *printed.MEASURES[:3]]
    return banks[[*printed_ones, "prior", "revenue", "contribution_pp"]]


def totals(banks: pd.DataFrame) -> dict:
    """Spending of all banks and its growth: values of a sentence (billion yuan ends in `_bn`)."""
    total, top = banks["tech_spend"].sum(), banks.loc[banks["tech_spend"].idxmax()]
    state = banks.loc[banks["type"].eq("state_bank"), "tech_spend"].sum()
    return {
        "n": len(banks),
        "of": int(banks["year"].iloc[0]),
        "total": total,
        "total_bn": total / 10,
        "growth": 100 * (total / banks["prior"].sum() - 1),
        "state": 100 * state / total,
        "leader": {"zh": top["institution_zh"], "en": top["institution_en"]},
        "top": top["tech_spend"],
        "top_bn": top["tech_spend"] / 10,
    }


def concentration(values: pd.Series) -> dict:
    """Shares of the largest one and four in per cent, and the Herfindahl index (0-10,000)."""
    share = 100 * values / values.sum()
    top = share.sort_values(ascending=False)
    return {
        "cr1": top.iloc[0],
        "cr4": top.iloc[:LARGEST].sum(),
        "hhi": (share**2).sum(),
        "n": len(share),
        "largest": LARGEST,
    }


def state_totals(spending: pd.DataFrame) -> pd.DataFrame:
    """Spending of the six state banks by year: printed totals, and the year before each from its printed growth.

    Columns `year, value, basis` (printed, computed), `growth_pct` (printed). A year that is neither printed nor
    computable stays a gap.
    """
    group = spending[spending["type"].eq("state_bank_group")]
    wide = group.pivot(index="year", columns="measure", values="value")
    wide = wide[["tech_spend", "tech_spend_growth_pct"]].dropna()
    wide.columns = ["value", "growth_pct"]
    stated = wide.reset_index().assign(basis="printed")
    before = stated["value"] / (1 + stated["growth_pct"] / 100)
    computed = pd.DataFrame({"year": stated["year"] - 1, "value": before, "basis": "computed"})
    return pd.concat([stated, computed]).astype({"year": int}).sort_values("year", ignore_index=True)


def path(totals: pd.DataFrame) -> dict:
    """First and last total of the state banks, their printed growth, years without a total: values of a sentence."""
    first, last, rates = totals.iloc[0], totals.iloc[-1], totals["growth_pct"].dropna()
    whole = range(first["year"], last["year"])
    return {
        "first": int(first["year"]),
        "last": int(last["year"]),
        "low": first["value"],
        "high": last["value"],
        "low_bn": first["value"] / 10,
        "high_bn": last["value"] / 10,
        "before": rates.iloc[0],
        "after": rates.iloc[-1],
        "gap": [str(year) for year in whole if year not in set(totals["year"])],
    }


# Securities firms, insurers, industries -------------------------------------------------------------------------------


def securities(spending: pd.DataFrame, year: int) -> pd.DataFrame:
    """Spending and share of revenue of securities firms; thresholds only where no value is printed; `printed` carries
    the sign of the qualifier."""
    rows = spending[spending["type"].eq("securities") & spending["year"].eq(year)]
    rows = rows[rows["measure"].isin(["tech_spend", "tech_spend_threshold", "share_of_revenue_pct"])]
    valued = rows.loc[rows["measure"].eq("tech_spend"), "institution_zh"]
    rows = rows[~(rows["measure"].eq("tech_spend_threshold") & rows["institution_zh"].isin(valued))]
    rows = rows.assign(measure=rows["measure"].str.replace("_threshold", ""))
    return _with_signs(rows)


def _with_signs(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of printed values with `printed`: the number with the sign of its qualifier."""
    pairs = zip(rows["value"], rows["qualifier"], strict=True)
    return rows.assign(printed=[shown(*pair) for pair in pairs]).reset_index(drop=True)


def disclosed(securities: pd.DataFrame) -> dict:
    """How many firms print an amount and how many a bound, and who spent most: values of a sentence."""
    amounts = securities[securities["measure"].eq("tech_spend")]
    exact = amounts[amounts["qualifier"].eq("exact")]
    most = exact.loc[exact["value"].idxmax()]
    return {
        "exact": len(exact),
        "bounds": len(amounts) - len(exact),
        "top": most["value"],
        "top_bn": most["value"] / 10,
        "leader": {"zh": most["institution_zh"], "en": most["institution_en"]},
    }


def targets(industry: pd.DataFrame) -> pd.DataFrame:
    """The insurers' targets: the rows of `industry` with `printed`, the bound with its sign. No actual value is printed."""
    return _with_signs(industry[industry["domain"].eq("insurance_tech") & industry["kind"].eq("target")])


def scorecard(targets: pd.DataFrame) -> pd.DataFrame:
    """Targets as a table: goal and measure_unit (terms), target, target_year, actual (empty)."""
    return pd.DataFrame(
        {
            "goal": targets["measure"],
            "target": targets["printed"],
            "measure_unit": targets["unit"],
            "target_year": targets["year"],
            "actual": np.nan,
        }
    )


def highest(targets: pd.DataFrame) -> dict:
    """The most demanding target in per cent: values of a sentence."""
    high = targets[targets["unit"].eq("pct")].loc[lambda rows: rows["value"].idxmax()]
    return {"n": len(targets), "goal": high["measure"], "top": high["value"], "until": int(high["year"])}


def sizes(industry: pd.DataFrame) -> pd.DataFrame:
    """Industry sizes, actual and forecast: `series, year, value, unit, kind, qualifier, measure, printed`."""
    parts = [
        industry[industry["domain"].eq(domain) & industry["measure"].eq(measure)].assign(series=series)
        for series, (domain, measure, _) in SIZES.items()
    ]
    columns = ["series", "year", "value", "unit", "kind", "qualifier", "measure"]
    return _with_signs(pd.concat(parts)[columns].sort_values(["series", "year"], ignore_index=True))


def implied_growth(industry: pd.DataFrame) -> pd.DataFrame:
    """Growth a year that the printed ends of each series imply, beside the printed rate: both in per cent.

    Columns `series, first, last, years, implied_pct, printed_pct, shown` (the printed rate with its sign, None where
    none is printed), `open_ends` (ends that are bounds).
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
            {
                "series": series,
                "first": first["value"],
                "last": last["value"],
                "years": years,
                "implied_pct": 100 * ((last["value"] / first["value"]) ** (1 / years) - 1),
                "printed_pct": value,
                "printed": shown(value, sign) if len(stated) else None,
                "open_ends": int(group["qualifier"].iloc[[0, -1]].ne("exact").sum()),
            }
        )
    return pd.DataFrame(rows)


def unlike(growth: pd.DataFrame) -> dict:
    """Series whose printed growth does not fit their printed ends: values of a sentence."""
    off = growth[(growth["implied_pct"] - growth["printed_pct"]).abs().gt(UNLIKE)]
    return {
        "off": off["series"].tolist(),
        "implied": " / ".join(f"{value:.1f}" for value in off["implied_pct"]),
        "stated": " / ".join(off["printed"]),
    }


def snapshot(industry: pd.DataFrame) -> pd.DataFrame:
    """The digital yuan and the sandboxes in numbers: `field, place, measure, printed, measure_unit, as_of` (terms)."""
    rows = industry[
        industry["domain"].isin(["ecny", "regtech"])
        & industry["geography"].isin(["中国", "深圳"])
        & industry["value"].notna()
    ]
    heads = {"domain": "field", "geography": "place", "unit": "measure_unit"}
    rows = rows.assign(domain=rows["domain"].replace("regtech", "sandbox"))
    return _with_signs(rows).rename(columns=heads)[
        ["field", "place", "measure", "printed", "measure_unit", "as_of"]
    ]


def yuan(industry: pd.DataFrame) -> dict:
    """Value and mean size of digital-yuan transactions (yuan), regions and projects of the sandboxes: values of a
    sentence."""
    whole = industry[industry["geography"].eq("中国") & industry["value"].notna()]
    value = whole[whole["domain"].isin(["ecny", "regtech"])].set_index("measure")["value"]
    sum_of = value["transaction_value_cumulative"]
    return {
        "value": sum_of,
        "value_bn": sum_of / 10,
        "each_yuan": sum_of * 1e8 / value["transactions_cumulative"],
        "pilots": int(value["sandbox_regions"]),
        "projects": int(value["sandbox_projects"]),
    }


# Leaders --------------------------------------------------------------------------------------------------------------


def firms(facts: Path) -> pd.DataFrame:
    """Firms that the sources name as leaders: name_zh, camp (a term), focus_business, core_technologies, services; a camp's
    own row and a firm named in passing are left out."""
    table = files.read_csv(facts / "leader_firms.csv")
    return table[table["row_level"].eq("firm")].assign(camp="camp_" + table["camp"]).reset_index(drop=True)


def camps(firms: pd.DataFrame) -> pd.DataFrame:
    """Firms of each camp that the sources tie to a technology: `camp` × technology counts, `firms` named in all.

    An empty cell means "not named", not "not used".
    """
    pairs = firms.assign(technology=firms["core_technologies"].str.split(";")).explode("technology")
    table = pd.crosstab(pairs["camp"], pairs["technology"]).reindex(firms["camp"].unique(), fill_value=0)
    table.insert(0, "firms", firms.groupby("camp")["name_zh"].nunique())
    return table


def named_most(camps: pd.DataFrame) -> dict:
    """The camp with most firms and the technologies named most often: values of a sentence."""
    use = camps.drop(columns="firms").sum()
    return {
        "most": camps["firms"].idxmax(),
        "count": int(camps["firms"].max()),
        "technologies": list(use.index[use.eq(use.max())]),
    }


def profiles(firms: pd.DataFrame) -> pd.DataFrame:
    """Firms as a table: name_zh, camp (a term), focus_business, technologies (Chinese), services."""
    known = codebook.words()
    technologies = [
        "、".join(known[one]["zh"] for one in cell.split(";")) if isinstance(cell, str) else None
        for cell in firms["core_technologies"]
    ]
    return firms.assign(technologies=technologies, services=firms["services"].str.replace(";", "、"))[
        ["name_zh", "camp", "focus_business", "technologies", "services"]
    ]


def criteria(facts: Path) -> pd.DataFrame:
    """Published criteria for leading firms: geography, criterion_zh, publisher."""
    table = files.read_csv(facts / "leader_criteria.csv")
    kept = table["kind"].isin(["dimension", "selection_criterion"])
    return table.loc[kept, ["geography", "criterion_zh", "publisher"]].reset_index(drop=True)


def read_leaders(path, spec=None) -> pd.DataFrame:
    """A filled scoring template (data/templates/leader-scores.csv) as a panel for the firm-competitiveness index.

    Raises InputError for an unknown indicator, a unit other than the specification's, a year or value that is no
    number, an empty source. Empty values are missing, not zero.
    """
    spec = specs.load("firm-competitiveness") if spec is None else spec
    known = spec.nodes.loc[spec.indicators, "unit"]

    def units_and_sources(table: pd.DataFrame) -> list[Finding]:
        other = table["indicator"].isin(known.index) & table["unit"].ne(table["indicator"].map(known))
        wrong = [
            Finding(
                "tables.unit",
                **files.spot(table, row, "unit"),
                value=table["unit"][row],
                unit=known[table["indicator"][row]],
                **dict.fromkeys(["measure", "measure_en"], table["indicator"][row]),
            )
            for row in table.index[other]
        ]
        return wrong + [
            Finding("tables.empty", **files.spot(table, row, name))
            for name in ("firm", "source", "status")
            for row in table.index[table[name].isna() & table["value"].notna()]
        ]

    table = tables.read(path, "leader-scores", {"indicator": spec.indicators}, [units_and_sources])
    panel = table.drop(columns="unit").rename(columns={"firm": "unit"}).dropna(subset="value")
    return panel.astype({"year": int}).reset_index(drop=True)[
        ["unit", "year", "indicator", "value", "status", "source"]
    ]
