"""Open the store of a path or of a MongoDB address, or say in one line why that cannot be done."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

from perolyte.errors import StoreError
from perolyte.stores.blob_place import SETTINGS_COLLECTION, choose_place
from perolyte.stores.blobs import BlobStore
from perolyte.stores.chunk_documents import CHUNK_COLLECTION, CollectionChunks, TableChunks
from perolyte.stores.embedded import EmbeddedStore
from perolyte.stores.indices import ensure_indices
from perolyte.stores.locating import DEFAULT_FILE_NAME, locate_store_file
from perolyte.stores.server.address import ServerFiles, find_server, find_server_at

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = ["DATA_STORE_NAME", "DEFAULT_FILE_NAME", "locate_store_file", "open_store"]

DATA_STORE_NAME = "data"
"""The additional store that the force-field jobs of atomate2 save large objects to."""

DEFAULT_DATABASE = "perolyte"

_DOCS_COLLECTION = "docs"
_BLOBS_COLLECTION = "blobs"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ANSWER_TIMEOUT_MS = 4000
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHENTICATION_CODES = (13, 18)  # Unauthorized, AuthenticationFailed (MongoDB error codes)


def open_store(
    uri_or_path: str | Path, *, create: bool = True, blobs: str | None = None
) -> JobStore:
    """Open the document store of a path, of a local server or of a MongoDB address.

    Parameters
    ----------
    uri_or_path : str or Path
        ``mongodb://...`` or ``mongodb+srv://...``, where the database is ``perolyte`` unless the
        address names one; or ``perolyte://127.0.0.1:PORT`` for a local server of this user; or a
        file; or a folder, for ``perolyte.sqlite`` in it. A path that does not exist yet is a file
        when it has a suffix and a folder otherwise. A path that a local server serves is opened
        through that server.
    create : bool
        Make the file and its folders when they are missing.
    blobs : str, optional
        Where a new store keeps large data: ``documents`` (in the database itself, the default),
        ``folder:PATH`` or ``s3://BUCKET/PREFIX?endpoint=URL``. The store remembers it: leave it out
        afterwards.

    Returns
    -------
    jobflow.JobStore
        Connected, with an additional store ``data``. Close it when done.

    Raises
    ------
    StoreError
        When the store is missing and `create` is false, cannot be opened or written, was written
        by a newer version, or when the server does not answer or refuses the user.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = open_store(folder.name)
    >>> store.count()
    0
    >>> store.close()
    >>> folder.cleanup()
    """
    scheme = _SCHEME.match(str(uri_or_path))
    if scheme is None:
        return _open_path(locate_store_file(uri_or_path), create=create, blobs=blobs)
    if scheme[1] == "perolyte":
        return _open_mongodb(find_server_at(_local_port(str(uri_or_path))).uri, blobs=blobs)
    if scheme[1] in ("mongodb", "mongodb+srv"):
        return _open_mongodb(str(uri_or_path), blobs=blobs)
    raise StoreError(
        f"A store cannot be opened by {scheme[1]}://; "
        "use mongodb://..., mongodb+srv://..., perolyte://127.0.0.1:PORT or a path on this machine"
    )


def _open_path(file: Path, *, create: bool, blobs: str | None) -> JobStore:
    address = find_server(file)
    if address is not None:
        return _open_mongodb(address.uri, blobs=blobs)
    if ServerFiles(file).mongod_data.exists() and not file.exists():
        raise StoreError(
            f"Store {file} is kept by mongod, which does not run; "
            f"start it with 'perolyte db start {file}'"
        )
    return _open_embedded(file, create=create, blobs=blobs)


def _local_port(uri: str) -> int:
    host, _, port = uri.partition("://")[2].rstrip("/").rpartition(":")
    if host not in _LOOPBACK or not port.isdecimal():
        raise StoreError(
            f"A local server cannot be reached at {uri!r}; write perolyte://127.0.0.1:PORT, or "
            "mongodb://... for a server on another machine"
        )
    return int(port)


def _open_embedded(file: Path, *, create: bool, blobs: str | None) -> JobStore:
    try:
        if not file.exists():
            if not create:
                raise StoreError(
                    f"There is no store at {file}; check the path, or make one with "
                    f"'perolyte run FILE.yaml -o {file.parent}' or open_store(path)"
                )
            file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Store {file} cannot be made ({error.strerror}); name a path in a writable folder"
        ) from error
    with EmbeddedStore(file, SETTINGS_COLLECTION, key="name") as settings:
        chunks = choose_place(settings, TableChunks(file), blobs)
    return _assemble(
        EmbeddedStore(file, _DOCS_COLLECTION),
        BlobStore(EmbeddedStore(file, _BLOBS_COLLECTION, key="blob_uuid"), chunks),
    )


def _open_mongodb(uri: str, *, blobs: str | None) -> JobStore:
    from maggma.stores import MongoStore

    _check_server(uri)
    database = _database_of(uri)
    documents = CollectionChunks(MongoStore(database, CHUNK_COLLECTION, uri=uri))
    with MongoStore(database, SETTINGS_COLLECTION, uri=uri, key="name") as settings:
        chunks = choose_place(settings, documents, blobs)
    headers = MongoStore(database, _BLOBS_COLLECTION, uri=uri, key="blob_uuid")
    return _assemble(MongoStore(database, _DOCS_COLLECTION, uri=uri), BlobStore(headers, chunks))


def _assemble(docs: Any, blobs: Any) -> JobStore:
    from jobflow.core.store import JobStore
    from maggma.core import StoreError as NotConnectedError

    store = JobStore(docs, additional_stores={DATA_STORE_NAME: blobs})
    try:
        store.connect()
        ensure_indices(store)
    except BaseException:
        for part in (docs, blobs):
            with suppress(NotConnectedError):
                part.close()
        raise
    return store


def _check_server(uri: str) -> None:
    """Ask the server for one document, so that a wrong address or password shows now."""
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

    hosts = _hosts_of(uri)
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri,
            serverSelectionTimeoutMS=_ANSWER_TIMEOUT_MS,
            connectTimeoutMS=_ANSWER_TIMEOUT_MS,
            socketTimeoutMS=_ANSWER_TIMEOUT_MS,
        )
        with client:
            client.admin.command("ping")
            client[_database_of(uri)][_DOCS_COLLECTION].find_one({}, {"_id": 1})
    except ServerSelectionTimeoutError as error:
        raise StoreError(
            f"MongoDB at {hosts} does not answer within {_ANSWER_TIMEOUT_MS / 1000:g} s; "
            "start the server or check host, port and firewall"
        ) from error
    except OperationFailure as error:
        if error.code not in _AUTHENTICATION_CODES:
            raise StoreError(f"MongoDB at {hosts} failed: {_redact(error, uri)}") from error
        raise StoreError(
            f"MongoDB at {hosts} refuses the user; "
            "check user name, password and authSource in the address"
        ) from error
    except (PyMongoError, ValueError) as error:
        # not chained: the cause may quote the address
        raise StoreError(
            f"The MongoDB address for {hosts} cannot be used: {_redact(error, uri)}; "
            "write mongodb://user:password@host:port/database, user and password percent-encoded"
        ) from None


def _split_uri(uri: str) -> tuple[str, str, str]:
    """Return user information, hosts and the rest of an address, which may be malformed."""
    body = uri.partition("://")[2]
    head, question, options = body.partition("?")
    if "@" not in head and "@" in options:  # a password with a question mark in it
        head, question, options = body, "", ""
    user, _, location = head.rpartition("@")
    hosts, _, database = location.partition("/")
    return user, hosts, database + question + options


def _hosts_of(uri: str) -> str:
    return _split_uri(uri)[1] or "an unnamed host"


def _database_of(uri: str) -> str:
    return unquote(_split_uri(uri)[2].partition("?")[0]) or DEFAULT_DATABASE


def _redact(error: Exception, uri: str) -> str:
    text = " ".join(str(error).split())[:300]
    password = _split_uri(uri)[0].partition(":")[2]
    for secret in (password, unquote_plus(password), unquote(password)):
        if secret:
            text = text.replace(secret, "***")
    return text
