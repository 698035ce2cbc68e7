"""Printed facts in the folder `facts` of an edition, typed and checked: scores, and two tables of institutions.

Every value keeps its qualifier (exact, near, above …) and its kind (actual, forecast, target). Another edition brings
its own in the same columns (data/schemas/institution-spending.json, industry-indicators.json).
"""

from pathlib import Path

import pandas as pd

from fire import files
from fire.errors import Finding, refuse
from fire.sources import tables

MEASURES = ["tech_spend", "tech_spend_growth_pct", "share_of_revenue_pct", "share_change_pp"]
FAR = 5.0  # median absolute deviations beyond which a value is marked as far from the others
FEW = 4  # values below which none is called far


def values(ed) -> pd.DataFrame:
    """What the report of an edition printed exactly of cities and regions, first printing: unit_type, unit, year, node,
    measure (score, growth_pct, rank, rank_change), value, decimals.

    A row that `errata-rules.csv` of the facts drops or holds out is not taken: it is known to be a slip. Empty without
    facts.
    """
    columns = ["unit_type", "unit", "year", "node", "measure", "value", "decimals"]
    path = ed.facts and ed.facts / "index_scores.csv"
    if not path or not path.exists():
        return pd.DataFrame({name: [] for name in columns}).astype(
            {"year": int, "value": float, "decimals": int}
        )
    table, rules = files.read_csv(path), ed.facts / "errata-rules.csv"
    kept = table["approx"].eq("exact") & table["measure"].isin(["score", "growth_pct", "rank", "rank_change"])
    if rules.exists():
        rule = files.read_csv(rules)
        out = rule.loc[rule["treatment"].isin(["drop", "hold out"]), "rows"].str.split(";").explode()
        kept &= ~table["id"].isin(out)
    table = table[kept].drop_duplicates(["unit", "year", "node", "measure"])
    return table[columns].astype({"year": int, "value": float, "decimals": int}).reset_index(drop=True)


def feasible(ed) -> pd.DataFrame:
    """The range that printed facts leave (file `feasible` of an edition): unit_type, unit, year, node, measure (score,
    growth_pct, rank), low, high. Empty where the edition names no such file."""
    path = ed.path("feasible")
    columns = ["unit_type", "unit", "year", "node", "measure", "low", "high"]
    if path is None:
        return pd.DataFrame({name: [] for name in columns}).astype({"year": int, "low": float, "high": float})
    return files.read_table_with(path, columns)[columns].astype({"year": int, "low": float, "high": float})


def spending(facts: Path) -> pd.DataFrame:
    """Technology spending and staff of institutions: institution_zh, institution_en, type, year, measure, value, unit,
    qualifier, kind (always actual), one row a value. Raises InputError with every fault of the file."""
    return tables.read(facts / "institution_spending.csv", "institution-spending").assign(kind="actual")


def industry(facts: Path) -> pd.DataFrame:
    """Indicators of industries: domain, geography, year, measure, value, unit, kind, qualifier, as_of, one row a value.

    Raises InputError as `spending`, and for a kind that contradicts the year of its source (sources.csv).
    """
    written = source_years(facts)

    def from_the_future(table: pd.DataFrame) -> list[Finding]:
        late = table["kind"].eq("actual") & table["year"].gt(table["source_file"].map(written)).fillna(False)
        return [
            Finding("tables.future", **files.spot(table, row, "kind"), value="actual")
            for row in table.index[late.fillna(False).to_numpy(dtype=bool)]
        ]

    return tables.read(facts / "industry_indicators.csv", "industry-indicators", also=[from_the_future])


def source_years(facts: Path) -> pd.Series:
    """Year in which each source was written, by its key."""
    sources = files.read_table_with(facts / "sources.csv", ["source_file", "date"]).set_index("source_file")
    return sources["date"].str[:4].astype("Int64")


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


def banks(spending: pd.DataFrame, year: int | None = None) -> pd.DataFrame:
    """Banks with printed spending in `year` (default: the last with banks by name), largest first: `institution_zh,
    institution_en, type`, MEASURES (100 million yuan, per cent, percentage points), `year`, `doubted`.

    `doubted`: growth of spending, its share of revenue and the change of that share imply a growth of revenue far from
    that of the other banks of its type, so that the two shares cannot have one base.
    """
    named = spending[spending["type"].isin(["state_bank", "joint_stock_bank"])]
    named = named[named["measure"].isin(MEASURES)]
    year = named.loc[named["measure"].eq("tech_spend"), "year"].max() if year is None else year
    named = exact(named[named["year"].eq(year)])
    wide = named.pivot(
        index=["institution_zh", "institution_en", "type"], columns="measure", values="value"
    ).reindex(columns=MEASURES)
    wide = wide.reset_index().rename_axis(columns=None).dropna(subset="tech_spend")
    wide = wide.sort_values("tech_spend", ascending=False, ignore_index=True)
    share = wide["share_of_revenue_pct"]
    implied = (1 + wide["tech_spend_growth_pct"] / 100) * (share - wide["share_change_pp"]) / share
    return wide.assign(year=year, doubted=implied.groupby(wide["type"]).transform(far).astype(bool))


def far(values: pd.Series) -> pd.Series:
    """True where a value lies more than FAR median absolute deviations from the median of at least FEW values."""
    off = (values - values.median()).abs()
    return (off > FAR * off.median()) & (values.count() >= FEW)
