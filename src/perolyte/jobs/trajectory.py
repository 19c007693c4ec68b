"""Read what the analysis needs out of a stored trajectory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pymatgen.core import Element
from pymatgen.core.trajectory import Trajectory

from perolyte.transport import remove_framework_drift, unwrap_positions

__all__ = ["read_mean_temperature", "read_positions"]


def read_positions(
    trajectory: Trajectory, mobile_ion: str, *, n_skipped: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Unwrap a trajectory and take the drift of its framework out.

    Parameters
    ----------
    trajectory
        Frames at equal intervals, wrapped or not.
    mobile_ion
        Element symbol.
    n_skipped
        Frames left out at the start.

    Returns
    -------
    cell_A : ndarray
        ``(3, 3)``, Å, rows are lattice vectors, mean over the frames.
    mobile : ndarray
        ``(n_atoms,)``, which atoms are mobile ions.
    positions_A : ndarray
        ``(n_frames, n_atoms, 3)``, Å, unwrapped, without drift.
    """
    trajectory.to_positions()
    fractional = np.asarray(trajectory.coords, dtype=float)[n_skipped:]
    cells = np.asarray(trajectory.lattice, dtype=float)
    cells = cells[n_skipped:] if cells.ndim == 3 else cells[np.newaxis]
    cell_A = cells.mean(axis=0)
    # species are objects in memory and plain symbols after a round trip through the store
    elements = [Element(str(getattr(s, "symbol", s))) for s in trajectory.species]
    masses_amu = np.array([float(element.atomic_mass) for element in elements])
    mobile = np.array([element.symbol == mobile_ion for element in elements])
    positions_A = unwrap_positions(fractional @ cell_A, cell_A)
    return cell_A, mobile, remove_framework_drift(positions_A, masses_amu, mobile)


def read_mean_temperature(trajectory: Trajectory, *, n_skipped: int) -> float | None:
    """Return the mean kinetic temperature in K, or None where the frames do not carry it."""
    properties = trajectory.frame_properties or []
    values = [frame["temperature"] for frame in properties[n_skipped:] if "temperature" in frame]
    return float(np.mean(values)) if values else None
