"""Progress of a running job, written to a small file that the runner reads."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from perolyte.files import replace_file
from perolyte.settings import HEARTBEAT_VARIABLE

__all__ = ["STEPS_KEY", "Heartbeat", "read_heartbeat"]

STEPS_KEY = "n_evaluations"
"""Where the metadata of a job say how far its heartbeat will count."""


class Heartbeat:
    """Counts evaluations and writes the count to ``$PEROLYTE_HEARTBEAT`` about once per second.

    Without the variable it only counts. The file is replaced atomically, so that a reader never
    sees half of it.

    Examples
    --------
    >>> beat = Heartbeat()
    >>> beat.tick()
    >>> beat.count
    1
    """

    interval_s = 1.0

    def __init__(self) -> None:
        self.count = 0
        self._last_write_s = 0.0

    def tick(self) -> None:
        """Count one evaluation, and write the count when the last write is old enough."""
        self.report(self.count + 1)

    def report(self, count: int) -> None:
        """Set the count, and write it when the last write is old enough."""
        self.count = count
        now_s = time.monotonic()
        target = os.environ.get(HEARTBEAT_VARIABLE)
        if target is None or now_s - self._last_write_s < self.interval_s:
            return
        self._last_write_s = now_s
        if not Path(target).parent.is_dir():
            return  # nobody waits for it any more
        # Progress is a convenience: a full disk must not end the physics. The store, which must be
        # written, reports the full disk itself.
        with suppress(OSError):
            content = json.dumps({"evaluations": self.count})
            replace_file(target, content, lasting=False, alone=True)


def read_heartbeat(path: str | Path) -> int | None:
    """Return the number of evaluations in a heartbeat file, or None where there is none yet."""
    try:
        return int(json.loads(Path(path).read_text(encoding="utf-8"))["evaluations"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
