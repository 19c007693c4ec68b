"""What docs/microstructure.md says of grain growth is what the stored curves say."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

FIVE_PERCENT = 0.1
"""Of the exponent 2."""


def test_the_exponent_of_the_docs_is_that_of_the_stored_growths(repository: Path):
    stored = json.loads((repository / "docs" / "data" / "grain_growth.json").read_text("utf-8"))
    path = repository / "benchmarks" / "grain_growth.py"
    spec = importlib.util.spec_from_file_location("grain_growth_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    result = benchmark.analyse(stored["runs"])
    text = (repository / "docs" / "microstructure.md").read_text("utf-8")
    assert benchmark.format_table(result) in text
    low, high = result["area_from_to"]
    assert high == pytest.approx(10 * low)
    for name in ("number", "intercept"):
        exponent, error = result[name]["exponent"]
        assert exponent == pytest.approx(2.0, abs=FIVE_PERCENT)
        assert error < 2 * FIVE_PERCENT
        assert stored["result"][name]["exponent"] == pytest.approx([exponent, error], abs=0.01)
