"""Write a file so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

__all__ = ["replace_bytes", "replace_text"]


def replace_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8, see :func:`replace_bytes`."""
    return replace_bytes(path, text.encode("utf-8"))


def replace_bytes(path: str | Path, data: bytes) -> Path:
    """Write a file beside its place, then move it there in one step.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing.
    data
        Its content.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        When the folder cannot be written; the old file is then unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
