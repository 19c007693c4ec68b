"""Rows of result tables: the scalars of a document, and what its candidate is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "CANDIDATE_COLUMNS",
    "JOB_COLUMNS",
    "CandidateIndex",
    "describe_candidate",
    "flatten",
    "make_row",
]

_SCALARS = (str, int, float, bool, datetime, type(None))
JOB_COLUMNS = ("uuid", "index", "name", "campaign")
CANDIDATE_COLUMNS = ("family", "kind", "dopant", "fraction", "scheme")
"""What a candidate is: perovskite family of its parent, kind, dopants joined by "+", the fraction
of the first of them that the cell holds, and the compensation."""


def make_row(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a job document whose output is a document of perolyte."""
    output = document["output"]
    first = {
        "uuid": document["uuid"],
        "index": document["index"],
        "name": output.get("name", document.get("name")),
        "campaign": output.get("campaign"),
    }
    return {**first, **flatten(output), **first}


def flatten(part: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Collect scalars; go into nested parts, but not into serialised objects or references.

    Examples
    --------
    >>> flatten({"a": 1, "b": {"c": "x"}, "d": [1, 2]})
    {'a': 1, 'b.c': 'x'}
    """
    found: dict[str, Any] = {}
    for name, value in part.items():
        if isinstance(value, dict) and not {"@class", "blob_uuid"} & value.keys():
            found |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, _SCALARS) and not name.startswith("@"):
            found[f"{prefix}{name}"] = value
    return found


@dataclass
class CandidateIndex:
    """What the candidates of each campaign are, by their names.

    Documents that are computed from a candidate carry its campaign and its name.
    """

    _known: dict[tuple[str | None, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over rows of candidates."""
        for row in rows:
            described = {column: row.get(column) for column in CANDIDATE_COLUMNS}
            self._known[row.get("campaign"), str(row["name"])] = described

    def describe(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the candidate columns for a row of another table; empty where nothing is known."""
        # a boundary has a name of its own beside that of its candidate
        name = row.get("candidate") or row["name"]
        found = self._known.get((row.get("campaign"), str(name)), {})
        # a relaxation carries its candidate itself
        own = describe_candidate(row, prefix="candidate.") if "candidate.kind" in row else {}
        return {**dict.fromkeys(CANDIDATE_COLUMNS), "dopant": row.get("dopant"), **own, **found}


def describe_candidate(row: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """Return kind, dopant, fraction and scheme from the flat fields of a candidate."""
    return {
        "kind": row.get(f"{prefix}kind"),
        "dopant": row.get(f"{prefix}doping.element"),
        "fraction": row.get(f"{prefix}doping.fraction_achieved"),
        "scheme": row.get(f"{prefix}doping.scheme"),
    }
