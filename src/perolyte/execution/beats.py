"""Signs of life of running jobs in the LaunchPad's database: who runs what, and how far it is.

FireWorks pings once an hour from a thread that ends when the database is away once. These come
every few seconds, name process and queue job, and go on when the database is back.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from perolyte.execution.processes import describe_process
from perolyte.potentials.heartbeat import STEPS_KEY, read_heartbeat
from perolyte.settings import HEARTBEAT_VARIABLE, read_positive_int

if TYPE_CHECKING:
    from types import TracebackType

    from fireworks import LaunchPad

__all__ = ["COLLECTION", "Beat", "beat_interval_s"]

COLLECTION = "perolyte_beats"
WRITE_TIMEOUT_S = 5.0
INTERVAL_VARIABLE = "PEROLYTE_BEAT_S"


def beat_interval_s() -> int:
    """Seconds between two signs of life (``PEROLYTE_BEAT_S``, default 15)."""
    return read_positive_int(INTERVAL_VARIABLE, 15)


class Beat:
    """Writes signs of life of one job from a thread, as long as the context lasts.

    Parameters
    ----------
    launchpad
        Where to write.
    fw_id
        The firework.
    note
        Of the firework: uuid, index, campaign, stage, name and number of steps.
    """

    def __init__(self, launchpad: LaunchPad, fw_id: int, note: dict[str, Any]) -> None:
        self._collection = launchpad.db[COLLECTION]
        self._fw_id = fw_id
        kept = ("uuid", "index", "campaign", "stage", "name", STEPS_KEY)
        self._started_at = datetime.now(UTC)
        self._fixed = {key: note.get(key) for key in kept} | describe_process()
        self._fixed["started_at"] = self._started_at
        self._state = "running"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=10.0)
        self._state = "ended" if kind is None else "failed"
        self._write()

    def say(self, text: str) -> None:
        """Note what the job waits for; it is seen once the database is back."""
        self._state = text

    def _run(self) -> None:
        while True:
            self._write()
            if self._stop.wait(beat_interval_s()):
                return

    def _write(self) -> None:
        import pymongo
        from pymongo.errors import PyMongoError

        now = datetime.now(UTC)
        path = os.environ.get(HEARTBEAT_VARIABLE)
        fresh = {
            "at": now,
            "seconds": (now - self._started_at).total_seconds(),
            "n_done": read_heartbeat(path) if path else None,
            "state": self._state,
        }
        document = {"_id": self._fw_id, **self._fixed, **fresh}
        try:
            with pymongo.timeout(WRITE_TIMEOUT_S):
                self._collection.replace_one({"_id": self._fw_id}, document, upsert=True)
        except PyMongoError:
            return  # the next one may get through; the job itself waits for the database
