"""Development types of regions and profiles of cities: operational rules on level, dispersion, leaders and growth.

typology.regional(index)                 # type of every region at the root and the pillars, with what decides it
typology.stability(index)                # how often a type survives other draws and weights
"""

import tomllib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from fire import files
from fire.analysis.coordination import scale_of
from fire.analysis.known import ENOUGH, SURE
from fire.errors import refuse
from fire.index import aggregate, score

PATH = files.DATA / "typology.toml"
ROWS = 20_000  # of scores that are computed at a time
SCALE = (1.0, 10.0)  # on which the rules count points, where they name no `scale` of their own


def load(path=PATH) -> dict:
    """The rules of data/typology.toml."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def features(now: pd.DataFrame, before: pd.DataFrame, region: pd.Series, rules: dict) -> pd.DataFrame:
    """What the rules look at, by (node, region), from city scores of two years (cities by nodes).

    level and dispersion in points, cores (cities near the best), growth of the regional mean in per cent and its rank,
    fastest: best growth rank of a city of the region. Growth rests on the cities that have both years; it is missing
    where there are none, and from a score that is not above zero.
    """
    before = before.reindex(index=now.index, columns=now.columns)
    city = pd.DataFrame(
        {
            "score": now.stack(),
            "before": before.stack(),
            "matched": now.where(before.notna()).stack(),
            "place": (now / before.where(before > 0) - 1).rank(ascending=False).stack(),
        }
    )
    city = city.rename_axis(["city", "node"]).reset_index().dropna(subset="score")
    city["region"] = city["city"].map(region)
    groups = city.groupby(["node", "region"])
    best = groups["score"].transform("max")
    table = groups.agg(
        level=("score", "mean"),
        least=("score", "min"),
        best=("score", "max"),
        before=("before", "mean"),
        matched=("matched", "mean"),
        cities=("city", "size"),
        fastest=("place", "min"),
    )
    table["cores"] = (
        city["score"].ge(rules["core_share"] * best).groupby([city["node"], city["region"]]).sum()
    )
    table["dispersion"] = table["best"] - table["least"]
    ago = table.pop("before")
    table["growth_pct"] = 100 * (table.pop("matched") / ago.where(ago > 0) - 1)
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


def _years(index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of the year ranked and of the year before (cities by nodes); the latter empty when there is none."""
    return _both(index, index.steps().scores)


