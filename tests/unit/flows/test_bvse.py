"""The flow that computes barriers in batches."""

from __future__ import annotations

import pytest
from jobflow import Flow, job, run_locally
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.flows import BvseMaker
from perolyte.schemas import BvseSetDoc

pytestmark = [  # jobflow's local manager
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
]


def make_salt(a_A: float = 4.0) -> Structure:
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(a_A), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


@job
def stretch(structure: Structure) -> Structure:
    return structure.apply_strain(0.02, inplace=False)


def test_documents_of_all_batches(memory_store):
    maker = BvseMaker(spacing_A=0.5, batch_size=2, find_hops=True, campaign="c")
    flow = maker.make([make_salt(), make_salt(4.1), make_salt(4.2)], "Li1+")
    answers = run_locally(flow, store=memory_store, ensure_success=True, log=False)
    batches = [answers[one.uuid][1].output for one in flow.jobs]
    assert all(isinstance(batch, BvseSetDoc) for batch in batches)
    documents = [document for batch in batches for document in batch.documents]
    assert [document.name for document in documents] == ["LiF", "LiF 2", "LiF 3"]
    assert {document.status for document in documents} == {"converged"}
    assert all(document.hops for document in documents)
    assert all(document.settings.spacing_A == 0.5 for document in documents)
    assert len({document.barrier_eV(3) for document in documents}) == 3
    found = memory_store.query_one({"uuid": flow.jobs[0].uuid})
    assert found["output"]["schema_name"] == "BvseSetDoc"


def test_structures_of_other_jobs(memory_store):
    first = stretch(make_salt())
    flow = Flow([first, BvseMaker(spacing_A=0.5).make(first.output, "Li")])
    answers = run_locally(flow, store=memory_store, ensure_success=True, log=False)
    found = next(a[1].output for a in answers.values() if isinstance(a[1].output, BvseSetDoc))
    assert [document.name for document in found.documents] == ["structure"]
    assert found.documents[0].structure.lattice.a == pytest.approx(4.08)


def test_every_setting_makes_other_work():
    structures = [make_salt()]
    seen = {tuple(BvseMaker().make(structures, "Li").job_uuids)}
    changes = [
        {"convention": "bvlain"},
        {"spacing_A": 0.2},
        {"cutoff_A": 8.0},
        {"connectivity": 6},
        {"energy_limit_eV": 3.0},
        {"find_hops": True},
        {"campaign": "c"},
    ]
    for change in changes:
        seen.add(tuple(BvseMaker(**change).make(structures, "Li").job_uuids))
    seen.add(tuple(BvseMaker().make(structures, "F").job_uuids))
    seen.add(tuple(BvseMaker().make(structures, "Li", oxidation_states={"Li": 1}).job_uuids))
    assert len(seen) == len(changes) + 3


@pytest.mark.parametrize(
    ("maker", "arguments", "words"),
    [
        ({"batch_size": 0}, {}, "batch_size 0 is not allowed"),
        ({}, {"structures": []}, "no structure is given"),
        ({}, {"names": ["a", "b"]}, "2 names for 1 structures"),
        ({}, {"ion": "lithium"}, "'lithium' is no ion"),
        ({"spacing_A": 3.0}, {}, "spacing_A is 3"),
        ({"convention": "x"}, {}, "'softbv' or 'bvlain'"),
    ],
)
def test_what_cannot_be_computed_is_refused_when_the_flow_is_built(maker, arguments, words):
    with pytest.raises(InputError, match=words):
        BvseMaker(**maker).make(**{"structures": [make_salt()], "ion": "Li", **arguments})
