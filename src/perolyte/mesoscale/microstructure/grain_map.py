"""Which grain each voxel of a periodic cell belongs to, and how large the grains are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_number

__all__ = ["GrainMap", "GrainSizeStatistics", "measure_grain_sizes"]

INTERCEPT_FACTOR = 1.56
"""Grain size over mean lineal intercept, for grains of one tetrakaidecahedral shape with
lognormal sizes (Mendelson, J. Am. Ceram. Soc. 52, 443, 1969, doi
10.1111/j.1151-2916.1969.tb11975.x)."""


@dataclass(frozen=True, eq=False)
class GrainMap:
    """A periodic polycrystal on voxels.

    Attributes
    ----------
    labels
        (n_x, n_y[, n_z]) whole numbers, the grain of each voxel, 0 and up.
    voxel_nm
        nm, edge of a voxel.

    Examples
    --------
    >>> grains = GrainMap(np.array([[0, 0, 1, 1]] * 4), 5.0)
    >>> grains.n_grains, grains.edges_nm
    (2, (20.0, 20.0))
    """

    labels: NDArray[np.int32]
    voxel_nm: float

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.ndim not in (2, 3) or labels.size == 0 or labels.dtype.kind not in "iu":
            raise InputError(
                f"labels are {labels.dtype} of shape {labels.shape}; give whole numbers "
                "(n_x, n_y) or (n_x, n_y, n_z)"
            )
        if labels.min() < 0:
            raise InputError(f"a label is {labels.min()}; number the grains from 0")
        check_number(self.voxel_nm, "voxel_nm", "nm", low=np.finfo(float).tiny)
        object.__setattr__(self, "labels", np.ascontiguousarray(labels, dtype=np.int32))

    @property
    def n_dimensions(self) -> int:
        """2 or 3."""
        return self.labels.ndim

    @property
    def edges_nm(self) -> tuple[float, ...]:
        """Of the cell, nm."""
        return tuple(n * self.voxel_nm for n in self.labels.shape)

    @property
    def n_grains(self) -> int:
        """Grains with at least one voxel."""
        return int(np.count_nonzero(np.bincount(self.labels.ravel())))


@dataclass(frozen=True, eq=False)
class GrainSizeStatistics:
    """Sizes of the grains of one cell.

    Attributes
    ----------
    diameters_nm
        (n_grains,) nm, rising, of circles or spheres of the same area or volume.
    mean_nm, mean_std_nm
        nm, mean diameter, and its standard error from the spread of the grains.
    volume_weighted_mean_nm
        nm, of the grain in which a random point is.
    log_std
        Standard deviation of ln(diameter).
    intercept_nm
        nm, mean length of lines along the axes between boundaries.
    intercept_size_nm
        nm, 1.56 intercepts: what a micrograph would give.
    """

    diameters_nm: NDArray[np.float64]
    mean_nm: float
    mean_std_nm: float
    volume_weighted_mean_nm: float
    log_std: float
    intercept_nm: float
    intercept_size_nm: float


def measure_grain_sizes(grains: GrainMap) -> GrainSizeStatistics:
    """Return the statistics of grain sizes.

    Parameters
    ----------
    grains
        With labels that stand for one grain each.

    Raises
    ------
    InputError
        For a cell without a boundary, which has no intercept.

    Examples
    --------
    >>> labels = np.kron(np.arange(16).reshape(4, 4), np.ones((8, 8), dtype=int))
    >>> sizes = measure_grain_sizes(GrainMap(labels, 10.0))
    >>> round(sizes.mean_nm, 1), sizes.intercept_nm
    (90.3, 80.0)
    """
    counts = np.bincount(grains.labels.ravel())
    counts = counts[counts > 0]
    n = grains.n_dimensions
    volumes = counts * grains.voxel_nm**n
    diameters = np.sort(_equivalent_diameter(volumes, n))
    crossings = sum(
        int(np.count_nonzero(grains.labels != np.roll(grains.labels, 1, axis))) for axis in range(n)
    )
    if crossings == 0:
        raise InputError("the cell is one grain without a boundary; take a larger cell")
    intercept_nm = n * grains.labels.size * grains.voxel_nm / crossings
    spread = float(diameters.std(ddof=1)) if len(diameters) > 1 else 0.0
    return GrainSizeStatistics(
        diameters_nm=diameters,
        mean_nm=float(diameters.mean()),
        mean_std_nm=spread / float(np.sqrt(len(diameters))),
        volume_weighted_mean_nm=float((diameters * diameters**n).sum() / (diameters**n).sum()),
        log_std=float(np.log(diameters).std(ddof=1)) if len(diameters) > 1 else 0.0,
        intercept_nm=intercept_nm,
        intercept_size_nm=INTERCEPT_FACTOR * intercept_nm,
    )


def _equivalent_diameter(volumes: ArrayLike, n_dimensions: int) -> NDArray[np.float64]:
    """Return the diameter of a circle of an area, or of a sphere of a volume."""
    v = np.asarray(volumes, dtype=np.float64)
    return np.sqrt(4.0 * v / np.pi) if n_dimensions == 2 else np.cbrt(6.0 * v / np.pi)
