"""Make the frames of the Li-La-Ti-O label set: MD of CHGNet at 300 to 1200 K, rattled, references.

    python make_frames.py frames

One file for each trajectory. What is there already is not made again, so that the command may be
stopped; give ``--part 0 2`` and ``--part 1 2`` to two processes to share the work.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import write
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

from perolyte.dft.evaluation import as_atoms, plain_structure
from perolyte.structures import reference_oxide

CUBIC_A = 3.90
TEMPERATURES_K = (300, 600, 900, 1200)
N_STEPS, TIME_STEP_FS, FRICTION_PER_FS = 300, 1.5, 0.02
N_FRAMES = 2
RATTLES_A = (0.05, 0.1, 0.2)
SHEAR = 0.01
OXIDES = (("Li", 1), ("La", 3), ("Ti", 4), ("Sr", 2), ("Ba", 2), ("Al", 3))
PEROVSKITES = (("Sr", "Ti", 3.905), ("Ba", "Ti", 4.01), ("La", "Al", 3.79))
"""Cubic references: A site, B site, length of the cell in Å."""
STRAINS = {
    "three": [(-0.03, 0.0, 0.03)] * 4,
    "two": [(-0.02, 0.02)] * 4,
    "one": [(-0.03,), (0.0,), (0.03,), (0.0,)],
}
"""Of every length, for each of the temperatures."""


@dataclass(frozen=True)
class Cell:
    """A small perovskite cell: repeats, what is on A and B sites, and how often it is strained."""

    repeats: tuple[int, int, int]
    a_sites: tuple[str, ...]
    b_sites: tuple[str, ...]
    strains: str

    def build(self) -> Atoms:
        """Return the cubic cell; "" on an A site leaves it empty."""
        symbols: list[str] = []
        places: list[np.ndarray] = []
        cells = np.ndindex(*self.repeats)
        for index, a_site, b_site in zip(cells, self.a_sites, self.b_sites, strict=True):
            corner = np.array(index, dtype=float)
            if a_site:
                symbols.append(a_site)
                places.append(corner)
            symbols += [b_site, "O", "O", "O"]
            within = ([0.5, 0.5, 0.5], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0])
            places += [corner + place for place in within]
        return Atoms(
            symbols,
            positions=np.array(places) * CUBIC_A,
            cell=np.array(self.repeats) * CUBIC_A,
            pbc=True,
        )


CELLS = {
    "LiLaTi2O6": Cell((1, 1, 2), ("Li", "La"), ("Ti", "Ti"), "three"),
    "LaSrTiAlO6": Cell((1, 1, 2), ("La", "Sr"), ("Ti", "Al"), "three"),
    "LaBaTiAlO6": Cell((1, 1, 2), ("La", "Ba"), ("Ti", "Al"), "three"),
    "La2Ti3O9": Cell((1, 1, 3), ("La", "La", ""), ("Ti", "Ti", "Ti"), "two"),
    "Sr2Ti2O6": Cell((1, 1, 2), ("Sr", "Sr"), ("Ti", "Ti"), "three"),
    "LiLaSr2Ti4O12": Cell((2, 2, 1), ("Li", "Sr", "Sr", "La"), ("Ti",) * 4, "one"),
    "LiLaBa2Ti4O12": Cell((2, 2, 1), ("Li", "Ba", "Ba", "La"), ("Ti",) * 4, "one"),
    "LiLa3Ti2Al2O12": Cell((2, 2, 1), ("Li", "La", "La", "La"), ("Ti", "Al", "Al", "Ti"), "one"),
}


@dataclass(frozen=True)
class Run:
    """A trajectory; ``strain`` None for the rattled cells of a composition."""

    name: str
    seed: int
    temperature_K: int
    strain: float | None


def list_runs() -> list[Run]:
    """Return all runs, in an order of which every beginning is a sample of the whole."""
    runs = []
    for number, (name, cell) in enumerate(CELLS.items()):
        for row, temperature_K in enumerate(TEMPERATURES_K):
            for column, strain in enumerate(STRAINS[cell.strains][row]):
                runs.append(Run(name, 1000 * number + 10 * row + column, temperature_K, strain))
        runs.append(Run(name, 0, 0, None))
    order = np.random.default_rng(0).permutation(len(runs))
    return [runs[place] for place in order]


def describe(atoms: Atoms, run: Run, trajectory: str, frame: object, **more: object) -> Atoms:
    """Return bare atoms with what splits must know of them."""
    bare = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)
    bare.info = {
        "name": f"{trajectory}-{frame}",
        "composition": run.name,
        "temperature_K": run.temperature_K,
        "strain": run.strain or 0.0,
        "trajectory": trajectory,
        **more,
    }
    return bare


def follow(run: Run) -> list[Atoms]:
    """Return frames of a strained and sheared cell, 0.45 ps apart, at constant volume."""
    import torch

    from perolyte.potentials.chgnet import ChgnetCalculator

    torch.set_num_threads(1)
    rng = np.random.default_rng(run.seed)
    atoms = CELLS[run.name].build()
    change = np.eye(3) * (1 + (run.strain or 0.0)) + SHEAR * rng.normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ ((change + change.T) / 2), scale_atoms=True)
    atoms.calc = ChgnetCalculator(stress=False)
    MaxwellBoltzmannDistribution(atoms, temperature_K=run.temperature_K, rng=rng)
    dynamics = Langevin(
        atoms,
        TIME_STEP_FS * units.fs,
        temperature_K=run.temperature_K,
        friction=FRICTION_PER_FS / units.fs,
        rng=rng,
    )
    trajectory = f"{run.name}-{run.temperature_K}K-{run.strain:+.2f}"
    frames = []
    for number in range(N_FRAMES):
        dynamics.run(N_STEPS)
        frames.append(describe(atoms, run, trajectory, number, kind="md", seed=run.seed))
    return frames


def rattle(run: Run) -> list[Atoms]:
    """Return the cubic cell with atoms moved at random."""
    frames = []
    for seed, size_A in enumerate(RATTLES_A):
        atoms = CELLS[run.name].build()
        atoms.rattle(size_A, seed=seed)
        frames.append(
            describe(atoms, run, f"{run.name}-rattled", size_A, kind="rattled", seed=seed)
        )
    return frames


def make_references() -> list[Atoms]:
    """Return binary oxides, as they are and rattled, and cubic perovskites.

    They fix the energies of the elements, also of one that no training frame has.
    """
    frames = []
    for a_site, b_site, length_A in PEROVSKITES:
        cubic = Cell((1, 1, 1), (a_site,), (b_site,), "one").build()
        cubic.set_cell([length_A] * 3, scale_atoms=True)
        run = Run(f"{a_site}{b_site}O3", 1, 0, None)
        frames.append(describe(cubic, run, f"{run.name}-reference", 0.0, kind="reference", seed=1))
    for element, charge in OXIDES:
        oxide = reference_oxide(element, charge)
        structure = plain_structure(oxide.structure().get_primitive_structure())
        for size_A in (0.0, 0.05):
            atoms = as_atoms(structure)
            if size_A:
                atoms.rattle(size_A, seed=1)
            run = Run(oxide.formula, 1, 0, None)
            trajectory = f"{oxide.formula}-reference"
            frames.append(describe(atoms, run, trajectory, size_A, kind="reference", seed=1))
    return frames


def main() -> None:
    """Write the files that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("I", "N"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    part, n_parts = arguments.part
    tasks: list[tuple[str, Run | None]] = [("references", None)]
    tasks += [(f"{rank:03d}", run) for rank, run in enumerate(list_runs())]
    for rank, (stem, run) in enumerate(tasks):
        path = arguments.folder / f"{stem}.extxyz"
        if rank % n_parts != part or path.exists():
            continue
        if run is None:
            frames = make_references()
        else:
            frames = rattle(run) if run.strain is None else follow(run)
        unfinished = path.with_suffix(".tmp")
        write(unfinished, frames, format="extxyz")
        unfinished.rename(path)
        print(f"{path}: {len(frames)} frames of {frames[0].info['trajectory']}", flush=True)


if __name__ == "__main__":
    main()
