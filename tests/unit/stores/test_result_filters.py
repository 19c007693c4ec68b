"""Tables of results: filters by what the candidates are."""

from __future__ import annotations

import pytest

from perolyte.errors import InputError
from perolyte.schemas import (
    BvseDoc,
    BvseSettings,
    ConductivityDoc,
    DopingDescription,
    PercolationDescription,
)
from perolyte.stores import Results
from support.boundary_documents import RESOLVED, make_document
from support.documents import make_candidate, make_candidate_set, make_relaxed

DOPANTS = {"Sr1": ("Sr", 0.01), "Sr3": ("Sr", 0.03), "AlNb": ("Al+Nb", 0.02)}


def make_set(campaign, family):
    candidates = [make_candidate("parent", campaign=campaign)]
    for name, (element, fraction) in DOPANTS.items():
        doping = DopingDescription(
            element=element,
            scheme="S3",
            reaction="r",
            n_dopants=1,
            fraction_achieved=fraction,
        )
        change = {"Sr": 1, "La": -1}
        made = make_candidate(name, "doping", change=change, campaign=campaign)
        candidates.append(made.model_copy(update={"doping": doping}))
    return make_candidate_set(*candidates, campaign=campaign, family=family)


def make_conductivity(name, campaign, status="converged"):
    points = [
        {
            "temperature_K": temperature_K,
            "diffusivity_cm2_s": 1e-6,
            "diffusivity_std_cm2_s": None,
            "conductivity_S_cm": temperature_K * 1e-5,
            "conductivity_std_S_cm": None,
            "status": "converged" if temperature_K > 600 else "not_converged",
            "reasons": [],
            "diffusion_uuids": [],
        }
        for temperature_K in (600.0, 800.0)
    ]
    shared = make_candidate("x").provenance
    return ConductivityDoc(
        name=name,
        campaign=campaign,
        status=status,
        formula="F",
        mobile_ion="Li",
        points=points,
        arrhenius=None,
        room_temperature=None,
        provenance=shared,
    )


def make_barrier(name, campaign):
    percolation = [
        PercolationDescription(dimensions=3, barrier_eV=0.4, barrier_from_cell_minimum_eV=0.5)
    ]
    return BvseDoc(
        name=name,
        campaign=campaign,
        status="converged",
        formula="F",
        structure=None,
        ion="Li+",
        settings=BvseSettings(),
        percolation=percolation,
        provenance=make_candidate("x").provenance,
    )


@pytest.fixture
def results(store):
    from monty.json import jsanitize

    def save(uuid, output):
        plain = jsanitize(output, strict=True, enum_values=True, allow_bson=True)
        document = {"uuid": uuid, "index": 1, "name": "job", "output": plain}
        store.update(document, save={"data": "large_data"})

    for campaign, family in (("one", "cubic"), ("two", "layered")):
        found = make_set(campaign, family)
        save(f"set-{campaign}", found)
        for doc in found.candidates:
            relaxed = make_relaxed(doc, -500.0, campaign=campaign)
            save(f"r-{campaign}-{doc.name}", relaxed)
            status = "not_converged" if doc.name == "Sr3" else "converged"
            save(f"c-{campaign}-{doc.name}", make_conductivity(doc.name, campaign, status))
            save(f"b-{campaign}-{doc.name}", make_barrier(doc.name, campaign))
        for doc in found.candidates[:2]:
            boundary = make_document(
                name=f"{doc.name} sigma5 (2 1 0)",
                candidate=doc.name,
                campaign=campaign,
                **(RESOLVED if doc.name == "Sr1" else {}),
            )
            save(f"g-{campaign}-{doc.name}", boundary)
    return Results(store)


def names(table):
    return sorted(table["name"])


def test_dopants(results):
    assert names(results.candidates("one", dopant="Sr")) == ["Sr1", "Sr3"]
    assert names(results.candidates("one", dopant="Nb")) == ["AlNb"]
    assert names(results.candidates("one", dopant=["Al+Nb", "Sr"])) == ["AlNb", "Sr1", "Sr3"]


@pytest.mark.parametrize(
    ("fraction", "found"),
    [
        (0.01, ["Sr1"]),
        ((0.015, 0.03), ["AlNb", "Sr3"]),
        ((None, 0.015), ["Sr1"]),
        ((0.5, None), []),
    ],
)
def test_fractions(results, fraction, found):
    assert names(results.conductivities("one", fraction=fraction)) == found


