"""Simulated boundaries in what ``perolyte results`` prints and ``perolyte report`` writes."""

from __future__ import annotations

import pytest
from monty.json import jsanitize
from rich.console import Console

from perolyte.cli.boundary_outputs import print_boundaries, read_boundaries, write_boundaries
from perolyte.schemas import BoundaryValue
from perolyte.stores import open_store
from support.boundary_documents import make_document

RESOLVED = {
    "status": "converged",
    "reasons": [],
    "asr_ohm_cm2": [
        BoundaryValue(status="converged", value=3.2e-6, error=4e-7),
        BoundaryValue(status="not_converged", lower_bound=1e-6, upper_bound=2e-5, reasons=["x"]),
    ],
    "specific_conductivity_S_cm": [
        BoundaryValue(status="converged", value=3.1e-2, error=4e-3),
        BoundaryValue(status="not_converged", lower_bound=5e-3, reasons=["x"]),
    ],
}


@pytest.fixture
def store(tmp_path):
    """Two versions of one boundary, another boundary, and one of another campaign."""
    opened = open_store(tmp_path / "store")
    documents = [
        (1, make_document(name="parent sigma5 (2 1 0)", campaign="c")),
        (2, make_document(name="parent sigma5 (2 1 0)", campaign="c", **RESOLVED)),
        (1, make_document(name="Sr1 sigma13 (3 2 0)", campaign="c")),
        (1, make_document(name="elsewhere", campaign="other")),
    ]
    for number, (hour, document) in enumerate(documents):
        opened.update(
            {
                "uuid": f"0f0e0d0c-0000-4000-8000-{number:012d}",
                "index": 1,
                "completed_at": f"2026-01-01T0{hour}:00:00",
                "output": jsanitize(document.model_dump(), strict=True),
            }
        )
    yield opened
    opened.close()


def test_the_newest_of_each_boundary_of_the_campaign_is_shown(store, capsys):
    found = read_boundaries(store, "c")
    assert [document.name for document in found] == ["Sr1 sigma13 (3 2 0)", "parent sigma5 (2 1 0)"]
    assert found[1].status == "converged"
    print_boundaries(Console(width=110), found)
    shown = capsys.readouterr().out
    assert "3.2e-06 ± 4e-07" in shown
    assert "1e-06 to 2e-05" in shown
    assert "above 0.005" in shown
    assert shown.count("not resolved") == 4
    assert "Sr1 sigma13 (3 2 0): too short" in shown
    assert "elsewhere" not in shown


def test_without_boundaries_nothing_is_printed_or_written(store, tmp_path, capsys):
    assert read_boundaries(store, "no such campaign") == []
    print_boundaries(Console(width=110), [])
    assert capsys.readouterr().out == ""
    assert write_boundaries([], tmp_path / "figures") == []


def test_a_figure_of_each_boundary_is_written(store, tmp_path):
    written = write_boundaries(read_boundaries(store, "c")[:1], tmp_path / "figures")
    assert sorted(path.name for path in written) == [
        "boundary_Sr1_sigma13_3_2_0.pdf",
        "boundary_Sr1_sigma13_3_2_0.png",
        "boundary_Sr1_sigma13_3_2_0.svg",
    ]
    assert all(path.stat().st_size > 1000 for path in written)
