"""Structures of the Materials Project, through its own client (extra ``mp``)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from perolyte.errors import InputError
from perolyte.sources.base import LoadedStructure, SourceItem, hash_record

__all__ = ["KEY_VARIABLE", "MaterialsProjectSource"]

KEY_VARIABLE = "MP_API_KEY"
_FIELDS = ("material_id", "formula_pretty", "structure")


@dataclass(frozen=True)
class MaterialsProjectSource:
    """Materials that match a search of the summary collection.

    Parameters
    ----------
    criteria : mapping
        Keywords of ``MPRester.materials.summary.search``, for example
        ``{"chemsys": "Li-La-Ti-O"}`` or ``{"material_ids": ["mp-5229"]}``.
    client : object, optional
        An open ``MPRester``; None opens one with the key of the environment.

    Notes
    -----
    The key is read from the variable ``MP_API_KEY`` and written nowhere.
    """

    kind: ClassVar[str] = "materials_project"

    criteria: Mapping[str, Any]
    client: Any = field(default=None, repr=False, compare=False)

    def __iter__(self) -> Iterator[SourceItem]:
        """Search, and yield the materials found.

        Raises
        ------
        InputError
            Without the package ``mp-api``, without a key, or when the server refuses the search.
        """
        if not self.criteria:
            raise InputError(
                "a search of the Materials Project needs a criterion, or it would fetch all of "
                "it; give for example {'chemsys': 'Li-La-Ti-O'}"
            )
        if self.client is not None:
            yield from self._search(self.client)
            return
        with _open_client() as client:
            yield from self._search(client)

    def _search(self, client: Any) -> Iterator[SourceItem]:
        error_type = _client_error()
        try:
            found = client.materials.summary.search(**self.criteria, fields=list(_FIELDS))
        except (error_type, TypeError, ValueError, OSError) as error:
            text = " ".join(str(error).split())[:300]
            raise InputError(
                f"the Materials Project did not answer the search {dict(self.criteria)} ({text}); "
                "check the criteria, the key and the network"
            ) from None  # the cause may quote the key
        for document in found:
            yield SourceItem(str(_read(document, "material_id")), partial(_load, document))


def _open_client() -> Any:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    try:
        from mp_api.client import MPRester
    except ImportError as error:
        raise InputError(
            "the package mp-api is not installed; call pip install 'perolyte[mp]'"
        ) from error
    if not key:
        raise InputError(
            f"the environment variable {KEY_VARIABLE} is not set; copy your key from "
            "https://next-gen.materialsproject.org/api into it"
        )
    return MPRester(key, mute_progress_bars=True)


def _client_error() -> type[Exception]:
    """Return what the client raises; it is a stand-in where the package is absent."""
    try:
        from mp_api.client.core import MPRestError
    except ImportError:
        return OSError
    error_type: type[Exception] = MPRestError
    return error_type


def _load(document: Any) -> LoadedStructure:
    from pymatgen.core import Structure

    structure = _read(document, "structure")
    material_id = str(_read(document, "material_id"))
    if structure is None:
        raise InputError(f"{material_id} came without a structure; it may have been deprecated")
    if isinstance(structure, Mapping):
        structure = Structure.from_dict(dict(structure))
    structure = structure.copy()
    for name in tuple(structure.site_properties):
        structure.remove_site_property(name)  # magnetic moments of a calculation
    return LoadedStructure(
        structure=structure,
        source=MaterialsProjectSource.kind,
        source_id=material_id,
        sha256=hash_record([material_id, structure.as_dict()]),
        stated_formula=_read(document, "formula_pretty"),
    )


def _read(document: Any, name: str) -> Any:
    """Read a field; the client answers with objects, or with dictionaries if asked to."""
    if isinstance(document, Mapping):
        return document.get(name)
    return getattr(document, name, None)
