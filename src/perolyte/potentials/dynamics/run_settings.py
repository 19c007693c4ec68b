"""How long a run is and what it stores, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.potentials.dynamics.ensembles import Ensemble
from perolyte.potentials.dynamics.guards import Guards

__all__ = ["RunSettings", "choose_checkpoint_interval"]

_USUAL_CHECKPOINT_STEPS = 2000


@dataclass(frozen=True)
class RunSettings:
    """Settings that all replicas of a run share.

    Attributes
    ----------
    ensemble
        Of replicas without their own.
    n_steps
        Steps of every replica, from step 0; a multiple of the storing interval.
    store_interval_steps
        Steps from one stored frame of the mobile ions to the next.
    framework_interval
        Every how many stored frames all atoms are stored.
    checkpoint_interval_steps
        Steps from one checkpoint to the next.
    guards
        Limits.
    chunk_interval_steps
        Steps from one chunk of frames to the next: a multiple of the interval of checkpoints, by
        default that interval itself, and of the interval of frames with all atoms, so that every
        chunk begins with one.
    """

    ensemble: Ensemble
    n_steps: int
    store_interval_steps: int
    framework_interval: int
    checkpoint_interval_steps: int
    guards: Guards
    chunk_interval_steps: int | None = None

    def __post_init__(self) -> None:
        names = ["n_steps", "store_interval_steps", "framework_interval"]
        names.append("checkpoint_interval_steps")
        if self.chunk_interval_steps is not None:
            names.append("chunk_interval_steps")
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InputError(f"{name} is {value!r}; give a whole number of at least 1")
        if self.n_steps % self.store_interval_steps:
            raise InputError(
                f"n_steps is {self.n_steps}, no multiple of store_interval_steps "
                f"({self.store_interval_steps}), so that the last steps would be lost: give "
                f"{-(-self.n_steps // self.store_interval_steps) * self.store_interval_steps}"
            )
        if self.chunk_interval_steps is not None:
            self._check_chunks(self.chunk_interval_steps)
        elif self.checkpoint_interval_steps % self.all_atoms_interval_steps:
            raise InputError(
                f"checkpoint_interval_steps is {self.checkpoint_interval_steps}; it must be a "
                f"multiple of {self.all_atoms_interval_steps} steps, store_interval_steps x "
                "framework_interval: leave it out for one that fits, or give chunk_interval_steps"
            )

    def _check_chunks(self, interval: int) -> None:
        smallest = math.lcm(self.checkpoint_interval_steps, self.all_atoms_interval_steps)
        if interval % smallest:
            raise InputError(
                f"chunk_interval_steps is {interval}; it must be a multiple of {smallest}, of "
                f"checkpoint_interval_steps ({self.checkpoint_interval_steps}) and of "
                f"store_interval_steps x framework_interval ({self.all_atoms_interval_steps})"
            )

    @property
    def chunk_steps(self) -> int:
        """Steps from one chunk of frames to the next."""
        return self.chunk_interval_steps or self.checkpoint_interval_steps

    @property
    def all_atoms_interval_steps(self) -> int:
        """Steps from one frame with all atoms to the next."""
        return self.store_interval_steps * self.framework_interval


def choose_checkpoint_interval(store_interval_steps: int, framework_interval: int) -> int:
    """Return the interval near 2000 steps at which all atoms are stored.

    Examples
    --------
    >>> choose_checkpoint_interval(50, 10), choose_checkpoint_interval(70, 10)
    (2000, 2100)
    """
    unit = max(1, store_interval_steps * framework_interval)
    return -(-_USUAL_CHECKPOINT_STEPS // unit) * unit
