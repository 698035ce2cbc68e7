"""Digital technologies across regions: shares, concentration, specialisation and relatedness of counted records."""

import economic_complexity
import numpy as np
import pandas as pd
from inequality.theil import Theil

KEYS = ["unit", "technology"]


def matrix(counted: pd.DataFrame, value: str = "firms", rows: str = "region", columns: str = "category"):
    """Counts of `value` with units as rows and technologies as columns; largest first on both sides."""
    wide = counted.pivot_table(index=rows, columns=columns, values=value, aggfunc="sum", fill_value=0)
    return wide.loc[
        wide.sum(axis=1).sort_values(ascending=False, kind="stable").index,
        wide.sum().sort_values(ascending=False, kind="stable").index,
    ]


def shares(wide: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and technology: its `value`, shares and location quotient.

    Columns: `unit, technology, value, share_of_technology_pct, share_of_unit_pct, location_quotient`. The quotient is
    the unit's share in the technology over its share in all technologies (Balassa's revealed comparative advantage);
    above 1 the unit is specialised. Missing where a unit or technology has no count.
    """
    long = {
        "value": wide,
        "share_of_technology_pct": 100 * wide / wide.sum(),
        "share_of_unit_pct": 100 * wide.div(wide.sum(axis=1).where(wide.sum(axis=1) > 0), axis=0),
        "location_quotient": economic_complexity.rca(wide.astype(float)),
    }
    return (
        tidy(long)
        .reindex(pd.MultiIndex.from_product([wide.index, wide.columns]))
        .rename_axis(KEYS)
        .reset_index()
    )


def tidy(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Matrices of one shape as the columns of a frame by unit and technology."""
    unit, technology = KEYS
    return pd.concat(
        {name: frame.rename_axis(index=unit, columns=technology).stack() for name, frame in frames.items()},
        axis=1,
    )


def concentration(wide: pd.DataFrame) -> pd.DataFrame:
    """How each technology is spread over the units, one row a technology.

    Columns: `technology, value, leader, leader_share_pct, cr3_pct` (the three largest units), `herfindahl` (sum of
    squared shares, 1/n to 1) and `theil` (Theil T over the units, 0 to ln n; Theil 1967, library `inequality`).

    >>> found = concentration(pd.DataFrame({"t": [6, 2, 2]}, index=list("abc")))
    >>> found[["leader", "cr3_pct", "herfindahl"]].round(2).values.tolist()
    [['a', 100.0, 0.44]]
    """
    part = wide / wide.sum()
    return pd.DataFrame(
        {
            "technology": wide.columns,
            "value": wide.sum().to_numpy(),
            "leader": part.idxmax().to_numpy(),
            "leader_share_pct": 100 * part.max().to_numpy(),
            "cr3_pct": [100 * part[name].nlargest(3).sum() for name in part],
            "herfindahl": (part**2).sum().to_numpy(),
            "theil": [float(Theil(wide[name].to_numpy(float)).T) for name in wide],
        }
    )


def specialisation(wide: pd.DataFrame) -> pd.DataFrame:
    """How one-sided each unit is, one row a unit.

    Columns: `unit, value, herfindahl` (of its technology shares), `krugman` (sum of absolute differences from the
    technology shares of all other units, 0 to 2; Krugman 1991) and `main` (the technology of its largest location
    quotient).
    """
    own = wide.div(wide.sum(axis=1), axis=0)
    rest = wide.sum() - wide
    others = rest.div(rest.sum(axis=1), axis=0)
    return pd.DataFrame(
        {
            "unit": wide.index,
            "value": wide.sum(axis=1).to_numpy(),
            "herfindahl": (own**2).sum(axis=1).to_numpy(),
            "krugman": (own - others).abs().sum(axis=1).to_numpy(),
            "main": economic_complexity.rca(wide.astype(float)).idxmax(axis=1).to_numpy(),
        }
    )


def relatedness(wide: pd.DataFrame) -> pd.DataFrame:
    """How near each technology lies to what a unit is already specialised in: `unit, technology, rca, relatedness`.

    Relatedness (0 to 1) is the proximity-weighted share of the technologies in which the unit has revealed comparative
    advantage (Hidalgo et al. 2007, 2018; library `economic-complexity`); missing for a
    technology that no unit combines with another. Units and technologies without a count are left out.
    """
    some = wide.loc[wide.sum(axis=1) > 0, wide.sum() > 0].astype(float)
    advantage = economic_complexity.rca(some)
    density = economic_complexity.relatedness(advantage, proximities=proximity(advantage))
    return tidy({"rca": advantage, "relatedness": density}).reset_index()


def proximity(advantage: pd.DataFrame) -> pd.DataFrame:
    """Least probability that a unit specialised in one technology is specialised in the other, zero on the diagonal.

    Hidalgo et al. 2007, p. 484. The library's own function writes into a read-only frame under pandas 3.

    >>> float(proximity(pd.DataFrame({"a": [2, 2, 0], "b": [2, 0, 0]})).loc["a", "b"])
    0.5
    """
    special = (advantage >= 1).astype(float)
    both, count = special.T @ special, special.sum()
    larger = pd.DataFrame(np.maximum.outer(count.to_numpy(), count.to_numpy()), both.index, both.columns)
    return (both / larger.where(larger > 0, 1)).where(~np.eye(len(both), dtype=bool), 0.0)


def openings(related: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """The technologies each unit is not yet specialised in (advantage below 1) but closest to, `count` a unit."""
    near = related[related["rca"] < 1].sort_values(
        ["unit", "relatedness"], ascending=[True, False], kind="stable"
    )
    return near.groupby("unit").head(count).reset_index(drop=True)
