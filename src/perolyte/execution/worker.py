"""A worker process: takes one job after the other, runs it, and answers what came of it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monty.json import MontyDecoder, MontyEncoder

from perolyte.child_processes import prepare_child
from perolyte.errors import StoreError
from perolyte.execution.outbox import KeepingStore
from perolyte.execution.running import run_one
from perolyte.settings import HEARTBEAT_VARIABLE, RUN_FOLDER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobflow import Job, JobStore

__all__ = ["HEARTBEAT_NAME", "LOG_NAME", "RUNS_NAME", "serve"]

LOG_NAME = "job.log"
HEARTBEAT_NAME = "heartbeat.json"
RUNS_NAME = "md"


def serve(connection: Connection, store_json: str, parent_pid: int) -> None:
    """Serve jobs from a connection until it closes.

    Interrupts are the parent's business: it decides what happens to running jobs.
    """
    prepare_child(parent_pid)
    store: JobStore = json.loads(store_json, cls=MontyDecoder)
    store.connect()
    while True:
        try:
            request = connection.recv()
        except EOFError:
            break
        if request is None:
            break
        connection.send(_answer(request, store))
    store.close()


def _answer(request: dict[str, str], store: JobStore) -> dict[str, Any]:
    folder = Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[HEARTBEAT_VARIABLE] = str(folder / HEARTBEAT_NAME)
    # beside the job's own folder, which is emptied when the job is started again
    os.environ.setdefault(RUN_FOLDER_VARIABLE, str(folder.parent / RUNS_NAME))
    with _output_to(folder / LOG_NAME):
        try:
            os.chdir(folder)
            job: Job = json.loads(request["job"], cls=MontyDecoder)
            response = run_one(job, KeepingStore(store))
            return {
                "error": None,
                "replace": _as_json(response.replace),
                "detour": _as_json(response.detour),
                "addition": _as_json(response.addition),
                "stop_children": response.stop_children,
                "stop_jobflow": response.stop_jobflow,
            }
        except Exception as err:  # noqa: BLE001 (a job may raise anything; the parent reports it)
            with suppress(OSError):  # the log may be on the disk that is full
                traceback.print_exc()
            text = f"{type(err).__name__}: {err}".splitlines()[0]
            return {"error": text, "store_error": isinstance(err, StoreError)}


def _as_json(flow: Any) -> str | None:
    return None if flow is None else json.dumps(flow, cls=MontyEncoder)


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what the job and its libraries print to a file, at the level of file descriptors."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            with suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