def test_family_campaign_and_status(results):
    table = results.conductivities(family="layered", status="not_converged")
    assert list(table["campaign"]) == ["two"]
    assert list(table["name"]) == ["Sr3"]
    assert len(results.conductivities(campaign=["one", "two"])) == 8


def test_boundaries_are_found_by_their_candidate(results):
    table = results.boundaries("one")
    assert list(table["name"]) == ["Sr1 sigma5 (2 1 0)", "parent sigma5 (2 1 0)"]
    assert list(table["plane"]) == ["2 1 0"] * 2
    assert list(table["boundary_energy_J_m2"]) == [0.7] * 2
    (row,) = results.boundaries("one", dopant="Sr", family="cubic").to_dict("records")
    assert (row["kind"], row["fraction"], row["status"]) == ("doping", 0.01, "converged")
    found = results.documents("GrainBoundaryDoc", campaign="one", candidate="Sr1")
    (row,) = found.to_dict("records")
    assert (row["name"], row["candidate"]) == ("Sr1 sigma5 (2 1 0)", "Sr1")


def test_boundaries_by_temperature(results):
    table = results.boundaries("one", temperature_K=(900, None))
    assert list(table["temperature_K"]) == [1000.0] * 2
    first, second = table.to_dict("records")
    assert (first["status"], first["asr_ohm_cm2"], first["asr_std_ohm_cm2"]) == (
        *("converged", 3.2e-6),
        4e-7,
    )
    assert first["specific_conductivity_S_cm"] == 3.1e-2
    assert second["status"] == "not_converged"
    (bounded,) = results.boundaries("two", temperature_K=800, dopant="Sr").to_dict("records")
    assert bounded["asr_lower_bound_ohm_cm2"] == -1e-6
    assert bounded["asr_upper_bound_ohm_cm2"] == 2e-5
    assert bounded["status"] == "not_converged"


def test_temperatures_give_one_row_each(results):
    table = results.conductivities("one", temperature_K=(500, 900), dopant="Nb")
    assert list(table["temperature_K"]) == [600.0, 800.0]
    assert list(table["status"]) == ["not_converged", "converged"]
    assert list(table["conductivity_S_cm"]) == pytest.approx([6e-3, 8e-3])
    assert len(results.conductivities(temperature_K=800, status="converged")) == 8


def test_relaxations_and_barriers_know_their_candidates(results):
    assert names(results.relaxations("two", dopant="Sr")) == ["Sr1", "Sr3"]
    barriers = results.barriers("two", fraction=0.02)
    assert list(barriers["barrier_3d_eV"]) == [0.4]
    assert barriers["barrier_1d_eV"].isna().all()


def test_potentials_are_counted(results):
    table = results.potentials("one")
    assert set(table["name"]) == {"a potential"}
    relaxations = table[table["schema_name"] == "RelaxDoc"]
    assert relaxations["n_documents"].sum() == 4


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"dopant": "Xx"}, r"'Xx' is not among these results; there is Al, Al\+Nb, Nb, Sr"),
        ({"campaign": "three"}, "campaign 'three' .* there is one, two"),
        ({"family": "garnet"}, "family 'garnet' .* there is cubic, layered"),
        ({"status": "done"}, "status 'done' .* there is converged, not_converged"),
        ({"fraction": (0.2, 0.1)}, r"fraction \(0.2, 0.1\) is not a number or a range"),
        ({"fraction": "much"}, "is not a number or a range"),
        ({"colour": "red"}, "no filter 'colour'; use dopant, fraction, temperature_K"),
    ],
)
def test_what_is_not_there_is_said(results, filters, said):
    with pytest.raises(InputError, match=said) as caught:
        results.conductivities(**filters)
    assert "\n" not in str(caught.value)


def test_table_without_the_column(results):
    with pytest.raises(InputError, match="have no temperature_K"):
        results.candidates(temperature_K=600)


def test_unknown_field_of_documents(results):
    with pytest.raises(InputError, match=r"no RelaxDoc has a field 'colour'; there is .*energy_eV"):
        results.documents("RelaxDoc", colour="red")
    assert len(results.documents("RelaxDoc", energy_eV={"$lt": -1e6})) == 0


def test_empty_store_gives_empty_tables(store):
    results = Results(store)
    for table in ("candidates", "conductivities", "relaxations", "barriers", "potentials"):
        assert len(getattr(results, table)("any")) == 0
