"""Does the index hold together: a statistical audit in the manner of the JRC.

    lines = audit.run(index)          # check, node, other, value, verdict, simulated, facts
    audit.summary(lines)              # number of lines that pass, are flagged and fail, by check

Thresholds and their sources are in data/audit-thresholds.toml. A line says which share of the cells it rests on is
simulated. The words of a line are the entry `audit-<check>` of reports/exhibits/audit.toml.
"""

import itertools
import tomllib

import numpy as np
import pandas as pd
from statsmodels.nonparametric.smoothers_lowess import lowess

from fire import files
from fire.analysis import montecarlo, robustness
from fire.index import normalise, rounding, weights

THRESHOLDS = files.DATA / "audit-thresholds.toml"
VERDICTS = ("pass", "flag", "fail")
COLUMNS = ["check", "node", "other", "value", "verdict", "simulated", "facts"]
ONE = 1 + 1e-9  # eigenvalues above one, beyond rounding error


def thresholds() -> dict:
    """Bounds and sources of every check."""
    return tomllib.loads(THRESHOLDS.read_text(encoding="utf-8"))


def run(
    index,
    year: int | None = None,
    alternatives: dict | None = None,
    draws: int | None = None,
    seed: int | None = None,
    rules: dict | None = None,
    intervals: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The audit of an Index in one year (default: the year ranked): one row a line, columns check, node, other, value,
    verdict, simulated, facts.

    `node`: an indicator, another node, a city (coverage-unit), the first of two indicators (redundancy: the second is
    `other`) or a declared alternative (choice: its option is `other`). `value`: in the unit of the check. `verdict`:
    pass, flag or fail by `rules` (default: `thresholds()`). `simulated`: share of the cells behind the line that are
    simulated. `facts`: further numbers and ids of the line, a dictionary. `intervals`: the rank intervals (as
    `robustness.intervals`); without them `draws` are run.
    Raises InputError as `robustness.run` does.
    """
    spec, rules = index.spec, rules or thresholds()
    year = index.year if year is None else year
    alternatives = robustness.standard() if alternatives is None else alternatives
    wide, cells = index.wide(year), index.panel[index.panel["year"].eq(year)]
    if intervals is None:
        intervals = robustness.run(index, alternatives, draws, seed).intervals
    lines = [
        *_coverage(spec, cells),
        *_skewness(spec, cells, rules["skewness"]["kurtosis"]),
        *_parents(spec, wide),
        *_siblings(spec, wide),
        *_consistency(spec, wide),
        *_importance(index, year),
        *_leave_one_out(index, year),
        *_choices(index, year, alternatives),
        *_widths(spec, intervals, year, rules["interval"]["width"]),
    ]
    simulated = cells["status"].eq("simulated").groupby(cells["indicator"]).mean().reindex(spec.indicators)
    rows = [
        {"other": None}
        | line
        | {
            "verdict": verdict(line["value"], rules[line["check"]]) if line.get("applies", True) else "pass",
            "simulated": simulated[line["leaves"]].mean(),
        }
        for line in lines
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def verdict(value: float, rule: dict) -> str:
    """pass, flag or fail of a value against `flag_below`, `flag_above`, `fail_below`, `fail_above`; missing fails."""

    def beyond(kind):
        return value < rule.get(f"{kind}_below", -np.inf) or value > rule.get(f"{kind}_above", np.inf)

    return "fail" if np.isnan(value) or beyond("fail") else "flag" if beyond("flag") else "pass"


def _line(check: str, node: str, value: float, leaves: list, **more) -> dict:
    """A line that rests on the indicators `leaves`."""
    return {"check": check, "node": node, "value": float(value), "leaves": leaves, "facts": {}} | more


# Data -----------------------------------------------------------------------------------------------------------------


def _coverage(spec, cells: pd.DataFrame) -> list[dict]:
    """Share of cells that are present as data (not imputed), for each indicator and for the least covered unit."""
    have = cells[cells["value"].notna() & cells["status"].ne("imputed")].assign(one=1.0)
    table = have.pivot(index="unit", columns="indicator", values="one")
    table = table.reindex(index=sorted(cells["unit"].unique()), columns=spec.indicators).fillna(0.0)
    by_unit = table.mean(axis=1)
    lowest = by_unit.idxmin()
    return [
        *(_line("coverage-indicator", name, share, [name]) for name, share in table.mean().items()),
        _line("coverage-unit", lowest, by_unit[lowest], spec.indicators),
    ]


def _skewness(spec, cells: pd.DataFrame, kurtosis_limit: float) -> list[dict]:
    """Absolute skewness of each indicator after its transform; it counts when the kurtosis is high as well."""
    wide = cells.pivot(index="unit", columns="indicator", values="value")[spec.indicators]
    wide = normalise.transform(wide, spec)
    peak = wide.kurt()
    return [
        _line(
            "skewness",
            name,
            abs(skew),
            [name],
            applies=peak[name] > kurtosis_limit,
            facts={"peak": peak[name]},
        )
        for name, skew in wide.skew().items()
    ]


# Structure ------------------------------------------------------------------------------------------------------------


def _parents(spec, wide: pd.DataFrame) -> list[dict]:
    """Correlation of every node with its parent."""
    return [
        _line("parent", node, wide[node].corr(wide[parent]), spec.leaves(node), facts={"parent": parent})
        for node, parent in spec.nodes["parent"].dropna().items()
        if len(spec.children(parent)) > 1
    ]


def _siblings(spec, wide: pd.DataFrame) -> list[dict]:
    """Correlation of every pair of indicators of one pillar."""
    return [
        _line("redundancy", one, wide[one].corr(wide[other]), [one, other], other=other)
        for pillar in spec.pillars
        for one, other in itertools.combinations(spec.leaves(pillar), 2)
    ]


def _consistency(spec, wide: pd.DataFrame) -> list[dict]:
    """Cronbach's alpha, sampling adequacy and principal components of the indicators of pillars and index; indicators
    that are the same for all units are left out."""
    lines = []
    for node in [spec.root, *spec.pillars]:
        leaves = spec.leaves(node)
        table = wide[[name for name in leaves if wide[name].nunique() > 1]]
        if table.shape[1] < 2:
            continue
        components, loadings = correlations(table)
        eigenvalues = components["eigenvalue"]
        lines += [
            _line("alpha", node, alpha(table), leaves),
            _line("kaiser", node, adequacy(table), leaves),
            _line("common-variance", node, components["share"].iloc[0], leaves),
        ]
        if node != spec.root:
            weakest = loadings["PC1"].idxmin()
            lines += [
                _line("dimensions", node, (eigenvalues > ONE).sum(), leaves),
                _line("loading", node, loadings.at[weakest, "PC1"], leaves, facts={"weakest": weakest}),
            ]
    return lines


def alpha(table: pd.DataFrame) -> float:
    """Cronbach's alpha (1951, Psychometrika 16, 297-334) of the columns, over rows without a missing cell.

    >>> alpha(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}))
    1.0
    """
    table = table.dropna()
    parts = table.shape[1]
    return float(parts / (parts - 1) * (1 - table.var().sum() / table.sum(axis=1).var()))


def adequacy(table: pd.DataFrame) -> float:
    """Kaiser-Meyer-Olkin measure: squared correlations over these plus squared partial correlations; 0.5 for two
    columns.
    """
    correlation = table.dropna().corr().to_numpy()
    inverse = np.linalg.pinv(correlation)
    scale = np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    off = ~np.eye(len(correlation), dtype=bool)
    plain, partial = (correlation[off] ** 2).sum(), ((inverse / scale)[off] ** 2).sum()
    return float(plain / (plain + partial))


def correlations(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Principal components of the columns (as `weights.components`) with loadings that are the correlations of columns
    and components: unit vectors times the square root of the eigenvalue."""
    components, vectors = weights.components(table)
    return components, vectors * np.sqrt(components["eigenvalue"])


