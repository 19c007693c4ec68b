"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from jobflow import JobStore
from maggma.stores import MemoryStore
from pymatgen.core import Lattice, Structure

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what computes with GPAW where it is not installed."""
    if find_spec("gpaw") is not None:
        return
    for item in items:
        if item.get_closest_marker("gpaw") is not None:
            item.add_marker(pytest.mark.skip(reason="GPAW is not installed (make gpaw)"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of labelled data beside the checkout; tests that need it are skipped without it."""
    folder = Path(os.environ.get("PEROLYTE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is not here (PEROLYTE_SHARED_DATA)")
    return folder


@pytest.fixture
def memory_store() -> Iterator[JobStore]:
    """A store in memory with the additional store that atomate2's jobs save to."""
    store = JobStore(MemoryStore(), additional_stores={"data": MemoryStore()})
    store.connect()
    yield store
    store.close()


@pytest.fixture
def llto() -> Structure:
    """Cubic Li1/3La5/9TiO3, lithium and lanthanum sharing one site."""
    return Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.87),
        [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
