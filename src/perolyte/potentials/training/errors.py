"""How far a potential is off labelled frames, and by how much it is too soft."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.units import EV_PER_A3_TO_GPA

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential
    from perolyte.structures.labelled_frame import LabelledFrame

__all__ = ["FrameErrors", "evaluate_frames", "fit_softening_slope", "predict_energies"]

_ATOMS_AT_ONCE = 2000
_LARGEST_SHARE = 0.9
"""Of the squared forces, in one block: with more the scatter between blocks says nothing."""


@dataclass(frozen=True)
class FrameErrors:
    """Errors of a potential on labelled frames.

    Parameters
    ----------
    n_frames, n_atoms
        What was compared.
    energy_mae_meV_atom, energy_bias_meV_atom
        Mean absolute and mean signed error (potential less label) of the energy, meV/atom.
    force_mae_meV_A, force_rmse_meV_A
        Of force components, meV/Å.
    stress_mae_GPa
        Of stress components, GPa; None where no frame has a stress.
    softening_slope, softening_slope_error
        Slope s of forces (potential) = s forces (label) and its standard error. Below 1 the
        potential is too soft: barriers too low (doi:10.1038/s41524-024-01500-6). The error is None
        for a single block, the slope where the labels have no forces.
    force_mae_by_element_meV_A
        Symbol to MAE, meV/Å.
    """

    n_frames: int
    n_atoms: int
    energy_mae_meV_atom: float
    energy_bias_meV_atom: float
    force_mae_meV_A: float
    force_rmse_meV_A: float
    stress_mae_GPa: float | None
    softening_slope: float | None
    softening_slope_error: float | None
    force_mae_by_element_meV_A: dict[str, float]


def evaluate_frames(
    potential: BatchPotential,
    frames: Sequence[LabelledFrame],
    *,
    blocks: Sequence[str] | None = None,
) -> FrameErrors:
    """Compare a potential with labels.

    Parameters
    ----------
    potential
        As :func:`~perolyte.potentials.load_potential` gives it.
    frames
        At least one.
    blocks
        The trajectory of each frame: frames of one are not independent, so that the error of the
        slope comes from the scatter between trajectories. By default each frame is its own.

    Raises
    ------
    InputError
        For no frames, or another number of blocks.
    PotentialError
        For an element that the potential does not know, or a frame that it cannot evaluate.

    Examples
    --------
    >>> from perolyte.potentials import load_potential
    >>> from perolyte.structures.labelled_frame import LabelledFrame
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.45]])
    >>> frame = LabelledFrame("salt", salt, -7.2, np.ones((2, 3)))
    >>> errors = evaluate_frames(load_potential("chgnet", device="cpu"), [frame])
    >>> errors.n_frames, sorted(errors.force_mae_by_element_meV_A)
    (1, ['Cl', 'Li'])
    """
    if not frames:
        raise InputError("there are no frames to compare a potential with; give at least one")
    energies, forces, stresses = [], [], []
    for chunk in _cut(frames):
        found = _evaluate(potential, chunk)
        energies += found[0]
        forces += found[1]
        stresses += found[2]
    labels = [frame.forces_eV_A for frame in frames]
    slope, slope_error = fit_softening_slope(forces, labels, blocks=blocks)
    misses = [
        (energy - frame.energy_eV) / len(frame.structure)
        for energy, frame in zip(energies, frames, strict=True)
    ]
    wrong = np.concatenate(forces) - np.concatenate(labels)
    symbols = np.array([site.specie.symbol for frame in frames for site in frame.structure])
    pairs = [
        found - frame.stress_GPa
        for found, frame in zip(stresses, frames, strict=True)
        if frame.stress_GPa is not None
    ]
    return FrameErrors(
        n_frames=len(frames),
        n_atoms=len(wrong),
        energy_mae_meV_atom=float(np.abs(misses).mean()) * 1000,
        energy_bias_meV_atom=float(np.mean(misses)) * 1000,
        force_mae_meV_A=float(np.abs(wrong).mean()) * 1000,
        force_rmse_meV_A=float(np.sqrt((wrong**2).mean())) * 1000,
        stress_mae_GPa=float(np.abs(pairs).mean()) if pairs else None,
        softening_slope=slope,
        softening_slope_error=slope_error,
        force_mae_by_element_meV_A={
            str(symbol): float(np.abs(wrong[symbols == symbol]).mean()) * 1000
            for symbol in np.unique(symbols)
        },
    )


def predict_energies(potential: BatchPotential, frames: Sequence[LabelledFrame]) -> list[float]:
    """Return the energy of each frame's cell, eV; nothing for no frames."""
    return [energy for chunk in _cut(frames) for energy in _evaluate(potential, chunk)[0]]


