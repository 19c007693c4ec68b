"""Periodic grids as text that other programs read: Gaussian cube, VESTA grd, VASP LOCPOT.

The text comes in pieces, so that a large grid is never held as text; whoever writes the file joins
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.units import BOHR_TO_A

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["GridFormat", "format_grid"]

GridFormat = Literal["cube", "grd", "locpot"]

_VALUES_PER_LINE = 6


def format_grid(
    values: NDArray[Any], structure: Structure, file_format: GridFormat, *, title: str
) -> Iterator[str]:
    """Write a periodic grid as text, piece by piece.

    Values keep their unit in every format, with six digits. A site with several occupants is shown
    as its most frequent one.

    Parameters
    ----------
    values
        ``(n_a, n_b, n_c)``; voxel (i, j, k) sits at the fractional coordinates
        (i/n_a, j/n_b, k/n_c).
    structure
        Cell of the grid, and the atoms to show with it.
    file_format
        "cube": Gaussian cube, lengths in Bohr. "grd": text grid of VESTA, without atoms. "locpot":
        local potential of VASP, for programs that read LOCPOT.
    title
        First line: what the values are, with their unit.

    Returns
    -------
    iterator of str
        Pieces of the file, in order.

    Raises
    ------
    InputError
        For another format, or values that are not a grid.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(4.0), ["Li"], [[0, 0, 0]])
    >>> text = "".join(format_grid(np.zeros((1, 2, 2)), salt, "grd", title="density in 1/Å³"))
    >>> text.splitlines()[2:]
    ['1 2 2', ' 0.000000E+00 0.000000E+00 0.000000E+00 0.000000E+00']
    """
    if values.ndim != 3:
        raise InputError(
            f"the grid has the shape {values.shape}; it must have three dimensions: give "
            "(n_a, n_b, n_c)"
        )
    if file_format == "cube":
        return _format_cube(values, structure, title)
    if file_format == "grd":
        return _format_grd(values, structure, title)
    if file_format == "locpot":
        return _format_locpot(values, structure, title)
    raise InputError(
        f"map format is {file_format!r}; it must be one of {', '.join(get_args(GridFormat))}"
    )


def _format_cube(values: NDArray[Any], structure: Structure, title: str) -> Iterator[str]:
    shown = _show_majority(structure)
    yield f"{title}\nOUTER LOOP: X, MIDDLE LOOP: Y, INNER LOOP: Z\n"
    yield f"{len(shown):5d}{0.0:12.6f}{0.0:12.6f}{0.0:12.6f}\n"
    for n, vector in zip(values.shape, shown.lattice.matrix, strict=True):
        x, y, z = vector / n / BOHR_TO_A
        yield f"{n:5d}{x:12.6f}{y:12.6f}{z:12.6f}\n"
    for site in shown:
        x, y, z = site.coords / BOHR_TO_A
        yield f"{site.specie.Z:5d}{float(site.specie.Z):12.6f}{x:12.6f}{y:12.6f}{z:12.6f}\n"
    for slab in values:
        for row in slab:
            yield _format_values(row)


def _format_grd(values: NDArray[Any], structure: Structure, title: str) -> Iterator[str]:
    yield f"{title}\n"
    yield " ".join(f"{value:.6f}" for value in structure.lattice.parameters) + "\n"
    yield " ".join(str(n) for n in values.shape) + "\n"
    for slab in values:
        yield _format_values(slab.ravel())


def _format_locpot(values: NDArray[Any], structure: Structure, title: str) -> Iterator[str]:
    from pymatgen.io.vasp.inputs import Poscar

    shown = _show_majority(structure).get_sorted_structure()
    yield Poscar(shown, comment=title).get_str(significant_figures=8)
    yield "\n" + " ".join(str(n) for n in values.shape) + "\n"
    # VASP runs through a first
    for k in range(values.shape[2]):
        yield _format_values(values[:, :, k].T.ravel())


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
