"""Digital technologies across regions: shares, concentration, specialisation and relatedness of counted records."""

import economic_complexity
import numpy as np
import pandas as pd
from scipy.stats import entropy

from fire.sources import records

KEYS = ["unit", "technology"]
EXPECTED = 5  # a location quotient on fewer expected counts is noise: the usual rule for tables of counts (Cochran 1954)
CLEAR = 2  # standard deviations above what is expected from which a specialisation is named


def tracks() -> pd.DataFrame:
    """The classification: `track_zh, track_en, category_zh, category_en, track_basis, category_basis`."""
    return records.technology().rename(columns={"track": "track_zh", "category": "category_zh"})


def extent(tracks: pd.DataFrame) -> dict:
    """Number of tracks and categories of a classification, and the data statuses of what it rests on."""
    basis = set(tracks["track_basis"]) | set(tracks["category_basis"])
    status = ["printed"] * (not basis <= {"assumed"}) + ["assumed"] * ("assumed" in basis)
    return {"tracks": len(tracks), "categories": tracks["category_zh"].nunique(), "status": status}


def matrix(counted: pd.DataFrame, value: str = "firms", rows: str = "region", columns: str = "category"):
    """Counts of `value` with units as rows and technologies as columns, largest first; those without any are left out."""
    wide = counted.pivot_table(index=rows, columns=columns, values=value, aggfunc="sum", fill_value=0)
    wide = wide.loc[wide.sum(axis=1).gt(0), wide.sum().gt(0)]
    return wide.loc[
        wide.sum(axis=1).sort_values(ascending=False, kind="stable").index,
        wide.sum().sort_values(ascending=False, kind="stable").index,
    ]


def shares(wide: pd.DataFrame) -> pd.DataFrame:
    """One row a unit and technology: its `value`, shares and location quotient.

    Columns: `unit, technology, value, expected, share_of_technology_pct, share_of_unit_pct, location_quotient`.
    `expected` is the count if the unit had the technologies of all units together; the quotient is the count over it
    (Balassa's revealed comparative advantage, 1965); above 1 the unit is specialised. Missing where a unit or
    technology has no count.
    """
    long = {
        "value": wide,
        "expected": expected(wide),
        "share_of_technology_pct": 100 * wide / wide.sum(),
        "share_of_unit_pct": 100 * wide.div(wide.sum(axis=1).where(wide.sum(axis=1) > 0), axis=0),
        "location_quotient": economic_complexity.rca(wide.astype(float)),
    }
    return (
        _tidy(long)
        .reindex(pd.MultiIndex.from_product([wide.index, wide.columns]))
        .rename_axis(KEYS)
        .reset_index()
    )


def expected(wide: pd.DataFrame) -> pd.DataFrame:
    """Counts if every unit had the mix of all units together."""
    counts = np.outer(wide.sum(axis=1), wide.sum()) / wide.to_numpy().sum()
    return pd.DataFrame(counts, wide.index, wide.columns)


def reliable(shares: pd.DataFrame, least: float = EXPECTED) -> pd.DataFrame:
    """The shares, location quotients on fewer than `least` expected counts missing."""
    enough = shares["expected"].ge(least)
    return shares.assign(location_quotient=shares["location_quotient"].where(enough))


def _tidy(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Matrices of one shape as the columns of a frame by unit and technology."""
    unit, technology = KEYS
    return pd.concat(
        {name: frame.rename_axis(index=unit, columns=technology).stack() for name, frame in frames.items()},
        axis=1,
    )


def concentration(wide: pd.DataFrame) -> pd.DataFrame:
    """How each technology is spread over the units, one row a technology.

    Columns: `technology, value, leader, leader_share_pct, cr3_pct` (the three largest units), `herfindahl` (sum of
    squared shares, 1/n to 1) and `theil` (Theil T over the units, 0 to ln n: Theil 1967, the relative entropy of
    their shares to equal ones).

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
            "theil": entropy(wide.to_numpy(float), np.ones((len(wide), 1)), axis=0),
        }
    )


def concentrations(counted: pd.DataFrame, amounts, rows: str = "region") -> pd.DataFrame:
    """`concentration` of several counts in one frame, told apart by the column `amount`."""
    frames = [concentration(matrix(counted, name, rows)).assign(amount=name) for name in amounts]
    found = pd.concat(frames, ignore_index=True)
    return found[["amount", *(column for column in found if column != "amount")]]


def specialisation(wide: pd.DataFrame, least: float = 0) -> pd.DataFrame:
    """How one-sided each unit is, one row a unit.

    Columns: `unit, value, herfindahl` (of its technology shares), `krugman` (sum of absolute differences from the
    technology shares of all other units, 0 to 2; Krugman 1991) and `main` (the technology of its largest location
    quotient among those with `least` expected counts; missing where there is none).
    """
    quotient = economic_complexity.rca(wide.astype(float)).where(expected(wide).ge(least))
    own = wide.div(wide.sum(axis=1), axis=0)
    rest = wide.sum() - wide
    others = rest.div(rest.sum(axis=1), axis=0)
    return pd.DataFrame(
        {
            "unit": wide.index,
            "value": wide.sum(axis=1).to_numpy(),
            "herfindahl": (own**2).sum(axis=1).to_numpy(),
            "krugman": (own - others).abs().sum(axis=1).to_numpy(),
            "main": quotient.dropna(how="all").idxmax(axis=1).reindex(wide.index).to_numpy(),
        }
    )


