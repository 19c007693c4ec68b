"""Open files that may be compressed, and read them line by line."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from perolyte.errors import InputError
from perolyte.trajectories.failures import PARSER_ERRORS, CutFileError, shorten_error

__all__ = [
    "LineReader",
    "hash_file",
    "is_compressed",
    "is_cut_inside_line",
    "open_bytes",
    "open_lines",
    "read_all",
    "read_head",
]

_OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_UNREAD = {b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd", b"\x1f\x9d": "compress"}
_HASHED_AT_ONCE = 1 << 20


def is_compressed(path: Path) -> bool:
    """Say whether a file is packed with gzip, bzip2 or xz."""
    return _read_magic(path).startswith(tuple(_OPENERS))


def hash_file(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, packed as it is."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(_HASHED_AT_ONCE):
                digest.update(part)
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror}): check the file") from err
    return digest.hexdigest()


def read_head(path: Path, n_bytes: int) -> bytes:
    """Return the first bytes of what a file holds, unpacked."""
    with open_bytes(path) as file, _explain(path):
        return file.read(n_bytes)


def read_all(path: Path) -> bytes:
    """Return everything that a file holds, unpacked."""
    with open_bytes(path) as file, _explain(path):
        return file.read()


@contextmanager
def open_lines(path: Path) -> Iterator[LineReader]:
    """Open a file for reading line by line.

    Raises
    ------
    InputError
        When the file cannot be opened or unpacked.
    """
    with open_bytes(path) as file:
        yield LineReader(path, file)


class LineReader:
    """Lines of a file, counted from 1.

    Attributes
    ----------
    path
        Of the file.
    number
        Of the line read last.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.number = 0
        self._file = file

    def read_line(self) -> str | None:
        """Return the next line without its end, None at the end of the file."""
        lines = self.read_lines(1)
        return lines[0].rstrip("\r\n") if lines else None

    def read_lines(self, n_lines: int) -> list[str]:
        """Return the next lines with their ends; fewer at the end of the file."""
        with _explain(self.path):
            # latin-1 knows every byte: a stray character is found where it stands in a number
            lines = [line.decode("latin-1") for line in islice(self._file, n_lines)]
        self.number += len(lines)
        return lines


def is_cut_inside_line(rows: Sequence[str]) -> bool:
    r"""Say whether the last row of a table without a line end is shorter than all the others.

    Examples
    --------
    >>> is_cut_inside_line(["Li 0.123 0.456\n", "Li 0.234 0.5"])
    True
    >>> is_cut_inside_line(["Li 0.123 0.456\n", "Li 0.234 0.567"])
    False
    """
    if len(rows) < 2 or rows[-1].endswith("\n"):
        return False
    return len(rows[-1].rstrip()) < min(len(row.rstrip()) for row in rows[:-1])


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading what it holds, unpacked.

    Raises
    ------
    InputError
        When it cannot be opened or is packed in a way that is not read.
    """
    magic = _read_magic(path)
    for start, name in _UNREAD.items():
        if magic.startswith(start):
            raise InputError(f"{path} is packed with {name}, which is not read: unpack it first")
    opener = next((o for start, o in _OPENERS.items() if magic.startswith(start)), None)
    with _explain(path):
        file = cast(BinaryIO, opener(path, "rb") if opener else path.open("rb"))
    with file:
        yield file


def _read_magic(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the trajectory file inside it")
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror}): check the path") from err


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    try:
        yield
    except EOFError as err:  # gzip, bz2 and lzma all say so
        raise CutFileError(
            f"{path} ends before its compressed data do: copy it again, or unpack what there is"
        ) from err
    except PARSER_ERRORS as err:
        raise InputError(
            f"{path} cannot be unpacked ({shorten_error(err)}): copy it again"
        ) from err
