"""Late data: what is not there yet, which scores it touches, and draws of it.

A late cell is drawn several times over (proper multiple imputation: Rubin 1987, ch. 4), on the transformed scale of its
indicator (`transforms.forward`):

    value = the unit's nearest known year (the one before, where it is there) + growth between the two years

    growth of unit i = what all units share + what is its own

`how` says for each cell where its growth was learnt:

- `growth`: the indicator is there for ENOUGH other units: their growth between the same two years, by the approximate
  Bayesian bootstrap (Rubin and Schenker 1986): each draw resamples the known growths, then takes one of the sample.
- `history`: the whole indicator is late and has two or more earlier years: of the SPANS last steps between them the mean
  growth of each; what is shared is drawn from Student's t about these means (of one step: with the spread that the
  siblings' means have), what is a unit's own from the bootstrap of the deviations in those steps.
- `siblings`: no history: the growth of the other indicators of the pillar (of the index where they are few) in units of
  each indicator's own spread over the units; what is shared is drawn from Student's t about the siblings' means, what is
  a unit's own from the deviations of one sibling, taken at random. An indicator that moves unlike all others is missed.
- `wide`: nothing to learn from: no growth, with WIDE of the indicator's spread over the units.

A unit without any other year (it is new):

- `regression`: on the indicators of the same year that go with it most closely; parameters and residuals are drawn.
- `relation`: the whole indicator is late: that regression in the nearest year that has it, and then the growth of all.
- `donors`: too few units or no other indicator: the value of another unit (in that year).

Draws of different indicators are drawn apart, as given the model nothing is known of how their errors go together.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from fire.errors import Finding, sentence
from fire.index import transforms, weights
from fire.index.draws import SEVERAL
from fire.index.panel import KEY, positions
from fire.sources import statistics
from fire.sources.names import MEASURE_NAMES

ENOUGH = 8  # units (or residuals) from which a spread is learnt
WIDE = 0.5  # standard deviation of the growth of which nothing is known, in spreads of the indicator over the units
SPANS = 5  # earlier years of growth that are looked at, the nearest
EACH = 6  # units of a regression for every coefficient
SHOWN = 6  # units or indicators named in a finding
MANY = 5  # indicators that a unit lacks: then it has a finding of its own
# the city statistic, a year earlier, that an indicator is computed from
RESTS = {name: measure for measure, name in statistics.INDICATORS.items()} | {"tertiary_share": "tertiary"}
MARK = {"zh": "、", "en": ", "}


# What is late ---------------------------------------------------------------------------------------------------------


def found(
    panel: pd.DataFrame,
    spec,
    units: Iterable,
    year: int,
    years=None,
    how: str = "draws",
    history=None,
    english: Mapping | None = None,
    computed: Iterable[str] = (),
) -> tuple[pd.DataFrame, list[Finding]]:
    """What the panel lacks, one row an indicator and year; a finding for each, or for each unit that lacks many.

    `units`: all that belong to the index; `years`: default `year` and the one before, where the panel has it; `how`: what
    the edition says of cells whose rule is "refuse": `draws` or `refuse`, or `lacks` where it has draws of its own; `history`: as of `draws`; `english`: names of the
    units in English; `computed`: indicators that follow from city statistics. A unit without any value in a year is no gap
    but a finding: it is not there (`year`), or new (a year before).

    Columns: indicator, year, units (list), count, of (units with any value), whole (no unit has it), nodes (the indicator
    and all above it), weight (of the indicator in the index), scores (how many it touches), rule (draws, refuse, never
    where nobody has it in any year, or the rule for missing cells of the specification).
    """
    units, rows, findings = list(units), [], []
    ids = spec.series
    held = panel.dropna(subset="value")
    ever = set(held["indicator"]) | (
        set() if history is None else set(history.dropna(subset="value")["indicator"])
    )
    here = sorted({year - 1, year} & set(held["year"])) if years is None else sorted(years)
    share = weights.effective(spec, spec.nodes["weight"])
    for one in here:
        cells = held[held["year"].eq(one)]
        has = np.zeros((len(units) + 1, len(ids) + 1), dtype=bool)  # the last of each: what is none of them
        has[positions(cells["unit"], units), positions(cells["indicator"], ids)] = True
        table = pd.DataFrame(has[:-1, :-1], index=units, columns=ids)
        there = table.index[table.any(axis=1)]
        gaps = ~table.loc[there]
        findings += _absent([unit for unit in units if unit not in there], one, year, held, english or {})
        for name in ids:
            lacks = list(there[gaps[name]])
            if not lacks:
                continue
            over = _over(spec, name)
            nodes = list(dict.fromkeys(node for leaf in over for node in [leaf, *spec.ancestors(leaf)]))
            rule = spec.nodes.loc[over, "missing"].iloc[0]
            rows.append(
                {
                    "indicator": name,
                    "year": one,
                    "units": lacks,
                    "count": len(lacks),
                    "of": len(there),
                    "whole": len(lacks) == len(there),
                    "nodes": nodes,
                    "weight": float(share[over].sum()),
                    "scores": len(lacks) * len(nodes),
                    "rule": rule if rule != "refuse" else how if name in ever else "never",
                }
            )
    columns = ["indicator", "year", "units", "count", "of", "whole", "nodes", "weight", "scores", "rule"]
    table = pd.DataFrame(rows, columns=columns)
    words = _Words(spec, english or {}, set(computed))
    return table, _said(table, words) + findings


def _over(spec, name: str) -> list[str]:
    """The indicator itself; of a denominator those that it divides."""
    if name in spec.indicators:
        return [name]
    return [leaf for leaf in spec.indicators if spec.rules[leaf]["denominator"] == name]


def _absent(gone: list, one: int, year: int, held: pd.DataFrame, english: Mapping) -> list[Finding]:
    """Findings about units without any value in a year: not there in the year ranked, or new."""
    names = {unit: {"unit": unit, "unit_en": english.get(unit, unit)} for unit in gone}
    if one == year:
        return [Finding("late.unit", value=unit, **names[unit], year=year) for unit in gone]
    new = set(held.loc[held["year"].eq(year), "unit"]) - set(held.loc[held["year"].lt(year), "unit"])
    return [
        Finding("late.new", value=unit, **names[unit], year=year, before=one) for unit in gone if unit in new
    ]


class _Words:
    """How indicators, nodes and units are called."""

    def __init__(self, spec, english: Mapping, computed: set):
        self.spec, self.english, self.computed = spec, english, computed
        self.named = {row["id"]: row["label"] for row in spec.table.get("denominator", [])}

    def label(self, node: str, lang: str) -> str:
        return self.named[node][lang] if node in self.named else self.spec.label(node, lang)

    def indicator(self, name: str, year: int, lang: str) -> str:
        """An indicator; one that is computed from a statistic with that statistic and its year."""
        label = self.label(name, lang)
        if name not in self.computed or name not in RESTS:
            return label
        measure = MEASURE_NAMES[RESTS[name]][lang == "en"]
        return sentence("late.statistic", lang, name=label, measure=measure, year=year - 1)

    def nodes(self, nodes: Iterable[str], lang: str) -> str:
        """The nodes above indicators, the highest first."""
        above = [node for node in nodes if node not in self.spec.indicators]
        return MARK[lang].join(self.label(node, lang) for node in above[::-1])

    def units(self, units: list, lang: str) -> str:
        return _listed([self.english.get(one, one) for one in units] if lang == "en" else units, lang)


def _said(table: pd.DataFrame, words: _Words) -> list[Finding]:
    """The findings of the rows of `found`: one a unit that lacks many indicators, one an indicator for the others."""
    found = []
    table = table.assign(
        kind=table["rule"].where(table["rule"].isin(["draws", "refuse", "lacks", "none", "never"]), "filled")
    )
    for (year, kind), rows in table.groupby(["year", "kind"], sort=False):
        some = rows[~rows["whole"] & rows["kind"].ne("never")]
        lacks = some.explode("units").groupby("units", sort=False)["indicator"].agg(list)
        many = lacks[lacks.map(len) >= MANY]
        many = many if len(many) < len(some) else many[:0]  # what gives the fewer lines
        for line in rows.to_dict("records"):
            units = [unit for unit in line["units"] if line["whole"] or unit not in many.index]
            if units:
                found.append(_of_indicator_said(line, units, words))
        nodes = some.set_index("indicator")["nodes"]
        found += [_of_unit(unit, ids, int(year), f"{kind}", nodes, words) for unit, ids in many.items()]
    return found


def _of_indicator_said(line: dict, units: list, words: _Words) -> Finding:
    """The finding of one row of `found`, for some of its units."""
    name, year = line["indicator"], line["year"]
    said = {
        f"{key}_{lang}": text
        for lang in ("zh", "en")
        for key, text in (
            ("name", words.indicator(name, year, lang)),
            ("nodes", words.nodes(line["nodes"], lang)),
            ("units", words.units(units, lang) if not line["whole"] else ""),
        )
    }
    facts = {key: line[key] for key in ("year", "of", "whole")} | {"weight": 100 * line["weight"]}
    facts |= {"count": len(units), "scores": len(units) * len(line["nodes"]), "rule_name": line["rule"]}
    return Finding(
        f"late.{line['kind']}" if line["whole"] else f"late.{line['kind']}_some",
        indicator=name,
        **said,
        **facts,
    )


def _of_unit(unit, ids: list, year: int, kind: str, nodes: pd.Series, words: _Words) -> Finding:
    """The finding of a unit that lacks many indicators."""
    touched = list(dict.fromkeys(node for name in ids for node in nodes[name]))
    said = {
        f"{key}_{lang}": text
        for lang in ("zh", "en")
        for key, text in (
            ("unit", words.units([unit], lang)),
            ("names", _listed([words.indicator(name, year, lang) for name in ids], lang)),
        )
    }
    return Finding(
        f"late.unit_{kind}", value=unit, unit=unit, year=year, count=len(ids), scores=len(touched), **said
    )


def _listed(names: list, lang: str) -> str:
    return MARK[lang].join(map(str, names[:SHOWN])) + ("…" if len(names) > SHOWN else "")


# Draws ----------------------------------------------------------------------------------------------------------------


def draws(
    panel: pd.DataFrame, spec, year: int, history: pd.DataFrame | None = None, count: int = 100, rng=None
) -> pd.DataFrame | None:
    """Draws of every late cell of `year` and the year before (where the panel has it) whose rule is "refuse" (another rule
    of the specification fills or leaves out what is missing), as `fire.index.draws` has them:
    unit, year, indicator, status, source ("draws: " and `how`, see above), d001 … ; None where nothing is late.

    `panel`, `history` (earlier editions): unit, year, indicator, value; the panel goes first. Only units with some value in
    the year are drawn. Values keep the bounds of their indicator (per cent, zero, the specification's `plausible`), and are
    whole where all known ones are. `rng`: default a generator seeded with the year.
    """
    rng = np.random.default_rng(year) if rng is None else rng
    data = _Known(panel, history, spec)
    years = sorted({year - 1, year} & set(data.listed))
    parts = [
        _of_indicator(data, name, one, count, rng)
        for name in spec.series
        if spec.nodes.loc[_over(spec, name), "missing"].iloc[0] == "refuse"
        for one in years
        if data.gaps(name, one) and data.known(name)
    ]
    return pd.concat(parts, ignore_index=True) if parts else None


def models(
    drawn: pd.DataFrame, spec, english: Mapping | None = None, computed: Iterable[str] = ()
) -> list[Finding]:
    """How late cells were drawn: one finding an indicator, year and `how`; `english` and `computed` as of `found`."""
    how, words = drawn["source"].str.removeprefix("draws: "), _Words(spec, english or {}, set(computed))
    return [
        Finding(
            f"late.how_{kind}",
            indicator=name,
            year=year,
            count=len(cells),
            units_zh=words.units(list(cells), "zh"),
            units_en=words.units(list(cells), "en"),
            name_zh=words.indicator(name, year, "zh"),
            name_en=words.indicator(name, year, "en"),
        )
        for (name, year, kind), cells in drawn.groupby(["indicator", "year", how], sort=False)["unit"]
    ]


class _Known:
    """What is known, on the transformed scales: `tables`, by year a frame of units × indicators."""

    def __init__(self, panel: pd.DataFrame, history: pd.DataFrame | None, spec):
        ids = spec.series
        cells = panel if history is None else pd.concat([panel, history])
        cells = cells.dropna(subset="value").drop_duplicates(KEY)
        cells = cells[cells["indicator"].isin(ids)]
        written = {row["id"]: row for row in spec.table["node"]}
        self.spec, self.kinds, self.raw = spec, {}, {}
        for name in ids:
            rule = spec.rules.get(name)
            self.kinds[name] = "log" if rule is None else transforms.kind_of(rule)
            values = cells.loc[cells["indicator"].eq(name), "value"].to_numpy(float)
            self.raw[name] = _bounds(values, written.get(name, {}), self.kinds[name])
        wide = cells.pivot(index=["year", "unit"], columns="indicator", values="value").reindex(columns=ids)
        with np.errstate(divide="ignore", invalid="ignore"):
            for name in ids:
                wide[name] = transforms.forward(wide[name].to_numpy(float), self.kinds[name])
        wide = wide.replace([np.inf, -np.inf], np.nan)
        self.units = pd.Index(sorted(cells["unit"].unique()), name="unit")
        self.tables = {
            int(year): part.droplevel("year").reindex(self.units) for year, part in wide.groupby("year")
        }
        own = panel.dropna(subset="value")
        self.listed = {int(year): set(part["unit"]) for year, part in own.groupby("year")}
        self.held = {key: set(part) for key, part in own.groupby(["year", "indicator"])["unit"]}

    def gaps(self, name: str, year: int) -> list:
        """Units with some value in the panel in this year but none of this indicator."""
        out = self.listed.get(year, set()) - self.held.get((year, name), set())
        return [unit for unit in self.units if unit in out]

    def known(self, name: str) -> bool:
        """Does any unit have the indicator in any year? Otherwise there is no scale to draw on."""
        return any(table[name].notna().any() for table in self.tables.values())

    def of(self, name: str, year: int) -> pd.Series:
        return self.tables[year][name]

    def spread(self, name: str, year: int) -> float:
        """Standard deviation of an indicator over the units; of all years where this one has none, else its size."""
        every = np.concatenate([table[name].dropna().to_numpy() for table in self.tables.values()])
        one, whole = self.of(name, year).std(), every.std() if len(every) else 0.0
        return one if one > 0 else whole if whole > 0 else float(np.abs(every).mean()) if every.any() else 1.0

    def growth(self, name: str, start: int, end: int) -> np.ndarray:
        """Growth of the units that have both years; a late cell of `end` that the history happens to hold is none."""
        if start not in self.tables or end not in self.tables:
            return np.array([])
        return (self.of(name, end) - self.of(name, start)).dropna().to_numpy()

    def siblings(self, name: str, start: int, end: int) -> list[np.ndarray]:
        """Growth of the other indicators in units of their spread: those of the pillar, of the index where fewer than
        three of those are known."""
        spec = self.spec
        pillar = next((one for one in spec.pillars if name in spec.leaves(one)), spec.root)
        for root in (pillar, spec.root):
            parts = [
                self.growth(leaf, start, end) / self.spread(leaf, start)
                for leaf in spec.leaves(root)
                if leaf != name and start in self.tables
            ]
            parts = [part for part in parts if len(part) >= ENOUGH]
            if len(parts) >= 3:
                return parts
        return parts


def _bounds(values: np.ndarray, node: dict, kind: str | tuple) -> tuple[float, float, bool]:
    """Least and greatest possible value of an indicator, and whether its values are whole."""
    whole = len(values) > 0 and bool((values % 1 == 0).all())
    low, high = (-np.inf, np.inf) if len(values) and values.min() < 0 else (0.0, np.inf)
    if "%" in (node.get("unit") or {}).values() and (not len(values) or values.max() <= 100):
        high = 100.0
    if "plausible" in node:
        low, high = max(low, float(node["plausible"][0])), min(high, float(node["plausible"][1]))
    if len(values):  # what is known is possible
        low, high = min(low, values.min()), max(high, values.max())
    if kind == "log":
        low = max(low, 1.0 if whole else np.finfo(float).tiny)
    return low, high, whole


def _of_indicator(data: _Known, name: str, year: int, count: int, rng) -> pd.DataFrame:
    """Draws of the late cells of one indicator and year."""
    units = data.gaps(name, year)
    values, how = np.empty((len(units), count)), np.empty(len(units), dtype=object)
    start = np.array([_nearest(data, name, unit, year) for unit in units], dtype=object)
    for base in dict.fromkeys(start):
        rows = np.flatnonzero([one == base for one in start])
        here = [units[row] for row in rows]
        if base is None:
            values[rows], how[rows] = _new(data, name, year, here, count, rng)
        else:
            shared, own, kind = _growth(data, name, base, year, len(rows), count, rng)
            values[rows] = data.of(name, base)[here].to_numpy()[:, None] + shared + own
            how[rows] = kind
    low, high, whole = data.raw[name]
    with np.errstate(over="ignore"):
        raw = np.clip(transforms.back(values, data.kinds[name]), low, min(high, np.finfo(float).max))
    raw = np.clip(np.rint(raw), np.ceil(low), np.floor(high)) if whole else raw
    keys = pd.DataFrame({"unit": units, "year": year, "indicator": name, "status": SEVERAL})
    numbers = pd.DataFrame(raw, columns=[f"d{place + 1:03d}" for place in range(count)])
    return pd.concat([keys.assign(source="draws: " + pd.Series(how)), numbers], axis=1)


def _nearest(data: _Known, name: str, unit, year: int) -> int | None:
    """The nearest year in which the unit has the indicator; of two the earlier."""
    years = [one for one, table in data.tables.items() if one != year and pd.notna(table.at[unit, name])]
    return min(years, key=lambda one: (abs(one - year), one), default=None)


def _growth(data: _Known, name: str, start: int, end: int, units: int, count: int, rng) -> tuple:
    """Draws of the growth from `start` to `end`: what all units share (draws), what is their own (units × draws), how."""
    size, known, nothing = data.spread(name, start), data.growth(name, start, end), np.zeros(count)
    if len(known) >= ENOUGH:
        return nothing, _bootstrap([known], units, np.zeros(count, int), rng), "growth"
    siblings = data.siblings(name, start, end)
    step = end - start
    starts = sorted(data.tables, key=lambda one: (abs(one - start), one))
    spans = [data.growth(name, one, one + step) for one in starts if one != start]
    spans = [span for span in spans if len(span) >= ENOUGH][:SPANS]
    if spans:
        means = np.array([span.mean() for span in spans])
        if len(means) > 1:
            shared = _predicted(means, count, rng)
        elif len(siblings) > 2:
            around = np.array([one.mean() for one in siblings])
            shared = means[0] + size * _predicted(around - around.mean(), count, rng)
        else:
            shared = means[0] + WIDE * size * rng.standard_normal(count)
        residuals = np.concatenate([span - span.mean() for span in spans])
        return shared, _bootstrap([residuals], units, np.zeros(count, int), rng), "history"
    if len(siblings) > 2:
        donors = rng.integers(len(siblings), size=count)
        shared = size * _predicted(np.array([one.mean() for one in siblings]), count, rng)
        return (
            shared,
            size * _bootstrap([one - one.mean() for one in siblings], units, donors, rng),
            "siblings",
        )
    return WIDE * size * rng.standard_normal(count), WIDE * size * rng.standard_normal((units, count)), "wide"


def _predicted(means: np.ndarray, count: int, rng) -> np.ndarray:
    """Draws of one more of these numbers: Student's t about their mean."""
    many = len(means)
    return means.mean() + means.std(ddof=1) * np.sqrt(1 + 1 / many) * rng.standard_t(many - 1, count)


def _bootstrap(pools: list[np.ndarray], units: int, donors: np.ndarray, rng) -> np.ndarray:
    """Approximate Bayesian bootstrap (units × draws): each draw resamples its pool, then takes from the sample. As the
    pools are small, deviations are widened to the variance of a normal prediction, (n + 1) / (n - 3) of theirs."""
    columns = []
    for donor in donors:
        pool = pools[donor]
        taken = rng.choice(rng.choice(pool, len(pool)), units)
        columns.append(pool.mean() + (taken - pool.mean()) * np.sqrt((len(pool) + 1) / max(len(pool) - 3, 1)))
    return np.column_stack(columns)


def _new(data: _Known, name: str, year: int, units: list, count: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """Draws (units × draws) and how, of units that have the indicator in no year."""
    years = sorted(data.tables, key=lambda one: (abs(one - year), one))
    base = next((one for one in years if data.of(name, one).count() >= ENOUGH), None)
    if base is None:
        known = np.concatenate([table[name].dropna().to_numpy() for table in data.tables.values()])
        return _bootstrap([known], len(units), np.zeros(count, int), rng), np.full(
            len(units), "donors", dtype=object
        )
    shared = np.zeros(count)
    if base != year:
        shared, own, _ = _growth(data, name, base, year, 1, count, rng)
        shared = shared + own[0]
    out, how = np.empty((len(units), count)), np.empty(len(units), dtype=object)
    for row, unit in enumerate(units):
        level = _regression(data, name, base, year, unit, count, rng)
        how[row] = "donors" if level is None else "regression" if base == year else "relation"
        if level is None:
            level = _bootstrap([data.of(name, base).dropna().to_numpy()], 1, np.zeros(count, int), rng)[0]
        out[row] = level + shared
    return out, how


def _regression(data: _Known, name: str, base: int, year: int, unit, count: int, rng) -> np.ndarray | None:
    """Draws of one value from the regression of the indicator on others of the year `base`, at the unit's values of
    `year`; parameters, variance and residual drawn (Rubin 1987, pp. 166-167). None where too little is known."""
    import statsmodels.api as sm  # takes seconds, and a check without a new unit needs none of it

    others = data.tables[year].loc[unit].drop(name).dropna().index
    table = data.tables[base].drop(index=unit, errors="ignore")
    table = table[table[name].notna()]
    others = [one for one in others if table[one].notna().mean() >= 0.8 and table[one].std() > 0]
    close = table[others].corrwith(table[name]).abs().dropna().sort_values(ascending=False, kind="stable")
    chosen = list(close.index[: max(len(table) // EACH - 1, 0)])
    table = table[[name, *chosen]].dropna()
    if not chosen or len(table) < ENOUGH or len(table) <= len(chosen) + 2:
        return None
    centre, size = table[chosen].mean(), table[chosen].std()
    fit = sm.OLS(table[name], sm.add_constant((table[chosen] - centre) / size, has_constant="add")).fit()
    point = np.concatenate([[1.0], (data.tables[year].loc[unit, chosen] - centre) / size])
    left_out = (
        fit.get_influence().resid_press
    )  # without the unit itself: what is chosen by its fit fits too well
    scale = np.sqrt((left_out**2).sum() / rng.chisquare(fit.df_resid, count))
    unscaled = float(point @ np.asarray(fit.normalized_cov_params) @ point)
    return float(point @ fit.params.to_numpy()) + scale * np.sqrt(1 + max(unscaled, 0)) * rng.standard_normal(
        count
    )
