"""Energy maps made from arrays, in a cell with one framework atom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure

from perolyte.bvse import EnergyMap


def make_map(
    energies_eV: NDArray[np.floating],
    lattice: Lattice | None = None,
    atoms: Sequence[tuple[str, Sequence[float]]] = (("O2-", (0.5, 0.5, 0.5)),),
) -> EnergyMap:
    """Wrap an array; the framework says only where its atoms are."""
    lattice = lattice or Lattice.orthorhombic(4.0, 5.0, 6.0)
    framework = Structure(lattice, [name for name, _ in atoms], [place for _, place in atoms])
    a, b, c = np.array(lattice.abc) / np.array(energies_eV.shape)
    return EnergyMap(
        structure=framework,
        framework=framework,
        ion="Li+",
        ion_charge=1,
        energies_eV=energies_eV,
        spacing_A=(float(a), float(b), float(c)),
        convention="softbv",
        cutoff_A=10.0,
        screening_factor=0.74,
        radius_scaling={},
        n_operations=1,
        warnings=(),
    )


def make_waves(
    shape: tuple[int, int, int], seed: int, *, n_waves: int = 6, highest: int = 2
) -> NDArray[np.float64]:
    """Smooth periodic energies: a sum of random plane waves."""
    rng = np.random.default_rng(seed)
    places = [np.arange(n) / n for n in shape]
    energies = np.zeros(shape)
    for _ in range(n_waves):
        k = rng.integers(-highest, highest + 1, size=3)
        phase = (
            k[0] * places[0][:, None, None] + k[1] * places[1][:, None] + k[2] * places[2]
        ) + rng.uniform()
        energies += rng.normal() * np.cos(2 * np.pi * phase)
    return energies


def make_egg_box(
    divisions: tuple[int, int, int], heights_eV: tuple[float, float, float]
) -> NDArray[np.float64]:
    """a f(x) + b f(y) + c f(z), f(u) = (1 - cos 2πu)/2: one site, barriers a, b and c."""
    x, y, z = [(1 - np.cos(2 * np.pi * np.arange(n) / n)) / 2 for n in divisions]
    a, b, c = heights_eV
    return a * x[:, None, None] + b * y[:, None] + c * z
