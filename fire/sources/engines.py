"""Where the records are counted: DuckDB inside Python, a Spark cluster, or Spark Connect, by one setting."""

import os
from pathlib import Path
from urllib.parse import parse_qsl

import ibis
import pandas as pd
import pyarrow as pa
from ibis.util import gen_name

from fire import files
from fire.errors import Finding, InputError, refuse

SPARK = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "16",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
STORED = "s3://"  # addresses that are read through Arrow
SPARK_MISSING = "pyspark is not installed: run `make spark`, then start Python with PYTHONPATH=build/pyspark"


def connect(url: str = "duckdb://", **settings):
    """Connect an Ibis backend by its address.

    `duckdb://` (in memory), `duckdb:///path/file.duckdb`, `spark://host:port` (a cluster; `spark://local` for this
    machine) or `sc://host:port` (Spark Connect). `settings` go to the engine as they are, e.g.
    `memory_limit="2GiB", threads=2` for DuckDB or `**{"spark.executor.memory": "4g"}` for Spark; they may stand in the address
    instead (not of Spark Connect, which has its own): `duckdb://?memory_limit=2GiB&threads=2`.
    Raises InputError for another address, or when pyspark or its server is not there.

    >>> connect("duckdb://?threads=1").raw_sql("SELECT current_setting('threads')").fetchone()
    (1,)
    """
    scheme, _, rest = url.partition("://")
    if scheme != "sc":
        url, _, told = url.partition("?")
        rest, settings = rest.partition("?")[0], dict(parse_qsl(told, keep_blank_values=True)) | settings
    refuse(
        url,
        []
        if scheme in ("duckdb", "spark", "sc")
        else ["no such engine: write duckdb://, spark://host:port or sc://host:port"],
    )
    if scheme == "duckdb":
        return _duckdb(url, rest or ":memory:", {"temp_directory": _spill()} | settings)
    return ibis.pyspark.connect(_spark_session(url, settings))


def _duckdb(url: str, path: str, settings: dict):
    """A DuckDB connection without a progress bar; InputError for settings that it does not take."""
    import duckdb

    try:
        con = ibis.duckdb.connect(path, **settings)
    except duckdb.Error as error:
        reason = f"{error}".strip().splitlines()[0][:200]
        raise InputError(
            url, [f"引擎不接受这样的设置，请改正或删去 · the engine does not take these settings: {reason}"]
        ) from None
    shown = con.raw_sql("SELECT current_setting('enable_progress_bar')").fetchone()[0]
    if shown:  # in a notebook with widgets; without them DuckDB refuses even to hear of it
        con.raw_sql("SET enable_progress_bar = false")
    return con


def _spill() -> str:
    """A folder of a connection's own for what does not fit into memory (DuckDB makes and removes it; two connections that
    shared one would overwrite each other's parts). Its name is that of a part, so the next build removes what was left."""
    (files.ROOT / "build").mkdir(parents=True, exist_ok=True)
    return f"{files.ROOT / 'build'}/.{gen_name('spill')}.{os.getpid()}.part"


def _spark_session(url: str, settings: dict):
    """A Spark session on a cluster (`spark://`), on this machine (`spark://local`) or through Connect (`sc://`)."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(url, [SPARK_MISSING]) from None
    builder = SparkSession.builder.appName("fire")
    if url.startswith("sc://"):
        return builder.remote(url).getOrCreate()
    builder = builder.master("local[*]" if url == "spark://local" else url)
    for key, value in (SPARK | settings).items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def storage(url: str):
    """The file system of an address in object storage (s3://bucket/folder), and the path in it.

    Keys, region and server are those of the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and
    AWS_ENDPOINT_URL for a server of one's own) or of ~/.aws. Raises InputError when the folder cannot be read.
    """
    from pyarrow import fs  # the half second that it takes is for those alone whose records lie there

    try:
        system, path = fs.FileSystem.from_uri(url)
        system.get_file_info(fs.FileSelector(path))
    except (OSError, ValueError) as error:
        refuse(url, [Finding("files.storage", url, reason=f"{error}".strip().splitlines()[0][:200])])
    return system, path


def read_parquet(con, path: Path | str) -> ibis.Table:
    """A lazy table on one Parquet file, a folder of parts, or an address in object storage (s3://, hdfs://).

    DuckDB reads s3:// through Arrow, without an extension. Raises InputError when the engine cannot read it (missing, cut off, not
    Parquet).
    """
    parts = con.name == "duckdb" and "://" not in str(path) and Path(path).is_dir()
    try:
        if con.name == "duckdb" and str(path).startswith(STORED):
            return _arrow_dataset(con, f"{path}")
        return con.read_parquet(f"{path}/**/*.parquet" if parts else str(path))
    except Exception as error:  # each engine raises its own
        reason = str(error).strip().splitlines()[0][:200]
        raise InputError(
            f"{path}", [f"cannot be read as Parquet ({reason}): export the file again"]
        ) from error


def _arrow_dataset(con, url: str) -> ibis.Table:
    """A Parquet file or a folder of parts in object storage, of which DuckDB asks for the columns and rows that it needs."""
    from pyarrow import dataset, fs

    system, path = fs.FileSystem.from_uri(url)
    name = gen_name("fire")
    con.con.register(name, dataset.dataset(path, filesystem=system, format="parquet", partitioning="hive"))
    return con.table(name)


def local_table(con, frame: pd.DataFrame) -> ibis.Table:
    """A small frame as a temporary table of the engine, so that it joins the engine's large ones."""
    name, arrow = gen_name("fire"), pa.Table.from_pandas(frame, preserve_index=False)
    if con.name == "duckdb":
        return con.create_table(name, arrow, temp=True)
    con._session.createDataFrame(arrow).createOrReplaceTempView(name)
    return con.table(name)


def keep(con, table: ibis.Table) -> ibis.Table:
    """Compute a table once and keep it: a temporary table of DuckDB (spills to disk), a cached view of Spark."""
    name = gen_name("fire")
    if con.name == "duckdb":
        return con.create_table(name, table, temp=True)
    con._session.sql(con.compile(table)).cache().createOrReplaceTempView(name)
    return con.table(name)
