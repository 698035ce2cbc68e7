"""Does the index hold together: a statistical audit in the manner of the JRC, each line with its verdict and its
sentence.

    python -m fire.analysis.audit 2022        # prints the verdicts, writes reports/2022-audit/audit.csv and audit.md

Thresholds and their sources are in data/audit-thresholds.toml. A line says which share of the cells it rests on is
simulated.
"""

import argparse
import itertools
import tomllib

import numpy as np
import pandas as pd
from statsmodels.nonparametric.smoothers_lowess import lowess

from fire import codebook as labels
from fire import files
from fire.analysis import montecarlo, robustness
from fire.index import normalise, rounding, score
from fire.report import narrative

THRESHOLDS = files.DATA / "audit-thresholds.toml"
VERDICTS = {
    "pass": {"zh": "通过", "en": "pass"},
    "flag": {"zh": "提示", "en": "flag"},
    "fail": {"zh": "不通过", "en": "fail"},
}
COLUMNS = ["check", "node", "subject_zh", "subject_en", "value", "verdict", "simulated", "zh", "en"]


def thresholds() -> dict:
    """Bounds, names and sources of every check."""
    return tomllib.loads(THRESHOLDS.read_text(encoding="utf-8"))


def run(
    spec,
    panel: pd.DataFrame,
    year: int | None = None,
    alternatives: dict | None = None,
    draws: int = 10_000,
    seed: int = 2022,
    rules: dict | None = None,
) -> pd.DataFrame:
    """The audit of one year (default: the last): one row a line with COLUMNS.

    `node` is an indicator, a node, a city (coverage-unit), a pair of indicators (redundancy) or a choice; `value` is
    in the unit of the check; `simulated` is the share of the cells behind the line that are simulated; zh and en are
    sentences.
    """
    rules, year = rules or thresholds(), panel["year"].max() if year is None else year
    alternatives = robustness.standard() if alternatives is None else alternatives
    scores = score.compute(spec, panel)
    now = scores[scores["year"].eq(year)]
    wide = now.pivot(index="unit", columns="node", values="score").reindex(columns=spec.nodes.index)
    cells = panel[panel["year"].eq(year)]
    lines = [
        *coverage(spec, cells),
        *skewness(spec, cells, rules["skewness"]["kurtosis"]),
        *parents(spec, wide),
        *siblings(spec, wide),
        *consistency(spec, wide),
        *importance(spec, wide),
        *leave_one_out(spec, panel, year),
        *choices(spec, panel, year, alternatives),
        *widths(spec, panel, year, alternatives, draws, seed, rules["interval"]["width"]),
    ]
    simulated = cells["status"].eq("simulated").groupby(cells["indicator"]).mean().reindex(spec.indicators)
    rows = [finish(spec, line, rules[line["check"]], simulated) for line in lines]
    return pd.DataFrame(rows, columns=COLUMNS)


def finish(spec, line: dict, rule: dict, simulated: pd.Series) -> dict:
    """A line with its verdict, its share of simulated cells and the sentence of an auditor."""
    outcome = verdict(line["value"], rule) if line.get("applies", True) else "pass"
    share = simulated[line["leaves"]].mean()
    bounds = {
        name: rule.get(name)
        for name in ("flag_below", "flag_above", "fail_below", "fail_above", "width", "kurtosis")
    }
    said = narrative.say(
        f"audit-{line['check']}",
        verdict=outcome,
        value=float(line["value"]),
        percent=100 * float(line["value"]),
        subject=line["label"],
        unity=1,
        **bounds,
        **line.get("facts", {}),
    )
    return {
        "check": line["check"],
        "node": line["node"],
        "subject_zh": line["label"]["zh"],
        "subject_en": line["label"]["en"],
        "value": line["value"],
        "verdict": outcome,
        "simulated": share,
        **said,
    }


def verdict(value: float, rule: dict) -> str:
    """pass, flag or fail of a value against `flag_below`, `flag_above`, `fail_below`, `fail_above`; missing fails."""

    def beyond(kind):
        return value < rule.get(f"{kind}_below", -np.inf) or value > rule.get(f"{kind}_above", np.inf)

    return "fail" if np.isnan(value) or beyond("fail") else "flag" if beyond("flag") else "pass"


