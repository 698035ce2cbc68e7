"""What the chapter on replication shows of the ledger, the sample and the types: frames and the values of sentences."""

import pandas as pd

from fire import codebook
from fire.analysis import firms, typology
from fire.codebook import LANGUAGES, STATUS
from studies.printed2022 import checks, claims, errata, firm_facts, ledger, published

FIRM = 80.0  # per cent of draws from which a type counts as firm


def verdicts(rows: pd.DataFrame) -> dict:
    """How many rows of a ledger there are, and of each verdict: rows, reproduced, explained, mismatch, silent."""
    count = rows["verdict"].value_counts().reindex(ledger.VERDICTS, fill_value=0)
    names = ("reproduced", "explained", "mismatch", "silent")
    return {"rows": len(rows)} | {name: int(number) for name, number in zip(names, count)}


def by_evidence(rows: pd.DataFrame) -> pd.DataFrame:
    """Verdicts by evidence, the hardest first: evidence, the verdicts, rows."""
    table = ledger.summary(rows, "evidence").set_index("evidence")
    return table.reindex(ledger.EVIDENCE, fill_value=0).reset_index()


def evidence(rows: pd.DataFrame) -> dict:
    """Rows by evidence (observed, calibrated, held), those that are not computable (silent), and the printed city scores
    that the posts of pillar F were fitted to (fitted)."""
    size = by_evidence(rows)["rows"]
    return dict(zip(("observed", "calibrated", "held"), map(int, size))) | {
        "silent": int(rows["verdict"].eq("not computable").sum()),
        "fitted": int(published.scores("F", "city")["score"].notna().sum()),
    }


def exact(rows: pd.DataFrame) -> pd.DataFrame:
    """Scores and growth rates printed with digits: measure, printed, computed, evidence, error (computed less printed, in
    halves of the last digit), inside (within one half)."""
    rows = rows[rows["measure"].isin(["score", "growth_pct"]) & rows["printed"].str.match(r"-?\d")]
    number = rows[["printed", "computed", "difference", "tolerance"]].astype(float)
    return rows[["measure", "evidence"]].assign(
        printed=number["printed"],
        computed=number["computed"],
        error=number["difference"] / number["tolerance"],
        inside=number["difference"].abs() <= number["tolerance"] + ledger.EPSILON,
    )


def apart(rows: pd.DataFrame, spec) -> pd.DataFrame:
    """The rows explained or not computable, with reasons: id, section, unit, nodes, printed, computed (as text), verdict,
    errata, reason; nodes, printed and reason in both languages (`nodes_zh`, `nodes_en`, …)."""
    rows = rows[rows["verdict"].isin(["explained", "not computable"])]
    english = errata.rules().drop_duplicates("id").set_index("id")["reason_en"]
    silent = {id: reading.get("reason_en") for id, reading in claims.readings().items()}
    reasons = {"zh": rows["reason"], "en": rows["id"].map(english).fillna(rows["id"].map(silent))}
    table = rows[["id", "section", "unit"]].copy()
    for lang in LANGUAGES:
        table[f"nodes_{lang}"] = [_labels(node, spec.labels(lang), lang) for node in rows["node"]]
    for lang in LANGUAGES:
        table[f"printed_{lang}"] = [_printed(row, lang) for row in rows.itertuples()]
    table["computed"] = [f"{cell:.3f}" if isinstance(cell, float) else cell for cell in rows["computed"]]
    table[["verdict", "errata"]] = rows[["verdict", "errata"]]
    return table.assign(**{f"reason_{lang}": reason for lang, reason in reasons.items()})


def _labels(node: str, labels: dict, lang: str) -> str:
    """Labels of the nodes of a row, which may be several or words of the report."""
    return "; ".join(labels.get(one, codebook.word(one, lang)) for one in node.split(";"))


def _printed(row, lang: str) -> str:
    """What a row prints: its number; of a claim its kind and bounds, without the units that stand beside."""
    if row.kind != "claim":
        return row.printed
    bounds = row.printed.removeprefix(row.measure).replace(str(row.unit), "").strip()
    return f"{codebook.word(f'claim: {row.measure}', lang)} {bounds}".strip()


