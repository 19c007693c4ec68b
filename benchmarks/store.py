"""The local database server under FireWorks, beside FireWorks on mongomock-ng in memory.

    python benchmarks/store.py            # 4 launchers, 1,000 fireworks: some minutes
    python benchmarks/store.py --quick    # 4 launchers, 120 fireworks: under 45 s

A claim is what a launcher does first: find the ready firework of the highest priority, mark it,
read it. The peer is FireWorks' LaunchPad on mongomock-ng in one process, without disk or socket:
FireWorks' own overhead. ``commits_per_second`` is how often SQLite alone can commit on this disk
with nothing else to do, the upper limit for what one client can write.

The last line is one JSON object: ``jobs_per_second`` and ``lost``, ``doubled`` of 4 launcher
processes, ``claims_per_second`` with 10,000 fireworks, and the peer's figures. CPU times per job
compare what a busy machine blurs.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import logging
import multiprocessing
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import mongomock_ng
import psutil
from mongomock_ng.gridfs import enable_gridfs_integration
from pymongo import MongoClient

from perolyte.stores.server import ServerAddress, find_server, start_server, stop_server

N_LAUNCHERS = 4
SIZES = (1_000, 10_000)


def note(path: str, line: str) -> None:
    """Body of a firework: leave a line behind."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def open_launchpad(uri: str, name: str = "fireworks") -> Any:
    from fireworks import LaunchPad

    return LaunchPad(host=uri, name=name, uri_mode=True, strm_lvl="CRITICAL")


def fill(launchpad: Any, n_fireworks: int, notes: Path | None = None) -> None:
    from fireworks import Firework, PyTask, Workflow

    launchpad.reset("", require_password=False, max_reset_wo_password=10**9)
    workflows = []
    for i in range(n_fireworks):
        task = PyTask(func="math.sqrt", args=[4.0])
        if notes is not None:
            task = PyTask(func="store.note", args=[str(notes), str(i)])
        workflows.append(Workflow([Firework(task, name=f"f{i}")]))
    with Path(os.devnull).open("w") as silence, contextlib.redirect_stderr(silence):
        launchpad.bulk_add_wfs(workflows)


def measure_claims(launchpad: Any, n_claims: int) -> float:
    from fireworks import FWorker

    query = FWorker().query
    begin = time.perf_counter()
    for _ in range(n_claims):
        if launchpad._get_a_fw_to_run(query) is None:
            raise SystemExit("there is nothing left to claim")
    return n_claims / (time.perf_counter() - begin)


@contextlib.contextmanager
def launchpad_in_memory() -> Iterator[Any]:
    enable_gridfs_integration()
    client = mongomock_ng.MongoClient()
    with mock.patch("fireworks.core.launchpad.MongoClient", return_value=client):
        yield open_launchpad("mongodb://memory")


def launch(uri: str, folder: str, barrier: Any) -> None:
    """One launcher process: runs what is ready until nothing is left."""
    from fireworks import FWorker
    from fireworks.core.rocket_launcher import rapidfire

    Path(folder).mkdir()
    os.chdir(folder)
    logging.disable(logging.CRITICAL)
    launchpad = open_launchpad(uri)
    barrier.wait()
    begin = time.process_time()
    rapidfire(launchpad, FWorker(), strm_lvl="CRITICAL")
    Path(folder, "cpu_seconds").write_text(str(time.process_time() - begin))


def cpu_seconds_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def measure_launchers(address: ServerAddress, n_fireworks: int, folder: Path) -> dict[str, Any]:
    uri = address.uri
    notes = folder / "notes"
    launchpad = open_launchpad(uri)
    fill(launchpad, n_fireworks, notes)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(N_LAUNCHERS + 1)
    launchers = [
        context.Process(target=launch, args=(uri, str(folder / f"launcher{i}"), barrier))
        for i in range(N_LAUNCHERS)
    ]
    for launcher in launchers:
        launcher.start()
    barrier.wait()
    begin, server_begin = time.perf_counter(), cpu_seconds_of(address.pid)
    for launcher in launchers:
        launcher.join()
    seconds = time.perf_counter() - begin
    server_seconds = cpu_seconds_of(address.pid) - server_begin
    launcher_seconds = sum(float(file.read_text()) for file in folder.glob("*/cpu_seconds"))
    ran = collections.Counter(notes.read_text().split())
    completed = launchpad.fireworks.count_documents({"state": "COMPLETED"})
    return {
        "jobs_per_second": n_fireworks / seconds,
        "server_cpu_ms_per_job": 1000 * server_seconds / n_fireworks,
        "launcher_cpu_ms_per_job": 1000 * launcher_seconds / n_fireworks,
        "lost": n_fireworks - min(completed, len(ran)),
        "doubled": sum(ran.values()) - len(ran),
        "failed_launchers": sum(launcher.exitcode != 0 for launcher in launchers),
    }


