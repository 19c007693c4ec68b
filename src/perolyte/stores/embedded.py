"""A document store in one SQLite file: no server, several processes, nothing acknowledged is lost.

Each collection is one table of BSON rows with a version counter. Every process keeps the documents
in memory for queries; a look at ``PRAGMA data_version`` tells whether another process has written,
and only the rows with a newer version are read then. A removed document stays as an empty row, so
that the others learn of the removal.

The file must lie on a local disk of one machine: the write-ahead log of SQLite needs memory that
all processes share. Several machines need a MongoDB server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maggma.core import Sort
from maggma.stores import MemoryStore, MongoStore
from monty.json import jsanitize

from perolyte.errors import StoreError
from perolyte.stores.grouping import group_documents
from perolyte.stores.mirror import CollectionMirror
from perolyte.stores.rows import Row, prepare_row
from perolyte.stores.sqlite_file import SqliteFile
from perolyte.stores.table import CollectionTable

__all__ = ["EmbeddedStore"]

_COLLECTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class EmbeddedStore(MemoryStore):
    """A maggma store whose documents live in a table of an SQLite file.

    Parameters
    ----------
    path : str or Path
        The SQLite file; its folder must exist. Kept as an absolute path, so that a serialised
        store leads to the same file from any working directory.
    collection_name : str
        Name of the table; several stores share one file under different names.
    key : str
        Field that tells documents apart when `update` gets no key.
    timeout_s : float
        How long to wait, in seconds, for another process that is writing.

    Raises
    ------
    StoreError
        By every method, when the file cannot be read or written.

    Notes
    -----
    Methods have the signatures of ``maggma.core.Store``: there is no ``hint`` to give. Values are
    those of BSON: times have milliseconds and come back without time zone (UTC),
    integers have 64 bits, tuples come back as lists.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with EmbeddedStore(folder.name + "/perolyte.sqlite", "docs") as store:
    ...     store.update({"uuid": "a", "formula": "SrTiO3"})
    ...     store.query_one({"uuid": "a"})["formula"]
    'SrTiO3'
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | Path,
        collection_name: str = "docs",
        *,
        key: str = "uuid",
        timeout_s: float = 30.0,
    ) -> None:
        if not _COLLECTION_NAME.fullmatch(collection_name):
            raise StoreError(
                f"Collection name {collection_name!r} cannot be used; "
                "take letters, digits, '_' and '-', beginning with a letter"
            )
        super().__init__(collection_name=collection_name, key=key)
        self.kwargs = {}  # as_dict reads `key` from the attribute, which JobStore may change
        self.path = str(Path(path).expanduser().absolute())
        self.timeout_s = timeout_s
        self._table = CollectionTable(collection_name)
        self._file: SqliteFile | None = None
        self._mirror = CollectionMirror(collection_name)

    @property
    def name(self) -> str:
        """Name of the data source."""
        return f"sqlite://{self.path}#{self.collection_name}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EmbeddedStore):
            return False
        mine = (type(self), self.path, self.collection_name, self.last_updated_field)
        return mine == (type(other), other.path, other.collection_name, other.last_updated_field)

    def __hash__(self) -> int:
        return hash((self.name, self.last_updated_field))

    def connect(self, force_reset: bool = False) -> None:
        """Open the file, making it and the table if they are missing.

        Parameters
        ----------
        force_reset : bool
            Open it again although it is open.
        """
        if self._file is not None and not force_reset:
            return
        self.close()
        file = SqliteFile(Path(self.path), self.timeout_s)
        file.open(self._table_definitions())
        self._file = file

    def close(self) -> None:
        """Close the file and forget the documents in memory; nothing to do when not connected."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._forget_documents()

    def query(  # type: ignore[override]
        self,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Sort | int] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield the documents that match, as they were at the first one taken.

        Parameters
        ----------
        criteria : dict, optional
            Filter in the language of MongoDB; all documents without it.
        properties : dict or list, optional
            Fields to return; all without it.
        sort : dict, optional
            Fields with 1 (ascending) or -1 (descending).
        skip, limit : int
            How many documents to pass over and to return at most (0: all).

        Yields
        ------
        dict
            A copy of each document.
        """
        with self._searching(criteria) as matching:
            found = list(matching.query(criteria, properties, sort=sort, skip=skip, limit=limit))
        yield from found

    def count(  # type: ignore[override]
        self, criteria: dict[str, Any] | None = None
    ) -> int:
        """Count the documents that match `criteria` (all without it)."""
        with self._searching(criteria) as matching:
            return int(matching.count(criteria))

    def distinct(
        self, field: str, criteria: dict[str, Any] | None = None, all_exist: bool = False
    ) -> list[Any]:
        """List the different values of `field` among the documents that match `criteria`."""
        with self._searching(criteria) as matching:
            return list(matching.distinct(field, criteria, all_exist))

    def groupby(
        self,
        keys: list[str] | str,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Sort | int] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Yield the documents that match in groups of equal values of `keys`.

        Parameters are those of `query`. A document without one of the keys is in no group.

        Yields
        ------
        dict, list of dict
            The common values, and the documents of the group.
        """
        fields = [keys] if isinstance(keys, str) else list(keys)
        wanted = None if properties is None else [*properties, *fields]
        found = self.query(criteria, wanted, sort=sort, skip=skip, limit=limit)
        yield from group_documents(found, fields)

    def ensure_index(self, key: str, unique: bool | None = False) -> bool:
        """Make searches for values of `key` fast; False for a unique index (not available)."""
        if unique:
            return False
        with self._searching(None):
            self._mirror.add_index(key)
        return True

    def update(
        self, docs: list[dict[str, Any]] | dict[str, Any], key: list[str] | str | None = None
    ) -> None:
        """Insert documents, each in place of the one with the same key values if there is one.

        All of them are on disk when the call returns, or none if it raises.

        Parameters
        ----------
        docs : dict or list of dict
            The documents.
        key : str or list of str, optional
            Fields that tell documents apart; the key of the store without it.

        Raises
        ------
        StoreError
            When a document lacks a key field or holds a value that cannot be stored, or when the
            file cannot be written.
        """
        key = key or self.key
        fields = [key] if isinstance(key, str) else list(key)
        rows = [self._prepare(doc, fields) for doc in (docs if isinstance(docs, list) else [docs])]
        if not rows:
            return
        with self._writing() as written:
            self._mirror.add_index(fields[0])
            for row in rows:
                written.append(self._mirror.put_row(row, fields))

    def remove_docs(self, criteria: dict[str, Any]) -> None:
        """Remove the documents that match; ``{}`` removes all."""
        self._check_criteria(criteria)
        with self._writing() as written:
            matching = _as_store(self._mirror.narrow(criteria))
            for document in list(matching.query(criteria, ["_id"])):
                self._mirror.drop(document["_id"])
                written.append(Row(document["_id"], None))

    @property
    def _collection(self) -> Any:
        with self._searching(None):
            return self._mirror.collection

    def _table_definitions(self) -> list[str]:
        return self._table.definitions()

    def _check_criteria(self, criteria: dict[str, Any] | None) -> None:
        """Refuse what cannot be searched; here everything can."""

    def _open_file(self) -> SqliteFile:
        if self._file is None:
            raise StoreError(f"Store {self.path} is not connected; call connect() first")
        return self._file

    def _forget_documents(self) -> None:
        self._mirror = CollectionMirror(self.collection_name, self._mirror.indexed_fields)

    @contextmanager
    def _searching(self, criteria: dict[str, Any] | None) -> Iterator[MongoStore]:
        self._check_criteria(criteria)
        file = self._open_file()
        with file.lock:
            self._catch_up(file)
            self._mirror.add_index(self.key)
            yield _as_store(self._mirror.narrow(criteria))

    def _catch_up(self, file: SqliteFile) -> None:
        """Take over the rows that other connections have written since the last look."""
        stamp = file.change_stamp()
        if stamp == self._mirror.stamp:
            return
        with file.reading() as connection:
            newest = self._mirror.version
            changes = self._table.changes_since(connection, newest)
            for document_id, row_version, document in changes:
                newest = max(newest, row_version)
                if document is None:
                    self._mirror.drop(document_id)
                else:
                    self._mirror.put(document)
        # last, so that rows are read again when one of them could not be
        self._mirror.version = newest
        self._mirror.stamp = stamp

    @contextmanager
    def _writing(self) -> Iterator[list[Row]]:
        """Run a block that changes the mirror and lists the rows; commit them, or undo both."""
        file = self._open_file()
        rows: list[Row] = []
        with file.lock:
            try:
                with file.transaction() as connection:
                    self._catch_up(file)
                    yield rows
                    if rows:
                        self._write_rows(connection, rows, self._mirror.version + 1)
            except BaseException:
                # the mirror is ahead of the disk: read it again at the next look
                self._forget_documents()
                raise
            if rows:
                self._mirror.version += 1

    def _write_rows(self, connection: Any, rows: Sequence[Row], version: int) -> None:
        self._table.write(connection, rows, version)

    def _prepare(self, doc: dict[str, Any], fields: Sequence[str]) -> Row:
        return prepare_row(jsanitize(doc, allow_bson=True, recursive_msonable=True), fields)


def _as_store(collection: Any) -> MongoStore:
    store: MongoStore = MongoStore.from_collection(collection)
    return store
