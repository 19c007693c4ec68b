"""Molar masses from the standard atomic weights of IUPAC."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["weigh_g_per_mol"]


def weigh_g_per_mol(amounts: Mapping[str, float]) -> float:
    """Return the molar mass of an amount of each element, g/mol.

    Standard atomic weights of 2016 (doi 10.1515/pac-2016-0402), as ase has them.
    """
    from ase.data import atomic_masses_iupac2016, atomic_numbers

    return float(sum(n * atomic_masses_iupac2016[atomic_numbers[e]] for e, n in amounts.items()))