def measure_memory_jobs(n_fireworks: int, folder: Path) -> dict[str, float]:
    from fireworks import FWorker
    from fireworks.core.rocket_launcher import rapidfire

    folder.mkdir()
    # mongomock-ng takes a document away while it replaces it, and the thread of FireWorks that
    # notes the life of a job then complains; the job itself is not harmed
    silence = mock.patch("threading.excepthook", return_value=None)
    with silence, launchpad_in_memory() as launchpad, contextlib.chdir(folder):
        fill(launchpad, n_fireworks, folder / "notes")
        begin, cpu_begin = time.perf_counter(), time.process_time()
        rapidfire(launchpad, FWorker(), strm_lvl="CRITICAL")
        seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    return {
        "peer_jobs_per_second": n_fireworks / seconds,
        "peer_cpu_ms_per_job": 1000 * cpu_seconds / n_fireworks,
    }


def measure_inserts(uri: str, n_documents: int) -> tuple[float, float]:
    with MongoClient(uri) as client:
        collection = client.benchmark.inserts
        begin = time.perf_counter()
        for i in range(n_documents):
            collection.insert_one({"i": i, "x": [0.5] * 20})
        single = n_documents / (time.perf_counter() - begin)
        begin = time.perf_counter()
        collection.insert_many([{"i": i, "x": [0.5] * 20} for i in range(10 * n_documents)])
        return single, 10 * n_documents / (time.perf_counter() - begin)


def measure_commits(folder: Path, n_commits: int = 300) -> float:
    connection = sqlite3.connect(folder / "commits.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (body BLOB)")
    begin = time.perf_counter()
    for _ in range(n_commits):
        connection.execute("INSERT INTO t VALUES (?)", (b"x" * 1000,))
    rate = n_commits / (time.perf_counter() - begin)
    connection.close()
    return rate


def measure_restart(store: Path) -> float:
    address = find_server(store)
    if address is None:
        raise SystemExit("the server is gone")
    os.kill(address.pid, signal.SIGKILL)
    while find_server(store) is not None:
        time.sleep(0.01)
    begin = time.perf_counter()
    with MongoClient(start_server(store, engine="perolyte").uri) as client:
        client.fireworks.fireworks.find_one({"state": "READY"})
    return time.perf_counter() - begin


def run(folder: Path, *, quick: bool) -> dict[str, Any]:
    store = folder / "store"
    address = start_server(store, engine="perolyte")
    uri = address.uri
    figures: dict[str, Any] = {"commits_per_second": measure_commits(folder)}
    try:
        single, many = measure_inserts(uri, 300 if quick else 1000)
        figures |= {"inserts_per_second": single, "bulk_inserts_per_second": many}
        figures |= measure_launchers(address, 120 if quick else 1000, folder)
        for size in SIZES:
            launchpad = open_launchpad(uri)
            fill(launchpad, size)
            figures[f"claims_per_second_{size}"] = measure_claims(launchpad, 200)
        figures["restart_seconds_10000"] = measure_restart(store)
    finally:
        stop_server(store)
    # few fireworks, so that the searches of mongomock-ng do not count as FireWorks' own overhead
    figures |= measure_memory_jobs(60, folder / "memory")
    for size in SIZES[: 1 if quick else 2]:
        with launchpad_in_memory() as launchpad:
            fill(launchpad, size)
            figures[f"peer_claims_per_second_{size}"] = measure_claims(launchpad, 20)
    figures["claims_per_second"] = figures[f"claims_per_second_{SIZES[-1]}"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    # the bodies of the fireworks are found in this file
    here = str(Path(__file__).resolve().parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as temporary:
        figures = run(Path(temporary), quick=quick)
    rounded = {
        name: float(f"{value:.3g}") if isinstance(value, float) else value
        for name, value in figures.items()
    }
    for name, value in rounded.items():
        print(f"{name:32} {value}")
    print(json.dumps({**rounded, "quick": quick}))


if __name__ == "__main__":
    main()
