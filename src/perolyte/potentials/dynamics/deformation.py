"""Cells that deform with their atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["pull_back_exponential", "rebuild_structure"]


def pull_back_exponential(matrices: Tensor, gradients: Tensor) -> Tensor:
    """Return dE/dU from dE/dF with F = exp(U), both (n, 3, 3).

    The exponential of [[A, G], [0, A]] holds the derivative of exp at A along G in its corner
    (doi 10.1137/1.9780898717778, section 3.2), and its adjoint is that at the transpose.
    """
    transposed = matrices.transpose(1, 2)
    top = torch.cat([transposed, gradients], dim=2)
    bottom = torch.cat([torch.zeros_like(gradients), transposed], dim=2)
    return torch.linalg.matrix_exp(torch.cat([top, bottom], dim=1))[:, :3, 3:]


def rebuild_structure(given: Any, cell_A: NDArray, positions_A: NDArray) -> Any:
    """Return a copy of a pymatgen structure or ASE atoms in a new cell, at new places."""
    changed = given.copy()
    if hasattr(given, "cart_coords"):
        from pymatgen.core import Lattice

        changed.lattice = Lattice(cell_A)
        for index, place in enumerate(positions_A @ np.linalg.inv(cell_A)):
            changed.sites[index].frac_coords = place
        return changed
    changed.set_cell(cell_A, scale_atoms=False)
    changed.positions = positions_A
    return changed
