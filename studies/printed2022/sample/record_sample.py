"""The calibrated record sample: simulated firms, patents and deals that meet every printed number of chapter 4.

A table of counts by city and technology starts from a stated prior (2020 GDP of the city, national shares of the
technology) and is scaled to the printed facts by iterative proportional fitting, generalised to shares and ranks
(Bregman projections: Bregman 1967; I-projections: Csiszar 1975). Integer programming then rounds every cell up or down
so that each printed number still holds, and each cell is dealt out to single firms, patents and deals. What is not
printed follows studies/printed2022/data/record_priors.csv and the constants below, and stays an assumption.

`python -m fire data` writes data/sample/records.
"""

import json
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.optimize import Bounds, LinearConstraint, milp
from stdnum.cn import uscc

from fire import files
from fire.errors import InputError
from fire.index.rounding import half_digit
from fire.sources import records
from fire.sources.firms import RATIOS
from studies.printed2022 import firm_facts
from studies.printed2022.published import FOLDER

SEED = 20220630
CLOSING = 2021
SUPERSEDED = ["FR096", "FR117", "FR118", "FR119", "FX084", "FX085", "FX086"]  # documented slips E30, E10, E17
NATIONAL = {
    "人工智能": 0.567,
    "互联网": 0.192,
    "大数据": 0.142,
    "区块链": 0.078,
    "云计算": 0.015,
    "物联网": 0.005,
}
STEPS = {  # table: (its prior = this table x this number, smallest and largest count of a cell by the tables before)
    "firms": ("prior", 1, None, None),
    "hightech_firms": ("firms", 0.24, None, "firms"),
    "rd_staff": ("firms", 12, None, None),
    "deals_top_vc": ("firms", 0.012, None, None),
    "deals": ("deals_top_vc", 5, "deals_top_vc", None),
    "patents": ("firms", 24, "firms", None),
    "invention_patents": ("patents", 0.52, None, "patents"),
}
MARGIN = 0.004  # a printed rank is kept by at least this lead
TASTE = 0.3  # spread (log) of what is not printed around its prior
KINDS = ["发明", "实用新型", "外观设计"]
ROUNDS = {
    "天使轮": 0.2,
    "A轮": 0.34,
    "B轮": 0.2,
    "C轮": 0.08,
    "D轮": 0.04,
    "E轮": 0.02,
    "Pre-IPO": 0.02,
    "战略投资": 0.1,
}


class Constraint(NamedTuple):
    """`low <= sum(part) <= high`, or the same for sum(part) / sum(whole) when `whole` is given (0/1 over the cells)."""

    part: np.ndarray
    whole: np.ndarray | None
    low: float
    high: float
    source: str


def cells(places: pd.DataFrame, gdp: pd.Series) -> pd.DataFrame:
    """The empty grid of cities and technologies; prior of firms: city GDP x national share of the technology."""
    cities = [*places["city"], records.OTHER]
    regions = [*places["region"], records.OTHER]
    weight = gdp.reindex(cities).fillna(gdp.min())
    grid = pd.MultiIndex.from_product([cities, NATIONAL], names=["city", "category"]).to_frame(index=False)
    prior = grid["city"].map(weight) * grid["category"].map(NATIONAL)
    return grid.assign(
        region=grid["city"].map(dict(zip(cities, regions))),
        prior=prior,
        **dict.fromkeys(STEPS, 0),
        deals_series_c=0,
        rd_staff_licensing=0,
    )


def targets() -> pd.DataFrame:
    """Printed facts to be met, each once, and the assumed ones of studies/printed2022/data/record_priors.csv with their tolerance."""
    printed = firm_facts.facts()
    printed = printed[printed["nth"].eq("1") & ~printed["id"].isin(SUPERSEDED)]
    half = half_digit(printed["decimals"]).where(printed["decimals"] > 0, 0) * 0.99
    printed = printed.assign(tolerance=half)
    assumed = files.read_csv(FOLDER / "record_priors.csv").astype({"value": float, "tolerance": float})
    assumed = assumed.assign(id=[f"assumed {n + 1}" for n in range(len(assumed))], approx="exact").fillna(
        {"tech": ""}
    )
    return pd.concat([printed, assumed], ignore_index=True)


