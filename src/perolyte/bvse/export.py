"""Energy maps as text that other programs read: Gaussian cube, VESTA grd, VASP LOCPOT.

The text comes in pieces, so that a large map is never held as text; whoever writes the file joins
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.map import EnergyMap
from perolyte.errors import InputError
from perolyte.units import BOHR_TO_A

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MapFormat", "format_map"]

MapFormat = Literal["cube", "grd", "locpot"]

_VALUES_PER_LINE = 6


def format_map(energies: EnergyMap, file_format: MapFormat) -> Iterator[str]:
    """Write an energy map as text, piece by piece.

    Energies are in eV in every format, with six digits. A site with several occupants is shown as
    its most frequent one.

    Parameters
    ----------
    energies
        The map.
    file_format
        "cube": Gaussian cube, lengths in Bohr. "grd": text grid of VESTA. "locpot": local
        potential of VASP, for programs that read LOCPOT.

    Returns
    -------
    iterator of str
        Pieces of the file, in order.

    Raises
    ------
    InputError
        For another format.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.bvse import energy_map
    >>> rocksalt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.03), ["Li1+", "F1-"],
    ...                                      [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> text = "".join(format_map(energy_map(rocksalt, "Li+", spacing_A=0.5), "grd"))
    >>> text.splitlines()[2]
    '9 9 9'
    """
    if file_format == "cube":
        return _format_cube(energies)
    if file_format == "grd":
        return _format_grd(energies)
    if file_format == "locpot":
        return _format_locpot(energies)
    raise InputError(
        f"map format is {file_format!r}; it must be one of {', '.join(get_args(MapFormat))}"
    )


def _format_cube(energies: EnergyMap) -> Iterator[str]:
    structure = _show_majority(energies.structure)
    yield f"{_title(energies)}\nOUTER LOOP: X, MIDDLE LOOP: Y, INNER LOOP: Z\n"
    yield f"{len(structure):5d}{0.0:12.6f}{0.0:12.6f}{0.0:12.6f}\n"
    for n, vector in zip(energies.divisions, structure.lattice.matrix, strict=True):
        x, y, z = vector / n / BOHR_TO_A
        yield f"{n:5d}{x:12.6f}{y:12.6f}{z:12.6f}\n"
    for site in structure:
        x, y, z = site.coords / BOHR_TO_A
        yield f"{site.specie.Z:5d}{float(site.specie.Z):12.6f}{x:12.6f}{y:12.6f}{z:12.6f}\n"
    for slab in energies.energies_eV:
        for row in slab:
            yield _format_values(row)


def _format_grd(energies: EnergyMap) -> Iterator[str]:
    yield f"{_title(energies)}\n"
    yield " ".join(f"{value:.6f}" for value in energies.structure.lattice.parameters) + "\n"
    yield " ".join(str(n) for n in energies.divisions) + "\n"
    for slab in energies.energies_eV:
        yield _format_values(slab.ravel())


def _format_locpot(energies: EnergyMap) -> Iterator[str]:
    from pymatgen.io.vasp.inputs import Poscar

    structure = _show_majority(energies.structure).get_sorted_structure()
    yield Poscar(structure, comment=_title(energies)).get_str(significant_figures=8)
    yield "\n" + " ".join(str(n) for n in energies.divisions) + "\n"
    # VASP runs through a first
    for k in range(energies.divisions[2]):
        yield _format_values(energies.energies_eV[:, :, k].T.ravel())


def _title(energies: EnergyMap) -> str:
    formula = energies.structure.composition.reduced_formula
    return f"{formula} site energy of {energies.ion} in eV, {energies.convention} convention"


def _show_majority(structure: Structure) -> Structure:
    """Return the structure with one element per site."""
    from pymatgen.core.structure import Structure

    elements = [
        min(site.species.items(), key=lambda item: (-item[1], str(item[0])))[0].symbol
        for site in structure
    ]
    return Structure(structure.lattice, elements, structure.frac_coords)


def _format_values(values: NDArray[Any]) -> str:
    """Values in lines of six."""
    listed = np.asarray(values, dtype=np.float64).tolist()
    full, rest = divmod(len(listed), _VALUES_PER_LINE)
    line = " %.6E" * _VALUES_PER_LINE + "\n"
    last = " %.6E" * rest + "\n" if rest else ""
    return (line * full + last) % tuple(listed)
