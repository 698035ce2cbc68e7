"""Firms of an edition: counted from its records, or, where these are simulated, as its report printed them.

    counted = firms.of(ed)                          # reads, checks and counts on the engine of the edition
    firms.stocks(counted, "region")                 # unit, firms, patents, …, hightech_share_pct, …
    show.table("firms-regions", …, **counted.given)

Stocks are those at the end of the edition's year as far as the records reach: `counted.latest` is their last day. Counts
of simulated records are shown nowhere: the functions below then give what is printed (columns `<count>_status`: printed,
or implied where it follows from printed numbers) and leave the rest open.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fire import errors, files
from fire.analysis import stored
from fire.errors import InputError, refuse
from fire.index.rounding import half_digit
from fire.sources import firms, records

PAIRS = {  # a quantity and its quality
    "number": ("firms", "hightech_share_pct"),
    "patents": ("patents", "invention_share_pct"),
    "staff": ("rd_staff", "rd_staff_per_firm"),
    "deals": ("deals_top_vc", "deals_top_vc_per_firm"),
}
CITY_PAIRS = PAIRS | {"deals": ("deals", "deals_per_firm")}
SHOWN = [
    "firms",
    "hightech_share_pct",
    "patents",
    "invention_share_pct",
    "rd_staff",
    "rd_staff_per_firm",
    "deals",
    "deals_top_vc",
    "deals_top_vc_per_firm",
]
CODE = stored.code(Path(records.__file__).parent, Path(files.__file__).parent)
FEW = 3  # printed amounts below which there is nothing to draw


class Counted(NamedTuple):
    """Counted records: `cube` (city, track, year, region, category and counts, see `sources.firms.count`), `quality`
    (see `sources.records.quality`), and what is known of them: `status` (a list), `source` (zh, en); `printed` is what the
    report says (see `sources.firms.printed`)."""

    cube: pd.DataFrame
    quality: pd.DataFrame
    status: list
    source: dict
    printed: pd.DataFrame | None = None

    @property
    def known(self) -> bool:
        """Whether the records were collected: counts of simulated ones are not shown."""
        return "simulated" not in self.status

    @property
    def latest(self) -> str:
        """Day of the last record used, YYYY-MM-DD."""
        return self.quality["latest"].dropna().max()

    @property
    def given(self) -> dict:
        """Status, source and last day of what is shown, for the exhibits; of printed numbers the status stands at each."""
        if self.known:
            return {"status": self.status, "source": self.source, "latest": self.latest, "known": True}
        return {"source": firms.PRINTED_SOURCE, "latest": None, "known": False}

    @property
    def totals(self) -> dict:
        """Records `input, used, aside`, and the last day of each table (`dates`)."""
        rows = reading(self.quality)
        sums = rows[["input", "used", "set_aside"]].sum().rename({"set_aside": "aside"}).to_dict()
        return sums | {"dates": rows[["table", "latest"]].dropna().to_dict("records")}

    @property
    def basis(self) -> dict:
        """As `given`, where technologies are told apart: an assumed one in data/technology.csv makes a table assumed."""
        assumed = {"assumed"} & set(records.technology()["category_basis"])
        both = {"status": list(dict.fromkeys([*self.status, *assumed]))}
        return self.given | (both if self.known else {})


def of(ed) -> Counted:
    """The records that an edition names, up to the end of its year, counted on its engine; counted once while no record and
    no rule changes.

    Raises InputError when it names none, and as `sources.firms.load` does.
    """
    named = ed.settings.get("records")
    refuse(f"edition {ed.name}", [] if named else ["it names no records: add a line 'records: <folder>'"])
    folder, engine = records.locate(named), ed.settings.get("engine", "duckdb://")

    def load():
        return firms.load(ed.year, ed.places(), folder, engine)

    key = _key(ed, folder, engine)
    cube, quality = stored.made(ed.stored / "results", ["cube", "quality"], key, load) if key else load()
    return Counted(cube, quality, [records.status(folder)], records.source(folder), firms.printed(ed.facts))


def _key(ed, folder: Path | str, engine: str) -> str | None:
    """SHA-256 of all that the counts follow from; None for records in object storage, which are counted every time."""
    if isinstance(folder, str):
        return None
    rules = [
        *files.DATA.glob("*.csv"),
        *(files.DATA / "schemas").glob("*.json"),
        files.ROOT / "requirements.lock",
    ]
    own = [Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names]
    named = [(path.relative_to(folder).as_posix(), path) for path in own]
    named += [(path.name, path) for path in rules if path.is_file()]
    parts = hashlib.sha256(f"{ed.year} {engine} {ed.places().to_csv()}".encode())
    parts.update(CODE)
    for name, path in sorted(named):
        if not path.name.startswith((".", "~$")):  # of the system, and of a workbook that is open
            parts.update(f"{name} {_hash(path)}".encode())
    return parts.hexdigest()


def _hash(path: Path) -> str:
    """SHA-256 of a file; InputError where it cannot be read."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            errors.shown(path), [f"文件无法读取 · the file cannot be read: {error.strerror}"]
        ) from None


