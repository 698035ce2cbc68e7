"""One place at a glance: all that its page shows, gathered from the index and the stored results of an edition.

A place of which too little is known (`known.ENOUGH` of the weight below the root) has its scores with their status and
range, and nothing that judges it: no strengths, obstacles, peers, rivals or targets. Where enough is known but draws still
enter what a finding is computed from, the finding is left out: peers, obstacles and targets rest on the scores of all cities
in the year ranked, rivals on those of both years, the total of a change on the place's own of both years. What is said of an
indicator needs its own data: raw values, and points of a change, are those of known cells only.
"""

import numpy as np
import pandas as pd

from fire.analysis import coordination, targets, views
from fire.analysis import known as knowledge
from fire.analysis.known import HIGH, KEYS, LOW, SOFT
from fire.errors import InputError
from fire.index import rounding
from fire.index.panel import STATUSES
from fire.report import release, vintage

SHOWN = 5  # lines of a list on a page
BESIDE = 2  # places above and below
SURE = 0.95  # probability from which one unit is called ahead of another
PART = (
    1 / 4
)  # of all ranked places: an indicator ranked in the first of them is a strength, in the last a weakness
SEEN = (
    0.5 * 10.0 ** -knowledge.DECIMALS["score"]
)  # points from which an indicator is said to have moved a score
EARTH = 6371.0  # mean radius, kilometres


def profiles(ed, known) -> dict[str, dict]:
    """Profiles of the regions, then of the cities, each in the order of their ranks: name → facts for its page.

    `known`: the stored results of the edition (`fire.results.of`); nothing costly is computed here.
    """
    cities = _cities(ed, known)
    regions = _regions(ed, known, cities)
    made = dict(sorted(regions.items(), key=_by_rank)) | dict(sorted(cities.items(), key=_by_rank))
    return _beside(ed, known, made)


def city(ed, known, name: str) -> dict:
    """The profile of one city; InputError names what to type instead when it is not ranked."""
    views.known_unit(ed.index, name)
    return profiles(ed, known)[name]


def _by_rank(item: tuple[str, dict]) -> tuple:
    return item[1]["rank"], item[0]


def _of(frame: pd.DataFrame, index, node: str | None = None, year: int | None = None) -> dict:
    """Rows of a year (default: the one ranked; where years are told apart) and of one node by unit."""
    kept = frame[frame["year"].eq(index.year if year is None else year)] if "year" in frame else frame
    kept = kept if node is None else kept[kept["node"].eq(node)]
    return dict(list(kept.groupby("unit", observed=True)))


def _head(index, name: str, lines: pd.DataFrame) -> dict:
    """What cities and regions have in common: the line of the root, the lines of all nodes, how much is known."""
    lines = lines.set_index("node").reindex(index.spec.walk())
    total = lines.loc[index.spec.root]
    return {
        "name": name,
        "rank": int(total["rank"]),
        "score": total["score"],
        "total": {"node": index.spec.root, **total.to_dict()},
        "nodes": lines.rename_axis("node").reset_index().to_dict("records"),
        "shares": _shares(index, lines),
        "known_share": float(total["known_share"]),
        "told": bool(total["known_share"] >= knowledge.ENOUGH - 1e-9),
        "sides": None,
    }


def _shares(index, lines: pd.DataFrame) -> list[tuple]:
    """Share of the weight of the index by the status of its indicators' scores, from hard to soft."""
    weight = index.weight_in_index[index.spec.indicators].astype(float)
    shares = weight.groupby(lines["score_status"].reindex(weight.index)).sum()
    return [(status, float(shares[status])) for status in STATUSES if status in shares]


# Cities and regions ---------------------------------------------------------------------------------------------------


