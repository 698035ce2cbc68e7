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


def years(facts: Path, until: int) -> dict:
    """Years in which the sources were written, up to the year `until`: the one most of the spending is from (`compiled`), and
    all that name leading firms (`texts`). Values of every text."""
    written = printed.source_years(facts)
    spending = files.read_csv(facts / "institution_spending.csv")["source_file"].map(written)
    firms = files.read_csv(facts / "leader_firms.csv")["source_file"].map(written)
    return {"compiled": int(spending.mode().iloc[0]), "texts": [str(year) for year in sorted(firms.unique())]}


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
    """Spending of each bank and what follows from the printed numbers: institution (zh, en), tech_spend, prior, revenue,
    contribution_pp."""
    return banks[["institution_zh", "institution_en", "tech_spend", "prior", "revenue", "contribution_pp"]]


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


def state_totals(spending: pd.DataFrame, written: pd.Series) -> pd.DataFrame:
    """Printed totals of the state banks by year: `year, value, growth_pct, before` (the year before, computed from the
    printed growth), `written` (year of the source). `written`: years of the sources, as `printed.source_years`."""
    group = spending[spending["type"].eq("state_bank_group")]
    wide = group.pivot(index=["year", "source_file"], columns="measure", values="value").reset_index()
    wide = wide.rename(columns={"tech_spend": "value", "tech_spend_growth_pct": "growth_pct"})
    wide = wide.dropna(subset=["value", "growth_pct"]).astype({"year": int})
    wide["before"] = wide["value"] / (1 + wide["growth_pct"] / 100)
    wide["written"] = wide["source_file"].map(written).astype(int)
    return wide[["year", "value", "growth_pct", "before", "written"]].sort_values("year", ignore_index=True)


def path(totals: pd.DataFrame, until: int) -> dict:
    """The last total of the state banks from a source written by the year `until`, and under `later` the last one that
    a source written after it prints (None without one): values of a sentence, billion yuan in `_bn`."""
    told = totals["written"].le(until)
    found = {"known": totals[told], "later": totals[~told]}
    return {name: _said(part.iloc[-1]) if len(part) else None for name, part in found.items()}


def _said(total: pd.Series) -> dict:
    """One total of the state banks for a sentence."""
    amounts = {f"{name}_bn": total[name] / 10 for name in ("value", "before")}
    return total.to_dict() | {name: str(int(total[name])) for name in ("year", "written")} | amounts


# Securities firms, insurers, industries -------------------------------------------------------------------------------


def securities(spending: pd.DataFrame, year: int) -> pd.DataFrame:
    """Securities firms, the largest spending first: institution (zh, en), `tech_spend_printed` and `revenue_share_printed`
    with the sign of their qualifier; a threshold only where no value is printed. `attrs["most"]`: values of a sentence."""
    rows = spending[spending["type"].eq("securities") & spending["year"].eq(year)]
    order = ["tech_spend", "tech_spend_threshold", "share_of_revenue_pct"]
    rows = _with_signs(rows[rows["measure"].isin(order)].sort_values("value", ascending=False))
    rows = rows.sort_values("measure", key=lambda names: names.map(order.index), kind="stable")
    amounts = rows[rows["measure"].ne(order[2])].drop_duplicates("institution_zh")
    columns = {"tech_spend_printed": amounts, "revenue_share_printed": rows[rows["measure"].eq(order[2])]}
    table = rows[["institution_zh", "institution_en"]].drop_duplicates(ignore_index=True)
    for name, part in columns.items():
        table[name] = table["institution_zh"].map(part.set_index("institution_zh")["printed"])
    exact = amounts[amounts["qualifier"].eq("exact")]
    most = exact.iloc[0]
    table.attrs["most"] = {
        "exact": len(exact),
        "bounds": len(amounts) - len(exact),
        "top": most["value"],
        "top_bn": most["value"] / 10,
        "leader": {"zh": most["institution_zh"], "en": most["institution_en"]},
    }
    return table


