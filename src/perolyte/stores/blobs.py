"""The additional store of jobflow for large data, in the same SQLite file as the documents.

A blob has a small header (identifiers, size, SHA-256), which is searched in memory, and a payload
of any size, which stays on disk until a query asks for the field ``data``.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from maggma.core import Sort
from monty.json import jsanitize

from perolyte.errors import StoreError
from perolyte.stores.embedded import EmbeddedStore
from perolyte.stores.rows import Row, decode_bson, encode_bson, prepare_row
from perolyte.stores.table import PayloadTable

__all__ = ["EmbeddedBlobStore"]

_ENCODING = "bson+zlib"
# trajectories shrink by a third at level 1 and by no more than another 3 % at level 6
_COMPRESSION_LEVEL = 1


class EmbeddedBlobStore(EmbeddedStore):
    """A store of blobs whose field ``data`` is not kept in memory.

    Parameters
    ----------
    path : str or Path
        The SQLite file; its folder must exist.
    collection_name : str
        Name of the table of headers.
    key : str
        Field that tells blobs apart when `update` gets no key.
    timeout_s : float
        How long to wait, in seconds, for another process that is writing.

    Notes
    -----
    ``data`` may be anything that BSON can hold, or that monty can turn into it. The store adds
    ``sha256`` (of the BSON bytes), ``n_bytes`` (their number) and ``encoding`` to the header.
    Searching by a value inside ``data`` is refused.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with EmbeddedBlobStore(folder.name + "/perolyte.sqlite") as store:
    ...     store.update({"blob_uuid": "b", "data": [0.5, 1.5]})
    ...     store.query_one({"blob_uuid": "b"}, ["data"])["data"]
    [0.5, 1.5]
    >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | Path,
        collection_name: str = "blobs",
        *,
        key: str = "blob_uuid",
        timeout_s: float = 30.0,
    ) -> None:
        super().__init__(path, collection_name, key=key, timeout_s=timeout_s)
        self._payloads = PayloadTable(collection_name, self._table)

    def query(  # type: ignore[override]
        self,
        criteria: dict[str, Any] | None = None,
        properties: dict[str, Any] | list[str] | None = None,
        sort: dict[str, Sort | int] | None = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield the blobs that match, reading the payload of each when it is its turn.

        Parameters are those of `EmbeddedStore.query`. Payloads are read when `properties` is
        absent or asks for ``data``; any path inside ``data`` gives the whole of it.

        Raises
        ------
        StoreError
            When a payload is missing or does not have its SHA-256.
        """
        header_properties, with_data = _split_properties(properties)
        for blob in super().query(criteria, header_properties, sort=sort, skip=skip, limit=limit):
            if with_data and not self._attach_payload(blob):
                continue  # removed by another process since the search
            if (
                properties
                and isinstance(properties, dict)
                and properties.get("_id", 1) in (0, False)
            ):
                del blob["_id"]
            yield blob

    def _check_criteria(self, criteria: dict[str, Any] | None) -> None:
        inside = [field for field in criteria or {} if _is_data(field)]
        if inside:
            raise StoreError(
                f"Blobs of {self.path} cannot be searched by {inside[0]!r}; search by blob_uuid, "
                "job_uuid or job_index and look into the data afterwards"
            )

    def _table_definitions(self) -> list[str]:
        return [*super()._table_definitions(), *self._payloads.definitions()]

    def _prepare(self, doc: dict[str, Any], fields: Sequence[str]) -> Row:
        header = {name: value for name, value in doc.items() if name != "data"}
        row = prepare_row(jsanitize(header, allow_bson=True, recursive_msonable=True), fields)
        if "data" in doc and row.document is not None:
            encoded = _encode_payload(doc["data"])
            row.document["sha256"] = hashlib.sha256(encoded).hexdigest()
            row.document["n_bytes"] = len(encoded)
            row.document["encoding"] = _ENCODING
            row.payload = zlib.compress(encoded, _COMPRESSION_LEVEL)
        return row

    def _write_rows(self, connection: Any, rows: Sequence[Row], version: int) -> None:
        super()._write_rows(connection, rows, version)
        self._payloads.write(connection, rows)

    def _attach_payload(self, blob: dict[str, Any]) -> bool:
        """Put ``data`` into a blob; False when the blob is no longer there."""
        with self._open_file().reading() as connection:
            found = self._payloads.read(connection, blob["_id"])
        if found is None:
            return False
        header, payload = found
        if "sha256" in header:
            blob["data"] = self._decode_payload(payload, header)
        return True

    def _decode_payload(self, payload: bytes | None, header: dict[str, Any]) -> Any:
        name = header.get(self.key, header["_id"])
        advice = "restore the store from a backup or run its job again"
        if payload is None:
            raise StoreError(f"Blob {name} of {self.path} has lost its data; {advice}")
        try:
            encoded = zlib.decompress(payload)
        except zlib.error as error:
            raise StoreError(
                f"Blob {name} of {self.path} is damaged ({error}); {advice}"
            ) from error
        if hashlib.sha256(encoded).hexdigest() != header["sha256"]:
            raise StoreError(
                f"Blob {name} of {self.path} is damaged: "
                f"its SHA-256 is not {header['sha256']}; {advice}"
            )
        return decode_bson(encoded)["data"]


def _is_data(field: str) -> bool:
    return field == "data" or field.startswith("data.")


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


def _encode_payload(data: Any) -> bytes:
    try:
        return encode_bson({"data": data})
    except StoreError:
        # arrays and objects: turning everything into plain values first would double the time for
        # the large lists of numbers that jobflow hands over plain already
        return encode_bson({"data": jsanitize(data, allow_bson=True, recursive_msonable=True)})
