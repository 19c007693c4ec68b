"""The read-only view."""

from __future__ import annotations

import pytest
from pandas import DataFrame

from perolyte.errors import StoreError
from perolyte.stores import Results

FRAMES = [[[0.0, 0.5, 1.0]]] * 3


@pytest.fixture
def results(store):
    def save(uuid, output, index=1, **options):
        store.update({"uuid": uuid, "index": index, "name": "job", "output": output}, **options)

    common = {"@module": "perolyte.schemas", "campaign": "llto"}
    for uuid, name, sigma in (("u2", "LLTO-2", 2e-4), ("u1", "LLTO-1", None)):
        output = {
            **common,
            "schema_name": "ConductivityDoc",
            "name": name,
            "provenance": {"seed": 1},
        }
        save(uuid, {**output, "conductivity_S_cm": sigma, "temperatures_K": [600.0, 700.0]})
    old = {"schema_name": "ConductivityDoc", "name": "old", "conductivity_S_cm": 1.0}
    save("u3", old)
    save("u3", {**old, "campaign": "other", "conductivity_S_cm": 3.0}, index=2)
    save("r1", {**common, "schema_name": "RelaxDoc", "energy_eV": -10.0, "status": "converged"})
    save("r2", {**common, "schema_name": "RelaxDoc", "energy_eV": -5.0, "status": "not_converged"})
    save("s1", {"@class": "ScreeningSummaryDoc", "name": "summary", "campaign": "llto"})
    save("plain", 3.0)
    trajectory = {"schema_name": "TrajectoryDoc", "inner": {"trajectory": FRAMES}, "n": 3}
    save("t1", trajectory, save={"data": "trajectory"})
    return Results(store)


def test_one_row_per_document_with_its_scalars(results):
    table = results.conductivities()
    assert isinstance(table, DataFrame)
    assert list(table["uuid"]) == ["u1", "u2", "u3"]
    assert list(table.columns[:4]) == ["uuid", "index", "name", "campaign"]
    assert list(table["conductivity_S_cm"].dropna()) == [2e-4, 3.0]
    hidden = {"temperatures_K", "provenance", "@module"}
    assert hidden.isdisjoint(table.columns)


def test_campaign_and_filters(results):
    assert list(results.conductivities("llto")["name"]) == ["LLTO-1", "LLTO-2"]
    assert len(results.relaxations("llto")) == 2
    assert list(results.documents("RelaxDoc", status="converged")["uuid"]) == ["r1"]
    assert list(results.documents("RelaxDoc", energy_eV={"$lt": -7.0})["uuid"]) == ["r1"]


def test_class_name_stands_for_the_schema(results):
    assert list(results.summaries("llto")["name"]) == ["summary"]


def test_nothing_found_is_an_empty_table(results):
    table = results.candidates()
    assert len(table) == 0
    assert list(table.columns) == ["uuid", "index", "name", "campaign"]


def test_document_is_the_newest(results):
    assert results.document("u3")["conductivity_S_cm"] == 3.0
    assert results.document("plain") == 3.0
    with pytest.raises(StoreError, match="no document of job nobody"):
        results.document("nobody")


def test_large_data_stay_references_until_asked_for(results):
    assert "blob_uuid" in results.document("t1")["inner"]["trajectory"]
    assert results.document("t1", load=True)["inner"]["trajectory"] == FRAMES
    assert results.trajectory("t1") == FRAMES


def test_trajectory_of_a_document_without_one(results):
    with pytest.raises(StoreError, match=r"0 large fields 'frames'.* inner\.trajectory; pass"):
        results.trajectory("t1", field="frames")
    with pytest.raises(StoreError, match="none at all"):
        results.trajectory("u1")


def test_dangling_blob(results):
    results.store.additional_stores["data"].remove_docs({"job_uuid": "t1"})
    with pytest.raises(StoreError, match="run it again"):
        results.trajectory("t1")
