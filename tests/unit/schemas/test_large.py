"""Ten thousand of everything: no stored document comes near 16 MB, and all of it comes back."""

from __future__ import annotations

import bson
import pytest
from monty.json import MontyDecoder, jsanitize
from pydantic import ValidationError
from pymatgen.core import Lattice, Structure

from perolyte.schemas import (
    LARGE_KEY,
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    CandidateSetDoc,
    RankedCandidate,
    RankingDoc,
    ResultRow,
    ScreeningSummaryDoc,
    StructureDoc,
    StructureSetDoc,
)
from perolyte.schemas.structure_columns import read_columns, write_columns
from perolyte.stores import Results, open_store
from support.documents import PROVENANCE, make_candidate, make_candidate_set

N = 10_000
COMMON = {"name": "many", "status": "converged", "provenance": PROVENANCE}
CANDIDATE = make_candidate("c", "doping", change={"Sr": 2, "La": -1, "Li": -1})


def make_many_candidates():
    made = [CANDIDATE.model_copy(update={"name": f"c{i}"}) for i in range(N)]
    return make_candidate_set(*made, campaign="large", family="cubic")


def make_many_barriers():
    one = BvseDoc(**COMMON, formula="SrTiO3", structure=None, ion="Li+", settings=BvseSettings())
    return BvseSetDoc(**COMMON, documents=[one] * N)


def make_ranking():
    entry = RankedCandidate(name="c", relax_uuid="r", reaction="parent + SrO → candidate + La2O3")
    return RankingDoc(**COMMON, ranked=[entry] * N, selected=[])


def make_summary():
    row = ResultRow(
        rank=1,
        ranked_by="unresolved",
        name="c",
        kind="doping",
        formula="Sr2",
        n_atoms=58,
        doping=CANDIDATE.doping,
        relax_status="converged",
        relaxed_energy_per_atom_eV=-8.0,
        reaction_energy_eV_per_dopant=0.1,
        reaction=None,
        status="not_run",
        reasons=[],
        conductivity=None,
        warnings=["a warning " * 5],
        uuids={"relaxation": "u"},
    )
    return ScreeningSummaryDoc(**COMMON, parent_formula="LLTO", candidates=[row] * N)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [make_many_candidates, make_many_barriers, make_ranking, make_summary]
)
def test_stored_documents_are_small(make, tmp_path):
    document = make()
    store = open_store(tmp_path / "store")
    output = jsanitize(document, strict=True, enum_values=True, allow_bson=True)
    store.update({"uuid": "u", "index": 1, "output": output}, save={"data": LARGE_KEY})
    data = store.additional_stores["data"]
    sizes = [len(bson.encode(doc)) for doc in store.docs_store.query()]
    sizes += [len(bson.encode(header)) for header in data.headers.query()]
    sizes += [len(chunk) for header in data.headers.query() for chunk in _read(data, header)]
    assert max(sizes) <= 1_000_000
    assert sizes[0] < 5_000
    found = MontyDecoder().process_decoded(Results(store).document("u", load=True))
    assert type(found) is type(document)
    for name in document.large_fields:
        assert len(getattr(found, name)) == len(getattr(document, name))
        assert getattr(found, name)[-1:] == getattr(document, name)[-1:]
    store.close()


def _read(data, header):
    from perolyte.stores.payload_chunks import list_chunk_names

    yield from data.chunks.read(list_chunk_names(header, data.chunks))


def test_small_sets_are_written_as_they_are():
    small = make_candidate_set(CANDIDATE)
    written = small.model_dump()
    assert LARGE_KEY not in written
    assert written["candidates"][0]["formula"] == CANDIDATE.formula
    assert CandidateSetDoc(**written) == small


def test_structures_go_first():
    """Above 2000 atoms the rows stay in the document, where they can be searched."""
    several = make_candidate_set(*[CANDIDATE] * 50)
    written = several.model_dump()
    assert len(written["candidates"]) == 50
    assert "structure" not in written["candidates"][0]
    assert set(written[LARGE_KEY]) == {"structures"}
    assert CandidateSetDoc(**written) == several


def test_batch_of_large_structures_is_set_apart():
    one = StructureDoc(
        **COMMON, row_status="ok", source="file", structure=CANDIDATE.structure, formula="Sr2"
    )
    assert LARGE_KEY not in StructureSetDoc(**COMMON, structures=[one] * 10).model_dump()
    large = StructureSetDoc(**COMMON, structures=[one] * 100)
    assert set(large.model_dump()[LARGE_KEY]) == {"structures"}
    assert StructureSetDoc(**large.model_dump()) == large


def test_reference_instead_of_data_is_explained():
    written = make_candidate_set(*[CANDIDATE] * 50).model_dump()
    with pytest.raises(ValidationError, match="load=True"):
        CandidateSetDoc(**{**written, LARGE_KEY: {"blob_uuid": "b", "store": "data"}})


def test_documents_of_the_first_version_are_read():
    written = {**make_candidate_set(CANDIDATE).model_dump(), "schema_version": 1}
    assert CandidateSetDoc(**written).candidates == [CANDIDATE]


@pytest.mark.parametrize(
    "structure",
    [
        Structure(Lattice.cubic(4), ["Cs+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        Structure(Lattice.cubic(4), [{"Li": 0.5, "La": 0.5}], [[0, 0, 0]]),
        Structure(Lattice.cubic(4), ["Fe"], [[0, 0, 0]], site_properties={"magmom": [5.0]}),
        Structure(Lattice.cubic(4), ["Fe"], [[0, 0, 0]], labels=["Fe1"]),
        Structure(Lattice.cubic(4), ["Li+"], [[0, 0, 0]], charge=1),
        Structure(Lattice.cubic(4, pbc=(True, True, False)), ["Li"], [[0, 0, 0.25]]),
    ],
    ids=["states", "partial", "properties", "labels", "charge", "slab"],
)
def test_columns_lose_nothing(structure):
    plain = CANDIDATE.structure
    found = read_columns(write_columns([plain, structure, plain]))
    assert [cell.as_dict() for cell in found] == [c.as_dict() for c in (plain, structure, plain)]
