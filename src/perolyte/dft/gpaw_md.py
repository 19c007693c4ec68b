"""GPAW as the engine of molecular dynamics: one k-point, and a density that goes from step to step.

Each step begins with the wave functions of the one before, which halves its cost, so that what a
step gives depends, within the tolerance of the iterations, on the steps before it. The MD engine
calls :meth:`GpawDynamics.forget` at each checkpoint: from there on a run that was killed is the one
that was not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ase.calculators.calculator import SCFError, all_changes

from perolyte.dft.gpaw import GpawCalculator, check_gpaw

__all__ = ["MD_KPOINT_LENGTH_A", "GpawDynamics"]

MD_KPOINT_LENGTH_A = 11.0
"""Å: forces in a hot cell of LiLaTi2O6 are then 30 meV/Å off, with half of it 0.4 eV/Å. One k-point
is enough from cells of 10 Å on."""


class GpawDynamics(GpawCalculator):
    """GPAW for molecular dynamics, with a coarser mesh unless ``kpoint_length_A`` says otherwise.

    The mesh is that of the first cell.

    Parameters
    ----------
    txt
        File for GPAW's log, None for none.
    **settings
        Fields of :class:`~perolyte.dft.gpaw.GpawSettings`.

    Raises
    ------
    InputError
        For unknown settings, or numbers out of range.
    ExecutionError
        Where GPAW is not installed: a job that would find out at its first step would have made
        its folders by then.
    """

    def __init__(self, txt: str | None = None, **settings: Any) -> None:
        super().__init__(txt, **{"kpoint_length_A": MD_KPOINT_LENGTH_A, **settings})
        self._version = check_gpaw()

    def calculate(
        self,
        atoms: Any = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute a step; where the last one is no start for it, compute it from the atoms alone.

        A cell that begins in its symmetric places loses its symmetry with the first step, and a
        calculation that was set up with it cannot go on.

        Raises
        ------
        ase.calculators.calculator.SCFError
            If it does not converge from the atoms alone either.
        """
        is_fresh = self._inner is None
        try:
            super().calculate(atoms, properties, system_changes)
        except Exception as err:
            if is_fresh or not (isinstance(err, SCFError) or _has_lost_symmetry(err)):
                raise
            self.forget()
            super().calculate(atoms, properties, system_changes)

    def describe(self) -> dict[str, Any]:
        """Return name and version, with a hash of all settings: a run goes on with its own only."""
        text = json.dumps(asdict(self.settings), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return {
            "name": "GPAW",
            "version": f"{self._version}, {self.theory.describe()}, settings {digest}",
            "dtype": "float64",
        }


def _has_lost_symmetry(err: Exception) -> bool:
    from gpaw.new.symmetry import SymmetryBrokenError

    return isinstance(err, SymmetryBrokenError)