def _regions(ed, known, cities: dict) -> dict[str, dict]:
    """Facts of every region, with its members in order."""
    index, made = ed.index, {}
    for name, lines in _of(known.means, index).items():
        members = [facts for facts in cities.values() if facts["region"] == name]
        root = lines.set_index("node").loc[index.spec.root]
        if members and pd.notna(root["rank"]):
            made[name] = _head(index, name, lines) | {
                "kind": "region",
                "region": name,
                "members": sorted(members, key=lambda facts: facts["rank"]),
            }
    for facts in made.values():
        facts["sides"] = _sides(index, facts, known.means) if facts["told"] else None
    return made


def _cities(ed, known) -> dict[str, dict]:
    """Facts of every city that is ranked."""
    index, places = ed.index, ed.places().set_index("city")
    final = index.of().dropna(subset="rank").set_index("unit")
    lines, made = _of(known.scores, index), {}
    for name in final.index:
        made[name] = _head(index, name, lines[name]) | {
            "kind": "city",
            "region": places.at[name, "region"],
            "province": places["province"].get(name) if "province" in places else None,
        }
    told = {name: facts for name, facts in made.items() if facts["told"]}
    for name, facts in _judged(index, known, told).items():
        made[name] |= facts
    return made


def _judged(index, known, told: dict) -> dict[str, dict]:
    """What is said of cities of which enough is known: strengths and weaknesses (`sides`) and, where no draw enters what they
    rest on, `peers`, `obstacles` and what one more place would take (`needed`), past whom they moved (`passed`,
    `passed_by`)."""
    if not told:
        return {}
    passed, hindered = _of(known.rivals, index), _of(_obstacles(index), index)
    soft, root = _rests_on_draws(known, index), index.spec.root
    made: dict[str, dict] = {}
    for name, facts in told.items():
        said: dict = {"sides": _sides(index, facts, known.scores)}
        if not soft(name, root, "rank"):
            obstacles = hindered.get(name, pd.DataFrame(columns=["node", "share"]))
            said |= {
                "peers": views.peers(index, name, count=SHOWN).to_dict("records"),
                "obstacles": obstacles.sort_values("share", ascending=False, kind="stable")
                .head(SHOWN)
                .to_dict("records"),
                "needed": _needed(index, name),
            }
        if not soft(name, root, "rank_change"):
            rivals = passed.get(name, known.rivals.head(0))
            said |= {
                "passed": list(rivals.loc[rivals["places"].gt(0), "rival"]),
                "passed_by": list(rivals.loc[rivals["places"].lt(0), "rival"]),
            }
        made[name] = said
    return made


def _sides(index, facts: dict, scores: pd.DataFrame) -> dict:
    """The known indicators that rank in the first PART of all places (`strength`, best first) and in the last (`weakness`,
    worst first), at most SHOWN of each, of a tie those that weigh most: lines with `of`, how many are ranked. `strengths`,
    `weaknesses`: how many there are. `highest`, `lowest`: all that share the best and the worst rank (`nodes`, `rank`, `of`),
    None where nothing is known."""
    now = scores[scores["year"].eq(index.year)]
    of = now.dropna(subset="rank").groupby("node", observed=True)["unit"].nunique()
    lines = [
        line | {"of": int(of[line["node"]])}
        for line in facts["nodes"]
        if line["node"] in index.spec.indicators
        and pd.notna(line["rank"])
        and not {line["score_status"], line["rank_status"]} & set(SOFT)
    ]
    heavy = sorted(lines, key=lambda line: -index.weight_in_index[line["node"]])
    best = sorted(heavy, key=_part)
    worst = sorted(heavy, key=_part, reverse=True)
    first = [line for line in best if _part(line) <= PART]
    last = [line for line in worst if _part(line) > 1 - PART]
    return {
        "strength": first[:SHOWN],
        "weakness": last[:SHOWN],
        "strengths": len(first),
        "weaknesses": len(last),
        "highest": _tied(best),
        "lowest": _tied(worst),
    }


def _part(line: dict) -> float:
    """Share of the places that are ranked down to this one."""
    return line["rank"] / line["of"]


