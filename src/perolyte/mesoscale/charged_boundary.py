"""A boundary of two space-charge layers and a core between them, as separate terms."""

from __future__ import annotations

from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.space_charge import SpaceChargeProfile
from perolyte.units import NM_PER_CM

__all__ = ["ChargedBoundaryResult", "charged_boundary_conductivity"]


@dataclass(frozen=True)
class ChargedBoundaryResult:
    """What one boundary adds to the current path.

    Attributes
    ----------
    area_resistance_ohm_cm2
        Of core and layers over their thickness, Ω cm².
    core_share
        Share of the core in it, 0 to 1.
    thickness_nm
        Core and both layers.
    specific_S_cm
        Thickness over area resistance: the conductivity across, for the brick layer.
    along_S_cm
        Mean conductivity along the boundary.
    """

    area_resistance_ohm_cm2: float
    core_share: float
    thickness_nm: float
    specific_S_cm: float
    along_S_cm: float


def charged_boundary_conductivity(
    layer: SpaceChargeProfile,
    *,
    bulk_S_cm: float,
    core_thickness_nm: float = 0.0,
    core_S_cm: float | None = None,
) -> ChargedBoundaryResult:
    """Add the core and two equal layers in series across the boundary, in parallel along it.

    Parameters
    ----------
    layer
        From :func:`space_charge_profile`; a potential of zero leaves the core alone.
    bulk_S_cm
        S/cm, real, above zero.
    core_thickness_nm, core_S_cm
        Of the core, nm and S/cm; both, or a thickness of zero and no conductivity. Cores of two or
        three cells without lithium are seen (doi 10.1039/C4EE00382A), so that they can block on
        their own.

    Returns
    -------
    ChargedBoundaryResult
        With thickness and conductivities that :func:`brick_layer_conductivity` takes.

    Raises
    ------
    InputError
        For a number outside its range, one of thickness and conductivity of the core without the
        other, or a boundary of no thickness at all.

    Examples
    --------
    >>> from perolyte.mesoscale import space_charge_profile
    >>> layer = space_charge_profile(
    ...     0.2, temperature_K=300.0, relative_permittivity=100.0, concentration_cm3=5.75e21
    ... )
    >>> boundary = charged_boundary_conductivity(layer, bulk_S_cm=1e-3)
    >>> f"{boundary.specific_S_cm:.2e} S/cm over {boundary.thickness_nm:.2f} nm"
    '6.22e-06 S/cm over 1.24 nm'
    """
    bulk = check_number(bulk_S_cm, "bulk_S_cm", "S/cm", low=1e-30, high=1e6)
    core_nm = check_number(core_thickness_nm, "core_thickness_nm", "nm", low=0.0, high=1e4)
    if (core_S_cm is None) != (core_nm == 0.0):
        raise InputError(
            f"core_thickness_nm is {core_nm:g} nm and core_S_cm {core_S_cm}; a core has both: give "
            "a conductivity with a thickness above 0, or neither"
        )
    layers_nm = 2.0 * layer.layer_thickness_nm
    thickness_nm = layers_nm + core_nm
    if thickness_nm == 0.0:
        raise InputError(
            "the boundary has no thickness: its potential is 0 and it has no core; give one of them"
        )
    # nm of bulk that resist alike, and nm of bulk that conduct alike
    layers_across = layers_nm + 2.0 * layer.excess_resistance_nm
    layers_along = layers_nm + 2.0 * layer.excess_conductance_nm
    core_across = core_along = 0.0
    if core_S_cm is not None:
        core = check_number(core_S_cm, "core_S_cm", "S/cm", low=1e-30, high=1e6)
        core_across, core_along = core_nm * bulk / core, core_nm * core / bulk
    across = layers_across + core_across
    return ChargedBoundaryResult(
        area_resistance_ohm_cm2=across / NM_PER_CM / bulk,
        core_share=core_across / across,
        thickness_nm=thickness_nm,
        specific_S_cm=bulk * thickness_nm / across,
        along_S_cm=bulk * (layers_along + core_along) / thickness_nm,
    )
