"""Total conductivity over grain size, from a bulk conductivity and a given boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from perolyte.mesoscale import grain_size_map
from perolyte.schemas import ConductivityDoc, GrainSizeMap, Quantity

__all__ = ["GrainBoundary", "map_over_grain_size", "with_map"]


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

    def quantities(self) -> list[Quantity]:
        """Return the parameters with their labels and sources."""
        values = [
            ("boundary conductivity (specific)", self.conductivity_S_cm, "S/cm"),
            ("boundary thickness", self.thickness_nm, "nm"),
        ]
        return [
            Quantity(name=name, value=value, unit=unit, label=self.label, source=self.source)
            for name, value, unit in values
        ]


def map_over_grain_size(
    boundary: GrainBoundary,
    *,
    bulk_S_cm: float,
    lower_S_cm: float,
    upper_S_cm: float,
    bulk_quantity: Quantity,
) -> GrainSizeMap:
    """Total conductivity over grain size, with the bulk's interval carried through.

    The total rises with the bulk conductivity, so that the ends of the bulk's interval map onto
    the ends of the total's. The boundary's own uncertainty is not known and not included.
    """
    result = grain_size_map(
        bulk_S_cm=[bulk_S_cm],
        bulk_lower_S_cm=[lower_S_cm],
        bulk_upper_S_cm=[upper_S_cm],
        boundary_S_cm=boundary.conductivity_S_cm,
        boundary_thickness_nm=boundary.thickness_nm,
        grain_sizes_nm=np.geomspace(
            boundary.grain_size_min_nm, boundary.grain_size_max_nm, boundary.n_grain_sizes
        ),
        temperatures_K=[boundary.temperature_K],
    )
    return GrainSizeMap(
        temperature_K=boundary.temperature_K,
        grain_size_nm=result.grain_sizes_nm.tolist(),
        total_S_cm=result.total_S_cm[:, 0].tolist(),
        lower_S_cm=result.lower_S_cm[:, 0].tolist(),
        upper_S_cm=result.upper_S_cm[:, 0].tolist(),
        blocking_factor=result.blocking_factor[:, 0].tolist(),
        model=f"brick layer, {result.model}",
        parameters=[bulk_quantity, *boundary.quantities()],
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
    )
    over_grain_size = map_over_grain_size(
        boundary,
        bulk_S_cm=room.conductivity_S_cm,
        lower_S_cm=room.lower_S_cm,
        upper_S_cm=room.upper_S_cm,
        bulk_quantity=bulk,
    )
    return doc.model_copy(update={"grain_size_map": over_grain_size})
