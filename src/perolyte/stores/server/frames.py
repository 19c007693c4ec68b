"""Messages of the MongoDB wire protocol: bytes to commands and answers to bytes.

OP_MSG carries every command; OP_QUERY carries only the greeting of a new connection.
https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError

__all__ = [
    "HEADER_BYTES",
    "MAX_DOCUMENT_BYTES",
    "MAX_MESSAGE_BYTES",
    "FrameError",
    "Request",
    "frame_length",
    "pack_reply",
    "parse_request",
]

HEADER_BYTES = 16
MAX_MESSAGE_BYTES = 48_000_000
MAX_DOCUMENT_BYTES = 16 * 1024**2

_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_CHECKSUM_PRESENT, _MORE_TO_COME = 1, 2
_KNOWN_FLAGS = _CHECKSUM_PRESENT | _MORE_TO_COME | 1 << 16  # bit 16: the client takes streams
_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(document_class=dict, tz_aware=False)
_INT32 = struct.Struct("<i")
_HEADER = struct.Struct("<iiii")


class FrameError(Exception):
    """Bytes that are no message: the connection they came from must be closed."""


@dataclass
class Request:
    """One command of a client.

    Attributes
    ----------
    request_id : int
        Number to answer to.
    command : dict
        The command, its name first, lists of documents joined to it.
    is_query : bool
        Whether it came as OP_QUERY and is answered by OP_REPLY.
    wants_reply : bool
        False for an unacknowledged write.
    """

    request_id: int
    command: dict[str, Any]
    is_query: bool = False
    wants_reply: bool = True


def frame_length(header: bytes | bytearray, limit_bytes: int) -> int:
    """Return the length of the message that begins with these 4 bytes, header included.

    Raises
    ------
    FrameError
        When it is impossible or over the limit.
    """
    (length,) = _INT32.unpack_from(header)
    if not HEADER_BYTES < length <= limit_bytes:
        raise FrameError(f"message of {length} bytes")
    return int(length)


def parse_request(frame: bytes) -> Request:
    """Read one whole message.

    Raises
    ------
    FrameError
        When it is not a well-formed OP_MSG or OP_QUERY with a command.
    """
    _, request_id, _, opcode = _HEADER.unpack_from(frame)
    try:
        if opcode == _OP_MSG:
            return _parse_msg(frame, request_id)
        if opcode == _OP_QUERY:
            return _parse_query(frame, request_id)
    except (BSONError, struct.error, ValueError, IndexError, RecursionError) as error:
        raise FrameError(f"malformed message ({error})") from error
    raise FrameError(f"operation {opcode}")


def pack_reply(request: Request, reply: dict[str, Any], reply_id: int) -> bytes:
    """Encode the answer to a request."""
    body = bson.encode(reply)
    if request.is_query:
        start = struct.pack("<iqii", 8, 0, 0, 1)
        opcode = _OP_REPLY
    else:
        start = b"\0\0\0\0\0"
        opcode = _OP_MSG
    length = HEADER_BYTES + len(start) + len(body)
    return _HEADER.pack(length, reply_id, request.request_id, opcode) + start + body


def _parse_msg(frame: bytes, request_id: int) -> Request:
    (flags,) = struct.unpack_from("<I", frame, HEADER_BYTES)
    if flags & 0xFFFF & ~_KNOWN_FLAGS:
        raise FrameError(f"flags {flags:#x}")
    end = len(frame) - (4 if flags & _CHECKSUM_PRESENT else 0)
    position = HEADER_BYTES + 4
    command: dict[str, Any] | None = None
    lists: dict[str, list[dict[str, Any]]] = {}
    while position < end:
        kind = frame[position]
        (size,) = _INT32.unpack_from(frame, position + 1)
        stop = position + 1 + size
        if size < 5 or stop > end:
            raise FrameError(f"section of {size} bytes")
        if kind == 0 and command is None:
            command = bson.decode(frame[position + 1 : stop], _OPTIONS)
        elif kind == 1:
            zero = frame.index(b"\0", position + 5, stop)
            name = frame[position + 5 : zero].decode()
            lists[name] = bson.decode_all(frame[zero + 1 : stop], _OPTIONS)
        else:
            raise FrameError(f"section of kind {kind}")
        position = stop
    if not command:
        raise FrameError("no command")
    return Request(request_id, {**command, **lists}, wants_reply=not flags & _MORE_TO_COME)


def _parse_query(frame: bytes, request_id: int) -> Request:
    zero = frame.index(b"\0", HEADER_BYTES + 4)
    namespace = frame[HEADER_BYTES + 4 : zero].decode()
    start = zero + 9
    (size,) = _INT32.unpack_from(frame, start)
    command = bson.decode(frame[start : start + size], _OPTIONS)
    database, _, collection = namespace.partition(".")
    if collection != "$cmd" or not command:
        raise FrameError(f"query of {namespace[:40]}")
    return Request(request_id, {**command, "$db": database}, is_query=True)
