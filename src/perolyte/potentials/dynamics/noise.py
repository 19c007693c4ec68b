"""The noise of a batch on the device of the potential."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from perolyte.potentials.dynamics.random_numbers import STEPS_PER_BLOCK, draw_noise_block

__all__ = ["BatchNoise"]


class BatchNoise:
    """Standard normal numbers of all atoms of a batch, step by step.

    Parameters
    ----------
    seeds, counts
        Of each system: its seed, and how many atoms it has.
    device
        Where the numbers go.
    """

    def __init__(self, seeds: Sequence[int], counts: Sequence[int], device: torch.device) -> None:
        self._seeds, self._counts, self._device = seeds, counts, device
        self._block = -1
        self._values = torch.empty(0, device=device)

    def at(self, step: int) -> Tensor:
        """Return (n_atoms, 3) for a step, whichever step came before."""
        block, within = divmod(step, STEPS_PER_BLOCK)
        if block != self._block:
            parts = [
                draw_noise_block(seed, block, count)
                for seed, count in zip(self._seeds, self._counts, strict=True)
            ]
            values = torch.from_numpy(np.concatenate(parts, axis=1))
            self._values, self._block = values.to(self._device), block
        return self._values[within]
