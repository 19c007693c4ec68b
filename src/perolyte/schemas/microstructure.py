"""A polycrystal on voxels, and the conductivity that it has as a whole."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from perolyte.schemas.base import Document, Quantity

__all__ = [
    "GrainMapDescription",
    "GrainSizeDescription",
    "MicrostructureDoc",
    "MicrostructureSettings",
    "TensorBounds",
]

Matrix = list[list[float]]


class MicrostructureSettings(BaseModel):
    """How grains are made, and how their conductivity is computed."""

    model_config = ConfigDict(extra="forbid")

    n_dimensions: Literal[2, 3] = 3
    n_voxels: int = Field(default=64, ge=8, le=1024, description="along each edge")
    n_grains: int = Field(default=30, ge=1, description="at the start, where they grow")
    size_spread: float | None = Field(
        default=None, ge=0.0, le=0.6, description="of ln(diameter); None for Voronoi cells"
    )
    growth_steps: int = Field(
        default=0, ge=0, description="of a phase field; 0 for straight boundaries"
    )
    tolerance: float = Field(default=1e-4, gt=0.0, lt=1.0)
    max_iterations: int = Field(default=2000, ge=1)
    precision: Literal["float64", "float32"] = "float64"


class GrainMapDescription(BaseModel):
    """Grain of each voxel; kept with the large data."""

    model_config = ConfigDict(extra="forbid")

    shape: list[int]
    voxel_nm: float
    sha256: str = Field(description="of the labels, 32-bit whole numbers, little-endian, C order")
    labels_base64: str

    @classmethod
    def from_labels(cls, labels: NDArray[Any], voxel_nm: float) -> GrainMapDescription:
        """Write down the labels of a grain map."""
        data = np.ascontiguousarray(labels, dtype="<i4").tobytes()
        return cls(
            shape=list(labels.shape),
            voxel_nm=voxel_nm,
            sha256=hashlib.sha256(data).hexdigest(),
            labels_base64=base64.b64encode(data).decode(),
        )

    def labels(self) -> NDArray[np.int32]:
        """Return the labels.

        Raises
        ------
        ValueError
            Where they are not those that were written.
        """
        data = base64.b64decode(self.labels_base64)
        if hashlib.sha256(data).hexdigest() != self.sha256:
            message = "the labels of the grains are damaged; run the job again"
            raise ValueError(message)
        return np.frombuffer(data, dtype="<i4").reshape(self.shape).astype(np.int32)


class GrainSizeDescription(BaseModel):
    """Sizes of the grains of the cell."""

    model_config = ConfigDict(extra="forbid")

    n_grains: int
    mean_nm: float = Field(description="diameter of circles or spheres of the same size")
    mean_std_nm: float = Field(description="standard error")
    log_std: float = Field(description="standard deviation of ln(diameter)")
    intercept_size_nm: float = Field(description="1.56 mean intercepts")


class TensorBounds(BaseModel):
    """Tensors between which the effective one lies, S/cm."""

    model_config = ConfigDict(extra="forbid")

    wiener_lower_S_cm: Matrix
    wiener_upper_S_cm: Matrix
    hashin_shtrikman_lower_S_cm: Matrix | None = Field(
        description="of grains and boundary as two phases, isotropic; None for grains of tensors"
    )
    hashin_shtrikman_upper_S_cm: Matrix | None


class MicrostructureDoc(Document):
    """Conductivity of a ceramic from its grains and boundaries.

    Without a conductivity the status is "not_converged", with the reason.
    """

    source: Literal["voronoi", "laguerre", "phase_field"]
    grains: GrainMapDescription | None = Field(
        description="None where the document was read without its large data"
    )
    settings: MicrostructureSettings
    sizes: GrainSizeDescription
    conductivity_S_cm: Matrix | None
    mean_S_cm: float | None = Field(description="a third of the trace; in planes half of it")
    error_bound: float = Field(description="relative, of the solution on these voxels")
    bounds: TensorBounds
    brick_layer_S_cm: float | None = Field(
        description="series model at the mean size, for comparison; None for tensors"
    )
    n_iterations: list[int]
    contrast: float
    scheme: Literal["rotated", "finite_volume", "fourier"]
    parameters: list[Quantity] = Field(description="what went in, labelled")

    @field_validator("grains", mode="before")
    @classmethod
    def _drop_reference(cls, value: Any) -> Any:
        """Read a reference to large data that were not loaded as None."""
        return None if isinstance(value, dict) and "blob_uuid" in value else value
