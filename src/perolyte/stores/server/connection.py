"""One client: its bytes become requests, its requests wait for the next batch."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import Any, Protocol

from bson.errors import BSONError

from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.frames import (
    MAX_DOCUMENT_BYTES,
    MAX_MESSAGE_BYTES,
    FrameError,
    Request,
    frame_length,
    pack_reply,
    parse_request,
)
from perolyte.stores.server.scram import USER_NAME, Conversation, Credential

__all__ = ["Connection", "Host"]

# a greeting and the steps of the authentication are far smaller
_MAX_UNKNOWN_BYTES = 64 * 1024
_GREETINGS = ("hello", "ismaster")
_NOTHING_TO_DO = frozenset(
    {"ping", "endsessions", "refreshsessions", "killsessions", "startsession", "compact", "fsync"}
)
_MAX_WRITES = 100_000

_log = logging.getLogger(__name__)


class Host(Protocol):
    """What a connection needs of the server."""

    credential: Credential

    def admit(self, connection: Connection) -> bool:
        """Note a new connection; False when there are too many."""

    def leave(self, connection: Connection) -> None:
        """Note that a connection has ended."""

    def enqueue(self, connection: Connection, request: Request) -> None:
        """Have a command carried out with the next batch."""

    def next_reply_id(self) -> int:
        """Return a number for an answer."""


class Connection(asyncio.Protocol):
    """The server's end of a connection.

    Parameters
    ----------
    host : Host
        The server.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._conversation: Conversation | None = None
        self._is_known = False
        self._n_waiting = 0
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection."""
        self._transport = transport  # type: ignore[assignment]
        if not self._host.admit(self):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not yet carried out to its end."""
        self._transport = None
        self._received.clear()
        self._host.leave(self)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages."""
        self._received += data
        try:
            self._read_messages()
        except FrameError as error:
            _log.warning("closed a connection: %s", error)
            self.close()

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not take its answers."""
        if self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        if self._transport is not None and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection; what was answered is still sent."""
        if self._transport is not None:
            self._transport.close()
        self._received.clear()

    def abort(self) -> None:
        """Close the connection whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def answer(self, request: Request, reply: dict[str, Any]) -> None:
        """Send an answer."""
        if self._transport is None or not request.wants_reply:
            return
        number = self._host.next_reply_id()
        try:
            packed = pack_reply(request, reply, number)
        except (BSONError, ArithmeticError, RecursionError, TypeError, ValueError) as error:
            refusal = CommandError(8, f"the answer cannot be sent: {error}"[:300])
            packed = pack_reply(request, refusal.as_reply(), number)
        self._transport.write(packed)

    def _read_messages(self) -> None:
        limit = MAX_MESSAGE_BYTES if self._is_known else _MAX_UNKNOWN_BYTES
        while len(self._received) >= 4:
            length = frame_length(self._received, limit)
            if len(self._received) < length:
                return
            frame = bytes(self._received[:length])
            del self._received[:length]
            self._take(parse_request(frame))
            limit = MAX_MESSAGE_BYTES if self._is_known else _MAX_UNKNOWN_BYTES

    def _take(self, request: Request) -> None:
        command = request.command
        name = next(iter(command)).lower()
        if name in _GREETINGS:
            self.answer(request, self._greet(command))
            return
        if request.is_query:
            raise FrameError("an OP_QUERY that is no greeting")
        try:
            reply = self._answer_at_once(name, command)
        except CommandError as error:
            reply = error.as_reply()
        if reply is None:
            self._host.enqueue(self, request)
        else:
            self.answer(request, reply)

    def _answer_at_once(self, name: str, command: dict[str, Any]) -> dict[str, Any] | None:
        """Answer a command that needs no documents; None for others."""
        if name == "saslstart":
            self._conversation = Conversation(self._host.credential)
            return self._conversation.start(command)
        if name == "saslcontinue" and self._conversation is not None:
            reply = self._conversation.go_on(command)
            self._is_known = self._conversation.proved
            return reply
        if not self._is_known:
            raise CommandError(
                13, f"command {name} requires authentication; use the address with the token"[:200]
            )
        if name in _NOTHING_TO_DO:
            return {"ok": 1.0}
        if name == "buildinfo":
            version = [7, 0, 0, 0]
            return {"version": "7.0.0", "versionArray": version, "modules": [], "ok": 1.0}
        if name == "connectionstatus":
            users = [{"user": USER_NAME, "db": "admin"}]
            return {"authInfo": {"authenticatedUsers": users}, "ok": 1.0}
        if not isinstance(command.get("$db"), str):
            raise CommandError(9, "a command names its database in '$db'")
        return None

    def _greet(self, command: dict[str, Any]) -> dict[str, Any]:
        greeting: dict[str, Any] = {
            "helloOk": True,
            "ismaster": True,
            "isWritablePrimary": True,
            # clients repeat an interrupted write, once and under the same number, only where they
            # see a cluster: this is how a launcher outlives a restart of the server
            "msg": "isdbgrid",
            "maxBsonObjectSize": MAX_DOCUMENT_BYTES,
            "maxMessageSizeBytes": MAX_MESSAGE_BYTES,
            "maxWriteBatchSize": _MAX_WRITES,
            "localTime": dt.datetime.now(dt.UTC),
            "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "readOnly": False,
            "ok": 1.0,
        }
        if "saslSupportedMechs" in command:
            greeting["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        speculative = command.get("speculativeAuthenticate")
        if isinstance(speculative, dict):
            conversation = Conversation(self._host.credential)
            try:
                greeting["speculativeAuthenticate"] = conversation.start(speculative)
                self._conversation = conversation
            except CommandError:
                pass  # the client then authenticates step by step, and is told why not
        return greeting
