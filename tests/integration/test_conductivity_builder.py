"""Conductivities made anew from the trajectories in a store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jobflow import JobStore, run_locally
from monty.json import MontyEncoder, jsanitize

import perolyte.builders.conductivity
from perolyte.builders import ConductivityBuilder
from perolyte.cli.rebuild import rebuild_conductivities
from perolyte.errors import ExecutionError, InputError
from perolyte.flows import TransportMaker
from perolyte.jobs import analyse_diffusion, build_conductivity
from perolyte.schemas import ConductivityDoc, DiffusionDoc, Document, ScreeningSummaryDoc
from perolyte.stores import Results, open_store
from perolyte.transport import ANALYSIS_VERSION
from support.documents import PROVENANCE
from support.hopping import FRAME_FS, HOP_A, make_trajectory

pytestmark = pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")

TEMPERATURES_K = (800.0, 1000.0, 1200.0)
QUIET = {"log": False, "create_folders": False}
HOPPING = dict(zip(TEMPERATURES_K, (0.1, 0.2, 0.3), strict=True))


def put(store, uuid: str, output: Document | dict, **options) -> None:
    plain = output
    if isinstance(output, Document):
        plain = jsanitize(output, strict=True, enum_values=True, allow_bson=True)
    entry = {"uuid": uuid, "index": 1, "name": uuid, "output": plain, "hosts": [], "metadata": {}}
    store.update(entry, **options)


@cache
def make_run(temperature_K: float):
    return make_trajectory(800, hop_probability=HOPPING[temperature_K], temperature_K=temperature_K)


def measure(temperature_K: float, **fields) -> DiffusionDoc:
    document = analyse_diffusion.original(
        make_run(temperature_K),
        name="x",
        mobile_ion="Li",
        charge=1,
        temperature_K=temperature_K,
        time_step_fs=2.0,
        frame_interval_fs=FRAME_FS,
        equilibration_ps=0.0,
        hop_distance_A=HOP_A,
        trajectory_uuid=f"md-{temperature_K:g}",
        seed=1,
        campaign="c",
    )
    return document.model_copy(update={"uuid": f"d-{temperature_K:g}", **fields})


def spoil(document: DiffusionDoc) -> DiffusionDoc:
    """What an analysis of long ago might have made of the same run."""
    return document.model_copy(
        update={
            "analysis_version": 1,
            "conductivity_S_cm": 7 * document.conductivity_S_cm,
            "charge_transport": None,
            "schema_version": 1,
        }
    )


@pytest.fixture(scope="module")
def runs() -> list[DiffusionDoc]:
    return [measure(T) for T in TEMPERATURES_K]


def build(runs: list[DiffusionDoc], **fields) -> ConductivityDoc:
    document = build_conductivity(
        runs, name="x", mobile_ion="Li", extrapolate_to_K=300.0, md_settings={}, campaign="c"
    )
    return document.model_copy(update={"uuid": "line", **fields})


@pytest.fixture(scope="module")
def template(runs, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "store"
    store = open_store(str(folder))
    old = [spoil(run) for run in runs]
    for T, run in zip(TEMPERATURES_K, old, strict=True):
        trajectory = {"trajectory": make_run(T).as_dict()}
        put(store, f"md-{T:g}", trajectory, save={"data": "trajectory"})
        put(store, run.uuid, run)
    put(store, "line", build(old, analysis_version=1))
    store.close()
    return folder


@pytest.fixture
def old_store(template, tmp_path) -> Iterator[JobStore]:
    shutil.copytree(template, tmp_path / "store")
    store = open_store(str(tmp_path / "store"))
    yield store
    store.close()


def rebuild(store, **options) -> ConductivityBuilder:
    builder = ConductivityBuilder(store, **options)
    builder.run()
    return builder


def test_numbers_are_those_of_the_present_analysis(old_store, runs):
    before = Results(old_store).document("line")
    builder = rebuild(old_store)
    assert (builder.n_rebuilt, builder.skipped) == (1, [])
    new = ConductivityDoc.model_validate(Results(old_store).document("line"))
    expected = build(runs)
    assert new.arrhenius.ln_prefactor == pytest.approx(expected.arrhenius.ln_prefactor)
    assert new.arrhenius.ln_prefactor < before["arrhenius"]["ln_prefactor"] - 1
    assert new.analysis_version == ANALYSIS_VERSION
    assert new.uuid == "line"
    assert new.campaign == "c"
    run = DiffusionDoc.model_validate(Results(old_store).document("d-800"))
    assert run.conductivity_S_cm == pytest.approx(runs[0].conductivity_S_cm)
    assert run.charge_transport is not None
    assert run.trajectory_uuid == "md-800"


def test_old_numbers_stay_in_the_store(old_store):
    rebuild(old_store)
    found = old_store.docs_store.query({"uuid": "line"}, sort={"index": 1})
    versions = [doc["output"]["analysis_version"] for doc in found]
    assert versions == [1, ANALYSIS_VERSION]


def test_running_it_again_does_nothing(old_store):
    rebuild(old_store)
    n_documents = old_store.docs_store.count()
    assert rebuild(old_store).n_rebuilt == 0
    assert old_store.docs_store.count() == n_documents


def test_everything_can_be_asked_for(old_store):
    rebuild(old_store)
    assert rebuild(old_store, rebuild_all=True).n_rebuilt == 1
    assert Results(old_store).conductivities()["index"].tolist() == [3]


def test_other_campaigns_are_left_alone(old_store):
    assert rebuild(old_store, campaign="other").n_rebuilt == 0
    assert rebuild(old_store, campaign="c").n_rebuilt == 1


def test_a_builder_that_was_killed_goes_on(old_store, monkeypatch):
    """Runs are there, the line is not: the second start must not measure runs again."""
    make_successor = perolyte.builders.conductivity.make_successor
    builder = ConductivityBuilder(old_store)
    items = [builder.process_item(item) for item in builder.get_items()]
    builder.update_targets([[doc for doc in item if doc["uuid"] != "line"] for item in items])
    measured = []
    monkeypatch.setattr(
        perolyte.builders.conductivity,
        "make_successor",
        lambda stored, document: measured.append(document.uuid) or make_successor(stored, document),
    )
    assert rebuild(old_store).n_rebuilt == 1
    assert measured == ["line"]


def test_a_missing_trajectory_is_said_and_nothing_is_lost(old_store):
    old_store.docs_store.remove_docs({"uuid": "md-1000"})
    builder = rebuild(old_store)
    assert builder.n_rebuilt == 0
    [(name, reason)] = builder.skipped
    assert name == "x"
    assert "md-1000" in reason
    assert Results(old_store).document("line")["analysis_version"] == 1


def test_a_missing_run_is_said(old_store):
    old_store.docs_store.remove_docs({"uuid": "d-1000"})
    assert "no DiffusionDoc d-1000" in rebuild(old_store).skipped[0][1]


def test_summaries_follow(old_store, runs):
    old = ConductivityDoc.model_validate(Results(old_store).document("line"))
    row = {
        "rank": 1,
        "ranked_by": "conductivity",
        "name": "x",
        "kind": "parent",
        "formula": "X",
        "n_atoms": 5,
        "doping": None,
        "relax_status": "converged",
        "relaxed_energy_per_atom_eV": -5.0,
        "reaction_energy_eV_per_dopant": 0.0,
        "reaction": None,
        "status": "converged",
        "reasons": [],
        "conductivity": old,
        "warnings": ["of the relaxation", *old.warnings],
        "uuids": {"conductivity": "line"},
    }
    boundary = {
        "conductivity_S_cm": 1e-8,
        "thickness_nm": 1.0,
        "temperature_K": 300.0,
        "source": "a paper",
    }
    summary = ScreeningSummaryDoc(
        name="s",
        campaign="c",
        status="converged",
        provenance=PROVENANCE,
        parent_formula="X",
        candidates=[row],
        grain_boundary=boundary,
    )
    put(old_store, "summary", summary)
    rebuild(old_store)
    new = ScreeningSummaryDoc.model_validate(Results(old_store).document("summary"))
    held = new.candidates[0].conductivity
    assert held.analysis_version == ANALYSIS_VERSION
    assert held.room_temperature == build(runs).room_temperature
    assert held.grain_size_map.total_S_cm[-1] < held.room_temperature.conductivity_S_cm
    assert new.candidates[0].warnings[0] == "of the relaxation"
    n_documents = old_store.docs_store.count()
    rebuild(old_store)
    assert old_store.docs_store.count() == n_documents


# -- trajectories in files -------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path) -> list[Path]:
    paths = [tmp_path / f"{T:g}K.json" for T in TEMPERATURES_K]
    for path, T in zip(paths, TEMPERATURES_K, strict=True):
        path.write_text(json.dumps(make_run(T), cls=MontyEncoder))
    return paths


@pytest.fixture
def maker() -> TransportMaker:
    return TransportMaker(hop_distance_A=HOP_A, frame_interval_fs=FRAME_FS, campaign="f")


def test_files_become_a_conductivity_and_are_found_again(memory_store, files, maker, runs):
    flow = maker.make(files, temperatures_K=TEMPERATURES_K, label="walkers")
    again = maker.make(files, temperatures_K=TEMPERATURES_K, label="walkers")
    assert list(flow.job_uuids) == list(again.job_uuids)
    run_locally(flow, store=memory_store, ensure_success=True, **QUIET)
    document = ConductivityDoc.model_validate(Results(memory_store).document(flow.jobs[-1].uuid))
    assert document.name == "walkers"
    assert document.formula == "Li20O27"
    assert document.arrhenius == build(runs).arrhenius
    assert rebuild(memory_store).n_rebuilt == 0
    assert rebuild(memory_store, rebuild_all=True).skipped == []
    assert Results(memory_store).conductivities()["index"].tolist() == [2]


def test_a_file_that_changed_is_refused(memory_store, files, maker):
    flow = maker.make(files, temperatures_K=TEMPERATURES_K)
    run_locally(flow, store=memory_store, ensure_success=True, **QUIET)
    files[0].write_text(json.dumps(make_trajectory(300, seed=9), cls=MontyEncoder))
    [(_, reason)] = rebuild(memory_store, rebuild_all=True).skipped
    assert "has changed since the flow was built" in reason
    assert "800K.json" in reason


@pytest.mark.parametrize(
    ("paths", "temperatures", "match"),
    [
        ([], None, "give a list of at least one"),
        ("one.json", None, "give a list of at least one"),
        (["a", "b"], [300.0], "1 temperatures for 2 files"),
        (["nowhere.json"], None, r"nowhere\.json"),
    ],
)
def test_what_the_maker_refuses(maker, paths, temperatures, match):
    with pytest.raises(InputError, match=match):
        maker.make(paths, temperatures_K=temperatures)


def test_types_of_atoms_survive_the_store(tmp_path, memory_store):
    lines = []
    for frame in range(8):
        lines += ["ITEM: TIMESTEP", str(frame * 10), "ITEM: NUMBER OF ATOMS", "2"]
        lines += ["ITEM: BOX BOUNDS pp pp pp", *(["0 6.0"] * 3), "ITEM: ATOMS id type x y z"]
        lines += [f"1 1 {0.1 * frame} 0 0", "2 2 3 3 3"]
    path = tmp_path / "dump.lammpstrj"
    path.write_text("\n".join(lines) + "\n")
    maker = TransportMaker(time_step_fs=2.0, species_of_type={1: "Li", 2: "F"})
    flow = maker.make([path], temperatures_K=[500.0])
    run_locally(flow, store=memory_store, ensure_success=True, **QUIET)
    run = Results(memory_store).document(flow.jobs[0].uuid)
    assert (run["formula"], run["status"]) == ("LiF", "not_converged")


def test_the_command_says_what_it_did(tmp_path, runs, capsys):
    store = open_store(str(tmp_path / "store"))
    put(store, "line", build(runs, analysis_version=1))
    for run in runs[:2]:
        put(store, run.uuid, run)
    store.close()
    with pytest.raises(ExecutionError, match="1 conductivities could not be rebuilt"):
        rebuild_conductivities(None, str(tmp_path / "store"), everything=False)
    assert "x: left as it was: the store has no DiffusionDoc d-1200" in capsys.readouterr().out
    store = open_store(str(tmp_path / "store"))
    put(store, runs[2].uuid, runs[2])
    store.close()
    rebuild_conductivities(None, str(tmp_path / "store"), everything=False)
    assert "1 conductivities rebuilt, 0 left" in capsys.readouterr().out
