"""Which printed numbers were used to find the method, and what the method gives without them.

A number that was used to find something agrees with it by construction: to hold it against the result tests nothing. Where
a city's printed score was one of those that posts were fitted to, the fit to the other cities says what it would have
been.
"""

import numpy as np
import pandas as pd

from fire.index import transforms

POSTED = ["F", "regulation_business_env"]  # nodes whose posts were fitted to printed scores of cities
SOLVED = [
    "F",
    "pop_structure",
    "tertiary_share",
]  # nodes whose printed growth gave statistics of the base year
DATED = "inclusive_finance"  # its printed growth told the years and the form of the public series
ROSTER = ["topk", "order", "range"]  # claims on regions in pillar F, by which the roster was chosen
FITS = {
    "posts": "posts of pillar F and of the business environment",
    "base year": "statistics of the base year",
    "series": "years and form of the public series of inclusive finance",
    "weights": "weights of the pillars and of pairs of indicators",
    "means": "regional score as the mean of its cities",
    "roster": "cities of the index",
    "types": "thresholds of the types",
}


def used(facts: pd.DataFrame, claims: pd.DataFrame, types: pd.DataFrame, spec, members: dict) -> pd.Series:
    """The fit (a key of FITS) that each printed number or claim was used in, by its id; those used in none are absent.

    `facts`, `claims`, `types`: index_scores, index_claims (with ids) and the ids of the printed types; `members`: cities
    by region.
    """
    exact, city = facts["approx"].eq("exact"), facts["unit_type"].eq("city")
    score, growth = facts["measure"].eq("score"), facts["measure"].eq("growth_pct")
    key = pd.MultiIndex.from_frame(facts[["unit", "node"]])
    have = set(key[exact & score])
    parents = {node: spec.children(node) for node in spec.nodes.index if len(spec.children(node)) > 1}
    whole = {
        (unit, node)
        for unit, node in have
        if node in parents and all((unit, child) in have for child in parents[node])
    }
    means = {
        (region, node)
        for region, node in have
        if region in members and all((one, node) in have for one in members[region])
    }
    in_roster = facts["unit_type"].eq("region") & facts["node"].eq("F")
    tests = {
        "roster": in_roster & (facts["measure"].eq("rank") | score & ~exact),
        "means": key.isin(means) & exact & (score | growth),
        "weights": key.isin(whole) & exact & (score | growth),
        "series": city & exact & growth & facts["node"].eq(DATED),
        "base year": city & exact & growth & facts["node"].isin(SOLVED),
        "posts": city & exact & score & facts["node"].isin(POSTED),
    }
    found = [pd.Series(fit, facts.loc[test, "id"]) for fit, test in tests.items()]
    regional = claims["unit_type"].eq("region") & claims["node"].eq("F") & claims["claim_type"].isin(ROSTER)
    placed = claims["id"].isin(
        ["C015", "C040", "C061"]
    )  # numbers of cities and regions, members of two regions
    typed = claims["claim_type"].eq("typology")
    found += [
        pd.Series("roster", claims.loc[regional | placed, "id"]),
        pd.Series("types", pd.Index([*claims.loc[typed, "id"], *types])),
    ]
    table = pd.concat(found)
    return table[~table.index.duplicated()].rename("fit")


def printed_cities(facts: pd.DataFrame, node: str, year: int) -> pd.Series:
    """Exactly printed scores of the cities in one node (first printing), by city."""
    rows = facts[
        facts["node"].eq(node)
        & facts["unit_type"].eq("city")
        & facts["measure"].eq("score")
        & facts["approx"].eq("exact")
        & facts["year"].eq(year)
    ]
    return rows.drop_duplicates("unit").set_index("unit")["value"].astype(float)


def left_out(index, facts: pd.DataFrame, node: str) -> pd.DataFrame:
    """Score and rank of each printed city in a node of POSTED when its own printed score is not used.

    The printed scores of the other cities are fitted by least squares on the indicators of the node, transformed as the
    specification says; a constant and a slope each stand for weights and posts. Index unit; columns score, rank (among
    all cities under that fit). Empty where too few cities are printed.
    """
    raw, printed = index.steps().raw.loc[index.year], printed_cities(facts, node, index.year)
    leaves = index.spec.leaves(node)
    kinds = {leaf: transforms.kind_of(index.spec.rules[leaf]) for leaf in leaves}
    x = pd.DataFrame(
        {leaf: transforms.forward(raw[leaf].to_numpy(float), kinds[leaf]) for leaf in leaves}, raw.index
    )
    x = x.assign(constant=1.0).dropna()
    printed = printed[printed.index.isin(x.index)]
    rows = {}
    for unit in printed.index if len(printed) > len(x.columns) else []:
        others = printed.drop(unit)
        slopes = np.linalg.lstsq(x.loc[others.index].to_numpy(), others.to_numpy(), rcond=None)[0]
        values = x @ slopes
        rows[unit] = {"score": values[unit], "rank": float(values.rank(ascending=False, method="min")[unit])}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["score", "rank"]).rename_axis("unit")
