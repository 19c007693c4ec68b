"""A graph of documents: what a result was made from, as a table, a tree, a diagram and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ProvenanceEdge", "ProvenanceGraph", "ProvenanceNode"]


@dataclass(frozen=True)
class ProvenanceNode:
    """A document, or what documents rest on.

    Attributes
    ----------
    key : str
        Names it in the graph: ``uuid#index`` of a document, else its kind and name.
    kind : str
        ``document``; ``input``, a large input kept in the store; ``structure`` or ``file``, what
        was read; ``campaign``, a campaign file; ``missing``, a document that the store does not
        have.
    name, schema, status : str or None
        Of the document.
    uuid : str or None
        Of its job.
    index : int or None
        Which run of the job.
    potential, version : str or None
        Interatomic potential, and version of perolyte.
    seed : int or None
        Seed of its random numbers.
    campaign : str or None
        Name of the campaign.
    sha256 : str or None
        Of the file.
    completed_at : str or None
        When it was written.
    """

    key: str
    kind: Literal["document", "input", "structure", "file", "campaign", "missing"]
    name: str | None = None
    schema: str | None = None
    status: str | None = None
    uuid: str | None = None
    index: int | None = None
    potential: str | None = None
    version: str | None = None
    seed: int | None = None
    campaign: str | None = None
    sha256: str | None = None
    completed_at: str | None = None

    def describe(self) -> str:
        """Return one line: what it is, its name, and what made its numbers."""
        what = self.schema or ("job" if self.kind == "document" else self.kind)
        details = [
            self.status,
            f"potential {self.potential}" if self.potential else None,
            f"seed {self.seed}" if self.seed is not None else None,
            f"perolyte {self.version}" if self.version else None,
            f"sha256 {self.sha256[:12]}" if self.sha256 else None,
            self.uuid[:8] if self.uuid else None,
        ]
        said = ", ".join(detail for detail in details if detail)
        return " ".join(part for part in (what, self.name, f"({said})" if said else None) if part)


@dataclass(frozen=True)
class ProvenanceEdge:
    """One document rests on another.

    Attributes
    ----------
    source, target : str
        Keys of the nodes: the target rests on the source.
    relation : str
        ``used``, the output was an input; ``named``, the document names it as a parent; ``made``,
        the job asked for the other one; ``read``, from a file.
    """

    source: str
    target: str
    relation: Literal["used", "named", "made", "read"]


@dataclass(frozen=True)
class ProvenanceGraph:
    """Everything upstream of one document.

    Attributes
    ----------
    root : str
        Key of that document.
    nodes : tuple of ProvenanceNode
        The root first, then by distance from it.
    edges : tuple of ProvenanceEdge
        Which rests on which.
    """

    root: str
    nodes: tuple[ProvenanceNode, ...]
    edges: tuple[ProvenanceEdge, ...]

    def to_frame(self) -> DataFrame:
        """Return one row per node, with ``used_by``, the keys of the nodes that rest on it."""
        from pandas import DataFrame

        used_by: dict[str, list[str]] = {}
        for edge in self.edges:
            used_by.setdefault(edge.source, []).append(edge.target)
        return DataFrame([{**asdict(n), "used_by": used_by.get(n.key, [])} for n in self.nodes])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: ``root``, ``nodes`` and ``edges``."""
        return asdict(self)

    def to_text(self, *, max_lines: int = 200) -> str:
        """Return a tree, the root on top; a node that was shown before is not opened again.

        Examples
        --------
        >>> nodes = (ProvenanceNode("a", "document", "D"), ProvenanceNode("b", "structure", "s"))
        >>> print(ProvenanceGraph("a", nodes, (ProvenanceEdge("b", "a", "read"),)).to_text())
        job D
        └─ read structure s
        """
        lines: list[str] = []
        for line in self._walk():
            if len(lines) == max_lines:
                lines.append(f"... {len(self.nodes)} nodes in all; ask for JSON to see them")
                break
            lines.append(line)
        return "\n".join(lines)

    def to_mermaid(self) -> str:
        """Return a flow chart in the language of Mermaid, from what was read to the result.

        Examples
        --------
        >>> nodes = (ProvenanceNode("a", "document", "D"), ProvenanceNode("b", "structure", "s"))
        >>> graph = ProvenanceGraph("a", nodes, (ProvenanceEdge("b", "a", "read"),))
        >>> graph.to_mermaid().splitlines()[-1].strip()
        'n1 -->|read| n0'
        """
        number = {node.key: f"n{index}" for index, node in enumerate(self.nodes)}
        lines = ["flowchart TD"]
        for node in self.nodes:
            label = node.describe().replace('"', "'")
            lines.append(f'    {number[node.key]}["{label}"]')
        for edge in self.edges:
            lines.append(f"    {number[edge.source]} -->|{edge.relation}| {number[edge.target]}")
        return "\n".join(lines)

    def _walk(self) -> Iterator[str]:
        nodes = {node.key: node for node in self.nodes}
        upstream: dict[str, list[ProvenanceEdge]] = {}
        for edge in self.edges:
            upstream.setdefault(edge.target, []).append(edge)
        shown: set[str] = set()
        # a stack, not recursion: a chain of continued runs may be longer than Python's limit
        stack = [(self.root, "", "", "")]
        while stack:
            key, relation, prefix, branch = stack.pop()
            again = key in shown and bool(upstream.get(key))
            yield f"{prefix}{branch}{relation}{nodes[key].describe()}{' (above)' if again else ''}"
            if key in shown:
                continue
            shown.add(key)
            below = prefix + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
            edges = upstream.get(key, [])
            for position, edge in reversed(list(enumerate(edges))):
                twig = "└─ " if position == len(edges) - 1 else "├─ "
                stack.append((edge.source, f"{edge.relation} ", below, twig))
