"""The walk through supercells of rising size, and what to say when none will do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.supercells.choice import (
    SupercellChoice,
    build_choice,
    format_reached,
)
from perolyte.structures.supercells.counts import CellCounts, ParentCell
from perolyte.structures.supercells.shapes import CellShape, find_best_shape
from perolyte.structures.supercells.targets import (
    CellTarget,
    ReachedTarget,
    may_reach,
    reach_target,
)

__all__ = ["CellSearch"]

_LOOK_AHEAD = 4  # times max_atoms: how far an error message looks for the cell that is needed
_SLACK = 1e-9  # relative; an achieved fraction on the edge of the tolerance counts


@dataclass(frozen=True, eq=False)
class CellSearch:
    """What a supercell must satisfy; attributes as in ``find_supercells``."""

    cell: ParentCell
    lattice_A: NDArray[np.float64]
    targets: tuple[CellTarget, ...]
    tolerance: float
    composition_tolerance: float
    diagonal: bool
    even_axes: tuple[int, ...]
    max_aspect: float

    def count_cells(self, max_atoms: float) -> int:
        """Most cells of the parent that hold this number of atoms, with one to spare."""
        return math.floor(max_atoms / self.cell.n_atoms) + 1

    def collect(self, *, max_cells: int, max_atoms: float, n_best: int) -> list[SupercellChoice]:
        """Collect the smallest fitting supercells, one of each size."""
        choices: list[SupercellChoice] = []
        for n_cells in range(1, max_cells + 1):
            if not self._may_fit(n_cells):
                continue
            choice = self._try(n_cells)
            if choice is None or choice.n_atoms > max_atoms:
                continue
            if _find_worst(choice) <= self.tolerance + _SLACK:
                choices.append(choice)
                if len(choices) == n_best:
                    break
        return sorted(choices, key=lambda one: (one.n_atoms, -one.shape))

    def explain_refusal(self, max_atoms: int) -> str:
        """Write the message for a search without result: what comes near, and what would do."""
        limit = self.count_cells(max_atoms)
        asked = self.targets[0].label if self.targets else "the parent"
        if len(self.targets) > 1:
            asked += f" and {len(self.targets) - 1} more"
        ahead = self.collect(max_cells=_LOOK_AHEAD * limit, max_atoms=math.inf, n_best=1)
        advice = (
            f"raise max_atoms to {ahead[0].n_atoms} ({ahead[0].n_formula_units} formula units)"
            if ahead
            else f"nor does any of up to {_LOOK_AHEAD * max_atoms:g} atoms: raise the tolerance"
        )
        return (
            f"no near-cubic cell of up to {max_atoms} atoms holds {asked} within "
            f"{100 * self.tolerance:g} %; {self._describe_nearest(limit, max_atoms)}; {advice}, "
            "or change the amount"
        )

    def _may_fit(self, n_cells: int) -> bool:
        return all(
            may_reach(
                target,
                self.cell,
                n_cells=n_cells,
                tolerance=self.tolerance,
                composition_tolerance=self.composition_tolerance,
            )
            for target in self.targets
        )

    def _try(self, n_cells: int) -> SupercellChoice | None:
        """Fill the best shape of a size; None when it lacks ions, neutrality or shape."""
        filled = self._fill(n_cells)
        shape = self._find_shape(n_cells) if filled is not None else None
        if filled is None or shape is None:
            return None
        return build_choice(self.cell, n_cells, *filled, shape)

    def _fill(self, n_cells: int) -> tuple[CellCounts, tuple[ReachedTarget, ...]] | None:
        counts = self.cell.count(n_cells)
        if counts is None or counts.error > self.composition_tolerance + _SLACK:
            return None
        reached = []
        for target in self.targets:
            one = reach_target(target, self.cell, n_cells=n_cells, species=counts.species)
            if one is None:
                return None
            reached.append(one)
        return counts, tuple(reached)

    def _find_shape(self, n_cells: int) -> CellShape | None:
        return find_best_shape(
            self.lattice_A,
            n_cells,
            diagonal=self.diagonal,
            even_axes=self.even_axes,
            max_aspect=self.max_aspect,
        )

    def _describe_nearest(self, limit: int, max_atoms: int) -> str:
        tried = [self._try(n_cells) for n_cells in range(1, limit + 1)]
        choices = [one for one in tried if one is not None and one.n_atoms <= max_atoms]
        if choices:
            best = min(choices, key=lambda one: (round(_find_worst(one), 9), one.n_atoms))
            worst = max(best.reached, key=lambda one: one.deviation)
            return (
                f"the nearest is {format_reached(worst)} for {worst.target.label} in "
                f"{best.n_atoms} atoms"
            )
        errors = [
            counts.error
            for counts in (self.cell.count(n_cells) for n_cells in range(1, limit + 1))
            if counts is not None
        ]
        if not errors or min(errors) > self.composition_tolerance + _SLACK:
            nearest = f", the nearest is off by {min(errors):.4f}" if errors else ""
            return (
                "none of them is neutral within composition_tolerance "
                f"{self.composition_tolerance:g} of the occupancies{nearest}"
            )
        return "those that are neutral are not near-cubic, or lack the ions that have to change"


def _find_worst(choice: SupercellChoice) -> float:
    return max((one.deviation for one in choice.reached), default=0.0)
