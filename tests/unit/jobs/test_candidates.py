"""Candidates: neutral, named, with what changed against the parent."""

from __future__ import annotations

import json

import pytest
from jobflow import JobStore, run_locally
from monty.json import MontyDecoder, MontyEncoder
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs import ParentRecipe, build_candidates, generate_candidates
from perolyte.schemas import CandidateSetDoc
from perolyte.structures import Dopant, Doping, Vacancy

DOPINGS = [
    Doping(Dopant("Sr", count=2), "S3"),
    Doping(Dopant("Al", fraction=0.1, basis="B_sites"), "A1"),
]
VACANCIES = [Vacancy("O", 1, {"Li": 2})]
STATES = {"Li": 1, "La": 3, "Ti": 4, "O": -2, "Sr": 2, "Al": 3}


def recipe(**changes) -> ParentRecipe:
    settings = {
        "roles": {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]},
        "mobile_ion": "Li",
        "supercell": (2, 2, 3),
        "composition": {"Li": 3, "La": 7},
        "n_ordering_samples": 5,
    }
    return ParentRecipe(**settings | changes)


@pytest.fixture
def found(llto: Structure) -> CandidateSetDoc:
    return build_candidates(llto, recipe(), dopings=DOPINGS, vacancies=VACANCIES, seed=1)


def test_names_kinds_and_order(found):
    assert [(doc.name, doc.kind) for doc in found.candidates] == [
        ("parent", "parent"),
        ("Sr2-S3", "doping"),
        ("Al1-A1", "doping"),
        ("VO1-VLi2", "vacancy"),
    ]


def test_every_candidate_is_neutral_ordered_and_undecorated(found):
    for doc in found.candidates:
        amounts = doc.structure.composition.get_el_amt_dict()
        assert sum(n * STATES[element] for element, n in amounts.items()) == pytest.approx(0.0)
        assert doc.structure.is_ordered
        assert all(not hasattr(site.specie, "oxi_state") for site in doc.structure)
        assert doc.n_atoms == len(doc.structure)
        assert {el: STATES[el] for el in amounts} == {
            el: state for el, state in doc.oxidation_states.items() if el in amounts
        }


def test_change_against_the_parent(found):
    changes = {doc.name: doc.composition_change for doc in found.candidates}
    assert changes == {
        "parent": {},
        "Sr2-S3": {"Sr": 2, "La": -1, "Li": -1},
        "Al1-A1": {"Al": 1, "Ti": -1, "Li": 1},
        "VO1-VLi2": {"O": -1, "Li": -2},
    }


def test_what_a_doping_says_of_itself(found):
    described = found.candidates[2].doping
    assert (described.element, described.scheme, described.n_dopants) == ("Al", "A1", 1)
    assert described.basis == "B_sites"
    assert described.fraction_requested == pytest.approx(0.1)
    assert described.fraction_achieved == pytest.approx(1 / 12)
    assert "Al" in described.reaction
    assert found.candidates[0].doping is None


def test_hop_distance_is_that_of_the_a_sites(found):
    assert found.hop_distance_A == pytest.approx(3.87)
    assert found.candidates[0].mobile_ion == "Li"


def test_the_seed_alone_decides(llto):
    def coordinates(seed: int) -> list:
        made = build_candidates(llto, recipe(), dopings=DOPINGS, vacancies=[], seed=seed)
        return [
            [(s.specie.symbol, *s.frac_coords.round(6)) for s in doc.structure]
            for doc in made.candidates
        ]

    assert coordinates(1) == coordinates(1)
    assert coordinates(1) != coordinates(2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mobile_ion": "Na"}, "mobile ion 'Na' is not in the parent cell.*name one of these"),
        ({"composition": {"Li": 12, "La": 0}}, "net charge"),
        ({"oxidation_states": {"Zr": 4}}, "leave it out"),
    ],
)
def test_impossible_parents(llto, changes, expected):
    with pytest.raises(InputError, match=expected):
        build_candidates(llto, recipe(**changes), dopings=[], vacancies=[], seed=1)


@pytest.mark.parametrize(
    ("doping", "expected"),
    [
        (Doping(Dopant("Al", count=2), "S3"), "S3.*A1, A2, A3, A4 on Ti"),
        (Doping(Dopant("Sr", count=1), "S3"), "multiple of 2"),
    ],
)
def test_impossible_dopings(llto, doping, expected):
    with pytest.raises(InputError, match=expected):
        build_candidates(llto, recipe(), dopings=[doping], vacancies=[], seed=1)


def test_the_other_sublattice_may_move(llto):
    found = build_candidates(llto, recipe(mobile_ion="O"), dopings=[], vacancies=[], seed=1)
    assert found.hop_distance_A == pytest.approx(3.87 / 2**0.5)
    named = recipe(roles={"A": ["Li", "La"], "B": ["Ti"], "X": ["O"], "mobile": "Li"})
    found = build_candidates(llto, named, dopings=DOPINGS, vacancies=[], seed=1)
    assert found.hop_distance_A == pytest.approx(3.87)


@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")  # jobflow's local manager
def test_as_a_job(llto, memory_store: JobStore, tmp_path):
    inputs = json.loads(json.dumps(recipe().as_inputs(), cls=MontyEncoder), cls=MontyDecoder)
    job = generate_candidates(
        llto,
        inputs,
        dopings=[{"dopants": [{"element": "Sr", "count": 2}], "scheme": "S3"}],
        vacancies=[{"element": "O", "count": 1, "compensation": {"Li": 2}}],
        seed=1,
        campaign="c",
        warnings=["of the file"],
        input_hash="abc",
    )
    run_locally(job, store=memory_store, root_dir=tmp_path, ensure_success=True, log=False)
    found = job.output.resolve(memory_store)
    assert isinstance(found, CandidateSetDoc)
    assert {doc.uuid for doc in [found, *found.candidates]} == {job.uuid}
    assert {doc.campaign for doc in [found, *found.candidates]} == {"c"}
    assert found.warnings[0] == "of the file"
    assert found.provenance.input_hash == "abc"
    assert found.provenance.seed == 1
    assert [doc.name for doc in found.candidates] == ["parent", "Sr2-S3", "VO1-VLi2"]
