"""From trajectories with a known diffusivity, and points on a known line, to what is stored."""

from __future__ import annotations

import numpy as np
import pytest
from jobflow import Flow
from pymatgen.core import Lattice, Structure
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError
from perolyte.flows import ConductivityMaker
from perolyte.jobs import (
    analyse_diffusion,
    fit_conductivity,
    prepare_md_structure,
    run_conductivities,
)
from perolyte.schemas import ConductivityDoc, DiffusionDoc, RankingDoc
from perolyte.units import BOLTZMANN_EV_PER_K, BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_diffusion,
    make_relaxed,
    make_structure,
)
from support.hopping import (
    BOX_A,
    FRAME_FS,
    HOP_A,
    HOP_PROBABILITY,
    N_IONS,
    TEMPERATURE_K,
    TRUE_D_CM2_S,
    make_trajectory,
)


def analyse(trajectory: Trajectory | None, **changes) -> DiffusionDoc:
    inputs = {
        "name": "x",
        "mobile_ion": "Li",
        "charge": 1,
        "temperature_K": TEMPERATURE_K,
        "time_step_fs": 2.0,
        "frame_interval_fs": FRAME_FS,
        "equilibration_ps": 0.0,
        "hop_distance_A": HOP_A,
        "trajectory_uuid": "md",
        "seed": 4,
        "campaign": "c",
    }
    return analyse_diffusion.original(trajectory, **inputs | changes)


@pytest.fixture(scope="module")
def walkers() -> DiffusionDoc:
    return analyse(make_trajectory())


def test_the_diffusivity_is_right_within_its_error(walkers):
    assert walkers.status == "converged", walkers.reasons
    off = walkers.diffusivity_cm2_s - TRUE_D_CM2_S
    assert abs(off) < 3 * walkers.diffusivity_std_cm2_s  # three standard errors: one in 370
    assert 0 < walkers.relative_error < 0.3
    assert walkers.n_ions == N_IONS
    assert walkers.run_length_ps == pytest.approx(199.9)
    # each hop counts once, up to its own statistics
    assert walkers.n_net_hops == pytest.approx(2000 * N_IONS * HOP_PROBABILITY, rel=0.3)


def test_the_conductivity_is_that_of_nernst_and_einstein(walkers):
    """sigma = n q^2 D / (kB T), written out in SI units."""
    volume_m3 = (BOX_A * 1e-10) ** 3
    d_m2_s = walkers.diffusivity_cm2_s * 1e-4
    sigma_S_m = (N_IONS / volume_m3) * ELEMENTARY_CHARGE_C**2 * d_m2_s
    sigma_S_m /= BOLTZMANN_J_PER_K * TEMPERATURE_K
    assert walkers.conductivity_S_cm == pytest.approx(sigma_S_m / 100, rel=1e-9)
    relative = walkers.conductivity_std_S_cm / walkers.conductivity_S_cm
    assert relative == pytest.approx(walkers.relative_error)
    divalent = analyse(make_trajectory(), charge=2)
    assert divalent.conductivity_S_cm == pytest.approx(4 * walkers.conductivity_S_cm)


def test_provenance(walkers):
    assert walkers.trajectory_uuid == "md"
    assert walkers.provenance.parent_uuids == ["md"]
    assert walkers.provenance.seed == 4
    assert walkers.campaign == "c"


def test_drift_of_everything_is_no_diffusion(walkers):
    drifting = analyse(make_trajectory(drift_A=0.02))
    assert drifting.diffusivity_cm2_s == pytest.approx(walkers.diffusivity_cm2_s, rel=1e-6)


def test_equilibration_is_left_out():
    trajectory = make_trajectory(2500, n_hot=500)
    settled = analyse(trajectory, equilibration_ps=50.0)
    assert settled.status == "converged", settled.reasons
    assert settled.run_length_ps == pytest.approx(199.9)
    assert abs(settled.diffusivity_cm2_s - TRUE_D_CM2_S) < 3 * settled.diffusivity_std_cm2_s
    whole = analyse(make_trajectory(2500, n_hot=500))
    assert whole.run_length_ps == pytest.approx(249.9)
    assert whole.n_net_hops > 2 * settled.n_net_hops


