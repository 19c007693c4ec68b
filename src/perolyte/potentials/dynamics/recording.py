"""What is stored of a batch at one step, brought to the host in few transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from perolyte.potentials.dynamics.integrators import Integrator
from perolyte.potentials.dynamics.replica import FloatArray, Replica
from perolyte.potentials.dynamics.state import BatchState

__all__ = ["BatchFrame", "Recorder"]


@dataclass(frozen=True, eq=False)
class BatchFrame:
    """One frame of every system.

    Attributes
    ----------
    scalars
        (n_systems, 5): potential and kinetic energy, temperature, conserved energy (or NaN),
        largest force uncertainty of an atom (or NaN).
    largest_forces_eV_A
        (n_systems,).
    centres_A
        (n_systems, 3), mass-weighted, of the atoms that are not mobile.
    displacements_A
        Of each system (n_mobile, 3) float32.
    all_positions_A
        Of each system (n_atoms, 3) float32; None where only mobile ions are stored.
    """

    scalars: FloatArray
    largest_forces_eV_A: FloatArray
    centres_A: FloatArray
    displacements_A: list[NDArray[np.float32]]
    all_positions_A: list[NDArray[np.float32]] | None


class Recorder:
    """Knows which atoms of a batch are mobile, and where each system begins."""

    def __init__(self, state: BatchState, replicas: Sequence[Replica]) -> None:
        device = state.positions.device
        mobile = np.concatenate([replica.is_mobile for replica in replicas])
        self._mobile = torch.from_numpy(np.flatnonzero(mobile)).to(device)
        framework = torch.from_numpy(~mobile).to(device)[:, None]
        weights = state.masses * framework
        self._weights = weights / state.per_atom(state.sum_atoms(weights))
        self._atom_starts = np.cumsum([replica.n_atoms for replica in replicas])[:-1]
        self._mobile_starts = np.cumsum([int(r.is_mobile.sum()) for r in replicas])[:-1]

    def take(self, state: BatchState, integrator: Integrator, *, with_all: bool) -> BatchFrame:
        """Bring the frame of a batch to the host."""
        kinetic = state.kinetic_energies()
        conserved = integrator.conserved(state, kinetic)
        columns = (
            state.energies,
            kinetic,
            state.temperatures_K(kinetic),
            torch.full_like(kinetic, torch.nan) if conserved is None else conserved,
            state.uncertainties,
            state.largest_forces(),
        )
        centres = state.sum_atoms(self._weights * state.positions)
        numbers = _to_host(torch.cat([torch.stack(columns, dim=1), centres], dim=1))
        moved = (state.positions - state.reference)[self._mobile].float()
        return BatchFrame(
            scalars=numbers[:, :5],
            largest_forces_eV_A=numbers[:, 5],
            centres_A=numbers[:, 6:],
            displacements_A=np.split(_to_host(moved), self._mobile_starts),
            all_positions_A=(
                np.split(_to_host(state.positions.float()), self._atom_starts) if with_all else None
            ),
        )


def _to_host(values: Tensor) -> NDArray:
    return values.cpu().numpy()