def _both(index, scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of both years in a table of the scores of all years (year, unit)."""
    scores = scores[score.present(index.steps())]
    now = scores.xs(index.year)
    before = now.iloc[:0] if index.before is None else scores.xs(index.before)
    return now, before.reindex(now.index)


def _region(index, rules: dict) -> pd.Series:
    """The region of every city; InputError where there are none, or the rules do not fit the scores."""
    spec, scale = index.spec, tuple(map(float, rules.get("scale", SCALE)))
    faults = ["the index has no places: give it their regions"] * (index.places is None)
    for node in [spec.root, *spec.pillars]:
        own = scale_of(spec, node)
        if own != scale:
            theirs = "no fixed scale" if own is None else f"a scale {own[0]:g}-{own[1]:g}"
            faults.append(
                f"{node}: the rules count points on a scale {scale[0]:g}-{scale[1]:g}, and its scores lie on {theirs}: set "
                f"the points in {files.DATA.name}/{PATH.name} for them and name it there: scale = [worst, best]"
            )
    if spec.method["best"] == "low":
        faults.append(
            'the lowest score is the best, and the rules take the highest for it: set best = "high"'
        )
    refuse("types of regions", faults)
    return index.places.set_index("city")["region"]


def regional(index, rules: dict | None = None) -> pd.DataFrame:
    """Type of every region of the year ranked at the root and the pillars, with the features that decide it: index
    (node, region). Types that rest on growth are not given when the year before is missing."""
    rules, nodes = rules or load(), [index.spec.root, *index.spec.pillars]
    now, before = _years(index)
    table = features(now[nodes], before[nodes], _region(index, rules), rules)
    return table.assign(type=classify(table, rules))


def profiles(index, region: str, rules: dict | None = None) -> pd.DataFrame:
    """Tier and profile (keys of `tiers` and `cities`) of the cities of one region: index city."""
    rules = rules or load()
    members = _members(index, region, rules)
    return _label_cities(*_runs([_years(index)], members), index.spec, rules).droplevel("run")


def _runs(pairs: list, cities) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of two years (`_years`) of some cities in several runs, one below the other: rows (run, city)."""
    return tuple(
        pd.concat([pair[year].loc[cities] for pair in pairs], keys=range(len(pairs)), names=["run"])
        for year in (0, 1)
    )


def _members(index, region: str, rules: dict) -> list:
    places = _region(index, rules)
    mine = [city for city in places.index[places.eq(region)] if city in set(index.wide().index)]
    refuse("profiles of cities", [f"no city of the index lies in '{region}'"] * (not mine))
    return mine


def _label_cities(now: pd.DataFrame, before: pd.DataFrame, spec, rules: dict) -> pd.DataFrame:
    """Tier and profile of the cities of one region, in each of some runs, from their scores of two years (rows run, city;
    columns nodes).

    A profile that rests on nodes which the specification does not have is given to no city.
    """
    rule, growth, total = rules["cities"], 100 * (now / before.where(before > 0) - 1), now[spec.root]
    never = pd.Series(False, now.index)
    leading, driving = (
        rule[key] if set(rule[key]) <= set(spec.nodes.index) else None for key in ("leading", "driving")
    )
    lead, ago = now[leading or []], before[spec.root]
    mean = {
        name: values.groupby(level="run").transform("mean")
        for name, values in (("all", total), ("both", total.where(ago.notna())), ("ago", ago))
    }
    profile = {
        "all_round": now[spec.indicators].ge(rules["strong"]).mean(axis=1).ge(rule["share"]),
        "leader": lead.ge(rule["lead"]).all(axis=1) if leading else never,
        "driven": _driven(growth[spec.pillars], driving) if driving else never,
        "rising": growth[spec.root].gt(100 * (mean["both"] / mean["ago"] - 1)),
    }
    return pd.DataFrame(
        {
            "tier": np.where(total.ge(mean["all"]), "first", "second"),
            "profile": np.select(list(profile.values()), list(profile), "none"),
        },
        index=now.index,
    )


def _driven(growth: pd.DataFrame, driving: list) -> pd.Series:
    """Cities whose fastest pillars are `driving`, and which lead their region in the growth of the last of these."""
    two_fastest = growth.rank(axis=1, ascending=False)[driving].le(2).all(axis=1)
    last = growth[driving[-1]]
    return two_fastest & last.eq(last.groupby(level="run").transform("max"))


def names(indices: Sequence, region: str, rules: dict | None = None) -> list[dict]:
    """Chinese names that the rules allow under each of some indices of the same units (the completions of one):
    `{(unit, node): (name, …)}`, regions at the root and the pillars, the cities of one region at the root."""
    rules, spec = rules or load(), indices[0].spec
    pairs, members = [_years(one) for one in indices], _members(indices[0], region, rules)
    types, cities = _types(indices[0], pairs, rules), _label_cities(*_runs(pairs, members), spec, rules)
    found = [
        {(unit, node): tuple(rules["types"][kind]["names"]) for (node, unit), kind in types[run].items()}
        for run in types
    ]
    for run, city, tier, profile in cities.reset_index().itertuples(index=False):
        found[run][city, spec.root] = (*rules["tiers"][tier]["names"], *rules["cities"][profile]["names"])
    return found


# Stability


def stability(
    index,
    rng: np.random.Generator | None = None,
    draws: int | None = None,
    spread: float | None = None,
    rules: dict | None = None,
) -> pd.DataFrame:
    """Type of every region at the root and the pillars, and how firm it is.

    Columns: unit, node, `type` (the most frequent over the draws of what is not known), `share_draws` (share of these with
    it; 1 where all is known), `share_kept` (share with it when, besides, all weights below a node vary by `spread` either
    way, uniform), `rival` (the type most often taken instead). Weights of siblings are drawn independently and scaled to
    one. Number of draws of the weights, spread and seed: those declared with the rules, where not given.
    """
    rules = rules or load()
    moved, each = _drawn(index.spec, rules, rng, draws, spread), index.completions
    plain = _types(index, [_years(one) for one in each], rules)
    point = plain.mode(axis=1)[0].rename("type")
    pairs = [
        pair
        for place, one in enumerate(each)
        for pair in _rescored(one, moved[place :: len(each)] or moved[:1])
    ]
    varied = _types(index, pairs, rules).reindex(point.index)
    others = pd.DataFrame({kind: varied.eq(kind).mean(axis=1) for kind in rules["types"]})
    others = others.mask(pd.get_dummies(point).reindex(columns=others.columns, fill_value=False), 0.0)
    table = pd.DataFrame(
        {
            "type": point,
            "share_draws": plain.eq(point, axis=0).mean(axis=1),
            "share_kept": varied.eq(point, axis=0).mean(axis=1),
            "rival": others.idxmax(axis=1).where(others.max(axis=1) > 0),
        }
    )
    return table.rename_axis(["node", "unit"]).reset_index()[
        ["unit", "node", "type", "share_draws", "share_kept", "rival"]
    ]


def _types(index, pairs: list, rules: dict) -> pd.DataFrame:
    """Types from the scores of two years (`_years`) of several runs: index (node, unit), a column for each run."""
    nodes, region = [index.spec.root, *index.spec.pillars], _region(index, rules)
    now, before = (  # one column for each of the runs and each node
        pd.DataFrame(np.hstack([pair[year][nodes].to_numpy() for pair in pairs]), pairs[0][year].index)
        for year in (0, 1)
    )
    found = (
        classify(features(now, before, region, rules), rules).rename_axis(["column", "unit"]).reset_index()
    )
    found = found.assign(
        node=[nodes[column % len(nodes)] for column in found["column"]], run=found["column"] // len(nodes)
    )
    return found.pivot(index=["node", "unit"], columns="run", values="type")


def profile_stability(
    index,
    region: str,
    rng: np.random.Generator | None = None,
    draws: int | None = None,
    spread: float | None = None,
    rules: dict | None = None,
) -> pd.DataFrame:
    """Share of draws that keep the tier and the profile of each city of one region, weights varying as in `stability`.

    Columns: unit, tier, tier_kept, profile, profile_kept.
    """
    rules, point = rules or load(), profiles(index, region, rules)
    spec, moved = index.spec, _drawn(index.spec, rules, rng, draws, spread)
    varied = _label_cities(*_runs(_rescored(index, moved), point.index), spec, rules)
    same = varied.eq(point.reindex(varied.index, level=1))
    kept = same.groupby(level=1).mean()
    return (
        point.join(kept.add_suffix("_kept"))
        .rename_axis("unit")
        .reset_index()[["unit", "tier", "tier_kept", "profile", "profile_kept"]]
    )


def _drawn(spec, rules: dict, rng, draws: int | None, spread: float | None) -> list[np.ndarray]:
    """Factors on the weights of all nodes, a draw each: `spread` either way (uniform)."""
    declared = rules["stability"]
    rng = np.random.default_rng(declared["seed"]) if rng is None else rng
    draws = declared["draws"] if draws is None else draws
    spread = declared["spread"] if spread is None else spread
    return list(rng.uniform(1 - spread, 1 + spread, (draws, len(spec.nodes))))


def _rescored(index, moved: list[np.ndarray]) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """As `_years`, with the weights of all nodes, as used, multiplied by factors, for each draw of these."""
    spec, done = index.spec, index.steps()
    values, rows, used = done.normalised.to_numpy(float), done.normalised.index, done.weights.to_numpy(float)
    used = aggregate.by_row(used, spec, rows, index.groups) if spec.group_weights else used
    found, step = [], max(1, ROWS // len(rows))
    for some in (np.array(moved[start : start + step]) for start in range(0, len(moved), step)):
        weights = np.broadcast_to(used * some[:, None], (len(some), len(rows), used.shape[-1]))
        stacked = np.tile(values, (len(some), 1)), spec, weights.reshape(-1, used.shape[-1])
        found += np.split(aggregate.scores(*stacked, rows, index.posts, index.groups), len(some))
    return [_both(index, pd.DataFrame(scores, rows, spec.nodes.index)) for scores in found]


# What the chapter says


def judged(types: pd.DataFrame, means: pd.DataFrame, year: int) -> pd.DataFrame:
    """The types of `stability` with `known_share`, the share of the weight behind the region's score that is known.

    `means`: stored ones (`fire.results`).
    """
    now = means[means["year"].eq(year)].set_index(["unit", "node"])["known_share"]
    return types.assign(known_share=now.reindex(pd.MultiIndex.from_frame(types[["unit", "node"]])).to_numpy())


def _told(types: pd.DataFrame) -> pd.Series:
    """Whether a type is told: it stands in nearly all draws, and ENOUGH of the weight behind it is known."""
    return types["share_draws"].ge(SURE) & types["known_share"].ge(ENOUGH - 1e-9)


def named(types: pd.DataFrame, order: list, nodes: list, rules: dict | None = None) -> pd.DataFrame:
    """Types of the regions (rows in `order`) at every node where one is told, in both languages: `unit, <node>_zh,
    <node>_en`, none where it is not told; and `share_kept` of the type of the first of these nodes. `types`: as of `judged`."""
    words = (rules or load())["types"]
    sure = types.assign(type=types["type"].where(_told(types)))
    nodes = [node for node in nodes if sure.loc[sure["node"].eq(node), "type"].notna().any()] or nodes[:1]
    kinds = sure.pivot(index="unit", columns="node", values="type").loc[order, nodes]
    found = {"unit": order}
    for node in nodes:
        for lang, label in (
            ("zh", lambda kind: words[kind]["names"][0]),
            ("en", lambda kind: words[kind]["en"]),
        ):
            found[f"{node}_{lang}"] = [None if pd.isna(kind) else label(kind) for kind in kinds[node]]
    first = sure[sure["node"].eq(nodes[0])].set_index("unit").loc[order]
    kept = first["share_kept"].where(first["type"].notna())
    return pd.DataFrame(found).assign(share_kept=100 * kept.to_numpy())


def said(types: pd.DataFrame, order: list, node: str, rules: dict | None = None) -> dict:
    """Of how many regions the type at a node is told (`sure`), how many of these have one (`typed`) or none (`untyped`),
    which (`kinds`: zh, en, regions), how firm types are when weights vary, and the frailest; `known`: of how many regions
    enough is known (`need` per cent of the weight). `types`: as of `judged`."""
    rules = rules or load()
    words = rules["types"]
    own = types[types["node"].eq(node)].set_index("unit").loc[order]
    sure = own[_told(own)]
    typed = sure[sure["type"].ne("none")]
    found = {
        "node": node,
        "count": len(own),
        "known": int(own["known_share"].ge(ENOUGH - 1e-9).sum()),
        "need": 100 * ENOUGH,
        "sure": len(sure),
        "typed": len(typed),
        "untyped": len(sure) - len(typed),
        "kinds": [
            {"zh": words[kind]["names"][0], "en": words[kind]["en"], "regions": list(rows.index)}
            for kind, rows in typed.groupby("type", sort=False)
        ],
        "spread": 100 * rules["stability"]["spread"],
    }
    if sure.empty:
        return found | {"firm": None, "frail": [], "kept": None}
    kept = sure["share_kept"]
    return found | {
        "firm": 100 * kept.mean(),
        "frail": list(kept.index[kept.eq(kept.min())]),
        "kept": 100 * kept.min(),
    }