def _tied(lines: list[dict]) -> dict | None:
    """The first of some lines and those that tie with it."""
    tied = [line for line in lines if (line["rank"], line["of"]) == (lines[0]["rank"], lines[0]["of"])]
    return (
        {"nodes": [line["node"] for line in tied]} | {key: tied[0][key] for key in ("rank", "of")}
        if tied
        else None
    )


def _obstacles(index) -> pd.DataFrame:
    """Obstacles (`coordination.obstacle`) of the units whose indicators are all there; a score beyond the scale counts as
    its end. No rows where the indicators have no scale in common, or do not count by their weights."""
    spec, below = index.spec, set(index.spec.leaves(index.spec.root))
    nodes = [leaf for leaf in spec.indicators if leaf in below]
    scales = {coordination.scale_of(spec, node) for node in nodes}
    weighed = all(rule["leaf"] or rule["aggregation"] in coordination.WEIGHED for rule in spec.rules.values())
    table = index.wide()[nodes].dropna()
    plain = weighed and not spec.group_weights and spec.method["best"] != "low"
    scale = scales.pop() if len(scales) == 1 else None
    if not plain or scale is None or not scale[0] < scale[1] or table.empty:
        return pd.DataFrame(columns=["unit", "node", "share"])
    weight = index.weight_in_index[nodes]
    return coordination.obstacle(
        coordination.rescale(table, *scale, rule="clip"), weight / weight.sum(), index.pillar
    )


def _needed(index, name: str) -> list[dict] | None:
    """The smallest changes of one indicator that gain a place without passing the best of the year, as computed from the
    scores of all cities; None for the first, and where the index is no weighted mean."""
    try:
        changes = targets.single(index, name)
    except InputError:
        return None
    return changes[~changes["beyond_best"]].head(SHOWN).to_dict("records")


# What surrounds a place -----------------------------------------------------------------------------------------------


def _beside(ed, known, made: dict) -> dict:
    """Add to every profile: `in_region`, `chart`, `printed`, `moved`, `raw`, and its neighbours (`above`, `below`, `unsure`,
    `near`, `mates`)."""
    index, drawn = ed.index, _Drawn(ed)
    pairs = _of(known.pairs, index, index.spec.root)
    chart, printed, moved = _Chart(ed, known, drawn), _printed(ed, known, drawn), _moved(ed, known, made)
    raw, near = raw_values(ed), _near(ed, made)
    for kind in ("region", "city"):
        order = [name for name, facts in made.items() if facts["kind"] == kind]
        for at, name in enumerate(order):
            facts = made[name]
            facts |= {
                "of": len(order),
                "chart": chart.rows(facts),
                "printed": printed.get(name, []),
                "moved": moved.get(name),
                "raw": raw.get(name, []),
                "above": [_short(made[other]) for other in order[max(at - BESIDE, 0) : at]],
                "below": [_short(made[other]) for other in order[at + 1 : at + 1 + BESIDE]],
                "unsure": _unsure(pairs.get(name), order),
                "near": near.get(name, []),
            }
            if kind == "city":
                facts["in_region"] = drawn.in_region(facts, made)
                mates = [one["name"] for one in made[facts["region"]]["members"]]
                facts["mates"] = [other for other in mates if other != name]
    return made


def _short(facts: dict) -> dict:
    return {"name": facts["name"], "total": facts["total"]}


def _unsure(pairs: pd.DataFrame | None, order: list) -> list[str]:
    """The others that a unit is neither surely ahead of nor surely behind, best first."""
    if pairs is None:
        return []
    others = set(pairs.loc[pairs["p_ahead"].between(1 - SURE, SURE, inclusive="neither"), "other"])
    return [other for other in order if other in others]


