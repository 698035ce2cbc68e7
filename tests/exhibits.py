"""Every exhibit of a built edition, as (unit, node, quantity) → value, to see that one number is one number."""

import json
from pathlib import Path

import pandas as pd

# What these columns say of a unit holds for the index, whatever table they stand in.
OTHERS = (
    "rankings-",
    "scenario",
    "method-",
    "replication-",
)  # other indices; recomputed values beside printed ones
QUANTITIES = ["score", "rank", "rank_change", "growth_pct", "rank_low", "rank_high", "rank_median"]


def facts(ed, folder: Path) -> pd.DataFrame:
    """Quantities of cities and regions in all table exhibits below `folder`, in the year that is ranked.

    Columns: exhibit, unit, node, quantity, value.
    """
    places = {*ed.index.units, *ed.index.groups.unique()}
    rows = []
    for path in sorted(folder.glob("[!.]*/exhibits/*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["kind"] != "table" or record["entry"].startswith(OTHERS):
            continue
        table = pd.read_csv(path.parents[1] / "tables" / f"{record['name']}.csv", encoding="utf-8-sig")
        keys = [
            name
            for name in ("unit", "city", "region")
            if name in table and set(table[name].dropna()) <= places
        ]
        if not keys:
            continue
        if "year" in table:
            table = table[table["year"].eq(ed.year)]
        rows += list(cells(record, table, keys[0], ed))
    return pd.DataFrame(rows, columns=["exhibit", "unit", "node", "quantity", "value"])


def cells(record: dict, table: pd.DataFrame, key: str, ed):
    """Quantities of one table: its node is a column, else the node that the exhibit is of, else the root."""
    each = record["values"].get("each")
    node = each if each in ed.spec.nodes.index else record["values"].get("node", ed.spec.root)
    nodes = table["node"] if "node" in table else pd.Series(node, table.index)
    for row, line in table.iterrows():
        for name in QUANTITIES:
            if name in table and pd.notna(line[name]):
                yield record["name"], line[key], nodes[row], name, float(line[name])
        for child in ed.spec.nodes.index:
            if child in table and pd.api.types.is_number(line[child]) and pd.notna(line[child]):
                yield record["name"], line[key], child, "score", float(line[child])


def disagreements(ed, folder: Path) -> pd.DataFrame:
    """Rows of `facts` whose quantity has another value in another exhibit (beyond the six decimals of a table)."""
    found = facts(ed, folder)
    spread = found.groupby(["unit", "node", "quantity"])["value"].transform(
        lambda values: values.max() - values.min()
    )
    return found[spread > 2e-6]


if __name__ == "__main__":
    import sys

    import fire

    edition = fire.load(sys.argv[1])
    rows, wrong = facts(edition, edition.stored), disagreements(edition, edition.stored)
    shared = rows.groupby(["unit", "node", "quantity"])["exhibit"].nunique().gt(1).sum()
    print(
        f"{rows['exhibit'].nunique()} exhibits, {shared} quantities in more than one, {len(wrong)} disagree"
    )
    sys.exit(wrong.to_string() if len(wrong) else 0)
