"""Claims of the report evaluated as logic on scores: orders, ranges, thresholds, rank changes, types, qualitative
readings.

A claim is a row of data/index_claims.csv. Each function of `CHECKS` takes a claim and a `Book`, each of `READINGS` also
the reading that data/claim-readings.toml gives the claim; they return (holds: in which runs, what the first run gives).
Values are arrays runs × units × nodes.
"""

import tomllib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from fire.index.spec import Spec
from studies.printed2022.published import FOLDER

PATH = FOLDER / "claim-readings.toml"
MEASURES = ["score", "growth_pct", "rank", "rank_change"]
DIGITS = {"score": 3, "growth_pct": 2}  # decimals that the report prints


@dataclass(frozen=True)
class Book:
    """What claims are held against, in several runs: `values` (of each of MEASURES in one year, runs × units × nodes),
    `units` (cities and regions), `nodes`, `members` (cities by region), `types` (of each run, names by unit and node),
    `readings`, and all `claims`."""

    values: dict[str, np.ndarray]
    units: pd.Index
    nodes: pd.Index
    members: dict
    spec: Spec
    types: list[dict]
    readings: dict
    claims: pd.DataFrame

    def value(self, measure: str, units: list, nodes: list) -> np.ndarray:
        """Values, runs × units × nodes; missing of a unit or node that is not there."""
        rows, columns = self.units.get_indexer(units)[:, None], self.nodes.get_indexer(nodes)
        there = (rows >= 0) & (columns >= 0)
        return np.where(there, self.values[measure][:, rows, columns], np.nan)

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


def evaluate(claim, book: Book) -> tuple[np.ndarray | None, str, str]:
    """In which runs a claim holds (None: not computable), what the first run gives, and the reading used."""
    if claim.claim_type == "other":
        reading = book.readings[claim.id]
        if "check" not in reading:
            return None, "", reading["reason"]
        return *READINGS[reading["check"]](claim, book, reading), reading["reason"]
    return *CHECKS[claim.claim_type](claim, book), ""


def as_set(claim, book: Book) -> np.ndarray:
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


def _show(names: list, values: np.ndarray, digits: int = 3) -> str:
    """Values as text, by name."""
    return "; ".join(f"{name} {value:.{digits}f}" for name, value in zip(names, values, strict=True))


def _best_first(names: list, values: np.ndarray) -> list:
    """Names in the order of their values, the highest first; those without a value last."""
    return [names[place] for place in np.argsort(-values, kind="stable")]


def _ranked(claim, book: Book) -> tuple[np.ndarray, str]:
    """The listed units hold the ranks low to high, in this order; what is equal to the printed digits shares its ranks."""
    low, listed, holds, shown = int(claim.low), _units_of(claim), _always(True, book), []
    for node in claim.node.split(";"):
        if str(claim.scope).startswith("children of") or claim.scope in listed:
            rivals = (
                book.spec.children(claim.scope.split()[-1])
                if claim.scope not in listed
                else book.spec.indicators
            )
            order, names = book.value(claim.measure, listed[:1], rivals)[:, 0], [node]
        else:
            rivals, names = book.universe(claim), listed
            if str(claim.scope).startswith("regions ranked"):
                ends = [int(rank) for rank in claim.scope.split()[-1].split("-")]
                rivals = list(book.members)
                rank = book.value("rank", rivals, [node])
                among = (rank >= ends[0]) & (rank <= ends[1])
                order = np.where(among, book.value(claim.measure, rivals, [node]), np.nan)[:, :, 0]
            else:
                order = book.value(claim.measure, rivals, [node])[:, :, 0]
        places, ranks = pd.Index(rivals).get_indexer(names), np.arange(low, low + len(names))
        first, last = (held[:, places] for held in shared(order, claim.measure))
        holds &= ((first <= ranks) & (last >= ranks) & (places >= 0)).all(axis=1)
        shown.append("; ".join(_best_first(rivals, order[0])[low - 1 : low - 1 + len(names)]))
    return holds, " | ".join(shown)


def shared(values: np.ndarray, measure: str) -> tuple[np.ndarray, np.ndarray]:
    """First and last rank that each value may hold among those of its row when values that are equal to the printed digits
    share their ranks.

    >>> shared(np.array([[16.441, 16.436, 2.0]]), "growth_pct")[1].tolist()
    [[2.0, 2.0, 3.0]]
    """
    printed = pd.DataFrame(values).round(DIGITS.get(measure, 6))
    return tuple(printed.rank(axis=1, ascending=False, method=way).to_numpy() for way in ("min", "max"))


