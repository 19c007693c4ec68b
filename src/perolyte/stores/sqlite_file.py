"""One SQLite file shared by several processes: opening, transactions, forks, error messages.

Three hazards are handled here so that the stores above need not think of them:

* a connection must not cross a ``fork``: the locks of SQLite belong to the process, so the child
  would write to a write-ahead log that the parent may delete (https://www.sqlite.org/howtocorrupt.html,
  section 2.6). Every connection is therefore closed before a fork and opened again on its next use;
* a file that was removed or replaced under an open connection still takes writes, into nowhere:
  each transaction checks that the path leads to the file that was opened;
* messages of SQLite name neither the file nor the way out.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from perolyte.errors import StoreError

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "SqliteFile"]

APPLICATION_ID = 0x50454C59
"""``PELY``: marks an SQLite file as a store of perolyte."""

SCHEMA_VERSION = 1
"""Raised when the tables change so that an older perolyte cannot read them."""

_WAL_SIZE_LIMIT_BYTES = 64 * 1024**2

_ADVICE = {
    "SQLITE_FULL": "the disk is full; free space and repeat, nothing acknowledged is lost",
    "SQLITE_BUSY": "another process keeps it locked; wait for it or stop it, then repeat",
    "SQLITE_LOCKED": "another process keeps it locked; wait for it or stop it, then repeat",
    "SQLITE_READONLY": "it is not writable; change its permissions or name another path",
    "SQLITE_PERM": "it is not writable; change its permissions or name another path",
    "SQLITE_CANTOPEN": "it cannot be opened; check that its folder exists and is writable",
    "SQLITE_NOTADB": "it is not a database; name a store of perolyte or a path where none is yet",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup or try sqlite3's .recover",
    "SQLITE_IOERR": "the file system reports an input/output error; check the disk and its quota",
    "SQLITE_TOOBIG": "a value exceeds the 1 GB that one row may hold; store it in smaller pieces",
}

_registry: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_registry_lock = threading.Lock()
_held_for_fork: list[SqliteFile] = []


class SqliteFile:
    """A connection to one SQLite file in write-ahead-log mode, safe to share between threads.

    Parameters
    ----------
    path : Path
        The file. It is made by `open` when missing; its folder must exist.
    timeout_s : float
        How long to wait, in seconds, for another process that holds the write lock.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self.timeout_s = timeout_s
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._file_identity: tuple[int, int] | None = None
        self._generation = 0
        with _registry_lock:
            _registry.add(self)

    def __del__(self) -> None:
        # workflow engines open stores and never close them
        with suppress(sqlite3.Error, AttributeError):
            self.close()

    def open(self, statements: Sequence[str]) -> None:
        """Open the file, check that it belongs to perolyte, and run `statements` on it.

        Parameters
        ----------
        statements : sequence of str
            Data definitions that may run any number of times (``CREATE ... IF NOT EXISTS``).

        Raises
        ------
        StoreError
            When the file cannot be opened or written, belongs to another program, or was written
            by a newer perolyte.
        """
        with self.lock:
            try:
                with self._translated_errors():
                    self._connect(mode="rwc")
                    self._check_owner()
                    self._enter_wal_mode()
                with self.transaction() as connection:
                    if not self._check_owner():  # new, and not made meanwhile by another process
                        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    for statement in statements:
                        connection.execute(statement)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        with self.lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hand out the connection for reading, alone among the threads of this process."""
        with self.lock, self._translated_errors():
            if self._connection is None:
                self._connect(mode="rw")
            yield self._live_connection()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hand out the connection inside a write transaction, on disk when the block has ended.

        Other processes cannot write meanwhile. An exception in the block undoes it all.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_identity()
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite itself undoes it after some errors
                    connection.execute("ROLLBACK")
                raise

    def change_stamp(self) -> tuple[int, int]:
        """Return a value that differs from the last one when another connection has written."""
        with self.reading() as connection:
            (data_version,) = connection.execute("PRAGMA data_version").fetchone()
            return self._generation, data_version

    def reserve_log(self, n_bytes: int) -> None:
        """Let the write-ahead log grow now rather than with each commit.

        A commit that makes a file longer also waits for the journal of the file system, and with
        it for the writes of other programs: that doubles its time on a busy disk.
        """
        log = self.path.with_name(f"{self.path.name}-wal")
        with suppress(OSError):
            if log.stat().st_size >= n_bytes:
                return
        with self.transaction() as connection:
            connection.execute("CREATE TABLE reserve (body BLOB)")
            connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (n_bytes,))
            connection.execute("DROP TABLE reserve")
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _live_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"Store {self.path} is closed; open it again before using it")
        return self._connection

    def _connect(self, *, mode: str) -> None:
        if self._file_identity is not None:
            self._check_identity()
        self._connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=self.timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        # FULL: a commit returns only after the log has reached the disk
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT_BYTES}")
        self._file_identity = _identify(self.path)
        self._generation += 1

    def _check_owner(self) -> bool:
        """Tell whether the file is a store already (else it is empty); raise when it is neither."""
        connection = self._live_connection()
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if owner != APPLICATION_ID and (n_tables or owner):
            raise StoreError(
                f"Store {self.path}: it is an SQLite file of another program; "
                "name a store of perolyte or a path where no file is yet"
            )
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"Store {self.path}: it has format {version}, this perolyte reads up to "
                f"{SCHEMA_VERSION}; update perolyte"
            )
        return bool(owner)

    def _enter_wal_mode(self) -> None:
        connection = self._live_connection()
        deadline = time.monotonic() + self.timeout_s
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                # two processes making the same new file: SQLite does not wait here by itself
                if not _error_name(error).startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                break
        if mode != "wal":
            raise StoreError(
                f"Store {self.path}: its file system supports no write-ahead log; "
                "put the store on a local disk or use a MongoDB address"
            )

    def _check_identity(self) -> None:
        if _identify(self.path) != self._file_identity:
            raise StoreError(
                f"Store {self.path}: the file was removed or replaced while it was open; "
                "put it back or open the store again"
            )

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            name = _error_name(error)
            advice = next((text for code, text in _ADVICE.items() if name.startswith(code)), None)
            detail = " ".join(str(error).split())
            message = f"Store {self.path}: {advice or 'the database failed'} ({detail})"
            raise StoreError(message) from error


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _error_name(error: sqlite3.Error) -> str:
    # errors raised by the Python layer, such as a closed connection, carry no SQLite code
    return str(getattr(error, "sqlite_errorname", ""))


def _close_before_fork() -> None:
    _registry_lock.acquire()
    for file in list(_registry):
        file.lock.acquire()
        _held_for_fork.append(file)
        file.close()


def _release_after_fork() -> None:
    while _held_for_fork:
        _held_for_fork.pop().lock.release()
    _registry_lock.release()


os.register_at_fork(
    before=_close_before_fork,
    after_in_parent=_release_after_fork,
    after_in_child=_release_after_fork,
)
