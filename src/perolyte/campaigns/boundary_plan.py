"""What the simulated boundaries of a campaign are run with, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

from pymatgen.core import Structure

from perolyte.campaigns.boundary_sections import AtomisticSection, BoundaryKindSpec
from perolyte.campaigns.engine_sections import RelaxationSpec
from perolyte.errors import InputError
from perolyte.flows import BoundaryRecipe, ConductivityMaker, GrainBoundaryConductivityMaker
from perolyte.structures import grain_boundary

__all__ = ["BoundarySize", "build_boundary_maker", "list_recipes", "measure_boundary_cells"]


@dataclass(frozen=True)
class BoundarySize:
    """Size of the cells of one kind of boundary.

    Attributes
    ----------
    sigma, plane
        Which kind.
    n_atoms
        Of the bulk cell that the boundary cells are compared with.
    n_terminations
        Lattice planes that both grains can share.
    separation_A
        Å between the two boundaries.
    """

    sigma: int
    plane: tuple[int, int, int]
    n_atoms: int
    n_terminations: int
    separation_A: float


def build_boundary_maker(
    section: AtomisticSection,
    conductivity_maker: ConductivityMaker,
    relaxation: RelaxationSpec,
    *,
    seed: int,
    campaign: str,
) -> GrainBoundaryConductivityMaker:
    """Build the maker that every kind of boundary is run with."""
    return GrainBoundaryConductivityMaker(
        conductivity_maker,
        force_limit_eV_A=relaxation.force_limit_eV_A,
        max_steps=relaxation.max_steps,
        **section.model_dump(exclude={"kinds"}),
        seed=seed,
        campaign=campaign,
    )


def list_recipes(section: AtomisticSection) -> list[BoundaryRecipe]:
    """Return the kinds of boundaries as the maker takes them."""
    return [BoundaryRecipe(**kind.model_dump()) for kind in section.kinds]


def measure_boundary_cells(
    section: AtomisticSection, structure: Structure, *, mobile_ion: str
) -> list[BoundarySize]:
    """Build an unshifted cell of each kind, so that what cannot be built is found before a run.

    Raises
    ------
    InputError
        Naming the kind.
    """
    return [
        _measure(kind, structure, mobile_ion, index) for index, kind in enumerate(section.kinds)
    ]


def _measure(
    kind: BoundaryKindSpec, structure: Structure, mobile_ion: str, index: int
) -> BoundarySize:
    options = kind.model_dump(exclude={"sigma", "plane"})
    options |= {"shifts": (1, 1), "n_samples": 1, "mobile_ion": mobile_ion}
    try:
        found = grain_boundary(structure, kind.sigma, kind.plane, **options)
    except InputError as err:
        raise InputError(f"boundaries.atomistic[{index}]: {err}") from err
    # of the crystal, not of a cell with its gap: the shift that is run is not known yet
    return BoundarySize(
        kind.sigma,
        kind.plane,
        len(found.bulk),
        len(found.cells) + len(found.rejected),
        found.bulk.lattice.c / 2,
    )
