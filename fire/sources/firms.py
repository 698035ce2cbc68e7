"""From firm, patent and deal records to the enterprise indicators and the tables of regions and cities; and what a report
printed of them.

The engine counts once: `cube` holds what was added in each city, track and year. Everything after it (stocks, shares,
averages, ranks) is arithmetic on those few thousand rows, the same whatever engine counted them.
"""

from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from fire import files
from fire.sources import engines, records

KEYS = ["city", "track", "year"]
COUNTS = [
    "firms",
    "hightech_firms",
    "rd_staff",
    "rd_staff_licensing",
    "patents",
    "invention_patents",
    "deals",
    "deals_series_c",
    "deals_top_vc",
]
RATIOS = {  # name: (numerator, denominator, factor)
    "hightech_share_pct": ("hightech_firms", "firms", 100),
    "invention_share_pct": ("invention_patents", "patents", 100),
    "rd_staff_per_firm": ("rd_staff", "firms", 1),
    "patents_per_firm": ("patents", "firms", 1),
    "deals_per_firm": ("deals", "firms", 1),
    "deals_top_vc_per_firm": ("deals_top_vc", "firms", 1),
}
SERIES_C = ["C轮", "D轮", "E轮", "F轮", "Pre-IPO"]
PRINTED = ["firm_regions", "firm_tech", "firm_region_tech"]  # files of printed facts
MEASURES = ["value", "rank", "share_pct", "share_of_tech_pct"]
BY = {"tech": "category", "national": "nation"}  # kinds of units, as the columns of a cube name them
SAME = {
    "deals_total": "deals",
    "vc_deals": "deals",
    "vc_attraction": "deals_top_vc",
}  # other names of a count
PRINTED_SOURCE = {"zh": "报告正文刊载的数字", "en": "Numbers printed in the text of the report"}
INDICATORS = [
    "firms",
    "deals",
    "patents_cumulative",
    "patents_period",
    "hightech_firms",
    "deals_series_c",
    "deals_top_vc",
    "invention_patents",
    "rd_staff",
    "rd_staff_licensing",
]


def cube(firms: ibis.Table, patents: ibis.Table, deals: ibis.Table, holders_only: bool = True) -> ibis.Table:
    """What each city, track and year added: one row a (city, track, year) with the columns COUNTS.

    A firm counts in its founding year and under its main track, a patent in its application year and under its own
    track, R&D staff of licensing firms in the year of the firm's first transfer or licence. `holders_only` keeps firms
    with at least one patent (chapter 4). Distinct firms come from one row a firm, never from a grouped distinct count,
    so memory is bounded by the number of firms, not of patents.
    """
    first = patents.group_by("firm").agg(licensed=_.applied.year().min(where=_.transfer.notnull()))
    members = firms.join(first, "firm", how="inner" if holders_only else "left")[
        ["firm", "city", "track", "founded", "hightech", "rd_staff", "licensed"]
    ]
    founded = members.group_by("city", "track", year=_.founded.year()).agg(
        firms=_.count(), hightech_firms=_.hightech.cast("int64").sum(), rd_staff=_.rd_staff.sum()
    )
    licensing = (
        members.filter(_.licensed.notnull())
        .group_by("city", "track", year=ibis.greatest(_.licensed, _.founded.year()))
        .agg(rd_staff_licensing=_.rd_staff.sum())
    )
    applied = (
        patents.join(firms[["firm", "city"]], "firm")
        .group_by("city", "track", year=_.applied.year())
        .agg(patents=_.count(), invention_patents=_.count(where=_.kind == "发明"))
    )
    funded = (
        deals.join(members[["firm", "city", "track"]], "firm")
        .group_by("city", "track", year=_.date.year())
        .agg(
            deals=_.count(),
            deals_series_c=_.count(where=_["round"].isin(SERIES_C)),
            deals_top_vc=_.count(where=_.top_vc),
        )
    )
    return stacked([founded, licensing, applied, funded])


def stacked(parts: list[ibis.Table]) -> ibis.Table:
    """Parts with different counts as one table over the same keys; a count that a part lacks adds nothing."""
    keys = {key: {"year": "int32"}.get(key, "string") for key in KEYS}
    full = [
        part.select(
            **{key: part[key].cast(kind) for key, kind in keys.items()},
            **{
                name: (part[name].fill_null(0) if name in part.columns else ibis.literal(0)).cast("int64")
                for name in COUNTS
            },
        )
        for part in parts
    ]
    return ibis.union(*full).group_by(KEYS).agg(**{name: _[name].sum() for name in COUNTS})


def count(checked: records.Records, places: pd.DataFrame, holders_only: bool = True) -> pd.DataFrame:
    """The cube of checked records as a frame, with `region` and `category`, sorted by its keys."""
    tables = checked.tables
    frame = records.to_pandas(cube(tables["firms"], tables["patents"], tables["deals"], holders_only))
    region = places.set_index("city")["region"].to_dict() | {records.OTHER: records.OTHER}
    category = records.technology().set_index("track")["category"]
    frame = frame.assign(region=frame["city"].map(region), category=frame["track"].map(category))
    return frame.astype(dict.fromkeys(COUNTS, "int64") | {"year": "int64"}).sort_values(
        KEYS, ignore_index=True
    )


