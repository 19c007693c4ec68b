"""Committees: exact means and spreads, one graph for all, doubts in the trajectory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk

from perolyte.errors import InputError, PotentialError
from perolyte.potentials import BatchPotential, Committee, SystemBatch, load_committee
from perolyte.potentials.batch import find_largest_uncertainties
from perolyte.potentials.dynamics import Guards
from perolyte.potentials.dynamics.frames import FrameBuffer
from perolyte.potentials.loading import load_potential
from perolyte.trajectories.observables import read_observable
from support.md_runs import make_crystal, make_replicas, run
from support.pair_potential import PairPotential

DEPTHS_EV = (0.18, 0.2, 0.25)
ROUNDING = 1e-12


def make_committee(**changes):
    """Pair potentials of different depth: all their forces differ by known factors."""
    return Committee([PairPotential(epsilon_eV=depth) for depth in DEPTHS_EV], **changes)


def make_systems():
    crystals = [make_crystal(), make_crystal(size=(3, 2, 2))]
    for seed, atoms in enumerate(crystals):
        atoms.rattle(0.1, seed=seed)
    return SystemBatch.from_structures(crystals)


def test_mean_and_spread_of_known_members():
    batch, positions_A = make_systems()
    unit = PairPotential(epsilon_eV=1.0).evaluate(batch, positions_A, stress=True)
    committee = make_committee(scale=1.5)
    assert isinstance(committee, BatchPotential)
    found = committee.evaluate(batch, positions_A, stress=True, magmoms=True)
    mean, spread = np.mean(DEPTHS_EV), np.std(DEPTHS_EV, ddof=1)
    lengths = unit.forces_eV_A.norm(dim=1)
    for one, other in (
        (found.energies_eV, mean * unit.energies_eV),
        (found.forces_eV_A, mean * unit.forces_eV_A),
        (found.stresses_eV_A3, mean * unit.stresses_eV_A3),
        (found.force_uncertainties_eV_A, 1.5 * spread * lengths),
        (found.energy_uncertainties_eV, spread * unit.energies_eV.abs()),
    ):
        torch.testing.assert_close(one, other, rtol=ROUNDING, atol=ROUNDING)
    largest = find_largest_uncertainties(batch, found)
    expected = [1.5 * spread * part.max() for part in lengths.split(batch.counts.tolist())]
    assert largest.tolist() == pytest.approx([float(value) for value in expected])
    assert not found.magmoms_muB.any()


def test_equal_members_never_doubt():
    batch, positions_A = make_systems()
    found = Committee([PairPotential(), PairPotential()]).evaluate(batch, positions_A)
    assert float(found.force_uncertainties_eV_A.max()) == pytest.approx(0.0, abs=ROUNDING)


def test_chgnets_share_their_graph():
    committee = load_committee(["chgnet", "chgnet-r2scan"], device="cpu")
    assert committee.shares_graph
    systems = [bulk("MgO", "rocksalt", a=4.2), bulk("LiF", "rocksalt", a=4.0, cubic=True)]
    for seed, atoms in enumerate(systems):
        atoms.rattle(0.1, seed=seed)
    batch, positions_A = SystemBatch.from_structures(systems)
    found = committee.evaluate_members(batch, positions_A, stress=True, magmoms=True)
    for name, one in zip(("chgnet", "chgnet-r2scan"), found, strict=True):
        alone = load_potential(name, device="cpu").evaluate(
            batch, positions_A, stress=True, magmoms=True
        )
        for field in ("energies_eV", "forces_eV_A", "stresses_eV_A3", "magmoms_muB"):
            assert torch.equal(getattr(one, field), getattr(alone, field))
    assert [member.n_neighbour_searches for member in committee.members] == [2, 0]
    about = committee.describe()
    assert about["name"] == "committee of 2 CHGNet"
    assert len(about["weights_sha256"]) == 64
    with pytest.raises(PotentialError, match="atomic number 120"):
        committee.check_elements([3, 120])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Committee([PairPotential()]), "committee of 1"),
        (lambda: Committee([PairPotential()] * 9), "committee of 9"),
        (lambda: make_committee(scale=0.0), "scale of uncertainties is 0"),
        (lambda: make_committee(scale=float("nan")), "scale of uncertainties is nan"),
        (lambda: load_committee(["chgnet"]), "committee of 1"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_equal_weights_are_refused():
    with pytest.raises(PotentialError, match="hold the same weights"):
        load_committee(["chgnet", "chgnet"], device="cpu")


class TestRuns:
    """A committee in the MD engine."""

    def test_doubts_are_stored_with_every_frame(self, tmp_path):
        (one,) = run(
            tmp_path, potential=make_committee(), replicas=make_replicas(1), framework_interval=1
        )
        doubts = read_observable(one.folder, "force_uncertainty")
        assert doubts.shape == (one.n_frames,)
        assert doubts[0] == pytest.approx(0.0, abs=1e-6)  # a perfect crystal has no forces
        assert (doubts[5:] > 0).all()

    def test_a_run_that_goes_on_stores_the_same(self, tmp_path):
        for folder, lengths in (("once", [200]), ("twice", [120, 200])):
            for n_steps in lengths:
                run(tmp_path / folder, potential=make_committee(), n_steps=n_steps)
        once, twice = (
            read_observable(tmp_path / folder / "r0", "force_uncertainty")
            for folder in ("once", "twice")
        )
        assert np.array_equal(once, twice)

    def test_too_much_doubt_ends_a_run(self, tmp_path):
        free, _ = run(tmp_path / "free", potential=make_committee())
        doubts = read_observable(free.folder, "force_uncertainty")
        limit = float(np.median(doubts))
        first = int(np.flatnonzero(doubts > limit)[0])
        stopped, _ = run(
            tmp_path / "stopped",
            potential=make_committee(),
            guards=Guards(max_force_uncertainty_eV_A=limit),
        )
        assert stopped.status == "left_domain"
        assert stopped.n_steps == 5 * first
        assert stopped.reason.startswith(
            f"a force uncertainty of {doubts[first]:.3g} eV/Å is above"
        )
        kept = read_observable(stopped.folder, "force_uncertainty")
        assert np.array_equal(kept, doubts[: first + 1])

    def test_a_limit_needs_a_committee(self, tmp_path):
        with pytest.raises(InputError, match="the potential gives no uncertainty; use a Committee"):
            run(tmp_path, guards=Guards(max_force_uncertainty_eV_A=0.3))
        with pytest.raises(InputError, match="max_force_uncertainty_eV_A is -1"):
            Guards(max_force_uncertainty_eV_A=-1.0)

    def test_a_run_without_a_committee_has_no_doubts(self, tmp_path):
        one, _ = run(tmp_path, n_steps=40)
        with pytest.raises(InputError, match="holds no force_uncertainty"):
            read_observable(one.folder, "force_uncertainty")

    def test_frames_of_older_checkpoints_are_read(self):
        buffer = FrameBuffer(scalars=[np.arange(5.0)])
        arrays = buffer.to_arrays(1, 2)
        arrays["scalars"] = arrays["scalars"][:, :4]
        again = FrameBuffer.from_arrays(0, arrays)
        assert again.scalars[0][:4].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert np.isnan(again.scalars[0][4])
