"""The indices of the annex: each is an Index of its own; league table, groups, and comparison with other rankings.

    ranked = rankings.results(ed, "banks")     # .index .intervals .audit
    rankings.league(ranked.index, ranked.intervals)
    rankings.external(ed)                      # other rankings of cities, and FIRE itself

Names and groups of the units stand in `index.places` (city: the unit, city_en, region: its group).
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fire import files
from fire.analysis import audit, robustness
from fire.errors import InputError, refuse
from fire.index import spec as specs
from fire.index.index import Index
from fire.index.panel import STATUSES
from fire.sources import collection, samples

INDICES = [name for kind, found in collection.DATABASES.items() if kind != "cities" for name in found]
EARLIER = "fire-2021"  # the method of the earlier edition, on the panel of this one
TOP = 30  # rows of a league table where the specification says nothing
LEAST = 4  # common cities from which two rankings are correlated
SHOWN = ["index_name", "year", "n", "spearman", "spearman_p", "kendall", "outliers"]
WIDE = 5  # ranks beyond which an interval is called wide


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
        return Index(specs.load(name).vary(reference="year"), with_growth(ed.index.panel), places=ed.places())
    if name not in INDICES:
        known = [*INDICES, ed.spec.id, EARLIER]
        raise InputError(f"index {name}", [f"not a ranked index: use one of {', '.join(known)}"])
    units, panel = collection.of_index(ed, name, raw)
    spec, years = specs.load(name), sorted(panel["year"].unique())
    if spec.method["base_year"] not in years:
        spec = spec.vary(base_year=int(years[0]))
    places = units.rename(columns={"unit": "city", "unit_en": "city_en", "group": "region"})
    return Index(spec, panel, places=places[["city", "city_en", "region"]])


def alternatives(index) -> dict:
    """Declared alternatives of the rank intervals, of the annex or of FIRE; with one year, without choices between years."""
    annex = "annex" in index.spec.table
    path = samples.ANNEX / "uncertainty.toml" if annex else robustness.STANDARD
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
        row = written[leaf]
        words = {
            f"{key}_{lang}": row.get(key, {}).get(lang)
            for key in ("label", "definition", "unit", "source")
            for lang in ("zh", "en")
        }
        rows.append(
            {
                "index": spec.id,
                "indicator": leaf,
                "pillar": [*reversed(spec.ancestors(leaf)), leaf][1],
                **words,
                "direction": spec.rules[leaf]["direction"],
                "transform": spec.rules[leaf]["transform"],
                "channel": row.get("channel"),
                "basis": row.get("basis", {}).get("indicator"),
                "criterion": row.get("criterion"),
            }
        )
    return pd.DataFrame(rows)


def listed(spec) -> pd.DataFrame:
    """The codebook as a reader sees it: branch (the pillar), name, definition, measuring unit, direction (↑ ↓), source and basis."""
    book = indicators(spec)
    pairs = {"label": "name", "definition": "definition", "unit": "measure_unit", "source": "source"}
    table = {f"branch_{lang}": book["pillar"].map(spec.labels(lang)) for lang in ("zh", "en")}
    table |= {f"{new}_{lang}": book[f"{old}_{lang}"] for old, new in pairs.items() for lang in ("zh", "en")}
    arrows = book["direction"].map({1: "↑", -1: "↓"})
    return pd.DataFrame(table | {"direction": arrows, "basis": book["basis"]})


def coverage(index) -> dict:
    """How much of the data is simulated (per cent), and how many cells are printed: values of a sentence."""
    status = index.panel["status"]
    return {
        "indicators": len(index.spec.indicators),
        "units": len(index.units),
        "share": 100 * status.eq("simulated").mean(),
        "published": int(status.eq("published").sum()),
    }


def about(index) -> dict:
    """Name and public method of an index, and where its data come from: values of every text about it."""
    return {
        "title": index.spec.titles,
        "method": index.spec.table.get("annex", {}).get("method"),
        "data": ", ".join(sorted(index.panel["source"].dropna().unique())),
    }


# Results --------------------------------------------------------------------------------------------------------------


def named(index) -> pd.DataFrame:
    """Names and group of the units: index unit; unit_zh, unit_en, group."""
    places = index.places.set_index("city").rename_axis("unit")
    return pd.DataFrame({"unit_zh": places.index, "unit_en": places["city_en"], "group": places["region"]})


def league(index, intervals: pd.DataFrame | None = None, top: int | None = None) -> pd.DataFrame:
    """The top of an index in its last year: `rank, unit_zh, unit_en, group, score, growth_pct, rank_change, share_hard`
    (share of the score that rests on printed or observed values), and `rank_low, rank_high` when intervals are given."""
    table = index.of().join(named(index), on="unit")
    table["share_hard"] = table["share_observed"] + table["share_published"]
    columns = ["rank", "unit_zh", "unit_en", "group", "score"]
    if intervals is not None:
        here = intervals[intervals["node"].eq(index.spec.root) & intervals["year"].eq(index.year)]
        table = table.merge(here[["unit", "rank_low", "rank_high"]], on="unit")
        columns += ["rank_low", "rank_high"]
    table = table.sort_values(["rank", "unit"], ignore_index=True).head(top)
    return table[[*columns, "growth_pct", "rank_change", "share_hard"]]


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
    units in the order of the league."""
    wide = index.wide().reindex(index.of().head(top)["unit"])[index.spec.pillars]
    long = wide.stack(future_stack=True).rename("score").reset_index().rename(columns={"node": "pillar"})
    for lang in ("zh", "en"):
        long[f"pillar_{lang}"] = long["pillar"].map(index.spec.labels(lang))
    return long.join(named(index)[["unit_zh", "unit_en"]], on="unit")


