"""Space-charge layers beside the charged core of a grain boundary, for mobile cations.

The potential of the core is relative to the bulk and signed: positive depletes cations, negative
enriches them. In reduced form u = z e φ0/(kB T). Which sign holds in lithium lanthanum titanate
is disputed (doi 10.1038/s41467-023-37313-2), so that layers and core are separate terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale import _potential_shapes as shapes
from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.screening import check_charge, debye_length_nm
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = [
    "SpaceChargeModel",
    "SpaceChargeProfile",
    "mott_schottky_potential_V",
    "space_charge_profile",
]

FloatArray = NDArray[np.float64]
SpaceChargeModel = Literal["mott_schottky", "gouy_chapman", "site_limited"]
_MAX_REDUCED = 200.0
"""Beyond, exp(u) means nothing: 5 V at room temperature."""
_NOTHING = 1e-9
"""Below, in kB T, there is no layer: what it would do is lost in rounding."""
_N_DISTANCES = 201


@dataclass(frozen=True, eq=False)
class SpaceChargeProfile:
    """One layer, from the core (x = 0) into the grain.

    Attributes
    ----------
    distance_nm, potential_V, concentration_ratio
        (n_distances,) nm, V relative to the bulk, and c/c_∞ of the mobile ion.
    reduced_potential
        u = z e φ0/(kB T) at the core; above zero depletes.
    debye_length_nm
        √[ε kB T/(2 z² e² c_∞)].
    layer_thickness_nm
        λ* of Mott-Schottky; else where 1 % of the core's potential is left.
    excess_resistance_nm
        ∫ (ρ/ρ_bulk - 1) dx over the layer, nm: times ρ_bulk it is the extra resistance of one area;
        below zero where the layer conducts better.
    excess_conductance_nm
        ∫ (σ/σ_bulk - 1) dx, nm, for current along the layer.
    model
        The statistics.
    warnings
        What makes the numbers an order of magnitude only.
    """

    distance_nm: FloatArray
    potential_V: FloatArray
    concentration_ratio: FloatArray
    reduced_potential: float
    debye_length_nm: float
    layer_thickness_nm: float
    excess_resistance_nm: float
    excess_conductance_nm: float
    model: SpaceChargeModel
    warnings: tuple[str, ...]

    @property
    def resistivity_ratio(self) -> float:
        """Mean ρ/ρ_bulk across the layer, 1 without a potential."""
        if self.layer_thickness_nm == 0.0:
            return 1.0
        return 1.0 + self.excess_resistance_nm / self.layer_thickness_nm

    @property
    def conductivity_ratio_along(self) -> float:
        """Mean σ/σ_bulk along the layer."""
        if self.layer_thickness_nm == 0.0:
            return 1.0
        return 1.0 + self.excess_conductance_nm / self.layer_thickness_nm


def space_charge_profile(
    core_potential_V: float,
    *,
    temperature_K: float,
    relative_permittivity: float,
    concentration_cm3: float,
    charge: float = 1.0,
    model: SpaceChargeModel = "mott_schottky",
    site_fraction: float | None = None,
    distance_nm: ArrayLike | None = None,
    lattice_spacing_nm: float = 0.39,
) -> SpaceChargeProfile:
    """Return the layer beside a core that is charged to a given potential.

    - "mott_schottky": the counter-charge cannot move, the mobile ion is gone from the layer:
      φ = φ0 (1 - x/λ*)², λ* = λ √(4 u). Only for u of about 3 and more.
    - "gouy_chapman": the counter-charge moves too: c/c_∞ = [(1 - Θ e^(-x/λ))/(1 + Θ e^(-x/λ))]²,
      Θ = tanh(u/4); excess resistance 2 λ (e^(u/2) - 1), exactly.
    - "site_limited": restricted equilibrium: only the mobile ion rearranges, on a limited number
      of sites, before a counter-charge that is frozen in: c/c_∞ = 1/[θ + (1 - θ) e^u], and
      Poisson's equation solved for it. A hop needs an empty site: σ goes as c (1 - θ c/c_∞), so
      that a layer filled with ions blocks as an empty one does.

    Parameters
    ----------
    core_potential_V
        φ0, V relative to the bulk, signed.
    temperature_K, relative_permittivity, concentration_cm3, charge
        As :func:`debye_length_nm`.
    model
        One of the three.
    site_fraction
        θ, the share of the ion's sites that it fills in the bulk, above 0 and below 1, for
        "site_limited" only.
    distance_nm
        (n_distances,) nm from the core, not below zero, rising; by default 201 over the layer.
    lattice_spacing_nm
        nm: a Debye length below it makes the continuum an order of magnitude, which is said in
        ``warnings``.

    Returns
    -------
    SpaceChargeProfile
        Of one side of the boundary.

    Raises
    ------
    InputError
        For an argument outside its range, or a model that cannot hold: Mott-Schottky for ions
        that the core attracts.

    References
    ----------
    Kliewer and Koehler, doi 10.1103/PhysRev.140.A1226; De Souza, doi 10.1039/b904100a; review,
    doi 10.1016/j.pmatsci.2017.04.009.

    Examples
    --------
    >>> given = {"temperature_K": 300.0, "relative_permittivity": 100.0,
    ...          "concentration_cm3": 5.75e21}
    >>> layer = space_charge_profile(0.3, **given)
    >>> f"{layer.layer_thickness_nm:.2f} nm, {layer.resistivity_ratio:.0f} times"
    '0.76 nm, 4961 times'
    >>> layer.warnings[0]
    'the Debye length, 0.11 nm, is below the lattice spacing, 0.39 nm: order of magnitude only'
    """
    length = debye_length_nm(
        temperature_K=temperature_K,
        relative_permittivity=relative_permittivity,
        concentration_cm3=concentration_cm3,
        charge=charge,
    )
    spacing = check_number(lattice_spacing_nm, "lattice_spacing_nm", "nm", low=1e-3, high=100.0)
    potential = check_number(core_potential_V, "core_potential_V", "V")
    volt_per_u = BOLTZMANN_EV_PER_K * temperature_K / charge
    u = potential / volt_per_u
    if abs(u) < _NOTHING:
        u = 0.0
    shape = _choose_shape(model, u, site_fraction)
    extent = shape.extent * length
    distances = _choose_distances(distance_nm, extent)
    reduced = shape.potential(distances / length)
    return SpaceChargeProfile(
        distance_nm=distances,
        potential_V=reduced * volt_per_u,
        concentration_ratio=shape.concentration(reduced),
        reduced_potential=u,
        debye_length_nm=length,
        layer_thickness_nm=extent,
        excess_resistance_nm=shape.excess_resistance * length,
        excess_conductance_nm=shape.excess_conductance * length,
        model=model,
        warnings=_find_doubts(model, u, length, spacing),
    )


def mott_schottky_potential_V(
    resistivity_ratio: float, *, temperature_K: float, charge: float = 1.0
) -> float:
    """Return the core potential at which a Mott-Schottky layer has a given mean ρ/ρ_bulk.

    The exact inverse of ρ/ρ_bulk = (√π/(2 √u)) erfi(√u); for large ratios it goes to the usual
    u = -W₋₁(-1/(2 r)). Read it as the potential that would explain a measured ratio, not as a
    measured potential: a resistive core gives the same ratio.

    Parameters
    ----------
    resistivity_ratio
        σ_b/σ_gb, specific, above 1.
    temperature_K
        K.
    charge
        Of the mobile ion, elementary charges.

    Returns
    -------
    float
        V.

    Raises
    ------
    InputError
        For an argument outside its range.

    Examples
    --------
    >>> f"{mott_schottky_potential_V(160.65, temperature_K=300.0):.3f}"
    '0.200'
    """
    from scipy.optimize import brentq

    temperature = check_number(temperature_K, "temperature_K", "K", low=1.0, high=1e4)
    z = check_charge(charge)
    highest = float(np.exp(shapes.log_mott_schottky_ratio(_MAX_REDUCED)))
    ratio = check_number(resistivity_ratio, "resistivity_ratio", "", low=1.0, high=highest)
    if ratio == 1.0:
        return 0.0
    target = float(np.log(ratio))
    u: Any = brentq(
        lambda value: shapes.log_mott_schottky_ratio(value) - target,
        0.0,
        _MAX_REDUCED,
        xtol=1e-13,
        rtol=1e-13,
    )
    return float(u) * BOLTZMANN_EV_PER_K * temperature / z


def _choose_shape(
    model: SpaceChargeModel, u: float, site_fraction: float | None
) -> shapes.LayerShape:
    if model not in get_args(SpaceChargeModel):
        raise InputError(
            f"model is {model!r}; it must be one of {', '.join(get_args(SpaceChargeModel))}: use "
            "'site_limited' for concentrated ions"
        )
    if abs(u) > _MAX_REDUCED:
        raise InputError(
            f"core_potential_V gives z e φ0/(kB T) = {u:g}; it must be from -{_MAX_REDUCED:g} to "
            f"{_MAX_REDUCED:g}: give volts, relative to the bulk"
        )
    if (site_fraction is not None) != (model == "site_limited"):
        raise InputError(
            f"site_fraction is {site_fraction} with model {model!r}; 'site_limited' needs it and "
            "the others do not use it: give it for that model only"
        )
    if site_fraction is not None:
        theta = check_number(site_fraction, "site_fraction", "", low=1e-6, high=1.0 - 1e-6)
        return shapes.SiteLimited(u, theta)
    if model == "gouy_chapman":
        return shapes.GouyChapman(u)
    if u < 0:
        raise InputError(
            f"core_potential_V gives z e φ0/(kB T) = {u:g}, which attracts the ions; Mott-Schottky "
            "is for depletion (above 0): use 'gouy_chapman' or 'site_limited'"
        )
    return shapes.MottSchottky(u)


def _choose_distances(distance_nm: ArrayLike | None, extent_nm: float) -> FloatArray:
    if distance_nm is None:
        return np.linspace(0.0, extent_nm, _N_DISTANCES)
    distances = np.asarray(distance_nm, dtype=np.float64)
    if distances.ndim != 1 or not distances.size or not np.isfinite(distances).all():
        raise InputError(
            f"distance_nm has shape {distances.shape}; it must be a list of finite numbers, nm"
        )
    if distances[0] < 0 or (np.diff(distances) <= 0).any():
        raise InputError(
            f"distance_nm goes from {distances[0]:g} to {distances[-1]:g} nm; it must rise from 0 "
            "nm or more: sort it"
        )
    return distances


def _find_doubts(
    model: SpaceChargeModel, u: float, length_nm: float, spacing_nm: float
) -> tuple[str, ...]:
    doubts = []
    if length_nm < spacing_nm:
        doubts.append(
            f"the Debye length, {length_nm:.2f} nm, is below the lattice spacing, {spacing_nm:g} "
            "nm: order of magnitude only"
        )
    if model == "mott_schottky" and 0 < u < 3.0:
        doubts.append(f"z e φ0/(kB T) is {u:.2g}: Mott-Schottky takes it well above 3")
    return tuple(doubts)
