"""The remaining numbers of the report and those of the smaller sources: what they rest on, where each is shown, or why not.

`data/facts-read.csv` reads every row of TABLES: `where` picks rows (column=value|value & …; the first line that fits a row
holds), `kind` says what sort of number it is (report only), `placed` names the exhibit that shows it and `why` the reason
where none does. The words of kinds and reasons are in `data/fact-words.toml`.
"""

import tomllib
from functools import cache

import pandas as pd

from fire import files
from fire.analysis.institutions import shown
from fire.index import spec as specs
from fire.sources.printed import source_years
from studies.printed2022 import checks, published

READ = published.FOLDER / "facts-read.csv"
WORDS = published.FOLDER / "fact-words.toml"
TABLES = [
    "other_facts",
    "databases",
    "institution_spending",
    "industry_indicators",
    "city_rankings",
    "leader_criteria",
]
LEDGER = {"other_facts": "O", "databases": "D"}  # tables of the report, with the letter of their ids
PARTS = {  # a printed whole and the printed parts that add up to it
    "O022": ["O020", "O021"],
    "O045": ["O046", "O047", "O048", "O049"],
    "O113": ["O114", "O115", "O116"],
}
STAKES = ["O037", "O038", "O039", "O040", "O041"]  # with O036 they are all
TREE = {  # counts of the indicator tree: node, and whether its indicators (not its dimensions) are counted
    "O055": ("F", False),
    "O056": ("F", True),
    "O057": ("I", False),
    "O058": ("I", True),
    "O059": ("R", False),
    "O060": ("R", True),
    "O061": ("E", False),
    "O062": ("E", True),
}
FITTED = {
    "O063": "the earlier specification was written from it",
    "D01": "the roster was chosen to have this size",
}


@cache
def words() -> dict:
    """Kinds of numbers and reasons for showing none: {"kind": {code: {zh, en}}, "why": {…}}."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def read(table: str) -> pd.DataFrame:
    """The rows of a table with how they are read: its columns, then kind, placed, why, label_zh, label_en and `line`, the
    line of facts-read.csv that holds. A row that no line picks has an empty `line`."""
    rows = files.read_csv(published.FOLDER / f"{table}.csv")
    lines = files.read_csv(READ).query("table == @table")
    rows["line"] = pd.Series(pd.NA, rows.index, "Int64")
    for line in lines.itertuples():
        picked = pd.Series(True, rows.index)
        for part in line.where.split(" & "):
            column, _, values = part.partition("=")
            picked &= rows[column].isin(values.split("|"))
        rows.loc[picked & rows["line"].isna(), "line"] = line.Index
    return rows.join(
        lines[["kind", "placed", "why", "label_zh", "label_en"]].rename(columns={"kind": "sort"}), on="line"
    )


def unread() -> list[str]:
    """Rows that are neither placed nor explained, lines that pick no row, and codes without words."""
    tables, faults = {name: read(name) for name in TABLES}, []
    for name, rows in tables.items():
        bare = rows["placed"].isna() & rows["why"].isna()
        faults += [f"{name}, row {row + 2}: no place and no reason" for row in rows.index[bare]]
    picked = {line for rows in tables.values() for line in rows["line"].dropna()}
    lines = files.read_csv(READ)
    faults += [f"{READ.name}, row {line + 2}: picks no row" for line in lines.index if line not in picked]
    for code in ("kind", "why"):
        unknown = sorted(set(lines[code].dropna()) - set(words()[code]))
        faults += [f"{READ.name}, column '{code}': '{one}' has no words" for one in unknown]
    return faults


def displayed(*tables: str, exhibit: str, until: int = 9999, later: bool = False) -> pd.DataFrame:
    """The numbers that an exhibit of ours shows: label_zh, label_en, printed (with the sign of its qualifier; several joined),
    as_of; those of sources written by the year `until`, or `later` than that."""
    rows = pd.concat([_dated(read(name)) for name in tables], ignore_index=True)
    written = source_years(published.FOLDER).to_dict()
    late = pd.Series([written.get(source, 0) > until for source in rows.get("source_file", rows.index)])
    rows = rows[rows["placed"].eq(exhibit) & late.eq(later)]
    table = rows.groupby(["label_zh", "label_en"], sort=False, as_index=False).agg(
        printed=("printed", lambda cells: "; ".join(dict.fromkeys(cells))),
        as_of=("as_of", lambda cells: "; ".join(dict.fromkeys(cells.dropna()))),
    )
    return table.replace({"as_of": {"": None}})


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with `printed` and `as_of`, whatever their table calls value, qualifier and date."""
    if "value_min" in rows:
        ends = rows["value_min"].fillna(""), rows["value_max"].where(rows["value_max"].ne(rows["value_min"]))
        printed = ends[0].where(ends[1].isna(), ends[0] + "–" + ends[1].fillna(""))
        return rows.assign(printed=printed, as_of=None)
    sign = rows["qualifier"] if "qualifier" in rows else rows["approx"]
    date = next((rows[name] for name in ("as_of", "date") if name in rows), pd.Series(None, rows.index))
    number = pd.to_numeric(rows["value"], errors="coerce").mask(rows["unit"].eq("year"))
    cells = zip(number, sign, rows["value"], strict=True)
    printed = [shown(value, mark) if pd.notna(value) else text for value, mark, text in cells]
    plain = date.astype(object).str.extract(r"(\d{4}[\d/-]*)")[0]  # without remarks such as "(inferred)"
    return rows.assign(printed=printed, as_of=plain)