def agreement(counted: Counted) -> dict:
    """How the records agree with the printed numbers: `numbers` (printed counts and ratios of regions, cities, technologies
    and the nation), `agree` (those that the records give to half a unit of the last digit), `nation` (printed firms)."""
    told = (
        []
        if counted.printed is None
        else counted.printed.query("measure == 'value' and technology == ''").to_dict("records")
    )
    cube = counted.cube.assign(nation="全国")
    own = {by: firms.table(cube, by).set_index(by) for by in ("region", "city", "category", "nation")}
    told = [row for row in told if row["by"] in own]
    agree = [
        row["unit"] in own[row["by"]].index
        and abs(own[row["by"]].at[row["unit"], row["metric"]] - row["value"])
        <= half_digit(row["decimals"]) + 1e-9
        for row in told
    ]
    nation = [row["value"] for row in told if row["by"] == "nation" and row["metric"] == "firms"]
    return {"numbers": len(told), "agree": int(sum(agree)), "nation": nation[0] if nation else None}


def stocks(counted: Counted, by: str) -> pd.DataFrame:
    """Stocks and ratios by `region`, `city`, `category` or `track`, most firms first: `unit` and the columns of `sources.firms.table`.

    Cities are those of the index; regions include 其他, the firms outside them. Of simulated records: the units of which
    something is printed, with a column `<count>_status` for each.
    """
    if not counted.known:
        return _printed_stocks(counted, by)
    cube = counted.cube
    inside = cube[cube["city"].ne(records.OTHER)] if by == "city" else cube
    return firms.table(inside, by).rename(columns={by: "unit"})


def _told(counted: Counted, by: str, measure: str) -> pd.DataFrame:
    """Printed numbers of one kind, technologies together: units × metrics."""
    columns = [*firms.COUNTS, *firms.RATIOS]
    if counted.printed is None:
        return pd.DataFrame(columns=columns, dtype=float)
    rows = counted.printed.query("technology == '' and by == @by and measure == @measure")
    return rows.pivot(index="unit", columns="metric", values="value").reindex(columns=columns)


def _printed_stocks(counted: Counted, by: str) -> pd.DataFrame:
    told = _told(counted, by, "value")
    full = told.fillna(firms.with_ratios(told[firms.COUNTS]))
    status = told.notna().replace({True: "printed", False: "implied"}).where(full.notna(), None)
    both = full.join(status.add_suffix("_status")).rename_axis(columns=None).reset_index()
    return both.sort_values(["firms", "patents", "rd_staff"], ascending=False, ignore_index=True)


def overview(counted: Counted, by: str) -> pd.DataFrame:
    """The main columns of `stocks`, those without any value left out."""
    table = stocks(counted, by)
    return _picked(table, [name for name in SHOWN if table[name].notna().any()])


def _picked(table: pd.DataFrame, columns) -> pd.DataFrame:
    """`unit` and some columns of a table, and behind them their statuses where it has them."""
    names = [*columns, *(f"{name}_status" for name in columns)]
    return table[["unit", *(name for name in names if name in table)]]


def pair(counted: Counted, by: str, amount: str, quality: str) -> pd.DataFrame:
    """`unit`, an amount and a ratio, the largest amount first, and their statuses where these differ; no row where fewer
    than FEW amounts are printed."""
    table = stocks(counted, by).dropna(subset=[amount, quality], how="all")
    if not counted.known and table[amount].count() < FEW:
        table = table.iloc[:0]
    return _picked(
        table.sort_values(amount, ascending=False, kind="stable", ignore_index=True), [amount, quality]
    )


def leaders(
    counted: Counted, by: str, amount: str, quality: str, *, top: int = 3, least: int = 0, among: int = 3
) -> dict:
    """Who has most, and who is best: values of a sentence.

    `units, values`: the `top` largest by `amount`, and `share` (per cent) of them in the whole; `last, last_value`: the
    smallest; `best, best_value`: the largest `quality` among the units with at least `least` firms (the number that
    leaves `among` units, where fewer reach it). Of simulated records: what is printed of this, by printed ranks, the rest
    is None, and `told` lists the units with a printed quality.
    """
    if not counted.known:
        return _printed_leaders(counted, by, amount, quality, top)
    table = stocks(counted, by).sort_values(amount, ascending=False, kind="stable")
    least = min(least, int(table["firms"].nlargest(among).min()))
    best = table[table["firms"].ge(least)].nlargest(1, quality).iloc[0]
    first, last, whole = table.head(top), table.iloc[-1], counted.cube[amount].sum()
    return {
        "units": first["unit"].tolist(),
        "values": first[amount].tolist(),
        "share": 100 * first[amount].sum() / max(whole, 1),
        "last": last["unit"],
        "last_value": last[amount],
        "best": best["unit"],
        "best_value": best[quality],
        "least": least,
        "told": [],
    }


def first(counted: Counted, by: str, least: int = 0) -> dict:
    """`leaders` by each quantity: number, patents, staff, deals; quality is compared among units with at least `least` firms."""
    pairs = CITY_PAIRS if by == "city" else PAIRS
    return {each: leaders(counted, by, *pair, least=least) for each, pair in pairs.items()}