def cells(index) -> pd.DataFrame:
    """Cells of the panel by data status: node, and a column for each status that occurs, from hard to soft."""
    panel = index.panel.dropna(subset="value")
    table = pd.crosstab(panel["indicator"], panel["status"]).reindex(index.spec.indicators)
    table = table[[name for name in STATUS if name in table]]
    return table.rename_axis("node", axis=0).rename_axis(None, axis=1).reset_index()


def sample(index) -> dict:
    """Number of cells, and of each data status."""
    count = cells(index).drop(columns="node").sum()
    return {"cells": int(count.sum())} | {name: int(count.get(name, 0)) for name in STATUS}


def types(index) -> pd.DataFrame:
    """The printed types of regions with what decides them and how firm they are: unit, node, printed_type_zh,
    printed_type_en, level, dispersion, cores, growth_pct, growth_rank, share_kept (per cent), rival_type_zh, rival_type_en."""
    kinds = typology.load()["types"]
    printed = published.load("typology").query("unit_type == 'region'")
    table = printed.merge(typology.stability(index), on=["unit", "node"], suffixes=("", "_found"))
    features = typology.regional(index).rename_axis(["node", "unit"]).reset_index()
    features = features[["unit", "node", "level", "dispersion", "cores", "growth_pct", "growth_rank"]]
    table = table.merge(features, on=["unit", "node"]).assign(
        printed_type_zh=lambda frame: frame["type_zh"],
        printed_type_en=lambda frame: [kinds[kind]["en"] for kind in frame["type"]],
        share_kept=lambda frame: 100 * frame["share_kept"],
        rival_type_zh=lambda frame: [
            kinds[kind]["names"][0] if kind in kinds else None for kind in frame["rival"]
        ],
        rival_type_en=lambda frame: [kinds[kind]["en"] if kind in kinds else None for kind in frame["rival"]],
    )
    names = ["printed_type_zh", "printed_type_en", *features.columns[2:], "share_kept"]
    return table[["unit", "node", *names, "rival_type_zh", "rival_type_en"]]


def firmness(types: pd.DataFrame) -> dict:
    """How firm the printed types are: n, spread (of the weights, per cent), firm (how many reach the level), level (per
    cent of draws), and of the least firm one weak (its region, empty when it is firm), node, kept (per cent)."""
    least = types.loc[types["share_kept"].idxmin()]
    return {
        "n": len(types),
        "spread": 100 * typology.load()["stability"]["spread"],
        "firm": int(types["share_kept"].ge(FIRM).sum()),
        "level": FIRM,
        "weak": least["unit"] if least["share_kept"] < FIRM else "",
        "node": least["node"],
        "kept": least["share_kept"],
    }


def tiers(index) -> pd.DataFrame:
    """Tier and profile of the cities of the focus region and how often draws of weights keep them: unit, tier_zh, tier_en,
    tier_kept, profile_zh, profile_en, profile_kept (per cent)."""
    table, rules = typology.profile_stability(index, published.FOCUS), typology.load()
    found = table[["unit"]].copy()
    for name, words in (("tier", rules["tiers"]), ("profile", rules["cities"])):
        known = table[name].map(lambda key, words=words: words.get(key))
        found[f"{name}_zh"] = [one["names"][0] if one else None for one in known]
        found[f"{name}_en"] = [one["en"] if one else None for one in known]
        found[f"{name}_kept"] = 100 * table[f"{name}_kept"]
    return found


def whole(ed, rows: pd.DataFrame) -> pd.DataFrame:
    """The whole ledger: `rows` of the index, the firm figures against the records of the edition, and the checks of the
    smaller sources."""
    counted = firms.of(ed)
    cells = firm_facts.cells_of(counted.cube)
    return ledger.combine(rows, firm_facts.ledger(cells, counted.status[-1]), checks.rows())
