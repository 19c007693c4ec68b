"""Where ions go, as a document: what is seen, what has a rate, and what is kept where."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError
from perolyte.jobs import PathSettings, analyse_paths, describe_paths
from perolyte.jobs import paths_document as module
from perolyte.schemas import IonPathsDoc
from perolyte.stores import open_store
from perolyte.stores.results import Results
from perolyte.trajectories import open_trajectory, read_thinned, wrap_trajectory
from perolyte.transport import find_crystal_sites
from support.jumping_ions import EDGE_A, N_CELLS, make_crystal, make_run
from support.trajectory_files import make_walk, write_xdatcar
from support.walkers import FRAME_FS, HOP_A

N_SITES = N_CELLS**3


def describe(trajectory, **options):
    mobile, every = read_thinned(
        wrap_trajectory(trajectory, frame_interval_fs=FRAME_FS),
        "Li",
        max_frames=options.pop("max_frames", None),
    )
    known = {"name": "run", "mobile_ion": "Li", "temperature_K": 600.0, "kept_every": every}
    return describe_paths(mobile, **{**known, **options})


def on_crystal(trajectory, **options):
    return describe(
        trajectory, settings=PathSettings(sites="crystal"), structure=make_crystal(), **options
    )


@pytest.fixture(scope="module")
def trajectory():
    return make_run(1)


@pytest.fixture(scope="module")
def document(trajectory):
    return on_crystal(trajectory)


# -- numbers ---------------------------------------------------------------------------------------


def test_sites_are_those_of_the_crystal(document):
    assert (document.status, document.reasons) == ("converged", [])
    assert document.site_source == "crystal"
    assert len(document.sites) == N_SITES
    assert {site.label for site in document.sites} == {"Li1"}
    (kind,) = document.site_kinds
    assert (kind.label, kind.n_sites) == ("Li1", N_SITES)
    total = sum(site.occupation for site in document.sites)
    assert total == pytest.approx(document.n_ions * (1 - document.unassigned_fraction))
    assert kind.occupation == pytest.approx(total / N_SITES)
    assert 0 < kind.residence_lower_ps < kind.residence_ps < kind.residence_upper_ps
    assert kind.n_departures == document.n_jumps
    assert kind.survival == sorted(kind.survival, reverse=True)
    assert len(kind.survival_time_ps) == len(kind.survival_std) <= 60


def test_jumps_lead_from_site_to_site(document):
    assert document.mean_jump_distance_A == pytest.approx(HOP_A, abs=0.02)
    assert sum(jump.n_jumps for jump in document.jumps) == document.n_jumps
    assert [jump.n_jumps for jump in document.jumps] == sorted(
        (jump.n_jumps for jump in document.jumps), reverse=True
    )
    for jump in document.jumps:
        start = np.array(document.sites[jump.origin].fractional)
        end = np.array(document.sites[jump.destination].fractional) + jump.image
        np.testing.assert_allclose((end - start) * EDGE_A, jump.vector_A, atol=1e-9)
        assert np.linalg.norm(jump.vector_A) == pytest.approx(jump.distance_A)
        assert jump.rate_lower_per_ps < jump.n_jumps / jump.exposure_ps < jump.rate_upper_per_ps


def test_a_way_with_few_jumps_has_an_interval_and_no_rate(document):
    few = [jump for jump in document.jumps if jump.n_jumps < 10]
    assert few
    for jump in few:
        assert jump.rate_per_ps is None
        assert jump.barrier_eV is None
        assert jump.reasons == [f"{jump.n_jumps} jumps on this way, at least 10 needed for a rate"]
    (kind,) = document.jump_kinds
    assert kind.n_jumps >= 100
    assert kind.rate_lower_per_ps < kind.rate_per_ps < kind.rate_upper_per_ps
    assert kind.barrier_lower_eV < kind.barrier_eV < kind.barrier_upper_eV
    assert kind.reasons == []


def test_a_short_run_shows_what_was_seen():
    document = on_crystal(make_run(2, hops_per_ion=3.0))
    assert document.status == "not_converged"
    (reason,) = document.reasons
    assert reason.startswith(f"{document.n_jumps} jumps, at least 100 needed for rates: run about ")
    assert f"{100 / document.n_jumps:.2g}x longer" in reason
    assert 10 < document.n_jumps < 100
    assert document.jump_rate_per_ps is None
    assert document.jump_rate_lower_per_ps < document.jump_rate_upper_per_ps
    assert document.jumps
    assert all(jump.rate_per_ps is None for jump in [*document.jumps, *document.jump_kinds])
    assert all(jump.free_energy_barrier_eV is None for jump in document.jumps)
    assert document.site_kinds[0].residence_ps is None
    assert document.site_kinds[0].residence_upper_ps is not None
    assert document.correlation.factor is None
    assert "at least 100 needed" in document.correlation.reasons[0]
    assert document.correlation.back_jump_fraction is None
    assert document.cooperation.cooperative_share is None


def test_a_caged_run_has_bounds_only():
    document = on_crystal(make_run(3, n_frames=300, hops_per_ion=0.0))
    assert document.status == "not_converged"
    assert "no jump in" in document.reasons[0]
    assert (document.n_jumps, document.jumps, document.jump_kinds) == (0, [], [])
    assert document.jump_rate_lower_per_ps == 0
    assert document.jump_rate_upper_per_ps == pytest.approx(3 / (12 * 29.9), rel=0.01)
    assert document.mean_jump_distance_A is None
    visited = [site for site in document.sites if site.occupation > 0]
    assert all(site.occupation_std is None for site in document.sites), "nothing came or went"
    assert all(site.residence_upper_ps is None for site in document.sites)
    assert all(site.residence_lower_ps > 0 for site in visited)
    assert all(entry.barrier_eV is None for entry in document.free_energy)
    assert all(entry.lower_bound_eV > 0 and entry.reason for entry in document.free_energy)
    assert document.correlation.status == document.cooperation.status == "not_converged"


def test_a_run_of_two_frames():
    document = on_crystal(make_run(3, n_frames=2, hops_per_ion=0.0))
    assert document.status == "not_converged"
    assert document.n_frames == 2


def test_one_ion_has_no_error_from_the_others():
    document = on_crystal(make_run(4, n_ions=1, hops_per_ion=10.0))
    assert set(document.non_gaussian.alpha2_std) == {None}
    assert document.cooperation.reasons
    assert np.array(document.van_hove.distinct_part).max() == 0


def test_jumps_straight_back_make_intervals_doubtful():
    document = on_crystal(make_run(5, hops_per_ion=60.0, returns=0.6))
    assert "go straight back" in "; ".join(document.warnings)
    assert document.correlation.back_jump_fraction > 0.5


def test_sites_that_do_not_fit_are_rejected(trajectory):
    shifted = make_crystal()
    shifted.translate_sites([0], [0.5, 0.5, 0.0])
    document = describe(trajectory, settings=PathSettings(sites="crystal"), structure=shifted)
    assert document.status == "rejected"
    assert "check the sites" in document.reasons[0]


def test_the_work_is_limited(trajectory, monkeypatch):
    monkeypatch.setattr(module, "_MAX_WAYS", 5)
    monkeypatch.setattr(module, "_MAX_VOXELS", 4000)
    document = on_crystal(trajectory, max_frames=400)
    assert len(document.jumps) == 5
    assert np.prod(document.density.divisions) <= 4000 * 1.3
    assert (document.kept_every, document.n_frames) == (5, 400)
    assert document.frame_interval_fs == 5 * FRAME_FS
    texts = "; ".join(document.warnings)
    assert "1 of 5 frames" in texts
    assert "no more than 4,000 voxels" in texts
    assert "the 5 with most jumps are listed" in texts
    assert sum(kind.n_jumps for kind in document.jump_kinds) == document.n_jumps


def test_thinning_a_file_as_it_is_read(tmp_path, monkeypatch):
    path = write_xdatcar(make_walk(n_frames=60, step_A=0.1), tmp_path / "XDATCAR")
    source = open_trajectory(path, frame_interval_fs=20.0)
    whole, every = read_thinned(source, "Li", skip_ps=0.1, max_frames=20)
    monkeypatch.setattr("perolyte.trajectories.source._LARGE_BYTES", 0)
    streamed, same = read_thinned(source, "Li", skip_ps=0.1, max_frames=20)
    assert (every, same, whole.n_frames, streamed.n_frames) == (3, 3, 19, 19)
    np.testing.assert_allclose(streamed.positions_A, whole.positions_A, atol=1e-9)
    np.testing.assert_allclose(
        streamed.framework_positions_A, whole.framework_positions_A, atol=1e-9
    )
    with pytest.raises(InputError, match="max_frames is 1"):
        read_thinned(source, "Li", max_frames=1)


# -- sites -----------------------------------------------------------------------------------------


def test_sites_of_the_density_are_where_the_crystal_has_them(trajectory, document):
    found = describe(trajectory)
    assert found.site_source == "density"
    known = np.array([site.fractional for site in document.sites])
    for site in found.sites:
        away = np.array(site.fractional) - known
        away -= np.round(away)
        assert np.linalg.norm(away * EDGE_A, axis=1).min() < 0.2
    assert found.n_jumps == pytest.approx(document.n_jumps, rel=0.05)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (Structure(Lattice.cubic(3.87), ["Na", "O"], [[0, 0, 0], [0.5] * 3]), "has no Li"),
        (Structure(Lattice.cubic(4.4), ["Li"], [[0, 0, 0]]), "edges of 4.4, 4.4, 4.4 Å"),
        (Structure(Lattice.hexagonal(3.87, 3.87), ["Li"], [[0, 0, 0]]), "at 90, 90, 120°"),
    ],
)
def test_crystals_that_do_not_fit(structure, message):
    with pytest.raises(InputError, match=message):
        find_crystal_sites(structure, "Li", EDGE_A * np.eye(3))


def test_sites_without_labels_are_of_one_kind_where_symmetry_makes_them_so():
    crystal = Structure(
        Lattice.orthorhombic(4.0, 5.0, 6.0),
        ["Li", "Li", "Li", "O"],
        [[0, 0, 0.3], [0.5, 0.5, 0.5], [0, 0, 0.7], [0, 0, 0]],
    )
    sites, _ = find_crystal_sites(crystal, "Li", np.diag([4.0, 5.0, 6.0]))
    assert sites.labels == ("Li1", "Li2", "Li1")
    rng = np.random.default_rng(0)
    glass = Structure(Lattice.cubic(20.0), ["Li"] * 30, rng.random((30, 3)))
    sites, warnings = find_crystal_sites(glass, "Li", 20.0 * np.eye(3))
    assert set(sites.labels) == {"Li"}
    assert "30 kinds of Li sites" in warnings[0]


def test_split_sites_are_noted():
    split = Structure(Lattice.cubic(4.0), ["Li", "Li"], [[0, 0, 0], [0.2, 0, 0]])
    _, warnings = find_crystal_sites(split, "Li", 4.0 * np.eye(3))
    assert "0.80 Å apart" in warnings[-1]


def test_options_that_do_not_fit(trajectory):
    with pytest.raises(InputError, match="no structure is given"):
        describe(trajectory, settings=PathSettings(sites="crystal"))
    with pytest.raises(InputError, match="sites is 'guess'; it must be one of density, crystal"):
        PathSettings(sites="guess")


# -- job -------------------------------------------------------------------------------------------


def run_job(store, *arguments, **options):
    job = analyse_paths(*arguments, **{"name": "x", "mobile_ion": "Li", **options})
    job.run(store)
    return job.uuid


def test_the_density_is_kept_apart_in_the_store(tmp_path, trajectory):
    store = open_store(tmp_path)
    uuid = run_job(
        store,
        trajectory,
        temperature_K=600.0,
        frame_interval_fs=FRAME_FS,
        equilibration_ps=20.0,
        spacing_A=0.5,
        trajectory_uuid="t",
        campaign="c",
    )
    results = Results(store)
    lean = IonPathsDoc.model_validate(results.document(uuid))
    full = IonPathsDoc.model_validate(results.document(uuid, load=True))
    assert lean.density is None
    assert full.density.grid().sum() == full.n_frames * full.n_ions
    assert lean == full.model_copy(update={"density": None})
    assert (full.uuid, full.campaign, full.trajectory_uuid) == (uuid, "c", "t")
    assert full.provenance.parent_uuids == ["t"]
    assert (full.equilibration_ps, full.n_frames) == (20.0, 1800)
    assert results.trajectory(uuid, field="density")["n_frames"] == 1800
    table = results.documents("IonPathsDoc", status="converged")
    assert table["n_jumps"].tolist() == [full.n_jumps]
    store.close()


def test_a_run_that_failed_or_broke(tmp_path):
    store = open_store(tmp_path)
    missing = run_job(store, None, temperature_K=600.0)
    wild = np.random.default_rng(0).random((20, 4, 3))
    broken = run_job(
        store,
        Trajectory(["Li"] * 2 + ["O"] * 2, wild, lattice=9.0 * np.eye(3)),
        temperature_K=600.0,
        frame_interval_fs=FRAME_FS,
    )
    documents = [IonPathsDoc.model_validate(Results(store).document(u)) for u in (missing, broken)]
    assert [document.status for document in documents] == ["rejected", "unphysical"]
    assert "MD job failed" in documents[0].reasons[0]
    assert "cannot be followed" in documents[1].reasons[0]
    store.close()


def test_a_job_takes_files(tmp_path, memory_store):
    path = write_xdatcar(make_walk(n_frames=60, step_A=0.05), tmp_path / "XDATCAR")
    uuid = run_job(
        memory_store, str(path), temperature_K=600.0, frame_interval_fs=20.0, spacing_A=0.5
    )
    found = memory_store.get_output(uuid, load=True)
    assert found["n_ions"] == 10
    assert len(found["trajectory_sha256"]) == 64


def test_a_stored_trajectory_needs_its_interval(trajectory):
    with pytest.raises(InputError, match="frame_interval_fs is not given"):
        analyse_paths.original(trajectory, name="x", mobile_ion="Li", temperature_K=600.0)


def test_the_same_run_gives_the_same_document(trajectory, document):
    again = on_crystal(trajectory)
    known = again.model_copy(update={"provenance": document.provenance})
    text = json.dumps(known.model_dump(exclude={"framework"}), default=str)
    assert text == json.dumps(document.model_dump(exclude={"framework"}), default=str)
