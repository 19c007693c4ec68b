"""Energy of a mobile ion at every point of a frozen framework."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.framework import decorate_structure, parse_ion, remove_ion
from perolyte.bvse.potentials import BVSEConvention, find_pair_potentials, tabulate_pairs
from perolyte.bvse.summation import sum_pairs
from perolyte.bvse.symmetry import choose_grid, find_operations
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["ENERGY_CAP_EV", "EnergyMap", "energy_map"]

ENERGY_CAP_EV = 100.0
"""Energies are limited to this; nothing moves through the core of an atom."""

# what finding barriers needs beside the map: order, parent, offset and slot of each voxel, and its
# energy once more where the map is in single precision
_WORK_BYTES_PER_VOXEL = 28


@dataclass(frozen=True, eq=False)
class EnergyMap:
    """Site energy of a mobile ion on a periodic grid.

    Attributes
    ----------
    structure : pymatgen.core.Structure
        The crystal as given, with oxidation states.
    framework : pymatgen.core.Structure
        The crystal without the mobile ion.
    ion : str
        The mobile ion as pymatgen writes it, such as ``Li+``.
    ion_charge : int
        Its charge, in e.
    energies_eV : ndarray
        ``(n_a, n_b, n_c)``, eV; voxel (i, j, k) sits at the fractional coordinates
        (i/n_a, j/n_b, k/n_c). At most :data:`ENERGY_CAP_EV`, never infinite.
    spacing_A : tuple of float
        Distance of voxels along a, b and c, in Å.
    convention : str
        "softbv" or "bvlain"; barriers of different conventions do not compare.
    cutoff_A : float
        Pairs farther apart do not interact, in Å.
    screening_factor : float
        Factor on the sum of covalent radii in the screening of the repulsion.
    radius_scaling : mapping of str to float
        Factor on the bond length with each element named.
    n_operations : int
        Symmetry operations that were used, 1 for none.
    warnings : tuple of str
        What a reader of the map has to know.
    """

    structure: Structure
    framework: Structure
    ion: str
    ion_charge: int
    energies_eV: NDArray[Any]
    spacing_A: tuple[float, float, float]
    convention: BVSEConvention
    cutoff_A: float
    screening_factor: float
    radius_scaling: Mapping[str, float]
    n_operations: int
    warnings: tuple[str, ...]

    @property
    def divisions(self) -> tuple[int, int, int]:
        """Voxels along a, b and c."""
        n_a, n_b, n_c = self.energies_eV.shape
        return n_a, n_b, n_c


def energy_map(
    structure: Structure,
    ion: str,
    *,
    spacing_A: float = 0.1,
    convention: BVSEConvention = "softbv",
    cutoff_A: float = 10.0,
    screening_factor: float = 0.74,
    dtype: Literal["float64", "float32"] = "float64",
    oxidation_states: Mapping[str, float] | None = None,
    use_symmetry: bool = True,
    radius_scaling: Mapping[str, float] | None = None,
    divisions: tuple[int, int, int] | None = None,
    charge_tolerance: float = 0.02,
    memory_limit_GB: float | None = None,
) -> EnergyMap:
    """Map the bond valence site energy of an ion in the crystal without all ions of its kind.

    E(r) = Σ E_Morse (ions of opposite charge) + Σ k q q_j/R erfc[R / (f (r + r_j))] (ions of like
    charge), q = V/sqrt(n) with oxidation state V and principal quantum number n, r the covalent
    radii (doi 10.1107/S2052520618015718). Each term is weighted by the occupancy of its site.

    Parameters
    ----------
    structure
        Crystal with oxidation states on its species, ordered or disordered.
    ion
        The mobile ion with its charge, such as "Li1+" or "O2-". Only this oxidation state of the
        element is removed.
    spacing_A
        Å, largest distance of voxels along an edge; divisions may be up to 6 % finer so that the
        symmetry of the framework maps the grid onto itself.
    convention
        "softbv": published Morse potential, pair energies faded out over the last Å before the
        cutoff (quintic step). "bvlain": half of the Morse potential and an abrupt cutoff, as the
        code of that name; its barriers are about half as high.
    cutoff_A
        Å, from 2 to 20. Every site within it counts, however many there are; pairs below 1e-6 eV
        are dropped.
    screening_factor
        f above, above zero.
    dtype
        Type of the result; sums are in double precision either way.
    oxidation_states
        State of each element, in e, for a structure without them.
    use_symmetry
        Compute one voxel of each orbit and copy it to the others. Positions count as equal
        within 1e-4 Å.
    radius_scaling
        Factor on r0 and r_min of the bond between the ion and an element, 1 where not given; the
        depth of the well follows from its closed form.
    divisions
        Voxels along a, b, c in place of the spacing, for a comparison on the same grid.
    charge_tolerance
        Largest net charge over the charge of all cations: occupancies are rounded, and cells with
        a vacancy are charged on purpose.
    memory_limit_GB
        GB; half of the physical memory where not given.

    Returns
    -------
    EnergyMap
        The energies with everything they depend on.

    Raises
    ------
    InputError
        For an ion that is not in the structure, an unknown oxidation state, a pair without
        usable parameters, overlapping sites, a charged structure, a grid that does not fit in
        memory, or a number out of its range.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> rocksalt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li", "F"],
    ...                                      [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> energies = energy_map(rocksalt, "Li+", spacing_A=0.5, oxidation_states={"Li": 1, "F": -1})
    >>> energies.divisions, round(float(energies.energies_eV[0, 0, 0]), 1)
    ((9, 9, 9), -3.3)
    """
    _check_numbers(spacing_A, cutoff_A, screening_factor, divisions)
    mobile = parse_ion(ion)
    decorated = decorate_structure(structure, oxidation_states, charge_tolerance=charge_tolerance)
    framework = remove_ion(decorated, mobile)
    scaling = dict(sorted((radius_scaling or {}).items()))
    potentials = find_pair_potentials(
        framework,
        mobile,
        convention=convention,
        screening_factor=screening_factor,
        radius_scaling=scaling,
    )
    tables = tabulate_pairs(
        framework,
        potentials,
        cutoff_A=cutoff_A,
        switched=convention == "softbv",
        cap_eV=ENERGY_CAP_EV,
    )
    lengths_A = np.asarray(framework.lattice.abc, dtype=np.float64)
    itemsize = np.dtype(dtype).itemsize
    needed = np.ceil(lengths_A / spacing_A) if divisions is None else np.array(divisions)
    _check_memory(needed, spacing_A if divisions is None else None, itemsize, memory_limit_GB)
    rotations, translations = np.eye(3, dtype=np.int64)[None], np.zeros((1, 3))
    if use_symmetry:
        rotations, translations = find_operations(framework, tables.kinds)
    grid = choose_grid(lengths_A, rotations, translations, spacing_A=spacing_A, divisions=divisions)
    energies = sum_pairs(
        framework, tables, grid, dtype=dtype, cutoff_A=cutoff_A, cap_eV=ENERGY_CAP_EV
    )
    return EnergyMap(
        structure=decorated,
        framework=framework,
        ion=mobile.label,
        ion_charge=mobile.charge,
        energies_eV=energies,
        spacing_A=_as_triple(lengths_A / grid.divisions),
        convention=convention,
        cutoff_A=float(cutoff_A),
        screening_factor=float(screening_factor),
        radius_scaling=scaling,
        n_operations=len(grid.rotations),
        warnings=_list_warnings(framework, mobile.label),
    )


def _check_numbers(
    spacing_A: float,
    cutoff_A: float,
    screening_factor: float,
    divisions: tuple[int, int, int] | None,
) -> None:
    if not 0.01 <= spacing_A <= 1.0:
        raise InputError(
            f"spacing_A is {spacing_A:g} Å; it must be from 0.01 to 1 Å: 0.1 resolves a barrier"
        )
    if not 2.0 <= cutoff_A <= 20.0:
        raise InputError(
            f"cutoff_A is {cutoff_A:g} Å; it must be from 2 to 20 Å: 10 is converged to 1 meV"
        )
    if not 0.1 <= screening_factor <= 2.0:
        raise InputError(
            f"screening_factor is {screening_factor:g}; it must be from 0.1 to 2: 0.74 is usual"
        )
    if divisions is not None and (len(divisions) != 3 or min(divisions) < 1):
        raise InputError(f"divisions are {divisions}; give three numbers of voxels above 0")


def _check_memory(
    divisions: NDArray[np.float64],
    spacing_A: float | None,
    itemsize: int,
    memory_limit_GB: float | None,
) -> None:
    """Refuse a grid before it is allocated."""
    limit_GB = memory_limit_GB
    if limit_GB is None:
        limit_GB = 0.5e-9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    needed_GB = float(divisions.prod()) * (itemsize + _WORK_BYTES_PER_VOXEL) * 1e-9
    if needed_GB <= limit_GB:
        return
    size = " x ".join(f"{n:.0f}" for n in divisions)
    advice = "fewer divisions"
    if spacing_A is not None:
        # rounded up, so that the spacing named does fit
        fits_A = np.ceil(100.0 * spacing_A * (1.1 * needed_GB / limit_GB) ** (1 / 3)) / 100.0
        advice = f"a spacing of {fits_A:.2f} Å"
    raise InputError(
        f"a grid of {size} voxels needs {needed_GB:.3g} GB, allowed are {limit_GB:.3g} GB; "
        f"{advice} fits"
    )


def _list_warnings(framework: Structure, ion: str) -> tuple[str, ...]:
    partial = sum(abs(site.species.num_atoms - 1.0) > 1e-3 for site in framework)
    mixed = sum(len(site.species) > 1 for site in framework)
    if not partial and not mixed:
        return ()
    warning = (
        f"{max(partial, mixed)} of {len(framework)} sites around {ion} are partly or jointly "
        "occupied: energies are averages over their occupants; ordered cells are safer"
    )
    return (warning,)


def _as_triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    a, b, c = (float(value) for value in values)
    return a, b, c