def constraints(table: str, grid: pd.DataFrame, facts: pd.DataFrame) -> list[Constraint]:
    """The constraints that the facts put on one table of counts, given the tables already filled."""
    usable = facts[facts["metric"].isin([*firm_facts.SIZES, *RATIOS])]
    own = usable[[firm_facts.parts_of(metric)[0] == table for metric in usable["metric"]]]
    found = [constraint(fact, grid) for fact in own.itertuples() if not fact.measure.startswith("rank")]
    ranks = own[own["measure"] == "rank"].groupby(["metric", "unit_type", "tech"], sort=False)
    return found + [
        pair
        for (metric, kind, tech), rows in ranks
        for pair in rank_constraints(rows.set_index("unit")["value"], metric, kind, tech, grid)
    ]


def constraint(fact, grid: pd.DataFrame) -> Constraint:
    """One printed or assumed value, share or percentage as a constraint."""
    part = cell_mask(fact.unit, fact.tech, grid)
    near = fact.value - fact.tolerance, fact.value + fact.tolerance
    low, high = {"gt": (fact.value + 1, np.inf), "lt": (0, fact.value * 0.99)}.get(fact.approx, near)
    _, base, factor = firm_facts.parts_of(fact.metric)
    bases = grid[base].to_numpy(float) if base else np.ones(len(grid))
    if fact.measure == "value":
        scale = bases[part > 0].sum() / factor if base else 1
        return Constraint(part, None, low * scale, high * scale, fact.id)
    if fact.measure.startswith("pct_of_"):
        other = cell_mask(fact.measure.removeprefix("pct_of_"), fact.tech, grid)
        odds = np.array([low, high]) / 100 * (bases @ part) / (bases @ other)
        low, high = (odds / (1 + odds)).tolist()
        return Constraint(part, part + other, low, high, fact.id)
    return Constraint(part, cell_mask("全国", fact.tech, grid), low / 100, high / 100, fact.id)


def cell_mask(unit: str, tech: str, grid: pd.DataFrame) -> np.ndarray:
    """1 for the cells of a unit within a technology (all technologies when empty)."""
    inside = firm_facts.members(grid, unit)
    return (inside & grid["category"].eq(tech) if tech else inside).to_numpy(float)


def rank_constraints(
    printed: pd.Series, metric: str, kind: str, tech: str, grid: pd.DataFrame
) -> list[Constraint]:
    """Printed ranks as pairs: each over the next, the last of the top over all unranked, these over the bottom."""
    column = firm_facts.LEVELS[kind]
    units = [unit for unit in grid[column].unique() if column != "city" or unit != records.OTHER]
    order = printed.sort_values(kind="stable")
    top = [unit for place, (unit, rank) in enumerate(order.items(), 1) if rank == place]
    bottom = [unit for unit in order.index if unit not in top]
    middle = [unit for unit in units if unit not in order.index]
    pairs = [
        *zip(top, top[1:]),
        *zip(bottom, bottom[1:]),
        *product(top[-1:], middle or bottom[:1]),
        *product(middle, bottom[:1]),
    ]
    base = firm_facts.parts_of(metric)[1]
    bases = grid[base].to_numpy(float) if base else np.ones(len(grid))
    found = []
    for better, worse in pairs:
        first, second = (cell_mask(unit, tech, grid) for unit in (better, worse))
        sizes = (bases @ first, bases @ second) if base else (1, 1)
        if min(sizes) > 0:
            odds = sizes[0] / sizes[1] * (1 + MARGIN)
            what = f"{metric} {better} > {worse} {tech}"
            found.append(Constraint(first, first + second, odds / (1 + odds), 1.0, what))
    return found


