"""How many candidates were tried where the printed digits decided, and how many of them fit."""

import tomllib

import pandas as pd

from fire.sources import statistics
from studies.printed2022 import published, roster

TRIALS = published.FOLDER / "trials.toml"
WITHIN = {"form": 0.0015, "population": 0.004, "inclusive_finance": 0.5}  # error that counts as a fit


def trials() -> pd.DataFrame:
    """The series, years and forms tried for 普惠金融: series, form, pairs (of years tried), first, second, largest (error of
    the best pair, points of per cent); the best first."""
    table = pd.DataFrame(tomllib.loads(TRIALS.read_text(encoding="utf-8"))["trial"])
    return table.sort_values("largest", ignore_index=True)


def counts(forms: pd.DataFrame, bases: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """One row a choice: choice (form, population, roster, inclusive_finance), tried, fit.

    `forms`, `bases`: of `identify`; `fits`: `roster.rosters`. A form fits when no printed score of F is further than WITHIN;
    a pair of population series when the base-year F of its city is not; a roster when the regions stand in the printed
    order; a series of 普惠金融 when no printed growth is further.
    """
    series = trials()
    rows = [
        ("form", len(forms), forms["largest"].le(WITHIN["form"]).sum()),
        ("population", len(bases), bases["error"].abs().le(WITHIN["population"]).sum()),
        ("roster", roster.possible(statistics.places()), len(fits)),
        ("inclusive_finance", series["pairs"].sum(), series["largest"].le(WITHIN["inclusive_finance"]).sum()),
    ]
    return pd.DataFrame(rows, columns=["choice", "tried", "fit"])
