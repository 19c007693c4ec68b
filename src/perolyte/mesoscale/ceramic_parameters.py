"""What a map of a ceramic is made of."""

from __future__ import annotations

from dataclasses import dataclass

from perolyte.mesoscale.conductivity_law import ConductivityLaw, LognormalValue
from perolyte.mesoscale.space_charge_term import SpaceChargeTerm

__all__ = ["CeramicParameters"]


@dataclass(frozen=True)
class CeramicParameters:
    """What the brick layer of one material needs.

    Parameters
    ----------
    bulk, boundary
        Conductivities over temperature, each specific to its phase.
    boundary_thickness_nm
        Electrical width of a boundary.
    bulk_permittivity, boundary_permittivity
        Relative; only the frequencies of the arcs, and space-charge layers, need them.
    space_charge
        Assumed layers beside a boundary that was found without them; None for none.
    """

    bulk: ConductivityLaw
    boundary: ConductivityLaw
    boundary_thickness_nm: LognormalValue
    bulk_permittivity: LognormalValue
    boundary_permittivity: LognormalValue
    space_charge: SpaceChargeTerm | None = None
