"""Development types of regions and profiles of cities: operational rules on level, dispersion, leaders and growth."""

import tomllib

import numpy as np
import pandas as pd

from fire import files

PATH = files.DATA / "typology.toml"


def load(path=PATH) -> dict:
    """The rules of data/typology.toml."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def features(now: pd.DataFrame, before: pd.DataFrame, region: pd.Series, rules: dict) -> pd.DataFrame:
    """What the rules look at, by (node, region), from city scores of two years (cities by nodes).

    level and dispersion in points, cores (cities near the best), growth of the regional mean in per cent and its rank,
    fastest: best growth rank of a city of the region.
    """
    growth = now / before - 1
    city = pd.DataFrame(
        {"score": now.stack(), "before": before.stack(), "place": growth.rank(ascending=False).stack()}
    )
    city = city.rename_axis(["city", "node"]).reset_index()
    city["region"] = city["city"].map(region)
    groups = city.groupby(["node", "region"])
    best = groups["score"].transform("max")
    table = groups.agg(
        level=("score", "mean"),
        least=("score", "min"),
        best=("score", "max"),
        before=("before", "mean"),
        cities=("city", "size"),
        fastest=("place", "min"),
    )
    table["cores"] = (
        city["score"].ge(rules["core_share"] * best).groupby([city["node"], city["region"]]).sum()
    )
    table["dispersion"] = table["best"] - table["least"]
    table["growth_pct"] = 100 * (table["level"] / table.pop("before") - 1)
    table["growth_rank"] = table.groupby("node")["growth_pct"].rank(ascending=False)
    return table


def classify(table: pd.DataFrame, rules: dict) -> pd.Series:
    """Type (a key of `types`) of every row of `features`: the first rule that fits."""
    uneven = table["dispersion"].ge(rules["wide"])
    order = {
        "fast": table["growth_rank"].eq(1),
        "strong": table["least"].ge(rules["strong"]),
        "led": uneven & table["cores"].eq(1),
        "radiating": uneven,
        "potential": table["fastest"].le(rules["fast_cities"]),
        "abreast": table["level"].ge(rules["high"]) & (2 * table["cores"]).ge(table["cities"]),
        "balanced": table["dispersion"].le(rules["narrow"]),
    }
    return pd.Series(np.select(list(order.values()), list(order), "none"), table.index, name="type")


def wide(scores: pd.DataFrame, year: int, measure: str = "score") -> pd.DataFrame:
    """Cities by nodes for one year."""
    return scores[scores["year"].eq(year)].pivot(index="unit", columns="node", values=measure).astype(float)


def regional(
    scores: pd.DataFrame, places: pd.DataFrame, year: int, nodes: list, rules: dict | None = None
) -> pd.DataFrame:
    """Type of every region at every node, with the features that decide: index (node, region)."""
    rules = rules or load()
    table = features(
        wide(scores, year)[nodes], wide(scores, year - 1)[nodes], places.set_index("city")["region"], rules
    )
    return table.assign(type=classify(table, rules))


def profiles(
    scores: pd.DataFrame, places: pd.DataFrame, year: int, spec, region: str, rules: dict | None = None
) -> pd.DataFrame:
    """Tier and profile (keys of `tiers` and `cities`) of the cities of one region."""
    mine = list(places.loc[places["region"].eq(region), "city"])
    return label_cities(wide(scores, year).loc[mine], wide(scores, year - 1).loc[mine], spec, rules or load())


def label_cities(now: pd.DataFrame, before: pd.DataFrame, spec, rules: dict) -> pd.DataFrame:
    """Tier and profile of the cities of one region from their scores of two years (cities by nodes)."""
    rule, growth, total = rules["cities"], 100 * (now / before - 1), now[spec.root]
    lead = now[rule["leading"]]
    two_fastest = growth[spec.pillars].rank(axis=1, ascending=False)[rule["driving"]].le(2).all(axis=1)
    profile = {
        "all_round": now[spec.indicators].ge(rules["strong"]).mean(axis=1).ge(rule["share"]),
        "leader": (lead.ge(rule["lead"]) & lead.eq(lead.max())).all(axis=1),
        "driven": two_fastest & growth[rule["driving"][-1]].eq(growth[rule["driving"][-1]].max()),
        "rising": growth[spec.root].gt(100 * (total.mean() / before[spec.root].mean() - 1)),
    }
    return pd.DataFrame(
        {
            "tier": np.where(total.ge(total.mean()), "first", "second"),
            "profile": np.select(list(profile.values()), list(profile), "none"),
        },
        index=now.index,
    )


def profile_stability(
    scores: pd.DataFrame,
    places: pd.DataFrame,
    year: int,
    spec,
    region: str,
    rng: np.random.Generator,
    draws: int = 500,
    spread: float = 0.25,
    rules: dict | None = None,
) -> pd.DataFrame:
    """Share of draws that keep the tier and the profile of each city of one region, weights varying as in `stability`.

    Columns: unit, tier, tier_kept, profile, profile_kept.
    """
    rules, point = rules or load(), profiles(scores, places, year, spec, region, rules)
    tables = [wide(scores, one).loc[point.index] for one in (year, year - 1)]
    kept = pd.DataFrame(0.0, point.index, point.columns)
    for drawn in drawn_weights(spec, rng, draws, spread):
        kept += label_cities(*(aggregate(table, spec, drawn) for table in tables), spec, rules).eq(point)
    return (
        point.join((kept / draws).add_suffix("_kept"))
        .rename_axis("unit")
        .reset_index()[["unit", "tier", "tier_kept", "profile", "profile_kept"]]
    )


def drawn_weights(spec, rng: np.random.Generator, draws: int, spread: float) -> list[pd.Series]:
    """Weights of all nodes, each varied by `spread` either way (uniform)."""
    weights = (
        rng.uniform(1 - spread, 1 + spread, (draws, len(spec.nodes)))
        * spec.nodes["weight"].fillna(1).to_numpy()
    )
    return [pd.Series(drawn, spec.nodes.index) for drawn in weights]


def names(
    scores: pd.DataFrame, places: pd.DataFrame, year: int, spec, region: str, rules: dict | None = None
) -> dict:
    """Chinese names that the rules allow: `{(unit, node): (name, …)}`, regions at the total and the pillars, cities at the total."""
    rules = rules or load()
    types = regional(scores, places, year, [spec.root, *spec.pillars], rules)["type"]
    found = {(unit, node): tuple(rules["types"][kind]["names"]) for (node, unit), kind in types.items()}
    for city, row in profiles(scores, places, year, spec, region, rules).iterrows():
        found[city, spec.root] = (
            *rules["tiers"][row["tier"]]["names"],
            *rules["cities"][row["profile"]]["names"],
        )
    return found


def stability(
    scores: pd.DataFrame,
    places: pd.DataFrame,
    year: int,
    spec,
    rng: np.random.Generator,
    draws: int = 500,
    spread: float = 0.25,
    rules: dict | None = None,
) -> pd.DataFrame:
    """Share of draws that keep each region's type when all weights below a node vary by `spread` either way (uniform).

    Columns: unit, node, type, share_kept, rival (the type most often taken instead). Weights of siblings are drawn
    independently and scaled to one.
    """
    rules, nodes = rules or load(), [spec.root, *spec.pillars]
    point = regional(scores, places, year, nodes, rules)["type"]
    weights = drawn_weights(spec, rng, draws, spread)
    tables = [
        np.stack([aggregate(table, spec, drawn)[nodes].to_numpy() for drawn in weights], 1)
        for table in (wide(scores, year), wide(scores, year - 1))
    ]
    cities = wide(scores, year).index
    flat = [
        pd.DataFrame(table.reshape(len(cities), -1), cities) for table in tables
    ]  # one column a draw and node
    drawn = (
        classify(features(*flat, places.set_index("city")["region"], rules), rules)
        .rename_axis(["column", "unit"])
        .reset_index()
    )
    drawn["node"] = drawn["column"].map(lambda column: nodes[column % len(nodes)])
    shares = drawn.groupby(["node", "unit"])["type"].value_counts(normalize=True).unstack(fill_value=0.0)
    kept = pd.Series(
        {key: shares.at[key, kind] if kind in shares else 0.0 for key, kind in point.items()}
    ).rename_axis(["node", "unit"])
    others = shares.mask(
        pd.get_dummies(point).reindex(index=shares.index, columns=shares.columns, fill_value=False), 0.0
    )
    rival = others.idxmax(axis=1).where(others.max(axis=1) > 0)
    table = pd.DataFrame({"type": point.rename_axis(["node", "unit"]), "share_kept": kept, "rival": rival})
    return table.rename_axis(["node", "unit"]).reset_index()[["unit", "node", "type", "share_kept", "rival"]]


def aggregate(table: pd.DataFrame, spec, weights: pd.Series) -> pd.DataFrame:
    """Scores of all nodes from those of the indicators under other weights (scaled to one among siblings)."""
    columns = {leaf: table[leaf].to_numpy() for leaf in spec.indicators}
    for node in reversed(list(spec.nodes.index)):
        children = spec.children(node)
        if children:
            columns[node] = (
                sum(columns[child] * weights[child] for child in children) / weights[children].sum()
            )
    return pd.DataFrame(columns, table.index)
