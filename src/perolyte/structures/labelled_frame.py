"""A labelled frame, as every reader gives it and every trainer takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["LabelledFrame"]


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """A structure with what an electronic-structure code says of it.

    Parameters
    ----------
    name
        Unique in a set.
    structure
        Ordered; n atoms.
    energy_eV
        Of the whole cell, eV. The free energy of the electrons where they are smeared: the
        forces are its derivative.
    forces_eV_A
        (n, 3), eV/Å.
    stress_GPa
        (3, 3), GPa, positive where the cell is stretched (the sign of ASE and of CHGNet; VASP's
        kbar is this times -10). None where it was not computed.
    magmoms_muB
        (n,), Bohr magnetons; None where it was not computed.

    Raises
    ------
    InputError
        If shapes do not fit the structure or a number is not finite.

    Examples
    --------
    >>> from perolyte.structures.labelled_frame import LabelledFrame
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> frame = LabelledFrame("salt", salt, -7.2, np.zeros((2, 3)))
    >>> frame.energy_per_atom_eV
    -3.6
    """

    name: str
    structure: Structure
    energy_eV: float
    forces_eV_A: np.ndarray
    stress_GPa: np.ndarray | None = None
    magmoms_muB: np.ndarray | None = None

    def __post_init__(self) -> None:
        n_atoms = len(self.structure)
        wanted = {"forces_eV_A": (n_atoms, 3), "stress_GPa": (3, 3), "magmoms_muB": (n_atoms,)}
        for field, shape in wanted.items():
            value = getattr(self, field)
            if value is None and field != "forces_eV_A":
                continue
            array = np.array(value, dtype=float)
            if array.shape != shape:
                raise InputError(
                    f"frame {self.name!r} has {field} of shape {array.shape} with {n_atoms} atoms; "
                    f"give {shape}"
                )
            if not np.isfinite(array).all():
                raise InputError(
                    f"frame {self.name!r} has {field} that are not finite; leave it out"
                )
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        if not np.isfinite(self.energy_eV):
            raise InputError(
                f"frame {self.name!r} has an energy of {self.energy_eV} eV; leave it out"
            )

    @property
    def energy_per_atom_eV(self) -> float:
        """Energy per atom, eV."""
        return self.energy_eV / len(self.structure)
