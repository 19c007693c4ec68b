"""Pairs of atoms closer than a radius in a whole batch of periodic systems, kept with a skin.

Everything is in torch on the batch's device and in float64. Atoms and their images are sorted into
bins at least as wide as the radius, so that the work grows with the number of atoms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from perolyte.potentials.batch import BrokenSystemError

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.batch import SystemBatch

__all__ = ["MIN_CELL_HEIGHT_A", "NeighbourList", "Pairs", "find_pairs", "name_atom"]

MIN_CELL_HEIGHT_A = 0.1
"""A cell flatter than this is taken for one without three lattice vectors."""

_MAX_BINS = 1000
"""Bins along one axis; more would not be faster, and their numbers must stay within 64 bits."""

_CHUNK_PAIRS = 4_000_000
"""Pairs looked at in one go: bounds the memory of a search."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of atoms, each once.

    Parameters
    ----------
    first, second
        (n_pairs,) int64 atoms, ``first <= second``; an atom and its own image is a pair as well.
    shifts
        (n_pairs, 3) float64 whole numbers: the vector of a pair is ``positions[first] -
        positions[second] - shifts @ cell``, with unwrapped positions.
    """

    first: Tensor
    second: Tensor
    shifts: Tensor

    def vectors_A(self, batch: SystemBatch, positions_A: Tensor) -> Tensor:
        """Return the (n_pairs, 3) vectors from second to first atom, Å."""
        cells = batch.cells_A[batch.system_of_atom[self.first]]
        offsets = torch.einsum("pk,pkx->px", self.shifts, cells)
        return positions_A[self.first] - positions_A[self.second] - offsets


def find_pairs(batch: SystemBatch, positions_A: Tensor, radius_A: float) -> Pairs:
    """Find every pair closer than a radius, images included, sorted by its first atom.

    Parameters
    ----------
    batch
        The systems; all of them are periodic in three directions.
    positions_A
        (n_atoms, 3) float64 unwrapped Cartesian positions, Å.
    radius_A
        Å; may exceed the cells.

    Raises
    ------
    BrokenSystemError
        If a position or a cell is not finite, or a cell is flatter than ``MIN_CELL_HEIGHT_A``.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from perolyte.potentials.batch import SystemBatch
    >>> batch, positions_A = SystemBatch.from_structures([bulk("Cu", "fcc", a=3.6)])
    >>> len(find_pairs(batch, positions_A, 2.6).first)  # half of the 12 neighbours
    6
    """
    heights = _check_geometry(batch, positions_A)
    grid = _Grid(batch, positions_A, radius_A, heights)
    per_atom = max(1, int(grid.n_near.max()))
    step = max(1, _CHUNK_PAIRS // per_atom)
    parts = [
        grid.search(start, min(start + step, batch.n_atoms))
        for start in range(0, batch.n_atoms, step)
    ]
    return Pairs(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def _check_geometry(batch: SystemBatch, positions_A: Tensor) -> Tensor:
    """Return the (n_systems, 3) heights of the cells, Å."""
    finite = torch.isfinite(positions_A).all(dim=1)
    if not bool(finite.all()):
        atom = int((~finite).nonzero()[0])
        raise BrokenSystemError(
            f"{name_atom(batch, atom)} is at {positions_A[atom].tolist()} Å; a potential needs "
            "finite positions: check the time step, or where the structure comes from",
            int(batch.system_of_atom[atom]),
            batch.n_systems,
        )
    cells = batch.cells_A
    normals = torch.linalg.cross(cells[:, [1, 2, 0]], cells[:, [2, 0, 1]])
    volumes = (cells[:, 0] * normals[:, 0]).sum(dim=1).abs()
    heights = volumes[:, None] / torch.linalg.norm(normals, dim=2)
    usable = (heights >= MIN_CELL_HEIGHT_A).all(dim=1) & torch.isfinite(heights).all(dim=1)
    if not bool(usable.all()):
        system = int((~usable).nonzero()[0])
        lengths = [round(x, 4) for x in torch.linalg.norm(cells[system], dim=1).tolist()]
        raise BrokenSystemError(
            f"the cell has lengths {lengths} Å and heights "
            f"{[round(x, 4) for x in heights[system].tolist()]} Å; a potential needs three lattice "
            f"vectors and a cell at least {MIN_CELL_HEIGHT_A} Å thick in every direction",
            system,
            batch.n_systems,
        )
    return heights


def name_atom(batch: SystemBatch, atom: int) -> str:
    """Return an atom as a message names it: its index within its system, and its symbol.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from perolyte.potentials.batch import SystemBatch
    >>> name_atom(SystemBatch.from_structures([bulk("MgO", "rocksalt", a=4.2)] * 2)[0], 3)
    'atom 1 (O)'
    """
    from ase.data import chemical_symbols

    index = atom - int((batch.system_of_atom < batch.system_of_atom[atom]).sum())
    return f"atom {index} ({chemical_symbols[int(batch.numbers[atom])]})"


class _Grid:
    """Atoms and images of all systems in bins, sorted by bin.

    Bins divide the fractional coordinates of the home cell; one more layer on each side holds the
    images, however far they are.
    """

    def __init__(
        self, batch: SystemBatch, positions_A: Tensor, radius_A: float, heights_A: Tensor
    ) -> None:
        self.batch, self.radius_A = batch, radius_A
        owners = batch.system_of_atom
        inverses = torch.linalg.inv(batch.cells_A)
        fractional = torch.einsum("ax,axk->ak", positions_A, inverses[owners])
        self.wraps = torch.floor(fractional)
        fractional = fractional - self.wraps
        self.home_A = positions_A - torch.einsum("ak,akx->ax", self.wraps, batch.cells_A[owners])
        reach = radius_A / heights_A
        n_bins = torch.clamp(torch.floor(1.0 / reach), 1, _MAX_BINS)
        self.sizes = n_bins.to(torch.int64) + 2
        volumes = self.sizes.prod(dim=1)
        self.offsets = torch.cumsum(volumes, 0) - volumes
        self.home_bins = self._locate(fractional, owners)
        self._place_images(fractional, reach)
        self._count_near()

    def _locate(self, fractional: Tensor, owners: Tensor) -> Tensor:
        """Return the bin along each axis; 0 and the last one hold everything outside the cell."""
        sizes = self.sizes[owners]
        bins = torch.floor(fractional * (sizes - 2)).to(torch.int64) + 1
        return torch.minimum(bins.clamp(min=0), sizes - 1)

    def _flatten(self, bins: Tensor, owners: Tensor) -> Tensor:
        sizes = self.sizes[owners]
        flat = (bins[..., 0] * sizes[..., 1] + bins[..., 1]) * sizes[..., 2] + bins[..., 2]
        return flat + self.offsets[owners]

    def _place_images(self, fractional: Tensor, reach: Tensor) -> None:
        owners, device = self.batch.system_of_atom, fractional.device
        # a little beyond the radius, so that rounding of fractional coordinates loses nothing
        margin = reach + 1e-9
        furthest = [int(n) for n in torch.ceil(margin).amax(dim=0).tolist()]
        axes = [torch.arange(-n, n + 1, device=device, dtype=torch.float64) for n in furthest]
        steps = torch.cartesian_prod(*axes)
        images = fractional[:, None] + steps[None]
        near = (images >= -margin[owners][:, None]) & (images <= 1 + margin[owners][:, None])
        atoms, which = near.all(dim=2).nonzero(as_tuple=True)
        systems = owners[atoms]
        flat = self._flatten(self._locate(images[atoms, which], systems), systems)
        self.image_bins, order = torch.sort(flat, stable=True)
        self.image_atoms, self.image_steps = atoms[order], steps[which[order]]
        cells = self.batch.cells_A[owners[self.image_atoms]]
        self.images_A = self.home_A[self.image_atoms] + torch.einsum(
            "ik,ikx->ix", self.image_steps, cells
        )

    def _count_near(self) -> None:
        """Find, for each atom, the nine runs of three bins along the last axis around it."""
        owners = self.batch.system_of_atom
        side = torch.arange(-1, 2, device=owners.device)
        around = torch.cartesian_prod(side, side)
        bins = self.home_bins[:, None].expand(-1, 9, -1).clone()
        bins[..., :2] += around
        bins[..., 2] -= 1
        first = self._flatten(bins, owners[:, None].expand(-1, 9))
        self.run_starts = torch.searchsorted(self.image_bins, first)
        ends = torch.searchsorted(self.image_bins, first + 2, right=True)
        self.run_lengths = ends - self.run_starts
        self.n_near = self.run_lengths.sum(dim=1)

    def search(self, start: int, stop: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return first and second atoms and shifts of the pairs of some atoms."""
        lengths = self.run_lengths[start:stop].reshape(-1)
        starts = self.run_starts[start:stop].reshape(-1)
        n_pairs = int(lengths.sum())
        within = torch.arange(n_pairs, device=lengths.device) - torch.repeat_interleave(
            torch.cumsum(lengths, 0) - lengths, lengths, output_size=n_pairs
        )
        images = within + torch.repeat_interleave(starts, lengths, output_size=n_pairs)
        atoms = torch.arange(start, stop, device=lengths.device)
        first = torch.repeat_interleave(atoms, self.n_near[start:stop], output_size=n_pairs)
        second = self.image_atoms[images]
        kept = (second >= first).nonzero()[:, 0]
        first, second, images = first[kept], second[kept], images[kept]
        squared = ((self.home_A[first] - self.images_A[images]) ** 2).sum(dim=1)
        steps = self.image_steps[images]
        # of an atom's two images at opposite steps, the one whose first nonzero step is positive
        weights = steps.new_tensor([1e8, 1e4, 1.0])
        kept = (squared < self.radius_A**2) & ((second > first) | (steps @ weights > 0))
        first, second = first[kept], second[kept]
        return first, second, steps[kept] + self.wraps[first] - self.wraps[second]


