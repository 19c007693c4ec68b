"""Tables of an SQLite file: rows with a version counter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from perolyte.stores.rows import Row, decode_bson

__all__ = ["CollectionTable"]


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
