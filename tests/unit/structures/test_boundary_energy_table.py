"""The table of boundary energies in the documentation is that of the data beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
DATA = json.loads((DOCS / "data" / "boundary_energies.json").read_text("utf-8"))


@pytest.mark.parametrize("plane", sorted(DATA["boundaries"]))
def test_the_table_says_what_was_computed(plane):
    cells = DATA["boundaries"][plane]["cells"]
    relaxed = [cell["energy_J_m2"] for cell in cells if cell["is_converged"]]
    unshifted = [cell["energy_J_m2"] for cell in cells if not any(cell["shift_frac"])]
    row = (
        f"| ({plane}) | {min(relaxed):.3f} | {max(relaxed):.3f} | {min(unshifted):.3f} "
        f"| {len(relaxed)} of {len(cells)} |"
    )
    assert row in (DOCS / "boundaries_atomistic.md").read_text("utf-8")
    # what is not relaxed would not be the lowest by a little more relaxation
    left = [cell["energy_J_m2"] for cell in cells if not cell["is_converged"]]
    assert min(left) > min(relaxed) + 0.5
