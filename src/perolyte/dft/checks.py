"""Soundness of a label: codes report success on calculations that are wrong.

A calculation that a program and its validators call successful may still have forces that add up to
several eV/Å, because of a cutoff that is too low, or numbers in another unit. Each limit says why
it is where it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from perolyte.dft.evaluation import Evaluation
from perolyte.dft.stress import find_pressure_GPa
from perolyte.dft.theory import LevelOfTheory
from perolyte.status import Status

__all__ = [
    "MAX_FORCE_EV_A",
    "MAX_FORCE_NOISE_EV_A",
    "MAX_PRESSURE_GPA",
    "STRESS_CUTOFF_EV",
    "LabelVerdict",
    "check_evaluation",
    "doubt_stress",
]

MAX_FORCE_NOISE_EV_A = 0.01
"""Error of a force component that the net force lets one expect: a fifth of the 50 meV/Å that a
trained potential should reach, so that labels do not limit it."""
MAX_FORCE_EV_A = 50.0
"""On one atom: cells rattled by 0.2 Å in each coordinate have up to 25 eV/Å; twice that is atoms
that have run into each other, and a single one would rule the fit."""
MAX_PRESSURE_GPA = 100.0
"""An oxide with a bulk modulus of 200 GPa has about 40 GPa at a length strained by 6 %; more is
another unit (kbar), or a cell that no solid electrolyte is in."""
STRESS_CUTOFF_EV = {"gpaw": 800.0}
"""By engine. At a fixed cutoff a smaller cell has fewer plane waves, which the stress does not know
(Pulay stress): with GPAW's data for Li, La, Ti and O it is 5 GPa off at 600 eV, where forces are
converged to 3 meV/Å, and 0.2 GPa at 800 eV. Trained on together, such stresses and the energies of
strained cells contradict each other by 10 meV/atom and more."""


@dataclass(frozen=True)
class LabelVerdict:
    """What the checks say.

    Parameters
    ----------
    status
        "converged" for a label that can be used; "not_converged" if electrons or forces are not
        converged, "unphysical" for an outlier, "rejected" without numbers.
    reasons
        Why it is not "converged".
    warnings
        Doubts.
    net_force_eV_A
        Length of the sum of all forces, eV/Å.
    max_force_eV_A
        Largest force on one atom, eV/Å.
    pressure_GPa
        Positive where the cell is compressed.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    net_force_eV_A: float | None = None
    max_force_eV_A: float | None = None
    pressure_GPa: float | None = None


def check_evaluation(found: Evaluation, n_atoms: int) -> LabelVerdict:
    """Judge a label.

    The forces on the atoms of a periodic cell add up to zero. With independent errors of size s on
    every component, the sum of n forces has a length of about s (3 n)^(1/2): s from the net force
    is compared with :data:`MAX_FORCE_NOISE_EV_A`.

    Parameters
    ----------
    found
        As computed or read.
    n_atoms
        Of the structure.

    Examples
    --------
    >>> forces = np.array([[0.5, 0, 0], [-0.4, 0, 0]])
    >>> verdict = check_evaluation(Evaluation(-7.0, forces, scf_converged=True), 2)
    >>> verdict.status, round(verdict.net_force_eV_A, 3)
    ('not_converged', 0.1)
    """
    missing = _find_missing(found, n_atoms)
    if missing:
        status: Status = "not_converged" if found.scf_converged is False else "rejected"
        return LabelVerdict(status, (missing,))
    forces = np.asarray(found.forces_eV_A)
    net = float(np.linalg.norm(forces.sum(axis=0)))
    largest = float(np.linalg.norm(forces, axis=1).max())
    pressure = None if found.stress_GPa is None else find_pressure_GPa(found.stress_GPa)
    loose = _find_loose(found, net, n_atoms)
    odd = _find_outliers(largest, pressure)
    warnings = list(found.notes)
    if found.scf_converged is None:
        warnings.append("the source does not say whether the electrons converged")
    if found.stress_GPa is None:
        warnings.append("there is no stress: it is left out of training")
    return LabelVerdict(
        status="unphysical" if odd else "not_converged" if loose else "converged",
        reasons=(*odd, *loose),
        warnings=tuple(warnings),
        net_force_eV_A=net,
        max_force_eV_A=largest,
        pressure_GPa=pressure,
    )


def doubt_stress(theory: LevelOfTheory) -> str:
    """Say why stresses of a level of theory are not to be used; "" where nothing is known.

    Examples
    --------
    >>> doubt_stress(LevelOfTheory("gpaw", "PBE", 600.0))
    'the stress is left out: with gpaw it takes at least 800 eV to converge, these are 600 eV'
    >>> doubt_stress(LevelOfTheory("gpaw", "PBE", 900.0))
    ''
    """
    least_eV = STRESS_CUTOFF_EV.get(theory.engine)
    if least_eV is None or theory.cutoff_eV is None or theory.cutoff_eV >= least_eV:
        return ""
    return (
        f"the stress is left out: with {theory.engine} it takes at least {least_eV:g} eV to "
        f"converge, these are {theory.cutoff_eV:g} eV"
    )


def _find_missing(found: Evaluation, n_atoms: int) -> str:
    """Say what a label lacks, '' if it lacks nothing."""
    if found.failure:
        return found.failure
    if found.energy_eV is None:
        return "there is no energy"
    if found.forces_eV_A is None:
        return "there are no forces"
    wanted = {
        "energy": (found.energy_eV, ()),
        "forces": (found.forces_eV_A, (n_atoms, 3)),
        "stress": (found.stress_GPa, (3, 3)),
        "magnetic moments": (found.magmoms_muB, (n_atoms,)),
    }
    for name, (value, shape) in wanted.items():
        if value is None:
            continue
        array = np.asarray(value, dtype=float)
        if array.shape != shape:
            return f"{name} of shape {array.shape} with {n_atoms} atoms"
        if not np.isfinite(array).all():
            return f"{name} not finite"
    return ""


def _find_loose(found: Evaluation, net_eV_A: float, n_atoms: int) -> list[str]:
    reasons = []
    if found.scf_converged is False:
        reasons.append("the electrons are not converged")
    noise = net_eV_A / math.sqrt(3 * n_atoms)
    if noise > MAX_FORCE_NOISE_EV_A:
        reasons.append(
            f"net force {net_eV_A:.3f} eV/Å on {n_atoms} atoms, which means errors of "
            f"{1000 * noise:.0f} meV/Å, above {1000 * MAX_FORCE_NOISE_EV_A:g}: raise the cutoff, "
            "or release atoms that were held"
        )
    return reasons


def _find_outliers(max_force_eV_A: float, pressure_GPa: float | None) -> list[str]:
    reasons = []
    if max_force_eV_A > MAX_FORCE_EV_A:
        reasons.append(
            f"force of {max_force_eV_A:.1f} eV/Å on one atom, above {MAX_FORCE_EV_A:g}: atoms have "
            "run into each other, or the unit is another"
        )
    if pressure_GPa is not None and abs(pressure_GPa) > MAX_PRESSURE_GPA:
        reasons.append(
            f"pressure of {pressure_GPa:.0f} GPa, beyond {MAX_PRESSURE_GPA:g}: another unit, or no "
            "cell of a solid"
        )
    return reasons
