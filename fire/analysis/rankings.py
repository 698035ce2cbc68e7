"""The indices of the annex: each is an Index of its own; league table, what it rests on, comparison with other rankings.

    ranked = rankings.results(ed, "infrastructure")     # .index .intervals .audit
    rankings.league(ranked.index, ranked.intervals)
    rankings.demonstration(ed)                 # how the methods do on samples whose truth is known
    rankings.external(ed)                      # other rankings of cities, and FIRE itself

Names and groups of the units stand in `index.places` (city: the unit, city_en, region: its group).
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fire import files
from fire.analysis import audit, known, robustness, views
from fire.analysis.alternatives import STANDARD
from fire.errors import InputError, refuse
from fire.index import score
from fire.index import spec as specs
from fire.index.index import Index
from fire.index.panel import STATUSES
from fire.sources import collection, samples

INDICES = [name for kind, found in collection.DATABASES.items() if kind != "cities" for name in found]
EARLIER = "fire-2021"  # the method of the earlier edition, on the panel of this one
TOP = 30  # rows of a league table where the specification says nothing
LEAST = 4  # common cities from which two rankings are correlated
SHOWN = ["index_name", "year", "n", "spearman", "spearman_status", "spearman_low", "spearman_high"]
WIDE = 5  # ranks beyond which an interval is called wide
LEVEL = 90  # per cent of the draws of `robustness` between the ends of an interval
LEADING = 10  # units at the head of a ranking whose stay is counted


@dataclass(frozen=True)
class _Ranking:
    """One index with what is computed from it: rank `intervals` of its root, its `audit` (as `audit.run`)."""

    index: Index
    intervals: pd.DataFrame
    audit: pd.DataFrame

    @property
    def top(self) -> int:
        """Rows of its league table."""
        return self.index.spec.table.get("annex", {}).get("top", TOP)

    @property
    def statuses(self) -> list[str]:
        """Data statuses of its panel, from hard to soft."""
        return [name for name in STATUSES if name in set(self.index.panel["status"])]


def results(ed, name: str, raw: Path = collection.RAW, draws: int | None = None) -> _Ranking:
    """An index of the annex (or of FIRE) under its declared alternatives (`draws`: default those declared)."""
    index = load(ed, name, raw)
    declared = alternatives(index)
    intervals = robustness.run(index, declared, draws, progress=False).intervals
    return _Ranking(index, intervals, audit.run(index, alternatives=declared, intervals=intervals))


def load(ed, name: str, raw: Path = collection.RAW) -> Index:
    """Any ranked index: one of INDICES on the team's workbook or the sample, that of the edition, or EARLIER.

    Posts are those of the base year of the specification, or of the panel's first year when it lacks that. EARLIER
    takes posts of its own year: growth of the base year would need statistics of the year before that.
    Raises InputError for an unknown index and every fault of a workbook.
    """
    if name == ed.spec.id:
        return ed.index
    if name == EARLIER:
        grown = with_growth(ed.index.panel)
        return Index(specs.load(name).vary(reference="year"), grown, places=ed.places(), draws=ed.index.draws)
    if name not in INDICES:
        others = [*INDICES, ed.spec.id, EARLIER]
        raise InputError(f"index {name}", [f"not a ranked index: use one of {', '.join(others)}"])
    units, panel = collection.of_index(ed, name, raw)
    spec, years = specs.load(name), sorted(panel["year"].unique())
    if spec.method["base_year"] not in years:
        spec = spec.vary(base_year=int(years[0]))
    places = units.rename(columns={"unit": "city", "unit_en": "city_en", "group": "region"})
    return Index(spec, panel, places=places[["city", "city_en", "region"]])


def alternatives(index) -> dict:
    """Declared alternatives of the rank intervals, of the annex or of FIRE; with one year, without choices between years."""
    annex = "annex" in index.spec.table
    path = samples.ANNEX / "uncertainty.toml" if annex else STANDARD
    chosen = tomllib.loads(path.read_text(encoding="utf-8"))
    if len(index.years) > 1:
        return chosen
    kept = [
        option for option in chosen["normalise"] if not (isinstance(option, dict) and "reference" in option)
    ]
    return {name: options for name, options in chosen.items() if name != "reference"} | {"normalise": kept}


def with_growth(panel: pd.DataFrame) -> pd.DataFrame:
    """The last year of FIRE's panel with the two growth indicators of the earlier edition (per cent over the year before);
    units without data of the year before are left out. Raises InputError when the panel lacks that year."""
    last = panel["year"].max()
    refuse(
        f"index {EARLIER}", [] if last - 1 in set(panel["year"]) else [f"the panel has no year {last - 1}"]
    )
    sizes = panel[panel["indicator"].isin(["gdp", "pop_size"])]
    wide = sizes.pivot(index=["unit", "indicator"], columns="year", values="value")
    growth = (100 * (wide[last] / wide[last - 1] - 1)).dropna().rename("value").reset_index()
    growth["indicator"] = growth["indicator"].map({"gdp": "gdp_growth", "pop_size": "pop_growth"})
    growth = growth.assign(year=last, status="estimated", source="growth of the panel's own series")
    whole = growth["unit"].value_counts().loc[lambda count: count.eq(2)].index
    both = pd.concat([panel[panel["year"].eq(last)], growth], ignore_index=True)
    return both[both["unit"].isin(whole)].reset_index(drop=True)


# The specification and its data ---------------------------------------------------------------------------------------


def indicators(spec) -> pd.DataFrame:
    """Codebook of an index: `index, indicator, pillar, label_, definition_, unit_, source_` (each _zh and _en),
    `direction, transform, channel, basis, criterion`, one row an indicator."""
    rows, written = [], samples.written(spec)
    for leaf in spec.indicators:
        row, way = written[leaf], [*reversed(spec.ancestors(leaf)), leaf]
        beside = way[0] != spec.root
        words = {
            f"{key}_{lang}": row.get(key, {}).get(lang)
            for key in ("label", "definition", "unit", "source")
            for lang in ("zh", "en")
        }
        rows.append(
            {
                "index": spec.id,
                "indicator": leaf,
                "pillar": way[0] if beside or len(way) == 1 else way[1],
                **words,
                "direction": spec.rules[leaf]["direction"],
                "transform": spec.rules[leaf]["transform"],
                "channel": row.get("channel"),
                "basis": row.get("basis", {}).get("indicator"),
                "criterion": row.get("criterion"),
            }
        )
    return pd.DataFrame(rows)


def listed(index) -> pd.DataFrame:
    """The indicators as a reader sees them: branch (the pillar), name, definition, direction (↑ ↓), source and, where the figures have years of their own, `vintage` (these years, by index year) and `carried` (cells filled
    with an earlier figure)."""
    book = indicators(index.spec)
    pairs = {"label": "name", "definition": "definition", "source": "source"}
    table = {f"branch_{lang}": book["pillar"].map(index.spec.labels(lang)) for lang in ("zh", "en")}
    table |= {f"{new}_{lang}": book[f"{old}_{lang}"] for old, new in pairs.items() for lang in ("zh", "en")}
    shown = pd.DataFrame(table | {"direction": book["direction"].map({1: "↑", -1: "↓"})})
    figures = vintages(index)
    return shown if figures is None else shown.join(figures.reindex(book["indicator"]).reset_index(drop=True))


def vintages(index) -> pd.DataFrame | None:
    """Years of the figures behind observed values: index indicator; `vintage` ("2019 / 2020": the usual year of each
    index year), `carried` (cells with a figure of an earlier year). None where the values do not come from data/annex."""
    path = samples.holding(index.spec.id)
    if path is None or sources(index).empty:
        return None
    table = files.read_csv(path)
    carried = table["status"].eq("imputed").groupby(table["indicator"]).sum()
    usual = table.groupby(["indicator", "year"])["figure_year"].agg(lambda years: years.mode().iloc[0])
    return pd.DataFrame({"vintage": usual.groupby("indicator").agg(" / ".join), "carried": carried})


def sources(index) -> pd.DataFrame:
    """The sources that a panel cites, as data/annex/sources.csv has them: `source`, publisher_, dataset_, origin_, release_
    (_zh, _en), `indicators` (how many rest on it), `licence`, `licence_basis` (a term: stated for the dataset, or the
    default of its publisher). Empty for a panel that cites none of them."""
    table = files.read_csv(samples.ANNEX / "sources.csv")
    cited = index.panel.drop_duplicates("indicator").groupby("source").size()
    table = table[table["source"].isin(cited.index)].reset_index(drop=True)
    table.insert(9, "indicators", table["source"].map(cited).astype(int))
    return table.drop(columns=["where", "commit", "path", "note", "caution_zh", "caution_en"])


def coverage(index) -> dict:
    """Units, indicators and cells, the share that is simulated (per cent), cells of the year taken and carried forward: values
    of a sentence."""
    status = index.panel["status"]
    return {
        "indicators": len(index.spec.indicators),
        "units": len(index.units),
        "cells": len(status),
        "current": int(status.eq("observed").sum()),
        "share": 100 * status.eq("simulated").mean(),
        "carried": int(status.eq("imputed").sum()),
        "years": [str(year) for year in index.years],
    }


def about(index) -> dict:
    """Name and method of an index, and where its data come from (publishers and datasets in both languages, else files):
    values of every text about it."""
    cited = sources(index)
    named = {
        name: {lang: list(cited[f"{name}_{lang}"].unique()) for lang in ("zh", "en")}
        for name in ("publisher", "dataset")
    }
    return {
        "title": index.spec.titles,
        "method": index.spec.table.get("annex", {}).get("method"),
        "data": [] if len(cited) else sorted(index.panel["source"].dropna().unique()),
        **named,
    }


def cautions(index) -> dict:
    """What a reader should know of the sources of a panel (of data/annex/sources.csv), in both languages."""
    table = files.read_csv(samples.ANNEX / "sources.csv")
    told = table[table["source"].isin(index.panel["source"])].dropna(subset="caution_zh")
    return {"cautions": {"zh": "".join(told["caution_zh"]), "en": " ".join(told["caution_en"])}}


def as_printed(ed, index) -> dict:
    """What the printed facts say of the database of an index, by metric (`countries`, `indicators`), and whether the index has
    the `same` numbers: values of a sentence; empty where nothing is printed. Ranks of the annex are not printed as text."""
    for rows in printed(ed, "databases"):
        rows = rows[rows["dimension"].eq(index.spec.table["annex"]["kind"]) & rows["value"].notna()]
        told = dict(zip(rows["metric"], rows["value"].astype(int)))
        return told and told | {"same": [*told.values()] == [len(index.units), len(index.spec.indicators)]}
    return {}


# Results --------------------------------------------------------------------------------------------------------------


def named(index) -> pd.DataFrame:
    """Names and group of the units: index unit; unit_zh, unit_en, group."""
    missing = (
        "the index has no places: give it a table with city, city_en and region, as in Index(…, places=…)"
    )
    refuse("names of units", [missing] * (index.places is None))
    places = index.places.set_index("city").rename_axis("unit")
    return pd.DataFrame({"unit_zh": places.index, "unit_en": places["city_en"], "group": places["region"]})


def league(index, intervals: pd.DataFrame | None = None, top: int | None = None) -> pd.DataFrame:
    """The top of an index in its last year: `rank, unit_zh, unit_en, group, score, score_status` (that of the softest value
    behind it), `rank_change`, and `rank_low, rank_high` when intervals are given."""
    table = index.of().join(named(index), on="unit")
    table["score_status"] = np.array(STATUSES)[known.softest(table)]
    columns = ["rank", "unit_zh", "unit_en", "group", "score", "score_status"]
    if intervals is not None:
        table = table.merge(_last(index, intervals)[["rank_low", "rank_high"]], on="unit")
        columns += ["rank_low", "rank_high"]
    return table.sort_values(["rank", "unit"], ignore_index=True).head(top)[[*columns, "rank_change"]]


def _last(index, intervals: pd.DataFrame) -> pd.DataFrame:
    """Rank intervals of the root in the last year, by unit."""
    here = intervals["node"].eq(index.spec.root) & intervals["year"].eq(index.year)
    return intervals[here].set_index("unit")


def first(table: pd.DataFrame) -> dict:
    """Leader of a league table and number of wide intervals: values of a sentence."""
    one, span = table.iloc[0], table["rank_high"] - table["rank_low"]
    return {
        "leader": {"zh": one["unit_zh"], "en": one["unit_en"]},
        "score": one["score"],
        "low": int(one["rank_low"]),
        "high": int(one["rank_high"]),
        "top": len(table),
        "wide": int(span.gt(WIDE).sum()),
        "span": int(span.max()),
        "limit": WIDE,
    }


def profile(index, top: int | None = None) -> pd.DataFrame:
    """Scores of the pillars of the first `top` units, last year: `unit_zh, unit_en, pillar, pillar_zh, pillar_en, score`,
    units in the order of the league; `attrs["best"]`: which end of the scores is the best."""
    wide = index.wide().reindex(index.of().head(top)["unit"])[index.spec.pillars]
    long = wide.stack(future_stack=True).rename("score").reset_index().rename(columns={"node": "pillar"})
    for lang in ("zh", "en"):
        long[f"pillar_{lang}"] = long["pillar"].map(index.spec.labels(lang))
    long = long.join(named(index)[["unit_zh", "unit_en"]], on="unit")
    long.attrs["best"] = index.spec.method["best"]
    return long


def heads(profile: pd.DataFrame) -> dict:
    """The best unit on each pillar: values of a sentence."""
    scores = profile["score"].dropna() * (-1 if profile.attrs["best"] == "low" else 1)
    best = profile.loc[scores.groupby(profile["pillar"], sort=False).idxmax()]
    pairs = [
        {name: {lang: row[f"{name}_{lang}"] for lang in ("zh", "en")} for name in ("pillar", "unit")}
        for row in best.to_dict("records")
    ]
    return {"top": profile["unit"].nunique(), "heads": pairs}


def standing(index, intervals: pd.DataFrame, unit: str) -> dict:
    """Where one unit stands: its rank with interval, the pillars where it ranks best and worst, and how many units cannot
    be told apart from it (their intervals overlap): values of a sentence."""
    scores, here = index.scores(), _last(index, intervals)
    pillars = scores[scores["unit"].eq(unit) & scores["year"].eq(index.year)].set_index("node")["rank"]
    pillars = pillars.reindex(index.spec.pillars)
    one = here.loc[unit]
    near = here["rank_low"].le(one["rank_high"]) & here["rank_high"].ge(one["rank_low"])
    label = {
        end: {lang: [index.spec.label(node, lang) for node in nodes] for lang in ("zh", "en")}
        for end, nodes in _ends(pillars)
    }
    return {
        "unit": {"zh": unit, "en": named(index).at[unit, "unit_en"]},
        "rank": int(one["rank"]),
        "low": int(one["rank_low"]),
        "high": int(one["rank_high"]),
        "near": int(near.sum()) - 1,
        "of": len(here),
        "best": label["best"],
        "best_rank": int(pillars.min()),
        "worst": label["worst"],
        "worst_rank": int(pillars.max()),
    }


def _ends(ranks: pd.Series) -> tuple:
    """The nodes of the best rank, and those of the worst."""
    return tuple(
        (end, list(ranks.index[ranks.eq(rank)]))
        for end, rank in (("best", ranks.min()), ("worst", ranks.max()))
    )


def without(index, unit: str) -> pd.DataFrame:
    """The index without the indicators of one dataset at a time, against the index itself, last year: dataset_zh,
    dataset_en, `indicators` (left out), `spearman`, `kept` (of the first LEADING), `rank` (of `unit`), unit_zh,
    unit_en, `move` (the unit that changes place most; positive = up)."""
    cited = sources(index).set_index("source")
    of = index.panel.drop_duplicates("indicator").set_index("indicator")["source"]
    whole, rows = index.of().set_index("unit")["rank"], []
    for (zh, en), group in cited.groupby(["dataset_zh", "dataset_en"], sort=False):
        gone = of.index[of.isin(group.index)]
        rank = index.drop(*gone).of().set_index("unit")["rank"].reindex(whole.index)
        move = whole - rank
        most = move.abs().astype(float).idxmax()
        rows.append(
            {
                "dataset_zh": zh,
                "dataset_en": en,
                "indicators": len(gone),
                "spearman": stats.spearmanr(whole, rank)[0],
                "kept": int((whole.le(LEADING) & rank.le(LEADING)).sum()),
                "rank": int(rank[unit]),
                **named(index).loc[most, ["unit_zh", "unit_en"]].to_dict(),
                "move": int(move[most]),
            }
        )
    return pd.DataFrame(rows)


def weakest(table: pd.DataFrame) -> dict:
    """The dataset without which the ranking changes most (of `without`), and how far ranks agree: values of a sentence."""
    one = table.loc[table["spearman"].idxmin()]
    return {
        "weightiest": {"zh": one["dataset_zh"], "en": one["dataset_en"]},
        "spearman": one["spearman"],
        "most": table["spearman"].max(),
        "kept": int(one["kept"]),
        "leading": LEADING,
        "mover": {"zh": one["unit_zh"], "en": one["unit_en"]},
        "move": abs(int(one["move"])),
        "up": bool(one["move"] > 0),
    }


def demonstration(ed, raw: Path = collection.RAW, draws: int | None = None) -> pd.DataFrame:
    """How the methods do on the simulated samples, whose general factor is known: index_name_zh, index_name_en, `indicators`,
    `units`, `missing_pct` (cells of channels that a unit lacks), `spearman` (of score and factor), `width` (median width of the
    rank interval), `inside_pct` (units whose rank by the factor lies in their interval); last year. The samples say nothing
    of any institution. Indices with values of their own are left out."""
    rows = []
    for name in INDICES:
        index = load(ed, name, raw)
        if not index.panel["status"].eq("simulated").all():
            continue
        ranks = robustness.run(index, alternatives(index), draws, progress=False).intervals
        ranks, factor = _last(index, ranks), samples.factor(name)
        place = factor.rank(ascending=False).reindex(ranks.index)
        cells = len(index.spec.indicators) * len(index.units) * len(index.years)
        rows.append(
            {
                "index_name_zh": index.spec.titles["zh"],
                "index_name_en": index.spec.titles["en"],
                "indicators": len(index.spec.indicators),
                "units": len(index.units),
                "missing_pct": 100 * (1 - len(index.panel) / cells),
                "spearman": stats.spearmanr(ranks["rank"], place)[0],
                "width": (ranks["rank_high"] - ranks["rank_low"]).median(),
                "inside_pct": 100 * place.between(ranks["rank_low"], ranks["rank_high"]).mean(),
            }
        )
    return pd.DataFrame(rows)


def recovered(table: pd.DataFrame) -> dict:
    """How well the methods find the known factor (of `demonstration`): values of a sentence."""
    return {
        "low": table["spearman"].min(),
        "high": table["spearman"].max(),
        "inside_low": table["inside_pct"].min(),
        "inside_high": table["inside_pct"].max(),
        "level": LEVEL,
    }


def verdicts(lines: pd.DataFrame, spec) -> dict:
    """Lines of an audit that pass, are flagged and fail, and the indicators (`weak`) whose influence on the scores falls short
    of their weight: values of a sentence."""
    counts = lines["verdict"].value_counts()
    held = lines[lines["check"].eq("importance") & lines["verdict"].isin(["flag", "fail"])]
    short = held.loc[[one["effective"] < one["nominal"] for one in held["facts"]], "node"]
    found = {name: int(counts.get(key, 0)) for name, key in (("passed", "pass"), ("flagged", "flag"))}
    weak = {lang: [spec.label(node, lang) for node in short] for lang in ("zh", "en")}
    return {"lines": len(lines), **found, "failed": int(counts.get("fail", 0)), "weak": weak}


# Other rankings -------------------------------------------------------------------------------------------------------


def external(ed) -> pd.DataFrame:
    """City rankings to compare with: `index_name, year, city, place` (place 1 = best within the ranking).

    Rows of data/external-rankings.csv; with printed facts also those of city_rankings.csv (ranks of other indices,
    shares and counts) and the earlier edition of FIRE ("FIRE 2021"); and FIRE itself ("FIRE 2022", as `own` names it).
    Inexact values are left out.
    """
    return _beside(_others(ed), own(ed)[0], ed.index)


def by_draw(ed) -> list[pd.DataFrame]:
    """As `external`, with FIRE's own places under each draw of what is not known of it; one frame where all is known."""
    others, name = _others(ed), own(ed)[0]
    return [_beside(others, name, completion) for completion in ed.index.completions]