def line(spec, check: str, node: str, value: float, **more) -> dict:
    """A line about a node of the specification, labelled in both languages and resting on the indicators below it."""
    return {
        "check": check,
        "node": node,
        "value": value,
        "label": label(spec, node),
        "leaves": spec.leaves(node),
        **more,
    }


def label(spec, *nodes: str) -> dict:
    """Names of nodes in both languages."""
    return {lang: narrative.join([spec.label(node, lang) for node in nodes], lang) for lang in ("zh", "en")}


# Data -----------------------------------------------------------------------------------------------------------------


def coverage(spec, cells: pd.DataFrame) -> list[dict]:
    """Share of cells that are present as data (not imputed), for each indicator and for the least covered city."""
    have = cells[cells["value"].notna() & cells["status"].ne("imputed")].assign(one=1.0)
    table = have.pivot(index="unit", columns="indicator", values="one")
    table = table.reindex(index=sorted(cells["unit"].unique()), columns=spec.indicators).fillna(0.0)
    by_unit = table.mean(axis=1)
    lowest = by_unit.idxmin()
    return [line(spec, "coverage-indicator", name, share) for name, share in table.mean().items()] + [
        {
            "check": "coverage-unit",
            "node": lowest,
            "value": by_unit[lowest],
            "leaves": spec.indicators,
            "label": unit_label(lowest),
        }
    ]


def skewness(spec, cells: pd.DataFrame, kurtosis_limit: float) -> list[dict]:
    """Absolute skewness of each indicator after its transform; it counts when the kurtosis is high as well."""
    wide = cells.pivot(index="unit", columns="indicator", values="value")[spec.indicators]
    wide = normalise.transform(wide, spec)
    peak = wide.kurt()
    return [
        line(
            spec, "skewness", name, abs(skew), applies=peak[name] > kurtosis_limit, facts={"peak": peak[name]}
        )
        for name, skew in wide.skew().items()
    ]


# Structure ------------------------------------------------------------------------------------------------------------


def parents(spec, wide: pd.DataFrame) -> list[dict]:
    """Correlation of every node with its parent."""
    above = spec.nodes["parent"].dropna()
    return [
        line(spec, "parent", node, wide[node].corr(wide[parent]), facts={"parent": label(spec, parent)})
        for node, parent in above.items()
        if len(spec.children(parent)) > 1
    ]


def siblings(spec, wide: pd.DataFrame) -> list[dict]:
    """Correlation of every pair of indicators of one pillar."""
    return [
        {
            "check": "redundancy",
            "node": f"{one} × {other}",
            "value": wide[one].corr(wide[other]),
            "label": label(spec, one, other),
            "leaves": [one, other],
        }
        for pillar in spec.pillars
        for one, other in itertools.combinations(spec.leaves(pillar), 2)
    ]


