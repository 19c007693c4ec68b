"""The training job: from a set of labels to weights in the store, and from there into MD."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest
import yaml

from perolyte.campaigns import load_campaign
from perolyte.errors import InputError, StoreError
from perolyte.execution.job_classes import describe_job
from perolyte.execution.routing import Routing
from perolyte.flows import PotentialTrainingMaker
from perolyte.jobs.potentials import fetch_potential
from perolyte.potentials import evaluate_frames, load_potential, resolve_potential
from perolyte.potentials.dynamics import NVE, Replica, run_md_batch
from perolyte.schemas import PotentialDoc
from perolyte.stores import open_store
from support.salt_sets import salt_set

SETTINGS = {"stages": [{"epochs": 3, "learning_rate": 3e-3}], "batch_size": 2}
MAKER = PotentialTrainingMaker(settings=SETTINGS, campaign="c")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module")
def trained(place):
    """Return an open store with a trained potential, and its document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PEROLYTE_RUN_FOLDER", str(place / "runs"))
        store = open_store(place / "store")
        job = MAKER.make(salt_set(), seed=3, label="salt")
        job.run(store)
        found = store.query_one({"uuid": job.uuid}, load=True)
        yield store, PotentialDoc.model_validate(found["output"])
        store.close()


def test_the_document_says_what_was_trained_and_how_far_it_is_off(trained):
    _, document = trained
    assert (document.name, document.campaign, document.status) == ("salt", "c", "converged")
    assert document.start["version"].startswith("0.3.0")
    assert document.elements == ["Mg", "O"]
    assert document.provenance.seed == 3
    assert document.provenance.parent_uuids == [salt_set().uuid]
    assert set(document.errors) == {"train", "validation", "held_out_trajectory"}
    assert set(document.errors_before) == set(document.errors)
    held_out = "held_out_trajectory"
    before, after = document.errors_before[held_out], document.errors[held_out]
    assert before.softening_slope == pytest.approx(0.8, abs=1e-3)
    assert after.force_mae_meV_A < before.force_mae_meV_A
    assert [entry.epoch for entry in document.curve] == [1, 2, 3]
    assert len(document.reference_shifts.unknown_combinations) == 1


def test_weights_are_kept_apart_with_their_sha256(trained):
    store, document = trained
    apart = store.query_one({"uuid": document.uuid})["output"]["weights_data"]
    assert set(apart) >= {"blob_uuid", "store"}
    content = base64.b64decode(document.weights_data)
    assert len(content) == document.n_bytes
    assert hashlib.sha256(content).hexdigest() == document.weights_sha256


def test_a_stored_potential_runs_by_its_uuid(trained, place, monkeypatch):
    store, document = trained
    monkeypatch.setenv("PEROLYTE_RUN_FOLDER", str(place / "elsewhere"))
    potential = load_potential(document.uuid, device="cpu", store=store)
    assert potential.describe()["weights_sha256"] == document.weights_sha256
    errors = evaluate_frames(potential, salt_set().frames_of("validation"))
    assert errors.force_mae_meV_A == pytest.approx(document.errors["validation"].force_mae_meV_A)
    path = fetch_potential(document.uuid, store)
    assert path == place / "elsewhere" / "potentials" / f"{document.weights_sha256}.pth.tar"
    path.write_bytes(b"half of it")
    assert fetch_potential(document.uuid, store).stat().st_size == document.n_bytes


def test_molecular_dynamics_with_a_stored_potential(trained, place, monkeypatch):
    store, document = trained
    monkeypatch.setenv("PEROLYTE_RUN_FOLDER", str(place / "md"))
    potential = load_potential(document.uuid, device="cpu", store=store)
    cell = salt_set().frames[0].structure
    replica = Replica("mgo", cell, "Mg", temperature_K=300.0, seed=1, time_step_fs=1.0)
    (outcome,) = run_md_batch(
        potential, [replica], ensemble=NVE(), n_steps=4, store_interval_steps=2, folder=place
    )
    assert (outcome.status, outcome.n_steps) == ("finished", 4)