def _others(ed) -> pd.DataFrame:
    """The rankings of others, and earlier editions; none under the name of this one."""
    tables = [*printed(ed, "city_rankings"), files.read_csv(files.DATA / "external-rankings.csv")]
    rows = pd.concat(tables)
    rows = rows[rows["qualifier"].isin(["exact", "list_order"]) & rows["value"].notna()]
    rows = rows.assign(value=rows["value"].astype(float), year=rows["year"].astype(int))
    rows["place"] = np.where(
        rows["metric"].eq("rank"),
        rows["value"],
        rows.groupby(["index_name", "year", "metric"])["value"].rank(ascending=False, method="min"),
    )
    key = ["index_name", "year", "city"]
    both = pd.concat([rows, _earlier(ed)])[[*key, "place"]].drop_duplicates(key)
    return both[both["index_name"].ne(own(ed)[0])]


def _beside(others: pd.DataFrame, name: str, index) -> pd.DataFrame:
    """The rankings of others with that of FIRE, under its name, by its scores in `index`."""
    done = index.steps()
    place = score.measures(index.spec, done, [index.spec.root])["rank"]
    years, cities = (done.scores.index.get_level_values(level) for level in ("year", "unit"))
    fire = pd.DataFrame({"index_name": name, "year": years, "city": cities, "place": place})
    return pd.concat([others, fire[score.present(done)].astype({"city": str})], ignore_index=True)


