"""Run a flow on this machine: several worker processes, one store, resumable at any time."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from jobflow import Flow, Job, JobStore
from jobflow.core.flow import get_flow
from monty.json import MontyDecoder, MontyEncoder

from perolyte.child_processes import hold_interrupts
from perolyte.errors import ExecutionError, StoreError
from perolyte.execution.graph import JobGraph, Node
from perolyte.execution.local_state import LocalState
from perolyte.execution.reuse import find_reusable
from perolyte.execution.worker import HEARTBEAT_NAME, RUNS_NAME, serve
from perolyte.folder_lock import lock_folder
from perolyte.settings import default_n_workers

__all__ = ["LocalRunner", "Observer", "RunReport", "run_flow"]

POLL_S = 0.5


class Observer:
    """Is told what happens; this one does nothing. The command line shows progress with another."""

    def job_started(self, node: Node, heartbeat: Path) -> None:
        """Handle the start of a job; ``heartbeat`` is the file it reports progress to."""

    def job_ended(self, node: Node) -> None:
        """Handle the end of a job, by whichever way: see ``node.state`` and ``node.reused``."""

    def tick(self, graph: JobGraph) -> None:
        """Handle the passing of about half a second."""


@dataclass
class RunReport:
    """What came of a run."""

    n_done: int
    n_reused: int
    failed: dict[str, str] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    done_uuids: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether every job is done."""
        return not self.failed and not self.blocked

    def finished(self, uuid: str) -> bool:
        """Whether the job with this uuid is done."""
        return uuid in self.done_uuids


@dataclass
class _Worker:
    process: multiprocessing.process.BaseProcess
    connection: Connection
    node: Node | None = None


def run_flow(
    flow: Flow | Job,
    store: JobStore,
    *,
    folder: str | Path,
    n_workers: int | None = None,
    observer: Observer | None = None,
) -> RunReport:
    """Run a flow to its end on this machine.

    Jobs that the store already holds are not run again: give the flow deterministic identities
    first (flows of perolyte have them, see :func:`perolyte.jobs.assign_identities`).

    Parameters
    ----------
    flow
        A flow or job.
    store
        A connected store that other processes can open too: from
        :func:`perolyte.stores.open_store`, not a ``MemoryStore``.
    folder
        For logs and heartbeats of running jobs, and the lock that keeps a second run out.
    n_workers
        Worker processes; default: :func:`perolyte.settings.default_n_workers`.
    observer
        Is told what happens.

    Raises
    ------
    StoreError
        If another run is using the folder.
    KeyboardInterrupt
        After ending the workers; nothing but the jobs that were running is lost.
    """
    runner = LocalRunner(
        store,
        Path(folder),
        n_workers=n_workers or default_n_workers(),
        observer=observer or Observer(),
    )
    return runner.run(get_flow(flow, allow_external_references=True))