def ledger(index) -> pd.DataFrame:
    """Ledger rows of the remaining numbers of the report: sums and counts of printed names against other printed digits,
    all else with the reason why nothing here gives it."""
    return pd.DataFrame([row for name in LEDGER for row in _rows(name, index)]).reindex(
        columns=checks.COLUMNS
    )


def _rows(name: str, index):
    """Ledger rows of one table."""
    table = read(name)
    if "id" not in table:
        table["id"] = [f"{LEDGER[name]}{number:02d}" for number in range(1, len(table) + 1)]
    known = _computed(index)
    for fact in table.itertuples():
        value = known.get(fact.id)
        printed = pd.to_numeric(fact.value, errors="coerce")
        slip = fact.errata if isinstance(getattr(fact, "errata", None), str) else None
        row = {
            "id": fact.id,
            "kind": "number",
            "section": fact.locator.split("｜")[0],
            "unit": getattr(fact, "subject", getattr(fact, "name_zh", None)),
            "node": "",
            "measure": getattr(fact, "quantity", getattr(fact, "metric", None)),
            "printed": shown(printed, fact.approx) if pd.notna(printed) else fact.value,
            "computed": value,
            "evidence": "digits",
            "errata": slip,
        }
        yield row | _verdict(fact, value, printed, slip)


def _verdict(fact, value, printed: float, slip: str | None) -> dict:
    """Verdict of one number, with its reason."""
    if slip:
        return {"verdict": "erratum", "reason": "the slips give it"}
    if value is None:
        return {"verdict": "not computable", "reason": fact.sort}
    # a count near the printed one: the text rounds up to the next ten
    same = abs(value - printed) <= (1.0 if fact.approx == "approx" else 0.0)
    agreed = "fitted" if fact.id in FITTED else "independent"
    return {
        "difference": value - printed,
        "met_pct": 100.0 * same,
        "verdict": agreed if same else "misfit",
        "reason": FITTED.get(fact.id),
    }


def _computed(index) -> dict[str, float]:
    """What other printed digits and names give in the place of numbers, by id."""
    facts = files.read_csv(published.FOLDER / "other_facts.csv").set_index("id")["value"]
    spec, databases = index.spec, files.read_csv(published.FOLDER / "databases.csv")
    found = {whole: sum(map(float, facts[parts])) for whole, parts in PARTS.items()}
    found["O036"] = 100 - sum(map(float, facts[STAKES]))
    found |= dict.fromkeys(("O010", "O054"), len(spec.pillars))
    found |= {
        id: len(spec.leaves(node) if leaves else spec.children(node)) for id, (node, leaves) in TREE.items()
    }
    found["O063"] = len(set(specs.load("fire-2021").indicators) - set(spec.indicators))
    found["O122"] = int(files.read_csv(published.FOLDER / "tech_tracks.csv")["kind"].eq("category").sum())
    found |= {"D01": len(index.units), "D02": len(spec.indicators)}
    found["D15"] = databases["no"].dropna()[databases["kind"].eq("database")].nunique()
    return {id: float(value) for id, value in found.items()}
