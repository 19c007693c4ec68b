"""A collection whose documents are in memory, with the rows that it owes to the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from mongomock_ng.filtering import filter_applies

from perolyte.stores.field_index import LongLists
from perolyte.stores.mirror import CollectionMirror, store_key
from perolyte.stores.server.encoding import encode_document, encode_id
from perolyte.stores.server.errors import DuplicateKeyError
from perolyte.stores.server.ordering import OrderedIndex, Sort, choose_group, sort_documents
from perolyte.stores.server.uniqueness import UniqueIndex
from perolyte.stores.table import CollectionTable

__all__ = ["DocumentCollection"]

_FEW = 64
_MAX_ORDERS = 8


class DocumentCollection:
    """Documents of one collection.

    Parameters
    ----------
    namespace : str
        ``database.collection``.
    table : CollectionTable
        Its rows.
    collection : mongomock_ng.Collection
        Empty collection for the documents, in which ``$lookup`` finds them.

    Attributes
    ----------
    specs : dict
        The indexes that clients have made, by name.
    is_made : bool
        Whether a client has made it on purpose; forgotten when the server ends.
    """

    def __init__(self, namespace: str, table: CollectionTable, collection: Any) -> None:
        self.namespace = namespace
        self.table = table
        self.specs: dict[str, dict[str, Any]] = {}
        self.is_made = False
        self._engine_collection = collection
        self._unique: list[UniqueIndex] = []
        self._owed: dict[Any, tuple[bytes, bytes | None]] = {}
        self._orders: dict[tuple[tuple[str, ...], Sort], OrderedIndex] = {}
        self._mirror = CollectionMirror(collection.name, collection=collection)

    def __len__(self) -> int:
        return len(self._mirror.documents)

    @property
    def exists(self) -> bool:
        """Whether it was made on purpose, or has documents or indexes."""
        return bool(self.is_made or len(self) or self.specs)

    @property
    def engine_collection(self) -> Any:
        """All documents as mongomock-ng has them; they must not be changed."""
        return self._engine_collection

    def clear(self) -> None:
        """Take the documents out of the memory of mongomock-ng; this object is of no use then."""
        self._engine_collection._store._documents.clear()

    def catch_up(self, connection: sqlite3.Connection) -> None:
        """Take over the rows that are newer than those known."""
        newest = self._mirror.version
        for document_id, version, document in self.table.changes_since(connection, newest):
            newest = max(newest, version)
            self._set(document_id, document)
        self._mirror.version = newest

    def write_owed(self, connection: sqlite3.Connection) -> None:
        """Write what has changed since the last call."""
        if self._owed:
            version = self._mirror.version + 1
            rows = [(key, version, body) for key, body in self._owed.values()]
            self.table.write_encoded(connection, rows)
            self._owed.clear()
            self._mirror.version = version

    def get(self, document_id: Any) -> dict[str, Any] | None:
        """Return the document with this ``_id``."""
        return self._mirror.get(document_id)

    def find(
        self, criteria: Mapping[str, Any], *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Return the documents that match, as they are now; they must not be changed."""
        keys = self._mirror.find_keys(criteria)
        n_candidates = len(self) if keys is None else len(keys)
        if n_candidates == 0:
            filter_applies(criteria, {})  # an error in it shows even so
        found: Iterable[dict[str, Any]] | None = None
        if limit and n_candidates > _FEW:
            found = self._walk(criteria, sort)
            sort = () if found is not None else sort
        if found is None:
            found = self._mirror.in_order(keys)
        shorten = LongLists(criteria).shorten
        matching: Iterable[dict[str, Any]] = (
            document for document in found if filter_applies(shorten(document), document)
        )
        if sort:
            matching = sort_documents(list(matching), sort)
        return iter(list(islice(matching, skip, skip + limit if limit else None)))

    def count(self, criteria: Mapping[str, Any]) -> int:
        """Count the documents that match."""
        if not criteria:
            return len(self)
        return sum(1 for _ in self.find(criteria))

    def put(self, document: dict[str, Any]) -> None:
        """Insert a document, or replace the one with its ``_id``.

        Raises
        ------
        CommandError
            When it cannot be stored or breaks a unique index; nothing has changed then.
        """
        key = store_key(document["_id"])
        for unique in self._unique:
            values = unique.find_conflict(document, key)
            if values is not None:
                raise DuplicateKeyError(self.namespace, unique.name, values)
        row = encode_id(document["_id"]), encode_document(document)
        self._set(document["_id"], document)
        self._owed[key] = row

    def insert(self, document: dict[str, Any]) -> None:
        """Insert a document whose ``_id`` must be new (see `put`)."""
        if self._mirror.get(document["_id"]) is not None:
            raise DuplicateKeyError(self.namespace, "_id_", {"_id": document["_id"]})
        self.put(document)

    def remove(self, document_id: Any) -> None:
        """Remove a document that is there."""
        self._owed[store_key(document_id)] = encode_id(document_id), None
        self._set(document_id, None)

    def add_spec(self, spec: dict[str, Any], *, is_checked: bool = True) -> None:
        """Add an index.

        Parameters
        ----------
        spec : dict
            ``key``, ``name`` and what else ``createIndexes`` gives.
        is_checked : bool
            Whether the documents are to be unique now if the index is. A process that has the
            store open beside the server knows nothing of it.

        Raises
        ------
        CommandError
            When it shall be unique and the documents are not.
        """
        if spec.get("unique"):
            unique = UniqueIndex(spec)
            for key, document in self._mirror.documents.items():
                values = unique.find_conflict(document, key) if is_checked else None
                if values is not None:
                    raise DuplicateKeyError(self.namespace, unique.name, values)
                unique.add(document, key)
            self._unique.append(unique)
        self.specs[spec["name"]] = spec
        for field in spec["key"]:
            if field != "_id":
                self._mirror.add_index(field)

    def remove_spec(self, name: str) -> None:
        """Remove an index; searches stay as fast as they were."""
        del self.specs[name]
        self._unique = [unique for unique in self._unique if unique.name != name]

    def _set(self, document_id: Any, document: dict[str, Any] | None) -> None:
        key = store_key(document_id)
        present = self._mirror.documents.get(key)
        if present is not None:
            for unique in self._unique:
                unique.discard(present, key)
            for order in self._orders.values():
                order.discard(key)
        if document is None:
            self._mirror.drop(document_id)
            return
        self._mirror.put(document)
        place = self._mirror.places[key]
        for unique in self._unique:
            unique.add(document, key)
        for order in self._orders.values():
            order.add(document, key, place)

    def _walk(self, criteria: Mapping[str, Any], sort: Sort) -> Iterator[dict[str, Any]] | None:
        """Return the documents that can match in the order of a sort, if an index has it."""
        if any(name == "$natural" for name, _ in sort):
            return None
        fields, values = choose_group(criteria)
        order = self._orders.pop((fields, sort), None)
        if order is None:
            order = OrderedIndex(fields, sort)
            order.fill(self._mirror.documents, self._mirror.places)
        self._orders[fields, sort] = order
        while len(self._orders) > _MAX_ORDERS:
            del self._orders[next(iter(self._orders))]
        keys = order.walk(values)
        if keys is None:
            return None
        documents = self._mirror.documents
        return (documents[key] for key in keys)
