"""The last table: order of the rows, what each says, and the maps over grain size."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from perolyte.errors import ExecutionError
from perolyte.jobs import (
    GrainBoundary,
    map_over_grain_size,
    refresh_summary,
    summarise_screening,
)
from perolyte.schemas import Quantity, RankedCandidate, RankingDoc, ScreeningSummaryDoc
from support.boundary_documents import RESOLVED, make_document
from support.documents import (
    PROVENANCE,
    make_candidate,
    make_candidate_set,
    make_conductivity,
    make_relaxed,
)

BOUNDARY = GrainBoundary(
    conductivity_S_cm=1e-8,
    thickness_nm=1.0,
    temperature_K=300.0,
    source="a paper",
    reference_bulk_S_cm=1e-3,
    reference_source="another paper",
)
CANDIDATES = {
    doc.name: doc
    for doc in [
        make_candidate("parent", warnings=["of the cell"]),
        make_candidate("Sr2-S3", "doping", change={"Sr": 2, "La": -1, "Li": -1}),
        make_candidate("Al1-A1", "doping", change={"Al": 1, "Ti": -1, "Li": 1}),
        make_candidate("VO1-VLi2", "vacancy", change={"O": -1, "Li": -2}),
    ]
}


def summarise(
    conductivities=None, *, energies: dict[str, float | None] | None = None, **options
) -> ScreeningSummaryDoc:
    """Summarise the four candidates; an energy of None is a relaxation that did not converge."""
    energies = {"Sr2-S3": 0.5, "Al1-A1": -0.2, "VO1-VLi2": 3.0, "parent": 0.0} | (energies or {})
    relaxed, entries = [], []
    for name, candidate in CANDIDATES.items():
        ok = energies[name] is not None
        status = "converged" if ok else "not_converged"
        reasons = [] if ok else [f"largest force of {name}"]
        relaxed.append(make_relaxed(candidate, -500.0, status, reasons=reasons))
        is_parent = name == "parent"
        entries.append(
            RankedCandidate(
                name=name,
                relax_uuid=f"relaxed-{name}",
                reaction_energy_eV_per_dopant=None if is_parent else energies[name],
                reaction=f"reaction of {name}" if ok and not is_parent else None,
                reason=None if ok and not is_parent else f"reason of {name}",
            )
        )
    ranking = RankingDoc(
        uuid="ranking",
        name="ranking",
        status="converged",
        provenance=PROVENANCE,
        ranked=entries,
        selected=relaxed[:1],
    )
    settings = {"name": "c", "campaign": "c", "campaign_file_sha256": "abc"}
    return summarise_screening.original(
        make_candidate_set(*CANDIDATES.values(), warnings=["of the set"]),
        {"candidates": relaxed, "oxides": {}},
        ranking,
        conductivities,
        **settings | options,
    )


def order(summary: ScreeningSummaryDoc) -> list[tuple[int, str, str]]:
    return [(row.rank, row.name, row.ranked_by) for row in summary.candidates]


def row_of(summary: ScreeningSummaryDoc, name: str):
    return next(row for row in summary.candidates if row.name == name)


def test_without_conductivities_reaction_energies_decide():
    assert order(summarise()) == [
        (1, "Al1-A1", "reaction_energy"),
        (2, "parent", "reaction_energy"),  # zero by definition
        (3, "Sr2-S3", "reaction_energy"),
        (4, "VO1-VLi2", "reaction_energy"),
    ]


def test_conductors_come_first_the_best_on_top():
    summary = summarise([make_conductivity("parent", 1e-4), make_conductivity("Sr2-S3", 1e-3)])
    assert order(summary) == [
        (1, "Sr2-S3", "conductivity"),
        (2, "parent", "conductivity"),
        (3, "Al1-A1", "reaction_energy"),
        (4, "VO1-VLi2", "reaction_energy"),
    ]
    assert summary.status == "converged"


def test_unresolved_conductivity_falls_back_to_the_energy_and_says_so():
    summary = summarise([make_conductivity("parent", None), make_conductivity("Al1-A1", 1e-5)])
    assert order(summary)[0] == (1, "Al1-A1", "conductivity")
    parent = row_of(summary, "parent")
    assert parent.ranked_by == "reaction_energy"
    assert parent.status == "not_converged"
    assert parent.reasons == ["1000 K: too short"]
    assert summary.status == "not_converged"
    assert summary.reasons == ["conductivity not resolved: parent"]


def test_what_has_neither_is_last():
    summary = summarise(energies={"Al1-A1": None, "parent": None})
    assert order(summary)[2:] == [(3, "Al1-A1", "unresolved"), (4, "parent", "unresolved")]
    row = row_of(summary, "Al1-A1")
    assert row.reaction_energy_eV_per_dopant is None
    assert row.relax_status == "not_converged"
    assert row.reasons == ["largest force of Al1-A1"]


def test_an_energy_that_could_not_be_worked_out_says_why():
    """The relaxation converged, but an oxide of its reaction did not."""
    summary = summarise()
    ranking = RankingDoc(
        name="ranking",
        status="converged",
        provenance=PROVENANCE,
        ranked=[
            RankedCandidate(name=row.name, relax_uuid=None, reason="no oxide")
            for row in summary.candidates
        ],
        selected=[],
    )
    again = summarise_screening.original(
        make_candidate_set(*CANDIDATES.values()),
        {"candidates": [make_relaxed(c, -500.0) for c in CANDIDATES.values()]},
        ranking,
        None,
        name="c",
    )
    assert row_of(again, "Sr2-S3").reasons == ["no oxide"]
    assert row_of(again, "parent").reasons == []
    assert again.provenance.potential is None


@pytest.mark.parametrize("given", [None, [], [None, None]])
def test_missing_conductivities(given):
    """No MD was asked for, nothing was selected, or the jobs failed."""
    summary = summarise(given)
    assert {row.status for row in summary.candidates} == {"not_run"}
    assert all(row.conductivity is None for row in summary.candidates)
    assert summary.status == "converged"


def test_one_of_two_conductivities_is_missing():
    summary = summarise([None, make_conductivity("Sr2-S3", 1e-3)])
    assert order(summary)[0] == (1, "Sr2-S3", "conductivity")
    assert row_of(summary, "parent").status == "not_run"


def test_what_a_row_carries():
    summary = summarise([make_conductivity("Sr2-S3", 1e-3, warnings=["of the run"])])
    row = row_of(summary, "Sr2-S3")
    assert row.doping.element == "Sr"
    assert row.n_atoms == len(CANDIDATES["Sr2-S3"].structure)
    assert row.reaction == "reaction of Sr2-S3"
    assert row.warnings == ["of the run"]
    assert row_of(summary, "parent").warnings == ["of the cell"]
    assert row.uuids == {
        "candidate_set": "candidates-uuid",
        "relaxation": "relaxed-Sr2-S3",
        "relaxation_task": None,
        "conductivity": "conductivity-Sr2-S3",
    }


def test_what_the_summary_carries():
    summary = summarise([make_conductivity("parent", 1e-3)])
    assert summary.parent_formula == CANDIDATES["parent"].formula
    assert summary.warnings == ["of the set"]
    assert summary.campaign_file_sha256 == summary.provenance.input_hash == "abc"
    assert summary.provenance.parent_uuids == [
        "candidates-uuid",
        "ranking",
        "conductivity-parent",
    ]
    assert summary.provenance.seed == 5
    assert summary.provenance.potential.name == "a potential"


def test_simulated_boundaries_are_carried_and_are_parents():
    documents = [
        make_document(name="parent b", candidate="parent", uuid="two"),
        None,
        make_document(name="Sr2 a", candidate="Sr2-S3", uuid="one", warnings=["mind"], **RESOLVED),
    ]
    summary = summarise(boundaries=documents)
    assert [boundary.name for boundary in summary.simulated_boundaries] == ["Sr2 a", "parent b"]
    first = summary.simulated_boundaries[0]
    assert (first.uuid, first.candidate, first.status) == ("one", "Sr2-S3", "converged")
    assert first.warnings == ["mind"]
    assert first.asr_ohm_cm2 == RESOLVED["asr_ohm_cm2"]
    assert (first.thickness_A, first.thickness_label) == (10.0, "assumed")
    assert summary.provenance.parent_uuids[-2:] == ["one", "two"]
    assert any("1 of 3 simulated boundaries failed" in text for text in summary.warnings)
    assert summarise(boundaries=None).simulated_boundaries == []


def test_a_refreshed_summary_keeps_its_boundaries_and_says_where_the_bulk_is_another():
    boundary = make_document(name="b", candidate="parent", uuid="one")
    bulks = [make_conductivity("parent", 1e-4), make_conductivity("Sr2-S3", 1e-3)]
    summary = summarise(bulks, boundaries=[boundary])
    for newer, is_stale in ((bulks[0], True), (bulks[1], False)):
        again = refresh_summary(summary, {newer.uuid: newer})
        assert again.simulated_boundaries == summary.simulated_boundaries
        assert any("area resistances" in text for text in again.warnings) is is_stale
        assert again.provenance.parent_uuids == summary.provenance.parent_uuids


def test_a_resolved_conductivity_gets_a_map():
    boundary = asdict(BOUNDARY)
    summary = summarise(
        [make_conductivity("parent", None), make_conductivity("Sr2-S3", 1e-3)],
        grain_boundary=boundary,
    )
    assert row_of(summary, "parent").conductivity.grain_size_map is None
    found = row_of(summary, "Sr2-S3").conductivity.grain_size_map
    assert len(found.grain_size_nm) == BOUNDARY.n_grain_sizes
    assert found.grain_size_nm[0] == pytest.approx(20.0)
    assert found.grain_size_nm[-1] == pytest.approx(20000.0)
    assert found.total_S_cm == sorted(found.total_S_cm), "larger grains, fewer boundaries"
    for low, middle, high in zip(found.lower_S_cm, found.total_S_cm, found.upper_S_cm, strict=True):
        assert low < middle < high < 2e-3
    labels = {item.name: (item.label, item.source) for item in found.parameters}
    assert labels["bulk conductivity"] == ("computed", "document conductivity-Sr2-S3")
    assert labels["boundary thickness"] == ("literature", "a paper")


def test_a_map_at_another_temperature_is_not_made():
    boundary = asdict(BOUNDARY) | {"temperature_K": 500.0}
    summary = summarise([make_conductivity("Sr2-S3", 1e-3)], grain_boundary=boundary)
    assert row_of(summary, "Sr2-S3").conductivity.grain_size_map is None


def test_the_reference_map_is_of_literature_values_only():
    summary = summarise(grain_boundary=asdict(BOUNDARY))
    reference = summary.reference_map
    assert {item.label for item in reference.parameters} == {"literature"}
    assert reference.parameters[0].source == "another paper"
    # of the bulk no error is given, so that the band is the boundary's, widest for small grains
    widths = [
        high / low for low, high in zip(reference.lower_S_cm, reference.upper_S_cm, strict=True)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 10
    assert reference.interval_from == "bulk and boundary"
    assert summarise().reference_map is None
    without = asdict(BOUNDARY) | {"reference_bulk_S_cm": None}
    assert summarise(grain_boundary=without).reference_map is None


def test_thin_boundaries_in_series_by_hand():
    """Large grains, resistive boundaries: 1/total = 1/bulk + (thickness/grain)/boundary."""
    bulk = Quantity(name="b", value=1e-3, unit="S/cm", label="assumed", source="s")
    found = map_over_grain_size(
        BOUNDARY, bulk_S_cm=1e-3, lower_S_cm=5e-4, upper_S_cm=2e-3, bulk_quantity=bulk
    )
    grain_nm = found.grain_size_nm[-1]
    by_hand = 1 / (1 / 1e-3 + (1.0 / grain_nm) / 1e-8)
    # the side walls and the volume of the boundary are of the order of thickness over grain size
    assert found.total_S_cm[-1] == pytest.approx(by_hand, rel=5 * 1.0 / grain_nm)


@pytest.mark.parametrize("missing", ["candidates", "relaxations", "ranking"])
def test_failed_stages_are_named(missing):
    inputs = {
        "candidates": make_candidate_set(*CANDIDATES.values()),
        "relaxations": {"candidates": [], "oxides": {}},
        "ranking": RankingDoc(
            name="r", status="converged", provenance=PROVENANCE, ranked=[], selected=[]
        ),
    } | {missing: None}
    with pytest.raises(ExecutionError, match=f"without {missing}, which failed"):
        summarise_screening.original(*inputs.values(), None, name="c")
