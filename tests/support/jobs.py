"""Jobs that worker processes can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from jobflow import Flow, Response, job

from perolyte.jobs import assign_identities


@job
def add(a, b):
    return a + b


@job
def add_logged(a, b, log):
    """Add, and leave a line in a file, so that a test can count how often the job ran."""
    with Path(log).open("a", encoding="utf-8") as handle:
        handle.write(f"{a}+{b}\n")
    return a + b


@job
def fail(message):
    sys.stdout.write("this goes to the log\n")
    raise ValueError(message)


@job
def fail_while(path):
    """Fail as long as a file exists."""
    if Path(path).exists():
        raise RuntimeError(f"{path} exists")
    return 1


@job
def describe(value, log=None):
    """Say what came in, None included."""
    if log is not None:
        with Path(log).open("a", encoding="utf-8") as handle:
            handle.write(f"{value}\n")
    return f"got {value}"


@job
def collect(values, log):
    """Return a list, and leave a line in a file."""
    with Path(log).open("a", encoding="utf-8") as handle:
        handle.write(f"{values}\n")
    return values


@job
def kill_own_worker():
    os.kill(os.getpid(), signal.SIGKILL)


@job
def exit_worker():
    sys.exit(7)


@job
def sleep(seconds, started=None):
    if started is not None:
        Path(started).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(seconds)
    return seconds


@job
def replace_by_sum(values):
    """Replace itself by a chain of additions: 0 + values[0] + values[1] + ..."""
    jobs = []
    total = 0
    for value in values:
        jobs.append(add(total, value))
        total = jobs[-1].output
    return Response(replace=assign_identities(Flow(jobs, output=total)))


@job
def replace_twice(value):
    """Replace itself by a job that replaces itself."""
    inner = replace_by_sum([value, value])
    return Response(replace=assign_identities(Flow([inner], output=inner.output)))


@job
def detour(value, log):
    """Answer, and have a job run before the children."""
    extra = add_logged(value, 100, log)
    return Response(output=value, detour=assign_identities(Flow([extra])))


@job
def addition(value, log):
    """Answer, and have a job run at any time."""
    extra = add_logged(value, 200, log)
    return Response(output=value, addition=assign_identities(Flow([extra])))


@job
def stop_children(value):
    return Response(output=value, stop_children=True)


@job
def stop_jobflow(value):
    return Response(output=value, stop_jobflow=True)
