"""Jobs that label: with a calculator, from other makers' documents, and what a store holds."""

from __future__ import annotations

from pathlib import Path

import ase
import numpy as np
import pytest
from ase.calculators.emt import EMT
from atomate2.ase.jobs import EmtRelaxMaker
from emmet.core.vasp.calculation import CalculationInput, IonicStep
from monty.json import jsanitize
from pymatgen.io.vasp import Vasprun

from perolyte.dft.evaluation import evaluate_structure
from perolyte.dft.labels import build_label
from perolyte.dft.tasks import read_task
from perolyte.dft.theory import LevelOfTheory
from perolyte.dft.vasprun import read_vasprun
from perolyte.errors import InputError
from perolyte.flows import LabelMaker
from perolyte.jobs import compute_label, judge_task
from perolyte.jobs.stored_labels import read_stored_labels
from support.made_labels import make_metal

pytestmark = pytest.mark.filterwarnings(
    "ignore:Set OLD_ERROR_HANDLING:DeprecationWarning"  # pymatgen asks spglib in its old way
)
EMT_PATH = "ase.calculators.emt.EMT"
METAL = make_metal()
EXPECTED = evaluate_structure(METAL, EMT())
GROUP = {"composition": "Cu4", "trajectory": "t", "temperature_K": 300.0, "kind": "md", "n": 1}
DIAMOND = Path(ase.__file__).parent / "test" / "testdata" / "vasp" / "vasprun_pstress.xml"


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path, monkeypatch):
    """atomate2's ASE makers write a file where they run."""
    monkeypatch.chdir(tmp_path)


def run_flow(flow, store):
    return [job.run(store).output for job in flow.jobs][-1]


def test_a_label_from_a_calculator(memory_store):
    job = LabelMaker(engine=EMT_PATH, campaign="c").make(METAL, name="a", group=GROUP)
    label = job.run(memory_store).output
    assert (label.uuid, label.campaign, label.name) == (job.uuid, "c", "a")
    assert (label.status, label.engine) == ("converged", EMT_PATH)
    assert label.energy_eV == pytest.approx(EXPECTED.energy_eV)
    np.testing.assert_allclose(label.forces_eV_A, EXPECTED.forces_eV_A)
    np.testing.assert_allclose(label.stress_GPa, EXPECTED.stress_GPa)
    assert (label.composition, label.trajectory, label.temperature_K) == ("Cu4", "t", 300.0)
    assert label.details == {"n": 1}
    assert label.engine_version is not None


def test_options_of_a_calculator_are_its_level_of_theory(memory_store):
    one, two = (
        LabelMaker(engine=EMT_PATH, engine_kwargs=kwargs).make(METAL, name="a")
        for kwargs in ({}, {"asap_cutoff": True})
    )
    assert one.uuid != two.uuid
    labels = [job.run(memory_store).output for job in (one, two)]
    assert labels[0].settings_sha256 != labels[1].settings_sha256


def test_a_label_from_another_makers_document(memory_store):
    flow = LabelMaker(static_maker=EmtRelaxMaker(steps=0)).make(METAL, name="a", group=GROUP)
    label = run_flow(flow, memory_store)
    assert label.status == "converged"
    assert label.task_uuid == flow.jobs[0].uuid
    assert label.energy_eV == pytest.approx(EXPECTED.energy_eV)
    # atomate2 converts with ASE's older constants
    np.testing.assert_allclose(label.stress_GPa, EXPECTED.stress_GPa, rtol=1e-7)
    assert label.structure.species == METAL.species
    assert label.details == {"n": 1}


def test_a_calculation_that_failed_is_a_document(memory_store):
    flow = LabelMaker(static_maker=EmtRelaxMaker(steps=0)).make(METAL, name="a")
    label = flow.jobs[1].run(memory_store).output
    assert (label.status, label.energy_eV) == ("rejected", None)
    assert label.reasons == ["the calculation failed; its error is in the run's log"]
    assert label.structure == METAL


def test_an_element_that_the_engine_does_not_know(memory_store):
    strange = METAL.copy()
    strange.replace_species({"Cu": "Ti"})
    label = LabelMaker(engine=EMT_PATH).make(strange, name="a").run(memory_store).output
    assert label.status == "rejected"
    assert "Ti" in label.reasons[0]


@pytest.mark.parametrize(
    ("fields", "group", "message"),
    [
        ({"engine": "magic"}, None, "engine 'magic' cannot be used .* choose gpaw, vasp"),
        ({"engine": EMT_PATH}, {"temperature_K": -3}, "temperature_K is -3"),
    ],
)
def test_what_a_maker_refuses(fields, group, message):
    with pytest.raises(InputError, match=message):
        LabelMaker(**fields).make(METAL, name="a", group=group)


