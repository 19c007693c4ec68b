"""Lattice parameters of relaxed crystals against published ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from perolyte.errors import PotentialError
from perolyte.potentials.relaxation_batch import RelaxOutcome, relax_batch
from perolyte.potentials.validation.references import ReferenceCrystal
from perolyte.potentials.validation.result import (
    CheckOutcome,
    CheckQuantity,
    Limit,
    Reference,
    judge_check,
    judge_quantity,
    skip_check,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential

__all__ = ["LENGTH_LIMIT", "RELAX_FMAX_EV_A", "check_lattice", "relax_cell"]

LENGTH_LIMIT: Final = Limit(0.015, 0.03)
"""PBE is about 1 % too long; a further half is left for the potential."""
RELAX_FMAX_EV_A: Final = 0.01
MAX_STEPS: Final = 400
_RATTLE_A: Final = 0.02
"""Lets ions leave the high symmetry of a cell that was built, not measured."""


def check_lattice(potential: BatchPotential, crystals: Sequence[ReferenceCrystal]) -> CheckOutcome:
    """Relax crystals and compare their lattice parameters.

    Crystals with elements that the potential does not know are left out, and the settings say so.

    Parameters
    ----------
    potential
        With stresses.
    crystals
        From :func:`~perolyte.potentials.validation.references.reference_crystals`, or made from a
        user's files.
    """
    quantities: list[CheckQuantity] = []
    failures: list[str] = []
    unknown: list[str] = []
    for crystal in crystals:
        structure = crystal.build()
        try:
            rattle_A = _RATTLE_A if crystal.is_pseudocubic else 0.0
            found = relax_cell(potential, structure, rattle_A=rattle_A)
        except (PotentialError, NotImplementedError) as err:
            unknown.append(f"{crystal.name} ({' '.join(str(err).split())})")
            continue
        if not found.converged:
            failures.append(f"{crystal.name} did not relax: {found.reason}")
            continue
        quantities += _compare(crystal, found.structure)
    subject = ", ".join(crystal.name for crystal in crystals)
    if not quantities and not failures:
        return skip_check("lattice", subject, f"no crystal could be asked for: {unknown[0]}")
    settings = {"largest force": f"{RELAX_FMAX_EV_A:g} eV/Å", "temperature": "0 K, static"}
    if unknown:
        settings["left out"] = "; ".join(unknown)
    return judge_check("lattice", subject, quantities, settings=settings, failures=failures)


def relax_cell(
    potential: BatchPotential,
    structure: Structure,
    *,
    relax_cell: bool = True,
    fmax_eV_A: float = RELAX_FMAX_EV_A,
    rattle_A: float = 0.0,
    seed: int = 0,
) -> RelaxOutcome:
    """Relax one structure, on request after small random displacements.

    Raises
    ------
    PotentialError
        For elements that the potential does not know.
    """
    potential.check_elements(sorted({site.specie.Z for site in structure}))
    start = structure.copy()
    if rattle_A > 0:
        start.perturb(rattle_A, seed=seed)
    return relax_batch(
        potential, [start], fmax_eV_A=fmax_eV_A, relax_cell=relax_cell, max_steps=MAX_STEPS
    )[0]


def _compare(crystal: ReferenceCrystal, relaxed: Any) -> list[CheckQuantity]:
    lattice = relaxed.lattice
    if crystal.is_pseudocubic:
        lengths = {"a": lattice.volume ** (1 / 3)}
    else:
        lengths = dict(zip("abc", lattice.abc, strict=True))
    return [
        judge_quantity(
            f"{crystal.name} {name}",
            lengths[name] / crystal.repeats,
            "Å",
            reference=Reference(value_A, crystal.source),
            limit=LENGTH_LIMIT,
        )
        for name, value_A in crystal.lengths_A.items()
    ]
