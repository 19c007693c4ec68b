"""What every source of structures gives: named items that load one structure each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.structures import OxidationGuess

__all__ = ["LoadedStructure", "SourceItem", "StructureSource", "hash_record"]


@dataclass(frozen=True)
class LoadedStructure:
    """A structure with where it comes from.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        May be disordered.
    source : str
        ``"file"``, ``"ase"``, ``"materials_project"`` or ``"optimade"``.
    sha256 : str
        Of the bytes of the file, or of the record as the database sent it.
    source_id : str or None
        In the database of origin.
    path : str or None
        Of the file, as it was given.
    dois : tuple of str
        Named by the source.
    stated_formula : str or None
        As the source writes it.
    oxidation : OxidationGuess or None
        What the reader found; None when it did not look for them.
    warnings, notes : tuple of (str, str)
        Code and words of each; notes cast no doubt.
    """

    structure: Structure
    source: str
    sha256: str
    source_id: str | None = None
    path: str | None = None
    dois: tuple[str, ...] = ()
    stated_formula: str | None = None
    oxidation: OxidationGuess | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SourceItem:
    """One structure that can be had.

    Attributes
    ----------
    name : str
        How tables and messages call it.
    load : callable
        Returns a :class:`LoadedStructure`, or raises ``InputError``.
    """

    name: str
    load: Callable[[], LoadedStructure]


@runtime_checkable
class StructureSource(Protocol):
    """Anything that can be iterated for items: a folder, a database, an answer of a server."""

    @property
    def kind(self) -> str:
        """What the documents name as their source."""

    def __iter__(self) -> Iterator[SourceItem]:
        """Yield the items; loading one must not depend on having loaded another."""


def hash_record(record: Any) -> str:
    """Return the SHA-256 of a record of a database, the same for equal content.

    Examples
    --------
    >>> hash_record({"a": 1, "b": 2}) == hash_record({"b": 2, "a": 1})
    True
    """
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
