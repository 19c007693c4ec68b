"""The equivalent circuit that the constants of a ceramic make."""

from __future__ import annotations

from dataclasses import dataclass

from perolyte.mesoscale._checks import check_geometry, check_number, check_positive
from perolyte.mesoscale.circuit import Arc, Circuit, ConstantPhaseElement
from perolyte.units import VACUUM_PERMITTIVITY_F_PER_CM

__all__ = ["CeramicConstants", "ceramic_circuit"]


@dataclass(frozen=True)
class CeramicConstants:
    """A ceramic in the series brick-layer model.

    Parameters
    ----------
    bulk_S_cm, boundary_S_cm
        S/cm, specific, above zero.
    grain_size_nm, boundary_thickness_nm
        nm, as in :func:`brick_layer_conductivity`; the thickness above zero.
    bulk_permittivity, boundary_permittivity
        Relative. The 100 of lithium lanthanum titanate is an assumption.
    bulk_exponent, boundary_exponent
        n of the arcs, above 0 to 1; 1 for perfect semicircles.
    """

    bulk_S_cm: float
    boundary_S_cm: float
    grain_size_nm: float
    boundary_thickness_nm: float
    bulk_permittivity: float = 100.0
    boundary_permittivity: float = 100.0
    bulk_exponent: float = 1.0
    boundary_exponent: float = 1.0


def ceramic_circuit(
    constants: CeramicConstants,
    *,
    length_cm: float,
    area_cm2: float,
    electrode: ConstantPhaseElement | None = None,
) -> Circuit:
    """Build the circuit of a ceramic of given size.

    R_b = L/(A σ_b), C_b = ε0 ε_b A/L; R_gb = (L/A)(δ/d)/σ_gb, C_gb = ε0 ε_gb (A/L)(d/δ)
    (doi 10.1016/j.pmatsci.2017.04.009). An exponent below 1 broadens the arc about its top.

    Parameters
    ----------
    constants
        Of the material.
    length_cm, area_cm2
        Distance of the electrodes, cm, and area of one, cm², above zero.
    electrode
        A blocking electrode, for both sides together.

    Returns
    -------
    Circuit
        The arc of the bulk, then that of the boundaries.

    Raises
    ------
    InputError
        For a number outside its range, or a grain smaller than its boundary.

    Examples
    --------
    >>> circuit = ceramic_circuit(
    ...     CeramicConstants(1e-3, 4e-8, grain_size_nm=1000.0, boundary_thickness_nm=1.0),
    ...     length_cm=0.1, area_cm2=1.0,
    ... )
    >>> [f"{arc.resistance_ohm:.0f} Ω, {arc.peak_frequency_Hz:.3g} Hz" for arc in circuit.arcs]
    ['100 Ω, 1.8e+07 Hz', '2500 Ω, 719 Hz']
    """
    ratio = float(check_geometry(constants.grain_size_nm, constants.boundary_thickness_nm))
    check_positive(constants.boundary_thickness_nm, "boundary_thickness_nm", "nm")
    length = check_number(length_cm, "length_cm", "cm", low=1e-9, high=1e6)
    area = check_number(area_cm2, "area_cm2", "cm²", low=1e-15, high=1e9)
    bulk = _make_arc(
        constants.bulk_S_cm,
        constants.bulk_permittivity,
        exponent=constants.bulk_exponent,
        path_1_cm=length / area,
    )
    boundary = _make_arc(
        constants.boundary_S_cm,
        constants.boundary_permittivity,
        exponent=constants.boundary_exponent,
        path_1_cm=length / area * ratio,
    )
    return Circuit((bulk, boundary), electrode)


def _make_arc(
    conductivity_S_cm: float, permittivity: float, *, exponent: float, path_1_cm: float
) -> Arc:
    """Return the arc of a phase; ``path_1_cm`` is length over area of its current path."""
    sigma = check_number(conductivity_S_cm, "conductivity_S_cm", "S/cm", low=1e-30, high=1e6)
    epsilon = check_number(permittivity, "permittivity", "", low=1.0, high=1e8)
    n = check_number(exponent, "exponent", "", low=0.01, high=1.0)
    resistance = path_1_cm / sigma
    time_s = VACUUM_PERMITTIVITY_F_PER_CM * epsilon / sigma
    return Arc(resistance, ConstantPhaseElement(time_s**n / resistance, n))
