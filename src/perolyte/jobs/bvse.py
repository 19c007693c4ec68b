"""Bond valence barriers of structures, as documents."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jobflow import job
from pydantic import ValidationError
from pymatgen.core import Element, Structure

from perolyte.bvse import (
    EnergyMap,
    MigrationEdge,
    PercolationResult,
    SiteNetwork,
    energy_map,
    migration_paths,
    percolation_barriers,
)
from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    HopDescription,
    PercolationDescription,
)
from perolyte.structures import assign_oxidation_states, guess_oxidation_states

__all__ = [
    "BvseRun",
    "check_ion",
    "compute_bvse",
    "describe_bvse",
    "list_hop_kinds",
    "make_settings",
    "run_bvse",
]

_ION = re.compile(r"(?P<element>[A-Z][a-z]?)([1-9]?[+-])?")
HOP_MARGIN_EV = 0.1
"""Hops are looked for this far above the highest barrier found."""
NO_PATH_LIMIT_EV = 3.0
"""Where nothing percolates, hops are looked for this far above the lowest voxel."""


@dataclass(frozen=True, eq=False)
class BvseRun:
    """The document of one structure and what it was made from.

    Attributes
    ----------
    document : BvseDoc
        Barriers, or the reason why there are none.
    energies : EnergyMap or None
        None for a rejected structure.
    percolation : PercolationResult or None
        None for a rejected structure.
    network : SiteNetwork or None
        None for a rejected structure, and where hops were not asked for.
    """

    document: BvseDoc
    energies: EnergyMap | None = None
    percolation: PercolationResult | None = None
    network: SiteNetwork | None = None


def make_settings(**fields: Any) -> BvseSettings:
    """Make settings of those fields of :class:`~perolyte.schemas.BvseSettings` that are given.

    Raises
    ------
    InputError
        For a value out of its range.

    Examples
    --------
    >>> make_settings(spacing_A=0.2).cutoff_A
    10.0
    """
    try:
        return BvseSettings(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name} is {first['input']!r}; {first['msg'].replace('Input', 'it')}"
        ) from error


def check_ion(ion: str) -> str:
    """Return an ion without spaces around it.

    Raises
    ------
    InputError
        When it is neither an element nor an element with its charge.

    Examples
    --------
    >>> [check_ion(text) for text in ("Li", " Li1+", "O2-")]
    ['Li', 'Li1+', 'O2-']
    """
    found = _ION.fullmatch(ion.strip())
    if found is None or not Element.is_valid_symbol(found["element"]):
        raise InputError(
            f"{ion!r} is no ion; write an element with its charge, such as Li1+ or O2-, or the "
            "element alone"
        )
    return ion.strip()


def run_bvse(
    structure: Structure,
    ion: str,
    *,
    name: str,
    settings: BvseSettings,
    find_hops: bool = False,
    oxidation_states: Mapping[str, float] | None = None,
    campaign: str | None = None,
    uuid: str | None = None,
    source: str | None = None,
    input_hash: str | None = None,
    memory_limit_GB: float | None = None,
) -> BvseRun:
    """Compute the map, the barriers and, if asked for, the hops of one structure.

    Parameters
    ----------
    structure
        Ordered or not. Without oxidation states they are assigned, as
        :func:`~perolyte.structures.assign_oxidation_states` does, else guessed.
    ion
        "Li1+", or "Li" for the one charge that the structure gives it.
    name
        Of the document.
    settings
        Convention, grid and limits.
    find_hops
        Also look for sites and hops.
    oxidation_states
        States of elements, in e; those of elements that are not in the structure are not used.
    campaign, uuid, source, input_hash
        For the document; ``uuid`` is that of the running job where not given.
    memory_limit_GB
        GB, for the map; half of the physical memory where not given.

    Returns
    -------
    BvseRun
        With a "rejected" document, and nothing else, for a structure that cannot be computed.
    """
    document = BvseDoc(
        uuid=uuid or current_uuid(),
        campaign=campaign,
        name=name,
        status="rejected",
        provenance=make_provenance(input_hash=input_hash),
        formula=structure.composition.reduced_formula,
        structure=structure,
        ion=ion,
        settings=settings,
        source=source,
    )
    try:
        decorated, notes = _decorate(structure, oxidation_states)
        energies = energy_map(
            decorated,
            _complete_ion(decorated, ion),
            spacing_A=settings.spacing_A,
            convention=settings.convention,
            cutoff_A=settings.cutoff_A,
            screening_factor=settings.screening_factor,
            radius_scaling=settings.radius_scaling,
            memory_limit_GB=memory_limit_GB,
        )
        percolation = percolation_barriers(
            energies,
            connectivity=settings.connectivity,
            energy_limit_eV=settings.energy_limit_eV,
        )
        network = _find_network(energies, percolation, settings) if find_hops else None
    except InputError as error:
        return BvseRun(document.model_copy(update={"reasons": [" ".join(str(error).split())]}))
    changes: dict[str, Any] = {
        "status": "converged",
        "warnings": [*notes, *energies.warnings],
        "structure": decorated,
        "ion": energies.ion,
        "percolation": _describe_percolation(percolation),
        "percolation_status": percolation.status,
        "divisions": energies.divisions,
    }
    if network is not None:
        changes["n_sites"] = len({site.equivalence for site in network.sites})
        changes["hops"] = _describe_hops(network)
    return BvseRun(document.model_copy(update=changes), energies, percolation, network)


def list_hop_kinds(network: SiteNetwork) -> list[list[MigrationEdge]]:
    """Group hops that symmetry makes equal, as the hops of a document are; lowest saddle first.

    The first of each group stands for it. Where two basins only touch, so that a path avoids the
    place, is no hop; ties on the grid can make one of several equal hops look so, which is why a
    group counts as soon as one of it is a hop.
    """
    kinds: dict[int, list[MigrationEdge]] = {}
    for edge in network.edges:
        kinds.setdefault(edge.equivalence, []).append(edge)
    sorted_kinds = [
        sorted(edges, key=lambda e: (not e.is_saddle, e.index)) for edges in kinds.values()
    ]
    return [edges for edges in sorted_kinds if edges[0].is_saddle]


def describe_bvse(
    structure: Structure,
    ion: str,
    *,
    name: str,
    settings: BvseSettings,
    find_hops: bool = False,
    oxidation_states: Mapping[str, float] | None = None,
    campaign: str | None = None,
    uuid: str | None = None,
    source: str | None = None,
) -> BvseDoc:
    """Return the document of :func:`run_bvse`, which has the parameters.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> perovskite = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.9), ["Li", "Nb", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> found = describe_bvse(perovskite, "Li", name="a", settings=BvseSettings(spacing_A=0.4))
    >>> found.ion, found.percolation_status
    ('Li+', 'percolates')
    >>> describe_bvse(perovskite, "Na", name="a", settings=BvseSettings()).reasons
    ['no Na is in LiNbO3, whose ions are Li+, Nb5+, O2-; name one of them']
    """
    return run_bvse(
        structure,
        ion,
        name=name,
        settings=settings,
        find_hops=find_hops,
        oxidation_states=oxidation_states,
        campaign=campaign,
        uuid=uuid,
        source=source,
    ).document


@job(output_schema=BvseSetDoc)
def compute_bvse(
    structures: list[Structure],
    ion: str,
    *,
    names: list[str],
    settings: dict[str, Any],
    find_hops: bool = False,
    oxidation_states: dict[str, float] | None = None,
    campaign: str | None = None,
) -> BvseSetDoc:
    """Compute the barriers of many structures, one after the other.

    Parameters
    ----------
    structures, names
        As many of both.
    settings
        Fields of :class:`~perolyte.schemas.BvseSettings`; the same for all, so that barriers
        compare.
    ion, find_hops, oxidation_states, campaign
        As in :func:`run_bvse`.

    Returns
    -------
    BvseSetDoc
        One document per structure, in their order; those that cannot be computed are "rejected".
    """
    checked = BvseSettings.model_validate(settings)
    documents = [
        describe_bvse(
            structure,
            ion,
            name=name,
            settings=checked,
            find_hops=find_hops,
            oxidation_states=oxidation_states,
            campaign=campaign,
            source=name,
        )
        for structure, name in zip(structures, names, strict=True)
    ]
    n_rejected = sum(document.status == "rejected" for document in documents)
    return BvseSetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name="bvse",
        status="converged",
        warnings=[f"{n_rejected} of {len(documents)} structures were rejected"]
        if n_rejected
        else [],
        provenance=make_provenance(),
        documents=documents,
    )


def _decorate(
    structure: Structure, states: Mapping[str, float] | None
) -> tuple[Structure, list[str]]:
    """Give every species a state: as given, as it has, assigned, or guessed with a warning."""
    given = {
        element.symbol: float(states[element.symbol])
        for element in structure.composition.element_composition
        if states and element.symbol in states
    }
    present = [getattr(species, "oxi_state", None) for species in structure.elements]
    if not given and all(present):
        return structure, []
    if len(given) == len(structure.composition.element_composition):
        return _add_states(structure, given), []
    try:
        found = assign_oxidation_states(structure, {e: round(z) for e, z in given.items()})
    except InputError:
        guess = guess_oxidation_states(structure)
        if given or not guess.states:
            raise
        listed = ", ".join(f"{element} {z:+g}" for element, z in sorted(guess.states.items()))
        note = f"oxidation states were guessed ({guess.method}): {listed}; give them to be sure"
        return _add_states(structure, guess.states), [note, *guess.warnings]
    return found.structure, list(found.warnings)


def _add_states(structure: Structure, states: Mapping[str, float]) -> Structure:
    decorated = structure.copy()
    decorated.remove_oxidation_states()
    decorated.add_oxidation_state_by_element(dict(states))
    return decorated


def _complete_ion(structure: Structure, ion: str) -> str:
    """Return the ion with its charge; that of the structure where it is an element alone."""
    ion = check_ion(ion)
    elements: Any = structure.elements
    found = sorted({str(species) for species in elements if species.symbol == ion})
    if len(found) > 1:
        raise InputError(
            f"{ion} has several charges in {structure.composition.reduced_formula}: "
            f"{', '.join(found)}; name one of them"
        )
    if found:
        return found[0]
    if ion.isalpha():
        present = ", ".join(sorted(str(species) for species in elements))
        raise InputError(
            f"no {ion} is in {structure.composition.reduced_formula}, whose ions are {present}; "
            "name one of them"
        )
    return ion


def _find_network(
    energies: EnergyMap, percolation: PercolationResult, settings: BvseSettings
) -> SiteNetwork:
    """Find all hops that the barriers found go over."""
    found = [
        barrier
        for barrier in percolation.barriers_from_cell_minimum_eV.values()
        if math.isfinite(barrier)
    ]
    limit_eV = max(found) + HOP_MARGIN_EV if found else NO_PATH_LIMIT_EV
    return migration_paths(energies, energy_limit_eV=limit_eV, connectivity=settings.connectivity)


def _describe_percolation(result: PercolationResult) -> list[PercolationDescription]:
    described = []
    for dimensions in (1, 2, 3):
        barrier_eV = result.barriers_eV[dimensions]
        is_found = math.isfinite(barrier_eV)
        described.append(
            PercolationDescription(
                dimensions=dimensions,
                barrier_eV=barrier_eV if is_found else None,
                barrier_from_cell_minimum_eV=result.barriers_from_cell_minimum_eV[dimensions]
                if is_found
                else None,
                bottleneck_frac=result.critical_points_frac[dimensions],
                directions=list(result.directions[dimensions]),
                reason=None if is_found else "; ".join(result.reasons),
            )
        )
    return described


def _describe_hops(network: SiteNetwork) -> list[HopDescription]:
    hops = []
    for edges in list_hop_kinds(network):
        edge = edges[0]
        end = np.add(network.sites[edge.end].fractional, edge.image)
        hops.append(
            HopDescription(
                start_frac=_round(network.sites[edge.start].fractional),
                end_frac=_round(end.tolist()),
                forward_eV=edge.forward_eV,
                reverse_eV=edge.reverse_eV,
                length_A=edge.length_A,
                bottleneck_frac=_round(edge.bottleneck.fractional),
                bottleneck_radius_A=edge.bottleneck.radius_A,
                n_equivalent=len(edges),
            )
        )
    return hops


def _round(point: Sequence[float]) -> tuple[float, float, float]:
    """Cut the last digits of fractional coordinates, which differ from machine to machine."""
    x, y, z = (float(u) + 0.0 for u in np.round(np.asarray(point), 6))
    return x, y, z
