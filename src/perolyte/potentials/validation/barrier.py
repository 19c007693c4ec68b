"""Barriers of hops by the nudged elastic band, all images in one batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from ase.mep import NEB
from ase.optimize import FIRE
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.relaxation_batch import relax_batch
from perolyte.potentials.validation.result import (
    CheckOutcome,
    CheckQuantity,
    Limit,
    Reference,
    judge_check,
    judge_quantity,
)

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential

__all__ = ["BandSettings", "BarrierResult", "check_barrier", "find_barrier"]

BARRIER_LIMIT: Final = Limit(0.15, 0.30, "absolute", never_fails=True)


@dataclass(frozen=True)
class BandSettings:
    """How a band is relaxed.

    Attributes
    ----------
    n_images
        Between the ends, 1 or more; 5 to 9 are usual.
    spring_eV_A2
        eV/Å².
    fmax_eV_A, climbing_fmax_eV_A
        Largest force on an image before and while the highest one climbs, eV/Å.
    end_fmax_eV_A
        Of the two ends.
    max_steps
        Of each of the two stages.
    """

    n_images: int = 5
    spring_eV_A2: float = 1.0
    fmax_eV_A: float = 0.10
    climbing_fmax_eV_A: float = 0.05
    end_fmax_eV_A: float = 0.02
    max_steps: int = 300

    def __post_init__(self) -> None:
        if self.n_images < 1 or self.max_steps < 1:
            raise InputError(
                f"n_images is {self.n_images} and max_steps {self.max_steps}; give at least 1 of "
                "both"
            )
        for name in ("spring_eV_A2", "fmax_eV_A", "climbing_fmax_eV_A", "end_fmax_eV_A"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value}; it must be above zero")


@dataclass(frozen=True)
class BarrierResult:
    """A hop.

    Attributes
    ----------
    forward_eV, reverse_eV
        Saddle less the first and less the last image, eV.
    energies_eV
        (n_images + 2,), of the images, relative to the first.
    distances_A
        (n_images + 2,), along the path, Å, from the first image.
    fmax_eV_A
        Left on the band when it ended, eV/Å.
    n_steps
        Of the band, both stages.
    converged
        Whether the ends and the climbing band relaxed.
    reason
        Why not; empty where they did.
    """

    forward_eV: float
    reverse_eV: float
    energies_eV: tuple[float, ...]
    distances_A: tuple[float, ...]
    fmax_eV_A: float
    n_steps: int
    converged: bool
    reason: str = ""

    @property
    def kinetically_resolved_eV(self) -> float:
        """Saddle less the mean of the ends, eV: the barrier without the difference of the sites."""
        return 0.5 * (self.forward_eV + self.reverse_eV)


class _BatchedBand(NEB):
    """ASE's band with all images evaluated at once, before it asks each for its own."""

    def __init__(self, potential: BatchPotential, images: list[Atoms], **options: Any) -> None:
        super().__init__(images, method="improvedtangent", **options)
        self._potential = potential

    def get_forces(self) -> NDArray[np.float64]:
        """Evaluate the batch, then project forces as ASE does."""
        batch, positions = SystemBatch.from_structures(self.images, self._potential.device)
        found = self._potential.evaluate(batch, positions)
        forces = torch.split(found.forces_eV_A.cpu(), batch.counts.tolist())
        for image, energy, own in zip(self.images, found.energies_eV.tolist(), forces, strict=True):
            self.freeze_results_on_image(image, energy=energy, forces=own.numpy())
        projected: NDArray[np.float64] = super().get_forces()
        return projected


def find_barrier(
    potential: BatchPotential,
    initial: Structure,
    final: Structure,
    settings: BandSettings | None = None,
) -> BarrierResult:
    """Relax both ends in the first one's cell, and the band between them.

    ASE's band with improved tangents (doi 10.1063/1.1323224) starts from an image-dependent pair
    potential (doi 10.1063/1.4878664); then its highest image climbs (doi 10.1063/1.1329672).

    Parameters
    ----------
    potential
        Any.
    initial, final
        Ordered, the same atoms in the same order in the same cell; each atom of ``final`` is taken
        where it is nearest to that of ``initial``.
    settings
        Default :class:`BandSettings`.

    Raises
    ------
    InputError
        For ends that do not fit together.

    Examples
    --------
    >>> from ase.calculators.emt import EMT
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.potentials import PotentialSpec
    >>> from perolyte.potentials.ase_adapter import AseBatchPotential
    >>> copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    >>> initial = copper * (2, 2, 2)
    >>> hopping = 1 + int(np.argmin(initial.distance_matrix[0, 1:]))
    >>> jump = initial[0].frac_coords - initial[hopping].frac_coords
    >>> final = initial.copy().translate_sites([hopping], jump - np.round(jump))
    >>> ends = [end.remove_sites([0]) for end in (initial, final)]
    >>> potential = AseBatchPotential(EMT(), PotentialSpec("ase.calculators.emt.EMT"))
    >>> hop = find_barrier(potential, *ends, BandSettings(n_images=1))
    >>> hop.converged, 0.5 < hop.forward_eV < 0.8, abs(hop.forward_eV - hop.reverse_eV) < 0.01
    (True, True, True)
    """
    chosen = settings or BandSettings()
    _check_ends(initial, final)
    ends = relax_batch(
        potential,
        [initial, final],
        fmax_eV_A=chosen.end_fmax_eV_A,
        relax_cell=False,
        max_steps=2 * chosen.max_steps,
    )
    for label, end in zip(("first", "last"), ends, strict=True):
        if not end.converged:
            return _give_up(f"the {label} end did not relax: {end.reason}")
    first, last = (_to_atoms(end.structure) for end in ends)
    images = [first, *(first.copy() for _ in range(chosen.n_images)), last]
    band = _BatchedBand(potential, images, k=chosen.spring_eV_A2)
    band.interpolate(method="idpp", mic=True)
    potential.forget_neighbours()
    n_steps = 0
    for climb, limit in ((False, chosen.fmax_eV_A), (True, chosen.climbing_fmax_eV_A)):
        band.climb = climb
        optimizer = FIRE(band, logfile=None)
        converged = bool(optimizer.run(fmax=limit, steps=chosen.max_steps))
        n_steps += optimizer.nsteps
    return _describe_band(band, n_steps, converged, chosen)


