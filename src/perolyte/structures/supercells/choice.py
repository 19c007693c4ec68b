"""A supercell and what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from perolyte.structures.supercells.counts import CellCounts, ParentCell
from perolyte.structures.supercells.shapes import CellShape
from perolyte.structures.supercells.targets import ReachedTarget

__all__ = ["SupercellChoice", "build_choice", "format_reached", "format_species"]


@dataclass(frozen=True)
class SupercellChoice:
    """A supercell and what it can hold.

    Attributes
    ----------
    matrix : tuple of tuple of int
        ``(3, 3)``, rows: edges of the supercell in edges of the parent's cell.
    n_formula_units : int
        B sites of a perovskite; elsewhere what the numbers of sites of all full sublattices have
        in common.
    n_atoms : int
        Atoms before doping: what a calculation costs grows with it.
    species : dict of str to int
        Atoms of each element before doping, and empty sites by keys such as "vacancy_A".
    composition_error : float
        Largest difference of an element from the occupancies of a disordered parent, per
        disordered site; 0 for ordered parents.
    reached : tuple of ReachedTarget
        Counts and achieved fractions, in the order of the targets.
    shortest_image_A : float
        Distance of a site to its nearest periodic image, Å.
    shape : float
        ``shortest_image_A`` over the cube root of the volume: 1 for a cube, 2**(1/6) = 1.12 at
        most, less for needles and plates.
    aspect : float
        Longest over shortest edge of the reduced cell.
    reason : str
        Why this cell, in one line.
    """

    matrix: tuple[tuple[int, int, int], ...]
    n_formula_units: int
    n_atoms: int
    species: dict[str, int]
    composition_error: float
    reached: tuple[ReachedTarget, ...]
    shortest_image_A: float
    shape: float
    aspect: float
    reason: str


def build_choice(
    cell: ParentCell,
    n_cells: int,
    counts: CellCounts,
    reached: tuple[ReachedTarget, ...],
    shape: CellShape,
) -> SupercellChoice:
    """Put the parts of a choice together and say why it was made.

    Parameters
    ----------
    cell : ParentCell
        One cell of the parent.
    n_cells : int
        Cells in the supercell.
    counts : CellCounts
        What the supercell holds.
    reached : tuple of ReachedTarget
        Its dopings.
    shape : CellShape
        Its edges.
    """
    n_formula_units = cell.n_formula_units * n_cells
    n_atoms = counts.count_atoms(cell.sublattices)
    parts = [f"{n_atoms} atoms in {n_formula_units} formula units ({format_species(counts)})"]
    if cell.disordered:
        parts.append(f"within {counts.error:.4f} ions per disordered site of the occupancies")
    parts += [f"{format_reached(one)} for {one.target.label}" for one in reached]
    return SupercellChoice(
        matrix=shape.matrix,
        n_formula_units=n_formula_units,
        n_atoms=n_atoms,
        species=counts.species,
        composition_error=counts.error,
        reached=reached,
        shortest_image_A=shape.shortest_image_A,
        shape=shape.shape,
        aspect=shape.aspect,
        reason="; ".join(parts),
    )


def format_species(counts: CellCounts) -> str:
    """Write what a cell holds, e.g. ``Ti 36, vacancy_A 4``."""
    return ", ".join(f"{species} {n}" for species, n in counts.species.items())


def format_reached(one: ReachedTarget) -> str:
    """Write counts and fractions, e.g. ``2 Sr (0.0185)``."""
    return " and ".join(f"{n} {e} ({one.fractions[e]:.4f})" for e, n in one.counts.items())
