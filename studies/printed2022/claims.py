"""Claims of a report evaluated as logic on scores: orders, ranges, thresholds, rank changes, types, qualitative readings.

Each function of `CHECKS` and `READINGS` takes a claim and a `Book` and returns (holds, what was computed).
"""

import tomllib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fire import files

PATH = files.FACTS / "claim-readings.toml"


@dataclass(frozen=True)
class Book:
    """What claims are checked against: `table` (unit, node; score, growth_pct, rank, rank_change of the index year)."""

    table: pd.DataFrame
    members: dict
    spec: object
    types: pd.DataFrame
    readings: dict
    claims: pd.DataFrame

    def value(self, measure: str, units: list, nodes: list) -> pd.Series:
        """Values by (unit, node)."""
        return self.table.reindex(pd.MultiIndex.from_product([units, nodes]))[measure]

    def universe(self, claim) -> list[str]:
        """The units among which a claim ranks."""
        if claim.unit_type == "region":
            return list(self.members)
        every = [city for cities in self.members.values() for city in cities]
        return every if claim.scope == "national" else self.members.get(claim.scope, claim.scope.split(";"))


def open_book(
    scores: pd.DataFrame,
    regional: pd.DataFrame,
    places: pd.DataFrame,
    spec,
    types: pd.DataFrame,
    claims: pd.DataFrame,
    year: int,
    readings=PATH,
) -> Book:
    """Book of one index year from the scores of cities and regions."""
    both = pd.concat([scores, regional])
    table = both[both["year"].eq(year)].set_index(["unit", "node"])
    return Book(
        table,
        places.groupby("region", sort=False)["city"].agg(list).to_dict(),
        spec,
        types,
        tomllib.loads(readings.read_text(encoding="utf-8")),
        claims,
    )


def evaluate(claim, book: Book) -> tuple[bool | None, str, str]:
    """Whether a claim holds (None: not computable), what was computed, and the reading used."""
    if claim.claim_type == "other":
        reading = book.readings[claim.id]
        if "check" not in reading:
            return None, "", reading["reason"]
        return *READINGS[reading["check"]](claim, book, reading), reading["reason"]
    return *CHECKS[claim.claim_type](claim, book), ""


def units_of(claim) -> list[str]:
    return str(claim.units).split(";")


def nodes_of(claim, book: Book) -> list[str]:
    """Nodes of a claim; "all third-level except a;b" and "all other third-level indicators" are spelled out."""
    if not str(claim.node).startswith("all "):
        return str(claim.node).split(";")
    if " except " in claim.node:
        named = claim.node.split(" except ")[1].split(";")
    else:
        beside = book.claims.query(
            "claim_type == 'range' and units == @claim.units and measure == @claim.measure"
        )
        named = [node for nodes in beside["node"] for node in str(nodes).split(";")]
    return [leaf for leaf in book.spec.indicators if leaf not in named]


def show(values: pd.Series, digits: int = 3) -> str:
    """Values as text, by unit."""
    return "; ".join(
        f"{unit if isinstance(unit, str) else unit[0]} {value:.{digits}f}" for unit, value in values.items()
    )


def ranked(claim, book: Book) -> tuple[bool, str]:
    """The listed units hold the ranks low to high, in this order."""
    low, listed, holds, shown = int(claim.low), units_of(claim), True, []
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
        found = list(order.sort_values(ascending=False).index[low - 1 : low - 1 + len(names)])
        holds &= found == names
        shown.append("; ".join(found))
    return holds, " | ".join(shown)


def bounded(claim, book: Book) -> tuple[bool, str]:
    """All listed scores lie between low and high; a bound from above alone is strict."""
    values = book.value(claim.measure, units_of(claim), nodes_of(claim, book))
    low = -np.inf if pd.isna(claim.low) else claim.low
    below = np.inf if pd.isna(claim.high) else claim.high
    inside = values.ge(low) & (values.lt(below) if np.isinf(low) else values.le(below))
    return bool(inside.all()), f"{values.min():.3f} – {values.max():.3f}"


def grew(claim, book: Book) -> tuple[bool, str]:
    """Growth of all listed units (or its mean, where the claim says so) is at least, above or below a bound."""
    values = book.value("growth_pct", units_of(claim), nodes_of(claim, book))
    if str(claim.note).startswith("mean of"):
        values = pd.Series({"mean": values.mean()})
    test = {
        "growth_ge": values.ge(claim.low),
        "growth_gt": values.gt(claim.low),
        "growth_lt": values.lt(claim.high),
    }
    return bool(test[claim.claim_type].all()), show(values, 2)


def moved(claim, book: Book) -> tuple[bool, str]:
    """Rank changes are equal to, or at least, a number of places."""
    values = book.value("rank_change", units_of(claim), claim.node.split(";"))
    holds = values.ge(claim.low) if claim.claim_type == "rank_change_ge" else values.eq(claim.low)
    return bool(holds.all()), show(values, 0)


def node_order(claim, book: Book, ordered: bool = True) -> tuple[bool, str]:
    """The listed pillars are the highest (or fastest) of the unit, in this order."""
    listed = claim.node.split(";")
    rivals = book.spec.children(book.spec.nodes.at[listed[0], "parent"])
    order = book.value(claim.measure, [claim.units], rivals).droplevel(0).sort_values(ascending=False)
    found = list(order.index[: len(listed)])
    return (found == listed if ordered else set(found) == set(listed)), show(order)