def _printed_leaders(counted: Counted, by: str, amount: str, quality: str, top: int) -> dict:
    table, ranks = _told(counted, by, "value"), _told(counted, by, "rank")
    order = ranks[amount].dropna().sort_values(kind="stable")
    first = [unit for place, (unit, rank) in enumerate(order.items(), 1) if rank == place][:top]
    values = table[amount].reindex(first)
    groups, nation = (
        _told(counted, "group", "share_pct")[amount].dropna(),
        _told(counted, "nation", "value")[amount].sum(),
    )
    shares = [share for group, share in groups.items() if set(str(group).split("+")) == set(first)]
    if not shares and first and nation and values.notna().all():
        shares = [100 * values.sum() / nation]
    best = ranks.index[ranks[quality].eq(1)].tolist()
    told = table[quality].dropna().sort_values(ascending=False, kind="stable")
    return {
        "units": first,
        "values": values.tolist(),
        "share": shares[0] if shares else None,
        "last": None,
        "last_value": None,
        "best": best[0] if best else None,
        "best_value": table[quality].get(best[0]) if best else None,
        "least": 0,
        "told": [{"unit": unit, "value": value} for unit, value in told.items()],
    }


def ranks(table: pd.DataFrame, *columns: str, method: str = "first") -> pd.DataFrame:
    """Ranks of the units of a table of stocks by some columns, 1 for the largest: `unit` and the columns."""
    found = table[list(columns)].rank(ascending=False, method=method).astype(int)
    return pd.concat([table["unit"], found], axis=1)


def apart(table: pd.DataFrame, amount: str, quality: str) -> dict:
    """Who ranks much higher or lower by `quality` than by `amount`: values of a sentence `up, rise, down, fall`."""
    found = ranks(table, amount, quality, method="min").set_index("unit")
    moved = found[amount] - found[quality]
    return {
        "up": list(moved.index[moved.eq(moved.max())]),
        "rise": int(moved.max()),
        "down": list(moved.index[moved.eq(moved.min())]),
        "fall": int(-moved.min()),
    }


# Data quality


def reading(quality: pd.DataFrame) -> pd.DataFrame:
    """One row a table of records: `table, input, used, set_aside, flagged` (rows) and `latest` (last day)."""
    rows = quality.pivot_table(index="table", columns="action", values="rows", aggfunc="sum", sort=False)
    rows = rows.rename(columns={"set aside": "set_aside"})
    rows = rows.reindex(columns=["input", "used", "set_aside", "flagged"]).fillna(0).astype(int)
    latest = quality[quality["action"].eq("used")].set_index("table")["latest"]
    return rows.assign(latest=latest).reset_index()


def broken(quality: pd.DataFrame) -> pd.DataFrame:
    """The rules that records break: `table, rule_zh, rule_en, action, records, share_pct`; no row where all are sound."""
    found = quality[quality["rule"].isin(list(records.RULES))].rename(columns={"rows": "records"})
    zh, en, _ = (found["rule"].map({rule: row[at] for rule, row in records.RULES.items()}) for at in range(3))
    found = found.assign(rule_zh=zh, rule_en=en).reset_index(drop=True)
    return found[["table", "rule_zh", "rule_en", "action", "records", "share_pct"]]


# Enterprise indicators


def panel(counted: Counted, index) -> pd.DataFrame:
    """Panel rows of the enterprise indicators that the index has, for its units and years (`sources.firms.indicators`).

    Years that the records do not reach are absent.
    """
    rows = firms.indicators(counted.cube, index.years, counted.status[-1], counted.source["zh"])
    return rows[rows["indicator"].isin(index.spec.indicators) & rows["unit"].isin(index.units)].reset_index(
        drop=True
    )


def last_year(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel of its last year as a table: `unit` and the indicators, most firms (the first indicator) on top."""
    now = panel[panel["year"].eq(panel["year"].max())]
    order = [name for name in firms.INDICATORS if name in set(now["indicator"])]
    wide = now.pivot(index="unit", columns="indicator", values="value")[order]
    return wide.sort_values(order[:1], ascending=False, kind="stable").rename_axis(columns=None).reset_index()


def indicators(panel: pd.DataFrame, index) -> dict:
    """Who leads in most indicators of the last year: `count, unit, first, at` (the year); and in how many of `shared`
    cities the panel of the index has another value of the first indicator than the records (`differ`)."""
    wide = last_year(panel).set_index("unit")
    lead, at, name = wide.idxmax().value_counts(), int(panel["year"].max()), wide.columns[0]
    own = index.panel[index.panel["year"].eq(at) & index.panel["indicator"].eq(name)].set_index("unit")[
        "value"
    ]
    both = wide[name].to_frame("records").join(own, how="inner").dropna()
    return {
        "count": wide.shape[1],
        "unit": lead.index[0],
        "first": int(lead.iloc[0]),
        "at": at,
        "indicator": name,
        "shared": len(both),
        "differ": int(both["records"].ne(both["value"]).sum()),
    }
