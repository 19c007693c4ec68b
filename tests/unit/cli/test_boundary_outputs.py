"""Simulated boundaries in what ``perolyte results`` prints and ``perolyte report`` writes."""

from __future__ import annotations

import pytest
from monty.json import jsanitize
from rich.console import Console

from perolyte.cli.boundary_outputs import print_boundaries, read_boundaries, write_boundaries
from perolyte.errors import StoreError
from perolyte.jobs.summary_boundaries import summarise_boundaries
from perolyte.schemas import ScreeningSummaryDoc
from perolyte.stores import open_store
from support.boundary_documents import RESOLVED, make_document
from support.documents import PROVENANCE

FIRST = "0f0e0d0c-0000-4000-8000-000000000001"
SECOND = "0f0e0d0c-0000-4000-8000-000000000002"


@pytest.fixture
def summary():
    boundaries, _ = summarise_boundaries(
        [
            make_document(name="parent sigma5 (2 1 0)", uuid=FIRST, **RESOLVED),
            make_document(name="Sr1 sigma13 (3 2 0)", uuid=SECOND),
        ]
    )
    return ScreeningSummaryDoc(
        name="c",
        status="converged",
        provenance=PROVENANCE,
        parent_formula="X",
        candidates=[],
        simulated_boundaries=boundaries,
    )


@pytest.fixture
def store(tmp_path):
    """Two versions of one boundary, and one that the summary does not name."""
    opened = open_store(tmp_path / "store")
    old = make_document(name="parent sigma5 (2 1 0)", uuid=FIRST)
    for uuid, index, document in (
        (FIRST, 1, old),
        (FIRST, 2, old.model_copy(update=RESOLVED)),
        (SECOND, 1, make_document(name="Sr1 sigma13 (3 2 0)", uuid=SECOND)),
        (SECOND.replace("2", "3"), 1, make_document(name="elsewhere")),
    ):
        output = jsanitize(document.model_dump(), strict=True)
        opened.update({"uuid": uuid, "index": index, "output": output})
    yield opened
    opened.close()


def test_boundaries_are_printed_from_the_summary(summary, capsys):
    print_boundaries(Console(width=110), summary.simulated_boundaries)
    shown = capsys.readouterr().out
    assert "3.2(4)×10⁻⁶" in shown
    assert "−1.0×10⁻⁶ – 2.0×10⁻⁵" in shown
    assert "> 5.0×10⁻³" in shown
    assert shown.count("—") == 4
    assert "10 Å (assumed)" in shown
    assert "Sr1 sigma13 (3 2 0): too short" in shown


def test_documents_are_the_newest_of_those_that_the_summary_names(summary, store):
    found = read_boundaries(store, summary)
    assert [document.name for document in found] == ["Sr1 sigma13 (3 2 0)", "parent sigma5 (2 1 0)"]
    assert found[1].status == "converged"


def test_a_document_that_the_store_lacks_is_named(summary, store):
    store.remove_docs({"uuid": FIRST})
    with pytest.raises(StoreError, match=f"no document of job {FIRST}"):
        read_boundaries(store, summary)


def test_without_boundaries_nothing_is_printed_or_written(summary, store, tmp_path, capsys):
    none = summary.model_copy(update={"simulated_boundaries": []})
    assert read_boundaries(store, none) == []
    print_boundaries(Console(width=110), [])
    assert capsys.readouterr().out == ""
    assert write_boundaries([], tmp_path / "figures") == []


def test_a_figure_of_each_boundary_is_written(summary, store, tmp_path):
    written = write_boundaries(read_boundaries(store, summary)[:1], tmp_path / "figures")
    assert sorted(path.name for path in written) == [
        "boundary_Sr1_sigma13_3_2_0.pdf",
        "boundary_Sr1_sigma13_3_2_0.png",
        "boundary_Sr1_sigma13_3_2_0.svg",
    ]
    assert all(path.stat().st_size > 1000 for path in written)