def loadings(index, year: int | None = None) -> pd.DataFrame:
    """Correlation of every indicator with the first and second principal component of its pillar: columns pillar,
    indicator, first, second (missing in a pillar of one indicator)."""
    wide, frames = index.wide(year), []
    for pillar in index.spec.pillars:
        table = wide[index.spec.leaves(pillar)]
        found = correlations(table.loc[:, table.nunique() > 1])[1].reindex(table.columns)
        found = found.reindex(columns=["PC1", "PC2"]).set_axis(["first", "second"], axis=1)
        found.insert(0, "indicator", table.columns)
        frames.append(found.assign(pillar=pillar))
    return pd.concat(frames, ignore_index=True)[["pillar", "indicator", "first", "second"]]


def effective(index, year: int | None = None) -> pd.DataFrame:
    """Nominal weights and effective importance of pillars, and of indicators, in the index: columns node, level
    (pillar, indicator), nominal_pct, effective_pct (per cent, each level sums to 100), ratio.

    The effective importance is the correlation ratio (share of the variance of the index that the node alone explains, by
    local linear regression; Paruolo, Saisana and Saltelli 2013, J. R. Statist. Soc. A 176, 609-634), rescaled.
    """
    spec, wide, frames = index.spec, index.wide(year), []
    for level, nodes in [("pillar", spec.pillars), ("indicator", spec.indicators)]:
        nominal = index.weight_in_index[nodes]
        explained = pd.Series({node: correlation_ratio(wide[node], wide[spec.root]) for node in nodes})
        shares = {"nominal_pct": nominal, "effective_pct": explained}
        frames.append(pd.DataFrame({name: 100 * share / share.sum() for name, share in shares.items()}))
        frames[-1].insert(0, "level", level)
    table = pd.concat(frames).rename_axis("node").reset_index()
    return table.assign(ratio=table["effective_pct"] / table["nominal_pct"])


