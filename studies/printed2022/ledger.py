"""The replication ledger: one row for each printed fact and claim, what the engine computes in its place, one verdict.

Verdicts:
  independent     agrees, was used in no fit, and rests on observed data or on other printed digits; where a city's printed
                  score was one of those that posts were fitted to, it is computed from the fit to the other cities
  fitted          agrees, but this number (or what it rests on) was used to find posts, base year, weights or roster
  calibrated      agrees because the simulated draws are made to meet it: a check of formulas and solver only
  misfit          does not agree: our model misses it
  erratum         cannot agree: a slip of the text, shown in `errata` or by arithmetic
  not computable  there is nothing here to compute it from; the reason says why
  held out        rests on simulated draws that were not made to meet it

`met_pct` is the share of the draws that agree (per cent); a row on draws agrees when at least AGREE of them do, and shows
a range (`low`, `high`) instead of one number. `evidence` says what the computed value rests on: observed data; the fit
without the city (left out); other printed digits; estimated statistics; cells solved from printed digits; draws; firm
records.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fire.analysis import regions, typology
from fire.errors import refuse
from fire.index.rounding import half_digit
from studies.printed2022 import checks, errata, fits, published
from studies.printed2022 import claims as logic

COLUMNS = checks.COLUMNS
VERDICTS = ["independent", "fitted", "calibrated", "misfit", "erratum", "not computable", "held out"]
EVIDENCE = ["observed", "left out", "digits", "estimated", "solved", "draws", "records"]
SIGNS = {"exact": "", "ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "approx": "≈ "}
BOTH_YEARS = ["growth_pct", "rank_change", "growth_rank"]  # measures that rest on two years
RANKS = ["rank", "rank_change", "growth_rank"]
KEYS = ["year", "unit", "node"]
LOOSE = "05(四)"  # chapter 5 took growth of indicators from scores rounded to two decimals
CONSTRAINED = [
    "topk",
    "order",
    "node_order",
    "range",
    "growth_ge",
    "growth_gt",
    "growth_lt",
]  # claims that draws meet
SPREAD = [0.05, 0.95]  # quantiles of the range over the draws
AGREE = 95.0  # per cent of draws from which a row agrees
EPSILON = 1e-9  # floating-point room beside a printed tolerance


def build(index, facts=None, claims=None, types=None, rules=None, draws: int | None = None) -> pd.DataFrame:
    """The ledger of the index chapters: printed scores, growth rates and ranks, claims, development types.

    `facts`, `claims`, `types`: the tables index_scores, index_claims and typology; `rules` as `errata.rules` (all by
    default as on file). `draws`: how many of the draws are looked at (default: all). Columns: COLUMNS.
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
    types = types.assign(id=[f"T{number:03d}" for number in range(1, len(types) + 1)])
    members = index.places.groupby("region", sort=False)["city"].agg(list).to_dict()
    used = fits.used(facts, claims, types["id"], index.spec, members)
    runs = _Runs(index, claims, draws)
    found = [logic.evaluate(claim, runs.books[claim.year]) for claim in claims.itertuples()]
    rows = pd.concat(
        [
            _fact_rows(runs, facts, used),
            _claim_rows(runs, claims, found, facts, used),
            _type_rows(runs, types),
        ],
        ignore_index=True,
    )
    rules = errata.rules() if rules is None else rules
    wide = rules[rules["treatment"].isin(["widen", "read as set"])].set_index("id")["tolerance"]
    rows["tolerance"] = rows["id"].map(_readings(rules)).fillna(rows["tolerance"])
    drawn = _drawn(runs, rows, facts, claims, found, types, rules)
    return _ranges(_judge(rows.assign(**drawn), rules, wide)).reindex(columns=COLUMNS)


def _readings(rules: pd.DataFrame) -> pd.Series:
    """Tolerances that are a reading of the text (a rule without a code), by id."""
    return rules[rules["errata"].isna() & rules["tolerance"].notna()].set_index("id")["tolerance"]


