"""The fast inertial relaxation engine, for many systems at once."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Fire"]

_FIRST_STEP, _LARGEST_STEP = 0.1, 1.0
_GROWTH, _SHRINKAGE = 1.1, 0.5
_FIRST_MIXING, _MIXING_DECAY = 0.1, 0.99
_PATIENCE = 5
"""As in doi 10.1103/PhysRevLett.97.170201, with the step in units of sqrt(amu Å²/eV)."""
_LONGEST_MOVE_A = 0.2


class Fire:
    """Velocities, steps and mixing of each system; all masses are 1.

    Parameters
    ----------
    system_of_atom, counts
        As in :class:`~perolyte.potentials.batch.SystemBatch`.
    """

    def __init__(self, system_of_atom: Tensor, counts: Tensor) -> None:
        n_systems, device = len(counts), counts.device
        first = torch.ones(n_systems, dtype=torch.float64, device=device)
        self._system, self._counts = system_of_atom, counts
        self._velocities = first.new_zeros((len(system_of_atom), 3))
        self._cell_velocities = first.new_zeros((n_systems, 3, 3))
        self._step, self._mixing = _FIRST_STEP * first, _FIRST_MIXING * first
        self._n_downhill = torch.zeros(n_systems, dtype=torch.int64, device=device)

    def select(self, keep: Tensor, atoms: Tensor, system_of_atom: Tensor, counts: Tensor) -> None:
        """Go on with some systems: masks of systems and atoms, and what they are now."""
        self._velocities, self._cell_velocities = (
            self._velocities[atoms],
            self._cell_velocities[keep],
        )
        self._step, self._mixing = self._step[keep], self._mixing[keep]
        self._n_downhill = self._n_downhill[keep]
        self._system, self._counts = system_of_atom, counts

    def step(self, forces: Tensor, cell_forces: Tensor) -> tuple[Tensor, Tensor]:
        """Return by how much to move atoms (n_atoms, 3) and cells (n_systems, 3, 3)."""
        v, w = self._velocities, self._cell_velocities
        power = self._dot(forces, cell_forces, v, w)
        is_downhill = power > 0
        speed = self._dot(v, w, v, w).sqrt()
        strength = self._dot(forces, cell_forces, forces, cell_forces).sqrt()
        turn = self._mixing * speed / strength.clamp(min=torch.finfo(torch.float64).tiny)
        keep = torch.where(is_downhill, 1.0 - self._mixing, 0.0)
        turn = torch.where(is_downhill, turn, 0.0)
        is_steady = is_downhill & (self._n_downhill > _PATIENCE)
        self._step = torch.where(
            is_downhill,
            torch.where(is_steady, (self._step * _GROWTH).clamp(max=_LARGEST_STEP), self._step),
            self._step * _SHRINKAGE,
        )
        slower = torch.where(is_steady, self._mixing * _MIXING_DECAY, self._mixing)
        self._mixing = torch.where(is_downhill, slower, _FIRST_MIXING)
        self._n_downhill = torch.where(is_downhill, self._n_downhill + 1, 0)
        push = turn + self._step
        self._velocities = keep[self._system, None] * v + push[self._system, None] * forces
        self._cell_velocities = keep[:, None, None] * w + push[:, None, None] * cell_forces
        return self._limit()

    def _limit(self) -> tuple[Tensor, Tensor]:
        """Shorten the move of a system whose longest part is too long."""
        moves = self._step[self._system, None] * self._velocities
        cell_moves = self._step[:, None, None] * self._cell_velocities
        longest = torch.segment_reduce(moves.norm(dim=1), "max", lengths=self._counts)
        longest = torch.maximum(longest, cell_moves.norm(dim=2).amax(dim=1))
        factor = _LONGEST_MOVE_A / longest.clamp(min=_LONGEST_MOVE_A)
        return factor[self._system, None] * moves, factor[:, None, None] * cell_moves

    def _dot(self, a: Tensor, a_cell: Tensor, b: Tensor, b_cell: Tensor) -> Tensor:
        """(n_systems,): product over the atoms and the cell of each system."""
        of_atoms = torch.segment_reduce((a * b).sum(dim=1), "sum", lengths=self._counts)
        return of_atoms + (a_cell * b_cell).sum(dim=(1, 2))
