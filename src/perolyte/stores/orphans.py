"""Find and remove large data that nothing points to any more.

A process that is killed leaves chunks without a header. A job that runs again leaves the blobs of
its first run, to which its document no longer points.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from perolyte.stores.blobs import BlobStore
from perolyte.stores.completeness import find_blob_references
from perolyte.stores.payload_chunks import list_chunk_names

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = ["OrphanReport", "remove_orphans"]

_AT_ONCE = 500


@dataclass(frozen=True)
class OrphanReport:
    """What was found.

    Attributes
    ----------
    n_blobs : int
        Blobs that no document points to.
    n_chunks : int
        Chunks without a header, and those of these blobs.
    n_bytes : int
        Size of these blobs before compression.
    """

    n_blobs: int
    n_chunks: int
    n_bytes: int


def remove_orphans(
    store: JobStore, *, older_than_s: float = 86_400.0, dry_run: bool = False
) -> OrphanReport:
    """Remove blobs and chunks that nothing points to.

    Parameters
    ----------
    store : JobStore
        Connected.
    older_than_s : float
        Younger ones are left alone, in seconds: a job may be writing them now.
    dry_run : bool
        Count them only.

    Returns
    -------
    OrphanReport
        Of all additional stores together.
    """
    before = datetime.now(UTC) - timedelta(seconds=older_than_s)
    n_blobs = n_chunks = n_bytes = 0
    stores: dict[str, Any] = store.additional_stores  # type: ignore[has-type]
    for name, blobs in stores.items():
        if not isinstance(blobs, BlobStore):
            continue
        headers = list(_find_unreferenced(store, name, blobs, before))
        loose = _find_loose_chunks(blobs, headers, before)
        if not dry_run:
            for some in _in_groups(headers):
                blobs.remove_docs({"_id": {"$in": [header["_id"] for header in some]}})
            blobs.chunks.remove(loose)
        n_blobs += len(headers)
        n_bytes += sum(header.get("n_bytes", 0) for header in headers)
        n_chunks += len(loose)
    return OrphanReport(n_blobs, n_chunks, n_bytes)


def _find_unreferenced(
    store: JobStore, name: str, blobs: BlobStore, before: datetime
) -> Iterator[dict[str, Any]]:
    """Yield headers to which the document of their job does not point."""
    for some in _in_groups(blobs.headers.query()):
        uuids = sorted({str(header.get("job_uuid")) for header in some})
        wanted = {
            reference.blob_uuid
            for document in store.docs_store.query({"uuid": {"$in": uuids}}, ["output"])
            for reference in find_blob_references(document.get("output"))
            if reference.store_name == name
        }
        for header in some:
            made_at = header["_id"].generation_time
            if header.get("blob_uuid") not in wanted and made_at < before:
                yield header


def _find_loose_chunks(
    blobs: BlobStore, orphans: list[dict[str, Any]], before: datetime
) -> list[str]:
    """List old chunks that no header, but for those of orphans, points to.

    Chunks are listed before headers are read: a header that is written meanwhile points to chunks
    that were there before it.
    """
    listed = [chunk.name for chunk in blobs.chunks.list_chunks() if chunk.changed_at < before]
    dropped = {header["_id"] for header in orphans}
    used: set[str] = set()
    for header in blobs.headers.query():
        if header["_id"] not in dropped:
            used.update(list_chunk_names(header, blobs.chunks))
    return [name for name in listed if name not in used]


def _in_groups(items: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for item in items:
        group.append(item)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group
