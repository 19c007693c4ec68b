"""The mean cell at a temperature, by MD at constant pressure."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import ConvergenceError, InputError
from perolyte.potentials.dynamics.mean_cell_checkpoint import CellSearch, fingerprint
from perolyte.potentials.dynamics.random_numbers import draw_velocities
from perolyte.potentials.dynamics.replica import FloatArray
from perolyte.units import EV_PER_A3_TO_GPA

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

__all__ = ["MeanCell", "equilibrate_cell", "estimate_block_error"]

_FEWEST_BLOCKS = 8
_LARGEST_GROWTH = 2.0


@dataclass(frozen=True, eq=False)
class MeanCell:
    """A cell averaged over a run at constant pressure.

    Attributes
    ----------
    cell_A, cell_error_A
        (3, 3), Å, rows are the lattice vectors; mean and its standard error. What turns the cell as
        a whole is taken out.
    volume_A3, volume_error_A3
        Å³, mean and its standard error.
    temperature_K
        K, mean of the samples.
    n_samples
        Cells that were averaged.
    atoms
        The last atoms, scaled into the mean cell, with their velocities: the start of a run at
        constant volume.
    """

    cell_A: FloatArray
    cell_error_A: FloatArray
    volume_A3: float
    volume_error_A3: float
    temperature_K: float
    n_samples: int
    atoms: Atoms = field(repr=False)


def equilibrate_cell(
    calculator: Calculator,
    structure: Structure | Atoms,
    temperature_K: float,
    *,
    n_steps: int,
    n_skipped_steps: int,
    seed: int,
    pressure_GPa: float = 0.0,
    time_step_fs: float = 1.0,
    isotropic: bool = False,
    sample_interval_steps: int = 10,
    checkpoint: str | Path | None = None,
    checkpoint_interval_steps: int = 250,
) -> MeanCell:
    """Average the cell at constant temperature and pressure.

    Integrates the equations of Martyna, Tobias and Klein (doi 10.1063/1.467468) as ASE does, with
    damping times of 100 time steps for heat and 1000 for pressure.

    Parameters
    ----------
    calculator
        Any ASE calculator with stresses, such as that of :mod:`perolyte.potentials`.
    structure
        At the start; not changed.
    temperature_K
        K.
    n_steps, n_skipped_steps
        In all, and at the start without samples; 20 to 50 ps in all are usual.
    seed
        Of the first velocities.
    pressure_GPa
        GPa.
    time_step_fs
        fs.
    isotropic
        Let only the volume fluctuate.
    sample_interval_steps
        Steps between samples.
    checkpoint, checkpoint_interval_steps
        File to go on from after a kill, written every so many steps. One that is damaged, or of
        another search, is not used.

    Returns
    -------
    MeanCell
        With errors from blocks of samples, which know about their correlation.

    Raises
    ------
    InputError
        For numbers out of range, or fewer than 16 samples.
    ConvergenceError
        Where the cell collapses or grows to twice its volume.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> copper = bulk("Cu", cubic=True)
    >>> mean = equilibrate_cell(
    ...     EMT(), copper, 100.0, n_steps=200, n_skipped_steps=40, seed=1, isotropic=True
    ... )
    >>> mean.n_samples, bool(abs(mean.volume_A3 / copper.get_volume() - 1) < 0.05)
    (16, True)
    """
    n_samples = (n_steps - n_skipped_steps) // max(1, sample_interval_steps)
    _check(temperature_K, time_step_fs, pressure_GPa, n_samples, sample_interval_steps)
    atoms = _prepare(structure, calculator, temperature_K, seed)
    first = atoms.cell.array.copy()
    limit = _LARGEST_GROWTH * atoms.get_volume()
    mover = _make_mover(atoms, temperature_K, pressure_GPa, time_step_fs, isotropic)
    name = fingerprint(
        *(atoms.numbers, atoms.positions, first, seed, temperature_K, pressure_GPa),
        *(time_step_fs, isotropic, n_skipped_steps, sample_interval_steps),
    )
    kept = None if checkpoint is None else Path(checkpoint)
    search = CellSearch() if kept is None else CellSearch.load(kept, mover, name)
    while search.step < n_steps:
        mover.step()
        search.step += 1
        volume = atoms.get_volume()
        if not limit / _LARGEST_GROWTH**2 < volume < limit:
            raise ConvergenceError(
                f"the cell went from {limit / _LARGEST_GROWTH:.4g} to {volume:.4g} Å³ in "
                f"{search.step} steps at {temperature_K:g} K: it melts, boils or the potential "
                "fails; lower the temperature or the time step"
            )
        since = search.step - n_skipped_steps
        if since > 0 and since % sample_interval_steps == 0:
            deformation = np.linalg.solve(first, atoms.cell.array)
            search.deformations.append(_take_out_rotation(deformation))
            search.temperatures_K.append(atoms.get_temperature())
        if kept is not None and search.step % checkpoint_interval_steps == 0:
            search.save(kept, mover, name)
    cells = first @ np.array(search.deformations)
    volumes = np.abs(np.linalg.det(cells))
    mean = cells.mean(axis=0)
    atoms.calc = None
    atoms.set_cell(mean, scale_atoms=True)
    return MeanCell(
        cell_A=mean,
        cell_error_A=estimate_block_error(cells),
        volume_A3=float(volumes.mean()),
        volume_error_A3=float(estimate_block_error(volumes)),
        temperature_K=float(np.mean(search.temperatures_K)),
        n_samples=len(cells),
        atoms=atoms,
    )


def _check(
    temperature_K: float, time_step_fs: float, pressure_GPa: float, n_samples: int, interval: int
) -> None:
    for name, value, unit in (
        ("temperature_K", temperature_K, "K"),
        ("time_step_fs", time_step_fs, "fs"),
        ("sample_interval_steps", interval, "steps"),
    ):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value} {unit}; it must be above zero")
    if not np.isfinite(pressure_GPa):
        raise InputError(f"pressure_GPa is {pressure_GPa} GPa; give a finite pressure")
    if n_samples < 2 * _FEWEST_BLOCKS:
        raise InputError(
            f"n_steps and n_skipped_steps leave {n_samples} samples of the cell; at least "
            f"{2 * _FEWEST_BLOCKS} are needed: give more n_steps"
        )


def _prepare(structure: Any, calculator: Any, temperature_K: float, seed: int) -> Atoms:
    from ase import units

    if hasattr(structure, "cart_coords"):
        from pymatgen.io.ase import AseAtomsAdaptor

        atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    else:
        atoms = structure.copy()
    atoms.calc = calculator
    velocities = draw_velocities(seed, atoms.get_masses(), temperature_K)
    atoms.set_velocities(velocities / units.fs)
    return atoms


def _make_mover(
    atoms: Atoms, temperature_K: float, pressure_GPa: float, time_step_fs: float, isotropic: bool
) -> Any:
    from ase import units
    from ase.md.nose_hoover_chain import MTKNPT, IsotropicMTKNPT

    kind = IsotropicMTKNPT if isotropic else MTKNPT
    step = time_step_fs * units.fs
    return kind(
        atoms,
        timestep=step,
        temperature_K=temperature_K,
        pressure_au=pressure_GPa / EV_PER_A3_TO_GPA,
        tdamp=100 * step,
        pdamp=1000 * step,
    )


def _take_out_rotation(deformation: FloatArray) -> FloatArray:
    """Return the symmetric stretch S of a deformation S R, (3, 3)."""
    u, stretches, _ = np.linalg.svd(deformation)
    return (u * stretches) @ u.T


def estimate_block_error(samples: NDArray) -> NDArray:
    """Return the standard error of the mean of correlated samples, (n_samples, ...).

    Samples are averaged in pairs again and again, which leaves the mean as it is and the
    correlation weaker; the largest standard error with at least 8 blocks counts
    (doi 10.1063/1.457480).

    Examples
    --------
    >>> walk = np.random.default_rng(0).standard_normal(4096)
    >>> bool(abs(estimate_block_error(walk) * 64 - 1) < 0.2)
    True
    """
    values = np.asarray(samples, dtype=np.float64)
    largest = np.zeros(values.shape[1:])
    while len(values) >= _FEWEST_BLOCKS:
        errors = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        largest = np.maximum(largest, errors)
        half = len(values) // 2
        values = 0.5 * (values[: 2 * half : 2] + values[1 : 2 * half : 2])
    return largest
