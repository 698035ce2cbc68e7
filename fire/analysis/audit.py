"""Does the index hold together: a statistical audit in the manner of the JRC.

    lines = audit.run(index)          # check, node, other, value, low, high, verdict, simulated, facts
    audit.summary(lines)              # number of lines that pass, are flagged, fail and are not judged, by check
    matrix, whole = audit.outranking(index)   # share of the weight on which one unit is better than another
    audit.leave_one_out(index)         # how far the ranking moves without each node

Thresholds and their sources are in data/audit-thresholds.toml. Simulated and assumed cells are no coverage, and a line
that rests on them by more than a third speaks of how they were made, not of data: it gets no verdict. The words of a
line are the entry `audit-<check>` of reports/exhibits/audit.toml.
"""

import itertools
import tomllib

import numpy as np
import pandas as pd
from statsmodels.nonparametric.smoothers_lowess import lowess

from fire import files
from fire.analysis import alternatives as declared
from fire.analysis import describe, drawn, known, robustness
from fire.errors import InputError, refuse
from fire.index import aggregate, impute, normalise, rounding, weights
from fire.index import outranking as pairwise

THRESHOLDS = files.DATA / "audit-thresholds.toml"
VERDICTS = ("pass", "flag", "fail", "unjudged")
COLUMNS = ["check", "node", "other", "value", "low", "high", "verdict", "simulated", "facts"]
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
    """The audit of an Index in one year (default: the year ranked): one row a line, columns check, node, other, value, low,
    high, verdict, simulated, facts.

    `node`: an indicator, another node, a city (coverage-unit), the first of two (redundancy, pillar-pairs, added-value: the
    second is `other`) or a declared alternative (choice: its option is `other`). `value`: in the unit of the check.
    `verdict`: pass, flag or fail by `rules` (default: `thresholds()`); unjudged where more than a third of the cells
    behind the line, or behind one side of it, are simulated or assumed (share `simulated`), and where its verdict differs
    between draws of what is not known. Such a line has no value; `low`, `high` (5th and 95th percentile over the draws) are given where one side of it
    is known. Coverage and rank intervals are always judged: they are about what is not known. `facts`: further
    numbers and ids of the line, a dictionary; `of` is the node whose scores or ranks are meant. Where too little is known
    of the whole, importance and sensitivity are those of the pillars that are known.
    `intervals`: the rank intervals (as `robustness.intervals`); without them `draws` are run.
    Raises InputError as `robustness.run` does, for a year that the index does not have, `rules` that lack a check and
    `intervals` without the year.
    """
    year, rules = describe.year_of(index, year), thresholds() if rules is None else rules
    faults = [
        f"rules: no check '{check}': begin with audit.thresholds()" for check in set(thresholds()) - {*rules}
    ]
    refuse("audit", sorted(faults) + ([] if intervals is None else _no_intervals(intervals, index, year)))
    alternatives = robustness.standard(index) if alternatives is None else alternatives
    if intervals is None:
        intervals = robustness.run(index, alternatives, draws, seed).intervals
    cells = index.complete()
    cells = cells[cells["year"].eq(year)]
    soft = _soft(cells, index.spec)
    each = (
        [_structure(one, one.wide(year), rules) for one in index.completions]
        if index.draws is not None
        else []
    )
    parts = known_parts(index, year)
    lines = [
        *_coverage(index, cells, rules),
        *_skewness(index.spec, cells, rules["skewness"]["kurtosis"]),
        *_over_draws(_structure(index, index.wide(year), rules), each),
        *(line for part in parts if part is not index for line in _importance(part, part.wide(year))),
        *(line for part in parts for line in _leave_one_out(part, year)),
        *(line for part in parts for line in _choices(part, year, alternatives)),
        *_widths(index.spec, intervals, year, rules["interval"]["width"]),
    ]
    return pd.DataFrame([_judged(line, rules[line["check"]], soft) for line in lines], columns=COLUMNS)


