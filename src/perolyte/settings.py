"""Settings of this machine, read from the environment.

Physics never depends on them: they say how many processes and threads to use and where a running
job reports its progress.
"""

from __future__ import annotations

import os
from pathlib import Path

from perolyte.errors import InputError

__all__ = [
    "HEARTBEAT_VARIABLE",
    "RUN_FOLDER_VARIABLE",
    "default_n_workers",
    "read_positive_int",
    "run_folder",
    "torch_threads",
]

HEARTBEAT_VARIABLE = "PEROLYTE_HEARTBEAT"
"""Environment variable that names the file a running job writes its progress to."""

RUN_FOLDER_VARIABLE = "PEROLYTE_RUN_FOLDER"
"""Environment variable that names the folder in which MD keeps its checkpoints."""


def run_folder() -> Path:
    """Folder for checkpoints and frames of running MD (``PEROLYTE_RUN_FOLDER``).

    By default ``md`` in the working directory. On a cluster set it to scratch space that every
    node sees: then a job that was killed goes on from its last checkpoint wherever it is run
    again.
    """
    given = os.environ.get(RUN_FOLDER_VARIABLE)
    return Path(given) if given else Path.cwd() / "md"


def read_positive_int(variable: str, default: int) -> int:
    """Read a whole number of at least 1 from an environment variable.

    Raises
    ------
    InputError
        If the variable is set to anything else.

    Examples
    --------
    >>> read_positive_int("PEROLYTE_NO_SUCH_VARIABLE", 3)
    3
    """
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.strip().isdecimal() or int(text) < 1:
        raise InputError(
            f"{variable}={text!r} is not a whole number of at least 1; unset it or give one"
        )
    return int(text)


def torch_threads() -> int:
    """Threads that torch may use in one process (``PEROLYTE_TORCH_THREADS``, default 1).

    One thread per process and one process per core is the default, because two threads on a busy
    two-core machine were measured to be slower than one.
    """
    return read_positive_int("PEROLYTE_TORCH_THREADS", 1)


def default_n_workers() -> int:
    """Worker processes of a local run (``PEROLYTE_WORKERS``, default: cores, at most 4).

    A worker with CHGNet takes about 1.5 GB for cells of 60 atoms: that is why the default stops
    at 4.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return read_positive_int("PEROLYTE_WORKERS", min(4, max(1, available or 1)))
