"""Commands that read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import bson
import mongomock_ng
from mongomock_ng.aggregate import process_pipeline
from mongomock_ng.filtering import iter_key_candidates
from sentinels import NOTHING

from perolyte.stores.server.catalog import Catalog, ServedCollection
from perolyte.stores.server.chunks import ChunkCollection
from perolyte.stores.server.cursors import Cursors
from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.ordering import Sort

__all__ = [
    "aggregate",
    "count",
    "distinct",
    "find",
    "get_more",
    "kill_cursors",
    "project",
    "read_sort",
    "refuse_unsafe",
]

Command = dict[str, Any]

_CODE_OPERATORS = {"$where", "$function", "$accumulator"}
_WRITING_STAGES = {"$out", "$merge"}
_PROJECTOR: Any = mongomock_ng.MongoClient()["projection"]["projection"]


def find(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``find``."""
    database, name = command["$db"], _text(command, "find")
    criteria = _document(command, "filter")
    limit = int(command.get("limit") or 0)
    found: Iterator[dict[str, Any]] = iter(())
    collection = catalog.find(database, name)
    if collection is not None:
        found = collection.find(
            criteria,
            sort=read_sort(command.get("sort")),
            skip=int(command.get("skip") or 0),
            limit=abs(limit),
        )
    projection = command.get("projection")
    if projection:
        found = project(found, projection, criteria)
    batch_size = command.get("batchSize")
    return cursors.start(
        f"{database}.{name}",
        found,
        None if batch_size is None else int(batch_size),
        single_batch=bool(command.get("singleBatch")) or limit < 0,
    )


def get_more(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``getMore``."""
    del catalog
    return cursors.go_on(int(command["getMore"]), int(command.get("batchSize") or 0))


def kill_cursors(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``killCursors``."""
    del catalog
    closed, unknown = cursors.close([int(key) for key in command.get("cursors") or []])
    ids = {"cursorsKilled": closed, "cursorsNotFound": unknown}
    return {
        **{name: [bson.Int64(key) for key in keys] for name, keys in ids.items()},
        "cursorsAlive": [],
        "cursorsUnknown": [],
        "ok": 1.0,
    }


def count(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``count``."""
    del cursors
    collection = catalog.find(command["$db"], _text(command, "count"))
    n_documents = 0 if collection is None else collection.count(_document(command, "query"))
    n_documents = max(0, n_documents - int(command.get("skip") or 0))
    limit = abs(int(command.get("limit") or 0))
    return {"n": min(n_documents, limit) if limit else n_documents, "ok": 1.0}


def distinct(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``distinct``."""
    del cursors
    collection = catalog.find(command["$db"], _text(command, "distinct"))
    field = _text(command, "key")
    values: dict[Any, Any] = {}
    if collection is not None:
        for document in collection.find(_document(command, "query")):
            for candidate in iter_key_candidates(field, document):
                if candidate is NOTHING:
                    continue
                for value in candidate if isinstance(candidate, list) else [candidate]:
                    values.setdefault(_freeze(value), value)
    return {"values": list(values.values()), "ok": 1.0}


def aggregate(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``aggregate``."""
    database, name = command["$db"], command["aggregate"]
    if not isinstance(name, str):
        raise CommandError(115, "pipelines over a whole database are not supported here")
    pipeline = command.get("pipeline")
    if not isinstance(pipeline, list) or not all(isinstance(stage, dict) for stage in pipeline):
        raise CommandError(9, "'pipeline' must be a list of documents")
    collection = catalog.find(database, name)
    found = _run_pipeline(catalog, database, collection, pipeline)
    batch_size = (command.get("cursor") or {}).get("batchSize")
    size = None if batch_size is None else int(batch_size)
    return cursors.start(f"{database}.{name}", found, size)


def project(
    documents: Iterator[dict[str, Any]], projection: Any, criteria: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the fields of documents that a projection asks for."""
    if not isinstance(projection, dict):
        raise CommandError(9, "'projection' must be a document")
    for document in documents:
        part: dict[str, Any] | None = _PROJECTOR._copy_only_fields(
            document, dict(projection), dict, filter=criteria
        )
        if part is not None:
            yield part


def read_sort(sort: Any) -> Sort:
    """Return the fields and directions of a sort."""
    if not sort:
        return ()
    if not isinstance(sort, dict):
        raise CommandError(9, "'sort' must be a document")
    if not all(direction in (1, -1) for direction in sort.values()):
        raise CommandError(2, f"a sort direction is 1 or -1, not {list(sort.values())}"[:200])
    return tuple((name, int(direction)) for name, direction in sort.items())


def refuse_unsafe(command: Command) -> None:
    """Refuse operators that run code (mongomock-ng gives ``$where`` to Python) or write elsewhere.

    Raises
    ------
    CommandError
        When there is one anywhere in the command.
    """
    refused = _CODE_OPERATORS
    if "aggregate" in command:
        refused = refused | _WRITING_STAGES
    waiting: list[Any] = [command]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for name in refused & part.keys():
                raise CommandError(115, f"{name} is not supported by the local server")
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _run_pipeline(
    catalog: Catalog, database: str, collection: ServedCollection | None, pipeline: list[Command]
) -> Iterator[dict[str, Any]]:
    criteria: Mapping[str, Any] = {}
    if pipeline and list(pipeline[0]) == ["$match"]:
        criteria, pipeline = pipeline[0]["$match"], pipeline[1:]
    if collection is None:
        found: Iterator[dict[str, Any]] = iter(())
    elif _is_count(pipeline):
        *limits, group = pipeline
        total = collection.count(criteria)
        for stage in limits:
            total = (
                max(0, total - stage["$skip"]) if "$skip" in stage else min(total, stage["$limit"])
            )
        return iter([{"_id": group["$group"]["_id"], "n": total}] if total else [])
    else:
        found = collection.find(criteria)
    if not pipeline:
        return found
    if isinstance(collection, ChunkCollection) and "$limit" in pipeline[0]:
        found = islice(found, pipeline[0]["$limit"])
    # copies, because some stages change the documents they are given
    documents = [bson.decode(bson.encode(document)) for document in found]
    engine_database = catalog.engine_database(database)
    return iter(list(process_pipeline(documents, engine_database, pipeline, None)))


def _is_count(pipeline: list[Command]) -> bool:
    """Whether this is what ``count_documents`` of pymongo sends after its ``$match``."""
    if not pipeline or pipeline[-1].keys() != {"$group"}:
        return False
    group = pipeline[-1]["$group"]
    counts = isinstance(group, dict) and group.get("n") == {"$sum": 1} and len(group) == 2
    simple = counts and isinstance(group.get("_id"), int)
    return simple and all(
        list(stage) in (["$skip"], ["$limit"]) and isinstance(next(iter(stage.values())), int)
        for stage in pipeline[:-1]
    )


def _text(command: Command, field: str) -> str:
    value = command.get(field)
    if not isinstance(value, str) or not value:
        raise CommandError(9, f"{field!r} must be a text")
    return value


def _document(command: Command, field: str) -> dict[str, Any]:
    value = command.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CommandError(9, f"{field!r} must be a document")
    return value


def _freeze(value: Any) -> Any:
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, (dict, list)):
        return "document", bson.encode({"": value})
    return value
