from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.labelled_frame import LabelledFrame

SALT = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_arrays_are_copies_that_nobody_changes():
    forces = np.zeros((2, 3))
    frame = LabelledFrame("a", SALT, -7.0, forces, np.eye(3), np.zeros(2))
    forces[0, 0] = 1.0
    assert frame.forces_eV_A[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        frame.forces_eV_A[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"forces_eV_A": np.zeros((3, 3))}, "shape \\(3, 3\\) with 2 atoms"),
        ({"stress_GPa": np.zeros(6)}, "stress_GPa of shape \\(6,\\)"),
        ({"forces_eV_A": np.full((2, 3), np.nan)}, "not finite"),
        ({"magmoms_muB": np.array([np.inf, 0.0])}, "magmoms_muB that are not finite"),
        ({"energy_eV": float("nan")}, "energy of nan eV"),
    ],
)
def test_what_is_refused(change, message):
    given = {"energy_eV": -7.0, "forces_eV_A": np.zeros((2, 3))} | change
    with pytest.raises(InputError, match=message):
        LabelledFrame("a", SALT, **given)
