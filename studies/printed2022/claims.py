"""Claims of the report evaluated as logic on scores: orders, ranges, thresholds, rank changes, types, qualitative
readings.

A claim is a row of data/index_claims.csv. Each function of `CHECKS` takes a claim and a `Book`, each of `READINGS` also
the reading that data/claim-readings.toml gives the claim; they return (holds, what was computed).
"""

import tomllib
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from fire.index.spec import Spec
from studies.printed2022.published import FOLDER

PATH = FOLDER / "claim-readings.toml"
MEASURES = ["score", "growth_pct", "rank", "rank_change"]
DIGITS = {"score": 3, "growth_pct": 2}  # decimals that the report prints


@dataclass(frozen=True)
class Book:
    """What claims are held against: `table` (index unit, node; MEASURES of one year),
    `members` (cities by region), `types` (names by unit and node), `readings`, and all `claims`."""

    table: pd.DataFrame
    members: dict
    spec: Spec
    types: dict
    readings: dict
    claims: pd.DataFrame

    @cached_property
    def _lookup(self) -> dict[str, dict]:
        """The value of each (unit, node), by measure."""
        keys = list(self.table.index)
        return {
            name: dict(zip(keys, self.table[name].astype(float))) for name in MEASURES if name in self.table
        }

    def value(self, measure: str, units: list, nodes: list) -> pd.Series:
        """Values by (unit, node)."""
        known = self._lookup[measure]
        values = [known.get((unit, node), np.nan) for unit in units for node in nodes]
        codes = [np.repeat(np.arange(len(units)), len(nodes)), np.tile(np.arange(len(nodes)), len(units))]
        return pd.Series(values, pd.MultiIndex([units, nodes], codes, verify_integrity=False), dtype=float)

    def universe(self, claim) -> list[str]:
        """The units among which a claim ranks."""
        if claim.unit_type == "region":
            return list(self.members)
        if claim.scope == "national":
            return self.cities
        return self.members.get(claim.scope, claim.scope.split(";"))

    @property
    def cities(self) -> list[str]:
        return [city for cities in self.members.values() for city in cities]


