"""Where the server of a store is: the files beside the store that tell, and whether it lives.

* ``<store>.server.json``: process and port, written when clients can connect;
* ``<store>.server.lock``: locked by the server for as long as it lives, however it ends;
* ``<store>.token``: the secret of its clients, made at the first start and kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from perolyte.errors import StoreError
from perolyte.stores.locating import locate_store_file
from perolyte.stores.server.scram import USER_NAME

__all__ = [
    "ServerAddress",
    "ServerFiles",
    "find_server",
    "find_server_at",
]

_START_TIMEOUT_S = 30.0
_PUBLIC = 0o644
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (listens so, is reached so)


@dataclass(frozen=True)
class ServerAddress:
    """A server that runs.

    Attributes
    ----------
    path : str
        The store that it serves.
    host : str
        Address that it listens on.
    port : int
        Port that it listens on.
    pid : int
        Its process.
    engine : str
        ``perolyte`` or ``mongod``.
    token : str
        The secret of its clients.
    """

    path: str
    host: str
    port: int
    pid: int
    engine: str = "perolyte"
    token: str = field(default="", repr=False)

    @property
    def uri(self) -> str:
        """Address for pymongo, maggma, jobflow and FireWorks; it contains the secret."""
        host = _ANY_ADDRESS.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        place = f"{host}:{self.port}/perolyte?authSource=admin"
        return f"mongodb://{USER_NAME}:{self.token}@{place}"


class ServerFiles:
    """The files of the server of one store.

    Parameters
    ----------
    path : Path
        The store file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.description = path.with_name(f"{path.name}.server.json")
        self.lock = path.with_name(f"{path.name}.server.lock")
        self.log = path.with_name(f"{path.name}.server.log")
        self.token = path.with_name(f"{path.name}.token")
        self.mongod_data = path.with_name(f"{path.name}.mongod")

    def take_lock(self) -> int:
        """Lock the store for a server, until this process ends or closes the descriptor.

        Raises
        ------
        StoreError
            When another server has it.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.fchmod(descriptor, _PUBLIC)  # everybody may see that the store is served
        except OSError as error:
            raise StoreError(
                f"Store {self.path} cannot be served ({error.strerror}: {self.lock}); "
                "name a path in a writable folder"
            ) from error
        deadline = time.monotonic() + 1.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # a server, or somebody who looks whether there is one
                if time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                os.close(descriptor)
                raise StoreError(
                    f"Store {self.path} is served already; see 'perolyte db status {self.path}'"
                ) from None
            return descriptor

    def is_locked(self) -> bool:
        """Whether a server has the store."""
        try:
            descriptor = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(
                f"Whether store {self.path} is served cannot be seen ({error.strerror}: "
                f"{self.lock}); ask the owner of the store for access"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def read_or_make_token(self) -> str:
        """Return the secret, made if there is none yet."""
        try:
            descriptor = os.open(self.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self._read_token()
        token = secrets.token_urlsafe(32)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
            file.flush()
            os.fsync(file.fileno())
        return token

    def write_description(self, address: ServerAddress) -> None:
        """Tell where the server is, all at once."""
        content = {name: value for name, value in asdict(address).items() if name != "token"}
        new = self.description.with_name(f"{self.description.name}.{os.getpid()}")
        new.write_text(json.dumps(content), encoding="utf-8")
        new.chmod(_PUBLIC)
        new.replace(self.description)

    def read_description(self) -> dict[str, Any] | None:
        """Return what the last server has told, or None."""
        try:
            content = json.loads(self.description.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def read_address(self) -> ServerAddress | None:
        """Return where the last server was, alive or not; None when it has not told."""
        content = self.read_description()
        if content is None:
            return None
        try:
            return ServerAddress(**{**content, "path": str(self.path), "token": self._read_token()})
        except TypeError:
            return None

    def _read_token(self) -> str:
        try:
            token = self.token.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StoreError(
                f"The token of the server of {self.path} cannot be read ({error.strerror}: "
                f"{self.token}); ask the owner of the store for access"
            ) from error
        if len(token) < 20:
            raise StoreError(
                f"The token in {self.token} is damaged; stop the server, remove the file and "
                "start the server again"
            )
        return token


def find_server(path: str | Path) -> ServerAddress | None:
    """Return the server of a store, or None when none runs.

    Parameters
    ----------
    path : str or Path
        A store, as `perolyte.stores.open_store` takes it.

    Raises
    ------
    StoreError
        When a server holds the store and does not say where it is.

    Examples
    --------
    >>> find_server("/no/such/store") is None
    True
    """
    files = ServerFiles(locate_store_file(path))
    deadline = time.monotonic() + _START_TIMEOUT_S
    while files.is_locked():
        address = files.read_address()
        if address is not None and _is_alive(address.pid):
            return address
        if time.monotonic() > deadline:  # the lock is taken before clients can connect
            raise StoreError(
                f"The server of {files.path} does not answer; see {files.log}, or stop it with "
                f"'perolyte db stop {files.path}'"
            )
        time.sleep(0.05)
    return None


def find_server_at(port: int) -> ServerAddress:
    """Return the running server of this user that listens on a port.

    Raises
    ------
    StoreError
        When there is none.
    """
    note = registry_folder() / f"{port}.json"
    try:
        path = json.loads(note.read_text(encoding="utf-8"))["path"]
    except (OSError, ValueError, KeyError, TypeError):
        path = None
    address = None if path is None else find_server(path)
    if address is None or address.port != port:
        raise StoreError(
            f"No server of this user listens on port {port} of this machine; start it with "
            f"'perolyte db start PATH --port {port}', or open the path itself"
        )
    return address


def registry_folder() -> Path:
    """Folder in which the servers of this user are listed by port."""
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state else Path.home() / ".local" / "state"
    return base / "perolyte" / "servers"


def note_port(address: ServerAddress) -> None:
    """List a server under its port, for `find_server_at`."""
    folder = registry_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{address.port}.json").write_text(json.dumps({"path": address.path}))
    except OSError:
        return  # a home that cannot be written: the server is found by its path all the same


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