def _no_intervals(intervals, index, year: int) -> list[str]:
    """Why these are no rank intervals of the index in a year."""
    columns = ["node", "year", "rank_low", "rank_high"]
    if lost := describe.no_table(intervals, columns, "robustness.run(index, alternatives).intervals"):
        return lost
    there = intervals["node"].eq(index.spec.root) & intervals["year"].eq(year)
    return [] if there.any() else [f"intervals have no row of '{index.spec.root}' in {year}: draw them again"]


def known_parts(index, year: int | None = None) -> list:
    """The index itself where two thirds of its cells are known, else those of its pillars (as indices) of which they are."""
    year = describe.year_of(index, year)
    if _known(index, index.spec.root, year):
        return [index]
    several = [node for node in index.spec.pillars if len(index.spec.leaves(node)) > 1]
    return [index.branch(node) for node in several if _known(index, node, year)]


def _known(index, node: str, year: int) -> bool:
    """Whether two thirds of the cells below a node are known in one year."""
    cells = index.complete()
    soft = _soft(cells[cells["year"].eq(year)], index.spec)
    return soft[index.spec.leaves(node)].mean() <= 1 - known.ENOUGH


def _soft(cells: pd.DataFrame, spec) -> pd.Series:
    """Share of the cells of each indicator that are simulated or assumed."""
    soft = cells["status"].isin(known.SOFT).groupby(cells["indicator"]).mean()
    return soft.reindex(spec.indicators).fillna(0.0)


def _judged(line: dict, rule: dict, soft: pd.Series) -> dict:
    """A line with its verdict; without a value and, unless one side of it is known, without a range where it gets none."""
    share = max(soft[side].mean() for side in [line["leaves"], *line["sides"]])
    found = (
        [verdict(value, rule) for value in line.get("each", [line["value"]])]
        if line.get("applies", True)
        else ["pass"]
    )
    most = max(found, key=found.count)
    open_to_doubt = share > 1 - known.ENOUGH or found.count(most) < known.SURE * len(found)
    bound = {"limit": rule["flag_above"]} if {"flag_below", "flag_above"} <= set(rule) else {}
    row = {"low": np.nan, "high": np.nan} | line | {"verdict": most, "simulated": share}
    row["facts"] = line["facts"] | bound
    if not open_to_doubt or line.get("always"):
        return row
    told = any(soft[side].mean() <= 1 - known.ENOUGH for side in line["sides"])
    return row | {"value": np.nan, "verdict": "unjudged"} | ({} if told else {"low": np.nan, "high": np.nan})


def _over_draws(lines: list[dict], each: list[list[dict]]) -> list[dict]:
    """The lines with their values under each draw of what is not known, and the ends of these."""
    values = {}
    for line in itertools.chain.from_iterable(each):
        values.setdefault((line["check"], line["node"], line["other"]), []).append(line["value"])
    for line in lines:
        found = values.get((line["check"], line["node"], line["other"]), [])
        if found and np.ptp(found) > 1e-12:
            low, high = np.quantile(found, [known.LOW, known.HIGH])
            line |= {"each": found, "low": low, "high": high}
    return lines


def verdict(value: float, rule: dict) -> str:
    """pass, flag or fail of a value against `flag_below`, `flag_above`, `fail_below`, `fail_above`; missing fails."""

    def beyond(kind):
        return value < rule.get(f"{kind}_below", -np.inf) or value > rule.get(f"{kind}_above", np.inf)

    return "fail" if np.isnan(value) or beyond("fail") else "flag" if beyond("flag") else "pass"


def _line(check: str, node: str, value: float, leaves: list, **more) -> dict:
    """A line that rests on the indicators `leaves`; `sides`: the indicators of each thing that it compares."""
    line = {"check": check, "node": node, "other": None, "value": float(value), "leaves": leaves}
    return line | {"sides": [leaves], "facts": {}} | more


