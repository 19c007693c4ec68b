"""Which process this is, and whether another one on this machine still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

__all__ = ["describe_process", "is_gone", "is_left"]


def describe_process() -> dict[str, Any]:
    """Return host, process id, start of the process and the queue's job, as plain data."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "pid_start": _find_start(os.getpid()),
        "queue_job": os.environ.get("SLURM_JOB_ID") or os.environ.get("PBS_JOBID"),
    }


def is_gone(described: dict[str, Any]) -> bool:
    """Tell whether a process of this machine has ended; False for other machines.

    The start of the process tells it from a later one with the same number.

    Examples
    --------
    >>> is_gone(describe_process())
    False
    """
    if described.get("host") != socket.gethostname():
        return False
    start = _find_start(int(described["pid"]))
    return start is None or start != described.get("pid_start")


def is_left(host: str, folder: str) -> bool:
    """Tell whether no process of this machine works in a folder; False where that is not known.

    A launcher works in the launch's folder from before it takes a job until after its end.
    """
    if host != socket.gethostname():
        return False
    path = Path(folder).resolve()
    try:
        if os.geteuid() not in (0, path.stat().st_uid):
            return False  # the processes of others do not show where they work
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return not any(_works_in(entry, path) for entry in Path("/proc").glob("[0-9]*"))


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False


def _find_start(pid: int) -> str | None:
    """Return boot and clock ticks of the start of a live process; None where it is not alive."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    # a zombie has ended; its parent has not asked yet
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
