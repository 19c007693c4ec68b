"""Whether a stored job output is whole.

jobflow writes the document of a job before its blobs, so a process that is killed between the two
leaves a document that points to nothing. Such a document does not count as an output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = [
    "BlobReference",
    "find_additional_store",
    "find_blob_references",
    "find_complete_output",
]


@dataclass(frozen=True)
class BlobReference:
    """Where a document points to a blob.

    Attributes
    ----------
    path : tuple of str or int
        Keys and list positions that lead to the reference.
    store_name : str
        Name of the additional store that holds the blob.
    blob_uuid : str
        Which blob.
    """

    path: tuple[str | int, ...]
    store_name: str
    blob_uuid: str


def find_blob_references(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[BlobReference]:
    """Yield every reference to a blob in a document.

    Parameters
    ----------
    value : dict, list or scalar
        A document, or a part of one.
    path : tuple of str or int
        Where `value` sits.

    Examples
    --------
    >>> document = {"output": {"frames": {"blob_uuid": "b1", "store": "data"}}}
    >>> next(find_blob_references(document)).path
    ('output', 'frames')
    """
    if isinstance(value, dict):
        if "blob_uuid" in value and "store" in value:
            yield BlobReference(path, value["store"], value["blob_uuid"])
            return
        for name, child in value.items():
            yield from find_blob_references(child, (*path, name))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from find_blob_references(child, (*path, position))


def find_additional_store(store: JobStore, name: str) -> Any:
    """Return the additional store of this name, or None."""
    stores: dict[str, Any] = store.additional_stores  # type: ignore[has-type]
    return stores.get(name)


def find_complete_output(
    store: JobStore, uuid: str, *, index: int | None = None
) -> dict[str, Any] | None:
    """Return the newest document of a job of which all blobs exist, or None.

    Parameters
    ----------
    store : JobStore
        Connected store.
    uuid : str
        The job.
    index : int, optional
        Only this index: a job that replaced itself has one document for each.

    Returns
    -------
    dict or None
        The job document with the highest ``index`` that is whole; blobs stay references, their
        data are not read.
    """
    criteria: dict[str, Any] = {"uuid": uuid}
    if index is not None:
        criteria["index"] = index
    for document in store.docs_store.query(criteria, sort={"index": -1}):
        if not _has_missing_blobs(store, document):
            return dict(document)
    return None


def _has_missing_blobs(store: JobStore, document: dict[str, Any]) -> bool:
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for reference in find_blob_references(document.get("output")):
        wanted[reference.store_name].add(reference.blob_uuid)
    for name, uuids in wanted.items():
        blobs = find_additional_store(store, name)
        if blobs is None:
            return True
        # `distinct` looks only at metadata in every kind of store; a GridFS query would load data
        present = blobs.distinct("blob_uuid", {"blob_uuid": {"$in": sorted(uuids)}})
        if not uuids <= set(present):
            return True
    return False
