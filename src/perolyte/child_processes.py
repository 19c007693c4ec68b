"""Processes that work for this one: they leave Ctrl-C to it and end when it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, Self

__all__ = ["ProcessPool", "hold_interrupts", "prepare_child"]

_LOOK_S = 0.5


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Have processes that are started in the block begin with Ctrl-C held back.

    A terminal sends Ctrl-C to children as well. One that is still importing would end with a
    traceback on the screen; it says what it does with the signal by `prepare_child`. This process
    is interrupted as ever: at the end of the block, or within it where it has other threads.
    """
    resource_tracker.ensure_running()  # when it starts, it lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prepare_child(parent_pid: int) -> None:
    """Leave Ctrl-C to the parent, also one that waits already, and end when the parent is gone.

    Parameters
    ----------
    parent_pid
        As the parent knows it: it may be gone by now. However it ended, no orphan computes what
        nobody reads.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(parent_pid,), daemon=True).start()


class ProcessPool:
    """Processes that survive each other, all ended at exit, whatever happens.

    Parameters
    ----------
    n_workers
        Of processes.
    initializer
        Called in each process before its first task.
    initargs
        Arguments of the initializer.
    env
        Variables that processes begin with.
    """

    def __init__(
        self,
        n_workers: int,
        initializer: Callable[..., None] | None = None,
        initargs: tuple[Any, ...] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        from joblib.externals.loky import ProcessPoolExecutor
        from joblib.externals.loky.backend import resource_tracker as tracker_of_loky

        tracker_of_loky.ensure_running()  # as in hold_interrupts
        self._executor = ProcessPoolExecutor(
            max_workers=n_workers,
            initializer=_begin,
            initargs=(os.getpid(), initializer, initargs),
            env=None if env is None else dict(env),
        )

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a task done by a process; the first ones start the processes."""
        with hold_interrupts():
            future: Future[Any] = self._executor.submit(task, *arguments)
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(wait=True, kill_workers=True)


def _begin(
    parent_pid: int, initializer: Callable[..., None] | None, initargs: tuple[Any, ...]
) -> None:
    prepare_child(parent_pid)
    if initializer is not None:
        initializer(*initargs)


def _end_with_parent(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(_LOOK_S)
    os._exit(1)
