"""Files that are there whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from perolyte.errors import StoreError
from perolyte.files import replace_file

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
    try:
        replace_file(path, content, alone=True)
    except OSError as err:
        raise StoreError(
            f"cannot write {path} ({len(content)} bytes: {err.strerror or err}); make room, then "
            "call again with the same inputs: the run goes on from its last checkpoint"
        ) from err
