"""Reaction energies worked out by hand, and the order they give."""

from __future__ import annotations

import pytest

from perolyte.jobs import rank_candidates
from perolyte.schemas import RankingDoc
from support.documents import make_candidate, make_oxide, make_relaxed

PARENT_EV = -500.0
OXIDES = {
    doc.name: doc
    for doc in [
        make_oxide("Sr", -12.0),
        make_oxide("La", -42.0),
        make_oxide("Li", -14.5),
        make_oxide("Al", -37.5),
        make_oxide("Ti", -27.0),
    ]
}
PARENT = make_candidate("parent")
S3 = make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1})
A1 = make_candidate("Al1-A1", "doping", change={"Al": 1, "Ti": -1, "Li": 1})
VACANCY = make_candidate("VO1-VLi2", "vacancy", change={"O": -1, "Li": -2})


def rank(*relaxed, n_best: int = 1, oxides=None) -> RankingDoc:
    inputs = {"candidates": list(relaxed), "oxides": OXIDES if oxides is None else oxides}
    return rank_candidates.original(inputs, n_best=n_best, campaign="c")


def entry_of(ranking: RankingDoc, name: str):
    return next(entry for entry in ranking.ranked if entry.name == name)


@pytest.fixture
def parent():
    return make_relaxed(PARENT, PARENT_EV)


def test_s3_by_hand(parent):
    """parent + 2 SrO -> candidate + 1/2 La2O3 + 1/2 Li2O."""
    entry = entry_of(rank(parent, make_relaxed(S3, -495.0)), "Sr2-S3")
    by_hand = (-495.0 + 0.5 * -42.0 + 0.5 * -14.5) - (PARENT_EV + 2 * -12.0)
    assert by_hand == pytest.approx(0.75)
    assert entry.reaction_energy_eV == pytest.approx(by_hand)
    assert entry.reaction_energy_eV_per_dopant == pytest.approx(by_hand / 2)
    assert entry.reaction == "parent + 2 SrO → candidate + 0.5 La2O3 + 0.5 Li2O"
    assert entry.relax_uuid == "relaxed-Sr2-S3"


def test_a1_by_hand(parent):
    """parent + 1/2 Al2O3 + 1/2 Li2O -> candidate + TiO2."""
    entry = entry_of(rank(parent, make_relaxed(A1, -498.0)), "Al1-A1")
    by_hand = (-498.0 - 27.0) - (PARENT_EV + 0.5 * -37.5 + 0.5 * -14.5)
    assert by_hand == pytest.approx(1.0)
    assert entry.reaction_energy_eV == pytest.approx(by_hand)
    assert entry.reaction_energy_eV_per_dopant == pytest.approx(by_hand)
    assert entry.reaction == "parent + 0.5 Al2O3 + 0.5 Li2O → candidate + 1 TiO2"


def test_vacancy_by_hand(parent):
    """parent -> candidate + Li2O, per oxygen vacancy."""
    entry = entry_of(rank(parent, make_relaxed(VACANCY, -480.0)), "VO1-VLi2")
    assert entry.reaction_energy_eV == pytest.approx(-480.0 - 14.5 + 500.0)
    assert entry.reaction_energy_eV_per_dopant == pytest.approx(5.5)
    assert entry.reaction == "parent → candidate + 1 Li2O"


def test_order_and_selection(parent):
    worse, better = make_relaxed(S3, -494.0), make_relaxed(A1, -498.5)
    vacancy = make_relaxed(VACANCY, -485.4)  # lowest of all, but no doping
    ranking = rank(worse, vacancy, parent, better, n_best=1)
    assert [entry.name for entry in ranking.ranked] == ["VO1-VLi2", "Al1-A1", "Sr2-S3", "parent"]
    assert [doc.name for doc in ranking.selected] == ["parent", "Al1-A1"]
    assert ranking.status == "converged"
    assert entry_of(ranking, "parent").reason == "the reference itself"


@pytest.mark.parametrize(
    ("n_best", "names"),
    [(0, ["parent"]), (2, ["parent", "Al1-A1", "Sr2-S3"]), (9, ["parent", "Al1-A1", "Sr2-S3"])],
)
def test_n_best(parent, n_best, names):
    ranking = rank(make_relaxed(S3, -494.0), make_relaxed(A1, -498.5), parent, n_best=n_best)
    assert [doc.name for doc in ranking.selected] == names


def test_an_unconverged_candidate_has_no_energy_and_is_last(parent):
    ranking = rank(make_relaxed(S3, -600.0, "not_converged"), parent, make_relaxed(A1, -498.0))
    entry = entry_of(ranking, "Sr2-S3")
    assert entry.reaction_energy_eV is entry.reaction_energy_eV_per_dopant is None
    assert entry.reason == "relaxation not converged: Sr2-S3"
    assert ranking.ranked[0].name == "Al1-A1"
    assert [doc.name for doc in ranking.selected] == ["parent", "Al1-A1"]


def test_a_rejected_candidate_without_energy(parent):
    rejected = make_relaxed(S3, None, "rejected", structure=None)
    assert entry_of(rank(parent, rejected), "Sr2-S3").reason == "relaxation not converged: Sr2-S3"


def test_an_unconverged_parent_leaves_nothing_to_compare_with():
    ranking = rank(make_relaxed(PARENT, PARENT_EV, "not_converged"), make_relaxed(S3, -495.0))
    assert entry_of(ranking, "Sr2-S3").reason == "relaxation not converged: parent"
    assert ranking.selected == []
    assert ranking.status == "not_converged"
    assert "nothing goes on to MD" in ranking.reasons[0]


@pytest.mark.parametrize("missing", [True, False])
def test_an_unconverged_oxide(parent, missing):
    oxides = {k: v for k, v in OXIDES.items() if k != "La2O3"}
    if not missing:
        oxides["La2O3"] = make_oxide("La", -42.0, "not_converged")
    ranking = rank(parent, make_relaxed(S3, -495.0), make_relaxed(A1, -498.0), oxides=oxides)
    assert entry_of(ranking, "Sr2-S3").reason == "reference oxide La2O3 is not converged"
    assert entry_of(ranking, "Al1-A1").reaction_energy_eV is not None


def test_a_candidate_without_oxide_reaction_says_why(parent):
    halide = make_candidate("x", "vacancy", change={"Li": -1, "Cl": -1})
    reason = entry_of(rank(parent, make_relaxed(halide, -490.0)), "x").reason
    assert "Cl" in reason
    assert "\n" not in reason