# Data -----------------------------------------------------------------------------------------------------------------


def _coverage(index, cells: pd.DataFrame, rules: dict) -> list[dict]:
    """Share of cells that are data, neither simulated nor assumed, for each indicator and for the least covered unit."""
    have = cells[cells["value"].notna() & ~cells["status"].isin(known.SOFT)].assign(one=1.0)
    table = have.pivot(index="unit", columns="indicator", values="one")
    table = table.reindex(index=sorted(cells["unit"].unique()), columns=index.spec.indicators).fillna(0.0)
    by_unit, floor = table.mean(axis=1), rules["coverage-unit"]["fail_below"]
    facts = {"below": int(by_unit.lt(floor).sum()), "units": len(by_unit), "floor_pct": 100 * floor}
    return [
        *(
            _line("coverage-indicator", name, share, [name], always=True)
            for name, share in table.mean().items()
        ),
        _line(
            "coverage-unit", by_unit.idxmin(), by_unit.min(), index.spec.indicators, always=True, facts=facts
        ),
    ]


def _skewness(spec, cells: pd.DataFrame, kurtosis_limit: float) -> list[dict]:
    """Absolute skewness of each indicator after its transform; it counts when the kurtosis is high as well."""
    wide = cells.pivot(index="unit", columns="indicator", values="value").reindex(columns=spec.indicators)
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


def _structure(index, wide: pd.DataFrame, rules: dict) -> list[dict]:
    """All lines that follow from one table of scores (units × nodes)."""
    spec, correlation = index.spec, wide.corr()
    return [
        *_parents(spec, correlation),
        *_siblings(spec, correlation),
        *_pillars(spec, wide, correlation, rules["added-value"]["places"]),
        *_own_pillars(spec, correlation),
        *_consistency(spec, wide),
        *_ties(spec, wide),
        *_importance(index, wide),
    ]


def _parents(spec, correlation: pd.DataFrame) -> list[dict]:
    """Correlation of every node with its parent."""
    return [
        _line(
            "parent",
            node,
            correlation.at[node, parent],
            spec.leaves(parent),
            sides=[spec.leaves(node)],
            facts={"parent": parent},
        )
        for node, parent in spec.nodes["parent"].dropna().items()
        if len(spec.children(parent)) > 1
    ]


def _siblings(spec, correlation: pd.DataFrame) -> list[dict]:
    """Correlation of every pair of indicators of one pillar."""
    return [
        _line(
            "redundancy", one, correlation.at[one, other], [one, other], other=other, sides=[[one], [other]]
        )
        for pillar in spec.pillars
        for one, other in itertools.combinations(spec.leaves(pillar), 2)
    ]


def _pillars(spec, wide: pd.DataFrame, correlation: pd.DataFrame, places: int) -> list[dict]:
    """Correlation of every pair of pillars, and the share of units that a pillar ranks `places` or more away from the index."""
    ranks = {node: _ranks(wide[node], spec) for node in [spec.root, *spec.pillars]}
    pairs = [
        _line(
            "pillar-pairs",
            one,
            correlation.at[one, other],
            [*spec.leaves(one), *spec.leaves(other)],
            other=other,
            sides=[spec.leaves(one), spec.leaves(other)],
        )
        for one, other in itertools.combinations(spec.pillars, 2)
    ]
    return pairs + [
        _line(
            "added-value",
            node,
            (ranks[node] - ranks[spec.root]).abs().ge(places).mean(),
            spec.indicators,
            other=spec.root,
            sides=[spec.leaves(node)],
            facts={"places": places},
        )
        for node in spec.pillars
    ]


