"""Observed city statistics: GDP, services, population and urban population, and the panel of pillar F made of them.

The index of a year is computed from the statistics of the year before, so the statistics of 2020 make index year 2021.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.errors import Finding
from fire.index.panel import STATUSES
from fire.sources import tables
from fire.sources.names import MEASURE_NAMES

PATH = files.DATA / "statistics" / "cities.csv"
INDICES = PATH.with_name("public-indices.csv")
COLUMNS = ["city", "year", "measure", "value", "unit", "status", "source", "note"]
KEY = ["city", "year", "measure"]
UNITS = {
    "gdp": "亿元",
    "tertiary": "亿元",
    "population": "万人",
    "urban_population": "万人",
    "registered_population": "万人",
}
OPTIONAL = ["registered_population"]  # need not be there for every city
INDICATORS = {
    "gdp": "gdp",
    "tertiary_share": "tertiary_share",
    "population": "pop_size",
    "urban_population": "pop_structure",
}
CENSUSES = (2010, 2020)


def read(path: Path | str = PATH, cities: list[str] | None = None) -> pd.DataFrame:
    """Read and check a file of city statistics; one row for each city, year and measure, values in 亿元 and 万人.

    `cities` are those that must be there (default: the cities of data/places.csv). UTF-8, GB18030, thousands separators
    and full-width digits are read. Raises InputError with every fault by file, row and column; the file is not changed.
    """
    cities = places()["city"].tolist() if cities is None else cities
    also = (_cell_faults, _sum_faults, lambda table: _missing_cities(table, cities))
    return tables.read(path, "city-statistics", also=also)[COLUMNS].astype({"year": int})


def indices(path: Path | str = INDICES) -> pd.DataFrame:
    """Public indices that others made: one row for each city, year of the index and measure; the columns of `read`.

    Raises InputError with every fault by file, row and column.
    """
    return tables.read(path, "public-indices")[COLUMNS].astype({"year": int})


def places() -> pd.DataFrame:
    """The cities of the index (data/places.csv) with typed coordinates."""
    return files.read_csv(files.DATA / "places.csv").astype({"lon": float, "lat": float})


def _measure(name: str, part: str = "measure") -> dict:
    """A measure in both languages, as values of a finding."""
    zh, en = MEASURE_NAMES[name]
    return {part: zh, f"{part}_en": en}


def _cell_faults(table: pd.DataFrame) -> list[Finding]:
    """Cells that cannot be: a unit that is not that of the measure, a value that is not positive or has no status."""
    faults = []
    for row, cell in enumerate(table.itertuples()):
        said = _measure(cell.measure) if cell.measure in UNITS else {}
        if said and cell.unit in UNITS.values() and cell.unit != UNITS[cell.measure]:
            place = files.spot(table, row, "unit")
            faults.append(Finding("tables.unit", **place, value=cell.unit, unit=UNITS[cell.measure], **said))
        if said and cell.value <= 0:
            value = f"{cell.value:g}"
            place = files.spot(table, row, "value")
            faults.append(Finding("tables.positive", **place, value=value, city=cell.city, **said))
        if pd.notna(cell.value) and pd.isna(cell.status):
            place = files.spot(table, row, "status")
            faults.append(Finding("tables.empty", **place))
    return faults


def _sum_faults(table: pd.DataFrame) -> list[Finding]:
    """Parts larger than their whole: services above GDP, urban population above population."""
    kept = table.assign(at=range(len(table))).dropna(subset=KEY).drop_duplicates(KEY)
    rows = kept.set_index(KEY)["at"]
    wide = kept.pivot(index=["city", "year"], columns="measure", values="value").reindex(columns=list(UNITS))
    return [
        Finding(
            "tables.part",
            **files.spot(table, rows[(*key, part)], "value"),
            city=key[0],
            year=f"{key[1]:.0f}",
            **_measure(part),
            **_measure(whole, "whole"),
        )
        for part, whole in (("tertiary", "gdp"), ("urban_population", "population"))
        for key in wide.index[(wide[part] > wide[whole]) & (wide[whole] > 0)]
    ]


def _missing_cities(table: pd.DataFrame, cities: list[str]) -> list[Finding]:
    """Cities of the index without a row, for each year and measure that the file gives at all."""
    faults = []
    for (year, measure), group in table.groupby(["year", "measure"], sort=True):
        given = set(group["city"])
        absent = [city for city in cities if city not in given]
        if absent and measure in UNITS and measure not in OPTIONAL:
            said = {"year": f"{year:.0f}", **_measure(measure)}
            place = files.spot(table, column="city")
            faults.append(Finding("tables.no_row", **place, value="、".join(absent), **said))
    return faults


def _wide(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values and statuses by (city, year), one column for each measure."""
    keyed = table.dropna(subset="value").set_index(KEY)
    return keyed["value"].unstack().reindex(columns=list(UNITS)), keyed["status"].unstack().reindex(
        columns=list(UNITS)
    )


