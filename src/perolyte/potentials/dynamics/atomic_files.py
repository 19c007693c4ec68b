"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from perolyte.errors import StoreError

__all__ = ["hash_bytes", "write_atomically"]


def hash_bytes(content: bytes) -> str:
    """Return the SHA-256.

    Examples
    --------
    >>> hash_bytes(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, see it on the disk, then move it there.

    Raises
    ------
    StoreError
        If the disk is full or cannot be written; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as err:
        # best effort: the disk that refused the file may refuse this too
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path} ({len(content)} bytes: {err.strerror or err}); make room, then "
            "call again with the same inputs: the run goes on from its last checkpoint"
        ) from err


def _sync_folder(folder: Path) -> None:
    """See the new name on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