@pytest.mark.slow
def test_a_campaign_names_a_trained_potential_by_its_uuid(
    trained, place, repository, tmp_path, monkeypatch
):
    _, document = trained
    monkeypatch.setenv("PEROLYTE_RUN_FOLDER", str(tmp_path / "runs"))
    content = yaml.safe_load((repository / "workflows" / "quickstart.yaml").read_text())
    structure = repository / "workflows" / content["parent"]["structure"]
    content["parent"]["structure"] = str(structure.resolve())
    content["potential"] = {"name": document.uuid, "store": str(place / "store")}
    path = tmp_path / "campaign.yaml"
    path.write_text(yaml.safe_dump(content))
    campaign = load_campaign(path)
    assert document.weights_sha256 in campaign.potential
    assert document.weights_sha256 in str(campaign.to_flow().as_dict())
    content["potential"]["name"] = "00000000-0000-0000-0000-000000000000"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="no trained potential with uuid '0000"):
        load_campaign(path)
    del content["potential"]["store"]
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="say which store has it"):
        load_campaign(path)


def test_a_uuid_without_its_store_is_refused(trained):
    _, document = trained
    with pytest.raises(InputError, match="store="):
        load_potential(document.uuid)
    with pytest.raises(InputError, match="fetch_potential"):
        resolve_potential(document.uuid)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: None, "without its weights_data"),
        (lambda data: "µ", "no base64"),
        (lambda data: base64.b64encode(b"other weights").decode(), "damaged"),
    ],
)
def test_damaged_weights_are_refused(trained, memory_store, tmp_path, spoil, message):
    _, document = trained
    output = document.model_dump(mode="json")
    output["weights_data"] = spoil(output["weights_data"])
    memory_store.update({"uuid": document.uuid, "index": 1, "output": output}, key="uuid")
    with pytest.raises(StoreError, match=message):
        fetch_potential(document.uuid, memory_store, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_training_goes_on_from_a_stored_potential(trained, place, monkeypatch):
    store, document = trained
    monkeypatch.setenv("PEROLYTE_RUN_FOLDER", str(place / "further"))
    settings = {"stages": [{"epochs": 1, "learning_rate": 1e-4}]}
    job = PotentialTrainingMaker(start=document.uuid, settings=settings).make(salt_set())
    job.run(store)
    further = store.query_one({"uuid": job.uuid})["output"]
    assert further["start"]["weights_sha256"] == document.weights_sha256


def test_the_job_goes_to_the_gpu_queue():
    job = MAKER.make(salt_set())
    assert describe_job(job).job_class == "training"
    assert Routing().describe("training")["_category"] == "gpu"
    assert job.metadata["n_evaluations"] == 3


def test_wrong_settings_are_refused_when_the_flow_is_built():
    with pytest.raises(InputError, match=r"'epochs'.*give fields of TrainingSettings: stages"):
        PotentialTrainingMaker(settings={"epochs": 3}).make(salt_set())
    with pytest.raises(InputError, match="patience is -1"):
        PotentialTrainingMaker(settings={"patience": -1}).make(salt_set())
    with pytest.raises(InputError, match=r"start 'no_such.pth.tar' is not there"):
        PotentialTrainingMaker(start="no_such.pth.tar").make(salt_set())
    with pytest.raises(InputError, match="start 'chgnet-9' is not there"):
        PotentialTrainingMaker(start="chgnet-9").make(salt_set())


def test_a_starting_checkpoint_is_known_by_its_content(trained, tmp_path):
    store, document = trained
    path = fetch_potential(document.uuid, store, folder=tmp_path)
    job = PotentialTrainingMaker(start=str(path)).make(salt_set())
    assert job.function_kwargs["start_sha256"] == document.weights_sha256
    assert np.isfinite(document.errors["train"].energy_mae_meV_atom)
