"""What stands on a site: one shared object per ion, and structures without oxidation states."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core.composition import Composition
    from pymatgen.core.structure import Structure

__all__ = ["occupy_site", "remove_states"]


@cache
def occupy_site(symbol: str, state: int | None = None) -> Composition:
    """Return what stands on a site that is full of one ion: the same object for every site.

    Thousands of candidates hold the same few ions; an object for each site would fill the memory.

    Parameters
    ----------
    symbol : str
        The element.
    state : int, optional
        Its oxidation state, in e.

    Examples
    --------
    >>> occupy_site("Sr", 2) is occupy_site("Sr", 2)
    True
    """
    from pymatgen.core.composition import Composition
    from pymatgen.core.periodic_table import Element, Species

    return Composition({Element(symbol) if state is None else Species(symbol, state): 1})


def remove_states(structure: Structure) -> Structure:
    """Return an ordered structure without its oxidation states.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered; it is not changed.

    Returns
    -------
    pymatgen.core.Structure
        Elements on the same places; labels and properties of sites are left behind.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure(Lattice.cubic(4.1), ["Cs+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> remove_states(cell).formula
    'Cs1 Cl1'
    """
    from pymatgen.core.structure import Structure as Cell

    elements = [occupy_site(next(iter(site.species)).symbol) for site in structure]
    return Cell(structure.lattice, elements, structure.frac_coords)
