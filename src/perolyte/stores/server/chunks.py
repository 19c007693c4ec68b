"""A collection of large documents, which stay on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from mongomock_ng.filtering import filter_applies

from perolyte.stores.rows import encode_bson
from perolyte.stores.server.encoding import encode_document, encode_id
from perolyte.stores.server.errors import CommandError, DuplicateKeyError
from perolyte.stores.server.ordering import Sort, sort_documents
from perolyte.stores.table import ChunkTable, quote

__all__ = ["ChunkCollection"]

Connect = Callable[[], sqlite3.Connection]


class ChunkCollection:
    """Documents that are found by ``_id``, or by ``files_id`` and ``n`` as GridFS does it.

    Any other query reads the whole collection from disk.

    Parameters
    ----------
    namespace : str
        ``database.collection``.
    table : ChunkTable
        Its rows.
    connect : callable
        Returns the connection to use.
    """

    def __init__(self, namespace: str, table: ChunkTable, connect: Connect) -> None:
        self.namespace = namespace
        self.table = table
        self.specs: dict[str, dict[str, Any]] = {}
        self.is_made = False
        self._connect = connect
        self._is_grid = namespace.endswith(".chunks")
        self._files = quote(f"files_{table.name}")

    @property
    def exists(self) -> bool:
        """Whether it was made on purpose, or has documents or indexes."""
        return bool(self.is_made or self.specs or self.table.count(self._connect()))

    def definitions(self) -> list[str]:
        """Return the statements that make the tables if they are missing."""
        statements = self.table.definitions()
        if self._is_grid:
            statements.append(
                f"CREATE TABLE IF NOT EXISTS {self._files} "
                "(files_id BLOB, n INTEGER, id BLOB, PRIMARY KEY (files_id, n))"
            )
        return statements

    def remove_tables(self, connection: sqlite3.Connection) -> None:
        """Remove all documents."""
        self.is_made = False
        connection.execute(f"DELETE FROM {self.table.table}")  # noqa: S608
        if self._is_grid:
            connection.execute(f"DELETE FROM {self._files}")  # noqa: S608

    def get(self, document_id: Any) -> dict[str, Any] | None:
        """Return the document with this ``_id``."""
        return self.table.read(self._connect(), document_id)

    def find(
        self, criteria: Mapping[str, Any], *, sort: Sort = (), skip: int = 0, limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Return the documents that match, each read when its turn comes."""
        filter_applies(criteria, {})  # an error in it shows now
        keys, is_sorted = self._find_keys(criteria, sort)
        matching: Iterator[dict[str, Any]] = self._read(keys, criteria)
        if sort and not is_sorted:
            # without the payloads, which may not fit into memory all at once
            names = {name.partition(".")[0] for name, _ in sort} | {"_id"}
            small = [{name: doc[name] for name in names if name in doc} for doc in matching]
            ordered = sort_documents(small, sort)
            keys = [encode_bson({"_id": document["_id"]}) for document in ordered]
            matching = self._read(keys, criteria)
        return islice(matching, skip, skip + limit if limit else None)

    def count(self, criteria: Mapping[str, Any]) -> int:
        """Count the documents that match."""
        if not criteria:
            return self.table.count(self._connect())
        return sum(1 for _ in self.find(criteria))

    def put(self, document: dict[str, Any]) -> None:
        """Insert a document, or replace the one with its ``_id``.

        Raises
        ------
        CommandError
            When it cannot be stored or breaks the unique index of GridFS.
        """
        encode_document(document)
        key = encode_id(document["_id"])
        if self._is_grid:
            self._file(document, key)
        self.table.write(self._connect(), document)

    def insert(self, document: dict[str, Any]) -> None:
        """Insert a document whose ``_id`` must be new (see `put`)."""
        if self.get(document["_id"]) is not None:
            raise DuplicateKeyError(self.namespace, "_id_", {"_id": document["_id"]})
        self.put(document)

    def remove(self, document_id: Any) -> None:
        """Remove a document that is there."""
        if self._is_grid:
            self._unfile(self.get(document_id))
        self.table.delete(self._connect(), document_id)

    def add_spec(self, spec: dict[str, Any], *, is_checked: bool = True) -> None:
        """Note an index; only that of GridFS may be unique, and it always is."""
        if is_checked and spec.get("unique") and list(spec["key"]) != ["files_id", "n"]:
            raise CommandError(
                115, f"{self.namespace} holds large documents: only files_id, n can be unique"
            )
        self.specs[spec["name"]] = spec

    def remove_spec(self, name: str) -> None:
        """Remove the note of an index."""
        del self.specs[name]

    def _file(self, document: dict[str, Any], key: bytes) -> None:
        connection = self._connect()
        position = _position(document)
        statement = f"SELECT id FROM {self._files} WHERE files_id = ? AND n IS ?"  # noqa: S608
        owner = connection.execute(statement, position).fetchone()
        if owner not in (None, (key,)):
            values = {"files_id": document.get("files_id"), "n": document.get("n")}
            raise DuplicateKeyError(self.namespace, "files_id_1_n_1", values)
        self._unfile(self.get(document["_id"]))
        statement = f"INSERT OR REPLACE INTO {self._files} VALUES (?, ?, ?)"  # noqa: S608
        connection.execute(statement, (*position, key))

    def _unfile(self, document: dict[str, Any] | None) -> None:
        if document is not None:
            statement = f"DELETE FROM {self._files} WHERE files_id = ? AND n IS ?"  # noqa: S608
            self._connect().execute(statement, _position(document))

    def _find_keys(self, criteria: Mapping[str, Any], sort: Sort) -> tuple[list[bytes], bool]:
        """Return the keys that can match, and whether they are in the order of the sort."""
        wanted = criteria.get("_id")
        if wanted is not None and not isinstance(wanted, Mapping):
            return [encode_bson({"_id": wanted})], True
        if isinstance(wanted, Mapping) and list(wanted) == ["$in"]:
            return [encode_bson({"_id": value}) for value in wanted["$in"]], False
        owner = criteria.get("files_id")
        if self._is_grid and owner is not None and not isinstance(owner, Mapping):
            statement = f"SELECT id FROM {self._files} WHERE files_id = ? ORDER BY n"  # noqa: S608
            found = self._connect().execute(statement, (encode_bson({"": owner}),))
            return [key for (key,) in found], sort == (("n", 1),)
        return self.table.keys(self._connect()), False

    def _read(self, keys: list[bytes], criteria: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for key in keys:
            document = self.table.read_encoded(self._connect(), key)
            if document is not None and filter_applies(criteria, document):
                yield document


def _position(document: dict[str, Any]) -> tuple[bytes, Any]:
    number = document.get("n")
    if number is not None and not isinstance(number, (int, float)):
        raise CommandError(2, f"n of a chunk is {number!r}"[:200] + ", not a number")
    return encode_bson({"": document.get("files_id")}), number
