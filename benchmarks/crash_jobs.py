"""Jobs of the crash benchmark; launchers import this module."""

from __future__ import annotations

import os
import time
from pathlib import Path

from jobflow import Flow, Response, job

from perolyte.jobs import assign_identities


@job
def add(first: int, second: int, seconds: float) -> int:
    """Add two numbers slowly, and leave a line in a file."""
    time.sleep(seconds)
    with Path(os.environ["CRASH_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{first}+{second}\n")
    return first + second


@job
def spread(start: int, width: int, seconds: float) -> Response:
    """Replace itself by additions side by side and their sum."""
    jobs = [add(start, offset, seconds) for offset in range(width)]
    total = sum_up([one.output for one in jobs])
    return Response(replace=assign_identities(Flow([*jobs, total], output=total.output)))


@job
def sum_up(values: list[int]) -> int:
    """Add all up."""
    return sum(values)


def build(n_jobs: int, seconds: float, width: int = 12) -> tuple[Flow, int, int]:
    """Return a flow of about so many jobs, its result, and the number of its documents."""
    n_branches = max(1, round((n_jobs - 1) / (width + 3)))
    branches = [spread(100 * i, width, seconds) for i in range(n_branches)]
    total = sum_up([branch.output for branch in branches])
    flow = assign_identities(Flow([*branches, total], output=total.output, name="crashes"))
    expected = sum(100 * i + offset for i in range(n_branches) for offset in range(width))
    return flow, expected, n_branches * (width + 3) + 1
