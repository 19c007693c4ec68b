"""The local server under several processes: nothing acknowledged is lost, nothing is doubled."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from perolyte.stores import EmbeddedStore, open_store
from perolyte.stores.server import find_server, start_server, stop_server
from perolyte.stores.server.address import ServerFiles

KILLS = 5
N_FIREWORKS = 40
N_LAUNCHERS = 4

WRITER = """
import sys
from pymongo import MongoClient
collection = MongoClient(sys.argv[1], retryWrites=False).db.writes
name, number, notes = sys.argv[2], 0, open(sys.argv[3], "w")
while True:
    collection.insert_one({"_id": f"{name}-{number}", "x": [0.5] * 300})
    collection.update_one({"_id": "counter"}, {"$inc": {name: 1}}, upsert=True)
    print(number, file=notes, flush=True)
    number += 1
"""

COUNTER = """
import sys
from pymongo import MongoClient
collection = MongoClient(sys.argv[1]).db.counters
for number in range(int(sys.argv[2])):
    collection.update_one({"_id": "all"}, {"$inc": {"n": 1}}, upsert=True)
    collection.insert_one({"number": number, "by": sys.argv[3]})
    print(number, flush=True)
"""

LAUNCHER = """
import sys
from fireworks import FWorker, LaunchPad
from fireworks.core.rocket_launcher import rapidfire
launchpad = LaunchPad(host=sys.argv[1], name="fireworks", uri_mode=True, strm_lvl="CRITICAL")
rapidfire(launchpad, FWorker(name=sys.argv[2]), strm_lvl="CRITICAL")
"""

# the body of a firework leaves a line behind: each must be there once
SUBMITTER = """
import sys
from fireworks import Firework, LaunchPad, PyTask, Workflow
launchpad = LaunchPad(host=sys.argv[1], name="fireworks", uri_mode=True, strm_lvl="CRITICAL")
launchpad.reset("", require_password=False)
for i in range(int(sys.argv[2])):
    parent = Firework(PyTask(func="support.notes.note", args=[sys.argv[3], f"parent {i}"]))
    child = Firework(
        PyTask(func="support.notes.note", args=[sys.argv[3], f"child {i}"]), parents=[parent]
    )
    launchpad.add_wf(Workflow([parent, child]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield tmp_path / "run"
    stop_server(tmp_path / "run")


@pytest.fixture
def run_script(environment, tmp_path):
    """Start a script; what is left of it is killed at the end."""
    processes = []

    def start(script, *arguments, cwd=tmp_path):
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=cwd,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


class Writer:
    """A process that writes, and notes each write once it is acknowledged."""

    def __init__(self, run_script, uri, name, notes):
        self.notes = notes
        self.process = run_script(WRITER, uri, name, notes)
        while not (notes.exists() and notes.read_text()):
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.01)

    def end(self):
        """Return the number of acknowledged writes."""
        self.process.kill()
        self.process.wait()
        return self.notes.read_text().count("\n")


def kill(address):
    os.kill(address.pid, signal.SIGKILL)
    while find_server(address.path) is not None:
        time.sleep(0.01)


def serve(folder):
    return start_server(folder, engine="perolyte")


@pytest.mark.slow
def test_every_acknowledged_write_survives_a_kill_of_the_server(folder, run_script, tmp_path):
    acknowledged = {}
    restarts = []
    for number in range(KILLS):
        started = time.monotonic()
        address = serve(folder)
        restarts.append(time.monotonic() - started)
        writers = {
            name: Writer(run_script, address.uri, name, tmp_path / name)
            for name in (f"{number}a", f"{number}b")
        }
        time.sleep(0.13 * (number + 1))  # another moment of the writes each time
        kill(address)
        acknowledged |= {name: writer.end() for name, writer in writers.items()}
    with MongoClient(serve(folder).uri) as client:
        collection = client.db.writes
        present = {document["_id"] for document in collection.find({}, {"_id": 1})}
        counter = collection.find_one({"_id": "counter"})
    for name, n_acknowledged in acknowledged.items():
        assert {f"{name}-{i}" for i in range(n_acknowledged)} <= present
        # one write of each kind may have been on disk without its answer
        assert n_acknowledged <= counter[name] <= n_acknowledged + 1
        assert sum(document.startswith(f"{name}-") for document in present) <= n_acknowledged + 1
    assert max(restarts) < 15


@pytest.mark.slow
def test_clients_outlive_a_restart_and_double_nothing(folder, run_script):
    n_each = 150
    address = serve(folder)
    clients = [run_script(COUNTER, address.uri, n_each, name) for name in "abc"]
    for _ in range(3):
        for client in clients:
            client.stdout.readline()
        kill(address)
        address = serve(folder)
    for client in clients:
        _, errors = client.communicate(timeout=120)
        assert client.returncode == 0, errors
    with MongoClient(address.uri) as client:
        assert client.db.counters.find_one({"_id": "all"})["n"] == 3 * n_each
        assert client.db.counters.count_documents({"by": {"$exists": True}}) == 3 * n_each


@pytest.mark.slow
def test_fireworks_launchers_run_each_firework_once(folder, run_script, tmp_path):
    address = serve(folder)
    ran = tmp_path / "ran"
    submitter = run_script(SUBMITTER, address.uri, N_FIREWORKS // 2, ran)
    assert submitter.wait(120) == 0, submitter.stderr.read()
    launchers = []
    for number in range(N_LAUNCHERS):
        place = tmp_path / f"launcher {number}"
        place.mkdir()
        launchers.append(run_script(LAUNCHER, address.uri, f"worker {number}", cwd=place))
    for launcher in launchers:
        _, errors = launcher.communicate(timeout=300)
        assert launcher.returncode == 0, errors
    with MongoClient(address.uri) as client:
        fireworks = list(client.fireworks.fireworks.find({}, {"state": 1, "launches": 1}))
        workflows = client.fireworks.workflows.distinct("state")
        locked = client.fireworks.workflows.count_documents({"locked": {"$exists": True}})
        n_launches = client.fireworks.launches.count_documents({})
    assert [document["state"] for document in fireworks] == ["COMPLETED"] * N_FIREWORKS
    assert (workflows, locked, n_launches) == (["COMPLETED"], 0, N_FIREWORKS)
    lines = ran.read_text().splitlines()
    assert sorted(lines) == sorted(
        f"{kind} {i}" for kind in ("parent", "child") for i in range(N_FIREWORKS // 2)
    )
    assert "Traceback" not in ServerFiles(Path(address.path)).log.read_text()


@pytest.mark.slow
def test_processes_with_and_without_the_server_share_a_store(folder, run_script):
    embedded = """
import sys
from perolyte.stores import EmbeddedStore
with EmbeddedStore(sys.argv[1]) as store:
    print("open", flush=True)
    sys.stdin = open("/dev/null")
    for i in range(60):
        store.update({"uuid": f"embedded-{i}", "n": i})
        store.update({"uuid": f"shared-{i}", "by": "embedded"})
    print(store.count(), flush=True)
"""
    open_store(folder).close()
    writer = run_script(embedded, folder / "perolyte.sqlite")
    assert writer.stdout.readline() == "open\n"
    store = open_store(serve(folder).uri)
    counts = []
    for i in range(60):
        store.docs_store.update({"uuid": f"served-{i}", "n": i}, key="uuid")
        store.docs_store.update({"uuid": f"shared-{i}", "by": "server"}, key="uuid")
        counts.append(store.count())
    _, errors = writer.communicate(timeout=120)
    assert writer.returncode == 0, errors
    documents = list(store.query({}, ["uuid"]))
    store.close()
    assert counts == sorted(counts)
    expected = {f"{kind}-{i}" for kind in ("embedded", "served", "shared") for i in range(60)}
    assert {document["uuid"] for document in documents} == expected
    # an upsert finds and inserts under one lock in the server and in process
    assert len(documents) == len(expected)
    with EmbeddedStore(folder / "perolyte.sqlite") as fresh:
        assert fresh.count() == len(expected)


def test_a_full_disk_ends_writes_and_not_the_server(folder):
    """A limit on the size of files stands for the end of the disk."""
    address = serve(folder)
    with MongoClient(address.uri) as client:
        collection = client.db.c
        collection.insert_one({"_id": "before"})
        resource.prlimit(address.pid, resource.RLIMIT_FSIZE, (6_000_000, resource.RLIM_INFINITY))
        written = ["before"]

        def fill():
            for number in range(50):
                collection.insert_one({"_id": number, "x": b"x" * 500_000})
                written.append(number)

        with pytest.raises(PyMongoError) as caught:
            fill()
        message = str(caught.value)
        assert "\n" not in message
        assert "disk" in message
        assert 1 < len(written) < 40
        assert collection.distinct("_id") == written
        resource.prlimit(
            address.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        collection.insert_one({"_id": "after", "x": b"x" * 500_000})
        assert collection.count_documents({}) == len(written) + 1
    kill(address)
    with MongoClient(serve(folder).uri) as client:
        assert client.db.c.distinct("_id") == [*written, "after"]


def test_a_stopped_server_has_answered_all(folder, run_script, tmp_path):
    address = serve(folder)
    writer = Writer(run_script, address.uri, "a", tmp_path / "a")
    assert stop_server(folder)
    n_acknowledged = writer.end()
    with MongoClient(serve(folder).uri) as client:
        n_written = client.db.writes.count_documents({"_id": {"$regex": "^a-"}})
    assert n_acknowledged <= n_written <= n_acknowledged + 1


def test_the_files_of_gridfs_and_jobflow(folder):
    import gridfs

    content = os.urandom(3_000_000)
    with MongoClient(serve(folder).uri) as client:
        files = gridfs.GridFS(client.db)
        file_id = files.put(content, filename="large", job="a")
        assert files.get(file_id).read() == content
        assert files.find_one({"job": "a"}).length == len(content)
        with contextlib.closing(files.get(file_id)) as stream:
            stream.seek(1_000_000)
            assert stream.read(10) == content[1_000_000:1_000_010]
        files.delete(file_id)
        assert client.db.fs.chunks.count_documents({}) == 0
