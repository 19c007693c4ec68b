"""The embedded store under several processes: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from perolyte.stores import EmbeddedStore, find_complete_output, open_store

KILLS = 6

WRITER = """
import sys
from perolyte.stores import open_store
store = open_store(sys.argv[1])
number = int(sys.argv[2])
while True:
    document = {"uuid": str(number), "index": 1, "output": {"n": number, "x": [0.5] * 2000}}
    store.update(document, save={"data": "x"})
    print(number, flush=True)
    number += 1
"""

UPDATER = """
import sys
from perolyte.stores import EmbeddedStore
name = sys.argv[2]
store = EmbeddedStore(sys.argv[1], timeout_s=60.0)
store.connect()
print("ready", flush=True)
sys.stdin.readline()
for i in range(25):
    store.update({"uuid": f"own-{name}-{i}", "by": name})
    store.update({"uuid": f"shared-{i}", "by": name, "round": i})
store.close()
"""

FORKER = """
import os, sys
from perolyte.stores import EmbeddedStore
store = EmbeddedStore(sys.argv[1])
store.connect()
store.update({"uuid": "before"})
from_child, to_parent = os.pipe()
from_parent, to_child = os.pipe()
if os.fork() == 0:
    store.update({"uuid": "child 1"})
    os.write(to_parent, b"x")
    os.read(from_parent, 1)
    store.update({"uuid": "child 2"})
    seen = sorted(document["uuid"] for document in store.query())
    os._exit(0 if seen == ["before", "child 1", "child 2", "parent"] else 1)
os.read(from_child, 1)
seen = store.count()
store.update({"uuid": "parent"})
store.close()
os.write(to_child, b"x")
_, status = os.wait()
sys.exit(status or seen != 2)
"""


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_every_acknowledged_document_survives_a_kill(tmp_path):
    path = tmp_path / "perolyte.sqlite"
    acknowledged = set()
    for kill in range(KILLS):
        with start(WRITER, path, 10_000 * kill) as writer:
            acknowledged.add(writer.stdout.readline().strip())
            time.sleep(0.11 * (kill + 1))  # another moment of the write each time
            os.kill(writer.pid, signal.SIGKILL)
            acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
    assert len(acknowledged) > KILLS
    store = open_store(path, create=False)
    try:
        present = [document["uuid"] for document in store.query(properties=["uuid"])]
        assert len(present) == len(set(present))
        assert acknowledged <= set(present)
        incomplete = {uuid for uuid in present if find_complete_output(store, uuid) is None}
        # a kill between document and blobs leaves at most one document per writer
        assert incomplete.isdisjoint(acknowledged)
        assert len(incomplete) <= KILLS
    finally:
        store.close()


@pytest.mark.slow
def test_processes_writing_the_same_keys(tmp_path):
    path = tmp_path / "perolyte.sqlite"
    writers = [start(UPDATER, path, name) for name in "abcd"]  # all make the file at once
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    with EmbeddedStore(path) as reader:
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        counts = []
        while any(writer.poll() is None for writer in writers):
            counts.append(reader.count())
            time.sleep(0.02)
        for writer in writers:
            with writer:
                assert writer.wait() == 0
        assert counts == sorted(counts)
        final = list(reader.query())
    assert sorted(document["uuid"] for document in final) == sorted(
        [f"own-{name}-{i}" for name in "abcd" for i in range(25)]
        + [f"shared-{i}" for i in range(25)]
    )
    with EmbeddedStore(path) as fresh:
        assert {d["uuid"]: d for d in fresh.query()} == {d["uuid"]: d for d in final}


def test_a_fork_loses_nothing(tmp_path):
    path = tmp_path / "perolyte.sqlite"
    with start(FORKER, path) as process:
        assert process.wait() == 0
    with EmbeddedStore(path) as store:
        assert store.count() == 4
