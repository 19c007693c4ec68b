"""Commands carried out in batches: one transaction, one wait for the disk, then all the answers."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bson

from perolyte.errors import StoreError
from perolyte.stores.server import administration, reading, writing
from perolyte.stores.server.catalog import Catalog
from perolyte.stores.server.cursors import Cursors
from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.updates import ENGINE_ERRORS, translate_error
from perolyte.stores.sqlite_file import SqliteFile

__all__ = ["Engine"]

Command = dict[str, Any]
Reader = Callable[[Catalog, Cursors, Command], Command]
Writer = Callable[[Catalog, Command], Command]

_READERS: dict[str, Reader] = {
    "aggregate": reading.aggregate,
    "collStats": administration.collection_statistics,
    "count": reading.count,
    "dbStats": administration.database_statistics,
    "distinct": reading.distinct,
    "find": reading.find,
    "getMore": reading.get_more,
    "killCursors": reading.kill_cursors,
    "listCollections": administration.list_collections,
    "listDatabases": administration.list_databases,
    "listIndexes": administration.list_indexes,
}
_WRITERS: dict[str, Writer] = {
    "create": administration.create,
    "createIndexes": administration.create_indexes,
    "delete": writing.delete,
    "drop": administration.drop,
    "dropDatabase": administration.drop_database,
    "dropIndexes": administration.drop_indexes,
    "findAndModify": writing.find_and_modify,
    "insert": writing.insert,
    "update": writing.update,
}
_NAMES = {name.lower(): name for name in (*_READERS, *_WRITERS)}
_RETRY_TABLE = """CREATE TABLE IF NOT EXISTS served_retries (
    session BLOB PRIMARY KEY, number INTEGER, reply BLOB
)"""
_MAX_SESSIONS = 20_000
# as much as SQLite writes before it begins the log anew
_LOG_BYTES = 4_200_000

_log = logging.getLogger(__name__)


class Engine:
    """The documents of one store file, and what clients do with them.

    Parameters
    ----------
    path : Path
        The SQLite file.
    timeout_s : float
        How long to wait, in seconds, for another process that is writing.

    Notes
    -----
    A batch is in memory before it is on disk. When the disk refuses it, everything in memory is
    read again from disk and each command of the batch is tried alone, so that memory equals disk
    and only the commands that fail are answered with an error.
    """

    def __init__(self, path: Path, timeout_s: float = 30.0) -> None:
        self._file = SqliteFile(path, timeout_s)
        self._catalog = Catalog()
        self._cursors = Cursors()
        self._stamp: tuple[int, int] | None = None

    def open(self) -> None:
        """Open the file and read the documents.

        Raises
        ------
        StoreError
            When it cannot be opened or is not a store (see `SqliteFile.open`).
        """
        self._file.open([*self._catalog.definitions(), _RETRY_TABLE])
        with suppress(StoreError):  # on a full disk the store can still be read
            self._file.reserve_log(_LOG_BYTES)
        with self._file.transaction() as connection:
            connection.execute(
                "DELETE FROM served_retries WHERE rowid <= "
                "(SELECT max(rowid) FROM served_retries) - ?",
                (_MAX_SESSIONS,),
            )
        with self._file.reading() as connection, self._catalog.using(connection):
            self._catch_up()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @staticmethod
    def only_reads(command: Command) -> bool:
        """Whether a command changes nothing."""
        return _NAMES.get(next(iter(command)).lower(), "") not in _WRITERS

    def run(self, commands: Sequence[Command]) -> list[Command]:
        """Carry out commands in this order and return their answers.

        When it returns, everything that they wrote is on disk.
        """
        try:
            return self._run_batch(commands)
        except (StoreError, sqlite3.Error) as error:
            _log.warning("a batch of %d commands failed: %s", len(commands), error)
            self.forget()
        return [self._run_alone(command) for command in commands]

    def _run_alone(self, command: Command) -> Command:
        try:
            (reply,) = self._run_batch([command])
        except (StoreError, sqlite3.Error) as error:
            self.forget()
            code = 14031 if "disk is full" in str(error) else 8
            return CommandError(code, str(error)).as_reply()
        return reply

    def _run_batch(self, commands: Sequence[Command]) -> list[Command]:
        names = [_NAMES.get(next(iter(command)).lower(), "") for command in commands]
        writes = any(name in _WRITERS for name in names)
        opened = self._file.transaction() if writes else self._file.reading()
        with opened as connection, self._catalog.using(connection):
            self._catch_up()
            replies = [
                self._run_one(connection, name, command)
                for name, command in zip(names, commands, strict=True)
            ]
            if writes:
                self._catalog.write_owed()
        return replies

    def _run_one(self, connection: sqlite3.Connection, name: str, command: Command) -> Command:
        given = next(iter(command))
        if name and given != name:
            command = {name: command[given], **command}
        try:
            _refuse_impossible(name, given, command)
            reading.refuse_unsafe(command)
            if name in _READERS:
                return _READERS[name](self._catalog, self._cursors, command)
            return self._write_once(connection, name, command)
        except CommandError as error:
            return error.as_reply()
        except ENGINE_ERRORS as error:
            return translate_error(error).as_reply()

    def _write_once(self, connection: sqlite3.Connection, name: str, command: Command) -> Command:
        """Run a write, or return its answer if the client repeats one that was done already."""
        number = command.get("txnNumber")
        session = command.get("lsid")
        if number is None or not isinstance(session, dict):
            return _WRITERS[name](self._catalog, command)
        key = bson.encode(session)
        found = connection.execute(
            "SELECT number, reply FROM served_retries WHERE session = ?", (key,)
        ).fetchone()
        if found is not None and found[0] == number:
            return bson.decode(found[1])
        reply = _WRITERS[name](self._catalog, command)
        connection.execute(
            "INSERT OR REPLACE INTO served_retries VALUES (?, ?, ?)",
            (key, number, bson.encode(reply)),
        )
        return reply

    def _catch_up(self) -> None:
        """Take over what processes have written that have the store open beside this one."""
        stamp = self._file.change_stamp()
        if stamp != self._stamp:
            self._catalog.catch_up()
            self._stamp = stamp

    def forget(self) -> None:
        """Forget the documents in memory; the next command reads them from disk."""
        self._catalog.forget()
        self._stamp = None


def _refuse_impossible(name: str, given: str, command: Command) -> None:
    if not name:
        raise CommandError(59, f"no such command: '{given}'"[:200])
    if "autocommit" in command:
        raise CommandError(20, "the local server has no transactions of several commands")