def _near(ed, made: dict) -> dict[str, list]:
    """The SHOWN nearest other ranked cities of each: name, km (great circle)."""
    places = ed.places().set_index("city")
    names = [name for name, facts in made.items() if facts["kind"] == "city"]
    lon, lat = (np.radians(places.loc[names, axis].to_numpy(float)) for axis in ("lon", "lat"))
    half = np.sin((lat[:, None] - lat) / 2) ** 2 + np.cos(lat[:, None]) * np.cos(lat) * (
        np.sin((lon[:, None] - lon) / 2) ** 2
    )
    away = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1)))
    np.fill_diagonal(away, np.inf)
    return {
        name: [
            {"name": names[other], "km": float(away[row, other])}
            for other in np.argsort(away[row], kind="stable")[:SHOWN]
            if np.isfinite(away[row, other])
        ]
        for row, name in enumerate(names)
    }


class _Drawn:
    """The scores of the cities under every draw as arrays: draws × years × cities × nodes (`scores`), and the means of the
    regions likewise (`regions`)."""

    def __init__(self, ed):
        index = ed.index
        self.index, self.nodes = index, list(index.spec.nodes.index)
        self.years = [index.year] if index.before is None else [index.before, index.year]
        self.units = list(index.units)
        rows = pd.MultiIndex.from_product([self.years, self.units])
        under = [_cube(one, rows, self.nodes) for one in index.completions]
        self.scores = np.array(under).reshape(-1, len(self.years), len(self.units), len(self.nodes))
        region = ed.places().set_index("city")["region"].reindex(self.units)
        self.groups = list(dict.fromkeys(region.dropna()))
        inside = np.array([region.eq(name).to_numpy(float) for name in self.groups])
        there = (~np.isnan(self.scores)).astype(float)
        count = np.einsum("gu,dyun->dygn", inside, there)
        total = np.einsum("gu,dyun->dygn", inside, np.nan_to_num(self.scores))
        self.regions = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        self.sign = -1.0 if index.spec.method["best"] == "low" else 1.0

    def values(self, kind: str, name: str, node: str, measure: str) -> np.ndarray:
        """A measure of one unit at one node in the year ranked, as computed under each draw."""
        table, names, sign = (
            (self.scores, self.units, self.sign) if kind == "city" else (self.regions, self.groups, 1.0)
        )
        own, at = names.index(name), self.nodes.index(node)
        years = table[:, :, :, at]
        now = years[:, -1, own]
        if measure == "score" or (measure != "rank" and len(self.years) < 2):
            return now if measure == "score" else np.full(len(now), np.nan)
        if measure == "growth_pct":
            return 100 * (now / years[:, 0, own] - 1)
        ranks = [rounding.ranks(sign * years[:, year].T)[own] for year in range(len(self.years))]
        return ranks[-1] if measure == "rank" else ranks[0] - ranks[-1]

    def in_region(self, facts: dict, made: dict) -> dict:
        """Rank of a city among those of its region: rank, rank_status, rank_low, rank_high, of. It follows from ranks that
        are known where those of all cities before it are."""
        names = [one["name"] for one in made[facts["region"]]["members"]]
        own = names.index(facts["name"])
        known = {
            one["rank"]
            for one in made.values()
            if one["kind"] == "city" and one["total"]["rank_status"] not in SOFT
        }
        rows = [self.units.index(name) for name in names]
        ranks = rounding.ranks(
            self.sign * self.scores[:, -1, :, self.nodes.index(self.index.spec.root)][:, rows].T
        )
        if set(range(1, facts["rank"] + 1)) <= known:
            rank = 1 + sum(one["rank"] < facts["rank"] for one in made[facts["region"]]["members"])
            status = "implied" if facts["total"]["rank_status"] == "printed" else "observed"
            return {
                "rank": rank,
                "rank_status": status,
                "rank_low": rank,
                "rank_high": rank,
                "of": len(names),
            }
        low, high = _ends(ranks[own], whole=True)
        moves = len(self.scores) > 1 and any(
            one["total"]["score_status"] in SOFT for one in made[facts["region"]]["members"]
        )
        status = self.index.softness if moves else "observed"
        rank = own + 1 if moves else int(ranks[own][0])
        return {"rank": rank, "rank_status": status, "rank_low": low, "rank_high": high, "of": len(names)}

    def medians(self) -> dict[str, tuple]:
        """Ends of the median city at every node in the year ranked."""
        middle = np.nanmedian(self.scores[:, -1], axis=1)
        return {node: _ends(middle[:, at]) for at, node in enumerate(self.nodes)}


