"""A random walk whose paths are known, written in every format that is read."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

INTERVAL_FS = 20.0
SKEWED_A = np.array([[11.0, 0.0, 0.0], [-2.0, 10.0, 0.0], [1.0, 2.0, 12.0]])


@dataclass(frozen=True, eq=False)
class Walk:
    """Scaled, unwrapped positions (n_frames, n_atoms, 3) and cells (n_frames, 3, 3) in Å."""

    species: tuple[str, ...]
    scaled: np.ndarray
    cells_A: np.ndarray

    @property
    def wrapped(self):
        return self.scaled - np.floor(self.scaled)

    @property
    def ions_A(self):
        """Paths of lithium in the frame of the framework and the mean cell, Å."""
        rests = np.array([name != "Li" for name in self.species])
        masses = np.where(np.array(self.species) == "O", 15.9994, 47.867)[rests]
        centre = np.average(self.scaled[:, rests], axis=1, weights=masses)
        path = self.scaled[:, ~rests] - (centre - centre[0])[:, None]
        return path @ self.cells_A.mean(axis=0)


def make_walk(*, n_frames=300, step_A=0.5, breathing=0.0, seed=7):
    """Walk 10 Li among 18 atoms that rattle on sites, all of it drifting."""
    rng = np.random.default_rng(seed)
    species = ("Li",) * 10 + ("Ti",) * 6 + ("O",) * 12
    cells = SKEWED_A * (1 + breathing * np.sin(np.arange(n_frames) / 5.0))[:, None, None]
    grid = np.indices((3, 3, 2)).reshape(3, -1).T / [3, 3, 2] + 0.1
    steps = rng.normal(scale=step_A, size=(n_frames, 10, 3))
    steps[0] = 0.0
    walk = rng.random((10, 3)) + np.cumsum(steps, axis=0) @ np.linalg.inv(SKEWED_A)
    rattle = rng.normal(scale=0.01, size=(n_frames, 18, 3))
    drift = np.arange(n_frames)[:, None, None] * np.array([2e-4, -1e-4, 0.0])
    return Walk(species, np.concatenate([walk, grid + rattle], axis=1) + drift, cells)


def write_xdatcar(walk, path, *, repeats_header=None):
    repeats = np.ptp(walk.cells_A, axis=0).any() if repeats_header is None else repeats_header
    text = ""
    for frame, (scaled, cell) in enumerate(zip(walk.wrapped, walk.cells_A, strict=True)):
        if frame == 0 or repeats:
            vectors = "".join("  {:.9f} {:.9f} {:.9f}\n".format(*row) for row in cell)
            text += f"walk\n  1.0\n{vectors}  Li Ti O\n  10 6 12\n"
        text += f"Direct configuration={frame + 1:6d}\n"
        text += "".join("  {:.9f}  {:.9f}  {:.9f}\n".format(*row) for row in scaled)
    path.write_text(text)
    return path


def write_vasprun(walk, path, *, extra=""):
    atoms = "".join(f"<rc><c>{name} </c><c> 1</c></rc>" for name in walk.species)
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n<incar>'
        '<i type="int" name="IBRION"> 0</i>'
        f'<i name="POTIM"> {INTERVAL_FS}</i><i name="TEBEG"> 600.0</i><i name="TEEND"> 600.0</i>'
        f'{extra}</incar>\n<atominfo><array name="atoms"><set>{atoms}</set></array></atominfo>\n'
    )
    structures = [
        _format_structure(scaled, cell)
        for scaled, cell in zip(walk.wrapped, walk.cells_A, strict=True)
    ]
    text += structures[0].replace("<structure>", '<structure name="initialpos">')
    for structure in structures:
        text += f"<calculation>\n<scstep><time>1</time></scstep>\n{structure}</calculation>\n"
    path.write_text(text + "</modeling>\n")
    return path


def _format_structure(scaled, cell):
    def rows(values):
        return "".join("<v> {:.9f} {:.9f} {:.9f} </v>\n".format(*row) for row in values)

    return (
        f'<structure>\n<crystal><varray name="basis">\n{rows(cell)}</varray></crystal>\n'
        f'<varray name="positions">\n{rows(scaled)}</varray></structure>\n'
    )


def list_atoms(walk, *, wrapped=True):
    from ase import Atoms

    positions = walk.wrapped if wrapped else walk.scaled
    return [
        Atoms(walk.species, scaled_positions=scaled, cell=cell, pbc=True)
        for scaled, cell in zip(positions, walk.cells_A, strict=True)
    ]


def write_ase(walk, path, **kwargs):
    """Write .extxyz or .traj by the name of the path."""
    from ase.io import write

    write(path, list_atoms(walk), **kwargs)
    return path


def write_lammps(walk, path, *, columns="xu yu zu", names="element", shuffle=True, step=10):
    """Write a dump in a cell of its own orientation, rows in changing order."""
    rng = np.random.default_rng(0)
    positions = walk.scaled if columns in {"xu yu zu", "xsu ysu zsu"} else walk.wrapped
    text = ""
    for frame, (scaled, cell) in enumerate(zip(positions, walk.cells_A, strict=True)):
        tilted = _orient(cell)
        xy, xz, yz = tilted[1, 0], tilted[2, 0], tilted[2, 1]
        low = np.array([1.5, -2.0, 0.25])
        bounds = [
            (low[0] + min(0, xy, xz, xy + xz), low[0] + tilted[0, 0] + max(0, xy, xz, xy + xz), xy),
            (low[1] + min(0, yz), low[1] + tilted[1, 1] + max(0, yz), xz),
            (low[2], low[2] + tilted[2, 2], yz),
        ]
        text += f"ITEM: TIMESTEP\n{step * frame}\nITEM: NUMBER OF ATOMS\n{len(scaled)}\n"
        text += "ITEM: BOX BOUNDS xy xz yz pp pp pp\n"
        text += "".join("{:.10f} {:.10f} {:.10f}\n".format(*row) for row in bounds)
        images = " ix iy iz" if columns.endswith("ix iy iz") else ""
        shown = columns.removesuffix(images)
        text += f"ITEM: ATOMS id {names} {columns}\n"
        values = scaled if shown.startswith("xs") else scaled @ tilted + low
        crossed = np.floor(walk.scaled[frame])
        order = rng.permutation(len(scaled)) if shuffle else range(len(scaled))
        for row in order:
            name = walk.species[row]
            name = name if names == "element" else {"Li": 1, "Ti": 2, "O": 3}[name]
            numbers = "{:.10f} {:.10f} {:.10f}".format(*values[row])
            tail = " {:.0f} {:.0f} {:.0f}".format(*crossed[row]) if images else ""
            text += f"{row + 1} {name} {numbers}{tail}\n"
    path.write_text(text)
    return path


def _orient(cell):
    """Return the lower triangular cell that LAMMPS uses, by the QR decomposition."""
    r = np.linalg.qr(cell.T)[1]
    signs = np.sign(np.diag(r))
    return (signs[:, None] * r).T


def write_analyzer(walk, path, *, temperature_K=600.0):
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice(walk.cells_A[0]), walk.species, walk.scaled[0])
    moved = (walk.scaled - walk.scaled[0]) @ walk.cells_A
    record = {
        "@module": "pymatgen.analysis.diffusion.analyzer",
        "@class": "DiffusionAnalyzer",
        "structure": structure.as_dict(),
        "displacements": moved.transpose(1, 0, 2).tolist(),
        "specie": "Li",
        "temperature": temperature_K,
        "time_step": 2,
        "step_skip": int(INTERVAL_FS / 2),
        "lattices": walk.cells_A.tolist() if np.ptp(walk.cells_A, axis=0).any() else None,
    }
    write = gzip.open if path.suffix == ".gz" else open
    with write(path, "wt") as file:
        json.dump(record, file)
    return path


def make_pymatgen_trajectory(walk):
    from pymatgen.core.trajectory import Trajectory

    return Trajectory(
        list(walk.species), walk.wrapped, lattice=walk.cells_A, constant_lattice=False
    )


def write_pymatgen(walk, path):
    path.write_text(json.dumps(make_pymatgen_trajectory(walk).as_dict(), default=_as_list))
    return path


def _as_list(value):
    return value.tolist() if isinstance(value, np.ndarray) else value.as_dict()


def write_h5md(walk, path, *, wrapped=True, unit="Angstrom", length=1.0, shuffle=False):
    import h5py

    positions = ((walk.wrapped if wrapped else walk.scaled) @ walk.cells_A) / length
    n_frames, n_atoms = positions.shape[:2]
    order = np.tile(np.arange(n_atoms), (n_frames, 1))
    if shuffle:
        order = np.random.default_rng(0).permuted(order, axis=1)
        positions = np.take_along_axis(positions, order[..., None], axis=1)
    with h5py.File(path, "w") as file:
        group = file.create_group("particles/all")
        group["position/value"] = positions
        group["position/step"] = 10 * np.arange(n_frames)
        group["position/time"] = INTERVAL_FS / 1000 * np.arange(n_frames)
        group["position/time"].attrs["unit"] = "ps"
        if unit is not None:
            group["position/value"].attrs["unit"] = unit
        if shuffle:
            group["id/value"] = order
        group["species"] = np.array(walk.species, dtype="S2")
        group.create_group("box").attrs["boundary"] = ["periodic"] * 3
        if np.ptp(walk.cells_A, axis=0).any():
            group["box/edges/value"] = walk.cells_A / length
        else:
            group["box/edges"] = walk.cells_A[0] / length
    return path


WRITERS = {
    "XDATCAR": write_xdatcar,
    "vasprun.xml": write_vasprun,
    "walk.extxyz": write_ase,
    "walk.traj": write_ase,
    "walk.lammpstrj": write_lammps,
    "analyzer.json": write_analyzer,
    "analyzer.json.gz": write_analyzer,
    "trajectory.json": write_pymatgen,
}
"""By the name of the file."""
if find_spec("h5py"):  # an extra
    WRITERS["walk.h5"] = write_h5md


def write_any(walk: Walk, folder: Path, name: str) -> Path:
    return WRITERS[name](walk, folder / name)
