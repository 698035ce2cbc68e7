"""One place at a glance: all that its page shows, gathered from the analyses."""

import pandas as pd

from fire.analysis import attribution, coordination, regions, robustness, targets, views
from fire.index import weights
from fire.index.panel import STATUSES

SHOWN = 5  # lines of a list on a page
SURE = 0.95  # probability from which one unit is called ahead of another


def profiles(edition, intervals: pd.DataFrame | None = None) -> dict[str, dict]:
    """Profiles of the regions, then of the cities, each in the order of their ranks: name → facts for its page.

    `intervals`: those of the edition (`robustness.intervals`), when they are at hand.
    """
    spec, panel, places = edition.spec, edition.panel(), edition.places().set_index("city")
    scores = edition.scores()
    regional = regions.regional_means(scores, edition.places())
    intervals = robustness.intervals(spec, panel) if intervals is None else intervals
    cities = city_profiles(edition, spec, panel, scores, places, intervals)
    ranges = robustness.run(spec, panel, groups=places["region"]).intervals
    made = region_profiles(edition, spec, regional, ranges, cities)
    return dict(sorted(made.items(), key=by_rank)) | dict(sorted(cities.items(), key=by_rank))


def by_rank(item: tuple[str, dict]) -> tuple:
    return item[1]["rank"], item[0]


def head(edition, spec, name: str, scores: pd.DataFrame, ranges: pd.DataFrame) -> dict:
    """What cities and regions have in common: the line of the root, its interval, and the table of all nodes."""
    lines = (
        scores[scores["unit"].eq(name) & scores["year"].eq(edition.year)]
        .set_index("node")
        .reindex(tree(spec, spec.root))
        .rename_axis("node")
    )
    ranges = ranges[ranges["unit"].eq(name) & ranges["year"].eq(edition.year)]
    ranges = ranges.set_index("node") if "node" in ranges else ranges.assign(node=spec.root).set_index("node")
    root = lines.loc[spec.root]
    nodes = lines.join(ranges[["rank_low", "rank_high"]]).reset_index()
    return {
        "name": name,
        "rank": int(root["rank"]),
        "score": root["score"],
        "growth": root["growth_pct"],
        "moved": root["rank_change"],
        "low": ranges.at[spec.root, "rank_low"],
        "high": ranges.at[spec.root, "rank_high"],
        "nodes": nodes.to_dict("records"),
        "statuses": [
            (status, root[f"share_{status}"]) for status in STATUSES if root.get(f"share_{status}", 0) > 0
        ],
    }


def tree(spec, node: str) -> list[str]:
    """A node and all below it, each child straight after its parent."""
    return [node, *(below for child in spec.children(node) for below in tree(spec, child))]


def region_profiles(
    edition, spec, regional: pd.DataFrame, ranges: pd.DataFrame, cities: dict
) -> dict[str, dict]:
    """Facts of every region, with its members in order."""
    made = {}
    for name in regional["unit"].unique():
        members = sorted(
            (facts for facts in cities.values() if facts["region"] == name), key=lambda facts: facts["rank"]
        )
        root = regional.query("unit == @name and year == @edition.year and node == @spec.root").iloc[0]
        made[name] = head(edition, spec, name, regional, ranges) | {
            "kind": "region",
            "region": name,
            "members": members,
            "member_growth": root["mean_city_growth_pct"],
        }
    return made


def city_profiles(
    edition, spec, panel, scores: pd.DataFrame, places: pd.DataFrame, ranges: pd.DataFrame
) -> dict[str, dict]:
    """Facts of every city."""
    year, before = edition.year, edition.base_year
    unsure = indistinct(robustness.run(spec, panel).pairs.query("year == @year"))
    low, high = spec.method["scale"]
    share = weights.effective(spec)[spec.indicators]
    pillars = coordination.weights_in_index(spec)["pillar"].to_dict()
    obstacles = coordination.obstacles(scores, share.to_dict(), low, high, rule="clip", parents=pillars)
    states = attribution.State(spec, panel, before), attribution.State(spec, panel, year)
    parts = attribution.decompose(*states).groupby(["unit", "indicator"])["points"].sum()
    passed = attribution.rivals(*states)
    final = scores[scores["year"].eq(year) & scores["node"].eq(spec.root)].set_index("unit")
    beside = views.group_ranks(scores, places["region"], spec.root, year).set_index("unit")["group_rank"]
    made = {}
    for name in final.index:
        facts = head(edition, spec, name, scores, ranges)
        points = parts[name].sort_values(key=abs, ascending=False)
        facts |= {
            "kind": "city",
            "region": places.at[name, "region"],
            "province": places.at[name, "province"],
            "in_region": int(beside[name]),
            "peers": views.peers(scores, spec, name, year, SHOWN).to_dict("records"),
            **{
                f"{side}": lines.to_dict("records")
                for side, lines in views.strengths(scores, spec, name, year, SHOWN).groupby("side")
            },
            "obstacles": obstacles[obstacles["unit"].eq(name) & obstacles["year"].eq(year)]
            .nlargest(SHOWN, "share")
            .to_dict("records"),
            "points": points[points.abs() > 5e-7].head(SHOWN).to_dict(),
            "total_points": points.sum(),
            "rivals": passed[passed["unit"].eq(name)][["rival", "places"]].to_dict("records"),
            "unsure": [other for other in final.sort_values("rank").index if other in unsure.get(name, ())],
            "needed": needed(spec, panel, scores, name, final.at[name, "rank"], year),
        }
        made[name] = facts
    return made


def indistinct(pairs: pd.DataFrame) -> dict[str, set]:
    """For each unit the others that it is neither surely ahead of nor surely behind."""
    open_pairs = pairs[pairs["p_ahead"].between(1 - SURE, SURE, inclusive="neither")]
    return open_pairs.groupby("unit")["other"].agg(set).to_dict()


def needed(spec, panel, scores: pd.DataFrame, name: str, rank: int, year: int) -> list[dict]:
    """The smallest changes of one indicator that gain a place without passing the best of the year."""
    if rank == 1:
        return []
    changes = targets.single(spec, panel, name, 1, year, scores=scores)
    return changes[~changes["beyond_best"]].head(SHOWN).to_dict("records")
