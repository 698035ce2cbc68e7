"""The same records counted by DuckDB and by a standalone Spark cluster that the test starts and stops on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from fire import edition as editions
from fire import files
from fire.analysis import firms as analysis
from fire.errors import InputError
from fire.sources import engines, firms, records
from studies.printed2022.sample import record_sample

pytestmark = [pytest.mark.whole, pytest.mark.spark]
WORKERS = 2
PLACES = files.read_csv(files.DATA / "places.csv")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int, seconds: int = 60) -> bool:
    for _ in range(seconds * 4):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.25)
    return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a Spark master with two workers of one core each, all on 127.0.0.1."""
    if shutil.which("java") is None:
        pytest.skip("no Java found: Spark needs a Java 17 runtime")
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: run `make test-spark`")
    home, logs, port = Path(pyspark.__file__).parent, tmp_path_factory.mktemp("spark"), free_port()
    env = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}
    master, here = f"spark://127.0.0.1:{port}", ["--host", "127.0.0.1", "--webui-port", "0"]
    worker = ["worker.Worker", *here, "--cores", "1", "--memory", "1g", "--work-dir"]
    commands = [
        ["master.Master", *here, "--port", str(port)],
        *([*worker, str(logs / f"work{number}"), master] for number in range(WORKERS)),
    ]
    processes = []
    for number, (role, *rest) in enumerate(commands):
        with open(logs / f"{number}.log", "w") as log:
            processes.append(
                subprocess.Popen(
                    [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", *rest],
                    env=env,
                    cwd=logs,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        assert answers(port), (logs / "0.log").read_text()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    yield master
    from pyspark.sql import SparkSession

    if SparkSession.getActiveSession():
        SparkSession.getActiveSession().stop()
    for process in reversed(processes):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def spark(cluster):
    return engines.connect(
        cluster,
        **{
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.executor.memory": "1g",
            "spark.sql.shuffle.partitions": "4",
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # nothing begins before both workers are there
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
        },
    )


@pytest.fixture(scope="module")
def folder():
    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    return records.FOLDER


def broken(folder, target: Path) -> Path:
    """A copy of the records with one fault of each kind in the large tables."""
    for name in records.TABLES:
        frame = pd.read_parquet(folder / f"{name}.parquet")
        if name == "patents":
            frame = frame.iloc[:5000].copy()
            frame["applied"] = frame["applied"].astype(str)
            frame.loc[0, "applied"], frame.loc[1, "applied"], frame.loc[2, "applied"] = (
                "2021-02-30",
                "2031-01-01",
                "2019年3月5日",
            )
            frame.loc[3, "firm"], frame.loc[4, "kind"], frame.loc[5, "track"], frame.loc[6, "patent"] = (
                "nobody",
                "x",
                "x",
                frame.loc[7, "patent"],
            )
        frame.to_parquet(target / f"{name}.parquet", index=False)
    return target


def counted(con, folder) -> tuple[pd.DataFrame, pd.DataFrame]:
    checked = records.check(records.read(folder, con), con, "2021-12-31", PLACES)
    return firms.count(checked, PLACES), checked.quality


def test_both_workers_take_part(spark):
    """The processes in which Python runs have a parent on each worker."""
    context = spark._session.sparkContext
    parents = context.parallelize(range(16), 16).map(lambda _: (time.sleep(0.2), os.getppid())[1])
    assert len(set(parents.collect())) == WORKERS == context._jsc.sc().getExecutorMemoryStatus().size() - 1


def test_duckdb_and_a_spark_cluster_agree_row_for_row(spark, folder):
    here, there = counted(engines.connect("duckdb://"), folder), counted(spark, folder)
    pd.testing.assert_frame_equal(here[0], there[0])
    pd.testing.assert_frame_equal(here[1], there[1])
    assert len(here[0]) > 1000 and here[0]["patents"].sum() == 1_000_000
    panels = [firms.indicators(frame, [2020, 2021], "simulated", "sample") for frame in (here[0], there[0])]
    pd.testing.assert_frame_equal(*panels)


def test_both_engines_set_the_same_rows_aside(spark, folder, tmp_path):
    bad = broken(folder, tmp_path)
    (here, quality), (there, other) = counted(engines.connect("duckdb://"), bad), counted(spark, bad)
    pd.testing.assert_frame_equal(here, there)
    pd.testing.assert_frame_equal(quality, other)
    found = set(quality.loc[quality["table"] == "patents", "rule"])
    assert {"malformed", "future", "unknown_firm", "unlisted", "unknown_track", "duplicate_id"} <= found


def test_an_edition_is_counted_on_the_engine_that_it_names(cluster, spark):
    ed = editions.load(2022)
    other = editions.Edition(ed.name, ed.settings | {"engine": cluster})
    here, there = analysis.of(ed), analysis.of(other)
    pd.testing.assert_frame_equal(here.cube, there.cube)
    assert here.given == there.given and here.totals == there.totals


def test_a_corrupt_file_is_refused_by_spark_too(spark, tmp_path):
    (tmp_path / "patents.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        engines.read_parquet(spark, tmp_path / "patents.parquet")
