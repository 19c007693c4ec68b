"""Where the bytes of large data lie: what every such place can do.

A place keeps chunks, pieces of at most `CHUNK_BYTES` bytes, under names. It knows nothing of what
they mean: `perolyte.stores.blobs.BlobStore` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monty.json import MSONable

__all__ = ["CHUNK_BYTES", "ChunkPlace", "StoredChunk"]

CHUNK_BYTES = 999_000
"""Bytes of a chunk before compression: at most 1 MB even when nothing can be compressed."""


@dataclass(frozen=True)
class StoredChunk:
    """A chunk that lies in a place.

    Attributes
    ----------
    name : str
        Its name.
    changed_at : datetime
        When it was written last, UTC.
    """

    name: str
    changed_at: datetime


class ChunkPlace(MSONable, ABC):
    """A place for chunks; `connect` before use. Serialised with the store that uses it."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Where it is, for messages and headers; without any password."""

    @abstractmethod
    def connect(self) -> None:
        """Open the place.

        Raises
        ------
        StoreError
            When it cannot be reached or used.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the place; nothing to do when it is not open."""

    @abstractmethod
    def name_chunk(self, payload_id: str, position: int, content: bytes) -> str:
        """Name a chunk, the one at `position` of the payload `payload_id`."""

    @abstractmethod
    def write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Write chunks by name; when this returns, they are on disk."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each chunk, None for one that is not there."""

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove chunks; names that are not there are passed over."""

    @abstractmethod
    def list_chunks(self) -> Iterator[StoredChunk]:
        """Yield all chunks."""

    @property
    def shares_chunks(self) -> bool:
        """Whether equal chunks of different payloads have one name.

        None may then be removed without looking at all headers.
        """
        return False
