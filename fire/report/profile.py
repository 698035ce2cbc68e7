"""One place at a glance: all that its page shows, gathered from the index and the stored results of an edition."""

import pandas as pd

from fire.analysis import coordination, targets, views
from fire.errors import InputError
from fire.index.panel import STATUSES

SHOWN = 5  # lines of a list on a page
SURE = 0.95  # probability from which one unit is called ahead of another


def profiles(ed, known) -> dict[str, dict]:
    """Profiles of the regions, then of the cities, each in the order of their ranks: name → facts for its page.

    `known`: the stored results of the edition (`fire.results.of`); nothing costly is computed here.
    """
    cities = _cities(ed, known)
    regions = _regions(ed, known, cities)
    return dict(sorted(regions.items(), key=_by_rank)) | dict(sorted(cities.items(), key=_by_rank))


def city(ed, known, name: str) -> dict:
    """The profile of one city; InputError names what to type instead when it is not ranked."""
    views.known_unit(ed.index, name)
    return _cities(ed, known, [name])[name]


def _by_rank(item: tuple[str, dict]) -> tuple:
    return item[1]["rank"], item[0]


def _of(frame: pd.DataFrame, index, node: str | None = None) -> dict[str, pd.DataFrame]:
    """Rows of the year ranked (where years are told apart) and of one node by unit."""
    kept = frame[frame["year"].eq(index.year)] if "year" in frame else frame
    kept = kept if node is None else kept[kept["node"].eq(node)]
    return dict(list(kept.groupby("unit", observed=True)))


def _head(index, name: str, lines: pd.DataFrame, ranges: pd.DataFrame | None) -> dict:
    """What cities and regions have in common: the line of the root, its interval, and the table of all nodes."""
    root, columns = index.spec.root, ["rank_low", "rank_high"]
    bounds = pd.DataFrame(columns=columns) if ranges is None else ranges.set_index("node")[columns]
    lines = lines.set_index("node").reindex(index.spec.walk()).rename_axis("node").join(bounds)
    total = lines.loc[root]
    return {
        "name": name,
        "rank": int(total["rank"]),
        "score": total["score"],
        "growth": total["growth_pct"],
        "moved": total["rank_change"],
        "low": total["rank_low"],
        "high": total["rank_high"],
        "nodes": lines.reset_index().to_dict("records"),
        "statuses": [
            (status, total[f"share_{status}"]) for status in STATUSES if total.get(f"share_{status}", 0) > 0
        ],
    }


def _regions(ed, known, cities: dict) -> dict[str, dict]:
    """Facts of every region, with its members in order."""
    index, made = ed.index, {}
    ranges = _of(known.region_intervals, index)
    for name, lines in _of(known.means, index).items():
        members = [facts for facts in cities.values() if facts["region"] == name]
        root = lines.set_index("node").loc[index.spec.root]
        if members and pd.notna(root["rank"]):
            made[name] = _head(index, name, lines, ranges.get(name)) | {
                "kind": "region",
                "region": name,
                "members": sorted(members, key=lambda facts: facts["rank"]),
                "member_growth": root["mean_city_growth_pct"],
            }
    return made


def _cities(ed, known, names: list | None = None) -> dict[str, dict]:
    """Facts of every city that is ranked (or of `names`)."""
    index, places = ed.index, ed.places().set_index("city")
    final = index.of().dropna(subset="rank").set_index("unit")
    lines, ranges = _of(known.scores, index), _of(known.intervals, index)
    parts, passed, pairs = (
        _of(known.attribution, index),
        _of(known.rivals, index),
        _of(known.pairs, index, index.spec.root),
    )
    hindered = _of(_obstacles(index), index)
    beside = views.group_ranks(index, groups=places["region"]).set_index("unit")["group_rank"]
    made = {}
    for name in names or final.index:
        sides = dict(list(views.strengths(index, name, count=SHOWN).groupby("side")))
        points = parts[name].groupby("indicator")["points"].sum() if name in parts else pd.Series(dtype=float)
        points = points.sort_values(key=abs, ascending=False)
        made[name] = _head(index, name, lines[name], ranges.get(name)) | {
            "kind": "city",
            "region": places.at[name, "region"],
            "province": places["province"].get(name) if "province" in places else None,
            "in_region": int(beside[name]),
            "peers": views.peers(index, name, count=SHOWN).to_dict("records"),
            **{side: _records(sides.get(side)) for side in ("strength", "weakness")},
            "obstacles": _records(hindered[name].nlargest(SHOWN, "share") if name in hindered else None),
            "points": points[points.abs() > 5e-7].head(SHOWN).to_dict(),
            "total_points": points.sum() if name in parts else None,
            "rivals": _records(passed[name][["rival", "places"]] if name in passed else None),
            "unsure": _unsure(pairs.get(name), final),
            "needed": _needed(index, name),
        }
    return made


def _records(frame: pd.DataFrame | None) -> list[dict]:
    return [] if frame is None else frame.to_dict("records")


def _obstacles(index) -> pd.DataFrame:
    """Obstacles (`coordination.obstacle`) of the units whose indicators are all there; a score beyond the scale counts
    as its end."""
    table = index.wide()[index.spec.indicators].dropna()
    low, high = index.spec.method["scale"]
    scaled = coordination.rescale(table, low, high, rule="clip")
    return coordination.obstacle(scaled, index.weight_in_index[index.spec.indicators], index.pillar)


def _unsure(pairs: pd.DataFrame | None, final: pd.DataFrame) -> list[str]:
    """The others that a unit is neither surely ahead of nor surely behind, best first."""
    if pairs is None:
        return []
    others = set(pairs.loc[pairs["p_ahead"].between(1 - SURE, SURE, inclusive="neither"), "other"])
    return [other for other in final.sort_values("rank", kind="stable").index if other in others]


def _needed(index, name: str) -> list[dict] | None:
    """The smallest changes of one indicator that gain a place without passing the best of the year; None for the first,
    and where the index is no weighted mean."""
    try:
        changes = targets.single(index, name)
    except InputError:
        return None
    return _records(changes[~changes["beyond_best"]].head(SHOWN))
