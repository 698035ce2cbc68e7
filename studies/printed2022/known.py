"""The known cells of the panel of 2022: what public sources and printed digits give, held against the printed digits.

Pillar F (`identify.panel_f`), 普惠金融 and 监管环境和营商环境; every other cell is unknown and has no row here.

    python -m studies.printed2022.known        # writes data/panel-2022.csv and nothing else
"""

from pathlib import Path

import pandas as pd

from fire import files
from fire.errors import refuse
from fire.index import spec as specs
from fire.index import transforms
from fire.index.panel import COLUMNS
from fire.sources import statistics
from studies.printed2022 import identify, published
from studies.printed2022.published import BASE, YEAR

PATH = files.DATA / "panel-2022.csv"
SPECIFICATION = "fire-2022"
SLACK = {"F": 0.0015}  # the posts were chosen inside it; elsewhere half a last digit
SERIES = {"inclusive_finance": "inclusive_finance", "regulation_business_env": "business_environment"}
YEARS = {  # year of the public index that an index year uses, as the printed digits show
    ("inclusive_finance", BASE): 2018,
    ("inclusive_finance", YEAR): 2020,
    ("regulation_business_env", YEAR): 2020,
}


def public(indices: pd.DataFrame) -> pd.DataFrame:
    """The cells that public indices give (`statistics.indices`): the columns of a panel, years of the index."""
    parts = [
        indices[indices["measure"].eq(SERIES[indicator]) & indices["year"].eq(source_year)].assign(
            indicator=indicator, year=year
        )
        for (indicator, year), source_year in YEARS.items()
    ]
    return pd.concat(parts).drop(columns="unit").rename(columns={"city": "unit"})[COLUMNS]


def panel(pillar_f: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every known cell: unit, year, indicator, value, status (observed, implied, estimated), source; ordered by year,
    city and indicator of the specification. `pillar_f`: the cells of pillar F (default: `identify.panel_f`)."""
    pillar_f = identify.panel_f() if pillar_f is None else pillar_f
    cells = pd.concat([pillar_f, public(statistics.indices())])
    order = [*statistics.places()["city"], *specs.load(SPECIFICATION).indicators]
    place = {name: position for position, name in enumerate(order)}
    return cells.sort_values(
        ["year", "unit", "indicator"],
        key=lambda column: column if column.name == "year" else column.map(place),
        ignore_index=True,
    )


def scores(known: pd.DataFrame) -> pd.DataFrame:
    """Scores of the known cells under the posts of the specification: a row a year and unit, a column an indicator, and
    F where its four are known."""
    rules = specs.load(SPECIFICATION).rules
    table = known.pivot(index=["year", "unit"], columns="indicator", values="value")
    for name in table:
        rule, kind = rules[name], rules[name]["transform"]
        base = table.loc[BASE, name]
        low, high = transforms.forward(rule["posts"] or [base.min(), base.max()], kind)
        first, last = rule["scale"]
        table[name] = first + (last - first) * (transforms.forward(table[name], kind) - low) / (high - low)
    return table.assign(F=table[identify.INDICATORS].mean(axis=1, skipna=False))


def against_print(known: pd.DataFrame) -> pd.DataFrame:
    """Every printed score and growth of the known indicators and of F, beside the one computed: unit, node, measure,
    printed, computed, error, slack (the error that counts as none).

    Growth of 普惠金融 is taken from scores rounded to two decimals, as its four printed rates need.
    """
    found = scores(known)
    rows = []
    for fact in published.scores(unit_type="city").query("node in @found.columns").itertuples():
        now, before = (found[fact.node].get((year, fact.unit)) for year in (YEAR, BASE))
        rows.append((fact.unit, fact.node, "score", fact.score, now, SLACK.get(fact.node, fact.score_half)))
        if fact.node == "inclusive_finance":
            now, before = round(now, 2), round(before, 2)
        growth = 100 * (now / before - 1)
        rows.append((fact.unit, fact.node, "growth_pct", fact.growth_pct, growth, fact.growth_pct_half))
    table = pd.DataFrame(rows, columns=["unit", "node", "measure", "printed", "computed", "slack"]).dropna()
    return table.assign(error=table["computed"] - table["printed"])


def make(_ed=None, path: Path = PATH) -> None:
    """Write the known cells to `path`. Raises InputError, and writes nothing, when one of them misses a printed digit."""
    known = panel()
    facts = against_print(known)
    missed = facts[facts["error"].abs() > facts["slack"] + 1e-9]
    refuse(
        "known cells",
        [
            f"{row.unit}, {row.node}, {row.measure}: {row.computed:.4f}, printed {row.printed:g}: correct its source"
            for row in missed.itertuples()
        ],
    )
    files.write_csv(known.assign(value=known["value"].round(6)), path, excel=True)


if __name__ == "__main__":
    make()