class NeighbourList:
    """Pairs of a batch that moves, searched anew only when an atom may have come into reach.

    Parameters
    ----------
    cutoff_A
        Pairs closer than this are always in the list, Å.
    skin_A
        Pairs up to this much further are kept as well, Å. A list stays valid while ``stretch *
        cutoff + 2 * displacement <= cutoff + skin``, where displacements are from the positions of
        the last search, moved with the cell, and the stretch is the largest factor by which going
        back to the cell of that search lengthens a vector.

    Attributes
    ----------
    n_searches
        How often pairs were searched.
    """

    def __init__(self, cutoff_A: float, skin_A: float = 0.5) -> None:
        self.cutoff_A, self.skin_A = cutoff_A, skin_A
        self.n_searches = 0
        self._pairs: Pairs | None = None
        self._owners: Tensor | None = None
        self._positions_A: Tensor | None = None
        self._cells_A: Tensor | None = None

    def forget(self) -> None:
        """Search at the next update."""
        self._pairs = None

    def update(self, batch: SystemBatch, positions_A: Tensor) -> Pairs:
        """Return pairs that hold all those closer than the cutoff, and some further ones.

        Raises
        ------
        BrokenSystemError
            As ``find_pairs``.
        """
        if self._pairs is None or not self._still_valid(batch, positions_A):
            self._pairs = None
            self._pairs = find_pairs(batch, positions_A, self.cutoff_A + self.skin_A)
            self._owners = batch.system_of_atom
            self._positions_A, self._cells_A = positions_A.clone(), batch.cells_A.clone()
            self.n_searches += 1
        return self._pairs

    def _still_valid(self, batch: SystemBatch, positions_A: Tensor) -> bool:
        if self._owners is None or self._positions_A is None or self._cells_A is None:
            return False
        owners = batch.system_of_atom
        if owners is not self._owners and not torch.equal(owners, self._owners):
            return False
        if batch.cells_A.shape != self._cells_A.shape:
            return False
        if torch.equal(batch.cells_A, self._cells_A):
            moved = ((positions_A - self._positions_A) ** 2).sum(dim=1).max()
            return bool(4 * moved <= self.skin_A**2)
        if not bool((torch.linalg.det(batch.cells_A).abs() > 0).all()):
            return False
        back = torch.linalg.solve(batch.cells_A, self._cells_A)
        stretch = torch.linalg.matrix_norm(back, ord=2)
        carried = torch.einsum("ax,axy->ay", positions_A, back[owners])
        moved = torch.linalg.norm(carried - self._positions_A, dim=1)
        room = self.cutoff_A + self.skin_A - stretch * self.cutoff_A
        return bool((2 * moved <= room[owners]).all())
