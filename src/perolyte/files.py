"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

__all__ = ["flush_folder", "replace_file"]


def replace_file(
    path: str | Path,
    content: bytes | str,
    *,
    mode: int = 0o666,
    lasting: bool = True,
    alone: bool = False,
) -> Path:
    """Write a file beside its place and move it there, so that nobody ever sees half of it.

    Parameters
    ----------
    path
        The file; its folder is made if it is missing.
    content
        Bytes, or text that is written as UTF-8.
    mode
        Permissions, less those that the process withholds (umask).
    lasting
        Return only when it is on the disk. Without it, a crash of the machine may lose the file,
        but still leaves no half of it.

    alone
        No other process writes this file at the same time: what a killed one has left behind is
        overwritten instead of left.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OSError
        Where it cannot be written; what was there before is untouched, and nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_file(folder + "/note.txt", "σ").read_text(encoding="utf-8")
    'σ'
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    unique = "" if alone else f".{uuid4().hex}"
    temporary = path.with_name(f".{path.name}{unique}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        # best effort: the disk that refused the file may refuse this too
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if lasting:
        flush_folder(path.parent)
    return path


def flush_folder(folder: str | Path) -> None:
    """See that the names in a folder are on the disk.

    Raises
    ------
    OSError
        Where the folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
