"""A stand-in for the computation of barriers that ends its process; worker processes import it."""

from __future__ import annotations

import os
import signal

from perolyte.cli.bvse_worker import Answer, Request, Task
from perolyte.schemas import BvseDoc
from support.documents import PROVENANCE


def die_at_1(task: Task, request: Request, memory_limit_GB: float) -> Answer:
    """Answer without computing; the file named 1 ends its process."""
    if task.stem == "1":
        os.kill(os.getpid(), signal.SIGSEGV)
    document = BvseDoc(
        name=task.name,
        status="converged",
        provenance=PROVENANCE,
        formula="",
        structure=None,
        ion=request.ion,
        settings=request.settings,
    )
    return Answer(document)
