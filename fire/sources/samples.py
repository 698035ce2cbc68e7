"""Units and panels of the indices of the annex: observed values where data/annex holds them, else a simulated sample.

An index with a file data/annex/<index>.csv rests on that file alone. Any other is drawn from the factor structure that
data/annex/sample.toml states: its units bear numbers, every value has the status "simulated", and the factor behind
them is known, so that what a method gives can be held against it.
"""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from fire import files
from fire.index import panel as panels
from fire.index import spec as specs
from fire.index import transforms
from fire.sources import tables

ANNEX = files.DATA / "annex"
UNITS = tables.columns("annex-units")
SAMPLE = ("样本", "sample")  # a sample unit, and the group of all of them


@cache
def structure() -> dict:
    """The stated factor structure (data/annex/sample.toml)."""
    return tomllib.loads((ANNEX / "sample.toml").read_text(encoding="utf-8"))


def written(spec) -> dict[str, dict]:
    """Nodes of a specification as written, by id: with definition, source, plausible range, channel, basis."""
    return {row["id"]: row for row in spec.table["node"]}


def holding(index: str) -> Path | None:
    """The file of observed values of an index; None for an index that is simulated."""
    path = ANNEX / f"{index}.csv"
    return path if path.exists() else None


def units(index: str) -> pd.DataFrame:
    """Units of an index of the annex: UNITS (unit, unit_en, kind, code, group, channels, aliases)."""
    annex = specs.load(index).table["annex"]
    return files.read_csv(ANNEX / f"{annex['database']}.csv") if holding(index) else roster(index)


def roster(index: str) -> pd.DataFrame:
    """Sample units of an index with the channels that each has: 样本 31 (sample 31), …"""
    draw, kind = structure(), specs.load(index).table["annex"]["kind"]
    rng = np.random.default_rng([draw["seed"], *kind.encode()])
    low, high = draw["units"][index]
    names = [[f"{word} {number:02d}" for word in SAMPLE] for number in range(low, high + 1)]
    held = [[one for one, share in draw["channels"].items() if rng.random() < share] for _ in names]
    channels = [None if kind == "firm" else ";".join(have) for have in held]
    rows = [
        (zh, en, kind, f"S{low + place:03d}", SAMPLE[0], channels[place], None)
        for place, (zh, en) in enumerate(names)
    ]
    return pd.DataFrame(rows, columns=UNITS)


def panel(index: str, year: int) -> pd.DataFrame:
    """Panel of an index: unit, year, indicator, value, status, source. Observed values have the years of their file; a
    sample is drawn for `year` and the year before, without the indicators of channels that a unit does not have."""
    spec = specs.load(index)
    if path := holding(index):
        return panels.read(path, spec)
    draw, members, nodes = structure(), roster(index), written(spec)
    rng = _generator(index)
    spread = {name: np.sqrt(draw[name]) for name in ("general", "dimension", "own")}
    general = rng.standard_normal(len(members))
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
    return drawn[present(spec, members, drawn)].sort_values(panels.KEY, ignore_index=True)


def factor(index: str) -> pd.Series:
    """The general factor G from which a sample was drawn, by unit: higher is better on every indicator."""
    names = roster(index)["unit"]
    return pd.Series(_generator(index).standard_normal(len(names)), index=names, name="factor")


def _generator(index: str) -> np.random.Generator:
    """Random numbers of one index; the first that it gives are the general factor."""
    return np.random.default_rng([structure()["seed"], *index.encode()])


def _valued(node: dict, standing: np.ndarray) -> np.ndarray:
    """Raw values of an indicator from standard normal standings, between the ends of `plausible`."""
    from scipy.special import ndtr

    kind = node["transform"]
    low, high = transforms.forward(np.array(node["plausible"], dtype=float), kind)
    value = transforms.back(low + ndtr(standing * node["direction"]) * (high - low), kind)
    return np.round(value) if kind == "log1p" else np.round(value, 2 if value.max() > 20 else 3)


def present(spec, members: pd.DataFrame, cells: pd.DataFrame) -> np.ndarray:
    """True for cells whose unit has the channel of the indicator (or whose indicator has none)."""
    nodes = written(spec)
    channel = cells["indicator"].map({leaf: nodes[leaf].get("channel") for leaf in spec.indicators})
    held = cells["unit"].map(members.set_index("unit")["channels"].fillna(""))
    return np.array([pd.isna(name) or name in have.split(";") for name, have in zip(channel, held)])
