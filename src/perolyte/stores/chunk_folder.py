"""Chunks as files of a folder, named by their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from perolyte.errors import StoreError
from perolyte.files import flush_folder, replace_file
from perolyte.stores.chunks import ChunkPlace, StoredChunk

__all__ = ["FolderChunks"]


class FolderChunks(ChunkPlace):
    """Chunks in files ``ab/abcdef...`` named by the SHA-256 of their content.

    A file is written beside its place and renamed, so that it is there whole or not at all, and
    both it and its folder are on disk before a write returns. The folder may be shared by several
    machines.

    Parameters
    ----------
    folder : str or Path
        It must exist when `connect` is called: a folder that is not mounted is not made anew.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(Path(folder).expanduser().absolute())

    @property
    def description(self) -> str:
        """Where it is."""
        return f"folder:{self.folder}"

    @property
    def shares_chunks(self) -> bool:
        """Chunks are named by their content."""
        return True

    def make(self) -> None:
        """Make the folder.

        Raises
        ------
        StoreError
            When that cannot be done.
        """
        with self._translated_errors("made"):
            Path(self.folder).mkdir(parents=True, exist_ok=True)

    def connect(self) -> None:
        """Open the place."""
        if not Path(self.folder).is_dir():
            raise StoreError(
                f"Folder {self.folder} with the large data of this store is not on this machine; "
                "mount it, or put it back"
            )

    def close(self) -> None:
        """Close nothing: no file stays open."""

    def name_chunk(self, payload_id: str, position: int, content: bytes) -> str:
        """Name a chunk."""
        return hashlib.sha256(content).hexdigest()

    def write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Write chunks by name."""
        with self._translated_errors("written"):
            for name, content in chunks:
                path = self._locate(name)
                if _is_same(path, content):
                    os.utime(path)  # so that a search for orphans knows it as new
                    continue
                if not path.parent.is_dir():
                    path.parent.mkdir(exist_ok=True)
                    flush_folder(path.parent.parent)
                replace_file(path, content)

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each chunk, None for one that is not there."""
        for name in names:
            with self._translated_errors("read"):
                try:
                    content = self._locate(name).read_bytes()
                except FileNotFoundError:
                    yield None
                    continue
            yield content

    def remove(self, names: Iterable[str]) -> None:
        """Remove chunks."""
        with self._translated_errors("written"):
            for name in names:
                self._locate(name).unlink(missing_ok=True)

    def list_chunks(self) -> Iterator[StoredChunk]:
        """Yield all chunks, and files that writers have not finished."""
        for path in sorted(Path(self.folder).glob("??/*")):
            with suppress(FileNotFoundError):
                changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield StoredChunk(path.name, changed_at)

    def _locate(self, name: str) -> Path:
        # what a killed writer left has a dot before the name of the chunk
        return Path(self.folder) / name.lstrip(".")[:2] / name

    @contextmanager
    def _translated_errors(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"Large data in folder {self.folder} cannot be {verb} ({error.strerror}); free "
                "space or check its permissions, then repeat"
            ) from error


def _is_same(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False