def test_a_flow_with_vasp():
    flow = LabelMaker(engine="vasp", engine_kwargs={"user_incar_settings": {"NELM": 99}}).make(
        METAL, name="a", group=GROUP
    )
    assert [job.name for job in flow.jobs] == ["VASP static a", "label a"]
    maker = flow.jobs[0].maker
    assert maker.input_set_generator.user_incar_settings["NELM"] == 99
    assert flow.jobs[1].function_kwargs["energy_correction"] == "MP2020"
    assert flow.jobs[1].function_kwargs["task_uuid"] == flow.jobs[0].uuid


# -- documents of VASP: those of a real calculation ------------------------------------------------


@pytest.fixture(scope="module", name="task")
def _task():
    """What atomate2 stores of a calculation, as far as a label reads it."""
    run = Vasprun(DIAMOND, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    given = CalculationInput.from_vasprun(run)
    steps = [IonicStep(**step) for step in run.ionic_steps]
    titles = [{"titel": title} for title in run.potcar_symbols]
    return {
        "@module": "emmet.core.tasks",
        "@class": "TaskDoc",
        "output": {"structure": run.final_structure.as_dict(), "energy": run.final_energy},
        "calcs_reversed": [
            {
                "vasp_version": run.vasp_version.strip(),
                "input": {**jsanitize(given.model_dump()), "potcar_spec": titles},
                "output": {"ionic_steps": [jsanitize(step.model_dump()) for step in steps]},
            }
        ],
    }


def test_a_document_of_vasp_says_what_its_file_says(task):
    (raw,) = read_vasprun(DIAMOND, correction=None)
    expected, label = build_label(raw), build_label(read_task(task, name="a", correction=None))
    assert (label.status, label.warnings) == ("converged", [])
    assert label.energy_eV == pytest.approx(expected.energy_eV, abs=1e-9)
    np.testing.assert_allclose(label.forces_eV_A, expected.forces_eV_A, atol=1e-12)
    np.testing.assert_allclose(label.stress_GPa, expected.stress_GPa, rtol=1e-12, atol=1e-12)
    assert label.settings_sha256 == expected.settings_sha256
    assert label.settings["pseudopotentials"] == expected.settings["pseudopotentials"]
    assert (label.engine_version, label.scf_converged) == ("6.3.0", True)


def test_a_document_that_the_correction_does_not_fit(task):
    label = build_label(read_task(task, name="a"))
    assert label.status == "rejected"
    assert "MP2020 corrects PBE and PBE+U, not LDA" in label.reasons[0]


def test_documents_of_another_kind():
    with pytest.raises(InputError, match=r"task of 'a' \(dict\) has no structure"):
        read_task({"output": {"energy": 1.0}}, name="a")


# -- stores ----------------------------------------------------------------------------------------


def test_labels_of_a_store(memory_store, task):
    flow = LabelMaker(static_maker=EmtRelaxMaker(steps=0)).make(METAL, name="judged")
    run_flow(flow, memory_store)
    plain = EmtRelaxMaker(steps=0).make(make_metal(seed=1))
    plain.run(memory_store)
    entries = [
        {"uuid": "vasp", "index": 1, "name": "static", "output": task},
        {"uuid": "empty", "index": 1, "name": "static", "output": {"@class": "TaskDoc"}},
        {"uuid": "other", "index": 1, "name": "x", "output": {"schema_name": "RelaxDoc"}},
    ]
    memory_store.docs_store.update(entries, key=["uuid", "index"])
    stated = LevelOfTheory("emt", "none")
    labels, refused = read_stored_labels(memory_store, stated=stated, correction=None)
    by_task = {label.task_uuid: label for label in labels}
    assert set(by_task) == {flow.jobs[0].uuid, plain.uuid, "vasp"}
    assert by_task[flow.jobs[0].uuid].name == "judged"
    assert by_task[plain.uuid].engine == "emt"
    assert by_task["vasp"].settings["functional"] == "LDA"
    assert [item.name for item in refused] == ["static empty"]
    assert "has no structure" in refused[0].reason


def test_jobs_are_functions_that_can_be_called():
    label = compute_label.original(METAL, name="a", engine=EMT_PATH)
    assert label.uuid is None
    failed = judge_task.original(
        None, structure=METAL, name="a", engine="vasp", task_uuid="u", group=GROUP
    )
    assert (failed.status, failed.engine, failed.trajectory) == ("rejected", "vasp", "t")
