"""Documents as rows of a table: BSON out and in, with one message for what cannot be stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bson
from bson.errors import BSONError

from perolyte.errors import StoreError

__all__ = ["Row", "decode_bson", "encode_bson", "prepare_row"]

_ID_TYPES = (str, int, bson.ObjectId)


@dataclass
class Row:
    """What one write does to one document.

    Attributes
    ----------
    document_id : ObjectId, str, int or None
        Its ``_id``; None until the store has looked for a document with the same key.
    document : dict or None
        The new content; None removes the document.
    """

    document_id: Any
    document: dict[str, Any] | None

    def encode(self, version: int) -> tuple[bytes, int, bytes | None]:
        """Return the columns ``id``, ``version`` and ``body``."""
        body = None if self.document is None else encode_bson(self.document)
        return self.encode_id(), version, body

    def encode_id(self) -> bytes:
        """Return the column ``id``."""
        return encode_bson({"_id": self.document_id})


def encode_bson(document: dict[str, Any]) -> bytes:
    """Encode a document.

    Raises
    ------
    StoreError
        When BSON has no place for one of the values.
    """
    try:
        return bson.encode(document)
    except (BSONError, OverflowError, UnicodeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise StoreError(
            f"A document cannot be stored: {reason}; use numbers of at most 64 bits, text, bytes, "
            "times, lists and dictionaries with text keys"
        ) from error


def decode_bson(data: bytes) -> dict[str, Any]:
    """Decode a document.

    Raises
    ------
    StoreError
        When the bytes are no BSON document.
    """
    try:
        return bson.decode(data)
    except BSONError as error:
        raise StoreError(
            f"A stored document is damaged ({error}); restore the store from a backup"
        ) from error


def prepare_row(document: dict[str, Any], fields: Sequence[str]) -> Row:
    """Bring a document into the form in which it comes back from disk.

    Parameters
    ----------
    document : dict
        Values that BSON can hold.
    fields : sequence of str
        Fields that it must have.

    Raises
    ------
    StoreError
        When a field is missing, a value cannot be stored, or ``_id`` is of an unusable type.
    """
    missing = [field for field in fields if field not in document]
    if missing:
        raise StoreError(
            f"A document lacks its key field {missing[0]!r} (it has {sorted(document)[:8]}); "
            "add the field or pass another key"
        )
    given = document.get("_id")
    if given is not None and type(given) not in _ID_TYPES:
        raise StoreError(
            f"_id {given!r} cannot be used: it may be an ObjectId, text or an integer; leave it out"
        )
    return Row(given, decode_bson(encode_bson(document)))