@cache
def readings(path=PATH) -> dict:
    """How each qualitative claim is read, by id: check, its bounds, reason (in Chinese), and reason_en where nothing can be
    checked."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def open_book(index, table: pd.DataFrame, types: dict, claims: pd.DataFrame) -> Book:
    """The book of one year: `table` holds the scores of the cities of `index` and of its regions in that year (index unit,
    node)."""
    members = index.places.groupby("region", sort=False)["city"].agg(list).to_dict()
    return Book(table, members, index.spec, types, readings(), claims)


def evaluate(claim, book: Book) -> tuple[bool | None, str, str]:
    """Whether a claim holds (None: not computable), what was computed, and the reading used."""
    if claim.claim_type == "other":
        reading = book.readings[claim.id]
        if "check" not in reading:
            return None, "", reading["reason"]
        return *READINGS[reading["check"]](claim, book, reading), reading["reason"]
    return *CHECKS[claim.claim_type](claim, book), ""


def as_set(claim, book: Book) -> bool:
    """Whether the listed pillars are the highest of the unit, in whatever order."""
    return _node_order(claim, book, ordered=False)[0]


def named_nodes(claim, spec, claims: pd.DataFrame) -> list[str]:
    """Nodes that a claim speaks of; "all third-level except a;b" and "all other third-level indicators" are spelled
    out, the others being those that a range claim on the same unit and measure names."""
    if not str(claim.node).startswith("all "):
        return str(claim.node).split(";")
    if " except " in claim.node:
        named = claim.node.split(" except ")[1].split(";")
    else:
        beside = claims[
            claims["units"].eq(claim.units)
            & claims["claim_type"].eq("range")
            & claims["measure"].eq(claim.measure)
        ]
        named = [node for nodes in beside["node"] for node in str(nodes).split(";")]
    return [leaf for leaf in spec.indicators if leaf not in named]


def _units_of(claim) -> list[str]:
    return str(claim.units).split(";")


def _show(values: pd.Series, digits: int = 3) -> str:
    """Values as text, by unit."""
    return "; ".join(
        f"{unit if isinstance(unit, str) else unit[0]} {value:.{digits}f}" for unit, value in values.items()
    )


def _ranked(claim, book: Book) -> tuple[bool, str]:
    """The listed units hold the ranks low to high, in this order; what is equal to the printed digits shares its ranks."""
    low, listed, holds, shown = int(claim.low), _units_of(claim), True, []
    for node in claim.node.split(";"):
        if str(claim.scope).startswith("children of") or claim.scope in listed:
            rivals = (
                book.spec.children(claim.scope.split()[-1])
                if claim.scope not in listed
                else book.spec.indicators
            )
            order = book.value(claim.measure, listed, rivals).droplevel(0)
            names = [node]
        else:
            rivals = book.universe(claim)
            if str(claim.scope).startswith("regions ranked"):
                first, last = (int(rank) for rank in claim.scope.split()[-1].split("-"))
                rank = book.value("rank", list(book.members), [node]).droplevel(1)
                rivals = list(rank.index[rank.between(first, last)])
            order, names = book.value(claim.measure, rivals, [node]).droplevel(1), listed
        places = shared(order, claim.measure).reindex(names)
        ranks = np.arange(low, low + len(names))
        holds &= bool((places["first"].le(ranks) & places["last"].ge(ranks)).all())
        shown.append("; ".join(order.sort_values(ascending=False).index[low - 1 : low - 1 + len(names)]))
    return holds, " | ".join(shown)


def shared(values: pd.Series, measure: str) -> pd.DataFrame:
    """First and last rank that each value may hold when values that are equal to the printed digits share their ranks.

    >>> shared(pd.Series({"a": 16.441, "b": 16.436, "c": 2.0}), "growth_pct")["last"].tolist()
    [2.0, 2.0, 3.0]
    """
    printed = values.round(DIGITS.get(measure, 6))
    return pd.DataFrame(
        {end: printed.rank(ascending=False, method=way) for end, way in (("first", "min"), ("last", "max"))}
    )


def _bounded(claim, book: Book) -> tuple[bool, str]:
    """All listed scores lie between low and high; a bound from above alone is strict."""
    values = book.value(claim.measure, _units_of(claim), named_nodes(claim, book.spec, book.claims))
    low = -np.inf if pd.isna(claim.low) else claim.low
    below = np.inf if pd.isna(claim.high) else claim.high
    inside = values.ge(low) & (values.lt(below) if np.isinf(low) else values.le(below))
    return bool(inside.all()), f"{values.min():.3f} – {values.max():.3f}"


def _grew(claim, book: Book) -> tuple[bool, str]:
    """Growth of all listed units (or its mean, where the claim says so) is at least, above or below a bound."""
    values = book.value("growth_pct", _units_of(claim), named_nodes(claim, book.spec, book.claims))
    if str(claim.note).startswith("mean of"):
        values = pd.Series({"mean": values.mean()})
    test = {
        "growth_ge": values.ge(claim.low),
        "growth_gt": values.gt(claim.low),
        "growth_lt": values.lt(claim.high),
    }
    return bool(test[claim.claim_type].all()), _show(values, 2)


def _moved(claim, book: Book) -> tuple[bool, str]:
    """Rank changes are equal to, or at least, a number of places."""
    values = book.value("rank_change", _units_of(claim), claim.node.split(";"))
    holds = values.ge(claim.low) if claim.claim_type == "rank_change_ge" else values.eq(claim.low)
    return bool(holds.all()), _show(values, 0)


def _node_order(claim, book: Book, ordered: bool = True) -> tuple[bool, str]:
    """The listed pillars are the highest (or fastest) of the unit, in this order."""
    listed = claim.node.split(";")
    rivals = book.spec.children(book.spec.nodes.at[listed[0], "parent"])
    order = book.value(claim.measure, [claim.units], rivals).droplevel(0).sort_values(ascending=False)
    found = list(order.index[: len(listed)])
    return (found == listed if ordered else set(found) == set(listed)), _show(order)


def _typed(claim, book: Book) -> tuple[bool, str]:
    """The typology rules give the label of the claim."""
    found = [book.types.get((unit, claim.node), "") for unit in _units_of(claim)]
    printed = claim.note.split(" ")[0].split("（")[0]
    return all(printed in one for one in found), "; ".join(" / ".join(one) for one in found)


CHECKS = {
    "topk": _ranked,
    "order": _ranked,
    "range": _bounded,
    "growth_ge": _grew,
    "growth_gt": _grew,
    "growth_lt": _grew,
    "rank_change_ge": _moved,
    "rank_change_eq": _moved,
    "node_order": _node_order,
    "typology": _typed,
}


# Qualitative claims: operational readings -----------------------------------------------------------------------------


def _listed_values(claim, book: Book, reading: dict) -> pd.Series:
    units = [unit for unit in _units_of(claim) if unit not in reading.get("except", [])]
    return book.value(claim.measure, units, [reading.get("node", claim.node)]).droplevel(1)


def _all_values(claim, book: Book) -> pd.Series:
    return book.value(claim.measure, book.cities, [claim.node]).droplevel(1)


def _spread(claim, book, reading):
    """Scores of the units lie within `limit` of each other."""
    values = book.value("score", _units_of(claim), claim.node.split(";"))
    return bool(values.max() - values.min() <= reading["limit"]), f"{values.max() - values.min():.3f}"


def _above_region(claim, book, reading):
    """All listed units lie above the mean of the claim's region."""
    values, region = (
        _listed_values(claim, book, reading),
        book.table.at[(claim.scope, claim.node), claim.measure],
    )
    return bool(values.gt(region).all()), f"{_show(values, 2)}; {claim.scope} {region:.2f}"


