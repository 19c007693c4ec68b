"""A real MongoDB in place of the own server, where its program is installed."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from perolyte.errors import StoreError
from perolyte.stores.server.address import ServerFiles
from perolyte.stores.server.scram import USER_NAME

__all__ = ["find_mongod", "run_mongod"]

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0

_log = logging.getLogger(__name__)


def find_mongod(path: Path, engine: str) -> str | None:
    """Return the program to serve a store with, or None for the own server.

    A store that has documents in its own file keeps its own server, which shows them.

    Parameters
    ----------
    path : Path
        The store file.
    engine : str
        ``auto``, ``perolyte`` or ``mongod``.

    Raises
    ------
    StoreError
        When the store is kept by the other engine, or mongod is needed and missing.
    """
    program = shutil.which("mongod")
    is_kept = ServerFiles(path).mongod_data.exists() and not path.exists()
    if engine == "perolyte":
        if is_kept:
            raise StoreError(
                f"Store {path} is kept by mongod; leave out --engine perolyte or name another path"
            )
        return None
    if path.exists():
        if engine == "mongod":
            raise StoreError(
                f"Store {path} has its own file, whose documents mongod would not show; "
                "name another path for mongod"
            )
        return None
    if program is None and (engine == "mongod" or is_kept):
        raise StoreError(
            f"mongod is not installed, and store {path} is to be kept by it; install MongoDB, or "
            "name another path and leave out --engine mongod"
        )
    return program


def run_mongod(
    program: str,
    files: ServerFiles,
    host: str,
    port: int,
    token: str,
    lock: int,
    announce: Callable[[int], None],
) -> None:
    """Run mongod on the folder beside a store until SIGTERM or SIGINT.

    It asks for the same user and token as the own server. The descriptor of the lock goes to
    mongod too, so that the store counts as served for as long as either lives.

    Raises
    ------
    StoreError
        When it does not start.
    """
    data = files.mongod_data
    data.mkdir(mode=0o700, exist_ok=True)
    port = port or _free_port()
    arguments = ["--dbpath", str(data), "--bind_ip", host, "--port", str(port), "--auth"]
    with files.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            [program, *arguments], stdout=log, stderr=log, pass_fds=(lock,)
        )

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        process.terminate()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _make_user(process, files, port, token)
        announce(port)
        code = process.wait()
        _log.info("mongod ended with code %d", code)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(_STOP_TIMEOUT_S)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _make_user(process: subprocess.Popen[bytes], files: ServerFiles, port: int, token: str) -> None:
    """Wait for mongod and make the user, which loopback may do while there is none."""
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure, PyMongoError

    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        if process.poll() is not None:
            raise StoreError(f"mongod ended at its start; see {files.log}")
        client: MongoClient[dict[str, object]] = MongoClient(
            "127.0.0.1", port, serverSelectionTimeoutMS=500, directConnection=True
        )
        with client:
            try:
                client.admin.command("createUser", USER_NAME, pwd=token, roles=["root"])
            except OperationFailure:
                return  # the user exists, so that only it may do this
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    raise StoreError(
                        f"mongod does not answer on port {port}; see {files.log}"
                    ) from error
                time.sleep(0.1)
            else:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
