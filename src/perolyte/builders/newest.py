"""Newest documents of a store, and the documents that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from jobflow import JobStore
from monty.json import jsanitize

from perolyte.schemas import Document

__all__ = ["find_newest", "make_successor"]


def find_newest(
    store: JobStore,
    schema_name: str,
    *,
    campaign: str | None = None,
    uuids: Sequence[str | None] | None = None,
) -> list[dict[str, Any]]:
    """Return the newest document of each job whose output is of a schema, sorted by uuid.

    Parameters
    ----------
    store
        Connected.
    schema_name
        Class name of the documents.
    campaign, uuids
        Only these.

    Returns
    -------
    list of dict
        Whole job documents; large data stay references.
    """
    criteria: dict[str, Any] = {"output.schema_name": schema_name}
    if campaign is not None:
        criteria["output.campaign"] = campaign
    if uuids is not None:
        criteria["uuid"] = {"$in": [uuid for uuid in uuids if uuid is not None]}
    found = store.docs_store.query(criteria, sort={"index": 1})
    newest = {document["uuid"]: document for document in found}
    return [newest[uuid] for uuid in sorted(newest)]


def make_successor(stored: dict[str, Any], document: Document) -> dict[str, Any]:
    """Return the job document that follows a stored one: same job, next index, new output."""
    kept = {key: value for key, value in stored.items() if key not in {"_id", "output"}}
    return {
        **kept,
        "index": stored["index"] + 1,
        "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "output": jsanitize(document, strict=True, enum_values=True, allow_bson=True),
    }
