"""The validation suite on the pretrained CHGNet: every number beside its published reference.

    python benchmarks/validation.py                         # all checks, minutes
    python benchmarks/validation.py --quick                 # the cheap ones
    python benchmarks/validation.py -o docs/data/validation_chgnet.json
    python benchmarks/validation.py --table docs/data/validation_chgnet.json   # as in the docs

The figures are deviations from experiment (or from the computation that is named), CPU seconds and
verdicts; hops and moduli follow from the potential alone, one thread, seed 0. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def measure(potential: str, *, quick: bool) -> dict[str, Any]:
    """Run the suite and return its numbers."""
    import torch

    from perolyte.jobs.validation import describe_engine, describe_validation, run_checks
    from perolyte.potentials.choosing import build_batch_potential

    torch.set_num_threads(1)
    engine = build_batch_potential(potential, {"device": "cpu"})
    begin = time.process_time()
    outcomes = run_checks(engine, quick=quick, on_start=lambda text: print(text, file=sys.stderr))
    cpu_seconds = time.process_time() - begin
    document = describe_validation(
        outcomes,
        potential=potential,
        engine=describe_engine(engine),
        quick=quick,
        seed=0,
        name="validation",
    )
    record = document.model_dump(mode="json", include={"potential", "verdict", "quick", "checks"})
    for check in record["checks"]:
        check.pop("curves")
    engine_record = document.provenance.potential
    return {
        **record,
        "engine": engine_record.model_dump() if engine_record else None,
        "perolyte_version": document.provenance.perolyte_version,
        "cpu_seconds": round(cpu_seconds, 1),
        "wall_seconds": round(document.seconds, 1),
        "command": " ".join(["python", *sys.argv]),
    }


def format_table(record: dict[str, Any]) -> str:
    """Write the judged numbers as a Markdown table."""
    rows = [
        "| check | number | here | reference | deviation | limit | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for check in record["checks"]:
        for number in check["numbers"]:
            if number["verdict"] is None:
                continue
            rows.append(
                f"| {check['title']}, {check['subject']} | {_name(number)} | {_value(number)} | "
                f"{_reference(number)} | {_deviation(number)} | {number['limit']} | "
                f"{number['verdict']} |"
                if check["name"] != "lattice"
                else f"| {check['title']} | {_name(number)} | {_value(number)} | "
                f"{_reference(number)} | {_deviation(number)} | {number['limit']} | "
                f"{number['verdict']} |"
            )
    return "\n".join(rows)


def _name(number: dict[str, Any]) -> str:
    return f"{number['name']} ({number['unit']})" if number["unit"] else str(number["name"])


def _value(number: dict[str, Any]) -> str:
    error = "" if not number["error"] else f" ± {number['error']:.2g}"
    return f"{number['value']:.4g}{error}"


def _reference(number: dict[str, Any]) -> str:
    if number["reference"] is None:
        return ""
    error = "" if not number["reference_error"] else f" ± {number['reference_error']:.2g}"
    return f"{number['reference']:.4g}{error}"


def _deviation(number: dict[str, Any]) -> str:
    if not number["reference"]:
        return ""
    return f"{100 * (number['value'] / number['reference'] - 1):+.1f} %"


def main() -> None:
    """Measure or format, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--potential", default="chgnet")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("-o", "--output", type=Path, help="write the JSON there too")
    parser.add_argument("--table", type=Path, help="print the table of such a file, and end")
    given = parser.parse_args()
    if given.table is not None:
        print(format_table(json.loads(given.table.read_text("utf-8"))))
        return
    record = measure(given.potential, quick=given.quick)
    if given.output is not None:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        given.output.write_text(text, "utf-8")
    print(format_table(record))
    print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
