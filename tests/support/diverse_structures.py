"""Periodic structures of many kinds, for comparing two implementations of one potential.

Nothing here is meant to be stable: what counts is that every way of arranging neighbours occurs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build import bulk, fcc111, make_supercell
from ase.spacegroup import crystal

__all__ = ["KINDS", "generate_structures"]

_MIN_DISTANCE_A = 1.4


def generate_structures(n_structures: int, *, seed: int = 1) -> list[tuple[str, Atoms]]:
    """Return structures with the names of their kinds, every kind as often as the others."""
    rng = np.random.default_rng(seed)
    names = list(KINDS)
    chosen = (names[index % len(names)] for index in range(n_structures))
    return [(name, _make(KINDS[name], rng)) for name in chosen]


def _make(maker: Callable[[np.random.Generator], Atoms], rng: np.random.Generator) -> Atoms:
    while True:
        atoms = maker(rng)
        distances = atoms.get_all_distances(mic=True)
        np.fill_diagonal(distances, np.inf)
        if distances.min() > _MIN_DISTANCE_A:
            return atoms


def _deform(atoms: Atoms, rng: np.random.Generator, rattle_A: float, strain: float) -> Atoms:
    deformation = np.eye(3) + rng.uniform(-strain, strain, (3, 3))
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.positions += rng.normal(0, rattle_A, atoms.positions.shape)
    return atoms


def _perovskite(rng: np.random.Generator) -> Atoms:
    first = rng.choice(["Sr", "Ba", "La", "K", "Pb", "Ca"])
    second = rng.choice(["Ti", "Zr", "Nb", "Mn", "Fe", "Co"])
    third = rng.choice(["O", "F", "Cl"], p=[0.7, 0.2, 0.1])
    a = {"O": 3.95, "F": 4.1, "Cl": 5.0}[third] * rng.uniform(0.95, 1.08)
    places = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    atoms = Atoms([first, second, *[third] * 3], scaled_positions=places, cell=[a] * 3, pbc=True)
    atoms = atoms.repeat(rng.permutation([1, 1, 2]))
    return _deform(atoms, rng, 0.12, 0.03)


def _vacant_perovskite(rng: np.random.Generator) -> Atoms:
    atoms = _perovskite(rng)
    del atoms[rng.choice(len(atoms), 2, replace=False)]
    return atoms


def _rocksalt(rng: np.random.Generator) -> Atoms:
    pairs = [("Mg", "O", 4.2), ("Li", "F", 4.0), ("Na", "Cl", 5.6), ("Ti", "N", 4.2)]
    first, second, a = pairs[rng.integers(len(pairs))]
    atoms = bulk(first + second, "rocksalt", a=a * rng.uniform(0.93, 1.1), cubic=True)
    return _deform(atoms, rng, 0.15, 0.04)


def _ideal(rng: np.random.Generator) -> Atoms:
    """High symmetry, untouched: straight angles and equal distances."""
    kinds = [("NiO", "rocksalt", 4.2), ("CsCl", "cesiumchloride", 4.1), ("GaAs", "zincblende", 5.7)]
    kinds += [("CaF2", "fluorite", 5.5)]
    name, structure, a = kinds[rng.integers(len(kinds))]
    return bulk(name, structure, a=a * rng.uniform(0.95, 1.05))


def _alloy(rng: np.random.Generator) -> Atoms:
    structure, a = [("fcc", 3.8), ("bcc", 3.1)][rng.integers(2)]
    atoms = bulk("Cu", structure, a=a * rng.uniform(0.95, 1.15), cubic=True).repeat((2, 2, 1))
    atoms.numbers[:] = rng.choice([13, 22, 24, 26, 27, 28, 29, 42, 46, 47, 78, 79], len(atoms))
    return _deform(atoms, rng, 0.1, 0.05)


def _garnet(rng: np.random.Generator) -> Atoms:
    atoms = crystal(
        ["La", "Zr", "Li", "O"],
        [(0.125, 0, 0.25), (0, 0, 0), (0.375, 0, 0.25), (0.1, 0.195, 0.28)],
        spacegroup=230,
        cellpar=[13.0, 13.0, 13.0, 90, 90, 90],
        primitive_cell=True,
    )
    return _deform(atoms, rng, 0.05, 0.02)


def _random_elements(rng: np.random.Generator) -> Atoms:
    """A low-symmetry cell with elements from the whole table."""
    n_atoms = int(rng.integers(3, 14))
    edge = (n_atoms * rng.uniform(12, 25)) ** (1 / 3)
    cell = np.diag([edge] * 3) @ (np.eye(3) + rng.uniform(-0.35, 0.35, (3, 3)))
    atoms = Atoms(numbers=rng.integers(1, 95, n_atoms), cell=cell, pbc=True)
    atoms.set_scaled_positions(rng.random((n_atoms, 3)))
    return atoms


def _tiny(rng: np.random.Generator) -> Atoms:
    """One or two atoms: every neighbour is an image, and most pairs have several."""
    kind = rng.integers(3)
    if kind == 0:
        atoms = bulk(rng.choice(["Cu", "Al", "Ag", "Ni"]), "fcc", a=rng.uniform(3.4, 4.3))
    elif kind == 1:
        atoms = bulk(rng.choice(["Li", "Na", "Fe", "W"]), "bcc", a=rng.uniform(2.8, 3.6))
    else:
        atoms = bulk("Si", "diamond", a=rng.uniform(5.2, 5.8))
    return _deform(atoms, rng, 0.05, 0.08)


def _skewed(rng: np.random.Generator) -> Atoms:
    """The same crystals in unreduced, sharply skewed, sometimes left-handed cells."""
    atoms = _tiny(rng) if rng.random() < 0.5 else _rocksalt(rng)
    shear = np.eye(3, dtype=int)
    shear[np.triu_indices(3, 1)] = rng.integers(-3, 4, 3)
    shear = shear[rng.permutation(3)]
    if np.linalg.det(shear) < 0:
        shear[[0, 1]] = shear[[1, 0]]
    atoms = make_supercell(atoms, shear, wrap=False)
    atoms.positions += rng.integers(-3, 4, (len(atoms), 3)) @ atoms.cell.array
    return atoms


def _without_bonds(rng: np.random.Generator) -> Atoms:
    """Neighbours within 6 Å and none within 3 Å: edges without angles."""
    symbol = rng.choice(["Ar", "Xe", "Cs", "Kr", "O"])
    atoms = bulk(symbol, "sc", a=rng.uniform(3.3, 5.3))
    return _deform(atoms.repeat((2, 1, 1)), rng, 0.03, 0.01)


def _few_bonds(rng: np.random.Generator) -> Atoms:
    """Pairs of atoms far from others: bonds without angles, or one angle."""
    atoms = Atoms(["O", "O", *(["H"] if rng.random() < 0.5 else [])], pbc=True, cell=[6.2] * 3)
    steps = [[0, 0, 0], [1.6, 0.3, 0.2], [2.3, 1.7, 0.1]]
    atoms.positions = np.array(steps)[: len(atoms)] + rng.normal(0, 0.05, (len(atoms), 3))
    return _deform(atoms, rng, 0.02, 0.05)


def _slab(rng: np.random.Generator) -> Atoms:
    symbol, a = [("Al", 4.05), ("Cu", 3.6), ("Pt", 3.9)][rng.integers(3)]
    atoms = fcc111(symbol, (2, 1, 2), a=a, vacuum=rng.uniform(3, 9), periodic=True)
    return _deform(atoms, rng, 0.08, 0.02)


def _chain(rng: np.random.Generator) -> Atoms:
    """Exactly straight rows."""
    symbols = rng.choice(["Au", "C", "Ti", "O", "Li"], 2)
    spacing_A = rng.uniform(1.6, 2.6)
    atoms = Atoms(symbols, cell=[2 * spacing_A, rng.uniform(4, 8), rng.uniform(4, 8)], pbc=True)
    atoms.positions[1, 0] = spacing_A
    return atoms


KINDS: dict[str, Callable[[np.random.Generator], Atoms]] = {
    "perovskite": _perovskite,
    "vacant perovskite": _vacant_perovskite,
    "rocksalt": _rocksalt,
    "ideal": _ideal,
    "alloy": _alloy,
    "random elements": _random_elements,
    "tiny": _tiny,
    "skewed": _skewed,
    "without bonds": _without_bonds,
    "few bonds": _few_bonds,
    "slab": _slab,
    "chain": _chain,
    "garnet": _garnet,
}
