"""Counting and checking patents of firms: ours against hand-written SQL and pandas, by rows, time and memory.

`python -m tests.bench.bench_firms 1e6 1e7` measures these sizes; each run is a process of its own, so its peak memory is its
own.
"""

import resource
import sys
import tempfile
import time

import duckdb
import pandas as pd

from fire import files
from fire.sources import engines, firms, records
from tests.bench.bench_engine import alone
from tests.bench.rows import growth, row

FIRMS = 1_000_000  # at most; a hundredth of the patents below that
SIZES = (1e6, 1e7, 1e8)  # patents
LIMITS = {"memory_limit": "1GiB", "threads": 2}  # of DuckDB; what Python holds comes on top
GOAL, LARGE = 1.3, 3e7  # times the hand-written SQL; below that size a fixed quarter of a second weighs more
FITS = 1e7  # pandas takes some 190 MB a million patents
HAND_WRITTEN = """
WITH firsts AS (SELECT firm, min(year(applied)) FILTER (transfer IS NOT NULL) AS licensed FROM patents GROUP BY firm),
members AS (SELECT firms.*, licensed FROM firms JOIN firsts USING (firm)),
parts AS (
  SELECT city, track, year(founded) AS year, count(*) AS firms, count(*) FILTER (hightech) AS hightech_firms, sum(rd_staff) AS rd_staff
  FROM members GROUP BY ALL
  UNION ALL BY NAME
  SELECT city, track, greatest(licensed, year(founded)) AS year, sum(rd_staff) AS rd_staff_licensing
  FROM members WHERE licensed IS NOT NULL GROUP BY ALL
  UNION ALL BY NAME
  SELECT city, patents.track, year(applied) AS year, count(*) AS patents, count(*) FILTER (kind = '发明') AS invention_patents
  FROM patents JOIN firms USING (firm) GROUP BY ALL
  UNION ALL BY NAME
  SELECT city, track, year(date) AS year, count(*) AS deals, count(*) FILTER (round IN ('C轮', 'D轮', 'E轮', 'F轮', 'Pre-IPO')) AS deals_series_c,
         count(*) FILTER (top_vc) AS deals_top_vc FROM deals JOIN members USING (firm) GROUP BY ALL)
SELECT city, track, year, {sums} FROM parts GROUP BY ALL
""".format(sums=", ".join(f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in firms.COUNTS))
CHECKED_BY_HAND = """
SET enable_progress_bar = false;
CREATE VIEW raw AS SELECT * FROM '{folder}/patents.parquet';
CREATE TEMP TABLE twice AS SELECT patent FROM raw GROUP BY patent HAVING count(*) > 1;
CREATE TEMP TABLE firms AS SELECT * FROM '{folder}/firms.parquet' WHERE founded <= DATE '2021-12-31';
CREATE TEMP TABLE listed AS SELECT firm FROM firms;
CREATE TEMP TABLE patents AS SELECT raw.* FROM raw SEMI JOIN listed USING (firm) ANTI JOIN twice USING (patent)
WHERE trim(patent) <> '' AND trim(raw.firm) <> '' AND applied <= DATE '2021-12-31' AND kind IN ('发明', '实用新型', '外观设计')
  AND track IN {tracks} AND coalesce(transfer, '转让') IN ('转让', '许可');
CREATE TEMP TABLE deals AS SELECT d.* FROM '{folder}/deals.parquet' d SEMI JOIN listed USING (firm) WHERE date <= DATE '2021-12-31';
"""