def consistency(spec, wide: pd.DataFrame) -> list[dict]:
    """Cronbach's alpha, sampling adequacy and principal components of the indicators of pillars and index."""
    lines = []
    for node in [spec.root, *spec.pillars]:
        table = wide[spec.leaves(node)]
        if table.shape[1] < 2:
            continue
        values, loadings = components(table)
        lines += [
            line(spec, "alpha", node, alpha(table)),
            line(spec, "kaiser", node, adequacy(table)),
            line(spec, "explained", node, values[0] / values.sum()),
        ]
        if node != spec.root:
            weakest = loadings.iloc[:, 0].idxmin()
            lines += [
                line(
                    spec,
                    "dimensions",
                    node,
                    int((values > 1 + 1e-9).sum()),
                    facts={"components": values[values > 1].tolist()},
                ),
                line(
                    spec,
                    "loading",
                    node,
                    loadings.loc[weakest].iloc[0],
                    facts={"weakest": label(spec, weakest)},
                ),
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


def components(table: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Eigenvalues of the correlation matrix, descending, and loadings (column × component); components sum to a
    positive value.
    """
    values, vectors = np.linalg.eigh(table.dropna().corr().to_numpy())
    values, vectors = values[::-1], vectors[:, ::-1]
    vectors = vectors * np.where(vectors.sum(axis=0) < 0, -1, 1)
    names = [f"component {place + 1}" for place in range(len(values))]
    return values, pd.DataFrame(vectors * np.sqrt(values.clip(min=0)), index=table.columns, columns=names)


def importance(spec, wide: pd.DataFrame) -> list[dict]:
    """Effective over nominal importance of the pillars and of the indicators in the index."""
    table = effective(spec, wide)
    return [
        line(
            spec,
            "importance",
            node,
            row["ratio"],
            facts={"nominal": 100 * row["nominal"], "effective": 100 * row["effective"]},
        )
        for node, row in table.iterrows()
    ]


def effective(spec, wide: pd.DataFrame) -> pd.DataFrame:
    """Nominal and effective shares of pillars, and of indicators, in the index: columns level, nominal, effective,
    ratio.

    The effective share is the correlation ratio (share of the variance of the index that the node alone explains, by
    local linear regression; Paruolo et al. 2013), rescaled to sum to one among the nodes of the level.
    """
    frames = []
    for level, nodes in [("pillar", spec.pillars), ("indicator", spec.indicators)]:
        weight = pd.Series(
            {
                node: np.prod([spec.nodes.at[step, "weight"] for step in [node, *spec.ancestors(node)[:-1]]])
                for node in nodes
            }
        )
        ratio = pd.Series({node: correlation_ratio(wide[node], wide[spec.root]) for node in nodes})
        frames.append(
            pd.DataFrame({"level": level, "nominal": weight / weight.sum(), "effective": ratio / ratio.sum()})
        )
    table = pd.concat(frames)
    return table.assign(ratio=table["effective"] / table["nominal"])


def correlation_ratio(x: pd.Series, y: pd.Series, fraction: float = 0.67) -> float:
    """Var(E(y|x)) / Var(y) by local linear regression (lowess without robustness weights), in [0, 1]."""
    both = pd.concat([x, y], axis=1).dropna().to_numpy()
    fit = lowess(both[:, 1], both[:, 0], frac=fraction, it=0, return_sorted=False)
    return float(min(np.var(fit) / np.var(both[:, 1]), 1.0))


# Sensitivity ----------------------------------------------------------------------------------------------------------


def most_moved(moves: pd.Series) -> dict:
    """The unit that moves most, and by how many ranks."""
    unit = moves.abs().idxmax()
    return {"unit": unit_label(unit), "most": abs(moves[unit])}


def unit_label(unit: str) -> dict:
    """Name of a city (or of any other unit) in both languages."""
    return {lang: labels.unit(unit, lang) for lang in labels.LANGUAGES}


def leave_one_out(spec, panel, year: int) -> list[dict]:
    """Mean absolute rank shift when an indicator is left out."""
    ranks = {
        name: index_ranks(score.steps(one, panel).scores.loc[year, one.root])
        for name, one in [("", spec), *((name, spec.drop(name)) for name in spec.indicators)]
    }
    moves = {name: ranks[""] - ranks[name] for name in spec.indicators}
    return [
        line(spec, "leave-one-out", name, move.abs().mean(), facts=most_moved(move))
        for name, move in moves.items()
    ]


def index_ranks(scores: pd.Series) -> pd.Series:
    """Ranks (1 = best) of scores."""
    return pd.Series(rounding.ranks(scores.to_numpy()[:, None])[:, 0], index=scores.index)


def choices(spec, panel, year: int, alternatives: dict) -> list[dict]:
    """Mean absolute rank shift under every other declared choice, one at a time."""
    matrices, units, years = robustness.variants(spec, panel, alternatives)
    published, way = next(iter(matrices)), spec.nodes.at[spec.root, "aggregation"]
    rows = slice(years.index(year) * len(units), (years.index(year) + 1) * len(units))

    def ranks(choice: tuple, way: str) -> pd.Series:
        forward, back = montecarlo.LINKS[way]
        matrix = matrices[choice][rows]
        matrix = matrix if way == "arithmetic" else matrix.clip(min=alternatives.get("floor"))
        return index_ranks(
            pd.Series(back(montecarlo.weighted(spec, spec.root, forward(matrix)).sum(axis=1)), index=units)
        )

    lines, first = [], ranks(published, way)
    for name, option, *other in one_at_a_time(alternatives, published, way):
        moves = first - ranks(*other)
        lines.append(
            {
                "check": "choice",
                "node": f"{name}: {option}",
                "value": moves.abs().mean(),
                "leaves": spec.indicators,
                "label": choice_label(name, option),
                "facts": most_moved(moves),
            }
        )
    return lines


def choice_label(name: str, option: str) -> dict:
    """A choice in both languages, from the words of the thresholds file."""
    words = thresholds()["choice"]["words"]
    return {"zh": f"{words.get(name, name)}“{words.get(option, option)}”", "en": f"{name} '{option}'"}


def one_at_a_time(alternatives: dict, published: tuple, way: str):
    """Yield (name, option, combination of choices, aggregation) of every option that is not the published one."""
    lists = [name for name in alternatives if name not in (*robustness.KINDS, "aggregation")]
    for name, options in alternatives.items():
        for option in [] if name in robustness.KINDS else map(robustness.name_of, options[1:]):
            place = lists.index(name) if name in lists else len(lists)
            choice = (
                published if name == "aggregation" else (*published[:place], option, *published[place + 1 :])
            )
            yield name, option, choice, option if name == "aggregation" else way


def widths(spec, panel, year: int, alternatives: dict, draws: int, seed: int, limit: int) -> list[dict]:
    """Share of cities whose 5-95 per cent rank interval is wider than the limit."""
    found = robustness.run(spec, panel, alternatives, draws, seed).intervals.query("year == @year")
    width = found["rank_high"] - found["rank_low"]
    return [
        line(spec, "interval", spec.root, (width > limit).mean(), facts={"median": float(width.median())})
    ]


# Report ---------------------------------------------------------------------------------------------------------------


def table(audit: pd.DataFrame, lang: str = "zh", rules: dict | None = None) -> pd.DataFrame:
    """The audit for readers: check, subject, value, verdict and sentence in one language, the gravest lines first."""
    rules = rules or thresholds()
    ordered = audit.assign(grave=audit["verdict"].map({"fail": 0, "flag": 1, "pass": 2})).sort_values(
        "grave", kind="stable"
    )
    return pd.DataFrame(
        {
            "check": [rules[check][lang] for check in ordered["check"]],
            "subject": ordered[f"subject_{lang}"].to_numpy(),
            "value": ordered["value"].round(3).to_numpy(),
            "simulated": ordered["simulated"].round(3).to_numpy(),
            "verdict": [VERDICTS[one][lang] for one in ordered["verdict"]],
            "sentence": ordered[lang].to_numpy(),
        }
    )


def summary(audit: pd.DataFrame) -> pd.DataFrame:
    """Number of lines that pass, flag and fail, by check."""
    counts = audit.groupby(["check", "verdict"], sort=False).size().unstack(fill_value=0)
    return counts.reindex(columns=list(VERDICTS), fill_value=0).reset_index().rename_axis(columns=None)


def main(edition: str) -> pd.DataFrame:
    """Audit an edition, write reports/<edition>-audit/audit.csv and audit.md, return the audit."""
    from fire import edition as editions

    ed = editions.load(edition)
    audit = run(ed.spec, ed.panel(), ed.year)
    folder = files.REPORTS / f"{edition}-audit"
    files.write_csv(audit.round(6), folder / "audit.csv", excel=True)
    titles = {"zh": f"统计审计：{edition}版", "en": f"Statistical audit: edition {edition}"}
    heads = {"zh": ["检验", "对象", "值", "模拟份额", "结论", "审计意见"], "en": None}
    text = "\n\n".join(
        f"# {title}\n\n{table(audit, lang).to_markdown(index=False, headers=heads[lang] or 'keys')}"
        for lang, title in titles.items()
    )
    files.write_text(folder / "audit.md", text + "\n")
    return audit


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Audit an edition: pass, flag or fail for each check.")
    parser.add_argument("edition", help="number of the edition, such as 2022")
    found = main(parser.parse_args().edition)
    print(summary(found).to_markdown(index=False))
    print(table(found[found["verdict"].ne("pass")]).drop(columns="sentence").to_markdown(index=False))
