"""Counting patents of firms: our expression against hand-written SQL, pandas and Spark, by rows, time and memory.

`python tests/bench/bench_firms.py 1e7` prints one size; each run is a process of its own, so its peak memory is its own.
"""

import importlib.util
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pandas as pd

from fire import files
from fire.sources import engines, firms, records

FIRMS = 1_000_000  # at most; a hundredth of the patents below that
GOAL = (
    1.3  # times the hand-written SQL, from LARGE patents on; below, a fixed quarter of a second weighs more
)
LARGE = 30_000_000
FITS = 40_000_000  # pandas takes some 190 MB a million patents
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


def generate(folder: Path, rows: int) -> None:
    """Records made by hashing row numbers, written as Parquet: `rows` patents, a hundredth as many firms (at most FIRMS)."""
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
    day = "DATE '{first}-01-01' + (hash(i + {salt}) % {span})::INT"
    queries = {
        "firms": f"""SELECT i AS firm, cities(hash(i)) AS city, tracks(hash(i + 1)) AS track, {day.format(first=1998, salt=2, span=7000)} AS founded,
                     hash(i + 3) % 4 = 0 AS hightech, (hash(i + 4) % 40)::BIGINT AS rd_staff FROM range({count}) r(i)""",
        "patents": f"""SELECT i AS patent, (hash(i) % {count})::BIGINT AS firm, {day.format(first=2005, salt=1, span=6200)} AS applied,
                       ['发明', '实用新型', '外观设计'][1 + (hash(i + 5) % 3)::INT] AS kind, tracks(hash(i + 6)) AS track,
                       CASE WHEN hash(i + 7) % 50 = 0 THEN '转让' END AS transfer FROM range({rows}) r(i)""",
        "deals": f"""SELECT i AS deal, (hash(i) % {count})::BIGINT AS firm, {day.format(first=2010, salt=8, span=4300)} AS date,
                     ['A轮', 'B轮', 'C轮'][1 + (hash(i + 9) % 3)::INT] AS round, hash(i + 10) % 5 = 0 AS top_vc FROM range({count}) r(i)""",
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


def alone(run, folder: str, url: str, settings: dict) -> dict:
    """One run in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, run, folder, url, settings).result()


def ways(size: int) -> dict:
    """The ways to compare at a size: name → (function, address, settings of the engine)."""
    found = {
        "hand-written SQL": (by_hand, "duckdb://", {}),
        "fire on DuckDB": (ours, "duckdb://", {}),
        "hand-written SQL, 2 GiB": (by_hand, "duckdb://", {"memory_limit": "2GiB"}),
        "fire on DuckDB, 2 GiB": (ours, "duckdb://", {"memory_limit": "2GiB"}),
    }
    if size <= FITS:
        found["pandas"] = (with_pandas, "", {})
    if importlib.util.find_spec("pyspark") and size <= FITS:
        found["fire on Spark, this machine"] = (ours, "spark://local", {"spark.driver.memory": "2g"})
    return found


def benches(size: int = LARGE, repeat: int = 3) -> list[dict]:
    """One row a way of counting `size` patents, the fastest of `repeat` turns; `ratio` to the hand-written SQL of the same memory."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), size)
        runs = [
            (name, alone(run, folder, url, settings))
            for turn in range(repeat)
            for name, (run, url, settings) in ways(size).items()
            if turn == 0 or "DuckDB" in name or "SQL" in name
        ]
    assert len({run["check"] for _, run in runs}) == 1, "the ways of counting disagree"
    best = {
        name: min((run for other, run in runs if other == name), key=lambda run: run["seconds"])
        for name, _ in runs
    }
    rows = []
    for name, run in best.items():
        reference = best["hand-written SQL, 2 GiB" if "2 GiB" in name else "hand-written SQL"]["seconds"]
        goal = GOAL if name.startswith("fire on DuckDB") and size >= LARGE else None
        label = f"count {size:,} patents: {name} ({run['mb']:,.0f} MB, {run['processor']:.1f} processor s)"
        rows.append(
            {
                "name": label,
                "value": run["seconds"],
                "unit": "s",
                "reference": reference,
                "ratio": run["seconds"] / reference,
                "goal": goal,
                "ok": goal is None or run["seconds"] <= goal * reference,
            }
        )
    return rows


if __name__ == "__main__":
    for text in sys.argv[1:] or ["1e6"]:
        for row in benches(int(float(text))):
            print(f"{row['name']}: {row['value']:.2f} {row['unit']}, ratio {row['ratio']:.2f}", flush=True)
