"""Follow a document upstream through a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from perolyte.stores.lineage import INPUT_KEY, MAKER_KEY
from perolyte.stores.provenance_graph import ProvenanceEdge, ProvenanceGraph, ProvenanceNode

if TYPE_CHECKING:
    from jobflow.core.store import JobStore

__all__ = ["INPUT_SCHEMA", "trace"]

INPUT_SCHEMA = "StoredInput"
"""Name of documents that hold a large input of a job, in their metadata."""

_FIELDS = [
    "uuid",
    "index",
    "name",
    "metadata",
    "completed_at",
    "output.name",
    "output.schema_name",
    "output.@class",
    "output.status",
    "output.campaign",
    "output.campaign_file_sha256",
    "output.provenance",
]
_OF_STRUCTURES = ("CandidateSetDoc", "StructureDoc", "StructureSetDoc", "BvseDoc", "BvseSetDoc")
_AT_ONCE = 1000

Document = dict[str, Any]


def trace(store: JobStore, uuid: str) -> ProvenanceGraph:
    """Return the graph upstream of the newest document of a job.

    Parameters
    ----------
    store : JobStore
        Connected.
    uuid : str
        The job; the store has a document of it.

    Returns
    -------
    ProvenanceGraph
        Up to the structure file and the campaign. Parents whose documents are not in the store are
        nodes of the kind ``missing``.
    """
    search = _Search(store)
    wanted = [uuid]
    while wanted:
        wanted = search.visit(wanted)
    return search.build(uuid)


class _Search:
    """Breadth first, one query for each distance."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._documents: dict[str, list[Document]] = {}
        self._nodes: dict[str, ProvenanceNode] = {}
        self._edges: dict[tuple[str, str], ProvenanceEdge] = {}

    def visit(self, uuids: list[str]) -> list[str]:
        """Read the documents of jobs; return the jobs that they rest on and that are new."""
        for start in range(0, len(uuids), _AT_ONCE):
            some = uuids[start : start + _AT_ONCE]
            for name in some:
                self._documents[name] = []
            found = self._store.docs_store.query({"uuid": {"$in": some}}, _FIELDS)
            for document in found:
                self._documents[document["uuid"]].append(document)
        upstream = {
            parent: None
            for name in uuids
            for document in self._documents[name]
            for parent in _list_parents(document)
            if parent not in self._documents
        }
        return list(upstream)

    def build(self, uuid: str) -> ProvenanceGraph:
        """Return the graph of what was visited, from the newest document of a job."""
        root = self._newest_key(uuid)
        queue = [root]
        for key in queue:  # grows
            queue += self._open(key)
        return ProvenanceGraph(root, tuple(self._nodes.values()), tuple(self._edges.values()))

    def _open(self, key: str) -> list[str]:
        """Make the node of a key and its edges; return the keys that are new."""
        if key in self._nodes:
            return []
        uuid, _, index = key.partition("#")
        document = next((d for d in self._documents[uuid] if str(d["index"]) == index), None)
        if document is None:
            self._nodes[key] = ProvenanceNode(key, "missing", name=uuid, uuid=uuid)
            return []
        self._nodes[key] = _describe(key, document)
        sources = list(self._sources(document))
        for source, relation in sources:
            if source != key:
                edge = ProvenanceEdge(source, key, relation)
                self._edges.setdefault((source, key), edge)
        self._add_files(key, document)
        return [source for source, _ in sources if source not in self._nodes]

    def _sources(self, document: Document) -> Iterator[tuple[str, Any]]:
        metadata = document.get("metadata") or {}
        for uuid in metadata.get(INPUT_KEY, ()):
            yield self._newest_key(uuid), "used"
        for uuid in _named_parents(document):
            if uuid != document["uuid"]:
                yield self._newest_key(uuid), "named"
        made_by = metadata.get(MAKER_KEY)
        if made_by is not None:
            yield f"{made_by[0]}#{made_by[1]}", "made"

    def _newest_key(self, uuid: str) -> str:
        newest = max((d["index"] for d in self._documents.get(uuid, ())), default=None)
        return f"{uuid}#{'' if newest is None else newest}"

    def _add_files(self, key: str, document: Document) -> None:
        """Add the structure file that a document was read from, and the file of its campaign."""
        output = _output_of(document)
        metadata = document.get("metadata") or {}
        campaign = output.get("campaign") or metadata.get("campaign")
        sha256 = output.get("campaign_file_sha256") or metadata.get("campaign_file_sha256")
        provenance = output.get("provenance") or {}
        read = provenance.get("input_hash")
        if read is not None and read != sha256:
            kind = "structure" if output.get("schema_name") in _OF_STRUCTURES else "file"
            self._add_file(key, kind, None, read)
        is_first = campaign is not None and not _rests_on_others(document)
        if is_first or output.get("campaign_file_sha256") is not None:
            self._add_file(key, "campaign", campaign, sha256)

    def _add_file(self, key: str, kind: Any, name: str | None, sha256: str | None) -> None:
        source = f"{kind}:{name or ''}:{sha256 or ''}"
        node = ProvenanceNode(source, kind, name=name, sha256=sha256)
        self._nodes.setdefault(source, node)
        self._edges.setdefault((source, key), ProvenanceEdge(source, key, "read"))


def _output_of(document: Document) -> Mapping[str, Any]:
    output = document.get("output")
    return output if isinstance(output, dict) else {}


def _named_parents(document: Document) -> Iterable[str]:
    provenance = _output_of(document).get("provenance")
    named = provenance.get("parent_uuids") if isinstance(provenance, dict) else None
    return named or ()


def _list_parents(document: Document) -> Iterator[str]:
    metadata = document.get("metadata") or {}
    yield from metadata.get(INPUT_KEY, ())
    yield from _named_parents(document)
    made_by = metadata.get(MAKER_KEY)
    if made_by is not None:
        yield made_by[0]


def _rests_on_others(document: Document) -> bool:
    return any(uuid != document["uuid"] for uuid in _list_parents(document))


def _describe(key: str, document: Document) -> ProvenanceNode:
    output = _output_of(document)
    metadata = document.get("metadata") or {}
    provenance = output.get("provenance")
    provenance = provenance if isinstance(provenance, dict) else {}
    is_input = metadata.get("schema_name") == INPUT_SCHEMA
    return ProvenanceNode(
        key=key,
        kind="input" if is_input else "document",
        name=output.get("name") or document.get("name"),
        schema=output.get("schema_name") or output.get("@class"),
        status=output.get("status"),
        uuid=document["uuid"],
        index=document["index"],
        potential=(provenance.get("potential") or {}).get("name"),
        version=provenance.get("perolyte_version"),
        seed=provenance.get("seed"),
        campaign=output.get("campaign") or metadata.get("campaign"),
        completed_at=document.get("completed_at"),
    )
