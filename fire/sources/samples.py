"""The simulated samples of the annex: units and panels of its indices, drawn from a stated factor structure.

The structure, the numbers of units and the seed are in data/annex/sample.toml. Everything drawn has the status
"simulated"; printed values replace drawn ones where an edition has printed facts. Units are nameless, so that no
simulated rank is read as that of a real country, institution or firm; only banks with printed spending bear names.
"""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from fire import codebook, edition, files
from fire.index import normalise
from fire.index import spec as specs
from fire.sources import printed, tables

ANNEX = files.DATA / "annex"
UNITS = tables.columns("annex-units")
KEY = ["unit", "year", "indicator"]


@cache
def structure() -> dict:
    """The stated factor structure (data/annex/sample.toml)."""
    return tomllib.loads((ANNEX / "sample.toml").read_text(encoding="utf-8"))


def written(spec) -> dict[str, dict]:
    """Nodes of a specification as written, by id: with definition, source, plausible range, channel, basis."""
    return {row["id"]: row for row in spec.table["node"]}


def units(index: str, year: int, facts: Path | None = None) -> pd.DataFrame:
    """Units of an index of the annex: UNITS (unit, unit_en, kind, code, group, channels, aliases).

    The kind "bank" of the index of the world's banks is not that of Chinese banks.
    """
    annex = specs.load(index).table["annex"]
    return _world(observed(index, year, facts)) if annex["database"] == "banks" else roster(annex["kind"])


def _world(known: pd.DataFrame) -> pd.DataFrame:
    """The world's banks of data/annex/banks.csv; one without a printed value bears the name of a sample unit."""
    banks = files.read_csv(ANNEX / "banks.csv")
    nameless = ~banks["unit"].isin(known["unit"]) & ~banks["unit"].str.startswith("样本")
    number = banks.groupby("group").cumcount() + 1
    for row in banks.index[nameless]:
        names = named(banks["group"][row], number[row])
        banks.loc[row, ["unit", "unit_en", "aliases"]] = [*names, None]
    return banks


def named(group: str, number: int) -> tuple[str, str]:
    """Chinese and English name of a sample unit."""
    return f"样本{group}{number:02d}", f"{codebook.word(group, 'en')}, sample {number:02d}"


def roster(kind: str) -> pd.DataFrame:
    """Sample units of a kind (country, bank, securities, insurance, firm) with the channels that each has."""
    draw = structure()
    rng = np.random.default_rng([draw["seed"], *kind.encode()])
    rows = []
    for group, count in draw["roster"][kind].items():
        for number in range(1, count + 1):
            held = [
                name
                for name, share in draw["channels"].items()
                if kind not in ("firm", "country") and rng.random() < share
            ]
            code = f"{kind[0].upper()}{len(rows) + 1:03d}"
            rows.append((*named(group, number), kind, code, group, ";".join(held), None))
    return pd.DataFrame(rows, columns=UNITS)


def panel(index: str, year: int, facts: Path | None = None) -> pd.DataFrame:
    """Panel of an index for `year` and the year before: unit, year, indicator, value, status, source.

    An indicator of a channel that the unit does not have is left out. `facts`: folder of printed facts; their values
    replace drawn ones (technology spending of banks and its share of revenue).
    """
    spec, draw = specs.load(index), structure()
    known, nodes = observed(index, year, facts), written(spec)
    members = units(index, year, facts)
    rng = np.random.default_rng([draw["seed"], *index.encode()])
    spread = {name: np.sqrt(draw[name]) for name in ("general", "dimension", "own")}
    general = rng.standard_normal(len(members)) + members["group"].map(draw["advantage"]).fillna(0).to_numpy()
    general = _anchored(general, members["unit"], known, year, draw["general"])
    own = {leaf: rng.standard_normal(len(members)) for leaf in spec.indicators}
    branch = {pillar: rng.standard_normal(len(members)) for pillar in spec.pillars}
    pillar = {leaf: pillar for pillar in spec.pillars for leaf in spec.walk(pillar)}
    parts = []
    for step in (0, 1):
        for leaf in spec.indicators:
            if step:
                keep = draw["persistence"]
                own[leaf] = keep * own[leaf] + np.sqrt(1 - keep**2) * rng.standard_normal(len(members))
            standing = (
                spread["general"] * general
                + spread["dimension"] * branch[pillar[leaf]]
                + spread["own"] * own[leaf]
                + step * draw["drift"]
            )
            cells = {"unit": members["unit"], "year": year - 1 + step, "indicator": leaf}
            parts.append(pd.DataFrame(cells | {"value": _valued(nodes[leaf], standing)}))
    drawn = pd.concat(parts, ignore_index=True).assign(status="simulated", source="data/annex/sample.toml")
    return _with_observed(drawn[present(spec, members, drawn)], known)


