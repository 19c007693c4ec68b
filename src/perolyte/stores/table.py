"""Tables of an SQLite file: rows with a version counter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from perolyte.stores.rows import Row, decode_bson, encode_bson

__all__ = [
    "CHUNK_PREFIX",
    "COLLECTION_PREFIX",
    "FOREIGN_CHUNK_PREFIX",
    "FOREIGN_PREFIX",
    "OWN_DATABASE",
    "ChunkTable",
    "CollectionTable",
    "quote",
]

OWN_DATABASE = "perolyte"
"""Name under which a server shows the collections that are also opened in process."""

COLLECTION_PREFIX = "collection_"
FOREIGN_PREFIX = "db_"
CHUNK_PREFIX = "chunks_"
FOREIGN_CHUNK_PREFIX = "dbchunks_"


def quote(name: str) -> str:
    """Return an SQL identifier for any name.

    Examples
    --------
    >>> quote('fs.files')
    '"fs.files"'
    """
    return '"' + name.replace('"', '""') + '"'


class CollectionTable:
    """Documents of one collection: ``id``, ``version`` and ``body``, empty once removed.

    Parameters
    ----------
    collection_name : str
        Name of the collection.
    database : str
        Its database. Collections of other databases than `OWN_DATABASE` are opened by the server
        only, so that a row is removed with its document: nobody else need learn of it.
    """

    def __init__(self, collection_name: str, database: str = OWN_DATABASE) -> None:
        self._is_shared = database == OWN_DATABASE
        # a database has no dot in its name, so that both names can be told from the table's
        stem = collection_name if self._is_shared else f"{database}.{collection_name}"
        self.name = f"{COLLECTION_PREFIX if self._is_shared else FOREIGN_PREFIX}{stem}"
        self.table = quote(self.name)
        prefix = "versions_" if self._is_shared else "dbversions_"
        self._index = quote(f"{prefix}{stem}")

    def definitions(self) -> list[str]:
        """Return the statements that make the table and its index if they are missing."""
        columns = "id BLOB PRIMARY KEY, version INTEGER NOT NULL, body BLOB"
        return [
            f"CREATE TABLE IF NOT EXISTS {self.table} ({columns})",
            f"CREATE INDEX IF NOT EXISTS {self._index} ON {self.table} (version)",
        ]

    def changes_since(
        self, connection: sqlite3.Connection, version: int
    ) -> Iterator[tuple[Any, int, dict[str, Any] | None]]:
        """Yield id, version and document (None: removed) of the rows newer than `version`."""
        statement = (
            f"SELECT id, version, body FROM {self.table} "  # noqa: S608
            "WHERE version > ? ORDER BY rowid"
        )
        for id_bytes, row_version, body in connection.execute(statement, (version,)):
            document = None if body is None else decode_bson(body)
            yield decode_bson(id_bytes)["_id"], row_version, document

    def write(self, connection: sqlite3.Connection, rows: Iterable[Row], version: int) -> None:
        """Write rows, in place of those with the same ids, as of `version`."""
        self.write_encoded(connection, (row.encode(version) for row in rows))

    def write_encoded(
        self, connection: sqlite3.Connection, rows: Iterable[tuple[bytes, int, bytes | None]]
    ) -> None:
        """Write rows given as ``id``, ``version`` and ``body`` (None: removed)."""
        statement = (
            f"INSERT INTO {self.table} (id, version, body) VALUES (?, ?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body"
        )
        if self._is_shared:
            connection.executemany(statement, rows)
            return
        removal = f"DELETE FROM {self.table} WHERE id = ?"  # noqa: S608
        for row in rows:
            if row[2] is None:
                connection.execute(removal, row[:1])
            else:
                connection.execute(statement, row)

    def remove(self, connection: sqlite3.Connection) -> None:
        """Remove the table, or empty it where others must learn of the removal."""
        if self._is_shared:
            connection.execute(
                f"UPDATE {self.table} SET body = NULL, "  # noqa: S608
                f"version = (SELECT max(version) FROM {self.table}) + 1 WHERE body IS NOT NULL"
            )
        else:
            connection.execute(f"DROP TABLE {self.table}")


class ChunkTable:
    """Large documents by ``_id``: ``id`` and ``body``, read from disk when they are asked for.

    Parameters
    ----------
    collection_name : str
        Name of the collection.
    database : str
        Its database.
    """

    def __init__(self, collection_name: str, database: str = OWN_DATABASE) -> None:
        if database == OWN_DATABASE:
            self.name = f"{CHUNK_PREFIX}{collection_name}"
        else:
            self.name = f"{FOREIGN_CHUNK_PREFIX}{database}.{collection_name}"
        self.table = quote(self.name)

    def definitions(self) -> list[str]:
        """Return the statement that makes the table if it is missing."""
        return [f"CREATE TABLE IF NOT EXISTS {self.table} (id BLOB PRIMARY KEY, body BLOB)"]

    def read(self, connection: sqlite3.Connection, document_id: Any) -> dict[str, Any] | None:
        """Return the document with this ``_id``, or None."""
        return self.read_encoded(connection, encode_bson({"_id": document_id}))

    def read_encoded(self, connection: sqlite3.Connection, key: bytes) -> dict[str, Any] | None:
        """Return the document whose ``{_id}`` has this BSON, or None."""
        statement = f"SELECT body FROM {self.table} WHERE id = ?"  # noqa: S608
        found = connection.execute(statement, (key,)).fetchone()
        return None if found is None else decode_bson(found[0])

    def keys(self, connection: sqlite3.Connection) -> list[bytes]:
        """Return the BSON of ``{_id}`` of every document, in the order of writing."""
        statement = f"SELECT id FROM {self.table} ORDER BY rowid"  # noqa: S608
        return [key for (key,) in connection.execute(statement)]

    def count(self, connection: sqlite3.Connection) -> int:
        """Return the number of documents."""
        (n_documents,) = connection.execute(
            f"SELECT count(*) FROM {self.table}"  # noqa: S608
        ).fetchone()
        return int(n_documents)

    def write(self, connection: sqlite3.Connection, document: dict[str, Any]) -> None:
        """Write a document, in place of the one with the same ``_id`` if there is one."""
        statement = (
            f"INSERT INTO {self.table} VALUES (?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        )
        row = encode_bson({"_id": document["_id"]}), encode_bson(document)
        connection.execute(statement, row)

    def delete(self, connection: sqlite3.Connection, document_id: Any) -> None:
        """Remove a document, if it is there."""
        statement = f"DELETE FROM {self.table} WHERE id = ?"  # noqa: S608
        connection.execute(statement, (encode_bson({"_id": document_id}),))
