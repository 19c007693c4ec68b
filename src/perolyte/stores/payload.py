"""Large data as bytes and back: numbers packed as arrays, text of binary files unpacked.

The bytes are a skeleton (BSON) followed by buffers. A list of numbers, of any number of dimensions
as long as it is rectangular, becomes one buffer of 8 bytes a number; so do arrays. Text that is
base64, as files are written into documents, becomes the bytes it stands for. What is left stays in
the skeleton, which points to the buffers. Reading gives lists and text back.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import bson
import numpy as np
from bson.binary import Binary
from monty.json import jsanitize
from numpy.typing import NDArray

from perolyte.errors import StoreError
from perolyte.stores.rows import decode_bson, encode_bson

__all__ = ["ENCODING", "pack", "unpack"]

ENCODING = "perolyte1+zlib"
"""Name of this format, with the compression of its chunks."""

_POINTER = 0x92  # subtype of a BSON binary, from the range that is free for applications
_LENGTH = struct.Struct("<Q")
_MIN_NUMBERS = 16
_MIN_BYTES = 4096
_PLAIN = (str, int, float, bool, type(None), datetime, bson.ObjectId)
_DTYPES = {float: "<f8", int: "<i8"}


@dataclass
class _Packer:
    """Takes buffers out of a value; what it returns points to them."""

    buffers: list[bytes | memoryview] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)

    def plain(self, value: Any) -> Any:
        if type(value) is list:
            array = _as_array(value)
            return [self.plain(item) for item in value] if array is None else self._array(array)
        if type(value) is dict:
            return {_as_key(key): self.plain(item) for key, item in value.items()}
        if type(value) is str:
            content = _as_file(value)
            return value if content is None else self._add(content, kind="base64")
        if isinstance(value, bytes):
            subtype = getattr(value, "subtype", 0)
            if len(value) < _MIN_BYTES and subtype != _POINTER:
                return value
            return self._add(bytes(value), kind="bytes", subtype=subtype)
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.dtype.itemsize < 9:
            return self._array(value) if value.size >= _MIN_NUMBERS else value.tolist()
        if isinstance(value, _PLAIN):
            return value
        return self._converted(value)

    def _converted(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return self.plain(list(value))
        if isinstance(value, Mapping) and not hasattr(value, "as_dict"):
            return self.plain(dict(value))
        converted = jsanitize(value, allow_bson=True, recursive_msonable=True)
        # an object that nothing can convert comes back as it is: BSON then says so
        return self.plain(converted) if type(converted) in (list, dict, str) else converted

    def _array(self, array: NDArray[Any]) -> Binary:
        ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        return self._add(
            memoryview(ordered.reshape(-1).view(np.uint8)),  # type: ignore[arg-type]
            kind="array",
            dtype=ordered.dtype.str,
            shape=list(ordered.shape),
        )

    def _add(self, content: bytes | memoryview, **description: Any) -> Binary:
        self.buffers.append(content)
        self.table.append({**description, "n": len(content)})
        return Binary(_LENGTH.pack(len(self.table) - 1), _POINTER)


def pack(data: Any) -> list[bytes | memoryview]:
    """Turn data into pieces of bytes that follow each other.

    Parameters
    ----------
    data : Any
        What BSON can hold, arrays, and what monty can turn into such values.

    Raises
    ------
    StoreError
        When a value is of another kind.

    Examples
    --------
    >>> unpack(b"".join(pack({"x": np.arange(20.0), "name": "LLTO"})))["x"][:3]
    [0.0, 1.0, 2.0]
    """
    packer = _Packer()
    content = packer.plain(data)
    skeleton = encode_bson({"data": content, "buffers": packer.table})
    return [_LENGTH.pack(len(skeleton)), skeleton, *packer.buffers]


def unpack(encoded: bytes) -> Any:
    """Return the data that `pack` was given; arrays come back as lists.

    Raises
    ------
    StoreError
        When the bytes are not of this format.
    """
    whole = memoryview(encoded)
    try:
        (n_skeleton,) = _LENGTH.unpack_from(whole)
        start = _LENGTH.size + n_skeleton
        skeleton = decode_bson(bytes(whole[_LENGTH.size : start]))
        values = list(_read_buffers(whole, start, skeleton["buffers"]))
        return _fill(skeleton["data"], values)
    except (struct.error, KeyError, ValueError, IndexError, TypeError) as error:
        raise StoreError(
            f"Large data cannot be read ({error}); restore the store from a backup"
        ) from error


def _read_buffers(whole: memoryview, start: int, table: list[dict[str, Any]]) -> Iterator[Any]:
    for entry in table:
        part = whole[start : start + entry["n"]]
        start += entry["n"]
        if entry["kind"] == "array":
            yield np.frombuffer(part, entry["dtype"]).reshape(entry["shape"]).tolist()
        elif entry["kind"] == "base64":
            yield base64.b64encode(part).decode("ascii")
        else:
            yield Binary(bytes(part), entry["subtype"]) if entry["subtype"] else bytes(part)


def _fill(value: Any, values: list[Any]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if isinstance(value, Binary) and value.subtype == _POINTER:
        return values[_LENGTH.unpack(value)[0]]
    return value


def _as_array(value: list[Any]) -> NDArray[Any] | None:
    """Return a rectangular list of floats, or of integers, as an array; None for any other."""
    shape = [len(value)]
    flat: Any = value
    while flat and type(flat[0]) is list:
        length = len(flat[0])
        if set(map(type, flat)) != {list} or set(map(len, flat)) != {length}:
            return None
        shape.append(length)
        flat = list(chain.from_iterable(flat))
    if len(flat) < _MIN_NUMBERS:
        return None
    kinds = set(map(type, flat))
    dtype = _DTYPES.get(kinds.pop()) if len(kinds) == 1 else None
    if dtype is None:
        return None
    try:
        return np.array(flat, dtype).reshape(shape)
    except OverflowError:
        return None  # BSON says which number it is


def _as_file(text: str) -> bytes | None:
    """Return the bytes that base64 text stands for; None for any other text."""
    if len(text) < _MIN_BYTES or len(text) % 4 or not text.isascii():
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return content if base64.b64encode(content) == text.encode("ascii") else None


def _as_key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)
