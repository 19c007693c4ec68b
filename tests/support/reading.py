"""Readers of files that misbehave as their names say; worker processes can import them."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.queues import Queue
from pathlib import Path

from perolyte.schemas import StructureDoc
from perolyte.sources import ingest_batch
from support.documents import PROVENANCE


def make_document(path: str, **fields: object) -> StructureDoc:
    """A document of a file that nobody has read."""
    content = {
        "name": Path(path).name,
        "status": "converged",
        "row_status": "ok",
        "provenance": PROVENANCE,
        "source": "file",
        "path": path,
    }
    return StructureDoc.model_validate({**content, **fields})


def misbehave(path: str, *, keep_structure: bool) -> StructureDoc:
    """Die, sleep, or fail; any other name gives a document that says which process made it."""
    kind = Path(path).name.partition("_")[0]
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "sleep":
        time.sleep(60)
    if kind == "stuck":  # as compiled code that never comes back to the interpreter
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(60)
    if kind == "bug":
        return 1 / 0
    return make_document(path, source_id=f"{os.getpid()} {keep_structure}")


def read_formulas(path: str, answers: Queue[list[str | None]]) -> None:
    """Read a file twice and put its formulas into a queue."""
    answers.put([document.formula for document in ingest_batch([path, path])])


class EndsTheProcess:
    """Ends every process that unpickles it, before it has begun a file."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (9,)

    def __call__(self, path: str, *, keep_structure: bool) -> StructureDoc:
        raise AssertionError(path)
