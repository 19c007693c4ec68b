"""Features of frames: the same for the same crystal however it is written, else different."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp

from perolyte.errors import InputError
from perolyte.potentials import load_potential
from perolyte.potentials.frame_features import describe_frames

SAME = 1e-5
"""Of features of about 1: float32 in the network."""


def make_titanate():
    structure = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.9),
        ["Sr", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    structure.perturb(0.1, seed=1)
    return structure


@pytest.fixture(scope="module", params=["radial", "chgnet"])
def engine(request):
    return None if request.param == "radial" else load_potential("chgnet", device="cpu")


def test_the_same_crystal_has_the_same_features(engine):
    plain = make_titanate()
    turned = plain.copy()
    turned.apply_operation(SymmOp.from_axis_angle_and_translation([1, 2, 3], 37))
    shuffled = Structure.from_sites(list(reversed(plain.sites)))
    moved = plain.copy().translate_sites(list(range(5)), [0.3, 0.1, 0.7])
    found = describe_frames([plain, turned, shuffled, moved, plain * [2, 1, 1]], engine=engine)
    assert np.abs(found[1:] - found[0]).max() < SAME


def test_small_moves_are_near_and_other_elements_far(engine):
    plain = make_titanate()
    near, far, other = plain.copy(), plain.copy(), plain.copy()
    near.perturb(0.01, seed=2)
    far.perturb(0.2, seed=2)
    other.replace_species({"Sr": "Ba"})
    found = describe_frames([plain, near, far, other], engine=engine)
    gaps = np.linalg.norm(found[1:] - found[0], axis=1)
    assert 0 < gaps[0] < gaps[1]
    assert gaps[0] < gaps[2]


def test_no_frame_is_refused():
    with pytest.raises(InputError, match="no frames"):
        describe_frames([])
