"""What a calculator says of one structure, and how it ended when it said nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perolyte.dft.stress import stress_from_ase
from perolyte.errors import ExecutionError, InputError
from perolyte.parsing import shorten_error

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

__all__ = ["Evaluation", "as_atoms", "as_structure", "evaluate_structure", "plain_structure"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Energy and its derivatives, not judged yet.

    Parameters
    ----------
    energy_eV
        Free energy of the electrons, of the cell, eV; None where the calculation gave none.
    forces_eV_A
        ``(n, 3)``, eV/Å, or None.
    stress_GPa
        ``(3, 3)``, GPa, positive where the cell is stretched, or None.
    magmoms_muB
        ``(n,)``, or None.
    scf_converged
        Whether the electrons converged; None where the source does not say.
    failure
        Why there is no energy.
    notes
        Doubts that do not make it wrong.
    """

    energy_eV: float | None = None
    forces_eV_A: np.ndarray | None = None
    stress_GPa: np.ndarray | None = None
    magmoms_muB: np.ndarray | None = None
    scf_converged: bool | None = None
    failure: str | None = None
    notes: tuple[str, ...] = ()


def as_atoms(structure: Structure) -> Atoms:
    """Return ASE's atoms of a structure: elements, places and cell, nothing else.

    Places stay as they are, outside the cell too.
    """
    from ase import Atoms

    return Atoms(
        numbers=[site.specie.Z for site in structure],
        positions=structure.cart_coords,
        cell=structure.lattice.matrix,
        pbc=True,
    )


def as_structure(symbols: Sequence[str], positions_A: np.ndarray, cell_A: np.ndarray) -> Structure:
    """Return the structure of atoms of ASE, or of anything with these arrays.

    Parameters
    ----------
    symbols
        Of the n elements.
    positions_A, cell_A
        ``(n, 3)``, ``(3, 3)``, Å.
    """
    from pymatgen.core import Lattice, Structure

    return Structure(
        Lattice(cell_A), list(symbols), np.asarray(positions_A), coords_are_cartesian=True
    )


def plain_structure(structure: Structure) -> Structure:
    """Return a structure of elements: without charges, moments and other properties of sites.

    Raises
    ------
    InputError
        For a structure with sites that elements share.
    """
    from pymatgen.core import Structure

    if not structure.is_ordered:
        raise InputError(
            f"{structure.composition.reduced_formula} has sites that elements share; order it "
            "before it is computed"
        )
    symbols = [site.specie.symbol for site in structure]
    return Structure(structure.lattice, symbols, structure.frac_coords)


def evaluate_structure(structure: Structure, calculator: Calculator) -> Evaluation:
    """Compute one structure; a calculation that fails gives an evaluation that says why.

    Parameters
    ----------
    structure
        Ordered.
    calculator
        Of ASE.

    Raises
    ------
    ExecutionError
        If the program, or its data, is not installed: every other structure would fail as well.

    Examples
    --------
    >>> from ase.calculators.emt import EMT
    >>> from pymatgen.core import Lattice, Structure
    >>> copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    >>> found = evaluate_structure(copper, EMT())
    >>> round(found.energy_eV, 3), found.forces_eV_A.shape, found.stress_GPa.shape
    (-0.027, (4, 3), (3, 3))
    """
    from ase.calculators.calculator import CalculatorSetupError, EnvironmentError, SCFError

    atoms = as_atoms(structure)
    atoms.calc = calculator
    try:
        return Evaluation(
            energy_eV=_find_energy(atoms),
            forces_eV_A=np.array(atoms.get_forces(), dtype=float),
            stress_GPa=_find_stress(atoms),
            magmoms_muB=_find_magmoms(calculator, len(atoms)),
            scf_converged=True,
        )
    except SCFError as err:
        return Evaluation(scf_converged=False, failure=shorten_error(err))
    except (CalculatorSetupError, EnvironmentError, ImportError) as err:
        raise ExecutionError(
            f"{type(calculator).__name__} is not usable here ({shorten_error(err)}); install the "
            "program it calls, or choose another engine"
        ) from err
    except (RuntimeError, ArithmeticError, ValueError, LookupError, NotImplementedError) as err:
        return Evaluation(failure=shorten_error(err))


def _find_energy(atoms: Atoms) -> float:
    from ase.calculators.calculator import PropertyNotImplementedError

    try:
        return float(atoms.get_potential_energy(force_consistent=True))
    except PropertyNotImplementedError:  # an analytic potential has one energy only
        return float(atoms.get_potential_energy())


def _find_stress(atoms: Atoms) -> np.ndarray | None:
    from ase.calculators.calculator import PropertyNotImplementedError

    try:
        return stress_from_ase(atoms.get_stress())
    except PropertyNotImplementedError:
        return None


def _find_magmoms(calculator: Any, n_atoms: int) -> np.ndarray | None:
    found = calculator.results.get("magmoms")
    if found is None:
        return None
    moments = np.asarray(found, dtype=float).reshape(-1)
    return moments if len(moments) == n_atoms else None
