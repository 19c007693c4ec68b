"""Bond valence barriers of structures, as documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jobflow import job
from pymatgen.core import Structure

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
from perolyte.jobs.bvse_input import complete_ion, decorate_structure
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    LARGE_KEY,
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    HopDescription,
    PercolationDescription,
)

__all__ = [
    "BvseRun",
    "compute_bvse",
    "describe_bvse",
    "list_hop_kinds",
    "run_bvse",
]

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
        decorated, notes = decorate_structure(structure, oxidation_states)
        energies = energy_map(
            decorated,
            complete_ion(decorated, ion),
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


@job(output_schema=BvseSetDoc, data=LARGE_KEY)
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