class _Runs:
    """Scores, regional means and types of an index (the first run) and under each of its draws (the others, at most `draws`).

    `values`: of each measure, and the ranks that growth shares to the printed digits (growth_rank to last_rank), runs ×
    rows of `table`, the scores and means of the first run; `evidence`: what each rests on, units × nodes by year."""

    def __init__(self, index, claims: pd.DataFrame, draws: int | None = None):
        each = [index, *([] if index.draws is None else index.completions[:draws])]
        cities = [one.scores() for one in each]
        means = [one.sort_values(KEYS, ignore_index=True) for one in regions.means_of(each)]
        other = any(not one[KEYS].equals(runs[0][KEYS]) for runs in (cities, means) for one in runs)
        refuse("ledger", ["a draw scores other units or nodes than the index"] * other)
        both = pd.concat(
            [cities[0].assign(unit_type="city"), means[0].assign(unit_type="region")], ignore_index=True
        ).astype({"unit": object, "node": object})
        self.index, self.table = index, both.set_index(KEYS)
        self.drawn = slice(1, None) if len(each) > 1 else slice(None)
        self.types = typology.names(each, published.FOCUS)
        self.values = {
            name: np.hstack([_column(cities, name), _column(means, name)]) for name in logic.MEASURES
        }
        growth = pd.DataFrame(self.values["growth_pct"].T).round(logic.DIGITS["growth_pct"])
        groups = growth.groupby([both["unit_type"], both["year"], both["node"]])
        for name, way in (("growth_rank", "min"), ("last_rank", "max")):
            self.values[name] = groups.rank(ascending=False, method=way).to_numpy().T
        evidence = pd.Series(_softest(self.table.filter(like="share_")), self.table.index)
        self.evidence = {int(year): own.droplevel("year").unstack() for year, own in evidence.groupby("year")}
        self.books = {year: self._book(year, claims) for year in self.evidence}

    def _book(self, year: int, claims: pd.DataFrame) -> logic.Book:
        """What the claims of one year are held against."""
        own = self.table.index.get_level_values("year") == year
        rows, columns = (self.table.index[own].get_level_values(name) for name in ("unit", "node"))
        units, nodes, values = rows.unique(), columns.unique(), {}
        for name in logic.MEASURES:
            values[name] = np.full((len(self.types), len(units), len(nodes)), np.nan)
            values[name][:, units.get_indexer(rows), nodes.get_indexer(columns)] = self.values[name][:, own]
        members = self.index.places.groupby("region", sort=False)["city"].agg(list).to_dict()
        return logic.Book(
            values, units, nodes, members, self.index.spec, self.types, logic.readings(), claims
        )

    def at(self, facts: pd.DataFrame, name: str, back: int = 0) -> np.ndarray:
        """One of `values` for the unit and node of each fact, `back` years before."""
        found = self.table.index.get_indexer(_keys(facts, back))
        return np.where(found >= 0, self.values[name][:, found], np.nan)

    def rows(self, facts: pd.DataFrame, back: int = 0) -> pd.DataFrame:
        """The scores of the index that facts speak of, `back` years before."""
        return self.table.reindex(_keys(facts, back)).reset_index(drop=True)

    def numbers(self, facts: pd.DataFrame) -> np.ndarray:
        """What is computed in the place of each printed number; growth of indicators in chapter 5 from scores rounded to
        two decimals where that comes nearer; of the ranks of growth that are equal to the printed digits, the printed."""
        measure, names = facts["measure"].to_numpy(), ["score", "rank", *BOTH_YEARS]
        values = np.select(
            [measure == name for name in names], [self.at(facts, name) for name in names], np.nan
        )
        now, past = (self.at(facts, "score", back).round(2) for back in (0, 1))
        printed = facts["value"].astype(float).to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            rounded = 100 * (now / past - 1)
        nearer = np.abs(rounded - printed) < np.abs(values - printed)
        first, last = self.at(facts, "growth_rank"), self.at(facts, "last_rank")
        tied = (measure == "growth_rank") & (first <= printed) & (last >= printed)
        return np.where(tied, printed, np.where(self.loose(facts) & nearer, rounded, values))

    def loose(self, facts: pd.DataFrame) -> np.ndarray:
        """Which facts are exact growth rates of indicators in chapter 5."""
        leaves = facts["node"].isin(self.index.spec.indicators) & facts["locator"].str.startswith(LOOSE)
        return (leaves & facts["measure"].eq("growth_pct") & facts["approx"].eq("exact")).to_numpy()

    def tolerance(self, facts: pd.DataFrame) -> np.ndarray:
        """Half a unit of the last printed digit, 0 for ranks and bounds; for the growth rates of `loose` also what rounding
        both scores to two decimals can do."""
        digits = facts["approx"].isin(["exact", "approx"]) & facts["measure"].isin(["score", "growth_pct"])
        half = np.where(digits, half_digit(facts["decimals"].astype(float)), 0.0)
        rounding = 100 * 0.005 * (2 + facts["value"].to_numpy(float) / 100) / self.at(facts, "score", 1)
        return half + np.where(self.loose(facts), rounding, 0.0)


