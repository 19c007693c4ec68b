"""Which file a store is in."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["DEFAULT_FILE_NAME", "locate_store_file"]

DEFAULT_FILE_NAME = "perolyte.sqlite"


def locate_store_file(path: str | Path) -> Path:
    """Return the SQLite file that a path stands for (see `perolyte.stores.open_store`).

    Examples
    --------
    >>> locate_store_file("/scratch/llto.sqlite").name
    'llto.sqlite'
    """
    file = Path(path).expanduser().absolute()
    if file.is_dir() or (not file.exists() and (str(path).endswith(os.sep) or not file.suffix)):
        return file / DEFAULT_FILE_NAME
    return file
