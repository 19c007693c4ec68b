"""The hops that a validation of a perovskite potential looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perolyte.potentials.validation.barrier import BandSettings, check_barrier
from perolyte.potentials.validation.lattice import relax_cell
from perolyte.potentials.validation.references import (
    LLTO_HOP_EV,
    OXYGEN_HOP_EV,
    SRTIO3_LENGTH_A,
    build_llto,
    build_perovskite,
)
from perolyte.potentials.validation.result import CheckOutcome, judge_check

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.relaxation_batch import RelaxOutcome

__all__ = ["LITHIUM_HOP", "OXYGEN_HOP", "check_lithium_hop", "check_oxygen_hop", "relax_llto"]

LITHIUM_HOP = "lithium to a vacancy along [100] in Li0.125La0.625TiO3"
OXYGEN_HOP = "oxygen to a vacancy along an edge of an octahedron in SrTiO3"
_RATTLE_A = 0.05
"""Ions leave the middle of their cages, where forces vanish by symmetry."""
_FMAX_EV_A = 0.02


def relax_llto(potential: BatchPotential, *, seed: int = 0) -> RelaxOutcome:
    """Relax the ordered cell of LLTO, from ions slightly off their ideal sites.

    Parameters
    ----------
    potential
        With stresses.
    seed
        Of the displacements.
    """
    cell = build_llto()
    return relax_cell(potential, cell, fmax_eV_A=_FMAX_EV_A, rattle_A=_RATTLE_A, seed=seed)


def check_lithium_hop(
    potential: BatchPotential, relaxed: RelaxOutcome, *, settings: BandSettings | None = None
) -> CheckOutcome:
    """Find the barrier of lithium that hops to the next A site, which is empty.

    The cell is that of doi 10.1021/jp803345y. The other end has the same tilts: lithium is moved
    in the relaxed cell, whose ions then relax again.

    Parameters
    ----------
    potential
        With stresses.
    relaxed
        From :func:`relax_llto`.
    settings
        Of the band.
    """
    if not relaxed.converged:
        return _not_relaxed(LITHIUM_HOP, relaxed.reason)
    initial: Any = relaxed.structure
    final = initial.copy()
    final.translate_sites([0], [-0.5, 0.0, 0.0], to_unit_cell=False)
    return check_barrier(
        potential,
        initial,
        final,
        subject=LITHIUM_HOP,
        reference=LLTO_HOP_EV,
        settings=settings,
    )


def check_oxygen_hop(
    potential: BatchPotential, *, settings: BandSettings | None = None
) -> CheckOutcome:
    """Find the barrier of a neutral oxygen vacancy in cubic SrTiO3; both ends are equivalent.

    Parameters
    ----------
    potential
        With stresses.
    settings
        Of the band.
    """
    bulk = relax_cell(potential, build_perovskite(SRTIO3_LENGTH_A, "Sr", "Ti", "O"))
    if not bulk.converged:
        return _not_relaxed(OXYGEN_HOP, bulk.reason)
    cubic: Any = bulk.structure
    crystal: Structure = cubic * (2, 2, 2)
    empty, hopping = _find_neighbours(crystal)
    target = crystal[empty].frac_coords
    initial = crystal.copy()
    final = crystal.copy()
    jump = target - crystal[hopping].frac_coords
    final.translate_sites([hopping], jump - np.round(jump), to_unit_cell=False)
    for end in (initial, final):
        end.remove_sites([empty])
    return check_barrier(
        potential,
        initial,
        final,
        subject=OXYGEN_HOP,
        reference=OXYGEN_HOP_EV,
        settings=settings,
    )


def _find_neighbours(crystal: Structure) -> tuple[int, int]:
    """Return two neighbouring oxygen sites, the first of the cell and one beside it."""
    oxygen = [index for index, site in enumerate(crystal) if site.specie.symbol == "O"]
    distances = crystal.distance_matrix[oxygen[0], oxygen[1:]]
    return oxygen[0], oxygen[1 + int(np.argmin(distances))]


def _not_relaxed(subject: str, reason: str) -> CheckOutcome:
    return judge_check("barrier", subject, (), failures=[f"the cell did not relax: {reason}"])