class LocalRunner:
    """Schedules jobs over worker processes. Use :func:`run_flow`."""

    def __init__(
        self, store: JobStore, folder: Path, *, n_workers: int, observer: Observer
    ) -> None:
        self.store = store
        self.folder = folder.absolute()  # workers change their working directory
        self.n_workers = n_workers
        self.observer = observer
        self.graph = JobGraph()
        self._state = LocalState(self.folder)
        self._stop = False
        self._workers: list[_Worker] = []
        # A fresh interpreter per worker: torch's thread pools do not survive a fork.
        self._context = multiprocessing.get_context("spawn")

    def run(self, flow: Flow) -> RunReport:
        """Run until every job has ended."""
        with lock_folder(self.folder):
            self.graph.add_flow(flow)
            try:
                while not self.graph.ended and not self._stop:
                    self._start_ready()
                    self._collect()
                    self._state.write(self.graph, self._folder_of)
                    self.observer.tick(self.graph)
            finally:
                self._end_workers()
            self._state.write(self.graph, self._folder_of, at_end=True)
        return self._report()

    def _start_ready(self) -> None:
        for node in self.graph.ready():
            if self._reuse(node):
                continue
            worker = self._idle_worker()
            if worker is None:
                break
            self._start(node, worker)

    def _reuse(self, node: Node) -> bool:
        """Take a finished job's document from the store instead of running the job again."""
        uuid, index = node.key
        if find_reusable(self.store, uuid, index, node.parents) is None:
            return False
        node.state, node.reused = "done", True
        self.observer.job_ended(node)
        return True

    def _start(self, node: Node, worker: _Worker) -> None:
        folder = self._folder_of(node)
        shutil.rmtree(folder, ignore_errors=True)
        node.state, worker.node = "running", node
        self._state.job_started(node)
        self.observer.job_started(node, folder / HEARTBEAT_NAME)
        request = {"job": json.dumps(node.job, cls=MontyEncoder), "folder": str(folder)}
        try:
            worker.connection.send(request)
        except ConnectionError:
            self._finish(worker, {"error": self._describe_death(worker)})

    def _collect(self) -> None:
        busy = {w.connection: w for w in self._workers if w.node is not None}
        if not busy:
            if not self.graph.ended and not self.graph.ready():
                names = [n.job.name for n in self.graph.nodes.values() if n.state == "waiting"]
                raise ExecutionError(f"jobs wait for outputs that nobody makes: {names[:5]}")
            return
        for connection in wait(list(busy), timeout=POLL_S):
            worker = busy[connection]  # type: ignore[index]
            try:
                answer = worker.connection.recv()
            except (EOFError, ConnectionError):
                answer = {"error": self._describe_death(worker)}
            self._finish(worker, answer)

    def _finish(self, worker: _Worker, answer: dict[str, Any]) -> None:
        node, worker.node = worker.node, None
        if node is None:
            raise ExecutionError("a worker answered without having been asked")
        folder = self._folder_of(node)
        if answer["error"] is not None:
            if answer.get("store_error"):
                # Without a store nothing that is computed can be kept: stop at once.
                raise StoreError(f"job {node.job.name!r} could not be stored: {answer['error']}")
            node.state = "failed"
            node.error = f"{answer['error']} (log: {folder / 'job.log'})"
        else:
            node.state = "done"
            shutil.rmtree(folder, ignore_errors=True)
            if not answer["replace"]:
                # frames and checkpoints of its MD, which are in the store now
                shutil.rmtree(self.folder / RUNS_NAME / node.job.uuid, ignore_errors=True)
            self._divert(node, answer)
        self._state.job_ended(node)
        self.observer.job_ended(node)

    def _divert(self, node: Node, answer: dict[str, Any]) -> None:
        for kind in ("replace", "detour", "addition"):
            if answer[kind] is not None:
                flow = json.loads(answer[kind], cls=MontyDecoder)
                self.graph.add_flow(flow, holds=None if kind == "addition" else node.job.uuid)
        if answer["stop_children"]:
            self.graph.stop_children(node.job.uuid)
        self._stop = self._stop or bool(answer["stop_jobflow"])

    def _idle_worker(self) -> _Worker | None:
        for worker in list(self._workers):
            if worker.node is None and not worker.process.is_alive():
                self._describe_death(worker)
            elif worker.node is None:
                return worker
        if len(self._workers) >= self.n_workers:
            return None
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve,
            args=(theirs, json.dumps(self.store, cls=MontyEncoder), os.getpid()),
            daemon=True,
        )
        with hold_interrupts():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _describe_death(self, worker: _Worker) -> str:
        worker.process.join(timeout=5)
        self._workers.remove(worker)
        worker.connection.close()
        code = worker.process.exitcode
        hint = "; out of memory? use fewer workers (--workers 1)" if code == -9 else ""
        return f"the worker process ended with code {code}{hint}"

    def _end_workers(self) -> None:
        for worker in self._workers:
            if worker.node is None and worker.process.is_alive():
                try:
                    worker.connection.send(None)
                except OSError:
                    worker.process.terminate()
            else:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(timeout=10)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.connection.close()
        self._workers.clear()

    def _folder_of(self, node: Node) -> Path:
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", node.job.name).strip("-")[:40]
        return self.folder / f"{slug}-{node.job.uuid[:8]}-{node.job.index}"

    def _report(self) -> RunReport:
        nodes = list(self.graph.nodes.values())
        failed: dict[str, str] = {}
        for node in nodes:
            if node.state == "failed":
                known = node.job.name in failed
                name = f"{node.job.name} ({node.job.uuid})" if known else node.job.name
                failed[name] = node.error or ""
        return RunReport(
            n_done=sum(n.state == "done" for n in nodes),
            n_reused=sum(n.reused for n in nodes),
            failed=failed,
            blocked=[n.job.name for n in nodes if n.state == "blocked"],
            done_uuids=frozenset(n.job.uuid for n in nodes if n.state == "done"),
        )
