"""Ab initio MD as flows: engines, what they refuse, and frames that come from VASP's documents."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from atomate2.vasp.jobs.base import _DATA_OBJECTS
from atomate2.vasp.jobs.md import MDMaker
from emmet.core.trajectory import Trajectory as StoredTrajectory
from jobflow import Flow, Job, job, run_locally
from pymatgen.core import Structure
from pymatgen.core.trajectory import Trajectory
from pymatgen.io.vasp import Poscar

from perolyte.errors import ExecutionError, InputError
from perolyte.execution.routing import Routing, route_jobs
from perolyte.flows import AimdMaker, BatchMDMaker, ConductivityMaker, assign_identities
from perolyte.jobs.diffusion import analyse_diffusion
from perolyte.jobs.vasp_runs import collect_vasp_runs, prepare_vasp_start
from perolyte.schemas import TrajectorySetDoc
from perolyte.settings import RUN_FOLDER_VARIABLE
from support.documents import make_structure

TOY = "support.toy_electrolyte.ToyElectrolyte"
ROCKSALT = make_structure(Li=4, Cl=4)
ASKED: dict[str, Any] = {"temperatures_K": [700.0], "mobile_ion": "Li", "hop_distance_A": 3.0}
QUIET = {"log": False, "create_folders": False, "ensure_success": True}
SHORT = {"equilibration_ps": 0.1, "production_ps": 0.3, "frame_interval_fs": 20.0}

pytestmark = pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")


@pytest.fixture(autouse=True)
def _folders(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path)


def list_jobs(work: Flow | Job) -> list[Job]:
    return [work] if isinstance(work, Job) else [j for child in work.jobs for j in list_jobs(child)]


# -- any engine of ASE -----------------------------------------------------------------------------


def test_any_calculator_gives_what_the_batched_maker_gives(memory_store):
    aimd = AimdMaker(engine=TOY, checkpoint_interval_steps=3, **SHORT)
    plain = BatchMDMaker(potential=TOY, framework_interval=1, cell_equilibration_ps=0.0, **SHORT)
    frames = []
    for maker in (aimd, plain):
        work = maker.make(ROCKSALT, seed=4, **ASKED)
        found = run_locally(work, store=memory_store, **QUIET)
        (document,) = found[work.uuid][1].output.trajectories
        assert (document.n_steps, document.n_frames) == (200, 21)
        frames.append({f.name: f.sha256 for f in document.files if f.name.endswith(".h5")})
    assert frames[0] == frames[1], "the density of a toy does not know of checkpoints"


def test_a_conductivity_from_ab_initio_runs(memory_store):
    maker = ConductivityMaker(
        hop_distance_A=3.0,
        temperatures_K=[700.0, 900.0],
        cell_equilibration_ps=0.0,
        md_maker=AimdMaker(engine=TOY),
        **SHORT,
    )
    flow = maker.make(ROCKSALT)
    assert [j.name for j in flow.jobs] == [
        "AIMD conductivity 700 K",
        "diffusivity conductivity 700 K",
        "AIMD conductivity 900 K",
        "diffusivity conductivity 900 K",
        "conductivity conductivity",
    ]
    found = run_locally(flow, store=memory_store, **QUIET)
    document = found[flow.output.uuid][1].output
    assert document.md_settings["thermostat"] == "nose-hoover"
    assert document.md_settings["production_ps"] == 0.3


def test_ab_initio_jobs_go_to_the_queue_of_dft():
    for engine in ("gpaw", "vasp"):
        flow = Flow([AimdMaker(engine=engine, **SHORT).make(ROCKSALT, **ASKED)])
        route_jobs(flow, Routing(categories={**Routing().categories, "dft": "vasp_nodes"}))
        names = [
            j.name for j in list_jobs(flow) if j.config.manager_config["_category"] == "vasp_nodes"
        ]
        if engine == "gpaw":
            assert names == ["AIMD"]
        else:
            assert names
            assert all(" part " in name for name in names)


def test_a_code_that_is_not_here_fails_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    work = AimdMaker(engine="cp2k").make(ROCKSALT, **ASKED)
    with pytest.raises(ExecutionError, match=r"CP2K .* is not on the PATH; install it"):
        work.function(*work.function_args, **work.function_kwargs)
    assert not list((tmp_path / "scratch").glob("*/*/manifest.json"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"engine": "nwchem"}, "engine 'nwchem' is not known; use gpaw, vasp, espresso, cp2k"),
        ({"engine": "gpaw", "engine_kwargs": {"cutoff": 1}}, "GPAW setting 'cutoff' is not known"),
        ({"engine_kwargs": {"plane_wave_cutoff_eV": -1.0}}, "plane_wave_cutoff_eV is -1.0 eV"),
        ({"engine": "vasp", "engine_kwargs": {"kpts": 1}}, "VASP setting 'kpts' is not known"),
        ({"engine": "vasp", "thermostat": "langevin"}, "use nose-hoover or none"),
        ({"engine": TOY, "n_replicas": 0}, "n_replicas is 0"),
        ({"engine": TOY, "checkpoint_interval_steps": 0}, "checkpoint_interval_steps is 0"),
        ({"engine": TOY, "guards": {"hot": 1}}, "guard 'hot' is not known"),
        ({"engine": "vasp", "engine_kwargs": {"k_points": [0, 1, 1]}}, r"k_points is \[0, 1, 1\]"),
        ({"engine": "vasp", "engine_kwargs": {"steps_per_job": 0}}, "steps_per_job is 0"),
    ],
)
def test_what_a_maker_refuses(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        AimdMaker(**wrong)
    assert "\n" not in str(caught.value)


def test_what_make_refuses():
    with pytest.raises(InputError, match="cannot be imported"):
        AimdMaker(engine="no.such.Calculator").make(ROCKSALT, **ASKED)
    with pytest.raises(InputError, match="cannot be called with kwargs"):
        AimdMaker(engine="espresso").make(ROCKSALT, **ASKED)
    for changes, message in [
        ({"cell_equilibration_ps": 5.0}, "with VASP the cell that is given is kept: set it to 0"),
        ({"max_production_ps": 100.0}, "with VASP a run is not extended"),
    ]:
        with pytest.raises(InputError, match=message):
            AimdMaker(engine="vasp", **changes).make(ROCKSALT, **ASKED)
    with pytest.raises(InputError, match="ps 5 ps with plane_wave_cutoff_eV 600 eV: stresses"):
        AimdMaker(engine="gpaw", cell_equilibration_ps=5.0).make(ROCKSALT, **ASKED)
    with pytest.raises(InputError, match="give at least one above 0 K"):
        AimdMaker(engine="vasp").make(ROCKSALT, **{**ASKED, "temperatures_K": []})


# -- VASP ------------------------------------------------------------------------------------------


def test_the_stretches_of_a_vasp_run():
    maker = AimdMaker(
        engine="vasp",
        equilibration_ps=1.0,
        production_ps=2.0,
        engine_kwargs={"steps_per_job": 600, "run_vasp_kwargs": {"vasp_cmd": "srun vasp_std"}},
    )
    flow = assign_identities(maker.make(ROCKSALT, **ASKED))
    makers = [j.maker for j in list_jobs(flow) if isinstance(j.maker, MDMaker)]
    generators = [m.input_set_generator for m in makers]
    assert [g.nsteps for g in generators] == [600, 600, 300]
    assert {(g.start_temp, g.end_temp, g.time_step) for g in generators} == {(700.0, 700.0, 2.0)}
    handlers = {type(h).__name__ for h in makers[0].run_vasp_kwargs["handlers"]}
    assert handlers == {type(h).__name__ for h in MDMaker().run_vasp_kwargs["handlers"]}
    assert makers[0].run_vasp_kwargs["vasp_cmd"] == "srun vasp_std"
    assert flow.output.uuid == flow.jobs[-1].uuid


def test_the_poscar_of_a_start_has_grouped_atoms_and_the_velocities_of_the_seed():
    def start(seed):
        shuffled = Structure.from_sites([ROCKSALT[i] for i in (0, 4, 1, 5, 2, 6, 3, 7)])
        shuffled.add_oxidation_state_by_element({"Li": 1, "Cl": -1})
        made = prepare_vasp_start(shuffled, mobile_ion="Li", temperature_K=700.0, seed=seed)
        return made.function(*made.function_args, **made.function_kwargs)

    structure = start(1)
    assert [site.specie.symbol for site in structure] == ["Li"] * 4 + ["Cl"] * 4
    velocities = np.array(structure.site_properties["velocities"])
    masses = np.array([float(site.specie.atomic_mass) for site in structure])
    # 1 amu Å²/fs² is 103.64 eV; a relaxed structure starts at twice the temperature
    kinetic_eV = 0.5 * 103.64 * (masses @ (velocities**2).sum(axis=1))
    assert kinetic_eV == pytest.approx(2 * 1.5 * 8 * 8.617e-5 * 700.0, rel=1e-3)
    poscar = Poscar(structure, velocities=velocities.tolist())
    again = Poscar.from_str(poscar.get_str()).structure
    np.testing.assert_allclose(again.site_properties["velocities"], velocities, atol=1e-7)
    assert not np.allclose(velocities, start(2).site_properties["velocities"])


@job(data=_DATA_OBJECTS)
def hand_over(trajectory: Any, folder: str) -> dict[str, Any]:
    """Store what a VASP job stores of its frames, in the way it does."""
    return {"vasp_objects": {"trajectory": trajectory}, "dir_name": folder}


def make_parts(n_frames=400, n_parts=3) -> list[StoredTrajectory]:
    """Lithium that walks through a resting framework, as the trajectories of atomate2's jobs."""
    rng = np.random.default_rng(5)
    steps = rng.normal(scale=0.004, size=(n_frames, len(ROCKSALT), 3))
    steps[:, 4:] *= 0.05
    scaled = ROCKSALT.frac_coords + np.cumsum(steps, axis=0)
    return [
        StoredTrajectory.from_pmg(
            Trajectory(
                [site.specie for site in ROCKSALT],
                part % 1.0,
                lattice=ROCKSALT.lattice.matrix,
                constant_lattice=True,
            ),
            constant_lattice=True,
        )
        for part in np.array_split(scaled, n_parts)
    ]


