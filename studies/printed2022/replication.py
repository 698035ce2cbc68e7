"""What the chapter on replication shows of the ledger, the draws and the types: frames and the values of sentences."""

import numpy as np
import pandas as pd

from fire import codebook, files
from fire.analysis import firms, typology
from fire.codebook import LANGUAGES, STATUS
from fire.sources import printed
from studies.printed2022 import checks, claims, errata, firm_facts, ledger, others, published

FIRM = 80.0  # per cent of draws from which a type counts as firm
HOLDOUT = (
    files.DATA / "sample" / "holdout-2022.csv"
)  # printed scores left out in turn: unit, node, printed, centre, …
NAMES = dict(
    zip(ledger.VERDICTS, ("independent", "fitted", "calibrated", "misfit", "erratum", "silent", "held"))
)


def split(rows: pd.DataFrame) -> dict:
    """How many rows of a ledger there are and of each verdict (`rows`, then the values of NAMES), how many of the independent
    ones are `distinct`, how many of these are exact numbers (`exact`) or sums and ratios of printed digits (`digits`); `made`:
    those that agree by construction; `held_met`: those held out that the draws meet."""
    count = rows["verdict"].value_counts()
    found = {name: int(count.get(verdict, 0)) for verdict, name in NAMES.items()}
    own = rows[rows["verdict"].eq("independent")].drop_duplicates(["unit", "node", "measure", "printed"])
    exact = own["printed"].astype(str).str.match(r"-?\d") & own["kind"].isin(["score", "growth_pct"])
    return (
        {"rows": len(rows)}
        | found
        | {
            "distinct": len(own),
            "exact": int(exact.sum()),
            "digits": int(own["evidence"].eq("digits").sum()),
            "made": found["fitted"] + found["calibrated"],
            "held_met": int((rows["verdict"].eq("held out") & rows["met_pct"].ge(ledger.AGREE)).sum()),
        }
    )


def by_evidence(rows: pd.DataFrame) -> pd.DataFrame:
    """Verdicts by evidence, the hardest first: evidence, the verdicts, rows."""
    table = ledger.summary(rows, "evidence").set_index("evidence")
    return table.reindex([name for name in ledger.EVIDENCE if name in table.index]).reset_index()


def holdout(path=HOLDOUT) -> pd.DataFrame:
    """Printed scores that were left out in turn while all else was solved for: unit, node, printed, centre, low, high, hit
    (printed lies in the range), fold, error. A score that other facts imply is no forecast (its hit is empty) and left out.
    Empty where the file is not there."""
    columns = ["unit", "node", "printed", "centre", "low", "high", "hit", "fold"]
    if not path.exists():
        return pd.DataFrame(columns=[*columns, "error"])
    table = files.read_table_with(path, columns).dropna(subset="hit").reset_index(drop=True)
    numbers = table[["printed", "centre", "low", "high"]].astype(float)
    hit = table["hit"].astype(float).gt(0)
    return table.assign(**numbers, hit=hit, error=numbers["centre"] - numbers["printed"])


def prediction(held: pd.DataFrame) -> dict:
    """How well left-out scores are predicted: n, folds, hits, hit_pct, exact (within half a last digit), rmse, and of the
    largest error its unit and node (worst, node, largest)."""
    size = held["error"].abs()
    far = held.loc[size.idxmax()]
    return {
        "n": len(held),
        "folds": held["fold"].nunique(),
        "hits": int(held["hit"].sum()),
        "hit_pct": 100 * held["hit"].mean(),
        "exact": int(size.le(0.0005 + 1e-9).sum()),
        "rmse": float(np.sqrt((size**2).mean())),
        "worst": far["unit"],
        "node": far["node"],
        "largest": float(size.max()),
    }


def room(ed, rows: pd.DataFrame) -> dict:
    """How much the printed facts leave open: median of half the feasible range (file `feasible` of the edition) of the scores
    of the index year that are printed with digits, with a bound, and not at all (`digits_width`, `bound_width`,
    `open_width`; None where there are none): values of a sentence.

    `rows`: the ledger of the index. Only rows whose value is calibrated count as printed.
    """
    table = printed.feasible(ed).query("year == @ed.year and measure == 'score'")
    scores, key = rows[rows["kind"].eq("score")], ["unit", "node"]
    own = scores[scores["verdict"].eq("calibrated")]
    exact = own["printed"].str.match(r"-?\d")
    of = pd.MultiIndex.from_frame(table[key])
    told = {"digits": own[exact], "bound": own[~exact], "open": scores}
    met = {name: of.isin(pd.MultiIndex.from_frame(part[key])) for name, part in told.items()}
    met |= {"bound": met["bound"] & ~met["digits"], "open": ~met["open"]}
    half = (table["high"] - table["low"]) / 2
    return {f"{name}_width": half[held].median() if held.any() else None for name, held in met.items()}