def typed(claim, book: Book) -> tuple[bool, str]:
    """The typology rules give the label of the claim."""
    found = [book.types.get((unit, claim.node), "") for unit in units_of(claim)]
    printed = claim.note.split(" ")[0].split("（")[0]
    return all(printed in one for one in found), "; ".join(" / ".join(one) for one in found)


CHECKS = {
    "topk": ranked,
    "order": ranked,
    "range": bounded,
    "growth_ge": grew,
    "growth_gt": grew,
    "growth_lt": grew,
    "rank_change_ge": moved,
    "rank_change_eq": moved,
    "node_order": node_order,
    "typology": typed,
}


# ---- qualitative claims: operational readings ------------------------------------------------------------------------


def listed_values(claim, book: Book, reading: dict) -> pd.Series:
    units = [unit for unit in units_of(claim) if unit not in reading.get("except", [])]
    return book.value(claim.measure, units, [reading.get("node", claim.node)]).droplevel(1)


def all_values(claim, book: Book) -> pd.Series:
    return book.value(
        claim.measure, [city for cities in book.members.values() for city in cities], [claim.node]
    ).droplevel(1)


def spread(claim, book, reading):
    values = book.value("score", units_of(claim), claim.node.split(";"))
    return bool(values.max() - values.min() <= reading["limit"]), f"{values.max() - values.min():.3f}"


def above_region(claim, book, reading):
    values, region = (
        listed_values(claim, book, reading),
        book.table.at[(claim.scope, claim.node), claim.measure],
    )
    return bool(values.gt(region).all()), f"{show(values, 2)}; {claim.scope} {region:.2f}"


def roster_size(claim, book, reading):
    found = sum(map(len, book.members.values())), len(book.members)
    return found == (int(claim.low), int(claim.high)), f"{found[0]}; {found[1]}"


def roster(claim, book, reading):
    found = book.members[claim.scope]
    return set(found) == set(units_of(claim)), "; ".join(found)


def correlated(claim, book, reading):
    regions = list(book.members)
    one, other = (book.value("score", regions, [node]).droplevel(1) for node in (claim.node, reading["with"]))
    value = one.corr(other, method="spearman")
    return bool(value >= reading["limit"]), f"{value:.2f}"


def calm(claim, book, reading):
    few, every = listed_values(claim, book, reading).std(ddof=0), all_values(claim, book).std(ddof=0)
    return bool(few < every), f"{few:.2f} < {every:.2f}" if few < every else f"{few:.2f} ≥ {every:.2f}"


def above_median(claim, book, reading):
    values, middle = listed_values(claim, book, reading), all_values(claim, book).median()
    return bool(values.gt(middle).all()), f"{values.min():.2f}; median {middle:.2f}"


def below_median(claim, book, reading):
    values, middle = listed_values(claim, book, reading), all_values(claim, book).median()
    return bool(values.lt(middle).all()), f"{values.max():.2f}; median {middle:.2f}"


def slow_leaders(claim, book, reading):
    few, every = listed_values(claim, book, reading).mean(), all_values(claim, book).mean()
    return bool(few < every), f"{few:.2f}; {every:.2f}"


def below_mean(claim, book, reading):
    values, region = (
        listed_values(claim, book, reading),
        book.table.at[(claim.scope, claim.node), claim.measure],
    )
    return bool(values.lt(region).all()), f"{show(values)}; {claim.scope} {region:.3f}"


def below_top(claim, book, reading):
    rank = listed_values(claim, book, reading) * 0 + book.value(
        "rank", [unit for unit in units_of(claim) if unit not in reading["except"]], [claim.node]
    ).droplevel(1).astype(float)
    return bool(rank.gt(reading["limit"]).all()), show(rank, 0)


def top(claim, book, reading):
    rank = book.value("rank", units_of(claim), [claim.node]).astype(float)
    return bool(rank.le(reading["limit"]).all()), show(rank, 0)


def faster_sibling(claim, book, reading):
    fast = reading.get("node", claim.node).split(";")
    family = book.spec.children(book.spec.nodes.at[fast[0], "parent"])
    growth = book.value("growth_pct", units_of(claim), family).droplevel(0)
    return bool(growth[fast].min() > growth.drop(fast).max()), "; ".join(
        f"{node} {value:.2f}" for node, value in growth.items()
    )


def near(claim, book, reading):
    values = listed_values(claim, book, reading)
    return bool((values - claim.low).abs().le(reading["limit"]).all()), show(values)


def faster_than_most(claim, book, reading):
    growth = book.value("growth_pct", units_of(claim), book.spec.indicators).groupby(level=1).mean()
    few = growth[claim.node.split(";")]
    return bool(few.gt(growth.median()).all()), "; ".join(
        f"{node} {value:.2f}" for node, value in few.items()
    ) + f"; median {growth.median():.2f}"


def steady(claim, book, reading):
    values = book.value("growth_pct", units_of(claim), claim.node.split(";"))
    return bool(values.abs().le(reading["limit"]).all()), f"{values.min():.2f} – {values.max():.2f}"


def weaker(claim, book, reading):
    mean = (
        book.value("score", [*units_of(claim), *reading["than"]], book.spec.pillars).groupby(level=0).mean()
    )
    return bool(mean[units_of(claim)].max() < mean[reading["than"]].min()), show(mean)


READINGS = {
    check.__name__: check
    for check in (
        spread,
        above_region,
        roster_size,
        roster,
        correlated,
        calm,
        above_median,
        below_median,
        slow_leaders,
        below_mean,
        below_top,
        top,
        faster_sibling,
        near,
        faster_than_most,
        steady,
        weaker,
    )
}
