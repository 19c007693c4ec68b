"""Starting and stopping the server of a store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from perolyte.errors import StoreError
from perolyte.stores.locating import locate_store_file
from perolyte.stores.server.address import ServerAddress, ServerFiles, find_server

__all__ = ["start_server", "stop_server"]

_START_TIMEOUT_S = 120.0


def start_server(
    path: str | Path, port: int = 0, *, host: str = "127.0.0.1", engine: str = "auto"
) -> ServerAddress:
    """Serve a store to several processes of this machine, from a process in the background.

    Parameters
    ----------
    path : str or Path
        A store, as `perolyte.stores.open_store` takes it; made if it is missing.
    port : int
        Port to listen on; 0 takes the one of the last time, or any free one.
    host : str
        Address to listen on. Any but a loopback address lets other machines in, unencrypted.
    engine : str
        ``auto`` (mongod for a new store where it is installed), ``perolyte`` or ``mongod``.

    Returns
    -------
    ServerAddress
        Its ``uri`` is for pymongo, maggma, jobflow and FireWorks.

    Raises
    ------
    StoreError
        When the store is served already or cannot be opened, or the port is taken.
    """
    file = locate_store_file(path)
    command = [sys.executable, "-m", "perolyte.stores.server", str(file), "--background"]
    command += ["--port", str(port), "--host", host, "--engine", engine]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreError(
            f"The server of {file} did not start within {_START_TIMEOUT_S:g} s; "
            f"see {ServerFiles(file).log}"
        ) from error
    address = None if done.returncode else find_server(file)
    if address is None:
        lines = done.stderr.strip().splitlines()
        raise StoreError(
            lines[-1] if lines else f"The server of {file} ended; see {ServerFiles(file).log}"
        )
    return address


def stop_server(path: str | Path, *, timeout_s: float = 30.0) -> bool:
    """Stop the server of a store; everything that it has acknowledged is on disk.

    Parameters
    ----------
    path : str or Path
        A store, as `perolyte.stores.open_store` takes it.
    timeout_s : float
        How long to wait for its end, in seconds.

    Returns
    -------
    bool
        False when none was running.

    Raises
    ------
    StoreError
        When it does not stop, or belongs to another user.
    """
    address = find_server(path)
    if address is None:
        return False
    files = ServerFiles(Path(address.path))
    try:
        os.kill(address.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise StoreError(
            f"The server of {address.path} (process {address.pid}) belongs to another user; "
            "ask its owner to stop it"
        ) from error
    deadline = time.monotonic() + timeout_s
    while files.is_locked():
        if time.monotonic() > deadline:
            raise StoreError(
                f"The server of {address.path} (process {address.pid}) did not stop within "
                f"{timeout_s:g} s; see {files.log}, or end it with kill -9: nothing "
                "acknowledged is lost"
            )
        time.sleep(0.02)
    return True
