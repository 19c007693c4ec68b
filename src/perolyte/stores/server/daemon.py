"""The process of a server: its lock, its log, its life in the background."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NoReturn

from perolyte.errors import StoreError
from perolyte.stores.server.address import ServerAddress, ServerFiles, note_port
from perolyte.stores.server.mongod import find_mongod, run_mongod
from perolyte.stores.server.service import serve

__all__ = ["LOOPBACK_HOSTS", "run_in_background", "run_server"]

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

_LOG_BYTES = 1_000_000

_log = logging.getLogger("perolyte.stores.server")

Announce = Callable[[ServerAddress], None]


def run_server(
    path: Path, *, host: str, port: int, engine: str, announce: Announce | None = None
) -> None:
    """Serve a store in this process until SIGTERM or SIGINT.

    Parameters
    ----------
    path : Path
        The store file, absolute.
    host, port : str and int
        Where to listen; port 0 takes the one of the last time, or any free one.
    engine : str
        ``auto``, ``perolyte`` or ``mongod``.
    announce : callable, optional
        Called once clients can connect.

    Raises
    ------
    StoreError
        When the store is served already or cannot be opened, or the port is taken.
    """
    files = ServerFiles(path)
    _make_folder(path.parent)
    lock = files.take_lock()
    try:
        last = files.read_description() or {}
        files.description.unlink(missing_ok=True)
        token = files.read_or_make_token()
        mongod = find_mongod(path, engine)

        def tell(actual_port: int) -> None:
            name = "perolyte" if mongod is None else "mongod"
            address = ServerAddress(str(path), host, actual_port, os.getpid(), name, token)
            files.write_description(address)
            note_port(address)
            _log.info("serving %s on %s:%d with %s", path, host, actual_port, name)
            if announce is not None:
                announce(address)

        if host not in LOOPBACK_HOSTS:
            _log.warning(
                "listening on %s: other machines reach it, unencrypted; the token is all "
                "that protects the store",
                host,
            )
        _serve_at(
            [port] if port else [_last_port(last), 0],
            lambda number: (
                asyncio.run(serve(path, host, number, token, tell))
                if mongod is None
                else run_mongod(mongod, files, host, number, token, lock, tell)
            ),
        )
        _log.info("stopped serving %s", path)
    finally:
        os.close(lock)


def run_in_background(path: Path, *, host: str, port: int, engine: str) -> NoReturn:
    """Serve a store in a new process of its own session, and end this one when it is ready.

    What the caller sees is one line: the port as JSON and exit code 0, or an error and 3.

    Raises
    ------
    StoreError
        When the folder of the store cannot be made.
    """
    _make_folder(path.parent)
    from_child, to_parent = os.pipe()
    if os.fork():
        os.close(to_parent)
        with os.fdopen(from_child) as stream:
            line = stream.read()
        is_ready = line.startswith("{")
        (sys.stdout if is_ready else sys.stderr).write(
            line or f"The server of {path} ended at its start; see {ServerFiles(path).log}\n"
        )
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if is_ready else 3)
    os.close(from_child)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    _detach_streams(ServerFiles(path).log)
    answer = os.fdopen(to_parent, "w")

    def tell(line: str) -> None:
        if not answer.closed:
            answer.write(f"{line}\n")
            answer.close()

    try:
        run_server(
            path,
            host=host,
            port=port,
            engine=engine,
            announce=lambda address: tell(json.dumps({"port": address.port})),
        )
    except StoreError as error:
        _log.error("%s", error)
        tell(str(error))
        os._exit(3)
    except Exception:  # noqa: BLE001 (nobody else is left to tell)
        _log.exception("the server failed")
        os._exit(1)
    os._exit(0)


def _serve_at(ports: list[int], serve_at: Callable[[int], None]) -> None:
    """Serve on the first port that is not taken."""
    for port in ports[:-1]:
        if port and _is_free(port):
            serve_at(port)
            return
    serve_at(ports[-1])


def _last_port(description: dict[str, object]) -> int:
    port = description.get("port")
    return port if isinstance(port, int) and 0 < port < 65536 else 0


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Store folder {folder} cannot be made ({error.strerror}); "
            "name a path in a writable folder"
        ) from error


def _detach_streams(log: Path) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    try:
        handler = RotatingFileHandler(log, maxBytes=_LOG_BYTES, backupCount=1)
    except OSError:
        return  # the reason shows when the store itself is opened
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
