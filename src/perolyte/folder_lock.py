"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perolyte.errors import StoreError

__all__ = ["lock_folder"]

_NAME = ".lock"


@contextmanager
def lock_folder(folder: Path, *, remedy: str = "give another folder") -> Iterator[None]:
    """Hold the lock of a folder. The system frees it when the process ends, however it ends.

    The file names process and host for people to read; that it exists says nothing, so that one
    left behind by a killed process never blocks. A process that holds the lock cannot take it a
    second time.

    Parameters
    ----------
    folder
        It is made if it is missing.
    remedy
        What the message advises.

    Raises
    ------
    StoreError
        If another process holds the lock, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, lock_folder(Path(folder)):
    ...     print(sorted(path.name for path in Path(folder).iterdir()))
    ['.lock']
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / _NAME).open("a+", encoding="utf-8")
    except OSError as err:
        raise StoreError(f"cannot write in {folder} ({err.strerror}); {remedy}") from err
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            handle.seek(0)
            raise StoreError(
                f"{folder} is in use by {_name_owner(handle.read())}; wait until it ends, or "
                f"{remedy}"
            ) from err
        except OSError as err:
            raise StoreError(
                f"{folder} lies on a file system without locks ({err.strerror}), where two runs "
                "could mix; give a folder on another one"
            ) from err
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        handle.flush()
        yield


def _name_owner(text: str) -> str:
    try:
        owner = json.loads(text)
        return f"process {owner['pid']} on {owner['host']}"
    except (ValueError, KeyError, TypeError):
        return "another process"  # which has not written its name yet
