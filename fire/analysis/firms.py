"""Firms in the records of an edition: counted once, their stocks by region, city and technology, and what stands out.

    counted = firms.of(ed)                          # reads, checks and counts on the engine of the edition
    firms.stocks(counted, "region")                 # unit, firms, patents, …, hightech_share_pct, …
    show.table("firms-regions", …, **counted.given)

Stocks are those at the end of the edition's year as far as the records reach: `counted.latest` is their last day.
"""

from typing import NamedTuple

import pandas as pd

from fire.errors import refuse
from fire.sources import firms, records


class Counted(NamedTuple):
    """Counted records: `cube` (city, track, year, region, category and counts, see `sources.firms.count`), `quality`
    (see `sources.records.quality`), and what is known of them: `status` (a list), `source` (zh, en)."""

    cube: pd.DataFrame
    quality: pd.DataFrame
    status: list
    source: dict

    @property
    def latest(self) -> str:
        """Day of the last record used, YYYY-MM-DD."""
        return self.quality["latest"].dropna().max()

    @property
    def given(self) -> dict:
        """Status, source and last day, for the exhibits."""
        return {"status": self.status, "source": self.source, "latest": self.latest}

    @property
    def totals(self) -> dict:
        """Records `input, used, aside`, whether they are `simulated`, and the last day of each table (`dates`)."""
        rows = reading(self.quality)
        sums = rows[["input", "used", "set_aside"]].sum().rename({"set_aside": "aside"}).to_dict()
        dates = rows[["table", "latest"]].dropna().to_dict("records")
        return sums | {"simulated": "simulated" in self.status, "dates": dates}

    @property
    def basis(self) -> dict:
        """The same where technologies are told apart: an assumed one in data/technology.csv makes a table assumed."""
        assumed = {"assumed"} & set(records.technology()["category_basis"])
        return self.given | {"status": list(dict.fromkeys([*self.status, *assumed]))}


def of(ed) -> Counted:
    """The records that an edition names, up to the end of its year, counted on its engine.

    Raises InputError when it names none, and as `sources.firms.load` does.
    """
    named = ed.settings.get("records")
    refuse(f"edition {ed.name}", [] if named else ["it names no records: add a line 'records: <folder>'"])
    folder = records.locate(named)
    cube, quality = firms.load(ed.year, ed.places(), folder, ed.settings.get("engine", "duckdb://"))
    status = records.status(folder)
    # what a sample adds to the printed facts follows stated assumptions
    return Counted(
        cube, quality, ["assumed", status] if status == "simulated" else [status], records.source(folder)
    )


def stocks(counted: Counted, by: str) -> pd.DataFrame:
    """Stocks and ratios by `region`, `city`, `category` or `track`, most firms first: `unit` and the columns of `sources.firms.table`.

    Cities are those of the index; regions include 其他, the firms outside them.
    """
    cube = counted.cube
    inside = cube[cube["city"].ne(records.OTHER)] if by == "city" else cube
    return firms.table(inside, by).rename(columns={by: "unit"})


def pair(counted: Counted, by: str, amount: str, quality: str) -> pd.DataFrame:
    """`unit`, an amount and a ratio, the largest amount first."""
    table = stocks(counted, by).sort_values(amount, ascending=False, kind="stable", ignore_index=True)
    return table[["unit", amount, quality]]


def leaders(
    counted: Counted, by: str, amount: str, quality: str, *, top: int = 3, least: int = 0, among: int = 3
) -> dict:
    """Who has most, and who is best: values of a sentence.

    `units, values`: the `top` largest by `amount`, and `share` (per cent) of them in the whole; `last, last_value`: the
    smallest; `best, best_value`: the largest `quality` among the units with at least `least` firms (the number that
    leaves `among` units, where fewer reach it).
    """
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
