"""Wait for a database that is away, with growing pauses, and say so."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from perolyte.errors import StoreError
from perolyte.settings import read_positive_int

__all__ = ["DatabaseAwayError", "DatabaseWait", "database_wait_s", "is_away"]

Answer = TypeVar("Answer")

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
WAIT_VARIABLE = "PEROLYTE_DATABASE_WAIT_S"
DEFAULT_WAIT_S = 3600


class DatabaseAwayError(StoreError):
    """The database did not come back in time; nothing but time is lost."""


def database_wait_s() -> int:
    """Seconds that a job waits for the database (``PEROLYTE_DATABASE_WAIT_S``, default an hour)."""
    return read_positive_int(WAIT_VARIABLE, DEFAULT_WAIT_S)


def is_away(error: BaseException | None) -> bool:
    """Tell whether an error, or what caused it, is that the database does not answer."""
    from pymongo.errors import ConnectionFailure

    while error is not None:
        if isinstance(error, ConnectionFailure):
            return True
        error = error.__cause__
    return False


class DatabaseWait:
    """Calls something that needs the database again and again until the database answers.

    Parameters
    ----------
    wait_s
        How long to wait, s; None for `database_wait_s`.
    say
        Is told what happens, one line at a time; by default on standard error.
    """

    def __init__(self, wait_s: float | None = None, say: Callable[[str], None] | None = None):
        self.wait_s = database_wait_s() if wait_s is None else wait_s
        self.say = say or _write_to_stderr

    def call(self, action: Callable[[], Answer], *, purpose: str, kept: str = "") -> Answer:
        """Return what the action answers once the database is there.

        Parameters
        ----------
        action
            Must be safe to repeat.
        purpose
            What it is for, as in "to store the output of relax parent".
        kept
            Where the work is safe meanwhile.

        Raises
        ------
        DatabaseAwayError
            When the database stays away.
        """
        start_s = time.monotonic()
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return action()
            except Exception as err:
                if not is_away(err):
                    raise
                waited_s = time.monotonic() - start_s
                safe = f"; {kept}" if kept else ""
                if waited_s >= self.wait_s:
                    raise DatabaseAwayError(
                        f"the database did not answer for {waited_s:.0f} s {purpose}{safe}; start "
                        "it again and run 'perolyte repair'"
                    ) from err
                self.say(
                    f"the database does not answer ({type(err).__name__}); waiting {pause_s:.0f} s "
                    f"{purpose}{safe}"
                )
            time.sleep(min(pause_s, max(0.0, self.wait_s - waited_s)))
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)


def _write_to_stderr(text: str) -> None:
    sys.stderr.write(f"perolyte: {text}\n")
    sys.stderr.flush()
