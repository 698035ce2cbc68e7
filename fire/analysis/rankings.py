"""Any index of the annex: its simulated sample, its league table, groups, and comparison with other rankings."""

import tomllib
from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from fire import files
from fire.analysis import institutions
from fire.errors import InputError, refuse
from fire.index import score, spec

INDICES = [
    "infrastructure",
    "banks",
    "digital-service-bank",
    "digital-service-securities",
    "digital-service-insurance",
    "firm-competitiveness",
]
FIRE = ["fire-2022", "fire-2021"]
ANNEX = files.DATA / "annex"
CITIES = {"database": "cities", "kind": "city", "top": 30, "method": {"zh": "燃指数", "en": "FIRE"}}
UNITS = ["unit", "unit_en", "kind", "code", "group", "channels", "aliases"]


@cache
def prior() -> dict:
    """The stated factor structure of the sample (data/annex/sample.toml)."""
    return tomllib.loads((ANNEX / "sample.toml").read_text(encoding="utf-8"))


def group_names() -> dict[str, str]:
    """English name of each group of the sample."""
    return prior()["english"]


# ---- the simulated sample


def roster(kind: str) -> pd.DataFrame:
    """Units of a kind (country, world, bank, …): `unit, unit_en, kind, code, group, channels, aliases`.

    The world's banks are listed in data/annex (14 with printed spending by name); all others are nameless sample
    units, so that no simulated rank is read as that of a real country, institution or firm.
    """
    draw = prior()
    if kind == "world":
        return files.read_csv(ANNEX / "banks.csv")
    rng = np.random.default_rng([draw["seed"], *kind.encode()])
    rows = []
    for group, count in draw["roster"][kind].items():
        for number in range(1, count + 1):
            held = [
                name
                for name, share in draw["channels"].items()
                if kind not in ("firm", "country") and rng.random() < share
            ]
            rows.append(
                (
                    f"样本{group}{number:02d}",
                    f"{group_names()[group]}, sample {number:02d}",
                    kind,
                    f"{kind[0].upper()}{len(rows) + 1:03d}",
                    group,
                    ";".join(held),
                    None,
                )
            )
    return pd.DataFrame(rows, columns=UNITS)


def units_of(index: str) -> pd.DataFrame:
    """Roster of an index; the kind "bank" of the index of the world's banks is not that of Chinese banks."""
    table = spec.load(index).table["annex"]
    return roster("world" if table["database"] == "banks" else table["kind"])


def sample(index: str) -> pd.DataFrame:
    """Panel of an index drawn from the stated factor structure; every drawn cell has the status "simulated".

    Printed values replace drawn ones where public figures are at hand (technology spending of banks); an indicator of a
    channel that the unit does not have is left out.
    """
    tree, units, draw = spec.load(index), units_of(index), prior()
    rng = np.random.default_rng([draw["seed"], *index.encode()])
    known = observed(index)
    spread = {name: np.sqrt(draw[name]) for name in ("general", "dimension", "own")}
    general = rng.standard_normal(len(units)) + units["group"].map(draw["advantage"]).fillna(0).to_numpy()
    general = anchored(general, units["unit"], known, draw["general"])
    own = {leaf: rng.standard_normal(len(units)) for leaf in tree.indicators}
    branch = {pillar: rng.standard_normal(len(units)) for pillar in tree.pillars}
    parts = []
    for step, year in enumerate(draw["years"]):
        for leaf in tree.indicators:
            pillar = [node for node in tree.ancestors(leaf) if node in branch][0]
            if step:
                keep = draw["persistence"]
                own[leaf] = keep * own[leaf] + np.sqrt(1 - keep**2) * rng.standard_normal(len(units))
            z = (
                spread["general"] * general
                + spread["dimension"] * branch[pillar]
                + spread["own"] * own[leaf]
                + step * draw["drift"]
            )
            parts.append(
                pd.DataFrame(
                    {"unit": units["unit"], "year": year, "indicator": leaf, "value": valued(tree, leaf, z)}
                )
            )
    panel = pd.concat(parts, ignore_index=True).assign(status="simulated", source="data/annex/sample.toml")
    return with_observed(panel[present(tree, units, panel)], known)


def nodes(tree) -> dict[str, dict]:
    """Nodes of a specification as written, by id."""
    return {row["id"]: row for row in tree.table["node"]}


def valued(tree, leaf: str, z: np.ndarray) -> np.ndarray:
    """Raw values of an indicator from standard normal standings, between the ends of `plausible`."""
    row = nodes(tree)[leaf]
    forward, back = {
        "identity": (np.array, np.array),
        "log": (np.log, np.exp),
        "log1p": (np.log1p, np.expm1),
    }[row["transform"]]
    low, high = forward(np.array(row["plausible"], dtype=float))
    value = back(low + stats.norm.cdf(z * row["direction"]) * (high - low))
    return np.round(value) if row["transform"] == "log1p" else np.round(value, 2 if value.max() > 20 else 3)


