"""Ask the queue of this machine which jobs it knows."""

from __future__ import annotations

import shutil
import subprocess

__all__ = ["find_queue_program", "list_queue_jobs"]

_COMMANDS = {"squeue": ["squeue", "-h", "-o", "%i"], "qstat": ["qstat"]}
TIMEOUT_S = 30.0


def find_queue_program() -> str | None:
    """Return ``squeue`` or ``qstat``, whichever is installed here; None without any."""
    return next((name for name in _COMMANDS if shutil.which(name)), None)


def list_queue_jobs() -> set[str] | None:
    """Return the numbers of waiting and running jobs; None where no queue answers."""
    name = find_queue_program()
    if name is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 (a fixed command)
            _COMMANDS[name], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    first_words = (line.split()[0] for line in done.stdout.splitlines() if line.strip())
    return {word.partition(".")[0] for word in first_words}
