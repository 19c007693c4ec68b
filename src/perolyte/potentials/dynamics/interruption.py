"""Signals that ask a run to end: they are remembered, and acted on between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["Interruption", "catch_interruption"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """What came in.

    Attributes
    ----------
    number
        Of the signal, None while none came.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Remember a signal. A second one of the same kind ends the process as usual."""
        self.number = number
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else _interrupt)

    def leave(self) -> NoReturn:
        """Raise what the signal stands for.

        Raises
        ------
        KeyboardInterrupt
            After SIGINT.
        SystemExit
            After SIGTERM, with status 143.
        """
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + int(self.number or signal.SIGTERM))


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def catch_interruption() -> Iterator[Interruption]:
    """Catch SIGINT and SIGTERM in the main thread; elsewhere nothing is caught."""
    seen = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = {number: signal.signal(number, seen.note) for number in _SIGNALS}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
