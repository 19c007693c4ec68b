"""Bounds of the effective conductivity that fractions and tensors of voxels alone give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure._stencils import sum_inverses
from perolyte.mesoscale.microstructure.voxel_conductivity import VoxelConductivity

__all__ = ["ConductivityBounds", "bound_conductivity"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConductivityBounds:
    """Tensors between which the effective one lies, S/cm, (d, d) each.

    Attributes
    ----------
    wiener_lower_S_cm, wiener_upper_S_cm
        Harmonic and arithmetic mean: they hold for every arrangement of the voxels.
    hashin_shtrikman_lower_S_cm, hashin_shtrikman_upper_S_cm
        They hold where the arrangement is isotropic, which one small cell is only about, and
        tensors are turned at random: not for laminates, whose normals follow the boundaries.
    """

    wiener_lower_S_cm: Matrix
    wiener_upper_S_cm: Matrix
    hashin_shtrikman_lower_S_cm: Matrix
    hashin_shtrikman_upper_S_cm: Matrix


def bound_conductivity(field: VoxelConductivity) -> ConductivityBounds:
    """Return the Wiener and Hashin-Shtrikman bounds of voxels with any tensors.

    Wiener: <σ^-1>^-1 and <σ> (Abhandlungen der Sächsischen Akademie 32, 509, 1912).
    Hashin-Shtrikman in d dimensions: <[σ + (d - 1) σ_0]^-1>^-1 - (d - 1) σ_0 with the lowest,
    and the highest, conductivity of any voxel in any direction as σ_0; for two phases this is
    :func:`~perolyte.mesoscale.hashin_shtrikman_bounds` (doi 10.1063/1.1728579; for tensors
    Willis, J. Mech. Phys. Solids 25, 185, 1977, doi 10.1016/0022-5096(77)90022-9).

    Parameters
    ----------
    field
        Real.

    Raises
    ------
    InputError
        For a complex field: its values are bounded by regions of the plane, not by two numbers.

    Examples
    --------
    >>> quarter = np.where(np.arange(64) % 4, 1.0, 10.0)
    >>> field = VoxelConductivity.from_array(quarter.reshape(4, 4, 4))
    >>> bounds = bound_conductivity(field)
    >>> print(bounds.wiener_lower_S_cm[0, 0].round(4), bounds.wiener_upper_S_cm[0, 0].round(4))
    1.2903 3.25
    >>> print(bounds.hashin_shtrikman_lower_S_cm[0, 0].round(4))
    1.6923
    """
    if field.is_complex:
        raise InputError(
            "the conductivity is complex; two numbers do not bound it: take its real part"
        )
    lowest, highest = field.eigenvalues()
    others = field.n_dimensions - 1
    mean = _mean(field)
    return ConductivityBounds(
        wiener_lower_S_cm=_invert_mean(field, 0.0),
        wiener_upper_S_cm=mean,
        hashin_shtrikman_lower_S_cm=_invert_mean(field, others * lowest),
        hashin_shtrikman_upper_S_cm=_invert_mean(field, others * highest),
    )


def _mean(field: VoxelConductivity) -> Matrix:
    if field.is_isotropic:
        mean = field.components_S_cm.mean(dtype=np.float64)
        return np.asarray(mean * np.eye(field.n_dimensions))
    sums = [float(component.mean(dtype=np.float64)) for component in field.to_three()]
    return _to_matrix(sums, field.n_dimensions)


def _invert_mean(field: VoxelConductivity, shift: float) -> Matrix:
    """Return <(σ + shift)^-1>^-1 - shift."""
    identity = np.eye(field.n_dimensions)
    if field.is_isotropic:
        # plane by plane: no second field in memory
        planes = field.components_S_cm[0]
        total = sum(float((1.0 / (p.astype(np.float64) + shift)).sum()) for p in planes)
        return np.asarray((planes.size / total - shift) * identity)
    voxels = field.to_three().reshape(6, -1)
    inverse = _to_matrix(
        (sum_inverses(voxels, shift) / voxels.shape[1]).tolist(), identity.shape[0]
    )
    return np.asarray(np.linalg.inv(inverse) - shift * identity)


def _to_matrix(six: list[float], n_dimensions: int) -> Matrix:
    xx, yy, zz, yz, xz, xy = six
    whole = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    # a plane lies across the middle axis
    return whole if n_dimensions == 3 else whole[np.ix_([0, 2], [0, 2])]