def fit(
    prior: np.ndarray, wanted: list[Constraint], lower: np.ndarray, upper: np.ndarray, sweeps: int = 5000
):
    """Iterative proportional fitting: scale the cells of each broken constraint onto it until all hold.

    Raises InputError that names the constraints still broken after `sweeps` rounds.
    """
    x = np.clip(prior, lower, upper)
    parts = np.array([c.part for c in wanted])
    wholes = np.array([c.part * 0 if c.whole is None else c.whole for c in wanted])
    fixed = np.array([c.whole is None for c in wanted])
    low, high = (np.array([getattr(c, side) for c in wanted]) for side in ("low", "high"))
    for _ in range(sweeps):
        size = np.where(fixed, 1.0, wholes @ x)
        slack = 1e-7 * np.where(fixed, np.maximum(low, 1), size)
        broken = np.flatnonzero(
            (parts @ x < low * size - slack) | (parts @ x > high * np.maximum(size, 1e-12) + slack)
        )
        if not len(broken):
            return x
        for index in broken:
            project(x, wanted[index])
        np.clip(x, lower, upper, out=x)
    raise InputError(
        "record sample",
        [
            f"{wanted[index].source} cannot be met together with the rest: drop or widen it"
            for index in broken
        ],
    )


def project(x: np.ndarray, c: Constraint) -> None:
    """Scale the cells of one constraint in place so that it holds (for a share: keeping the sum of the whole)."""
    part = c.part > 0
    amount = x[part].sum()
    if c.whole is None:
        x[part] *= np.clip(amount, c.low, c.high) / max(amount, 1e-12)
        return
    rest = (c.whole > 0) & ~part
    total = amount + x[rest].sum()
    share = np.clip(amount / max(total, 1e-12), c.low, c.high)
    x[part] *= share * total / max(amount, 1e-12)
    x[rest] *= (1 - share) * total / max(total - amount, 1e-12)


