"""Barriers as documents: what is said of a structure, and what is said when there is nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from jobflow import run_locally
from pymatgen.core import Lattice, Structure

from perolyte.bvse import energy_map, percolation_barriers
from perolyte.errors import InputError
from perolyte.jobs.bvse import (
    compute_bvse,
    describe_bvse,
    list_hop_kinds,
    run_bvse,
)
from perolyte.jobs.bvse_input import check_ion, make_settings
from perolyte.schemas import BvseDoc, BvseSettings

COARSE = BvseSettings(spacing_A=0.5)


@pytest.fixture
def niobate() -> Structure:
    """Cubic LiNbO3, without oxidation states."""
    return Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.9),
        ["Li", "Nb", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )


def describe(structure: Structure, ion: str = "Li", **options) -> BvseDoc:
    return describe_bvse(structure, ion, **{"name": "x", "settings": COARSE, **options})


def test_numbers_are_those_of_the_pure_layer(niobate):
    found = describe(niobate)
    states = {"Li": 1, "Nb": 5, "O": -2}
    expected = percolation_barriers(
        energy_map(niobate, "Li+", spacing_A=0.5, oxidation_states=states)
    )
    assert found.status == "converged"
    assert (found.ion, found.formula, found.percolation_status) == ("Li+", "LiNbO3", "percolates")
    assert [found.barrier_eV(d) for d in (1, 2, 3)] == list(expected.barriers_eV.values())
    for entry in found.percolation:
        assert entry.bottleneck_frac == expected.critical_points_frac[entry.dimensions]
        assert tuple(entry.directions) == expected.directions[entry.dimensions]
        assert entry.reason is None
    assert found.structure.elements[0].oxi_state is not None
    assert found.n_sites is None, "hops were not asked for"
    assert math.prod(found.divisions) > 7**3


def test_ion_with_and_without_its_charge(niobate):
    first, second = describe(niobate, "Li1+"), describe(niobate, " Li")
    assert first.ion == second.ion == "Li+"
    assert first.percolation == second.percolation


def test_hops_of_a_document(niobate):
    run = run_bvse(niobate, "Li", name="x", settings=COARSE, find_hops=True)
    document, network = run.document, run.network
    kinds = list_hop_kinds(network)
    assert [hop.n_equivalent for hop in document.hops] == [len(edges) for edges in kinds]
    assert document.n_sites == len({site.equivalence for site in network.sites})
    thresholds = run.percolation.thresholds_eV
    for hop, edges in zip(document.hops, kinds, strict=True):
        edge = edges[0]
        assert edge.is_saddle
        assert (hop.forward_eV, hop.reverse_eV) == (edge.forward_eV, edge.reverse_eV)
        start = np.array(network.sites[edge.start].fractional)
        assert np.allclose(hop.start_frac, start, atol=1e-6)
        direct_A = niobate.lattice.get_cartesian_coords(np.subtract(hop.end_frac, hop.start_frac))
        assert np.linalg.norm(direct_A) <= hop.length_A + 0.5, "the end is beside the start"
    # the hops reach as high as the last barrier: they explain all three
    assert network.find_thresholds() == pytest.approx(thresholds)


def test_states_given_come_before_those_assigned(niobate):
    given = describe(niobate, oxidation_states={"Li": 1, "Nb": 5, "O": -2, "Ti": 4})
    assert given.percolation == describe(niobate).percolation
    wrong = describe(niobate, oxidation_states={"Nb": 3})
    assert wrong.status == "rejected"
    assert "net charge of -2 e" in wrong.reasons[0]


def test_mixed_valence_is_guessed_and_said():
    spinel = Structure.from_spacegroup(
        "Fd-3m:1", Lattice.cubic(8.25), ["Li", "Mn", "O"],
        [[0, 0, 0], [0.625, 0.625, 0.625], [0.388, 0.388, 0.388]],
    )  # fmt: skip
    found = describe(spinel, settings=BvseSettings(spacing_A=0.8))
    assert found.status == "converged"
    assert "oxidation states were guessed (composition): Li +1, Mn +3.5, O -2" in found.warnings[0]


def test_two_charges_of_the_ion_must_be_told_apart():
    cell = Structure(
        Lattice.cubic(4.0),
        ["Fe2+", "Fe3+", "O2-", "O2-", "F-"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
    )
    assert "Fe has several charges in Fe2O2F: Fe2+, Fe3+" in describe(cell, "Fe").reasons[0]
    assert describe(cell, "Fe2+").status == "converged"


@pytest.mark.parametrize(
    ("ion", "reason"),
    [
        ("Na", "no Na is in LiNbO3, whose ions are Li+, Nb5+, O2-; name one of them"),
        ("Li2+", "no Li2+ is in LiNbO3"),
        ("lithium", "'lithium' is no ion"),
        ("Li +", "'Li +' is no ion"),
        ("", "'' is no ion"),
        ("Xx+", "'Xx+' is no ion"),
    ],
)
def test_an_ion_that_is_not_there_rejects_the_structure(niobate, ion, reason):
    found = describe(niobate, ion)
    assert found.status == "rejected"
    assert found.reasons[0].startswith(reason)
    assert "\n" not in found.reasons[0]
    assert found.structure is niobate
    assert (found.percolation, found.percolation_status, found.hops) == ([], None, [])


@pytest.mark.parametrize("ion", ["Li2", "li", "Li10+", "+", "Li+1"])
def test_texts_that_are_no_ion(ion):
    with pytest.raises(InputError, match="is no ion; write an element with its charge"):
        check_ion(ion)


def test_a_map_that_does_not_fit_in_memory_is_rejected(niobate):
    run = run_bvse(niobate, "Li", name="x", settings=COARSE, memory_limit_GB=1e-6)
    assert "GB" in run.document.reasons[0]
    assert run.energies is None


def test_no_path_is_a_result(niobate):
    found = describe(niobate, settings=BvseSettings(spacing_A=0.5, energy_limit_eV=0.05))
    assert (found.status, found.percolation_status) == ("converged", "no_path")
    assert [found.barrier_eV(d) for d in (1, 2, 3)] == [None, None, None]
    reason = "no 1D and 2D and 3D path up to 0.05 eV above the minimum of the cell"
    assert {entry.reason for entry in found.percolation} == {reason}
    with_hops = describe(
        niobate, settings=BvseSettings(spacing_A=0.5, energy_limit_eV=0.05), find_hops=True
    )
    assert with_hops.n_sites >= 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("spacing_A", 0.0, r"spacing_A is 0\.0; it should be greater than or equal to 0\.01"),
        ("spacing_A", math.nan, "spacing_A is nan"),
        ("convention", "mine", "convention is 'mine'; it should be 'softbv' or 'bvlain'"),
        ("connectivity", 18, "connectivity is 18"),
        ("energy_limit_eV", -1.0, "energy_limit_eV is -1"),
        ("colour", "red", "colour is 'red'"),
    ],
)
def test_settings_that_no_structure_can_be_computed_with(field, value, words):
    with pytest.raises(InputError, match=words):
        make_settings(**{field: value})


@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_one_bad_structure_costs_no_other(niobate, memory_store):
    salt = Structure(Lattice.cubic(3.0), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    task = compute_bvse(
        [niobate, salt, niobate],
        "Li",
        names=["a", "b", "c"],
        settings={"spacing_A": 0.5},
        campaign="k",
    )
    answers = run_locally(task, store=memory_store, ensure_success=True, log=False)
    found = answers[task.uuid][1].output
    assert [doc.status for doc in found.documents] == ["converged", "rejected", "converged"]
    assert [doc.name for doc in found.documents] == ["a", "b", "c"]
    assert found.warnings == ["1 of 3 structures were rejected"]
    assert {doc.uuid for doc in found.documents} == {found.uuid} == {task.uuid}
    assert {doc.campaign for doc in found.documents} == {"k"}
    assert found.documents[0].percolation == found.documents[2].percolation
    assert found.documents[0].percolation == describe(niobate).percolation
