"""One time step of each ensemble, before and after the forces are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from perolyte.potentials.dynamics.ensembles import Ensemble, Langevin, NoseHooverChain
from perolyte.potentials.dynamics.noise import BatchNoise
from perolyte.potentials.dynamics.replica import Replica
from perolyte.potentials.dynamics.state import BatchState
from perolyte.potentials.dynamics.thermostat_chain import ThermostatChain
from perolyte.units import FS_PER_PS

__all__ = ["Integrator", "make_integrator"]


class Integrator(Protocol):
    """Moves a batch by one step: ``begin``, then new forces in the state, then ``end``."""

    def begin(self, state: BatchState, step: int) -> None:
        """Go from step to the positions of the next one."""
        ...

    def end(self, state: BatchState) -> None:
        """Bring the velocities up to the positions, with the forces there."""
        ...

    def conserved(self, state: BatchState, kinetic: Tensor) -> Tensor | None:
        """(n_systems,), eV: the energy that the exact motion conserves, None without one."""
        ...


class _Verlet:
    """Velocity Verlet. Positions are replaced, not changed: a potential may have kept them."""

    def __init__(self, state: BatchState) -> None:
        self._dt = state.per_atom(state.time_steps)[:, None]
        self._kick = 0.5 * self._dt / state.masses

    def begin(self, state: BatchState, step: int) -> None:
        state.velocities.addcmul_(self._kick, state.forces)
        state.positions = torch.addcmul(state.positions, self._dt, state.velocities)

    def end(self, state: BatchState) -> None:
        state.velocities.addcmul_(self._kick, state.forces)

    def conserved(self, state: BatchState, kinetic: Tensor) -> Tensor | None:
        return state.energies + kinetic


class _Chained(_Verlet):
    """Velocity Verlet between two half steps of the thermostats."""

    def __init__(self, state: BatchState, damping_fs: Tensor) -> None:
        super().__init__(state)
        self._chain = ThermostatChain(state, damping_fs)

    def begin(self, state: BatchState, step: int) -> None:
        self._chain.advance_half(state)
        super().begin(state, step)

    def end(self, state: BatchState) -> None:
        super().end(state)
        self._chain.advance_half(state)

    def conserved(self, state: BatchState, kinetic: Tensor) -> Tensor | None:
        return state.energies + kinetic + self._chain.energies(state)


class _Baoab:
    """Kick, half a drift, friction and noise, half a drift; new forces; kick."""

    def __init__(self, state: BatchState, friction_per_fs: Tensor, noise: BatchNoise) -> None:
        self._half = 0.5 * state.per_atom(state.time_steps)[:, None]
        self._kick = self._half / state.masses
        keep = torch.exp(-friction_per_fs * state.time_steps)
        self._keep = state.per_atom(keep)[:, None]
        spread = state.per_atom(state.kT * (1.0 - keep.square()))[:, None]
        self._noise_scale = (spread / state.masses).sqrt()
        self._share = state.masses / state.per_atom(state.total_masses)[:, None]
        self._noise = noise

    def begin(self, state: BatchState, step: int) -> None:
        velocities = state.velocities.addcmul_(self._kick, state.forces)
        positions = torch.addcmul(state.positions, self._half, velocities)
        velocities.mul_(self._keep).addcmul_(self._noise_scale, self._noise.at(step))
        drift = state.sum_atoms(self._share * velocities)
        velocities.sub_(state.per_atom(drift))
        state.positions = positions.addcmul_(self._half, velocities)

    def end(self, state: BatchState) -> None:
        state.velocities.addcmul_(self._kick, state.forces)

    def conserved(self, state: BatchState, kinetic: Tensor) -> Tensor | None:
        return None


def make_integrator(
    state: BatchState,
    replicas: Sequence[Replica],
    ensembles: Sequence[Ensemble],
) -> Integrator:
    """Return the integrator of a batch whose systems have ensembles of one kind."""

    def per_system(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=state.positions.device)

    langevin = [e for e in ensembles if isinstance(e, Langevin)]
    if langevin:
        friction = per_system([e.friction_per_ps / FS_PER_PS for e in langevin])
        counts = [replica.n_atoms for replica in replicas]
        noise = BatchNoise([r.seed for r in replicas], counts, state.positions.device)
        return _Baoab(state, friction, noise)
    chains = [e for e in ensembles if isinstance(e, NoseHooverChain)]
    if chains:
        return _Chained(state, per_system([e.damping_fs for e in chains]))
    return _Verlet(state)