def _roster_size(claim, book, reading):
    """Number of cities and of regions."""
    found = sum(map(len, book.members.values())), len(book.members)
    return found == (int(claim.low), int(claim.high)), f"{found[0]}; {found[1]}"


def _roster(claim, book, reading):
    """The region has these cities."""
    found = book.members[claim.scope]
    return set(found) == set(_units_of(claim)), "; ".join(found)


def _correlated(claim, book, reading):
    """Spearman's correlation over regions of two nodes is at least `limit`."""
    regions = list(book.members)
    one, other = (book.value("score", regions, [node]).droplevel(1) for node in (claim.node, reading["with"]))
    value = one.corr(other, method="spearman")
    return bool(value >= reading["limit"]), f"{value:.2f}"


def _calm(claim, book, reading):
    """The listed units scatter less than all cities."""
    few, every = _listed_values(claim, book, reading).std(ddof=0), _all_values(claim, book).std(ddof=0)
    return bool(few < every), f"{few:.2f} < {every:.2f}" if few < every else f"{few:.2f} ≥ {every:.2f}"


def _above_median(claim, book, reading):
    """All listed units lie above the median of all cities."""
    values, middle = _listed_values(claim, book, reading), _all_values(claim, book).median()
    holds = bool(values.gt(middle).all())
    return holds, f"{values.min():.2f} {'>' if holds else '≤'} {middle:.2f}"


def _below_median(claim, book, reading):
    """All listed units lie below the median of all cities."""
    values, middle = _listed_values(claim, book, reading), _all_values(claim, book).median()
    holds = bool(values.lt(middle).all())
    return holds, f"{values.max():.2f} {'<' if holds else '≥'} {middle:.2f}"


def _slow_leaders(claim, book, reading):
    """The listed units lie below all cities in the mean."""
    few, every = _listed_values(claim, book, reading).mean(), _all_values(claim, book).mean()
    return bool(few < every), f"{few:.2f}; {every:.2f}"


def _below_mean(claim, book, reading):
    """All listed units lie below the mean of the claim's region."""
    values, region = (
        _listed_values(claim, book, reading),
        book.table.at[(claim.scope, claim.node), claim.measure],
    )
    return bool(values.lt(region).all()), f"{_show(values)}; {claim.scope} {region:.3f}"


def _below_top(claim, book, reading):
    """No listed unit, exceptions apart, is among the first `limit`."""
    units = [unit for unit in _units_of(claim) if unit not in reading["except"]]
    rank = book.value("rank", units, [claim.node]).droplevel(1).astype(float)
    return bool(rank.gt(reading["limit"]).all()), _show(rank, 0)


def _top(claim, book, reading):
    """All listed units are among the first `limit`."""
    rank = book.value("rank", _units_of(claim), [claim.node]).astype(float)
    return bool(rank.le(reading["limit"]).all()), _show(rank, 0)


def _faster_sibling(claim, book, reading):
    """The nodes grow faster than their siblings."""
    fast = reading.get("node", claim.node).split(";")
    family = book.spec.children(book.spec.nodes.at[fast[0], "parent"])
    growth = book.value("growth_pct", _units_of(claim), family).droplevel(0)
    return bool(growth[fast].min() > growth.drop(fast).max()), "; ".join(
        f"{node} {value:.2f}" for node, value in growth.items()
    )


def _near(claim, book, reading):
    """All values lie within `limit` of the stated one."""
    values = _listed_values(claim, book, reading)
    return bool((values - claim.low).abs().le(reading["limit"]).all()), _show(values)


def _faster_than_most(claim, book, reading):
    """The nodes grow faster than the median indicator, over the listed units in the mean."""
    growth = book.value("growth_pct", _units_of(claim), book.spec.indicators).groupby(level=1).mean()
    few = growth[claim.node.split(";")]
    return bool(few.gt(growth.median()).all()), "; ".join(
        f"{node} {value:.2f}" for node, value in few.items()
    ) + f"; median {growth.median():.2f}"


def _steady(claim, book, reading):
    """Growth of the nodes is at most `limit` either way."""
    values = book.value("growth_pct", _units_of(claim), claim.node.split(";"))
    return bool(values.abs().le(reading["limit"]).all()), f"{values.min():.2f} – {values.max():.2f}"


def _weaker(claim, book, reading):
    """The units lie below those of `than` in the mean of the pillars."""
    mean = (
        book.value("score", [*_units_of(claim), *reading["than"]], book.spec.pillars).groupby(level=0).mean()
    )
    return bool(mean[_units_of(claim)].max() < mean[reading["than"]].min()), _show(mean)


READINGS = {
    check.__name__.removeprefix("_"): check
    for check in (
        _spread,
        _above_region,
        _roster_size,
        _roster,
        _correlated,
        _calm,
        _above_median,
        _below_median,
        _slow_leaders,
        _below_mean,
        _below_top,
        _top,
        _faster_sibling,
        _near,
        _faster_than_most,
        _steady,
        _weaker,
    )
}