def test_frames_of_vasp_come_out_of_the_store_and_are_analysed(memory_store):
    runs = [hand_over(part, "node7:/scratch/run") for part in make_parts()]
    settings = {"time_step_fs": 2.0, "frame_interval_fs": 4.0, "equilibration_ps": 0.1}
    frames = collect_vasp_runs(
        [
            {
                "replica": "700K-1",
                "temperature_K": 700.0,
                "seed": 9,
                "start": None,
                "segments": [
                    {
                        "trajectory": run.output["vasp_objects"]["trajectory"],
                        "folder": run.output["dir_name"],
                    }
                    for run in runs
                ],
            }
        ],
        name="salt",
        mobile_ion="Li",
        settings={**settings, "thermostat": "nose-hoover"},
        seed=1,
    )
    analysis = analyse_diffusion(
        frames.output,
        name="salt",
        mobile_ion="Li",
        charge=1.0,
        hop_distance_A=3.0,
        temperature_K=700.0,
        equilibration_ps=0.1,
        position=0,
    )
    found = run_locally(Flow([*runs, frames, analysis]), store=memory_store, **QUIET)
    document = TrajectorySetDoc.model_validate(found[frames.uuid][1].output)
    (run,) = document.trajectories
    assert (run.n_frames, run.n_steps, run.frame_interval_fs) == (200, 398, 4.0)
    assert run.ensemble["kind"] == "NoseHooverChain"
    assert run.computed_on == {"name": "VASP", "parts": "3"}
    stored = memory_store.query_one({"uuid": frames.uuid}, load=False)
    assert "blob_uuid" in json.dumps(stored, default=str), "frames are large data"
    assert found[analysis.uuid][1].output.n_ions == 4