def strongest(profile: pd.DataFrame) -> dict:
    """Pillars with the highest and lowest mean score: values of a sentence."""
    mean = profile.groupby(["pillar_zh", "pillar_en"], sort=False)["score"].mean()
    strong, weak = mean.idxmax(), mean.idxmin()
    return {
        "top": profile["unit"].nunique(),
        "strong": dict(zip(("zh", "en"), strong)),
        "weak": dict(zip(("zh", "en"), weak)),
        "high": mean.max(),
        "low": mean.min(),
    }


def members(index) -> pd.DataFrame:
    """Scores of all units with their group: `unit_zh, unit_en, group, score, rank`, last year."""
    return index.of()[["unit", "score", "rank"]].join(named(index), on="unit").drop(columns="unit")


def groups(members: pd.DataFrame, top: int) -> pd.DataFrame:
    """Groups of units: `group, units, mean, median, best, in_top` (units among the first `top`), highest mean first."""
    by_group = members.groupby("group")["score"]
    table = by_group.agg(units="size", mean="mean", median="median", best="max")
    inside = members[members["rank"] <= top].groupby("group").size()
    table["in_top"] = inside.reindex(table.index, fill_value=0)
    return table.sort_values("mean", ascending=False).reset_index()


def extremes(groups: pd.DataFrame, top: int) -> dict:
    """Groups with the highest and lowest mean, and the one with most units among the first: values of a sentence."""
    first, last, most = groups.iloc[0], groups.iloc[-1], groups.loc[groups["in_top"].idxmax()]
    return {
        "first": first["group"],
        "mean": first["mean"],
        "last": last["group"],
        "least": last["mean"],
        "most": most["group"],
        "share": int(most["in_top"]),
        "top": top,
    }


def verdicts(lines: pd.DataFrame) -> dict:
    """Lines of an audit that pass, are flagged and fail: values of a sentence."""
    counts = lines["verdict"].value_counts()
    found = {name: int(counts.get(key, 0)) for name, key in (("passed", "pass"), ("flagged", "flag"))}
    return {"lines": len(lines), **found, "failed": int(counts.get("fail", 0))}


# Other rankings -------------------------------------------------------------------------------------------------------