def correlation_ratio(x: pd.Series, y: pd.Series, fraction: float = 0.67) -> float:
    """Var(E(y|x)) / Var(y) by local linear regression (lowess without robustness weights), in [0, 1]."""
    if x.nunique() < 2:
        return 0.0
    both = pd.concat([x, y], axis=1).dropna().to_numpy()
    fit = lowess(both[:, 1], both[:, 0], frac=fraction, it=0, return_sorted=False)
    return float(min(np.var(fit) / np.var(both[:, 1]), 1.0))


def _importance(index, year: int) -> list[dict]:
    """Effective over nominal importance of the pillars and of the indicators in the index."""
    return [
        _line("importance", row.node, row.ratio, index.spec.leaves(row.node), facts=_shares(row))
        for row in effective(index, year).itertuples()
    ]


def _shares(row) -> dict:
    return {"nominal": row.nominal_pct, "effective": row.effective_pct}


# Sensitivity ----------------------------------------------------------------------------------------------------------


def _leave_one_out(index, year: int) -> list[dict]:
    """Mean absolute rank shift when an indicator is left out."""
    published = _ranks(index.steps().scores.loc[year, index.spec.root])
    lines = []
    for name in index.spec.indicators:
        without = index.drop(name)
        moves = published - _ranks(without.steps().scores.loc[year, without.spec.root])
        lines.append(_line("leave-one-out", name, moves.abs().mean(), [name], facts=_most_moved(moves)))
    return lines


def _choices(index, year: int, alternatives: dict) -> list[dict]:
    """Mean absolute rank shift under every other declared choice, one at a time."""
    lines, published = [], _ranks_under(index, year, alternatives)
    for name, options in alternatives.items():
        for option in [] if name in robustness.KINDS else options[1:]:
            varied = index.alternative(**robustness.chosen(name, option))
            moves = published - _ranks_under(varied, year, alternatives)
            lines.append(
                _line(
                    "choice",
                    name,
                    moves.abs().mean(),
                    index.spec.indicators,
                    other=robustness.name_of(option),
                    facts=_most_moved(moves),
                )
            )
    return lines


