"""Importing the package, or the names of this layer, is cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

import perolyte.structures


@pytest.mark.parametrize("statement", ["import perolyte", "from perolyte.structures import Doping"])
def test_pymatgen_is_not_loaded(statement):
    code = f"{statement}; import sys; print('pymatgen' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_exported_name_exists():
    missing = [n for n in perolyte.structures.__all__ if not hasattr(perolyte.structures, n)]
    assert missing == []