def present(tree, units: pd.DataFrame, panel: pd.DataFrame) -> np.ndarray:
    """True for rows whose unit has the channel of the indicator (or whose indicator has none)."""
    channel = panel["indicator"].map({leaf: nodes(tree)[leaf].get("channel") for leaf in tree.indicators})
    held = panel["unit"].map(units.set_index("unit")["channels"].fillna(""))
    return np.array([pd.isna(name) or name in have.split(";") for name, have in zip(channel, held)])


def observed(index: str) -> pd.DataFrame:
    """Printed values for the index: technology spending and its share of revenue of 14 banks (doubted ones stay missing).

    Spending of the year before follows from the printed growth. A cell to be left empty has the value NaN.
    """
    if index != "banks":
        return pd.DataFrame(columns=["unit", "year", "indicator", "value"])
    banks = institutions.banks(institutions.read_spending())
    before = banks["share_of_revenue_pct"] - banks["share_change_pp"]
    doubted = banks["institution_zh"].eq("交通银行")  # OE01: the share and its change contradict each other
    values = {
        ("tech_spend", 2021): banks["tech_spend"],
        ("tech_spend", 2020): banks["prior"].round(2),
        ("tech_spend_share", 2021): banks["share_of_revenue_pct"].mask(doubted),
        ("tech_spend_share", 2020): before.mask(doubted),
    }
    parts = [
        pd.DataFrame({"unit": banks["institution_zh"], "year": year, "indicator": name, "value": value})
        for (name, year), value in values.items()
    ]
    return pd.concat(parts, ignore_index=True)


def anchored(general: np.ndarray, units: pd.Series, known: pd.DataFrame, share: float) -> np.ndarray:
    """G of units with printed spending: drawn around the standing of that spending."""
    spend = known[known["indicator"].eq("tech_spend") & known["year"].eq(2021)].set_index("unit")["value"]
    standing = stats.norm.ppf(spend.rank() / (len(spend) + 1)) if len(spend) else []
    at = units.map(pd.Series(standing, index=spend.index, dtype=float)).to_numpy(dtype=float)
    return np.where(np.isnan(at), general, np.sqrt(share) * at + np.sqrt(1 - share) * general)


