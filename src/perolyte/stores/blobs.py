"""The additional store of jobflow for large data: searchable headers, payloads in chunks.

A blob has a small header (identifiers, size, SHA-256) in a collection of the database, and a
payload of any size, cut into compressed chunks of at most 1 MB that lie in the same database, in a
folder or in an S3 bucket. Payloads are read only when a query asks for the field ``data``.

Chunks are on disk before the header that points to them is written, and a header is gone before its
chunks are: whoever finds a header finds its data. What a killed process leaves behind is chunks
without a header, see `perolyte.stores.orphans`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from maggma.core import Sort, Store
from monty.json import jsanitize

from perolyte.errors import StoreError
from perolyte.stores.chunks import ChunkPlace
from perolyte.stores.grouping import group_documents
from perolyte.stores.payload_chunks import (
    PAYLOAD_FIELDS,
    list_chunk_names,
    read_payload,
    write_payload,
)

__all__ = ["BlobStore"]


class BlobStore(Store):
    """A store of blobs whose field ``data`` lies in chunks.

    Parameters
    ----------
    headers : maggma.core.Store
        Store of the headers.
    chunks : ChunkPlace
        Where the payloads lie.
    key : str
        Field that tells blobs apart when `update` gets no key.

    Notes
    -----
    ``data`` may be anything that BSON can hold, or that monty can turn into it; lists of numbers
    are kept as arrays. The store adds to the header: ``sha256`` and ``n_bytes`` of the payload
    before compression, ``encoding``, ``place``, ``payload_id``, ``n_chunks``, and the names of the
    ``chunks`` where they do not follow from the payload's id. Searching by a value inside ``data``
    is refused.

    Examples
    --------
    >>> import tempfile
    >>> from perolyte.stores.chunk_documents import TableChunks
    >>> from perolyte.stores.embedded import EmbeddedStore
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = folder.name + "/perolyte.sqlite"
    >>> with BlobStore(EmbeddedStore(path, "blobs"), TableChunks(path)) as store:
    ...     store.update({"blob_uuid": "b", "data": [0.5, 1.5]})
    ...     store.query_one({"blob_uuid": "b"}, ["data"])["data"]
    [0.5, 1.5]
    >>> folder.cleanup()
    """

    def __init__(self, headers: Store, chunks: ChunkPlace, *, key: str = "blob_uuid") -> None:
        super().__init__(key=key)
        self.headers = headers
        self.chunks = chunks

    @property
    def name(self) -> str:
        """Name of the data source."""
        return f"blobs in {self.chunks.description}, headers in {self.headers.name}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BlobStore):
            return False
        mine = (self.headers, self.chunks.description)
        return mine == (other.headers, other.chunks.description)

    def __hash__(self) -> int:
        return hash((self.headers, self.chunks.description))

    def connect(self, force_reset: bool = False) -> None:
        """Open headers and chunks."""
        self.headers.connect(force_reset=force_reset)
        if force_reset:
            self.chunks.close()
        self.chunks.connect()

    def close(self) -> None:
        """Close headers and chunks."""
        self.chunks.close()
        self.headers.close()

    def query(
        self,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Sort | int] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield the blobs that match, reading the payload of each when it is its turn.

        Parameters are those of ``maggma.core.Store.query``. Payloads are read when `properties` is
        absent or asks for ``data``; any path inside ``data`` gives the whole of it.

        Raises
        ------
        StoreError
            When a payload is missing or does not have its SHA-256.
        """
        self._check_criteria(criteria)
        wanted, with_data = _split_properties(properties)
        hidden: set[str] = set()
        if with_data:
            wanted, hidden = _add_payload_fields(wanted, self.key)
        if isinstance(properties, dict) and properties.get("_id", 1) in (0, False):
            hidden.add("_id")
        for blob in self.headers.query(criteria, wanted, sort=sort, skip=skip, limit=limit):
            if with_data and not self._attach_payload(blob):
                continue  # removed by another process since the search
            yield {name: value for name, value in blob.items() if name not in hidden}

    def count(self, criteria: dict[str, Any] | None = None) -> int:
        """Count the blobs that match `criteria` (all without it)."""
        self._check_criteria(criteria)
        return int(self.headers.count(criteria))

    def distinct(
        self, field: str, criteria: dict[str, Any] | None = None, all_exist: bool = False
    ) -> list[Any]:
        """List the different values of a header field among the blobs that match."""
        self._check_criteria({**(criteria or {}), field: None})
        return list(self.headers.distinct(field, criteria, all_exist))

    def groupby(
        self,
        keys: list[str] | str,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Sort | int] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Yield the blobs that match in groups of equal values of `keys`."""
        fields = [keys] if isinstance(keys, str) else list(keys)
        wanted = None if properties is None else [*properties, *fields]
        found = self.query(criteria, wanted, sort=sort, skip=skip, limit=limit)
        yield from group_documents(found, fields)

    def ensure_index(self, key: str, unique: bool | None = False) -> bool:
        """Make searches for values of a header field fast."""
        return bool(self.headers.ensure_index(key, bool(unique)))

    def update(
        self, docs: list[dict[str, Any]] | dict[str, Any], key: list[str] | str | None = None
    ) -> None:
        """Insert blobs, each in place of the one with the same key values if there is one.

        They are on disk when the call returns. When it raises, none of them can be found.

        Parameters
        ----------
        docs : dict or list of dict
            The blobs.
        key : str or list of str, optional
            Fields that tell blobs apart; the key of the store without it.

        Raises
        ------
        StoreError
            When a blob lacks a key field or holds a value that cannot be stored, or when a place
            cannot be written.
        """
        key = key or self.key
        fields = [key] if isinstance(key, str) else list(key)
        blobs = docs if isinstance(docs, list) else [docs]
        if not blobs:
            return
        headers, replaced = [], []
        for blob in blobs:
            content = {name: value for name, value in blob.items() if name != "data"}
            header = jsanitize(content, allow_bson=True, recursive_msonable=True)
            missing = [field for field in fields if field not in header]
            if missing:
                raise StoreError(
                    f"A blob lacks its key field {missing[0]!r} (it has {sorted(header)[:8]}); "
                    "add the field or pass another key"
                )
            replaced += list(self.headers.query({field: header[field] for field in fields}))
            if "data" in blob:
                header |= write_payload(self.chunks, blob["data"])
            headers.append(header)
        self.headers.update(headers, key=fields)
        self._remove_chunks(replaced)

    def remove_docs(self, criteria: dict[str, Any]) -> None:
        """Remove the blobs that match; ``{}`` removes all."""
        self._check_criteria(criteria)
        found = list(self.headers.query(criteria))
        self.headers.remove_docs({"_id": {"$in": [header["_id"] for header in found]}})
        self._remove_chunks(found)

    @property
    def _collection(self) -> Any:
        return self.headers._collection

    def _check_criteria(self, criteria: dict[str, Any] | None) -> None:
        inside = [field for field in criteria or {} if _is_data(field)]
        if inside:
            raise StoreError(
                f"Blobs cannot be searched by {inside[0]!r}; search by blob_uuid, "
                "job_uuid or job_index and look into the data afterwards"
            )

    def _attach_payload(self, blob: dict[str, Any]) -> bool:
        """Put ``data`` into a blob; False when the blob is no longer there."""
        header: dict[str, Any] | None = blob
        name = str(blob.get(self.key, blob["_id"]))
        while header is not None and "sha256" in header:
            try:
                blob["data"] = read_payload(self.chunks, header, name)
            except StoreError:
                # replaced while it was read: the new header tells
                now = self.headers.query_one({"_id": blob["_id"]})
                if now is not None and now.get("payload_id") == header.get("payload_id"):
                    raise
                header = now
            else:
                return True
        return header is not None

    def _remove_chunks(self, headers: Iterable[dict[str, Any]]) -> None:
        # chunks that others may share are left to the search for orphans
        if not self.chunks.shares_chunks:
            names = [n for header in headers for n in list_chunk_names(header, self.chunks)]
            if names:
                self.chunks.remove(names)


def _is_data(field: str) -> bool:
    return field == "data" or field.startswith("data.")


def _add_payload_fields(
    wanted: dict[str, Any] | None, key: str
) -> tuple[dict[str, Any] | None, set[str]]:
    """Ask for what reading a payload needs too; return also what the caller did not ask for."""
    needed = {*PAYLOAD_FIELDS, key}
    if wanted is None:
        return None, set()
    if all(wanted.values()):
        return {**wanted, **dict.fromkeys(needed, 1)}, needed - wanted.keys()
    kept = {name: value for name, value in wanted.items() if name not in needed}
    return kept or None, needed & wanted.keys()


def _split_properties(
    properties: dict[str, Any] | list[str] | None,
) -> tuple[dict[str, Any] | None, bool]:
    """Return what to ask of the headers, always with ``_id``, and whether payloads are wanted."""
    if not isinstance(properties, dict):
        properties = dict.fromkeys(properties or [], 1)
    named = {name: value for name, value in properties.items() if name != "_id"}
    if not named:
        return (None, True) if not properties.get("_id") else ({"_id": 1}, False)
    header = {name: value for name, value in named.items() if not _is_data(name)}
    names_data = len(header) < len(named)
    if all(named.values()):
        return header or {"_id": 1}, names_data
    return header or None, not names_data
