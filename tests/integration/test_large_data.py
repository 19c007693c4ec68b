"""Large data when processes are killed, disks are full, and several write at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from perolyte.stores import open_store, remove_orphans
from perolyte.stores.server import start_server, stop_server

WRITER = """
import sys
from perolyte.stores import open_store
store = open_store(sys.argv[1])
data = [0.5 + i for i in range(400_000)]  # four chunks
print("ready", flush=True)
for number in range(10_000):
    output = {"x": [float(number)] + data}
    document = {"uuid": f"{sys.argv[2]}-{number}", "index": 1, "output": output}
    store.update(document, save={"data": "x"})
    print(number, flush=True)
"""

FULL = """
import resource, signal, sys
from perolyte.errors import StoreError
from perolyte.stores import open_store
store = open_store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
import random
try:
    data = {"x": random.Random(1).randbytes(900_000)}
    store.additional_stores["data"].update({"blob_uuid": "b", "data": data})
except StoreError as error:
    print(error)
"""


@pytest.fixture(params=["documents", "folder", "served"])
def address(request, tmp_path, monkeypatch):
    path = tmp_path / "store"
    if request.param == "served":
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        yield start_server(path, engine="perolyte").uri
        stop_server(path)
        return
    place = "documents" if request.param == "documents" else f"folder:{tmp_path / 'chunks'}"
    open_store(path, blobs=place).close()
    yield str(path)


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )


def test_killed_writers_lose_nothing_acknowledged(address):
    """Two writers at once, killed at any moment, three times."""
    acknowledged = []
    for turn in range(3):
        writers = {name: start(WRITER, address, f"{name}{turn}") for name in ("a", "b")}
        for writer in writers.values():
            assert writer.stdout.readline() == "ready\n"
        time.sleep(0.6 + 0.37 * turn)
        for name, writer in writers.items():
            os.kill(writer.pid, signal.SIGKILL)
            rest, _ = writer.communicate()
            numbers = [line for line in rest.split("\n")[:-1] if line]
            acknowledged += [f"{name}{turn}-{number}" for number in numbers]
    assert acknowledged
    store = open_store(address)
    for uuid in acknowledged:
        data = store.query_one({"uuid": uuid}, load=True)["output"]["x"]
        assert data[0] == float(uuid.partition("-")[2])
        assert len(data) == 400_001
    blobs = store.additional_stores["data"]
    # every header that can be found leads to whole data, acknowledged or not
    assert sum(1 for _ in blobs.query()) == blobs.count() >= len(acknowledged)
    before = blobs.count()
    remove_orphans(store, older_than_s=-5)
    assert blobs.count() == before
    used = {name for header in blobs.headers.query() for name in _names(blobs, header)}
    assert {chunk.name for chunk in blobs.chunks.list_chunks()} == used
    store.close()


def _names(blobs, header):
    from perolyte.stores.payload_chunks import list_chunk_names

    return list_chunk_names(header, blobs.chunks)


@pytest.mark.parametrize("place", ["documents", "folder"])
def test_full_disk_leaves_no_half_blob(tmp_path, place):
    path = tmp_path / "store"
    named = place if place == "documents" else f"folder:{tmp_path / 'chunks'}"
    open_store(path, blobs=named).close()
    full = start(FULL, str(path))
    said, _ = full.communicate(timeout=60)
    assert full.returncode == 0
    assert said.count("\n") == 1
    # a file that may not grow is an input/output error to SQLite
    assert "free space" in said or "check the disk and its quota" in said
    store = open_store(path)
    blobs = store.additional_stores["data"]
    assert blobs.count() == 0
    blobs.update({"blob_uuid": "b", "data": "now there is space"})
    assert blobs.query_one({"blob_uuid": "b"})["data"] == "now there is space"
    remove_orphans(store, older_than_s=-5)
    assert not list(tmp_path.glob("chunks/*/*/*.tmp"))
    store.close()
