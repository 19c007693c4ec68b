"""Agreement of reading and classification with labelled files, and of tau with its authors.

    python benchmarks/perovskites.py --data FOLDER      # or PEROLYTE_SHARED_DATA

FOLDER holds ``cif_corpus`` (labelled CIFs) and ``bartel_tau`` (published tables). Every
disagreement is printed with its file; the last line is one JSON object with the counts.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path

from perolyte.errors import InputError
from perolyte.structures import classify_perovskite, read_structure, tolerance_factors


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcome_of(path: Path) -> tuple[str, str | None]:
    """Return parse, warn or reject, and the answer of the classification."""
    try:
        parsed = read_structure(path)
    except InputError:
        return "reject", None
    answer = classify_perovskite(parsed.structure).is_perovskite
    return ("warn" if parsed.warnings else "parse"), answer


def compare_corpus(folder: Path) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in read_rows(folder / "labels.csv"):
        expected, label = row["expected"], row["is_perovskite"]
        outcome, answer = outcome_of(folder / "cifs" / row["file"])
        remark = row["defect"] or row["note"]
        counts["files"] += 1
        counts["reading_agrees"] += outcome == expected
        if outcome != expected:
            print(f"{row['file']}: expected {expected}, got {outcome}; {remark}")
        if label and answer is not None:
            counts["labelled_and_read"] += 1
            counts["classification_agrees"] += answer == label
            if answer != label:
                print(f"{row['file']}: label {label}, got {answer}; {remark}")
    return dict(counts)


def compare_tau(folder: Path) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in read_rows(folder / "TableS1_train.csv"):
        sites = {"A": [row["A"]], "B": [row["B"]], "X": [row["X"]]}
        states = {row[site]: float(row[f"n{site}"]) for site in "ABX"}
        found = tolerance_factors(row["ABX3"], oxidation_states=states, sites=sites)
        counts["tau_rows"] += 1
        counts["tau_agrees"] += found.tau_is_perovskite == (float(row["tau_pred"]) > 0)
    return dict(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("PEROLYTE_SHARED_DATA"))
    parser.add_argument("--quick", action="store_true", help="the same: it takes some seconds")
    data = parser.parse_args().data
    if data is None or not Path(data).is_dir():
        sys.exit("no data folder: give --data FOLDER or set PEROLYTE_SHARED_DATA")
    figures = compare_corpus(Path(data) / "cif_corpus") | compare_tau(Path(data) / "bartel_tau")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