def _bounded(claim, book: Book) -> tuple[np.ndarray, str]:
    """All listed scores lie between low and high; a bound from above alone is strict."""
    values = book.value(claim.measure, _units_of(claim), named_nodes(claim, book.spec, book.claims))
    low = -np.inf if pd.isna(claim.low) else claim.low
    below = np.inf if pd.isna(claim.high) else claim.high
    under = np.less if np.isinf(low) else np.less_equal
    inside = np.greater_equal(values, low) & under(values, below)
    return inside.all(axis=(1, 2)), f"{np.nanmin(values[0]):.3f} – {np.nanmax(values[0]):.3f}"


def _grew(claim, book: Book) -> tuple[np.ndarray, str]:
    """Growth of all listed units (or its mean, where the claim says so) is at least, above or below a bound."""
    units, nodes = _units_of(claim), named_nodes(claim, book.spec, book.claims)
    values = book.value("growth_pct", units, nodes).reshape(len(book.types), -1)
    names = [unit for unit in units for _ in nodes]
    if str(claim.note).startswith("mean of"):
        values, names = np.nanmean(values, axis=1, keepdims=True), ["mean"]
    test = {
        "growth_ge": values >= claim.low,
        "growth_gt": values > claim.low,
        "growth_lt": values < claim.high,
    }
    return test[claim.claim_type].all(axis=1), _show(names, values[0], 2)


def _moved(claim, book: Book) -> tuple[np.ndarray, str]:
    """Rank changes are equal to, or at least, a number of places."""
    units, nodes = _units_of(claim), claim.node.split(";")
    values = book.value("rank_change", units, nodes)
    holds = values >= claim.low if claim.claim_type == "rank_change_ge" else values == claim.low
    return holds.all(axis=(1, 2)), _show([unit for unit in units for _ in nodes], values[0].ravel(), 0)


def _node_order(claim, book: Book, ordered: bool = True) -> tuple[np.ndarray, str]:
    """The listed pillars are the highest (or fastest) of the unit, in this order."""
    listed = claim.node.split(";")
    rivals = book.spec.children(book.spec.nodes.at[listed[0], "parent"])
    values = book.value(claim.measure, [claim.units], rivals)[:, 0]
    found = [_best_first(rivals, run)[: len(listed)] for run in values]
    holds = [one == listed if ordered else set(one) == set(listed) for one in found]
    first = _best_first(rivals, values[0])
    return np.array(holds), _show(first, values[0][[rivals.index(name) for name in first]])


def _typed(claim, book: Book) -> tuple[np.ndarray, str]:
    """The typology rules give the label of the claim."""
    found = [[types.get((unit, claim.node), "") for unit in _units_of(claim)] for types in book.types]
    printed = claim.note.split(" ")[0].split("（")[0]
    holds = [all(printed in one for one in run) for run in found]
    return np.array(holds), "; ".join(" / ".join(one) for one in found[0])


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


def _listed(claim, reading: dict) -> list[str]:
    return [unit for unit in _units_of(claim) if unit not in reading.get("except", [])]


def _listed_values(claim, book: Book, reading: dict) -> np.ndarray:
    """Values of the listed units, runs × units."""
    return book.value(claim.measure, _listed(claim, reading), [reading.get("node", claim.node)])[:, :, 0]


def _all_values(claim, book: Book) -> np.ndarray:
    """Values of all cities, runs × cities."""
    return book.value(claim.measure, book.cities, [claim.node])[:, :, 0]


def _of_region(claim, book: Book) -> np.ndarray:
    """The mean of the claim's region, runs × 1."""
    return book.value(claim.measure, [claim.scope], [claim.node])[:, :, 0]


def _spread(claim, book, reading):
    """Scores of the units lie within `limit` of each other."""
    values = book.value("score", _units_of(claim), claim.node.split(";"))
    found = np.nanmax(values, axis=(1, 2)) - np.nanmin(values, axis=(1, 2))
    return found <= reading["limit"], f"{found[0]:.3f}"


def _above_region(claim, book, reading):
    """All listed units lie above the mean of the claim's region."""
    values, region = _listed_values(claim, book, reading), _of_region(claim, book)
    shown = _show(_listed(claim, reading), values[0], 2)
    return (values > region).all(axis=1), f"{shown}; {claim.scope} {region[0, 0]:.2f}"


def _roster_size(claim, book, reading):
    """Number of cities and of regions."""
    found = sum(map(len, book.members.values())), len(book.members)
    return _always(found == (int(claim.low), int(claim.high)), book), f"{found[0]}; {found[1]}"


def _roster(claim, book, reading):
    """The region has these cities."""
    found = book.members[claim.scope]
    return _always(set(found) == set(_units_of(claim)), book), "; ".join(found)


def _always(holds: bool, book: Book) -> np.ndarray:
    """What rests on no run."""
    return np.full(len(book.types), holds)


