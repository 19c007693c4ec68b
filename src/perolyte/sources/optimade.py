"""Structures of any database that speaks OPTIMADE 1.x (doi 10.1038/s41597-021-00974-z)."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from perolyte.errors import InputError
from perolyte.sources.base import LoadedStructure, SourceItem, hash_record

__all__ = ["Getter", "OptimadeSource", "get_json"]

Getter = Callable[[str], Mapping[str, Any]]
_TIMEOUT_S = 30.0
_FIELDS = (
    "chemical_formula_reduced",
    "dimension_types",
    "lattice_vectors",
    "cartesian_site_positions",
    "species",
    "species_at_sites",
    "structure_features",
)


@dataclass(frozen=True)
class OptimadeSource:
    """Entries of an OPTIMADE server that match a filter.

    Parameters
    ----------
    base_url : str
        Without version, for example ``"https://optimade.materialsproject.org"``.
    filter : str
        In OPTIMADE's language: ``'elements HAS ALL "Li","Ti" AND nelements=4'``.
    max_entries : int
        Stop after so many: a loose filter can match millions.
    page_limit : int
        Entries asked for at once.
    get : callable
        Takes a URL and returns the decoded answer; the default uses the standard library.
    """

    kind: ClassVar[str] = "optimade"

    base_url: str
    filter: str = ""
    max_entries: int = 1000
    page_limit: int = 50
    get: Getter = field(default_factory=lambda: get_json, repr=False, compare=False)

    def __iter__(self) -> Iterator[SourceItem]:
        """Ask page after page, and yield the entries.

        Raises
        ------
        InputError
            When the server cannot be reached, refuses the filter, or answers something else.
        """
        query = {"response_fields": ",".join(_FIELDS), "page_limit": str(self.page_limit)}
        if self.filter:
            query["filter"] = self.filter
        url: str | None = f"{self.base_url.rstrip('/')}/v1/structures?{urlencode(query)}"
        host = urlsplit(self.base_url).netloc
        seen: set[str] = set()
        n_entries = 0
        while url is not None and url not in seen:
            seen.add(url)
            answer = self.get(url)
            entries = answer.get("data") if isinstance(answer, Mapping) else None
            if not isinstance(entries, list):
                raise InputError(
                    f"{host} does not answer in the form of OPTIMADE ({_quote_errors(answer)}); "
                    "check the address and the filter"
                )
            for entry in entries:
                if n_entries >= self.max_entries:
                    return
                n_entries += 1
                yield SourceItem(f"{host}/{entry.get('id')}", partial(_load_entry, entry))
            url = _find_next(answer)


def get_json(url: str) -> Mapping[str, Any]:
    """Fetch a URL and decode its JSON.

    Raises
    ------
    InputError
        When that fails.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise InputError(f"{url} is no web address; give http://... or https://...")
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "perolyte"})  # noqa: S310 (checked above)
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            decoded: Mapping[str, Any] = json.load(answer)
    except HTTPError as error:
        with error:
            text = _read_errors(error)
        raise InputError(
            f"{parts.netloc} answered {error.code} ({text}); check the address and the filter"
        ) from error
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"{parts.netloc} cannot be reached ({reason}); check the address and the network"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{parts.netloc} did not answer in JSON; give the base URL of an OPTIMADE server"
        ) from error
    return decoded


def _read_errors(error: HTTPError) -> str:
    try:
        return _quote_errors(json.load(error)) or error.reason
    except (ValueError, OSError):
        return error.reason


def _quote_errors(answer: Any) -> str:
    errors = answer.get("errors") if isinstance(answer, Mapping) else None
    details = [str(e.get("detail", e)) for e in errors or [] if isinstance(e, Mapping)]
    return " ".join("; ".join(details).split())[:300] or "no data"


def _find_next(answer: Mapping[str, Any]) -> str | None:
    """Return the address of the next page: a string, or an object with one, or nothing."""
    following = (answer.get("links") or {}).get("next")
    if isinstance(following, Mapping):
        following = following.get("href")
    return following or None


def _load_entry(entry: Mapping[str, Any]) -> LoadedStructure:
    from pymatgen.core import Structure

    name = str(entry.get("id"))
    data = entry.get("attributes") or {}
    features = data.get("structure_features") or []
    if "unknown_positions" in features or data.get("cartesian_site_positions") is None:
        raise InputError(f"entry {name} has no atomic positions; take another one")
    if list(data.get("dimension_types") or []) != [1, 1, 1]:
        raise InputError(
            f"entry {name} is not periodic in 3 directions (dimension_types "
            f"{data.get('dimension_types')}); a crystal is needed"
        )
    try:
        species = {item["name"]: _mix(item, name) for item in data["species"]}
        structure = Structure(
            data["lattice_vectors"],
            [species[label] for label in data["species_at_sites"]],
            data["cartesian_site_positions"],
            coords_are_cartesian=True,
        )
    except (KeyError, TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        raise InputError(
            f"entry {name} is incomplete or malformed ({type(error).__name__}: {text}); "
            "report it to its database"
        ) from error
    warnings: tuple[tuple[str, str], ...] = ()
    if "implicit_atoms" in features:
        text = "the database says that atoms are missing from the list of sites"
        warnings = (("implicit_atoms", text),)
    return LoadedStructure(
        structure=structure,
        source=OptimadeSource.kind,
        source_id=name,
        sha256=hash_record(entry),
        stated_formula=data.get("chemical_formula_reduced"),
        warnings=warnings,
    )


def _mix(species: Mapping[str, Any], name: str) -> dict[str, float]:
    """Return the occupancies of a species; vacancies are what is left to one."""
    if "X" in species["chemical_symbols"]:
        raise InputError(f"entry {name} has a site of an unknown element; take another one")
    pairs = zip(species["chemical_symbols"], species["concentration"], strict=True)
    return {symbol: float(amount) for symbol, amount in pairs if symbol != "vacancy"}
