"""Impedance documents in the store: one for each content of a file and each question."""

from __future__ import annotations

import json
import uuid as uuid_module
from collections.abc import Sequence
from datetime import UTC, datetime

from monty.json import jsanitize

from perolyte import __version__
from perolyte.schemas import ImpedanceDoc
from perolyte.stores import open_store

__all__ = ["keep_documents", "name_document"]

_NAMESPACE = uuid_module.UUID("5b1c3f8e-2f0a-5d0e-8a7b-9d6e4c2b1a70")


def name_document(document: ImpedanceDoc, *, imaginary: str, max_arcs: int) -> str:
    """Return the uuid that the file's content, the sample and the options give.

    The same command again replaces its documents; another assumption makes another document.
    """
    asked = {
        "version": __version__,
        "sha256": document.provenance.input_hash,
        "sample": document.sample.model_dump(),
        "imaginary": imaginary,
        "max_arcs": max_arcs,
    }
    return str(uuid_module.uuid5(_NAMESPACE, json.dumps(asked, sort_keys=True)))


def keep_documents(documents: Sequence[ImpedanceDoc], location: str) -> None:
    """Write documents beside those of computed results.

    Raises
    ------
    StoreError
        When the store cannot be opened or written.
    """
    store = open_store(location)
    try:
        entries = [
            {
                "uuid": document.uuid,
                "index": 1,
                "name": f"impedance {document.name}",
                "output": jsanitize(document, strict=True, enum_values=True, allow_bson=True),
                "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
                "metadata": {},
                "hosts": [],
            }
            for document in documents
        ]
        if entries:
            store.docs_store.update(entries, key=["uuid", "index"])
    finally:
        store.close()