def check_barrier(
    potential: BatchPotential,
    initial: Structure,
    final: Structure,
    *,
    subject: str,
    reference: Reference | None = None,
    limit: Limit = BARRIER_LIMIT,
    settings: BandSettings | None = None,
) -> CheckOutcome:
    """Find the barrier of a hop and compare the lower of its two directions with a reference.

    Parameters
    ----------
    subject
        What hops where.
    reference
        Published, eV, for the kinetically resolved barrier.
    """
    chosen = settings or BandSettings()
    found = find_barrier(potential, initial, final, chosen)
    described = {
        "band": f"{chosen.n_images} images, improved tangents, climbing, start from IDPP",
        "largest force": f"{chosen.climbing_fmax_eV_A:g} eV/Å",
        "cell": f"{len(initial)} atoms, {min(initial.lattice.abc):.1f} Å at its shortest, fixed",
    }
    quantities: tuple[CheckQuantity, ...] = ()
    if found.energies_eV:
        quantities = (
            judge_quantity(
                "barrier",
                found.kinetically_resolved_eV,
                "eV",
                reference=reference,
                limit=None if reference is None else limit,
            ),
            judge_quantity("forward barrier", found.forward_eV, "eV"),
            judge_quantity("reverse barrier", found.reverse_eV, "eV"),
            judge_quantity(
                "largest force left",
                found.fmax_eV_A,
                "eV/Å",
                limit=Limit(chosen.climbing_fmax_eV_A, 2 * chosen.climbing_fmax_eV_A, "at most"),
            ),
        )
    failures = [] if found.converged or found.energies_eV else [found.reason]
    return judge_check(
        "barrier",
        subject,
        quantities,
        settings=described,
        curves={"path (Å)": found.distances_A, "energy (eV)": found.energies_eV},
        failures=failures,
    )


def _check_ends(initial: Structure, final: Structure) -> None:
    if [site.specie for site in initial] != [site.specie for site in final]:
        raise InputError(
            f"the ends {initial.composition.formula} and {final.composition.formula} do not have "
            "the same atoms in the same order; sort them alike"
        )
    if not np.allclose(initial.lattice.matrix, final.lattice.matrix, atol=1e-8):
        raise InputError("the ends have different cells; give both the cell of the first")


def _to_atoms(structure: Any) -> Atoms:
    """Return a pymatgen structure as bare atoms; positions as they are, unwrapped."""
    from ase import Atoms

    return Atoms(
        numbers=[site.specie.Z for site in structure],
        positions=structure.cart_coords,
        cell=structure.lattice.matrix,
        pbc=True,
    )


def _give_up(reason: str) -> BarrierResult:
    return BarrierResult(np.nan, np.nan, (), (), np.nan, 0, converged=False, reason=reason)


def _describe_band(
    band: _BatchedBand, n_steps: int, converged: bool, settings: BandSettings
) -> BarrierResult:
    from ase.geometry import find_mic

    forces = band.get_forces().reshape(-1, 3)
    energies = np.asarray(band.energies, dtype=float)
    steps = [
        np.linalg.norm(find_mic(later.positions - earlier.positions, later.cell, pbc=True)[0])
        for earlier, later in pairwise(band.images)
    ]
    highest = float(energies.max())
    fmax = float(np.linalg.norm(forces, axis=1).max())
    reason = (
        ""
        if converged
        else (
            f"the band has a force of {fmax:.3g} eV/Å after {n_steps} steps, above "
            f"{settings.climbing_fmax_eV_A:g} eV/Å"
        )
    )
    return BarrierResult(
        forward_eV=highest - float(energies[0]),
        reverse_eV=highest - float(energies[-1]),
        energies_eV=tuple((energies - energies[0]).tolist()),
        distances_A=tuple(np.concatenate([[0.0], np.cumsum(steps)]).tolist()),
        fmax_eV_A=fmax,
        n_steps=n_steps,
        converged=converged,
        reason=reason,
    )