def test_too_short_a_run_has_reasons_and_no_numbers():
    doc = analyse(make_trajectory(30))
    assert doc.status == "not_converged"
    assert doc.reasons
    assert doc.diffusivity_cm2_s is doc.diffusivity_std_cm2_s is None
    assert doc.conductivity_S_cm is doc.conductivity_std_S_cm is doc.relative_error is None
    assert len(doc.lag_ps) == len(doc.msd_A2) > 0, "the curve is kept"


def test_nothing_moves():
    doc = analyse(make_trajectory(500, hop_probability=0.0))
    assert doc.status == "not_converged"
    assert doc.conductivity_S_cm is None
    assert doc.diffusivity_upper_bound_cm2_s > 0


def test_a_run_that_explodes_is_unphysical():
    trajectory = make_trajectory(100)
    coords = np.array(trajectory.coords)
    coords[60:, 0, 0] += 0.47  # nearly half a cell from one frame to the next
    trajectory.coords = coords
    document = analyse(trajectory)
    assert document.status == "unphysical"
    assert document.diffusivity_cm2_s is None
    assert any("cannot be followed" in reason for reason in document.reasons)


def test_no_trajectory_is_rejected():
    doc = analyse(None)
    assert doc.status == "rejected"
    assert "log" in doc.reasons[0]
    assert doc.conductivity_S_cm is None
    assert doc.msd_A2 == []


@pytest.mark.parametrize(("mean_K", "ok"), [(1100.0, True), (1200.0, False), (800.0, False)])
def test_mean_temperature(mean_K, ok):
    doc = analyse(make_trajectory(temperature_K=mean_K))
    assert doc.mean_temperature_K == pytest.approx(mean_K)
    assert (doc.status == "converged") == ok
    assert (doc.conductivity_S_cm is not None) == ok
    if not ok:
        assert f"mean temperature {mean_K:.0f} K" in doc.reasons[-1]
        assert "1000 K" in doc.reasons[-1]


def test_frames_without_temperature():
    doc = analyse(make_trajectory(temperature_K=None))
    assert doc.status == "converged"
    assert doc.mean_temperature_K is None


# -- the Arrhenius line ----------------------------------------------------------------------------

TRUE_EA_EV, TRUE_A = 0.30, 2.0e5  # sigma T = A exp(-Ea / kB T)


def true_sigma(temperature_K: float) -> float:
    return TRUE_A / temperature_K * np.exp(-TRUE_EA_EV / (BOLTZMANN_EV_PER_K * temperature_K))


def fit(*points: DiffusionDoc, extrapolate_to_K: float = 300.0) -> ConductivityDoc:
    return fit_conductivity.original(
        list(points),
        name="x",
        structure=make_structure(Li=3, O=5),
        mobile_ion="Li",
        extrapolate_to_K=extrapolate_to_K,
        md_settings={"seed": 1},
        campaign="c",
    )


def on_the_line(temperature_K: float, off: float = 0.0, **fields) -> DiffusionDoc:
    return make_diffusion(temperature_K, true_sigma(temperature_K) * (1 + off), **fields)


def test_three_good_points():
    doc = fit(on_the_line(1200, 0.05), on_the_line(800, -0.04), on_the_line(1000, 0.02))
    assert doc.status == "converged"
    assert [point.temperature_K for point in doc.points] == [800, 1000, 1200]
    room = doc.room_temperature
    assert room.temperature_K == 300.0
    assert room.lower_S_cm < true_sigma(300.0) < room.upper_S_cm
    assert room.lower_S_cm < room.conductivity_S_cm < room.upper_S_cm
    arrhenius = doc.arrhenius
    off = arrhenius.activation_energy_eV - TRUE_EA_EV
    assert abs(off) < 2 * arrhenius.activation_energy_std_eV
    assert (arrhenius.temperature_min_K, arrhenius.temperature_max_K) == (800, 1200)
    assert arrhenius.n_points == 3
    assert np.shape(arrhenius.covariance) == (2, 2)
    uuids = [uuid for point in doc.points for uuid in point.diffusion_uuids]
    assert uuids == doc.provenance.parent_uuids


