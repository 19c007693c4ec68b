"""Tables of an SQLite file: rows with a version counter, and the payloads beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from perolyte.errors import StoreError
from perolyte.stores.rows import Row, decode_bson

__all__ = ["CollectionTable", "PayloadTable"]


class CollectionTable:
    """Documents of one collection: ``id``, ``version`` and ``body``, empty once removed.

    Parameters
    ----------
    collection_name : str
        Letters, digits, ``_`` and ``-`` (the caller has checked).
    """

    def __init__(self, collection_name: str) -> None:
        self.table = f'"collection_{collection_name}"'
        self._index = f'"versions_{collection_name}"'

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
            "WHERE version > ? ORDER BY version, rowid"
        )
        for id_bytes, row_version, body in connection.execute(statement, (version,)):
            document = None if body is None else decode_bson(body)
            yield decode_bson(id_bytes)["_id"], row_version, document

    def write(self, connection: sqlite3.Connection, rows: Iterable[Row], version: int) -> None:
        """Write rows, in place of those with the same ids, as of `version`."""
        statement = (
            f"INSERT INTO {self.table} (id, version, body) VALUES (?, ?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body"
        )
        connection.executemany(statement, (row.encode(version) for row in rows))


class PayloadTable:
    """Large data of the documents of a `CollectionTable`, by the same ids.

    Parameters
    ----------
    collection_name : str
        Name of the collection.
    headers : CollectionTable
        Its documents.
    """

    def __init__(self, collection_name: str, headers: CollectionTable) -> None:
        self.table = f'"payloads_{collection_name}"'
        self._headers = headers

    def definitions(self) -> list[str]:
        """Return the statement that makes the table if it is missing."""
        return [f"CREATE TABLE IF NOT EXISTS {self.table} (id BLOB PRIMARY KEY, body BLOB)"]

    def write(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Write the payload of each row, and remove that of a row without one."""
        for row in rows:
            if row.payload is None:
                statement = f"DELETE FROM {self.table} WHERE id = ?"  # noqa: S608
                connection.execute(statement, (row.encode_id(),))
            else:
                statement = f"INSERT OR REPLACE INTO {self.table} VALUES (?, ?)"  # noqa: S608
                connection.execute(statement, (row.encode_id(), row.payload))

    def read(
        self, connection: sqlite3.Connection, document_id: Any
    ) -> tuple[dict[str, Any], bytes | None] | None:
        """Return header and payload as of one moment; None when the document is gone.

        Raises
        ------
        StoreError
            When the table of headers has no such row, not even an emptied one.
        """
        statement = (
            f"SELECT header.body, payload.body FROM {self._headers.table} AS header "  # noqa: S608
            f"LEFT JOIN {self.table} AS payload USING (id) WHERE header.id = ?"
        )
        found = connection.execute(statement, (Row(document_id, None).encode_id(),)).fetchone()
        if found is None:
            raise StoreError(
                f"Blob {document_id} has left its table without a trace; "
                "restore the store from a backup"
            )
        header_bytes, payload = found
        return None if header_bytes is None else (decode_bson(header_bytes), payload)
