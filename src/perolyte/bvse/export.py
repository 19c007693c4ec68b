"""Energy maps as text that other programs read: Gaussian cube, VESTA grd, VASP LOCPOT."""

from __future__ import annotations

from collections.abc import Iterator

from perolyte.bvse.map import EnergyMap
from perolyte.grids import GridFormat, format_grid

__all__ = ["MapFormat", "format_map"]

MapFormat = GridFormat


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
    formula = energies.structure.composition.reduced_formula
    title = f"{formula} site energy of {energies.ion} in eV, {energies.convention} convention"
    return format_grid(energies.energies_eV, energies.structure, file_format, title=title)
