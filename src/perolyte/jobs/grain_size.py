"""Total conductivity over grain size at one temperature, from a bulk and a given boundary."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from perolyte.mesoscale import (
    CeramicParameters,
    LognormalValue,
    grain_size_map,
    law_from_value,
)
from perolyte.schemas import ConductivityDoc, GrainSizeMap, Quantity

__all__ = ["GrainBoundary", "map_over_grain_size", "with_map"]

_ANY_PERMITTIVITY = 100.0
"""Only frequencies depend on it, and this map has none."""


@dataclass(frozen=True)
class GrainBoundary:
    """What the brick-layer model needs beside the bulk: measured or assumed, never computed here.

    Parameters
    ----------
    conductivity_S_cm
        *Specific* conductivity of the boundary at ``temperature_K`` (not the apparent one that
        impedance papers usually print, which is larger by grain size over thickness).
    thickness_nm
        Electrical thickness of one boundary.
    temperature_K
        Temperature of ``conductivity_S_cm``, and of the map.
    grain_size_min_nm, grain_size_max_nm, n_grain_sizes
        Logarithmic grid of the map.
    label
        ``"literature"`` or ``"assumed"``.
    uncertainty_decades, thickness_uncertainty_decades
        From conductivity and thickness to the ends of their 95 % intervals, in powers of ten. The
        first is by default what laboratories differ by.
    source
        Where the numbers come from, with a DOI or report number.
    reference_bulk_S_cm, reference_source
        A measured bulk conductivity for a comparison curve, optional.
    """

    conductivity_S_cm: float
    thickness_nm: float
    temperature_K: float
    source: str
    label: Literal["literature", "assumed"] = "literature"
    grain_size_min_nm: float = 20.0
    grain_size_max_nm: float = 20000.0
    n_grain_sizes: int = 61
    reference_bulk_S_cm: float | None = None
    reference_source: str | None = None
    uncertainty_decades: float = 0.5
    thickness_uncertainty_decades: float = 0.3

    def quantities(self) -> list[Quantity]:
        """Return the parameters with their labels and sources."""
        values = [
            ("boundary conductivity (specific)", self.conductivity_with_error, "S/cm"),
            ("boundary thickness", self.thickness_with_error, "nm"),
        ]
        return [
            Quantity(
                name=name,
                value=given.value,
                unit=unit,
                label=self.label,
                source=self.source,
                lower=given.interval()[0],
                upper=given.interval()[1],
            )
            for name, given, unit in values
        ]

    @property
    def conductivity_with_error(self) -> LognormalValue:
        """The conductivity with its error, S/cm."""
        return LognormalValue(self.conductivity_S_cm, self.uncertainty_decades)

    @property
    def thickness_with_error(self) -> LognormalValue:
        """The thickness with its error, nm."""
        return LognormalValue(self.thickness_nm, self.thickness_uncertainty_decades)


def map_over_grain_size(
    boundary: GrainBoundary,
    *,
    bulk_S_cm: float,
    lower_S_cm: float,
    upper_S_cm: float,
    bulk_quantity: Quantity,
) -> GrainSizeMap:
    """Total conductivity over grain size, with the errors of bulk and boundary carried through.

    ``lower_S_cm`` and ``upper_S_cm`` are the 95 % interval of the bulk.
    """
    kelvin = boundary.temperature_K
    result = grain_size_map(
        CeramicParameters(
            bulk=law_from_value(
                bulk_S_cm,
                temperature_K=kelvin,
                decades=0.5 * math.log10(upper_S_cm / lower_S_cm),
            ),
            boundary=law_from_value(
                boundary.conductivity_S_cm,
                temperature_K=kelvin,
                decades=boundary.uncertainty_decades,
            ),
            boundary_thickness_nm=boundary.thickness_with_error,
            bulk_permittivity=LognormalValue(_ANY_PERMITTIVITY),
            boundary_permittivity=LognormalValue(_ANY_PERMITTIVITY),
        ),
        grain_sizes_nm=np.geomspace(
            boundary.grain_size_min_nm, boundary.grain_size_max_nm, boundary.n_grain_sizes
        ),
        temperatures_K=[kelvin],
    )
    return GrainSizeMap(
        temperature_K=kelvin,
        grain_size_nm=result.grain_sizes_nm.tolist(),
        total_S_cm=result.total_S_cm.value[:, 0].tolist(),
        lower_S_cm=result.total_S_cm.lower[:, 0].tolist(),
        upper_S_cm=result.total_S_cm.upper[:, 0].tolist(),
        blocking_factor=result.blocking_factor.value[:, 0].tolist(),
        model=f"brick layer, {result.model}",
        parameters=[bulk_quantity, *boundary.quantities()],
        interval_from="bulk and boundary",
    )


def with_map(doc: ConductivityDoc, boundary: GrainBoundary | None) -> ConductivityDoc:
    """Add the map, where there is a conductivity at the temperature of the boundary's."""
    room = doc.room_temperature
    if boundary is None or room is None or room.temperature_K != boundary.temperature_K:
        return doc
    bulk = Quantity(
        name="bulk conductivity",
        value=room.conductivity_S_cm,
        unit="S/cm",
        label="computed",
        source=f"document {doc.uuid}",
        lower=room.lower_S_cm,
        upper=room.upper_S_cm,
    )
    over_grain_size = map_over_grain_size(
        boundary,
        bulk_S_cm=room.conductivity_S_cm,
        lower_S_cm=room.lower_S_cm,
        upper_S_cm=room.upper_S_cm,
        bulk_quantity=bulk,
    )
    return doc.model_copy(update={"grain_size_map": over_grain_size})
