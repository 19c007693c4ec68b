"""Calibration: known factors are found, coverage is what it should be, little data is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.errors import InputError
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.calibration import calibrate_committee, calibrate_uncertainty
from perolyte.potentials.committee import Committee
from perolyte.structures.labelled_frame import LabelledFrame
from support.md_runs import make_crystal
from support.pair_potential import PairPotential

TRUE_SCALE = 2.5


def draw(n_frames=40, n_atoms=50, *, seed=0, scale=TRUE_SCALE):
    rng = np.random.default_rng(seed)
    doubts = [rng.uniform(0.01, 0.3, n_atoms) for _ in range(n_frames)]
    errors = [scale * d[:, None] / np.sqrt(3) * rng.normal(size=(n_atoms, 3)) for d in doubts]
    return errors, doubts


def test_a_known_factor_is_found_with_its_error():
    found = [calibrate_uncertainty(*draw(seed=seed)) for seed in range(30)]
    deviations = np.array([(one.scale - TRUE_SCALE) / one.scale_error for one in found])
    # 30 standard scores: mean within 4 of its own errors, spread within a factor of two
    assert abs(deviations.mean()) < 4 / np.sqrt(30)
    assert 0.5 < deviations.std() < 2.0


def test_a_calibrated_uncertainty_covers_what_it_says():
    found = calibrate_uncertainty(*draw(n_frames=100))
    for level, share in found.coverage.items():
        assert share == pytest.approx(level, abs=0.02)  # 15000 components: error 0.004
    assert found.miscalibration_area < 0.01
    assert found.ence < 0.1
    assert found.rank_correlation > 0.4
    assert sum(one.n_atoms for one in found.bins) == found.n_atoms == 5000
    doubts = [one.uncertainty_eV_A for one in found.bins]
    assert doubts == sorted(doubts)


def test_doubts_that_say_nothing_are_seen():
    errors, doubts = draw(n_frames=100)
    rng = np.random.default_rng(1)
    shuffled = [rng.permutation(d) for d in doubts]
    found = calibrate_uncertainty(errors, shuffled)
    assert abs(found.rank_correlation) < 0.05
    assert found.ence > 0.3


def test_frames_of_one_trajectory_share_their_errors():
    rng = np.random.default_rng(3)
    factors = np.repeat(rng.uniform(1.0, 3.0, 8), 10)
    errors, doubts = draw(n_frames=80)
    errors = [f * e for f, e in zip(factors, errors, strict=True)]
    blocks = [f"run {index // 10}" for index in range(80)]
    by_frame = calibrate_uncertainty(errors, doubts)
    by_run = calibrate_uncertainty(errors, doubts, blocks=blocks)
    assert by_run.scale == pytest.approx(by_frame.scale, rel=1e-12)
    assert by_run.n_blocks == 8
    assert by_run.scale_error > 1.5 * by_frame.scale_error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, d: (e[:9], d[:9]), "9 held-out frames cannot calibrate"),
        (lambda e, d: (e, d[:-1]), "40 frames have errors and 39 uncertainties"),
        (lambda e, d: (e, [0 * s for s in d]), "agree on every frame"),
        (lambda e, d: ([x[:, :2] for x in e], d), r"errors \(50, 2\)"),
        (lambda e, d: (e, [-s for s in d]), "no finite numbers from 0 on"),
        (lambda e, d: (e, [d[0], *(0 * s for s in d[1:])]), "differ in one block"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(InputError, match=message):
        calibrate_uncertainty(*change(*draw()))


def test_blocks_must_name_each_frame():
    with pytest.raises(InputError, match="1 blocks name 40 of 40"):
        calibrate_uncertainty(*draw(), blocks=["a"] * 40)


def label(potential, seed):
    atoms = make_crystal()
    atoms.rattle(0.1, seed=seed)
    found = potential.evaluate(*SystemBatch.from_structures([atoms]))
    structure = AseAtomsAdaptor.get_structure(atoms)
    return LabelledFrame(f"f{seed}", structure, found.energies_eV.item(), found.forces_eV_A.numpy())


def test_a_committee_of_known_depths_is_calibrated():
    """Members 0.19 and 0.21, truth 0.25: error 0.05 |f|, spread 0.02/sqrt(2) |f|."""
    committee = Committee([PairPotential(epsilon_eV=e) for e in (0.19, 0.21)], scale=7.0)
    frames = [label(PairPotential(epsilon_eV=0.25), seed) for seed in range(10)]
    found = calibrate_committee(committee, frames)
    assert found.scale == pytest.approx(0.05 * np.sqrt(2) / 0.02, rel=1e-9)
    assert found.scale_error == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(InputError, match="3 held-out frames"):
        calibrate_committee(committee, frames[:3])
