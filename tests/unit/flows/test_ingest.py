"""The flow that reads folders in batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobflow import run_locally

from perolyte.errors import InputError
from perolyte.flows import IngestMaker
from perolyte.schemas import StructureSetDoc

pytestmark = [  # jobflow's local manager
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
]


@pytest.fixture
def folder(tmp_path: Path, repository: Path) -> Path:
    for name in ["srtio3", "bazro3"]:
        source = repository / "examples" / "structures" / f"{name}.cif"
        (tmp_path / f"{name}.cif").write_bytes(source.read_bytes())
    (tmp_path / "zzz.cif").write_text("")
    return tmp_path


def test_documents_of_a_folder(folder, memory_store):
    maker = IngestMaker(batch_size=2, campaign="c")
    flow = maker.make([folder])
    answers = run_locally(flow, store=memory_store, ensure_success=True)
    batches = [answers[job.uuid][1].output for job in flow.jobs]
    assert all(isinstance(batch, StructureSetDoc) for batch in batches)
    documents = [document for batch in batches for document in batch.structures]
    assert [document.name for document in documents] == ["bazro3.cif", "srtio3.cif", "zzz.cif"]
    assert [document.formula for document in documents] == ["BaZrO3", "SrTiO3", None]
    assert documents[2].row_status == documents[2].status == "rejected"
    assert batches[1].warnings == ["1 of 1 files were rejected"]
    assert {document.campaign for document in documents} == {"c"}
    assert documents[0].uuid == flow.jobs[0].uuid
    assert documents[1].structure.composition.reduced_formula == "SrTiO3"
    found = memory_store.query_one({"uuid": flow.jobs[0].uuid})
    assert found["output"]["schema_name"] == "StructureSetDoc"


def test_identity_is_that_of_the_contents(folder):
    maker = IngestMaker()
    before = maker.as_dict()
    first, again = maker.make([folder]), maker.make([folder])
    assert list(first.job_uuids) == list(again.job_uuids)
    assert maker.as_dict() == before
    (folder / "zzz.cif").write_text("data_")
    assert list(maker.make([folder]).job_uuids) != list(first.job_uuids)


def test_a_file_that_changed_meanwhile(folder, memory_store):
    flow = IngestMaker().make([folder / "srtio3.cif"])
    (folder / "srtio3.cif").write_bytes((folder / "bazro3.cif").read_bytes())
    answers = run_locally(flow, store=memory_store, ensure_success=True)
    (document,) = answers[flow.jobs[0].uuid][1].output.structures
    assert document.row_status == "warning"
    assert document.warning_codes[-1] == "file_changed"


def test_what_cannot_be_a_flow(tmp_path):
    with pytest.raises(InputError, match="no CIF or POSCAR file in"):
        IngestMaker().make([tmp_path])
    with pytest.raises(InputError, match="batch_size 0"):
        IngestMaker(batch_size=0).make([tmp_path])