def load(
    year: int, places: pd.DataFrame, folder: Path | str = records.FOLDER, url: str = "duckdb://"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read, check and count the records of a folder up to the end of `year`: the cube and the data-quality table.

    `url` picks the engine (fire.engines). Raises InputError as `records.read` and `records.check` do.
    """
    con = engines.connect(url)
    checked = records.check(records.read(folder, con), con, f"{year}-12-31", places)
    return count(checked, places), checked.quality


def printed(facts: Path | None) -> pd.DataFrame:
    """What a report printed exactly of firms, first printing: `by` (region, city, group of them joined by +, nation,
    category), `unit, technology` (empty: all), `metric` (COUNTS, RATIOS), `measure` (value; rank; share_pct of the nation;
    share_of_tech_pct of the technology), `value, decimals`.

    Read from PRINTED in the folder of printed facts of an edition; empty without. Of two units printed at one rank the
    first is taken.
    """
    columns = ["by", "unit", "technology", "metric", "measure", "value", "decimals"]
    paths = [facts / f"{name}.csv" for name in PRINTED] if facts else []
    tables = [files.read_csv(path) for path in paths if path.exists()]
    if not tables:
        return pd.DataFrame(columns=columns).astype({"value": float, "decimals": int})
    tables = [
        one if "unit" in one else one.assign(unit=one["tech"], unit_type="tech", tech="") for one in tables
    ]
    rows = pd.concat(tables, ignore_index=True).rename(columns={"unit_type": "by", "tech": "technology"})
    rows = rows[rows["approx"].eq("exact") & rows["measure"].isin(MEASURES)].fillna({"technology": ""})
    rows = rows.assign(by=rows["by"].replace(BY), metric=rows["metric"].replace(SAME))
    rows = rows[rows["metric"].isin([*COUNTS, *RATIOS])].astype({"value": float, "decimals": int})
    what = ["by", "technology", "metric", "measure"]
    twice = rows["measure"].eq("rank") & rows.duplicated([*what, "value"])
    return rows[~twice].drop_duplicates([*what, "unit"])[columns].reset_index(drop=True)


def table(counted: pd.DataFrame, by: str | list[str], year: int | None = None) -> pd.DataFrame:
    """Stocks at the end of `year` (all years when None) by one or two of `region, city, category, track`.

    Returns one row a group with COUNTS and RATIOS, largest number of firms first; a ratio over zero is missing.

    >>> frame = pd.DataFrame({"region": ["a", "a"], "year": [2020, 2021], **dict.fromkeys(COUNTS, [1, 1])})
    >>> table(frame, "region", 2020)[["region", "firms", "hightech_share_pct"]].values.tolist()
    [['a', 1, 100.0]]
    """
    rows = counted if year is None else counted[counted["year"] <= year]
    sums = rows.groupby(by, as_index=False)[COUNTS].sum()
    return with_ratios(sums).sort_values("firms", ascending=False, kind="stable", ignore_index=True)


def with_ratios(sums: pd.DataFrame) -> pd.DataFrame:
    """Add the RATIOS to a frame with the COUNTS."""
    return sums.assign(
        **{
            name: factor * sums[part] / sums[whole].where(sums[whole] > 0)
            for name, (part, whole, factor) in RATIOS.items()
        }
    )


def indicators(counted: pd.DataFrame, years: list[int], status: str, source: str) -> pd.DataFrame:
    """The eight E indicators and the two of enterprise R&D as panel rows for each city and year.

    Stocks are those at the end of the year; `patents_period` counts the applications of the year itself. Cities without
    any record and years that the records do not reach are absent (missing is not zero). Firms outside the index cities
    are left out.
    """
    years = [year for year in years if year <= counted["year"].max()]
    rows = counted[counted["city"] != records.OTHER]
    cities = pd.Index(sorted(rows["city"].unique()), name="city")
    parts = []
    for year in years:
        stock = rows[rows["year"] <= year].groupby("city")[COUNTS].sum()
        flow = rows[rows["year"] == year].groupby("city")["patents"].sum().rename("patents_period")
        wide = stock.join(flow, how="left").reindex(cities, fill_value=0).fillna(0)
        parts.append(wide.rename(columns={"patents": "patents_cumulative"})[INDICATORS].assign(year=year))
    long = (
        pd.concat(parts or [pd.DataFrame(columns=[*INDICATORS, "year"], index=cities[:0])])
        .reset_index()
        .melt(["city", "year"], var_name="indicator", value_name="value")
    )
    return long.rename(columns={"city": "unit"}).assign(status=status, source=source)[
        ["unit", "year", "indicator", "value", "status", "source"]
    ]