def cities(cube: pd.DataFrame, places: pd.DataFrame, value: str = "patents") -> pd.DataFrame:
    """`specialisation` of the cities with their coordinates `lon, lat`; those too small to tell are left out.

    `places`: columns `city, lon, lat`.
    """
    wide = matrix(cube[cube["city"].ne(records.OTHER)], value, "city")
    found = specialisation(wide, EXPECTED).dropna(subset="main")
    return found.merge(places[["city", "lon", "lat"]].rename(columns={"city": "unit"}), on="unit")


def relatedness(wide: pd.DataFrame) -> pd.DataFrame:
    """How near each technology lies to what a unit is already specialised in: `unit, technology, rca, relatedness`.

    Relatedness (0 to 1) is the proximity-weighted share of the technologies in which the unit has revealed comparative
    advantage (Hidalgo et al. 2007, 2018; library `economic-complexity`); missing for a
    technology that no unit combines with another. Units and technologies without a count are left out.
    """
    some = wide.loc[wide.sum(axis=1) > 0, wide.sum() > 0].astype(float)
    advantage = economic_complexity.rca(some)
    density = economic_complexity.relatedness(advantage, proximities=proximity(advantage))
    return _tidy({"rca": advantage, "relatedness": density}).reset_index()


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


def related(cube: pd.DataFrame, value: str = "patents") -> pd.DataFrame:
    """`relatedness` of the tracks to the regions of the index, from a cube of counted records."""
    return relatedness(matrix(cube[cube["region"].ne(records.OTHER)], value, "region", "track"))


def openings(related: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """The technologies each unit is not yet specialised in (advantage below 1) but closest to, at most `count` a unit."""
    near = related[related["rca"].lt(1) & related["relatedness"].gt(0)]
    near = near.sort_values(["unit", "relatedness"], ascending=[True, False], kind="stable")
    return near.groupby("unit").head(count).reset_index(drop=True)


# Values of sentences


def spread(found: pd.DataFrame, amount: str) -> dict:
    """Where a count of `concentrations` is most and least concentrated, and the unit that leads most technologies."""
    rows = found[found["amount"].eq(amount)].set_index("technology")
    leader = rows["leader"].value_counts().index[0]
    return {
        "tight": rows["cr3_pct"].idxmax(),
        "tight_share": rows["cr3_pct"].max(),
        "loose": rows["cr3_pct"].idxmin(),
        "loose_share": rows["cr3_pct"].min(),
        "leader": leader,
        "led": rows.index[rows["leader"].eq(leader)].tolist(),
        "top": 3,
    }


def dispersed(found: pd.DataFrame, one: str, other: str) -> dict:
    """In how many technologies (`total`) the leading unit has a `lower`, and a `higher`, share of `one` than of `other`."""
    wide = found.pivot(index="technology", columns="amount", values="leader_share_pct")[[one, other]].dropna()
    lower, higher = (int(found.sum()) for found in (wide[one].lt(wide[other]), wide[one].gt(wide[other])))
    return {"lower": lower, "higher": higher, "total": len(wide)}


def strongest(shares: pd.DataFrame, special: pd.DataFrame) -> dict:
    """The largest location quotient of `reliable` shares, and the unit of `specialisation` whose mix is nearest to all.

    Of the quotients those count whose value lies CLEAR standard deviations (Poisson) above what is expected, if any.
    """
    clear = (shares["value"] - shares["expected"]).ge(CLEAR * shares["expected"] ** 0.5)
    found = shares[clear] if clear.any() else shares
    peak = found.sort_values("location_quotient", ascending=False, kind="stable").iloc[0]
    even = special.sort_values("krugman", kind="stable").iloc[0]
    return {
        "unit": peak["unit"],
        "technology": peak["technology"],
        "quotient": peak["location_quotient"],
        "value": peak["value"],
        "expected": peak["expected"],
        "even": even["unit"],
        "krugman": even["krugman"],
        "least": EXPECTED,
    }


def commonest(special: pd.DataFrame) -> dict:
    """The technology in which most of the `count` units of `specialisation` are strongest."""
    main = special["main"].value_counts()
    return {"count": int(main.sum()), "most": main.index[0], "number": int(main.iloc[0]), "least": EXPECTED}


def nearest(near: pd.DataFrame) -> dict:
    """The closest of all `openings`."""
    first = near.sort_values("relatedness", ascending=False, kind="stable").iloc[0]
    return {"unit": first["unit"], "track": first["technology"], "value": first["relatedness"]}