def _keys(facts: pd.DataFrame, back: int) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([facts["year"] - back, facts["unit"], facts["node"]])


def _column(frames: list[pd.DataFrame], name: str) -> np.ndarray:
    """One column of the frames of all runs: runs × rows."""
    return np.array([frame[name].to_numpy(float, na_value=np.nan) for frame in frames])


def _agrees(facts: pd.DataFrame, computed: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Which computed numbers agree with the printed ones: within the tolerance, or on the printed side of a bound."""
    difference, approx = computed - facts["value"].astype(float).to_numpy(), facts["approx"].to_numpy()
    return np.select(
        [np.isin(approx, ["exact", "approx"]), approx == "ge", approx == "gt", approx == "le"],
        [
            np.abs(difference) <= tolerance + EPSILON,
            difference >= -EPSILON,
            difference > 0,
            difference <= EPSILON,
        ],
        difference < 0,
    ).astype(bool)


def _fact_rows(runs: _Runs, facts: pd.DataFrame, used: pd.Series) -> pd.DataFrame:
    """A row for each printed number."""
    measure, printed = facts["measure"], facts["value"].astype(float)
    computed, evidence = runs.numbers(facts)[0], _evidence(runs, facts)
    for node in fits.POSTED:
        apart = fits.left_out(runs.index, facts, node)
        for name in ("score", "rank"):
            own = facts["node"].eq(node) & measure.eq(name) & facts["year"].eq(runs.index.year)
            own = (own & facts["unit"].isin(apart.index)).to_numpy()
            computed[own] = facts.loc[own, "unit"].map(apart[name])
            evidence[own] = "left out"
    basis = facts["id"].map(used).notna() & ~(evidence == "left out")
    return pd.DataFrame(
        {
            "id": facts["id"],
            "kind": measure,
            "section": facts["locator"].str.split("｜").str[0],
            "unit": facts["unit"],
            "node": facts["node"],
            "measure": measure,
            "printed": facts["approx"].map(SIGNS) + facts["printed_text"],
            "computed": computed,
            "difference": computed - printed,
            "tolerance": runs.tolerance(facts)[0],
            "errata": facts["errata"],
            "evidence": evidence,
            "basis": np.select(
                [basis, evidence == "draws", np.isin(evidence, ["observed", "left out"])],
                ["fitted", "calibrated", "independent"],
                "fitted",
            ),
        }
    )


def _evidence(runs: _Runs, facts: pd.DataFrame) -> np.ndarray:
    """The softest of what the score (of growth, both scores) of each fact rests on."""
    two = facts["measure"].isin(BOTH_YEARS).to_numpy()
    at, past = runs.rows(facts), runs.rows(facts, 1)
    return _softest(
        pd.DataFrame({name: _either(at, past, two, name) for name in at if name.startswith("share_")})
    )


def _either(at: pd.DataFrame, past: pd.DataFrame, two: np.ndarray, name: str) -> np.ndarray:
    """The larger share of the two years where a fact rests on both, else that of its year."""
    return np.maximum(at[name].to_numpy(), np.where(two, past[name].to_numpy(), 0.0))


def _softest(shares: pd.DataFrame) -> np.ndarray:
    """What values rest on, from the shares by status."""
    some = {name.removeprefix("share_"): shares[name] > EPSILON for name in shares}
    return np.select(
        [some["simulated"] | some["assumed"] | some["imputed"], some["implied"], some["estimated"]],
        ["draws", "solved", "estimated"],
        "observed",
    )


def _claim_rows(
    runs: _Runs, claims: pd.DataFrame, found: list, facts: pd.DataFrame, used: pd.Series
) -> pd.DataFrame:
    """A row for each ordinal, interval, type or qualitative claim; `found`: what `claims.evaluate` gives of each."""
    fitted = {node: set(fits.printed_cities(facts, node, runs.index.year).index) for node in fits.POSTED}
    stated = facts[facts["approx"].isin(["exact", "approx"])]
    digits = set(stated[["unit", "node", "measure"]].itertuples(index=False, name=None))
    rows = []
    for claim, (holds, computed, reading) in zip(claims.itertuples(), found, strict=True):
        rows.append(
            {
                "id": claim.id,
                "kind": "claim",
                "section": claim.locator.split("｜")[0],
                "unit": claim.units,
                "node": claim.node,
                "measure": claim.claim_type,
                "printed": _printed_claim(claim),
                "computed": computed if holds is not None else None,
                "errata": claim.errata,
                "reason": reading or None,
                **_claim_basis(claim, runs, used, fitted, digits),
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


def _claim_basis(claim, runs: _Runs, used: pd.Series, fitted: dict, digits: set) -> dict:
    """What a claim rests on, and the verdict that it has when it holds."""
    book = runs.books[claim.year]
    nodes = [
        node for node in str(claim.node).split(";") if node in book.spec.nodes.index
    ] or book.spec.indicators
    units = [unit for unit in str(claim.units).split(";") if unit in book.units]
    cells = runs.evidence[claim.year].loc[units or slice(None), nodes].to_numpy()
    evidence = max(pd.unique(cells[pd.notna(cells)]), key=EVIDENCE.index)
    if evidence == "observed" and claim.measure not in ("score", "rank"):
        evidence = "solved"  # growth rests on the base year, where statistics were solved
    own = {city for unit in units for city in book.members.get(unit, [unit])}
    in_fit = any(own & fitted[node] for node in nodes if node in fitted)
    stated = {(unit, node, claim.measure) for unit in units for node in nodes}
    made = claim.claim_type in CONSTRAINED or bool(stated) and stated <= digits
    basis = "calibrated" if made else "held out"
    if claim.id in used.index or evidence in ("solved", "estimated") or evidence == "observed" and in_fit:
        basis = "fitted"
    elif evidence == "observed":
        basis = "independent"
    return {"evidence": evidence, "basis": basis}


def _type_rows(runs: _Runs, types: pd.DataFrame) -> pd.DataFrame:
    """A row for each printed development type, tier and profile: the thresholds were set so that these come out."""
    found = [" / ".join(runs.types[0].get((one.unit, one.node), ())) for one in types.itertuples()]
    return pd.DataFrame(
        {
            "id": types["id"],
            "kind": "typology",
            "section": types["locator"].str.split("｜").str[0],
            "unit": types["unit"],
            "node": types["node"],
            "measure": "type",
            "printed": types["type_zh"],
            "computed": found,
            "errata": types["errata"],
            "evidence": "draws",
            "basis": "fitted",
        }
    )


def _drawn(runs: _Runs, rows, facts, claims, found: list, types, rules) -> dict:
    """Over the draws: the share (per cent) in which each row agrees (`met_pct`; NaN for a claim that nothing can be
    computed of) and the 5th and 95th percentile of what is computed in the place of a number (`low`, `high`)."""
    sets = set(rules.loc[rules["treatment"].eq("read as set"), "id"])
    ours, open_ones = rows.iloc[: len(facts)], set(rows.loc[rows["evidence"].eq("draws"), "id"])
    stated, widened = ours["computed"].to_numpy(float), _readings(rules).reindex(facts["id"]).to_numpy(float)
    alone = ours["evidence"].eq("left out").to_numpy()
    computed = np.where(alone, stated, runs.numbers(facts)[runs.drawn])
    tolerance = np.where(np.isnan(widened), runs.tolerance(facts)[runs.drawn], widened)
    agree = [100 * _agrees(facts, computed, tolerance).mean(axis=0)]
    for claim, (holds, *_) in zip(claims.itertuples(), found, strict=True):
        if claim.id in sets:
            holds = logic.as_set(claim, runs.books[claim.year])
        runs_of = runs.drawn if claim.id in open_ones else slice(1)
        agree.append([np.nan if holds is None else 100 * holds[runs_of].mean()])
    for one in types.itertuples():
        typed = [one.type_zh in names.get((one.unit, one.node), ()) for names in runs.types[runs.drawn]]
        agree.append([100 * np.mean(typed)])
    ends = np.full((2, len(rows)), np.nan)
    ends[:, : len(facts)] = np.quantile(computed, SPREAD, axis=0)
    return {"met_pct": np.concatenate(agree), "low": ends[0], "high": ends[1]}


def _ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows on draws with their range in place of one number, unless it is narrower than the last printed digit; what
    draws give in the place of a claim stays out."""
    drawn = rows["evidence"].eq("draws")
    narrow = (rows["high"] - rows["low"]).le(2 * rows["tolerance"].where(rows["tolerance"].gt(0)) + EPSILON)
    kept = ~drawn | narrow
    return rows.assign(
        computed=rows["computed"].where(kept),
        difference=rows["difference"].where(kept),
        **{end: rows[end].where(drawn) for end in ("low", "high")},
    )


def _judge(rows: pd.DataFrame, rules: pd.DataFrame, wide: pd.Series) -> pd.DataFrame:
    """One verdict for each row (see the head of this module); a rule that decides it gives its code and its reason."""
    rule = rules.drop_duplicates("id").set_index("id")
    treatment, code, why = (rows["id"].map(rule[name]) for name in ("treatment", "errata", "reason_zh"))
    slip, own = (code.str.startswith(letter).eq(True) for letter in "EN")
    near = rows["difference"].abs().le(rows["id"].map(wide) + EPSILON)
    verdict = np.select(
        [
            slip & treatment.eq("drop"),
            rows["met_pct"].isna(),
            treatment.eq("hold out"),
            rows["met_pct"].ge(AGREE),
            slip & near,
            rows["basis"].eq("held out"),
        ],
        ["erratum", "not computable", "held out", rows["basis"], "erratum", "held out"],
        "misfit",
    )
    verdict = pd.Series(verdict, rows.index)
    ours = verdict.eq("misfit") & own & (near | treatment.eq("note"))
    decides = verdict.eq("erratum") | treatment.eq("hold out") | ours
    return rows.assign(
        verdict=verdict,
        errata=code.where(decides).fillna(rows["errata"]),
        reason=why.where(decides).fillna(rows["reason"]),
    )


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


def unexplained(ledger: pd.DataFrame) -> pd.DataFrame:
    """The misfits that no rule of the model's own (N…) explains."""
    return ledger[ledger["verdict"].eq("misfit") & ~ledger["errata"].str.startswith("N").eq(True)]


def check(ledger: pd.DataFrame, accepted: Sequence[str] = ()) -> None:
    """Raise InputError that lists every unexplained misfit that is not among the `accepted` ids."""
    new = unexplained(ledger)
    refuse(
        "replication ledger",
        [
            f"{row.id} ({row.section}) {row.unit} {row.node} {row.measure}: printed {row.printed}, computed "
            f"{row.computed}: correct the data, or give it a rule in {errata.RULES.name}; an edition that is not meant "
            "to repeat the printed report leaves it out of `studies`"
            for row in new[~new["id"].isin(list(accepted))].itertuples()
        ],
    )


def for_excel(ledger: pd.DataFrame) -> pd.DataFrame:
    """The ledger for its file: numbers with 6 decimals at most."""
    return ledger.map(lambda cell: round(cell, 6) if isinstance(cell, float) else cell)
