"""What assumed space-charge layers add to the resistance of a boundary without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number
from perolyte.mesoscale.space_charge import space_charge_profile

__all__ = ["SpaceChargeTerm", "add_layers", "draw_potential_shifts", "layer_excess_nm"]

FloatArray = NDArray[np.float64]
_N_POTENTIALS = 33
"""Of a table that draws are read from; between them within a per cent of it, or a picometre."""


@dataclass(frozen=True)
class SpaceChargeTerm:
    """Two layers beside the core of a boundary, from an assumed potential.

    Parameters
    ----------
    potential_V, potential_std_V
        Of the core relative to the bulk, signed: above zero it depletes cations. Standard error.
    concentration_cm3
        Of the mobile ions in the bulk.
    model, site_fraction
        As in :func:`perolyte.mesoscale.space_charge_profile`. Of its models the two that hold for
        either sign and down to a potential of zero.
    """

    potential_V: float
    concentration_cm3: float
    potential_std_V: float = 0.0
    model: Literal["gouy_chapman", "site_limited"] = "gouy_chapman"
    site_fraction: float | None = None

    def __post_init__(self) -> None:
        check_number(self.potential_V, "potential_V", "V", low=-5.0, high=5.0)
        check_number(self.potential_std_V, "potential_std_V", "V", low=0.0, high=1.0)
        if self.model not in ("gouy_chapman", "site_limited"):
            raise InputError(
                f"model is {self.model!r}; a term that may have either sign is 'gouy_chapman' or "
                "'site_limited'"
            )


def draw_potential_shifts(term: SpaceChargeTerm, n_draws: int, seed: int) -> FloatArray:
    """Return (n_draws,) errors of the potential, V, with a generator of their own.

    Other draws of the same seed stay what they are without a term.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(1, rng=np.random.default_rng([seed, 1]))
    # the open interval: a normal quantile of 0 is minus infinity
    uniform = np.clip(sampler.random(n_draws)[:, 0], 1e-12, 1 - 1e-12)
    return np.asarray(term.potential_std_V * ndtri(uniform))


def layer_excess_nm(
    term: SpaceChargeTerm,
    temperatures_K: FloatArray,
    potentials_V: FloatArray,
    relative_permittivity: FloatArray,
) -> FloatArray:
    """Return the excess resistance of one layer as a length of bulk that resists alike.

    Parameters
    ----------
    term
        All but the potential.
    temperatures_K
        (n_temperatures,), K.
    potentials_V, relative_permittivity
        (n,) each, V and relative.

    Returns
    -------
    ndarray
        (n, n_temperatures), nm; below zero where a layer conducts better than the bulk.

    Raises
    ------
    InputError
        As :func:`perolyte.mesoscale.space_charge_profile`.
    """
    from scipy.interpolate import PchipInterpolator

    ends = float(potentials_V.min()), float(potentials_V.max())
    nodes = np.linspace(*ends, _N_POTENTIALS) if ends[1] > ends[0] else np.array(ends[:1])
    reference = float(relative_permittivity[0])
    columns = []
    for kelvin in temperatures_K:
        table = np.array(
            [
                space_charge_profile(
                    float(potential),
                    temperature_K=float(kelvin),
                    relative_permittivity=reference,
                    concentration_cm3=term.concentration_cm3,
                    model=term.model,
                    site_fraction=term.site_fraction,
                ).excess_resistance_nm
                for potential in nodes
            ]
        )
        if len(nodes) == 1:
            columns.append(np.full(len(potentials_V), table[0]))
        else:
            # asinh: it grows as an exponential on one side and is bounded on the other
            curve = PchipInterpolator(nodes, np.arcsinh(table))
            columns.append(np.sinh(curve(potentials_V)))
    # all lengths of a layer go as the Debye length
    return np.stack(columns, axis=1) * np.sqrt(relative_permittivity / reference)[:, None]


def add_layers(
    boundary_S_cm: FloatArray, bulk_S_cm: FloatArray, thickness_nm: FloatArray, excess: FloatArray
) -> FloatArray:
    """Return the specific conductivity of a boundary with two layers in series, S/cm.

    The thickness stays that of the boundary without layers: thickness over conductivity is the
    area resistance of all.

    Parameters
    ----------
    boundary_S_cm, bulk_S_cm, thickness_nm
        (n, n_temperatures) or alike, S/cm and nm, without layers.
    excess
        From :func:`layer_excess_nm`.

    Raises
    ------
    InputError
        Where layers that conduct better take more resistance away than there is.

    Examples
    --------
    >>> float(add_layers(np.array([1e-6]), np.array([1e-3]), np.array([1.0]), np.array([500.0]))[0])
    5e-07
    """
    alike_nm = thickness_nm * bulk_S_cm / boundary_S_cm + 2.0 * excess
    if not (alike_nm > 0).all():
        raise InputError(
            f"the space-charge layers conduct so well that they take {-2 * excess.min():.3g} nm of "
            "bulk away, more than the boundary resists; give a potential nearer to 0"
        )
    return np.asarray(thickness_nm * bulk_S_cm / alike_nm)