def _earlier(ed) -> pd.DataFrame:
    """Ranks of earlier editions of FIRE among the printed facts: index_name, year, city, place."""
    for rows in printed(ed, "previous_edition"):
        rows = rows[rows["measure"].eq("rank") & rows["node"].eq(ed.spec.root)]
        rows = rows.rename(columns={"unit": "city", "value": "place"})
        return rows.assign(index_name="FIRE " + rows["edition"]).astype({"place": float, "year": int})
    return pd.DataFrame(columns=["index_name", "year", "city", "place"])


def printed(ed, name: str) -> list[pd.DataFrame]:
    """A table of the printed facts of an edition, in a list; an empty list where it has none."""
    path = ed.facts / f"{name}.csv" if ed.facts else None
    return [files.read_csv(path)] if path and path.exists() else []


def own(ed) -> tuple[str, int]:
    """FIRE itself among the external rankings: name and year."""
    return f"FIRE {ed.name}", ed.year


def compare(
    rankings: pd.DataFrame, a: tuple[str, int], b: tuple[str, int], least: int = LEAST
) -> tuple[dict, pd.DataFrame]:
    """Two rankings, each named (index, year), on their common cities.

    Returns a summary (`n`, Spearman and Kendall correlation; NaN below `least` common cities) and the
    cities with their places among the common ones (`a`, `b`; `attrs["names"]`: the two rankings), `gap` (positive = better placed in `b`) and `outlier`, where the
    gap exceeds two places, a tenth of the cities and twice the median gap. Raises InputError for an unknown ranking.
    """
    first, second = (places_of([rankings], name) for name in (a, b))
    summary = correlations(first, second.loc[0], least).astype({"n": object}).iloc[0].to_dict()
    cities = _side_by_side(first, second).sort_values("gap").drop(columns="draw").reset_index(drop=True)
    cities.attrs["names"] = (a, b)
    return summary, cities


