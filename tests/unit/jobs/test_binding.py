"""Binding energies: which relaxed cells are compared, with which sign, and when there is none."""

from __future__ import annotations

import itertools

import pytest

from perolyte.jobs.binding import compute_binding_energies
from perolyte.schemas import (
    ArrangementDescription,
    DopingDescription,
    PairDescription,
    RelaxDoc,
)
from support.documents import make_candidate, make_relaxed

DISTANCES_A = {1: 1.94, 2: 4.33, 3: 5.80, 4: 6.98}
AL2 = {"Al": 2, "Ti": -2, "O": -1}
NOT_CONVERGED = "not_converged"


def relax(
    shell: int | None,
    energy_eV: float | None,
    *,
    name: str | None = None,
    pair: tuple[str, str] = ("Al", "vacancy_X"),
    scheme: str = "A3",
    kind: str = "doping",
    change: dict[str, int] = AL2,
    cell: int = 0,
    status: str = "converged",
) -> RelaxDoc:
    """A relaxed cell with the pair in one shell; without a pair when the shell is None."""
    pairs = []
    if shell is not None:
        pairs = [
            PairDescription(
                first=pair[0],
                second=pair[1],
                shell=shell,
                n_shells=len(DISTANCES_A),
                distance_A=DISTANCES_A[shell],
            )
        ]
    doping = None
    if kind == "doping":
        doping = DopingDescription(element="Al", scheme=scheme, reaction="r", n_dopants=2)
    candidate = make_candidate(
        name or f"Al2-{scheme}-n{shell}-c{cell}",
        kind,
        change=change,
        cell=cell,
        doping=doping,
        arrangement=ArrangementDescription(
            method="enumerated", reason="few", kept_as="shell", rank=0, n_compared=9, pairs=pairs
        ),
    )
    return make_relaxed(candidate, energy_eV, status)


def test_energies_are_differences_to_the_farthest_shell_and_negative_when_bound():
    far, near, middle = relax(3, -100.0), relax(1, -100.4), relax(2, -99.9)
    found = compute_binding_energies([far, near, middle])
    assert [(e.shell, e.energy_eV) for e in found] == [
        (1, pytest.approx(-0.4)),
        (2, pytest.approx(0.1)),
    ]
    for entry, doc in zip(found, (near, middle), strict=True):
        assert (entry.name, entry.relax_uuid) == (doc.name, doc.uuid)
        assert (entry.first, entry.second) == ("Al", "vacancy_X")
        assert entry.distance_A == DISTANCES_A[entry.shell]
        assert (entry.reference, entry.reference_distance_A) == (far.name, DISTANCES_A[3])
        assert entry.reason is None


def test_the_order_of_the_documents_does_not_matter():
    docs = [relax(1, -100.4), relax(2, -99.9), relax(3, -100.0, name="x"), relax(3, -99.0)]
    answers = [
        sorted(compute_binding_energies(order), key=lambda entry: entry.shell)
        for order in itertools.permutations(docs)
    ]
    assert all(answer == answers[0] for answer in answers)


def test_of_several_cells_in_a_shell_the_lowest_counts():
    found = compute_binding_energies(
        [
            relax(1, -100.3, name="n1"),
            relax(1, -100.5, name="n1-r1"),
            relax(4, -99.5, name="n4"),
            relax(4, -100.0, name="n4-r1"),
        ]
    )
    (entry,) = found
    assert (entry.name, entry.reference) == ("n1-r1", "n4-r1")
    assert entry.energy_eV == pytest.approx(-0.5)


def test_a_cell_that_is_not_converged_gives_way_to_one_that_is():
    found = compute_binding_energies(
        [
            relax(1, -200.0, name="n1", status=NOT_CONVERGED),
            relax(1, -100.3, name="n1-r1"),
            relax(2, -100.0, name="n2"),
        ]
    )
    assert [(e.name, e.energy_eV) for e in found] == [("n1-r1", pytest.approx(-0.3))]


def test_no_energy_without_convergence():
    far = relax(3, -100.0, name="far")
    found = compute_binding_energies(
        [relax(1, -100.4, name="near", status=NOT_CONVERGED), relax(2, -100.1, name="ok"), far]
    )
    assert [entry.energy_eV for entry in found] == [None, pytest.approx(-0.1)]
    assert found[0].reason == "relaxation not converged: near"
    assert (found[0].reference, found[1].reason) == ("far", None)


def test_no_energy_without_a_converged_reference():
    """A nearer shell does not silently take the place of the farthest one."""
    docs = [relax(1, -100.4), relax(2, -100.1), relax(3, -100.0, name="far", status=NOT_CONVERGED)]
    found = compute_binding_energies(docs)
    assert [entry.energy_eV for entry in found] == [None, None]
    assert {entry.reason for entry in found} == {"relaxation not converged: far"}


@pytest.mark.parametrize("missing", [1, 2])
def test_no_energy_when_a_converged_relaxation_lacks_it(missing):
    docs = [relax(shell, None if shell == missing else -100.0) for shell in (1, 2)]
    (entry,) = compute_binding_energies(docs)
    assert entry.energy_eV is None
    assert "no energy" in entry.reason


def test_a_cell_without_energy_does_not_win_against_one_with_it():
    docs = [relax(1, None, name="a"), relax(1, -100.4, name="b"), relax(2, -100.0, name="far")]
    (entry,) = compute_binding_energies(docs)
    assert (entry.name, entry.energy_eV) == ("b", pytest.approx(-0.4))


def test_a_single_shell_says_that_there_is_nothing_to_compare_with():
    (entry,) = compute_binding_energies([relax(2, -100.0, name="only"), relax(2, -99.0)])
    assert (entry.name, entry.shell, entry.energy_eV) == ("only", 2, None)
    assert (entry.reference, entry.reference_distance_A) == (None, None)
    assert "no other shell" in entry.reason


@pytest.mark.parametrize(
    "other",
    [
        {"cell": 1},
        {"scheme": "Ti-vSr"},
        {"change": {"Al": 2, "Ti": -2, "Li": 2}},
        {"pair": ("Al", "vacancy_A")},
        {"kind": "vacancy", "change": AL2},
    ],
    ids=["cell", "scheme", "composition", "pair", "kind"],
)
def test_only_cells_of_one_family_are_compared(other):
    family = [relax(1, -100.4, name="a1"), relax(3, -100.0, name="a3")]
    stranger = [relax(1, -50.0, name="b1", **other), relax(4, -49.0, name="b4", **other)]
    found = compute_binding_energies([family[0], stranger[0], stranger[1], family[1]])
    assert {entry.name: (entry.reference, round(entry.energy_eV, 6)) for entry in found} == {
        "a1": ("a3", -0.4),
        "b1": ("b4", -1.0),
    }


def test_vacancies_have_binding_energies_too():
    defects = {"kind": "vacancy", "change": {"O": -1, "Li": -2}}
    pair = ("vacancy_O", "vacancy_Li")
    docs = [relax(n, e, pair=pair, **defects) for n, e in ((1, -100.2), (2, -100.0))]
    (entry,) = compute_binding_energies(docs)
    assert (entry.first, entry.second) == pair
    assert entry.energy_eV == pytest.approx(-0.2)


def test_what_has_no_pair_is_left_out():
    parent = make_relaxed(make_candidate("parent"), -100.0)
    no_candidate = parent.model_copy(update={"candidate": None})
    no_arrangement = make_relaxed(make_candidate("parent", arrangement=None), -100.0)
    assert compute_binding_energies([parent, no_candidate, no_arrangement, relax(None, -1.0)]) == []
    assert compute_binding_energies([]) == []
