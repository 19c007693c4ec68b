"""Equilibrium volume and bulk modulus from energies at several volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.potentials.relaxation_batch import relax_batch
from perolyte.potentials.validation.lattice import RELAX_FMAX_EV_A, relax_cell
from perolyte.potentials.validation.result import (
    CheckOutcome,
    CheckQuantity,
    Limit,
    Reference,
    judge_check,
    judge_quantity,
)
from perolyte.units import EV_PER_A3_TO_GPA

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential

__all__ = ["EquationOfState", "check_equation_of_state", "fit_birch_murnaghan"]

MODULUS_LIMIT: Final = Limit(0.10, 0.20)
VOLUME_LIMIT: Final = Limit(0.045, 0.09)
"""Three times the limits of a length."""
VOLUME_RATIOS: Final = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06)
FEWEST_VOLUMES: Final = 6
"""Four parameters, one volume left out for the errors, one to spare."""


@dataclass(frozen=True)
class EquationOfState:
    """Parameters of a Birch-Murnaghan equation, each with its jackknife error.

    Attributes
    ----------
    volume_A3, volume_error_A3
        At the lowest energy, Å³.
    bulk_modulus_GPa, bulk_modulus_error_GPa
        There, GPa.
    pressure_derivative
        Of the bulk modulus, without unit.
    residual_eV
        Root mean square of the misfit, eV.
    """

    volume_A3: float
    volume_error_A3: float
    bulk_modulus_GPa: float
    bulk_modulus_error_GPa: float
    pressure_derivative: float
    residual_eV: float


def fit_birch_murnaghan(
    volumes_A3: Sequence[float], energies_eV: Sequence[float]
) -> EquationOfState | None:
    """Fit a third-order Birch-Murnaghan equation (doi 10.1103/PhysRev.71.809).

    Parameters
    ----------
    volumes_A3, energies_eV
        (n,) with n at least 6, of one cell.

    Returns
    -------
    EquationOfState or None
        None where the energies have no minimum between the volumes: nothing is extrapolated.

    Raises
    ------
    InputError
        For fewer volumes, or numbers that are not finite.

    Examples
    --------
    >>> volumes_A3 = np.linspace(55.0, 65.0, 7)
    >>> found = fit_birch_murnaghan(volumes_A3, 0.5 * 1.1 / 60.0 * (volumes_A3 - 60.0) ** 2)
    >>> abs(found.volume_A3 - 60.0) < 0.05
    True
    """
    volumes, energies = np.asarray(volumes_A3, float), np.asarray(energies_eV, float)
    if volumes.shape != energies.shape or volumes.ndim != 1 or len(volumes) < FEWEST_VOLUMES:
        raise InputError(
            f"{volumes.shape} volumes and {energies.shape} energies; give the same number of both, "
            f"at least {FEWEST_VOLUMES}"
        )
    if not (np.isfinite(volumes).all() and np.isfinite(energies).all()):
        raise InputError("a volume or an energy is not finite; leave it out")
    order = np.argsort(volumes)
    volumes, energies = volumes[order], energies[order]
    lowest = int(np.argmin(energies))
    if lowest in (0, len(volumes) - 1):
        return None
    whole = _fit(volumes, energies)
    parts = [_fit(np.delete(volumes, k), np.delete(energies, k)) for k in range(len(volumes))]
    known = [part for part in parts if part is not None]
    if whole is None or not volumes[0] < whole[0] < volumes[-1] or len(known) < len(volumes):
        return None
    spread = np.array([part[:2] for part in known])
    n = len(volumes)
    # jackknife: (n-1)/n times the sum of squares, doi 10.1214/aos/1176345462
    errors = np.sqrt((n - 1) / n * ((spread - spread.mean(axis=0)) ** 2).sum(axis=0))
    return EquationOfState(
        volume_A3=whole[0],
        volume_error_A3=float(errors[0]),
        bulk_modulus_GPa=whole[1],
        bulk_modulus_error_GPa=float(errors[1]),
        pressure_derivative=whole[2],
        residual_eV=whole[3],
    )


def _fit(
    volumes: NDArray[np.float64], energies: NDArray[np.float64]
) -> tuple[float, float, float, float] | None:
    """Return volume, bulk modulus in GPa, its derivative and the misfit; None without a fit."""
    from pymatgen.analysis.eos import BirchMurnaghan, EOSError

    equation = BirchMurnaghan(volumes.tolist(), energies.tolist())
    try:
        equation.fit()
    except EOSError:
        return None
    misfit = float(np.sqrt(np.mean((equation.func(volumes) - energies) ** 2)))
    found = (float(equation.v0), float(equation.b0) * EV_PER_A3_TO_GPA, float(equation.b1), misfit)
    return found if np.isfinite(found).all() and found[1] > 0 else None


def check_equation_of_state(
    potential: BatchPotential,
    structure: Structure,
    *,
    subject: str,
    volume: Reference | None = None,
    bulk_modulus: Reference | None = None,
) -> CheckOutcome:
    """Relax a cell, strain it by up to ±6 % in volume with relaxed ions, and fit the energies.

    Parameters
    ----------
    potential
        With stresses.
    structure
        Ordered.
    subject
        What the crystal is called.
    volume
        Published volume of the cell, Å³.
    bulk_modulus
        Published, GPa. Without it the number is told, and not judged.
    """
    relaxed = relax_cell(potential, structure)
    if not relaxed.converged:
        return judge_check(
            "equation_of_state", subject, (), failures=[f"it did not relax: {relaxed.reason}"]
        )
    at_rest: Any = relaxed.structure
    cells = []
    for ratio in VOLUME_RATIOS:
        cell = at_rest.copy()
        cell.scale_lattice(at_rest.volume * ratio)
        cells.append(cell)
    found = relax_batch(potential, cells, fmax_eV_A=RELAX_FMAX_EV_A, relax_cell=False)
    volumes = [cell.volume for cell in cells]
    energies = [outcome.energy_eV for outcome in found]
    curves = {"volume (Å³)": volumes, "energy (eV)": energies}
    settings = {
        "volumes": f"{len(cells)} from {VOLUME_RATIOS[0]:g} to {VOLUME_RATIOS[-1]:g} V",
        "equation": "third-order Birch-Murnaghan, jackknife errors",
    }
    failures = [
        f"ions did not relax at {volume_A3:.1f} Å³: {outcome.reason}"
        for volume_A3, outcome in zip(volumes, found, strict=True)
        if not outcome.converged
    ]
    fitted = None if failures else fit_birch_murnaghan(volumes, energies)
    if fitted is None and not failures:
        failures.append(
            f"the energy has no minimum between {volumes[0]:.1f} and {volumes[-1]:.1f} Å³"
        )
    quantities = () if fitted is None else _describe(fitted, volume, bulk_modulus)
    return judge_check(
        "equation_of_state",
        subject,
        quantities,
        settings=settings,
        curves=curves,
        failures=failures,
    )


def _describe(
    fitted: EquationOfState, volume: Reference | None, bulk_modulus: Reference | None
) -> tuple[CheckQuantity, ...]:
    return (
        judge_quantity(
            "V0",
            fitted.volume_A3,
            "Å³",
            error=fitted.volume_error_A3,
            reference=volume,
            limit=None if volume is None else VOLUME_LIMIT,
        ),
        judge_quantity(
            "B0",
            fitted.bulk_modulus_GPa,
            "GPa",
            error=fitted.bulk_modulus_error_GPa,
            reference=bulk_modulus,
            limit=None if bulk_modulus is None else MODULUS_LIMIT,
        ),
        judge_quantity("B0'", fitted.pressure_derivative, ""),
        judge_quantity(
            "misfit", 1000 * fitted.residual_eV, "meV", limit=Limit(2.0, 10.0, "at most")
        ),
    )
