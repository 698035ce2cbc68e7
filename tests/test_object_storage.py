"""Records in object storage, on a local S3 server that the test starts and stops: the counts of the local folder."""

import os
import socket
import subprocess
import sys
import time

import pandas as pd
import pytest

from fire import edition as editions
from fire import files
from fire.analysis import firms as analysis
from fire.errors import InputError
from fire.sources import engines, records
from studies.printed2022.sample import record_sample

pytestmark = [pytest.mark.whole, pytest.mark.storage]
SERVER = files.ROOT / "build" / "s3"  # outside the environment: it brings packages of its own
ADDRESS = "s3://fire/2022"


@pytest.fixture(scope="module")
def server():
    """Address of an S3 server on loopback that holds nothing."""
    if not SERVER.exists():
        pytest.skip("no S3 server: run `make test-spark`, which installs one into build/s3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", f"{port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": f"{SERVER}"}, **quiet)
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def keys(server, monkeypatch):
    """The usual variables, as a user sets them."""
    told = {
        "ACCESS_KEY_ID": "fire",
        "SECRET_ACCESS_KEY": "fire",
        "ENDPOINT_URL": server,
        "REGION": "us-east-1",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def stored(keys):
    """The sample records in the bucket: patents in parts, the others one file each, and what the folder says of them."""
    from pyarrow import fs, parquet

    if not (records.FOLDER / "patents.parquet").exists():
        record_sample.write(records.FOLDER)
    system, path = fs.FileSystem.from_uri(f"{ADDRESS}?allow_bucket_creation=true")
    system.create_dir(path)
    for source in sorted(records.FOLDER.iterdir()):
        if source.stem != "patents":
            fs.copy_files(f"{source}", f"{path}/{source.name}", destination_filesystem=system)
    whole = parquet.read_table(records.FOLDER / "patents.parquet")
    for part, start in enumerate(range(0, len(whole), 300_000)):
        parquet.write_table(
            whole.slice(start, 300_000), f"{path}/patents.parquet/{part}.parquet", filesystem=system
        )
    return ADDRESS


def under(ed, folder: str) -> analysis.Counted:
    return analysis.of(editions.Edition(ed.name, ed.settings | {"records": folder}))


def test_an_edition_counts_records_in_object_storage_as_in_a_folder(stored):
    ed = editions.load(2022)
    there, here = under(ed, stored), under(ed, "data/sample/records")
    pd.testing.assert_frame_equal(here.cube, there.cube)
    pd.testing.assert_frame_equal(here.quality, there.quality)
    assert here.given == there.given and here.status == there.status == ["simulated"]
    assert here.source == there.source and here.cube["patents"].sum() == 1_000_000


def test_a_folder_that_cannot_be_read_is_said_once_and_what_to_check(keys):
    con = engines.connect("duckdb://")
    with pytest.raises(InputError) as caught:
        records.read("s3://nobody/2022", con)
    (fault,) = caught.value.faults
    assert "对象存储中的这个文件夹无法读取" in fault and "AWS_ENDPOINT_URL" in fault
    with pytest.raises(InputError, match="对象存储"):
        records.status("s3://nobody/2022")


def test_a_table_that_is_not_there_and_one_that_is_cut_off_are_named(stored):
    from pyarrow import fs

    system, path = fs.FileSystem.from_uri(stored)
    system.delete_file(f"{path}/deals.parquet")
    with system.open_output_stream(f"{path}/institutions.parquet") as stream:
        stream.write(b"PAR1 cut off")
    with pytest.raises(InputError) as caught:
        records.read(stored, engines.connect("duckdb://"))
    assert [name in fault for name, fault in zip(("deals", "institutions"), caught.value.faults)] == [
        True
    ] * 2
    assert len(caught.value.faults) == 2
