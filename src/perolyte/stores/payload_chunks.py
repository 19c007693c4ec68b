"""Payloads in chunks: cut, compress and hash on the way in, check on the way out."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from bson import ObjectId

from perolyte.errors import StoreError
from perolyte.stores.chunks import CHUNK_BYTES, ChunkPlace
from perolyte.stores.payload import ENCODING, pack, unpack

__all__ = ["PAYLOAD_FIELDS", "list_chunk_names", "read_payload", "write_payload"]

PAYLOAD_FIELDS = ("sha256", "n_bytes", "encoding", "place", "payload_id", "n_chunks", "chunks")
"""What `write_payload` adds to a header."""

_CHUNKS_AT_ONCE = 16
"""Held in memory and written together: 16 MB."""

_SAMPLE_BYTES = 65_536
_WORTH_COMPRESSING = 0.95
# trajectories shrink by a third at level 1 and by no more than another 3 % at level 6
_COMPRESSION_LEVEL = 1


def write_payload(place: ChunkPlace, data: Any) -> dict[str, Any]:
    """Write the chunks of a payload; return what its header says of them.

    Raises
    ------
    StoreError
        When a value cannot be stored or the place cannot be written.
    """
    pieces = pack(data)
    payload_id = str(ObjectId())
    digest = hashlib.sha256()
    names: list[str] = []
    waiting: list[tuple[str, bytes]] = []
    for position, content in enumerate(_cut(pieces)):
        digest.update(content)
        chunk = _compress(content)
        names.append(place.name_chunk(payload_id, position, chunk))
        waiting.append((names[-1], chunk))
        if len(waiting) == _CHUNKS_AT_ONCE:
            place.write(waiting)
            waiting.clear()
    place.write(waiting)
    header: dict[str, Any] = {
        "sha256": digest.hexdigest(),
        "n_bytes": sum(len(piece) for piece in pieces),
        "encoding": ENCODING,
        "place": place.description,
        "payload_id": payload_id,
        "n_chunks": len(names),
    }
    return {**header, "chunks": names} if place.shares_chunks else header


def read_payload(place: ChunkPlace, header: dict[str, Any], name: str) -> Any:
    """Read the payload that a header points to.

    Parameters
    ----------
    place : ChunkPlace
        Where its chunks lie.
    header : dict
        The header.
    name : str
        Of the blob, for messages.

    Raises
    ------
    StoreError
        When a chunk is missing or damaged, or the encoding is unknown.
    """
    blob = f"Blob {name} in {place.description}"
    advice = "restore the store from a backup or run its job again"
    if header.get("encoding") != ENCODING:
        raise StoreError(
            f"{blob} has encoding {header.get('encoding')!r}, this perolyte reads "
            f"{ENCODING!r}; update perolyte, or run its job again"
        )
    names = list_chunk_names(header, place)
    digest = hashlib.sha256()
    parts: list[bytes] = []
    for position, chunk in enumerate(place.read(names), start=1):
        which = f"chunk {position} of {len(names)}"
        if chunk is None:
            raise StoreError(f"{blob} has lost {which}; {advice}")
        try:
            parts.append(zlib.decompress(chunk))
        except zlib.error as error:
            raise StoreError(f"{blob} is damaged in {which} ({error}); {advice}") from error
        digest.update(parts[-1])
    if digest.hexdigest() != header["sha256"]:
        raise StoreError(f"{blob} is damaged: its SHA-256 is not {header['sha256']}; {advice}")
    encoded = parts[0] if len(parts) == 1 else b"".join(parts)
    parts.clear()
    return unpack(encoded)


def list_chunk_names(header: dict[str, Any], place: ChunkPlace) -> list[str]:
    """List the names of the chunks that a header points to."""
    if "payload_id" not in header:
        return []
    if "chunks" in header:
        return list(header["chunks"])
    n_chunks = range(header["n_chunks"])
    return [place.name_chunk(header["payload_id"], position, b"") for position in n_chunks]


def _cut(pieces: Sequence[bytes | memoryview]) -> Iterator[bytes]:
    """Yield the bytes of the pieces, one after the other, in runs of `CHUNK_BYTES`."""
    waiting = bytearray()
    for piece in pieces:
        whole = memoryview(piece)
        start = 0
        while start < len(whole):
            taken = whole[start : start + CHUNK_BYTES - len(waiting)]
            waiting += taken
            start += len(taken)
            if len(waiting) == CHUNK_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


def _compress(content: bytes) -> bytes:
    """Compress a chunk; what is compressed already, such as HDF5, is only wrapped."""
    middle = max(0, len(content) // 2 - _SAMPLE_BYTES // 2)
    sample = content[middle : middle + _SAMPLE_BYTES]
    pays = len(zlib.compress(sample, _COMPRESSION_LEVEL)) < _WORTH_COMPRESSING * len(sample)
    return zlib.compress(content, _COMPRESSION_LEVEL if pays else 0)