def _cube(index, rows: pd.MultiIndex, nodes: list[str]) -> np.ndarray:
    """Scores of an index by rows (year, unit) and nodes; missing where a unit has no data in a year."""
    done = index.steps()
    there = done.raw.notna().any(axis=1)
    return done.scores[there].reindex(rows)[nodes].to_numpy(float)


def _ends(values: np.ndarray, whole: bool = False) -> tuple[float, float]:
    """5th and 95th percentile, of whole numbers the outer ones."""
    low = np.nanquantile(values, LOW, method="lower" if whole else "linear")
    high = np.nanquantile(values, HIGH, method="higher" if whole else "linear")
    return float(low), float(high)


class _Chart:
    """The score of a place at the root and the pillars beside its region, the median city and its peers."""

    def __init__(self, ed, known, drawn: _Drawn):
        index = ed.index
        self.nodes = [index.spec.root, *index.spec.pillars]
        now = known.scores[known.scores["year"].eq(index.year) & known.scores["node"].isin(self.nodes)]
        self.cities = {node: part.set_index("unit") for node, part in now.groupby("node", observed=True)}
        means = known.means[known.means["year"].eq(index.year) & known.means["node"].isin(self.nodes)]
        self.means = {node: part.set_index("unit") for node, part in means.groupby("node", observed=True)}
        ends = drawn.medians()
        self.medians = {
            node: {
                "value": float(part["score"].astype(float).median()),
                **dict(zip(("low", "high"), ends[node])),
                "soft": bool(part["score_status"].isin(SOFT).any()),
            }
            for node, part in self.cities.items()
        }
        self.axes = self._axes(index)
        self.shared = len(set(self.axes.values())) == 1

    def _axes(self, index) -> dict[str, tuple]:
        """Worst and best end of the axis of each node: one for all nodes on one scale, so that pages can be compared."""
        spans = {}
        for node, part in self.cities.items():
            reach = part[["score", "score_low", "score_high"]].to_numpy(float)
            scale = coordination.scale_of(index.spec, node) or (np.nanmin(reach), np.nanmax(reach))
            spans[node] = (*sorted(map(float, scale)), float(np.nanmin(reach)), float(np.nanmax(reach)))
        whole = len({span[:2] for span in spans.values()}) == 1
        if whole:
            ends = min(map(min, spans.values())), max(map(max, spans.values()))
            spans = dict.fromkeys(spans, ends)
        turned = index.spec.method["best"] == "low"
        return {
            node: (max(span), min(span)) if turned else (min(span), max(span)) for node, span in spans.items()
        }

    def rows(self, facts: dict) -> list[dict]:
        """A row a node: node, axis (its ends), own, region and median (value, low, high, soft; none of a region's own
        region), peers (known scores of the peers)."""
        lines, found = {line["node"]: line for line in facts["nodes"]}, []
        for node in self.nodes:
            if pd.isna(lines[node]["score"]):
                continue
            beside = facts["kind"] == "city" and facts["region"] in self.means[node].index
            peers = [self.cities[node].loc[one["unit"]] for one in facts.get("peers", [])]
            found.append(
                {
                    "node": node,
                    "axis": self.axes[node],
                    "own": _spot(lines[node]),
                    "region": _spot(self.means[node].loc[facts["region"]]) if beside else None,
                    "median": self.medians[node],
                    "peers": [
                        float(one["score"])
                        for one in peers
                        if one["score_status"] not in SOFT and pd.notna(one["score"])
                    ],
                }
            )
        return found