def _valued(node: dict, standing: np.ndarray) -> np.ndarray:
    """Raw values of an indicator from standard normal standings, between the ends of `plausible`."""
    kind = node["transform"]
    low, high = normalise.forward(np.array(node["plausible"], dtype=float), kind)
    value = normalise.back(low + stats.norm.cdf(standing * node["direction"]) * (high - low), kind)
    return np.round(value) if kind == "log1p" else np.round(value, 2 if value.max() > 20 else 3)


def present(spec, members: pd.DataFrame, cells: pd.DataFrame) -> np.ndarray:
    """True for cells whose unit has the channel of the indicator (or whose indicator has none)."""
    nodes = written(spec)
    channel = cells["indicator"].map({leaf: nodes[leaf].get("channel") for leaf in spec.indicators})
    held = cells["unit"].map(members.set_index("unit")["channels"].fillna(""))
    return np.array([pd.isna(name) or name in have.split(";") for name, have in zip(channel, held)])


def observed(index: str, year: int, facts: Path | None) -> pd.DataFrame:
    """Printed values for an index: unit, year, indicator, value; a cell to be left empty has the value NaN.

    Spending of the year before follows from the printed growth; doubted shares of revenue stay empty.
    """
    if index != "banks" or facts is None:
        return pd.DataFrame(columns=[*KEY, "value"])
    banks = printed.banks(printed.spending(facts), year)
    before = banks["share_of_revenue_pct"] - banks["share_change_pp"]
    values = {
        ("tech_spend", year): banks["tech_spend"],
        ("tech_spend", year - 1): (banks["tech_spend"] / (1 + banks["tech_spend_growth_pct"] / 100)).round(2),
        ("tech_spend_share", year): banks["share_of_revenue_pct"].mask(banks["doubted"]),
        ("tech_spend_share", year - 1): before.mask(banks["doubted"]),
    }
    parts = [
        pd.DataFrame({"unit": banks["institution_zh"], "year": at, "indicator": name, "value": value})
        for (name, at), value in values.items()
    ]
    source = edition.name_of(facts / "institution_spending.csv")
    return pd.concat(parts, ignore_index=True).assign(source=source)


def _anchored(
    general: np.ndarray, names: pd.Series, known: pd.DataFrame, year: int, share: float
) -> np.ndarray:
    """G of units with printed spending: drawn around the standing of that spending."""
    spend = known[known["indicator"].eq("tech_spend") & known["year"].eq(year)].set_index("unit")["value"]
    standing = stats.norm.ppf(spend.rank() / (len(spend) + 1)) if len(spend) else []
    at = names.map(pd.Series(standing, index=spend.index, dtype=float)).to_numpy(dtype=float)
    return np.where(np.isnan(at), general, np.sqrt(share) * at + np.sqrt(1 - share) * general)


def _with_observed(drawn: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The panel with printed cells in place of drawn ones; a printed cell that is doubted is left out."""
    drawn = drawn[~drawn.set_index(KEY).index.isin(known.set_index(KEY).index)]
    cells = known.dropna(subset="value").assign(status="published")
    whole = pd.concat([drawn, cells]) if len(cells) else drawn
    return whole.astype({"year": int, "value": float}).sort_values(KEY, ignore_index=True)
