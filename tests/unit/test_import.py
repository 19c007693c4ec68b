"""Importing is cheap: heavy libraries are loaded by those who use them."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "chgnet", "fireworks", "jobflow", "atomate2", "pymatgen", "matplotlib"}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("perolyte", HEAVY | {"numpy", "pydantic"}),
        ("perolyte.cli.app", HEAVY),
        ("perolyte.potentials", HEAVY),
        ("perolyte.transport", HEAVY),
        ("perolyte.mesoscale", HEAVY),
        ("perolyte.spectra", HEAVY | {"impedance", "altair"}),
        ("perolyte.stores", HEAVY - {"jobflow"}),
        # atomate2 and pymatgen are what flows are made of
        ("perolyte.campaigns", {"torch", "chgnet", "fireworks", "matplotlib"}),
        ("perolyte.execution", {"torch", "chgnet", "fireworks", "atomate2", "matplotlib"}),
    ],
)
def test_what_an_import_does_not_load(module: str, unwanted: set[str]):
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "perolyte" in loaded
    assert not loaded & unwanted
