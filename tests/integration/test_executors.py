"""The same flow under jobflow's local manager and as FireWorks gives the same documents."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from jobflow import JobStore, run_locally
from pymatgen.core import Structure

from perolyte.execution.submission import submit_flow
from perolyte.execution.workflow import Submission
from perolyte.flows import (
    ConductivityMaker,
    Dopant,
    Doping,
    DopingScreenMaker,
    ParentRecipe,
    Vacancy,
    VacancyScreenMaker,
    build_md_maker,
    build_relax_maker,
)
from perolyte.schemas import ScreeningSummaryDoc
from perolyte.stores import open_store

TOY = "support.toy_electrolyte.ToyElectrolyte"
pytestmark = [
    # In these tests jobflow, atomate2 and ASE run in this process and warn of their own
    # deprecations (renamed integrator, renamed keywords); perolyte's workers keep them in job logs.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
]


@pytest.fixture
def flow(llto: Structure):
    """A small screen on the cheap potential."""
    kwargs = {"repulsion_eV": 1.0}
    maker = DopingScreenMaker(
        relax_maker=build_relax_maker(
            TOY, calculator_kwargs=kwargs, force_limit_eV_A=0.2, relax_cell=False
        ),
        conductivity_maker=ConductivityMaker(
            temperatures_K=[1300.0, 1600.0, 2000.0],
            equilibration_ps=0.1,
            production_ps=0.3,
            frame_interval_fs=20.0,
            md_maker=build_md_maker(TOY, calculator_kwargs=kwargs),
            seed=3,
        ),
        force_limit_eV_A=0.2,
        seed=3,
        campaign="executors",
    )
    recipe = ParentRecipe(
        roles={"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
        mobile_ion="Li",
        supercell=(2, 2, 3),
        composition={"Li": 3, "La": 7},
        n_ordering_samples=20,
    )
    return maker.make(
        llto,
        recipe,
        dopings=[Doping(Dopant("Sr", count=2), "S3")],
        vacancies=[Vacancy("O", 1, {"Li": 2})],
    )


def comparable(summary: ScreeningSummaryDoc) -> list[dict]:
    """Everything but the times at which documents were made."""
    return [row.model_dump(exclude={"conductivity": {"provenance"}}) for row in summary.candidates]


@pytest.fixture
def run_once(flow, memory_store: JobStore, tmp_path: Path) -> ScreeningSummaryDoc:
    """What jobflow's own local manager gives, as in a notebook."""
    run_locally(flow, store=memory_store, root_dir=tmp_path, ensure_success=True, log=False)
    return flow.output.resolve(memory_store)


def test_run_locally_gives_a_summary(run_once: ScreeningSummaryDoc) -> None:
    assert {row.name for row in run_once.candidates} == {"parent", "Sr2-S3", "VO1-VLi2"}
    parent = next(row for row in run_once.candidates if row.name == "parent")
    assert parent.status == "not_converged", "a third of a picosecond resolves nothing"
    assert parent.conductivity is not None
    assert parent.conductivity.room_temperature is None


@pytest.fixture
def launchpad(tmp_path: Path):
    """A LaunchPad: on the MongoDB that is named, else on the local server."""
    from fireworks import LaunchPad

    from perolyte.stores.server import start_server, stop_server

    folder = tmp_path / "database"
    uri = os.environ.get("PEROLYTE_TEST_MONGODB_URI") or start_server(folder).uri
    pad = LaunchPad(host=uri, name="perolyte_test_executors", uri_mode=True, strm_lvl="ERROR")
    pad.reset("", require_password=False)
    yield pad
    for thread in threading.enumerate():
        if "ping_launch" in thread.name:  # each gives a last sign of life after its job
            thread.join(timeout=30)
    pad.reset("", require_password=False)
    pad.connection.close()
    stop_server(folder)


def test_fireworks_give_the_same_documents(
    flow,
    run_once: ScreeningSummaryDoc,
    launchpad,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fireworks import FWorker
    from fireworks.core.rocket_launcher import rapidfire

    monkeypatch.chdir(tmp_path)
    store = open_store(tmp_path / "store")
    submit_flow(flow, launchpad, store, Submission("executors", str(tmp_path / "store")))
    rapidfire(launchpad, fworker=FWorker(), m_dir=str(tmp_path), strm_lvl="ERROR")
    states = {launchpad.get_fw_by_id(i).state for i in launchpad.get_fw_ids()}
    assert states == {"COMPLETED"}
    summary = flow.output.resolve(store)
    store.close()
    assert comparable(summary) == comparable(run_once)


def test_a_vacancy_screen_gives_binding_energies(
    llto: Structure, memory_store: JobStore, tmp_path: Path
) -> None:
    maker = VacancyScreenMaker(
        relax_maker=build_relax_maker(TOY, force_limit_eV_A=0.2, relax_cell=False),
        force_limit_eV_A=0.2,
    )
    recipe = ParentRecipe(mobile_ion="Li", supercell=(2, 2, 3), composition={"Li": 3, "La": 7})
    vacancy = Vacancy("O", 1, {"Li": 2}, pair=("vacancy_O", "vacancy_Li"))
    flow = maker.make(llto, recipe, vacancies=[vacancy])
    run_locally(flow, store=memory_store, root_dir=tmp_path, ensure_success=True, log=False)
    summary = flow.output.resolve(memory_store)
    entries = summary.binding_energies
    assert len(entries) == sum(row.kind == "vacancy" for row in summary.candidates) - 1 > 0
    energies_eV = {
        row.name: row.relaxed_energy_per_atom_eV * row.n_atoms for row in summary.candidates
    }
    for entry in entries:
        expected_eV = energies_eV[entry.name] - energies_eV[entry.reference]
        assert entry.energy_eV == pytest.approx(expected_eV, abs=1e-9)
        assert entry.distance_A < entry.reference_distance_A
