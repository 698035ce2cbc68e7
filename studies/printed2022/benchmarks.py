"""Other rankings of cities beside that of the index: how far they agree, and how much few cities and many draws leave open.

Each ranking is held against the index on the cities that both have, by Spearman's and Kendall's rank correlation. Two
intervals stand beside it: over the draws of what is not known of the index (5 to 95 per cent), and the one that so few
cities leave (95 per cent; Bonett and Wright, Psychometrika 65, 2000; Fieller, Hartley and Pearson, Biometrika 44, 1957).
A list of the first ten is cut off at its end, which lowers the correlation. Agreement says nothing about causes.
"""

import numpy as np
import pandas as pd

from fire import files
from fire.analysis import rankings
from studies.printed2022 import published

NAMED = published.FOLDER / "benchmarks.csv"  # the indices that the report names, and what is at hand of each
LEAST = 5  # cities in common from which an interval is given
NORMAL = 1.959964  # two-sided 95 per cent
SPREAD = [0.05, 0.95]


def compared(ed) -> pd.DataFrame:
    """Every ranking of others up to the year in which the edition appeared, with at least LEAST cities in common, the most
    first: index_name, year, n, `spearman` and
    `kendall` (medians over the draws) with `<name>_low`, `<name>_high` (range over the draws), ci_low, ci_high (Spearman),
    kendall_ci_low, kendall_ci_high, and `gdp_spearman`: the correlation that gross product alone
    has with the ranking on these cities."""
    each, own = rankings.by_draw(ed), rankings.own(ed)
    size = ed.index.steps().raw.loc[ed.year, "gdp"].rank(ascending=False)
    rows, ours = [], rankings.places_of(each, own)
    for (name, year), theirs in rankings.others(each[0], own[0]):
        if name.startswith("FIRE ") or year > ed.year + 1:
            continue
        found = rankings.correlations(ours, theirs)
        if found["n"].min() >= LEAST:
            alone = theirs.corr(size.reindex(theirs.index), method="spearman")
            rows.append({"index_name": name, "year": year, **_row(found), "gdp_spearman": alone})
    return pd.DataFrame(rows).sort_values("n", ascending=False, kind="stable", ignore_index=True)


def _row(found: pd.DataFrame) -> dict:
    """Correlations of one ranking, from those under each draw."""
    n, row = int(found["n"].iloc[0]), {}
    spread = {
        "spearman": lambda r: np.sqrt((1 + r**2 / 2) / (n - 3)),
        "kendall": lambda r: np.sqrt(0.437 / (n - 4)),
    }
    for name, error in spread.items():
        middle, (low, high) = found[name].median(), found[name].quantile(SPREAD)
        ends = interval(middle, error(middle))
        prefix = "" if name == "spearman" else f"{name}_"
        row |= {
            name: middle,
            f"{name}_low": low,
            f"{name}_high": high,
            f"{prefix}ci_low": ends[0],
            f"{prefix}ci_high": ends[1],
        }
    return {"n": n} | row


def interval(correlation: float, error: float) -> tuple[float, float]:
    """Ends of the 95 per cent interval of a correlation by Fisher's transformation; `error`: its standard error there.

    >>> tuple(round(end, 3) for end in interval(0.8, 0.2))
    (0.609, 0.903)
    """
    z = np.arctanh(np.clip(correlation, -0.999999, 0.999999))
    return float(np.tanh(z - NORMAL * error)), float(np.tanh(z + NORMAL * error))


def named() -> dict:
    """The indices that the report names: how many (named), those of which a list of cities is at hand (listed, with the
    number of its cities of the index) and those of which there is none (absent), as names in both languages."""
    table = files.read_csv(NAMED)
    have = table["index_name"].notna()
    groups = {"listed": table[have], "absent": table[~have]}
    return {"named": len(table)} | {
        name: {lang: rows[f"name_{lang}"].tolist() for lang in ("zh", "en")} for name, rows in groups.items()
    }


def widest(table: pd.DataFrame) -> dict:
    """The ranking with most cities in common: its values for a sentence, and the span of Spearman's correlation over all of
    them (least, most)."""
    first = table.iloc[0]
    names = ["index_name", "n", "spearman_low", "spearman_high", "ci_low", "ci_high", "gdp_spearman"]
    return {name: first[name] for name in names} | {
        "of": int(first["year"]),
        "lists": len(table),
        "fewest": int(table["n"].min()),
        "least": table["spearman"].min(),
        "most": table["spearman"].max(),
    }
