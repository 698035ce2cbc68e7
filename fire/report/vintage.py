"""The year that the data of a cell are of, which is not the year of the index that they make."""

from functools import cache

import pandas as pd

from fire.sources import statistics

CELL = ["unit", "year", "indicator"]


def years(ed) -> pd.Series:
    """Year of the data by unit, index year and indicator, of the cells for which it is on record.

    On record are cells computed from city statistics that the edition reads (`stat_year` of its checked cells), and those
    whose source stands in data/statistics: a public index with the value of the cell, or statistics of the city for the
    year before (`statistics.panel_of`).
    """
    cells = ed.index.panel.dropna(subset="value").astype({"unit": str, "indicator": str})
    computed = cells[cells["indicator"].isin(statistics.INDICATORS.values())]
    found = [
        _read(ed),
        cells.merge(_indices(), on=["unit", "source", "value"]),
        computed.merge(_cities(), on=["unit", "source", "year"]),
    ]
    told = pd.concat([one[[*CELL, "vintage"]] for one in found if len(one)] or [_read(ed)])
    return told.drop_duplicates(CELL).set_index(CELL)["vintage"].astype(int)


def span(ed, node: str) -> dict:
    """The year of the data under a node in the year ranked (data) and in the year before (data_before); None where it is not
    on record for every cell, or the cells have several."""
    told = years(ed).reset_index()
    told = told[told["indicator"].isin(ed.spec.branch(node).indicators)]
    whole = len(ed.index.units) * len(ed.spec.branch(node).indicators)
    found = {}
    for key, year in (("data", ed.year), ("data_before", ed.compared)):
        own = told.loc[told["year"].eq(year), "vintage"]
        found[key] = int(own.iloc[0]) if len(own) == whole and own.nunique() == 1 else None
    return found


def _read(ed) -> pd.DataFrame:
    """Cells computed from statistics that the edition itself reads."""
    cells = ed.check().cells if "sources" in ed.settings else pd.DataFrame()
    cells = cells.rename(columns={"stat_year": "vintage"}).reindex(columns=[*CELL, "vintage"])
    return cells.dropna(subset="vintage").astype({"year": int})


@cache
def _indices() -> pd.DataFrame:
    """Years of public indices by unit, source and value; without those that two years have in common."""
    table = statistics.indices().dropna(subset="value")[["city", "source", "value", "year"]]
    table = table.drop_duplicates(["city", "source", "value"], keep=False)
    return table.rename(columns={"city": "unit", "year": "vintage"})


@cache
def _cities() -> pd.DataFrame:
    """Years of city statistics by unit, source and the year of the index that they make."""
    table = statistics.read().dropna(subset="value")[["city", "source", "year"]].drop_duplicates()
    return table.rename(columns={"city": "unit"}).assign(vintage=table["year"], year=table["year"] + 1)
