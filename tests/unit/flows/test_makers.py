"""One conformance suite for every maker, and what each refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from atomate2.ase.jobs import EmtRelaxMaker
from atomate2.forcefields.jobs import ForceFieldRelaxMaker
from atomate2.forcefields.md import ForceFieldMDMaker
from jobflow import Flow, Job, Maker, OnMissing, OutputReference
from monty.json import MontyDecoder, MontyEncoder
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.flows import (
    ActiveLearningMaker,
    AimdMaker,
    BatchMDMaker,
    BoundaryRecipe,
    BvseMaker,
    ConductivityMaker,
    Dopant,
    Doping,
    DopingScreenMaker,
    GrainBoundary,
    GrainBoundaryConductivityMaker,
    LabelConvergenceMaker,
    LabelMaker,
    MicrostructureMaker,
    ParentRecipe,
    PotentialTrainingMaker,
    PotentialValidationMaker,
    Segregant,
    TransportMaker,
    Vacancy,
    VacancyScreenMaker,
    assign_identities,
    build_md_maker,
    build_relax_maker,
)
from perolyte.flows.conductivity import derive_seed
from support.documents import make_structure

LENNARD_JONES = "ase.calculators.lj.LennardJones"
TOY = "support.toy_electrolyte.ToyElectrolyte"
XDATCAR = Path(__file__).parents[2] / "data" / "XDATCAR"
ROCKSALT = make_structure(Li=4, Cl=4)


def screen(maker: DopingScreenMaker, parent: Structure = ROCKSALT) -> Flow:
    return maker.make(
        parent,
        ParentRecipe(roles={"A": ["Li"], "B": ["Ti"], "X": ["O"]}, mobile_ion="Li"),
        dopings=[Doping(Dopant("Sr", count=2), "S3")],
        vacancies=[Vacancy("O", 1, {"Li": 2})],
        grain_boundary=GrainBoundary(1e-8, 1.0, 300.0, "a paper"),
        warnings=["w"],
        structure_sha256="ab",
    )


@dataclass
class Case:
    """A maker, how to make its flow, and a child maker in it, if any, with a field to change."""

    maker: Maker
    make: Callable[[Any], Flow]
    child: type[Maker] | None
    change: dict[str, Any] = field(default_factory=dict)


CASES = {
    "active learning": Case(
        ActiveLearningMaker(hop_distance_A=3.6, seed=2, campaign="c"),
        lambda maker: maker.make([ROCKSALT], OutputReference("a training set")),
        None,
    ),
    "ab initio MD with VASP": Case(
        AimdMaker(engine="vasp", production_ps=0.1, equilibration_ps=0.0, campaign="c"),
        lambda maker: maker.make(
            ROCKSALT, temperatures_K=[600.0, 700.0], mobile_ion="Li", hop_distance_A=3.6
        ),
        None,
    ),
    "conductivity ab initio": Case(
        ConductivityMaker(
            hop_distance_A=3.6, seed=2, cell_equilibration_ps=0.0, md_maker=AimdMaker(engine="gpaw")
        ),
        lambda maker: maker.make(ROCKSALT),
        None,
    ),
    "conductivity": Case(
        ConductivityMaker(hop_distance_A=3.6, seed=2, md_maker=build_md_maker(TOY)),
        lambda maker: maker.make(ROCKSALT),
        ForceFieldMDMaker,
        {"calculator_kwargs": {"delay_s": 0.5}},
    ),
    "doping screen": Case(
        DopingScreenMaker(relax_maker=build_relax_maker(TOY), seed=3, campaign="c"),
        screen,
        ForceFieldRelaxMaker,
        {"steps": 17},
    ),
    "vacancy screen": Case(
        VacancyScreenMaker(relax_maker=build_relax_maker(TOY), seed=3, campaign="c"),
        lambda maker: maker.make(
            ROCKSALT,
            ParentRecipe(mobile_ion="Li"),
            vacancies=[Vacancy("Li", 1, "all", pair=("vacancy_Li", "vacancy_Cl"))],
        ),
        ForceFieldRelaxMaker,
        {"steps": 17},
    ),
    "doping screen without MD": Case(
        DopingScreenMaker(conductivity_maker=None),
        screen,
        ForceFieldRelaxMaker,
        {"steps": 17},
    ),
    "conductivity with batches": Case(
        ConductivityMaker(hop_distance_A=3.6, seed=2, md_maker=BatchMDMaker(potential=TOY)),
        lambda maker: maker.make(ROCKSALT),
        None,
    ),
    "convergence of labels": Case(
        LabelConvergenceMaker("rc", (4.0, 6.0), LabelMaker(engine=LENNARD_JONES), campaign="c"),
        lambda maker: maker.make({"salt": ROCKSALT}),
        None,
    ),
    "labels of another maker": Case(
        LabelMaker(static_maker=EmtRelaxMaker(steps=0), campaign="c"),
        lambda maker: maker.make(ROCKSALT, name="salt", group={"temperature_K": 300.0}),
        EmtRelaxMaker,
        {"steps": 1},
    ),
    "labels": Case(
        LabelMaker(engine=TOY, campaign="c"),
        lambda maker: Flow([job := maker.make(ROCKSALT, name="salt")], output=job.output),
        None,
    ),
    "training": Case(
        PotentialTrainingMaker(settings={"batch_size": 2}, campaign="c"),
        lambda maker: Flow([job := maker.make(OutputReference("u"), seed=2)], output=job.output),
        None,
    ),
    "grain boundary": Case(
        GrainBoundaryConductivityMaker(
            ConductivityMaker(hop_distance_A=3.6, md_maker=BatchMDMaker(potential=TOY)), seed=2
        ),
        lambda maker: maker.make(
            ROCKSALT,
            BoundaryRecipe(13, (3, 2, 0)),
            segregants=[Segregant("vacancy", "Li")],
            candidate="salt",
        ),
        None,
    ),
    "transport of files": Case(
        TransportMaker(frame_interval_fs=20.0, campaign="c"),
        lambda maker: maker.make([XDATCAR, XDATCAR], temperatures_K=[600.0, 700.0]),
        None,
    ),
    "bond valence barriers": Case(
        BvseMaker(batch_size=2, campaign="c"),
        lambda maker: maker.make([ROCKSALT, ROCKSALT, make_structure(Li=1, Cl=1)], "Li"),
        None,
    ),
    "validation of a potential": Case(
        PotentialValidationMaker(potential="ase.calculators.emt.EMT", campaign="c"),
        lambda maker: maker.make(structures={"salt": ROCKSALT}),
        None,
    ),
    "microstructure": Case(
        MicrostructureMaker(settings={"n_dimensions": 2}, seed=1, campaign="c"),
        lambda maker: maker.make(
            1e-3, boundary_S_cm=1e-6, boundary_thickness_nm=1.0, grain_sizes_nm=[100.0, 200.0]
        ),
        None,
    ),
}


@pytest.fixture(params=CASES, name="case")
def _case(request: pytest.FixtureRequest) -> Case:
    return copy.deepcopy(CASES[request.param])


def uuids(flow: Flow) -> list[str]:
    return list(flow.all_uuids)


class TestEveryMaker:
    """What any maker of perolyte must do."""

    def test_make_does_not_change_the_maker(self, case: Case):
        before = json.dumps(case.maker, cls=MontyEncoder, sort_keys=True)
        case.make(case.maker)
        assert json.dumps(case.maker, cls=MontyEncoder, sort_keys=True) == before

    def test_the_same_maker_gives_the_same_flow(self, case: Case):
        assert uuids(case.make(case.maker)) == uuids(case.make(case.maker))

    def test_round_trip_of_the_maker(self, case: Case):
        again = json.loads(json.dumps(case.maker, cls=MontyEncoder), cls=MontyDecoder)
        assert type(again) is type(case.maker)
        assert again.as_dict() == case.maker.as_dict()
        assert uuids(case.make(again)) == uuids(case.make(case.maker))
        plain = type(case.maker).from_dict(case.maker.as_dict())
        assert uuids(case.make(plain)) == uuids(case.make(case.maker))

    def test_round_trip_of_the_flow(self, case: Case):
        flow = case.make(case.maker)
        again = json.loads(json.dumps(flow, cls=MontyEncoder), cls=MontyDecoder)
        assert uuids(assign_identities(again)) == uuids(flow)

    def test_output_is_that_of_the_last_job(self, case: Case):
        flow = case.make(case.maker)
        outputs = flow.output if isinstance(flow.output, list) else [flow.output]
        assert outputs[-1].uuid == flow.jobs[-1].uuid

    def test_every_job_is_named_for_people(self, case: Case):
        names = [job.name for job in case.make(case.maker).jobs]
        assert len(set(names)) == len(names)
        assert not [name for name in names if "_" in name], "no names of functions"

    def test_child_makers_of_a_built_flow_can_be_changed(self, case: Case):
        if case.child is None:
            pytest.skip("no child makers")
        flow = case.make(case.maker)
        before = uuids(flow)
        flow.update_maker_kwargs(case.change, class_filter=case.child)
        found = [
            child
            for job in flow.jobs
            for child in [job.maker, *job.function_args]
            if isinstance(child, case.child)
        ]
        assert found
        for child in found:
            for key, value in case.change.items():
                assert getattr(child, key) == value
        assert uuids(assign_identities(flow)) != before, "other work has another identity"

    def test_child_makers_of_the_maker_can_be_changed(self, case: Case):
        if case.child is None:
            pytest.skip("no child makers")
        changed = case.maker.update_kwargs(case.change, class_filter=case.child)
        assert uuids(case.make(changed)) != uuids(case.make(case.maker))

    def test_the_seed_changes_the_work(self, case: Case):
        if not hasattr(case.maker, "seed"):
            pytest.skip("nothing random")
        before = uuids(case.make(case.maker))
        case.maker.seed += 1
        assert not set(uuids(case.make(case.maker))) & set(before)


# -- conductivity ----------------------------------------------------------------------------------


def conductivity(**changes: Any) -> ConductivityMaker:
    return ConductivityMaker(**{"hop_distance_A": 3.6, "md_maker": build_md_maker(TOY)} | changes)


def md_jobs(flow: Flow) -> list[Job]:
    return [job for job in flow.jobs if job.name.startswith("MD ")]


def test_one_run_and_one_analysis_for_each_temperature():
    flow = conductivity(temperatures_K=[700.0, 900.0]).make(ROCKSALT, candidate="salt")
    assert [job.name for job in flow.jobs] == [
        "prepare salt 700 K",
        "MD salt 700 K",
        "diffusivity salt 700 K",
        "prepare salt 900 K",
        "MD salt 900 K",
        "diffusivity salt 900 K",
        "conductivity salt",
    ]
    tolerant = [job for job in flow.jobs if job.config.on_missing_references == OnMissing.NONE]
    assert [job.name for job in tolerant] == ["diffusivity salt 700 K", "diffusivity salt 900 K"]


def test_md_settings():
    maker = conductivity(
        temperatures_K=[700.0, 900.0],
        time_step_fs=1.5,
        equilibration_ps=3.0,
        production_ps=30.0,
        frame_interval_fs=60.0,
        seed=4,
    )
    assert maker.n_steps == 22_000
    runs = md_jobs(maker.make(ROCKSALT))
    for index, (job, temperature_K) in enumerate(zip(runs, [700.0, 900.0], strict=True)):
        md = job.maker
        assert (md.temperature, md.time_step, md.n_steps) == (temperature_K, 1.5, 22_000)
        assert md.traj_interval == 40
        assert md.mb_velocity_seed == derive_seed(4, index)
        assert job.metadata["n_evaluations"] == 22_000
    seeds = {job.maker.mb_velocity_seed for job in runs}
    assert len(seeds) == 2


def test_seeds_of_children_are_independent():
    drawn = {derive_seed(seed, index) for seed in range(20) for index in range(20)}
    assert len(drawn) == 400
    assert all(0 <= seed < 2**32 for seed in drawn)
    assert derive_seed(2**63 - 1, 0) == derive_seed(2**63 - 1, 0)


def test_hop_distance_is_needed():
    with pytest.raises(InputError, match=r"hop_distance_A is not set; .*3\.87"):
        conductivity(hop_distance_A=None).make(ROCKSALT)
    flow = conductivity(hop_distance_A=None).make(ROCKSALT, hop_distance_A=3.1)
    assert flow.jobs[2].function_kwargs["hop_distance_A"] == 3.1


@pytest.mark.parametrize(("interval_fs", "step_fs"), [(25.0, 2.0), (1.0, 2.0), (10.0, 3.0)])
def test_frames_at_multiples_of_the_time_step(interval_fs, step_fs):
    with pytest.raises(InputError, match="not a multiple of time_step_fs") as caught:
        conductivity(frame_interval_fs=interval_fs, time_step_fs=step_fs)
    assert f"use for example {10 * step_fs:g}" in str(caught.value)


@dataclass
class OtherMaker(Maker):
    """An MD maker of another kind."""

    name: str = "other"
    temperature: float = 300.0
    n_steps: int = 1

    def make(self, structure: Structure) -> Job:
        raise NotImplementedError


def test_md_makers_that_cannot_be_set_up():
    with pytest.raises(InputError, match="OtherMaker has no mb_velocity_seed, time_step") as caught:
        conductivity(md_maker=OtherMaker()).make(ROCKSALT)
    assert "traj_interval; use build_md_maker()" in str(caught.value)


# -- doping screen ---------------------------------------------------------------------------------


def test_stages_of_a_screen():
    flow = screen(CASES["doping screen"].maker)
    assert [job.name for job in flow.jobs] == [
        "candidates",
        "relaxations",
        "ranking",
        "conductivities",
        "summary",
    ]
    flow = screen(CASES["doping screen without MD"].maker)
    assert [job.name for job in flow.jobs] == ["candidates", "relaxations", "ranking", "summary"]


def test_inputs_of_the_stages():
    candidates, relaxed, ranking, conductivities, summary = screen(
        CASES["doping screen"].maker
    ).jobs
    assert candidates.function_kwargs["dopings"][0]["dopants"][0]["element"] == "Sr"
    assert candidates.function_kwargs["vacancies"][0]["compensation"] == {"Li": 2}
    assert candidates.function_kwargs["input_hash"] == "ab"
    assert candidates.function_kwargs["seed"] == 3
    assert relaxed.function_args[0].uuid == candidates.uuid
    assert ranking.function_args[0].uuid == relaxed.uuid
    assert conductivities.function_kwargs["hop_distance_A"].uuid == candidates.uuid
    assert summary.function_kwargs["grain_boundary"]["thickness_nm"] == 1.0
    assert summary.config.on_missing_references == OnMissing.NONE
    for job in (candidates, relaxed, ranking, summary):
        assert job.function_kwargs["campaign"] == "c"


def test_child_makers_of_the_defaults():
    relax = build_relax_maker(TOY, force_limit_eV_A=0.02, max_steps=11, relax_cell=False)
    assert relax.relax_kwargs == {"fmax": 0.02}
    assert (relax.steps, relax.relax_cell) == (11, False)
    md = build_md_maker(TOY, calculator_kwargs={"delay_s": 0.1})
    assert md.calculator_kwargs == {"delay_s": 0.1}
    assert md.dynamics == "nose-hoover"
    for build in (build_relax_maker, build_md_maker):
        with pytest.raises(InputError, match="'magic' is not known"):
            build("magic")


def test_the_notebook_example_of_the_readme_builds_its_flow(repository, tmp_path, monkeypatch):
    text = (repository / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    # the MD of the example takes hours: the flow is built, not run
    code = "\n".join(line for line in code.splitlines() if not line.startswith("run_locally("))
    code = code.replace("examples/", f"{repository}/examples/")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert [job.name for job in names["flow"].jobs][-1] == "summary"
    names["store"].close()
