"""Electronegativities, also of elements that have none."""

from __future__ import annotations

__all__ = ["read_electronegativity"]


def read_electronegativity(symbol: str) -> float:
    """Return Pauling's electronegativity; 0 for elements without one, such as argon.

    pymatgen warns and gives NaN for those, which no comparison can order.
    """
    from pymatgen.core.periodic_table import Element

    return float(Element(symbol).data.get("X") or 0.0)
