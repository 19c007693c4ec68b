"""Element symbols as files write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray

__all__ = ["check_species", "list_masses", "map_types"]

_VASP_NAMES = {"r": "Zr", "X": "Xe"}
"""vasprun.xml cuts these two names."""


def check_species(names: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return element symbols, without the suffixes of potentials (Li_sv, Ti_pv/1f2a).

    Raises
    ------
    InputError
        For no atoms, or a name that is no element.

    Examples
    --------
    >>> check_species(["Li_sv", "O"], Path("XDATCAR"))
    ('Li', 'O')
    """
    from pymatgen.core import Element

    known: dict[str, str] = {}
    for name in dict.fromkeys(names):
        symbol = re.split(r"[_/.]", name.strip(), maxsplit=1)[0]
        symbol = _VASP_NAMES.get(symbol, symbol)
        if not Element.is_valid_symbol(symbol):
            raise InputError(
                f"{path}: {name!r} is no element; element symbols are needed: give those of the "
                "atom types with species_of_type (--species 1=Li,2=O) or correct the file"
            )
        known[name] = symbol
    if not known:
        raise InputError(f"{path} holds no atoms: check that it is a trajectory")
    return tuple(known[name] for name in names)


def map_types(
    types: Sequence[int], species_of_type: tuple[tuple[int, str], ...], path: Path
) -> tuple[str, ...]:
    """Return the element of each atom by its type.

    Raises
    ------
    InputError
        For a type that is not named.

    Examples
    --------
    >>> map_types([1, 2, 2], ((1, "Li"), (2, "O")), Path("dump"))
    ('Li', 'O', 'O')
    """
    names = dict(species_of_type)
    unknown = sorted(set(types) - set(names))
    if unknown:
        raise InputError(
            f"{path} numbers its atom types and type {unknown[0]} has no element: give all with "
            "species_of_type (--species 1=Li,2=O)"
        )
    return check_species([names[number] for number in types], path)


def list_masses(species: Sequence[str]) -> FloatArray:
    """Return the mass of each atom, (n_atoms,), atomic mass units.

    Examples
    --------
    >>> list_masses(["Li", "O"]).round(2).tolist()
    [6.94, 16.0]
    """
    from pymatgen.core import Element

    by_symbol = {symbol: float(Element(symbol).atomic_mass) for symbol in set(species)}
    return np.array([by_symbol[symbol] for symbol in species])