def _correlated(claim, book, reading):
    """Spearman's correlation over regions of two nodes is at least `limit`."""
    one, other = (
        pd.DataFrame(book.value("score", list(book.members), [node])[:, :, 0])
        for node in (claim.node, reading["with"])
    )
    found = one.corrwith(other, axis=1, method="spearman").to_numpy()
    return found >= reading["limit"], f"{found[0]:.2f}"


def _calm(claim, book, reading):
    """The listed units scatter less than all cities."""
    few, every = (
        np.nanstd(values, axis=1)
        for values in (_listed_values(claim, book, reading), _all_values(claim, book))
    )
    return few < every, f"{few[0]:.2f} {'<' if few[0] < every[0] else '≥'} {every[0]:.2f}"


def _above_median(claim, book, reading):
    """All listed units lie above the median of all cities."""
    values, middle = _listed_values(claim, book, reading), np.nanmedian(_all_values(claim, book), axis=1)
    holds = (values > middle[:, None]).all(axis=1)
    return holds, f"{np.nanmin(values[0]):.2f} {'>' if holds[0] else '≤'} {middle[0]:.2f}"


def _below_median(claim, book, reading):
    """All listed units lie below the median of all cities."""
    values, middle = _listed_values(claim, book, reading), np.nanmedian(_all_values(claim, book), axis=1)
    holds = (values < middle[:, None]).all(axis=1)
    return holds, f"{np.nanmax(values[0]):.2f} {'<' if holds[0] else '≥'} {middle[0]:.2f}"


def _slow_leaders(claim, book, reading):
    """The listed units lie below all cities in the mean."""
    few, every = (
        np.nanmean(values, axis=1)
        for values in (_listed_values(claim, book, reading), _all_values(claim, book))
    )
    return few < every, f"{few[0]:.2f}; {every[0]:.2f}"


def _below_mean(claim, book, reading):
    """All listed units lie below the mean of the claim's region."""
    values, region = _listed_values(claim, book, reading), _of_region(claim, book)
    shown = _show(_listed(claim, reading), values[0])
    return (values < region).all(axis=1), f"{shown}; {claim.scope} {region[0, 0]:.3f}"


def _below_top(claim, book, reading):
    """No listed unit, exceptions apart, is among the first `limit`."""
    units = _listed(claim, reading)
    rank = book.value("rank", units, [claim.node])[:, :, 0]
    return (rank > reading["limit"]).all(axis=1), _show(units, rank[0], 0)


def _top(claim, book, reading):
    """All listed units are among the first `limit`."""
    rank = book.value("rank", _units_of(claim), [claim.node])[:, :, 0]
    return (rank <= reading["limit"]).all(axis=1), _show(_units_of(claim), rank[0], 0)


def _faster_sibling(claim, book, reading):
    """The nodes grow faster than their siblings."""
    fast, units = reading.get("node", claim.node).split(";"), _units_of(claim)
    family = book.spec.children(book.spec.nodes.at[fast[0], "parent"])
    growth = book.value("growth_pct", units, family)
    quick = np.isin(family, fast)
    holds = np.nanmin(growth[:, :, quick], axis=(1, 2)) > np.nanmax(growth[:, :, ~quick], axis=(1, 2))
    return holds, _show(family * len(units), growth[0].ravel(), 2)


def _near(claim, book, reading):
    """All values lie within `limit` of the stated one."""
    values = _listed_values(claim, book, reading)
    holds = (np.abs(values - claim.low) <= reading["limit"]).all(axis=1)
    return holds, _show(_listed(claim, reading), values[0])


def _faster_than_most(claim, book, reading):
    """The nodes grow faster than the median indicator, over the listed units in the mean."""
    nodes = book.spec.indicators
    growth = np.nanmean(book.value("growth_pct", _units_of(claim), nodes), axis=1)
    named = claim.node.split(";")
    few, middle = growth[:, [nodes.index(node) for node in named]], np.nanmedian(growth, axis=1)
    return (few > middle[:, None]).all(axis=1), f"{_show(named, few[0], 2)}; median {middle[0]:.2f}"


def _steady(claim, book, reading):
    """Growth of the nodes is at most `limit` either way."""
    values = book.value("growth_pct", _units_of(claim), claim.node.split(";"))
    holds = (np.abs(values) <= reading["limit"]).all(axis=(1, 2))
    return holds, f"{np.nanmin(values[0]):.2f} – {np.nanmax(values[0]):.2f}"


def _weaker(claim, book, reading):
    """The units lie below those of `than` in the mean of the pillars."""
    units, than = _units_of(claim), reading["than"]
    mean = np.nanmean(book.value("score", [*units, *than], book.spec.pillars), axis=2)
    few, others = mean[:, : len(units)], mean[:, len(units) :]
    first = dict(sorted(zip([*units, *than], mean[0], strict=True)))
    return few.max(axis=1) < others.min(axis=1), _show(list(first), np.array(list(first.values())))


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
