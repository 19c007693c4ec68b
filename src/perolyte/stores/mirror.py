"""The documents of one collection in memory, searched with the query language of MongoDB.

mongomock-ng evaluates queries by looking at every document. A mirror adds indices: an equality on
an indexed field narrows the search to the few documents that can match, and mongomock-ng decides
among them, so that an index can never change an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import mongomock_ng
from bson import ObjectId

from perolyte.errors import StoreError
from perolyte.stores.rows import Row

__all__ = ["CollectionMirror"]

_REGULAR_TYPES = (str, int, ObjectId)
_MISSING = object()


class CollectionMirror:
    """Documents by ``_id`` with field indices.

    Parameters
    ----------
    name : str
        Name of the collection.
    indexed_fields : iterable of str
        Fields to index from the beginning.

    Attributes
    ----------
    version : int
        Version of the newest row that was taken over from disk.
    stamp : tuple of int or None
        State of the file at the last look (`SqliteFile.change_stamp`).

    Examples
    --------
    >>> mirror = CollectionMirror("docs", ["uuid"])
    >>> mirror.put({"_id": 1, "uuid": "a"})
    >>> mirror.put({"_id": 2, "uuid": "b"})
    >>> mirror.narrow({"uuid": "b"}).count_documents({})
    1
    """

    def __init__(self, name: str, indexed_fields: Iterable[str] = ()) -> None:
        self.collection = _make_collection(name)
        self.version = 0
        self.stamp: tuple[int, int] | None = None
        self._indices = {field: _FieldIndex(field) for field in indexed_fields}

    @property
    def indexed_fields(self) -> tuple[str, ...]:
        """Fields that have an index."""
        return tuple(self._indices)

    def put(self, document: dict[str, Any]) -> None:
        """Take over `document`, in place of the one with the same ``_id`` if there is one."""
        self.drop(document["_id"], keep_place=True)
        # the documented calls of mongomock-ng look at every document for each replacement
        self.collection._store[document["_id"]] = document
        for index in self._indices.values():
            index.add(document)

    def put_row(self, row: Row, fields: Sequence[str]) -> Row:
        """Take over a row in place of the document with the same values of `fields`.

        Parameters
        ----------
        row : Row
            A document, with an ``_id`` or without.
        fields : sequence of str
            Its key fields.

        Returns
        -------
        Row
            The row with the ``_id`` of the document that it replaces, or else its own or a new one.

        Raises
        ------
        StoreError
            When the ``_id`` of the row belongs to another document.
        """
        document = row.document or {}
        search = {field: document[field] for field in fields}
        present = self.narrow(search).find_one(search, {"_id": 1})
        given = row.document_id
        if present is None:
            taken = given is not None and self.get(given) is not None
            document_id = ObjectId() if given is None else given
        else:
            document_id = present["_id"]
            taken = given not in (None, document_id)
        if taken:
            raise StoreError(
                f"A document with {search} cannot have _id {given!r}, which belongs to another "
                "document; leave out _id"
            )
        document = {**document, "_id": document_id}
        self.put(document)
        return Row(document_id, document, row.payload)

    def drop(self, document_id: Any, *, keep_place: bool = False) -> None:
        """Forget the document with this ``_id``, if it is here."""
        document = self.get(document_id)
        if document is None:
            return
        for index in self._indices.values():
            index.discard(document)
        if not keep_place:
            del self.collection._store[document_id]

    def get(self, document_id: Any) -> dict[str, Any] | None:
        """Return the document with this ``_id`` itself, not a copy."""
        if document_id not in self.collection._store:
            return None
        document: dict[str, Any] = self.collection._store[document_id]
        return document

    def add_index(self, field: str) -> None:
        """Index a field, which may be a dotted path."""
        if field not in self._indices:
            index = self._indices[field] = _FieldIndex(field)
            for document in self.collection._store.documents:
                index.add(document)

    def narrow(self, criteria: Mapping[str, Any] | None) -> Any:
        """Return a mongomock-ng collection with every document that `criteria` can match."""
        for field, wanted in (criteria or {}).items():
            index = self._indices.get(field)
            candidates = None if index is None else index.candidates(wanted)
            if candidates is not None:
                few = _make_collection(self.collection.name)
                for document_id in candidates:
                    few._store[document_id] = self.collection._store[document_id]
                return few
        return self.collection


class _FieldIndex:
    """Ids of documents by the value of one field.

    Strings, integers and ObjectIds are looked up. A document with anything else in the field (a
    float equal to an integer, a list holding the value) is a candidate of every search.
    """

    def __init__(self, field: str) -> None:
        self._path = field.split(".")
        self._ids: dict[Any, dict[Any, None]] = {}
        self._irregular: dict[Any, None] = {}

    def add(self, document: dict[str, Any]) -> None:
        value = self._value(document)
        if type(value) in _REGULAR_TYPES:
            self._ids.setdefault(value, {})[document["_id"]] = None
        elif value is not _MISSING:
            self._irregular[document["_id"]] = None

    def discard(self, document: dict[str, Any]) -> None:
        value = self._value(document)
        if type(value) in _REGULAR_TYPES:
            ids = self._ids[value]
            del ids[document["_id"]]
            if not ids:
                del self._ids[value]
        else:
            self._irregular.pop(document["_id"], None)

    def candidates(self, wanted: Any) -> dict[Any, None] | None:
        """Return the ids that can match, or None when the index cannot tell."""
        if isinstance(wanted, Mapping) and set(wanted) == {"$in"}:
            values = list(wanted["$in"])
        else:
            values = [wanted]
        if any(type(value) not in _REGULAR_TYPES for value in values):
            return None
        found: dict[Any, None] = {}
        for value in values:
            found.update(self._ids.get(value, {}))
        return found | self._irregular

    def _value(self, document: dict[str, Any]) -> Any:
        value: Any = document
        for name in self._path:
            if not isinstance(value, dict):
                return value if isinstance(value, list) else _MISSING
            value = value.get(name, _MISSING)
        return value


def _make_collection(name: str) -> Any:
    return mongomock_ng.MongoClient()["perolyte"][name]
