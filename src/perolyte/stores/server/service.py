"""The server process: it listens, gathers commands and sends the answers."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perolyte.errors import StoreError
from perolyte.stores.server.connection import Connection
from perolyte.stores.server.engine import Engine
from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.frames import Request
from perolyte.stores.server.scram import Credential

__all__ = ["Service", "serve"]

_MAX_CONNECTIONS = 1000
_MAX_BATCH = 64
_FAREWELL_S = 0.05
_COLLECTION_THRESHOLDS = (100_000, 50, 100)

_log = logging.getLogger(__name__)


class Service:
    """All connections to one engine.

    Everything happens in one thread: whatever commands have arrived when the last batch is done
    make up the next one.

    Parameters
    ----------
    engine : Engine
        Open engine.
    token : str
        The secret that clients must know.
    """

    def __init__(self, engine: Engine, token: str) -> None:
        self.credential = Credential(token)
        self._engine = engine
        self._connections: set[Connection] = set()
        self._waiting: list[tuple[Connection, Request]] = []
        self._is_scheduled = False
        self._numbers = itertools.count(1)

    def admit(self, connection: Connection) -> bool:
        """Note a new connection; False when there are too many."""
        if len(self._connections) >= _MAX_CONNECTIONS:
            _log.warning("refused a connection: %d are open", _MAX_CONNECTIONS)
            return False
        self._connections.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Note that a connection has ended."""
        self._connections.discard(connection)

    def enqueue(self, connection: Connection, request: Request) -> None:
        """Have a command carried out with the next batch."""
        self._waiting.append((connection, request))
        if not self._is_scheduled:
            self._is_scheduled = True
            # after the other connections that have data now
            asyncio.get_running_loop().call_soon(self.run_waiting)

    def next_reply_id(self) -> int:
        """Return a number for an answer."""
        return next(self._numbers) & 0x7FFFFFFF

    def run_waiting(self) -> None:
        """Carry out what is waiting."""
        self._is_scheduled = False
        batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
        if self._waiting:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self.run_waiting)
        senders = {connection for connection, _ in batch}
        if len(senders) < len(batch):  # of one client the order counts
            self._run_batch(batch)
            return
        # what is only read need not wait until what others write is on disk
        for is_first in (True, False):
            self._run_batch(
                [item for item in batch if self._engine.only_reads(item[1].command) is is_first]
            )

    def _run_batch(self, batch: list[tuple[Connection, Request]]) -> None:
        if not batch:
            return
        commands = [request.command for _, request in batch]
        try:
            replies = self._engine.run(commands)
        except Exception:  # noqa: BLE001 (one client must not end the server of all others)
            _log.exception("a batch failed: %s", [next(iter(command)) for command in commands])
            self._engine.forget()
            refusal = CommandError(8, "the local server failed; its log says why").as_reply()
            replies = [refusal] * len(batch)
        for (connection, request), reply in zip(batch, replies, strict=True):
            connection.answer(request, reply)

    async def close(self) -> None:
        """Answer what has arrived and close all connections, without waiting for slow clients."""
        while self._waiting:
            self.run_waiting()
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(_FAREWELL_S)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)


async def serve(
    path: Path, host: str, port: int, token: str, announce: Callable[[int], None]
) -> None:
    """Serve a store until SIGTERM or SIGINT.

    Parameters
    ----------
    path : Path
        The SQLite file.
    host : str
        Address to listen on.
    port : int
        Port, 0 for a free one.
    token : str
        The secret that clients must know.
    announce : callable
        Called with the port once clients can connect.

    Raises
    ------
    StoreError
        When the store cannot be opened or the port is taken.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    engine = Engine(path)
    engine.open()
    # documents hold no cycles: looking through all of them for some takes longer than any command
    gc.freeze()
    gc.set_threshold(*_COLLECTION_THRESHOLDS)
    service = Service(engine, token)
    try:
        server = await _listen(service, host, port)
        announce(server.sockets[0].getsockname()[1])
        await stopped.wait()
        server.close()
        await service.close()
    finally:
        engine.close()


async def _listen(service: Service, host: str, port: int) -> Any:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            lambda: Connection(service), host, port, backlog=512, reuse_address=True
        )
    except OSError as error:
        raise StoreError(
            f"Port {port} of {host} cannot be used ({error.strerror}); "
            "name another with --port, or 0 for any free one"
        ) from error
