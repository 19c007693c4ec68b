"""A bounded number of evenly spaced frames of a run whose length is not known beforehand."""

from __future__ import annotations

import numpy as np

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray

__all__ = ["Snapshots"]


class Snapshots:
    """Keeps every frame until there are too many, then every second, every fourth, and so on.

    Parameters
    ----------
    capacity
        Frames kept at most; at least 2, even.

    Examples
    --------
    >>> snapshots = Snapshots(capacity=4)
    >>> snapshots.add(np.arange(9.0)[:, np.newaxis, np.newaxis] * np.ones((1, 1, 3)))
    >>> snapshots.interval, snapshots.positions_A[:, 0, 0].tolist()
    (4, [0.0, 4.0, 8.0])
    """

    def __init__(self, *, capacity: int) -> None:
        if capacity < 2 or capacity % 2:
            raise InputError(
                f"capacity is {capacity} frames; it must be even and at least 2: give another"
            )
        self._capacity = capacity
        self._kept: FloatArray | None = None
        self._n_kept = 0
        self._n_seen = 0
        self.interval = 1
        """Frames between snapshots."""

    @property
    def positions_A(self) -> FloatArray:
        """(n_snapshots, n_ions, 3), Å, from the first frame on."""
        if self._kept is None:
            return np.empty((0, 0, 3))
        return self._kept[: self._n_kept]

    def add(self, positions_A: FloatArray) -> None:
        """Go on with a block of frames.

        Parameters
        ----------
        positions_A
            (n_frames, n_ions, 3), Å.
        """
        if self._kept is None:
            self._kept = np.empty((self._capacity, *positions_A.shape[1:]))
        done = 0
        while True:
            # The next snapshot is the first frame, from here on, that the interval divides.
            start = done + -(self._n_seen + done) % self.interval
            wanted = positions_A[start :: self.interval]
            if not len(wanted):
                break
            taken = wanted[: self._capacity - self._n_kept]
            self._kept[self._n_kept : self._n_kept + len(taken)] = taken
            self._n_kept += len(taken)
            if len(taken) == len(wanted):
                break
            done = start + len(taken) * self.interval
            self._n_kept = self._capacity // 2
            self._kept[: self._n_kept] = self._kept[::2].copy()
            self.interval *= 2
        self._n_seen += len(positions_A)
