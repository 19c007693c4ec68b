"""What a potential that evaluates many systems at once takes and gives.

Positions are unwrapped Cartesian coordinates in float64: whoever moves the atoms never wraps them,
and neither does a potential. A potential's own arithmetic may be narrower (its ``dtype``);
positions, cells, energies, forces and stresses are float64 whatever that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch

from perolyte.errors import InputError, PotentialError

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure
    from torch import Tensor

__all__ = [
    "BatchPotential",
    "BrokenSystemError",
    "Evaluation",
    "SystemBatch",
    "find_largest_uncertainties",
    "join_evaluations",
]


class BrokenSystemError(PotentialError):
    """A system of a batch cannot be evaluated: its atoms overlap, for example.

    Parameters
    ----------
    reason
        What is wrong and what to do about it, in one line.
    system
        Which system of the batch it is, so that a caller can go on without it.
    n_systems
        How many there are; with more than one, the message begins with the system.
    """

    def __init__(self, reason: str, system: int = 0, n_systems: int = 1) -> None:
        super().__init__(reason if n_systems == 1 else f"system {system} of the batch: {reason}")
        self.reason, self.system = reason, system


@dataclass(frozen=True, eq=False)
class SystemBatch:
    """Systems of any sizes, one after another.

    Parameters
    ----------
    numbers
        (n_atoms,) int64: atomic numbers.
    system_of_atom
        (n_atoms,) int64, ascending: the system of each atom, counted from 0.
    cells_A
        (n_systems, 3, 3) float64: lattice vectors of each system in rows, Å.

    Raises
    ------
    InputError
        If shapes, types or devices do not fit together.

    Examples
    --------
    >>> from ase.build import bulk
    >>> batch, positions_A = SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)] * 3)
    >>> batch.n_systems, batch.n_atoms, batch.counts.tolist(), tuple(positions_A.shape)
    (3, 6, [2, 2, 2], (6, 3))
    """

    numbers: Tensor
    system_of_atom: Tensor
    cells_A: Tensor

    def __post_init__(self) -> None:
        shapes = (tuple(self.numbers.shape), tuple(self.system_of_atom.shape))
        if len(shapes[0]) != 1 or shapes[0] != shapes[1] or self.cells_A.shape[1:] != (3, 3):
            raise InputError(
                f"a batch with atomic numbers {shapes[0]}, systems of atoms {shapes[1]} and cells "
                f"{tuple(self.cells_A.shape)} does not fit together; give (n_atoms,), (n_atoms,) "
                "and (n_systems, 3, 3)"
            )
        types = (self.numbers.dtype, self.system_of_atom.dtype, self.cells_A.dtype)
        if types != (torch.int64, torch.int64, torch.float64):
            raise InputError(f"a batch of types {types} is not int64, int64, float64; convert them")
        devices = {str(t.device) for t in (self.numbers, self.system_of_atom, self.cells_A)}
        if len(devices) > 1:
            raise InputError(f"a batch lies on {sorted(devices)}; put all of it on one device")

    @classmethod
    def from_structures(
        cls,
        structures: Sequence[Structure | Atoms],
        device: torch.device | str | None = None,
    ) -> tuple[SystemBatch, Tensor]:
        """Return the batch and its (n_atoms, 3) float64 positions (Å), as the structures hold them.

        Raises
        ------
        InputError
            If there is no structure, one has no atoms or is disordered.
        """
        parts = [_read_arrays(structure) for structure in structures]
        if not parts:
            raise InputError("a batch of no structures was asked for; give at least one")
        for index, (numbers, _, _) in enumerate(parts):
            if len(numbers) == 0:
                raise InputError(f"structure {index} has no atoms; leave it out of the batch")
        counts = torch.tensor([len(numbers) for numbers, _, _ in parts])
        batch = cls(
            numbers=torch.from_numpy(np.concatenate([n for n, _, _ in parts])).to(device),
            system_of_atom=torch.repeat_interleave(torch.arange(len(parts)), counts).to(device),
            cells_A=torch.from_numpy(np.stack([cell for _, _, cell in parts])).to(device),
        )
        return batch, torch.from_numpy(np.concatenate([p for _, p, _ in parts])).to(device)

    @property
    def n_systems(self) -> int:
        """Number of systems."""
        return int(self.cells_A.shape[0])

    @property
    def n_atoms(self) -> int:
        """Number of atoms of all systems together."""
        return int(self.numbers.shape[0])

    @property
    def counts(self) -> Tensor:
        """(n_systems,) int64: number of atoms of each system."""
        return torch.bincount(self.system_of_atom, minlength=self.n_systems)

    def split(self, positions_A: Tensor) -> Iterator[tuple[SystemBatch, Tensor]]:
        """Yield each system as a batch of its own, with its (n_atoms, 3) positions, Å."""
        start = 0
        for system, n_atoms in enumerate(self.counts.tolist()):
            atoms = slice(start, start + n_atoms)
            owners = torch.zeros(n_atoms, dtype=torch.int64, device=self.numbers.device)
            cells = self.cells_A[system : system + 1]
            yield SystemBatch(self.numbers[atoms], owners, cells), positions_A[atoms]
            start += n_atoms

    def to(self, device: torch.device | str) -> SystemBatch:
        """Return the same batch on another device."""
        return SystemBatch(
            self.numbers.to(device), self.system_of_atom.to(device), self.cells_A.to(device)
        )


def _read_arrays(structure: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return atomic numbers, positions and cell of an ASE or a pymatgen structure."""
    if hasattr(structure, "cart_coords"):
        if not structure.is_ordered:
            raise InputError(
                f"structure {structure.composition.reduced_formula} has partly occupied sites; "
                "order it first, for example with perolyte.structures.build_ordered_parent"
            )
        numbers = np.array([site.specie.Z for site in structure], dtype=np.int64)
        return numbers, np.array(structure.cart_coords, float), structure.lattice.matrix.copy()
    numbers = np.asarray(structure.numbers, dtype=np.int64)
    return numbers, np.array(structure.positions, float), np.array(structure.cell.array, float)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Energies, forces and what else was asked for; detached tensors on the potential's device.

    Parameters
    ----------
    energies_eV
        (n_systems,) float64, eV.
    forces_eV_A
        (n_atoms, 3) float64, eV/Å.
    stresses_eV_A3
        (n_systems, 3, 3) float64, eV/Å³, positive under tension (ASE's sign); None unless asked
        for.
    magmoms_muB
        (n_atoms,), Bohr magnetons; None unless asked for.
    force_uncertainties_eV_A
        (n_atoms,) float64, eV/Å; None where the potential does not know its error.
    energy_uncertainties_eV
        (n_systems,) float64, eV; None likewise.
    """

    energies_eV: Tensor
    forces_eV_A: Tensor
    stresses_eV_A3: Tensor | None = None
    magmoms_muB: Tensor | None = None
    force_uncertainties_eV_A: Tensor | None = None
    energy_uncertainties_eV: Tensor | None = None


def find_largest_uncertainties(batch: SystemBatch, evaluation: Evaluation) -> Tensor:
    """Return (n_systems,) the largest force uncertainty of an atom, eV/Å; NaN where none is known.

    Examples
    --------
    >>> from ase.build import bulk
    >>> batch, positions_A = SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)] * 2)
    >>> doubts = torch.tensor([0.1, 0.3, 0.2, 0.1], dtype=torch.float64)
    >>> found = Evaluation(doubts[:2], positions_A, force_uncertainties_eV_A=doubts)
    >>> find_largest_uncertainties(batch, found).tolist()
    [0.3, 0.2]
    """
    values = evaluation.force_uncertainties_eV_A
    if values is None:
        return torch.full_like(evaluation.energies_eV, torch.nan)
    return torch.segment_reduce(values, "max", lengths=batch.counts, unsafe=True)


def join_evaluations(parts: Sequence[Evaluation]) -> Evaluation:
    """Return the evaluation of a batch from those of its systems, in their order."""
    joined: dict[str, Tensor | None] = {}
    for item in fields(Evaluation):
        present = [getattr(part, item.name) for part in parts]
        joined[item.name] = None if present[0] is None else torch.cat(present)
    return Evaluation(**joined)  # type: ignore[arg-type]  # energies and forces are always there


@runtime_checkable
class BatchPotential(Protocol):
    """A potential that evaluates many systems at once.

    ``evaluate`` is a function of its arguments up to the order in which rounded numbers are added;
    right after ``forget_neighbours`` it is one bit for bit. Tensors handed in are not changed and
    those handed back are not written to again.
    """

    device: torch.device
    dtype: torch.dtype

    def evaluate(
        self,
        batch: SystemBatch,
        positions_A: Tensor,
        *,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate at (n_atoms, 3) float64 unwrapped Cartesian positions, Å."""
        ...

    def forget_neighbours(self) -> None:
        """Make the next evaluation build its neighbour list anew.

        A resumed run then equals an uninterrupted one that did the same at the same step.
        """
        ...

    def check_elements(self, numbers: Iterable[int]) -> None:
        """Raise PotentialError, naming it, for an element that the potential does not know."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return name, version, SHA-256 of the weights, dtype, device and the path used."""
        ...
