"""What the classification of a structure says, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from perolyte.structures.tolerance import ToleranceFactors

__all__ = ["PerovskiteResult", "Verdict"]

Verdict = Literal["yes", "no", "related"]


@dataclass(frozen=True)
class PerovskiteResult:
    """Whether a structure is a perovskite, of which family, and the evidence for it.

    Attributes
    ----------
    is_perovskite : {"yes", "no", "related"}
        "yes" is a three-dimensional net of corner-sharing octahedra of the primitive cubic kind
        with something in its cages; "related" are its layered, hexagonal, empty, strongly
        distorted and anion-deficient relatives.
    family : str
        "simple", "a_site_deficient", "double", "anti_perovskite"; "ruddlesden_popper",
        "dion_jacobson", "aurivillius", "layered_110", "layered_other", "hexagonal",
        "linbo3_type", "reo3_type", "post_perovskite", "vacancy_ordered_double",
        "anion_deficient"; "ilmenite" or "none".
    sites : dict of str to tuple of str
        Elements of "A", "B" (centres of the octahedra) and "X" (their vertices); empty for
        "none". In an anti-perovskite B is the anion in the octahedron and X the cation around it.
    a_occupancy : float or None
        Occupied fraction of the A sites: one per cage in three-dimensional nets, and the number
        that the family has when full in the layered ones; None where the family has no A site.
    octahedral_network_dimension : int or None
        0 (isolated octahedra) to 3, from the periods of the connected octahedra; None without
        octahedra.
    mobile_ion_dimension : int or None
        0 to 3, from the periods of the connected sites of the mobile ion; None without one.
    mobile_ion : str or None
        The element for which ``mobile_ion_dimension`` holds.
    tilt_system : str or None
        Glazer symbol in the order 0, +, −, for example "a+b-b-"; None where it is not defined,
        with the reason in ``evidence``.
    b_order, a_order : str or None
        "rocksalt", "layered", "columnar", "1:3", "other" or "disordered" arrangement of several
        species (or species and vacancies) on the sites; None for one full species.
    tolerance : ToleranceFactors or None
        Geometric factors; None where they are not defined, with the reason in ``warnings``.
    evidence : tuple of str
        One line each, with the numbers that decided.
    warnings : tuple of str
        One line each: what was assumed or is doubtful.
    """

    is_perovskite: Verdict
    family: str
    sites: dict[str, tuple[str, ...]]
    a_occupancy: float | None
    octahedral_network_dimension: int | None
    mobile_ion_dimension: int | None
    mobile_ion: str | None
    tilt_system: str | None
    b_order: str | None
    a_order: str | None
    tolerance: ToleranceFactors | None
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]
