"""Conductivity from diffusivity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.transport.diffusivity import DiffusivityResult
from perolyte.units import BOLTZMANN_J_PER_K, CUBIC_A_TO_CUBIC_CM, ELEMENTARY_CHARGE_C

__all__ = [
    "ConductivityResult",
    "convert_to_conductivity",
    "haven_ratio",
    "nernst_einstein_conductivity",
]


@dataclass(frozen=True)
class ConductivityResult:
    """Conductivity of one run in two ways; None where the diffusivity did not converge.

    Attributes
    ----------
    nernst_einstein_S_cm, nernst_einstein_std_S_cm
        S/cm, from the tracer diffusivity, as if ions moved independently (Haven ratio 1), and its
        standard error.
    nernst_einstein_lower_S_cm, nernst_einstein_upper_S_cm
        S/cm, 95 % interval of the same.
    collective_S_cm, collective_std_S_cm
        S/cm, from the motion of all ions together, which is the conductivity, and its standard
        error, several times larger.
    collective_lower_S_cm, collective_upper_S_cm
        S/cm, 95 % interval of the same.
    """

    nernst_einstein_S_cm: float | None
    nernst_einstein_std_S_cm: float | None
    nernst_einstein_lower_S_cm: float | None
    nernst_einstein_upper_S_cm: float | None
    collective_S_cm: float | None
    collective_std_S_cm: float | None
    collective_lower_S_cm: float | None
    collective_upper_S_cm: float | None


@overload
def nernst_einstein_conductivity(
    diffusivity_cm2_s: float,
    *,
    n_ions: float,
    charge: float,
    volume_A3: float,
    temperature_K: float,
) -> float: ...
@overload
def nernst_einstein_conductivity(
    diffusivity_cm2_s: ArrayLike,
    *,
    n_ions: ArrayLike,
    charge: ArrayLike,
    volume_A3: ArrayLike,
    temperature_K: ArrayLike,
) -> FloatArray: ...
def nernst_einstein_conductivity(
    diffusivity_cm2_s: ArrayLike,
    *,
    n_ions: ArrayLike,
    charge: ArrayLike,
    volume_A3: ArrayLike,
    temperature_K: ArrayLike,
) -> float | FloatArray:
    """Convert a diffusivity to a conductivity, σ = N z² e² D / (V kB T).

    With the charge diffusivity this is the conductivity; with the tracer diffusivity it is the
    Nernst-Einstein estimate, which assumes a Haven ratio of 1 (doi 10.1038/s41524-018-0074-y).

    Parameters
    ----------
    diffusivity_cm2_s
        cm²/s, zero or more. An unresolved diffusivity (None, NaN) has no conductivity.
    n_ions
        Mobile ions in ``volume_A3``.
    charge
        Charge of one ion in elementary charges; not zero.
    volume_A3
        Å³.
    temperature_K
        K.

    Returns
    -------
    float or numpy.ndarray
        S/cm; a float for numbers, else the broadcast shape of the arguments.

    Raises
    ------
    InputError
        For a negative or unresolved diffusivity, a neutral ion, or a number of ions, volume or
        temperature that is not above zero.

    Examples
    --------
    >>> sigma = nernst_einstein_conductivity(
    ...     1e-8, n_ions=1, charge=1, volume_A3=100.0, temperature_K=300.0
    ... )
    >>> f"{1000 * sigma:.4f} mS/cm"
    '0.6197 mS/cm'
    """
    diffusivity = np.asarray(diffusivity_cm2_s, dtype=np.float64)
    charges = np.asarray(charge, dtype=np.float64)
    if not (np.isfinite(diffusivity) & (diffusivity >= 0)).all():
        raise InputError(
            f"diffusivity_cm2_s is {diffusivity.tolist()} cm²/s; it must be finite and 0 or more: "
            "leave out runs whose diffusivity did not converge"
        )
    if not (np.isfinite(charges) & (charges != 0)).all():
        raise InputError(
            f"charge is {charges.tolist()} e; it must be finite and not 0: give the oxidation state"
        )
    ions = check_positive(n_ions, name="n_ions", unit="ions", hint="count the mobile ions")
    volume = check_positive(volume_A3, name="volume_A3", unit="Å³", hint="give the cell volume")
    temperature = check_positive(temperature_K, name="temperature_K", unit="K", hint="give kelvin")
    per_volume = ions / (volume * CUBIC_A_TO_CUBIC_CM)
    squared_charge = (charges * ELEMENTARY_CHARGE_C) ** 2
    sigma = per_volume * squared_charge * diffusivity / (BOLTZMANN_J_PER_K * temperature)
    return float(sigma) if sigma.ndim == 0 else np.asarray(sigma, dtype=np.float64)


def convert_to_conductivity(
    result: DiffusivityResult, *, charge: float, volume_A3: float, temperature_K: float
) -> ConductivityResult:
    """Return the Nernst-Einstein and the collective conductivity of a run, with their errors.

    Parameters
    ----------
    result
        Of :func:`perolyte.transport.fit_diffusivity`.
    charge
        Of one ion, elementary charges, not zero.
    volume_A3
        Å³, of the cell that holds ``result.n_ions``.
    temperature_K
        K.

    Returns
    -------
    ConductivityResult
        Intervals at 95 %.

    Raises
    ------
    InputError
        As :func:`nernst_einstein_conductivity`.

    Examples
    --------
    >>> from perolyte.transport import fit_diffusivity
    >>> walk = np.random.default_rng(0).standard_normal((2000, 20, 3)).cumsum(axis=0)
    >>> diffusion = fit_diffusivity(walk, frame_interval_fs=100.0, hop_distance_A=3.0)
    >>> cell = {"volume_A3": 4000.0, "temperature_K": 800.0}
    >>> sigma = convert_to_conductivity(diffusion, charge=1, **cell)
    >>> sigma.nernst_einstein_std_S_cm < sigma.collective_std_S_cm
    True
    """
    # Both are proportional to a diffusivity: one factor serves values and errors.
    per_diffusivity = nernst_einstein_conductivity(
        1.0,
        n_ions=float(result.n_ions),
        charge=charge,
        volume_A3=volume_A3,
        temperature_K=temperature_K,
    )

    def scale(diffusivity_cm2_s: float | None) -> float | None:
        return None if diffusivity_cm2_s is None else diffusivity_cm2_s * per_diffusivity

    return ConductivityResult(
        nernst_einstein_S_cm=scale(result.diffusivity_cm2_s),
        nernst_einstein_std_S_cm=scale(result.diffusivity_std_cm2_s),
        nernst_einstein_lower_S_cm=scale(result.diffusivity_lower_cm2_s),
        nernst_einstein_upper_S_cm=scale(result.diffusivity_upper_cm2_s),
        collective_S_cm=scale(result.charge.diffusivity_cm2_s),
        collective_std_S_cm=scale(result.charge.diffusivity_std_cm2_s),
        collective_lower_S_cm=scale(result.charge.diffusivity_lower_cm2_s),
        collective_upper_S_cm=scale(result.charge.diffusivity_upper_cm2_s),
    )


def haven_ratio(tracer_diffusivity_cm2_s: float, charge_diffusivity_cm2_s: float) -> float:
    """Divide the tracer diffusivity by the charge diffusivity.

    Below 1, ions move the same way together; 1 for independent ions
    (doi 10.1038/s41524-018-0074-y).

    Parameters
    ----------
    tracer_diffusivity_cm2_s, charge_diffusivity_cm2_s
        cm²/s, both above zero.

    Returns
    -------
    float
        The Haven ratio, without unit.

    Raises
    ------
    InputError
        For a diffusivity that is not above zero.

    Examples
    --------
    >>> haven_ratio(1.0e-8, 2.0e-8)
    0.5
    """
    hint = "leave out runs whose diffusivity did not converge"
    tracer = check_positive(
        tracer_diffusivity_cm2_s, name="tracer_diffusivity_cm2_s", unit="cm²/s", hint=hint
    )
    charge = check_positive(
        charge_diffusivity_cm2_s, name="charge_diffusivity_cm2_s", unit="cm²/s", hint=hint
    )
    return float(tracer / charge)