def _spot(line) -> dict:
    return {
        "value": float(line["score"]),
        "low": float(line["score_low"]),
        "high": float(line["score_high"]),
        "soft": line["score_status"] in SOFT,
        "status": line["score_status"],
    }


# Printed, moved, raw --------------------------------------------------------------------------------------------------


def _printed(ed, known, drawn: _Drawn) -> dict[str, list]:
    """What the report printed of each place in the year ranked, beside what is computed instead: node, measure, printed,
    decimals, low, high, independent (no draw enters), agrees."""
    facts, index = known.printed, ed.index
    if facts is None or facts.empty:
        return {}
    facts = facts[facts["year"].eq(index.year) & facts["node"].isin(list(index.spec.nodes.index))]
    order = {node: place for place, node in enumerate(index.spec.walk())}
    there = {"city": set(drawn.units), "region": set(drawn.groups)}
    soft = _rests_on_draws(known, index)
    found: dict[str, list] = {}
    rows = facts.assign(place=facts["node"].map(order), of=facts["measure"].map(knowledge.MEASURES.index))
    for row in rows.sort_values(["place", "of"], kind="stable").itertuples():
        if row.unit not in there.get(row.unit_type, ()):
            continue
        values = drawn.values(row.unit_type, row.unit, row.node, row.measure)
        if np.isnan(values).all():
            continue
        low, high = _ends(values, whole=row.measure in knowledge.WHOLE)
        room = rounding.half_digit(row.decimals) * (row.measure not in knowledge.WHOLE) + 1e-9
        found.setdefault(row.unit, []).append(
            {
                "node": row.node,
                "measure": row.measure,
                "printed": row.value,
                "decimals": row.decimals,
                "low": low,
                "high": high,
                "independent": not soft(row.unit, row.node, row.measure),
                "agrees": bool(np.mean(np.abs(values - row.value) <= room) >= SURE),
            }
        )
    return found


def _rests_on_draws(known, index):
    """Whether draws enter a measure of a unit at a node; ranks rest on all units, changes on both years."""
    frames = pd.concat([known.scores, known.means], ignore_index=True)
    share = frames[[f"share_{name}" for name in SOFT if f"share_{name}" in frames]].sum(axis=1).gt(1e-9)
    drawn = frames.loc[share, KEYS]
    own = set(map(tuple, drawn.astype({"unit": str, "node": str}).to_numpy()))
    cities = set(known.scores["unit"])
    any_of = {(unit in cities, year, node) for unit, year, node in own}
    years = [index.year] if index.before is None else [index.before, index.year]

    def soft(unit: str, node: str, measure: str) -> bool:
        looked = years[-1:] if measure in ("score", "rank") else years
        if measure in knowledge.WHOLE:
            return any((unit in cities, year, node) in any_of for year in looked)
        return any((unit, year, node) in own for year in looked)

    return soft


