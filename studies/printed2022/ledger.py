"""The replication ledger: one row for each printed fact and claim, with what the engine computes in its place.

Verdicts: `reproduced` (within half a unit of the last printed digit, or the claim holds), `explained` (it does not, and
data/errata-rules.csv says why), `mismatch`, `not computable`. Evidence: `recomputed from observed data` (no input was
simulated or solved from the report), `calibrated` (the sample was solved under this or other printed numbers, so that
the row is no independent test), `held out` (left out of the calibration).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fire.analysis import regions, typology
from fire.errors import refuse
from fire.index.rounding import half_digit
from studies.printed2022 import checks, errata, published
from studies.printed2022 import claims as logic

COLUMNS = [*checks.COLUMNS, "share_hard"]
VERDICTS = ["reproduced", "explained", "mismatch", "not computable"]
EVIDENCE = ["recomputed from observed data", "calibrated", "held out"]
SIGNS = {"exact": "", "ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "approx": "≈ "}
BOTH_YEARS = ["growth_pct", "rank_change", "growth_rank"]  # measures that rest on two years
EPSILON = 1e-9  # floating-point room beside a printed tolerance


def build(index, facts=None, claims=None, types=None, rules=None) -> pd.DataFrame:
    """The ledger of the index chapters: printed scores, growth rates and ranks, claims, development types.

    `facts`, `claims`, `types`: the tables index_scores, index_claims and typology; `rules` as `errata.rules` (all by
    default as on file). Columns: COLUMNS.
    Raises InputError for an index of another year than the report's.
    """
    refuse(
        "replication ledger",
        [
            f"the index ranks {index.year}, the printed report {published.YEAR}: take `studies` out of the edition"
        ]
        * (index.year != published.YEAR),
    )
    facts, claims, types = (
        published.load(name) if table is None else table
        for name, table in (("index_scores", facts), ("index_claims", claims), ("typology", types))
    )
    rules = errata.rules() if rules is None else rules
    means, names = regions.means(index), typology.names(index, published.FOCUS)
    book = logic.open_book(index, means, names, claims)
    rows = pd.concat(
        [_fact_rows(index, means, facts), _claim_rows(claims, book), _type_rows(types, book)],
        ignore_index=True,
    )
    tie = rules.drop_duplicates("id").set_index("id")
    rows["errata"] = rows["errata"].fillna(rows["id"].map(tie["errata"]))
    held = rows["id"].map(tie["treatment"]).eq("hold out")
    wide = rows["id"].map(tie["tolerance"]).fillna(np.inf)
    known = rows["id"].isin(tie.index) & ~(rows["difference"].abs() > wide + EPSILON)
    explained = rows["verdict"].eq("mismatch") & known
    rows.loc[explained, "verdict"] = "explained"
    rows.loc[explained, "reason"] = rows.loc[explained, "id"].map(tie["reason_zh"])
    rows.loc[held & rows["evidence"].ne(EVIDENCE[0]), "evidence"] = "held out"
    return rows.reindex(columns=COLUMNS)


def _fact_rows(index, means: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """A row for each printed number; `means` as `regions.means(index)`."""
    measures, two_years = ["score", "rank", *BOTH_YEARS], facts["measure"].isin(BOTH_YEARS).to_numpy()
    both = pd.concat(
        [index.scores().assign(unit_type="city"), means.assign(unit_type="region")], ignore_index=True
    )
    groups = both.groupby(["unit_type", "year", "node"], observed=True)
    both["growth_rank"] = groups["growth_pct"].rank(ascending=False, method="min")
    both = both.astype({"rank": float, "rank_change": float})
    both["share_hard"] = both["share_observed"] + both["share_published"]
    both["solved"] = both["share_simulated"] + both["share_published"]
    keys = pd.MultiIndex.from_frame(facts[["unit", "node"]])
    at, past = (
        both[both["year"].eq(year)].set_index(["unit", "node"]).reindex(keys)
        for year in (index.year, index.year - 1)
    )
    measure, approx = facts["measure"].to_numpy(), facts["approx"].to_numpy()
    computed = np.select([measure == name for name in measures], [at[name] for name in measures], np.nan)
    point = np.isin(approx, ["exact", "approx"])
    digits = point & np.isin(measure, ["score", "growth_pct"])
    tolerance = np.where(digits, half_digit(facts["decimals"].astype(float)), 0.0)
    difference = computed - facts["value"].astype(float).to_numpy()
    holds = np.select(
        [point, approx == "ge", approx == "gt", approx == "le"],
        [
            np.abs(difference) <= tolerance + EPSILON,
            difference >= -EPSILON,
            difference > 0,
            difference <= EPSILON,
        ],
        difference < 0,
    )
    solved = at["solved"].to_numpy() + np.where(two_years, past["solved"].to_numpy(), 0.0)
    hard = np.where(two_years, np.minimum(at["share_hard"], past["share_hard"]), at["share_hard"])
    return pd.DataFrame(
        {
            "id": facts["id"],
            "kind": facts["measure"],
            "section": facts["locator"].str.split("｜").str[0],
            "unit": facts["unit"],
            "node": facts["node"],
            "measure": facts["measure"],
            "printed": facts["approx"].map(SIGNS) + facts["printed_text"],
            "computed": computed,
            "difference": difference,
            "tolerance": tolerance,
            "verdict": np.where(
                np.isnan(computed), "not computable", np.where(holds, "reproduced", "mismatch")
            ),
            "errata": facts["errata"],
            "reason": None,
            "evidence": np.where(solved > EPSILON, EVIDENCE[1], EVIDENCE[0]),
            "share_hard": hard,
        }
    )


def _claim_rows(claims: pd.DataFrame, book) -> pd.DataFrame:
    """A row for each ordinal, interval, type or qualitative claim."""
    rows = []
    for claim in claims.itertuples():
        holds, computed, reading = logic.evaluate(claim, book)
        rows.append(
            {
                "id": claim.id,
                "kind": "claim",
                "section": claim.locator.split("｜")[0],
                "unit": claim.units,
                "node": claim.node,
                "measure": claim.claim_type,
                "printed": _printed_claim(claim),
                "computed": computed,
                "errata": claim.errata,
                "verdict": "not computable" if holds is None else "reproduced" if holds else "mismatch",
                "reason": reading or None,
                **_basis(claim, book),
            }
        )
    return pd.DataFrame(rows)


def _printed_claim(claim) -> str:
    """What a claim states, in a few signs: type, units, bounds."""
    bounds = "–".join(f"{bound:g}" for bound in (claim.low, claim.high) if pd.notna(bound))
    label = claim.note if claim.claim_type == "typology" else ""
    return " ".join(
        part
        for part in (claim.claim_type, label, str(claim.units) if pd.notna(claim.units) else "", bounds)
        if part
    )


def _basis(claim, book) -> dict:
    """Evidence and hard share of a claim: those of the scores it speaks of."""
    nodes = [
        node for node in str(claim.node).split(";") if node in book.spec.nodes.index
    ] or book.spec.indicators
    units = [unit for unit in str(claim.units).split(";") if unit in book.table.index.get_level_values(0)]
    at = book.table.loc[(units or slice(None), nodes), :]
    soft = (at["share_simulated"] + at["share_published"]).max() > EPSILON or claim.measure != "score"
    return {
        "evidence": EVIDENCE[1] if soft else EVIDENCE[0],
        "share_hard": (at["share_observed"] + at["share_published"]).mean(),
    }


def _type_rows(types: pd.DataFrame, book) -> pd.DataFrame:
    """A row for each printed development type, tier and profile."""
    rows = []
    for position, one in enumerate(types.itertuples(), start=1):
        found = book.types.get((one.unit, one.node), ())
        at = book.table.loc[(one.unit, one.node)]
        rows.append(
            {
                "id": f"T{position:03d}",
                "kind": "typology",
                "section": one.locator.split("｜")[0],
                "unit": one.unit,
                "node": one.node,
                "measure": "type",
                "printed": one.type_zh,
                "computed": " / ".join(found),
                "errata": one.errata,
                "verdict": "reproduced" if one.type_zh in found else "mismatch",
                "evidence": EVIDENCE[1],
                "share_hard": at["share_observed"] + at["share_published"],
            }
        )
    return pd.DataFrame(rows)


def combine(*ledgers: pd.DataFrame) -> pd.DataFrame:
    """One ledger of several; absent columns stay empty.

    Raises InputError for an id that appears twice or an unknown verdict.
    """
    rows = pd.concat(
        [ledger.reindex(columns=COLUMNS).astype(object) for ledger in ledgers], ignore_index=True
    )
    faults = [
        f"id '{one}' appears twice: ids need to be unique"
        for one in rows["id"][rows["id"].duplicated()].unique()
    ]
    faults += [
        f"verdict '{one}' is unknown: use one of {', '.join(VERDICTS)}"
        for one in sorted(set(rows["verdict"]) - set(VERDICTS))
    ]
    refuse("ledger", faults)
    return rows


def summary(ledger: pd.DataFrame, by: str = "section") -> pd.DataFrame:
    """Number of rows by verdict for each section (or kind, evidence, …)."""
    table = (
        ledger.groupby([by, "verdict"], sort=False)
        .size()
        .unstack(fill_value=0)
        .reindex(columns=VERDICTS, fill_value=0)
    )
    return table.assign(rows=table.sum(axis=1)).reset_index()


def check(ledger: pd.DataFrame, accepted: Sequence[str] = ()) -> None:
    """Raise InputError that lists every mismatch that is not among the `accepted` ids."""
    new = ledger[ledger["verdict"].eq("mismatch") & ~ledger["id"].isin(list(accepted))]
    refuse(
        "replication ledger",
        [
            f"{row.id} ({row.section}) {row.unit} {row.node} {row.measure}: printed {row.printed}, computed "
            f"{row.computed}: correct the data, or give it a rule in {errata.RULES.name}; an edition that is not meant "
            "to repeat the printed report leaves it out of `studies`"
            for row in new.itertuples()
        ],
    )


def for_excel(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger for its file: numbers with 6 decimals at most."""
    return ledger.map(lambda cell: round(cell, 6) if isinstance(cell, float) else cell)
