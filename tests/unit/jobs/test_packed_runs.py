"""Frames of other programs in the files of perolyte's own MD."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError, PathError
from perolyte.jobs.packed_runs import pack_run
from perolyte.jobs.vasp_runs import open_vasp_segment
from perolyte.potentials.choosing import build_batch_potential
from perolyte.potentials.dynamics import NVE, Replica, run_md_batch
from perolyte.trajectories import open_trajectory, wrap_trajectory

STEP_FS = 2.0
N_STEPS = 240


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """An alloy that vibrates, each step of it stored, by perolyte's own engine."""
    atoms = bulk("Cu", cubic=True) * (2, 2, 2)
    atoms.symbols[:8] = "Al"
    replica = Replica("run", atoms, "Al", temperature_K=600.0, seed=3, time_step_fs=STEP_FS)
    folder = tmp_path_factory.mktemp("own")
    run_md_batch(
        build_batch_potential("ase.calculators.emt.EMT"),
        [replica],
        ensemble=NVE(),
        n_steps=N_STEPS,
        store_interval_steps=1,
        framework_interval=1,
        folder=folder,
    )
    return folder / "run"


@pytest.fixture(scope="module")
def paths(own_run):
    """Species, and unwrapped scaled positions (n_frames, n_atoms, 3) with the cell, Å."""
    source = open_trajectory(own_run)
    blocks = list(source.blocks())
    return source.species, np.concatenate([b.scaled for b in blocks]), blocks[0].cells_A[0]


def cut(paths, *ends: int, wrap: bool = True) -> list[Trajectory]:
    """The run as several of pymatgen's trajectories, as another program would leave it."""
    species, scaled, cell = paths
    parts = np.split(scaled % 1.0 if wrap else scaled, ends)
    return [Trajectory(list(species), part, lattice=cell, constant_lattice=True) for part in parts]


def pack(parts, folder, **changes):
    sources = [wrap_trajectory(part, frame_interval_fs=STEP_FS) for part in parts]
    settings = {
        "name": "600K-1",
        "mobile_ion": "Al",
        "temperature_K": 600.0,
        "seed": 3,
        "time_step_fs": STEP_FS,
        "store_interval_steps": 4,
        "ensemble": NVE(),
        "engine": {"name": "VASP", "version": "6"},
    }
    return pack_run(sources, folder, **settings | changes)


def read(folder):
    return np.concatenate([block.scaled for block in open_trajectory(folder).blocks()])


def test_wrapped_parts_become_one_continuous_run(paths, tmp_path):
    species, scaled, cell = paths
    packed = pack(cut(paths, 90, 91), tmp_path / "run")
    assert (packed.n_frames, packed.n_steps) == (61, N_STEPS)
    assert packed.structure.composition.as_dict() == {"Al": 8, "Cu": 24}
    source = open_trajectory(packed.folder)
    assert source.frame_interval_fs == 4 * STEP_FS
    assert source.species == species
    moved = (read(packed.folder) - read(packed.folder)[0]) @ cell
    expected = (scaled[::4] - scaled[0]) @ cell
    # float32 of the stored positions, Å
    np.testing.assert_allclose(moved, expected, atol=5e-6)
    assert np.abs(expected).max() > 0.2, "atoms moved"


def test_atoms_that_cross_the_cell_keep_their_path(paths, tmp_path):
    species, scaled, cell = paths
    drift = np.arange(len(scaled))[:, None, None] * np.array([0.01, 0.0, -0.02])
    moving = (species, scaled + drift, cell)
    packed = pack(cut(moving, 100), tmp_path / "run")
    moved = read(packed.folder)[-1] - read(packed.folder)[0]
    np.testing.assert_allclose(moved[:, 2].mean(), -0.02 * N_STEPS, atol=0.05)


def test_the_temperature_is_that_of_the_velocities(own_run, paths, tmp_path):
    from support.md_runs import read_observable

    packed = pack(cut(paths), tmp_path / "run", equilibration_ps=0.1)
    truth = read_observable(own_run, "temperature")[50:].mean()
    # half-step velocities differ from full ones by (omega dt)²/8: 1 % at 8 THz and 2 fs
    assert packed.mean_temperature_K == pytest.approx(truth, rel=0.03)


def test_frames_too_far_apart_give_no_temperature(paths, tmp_path):
    species, scaled, cell = paths
    parts = cut((species, scaled[::5], cell))
    sources = [wrap_trajectory(part, frame_interval_fs=10.0) for part in parts]
    packed = pack_run(
        sources,
        tmp_path / "run",
        name="run",
        mobile_ion="Al",
        temperature_K=600.0,
        seed=3,
        time_step_fs=10.0,
        store_interval_steps=1,
        ensemble=NVE(),
        engine={"name": "VASP"},
    )
    assert packed.mean_temperature_K is None


def test_long_runs_are_several_files(paths, tmp_path, monkeypatch):
    monkeypatch.setattr("perolyte.jobs.packed_runs._CHUNK_FRAMES", 25)
    packed = pack(cut(paths), tmp_path / "run", store_interval_steps=1)
    assert len(list(packed.folder.glob("frames_*.h5"))) == 10
    assert len(read(packed.folder)) == packed.n_frames == N_STEPS + 1


def test_parts_that_are_no_run(paths, tmp_path):
    species, scaled, cell = paths
    first, second = cut(paths, 120)
    with pytest.raises(PathError, match="frames are missing, or parts are in the wrong order"):
        pack([first, cut((species, scaled[::-1] + 0.2, cell))[0]], tmp_path / "a")
    swapped = cut((species[::-1], scaled, cell))[0]
    with pytest.raises(InputError, match="other atoms, or in another order"):
        pack([first, swapped], tmp_path / "b")
    grown = Trajectory(list(species), scaled[120:], lattice=cell * 1.01, constant_lattice=True)
    with pytest.raises(InputError, match="the cell changes by"):
        pack([first, grown], tmp_path / "c")
    with pytest.raises(InputError, match="every step is needed: keep NBLOCK at 1"):
        pack([first, second], tmp_path / "d", time_step_fs=1.0)
    with pytest.raises(InputError, match="has no frames"):
        pack([], tmp_path / "e")
    with pytest.raises(InputError, match="holds no 'Li'"):
        pack([first], tmp_path / "f", mobile_ion="Li")


def test_a_run_without_frames_anywhere(tmp_path):
    with pytest.raises(InputError, match=r"left no trajectory .* and no vasprun\.xml"):
        open_vasp_segment({"trajectory": None, "folder": f"host:{tmp_path}"}, STEP_FS)


@pytest.mark.parametrize("kind", ["pymatgen", "emmet", "record of pymatgen", "record of emmet"])
def test_whatever_the_task_document_holds(kind, paths):
    from emmet.core.trajectory import Trajectory as StoredTrajectory

    trajectory = cut(paths)[0]
    held = StoredTrajectory.from_pmg(trajectory, constant_lattice=True)
    value = {
        "pymatgen": trajectory,
        "emmet": held,
        "record of pymatgen": trajectory.as_dict(),
        "record of emmet": held.model_dump(),
    }[kind]
    source = open_vasp_segment({"trajectory": value, "folder": "/nowhere"}, STEP_FS)
    frames = np.concatenate([block.scaled for block in source.blocks()])
    difference = frames - paths[1]
    np.testing.assert_allclose(difference - np.round(difference), 0.0, atol=1e-9)
