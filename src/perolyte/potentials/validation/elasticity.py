"""Elastic constants from stresses under small strains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.relaxation_batch import RelaxOutcome, relax_batch
from perolyte.potentials.validation.lattice import relax_cell
from perolyte.potentials.validation.result import (
    CheckOutcome,
    Limit,
    Reference,
    judge_check,
    judge_quantity,
)
from perolyte.units import EV_PER_A3_TO_GPA

if TYPE_CHECKING:
    from pymatgen.analysis.elasticity import ElasticTensor
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential

__all__ = ["CubicConstants", "check_elasticity", "fit_elastic_tensor", "read_cubic_constants"]

FloatArray = NDArray[np.float64]

CONSTANT_LIMIT: Final = Limit(0.15, 0.30)
"""PBE itself is off by 5 to 10 %."""
STRAINS: Final = (-0.01, -0.005, 0.005, 0.01)
_FMAX_EV_A: Final = 2e-3
"""Forces of 1e-2 eV/Å would move the stress of a small cell by a GPa times the strain."""
_SAME: Final = {
    "C11": ((0, 0), (1, 1), (2, 2)),
    "C12": ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)),
    "C44": ((3, 3), (4, 4), (5, 5)),
}
"""Entries of a Voigt matrix that cubic symmetry makes equal, axes along the cube's edges."""


@dataclass(frozen=True)
class CubicConstants:
    """Elastic constants of a cubic crystal, GPa, with what follows from them.

    Attributes
    ----------
    constants_GPa
        C11, C12, C44.
    spreads_GPa
        Standard deviation of the entries that symmetry makes equal, over both sizes of strain:
        noise and anharmonicity together.
    bulk_modulus_GPa, shear_modulus_GPa
        Voigt-Reuss-Hill averages (doi 10.1088/0370-1298/65/5/307); the shear modulus is NaN for
        an unstable crystal.
    stability_GPa
        The smallest of C11 - |C12|, C44 and C11 + 2 C12: above zero in a stable crystal
        (Born criteria, doi 10.1103/PhysRevB.90.224104).
    """

    constants_GPa: Mapping[str, float]
    spreads_GPa: Mapping[str, float]
    bulk_modulus_GPa: float
    shear_modulus_GPa: float
    stability_GPa: float


def fit_elastic_tensor(
    strains: FloatArray, stresses_GPa: FloatArray, structure: Structure
) -> ElasticTensor:
    """Fit the elastic tensor that has the symmetry of a crystal.

    Parameters
    ----------
    strains
        (n, 3, 3), Green-Lagrange strains, each with one independent component; those of size
        zero are the reference.
    stresses_GPa
        (n, 3, 3), GPa, positive under tension.
    structure
        Unstrained.

    Returns
    -------
    pymatgen.analysis.elasticity.ElasticTensor
        GPa.

    Raises
    ------
    InputError
        Where one of the six strains is missing.
    """
    from pymatgen.analysis.elasticity import ElasticTensor, Strain, Stress

    is_zero = np.abs(strains).max(axis=(1, 2)) < 1e-12
    if not is_zero.any():
        raise InputError("no unstrained stress is given; add a strain of zero")
    try:
        tensor = ElasticTensor.from_independent_strains(
            [Strain(strain) for strain in strains[~is_zero]],
            [Stress(stress) for stress in stresses_GPa[~is_zero]],
            eq_stress=Stress(stresses_GPa[is_zero].mean(axis=0)),
        )
    except ValueError as err:
        raise InputError(f"strains do not span all six directions ({err}); add them") from err
    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        warnings.simplefilter("ignore", DeprecationWarning)
        return tensor.voigt_symmetrized.fit_to_structure(structure)


def read_cubic_constants(
    strains: FloatArray, stresses_GPa: FloatArray, structure: Structure
) -> CubicConstants:
    """Fit a cubic crystal whose edges are along x, y and z.

    Parameters
    ----------
    strains, stresses_GPa, structure
        As :func:`fit_elastic_tensor`; strains of at least two sizes besides zero.

    Raises
    ------
    InputError
        Where the tensor is not that of a cubic crystal in these axes.
    """
    tensor = fit_elastic_tensor(strains, stresses_GPa, structure)
    voigt = np.asarray(tensor.voigt)
    constants = {name: float(np.mean([voigt[at] for at in same])) for name, same in _SAME.items()}
    off = max(abs(voigt[at] - constants[name]) for name, same in _SAME.items() for at in same)
    if off > 1e-3 * max(abs(voigt).max(), 1.0):
        raise InputError(
            f"elastic constants that cubic symmetry makes equal differ by {off:.3g} GPa; give a "
            "cubic crystal with its edges along x, y and z"
        )
    size = np.abs(strains).max(axis=(1, 2))
    parts = []
    for chosen in np.unique(np.round(size[size > 1e-12], 3)):
        is_part = (np.abs(size - chosen) < 5e-4) | (size < 1e-12)
        parts.append(_fit_raw(strains[is_part], stresses_GPa[is_part]))
    spreads = {
        name: float(np.std([part[at] for part in parts for at in same], ddof=1))
        for name, same in _SAME.items()
    }
    c11, c12, c44 = (constants[name] for name in ("C11", "C12", "C44"))
    stability = min(c11 - abs(c12), c44, c11 + 2 * c12)
    return CubicConstants(
        constants_GPa=constants,
        spreads_GPa=spreads,
        bulk_modulus_GPa=float(tensor.k_vrh),
        shear_modulus_GPa=float(tensor.g_vrh) if stability > 0 else np.nan,
        stability_GPa=stability,
    )


