"""One run at a time in one folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perolyte.errors import StoreError

__all__ = ["lock_folder"]


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder; the system frees it when the process ends, however it ends.

    Raises
    ------
    StoreError
        If another process holds the lock, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("a+", encoding="utf-8")
    except OSError as err:
        raise StoreError(
            f"cannot write in {folder} ({err.strerror}); choose another folder with -o"
        ) from err
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            raise StoreError(
                f"another run (process {owner}) is using {folder}; wait for it, or choose another "
                "folder with -o"
            ) from err
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
