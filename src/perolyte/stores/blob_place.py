"""Which place the large data of a store lie in: chosen once, kept in the store, never guessed.

The choice is a document of the collection ``settings``, so that whoever opens the store by its path
or address alone finds the same place.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from perolyte.errors import StoreError
from perolyte.stores.chunk_bucket import BucketChunks
from perolyte.stores.chunk_folder import FolderChunks
from perolyte.stores.chunks import ChunkPlace

__all__ = ["DOCUMENTS", "SETTINGS_COLLECTION", "choose_place"]

SETTINGS_COLLECTION = "settings"
DOCUMENTS = "documents"
"""The place that is taken when none is named: the database itself."""

_SETTING = "blobs"
_ADVICE = (
    "use 'documents', 'folder:/path/of/a/folder' or 's3://bucket/prefix?endpoint=https://host:port'"
)


@dataclass(frozen=True)
class _Location:
    """A place as it is written in the configuration, with what it means."""

    text: str
    bucket: str | None = None
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    folder: str | None = None


def choose_place(settings: Any, documents: ChunkPlace, wanted: str | None) -> ChunkPlace:
    """Return the place of a store's large data, and remember it there when it is new.

    Parameters
    ----------
    settings : maggma.core.Store
        Connected store of the collection ``settings``.
    documents : ChunkPlace
        The place inside the database.
    wanted : str or None
        ``documents``, ``folder:PATH`` or ``s3://BUCKET/PREFIX?endpoint=URL&region=NAME``; None
        takes what the store says, or ``documents``.

    Raises
    ------
    StoreError
        When `wanted` cannot be read, or the store keeps its large data elsewhere.
    """
    location = None if wanted is None else _parse(wanted)
    known = _read(settings)
    if known is None:
        location = location or _Location(DOCUMENTS)
        known = _remember(settings, location)
    if location is not None and known["place"] != location.text:
        raise StoreError(
            f"The large data of this store lie in {known['place']}, not in {location.text}; leave "
            "the place out, or use another store"
        )
    return _make_place(_parse(known["place"]), known, documents)


def _read(settings: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = settings.query_one({"name": _SETTING})
    return found


def _remember(settings: Any, location: _Location) -> dict[str, Any]:
    """Write the choice, unless another process has just made one; return the one that counts."""
    from pymongo.errors import BulkWriteError

    mine = {
        "_id": _SETTING,
        "name": _SETTING,
        "place": location.text,
        "store_id": uuid.uuid4().hex,
    }
    _try(location, mine)
    refusal: Exception | None = None
    try:
        # a document that has this _id and another store_id refuses to be replaced
        settings.update(mine, key=["_id", "store_id"])
    except (BulkWriteError, StoreError) as error:
        refusal = error
    known = _read(settings)
    if location.folder is not None and (known is None or known["store_id"] != mine["store_id"]):
        _own_folder(location, mine).rmdir()
    if known is None:
        raise StoreError(
            f"The place of large data, {location.text}, cannot be kept in the store ({refusal}); "
            "check that it is writable"
        ) from refusal
    return known


def _try(location: _Location, setting: dict[str, Any]) -> None:
    """Make a folder, reach a bucket: a place that cannot be used is not remembered."""
    if location.folder is not None:
        FolderChunks(_own_folder(location, setting)).make()
    elif location.bucket is not None:
        bucket = _make_bucket(location, setting)
        bucket.connect()
        bucket.close()


def _make_bucket(location: _Location, setting: dict[str, Any]) -> BucketChunks:
    prefix = "/".join(part for part in (location.prefix, setting["store_id"]) if part)
    return BucketChunks(str(location.bucket), prefix, location.endpoint, location.region)


def _make_place(location: _Location, known: dict[str, Any], documents: ChunkPlace) -> ChunkPlace:
    if location.folder is not None:
        return FolderChunks(_own_folder(location, known))
    if location.bucket is not None:
        return _make_bucket(location, known)
    return documents


def _own_folder(location: _Location, known: dict[str, Any]) -> Path:
    # several stores may name one folder: what is an orphan to one belongs to another
    return Path(str(location.folder)) / str(known["store_id"])


def _parse(text: str) -> _Location:
    if text == DOCUMENTS:
        return _Location(DOCUMENTS)
    if text.startswith("folder:") and len(text) > len("folder:"):
        folder = str(Path(text.removeprefix("folder:")).expanduser().absolute())
        return _Location(f"folder:{folder}", folder=folder)
    if text.startswith("s3://"):
        return _parse_bucket(text)
    raise StoreError(f"Large data cannot be kept in {text!r}; {_ADVICE}")


def _parse_bucket(text: str) -> _Location:
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query))
    unknown = sorted(set(options) - {"endpoint", "region"})
    if "@" in parts.netloc or unknown:
        what = f"option {unknown[0]!r}" if unknown else "a user"
        raise StoreError(
            f"The address of bucket {parts.hostname or parts.netloc} names {what}; it may have "
            "endpoint and region, and boto3 finds the user in AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        )
    if not parts.netloc:
        raise StoreError(f"Large data cannot be kept in {text!r}; {_ADVICE}")
    return _Location(
        text,
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=options.get("endpoint"),
        region=options.get("region"),
    )
