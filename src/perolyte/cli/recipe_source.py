"""What a recipe is asked for: a formula, a stored document, or the best of a campaign."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from perolyte.cli.show import load_summary, locate_store
from perolyte.errors import InputError, StoreError
from perolyte.schemas import (
    CandidateSetDoc,
    CeramicMaps,
    GrainSizeMapDoc,
    ResultRow,
    ScreeningSummaryDoc,
)
from perolyte.stores import Results, open_store
from perolyte.synthesis import read_target

__all__ = ["RecipeSource", "find_source"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class RecipeSource:
    """A composition with what is known of it."""

    formula: str
    candidate: str | None = None
    volume_A3: float | None = None
    maps: CeramicMaps | None = None
    uuids: list[str | None] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_source(what: str, *, store: str | None, candidate: str | None) -> RecipeSource:
    """Find the composition: a uuid is a document, else a formula, else the name of a campaign.

    With a store given, a campaign of that name goes before a formula.

    Raises
    ------
    InputError
        When it is none of them, or has no such candidate.
    StoreError
        When the store cannot be read, or holds no such document.
    """
    location = "." if store is None else store
    if _UUID.fullmatch(what.strip().lower()):
        return _from_document(what.strip().lower(), location, candidate)
    if store is not None and _is_campaign(what, location):
        return _from_summary(load_summary(what, location), candidate, location)
    try:
        target = read_target(what)
    except InputError as not_formula:
        if store is None:
            try:
                return _from_summary(load_summary(what, location), candidate, location)
            except (InputError, StoreError):
                raise InputError(
                    f"{what[:60]!r} is neither a formula such as Li1/3La5/9TiO3 nor a campaign in "
                    "a store here; give --store for a campaign or document"
                ) from not_formula
        raise InputError(
            f"{what[:60]!r} is neither a formula such as Li1/3La5/9TiO3 nor a finished campaign in "
            f"{location}; 'perolyte results --store {location}' lists what is there"
        ) from not_formula
    if candidate is not None:
        raise InputError(
            f"--candidate {candidate!r} goes with a campaign or a map, and {what!r} is a formula; "
            "leave it out"
        )
    return RecipeSource(target.formula)


def _is_campaign(name: str, location: str) -> bool:
    job_store = open_store(locate_store(location), create=False)
    try:
        found = job_store.query_one(
            {"output.schema_name": ScreeningSummaryDoc.__name__, "output.campaign": name}, ["uuid"]
        )
    finally:
        job_store.close()
    return found is not None


def _from_document(uuid: str, location: str, candidate: str | None) -> RecipeSource:
    job_store = open_store(locate_store(location), create=False)
    try:
        found = Results(job_store).document(uuid, load=True)
    finally:
        job_store.close()
    schema = found.get("schema_name") if isinstance(found, dict) else None
    try:
        if schema == ScreeningSummaryDoc.__name__:
            return _from_summary(ScreeningSummaryDoc.model_validate(found), candidate, location)
        if schema == GrainSizeMapDoc.__name__:
            return _from_map(GrainSizeMapDoc.model_validate(found), candidate)
    except ValidationError as err:
        raise StoreError(
            f"document {uuid} cannot be read ({err.error_count()} wrong fields); it may be of "
            "another version of perolyte"
        ) from err
    formula = found.get("formula") if isinstance(found, dict) else None
    if not isinstance(formula, str):
        raise InputError(
            f"document {uuid} ({schema or 'of no schema'}) has no formula; give the uuid of a "
            "conductivity, structure, grain-size map or summary"
        )
    return RecipeSource(
        formula, volume_A3=_volume_of(found.get("structure"), formula), uuids=[uuid]
    )


def _from_map(document: GrainSizeMapDoc, candidate: str | None) -> RecipeSource:
    materials = document.maps.materials
    names = list(dict.fromkeys(material.name for material in materials))
    chosen = candidate or (names[0] if len(names) == 1 else None)
    found = next((m for m in materials if m.name == chosen), None)
    if found is None:
        raise InputError(
            f"the map holds {', '.join(names) or 'no material'}; name one with --candidate"
        )
    return RecipeSource(
        found.formula or found.name, candidate=found.name, maps=document.maps, uuids=[document.uuid]
    )


def _from_summary(
    summary: ScreeningSummaryDoc, candidate: str | None, location: str
) -> RecipeSource:
    row = _choose_row(summary, candidate)
    maps = summary.ceramic_maps
    has_map = maps is not None and any(m.name == row.name for m in maps.materials)
    warnings = []
    if maps is not None and not has_map:
        warnings.append(f"{row.name} has no map: {maps.left_out.get(row.name, 'not computed')}")
    if row.status != "converged":
        warnings.append(f"the conductivity of {row.name} is not resolved ({row.status})")
    return RecipeSource(
        row.formula,
        candidate=row.name,
        volume_A3=_find_volume(row, location),
        maps=maps if has_map else None,
        uuids=[summary.uuid, row.uuids.get("conductivity")],
        warnings=warnings,
    )


def _choose_row(summary: ScreeningSummaryDoc, candidate: str | None) -> ResultRow:
    rows = sorted(summary.candidates, key=lambda row: row.rank)
    if candidate is not None:
        rows = [row for row in rows if row.name == candidate]
    if not rows:
        names = ", ".join(row.name for row in summary.candidates)
        raise InputError(f"the campaign has no candidate {candidate!r}; it has {names}")
    return rows[0]


def _find_volume(row: ResultRow, location: str) -> float | None:
    """Return the volume of the candidate's cell before relaxation, per reduced formula."""
    uuid = row.uuids.get("candidate_set")
    if uuid is None:
        return None
    job_store = open_store(locate_store(location), create=False)
    try:
        found = CandidateSetDoc.model_validate(Results(job_store).document(uuid, load=True))
    except (StoreError, ValidationError):
        return None  # an X-ray density less; the recipe holds without it
    finally:
        job_store.close()
    structure = next((c.structure for c in found.candidates if c.name == row.name), None)
    return _volume_of(structure, row.formula)


def _volume_of(structure: Any, formula: str) -> float | None:
    """Return the share of a cell's volume that the formula counts."""
    from pymatgen.core import Structure

    if isinstance(structure, dict):
        structure = Structure.from_dict(structure)
    if not isinstance(structure, Structure):
        return None
    try:
        counted = sum(read_target(formula).amounts.values())
    except InputError:
        return None
    return float(structure.volume * counted / structure.composition.num_atoms)