def _ranks_under(index, year: int, alternatives: dict) -> pd.Series:
    """Ranks of the units in one year; as in a draw, lower scores than the declared floor count as it in means of
    logarithms and reciprocals."""
    way = index.spec.rules[index.spec.root]["aggregation"]
    if way == "arithmetic" or way not in montecarlo.LINKS:
        return _ranks(index.steps().scores.loc[year, index.spec.root])
    forward, back = montecarlo.LINKS[way]
    table = index.steps().normalised.loc[year, index.spec.indicators].clip(lower=alternatives.get("floor"))
    linked = montecarlo.weighted(index.spec, index.spec.root, forward(table.to_numpy(float))).sum(axis=1)
    return _ranks(pd.Series(back(linked), table.index).where(table.notna().any(axis=1)))


def _ranks(scores: pd.Series) -> pd.Series:
    """Ranks (1 = best) of scores; missing stays missing."""
    return pd.Series(rounding.ranks(scores.to_numpy(float)[:, None])[:, 0], index=scores.index)


def _most_moved(moves: pd.Series) -> dict:
    """The unit that moves most, and by how many ranks."""
    unit = moves.abs().idxmax()
    return {"unit": unit, "most": abs(moves[unit])}


def _widths(spec, intervals: pd.DataFrame, year: int, limit: int) -> list[dict]:
    """Share of units whose 5-95 per cent rank interval is wider than the limit."""
    found = intervals[intervals["node"].eq(spec.root) & intervals["year"].eq(year)]
    width = found["rank_high"] - found["rank_low"]
    facts = {"median": width.median(), "width": limit}
    return [_line("interval", spec.root, (width > limit).mean(), spec.indicators, facts=facts)]


# For readers ----------------------------------------------------------------------------------------------------------


def table(lines: pd.DataFrame) -> pd.DataFrame:
    """The audit for readers, the gravest lines first: check, node, other, value, simulated, verdict, and the sentence
    of the auditor (cells `{"entry": …, "values": …}` of the exhibit catalogue)."""
    grave = lines["verdict"].map(dict(zip(VERDICTS, range(3))))
    ordered = lines.loc[grave.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
    said = [_sentence(line) for line in ordered.to_dict("records")]
    return ordered.drop(columns="facts").assign(sentence=said)


def _sentence(line: dict) -> dict:
    """The catalogue entry of a line and what it needs: the line itself, its value in per cent, its facts."""
    values = {name: line[name] for name in ("check", "node", "other", "value", "verdict")} | line["facts"]
    entry = f"audit-{line['check']}" if pd.notna(line["value"]) else "audit-not-computable"
    return {"entry": entry, "values": values | {"percent": 100 * line["value"], "unity": 1}}


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Number of lines that pass, are flagged and fail, by check: columns check, pass, flag, fail."""
    counts = lines.groupby(["check", "verdict"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=list(VERDICTS), fill_value=0).reset_index().rename_axis(columns=None)


def overall(lines: pd.DataFrame) -> dict:
    """Values of the sentence on the whole audit: lines, passed, flagged, failed, soft (lines that rest on simulated
    cells by more than half), failing (checks)."""
    passed, flagged, failed = (int(lines["verdict"].eq(verdict).sum()) for verdict in VERDICTS)
    return {
        "lines": len(lines),
        "passed": passed,
        "flagged": flagged,
        "failed": failed,
        "soft": int((lines["simulated"] > 0.5).sum()),
        "failing": lines.loc[lines["verdict"].eq("fail"), "check"].drop_duplicates().tolist(),
    }


def extremes(shares: pd.DataFrame) -> dict:
    """Which node counts most and least beyond its nominal weight: most, ratio, least, lowest, above (how many count for
    more). `shares`: rows of `effective`."""
    ratio = shares.set_index("node")["ratio"]
    return {
        "most": ratio.idxmax(),
        "ratio": ratio.max(),
        "least": ratio.idxmin(),
        "lowest": ratio.min(),
        "above": int((ratio > 1).sum()),
    }