def generate(folder: str, rows: int, text: bool = False) -> None:
    """Records made by hashing row numbers, written as Parquet: `rows` patents, a hundredth as many firms (at most FIRMS).
    Identifiers are whole numbers, or `text`."""
    con, count = duckdb.connect(), min(FIRMS, max(rows // 100, 100))
    con.execute(
        "SET memory_limit = '2GiB'; SET preserve_insertion_order = false; SET enable_progress_bar = false"
    )
    names = {
        "cities": files.read_csv(files.DATA / "places.csv")["city"],
        "tracks": records.technology()["track"],
    }
    for name, column in names.items():
        con.execute(f"CREATE MACRO {name}(h) AS {[*column]}[1 + (h % {len(column)})::INT]")
    con.execute("CREATE MACRO key(i) AS " + ("format('N{:010d}', i)" if text else "i"))
    day, firm = (
        "DATE '{first}-01-01' + (hash(i + {salt}) % {span})::INT",
        f"key((hash(i) % {count})::BIGINT) AS firm",
    )
    queries = {
        "firms": f"""SELECT key(i) AS firm, '企业' || i AS name, NULL::VARCHAR AS uscc, cities(hash(i)) AS city, tracks(hash(i + 1)) AS track,
                     tracks(hash(i + 1)) AS tracks, {day.format(first=1998, salt=2, span=7000)} AS founded, hash(i + 3) % 4 = 0 AS hightech,
                     (hash(i + 4) % 40)::BIGINT AS rd_staff FROM range({count}) r(i)""",
        "patents": f"""SELECT key(i) AS patent, {firm}, {day.format(first=2005, salt=1, span=6200)} AS applied,
                       ['发明', '实用新型', '外观设计'][1 + (hash(i + 5) % 3)::INT] AS kind, tracks(hash(i + 6)) AS track,
                       CASE WHEN hash(i + 7) % 50 = 0 THEN '转让' END AS transfer FROM range({rows}) r(i)""",
        "deals": f"""SELECT key(i) AS deal, {firm}, {day.format(first=2010, salt=8, span=4300)} AS date,
                     ['A轮', 'B轮', 'C轮'][1 + (hash(i + 9) % 3)::INT] AS round, 1.0 AS amount, NULL::VARCHAR AS lead,
                     hash(i + 10) % 5 = 0 AS top_vc FROM range({count}) r(i)""",
        "institutions": "SELECT 'I' || i AS institution, '机构' || i AS name, '创投' AS kind, cities(hash(i)) AS city FROM range(100) r(i)",
    }
    for name, query in queries.items():
        con.execute(f"COPY ({query}) TO '{folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def ours(folder: str, url: str, settings: dict) -> pd.DataFrame:
    con = engines.connect(url, **settings)
    tables = [engines.read_parquet(con, f"{folder}/{name}.parquet") for name in ("firms", "patents", "deals")]
    return records.to_pandas(firms.cube(*tables))


def by_hand(folder: str, url: str, settings: dict) -> pd.DataFrame:
    con = duckdb.connect(config=settings)
    con.execute("SET enable_progress_bar = false")
    for name in ("firms", "patents", "deals"):
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder}/{name}.parquet'")
    return con.execute(HAND_WRITTEN).df()


def with_pandas(folder: str, url: str, settings: dict) -> pd.DataFrame:
    """The same cube with pandas, all columns in memory."""
    firm, patent, deal = (
        pd.read_parquet(f"{folder}/{name}.parquet") for name in ("firms", "patents", "deals")
    )
    licensed = patent[patent["transfer"].notna()].groupby("firm")["applied"].min()
    firm = firm[firm["firm"].isin(patent["firm"].unique())]
    years = {
        "firms": pd.to_datetime(firm["founded"]).dt.year,
        "licensed": pd.to_datetime(firm["firm"].map(licensed)).dt.year,
    }
    firm = firm.assign(year=years["firms"], licensed=years["licensed"])
    keys = firms.KEYS
    parts = [
        firm.groupby(keys).agg(
            firms=("firm", "size"), hightech_firms=("hightech", "sum"), rd_staff=("rd_staff", "sum")
        ),
        firm.dropna(subset="licensed")
        .assign(year=firm[["licensed", "year"]].max(axis=1).astype("int32"))
        .groupby(keys)
        .agg(rd_staff_licensing=("rd_staff", "sum")),
    ]
    patent = patent.merge(firm[["firm", "city"]], on="firm")
    patent = patent.assign(year=pd.to_datetime(patent["applied"]).dt.year, invention=patent["kind"] == "发明")
    parts.append(patent.groupby(keys).agg(patents=("firm", "size"), invention_patents=("invention", "sum")))
    deal = deal.merge(firm[["firm", "city", "track"]], on="firm").assign(
        year=lambda d: pd.to_datetime(d["date"]).dt.year
    )
    deal = deal.assign(late=deal["round"].isin(firms.SERIES_C))
    parts.append(
        deal.groupby(keys).agg(
            deals=("firm", "size"), deals_series_c=("late", "sum"), deals_top_vc=("top_vc", "sum")
        )
    )
    return pd.concat(parts).groupby(level=keys).sum().astype("int64").reset_index()


def measured(run, folder: str, url: str, settings: dict) -> dict:
    """Seconds, processor seconds, peak memory in MB and a check sum of one run; called in a process of its own."""
    start = time.perf_counter(), time.process_time()
    frame = run(folder, url, settings)
    seconds, processor = time.perf_counter() - start[0], time.process_time() - start[1]
    types = dict.fromkeys([*firms.COUNTS, "year"], "int64") | {"city": str, "track": str}
    check = int(pd.util.hash_pandas_object(frame.astype(types)[firms.KEYS + firms.COUNTS], index=False).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "processor": processor, "mb": peak, "check": check}


def checked(folder: str, url: str, settings: dict) -> pd.DataFrame:
    """Every record checked, then counted, as for an edition."""
    con, places = engines.connect(url, **settings), files.read_csv(files.DATA / "places.csv")
    return firms.count(records.check(records.read(folder, con), con, "2021-12-31", places), places)


def checked_by_hand(folder: str, url: str, settings: dict) -> pd.DataFrame:
    """The rules of patents in SQL, kept as a table, then the same count; firms and deals are taken as they are."""
    con = duckdb.connect(config=settings)
    con.execute(CHECKED_BY_HAND.format(folder=folder, tracks=tuple(records.technology()["track"])))
    return con.execute(HAND_WRITTEN).df()


def benches(sizes=SIZES) -> list[dict]:
    """Counting, and checking before it: processor time against hand-written SQL and pandas, memory against 2 GiB; their growth."""
    rows: list[dict] = []
    for text, own, peer, said in (
        (False, ours, by_hand, "count"),
        (True, checked, checked_by_hand, "check and count"),
    ):
        found: list[list[dict]] = [[], []]
        for size in sizes:
            what, goal = f"{said} {size:,.0f} patents", GOAL if size >= LARGE and own is ours else None
            ways = {"own": own, "SQL written by hand": peer} | ({"pandas": with_pandas} if not text else {})
            ways = dict(
                list(ways.items())[: 3 if size <= FITS else 2 - text]
            )  # by hand the largest check finds no memory
            runs = compared(ways, int(size), text)
            took = {name: run["processor"] for name, run in runs.items()}
            gib, value = runs["own"]["mb"] / 1024, took.pop("own")
            found[0] += [{"value": value, "unit": "CPU s", "size": size}]
            found[1] += [row(f"{what}: memory", gib, "GiB", "2 GiB", 2.0, most=1, size=size)]
            for name, reference in took.items():
                most = goal if name != "pandas" else None
                rows.append(row(what, value, "CPU s", name, reference, most=most, size=size))
        rows += [*found[1], growth(f"{said}: time", found[0][-2:]), growth(f"{said}: memory", found[1][-2:])]
    return rows


def compared(ways: dict, size: int, text: bool) -> dict:
    """The same records counted in several ways, each in a process of its own; and the counts agree."""
    with tempfile.TemporaryDirectory() as folder:
        generate(folder, size, text)
        runs = {name: alone(measured, run, folder, "duckdb://", LIMITS) for name, run in ways.items()}
    assert len({run["check"] for run in runs.values()}) == 1, "the ways of counting disagree"
    return runs


if __name__ == "__main__":
    for one in benches(tuple(map(float, sys.argv[1:])) or SIZES):
        print(one, flush=True)
