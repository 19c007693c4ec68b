"""Positions, velocities and thermostats of a batch, as tensors on the device of the potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.dynamics.replica import FloatArray, Replica
from perolyte.potentials.dynamics.scales import MASS_PER_AMU
from perolyte.potentials.dynamics.state_host import HostState
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["BatchState", "select_systems", "stack_states"]


@dataclass(eq=False)
class BatchState:
    """Systems one after another. Lengths Å, times fs, energies eV, masses eV fs²/Å².

    Attributes
    ----------
    batch
        Numbers and cells for the potential.
    counts
        (n_systems,), atoms of each system.
    positions, velocities, forces, reference
        (n_atoms, 3) float64; positions are unwrapped, and ``reference`` those at step 0.
    masses
        (n_atoms, 1).
    energies, kT, time_steps, degrees_of_freedom, total_masses
        (n_systems,) float64.
    uncertainties
        (n_systems,) float64, eV/Å: the largest force uncertainty of an atom, or NaN.
    chain_positions, chain_velocities
        (n_systems, chain_length).
    """

    batch: SystemBatch
    counts: Tensor
    positions: Tensor
    velocities: Tensor
    forces: Tensor
    reference: Tensor
    masses: Tensor
    energies: Tensor
    uncertainties: Tensor
    kT: Tensor
    time_steps: Tensor
    degrees_of_freedom: Tensor
    total_masses: Tensor
    chain_positions: Tensor
    chain_velocities: Tensor

    def sum_atoms(self, values: Tensor) -> Tensor:
        """Return the sum over the atoms of each system, in the same order whoever is beside it."""
        return torch.segment_reduce(values, "sum", lengths=self.counts, unsafe=True)

    def per_atom(self, values: Tensor) -> Tensor:
        """Return values of systems (n_systems, ...) for each atom (n_atoms, ...)."""
        return values[self.batch.system_of_atom]

    def kinetic_energies(self) -> Tensor:
        """(n_systems,), eV."""
        return 0.5 * self.sum_atoms((self.masses * self.velocities.square()).sum(dim=1))

    def temperatures_K(self, kinetic: Tensor) -> Tensor:
        """(n_systems,), K, of kinetic energies in eV."""
        return 2.0 * kinetic / (self.degrees_of_freedom * BOLTZMANN_EV_PER_K)

    def largest_forces(self) -> Tensor:
        """(n_systems,), eV/Å, length of the largest force."""
        lengths = self.forces.square().sum(dim=1)
        return torch.segment_reduce(lengths, "max", lengths=self.counts, unsafe=True).sqrt()

    def to_host(self, step: int) -> list[HostState]:
        """Return every system as arrays in memory, in one transfer for each quantity."""
        sizes = self.counts.tolist()
        atoms = [
            np.split(tensor.cpu().numpy().copy(), np.cumsum(sizes)[:-1])
            for tensor in (self.positions, self.velocities, self.forces)
        ]
        energies = self.energies.tolist()
        uncertainties = self.uncertainties.tolist()
        chains = self.chain_positions.cpu().numpy(), self.chain_velocities.cpu().numpy()
        return [
            HostState(
                step=step,
                positions_A=atoms[0][index],
                velocities_A_fs=atoms[1][index],
                forces_eV_A=atoms[2][index],
                energy_eV=energies[index],
                force_uncertainty_eV_A=uncertainties[index],
                chain_positions=chains[0][index].copy(),
                chain_velocities_per_fs=chains[1][index].copy(),
            )
            for index in range(len(sizes))
        ]


def stack_states(
    replicas: Sequence[Replica], states: Sequence[HostState], device: torch.device
) -> BatchState:
    """Put replicas one after another on a device."""

    def to_device(values: FloatArray | Sequence[float]) -> Tensor:
        return torch.from_numpy(np.array(values, dtype=np.float64)).to(device)

    def join(parts: Sequence[FloatArray]) -> Tensor:
        return to_device(np.concatenate(parts))

    counts = torch.tensor([replica.n_atoms for replica in replicas])
    batch = SystemBatch(
        numbers=torch.from_numpy(np.concatenate([r.numbers for r in replicas])).to(device),
        system_of_atom=torch.repeat_interleave(torch.arange(len(replicas)), counts).to(device),
        cells_A=to_device(np.stack([replica.cell_A for replica in replicas])),
    )
    masses = [replica.masses_amu * MASS_PER_AMU for replica in replicas]
    unknown = [np.full((replica.n_atoms, 3), np.nan) for replica in replicas]
    forces = [
        u if s.forces_eV_A is None else s.forces_eV_A for u, s in zip(unknown, states, strict=True)
    ]
    energies = [np.nan if state.energy_eV is None else state.energy_eV for state in states]
    return BatchState(
        batch=batch,
        counts=counts.to(device),
        positions=join([state.positions_A for state in states]),
        velocities=join([state.velocities_A_fs for state in states]),
        forces=join(forces),
        reference=join([replica.positions_A for replica in replicas]),
        masses=join(masses)[:, None],
        energies=to_device(energies),
        uncertainties=to_device([state.force_uncertainty_eV_A for state in states]),
        kT=to_device([BOLTZMANN_EV_PER_K * replica.temperature_K for replica in replicas]),
        time_steps=to_device([replica.time_step_fs for replica in replicas]),
        degrees_of_freedom=to_device([3.0 * replica.n_atoms - 3.0 for replica in replicas]),
        total_masses=to_device([float(mass.sum()) for mass in masses]),
        chain_positions=to_device(np.stack([state.chain_positions for state in states])),
        chain_velocities=to_device(np.stack([state.chain_velocities_per_fs for state in states])),
    )


def select_systems(state: BatchState, keep: Sequence[int]) -> BatchState:
    """Return some systems of a batch, in ascending order, with every number as it was."""
    device = state.positions.device
    systems = torch.tensor(list(keep), device=device)
    is_kept = torch.zeros(len(state.counts), dtype=torch.bool, device=device)
    is_kept[systems] = True
    atoms = is_kept[state.batch.system_of_atom]
    counts = state.counts[systems]
    batch = SystemBatch(
        numbers=state.batch.numbers[atoms],
        system_of_atom=torch.repeat_interleave(torch.arange(len(keep), device=device), counts),
        cells_A=state.batch.cells_A[systems],
    )
    by_atom = ("positions", "velocities", "forces", "reference", "masses")
    by_system = (
        "energies",
        "uncertainties",
        "kT",
        "time_steps",
        "degrees_of_freedom",
        "total_masses",
        "chain_positions",
        "chain_velocities",
    )
    return BatchState(
        batch=batch,
        counts=counts,
        **{name: getattr(state, name)[atoms] for name in by_atom},
        **{name: getattr(state, name)[systems] for name in by_system},
    )