def _side_by_side(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two rankings under each draw (`places_of`) on their common cities: draw, city, and the columns of `compare`."""
    common = first.columns.intersection(second.columns)
    a, b = (each[common].rank(axis=1, method="min") for each in (first, second))
    gap = (a - b).abs()
    far = gap.gt(2) & gap.gt(len(common) / 10) & gap.gt(2 * gap.median(axis=1), axis=0)
    parts = {"a": a, "b": b, "gap": a - b, "outlier": far}
    return pd.DataFrame(
        {"draw": np.repeat(a.index, len(common)), "city": np.tile(common, len(a))}
        | {name: part.to_numpy().ravel() for name, part in parts.items()}
    )


def _standing(rankings: pd.DataFrame, name: tuple[str, int]) -> pd.Series:
    """Places of the cities in one ranking; InputError where there is none of this name and year."""
    there = rankings["index_name"].eq(name[0]) & rankings["year"].eq(name[1])
    if not there.any():
        told = sorted(set(map(tuple, rankings[["index_name", "year"]].drop_duplicates().to_numpy())))
        have = ", ".join(f"{index} {year}" for index, year in told)
        raise InputError("rankings", [f"no ranking {name}: use one of {have}"])
    return rankings[there].set_index("city")["place"]


def places_of(each: list[pd.DataFrame], name: tuple[str, int]) -> pd.DataFrame:
    """Places of one ranking under each draw (`by_draw`): draws × cities."""
    return pd.DataFrame([_standing(one, name) for one in each]).reset_index(drop=True)


def others(rankings: pd.DataFrame, own: str) -> Iterator[tuple[tuple[str, int], pd.Series]]:
    """Every ranking but those named `own`: its name and year, and its places by city."""
    for name, rows in rankings[rankings["index_name"].ne(own)].groupby(["index_name", "year"], sort=False):
        yield name, rows.set_index("city")["place"]


def correlations(ours: pd.DataFrame, theirs: pd.Series, least: int = LEAST) -> pd.DataFrame:
    """Rank correlations of one ranking under each draw (`places_of`) with another, on the cities that both have: `n`, `spearman`,
    `kendall` (tau-b; both NaN below `least` cities)."""
    cities = ours.columns.intersection(theirs.index)
    found = pd.DataFrame({"n": len(cities), "spearman": np.nan, "kendall": np.nan}, ours.index)
    if len(cities) < least:
        return found
    a, b = ours[cities].rank(axis=1), theirs[cities].rank()
    a_gap, b_gap = a.sub(a.mean(axis=1), axis=0), b - b.mean()
    spread = np.sqrt((a_gap**2).sum(axis=1) * (b_gap**2).sum())
    kendall = [stats.kendalltau(row, b)[0] for row in a.to_numpy()]
    spearman = (a_gap * b_gap).sum(axis=1) / spread.where(spread > 0)
    whole = a.notna().all(axis=1) & b.notna().all()  # a city without a place leaves nothing to compare
    return found.assign(spearman=spearman.where(whole), kendall=kendall)


def compare_all(each: list[pd.DataFrame], base: tuple[str, int]) -> pd.DataFrame:
    """The base ranking against every other that shares LEAST cities with it, under each draw (`by_draw`): one row a ranking
    with `index_name`, `year`, `n`, the median `spearman` and `kendall`, and `spearman_low`, `spearman_high` (5 to 95 per
    cent of the draws; `spearman_status`: simulated where they differ). Most common cities first."""
    ours = places_of(each, base)
    rows = [_summary(name, ours, theirs) for name, theirs in others(each[0], base[0])]
    table = pd.DataFrame([row for row in rows if row["n"] >= LEAST], columns=[*SHOWN, "kendall"])
    table = table.astype({"n": int})
    return table.sort_values("n", ascending=False, kind="stable", ignore_index=True)


def _summary(name: tuple[str, int], ours: pd.DataFrame, theirs: pd.Series) -> dict:
    """A row of `compare_all`: the ranking of this name (`theirs`) against the base under each draw (`ours`)."""
    found = correlations(ours, theirs)
    low, high = found["spearman"].quantile([0.05, 0.95])
    status = "simulated" if low < high else None
    return {
        "index_name": name[0],
        "year": name[1],
        "n": int(found["n"].iloc[0]),
        "spearman": found["spearman"].median(),
        "spearman_status": status,
        "spearman_low": low,
        "spearman_high": high,
        "kendall": found["kendall"].median(),
    }


def by_then(pairs: pd.DataFrame, year: int) -> tuple[pd.DataFrame, list[str]]:
    """The rankings of `compare_all` up to a year, and the names of those that came later."""
    late = pairs["year"].gt(year)
    return pairs[~late].reset_index(drop=True), pairs.loc[late, "index_name"].tolist()


def widest(pairs: pd.DataFrame) -> tuple[str, int] | None:
    """The ranking of others that shares most cities with the base: name and year; None without any."""
    others = pairs[~pairs["index_name"].str.startswith("FIRE ")]
    return None if others.empty else (others["index_name"].iloc[0], int(others["year"].iloc[0]))


def agreement(
    each: list[pd.DataFrame], base: tuple[str, int], other: tuple[str, int]
) -> tuple[dict, pd.DataFrame]:
    """How far two rankings agree under each draw (`by_draw`): values of a sentence, and the common cities with their median
    rank `a`, its range `a_low`, `a_high`, rank `b`, and `outlier`, far off in `known.SURE` of the draws (names in `attrs`)."""
    first, second = (places_of(each, name) for name in (base, other))
    row = _summary(other, first, second.loc[0])
    cities = _side_by_side(first, second).groupby("city")
    shown = cities[["a", "b"]].median()
    shown["a_low"], shown["a_high"] = cities["a"].quantile(0.05), cities["a"].quantile(0.95)
    shown["outlier"] = cities["outlier"].mean().ge(known.SURE)
    shown = shown.reset_index()
    shown.attrs["names"] = (base, other)
    far = shown.loc[shown["outlier"], "city"].tolist()
    return {**row, "name": other[0], "of": other[1], "outliers": far}, shown


def mixed(ed) -> list[str]:
    """Data statuses of a comparison: printed ranks of others beside the scores of the edition."""
    return [name for name in STATUSES if name in {"printed", *views.statuses(ed.index.of())}]
