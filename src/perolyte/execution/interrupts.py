"""Ctrl-C while processes are started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

__all__ = ["hold_interrupts", "ignore_interrupts"]


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait until the block ends; processes that are started in it begin without it.

    A terminal sends Ctrl-C to workers as well. One that is still importing would end with a
    traceback on the screen; it says what it does with the signal by `ignore_interrupts`.
    """
    resource_tracker.ensure_running()  # when it starts, it lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one, also the one that waits already."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
