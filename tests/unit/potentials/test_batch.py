"""The batch: what it takes from structures, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.errors import InputError, PotentialError
from perolyte.potentials import BrokenSystemError, SystemBatch


def test_structures_of_both_kinds_one_after_another():
    magnesia, copper = bulk("MgO", "rocksalt", a=4.2), bulk("Cu", "fcc", a=3.6)
    magnesia.positions += magnesia.cell.array[0] * 2  # out of the cell, and left there
    batch, positions_A = SystemBatch.from_structures([magnesia, copper])
    assert (batch.n_systems, batch.n_atoms) == (2, 3)
    assert batch.numbers.tolist() == [12, 8, 29]
    assert batch.system_of_atom.tolist() == [0, 0, 1]
    assert batch.counts.tolist() == [2, 1]
    assert positions_A.dtype == batch.cells_A.dtype == torch.float64
    assert positions_A.numpy() == pytest.approx(np.vstack([magnesia.positions, copper.positions]))
    assert batch.cells_A[1].numpy() == pytest.approx(copper.cell.array)
    converted = AseAtomsAdaptor.get_structure(magnesia)
    same, same_positions_A = SystemBatch.from_structures([converted])
    assert same.numbers.tolist() == [12, 8]
    assert same_positions_A.numpy() == pytest.approx(converted.cart_coords)
    assert same.to("cpu").numbers.tolist() == [12, 8]


def test_positions_are_copies():
    atoms = bulk("Cu", "fcc", a=3.6)
    _, positions_A = SystemBatch.from_structures([atoms])
    positions_A += 1
    assert atoms.positions.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("structures", "expected"),
    [([], "no structures"), ([bulk("Cu"), Atoms(cell=[3] * 3, pbc=True)], "structure 1 has no")],
)
def test_what_it_refuses(structures, expected):
    with pytest.raises(InputError, match=expected):
        SystemBatch.from_structures(structures)


def test_disordered_structures(llto):
    with pytest.raises(InputError, match="partly occupied sites; order it first"):
        SystemBatch.from_structures([llto])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"numbers": torch.ones(3, dtype=torch.int64)}, "does not fit together"),
        ({"cells_A": torch.ones(3, 3, dtype=torch.float64)}, "does not fit together"),
        ({"cells_A": torch.ones(1, 3, 3)}, "of types"),
        ({"numbers": torch.ones(2, dtype=torch.int32)}, "of types"),
    ],
)
def test_tensors_that_do_not_fit(change, expected):
    good = {
        "numbers": torch.ones(2, dtype=torch.int64),
        "system_of_atom": torch.zeros(2, dtype=torch.int64),
        "cells_A": torch.ones(1, 3, 3, dtype=torch.float64),
    }
    SystemBatch(**good)
    with pytest.raises(InputError, match=expected) as caught:
        SystemBatch(**{**good, **change})
    assert "\n" not in str(caught.value)


def test_a_broken_system_says_which_it_is():
    alone, third = BrokenSystemError("atoms overlap"), BrokenSystemError("atoms overlap", 2, 5)
    assert str(alone) == "atoms overlap"
    assert str(third) == "system 2 of the batch: atoms overlap"
    assert (third.system, third.reason) == (2, "atoms overlap")
    assert isinstance(third, PotentialError)