def to_integers(x: np.ndarray, wanted: list[Constraint], lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Controlled rounding: each cell down or up, as near as can be, so that every constraint still holds (HiGHS)."""
    for width in (0, 1, 3):
        floor = np.maximum(np.floor(x + 1e-9) - width, lower)
        room = np.minimum(np.ceil(x - 1e-9) + width, upper) - floor
        rows = np.array(
            [c.part if c.whole is None else c.part - c.low * c.whole for c in wanted]
            + [c.part - c.high * c.whole for c in wanted if c.whole is not None]
        )
        shares = [c for c in wanted if c.whole is not None]
        least = np.array(
            [np.ceil(c.low - 1e-6) if c.whole is None else 0.0 for c in wanted] + [-np.inf] * len(shares)
        )
        most = np.array(
            [np.floor(c.high + 1e-6) if c.whole is None else np.inf for c in wanted] + [0.0] * len(shares)
        )
        offset = rows @ floor
        result = milp(
            c=1 - 2 * (x - floor),
            integrality=np.ones(len(x)),
            bounds=Bounds(0, room),
            constraints=LinearConstraint(rows, least - offset, most - offset),
            options={"mip_rel_gap": 0.05},
        )
        if result.x is not None:
            return np.round(floor + result.x).astype(int)
    raise InputError(
        "studies/printed2022/data/record_priors.csv",
        ["no whole numbers meet all printed facts: widen a tolerance there"],
    )


def fill(grid: pd.DataFrame, facts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """All tables of counts by city and technology, each fitted to its facts and rounded, one after the other."""
    for table, (base, factor, least, most) in STEPS.items():
        empty = grid["firms"].eq(0) & (table != "firms")
        lower = (grid[least] if least else grid["prior"] * 0).to_numpy(float)
        upper = (grid[most] if most else grid["prior"] * 0 + 1e9).mask(empty, 0).to_numpy(float)
        wanted = constraints(table, grid, facts)
        prior = (grid[base] * factor + 0.05).to_numpy() * rng.lognormal(0, TASTE, len(grid))
        fitted = fit(prior, wanted, lower, upper)
        grid[table] = to_integers(fitted, wanted, lower, upper)
    return grid


def dealt(totals: np.ndarray, cell: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Deal the whole total of each cell out to its members by weight, with largest remainders.

    >>> dealt(np.array([5, 1]), np.array([0, 0, 1]), np.array([1.0, 2.0, 7.0])).tolist()
    [2, 3, 1]
    """
    quota = totals[cell] * weight / np.bincount(cell, weight, len(totals))[cell]
    whole = np.floor(quota).astype(int)
    left = totals - np.bincount(cell, whole, len(totals)).astype(int)
    return whole + (place_in_cell(cell, whole - quota) < left[cell])


def place_in_cell(cell: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Place (from 0) of each member in its cell by ascending key."""
    order = np.lexsort((key, cell))
    start = np.searchsorted(cell[order], cell[order])
    place = np.empty(len(cell), int)
    place[order] = np.arange(len(cell)) - start
    return place


def firms(grid: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row a firm: its cell, size weight, and the columns of the schema. Names say that they are simulated."""
    cell = np.repeat(np.arange(len(grid)), grid["firms"])
    number, size = len(cell), rng.lognormal(0, 1.1, len(cell))
    hightech = (
        place_in_cell(cell, -size * rng.lognormal(0, 0.8, number)) < grid["hightech_firms"].to_numpy()[cell]
    )
    tracks = records.technology().groupby("category")["track"].apply(list)
    main = grid["category"].iloc[cell].map(lambda category: tracks[category]).to_numpy()
    track = [names[int(len(names) * u**2)] for names, u in zip(main, rng.random(number))]
    year = CLOSING + 1 - rng.geometric(0.14, number).clip(1, 22)
    day = rng.integers(0, 365, number)
    city, serial = grid["city"].to_numpy()[cell], np.arange(1, number + 1)
    return pd.DataFrame(
        {
            "firm": [f"F{n:06d}" for n in serial],
            "name": [f"{place}模拟企业{n:05d}" for place, n in zip(city, serial)],
            "uscc": [credit_code(int(n)) for n in serial],
            "city": city,
            "founded": (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day,
            "hightech": hightech,
            "rd_staff": dealt(grid["rd_staff"].to_numpy(), cell, size * np.where(hightech, 2.0, 1.0)),
            "tracks": track,
            "cell": cell,
            "size": size * np.where(hightech, 1.6, 1.0),
        }
    )


def credit_code(number: int) -> str:
    """A well-formed unified social credit code that no registry issues (place 000000)."""
    code = f"99000000{number:09d}"
    return code + uscc.calc_check_digit(code)


def after(founded: np.ndarray, growth: float, rng: np.random.Generator) -> np.ndarray:
    """Random days from founding to the closing date, each year `growth` times as likely as the one before."""
    closing = np.datetime64(f"{CLOSING + 1}-01-01")
    years = (closing - founded).astype(float) / 365.25
    back = -np.log1p(-rng.random(len(founded)) * -np.expm1(-np.log(growth) * years)) / np.log(growth)
    return np.maximum(closing - 1 - (back * 365.25).astype("timedelta64[D]"), founded)


def patents(firm: pd.DataFrame, grid: pd.DataFrame, rng: np.random.Generator) -> pa.Table:
    """One row a patent, in the technology of its firm; each firm has at least one."""
    cell = firm["cell"].to_numpy()
    more = dealt((grid["patents"] - grid["firms"]).to_numpy(), cell, firm["size"].to_numpy())
    owner = np.repeat(np.arange(len(firm)), 1 + more)
    number, where = len(owner), cell[owner]
    invention = place_in_cell(where, rng.random(number)) < grid["invention_patents"].to_numpy()[where]
    kind = np.where(invention, 0, 1 + (rng.random(number) < 0.2))
    technology = records.technology()
    groups = [np.flatnonzero(technology["category"] == category) for category in grid["category"]]
    choices, start = np.concatenate(groups), np.cumsum([0, *map(len, groups)])
    bent = rng.lognormal(0.4, TASTE, len(grid))[where]  # each city prefers some tracks of a technology
    track = choices[start[where] + (np.diff(start)[where] * rng.random(number) ** bent).astype(int)]
    transfer = np.searchsorted([0.008, 0.012], rng.random(number))
    serial = pc.utf8_lpad(pa.array(np.arange(1, number + 1)).cast("string"), 8, "0")
    founded = firm["founded"].to_numpy().astype("datetime64[D]")
    return pa.table(
        {
            "patent": pc.binary_join_element_wise("P", serial, ""),
            "firm": words(owner, firm["firm"]),
            "applied": after(founded[owner], 1.16, rng),
            "kind": words(kind, KINDS),
            "track": words(track, technology["track"]),
            "transfer": words(transfer, ["转让", "许可", None]),
        }
    )


def words(codes: np.ndarray, names) -> pa.Array:
    """Text column from codes."""
    return pa.array(list(names), "string").take(pa.array(codes))


def deals(
    firm: pd.DataFrame, grid: pd.DataFrame, lenders: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """One row a deal; the printed number of each cell is led by a top venture-capital institution."""
    cell = firm["cell"].to_numpy()
    appeal = firm["size"].to_numpy() * rng.lognormal(0, 1, len(firm))
    owner = np.repeat(np.arange(len(firm)), dealt(grid["deals"].to_numpy(), cell, appeal))
    number, where = len(owner), cell[owner]
    top = place_in_cell(where, rng.random(number)) < grid["deals_top_vc"].to_numpy()[where]
    venture = lenders.loc[lenders["kind"] == "创投", "institution"].to_numpy()
    lead = np.where(top, rng.integers(0, 20, number), rng.integers(20, len(venture), number))
    return pd.DataFrame(
        {
            "deal": [f"D{n:06d}" for n in range(1, number + 1)],
            "firm": firm["firm"].to_numpy()[owner],
            "date": after(firm["founded"].to_numpy().astype("datetime64[D]")[owner], 1.1, rng),
            "round": rng.choice(list(ROUNDS), number, p=list(ROUNDS.values())),
            "amount": np.round(rng.lognormal(8, 1.3, number)),
            "lead": venture[lead],
            "top_vc": top,
        }
    )


def institutions(places: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Investors and financial institutions; the first twenty venture-capital ones are the top ones."""
    kinds = ["创投"] * 80 + ["银行"] * 160 + ["证券"] * 80 + ["保险"] * 80
    serial = [kinds[:n].count(kind) + 1 for n, kind in enumerate(kinds)]
    return pd.DataFrame(
        {
            "institution": [f"I{n:04d}" for n in range(1, len(kinds) + 1)],
            "name": [f"模拟{kind}机构{n:03d}" for kind, n in zip(kinds, serial)],
            "kind": kinds,
            "city": rng.choice(places["city"].iloc[:20], len(kinds)),
        }
    )


def build(places: pd.DataFrame, gdp: pd.Series, rng: np.random.Generator) -> dict[str, pa.Table]:
    """The four record tables as Arrow tables."""
    grid = fill(cells(places, gdp), targets(), rng)
    firm, lenders = firms(grid, rng), institutions(places, rng)
    tables = {
        "firms": firm.drop(columns=["cell", "size"]),
        "deals": deals(firm, grid, lenders, rng),
        "institutions": lenders,
    }
    for name, column in (("firms", "founded"), ("deals", "date")):
        tables[name][column] = tables[name][column].dt.date
    return {name: pa.Table.from_pandas(table, preserve_index=False) for name, table in tables.items()} | {
        "patents": patents(firm, grid, rng)
    }


def write(folder: Path) -> Path:
    """Build the sample and write it as Parquet with a data package that says it is simulated."""
    places = files.read_csv(files.DATA / "places.csv")
    statistics = files.read_csv(files.DATA / "statistics" / "cities.csv")
    gdp = statistics.query("measure == 'gdp' and year == '2020'").set_index("city")["value"].astype(float)
    for name, table in build(places, gdp, np.random.default_rng(SEED)).items():
        with files.atomic_path(folder / f"{name}.parquet") as part:
            pq.write_table(table.replace_schema_metadata({"status": "simulated"}), part, compression="zstd")
    package = {
        "name": "fire-records",
        "title": "模拟企业记录 Simulated firm records",
        "status": "simulated",
        "source_zh": "模拟企业记录，按报告第4章刊载的数字校准（data/sample/records）",
        "source_en": "Simulated firm records, calibrated to the figures printed in chapter 4 (data/sample/records)",
        "resources": [
            {"name": name, "path": f"{name}.parquet", "schema": records.schema(name)}
            for name in records.TABLES
        ],
    }
    files.write_text(folder / "datapackage.json", json.dumps(package, ensure_ascii=False, indent=1) + "\n")
    return folder


def make(ed, path: Path) -> None:
    """Write the sample to `path`; it is the same for every edition."""
    write(path)