def with_observed(panel: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The panel with printed cells in place of drawn ones; a printed cell that is doubted is left out."""
    key = ["unit", "year", "indicator"]
    drawn = panel[~panel.set_index(key).index.isin(known.set_index(key).index)]
    printed = known.dropna(subset="value").assign(
        status="published", source="studies/printed2022/data/institution_spending.csv"
    )
    return (
        pd.concat([drawn, printed]).astype({"year": int, "value": float}).sort_values(key, ignore_index=True)
    )


# ---- results


def league(
    scores: pd.DataFrame, units: pd.DataFrame, intervals: pd.DataFrame | None = None, top: int = 30
) -> pd.DataFrame:
    """The top of an index in its last year: `unit, rank, score, growth_pct, rank_change, share_published, unit_en, group`
    (share of the score that rests on printed or observed values), and `rank_low, rank_high` when intervals are given."""
    last = scores[scores["year"].eq(scores["year"].max())]
    root = last["node"].iloc[0]
    table = last[last["node"].eq(root)]
    table = table.assign(share_published=table["share_observed"] + table["share_published"])
    table = table[["unit", "rank", "score", "growth_pct", "rank_change", "share_published"]]
    table = table.merge(units[["unit", "unit_en", "group"]], on="unit")
    if intervals is not None:
        here = intervals[intervals["node"].eq(root) & intervals["year"].eq(scores["year"].max())]
        table = table.merge(here[["unit", "rank_low", "rank_high"]], on="unit")
    return table.sort_values(["rank", "unit"], ignore_index=True).head(top)


def profile(scores: pd.DataFrame, pillars: list[str], top: list[str]) -> pd.DataFrame:
    """Scores of the pillars for the units of `top` (rows, in that order), last year."""
    last = scores[scores["year"].eq(scores["year"].max()) & scores["node"].isin(pillars)]
    return last.pivot(index="unit", columns="node", values="score").reindex(index=top, columns=pillars)


def groups(scores: pd.DataFrame, units: pd.DataFrame, top: int = 30) -> pd.DataFrame:
    """Groups in the last year: `group, units, mean, median, best, best_unit, in_top` (units among the first `top`)."""
    last = scores[scores["year"].eq(scores["year"].max())]
    total = last[last["node"].eq(last["node"].iloc[0])].merge(units[["unit", "group"]], on="unit")
    best = total.loc[total.groupby("group")["score"].idxmax()].set_index("group")
    table = total.groupby("group")["score"].agg(units="size", mean="mean", median="median", best="max")
    table["best_unit"] = best["unit"]
    table["in_top"] = total[total["rank"] <= top].groupby("group").size().reindex(table.index, fill_value=0)
    return table.sort_values("mean", ascending=False).reset_index()


# ---- other rankings


def external(scores: pd.DataFrame | None = None) -> pd.DataFrame:
    """City rankings to compare with: `index_name, year, city, place` (place 1 = best within the ranking).

    Printed ranks of other indices (studies/printed2022/data/city_rankings.csv; data/external-rankings.csv for more), shares and
    counts as far as exact, the earlier edition of FIRE, and FIRE itself when its `scores` are given. Inexact values
    are left out.
    """
    rows = pd.concat(
        map(files.read_csv, (files.FACTS / "city_rankings.csv", files.DATA / "external-rankings.csv"))
    )
    rows = rows[rows["qualifier"].isin(["exact", "list_order"]) & rows["value"].notna()]
    rows = rows.assign(value=rows["value"].astype(float), year=rows["year"].astype(int))
    rows["place"] = np.where(
        rows["metric"].eq("rank"),
        rows["value"],
        rows.groupby(["index_name", "year", "metric"])["value"].rank(ascending=False, method="min"),
    )
    earlier = files.read_csv(files.FACTS / "previous_edition.csv")
    earlier = earlier[earlier["measure"].eq("rank") & earlier["node"].eq("total")].rename(
        columns={"unit": "city"}
    )
    earlier = earlier.assign(
        index_name="FIRE（2021年版）", place=earlier["value"].astype(float), year=earlier["year"].astype(int)
    )
    parts = [rows, earlier]
    if scores is not None:
        own = scores[scores["node"].eq("total")].rename(columns={"unit": "city", "rank": "place"})
        parts.append(own.assign(index_name="FIRE（2022年版）", place=own["place"].astype(float)))
    key = ["index_name", "year", "city"]
    return pd.concat(parts)[[*key, "place"]].drop_duplicates(key, ignore_index=True)


def compare(
    rankings: pd.DataFrame, a: tuple[str, int], b: tuple[str, int], least: int = 4
) -> tuple[dict, pd.DataFrame]:
    """Two rankings, each named (index, year), on their common cities.

    Returns a summary (`n`, Spearman and Kendall correlation with p-values; NaN below `least` common cities) and the
    cities with their places among the common ones, `gap` (positive = better placed in `b`) and `outlier`, where the
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
    return summary, common.sort_values("gap").reset_index()


def compare_all(rankings: pd.DataFrame, base: tuple[str, int]) -> pd.DataFrame:
    """The base ranking against every other: one row a ranking with `n`, correlations and the names of outliers."""
    rows = []
    for name, year in rankings[["index_name", "year"]].drop_duplicates().itertuples(index=False):
        if name != base[0]:
            summary, cities = compare(rankings, base, (name, year))
            far = cities.loc[cities["outlier"], "city"]
            rows.append({"index_name": name, "year": year, **summary, "outliers": "、".join(far)})
    return pd.DataFrame(rows).sort_values("n", ascending=False, ignore_index=True)


def load(index: str):
    """Specification of any ranked index: the six of the annex, FIRE 2022 and FIRE 2021.

    FIRE 2021 takes its posts from its own year: growth of the base year would need statistics of 2018.
    """
    if index not in INDICES + FIRE:
        raise InputError(f"index {index}", [f"not a ranked index: use one of {', '.join(INDICES + FIRE)}"])
    tree = spec.load(index)
    return tree.vary(reference="year") if index == "fire-2021" else tree


def annex(tree) -> dict:
    """Database, kind, top and public method of an index."""
    return tree.table.get("annex", CITIES)


def with_growth(panel: pd.DataFrame) -> pd.DataFrame:
    """The last year of FIRE's panel with the two growth indicators of the earlier edition (per cent over the year before)."""
    last = panel["year"].max()
    sizes = panel[panel["indicator"].isin(["gdp", "pop_size"])]
    wide = sizes.pivot(index=["unit", "indicator"], columns="year", values="value")
    growth = (100 * (wide[last] / wide[last - 1] - 1)).dropna().rename("value").reset_index()
    growth["indicator"] = growth["indicator"].map({"gdp": "gdp_growth", "pop_size": "pop_growth"})
    growth = growth.assign(year=last, status="estimated", source="growth of the panel's own series")
    return pd.concat([panel[panel["year"].eq(last)], growth], ignore_index=True)


def alternatives(index: str, panel: pd.DataFrame) -> dict:
    """Declared alternatives of the rank intervals, of the annex or of FIRE; with one year, without choices between years."""
    path = files.DATA / "uncertainty.toml" if index in FIRE else ANNEX / "uncertainty.toml"
    chosen = tomllib.loads(path.read_text(encoding="utf-8"))
    if panel["year"].nunique() > 1:
        return chosen
    kept = [
        option for option in chosen["normalise"] if not (isinstance(option, dict) and "reference" in option)
    ]
    return {name: options for name, options in chosen.items() if name != "reference"} | {"normalise": kept}


def compute(index: str, panel: pd.DataFrame) -> pd.DataFrame:
    """Scores of any ranked index, by the same engine."""
    return score.compute(load(index), panel)
