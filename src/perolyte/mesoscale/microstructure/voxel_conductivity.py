"""What each voxel of a microstructure conducts: a number or a symmetric tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure._stencils import bound_eigenvalues

__all__ = ["VoxelConductivity"]

ORDER = {2: ((0, 0), (1, 1), (0, 1)), 3: ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))}
"""Components of a symmetric tensor, by the number of dimensions."""


@dataclass(frozen=True, eq=False)
class VoxelConductivity:
    """Conductivity of every voxel of a periodic cell, as few numbers as it needs.

    Attributes
    ----------
    components_S_cm
        (1, *grid) for voxels that conduct alike in all directions; (3, *grid) in two dimensions,
        in the order xx, yy, xy; (6, *grid) in three, in the order xx, yy, zz, yz, xz, xy. S/cm,
        real or complex.

    Examples
    --------
    >>> field = VoxelConductivity.from_array([[1.0, 2.0], [2.0, 1.0]])
    >>> field.shape, field.is_isotropic
    ((2, 2), True)
    """

    components_S_cm: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return tuple(self.components_S_cm.shape[1:])

    @property
    def n_dimensions(self) -> int:
        """2 or 3."""
        return self.components_S_cm.ndim - 1

    @property
    def is_isotropic(self) -> bool:
        """Whether voxels are numbers, not tensors."""
        return self.components_S_cm.shape[0] == 1

    @property
    def is_complex(self) -> bool:
        """Whether the field is that of a frequency above zero."""
        return np.iscomplexobj(self.components_S_cm)

    @classmethod
    def from_array(cls, values_S_cm: ArrayLike) -> VoxelConductivity:
        """Take numbers (n_x, n_y[, n_z]) or symmetric tensors (n_x, n_y[, n_z], d, d), S/cm.

        Raises
        ------
        InputError
            For another shape, tensors that are not symmetric, or values that are not finite
            with a real part above zero (tensors: positive definite).
        """
        try:
            values = np.asarray(values_S_cm)
            kind = np.complex128 if np.iscomplexobj(values) else np.float64
            if values.dtype not in (np.float32, np.complex64):
                values = values.astype(kind, copy=False)
        except (TypeError, ValueError) as error:
            raise InputError(
                "the conductivity is not an array of numbers; give (n_x, n_y[, n_z]) in S/cm"
            ) from error
        is_tensor = values.ndim >= 4 and values.shape[-2:] == (values.ndim - 2,) * 2
        if is_tensor:
            _check_symmetric(values)
            pairs = ORDER[values.ndim - 2]
            field = cls(np.stack([values[..., row, column] for row, column in pairs]))
        else:
            field = cls(values[None])
        field.check()
        return field

    def check(self) -> None:
        """Refuse what no cell problem can be solved for.

        Raises
        ------
        InputError
            As :meth:`from_array`.
        """
        values = self.components_S_cm
        if self.n_dimensions not in ORDER or 0 in values.shape:
            raise InputError(
                f"the conductivity has the shape {self.shape}; give voxels (n_x, n_y) or "
                "(n_x, n_y, n_z), or tensors (..., 2, 2) or (..., 3, 3)"
            )
        if values.shape[0] not in (1, len(ORDER[self.n_dimensions])):
            raise InputError(
                f"{values.shape[0]} components in {self.n_dimensions} dimensions; give 1 or "
                f"{len(ORDER[self.n_dimensions])}"
            )
        if not all(np.isfinite(component).all() for component in values):
            raise InputError("a voxel's conductivity is not finite; give numbers above 0 S/cm")
        lowest, _ = self.eigenvalues()
        if lowest <= 0:
            raise InputError(
                f"the lowest conductivity of a voxel is {lowest:g} S/cm; its real part must be "
                "above 0 in every direction: give insulators a small number"
            )

    def eigenvalues(self) -> tuple[float, float]:
        """Return the lowest and the highest conductivity of any voxel, S/cm, of real parts."""
        real = self.components_S_cm.real
        if self.is_isotropic:
            return float(real.min()), float(real.max())
        low, high = bound_eigenvalues(self.to_three(real).reshape(6, -1))
        if self.n_dimensions == 3:
            return float(low), float(high)
        # the third dimension of plane tensors holds a number between their eigenvalues
        return float(low), float(high)

    def to_three(self, components: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return components as (1 or 6, n_0, n_1, n_2); a plane lies across the middle axis."""
        values = self.components_S_cm if components is None else components
        if self.n_dimensions == 3:
            return values
        if self.is_isotropic:
            return values[:, :, None, :]
        xx, yy, xy = values
        nothing = np.zeros_like(xy)
        # along the middle axis, where no current flows, a value between the eigenvalues
        middle = 0.5 * (xx + yy)
        return np.stack([xx, middle, yy, nothing, xy, nothing])[:, :, None, :]


def _check_symmetric(values: NDArray[Any]) -> None:
    for row in range(values.shape[-1]):
        for column in range(row):
            a, b = values[..., row, column], values[..., column, row]
            if not np.allclose(a, b, rtol=1e-5, atol=1e-5 * float(np.abs(values).max())):
                raise InputError(
                    "a tensor of a voxel is not symmetric; conductivities without a magnetic "
                    "field are: give (T + T^T)/2"
                )
