"""The table of the docs is that of the measured numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_the_table_of_the_docs_is_made_from_the_data(repository: Path):
    data = repository / "docs" / "data" / "validation_chgnet.json"
    script = repository / "benchmarks" / "validation.py"
    done = subprocess.run(
        [sys.executable, str(script), "--table", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    text = (repository / "docs" / "validation.md").read_text(encoding="utf-8")
    assert done.stdout.strip() in text
    judged = [
        number
        for check in json.loads(data.read_text("utf-8"))["checks"]
        for number in check["numbers"]
        if number["verdict"] is not None
    ]
    assert len(judged) > 15
    assert done.stdout.count("\n") == len(judged) + 2
