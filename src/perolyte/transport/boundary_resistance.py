"""The resistance of a boundary from the conductivity across a cell that holds two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import check_positive
from perolyte.units import A_PER_CM

__all__ = ["AreaResistance", "area_resistance", "specific_boundary_value"]

_ONE_SIDED = 0.95


@dataclass(frozen=True)
class AreaResistance:
    """Area resistance of one boundary, Ω cm².

    Attributes
    ----------
    status
        "converged" where it differs from zero at 95 %.
    reasons
        Why not.
    value_ohm_cm2, std_ohm_cm2
        Ω cm², below zero where the boundary conducts better than the grain; None unless
        converged.
    lower_bound_ohm_cm2, upper_bound_ohm_cm2
        Ω cm², one-sided 95 % bounds where it is not; None where nothing is known.
    """

    status: Status
    reasons: tuple[str, ...]
    value_ohm_cm2: float | None = None
    std_ohm_cm2: float | None = None
    lower_bound_ohm_cm2: float | None = None
    upper_bound_ohm_cm2: float | None = None


def area_resistance(
    cell_conductivity_S_cm: float,
    cell_std_S_cm: float,
    bulk_conductivity_S_cm: float,
    bulk_std_S_cm: float,
    *,
    cell_length_A: float,
    n_boundaries: int = 2,
) -> AreaResistance:
    """Return the area resistance of one boundary, (L/n)(1/σ_cell - 1/σ_bulk).

    Parameters
    ----------
    cell_conductivity_S_cm, cell_std_S_cm
        S/cm, across the boundaries, of the whole cell, and its standard error.
    bulk_conductivity_S_cm, bulk_std_S_cm
        S/cm, of the grain along the same direction.
    cell_length_A
        Å, along the normal.
    n_boundaries
        In the cell.

    Returns
    -------
    AreaResistance
        Ω cm². Where cell and bulk agree within their errors it has bounds and no value.

    Raises
    ------
    InputError
        For conductivities or lengths that are not above zero, or errors below zero.

    Examples
    --------
    >>> found = area_resistance(0.5e-3, 0.02e-3, 1e-3, 0.03e-3, cell_length_A=60.0)
    >>> f"{found.value_ohm_cm2:.2g} +- {found.std_ohm_cm2:.1g} ohm cm2"
    '0.0003 +- 3e-05 ohm cm2'
    >>> area_resistance(1e-3, 1e-4, 1e-3, 1e-4, cell_length_A=60.0).status
    'not_converged'
    """
    for name, value, unit in (
        ("cell_conductivity_S_cm", cell_conductivity_S_cm, "S/cm"),
        ("bulk_conductivity_S_cm", bulk_conductivity_S_cm, "S/cm"),
        ("cell_length_A", cell_length_A, "Å"),
        ("n_boundaries", n_boundaries, ""),
    ):
        check_positive(value, name=name, unit=unit, hint="give that of the cell")
    for name, value in (("cell_std_S_cm", cell_std_S_cm), ("bulk_std_S_cm", bulk_std_S_cm)):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{name} is {value} S/cm; it must be 0 or more")
    share_cm = cell_length_A / A_PER_CM / n_boundaries
    value = share_cm * (1.0 / cell_conductivity_S_cm - 1.0 / bulk_conductivity_S_cm)
    std = share_cm * math.hypot(
        cell_std_S_cm / cell_conductivity_S_cm**2, bulk_std_S_cm / bulk_conductivity_S_cm**2
    )
    if abs(value) >= float(stats.norm.ppf(0.975)) * std:
        return AreaResistance("converged", (), value, std)
    reason = (
        f"{value:.2g} ± {std:.2g} Ω cm² is not told apart from zero at 95 %: run cell and bulk "
        "longer, or take thinner grains"
    )
    half_width = float(stats.norm.ppf(_ONE_SIDED)) * std
    return AreaResistance(
        "not_converged",
        (reason,),
        lower_bound_ohm_cm2=value - half_width,
        upper_bound_ohm_cm2=max(value, 0.0) + half_width,
    )


def specific_boundary_value(
    resistance: AreaResistance, thickness_A: float
) -> tuple[float | None, float | None, float | None]:
    """Return value, standard error and lower bound of the specific conductivity, S/cm.

    σ_gb = δ/ASR. A boundary that conducts better than the grain (ASR below zero) has none of its
    own in series, and an upper bound of the ASR is a lower bound of σ_gb.

    Examples
    --------
    >>> value, std, _ = specific_boundary_value(AreaResistance("converged", (), 1e-5, 1e-6), 10.0)
    >>> f"{value:.3g} {std:.2g}"
    '0.01 0.001'
    """
    check_positive(thickness_A, name="thickness_A", unit="Å", hint="give that of the boundary")
    thickness_cm = thickness_A / A_PER_CM
    value, std = resistance.value_ohm_cm2, resistance.std_ohm_cm2
    if value is not None and std is not None and value > 0:
        return thickness_cm / value, thickness_cm * std / value**2, None
    bound = resistance.upper_bound_ohm_cm2
    return None, None, thickness_cm / bound if bound else None
