"""What the construction of a grain boundary gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["BoundaryCell", "BoundarySet"]


@dataclass(frozen=True, eq=False)
class BoundaryCell:
    """One periodic cell with two boundaries, at 0 and at half of its third axis.

    Attributes
    ----------
    name : str
        Sigma, plane, termination and number of the shift.
    structure : pymatgen.core.Structure
        Neutral, with oxidation states; the tilt axis along x, the normal along z.
    termination : str
        Main elements of the lattice plane that both grains share.
    shift_frac : tuple of float
        Rigid shift of the second grain, in fractions of the first two cell vectors of one period.
    n_equivalent_shifts : int
        Shifts of the grid that this one stands for.
    gap_A : float
        Å, opened at each boundary so that no ions overlap.
    separation_A, area_A2
        Å between the two boundaries, Å² of one of them.
    n_removed : dict of str to int
        Sites left out because they overlapped, by the elements that they would hold.
    charge_before_e : int
        Of the filled cell before mobile ions restored neutrality.
    mobile_ions_added : int
        By neutrality; below zero where they were removed.
    excess : dict of str to int
        Atoms beyond those of the bulk cell.
    min_distance_A : float
        Shortest interatomic distance, Å.
    """

    name: str
    structure: Structure
    termination: str
    shift_frac: tuple[float, float]
    n_equivalent_shifts: int
    gap_A: float
    separation_A: float
    area_A2: float
    n_removed: dict[str, int]
    charge_before_e: int
    mobile_ions_added: int
    excess: dict[str, int]
    min_distance_A: float


@dataclass(frozen=True, eq=False)
class BoundarySet:
    """Cells of one boundary, with every termination and distinct shift.

    Attributes
    ----------
    sigma : int
        Reciprocal density of coincidence sites.
    plane, axis : tuple of int
        Miller indices of the boundary and direction of the tilt axis, of the cubic template.
    angle_degrees : float
        Misorientation.
    template : str
        What the grains are cut from, and how it was found.
    cells : tuple of BoundaryCell
        By termination and shift.
    rejected : dict of str to str
        Shifts without a cell, with the reason.
    bulk : pymatgen.core.Structure
        The same crystal without a boundary, in the same orientation and filled alike.
    n_shifts_sampled : int
        Of each termination, before those that are equal were put together.
    """

    sigma: int
    plane: tuple[int, int, int]
    axis: tuple[int, int, int]
    angle_degrees: float
    template: str
    cells: tuple[BoundaryCell, ...]
    rejected: dict[str, str]
    bulk: Structure
    n_shifts_sampled: int
