"""Digital technologies across regions: shares, concentration, specialisation and relatedness of counted records."""

import economic_complexity
import numpy as np
import pandas as pd
from scipy.stats import beta, entropy

from fire.analysis.known import SURE
from fire.sources import records

KEYS = ["unit", "technology"]
TOP = "cr3"  # the three largest regions together, in a column of units


def tracks() -> pd.DataFrame:
    """The classification: `track_zh, track_en, category_zh, category_en, track_basis, category_basis`."""
    return records.technology().rename(columns={"track": "track_zh", "category": "category_zh"})


def grouped(tracks: pd.DataFrame) -> pd.DataFrame:
    """The classification, a row a category: `category`, `tracks_printed` and `tracks_assumed` (tracks by what they rest on),
    each in both languages."""
    table = tracks[["category_zh", "category_en"]].drop_duplicates(ignore_index=True)
    assumed = tracks["track_basis"].eq("assumed")
    for name, part in (("tracks_printed", tracks[~assumed]), ("tracks_assumed", tracks[assumed])):
        for lang, mark in (("zh", "、"), ("en", ", ")):
            joined = part.groupby("category_zh")[f"track_{lang}"].agg(mark.join)
            table[f"{name}_{lang}"] = table["category_zh"].map(joined)
    return table


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

    Columns: `unit, technology, value, expected, share_of_technology_pct, share_of_unit_pct, location_quotient, quotient_low,
    quotient_high`. `expected` is the count if the unit had the technologies of all units together; the quotient is the
    count over it (Balassa's revealed comparative advantage, 1965); above 1 the unit is specialised; its ends are those of
    `interval`, for all cells together. Missing where a unit or technology has no count.
    """
    usual = wide.sum(axis=1) / wide.to_numpy().sum()
    low, high = interval(wide, wide, wide.sum(), usual.to_numpy()[:, None], wide.size)
    long = {
        "value": wide,
        "expected": expected(wide),
        "share_of_technology_pct": 100 * wide / wide.sum(),
        "share_of_unit_pct": 100 * wide.div(wide.sum(axis=1).where(wide.sum(axis=1) > 0), axis=0),
        "location_quotient": economic_complexity.rca(wide.astype(float)),
        "quotient_low": pd.DataFrame(low, wide.index, wide.columns),
        "quotient_high": pd.DataFrame(high, wide.index, wide.columns),
    }
    return (
        _tidy(long)
        .reindex(pd.MultiIndex.from_product([wide.index, wide.columns]))
        .rename_axis(KEYS)
        .reset_index()
    )


def interval(least, most, whole, usual, cells: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval of location quotients: of counts between `least` and `most` (the same where the count is known) in
    `whole`, over the `usual` share of the unit.

    Clopper and Pearson (1934, Biometrika 26, 404-413), at SURE for all `cells` together (Bonferroni). It takes the counts
    for independent; those of one owner, such as the patents of a firm, are not, and then it is too short.

    >>> low, high = interval(69, 69, 224, 0.5)
    >>> float(low.round(3)), float(high.round(3))
    (0.497, 0.746)
    """
    tail, whole = (1 - SURE) / cells / 2, np.asarray(whole, float)
    least, most = np.asarray(least, float), np.asarray(most, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(least == 0, 0.0, beta.ppf(tail, least, whole - least + 1))
        high = np.where(most == whole, 1.0, beta.ppf(1 - tail, most + 1, whole - most))
        return low / usual, high / usual


def expected(wide: pd.DataFrame) -> pd.DataFrame:
    """Counts if every unit had the mix of all units together."""
    counts = np.outer(wide.sum(axis=1), wide.sum()) / wide.to_numpy().sum()
    return pd.DataFrame(counts, wide.index, wide.columns)


def clear(shares: pd.DataFrame) -> pd.DataFrame:
    """The shares, location quotients that their interval does not tell from 1 missing."""
    apart = shares["quotient_low"].gt(1) | shares["quotient_high"].lt(1)
    return shares.assign(location_quotient=shares["location_quotient"].where(apart))


def as_printed(printed: pd.DataFrame) -> pd.DataFrame:
    """Printed shares of regions in technologies (see `sources.firms.printed`), by amount and technology.

    Columns: `amount, technology, unit` (a region, or the three largest together), `share_of_technology_pct` and, where the
    size of the technology is printed, `location_quotient, quotient_low, quotient_high` as in `shares`, the rounding of the
    printed share counted in; with `<column>_status`.
    """
    told = printed[printed["measure"].eq("value") & printed["technology"].eq("")]
    firms = told[told["metric"].eq("firms")].pivot(index="unit", columns="by", values="value")
    rows = printed[printed["measure"].eq("share_of_tech_pct")].rename(columns={"metric": "amount"})
    if rows.empty or not {"region", "nation", "category"} <= set(firms):
        return pd.DataFrame(columns=["amount", "technology", "unit", "share_of_technology_pct"])
    members = rows["unit"].str.split("+")
    largest = set(firms["region"].nlargest(3).index)
    rows = rows[[len(names) == 1 or set(names) == largest for names in members]]
    own = rows["unit"].str.split("+").map(lambda names: firms["region"].reindex(names).sum(skipna=False))
    usual = own / firms["nation"].sum()
    size = rows["technology"].map(firms["category"]).where(rows["amount"].eq("firms"))
    half = 0.5 * 10.0 ** -rows["decimals"]
    least, most = (np.clip((rows["value"] + way * half) / 100 * size, 0, size) for way in (-1, 1))
    low, high = interval(np.ceil(least), np.floor(most), size, usual, max(int(size.notna().sum()), 1))
    found = pd.DataFrame(
        {
            "amount": rows["amount"],
            "technology": rows["technology"],
            "unit": rows["unit"].where(~rows["unit"].str.contains("+", regex=False), TOP),
            "share_of_technology_pct": rows["value"],
            "share_of_technology_pct_status": "printed",
            "location_quotient": (rows["value"] / 100 / usual).where(size.notna()),
            "location_quotient_status": pd.Series("implied", rows.index).where(size.notna()),
            "quotient_low": low,
            "quotient_high": high,
        }
    )
    return found.sort_values(["amount", "technology"], kind="stable", ignore_index=True)


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


def specialisation(wide: pd.DataFrame) -> pd.DataFrame:
    """How one-sided each unit is, one row a unit.

    Columns: `unit, value, herfindahl` (of its technology shares), `krugman` (sum of absolute differences from the
    technology shares of all other units, 0 to 2; Krugman 1991) and `main` (the technology of its largest location
    quotient among those clearly above 1, see `clear`; missing where there is none).
    """
    found = clear(shares(wide))
    quotient = found[found["location_quotient"].gt(1)].pivot(
        index="unit", columns="technology", values="location_quotient"
    )
    own = wide.div(wide.sum(axis=1), axis=0)
    rest = wide.sum() - wide
    others = rest.div(rest.sum(axis=1), axis=0)
    return pd.DataFrame(
        {
            "unit": wide.index,
            "value": wide.sum(axis=1).to_numpy(),
            "herfindahl": (own**2).sum(axis=1).to_numpy(),
            "krugman": (own - others).abs().sum(axis=1).to_numpy(),
            "main": quotient.idxmax(axis=1).reindex(wide.index).to_numpy(),
        }
    )


def cities(cube: pd.DataFrame, places: pd.DataFrame, value: str = "patents") -> pd.DataFrame:
    """`specialisation` of the cities with their place (`lon, lat`, and `region` where `places` has it); those with no clear
    speciality are left out.

    `places`: columns `city, lon, lat`, and `region` if there is one.
    """
    wide = matrix(cube[cube["city"].ne(records.OTHER)], value, "city")
    found = specialisation(wide).dropna(subset="main")
    where = places.filter(["city", "lon", "lat", "region"]).rename(columns={"city": "unit"})
    return found.merge(where, on="unit")


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
    """The largest location quotient of `clear` shares (`quotient` is missing where none is above 1), and the unit of
    `specialisation` whose mix is nearest to all."""
    above = shares[shares["location_quotient"].gt(1)]
    found = above if len(above) else shares.assign(location_quotient=np.nan)
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
        "sure_pct": 100 * SURE,
    }


def marked(found: pd.DataFrame) -> dict:
    """Of `as_printed`: the region that is most clearly specialised, `unit, technology, share, quotient, low, high` (`unit` is
    missing where none is), and `quotients`, how many there are."""
    above = found[found["quotient_low"].gt(1) & found["unit"].ne(TOP)].sort_values(
        "location_quotient", ascending=False
    )
    said = {"quotients": int(found["location_quotient"].count()), "sure_pct": 100 * SURE, "unit": None}
    for row in above.head(1).itertuples():
        said |= {"unit": row.unit, "technology": row.technology, "share": row.share_of_technology_pct}
        said |= {"quotient": row.location_quotient, "low": row.quotient_low, "high": row.quotient_high}
    return said


def commonest(special: pd.DataFrame) -> dict:
    """The technology in which most of the `count` units of `specialisation` are strongest."""
    main = special["main"].value_counts()
    return {
        "count": int(main.sum()),
        "most": main.index[0],
        "number": int(main.iloc[0]),
        "sure_pct": 100 * SURE,
    }


def nearest(near: pd.DataFrame) -> dict:
    """The closest of all `openings`."""
    first = near.sort_values("relatedness", ascending=False, kind="stable").iloc[0]
    return {"unit": first["unit"], "track": first["technology"], "value": first["relatedness"]}
