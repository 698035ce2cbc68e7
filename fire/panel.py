"""The panel: raw values in tidy form, one row a cell, each with its status."""

from pathlib import Path

import pandas as pd

from fire import files
from fire.errors import refuse

STATUSES = ["observed", "published", "imputed", "estimated", "assumed", "simulated"]   # from hardest to softest
KEY = ["unit", "year", "indicator"]
COLUMNS = [*KEY, "value", "status", "source"]


def read(path: Path | str) -> pd.DataFrame:
    """Read a panel from a CSV (UTF-8 or GB18030) with the columns `unit, year, indicator, value, status, source`."""
    table = files.read_csv(path)
    refuse(f"{path}", [f"row 1: column '{name}' is missing: add it" for name in COLUMNS if name not in table])
    faults = []
    for name in ("year", "value"):
        table[name], wrong = files.to_number(table[name], path, name)
        faults += wrong
    refuse(f"{path}", faults)
    table["year"] = table["year"].astype(int)
    return table[COLUMNS]


def validate(panel: pd.DataFrame, spec=None, what: str = "panel") -> pd.DataFrame:
    """Return the panel, or refuse it with all its faults: doubled keys, unknown status or indicator, infinite values."""
    faults = []
    doubled = panel[panel.duplicated(KEY, keep=False)].drop_duplicates(KEY)
    faults += [f"{unit}, {year}, {indicator}: appears more than once: keep one row"
               for unit, year, indicator in doubled[KEY].itertuples(index=False)]
    faults += [f"status '{status}' is not one of {', '.join(STATUSES)}" for status in sorted(set(panel["status"].dropna()) - set(STATUSES))]
    if spec is not None:
        faults += [f"indicator '{name}' has no rows: add them" for name in spec.indicators if name not in set(panel["indicator"])]
    infinite = panel[panel["value"].abs() == float("inf")]
    faults += [f"{unit}, {year}, {indicator}: infinite value" for unit, year, indicator in infinite[KEY].itertuples(index=False)]
    refuse(what, faults)
    return panel