def _moved(ed, known, made: dict) -> dict[str, dict]:
    """Where the change of score comes from: `points` of the known indicators that moved it (node, points; the largest
    first), `apart` (those of them whose data are not one year apart: node, first, last), `known` (how many indicators are
    known in both years), `all`, `total` (None where too little is known, or draws
    enter the score of either year), `rest` (what the others add, None as the total) and `joined` (no data of the year
    before). None without a year to compare.

    Where draws enter the score, points of the known indicators are told where the index is a weighted mean, so that they do
    not depend on the others; those of a region are the mean of its cities'.
    """
    index = ed.index
    if index.before is None:
        return {}
    spec = index.spec
    plain = all(
        rule["aggregation"] == "arithmetic" for rule in spec.rules.values() if not rule["leaf"]
    ) and not any(rule["missing"] not in ("none", "refuse") for rule in spec.rules.values())
    points = known.attribution.groupby(["unit", "indicator"], observed=True)["points"].sum()
    points = points.unstack().reindex(columns=list(spec.indicators))
    hard, soft = _hard_both(known.scores, index), _rests_on_draws(known, index)
    dated = vintage.years(ed).to_dict()
    found: dict[str, dict] = {}
    for name, facts in made.items():
        names = [one["name"] for one in facts["members"]] if facts["kind"] == "region" else [name]
        if not set(names) <= set(points.index):
            found[name] = {"joined": True}
            continue
        own = points.loc[names].mean()
        kept = [leaf for leaf in spec.indicators if all((one, leaf) in hard for one in names)]
        sure = facts["told"] and not any(soft(one, spec.root, "growth_pct") for one in names)
        kept = kept if sure or plain else []
        moves = own[kept].dropna()
        moves = moves[moves.abs().gt(SEEN)].sort_values(key=abs, ascending=False)
        shown = moves.head(SHOWN)
        total = float(own.sum()) if sure else None
        found[name] = {
            "joined": False,
            "points": [{"node": node, "points": float(value)} for node, value in shown.items()],
            "apart": _apart(dated, index, names, shown.index),
            "known": len(kept),
            "all": len(spec.indicators),
            "total": total,
            "rest": None if total is None else total - float(shown.sum()),
        }
    return found


def _apart(dated: dict, index, names: list[str], nodes) -> list[dict]:
    """The indicators whose data for the year ranked and for the one before are, in every city, of the same two years, and
    these as far apart as the years of the index are not: node, first, last."""
    found = []
    for node in nodes:
        first, last = (
            {dated.get((name, year, node), 0) for name in names} for year in (index.before, index.year)
        )
        if len(first) == len(last) == 1 and 0 not in first | last:
            years = {"first": first.pop(), "last": last.pop()}
            if years["last"] - years["first"] != index.year - index.before:
                found.append({"node": node, **years})
    return found


def _hard_both(scores: pd.DataFrame, index) -> set:
    """Unit and node of the scores that are known in both years."""
    both = scores[scores["year"].isin([index.before, index.year]) & scores["score"].notna()]
    both = both[~both["score_status"].isin(SOFT)]
    count = both.groupby(["unit", "node"], observed=True)["year"].nunique()
    return set(count.index[count.eq(2)])


def raw_values(ed) -> dict[str, list]:
    """The newest known raw values of every city, up to the year ranked: node, year, vintage (year of the data, None where it
    is not on record), value (missing where its source keeps it back), kept_back, status, source. Values that are drawn,
    simulated or assumed are not among them."""
    index, cells = ed.index, ed.index.panel
    cells = cells[cells["value"].notna() & ~cells["status"].isin(SOFT) & cells["year"].le(index.year)]
    cells = cells[cells["indicator"].isin(index.spec.indicators)]
    cells = cells.astype({"indicator": str, "unit": str}).sort_values("year", kind="stable")
    cells = cells.drop_duplicates(["unit", "indicator"], keep="last").rename(columns={"indicator": "node"})
    order = {node: place for place, node in enumerate(index.spec.walk())}
    back, known = cells["source"].isin(release.kept_back()), vintage.years(ed).to_dict()
    cells = cells.assign(
        value=cells["value"].mask(back),
        kept_back=back,
        source=cells["source"].fillna("").astype(str),
        vintage=[
            known.get(cell) for cell in cells[["unit", "year", "node"]].itertuples(index=False, name=None)
        ],
    )
    cells["vintage"] = cells["vintage"].astype(object).where(cells["vintage"].notna(), None)
    cells = cells.sort_values("node", key=lambda nodes: nodes.map(order), kind="stable")
    columns = ["node", "year", "vintage", "value", "kept_back", "status", "source"]
    return {unit: part[columns].to_dict("records") for unit, part in cells.groupby("unit")}
