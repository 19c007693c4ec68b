"""Crystals and published numbers that potentials are compared with.

Experiments are near room temperature unless said; a potential is asked at 0 K without zero-point
motion, and carries the errors of the functional that it was trained on: PBE makes lattice
parameters of oxides about 1 % too long. The limits of the checks leave room for that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from perolyte.potentials.validation.result import Reference
from perolyte.structures.reference_oxides import reference_oxide

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = [
    "LLTO_HOP_EV",
    "OXYGEN_HOP_EV",
    "SRTIO3_BULK_MODULUS_GPA",
    "SRTIO3_ELASTIC_GPA",
    "SRTIO3_LENGTH_A",
    "SRTIO3_LENGTH_SOURCE",
    "ReferenceCrystal",
    "build_llto",
    "build_perovskite",
    "reference_crystals",
]

_WACHTMAN: Final = (
    "single crystal, 298 K, Wachtman, Wheat and Marzullo (1963), doi 10.6028/jres.067A.018"
)
SRTIO3_LENGTH_A: Final = 3.9053
SRTIO3_LENGTH_SOURCE: Final = "gamma-ray diffraction, 293 K, IUCr journals paper sh5025"
SRTIO3_ELASTIC_GPA: Final[Mapping[str, Reference]] = {
    "C11": Reference(315.6, _WACHTMAN, 2.7),
    "C12": Reference(102.7, _WACHTMAN, 2.7),
    "C44": Reference(121.5, _WACHTMAN, 0.6),
}
SRTIO3_BULK_MODULUS_GPA: Final = Reference(
    (315.6 + 2 * 102.7) / 3, f"(C11 + 2 C12)/3 of {_WACHTMAN}", math.hypot(2.7, 2 * 2.7) / 3
)
LLTO_HOP_EV: Final = Reference(
    0.47,
    "B3LYP of Li0.125La0.625TiO3, two-dimensional path of model 1 with the other ions frozen, "
    "Catti (2008), doi 10.1021/jp803345y: relaxed ions lower it, so that it only warns",
)
OXYGEN_HOP_EV: Final = Reference(
    0.60,
    "anelastic relaxation of SrTiO3-d, hops of isolated vacancies, Cordero (2007), "
    "doi 10.48550/arXiv.0707.0639: those are ionised, this one is neutral, so that it only warns",
)


@dataclass(frozen=True)
class ReferenceCrystal:
    """A crystal whose lattice parameters are published.

    Attributes
    ----------
    name
        With the polymorph.
    build
        Makes the cell, ordered.
    lengths_A
        Published lattice parameters by name (``"a"``, ``"c"``), Å.
    source
        With DOI and temperature.
    repeats
        Cells of the published crystal along each axis of the one that is built.
    is_pseudocubic
        Whether the cell is compared by the edge of a cube of its volume for each of its formula
        units, because the order of its ions is not that of the measured crystal.
    """

    name: str
    build: Callable[[], Structure]
    lengths_A: Mapping[str, float]
    source: str
    repeats: int = 1
    is_pseudocubic: bool = False


def build_perovskite(a_A: float, A: str, B: str, X: str) -> Structure:
    """Return a cubic ABX3 of five atoms: A at the corner, B in the middle.

    Examples
    --------
    >>> len(build_perovskite(3.9053, "Sr", "Ti", "O"))
    5
    """
    from pymatgen.core import Lattice, Structure

    sites: list[list[float]] = [
        [0, 0, 0],
        [0.5, 0.5, 0.5],
        [0.5, 0.5, 0],
        [0.5, 0, 0.5],
        [0, 0.5, 0.5],
    ]
    return Structure(Lattice.cubic(a_A), [A, B, X, X, X], sites)


def build_llto(a_A: float = 3.8737) -> Structure:
    """Return Li0.125La0.625TiO3 in 2 x 2 x 2 cubic cells: the order of doi 10.1021/jp803345y.

    One (001) layer of A sites is full of lanthanum; the other has one lanthanum, one lithium
    across the square from it, and two vacancies. Lithium is the first of the 38 atoms.

    Examples
    --------
    >>> build_llto().composition.formula
    'Li1 La5 Ti8 O24'
    """
    cell = build_perovskite(a_A, "La", "Ti", "O") * (2, 2, 2)
    layer = [
        index
        for index, site in enumerate(cell)
        if site.specie.symbol == "La" and abs(site.frac_coords[2] - 0.5) < 0.1
    ]
    place = {tuple(round(2 * x) for x in cell[index].frac_coords[:2]): index for index in layer}
    cell.replace(place[1, 1], "Li")
    cell.remove_sites([place[1, 0], place[0, 1]])
    return cell.get_sorted_structure(key=lambda site: site.specie.symbol != "Li")


def reference_crystals() -> tuple[ReferenceCrystal, ...]:
    """Return every crystal that lattice parameters are checked on, perovskites first."""
    titania, alumina = reference_oxide("Ti", 4), reference_oxide("Al", 3)
    lanthana = reference_oxide("La", 3)
    oxides = tuple(
        ReferenceCrystal(
            name,
            oxide.structure,
            {"a": oxide.cell[0], "c": oxide.cell[2]},
            f"{oxide.source}, doi {oxide.doi}",
        )
        for name, oxide in (
            ("TiO2 rutile", titania),
            ("Al2O3 corundum", alumina),
            ("La2O3", lanthana),
        )
    )
    return (
        ReferenceCrystal(
            "SrTiO3",
            lambda: build_perovskite(SRTIO3_LENGTH_A, "Sr", "Ti", "O"),
            {"a": SRTIO3_LENGTH_A},
            SRTIO3_LENGTH_SOURCE,
        ),
        ReferenceCrystal(
            "LLTO",
            build_llto,
            {"a": (3.8727**2 * 7.7510 / 2) ** (1 / 3)},
            "edge of a cube of the volume of Li0.305La0.565TiO3, Ibarra et al. (2000), "
            "doi 10.1016/s0167-2738(00)00761-x; the cell here is Li0.125La0.625TiO3",
            repeats=2,
            is_pseudocubic=True,
        ),
        ReferenceCrystal(
            "BaZrO3",
            lambda: build_perovskite(4.18983, "Ba", "Zr", "O"),
            {"a": 4.18983},
            "150 K, Knight (2020), doi 10.1007/s10853-020-04453-5",
        ),
        ReferenceCrystal(
            "Li3OBr",
            lambda: build_perovskite(4.056, "Br", "O", "Li"),
            {"a": 4.056},
            "doi 10.1515/znb-1989-1103",
        ),
        *oxides,
    )