def test_exact_points_give_the_exact_line():
    doc = fit(*[on_the_line(T) for T in (800, 1000, 1200)], extrapolate_to_K=500.0)
    assert doc.arrhenius.activation_energy_eV == pytest.approx(TRUE_EA_EV, rel=1e-6)
    assert doc.room_temperature.conductivity_S_cm == pytest.approx(true_sigma(500.0), rel=1e-6)


def test_two_points_are_not_extrapolated():
    short = make_diffusion(800, None, reasons=["12 net hops"])
    doc = fit(on_the_line(1000), on_the_line(1200), short)
    assert doc.status == "not_converged"
    assert doc.arrhenius is None
    assert doc.room_temperature is None
    assert "800 K: 12 net hops" in doc.reasons
    assert len(doc.points) == 3


def test_no_points_at_all():
    doc = fit(*[make_diffusion(T, None) for T in (800, 1000)])
    assert doc.status == "not_converged"
    assert doc.arrhenius is doc.room_temperature is None
    assert sum("too short" in reason for reason in doc.reasons) == 2


def test_a_conductivity_that_falls_on_heating_is_unphysical():
    doc = fit(*[make_diffusion(T, 1e3 / T**2) for T in (800, 1000, 1200)])
    assert doc.status == "unphysical"
    assert doc.arrhenius is doc.room_temperature is None


def test_warnings_are_gathered_once():
    points = [on_the_line(T, warnings=["w"]) for T in (800, 1000, 1200)]
    assert fit(*points).warnings == ["w"]


# -- preparation and expansion ---------------------------------------------------------------------


def prepare(structure: Structure, mobile_ion: str = "Li") -> Structure:
    return prepare_md_structure.original(
        structure, mobile_ion=mobile_ion, temperature_K=900.0, seed=2
    )


def test_prepared_cells_are_upper_triangular_with_velocities():
    skewed = Structure(
        Lattice([[0.0, 4.0, 4.0], [4.0, 0.0, 4.0], [4.0, 4.1, 0.0]]),
        ["Li", "Cl"],
        [[0, 0, 0], [0.5, 0.5, 0.5]],
    )
    made = prepare(skewed)
    assert np.tril(made.lattice.matrix, -1) == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    assert made.distance_matrix == pytest.approx(skewed.distance_matrix, abs=1e-9)
    assert np.shape(made.site_properties["velocities"]) == (2, 3)
    assert made.site_properties == prepare(skewed).site_properties


@pytest.mark.parametrize(("counts", "ion"), [({"Na": 1, "Cl": 1}, "Li"), ({"Li": 2}, "Li")])
def test_structures_that_conduct_nothing(counts, ion):
    with pytest.raises(InputError, match="needs the mobile ion Li and a framework; it holds"):
        prepare(make_structure(**counts), ion)


def make_ranking(*names: str) -> RankingDoc:
    relaxed = [make_relaxed(make_candidate(name), -500.0) for name in names]
    return RankingDoc(
        name="ranking", status="converged", provenance=PROVENANCE, ranked=[], selected=relaxed
    )


def hop_distances(flow: Flow) -> set[float]:
    jobs = [job for part in flow.jobs for job in part.jobs]
    return {j.function_kwargs["hop_distance_A"] for j in jobs if j.name.startswith("diffusivity")}


@pytest.mark.parametrize(("own", "used"), [(None, 3.87), (3.0, 3.0)])
def test_one_flow_for_each_selected_candidate(own, used):
    maker = ConductivityMaker(hop_distance_A=own, temperatures_K=[800.0, 900.0])
    response = run_conductivities.original(
        make_ranking("parent", "Sr2-S3"), maker, hop_distance_A=3.87
    )
    flow = response.replace
    assert [part.name for part in flow.jobs] == ["conductivity parent", "conductivity Sr2-S3"]
    assert len(flow.output) == 2
    assert hop_distances(flow) == {used}


def test_nothing_selected_gives_an_empty_list():
    response = run_conductivities.original(make_ranking(), ConductivityMaker(), hop_distance_A=3.87)
    assert response.replace is None
    assert response.output == []