def estimate(table: pd.DataFrame, years: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`_wide`, with gaps in population filled from the two censuses (when the file has them) and marked `estimated`.

    Population is interpolated geometrically; the urban share on the logit scale. A city whose share is missing in
    the last census moves from the first as the median city did.
    """
    from scipy.special import expit, logit

    value, status = _wide(table)
    if not set(CENSUSES) <= set(value.index.get_level_values("year")):
        return value, status
    first, last = (value.xs(year, level="year") for year in CENSUSES)
    share_first, share_last = (
        logit((census["urban_population"] / census["population"]).clip(upper=0.999))
        for census in (first, last)
    )
    share_last = share_last.fillna(share_first + (share_last - share_first).median())
    for year in years:
        step = (year - CENSUSES[0]) / (CENSUSES[1] - CENSUSES[0])
        people = first["population"] ** (1 - step) * last["population"] ** step
        urban = expit(share_first + step * (share_last - share_first))
        for city in first.index:
            for name, guess in (("population", people), ("urban_population", urban)):
                if pd.isna(value[name].get((city, year), np.nan)):
                    whole = value.at[(city, year), "population"] if name == "urban_population" else 1
                    value.loc[(city, year), name], status.loc[(city, year), name] = (
                        guess[city] * whole,
                        "estimated",
                    )
    return value, status


def panel(
    path: Path | str = PATH, years: tuple[int, ...] = (2020, 2021), cities: list[str] | None = None
) -> pd.DataFrame:
    """`panel_of` a file of city statistics, for index `years`."""
    cities = places()["city"].tolist() if cities is None else cities
    return panel_of(read(path, cities), years, cities)


def panel_of(table: pd.DataFrame, years, cities: list[str]) -> pd.DataFrame:
    """The four indicators of pillar F as a panel (unit, year, indicator, value, status, source) for index `years`.

    gdp 亿元, tertiary_share per cent, pop_size 万人, pop_structure (urban population) 万人, from the statistics of the
    year before (the columns of `read`). A cell is as soft as its softest input; gaps in population are estimated from
    the censuses, when the table has them; a gap in GDP or services stays missing (no row).
    """
    value, status = estimate(table, [year - 1 for year in years])
    value["tertiary_share"] = 100 * value["tertiary"] / value["gdp"]
    status["tertiary_share"] = [softest(pair) for pair in status[["tertiary", "gdp"]].itertuples(index=False)]
    source = (
        table.dropna(subset="value")
        .set_index(KEY)["source"]
        .unstack()
        .reindex(columns=list(UNITS))
        .reindex(value.index)
    )
    source["tertiary_share"] = source["tertiary"]
    tidy = pd.DataFrame(
        {
            name: frame[list(INDICATORS)].rename(columns=INDICATORS).rename_axis(columns="indicator").stack()
            for name, frame in (("value", value), ("status", status), ("source", source.fillna("C1")))
        }
    ).reset_index()
    tidy = (
        tidy.rename(columns={"city": "unit"})
        .dropna(subset="value")
        .assign(year=lambda frame: frame["year"] + 1)
    )
    tidy = tidy[tidy["year"].isin(years) & tidy["unit"].isin(cities)]
    order = {city: place for place, city in enumerate(cities)}
    return tidy.sort_values(
        ["year", "indicator", "unit"],
        key=lambda column: column.map(order) if column.name == "unit" else column,
        ignore_index=True,
    )[["unit", "year", "indicator", "value", "status", "source"]]


def softest(statuses) -> str | float:
    """The softest of some statuses; missing when one of them is."""
    return (
        max(statuses, key=STATUSES.index) if all(isinstance(status, str) for status in statuses) else np.nan
    )
