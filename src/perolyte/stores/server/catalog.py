"""The databases and collections of one store file."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mongomock_ng

from perolyte.stores.rows import decode_bson, encode_bson
from perolyte.stores.server.chunks import ChunkCollection
from perolyte.stores.server.documents import DocumentCollection
from perolyte.stores.server.errors import CommandError
from perolyte.stores.table import (
    CHUNK_PREFIX,
    COLLECTION_PREFIX,
    FOREIGN_CHUNK_PREFIX,
    FOREIGN_PREFIX,
    OWN_DATABASE,
    ChunkTable,
    CollectionTable,
)

__all__ = ["Catalog", "ServedCollection"]

ServedCollection = DocumentCollection | ChunkCollection

_CHUNK_SUFFIXES = ("_chunks", ".chunks")
_DATABASE_NAME = re.compile(r'[^/\\. "$*<>:|?\0]{1,63}')
_INDEX_TABLE = """CREATE TABLE IF NOT EXISTS served_indexes (
    database TEXT, collection TEXT, name TEXT, spec BLOB, PRIMARY KEY (database, collection, name)
)"""


class Catalog:
    """Collections by database and name, all of whose methods need a connection (`using`)."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._engine: Any = mongomock_ng.MongoClient()
        self._collections: dict[tuple[str, str], ServedCollection] = {}

    @contextmanager
    def using(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Carry out the commands of a block over a connection."""
        self._connection = connection
        try:
            yield
        finally:
            self._connection = None

    @staticmethod
    def definitions() -> list[str]:
        """Return the statements that make the table of indexes if it is missing."""
        return [_INDEX_TABLE]

    def catch_up(self) -> None:
        """Take over what other connections have written, new collections included."""
        connection = self._connected()
        known = {collection.table.name for collection in self._collections.values()}
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table_name,) in tables.fetchall():
            place = None if table_name in known else _place_of(table_name)
            if place is not None:
                self._add(*place)
        for collection in self._collections.values():
            if isinstance(collection, DocumentCollection):
                collection.catch_up(connection)
        if not known:
            self._read_indexes(connection)

    def forget(self) -> None:
        """Forget what is in memory; the next `catch_up` reads everything from disk."""
        for collection in self._collections.values():
            if isinstance(collection, DocumentCollection):
                collection.clear()
        self._collections.clear()

    def write_owed(self) -> None:
        """Write the documents that have changed."""
        connection = self._connected()
        for collection in self._collections.values():
            if isinstance(collection, DocumentCollection):
                collection.write_owed(connection)

    def find(self, database: str, name: str) -> ServedCollection | None:
        """Return a collection, or None when there is none of that name."""
        return self._collections.get((database, name))

    def make(self, database: str, name: str) -> ServedCollection:
        """Return a collection, made if it is missing.

        Raises
        ------
        CommandError
            When it cannot have that name.
        """
        found = self.find(database, name)
        if found is not None:
            return found
        _check_name(database, name)
        for other in self._collections:
            if (database.lower(), name.lower()) == (other[0].lower(), other[1].lower()):
                raise CommandError(
                    73, f"{database}.{name} differs from {'.'.join(other)} only in upper case"
                )
        collection = self._add(database, name)
        connection = self._connected()
        definitions = (
            collection.definitions()
            if isinstance(collection, ChunkCollection)
            else collection.table.definitions()
        )
        for statement in definitions:
            connection.execute(statement)
        return collection

    def names(self, database: str) -> list[str]:
        """Return the collections of a database that have documents or indexes."""
        return sorted(
            name
            for (its_database, name), collection in self._collections.items()
            if its_database == database and collection.exists
        )

    def databases(self) -> list[str]:
        """Return the databases that have collections."""
        return sorted(
            {database for (database, _), found in self._collections.items() if found.exists}
        )

    def engine_database(self, database: str) -> Any:
        """Return a database of mongomock-ng for pipelines that look into other collections."""
        return self._engine[database]

    def add_index(self, database: str, name: str, spec: dict[str, Any]) -> None:
        """Add an index to a collection, made if it is missing (see `DocumentCollection`)."""
        self.make(database, name).add_spec(spec)
        self._connected().execute(
            "INSERT OR REPLACE INTO served_indexes VALUES (?, ?, ?, ?)",
            (database, name, spec["name"], encode_bson(spec)),
        )

    def remove_index(self, database: str, name: str, index_name: str) -> None:
        """Remove an index that is there."""
        self._collections[database, name].remove_spec(index_name)
        self._connected().execute(
            "DELETE FROM served_indexes WHERE database = ? AND collection = ? AND name = ?",
            (database, name, index_name),
        )

    def drop(self, database: str, name: str) -> None:
        """Remove a collection that is there, with its documents and indexes."""
        connection = self._connected()
        collection = self._collections[database, name]
        for index_name in list(collection.specs):
            self.remove_index(database, name, index_name)
        if isinstance(collection, ChunkCollection):
            collection.remove_tables(connection)
            return
        collection.write_owed(connection)
        collection.table.remove(connection)
        collection.clear()
        del self._collections[database, name]
        if database == OWN_DATABASE:  # its table stays, with rows that tell of the removal
            self._add(database, name)
            self._collections[database, name].catch_up(connection)  # type: ignore[union-attr]

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("no command is being carried out")
        return self._connection

    def _add(self, database: str, name: str) -> ServedCollection:
        namespace = f"{database}.{name}"
        collection: ServedCollection
        if name.endswith(_CHUNK_SUFFIXES):
            table = ChunkTable(name, database)
            collection = ChunkCollection(namespace, table, self._connected)
        else:
            engine_collection = self._engine[database][name]
            collection = DocumentCollection(
                namespace, CollectionTable(name, database), engine_collection
            )
        self._collections[database, name] = collection
        return collection

    def _read_indexes(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT database, collection, spec FROM served_indexes")
        for database, name, spec in rows.fetchall():
            collection = self.find(database, name)
            if collection is not None:
                collection.add_spec(decode_bson(spec), is_checked=False)


def _place_of(table_name: str) -> tuple[str, str] | None:
    """Return the database and the name of the collection in a table."""
    for prefix in (COLLECTION_PREFIX, CHUNK_PREFIX):
        if table_name.startswith(prefix):
            return OWN_DATABASE, table_name.removeprefix(prefix)
    for prefix in (FOREIGN_PREFIX, FOREIGN_CHUNK_PREFIX):
        if table_name.startswith(prefix):
            database, _, name = table_name.removeprefix(prefix).partition(".")
            return database, name
    return None


def _check_name(database: str, name: str) -> None:
    if not _DATABASE_NAME.fullmatch(database):
        raise CommandError(73, f"a database cannot be named {database!r}"[:200])
    unusable = (
        not name or len(name) > 200 or name.startswith((".", "system.")) or name.endswith(".")
    )
    if unusable or "$" in name or "\0" in name:
        raise CommandError(73, f"a collection cannot be named {name!r}"[:200])