def apart(rows: pd.DataFrame, spec) -> pd.DataFrame:
    """The rows of the index that agree in no way of their own, with reasons: id, section, unit, nodes, printed, computed (as
    text: a number, or the range over the draws), met_pct, verdict, errata, reason; nodes, printed and reason in both
    languages (`nodes_zh`, `nodes_en`, …)."""
    rows = rows[~rows["verdict"].isin(["independent", "fitted", "calibrated"])]
    english = errata.rules().drop_duplicates("id").set_index("id")["reason_en"]
    read = pd.Series({id: one.get("reason_en") for id, one in claims.readings().items()}, dtype=object)
    reasons = {"zh": rows["reason"], "en": rows["id"].map(english).fillna(rows["id"].map(read))}
    table = rows[["id", "section", "unit"]].copy()
    for lang in LANGUAGES:
        table[f"nodes_{lang}"] = [_labels(node, spec.labels(lang), lang) for node in rows["node"]]
    for lang in LANGUAGES:
        table[f"printed_{lang}"] = [_printed(row, lang) for row in rows.itertuples()]
    table["computed"] = [_computed(row) for row in rows.itertuples()]
    table[["met_pct", "verdict", "errata"]] = rows[["met_pct", "verdict", "errata"]]
    return table.assign(**{f"reason_{lang}": reason for lang, reason in reasons.items()})


def _labels(node: str, labels: dict, lang: str) -> str:
    """Labels of the nodes of a row, which may be several or words of the report."""
    comma = "、" if lang == "zh" else ", "
    return comma.join(labels.get(one, codebook.word(one, lang)) for one in str(node).split(";"))


def _printed(row, lang: str) -> str:
    """What a row prints: its number; of a claim its kind and bounds, without the units that stand beside."""
    if row.kind != "claim":
        return row.printed
    bounds = row.printed.removeprefix(row.measure).replace(str(row.unit), "").strip()
    return f"{codebook.word(f'claim: {row.measure}', lang)} {bounds}".strip()


def _computed(row) -> str | None:
    """What is computed in the place of a row: one number, a text, or the range over the draws."""
    if isinstance(row.computed, str) and row.computed:
        return row.computed
    if pd.notna(row.computed):
        return f"{row.computed:.3f}"
    return f"({row.low:.1f}…{row.high:.1f})".replace("-", "−") if pd.notna(row.low) else None


def silent(rows: pd.DataFrame) -> pd.DataFrame:
    """The remaining numbers of the report that nothing here gives, by reason: reason_zh, reason_en, rows."""
    own = rows[rows["kind"].eq("number") & rows["verdict"].eq("not computable")]
    count, words = own["reason"].value_counts(), others.words()["kind"]
    reasons = {f"reason_{lang}": [words[code][lang] for code in count.index] for lang in LANGUAGES}
    return pd.DataFrame(reasons | {"rows": count.to_numpy()})


def cells(index) -> pd.DataFrame:
    """Cells of the panel by data status, those with draws as simulated: node, and a column for each status that occurs, from
    hard to soft."""
    panel = index.complete().dropna(subset="value")
    table = pd.crosstab(panel["indicator"], panel["status"]).reindex(index.spec.indicators)
    table = table[[name for name in STATUS if name in table]]
    return table.rename_axis("node", axis=0).rename_axis(None, axis=1).reset_index()


def sample(index) -> dict:
    """Number of cells, of each data status, and of draws."""
    count = cells(index).drop(columns="node").sum()
    found = {"cells": int(count.sum())} | {name: int(count.get(name, 0)) for name in STATUS}
    return found | {"draws": len(index.completions)}


def types(stability: pd.DataFrame) -> pd.DataFrame:
    """The printed types of regions and how firm they are (`typology.stability`): unit, node, printed_type_zh, printed_type_en, share_kept (per
    cent of draws), and the type that they become most often, rival_type_zh, rival_type_en (missing where they keep it)."""
    kinds = typology.load()["types"]
    printed = published.load("typology").query("unit_type == 'region'")
    table = printed.merge(stability, on=["unit", "node"], suffixes=("", "_found"))
    rival = table["rival"].map(lambda kind: kinds.get(kind))
    table = table.assign(
        printed_type_zh=table["type_zh"],
        printed_type_en=[kinds[kind]["en"] for kind in table["type"]],
        share_kept=100 * table["share_kept"],
        rival_type_zh=[one["names"][0] if one else None for one in rival],
        rival_type_en=[one["en"] if one else None for one in rival],
    )
    names = [f"{name}_type_{lang}" for name in ("printed", "rival") for lang in LANGUAGES]
    return table[["unit", "node", "share_kept", *names]]


def firmness(types: pd.DataFrame) -> dict:
    """How firm the printed types are: n, spread (of the weights, per cent), firm (how many reach the level), level (per
    cent of draws), and of the least firm one weak (its region, empty when it is firm), node, kept (per cent), rival (the type
    that it becomes most often)."""
    least = types.loc[types["share_kept"].idxmin()]
    return {
        "n": len(types),
        "spread": 100 * typology.load()["stability"]["spread"],
        "firm": int(types["share_kept"].ge(FIRM).sum()),
        "level": FIRM,
        "weak": least["unit"] if least["share_kept"] < FIRM else "",
        "node": least["node"],
        "kept": least["share_kept"],
        "rival": {lang: least[f"rival_type_{lang}"] for lang in LANGUAGES},
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
    """The whole ledger: `rows` of the index, the firm figures against printed digits and the records of the edition, the
    remaining numbers of the report, and the checks of the smaller sources."""
    counted = firms.of(ed)
    cells = firm_facts.cells_of(counted.cube)
    figures = firm_facts.ledger(cells, counted.status[-1], ed.index)
    return ledger.combine(rows, figures, others.ledger(ed.index), checks.rows())
