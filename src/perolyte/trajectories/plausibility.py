"""Signs that a file does not hold what it seems to: lengths in nm, atoms that change places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive
from perolyte.units import AMU_KG, BOLTZMANN_J_PER_K, M_PER_S_TO_A_PER_FS

__all__ = ["OrderWatch", "check_lengths", "compare_with_thermal_speed"]

_SHORTEST_BOND_A = 0.5
_MIN_ATOMS = 4
_FAR_A = 1.0
_SAME_PLACE_A = 0.6
"""What a framework atom moves between two frames is below 1 Å, and places are further apart."""


def check_lengths(scaled: FloatArray, cell_A: FloatArray, path: Path) -> None:
    """Refuse a framework whose atoms sit closer together than any bond.

    Parameters
    ----------
    scaled
        (n_atoms, 3), one frame of the framework.
    cell_A
        (3, 3), Å.
    path
        For messages.

    Raises
    ------
    InputError
        Where the median distance to the nearest atom is below 0.5 Å.
    """
    if len(scaled) < _MIN_ATOMS:
        return
    places = (scaled - np.floor(scaled)) @ cell_A
    distances, _ = cKDTree(places).query(places, k=2)
    nearest = float(np.median(distances[:, 1]))
    if 0 < nearest < _SHORTEST_BOND_A:
        raise InputError(
            f"{path}: framework atoms are {nearest:.2g} Å apart, bonds are longer than "
            f"{_SHORTEST_BOND_A} Å: lengths must be in Å, are the positions in nm?"
        )


def compare_with_thermal_speed(
    positions_A: FloatArray, *, frame_interval_fs: float, mass_amu: float, temperature_K: float
) -> float:
    """Return the speed that successive frames imply over the thermal one.

    An atom in a solid turns round many times, so that over any interval it gets no further than
    its thermal speed sqrt(3 kB T/m) would carry it; far above 1, a unit of time is wrong.

    Parameters
    ----------
    positions_A
        (n_frames, n_atoms, 3), Å, unwrapped, atoms of one mass.
    frame_interval_fs, mass_amu, temperature_K
        fs, amu, K.

    Examples
    --------
    >>> path = np.arange(3.0)[:, None, None] * np.array([[[1.0, 0.0, 0.0]]])
    >>> speed = compare_with_thermal_speed(
    ...     path, frame_interval_fs=1.0, mass_amu=6.94, temperature_K=600.0
    ... )
    >>> 60 < speed < 70  # 1 Å/fs, lithium has 0.0147 Å/fs
    True
    """
    interval = check_positive(
        frame_interval_fs, name="frame_interval_fs", unit="fs", hint="give fs"
    )
    steps = np.diff(positions_A, axis=0)
    speed = np.sqrt(np.einsum("fax,fax->", steps, steps) / steps[..., 0].size) / interval
    thermal = np.sqrt(3 * BOLTZMANN_J_PER_K * temperature_K / (mass_amu * AMU_KG))
    return float(speed / (thermal * M_PER_S_TO_A_PER_FS))


class OrderWatch:
    """Sees framework atoms that take each other's places from one frame to the next.

    A framework atom that jumps by more than 1 Å onto the place of another one, while a second one
    does likewise, has changed its number in the file and not its place in the crystal.

    Parameters
    ----------
    path
        For messages.
    first_frame
        Number of the first frame that will be given.
    """

    def __init__(self, path: Path, *, first_frame: int = 0) -> None:
        self._path = path
        self._n_frames = first_frame
        self._last: FloatArray | None = None

    def follow(self, framework: FloatArray, cells_A: FloatArray) -> None:
        """Take the next block of scaled paths (n_frames, n_atoms, 3) and its cells.

        Raises
        ------
        InputError
            Naming the frames between which atoms change places.
        """
        if framework.shape[1] < 2:
            return
        before = framework[:1] if self._last is None else self._last[np.newaxis]
        steps = np.diff(framework, axis=0, prepend=before) @ cells_A[0]
        is_far = np.einsum("fax,fax->fa", steps, steps) > _FAR_A**2
        for frame in np.flatnonzero(is_far.sum(axis=1) >= 2):
            old = before[0] if frame == 0 else framework[frame - 1]
            self._compare(old, framework[frame], is_far[frame], cells_A[frame], int(frame))
        self._last = framework[-1].copy()
        self._n_frames += len(framework)

    def _compare(
        self, old: FloatArray, new: FloatArray, is_far: FloatArray, cell_A: FloatArray, frame: int
    ) -> None:
        old_places, new_places = ((s - np.floor(s)) @ cell_A for s in (old, new))
        moved = np.flatnonzero(is_far)
        distances, owners = cKDTree(old_places[moved]).query(new_places[moved])
        is_taken = (distances < _SAME_PLACE_A) & (owners != np.arange(len(moved)))
        if is_taken.sum() >= 2:
            first = int(np.argmax(is_taken))
            number = self._n_frames + frame
            raise InputError(
                f"{self._path}: {int(is_taken.sum())} framework atoms take the places of others "
                f"between frames {number - 1} and {number} (the {moved[first] + 1}. framework atom "
                f"that of the {moved[owners[first]] + 1}.): the order of atoms changes, write the "
                "frames in one order"
            )
