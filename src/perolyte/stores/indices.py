"""Indices of a store: the fields that jobflow, resuming and `Results` search by."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = ["BLOB_FIELDS", "DOCUMENT_FIELDS", "ensure_indices"]

DOCUMENT_FIELDS = (
    "uuid",
    "output.schema_name",
    "output.@class",
    "output.campaign",
    "output.status",
)
"""Of job documents. Conditions on numbers are tested on the documents of one schema."""

BLOB_FIELDS = ("blob_uuid", "job_uuid")


def ensure_indices(store: JobStore) -> None:
    """Make the indices that are missing, in any kind of store.

    Parameters
    ----------
    store : JobStore
        Connected.
    """
    for field in DOCUMENT_FIELDS:
        store.docs_store.ensure_index(field)
    _keep_documents_apart(store.docs_store)
    stores: dict[str, Any] = store.additional_stores  # type: ignore[has-type]
    for blobs in stores.values():
        for field in BLOB_FIELDS:
            blobs.ensure_index(field)


def _keep_documents_apart(docs: Any) -> None:
    """Let a server refuse a second document of one job, however many write at once.

    In a file one process writes at a time, so that none can be doubled.
    """
    from maggma.stores import MongoStore
    from pymongo.errors import OperationFailure

    if type(docs) is not MongoStore:
        return
    with suppress(OperationFailure):  # an account without the right, or a store with doubles
        docs._collection.create_index([("uuid", 1), ("index", 1)], unique=True)