def _own_pillars(spec, correlation: pd.DataFrame) -> list[dict]:
    """By how much every indicator correlates more with its own pillar than with the nearest of the others."""
    lines = []
    for own in spec.pillars if len(spec.pillars) > 1 else []:
        for name in spec.leaves(own):
            others = correlation.loc[name, [pillar for pillar in spec.pillars if pillar != own]]
            lead, rival = correlation.at[name, own], others.idxmax() if others.notna().any() else None
            facts = {"own": own, "lead": lead, "rival": rival, "behind": others.max()}
            lines.append(
                _line("own-pillar", name, lead - others.max(), spec.indicators, sides=[[name]], facts=facts)
            )
    return lines


def _ties(spec, wide: pd.DataFrame) -> list[dict]:
    """Share of units whose score, at the digits shown, another has as well."""
    return [
        _line(
            "ties",
            node,
            wide[node].round(known.DECIMALS["score"]).duplicated(keep=False).mean(),
            spec.leaves(node),
        )
        for node in [spec.root, *spec.pillars]
    ]


def _consistency(spec, wide: pd.DataFrame) -> list[dict]:
    """Cronbach's alpha, sampling adequacy and principal components of the indicators of pillars and index; indicators
    that are the same for all units are left out."""
    lines = []
    for node in [spec.root, *spec.pillars]:
        leaves = spec.leaves(node)
        table = wide[[name for name in leaves if wide[name].nunique() > 1]]
        if table.shape[1] < 2 or len(table.dropna()) < weights.LEAST_ROWS:
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


def alpha(table: pd.DataFrame, pairwise: bool = False) -> float:
    """Cronbach's alpha (1951, Psychometrika 16, 297-334) of the columns, over rows without a missing cell; `pairwise`:
    each covariance over the rows that have both columns (COINr's get_cronbach; Stata's alpha without casewise). Missing
    with fewer than two rows, and where no column varies. Raises InputError for one column and for columns of text.

    >>> alpha(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}))
    1.0
    """
    _several_columns("alpha", table)
    table = table if pairwise else table.dropna()
    if len(table) < 2:
        return np.nan
    covariance = table.cov().to_numpy()
    parts, whole = len(covariance), covariance.sum()
    return float(parts / (parts - 1) * (1 - np.trace(covariance) / whole)) if whole else np.nan


def adequacy(table: pd.DataFrame) -> float:
    """Kaiser-Meyer-Olkin measure: squared correlations over these plus squared partial correlations; 0.5 for two
    columns. Missing with fewer than two rows without a gap, and where a column is the same in all of them. Raises
    InputError for one column and for columns of text.
    """
    _several_columns("sampling adequacy", table)
    correlation = table.dropna().corr().to_numpy()
    if np.isnan(correlation).any():
        return np.nan
    inverse = np.linalg.pinv(correlation)
    scale = np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    off = ~np.eye(len(correlation), dtype=bool)
    plain, partial = (correlation[off] ** 2).sum(), ((inverse / scale)[off] ** 2).sum()
    return float(plain / (plain + partial))


def _several_columns(what: str, table: pd.DataFrame) -> None:
    faults = describe.no_table(table, advice="index.wide()[[…]]") or describe.no_numbers(table)
    refuse(what, faults or ([] if table.shape[1] > 1 else ["one column: give two or more"]))


