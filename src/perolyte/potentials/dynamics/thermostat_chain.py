"""Nosé-Hoover chains of a batch (doi 10.1080/00268979600100761, eqs. 23 to 30)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from perolyte.potentials.dynamics.state import BatchState

__all__ = ["ThermostatChain"]

_YOSHIDA = 1.0 / (2.0 - 2.0 ** (1.0 / 3.0))
_WEIGHTS = (_YOSHIDA, 1.0 - 2.0 * _YOSHIDA, _YOSHIDA)
"""Suzuki-Yoshida weights of fourth order (doi 10.1016/0375-9601(90)90092-3)."""


class ThermostatChain:
    """The thermostats of all systems: one chain each, coupled to all of its motions.

    There are two hundred operations on one number for each system in a step. On a CPU they are
    done by numpy, which takes a third of torch's time for arrays this small; on a device by torch,
    so that nothing waits for the host.

    Parameters
    ----------
    state
        Temperatures, degrees of freedom, time steps; the chains' own variables stay in it.
    damping_fs
        (n_systems,).
    """

    def __init__(self, state: BatchState, damping_fs: Tensor) -> None:
        self._is_numpy = state.positions.device.type == "cpu"
        self._exp = np.exp if self._is_numpy else torch.exp
        length = state.chain_positions.shape[1]
        unit = state.kT * damping_fs.square()
        masses = [unit * state.degrees_of_freedom if j == 0 else unit for j in range(length)]
        self._masses = [self._take(mass) for mass in masses]
        self._kT = self._take(state.kT)
        self._target = self._take(state.degrees_of_freedom * state.kT)
        steps = self._take(state.time_steps)
        self._steps = [weight * steps for weight in _WEIGHTS]

    def _take(self, values: Tensor) -> Any:
        return values.numpy() if self._is_numpy else values

    def _give(self, values: list[Any]) -> Tensor:
        if self._is_numpy:
            return torch.from_numpy(np.stack(values, axis=1))
        return torch.stack(values, dim=1)

    def advance_half(self, state: BatchState) -> None:
        """Advance the chains by half a time step, and scale the velocities."""
        twice = self._take(2.0 * state.kinetic_energies())
        x = [self._take(part) for part in state.chain_positions.unbind(1)]
        v = [self._take(part) for part in state.chain_velocities.unbind(1)]
        scale: Any = 1.0
        for step in self._steps:
            slowing = self._advance(x, v, twice, step)
            twice, scale = twice * slowing**2, scale * slowing
        state.chain_positions, state.chain_velocities = self._give(x), self._give(v)
        factor = torch.from_numpy(scale) if self._is_numpy else scale
        state.velocities = state.velocities * state.per_atom(factor)[:, None]

    def _advance(self, x: list[Any], v: list[Any], twice: Any, step: Any) -> Any:
        """Advance the chains and return what the velocities are multiplied by."""
        half, quarter, eighth = 0.5 * step, 0.25 * step, -0.125 * step
        last = len(v) - 1
        for j in range(last, -1, -1):
            self._push(j, v, twice, quarter, eighth)
        slowing = self._exp(-half * v[0])
        for j in range(last + 1):
            x[j] = x[j] + half * v[j]
        twice = twice * slowing**2
        for j in range(last + 1):
            self._push(j, v, twice, quarter, eighth)
        return slowing

    def _push(self, j: int, v: list[Any], twice: Any, quarter: Any, eighth: Any) -> None:
        """Kick one thermostat by what drives it, between two halves of the drag of the next."""
        if j == 0:
            force = (twice - self._target) / self._masses[0]
        else:
            force = (self._masses[j - 1] * v[j - 1] ** 2 - self._kT) / self._masses[j]
        if j == len(v) - 1:
            v[j] = v[j] + quarter * force
            return
        drag = self._exp(eighth * v[j + 1])
        v[j] = (v[j] * drag + quarter * force) * drag

    def energies(self, state: BatchState) -> Tensor:
        """(n_systems,), eV: what the thermostats add to the conserved energy."""
        x = [self._take(part) for part in state.chain_positions.unbind(1)]
        v = [self._take(part) for part in state.chain_velocities.unbind(1)]
        total = self._target * x[0]
        for position in x[1:]:
            total = total + self._kT * position
        for mass, velocity in zip(self._masses, v, strict=True):
            total = total + 0.5 * mass * velocity**2
        return torch.from_numpy(total) if self._is_numpy else total
