"""Read structures into documents: one file, thousands of files over all cores, or any source."""

from __future__ import annotations

import dataclasses
import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from pathlib import Path

from perolyte.errors import InputError
from perolyte.schemas import StructureDoc
from perolyte.settings import default_n_workers
from perolyte.sources.base import LoadedStructure, StructureSource
from perolyte.sources.documents import build_structure_document, reject_structure
from perolyte.sources.folder import MAX_FILE_MB, FolderSource, load_file
from perolyte.sources.pool import ReadingPool, read_guarded

__all__ = ["TIME_LIMIT_S", "hash_file", "ingest_batch", "ingest_one", "ingest_source"]

TIME_LIMIT_S = 10.0
_BYTES_PER_MB = 1e6


def ingest_one(path: str | Path, *, keep_structure: bool = True) -> StructureDoc:
    """Read and classify one file.

    Parameters
    ----------
    path : str or pathlib.Path
        A CIF or POSCAR file.
    keep_structure : bool
        Put the structure itself into the document.

    Returns
    -------
    StructureDoc
        A file that cannot be used gives a document with ``row_status`` "rejected" and the reason.

    Examples
    --------
    >>> ingest_one("missing.cif").row_status
    'rejected'
    """
    name = Path(path).name
    try:
        loaded = load_file(str(path))
    except InputError as error:
        return reject_structure(name, str(error), path=str(path), sha256=hash_file(path))
    return build_structure_document(loaded, name, keep_structure=keep_structure)


def ingest_batch(
    paths: Sequence[str | Path],
    n_workers: int | None = None,
    *,
    keep_structure: bool = True,
    time_limit_s: float = TIME_LIMIT_S,
) -> Iterator[StructureDoc]:
    """Read files over several processes; documents come in the order of the files.

    Memory does not grow with the number of files: documents are handed out as soon as those before
    them are, and the processes are replaced now and then. A file that crashes its process, or keeps
    it for longer than the limit, gives a rejected document and costs no other file.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Files.
    n_workers : int, optional
        Processes; default: :func:`perolyte.settings.default_n_workers`. Inside a worker process of
        a local run, which may not start others, the files are read one after the other.
    keep_structure : bool
        Put the structures themselves into the documents.
    time_limit_s : float
        For one file, in seconds.

    Yields
    ------
    StructureDoc
        One for each file.
    """
    plain = [str(path) for path in paths]
    if multiprocessing.current_process().daemon:
        for path in plain:
            yield read_guarded(path, ingest_one, keep_structure, time_limit_s)
        return
    pool = ReadingPool(
        ingest_one,
        n_workers=n_workers or default_n_workers(),
        keep_structure=keep_structure,
        time_limit_s=time_limit_s,
    )
    yield from pool.read(plain)


def ingest_source(
    source: StructureSource, *, keep_structure: bool = True
) -> Iterator[StructureDoc]:
    """Load the items of a source one after the other.

    Parameters
    ----------
    source : StructureSource
        A folder, a database, an answer of a server.
    keep_structure : bool
        Put the structures themselves into the documents.

    Yields
    ------
    StructureDoc
        One for each item; rejected where its ``load`` raises ``InputError``.

    Raises
    ------
    InputError
        When the source as a whole cannot be used.
    """
    for item in source:
        try:
            loaded = item.load()
            if source.kind != FolderSource.kind:  # the reader of files has looked already
                loaded = _check(loaded, item.name)
        except InputError as error:
            yield reject_structure(item.name, str(error), source=source.kind)
            continue
        yield build_structure_document(loaded, item.name, keep_structure=keep_structure)


def _check(loaded: LoadedStructure, name: str) -> LoadedStructure:
    """Add what looks wrong in a structure of a database; raise what no crystal can be."""
    from perolyte.structures.checks import check_structure, warn_about_structure

    found = [*check_structure(loaded.structure, name), *warn_about_structure(loaded.structure)]
    remarks = tuple((remark.code.value, str(remark)) for remark in found)
    return dataclasses.replace(loaded, warnings=(*loaded.warnings, *remarks))


def hash_file(path: str | Path) -> str | None:
    """Return the SHA-256 of a file, None where it cannot be read or is larger than 50 MB."""
    file = Path(path)
    try:
        if not file.is_file() or file.stat().st_size > MAX_FILE_MB * _BYTES_PER_MB:
            return None
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None
