"""Makers of atomate2 that compute with GPAW: static energies and relaxations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atomate2.ase.jobs import AseRelaxMaker

from perolyte.dft.gpaw import GpawCalculator

if TYPE_CHECKING:
    from pathlib import Path

    from atomate2.ase.schemas import AseResult
    from pymatgen.core import Molecule, Structure

__all__ = ["GpawRelaxMaker", "GpawStaticMaker"]


@dataclass
class GpawRelaxMaker(AseRelaxMaker):
    """Relax atoms and cell with GPAW.

    Parameters
    ----------
    calculator_kwargs
        Fields of :class:`~perolyte.dft.gpaw.GpawSettings`; a cutoff of 800 eV by default.
    **kwargs
        All else is of atomate2's ``AseRelaxMaker``.

    Raises
    ------
    InputError
        For a cell that shall be relaxed below 800 eV: stress needs a higher cutoff than forces.

    Examples
    --------
    >>> GpawRelaxMaker().calculator.settings.plane_wave_cutoff_eV
    800.0
    >>> GpawRelaxMaker(calculator_kwargs={"plane_wave_cutoff_eV": 600}, relax_cell=False).relax_cell
    False
    """

    name: str = "GPAW relax"
    calculator_kwargs: dict = field(default_factory=lambda: {"plane_wave_cutoff_eV": 800.0})
    relax_kwargs: dict = field(default_factory=lambda: {"fmax": 0.02})
    optimizer_kwargs: dict = field(default_factory=lambda: {"optimizer": "LBFGS"})

    def __post_init__(self) -> None:
        if self.relax_cell and self.steps > 0:
            GpawCalculator(**self.calculator_kwargs).check_stress("relax_cell")

    def _get_calculator(self) -> GpawCalculator:
        return GpawCalculator(**self.calculator_kwargs)

    def run_ase(
        self, mol_or_struct: Structure | Molecule, prev_dir: str | Path | None = None
    ) -> AseResult:
        """Compute one structure; each begins with a mesh of its own.

        Parameters
        ----------
        mol_or_struct
            A crystal.
        prev_dir
            Not used, as in all of atomate2's makers of ASE.
        """
        calculator: Any = self.calculator
        calculator.forget()
        return super().run_ase(mol_or_struct, prev_dir=prev_dir)


@dataclass
class GpawStaticMaker(GpawRelaxMaker):
    """Energy, forces and stress of a structure with GPAW, as atomate2's document.

    The document's energy is the one that GPAW extrapolates to zero smearing, as atomate2 takes it
    from any calculator; :class:`~perolyte.flows.LabelMaker` stores the free energy, of which the
    forces are the derivative. With a gap the two are the same.

    Examples
    --------
    >>> GpawStaticMaker().steps
    0
    """

    name: str = "GPAW static"
    calculator_kwargs: dict[str, Any] = field(default_factory=dict)
    relax_cell: bool = False
    steps: int = 0
    relax_kwargs: dict[str, Any] = field(default_factory=dict)
    optimizer_kwargs: dict[str, Any] = field(default_factory=dict)