def _with_signs(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of printed values with `printed`: the number with the sign of its qualifier."""
    pairs = zip(rows["value"], rows["qualifier"], strict=True)
    return rows.assign(printed=[shown(*pair) for pair in pairs]).reset_index(drop=True)


def targets(industry: pd.DataFrame) -> pd.DataFrame:
    """The insurers' targets: the rows of `industry` with `printed`, the bound with its sign. No actual value is printed."""
    return _with_signs(industry[industry["domain"].eq("insurance_tech") & industry["kind"].eq("target")])


def scorecard(targets: pd.DataFrame) -> pd.DataFrame:
    """Targets as a table: goal and measure_unit (terms), target, target_year."""
    heads = {"measure": "goal", "printed": "target", "unit": "measure_unit", "year": "target_year"}
    return targets[list(heads)].rename(columns=heads)


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

    Columns `series, measure_unit` (terms), `from_year, size_from, to_year, size_to` (both values with their sign), `implied_pct`,
    `printed_pct` and `printed_rate` (the printed rate, and with its sign; missing where none is printed).
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
                "measure_unit": first["unit"],
                "from_year": int(first["year"]),
                "size_from": first["printed"],
                "to_year": int(last["year"]),
                "size_to": last["printed"],
                "implied_pct": 100 * ((last["value"] / first["value"]) ** (1 / years) - 1),
                "printed_pct": value,
                "printed_rate": shown(value, sign) if len(stated) else None,
            }
        )
    return pd.DataFrame(rows)


def unlike(growth: pd.DataFrame) -> dict:
    """Series whose printed growth does not fit their printed ends: values of a sentence."""
    off = growth[(growth["implied_pct"] - growth["printed_pct"]).abs().gt(UNLIKE)]
    return {
        "off": off["series"].tolist(),
        "implied": " / ".join(f"{value:.1f}" for value in off["implied_pct"]),
        "stated": " / ".join(off["printed_rate"]),
    }


def snapshot(industry: pd.DataFrame) -> pd.DataFrame:
    """The digital yuan and the sandboxes in numbers: `field, place, measure, printed, measure_unit, as_of` (terms)."""
    rows = industry[
        industry["domain"].isin(["ecny", "regtech"])
        & industry["geography"].isin(["中国", "深圳"])
        & industry["value"].notna()
    ]
    heads = {"domain": "field", "geography": "place", "unit": "measure_unit"}
    rows = rows.assign(
        domain=rows["domain"].replace("regtech", "sandbox"),
        as_of=rows["as_of"].str.replace(r"^at writing \((\d+)\)$", r"\1", regex=True),
    )
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


def firms(facts: Path, until: int) -> pd.DataFrame:
    """Firms that sources written by the year `until` name as leaders: firm_name, camp, focus (terms), core_technologies; a
    camp's own row and a firm named in passing are left out."""
    table = files.read_csv(facts / "leader_firms.csv")
    written = table["source_file"].map(printed.source_years(facts))
    table = table[table["row_level"].eq("firm") & written.le(until)].reset_index(drop=True)
    table = table.rename(columns={"name_zh": "firm_name", "focus_business": "focus"})
    return table.assign(camp="camp_" + table["camp"])


def named_most(firms: pd.DataFrame) -> dict:
    """The camp with most firms and the technologies named for most firms: values of a sentence."""
    camps = firms["camp"].value_counts()
    use = firms["core_technologies"].str.split(";").explode().value_counts()
    return {
        "most": camps.index[0],
        "count": int(camps.iloc[0]),
        "total": len(firms),
        "technologies": list(use.index[use.eq(use.max())]),
    }


def profiles(firms: pd.DataFrame) -> pd.DataFrame:
    """Firms as a table: firm_name, camp, focus (terms), and technologies in both languages (empty = not named)."""
    known, marks = codebook.words(), {"zh": "、", "en": ", "}
    lists = firms["core_technologies"].str.split(";")
    named = {
        f"technologies_{lang}": [
            mark.join(known[one][lang] for one in cell) if isinstance(cell, list) else None for cell in lists
        ]
        for lang, mark in marks.items()
    }
    return firms[["firm_name", "camp", "focus"]].assign(**named)


def criteria(facts: Path) -> list[dict]:
    """Published criteria for leading firms, for a sentence: each `publisher` (a term) with its `criteria` (terms)."""
    table = files.read_csv(facts / "leader_criteria.csv")
    table = table[table["kind"].isin(["dimension", "selection_criterion"])]
    return [
        {"publisher": publisher, "criteria": part["criterion_zh"].tolist()}
        for publisher, part in table.groupby("publisher", sort=False)
    ]


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
