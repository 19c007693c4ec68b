"""Any ASE calculator as a potential of the batched MD engine, one system after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import SCFError
from ase.stress import voigt_6_to_full_3x3_stress

from perolyte.errors import PotentialError
from perolyte.potentials.batch import BrokenSystemError, Evaluation, SystemBatch
from perolyte.potentials.registry import PotentialSpec, describe_potential

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ase.calculators.calculator import Calculator
    from torch import Tensor

__all__ = ["AseBatchPotential"]


class AseBatchPotential:
    """Evaluate systems with an ASE calculator: a batch gains nothing, restart and guards do.

    Parameters
    ----------
    calculator
        Of energies and forces. Its state must follow from the atoms that it is given, or from
        those since its ``forget`` was called, if it has that method: else a run that was resumed is
        not the run that was not. ``describe``, if it has that, names it in the files of a run.
    spec
        Where the calculator comes from, for the description.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from ase.calculators.emt import EMT
    >>> potential = AseBatchPotential(EMT(), PotentialSpec("ase.calculators.emt.EMT"))
    >>> batch, positions_A = SystemBatch.from_structures([bulk("Cu", cubic=True)])
    >>> bool(abs(potential.evaluate(batch, positions_A).forces_eV_A).max() < 1e-6)
    True
    """

    device = torch.device("cpu")
    dtype = torch.float64

    def __init__(self, calculator: Calculator, spec: PotentialSpec) -> None:
        self._calculator, self._spec = calculator, spec

    def evaluate(
        self,
        batch: SystemBatch,
        positions_A: Tensor,
        *,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate each system by itself.

        Raises
        ------
        BrokenSystemError
            Where the calculator refuses a system or gives numbers that are not finite.
        PotentialError
            For magnetic moments, which an ASE calculator need not have.
        """
        if magmoms:
            raise PotentialError(
                f"{self._spec.name} gives no magnetic moments through this adapter; use one of "
                "load_potential"
            )
        numbers, positions = batch.numbers.numpy(), positions_A.detach().numpy()
        cells, ends = batch.cells_A.numpy(), np.cumsum(batch.counts.numpy())
        energies, forces, stresses = [], [], []
        for system, (end, cell) in enumerate(zip(ends, cells, strict=True)):
            own = slice(0 if system == 0 else ends[system - 1], end)
            atoms = Atoms(numbers[own], positions[own], cell=cell, pbc=True)
            found = self._evaluate_one(atoms, stress, system, len(cells))
            energies.append(found[0])
            forces.append(found[1])
            stresses.append(found[2])
        return Evaluation(
            energies_eV=torch.tensor(energies, dtype=torch.float64),
            forces_eV_A=torch.from_numpy(np.concatenate(forces)),
            stresses_eV_A3=torch.from_numpy(np.stack(stresses)) if stress else None,
            magmoms_muB=None,
        )

    def _evaluate_one(self, atoms: Atoms, stress: bool, system: int, n_systems: int) -> Any:
        atoms.calc = self._calculator
        try:
            energy = float(atoms.get_potential_energy(force_consistent=self._has_free_energy()))
            forces = np.array(atoms.get_forces(), dtype=np.float64)
            tensor = voigt_6_to_full_3x3_stress(atoms.get_stress()) if stress else np.zeros((3, 3))
        except PotentialError as err:
            raise BrokenSystemError(str(err), system, n_systems) from err
        except SCFError as err:
            reason = " ".join(str(err).split()) or "no reason given"
            raise BrokenSystemError(
                f"the electrons did not converge ({reason}); look at the distances of the atoms, "
                "raise the number of iterations, or smear more",
                system,
                n_systems,
            ) from err
        if not (np.isfinite(energy) and np.isfinite(forces).all()):
            raise BrokenSystemError(
                f"{self._spec.name} returned an energy or forces that are not finite; check "
                "distances and the time step",
                system,
                n_systems,
            )
        return energy, forces, np.array(tensor, dtype=np.float64)

    def _has_free_energy(self) -> bool:
        """Say whether it knows the energy that its forces are the gradient of."""
        return "free_energy" in getattr(self._calculator, "implemented_properties", ())

    def forget_neighbours(self) -> None:
        """Let the calculator forget the atoms that it saw last."""
        calculator: Any = self._calculator
        forget = getattr(calculator, "forget", None) or getattr(calculator, "reset", None)
        if forget is not None:
            forget()

    def check_elements(self, numbers: Iterable[int]) -> None:
        """Leave it to the calculator, which says at the first step what it does not know."""

    def describe(self) -> dict[str, Any]:
        """Return name, version and arguments."""
        known = describe_potential(self._spec.name, self._spec.kwargs)
        describe = getattr(self._calculator, "describe", None)
        known = known if describe is None else known | describe()
        return {**known, "kwargs": repr(sorted(self._spec.kwargs.items())), "device": "cpu"}