def correlations(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Principal components of the columns (as `weights.components`) with loadings that are the correlations of columns
    and components: unit vectors times the square root of the eigenvalue."""
    components, vectors = weights.components(table)
    return components, vectors * np.sqrt(components["eigenvalue"])


def loadings(index, year: int | None = None) -> pd.DataFrame:
    """Correlation of every indicator with the first and second principal component of its pillar, of the pillars that are
    known: columns pillar, indicator, first, second (missing in a pillar of one indicator)."""
    year = describe.year_of(index, year)
    wide, rows = index.wide(year), []
    shown = [node for node in index.spec.pillars if _known(index, node, year)]
    for pillar in shown:
        table = wide[index.spec.leaves(pillar)]
        if len(table.dropna()) < weights.LEAST_ROWS:
            continue
        found = correlations(table.loc[:, table.nunique() > 1])[1]
        rows += [
            (pillar, name, *(found.get(one, {}).get(name, np.nan) for one in ("PC1", "PC2")))
            for name in table
        ]
    frame = pd.DataFrame(rows, columns=["pillar", "indicator", "first", "second"])
    frame.attrs["status"] = _statuses(
        index, [leaf for node in shown for leaf in index.spec.leaves(node)], year
    )
    return frame


def _statuses(index, leaves: list, year: int) -> list[str]:
    """The data statuses of the cells of some indicators in one year."""
    cells = index.complete()
    now = cells["year"].eq(year) & cells["indicator"].isin(leaves)
    return list(cells.loc[now, "status"].unique())


def effective(index, year: int | None = None) -> pd.DataFrame:
    """Nominal weights and effective importance of pillars, and of indicators, in the index: columns node, level
    (pillar, indicator), nominal_pct, effective_pct (per cent, each level sums to 100), ratio.

    The effective importance is the correlation ratio (share of the variance of the index that the node alone explains, by
    local linear regression; Paruolo, Saisana and Saltelli 2013, J. R. Statist. Soc. A 176, 609-634; Becker, Saisana,
    Paruolo and Vandecasteele 2017, Ecol. Indic. 80, 12-22), rescaled.
    The nominal weight is that in the whole index. Where units differ in it (groups with weights of their own, nodes that do
    not exist for a group) it is the mean over the units that have a score of the index in the year, which are those whose
    variance is explained.
    """
    year = describe.year_of(index, year)
    table = _effective(index, index.wide(year))
    table.attrs["status"] = _statuses(index, index.spec.indicators, year)
    return table


def _effective(index, wide: pd.DataFrame) -> pd.DataFrame:
    spec, frames, whole = index.spec, [], _nominal(index, wide[index.spec.root].dropna().index)
    levels = {"pillar": spec.pillars, "indicator": spec.indicators}
    for level, nodes in (
        levels.items() if spec.pillars != spec.indicators else [("indicator", spec.indicators)]
    ):
        nominal = whole[nodes]
        explained = pd.Series({node: correlation_ratio(wide[node], wide[spec.root]) for node in nodes})
        shares = {"nominal_pct": nominal, "effective_pct": explained}
        frames.append(pd.DataFrame({name: 100 * share / share.sum() for name, share in shares.items()}))
        frames[-1].insert(0, "level", level)
    table = pd.concat(frames).rename_axis("node").reset_index()
    return table.assign(ratio=table["effective_pct"] / table["nominal_pct"])


def _nominal(index, units) -> pd.Series:
    """Weight of every node in the index; where units differ in it, the mean over `units`."""
    spec = index.spec
    rows = pd.MultiIndex.from_product([[index.year], units], names=["year", "unit"])
    none = impute.nonexistent(spec, rows, index.groups)
    if not len(rows) or not (spec.group_weights or none is not None):
        return index.weight_in_index
    used = np.tile(index.weights.to_numpy(float), (len(rows), 1))
    if spec.group_weights:
        used = aggregate.by_row(used[0], spec, rows, index.groups)
    for children in spec.families.values():
        columns = [spec.place[child] for child in children]
        family = np.zeros(used[:, columns].shape, dtype=bool) if none is None else none[:, columns]
        gone = family & ~family.all(axis=1, keepdims=True)  # their siblings take over
        used[:, columns] = np.where(gone, 0.0, used[:, columns])
    kinds, count = np.unique(used, axis=0, return_counts=True)
    names = spec.nodes.index
    whole = [weights.effective(spec, pd.Series(kind, index=names)) for kind in kinds]
    return pd.Series(np.average(whole, axis=0, weights=count), index=names)


def outranking(index, year: int | None = None, node: str | None = None) -> tuple[pd.DataFrame, dict]:
    """Every unit against every other in one year (default: the year ranked), on the indicators below a node (default:
    the root): the outranking matrix, and what it says of the ranking as a whole.

    The matrix has the units as rows and columns, best first: the share of the weight (of the indicators in the node)
    on which the unit of the row has the better score than that of the column (the higher one; the lower one where
    `best = "low"`), ties counted half, zero on the diagonal (`outranking.outranking_matrix`; COINr, outrankMatrix).
    Where units have weights of their own, each indicator counts by the mean of them (as in `effective`). Units without
    a score at the node are left out. The summary has `units, pairs, dominant, dominant_pct` (`outranking.dominance`): the more pairs in which one unit is better on
    every indicator, the less the ranking hangs on weights and aggregation. `attrs["status"]`: the data statuses that the
    scores rest on; where cells are drawn, both are those of the mean of the draws.
    Raises InputError for an unknown node or year.
    """
    refuse("outranking", describe.unknown(index, [] if node is None else [node], year))
    node, year = index.spec.root if node is None else node, describe.year_of(index, year)
    wide = _upward(index.wide(year).dropna(subset=node), index.spec)
    wide = wide.sort_values(node, ascending=False, kind="stable")
    leaves = index.spec.leaves(node)
    weight = _nominal(index, wide.index)[leaves].to_numpy(float)
    matrix = pairwise.outranking_matrix(wide[leaves].to_numpy(float), weight)
    frame = pd.DataFrame(matrix, wide.index, wide.index.rename("other"))
    frame.attrs["status"] = _statuses(index, leaves, year)
    return frame, pairwise.dominance(matrix)


def correlation_ratio(x: pd.Series, y: pd.Series, fraction: float = 0.67) -> float:
    """Var(E(y|x)) / Var(y) by local linear regression (lowess without robustness weights), in [0, 1]; missing where y does
    not vary over the rows that have both."""
    if x.nunique() < 2:
        return 0.0
    both = pd.concat([x, y], axis=1).dropna().to_numpy(float)
    if not len(both) or np.ptp(both[:, 1]) == 0:
        return np.nan
    fit = lowess(both[:, 1], both[:, 0], frac=fraction, it=0, return_sorted=False)
    return float(min(np.var(fit) / np.var(both[:, 1]), 1.0))


def _importance(index, wide: pd.DataFrame) -> list[dict]:
    """Effective over nominal importance of the pillars and of the indicators in the index."""
    spec = index.spec
    return [
        _line(
            "importance",
            row.node,
            row.ratio,
            spec.indicators,
            sides=[spec.leaves(row.node)],
            facts={"nominal": row.nominal_pct, "effective": row.effective_pct, "of": spec.root},
        )
        for row in _effective(index, wide).itertuples()
    ]


# Sensitivity ----------------------------------------------------------------------------------------------------------


def leave_one_out(index, nodes: list | None = None, year: int | None = None) -> pd.DataFrame:
    """How far the ranking moves when one node is left out, with all below it, and its siblings take over its weight
    (COINr, remove_elements): a row a node.

    `nodes`: of any level; default all below the root. `year`: default the year ranked. `node, shift, units, most`:
    `shift` is the mean absolute change of rank at the root (ranks; COINr's MeanAbsDiff), over the units that have a rank
    with and without the node; `units` (a list) move most, by `most` ranks; all missing where there is no index without the node (a
    ratio needs both of its children, a rule `least` its number of them). `attrs["status"]`: the data statuses that the scores rest
    on; where cells are drawn, the ranks are those of the mean of the draws.
    Raises InputError for unknown nodes, the root, and another year, all at once.
    """
    refuse("leave one out", describe.no_index(index))
    spec, nodes = index.spec, index.spec.walk()[1:] if nodes is None else describe.listed(nodes)
    faults = describe.unknown(index, nodes, year)
    faults += [
        f"'{node}' is the index itself: name a node below it"
        for node in dict.fromkeys(nodes)
        if node == spec.root
    ]
    refuse("leave one out", faults)
    year = describe.year_of(index, year)
    published, rows = _ranks(index.steps().scores.loc[year, spec.root], spec), []
    for node in nodes:
        moves = published - _ranks(_without(index, node, year), spec)
        rows.append({"node": node, "shift": moves.abs().mean()} | _most_moved(moves))
    table = pd.DataFrame(rows, columns=["node", "shift", "units", "most"])
    table.attrs["status"] = _statuses(index, spec.indicators, year)
    return table


def _without(index, node: str, year: int) -> pd.Series:
    """Scores at the root without one node; missing where there is no index without it."""
    published = index.steps().scores.loc[year, index.spec.root]
    try:
        rest = index.drop(node)
        return rest.steps().scores.loc[year, rest.spec.root].reindex(published.index)
    except InputError:
        return published * np.nan


def _leave_one_out(index, year: int) -> list[dict]:
    """The lines of the audit on indicators left out one at a time, those without which there is no index aside."""
    spec = index.spec
    return [
        _line(
            "leave-one-out",
            row.node,
            row.shift,
            spec.indicators,
            facts={"units": row.units, "most": row.most, "of": spec.root},
        )
        for row in leave_one_out(index, spec.indicators, year).dropna().itertuples(index=False)
    ]


def _choices(index, year: int, alternatives: dict) -> list[dict]:
    """Mean absolute rank shift under every other declared choice, one at a time."""
    lines, published = [], _ranks_under(index, year, alternatives)
    for name, options in alternatives.items():
        for option in [] if name in declared.KINDS else options[1:]:
            varied = declared.varied(index, {name: option})
            moves = published - _ranks_under(varied, year, alternatives)
            lines.append(
                _line(
                    "choice",
                    name,
                    moves.abs().mean(),
                    index.spec.indicators,
                    other=declared.name_of(option),
                    facts=_most_moved(moves) | {"of": index.spec.root},
                )
            )
    return lines


def _ranks_under(index, year: int, alternatives: dict) -> pd.Series:
    """Ranks of the units in one year; as in a draw, lower scores than the declared floor count as it where an aggregation
    needs scores above zero."""
    spec, share = index.spec, alternatives.get("floor")
    if share is None or not drawn.needs_floor(spec, drawn.inner(spec, spec.root)):
        return _ranks(index.steps().scores.loc[year, spec.root], spec)
    # the indicators are the same under an aggregation that takes any score
    steps = index.vary(aggregation="arithmetic").steps()
    table = steps.normalised[spec.indicators]
    table = table.clip(lower=declared.floors(spec, table.to_numpy(float), share), axis=1)
    scores, _, _ = aggregate.aggregate(table, spec, posts=index.frozen, groups=steps.groups)
    return _ranks(scores.loc[year, spec.root], spec)


def _ranks(scores: pd.Series, spec) -> pd.Series:
    """Ranks of scores, 1 = best by the specification; missing stays missing."""
    up = _upward(scores, spec).to_numpy(float)
    return pd.Series(rounding.ranks(up[:, None])[:, 0], index=scores.index)


def _upward(scores, spec):
    """Scores of which the highest is the best."""
    return -scores if spec.method["best"] == "low" else scores


def _most_moved(moves: pd.Series) -> dict:
    """The units that move most, and by how many ranks; none where no unit has both ranks."""
    far = moves.abs().dropna()
    return {"units": list(far.index[far.eq(far.max())]) or None, "most": far.max()}


def _widths(spec, intervals: pd.DataFrame, year: int, limit: int) -> list[dict]:
    """Share of units whose 5-95 per cent rank interval is wider than the limit."""
    found = intervals[intervals["node"].eq(spec.root) & intervals["year"].eq(year)]
    width = found["rank_high"] - found["rank_low"]
    facts = {"median": width.median(), "width": limit}
    return [_line("interval", spec.root, (width > limit).mean(), spec.indicators, always=True, facts=facts)]


# For readers ----------------------------------------------------------------------------------------------------------


def table(lines: pd.DataFrame) -> pd.DataFrame:
    """The audit for readers, the gravest lines first: check, node, other, value, simulated, verdict, and the sentence
    of the auditor (cells `{"entry": …, "values": …}` of the exhibit catalogue). Lines without verdict and range are left out."""
    said = lines[lines["verdict"].ne("unjudged") | lines["low"].notna()]
    grave = said["verdict"].map(dict(zip(VERDICTS, (2, 1, 0, 3))))  # those not judged last
    ordered = said.loc[grave.sort_values(kind="stable").index].reset_index(drop=True)
    sentences = [_sentence(line) for line in ordered.to_dict("records")]
    return ordered.drop(columns=["facts", "low", "high"]).assign(sentence=sentences)


def _sentence(line: dict) -> dict:
    """The catalogue entry of a line and what it needs: the line itself, its value in per cent, its facts."""
    values = {name: line[name] for name in ("check", "node", "other", "value", "verdict")} | line["facts"]
    if line["verdict"] == "unjudged":
        ends = {"centre": (line["low"] + line["high"]) / 2, "low": line["low"], "high": line["high"]}
        return {"entry": "audit-unjudged", "values": values | {"range": ends}}
    entry = f"audit-{line['check']}" if pd.notna(line["value"]) else "audit-not-computable"
    return {"entry": entry, "values": values | {"percent": 100 * line["value"], "unity": 1}}


def covered(lines: pd.DataFrame) -> dict:
    """Of how many units there are too few data to rank them, by the custom of audits: below, units, floor_pct (share of the
    indicators that must have data), percent (that of the least covered unit)."""
    line = lines[lines["check"].eq("coverage-unit")].iloc[0]
    return line["facts"] | {"percent": 100 * line["value"]}


def opinions(lines: pd.DataFrame) -> pd.DataFrame:
    """The columns of `table` that are printed, without the coverage of the indicators, which is in the summary."""
    return table(lines[lines["check"].ne("coverage-indicator")])[
        ["check", "sentence", "simulated", "verdict"]
    ]


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Number of lines that pass, are flagged, fail and are not judged, by check: columns check and VERDICTS."""
    counts = lines.groupby(["check", "verdict"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=list(VERDICTS), fill_value=0).reset_index().rename_axis(columns=None)


def overall(lines: pd.DataFrame) -> dict:
    """Values of the sentence on the whole audit: lines, passed, flagged, failed, unjudged, limit_pct (share of simulated
    cells from which none is judged), failing (checks), parts (nodes whose importance and sensitivity are judged)."""
    passed, flagged, failed, unjudged = (int(lines["verdict"].eq(verdict).sum()) for verdict in VERDICTS)
    judged = lines[lines["verdict"].ne("unjudged") & lines["check"].eq("leave-one-out")]
    return {
        "lines": len(lines),
        "passed": passed,
        "flagged": flagged,
        "failed": failed,
        "unjudged": unjudged,
        "limit_pct": 100 * (1 - known.ENOUGH),
        "failing": lines.loc[lines["verdict"].eq("fail"), "check"].drop_duplicates().tolist(),
        "parts": list(dict.fromkeys(facts["of"] for facts in judged["facts"])),
    }


def extremes(shares: pd.DataFrame) -> dict:
    """Which node counts most and least beyond its nominal weight: most, ratio, least, lowest, above (how many count for
    more); empty where no ratio is known. `shares`: rows of `effective`."""
    ratio = shares.set_index("node")["ratio"].dropna()
    if ratio.empty:
        return {}
    return {
        "most": ratio.idxmax(),
        "ratio": ratio.max(),
        "least": ratio.idxmin(),
        "lowest": ratio.min(),
        "above": int((ratio > 1).sum()),
    }
