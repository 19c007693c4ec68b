"""Where replicas start: found once, by one process at a time."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import StoreError
from perolyte.folder_lock import lock_folder
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.md_starts import find_starts

SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0] * 3, [0.5] * 3])


def test_two_processes_do_not_seek_the_same_cell(tmp_path):
    settings = MDSettings(cell_equilibration_ps=0.5)
    with (
        lock_folder(tmp_path / "starts"),
        pytest.raises(StoreError, match="starts is in use by process"),
    ):
        find_starts(SALT, [600.0], 1, settings, tmp_path)


def test_a_cell_that_is_kept_needs_no_folder(tmp_path):
    settings = MDSettings(cell_equilibration_ps=0.0, n_replicas=2)
    starts = find_starts(SALT, [600.0, 900.0], 1, settings, tmp_path)
    assert [start.label for start in starts] == ["600K-1", "600K-2", "900K-1", "900K-2"]
    assert len({start.seed for start in starts}) == 4
    assert not list(tmp_path.iterdir())
