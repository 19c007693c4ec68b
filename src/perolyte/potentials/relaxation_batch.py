"""Relaxation of many structures at once, atoms and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from perolyte.errors import InputError, PerolyteError
from perolyte.potentials.batch import BatchPotential, Evaluation, SystemBatch
from perolyte.potentials.dynamics.deformation import pull_back_exponential, rebuild_structure
from perolyte.potentials.dynamics.fire import Fire
from perolyte.potentials.dynamics.memory import (
    choose_max_batch_atoms,
    is_out_of_memory,
    pack_sizes,
    release_memory,
)

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

__all__ = ["RelaxOutcome", "relax_batch"]


@dataclass(frozen=True, eq=False)
class RelaxOutcome:
    """A structure after its relaxation.

    Attributes
    ----------
    structure
        Of the kind that was given, atoms and cell where they ended.
    energy_eV
        Of it, eV; NaN where the potential refused the structure.
    fmax_eV_A
        eV/Å, largest force on an atom, or on the cell (virial per atom) where it was free.
    n_steps
        Steps taken.
    converged
        Whether ``fmax_eV_A`` is below what was asked for.
    reason
        Why not; empty where it is.
    """

    structure: Structure | Atoms
    energy_eV: float
    fmax_eV_A: float
    n_steps: int
    converged: bool
    reason: str


def relax_batch(
    potential: BatchPotential,
    structures: Sequence[Structure | Atoms],
    *,
    fmax_eV_A: float = 0.05,
    relax_cell: bool = True,
    max_steps: int = 500,
    max_batch_atoms: int | None = None,
) -> list[RelaxOutcome]:
    """Relax structures of any sizes together by FIRE; those that are done leave the batch.

    Forces lead downhill as in doi 10.1103/PhysRevLett.97.170201. A free cell moves with the atoms:
    it is h0 exp(U) with U symmetric, so that it deforms and does not turn, and the force on U is
    the virial over the number of atoms, which is compared with ``fmax_eV_A`` as well.

    Parameters
    ----------
    potential
        With stresses, where the cell is free.
    structures
        Ordered.
    fmax_eV_A
        eV/Å.
    relax_cell
        Whether cells are free too.
    max_steps
        Of each structure.
    max_batch_atoms
        As in :func:`perolyte.potentials.dynamics.run_md_batch`.

    Returns
    -------
    list of RelaxOutcome
        In the order given. A structure that does not converge, or that the potential refuses on
        the way, is told by its ``reason``, and the others go on.

    Raises
    ------
    InputError
        For no structures, limits out of range, or a structure that is refused as it was given.
    """
    if not structures:
        raise InputError("no structures were given; give at least one")
    if not (np.isfinite(fmax_eV_A) and fmax_eV_A > 0):
        raise InputError(f"fmax_eV_A is {fmax_eV_A} eV/Å; it must be above zero: give 0.05")
    if max_steps < 0:
        raise InputError(f"max_steps is {max_steps}; give 0 or more")
    options = _Options(fmax_eV_A, relax_cell, max_steps)
    sizes = [len(structure) for structure in structures]
    limit = max_batch_atoms
    if limit is None:
        largest = structures[int(np.argmax(sizes))]
        limit = choose_max_batch_atoms(potential, largest)
    found: dict[int, RelaxOutcome] = {}
    while len(found) < len(structures):
        left = [index for index in range(len(structures)) if index not in found]
        chosen = [left[k] for k in pack_sizes([sizes[index] for index in left], limit)[0]]
        part = [structures[index] for index in chosen]
        is_short = False
        try:
            found |= dict(
                zip(chosen, _Relaxation(potential, part, chosen, options).run(), strict=True)
            )
        except (RuntimeError, MemoryError) as err:
            if not is_out_of_memory(err) or len(chosen) == 1:
                raise
            limit = max(1, sum(sizes[index] for index in chosen) // 2)
            is_short = True
        if is_short:  # not in the handler, which keeps the batch alive
            release_memory(potential.device)
    return [found[index] for index in range(len(structures))]


@dataclass(frozen=True)
class _Options:
    fmax_eV_A: float
    relax_cell: bool
    max_steps: int


class _Relaxation:
    """One batch, from its first evaluation until all have left.

    Positions p are those in the frame of the first cells h0: with F = exp(U), atoms are at p F and
    cells are h0 F.
    """

    def __init__(
        self,
        potential: BatchPotential,
        structures: Sequence[Any],
        numbers: Sequence[int],
        options: _Options,
    ) -> None:
        self._potential, self._structures, self._options = potential, structures, options
        self._numbers = numbers
        self._batch, self._positions = SystemBatch.from_structures(structures, potential.device)
        self._potential.check_elements(sorted(set(self._batch.numbers.tolist())))
        self._log = torch.zeros_like(self._batch.cells_A)
        self._fire = Fire(self._batch.system_of_atom, self._batch.counts)
        self._indices = list(range(len(structures)))
        self._done: dict[int, RelaxOutcome] = {}

    def run(self) -> list[RelaxOutcome]:
        """Relax all, and return them in the order given."""
        self._potential.forget_neighbours()
        for n_steps in range(self._options.max_steps + 1):
            found = self._evaluate(n_steps)
            if found is None:
                break
            forces, cell_forces = self._find_forces(found)
            keep = self._release(found, forces, cell_forces, n_steps)
            if not self._indices:
                break
            atoms = keep[self._old_system_of_atom]
            moves, cell_moves = self._fire.step(forces[atoms], cell_forces[keep])
            self._positions = self._positions + moves
            if self._options.relax_cell:
                self._log = self._log + cell_moves / self._batch.counts[:, None, None]
        return [self._done[index] for index in range(len(self._structures))]

    def _place(self) -> tuple[SystemBatch, Tensor]:
        """Return the batch in its cells, and where its atoms are, Å."""
        deformation = torch.linalg.matrix_exp(self._log)
        system = self._batch.system_of_atom
        batch = SystemBatch(self._batch.numbers, system, self._batch.cells_A @ deformation)
        return batch, torch.einsum("ax,axy->ay", self._positions, deformation[system])

    def _evaluate(self, n_steps: int) -> Evaluation | None:
        """Evaluate the batch without those that the potential refuses; None when none is left."""
        try:
            return self._evaluate_all()
        except PerolyteError as err:
            refused = self._find_refused()
            if not refused:
                raise
            if n_steps == 0:
                number = self._numbers[self._indices[min(refused)]]
                raise InputError(
                    f"structure {number} cannot be evaluated: {refused[min(refused)]}"
                ) from err
        batch, positions = self._place()
        for index, reason in refused.items():
            structure = self._update(index, batch, positions)
            outcome = RelaxOutcome(
                structure, np.nan, np.nan, n_steps, converged=False, reason=reason
            )
            self._done[self._indices[index]] = outcome
        keep = [index not in refused for index in range(len(self._indices))]
        self._select(torch.tensor(keep, device=self._positions.device))
        return self._evaluate_all() if self._indices else None

    def _evaluate_all(self) -> Evaluation:
        batch, positions = self._place()
        return self._potential.evaluate(batch, positions, stress=self._options.relax_cell)

    def _find_refused(self) -> dict[int, str]:
        batch, positions = self._place()
        refused = dict[int, str]()
        for index in range(len(self._indices)):
            atoms = batch.system_of_atom == index
            alone = SystemBatch(
                batch.numbers[atoms],
                torch.zeros_like(batch.system_of_atom[atoms]),
                batch.cells_A[index : index + 1],
            )
            self._potential.forget_neighbours()
            try:
                self._potential.evaluate(alone, positions[atoms], stress=self._options.relax_cell)
            except PerolyteError as err:
                refused[index] = str(err)
        self._potential.forget_neighbours()
        return refused

    def _find_forces(self, found: Evaluation) -> tuple[Tensor, Tensor]:
        """Return forces on p (n_atoms, 3) and on U times the number of atoms (n_systems, 3, 3)."""
        deformation = torch.linalg.matrix_exp(self._log)
        system = self._batch.system_of_atom
        forces = torch.einsum("ax,ayx->ay", found.forces_eV_A, deformation[system])
        if found.stresses_eV_A3 is None:
            return forces, torch.zeros_like(self._log)
        volumes = torch.linalg.det(self._batch.cells_A @ deformation).abs()
        virial = volumes[:, None, None] * found.stresses_eV_A3
        by_deformation = torch.linalg.solve(deformation.transpose(1, 2), virial)
        by_log = pull_back_exponential(self._log, by_deformation)
        symmetric = 0.5 * (by_log + by_log.transpose(1, 2))
        return forces, -symmetric / self._batch.counts[:, None, None]

    def _release(
        self, found: Evaluation, forces: Tensor, cell_forces: Tensor, n_steps: int
    ) -> Tensor:
        """Write down those that are done, and return which stay, (n_systems,) bool."""
        options, counts = self._options, self._batch.counts
        of_atoms = torch.segment_reduce(found.forces_eV_A.norm(dim=1), "max", lengths=counts)
        largest = torch.maximum(of_atoms, cell_forces.norm(dim=2).amax(dim=1))
        values = torch.stack([largest, found.energies_eV]).tolist()
        batch, positions = self._place()
        for index, (fmax, energy) in enumerate(zip(*values, strict=True)):
            is_converged = fmax <= options.fmax_eV_A
            if not is_converged and np.isfinite(fmax) and n_steps < options.max_steps:
                continue
            reason = "" if is_converged else _explain(fmax, options)
            structure = self._update(index, batch, positions)
            self._done[self._indices[index]] = RelaxOutcome(
                structure, energy, fmax, n_steps, converged=is_converged, reason=reason
            )
        is_left = [number not in self._done for number in self._indices]
        keep = torch.tensor(is_left, device=forces.device)
        self._old_system_of_atom = self._batch.system_of_atom
        if not all(is_left):
            self._select(keep)
        return keep

    def _select(self, keep: Tensor) -> None:
        """Go on with some of the systems."""
        atoms = keep[self._batch.system_of_atom]
        new_number = torch.cumsum(keep, dim=0) - 1
        system = new_number[self._batch.system_of_atom[atoms]]
        self._batch = SystemBatch(self._batch.numbers[atoms], system, self._batch.cells_A[keep])
        self._positions, self._log = self._positions[atoms], self._log[keep]
        self._fire.select(keep, atoms, system, self._batch.counts)
        self._indices = [n for n, stays in zip(self._indices, keep.tolist(), strict=True) if stays]
        self._potential.forget_neighbours()

    def _update(self, index: int, batch: SystemBatch, positions: Tensor) -> Any:
        """Return a copy of the structure as given, with new positions and cell."""
        given = self._structures[self._indices[index]]
        cell = batch.cells_A[index].cpu().numpy()
        places = positions[batch.system_of_atom == index].cpu().numpy()
        return rebuild_structure(given, cell, places)


def _explain(fmax: float, options: _Options) -> str:
    if not np.isfinite(fmax):
        return f"the largest force is {fmax} eV/Å"
    return (
        f"largest force {fmax:.3g} eV/Å after {options.max_steps} steps, above "
        f"{options.fmax_eV_A:g} eV/Å"
    )
