"""The documents of one collection in memory, searched with the query language of MongoDB.

mongomock-ng evaluates queries by looking at every document. A mirror adds indices: an equality on
an indexed field narrows the search to the few documents that can match, and mongomock-ng decides
among them, so that an index can never change an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import mongomock_ng
from bson import Int64, ObjectId
from mongomock_ng.helpers import hashdict

from perolyte.errors import StoreError
from perolyte.stores.field_index import FieldIndex, find_candidates
from perolyte.stores.rows import Row

__all__ = ["CollectionMirror", "store_key"]

_PLAIN_IDS = (str, int, Int64, ObjectId)


class CollectionMirror:
    """Documents by ``_id`` with field indices.

    Parameters
    ----------
    name : str
        Name of the collection.
    indexed_fields : iterable of str
        Fields to index from the beginning.
    collection : mongomock_ng.Collection, optional
        Empty collection to keep the documents in; one of its own without it.

    Attributes
    ----------
    collection : mongomock_ng.Collection
        All documents.
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

    def __init__(
        self, name: str, indexed_fields: Iterable[str] = (), *, collection: Any = None
    ) -> None:
        self.collection = _make_collection(name) if collection is None else collection
        self.version = 0
        self.stamp: tuple[int, int] | None = None
        self._indices = {field: FieldIndex(field) for field in indexed_fields}
        self._places: dict[Any, int] = {}
        self._next_place = 0

    @property
    def indexed_fields(self) -> tuple[str, ...]:
        """Fields that have an index."""
        return tuple(self._indices)

    @property
    def documents(self) -> dict[Any, dict[str, Any]]:
        """The documents themselves by `store_key` of their ``_id``; not to be changed."""
        return self.collection._store._documents

    def put(self, document: dict[str, Any]) -> None:
        """Take over `document`, in place of the one with the same ``_id`` if there is one."""
        key = store_key(document["_id"])
        # the documented calls of mongomock-ng look at every document for each replacement
        documents = self.documents
        present = documents.get(key)
        documents[key] = document
        if present is None:
            self._places[key] = self._next_place
            self._next_place += 1
            for index in self._indices.values():
                index.add(document, key)
        else:
            for index in self._indices.values():
                index.replace(present, document, key)

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
        return Row(document_id, document)

    def drop(self, document_id: Any) -> None:
        """Forget the document with this ``_id``, if it is here."""
        key = store_key(document_id)
        document = self.documents.pop(key, None)
        if document is None:
            return
        del self._places[key]
        for index in self._indices.values():
            index.discard(document, key)

    def get(self, document_id: Any) -> dict[str, Any] | None:
        """Return the document with this ``_id`` itself, not a copy."""
        return self.documents.get(store_key(document_id))

    @property
    def places(self) -> Mapping[Any, int]:
        """A number for each key of `documents`, in the order in which they were put in."""
        return self._places

    def add_index(self, field: str) -> None:
        """Index a field, which may be a dotted path."""
        if field not in self._indices:
            index = self._indices[field] = FieldIndex(field)
            for key, document in self.documents.items():
                index.add(document, key)

    def find_keys(self, criteria: Mapping[str, Any] | None) -> Collection[Any] | None:
        """Return the keys of every document that `criteria` can match, in any order.

        Returns
        -------
        collection or None
            Keys of `documents`; None when the indices do not help.
        """
        named = _named_ids((criteria or {}).get("_id"))
        if named is not None:
            return [key for key in named if key in self.documents]
        return find_candidates(criteria or {}, self._indices)

    def in_order(self, keys: Iterable[Any] | None) -> list[dict[str, Any]]:
        """Return documents by their keys (all for None) in the order in which they were put in."""
        documents = self.documents
        if keys is None:
            return list(documents.values())
        return [documents[key] for key in sorted(keys, key=self._places.__getitem__)]

    def narrow(self, criteria: Mapping[str, Any] | None) -> Any:
        """Return a mongomock-ng collection with every document that `criteria` can match."""
        keys = self.find_keys(criteria)
        if keys is None:
            return self.collection
        few = _make_collection(self.collection.name)
        few._store._documents.update(
            (store_key(document["_id"]), document) for document in self.in_order(keys)
        )
        return few


def _named_ids(wanted: Any) -> set[Any] | None:
    """Return the ids that a condition on ``_id`` names, or None when it is of another kind."""
    if type(wanted) in _PLAIN_IDS:
        return {wanted}
    if isinstance(wanted, Mapping) and isinstance(wanted.get("$in"), list):
        named = wanted["$in"]
        return set(named) if all(type(value) in _PLAIN_IDS for value in named) else None
    return None


def store_key(document_id: Any) -> Any:
    """Return what mongomock-ng files a document with this ``_id`` under."""
    return hashdict(document_id) if isinstance(document_id, dict) else document_id


def _make_collection(name: str) -> Any:
    return mongomock_ng.MongoClient()["perolyte"][name]
