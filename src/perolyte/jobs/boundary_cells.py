"""Cells of a grain boundary, as a job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from jobflow import job
from monty.json import MSONable
from pymatgen.core import Structure

from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import BoundaryCellDescription, BoundarySetDoc
from perolyte.schemas.large import LARGE_KEY
from perolyte.structures import BoundarySet, grain_boundary

__all__ = ["BoundaryRecipe", "build_boundaries", "build_boundary_cells"]


@dataclass(frozen=True)
class BoundaryRecipe(MSONable):
    """Which boundary, and how its cells are made: :func:`perolyte.structures.grain_boundary`.

    Parameters
    ----------
    sigma, plane
        Of a symmetric tilt boundary about [001].
    **kwargs
        All else as :func:`~perolyte.structures.grain_boundary`.
    """

    sigma: int = 5
    plane: tuple[int, int, int] = (2, 1, 0)
    shifts: tuple[int, int] = (5, 5)
    min_separation_A: float = 25.0
    n_repeats: int | None = None
    min_width_A: float = 10.0
    max_atoms: int = 2000
    overlaps: Literal["expand", "remove"] = "expand"
    overlap_fraction: float = 0.7
    n_samples: int = 100

    def __post_init__(self) -> None:
        # a database gives lists back
        object.__setattr__(self, "plane", tuple(self.plane))
        object.__setattr__(self, "shifts", tuple(self.shifts))

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of :func:`~perolyte.structures.grain_boundary`."""
        return asdict(self)


def build_boundaries(
    structure: Structure,
    recipe: BoundaryRecipe,
    *,
    name: str,
    mobile_ion: str | None = None,
    seed: int = 0,
    campaign: str | None = None,
    input_hash: str | None = None,
    warnings: list[str] | None = None,
) -> BoundarySetDoc:
    """Do what :func:`perolyte.structures.grain_boundary` does, and write it down.

    Raises
    ------
    InputError
        As that function.
    """
    found = grain_boundary(structure, mobile_ion=mobile_ion, seed=seed, **recipe.options())
    return BoundarySetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="converged" if found.cells else "rejected",
        reasons=[] if found.cells else ["no shift gives a cell; see 'rejected'"],
        warnings=[*(warnings or []), *_list_warnings(found)],
        provenance=make_provenance(seed=seed, input_hash=input_hash),
        sigma_value=found.sigma,
        miller=found.plane,
        axis=found.axis,
        angle_degrees=found.angle_degrees,
        formula=structure.composition.element_composition.reduced_formula,
        mobile_ion=mobile_ion,
        template=found.template,
        n_shifts_sampled=found.n_shifts_sampled,
        cells=[
            BoundaryCellDescription(formula=_formula(cell.structure), **_fields(cell))
            for cell in found.cells
        ],
        rejected=found.rejected,
        bulk=found.bulk,
    )


@job(data=LARGE_KEY, output_schema=BoundarySetDoc)
def build_boundary_cells(
    structure: Structure, *, recipe: dict[str, Any], **settings: Any
) -> BoundarySetDoc:
    """Do what :func:`build_boundaries` does, as a job; the recipe by its fields."""
    return build_boundaries(structure, BoundaryRecipe(**recipe), **settings)


def _fields(cell: Any) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in cell.__dataclass_fields__}


def _formula(structure: Structure) -> str:
    return str(structure.composition.element_composition.reduced_formula)


def _list_warnings(found: BoundarySet) -> list[str]:
    warnings = []
    if found.n_shifts_sampled < 25:
        warnings.append(
            f"{found.n_shifts_sampled} rigid shifts were sampled; 25 or more are needed to trust "
            "the lowest energy"
        )
    if any(cell.excess for cell in found.cells):
        warnings.append(
            "some cells have another composition than the bulk: their energies refer to binary "
            "oxides"
        )
    return warnings