def fit_softening_slope(
    found: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    *,
    blocks: Sequence[str] | None = None,
) -> tuple[float | None, float | None]:
    """Fit found = s labels through the origin, and the error of s from the scatter of blocks.

    Parameters
    ----------
    found, labels
        (n_atoms, 3) forces of each frame, eV/Å.
    blocks
        What frames belong together, one name for each; by default nothing.

    Returns
    -------
    tuple
        Slope and standard error (of clusters, doi:10.1093/biomet/73.1.13); None without forces,
        and for the error where one block holds nearly all of them: its own scatter is not seen.

    Raises
    ------
    InputError
        For another number of blocks than of frames.

    Examples
    --------
    >>> labels = [np.array([[1.0, 0, 0]]), np.array([[0, 2.0, 0]])]
    >>> fit_softening_slope([0.9 * forces for forces in labels], labels)
    (0.9, 0.0)
    """
    names = list(blocks) if blocks is not None else [str(index) for index in range(len(labels))]
    if len(names) != len(labels):
        raise InputError(f"{len(names)} blocks for {len(labels)} frames; give one for each frame")
    total = float(sum((label**2).sum() for label in labels))
    if total == 0:
        return None, None
    pairs = list(zip(found, labels, strict=True))
    slope = float(sum((mine * label).sum() for mine, label in pairs)) / total
    scores: defaultdict[str, float] = defaultdict(float)
    weights: defaultdict[str, float] = defaultdict(float)
    for name, (mine, label) in zip(names, pairs, strict=True):
        scores[name] += float((label * (mine - slope * label)).sum())
        weights[name] += float((label**2).sum())
    if max(weights.values()) > _LARGEST_SHARE * total:
        return slope, None
    n_blocks = len(scores)
    squares = sum(score**2 for score in scores.values())
    return slope, float(np.sqrt(squares * n_blocks / (n_blocks - 1)) / total)


def _cut(frames: Sequence[LabelledFrame]) -> Iterator[list[LabelledFrame]]:
    """Cut frames into parts that a GPU has room for."""
    part: list[LabelledFrame] = []
    n_atoms = 0
    for frame in frames:
        if part and n_atoms + len(frame.structure) > _ATOMS_AT_ONCE:
            yield part
            part, n_atoms = [], 0
        part.append(frame)
        n_atoms += len(frame.structure)
    if part:
        yield part


def _evaluate(
    potential: BatchPotential, frames: list[LabelledFrame]
) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
    from perolyte.potentials.batch import SystemBatch

    batch, positions_A = SystemBatch.from_structures(
        [frame.structure for frame in frames], potential.device
    )
    potential.check_elements(batch.numbers.tolist())
    potential.forget_neighbours()
    result = potential.evaluate(
        batch, positions_A, stress=any(frame.stress_GPa is not None for frame in frames)
    )
    ends = np.cumsum([len(frame.structure) for frame in frames])[:-1]
    forces = np.split(result.forces_eV_A.cpu().numpy(), ends)
    stresses = np.full((len(frames), 3, 3), np.nan)
    if result.stresses_eV_A3 is not None:
        stresses = result.stresses_eV_A3.cpu().numpy() * EV_PER_A3_TO_GPA
    return result.energies_eV.tolist(), forces, list(stresses)
