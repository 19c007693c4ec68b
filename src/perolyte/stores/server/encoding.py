"""Documents to BSON, within the limits of MongoDB."""

from __future__ import annotations

from typing import Any

import bson
from bson.errors import BSONError

from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.frames import MAX_DOCUMENT_BYTES

__all__ = ["encode_document", "encode_id"]


def encode_document(document: dict[str, Any]) -> bytes:
    """Encode a document that shall be stored.

    Raises
    ------
    CommandError
        When a value has no place in BSON, or the document is over 16 MiB.
    """
    try:
        encoded = bson.encode(document)
    except (BSONError, OverflowError, UnicodeError) as error:
        raise CommandError(2, " ".join(str(error).split())[:300]) from error
    if len(encoded) > MAX_DOCUMENT_BYTES:
        raise CommandError(
            10334,
            f"BSONObj size {len(encoded)} is over the limit of {MAX_DOCUMENT_BYTES} bytes; "
            "keep large data in the additional store",
        )
    return encoded


def encode_id(document_id: Any) -> bytes:
    """Encode an ``_id`` as the key of a row.

    Raises
    ------
    CommandError
        When it is of a type that cannot be one.
    """
    if isinstance(document_id, (list, bson.Regex)) or document_id is None:
        raise CommandError(2, f"_id cannot be of type {type(document_id).__name__}")
    return encode_document({"_id": document_id})
