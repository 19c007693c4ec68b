"""Chunks as documents of the database that holds the headers.

``{_id: "<payload id>/<position>", data: bytes}`` in the collection ``blob_chunks``: a table of the
SQLite file, which a server of that file shows as a collection, or a collection of MongoDB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from bson import ObjectId
from maggma.stores import MongoStore

from perolyte.errors import StoreError
from perolyte.stores.chunks import ChunkPlace, StoredChunk
from perolyte.stores.rows import decode_bson
from perolyte.stores.sqlite_file import SqliteFile
from perolyte.stores.table import ChunkTable

__all__ = ["CHUNK_COLLECTION", "CollectionChunks", "TableChunks"]

CHUNK_COLLECTION = "blob_chunks"
_AT_ONCE = 8  # chunks of one request: 8 MB


class _DocumentChunks(ChunkPlace):
    """Chunks named by payload and position; the payload's id tells when it was written."""

    def name_chunk(self, payload_id: str, position: int, content: bytes) -> str:
        """Name a chunk."""
        return f"{payload_id}/{position}"

    @staticmethod
    def _describe(name: str) -> StoredChunk:
        identifier = name.partition("/")[0]
        if not ObjectId.is_valid(identifier):
            raise StoreError(
                f"Chunk {name!r} in {CHUNK_COLLECTION} was not written by perolyte; remove it"
            )
        return StoredChunk(name, ObjectId(identifier).generation_time.astimezone(UTC))


class TableChunks(_DocumentChunks):
    """Chunks in a table of an SQLite file, each read from disk when it is asked for.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist.
    timeout_s : float
        How long to wait, in seconds, for another process that is writing.
    """

    def __init__(self, path: str | Path, timeout_s: float = 30.0) -> None:
        self.path = str(Path(path).expanduser().absolute())
        self.timeout_s = timeout_s
        self._table = ChunkTable(CHUNK_COLLECTION)
        self._file: SqliteFile | None = None

    @property
    def description(self) -> str:
        """Where it is."""
        return "documents"

    def connect(self) -> None:
        """Open the place."""
        if self._file is None:
            file = SqliteFile(Path(self.path), self.timeout_s)
            file.open(self._table.definitions())
            self._file = file

    def close(self) -> None:
        """Close the place."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Write chunks by name."""
        with self._open_file().transaction() as connection:
            for name, content in chunks:
                self._table.write(connection, {"_id": name, "data": content})

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each chunk, None for one that is not there."""
        for name in names:
            with self._open_file().reading() as connection:
                found = self._table.read(connection, name)
            yield None if found is None else found["data"]

    def remove(self, names: Iterable[str]) -> None:
        """Remove chunks."""
        with self._open_file().transaction() as connection:
            for name in names:
                self._table.delete(connection, name)

    def list_chunks(self) -> Iterator[StoredChunk]:
        """Yield all chunks."""
        with self._open_file().reading() as connection:
            found = self._table.keys(connection)
        for key in found:
            yield self._describe(decode_bson(key)["_id"])

    def _open_file(self) -> SqliteFile:
        if self._file is None:
            raise StoreError(f"Blobs of {self.path} are not connected; call connect() first")
        return self._file


class CollectionChunks(_DocumentChunks):
    """Chunks in a collection of a MongoDB server.

    Parameters
    ----------
    store : MongoStore
        The collection.
    """

    def __init__(self, store: MongoStore) -> None:
        self.store = store

    @property
    def description(self) -> str:
        """Where it is."""
        return "documents"

    def connect(self) -> None:
        """Open the place."""
        self.store.connect()

    def close(self) -> None:
        """Close the place."""
        if self.store._coll is not None:
            self.store.close()

    def write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Write chunks by name."""
        from pymongo import ReplaceOne

        for start in range(0, len(chunks), _AT_ONCE):
            requests = [
                ReplaceOne({"_id": name}, {"_id": name, "data": content}, upsert=True)
                for name, content in chunks[start : start + _AT_ONCE]
            ]
            self._collection.bulk_write(requests, ordered=False)

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each chunk, None for one that is not there."""
        for start in range(0, len(names), _AT_ONCE):
            some = list(names[start : start + _AT_ONCE])
            found = {chunk["_id"]: chunk["data"] for chunk in self._find({"_id": {"$in": some}})}
            yield from (found.get(name) for name in some)

    def remove(self, names: Iterable[str]) -> None:
        """Remove chunks."""
        every = list(names)
        for start in range(0, len(every), 1000):
            self._collection.delete_many({"_id": {"$in": every[start : start + 1000]}})

    def list_chunks(self) -> Iterator[StoredChunk]:
        """Yield all chunks."""
        for chunk in self._collection.find({}, {"_id": 1}):
            yield self._describe(chunk["_id"])

    def _find(self, criteria: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from self._collection.find(criteria)

    @property
    def _collection(self) -> Any:
        return self.store._collection