def _fit_raw(strains: FloatArray, stresses_GPa: FloatArray) -> FloatArray:
    """Return the Voigt matrix without symmetry, (6, 6), by least squares."""
    order = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    weight = np.array([1, 1, 1, 2, 2, 2])
    is_zero = np.abs(strains).max(axis=(1, 2)) < 1e-12
    e = np.stack([[strain[at] for at in order] for strain in strains]) * weight
    s = np.stack([[stress[at] for at in order] for stress in stresses_GPa])
    solved: FloatArray = np.linalg.lstsq(e, s - s[is_zero].mean(axis=0), rcond=None)[0].T
    return solved


def check_elasticity(
    potential: BatchPotential,
    structure: Structure,
    *,
    subject: str,
    constants: Mapping[str, Reference],
) -> CheckOutcome:
    """Strain a relaxed cubic crystal by ±0.5 and ±1 % six ways, relax ions, and fit stresses.

    Parameters
    ----------
    potential
        With stresses.
    structure
        Cubic, edges along x, y and z.
    subject
        What the crystal is called.
    constants
        Published C11, C12 and C44, GPa.
    """
    relaxed = relax_cell(potential, structure, fmax_eV_A=_FMAX_EV_A)
    if not relaxed.converged:
        return judge_check(
            "elasticity", subject, (), failures=[f"it did not relax: {relaxed.reason}"]
        )
    at_rest: Any = relaxed.structure
    strains, cells = _strain(at_rest)
    found = relax_batch(potential, cells, fmax_eV_A=_FMAX_EV_A, relax_cell=False)
    failures = [
        f"ions did not relax under strain {number}: {outcome.reason}"
        for number, outcome in enumerate(found)
        if not outcome.converged
    ]
    settings = {
        "strains": ", ".join(f"{100 * strain:+g} %" for strain in STRAINS),
        "largest force": f"{_FMAX_EV_A:g} eV/Å",
        "fit": "stresses by least squares, symmetrised; averages of Voigt, Reuss and Hill",
    }
    if failures:
        return judge_check("elasticity", subject, (), settings=settings, failures=failures)
    stresses = _evaluate_stresses(potential, found)
    fitted = read_cubic_constants(strains, stresses, at_rest)
    quantities = [
        judge_quantity(
            name,
            fitted.constants_GPa[name],
            "GPa",
            error=fitted.spreads_GPa[name],
            reference=constants[name],
            limit=CONSTANT_LIMIT,
        )
        for name in _SAME
    ]
    quantities += [
        judge_quantity("bulk modulus", fitted.bulk_modulus_GPa, "GPa"),
        judge_quantity("shear modulus", fitted.shear_modulus_GPa, "GPa"),
        judge_quantity(
            "Born stability", fitted.stability_GPa, "GPa", limit=Limit(0.0, 0.0, "at least")
        ),
    ]
    return judge_check("elasticity", subject, quantities, settings=settings)


def _strain(structure: Structure) -> tuple[FloatArray, list[Structure]]:
    """Return strains (25, 3, 3), the first of them zero, and the strained cells."""
    from pymatgen.analysis.elasticity import DeformedStructureSet, Strain

    deformed = DeformedStructureSet(structure, norm_strains=STRAINS, shear_strains=STRAINS)
    strains = [np.zeros((3, 3))]
    strains += [np.array(Strain.from_deformation(d)) for d in deformed.deformations]
    return np.stack(strains), [structure, *deformed]


def _evaluate_stresses(
    potential: BatchPotential, relaxed: list[RelaxOutcome]
) -> NDArray[np.float64]:
    """Return Cauchy stresses, (n, 3, 3), GPa."""
    stresses = []
    for outcome in relaxed:
        potential.forget_neighbours()
        batch, positions = SystemBatch.from_structures([outcome.structure], potential.device)
        tensor = potential.evaluate(batch, positions, stress=True).stresses_eV_A3
        if tensor is None:
            raise InputError("the potential gives no stresses; elastic constants need them")
        stresses.append(tensor[0].cpu().numpy() * EV_PER_A3_TO_GPA)
    return np.stack(stresses)
