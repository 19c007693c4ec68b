"""What every reader gives: a trajectory that is read in blocks of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from perolyte.errors import InputError, PathError
from perolyte.trajectories.failures import CutFileError
from perolyte.trajectories.text import hash_file
from perolyte.transport.checks import FloatArray

__all__ = ["Frame", "FrameBlock", "TrajectorySource", "count_block_frames", "gather_blocks"]

_NUMBERS_PER_BLOCK = 400_000
"""3 MB: fits a processor's cache, and costs nothing per frame."""
_LARGE_BYTES = 2**28
"""Above 256 MB, some 30,000 frames of 300 atoms, a trajectory is read in blocks, twice."""
_FLATTEST_CELL = 1e-6
_SMALLEST_VOLUME_A3 = 1.0
"""Per atom. Solids have 3 to 60; lengths in nm taken for Å give a thousandth of that."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as a file has it.

    Attributes
    ----------
    positions
        (n_atoms, 3), scaled by the cell, or Å.
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    is_scaled
        Which of the two the positions are.
    """

    positions: FloatArray
    cell_A: FloatArray
    is_scaled: bool


@dataclass(frozen=True, eq=False)
class FrameBlock:
    """Successive frames.

    Attributes
    ----------
    first_frame
        Number of the first one in the file, from 0.
    scaled
        (n_frames, n_atoms, 3), positions in units of the lattice vectors, wrapped or not.
    cells_A
        (n_frames, 3, 3), Å, rows are the lattice vectors.
    """

    first_frame: int
    scaled: FloatArray
    cells_A: FloatArray


@dataclass(frozen=True, eq=False)
class TrajectorySource:
    """A trajectory on disk: what it holds, and its frames one block after the other.

    Attributes
    ----------
    path
        As it was given.
    format
        Name of the format.
    species
        (n_atoms,), element symbols.
    frame_interval_fs
        Time between frames, fs.
    is_unwrapped
        True where the positions are continuous paths already.
    has_fixed_order
        True where the file itself says which atom is which in every frame.
    temperature_K
        K, of the thermostat where the file states it.
    oxidation_states, labels
        (n_atoms,), of each atom where the file states them.
    warnings
        What the reader took for granted.

    See Also
    --------
    perolyte.trajectories.read_mobile, perolyte.trajectories.stream_mobile
    """

    path: Path
    format: str
    species: tuple[str, ...] = field(repr=False)
    frame_interval_fs: float
    iterate: Callable[[], Iterator[FrameBlock]] = field(repr=False)
    is_unwrapped: bool = False
    has_fixed_order: bool = False
    temperature_K: float | None = None
    oxidation_states: tuple[float, ...] | None = field(default=None, repr=False)
    labels: tuple[str, ...] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    content_sha256: str | None = None

    @property
    def n_atoms(self) -> int:
        """Atoms in each frame."""
        return len(self.species)

    @cached_property
    def is_large(self) -> bool:
        """Whether a file, or the folder of a run, may be too much for the memory."""
        files = self.path.iterdir() if self.path.is_dir() else [self.path]
        return sum(file.stat().st_size for file in files if file.is_file()) > _LARGE_BYTES

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the bytes of the file; of the arrays where there is no file."""
        return self.content_sha256 or hash_file(self.path)

    def blocks(self) -> Iterator[FrameBlock]:
        """Read the frames from the first to the last, again at each call.

        Yields
        ------
        FrameBlock
            Some megabytes each.

        Raises
        ------
        InputError
            Naming the file and the frame, where a frame is cut, damaged or does not fit the first.
        """
        return self.iterate()


def count_block_frames(n_atoms: int) -> int:
    """Return how many frames make a block.

    Examples
    --------
    >>> count_block_frames(400)
    333
    """
    return max(1, _NUMBERS_PER_BLOCK // (3 * n_atoms))


def gather_blocks(
    frames: Iterable[Frame], path: Path, *, drop_cut_frame: bool = False
) -> Iterator[FrameBlock]:
    """Put frames together in blocks of scaled positions, and check every number.

    Parameters
    ----------
    frames
        All with the same number of atoms.
    path
        For messages.
    drop_cut_frame
        Stop without a word where the file ends inside a frame.

    Yields
    ------
    FrameBlock
        Successive frames.

    Raises
    ------
    InputError
        For a number that is not finite, a cell without volume, or lengths that are no Å.
    """
    first, waiting = 0, list[Frame]()
    rest = iter(frames)
    while True:
        try:
            frame = next(rest, None)
        except CutFileError:
            if not drop_cut_frame:
                raise
            frame = None
        if frame is not None:
            waiting.append(frame)
        if waiting and (frame is None or len(waiting) == count_block_frames(len(frame.positions))):
            yield _join(waiting, first, path)
            first, waiting = first + len(waiting), []
        if frame is None:
            return


def _join(frames: list[Frame], first: int, path: Path) -> FrameBlock:
    positions = np.stack([frame.positions for frame in frames])
    cells = np.stack([frame.cell_A for frame in frames])
    check_cells(cells, path, first, n_atoms=positions.shape[1])
    if not frames[0].is_scaled:
        check_positions(positions, path, first)
        positions = positions @ np.linalg.inv(cells)
    check_positions(positions, path, first)
    return FrameBlock(first_frame=first, scaled=positions, cells_A=cells)


def check_positions(positions: FloatArray, path: Path, first_frame: int) -> None:
    """Refuse positions (n_frames, n_atoms, 3) that are no numbers, naming frame and atom."""
    if np.isfinite(positions).all():
        return
    frame, atom = np.argwhere(~np.isfinite(positions).all(axis=2))[0]
    raise PathError(
        f"{path}: the position of atom {atom} in frame {first_frame + frame} is not finite "
        f"({positions[frame, atom].tolist()}): the run broke there, cut the frames from "
        "it on"
    )


def check_cells(cells_A: FloatArray, path: Path, first_frame: int, *, n_atoms: int) -> None:
    """Refuse cells (n_frames, 3, 3) in Å without volume, or with one that no crystal has."""
    with np.errstate(all="ignore"):  # what overflows is not finite, and refused below
        edges = np.prod(np.linalg.norm(cells_A, axis=-1), axis=-1)
        volumes = np.abs(np.linalg.det(cells_A))
    # Compared with the edges, because what counts as flat depends on the size of the cell.
    flat = ~(np.isfinite(cells_A).all(axis=(1, 2)) & (volumes > _FLATTEST_CELL * edges))
    if flat.any():
        raise InputError(
            f"{path}: the cell of frame {first_frame + int(np.argmax(flat))} is not finite or has "
            "no volume (Å); a periodic cell of three vectors is needed: check how it was written"
        )
    smallest = float(volumes.min()) / n_atoms
    if smallest < _SMALLEST_VOLUME_A3:
        raise InputError(
            f"{path}: the cell of frame {first_frame + int(np.argmin(volumes))} leaves "
            f"{smallest:.2g} Å³ to each atom, solids have 3 to 60: lengths must be in Å, are they "
            "in nm?"
        )