def external(ed) -> pd.DataFrame:
    """City rankings to compare with: `index_name, year, city, place` (place 1 = best within the ranking).

    Rows of data/external-rankings.csv; with printed facts also those of city_rankings.csv (ranks of other indices,
    shares and counts) and the earlier edition of FIRE ("FIRE 2021"); and FIRE itself ("FIRE 2022", as `own` names it).
    Inexact values are left out.
    """
    tables = [*printed(ed, "city_rankings"), files.read_csv(files.DATA / "external-rankings.csv")]
    rows = pd.concat(tables)
    rows = rows[rows["qualifier"].isin(["exact", "list_order"]) & rows["value"].notna()]
    rows = rows.assign(value=rows["value"].astype(float), year=rows["year"].astype(int))
    rows["place"] = np.where(
        rows["metric"].eq("rank"),
        rows["value"],
        rows.groupby(["index_name", "year", "metric"])["value"].rank(ascending=False, method="min"),
    )
    scores = ed.index.scores()
    fire = scores[scores["node"].eq(ed.spec.root)].rename(columns={"unit": "city", "rank": "place"})
    parts = [rows, _earlier(ed), fire.assign(index_name=own(ed)[0]).astype({"place": float})]
    key = ["index_name", "year", "city"]
    return pd.concat(parts)[[*key, "place"]].drop_duplicates(key, ignore_index=True)


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

    Returns a summary (`n`, Spearman and Kendall correlation with p-values; NaN below `least` common cities) and the
    cities with their places among the common ones (`a`, `b`; `attrs["names"]`: the two rankings), `gap` (positive = better placed in `b`) and `outlier`, where the
    gap exceeds two places, a tenth of the cities and twice the median gap. Raises InputError for an unknown ranking.
    """
    known = set(map(tuple, rankings[["index_name", "year"]].drop_duplicates().to_numpy()))
    refuse(
        "rankings",
        [
            f"no ranking {name}: use one of {', '.join(f'{index} {year}' for index, year in sorted(known))}"
            for name in (a, b)
            if name not in known
        ],
    )
    places = [
        rankings[rankings["index_name"].eq(name) & rankings["year"].eq(year)].set_index("city")["place"]
        for name, year in (a, b)
    ]
    common = pd.concat(places, axis=1, keys=["a", "b"], join="inner").rank(method="min")
    common["gap"] = common["a"] - common["b"]
    gap = common["gap"].abs()
    common["outlier"] = (gap > 2) & (gap > len(gap) / 10) & (gap > 2 * gap.median())
    summary = {
        "n": len(common),
        "spearman": np.nan,
        "spearman_p": np.nan,
        "kendall": np.nan,
        "kendall_p": np.nan,
    }
    if len(common) >= least:
        summary |= dict(zip(("spearman", "spearman_p"), stats.spearmanr(common["a"], common["b"])))
        summary |= dict(zip(("kendall", "kendall_p"), stats.kendalltau(common["a"], common["b"])))
    cities = common.sort_values("gap").rename_axis("city").reset_index()
    cities.attrs["names"] = (a, b)
    return summary, cities


def compare_all(rankings: pd.DataFrame, base: tuple[str, int]) -> pd.DataFrame:
    """The base ranking against every other: one row a ranking with `n`, correlations and the names of outliers."""
    rows = []
    for name, year in rankings[["index_name", "year"]].drop_duplicates().itertuples(index=False):
        if name != base[0]:
            summary, cities = compare(rankings, base, (name, year))
            far = cities.loc[cities["outlier"], "city"]
            rows.append({"index_name": name, "year": year, **summary, "outliers": "、".join(far)})
    return pd.DataFrame(rows).sort_values("n", ascending=False, kind="stable", ignore_index=True)


def widest(pairs: pd.DataFrame) -> tuple[str, int] | None:
    """The ranking of others that shares most cities with the base (at least LEAST): name and year; None without any."""
    others = pairs[~pairs["index_name"].str.startswith("FIRE ") & pairs["n"].ge(LEAST)]
    return None if others.empty else (others["index_name"].iloc[0], int(others["year"].iloc[0]))


def agreement(summary: dict, cities: pd.DataFrame) -> dict:
    """How far two rankings agree (as `compare` gives it): values of a sentence."""
    name, year = cities.attrs["names"][1]
    return summary | {"name": name, "of": year, "outliers": cities.loc[cities["outlier"], "city"].tolist()}


def mixed(ed) -> list[str]:
    """Data statuses of a comparison: printed ranks of others beside the scores of the edition."""
    rests_on = ed.index.of()
    used = [name for name in STATUSES if rests_on[f"share_{name}"].gt(0).any()]
    return [name for name in STATUSES if name in {"published", *used}]
